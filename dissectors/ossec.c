/* SPDX-License-Identifier: Apache-2.0 */
/*
 * ossec - host agents and their manager on port 1514, TCP or UDP.  Source:
 * ossec/ossec-hids, src/os_crypto/shared/msgs.c, and the forks of it that
 * speak TCP, where a message follows its length (32 bits, little-endian).
 *
 * What is in clear: "!<agent id>!" from agents whose address may change, then
 * ":" (Blowfish) or "#AES:"; or a bare "#ping" and "#pong".
 */
#include "dissectors/dissector.h"


static enum rd_state ossec_udp_probe(const struct dissect_in *);
static enum rd_state ossec_tcp_probe(const struct dissect_in *);
static enum dissect ossec_udp_dissect(void *, const struct dissect_in *, struct dissect_out *);
static enum dissect ossec_tcp_dissect(void *, const struct dissect_in *, struct dissect_out *);

enum {
	PORT = 1514,
	LENGTH_LEN = 4,
	MESSAGE_MAX = 65536 + 64,	/* OS_MAXSTR, clear text before it, a block of padding */
	AGENT_MAX = 8,			/* digits: "!%s!#AES:" was given 16 bytes */
	CIPHER_MIN = 40,		/* 54 characters at least are compressed, 32 of them an MD5 */
	CIPHER_SEEN = 24,		/* bytes, one of which is not ASCII unless it is text */
	BLOWFISH_BLOCK = 8, AES_BLOCK = 16,
	PATIENCE = 64,			/* messages of one side, when the other is not seen */
};

struct ossec {
	bool told[2];			/* by side */
	uint8_t seen[2];		/* messages, up to PATIENCE */
};

/* The part of a message that is in clear. */
struct clear {
	char agent[AGENT_MAX + 1];
	const char *cipher;		/* "aes", "blowfish"; NULL: a ping or pong */
};

const struct dissector ossec_udp_dissector = {
	.name = "ossec",
	.proto = 17,
	.state_size = sizeof(struct ossec),
	.probe = ossec_udp_probe,
	.dissect = ossec_udp_dissect,
};

const struct dissector ossec_tcp_dissector = {
	.name = "ossec",
	.proto = 6,
	.state_size = sizeof(struct ossec),
	.probe = ossec_tcp_probe,
	.dissect = ossec_tcp_dissect,
};

/* --- a message ------------------------------------------------------------- */

static void
expect(struct rd *r, bool plausible)
{
	if (rd_ok(r) && !plausible)
		rd_fail(r, RD_BAD);
}

static void
read_literal(struct rd *r, const char *text)
{
	for (; *text != '\0' && rd_ok(r); text++)
		expect(r, rd_u8(r) == (uint8_t)*text);
}

/* After "!": digits and another one. */
static void
read_agent(struct rd *r, struct clear *c)
{
	size_t n = 0;
	uint8_t b;

	while ((b = rd_u8(r)) >= '0' && b <= '9' && n < AGENT_MAX)
		c->agent[n++] = (char)b;
	c->agent[n] = '\0';
	expect(r, b == '!' && n > 0);
}

/* after: bytes of the message after the clear part; 0 when that is not known. */
static void
read_cipher(struct rd *r, size_t after, size_t block)
{
	uint8_t high = 0;

	expect(r, after == 0 || (after >= CIPHER_MIN && after % block == 0));
	for (unsigned i = 0; i < CIPHER_SEEN; i++)
		high |= rd_u8(r);
	expect(r, (high & 0x80) != 0);
}

/* len: of the whole message on the wire; 0: not known. */
static void
read_clear(struct rd *r, const struct dissect_in *in, size_t len, struct clear *c)
{
	size_t before = rd_left(r), used;
	uint8_t b = rd_u8(r);

	*c = (struct clear){ .cipher = NULL };
	if (b == '!' && in->side == FROM_CLIENT) {
		read_agent(r, c);
		b = rd_u8(r);
	}
	if (b == ':') {
		used = before - rd_left(r);
		expect(r, in->server_port == PORT && len > used);
		c->cipher = "blowfish";
		read_cipher(r, len - used, BLOWFISH_BLOCK);
		return;
	}
	expect(r, b == '#');
	if (len == 5 && in->server_port == PORT) {
		read_literal(r, in->side == FROM_CLIENT ? "ping" : "pong");
		return;
	}
	read_literal(r, "AES:");
	used = before - rd_left(r);
	expect(r, len == 0 || len > used);
	c->cipher = "aes";
	read_cipher(r, len > used ? len - used : 0, AES_BLOCK);
}

static void
tell_clear(const struct dissect_in *in, struct observations *obs, const struct clear *c)
{
	observe(obs, OBS_APP_PROTOCOL, in->side, span_str("ossec"));
	observe_field(obs, in->side, "transport: %s", in->proto == 17 ? "udp" : "tcp");
	if (c->cipher == NULL)
		observe_field(obs, in->side, "message: %s", in->side == FROM_CLIENT ? "ping" : "pong");
	if (c->agent[0] != '\0')
		observe_field(obs, in->side, "agent: %s", c->agent);
	if (c->cipher != NULL)
		observe_field(obs, in->side, "cipher: %s", c->cipher);
}

/* All messages of a side look alike: its first tells what there is to tell. */
static void
take_message(struct ossec *o, const struct dissect_in *in, struct observations *obs, const struct clear *c)
{
	if (!o->told[in->side])
		tell_clear(in, obs, c);
	o->told[in->side] |= c->cipher != NULL;
	if (o->seen[in->side] < PATIENCE)
		o->seen[in->side]++;
}

static enum dissect
answer(const struct ossec *o, enum side side)
{
	return (o->told[0] && o->told[1]) || o->seen[side] == PATIENCE ? DISSECT_DONE : DISSECT_MORE;
}

/* --- datagrams ------------------------------------------------------------- */

static enum rd_state
read_datagram(const struct dissect_in *in, struct clear *c)
{
	struct rd r = in->snapped ? rd_open(in->data.p, in->data.len) : rd_closed(in->data.p, in->data.len);

	read_clear(&r, in, in->snapped ? 0 : in->data.len, c);
	return rd_state(&r);
}

static enum rd_state
ossec_udp_probe(const struct dissect_in *in)
{
	struct clear c;

	return read_datagram(in, &c);
}

static enum dissect
ossec_udp_dissect(void *state, const struct dissect_in *in, struct dissect_out *out)
{
	struct ossec *o = state;
	struct clear c;

	out->used = in->data.len;
	switch (read_datagram(in, &c)) {
	case RD_OK:
		take_message(o, in, out->obs, &c);
		break;
	case RD_BAD:
		out->malformed++;
		if (o->seen[0] == 0 && o->seen[1] == 0)
			return DISSECT_NOT_MINE;
		break;
	case RD_SHORT:
		break;
	}
	return answer(o, in->side);
}

/* --- streams --------------------------------------------------------------- */

/* rest: bytes of the message after what was read. */
static void
read_framed(struct rd *r, const struct dissect_in *in, struct clear *c, size_t *rest)
{
	size_t len = rd_le(r, LENGTH_LEN), before = rd_left(r);

	expect(r, len > 0 && len <= MESSAGE_MAX);
	read_clear(r, in, len, c);
	*rest = rd_ok(r) ? len - (before - rd_left(r)) : 0;
}

static enum rd_state
ossec_tcp_probe(const struct dissect_in *in)
{
	struct rd r = rd_open(in->data.p, in->data.len);
	struct clear c;
	size_t rest;

	read_framed(&r, in, &c, &rest);
	return rd_state(&r);
}

/* After a hole, a message is looked for where a segment begins; there, anything may be found. */
static enum dissect
ossec_tcp_dissect(void *state, const struct dissect_in *in, struct dissect_out *out)
{
	struct rd r = rd_open(in->data.p, in->data.len);
	struct ossec *o = state;
	struct clear c;
	size_t rest;

	if (in->data.len == 0)
		return DISSECT_MORE;
	read_framed(&r, in, &c, &rest);
	switch (rd_state(&r)) {
	case RD_OK:
		take_message(o, in, out->obs, &c);
		out->used = in->data.len - rd_left(&r);
		out->skip = rest;
		break;
	case RD_BAD:
		out->malformed += in->gap == 0;
		out->used = in->data.len;
		if (o->seen[0] == 0 && o->seen[1] == 0)
			return DISSECT_NOT_MINE;
		break;
	case RD_SHORT:
		out->used = in->end || in->snapped ? in->data.len : 0;
		break;
	}
	return answer(o, in->side);
}
