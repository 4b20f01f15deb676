/* SPDX-License-Identifier: Apache-2.0 */
/*
 * fuzz_event - an event made of hostile facts: input is the size of a line, the kind of event, and
 * (kind, number, length, bytes)...; the line must be one document of JSON that is not too long.
 */
#include <stdlib.h>

#include <jansson.h>

#include "event_sample.h"

int LLVMFuzzerTestOneInput(const uint8_t *, size_t);

enum { FACTS = 64, EVIDENCE = 16 };

static unsigned
take_facts(struct rd *r, struct observation *facts)
{
	unsigned n = 0;

	while (n < FACTS && rd_more(r)) {
		struct observation *o = &facts[n++];
		size_t len;

		*o = (struct observation){ .kind = rd_u8(r) % OBS_KINDS_N };
		o->num = rd_uint(r, 4) * 0x100000001u;
		o->side = o->num & 1;
		len = rd_u8(r) * 8u;
		o->value = rd_span(r, len < rd_left(r) ? len : rd_left(r));
	}
	return n;
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	struct rd r = rd_closed(data, len);
	struct event_options o = { .version = "0", .max_bytes = 2000u + rd_u8(&r) * 64u };
	struct event e = sample_event(rd_u8(&r) & 1);
	struct observation facts[FACTS];
	struct evidence evidence[EVIDENCE];
	struct event_maker *m;
	struct err err;
	size_t n = 0;
	char *line;

	e.facts = facts;
	e.n_facts = take_facts(&r, facts);
	e.evidence = evidence;
	for (e.n_evidence = 0; e.n_evidence < EVIDENCE && e.n_evidence < e.n_facts; e.n_evidence++) {
		const struct observation *f = &facts[e.n_evidence];

		evidence[e.n_evidence] = (struct evidence){
			&sample_host, f->kind, f->side, f->value, f->num, 0, f->num,
		};
	}
	m = event_maker_new(&o, &err);
	line = m != NULL ? event_line(m, &e, &n) : NULL;
	if (line == NULL || n > o.max_bytes || memchr(line, '\n', n) != line + n - 1)
		abort();
	for (size_t i = 0; i + 1 < n; i++)
		if ((uint8_t)line[i] < 0x20 || line[i] == 0x7f)
			abort();
	/* The parser refuses what is no UTF-8. */
	json_t *root = json_loadb(line, n, JSON_REJECT_DUPLICATES, NULL);
	if (!json_is_object(root))
		abort();
	json_decref(root);
	free(line);
	event_maker_free(&m);
	return 0;
}
