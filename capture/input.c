/* SPDX-License-Identifier: Apache-2.0 */
/* input - a window over a file descriptor, and a stdio stream on top of it for libpcap. */
#include "capture/input.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* A window that stays in the second-level cache reads fastest. */
enum { WINDOW = 256 << 10 };

int
input_init(struct input *in, int fd, const atomic_bool *stop)
{
	*in = (struct input){ .fd = fd, .cap = WINDOW, .stop = stop };
	in->buf = malloc(in->cap);
	return in->buf != NULL ? 0 : -1;
}

void
input_fini(struct input *in)
{
	if (in->buf != NULL) {
		free(in->buf);
		free(in->stdio);
		close(in->fd);
	}
	*in = (struct input){ .fd = -1 };
}

/* One read(2); false at the end, on an error, or when told to stop. */
static bool
read_some(struct input *in, uint8_t *to, size_t room, size_t *got)
{
	for (;;) {
		ssize_t n;

		if (in->eof || (in->stop != NULL && atomic_load_explicit(in->stop, memory_order_relaxed)))
			return false;
		n = read(in->fd, to, room);
		if (n > 0) {
			*got = (size_t)n;
			return true;
		}
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			in->error = errno;
		in->eof = true;
	}
}

static bool
window_grow(struct input *in, size_t want)
{
	uint8_t *bigger;

	if (in->at > 0) {
		memmove(in->buf, in->buf + in->at, in->end - in->at);
		in->end -= in->at;
		in->at = 0;
	}
	if (want <= in->cap)
		return true;
	bigger = realloc(in->buf, want);
	if (bigger == NULL)
		return false;
	in->buf = bigger;
	in->cap = want;
	return true;
}

struct span
input_peek(struct input *in, size_t want)
{
	size_t got;

	if (in->end - in->at < want && window_grow(in, want))
		while (in->end - in->at < want && read_some(in, in->buf + in->end, in->cap - in->end, &got))
			in->end += got;
	return (struct span){ in->buf + in->at, in->end - in->at };
}

void
input_take(struct input *in, size_t n)
{
	in->at += n;
	in->consumed += n;
}

bool
input_skip(struct input *in, size_t n)
{
	while (n > 0) {
		struct span w = input_peek(in, n < WINDOW ? n : WINDOW);
		size_t step = w.len < n ? w.len : n;

		if (step == 0)
			return false;
		input_take(in, step);
		n -= step;
	}
	return true;
}

/* What was peeked comes first, then the descriptor straight into stdio's buffer. */
static ssize_t
stream_read(void *cookie, char *to, size_t room)
{
	struct input *in = cookie;
	size_t got = in->end - in->at;

	if (got > 0) {
		if (got > room)
			got = room;
		memcpy(to, in->buf + in->at, got);
		in->at += got;
	} else if (!read_some(in, (uint8_t *)to, room, &got)) {
		return in->error != 0 ? -1 : 0;
	}
	in->consumed += got;
	return (ssize_t)got;
}

FILE *
input_stream(struct input *in)
{
	FILE *f = fopencookie(in, "rb", (cookie_io_functions_t){ .read = stream_read });

	/* The C library takes a size only together with a buffer. */
	in->stdio = f != NULL ? malloc(WINDOW) : NULL;
	if (in->stdio != NULL)
		setvbuf(f, in->stdio, _IOFBF, WINDOW);
	return f;
}
