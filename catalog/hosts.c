/* SPDX-License-Identifier: Apache-2.0 */
/* hosts - label-suffix hash table, hashed from the right so that one pass serves every suffix. */
#include "catalog/hosts.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

/* FNV-1a, 64 bits (draft-eastlake-fnv). */
#define FNV_BASIS 0xcbf29ce484222325ull
#define FNV_PRIME 0x100000001b3ull

struct slot {
	uint64_t hash;
	const char *name;	/* NULL: free */
	uint32_t len;
	uint32_t ref;
};

struct hosts {
	struct slot *slots;
	struct host_ref *refs;	/* refs[0] is nobody's */
	uint32_t n_refs, mask;
};

struct hosts *
hosts_new(size_t n)
{
	struct hosts *h = calloc(1, sizeof *h);
	size_t slots = 16;

	while (slots < 2 * n)
		slots *= 2;
	if (h == NULL)
		return NULL;
	h->slots = calloc(slots, sizeof *h->slots);
	h->refs = calloc(n + 1, sizeof *h->refs);
	h->mask = (uint32_t)(slots - 1);
	h->n_refs = 1;
	if (h->slots == NULL || h->refs == NULL)
		hosts_free(&h);
	return h;
}

void
hosts_free(struct hosts **h)
{
	if (*h != NULL) {
		free((*h)->slots);
		free((*h)->refs);
	}
	free(*h);
	*h = NULL;
}

/* The low bits of FNV alone depend on few bytes. */
static uint32_t
slot_of(const struct hosts *h, uint64_t hash)
{
	return (uint32_t)((hash ^ hash >> 32) * 0x9e3779b97f4a7c15ull >> 32) & h->mask;
}

static struct slot *
slot_find(const struct hosts *h, uint64_t hash, const char *name, size_t len)
{
	uint32_t i = slot_of(h, hash);

	for (;; i = (i + 1) & h->mask) {
		struct slot *s = &h->slots[i];

		if (s->name == NULL || (s->hash == hash && s->len == len && memcmp(s->name, name, len) == 0))
			return s;
	}
}

void
hosts_add(struct hosts *h, const char *name, enum host_how how, uint32_t signal)
{
	size_t len = strlen(name);
	uint64_t hash = FNV_BASIS;
	struct slot *s;

	for (size_t i = len; i-- > 0;)
		hash = (hash ^ (uint8_t)name[i]) * FNV_PRIME;
	s = slot_find(h, hash, name, len);
	if (s->name == NULL)
		*s = (struct slot){ .hash = hash, .name = name, .len = (uint32_t)len };
	h->refs[h->n_refs] = (struct host_ref){ .how = how, .signal = signal, .next = s->ref };
	s->ref = h->n_refs++;
}

unsigned
hosts_find(const struct hosts *h, const char *name, size_t len,
    struct host_found found[static HOSTS_FOUND_MAX])
{
	uint64_t hash = FNV_BASIS;
	unsigned n = 0;

	for (size_t i = len; i-- > 0 && n < HOSTS_FOUND_MAX;) {
		hash = (hash ^ (uint8_t)name[i]) * FNV_PRIME;
		if (i > 0 && name[i - 1] != '.')
			continue;

		const struct slot *s = slot_find(h, hash, name + i, len - i);

		if (s->name != NULL)
			found[n++] = (struct host_found){ .len = s->len, .ref = s->ref };
	}
	return n;
}

const struct host_ref *
hosts_ref(const struct hosts *h, uint32_t ref)
{
	return ref != 0 ? &h->refs[ref] : NULL;
}
