/* SPDX-License-Identifier: Apache-2.0 */
/* test_quic - keys, versions, pieces of a ClientHello in any order, and whose datagrams these are. */
#include "quic_talk.h"

#include "dissectors/quic_packet.h"

#define N(array) (sizeof(array) / sizeof *(array))

/* --- crypto ------------------------------------------------------------------- */

static size_t
unhex(const char *hex, uint8_t *out, size_t room)
{
	size_t n = 0;
	unsigned v;

	for (; *hex != '\0'; hex += 2) {
		assert_true(n < room);
		assert_int_equal(sscanf(hex, "%2x", &v), 1);
		out[n++] = (uint8_t)v;
	}
	return n;
}

static void
assert_hex(const void *data, const char *hex)
{
	uint8_t want[64];

	assert_memory_equal(data, want, unhex(hex, want, sizeof want));
}

static void
test_hmac(void **state)
{
	/* RFC 4231 sections 4.2, 4.3 and 4.4 */
	static const struct {
		const char *key, *data, *mac;
	} cases[] = {
		{ "0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b", "4869205468657265",
		    "b0344c61d8db38535ca8afceaf0bf12b881dc200c9833da726e9376c2e32cff7" },
		{ "4a656665", "7768617420646f2079612077616e7420666f72206e6f7468696e673f",
		    "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843" },
	};
	uint8_t key[64], data[64], mac[DIGEST_MAX];

	(void)state;
	for (size_t i = 0; i < N(cases); i++) {
		struct span k = { key, unhex(cases[i].key, key, sizeof key) };
		struct span d = { data, unhex(cases[i].data, data, sizeof data) };

		crypto_hmac(crypto, k, d, mac);
		assert_hex(mac, cases[i].mac);
	}
}

static void
test_keys(void **state)
{
	/* RFC 9001 appendix A.1, RFC 9369 appendix A.1 */
	static const struct {
		uint32_t version;
		bool server;
		const char *key, *iv, *hp;
	} cases[] = {
		{ 1, false, "1f369613dd76d5467730efcbe3b1a22d", "fa044b2f42a3fd3b46fb255c",
		    "9f50449e04a0e810283a1e9933adedd2" },
		{ 1, true, "cf3a5331653c364c88f0f379b6067e37", "0ac1493ca1905853b0bba03e",
		    "c206b8d9b9f0f37644430b490eeaa314" },
		{ QB_V2, false, "8b1a0bc121284290a29e0971b5cd045d", "91f73e2351d8fa91660e909f",
		    "45b95e15235d6f45a6b19cbcb0294ba9" },
		{ QB_V2, true, "82db637861d55e1d011f19ea71d5d2a7", "dd13c276499c0249d3310652",
		    "edf6d05c83121201b436e16877593c3a" },
	};
	uint8_t sample[QUIC_SAMPLE], mask[QUIC_MASK];
	struct quic_keys k;

	(void)state;
	for (size_t i = 0; i < N(cases); i++) {
		const struct quic_version *v = quic_version(cases[i].version);

		crypto_quic_keys(crypto, v->salt, v->v2, cases[i].server, (struct span){ cid, sizeof cid }, &k);
		assert_hex(k.key, cases[i].key);
		assert_hex(k.iv, cases[i].iv);
		assert_hex(k.hp, cases[i].hp);
	}
	/* RFC 9001 appendix A.2 */
	unhex("9f50449e04a0e810283a1e9933adedd2", k.hp, sizeof k.hp);
	unhex("d1b1c98dd7689fb8ec11d242b123dc9b", sample, sizeof sample);
	assert_true(crypto_quic_mask(crypto, &k, sample, mask));
	assert_hex(mask, "437b9aec36");
}

/* RFC 9001 appendix A.3: a server's Initial with ACK and a ServerHello, as it is on the wire. */
static void
test_rfc_server(void **state)
{
	uint8_t wire[256];
	size_t n = unhex("cf000000010008f067a5502a4262b5004075c0d95a482cd0991cd25b0aac406a5816b6394100f37a1c69"
	    "797554780bb38cc5a99f5ede4cf73c3ec2493a1839b3dbcba3f6ea46c5b7684df3548e7ddeb9c3bf9c73cc3f3bded74b56"
	    "2bfb19fb84022f8ef4cdd93795d77d06edbb7aaf2f58891850abbdca3d20398c276456cbc42158407dd074ee",
	    wire, sizeof wire);

	(void)state;
	fresh(true);
	show_hello(1, "example.com");
	assert_int_equal(run.answer, DISSECT_MORE);
	run.log[0] = '\0';
	show(FROM_SERVER, wire, n);
	assert_int_equal(strncmp(run.log, "S tls.version 304\nS tls.cipher 1301\n", 36), 0);
	assert_int_equal(run.answer, DISSECT_DONE);
	assert_int_equal(run.malformed, 0);
}

/* --- versions ------------------------------------------------------------------- */

static void
test_versions(void **state)
{
	static const uint32_t known[] = { 1, QB_V2, 0xff000022, 0xff000021, 0xff000020, 0xff00001f, 0xff00001e,
		0xff00001d, 0xff00001c, 0xff00001b, 0xff00001a, 0xff000019, 0xff000018, 0xff000017, 0xff000016,
		0xfaceb001, 0xfaceb002, 0xfaceb00e, 0x54303530, 0x54303531 };
	char want[128];

	(void)state;
	for (size_t i = 0; i < N(known); i++) {
		fresh(false);
		show_hello(known[i], "Www.Example.com");
		snprintf(want, sizeof want, HEARD("www.example.com", "%x"), known[i]);
		assert_string_equal(run.log, want);
		assert_int_equal(run.answer, DISSECT_DONE);
		assert_int_equal(run.malformed, 0);
	}
}

/* Fingerprints come with the hello when they are wanted, or after it by detail(). */
static void
test_curious(void **state)
{
	char at_once[sizeof run.log];

	(void)state;
	fresh(true);
	show_hello(1, "a.example");
	memcpy(at_once, run.log, sizeof at_once);
	assert_non_null(strstr(at_once, "C tls.ja4 q13d0203h3_"));
	assert_non_null(strstr(at_once, "C tls.ja3 "));
	fresh(false);
	run.detail = true;
	show_hello(1, "a.example");
	assert_int_equal(strncmp(run.log, HEARD("a.example", "1"), strlen(HEARD("a.example", "1"))), 0);
	assert_non_null(strstr(run.log, "C tls.ja4 q13d0203h3_"));
	assert_non_null(strstr(run.log, "C tls.ja3 "));
	assert_int_equal(strlen(run.log), strlen(at_once));
}

/* A hello without a name is told by its version. */
static void
test_nameless(void **state)
{
	(void)state;
	fresh(false);
	show_hello(1, NULL);
	assert_string_equal(run.log, "C tls.alpn h3\nC quic.version 1\n");
	assert_int_equal(run.answer, DISSECT_DONE);
}

/* --- pieces ----------------------------------------------------------------------- */

/* Slices of a hello that cover all of it, some twice, shuffled, a few in each datagram. */
static void
scatter(uint64_t *seed, const struct bytes *m, size_t slice, size_t a_datagram)
{
	struct qb_frame f[256];
	size_t n = 0, shown = 0;
	struct qb_out o;

	for (size_t at = 0, len; at < m->n && n < N(f) - 2; at += len) {
		len = 1 + unit_random(seed) % slice;
		len = len < m->n - at ? len : m->n - at;
		f[n++] = (struct qb_frame){ .offset = at, .bytes = m->b + at, .len = len };
		if (unit_random(seed) % 4 == 0) {	/* once more, with what is in front of it */
			size_t back = unit_random(seed) % (at + 1) % 40;

			f[n++] = (struct qb_frame){ .offset = at - back, .bytes = m->b + at - back, .len = len + back };
		}
	}
	for (size_t i = n - 1; i > 0; i--) {
		size_t j = unit_random(seed) % (i + 1);
		struct qb_frame t = f[i];

		f[i] = f[j];
		f[j] = t;
	}
	for (size_t at = 0, k; at < n; at += k, shown++) {
		k = n - at < a_datagram ? n - at : a_datagram;
		qb_client(&o, cid, sizeof cid, (uint32_t)shown, f + at, k);
		show(FROM_CLIENT, o.b, o.n);
		if (run.answer == DISSECT_DONE)
			return;
		assert_string_equal(run.log, "");
	}
}

static void
test_any_order(void **state)
{
	static const size_t sizes[] = { 0, 1500, 2500, 6000 };
	uint64_t seed = 0x5eed;
	static struct bytes m;

	(void)state;
	for (unsigned round = 0; round < 400; round++) {
		size_t size = sizes[round % N(sizes)];

		fresh(false);
		hello(&m, "reordered.example.com", size);
		scatter(&seed, &m, size < 2000 ? 100 + size / 10 : 700, 1 + round % 5);
		assert_string_equal(run.log, HEARD("reordered.example.com", "1"));
		assert_int_equal(run.answer, DISSECT_DONE);
		assert_int_equal(run.malformed, 0);
	}
}

/* 12 KiB, the tail first. */
static void
test_large(void **state)
{
	static struct bytes m;
	struct qb_out o;

	(void)state;
	fresh(false);
	hello(&m, "large.example.com", 12000);
	for (size_t n = (m.n + 999) / 1000; n-- > 0;) {
		assert_string_equal(run.log, "");
		client_piece(&o, 1, (uint32_t)n, n * 1000, m.b + n * 1000, n * 1000 + 1000 < m.n ? 1000 : m.n - n * 1000);
		show(FROM_CLIENT, o.b, o.n);
	}
	assert_string_equal(run.log, HEARD("large.example.com", "1"));
}

/* Without memory a hello of one datagram is heard, one of two is not; with more memory again it is. */
static void
test_no_memory(void **state)
{
	static struct bytes m;
	struct qb_out o;

	(void)state;
	for (unsigned how = 0; how < 2; how++) {
		fresh(false);
		run.no_arena = how == 0;
		pool.max = 0;
		arena_pool_fini(&pool);
		arena_pool_init(&pool, 0);
		show_hello(1, "a.example");
		assert_string_equal(run.log, HEARD("a.example", "1"));
		fresh(false);
		run.no_arena = how == 0;
		hello(&m, "b.example", 1600);
		client_piece(&o, 1, 0, 0, m.b, 1000);
		show(FROM_CLIENT, o.b, o.n);
		client_piece(&o, 1, 1, 1000, m.b + 1000, m.n - 1000);
		show(FROM_CLIENT, o.b, o.n);
		assert_string_equal(run.log, "");
		assert_int_equal(run.malformed, 0);
		arena_pool_init(&pool, 1024);
		run.no_arena = false;
		client_piece(&o, 1, 2, 0, m.b, 1000);
		show(FROM_CLIENT, o.b, o.n);
		client_piece(&o, 1, 3, 1000, m.b + 1000, m.n - 1000);
		show(FROM_CLIENT, o.b, o.n);
		assert_string_equal(run.log, HEARD("b.example", "1"));
	}
}

/* Sending the same again and again takes no more memory. */
static void
test_again(void **state)
{
	static struct bytes m;
	struct qb_out o;
	size_t held = 0;

	(void)state;
	fresh(false);
	hello(&m, "again.example", 1600);
	for (uint32_t i = 0; i < 20; i++) {
		client_piece(&o, 1, i, 0, m.b, 1000);
		show(FROM_CLIENT, o.b, o.n);
		assert_true(i == 0 || arena.count == held);
		held = arena.count;
	}
	client_piece(&o, 1, 20, 1000, m.b + 1000, m.n - 1000);
	show(FROM_CLIENT, o.b, o.n);
	assert_string_equal(run.log, HEARD("again.example", "1"));
}

/* --- whose datagrams are these? ------------------------------------------------------ */

#define BYTES(s) s, sizeof(s) - 1
#define CID "\x08" "12345678"

static void
test_probe(void **state)
{
	static const struct {
		enum side side;
		enum rd_state want;
		size_t len;		/* of the datagram: bytes and zeros */
		const char *bytes;
		size_t n;
	} cases[] = {
		/* first byte, version, ids, token, length */
		{ FROM_CLIENT, RD_OK, 1200, BYTES("\xc3\0\0\0\1" CID "\0\0\x44\x9e") },
		{ FROM_CLIENT, RD_OK, 300, BYTES("\xc3\0\0\0\1" CID "\0\0\x40\xe0") },
		{ FROM_CLIENT, RD_OK, 1200, BYTES("\xd3\x6b\x33\x43\xcf" CID "\0\0\x44\x9e") },
		{ FROM_CLIENT, RD_OK, 1200, BYTES("\xd3\0\0\0\1" CID "\0\x44\x9e") },		/* 0-RTT */
		{ FROM_CLIENT, RD_OK, 1200, BYTES("\xe3\0\0\0\1\0\0\x44\x9e") },		/* Handshake */
		{ FROM_SERVER, RD_OK, 1200, BYTES("\xc3\0\0\0\1\0" CID "\0\x44\x9e") },
		{ FROM_SERVER, RD_OK, 60, BYTES("\xf0\0\0\0\1\0" CID "token") },		/* Retry */
		{ FROM_CLIENT, RD_OK, 1200, BYTES("\xc3\x1a\x2a\x3a\x4a" CID "\0\0\x44\x9e") },	/* reserved */
		{ FROM_SERVER, RD_OK, 23, BYTES("\x80\0\0\0\0\0" CID "\0\0\0\1\xff\0\0\x1d") },
		{ FROM_SERVER, RD_OK, 19, BYTES("\xa5\0\0\0\0\0" CID "\x6a\x7a\x8a\x9a") },
		{ FROM_CLIENT, RD_OK, 1350, BYTES("\x0d" "12345678Q043\1") },
		{ FROM_CLIENT, RD_OK, 1350, BYTES("\x09" "12345678Q035\1") },
		{ FROM_CLIENT, RD_OK, 1350, BYTES("\xc3Q046\x50" "12345678\0\0\0\1") },

		{ FROM_CLIENT, RD_BAD, 1200, BYTES("\xc3\0\0\0\1\x07" "1234567\0\0\x44\x9e") },	/* id too short */
		{ FROM_CLIENT, RD_BAD, 1200, BYTES("\xc3\0\0\0\1\x15" "123456789012345678901\0\0\x44\x9e") },
		{ FROM_CLIENT, RD_BAD, 1200, BYTES("\x83\0\0\0\1" CID "\0\0\x44\x9e") },	/* no fixed bit */
		{ FROM_CLIENT, RD_BAD, 1200, BYTES("\x43\0\0\0\1" CID "\0\0\x44\x9e") },	/* short header */
		{ FROM_CLIENT, RD_BAD, 200, BYTES("\xc3\0\0\0\1" CID "\0\0\x44\x9e") },		/* longer than it is */
		{ FROM_CLIENT, RD_BAD, 1200, BYTES("\xc3\0\0\0\2" CID "\0\0\x44\x9e") },	/* unknown version */
		{ FROM_CLIENT, RD_BAD, 1199, BYTES("\xc3\x1a\x2a\x3a\x4a" CID "\0\0\x44\x9e") },
		{ FROM_SERVER, RD_BAD, 1200, BYTES("\xc3\x1a\x2a\x3a\x4a" CID "\0\0\x44\x9e") },
		{ FROM_CLIENT, RD_BAD, 19, BYTES("\x80\0\0\0\0\0" CID "\0\0\0\1") },		/* no client says this */
		{ FROM_SERVER, RD_BAD, 18, BYTES("\x80\0\0\0\0\0" CID "\0\0\0\1") },
		{ FROM_SERVER, RD_BAD, 15, BYTES("\x80\0\0\0\0\0" CID) },
		{ FROM_SERVER, RD_BAD, 19, BYTES("\x80\0\0\0\0\0" CID "\0\0\1\1") },
		{ FROM_SERVER, RD_BAD, 1350, BYTES("\x0d" "12345678Q043\1") },
		{ FROM_CLIENT, RD_BAD, 1350, BYTES("\x0d" "12345678Q050\1") },
		{ FROM_CLIENT, RD_BAD, 1350, BYTES("\xc8Q024\x50" "12345678") },
		{ FROM_CLIENT, RD_BAD, 0, BYTES("") },
		{ FROM_CLIENT, RD_BAD, 1, BYTES("\xc3") },
		{ FROM_CLIENT, RD_BAD, 64, BYTES("\x12\x34\1\0\0\1\0\0\0\0\0\0\3www") },	/* DNS */
		{ FROM_CLIENT, RD_BAD, 64, BYTES("\xc3\0\1\0\0\1\0\0\0\0\0\0\3www") },
		{ FROM_CLIENT, RD_BAD, 20, BYTES("\0\1\0\0\x21\x12\xa4\x42") },			/* STUN */
		{ FROM_CLIENT, RD_BAD, 172, BYTES("\x80\0\x12\x34\0\0\0\1\x12\x34\x56\x78") },	/* RTP */
		{ FROM_SERVER, RD_BAD, 28, BYTES("\x80\xc8\0\6\x12\x34\x56\x78") },		/* RTCP */
		{ FROM_CLIENT, RD_BAD, 200, BYTES("\x16\xfe\xfd\0\0\0\0\0\0\0\0\0\xbb\1") },	/* DTLS */
		{ FROM_CLIENT, RD_BAD, 148, BYTES("\1\0\0\0\x12\x34\x56\x78") },		/* WireGuard */
		{ FROM_CLIENT, RD_BAD, 48, BYTES("\xe3\0\6\xec") },				/* NTP */
	};
	uint8_t wire[1400];

	(void)state;
	for (size_t i = 0; i < N(cases); i++) {
		memset(wire, 0, sizeof wire);
		memcpy(wire, cases[i].bytes, cases[i].n);
		if (probe(cases[i].side, wire, cases[i].len) != cases[i].want)
			fail_msg("probe case %zu", i);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_hmac),
		cmocka_unit_test(test_keys),
		cmocka_unit_test(test_rfc_server),
		cmocka_unit_test(test_versions),
		cmocka_unit_test(test_curious),
		cmocka_unit_test(test_nameless),
		cmocka_unit_test(test_any_order),
		cmocka_unit_test(test_large),
		cmocka_unit_test(test_no_memory),
		cmocka_unit_test(test_again),
		cmocka_unit_test(test_probe),
	};

	return cmocka_run_group_tests_name("quic", tests, set_up, tear_down);
}
