/* SPDX-License-Identifier: Apache-2.0 */
/*
 * mmcheck - is this file a whole and sound MaxMind DB (format 2.0)?
 *
 * Every path of the search tree is walked once and every record it leads to
 * is read to its end, before libmaxminddb sees a byte: random damage opens
 * fine there and shows as wrong answers later, and some of it makes old
 * releases recurse without end.  Damage inside a text cannot be noticed.
 */
#ifndef GEO_MMCHECK_H
#define GEO_MMCHECK_H

#include <stdint.h>

#include "core/err.h"
#include "core/rd.h"

enum { MM_SAMPLES = 256 };

struct mm_facts {
	uint64_t node_count;
	unsigned record_size;		/* bits: 24, 28 or 32 */
	unsigned ip_version;		/* 4 or 6 */
	uint32_t n_records;		/* distinct */
	unsigned n_samples;
	uint32_t samples[MM_SAMPLES];	/* offsets in the data section, spread over the records */
};

/* -1 and a clause without the file's name ("is damaged: ...") when it is not. */
int mm_check(struct span file, struct mm_facts *, struct err *);

#endif
