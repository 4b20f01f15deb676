/* SPDX-License-Identifier: Apache-2.0 */
/*
 * hosts - which of our names is the name asked for, or one of its parents.
 *
 * Label-wise: "upd.example.net" is found for itself and "a.upd.example.net",
 * not for "xupd.example.net".  All names are put in first; then it is read-only.
 * The table holds our own names only, at most half full, so a stranger's choice
 * of name cannot make a look-up longer than our own longest chain.
 */
#ifndef CATALOG_HOSTS_H
#define CATALOG_HOSTS_H

#include <stddef.h>
#include <stdint.h>

enum { HOSTS_NAME_MAX = 255, HOSTS_FOUND_MAX = 128 };	/* bytes, and labels that many bytes can have */

enum host_how { HOST_SUFFIX, HOST_EXACT, HOST_HINT };

/* Why a name is in the table. */
struct host_ref {
	enum host_how how;
	uint32_t signal;
	uint32_t next;		/* number of the next reason; 0 = none */
};

struct hosts;

/* n: how many times hosts_add() will be called at most.  NULL when there is no memory. */
struct hosts *hosts_new(size_t n);
void hosts_free(struct hosts **);

/* name is borrowed and must outlive the table. */
void hosts_add(struct hosts *, const char *name, enum host_how, uint32_t signal);

/* One name that was found: its length and why it is there. */
struct host_found {
	uint32_t len;
	uint32_t ref;
};

/* name: lower case, at most HOSTS_NAME_MAX bytes.  Shortest first; returns how many. */
unsigned hosts_find(const struct hosts *, const char *name, size_t len,
    struct host_found found[static HOSTS_FOUND_MAX]);

const struct host_ref *hosts_ref(const struct hosts *, uint32_t ref);

#endif
