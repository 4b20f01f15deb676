/* SPDX-License-Identifier: Apache-2.0 */
/* Unit tests of core: bounded reader, addresses, arena, hash, ring. */
#include "unit.h"

#include <pthread.h>

#include "core/addr.h"
#include "core/arena.h"
#include "core/hash.h"
#include "core/ring.h"

static void
rd_reads_in_order(void **state)
{
	/* u8 1, u16 0x0203, u24 0x040506, le32 0x0a090807, varint 2 bytes 0x3fff, line "ab" */
	static const uint8_t b[] = { 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 0x7f, 0xff, 'a', 'b', '\r', '\n' };
	struct rd r = rd_closed(b, sizeof b);

	(void)state;
	assert_int_equal(rd_u8(&r), 1);
	assert_int_equal(rd_u16(&r), 0x0203);
	assert_int_equal(rd_u24(&r), 0x040506);
	assert_int_equal(rd_le(&r, 4), 0x0a090807);
	assert_int_equal(rd_varint(&r), 0x3fff);
	assert_span(rd_line(&r), "ab");
	assert_false(rd_more(&r));
	assert_int_equal(rd_state(&r), RD_OK);
	rd_u8(&r);
	assert_int_equal(rd_state(&r), RD_BAD);
}

static void
rd_short_is_not_bad(void **state)
{
	static const uint8_t b[] = { 0, 5, 'a', 'b' };	/* a vector of 5, of which 2 are here */
	struct rd open = rd_open(b, sizeof b), closed = rd_closed(b, sizeof b);

	(void)state;
	struct rd in = rd_vec(&open, 2);
	assert_int_equal(rd_state(&open), RD_SHORT);
	assert_int_equal(rd_state(&in), RD_SHORT);
	in = rd_vec(&closed, 2);
	assert_int_equal(rd_state(&closed), RD_BAD);
	assert_int_equal(rd_u8(&in), 0);
}

static void
rd_inner_failure_is_told_outside(void **state)
{
	static const uint8_t b[] = { 2, 9, 9, 7 };	/* a vector of 2, read for 4 */
	struct rd r = rd_open(b, sizeof b);

	(void)state;
	struct rd in = rd_vec(&r, 1);
	struct rd look = rd_fork(&in);
	rd_u32(&look);
	assert_int_equal(rd_state(&look), RD_BAD);
	assert_int_equal(rd_state(&r), RD_OK);
	rd_u32(&in);
	assert_int_equal(rd_state(&r), RD_BAD);
	assert_int_equal(rd_u8(&r), 0);
}

static void
addr_text(void **state)
{
	static const struct {
		const char *in, *out;	/* NULL: refused */
	} t[] = {
		{ "192.0.2.1", "192.0.2.1" }, { "2001:db8:0:0::1", "2001:db8::1" }, { "[2001:db8::1]", "2001:db8::1" },
		{ "::ffff:192.0.2.7", "192.0.2.7" }, { "192.0.2", NULL }, { "192.0.2.256", NULL }, { "", NULL },
		{ "[]", NULL }, { "example", NULL }, { "1:2:3:4:5:6:7:8:9", NULL }, { "192.0.2.1 ", NULL },
	};
	char text[ADDR_STR_MAX];

	(void)state;
	for (size_t i = 0; i < sizeof t / sizeof *t; i++) {
		struct addr a;
		bool ok = addr_parse(t[i].in, strlen(t[i].in), &a);

		assert_int_equal(ok, t[i].out != NULL);
		if (ok)
			assert_string_equal(addr_str(&a, text), t[i].out);
	}
}

static void
prefixes(void **state)
{
	static const struct {
		const char *prefix, *addr;
		int holds;		/* -1: the prefix is refused */
	} t[] = {
		{ "192.0.2.0/24", "192.0.2.255", 1 }, { "192.0.2.0/24", "192.0.3.0", 0 },
		{ "94.75.192.0/18", "94.75.236.123", 1 }, { "94.75.192.0/18", "94.76.0.1", 0 },
		{ "2001:db8::/33", "2001:db8:7fff::1", 1 }, { "2001:db8::/33", "2001:db8:8000::1", 0 },
		{ "0.0.0.0/0", "8.8.8.8", 1 }, { "0.0.0.0/0", "2001:db8::1", 0 }, { "::/0", "8.8.8.8", 1 },
		{ "192.0.2.1", "192.0.2.1", 1 }, { "192.0.2.1/24", "192.0.2.1", -1 }, { "192.0.2.0/33", "", -1 },
		{ "192.0.2.0/-1", "", -1 }, { "192.0.2.0/", "", -1 }, { "x/8", "", -1 }, { "192.0.2.0/24x", "", -1 },
	};

	(void)state;
	for (size_t i = 0; i < sizeof t / sizeof *t; i++) {
		struct prefix p;
		struct addr a;

		assert_int_equal(prefix_parse(t[i].prefix, &p), t[i].holds < 0 ? -1 : 0);
		if (t[i].holds >= 0) {
			assert_true(addr_parse(t[i].addr, strlen(t[i].addr), &a));
			assert_int_equal(prefix_has(&p, &a), t[i].holds);
		}
	}
}

static void
private_addresses(void **state)
{
	static const char *const yes[] = { "10.1.2.3", "127.0.0.1", "169.254.1.1", "172.31.255.255", "192.168.0.1",
		"100.64.0.1", "224.0.0.1", "255.255.255.255", "0.0.0.0", "198.19.0.1", "fe80::1", "fd00::1", "ff02::1",
		"::1", "::" };
	static const char *const no[] = { "8.8.8.8", "172.32.0.1", "100.128.0.1", "192.0.2.1", "2001:db8::1",
		"2606:4700::1", "198.20.0.1", "::2" };
	struct addr a;

	(void)state;
	for (size_t i = 0; i < sizeof yes / sizeof *yes; i++) {
		assert_true(addr_parse(yes[i], strlen(yes[i]), &a));
		assert_true(addr_is_private(&a));
	}
	for (size_t i = 0; i < sizeof no / sizeof *no; i++) {
		assert_true(addr_parse(no[i], strlen(no[i]), &a));
		assert_false(addr_is_private(&a));
	}
}

static void
arena_is_capped(void **state)
{
	struct arena_pool pool;
	struct arena a = { .max = 2 }, b = { 0 };
	static const uint8_t big[4096] = { 7 };

	(void)state;
	arena_pool_init(&pool, 3);
	assert_null(arena_alloc(&a, &pool, ARENA_CHUNK));
	for (int i = 0; i < 2; i++)
		assert_non_null(arena_alloc(&a, &pool, ARENA_CHUNK - 16));
	assert_null(arena_alloc(&a, &pool, 1));		/* its own cap */
	assert_int_equal(pool.refused, 1);
	assert_non_null(arena_alloc(&b, &pool, 8));
	assert_null(arena_alloc(&b, &pool, ARENA_CHUNK - 16));	/* the pool's */
	assert_int_equal(pool.refused, 2);
	arena_reset(&a, &pool);
	struct span s = arena_copy(&a, &pool, (struct span){ big, sizeof big });
	assert_int_equal(s.len, ARENA_CHUNK - 16);	/* cut to a chunk */
	assert_int_equal(s.p[0], 7);
	assert_int_equal((uintptr_t)arena_alloc(&b, &pool, 3) % 8, 0);
	arena_reset(&a, &pool);
	arena_reset(&b, &pool);
	assert_int_equal(pool.live, 0);
	assert_int_equal(pool.peak, 3);
	arena_pool_fini(&pool);
}

/* SipHash-1-3 of OpenSSL 3: EVP_MAC "SIPHASH", c-rounds 1, d-rounds 3, size 8, key 00..0f. */
static void
siphash_vectors(void **state)
{
	struct hash_key key = { 0x0706050403020100ull, 0x0f0e0d0c0b0a0908ull };
	static const uint64_t want[] = { 0xabac0158050fc4dcull, 0xc9f49bf37d57ca93ull, 0x82cb9b024dc7d44dull };
	static const uint8_t in[] = { 0, 1, 2 };

	(void)state;
	for (size_t i = 0; i < 3; i++)
		assert_int_equal(hash_bytes(&key, in, i), want[i]);
}

enum { RING_ITEMS = 200000 };

static void *
produce(void *arg)
{
	struct ring *r = arg;

	for (uintptr_t i = 1; i <= RING_ITEMS; i++)
		while (!ring_push(r, (void *)i))
			sched_yield();
	ring_close(r);
	return NULL;
}

static void
ring_keeps_order_and_loses_nothing(void **state)
{
	static void *slots[64];
	struct ring r = { .mask = 63, .slot = slots };
	enum ring_status s;
	pthread_t thread;
	uintptr_t next = 1;
	void *item;

	(void)state;
	assert_int_equal(pthread_create(&thread, NULL, produce, &r), 0);
	while ((s = ring_pop(&r, &item)) != RING_END) {
		if (s == RING_EMPTY)
			sched_yield();
		else
			assert_int_equal((uintptr_t)item, next++);
	}
	pthread_join(thread, NULL);
	assert_int_equal(next, RING_ITEMS + 1);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(rd_reads_in_order), cmocka_unit_test(rd_short_is_not_bad),
		cmocka_unit_test(rd_inner_failure_is_told_outside), cmocka_unit_test(addr_text),
		cmocka_unit_test(prefixes), cmocka_unit_test(private_addresses), cmocka_unit_test(arena_is_capped),
		cmocka_unit_test(siphash_vectors), cmocka_unit_test(ring_keeps_order_and_loses_nothing),
	};

	return cmocka_run_group_tests_name("core", tests, NULL, NULL);
}
