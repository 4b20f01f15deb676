/* SPDX-License-Identifier: Apache-2.0 */
/*
 * names - what DNS lately said of an address, to that client.
 *
 * Bounded: the entries and the bytes of names are two rings, the oldest is
 * forgotten first (counted).  An answer counts for its TTL, at least
 * NAMES_TTL_MIN seconds (clients keep addresses longer than they should) and at
 * most NAMES_TTL_MAX.
 */
#ifndef FLOW_NAMES_H
#define FLOW_NAMES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/addr.h"
#include "core/hash.h"
#include "core/rd.h"

enum {
	NAMES_TTL_MIN = 300, NAMES_TTL_MAX = 86400, NAMES_LEN_MAX = 255,
	NAMES_CHAIN_MAX = 4,		/* names of one answer: what was asked for, and where CNAMEs led */
};

struct names;

struct names_answer {
	unsigned n;			/* at least 1 */
	struct span name[NAMES_CHAIN_MAX];	/* the question first; lower case; borrowed until the next names_add() */
	uint64_t age_ns;		/* since the answer was seen */
	bool other_client;		/* it was told to somebody else */
};

struct names_counts {
	uint64_t added, forgotten;	/* forgotten: pushed out before they expired */
};

/* max_bytes: memory for entries and text together.  NULL when there is no memory. */
struct names *names_new(size_t max_bytes, struct hash_key key);
void names_free(struct names **);

/*
 * client was told at ts_ns that name[0], and the CNAMEs on the way, are at
 * address, for ttl seconds.  Names after the first NAMES_CHAIN_MAX, or longer
 * than NAMES_LEN_MAX, are left out.
 */
void names_add(struct names *, uint64_t ts_ns, const struct addr *client, const struct addr *address,
    uint32_t ttl, const struct span *name, unsigned count);

/* Latest names of address told to client and still valid; else to anybody.  false: none. */
bool names_find(struct names *, uint64_t ts_ns, const struct addr *client,
    const struct addr *address, struct names_answer *);

/* Nothing is remembered: names_find() would say false for anything. */
bool names_empty(const struct names *);
void names_counts(struct names *, struct names_counts *);

#endif
