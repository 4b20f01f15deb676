/* SPDX-License-Identifier: Apache-2.0 */
/* event_part - an event that is being built; between the event_*.c files only. */
#ifndef OUTPUT_EVENT_PART_H
#define OUTPUT_EVENT_PART_H

#include "output/event.h"
#include "output/json.h"

/* Bytes of JSON that a text may take, by what it is. */
enum {
	EVENT_VALUE_MAX = JS_TEXT_MAX, EVENT_HOST_MAX = 320, EVENT_ITEM_MAX = 256, EVENT_LABEL_MAX = 64,
	EVENT_LIST_MAX = 16, EVENT_DATABASES_MAX = GEO_DBS_MAX, FLOW_ID_MAX = 17,
};

struct draft {
	struct js js;
	const struct event *event;
	struct crypto *crypto;		/* borrowed: the maker's */
	json_t *root;			/* owned by event.c */
	json_t *own;			/* its telltale object; borrowed: root */
	const struct observation *last[OBS_KINDS_N];	/* the last fact of each kind; NULL none */
	struct span domain;		/* destination.domain; { 0 } none */
	char flow_id[FLOW_ID_MAX];
};

/* source, destination, network, telltale.flow, telltale.geo */
void event_put_flow(struct draft *);

/* dns, tls, http, url, user_agent, telltale.{tls,http,ndpi}, related */
void event_put_facts(struct draft *);

/* telltale.{vendor,product,purpose,presence,confidence,evidence,others} */
void event_put_attribution(struct draft *);

/* The best name of the server: what the client asked it for, then its certificate, then DNS. */
struct span event_domain(const struct draft *);

/*
 * Leaves fields out, in the order of telltale-events(5), until the document
 * takes at most max bytes, and writes it to buf, which has room for them.
 * Returns its length; 0 when it cannot be done.
 */
size_t event_fit(struct js *, json_t *root, char *buf, size_t max);

#endif
