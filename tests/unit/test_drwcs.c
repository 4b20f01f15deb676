/* SPDX-License-Identifier: Apache-2.0 */
/* test_drwcs - the greeting of a management server and its reply to those that look for it. */
#include "app_talk.h"

/* --- messages ------------------------------------------------------------------ */

#define GREETING "'0 PROTOCOL 2 3 AGENT,CONSOLE,INSTALL' 0a"
#define UUID "12345678-9abc-def0-1234-56789abcdef0"
#define REPLY "'|srv_realm=Head Office|srv_Uuid=" UUID "|dws9=1|MajorVer=11|MinorVer=0|'"
#define SAID_REPLY "drwcs|realm: Head Office|id: " UUID "|version: 11.0\n"

static const struct {
	const char *label;
	const struct dissector *d;
	enum side side;
	uint16_t port;
	const char *bytes;
	enum rd_state want;
} probes[] = {
	{ "a greeting", &drwcs_tcp_dissector, FROM_SERVER, 2193, GREETING, RD_OK },
	{ "a greeting on another port", &drwcs_tcp_dissector, FROM_SERVER, 12193, GREETING, RD_OK },
	{ "a greeting by a client", &drwcs_tcp_dissector, FROM_CLIENT, 2193, GREETING, RD_BAD },
	{ "its beginning", &drwcs_tcp_dissector, FROM_SERVER, 2193, "'0 PROTOCOL 2 '", RD_SHORT },
	{ "another protocol", &drwcs_tcp_dissector, FROM_SERVER, 2193, "'0 PROTOCOL 3'", RD_BAD },
	{ "no digit", &drwcs_tcp_dissector, FROM_SERVER, 2193, "'0 PROTOCOL 2 X AGENT'", RD_BAD },
	{ "other roles", &drwcs_tcp_dissector, FROM_SERVER, 2193, "'0 PROTOCOL 2 3 AGENCY'", RD_BAD },
	{ "another greeting", &drwcs_tcp_dissector, FROM_SERVER, 2193, "'220 ready' 0d0a", RD_BAD },
	{ "nothing", &drwcs_tcp_dissector, FROM_SERVER, 2193, "", RD_SHORT },
	{ "a reply", &drwcs_udp_dissector, FROM_SERVER, 2193, REPLY, RD_OK },
	{ "a reply whose sender seems to be the client", &drwcs_udp_dissector, FROM_CLIENT, 40000, REPLY,
	    RD_OK },
	{ "a reply without identity", &drwcs_udp_dissector, FROM_SERVER, 2193, "'|srv_realm=x|MajorVer=11|'",
	    RD_BAD },
	{ "an identity that is short", &drwcs_udp_dissector, FROM_SERVER, 2193,
	    "'|srv_realm=x|srv_Uuid=12345678|'", RD_BAD },
	{ "an identity that goes on", &drwcs_udp_dissector, FROM_SERVER, 2193,
	    "'|srv_realm=x|srv_Uuid=" UUID "g|'", RD_BAD },
	{ "an identity of other characters", &drwcs_udp_dissector, FROM_SERVER, 2193,
	    "'|srv_realm=x|srv_Uuid=12345678-9abc-defg-1234-56789abcdef0|'", RD_BAD },
	{ "pairs of another kind", &drwcs_udp_dissector, FROM_SERVER, 2193, "'|realm=x|srv_Uuid=" UUID "|'",
	    RD_BAD },
	{ "no datagram", &drwcs_udp_dissector, FROM_SERVER, 2193, "", RD_BAD },
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

static const struct {
	const char *label, *bytes, *told;
} replies[] = {
	{ "whole", REPLY, "S " SAID_REPLY },
	{ "without its last separator", "'|srv_realm=a|srv_Uuid=" UUID "|MajorVer=6|MinorVer=4'",
	    "S drwcs|realm: a|id: " UUID "|version: 6.4\n" },
	{ "without a version", "'|srv_realm=a|srv_Uuid=" UUID "|'", "S drwcs|realm: a|id: " UUID "\n" },
	{ "without a realm", "'|srv_realm=|srv_Uuid=" UUID "|'", "S drwcs|id: " UUID "\n" },
	{ "with bytes that are no text", "'|srv_realm=a' 0a ff 'b|srv_Uuid=" UUID "|'",
	    "S drwcs|realm: a??b|id: " UUID "\n" },
	{ "with a long realm",
	    "'|srv_realm=0123456789012345678901234567890123456789012345678901234567890123456789"
	    "|srv_Uuid=" UUID "|'",
	    "S drwcs|realm: 0123456789012345678901234567890123456789012345678901234567890123|id: " UUID "\n"
	    },
	{ "with its identity behind too much",
	    "'|srv_realm=a|b=|b=|b=|b=|b=|b=|b=|b=|b=|b=|b=|b=|b=|b=|b=|srv_Uuid=" UUID "|'", "" },
	{ "none", "'|srv_realm'", "" },
};

static void
test_replies(void **state)
{
	(void)state;
	for (size_t i = 0; i < N(replies); i++) {
		fresh(&drwcs_udp_dissector, 2193);
		datagram(FROM_SERVER, replies[i].bytes);
		if (strcmp(run.told, replies[i].told) != 0 ||
		    run.answer != (replies[i].told[0] != '\0' ? DISSECT_DONE : DISSECT_MORE))
			fail_msg("a reply %s: %d, %s", replies[i].label, run.answer, run.told);
	}
}

static void
test_patience(void **state)
{
	(void)state;
	fresh(&drwcs_udp_dissector, 2193);
	for (unsigned i = 1; i < 300; i++) {
		datagram(FROM_CLIENT, "'?'");
		assert_int_equal(run.answer, i < 16 ? DISSECT_MORE : DISSECT_DONE);
	}
}

static void
test_greeting(void **state)
{
	uint8_t wire[WIRE_MAX];

	(void)state;
	for (size_t at_once = 1; at_once < 50; at_once++) {
		fresh(&drwcs_tcp_dissector, 2193);
		segment(FROM_CLIENT, "deadbeef");
		assert_int_equal(run.answer, DISSECT_MORE);
		arrive(FROM_SERVER, wire, bytes(GREETING, wire), at_once);
		assert_string_equal(run.told, "S drwcs|version: 2.3\n");
		assert_int_equal(run.answer, DISSECT_DONE);
		/* A worker may come again: nothing that follows is a contradiction. */
		look(FROM_SERVER, wire, bytes("'anything'", wire));
		assert_int_equal(run.answer, DISSECT_DONE);
		assert_int_equal(run.malformed, 0);
	}
	fresh(&drwcs_tcp_dissector, 2193);
	segment(FROM_SERVER, "'HTTP/1.1'");
	assert_int_equal(run.answer, DISSECT_NOT_MINE);
	assert_int_equal(run.malformed, 1);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_probes),
		cmocka_unit_test(test_replies),
		cmocka_unit_test(test_patience),
		cmocka_unit_test(test_greeting),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
