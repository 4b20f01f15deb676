/* SPDX-License-Identifier: Apache-2.0 */
/* test_inventory - what is news of a product on a host, and what is forgotten first. */
#include "unit.h"

#include "app/inventory.h"

#define SECOND 1000000000ull
#define HOUR (3600 * SECOND)
#define T0 (1795324455ull * SECOND)

static const struct product products[] = {
	{ "desktop", "Desktop", CATEGORY_SECURITY }, { "server", "Server", CATEGORY_SECURITY },
};
static const struct vendor vendors[] = {
	{ .id = "acme", .name = "Acme", .products = products, .n_products = 2 },
	{ .id = "birch", .name = "Birch", .products = products, .n_products = 2 },
	{ .id = "coyote", .name = "Coyote" },
};

static struct inventory *
made(size_t bytes)
{
	struct err err;
	struct inventory *inv = inventory_new(bytes, HASH_KEY_FIXED, &err);

	assert_non_null(inv);
	return inv;
}

/* 10.x.y.z */
static struct addr
host(uint32_t n)
{
	uint8_t raw[4] = { 10, (uint8_t)(n >> 16), (uint8_t)(n >> 8), (uint8_t)n };

	return addr_v4(raw);
}

static const struct attribution usual = {
	.vendor = &vendors[0], .product = &products[0], .purpose = PURPOSE_UPDATE, .strength = STRENGTH_STRONG,
	.confidence = 80,
};

static unsigned
contact(struct inventory *inv, uint64_t ts, uint32_t client, const struct attribution *a, unsigned kinds,
    const char *version, const struct inventory_entry **e)
{
	struct addr c = host(client), s = host(0xff0001);

	return inventory_contact(inv, ts, &c, &s, a, kinds, span_str(version), e);
}

/* --- news ------------------------------------------------------------------------- */

static void
test_news(void **state)
{
	static const struct {
		const char *what;
		uint64_t after;		/* T0 */
		enum purpose purpose;
		enum strength strength;
		bool present;
		unsigned kinds;
		const char *version;
		unsigned want;
	} steps[] = {
		{ "first", 0, PURPOSE_UPDATE, STRENGTH_STRONG, false, 1, "", INVENTORY_NEW },
		{ "the same", 1, PURPOSE_UPDATE, STRENGTH_STRONG, false, 1, "", 0 },
		{ "just within the hour", HOUR - 1, PURPOSE_UPDATE, STRENGTH_WEAK, false, 0, "", 0 },
		{ "the hour", HOUR, PURPOSE_UPDATE, STRENGTH_STRONG, false, 1, "", INVENTORY_AGAIN },
		{ "the next begins with the event", 2 * HOUR - 1, PURPOSE_UPDATE, STRENGTH_STRONG, false, 1, "", 0 },
		{ "another purpose", 2 * HOUR - 1, PURPOSE_LICENSE, STRENGTH_STRONG, false, 1, "", INVENTORY_PURPOSE },
		{ "which was an event too", 3 * HOUR - 2, PURPOSE_UPDATE, STRENGTH_STRONG, false, 1, "", 0 },
		{ "an hour after it", 3 * HOUR - 1, PURPOSE_UPDATE, STRENGTH_STRONG, false, 1, "", INVENTORY_AGAIN },
		{ "no purpose is none", 3 * HOUR, PURPOSE_UNDETERMINED, STRENGTH_STRONG, false, 1, "", 0 },
		{ "strong by another kind", 3 * HOUR, PURPOSE_UPDATE, STRENGTH_STRONG, false, 4, "", INVENTORY_PRESENT },
		{ "once", 3 * HOUR, PURPOSE_UPDATE, STRENGTH_PROOF, true, 4, "", 0 },
		{ "a version", 3 * HOUR, PURPOSE_UPDATE, STRENGTH_PROOF, true, 4, "27000", INVENTORY_OTHER_VERSION },
		{ "none is no other", 3 * HOUR, PURPOSE_UPDATE, STRENGTH_PROOF, true, 4, "", 0 },
		{ "the same one", 3 * HOUR, PURPOSE_UPDATE, STRENGTH_PROOF, true, 4, "27000", 0 },
		{ "one with a blank is none", 3 * HOUR, PURPOSE_UPDATE, STRENGTH_PROOF, true, 4, "27 1", 0 },
		{ "several at once", 9 * HOUR, PURPOSE_CRASH, STRENGTH_PROOF, true, 4, "27001",
		    INVENTORY_OTHER_VERSION | INVENTORY_PURPOSE | INVENTORY_AGAIN },
		{ "a packet of the past", 2 * HOUR, PURPOSE_UPDATE, STRENGTH_PROOF, true, 4, "", 0 },
		{ "whose news does not turn the clock back", 2 * HOUR, PURPOSE_VPN, STRENGTH_PROOF, true, 4, "",
		    INVENTORY_PURPOSE },
		{ "not yet", 10 * HOUR - 1, PURPOSE_UPDATE, STRENGTH_PROOF, true, 4, "", 0 },
		{ "now", 10 * HOUR, PURPOSE_UPDATE, STRENGTH_PROOF, true, 4, "", INVENTORY_AGAIN },
	};
	struct inventory *inv = made(1 << 20);
	const struct inventory_entry *e = NULL;

	(void)state;
	for (size_t i = 0; i < sizeof steps / sizeof *steps; i++) {
		struct attribution a = usual;
		unsigned have;

		a.purpose = steps[i].purpose;
		a.strength = steps[i].strength;
		a.present = steps[i].present;
		have = contact(inv, T0 + steps[i].after, 1, &a, steps[i].kinds, steps[i].version, &e);
		if (have != steps[i].want)
			fail_msg("%s: %#x, not %#x", steps[i].what, have, steps[i].want);
	}
	assert_int_equal(e->first_ns, T0);
	assert_int_equal(e->last_ns, T0 + 10 * HOUR);
	assert_int_equal(e->strength, STRENGTH_PROOF);
	assert_int_equal(e->strong_kinds, 5);
	assert_true(e->present);
	assert_string_equal(e->version, "27001");
	assert_int_equal(e->purposes[PURPOSE_UPDATE].contacts, 16);
	assert_int_equal(e->purposes[PURPOSE_UNDETERMINED].contacts, 1);
	assert_int_equal(e->purposes[PURPOSE_WEB].contacts, 0);
	inventory_free(&inv);
	assert_null(inv);
}

/* A product, another, and none told apart are three things; so are two hosts. */
static void
test_keys(void **state)
{
	struct inventory *inv = made(1 << 20);
	struct attribution a = usual, b = usual, c = usual, d = usual;
	const struct inventory_entry *e;
	struct inventory_counts n;

	(void)state;
	b.product = &products[1];
	c.product = NULL;
	d.vendor = &vendors[1];
	for (unsigned i = 0; i < 2; i++) {
		unsigned want = i == 0 ? INVENTORY_NEW : 0;

		assert_int_equal(contact(inv, T0, 1, &a, 1, "", &e), want);
		assert_int_equal(contact(inv, T0, 1, &b, 1, "", &e), want);
		assert_int_equal(contact(inv, T0, 1, &c, 1, "", &e), want);
		assert_int_equal(contact(inv, T0, 1, &d, 1, "", &e), want);
		assert_int_equal(contact(inv, T0, 2, &a, 1, "", &e), want);
	}
	inventory_counts(inv, &n);
	assert_int_equal(n.entries, 5);
	assert_int_equal(n.evicted, 0);
	inventory_free(&inv);
}

static void
test_version_is_cut(void **state)
{
	struct inventory *inv = made(1 << 20);
	const struct inventory_entry *e;

	(void)state;
	assert_int_equal(contact(inv, T0, 1, &usual, 1, "0123456789abcdef0123456789abcdef-more", &e), INVENTORY_NEW);
	assert_string_equal(e->version, "0123456789abcdef0123456789abcdef");
	assert_int_equal(contact(inv, T0, 1, &usual, 1, "0123456789abcdef0123456789abcdef-else", &e), 0);
	inventory_free(&inv);
}

static void
test_bytes(void **state)
{
	struct inventory *inv = made(1 << 20);
	const struct inventory_entry *e;
	struct addr one = host(1), two = host(2);
	struct inventory_counts n;

	(void)state;
	contact(inv, T0, 1, &usual, 1, "", &e);
	inventory_bytes(inv, &one, usual.vendor, usual.product, PURPOSE_UPDATE, 100, 2000);
	inventory_bytes(inv, &one, usual.vendor, usual.product, PURPOSE_UPDATE, 1, INT64_MAX);
	inventory_bytes(inv, &one, usual.vendor, NULL, PURPOSE_UPDATE, 7, 7);
	inventory_bytes(inv, &two, usual.vendor, usual.product, PURPOSE_UPDATE, 7, 7);
	assert_int_equal(e->purposes[PURPOSE_UPDATE].bytes_up, 101);
	assert_int_equal(e->purposes[PURPOSE_UPDATE].bytes_down, INT64_MAX);
	assert_int_equal(e->purposes[PURPOSE_UPDATE].contacts, 1);
	inventory_counts(inv, &n);
	assert_int_equal(n.entries, 1);
	inventory_free(&inv);
}

/* --- hosts that are known --------------------------------------------------------------- */

static void
test_knows(void **state)
{
	struct inventory *inv = made(1 << 20);
	struct addr client = host(1), server = host(0xff0001), weak = host(2), asked = host(3), resolver = host(9);
	struct attribution a = usual;
	const struct inventory_entry *e;

	(void)state;
	assert_false(inventory_knows(NULL, &client, &vendors[0]));
	assert_false(inventory_knows(inv, &client, &vendors[0]));
	a.strength = STRENGTH_WEAK;
	inventory_contact(inv, T0, &weak, &server, &a, 0, span_str(""), &e);
	assert_false(inventory_knows(inv, &weak, &vendors[0]));
	assert_false(inventory_knows(inv, &server, &vendors[0]));
	a.strength = STRENGTH_MEDIUM;
	inventory_contact(inv, T0, &client, &server, &a, 0, span_str(""), &e);
	assert_true(inventory_knows(inv, &client, &vendors[0]));
	assert_true(inventory_knows(inv, &server, &vendors[0]));
	assert_false(inventory_knows(inv, &client, &vendors[1]));
	assert_false(inventory_knows(inv, &server, &vendors[1]));
	a.lookup_only = true;
	inventory_contact(inv, T0, &asked, &resolver, &a, 0, span_str(""), &e);
	assert_true(inventory_knows(inv, &asked, &vendors[0]));
	assert_false(inventory_knows(inv, &resolver, &vendors[0]));
	inventory_free(&inv);
}

/* --- memory ------------------------------------------------------------------------- */

static void
test_too_small(void **state)
{
	struct err err;

	(void)state;
	assert_null(inventory_new(0, HASH_KEY_FIXED, &err));
	assert_null(inventory_new(4096, HASH_KEY_FIXED, &err));
	assert_non_null(strstr(err.text, "4096 bytes"));
}

/* How many fit is for the table to say: until one is evicted. */
static uint32_t
fill(struct inventory *inv)
{
	const struct inventory_entry *e;
	struct inventory_counts n;
	uint32_t i = 0;

	do {
		contact(inv, T0 + i, i, &usual, 1, "", &e);
		i++;
		inventory_counts(inv, &n);
	} while (n.evicted == 0);
	assert_int_equal(n.entries, i - 1);
	return i - 1;
}

static void
test_evicts_the_longest_quiet(void **state)
{
	struct inventory *inv = made(64 << 10);
	const struct inventory_entry *e;
	uint32_t n = fill(inv);		/* 0 is gone; 1 is the oldest */

	(void)state;
	assert_true(n > 100);
	assert_int_equal(contact(inv, T0 + 2 * n, 1, &usual, 1, "", &e), 0);
	assert_int_equal(contact(inv, T0 + 2 * n, n + 1, &usual, 1, "", &e), INVENTORY_NEW);	/* instead of 2 */
	assert_int_equal(contact(inv, T0 + 2 * n, 1, &usual, 1, "", &e), 0);
	assert_int_equal(contact(inv, T0 + 2 * n, 3, &usual, 1, "", &e), 0);
	assert_int_equal(contact(inv, T0 + 2 * n, 2, &usual, 1, "", &e), INVENTORY_NEW);
	inventory_free(&inv);
}

/* --- state --------------------------------------------------------------------------- */

static struct inventory_entry
entry(uint32_t client, uint64_t first, uint64_t last)
{
	return (struct inventory_entry){
		.client = host(client), .server = host(0xff0002), .vendor = &vendors[0], .product = &products[0],
		.first_ns = first, .last_ns = last, .told_ns = last, .strength = STRENGTH_STRONG, .strong_kinds = 1,
		.confidence = 80, .version = "1.0", .purposes[PURPOSE_UPDATE] = { 3, 10, 20 },
	};
}

static void
test_restore_goes_on(void **state)
{
	struct inventory *inv = made(1 << 20);
	struct inventory_entry old = entry(1, T0, T0 + 5), other = old;
	struct addr server = host(0xff0002);
	const struct inventory_entry *e;
	struct inventory_counts n;

	(void)state;
	other.confidence = 1;
	inventory_restore(inv, &other);
	inventory_restore(inv, &old);
	assert_true(inventory_knows(inv, &server, &vendors[0]));
	assert_int_equal(contact(inv, T0 + 6, 1, &usual, 1, "1.0", &e), 0);
	assert_int_equal(e->confidence, 80);
	assert_int_equal(e->first_ns, T0);
	assert_int_equal(e->purposes[PURPOSE_UPDATE].contacts, 4);
	assert_int_equal(contact(inv, T0 + 5 + HOUR, 1, &usual, 2, "1.0", &e), INVENTORY_AGAIN | INVENTORY_PRESENT);
	inventory_count_unknown(inv);
	inventory_counts(inv, &n);
	assert_int_equal(n.entries, 1);
	assert_int_equal(n.unknown, 1);
	inventory_free(&inv);
}

/* Order is that of the entries' time, whatever that of the calls; what is older than all has no room. */
static void
test_restore_order(void **state)
{
	struct inventory *inv = made(64 << 10);
	uint32_t n = fill(inv);
	struct inventory_entry early = entry(5000, T0 - 9, T0 - 9), late = entry(5001, T0 - 9, T0 + HOUR);
	struct inventory_entry middle = entry(5002, T0, T0 + n / 2);
	const struct inventory_entry *e;
	struct inventory_counts counts;

	(void)state;
	inventory_restore(inv, &early);
	inventory_restore(inv, &late);		/* instead of 1 */
	inventory_restore(inv, &middle);	/* instead of 2 */
	inventory_counts(inv, &counts);
	assert_int_equal(counts.entries, n);
	assert_int_equal(counts.evicted, 4);
	for (uint32_t i = 0; i < n / 2; i++)	/* up to n / 2 + 2 */
		contact(inv, T0 + 2 * HOUR, 6000 + i, &usual, 1, "", &e);
	assert_int_equal(contact(inv, T0 + 2 * HOUR, 5001, &usual, 1, "1.0", &e) & INVENTORY_NEW, 0);
	assert_int_equal(contact(inv, T0 + 2 * HOUR, n - 1, &usual, 1, "", &e) & INVENTORY_NEW, 0);
	assert_int_equal(contact(inv, T0 + 2 * HOUR, 5002, &usual, 1, "1.0", &e), INVENTORY_NEW);
	inventory_free(&inv);
}

static void
test_list_order(void **state)
{
	static const struct {
		uint32_t client;
		uint64_t first;
		unsigned vendor;
		int product;
	} rows[] = {	/* as they are to be listed */
		{ 9, 1, 0, 0 }, { 1, 2, 0, 0 }, { 2, 2, 0, -1 }, { 2, 2, 0, 0 }, { 2, 2, 0, 1 }, { 2, 2, 1, -1 }, { 0, 3, 0, 0 },
	};
	const unsigned n_rows = sizeof rows / sizeof *rows;
	struct inventory *inv = made(1 << 20);
	const struct inventory_entry **list, *e;
	size_t n = 99;

	(void)state;
	list = inventory_list(inv, &n);
	assert_non_null(list);
	assert_int_equal(n, 0);
	free(list);
	for (unsigned i = 0; i < n_rows; i++) {
		unsigned j = (i * 3 + 2) % n_rows;	/* some other order */
		struct attribution a = usual;

		a.vendor = &vendors[rows[j].vendor];
		a.product = rows[j].product >= 0 ? &products[rows[j].product] : NULL;
		assert_int_equal(contact(inv, T0 + rows[j].first, rows[j].client, &a, 1, "", &e), INVENTORY_NEW);
	}
	list = inventory_list(inv, &n);
	assert_int_equal(n, n_rows);
	for (unsigned i = 0; i < n_rows; i++) {
		struct addr client = host(rows[i].client);

		assert_int_equal(list[i]->first_ns, T0 + rows[i].first);
		assert_true(addr_eq(&list[i]->client, &client));
		assert_ptr_equal(list[i]->vendor, &vendors[rows[i].vendor]);
		assert_ptr_equal(list[i]->product, rows[i].product >= 0 ? &products[rows[i].product] : NULL);
	}
	free(list);
	inventory_free(&inv);
}

/* --- a naive table beside it ------------------------------------------------------------ */

enum { ORACLE_MAX = 1024 };

struct oracle {
	unsigned n, max;
	uint64_t evicted;
	struct inventory_entry v[ORACLE_MAX];	/* the longest quiet first */
};

static struct inventory_entry *
oracle_to_end(struct oracle *o, unsigned i)
{
	struct inventory_entry e = o->v[i];

	memmove(&o->v[i], &o->v[i + 1], (o->n - i - 1) * sizeof e);
	o->v[o->n - 1] = e;
	return &o->v[o->n - 1];
}

static struct inventory_entry *
oracle_find(struct oracle *o, const struct addr *client, const struct attribution *a, bool *found)
{
	for (unsigned i = 0; i < o->n; i++)
		if (addr_eq(&o->v[i].client, client) && o->v[i].vendor == a->vendor && o->v[i].product == a->product) {
			*found = true;
			return oracle_to_end(o, i);
		}
	*found = false;
	if (o->n == o->max) {
		o->evicted++;
		oracle_to_end(o, 0);
	} else {
		o->n++;
	}
	return &o->v[o->n - 1];
}

static unsigned
oracle_contact(struct oracle *o, uint64_t ts, const struct addr *client, const struct addr *server,
    const struct attribution *a, unsigned kinds, const char *version)
{
	bool found;
	struct inventory_entry *e = oracle_find(o, client, a, &found);
	unsigned change = 0;

	if (!found)
		*e = (struct inventory_entry){ .client = *client, .vendor = a->vendor, .product = a->product,
			.first_ns = ts };
	e->server = *server;
	e->last_ns = ts;
	change |= e->purposes[a->purpose].contacts++ == 0 && a->purpose != 0 ? INVENTORY_PURPOSE : 0;
	e->strong_kinds |= kinds;
	e->strength = a->strength > e->strength ? a->strength : e->strength;
	e->confidence = a->confidence > e->confidence ? a->confidence : e->confidence;
	if (!e->present && (a->present || __builtin_popcount(e->strong_kinds) > 1)) {
		e->present = true;
		change |= INVENTORY_PRESENT;
	}
	if (version[0] != '\0' && strcmp(version, e->version) != 0) {
		snprintf(e->version, sizeof e->version, "%s", version);
		change |= INVENTORY_OTHER_VERSION;
	}
	change |= found && ts >= e->told_ns + HOUR ? INVENTORY_AGAIN : 0;
	change = found ? change : INVENTORY_NEW;
	e->told_ns = change != 0 ? ts : e->told_ns;
	return change;
}

static void
same_entry(const struct inventory_entry *a, const struct inventory_entry *b)
{
	assert_true(addr_eq(&a->client, &b->client) && addr_eq(&a->server, &b->server));
	assert_ptr_equal(a->vendor, b->vendor);
	assert_ptr_equal(a->product, b->product);
	assert_true(a->first_ns == b->first_ns && a->last_ns == b->last_ns && a->told_ns == b->told_ns);
	assert_true(a->strong_kinds == b->strong_kinds && a->strength == b->strength && a->present == b->present);
	assert_int_equal(a->confidence, b->confidence);
	assert_string_equal(a->version, b->version);
	assert_memory_equal(a->purposes, b->purposes, sizeof a->purposes);
}

static void
same_tables(const struct inventory *inv, struct oracle *o)
{
	struct inventory_counts counts;
	size_t n;
	const struct inventory_entry **list = inventory_list(inv, &n);

	inventory_counts(inv, &counts);
	assert_int_equal(n, o->n);
	assert_int_equal(counts.entries, o->n);
	assert_int_equal(counts.evicted, o->evicted);
	for (size_t i = 0; i < n; i++) {
		const struct inventory_entry *twin = NULL;

		for (unsigned j = 0; j < o->n && twin == NULL; j++)
			if (addr_eq(&o->v[j].client, &list[i]->client) && o->v[j].vendor == list[i]->vendor &&
			    o->v[j].product == list[i]->product)
				twin = &o->v[j];
		assert_non_null(twin);
		same_entry(list[i], twin);
	}
	free(list);
}

static bool
oracle_knows(const struct oracle *o, const struct addr *host_, const struct vendor *v)
{
	for (unsigned i = 0; i < o->n; i++)
		if (o->v[i].vendor == v && addr_eq(&o->v[i].client, host_) && o->v[i].strength > STRENGTH_WEAK)
			return true;
	return false;
}

static void
test_model(void **state)
{
	static const char *const versions[] = { "", "", "", "", "", "1", "2.0" };
	static struct oracle o;
	struct inventory *inv = made(64 << 10);
	uint64_t seed = 20261125, now = T0;

	(void)state;
	o = (struct oracle){ .max = fill(inv) };
	assert_true(o.max < ORACLE_MAX);
	inventory_free(&inv);
	inv = made(64 << 10);
	for (unsigned i = 0; i < 100000; i++) {
		uint64_t r = unit_random(&seed);
		struct attribution a = { .vendor = &vendors[r % 3], .purpose = (enum purpose)(r >> 8) % PURPOSES_N,
			.strength = (enum strength)((r >> 16) % STRENGTHS_N), .confidence = (unsigned)((r >> 24) % 101),
			.present = (r >> 32) % 16 == 0 };
		struct addr client = host((uint32_t)(r >> 40) % 97), server = host(0x800000 + (uint32_t)(r >> 50));
		const char *version = versions[(r >> 5) % 7];
		unsigned kinds = (r >> 36) % 4 == 0 ? 1u << (r >> 38) % 3 : 0;
		const struct inventory_entry *e;

		/* Some hosts go on and on, so that hours pass for them. */
		client = i % 16 == 0 ? host(0x10000) : client;
		a.product = (r >> 3) % 3 > 0 && a.vendor->n_products > 0 ? &products[(r >> 3) % 3 - 1] : NULL;
		now += (r >> 45) % 64 * SECOND;
		assert_int_equal(inventory_contact(inv, now, &client, &server, &a, kinds, span_str(version), &e),
		    oracle_contact(&o, now, &client, &server, &a, kinds, version));
		same_entry(e, &o.v[o.n - 1]);
		assert_int_equal(inventory_knows(inv, &client, &vendors[i % 3]), oracle_knows(&o, &client, &vendors[i % 3]));
		if (i % 5000 == 0)
			same_tables(inv, &o);
	}
	same_tables(inv, &o);
	assert_true(o.evicted > 10000);
	inventory_free(&inv);
}

int
main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_news),
		cmocka_unit_test(test_keys),
		cmocka_unit_test(test_version_is_cut),
		cmocka_unit_test(test_bytes),
		cmocka_unit_test(test_knows),
		cmocka_unit_test(test_too_small),
		cmocka_unit_test(test_evicts_the_longest_quiet),
		cmocka_unit_test(test_restore_goes_on),
		cmocka_unit_test(test_restore_order),
		cmocka_unit_test(test_list_order),
		cmocka_unit_test(test_model),
	};

	return cmocka_run_group_tests_name("inventory", tests, NULL, NULL);
}
