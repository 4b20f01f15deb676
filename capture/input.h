/* SPDX-License-Identifier: Apache-2.0 */
/*
 * input - bytes of one file or pipe, with a window to look ahead in.
 *
 * The window makes the first bytes visible without consuming them, which is
 * how formats are told apart on a pipe.
 */
#ifndef CAPTURE_INPUT_H
#define CAPTURE_INPUT_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include "core/rd.h"

struct input {
	int fd;				/* owned */
	uint8_t *buf;			/* owned; the window's memory */
	char *stdio;			/* owned; of the stream, NULL without one */
	size_t cap, at, end;		/* window is buf[at..end) */
	uint64_t consumed;		/* bytes taken out of the window, for progress */
	bool eof;
	int error;			/* errno of a failed read; 0 none */
	const atomic_bool *stop;	/* borrowed: reading ends early when it becomes true */
};

/* Takes fd.  -1 when memory is out. */
int input_init(struct input *, int fd, const atomic_bool *stop);
void input_fini(struct input *);

/*
 * At least want bytes in the window unless the input ends first; what is
 * there.  The span is borrowed until the next input_peek().
 */
struct span input_peek(struct input *, size_t want);
void input_take(struct input *, size_t n);	/* n <= what the last peek gave */

/* The same without holding them all; false when the input ends first. */
bool input_skip(struct input *, size_t n);

/* A stdio stream that reads the rest; the input must outlive it.  NULL: errno. */
FILE *input_stream(struct input *);

#endif
