/* SPDX-License-Identifier: Apache-2.0 */
/* test_fls - requests and replies of File Lookup Service, by datagram and by stream. */
#include "app_talk.h"

/* --- messages: integers are little-endian ----------------------------------- */

#define ZERO16 "00000000000000000000000000000000"
#define GUID "000102030405060708090a0b0c0d0e0f"
#define SHA1_A "a0a1a2a3a4a5a6a7a8a9aaabacadaeafb0b1b2b3"
#define SHA1_B "c0c1c2c3c4c5c6c7c8c9cacbcccdcecfd0d1d2d3"
#define SHA256_A SHA1_A "b4b5b6b7b8b9babbbcbdbebf"

/* version 3: type 0, id 42, 2 digests, SHA-1, protocol 3, application 10, GUID, caller 1 */
#define V3_FILES "00 2a000000 02 00 03 0a" ZERO16 "01" SHA1_A SHA1_B
#define SAID_V3_FILES "C fls|version: 3|request: file|hashes: 2|hash: sha1:" SHA1_A "|hash: sha1:" SHA1_B "\n"
/* id 42, 2 answers, of 2 bytes each */
#define V3_REPLY "2a000000 02 01 00 02 00"
#define SAID_V3_REPLY "S fls|answers: 2|verdict: safe|verdict: malicious\n"

/*
 * version 7: marker, version, type 0, revision 2, payload of 45,
 * id 43, application 10, its version, caller, GUID, SHA-1
 */
#define V7_FILE "ef 07 00 02 2d00 2b000000 0a 0000 01" GUID "00" SHA1_A
#define SAID_V7_FILE "C fls|version: 7|request: file|id: " GUID "|hashes: 1|hash: sha1:" SHA1_A "\n"
#define V7_REPLY "2b000000 01 03 00"
#define SAID_V7_REPLY "S fls|answers: 1|verdict: unknown\n"

/* type 8, revision 1, payload 25 + 32 = 57 (39), SHA-256: an answer is one byte */
#define V7_VENDOR "ef 07 08 01 3900 2c000000 0a 0000 08" ZERO16 "01" SHA256_A
#define SAID_V7_VENDOR "C fls|version: 7|request: vendor|hashes: 1|hash: sha256:" SHA256_A "\n"

/* type 35 (23): how the address of a page is written is not published; payload 24 + 6 = 30 (1e) */
#define V7_URL "ef 07 23 00 1e00 2d000000 0a 0000 01" ZERO16 "'abcdef'"

/* --- datagrams --------------------------------------------------------------- */

static const struct {
	const char *label;
	enum side side;
	const char *bytes;
	const char *told;
	unsigned malformed;
} datagrams[] = {
	{ "two files", FROM_CLIENT, V3_FILES, SAID_V3_FILES, 0 },
	{ "the answer of another number", FROM_SERVER, "2a000000 03 01 00 02 00 01 00", "", 0 },
	{ "the answer to another request", FROM_SERVER, "29000000 02 01 00 02 00", "", 0 },
	{ "an answer that is cut", FROM_SERVER, "2a000000 02 01 00 02", "", 1 },
	{ "an answer without its number", FROM_SERVER, "2a000000", "", 0 },
	{ "the answer", FROM_SERVER, V3_REPLY, SAID_V3_REPLY, 0 },
	{ "the answer once more", FROM_SERVER, V3_REPLY, "", 0 },
	{ "version 7", FROM_CLIENT, V7_FILE, SAID_V7_FILE, 0 },
	{ "a vendor", FROM_CLIENT, V7_VENDOR, SAID_V7_VENDOR, 0 },
	{ "its answer first", FROM_SERVER, "2c000000 01 07", "S fls|answers: 1|verdict: 7\n", 0 },
	{ "then the other", FROM_SERVER, V7_REPLY, SAID_V7_REPLY, 0 },
	{ "an address", FROM_CLIENT, V7_URL, "C fls|version: 7|request: url\n", 0 },
	{ "its answer, not published", FROM_SERVER, "2d000000 01 beef", "S fls|answers: 1\n", 0 },
	{ "MD5 digests of a type whose answer is not published", FROM_CLIENT,
	    "09 30000000 01 02 03 0a" ZERO16 "04" GUID,
	    "C fls|version: 3|request: malware, extended|hashes: 1|hash: md5:" GUID "\n", 0 },
	{ "its answer", FROM_SERVER, "30000000 01 01020304", "S fls|answers: 1\n", 0 },
	{ "a digest too few", FROM_CLIENT, "00 31000000 02 00 03 0a" ZERO16 "01" SHA1_A, "", 1 },
	{ "a payload that is longer than it is", FROM_CLIENT,
	    "ef 07 00 02 2d00 2b000000 0a 0000 01" GUID "00", "", 1 },
};

static void
test_datagrams(void **state)
{
	unsigned malformed = 0;

	(void)state;
	fresh(&fls_udp_dissector, 4447);
	for (size_t i = 0; i < N(datagrams); i++) {
		run.told[0] = '\0';
		datagram(datagrams[i].side, datagrams[i].bytes);
		malformed += datagrams[i].malformed;
		if (strcmp(run.told,
		    datagrams[i].told) != 0 || run.malformed != malformed || run.answer != DISSECT_MORE)
			fail_msg("%s: %d, %u, %s", datagrams[i].label, run.answer, run.malformed, run.told);
	}
}

/* Of 49 digests, the most that 1,024 bytes hold, four are told; of their verdicts too. */
static void
test_full(void **state)
{
	char text[WIRE_MAX] = "00 05000000 31 00 03 0a" ZERO16 "01", reply[WIRE_MAX] = "05000000 31";
	uint8_t wire[WIRE_MAX];

	(void)state;
	for (unsigned i = 0; i < 49; i++) {
		strcat(text, SHA1_A);
		strcat(reply, "04 00");
	}
	assert_int_equal(bytes(text, wire), 1006);
	fresh(&fls_udp_dissector, 53);
	datagram(FROM_CLIENT, text);
	assert_string_equal(run.told, "C fls|version: 3|request: file|hashes: 49|hash: sha1:" SHA1_A
	    "|hash: sha1:" SHA1_A "|hash: sha1:" SHA1_A "|hash: sha1:" SHA1_A "\n");
	run.told[0] = '\0';
	datagram(FROM_SERVER, reply);
	assert_string_equal(run.told,
	    "S fls|answers: 49|verdict: fail|verdict: fail|verdict: fail|verdict: fail\n");
}

/* The ninth request that waits takes the place of the first. */
static void
test_many_wait(void **state)
{
	char text[256];

	(void)state;
	fresh(&fls_udp_dissector, 4447);
	for (unsigned i = 0; i < 9; i++) {
		snprintf(text, sizeof text, "00 %02x000000 01 00 03 0a" ZERO16 "01" SHA1_A, i);
		datagram(FROM_CLIENT, text);
	}
	run.told[0] = '\0';
	datagram(FROM_SERVER, "00000000 01 01 00");
	assert_string_equal(run.told, "");
	datagram(FROM_SERVER, "01000000 01 01 00");
	datagram(FROM_SERVER, "08000000 01 00 00");
	assert_string_equal(run.told, "S fls|answers: 1|verdict: safe\nS fls|answers: 1|verdict: absent\n");
}

static void
test_snapped(void **state)
{
	(void)state;
	fresh(&fls_udp_dissector, 4447);
	run.in.snapped = true;
	datagram(FROM_CLIENT, "ef 07 00 02 4100 2b000000 0a 0000 01" GUID "00" SHA1_A "c0c1");
	assert_string_equal(run.told,
	    "C fls|version: 7|request: file|id: " GUID "|hashes: 2|hash: sha1:" SHA1_A "\n");
	run.told[0] = '\0';
	datagram(FROM_SERVER, "2b000000 02 01");
	assert_string_equal(run.told, "S fls|answers: 2|verdict: safe\n");
	assert_int_equal(run.malformed, 0);
}

/* --- streams ----------------------------------------------------------------- */

static const struct {
	enum side side;
	const char *bytes;
} talk[] = {
	{ FROM_CLIENT, V3_FILES V7_FILE }, { FROM_SERVER, V3_REPLY V7_REPLY }, { FROM_CLIENT, V7_VENDOR },
	{ FROM_SERVER, "2c000000 01 00" },
};

#define SAID SAID_V3_FILES SAID_V7_FILE SAID_V3_REPLY SAID_V7_REPLY SAID_V7_VENDOR \
    "S fls|answers: 1|verdict: absent\n"

/* Cut anywhere, a conversation tells the same. */
static void
test_cut(void **state)
{
	uint8_t wire[WIRE_MAX];

	(void)state;
	for (size_t at_once = 1; at_once < 130; at_once++) {
		fresh(&fls_tcp_dissector, 4448);
		for (size_t i = 0; i < N(talk); i++)
			arrive(talk[i].side, wire, bytes(talk[i].bytes, wire), at_once);
		assert_string_equal(run.told, SAID);
		assert_int_equal(run.malformed, 0);
	}
}

static void
test_stream_gap(void **state)
{
	(void)state;
	fresh(&fls_tcp_dissector, 4448);
	segment(FROM_CLIENT, V7_FILE);
	run.in.gap = 10;
	segment(FROM_CLIENT, "b1b2b3 55aa");
	segment(FROM_CLIENT, V7_VENDOR);
	assert_string_equal(run.told, SAID_V7_FILE SAID_V7_VENDOR);
	assert_int_equal(run.malformed, 0);
	segment(FROM_CLIENT, "'no request'");
	segment(FROM_SERVER, "'no reply'" V7_REPLY);
	segment(FROM_SERVER, V7_REPLY);
	assert_string_equal(run.told, SAID_V7_FILE SAID_V7_VENDOR SAID_V7_REPLY);
	assert_int_equal(run.malformed, 1);
	assert_int_equal(run.answer, DISSECT_MORE);
}

static void
test_stream_end(void **state)
{
	(void)state;
	fresh(&fls_tcp_dissector, 80);
	segment(FROM_CLIENT, "ef 07 00 02 2d00 2b000000 0a 0000 01" GUID "00 a0a1");
	assert_string_equal(run.told, "");
	run.in.end = true;
	look(FROM_CLIENT, run.held[0], run.len[0]);
	assert_string_equal(run.told, "C fls|version: 7|request: file|id: " GUID "|hashes: 1\n");
	fresh(&fls_tcp_dissector, 80);
	segment(FROM_CLIENT, "'GET / HTTP/1.1'");
	assert_int_equal(run.answer, DISSECT_NOT_MINE);
	assert_int_equal(run.malformed, 1);
}

static void
test_probe_snapped(void **state)
{
	uint8_t wire[WIRE_MAX];

	(void)state;
	run.in.snapped = true;
	assert_int_equal(probe(&fls_udp_dissector, FROM_CLIENT, 4447, wire, bytes(V7_FILE, wire) - 4), RD_OK);
	assert_int_equal(probe(&fls_udp_dissector, FROM_CLIENT, 4447, wire, bytes(V3_FILES, wire) - 4),
	    RD_BAD);
	run.in.snapped = false;
	assert_int_equal(probe(&fls_udp_dissector, FROM_CLIENT, 4447, wire, bytes(V7_FILE, wire) - 4),
	    RD_BAD);
}

static const struct {
	const char *label;
	const struct dissector *d;
	enum side side;
	uint16_t port;
	const char *bytes;
	enum rd_state want;
} probes[] = {
	{ "version 3", &fls_udp_dissector, FROM_CLIENT, 4447, V3_FILES, RD_OK },
	{ "version 3 on the port of DNS", &fls_udp_dissector, FROM_CLIENT, 53, V3_FILES, RD_OK },
	{ "that, as DNS", &dns_udp_dissector, FROM_CLIENT, 53, V3_FILES, RD_BAD },
	{ "version 7", &fls_udp_dissector, FROM_CLIENT, 4447, V7_FILE, RD_OK },
	{ "version 7, as DNS", &dns_udp_dissector, FROM_CLIENT, 53, V7_FILE, RD_BAD },
	{ "an address", &fls_udp_dissector, FROM_CLIENT, 4447, V7_URL, RD_OK },
	{ "another port", &fls_udp_dissector, FROM_CLIENT, 4446, V7_FILE, RD_BAD },
	{ "another side", &fls_udp_dissector, FROM_SERVER, 4447, V7_FILE, RD_BAD },
	{ "a reply alone", &fls_udp_dissector, FROM_SERVER, 4447, V3_REPLY, RD_BAD },
	{ "a byte more", &fls_udp_dissector, FROM_CLIENT, 4447, V3_FILES "00", RD_BAD },
	{ "a byte more", &fls_udp_dissector, FROM_CLIENT, 4447, V7_FILE "00", RD_BAD },
	{ "a type without digests", &fls_udp_dissector, FROM_CLIENT, 4447,
	    "0a 2a000000 01 00 03 0a" ZERO16 "01" SHA1_A, RD_BAD },
	{ "no digest", &fls_udp_dissector, FROM_CLIENT, 4447, "00 2a000000 00 00 03 0a" ZERO16 "01", RD_BAD },
	{ "a digest of no kind", &fls_udp_dissector, FROM_CLIENT, 4447,
	    "00 2a000000 01 03 03 0a" ZERO16 "01" SHA1_A, RD_BAD },
	{ "another protocol", &fls_udp_dissector, FROM_CLIENT, 4447,
	    "00 2a000000 01 00 04 0a" ZERO16 "01" SHA1_A, RD_BAD },
	{ "another application", &fls_udp_dissector, FROM_CLIENT, 4447,
	    "00 2a000000 01 00 03 0b" ZERO16 "01" SHA1_A, RD_BAD },
	{ "no caller", &fls_udp_dissector, FROM_CLIENT, 4447, "00 2a000000 01 00 03 0a" ZERO16 "00" SHA1_A,
	    RD_BAD },
	{ "a caller too many", &fls_udp_dissector, FROM_CLIENT, 4447,
	    "00 2a000000 01 00 03 0a" ZERO16 "05" SHA1_A, RD_BAD },
	{ "version 6", &fls_udp_dissector, FROM_CLIENT, 4447,
	    "ef 06 00 02 2d00 2b000000 0a 0000 01" GUID "00" SHA1_A, RD_BAD },
	{ "a type that is none", &fls_udp_dissector, FROM_CLIENT, 4447,
	    "ef 07 01 02 2d00 2b000000 0a 0000 01" GUID "00" SHA1_A, RD_BAD },
	{ "half a digest", &fls_udp_dissector, FROM_CLIENT, 4447,
	    "ef 07 00 02 2300 2b000000 0a 0000 01" GUID "00 a0a1a2a3a4a5a6a7a8a9", RD_BAD },
	{ "a payload of a full packet", &fls_tcp_dissector, FROM_CLIENT, 4448,
	    "ef 07 23 02 fa03 2b000000 0a 0000 01" GUID, RD_OK },
	{ "a payload of more", &fls_tcp_dissector, FROM_CLIENT, 4448,
	    "ef 07 23 02 fb03 2b000000 0a 0000 01" GUID, RD_BAD },
	{ "a datagram that ends early", &fls_udp_dissector, FROM_CLIENT, 4447, "ef 07 00 02 2d00", RD_BAD },
	{ "a segment that does", &fls_tcp_dissector, FROM_CLIENT, 4448, "ef 07 00 02 2d00", RD_SHORT },
	{ "a stream", &fls_tcp_dissector, FROM_CLIENT, 4448, V3_FILES, RD_OK },
	{ "HTTP", &fls_tcp_dissector, FROM_CLIENT, 80, "'G'", RD_BAD },
	{ "a stream on another port", &fls_tcp_dissector, FROM_CLIENT, 443, V7_FILE, RD_BAD },
	{ "nothing", &fls_tcp_dissector, FROM_CLIENT, 4448, "", RD_SHORT },
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
		cmocka_unit_test(test_datagrams),
		cmocka_unit_test(test_full),
		cmocka_unit_test(test_many_wait),
		cmocka_unit_test(test_snapped),
		cmocka_unit_test(test_cut),
		cmocka_unit_test(test_stream_gap),
		cmocka_unit_test(test_stream_end),
		cmocka_unit_test(test_probe_snapped),
		cmocka_unit_test(test_probes),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
