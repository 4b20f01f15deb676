/* SPDX-License-Identifier: Apache-2.0 */
/* test_dnscrypt - the magic of responses and of relayed queries; other queries say nothing. */
#include "app_talk.h"

/* --- packets ------------------------------------------------------------------- */

#define R8 "9f03c15a11e47b28"
#define R32 R8 R8 R8 R8
/* magic, nonce, 16 + 64 encrypted: 112 (70) */
#define RESPONSE "72 36 66 6e 76 57 6a 38" R8 R8 R8 R32 R32 R8 R8
/* relay magic, ::ffff:192.0.2.1, port 443; client magic, key, nonce, 16 + 64 encrypted: 160 (a0) */
#define RELAYED_HEAD "ffffffffffffffff 0000 00000000000000000000ffffc0000201 01bb"
#define RELAYED RELAYED_HEAD R8 R32 R8 "11223344" R32 R32 R8 R8
#define QUERY R8 R32 R8 "11223344" R32 R32 R8 R8			/* client magic ... : 132 (84) */
#define SAID_RESPONSE "S dnscrypt\n"
#define SAID_RELAYED "C dnscrypt|server: 192.0.2.1|port: 443\n"

static const struct {
	const char *label;
	const struct dissector *d;
	enum side side;
	uint16_t port;
	const char *bytes;
	enum rd_state want;
} probes[] = {
	{ "a response", &dnscrypt_udp_dissector, FROM_SERVER, 443, RESPONSE, RD_OK },
	{ "a response of another port", &dnscrypt_udp_dissector, FROM_SERVER, 5353, RESPONSE, RD_OK },
	{ "a response of a client", &dnscrypt_udp_dissector, FROM_CLIENT, 443, RESPONSE, RD_BAD },
	{ "too short", &dnscrypt_udp_dissector, FROM_SERVER, 443,
	    "72 36 66 6e 76 57 6a 38" R32 R8 R8 "11223344", RD_BAD },
	{ "long enough", &dnscrypt_udp_dissector, FROM_SERVER, 443,
	    "72 36 66 6e 76 57 6a 38" R32 R8 R8 "1122334455", RD_OK },
	{ "the magic of DNSCurve", &dnscrypt_udp_dissector, FROM_SERVER, 443, "'R6fnvWJ8'" R32 R32, RD_BAD },
	{ "a query", &dnscrypt_udp_dissector, FROM_CLIENT, 443, QUERY, RD_BAD },
	{ "a relayed query", &dnscrypt_udp_dissector, FROM_CLIENT, 443, RELAYED, RD_OK },
	{ "a relayed query without a port", &dnscrypt_udp_dissector, FROM_CLIENT, 443,
	    "ffffffffffffffff 0000 00000000000000000000ffffc0000201 0000" R8 R32 R8 "11223344" R32 R32 R8 R8,
	    RD_BAD },
	{ "nothing relayed", &dnscrypt_udp_dissector, FROM_CLIENT, 443, RELAYED_HEAD, RD_BAD },
	{ "nothing", &dnscrypt_udp_dissector, FROM_SERVER, 443, "", RD_BAD },
	{ "a response by TCP", &dnscrypt_tcp_dissector, FROM_SERVER, 443, "0070" RESPONSE, RD_OK },
	{ "the beginning of one", &dnscrypt_tcp_dissector, FROM_SERVER, 443, "0070 723666", RD_SHORT },
	{ "its length in little-endian", &dnscrypt_tcp_dissector, FROM_SERVER, 443, "3c00 723666", RD_SHORT },
	{ "a length that is too short", &dnscrypt_tcp_dissector, FROM_SERVER, 443, "003c 723666", RD_BAD },
	{ "a TLS record", &dnscrypt_tcp_dissector, FROM_SERVER, 443, "160303", RD_BAD },
	{ "a query by TCP", &dnscrypt_tcp_dissector, FROM_CLIENT, 443, "0084" QUERY, RD_BAD },
	{ "a relayed query by TCP", &dnscrypt_tcp_dissector, FROM_CLIENT, 443, "00a0" RELAYED, RD_OK },
	{ "nothing by TCP", &dnscrypt_tcp_dissector, FROM_SERVER, 443, "", RD_SHORT },
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

static void
test_datagrams(void **state)
{
	(void)state;
	fresh(&dnscrypt_udp_dissector, 443);
	datagram(FROM_CLIENT, QUERY);
	assert_string_equal(run.told, "");
	assert_int_equal(run.answer, DISSECT_MORE);
	datagram(FROM_CLIENT, RELAYED);
	datagram(FROM_CLIENT, RELAYED);
	assert_string_equal(run.told, SAID_RELAYED);
	assert_int_equal(run.answer, DISSECT_MORE);
	datagram(FROM_SERVER, "1234");
	assert_int_equal(run.answer, DISSECT_MORE);
	datagram(FROM_SERVER, RESPONSE);
	assert_string_equal(run.told, SAID_RELAYED SAID_RESPONSE);
	assert_int_equal(run.answer, DISSECT_DONE);
	assert_int_equal(run.malformed, 0);
}

static void
test_ipv6(void **state)
{
	(void)state;
	fresh(&dnscrypt_udp_dissector, 443);
	datagram(FROM_CLIENT, "ffffffffffffffff 0000 20010db8000000000000000000000001 20fb" QUERY);
	assert_string_equal(run.told, "C dnscrypt|server: 2001:db8::1|port: 8443\n");
}

static void
test_patience(void **state)
{
	(void)state;
	fresh(&dnscrypt_udp_dissector, 443);
	for (unsigned i = 0; i < 31; i++) {
		datagram(FROM_CLIENT, QUERY);
		assert_int_equal(run.answer, DISSECT_MORE);
	}
	for (unsigned i = 0; i < 300; i++) {
		datagram(FROM_CLIENT, QUERY);
		assert_int_equal(run.answer, DISSECT_DONE);
	}
}

static void
test_streams(void **state)
{
	uint8_t wire[WIRE_MAX];

	(void)state;
	for (size_t at_once = 1; at_once < 170; at_once++) {
		fresh(&dnscrypt_tcp_dissector, 443);
		arrive(FROM_CLIENT, wire, bytes("00a0" RELAYED, wire), at_once < 30 ? 30 : at_once);
		assert_int_equal(run.answer, DISSECT_MORE);
		arrive(FROM_SERVER, wire, bytes("0070" RESPONSE, wire), at_once);
		assert_string_equal(run.told, SAID_RELAYED SAID_RESPONSE);
		assert_int_equal(run.answer, DISSECT_DONE);
		assert_int_equal(run.malformed, 0);
	}
}

static void
test_snapped(void **state)
{
	uint8_t wire[WIRE_MAX];

	(void)state;
	run.in.snapped = true;
	assert_int_equal(probe(&dnscrypt_udp_dissector, FROM_SERVER, 443, wire, bytes(RESPONSE, wire) - 80),
	    RD_OK);
	assert_int_equal(probe(&dnscrypt_udp_dissector, FROM_SERVER, 443, wire, 5), RD_SHORT);
	fresh(&dnscrypt_tcp_dissector, 443);
	run.in.end = true;
	segment(FROM_SERVER, "0070 7236");
	assert_int_equal(run.len[FROM_SERVER], 0);
	assert_string_equal(run.told, "");
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_probes),
		cmocka_unit_test(test_datagrams),
		cmocka_unit_test(test_ipv6),
		cmocka_unit_test(test_patience),
		cmocka_unit_test(test_streams),
		cmocka_unit_test(test_snapped),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
