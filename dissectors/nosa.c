/* SPDX-License-Identifier: Apache-2.0 */
/*
 * nosa - a push channel on TCP port 80 that is not HTTP: clients subscribe to
 * topics, servers notify.  Unpublished: the layout was read off the ten flows
 * that ntop/nDPI keeps to test its detection of "NOSA" (tests/cfgs/default/pcap).
 */
#include "dissectors/dissector.h"

#include <stdio.h>

static enum rd_state nosa_probe(const struct dissect_in *);
static enum dissect nosa_dissect(void *, const struct dissect_in *, struct dissect_out *);

enum {
	PORT = 80,
	HEADER_LEN = 16,
	VERSION = 1,			/* the one whose layout is known */
	SUBSCRIBE = 1, ANSWER = 2, UNSUBSCRIBE = 4,
	IDLE_MAX = 16,			/* idle bytes before a first message */
	TAG_LEN = 3,
	ID_TOLD = 32,			/* bytes of an id; 16 and 20 were seen */
	TOPICS_TOLD = 8,
	BODY_MAX = 2048,		/* of a message that is waited for; the rest may pass by */
};

struct nosa {
	bool lost[2];			/* by side: where the next message starts is not known */
};

struct header {
	uint16_t len;			/* of the message, header included */
	uint8_t version, type, topics;
};

struct topic {
	char tag[TAG_LEN + 1];
	uint32_t sequence, time;
	struct span id;
	bool has_sequence, has_time;
};

const struct dissector nosa_dissector = {
	.name = "nosa",
	.proto = 6,
	.state_size = sizeof(struct nosa),
	.probe = nosa_probe,
	.dissect = nosa_dissect,
};

/* --- header ---------------------------------------------------------------- */

static bool
side_plausible(enum side side, uint8_t type)
{
	switch (type) {
	case SUBSCRIBE: case UNSUBSCRIBE: return side == FROM_CLIENT;
	case ANSWER: return side == FROM_SERVER;
	default: return true;
	}
}

static void
read_header(struct rd *r, enum side side, struct header *h)
{
	static const char magic[4] = { 'N', 'O', 'S', 'A' };
	uint16_t zero;

	for (size_t i = 0; i < sizeof magic && rd_ok(r); i++)
		if (rd_u8(r) != magic[i] && rd_ok(r))
			rd_fail(r, RD_BAD);
	h->len = rd_u16(r);
	h->version = rd_u8(r);
	h->type = rd_u8(r);
	zero = rd_u16(r);
	h->topics = rd_u8(r);
	rd_skip(r, 1 + 4);		/* a flag of subscriptions; checksum, of a kind that is not known */
	if (rd_ok(r) && (h->len < HEADER_LEN || h->version == 0 ||
	    (h->version == VERSION && (zero != 0 || !side_plausible(side, h->type)))))
		rd_fail(r, RD_BAD);
}

/* An idle client sends a zero byte every few minutes. */
static void
pass_idle(struct rd *r, const struct dissect_in *in)
{
	struct rd look = rd_fork(r);

	while (in->side == FROM_CLIENT && rd_more(&look) && rd_u8(&look) == 0)
		*r = look;
}

static enum rd_state
nosa_probe(const struct dissect_in *in)
{
	struct rd r = rd_open(in->data.p, in->data.len);
	struct header h;

	if (in->server_port == PORT)
		pass_idle(&r, in);
	if (in->data.len - rd_left(&r) > IDLE_MAX)
		return RD_BAD;
	read_header(&r, in->side, &h);
	return rd_state(&r);
}

/* --- messages -------------------------------------------------------------- */

static void
hex(struct span s, char out[static 2 * ID_TOLD + 1])
{
	struct rd r = rd_closed(s.p, s.len);
	size_t n = 0;

	for (; rd_more(&r) && n < 2 * ID_TOLD; n += 2)
		snprintf(out + n, 3, "%02x", rd_u8(&r));
	out[n] = '\0';
}

static void
read_tag(struct rd *r, char tag[static TAG_LEN + 1])
{
	for (size_t i = 0; i < TAG_LEN; i++) {
		uint8_t c = rd_u8(r);

		if (rd_ok(r) && (c < 'A' || c > 'Z') && (c < '0' || c > '9'))
			rd_fail(r, RD_BAD);
		tag[i] = (char)c;
	}
	tag[TAG_LEN] = '\0';
}

static void
read_topic(struct rd *r, uint8_t type, struct topic *t)
{
	uint32_t payload = 0;
	uint8_t id_len;

	read_tag(r, t->tag);
	id_len = rd_u8(r);
	t->has_sequence = type != UNSUBSCRIBE;
	t->has_time = type == ANSWER;
	if (t->has_sequence)
		t->sequence = rd_u32(r);
	if (t->has_time) {
		payload = rd_le(r, 4);
		t->time = rd_u32(r);
	}
	t->id = rd_span(r, id_len);
	rd_skip(r, payload);
}

static void
tell_topic(struct observations *obs, enum side side, const struct topic *t)
{
	char id[2 * ID_TOLD + 1];

	observe_field(obs, side, "topic: %s", t->tag);
	if (t->has_sequence)
		observe_field(obs, side, "sequence: %u", t->sequence);
	if (t->has_time)
		observe_field(obs, side, "time: %u", t->time);
	hex(t->id, id);
	if (t->id.len > 0)
		observe_field(obs, side, "id: %s", id);
}

static const char *
message_name(const struct header *h)
{
	switch (h->type) {
	case SUBSCRIBE: return "subscribe";
	case ANSWER: return h->topics > 0 ? "notify" : "ack";
	case UNSUBSCRIBE: return "unsubscribe";
	default: return NULL;
	}
}

/* body: open when bytes of it are missing.  Topics that contradict themselves are not told. */
static void
tell_message(const struct dissect_in *in, struct dissect_out *out, const struct header *h, struct rd *body)
{
	const char *name = h->version == VERSION ? message_name(h) : NULL;
	unsigned told;

	observe(out->obs, OBS_APP_PROTOCOL, in->side, span_str("nosa"));
	if (name == NULL) {
		observe_field(out->obs, in->side, "version: %u", h->version);
		observe_field(out->obs, in->side, "message: type %u", h->type);
		return;
	}
	observe_field(out->obs, in->side, "message: %s", name);
	told = out->obs->n;
	for (unsigned i = 0; i < h->topics && rd_ok(body); i++) {
		struct topic t = { .has_sequence = false };

		read_topic(body, h->type, &t);
		if (rd_ok(body) && i < TOPICS_TOLD)
			tell_topic(out->obs, in->side, &t);
	}
	if (!body->open)
		rd_finish(body);
	if (rd_state(body) == RD_BAD) {
		out->malformed++;
		out->obs->n = told;
	}
}

/* After a hole, a message is looked for where a segment begins: they are small, and sent one by one. */
static bool
lost(struct nosa *n, const struct dissect_in *in, const struct rd *r)
{
	struct rd look = rd_fork(r);
	struct header h;

	n->lost[in->side] |= in->gap > 0;
	if (!n->lost[in->side])
		return false;
	read_header(&look, in->side, &h);
	n->lost[in->side] = !rd_ok(&look);
	return rd_state(&look) == RD_BAD;
}

static enum dissect
nosa_dissect(void *state, const struct dissect_in *in, struct dissect_out *out)
{
	struct rd r = rd_open(in->data.p, in->data.len), body;
	bool last = in->end || in->snapped;
	struct header h;
	struct span bytes;
	size_t len, have;

	pass_idle(&r, in);
	out->used = in->data.len - rd_left(&r);
	if (!rd_more(&r) || lost(state, in, &r)) {
		out->used = in->data.len;
		return DISSECT_MORE;
	}
	read_header(&r, in->side, &h);
	if (rd_state(&r) == RD_BAD) {
		out->malformed++;
		return DISSECT_NOT_MINE;
	}
	len = rd_ok(&r) ? h.len - (size_t)HEADER_LEN : 0;
	have = rd_left(&r) < len ? rd_left(&r) : len;
	if ((!rd_ok(&r) || have < (len < BODY_MAX ? len : BODY_MAX)) && !last)
		return DISSECT_MORE;
	out->used = in->data.len;
	if (!rd_ok(&r))
		return DISSECT_MORE;
	bytes = rd_span(&r, have);
	body = have < len ? rd_open(bytes.p, have) : rd_closed(bytes.p, have);
	tell_message(in, out, &h, &body);
	out->used = in->data.len - rd_left(&r);
	out->skip = len - have;
	return DISSECT_MORE;
}
