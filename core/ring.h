/* SPDX-License-Identifier: Apache-2.0 */
/*
 * ring - bounded queue of pointers, one producer thread, one consumer thread.
 *
 * Pushing hands the item over; a push that returns false leaves it with the
 * caller.  After ring_close() the consumer still gets all that was pushed:
 * it must look once more after it has seen the closing, hence RING_END.
 */
#ifndef CORE_RING_H
#define CORE_RING_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>

struct ring {
	_Alignas(64) atomic_size_t head;	/* next to write; producer's */
	_Alignas(64) atomic_size_t tail;	/* next to read; consumer's */
	_Alignas(64) atomic_bool closed;
	size_t mask;
	void **slot;		/* borrowed: mask + 1 of them, a power of two */
};

enum ring_status { RING_ITEM, RING_EMPTY, RING_END };

static inline bool
ring_push(struct ring *r, void *item)
{
	size_t head = atomic_load_explicit(&r->head, memory_order_relaxed);
	size_t tail = atomic_load_explicit(&r->tail, memory_order_acquire);

	if (head - tail > r->mask)
		return false;
	r->slot[head & r->mask] = item;
	atomic_store_explicit(&r->head, head + 1, memory_order_release);
	return true;
}

static inline void
ring_close(struct ring *r)
{
	atomic_store_explicit(&r->closed, true, memory_order_release);
}

static inline enum ring_status
ring_pop(struct ring *r, void **item)
{
	/* Read closed before head: what was pushed before closing is then seen. */
	bool closed = atomic_load_explicit(&r->closed, memory_order_acquire);
	size_t tail = atomic_load_explicit(&r->tail, memory_order_relaxed);

	if (tail == atomic_load_explicit(&r->head, memory_order_acquire))
		return closed ? RING_END : RING_EMPTY;
	*item = r->slot[tail & r->mask];
	atomic_store_explicit(&r->tail, tail + 1, memory_order_release);
	return RING_ITEM;
}

#endif
