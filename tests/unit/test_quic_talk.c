/* SPDX-License-Identifier: Apache-2.0 */
/* test_quic_talk - QUIC's handshakes as they go: retries, coalesced packets, servers, Google's, mistakes. */
#include "quic_talk.h"

#define N(array) (sizeof(array) / sizeof *(array))
#define RAW(s) { .bytes = s, .len = sizeof(s) - 1, .raw = true }

static struct bytes m;
static struct qb_out o;

static void
show_piece(uint32_t number, size_t offset, size_t len)
{
	client_piece(&o, 1, number, offset, m.b + offset, len);
	show(FROM_CLIENT, o.b, o.n);
}

/* An Initial of the client with other ids. */
static void
show_as(uint32_t version, const char *dcid, const void *first, size_t first_len, size_t offset, size_t len)
{
	struct qb_frame f = { .offset = offset, .bytes = m.b + offset, .len = len };
	struct qb_initial p = { .version = version, .dcid = dcid, .dcid_len = strlen(dcid), .first = first,
		.first_len = first_len, .token = "token", .token_len = 5, .number = 1, .number_len = 1,
		.frames = &f, .n_frames = 1, .fill = 1200 };

	o.n = 0;
	qb_initial(&o, &p);
	show(FROM_CLIENT, o.b, o.n);
}

/* --- ids and versions on the way ---------------------------------------------------- */

/* The client goes on under the id that the server chose, and under keys of its own first one. */
static void
test_server_id(void **state)
{
	(void)state;
	fresh(false);
	hello(&m, "ids.example", 1600);
	show_piece(0, 0, 1000);
	show_as(1, "them", cid, sizeof cid, 1000, m.n - 1000);
	assert_string_equal(run.log, HEARD("ids.example", "1"));
	assert_int_equal(run.malformed, 0);
}

/* RFC 9000 section 17.2.5: keys come from the id in Retry, however short it is. */
static void
test_retry(void **state)
{
	static const char retry[] = "\xf0\0\0\0\1\2me\4themtoken0123456789abcdef";

	(void)state;
	fresh(false);
	hello(&m, "retry.example", 1600);
	show_piece(0, 0, 1000);
	show(FROM_SERVER, retry, sizeof retry - 1);
	show_as(1, "them", NULL, 0, 1000, m.n - 1000);
	assert_string_equal(run.log, "");	/* the beginning must come again too */
	show_as(1, "them", NULL, 0, 0, 1000);
	assert_string_equal(run.log, HEARD("retry.example", "1"));
	assert_int_equal(run.malformed, 0);
}

/* RFC 9000 section 6: the server does not know the version, the client takes another. */
static void
test_negotiation(void **state)
{
	static const char negotiation[] = "\x80\0\0\0\0\2me\x08\x83\x94\xc8\xf0\x3e\x51\x57\x08\0\0\0\1";

	(void)state;
	fresh(false);
	hello(&m, "version.example", 0);
	client_piece(&o, 1, 0, 0, m.b, m.n);
	memcpy(o.b + 1, "\x1a\x2a\x3a\x4a", 4);
	show(FROM_CLIENT, o.b, o.n);
	show(FROM_SERVER, negotiation, sizeof negotiation - 1);
	assert_string_equal(run.log, "");
	assert_int_equal(run.answer, DISSECT_MORE);
	client_piece(&o, 1, 1, 0, m.b, m.n);
	show(FROM_CLIENT, o.b, o.n);
	assert_string_equal(run.log, HEARD("version.example", "1"));
	assert_int_equal(run.malformed, 0);

	/* The part of another hello that came before, under the same id, is none of this one's. */
	fresh(false);
	hello(&m, "versiob.example", 0);
	client_piece(&o, 1, 0, 0, m.b, 70);
	show(FROM_CLIENT, o.b, o.n);
	hello(&m, "version.example", 0);
	client_piece(&o, 0xff00001d, 1, 70, m.b + 70, m.n - 70);
	show(FROM_CLIENT, o.b, o.n);
	assert_string_equal(run.log, "");
	client_piece(&o, 0xff00001d, 2, 0, m.b, 70);
	show(FROM_CLIENT, o.b, o.n);
	assert_string_equal(run.log, HEARD("version.example", "ff00001d"));
	assert_int_equal(run.malformed, 0);
}

/* RFC 9368 section 2.3: a compatible version, the handshake goes on. */
static void
test_compatible(void **state)
{
	(void)state;
	fresh(false);
	hello(&m, "compatible.example", 1600);
	show_piece(0, 0, 1000);
	show_as(QB_V2, "them", cid, sizeof cid, 1000, m.n - 1000);
	assert_string_equal(run.log, HEARD("compatible.example", "6b3343cf"));
	assert_int_equal(run.malformed, 0);
}

/* --- packets in a datagram ------------------------------------------------------------- */

static void
add_initial(uint32_t number, unsigned number_len, size_t offset, size_t len)
{
	struct qb_frame f = { .offset = offset, .bytes = m.b + offset, .len = len };
	struct qb_initial p = { .version = 1, .dcid = cid, .dcid_len = sizeof cid, .number = number,
		.number_len = number_len, .frames = &f, .n_frames = 1 };

	qb_initial(&o, &p);
}

/* 0-RTT, of 21 bytes. */
static void
add_0rtt(void)
{
	qb_put(&o, "\xd0\0\0\0\1\x08", 6);
	qb_put(&o, cid, sizeof cid);
	qb_put(&o, "\0\x15", 2);
	qb_put(&o, "sealed, for all I say", 21);
}

static void
test_coalesced(void **state)
{
	(void)state;
	fresh(false);
	hello(&m, "coalesced.example", 0);
	o.n = 0;
	add_0rtt();
	add_initial(0, 1, 30, m.n - 30);
	add_0rtt();
	add_initial(0x1234, 2, 0, 30);
	qb_put(&o, "\0\0\0\0 padding of a datagram", 26);
	show(FROM_CLIENT, o.b, o.n);
	assert_string_equal(run.log, HEARD("coalesced.example", "1"));
	assert_int_equal(run.malformed, 0);
}

static void
test_frames(void **state)
{
	struct qb_frame f[] = {
		RAW("\0\0\1"),						/* PADDING, PING */
		RAW("\2\x40\x64\0\1\0\3\4"),				/* ACK: 100, 0, ranges 1; 0; 3, 4 */
		RAW("\3\2\0\0\1\1\2\3"),				/* ACK of ECN counts */
		{ .offset = 20 }, { .offset = 0 },
		RAW("\x1c\x0a\6\3why"),					/* CONNECTION_CLOSE */
		RAW("\x40\1"),						/* PING, written longer */
	};

	(void)state;
	fresh(false);
	hello(&m, "frames.example", 0);
	f[3].bytes = m.b + 20;
	f[3].len = m.n - 20;
	f[4].bytes = m.b;
	f[4].len = 20;
	qb_client(&o, cid, sizeof cid, 0, f, N(f));
	show(FROM_CLIENT, o.b, o.n);
	assert_string_equal(run.log, HEARD("frames.example", "1"));
	assert_int_equal(run.malformed, 0);
}

/* What no Initial may hold is counted; sealed frames in front of it are facts all the same. */
static void
test_bad_frames(void **state)
{
	static const struct qb_frame bad[] = {
		RAW("\4\0\0\0"),		/* RESET_STREAM */
		RAW("\x1e"),			/* HANDSHAKE_DONE */
		RAW("\6\0\x7f\xff"),		/* CRYPTO longer than the packet */
		RAW("\2\1\0\x7f\xff\0"),	/* ACK with ranges that are not there */
		RAW("\x80"),			/* a type cut short */
	};

	(void)state;
	hello(&m, "bad.example", 0);
	for (size_t i = 0; i < N(bad); i++) {
		struct qb_frame f[] = { { .bytes = m.b, .len = m.n }, bad[i] };

		for (unsigned from = 0; from < 2; from++) {
			struct qb_initial p = { .version = 1, .dcid = cid, .dcid_len = sizeof cid, .frames = f + from,
				.n_frames = 2 - from, .fill = 0 };

			fresh(false);
			o.n = 0;
			qb_initial(&o, &p);
			show(FROM_CLIENT, o.b, o.n);
			assert_string_equal(run.log, from == 0 ? HEARD("bad.example", "1") : "");
			assert_int_equal(run.malformed, 1);
		}
	}
}

/* --- what is wrong ------------------------------------------------------------------------ */

/* A bit that turned anywhere: nothing is said, for nobody vouches for it. */
static void
test_flipped(void **state)
{
	struct qb_out whole;
	unsigned malformed = 0;

	(void)state;
	hello(&m, "flipped.example", 0);
	client_piece(&whole, 1, 0, 0, m.b, m.n);
	for (size_t i = 0; i < whole.n; i++) {
		fresh(false);
		o = whole;
		o.b[i] ^= (uint8_t)(1u << i % 8);
		show(FROM_CLIENT, o.b, o.n);
		assert_string_equal(run.log, "");
		malformed += run.malformed;
	}
	/* All but those that made the head another packet's. */
	assert_true(malformed > whole.n - 40);
}

/* A capture that cuts datagrams is no contradiction, and a name that was not vouched for is none. */
static void
test_cut(void **state)
{
	struct qb_out whole;

	(void)state;
	hello(&m, "cut.example", 0);
	client_piece(&whole, 1, 0, 0, m.b, m.n);
	for (size_t n = 0; n < whole.n; n += n < 60 ? 1 : 57) {
		fresh(false);
		run.snapped = true;
		show(FROM_CLIENT, whole.b, n);
		assert_string_equal(run.log, "");
		assert_int_equal(run.malformed, 0);
		fresh(false);
		show(FROM_CLIENT, whole.b, n);
		assert_string_equal(run.log, "");
	}
}

/* A hello that contradicts itself: counted; its name is worth having, a message that is none is not. */
static void
test_bad_hello(void **state)
{
	(void)state;
	fresh(true);
	hello(&m, "odd.example", 0);
	m.b[m.n - 1 - 2] = 7;			/* length of supported_versions */
	show_piece(0, 0, m.n);
	assert_string_equal(run.log, HEARD("odd.example", "1"));
	assert_int_equal(run.malformed, 1);

	fresh(false);
	hello(&m, "odd.example", 0);
	m.b[0] = 11;				/* a Certificate */
	show_piece(0, 0, m.n);
	assert_string_equal(run.log, "C quic.version 1\n");
	assert_int_equal(run.malformed, 1);
	assert_int_equal(run.answer, DISSECT_DONE);

	fresh(false);
	hello(&m, "odd.example", 0);
	m.b[4] = 9;				/* version 9.3 */
	show_piece(0, 0, m.n);
	assert_string_equal(run.log, "C quic.version 1\n");
	assert_int_equal(run.malformed, 1);
}

/* --- a hello that does not become whole ------------------------------------------------------ */

static void
test_lost(void **state)
{
	static const char sealed[] = "\xe0\0\0\0\1\4them\0\x15sealed, for all I say", brief[] = "\x41sealed";

	(void)state;
	for (unsigned how = 0; how < 4; how++) {
		fresh(true);
		hello(&m, "lost.example", 1600);
		show_piece(0, 0, 700);
		assert_string_equal(run.log, "");
		assert_int_equal(run.answer, DISSECT_MORE);
		switch (how) {
		case 0:			/* the client has other keys: its hello is over */
			show(FROM_CLIENT, sealed, sizeof sealed - 1);
			break;
		case 1:
			show(FROM_CLIENT, brief, sizeof brief - 1);
			break;
		case 2:
			run.end = true;
			show_piece(1, 1200, 100);
			break;
		case 3:			/* patience ends */
			for (uint32_t i = 1; run.log[0] == '\0'; i++) {
				assert_true(i < 40);
				show_piece(i, 1200, 100);
			}
		}
		assert_string_equal(run.log, HEARD("lost.example", "1"));
		assert_int_equal(run.malformed, 0);
	}
}

/* The beginning is what was lost: there is no name, but the version was vouched for. */
static void
test_headless(void **state)
{
	(void)state;
	fresh(false);
	hello(&m, "lost.example", 1600);
	show_piece(0, 700, 500);
	show(FROM_CLIENT, "\x41sealed", 7);
	assert_string_equal(run.log, "C quic.version 1\n");
	assert_int_equal(run.answer, DISSECT_DONE);
	fresh(false);
	show(FROM_CLIENT, "\x41sealed", 7);
	assert_string_equal(run.log, "");
	assert_int_equal(run.answer, DISSECT_DONE);
}

/* Nobody waits for ever: not for the client, not for the server. */
static void
test_patience(void **state)
{
	unsigned n = 0;

	(void)state;
	fresh(false);
	hello(&m, "patience.example", 1600);
	do {
		show_piece(n++, 1000, 100);
	} while (run.answer == DISSECT_MORE && n < 100);
	assert_int_equal(n, 32);
	fresh(true);
	show_hello(1, "patience.example");
	for (n = 0; run.answer == DISSECT_MORE && n < 100; n++)
		show(FROM_SERVER, "\x41sealed", 7);
	assert_int_equal(n, 32);
}

/* --- servers ---------------------------------------------------------------------------------- */

static void
server_says(struct bytes *s, bool retry, bool psk)
{
	static const uint8_t random[] = {	/* RFC 8446 section 4.1.3 */
		0xcf, 0x21, 0xad, 0x74, 0xe5, 0x9a, 0x61, 0x11, 0xbe, 0x1d, 0x8c, 0x02, 0x1e, 0x65, 0xb8, 0x91,
		0xc2, 0xa2, 0x11, 0x16, 0x7a, 0xbb, 0x8c, 0x5e, 0x07, 0x9e, 0x09, 0xe2, 0xc8, 0xa8, 0x33, 0x9c,
	};
	static struct bytes body;
	size_t list;

	body.n = 0;
	put_int(&body, 0x0303, 2);
	for (unsigned i = 0; i < 32; i++)
		put_int(&body, retry ? random[i] : i, 1);
	put_int(&body, 0, 1);
	put_int(&body, 0x1302, 2);
	put_int(&body, 0, 1);
	list = vec_begin(&body, 2);
	put(&body, "\0\x2b\0\2\3\4", 6);	/* supported_versions: 1.3 */
	if (psk)
		put(&body, "\0\x29\0\2\0\0", 6);
	vec_end(&body, list, 2);
	put_message(s, SERVER_HELLO, body.b, body.n);
}

static void
show_server(const struct bytes *s, uint32_t number, size_t offset, size_t len)
{
	server_piece(&o, 1, number, offset, s->b + offset, len);
	show(FROM_SERVER, o.b, o.n);
}

static const char server_heard[] = "S tls.version 304\nS tls.cipher 1302\nS tls.ja3s ";

static void
test_server(void **state)
{
	static const struct {
		bool retry, psk;
		size_t pieces;
	} cases[] = { { false, false, 1 }, { false, false, 3 }, { true, false, 1 }, { true, false, 4 } };
	static struct bytes s;

	(void)state;
	for (size_t i = 0; i < N(cases); i++) {
		size_t part;

		fresh(true);
		show_hello(1, "server.example");
		assert_int_equal(run.answer, DISSECT_MORE);
		run.log[0] = '\0';
		s.n = 0;
		if (cases[i].retry)
			server_says(&s, true, false);
		server_says(&s, false, cases[i].psk);
		part = s.n / cases[i].pieces;
		for (size_t k = cases[i].pieces; k-- > 0;) {	/* the last one first */
			show_hello(1, "server.example");	/* takes nothing away of what the server said */
			assert_string_equal(run.log, "");
			assert_int_equal(run.answer, DISSECT_MORE);
			show_server(&s, (uint32_t)k, k * part, k + 1 == cases[i].pieces ? s.n - k * part : part);
		}
		assert_int_equal(strncmp(run.log, server_heard, strlen(server_heard)), 0);
		assert_int_equal(run.answer, DISSECT_DONE);
		assert_int_equal(run.malformed, 0);
	}
}

/* The client says its whole hello again under the id in Retry, and the server's keys follow it there. */
static void
test_told_again(void **state)
{
	static const uint32_t versions[] = { 1, QB_V2 };	/* QB_V2: another version was asked for meanwhile */
	static struct bytes s;

	(void)state;
	s.n = 0;
	server_says(&s, false, false);
	for (size_t i = 0; i < N(versions); i++) {
		struct qb_frame f = { .bytes = s.b, .len = s.n };
		struct qb_initial p = { .version = versions[i], .server = true, .dcid = "me", .dcid_len = 2,
			.first = "them", .first_len = 4, .frames = &f, .n_frames = 1 };

		fresh(true);
		show_hello(1, "again.example");
		run.log[0] = '\0';
		hello(&m, "again.example", 0);
		show_as(versions[i], "them", NULL, 0, 0, m.n);
		assert_string_equal(run.log, "");	/* it is no news */
		assert_int_equal(run.answer, DISSECT_MORE);
		o.n = 0;
		qb_initial(&o, &p);
		show(FROM_SERVER, o.b, o.n);
		assert_int_equal(strncmp(run.log, server_heard, strlen(server_heard)), 0);
		assert_int_equal(run.answer, DISSECT_DONE);
		assert_int_equal(run.malformed, 0);
	}
}

static void
test_resumed(void **state)
{
	static struct bytes s;

	(void)state;
	fresh(true);
	show_hello(1, "server.example");
	run.log[0] = '\0';
	s.n = 0;
	server_says(&s, false, true);
	show_server(&s, 0, 0, s.n);
	assert_non_null(strstr(run.log, "S tls.resumed 0\n"));
}

/* Before the client's hello, or under other keys, a server says nothing; and no hello is one. */
static void
test_server_odd(void **state)
{
	static struct bytes s;

	(void)state;
	s.n = 0;
	server_says(&s, false, false);
	fresh(true);
	show_server(&s, 0, 0, s.n);
	assert_string_equal(run.log, "");
	assert_int_equal(run.malformed, 0);

	fresh(true);
	show_hello(1, "server.example");
	run.log[0] = '\0';
	server_piece(&o, 1, 0, 0, s.b, s.n);
	o.b[o.n - 1] ^= 1;
	show(FROM_SERVER, o.b, o.n);
	assert_string_equal(run.log, "");
	assert_int_equal(run.malformed, 1);
	assert_int_equal(run.answer, DISSECT_MORE);
	s.b[0] = 8;			/* EncryptedExtensions, which this cannot be */
	show_server(&s, 0, 0, s.n);
	assert_string_equal(run.log, "");
	assert_int_equal(run.malformed, 2);
	assert_int_equal(run.answer, DISSECT_DONE);
}

/* --- Google's own handshake ---------------------------------------------------------------------- */

/* Tags PAD, SNI and VER; lengths are little-endian. */
#define CHLO                                                                                        \
	"CHLO\3\0\0\0" "PAD\0" "\4\0\0\0" "SNI\0" "\x12\0\0\0" "VER\0" "\x16\0\0\0" "----"          \
	"Google.example" "Q043"
#define HASH "hash of this"

static void
test_google(void **state)
{
	static const struct {
		const char *what;
		const char *bytes;
		size_t n;
		const char *heard;
	} cases[] = {
#define B(s) s, sizeof(s) - 1
		{ "Q043", B("\x0d" "12345678Q043\1" HASH "\xa0\1\0\4" CHLO), "51303433" },
		{ "Q039, number of 2 bytes", B("\x1d" "12345678Q039\0\1" HASH "\xa0\1\0\4" CHLO), "51303339" },
		{ "Q046", B("\xc3Q046\x50" "12345678\0\0\0\1" HASH "\xa0\1\0\4" CHLO), "51303436" },
		{ "tags in no order", B("\x0d" "12345678Q043\1" HASH "\xa0\1\0\4" "CHLO\2\0\0\0" "PAD\0" "\4\0\0\0"
		    "SNI\0" "\2\0\0\0" "abcd"), NULL },
		{ "no name", B("\x0d" "12345678Q043\1" HASH "\xa0\1\0\4" "CHLO\1\0\0\0" "PAD\0" "\4\0\0\0" "abcd"), NULL },
		{ "name cut", B("\x0d" "12345678Q043\1" HASH "\xa0\1\0\4" "CHLO\1\0\0\0" "SNI\0" "\4\0\0\0" "abc"), NULL },
		{ "no hello", B("\x0d" "12345678Q043\1" HASH "\xa0\1\0\4" "REJ\0\1\0\0\0" "SNI\0" "\4\0\0\0" "abcd"), NULL },
		{ "too many tags", B("\x0d" "12345678Q043\1" HASH "\xa0\1\0\4" "CHLO\xff\xff\0\0" "SNI\0" "\4\0\0\0"), NULL },
	};
	char want[128];

	(void)state;
	for (size_t i = 0; i < N(cases); i++) {
		fresh(false);
		show(FROM_CLIENT, cases[i].bytes, cases[i].n);
		want[0] = '\0';
		if (cases[i].heard != NULL)
			snprintf(want, sizeof want, "C tls.sni google.example\nC quic.version %s\n", cases[i].heard);
		if (strcmp(run.log, want) != 0)
			fail_msg("%s: %s", cases[i].what, run.log);
		assert_int_equal(run.answer, cases[i].heard != NULL ? DISSECT_DONE : DISSECT_MORE);
	}
}

/* Q050 seals its first packets, like TLS's, and the hello may come in pieces. */
static void
test_google_sealed(void **state)
{
	static const char chlo[] = CHLO;

	(void)state;
	for (size_t cut = 0; cut < sizeof chlo - 1; cut += 7) {
		fresh(true);
		client_piece(&o, 0x51303530, 0, cut, &chlo[cut], sizeof chlo - 1 - cut);
		show(FROM_CLIENT, o.b, o.n);
		if (cut > 0) {
			assert_string_equal(run.log, "");
			client_piece(&o, 0x51303530, 1, 0, chlo, cut);
			show(FROM_CLIENT, o.b, o.n);
		}
		assert_string_equal(run.log, "C tls.sni google.example\nC quic.version 51303530\n");
		assert_int_equal(run.answer, DISSECT_DONE);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_server_id),
		cmocka_unit_test(test_retry),
		cmocka_unit_test(test_negotiation),
		cmocka_unit_test(test_compatible),
		cmocka_unit_test(test_coalesced),
		cmocka_unit_test(test_frames),
		cmocka_unit_test(test_bad_frames),
		cmocka_unit_test(test_flipped),
		cmocka_unit_test(test_cut),
		cmocka_unit_test(test_bad_hello),
		cmocka_unit_test(test_lost),
		cmocka_unit_test(test_headless),
		cmocka_unit_test(test_patience),
		cmocka_unit_test(test_server),
		cmocka_unit_test(test_told_again),
		cmocka_unit_test(test_resumed),
		cmocka_unit_test(test_server_odd),
		cmocka_unit_test(test_google),
		cmocka_unit_test(test_google_sealed),
	};

	return cmocka_run_group_tests_name("quic_talk", tests, set_up, tear_down);
}
