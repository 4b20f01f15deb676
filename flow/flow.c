/* SPDX-License-Identifier: Apache-2.0 */
/* flow - the five-tuple table: open addressing over 64-byte records, a wheel for time. */
#include "flow/flow.h"

#include <stdlib.h>
#include <sys/mman.h>

#include "flow/table.h"

/* --- the five-tuple -------------------------------------------------------- */

static uint32_t
hash_of(const struct flow_table *t, const void *key, bool is_udp)
{
	uint32_t h = (uint32_t)hash_bytes(&t->opt.key, key, KEY_LEN);

	return is_udp ? h ^ 0x9e3779b9u : h;
}

static uint32_t
flow_hash(const struct flow_table *t, const struct flow *f)
{
	return hash_of(t, f, (f->flags & FLOW_UDP) != 0);
}

static bool
same(const struct flow *f, const struct flow_key *key, bool is_udp)
{
	uint64_t a[4], b[4];
	uint32_t pa, pb;

	memcpy(a, f->end, 32);
	memcpy(b, key->end, 32);
	memcpy(&pa, f->port, 4);
	memcpy(&pb, key->port, 4);
	return ((a[0] ^ b[0]) | (a[1] ^ b[1]) | (a[2] ^ b[2]) | (a[3] ^ b[3]) | (pa ^ pb)) == 0 &&
	    ((f->flags & FLOW_UDP) != 0) == is_udp;
}

void
flow_prefetch(struct flow_table *t, struct packet *pkt)
{
	struct flow_key key;
	int c = addr_cmp(&pkt->src, &pkt->dst);

	pkt->down = c > 0 || (c == 0 && pkt->sport > pkt->dport);
	flow_key_of(pkt, pkt->down, &key);
	pkt->hash = hash_of(t, &key, pkt->proto == IP_UDP);
	__builtin_prefetch(&t->slots[pkt->hash & t->mask]);
}

void
flow_prefetch_record(const struct flow_table *t, const struct packet *pkt)
{
	uint64_t slot = t->slots[pkt->hash & t->mask];

	if (slot != 0 && slot >> 32 == pkt->hash)
		__builtin_prefetch(&t->flows[(uint32_t)slot - 1], 1);
}

uint64_t *
flow_slot(const struct flow_table *t, uint32_t hash, const struct flow_key *key, bool is_udp)
{
	for (uint64_t i = hash & t->mask;; i = (i + 1) & t->mask) {
		uint64_t s = t->slots[i];

		if (s == 0 || (s >> 32 == hash && same(&t->flows[(uint32_t)s - 1], key, is_udp)))
			return &t->slots[i];
	}
}

/* Linear probing without tombstones: what follows moves back into the hole. */
static void
slot_remove(struct flow_table *t, uint32_t hash, uint32_t index)
{
	uint64_t i = hash & t->mask, j;

	while ((uint32_t)t->slots[i] != index + 1)
		i = (i + 1) & t->mask;
	for (j = i;;) {
		uint64_t home;

		j = (j + 1) & t->mask;
		if (t->slots[j] == 0)
			break;
		home = (t->slots[j] >> 32) & t->mask;
		if (((j - home) & t->mask) >= ((j - i) & t->mask)) {
			t->slots[i] = t->slots[j];
			i = j;
		}
	}
	t->slots[i] = 0;
}

/* --- sides ----------------------------------------------------------------- */

struct addr flow_client(const struct flow *f) { return f->end[flow_client_end(f)]; }
struct addr flow_server(const struct flow *f) { return f->end[!flow_client_end(f)]; }
uint16_t flow_client_port(const struct flow *f) { return f->port[flow_client_end(f)]; }
uint16_t flow_server_port(const struct flow *f) { return f->port[!flow_client_end(f)]; }

#define SWAP(a, b)                                                                                 \
	do {                                                                                       \
		__typeof__(a) swap_ = (a);                                                         \
		(a) = (b);                                                                         \
		(b) = swap_;                                                                       \
	} while (0)

void
flow_swap_sides(struct flow *f, struct conv *c)
{
	f->flags ^= FLOW_CLIENT_HIGH;
	if (c == NULL)
		return;
	SWAP(c->packets[0], c->packets[1]);
	SWAP(c->bytes[0], c->bytes[1]);
	SWAP(c->lost[0], c->lost[1]);
	SWAP(c->next_seq[0], c->next_seq[1]);
	SWAP(c->start_seq[0], c->start_seq[1]);
	for (unsigned i = 0; i < FLOW_HOLES; i++) {
		SWAP(c->hole[0][i].lo, c->hole[1][i].lo);
		SWAP(c->hole[0][i].hi, c->hole[1][i].hi);
	}
	SWAP(c->known[0], c->known[1]);
	SWAP(c->fin[0], c->fin[1]);
}

/* --- ends ------------------------------------------------------------------ */

uint64_t
flow_last_ns(const struct flow_table *t, const struct flow *f)
{
	const struct conv *c = flow_conv(t, f);

	return c != NULL ? c->last_ns : f->first_ns + f->last_ms * NS_PER_MS;
}

uint64_t
flow_due_s(const struct flow_table *t, const struct flow *f)
{
	unsigned wait = t->opt.timeout_new_s;

	if ((f->flags & FLOW_OVER) != 0)
		wait = OVER_LINGER_S;
	else if ((f->flags & FLOW_CONV) != 0)
		wait = (f->flags & FLOW_UDP) != 0 ? t->opt.timeout_udp_s : t->opt.timeout_tcp_s;
	return flow_last_ns(t, f) / NS_PER_S + 1 + wait;
}

/* Sooner than due, so that the record of a flow that ended meanwhile is not kept for as long as it might have lived. */
void
flow_wait(struct flow_table *t, struct flow *f)
{
	struct wheel *w = (f->flags & FLOW_CONV) != 0 ? &t->talking : &t->fresh;
	uint64_t due = flow_due_s(t, f), look = w->now_s + LOOK_AGAIN_S;

	wheel_add(w, t->flows, (uint32_t)(f - t->flows), due < look ? due : look);
}

void
flow_finish(struct flow_table *t, struct flow *f, enum flow_end end)
{
	struct conv *c = flow_conv(t, f);

	if ((f->flags & FLOW_OVER) != 0)
		return;
	if (c != NULL || t->opt.tell_all)
		t->opt.ended(t->opt.arg, f, c, end);
	if (end == FLOW_END_CLOSED)
		t->counts.closed++;
	else if (end == FLOW_END_RESET)
		t->counts.reset++;
	else if (end == FLOW_END_TIMEOUT)
		t->counts.timed_out++;
	if (c != NULL) {
		uint64_t ms = c->last_ns > f->first_ns ? (c->last_ns - f->first_ns) / NS_PER_MS : 0;

		f->last_ms = ms < UINT32_MAX ? (uint32_t)ms : UINT32_MAX;
		c->live = false;
		c->flow = t->free_conv;
		t->free_conv = f->conv;
	}
	f->flags = (uint8_t)((f->flags & ~(FLOW_CONV | FLOW_ISN)) | FLOW_OVER);
}

enum flow_end
flow_quiet_end(const struct flow_table *t, const struct flow *f)
{
	const struct conv *c = flow_conv(t, f);

	if (c != NULL)
		return c->fin[0] && c->fin[1] ? FLOW_END_CLOSED : FLOW_END_TIMEOUT;
	if ((f->tcp_seen & TCP_RST) != 0)
		return FLOW_END_RESET;
	return (f->tcp_seen & TCP_FIN) != 0 ? FLOW_END_CLOSED : FLOW_END_TIMEOUT;
}

static void
release(struct flow_table *t, struct flow *f, uint32_t hash, enum flow_end end)
{
	uint32_t index = (uint32_t)(f - t->flows);

	flow_finish(t, f, end);
	slot_remove(t, hash, index);
	f->flags = FLOW_FREE;
	f->next = t->free_flow;
	t->free_flow = index + 1;
	t->counts.active--;
}

static void
turn(struct flow_table *t, struct wheel *w, uint64_t second)
{
	uint32_t first = w->head[second % WHEEL_SLOTS];

	w->head[second % WHEEL_SLOTS] = w->tail[second % WHEEL_SLOTS] = 0;
	while (first != 0) {
		struct flow *f = &t->flows[first - 1];

		first = f->next;
		w->entries--;
		if (flow_due_s(t, f) <= second)
			release(t, f, flow_hash(t, f), flow_quiet_end(t, f));
		else
			flow_wait(t, f);
	}
}

void
flow_advance(struct flow_table *t, uint64_t ts_ns)
{
	uint64_t s, back = t->now_ns > ts_ns ? t->now_ns - ts_ns : 0;

	if (back > NS_PER_S)
		t->counts.clock_back++;
	if (ts_ns < t->tick_ns && back <= t->opt.timeout_tcp_s * NS_PER_S) {
		if (back == 0)
			t->now_ns = ts_ns;
		return;
	}
	s = ts_ns / NS_PER_S;
	/* The first packet, or an older capture after a newer one: time starts here. */
	if (t->tick_ns == 0 || back > 0 || s > t->fresh.now_s + 2 * WHEEL_SLOTS) {
		uint64_t turns = t->tick_ns == 0 || back > 0 ? 0 : 2 * WHEEL_SLOTS;

		for (uint64_t from = t->fresh.now_s + 1; turns > 0; turns--, from++) {
			t->fresh.now_s = t->talking.now_s = from;
			turn(t, &t->fresh, from);
			turn(t, &t->talking, from);
		}
		t->fresh.now_s = t->talking.now_s = s;
	}
	while (t->fresh.now_s < s) {
		uint64_t next = t->fresh.now_s + 1;

		t->fresh.now_s = t->talking.now_s = next;
		turn(t, &t->fresh, next);
		turn(t, &t->talking, next);
	}
	t->now_ns = ts_ns;
	t->tick_ns = (s + 1) * NS_PER_S;
}

/* --- room ------------------------------------------------------------------ */

/*
 * The flow of this wheel that goes first: over, or due, or quiet since it was
 * last looked at; those that were active get another turn.  NULL when the wheel
 * holds none.  It is taken out of the wheel.
 */
static struct flow *
victim(struct flow_table *t, struct wheel *w)
{
	unsigned tries = EVICT_TRIES;

	for (uint64_t s = w->now_s + 1; w->entries > 0 && s < w->now_s + WHEEL_SLOTS; s++) {
		uint32_t first;

		while ((first = wheel_take(w, t->flows, s)) != 0) {
			struct flow *f = &t->flows[first - 1];

			/* A conversation that began among the flows without payload moves to its own wheel, once. */
			if (w == &t->fresh && (f->flags & FLOW_CONV) != 0) {
				flow_wait(t, f);
				continue;
			}
			if ((f->flags & FLOW_OVER) != 0 || flow_due_s(t, f) <= s || tries-- == 0 ||
			    flow_last_ns(t, f) / NS_PER_S + LOOK_AGAIN_S <= s)
				return f;
			flow_wait(t, f);
		}
	}
	return NULL;
}

/* The flow that goes first when there is no room; it is in no wheel any more. */
static struct flow *
next_victim(struct flow_table *t)
{
	struct flow *f = victim(t, &t->fresh);

	if (f == NULL)
		f = victim(t, &t->talking);
	if (f != NULL && (f->flags & FLOW_OVER) == 0) {
		if ((f->flags & FLOW_CONV) != 0)
			t->counts.evicted_conv++;
		else
			t->counts.evicted_new++;
	}
	return f;
}

/* All victims are named first, so that their index lines are on their way when they are removed. */
static void
make_room(struct flow_table *t)
{
	struct {
		struct flow *flow;
		uint32_t hash;
	} gone[EVICT_TRIES];
	size_t n = t->opt.max_flows / 64 + 1, k = 0;

	for (; k < n && k < EVICT_TRIES; k++) {
		gone[k].flow = next_victim(t);
		if (gone[k].flow == NULL)
			break;
		__builtin_prefetch(gone[k].flow->next != 0 ? &t->flows[gone[k].flow->next - 1] : gone[k].flow);
		gone[k].hash = flow_hash(t, gone[k].flow);
		__builtin_prefetch(&t->slots[gone[k].hash & t->mask], 1);
	}
	for (size_t i = 0; i < k; i++)
		release(t, gone[i].flow, gone[i].hash, FLOW_END_EVICTED);
}

struct flow *
flow_record_new(struct flow_table *t)
{
	uint32_t index;

	if (t->free_flow == 0 && t->used_flows == t->opt.max_flows)
		make_room(t);
	if (t->free_flow == 0 && t->used_flows == t->opt.max_flows)
		return NULL;
	if (t->free_flow != 0) {
		index = t->free_flow - 1;
		t->free_flow = t->flows[index].next;
	} else {
		index = t->used_flows++;
	}
	if (++t->counts.active > t->counts.active_peak)
		t->counts.active_peak = t->counts.active;
	t->counts.created++;
	return &t->flows[index];
}

/* One round of looking clears the marks, so a quiet one is found within two. */
static bool
evict_conv(struct flow_table *t)
{
	for (size_t i = 0; i < 2 * (size_t)t->used_convs; i++) {
		struct conv *c = &t->convs[t->hand];

		t->hand = t->hand + 1 < t->used_convs ? t->hand + 1 : 0;
		if (!c->live)
			continue;
		if (!c->active) {
			t->counts.evicted_conv++;
			flow_finish(t, &t->flows[c->flow], FLOW_END_EVICTED);
			return true;
		}
		c->active = false;
	}
	return false;
}

struct conv *
flow_conv_new(struct flow_table *t)
{
	uint32_t index;

	if (t->free_conv == 0 && t->used_convs == t->opt.max_convs && !evict_conv(t))
		return NULL;
	if (t->free_conv != 0) {
		index = t->free_conv - 1;
		t->free_conv = t->convs[index].flow;
	} else {
		index = t->used_convs++;
	}
	t->convs[index] = (struct conv){ .live = true };
	return &t->convs[index];
}

enum { LARGE_PAGES = 8 << 20 };

/* --- life ------------------------------------------------------------------ */

/* Zeroed memory in large pages where the kernel has them: a table is touched at random. */
static void *
table_pages(size_t n)
{
	void *p = mmap(NULL, n, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);

	if (p == MAP_FAILED)
		return NULL;
	if (n >= LARGE_PAGES)
		madvise(p, n, MADV_HUGEPAGE);
	return p;
}

static void
pages_free(void *p, size_t n)
{
	if (p != NULL)
		munmap(p, n);
}

struct flow_table *
flow_table_new(const struct flow_options *opt, struct err *err)
{
	struct flow_table *t = calloc(1, sizeof *t);
	uint64_t slots = 64;

	if (t == NULL) {
		err_set(err, "out of memory for the flow table");
		return NULL;
	}
	t->opt = *opt;
	while (slots < 2 * (uint64_t)opt->max_flows)
		slots *= 2;
	t->mask = slots - 1;
	t->slots = table_pages(slots * sizeof *t->slots);
	t->flows = table_pages(opt->max_flows * sizeof *t->flows);
	t->convs = table_pages(opt->max_convs * sizeof *t->convs);
	if (t->slots == NULL || t->flows == NULL || t->convs == NULL) {
		err_set(err, "out of memory for %zu flows; lower --max-flows", opt->max_flows);
		flow_table_free(&t);
		return NULL;
	}
	return t;
}

void
flow_table_end_all(struct flow_table *t)
{
	for (unsigned k = 0; k < 2; k++) {
		struct wheel *w = k == 0 ? &t->talking : &t->fresh;

		for (uint64_t s = w->now_s + 1; s <= w->now_s + WHEEL_SLOTS; s++) {
			uint32_t first;

			while ((first = wheel_take(w, t->flows, s)) != 0) {
				struct flow *f = &t->flows[first - 1];
				enum flow_end end = flow_quiet_end(t, f);

				flow_finish(t, f, end == FLOW_END_TIMEOUT ? FLOW_END_INPUT : end);
			}
		}
	}
	/* All records at once: to take each out of the index would touch memory at random for nothing. */
	memset(t->slots, 0, (t->mask + 1) * sizeof *t->slots);
	t->used_flows = t->free_flow = 0;
	t->counts.active = 0;
}

void
flow_table_free(struct flow_table **tp)
{
	struct flow_table *t = *tp;

	if (t == NULL)
		return;
	if (t->slots != NULL && t->flows != NULL && t->convs != NULL)
		flow_table_end_all(t);
	pages_free(t->slots, (t->mask + 1) * sizeof *t->slots);
	pages_free(t->flows, t->opt.max_flows * sizeof *t->flows);
	pages_free(t->convs, t->opt.max_convs * sizeof *t->convs);
	free(t);
	*tp = NULL;
}

void
flow_counts(const struct flow_table *t, struct flow_counts *out)
{
	*out = t->counts;
}
