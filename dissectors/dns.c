/* SPDX-License-Identifier: Apache-2.0 */
/* dns - questions and answers over UDP and TCP (RFC 1035, 3596, 9460), mDNS (RFC 6762), LLMNR (RFC 4795). */
#include "dissectors/dissector.h"
#include "dissectors/dns_name.h"

static enum rd_state dns_udp_probe(const struct dissect_in *);
static enum rd_state dns_tcp_probe(const struct dissect_in *);
static enum dissect dns_udp_dissect(void *, const struct dissect_in *, struct dissect_out *);
static enum dissect dns_tcp_dissect(void *, const struct dissect_in *, struct dissect_out *);

enum { PORT_DNS = 53, PORT_MDNS = 5353, PORT_LLMNR = 5355 };

enum {
	QUESTION_MIN = 5,		/* root, type, class */
	RECORD_MIN = 11,		/* root, type, class, ttl, length */
	CHAIN_MAX = 16,			/* names from qname to addresses; resolvers give up at about that */
	RECORDS_MAX = 256,		/* of an answer: a batch holds fewer */
	TXT_MAX = 2048,			/* half of what a batch can hold */
	MESSAGE_MAX = 32000,		/* over TCP; with its length it must fit into what is held for us */
	RESYNC_MAX = 64,		/* bytes within which the start of a message shows itself */
};

enum {
	FLAG_QR = 0x8000,		/* a response */
	FLAG_OPCODE = 0x7800,		/* 0: QUERY */
	FLAG_TC = 0x0200,		/* a datagram had no room for all of it */
	FLAG_Z = 0x0040,
	OPCODE_FREE = 3, OPCODE_DSO = 6,	/* IANA: not assigned; the last that is */
	RCODE_REFUSED = 5,		/* the highest of RFC 1035 */
	CLASS_IN = 1,
	CLASS_TOP_BIT = 0x8000,		/* mDNS: unicast wanted, or cache flush (RFC 6762 section 18) */
};

enum {					/* IANA, resource record types */
	TYPE_A = 1, TYPE_NS = 2, TYPE_CNAME = 5, TYPE_SOA = 6, TYPE_PTR = 12, TYPE_MX = 15, TYPE_TXT = 16,
	TYPE_AAAA = 28, TYPE_SRV = 33, TYPE_SVCB = 64, TYPE_HTTPS = 65, TYPE_ANY = 255,
	SVCB_KEY_IPV4HINT = 4, SVCB_KEY_ECH = 5, SVCB_KEY_IPV6HINT = 6,
};

struct header {
	uint16_t id, flags;
	uint16_t questions, answers, authorities, additionals;
};

struct link {
	struct span text;		/* borrowed: scratch of the batch */
	size_t offset;			/* in the message, where the name was first seen */
};

struct message {
	const struct dissect_in *in;
	struct observations *obs;
	struct rd whole;		/* where compression pointers point into */
	struct header header;
	unsigned n_chain;
	struct link chain[CHAIN_MAX + 1];	/* qname and the targets of CNAMEs that lead on from it */
};

struct tcp_state {
	bool understood;		/* a message made sense */
	bool lost[2];			/* by side: where the next message starts is not known */
};

const struct dissector dns_udp_dissector = {
	.name = "dns",
	.proto = 17,
	.probe = dns_udp_probe,
	.dissect = dns_udp_dissect,
};

const struct dissector dns_tcp_dissector = {
	.name = "dns",
	.proto = 6,
	.state_size = sizeof(struct tcp_state),
	.probe = dns_tcp_probe,
	.dissect = dns_tcp_dissect,
};

_Static_assert(MESSAGE_MAX + 2 < DISSECT_HOLD_MAX, "a message that is waited for must fit");

static struct rd
reader(struct span s, bool cut)
{
	return cut ? rd_open(s.p, s.len) : rd_closed(s.p, s.len);
}

static void
read_header(struct rd *r, struct header *h)
{
	h->id = rd_u16(r);
	h->flags = rd_u16(r);
	h->questions = rd_u16(r);
	h->answers = rd_u16(r);
	h->authorities = rd_u16(r);
	h->additionals = rd_u16(r);
}

/* --- what is told ---------------------------------------------------------- */

/* Returns where the batch keeps the value; { 0 } when it had no room. */
static struct span
tell(const struct message *m, enum obs_kind kind, struct span value, uint64_t num)
{
	unsigned n = m->obs->n;

	observe_copy(m->obs, kind, m->in->side, value);
	if (m->obs->n == n)
		return (struct span){ 0 };
	m->obs->v[n].num = num;
	return m->obs->v[n].value;
}

static void
tell_on_chain(struct message *m, enum obs_kind kind, const struct dns_name *name, size_t offset)
{
	struct span kept = tell(m, kind, (struct span){ name->text, name->len }, 0);

	if (kept.p != NULL)
		m->chain[m->n_chain++] = (struct link){ kept, offset };
}

/* Reads the owner of a record.  Most are a pointer to a name that is known already. */
static bool
read_owner(const struct message *m, struct rd *r)
{
	struct rd look = rd_fork(r);
	size_t pointer = rd_u16(&look);
	struct dns_name owner;

	for (unsigned i = 0; rd_ok(&look) && i < m->n_chain; i++)
		if (pointer == 0xc000 + m->chain[i].offset) {
			rd_skip(r, 2);
			return true;
		}
	dns_name_read(&m->whole, r, &owner);
	for (unsigned i = 0; owner.len > 0 && i < m->n_chain; i++)
		if (owner.len == m->chain[i].text.len && memcmp(owner.text, m->chain[i].text.p, owner.len) == 0)
			return true;
	return false;
}

static void
read_address(const struct message *m, struct rd *data, unsigned width, uint32_t ttl)
{
	struct span raw = rd_span(data, width);
	struct addr a;

	rd_finish(data);
	if (!rd_ok(data))
		return;
	a = width == 4 ? addr_v4(raw.p) : addr_v6(raw.p);
	tell(m, OBS_DNS_ADDRESS, (struct span){ a.b, sizeof a.b }, ttl);
}

static void
read_cname(struct message *m, struct rd *data)
{
	size_t offset = dns_offset(&m->whole, data);
	struct dns_name target;

	dns_name_read(&m->whole, data, &target);
	rd_finish(data);
	if (!rd_ok(data))
		return;
	if (m->n_chain <= CHAIN_MAX)
		tell_on_chain(m, OBS_DNS_CNAME, &target, offset);
	else
		m->obs->dropped++;
}

/* Strings are joined; of what is longer than TXT_MAX, the beginning is told. */
static void
read_txt(const struct message *m, struct rd *data)
{
	uint8_t text[TXT_MAX];
	size_t n = 0;

	while (rd_more(data)) {
		struct rd string = rd_vec(data, 1);

		while (rd_more(&string) && n < sizeof text)
			text[n++] = rd_u8(&string);
	}
	if (rd_ok(data))
		tell(m, OBS_DNS_TXT, (struct span){ text, n }, 0);
}

/* Addresses to use before those of the target are known (RFC 9460 section 7.3). */
static void
read_hints(const struct message *m, struct rd *params, uint32_t ttl)
{
	while (rd_more(params)) {
		uint16_t key = rd_u16(params);
		struct rd list = rd_vec(params, 2);
		unsigned width = key == SVCB_KEY_IPV4HINT ? 4 : key == SVCB_KEY_IPV6HINT ? 16 : 0;

		while (width > 0 && rd_left(&list) >= width) {
			struct span raw = rd_span(&list, width);
			struct rd one = rd_closed(raw.p, raw.len);

			read_address(m, &one, width, ttl);
		}
	}
}

/* RFC 9460 section 2.2; a target of "." is the owner itself. */
static void
read_svcb(const struct message *m, struct rd *data, uint32_t ttl)
{
	struct dns_name target;
	struct rd params;
	bool ech = false;

	rd_skip(data, 2);		/* priority */
	dns_name_read(&m->whole, data, &target);
	params = rd_fork(data);
	while (rd_more(data)) {
		ech |= rd_u16(data) == SVCB_KEY_ECH;
		rd_vec(data, 2);
	}
	if (!rd_ok(data))
		return;
	tell(m, OBS_DNS_SVCB, (struct span){ target.text, target.len }, ech);
	read_hints(m, &params, ttl);
}

static void
read_record(struct message *m, struct rd *r)
{
	bool mine = read_owner(m, r);
	uint16_t type = rd_u16(r), class = rd_u16(r);
	uint32_t ttl = rd_u32(r);
	struct rd data = rd_vec(r, 2);

	if (m->in->server_port == PORT_MDNS)
		class &= (uint16_t)~CLASS_TOP_BIT;
	if (ttl > INT32_MAX)
		ttl = 0;		/* RFC 2181 section 8 */
	if (!mine || class != CLASS_IN || !rd_ok(&data))
		return;
	switch (type) {
	case TYPE_A: read_address(m, &data, 4, ttl); break;
	case TYPE_AAAA: read_address(m, &data, 16, ttl); break;
	case TYPE_CNAME: read_cname(m, &data); break;
	case TYPE_TXT: read_txt(m, &data); break;
	case TYPE_SVCB: case TYPE_HTTPS: read_svcb(m, &data, ttl); break;
	}
}

static void
read_answers(struct message *m, struct rd *r)
{
	unsigned n = m->header.answers < RECORDS_MAX ? m->header.answers : RECORDS_MAX;

	m->obs->dropped += n < m->header.answers;
	while (n-- > 0 && rd_ok(r))
		read_record(m, r);
}

/* The first question is told; DNS knows no answer to several (RFC 9619), mDNS bundles them. */
static void
read_questions(struct message *m, struct rd *r)
{
	size_t offset = dns_offset(&m->whole, r);
	struct dns_name name, other;
	uint16_t type;
	bool typed;

	if (m->header.questions == 0)
		return;
	dns_name_read(&m->whole, r, &name);
	type = rd_u16(r);
	typed = rd_ok(r);
	rd_skip(r, 2);			/* class */
	for (unsigned i = 1; i < m->header.questions && rd_ok(r); i++) {
		dns_name_read(&m->whole, r, &other);
		rd_skip(r, 4);
	}
	if (rd_state(r) == RD_BAD)
		return;
	if (name.len > 0)
		tell_on_chain(m, OBS_DNS_QNAME, &name, offset);
	if (typed)
		observe_num(m->obs, OBS_DNS_QTYPE, m->in->side, type);
}

/*
 * Tells one message.  What it says up to where the capture cuts it is true; the
 * answers of one that contradicts itself are not told, for no resolver would
 * believe them either.
 */
static enum rd_state
read_message(struct span bytes, bool cut, const struct dissect_in *in, struct observations *obs)
{
	struct message m;
	struct rd r;
	unsigned told;

	/* The chain is as long as n_chain says; to clear it costs more than a question. */
	m.in = in;
	m.obs = obs;
	m.whole = r = reader(bytes, cut);
	m.n_chain = 0;

	read_header(&r, &m.header);
	/* Servers that cut a datagram do not all correct the counts. */
	r.open |= (m.header.flags & FLAG_TC) != 0;
	m.whole.open = r.open;
	read_questions(&m, &r);
	if (!rd_ok(&r) && (rd_state(&r) == RD_BAD || m.n_chain == 0))
		return rd_state(&r);
	observe_num(obs, OBS_DNS_ID, in->side, m.header.id);
	if ((m.header.flags & FLAG_QR) == 0)
		return rd_state(&r);
	observe_num(obs, OBS_DNS_RCODE, in->side, m.header.flags & 15);
	told = obs->n;
	if ((m.header.flags & FLAG_OPCODE) == 0)
		read_answers(&m, &r);
	if (rd_state(&r) == RD_BAD)
		obs->n = told;
	return rd_state(&r);
}

/* --- first bytes ----------------------------------------------------------- */

static bool
port_is_ours(uint16_t port)
{
	return port == PORT_DNS || port == PORT_MDNS || port == PORT_LLMNR;
}

/* size: of the whole message on the wire; 0 when that is not known. */
static bool
counts_plausible(const struct header *h, uint16_t port, size_t size)
{
	size_t records = (size_t)h->answers + h->authorities + h->additionals;
	bool response = (h->flags & FLAG_QR) != 0;

	if (port == PORT_MDNS ? h->questions == 0 && !(response && h->answers > 0) : h->questions != 1)
		return false;
	if (!port_is_ours(port) && !response && records > 2)
		return false;
	return size == 0 || (response && (h->flags & FLAG_TC) != 0) ||
	    DNS_HEADER_LEN + h->questions * (size_t)QUESTION_MIN + records * RECORD_MIN <= size;
}

/* On a port that is not ours, only what nearly every resolver sends and little else resembles. */
static bool
flags_plausible(uint16_t flags, bool ours)
{
	unsigned opcode = flags >> 11 & 15, rcode_max = (flags & FLAG_QR) != 0 ? RCODE_REFUSED : 0;

	if (ours)
		return opcode <= OPCODE_DSO && opcode != OPCODE_FREE;
	return (flags & (FLAG_OPCODE | FLAG_Z)) == 0 && (flags & 15u) <= rcode_max;
}

static bool
type_is_common(uint16_t type)
{
	switch (type) {
	case TYPE_A: case TYPE_NS: case TYPE_CNAME: case TYPE_SOA: case TYPE_PTR: case TYPE_MX: case TYPE_TXT:
	case TYPE_AAAA: case TYPE_SRV: case TYPE_SVCB: case TYPE_HTTPS: case TYPE_ANY: return true;
	default: return false;
	}
}

/* Two labels at least, of letters, digits, hyphens and underscores: an escape has a backslash. */
static bool
is_host_name(const struct dns_name *name)
{
	unsigned dots = 0;

	for (size_t i = 0; i < name->len; i++) {
		uint8_t c = name->text[i];

		dots += c == '.';
		if ((c < 'a' || c > 'z') && (c < '0' || c > '9') && c != '-' && c != '_' && c != '.')
			return false;
	}
	return dots > 0 && name->len > 1;
}

static enum rd_state
probe_question(const struct rd *whole, struct rd *r, bool ours)
{
	struct dns_name name;
	uint16_t type, class;
	uint8_t len;

	if (ours) {
		len = rd_u8(r);
		rd_skip(r, len);
		return len > DNS_LABEL_MAX ? RD_BAD : rd_state(r);
	}
	dns_name_read(whole, r, &name);
	type = rd_u16(r);
	class = rd_u16(r);
	if (rd_ok(r) && !(is_host_name(&name) && type_is_common(type) && class == CLASS_IN))
		return RD_BAD;
	return rd_state(r);
}

/* whole: the message as far as it is there; size: see counts_plausible(). */
static enum rd_state
probe_message(const struct rd *whole, uint16_t port, size_t size)
{
	bool ours = port_is_ours(port);
	struct rd r = rd_fork(whole);
	struct header h;

	read_header(&r, &h);
	if (rd_left(whole) >= 4 && !flags_plausible(h.flags, ours))
		return RD_BAD;
	if (!rd_ok(&r))
		return rd_state(&r);
	if (!counts_plausible(&h, port, size))
		return RD_BAD;
	return h.questions > 0 ? probe_question(whole, &r, ours) : RD_OK;
}

static enum rd_state
dns_udp_probe(const struct dissect_in *in)
{
	struct rd r = reader(in->data, in->snapped);

	return probe_message(&r, in->server_port, in->snapped ? 0 : in->data.len);
}

static enum rd_state
dns_tcp_probe(const struct dissect_in *in)
{
	struct rd r = rd_open(in->data.p, in->data.len);
	size_t len = rd_u16(&r), have = rd_left(&r);
	struct span s = rd_span(&r, have < len ? have : len);
	struct rd message = reader(s, have < len);

	if (!rd_ok(&r))
		return rd_state(&r);
	return len < DNS_HEADER_LEN ? RD_BAD : probe_message(&message, in->server_port, len);
}

/* --- datagrams ------------------------------------------------------------- */

/*
 * Nothing is kept of a conversation, so a bad datagram may come after many good
 * ones.  On a port of ours it is no reason to stop listening; elsewhere the
 * first one may have looked like DNS by chance.
 */
static enum dissect
dns_udp_dissect(void *state, const struct dissect_in *in, struct dissect_out *out)
{
	unsigned before = out->obs->n;

	(void)state;
	out->used = in->data.len;
	if (read_message(in->data, in->snapped, in, out->obs) != RD_BAD)
		return DISSECT_MORE;
	out->malformed++;
	if (port_is_ours(in->server_port))
		return DISSECT_MORE;
	out->obs->n = before;
	return DISSECT_NOT_MINE;
}

/* --- streams --------------------------------------------------------------- */

struct frame {			/* RFC 1035 section 4.2.2 */
	struct span message;	/* MESSAGE_MAX bytes of it at most: */
	bool cut;		/* it is longer */
	size_t rest;		/* bytes not here yet, and not wanted */
};

/* The next message; false when it must be waited for. */
static bool
take_frame(struct rd *r, bool last, struct frame *f)
{
	struct rd look = rd_fork(r);
	size_t len = rd_u16(&look), want = len < MESSAGE_MAX ? len : MESSAGE_MAX, over;

	if (last && want > rd_left(&look))
		want = rd_left(&look);
	f->message = rd_span(&look, want);
	if (!rd_ok(&look))
		return false;
	f->cut = want < len;
	over = len - want < rd_left(&look) ? len - want : rd_left(&look);
	rd_skip(&look, over);
	f->rest = len - want - over;
	*r = look;
	return true;
}

/* After a hole, a message is looked for where a segment begins: most begin with one. */
static bool
find_start(struct tcp_state *t, const struct dissect_in *in, struct dissect_out *out)
{
	enum rd_state s;

	t->lost[in->side] |= in->gap > 0;
	if (!t->lost[in->side])
		return true;
	s = dns_tcp_probe(in);
	t->lost[in->side] = s != RD_OK;
	if (s != RD_SHORT || in->data.len >= RESYNC_MAX || in->end)
		out->used = in->data.len;
	return s == RD_OK;
}

/*
 * A batch is about one message, so that an address is never taken for the answer
 * to another question: the caller comes back for the next.  If more is left than
 * will be held for us, messages are given up, and counted.
 */
static enum dissect
dns_tcp_dissect(void *state, const struct dissect_in *in, struct dissect_out *out)
{
	struct rd r = rd_open(in->data.p, in->data.len);
	struct tcp_state *t = state;
	unsigned before = out->obs->n;
	struct frame f = { .rest = 0 };

	if (!find_start(t, in, out))
		return DISSECT_MORE;
	while (f.rest == 0 && (out->obs->n == before || rd_left(&r) >= DISSECT_HOLD_MAX)) {
		if (!take_frame(&r, in->end || in->snapped, &f))
			break;
		if (out->obs->n > before) {
			out->obs->dropped++;
		} else if (read_message(f.message, f.cut, in, out->obs) != RD_BAD) {
			t->understood = true;
		} else {
			out->malformed++;
			if (!t->understood) {
				out->obs->n = before;
				return DISSECT_NOT_MINE;
			}
		}
	}
	out->used = in->data.len - rd_left(&r);
	out->skip = f.rest;
	return DISSECT_MORE;
}
