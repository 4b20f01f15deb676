/* SPDX-License-Identifier: Apache-2.0 */
/* test_names - what is remembered of DNS answers, for how long, for whom, and what is forgotten first. */
#include "unit.h"

#include "flow/names.h"

#define S 1000000000ull

enum { ROOMY = 1 << 22 };

static struct addr
ip(unsigned n)
{
	const uint8_t b[4] = { 192, 0, (uint8_t)(n >> 8), (uint8_t)n };

	return addr_v4(b);
}

static void
add(struct names *n, uint64_t ts_ns, unsigned client, unsigned address, uint32_t ttl, const char *name)
{
	struct addr c = ip(client), a = ip(address);

	struct span one = { (const uint8_t *)name, strlen(name) };

	names_add(n, ts_ns, &c, &a, ttl, &one, 1);
}

/* The name, with "*" before it when it was told to somebody else; "" for none. */
static const char *
find(struct names *n, uint64_t ts_ns, unsigned client, unsigned address)
{
	static char text[NAMES_LEN_MAX + 2];
	struct addr c = ip(client), a = ip(address);
	struct names_answer answer;

	text[0] = 0;
	if (names_find(n, ts_ns, &c, &a, &answer))
		snprintf(text, sizeof text, "%s%.*s", answer.other_client ? "*" : "", (int)answer.name[0].len,
		    (const char *)answer.name[0].p);
	return text;
}

static struct names_counts
counts(struct names *n)
{
	struct names_counts c;

	names_counts(n, &c);
	return c;
}

static struct names *
new(size_t max_bytes)
{
	struct names *n = names_new(max_bytes, HASH_KEY_FIXED);

	assert_non_null(n);
	assert_true(names_empty(n));
	return n;
}

/* --- how long, for whom ---------------------------------------------------------- */

static void
ttl_has_bounds(void **state)
{
	static const struct {
		uint32_t ttl;
		uint64_t valid_s;
	} cases[] = {
		{ 0, 300 }, { 299, 300 }, { 300, 300 }, { 301, 301 }, { 86399, 86399 }, { 86400, 86400 },
		{ 86401, 86400 }, { UINT32_MAX, 86400 },
	};

	(void)state;
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		struct names *n = new(ROOMY);

		add(n, 7 * S, 1, 100, cases[i].ttl, "a.example");
		assert_string_equal(find(n, 7 * S, 1, 100), "a.example");
		assert_string_equal(find(n, (7 + cases[i].valid_s) * S - 1, 1, 100), "a.example");
		assert_string_equal(find(n, (7 + cases[i].valid_s) * S, 1, 100), "");
		assert_string_equal(find(n, (7 + cases[i].valid_s) * S - 1, 2, 100), "*a.example");
		assert_string_equal(find(n, (7 + cases[i].valid_s) * S, 2, 100), "");
		names_free(&n);
	}
}

static void
age_is_told(void **state)
{
	struct names *n = new(ROOMY);
	struct addr c = ip(1), a = ip(100);
	struct names_answer answer;

	(void)state;
	add(n, 10 * S, 1, 100, 300, "a.example");
	assert_true(names_find(n, 12 * S + 5, &c, &a, &answer));
	assert_int_equal(answer.age_ns, 2 * S + 5);
	assert_true(names_find(n, 9 * S, &c, &a, &answer));	/* captures that are merged */
	assert_int_equal(answer.age_ns, 0);
	names_free(&n);
}

static void
own_answer_first(void **state)
{
	struct names *n = new(ROOMY);

	(void)state;
	add(n, 1 * S, 1, 100, 600, "one.example");
	add(n, 2 * S, 2, 100, 300, "two.example");
	add(n, 3 * S, 3, 100, 300, "three.example");
	assert_string_equal(find(n, 4 * S, 1, 100), "one.example");
	assert_string_equal(find(n, 4 * S, 2, 100), "two.example");
	assert_string_equal(find(n, 4 * S, 9, 100), "*three.example");
	assert_string_equal(find(n, 4 * S, 1, 101), "");
	/* Once the own answer is stale, the latest that is not. */
	assert_string_equal(find(n, 302 * S, 2, 100), "*three.example");
	assert_string_equal(find(n, 303 * S, 2, 100), "*one.example");
	assert_string_equal(find(n, 601 * S, 1, 100), "");
	names_free(&n);
}

static void
latest_wins(void **state)
{
	struct names *n = new(ROOMY);

	(void)state;
	add(n, 1 * S, 1, 100, 86400, "old.example");
	add(n, 2 * S, 2, 100, 86400, "other.example");
	add(n, 3 * S, 1, 100, 300, "new.example");
	assert_string_equal(find(n, 4 * S, 1, 100), "new.example");
	assert_string_equal(find(n, 4 * S, 9, 100), "*new.example");
	/* What was replaced does not come back. */
	assert_string_equal(find(n, 400 * S, 1, 100), "*other.example");
	assert_int_equal(counts(n).added, 3);
	assert_int_equal(counts(n).forgotten, 0);
	names_free(&n);
}

static void
names_have_a_length(void **state)
{
	struct names *n = new(ROOMY);
	char name[NAMES_LEN_MAX + 2];

	(void)state;
	memset(name, 'a', sizeof name);
	name[NAMES_LEN_MAX] = 0;
	add(n, S, 1, 100, 300, name);
	assert_string_equal(find(n, S, 1, 100), name);
	/* The address is no longer what it was, but what it is cannot be kept. */
	name[NAMES_LEN_MAX] = 'a';
	name[NAMES_LEN_MAX + 1] = 0;
	add(n, S, 1, 100, 300, name);
	assert_string_equal(find(n, S, 1, 100), "");
	assert_true(names_empty(n));
	add(n, S, 1, 100, 300, "");
	assert_string_equal(find(n, S, 1, 100), "");
	assert_true(names_empty(n));
	assert_int_equal(counts(n).added, 1);
	names_free(&n);
}

static void
addresses_of_an_answer_share_text(void **state)
{
	struct names *n = new(ROOMY);
	struct addr c = ip(1), first = ip(100), second = ip(101), third = ip(102);
	struct names_answer one, two, other;

	(void)state;
	add(n, S, 1, 100, 300, "cdn.example");
	add(n, S, 1, 101, 300, "cdn.example");
	add(n, S, 1, 102, 300, "cdm.example");
	assert_true(names_find(n, S, &c, &first, &one));
	assert_true(names_find(n, S, &c, &second, &two));
	assert_true(names_find(n, S, &c, &third, &other));
	assert_ptr_equal(one.name[0].p, two.name[0].p);
	assert_span(one.name[0], "cdn.example");
	assert_span(other.name[0], "cdm.example");
	names_free(&n);
}

/* A CNAME chain is kept with the answer, as far as there is room for it. */
static void
chains_are_kept(void **state)
{
	struct names *n = new(ROOMY);
	struct addr c = ip(1), a = ip(100), b = ip(101);
	struct span chain[6];
	struct names_answer answer;
	char longer[NAMES_LEN_MAX + 1];

	(void)state;
	memset(longer, 'l', sizeof longer);
	for (unsigned i = 0; i < 6; i++)
		chain[i] = (struct span){ (const uint8_t *)&"abcdef"[i], 1 };
	names_add(n, S, &c, &a, 300, chain, 2);
	names_add(n, S, &c, &b, 300, chain, 1);		/* the beginning of the last text is not the same text */
	assert_true(names_find(n, S, &c, &a, &answer));
	assert_int_equal(answer.n, 2);
	assert_span(answer.name[0], "a");
	assert_span(answer.name[1], "b");
	assert_true(names_find(n, S, &c, &b, &answer));
	assert_int_equal(answer.n, 1);
	chain[1] = (struct span){ (const uint8_t *)longer, sizeof longer };
	names_add(n, S, &c, &a, 300, chain, 6);
	assert_true(names_find(n, S, &c, &a, &answer));
	assert_int_equal(answer.n, 4);
	assert_span(answer.name[1], "c");
	assert_span(answer.name[3], "e");
	names_free(&n);
}

static void
families_are_apart(void **state)
{
	struct names *n = new(ROOMY);
	const uint8_t six[16] = { 0x20, 0x01, 0x0d, 0xb8, [14] = 0, [15] = 100 };
	struct addr c = ip(1), a = addr_v6(six);
	struct names_answer answer;

	(void)state;
	struct span name = { (const uint8_t *)"six.example", 11 };

	names_add(n, S, &c, &a, 300, &name, 1);
	assert_string_equal(find(n, S, 1, 100), "");
	assert_true(names_find(n, S, &c, &a, &answer));
	assert_span(answer.name[0], "six.example");
	names_free(&n);
}

/* --- what is forgotten -------------------------------------------------------------- */

/* Distinct names of len bytes. */
static const char *
name_of(unsigned i, size_t len)
{
	static char text[NAMES_LEN_MAX + 1];

	memset(text, 'n', len);
	text[len] = 0;
	for (size_t at = len; at-- > 0 && i > 0; i /= 10)
		text[at] = (char)('0' + i % 10);
	return text;
}

/* Adds many; what is left is an unbroken run of the latest, whole, and the rest is counted. */
static void
wrap(size_t max_bytes, unsigned many, size_t len, uint64_t step_ns, bool forgotten)
{
	struct names *n = new(max_bytes);
	unsigned first = many, i;

	for (i = 0; i < many; i++) {
		add(n, i * step_ns, i % 7, i, 300, name_of(i, len));
		assert_string_equal(find(n, i * step_ns, i % 7, i), name_of(i, len));
	}
	for (i = 0; i < many; i++)
		if (find(n, (many - 1) * step_ns, i % 7, i)[0] != 0) {
			first = i;
			break;
		}
	for (i = first; i < many; i++) {
		assert_string_equal(find(n, (many - 1) * step_ns, i % 7, i), name_of(i, len));
		assert_string_equal(find(n, (many - 1) * step_ns, 99, i) + 1, name_of(i, len));
	}
	assert_true(first > 0 && first < many);
	assert_int_equal(counts(n).added, many);
	assert_int_equal(counts(n).forgotten, forgotten ? first : 0);
	names_free(&n);
	assert_null(n);
	names_free(&n);
}

static void
oldest_is_forgotten(void **state)
{
	(void)state;
	wrap(1 << 14, 10000, 5, 1, true);		/* entries run out */
	wrap(1 << 14, 10000, 100, 1, true);		/* text runs out */
	wrap(1 << 14, 10000, 255, 1, true);
	wrap(0, 1000, 6, 1, true);			/* one entry */
	wrap(1 << 16, 20000, 5, 10 * S, false);		/* stale before they are pushed out */
}

/* A name that is told again and again outlives those told once. */
static void
repeated_is_kept(void **state)
{
	struct names *n = new(1 << 14);

	(void)state;
	for (unsigned i = 0; i < 10000; i++) {
		add(n, i, 1, 20000, 300, "often.example");
		add(n, i, 1, i, 300, name_of(i, 5));
	}
	assert_string_equal(find(n, 10000, 1, 20000), "often.example");
	assert_string_equal(find(n, 10000, 1, 1), "");
	assert_true(counts(n).forgotten > 9000);
	names_free(&n);
}

/* --- against a model ---------------------------------------------------------------- */

enum { CLIENTS = 12, ADDRESSES = 150, LOOKS = 1000000 };

/* A number below n, of the bits of r from shift on. */
static unsigned
pick(uint64_t r, unsigned shift, unsigned n)
{
	return (unsigned)((r >> shift) % n);
}

struct told {
	uint64_t ts_ns, ttl_ns, turn;	/* turn 0: never */
	unsigned name;
};

static struct told model[CLIENTS][ADDRESSES];

static bool
model_valid(const struct told *t, uint64_t ts_ns)
{
	return t->turn > 0 && ts_ns - t->ts_ns < t->ttl_ns;
}

static const struct told *
model_find(uint64_t ts_ns, unsigned client, unsigned address)
{
	const struct told *best = NULL;

	if (model_valid(&model[client][address], ts_ns))
		return &model[client][address];
	for (unsigned c = 0; c < CLIENTS; c++) {
		const struct told *t = &model[c][address];

		if (model_valid(t, ts_ns) && (best == NULL || t->turn > best->turn))
			best = t;
	}
	return best;
}

static void
look(struct names *n, uint64_t ts_ns, unsigned client, unsigned address)
{
	const struct told *want = model_find(ts_ns, client, address);
	bool other = want != NULL && want != &model[client][address];
	const char *got = find(n, ts_ns, client, address);

	assert_string_equal(got[0] == '*' ? got + 1 : got, want != NULL ? name_of(want->name, 12) : "");
	assert_int_equal(got[0] == '*', other);
}

/* Roomy enough that nothing is forgotten: every answer is the model's, stale ones included. */
static void
model_agrees(void **state)
{
	struct names *n = new(ROOMY);
	uint64_t seed = 42, ts_ns = 0;
	unsigned name = 0;

	(void)state;
	memset(model, 0, sizeof model);
	for (unsigned turn = 1; turn <= LOOKS; turn++) {
		uint64_t r = unit_random(&seed);
		unsigned client = pick(r, 0, CLIENTS), address = pick(r, 8, ADDRESSES);
		uint32_t ttl = 300 + pick(r, 20, 1200);

		ts_ns += (r >> 40) % (S / 2);
		name = pick(r, 60, 4) == 0 ? name : pick(r, 32, 5000);	/* at times the same again */
		add(n, ts_ns, client, address, ttl, name_of(name, 12));
		model[client][address] = (struct told){ ts_ns, ttl * S, turn, name };
		r = unit_random(&seed);
		look(n, ts_ns + r % (2000 * S), pick(r, 40, CLIENTS), pick(r, 50, ADDRESSES));
	}
	assert_int_equal(counts(n).added, LOOKS);
	assert_int_equal(counts(n).forgotten, 0);
	names_free(&n);
}

/* Far too small: what is found is true all the same, and what is not was counted. */
static void
model_agrees_when_crowded(void **state)
{
	struct names *n = new(1 << 14);
	uint64_t seed = 43;
	unsigned missed = 0, live = 0;

	(void)state;
	memset(model, 0, sizeof model);
	for (unsigned turn = 1; turn <= LOOKS; turn++) {
		uint64_t r = unit_random(&seed);
		unsigned client = pick(r, 0, CLIENTS), address = pick(r, 8, ADDRESSES);
		unsigned name = pick(r, 32, 5000);
		size_t len = 4 + pick(r, 20, 120);	/* both entries and text run out */
		struct told *t = &model[client][address];
		const char *got;

		add(n, turn, client, address, 300, name_of(name, len));
		*t = (struct told){ turn, 300 * S, turn, name + 5000 * (unsigned)len };
		r = unit_random(&seed);
		client = pick(r, 0, CLIENTS);
		address = pick(r, 8, ADDRESSES);
		t = &model[client][address];
		got = find(n, turn, client, address);
		if (got[0] == 0 || got[0] == '*')
			missed += t->turn > 0;
		else
			assert_string_equal(got, name_of(t->name % 5000, t->name / 5000));
	}
	for (unsigned c = 0; c < CLIENTS; c++)
		for (unsigned a = 0; a < ADDRESSES; a++) {
			const char *got = find(n, LOOKS, c, a);

			live += got[0] != 0 && got[0] != '*';
		}
	assert_true(missed > LOOKS / 2);
	assert_true(live > 20 && live < 200);
	/* Whoever is not there any more was replaced, or pushed out and counted. */
	assert_true(counts(n).forgotten > LOOKS / 2 && counts(n).forgotten <= LOOKS - live);
	names_free(&n);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(ttl_has_bounds),
		cmocka_unit_test(age_is_told),
		cmocka_unit_test(own_answer_first),
		cmocka_unit_test(latest_wins),
		cmocka_unit_test(names_have_a_length),
		cmocka_unit_test(addresses_of_an_answer_share_text),
		cmocka_unit_test(chains_are_kept),
		cmocka_unit_test(families_are_apart),
		cmocka_unit_test(oldest_is_forgotten),
		cmocka_unit_test(repeated_is_kept),
		cmocka_unit_test(model_agrees),
		cmocka_unit_test(model_agrees_when_crowded),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
