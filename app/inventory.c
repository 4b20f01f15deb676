/* SPDX-License-Identifier: Apache-2.0 */
/* inventory - products on hosts: a slab, an index by host and vendor, a list by the last contact. */
#include "app/inventory.h"

#include <stdlib.h>
#include <string.h>

enum { WAYS = 4, ID_BYTES = 64, LEAST = 16 };

static const uint32_t NIL = UINT32_MAX;
static const uint64_t again_ns = INVENTORY_AGAIN_S * 1000000000ull;
static const uint64_t count_max = INT64_MAX;	/* what a JSON number of a state file holds */

struct slot {
	struct inventory_entry e;
	uint32_t chain;			/* of its index bucket */
	uint32_t older, newer;		/* by last contact */
};

/* A server that was seen to be a vendor's. */
struct mark {
	struct addr server;
	const struct vendor *vendor;	/* NULL: free */
};

struct inventory {
	struct hash_key key;
	struct slot *slots;		/* owned; max of them, used in order, then again and again */
	uint32_t *index;		/* owned; index_mask + 1 heads of chains */
	struct mark *marks;		/* owned; sets of WAYS, the last met first */
	uint32_t max, used, index_mask, set_mask;
	uint32_t oldest, newest;
	uint64_t evicted, unknown;
};

/* The greatest power of two that is at most n; n > 0. */
static uint32_t
power_below(uint32_t n)
{
	uint32_t p = 1;

	while (p <= n / 2)
		p *= 2;
	return p;
}

struct inventory *
inventory_new(size_t max_bytes, struct hash_key key, struct err *err)
{
	const size_t each = sizeof(struct slot) + sizeof(uint32_t) + sizeof(struct mark);
	size_t max = max_bytes > sizeof(struct inventory) ? (max_bytes - sizeof(struct inventory)) / each : 0;
	struct inventory *inv;
	uint32_t heads;

	if (max < LEAST) {
		err_set(err, "an inventory in %zu bytes is too small; at least %zu are needed", max_bytes,
		    sizeof(struct inventory) + LEAST * each);
		return NULL;
	}
	inv = calloc(1, sizeof *inv);
	if (inv == NULL)
		goto memory;
	inv->key = key;
	inv->max = max < NIL ? (uint32_t)max : NIL - 1;
	inv->oldest = inv->newest = NIL;
	heads = power_below(inv->max);
	inv->index_mask = heads - 1;
	inv->set_mask = heads / WAYS - 1;
	inv->slots = calloc(inv->max, sizeof *inv->slots);
	inv->index = malloc(heads * sizeof *inv->index);
	inv->marks = calloc(heads, sizeof *inv->marks);
	if (inv->slots == NULL || inv->index == NULL || inv->marks == NULL)
		goto memory;
	for (uint32_t i = 0; i < heads; i++)
		inv->index[i] = NIL;
	return inv;
memory:
	err_set(err, "out of memory for an inventory of %zu products", max);
	inventory_free(&inv);
	return NULL;
}

void
inventory_free(struct inventory **ip)
{
	struct inventory *inv = *ip;

	if (inv == NULL)
		return;
	free(inv->slots);
	free(inv->index);
	free(inv->marks);
	free(inv);
	*ip = NULL;
}

/* --- keys ------------------------------------------------------------------------ */

/* By id, for where the catalogue lies differs from run to run, and what is forgotten must not. */
static uint32_t
hash_host(const struct inventory *inv, const struct addr *host, const struct vendor *vendor)
{
	uint8_t about[sizeof host->b + ID_BYTES];
	size_t n = strnlen(vendor->id, ID_BYTES);

	memcpy(about, host->b, sizeof host->b);
	memcpy(about + sizeof host->b, vendor->id, n);
	return (uint32_t)hash_bytes(&inv->key, about, sizeof host->b + n);
}

/* The index is by host and vendor, so that one chain also answers for the vendor as a whole. */
static uint32_t *
head_of(const struct inventory *inv, const struct addr *client, const struct vendor *vendor)
{
	return &inv->index[hash_host(inv, client, vendor) & inv->index_mask];
}

static bool
is_of(const struct slot *s, const struct addr *client, const struct vendor *vendor)
{
	return s->e.vendor == vendor && addr_eq(&s->e.client, client);
}

static struct slot *
find(const struct inventory *inv, const struct addr *client, const struct vendor *vendor,
    const struct product *product)
{
	for (uint32_t i = *head_of(inv, client, vendor); i != NIL; i = inv->slots[i].chain)
		if (is_of(&inv->slots[i], client, vendor) && inv->slots[i].e.product == product)
			return &inv->slots[i];
	return NULL;
}

/* --- servers ---------------------------------------------------------------------- */

static struct mark *
set_of(const struct inventory *inv, const struct addr *server, const struct vendor *vendor)
{
	return &inv->marks[(size_t)(hash_host(inv, server, vendor) & inv->set_mask) * WAYS];
}

static void
mark_server(struct inventory *inv, const struct addr *server, const struct vendor *vendor)
{
	struct mark *set = set_of(inv, server, vendor);
	unsigned i = 0;

	while (i < WAYS - 1 && !(set[i].vendor == vendor && addr_eq(&set[i].server, server)))
		i++;
	memmove(set + 1, set, i * sizeof *set);
	set[0] = (struct mark){ *server, vendor };
}

bool
inventory_knows(const struct inventory *inv, const struct addr *host, const struct vendor *vendor)
{
	const struct mark *set;

	if (inv == NULL)
		return false;
	set = set_of(inv, host, vendor);
	for (unsigned i = 0; i < WAYS; i++)
		if (set[i].vendor == vendor && addr_eq(&set[i].server, host))
			return true;
	for (uint32_t i = *head_of(inv, host, vendor); i != NIL; i = inv->slots[i].chain)
		if (inv->slots[i].e.strength > STRENGTH_WEAK && is_of(&inv->slots[i], host, vendor))
			return true;
	return false;
}

/* --- the list by last contact ------------------------------------------------------- */

static void
list_remove(struct inventory *inv, const struct slot *s)
{
	*(s->older != NIL ? &inv->slots[s->older].newer : &inv->oldest) = s->newer;
	*(s->newer != NIL ? &inv->slots[s->newer].older : &inv->newest) = s->older;
}

/* After older, which is NIL for the oldest of all. */
static void
list_insert(struct inventory *inv, struct slot *s, uint32_t older)
{
	uint32_t i = (uint32_t)(s - inv->slots);

	s->older = older;
	s->newer = older != NIL ? inv->slots[older].newer : inv->oldest;
	*(s->older != NIL ? &inv->slots[s->older].newer : &inv->oldest) = i;
	*(s->newer != NIL ? &inv->slots[s->newer].older : &inv->newest) = i;
}

/* --- entries ----------------------------------------------------------------------- */

static void
unchain(struct inventory *inv, const struct slot *s)
{
	uint32_t *at = head_of(inv, &s->e.client, s->e.vendor);

	while (&inv->slots[*at] != s)
		at = &inv->slots[*at].chain;
	*at = s->chain;
}

/* Room for an entry, in neither chain nor list. */
static struct slot *
take(struct inventory *inv)
{
	struct slot *s;

	if (inv->used < inv->max)
		return &inv->slots[inv->used++];
	s = &inv->slots[inv->oldest];
	list_remove(inv, s);
	unchain(inv, s);
	inv->evicted++;
	return s;
}

static struct slot *
add(struct inventory *inv, const struct inventory_entry *e, uint32_t older)
{
	struct slot *s = take(inv);
	uint32_t *head = head_of(inv, &e->client, e->vendor);

	/* What made room may have been the one it was to follow. */
	if (older == (uint32_t)(s - inv->slots))
		older = NIL;
	s->e = *e;
	s->chain = *head;
	*head = (uint32_t)(s - inv->slots);
	list_insert(inv, s, older);
	return s;
}

static uint64_t
sum(uint64_t a, uint64_t b)
{
	return a > count_max || b > count_max - a ? count_max : a + b;
}

/* Another version than the one that is known; one that is no plain ASCII is none. */
static bool
take_version(struct inventory_entry *e, struct span version)
{
	size_t n = version.len < INVENTORY_VERSION_MAX ? version.len : INVENTORY_VERSION_MAX;
	char now[INVENTORY_VERSION_MAX + 1] = "";
	struct rd r = rd_closed(version.p, n);

	for (size_t i = 0; i < n; i++) {
		uint8_t c = rd_u8(&r);

		if (c <= ' ' || c > '~')
			return false;
		now[i] = (char)c;
	}
	if (n == 0 || strcmp(now, e->version) == 0)
		return false;
	memcpy(e->version, now, sizeof now);
	return true;
}

/* What the contact says is put to what is known. */
static unsigned
learn(struct inventory_entry *e, uint64_t ts_ns, const struct attribution *a, unsigned strong_kinds,
    struct span version)
{
	unsigned change = 0;

	if (a->purpose != PURPOSE_UNDETERMINED && e->purposes[a->purpose].contacts == 0)
		change |= INVENTORY_PURPOSE;
	e->purposes[a->purpose].contacts = sum(e->purposes[a->purpose].contacts, 1);
	e->strong_kinds |= strong_kinds;
	if (a->strength > e->strength)
		e->strength = a->strength;
	if (a->confidence > e->confidence)
		e->confidence = a->confidence;
	if (!e->present && (a->present || (e->strong_kinds & (e->strong_kinds - 1)) != 0)) {
		e->present = true;
		change |= INVENTORY_PRESENT;
	}
	if (take_version(e, version))
		change |= INVENTORY_OTHER_VERSION;
	if (ts_ns < e->first_ns)
		e->first_ns = ts_ns;
	if (ts_ns > e->last_ns)
		e->last_ns = ts_ns;
	return change;
}

unsigned
inventory_contact(struct inventory *inv, uint64_t ts_ns, const struct addr *client, const struct addr *server,
    const struct attribution *a, unsigned strong_kinds, struct span version, const struct inventory_entry **entry)
{
	struct slot *s = find(inv, client, a->vendor, a->product);
	unsigned change;

	if (s == NULL) {
		struct inventory_entry e = { .client = *client, .vendor = a->vendor, .product = a->product,
			.first_ns = ts_ns, .last_ns = ts_ns };

		s = add(inv, &e, inv->newest);
		learn(&s->e, ts_ns, a, strong_kinds, version);
		change = INVENTORY_NEW;
	} else {
		list_remove(inv, s);
		list_insert(inv, s, inv->newest);
		change = learn(&s->e, ts_ns, a, strong_kinds, version);
		if (ts_ns >= s->e.told_ns && ts_ns - s->e.told_ns >= again_ns)
			change |= INVENTORY_AGAIN;
	}
	if (change != 0 && ts_ns > s->e.told_ns)
		s->e.told_ns = ts_ns;
	/* Who was asked for a name is a resolver, and nobody's. */
	if (!a->lookup_only) {
		s->e.server = *server;
		if (a->strength > STRENGTH_WEAK)
			mark_server(inv, server, a->vendor);
	}
	*entry = &s->e;
	return change;
}

void
inventory_bytes(struct inventory *inv, const struct addr *client, const struct vendor *vendor,
    const struct product *product, enum purpose purpose, uint64_t up, uint64_t down)
{
	struct slot *s = find(inv, client, vendor, product);

	if (s == NULL)
		return;
	s->e.purposes[purpose].bytes_up = sum(s->e.purposes[purpose].bytes_up, up);
	s->e.purposes[purpose].bytes_down = sum(s->e.purposes[purpose].bytes_down, down);
}

/* --- state ------------------------------------------------------------------------- */

void
inventory_restore(struct inventory *inv, const struct inventory_entry *e)
{
	static const struct addr nobody;
	struct slot *s = find(inv, &e->client, e->vendor, e->product);
	uint32_t older;

	if (s != NULL)
		list_remove(inv, s);
	/* From the newest: a file is in order of time. */
	for (older = inv->newest; older != NIL && inv->slots[older].e.last_ns > e->last_ns;)
		older = inv->slots[older].older;
	if (s != NULL) {
		s->e = *e;
		list_insert(inv, s, older);
	} else if (older == NIL && inv->used == inv->max) {
		inv->evicted++;
		return;
	} else {
		add(inv, e, older);
	}
	if (e->strength > STRENGTH_WEAK && !addr_eq(&e->server, &nobody))
		mark_server(inv, &e->server, e->vendor);
}

void
inventory_count_unknown(struct inventory *inv)
{
	inv->unknown++;
}

static int
by_first(const void *pa, const void *pb)
{
	const struct inventory_entry *a = *(const struct inventory_entry *const *)pa;
	const struct inventory_entry *b = *(const struct inventory_entry *const *)pb;
	int order = (a->first_ns > b->first_ns) - (a->first_ns < b->first_ns);

	if (order == 0)
		order = addr_cmp(&a->client, &b->client);
	if (order == 0)
		order = strcmp(a->vendor->id, b->vendor->id);
	return order != 0 ? order : strcmp(a->product != NULL ? a->product->id : "",
	    b->product != NULL ? b->product->id : "");
}

const struct inventory_entry **
inventory_list(const struct inventory *inv, size_t *n)
{
	const struct inventory_entry **list = malloc((inv->used + 1) * sizeof(*list));

	if (list == NULL)
		return NULL;
	for (uint32_t i = 0; i < inv->used; i++)
		list[i] = &inv->slots[i].e;
	qsort(list, inv->used, sizeof(*list), by_first);
	*n = inv->used;
	return list;
}

void
inventory_counts(const struct inventory *inv, struct inventory_counts *out)
{
	*out = (struct inventory_counts){ .entries = inv->used, .evicted = inv->evicted, .unknown = inv->unknown };
}
