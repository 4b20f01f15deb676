/* SPDX-License-Identifier: Apache-2.0 */
/*
 * event - what the world is told: one line of JSON (ECS 9.4, telltale-events(5)).
 *
 * An event is a view on the stack; event_line() makes the line and forgets the
 * view.  The line is valid UTF-8 whatever the wire held, ends in LF, and is at
 * most max_bytes long: when it would be longer, fields are left out in a stated
 * order and telltale.elided names them.
 */
#ifndef OUTPUT_EVENT_H
#define OUTPUT_EVENT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "catalog/catalog.h"
#include "core/crypto.h"
#include "dissectors/observation.h"
#include "geo/geo.h"

enum event_kind { EVENT_CONTACT, EVENT_FLOW, EVENT_OBJECT, EVENT_STATS };

enum flow_state {	/* telltale.flow.state */
	FLOW_OPEN, FLOW_CLOSED, FLOW_RESET, FLOW_TIMEOUT, FLOW_EVICTED, FLOW_INPUT_END
};

/* The flow as far as events tell of it. */
struct event_flow {
	struct addr client, server;
	uint16_t client_port, server_port;
	uint8_t proto;				/* 6, 17 */
	uint16_t vlan[2];
	uint64_t first_ns, last_ns;
	uint64_t first_frame;			/* number of its first frame: part of telltale.flow.id */
	uint64_t packets[2], bytes[2];		/* by enum side; IP bytes on the wire */
	uint64_t lost[2];			/* TCP bytes that were never seen */
	enum flow_state state;
	bool mid_stream, one_sided, truncated, guessed_sides;
	bool gap;				/* TCP bytes were lost while it mattered */
	uint32_t requests;			/* exchanges seen (HTTP requests, DNS questions) */
	const char *protocol;			/* dissector's name: "dns" "tls" "http"; NULL unknown */
	bool proxied;				/* server is a proxy, asked for another's host */
	bool public_resolver;			/* DNS in clear, asked of a public resolver and not of the site's */
	bool resolver, outer_name;		/* it hides names: DNS over TLS or QUIC; an encrypted ClientHello */
};

/* Bytes of a conversation under one purpose. */
struct event_share {
	enum purpose purpose;
	uint64_t bytes[2];			/* by enum side; IP bytes on the wire */
};

/* A file that was fetched in clear. */
struct event_object {
	struct span name;			/* last segment of the path; len 0: none */
	struct span version;			/* len 0: nothing tells it */
	uint64_t size;				/* bytes of the body that were seen */
	const char *type;			/* filetype(); NULL unknown */
	const char *sha256;			/* hexadecimal; NULL: not all of it was seen */
	bool whole;
};

struct event {
	enum event_kind kind;
	uint64_t ts_ns;				/* of the packet that caused it */
	uint64_t frame;				/* its number */
	const struct event_flow *flow;
	const struct observation *facts;	/* what was seen, in order; see obs kinds */
	unsigned n_facts;
	const struct attribution *attribution;	/* NULL: --all-flows, nothing recognised */
	const struct attribution *others;	/* further attributions on the same flow */
	unsigned n_others;
	const struct evidence *evidence;	/* of this attribution */
	unsigned n_evidence;
	const struct geo_answer *source_geo, *destination_geo;	/* NULL: not looked up */
	const struct addr *target;		/* proxied: the address that the proxy was asked for; NULL: it was a name */
	const struct event_share *shares;	/* EVENT_FLOW: purposes that had bytes */
	unsigned n_shares;
	const struct event_object *object;	/* EVENT_OBJECT */
	unsigned evidence_dropped;		/* did not fit */
};

/* What the network shows of a product on a host, when there is news of it. */
struct event_product {
	uint64_t ts_ns, frame;			/* of the packet that caused it */
	struct addr client;
	const struct vendor *vendor;
	const struct product *product;		/* NULL: not told apart */
	const char *action;			/* "appeared", "seen", "changed" */
	const char *changes[4];			/* such as "purpose" and "version"; NULL after the last */
	bool present;
	unsigned confidence;
	const char *version;			/* "" or NULL: none */
	uint64_t first_ns, last_ns;
	struct {
		uint64_t contacts, bytes_up, bytes_down;
	} purposes[PURPOSES_N];			/* contacts 0: not seen */
};

/* One counter of telltale.stats: dotted path below telltale.stats, and its value. */
struct counter {
	const char *path;
	uint64_t value;
};

struct event_stats {
	uint64_t ts_ns, first_ns;		/* last and first packet time; 0 when there was no packet */
	uint64_t frame;
	const struct counter *stats;
	size_t n_stats;
};

struct event_options {
	const char *observer_name;		/* NULL: "telltale" */
	const char *version;
	const char *catalog_digest;
	size_t max_bytes;			/* of a line; 0: 8000 */
	bool secrets_clear;			/* identifiers are told as they are */
	uint8_t secret_key[32];			/* else hashed under this key: output/secret.h */
};

struct event_maker;

struct event_maker *event_maker_new(const struct event_options *, struct err *);
void event_maker_free(struct event_maker **);

/* A malloc'ed line of *len bytes, LF included, which the caller owns; NULL when memory is out. */
char *event_line(struct event_maker *, const struct event *, size_t *len);
char *event_product_line(struct event_maker *, const struct event_product *, size_t *len);
char *event_stats_line(struct event_maker *, const struct event_stats *, size_t *len);

/* Community ID v1, seed 0 (https://github.com/corelight/community-id-spec). */
void community_id(struct crypto *, const struct event_flow *, char out[static 32]);

#endif
