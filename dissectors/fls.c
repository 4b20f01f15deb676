/* SPDX-License-Identifier: Apache-2.0 */
/*
 * fls - File Lookup Service: is the file with this digest known to be good?
 * UDP 4447 or 53, TCP 4448 or 80; little-endian, packed.  Source: OpenEDR,
 * edrav2/iprj/libcloud/src/flsproto4.{h,cpp}, flsproto7.{h,cpp}, inc/fls.hpp.
 *
 * Version 3 has no magic: only its requests with digests are claimed, which
 * determine their own length.  A reply shows nothing of itself in any version,
 * and is read only when its request was seen.
 */
#include "dissectors/dissector.h"

#include <stdio.h>

static enum rd_state fls_probe(const struct dissect_in *);
static enum dissect fls_udp_dissect(void *, const struct dissect_in *, struct dissect_out *);
static enum dissect fls_tcp_dissect(void *, const struct dissect_in *, struct dissect_out *);

enum {
	UDP_PORT = 4447, UDP_PORT_OTHER = 53,
	TCP_PORT = 4448, TCP_PORT_OTHER = 80,
	PACKET_MAX = 1024,
	MARKER = 0xef,			/* version 7 begins with it */
	V3_HEADER = 26, V7_HEADER = 6,
	V7_COMMON = 24, V7_LIST = 25,	/* payload of every request; of one with digests, before them */
	APPLICATION = 10,		/* the one that is published */
	V3_CALLER_MAX = 4, V7_CALLER_MAX = 8,
	GUID_LEN = 16, DIGEST_LONGEST = 32,
	REPLY_HEADER = 5,
	ASKED_MAX = 8,			/* requests that wait for their reply */
	TOLD_MAX = 4,			/* digests a request, verdicts a reply */
};

static const struct kind {
	uint8_t version, type;
	uint8_t answer;			/* bytes a digest in the reply; 0: not published */
	bool digests;			/* the request ends in a list of them */
	const char *name;
} kinds[] = {
	{ 3, 0, 2, true, "file" },
	{ 3, 1, 0, true, "file, extended" },
	{ 3, 2, 0, true, "hit count" },
	{ 3, 4, 0, true, "hit count, extended" },
	{ 3, 5, 1, true, "vendor" },
	{ 3, 6, 0, true, "malware" },
	{ 3, 8, 0, true, "vendor, extended" },
	{ 3, 9, 0, true, "malware, extended" },
	{ 7, 0, 2, true, "file" },
	{ 7, 4, 0, true, "hit count, extended" },
	{ 7, 8, 1, true, "vendor" },
	{ 7, 9, 0, true, "malware" },
	{ 7, 10, 0, false, "domain" },
	{ 7, 11, 0, false, "file information" },
	{ 7, 31, 0, true, "file, with source" },
	{ 7, 32, 0, true, "file, with sources" },
	{ 7, 35, 0, false, "url" },
	{ 7, 36, 0, false, "url category" },
	{ 7, 40, 0, false, "url invalidation" },
};

static const struct hash {
	uint8_t len;
	const char *name;
} hashes[] = { { 20, "sha1" }, { 32, "sha256" }, { 16, "md5" } };

static const char *const verdicts[] = { "absent", "safe", "malicious", "unknown", "fail" };

struct asked {
	uint32_t id;
	uint8_t n, answer;
	bool set, counted;		/* in use; n is known */
};

struct fls {
	struct asked asked[ASKED_MAX];
	uint8_t next;
	bool understood;
};

struct request {
	const struct kind *kind;
	const struct hash *hash;
	uint32_t id;
	struct span guid;
	size_t n;			/* digests */
	size_t rest;			/* bytes after what read_request() reads */
};

_Static_assert(sizeof(struct fls) <= DISSECT_STATE_MAX, "state of fls");

const struct dissector fls_udp_dissector = {
	.name = "fls",
	.proto = 17,
	.state_size = sizeof(struct fls),
	.probe = fls_probe,
	.dissect = fls_udp_dissect,
};

const struct dissector fls_tcp_dissector = {
	.name = "fls",
	.proto = 6,
	.state_size = sizeof(struct fls),
	.probe = fls_probe,
	.dissect = fls_tcp_dissect,
};

static struct rd
reader(struct span s, bool open)
{
	return open ? rd_open(s.p, s.len) : rd_closed(s.p, s.len);
}

/* --- requests -------------------------------------------------------------- */

static const struct kind *
find_kind(uint8_t version, uint8_t type)
{
	for (size_t i = 0; i < sizeof kinds / sizeof *kinds; i++)
		if (kinds[i].version == version && kinds[i].type == type)
			return &kinds[i];
	return NULL;
}

static const struct hash *
find_hash(uint8_t type)
{
	return type < sizeof hashes / sizeof *hashes ? &hashes[type] : NULL;
}

/* What is wrong is told as soon as it is read, so that others need not wait for the rest. */
static void
expect(struct rd *r, bool plausible)
{
	if (rd_ok(r) && !plausible)
		rd_fail(r, RD_BAD);
}

static void
read_v3(struct rd *r, uint8_t type, struct request *q)
{
	uint8_t caller;

	q->kind = find_kind(3, type);
	expect(r, q->kind != NULL);
	q->id = rd_le(r, 4);
	q->n = rd_u8(r);
	expect(r, q->n > 0);
	q->hash = find_hash(rd_u8(r));
	expect(r, q->hash != NULL && V3_HEADER + q->n * q->hash->len <= PACKET_MAX);
	expect(r, rd_u8(r) == 3);
	expect(r, rd_u8(r) == APPLICATION);
	q->guid = rd_span(r, GUID_LEN);
	caller = rd_u8(r);
	expect(r, caller >= 1 && caller <= V3_CALLER_MAX);
	if (rd_ok(r))
		q->rest = q->n * q->hash->len;
}

static void
read_v7_list(struct rd *r, size_t payload, struct request *q)
{
	q->hash = find_hash(rd_u8(r));
	expect(r, q->hash != NULL && payload > V7_LIST && (payload - V7_LIST) % q->hash->len == 0);
	if (rd_ok(r)) {
		q->n = (payload - V7_LIST) / q->hash->len;
		q->rest = payload - V7_LIST;
	}
}

static void
read_v7(struct rd *r, struct request *q)
{
	uint8_t caller;
	size_t payload;

	expect(r, rd_u8(r) == 7);
	q->kind = find_kind(7, rd_u8(r));
	expect(r, q->kind != NULL);
	rd_skip(r, 1);			/* revision of the type */
	payload = rd_le(r, 2);
	expect(r, payload >= V7_COMMON && V7_HEADER + payload <= PACKET_MAX);
	q->id = rd_le(r, 4);
	expect(r, rd_u8(r) != 0);	/* application */
	rd_skip(r, 2);			/* its version */
	caller = rd_u8(r);
	expect(r, caller >= 1 && caller <= V7_CALLER_MAX);
	q->guid = rd_span(r, GUID_LEN);
	if (!rd_ok(r))
		return;
	q->rest = payload - V7_COMMON;
	if (q->kind->digests)
		read_v7_list(r, payload, q);
}

static void
read_request(struct rd *r, struct request *q)
{
	uint8_t first = rd_u8(r);

	*q = (struct request){ .kind = NULL };
	if (!rd_ok(r))
		return;
	if (first == MARKER)
		read_v7(r, q);
	else
		read_v3(r, first, q);
}

static enum rd_state
fls_probe(const struct dissect_in *in)
{
	bool udp = in->proto == 17;
	struct rd r = reader(in->data, !udp || in->snapped);
	struct request q;

	if (in->side != FROM_CLIENT)
		return RD_BAD;
	if (udp ? in->server_port != UDP_PORT && in->server_port != UDP_PORT_OTHER :
	    in->server_port != TCP_PORT && in->server_port != TCP_PORT_OTHER)
		return RD_BAD;
	read_request(&r, &q);
	if (!rd_ok(&r) || !udp)
		return rd_state(&r);
	/* Its length is half of the evidence for a datagram without magic. */
	if (in->snapped)
		return q.kind->version == 7 ? RD_OK : RD_BAD;
	return rd_left(&r) == q.rest ? RD_OK : RD_BAD;
}

/* --- what is told ---------------------------------------------------------- */

/* Returns whether any byte is not zero. */
static bool
hex(struct span s, char out[static 2 * DIGEST_LONGEST + 1])
{
	struct rd r = rd_closed(s.p, s.len);
	size_t n = 0;
	bool some = false;

	for (; rd_more(&r) && n < 2 * DIGEST_LONGEST; n += 2) {
		uint8_t b = rd_u8(&r);

		some |= b != 0;
		snprintf(out + n, 3, "%02x", b);
	}
	out[n] = '\0';
	return some;
}

/* r: at the digests, open when some are missing. */
static void
tell_request(struct observations *obs, enum side side, const struct request *q, struct rd *r)
{
	char text[2 * DIGEST_LONGEST + 1];

	observe(obs, OBS_APP_PROTOCOL, side, span_str("fls"));
	observe_field(obs, side, "version: %u", q->kind->version);
	observe_field(obs, side, "request: %s", q->kind->name);
	if (hex(q->guid, text))
		observe_field(obs, side, "id: %s", text);
	if (!q->kind->digests)
		return;
	observe_field(obs, side, "hashes: %zu", q->n);
	for (size_t i = 0; i < q->n && i < TOLD_MAX; i++) {
		struct span digest = rd_span(r, q->hash->len);

		if (!rd_ok(r))
			break;
		hex(digest, text);
		observe_field(obs, side, "hash: %s:%s", q->hash->name, text);
	}
}

static void
remember(struct fls *f, const struct request *q)
{
	f->understood = true;
	f->asked[f->next++ % ASKED_MAX] = (struct asked){ .id = q->id, .n = (uint8_t)q->n,
		.answer = q->kind->answer, .set = true, .counted = q->kind->digests };
}

/* --- replies --------------------------------------------------------------- */

/* The request that this answers, which is forgotten; false: none is known. */
static bool
read_reply(struct fls *f, struct rd *r, struct asked *found)
{
	uint32_t id = rd_le(r, 4);
	uint8_t n = rd_u8(r);

	for (size_t i = 0; rd_ok(r) && i < ASKED_MAX; i++) {
		struct asked *a = &f->asked[i];

		if (!a->set || a->id != id || (a->counted && a->n != n))
			continue;
		*found = *a;
		found->n = n;
		return true;
	}
	return false;
}

static void
forget(struct fls *f, uint32_t id)
{
	for (size_t i = 0; i < ASKED_MAX; i++)
		f->asked[i].set &= f->asked[i].id != id;
}

static void
tell_reply(struct observations *obs, enum side side, const struct asked *a, struct rd *r)
{
	observe(obs, OBS_APP_PROTOCOL, side, span_str("fls"));
	observe_field(obs, side, "answers: %u", a->n);
	for (unsigned i = 0; a->answer > 0 && i < a->n && i < TOLD_MAX; i++) {
		uint8_t v = rd_u8(r);

		if (!rd_ok(r))
			break;
		if (v < sizeof verdicts / sizeof *verdicts)
			observe_field(obs, side, "verdict: %s", verdicts[v]);
		else
			observe_field(obs, side, "verdict: %u", v);
		if (i + 1 < a->n)
			rd_skip(r, a->answer - 1u);
	}
}

/* --- datagrams ------------------------------------------------------------- */

static enum dissect
udp_request(struct fls *f, const struct dissect_in *in, struct dissect_out *out, struct rd *r)
{
	struct request q;

	read_request(r, &q);
	if (rd_ok(r) && !in->snapped && rd_left(r) != q.rest)
		rd_fail(r, RD_BAD);
	if (rd_ok(r)) {
		tell_request(out->obs, in->side, &q, r);
		remember(f, &q);
	} else if (rd_state(r) == RD_BAD) {
		out->malformed++;
	}
	return f->understood ? DISSECT_MORE : DISSECT_NOT_MINE;
}

static enum dissect
fls_udp_dissect(void *state, const struct dissect_in *in, struct dissect_out *out)
{
	struct rd r = reader(in->data, in->snapped);
	struct fls *f = state;
	struct asked a;

	out->used = in->data.len;
	if (in->side == FROM_CLIENT)
		return udp_request(f, in, out, &r);
	if (!read_reply(f, &r, &a))
		return DISSECT_MORE;
	if (!in->snapped && rd_left(&r) < (size_t)a.n * a.answer) {
		out->malformed++;
		return DISSECT_MORE;
	}
	tell_reply(out->obs, in->side, &a, &r);
	forget(f, a.id);
	return DISSECT_MORE;
}

/* --- streams --------------------------------------------------------------- */

/* After what is no request, or a hole, the next is looked for where a segment begins. */
static enum dissect
tcp_request(struct fls *f, const struct dissect_in *in, struct dissect_out *out, struct rd *r)
{
	bool last = in->end || in->snapped;
	struct request q;

	read_request(r, &q);
	if (rd_state(r) == RD_BAD) {
		out->malformed += in->gap == 0;
		out->used = in->data.len;
		return f->understood ? DISSECT_MORE : DISSECT_NOT_MINE;
	}
	if (!last && (!rd_ok(r) || rd_left(r) < q.rest))
		return DISSECT_MORE;
	out->used = in->data.len;
	if (!rd_ok(r))
		return DISSECT_MORE;
	if (rd_left(r) >= q.rest)
		out->used -= rd_left(r) - q.rest;
	tell_request(out->obs, in->side, &q, r);
	remember(f, &q);
	return DISSECT_MORE;
}

/* Of a reply whose length is not published, the end is taken to be that of its segment. */
static enum dissect
tcp_reply(struct fls *f, const struct dissect_in *in, struct dissect_out *out, struct rd *r)
{
	struct rd at = rd_fork(r);
	struct asked a = { .n = 0 };
	bool found = read_reply(f, &at, &a);
	size_t rest = (size_t)a.n * a.answer;

	if (!in->end && !in->snapped && (!rd_ok(&at) || (found && rd_left(&at) < rest)))
		return DISSECT_MORE;
	out->used = in->data.len;
	if (!found)
		return DISSECT_MORE;
	if (a.answer > 0 && rd_left(&at) >= rest)
		out->used -= rd_left(&at) - rest;
	tell_reply(out->obs, in->side, &a, &at);
	forget(f, a.id);
	return DISSECT_MORE;
}

static enum dissect
fls_tcp_dissect(void *state, const struct dissect_in *in, struct dissect_out *out)
{
	struct rd r = rd_open(in->data.p, in->data.len);

	if (in->data.len == 0)
		return DISSECT_MORE;
	return in->side == FROM_CLIENT ? tcp_request(state, in, out, &r) : tcp_reply(state, in, out, &r);
}
