/* SPDX-License-Identifier: Apache-2.0 */
/* progress - one line on a terminal that is rewritten while captures are read. */
#ifndef APP_PROGRESS_H
#define APP_PROGRESS_H

#include <stdbool.h>
#include <stdint.h>

#include "capture/source.h"

struct progress {
	bool on;			/* standard error is a terminal, and nobody asked for quiet */
	bool drawn;
	uint64_t started_ns, next_ns;	/* monotonic clock */
	unsigned calls;
};

void progress_init(struct progress *, bool quiet);

/* Cheap: looks at the clock every 64th call, draws four times a second. */
void progress_step(struct progress *, struct source *);
void progress_clear(struct progress *);

#endif
