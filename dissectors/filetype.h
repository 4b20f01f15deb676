/* SPDX-License-Identifier: Apache-2.0 */
/*
 * filetype - what a file is by its first bytes; a pure function.
 *
 * Only formats that are the same whoever made the file: an updater's own formats
 * are facts about its vendor and stand in the catalogue.
 */
#ifndef DISSECTORS_FILETYPE_H
#define DISSECTORS_FILETYPE_H

#include "core/rd.h"

/* "zip", "pe", "gzip", ...; NULL when head shows none of them. */
const char *filetype(struct span head);

#endif
