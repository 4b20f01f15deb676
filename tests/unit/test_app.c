/* SPDX-License-Identifier: Apache-2.0 */
/* Unit tests of app: dossier, settings, configuration text. */
#include "unit.h"

#include "app/dossier.h"
#include "app/options.h"

static struct observation
fact(enum obs_kind kind, const char *text)
{
	return (struct observation){ .kind = kind, .value = span_str(text) };
}

static void
facts_are_those_of_the_latest_exchange(void **state)
{
	struct arena_pool pool;
	struct observation out[FACTS_MAX], o;
	char passing[] = "first.example";
	struct dossier d;

	(void)state;
	arena_pool_init(&pool, 64);
	dossier_init(&d);
	o = fact(OBS_HTTP_HOST, passing);
	dossier_fact(&d, &pool, &o);
	memset(passing, 'x', sizeof passing - 1);	/* the observed bytes are gone; the copy is not */
	assert_int_equal(dossier_facts(&d, out), 1);
	assert_span(out[0].value, "first.example");
	dossier_turn(&d, &pool);
	assert_int_equal(dossier_facts(&d, out), 0);
	for (unsigned i = 0; i < FACTS_MAX + 10; i++) {
		o = fact(OBS_HTTP_PATH, "/a");
		dossier_fact(&d, &pool, &o);
	}
	assert_int_equal(dossier_facts(&d, out), FACTS_MAX);
	assert_int_equal(d.dropped, 10);
	dossier_fini(&d, &pool);
	assert_int_equal(pool.live, 0);
	arena_pool_fini(&pool);
}

static void
evidence_is_kept_once(void **state)
{
	static const struct signal a, b;
	struct arena_pool pool;
	struct dossier d;

	(void)state;
	arena_pool_init(&pool, 64);
	dossier_init(&d);
	for (unsigned i = 0; i < 100; i++) {
		struct evidence e = { .signal = i % 2 == 0 ? &a : &b, .kind = OBS_TLS_SNI,
			.value = span_str(i < 50 ? "one.example" : "two.example"), .frame = i };

		if (i % 10 == 0)
			dossier_turn(&d, &pool);
		dossier_evidence(&d, &pool, &e);
	}
	assert_int_equal(d.n_all, 4);
	assert_int_equal(d.n_now, 2);
	assert_int_equal(d.all[0].frame, 0);
	assert_int_equal(d.dropped, 0);
	for (uint64_t i = 0; i < EVIDENCE_MAX; i++) {
		struct evidence e = { .kind = OBS_ADDR_ASN, .num = i };

		dossier_evidence(&d, &pool, &e);
	}
	assert_int_equal(d.n_all, EVIDENCE_MAX);
	assert_int_equal(d.dropped, 4);
	dossier_fini(&d, &pool);
	arena_pool_fini(&pool);
}

static void
a_purpose_is_told_once(void **state)
{
	static const struct vendor v, w;
	struct attribution a = { .vendor = &v, .purpose = PURPOSE_UPDATE };
	struct dossier d;

	(void)state;
	dossier_init(&d);
	assert_true(dossier_tell(&d, &a));
	assert_false(dossier_tell(&d, &a));
	a.purpose = PURPOSE_TELEMETRY;
	assert_true(dossier_tell(&d, &a));
	a.vendor = &w;
	assert_true(dossier_tell(&d, &a));
}

static void
settings_say_what_they_expect(void **state)
{
	static const struct {
		const char *key, *value, *words;	/* NULL: taken */
	} t[] = {
		{ "limits.memory", "64MiB", NULL }, { "limits.memory", "1G", NULL },
		{ "limits.memory", "64MB!", "expected a size" }, { "limits.memory", "1", "expected 16777216 to" },
		{ "limits.memory", "99999999999999999999", "expected a size" },
		{ "limits.memory", "18446744073709551615k", "expected a size" },
		{ "limits.flows", "-1", "expected a number" }, { "limits.flows", "", "expected a number" },
		{ "all_flows", "yes", NULL }, { "all_flows", "maybe", "expected true or false" },
		{ "categories", "security,os", NULL }, { "categories", "", "expected security" },
		{ "ndpi", "off", NULL }, { "ndpi", "never", "expected auto" },
		{ "output", "", "is empty" }, { "nothing", "x", "unknown setting 'nothing'" },
	};
	struct options o;

	(void)state;
	options_init(&o);
	for (size_t i = 0; i < sizeof t / sizeof *t; i++) {
		struct err err = { "" };
		int rc = options_set(&o, t[i].key, t[i].value, &err);

		assert_int_equal(rc, t[i].words == NULL ? 0 : -1);
		if (t[i].words != NULL)
			assert_non_null(strstr(err.text, t[i].words));
	}
	assert_int_equal(o.max_memory, 1ull << 30);
	assert_int_equal(o.categories, 1u << CATEGORY_SECURITY | 1u << CATEGORY_OS);
	assert_true(o.all_flows);
	options_fini(&o);
}

static void
configuration_text(void **state)
{
	static const char text[] =
	    "# a comment\n"
	    "observer: NO\n"			/* a word, not false */
	    "categories:\n  - security\n  - os\n"
	    "geo: {country: [a.mmdb, b.mmdb], asn: c.mmdb}\n"
	    "limits:\n  flows: 1000\n"
	    "timeouts: {tcp: 300}\n";
	struct options o;
	struct err err;

	(void)state;
	options_init(&o);
	assert_int_equal(config_text(&o, "t.yaml", text, sizeof text - 1, &err), 0);
	assert_string_equal(o.observer, "NO");
	assert_int_equal(o.categories, 1u << CATEGORY_SECURITY | 1u << CATEGORY_OS);
	assert_int_equal(o.geo_country.n, 2);
	assert_string_equal(o.geo_country.v[1], "b.mmdb");
	assert_string_equal(o.geo_asn, "c.mmdb");
	assert_int_equal(o.max_flows, 1000);
	assert_int_equal(o.timeout_tcp_s, 300);
	assert_int_equal(config_text(&o, "t.yaml", "# nothing\n", 10, &err), 0);
	assert_int_equal(config_text(&o, "t.yaml", "", 0, &err), 0);
	assert_int_equal(config_text(&o, "t.yaml", "limits:\n  flows: 1\n  flows: 2\n", 30, &err), -1);
	assert_int_equal(strncmp(err.text, "t.yaml:3:3: ", 12), 0);
	options_fini(&o);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(facts_are_those_of_the_latest_exchange), cmocka_unit_test(evidence_is_kept_once),
		cmocka_unit_test(a_purpose_is_told_once), cmocka_unit_test(settings_say_what_they_expect),
		cmocka_unit_test(configuration_text),
	};

	return cmocka_run_group_tests_name("app", tests, NULL, NULL);
}
