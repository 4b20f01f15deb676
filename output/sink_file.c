/* SPDX-License-Identifier: Apache-2.0 */
/* sink_file - standard output, and a file that is replaced or added to. */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "output/sink.h"

struct file {
	int fd;			/* owned, unless it is standard output */
};

static struct file *
file_new(int fd, struct err *err)
{
	struct file *f = malloc(sizeof *f);

	if (f == NULL)
		err_set(err, "output: out of memory");
	else
		f->fd = fd;
	return f;
}

static void *
stdout_open(const char *rest, bool keep, struct err *err)
{
	(void)rest;
	(void)keep;
	if (fcntl(STDOUT_FILENO, F_GETFD) < 0) {
		err_set(err, "standard output: %s", strerror(errno));
		return NULL;
	}
	return file_new(STDOUT_FILENO, err);
}

static void *
file_open(const char *path, bool keep, struct err *err)
{
	/* Events tell who uses what: not for everybody to read. */
	int fd = open(path, O_WRONLY | O_CREAT | O_CLOEXEC | (keep ? O_APPEND : O_TRUNC), 0640);
	struct file *f;

	if (fd < 0) {
		err_set(err, "output %s: %s", path, strerror(errno));
		return NULL;
	}
	f = file_new(fd, err);
	if (f == NULL)
		close(fd);
	return f;
}

static ssize_t
file_writev(void *state, const struct iovec *iov, int n)
{
	struct file *f = state;
	ssize_t done;

	/* Whoever shares standard output with us may have made it non-blocking. */
	while ((done = writev(f->fd, iov, n)) < 0 && (errno == EINTR || errno == EAGAIN))
		if (errno == EAGAIN)
			poll(&(struct pollfd){ .fd = f->fd, .events = POLLOUT }, 1, -1);
	return done;
}

static void
stdout_close(void **state)
{
	free(*state);
	*state = NULL;
}

static void
file_close(void **state)
{
	struct file *f = *state;

	if (f != NULL)
		close(f->fd);
	stdout_close(state);
}

const struct sink stdout_sink = { "-", stdout_open, file_writev, NULL, stdout_close };
const struct sink file_sink = { "file", file_open, file_writev, NULL, file_close };
