/* SPDX-License-Identifier: Apache-2.0 */
/* test_fgd - the openings that are public, and everything else, which is not claimed. */
#include "app_talk.h"

/* --- datagrams ----------------------------------------------------------------- */

#define Z8 "0000000000000000"
#define Z20 Z8 Z8 "00000000"
#define Z32 Z8 Z8 Z8 Z8
#define Z60 Z20 Z20 Z20

static const struct {
	const char *label;
	const struct dissector *d;
	enum side side;
	uint16_t port;
	const char *bytes;
	enum rd_state want;
} probes[] = {
	{ "ihrk", &fgd_dissector, FROM_CLIENT, 8888, "'ihrk'" Z60, RD_OK },
	{ "iiro on the port of DNS", &fgd_dissector, FROM_CLIENT, 53, "'iiro'" Z60, RD_OK },
	{ "that, as DNS", &dns_udp_dissector, FROM_CLIENT, 53, "'iiro'" Z60, RD_BAD },
	{ "ikvk, as DNS", &dns_udp_dissector, FROM_CLIENT, 53, "'ikvk'" Z60, RD_BAD },
	{ "ikuo, as DNS", &dns_udp_dissector, FROM_CLIENT, 53, "'ikuo'" Z60, RD_BAD },
	{ "kowO, as DNS", &dns_udp_dissector, FROM_SERVER, 53, "'kowO'" Z32, RD_BAD },
	{ "ihrk of another length", &fgd_dissector, FROM_CLIENT, 8888, "'ihrk'" Z60 "00", RD_BAD },
	{ "ikro of any length", &fgd_dissector, FROM_CLIENT, 8888, "'ikro'", RD_OK },
	{ "ikuo of any length", &fgd_dissector, FROM_CLIENT, 8888, "'ikuo'" Z20, RD_OK },
	{ "another port", &fgd_dissector, FROM_CLIENT, 8889, "'ihrk'" Z60, RD_BAD },
	{ "another side", &fgd_dissector, FROM_SERVER, 8888, "'ihrk'" Z60, RD_BAD },
	{ "a reply", &fgd_dissector, FROM_SERVER, 8888, "'kowO'" Z32, RD_OK },
	{ "a reply of 44", &fgd_dissector, FROM_SERVER, 8888, "'kowG'" Z20 Z20, RD_OK },
	{ "a reply of 12", &fgd_dissector, FROM_SERVER, 53, "'nkwg'" Z8, RD_OK },
	{ "a reply of 32", &fgd_dissector, FROM_SERVER, 53, "'khwK'" Z20 Z8, RD_OK },
	{ "a reply of 32 that has 36", &fgd_dissector, FROM_SERVER, 53, "'khwK'" Z32, RD_BAD },
	{ "a reply of a client", &fgd_dissector, FROM_CLIENT, 8888, "'kowO'" Z32, RD_BAD },
	{ "three bytes", &fgd_dissector, FROM_CLIENT, 8888, "'ihr'", RD_BAD },
	{ "nothing", &fgd_dissector, FROM_CLIENT, 8888, "", RD_BAD },
	{ "what is neither DNS nor known", &fgd_dissector, FROM_CLIENT, 8888, "deadbeef" Z60, RD_BAD },
	{ "a DNS query", &fgd_dissector, FROM_CLIENT, 53,
	    "1234 0100 0001 0000 0000 0000 03'www' 03'com' 00 0001 0001", RD_BAD },
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
test_once(void **state)
{
	(void)state;
	fresh(&fgd_dissector, 8888);
	datagram(FROM_CLIENT, "'ihrk'" Z60);
	datagram(FROM_CLIENT, "'ihri'" Z60);
	datagram(FROM_SERVER, "deadbeef" Z60);
	assert_string_equal(run.told, "C fgd\n");
	assert_int_equal(run.answer, DISSECT_MORE);
	datagram(FROM_SERVER, "'kowG'" Z20 Z20);
	assert_string_equal(run.told, "C fgd\nS fgd\n");
	assert_int_equal(run.answer, DISSECT_DONE);
	assert_int_equal(run.malformed, 0);
}

static void
test_patience(void **state)
{
	(void)state;
	fresh(&fgd_dissector, 53);
	for (unsigned i = 0; i < 31; i++) {
		datagram(FROM_CLIENT, "'ihrk'" Z60);
		assert_int_equal(run.answer, DISSECT_MORE);
	}
	for (unsigned i = 0; i < 300; i++) {
		datagram(FROM_CLIENT, "'ihrk'" Z60);
		assert_int_equal(run.answer, DISSECT_DONE);
	}
	assert_string_equal(run.told, "C fgd\n");
}

static void
test_snapped(void **state)
{
	uint8_t wire[WIRE_MAX];

	(void)state;
	run.in.snapped = true;
	assert_int_equal(probe(&fgd_dissector, FROM_CLIENT, 8888, wire, bytes("'ihrk' 00000000", wire)),
	    RD_OK);
	assert_int_equal(probe(&fgd_dissector, FROM_CLIENT, 8888, wire, bytes("'ihr'", wire)), RD_BAD);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_probes),
		cmocka_unit_test(test_once),
		cmocka_unit_test(test_patience),
		cmocka_unit_test(test_snapped),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
