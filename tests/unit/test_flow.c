/* SPDX-License-Identifier: Apache-2.0 */
/* Unit tests of flow/flow: sides, counters, time-outs, eviction, reuse, loss. */
#include "unit.h"

#include "flow/flow.h"

#define S 1000000000ull

struct told {
	unsigned n;
	enum flow_end end;
	uint64_t packets[2], bytes[2], lost[2];
	bool conv;
	struct addr client;
};

static struct told told;

static void
ended(void *arg, struct flow *f, struct conv *c, enum flow_end end)
{
	(void)arg;
	told.n++;
	told.end = end;
	told.conv = c != NULL;
	told.client = flow_client(f);
	for (unsigned i = 0; c != NULL && i < 2; i++) {
		told.packets[i] = c->packets[i];
		told.bytes[i] = c->bytes[i];
		told.lost[i] = c->lost[i];
	}
}

static struct flow_table *
table(size_t flows, size_t convs, bool all)
{
	struct flow_options o = { .max_flows = flows, .max_convs = convs, .timeout_new_s = 30, .timeout_udp_s = 60,
		.timeout_tcp_s = 600, .key = HASH_KEY_FIXED, .ended = ended, .tell_all = all };
	struct err err;
	struct flow_table *t = flow_table_new(&o, &err);

	memset(&told, 0, sizeof told);
	assert_non_null(t);
	return t;
}

static struct packet
packet(const char *src, uint16_t sport, const char *dst, uint16_t dport, uint8_t proto, uint8_t flags, uint32_t seq,
    uint32_t ack, uint32_t payload)
{
	struct packet p = { .ts_ns = S, .number = 1, .sport = sport, .dport = dport, .proto = proto,
		.tcp_flags = flags, .tcp_seq = seq, .tcp_ack = ack, .payload_len = payload, .ip_len = 40 + payload };

	assert_true(addr_parse(src, strlen(src), &p.src));
	assert_true(addr_parse(dst, strlen(dst), &p.dst));
	return p;
}

static bool
feed(struct flow_table *t, struct packet *p, struct flow_hit *hit)
{
	bool ok;

	flow_prefetch(t, p);
	flow_prefetch_record(t, p);
	flow_advance(t, p->ts_ns);
	ok = flow_touch(t, p, hit);
	if (ok)
		flow_settle(t, p, hit);
	return ok;
}

#define A "192.0.2.1"
#define B "198.51.100.9"

static void
who_is_the_client(void **state)
{
	static const struct {
		struct {
			bool from_a;
			uint8_t flags;
		} first;
		uint16_t a_port, b_port;
		uint8_t proto;
		bool a_is_client, guessed, mid;
	} t[] = {
		{ { true, TCP_SYN }, 40000, 80, 6, true, false, false },
		{ { true, TCP_SYN }, 80, 40000, 6, true, false, false },	/* a SYN says more than a port */
		{ { true, TCP_SYN | TCP_ACK }, 40000, 80, 6, false, false, false },
		{ { false, TCP_SYN | TCP_ACK }, 40000, 80, 6, true, false, false },
		{ { true, TCP_ACK }, 40000, 80, 6, true, true, true },
		{ { false, TCP_ACK }, 40000, 80, 6, true, true, true },
		{ { false, TCP_ACK }, 40000, 8080, 6, true, true, true },	/* the lower port serves */
		{ { true, 0 }, 40000, 53, 17, true, false, false },
		{ { false, 0 }, 40000, 53, 17, true, true, false },		/* the answer came first */
		{ { true, 0 }, 5000, 6000, 17, true, false, false },
		{ { false, 0 }, 5000, 6000, 17, false, false, false },		/* who speaks first */
	};

	(void)state;
	for (size_t i = 0; i < sizeof t / sizeof *t; i++) {
		struct flow_table *ft = table(64, 64, false);
		struct packet p = t[i].first.from_a ?
		    packet(A, t[i].a_port, B, t[i].b_port, t[i].proto, t[i].first.flags, 1, 1, 10) :
		    packet(B, t[i].b_port, A, t[i].a_port, t[i].proto, t[i].first.flags, 1, 1, 10);
		struct flow_hit hit;
		struct addr a, client;

		assert_true(feed(ft, &p, &hit));
		addr_parse(A, strlen(A), &a);
		client = flow_client(hit.flow);
		assert_int_equal(addr_eq(&client, &a), t[i].a_is_client);
		assert_int_equal((hit.flow->flags & FLOW_GUESSED) != 0, t[i].guessed);
		assert_int_equal((hit.flow->flags & FLOW_MID_STREAM) != 0, t[i].mid);
		assert_int_equal(hit.side == FROM_CLIENT, t[i].a_is_client == t[i].first.from_a);
		flow_table_free(&ft);
	}
}

static void
a_whole_connection(void **state)
{
	struct flow_table *t = table(64, 64, false);
	struct packet p[] = {
		packet(A, 4000, B, 80, 6, TCP_SYN, 100, 0, 0),
		packet(B, 80, A, 4000, 6, TCP_SYN | TCP_ACK, 500, 101, 0),
		packet(A, 4000, B, 80, 6, TCP_ACK, 101, 501, 0),
		packet(A, 4000, B, 80, 6, TCP_ACK, 101, 501, 10),
		packet(B, 80, A, 4000, 6, TCP_ACK, 501, 111, 1000),
		packet(B, 80, A, 4000, 6, TCP_ACK | TCP_FIN, 1501, 111, 0),
		packet(A, 4000, B, 80, 6, TCP_ACK | TCP_FIN, 111, 1502, 0),
		packet(B, 80, A, 4000, 6, TCP_ACK, 1502, 112, 0),
	};
	struct flow_counts c;
	struct flow_hit hit;

	(void)state;
	for (size_t i = 0; i < 8; i++) {
		assert_true(feed(t, &p[i], &hit));
		assert_int_equal(hit.begins, i == 3);
		if (i == 3) {
			assert_int_equal(hit.conv->start_seq[FROM_CLIENT], 101);
			assert_int_equal(hit.conv->start_seq[FROM_SERVER], 501);
		}
		assert_int_equal(told.n, i == 7);
	}
	assert_int_equal(told.end, FLOW_END_CLOSED);
	assert_int_equal(told.packets[FROM_CLIENT], 4);
	assert_int_equal(told.packets[FROM_SERVER], 4);
	assert_int_equal(told.bytes[FROM_CLIENT], 4 * 40 + 10);
	assert_int_equal(told.bytes[FROM_SERVER], 4 * 40 + 1000);
	assert_int_equal(told.lost[0] + told.lost[1], 0);
	assert_false(feed(t, &p[7], &hit));			/* a straggler */
	p[0].tcp_seq = 9000;
	assert_true(feed(t, &p[0], &hit));			/* the five-tuple is used again */
	flow_counts(t, &c);
	assert_int_equal(c.stragglers, 1);
	assert_int_equal(c.reused, 1);
	flow_table_free(&t);
	assert_int_equal(told.n, 1);				/* the second one had no payload */
}

static void
loss_is_told_from_repetition(void **state)
{
	static const struct {
		uint32_t seq[4], len[4];
		uint64_t lost;
	} t[] = {
		{ { 0, 100, 200, 300 }, { 100, 100, 100, 100 }, 0 },
		{ { 0, 200, 300, 400 }, { 100, 100, 100, 100 }, 100 },		/* 100..200 is missing */
		{ { 0, 200, 100, 300 }, { 100, 100, 100, 100 }, 0 },		/* it came late */
		{ { 0, 200, 0, 300 }, { 100, 100, 100, 100 }, 100 },		/* that was a repetition */
		{ { 0, 300, 100, 200 }, { 100, 100, 100, 100 }, 0 },
		{ { 0, 300, 200, 100 }, { 100, 100, 100, 100 }, 0 },
		{ { 0, 0, 0, 100 }, { 100, 100, 100, 100 }, 0 },
		{ { 0, 200, 400, 100 }, { 100, 100, 100, 100 }, 100 },		/* two holes, the older one filled */
		{ { 0xffffffff, 99, 199, 299 }, { 100, 100, 100, 100 }, 0 },	/* wraps */
	};

	(void)state;
	for (size_t i = 0; i < sizeof t / sizeof *t; i++) {
		struct flow_table *ft = table(64, 64, false);
		struct flow_hit hit;

		for (size_t k = 0; k < 4; k++) {
			struct packet p = packet(A, 4000, B, 80, 6, TCP_ACK, t[i].seq[k], 1, t[i].len[k]);

			assert_true(feed(ft, &p, &hit));
		}
		assert_int_equal(hit.conv->lost[FROM_CLIENT], t[i].lost);
		flow_table_free(&ft);
	}
}

static void
quiet_flows_end_in_packet_time(void **state)
{
	static const struct {
		uint8_t proto;
		uint32_t payload;
		unsigned after;		/* seconds: it still lives shortly before, and not after */
	} t[] = { { 6, 0, 30 }, { 17, 5, 60 }, { 6, 5, 600 } };

	(void)state;
	for (size_t i = 0; i < 3; i++) {
		struct flow_table *ft = table(64, 64, true);
		struct packet p = packet(A, 4000, B, 80, t[i].proto, TCP_ACK, 1, 1, t[i].payload);
		struct flow_hit hit;

		p.ts_ns = 1000 * S;
		assert_true(feed(ft, &p, &hit));
		flow_advance(ft, (1000 + t[i].after - 1) * S);
		assert_int_equal(told.n, 0);
		p.ts_ns = (1000 + t[i].after - 1) * S;
		assert_true(feed(ft, &p, &hit));		/* active again: the wait begins anew */
		flow_advance(ft, (1000 + t[i].after + 2) * S);
		assert_int_equal(told.n, 0);
		flow_advance(ft, (1000 + 2 * t[i].after + 2) * S);
		assert_int_equal(told.n, 1);
		assert_int_equal(told.end, FLOW_END_TIMEOUT);
		flow_table_free(&ft);
		assert_int_equal(told.n, 1);
	}
}

static void
a_jump_of_years_ends_flows(void **state)
{
	struct flow_table *t = table(64, 64, false);
	struct packet p = packet(A, 4000, B, 80, 6, TCP_ACK, 1, 1, 5);
	struct flow_counts c;
	struct flow_hit hit;

	(void)state;
	p.ts_ns = 1500000000ull * S;
	assert_true(feed(t, &p, &hit));
	p.sport = 4001;
	p.ts_ns = 1700000000ull * S;
	assert_true(feed(t, &p, &hit));
	assert_int_equal(told.n, 1);
	/* An older capture after a newer one: time goes back, and flows end again in its time. */
	p.sport = 4002;
	p.ts_ns = 1400000000ull * S;
	assert_true(feed(t, &p, &hit));
	flow_advance(t, 1400002000ull * S);
	flow_counts(t, &c);
	assert_int_equal(c.clock_back, 1);
	assert_true(told.n >= 2);
	flow_table_free(&t);
	assert_int_equal(told.n, 3);
}

/* A flood of SYNs fills the table; the conversation among them stays. */
static void
floods_evict_flows_without_payload(void **state)
{
	struct flow_table *t = table(1000, 100, false);
	struct packet real = packet(A, 4000, B, 80, 6, TCP_ACK, 1, 1, 5);
	struct flow_counts c;
	struct flow_hit hit;

	(void)state;
	assert_true(feed(t, &real, &hit));
	for (uint32_t i = 0; i < 50000; i++) {
		struct packet p = packet("203.0.113.7", (uint16_t)i, B, (uint16_t)(443 + i / 65536), 6, TCP_SYN, i, 0, 0);

		p.src.b[15] = (uint8_t)(i >> 8);
		p.src.b[14] = (uint8_t)(i >> 16);
		p.ts_ns = S + i * 1000;
		assert_true(feed(t, &p, &hit));
	}
	flow_counts(t, &c);
	assert_true(c.active <= 1000);
	assert_true(c.evicted_new > 48000);
	assert_int_equal(c.evicted_conv, 0);
	assert_int_equal(told.n, 0);
	real.tcp_seq = 6;
	assert_true(feed(t, &real, &hit));
	assert_int_equal(hit.conv->packets[FROM_CLIENT], 2);
	flow_table_free(&t);
	assert_int_equal(told.n, 1);
}

static void
conversations_are_capped_too(void **state)
{
	struct flow_table *t = table(1000, 10, false);
	struct flow_counts c;
	struct flow_hit hit;

	(void)state;
	for (uint16_t i = 0; i < 500; i++) {
		struct packet p = packet(A, (uint16_t)(2000 + i), B, 80, 6, TCP_SYN, 0, 0, 0);

		if (i % 2 == 0)			/* half of them begin with a handshake */
			assert_true(feed(t, &p, &hit));
		p = packet(A, (uint16_t)(2000 + i), B, 80, 6, TCP_ACK, 1, 1, 5);
		assert_true(feed(t, &p, &hit));
		assert_non_null(hit.conv);
	}
	flow_counts(t, &c);
	assert_int_equal(c.evicted_conv, 490);
	assert_int_equal(told.n, 490);
	assert_int_equal(told.end, FLOW_END_EVICTED);
	flow_table_free(&t);
	assert_int_equal(told.n, 500);
}

/* SYN-only flows wait where conversations begin; conversations still find room. */
static void
syns_do_not_hide_conversations(void **state)
{
	struct flow_table *t = table(4000, 40, false);
	struct flow_hit hit;

	(void)state;
	for (uint32_t i = 0; i < 3000; i++) {
		struct packet p = packet("203.0.113.7", (uint16_t)(1024 + i), B, 443, 6, TCP_SYN, i, 0, 0);

		assert_true(feed(t, &p, &hit));
		if (i >= 2900) {			/* a hundred of them go on */
			p.tcp_flags = TCP_ACK;
			p.tcp_seq++;
			p.payload_len = 10;
			assert_true(feed(t, &p, &hit));
			assert_non_null(hit.conv);
		}
	}
	assert_int_equal(told.n, 60);
	flow_table_free(&t);
	assert_int_equal(told.n, 100);
}

/* A forged SYN ends no conversation, and moves nobody's beginning. */
static void
forged_syns_change_nothing(void **state)
{
	struct flow_table *t = table(64, 64, false);
	struct packet syn = packet(A, 4000, B, 80, 6, TCP_SYN, 100, 0, 0);
	struct packet synack = packet(B, 80, A, 4000, 6, TCP_SYN | TCP_ACK, 500, 101, 0);
	struct packet forged = packet(A, 4000, B, 80, 6, TCP_SYN, 1900000000, 0, 0);
	struct packet data = packet(A, 4000, B, 80, 6, TCP_ACK, 101, 501, 10);
	struct flow_counts c;
	struct flow_hit hit;

	(void)state;
	assert_true(feed(t, &syn, &hit));
	assert_true(feed(t, &synack, &hit));
	assert_true(feed(t, &forged, &hit));
	assert_true(feed(t, &data, &hit));
	assert_non_null(hit.conv);
	if (hit.conv->known[FROM_CLIENT])
		assert_int_equal(hit.conv->start_seq[FROM_CLIENT], 101);
	assert_true(feed(t, &forged, &hit));
	assert_int_equal(told.n, 0);
	flow_counts(t, &c);
	assert_int_equal(c.unlikely_syn, 1);
	/* The answer to a SYN is believed: the five-tuple is used again. */
	synack.tcp_seq = 7000;
	synack.tcp_ack = 1900000001;
	assert_true(feed(t, &synack, &hit));
	assert_int_equal(told.n, 1);
	flow_table_free(&t);
}

/* Against a plain model: find, create, count and delete among many colliding flows. */
static void
the_table_agrees_with_a_model(void **state)
{
	enum { FLOWS = 700 };
	static uint64_t model[FLOWS];
	struct flow_table *t = table(1024, 1024, true);
	uint64_t seed = 99;
	struct flow_hit hit;

	(void)state;
	for (unsigned i = 0; i < 20000; i++) {
		unsigned k = (unsigned)(unit_random(&seed) % FLOWS);
		struct packet p = packet(A, (uint16_t)(10000 + k), B, 53, 17, 0, 0, 0, 1 + k % 7);

		p.ts_ns = S;
		assert_true(feed(t, &p, &hit));
		model[k]++;
		assert_int_equal(hit.conv->packets[FROM_CLIENT], model[k]);
	}
	flow_table_free(&t);
	assert_int_equal(told.n, FLOWS);
}

static void
resets_off_the_sequence_are_ignored(void **state)
{
	struct flow_table *t = table(64, 64, false);
	struct packet data = packet(A, 4000, B, 80, 6, TCP_ACK, 1000, 1, 100);
	struct packet rst = packet(A, 4000, B, 80, 6, TCP_RST, 0x70000000, 0, 0);
	struct flow_hit hit;

	(void)state;
	assert_true(feed(t, &data, &hit));
	assert_true(feed(t, &rst, &hit));
	assert_int_equal(told.n, 0);
	rst.tcp_seq = 1100;
	assert_true(feed(t, &rst, &hit));
	assert_int_equal(told.n, 1);
	assert_int_equal(told.end, FLOW_END_RESET);
	flow_table_free(&t);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(who_is_the_client), cmocka_unit_test(a_whole_connection),
		cmocka_unit_test(loss_is_told_from_repetition), cmocka_unit_test(quiet_flows_end_in_packet_time),
		cmocka_unit_test(a_jump_of_years_ends_flows), cmocka_unit_test(floods_evict_flows_without_payload),
		cmocka_unit_test(conversations_are_capped_too), cmocka_unit_test(syns_do_not_hide_conversations),
		cmocka_unit_test(forged_syns_change_nothing), cmocka_unit_test(the_table_agrees_with_a_model),
		cmocka_unit_test(resets_off_the_sequence_are_ignored),
	};

	return cmocka_run_group_tests_name("flow", tests, NULL, NULL);
}
