/* SPDX-License-Identifier: Apache-2.0 */
/* test_hello - ClientHello and ServerHello readers (RFC 8446 section 4.1, RFC 6066, RFC 7301). */
#include "tests/unit/hello_build.h"

#include "dissectors/hello.h"

static const uint16_t ciphers[] = { 0x1301, 0xc02f };
static const uint16_t types[] = { 0x0a0a, 0, 23, 10, 11, 13, 16, 43, 0xfe0d };
static const uint16_t versions[] = { 0x0304, 0x0303 }, groups[] = { 29, 23 }, sigalgs[] = { 0x0403 };

static const struct hello_spec full = {
	.version = 0x0303, .session_id_len = 32, .ciphers = ciphers, .n_ciphers = 2,
	.types = types, .n_types = 9,
	.sni = "Update.Example.net", .alpn = { "\x0a\x0a", "h2", "http/1.1" }, .versions = versions,
	.n_versions = 2, .groups = groups, .n_groups = 2, .sigalgs = sigalgs, .n_sigalgs = 1,
};

static struct bytes body;
static struct observations obs;

static void
assert_span(struct span got, const void *want, size_t n)
{
	assert_non_null(got.p);
	assert_int_equal(got.len, n);
	assert_memory_equal(got.p, want, n);
}

static void
test_fields(void **state)
{
	struct client_hello h;
	struct rd r;

	(void)state;
	body.n = 0;
	put_client_hello(&body, &full);
	r = rd_closed(body.b, body.n);
	assert_int_equal(hello_read(&r, &h), RD_OK);
	assert_int_equal(h.legacy_version, 0x0303);
	assert_int_equal(h.random.len, 32);
	assert_int_equal(h.session_id.len, 32);
	assert_span(h.ciphers, "\x13\x01\xc0\x2f", 4);
	assert_span(h.compression, "", 1);
	assert_span(h.sni, "Update.Example.net", 18);
	assert_span(h.alpn, "\x02\x0a\x0a\x02h2\x08http/1.1", 15);
	assert_span(h.versions, "\x03\x04\x03\x03", 4);
	assert_span(h.groups, "\x00\x1d\x00\x17", 4);
	assert_span(h.sigalgs, "\x04\x03", 2);
	assert_span(h.point_formats, "", 1);
	assert_true(h.has_sni);
	assert_true(h.has_ech);
}

static void
test_observed(void **state)
{
	struct client_hello h;
	struct rd r;

	(void)state;
	body.n = 0;
	put_client_hello(&body, &full);
	r = rd_closed(body.b, body.n);
	assert_int_equal(hello_read(&r, &h), RD_OK);
	observations_reset(&obs);
	hello_observe(&h, FROM_CLIENT, &obs);
	assert_int_equal(obs.n, 3);
	assert_int_equal(obs.v[0].kind, OBS_TLS_SNI);
	assert_span(obs.v[0].value, "update.example.net", 18);
	assert_int_equal(obs.v[1].kind, OBS_TLS_ECH);
	assert_int_equal(obs.v[2].kind, OBS_TLS_ALPN);
	assert_span(obs.v[2].value, "h2,http/1.1", 11);	/* without GREASE */
}

/* Of a message that is cut nothing is bad, and a name that was cut is not a name. */
static void
test_prefixes(void **state)
{
	(void)state;
	body.n = 0;
	put_client_hello(&body, &full);
	for (size_t n = 0; n < body.n; n++) {
		struct client_hello h;
		struct rd r = rd_open(body.b, n), closed = rd_closed(body.b, n);

		assert_int_equal(hello_read(&r, &h), RD_SHORT);
		if (h.sni.p != NULL)
			assert_span(h.sni, "Update.Example.net", 18);
		/* What says that it is whole and is not contradicts itself; only the extensions may lack. */
		if (n != 2 + 32 + 33 + 6 + 2)
			assert_int_equal(hello_read(&closed, &h), RD_BAD);
	}
}

static void
test_no_extensions(void **state)
{
	static const struct hello_spec bare = { .version = 0x0300, .ciphers = ciphers, .n_ciphers = 2 };
	struct client_hello h;
	struct rd r;

	(void)state;
	body.n = 0;
	put_client_hello(&body, &bare);
	r = rd_closed(body.b, body.n);
	assert_int_equal(hello_read(&r, &h), RD_OK);
	assert_null(h.extensions.p);
	assert_null(h.sni.p);
	assert_false(h.has_sni);
}

/* ServerHello and ClientHello with one extension block each, given as bytes. */
static enum rd_state
with_extensions(const char *block, size_t n, struct client_hello *h, struct server_hello *s)
{
	static const struct hello_spec bare = { .version = 0x0303, .ciphers = ciphers, .n_ciphers = 2 };
	struct rd r;

	body.n = 0;
	if (h != NULL) {
		put_client_hello(&body, &bare);
	} else {
		put_int(&body, 0x0303, 2);
		for (unsigned i = 0; i < 32; i++)
			put_int(&body, i, 1);
		put_int(&body, 0, 1);		/* session id */
		put_int(&body, 0xc02f, 2);	/* cipher */
		put_int(&body, 0, 1);		/* compression */
	}
	put_vec(&body, 2, block, n);
	r = rd_closed(body.b, body.n);
	return h != NULL ? hello_read(&r, h) : server_hello_read(&r, s);
}

#define BLOCK(s) s, sizeof(s) - 1

static void
test_client_extensions(void **state)
{
	static const struct {
		const char *block;
		size_t n;
		enum rd_state want;
		const char *sni;
	} rows[] = {
		{ BLOCK(""), RD_OK, NULL },
		/* server_name, list of 4: host_name "a" */
		{ BLOCK("\0\0\0\6\0\4\0\0\1a"), RD_OK, "a" },
		/* another type of name first, then "b", then "c": the first host_name counts */
		{ BLOCK("\0\0\0\x0e\0\x0c\1\0\1a\0\0\1b\0\0\1c"), RD_OK, "b" },
		/* twice: the first counts */
		{ BLOCK("\0\0\0\6\0\4\0\0\1a\0\0\0\6\0\4\0\0\1b"), RD_OK, "a" },
		/* a name with NUL and one with a control character are told as they are */
		{ BLOCK("\0\0\0\7\0\5\0\0\2\1b"), RD_OK, "\1b" },
		/* an empty name; a list longer than the extension; bytes after the list */
		{ BLOCK("\0\0\0\5\0\3\0\0\0"), RD_BAD, NULL },
		{ BLOCK("\0\0\0\6\0\5\0\0\1a"), RD_BAD, NULL },
		{ BLOCK("\0\0\0\7\0\4\0\0\1ax"), RD_BAD, NULL },
		/* an extension that is longer than the block */
		{ BLOCK("\0\0\0\7\0\4\0\0\1a"), RD_BAD, NULL },
		/* half an extension header after a good name */
		{ BLOCK("\0\0\0\6\0\4\0\0\1a\0\x2b\0"), RD_BAD, "a" },
		/* contradictions in groups (odd), ALPN (empty name), versions (cut) do not hide the name */
		{ BLOCK("\0\x0a\0\3\0\1x\0\0\0\6\0\4\0\0\1a"), RD_BAD, "a" },
		{ BLOCK("\0\x10\0\3\0\1\0\0\0\0\6\0\4\0\0\1a"), RD_BAD, "a" },
		{ BLOCK("\0\x2b\0\1\2\0\0\0\6\0\4\0\0\1a"), RD_BAD, "a" },
		{ BLOCK("\0\x2b\0\4\3\3\4\3\0\0\0\6\0\4\0\0\1a"), RD_BAD, "a" },
	};

	(void)state;
	for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
		struct client_hello h;

		assert_int_equal(with_extensions(rows[i].block, rows[i].n, &h, NULL), rows[i].want);
		if (rows[i].sni == NULL)
			assert_null(h.sni.p);
		else
			assert_span(h.sni, rows[i].sni, strlen(rows[i].sni));
	}
}

static void
test_name_with_nul(void **state)
{
	struct client_hello h;

	(void)state;
	assert_int_equal(with_extensions(BLOCK("\0\0\0\x08\0\6\0\0\3a\0b"), &h, NULL), RD_OK);
	assert_span(h.sni, "a\0b", 3);
}

static void
test_client_frame(void **state)
{
	static const struct {
		size_t at;		/* byte of the body that is changed */
		uint8_t to;
		enum rd_state want;
	} rows[] = {
		{ 0, 2, RD_BAD },	/* major version */
		{ 34, 33, RD_BAD },	/* session id length, 32 is the most */
		{ 68, 5, RD_BAD },	/* an odd length of ciphers */
		{ 68, 0xff, RD_BAD },	/* far more than there is */
		{ 1, 9, RD_OK },	/* minor version of the future */
	};

	(void)state;
	for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
		struct client_hello h;
		struct rd r;

		body.n = 0;
		put_client_hello(&body, &full);
		body.b[rows[i].at] = rows[i].to;
		r = rd_closed(body.b, body.n);
		assert_int_equal(hello_read(&r, &h), rows[i].want);
	}
	body.n = 0;
	put_client_hello(&body, &full);
	put_int(&body, 0, 1);		/* a byte after the message */
	{
		struct client_hello h;
		struct rd r = rd_closed(body.b, body.n);

		assert_int_equal(hello_read(&r, &h), RD_BAD);
	}
}

static void
test_server_extensions(void **state)
{
	static const struct {
		const char *block;
		size_t n;
		enum rd_state want;
		uint16_t version;
		const char *alpn;
		bool psk;
	} rows[] = {
		{ BLOCK(""), RD_OK, 0x0303, NULL, false },
		/* supported_versions 1.3, key_share that is not read */
		{ BLOCK("\0\x2b\0\2\3\4\0\x33\0\1x"), RD_OK, 0x0304, NULL, false },
		/* pre_shared_key 0 */
		{ BLOCK("\0\x2b\0\2\3\4\0\x29\0\2\0\0"), RD_OK, 0x0304, NULL, true },
		/* ALPN h2; two names where one is allowed; none */
		{ BLOCK("\0\x10\0\5\0\3\2h2"), RD_OK, 0x0303, "h2", false },
		{ BLOCK("\0\x10\0\7\0\5\2h2\1a"), RD_BAD, 0x0303, NULL, false },
		{ BLOCK("\0\x10\0\2\0\0"), RD_BAD, 0x0303, NULL, false },
		/* a byte after the list of names */
		{ BLOCK("\0\x10\0\6\0\3\2h2x"), RD_BAD, 0x0303, NULL, false },
		/* supported_versions of three bytes */
		{ BLOCK("\0\x2b\0\3\3\4\4"), RD_BAD, 0, NULL, false },
	};

	(void)state;
	for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
		struct server_hello h;

		assert_int_equal(with_extensions(rows[i].block, rows[i].n, NULL, &h), rows[i].want);
		if (rows[i].want != RD_OK)
			continue;
		assert_int_equal(h.version, rows[i].version);
		assert_int_equal(h.legacy_version, 0x0303);
		assert_int_equal(h.cipher, 0xc02f);
		assert_int_equal(h.has_psk, rows[i].psk);
		assert_false(h.retry);
		if (rows[i].alpn != NULL)
			assert_span(h.alpn, rows[i].alpn, strlen(rows[i].alpn));
		else
			assert_null(h.alpn.p);
	}
}

static void
test_server_frame(void **state)
{
	static const struct {
		size_t at;		/* byte of the body that is changed */
		uint8_t to;
		enum rd_state want;
	} rows[] = {
		{ 0, 3, RD_OK },
		{ 0, 2, RD_BAD },	/* major version */
		{ 34, 33, RD_BAD },	/* session id length, 32 is the most */
		{ 39, 3, RD_BAD },	/* extensions longer than the message */
		{ 40, 0, RD_BAD },	/* a byte after the message */
	};
	struct server_hello h;

	(void)state;
	for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
		struct rd r;

		(void)with_extensions(BLOCK(""), NULL, &h);
		for (unsigned n = 0; n < 40; n++)
			put_int(&body, 0, 1);	/* so that a longer session id is not merely cut */
		if (rows[i].at != 34)
			body.n = rows[i].at == 40 ? 41 : 40;
		body.b[rows[i].at] = rows[i].to;
		r = rd_closed(body.b, body.n);
		assert_int_equal(server_hello_read(&r, &h), rows[i].want);
	}
	(void)with_extensions(BLOCK("\0\x2b\0\2\3\4"), NULL, &h);
	for (size_t n = 0; n < body.n; n++) {
		struct rd r = rd_open(body.b, n);

		assert_int_equal(server_hello_read(&r, &h), RD_SHORT);
	}
}

/* Names that do not fit are left out whole, from the first that does not. */
static void
test_alpn_limit(void **state)
{
	char name[201];
	struct hello_spec spec = full;
	struct client_hello h;
	struct rd r;

	(void)state;
	memset(name, 'x', 200);
	name[200] = '\0';
	spec.alpn[0] = name;
	spec.alpn[1] = "0123456789012345678901234567890123456789012345678901234";	/* 55: 200 + 1 + 55 */
	spec.alpn[2] = "y";
	body.n = 0;
	put_client_hello(&body, &spec);
	r = rd_closed(body.b, body.n);
	assert_int_equal(hello_read(&r, &h), RD_OK);
	observations_reset(&obs);
	hello_observe(&h, FROM_CLIENT, &obs);
	assert_int_equal(obs.v[2].value.len, 256);
	spec.alpn[1] = "01234567890123456789012345678901234567890123456789012345";
	body.n = 0;
	put_client_hello(&body, &spec);
	r = rd_closed(body.b, body.n);
	assert_int_equal(hello_read(&r, &h), RD_OK);
	observations_reset(&obs);
	hello_observe(&h, FROM_CLIENT, &obs);
	assert_int_equal(obs.v[2].value.len, 200);
}

static void
test_grease(void **state)
{
	unsigned n = 0;

	(void)state;
	for (unsigned v = 0; v <= 0xffff; v++)
		n += hello_grease((uint16_t)v);
	assert_int_equal(n, 16);
	assert_true(hello_grease(0x0a0a) && hello_grease(0xfafa));
	assert_false(hello_grease(0x0a1a) || hello_grease(0x1301));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_fields),
		cmocka_unit_test(test_observed),
		cmocka_unit_test(test_prefixes),
		cmocka_unit_test(test_no_extensions),
		cmocka_unit_test(test_client_extensions),
		cmocka_unit_test(test_name_with_nul),
		cmocka_unit_test(test_client_frame),
		cmocka_unit_test(test_server_extensions),
		cmocka_unit_test(test_server_frame),
		cmocka_unit_test(test_alpn_limit),
		cmocka_unit_test(test_grease),
	};

	return cmocka_run_group_tests_name("hello", tests, NULL, NULL);
}
