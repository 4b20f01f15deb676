/* SPDX-License-Identifier: Apache-2.0 */
/* Fuzz target: any text as telltale.yaml; refused with a sentence that has a place, or taken. */
#include <stdlib.h>
#include <string.h>

#include "app/options.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	struct options o;
	struct err err = { "" };

	options_init(&o);
	if (config_text(&o, "f.yaml", (const char *)data, len, &err) < 0 && strncmp(err.text, "f.yaml:", 7) != 0)
		abort();
	options_fini(&o);
	return 0;
}
