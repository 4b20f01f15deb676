/* SPDX-License-Identifier: Apache-2.0 */
/* test_secret - what is hidden of a text, what stays, and that the hash is HMAC-SHA256 under the key. */
#include "unit.h"

#include "output/secret.h"

static struct crypto *crypto;

static int
set_up(void **state)
{
	struct err err;

	(void)state;
	crypto = crypto_new(&err);
	return crypto != NULL ? 0 : -1;
}

static int
tear_down(void **state)
{
	(void)state;
	crypto_free(&crypto);
	return 0;
}

/* The text with every hash written as "#". */
static const char *
hidden(enum secret how, const char *text)
{
	static char shown[SECRET_TEXT_MAX + 1];
	struct secrets s = { .crypto = crypto, .key = { 1, 2, 3 } };
	uint8_t out[SECRET_TEXT_MAX];
	size_t n = secret_hide(&s, how, (struct span){ (const uint8_t *)text, strlen(text) }, out), k = 0;

	for (size_t i = 0; i < n; i++) {
		shown[k++] = (char)out[i];
		if (out[i] == '#' && i + 12 < n + 1 && strspn((const char *)out + i + 1, "0123456789abcdef") >= 12)
			i += 12;
	}
	shown[k] = '\0';
	return shown;
}

static void
hides_what_identifies(void **state)
{
	static const struct {
		enum secret how;
		const char *text, *want;
	} cases[] = {
		/* paths and user agents: numbers of machines and licences */
		{ SECRET_TOKENS, "/updaters/updater.xml.dif", "/updaters/updater.xml.dif" },
		{ SECRET_TOKENS, "/index/u1313g.xml", "/index/u1313g.xml" },
		{ SECRET_TOKENS, "/daily-27456.cdiff", "/daily-27456.cdiff" },
		{ SECRET_TOKENS, "/am_delta_patch_1.403.2000.0.exe", "/am_delta_patch_1.403.2000.0.exe" },
		{ SECRET_TOKENS, "/v1/0123456789abcdef0123456789abcdef/x", "/v1/#/x" },
		{ SECRET_TOKENS, "/a/deadbeefdeadbee", "/a/deadbeefdeadbee" },	/* 15 digits */
		{ SECRET_TOKENS, "/a/deadbeefdeadbeef", "/a/#" },
		{ SECRET_TOKENS, "/key/123456789", "/key/#" },
		{ SECRET_TOKENS, "/key/12345678", "/key/12345678" },
		{ SECRET_TOKENS, "ClamAV/1.4 (UUID: 8c1f1a0e-9d2b-4c64-8f2e-0a6b1c2d3e4f)", "ClamAV/1.4 (UUID: #)" },
		{ SECRET_TOKENS, "/x/ABCDEFGHIJ2345KLMNOP", "/x/#" },		/* base 32 */
		{ SECRET_TOKENS, "/configurations/internationalization", "/configurations/internationalization" },
		{ SECRET_TOKENS, "", "" },
		/* queries: every value but short ones and versions */
		{ SECRET_QUERY, "v=1.2.3.4&l=en&id=abc", "v=1.2.3.4&l=en&id=#" },
		{ SECRET_QUERY, "rnd=&un=jane;k=123", "rnd=&un=#;k=#" },
		{ SECRET_QUERY, "0123456789abcdef0123", "#" },
		{ SECRET_QUERY, "check", "check" },
		{ SECRET_QUERY, "a=b=c&&", "a=#&&" },
		{ SECRET_URL, "http://a.example/p/123456789?u=joan", "http://a.example/p/#?u=#" },
		{ SECRET_URL, "http://a.example/?", "http://a.example/?" },
		/* headers: all of the value */
		{ SECRET_HEADER, "cookie: a=1", "cookie: #" },
		{ SECRET_HEADER, "x-drweb-keynumber: 110000042", "x-drweb-keynumber: #" },
		{ SECRET_HEADER, "x-empty: ", "x-empty: " },
		{ SECRET_HEADER, "no colon", "no colon" },
		{ SECRET_FIELD, "id: 0a", "id: #" },
		{ SECRET_FIELD, "topic: BRE", "topic: BRE" },
		{ SECRET_FIELD, "hash: sha1:da39a3ee5e6b4b0d3255bfef95601890afd80709", "hash: sha1:#" },
		{ SECRET_NOTHING, "id=0123456789abcdef", "id=0123456789abcdef" },
	};

	(void)state;
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
		assert_string_equal(hidden(cases[i].how, cases[i].text), cases[i].want);
}

/* RFC 2104 with the key 01 02 03 00...: "printf %s jane | openssl dgst -sha256 -mac HMAC -macopt hexkey:0102030000..." */
static void
hash_is_keyed(void **state)
{
	struct secrets s = { .crypto = crypto, .key = { 1, 2, 3 } };
	uint8_t a[SECRET_TEXT_MAX], b[SECRET_TEXT_MAX];
	struct span text = { (const uint8_t *)"un=jane", 7 };
	size_t n = secret_hide(&s, SECRET_QUERY, text, a);

	(void)state;
	assert_int_equal(n, 3 + 13);
	assert_memory_equal(a, "un=#e5d9c1d0375c", n);
	s.key[31] = 1;
	assert_int_equal(secret_hide(&s, SECRET_QUERY, text, b), n);
	assert_memory_not_equal(a, b, n);
	s.clear = true;
	assert_int_equal(secret_hide(&s, SECRET_QUERY, text, b), 7);
	assert_memory_equal(b, "un=jane", 7);
}

/* Any bytes of any length: nothing is written past the end, and the same text comes out each time. */
static void
any_bytes(void **state)
{
	struct secrets s = { .crypto = crypto };
	static uint8_t in[2 * SECRET_TEXT_MAX], a[SECRET_TEXT_MAX], b[SECRET_TEXT_MAX];
	uint64_t seed = 7;

	(void)state;
	for (unsigned turn = 0; turn < 3000; turn++) {
		size_t len = unit_random(&seed) % sizeof in;
		enum secret how = (enum secret)(turn % (SECRET_FIELD + 1));
		const char *alphabet = turn % 2 == 0 ? "a1=&?:-/" : NULL;
		size_t n;

		for (size_t i = 0; i < len; i++)
			in[i] = alphabet != NULL ? (uint8_t)alphabet[unit_random(&seed) >> 40 & 7] :
						   (uint8_t)(unit_random(&seed) >> 40);
		n = secret_hide(&s, how, (struct span){ in, len }, a);
		assert_true(n <= SECRET_TEXT_MAX);
		assert_int_equal(secret_hide(&s, how, (struct span){ in, len }, b), n);
		assert_memory_equal(a, b, n);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(hides_what_identifies),
		cmocka_unit_test(hash_is_keyed),
		cmocka_unit_test(any_bytes),
	};

	return cmocka_run_group_tests(tests, set_up, tear_down);
}
