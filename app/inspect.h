/* SPDX-License-Identifier: Apache-2.0 */
/*
 * inspect - the inside of a worker, shared by worker.c (the pipeline),
 * inspect.c (streams and dissectors), judge.c (observations to attributions)
 * and emit.c (attributions to events).
 */
#ifndef APP_INSPECT_H
#define APP_INSPECT_H

#include "app/dossier.h"
#include "app/inventory.h"
#include "app/object.h"
#include "app/worker.h"
#include "capture/decode.h"
#include "dissectors/dissector.h"
#include "dissectors/ndpi.h"
#include "flow/flow.h"
#include "flow/names.h"
#include "flow/stream.h"

/* struct conv.stage */
enum stage {
	STAGE_NEW,		/* no payload was looked at yet */
	STAGE_OPEN,		/* .user is a struct inspection that looks at payload */
	STAGE_DECIDED,		/* payload is only counted; .user may hold what was found */
};

enum {
	TRIES_MAX = 16,		/* segments of a mid-stream flow that are probed, both sides together */
	PROBE_MAX = 64,		/* bytes after which "perhaps" is no answer any more */
	HEAD_MAX = 64,		/* first bytes of an unknown protocol that are observed */
	GEO_CACHE = 1024,	/* answers; a power of two */
	BORING_NAMES = 8192,	/* the same */
	DISSECTORS_MAX = 32,
};

/* What a flow needs while it is being dissected, and after that while it matters. */
struct inspection {
	struct inspection *next;	/* free list */
	const struct dissector *dissector;
	struct stream stream[2];
	struct dpi_view *dpi;		/* owned */
	struct dossier *dossier;	/* owned; NULL until there is something to remember */
	struct object *object;		/* owned; an answer's body that is being read */
	struct arena work;		/* of a datagram dissector, until it is done */
	uint32_t exchanges, answers;	/* requests, questions, handshakes; responses */
	uint8_t tries;
	bool deaf;			/* dissection is over */
	bool curious;			/* the catalogue recognised it */
	bool dpi_wanted, dpi_done;
	bool named;			/* a name was seen or looked up */
	bool sni;			/* the client named the server in its handshake */
	bool want_body;			/* the request at hand asked for an update */
	bool resolver, outer;		/* it hides names: see count_hidden() */
	bool tunnelled;			/* it was asked of a proxy, or is the inside of a tunnel through one */
	bool gap;			/* bytes were lost while it mattered */
	bool head_seen[2];
	_Alignas(16) uint8_t state[DISSECT_STATE_MAX];
};

struct worker {
	struct worker_options opt;
	bool quick_dns;			/* DNS over UDP that does not matter needs no flow */
	struct flow_table *flows;
	struct names *names;
	struct stream_mem streams;
	struct arena_pool arenas;
	struct inventory *inventory;
	struct crypto *crypto;
	struct matcher *matcher;
	struct dpi *dpi;		/* NULL: off */
	struct event_maker *events;
	struct inspection *free_inspections;
	struct object *free_objects;	/* owned */
	struct dossier *free_dossiers;	/* owned */
	size_t n_objects;
	size_t n_inspections, max_inspections, n_dossiers, max_dossiers;
	struct observations obs;	/* the batch of the dissector that runs */
	struct hits hits;
	uint64_t first_ns, last_ns, last_frame;
	uint64_t decoded[DECODES_N];
	uint64_t snapped;
	uint64_t bytes;			/* of frames, on the wire */
	uint64_t malformed[DISSECTORS_MAX], flows_of[DISSECTORS_MAX];	/* by row of dissectors[] */
	uint64_t dpi_second, dpi_asked;	/* unknown flows shown to nDPI in this second of packet time */
	uint64_t dpi_over_budget;
	uint64_t unknown, held_too_much, no_inspection, no_dossier, dropped_observations;
	uint64_t contacts, flow_events, events_lost;
	uint64_t ech, dns_datagrams, no_object, objects;
	uint64_t product_events;
	uint64_t hidden_resolver, hidden_outer;	/* names that are hidden from us: DoH and DoT; encrypted hellos */
	uint64_t boring[BORING_NAMES];	/* keyed hashes of names that the catalogue does not know */
	struct { struct addr addr; bool set; struct geo_answer answer; } geo_cache[GEO_CACHE];
};

/* What a packet means for its flow; hit->conv is not NULL. */
void inspect(struct worker *, struct flow_hit *, const struct packet *);

/* The flow ends: streams are drained, nDPI is asked, the event is written, memory goes back. */
void inspect_end(struct worker *, struct flow *, struct conv *, enum flow_end);

/*
 * The observations in w->obs: remembered, matched, and told if they are news.
 * goes_on: more of the flow will be dissected, whatever comes of this.
 */
void judge(struct worker *, struct flow_hit *, struct inspection *, uint64_t frame, uint64_t ts_ns, bool goes_on);

/* Of w->hits, those of the categories that were asked for. */
void judge_keep_wanted(struct worker *);

/* What a DNS answer in w->obs says of addresses is remembered. */
void learn_names(struct worker *, const struct addr *client, uint16_t server_port, uint64_t ts_ns);

/* Is this one that inspect_dns() should see first? */
static inline bool
is_dns_datagram(const struct packet *pkt)
{
	return pkt->proto == IP_UDP && (pkt->dport == 53 || pkt->sport == 53);
}

/* true: it was DNS, nothing in it matters, and no flow is needed for it. */
bool inspect_dns(struct worker *, const struct packet *);

/* Facts that came without being matched (nDPI's opinion). */
void judge_remember(struct worker *, struct inspection *);

void emit_contact(struct worker *, struct flow *, struct conv *, struct inspection *, const struct attribution *,
    uint64_t frame, uint64_t ts_ns);
/* The inventory is told of a contact; what is news of a product becomes an event. */
void emit_product(struct worker *, const struct flow *, const struct inspection *, const struct attribution *,
    uint64_t frame, uint64_t ts_ns);
void emit_object(struct worker *, struct flow *, struct conv *, struct inspection *, const struct attribution *,
    const struct event_object *, uint64_t frame, uint64_t ts_ns);
void emit_flow(struct worker *, struct flow *, struct conv *, struct inspection *, enum flow_end);
const struct geo_answer *emit_geo(struct worker *, const struct addr *);

struct dossier *dossier_get(struct worker *, struct inspection *);
size_t dissector_row(const struct dissector *);

#endif
