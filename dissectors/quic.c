/* SPDX-License-Identifier: Apache-2.0 */
/* quic - hellos in QUIC v1, v2, its drafts (RFC 9000, 9001, 9369) and in Google's versions before them. */
#include "dissectors/dissector.h"
#include "dissectors/hello.h"
#include "dissectors/ja.h"
#include "dissectors/quic_packet.h"

static enum rd_state quic_probe(const struct dissect_in *);
static enum dissect quic_dissect(void *, const struct dissect_in *, struct dissect_out *);
static void quic_detail(void *, const struct dissect_in *, struct observations *);

enum {
	HELLO_MAX = 16384,		/* bytes of a side's handshake that are put together */
	CLIENT_CID_MIN = 8,		/* RFC 9000 section 7.2 */
	DATAGRAM_MIN = 1200,		/* RFC 9000 section 14.1 */
	PIECES_MAX = 128,		/* kept of earlier datagrams, of one side */
	PIECE_MAX = 232,		/* bytes of one: few of an arena's chunk are left over */
	DATAGRAMS_MAX = 32,		/* after which nothing more is waited for */
	PACKETS_MAX = 16,		/* coalesced in a datagram */
	VERSIONS_MAX = 64,		/* that a server offers */
	TLS13 = 0x0304,
};

enum { CLIENT_HELLO = 1, SERVER_HELLO = 2 };	/* IANA, TLS HandshakeType values */

/* Bytes of a handshake that came before those in front of them. */
struct kept {
	struct kept *next;		/* in the flow's arena too */
	uint16_t offset, len;
	uint8_t bytes[];
};

struct quic {
	struct kept *kept;		/* in the flow's arena */
	struct quic_keys client;	/* of version and dcid */
	uint32_t version;
	enum side side;			/* whose bytes were kept */
	uint8_t n_kept, datagrams;
	bool keyed, hello, server_hello;
	uint8_t dcid_len, dcid[QUIC_CID_MAX];	/* of the client's first Initial */
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

/* One call's view of it all. */
struct look {
	struct quic *q;
	const struct dissect_in *in;
	bool beyond;			/* the speaker has more than Initial keys: its hello is over */
	bool bad;			/* a contradiction was met */
	size_t end;			/* of bytes, after the last one that is there */
	uint8_t have[HELLO_MAX];	/* which ones are: MISSING, OLD or FRESH */
	uint8_t bytes[HELLO_MAX];	/* the handshake of the side that speaks, from its beginning */
};

enum { MISSING, OLD, FRESH };

/* --- the handshake is put together ------------------------------------------- */

/* What is there already stays: a datagram that was sent again is nothing new. */
static void
place(struct look *l, uint64_t offset, struct span bytes, uint8_t mark)
{
	size_t room = offset < HELLO_MAX ? HELLO_MAX - (size_t)offset : 0;
	size_t n = bytes.len < room ? bytes.len : room, at = (size_t)offset;
	struct rd r = rd_closed(bytes.p, n);

	if (n == 0)
		return;
	if (at >= l->end) {
		rd_copy(&r, l->bytes + at, n);
		memset(l->have + at, mark, n);
	}
	for (; rd_more(&r); at++) {
		uint8_t byte = rd_u8(&r);

		if (l->have[at] == MISSING) {
			l->bytes[at] = byte;
			l->have[at] = mark;
		}
	}
	if (offset + n > l->end)
		l->end = (size_t)offset + n;
}

/* Bytes themselves need no clearing. */
static void
clear(struct look *l)
{
	l->end = 0;
	memset(l->have, MISSING, sizeof l->have);
}

static void
attach(struct look *l, struct quic *q, const struct dissect_in *in)
{
	l->q = q;
	l->in = in;
	l->beyond = l->bad = false;
	clear(l);
}

/* With what was kept of this side. */
static void
begin(struct look *l, struct quic *q, const struct dissect_in *in)
{
	attach(l, q, in);
	if (q->side != in->side) {
		q->side = in->side;
		q->kept = NULL;
		q->n_kept = 0;
	}
	for (const struct kept *k = q->kept; k != NULL; k = k->next)
		place(l, k->offset, (struct span){ k->bytes, k->len }, OLD);
}

/* Another handshake begins. */
static void
forget(struct look *l)
{
	l->q->kept = NULL;
	l->q->n_kept = 0;
	clear(l);
}

/* How much is there without a gap. */
static struct span
beginning(const struct look *l)
{
	const uint8_t *gap = memchr(l->have, MISSING, l->end);

	return (struct span){ l->bytes, gap != NULL ? (size_t)(gap - l->have) : l->end };
}

static bool
keep_piece(struct look *l, size_t offset, size_t len)
{
	struct quic *q = l->q;
	struct kept *k;

	if (q->n_kept == PIECES_MAX || l->in->arena == NULL ||
	    (k = arena_alloc(l->in->arena, l->in->pool, sizeof *k + len)) == NULL)
		return false;
	memcpy(k->bytes, l->bytes + offset, len);
	k->offset = (uint16_t)offset;
	k->len = (uint16_t)len;
	k->next = q->kept;
	q->kept = k;
	q->n_kept++;
	return true;
}

/* What this datagram brought waits for the rest; what there is no memory for is as if it had been lost. */
static void
keep_fresh(struct look *l)
{
	for (size_t at = 0, n; at < l->end; at += n) {
		n = 1;
		if (l->have[at] != FRESH)
			continue;
		while (n < PIECE_MAX && at + n < l->end && l->have[at + n] == FRESH)
			n++;
		if (!keep_piece(l, at, n))
			return;
	}
}

/* --- Initial packets ----------------------------------------------------------- */

static size_t
open_with(const struct look *l, const struct quic_packet *p, struct span dcid, struct quic_keys *keys,
    uint8_t out[static QUIC_PAYLOAD_MAX])
{
	crypto_quic_keys(l->in->crypto, p->version->salt, p->version->v2, l->in->side == FROM_SERVER, dcid, keys);
	return quic_packet_open(l->in->crypto, p, keys, out);
}

static bool
first_id(const struct quic *q, struct span dcid)
{
	return q->keyed && dcid.len == q->dcid_len && memcmp(dcid.p, q->dcid, dcid.len) == 0;
}

/*
 * Keys stay those of the first connection id, also when the version changes while
 * the handshake goes on, under an id that the server chose (RFC 9368 section 2.3).
 * After Retry and version negotiation the client begins again, with those of the id
 * that it uses then (RFC 9000 sections 17.2.5.3 and 6.2).
 */
static size_t
open_client(struct look *l, const struct quic_packet *p, uint8_t out[static QUIC_PAYLOAD_MAX])
{
	struct quic *q = l->q;
	struct rd r = rd_closed(p->dcid.p, p->dcid.len);
	bool same = q->keyed && q->version == p->number_version, first = first_id(q, p->dcid);
	struct quic_keys keys;
	size_t n = 0;

	if (same)
		n = quic_packet_open(l->in->crypto, p, &q->client, out);
	if (n > 0 || (same && first))
		return n;
	if (q->keyed && !same && !first)
		n = open_with(l, p, (struct span){ q->dcid, q->dcid_len }, &keys, out);
	if (n == 0) {
		if ((n = open_with(l, p, p->dcid, &keys, out)) == 0)
			return 0;
		forget(l);
		q->dcid_len = (uint8_t)p->dcid.len;
		q->keyed = rd_copy(&r, q->dcid, p->dcid.len);
	}
	q->client = keys;
	q->version = p->number_version;
	return n;
}

static size_t
open_server(const struct look *l, const struct quic_packet *p, uint8_t out[static QUIC_PAYLOAD_MAX])
{
	struct quic_keys keys;

	if (!l->q->keyed)
		return 0;
	return open_with(l, p, (struct span){ l->q->dcid, l->q->dcid_len }, &keys, out);
}

/* One that does not open makes the rest of its datagram doubtful too. */
static bool
initial(struct look *l, const struct quic_packet *p)
{
	uint8_t plain[QUIC_PAYLOAD_MAX];
	size_t n = l->in->side == FROM_CLIENT ? open_client(l, p, plain) : open_server(l, p, plain);
	struct rd frames = rd_closed(plain, n);
	struct quic_piece piece;

	while (quic_next_crypto(&frames, p->version->google, &piece))
		place(l, piece.offset, piece.bytes, FRESH);
	if (n == 0 || !rd_ok(&frames))
		l->bad |= l->q->keyed || l->in->side == FROM_CLIENT;
	return n > 0;
}

/* The packets of a datagram; what follows the last one is no packet, and nothing to us. */
static void
gather(struct look *l)
{
	const struct dissect_in *in = l->in;
	struct rd r = in->snapped ? rd_open(in->data.p, in->data.len) : rd_closed(in->data.p, in->data.len);
	struct rd look = rd_fork(&r);
	struct quic_packet p;

	l->beyond = (rd_u8(&look) & 0x80) == 0;
	for (unsigned i = 0; i < PACKETS_MAX && rd_more(&r) && quic_packet_read(&r, &p) == RD_OK; i++) {
		if (p.version == NULL)
			return;
		l->beyond |= p.type == QUIC_HANDSHAKE;
		if (p.type == QUIC_INITIAL && !initial(l, &p))
			return;
	}
}

/* --- hellos ---------------------------------------------------------------------- */

/*
 * Google's handshake before TLS, CHLO: a map of tags and where their values end, of
 * which SNI is the server's name (QUIC Crypto, 2016, "Handshake messages").  OK when
 * there was one.
 */
static enum rd_state
chlo(struct rd *r, struct span *name)
{
	enum { CHLO = 0x43484c4f, SNI = 0x534e4900, TAGS_MAX = 64, NAME_MAX = 255 };
	uint32_t message = rd_u32(r), n = rd_le(r, 2), from = 0, start = 0, len = 0;

	rd_skip(r, 2);
	if (rd_ok(r) && (message != CHLO || n > TAGS_MAX))
		rd_fail(r, RD_BAD);
	for (; rd_ok(r) && n > 0; n--) {
		uint32_t tag = rd_u32(r), end = rd_le(r, 4);

		if (end < from)
			rd_fail(r, RD_BAD);
		if (tag == SNI) {
			start = from;
			len = end - from;
		}
		from = end;
	}
	if (len == 0 || len > NAME_MAX)
		rd_fail(r, RD_BAD);
	rd_skip(r, start);
	*name = rd_span(r, len);
	return rd_state(r);
}

/* What there is to know of the client is known. */
static void
told(struct look *l, struct observations *obs)
{
	observe_num(obs, OBS_QUIC_VERSION, l->in->side, l->q->version);
	l->q->hello = true;
	l->q->datagrams = 0;
}

/* From Q050's CRYPTO frames, which are sealed like anybody's. */
static void
google_sealed(struct look *l, struct span bytes, struct observations *obs)
{
	struct rd r = rd_open(bytes.p, bytes.len);
	struct span name;

	if (chlo(&r, &name) != RD_OK)
		return;
	observe_lower(obs, OBS_TLS_SNI, l->in->side, name);
	l->q->server_hello = true;	/* nothing of it could be read */
	told(l, obs);
}

/* The ClientHello once it is whole; cut: nothing more of it will come, and a name that is there is a fact. */
static void
client_hello(struct look *l, bool cut, struct observations *obs)
{
	struct span bytes = beginning(l);
	struct rd r = rd_open(bytes.p, bytes.len), body;
	struct client_hello h;
	uint8_t type = rd_u8(&r);
	size_t len = rd_u24(&r), n = len < rd_left(&r) ? len : rd_left(&r);
	struct span message = rd_span(&r, n);
	bool whole = n == len;
	enum rd_state s;

	if (!rd_ok(&r) || (!whole && !cut))
		return;
	body = whole ? rd_closed(message.p, message.len) : rd_open(message.p, message.len);
	s = type == CLIENT_HELLO ? hello_read(&body, &h) : RD_BAD;
	l->bad |= s == RD_BAD;
	if (type == CLIENT_HELLO && (s == RD_OK || h.sni.p != NULL))
		hello_observe(&h, l->in->side, obs);
	if (s == RD_OK && l->in->curious)
		ja_observe_client(l->in->crypto, &h, 'q', l->in->side, obs);
	told(l, obs);
}

/* A HelloRetryRequest stands before the ServerHello that counts. */
static void
server_hello(struct look *l, struct observations *obs)
{
	struct span bytes = beginning(l);
	struct rd r = rd_open(bytes.p, bytes.len);
	enum side side = l->in->side;

	while (rd_more(&r)) {
		uint8_t type = rd_u8(&r);
		struct rd body = rd_vec(&r, 3);
		struct server_hello h;

		if (!rd_ok(&r))
			return;
		l->q->server_hello = true;
		if (type != SERVER_HELLO || server_hello_read(&body, &h) != RD_OK) {
			l->bad = true;
			return;
		}
		if (!h.retry) {
			observe_num(obs, OBS_TLS_VERSION, side, h.version);
			observe_num(obs, OBS_TLS_CIPHER, side, h.cipher);
			if (h.version >= TLS13 && h.has_psk)
				observe(obs, OBS_TLS_RESUMED, side, (struct span){ 0 });
			ja_observe_server(l->in->crypto, &h, side, obs);
			return;
		}
		l->q->server_hello = false;
	}
}

/* --- Google's versions whose first packets are not sealed ------------------------ */

/* Up to Q043 a head with flags of its own, from Q044 to Q049 one like everybody's. */
static bool
google_version(struct span data, uint32_t *version)
{
	enum { Q001 = 0x51303031, Q043 = 0x51303433, Q044 = 0x51303434, Q049 = 0x51303439 };
	struct rd r = rd_open(data.p, data.len), old;
	uint8_t flags = rd_u8(&r);

	if ((flags & 0xc9) == 0x09) {		/* version and connection id are there */
		rd_skip(&r, 8);
		*version = rd_u32(&r);
		return rd_ok(&r) && *version >= Q001 && *version <= Q043;
	}
	old = rd_fork(&r);
	*version = rd_u32(&old);
	return (flags & 0xc0) == 0xc0 && *version >= Q044 && *version <= Q049;
}

/* Behind head, hash and a frame's head, whose sizes differ from version to version. */
static void
google_hello(struct look *l, struct observations *obs)
{
	enum { NEAR = 64 };
	struct rd r = rd_open(l->in->data.p, l->in->data.len);
	struct span name;

	for (unsigned i = 0; i < NEAR && rd_more(&r); i++, rd_skip(&r, 1)) {
		struct rd look = rd_fork(&r);

		if (chlo(&look, &name) == RD_OK) {
			observe_lower(obs, OBS_TLS_SNI, l->in->side, name);
			l->q->server_hello = true;
			told(l, obs);
			return;
		}
	}
}

/* --- the contract ---------------------------------------------------------------- */

/* Versions that somebody offers, at least one of which is known or reserved. */
static bool
negotiation(struct span list)
{
	struct rd r = rd_closed(list.p, list.len);
	bool known = false;

	for (unsigned i = 0; i < VERSIONS_MAX && rd_more(&r); i++) {
		uint32_t v = rd_u32(&r);

		known |= rd_ok(&r) && (quic_reserved(v) || quic_version(v) != NULL || v >> 16 == 0x5130);
	}
	return known && rd_ok(&r);
}

static enum rd_state
quic_probe(const struct dissect_in *in)
{
	struct rd r = in->snapped ? rd_open(in->data.p, in->data.len) : rd_closed(in->data.p, in->data.len);
	bool client = in->side == FROM_CLIENT, first_cid;
	struct quic_packet p;
	uint32_t google;

	if (client && google_version(in->data, &google))
		return RD_OK;
	if (quic_packet_read(&r, &p) == RD_BAD)
		return RD_BAD;
	first_cid = p.dcid.len >= CLIENT_CID_MIN;
	if (p.type == QUIC_NEGOTIATION)
		return !client && p.scid.len >= CLIENT_CID_MIN && negotiation(p.body) ? RD_OK : RD_BAD;
	if (p.version != NULL)
		return client && p.type == QUIC_INITIAL && !first_cid ? RD_BAD : RD_OK;
	/* A version that is there to be refused has nothing else to be known by. */
	return quic_reserved(p.number_version) && client && first_cid && in->data.len >= DATAGRAM_MIN ? RD_OK : RD_BAD;
}

static void
from_client(struct look *l, struct dissect_out *out)
{
	uint32_t google;
	bool cut;

	if (google_version(l->in->data, &google)) {
		l->q->version = google;
		google_hello(l, out->obs);
		return;
	}
	gather(l);
	cut = l->beyond || l->in->end || l->q->datagrams >= DATAGRAMS_MAX;
	if (l->q->keyed && l->q->version == QUIC_Q050)
		google_sealed(l, beginning(l), out->obs);
	else
		client_hello(l, cut, out->obs);
	if (cut && l->q->keyed && !l->q->hello)
		told(l, out->obs);
}

/* Nothing further is wanted, or nothing more will come. */
static bool
over(const struct quic *q, bool curious)
{
	return q->datagrams >= DATAGRAMS_MAX || (q->hello && (q->server_hello || !curious));
}

static enum dissect
quic_dissect(void *state, const struct dissect_in *in, struct dissect_out *out)
{
	struct quic *q = state;
	struct look l;

	out->used = in->data.len;
	if (q->datagrams < DATAGRAMS_MAX && (q->hello || in->side == FROM_CLIENT))
		q->datagrams++;
	if (in->side == FROM_CLIENT && !q->hello) {
		begin(&l, q, in);
		from_client(&l, out);
		out->malformed += l.bad;
		if (!q->hello)
			keep_fresh(&l);
		return over(q, in->curious) || (l.beyond && !q->hello) ? DISSECT_DONE : DISSECT_MORE;
	}
	if (in->side == FROM_CLIENT && !q->server_hello) {
		/* After Retry the hello comes again, and the server's keys follow the id that it is under. */
		attach(&l, q, in);
		gather(&l);
		out->malformed += l.bad;
	}
	if (in->side == FROM_SERVER && q->hello && !q->server_hello) {
		begin(&l, q, in);
		gather(&l);
		server_hello(&l, out->obs);
		out->malformed += l.bad;
		if (!q->server_hello)
			keep_fresh(&l);
	}
	return over(q, true) ? DISSECT_DONE : DISSECT_MORE;
}

/* The fingerprint of the hello that was just read, for it turned out to matter. */
static void
quic_detail(void *state, const struct dissect_in *in, struct observations *obs)
{
	struct quic *q = state;
	struct span bytes;
	struct client_hello h;
	struct rd r, body;
	struct look l;

	if (in->side != FROM_CLIENT || !q->keyed)
		return;
	begin(&l, q, in);
	gather(&l);
	bytes = beginning(&l);
	r = rd_closed(bytes.p, bytes.len);
	if (rd_u8(&r) != CLIENT_HELLO)
		return;
	body = rd_vec(&r, 3);
	if (hello_read(&body, &h) == RD_OK)
		ja_observe_client(in->crypto, &h, 'q', in->side, obs);
}
