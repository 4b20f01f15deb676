/* SPDX-License-Identifier: Apache-2.0 */
/*
 * fuzz_tls - a conversation as a worker shows it: input is (how, length, bytes)...
 * of how, bit 0 is the side, bit 1 says curious from now on, bit 2 the end of that
 * side, bit 3 that bytes were lost.
 */
#include <stdlib.h>

#include "dissectors/dissector.h"

int LLVMFuzzerTestOneInput(const uint8_t *, size_t);

static struct {
	uint8_t held[DISSECT_HOLD_MAX + 65536];
	size_t n;
	uint64_t skip;
} dir[2];

static _Alignas(16) uint8_t state[DISSECT_STATE_MAX];
static struct observations obs;

/* Every value must still be there when the call has returned. */
static void
touch(void)
{
	uint64_t sum = 0;

	for (unsigned i = 0; i < obs.n; i++)
		for (size_t at = 0; at < obs.v[i].value.len; at++)
			sum += obs.v[i].value.p[at];
	if (sum == UINT64_MAX)
		abort();
}

/* As a worker does: detail when something was seen, then what is not consumed is held. */
static enum dissect
show(struct dissect_in *in)
{
	struct dissect_out out = { .obs = &obs };
	enum dissect answer;

	in->data = (struct span){ dir[in->side].held, dir[in->side].n };
	if (tls_dissector.probe(in) == RD_SHORT && in->data.len > 5)
		abort();
	observations_reset(&obs);
	answer = tls_dissector.dissect(state, in, &out);
	if (out.used > in->data.len || obs.n > OBS_BATCH_MAX)
		abort();
	touch();
	if (!in->curious && obs.n > 0) {
		observations_reset(&obs);
		tls_dissector.detail(state, in, &obs);
		touch();
	}
	dir[in->side].n -= out.used;
	memmove(dir[in->side].held, dir[in->side].held + out.used, dir[in->side].n);
	if (out.skip > 0 && dir[in->side].n > 0)
		abort();
	dir[in->side].skip = out.skip;
	return answer;
}

static size_t
add(enum side side, struct rd *r, size_t len)
{
	struct span s = rd_span(r, len < rd_left(r) ? len : rd_left(r));
	size_t skip = dir[side].skip < s.len ? (size_t)dir[side].skip : s.len;

	dir[side].skip -= skip;
	memcpy(dir[side].held + dir[side].n, s.p + skip, s.len - skip);
	dir[side].n += s.len - skip;
	return dir[side].n;
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	static struct crypto *crypto;
	struct rd r = rd_closed(data, len);
	struct dissect_in in = { .proto = 6, .server_port = 443 };
	struct err err;

	if (crypto == NULL && (crypto = crypto_new(&err)) == NULL)
		abort();
	in.crypto = crypto;
	memset(state, 0, sizeof state);
	dir[0].n = dir[1].n = 0;
	dir[0].skip = dir[1].skip = 0;
	while (rd_more(&r)) {
		uint8_t how = rd_u8(&r);

		in.side = (how & 1) != 0 ? FROM_SERVER : FROM_CLIENT;
		in.curious |= (how & 2) != 0;
		in.end = (how & 4) != 0;
		in.gap = (how & 8) != 0;
		if (add(in.side, &r, rd_u16(&r)) == 0 && !in.end)
			continue;
		/* DONE is not heeded: a worker may come again, curious.  NOT_MINE is final. */
		if (show(&in) == DISSECT_NOT_MINE || dir[in.side].n > DISSECT_HOLD_MAX)
			return 0;
	}
	return 0;
}
