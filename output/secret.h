/* SPDX-License-Identifier: Apache-2.0 */
/*
 * secret - what the wire says about a person, a machine or a licence is told as
 * a keyed hash: "#" and 12 hexadecimal digits of HMAC-SHA256 (RFC 2104).
 *
 * The same value gives the same hash under the same key, so a machine that is
 * seen twice is known again, and nobody without the key can try numbers.
 */
#ifndef OUTPUT_SECRET_H
#define OUTPUT_SECRET_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/crypto.h"
#include "core/rd.h"

enum { SECRET_KEY = 32, SECRET_TEXT_MAX = 2048, SECRET_HASH_MAX = 14 };

struct secrets {
	struct crypto *crypto;		/* borrowed */
	bool clear;			/* nothing is hidden */
	uint8_t key[SECRET_KEY];
};

/* What may be secret in a text. */
enum secret {
	SECRET_NOTHING,
	SECRET_TOKENS,		/* runs that look like a machine's or licence's number: a path, a user agent */
	SECRET_QUERY,		/* every value of "name=value&...", but short ones and versions */
	SECRET_URL,		/* path by tokens, what follows "?" as a query */
	SECRET_HEADER,		/* "name: value": the value */
	SECRET_FIELD,		/* "name: value": the value, when name is "id" or looks by its value like one */
};

/* The text without its secrets; returns its length.  What is longer than out is cut. */
size_t secret_hide(const struct secrets *, enum secret, struct span in, uint8_t out[static SECRET_TEXT_MAX]);

#endif
