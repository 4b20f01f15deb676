/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Fuzz target: any text as a state file.  It is refused with a sentence that has a place, or what
 * was read, written again, reads the same.
 */
#include <stdlib.h>
#include <string.h>

#include "output/inventory_doc.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

static void
put(void *out, const struct inventory_doc *e)
{
	if (!inventory_doc_entry(out, e))
		abort();
}

/* What a text holds, as text; NULL when it is refused. */
static char *
again(const char *text, size_t len, size_t *out_len)
{
	struct err err = { "" };
	char *written = NULL;
	FILE *out = open_memstream(&written, out_len);
	int rc;

	if (out == NULL || !inventory_doc_head(out, "digest", 1))
		abort();
	rc = inventory_doc_read("f", text, len, put, out, &err);
	fclose(out);
	if (rc < 0 && (strncmp(err.text, "f:", 2) != 0 || strstr(err.text, "; remedy: ") == NULL))
		abort();
	if (rc < 0) {
		free(written);
		written = NULL;
	}
	return written;
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	size_t n = 0, m = 0;
	char *once = again((const char *)data, len, &n), *twice;

	if (once == NULL)
		return 0;
	twice = again(once, n, &m);
	if (twice == NULL || n != m || memcmp(once, twice, n) != 0)
		abort();
	free(once);
	free(twice);
	return 0;
}
