/* SPDX-License-Identifier: Apache-2.0 */
/*
 * state - the inventory, kept in a file over restarts.
 *
 * The sandbox lets nothing be opened or renamed, so state_open() leaves behind a
 * small process that can do nothing else: it is sent whole documents over a
 * socket and puts each in the place of the file, which is thus at any time
 * either the old or the new one.  It ends when the socket is closed.
 */
#ifndef APP_STATE_H
#define APP_STATE_H

#include <stdint.h>

#include "app/inventory.h"
#include "catalog/catalog.h"
#include "core/err.h"

struct state;

/*
 * Before the sandbox.  What the file holds goes to the inventory; no file, or
 * none of a product of the catalogue, is no error.  NULL and a sentence when
 * the file is malformed or could not be written later.
 */
struct state *state_open(const char *path, const struct catalog *, struct inventory *, struct err *);

/* Returns when the file is on disk; -1 and a sentence: the file is as it was. */
int state_save(struct state *, const struct inventory *, const char *catalog_digest, uint64_t now_ns, struct err *);

void state_close(struct state **);

#endif
