/* SPDX-License-Identifier: Apache-2.0 */
/* event_part - an event that is being built; between the event_*.c files only. */
#ifndef OUTPUT_EVENT_PART_H
#define OUTPUT_EVENT_PART_H

#include "output/event.h"
#include "output/json.h"
#include "output/secret.h"

/* Bytes of JSON that a text may take, by what it is. */
enum {
	EVENT_VALUE_MAX = JS_TEXT_MAX, EVENT_HOST_MAX = 320, EVENT_ITEM_MAX = 256, EVENT_LABEL_MAX = 64,
	EVENT_LIST_MAX = 16, EVENT_DATABASES_MAX = GEO_DBS_MAX, FLOW_ID_MAX = 17,
};

struct draft {
	struct js js;
	const struct event *event;
	struct crypto *crypto;		/* borrowed: the maker's, and what follows */
	const struct secrets *secrets;
	json_t *root;			/* owned by event.c */
	json_t *own;			/* its telltale object; borrowed: root */
	const struct observation *last[OBS_KINDS_N];	/* the last fact of each kind; NULL none */
	struct span domain;		/* destination.domain; { 0 } none */
	char flow_id[FLOW_ID_MAX];
};

/* What all datasets share, about what the event is; returns the event object, borrowed: root. */
json_t *event_put_head(struct event_maker *, struct js *, json_t *root, uint64_t ts_ns, const char *about);

/* telltale.catalog; for what is told without the flow that showed it. */
void event_put_catalog(struct event_maker *, struct js *, json_t *own);

/* The line, malloc'ed; root is taken.  NULL when memory is out. */
char *event_finish(struct event_maker *, struct js *, json_t *root, size_t *len);

/* source, destination, network, telltale.flow, telltale.geo */
void event_put_flow(struct draft *);

/* dns, tls, http, url, user_agent, telltale.{tls,http,ndpi}, related */
void event_put_facts(struct draft *);

/* A text of the wire without its secrets; the caller owns it. */
json_t *event_text(const struct draft *, enum secret, struct span, size_t max);

/* telltale.{vendor,product,purpose,presence,confidence,evidence,others} */
void event_put_attribution(struct draft *);

void event_put_vendor(struct js *, json_t *own, const struct vendor *);

/* product may be NULL: not told apart.  Returns telltale.product, borrowed: own. */
json_t *event_put_product(struct js *, json_t *own, const struct product *, enum category);

/* The best name of the server: what the client asked it for, then its certificate, then DNS. */
struct span event_domain(const struct draft *);

/*
 * Leaves fields out, in the order of telltale-events(5), until the document
 * takes at most max bytes, and writes it to buf, which has room for them.
 * Returns its length; 0 when it cannot be done.
 */
size_t event_fit(struct js *, json_t *root, char *buf, size_t max);

#endif
