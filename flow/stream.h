/* SPDX-License-Identifier: Apache-2.0 */
/*
 * stream - the bytes of one direction of a TCP conversation, put in order.
 *
 * In-order bytes are shown straight from the frame; only what the reader left
 * unconsumed, and what came too early, is copied, into blocks of a capped
 * pool.  Of bytes that were sent twice, those seen first count.  A hole that
 * the peer has acknowledged, or that holds up too much, is declared lost and
 * the reader is told how many bytes are missing.  Bytes that the reader does
 * not want are skipped by number, holes among them included.
 *
 * A reader does:
 *
 *	stream_add(&s, mem, &segment);
 *	while (stream_show(&s, mem, &view)) {
 *		... look at view.data ...
 *		stream_consume(&s, mem, used, skip);
 *	}
 */
#ifndef FLOW_STREAM_H
#define FLOW_STREAM_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/rd.h"

enum {
	STREAM_HOLD_MAX = 32768,	/* unconsumed bytes kept for the reader */
	STREAM_EARLY_MAX = 262144,	/* memory of what came too early, a direction: 128 blocks */
	STREAM_WAIT_NS = 1000000000,	/* an acknowledged hole is waited for this long (packet time) */
	STREAM_BLOCK = 2048,		/* bytes of a pool block, header included */
};

struct stream_block;

/* Blocks for early segments and room for held bytes; one a worker. */
struct stream_mem {
	struct stream_block *free;	/* owned */
	size_t used, peak, max;		/* bytes handed out, most ever, cap */
	uint64_t refused;		/* counter: wanted memory and got none */
};

void stream_mem_init(struct stream_mem *, size_t max_bytes);
void stream_mem_fini(struct stream_mem *);

struct stream_segment {
	uint32_t seq;			/* of the first byte of payload */
	struct span payload;		/* captured part; borrowed */
	uint32_t wire_len;		/* payload on the wire; what is missing at its end was snapped */
	bool fin;
	uint64_t ts_ns;
};

struct stream {
	uint32_t next;			/* sequence number after the last byte shown or skipped */
	bool started;			/* next is meaningful */
	bool fresh;			/* there is something that was not shown yet */
	bool ended, end_told;		/* FIN reached in order; the reader knows */
	bool ending;			/* the conversation is over: holes will not fill */
	bool failed;			/* bytes could not be held */
	uint64_t skip;			/* bytes that the reader does not want */
	uint64_t gap;			/* bytes lost just before what will be shown next */
	uint64_t gap_after;		/* the same, just after what is shown now: snapped */
	uint64_t lost;			/* bytes lost in all */
	struct span cur;		/* borrowed: frame, or the block below */
	struct stream_block *cur_block;	/* owned; holds cur when it came early */
	uint8_t *hold;			/* owned; unconsumed bytes */
	uint32_t hold_len, hold_cap;
	struct stream_block *early;	/* owned; by sequence number */
	uint32_t early_bytes;		/* memory of it, in whole blocks */
	uint32_t fin_seq;		/* where the stream ends */
	bool fin_seen;
	uint64_t hole_ns;		/* when the hole before early was first seen */
};

struct stream_view {
	struct span data;		/* in-order bytes that are not consumed */
	uint64_t gap;			/* bytes lost directly before */
	bool snapped;			/* the capture cut the segment: bytes are missing directly after data */
	bool end;			/* nothing more will come */
};

/* next: sequence number of the first byte, where a SYN told it. */
void stream_start(struct stream *, uint32_t next);

/* The segment's bytes are borrowed until the last stream_show() for it. */
void stream_add(struct stream *, struct stream_mem *, const struct stream_segment *);

/* The peer has received everything before ack: holes before it will not fill. */
void stream_acked(struct stream *, struct stream_mem *, uint32_t ack, uint64_t ts_ns);

/* The conversation is over: what is left is shown, holes are declared lost. */
void stream_end(struct stream *);

bool stream_show(struct stream *, struct stream_mem *, struct stream_view *);

/*
 * used bytes of the view are done with, skip more after them need not be shown.
 * false: STREAM_HOLD_MAX bytes are not consumed, or there was no memory to hold
 * them; the stream is of no more use.
 */
bool stream_consume(struct stream *, struct stream_mem *, size_t used, uint64_t skip);

void stream_fini(struct stream *, struct stream_mem *);

#endif
