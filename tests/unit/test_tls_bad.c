/* SPDX-License-Identifier: Apache-2.0 */
/* test_tls_bad - conversations that are not whole, not right, too large, or not TLS. */
#include "tests/unit/tls_talk.h"

static void
test_prefixes(void **state)
{
	(void)state;
	fresh(true, false);
	n_turns = 0;
	hello_of_client(turn(FROM_CLIENT), "Update.Example.net", true);
	for (size_t n = turns[0].bytes.n - 1; n > 0; n--) {
		turns[0].bytes.n = n;
		assert_string_equal(play(&run), "");
		assert_int_equal(run.answer, DISSECT_MORE);
		assert_int_equal(run.malformed, 0);
	}
}

/* At the end of a direction, and in a snapped segment, a name that is whole is told. */
static void
test_cut_hello(void **state)
{
	size_t all, told = 0;

	(void)state;
	n_turns = 0;
	fresh(false, false);
	hello_of_client(turn(FROM_CLIENT), "Update.Example.net", true);
	all = turns[0].bytes.n;
	for (size_t n = 0; n < all; n++) {
		fresh(false, false);
		memcpy(run.dir[0].b, turns[0].bytes.b, n);
		run.dir[0].n = n;
		/* Alone the bytes are not enough; that nothing follows is what makes them so. */
		(void)show(&run, FROM_CLIENT, false);
		assert_int_equal(run.log_len, 0);
		(void)show(&run, FROM_CLIENT, true);
		assert_int_equal(run.malformed, 0);
		if (run.log_len == 0) {
			assert_int_equal(run.answer, DISSECT_MORE);
			continue;
		}
		told++;
		assert_memory_equal(run.log, "C tls.sni update.example.net\n", 29);
		assert_int_equal(run.answer, DISSECT_DONE);
	}
	/* The extensions after server_name: ALPN with 4 + 14 bytes, supported_versions with 4 + 3. */
	assert_int_equal(told, 4 + 14 + 4 + 3);
}

static void
test_snapped_hello(void **state)
{
	struct dissect_in in = { .side = FROM_CLIENT, .proto = 6, .crypto = crypto };
	struct dissect_out out = { .obs = &obs };

	(void)state;
	fresh(false, false);
	n_turns = 0;
	hello_of_client(turn(FROM_CLIENT), "Update.Example.net", true);
	in.data = (struct span){ turns[0].bytes.b, turns[0].bytes.n - 1 };
	observations_reset(&obs);
	assert_int_equal(tls_dissector.dissect(run.state, &in, &out), DISSECT_MORE);
	assert_int_equal(obs.n, 0);
	in.data = (struct span){ in.data.p + out.used, in.data.len - out.used };
	in.snapped = true;
	assert_int_equal(tls_dissector.dissect(run.state, &in, &out), DISSECT_DONE);
	assert_int_equal(obs.v[0].kind, OBS_TLS_SNI);
}

static void
test_alerts(void **state)
{
	static const struct {
		const char *alert;
		size_t n;
		const char *want;
		enum dissect answer;
		unsigned malformed;
	} rows[] = {
		{ BLOCK("\2\x28"), "S tls.alert 40\n", DISSECT_DONE, 0 },	/* handshake_failure */
		{ BLOCK("\2\x30"), "S tls.alert 48\n", DISSECT_DONE, 0 },	/* unknown_ca */
		{ BLOCK("\1\0"), "", DISSECT_MORE, 0 },				/* close_notify, a warning */
		{ BLOCK("\3\0"), "", DISSECT_DONE, 1 },				/* no such level */
		/* encrypted */
		{ BLOCK("\2\x28\x11\x22\x33\x44\x55\x66\x77\x88\x99\xaa"), "", DISSECT_MORE, 0 },
	};

	(void)state;
	for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
		fresh(true, false);
		n_turns = 0;
		hello_of_client(turn(FROM_CLIENT), NULL, true);
		put_records(turn(FROM_SERVER), ALERT, rows[i].alert, rows[i].n, 100);
		for (run.every = 0; run.every < 3; run.every++) {
			const char *log = play(&run);

			assert_string_equal(strstr(log, "S ") != NULL ? strstr(log, "S ") : "", rows[i].want);
			assert_int_equal(run.answer, rows[i].answer);
			assert_int_equal(run.malformed, rows[i].malformed);
		}
	}
}

static void
test_malformed(void **state)
{
	static const struct {
		const char *bytes;		/* what the client says after its hello, or instead of it */
		size_t n;
		bool after_hello;
		enum dissect answer;
	} rows[] = {
		{ BLOCK("\x19\3\1\0\1x"), true, DISSECT_DONE },			/* type 25 */
		{ BLOCK("\x16\2\0\0\1x"), true, DISSECT_DONE },			/* major version 2 */
		{ BLOCK("\x17\3\5\0\1x"), true, DISSECT_DONE },			/* minor version 5 */
		{ BLOCK("\x17\3\3\x48\1"), true, DISSECT_DONE },		/* a record of 18433 bytes */
		{ BLOCK("\x16\3\3\0\0"), true, DISSECT_DONE },			/* handshake of 0 bytes */
		{ BLOCK("\x14\3\3\0\2\1\1"), true, DISSECT_DONE },		/* two ChangeCipherSpec */
		{ BLOCK("\x14\3\3\0\1\2"), true, DISSECT_DONE },		/* ChangeCipherSpec 2 */
		/* a message of 9 bytes, of which one is here; the next record is no handshake */
		{ BLOCK("\x16\3\3\0\5\x10\0\0\x09x\x17\3\3\0\1x"), true, DISSECT_DONE },
		{ BLOCK("\x16\3\1\0\4\1\0\0\5\x14\3\3\0\1\1"), false, DISSECT_NOT_MINE },
		/* a ClientHello of version 2.0 */
		{ BLOCK("\x16\3\1\0\6\1\0\0\2\2\0"), false, DISSECT_NOT_MINE },
		/* caught in the middle: two records make sense, one does not */
		{ BLOCK("\x17\3\3\0\1x\x17\3\3\0\1x\x99\3\3\0\1"), false, DISSECT_DONE },
		{ BLOCK("\x17\3\3\0\1x\x99\3\3\0\1"), false, DISSECT_NOT_MINE },
		{ BLOCK("GET / HTTP/1.1\r\n"), false, DISSECT_NOT_MINE },
	};

	(void)state;
	for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++)
		for (size_t every = 0; every < 4; every++) {
			fresh(true, false);
			run.every = every;
			n_turns = 0;
			turn(FROM_CLIENT);
			if (rows[i].after_hello)
				hello_of_client(&turns[0].bytes, NULL, true);
			put(&turns[0].bytes, rows[i].bytes, rows[i].n);
			(void)play(&run);
			assert_int_equal(run.malformed, 1);
			assert_int_equal(run.answer, rows[i].answer);
		}
}

/* Whoever asks again after a contradiction is told nothing more. */
static void
test_over(void **state)
{
	(void)state;
	fresh(true, false);
	n_turns = 0;
	put(turn(FROM_CLIENT), BLOCK("\x16\2\0\0\1x"));
	(void)play(&run);
	assert_int_equal(run.malformed, 1);
	run.dir[0].n = 0;
	hello_of_client(turn(FROM_CLIENT), "Update.Example.net", true);
	(void)add(&run, FROM_CLIENT, turns[1].bytes.b, turns[1].bytes.n);
	assert_int_equal(run.answer, DISSECT_DONE);
	assert_int_equal(run.log_len, 0);
	assert_int_equal(run.malformed, 1);
}

/* One contradiction in the hello is counted, the name is told. */
static void
test_malformed_extension(void **state)
{
	uint8_t *last;

	(void)state;
	fresh(false, false);
	n_turns = 0;
	hello_of_client(turn(FROM_CLIENT), "Update.Example.net", true);
	/* It ends with supported_versions: list of 2 bytes, 3.4; now the list claims to have 3. */
	last = turns[0].bytes.b + turns[0].bytes.n - 3;
	assert_int_equal(*last, 2);
	*last = 3;
	assert_string_equal(play(&run), CLIENT_SAYS);
	assert_int_equal(run.malformed, 1);
	assert_int_equal(run.answer, DISSECT_DONE);
}

static void
test_bad_certificate(void **state)
{
	(void)state;
	fresh(true, false);
	talk12("Update.Example.net", cert_plain, sizeof cert_plain - 1);
	assert_string_equal(play(&run), NO_CERTIFICATE_SAYS);
	assert_int_equal(run.malformed, 1);
}

/* Names that a certificate has and that are not told are counted. */
static void
test_names_dropped(void **state)
{
	static struct bytes m;
	struct dissect_in in = { .side = FROM_SERVER, .proto = 6, .crypto = crypto };
	struct dissect_out out = { .obs = &obs };
	unsigned names = 0;

	(void)state;
	fresh(false, false);
	n_turns = 0;
	m.n = 0;
	put_certificate(&m, cert_many, sizeof cert_many);
	put_records(turn(FROM_SERVER), HANDSHAKE, m.b, m.n, fragment);
	in.data = (struct span){ turns[0].bytes.b, turns[0].bytes.n };
	observations_reset(&obs);
	obs.dropped = 1;
	(void)tls_dissector.dissect(run.state, &in, &out);
	for (unsigned i = 0; i < obs.n; i++)
		names += obs.v[i].kind == OBS_TLS_CERT_NAME;
	assert_int_equal(names, CERT_SANS_MAX);
	assert_int_equal(obs.dropped, 1 + 3);
	obs.dropped = 0;
}

/* What the server says after a good hello of a client without a name. */
static void
test_bad_server(void **state)
{
	static const struct {
		const char *bytes;
		size_t n;
		unsigned malformed;
		enum dissect answer;
	} rows[] = {
		{ BLOCK("\x16\3\3\0\6\2\0\0\2\2\0"), 1, DISSECT_DONE },		/* version 2.0 */
		{ BLOCK("\x16\3\3\0\7\x0b\0\0\3\0\0\0"), 0, DISSECT_MORE },	/* no certificate */
		{ BLOCK("\x16\3\3\0\7\x0b\0\0\3\0\0\1"), 1, DISSECT_DONE },	/* a list that is not there */
		{ BLOCK("\x16\3\3\0\x08\x0b\0\0\4\0\0\0x"), 1, DISSECT_DONE },	/* a byte after the list */
		{ BLOCK("\x16\3\3\0\x0b\x0b\0\0\7\0\0\4\0\0\2x"), 1, DISSECT_DONE },	/* cut */
	};

	(void)state;
	for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
		fresh(false, false);
		n_turns = 0;
		hello_of_client(turn(FROM_CLIENT), NULL, false);
		put(turn(FROM_SERVER), rows[i].bytes, rows[i].n);
		assert_string_equal(play(&run), "");
		assert_int_equal(run.malformed, rows[i].malformed);
		assert_int_equal(run.answer, rows[i].answer);
	}
}

/* A chain that cannot be held is passed over; what follows it is seen. */
static void
test_huge_certificate(void **state)
{
	static uint8_t huge[40000];

	(void)state;
	fresh(true, false);
	talk12("Update.Example.net", huge, sizeof huge);
	run.every = 1400;
	assert_string_equal(play(&run), NO_CERTIFICATE_SAYS);
	assert_true(run.held < 1400);
	/* The largest that is read: a message of 32000 bytes with its two records. */
	fresh(true, false);
	talk12("Update.Example.net", huge, 32000 - 3 - 3 - 5);
	run.every = 1400;
	assert_string_equal(play(&run), NO_CERTIFICATE_SAYS);
	assert_int_equal(run.malformed, 1);
	assert_true(run.held > 30000 && run.held < DISSECT_HOLD_MAX);
}

/* Records of one byte do not fit into what is held: given up, not held for ever. */
static void
test_hold_limit(void **state)
{
	static uint8_t big[20000];
	static struct bytes m;

	(void)state;
	fresh(false, false);
	n_turns = 0;
	m.n = 0;
	put_message(&m, CLIENT_HELLO, big, 9000);
	put_records(turn(FROM_CLIENT), HANDSHAKE, m.b, m.n, 1);
	run.every = 1000;
	assert_string_equal(play(&run), "");
	assert_int_equal(run.answer, DISSECT_DONE);
	assert_true(run.held > 20000 && run.held <= DISSECT_HOLD_MAX);
}

static void
test_gap(void **state)
{
	struct dissect_in in = { .side = FROM_CLIENT, .proto = 6, .gap = 1, .crypto = crypto };
	struct dissect_out out = { .obs = &obs };

	(void)state;
	fresh(true, false);
	n_turns = 0;
	hello_of_client(turn(FROM_CLIENT), "Update.Example.net", true);
	in.data = (struct span){ turns[0].bytes.b, turns[0].bytes.n };
	observations_reset(&obs);
	assert_int_equal(tls_dissector.dissect(run.state, &in, &out), DISSECT_DONE);
	assert_int_equal(obs.n, 0);
	assert_int_equal(out.malformed, 0);
}

/* Application data is asked to be skipped, not to be shown. */
static void
test_skip(void **state)
{
	struct dissect_in in = { .side = FROM_SERVER, .proto = 6, .crypto = crypto,
		.data = { (const uint8_t *)"\x17\3\3\x40\0abc", 8 } };
	struct dissect_out out = { .obs = &obs };

	(void)state;
	fresh(true, false);
	observations_reset(&obs);
	assert_int_equal(tls_dissector.dissect(run.state, &in, &out), DISSECT_MORE);
	assert_int_equal(out.used, 8);
	assert_int_equal(out.skip, 0x4000 - 3);
}

static void
test_probe(void **state)
{
	static const struct {
		enum side side;
		const char *bytes;
		size_t n;
		enum rd_state want;
	} rows[] = {
		{ FROM_CLIENT, BLOCK(""), RD_SHORT },
		{ FROM_CLIENT, BLOCK("\x16"), RD_SHORT },
		{ FROM_CLIENT, BLOCK("\x16\3\1\0"), RD_SHORT },
		{ FROM_CLIENT, BLOCK("\x16\3\1\0\x50"), RD_SHORT },
		{ FROM_CLIENT, BLOCK("\x16\3\1\0\x50\1"), RD_OK },
		{ FROM_CLIENT, BLOCK("\x16\3\0\0\x50\1"), RD_OK },
		{ FROM_CLIENT, BLOCK("\x16\3\4\0\x50\1"), RD_OK },
		{ FROM_CLIENT, BLOCK("\x16\3\5\0\x50\1"), RD_BAD },
		{ FROM_CLIENT, BLOCK("\x16\2\1\0\x50\1"), RD_BAD },
		{ FROM_CLIENT, BLOCK("\x16\2"), RD_BAD },
		{ FROM_CLIENT, BLOCK("\x16\3\1\0\0\1"), RD_BAD },
		{ FROM_CLIENT, BLOCK("\x16\3\1\x48\0\1"), RD_OK },
		{ FROM_CLIENT, BLOCK("\x16\3\1\x48\1\1"), RD_BAD },
		{ FROM_CLIENT, BLOCK("\x16\3\1\0\x50\2"), RD_BAD },
		{ FROM_CLIENT, BLOCK("\x16\3\1\0\x50\x99"), RD_BAD },
		{ FROM_SERVER, BLOCK("\x16\3\3\0\x50\2"), RD_OK },
		{ FROM_SERVER, BLOCK("\x16\3\3\0\x50\1"), RD_BAD },
		{ FROM_SERVER, BLOCK("\x16\3\3\0\x50\x0b"), RD_OK },
		{ FROM_CLIENT, BLOCK("\x17\3\3\1\0"), RD_OK },
		{ FROM_SERVER, BLOCK("\x15\3\3\0\2"), RD_OK },
		{ FROM_CLIENT, BLOCK("\x14\3\3\0\1"), RD_OK },
		{ FROM_CLIENT, BLOCK("\x18\3\3\0\1"), RD_OK },
		{ FROM_CLIENT, BLOCK("\x13"), RD_BAD },
		{ FROM_CLIENT, BLOCK("\x19"), RD_BAD },
		{ FROM_CLIENT, BLOCK("GET / HTTP/1.1"), RD_BAD },
		/* SSL 2.0 framing of a ClientHello: length 0x2e, type 1, version 3.0 */
		{ FROM_CLIENT, BLOCK("\x80\x2e\1\3\0"), RD_BAD },
	};

	(void)state;
	for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
		struct dissect_in in = { .side = rows[i].side, .proto = 6,
			.data = { (const uint8_t *)rows[i].bytes, rows[i].n } };

		assert_int_equal(tls_dissector.probe(&in), rows[i].want);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_prefixes),
		cmocka_unit_test(test_cut_hello),
		cmocka_unit_test(test_snapped_hello),
		cmocka_unit_test(test_alerts),
		cmocka_unit_test(test_malformed),
		cmocka_unit_test(test_over),
		cmocka_unit_test(test_malformed_extension),
		cmocka_unit_test(test_bad_certificate),
		cmocka_unit_test(test_bad_server),
		cmocka_unit_test(test_names_dropped),
		cmocka_unit_test(test_huge_certificate),
		cmocka_unit_test(test_hold_limit),
		cmocka_unit_test(test_gap),
		cmocka_unit_test(test_skip),
		cmocka_unit_test(test_probe),
	};

	return cmocka_run_group_tests_name("tls_bad", tests, set_up, tear_down);
}
