/* SPDX-License-Identifier: Apache-2.0 */
/* summary - what a person at a terminal is told at the end: who, which hosts, what for, where, how much. */
#ifndef APP_SUMMARY_H
#define APP_SUMMARY_H

#include <stdint.h>
#include <stdio.h>

#include "catalog/catalog.h"
#include "output/event.h"

struct summary;

/* Room for every vendor of the catalogue.  NULL: out of memory. */
struct summary *summary_new(const struct catalog *);
void summary_free(struct summary **);

/* A flow ended that belongs to a vendor. */
void summary_flow(struct summary *, const struct event_flow *, const struct attribution *,
    const struct geo_answer *destination);

/* Writes the table; nothing but a sentence when no vendor was seen. */
void summary_print(const struct summary *, FILE *, uint64_t frames, uint64_t events);

#endif
