/* SPDX-License-Identifier: Apache-2.0 */
/* arena - chunks of one size, passed from pool to arena and back. */
#include "core/arena.h"

#include <stdlib.h>
#include <string.h>

enum { HEADER = 16, ROOM = ARENA_CHUNK - HEADER, CHUNKS_DEFAULT = 16 };

struct arena_chunk {
	struct arena_chunk *next;	/* owned */
	_Alignas(16) uint8_t room[ROOM];
};

void
arena_pool_init(struct arena_pool *pool, size_t max_chunks)
{
	*pool = (struct arena_pool){ .max = max_chunks };
}

void
arena_pool_fini(struct arena_pool *pool)
{
	while (pool->free != NULL) {
		struct arena_chunk *c = pool->free;

		pool->free = c->next;
		free(c);
	}
}

/* Chunks are kept once allocated: malloc is met only while the peak still grows. */
static struct arena_chunk *
chunk_get(struct arena_pool *pool)
{
	struct arena_chunk *c = pool->free;

	if (c != NULL)
		pool->free = c->next;
	else if (pool->live >= pool->max || (c = malloc(sizeof *c)) == NULL)
		return NULL;
	if (++pool->live > pool->peak)
		pool->peak = pool->live;
	return c;
}

void *
arena_alloc(struct arena *a, struct arena_pool *pool, size_t n)
{
	uint16_t max = a->max > 0 ? a->max : CHUNKS_DEFAULT;
	uint8_t *p;

	if (n > ROOM)
		return NULL;
	n = (n + 7) & ~(size_t)7;
	if (a->chunks == NULL || n > (size_t)(ROOM - a->used)) {
		struct arena_chunk *c = a->count < max ? chunk_get(pool) : NULL;

		if (c == NULL) {
			pool->refused++;
			return NULL;
		}
		c->next = a->chunks;
		a->chunks = c;
		a->used = 0;
		a->count++;
	}
	p = a->chunks->room + a->used;
	a->used = (uint16_t)(a->used + n);
	return memset(p, 0, n);
}

struct span
arena_copy(struct arena *a, struct arena_pool *pool, struct span s)
{
	size_t len = s.len < ROOM ? s.len : ROOM;
	uint8_t *p = arena_alloc(a, pool, len > 0 ? len : 1);

	if (p == NULL)
		return (struct span){ 0 };
	if (len > 0)
		memcpy(p, s.p, len);
	return (struct span){ p, len };
}

void
arena_reset(struct arena *a, struct arena_pool *pool)
{
	while (a->chunks != NULL) {
		struct arena_chunk *c = a->chunks;

		a->chunks = c->next;
		c->next = pool->free;
		pool->free = c;
		pool->live--;
	}
	a->used = a->count = 0;
}
