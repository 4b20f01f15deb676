/* SPDX-License-Identifier: Apache-2.0 */
/* test_ja - fingerprints against the examples of their specifications. */
#include "tests/unit/hello_build.h"

#include "dissectors/ja.h"

/* A list and its number of entries, for two neighbours in struct hello_spec. */
#define LIST(...) (const uint16_t[]){ __VA_ARGS__ }, sizeof((const uint16_t[]){ __VA_ARGS__ }) / 2

static struct crypto *crypto;
static struct bytes body;

static struct client_hello
hello(const struct hello_spec *spec)
{
	struct client_hello h;
	struct rd r;

	body.n = 0;
	put_client_hello(&body, spec);
	r = rd_closed(body.b, body.n);
	assert_int_equal(hello_read(&r, &h), RD_OK);
	return h;
}

/* The two examples of the description of JA3, and the first with GREASE in every list. */
static void
test_ja3(void **state)
{
	static const struct {
		uint16_t version;
		uint16_t ciphers[16], types[8], groups[8];
		size_t n_ciphers, n_types, n_groups;
		const char *want;
		uint8_t more_point_formats;
	} rows[] = {
		/* 769,47-53-5-10-49161-49162-49171-49172-50-56-19-4,0-10-11,23-24-25,0 */
		{ 769, { 47, 53, 5, 10, 49161, 49162, 49171, 49172, 50, 56, 19, 4 }, { 0, 10, 11 },
		    { 23, 24, 25 }, 12, 3, 3, "ada70206e40642a3e4461f35503241d5", 0 },
		/* 769,4-5-10-9-100-98-3-6-19-18-99,,, */
		{ 769, { 4, 5, 10, 9, 100, 98, 3, 6, 19, 18, 99 }, { 0 }, { 0 }, 11, 0, 0,
		    "de350869b8c85de67a350c8d186f11e6", 0 },
		/* 771,47,11,,0-1-2 */
		{ 771, { 47 }, { 11 }, { 0 }, 1, 1, 0, "a043732f9eb6fcbae074a7404a457ad8", 2 },
		{ 769, { 0x2a2a, 47, 53, 5, 10, 49161, 49162, 49171, 49172, 50, 56, 19, 4 },
		    { 0x1a1a, 0, 10, 11, 0xfafa }, { 0x3a3a, 23, 24, 25 }, 13, 5, 4,
		    "ada70206e40642a3e4461f35503241d5", 0 },
	};

	(void)state;
	for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
		struct hello_spec spec = { .version = rows[i].version, .sni = "a.test",
			.ciphers = rows[i].ciphers,
			.n_ciphers = rows[i].n_ciphers, .types = rows[i].types, .n_types = rows[i].n_types,
			.groups = rows[i].groups, .n_groups = rows[i].n_groups,
			.more_point_formats = rows[i].more_point_formats };
		struct client_hello h = hello(&spec);
		char got[2 * DIGEST_MAX + 1];

		assert_true(ja3(crypto, &h, got));
		assert_string_equal(got, rows[i].want);
	}
}

static void
test_ja3s(void **state)
{
	/* 771,4865,51-43: what most TLS 1.3 servers say */
	static const uint8_t extensions[] = { 0, 51, 0, 1, 'x', 0, 43, 0, 2, 3, 4 };
	struct server_hello h = { .legacy_version = 771, .cipher = 4865,
		.extensions = { extensions, sizeof extensions } };
	char got[2 * DIGEST_MAX + 1];

	(void)state;
	assert_true(ja3s(crypto, &h, got));
	assert_string_equal(got, "eb1d94daa7e0344597e756a1fb6e7054");
}

/* The worked example of the JA4 specification; its order on the wire is any, GREASE anywhere. */
static const uint16_t ja4_ciphers[] = { 0x5a5a, 0x1301, 0x1302, 0x1303, 0xc02b, 0xc02f, 0xc02c, 0xc030,
	0xcca9, 0xcca8, 0xc013, 0xc014, 0x009c, 0x009d, 0x002f, 0x0035 };
static const uint16_t ja4_types[] = { 0xfafa, 0x0000, 0x0033, 0x000d, 0x0023, 0x000b, 0xff01, 0x000a, 0x001b,
	0x4469, 0x0012, 0x002d, 0x0010, 0x0005, 0x002b, 0x0017, 0x1a1a, 0x0015 };
static const uint16_t ja4_sigalgs[] = { 0x0403, 0x0804, 0x0401, 0x0503, 0x0805, 0x0501, 0x0806, 0x0601 };
static const uint16_t ja4_versions[] = { 0x0a0a, 0x0304, 0x0303 };
static const struct hello_spec ja4_example = {
	.version = 0x0303, .ciphers = ja4_ciphers, .n_ciphers = 16, .types = ja4_types, .n_types = 18,
	.sni = "a.test", .alpn = { "h2", "http/1.1" }, .versions = ja4_versions, .n_versions = 3,
	.sigalgs = ja4_sigalgs, .n_sigalgs = 8, .groups = ja4_versions, .n_groups = 1,
};

static void
test_ja4(void **state)
{
	struct client_hello h = hello(&ja4_example);
	char got[JA4_STR_MAX];

	(void)state;
	assert_true(ja4(crypto, &h, 't', got));
	assert_string_equal(got, "t13d1516h2_8daaf6152771_e5627efa2ab1");
	assert_true(ja4(crypto, &h, 'q', got));
	assert_string_equal(got, "q13d1516h2_8daaf6152771_e5627efa2ab1");
}

/* First part of JA4, and what stands for empty lists. */
static void
test_ja4_parts(void **state)
{
	const struct {
		struct hello_spec spec;
		const char *want;
	} rows[] = {
		{ { .version = 0x0300 }, "ts3i000000_000000000000_000000000000" },
		{ { .version = 0x0301 }, "t10i000000_000000000000_000000000000" },
		{ { .version = 0x0302 }, "t11i000000_000000000000_000000000000" },
		{ { .version = 0x0303 }, "t12i000000_000000000000_000000000000" },
		{ { .version = 0x0309 }, "t00i000000_000000000000_000000000000" },
		/* name and ALPN are counted, but are not in the third part */
		{ { .version = 0x0303, .types = LIST(0, 16), .sni = "a", .alpn = { "http/1.1" } },
		    "t12d0002h1_000000000000_000000000000" },
		/* SHA-256 of "0017": without signature algorithms there is no "_" */
		{ { .version = 0x0303, .types = LIST(23) }, "t12i000100_000000000000_1ca028f07214" },
		/* SHA-256 of "002b"; a version that is only GREASE */
		{ { .version = 0x0303, .types = LIST(43), .versions = LIST(0x2a2a) },
		    "t00i000100_000000000000_b9a491fefe05" },
	};

	(void)state;
	for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
		struct client_hello h = hello(&rows[i].spec);
		char got[JA4_STR_MAX];

		assert_true(ja4(crypto, &h, 't', got));
		assert_string_equal(got, rows[i].want);
	}
}

/* The examples of the specification for protocol names that are not text. */
static void
test_ja4_alpn(void **state)
{
	static const struct {
		const char *name, *want;
	} rows[] = {
		{ "h2", "h2" }, { "http/1.1", "h1" }, { "h", "hh" }, { "dot", "dt" },
		{ "\xab", "ab" }, { "\xab\xcd", "ad" }, { "0\xab", "3b" }, { "01\xab\xcd", "3d" },
		{ "0\xab\xcd" "1", "01" }, { "a-", "6d" },
	};

	(void)state;
	for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
		struct hello_spec spec = { .version = 0x0303, .types = LIST(16),
			.alpn = { rows[i].name, "h2" } };
		struct client_hello h = hello(&spec);
		char got[JA4_STR_MAX];

		assert_true(ja4(crypto, &h, 't', got));
		assert_memory_equal(got + 8, rows[i].want, 2);
	}
}

/* Counts stop at 99; beyond JA_LIST_MAX there is no fingerprint rather than a false one. */
static void
test_long_lists(void **state)
{
	static uint16_t many[JA_LIST_MAX + 1];
	struct hello_spec spec = { .version = 0x0303, .ciphers = many, .n_ciphers = 100 };
	char got[JA4_STR_MAX], md5[2 * DIGEST_MAX + 1];
	struct client_hello h;

	(void)state;
	for (unsigned i = 0; i < JA_LIST_MAX + 1; i++)
		many[i] = (uint16_t)(0x8000 - i);
	h = hello(&spec);
	assert_true(ja4(crypto, &h, 't', got));
	assert_memory_equal(got, "t12i990000_", 11);
	spec.n_ciphers = JA_LIST_MAX;
	h = hello(&spec);
	assert_true(ja3(crypto, &h, md5));
	spec.n_ciphers = JA_LIST_MAX + 1;
	h = hello(&spec);
	assert_false(ja4(crypto, &h, 't', got));
	assert_false(ja3(crypto, &h, md5));
}

/* The order of the lists on the wire does not show in JA4, whatever it is. */
static void
test_ja4_order(void **state)
{
	uint16_t types[18], list[16];
	struct hello_spec spec = ja4_example;

	(void)state;
	spec.ciphers = list;
	spec.types = types;
	for (unsigned turn = 1; turn < 16; turn++) {
		struct client_hello h;
		char got[JA4_STR_MAX];

		for (unsigned i = 0; i < 16; i++)
			list[i] = ja4_ciphers[(i * 7 + turn) % 16];
		for (unsigned i = 0; i < 18; i++)
			types[i] = ja4_types[(i * 5 + turn) % 18];
		h = hello(&spec);
		assert_true(ja4(crypto, &h, 't', got));
		assert_string_equal(got, "t13d1516h2_8daaf6152771_e5627efa2ab1");
	}
}

static int
set_up(void **state)
{
	struct err err;

	(void)state;
	crypto = crypto_new(&err);
	return crypto == NULL ? -1 : 0;
}

static int
tear_down(void **state)
{
	(void)state;
	crypto_free(&crypto);
	return 0;
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_ja3),
		cmocka_unit_test(test_ja3s),
		cmocka_unit_test(test_ja4),
		cmocka_unit_test(test_ja4_parts),
		cmocka_unit_test(test_ja4_alpn),
		cmocka_unit_test(test_ja4_order),
		cmocka_unit_test(test_long_lists),
	};

	return cmocka_run_group_tests_name("ja", tests, set_up, tear_down);
}
