/* SPDX-License-Identifier: Apache-2.0 */
/* Templates of versions: what they find in a name or in first bytes, and where they find nothing. */
#include "unit.h"

#include "catalog/catalog.h"

static const struct {
	const char *tmpl, *text, *found;
} cases[] = {
	{ "daily-{}.cdiff", "daily-27000.cdiff", "27000" },
	{ "daily-{}.cdiff", "DAILY-27000.CDIFF", "27000" },
	{ "Daily-{}.CDIFF", "daily-27000.cdiff", "27000" },
	{ "daily-{}.cdiff", "daily-.cdiff", "" },
	{ "daily-{}.cdiff", "daily-27000.cdiff.sign", "" },	/* the whole of it, or nothing */
	{ "daily-{}.cdiff", "xdaily-27000.cdiff", "" },
	{ "daily-{}.cdiff", "daily-27 000.cdiff", "" },		/* a blank is no version */
	{ "daily-{}.cdiff", "", "" },
	{ "{}", "1.2.3-rc_4+5", "1.2.3-rc_4+5" },
	{ "{}", "a/b", "" },
	{ "{}", "", "" },
	{ "{}*", "12:34", "12" },
	{ "v{}*", "v12", "12" },
	{ "*-{}.bin", "acme-defs-12.bin", "defs-12" },		/* the first place that fits */
	{ "*_{}_*", "a/b_7_x", "7" },
	{ "*v{}.bin", "av/v3.bin", "3" },			/* the first v leads nowhere */
	{ "*{}.bin", "a b.bin", "b" },				/* a blank is passed over by the star */
	/* engine head: name, time, number */
	{ "ACME-DB:*:{}:*", "ACME-DB:16 Sep 2021 08-32 -0400:62:6647427:90:X", "62" },
	{ "ACME-DB:*:{}:*", "ACME-DB:16 Sep 2021 08-32 -0400:62", "" },
	{ "ACME-DB:*:{}:*", "ACME-DB:::", "" },
	{ "**{}**", "1", "1" },
	{ "a{}b*c", "a1b2b3c", "1b2" },				/* the longest that leaves what fits */
	{ "a{}", "a1\r\n", "" },
	{ "no group", "no group", "" },
};

static void
finds_versions(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
		const char *text = cases[i].text;
		struct span got = version_find(cases[i].tmpl, (struct span){ (const uint8_t *)text, strlen(text) });

		if (got.len != strlen(cases[i].found) || memcmp(got.p != NULL ? (const char *)got.p : "",
		    cases[i].found, got.len) != 0)
			fail_msg("%s in %s: \"%.*s\", expected \"%s\"", cases[i].tmpl, text, (int)got.len,
			    got.p != NULL ? (const char *)got.p : "", cases[i].found);
	}
}

/* It points into what was given, and no byte outside of it is looked at. */
static void
borrows_its_text(void **state)
{
	static const uint8_t text[] = "xv12.binx";
	struct span in = { text + 1, 7 };
	struct span got = version_find("v{}.bin", in);

	(void)state;
	assert_ptr_equal(got.p, text + 2);
	assert_int_equal(got.len, 2);
	assert_null(version_find("v{}.binx", in).p);
	assert_null(version_find("v{}", (struct span){ NULL, 0 }).p);
}

static void
has_limits(void **state)
{
	static char tmpl[2100];
	static uint8_t text[1100];

	(void)state;
	memset(text, '7', sizeof text);
	/* a text of more than 1024 bytes */
	assert_int_equal(version_find("{}*", (struct span){ text, sizeof text }).len, 0);
	assert_int_equal(version_find("{}*", (struct span){ text, 1024 }).len, 64);
	assert_int_equal(version_find("{}", (struct span){ text, 64 }).len, 64);
	assert_int_equal(version_find("{}", (struct span){ text, 65 }).len, 0);
	assert_int_equal(version_find("*{}", (struct span){ text, 65 }).len, 64);
	memset(tmpl, '*', sizeof tmpl - 1);
	memcpy(tmpl, "{}", 2);
	/* a template of more than that */
	assert_int_equal(version_find(tmpl, (struct span){ text, 3 }).len, 0);
	tmpl[1024] = '\0';
	assert_int_equal(version_find(tmpl, (struct span){ text, 3 }).len, 3);
}

/* Stars and a text made to try all ways: every byte is still looked at once for each place of the template. */
static void
takes_bounded_time(void **state)
{
	static uint8_t text[1024];

	(void)state;
	memset(text, 'a', sizeof text);
	for (unsigned i = 0; i < 50; i++)
		assert_int_equal(version_find("*a*a*a*a*a*a*a*a*a*a{}b*a*a*a*a*a*a*ab", (struct span){ text,
		    sizeof text }).len, 0);
}

/* Against a slow and plain matcher, with many small templates and texts. */
static bool
plain_fits(const char *t, size_t t_len, const char *s, size_t s_len)
{
	bool at[16][16] = { { true } };

	for (size_t i = 0; i <= s_len; i++)
		for (size_t j = 1; j <= t_len; j++)
			at[i][j] = t[j - 1] == '*' ? at[i][j - 1] || (i > 0 && at[i - 1][j]) :
			    i > 0 && at[i - 1][j - 1] && t[j - 1] == s[i - 1];
	return at[s_len][t_len];
}

static size_t
plain_find(const char *t, size_t before, const char *s, size_t len, size_t *at)
{
	for (*at = 0; *at < len; (*at)++) {
		if (!plain_fits(t, before, s, *at))
			continue;
		for (size_t n = strspn(s + *at, "abc"); n > 0; n--)
			if (plain_fits(t + before + 2, strlen(t + before + 2), s + *at + n, len - *at - n))
				return n;
	}
	return 0;
}

static void
agrees_with_a_plain_matcher(void **state)
{
	uint64_t seed = 7;
	unsigned found = 0;

	(void)state;
	for (unsigned i = 0; i < 200000; i++) {
		char t[16] = "", s[16] = "";
		size_t before = unit_random(&seed) % 5, after = unit_random(&seed) % 5, at, n;
		size_t len = unit_random(&seed) % 9;
		struct span got;

		for (size_t j = 0; j < before + 2 + after; j++)
			t[j] = "ab*/"[unit_random(&seed) >> 60 & 3];
		memcpy(t + before, "{}", 2);
		for (size_t j = 0; j < len; j++)
			s[j] = "abc/"[unit_random(&seed) >> 60 & 3];
		n = plain_find(t, before, s, len, &at);
		got = version_find(t, (struct span){ (const uint8_t *)s, len });
		if (got.len != n || (n > 0 && got.p != (const uint8_t *)s + at))
			fail_msg("%s in %s: %zu bytes, expected %zu at %zu", t, s, got.len, n, at);
		found += n > 0;
	}
	assert_in_range(found, 1000, 199000);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(finds_versions),
		cmocka_unit_test(borrows_its_text),
		cmocka_unit_test(has_limits),
		cmocka_unit_test(takes_bounded_time),
		cmocka_unit_test(agrees_with_a_plain_matcher),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
