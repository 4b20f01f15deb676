/* SPDX-License-Identifier: Apache-2.0 */
/* app_talk - what a worker does with a dissector, for tests of products' own protocols: bytes in, a transcript out. */
#ifndef TESTS_APP_TALK_H
#define TESTS_APP_TALK_H

#include "unit.h"

#include "dissectors/dissector.h"

#define UNUSED __attribute__((unused))
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

UNUSED static size_t
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

UNUSED static void
fresh(const struct dissector *d, uint16_t port)
{
	free(run.state);
	memset(&run, 0, sizeof run);
	run.d = d;
	run.in = (struct dissect_in){ .proto = d->proto, .server_port = port };
	run.state = calloc(1, d->state_size);
	assert_non_null(run.state);
}

UNUSED static void
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
UNUSED static struct dissect_out
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

UNUSED static enum rd_state
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

UNUSED static void
datagram(enum side side, const char *text)
{
	uint8_t wire[WIRE_MAX];
	size_t n = bytes(text, wire);

	assert_int_equal(look(side, wire, n).used, n);
}

/* In-order bytes arrive, as many at once as given; what is not consumed is held. */
UNUSED static void
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

UNUSED static void
segment(enum side side, const char *text)
{
	uint8_t wire[WIRE_MAX];

	arrive(side, wire, bytes(text, wire), WIRE_MAX);
}

#endif
