/* SPDX-License-Identifier: Apache-2.0 */
/* test_fgd - the openings that are public, and everything else, which is not claimed. */
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
