/* SPDX-License-Identifier: Apache-2.0 */
/* dns_name - a name of a DNS message, read by whoever dissects one. */
#ifndef DISSECTORS_DNS_NAME_H
#define DISSECTORS_DNS_NAME_H

#include <stddef.h>
#include <stdint.h>

#include "core/rd.h"

enum {
	DNS_HEADER_LEN = 12,
	DNS_LABEL_MAX = 63,
	DNS_NAME_TEXT_MAX = 4 * 255,	/* every byte of the longest name as \DDD */
};

/* Presentation form (RFC 1035 section 5.1), lower case, without final dot; len 0: it could not be read. */
struct dns_name {
	size_t len;
	uint8_t text[DNS_NAME_TEXT_MAX];
};

/* Where in the message r stands. */
size_t dns_offset(const struct rd *whole, const struct rd *r);

/* The name at r, which moves behind it; compression pointers are into whole. */
void dns_name_read(const struct rd *whole, struct rd *r, struct dns_name *);

#endif
