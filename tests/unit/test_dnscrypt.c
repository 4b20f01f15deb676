/* SPDX-License-Identifier: Apache-2.0 */
/* test_dnscrypt - the magic of responses and of relayed queries; other queries say nothing. */
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
