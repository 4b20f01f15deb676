/* SPDX-License-Identifier: Apache-2.0 */
/* test_event_size - events that would be too long, and all of them against the schema. */
#include "event_doc.h"

#include <unistd.h>

/* --- size ------------------------------------------------------------------------- */

/* All that a stranger chooses, as long and as costly as can be. */
struct giant {
	uint8_t bytes[4096];
	struct observation facts[64];
	struct evidence evidence[16];
	struct attribution others[16];
	struct event_flow flow;
	struct geo_answer place;
};

static struct giant *
giant(uint8_t fill, struct event *e)
{
	struct giant *g = calloc(1, sizeof *g);
	struct span all = { g->bytes, sizeof g->bytes };

	/* U+20AC is three bytes, so that limits fall inside of it. */
	for (size_t i = 0; i < sizeof g->bytes; i++)
		g->bytes[i] = fill == 0xe2 ? (uint8_t)"\xe2\x82\xac"[i % 3] : fill;
	for (unsigned i = 0; i < 64; i++)
		g->facts[i] = (struct observation){ (enum obs_kind)(i % OBS_KINDS_N), FROM_SERVER, UINT64_MAX, all,
			UINT32_MAX };
	for (unsigned i = 0; i < 16; i++) {
		g->evidence[i] = (struct evidence){ &sample_host, OBS_HTTP_PATH, FROM_SERVER, all, UINT64_MAX,
			UINT32_MAX, UINT64_MAX };
		g->others[i] = sample_found;
	}
	g->flow = sample_flow;
	memset(g->flow.client.b, 0xfe, 16);
	memset(g->flow.server.b, 0xfe, 16);
	g->flow.first_ns = 1;
	g->flow.last_ns = UINT64_MAX;
	g->flow.first_frame = UINT64_MAX;
	g->flow.requests = UINT32_MAX;
	for (unsigned i = 0; i < 2; i++)
		g->flow.packets[i] = g->flow.bytes[i] = g->flow.lost[i] = UINT64_MAX / 2;
	g->flow.vlan[0] = g->flow.vlan[1] = 4095;
	g->flow.state = FLOW_INPUT_END;
	g->place = sample_place;
	memset(g->place.organization, fill, sizeof g->place.organization - 1);
	g->place.organization[sizeof g->place.organization - 1] = '\0';
	*e = (struct event){
		.kind = EVENT_FLOW, .ts_ns = UINT64_MAX, .frame = UINT64_MAX, .flow = &g->flow,
		.facts = g->facts, .n_facts = 64, .attribution = &sample_found, .others = g->others, .n_others = 16,
		.evidence = g->evidence, .n_evidence = 16, .source_geo = &g->place,
		.destination_geo = &g->place, .evidence_dropped = UINT32_MAX,
	};
	return g;
}

static void
test_giants(void **state)
{
	static const uint8_t fills[] = { 'a', '"', '\\', 0, 0xff, '.', ',', 0xe2 };
	static const size_t caps[] = { 2000, 2500, 4000, 8000, 64000 };

	(void)state;
	for (size_t i = 0; i < COUNT(fills); i++)
		for (size_t k = 0; k < COUNT(caps); k++) {
			struct event e;
			struct giant *g = giant(fills[i], &e);
			json_t *root = made(&e, caps[k]);

			assert_string_equal(json_string_value(at(root, "telltale.vendor.id")), "acme");
			assert_string_equal(json_string_value(at(root, "telltale.purpose")), "update");
			assert_non_null(at(root, "telltale.flow.id"));
			assert_int_equal(json_is_array(at(root, "telltale.elided")), caps[k] < 64000);
			json_decref(root);
			free(g);
		}
}

/* Every limit from the least on: it holds, and what is left out only grows. */
static void
test_limits(void **state)
{
	struct event e;
	struct giant *g = giant('a', &e);
	size_t evidence = 0;

	(void)state;
	for (size_t cap = 2000; cap < 48000; cap += 37) {
		json_t *root = made(&e, cap);
		size_t n = json_array_size(at(root, "telltale.evidence"));

		assert_true(n >= evidence);
		evidence = n;
		json_decref(root);
	}
	assert_int_equal(evidence, 16);
	free(g);
}

/* A line of exactly the limit is whole; one byte less, and something is missing. */
static void
test_exact(void **state)
{
	struct event e = sample_event(EVENT_CONTACT);
	struct event_maker *m = maker(8000);
	json_t *root;
	size_t len = 0;

	(void)state;
	free(event_line(m, &e, &len));
	event_maker_free(&m);
	assert_true(len > 2000);
	root = made(&e, len);
	assert_null(at(root, "telltale.elided"));
	json_decref(root);
	root = made(&e, len - 1);
	assert_non_null(at(root, "telltale.elided"));
	json_decref(root);
}

static void
test_order(void **state)
{
	char query[3001];
	struct observation facts[COUNT(sample_http)];
	struct event e = sample_event(EVENT_CONTACT);

	(void)state;
	memset(query, 'q', 3000);
	memcpy(facts, sample_http, sizeof facts);
	facts[5].value = (struct span){ (const uint8_t *)query, 3000 };
	e.facts = facts;
	e.n_facts = COUNT(facts);
	/* The longest query is cut to what a value may take, and goes after related and others. */
	CHECK(made(&e, 3000),
	    { "related", "-" }, { "telltale.others", "-" }, { "url.query", "-" },
	    { "user_agent.original", "AcmeUpdater/1.0" }, { "url.path", "/bases/index.xml" },
	    { "telltale.elided.0", "related" }, { "telltale.elided.1", "telltale.others" },
	    { "telltale.elided.2", "url.query" }, { "telltale.elided.3", "-" });
}

static void
test_stats_size(void **state)
{
	enum { N = 300 };
	static char paths[N][32];
	static struct counter stats[N];
	struct event_stats s = { .ts_ns = 1, .first_ns = 1, .stats = stats, .n_stats = N };
	json_t *root;

	(void)state;
	for (unsigned i = 0; i < N; i++) {
		snprintf(paths[i], sizeof paths[i], i == 0 ? "frames" : "group_%u.counter_%u", i / 30, i);
		stats[i] = (struct counter){ paths[i], UINT64_MAX };
	}
	root = stats_line(2000, &s);
	assert_int_equal(json_integer_value(at(root, "telltale.stats.frames")), INT64_MAX);
	assert_null(at(root, "telltale.stats.group_9"));
	assert_true(json_array_size(at(root, "telltale.elided")) > 0);
	json_decref(root);
}

static void
test_refused(void **state)
{
	struct event_options o = { .max_bytes = 1999 };
	struct err err = { "" };

	(void)state;
	assert_null(event_maker_new(&o, &err));
	assert_non_null(strstr(err.text, "2000"));
}

/* --- schema ----------------------------------------------------------------------- */

static void
write_line(FILE *f, char *line, size_t len)
{
	assert_non_null(line);
	assert_int_equal(fwrite(line, 1, len, f), len);
	free(line);
}

static void
write_samples(FILE *f)
{
	static const struct counter stats[] = { { "frames", 1 }, { "capture.snapped", 7 }, { "a.b.c", 7 } };
	struct event_stats s = { .ts_ns = 1, .first_ns = 1, .stats = stats, .n_stats = COUNT(stats) };
	struct event e[5] = {
		sample_event(EVENT_CONTACT), sample_event(EVENT_FLOW), sample_event(EVENT_CONTACT),
		sample_event(EVENT_FLOW), { 0 },
	};
	static const uint8_t fills[] = { 'a', '"', '\\', 0, 0xff, ',', 0xe2 };
	struct event_maker *m = maker(8000), *small = maker(2000);
	size_t len = 0;
	char *line;

	e[1].attribution = NULL;
	e[1].n_evidence = e[1].n_others = 0;
	e[2].facts = sample_http;
	e[2].n_facts = COUNT(sample_http);
	e[3].facts = sample_dns;
	e[3].n_facts = COUNT(sample_dns);
	e[3].destination_geo = &sample_nowhere;
	for (unsigned i = 0; i < 4; i++) {
		line = event_line(m, &e[i], &len);
		write_line(f, line, len);
	}
	for (unsigned i = 0; i < COUNT(fills); i++) {
		struct giant *g = giant(fills[i], &e[4]);

		line = event_line(m, &e[4], &len);
		write_line(f, line, len);
		line = event_line(small, &e[4], &len);
		write_line(f, line, len);
		free(g);
	}
	line = event_stats_line(m, &s, &len);
	write_line(f, line, len);
	event_maker_free(&m);
	event_maker_free(&small);
}

static void
test_schema(void **state)
{
	const char *folder = getenv("TMPDIR");
	char path[512], command[600];
	FILE *f;
	int fd, rc;

	(void)state;
	if (access("tests/validate.py", R_OK) != 0 ||
	    system("python3 -c 'import jsonschema' 2> /dev/null") != 0)
		skip();
	snprintf(path, sizeof path, "%s/telltale-events-XXXXXX", folder != NULL ? folder : "/tmp");
	fd = mkstemp(path);
	assert_true(fd >= 0);
	f = fdopen(fd, "w");
	assert_non_null(f);
	write_samples(f);
	assert_int_equal(fclose(f), 0);
	snprintf(command, sizeof command, "python3 tests/validate.py '%s'", path);
	rc = system(command);
	unlink(path);
	assert_int_equal(rc, 0);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_giants),
		cmocka_unit_test(test_limits),
		cmocka_unit_test(test_order),
		cmocka_unit_test(test_exact),
		cmocka_unit_test(test_stats_size),
		cmocka_unit_test(test_refused),
		cmocka_unit_test(test_schema),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
