/* SPDX-License-Identifier: Apache-2.0 */
/*
 * arena - bump allocation that dies all at once.
 *
 * Chunks come from a pool that several arenas share and that is capped: when
 * the pool is dry or an arena reaches its own cap, allocation answers NULL and
 * the caller does without (and counts it).  Nothing is freed singly.
 */
#ifndef CORE_ARENA_H
#define CORE_ARENA_H

#include <stddef.h>
#include <stdint.h>

#include "core/rd.h"

enum { ARENA_CHUNK = 1024 };		/* bytes, of which 16 are the header */

struct arena_chunk;

struct arena_pool {
	struct arena_chunk *free;	/* owned */
	size_t live, peak, max;		/* chunks handed out, most ever, cap */
	uint64_t refused;		/* counter: allocations that got NULL */
};

struct arena {
	struct arena_chunk *chunks;	/* owned; newest first */
	uint16_t used;			/* bytes used of the newest */
	uint16_t count, max;		/* chunks held, cap; max 0 is treated as 16 */
};

void arena_pool_init(struct arena_pool *, size_t max_chunks);
void arena_pool_fini(struct arena_pool *);

/* Zeroed, 8-byte aligned, at most ARENA_CHUNK - 16 bytes; NULL when a cap is reached or n is larger. */
void *arena_alloc(struct arena *, struct arena_pool *, size_t n);

/* A copy of s, cut to what one chunk holds; { 0 } when a cap is reached. */
struct span arena_copy(struct arena *, struct arena_pool *, struct span s);

/* Give every chunk back; the arena is empty and usable again. */
void arena_reset(struct arena *, struct arena_pool *);

#endif
