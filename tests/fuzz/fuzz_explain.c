/* SPDX-License-Identifier: Apache-2.0 */
/* Whatever is typed, pasted or meant to harm: a question and its answer, as text that is safe to print. */
#include <stdlib.h>
#include <string.h>

#include "app/explain.h"
#include "catalog/load.h"

int LLVMFuzzerTestOneInput(const uint8_t *, size_t);

#define SOURCE "{title: a, checked: 2026-11-22}"
static const char acme[] =
    "vendor: acme\nname: Acme\nseat: SE\nsignals:\n"
    "  - {id: a, purpose: web, strength: weak, host: acme.example, source: " SOURCE "}\n"
    "  - {id: b, purpose: web, strength: weak, means: not, host: b.acme.example, source: " SOURCE "}\n"
    "  - {id: c, purpose: web, strength: weak, host_exact: c.test, http_agent: A, source: " SOURCE "}\n";

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	static struct catalog *catalog;
	static struct matcher *matcher;
	static struct question question;
	static struct explanation x;
	char what[3000], *line;
	struct err err;

	if (catalog == NULL && ((catalog = catalog_load_text("a.yaml", acme, sizeof acme - 1, &err)) == NULL ||
	    (matcher = matcher_new(catalog, &err)) == NULL))
		abort();
	len = len < sizeof what ? len : sizeof what - 1;
	memcpy(what, data, len);
	what[len] = '\0';
	if (explain_ask(&question, what, &(struct ask_with){ .agent = len % 2 ? what : NULL }, &x) < 0)
		return 0;
	explain_judge(catalog, matcher, &question, &x);
	if ((line = explanation_doc(&x)) == NULL || strpbrk(line, "\033\r\177") != NULL)
		abort();
	free(line);
	return 0;
}
