/* SPDX-License-Identifier: Apache-2.0 */
/* test_json - text, time and documents, and the names of numbers. */
#include "unit.h"

#include <strings.h>
#include <time.h>

#include "output/json.h"
#include "output/registry.h"

#define COUNT(a) (sizeof(a) / sizeof(a)[0])

/* --- text and time ---------------------------------------------------------------- */

static void
test_escape(void **state)
{
	static const struct {
		const char *in;
		size_t len, max;
		const char *out;
	} rows[] = {
		{ "plain", 5, 1024, "plain" },
		{ "", 0, 1024, "" },
		/* U+E9 U+20AC U+1F600 */
		{ "\xc3\xa9\xe2\x82\xac\xf0\x9f\x98\x80", 9, 1024, "\xc3\xa9\xe2\x82\xac\xf0\x9f\x98\x80" },
		{ "a\0b\n\x7f", 5, 1024, "a\\x00b\\x0A\\x7F" },
		{ "\xc2\x85", 2, 1024, "\\xC2\\x85" },		/* U+85, a C1 control */
		{ "\xc2\xa0", 2, 1024, "\xc2\xa0" },		/* U+A0 is none */
		{ "\xe2\x80\xae" "txt", 6, 1024, "\\xE2\\x80\\xAEtxt" },	/* U+202E turns the writing */
		{ "\xe2\x80\xa8", 3, 1024, "\\xE2\\x80\\xA8" },	/* U+2028 ends a line */
		{ "\xc0\xaf", 2, 1024, "\\xC0\\xAF" },		/* overlong / */
		{ "\xe0\x9f\xbf", 3, 1024, "\\xE0\\x9F\\xBF" },	/* overlong U+7FF */
		{ "\xf0\x8f\xbf\xbf", 4, 1024, "\\xF0\\x8F\\xBF\\xBF" },	/* overlong U+FFFF */
		{ "\xed\xa0\x80", 3, 1024, "\\xED\\xA0\\x80" },	/* surrogate */
		{ "\xf4\x90\x80\x80", 4, 1024, "\\xF4\\x90\\x80\\x80" },	/* past U+10FFFF */
		{ "\xf5", 1, 1024, "\\xF5" },
		{ "\xe2\x82", 2, 1024, "\\xE2\\x82" },		/* cut */
		{ "\xe2\x28\xa1", 3, 1024, "\\xE2(\\xA1" },	/* broken in the middle */
		{ "C:\\x\\xZZ", 8, 1024, "C:\\x\\xZZ" },
		{ "\\x41", 4, 1024, "\\x5Cx41" },		/* not to be taken for an escape */
		{ "abcdefgh", 8, 8, "abcdefgh" },
		{ "abcdefghi", 9, 8, "abcde\xe2\x80\xa6" },
		{ "\"\"\"\"", 4, 8, "\"\"\"\"" },		/* each takes two bytes of JSON */
		{ "\"\"\"\"\"", 5, 8, "\"\"\xe2\x80\xa6" },
		{ "abcd\xf0\x9f\x98\x80g", 9, 8, "abcd\xe2\x80\xa6" },	/* not inside of a character */
		{ "\0\0", 2, 8, "\\x00\xe2\x80\xa6" },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		char out[JS_TEXT_MAX];
		struct span in = { (const uint8_t *)rows[i].in, rows[i].len };
		size_t n = js_escape(in, rows[i].max, out);

		if (n != strlen(rows[i].out) || memcmp(out, rows[i].out, n) != 0)
			fail_msg("row %zu: %.*s, not %s", i, (int)n, out, rows[i].out);
	}
}

static void
test_time(void **state)
{
	static const struct {
		uint64_t ns;
		const char *out;
	} rows[] = {
		{ 0, "1970-01-01T00:00:00.000000Z" },
		{ 1, "1970-01-01T00:00:00.000000001Z" },
		{ 951782400000000000, "2000-02-29T00:00:00.000000Z" },
		{ 4107542399999999000, "2100-02-28T23:59:59.999999Z" },
		{ UINT64_MAX, "2554-07-21T23:34:33.709551615Z" },
	};
	char out[JS_TIME_MAX], expected[80];
	uint64_t seed = 7;

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++)
		assert_string_equal(js_time_text(rows[i].ns, out), rows[i].out);
	/* Against the C library, over the years 0 to 9999. */
	for (unsigned i = 0; i < 20000; i++) {
		time_t t = (time_t)(unit_random(&seed) % 315569519999) - 62167219200;
		struct tm tm;

		gmtime_r(&t, &tm);
		snprintf(expected, sizeof expected, "%04d-%02d-%02dT%02d:%02d:%02dZ", tm.tm_year + 1900,
		    tm.tm_mon + 1, tm.tm_mday, tm.tm_hour, tm.tm_min, tm.tm_sec);
		assert_string_equal(js_seconds_text(t, out), expected);
	}
	assert_string_equal(js_seconds_text(253402300800, out), "");
	assert_string_equal(js_seconds_text(INT64_MIN, out), "");
}

/* Our writer against jansson's, and every buffer that is too small. */
static void
test_dump(void **state)
{
	static const char *const rows[] = {
		"{}", "[]", "{\"a\":{}}", "[[],{},[[1]]]",
		("{\"a\":\"q\\\"b\\\\c\\u0001\\u001f\\u00e9\","
		    "\"b\":[1,-2,0,9223372036854775807,-9223372036854775808,true,false,null]}"),
		"[\"\",\"\\\\\",\"x\\\"\"]", "{\"k\\\"ey\":[{\"x\":1,\"y\":[2,3]},4]}",
	};
	char ours[256];

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		json_t *root = json_loads(rows[i], 0, NULL);
		char *theirs = json_dumps(root, JSON_COMPACT);
		size_t n = js_dump(root, ours, sizeof ours);

		assert_non_null(theirs);
		/* \u001f and \u001F are the same character. */
		assert_int_equal(n, strlen(theirs));
		assert_int_equal(strncasecmp(ours, theirs, n), 0);
		for (size_t max = 0; max < n; max++)
			assert_true(js_dump(root, ours, max) == SIZE_MAX);
		assert_int_equal(js_dump(root, ours, n), n);
		free(theirs);
		json_decref(root);
	}
}

static void
test_depth(void **state)
{
	char out[128];

	(void)state;
	for (unsigned depth = 1; depth <= JS_DEPTH_MAX + 1; depth++) {
		json_t *root = json_array();

		for (unsigned i = 1; i < depth; i++)
			root = json_pack("[o]", root);
		assert_true(js_dump(root, out, sizeof out) == (depth <= JS_DEPTH_MAX ? 2 * depth : SIZE_MAX));
		json_decref(root);
	}
}

static void
test_registry(void **state)
{
	char out[REGISTRY_MAX];

	(void)state;
	assert_string_equal(registry_dns_type(28, out), "AAAA");
	assert_string_equal(registry_dns_type(1, out), "A");
	assert_string_equal(registry_dns_type(257, out), "CAA");
	assert_string_equal(registry_dns_type(3, out), "TYPE3");
	assert_string_equal(registry_dns_rcode(3, out), "NXDOMAIN");
	assert_string_equal(registry_dns_rcode(15, out), "RCODE15");
	assert_string_equal(registry_tls_suite(0x1301, out), "TLS_AES_128_GCM_SHA256");
	assert_string_equal(registry_tls_suite(0xc0ff, out), "0xC0FF");
	assert_string_equal(registry_tls_version(0x300, out).protocol, "ssl");
	assert_string_equal(registry_tls_version(0xfefd, out).protocol, "dtls");
	assert_string_equal(registry_tls_version(0x7f1c, out).number, "0x7F1C");
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_escape),
		cmocka_unit_test(test_time),
		cmocka_unit_test(test_dump),
		cmocka_unit_test(test_depth),
		cmocka_unit_test(test_registry),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
