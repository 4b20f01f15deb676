/* SPDX-License-Identifier: Apache-2.0 */
/*
 * sink - a place where finished lines go; one file and one row of the table each.
 *
 * A sink is opened by the thread that starts the program, before the rights of
 * root are given up, and from then on is touched by the writer's thread only.
 * It may block.  It says nothing to people: a failed call leaves errno or a
 * sentence, and the writer tells.
 */
#ifndef OUTPUT_SINK_H
#define OUTPUT_SINK_H

#include <stdbool.h>
#include <sys/types.h>
#include <sys/uio.h>

#include "core/err.h"
#include "output/writer.h"

struct sink {
	const char *name;	/* KIND of "KIND:REST"; "-" is alone */
	/*
	 * keep: add to what is there already (a sensor that starts again); else
	 * replace it.  NULL and a sentence when it cannot be opened.
	 */
	void *(*open)(const char *rest, bool keep, struct err *);
	/* Bytes taken, at least 1, perhaps not all; -1 with errno.  The bytes are borrowed. */
	ssize_t (*writev)(void *, const struct iovec *, int n);
	/* Hand on what was held back; NULL: nothing ever is.  -1 and a sentence. */
	int (*flush)(void *, struct err *);
	void (*close)(void **);
};

/* THE TABLE (sink.c): ended by NULL. */
extern const struct sink *const sinks[];

extern const struct sink stdout_sink, file_sink;

/*
 * The row for a target: "-", "KIND:REST", or a path.  *rest is what the row
 * opens; borrowed from target.  NULL and a sentence when there is no such kind.
 */
const struct sink *sink_find(const char *target, const char **rest, struct err *);

/* writer_open() with the row at hand. */
struct writer *writer_start(const struct sink *, const char *rest, bool wait, struct err *);

#endif
