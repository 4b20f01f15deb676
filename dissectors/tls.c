/* SPDX-License-Identifier: Apache-2.0 */
/* tls - TLS 1.0 to 1.3 and SSL 3.0 over TCP (RFC 8446, 5246, 6101): hellos, certificate, alerts. */
#include "dissectors/dissector.h"
#include "dissectors/hello.h"
#include "dissectors/ja.h"

static enum rd_state tls_probe(const struct dissect_in *);
static enum dissect tls_dissect(void *, const struct dissect_in *, struct dissect_out *);
static void tls_detail(void *, const struct dissect_in *, struct observations *);

enum {
	RECORD_HEADER = 5,
	RECORD_MAX = 16384 + 2048,	/* RFC 5246 section 6.2.3 */
	MESSAGE_HEADER = 4,
	MESSAGE_MAX = 32000,		/* with its record headers it must fit into what is held for us */
	RECORDS_ONE_SIDED = 64,		/* encrypted records of one side without any of the other: enough */
	ALERT_ONLY_MAX = 32,		/* TLS 1.3: a shorter record is an alert, a Finished is longer */
	TLS12 = 0x0303,
	TLS13 = 0x0304,
};

enum { CHANGE_CIPHER_SPEC = 20, ALERT, HANDSHAKE, APPLICATION_DATA, HEARTBEAT };

enum {					/* IANA, TLS HandshakeType values */
	HELLO_REQUEST = 0,
	CLIENT_HELLO = 1,
	SERVER_HELLO = 2,
	NEW_SESSION_TICKET = 4,
	CERTIFICATE = 11,
	SERVER_KEY_EXCHANGE = 12,
	CERTIFICATE_REQUEST = 13,
	SERVER_HELLO_DONE = 14,
	CERTIFICATE_VERIFY = 15,
	CLIENT_KEY_EXCHANGE = 16,
	FINISHED = 20,
	CERTIFICATE_STATUS = 22,
};

/* Where a direction stands: its next byte is inside a record, perhaps inside a message. */
struct cursor {
	uint32_t skip;		/* bytes of a message that nobody wants */
	uint32_t need;		/* with fewer bytes than this a message cannot be whole */
	uint16_t left;		/* bytes of the record */
	uint8_t type;		/* of the record */
	uint8_t opaque;		/* encrypted records, up to RECORDS_ONE_SIDED */
	bool sealed;		/* ChangeCipherSpec was seen: what follows is encrypted */
	bool spoke;		/* application data or an encrypted Finished was seen */
};

struct progress {
	struct cursor dir[2];
	uint16_t version;	/* of the ServerHello; 0 before it */
	uint8_t records;	/* headers that made sense, up to 2 */
	uint8_t session_id_len;
	uint8_t session_id[HELLO_SESSION_ID_MAX];
	bool hello, sni;	/* ClientHello seen, and it had a name */
	bool retry;		/* HelloRetryRequest: another ClientHello and ServerHello follow */
	bool server_hello;
	bool cert_over;		/* the server's certificate was seen, or none will be */
	bool established;
	bool over;
};

struct tls {
	struct progress now;
	struct progress before;	/* the last call, for detail(): it began here ... */
	uint32_t used;		/* ... and consumed that much */
};

_Static_assert(sizeof(struct tls) <= DISSECT_STATE_MAX, "state of tls");

const struct dissector tls_dissector = {
	.name = "tls",
	.proto = 6,
	.state_size = sizeof(struct tls),
	.probe = tls_probe,
	.dissect = tls_dissect,
	.detail = tls_detail,
};

/* --- first bytes ----------------------------------------------------------- */

static bool
message_plausible(enum side side, uint8_t type)
{
	switch (type) {
	case CLIENT_HELLO:
	case CERTIFICATE_VERIFY:
	case CLIENT_KEY_EXCHANGE:
		return side == FROM_CLIENT;
	case HELLO_REQUEST:
	case SERVER_HELLO:
	case NEW_SESSION_TICKET:
	case SERVER_KEY_EXCHANGE:
	case CERTIFICATE_REQUEST:
	case SERVER_HELLO_DONE:
	case CERTIFICATE_STATUS:
		return side == FROM_SERVER;
	}
	return type == CERTIFICATE || type == FINISHED;
}

static bool
record_plausible(uint8_t type, uint8_t major, uint8_t minor, uint16_t len)
{
	return type >= CHANGE_CIPHER_SPEC && type <= HEARTBEAT && major == 3 && minor <= 4 &&
	    len <= RECORD_MAX && (len > 0 || type == APPLICATION_DATA);
}

static enum rd_state
tls_probe(const struct dissect_in *in)
{
	struct rd r = rd_open(in->data.p, in->data.len);
	uint8_t type = rd_u8(&r), major = rd_u8(&r), minor, message;
	uint16_t len;

	/* Two bytes refuse most of what is not ours, so that others need not wait. */
	if (in->data.len >= 1 && (type < CHANGE_CIPHER_SPEC || type > HEARTBEAT))
		return RD_BAD;
	if (in->data.len >= 2 && major != 3)
		return RD_BAD;
	minor = rd_u8(&r);
	len = rd_u16(&r);
	if (rd_ok(&r) && (len == 0 || !record_plausible(type, major, minor, len)))
		return RD_BAD;
	if (type != HANDSHAKE)
		return rd_state(&r);
	message = rd_u8(&r);
	if (rd_ok(&r) && !message_plausible(in->side, message))
		return RD_BAD;
	return rd_state(&r);
}

/* --- records --------------------------------------------------------------- */

/* One call's view of it all. */
struct look {
	struct progress *t;
	struct cursor *c;	/* of the side that speaks */
	const struct dissect_in *in;
	struct dissect_out *out;
	struct rd r;		/* never fails: whatever may is read by a fork */
};

/* Nothing more is wanted from this connection. */
static bool
enough(const struct progress *t, bool curious)
{
	if (t->over || t->established)
		return true;
	if (curious)
		return false;
	return t->sni || (t->hello && t->server_hello && (t->version >= TLS13 || t->cert_over));
}

static enum rd_state
record_header(struct rd *r, struct cursor *c)
{
	struct rd look = rd_fork(r);
	uint8_t type = rd_u8(&look), major = rd_u8(&look), minor = rd_u8(&look);
	uint16_t len = rd_u16(&look);

	if (!rd_ok(&look))
		return RD_SHORT;
	if (!record_plausible(type, major, minor, len))
		return RD_BAD;
	*r = look;
	c->type = type;
	c->left = len;
	return RD_OK;
}

static void
established(struct look *l)
{
	l->t->established = true;
	observe(l->out->obs, OBS_TLS_ESTABLISHED, l->in->side, (struct span){ 0 });
}

/* A record of which only the header can be read has begun. */
static void
encrypted(struct look *l)
{
	struct cursor *c = l->c, *other = &l->t->dir[l->in->side == FROM_CLIENT ? FROM_SERVER : FROM_CLIENT];
	bool refusal = l->t->version >= TLS13 && l->in->side == FROM_CLIENT && c->left < ALERT_ONLY_MAX;

	if (c->type == APPLICATION_DATA || c->type == HANDSHAKE)
		c->spoke |= !refusal;
	if (c->opaque < RECORDS_ONE_SIDED)
		c->opaque++;
	if (c->spoke && other->spoke)
		established(l);
	else if (c->opaque == RECORDS_ONE_SIDED && !other->spoke)
		l->t->over = true;
}

/* Over the rest of the record, also that which is not there yet. */
static enum rd_state
pass_record(struct look *l)
{
	size_t n = l->c->left < rd_left(&l->r) ? l->c->left : rd_left(&l->r);

	rd_skip(&l->r, n);
	l->out->skip = l->c->left - n;
	l->c->left = 0;
	return l->out->skip > 0 ? RD_SHORT : RD_OK;
}

/* Over what is there of a message that nobody wants. */
static enum rd_state
pass_message(struct look *l)
{
	struct cursor *c = l->c;
	size_t n = rd_left(&l->r);

	if (n == 0)
		return RD_SHORT;
	n = n < c->left ? n : c->left;
	n = n < c->skip ? n : c->skip;
	rd_skip(&l->r, n);
	c->left = (uint16_t)(c->left - n);
	c->skip -= (uint32_t)n;
	return RD_OK;
}

/*
 * The next want bytes of the handshake, over as many records as they take.
 * They stay where they are if they lie in one record, else buf is filled.
 * SHORT: what is there of them is in *out.
 */
static enum rd_state
gather(struct rd *r, struct cursor *c, size_t want, struct span *out, uint8_t *buf)
{
	size_t have = 0;

	if (want <= c->left) {
		size_t n = want < rd_left(r) ? want : rd_left(r);

		*out = rd_span(r, n);
		c->left = (uint16_t)(c->left - n);
		return n == want ? RD_OK : RD_SHORT;
	}
	while (have < want) {
		enum rd_state s = c->left > 0 ? RD_OK : record_header(r, c);
		size_t n = want - have < c->left ? want - have : c->left;
		struct span part;

		*out = (struct span){ buf, have };
		if (s != RD_OK)
			return s;
		/* No other record may come between the parts (RFC 8446 section 5.1). */
		if (c->type != HANDSHAKE)
			return RD_BAD;
		if (rd_left(r) == 0)
			return RD_SHORT;
		part = rd_span(r, n < rd_left(r) ? n : rd_left(r));
		/* The one copy of packet bytes: parts of a message are not neighbours. */
		memcpy(buf + have, part.p, part.len);
		have += part.len;
		c->left = (uint16_t)(c->left - part.len);
	}
	*out = (struct span){ buf, have };
	return RD_OK;
}

/* --- messages -------------------------------------------------------------- */

static enum rd_state
client_hello(struct look *l, struct rd *r)
{
	struct progress *t = l->t;
	struct client_hello h;
	enum rd_state s = hello_read(r, &h);
	struct rd id;

	/* A name is worth having although something else contradicts itself. */
	if (s != RD_OK && h.sni.p == NULL)
		return s;
	t->hello = true;
	t->sni = hello_names_host(&h);
	hello_observe(&h, l->in->side, l->out->obs);
	id = rd_closed(h.session_id.p, h.session_id.len);
	while (rd_more(&id) && t->session_id_len < HELLO_SESSION_ID_MAX)
		t->session_id[t->session_id_len++] = rd_u8(&id);
	if (s != RD_OK)
		l->out->malformed++;
	else if (l->in->curious)
		ja_observe_client(l->in->crypto, &h, 't', l->in->side, l->out->obs);
	return RD_OK;
}

/* Before TLS 1.3 the server repeats the client's session id; since, it chooses a shared key. */
static bool
resumed(const struct progress *t, const struct server_hello *h)
{
	if (h->version >= TLS13)
		return h->has_psk;
	return t->session_id_len > 0 && h->session_id.len == t->session_id_len &&
	    memcmp(h->session_id.p, t->session_id, t->session_id_len) == 0;
}

static enum rd_state
server_hello(struct look *l, struct rd *r)
{
	struct observations *obs = l->out->obs;
	enum side side = l->in->side;
	struct server_hello h;

	if (server_hello_read(r, &h) != RD_OK)
		return RD_BAD;
	l->t->retry = h.retry;
	if (h.retry) {
		/* Early data was refused: the client begins again, in the clear. */
		l->t->dir[FROM_CLIENT].sealed = l->t->dir[FROM_CLIENT].spoke = false;
		return RD_OK;
	}
	l->t->server_hello = true;
	l->t->version = h.version;
	observe_num(obs, OBS_TLS_VERSION, side, h.version);
	observe_num(obs, OBS_TLS_CIPHER, side, h.cipher);
	if (h.alpn.len > 0)
		observe_copy(obs, OBS_TLS_ALPN_CHOSEN, side, h.alpn);
	if (resumed(l->t, &h)) {
		l->t->cert_over = true;
		observe(obs, OBS_TLS_RESUMED, side, (struct span){ 0 });
	}
	if (l->in->curious)
		ja_observe_server(l->in->crypto, &h, side, obs);
	return RD_OK;
}

static void
observe_cert(const struct cert *c, enum side side, struct observations *obs)
{
	observe_copy(obs, OBS_TLS_CERT_SHA256, side, span_str(c->sha256));
	observe_copy(obs, OBS_TLS_CERT_SERIAL, side, span_str(c->serial));
	observe_num(obs, OBS_TLS_CERT_NOT_BEFORE, side, (uint64_t)c->not_before);
	observe_num(obs, OBS_TLS_CERT_NOT_AFTER, side, (uint64_t)c->not_after);
	observe_copy(obs, OBS_TLS_CERT_SUBJECT, side, span_str(c->subject));
	observe_copy(obs, OBS_TLS_CERT_ISSUER, side, span_str(c->issuer));
	if (c->common_name[0] != '\0')
		observe_lower(obs, OBS_TLS_CERT_NAME, side, span_str(c->common_name));
	for (unsigned i = 0; i < c->n_sans; i++)
		if (strcmp(c->sans[i], c->common_name) != 0)
			observe_lower(obs, OBS_TLS_CERT_NAME, side, span_str(c->sans[i]));
	obs->dropped += c->more_sans;
}

/* The chain begins with the server's own, the leaf (RFC 5246 section 7.4.2). */
static enum rd_state
certificate(struct look *l, struct rd *r)
{
	struct rd list = rd_vec(r, 3);
	struct span leaf = rd_more(&list) ? rd_span(&list, rd_u24(&list)) : (struct span){ 0 };
	struct cert cert;

	rd_finish(r);
	if (!rd_ok(r))
		return RD_BAD;
	l->t->cert_over = true;
	if (leaf.len == 0)
		return RD_OK;
	if (crypto_cert(l->in->crypto, leaf, &cert))
		observe_cert(&cert, l->in->side, l->out->obs);
	else
		l->out->malformed++;
	return RD_OK;
}

static bool
wanted(const struct progress *t, enum side side, uint8_t type)
{
	if (side == FROM_CLIENT)
		return type == CLIENT_HELLO && !t->hello;
	if (type == CERTIFICATE || type == SERVER_HELLO_DONE)
		return !t->cert_over;
	return type == SERVER_HELLO && !t->server_hello;
}

static enum rd_state
message_read(struct look *l, uint8_t type, struct rd *r)
{
	switch (type) {
	case CLIENT_HELLO:
		return client_hello(l, r);
	case SERVER_HELLO:
		return server_hello(l, r);
	case CERTIFICATE:
		return certificate(l, r);
	}
	l->t->cert_over = true;
	return RD_OK;
}

/* Nothing will complete this ClientHello: a name that was read whole is a fact all the same. */
static void
cut_hello(struct look *l, struct span part)
{
	struct rd r = rd_open(part.p, part.len);
	struct client_hello h;

	if (hello_read(&r, &h) != RD_BAD && h.sni.p != NULL) {
		l->t->hello = true;
		l->t->sni = hello_names_host(&h);
		hello_observe(&h, l->in->side, l->out->obs);
	}
}

static enum rd_state
missing(struct look *l, size_t n)
{
	l->c->need = (uint32_t)(rd_left(&l->r) + n);
	return RD_SHORT;
}

static enum rd_state
message(struct look *l)
{
	struct rd r = rd_fork(&l->r), head, body;
	struct cursor c = *l->c;
	uint8_t buf[MESSAGE_MAX], type;
	struct span part = { 0 };
	uint32_t len;
	enum rd_state s = gather(&r, &c, MESSAGE_HEADER, &part, buf);

	if (s != RD_OK)
		return s == RD_SHORT ? missing(l, MESSAGE_HEADER - part.len) : s;
	head = rd_closed(part.p, part.len);
	type = rd_u8(&head);
	len = rd_u24(&head);
	if (!wanted(l->t, l->in->side, type) || len > MESSAGE_MAX) {
		c.skip = len;
	} else {
		s = gather(&r, &c, len, &part, buf);
		if (s == RD_SHORT && type == CLIENT_HELLO && (l->in->end || l->in->snapped))
			cut_hello(l, part);
		if (s != RD_OK)
			return s == RD_SHORT ? missing(l, len - part.len) : s;
	}
	l->r = r;
	*l->c = c;
	if (c.skip > 0 || !wanted(l->t, l->in->side, type))
		return RD_OK;
	body = rd_closed(part.p, part.len);
	return message_read(l, type, &body);
}

/* An alert of two bytes is never encrypted: a tag alone would be longer. */
static enum rd_state
alert(struct look *l)
{
	enum { WARNING = 1, FATAL = 2 };
	uint8_t level, description;

	if (l->c->left != 2)
		return pass_record(l);
	if (rd_left(&l->r) < 2)
		return missing(l, 2 - rd_left(&l->r));
	l->c->left = 0;
	level = rd_u8(&l->r);
	description = rd_u8(&l->r);
	if (level != WARNING && level != FATAL)
		return RD_BAD;
	if (level == FATAL) {
		observe_num(l->out->obs, OBS_TLS_ALERT, l->in->side, description);
		l->t->over = true;
	}
	return RD_OK;
}

/* Between a HelloRetryRequest and its answer it only pleases middleboxes (RFC 8446 appendix D.4). */
static enum rd_state
change_cipher_spec(struct look *l)
{
	struct progress *t = l->t;

	if (l->c->left != 1)
		return RD_BAD;
	if (rd_left(&l->r) == 0)
		return missing(l, 1);
	l->c->left = 0;
	if (rd_u8(&l->r) != 1)
		return RD_BAD;
	if (t->retry)
		return RD_OK;
	l->c->sealed = true;
	t->cert_over |= l->in->side == FROM_SERVER;
	if (t->version > 0 && t->version <= TLS12 && t->dir[FROM_CLIENT].sealed && t->dir[FROM_SERVER].sealed)
		established(l);
	return RD_OK;
}

static enum rd_state
step(struct look *l)
{
	struct cursor *c = l->c;
	bool begins = c->left == 0, opaque;

	if (begins) {
		enum rd_state s = record_header(&l->r, c);

		if (s != RD_OK)
			return s == RD_SHORT ? missing(l, RECORD_HEADER - rd_left(&l->r)) : s;
		l->t->records = l->t->records > 0 ? 2 : 1;
		if (c->skip > 0 && c->type != HANDSHAKE)
			return RD_BAD;
	}
	opaque = c->type >= APPLICATION_DATA || (c->sealed && c->type != ALERT);
	if (opaque && begins)
		encrypted(l);
	if (opaque)
		return pass_record(l);
	if (c->type == ALERT)
		return alert(l);
	if (c->type == CHANGE_CIPHER_SPEC)
		return change_cipher_spec(l);
	return c->skip > 0 ? pass_message(l) : message(l);
}

static enum rd_state
walk(struct look *l)
{
	enum rd_state s = RD_OK;

	/* Every step that is OK consumes at least a byte, or what ends a message of none. */
	while (s == RD_OK && !enough(l->t, l->in->curious))
		s = step(l);
	return s;
}

/* --- the dissector --------------------------------------------------------- */

static enum dissect
tls_dissect(void *state, const struct dissect_in *in, struct dissect_out *out)
{
	struct tls *tls = state;
	struct progress *t = &tls->now;
	struct look l = { .t = t, .c = &t->dir[in->side], .in = in, .out = out,
		.r = rd_open(in->data.p, in->data.len) };
	enum rd_state s;

	tls->before = *t;
	tls->used = 0;
	if (in->gap > 0)
		t->over = true;
	if (in->data.len < l.c->need && !in->end && !in->snapped && !t->over)
		return DISSECT_MORE;
	l.c->need = 0;
	s = walk(&l);
	out->used = in->data.len - rd_left(&l.r);
	tls->used = (uint32_t)out->used;
	if (s == RD_BAD) {
		t->over = true;
		out->malformed++;
		return t->hello || t->server_hello || t->records > 1 ? DISSECT_DONE : DISSECT_NOT_MINE;
	}
	/* What cannot be held whole, many small records perhaps, is not waited for. */
	if (enough(t, in->curious) || l.c->need > DISSECT_HOLD_MAX)
		return DISSECT_DONE;
	return DISSECT_MORE;
}

/*
 * The same bytes once more from the same place, curious this time.  Only
 * fingerprints are news: a certificate that was consumed has been told.
 */
static void
tls_detail(void *state, const struct dissect_in *in, struct observations *obs)
{
	struct tls *tls = state;
	struct progress t = tls->before;
	struct rd shown = rd_open(in->data.p, in->data.len);
	struct span bytes = rd_span(&shown, tls->used);
	struct dissect_in again = *in;
	struct observations seen;
	struct dissect_out out = { .obs = &seen };
	struct look l = { .t = &t, .c = &t.dir[in->side], .in = &again, .out = &out,
		.r = rd_open(bytes.p, bytes.len) };

	observations_reset(&seen);
	seen.dropped = 0;
	t.cert_over = true;
	again.data = bytes;
	again.curious = true;
	(void)walk(&l);
	for (unsigned i = 0; i < seen.n; i++) {
		const struct observation *o = &seen.v[i];

		if (o->kind == OBS_TLS_JA3 || o->kind == OBS_TLS_JA4 || o->kind == OBS_TLS_JA3S)
			observe_copy(obs, o->kind, o->side, o->value);
	}
}
