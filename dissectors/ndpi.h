/* SPDX-License-Identifier: Apache-2.0 */
/*
 * ndpi - a second opinion on a flow, from nDPI; ndpi.c is the one file with it.
 *
 * Thin on purpose: it compiles against nDPI 4.2 and upward.  What nDPI says is
 * told by name, never by number, for the numbers move between versions.  One
 * module a worker.
 */
#ifndef DISSECTORS_NDPI_H
#define DISSECTORS_NDPI_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/err.h"
#include "dissectors/observation.h"

enum {
	DPI_PACKETS_TCP = 10, DPI_PACKETS_UDP = 5,	/* packets with payload shown of one flow */
	DPI_VIEWS_MAX = 8192,				/* flows looked at at once; about 1 KiB each */
};

struct dpi;
struct dpi_view;			/* nDPI's memory of one flow */

struct dpi_counts {
	uint64_t flows, packets;	/* looked at */
	uint64_t classified;		/* of the flows, given a name */
	uint64_t refused;		/* no view was free, or no memory */
};

struct dpi *dpi_new(struct err *);
void dpi_free(struct dpi **);
const char *dpi_version(void);

/*
 * Show one IP packet (from the IP header on) of a flow.  *view is made at the
 * first.  true: the opinion is final; call dpi_tell().
 */
bool dpi_look(struct dpi *, struct dpi_view **view, enum side, bool is_udp, struct span ip, uint64_t ts_ns);

/* Appends what nDPI thinks by now (protocol, category, risks) and drops the view.  *view may be NULL. */
void dpi_tell(struct dpi *, struct dpi_view **view, struct observations *out);
void dpi_drop(struct dpi *, struct dpi_view **view);
void dpi_counts(const struct dpi *, struct dpi_counts *);

#endif
