/* SPDX-License-Identifier: Apache-2.0 */
/*
 * source - one pull for card, file and pipe; source.c is the one file with libpcap.
 *
 * Frames come in small batches, so that the reader can look ahead and hide
 * memory latency.  Frame bytes are borrowed: they die at the next source_next().
 */
#ifndef CAPTURE_SOURCE_H
#define CAPTURE_SOURCE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/err.h"

enum source_status {
	SOURCE_FRAMES,		/* one or more frames */
	SOURCE_IDLE,		/* live: nothing came for a while; let timers run */
	SOURCE_CUT,		/* part of an input is missing or cannot be read: source_message() says; pull on */
	SOURCE_END,
	SOURCE_ERROR,		/* source_message() says why; of this card or file there is no more, other files may be pulled */
};

enum { FRAMES_MAX = 64, SNAPLEN_MAX = 262144 };

struct frame {
	uint64_t ts_ns;			/* since 1970 UTC */
	uint64_t number;		/* 1-based over all inputs, filtered frames included */
	uint32_t caplen, wirelen;	/* bytes captured, bytes on the wire */
	int linktype;			/* DLT_ value */
	const uint8_t *data;		/* borrowed: source */
};

struct frames {
	unsigned n;
	struct frame v[FRAMES_MAX];
};

struct source_options {
	const char *const *files;	/* read in this order; "-" is standard input */
	size_t n_files;
	const char *const *interfaces;	/* instead of files */
	size_t n_interfaces;
	const char *filter;		/* BPF in pcap-filter(7) syntax; NULL: none */
	unsigned snaplen;		/* live, bytes; 0: SNAPLEN_MAX */
	unsigned buffer_mib;		/* live, kernel ring; 0: 64 */
	bool no_promiscuous;
	uint64_t max_frames;		/* stop after so many that passed the filter; 0: no limit */
};

struct source_counts {
	uint64_t frames;		/* read, as capinfos counts them */
	uint64_t filtered;		/* of those, refused by the filter */
	uint64_t bytes_done;		/* of the input files; for progress */
	uint64_t bytes_total;		/* 0: not known (pipe, card) */
	uint64_t cut;			/* inputs that ended in the middle, or of which a link type was left out */
	uint64_t received, dropped_kernel;	/* live, as the kernel counts */
};

struct source;

/* Opens every file or card, so that nothing needs opening later.  The options are borrowed until source_close(). */
struct source *source_open(const struct source_options *, struct err *);
enum source_status source_next(struct source *, struct frames *);
const char *source_message(const struct source *);	/* one sentence, names the input */
void source_counts(struct source *, struct source_counts *);
bool source_is_live(const struct source *);
bool source_was_stopped(const struct source *);	/* by source_stop() */

/* From a signal handler or another thread: the next pull answers SOURCE_END. */
void source_stop(struct source *);
void source_close(struct source **);

/* "EN10MB", "LINUX_SLL2" ...; for messages. */
const char *linktype_name(int linktype);

#endif
