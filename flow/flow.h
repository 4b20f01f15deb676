/* SPDX-License-Identifier: Apache-2.0 */
/*
 * flow - the five-tuple table: find, touch, expire, evict.
 *
 * Two tiers.  A flow that has shown no payload is one record of 64 bytes; the
 * first payload promotes it to a conversation (struct conv) with counters,
 * sequence numbers and a place for whoever dissects it.  Time is packet time.
 * Nothing walks the table: flows wait for their time-out in a wheel of one
 * second a slot.
 *
 * When the table is full, the flow without payload that would time out first
 * is evicted; only when there is none, a conversation that was quiet since it
 * was last looked at.  When there is no room for another conversation, one that
 * was quiet for a round of looking goes.  All are counted.
 */
#ifndef FLOW_FLOW_H
#define FLOW_FLOW_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "capture/packet.h"
#include "core/addr.h"
#include "core/err.h"
#include "core/hash.h"

struct flow {				/* 64 bytes: one cache line */
	struct addr end[2];		/* the five-tuple, lower end first */
	uint16_t port[2];
	uint8_t flags;			/* FLOW_* below */
	uint8_t tcp_seen;		/* TCP_* flags seen, both directions; SYN/ACK as TCP_PSH */
	uint8_t packets[2];		/* by end; until there is a conversation */
	uint16_t bytes[2];		/* the same, IP bytes on the wire */
	uint32_t next;			/* in its wheel slot */
	uint32_t conv;			/* index + 1 of the conversation; before that the client's ISN */
	uint32_t last_ms;		/* last packet, after first_ns */
	uint64_t first_ns;
};

enum {
	FLOW_UDP = 1,
	FLOW_CLIENT_HIGH = 2,		/* end[1] is the client */
	FLOW_CONV = 4,			/* .conv is an index + 1 */
	FLOW_ISN = 8,			/* .conv is the client's initial sequence number */
	FLOW_MID_STREAM = 16,		/* TCP, and no SYN was seen */
	FLOW_GUESSED = 32,		/* which side is the client was guessed from the ports */
	FLOW_OVER = 64,			/* ended and told; the record absorbs stragglers */
	FLOW_FREE = 128,
};

enum { FLOW_HOLES = 4 };

struct conv {
	uint64_t first_ns, last_ns, first_frame;
	uint64_t packets[2], bytes[2];	/* by enum side */
	uint64_t lost[2];		/* TCP bytes that were jumped over and never came */
	uint32_t next_seq[2];		/* TCP, after the highest byte seen */
	uint32_t start_seq[2];		/* TCP, of the first byte of each side */
	struct {
		uint32_t lo, hi;
	} hole[2][FLOW_HOLES];		/* latest holes, to know late bytes from repeated ones */
	uint32_t flow;			/* index of its flow */
	uint8_t known[2];		/* next_seq[] is meaningful */
	uint8_t fin[2];			/* FIN was seen from that side */
	bool snapped;			/* some payload was cut by the capture */
	bool live, active;		/* in use; touched since eviction last looked at it */
	uint8_t stage, slot;		/* the user's */
	uint16_t vlan[2];
	void *user;			/* the user's; must be released in the end callback */
};

enum flow_end { FLOW_END_CLOSED, FLOW_END_RESET, FLOW_END_TIMEOUT, FLOW_END_EVICTED, FLOW_END_INPUT };

struct flow_options {
	size_t max_flows;		/* records; 64 bytes each, and 16 in the index */
	size_t max_convs;		/* conversations */
	unsigned timeout_new_s;		/* no payload yet */
	unsigned timeout_udp_s, timeout_tcp_s;	/* conversations */
	struct hash_key key;
	/* Called for each flow that ends, conv NULL when it never had payload and tell_all is set. */
	void (*ended)(void *arg, struct flow *, struct conv *, enum flow_end);
	void *arg;
	bool tell_all;			/* also tell of flows without payload */
};

struct flow_counts {
	uint64_t created, promoted;
	uint64_t active, active_peak;
	uint64_t closed, reset, timed_out;
	uint64_t evicted_new, evicted_conv;	/* for room: without and with payload */
	uint64_t unlikely_syn;		/* SYNs into a conversation that goes on; its ends ignore them too (RFC 5961) */
	uint64_t untracked;		/* packets for which no record could be had */
	uint64_t stragglers;		/* packets after the end of their flow */
	uint64_t reused;		/* five-tuples that began anew */
	uint64_t mid_stream;		/* conversations whose beginning was not seen */
	uint64_t clock_back;		/* packets older than the latest by more than a second */
};

struct flow_table;

struct flow_table *flow_table_new(const struct flow_options *, struct err *);

/* Ends every flow (FLOW_END_INPUT), oldest time-out first, then frees. */
void flow_table_free(struct flow_table **);
void flow_table_end_all(struct flow_table *);

/* Hash of the packet's five-tuple into pkt->hash, and its index line on its way to the cache. */
void flow_prefetch(struct flow_table *, struct packet *);

/* Second step of looking ahead: the record itself. */
void flow_prefetch_record(const struct flow_table *, const struct packet *);

/* Let packet time reach ts_ns: flows whose time is over end. */
void flow_advance(struct flow_table *, uint64_t ts_ns);

struct flow_hit {
	struct flow *flow;
	struct conv *conv;		/* NULL: no payload so far, or no room */
	enum side side;			/* who sent the packet */
	bool begins;			/* the conversation begins with this packet */
	uint32_t bytes;			/* of this packet, as they were counted */
};

/*
 * The flow of the packet, made if need be, its counters and TCP state brought
 * up to date.  false: no room (counted), or a straggler of a flow that is over.
 */
bool flow_touch(struct flow_table *, const struct packet *, struct flow_hit *);

/* After the packet was dealt with: ends the flow if its TCP closed or was reset by it. */
void flow_settle(struct flow_table *, const struct packet *, struct flow_hit *);

/* The other side is the client after all: counters and sequence numbers change places. */
void flow_swap_sides(struct flow *, struct conv *);

struct addr flow_client(const struct flow *), flow_server(const struct flow *);
uint16_t flow_client_port(const struct flow *), flow_server_port(const struct flow *);
void flow_counts(const struct flow_table *, struct flow_counts *);

#endif
