/* SPDX-License-Identifier: Apache-2.0 */
/*
 * worker - the pipeline: decode, flow, stream, dissect, attribute, emit.
 *
 * A worker owns everything it changes (flow table, name cache, nDPI module,
 * arenas, counters) and shares only what is immutable.
 */
#ifndef APP_WORKER_H
#define APP_WORKER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "app/inventory.h"
#include "app/summary.h"
#include "capture/source.h"
#include "catalog/catalog.h"
#include "core/err.h"
#include "core/hash.h"
#include "geo/geo.h"
#include "output/event.h"
#include "output/writer.h"

enum dpi_mode { DPI_AUTO, DPI_OFF, DPI_ALL };

struct worker_options {
	const struct catalog *catalog;	/* borrowed */
	const struct geo *geo;		/* borrowed */
	struct writer *writer;		/* borrowed */
	struct inventory *inventory;	/* borrowed */
	struct summary *summary;	/* borrowed; NULL: none */
	struct event_options event;
	size_t max_flows, max_memory;	/* records; bytes */
	unsigned timeout_new_s, timeout_udp_s, timeout_tcp_s;
	unsigned categories;		/* bit mask of enum category: what is reported */
	enum dpi_mode dpi;
	uint64_t dpi_unknown;		/* unknown flows a second (packet time) that nDPI is asked about */
	bool all_flows;
	struct hash_key key;
};

struct worker;

struct worker *worker_new(const struct worker_options *, struct err *);
void worker_free(struct worker **);

void worker_frames(struct worker *, const struct frames *);

/* Live, and nothing came: packet time may go on with the clock. */
void worker_idle(struct worker *, uint64_t now_ns);

/* The input is over: every flow ends and is told. */
void worker_end(struct worker *);

/* The telltale.stats event of the run so far. */
void worker_stats(struct worker *, const struct source_counts *);

#endif
