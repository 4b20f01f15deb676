/* SPDX-License-Identifier: Apache-2.0 */
/* touch - what one packet does to its flow: who is the client, counters, sequence numbers, ends. */
#include "flow/flow.h"

#include "flow/table.h"

enum {
	ISN_NEAR = 1 << 24,		/* bytes after a SYN within which first payload is believed to be its connection's */
	SYN_QUIET_S = 5,		/* a conversation quiet this long may begin anew with a bare SYN */
};

/*
 * Who opened it?  A SYN says so; else the side whose port is reserved, or for
 * TCP the lower one, is taken for the server, and the guess is marked.
 */
static uint8_t
first_flags(const struct packet *pkt, bool down)
{
	bool src_is_client = true;
	uint8_t flags = pkt->proto == IP_UDP ? FLOW_UDP : 0;

	if (pkt->proto == IP_TCP && (pkt->tcp_flags & TCP_SYN) != 0) {
		src_is_client = (pkt->tcp_flags & TCP_ACK) == 0;
	} else {
		bool src_low = pkt->sport < 1024, dst_low = pkt->dport < 1024;

		if (src_low != dst_low)
			src_is_client = dst_low;
		else if (pkt->proto == IP_TCP)
			src_is_client = pkt->sport >= pkt->dport;
		if (pkt->proto == IP_TCP)
			flags |= FLOW_MID_STREAM | FLOW_GUESSED;
		else if (!src_is_client)
			flags |= FLOW_GUESSED;
	}
	return flags | (src_is_client == down ? FLOW_CLIENT_HIGH : 0);
}

static void
begin(struct flow *f, const struct packet *pkt, bool down)
{
	f->flags = first_flags(pkt, down);
	f->tcp_seen = 0;
	memset(f->packets, 0, sizeof f->packets);
	memset(f->bytes, 0, sizeof f->bytes);
	f->conv = 0;
	f->last_ms = 0;
	f->first_ns = pkt->ts_ns;
}

/*
 * First payload.  Where each side's bytes begin is known from the SYN, and the
 * other side's from what this packet acknowledges: nothing of it was seen yet.
 */
static struct conv *
promote(struct flow_table *t, struct flow *f, const struct packet *pkt, enum side side)
{
	unsigned client = flow_client_end(f);
	struct conv *c = flow_conv_new(t);

	if (c == NULL)
		return NULL;
	c->first_ns = c->last_ns = f->first_ns;
	c->first_frame = pkt->number;
	c->flow = (uint32_t)(f - t->flows);
	memcpy(c->vlan, pkt->vlan, sizeof c->vlan);
	for (unsigned i = 0; i < 2; i++) {
		c->packets[i] = f->packets[i == FROM_CLIENT ? client : !client];
		c->bytes[i] = f->bytes[i == FROM_CLIENT ? client : !client];
	}
	if (pkt->proto == IP_TCP && (f->flags & FLOW_MID_STREAM) == 0) {
		uint32_t client_seq = side == FROM_CLIENT ? pkt->tcp_seq : pkt->tcp_ack;

		/* A SYN that is far from what is said now was not this connection's. */
		if ((f->flags & FLOW_ISN) != 0 && client_seq - (f->conv + 1) < ISN_NEAR) {
			c->start_seq[FROM_CLIENT] = f->conv + 1;
			c->known[FROM_CLIENT] = 1;
		}
		if (side == FROM_CLIENT && (pkt->tcp_flags & TCP_ACK) != 0) {
			c->start_seq[FROM_SERVER] = pkt->tcp_ack;
			c->known[FROM_SERVER] = 1;
		}
		if (side == FROM_SERVER && !c->known[FROM_CLIENT] && (pkt->tcp_flags & TCP_ACK) != 0) {
			c->start_seq[FROM_CLIENT] = pkt->tcp_ack;
			c->known[FROM_CLIENT] = 1;
		}
	}
	memcpy(c->next_seq, c->start_seq, sizeof c->next_seq);
	if ((f->flags & FLOW_MID_STREAM) != 0)
		t->counts.mid_stream++;
	t->counts.promoted++;
	f->conv = (uint32_t)(c - t->convs) + 1;
	f->flags = (uint8_t)((f->flags & ~FLOW_ISN) | FLOW_CONV);
	return c;
}

/* Bytes that lie in a hole came late and were not repeated; the hole shrinks from one end or the other. */
static void
fill_hole(struct conv *c, enum side side, uint32_t seq, uint32_t end)
{
	for (unsigned i = 0; i < FLOW_HOLES; i++) {
		uint32_t lo = c->hole[side][i].lo, hi = c->hole[side][i].hi, len = end - seq;

		if (lo == hi || (int32_t)(seq - lo) < 0 || (int32_t)(end - hi) > 0)
			continue;
		c->lost[side] -= len < c->lost[side] ? len : c->lost[side];
		if (seq == lo)
			c->hole[side][i].lo = end;
		else
			c->hole[side][i].hi = seq;
		return;
	}
}

/* Sequence numbers (RFC 9293): how far this side got, and what was jumped over. */
static void
track(struct conv *c, const struct packet *pkt, enum side side)
{
	uint32_t seq = pkt->tcp_seq + ((pkt->tcp_flags & TCP_SYN) != 0), end = seq + pkt->payload_len;
	int32_t ahead;

	if (!c->known[side]) {
		if ((pkt->tcp_flags & TCP_RST) != 0)
			return;
		c->known[side] = 1;
		c->start_seq[side] = seq;
		c->next_seq[side] = end;
		return;
	}
	if (pkt->payload_len == 0)
		return;			/* a bare acknowledgement or reset takes no sequence space, and may lie */
	ahead = (int32_t)(seq - c->next_seq[side]);
	if (ahead > 0) {
		c->lost[side] += (uint32_t)ahead;
		memmove(&c->hole[side][1], &c->hole[side][0], (FLOW_HOLES - 1) * sizeof c->hole[side][0]);
		c->hole[side][0].lo = c->next_seq[side];
		c->hole[side][0].hi = seq;
	} else if (ahead < 0) {
		fill_hole(c, side, seq, end);
	}
	if ((int32_t)(end - c->next_seq[side]) > 0)
		c->next_seq[side] = end;
}

static void
count(struct flow *f, struct conv *c, const struct packet *pkt, bool down, enum side side)
{
	uint64_t ms = pkt->ts_ns > f->first_ns ? (pkt->ts_ns - f->first_ns) / NS_PER_MS : 0;

	if (c != NULL) {
		c->active = true;
		c->packets[side]++;
		c->bytes[side] += pkt->ip_len;
		c->snapped |= pkt->snapped;
		if (pkt->ts_ns > c->last_ns)
			c->last_ns = pkt->ts_ns;
		return;
	}
	f->packets[down] = (uint8_t)(f->packets[down] + (f->packets[down] < UINT8_MAX));
	f->bytes[down] = (uint16_t)(f->bytes[down] + pkt->ip_len < UINT16_MAX ? f->bytes[down] + pkt->ip_len : UINT16_MAX);
	if (ms > f->last_ms)
		f->last_ms = ms < UINT32_MAX ? (uint32_t)ms : UINT32_MAX;
}

static bool
fits_small(const struct flow *f, const struct packet *pkt, bool down)
{
	return f->packets[down] < UINT8_MAX && f->bytes[down] + pkt->ip_len < UINT16_MAX;
}

/*
 * Does this packet open another connection with the same five-tuple?  Of a
 * conversation that goes on, a bare SYN says little: anybody may forge it, and
 * its ends ignore it (RFC 5961).  The answer to it says more.
 */
static bool
begins_anew(struct flow_table *t, const struct flow *f, const struct conv *c, const struct packet *pkt)
{
	uint8_t syn = pkt->tcp_flags & (TCP_SYN | TCP_ACK);

	if (pkt->proto != IP_TCP || (syn & TCP_SYN) == 0)
		return false;
	if (c == NULL)
		return syn == TCP_SYN && ((f->flags & FLOW_ISN) == 0 || f->conv != pkt->tcp_seq);
	if (syn == TCP_SYN && c->known[FROM_CLIENT] && c->start_seq[FROM_CLIENT] == pkt->tcp_seq + 1)
		return false;
	if (syn == TCP_SYN && pkt->ts_ns > c->last_ns + SYN_QUIET_S * 1000000000ull)
		return true;
	if (syn == TCP_SYN) {
		t->counts.unlikely_syn++;
		return false;
	}
	return c->known[FROM_CLIENT] && c->start_seq[FROM_CLIENT] != pkt->tcp_ack &&
	    (!c->known[FROM_SERVER] || c->start_seq[FROM_SERVER] != pkt->tcp_seq + 1);
}

/* An old record meets a packet: true when it may go on, made new where that is due. */
static bool
meet(struct flow_table *t, struct flow *f, const struct packet *pkt, bool down)
{
	struct conv *c = flow_conv(t, f);
	bool anew = begins_anew(t, f, c, pkt);

	if ((f->flags & FLOW_OVER) != 0) {
		bool late_payload = pkt->payload_len > 0 && pkt->ts_ns > flow_last_ns(t, f) + REOPEN_NS;

		if (!anew && !late_payload) {
			t->counts.stragglers++;
			return false;
		}
	} else if (!anew || (c == NULL && (f->tcp_seen & (TCP_SYN | TCP_ACK)) == 0)) {
		return true;
	} else {
		flow_finish(t, f, flow_quiet_end(t, f));
	}
	t->counts.reused++;
	begin(f, pkt, down);
	return true;
}

static void
see_tcp(struct flow *f, struct conv *c, const struct packet *pkt, enum side side)
{
	bool synack = (pkt->tcp_flags & (TCP_SYN | TCP_ACK)) == (TCP_SYN | TCP_ACK);

	f->tcp_seen |= pkt->tcp_flags & (TCP_FIN | TCP_RST);
	f->tcp_seen |= synack ? SEEN_SYNACK : (pkt->tcp_flags & (TCP_SYN | TCP_ACK));
	if (c != NULL) {
		track(c, pkt, side);
		c->fin[side] |= (pkt->tcp_flags & TCP_FIN) != 0;
	} else if ((pkt->tcp_flags & TCP_SYN) != 0 && (!synack || (f->flags & FLOW_ISN) == 0)) {
		f->conv = synack ? pkt->tcp_ack - 1 : pkt->tcp_seq;
		f->flags |= FLOW_ISN;
	}
}

bool
flow_touch(struct flow_table *t, const struct packet *pkt, struct flow_hit *hit)
{
	bool down = pkt->down, is_udp = pkt->proto == IP_UDP, is_new;
	struct flow_key key;
	uint64_t *slot;
	struct flow *f;

	*hit = (struct flow_hit){ 0 };
	flow_key_of(pkt, down, &key);
	slot = flow_slot(t, (uint32_t)pkt->hash, &key, is_udp);
	is_new = *slot == 0;
	if (!is_new) {
		f = &t->flows[(uint32_t)*slot - 1];
		if (!meet(t, f, pkt, down))
			return false;
	} else {
		f = flow_record_new(t);
		if (f == NULL) {
			t->counts.untracked++;
			return false;
		}
		/* Making room may have moved slots. */
		slot = flow_slot(t, (uint32_t)pkt->hash, &key, is_udp);
		*slot = pkt->hash << 32 | ((uint64_t)(f - t->flows) + 1);
		memcpy(f->end, key.end, sizeof f->end);
		memcpy(f->port, key.port, sizeof f->port);
		begin(f, pkt, down);
	}
	hit->flow = f;
	hit->side = down == flow_client_end(f) ? FROM_CLIENT : FROM_SERVER;
	hit->conv = flow_conv(t, f);
	if (hit->conv == NULL && (pkt->payload_len > 0 || !fits_small(f, pkt, down))) {
		hit->conv = promote(t, f, pkt, hit->side);
		hit->begins = hit->conv != NULL;
	}
	if (is_new)
		flow_wait(t, f);
	count(f, hit->conv, pkt, down, hit->side);
	hit->bytes = pkt->ip_len;
	if (pkt->proto == IP_TCP)
		see_tcp(f, hit->conv, pkt, hit->side);
	return true;
}

void
flow_settle(struct flow_table *t, const struct packet *pkt, struct flow_hit *hit)
{
	struct conv *c = hit->conv;
	int32_t off;

	if (c == NULL || pkt->proto != IP_TCP)
		return;
	if ((pkt->tcp_flags & TCP_RST) != 0) {
		/* One far off the sequence was not sent by the peer, and the peer ignores it too. */
		off = (int32_t)(pkt->tcp_seq - c->next_seq[hit->side]);
		if (off < -1 || off > 0x20000)
			return;
		flow_finish(t, hit->flow, FLOW_END_RESET);
	} else if (c->fin[0] && c->fin[1] && pkt->payload_len == 0 && (pkt->tcp_flags & TCP_FIN) == 0) {
		flow_finish(t, hit->flow, FLOW_END_CLOSED);
	} else {
		return;
	}
	hit->conv = NULL;
}

