/* SPDX-License-Identifier: Apache-2.0 */
/* Text of a vendor file: a catalogue that matches, or one line that says where it is wrong. */
#include <stdlib.h>
#include <string.h>

#include "catalog/load.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

static void
use(struct catalog *c)
{
	struct observations *batch = calloc(1, sizeof *batch);
	struct err err;
	struct matcher *m = matcher_new(c, &err);
	struct hits hits;

	for (unsigned kind = 0; kind < OBS_KINDS_N; kind++)
		observe(batch, (enum obs_kind)kind, FROM_CLIENT, span_str("a.upd.acme.example"));
	matcher_match_all(m, batch, (struct service){ 0, 80 }, &hits);
	if (hits.n > HITS_MAX)
		abort();
	matcher_free(&m);
	free(batch);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	struct err err = { "" };
	struct catalog *c = catalog_load_text("f.yaml", (const char *)data, len, &err);

	if (c != NULL)
		use(c);
	else if (strncmp(err.text, "f.yaml:", 7) != 0 || strpbrk(err.text, "\r\n") != NULL)
		abort();
	catalog_free(&c);
	return 0;
}
