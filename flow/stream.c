/* SPDX-License-Identifier: Apache-2.0 */
/* stream - TCP bytes of one direction in order (RFC 9293 sections 3.4 and 3.10). */
#include "flow/stream.h"

#include <stdlib.h>

enum { HOLD_MIN = 4096 };

struct stream_block {
	struct stream_block *next;	/* owned */
	uint32_t seq, len;
	uint32_t snapped;		/* bytes after len that the capture cut */
	uint8_t data[];
};

enum { BLOCK_ROOM = STREAM_BLOCK - sizeof(struct stream_block) };

/* --- memory ---------------------------------------------------------------- */

void
stream_mem_init(struct stream_mem *mem, size_t max_bytes)
{
	*mem = (struct stream_mem){ .max = max_bytes };
}

void
stream_mem_fini(struct stream_mem *mem)
{
	while (mem->free != NULL) {
		struct stream_block *b = mem->free;

		mem->free = b->next;
		free(b);
	}
}

static bool
charge(struct stream_mem *mem, size_t n)
{
	if (n > mem->max - mem->used) {
		mem->refused++;
		return false;
	}
	mem->used += n;
	if (mem->used > mem->peak)
		mem->peak = mem->used;
	return true;
}

static struct stream_block *
block_get(struct stream_mem *mem)
{
	struct stream_block *b = mem->free;

	if (!charge(mem, STREAM_BLOCK))
		return NULL;
	if (b != NULL) {
		mem->free = b->next;
		return b;
	}
	b = malloc(STREAM_BLOCK);
	if (b == NULL) {
		mem->used -= STREAM_BLOCK;
		mem->refused++;
	}
	return b;
}

static void
block_put(struct stream_mem *mem, struct stream_block *b)
{
	b->next = mem->free;
	mem->free = b;
	mem->used -= STREAM_BLOCK;
}

/* Held bytes grow by doubling; a conversation that holds any does so seldom, so malloc may serve it. */
static bool
hold_room(struct stream *s, struct stream_mem *mem, size_t want)
{
	uint32_t cap = s->hold_cap > 0 ? s->hold_cap : HOLD_MIN;
	uint8_t *p;

	if (want <= s->hold_cap)
		return true;
	if (want > STREAM_HOLD_MAX)
		return false;
	while (cap < want)
		cap *= 2;
	if (!charge(mem, cap - s->hold_cap))
		return false;
	p = realloc(s->hold, cap);
	if (p == NULL) {
		mem->used -= cap - s->hold_cap;
		mem->refused++;
		return false;
	}
	s->hold = p;
	s->hold_cap = cap;
	return true;
}

static void
hold_drop(struct stream *s, struct stream_mem *mem)
{
	free(s->hold);
	mem->used -= s->hold_cap;
	s->hold = NULL;
	s->hold_len = s->hold_cap = 0;
}

static void
cur_drop(struct stream *s, struct stream_mem *mem)
{
	s->cur = (struct span){ 0 };
	if (s->cur_block != NULL)
		block_put(mem, s->cur_block);
	s->cur_block = NULL;
}

/* --- order ----------------------------------------------------------------- */

void
stream_start(struct stream *s, uint32_t next)
{
	s->next = next;
	s->started = true;
}

static int32_t
ahead_of(const struct stream *s, uint32_t seq)
{
	return (int32_t)(seq - s->next);
}

/* n bytes will not come: how many of them the reader will miss. */
static uint32_t
miss(struct stream *s, uint32_t n)
{
	uint32_t unwanted = s->skip < n ? (uint32_t)s->skip : n;

	s->skip -= unwanted;
	s->lost += n;
	s->next += n;
	return n - unwanted;
}

/* Bytes up to seq will not come.  What was held waited for them in vain. */
static void
jump(struct stream *s, struct stream_mem *mem, uint32_t seq)
{
	uint32_t n = miss(s, seq - s->next);

	if (n == 0)
		return;
	s->gap += n + s->hold_len;
	hold_drop(s, mem);
}

/* In-order bytes become current, less what the reader has no use for; what the capture cut is missing after them. */
static void
accept(struct stream *s, struct stream_mem *mem, struct span p, uint32_t snapped)
{
	size_t drop = s->skip < p.len ? (size_t)s->skip : p.len;

	s->next += (uint32_t)p.len;
	s->skip -= drop;
	s->cur = (struct span){ p.p + drop, p.len - drop };
	if (s->cur.len > 0)
		s->fresh = true;
	if (snapped == 0)
		return;
	snapped = miss(s, snapped);
	if (s->cur.len > 0) {
		s->gap_after += snapped;
	} else if (snapped > 0) {
		s->gap += snapped + s->hold_len;
		hold_drop(s, mem);
	}
}

/* Keeps a copy of bytes that came too early, in blocks sorted by sequence number; those already there win. */
static void
keep_early(struct stream *s, struct stream_mem *mem, uint32_t seq, struct span p, uint32_t snapped)
{
	struct stream_block **at = &s->early;
	struct rd r = rd_closed(p.p, p.len);

	while (rd_more(&r)) {
		size_t n = rd_left(&r) < BLOCK_ROOM ? rd_left(&r) : BLOCK_ROOM;
		struct stream_block *b;
		struct span part;

		while (*at != NULL && (int32_t)(seq - ((*at)->seq + (*at)->len)) >= 0)
			at = &(*at)->next;
		if (*at != NULL && (int32_t)(seq - (*at)->seq) >= 0) {
			uint32_t covered = (*at)->seq + (*at)->len - seq;

			rd_skip(&r, covered < rd_left(&r) ? covered : rd_left(&r));
			seq += covered;
			continue;
		}
		if (*at != NULL && (*at)->seq - seq < n)
			n = (*at)->seq - seq;
		if (s->early_bytes + STREAM_BLOCK > STREAM_EARLY_MAX || (b = block_get(mem)) == NULL)
			return;
		part = rd_span(&r, n);
		memcpy(b->data, part.p, n);
		b->seq = seq;
		b->len = (uint32_t)n;
		b->snapped = rd_more(&r) ? 0 : snapped;
		b->next = *at;
		*at = b;
		at = &b->next;
		seq += (uint32_t)n;
		s->early_bytes += STREAM_BLOCK;
	}
}

/* The first early block, if its turn has come, becomes current; blocks that were overtaken go. */
static bool
take_early(struct stream *s, struct stream_mem *mem)
{
	while (s->early != NULL && s->cur.len == 0) {
		struct stream_block *b = s->early;
		int32_t ahead = ahead_of(s, b->seq);
		uint32_t old = ahead < 0 ? (uint32_t)-ahead : 0;

		if (ahead > 0 && (uint32_t)ahead > s->skip)
			return false;
		if (ahead > 0)
			jump(s, mem, b->seq);
		s->early = b->next;
		s->early_bytes -= STREAM_BLOCK;
		if (s->early == NULL)
			s->hole_ns = 0;
		cur_drop(s, mem);
		if (old >= b->len) {
			block_put(mem, b);
			continue;
		}
		s->cur_block = b;
		accept(s, mem, (struct span){ b->data + old, b->len - old }, b->snapped);
	}
	return s->cur.len > 0;
}

static void
declare_lost(struct stream *s, struct stream_mem *mem)
{
	/* What is in order already is shown before a hole after it is told. */
	if (s->early == NULL || s->cur.len > 0)
		return;
	if (ahead_of(s, s->early->seq) > 0)
		jump(s, mem, s->early->seq);
	take_early(s, mem);
}

void
stream_add(struct stream *s, struct stream_mem *mem, const struct stream_segment *g)
{
	struct rd r = rd_closed(g->payload.p, g->payload.len);
	uint32_t snapped = g->wire_len - (uint32_t)g->payload.len;
	int32_t ahead;

	if (!s->started)
		stream_start(s, g->seq);
	if (g->fin) {
		s->fin_seen = true;
		s->fin_seq = g->seq + g->wire_len;
	}
	if (g->wire_len == 0)
		return;
	ahead = ahead_of(s, g->seq);
	if (ahead > 0 && (uint32_t)ahead <= s->skip) {
		jump(s, mem, g->seq);
		ahead = 0;
	}
	if (ahead > 0) {
		if (s->hole_ns == 0)
			s->hole_ns = g->ts_ns;
		keep_early(s, mem, g->seq, g->payload, snapped);
		if (s->early != NULL) {
			if (s->early_bytes >= STREAM_EARLY_MAX || mem->max - mem->used < STREAM_BLOCK)
				declare_lost(s, mem);
			return;
		}
		/* Nothing can be kept: what came is worth more than what may come. */
		jump(s, mem, g->seq);
		ahead = 0;
	}
	if (ahead < 0) {
		uint32_t old = (uint32_t)-ahead;

		if (old >= g->wire_len)
			return;
		if (old > g->payload.len)
			snapped -= old - (uint32_t)g->payload.len;
		rd_skip(&r, old < rd_left(&r) ? old : rd_left(&r));
	}
	accept(s, mem, rd_span(&r, rd_left(&r)), snapped);
}

void
stream_acked(struct stream *s, struct stream_mem *mem, uint32_t ack, uint64_t ts_ns)
{
	if (s->early == NULL || s->hole_ns == 0 || ts_ns < s->hole_ns + STREAM_WAIT_NS)
		return;
	if ((int32_t)(ack - s->early->seq) >= 0)
		declare_lost(s, mem);
}

void
stream_end(struct stream *s)
{
	s->ending = true;
}

/* --- the reader ------------------------------------------------------------ */

bool
stream_show(struct stream *s, struct stream_mem *mem, struct stream_view *v)
{
	if (s->cur.len == 0 && !take_early(s, mem) && s->ending)
		declare_lost(s, mem);
	if (s->early == NULL && (s->ending || (s->fin_seen && s->started && s->next == s->fin_seq)))
		s->ended = true;
	if (!s->fresh && (!s->ended || s->end_told))
		return false;
	if (s->hold_len > 0 && s->cur.len > 0) {
		if (hold_room(s, mem, s->hold_len + s->cur.len)) {
			memcpy(s->hold + s->hold_len, s->cur.p, s->cur.len);
			s->hold_len += (uint32_t)s->cur.len;
		} else {
			s->failed = true;
		}
		cur_drop(s, mem);
	}
	v->data = s->hold_len > 0 ? (struct span){ s->hold, s->hold_len } : s->cur;
	v->gap = s->gap;
	v->snapped = s->gap_after > 0;
	v->end = s->ended;
	s->end_told |= s->ended;
	s->fresh = false;
	s->gap = 0;
	return true;
}

/* The first drop bytes of what was shown go, the rest is held. */
static bool
keep_rest(struct stream *s, struct stream_mem *mem, size_t drop)
{
	struct rd r = s->hold_len > 0 ? rd_closed(s->hold, s->hold_len) : rd_closed(s->cur.p, s->cur.len);
	struct span rest;

	rd_skip(&r, drop);
	rest = rd_span(&r, rd_left(&r));
	if (rest.len == 0) {
		hold_drop(s, mem);
	} else if (hold_room(s, mem, rest.len)) {
		memmove(s->hold, s->hold_len > 0 ? s->hold + drop : rest.p, rest.len);
		s->hold_len = (uint32_t)rest.len;
	} else {
		return false;
	}
	cur_drop(s, mem);
	return s->hold_len < STREAM_HOLD_MAX;
}

bool
stream_consume(struct stream *s, struct stream_mem *mem, size_t used, uint64_t skip)
{
	size_t have = s->hold_len > 0 ? s->hold_len : s->cur.len;
	size_t drop = skip < have - used ? used + (size_t)skip : have;

	s->skip += skip - (drop - used);
	s->fresh = (used > 0 || skip > 0) && drop < have;
	if (!keep_rest(s, mem, drop))
		s->failed = true;
	if (s->gap_after > 0 && !s->fresh) {
		s->gap += s->gap_after + s->hold_len;
		s->gap_after = 0;
		hold_drop(s, mem);
	}
	return !s->failed;
}

void
stream_fini(struct stream *s, struct stream_mem *mem)
{
	cur_drop(s, mem);
	hold_drop(s, mem);
	while (s->early != NULL) {
		struct stream_block *b = s->early;

		s->early = b->next;
		block_put(mem, b);
	}
	*s = (struct stream){ 0 };
}
