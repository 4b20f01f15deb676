/* SPDX-License-Identifier: Apache-2.0 */
/* test_tls - whole conversations (RFC 8446, RFC 5246), cut in every way a network may cut them. */
#include "tests/unit/tls_talk.h"

static void
test_tls12(void **state)
{
	(void)state;
	fresh(true, false);
	talk12("Update.Example.net", cert_plain, sizeof cert_plain);
	assert_string_equal(play(&run), ALL12_SAYS);
	assert_int_equal(run.answer, DISSECT_DONE);
	assert_int_equal(run.malformed, 0);
}

/* A name is enough, and costs one look. */
static void
test_done_at_name(void **state)
{
	(void)state;
	fresh(false, false);
	talk12("Update.Example.net", cert_plain, sizeof cert_plain);
	assert_string_equal(play(&run), CLIENT_SAYS);
	assert_int_equal(run.answer, DISSECT_DONE);
	assert_int_equal(run.calls, 1);
}

/* The catalogue knows the name: the fingerprints come from the same bytes, the rest from what follows. */
static void
test_detail(void **state)
{
	(void)state;
	fresh(false, true);
	talk12("Update.Example.net", cert_plain, sizeof cert_plain);
	assert_string_equal(play(&run), ALL12_SAYS);
}

/* Without a name the certificate is read, once, and detail adds what it did not cost before. */
static void
test_nameless(void **state)
{
	(void)state;
	fresh(false, false);
	talk12(NULL, cert_plain, sizeof cert_plain);
	assert_string_equal(play(&run), SERVER12_SAYS CERTIFICATE_SAYS);
	assert_int_equal(run.answer, DISSECT_DONE);
	fresh(false, true);
	talk12(NULL, cert_plain, sizeof cert_plain);
	assert_string_equal(play(&run), SERVER12_SAYS CERTIFICATE_SAYS SERVER12_JA "S tls.established 0\n");
}

/* A conversation in other pieces tells the same. */
static void
same_in_pieces(const char *want)
{
	char copy[sizeof run.log];
	size_t all = length();

	memcpy(copy, want, sizeof copy);
	for (size_t i = 1; i < all; i++) {
		run.cuts[0] = i;
		assert_string_equal(play(&run), copy);
		assert_int_equal(run.malformed, 0);
	}
	run.cuts[0] = 0;
	for (run.every = 1; run.every < 40; run.every++)
		assert_string_equal(play(&run), copy);
	run.every = 0;
}

static void
test_split(void **state)
{
	(void)state;
	fresh(true, false);
	talk12("Update.Example.net", cert_plain, sizeof cert_plain);
	same_in_pieces(play(&run));
	talk13("Update.Example.net", true, false, 64);
	same_in_pieces(play(&run));
}

static void
test_split_in_three(void **state)
{
	char want[sizeof run.log];

	(void)state;
	fresh(true, false);
	fragment = 50;
	talk13("Update.Example.net", false, true, 64);
	turns[1].bytes.n -= 395;	/* most of the encrypted record is of no interest here */
	n_turns = 2;
	memcpy(want, play(&run), sizeof want);
	for (size_t i = 1; i < length(); i++)
		for (size_t j = i + 1; j < length(); j++) {
			run.cuts[0] = i;
			run.cuts[1] = j;
			assert_string_equal(play(&run), want);
		}
}

/* Messages over any number of records; several messages a record is what the other tests have. */
static void
test_fragments(void **state)
{
	static const size_t sizes[] = { 1, 2, 3, 4, 5, 7, 64, 100, 511 };

	(void)state;
	for (size_t i = 0; i < sizeof sizes / sizeof sizes[0]; i++) {
		fresh(true, false);
		fragment = sizes[i];
		talk12("Update.Example.net", cert_plain, sizeof cert_plain);
		assert_string_equal(play(&run), ALL12_SAYS);
		run.every = 3;
		assert_string_equal(play(&run), ALL12_SAYS);
	}
}

static void
test_tls13(void **state)
{
	(void)state;
	fresh(true, false);
	talk13("Update.Example.net", false, false, 53);
	assert_string_equal(play(&run), CLIENT_SAYS CLIENT13_JA SERVER13_SAYS SERVER13_JA
	    "C tls.established 0\n");
	/* A HelloRetryRequest is no ServerHello, and the second ClientHello is not told again. */
	talk13("Update.Example.net", true, false, 53);
	assert_string_equal(play(&run), CLIENT_SAYS CLIENT13_JA SERVER13_SAYS SERVER13_JA
	    "C tls.established 0\n");
	/* A client that answers with an encrypted alert has refused. */
	talk13("Update.Example.net", false, false, 19);
	assert_string_equal(play(&run), CLIENT_SAYS CLIENT13_JA SERVER13_SAYS SERVER13_JA);
	assert_int_equal(run.answer, DISSECT_MORE);
	talk13("Update.Example.net", false, true, 53);
	assert_string_equal(play(&run), CLIENT_SAYS CLIENT13_JA SERVER13_SAYS
	    "S tls.resumed 0\nS tls.ja3s 6ec77891c624a29609d2457ba1115315\nC tls.established 0\n");
	/* Nothing more can be seen without a name. */
	fresh(false, false);
	talk13(NULL, false, false, 53);
	assert_string_equal(play(&run), SERVER13_SAYS);
	assert_int_equal(run.answer, DISSECT_DONE);
	talk13(NULL, true, false, 53);
	assert_string_equal(play(&run), SERVER13_SAYS);
	assert_int_equal(run.answer, DISSECT_DONE);
}

/* TLS 1.2: the server repeats the session id. */
static void
test_resumed(void **state)
{
	static const uint8_t sealed[40];
	static struct bytes m;
	struct bytes *o;

	(void)state;
	fresh(false, false);
	n_turns = 0;
	hello_of_client(turn(FROM_CLIENT), NULL, false);
	o = turn(FROM_SERVER);
	m.n = 0;
	put_server_hello(&m, 0xa0, NULL, BLOCK(""));
	put_records(o, HANDSHAKE, m.b, m.n, fragment);
	put_records(o, CCS, "\1", 1, 1);
	put_records(o, HANDSHAKE, sealed, 40, 40);
	assert_string_equal(play(&run), "S tls.version 771\nS tls.cipher 49199\nS tls.resumed 0\n");
	assert_int_equal(run.answer, DISSECT_DONE);
	/* Known from the ServerHello alone. */
	o->n = 5 + m.n;
	assert_string_equal(play(&run), "S tls.version 771\nS tls.cipher 49199\nS tls.resumed 0\n");
	assert_int_equal(run.answer, DISSECT_DONE);
}

/* Without session ids none is resumed; a ChangeCipherSpec says that no certificate will come. */
static void
test_no_session(void **state)
{
	struct bytes *o;

	(void)state;
	fresh(false, false);
	n_turns = 0;
	/* ClientHello of 2 + 32 + 1 + 2 + 2 + 1 + 1 bytes, no session id, one cipher */
	o = turn(FROM_CLIENT);
	put(o, BLOCK("\x16\3\1\0\x2d\1\0\0\x29\3\3"));
	for (unsigned i = 0; i < 32; i++)
		put_int(o, i, 1);
	put(o, BLOCK("\0\0\2\xc0\x2f\1\0"));
	/* ServerHello of 2 + 32 + 1 + 2 + 1 bytes */
	o = turn(FROM_SERVER);
	put(o, BLOCK("\x16\3\3\0\x2a\2\0\0\x26\3\3"));
	for (unsigned i = 0; i < 32; i++)
		put_int(o, i, 1);
	put(o, BLOCK("\0\xc0\x2f\0"));
	assert_string_equal(play(&run), "S tls.version 771\nS tls.cipher 49199\n");
	assert_int_equal(run.answer, DISSECT_MORE);
	put_records(&turns[1].bytes, CCS, "\1", 1, 1);
	assert_string_equal(play(&run), "S tls.version 771\nS tls.cipher 49199\n");
	assert_int_equal(run.answer, DISSECT_DONE);
}

/* What is not asked for stands between, and a second ServerHello is not told. */
static void
test_other_messages(void **state)
{
	static struct bytes m;

	(void)state;
	fresh(false, false);
	n_turns = 0;
	hello_of_client(turn(FROM_CLIENT), NULL, false);
	m.n = 0;
	put_message(&m, 0, "", 0);		/* HelloRequest */
	put_message(&m, 99, "unknown", 7);
	put_server_hello(&m, 0, NULL, BLOCK("\0\x10\0\5\0\3\2h2"));
	put_server_hello(&m, 0, NULL, BLOCK(""));
	put_certificate(&m, cert_plain, sizeof cert_plain);
	put_records(turn(FROM_SERVER), HANDSHAKE, m.b, m.n, fragment);
	assert_string_equal(play(&run), SERVER12_SAYS CERTIFICATE_SAYS);
	assert_int_equal(run.answer, DISSECT_DONE);
}

/* Caught in the middle: all that can be said is that both sides speak. */
static void
test_mid_stream(void **state)
{
	static const uint8_t sealed[3000];

	(void)state;
	fresh(false, false);
	n_turns = 0;
	put_records(turn(FROM_SERVER), DATA, sealed, 3000, 1000);
	put_records(turn(FROM_CLIENT), DATA, sealed, 100, 100);
	assert_string_equal(play(&run), "C tls.established 0\n");
	assert_int_equal(run.answer, DISSECT_DONE);
}

/* Heartbeats are no answer to anything. */
static void
test_heartbeats(void **state)
{
	(void)state;
	fresh(true, false);
	n_turns = 0;
	put_records(turn(FROM_SERVER), 24, "heartbeat", 9, 9);
	put_records(turn(FROM_CLIENT), 24, "heartbeat", 9, 9);
	assert_string_equal(play(&run), "");
	assert_int_equal(run.answer, DISSECT_MORE);
}

static void
test_one_sided(void **state)
{
	static const uint8_t sealed[100];

	(void)state;
	fresh(true, false);
	n_turns = 0;
	put_records(turn(FROM_SERVER), DATA, sealed, 63, 1);
	assert_string_equal(play(&run), "");
	assert_int_equal(run.answer, DISSECT_MORE);
	put_records(&turns[0].bytes, DATA, sealed, 1, 1);
	assert_string_equal(play(&run), "");
	assert_int_equal(run.answer, DISSECT_DONE);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_tls12),
		cmocka_unit_test(test_done_at_name),
		cmocka_unit_test(test_detail),
		cmocka_unit_test(test_nameless),
		cmocka_unit_test(test_split),
		cmocka_unit_test(test_split_in_three),
		cmocka_unit_test(test_fragments),
		cmocka_unit_test(test_tls13),
		cmocka_unit_test(test_resumed),
		cmocka_unit_test(test_no_session),
		cmocka_unit_test(test_other_messages),
		cmocka_unit_test(test_mid_stream),
		cmocka_unit_test(test_heartbeats),
		cmocka_unit_test(test_one_sided),
	};

	return cmocka_run_group_tests_name("tls", tests, set_up, tear_down);
}
