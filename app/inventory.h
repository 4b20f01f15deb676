/* SPDX-License-Identifier: Apache-2.0 */
/*
 * inventory - which products were seen on which hosts, since when, and for what.
 *
 * Bounded: a fixed number of entries, of which the one that was quiet the longest
 * makes room for a new one (counted).  Time is packet time.  Vendors and products
 * are borrowed from the catalogue, which must outlive the table.
 */
#ifndef APP_INVENTORY_H
#define APP_INVENTORY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "catalog/catalog.h"
#include "core/addr.h"
#include "core/err.h"
#include "core/hash.h"

enum { INVENTORY_VERSION_MAX = 32, INVENTORY_AGAIN_S = 3600 };

/* A product on a host.  Zeroed but for what is known. */
struct inventory_entry {
	struct addr client, server;	/* server: of the last contact */
	const struct vendor *vendor;
	const struct product *product;	/* NULL: not told apart */
	uint64_t first_ns, last_ns;	/* of its contacts */
	uint64_t told_ns;		/* of its last event */
	unsigned strong_kinds;		/* kinds of strong evidence that were met: evidence_strong_kinds() */
	enum strength strength;		/* of the best evidence */
	unsigned confidence;		/* the best so far */
	bool present;			/* one proof, or strong evidence of two kinds, taken together */
	char version[INVENTORY_VERSION_MAX + 1];	/* last seen; "": none */
	struct {
		uint64_t contacts, bytes_up, bytes_down;
	} purposes[PURPOSES_N];
};

/* What a contact changed; bits, for an event may tell of several. */
enum {
	INVENTORY_NEW = 1,		/* the product appeared */
	INVENTORY_AGAIN = 2,		/* an hour or more after its last event */
	INVENTORY_PURPOSE = 4,		/* it was not seen doing that before */
	INVENTORY_PRESENT = 8,		/* from contact to present */
	INVENTORY_OTHER_VERSION = 16,
};

struct inventory_counts {
	uint64_t entries, evicted;
	uint64_t unknown;		/* entries of a state file whose vendor or product is no longer in the catalogue */
};

struct inventory;

/* max_bytes: memory for all of it.  NULL and a sentence. */
struct inventory *inventory_new(size_t max_bytes, struct hash_key, struct err *);
void inventory_free(struct inventory **);

/*
 * A contact was seen.  version may have length 0.  Returns INVENTORY_* bits, 0 for
 * nothing worth an event, and in *entry what is known now (borrowed until the
 * next call).
 */
unsigned inventory_contact(struct inventory *, uint64_t ts_ns, const struct addr *client, const struct addr *server,
    const struct attribution *, unsigned strong_kinds, struct span version, const struct inventory_entry **entry);

/* Bytes of a flow under a purpose; nothing when there is no such entry. */
void inventory_bytes(struct inventory *, const struct addr *client, const struct vendor *, const struct product *,
    enum purpose, uint64_t up, uint64_t down);

/*
 * Was that host seen, as client or as server, with evidence of the vendor better
 * than weak?  A port alone is believed of such a host.  NULL inventory: no.
 */
bool inventory_knows(const struct inventory *, const struct addr *host, const struct vendor *);

/* An entry as a state file had it; the same key again replaces.  Counts of time and order are the entry's own. */
void inventory_restore(struct inventory *, const struct inventory_entry *);
void inventory_count_unknown(struct inventory *);

/* All entries by first_ns, then client, vendor id, product id: an array of pointers the caller frees; NULL: no memory. */
const struct inventory_entry **inventory_list(const struct inventory *, size_t *n);

void inventory_counts(const struct inventory *, struct inventory_counts *);

#endif
