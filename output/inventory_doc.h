/* SPDX-License-Identifier: Apache-2.0 */
/*
 * inventory_doc - the products of hosts as a state file: one JSON object a line,
 * first what the file is, then an entry a line, by the time of the last contact.
 *
 *	{"telltale_state":1,"catalog":"<digest>","saved":<ns>}
 *	{"client":"192.0.2.9","vendor":"acme","first_seen":<ns>,"last_seen":<ns>, ...}
 *
 * Vendors and products are names here: who reads looks them up.  Times are
 * nanoseconds since 1970, so that what was written is what is read.
 */
#ifndef OUTPUT_INVENTORY_DOC_H
#define OUTPUT_INVENTORY_DOC_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include "catalog/catalog.h"
#include "core/addr.h"
#include "core/err.h"

enum { INVENTORY_DOC_VERSION_MAX = 32, INVENTORY_DOC_ID_MAX = 64 };

/* An entry, zeroed but for what is known.  Numbers are at most 2^63 - 1. */
struct inventory_doc {
	struct addr client, server;	/* server all zero: none */
	const char *vendor, *product;	/* ids, borrowed; product NULL: not told apart */
	uint64_t first_ns, last_ns, told_ns;
	unsigned strong_kinds;
	enum strength strength;
	unsigned confidence;
	bool present;
	char version[INVENTORY_DOC_VERSION_MAX + 1];
	struct {
		uint64_t contacts, bytes_up, bytes_down;
	} purposes[PURPOSES_N];
};

/* Append to out; false when memory is out or out fails. */
bool inventory_doc_head(FILE *out, const char *catalog_digest, uint64_t saved_ns);
bool inventory_doc_entry(FILE *out, const struct inventory_doc *);

/*
 * Hands each entry of a file's text to take, in order; its texts live as long
 * as the call.  -1 and "name:line: what is wrong; remedy: ..." on the first
 * line that is not right; what came before it was handed over.
 */
int inventory_doc_read(const char *name, const char *text, size_t len,
    void (*take)(void *arg, const struct inventory_doc *), void *arg, struct err *);

#endif
