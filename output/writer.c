/* SPDX-License-Identifier: Apache-2.0 */
/*
 * writer - the thread that writes.
 *
 * When nothing is left it naps for a moment, so that lines that come one after
 * the other are written together; if none came it sleeps, and costs nothing.
 * Only a sleeping writer, or a napping one with much to do, has to be woken.
 */
#include "output/writer.h"

#include <errno.h>
#include <inttypes.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "core/ring.h"
#include "output/sink.h"

enum {
	LINES_MAX = 4096, BATCH_MAX = 128, WAKE_AT = 512,	/* lines */
	NAP_MS = 5, FLUSH_MS = 1000,
};

enum rest { AWAKE, NAPPING, ASLEEP };

struct line {
	char *text;		/* owned */
	size_t len;
};

struct writer {
	struct ring ring;	/* struct line */
	void *slots[LINES_MAX];
	const struct sink *sink;
	void *state;		/* owned: the sink's; the thread's while it runs */
	char *target;		/* owned copy; for sentences */
	bool wait;
	pthread_t thread;
	pthread_mutex_t lock;	/* guards the sleeping of both sides, nothing else */
	pthread_cond_t more, room;
	atomic_int rest;	/* enum rest */
	atomic_bool wants_room;
	atomic_bool failed;	/* set once, after sentence is complete */
	struct err sentence;
	uint64_t flushed_ms;	/* the thread's */
	atomic_uint_fast64_t lines, bytes, dropped;
};

static void
count(atomic_uint_fast64_t *counter, uint64_t n)
{
	atomic_fetch_add_explicit(counter, n, memory_order_relaxed);
}

static void
line_free(struct line **lp)
{
	free((*lp)->text);
	free(*lp);
	*lp = NULL;
}

static void
fail(struct writer *w)
{
	atomic_store_explicit(&w->failed, true, memory_order_release);
}

static bool
has_failed(const struct writer *w)
{
	return atomic_load_explicit(&w->failed, memory_order_acquire);
}

/* --- the writer's side ------------------------------------------------------------ */

static const char *
target_name(const struct writer *w)
{
	return strcmp(w->target, "-") == 0 ? "standard output" : w->target;
}

static void
fail_errno(struct writer *w)
{
	if (errno == EPIPE)
		err_set(&w->sentence, "%s: reader is gone", target_name(w));
	else
		err_set(&w->sentence, "%s: cannot write: %s", target_name(w), strerror(errno));
	fail(w);
}

/* Writes all of iov, whatever the sink takes at a time; returns how many entries are complete. */
static int
write_all(struct writer *w, struct iovec *iov, int n)
{
	int i = 0;

	while (i < n) {
		ssize_t done = w->sink->writev(w->state, iov + i, n - i);

		if (done <= 0) {
			errno = done == 0 ? EIO : errno;
			fail_errno(w);
			return i;
		}
		for (; i < n && (size_t)done >= iov[i].iov_len; i++)
			done -= (ssize_t)iov[i].iov_len;
		if (i < n) {
			iov[i].iov_base = (char *)iov[i].iov_base + done;
			iov[i].iov_len -= (size_t)done;
		}
	}
	return i;
}

static void
write_batch(struct writer *w, struct line **batch, int n)
{
	struct iovec iov[BATCH_MAX];
	int written = 0;

	for (int i = 0; i < n; i++)
		iov[i] = (struct iovec){ batch[i]->text, batch[i]->len };
	if (!has_failed(w))
		written = write_all(w, iov, n);
	for (int i = 0; i < written; i++)
		count(&w->bytes, batch[i]->len);
	count(&w->lines, (uint64_t)written);
	count(&w->dropped, (uint64_t)(n - written));
	for (int i = 0; i < n; i++)
		line_free(&batch[i]);
}

static uint64_t
now_ms(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (uint64_t)ts.tv_sec * 1000 + (uint64_t)ts.tv_nsec / 1000000;
}

/* idle: nothing is left to write. */
static void
flush(struct writer *w, bool idle)
{
	uint64_t now;

	if (w->sink->flush == NULL || has_failed(w))
		return;
	now = now_ms();
	if (!idle && now - w->flushed_ms < FLUSH_MS)
		return;
	w->flushed_ms = now;
	if (w->sink->flush(w->state, &w->sentence) < 0)
		fail(w);
}

static void
give_room(struct writer *w)
{
	if (!atomic_exchange(&w->wants_room, false))
		return;
	pthread_mutex_lock(&w->lock);
	pthread_cond_signal(&w->room);
	pthread_mutex_unlock(&w->lock);
}

/* Up to BATCH_MAX lines; *end when no more will come. */
static int
take_batch(struct writer *w, struct line **batch, bool *end)
{
	enum ring_status s = RING_ITEM;
	void *item;
	int n = 0;

	while (n < BATCH_MAX && (s = ring_pop(&w->ring, &item)) == RING_ITEM)
		batch[n++] = item;
	*end = s == RING_END;
	return n;
}

static bool
nothing_to_do(const struct writer *w)
{
	return atomic_load(&w->ring.head) == atomic_load(&w->ring.tail) && !atomic_load(&w->ring.closed);
}

static struct timespec
nap_end(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	ts.tv_nsec += NAP_MS * 1000000;
	ts.tv_sec += ts.tv_nsec / 1000000000;
	ts.tv_nsec %= 1000000000;
	return ts;
}

/*
 * The state is exchanged before the ring is looked at again, the other side
 * exchanges it after it has pushed: whichever comes second sees the first.
 */
static void
rest(struct writer *w)
{
	struct timespec until = nap_end();

	pthread_mutex_lock(&w->lock);
	atomic_exchange(&w->rest, NAPPING);
	while (atomic_load(&w->rest) == NAPPING && !atomic_load(&w->ring.closed) &&
	    !atomic_load(&w->wants_room) && pthread_cond_timedwait(&w->more, &w->lock, &until) == 0)
		;
	atomic_exchange(&w->rest, ASLEEP);
	while (atomic_load(&w->rest) == ASLEEP && nothing_to_do(w))
		pthread_cond_wait(&w->more, &w->lock);
	atomic_exchange(&w->rest, AWAKE);
	pthread_mutex_unlock(&w->lock);
}

static void *
run(void *arg)
{
	struct writer *w = arg;
	struct line *batch[BATCH_MAX];
	bool end = false;

	while (!end) {
		int n = take_batch(w, batch, &end);

		if (n > 0) {
			write_batch(w, batch, n);
			give_room(w);
		}
		flush(w, n < BATCH_MAX);
		if (n == 0 && !end)
			rest(w);
	}
	return NULL;
}

/* --- the worker's side ------------------------------------------------------------ */

static void
wake(struct writer *w)
{
	pthread_mutex_lock(&w->lock);
	atomic_store(&w->rest, AWAKE);
	pthread_cond_signal(&w->more);
	pthread_mutex_unlock(&w->lock);
}

static size_t
waiting_lines(const struct writer *w)
{
	return atomic_load_explicit(&w->ring.head, memory_order_relaxed) -
	    atomic_load_explicit(&w->ring.tail, memory_order_relaxed);
}

/* The ring is full: offline the worker waits until there is room. */
static bool
push_patiently(struct writer *w, struct line *l)
{
	bool pushed;

	pthread_mutex_lock(&w->lock);
	for (;;) {
		atomic_exchange(&w->wants_room, true);
		pushed = ring_push(&w->ring, l);
		if (pushed)
			break;
		atomic_store(&w->rest, AWAKE);
		pthread_cond_signal(&w->more);
		pthread_cond_wait(&w->room, &w->lock);
	}
	atomic_exchange(&w->wants_room, false);
	pthread_mutex_unlock(&w->lock);
	return pushed;
}

static struct line *
line_take(char *text, size_t len)
{
	struct line *l = malloc(sizeof *l);

	if (l != NULL)
		*l = (struct line){ text, len };
	else
		free(text);
	return l;
}

bool
writer_push(struct writer *w, char *text, size_t len)
{
	struct line *l = line_take(text, len);
	int state;

	if (l != NULL && !has_failed(w) &&
	    (ring_push(&w->ring, l) || (w->wait && push_patiently(w, l)))) {
		state = atomic_fetch_or(&w->rest, 0);
		if (state == ASLEEP || (state == NAPPING && waiting_lines(w) >= WAKE_AT))
			wake(w);
		return true;
	}
	if (l != NULL)
		line_free(&l);
	count(&w->dropped, 1);
	return false;
}

const char *
writer_failed(const struct writer *w)
{
	return has_failed(w) ? w->sentence.text : NULL;
}

void
writer_counts(const struct writer *w, struct writer_counts *c)
{
	c->lines = atomic_load_explicit(&w->lines, memory_order_relaxed);
	c->bytes = atomic_load_explicit(&w->bytes, memory_order_relaxed);
	c->dropped = atomic_load_explicit(&w->dropped, memory_order_relaxed);
}

/* --- opening and closing ---------------------------------------------------------- */

static void
conditions_init(struct writer *w)
{
	pthread_condattr_t attr;

	pthread_condattr_init(&attr);
	pthread_condattr_setclock(&attr, CLOCK_MONOTONIC);
	pthread_mutex_init(&w->lock, NULL);
	pthread_cond_init(&w->more, &attr);
	pthread_cond_init(&w->room, &attr);
	pthread_condattr_destroy(&attr);
}

/* Signals are the main thread's. */
static int
start_thread(struct writer *w)
{
	sigset_t all, before;
	int rc;

	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &before);
	rc = pthread_create(&w->thread, NULL, run, w);
	pthread_sigmask(SIG_SETMASK, &before, NULL);
	return rc;
}

static void
dispose(struct writer **wp)
{
	struct writer *w = *wp;

	if (w->state != NULL)
		w->sink->close(&w->state);
	pthread_cond_destroy(&w->more);
	pthread_cond_destroy(&w->room);
	pthread_mutex_destroy(&w->lock);
	free(w->target);
	free(w);
	*wp = NULL;
}

struct writer *
writer_start(const struct sink *sink, const char *rest_of, bool wait, struct err *err)
{
	struct writer *w = aligned_alloc(_Alignof(struct writer), sizeof *w);
	int rc;

	if (w == NULL) {
		err_set(err, "output: out of memory");
		return NULL;
	}
	memset(w, 0, sizeof *w);
	w->sink = sink;
	w->wait = wait;
	w->ring.slot = w->slots;
	w->ring.mask = LINES_MAX - 1;
	conditions_init(w);
	w->target = strdup(rest_of);
	w->state = w->target != NULL ? sink->open(rest_of, !wait, err) : NULL;
	if (w->target == NULL)
		err_set(err, "output: out of memory");
	if (w->state == NULL) {
		dispose(&w);
		return NULL;
	}
	rc = start_thread(w);
	if (rc != 0) {
		err_set(err, "output: cannot start a thread: %s", strerror(rc));
		dispose(&w);
	}
	return w;
}

struct writer *
writer_open(const char *target, bool wait, struct err *err)
{
	const char *rest_of;
	const struct sink *sink = sink_find(target, &rest_of, err);

	return sink != NULL ? writer_start(sink, rest_of, wait, err) : NULL;
}

int
writer_close(struct writer **wp, struct writer_counts *c, struct err *err)
{
	struct writer *w = *wp;
	int rc = 0;

	ring_close(&w->ring);
	wake(w);
	pthread_join(w->thread, NULL);
	writer_counts(w, c);
	if (has_failed(w))
		rc = err_set(err, "%s; %" PRIu64 " of %" PRIu64 " events were written", w->sentence.text,
		    c->lines, c->lines + c->dropped);
	else if (c->dropped > 0)
		rc = err_set(err, "%s: %" PRIu64 " events were dropped, for it takes them too slowly",
		    target_name(w), c->dropped);
	dispose(wp);
	return rc;
}
