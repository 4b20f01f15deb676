/* SPDX-License-Identifier: Apache-2.0 */
/* table - the inside of the flow table, shared by flow.c (records, time, room) and touch.c (a packet). */
#ifndef FLOW_TABLE_H
#define FLOW_TABLE_H

#include "flow/flow.h"
#include "flow/wheel.h"

_Static_assert(sizeof(struct flow) == 64, "a flow without payload is one cache line");

enum {
	KEY_LEN = 36,			/* both ends and both ports, as they lie in struct flow */
	OVER_LINGER_S = 10,		/* how long the record of an ended flow absorbs stragglers */
	REOPEN_NS = 1000000000,		/* payload this long after an end is a conversation again */
	LOOK_AGAIN_S = 32,		/* a flow that waits longer is looked at meanwhile */
	EVICT_TRIES = 64,		/* entries looked at to find a victim, and victims named at once */
	SEEN_SYNACK = TCP_PSH,
};

#define NS_PER_S 1000000000ull
#define NS_PER_MS 1000000ull

struct flow_table {
	struct flow_options opt;
	struct flow *flows;		/* owned; untouched pages cost nothing */
	uint64_t *slots;		/* owned; hash32 << 32 | index + 1 */
	uint64_t mask;
	struct conv *convs;		/* owned */
	uint32_t used_flows, used_convs;	/* handed out at least once */
	uint32_t free_flow, free_conv;	/* index + 1 of the first free one */
	uint32_t hand;			/* the conversation that eviction looks at next */
	struct wheel fresh, talking;	/* without and with a conversation */
	uint64_t now_ns, tick_ns;	/* latest packet time; when the wheels move next */
	struct flow_counts counts;
};

/* The five-tuple without a direction: lower end first. */
struct flow_key {
	struct addr end[2];
	uint16_t port[2];
};

/* down: the packet goes from the higher end to the lower. */
static inline void
flow_key_of(const struct packet *pkt, bool down, struct flow_key *key)
{
	key->end[down] = pkt->src;
	key->end[!down] = pkt->dst;
	key->port[down] = pkt->sport;
	key->port[!down] = pkt->dport;
}

/* The slot that holds the flow, or the empty one where it would go. */
uint64_t *flow_slot(const struct flow_table *, uint32_t hash, const struct flow_key *, bool is_udp);

/* A record that is in no slot and in no wheel yet; NULL: no room could be made. */
struct flow *flow_record_new(struct flow_table *);

/* Zeroed, live; NULL: there is no room at all. */
struct conv *flow_conv_new(struct flow_table *);

/* Tells of the end and gives the conversation back; the record stays to absorb stragglers. */
void flow_finish(struct flow_table *, struct flow *, enum flow_end);

/* What a time-out means, given what was seen of TCP. */
enum flow_end flow_quiet_end(const struct flow_table *, const struct flow *);

/* Puts the flow into the wheel it belongs to. */
void flow_wait(struct flow_table *, struct flow *);

uint64_t flow_last_ns(const struct flow_table *, const struct flow *);
uint64_t flow_due_s(const struct flow_table *, const struct flow *);

static inline unsigned
flow_client_end(const struct flow *f)
{
	return (f->flags & FLOW_CLIENT_HIGH) != 0;
}

static inline struct conv *
flow_conv(const struct flow_table *t, const struct flow *f)
{
	return (f->flags & FLOW_CONV) != 0 ? &t->convs[f->conv - 1] : NULL;
}

#endif
