/* SPDX-License-Identifier: Apache-2.0 */
/* quic - the handshake of QUIC v1, v2, its drafts and Google's (RFC 9000, 9001, 9369), as far as it can be read. */
#include "dissectors/dissector.h"
#include "dissectors/hello.h"
#include "dissectors/ja.h"
#include "dissectors/quic_packet.h"

static enum rd_state quic_probe(const struct dissect_in *);
static enum dissect quic_dissect(void *, const struct dissect_in *, struct dissect_out *);
static void quic_detail(void *, const struct dissect_in *, struct observations *);

enum {
	HELLO_MAX = 16384,		/* bytes of a ClientHello that are put together */
	CLIENT_CID_MIN = 8,		/* RFC 9000 section 7.2 */
	PIECES_MAX = 96,		/* kept of earlier datagrams */
	PIECE_MAX = 960,		/* bytes of one: what an arena gives at once */
	DATAGRAMS_MAX = 32,		/* after which there is nothing more to wait for */
	PACKETS_MAX = 16,		/* coalesced in a datagram */
	CLIENT_HELLO = 1, SERVER_HELLO = 2,
	CHLO_TAGS_MAX = 64, CHLO_NEAR = 64,
};

/* A piece of the ClientHello that came before the rest of it. */
struct kept {
	struct kept *next;
	struct span bytes;		/* in the flow's arena */
	uint16_t offset;
};

struct quic {
	struct kept *kept;		/* in the flow's arena */
	struct quic_keys client;	/* of the connection id below */
	uint32_t version;
	uint8_t dcid_len, n_kept, datagrams;
	bool keyed, hello, server_hello;
	uint8_t dcid[QUIC_CID_MAX];
};

_Static_assert(sizeof(struct quic) <= DISSECT_STATE_MAX, "state of quic");

const struct dissector quic_dissector = {
	.name = "quic",
	.proto = 17,
	.state_size = sizeof(struct quic),
	.probe = quic_probe,
	.dissect = quic_dissect,
	.detail = quic_detail,
};

/* The bytes of a handshake message, put together where they belong. */
struct message {
	uint8_t bytes[HELLO_MAX], have[HELLO_MAX];	/* have: which of them came */
	size_t end;			/* after the last one that came */
};

static void
place(struct message *m, uint64_t offset, struct span bytes)
{
	struct rd r = rd_closed(bytes.p, bytes.len);

	if (offset >= HELLO_MAX)
		return;
	if (bytes.len > HELLO_MAX - offset)
		bytes.len = (size_t)(HELLO_MAX - offset);
	if (bytes.len == 0 || !rd_copy(&r, m->bytes + offset, bytes.len))
		return;
	memset(m->have + offset, 1, bytes.len);
	if (offset + bytes.len > m->end)
		m->end = (size_t)offset + bytes.len;
}

/* How much of the message is there from its beginning on. */
static struct span
beginning(const struct message *m)
{
	const uint8_t *hole = m->end > 0 ? memchr(m->have, 0, m->end) : m->have;

	return (struct span){ m->bytes, hole != NULL ? (size_t)(hole - m->have) : m->end };
}

/* Must come before anything is placed; the bytes themselves need no clearing. */
static void
message_begin(struct message *m)
{
	m->end = 0;
	memset(m->have, 0, sizeof m->have);
}

/* --- what was kept of earlier datagrams --------------------------------------------- */

static void
keep(struct quic *q, const struct dissect_in *in, uint64_t offset, struct span bytes)
{
	struct rd r = rd_closed(bytes.p, bytes.len);

	while (rd_more(&r) && offset < HELLO_MAX && q->n_kept < PIECES_MAX && in->arena != NULL) {
		size_t n = rd_left(&r) < PIECE_MAX ? rd_left(&r) : PIECE_MAX;
		struct kept *k = arena_alloc(in->arena, in->pool, sizeof *k);

		if (k == NULL)
			return;
		k->bytes = arena_copy(in->arena, in->pool, rd_span(&r, n));
		if (k->bytes.p == NULL)
			return;
		k->offset = (uint16_t)offset;
		k->next = q->kept;
		q->kept = k;
		q->n_kept++;
		offset += n;
	}
}

/* --- packets ---------------------------------------------------------------------------- */

/* Opens a client's Initial with the keys at hand, else with those of its own connection id, which then stay. */
static size_t
open_client(struct quic *q, const struct dissect_in *in, const struct quic_packet *p, uint8_t out[static QUIC_PAYLOAD_MAX])
{
	struct rd r = rd_closed(p->dcid.p, p->dcid.len);
	struct quic_keys keys;
	size_t n;

	if (q->keyed && q->version == p->number_version && (n = quic_packet_open(in->crypto, p, &q->client, out)) > 0)
		return n;
	/* After Retry and version negotiation the client begins again (RFC 9000 sections 17.2.5.3 and 6.2). */
	crypto_quic_keys(in->crypto, p->version->salt, p->version->v2, false, p->dcid, &keys);
	n = quic_packet_open(in->crypto, p, &keys, out);
	if (n == 0)
		return 0;
	q->client = keys;
	q->version = p->number_version;
	q->dcid_len = (uint8_t)p->dcid.len;
	rd_copy(&r, q->dcid, p->dcid.len);
	q->keyed = true;
	return n;
}

/* A server's Initial is under keys of the client's connection id. */
static size_t
open_server(const struct quic *q, const struct dissect_in *in, const struct quic_packet *p,
    uint8_t out[static QUIC_PAYLOAD_MAX])
{
	struct quic_keys keys;

	if (!q->keyed || q->version != p->number_version)
		return 0;
	crypto_quic_keys(in->crypto, p->version->salt, p->version->v2, true, (struct span){ q->dcid, q->dcid_len }, &keys);
	return quic_packet_open(in->crypto, p, &keys, out);
}

/* CRYPTO frames of the datagram's Initial packets are placed; false when something contradicted itself. */
static bool
gather(struct quic *q, const struct dissect_in *in, struct message *m, bool keep_them)
{
	struct rd r = in->snapped ? rd_open(in->data.p, in->data.len) : rd_closed(in->data.p, in->data.len);
	uint8_t plain[QUIC_PAYLOAD_MAX];
	struct quic_packet p;
	struct quic_piece piece;
	bool good = true;

	for (unsigned i = 0; i < PACKETS_MAX && rd_more(&r) && quic_packet_read(&r, &p) == RD_OK; i++) {
		struct rd frames;
		size_t n;

		if (p.type != QUIC_INITIAL || p.version == NULL)
			continue;
		n = in->side == FROM_CLIENT ? open_client(q, in, &p, plain) : open_server(q, in, &p, plain);
		good &= n > 0 || in->side == FROM_SERVER;
		frames = rd_closed(plain, n);
		while (quic_next_crypto(&frames, p.version->google, &piece)) {
			place(m, piece.offset, piece.bytes);
			if (keep_them)
				keep(q, in, piece.offset, piece.bytes);
		}
		good &= rd_ok(&frames);
	}
	return good;
}

/* --- hellos ------------------------------------------------------------------------------- */

/*
 * Google's handshake before TLS: a map of tags, of which SNI is the server's name
 * (QUIC Crypto, revision 2016).  OK when there was one.
 */
static enum rd_state
chlo(struct rd *r, enum side side, struct observations *obs)
{
	uint32_t tag = rd_u32(r), n, from = 0, start = 0, end = 0;
	struct span name;

	n = rd_le(r, 2);
	rd_skip(r, 2);
	if (!rd_ok(r) || tag != 0x43484c4f || n > CHLO_TAGS_MAX)	/* "CHLO" */
		return RD_BAD;
	for (uint32_t i = 0; i < n; i++) {
		uint32_t t = rd_u32(r), to = rd_le(r, 4);

		if (t == 0x534e4900) {		/* "SNI\\0" */
			start = from;
			end = to;
		}
		from = to;
	}
	if (end <= start || end - start > 255)
		return rd_ok(r) ? RD_BAD : rd_state(r);
	rd_skip(r, start);
	name = rd_span(r, end - start);
	if (rd_ok(r))
		observe_lower(obs, OBS_TLS_SNI, side, name);
	return rd_state(r);
}

/* The ClientHello, when all of it is there, or when nothing more will come and its name is. */
static bool
client_hello(struct quic *q, const struct dissect_in *in, struct span bytes, bool last, struct observations *obs)
{
	struct rd r = rd_open(bytes.p, bytes.len), body;
	struct client_hello h = { 0 };
	uint8_t type = rd_u8(&r);
	struct span message;
	enum rd_state s;
	uint32_t len;
	bool whole;

	if (rd_ok(&r) && type == 'C') {
		r = rd_open(bytes.p, bytes.len);
		if (chlo(&r, in->side, obs) != RD_OK)
			return false;
		observe_num(obs, OBS_QUIC_VERSION, in->side, q->version);
		return q->hello = true;
	}
	len = rd_u24(&r);
	whole = len <= rd_left(&r);
	if (!rd_ok(&r) || type != CLIENT_HELLO || !(whole || last))
		return false;
	message = rd_span(&r, whole ? len : rd_left(&r));
	body = whole ? rd_closed(message.p, message.len) : rd_open(message.p, message.len);
	s = hello_read(&body, &h);
	if (s == RD_BAD || (!whole && h.sni.p == NULL))
		return false;
	hello_observe(&h, in->side, obs);
	if (whole && s == RD_OK && in->curious)
		ja_observe_client(in->crypto, &h, 'q', in->side, obs);
	observe_num(obs, OBS_QUIC_VERSION, in->side, q->version);
	return q->hello = true;
}

static void
server_hello(struct quic *q, const struct dissect_in *in, struct span bytes, struct observations *obs)
{
	struct rd r = rd_open(bytes.p, bytes.len), body;
	uint8_t type = rd_u8(&r);
	struct server_hello h;

	body = rd_vec(&r, 3);
	if (!rd_ok(&r) || type != SERVER_HELLO || server_hello_read(&body, &h) != RD_OK || h.retry)
		return;
	q->server_hello = true;
	observe_num(obs, OBS_TLS_VERSION, in->side, h.version);
	observe_num(obs, OBS_TLS_CIPHER, in->side, h.cipher);
	ja_observe_server(in->crypto, &h, in->side, obs);
}

/* --- Google's versions before Q050, whose first packets are not sealed ------------------------ */

static bool
is_google(uint32_t version)
{
	return version >> 16 == 0x5130 && version < 0x51303530;		/* "Q0", to Q049 */
}

/* Public header with an 8-byte connection id and a version (to Q043), or a long header (Q046). */
static bool
google_version(struct span data, uint32_t *version)
{
	struct rd old = rd_open(data.p, data.len), new = rd_fork(&old);
	uint8_t flags = rd_u8(&old);

	rd_skip(&old, 8);
	*version = rd_u32(&old);
	if (rd_ok(&old) && (flags & 0xc9) == 0x09 && is_google(*version))
		return true;
	flags = rd_u8(&new);
	*version = rd_u32(&new);
	return rd_ok(&new) && (flags & 0xc0) == 0xc0 && is_google(*version);
}

static bool
google_hello(struct quic *q, const struct dissect_in *in, struct observations *obs)
{
	struct rd r = rd_open(in->data.p, in->data.len);

	/* After header, hash and frame head, whose sizes differ from version to version. */
	for (unsigned i = 0; i < CHLO_NEAR && rd_more(&r); i++) {
		struct rd look = rd_fork(&r);

		if (chlo(&look, in->side, obs) == RD_OK) {
			observe_num(obs, OBS_QUIC_VERSION, in->side, q->version);
			return q->hello = true;
		}
		rd_skip(&r, 1);
	}
	return false;
}

/* --- the contract ------------------------------------------------------------------------------ */

static enum rd_state
quic_probe(const struct dissect_in *in)
{
	struct rd r = in->snapped ? rd_open(in->data.p, in->data.len) : rd_closed(in->data.p, in->data.len);
	uint32_t google;
	struct quic_packet p;
	enum rd_state s;

	if (in->side == FROM_CLIENT && google_version(in->data, &google))
		return RD_OK;
	s = quic_packet_read(&r, &p);
	if (s == RD_BAD || (p.version == NULL && !quic_reserved(p.number_version) && p.type != QUIC_NEGOTIATION))
		return RD_BAD;
	if (p.type == QUIC_NEGOTIATION)		/* the server's own word, with the ids of both */
		return in->side == FROM_SERVER && p.dcid.len + p.scid.len >= CLIENT_CID_MIN ? RD_OK : RD_BAD;
	if (in->side == FROM_CLIENT && p.type == QUIC_INITIAL && p.dcid.len < CLIENT_CID_MIN)
		return RD_BAD;
	/* A version to be refused has nothing else to be known by but its padding (RFC 9000 section 14.1). */
	if (p.version == NULL && (in->side != FROM_CLIENT || in->data.len < 1200 || p.dcid.len < CLIENT_CID_MIN))
		return RD_BAD;
	return RD_OK;
}

static enum dissect
from_client(struct quic *q, const struct dissect_in *in, struct dissect_out *out)
{
	struct message m;
	bool last = q->datagrams >= DATAGRAMS_MAX || in->end;

	if (google_version(in->data, &q->version)) {
		google_hello(q, in, out->obs);
	} else {
		message_begin(&m);
		for (const struct kept *k = q->kept; k != NULL; k = k->next)
			place(&m, k->offset, k->bytes);
		if (!gather(q, in, &m, false))
			out->malformed++;
		/* Most hellos are whole in their first datagram: nothing is kept before it is known that this one is not. */
		if (m.end > 0 && !client_hello(q, in, beginning(&m), last, out->obs)) {
			message_begin(&m);
			gather(q, in, &m, true);
		}
	}
	if (last)
		return DISSECT_DONE;
	return q->hello && !in->curious ? DISSECT_DONE : DISSECT_MORE;
}

static enum dissect
quic_dissect(void *state, const struct dissect_in *in, struct dissect_out *out)
{
	struct quic *q = state;
	struct message m;

	out->used = in->data.len;
	if (q->datagrams < UINT8_MAX)
		q->datagrams++;
	if (!q->hello && in->side == FROM_CLIENT)
		return from_client(q, in, out);
	if (q->hello && !q->server_hello && in->side == FROM_SERVER) {
		message_begin(&m);
		gather(q, in, &m, false);
		server_hello(q, in, beginning(&m), out->obs);
	}
	return q->datagrams >= DATAGRAMS_MAX || (q->hello && q->server_hello) ? DISSECT_DONE : DISSECT_MORE;
}

/* The fingerprint of the hello that was just read, for it turned out to matter. */
static void
quic_detail(void *state, const struct dissect_in *in, struct observations *obs)
{
	struct quic *q = state;
	struct message m;
	struct span bytes;
	struct rd r, body;
	struct client_hello h;

	if (in->side != FROM_CLIENT || !q->keyed)
		return;
	message_begin(&m);
	for (const struct kept *k = q->kept; k != NULL; k = k->next)
		place(&m, k->offset, k->bytes);
	gather(q, in, &m, false);
	bytes = beginning(&m);
	r = rd_closed(bytes.p, bytes.len);
	if (rd_u8(&r) != CLIENT_HELLO)
		return;
	body = rd_vec(&r, 3);
	if (hello_read(&body, &h) == RD_OK)
		ja_observe_client(in->crypto, &h, 'q', in->side, obs);
}
