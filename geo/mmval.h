/* SPDX-License-Identifier: Apache-2.0 */
/*
 * mmval - values of the MaxMind DB format, version 2.0, sections "Output Data
 * Section" and "Metadata Section".
 *
 * A section is a run of bytes in which offsets count from its start: the data
 * section of a database, or its metadata.  Nothing here trusts the bytes.
 */
#ifndef GEO_MMVAL_H
#define GEO_MMVAL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/rd.h"

enum mm_type {
	MM_EXTENDED, MM_POINTER, MM_STRING, MM_DOUBLE, MM_BYTES, MM_UINT16, MM_UINT32, MM_MAP,
	MM_INT32, MM_UINT64, MM_UINT128, MM_ARRAY, MM_CONTAINER, MM_END, MM_BOOL, MM_FLOAT
};

enum {
	MM_DEPTH_MAX = 32,		/* maps in maps; real ones have 4 */
	MM_VALUES_MAX = 65536		/* of one record, pointers followed; real ones have some hundred */
};

struct mm_value {
	enum mm_type type;		/* never MM_POINTER: pointers are followed */
	uint32_t size;			/* bytes; pairs of a map, elements of an array, truth of a boolean */
	size_t body;			/* offset of the bytes, or of the first pair or element */
	size_t next;			/* offset behind it; of a map or array: only where via is true */
	bool via;			/* it was reached through a pointer, which ends at next */
};

/* Read the value at offset at, following a pointer; false when it is none or leaves the section. */
bool mm_value(struct span section, size_t at, struct mm_value *);

/*
 * The value at offset at with all that is in it: in the section, of known
 * types, its map keys strings, within the limits above.  *end gets the offset
 * behind it.  values counts down; none left is a refusal.
 */
bool mm_sound(struct span section, size_t at, size_t *end, uint64_t *values);

/* The value of that key in the map at offset at, which mm_sound() accepted. */
bool mm_key(struct span section, size_t at, const char *key, struct mm_value *);
bool mm_key_uint(struct span section, size_t at, const char *key, uint64_t *out);

/* An array or map that holds texts only, keys and values. */
bool mm_all_texts(struct span section, const struct mm_value *);

#endif
