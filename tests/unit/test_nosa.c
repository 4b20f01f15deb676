/* SPDX-License-Identifier: Apache-2.0 */
/* test_nosa - subscriptions, notices and idle bytes, cut as a network may cut them. */
#include "app_talk.h"

/* --- messages -------------------------------------------------------------- */

/* magic, length 96, version, type, zero, 3 topics, 1, checksum; each: tag, length of id, sequence, id */
#define SUBSCRIBE \
	"'NOSA' 0060 01 01 0000 03 01 a1b2c3d4" \
	"'BRE' 14 00000000 000102030405060708090a0b0c0d0e0f10111213" \
	"'LIC' 14 00000011 202122232425262728292a2b2c2d2e2f30313233" \
	"'LUN' 10 02c64bde 404142434445464748494a4b4c4d4e4f"
#define SAID_SUBSCRIBE "C nosa|message: subscribe" \
	"|topic: BRE|sequence: 0|id: 000102030405060708090a0b0c0d0e0f10111213" \
	"|topic: LIC|sequence: 17|id: 202122232425262728292a2b2c2d2e2f30313233" \
	"|topic: LUN|sequence: 46549982|id: 404142434445464748494a4b4c4d4e4f\n"

#define ACK "'NOSA' 0010 01 02 0000 00 00 e8e67a0c"
#define SAID_ACK "S nosa|message: ack\n"

/* 16 + 3 + 1 + 4 + 4 + 4 + 16 + 38 = 86 (56) */
#define NOTIFY \
	"'NOSA' 0056 01 02 0000 01 00 02e6860a" \
	"'LUN' 10 02f16d5c 26000000 62ceafd5"		/* sequence, 38 bytes of payload, time */ \
	"404142434445464748494a4b4c4d4e4f" \
	"e0e1e2e3e4e5e6e7e8e9eaebecedeeeff0f1f2f3f4f5f6f7f8f9fafbfcfdfeff505152535455"
#define SAID_NOTIFY "S nosa|message: notify|topic: LUN|sequence: 49376604|time: 1657712597" \
	"|id: 404142434445464748494a4b4c4d4e4f\n"

#define UNSUBSCRIBE \
	"'NOSA' 0028 01 04 0000 01 00 3c79bfe0" \
	"'BRE' 14 000102030405060708090a0b0c0d0e0f10111213"	/* no sequence */
#define SAID_UNSUBSCRIBE \
    "C nosa|message: unsubscribe|topic: BRE|id: 000102030405060708090a0b0c0d0e0f10111213\n"

static const struct {
	enum side side;
	const char *bytes;
} talk[] = {
	{ FROM_CLIENT, SUBSCRIBE },
	{ FROM_SERVER, ACK NOTIFY },
	{ FROM_CLIENT, "00" },
	{ FROM_CLIENT, "00 00" UNSUBSCRIBE },
};

#define SAID SAID_SUBSCRIBE SAID_ACK SAID_NOTIFY SAID_UNSUBSCRIBE

/* Cut anywhere, a conversation tells the same. */
static void
test_cut(void **state)
{
	uint8_t wire[WIRE_MAX];

	(void)state;
	for (size_t at_once = 1; at_once < 130; at_once++) {
		fresh(&nosa_dissector, 80);
		for (size_t i = 0; i < N(talk); i++)
			arrive(talk[i].side, wire, bytes(talk[i].bytes, wire), at_once);
		assert_string_equal(run.told, SAID);
		assert_int_equal(run.malformed, 0);
	}
}

static const struct {
	const char *label;
	enum side side;
	const char *bytes;
	const char *told;
	enum dissect answer;
	unsigned malformed;
} messages[] = {
	{ "of another version, only that", FROM_CLIENT, "'NOSA' 0014 02 01 1234 03 01 a1b2c3d4 deadbeef" ACK,
	    "C nosa|version: 2|message: type 1\n", DISSECT_NOT_MINE, 1 },	/* then a server's message */
	{ "of a type that is not known", FROM_SERVER, "'NOSA' 0012 01 09 0000 01 00 a1b2c3d4 beef" ACK,
	    "S nosa|version: 1|message: type 9\n" SAID_ACK, DISSECT_MORE, 0 },
	{ "shorter than its header", FROM_CLIENT, "'NOSA' 000f 01 01 0000 00 00 a1b2c3d4", "",
	    DISSECT_NOT_MINE, 1 },
	{ "with other bytes in its zero", FROM_CLIENT, "'NOSA' 0010 01 01 0001 00 00 a1b2c3d4", "",
	    DISSECT_NOT_MINE, 1 },
	{ "of the other side", FROM_CLIENT, ACK, "", DISSECT_NOT_MINE, 1 },
	{ "none: HTTP goes on", FROM_SERVER, "'HTTP/1.1 200 OK'", "", DISSECT_NOT_MINE, 1 },
	{ "an id longer than the message", FROM_CLIENT,
	    "'NOSA' 0018 01 04 0000 01 00 a1b2c3d4 'BRE' 14 00112233" "00",
	    "C nosa|message: unsubscribe\n", DISSECT_MORE, 1 },
	{ "a payload longer than the message", FROM_SERVER,
	    "'NOSA' 0025 01 02 0000 01 00 a1b2c3d4 'LUN' 01 00000001 ffffffff 62ceafd5 aa 0000 00 00",
	    "S nosa|message: notify\n", DISSECT_MORE, 1 },
	{ "bytes after its topics", FROM_CLIENT, "'NOSA' 0017 01 04 0000 01 00 a1b2c3d4 'BRE' 01 aa bb cc",
	    "C nosa|message: unsubscribe\n", DISSECT_MORE, 1 },
	{ "a tag that is none", FROM_CLIENT, "'NOSA' 0015 01 04 0000 01 00 a1b2c3d4 'B' 0a 'E' 01 aa",
	    "C nosa|message: unsubscribe\n", DISSECT_MORE, 1 },
	{ "an id without bytes", FROM_CLIENT, "'NOSA' 0014 01 04 0000 01 00 a1b2c3d4 'BRE' 00",
	    "C nosa|message: unsubscribe|topic: BRE\n", DISSECT_MORE, 0 },
	{ "a zero byte of a server", FROM_SERVER, "00" ACK, "", DISSECT_NOT_MINE, 1 },
};

static void
test_messages(void **state)
{
	(void)state;
	for (size_t i = 0; i < N(messages); i++) {
		fresh(&nosa_dissector, 80);
		segment(messages[i].side, messages[i].bytes);
		if (strcmp(run.told, messages[i].told) != 0 || run.answer != messages[i].answer ||
		    run.malformed != messages[i].malformed)
			fail_msg("a message %s: %d, %u, %s", messages[i].label, run.answer, run.malformed,
			    run.told);
	}
}

/* Of nine topics eight are told; of an id of 40 bytes, 32. */
static void
test_many(void **state)
{
	char text[WIRE_MAX] = "'NOSA' 01a0 01 04 0000 09 00 a1b2c3d4", id[81] = "";
	unsigned topics = 0;

	(void)state;
	for (unsigned i = 0; i < 40; i++)
		snprintf(id + 2 * i, 3, "%02x", i);
	/* 16 + 8 * (3 + 1 + 40) + (3 + 1 + 44) = 416 (1a0) */
	for (unsigned i = 0; i < 9; i++)
		snprintf(text + strlen(text), sizeof text - strlen(text), "'T0%u' %s %s%s", i,
		    i < 8 ? "28" : "2c", id,
		    i < 8 ? "" : "ffffffff");
	fresh(&nosa_dissector, 80);
	segment(FROM_CLIENT, text);
	for (const char *at = run.told; (at = strstr(at, "|topic: ")) != NULL; at++)
		topics++;
	assert_int_equal(topics, 8);
	assert_int_equal(run.malformed, 0);
	id[64] = '\0';
	assert_non_null(strstr(run.told, id));
	assert_null(strstr(run.told, "1f20"));
}

/* Of a message of 64 KiB the beginning is waited for, the rest passes by; then the next is found. */
static void
test_long(void **state)
{
	uint8_t wire[65535] = { 0 }, head[WIRE_MAX];
	size_t n = bytes("'NOSA' ffff 01 02 0000 01 00 a1b2c3d4 'LUN' 01 00000007 f0ff0000 62ceafd5 aa",
	    head);

	(void)state;
	memcpy(wire, head, n);
	fresh(&nosa_dissector, 80);
	arrive(FROM_SERVER, wire, sizeof wire, 1000);
	assert_string_equal(run.told, "S nosa|message: notify\n");
	segment(FROM_SERVER, ACK);
	assert_string_equal(run.told, "S nosa|message: notify\n" SAID_ACK);
	assert_int_equal(run.malformed, 0);
}

/* After a hole, bytes are let pass until a segment begins with a message. */
static void
test_gap(void **state)
{
	(void)state;
	fresh(&nosa_dissector, 80);
	segment(FROM_SERVER, ACK);
	run.in.gap = 20;
	segment(FROM_SERVER, "5152535455 'NOS'");
	segment(FROM_SERVER, "55aa55aa");
	assert_string_equal(run.told, SAID_ACK);
	segment(FROM_SERVER, "'NOS'");
	segment(FROM_SERVER, "'A' 0010 01 02 0000 00 00 e8e67a0c" NOTIFY);
	assert_string_equal(run.told, SAID_ACK SAID_ACK SAID_NOTIFY);
	assert_int_equal(run.malformed, 0);
}

/* What the capture cut, or the end of the flow, is told as far as it is there. */
static void
test_cut_off(void **state)
{
	static const char *const pieces[] = {
		"'NOSA' 0060 01 01 00",
		"'NOSA' 0060 01 01 0000 03 01 a1b2c3d4"
		"'BRE' 14 00000000 000102030405060708090a0b0c0d0e0f10111213 'LI'",
	};
	static const char *const told[] = { "",
		"C nosa|message: subscribe|topic: BRE|sequence: 0"
		"|id: 000102030405060708090a0b0c0d0e0f10111213\n" };

	(void)state;
	for (size_t i = 0; i < N(pieces); i++) {
		fresh(&nosa_dissector, 80);
		segment(FROM_CLIENT, pieces[i]);
		assert_string_equal(run.told, "");
		run.in.end = true;
		look(FROM_CLIENT, run.held[0], run.len[0]);
		assert_string_equal(run.told, told[i]);
		fresh(&nosa_dissector, 80);
		run.in.snapped = true;
		segment(FROM_CLIENT, pieces[i]);
		assert_string_equal(run.told, told[i]);
		assert_int_equal(run.malformed, 0);
	}
}

static const struct {
	const char *label;
	const struct dissector *d;
	enum side side;
	uint16_t port;
	const char *bytes;
	enum rd_state want;
} probes[] = {
	{ "a subscription", &nosa_dissector, FROM_CLIENT, 80, SUBSCRIBE, RD_OK },
	{ "an acknowledgement", &nosa_dissector, FROM_SERVER, 80, ACK, RD_OK },
	{ "a subscription by a server", &nosa_dissector, FROM_SERVER, 80, SUBSCRIBE, RD_BAD },
	{ "an acknowledgement by a client", &nosa_dissector, FROM_CLIENT, 80, ACK, RD_BAD },
	{ "idle bytes and a message", &nosa_dissector, FROM_CLIENT, 80, "0000" UNSUBSCRIBE, RD_OK },
	{ "idle bytes alone", &nosa_dissector, FROM_CLIENT, 80, "0000", RD_SHORT },
	{ "more idle bytes than are believed", &nosa_dissector, FROM_CLIENT, 80,
	    "0000000000000000 0000000000000000 00" UNSUBSCRIBE, RD_BAD },
	{ "idle bytes of another port", &nosa_dissector, FROM_CLIENT, 445, "0000", RD_BAD },
	{ "half a magic", &nosa_dissector, FROM_CLIENT, 80, "'NO'", RD_SHORT },
	{ "a header without its end", &nosa_dissector, FROM_CLIENT, 80, "'NOSA' 0060 01 01 0000 03",
	    RD_SHORT },
	{ "nothing", &nosa_dissector, FROM_CLIENT, 80, "", RD_SHORT },
	{ "another word", &nosa_dissector, FROM_CLIENT, 80, "'NOTE'", RD_BAD },
	{ "a length that cannot be", &nosa_dissector, FROM_CLIENT, 80,
	    "'NOSA' 0008 01 01 0000 03 01 a1b2c3d4", RD_BAD },
	{ "no version", &nosa_dissector, FROM_CLIENT, 80, "'NOSA' 0060 00 01 0000 03 01 a1b2c3d4", RD_BAD },
	{ "not HTTP, also where it might be", &http_dissector, FROM_CLIENT, 80, SUBSCRIBE, RD_BAD },
};

static void
test_probes(void **state)
{
	uint8_t wire[WIRE_MAX];

	(void)state;
	memset(&run.in, 0, sizeof run.in);
	for (size_t i = 0; i < N(probes); i++) {
		enum rd_state got = probe(probes[i].d, probes[i].side, probes[i].port, wire,
		    bytes(probes[i].bytes, wire));

		if (got != probes[i].want)
			fail_msg("probe of %s: %d", probes[i].label, got);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_cut),
		cmocka_unit_test(test_messages),
		cmocka_unit_test(test_many),
		cmocka_unit_test(test_long),
		cmocka_unit_test(test_gap),
		cmocka_unit_test(test_cut_off),
		cmocka_unit_test(test_probes),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
