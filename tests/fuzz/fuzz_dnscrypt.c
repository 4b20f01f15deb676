/* SPDX-License-Identifier: Apache-2.0 */
/*
 * fuzz_dnscrypt - a conversation as a worker shows it: bit 0 of the first byte chooses TCP,
    bits 1 and 2 the port;
 * then (flags, length, bytes)... of flags, bit 0 is the side, bit 1 says that the
 * capture cut it, bit 2 the end of that side, bit 3 that bytes were lost.
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

/* The protocol comes first; fields are "name: value" and legible. */
static void
check(const struct observation *o, bool first)
{
	bool colon = false;

	if (o->kind != (first ? OBS_APP_PROTOCOL : OBS_APP_FIELD) || o->value.len == 0 || o->value.len > 128)
		abort();
	for (size_t at = 0; at < o->value.len; at++) {
		colon |= o->value.p[at] == ':';
		if (o->value.p[at] < ' ' || o->value.p[at] > '~')
			abort();
	}
	if (!first && !colon)
		abort();
}

static enum dissect
show(const struct dissector *d, struct dissect_in *in)
{
	struct dissect_out out = { .obs = &obs };
	size_t n = dir[in->side].n, drop;
	uint8_t *exact = malloc(n > 0 ? n : 1);		/* so that a step too far is seen */
	enum dissect answer;

	if (exact == NULL)
		abort();
	memcpy(exact, dir[in->side].held, n);
	in->data = (struct span){ exact, n };
	if (d->probe(in) == RD_SHORT && n >= 64)
		abort();
	observations_reset(&obs);
	answer = d->dissect(state, in, &out);
	if (out.used > n || obs.n > 32 || out.malformed > 1 || (d->proto == 17 && out.used != n))
		abort();
	for (unsigned i = 0; i < obs.n; i++)
		check(&obs.v[i], i == 0);
	free(exact);
	drop = out.skip < n - out.used ? (size_t)out.skip : n - out.used;
	dir[in->side].skip = out.skip - drop;
	drop += out.used;
	dir[in->side].n -= drop;
	memmove(dir[in->side].held, dir[in->side].held + drop, dir[in->side].n);
	in->gap = drop > 0 ? 0 : in->gap;
	return drop > 0 && dir[in->side].n > 0 ? answer : answer == DISSECT_MORE ? DISSECT_DONE : answer;
}

static void
add(enum side side, struct rd *r, size_t len)
{
	struct span s = rd_span(r, len < rd_left(r) ? len : rd_left(r));
	size_t skip = dir[side].skip < s.len ? (size_t)dir[side].skip : s.len;

	dir[side].skip -= skip;
	if (s.len > skip)
		memcpy(dir[side].held + dir[side].n, s.p + skip, s.len - skip);
	dir[side].n += s.len - skip;
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	static const uint16_t ports[] = { 443, 5353, 53, 8443 };
	struct rd r = rd_closed(data, len);
	uint8_t how = rd_u8(&r);
	const struct dissector *d = (how & 1) != 0 ? &dnscrypt_tcp_dissector : &dnscrypt_udp_dissector;
	struct dissect_in in = { .proto = d->proto, .server_port = ports[how >> 1 & 3] };

	memset(state, 0, sizeof state);
	dir[0].n = dir[1].n = 0;
	dir[0].skip = dir[1].skip = 0;
	while (rd_more(&r)) {
		enum dissect answer;

		how = rd_u8(&r);
		in.side = (how & 1) != 0 ? FROM_SERVER : FROM_CLIENT;
		in.snapped = (how & 2) != 0;
		in.end = d->proto == 6 && (how & 4) != 0;
		in.gap = d->proto == 6 && (how & 8) != 0;
		add(in.side, &r, rd_u16(&r));
		/* DONE at the end of what is there is not heeded: a worker may come again, curious. */
		while ((answer = show(d, &in)) == DISSECT_MORE)
			;
		if (answer == DISSECT_NOT_MINE || dir[in.side].n > DISSECT_HOLD_MAX)
			return 0;
	}
	return 0;
}
