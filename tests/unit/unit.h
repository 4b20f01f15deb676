/* SPDX-License-Identifier: Apache-2.0 */
/* unit - what every cmocka program here includes, in the order cmocka wants it. */
#ifndef TESTS_UNIT_H
#define TESTS_UNIT_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "core/rd.h"

/* xorshift64*: the same numbers on every machine. */
static inline uint64_t
unit_random(uint64_t *state)
{
	*state ^= *state >> 12;
	*state ^= *state << 25;
	*state ^= *state >> 27;
	return *state * 0x2545f4914f6cdd1dull;
}

#define assert_span(s, text)                                                                       \
	do {                                                                                       \
		struct span span_ = (s);                                                           \
		assert_int_equal(span_.len, strlen(text));                                         \
		assert_memory_equal(span_.p, text, span_.len);                                     \
	} while (0)

#endif
