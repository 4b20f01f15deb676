/* SPDX-License-Identifier: Apache-2.0 */
/*
 * writer - the one thread that writes; sinks are rows of a table (sink.h).
 *
 * The worker hands over finished lines through a bounded ring.  Offline a full
 * ring makes the worker wait; live the line is dropped and counted.
 */
#ifndef OUTPUT_WRITER_H
#define OUTPUT_WRITER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/err.h"

struct writer;

struct writer_counts {
	uint64_t lines, bytes;		/* written */
	uint64_t dropped;		/* live: the ring was full; or the sink failed for good */
};

/*
 * target: "-" for standard output, else "KIND:REST" of the sinks table or a
 * path.  Opens the sink and starts the thread; wait says what a full ring does.
 */
struct writer *writer_open(const char *target, bool wait, struct err *);

/*
 * Hands a malloc'ed line over; on true the writer frees it.  On false (live
 * ring full, or the sink has failed) it is freed and counted here too: the
 * caller never owns it after the call.
 */
bool writer_push(struct writer *, char *line, size_t len);

/* The sink failed for good (disk full, reader gone): the sentence, else NULL.  Any thread. */
const char *writer_failed(const struct writer *);

void writer_counts(const struct writer *, struct writer_counts *);	/* after writer_close() they are final */

/* Drains, flushes, closes.  -1 and a sentence when not everything was written. */
int writer_close(struct writer **, struct writer_counts *, struct err *);

#endif
