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
	uint32_t group;		/* of a PATTERN_HOST: dense numbers; those of one group are scanned together */
	uint32_t signal;	/* told when it matches */
};

/* -1 and the reason, without a place, when regex cannot be used. */
int pattern_check(const char *regex, enum pattern_class, struct err *);

/*
 * Whole labels that end every name which the host pattern matches: "example.net"
 * of "^s[0-9]+\.example\.net$".  false when the pattern does not show any.
 */
bool pattern_suffix(const char *regex, char *out, size_t room);

/*
 * The same where the pattern ends in a group of such ends, "(example\.net|example\.org)$":
 * how many of them; 0 when one of them shows none, or there are more than max.
 */
enum { PATTERN_SUFFIX_MAX = 256, PATTERN_SUFFIXES_MAX = 8 };
unsigned pattern_suffixes(const char *regex, char (*out)[PATTERN_SUFFIX_MAX], unsigned max);

struct patterns;

/*
 * Begins to compile, in a thread of its own; a scan compiles or waits for what it
 * needs.  The text of the patterns is borrowed until patterns_free().  NULL and
 * the reason.
 */
struct patterns *patterns_new(const struct pattern *, size_t n, struct err *);

/* Waits for the end of it.  -1, the reason, and in *bad the number of the pattern that is to blame, or n. */
int patterns_ready(struct patterns *, size_t *bad, struct err *);
/* The same without waiting: of what was compiled so far. */
int patterns_faults(struct patterns *, size_t *bad, struct err *);
void patterns_free(struct patterns **);

struct patterns_scratch;

struct patterns_scratch *patterns_scratch_new(const struct patterns *, struct err *);
void patterns_scratch_free(struct patterns_scratch **);

/* met(context, signal) for each pattern of the class that matches, in no order. */
void patterns_scan(struct patterns *, struct patterns_scratch *, enum pattern_class, struct span text,
    void (*met)(void *context, uint32_t signal), void *context);

/* The same for the host patterns of a group. */
void patterns_scan_group(struct patterns *, struct patterns_scratch *, uint32_t group, struct span text,
    void (*met)(void *context, uint32_t signal), void *context);

#endif
