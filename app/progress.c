/* SPDX-License-Identifier: Apache-2.0 */
/* progress - bytes, packets, rate and time left, on a terminal only. */
#include "app/progress.h"

#include <inttypes.h>
#include <stdio.h>
#include <time.h>
#include <unistd.h>

#define NS_PER_S 1000000000ull

enum { LOOK_EVERY = 64, FIRST_AFTER_NS = 500000000, DRAW_EVERY_NS = 250000000 };

static uint64_t
clock_ns(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (uint64_t)ts.tv_sec * NS_PER_S + (uint64_t)ts.tv_nsec;
}

void
progress_init(struct progress *p, bool quiet)
{
	*p = (struct progress){ .on = !quiet && isatty(STDERR_FILENO), .started_ns = clock_ns() };
	p->next_ns = p->started_ns + FIRST_AFTER_NS;
}

static void
draw(struct progress *p, struct source *source, uint64_t now)
{
	struct source_counts c;
	double s = (double)(now - p->started_ns) / 1e9;

	source_counts(source, &c);
	fprintf(stderr, "\r\033[K%.1f MB, %" PRIu64 " packets, %.0f packets/s", (double)c.bytes_done / 1e6,
	    c.frames, (double)c.frames / s);
	if (c.bytes_total > 0 && c.bytes_done > 0) {
		double left = s * (double)(c.bytes_total - c.bytes_done) / (double)c.bytes_done;

		fprintf(stderr, ", %.0f %%, %.0f s left", 100.0 * (double)c.bytes_done / (double)c.bytes_total, left);
	}
	fflush(stderr);
	p->drawn = true;
}

void
progress_step(struct progress *p, struct source *source)
{
	uint64_t now;

	if (!p->on || p->calls++ % LOOK_EVERY != 0)
		return;
	now = clock_ns();
	if (now < p->next_ns)
		return;
	p->next_ns = now + DRAW_EVERY_NS;
	draw(p, source, now);
}

void
progress_clear(struct progress *p)
{
	if (p->drawn)
		fprintf(stderr, "\r\033[K");
	p->drawn = false;
}
