/* SPDX-License-Identifier: Apache-2.0 */
/* test_ossec - what agents and managers say in clear before what they encrypt. */
#include "app_talk.h"

/* --- messages ----------------------------------------------------------------- */

/* 16 bytes of something that is no text */
#define BLOCK "9f03c1 5a11e47b 28d6 90 4cf7 0e8b3361"
#define C48 BLOCK BLOCK BLOCK
#define C40 BLOCK BLOCK "9f03c15a11e47b28"
#define TEXT48 "'the quick brown fox jumps over the lazy dog ....'"

#define TOLD_AES "|transport: tcp|cipher: aes\n"

static const struct {
	const char *label;
	const struct dissector *d;
	enum side side;
	uint16_t port;
	const char *bytes;
	const char *told;		/* NULL: not ours */
} messages[] = {
	{ "UDP, Blowfish", &ossec_udp_dissector, FROM_CLIENT, 1514, "':'" C40,
	    "C ossec|transport: udp|cipher: blowfish\n" },
	{ "UDP, AES, an agent", &ossec_udp_dissector, FROM_CLIENT, 1514, "'!001!#AES:'" C48,
	    "C ossec|transport: udp|agent: 001|cipher: aes\n" },
	{ "UDP, Blowfish, an agent", &ossec_udp_dissector, FROM_CLIENT, 1514, "'!12345678!:'" C48,
	    "C ossec|transport: udp|agent: 12345678|cipher: blowfish\n" },
	{ "UDP, a manager", &ossec_udp_dissector, FROM_SERVER, 1514, "'#AES:'" C48,
	    "S ossec|transport: udp|cipher: aes\n" },
	{ "UDP, AES on another port", &ossec_udp_dissector, FROM_CLIENT, 15140, "'#AES:'" C48,
	    "C ossec|transport: udp|cipher: aes\n" },
	{ "UDP, Blowfish on another port", &ossec_udp_dissector, FROM_CLIENT, 15140, "':'" C40, NULL },
	{ "UDP, half a block", &ossec_udp_dissector, FROM_CLIENT, 1514, "':'" C40 "00112233", NULL },
	{ "UDP, AES with a block of Blowfish", &ossec_udp_dissector, FROM_CLIENT, 1514, "'#AES:'" C40, NULL },
	{ "UDP, too little", &ossec_udp_dissector, FROM_CLIENT, 1514, "'#AES:'" BLOCK BLOCK, NULL },
	{ "UDP, text", &ossec_udp_dissector, FROM_CLIENT, 1514, "':'" TEXT48, NULL },
	{ "UDP, syslog", &ossec_udp_dissector, FROM_CLIENT, 1514, "'<13>' " C48, NULL },
	{ "UDP, an agent of letters", &ossec_udp_dissector, FROM_CLIENT, 1514, "'!0x1!:'" C48, NULL },
	{ "UDP, an agent without digits", &ossec_udp_dissector, FROM_CLIENT, 1514, "'!!:'" C48, NULL },
	{ "UDP, nine digits", &ossec_udp_dissector, FROM_CLIENT, 1514, "'!123456789!:'" C48, NULL },
	{ "UDP, an agent of the manager", &ossec_udp_dissector, FROM_SERVER, 1514, "'!001!:'" C48, NULL },
	{ "UDP, ping", &ossec_udp_dissector, FROM_CLIENT, 1514, "'#ping'",
	    "C ossec|transport: udp|message: ping\n" },
	{ "UDP, pong", &ossec_udp_dissector, FROM_SERVER, 1514, "'#pong'",
	    "S ossec|transport: udp|message: pong\n" },
	{ "UDP, pong of the wrong side", &ossec_udp_dissector, FROM_CLIENT, 1514, "'#pong'", NULL },
	{ "UDP, ping on another port", &ossec_udp_dissector, FROM_CLIENT, 1515, "'#ping'", NULL },
	{ "UDP, nothing", &ossec_udp_dissector, FROM_CLIENT, 1514, "", NULL },
	/* length: 1 + 40 = 41 (29); 5 + 48 = 53 (35); 10 + 48 = 58 (3a) */
	{ "TCP, Blowfish", &ossec_tcp_dissector, FROM_CLIENT, 1514, "29000000 ':'" C40,
	    "C ossec|transport: tcp|cipher: blowfish\n" },
	{ "TCP, AES", &ossec_tcp_dissector, FROM_SERVER, 1514, "35000000 '#AES:'" C48, "S ossec" TOLD_AES },
	{ "TCP, AES on another port", &ossec_tcp_dissector, FROM_CLIENT, 443, "35000000 '#AES:'" C48,
	    "C ossec" TOLD_AES },
	{ "TCP, an agent", &ossec_tcp_dissector, FROM_CLIENT, 1514, "3a000000 '!007!#AES:'" C48,
	    "C ossec|transport: tcp|agent: 007|cipher: aes\n" },
	{ "TCP, ping", &ossec_tcp_dissector, FROM_CLIENT, 1514, "05000000 '#ping'",
	    "C ossec|transport: tcp|message: ping\n" },
	{ "TCP, a length in network order", &ossec_tcp_dissector, FROM_CLIENT, 1514, "00000035 '#AES:'" C48,
	    NULL },
	{ "TCP, a length that does not fit", &ossec_tcp_dissector, FROM_CLIENT, 1514, "36000000 '#AES:'" C48,
	    NULL },
	{ "TCP, no length", &ossec_tcp_dissector, FROM_CLIENT, 1514, "00000000 '#AES:'" C48, NULL },
	{ "TCP, a length of nothing more", &ossec_tcp_dissector, FROM_CLIENT, 1514, "01000000 ':'" C40,
	    NULL },
	{ "TCP, more than the longest", &ossec_tcp_dissector, FROM_CLIENT, 1514, "45000100 '#AES:'" C48,
	    NULL },
	{ "TCP, HTTP", &ossec_tcp_dissector, FROM_CLIENT, 1514, "'GET / HTTP/1.1' 0d0a0d0a", NULL },
};

static void
test_messages(void **state)
{
	uint8_t wire[WIRE_MAX];

	(void)state;
	for (size_t i = 0; i < N(messages); i++) {
		size_t n = bytes(messages[i].bytes, wire);
		enum rd_state want = messages[i].told != NULL ? RD_OK : RD_BAD;

		fresh(messages[i].d, messages[i].port);
		look(messages[i].side, wire, n);
		if (strcmp(run.told, messages[i].told != NULL ? messages[i].told : "") != 0 ||
		    run.answer != (messages[i].told != NULL ? DISSECT_MORE : DISSECT_NOT_MINE) ||
		    run.malformed != (messages[i].told == NULL) ||
		    probe(messages[i].d, messages[i].side, messages[i].port, wire, n) != want)
			fail_msg("%s: %d, %u, %s", messages[i].label, run.answer, run.malformed, run.told);
	}
}

/* A message that is not all there is waited for, byte by byte. */
static void
test_probe_prefixes(void **state)
{
	uint8_t wire[WIRE_MAX];
	size_t n = bytes("3a000000 '!007!#AES:'" BLOCK BLOCK, wire);

	(void)state;
	for (size_t i = 0; i < 4 + 10 + 24; i++)
		assert_int_equal(probe(&ossec_tcp_dissector, FROM_CLIENT, 1514, wire, i), RD_SHORT);
	assert_int_equal(probe(&ossec_tcp_dissector, FROM_CLIENT, 1514, wire, 4 + 10 + 24), RD_OK);
	assert_int_equal(probe(&ossec_tcp_dissector, FROM_CLIENT, 1514, wire, n), RD_OK);
}

/* Each side tells once; when both have, it is enough. */
static void
test_cut(void **state)
{
	uint8_t wire[WIRE_MAX];

	(void)state;
	for (size_t at_once = 1; at_once < 150; at_once++) {
		fresh(&ossec_tcp_dissector, 1514);
		arrive(FROM_CLIENT, wire, bytes("3a000000 '!007!#AES:'" C48 "3a000000 '!007!#AES:'" C48,
		    wire), at_once);
		assert_int_equal(run.answer, DISSECT_MORE);
		arrive(FROM_SERVER, wire, bytes("35000000 '#AES:'" C48, wire), at_once);
		assert_string_equal(run.told,
		    "C ossec|transport: tcp|agent: 007|cipher: aes\nS ossec" TOLD_AES);
		assert_int_equal(run.answer, DISSECT_DONE);
		assert_int_equal(run.malformed, 0);
	}
}

static void
test_patience(void **state)
{
	(void)state;
	fresh(&ossec_udp_dissector, 1514);
	for (unsigned i = 0; i < 63; i++) {
		datagram(FROM_CLIENT, "':'" C40);
		assert_int_equal(run.answer, DISSECT_MORE);
	}
	datagram(FROM_CLIENT, "':'" C40);
	assert_int_equal(run.answer, DISSECT_DONE);
	assert_string_equal(run.told, "C ossec|transport: udp|cipher: blowfish\n");
}

static void
test_later_datagrams(void **state)
{
	(void)state;
	fresh(&ossec_udp_dissector, 1514);
	datagram(FROM_CLIENT, "':'" C40);
	datagram(FROM_CLIENT, "'something else'");
	assert_int_equal(run.answer, DISSECT_MORE);
	assert_int_equal(run.malformed, 1);
	datagram(FROM_SERVER, "':'" C48);
	assert_int_equal(run.answer, DISSECT_DONE);
}

static void
test_gap(void **state)
{
	(void)state;
	fresh(&ossec_tcp_dissector, 1514);
	segment(FROM_CLIENT, "05000000 '#ping'");
	run.in.gap = 100;
	segment(FROM_CLIENT, BLOCK);
	segment(FROM_CLIENT, "35000000 '#AES:'" C48);
	assert_string_equal(run.told, "C ossec|transport: tcp|message: ping\nC ossec" TOLD_AES);
	assert_int_equal(run.malformed, 0);
	segment(FROM_CLIENT, BLOCK);
	assert_int_equal(run.malformed, 1);
	assert_int_equal(run.answer, DISSECT_MORE);
}

static void
test_snapped(void **state)
{
	uint8_t wire[WIRE_MAX];

	(void)state;
	fresh(&ossec_udp_dissector, 1514);
	run.in.snapped = true;
	datagram(FROM_CLIENT, "'!001!#AES:'" BLOCK);
	assert_string_equal(run.told, "");
	datagram(FROM_CLIENT, "'!001!#AES:'" BLOCK BLOCK "00");
	assert_string_equal(run.told, "C ossec|transport: udp|agent: 001|cipher: aes\n");
	assert_int_equal(run.malformed, 0);
	assert_int_equal(probe(&ossec_udp_dissector, FROM_CLIENT, 1514, wire, bytes("':'" BLOCK BLOCK, wire)),
	    RD_BAD);
	fresh(&ossec_tcp_dissector, 1514);
	run.in.end = true;
	segment(FROM_CLIENT, "35000000 '#A'");
	assert_int_equal(run.len[0], 0);
	assert_string_equal(run.told, "");
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_messages),
		cmocka_unit_test(test_probe_prefixes),
		cmocka_unit_test(test_cut),
		cmocka_unit_test(test_patience),
		cmocka_unit_test(test_later_datagrams),
		cmocka_unit_test(test_gap),
		cmocka_unit_test(test_snapped),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
