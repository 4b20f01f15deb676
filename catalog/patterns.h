/* SPDX-License-Identifier: Apache-2.0 */
/*
 * patterns - many regular expressions at once; the one file with vectorscan is
 * patterns.c.  Compiled once, then read-only; a worker has scratch of its own.
 */
#ifndef CATALOG_PATTERNS_H
#define CATALOG_PATTERNS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/err.h"
#include "core/rd.h"

/* What a pattern is run over. */
enum pattern_class {
	PATTERN_HOST,		/* whole names that end in the pattern's literal suffix */
	PATTERN_HOST_ANY,	/* whole names, for patterns without one */
	PATTERN_PATH, PATTERN_QUERY, PATTERN_AGENT, PATTERN_HEADER, PATTERN_TXT, PATTERN_CLASSES_N
};

struct pattern {
	const char *regex;
	enum pattern_class in;
	uint32_t signal;	/* told when it matches */
};

/* -1 and the reason, without a place, when regex cannot be used. */
int pattern_check(const char *regex, enum pattern_class, struct err *);

/*
 * Whole labels that end every name which the host pattern matches: "example.net"
 * of "^s[0-9]+\.example\.net$".  false when the pattern does not show any.
 */
bool pattern_suffix(const char *regex, char *out, size_t room);

struct patterns;

/*
 * Begins to compile, in a thread of its own; a scan waits for its class.  The
 * text of the patterns is borrowed until patterns_free().  NULL and the reason.
 */
struct patterns *patterns_new(const struct pattern *, size_t n, struct err *);

/* Waits for the end of it.  -1, the reason, and in *bad the number of the pattern that is to blame, or n. */
int patterns_ready(struct patterns *, size_t *bad, struct err *);
void patterns_free(struct patterns **);

struct patterns_scratch;

struct patterns_scratch *patterns_scratch_new(struct err *);
void patterns_scratch_free(struct patterns_scratch **);

/* met(context, signal) for each pattern of the class that matches, in no order. */
void patterns_scan(struct patterns *, struct patterns_scratch *, enum pattern_class, struct span text,
    void (*met)(void *context, uint32_t signal), void *context);

#endif
