/* SPDX-License-Identifier: Apache-2.0 */
/*
 * mkcatalog_regex - writes a text that a regular expression matches.
 *
 * Of PCRE: literals, escapes, classes, dot, groups, alternatives, quantifiers, anchors and a leading (?i).
 * Everything else is refused.  The same expression and seed give the same text; another seed takes other
 * alternatives, characters and numbers of them.
 */
#ifndef TESTS_MKCATALOG_REGEX_H
#define TESTS_MKCATALOG_REGEX_H

#include <stdbool.h>
#include <stddef.h>

/* Terminated.  false: the expression uses what is not known here, or its text has no room. */
bool regex_example(const char *pattern, unsigned seed, char *out, size_t size);

#endif
