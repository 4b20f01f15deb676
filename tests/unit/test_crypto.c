/* SPDX-License-Identifier: Apache-2.0 */
/* test_crypto - digests against RFC 1321, FIPS 180-4; certificates made for the purpose. */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <setjmp.h>
#include <cmocka.h>

#include "core/crypto.h"
#include "tests/unit/certs.h"

static struct crypto *crypto;

static struct span
text(const char *s)
{
	return (struct span){ (const uint8_t *)s, strlen(s) };
}

static void
test_digests(void **state)
{
	static const struct {
		enum digest kind;
		const char *data, *want;
	} rows[] = {
		{ DIGEST_MD5, "", "d41d8cd98f00b204e9800998ecf8427e" },
		{ DIGEST_MD5, "abc", "900150983cd24fb0d6963f7d28e17f72" },
		{ DIGEST_SHA1, "", "da39a3ee5e6b4b0d3255bfef95601890afd80709" },
		{ DIGEST_SHA1, "abc", "a9993e364706816aba3e25717850c26c9cd0d89d" },
		{ DIGEST_SHA256, "", "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855" },
		{ DIGEST_SHA256, "abc", "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad" },
	};
	uint8_t raw[DIGEST_MAX];
	char hex[2 * DIGEST_MAX + 1];

	(void)state;
	for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
		crypto_digest_hex(crypto, rows[i].kind, text(rows[i].data), hex);
		assert_string_equal(hex, rows[i].want);
		assert_int_equal(2 * crypto_digest(crypto, rows[i].kind, text(rows[i].data), raw),
		    strlen(rows[i].want));
	}
	assert_int_equal(crypto_digest(crypto, DIGEST_MD5, (struct span){ 0 }, raw), 16);
}

static void
test_cert(void **state)
{
	struct cert c;

	(void)state;
	assert_true(crypto_cert(crypto, (struct span){ cert_plain, sizeof cert_plain }, &c));
	assert_string_equal(c.subject, "CN=Update.Example.net,O=Uk\xc3\xa1zka\\, s.r.o.,C=CZ");
	assert_string_equal(c.issuer, c.subject);
	assert_string_equal(c.common_name, "Update.Example.net");
	assert_string_equal(c.serial, "F3A1B2C3D4");
	assert_string_equal(c.sha256, "B648C5A8E108F30FAFA7890B70938B2D3B3E28955F8687622F1BE4CCD54CB92B");
	assert_int_equal(c.not_before, 1704164645);	/* 2024-01-02 03:04:05 */
	assert_int_equal(c.not_after, 2556241445);	/* 2051-01-02 03:04:05 */
	assert_int_equal(c.n_sans, 3);
	assert_int_equal(c.more_sans, 0);
	assert_string_equal(c.sans[0], "Update.Example.net");
	assert_string_equal(c.sans[1], "*.cdn.example.net");
	assert_string_equal(c.sans[2], "old.example.net");
}

static void
test_cert_limits(void **state)
{
	struct cert c;
	size_t len;

	(void)state;
	assert_true(crypto_cert(crypto, (struct span){ cert_many, sizeof cert_many }, &c));
	assert_string_equal(c.serial, "7F");
	assert_string_equal(c.common_name, "");
	assert_int_equal(c.not_before, 0);
	assert_int_equal(c.n_sans, CERT_SANS_MAX);
	assert_int_equal(c.more_sans, 3);		/* the long one, n18 and n19 */
	assert_string_equal(c.sans[0], "n2.test");
	assert_string_equal(c.sans[15], "n17.test");

	/* "CN=a,OU=" + 61 times 2 bytes + ",OU=" is 134 bytes; 121 more would split a character. */
	assert_true(crypto_cert(crypto, (struct span){ cert_wide, sizeof cert_wide }, &c));
	len = strlen(c.subject);
	assert_int_equal(len, 254);
	assert_memory_equal(c.subject + len - 2, "\xc3\xa1", 2);
	assert_string_equal(c.serial, "80AA");
	assert_int_equal(c.n_sans, 0);
}

/* A copy of cert_plain in which the text from stands as to; its signature is of no matter here. */
static bool
changed(const char *from, const char *to, size_t n, struct cert *c)
{
	uint8_t der[sizeof cert_plain];
	bool found = false;

	memcpy(der, cert_plain, sizeof der);
	for (size_t i = 0; i + n <= sizeof der; i++)
		if (memcmp(der + i, from, n) == 0) {
			memcpy(der + i, to, n);
			found = true;
		}
	assert_true(found);
	return crypto_cert(crypto, (struct span){ der, sizeof der }, c);
}

static void
test_cert_lies(void **state)
{
	/* What no dNSName has: NUL, a byte that is not IA5, a space. */
	static const char bad[] = { '\0', '\xff', ' ' };
	struct cert c;

	(void)state;
	for (size_t i = 0; i < sizeof bad; i++) {
		char name[] = "old?example.net";

		name[3] = bad[i];
		assert_true(changed("old.example.net", name, strlen("old.example.net"), &c));
		assert_int_equal(c.n_sans, 2);
		assert_int_equal(c.more_sans, 1);
	}
	/* NUL in every name of the server, the common name included. */
	assert_true(changed("Update.Example", "Update\0Example", 14, &c));
	assert_string_equal(c.common_name, "");
	assert_string_equal(c.subject, "CN=Update\\00Example.net,O=Uk\xc3\xa1zka\\, s.r.o.,C=CZ");
	assert_int_equal(c.n_sans, 2);
	assert_int_equal(c.more_sans, 1);
	/* A serial number below zero: INTEGER of 6 bytes that begins with ff. */
	assert_true(changed("\x02\x06\x00\xf3", "\x02\x06\xff\x0c", 4, &c));
	assert_int_equal(c.serial[0], '-');
	/* Neither a date nor UTF-8. */
	assert_false(changed("240102030405Z", "249902030405Z", 13, &c));
	assert_false(changed("Uk\xc3\xa1zka", "Uk\xc3\xc3zka", 7, &c));
}

static void
test_cert_cut(void **state)
{
	uint8_t longer[sizeof cert_plain + 1] = { 0 };
	struct cert c;

	(void)state;
	for (size_t n = 0; n < sizeof cert_plain; n++)
		assert_false(crypto_cert(crypto, (struct span){ cert_plain, n }, &c));
	memcpy(longer, cert_plain, sizeof cert_plain);
	assert_false(crypto_cert(crypto, (struct span){ longer, sizeof longer }, &c));
	assert_false(crypto_cert(crypto, (struct span){ 0 }, &c));
}

/* What is remembered of a certificate, good or bad, is what was said of it first. */
static void
test_cert_again(void **state)
{
	static struct cert first, again;

	(void)state;
	for (size_t cut = 0; cut < 2; cut++) {
		struct span der = { cert_plain, sizeof cert_plain - cut };

		memset(&first, 'x', sizeof first);
		memset(&again, 'y', sizeof again);
		assert_int_equal(crypto_cert(crypto, der, &first), cut == 0);
		assert_true(crypto_cert(crypto, (struct span){ cert_many, sizeof cert_many }, &again));
		assert_string_equal(again.subject, "O=Many Names");
		assert_int_equal(crypto_cert(crypto, der, &again), cut == 0);
		assert_memory_equal(&first, &again, sizeof first);
	}
}

static void
test_new_free(void **state)
{
	struct err err;
	struct crypto *c = crypto_new(&err);

	(void)state;
	assert_non_null(c);
	crypto_free(&c);
	assert_null(c);
	crypto_free(&c);
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
		cmocka_unit_test(test_digests),
		cmocka_unit_test(test_cert),
		cmocka_unit_test(test_cert_limits),
		cmocka_unit_test(test_cert_lies),
		cmocka_unit_test(test_cert_cut),
		cmocka_unit_test(test_cert_again),
		cmocka_unit_test(test_new_free),
	};

	return cmocka_run_group_tests_name("crypto", tests, set_up, tear_down);
}
