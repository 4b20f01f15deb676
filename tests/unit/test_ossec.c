/* SPDX-License-Identifier: Apache-2.0 */
/* test_ossec - what agents and managers say in clear before what they encrypt. */
#include "unit.h"

#include "dissectors/dissector.h"

#define N(array) (sizeof(array) / sizeof *(array))

enum { WIRE_MAX = 4096, TOLD_MAX = 4096 };

/* What a worker keeps for one conversation, and what it was told: a line a call. */
static struct {
	const struct dissector *d;
	struct dissect_in in;
	void *state;
	uint8_t held[2][WIRE_MAX];
	size_t len[2];
	uint64_t skip[2];
	unsigned malformed;
	enum dissect answer;
	char told[TOLD_MAX];
} run;

static size_t
bytes(const char *text, uint8_t out[static WIRE_MAX])
{
	size_t n = 0;

	while (*text != '\0') {
		unsigned v;

		assert_true(n < WIRE_MAX);
		if (*text == ' ') {
			text++;
		} else if (*text == '\'') {
			for (text++; *text != '\''; text++)
				out[n++] = (uint8_t)*text;
			text++;
		} else {
			assert_int_equal(sscanf(text, "%2x", &v), 1);
			out[n++] = (uint8_t)v;
			text += 2;
		}
	}
	return n;
}

static void
fresh(const struct dissector *d, uint16_t port)
{
	free(run.state);
	memset(&run, 0, sizeof run);
	run.d = d;
	run.in = (struct dissect_in){ .proto = d->proto, .server_port = port };
	run.state = calloc(1, d->state_size);
	assert_non_null(run.state);
}

static void
say(const struct observations *obs)
{
	size_t at = strlen(run.told);

	for (unsigned i = 0; i < obs->n; i++) {
		assert_true(obs->v[i].kind == (i == 0 ? OBS_APP_PROTOCOL : OBS_APP_FIELD));
		assert_int_equal(obs->v[i].side, run.in.side);
		at += (size_t)snprintf(run.told + at, TOLD_MAX - at, "%s%.*s",
		    i > 0 ? "|" : run.in.side == FROM_CLIENT ? "C " : "S ",
		    (int)obs->v[i].value.len, (const char *)obs->v[i].value.p);
		assert_true(at < TOLD_MAX - 1);
	}
	if (obs->n > 0)
		strcat(run.told, "\n");
}

/* One call, with bytes in memory of exactly their number. */
static struct dissect_out
look(enum side side, const uint8_t *data, size_t len)
{
	static struct observations obs;
	struct dissect_out out = { .obs = &obs };
	uint8_t *exact = malloc(len > 0 ? len : 1);

	assert_non_null(exact);
	memcpy(exact, data, len);
	run.in.side = side;
	run.in.data = (struct span){ exact, len };
	observations_reset(&obs);
	run.answer = run.d->dissect(run.state, &run.in, &out);
	assert_true(out.used <= len);
	run.malformed += out.malformed;
	say(&obs);
	free(exact);
	return out;
}

static enum rd_state
probe(const struct dissector *d, enum side side, uint16_t port, const uint8_t *data, size_t len)
{
	struct dissect_in in = { .side = side, .proto = d->proto, .server_port = port,
	    .snapped = run.in.snapped };
	uint8_t *exact = malloc(len > 0 ? len : 1);
	enum rd_state s;

	assert_non_null(exact);
	memcpy(exact, data, len);
	in.data = (struct span){ exact, len };
	s = d->probe(&in);
	free(exact);
	return s;
}

static void
datagram(enum side side, const char *text)
{
	uint8_t wire[WIRE_MAX];
	size_t n = bytes(text, wire);

	assert_int_equal(look(side, wire, n).used, n);
}

/* In-order bytes arrive, as many at once as given; what is not consumed is held. */
static void
arrive(enum side side, const uint8_t *data, size_t len, size_t at_once)
{
	for (size_t n; len > 0; data += n, len -= n) {
		size_t drop;

		n = len < at_once ? len : at_once;
		drop = run.skip[side] < n ? (size_t)run.skip[side] : n;
		run.skip[side] -= drop;
		assert_true(run.len[side] + n - drop <= WIRE_MAX);
		memcpy(run.held[side] + run.len[side], data + drop, n - drop);
		run.len[side] += n - drop;
		for (bool again = run.len[side] > 0; again && run.answer == DISSECT_MORE; ) {
			struct dissect_out out = look(side, run.held[side], run.len[side]);
			size_t gone = out.used;

			run.skip[side] = out.skip;
			drop = out.skip < run.len[side] - gone ? (size_t)out.skip : run.len[side] - gone;
			run.skip[side] -= drop;
			gone += drop;
			run.len[side] -= gone;
			memmove(run.held[side], run.held[side] + gone, run.len[side]);
			run.in.gap = 0;
			again = gone > 0 && run.len[side] > 0;
		}
	}
}

static void
segment(enum side side, const char *text)
{
	uint8_t wire[WIRE_MAX];

	arrive(side, wire, bytes(text, wire), WIRE_MAX);
}

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
