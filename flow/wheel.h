/* SPDX-License-Identifier: Apache-2.0 */
/*
 * wheel - flows waiting for their time-out: a list a second, linked by index
 * through struct flow.next.  Entries are looked at when their second comes and
 * put back if they were active since, so a packet never moves anything.
 */
#ifndef FLOW_WHEEL_H
#define FLOW_WHEEL_H

#include <stdint.h>

#include "flow/flow.h"

enum { WHEEL_SLOTS = 1024 };	/* seconds; longer waits take another turn */

struct wheel {
	uint64_t now_s;			/* slots up to here are empty */
	uint32_t head[WHEEL_SLOTS], tail[WHEEL_SLOTS];	/* index + 1 of flows; 0 = empty */
	uint64_t entries;
};

static inline void
wheel_add(struct wheel *w, struct flow *flows, uint32_t index, uint64_t due_s)
{
	uint64_t at = due_s <= w->now_s ? w->now_s + 1 : due_s;
	unsigned slot;

	if (at >= w->now_s + WHEEL_SLOTS)
		at = w->now_s + WHEEL_SLOTS - 1;
	slot = at % WHEEL_SLOTS;
	flows[index].next = 0;
	if (w->head[slot] == 0)
		w->head[slot] = index + 1;
	else
		flows[w->tail[slot] - 1].next = index + 1;
	w->tail[slot] = index + 1;
	w->entries++;
}

/* Takes the first entry of the slot of second s; index + 1, or 0 when it is empty. */
static inline uint32_t
wheel_take(struct wheel *w, const struct flow *flows, uint64_t s)
{
	unsigned slot = s % WHEEL_SLOTS;
	uint32_t first = w->head[slot];

	if (first != 0) {
		w->head[slot] = flows[first - 1].next;
		w->entries--;
	}
	return first;
}

#endif
