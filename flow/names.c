/* SPDX-License-Identifier: Apache-2.0 */
/* names - a ring of answers over a ring of text, and two hash tables of chains into the former. */
#include "flow/names.h"

#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

enum {
	TEXT_MIN = 2048,
	TEXT_PER_ENTRY = 48,
	HEADS_PER_ENTRY = 4,		/* so few chains are shared; a power of two */
	LINKS_MAX = 64,			/* of a chain, that are followed */
	UNLINK_MAX = 16,		/* the same, to take a replaced answer out of it */
	LARGE_PAGE = 2 << 20,
	BEHIND = 8,			/* answers that wait until their chains are in the cache */
};

#define NS_PER_S 1000000000ull

enum index { BY_PAIR, BY_ADDRESS, INDEXES };

/*
 * Entries are written one after another and never move, so an answer costs the
 * next line of the ring and the two heads of its chains.  A chain leads from the
 * newest to older ones; a link to what was written over since ends it.
 */
struct entry {
	struct addr client, address;
	uint64_t seen_ns;
	uint64_t text;			/* where the names are, in bytes ever written */
	uint32_t ttl_s;			/* 0: replaced by a later answer */
	uint32_t next[INDEXES];		/* number of an older entry; 0 none */
	uint16_t len;			/* of all names, with a byte between each */
};

_Static_assert(sizeof(struct entry) == 64, "an entry is one cache line");

struct names {
	struct hash_key key;
	struct entry *entry;		/* owned; max of them, number n in n % max */
	uint32_t *head[INDEXES];	/* owned; mask + 1 numbers each, of the newest entry of a chain */
	uint32_t mask;
	uint32_t max, live;
	uint32_t first, next;		/* numbers: the oldest that is kept, the one to be written; never 0 */
	struct pending {		/* answers whose chains are on their way to the cache */
		struct key {
			struct addr client, address;
		} key;
		uint64_t hash[INDEXES], seen_ns;
		uint32_t ttl_s, len;
		uint8_t text[NAMES_CHAIN_MAX * (NAMES_LEN_MAX + 1)];
	} pending[BEHIND];
	unsigned n_pending, oldest_pending;
	uint8_t *text;			/* owned; the ring */
	size_t text_size;
	uint64_t written;		/* bytes of text, gaps at the end of the ring included */
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

/* Zeroed, in large pages where that is worth it: the tables are touched at random. */
static void *
table(size_t n)
{
	size_t align = n >= LARGE_PAGE ? LARGE_PAGE : sizeof(struct entry);
	void *p;

	n = (n + align - 1) / align * align;
	p = aligned_alloc(align, n);
	if (p != NULL && align == LARGE_PAGE)
		madvise(p, n, MADV_HUGEPAGE);
	return p != NULL ? memset(p, 0, n) : NULL;
}

struct names *
names_new(size_t max_bytes, struct hash_key key)
{
	size_t per_entry = sizeof(struct entry) + HEADS_PER_ENTRY * INDEXES * sizeof(uint32_t);
	size_t max = max_bytes / (per_entry + TEXT_PER_ENTRY);
	struct names *n = calloc(1, sizeof *n);

	if (n == NULL)
		return NULL;
	n->key = key;
	/* A power of two, so that numbers may wrap. */
	n->max = power_of_two_to(max < 1 ? 1 : max < 1u << 28 ? max : 1u << 28);
	n->mask = HEADS_PER_ENTRY * n->max - 1;
	n->first = n->next = 1;
	n->text_size = n->max * (size_t)TEXT_PER_ENTRY;
	if (n->text_size < TEXT_MIN)
		n->text_size = TEXT_MIN;
	n->entry = table(n->max * sizeof *n->entry);
	n->text = malloc(n->text_size);
	for (unsigned i = 0; i < INDEXES; i++)
		n->head[i] = table(((size_t)n->mask + 1) * sizeof *n->head[i]);
	if (n->entry == NULL || n->text == NULL || n->head[BY_PAIR] == NULL || n->head[BY_ADDRESS] == NULL)
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
		free((*n)->head[i]);
	free(*n);
	*n = NULL;
}

/* --- chains ---------------------------------------------------------------- */

static uint64_t
hash_of(const struct names *n, enum index by, const struct key *k)
{
	return by == BY_PAIR ? hash_bytes(&n->key, k, sizeof *k) :
			       hash_bytes(&n->key, &k->address, sizeof k->address);
}

static uint32_t *
head_of(const struct names *n, enum index by, uint64_t hash)
{
	return &n->head[by][hash & n->mask];
}

static struct entry *
at(const struct names *n, uint32_t number)
{
	return &n->entry[number & (n->max - 1)];
}

static bool
is_kept(const struct names *n, uint32_t number)
{
	return number != 0 && number - n->first < n->next - n->first;
}

/* Its names were not written over. */
static bool
has_names(const struct names *n, const struct entry *e)
{
	return e->text + n->text_size >= n->written;
}

/* The latest answer to that client that was not replaced; 0 none. */
static uint32_t
find_own(const struct names *n, uint64_t hash, const struct key *k)
{
	uint32_t i = *head_of(n, BY_PAIR, hash);

	for (unsigned links = 0; is_kept(n, i) && links < LINKS_MAX; links++) {
		const struct entry *e = at(n, i);

		if (e->ttl_s > 0 && addr_eq(&e->address, &k->address) && addr_eq(&e->client, &k->client))
			return i;
		i = e->next[BY_PAIR];
	}
	return 0;
}

static void
link_in(struct names *n, enum index by, uint32_t i, uint64_t hash)
{
	uint32_t *head = head_of(n, by, hash);

	at(n, i)->next[by] = *head;
	*head = i;
}

/* Takes entry i out of its chain, if it stands near the head of it. */
static void
unlink_near(struct names *n, enum index by, uint32_t i, uint64_t hash)
{
	uint32_t *link = head_of(n, by, hash);

	for (unsigned links = 0; is_kept(n, *link) && links < UNLINK_MAX; links++) {
		if (*link == i) {
			*link = at(n, i)->next[by];
			return;
		}
		link = &at(n, *link)->next[by];
	}
}

/* What was said before of that address to that client counts no more. */
static void
replace(struct names *n, const struct key *key, uint64_t pair, uint64_t address)
{
	uint32_t old = find_own(n, pair, key);

	if (old == 0)
		return;
	at(n, old)->ttl_s = 0;
	n->live--;
	unlink_near(n, BY_PAIR, old, pair);
	unlink_near(n, BY_ADDRESS, old, address);
}

/* --- entries --------------------------------------------------------------- */

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

static uint32_t
after(uint32_t number)
{
	return number + 1 != 0 ? number + 1 : 1;
}

/* The oldest makes room; links to it end their chains from now on. */
static void
forget_first(struct names *n, uint64_t ts_ns)
{
	const struct entry *e = at(n, n->first);

	n->counts.forgotten += is_valid(e, ts_ns);
	n->live -= e->ttl_s > 0;
	n->first = after(n->first);
}

static const uint8_t *
text_at(const struct names *n, uint64_t where)
{
	return n->text + where % n->text_size;
}

static bool
has_text(const struct names *n, uint32_t i, const struct pending *p)
{
	const struct entry *e = at(n, i);

	return is_kept(n, i) && has_names(n, e) && e->len == p->len && memcmp(text_at(n, e->text), p->text, p->len) == 0;
}

/* The addresses of one answer share its text.  Entries whose text is written over are of no use any more. */
static uint64_t
text_put(struct names *n, const struct pending *p)
{
	size_t left = n->text_size - (size_t)(n->written % n->text_size);
	uint64_t where;

	if (has_text(n, n->next - 1, p))
		return at(n, n->next - 1)->text;
	if (p->len > left)
		n->written += left;
	where = n->written;
	while (n->first != n->next && at(n, n->first)->text + n->text_size < where + p->len)
		forget_first(n, p->seen_ns);
	memcpy(n->text + where % n->text_size, p->text, p->len);
	n->written += p->len;
	return where;
}

/*
 * An answer about what is known takes the place of the last one, unless that is
 * old and would soon be written over: most of what resolvers say they said before.
 */
static bool
refresh(struct names *n, const struct pending *p)
{
	uint32_t i = find_own(n, p->hash[BY_PAIR], &p->key);
	struct entry *e = at(n, i);

	if (i == 0 || n->next - i > n->max / 2)
		return false;
	if (!has_text(n, i, p) || n->written - e->text > n->text_size / 2) {
		e->text = text_put(n, p);
		e->len = (uint16_t)p->len;
		if (!is_kept(n, i))
			return false;	/* its own text was in the way of the new one */
	}
	e->seen_ns = p->seen_ns;
	e->ttl_s = p->ttl_s;
	return true;
}

static void
settle(struct names *n, const struct pending *p)
{
	uint32_t i;

	n->counts.added += p->len > 0;
	if (p->len > 0 && refresh(n, p))
		return;
	replace(n, &p->key, p->hash[BY_PAIR], p->hash[BY_ADDRESS]);
	if (p->len == 0)
		return;
	if (n->next - n->first >= n->max)
		forget_first(n, p->seen_ns);
	i = n->next;
	*at(n, i) = (struct entry){ .client = p->key.client, .address = p->key.address, .seen_ns = p->seen_ns,
		.text = text_put(n, p), .ttl_s = p->ttl_s, .len = (uint16_t)p->len };
	n->next = after(i);
	n->live++;
	link_in(n, BY_PAIR, i, p->hash[BY_PAIR]);
	link_in(n, BY_ADDRESS, i, p->hash[BY_ADDRESS]);
}

static void
settle_oldest(struct names *n)
{
	settle(n, &n->pending[n->oldest_pending]);
	n->oldest_pending = (n->oldest_pending + 1) % BEHIND;
	n->n_pending--;
}

/* What can be kept of an answer's names, one after another. */
static void
join(struct pending *p, const struct span *name, unsigned n)
{
	unsigned kept = 0;

	p->len = 0;
	for (unsigned i = 0; i < n && kept < NAMES_CHAIN_MAX; i++) {
		bool fits = name[i].len > 0 && name[i].len <= NAMES_LEN_MAX;

		if (!fits && i == 0)
			return;
		if (!fits)
			continue;
		if (kept++ > 0)
			p->text[p->len++] = '\0';
		memcpy(p->text + p->len, name[i].p, name[i].len);
		p->len += (uint32_t)name[i].len;
	}
}

/* The head of its chain has arrived: the entry that it leads to is next. */
static void
look_ahead(const struct names *n, const struct pending *p)
{
	uint32_t i = *head_of(n, BY_PAIR, p->hash[BY_PAIR]);

	if (is_kept(n, i))
		__builtin_prefetch(at(n, i));
}

void
names_add(struct names *n, uint64_t ts_ns, const struct addr *client, const struct addr *address, uint32_t ttl,
    const struct span *name, unsigned count)
{
	struct pending *p = &n->pending[(n->oldest_pending + n->n_pending) % BEHIND];

	p->key = (struct key){ *client, *address };
	p->seen_ns = ts_ns;
	p->ttl_s = ttl < NAMES_TTL_MIN ? NAMES_TTL_MIN : ttl > NAMES_TTL_MAX ? NAMES_TTL_MAX : ttl;
	join(p, name, count);
	for (unsigned by = 0; by < INDEXES; by++) {
		p->hash[by] = hash_of(n, (enum index)by, &p->key);
		__builtin_prefetch(head_of(n, (enum index)by, p->hash[by]), 1);
	}
	if (++n->n_pending == BEHIND)
		settle_oldest(n);
	look_ahead(n, &n->pending[(n->oldest_pending + BEHIND / 2) % BEHIND]);
}

/* --- questions ------------------------------------------------------------- */

static void
settle_all(struct names *n)
{
	while (n->n_pending > 0)
		settle_oldest(n);
}

/* The answer about that address, to whomever, that was given last. */
static uint32_t
find_any(const struct names *n, uint64_t ts_ns, const struct key *k)
{
	uint32_t i = *head_of(n, BY_ADDRESS, hash_of(n, BY_ADDRESS, k)), best = 0;

	for (unsigned links = 0; is_kept(n, i) && links < LINKS_MAX; links++) {
		const struct entry *e = at(n, i);

		if (is_valid(e, ts_ns) && has_names(n, e) && addr_eq(&e->address, &k->address) &&
		    (best == 0 || e->seen_ns > at(n, best)->seen_ns))
			best = i;
		i = e->next[BY_ADDRESS];
	}
	return best;
}

static void
tell(const struct names *n, const struct entry *e, struct names_answer *out)
{
	const uint8_t *p = text_at(n, e->text), *end = p + e->len;

	for (out->n = 0; out->n < NAMES_CHAIN_MAX && p < end; out->n++) {
		const uint8_t *stop = memchr(p, '\0', (size_t)(end - p));
		size_t len = stop != NULL ? (size_t)(stop - p) : (size_t)(end - p);

		out->name[out->n] = (struct span){ p, len };
		p += len + 1;
	}
}

bool
names_find(struct names *n, uint64_t ts_ns, const struct addr *client, const struct addr *address,
    struct names_answer *out)
{
	const struct key key = { *client, *address };
	uint32_t i;
	bool own;

	settle_all(n);
	i = find_own(n, hash_of(n, BY_PAIR, &key), &key);
	own = i != 0 && is_valid(at(n, i), ts_ns) && has_names(n, at(n, i));
	if (!own)
		i = find_any(n, ts_ns, &key);
	if (i == 0)
		return false;
	tell(n, at(n, i), out);
	out->age_ns = age_of(at(n, i), ts_ns);
	out->other_client = !own;
	return true;
}

bool
names_empty(const struct names *n)
{
	return n->live == 0 && n->n_pending == 0;
}

void
names_counts(struct names *n, struct names_counts *out)
{
	settle_all(n);
	*out = n->counts;
}
