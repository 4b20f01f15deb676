/* SPDX-License-Identifier: Apache-2.0 */
/* pins - what the operator knows better: prefixes with country and autonomous system, from a text file. */
#ifndef GEO_PINS_H
#define GEO_PINS_H

#include <stdint.h>

#include "core/addr.h"
#include "core/err.h"
#include "geo/geo.h"

struct pins;

struct pin {
	struct prefix prefix;
	char country[3];
	uint32_t asn;				/* 0: not said */
	char organization[GEO_TEXT_MAX];	/* "": not said */
	unsigned line;
};

/* Add the lines of a file to *pins, made when it is NULL; on -1 it is as it was. */
int pins_load(struct pins **pins, const char *path, struct err *);

/* The longest prefix that has the address; NULL when there is none, or no pins. */
const struct pin *pins_find(const struct pins *, const struct addr *);
void pins_free(struct pins **);

#endif
