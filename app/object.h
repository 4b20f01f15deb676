/* SPDX-License-Identifier: Apache-2.0 */
/*
 * object - a file that an updater is seen to fetch in clear: its name, size,
 * type, version and digest, told when its last byte was seen or is known to be
 * lost.  Bodies are read only where the catalogue said update or download.
 */
#ifndef APP_OBJECT_H
#define APP_OBJECT_H

#include <stdbool.h>
#include <stdint.h>

#include "core/crypto.h"
#include "core/rd.h"

enum { OBJECT_HEAD = 512, OBJECTS_MAX = 4096 };

struct object {
	struct object *next;		/* free list */
	struct crypto_sum *sum;		/* owned */
	uint64_t size;			/* bytes seen */
	bool whole;			/* none was lost, so far */
	uint16_t n_head;
	uint8_t head[OBJECT_HEAD];
};

struct worker;
struct inspection;
struct flow_hit;
struct body_piece;

/* A piece of a response's body; gap: bytes were lost before it. */
void object_piece(struct worker *, struct flow_hit *, struct inspection *, const struct body_piece *, bool gap,
    uint64_t frame, uint64_t ts_ns);

/* The flow, or the exchange, is over: an object that goes on is told as far as it was seen. */
void object_break(struct worker *, struct flow_hit *, struct inspection *, uint64_t frame, uint64_t ts_ns);

void objects_free(struct worker *);

#endif
