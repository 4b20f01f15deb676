/* SPDX-License-Identifier: Apache-2.0 */
/* quic_talk - QUIC conversations for the tests, and a worker that listens to them. */
#ifndef TESTS_QUIC_TALK_H
#define TESTS_QUIC_TALK_H

#include "tests/unit/unit.h"

#include "dissectors/dissector.h"
#include "tests/unit/hello_build.h"
#include "tests/unit/quic_build.h"

enum { CLIENT_HELLO = 1, SERVER_HELLO = 2, CHUNKS_MAX = 16 };

static const uint8_t cid[] = { 0x83, 0x94, 0xc8, 0xf0, 0x3e, 0x51, 0x57, 0x08 };	/* RFC 9001 appendix A */

static struct run {
	bool curious, detail, snapped, end;
	bool no_arena;
	/* results */
	char log[4096];
	unsigned malformed, calls;
	enum dissect answer;
	_Alignas(16) uint8_t state[DISSECT_STATE_MAX];
} run;

static struct crypto *crypto;
static struct arena arena = { .max = CHUNKS_MAX };
static struct arena_pool pool;
static struct observations obs;

UNUSED static void
fresh(bool curious)
{
	arena_reset(&arena, &pool);
	memset(&run, 0, sizeof run);
	run.curious = curious;
}

static void
note(void)
{
	for (unsigned i = 0; i < obs.n; i++) {
		const struct observation *o = &obs.v[i];
		size_t at = strlen(run.log);

		if (o->value.len > 0)
			snprintf(run.log + at, sizeof run.log - at, "%c %s %.*s\n", "CS"[o->side], obs_kind_name(o->kind),
			    (int)o->value.len, (const char *)o->value.p);
		else
			snprintf(run.log + at, sizeof run.log - at, "%c %s %llx\n", "CS"[o->side], obs_kind_name(o->kind),
			    (unsigned long long)o->num);
	}
	assert_int_equal(obs.dropped, 0);
}

/* As a worker does, from memory of exactly the datagram's size. */
UNUSED static void
show(enum side side, const void *data, size_t len)
{
	struct dissect_out out = { .obs = &obs };
	uint8_t *exact = malloc(len > 0 ? len : 1);
	struct dissect_in in = { .side = side, .proto = 17, .server_port = 443, .data = { exact, len },
		.snapped = run.snapped, .end = run.end, .curious = run.curious, .crypto = crypto,
		.arena = run.no_arena ? NULL : &arena, .pool = run.no_arena ? NULL : &pool };

	assert_non_null(exact);
	memcpy(exact, data, len);
	observations_reset(&obs);
	run.answer = quic_dissector.dissect(run.state, &in, &out);
	assert_int_equal(out.used, len);
	assert_int_equal(out.skip, 0);
	run.malformed += out.malformed;
	run.calls++;
	note();
	if (obs.n > 0 && run.detail && !run.curious) {
		run.curious = true;
		observations_reset(&obs);
		quic_dissector.detail(run.state, &in, &obs);
		note();
	}
	free(exact);
}

UNUSED static enum rd_state
probe(enum side side, const void *data, size_t len)
{
	uint8_t *exact = malloc(len > 0 ? len : 1);
	struct dissect_in in = { .side = side, .proto = 17, .server_port = 443, .data = { exact, len } };
	enum rd_state s;

	assert_non_null(exact);
	memcpy(exact, data, len);
	s = quic_dissector.probe(&in);
	free(exact);
	return s;
}

/* A ClientHello with its message header, of at least fill bytes: the rest are names of protocols. */
UNUSED static void
hello(struct bytes *o, const char *sni, size_t fill)
{
	static const uint16_t ciphers[] = { 0x1301, 0x1302 }, versions[] = { 0x0304 }, types[] = { 0, 16, 43 };
	struct hello_spec spec = { .version = 0x0303, .ciphers = ciphers, .n_ciphers = 2, .sni = sni, .alpn = { "h3" },
		.versions = versions, .n_versions = 1, .types = sni != NULL ? types : types + 1, .n_types = sni != NULL ? 3 : 2 };
	static struct bytes body;
	size_t ext, list = 2 + 32 + 1 + 6 + 2 + 2;	/* where extensions begin */

	body.n = 0;
	put_client_hello(&body, &spec);
	if (fill > body.n + 8) {	/* an extension that nobody knows */
		put_int(&body, 0xff77, 2);
		ext = vec_begin(&body, 2);
		while (body.n + 4 < fill)
			put_int(&body, body.n * 7 & 0xff, 1);
		vec_end(&body, ext, 2);
		vec_end(&body, list, 2);
	}
	o->n = 0;
	put_message(o, CLIENT_HELLO, body.b, body.n);
}

/* A client's datagram of some version with one piece of the handshake. */
UNUSED static void
client_piece(struct qb_out *o, uint32_t version, uint32_t number, uint64_t offset, const void *bytes, size_t len)
{
	struct qb_frame f = { .offset = offset, .bytes = bytes, .len = len };
	struct qb_initial p = { .version = version, .dcid = cid, .dcid_len = sizeof cid, .scid = "me", .scid_len = 2,
		.number = number, .frames = &f, .n_frames = 1, .fill = 1200 };

	o->n = 0;
	qb_initial(o, &p);
}

/* A server's Initial under the keys of the client's first id. */
UNUSED static void
server_piece(struct qb_out *o, uint32_t version, uint32_t number, uint64_t offset, const void *bytes, size_t len)
{
	struct qb_frame f = { .offset = offset, .bytes = bytes, .len = len };
	struct qb_initial p = { .version = version, .server = true, .dcid = "me", .dcid_len = 2, .scid = "them",
		.scid_len = 4, .first = cid, .first_len = sizeof cid, .number = number, .frames = &f, .n_frames = 1 };

	o->n = 0;
	qb_initial(o, &p);
}

UNUSED static void
show_hello(uint32_t version, const char *sni)
{
	static struct bytes m;
	struct qb_out o;

	hello(&m, sni, 0);
	client_piece(&o, version, 0, 0, m.b, m.n);
	show(FROM_CLIENT, o.b, o.n);
}

/* What is heard of hello(): without and with what is costly. */
#define HEARD(sni, version) "C tls.sni " sni "\nC tls.alpn h3\nC quic.version " version "\n"

UNUSED static int
set_up(void **state)
{
	struct err err;

	(void)state;
	arena_pool_init(&pool, 1024);
	crypto = crypto_new(&err);
	return crypto == NULL ? -1 : 0;
}

UNUSED static int
tear_down(void **state)
{
	(void)state;
	arena_reset(&arena, &pool);
	arena_pool_fini(&pool);
	crypto_free(&crypto);
	return 0;
}

#endif
