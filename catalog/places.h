/* SPDX-License-Identifier: Apache-2.0 */
/*
 * places - where each key and value of a YAML text is written.
 *
 * The schema reader tells what is in a file, but not always where; messages
 * need both.  This is a first pass over the same text that also refuses what
 * no file here needs: aliases, tags, several documents, a key given twice, NUL.
 */
#ifndef CATALOG_PLACES_H
#define CATALOG_PLACES_H

#include <stddef.h>

#include "core/err.h"

enum {
	PLACES_MAX = 65536,		/* values in one text */
	PLACES_DEPTH = 8,		/* mappings and sequences inside each other */
	PLACES_KEYS = 64,		/* keys of one mapping */
	PLACES_KEY_LEN = 31
};

struct place {
	unsigned line, column;		/* of the value, from 1 */
	unsigned key_line, key_column;	/* of its key; of the value itself inside a sequence */
	char key[PLACES_KEY_LEN + 1];	/* "" inside a sequence */
	unsigned parent, first, last, next, children;	/* numbers of places; 0 = none */
};

struct places;

/* NULL and a sentence "file:line:column: ..." when it is not one mapping of YAML.  file is borrowed. */
struct places *places_read(const char *file, const char *text, size_t len, struct err *);
void places_free(struct places **);

/* The mapping that the text is. */
const struct place *places_root(const struct places *);

/* Value of key in a mapping, i-th entry of a sequence; NULL when there is none.  parent may be NULL. */
const struct place *places_key(const struct places *, const struct place *parent, const char *key);
const struct place *places_item(const struct places *, const struct place *parent, unsigned i);

/* First value from line:column on whose key is key; NULL when there is none. */
const struct place *places_after(const struct places *, unsigned line, unsigned column, const char *key);

/* The mapping or sequence that it stands in; NULL for the root. */
const struct place *places_parent(const struct places *, const struct place *);

#endif
