/* SPDX-License-Identifier: Apache-2.0 */
/* names - a list of answers by age over a ring of text, and two hash tables into it. */
#include "flow/names.h"

#include <stdlib.h>
#include <string.h>

enum {
	TEXT_MIN = 1024,
	TEXT_PER_ENTRY = 48,		/* text is written anew with every answer, entries are used again */
	OTHERS_MAX = 16,		/* answers to others that are looked at: many may be stale */
};

#define NS_PER_S 1000000000ull

enum index { BY_PAIR, BY_ADDRESS, INDEXES };

/*
 * Links are numbers of entries; entry 0 is never used, so that 0 is "none" and
 * closes the list by age.  In the table by address stands only the latest entry
 * of an address, the others hang behind it: a busy address does not slow others.
 */
struct entry {
	struct addr key[2];		/* client, address: hashed together or the latter alone */
	uint64_t seen_ns;
	uint64_t text;			/* where the name is, in bytes ever written */
	uint32_t ttl_s;
	uint32_t len;
	uint32_t older, newer;		/* of all */
	uint32_t same_older, same_newer;	/* of the same address */
	uint32_t next[INDEXES];		/* in the bucket; of a free entry: the next free one */
};

struct names {
	struct hash_key key;
	struct entry *entry;		/* owned; max + 1 of them */
	uint32_t *bucket[INDEXES];	/* owned; mask + 1 each */
	uint32_t mask;
	uint32_t max, touched, live;	/* entries: that there are, ever used, in use */
	uint32_t free;
	uint8_t *text;			/* owned; the ring */
	size_t text_size;
	uint64_t written;		/* bytes of text, gaps at the end of the ring included */
	uint64_t last_text;		/* the latest name */
	size_t last_len;
	struct names_counts counts;
};

/* --- life ------------------------------------------------------------------ */

static uint32_t
power_of_two_to(size_t n)
{
	uint32_t p = 1;

	while (p <= n / 2 && p < 1u << 31)
		p *= 2;
	return p;
}

struct names *
names_new(size_t max_bytes, struct hash_key key)
{
	size_t per_entry = sizeof(struct entry) + INDEXES * sizeof(uint32_t);
	size_t max = max_bytes / (per_entry + TEXT_PER_ENTRY);
	struct names *n = calloc(1, sizeof *n);

	if (n == NULL)
		return NULL;
	n->key = key;
	n->max = max < 1 ? 1 : max > UINT32_MAX / 2 ? UINT32_MAX / 2 : (uint32_t)max;
	n->mask = 2 * power_of_two_to(n->max) - 1;	/* chains of one, mostly */
	n->text_size = n->max * (size_t)TEXT_PER_ENTRY;
	if (n->text_size < TEXT_MIN)
		n->text_size = TEXT_MIN;
	n->entry = calloc((size_t)n->max + 1, sizeof *n->entry);
	n->text = malloc(n->text_size);
	for (unsigned i = 0; i < INDEXES; i++)
		n->bucket[i] = calloc((size_t)n->mask + 1, sizeof *n->bucket[i]);
	if (n->entry == NULL || n->text == NULL || n->bucket[BY_PAIR] == NULL || n->bucket[BY_ADDRESS] == NULL)
		names_free(&n);
	return n;
}

void
names_free(struct names **n)
{
	if (*n == NULL)
		return;
	free((*n)->entry);
	free((*n)->text);
	for (unsigned i = 0; i < INDEXES; i++)
		free((*n)->bucket[i]);
	free(*n);
	*n = NULL;
}

/* --- tables ---------------------------------------------------------------- */

static uint32_t *
bucket_of(const struct names *n, enum index by, const struct addr key[static 2])
{
	uint64_t h = by == BY_PAIR ? hash_bytes(&n->key, key, 2 * sizeof *key) :
				     hash_bytes(&n->key, &key[1], sizeof *key);

	return &n->bucket[by][h & n->mask];
}

static bool
same_key(enum index by, const struct addr a[static 2], const struct addr b[static 2])
{
	return addr_eq(&a[1], &b[1]) && (by == BY_ADDRESS || addr_eq(&a[0], &b[0]));
}

static uint32_t
lookup(const struct names *n, enum index by, const struct addr key[static 2])
{
	uint32_t i = *bucket_of(n, by, key);

	while (i != 0 && !same_key(by, n->entry[i].key, key))
		i = n->entry[i].next[by];
	return i;
}

static void
index_add(struct names *n, enum index by, uint32_t i)
{
	uint32_t *head = bucket_of(n, by, n->entry[i].key);

	n->entry[i].next[by] = *head;
	*head = i;
}

static void
index_remove(struct names *n, enum index by, uint32_t i)
{
	uint32_t *link = bucket_of(n, by, n->entry[i].key);

	while (*link != i)
		link = &n->entry[*link].next[by];
	*link = n->entry[i].next[by];
}

/* --- entries --------------------------------------------------------------- */

static void
enter(struct names *n, uint32_t i)
{
	struct entry *e = &n->entry[i];

	e->same_newer = 0;
	e->same_older = lookup(n, BY_ADDRESS, e->key);
	if (e->same_older != 0) {
		index_remove(n, BY_ADDRESS, e->same_older);
		n->entry[e->same_older].same_newer = i;
	}
	index_add(n, BY_ADDRESS, i);
	index_add(n, BY_PAIR, i);
	e->newer = 0;
	e->older = n->entry[0].older;
	n->entry[e->older].newer = i;
	n->entry[0].older = i;
	n->live++;
}

static void
leave(struct names *n, uint32_t i)
{
	struct entry *e = &n->entry[i];

	index_remove(n, BY_PAIR, i);
	if (e->same_newer == 0) {
		index_remove(n, BY_ADDRESS, i);
		if (e->same_older != 0)
			index_add(n, BY_ADDRESS, e->same_older);
	} else {
		n->entry[e->same_newer].same_older = e->same_older;
	}
	if (e->same_older != 0)
		n->entry[e->same_older].same_newer = e->same_newer;
	n->entry[e->older].newer = e->newer;
	n->entry[e->newer].older = e->older;
	e->next[BY_PAIR] = n->free;
	n->free = i;
	n->live--;
}

/* Captures that are merged may step back a little: that is no age. */
static uint64_t
age_of(const struct entry *e, uint64_t ts_ns)
{
	return ts_ns > e->seen_ns ? ts_ns - e->seen_ns : 0;
}

static bool
is_valid(const struct entry *e, uint64_t ts_ns)
{
	return age_of(e, ts_ns) < e->ttl_s * NS_PER_S;
}

/* The oldest makes room. */
static void
evict(struct names *n, uint64_t ts_ns)
{
	uint32_t oldest = n->entry[0].newer;

	n->counts.forgotten += is_valid(&n->entry[oldest], ts_ns);
	leave(n, oldest);
}

static uint32_t
entry_get(struct names *n, uint64_t ts_ns)
{
	uint32_t i;

	if (n->free == 0 && n->touched < n->max)
		return ++n->touched;
	if (n->free == 0)
		evict(n, ts_ns);
	i = n->free;
	n->free = n->entry[i].next[BY_PAIR];
	return i;
}

static const uint8_t *
text_at(const struct names *n, uint64_t where)
{
	return n->text + where % n->text_size;
}

/*
 * Entries by age are also by place of text, so those whose text is written over
 * are the oldest.  The addresses of one answer share its text.
 */
static uint64_t
text_put(struct names *n, uint64_t ts_ns, struct span name)
{
	size_t at = (size_t)(n->written % n->text_size);
	uint64_t end;

	if (name.len == n->last_len && memcmp(text_at(n, n->last_text), name.p, name.len) == 0)
		return n->last_text;
	if (name.len > n->text_size - at) {
		n->written += n->text_size - at;
		at = 0;
	}
	end = n->written + name.len;
	while (n->live > 0 && n->entry[n->entry[0].newer].text + n->text_size < end)
		evict(n, ts_ns);
	memcpy(n->text + at, name.p, name.len);
	n->last_text = n->written;
	n->last_len = name.len;
	n->written = end;
	return n->last_text;
}

void
names_add(struct names *n, uint64_t ts_ns, const struct addr *client, const struct addr *address,
    uint32_t ttl, struct span name)
{
	const struct addr key[2] = { *client, *address };
	uint32_t i = lookup(n, BY_PAIR, key);
	struct entry *e;
	uint64_t text;

	if (i != 0)
		leave(n, i);
	if (name.len == 0 || name.len > NAMES_LEN_MAX)
		return;
	text = text_put(n, ts_ns, name);
	i = entry_get(n, ts_ns);
	e = &n->entry[i];
	e->key[0] = *client;
	e->key[1] = *address;
	e->seen_ns = ts_ns;
	e->ttl_s = ttl < NAMES_TTL_MIN ? NAMES_TTL_MIN : ttl > NAMES_TTL_MAX ? NAMES_TTL_MAX : ttl;
	e->text = text;
	e->len = (uint32_t)name.len;
	enter(n, i);
	n->counts.added++;
}

/* --- questions ------------------------------------------------------------- */

static uint32_t
find_other(const struct names *n, uint64_t ts_ns, const struct addr key[static 2])
{
	uint32_t i = lookup(n, BY_ADDRESS, key);

	for (unsigned looked = 0; i != 0 && looked < OTHERS_MAX; looked++) {
		if (is_valid(&n->entry[i], ts_ns))
			return i;
		i = n->entry[i].same_older;
	}
	return 0;
}

bool
names_find(const struct names *n, uint64_t ts_ns, const struct addr *client, const struct addr *address,
    struct names_answer *out)
{
	const struct addr key[2] = { *client, *address };
	uint32_t i = lookup(n, BY_PAIR, key);
	bool own = i != 0 && is_valid(&n->entry[i], ts_ns);
	const struct entry *e;

	if (!own)
		i = find_other(n, ts_ns, key);
	if (i == 0)
		return false;
	e = &n->entry[i];
	out->name = (struct span){ text_at(n, e->text), e->len };
	out->age_ns = age_of(e, ts_ns);
	out->other_client = !own;
	return true;
}

bool
names_empty(const struct names *n)
{
	return n->live == 0;
}

void
names_counts(const struct names *n, struct names_counts *out)
{
	*out = n->counts;
}
