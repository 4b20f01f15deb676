/* SPDX-License-Identifier: Apache-2.0 */
/* Unit tests of flow/stream: order, repetition, loss, skipping, limits. */
#include "unit.h"

#include "flow/stream.h"

enum { MODEL = 40000 };

static uint8_t text[MODEL];

static void
fill(void)
{
	uint64_t seed = 42;

	for (size_t i = 0; i < MODEL; i++)
		text[i] = (uint8_t)unit_random(&seed);
}

static struct stream_segment
segment(uint32_t isn, uint32_t from, uint32_t len)
{
	return (struct stream_segment){ .seq = isn + from, .payload = { text + from, len }, .wire_len = len,
		.ts_ns = 1000 };
}

/* Takes everything that is shown; returns how far the text was matched. */
static size_t
read_all(struct stream *s, struct stream_mem *mem, size_t at)
{
	struct stream_view v;

	while (stream_show(s, mem, &v)) {
		at += v.gap;
		assert_true(at + v.data.len <= MODEL);
		assert_memory_equal(v.data.p, text + at, v.data.len);
		at += v.data.len;
		assert_true(stream_consume(s, mem, v.data.len, 0));
	}
	return at;
}

static void
any_order_gives_the_text(void **state)
{
	static const uint32_t isns[] = { 0, 1000, UINT32_MAX - 20000, UINT32_MAX };
	uint64_t seed = 7;

	(void)state;
	for (unsigned round = 0; round < 400; round++) {
		uint32_t isn = isns[round % 4], lens[64], starts[64], n = 0, at = 0;
		struct stream s = { 0 };
		struct stream_mem mem;
		size_t got = 0;

		stream_mem_init(&mem, 1 << 20);
		stream_start(&s, isn);
		while (at < MODEL && n < 64) {
			starts[n] = at;
			lens[n] = 1 + (uint32_t)(unit_random(&seed) % 1500);
			if (at + lens[n] > MODEL || n == 63)
				lens[n] = MODEL - at;
			at += lens[n++];
		}
		/* Neighbours change places, some come twice, some overlap what was sent before. */
		for (uint32_t i = 0; i + 1 < n; i++)
			if (unit_random(&seed) % 3 == 0) {
				uint32_t a = starts[i], b = lens[i];

				starts[i] = starts[i + 1]; lens[i] = lens[i + 1];
				starts[i + 1] = a; lens[i + 1] = b;
			}
		for (uint32_t i = 0; i < n; i++) {
			uint32_t back = starts[i] > 50 ? (uint32_t)(unit_random(&seed) % 50) : 0;
			struct stream_segment g = segment(isn, starts[i] - back, lens[i] + back);

			stream_add(&s, &mem, &g);
			got = read_all(&s, &mem, got);
			if (unit_random(&seed) % 4 == 0) {
				stream_add(&s, &mem, &g);
				got = read_all(&s, &mem, got);
			}
		}
		assert_int_equal(got, MODEL);
		assert_int_equal(s.lost, 0);
		stream_fini(&s, &mem);
		assert_int_equal(mem.used, 0);
		stream_mem_fini(&mem);
	}
}

/* A reader that consumes in pieces of its own liking sees the same text. */
static void
unconsumed_bytes_are_held(void **state)
{
	struct stream s = { 0 };
	struct stream_mem mem;
	struct stream_view v;
	uint64_t seed = 3;
	size_t at = 0;

	(void)state;
	stream_mem_init(&mem, 1 << 20);
	for (uint32_t from = 0; from < MODEL; from += 1000) {
		struct stream_segment g = segment(5, from, 1000);

		stream_add(&s, &mem, &g);
		while (stream_show(&s, &mem, &v)) {
			size_t used = unit_random(&seed) % (v.data.len + 1);

			assert_memory_equal(v.data.p, text + at, v.data.len);
			at += used;
			assert_true(stream_consume(&s, &mem, used, 0));
			if (used == 0)
				break;
		}
	}
	assert_true(at > MODEL - 4000);
	stream_fini(&s, &mem);
	assert_int_equal(mem.used, 0);
	stream_mem_fini(&mem);
}

static void
skipped_bytes_may_be_missing(void **state)
{
	struct stream s = { 0 };
	struct stream_mem mem;
	struct stream_view v;
	struct stream_segment g = segment(0, 0, 100);

	(void)state;
	stream_mem_init(&mem, 1 << 20);
	stream_add(&s, &mem, &g);
	assert_true(stream_show(&s, &mem, &v));
	assert_true(stream_consume(&s, &mem, 50, 10000));	/* wants bytes from 10050 on */
	assert_false(stream_show(&s, &mem, &v));
	g = segment(0, 5000, 1000);				/* 100 to 5000 never came */
	stream_add(&s, &mem, &g);
	assert_false(stream_show(&s, &mem, &v));
	g = segment(0, 10000, 200);				/* nor 6000 to 10000 */
	stream_add(&s, &mem, &g);
	assert_true(stream_show(&s, &mem, &v));
	assert_int_equal(v.gap, 0);
	assert_int_equal(v.data.len, 150);
	assert_memory_equal(v.data.p, text + 10050, 150);
	assert_int_equal(s.lost, 4900 + 4000);
	stream_fini(&s, &mem);
	stream_mem_fini(&mem);
}

static void
a_skip_is_64_bits_wide(void **state)
{
	struct stream s = { 0 };
	struct stream_mem mem;
	struct stream_view v;
	uint64_t body = 5ull << 30, sent = 0;
	struct stream_segment g = segment(0, 0, 10);
	uint32_t seq = 10;

	(void)state;
	stream_mem_init(&mem, 1 << 20);
	stream_add(&s, &mem, &g);
	assert_true(stream_show(&s, &mem, &v));
	assert_true(stream_consume(&s, &mem, 10, body));
	g.payload.len = g.wire_len = 32768;
	for (; sent < body; sent += 32768) {
		g.seq = seq;
		seq += 32768;
		stream_add(&s, &mem, &g);
		assert_false(stream_show(&s, &mem, &v));
	}
	g.seq = seq;
	g.payload.len = g.wire_len = 3;
	stream_add(&s, &mem, &g);
	assert_true(stream_show(&s, &mem, &v));
	assert_int_equal(v.data.len, 3);
	assert_int_equal(mem.peak, 0);
	stream_fini(&s, &mem);
	stream_mem_fini(&mem);
}

static void
an_acknowledged_hole_is_lost(void **state)
{
	struct stream s = { 0 };
	struct stream_mem mem;
	struct stream_view v;
	struct stream_segment g = segment(0, 0, 100);

	(void)state;
	stream_mem_init(&mem, 1 << 20);
	stream_add(&s, &mem, &g);
	assert_int_equal(read_all(&s, &mem, 0), 100);
	g = segment(0, 300, 100);
	stream_add(&s, &mem, &g);
	assert_false(stream_show(&s, &mem, &v));
	stream_acked(&s, &mem, 400, 1000 + STREAM_WAIT_NS - 1);	/* too soon: it may be on its way */
	assert_false(stream_show(&s, &mem, &v));
	stream_acked(&s, &mem, 400, 1000 + STREAM_WAIT_NS);
	assert_true(stream_show(&s, &mem, &v));
	assert_int_equal(v.gap, 200);
	assert_memory_equal(v.data.p, text + 300, 100);
	stream_fini(&s, &mem);
	stream_mem_fini(&mem);
}

static void
what_waited_for_lost_bytes_is_dropped(void **state)
{
	struct stream s = { 0 };
	struct stream_mem mem;
	struct stream_view v;
	struct stream_segment g = segment(0, 0, 100);

	(void)state;
	stream_mem_init(&mem, 1 << 20);
	stream_add(&s, &mem, &g);
	assert_true(stream_show(&s, &mem, &v));
	assert_true(stream_consume(&s, &mem, 40, 0));		/* 60 are held */
	assert_true(stream_show(&s, &mem, &v));
	assert_true(stream_consume(&s, &mem, 0, 0));
	g = segment(0, 150, 10);
	stream_add(&s, &mem, &g);
	stream_end(&s);
	assert_true(stream_show(&s, &mem, &v));
	assert_int_equal(v.gap, 60 + 50);
	assert_int_equal(v.data.len, 10);
	assert_memory_equal(v.data.p, text + 150, 10);
	assert_true(v.end);
	stream_fini(&s, &mem);
	assert_int_equal(mem.used, 0);
	stream_mem_fini(&mem);
}

/* The capture has the first 64 of 100 bytes: shown, then 36 are missing. */
static void
a_snapped_segment_leaves_a_gap_behind_it(void **state)
{
	struct stream s = { 0 };
	struct stream_mem mem;
	struct stream_view v;
	struct stream_segment g = segment(0, 0, 100);

	(void)state;
	stream_mem_init(&mem, 1 << 20);
	g.payload.len = 64;
	stream_add(&s, &mem, &g);
	assert_true(stream_show(&s, &mem, &v));
	assert_int_equal(v.data.len, 64);
	assert_int_equal(v.gap, 0);
	assert_true(v.snapped);
	assert_true(stream_consume(&s, &mem, 60, 0));
	assert_true(stream_show(&s, &mem, &v));			/* the 4 that were left */
	assert_int_equal(v.data.len, 4);
	assert_true(stream_consume(&s, &mem, 0, 0));
	g = segment(0, 100, 100);
	stream_add(&s, &mem, &g);
	assert_true(stream_show(&s, &mem, &v));
	assert_int_equal(v.gap, 36 + 4);
	assert_false(v.snapped);
	assert_memory_equal(v.data.p, text + 100, 100);
	stream_fini(&s, &mem);
	assert_int_equal(mem.used, 0);
	stream_mem_fini(&mem);
}

/* All that was captured is skipped: the missing rest lies before what comes next, not after it. */
static void
a_snapped_segment_that_is_skipped(void **state)
{
	struct stream s = { 0 };
	struct stream_mem mem;
	struct stream_view v;
	struct stream_segment g = segment(0, 0, 100);

	(void)state;
	stream_mem_init(&mem, 1 << 20);
	stream_add(&s, &mem, &g);
	assert_true(stream_show(&s, &mem, &v));
	assert_true(stream_consume(&s, &mem, 100, 80));
	g = segment(0, 100, 200);
	g.payload.len = 64;				/* 100 to 164 are here and unwanted, 180 to 300 are missing */
	stream_add(&s, &mem, &g);
	assert_false(stream_show(&s, &mem, &v));
	g = segment(0, 300, 50);
	stream_add(&s, &mem, &g);
	assert_true(stream_show(&s, &mem, &v));
	assert_int_equal(v.gap, 120);
	assert_memory_equal(v.data.p, text + 300, 50);
	assert_true(stream_consume(&s, &mem, 50, 0));
	g = segment(0, 350, 50);
	stream_add(&s, &mem, &g);
	assert_true(stream_show(&s, &mem, &v));
	assert_int_equal(v.gap, 0);
	stream_fini(&s, &mem);
	stream_mem_fini(&mem);
}

/* Two holes, both acknowledged: the second does not wait for another early segment. */
static void
a_second_hole_is_lost_too(void **state)
{
	struct stream s = { 0 };
	struct stream_mem mem;
	struct stream_view v;
	struct stream_segment g = segment(0, 0, 100);

	(void)state;
	stream_mem_init(&mem, 1 << 20);
	stream_add(&s, &mem, &g);
	assert_int_equal(read_all(&s, &mem, 0), 100);
	g = segment(0, 200, 100);
	stream_add(&s, &mem, &g);
	g = segment(0, 400, 100);
	stream_add(&s, &mem, &g);
	for (unsigned i = 0; i < 2; i++) {
		stream_acked(&s, &mem, 500, 1000 + (i + 1ull) * STREAM_WAIT_NS);
		assert_true(stream_show(&s, &mem, &v));
		assert_int_equal(v.gap, 100);
		assert_memory_equal(v.data.p, text + (i == 0 ? 200 : 400), 100);
		assert_true(stream_consume(&s, &mem, 100, 0));
		assert_false(stream_show(&s, &mem, &v));
	}
	stream_fini(&s, &mem);
	assert_int_equal(mem.used, 0);
	stream_mem_fini(&mem);
}

/* A byte a segment costs a block each: the cap is of memory, not of bytes. */
static void
tiny_segments_are_capped(void **state)
{
	struct stream s = { 0 };
	struct stream_mem mem;
	struct stream_view v;

	(void)state;
	stream_mem_init(&mem, 64 << 20);
	stream_start(&s, 0);
	for (uint32_t i = 0; i < 30000; i++) {
		struct stream_segment g = segment(0, 1 + 2 * (i % 15000), 1);

		stream_add(&s, &mem, &g);
		while (stream_show(&s, &mem, &v))
			assert_true(stream_consume(&s, &mem, v.data.len, 0));
	}
	assert_true(mem.peak <= STREAM_EARLY_MAX + STREAM_BLOCK);
	stream_fini(&s, &mem);
	assert_int_equal(mem.used, 0);
	stream_mem_fini(&mem);
}

static void
fin_ends_the_stream_in_order(void **state)
{
	struct stream s = { 0 };
	struct stream_mem mem;
	struct stream_view v;
	struct stream_segment g = segment(0, 100, 50);

	(void)state;
	stream_mem_init(&mem, 1 << 20);
	stream_start(&s, 0);
	g.fin = true;
	stream_add(&s, &mem, &g);				/* FIN came before its turn */
	assert_false(stream_show(&s, &mem, &v));
	g = segment(0, 0, 100);
	stream_add(&s, &mem, &g);
	assert_true(stream_show(&s, &mem, &v));
	assert_false(v.end);
	assert_true(stream_consume(&s, &mem, 100, 0));
	assert_true(stream_show(&s, &mem, &v));
	assert_true(v.end);
	assert_int_equal(v.data.len, 50);
	assert_true(stream_consume(&s, &mem, 50, 0));
	assert_false(stream_show(&s, &mem, &v));
	stream_fini(&s, &mem);
	stream_mem_fini(&mem);
}

static void
limits_hold(void **state)
{
	struct stream s = { 0 }, t = { 0 };
	struct stream_mem mem;
	struct stream_view v;
	struct stream_segment g;

	(void)state;
	/* Unconsumed bytes are held up to the cap, then the stream says it failed. */
	stream_mem_init(&mem, 1 << 20);
	for (uint32_t from = 0; from < STREAM_HOLD_MAX + 2000; from += 1000) {
		bool ok;

		g = segment(0, from, 1000);
		stream_add(&s, &mem, &g);
		assert_true(stream_show(&s, &mem, &v));
		ok = stream_consume(&s, &mem, 0, 0);
		assert_int_equal(ok, from + 1000 <= STREAM_HOLD_MAX);
		if (!ok)
			break;
	}
	stream_fini(&s, &mem);
	/* Early bytes: a direction never holds more than its cap; the hole is then given up. */
	stream_start(&t, 0);
	for (uint32_t i = 0; i < 200; i++) {
		g = segment(0, 0, 1400);
		g.seq = 100 + i * 3000;				/* every second segment is missing */
		stream_add(&t, &mem, &g);
		while (stream_show(&t, &mem, &v))
			assert_true(stream_consume(&t, &mem, v.data.len, 0));
		assert_true(t.early_bytes <= STREAM_EARLY_MAX);
	}
	assert_true(t.lost > 0);
	stream_fini(&t, &mem);
	assert_int_equal(mem.used, 0);
	stream_mem_fini(&mem);
	/* Without memory nothing can wait: the hole is told at once. */
	stream_mem_init(&mem, 0);
	stream_start(&t, 0);
	g = segment(0, 100, 50);
	stream_add(&t, &mem, &g);
	assert_true(stream_show(&t, &mem, &v));
	assert_int_equal(v.gap, 100);
	assert_int_equal(v.data.len, 50);
	assert_true(stream_consume(&t, &mem, 50, 0));
	stream_fini(&t, &mem);
	stream_mem_fini(&mem);
	/* With little, early bytes are given up, and nothing breaks. */
	stream_mem_init(&mem, STREAM_BLOCK);
	stream_start(&t, 0);
	for (uint32_t i = 1; i < 20; i++) {
		g = segment(0, i * 2000, 1000);
		stream_add(&t, &mem, &g);
		while (stream_show(&t, &mem, &v))
			assert_true(stream_consume(&t, &mem, v.data.len, 0));
	}
	assert_true(mem.used <= STREAM_BLOCK);
	stream_fini(&t, &mem);
	stream_mem_fini(&mem);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(any_order_gives_the_text), cmocka_unit_test(unconsumed_bytes_are_held),
		cmocka_unit_test(skipped_bytes_may_be_missing), cmocka_unit_test(a_skip_is_64_bits_wide),
		cmocka_unit_test(an_acknowledged_hole_is_lost),
		cmocka_unit_test(what_waited_for_lost_bytes_is_dropped),
		cmocka_unit_test(a_snapped_segment_leaves_a_gap_behind_it),
		cmocka_unit_test(a_snapped_segment_that_is_skipped), cmocka_unit_test(a_second_hole_is_lost_too),
		cmocka_unit_test(tiny_segments_are_capped), cmocka_unit_test(fin_ends_the_stream_in_order), cmocka_unit_test(limits_hold),
	};

	fill();
	return cmocka_run_group_tests_name("stream", tests, NULL, NULL);
}
