/* SPDX-License-Identifier: Apache-2.0 */
/* test_drwcs - the greeting of a management server and its reply to those that look for it. */
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
