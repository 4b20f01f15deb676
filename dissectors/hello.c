/* SPDX-License-Identifier: Apache-2.0 */
/* hello - ClientHello and ServerHello (RFC 8446 section 4.1, RFC 5246 section 7.4.1). */
#include "dissectors/hello.h"

enum {
	VERSION_MAJOR = 3,
	RANDOM_LEN = 32,
	NAME_TYPE_HOST_NAME = 0,
	ALPN_TEXT_MAX = 256,
};

/* RFC 8446 section 4.1.3: SHA-256 of "HelloRetryRequest". */
static const uint8_t retry_random[RANDOM_LEN] = {
	0xcf, 0x21, 0xad, 0x74, 0xe5, 0x9a, 0x61, 0x11, 0xbe, 0x1d, 0x8c, 0x02, 0x1e, 0x65, 0xb8, 0x91,
	0xc2, 0xa2, 0x11, 0x16, 0x7a, 0xbb, 0x8c, 0x5e, 0x07, 0x9e, 0x09, 0xe2, 0xc8, 0xa8, 0x33, 0x9c,
};

/* As rd_vec(), but of a message that was cut it yields the part that is there. */
static struct rd
vec_cut(struct rd *r, unsigned width)
{
	size_t n = rd_uint(r, width);
	bool cut = r->open && n > rd_left(r);
	struct span s = rd_span(r, cut ? rd_left(r) : n);
	struct rd in = rd_closed(s.p, s.len);

	in.up = r;
	in.state = r->state;
	in.open = cut;
	return in;
}

/* Null once r has failed, so that a span that is there was read. */
static struct span
vec_span(struct rd *r, unsigned width)
{
	struct span s = rd_span(r, rd_uint(r, width));

	return rd_ok(r) ? s : (struct span){ 0 };
}

/*
 * The list at the end of both hellos.  An extension fails alone: a stranger's
 * mistake in one leaves the others readable.
 */
static void
extensions(struct rd *r, struct span *all, enum rd_state (*one)(void *hello, uint16_t type, struct rd *ext),
    void *hello)
{
	struct rd list = vec_cut(r, 2);
	bool bad = false;

	if (rd_ok(&list))
		*all = (struct span){ list.p, rd_left(&list) };
	while (rd_more(&list)) {
		uint16_t type = rd_u16(&list);
		struct rd ext = rd_vec(&list, 2);

		ext.up = NULL;
		if (rd_ok(&list) && one(hello, type, &ext) != RD_OK)
			bad = true;
	}
	if (list.open)
		rd_fail(&list, RD_SHORT);
	if (bad)
		rd_fail(r, RD_BAD);
}

/* An extension that holds one vector of values of unit bytes and nothing else. */
static struct span
vector(struct rd *ext, unsigned width, unsigned unit)
{
	struct span s = vec_span(ext, width);

	rd_finish(ext);
	if (s.len % unit != 0)
		rd_fail(ext, RD_BAD);
	return rd_ok(ext) ? s : (struct span){ 0 };
}

static struct span
server_name(struct rd *ext)		/* RFC 6066 section 3 */
{
	struct rd list = rd_vec(ext, 2);
	struct span host = { 0 };

	while (rd_more(&list)) {
		uint8_t type = rd_u8(&list);
		struct span name = rd_span(&list, rd_u16(&list));

		if (type == NAME_TYPE_HOST_NAME && host.p == NULL)
			host = name;
	}
	rd_finish(ext);
	if (host.p != NULL && host.len == 0)
		rd_fail(ext, RD_BAD);
	return rd_ok(ext) ? host : (struct span){ 0 };
}

static struct span
protocol_names(struct rd *ext)		/* RFC 7301 section 3.1 */
{
	struct span s = vector(ext, 2, 1);
	struct rd list = rd_closed(s.p, s.len);

	while (rd_more(&list))
		if (rd_span(&list, rd_u8(&list)).len == 0)
			rd_fail(&list, RD_BAD);
	if (!rd_ok(&list))
		rd_fail(ext, RD_BAD);
	return rd_ok(ext) ? s : (struct span){ 0 };
}

/* An extension may not come twice (RFC 8446 section 4.2); the first counts. */
static void
keep(struct span *to, struct span s)
{
	if (to->p == NULL)
		*to = s;
}

static enum rd_state
client_extension(void *hello, uint16_t type, struct rd *ext)
{
	struct client_hello *h = hello;

	switch (type) {
	case EXT_SERVER_NAME:
		h->has_sni = true;
		keep(&h->sni, server_name(ext));
		break;
	case EXT_ALPN:
		keep(&h->alpn, protocol_names(ext));
		break;
	case EXT_SUPPORTED_GROUPS:
		keep(&h->groups, vector(ext, 2, 2));
		break;
	case EXT_EC_POINT_FORMATS:
		keep(&h->point_formats, vector(ext, 1, 1));
		break;
	case EXT_SIGNATURE_ALGORITHMS:
		keep(&h->sigalgs, vector(ext, 2, 2));
		break;
	case EXT_SUPPORTED_VERSIONS:
		keep(&h->versions, vector(ext, 1, 2));
		break;
	case EXT_ENCRYPTED_CLIENT_HELLO:
		h->has_ech = true;
		break;
	}
	return rd_state(ext);
}

enum rd_state
hello_read(struct rd *r, struct client_hello *h)
{
	*h = (struct client_hello){ .legacy_version = rd_u16(r) };
	if (rd_ok(r) && h->legacy_version >> 8 != VERSION_MAJOR)
		rd_fail(r, RD_BAD);
	h->random = rd_span(r, RANDOM_LEN);
	h->session_id = vec_span(r, 1);
	if (h->session_id.len > HELLO_SESSION_ID_MAX)
		rd_fail(r, RD_BAD);
	h->ciphers = vec_span(r, 2);
	if (h->ciphers.len % 2 != 0)
		rd_fail(r, RD_BAD);
	h->compression = vec_span(r, 1);
	/* Before TLS 1.2 there may be no extensions, not even their length. */
	if (rd_more(r) || r->open)
		extensions(r, &h->extensions, client_extension, h);
	rd_finish(r);
	return rd_state(r);
}

static enum rd_state
server_extension(void *hello, uint16_t type, struct rd *ext)
{
	struct server_hello *h = hello;
	struct rd list;

	switch (type) {
	case EXT_ALPN:			/* exactly one name */
		list = rd_vec(ext, 2);
		keep(&h->alpn, vec_span(&list, 1));
		rd_finish(&list);
		rd_finish(ext);
		break;
	case EXT_SUPPORTED_VERSIONS:
		h->version = rd_u16(ext);
		rd_finish(ext);
		break;
	case EXT_PRE_SHARED_KEY:
		h->has_psk = true;
		break;
	}
	return rd_state(ext);
}

enum rd_state
server_hello_read(struct rd *r, struct server_hello *h)
{
	*h = (struct server_hello){ .legacy_version = rd_u16(r) };
	if (rd_ok(r) && h->legacy_version >> 8 != VERSION_MAJOR)
		rd_fail(r, RD_BAD);
	h->version = h->legacy_version;
	h->random = rd_span(r, RANDOM_LEN);
	h->retry = h->random.p != NULL && memcmp(h->random.p, retry_random, RANDOM_LEN) == 0;
	h->session_id = vec_span(r, 1);
	if (h->session_id.len > HELLO_SESSION_ID_MAX)
		rd_fail(r, RD_BAD);
	h->cipher = rd_u16(r);
	rd_skip(r, 1);			/* compression */
	if (rd_more(r) || r->open)
		extensions(r, &h->extensions, server_extension, h);
	rd_finish(r);
	return rd_state(r);
}

/* --- what is told ---------------------------------------------------------- */

static bool
grease_name(struct span name)
{
	struct rd r = rd_closed(name.p, name.len);

	return name.len == 2 && hello_grease(rd_u16(&r));
}

/* A list that does not fit loses whole names at its end. */
static void
observe_alpn(struct span list, enum side side, struct observations *obs)
{
	struct rd r = rd_closed(list.p, list.len);
	uint8_t text[ALPN_TEXT_MAX];
	size_t n = 0;

	while (rd_more(&r)) {
		struct span name = rd_span(&r, rd_u8(&r));
		struct rd bytes = rd_closed(name.p, name.len);
		size_t comma = n > 0;

		if (grease_name(name))
			continue;
		if (name.len + comma > sizeof text - n)
			break;
		if (comma)
			text[n++] = ',';
		while (rd_more(&bytes))
			text[n++] = rd_u8(&bytes);
	}
	if (n > 0)
		observe_copy(obs, OBS_TLS_ALPN, side, (struct span){ text, n });
}

void
hello_observe(const struct client_hello *h, enum side side, struct observations *obs)
{
	if (h->sni.p != NULL)
		observe_lower(obs, OBS_TLS_SNI, side, h->sni);
	if (h->has_ech)
		observe(obs, OBS_TLS_ECH, side, (struct span){ 0 });
	observe_alpn(h->alpn, side, obs);
}

bool
hello_names_host(const struct client_hello *h)
{
	struct addr a;

	return h->sni.len > 0 && !addr_parse((const char *)h->sni.p, h->sni.len, &a);
}
