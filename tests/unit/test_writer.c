/* SPDX-License-Identifier: Apache-2.0 */
/* test_writer - the writer's thread and its sinks: order, full ring, short writes, failures. */
#include "unit.h"

#include <errno.h>
#include <fcntl.h>
#include <semaphore.h>
#include <signal.h>
#include <stdatomic.h>
#include <time.h>
#include <unistd.h>

#include "output/sink.h"

enum { RING = 4096 };

static void
pause_ms(long ms)
{
	nanosleep(&(struct timespec){ ms / 1000, ms % 1000 * 1000000 }, NULL);
}

static bool
push(struct writer *w, const char *text)
{
	char *line = strdup(text);

	assert_non_null(line);
	return writer_push(w, line, strlen(text));
}

static bool
push_number(struct writer *w, unsigned i)
{
	char text[16];

	snprintf(text, sizeof text, "%u\n", i);
	return push(w, text);
}

/* --- a sink that does as it is told ------------------------------------------------ */

static struct told {
	char *text;			/* what it took */
	size_t len, size;
	size_t at_a_time;		/* bytes it takes at once; 0: all */
	long delay_ms;			/* of each write */
	int error;			/* errno of one write, once fail_after bytes were taken */
	size_t fail_after;
	bool flush_fails;
	sem_t *gate;			/* a write waits for it */
	atomic_uint writes, flushes, closes;
	atomic_bool kept;
} told;

static void *
told_open(const char *rest, bool keep, struct err *err)
{
	if (strcmp(rest, "refused") == 0) {
		err_set(err, "told: refused");
		return NULL;
	}
	atomic_store(&told.kept, keep);
	return &told;
}

static ssize_t
told_writev(void *state, const struct iovec *iov, int n)
{
	size_t done = 0, most = told.at_a_time > 0 ? told.at_a_time : SIZE_MAX;

	(void)state;
	atomic_fetch_add(&told.writes, 1);
	if (told.gate != NULL)
		sem_wait(told.gate);
	if (told.delay_ms > 0)
		pause_ms(told.delay_ms);
	if (told.error != 0 && told.len >= told.fail_after) {
		errno = told.error;
		told.error = 0;
		return -1;
	}
	for (int i = 0; i < n && done < most; i++) {
		size_t take = iov[i].iov_len < most - done ? iov[i].iov_len : most - done;

		if (told.len + take > told.size)
			told.text = realloc(told.text, told.size = 2 * (told.len + take));
		memcpy(told.text + told.len, iov[i].iov_base, take);
		told.len += take;
		done += take;
	}
	return (ssize_t)done;
}

static int
told_flush(void *state, struct err *err)
{
	(void)state;
	atomic_fetch_add(&told.flushes, 1);
	return told.flush_fails ? err_set(err, "told: cannot flush") : 0;
}

static void
told_close(void **state)
{
	atomic_fetch_add(&told.closes, 1);
	*state = NULL;
}

static const struct sink told_sink = { "told", told_open, told_writev, told_flush, told_close };

static struct writer *
start(bool wait)
{
	struct err err;
	struct writer *w = writer_start(&told_sink, "x", wait, &err);

	assert_non_null(w);
	return w;
}

static int
setup(void **state)
{
	(void)state;
	signal(SIGPIPE, SIG_IGN);
	memset(&told, 0, sizeof told);
	return 0;
}

static int
teardown(void **state)
{
	(void)state;
	free(told.text);
	return 0;
}

/* The numbers from 0 to n - 1, a line each. */
static void
assert_numbers(const char *text, size_t len, unsigned n)
{
	const char *p = text, *end = text + len;
	char expected[16];

	for (unsigned i = 0; i < n; i++) {
		size_t k = (size_t)snprintf(expected, sizeof expected, "%u\n", i);

		assert_true((size_t)(end - p) >= k);
		assert_memory_equal(p, expected, k);
		p += k;
	}
	assert_ptr_equal(p, end);
}

/* --- the ring ---------------------------------------------------------------------- */

static void
test_order(void **state)
{
	enum { N = 5 * RING };
	struct writer *w = start(true);
	struct writer_counts c;
	struct err err;

	(void)state;
	for (unsigned i = 0; i < N; i++)
		assert_true(push_number(w, i));
	assert_null(writer_failed(w));
	assert_int_equal(writer_close(&w, &c, &err), 0);
	assert_null(w);
	assert_int_equal(c.lines, N);
	assert_int_equal(c.bytes, told.len);
	assert_int_equal(c.dropped, 0);
	assert_int_equal(atomic_load(&told.closes), 1);
	assert_false(atomic_load(&told.kept));
	assert_numbers(told.text, told.len, N);
}

/* Offline a full ring waits for the sink; nothing is lost however slow that is. */
static void
test_patience(void **state)
{
	enum { N = 3 * RING };
	struct writer_counts c;
	struct writer *w;
	struct err err;

	(void)state;
	told.delay_ms = 1;
	w = start(true);
	for (unsigned i = 0; i < N; i++)
		assert_true(push_number(w, i));
	assert_int_equal(writer_close(&w, &c, &err), 0);
	assert_numbers(told.text, told.len, N);
	/* Lines that wait are written together. */
	assert_true(atomic_load(&told.writes) < N / 16);
}

/* Live a full ring drops, counts, and says so at the end. */
static void
test_drops(void **state)
{
	enum { N = 2 * RING };
	unsigned taken = 0;
	struct writer_counts c;
	struct writer *w;
	struct err err;
	sem_t gate;

	(void)state;
	sem_init(&gate, 0, 0);
	told.gate = &gate;
	w = start(false);
	for (unsigned i = 0; i < N; i++)
		taken += push_number(w, i);
	assert_true(taken >= RING && taken < N);
	for (unsigned i = 0; i < N; i++)
		sem_post(&gate);
	assert_int_equal(writer_close(&w, &c, &err), -1);
	assert_int_equal(c.lines, taken);
	assert_int_equal(c.dropped, N - taken);
	assert_non_null(strstr(err.text, "dropped"));
	assert_true(atomic_load(&told.kept));
	sem_destroy(&gate);
}

static void
test_short_writes(void **state)
{
	static const size_t sizes[] = { 1, 2, 3, 7, 4000 };

	for (size_t k = 0; k < sizeof sizes / sizeof sizes[0]; k++) {
		struct writer_counts c;
		struct writer *w;
		struct err err;

		teardown(state);
		setup(state);
		told.at_a_time = sizes[k];
		w = start(true);
		for (unsigned i = 0; i < 2000; i++)
			push_number(w, i);
		assert_int_equal(writer_close(&w, &c, &err), 0);
		assert_int_equal(c.lines, 2000);
		assert_numbers(told.text, told.len, 2000);
	}
}

/* A line is written soon though nobody closes, whether the writer was awake, napping or asleep. */
static void
test_wakes(void **state)
{
	static const long pauses[] = { 0, 1, 4, 5, 6, 30 };
	struct writer *w = start(true);
	struct writer_counts c;
	struct err err;
	uint64_t n = 0;

	(void)state;
	for (unsigned round = 0; round < 60; round++) {
		pause_ms(pauses[round % 6]);
		push(w, "line\n");
		n++;
		for (unsigned tries = 0; writer_counts(w, &c), c.lines < n; tries++) {
			if (tries > 5000)
				fail_msg("line %u was not written within 5 s", round);
			pause_ms(1);
		}
	}
	assert_int_equal(writer_close(&w, &c, &err), 0);
}

/* One line after another, each alone: nobody may be left asleep. */
static void
test_race(void **state)
{
	enum { N = 100000 };
	uint64_t seed = 11;
	struct writer *w = start(true);
	struct writer_counts c;
	struct err err;

	(void)state;
	for (unsigned i = 0; i < N; i++) {
		push_number(w, i);
		if (unit_random(&seed) % 512 == 0)
			pause_ms((long)(unit_random(&seed) % 8));
	}
	assert_int_equal(writer_close(&w, &c, &err), 0);
	assert_int_equal(c.lines, N);
	assert_numbers(told.text, told.len, N);
}

static void
test_nothing(void **state)
{
	struct writer_counts c;
	struct err err;

	(void)state;
	for (unsigned i = 0; i < 50; i++) {
		struct writer *w = start(i % 2);

		if (i % 3 == 0)
			pause_ms(8);
		assert_int_equal(writer_close(&w, &c, &err), 0);
		assert_int_equal(c.lines, 0);
	}
	assert_int_equal(told.len, 0);
	assert_int_equal(atomic_load(&told.closes), 50);
}

/* --- flushing ---------------------------------------------------------------------- */

/* However short ago the last time was. */
static void
test_flush_idle(void **state)
{
	struct writer *w = start(true);
	struct writer_counts c;
	struct err err;

	(void)state;
	for (unsigned i = 0; i < 3; i++) {
		unsigned before = atomic_load(&told.flushes);

		push(w, "line\n");
		for (unsigned tries = 0; atomic_load(&told.flushes) == before; tries++) {
			assert_true(tries < 400);
			pause_ms(1);
		}
		pause_ms(30);
	}
	assert_int_equal(writer_close(&w, &c, &err), 0);
}

/* A writer that never comes to rest flushes within about a second all the same. */
static void
test_flush_busy(void **state)
{
	unsigned before;
	struct writer_counts c;
	struct writer *w;
	struct err err;
	sem_t gate;

	(void)state;
	sem_init(&gate, 0, 1);
	told.gate = &gate;
	w = start(true);
	/* The first write lets the ring fill; from then on every batch is a full one. */
	for (unsigned i = 0; i < RING; i++)
		push_number(w, i);
	before = atomic_load(&told.flushes);
	for (unsigned i = 0; i < 12; i++) {
		pause_ms(100);
		sem_post(&gate);
	}
	pause_ms(50);
	writer_counts(w, &c);
	assert_true(c.lines < RING);
	assert_true(atomic_load(&told.flushes) > before);
	for (unsigned i = 0; i < RING; i++)
		sem_post(&gate);
	assert_int_equal(writer_close(&w, &c, &err), 0);
	sem_destroy(&gate);
}

static void
test_flush_fails(void **state)
{
	struct writer *w;
	struct writer_counts c;
	struct err err;

	(void)state;
	told.flush_fails = true;
	w = start(true);
	push(w, "line\n");
	assert_int_equal(writer_close(&w, &c, &err), -1);
	assert_non_null(strstr(err.text, "told: cannot flush"));
}

/* --- failures ---------------------------------------------------------------------- */

static void
wait_failed(struct writer *w)
{
	for (unsigned tries = 0; writer_failed(w) == NULL; tries++) {
		assert_true(tries < 5000);
		pause_ms(1);
	}
}

/* What follows a failure is counted, a worker that waits is let go, and the first sentence stays. */
static void
test_fails(void **state)
{
	enum { N = 2 * RING };
	struct writer_counts c;
	struct writer *w;
	struct err err;

	(void)state;
	told.error = EIO;
	told.fail_after = 100;
	told.at_a_time = 50;
	w = start(true);
	for (unsigned i = 0; i < N; i++)
		push_number(w, i);
	wait_failed(w);
	assert_false(push(w, "late\n"));
	assert_int_equal(writer_close(&w, &c, &err), -1);
	assert_int_equal(c.lines + c.dropped, N + 1);
	assert_true(c.bytes <= 100 && c.lines < 60);
	assert_non_null(strstr(err.text, "Input/output error"));
}

static void
test_disk_full(void **state)
{
	struct writer_counts c;
	struct err err;
	struct writer *w = writer_open("/dev/full", true, &err);

	(void)state;
	assert_non_null(w);
	push(w, "line\n");
	wait_failed(w);
	assert_string_equal(writer_failed(w), "/dev/full: cannot write: No space left on device");
	assert_int_equal(writer_close(&w, &c, &err), -1);
	assert_int_equal(c.lines, 0);
	assert_int_equal(c.dropped, 1);
	assert_non_null(strstr(err.text, "0 of 1"));
}

static void
test_reader_gone(void **state)
{
	int saved = dup(STDOUT_FILENO), p[2];
	struct writer_counts c;
	struct writer *w;
	struct err err;
	char why[sizeof err.text];

	(void)state;
	assert_int_equal(pipe(p), 0);
	fflush(stdout);
	dup2(p[1], STDOUT_FILENO);
	close(p[0]);
	close(p[1]);
	w = writer_open("-", true, &err);
	push(w, "line\n");
	while (writer_failed(w) == NULL)
		pause_ms(1);
	snprintf(why, sizeof why, "%s", writer_failed(w));
	writer_close(&w, &c, &err);
	dup2(saved, STDOUT_FILENO);
	close(saved);
	assert_string_equal(why, "standard output: reader is gone");
}

/* --- targets ----------------------------------------------------------------------- */

static void
slurp(const char *path, char out[static 64])
{
	FILE *f = fopen(path, "r");

	assert_non_null(f);
	out[fread(out, 1, 63, f)] = '\0';
	fclose(f);
}

static void
write_one(const char *target, bool wait, const char *line)
{
	struct writer_counts c;
	struct err err;
	struct writer *w = writer_open(target, wait, &err);

	assert_non_null(w);
	assert_true(push(w, line));
	assert_int_equal(writer_close(&w, &c, &err), 0);
}

/* A run over files replaces what it wrote the last time; a sensor that starts again adds. */
static void
test_file(void **state)
{
	const char *folder = getenv("TMPDIR");
	char dir[256], path[300], target[320], text[64];

	(void)state;
	snprintf(dir, sizeof dir, "%s/telltale-writer-XXXXXX", folder != NULL ? folder : "/tmp");
	assert_non_null(mkdtemp(dir));
	snprintf(path, sizeof path, "%s/events", dir);
	snprintf(target, sizeof target, "file:%s", path);
	write_one(path, true, "one\n");
	write_one(target, true, "two\n");
	slurp(path, text);
	assert_string_equal(text, "two\n");
	write_one(path, false, "three\n");
	slurp(path, text);
	assert_string_equal(text, "two\nthree\n");
	unlink(path);
	rmdir(dir);
}

static void
test_targets(void **state)
{
	static const struct {
		const char *target, *kind, *rest;
	} rows[] = {
		{ "-", "-", "-" },
		{ "events.ndjson", "file", "events.ndjson" },
		{ "/var/log/a:b", "file", "/var/log/a:b" },
		{ "./kafka:x", "file", "./kafka:x" },
		{ "file:x:y", "file", "x:y" },
		{ "X:y", "file", "X:y" },
		{ "-:x", "file", "-:x" },
		{ "kafka:broker/topic", NULL, NULL },
		{ "", NULL, NULL },
	};

	(void)state;
	for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
		struct err err = { "" };
		const char *rest;
		const struct sink *s = sink_find(rows[i].target, &rest, &err);

		if (rows[i].kind == NULL) {
			assert_null(s);
			assert_true(strlen(err.text) > 0);
			continue;
		}
		assert_non_null(s);
		assert_string_equal(s->name, rows[i].kind);
		assert_string_equal(rest, rows[i].rest);
	}
}

static void
test_refused(void **state)
{
	static const char *const targets[] = { "/", "/nonexistent/x", "file:", "kafka:x" };
	struct err err;

	(void)state;
	for (size_t i = 0; i < sizeof targets / sizeof targets[0]; i++) {
		err.text[0] = '\0';
		assert_null(writer_open(targets[i], true, &err));
		assert_true(strncmp(err.text, "output", 6) == 0);
	}
	assert_null(writer_start(&told_sink, "refused", true, &err));
	assert_string_equal(err.text, "told: refused");
	assert_int_equal(atomic_load(&told.closes), 0);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_order), TEST(test_patience), TEST(test_drops), TEST(test_short_writes),
		TEST(test_wakes), TEST(test_race), TEST(test_nothing), TEST(test_flush_idle),
		TEST(test_flush_busy), TEST(test_flush_fails), TEST(test_fails), TEST(test_disk_full),
		TEST(test_reader_gone), TEST(test_file), TEST(test_targets), TEST(test_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
