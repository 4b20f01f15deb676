/* SPDX-License-Identifier: Apache-2.0 */
/* tls_talk - TLS conversations for the tests, a worker that listens to them, and what it should hear. */
#ifndef TESTS_TLS_TALK_H
#define TESTS_TLS_TALK_H

#include "tests/unit/hello_build.h"

#include <stdio.h>

#include "dissectors/dissector.h"
#include "tests/unit/certs.h"

enum { CCS = 20, ALERT, HANDSHAKE, DATA };
enum { CLIENT_HELLO = 1, SERVER_HELLO, CERTIFICATE = 11, SERVER_HELLO_DONE = 14, KEY_EXCHANGE = 16 };

UNUSED static struct crypto *crypto;

/* --- conversations --------------------------------------------------------- */

/* What the two sides say in turn. */
struct turn {
	enum side side;
	struct bytes bytes;
};

enum { TURNS_MAX = 8 };
static struct turn turns[TURNS_MAX];
static unsigned n_turns;
static size_t fragment = 16384;

UNUSED static struct bytes *
turn(enum side side)
{
	assert_true(n_turns < TURNS_MAX);
	turns[n_turns].side = side;
	turns[n_turns].bytes.n = 0;
	return &turns[n_turns++].bytes;
}

UNUSED static void
hello_of_client(struct bytes *o, const char *sni, bool tls13)
{
	static const uint16_t ciphers[] = { 0x1301, 0xc02f }, v13[] = { 0x0304 }, v12[] = { 0x0303 };
	static const uint16_t all[] = { 0, 16, 43 }, nameless[] = { 43 };
	struct hello_spec spec = { .version = 0x0303, .session_id_len = 32,
		.ciphers = ciphers, .n_ciphers = 2, .sni = sni,
		.alpn = { "h2", "http/1.1" }, .versions = tls13 ? v13 : v12, .n_versions = 1,
		.types = sni != NULL ? all : nameless, .n_types = sni != NULL ? 3 : 1 };
	static struct bytes body, message;

	body.n = message.n = 0;
	put_client_hello(&body, &spec);
	put_message(&message, CLIENT_HELLO, body.b, body.n);
	put_records(o, HANDSHAKE, message.b, message.n, fragment);
}

UNUSED static void
put_server_hello(struct bytes *o, uint8_t session_id, const char *random, const char *extensions, size_t n)
{
	static struct bytes body;

	body.n = 0;
	put_int(&body, 0x0303, 2);
	for (unsigned i = 0; i < 32; i++)
		put_int(&body, random != NULL ? (uint8_t)random[i] : i, 1);
	put_int(&body, 32, 1);
	for (unsigned i = 0; i < 32; i++)
		put_int(&body, session_id + i, 1);
	put_int(&body, 0xc02f, 2);
	put_int(&body, 0, 1);
	put_vec(&body, 2, extensions, n);
	put_message(o, SERVER_HELLO, body.b, body.n);
}

UNUSED static void
put_certificate(struct bytes *o, const uint8_t *der, size_t n)
{
	static struct bytes list;

	list.n = 0;
	put_vec(&list, 3, der, n);
	put_vec(&list, 3, "ca", 2);	/* an issuer that nobody looks at */
	put_int(o, CERTIFICATE, 1);
	put_int(o, list.n + 3, 3);
	put_vec(o, 3, list.b, list.n);
}

#define BLOCK(s) s, sizeof(s) - 1

/* TLS 1.2 with a certificate, then data both ways. */
UNUSED static void
talk12(const char *sni, const uint8_t *der, size_t n)
{
	static struct bytes m;
	static const uint8_t sealed[64];
	struct bytes *o;

	n_turns = 0;
	hello_of_client(turn(FROM_CLIENT), sni, false);
	o = turn(FROM_SERVER);
	m.n = 0;
	put_server_hello(&m, 0, NULL, BLOCK("\0\x10\0\5\0\3\2h2"));	/* ALPN h2 */
	put_certificate(&m, der, n);
	put_message(&m, 12, sealed, 40);				/* ServerKeyExchange */
	put_message(&m, SERVER_HELLO_DONE, "", 0);
	put_records(o, HANDSHAKE, m.b, m.n, fragment);
	o = turn(FROM_CLIENT);
	m.n = 0;
	put_message(&m, KEY_EXCHANGE, sealed, 33);
	put_records(o, HANDSHAKE, m.b, m.n, fragment);
	put_records(o, CCS, "\1", 1, 1);
	put_records(o, HANDSHAKE, sealed, 40, 40);			/* Finished */
	o = turn(FROM_SERVER);
	put_records(o, CCS, "\1", 1, 1);
	put_records(o, HANDSHAKE, sealed, 40, 40);
	put_records(turn(FROM_CLIENT), DATA, sealed, 64, 64);
}

static const char retry_random[] = "\xcf\x21\xad\x74\xe5\x9a\x61\x11\xbe\x1d\x8c\x02\x1e\x65\xb8\x91"
    "\xc2\xa2\x11\x16\x7a\xbb\x8c\x5e\x07\x9e\x09\xe2\xc8\xa8\x33\x9c";

/* TLS 1.3; reply is the length of the client's first encrypted record. */
UNUSED static void
talk13(const char *sni, bool retry, bool psk, size_t reply)
{
	static struct bytes m;
	static const uint8_t sealed[512];
	struct bytes *o;

	n_turns = 0;
	hello_of_client(turn(FROM_CLIENT), sni, true);
	if (retry) {
		o = turn(FROM_SERVER);
		m.n = 0;
		put_server_hello(&m, 0xa0, retry_random, BLOCK("\0\x2b\0\2\3\4"));
		put_records(o, HANDSHAKE, m.b, m.n, fragment);
		put_records(o, CCS, "\1", 1, 1);
		o = turn(FROM_CLIENT);
		put_records(o, CCS, "\1", 1, 1);
		hello_of_client(o, sni, true);
	}
	o = turn(FROM_SERVER);
	m.n = 0;
	if (psk)
		put_server_hello(&m, 0xa0, NULL, BLOCK("\0\x2b\0\2\3\4\0\x29\0\2\0\0"));
	else
		put_server_hello(&m, 0xa0, NULL, BLOCK("\0\x33\0\1x\0\x2b\0\2\3\4"));
	put_records(o, HANDSHAKE, m.b, m.n, fragment);
	if (!retry)
		put_records(o, CCS, "\1", 1, 1);
	put_records(o, DATA, sealed, 400, 400);
	o = turn(FROM_CLIENT);
	if (!retry)
		put_records(o, CCS, "\1", 1, 1);
	put_records(o, DATA, sealed, reply, reply);
}

/* --- what a worker does ---------------------------------------------------- */

struct run {
	bool curious;
	bool detail;			/* the catalogue recognises the first thing it hears */
	size_t cuts[2];			/* places of the conversation where a segment ends; 0 = none */
	size_t every;			/* and one after each so many bytes; 0 = none */
	/* results */
	char log[8192];
	size_t log_len;
	unsigned malformed, calls;
	size_t held;			/* most bytes that were kept */
	enum dissect answer;
	_Alignas(16) uint8_t state[DISSECT_STATE_MAX];
	struct { uint8_t b[80000]; size_t n; uint64_t skip; } dir[2];
};

static struct observations obs;

UNUSED static void
note(struct run *r)
{
	for (unsigned i = 0; i < obs.n; i++) {
		const struct observation *o = &obs.v[i];
		int n = snprintf(r->log + r->log_len, sizeof r->log - r->log_len, "%c %s", "CS"[o->side],
		    obs_kind_name(o->kind));

		r->log_len += (size_t)n;
		if (o->value.len > 0)
			n = snprintf(r->log + r->log_len, sizeof r->log - r->log_len, " %.*s\n",
			    (int)o->value.len, (const char *)o->value.p);
		else
			n = snprintf(r->log + r->log_len, sizeof r->log - r->log_len, " %llu\n",
			    (unsigned long long)o->num);
		r->log_len += (size_t)n;
	}
	assert_int_equal(obs.dropped, 0);
}

/* false: the dissector wants no more. */
UNUSED static bool
show(struct run *r, enum side side, bool end)
{
	struct dissect_in in = { .side = side, .proto = 6, .server_port = 443, .crypto = crypto,
		.data = { r->dir[side].b, r->dir[side].n }, .curious = r->curious, .end = end };
	struct dissect_out out = { .obs = &obs };
	size_t rest;

	observations_reset(&obs);
	r->answer = tls_dissector.dissect(r->state, &in, &out);
	r->calls++;
	r->malformed += out.malformed;
	assert_true(out.used <= in.data.len);
	note(r);
	if (r->detail && !r->curious && obs.n > 0) {
		observations_reset(&obs);
		tls_dissector.detail(r->state, &in, &obs);
		note(r);
		r->curious = true;
		r->answer = DISSECT_MORE;
	}
	rest = in.data.len - out.used;
	memmove(r->dir[side].b, r->dir[side].b + out.used, rest);
	r->dir[side].n = rest;
	r->dir[side].skip = out.skip;
	if (rest > r->held)
		r->held = rest;
	/* Bytes to skip that are there already would mean that the dissector gave up too early. */
	assert_true(out.skip == 0 || rest == 0);
	return r->answer == DISSECT_MORE;
}

UNUSED static bool
add(struct run *r, enum side side, const uint8_t *p, size_t n)
{
	size_t skip = r->dir[side].skip < n ? (size_t)r->dir[side].skip : n;

	r->dir[side].skip -= skip;
	assert_true(n - skip <= sizeof r->dir[side].b - r->dir[side].n);
	memcpy(r->dir[side].b + r->dir[side].n, p + skip, n - skip);
	r->dir[side].n += n - skip;
	return n == skip || show(r, side, false);
}

UNUSED static bool
is_cut(const struct run *r, size_t at)
{
	return (r->cuts[0] > 0 && at == r->cuts[0]) || (r->cuts[1] > 0 && at == r->cuts[1]) ||
	    (r->every > 0 && at % r->every == 0);
}

/* The conversation so far built, from its beginning. */
UNUSED static const char *
play(struct run *r)
{
	size_t at = 0;

	r->log_len = r->held = 0;
	r->malformed = r->calls = 0;
	r->log[0] = '\0';
	memset(r->state, 0, sizeof r->state);
	memset(r->dir, 0, sizeof r->dir);
	for (unsigned t = 0; t < n_turns; t++) {
		size_t from = 0;

		for (size_t i = 1; i <= turns[t].bytes.n; i++) {
			at++;
			if (i < turns[t].bytes.n && !is_cut(r, at))
				continue;
			if (!add(r, turns[t].side, turns[t].bytes.b + from, i - from))
				return r->log;
			from = i;
		}
	}
	return r->log;
}

UNUSED static size_t
length(void)
{
	size_t n = 0;

	for (unsigned t = 0; t < n_turns; t++)
		n += turns[t].bytes.n;
	return n;
}

/* --- what they tell -------------------------------------------------------- */

/* The fingerprints by md5sum and sha256sum: 771,4865-49199,0-16-43,, and so on. */
#define CLIENT_SAYS "C tls.sni update.example.net\nC tls.alpn h2,http/1.1\n"
#define CLIENT12_JA                                                                             \
	"C tls.ja3 336f5f33f4497e06a9cd5231997c3982\n"                                          \
	"C tls.ja4 t12d0203h2_c1929292aa6b_b9a491fefe05\n"
#define SERVER12_SAYS "S tls.version 771\nS tls.cipher 49199\nS tls.alpn_chosen h2\n"
#define SERVER12_JA "S tls.ja3s 896415616b22361262d7a961b6325cfd\n"
#define CERTIFICATE_SAYS                                                                        \
	"S tls.certificate.sha256 B648C5A8E108F30FAFA7890B70938B2D3B3E28955F8687622F1BE4CCD54CB92B\n" \
	"S tls.certificate.serial F3A1B2C3D4\n"                                                 \
	"S tls.certificate.not_before 1704164645\nS tls.certificate.not_after 2556241445\n"     \
	"S tls.certificate.subject CN=Update.Example.net,O=Uk\xc3\xa1zka\\, s.r.o.,C=CZ\n"      \
	"S tls.certificate.issuer CN=Update.Example.net,O=Uk\xc3\xa1zka\\, s.r.o.,C=CZ\n"       \
	"S tls.certificate.name update.example.net\n"                                           \
	"S tls.certificate.name *.cdn.example.net\nS tls.certificate.name old.example.net\n"

#define ALL12_SAYS                                                                              \
	CLIENT_SAYS CLIENT12_JA SERVER12_SAYS SERVER12_JA CERTIFICATE_SAYS "S tls.established 0\n"
#define NO_CERTIFICATE_SAYS                                                                     \
	CLIENT_SAYS CLIENT12_JA SERVER12_SAYS SERVER12_JA "S tls.established 0\n"
#define CLIENT13_JA                                                                             \
	"C tls.ja3 336f5f33f4497e06a9cd5231997c3982\n"                                          \
	"C tls.ja4 t13d0203h2_c1929292aa6b_b9a491fefe05\n"
#define SERVER13_SAYS "S tls.version 772\nS tls.cipher 49199\n"
#define SERVER13_JA "S tls.ja3s c6c28d10f13ee83c8ca904577eb4116d\n"

static struct run run;

UNUSED static void
fresh(bool curious, bool detail)
{
	memset(&run, 0, sizeof run);
	run.curious = curious;
	run.detail = detail;
	fragment = 16384;
}

UNUSED static int
set_up(void **state)
{
	struct err err;

	(void)state;
	crypto = crypto_new(&err);
	return crypto == NULL ? -1 : 0;
}

UNUSED static int
tear_down(void **state)
{
	(void)state;
	crypto_free(&crypto);
	return 0;
}

#endif
