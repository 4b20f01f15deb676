/* SPDX-License-Identifier: Apache-2.0 */
/*
 * fuzz_dns_tcp - a direction as a worker shows it: input is (how, length, bytes)...
 * of how, bit 0 says that bytes were lost before these, bit 1 that it ends here.
 */
#include <stdlib.h>

#include "dissectors/dissector.h"

int LLVMFuzzerTestOneInput(const uint8_t *, size_t);

static uint8_t *held;			/* exactly as long as what is held: a sanitizer watches its end */
static size_t n_held;
static uint64_t skip;
static struct observations obs;

static void
keep(struct span rest, struct span more)
{
	uint8_t *exact = malloc(rest.len + more.len + 1);

	if (exact == NULL)
		abort();
	if (rest.len > 0)
		memcpy(exact, rest.p, rest.len);
	if (more.len > 0)
		memcpy(exact + rest.len, more.p, more.len);
	free(held);
	held = exact;
	n_held = rest.len + more.len;
}

/* A batch is about one message.  True: there was progress. */
static bool
look(void *state, struct dissect_in *in, enum dissect *answer)
{
	struct dissect_out out = { .obs = &obs };
	unsigned ids = 0;
	size_t drop;

	observations_reset(&obs);
	in->data = (struct span){ held, n_held };
	*answer = dns_tcp_dissector.dissect(state, in, &out);
	for (unsigned i = 0; i < obs.n; i++)
		ids += obs.v[i].kind == OBS_DNS_ID;
	if (out.used > n_held || ids != (obs.n > 0) || (obs.n > 0 && out.used == 0))
		abort();
	drop = out.skip < n_held - out.used ? out.used + (size_t)out.skip : n_held;
	skip = out.skip - (drop - out.used);
	if (out.used + out.skip > 0)
		keep((struct span){ held + drop, n_held - drop }, (struct span){ 0 });
	in->gap = 0;
	return out.used + out.skip > 0;
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	_Alignas(16) uint8_t state[DISSECT_STATE_MAX] = { 0 };
	struct dissect_in in = { .proto = 6, .server_port = 53 };
	struct rd r = rd_closed(data, len);
	enum dissect answer = DISSECT_MORE;

	skip = 0;
	keep((struct span){ 0 }, (struct span){ 0 });
	while (rd_more(&r) && answer == DISSECT_MORE && n_held < DISSECT_HOLD_MAX) {
		uint8_t how = rd_u8(&r);
		size_t n = rd_u16(&r), skipped;
		struct span s;

		n = n < rd_left(&r) ? n : rd_left(&r);
		skipped = skip < n ? (size_t)skip : n;
		rd_skip(&r, skipped);
		skip -= skipped;
		s = rd_span(&r, n - skipped);
		in.gap = how & 1;
		in.end = (how & 2) != 0;
		keep((struct span){ held, in.gap > 0 ? 0 : n_held }, s);
		while (answer == DISSECT_MORE && n_held > 0 && look(state, &in, &answer))
			;
	}
	return 0;
}
