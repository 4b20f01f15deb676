/* SPDX-License-Identifier: Apache-2.0 */
/*
 * fuzz_http - a conversation as a worker shows it: input is (how, length, bytes)...
 * of how, bit 0 is the side, bit 1 says that as many bytes are lost, bit 2 the end
 * of that side.
 */
#include <stdlib.h>

#include "dissectors/dissector.h"

int LLVMFuzzerTestOneInput(const uint8_t *, size_t);

static struct {
	uint8_t held[DISSECT_HOLD_MAX + 65536];
	size_t n;
	uint64_t skip, gap;
} dir[2];

static uint8_t *state;			/* exactly as long as the dissector says */
static struct observations obs;

/* Every value is still there when the call has returned; one head or one body a call. */
static void
touch(void)
{
	static volatile uint8_t sink;
	unsigned told = 0;

	for (unsigned i = 0; i < obs.n; i++) {
		const struct observation *o = &obs.v[i];

		told += o->kind == OBS_HTTP_METHOD || o->kind == OBS_HTTP_STATUS ||
		    o->kind == OBS_HTTP_BODY || o->kind == OBS_HTTP_REQUEST_BODY;
		for (size_t at = 0; at < o->value.len; at++)
			sink ^= o->value.p[at];
	}
	(void)sink;
	if (told != (obs.n > 0) || obs.n > OBS_BATCH_MAX)
		abort();
}

/* The bytes are shown in room of exactly their size.  True: there was progress. */
static bool
look(struct dissect_in *in, enum dissect *answer)
{
	size_t n = dir[in->side].n, drop;
	uint8_t *exact = malloc(n > 0 ? n : 1);
	struct dissect_out out = { .obs = &obs };

	memcpy(exact, dir[in->side].held, n);
	in->data = (struct span){ exact, n };
	in->gap = dir[in->side].gap;
	dir[in->side].gap = 0;
	if (http_dissector.probe(in) == RD_SHORT && n > 36)
		abort();
	observations_reset(&obs);
	*answer = http_dissector.dissect(state, in, &out);
	if (out.used > n)
		abort();
	touch();
	free(exact);
	drop = out.skip < n - out.used ? out.used + (size_t)out.skip : n;
	dir[in->side].skip = out.skip - (drop - out.used);
	dir[in->side].n -= drop;
	memmove(dir[in->side].held, dir[in->side].held + drop, n - drop);
	return out.used > 0 || out.skip > 0 || obs.n > 0 || out.malformed > 0;
}

/* Until there is no more progress; and then there is none without new bytes. */
static enum dissect
drain(struct dissect_in *in)
{
	enum dissect answer;
	bool more;

	do
		more = look(in, &answer) && dir[in->side].n > 0;
	while (more && answer == DISSECT_MORE);
	if (answer == DISSECT_MORE && dir[in->side].n > 0 && look(in, &answer))
		abort();
	return answer;
}

static void
add(enum side side, bool lost, struct span s)
{
	size_t skip = dir[side].skip < s.len ? (size_t)dir[side].skip : s.len;
	struct rd r = rd_closed(s.p, s.len);

	dir[side].skip -= skip;
	rd_skip(&r, skip);
	if (lost && skip < s.len) {
		dir[side].gap += s.len - skip + dir[side].n;
		dir[side].n = 0;
	} else if (!lost) {
		memcpy(dir[side].held + dir[side].n, rd_span(&r, s.len - skip).p, s.len - skip);
		dir[side].n += s.len - skip;
	}
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	struct rd r = rd_closed(data, len);
	struct dissect_in in = { .proto = 6, .server_port = 80 };

	if (state == NULL && (state = malloc(http_dissector.state_size)) == NULL)
		abort();
	memset(state, 0, http_dissector.state_size);
	for (unsigned i = 0; i < 2; i++)
		dir[i].n = dir[i].skip = dir[i].gap = 0;
	while (rd_more(&r)) {
		uint8_t how = rd_u8(&r);
		size_t n = rd_u16(&r);

		in.side = (how & 1) != 0 ? FROM_SERVER : FROM_CLIENT;
		in.end = (how & 4) != 0;
		add(in.side, (how & 2) != 0, rd_span(&r, n < rd_left(&r) ? n : rd_left(&r)));
		/* DONE is not heeded: a worker may come again.  NOT_MINE is final. */
		if (dir[in.side].n == 0 && !in.end)
			continue;
		if (drain(&in) == DISSECT_NOT_MINE || dir[in.side].n > DISSECT_HOLD_MAX)
			return 0;
	}
	return 0;
}
