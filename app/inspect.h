/* SPDX-License-Identifier: Apache-2.0 */
/*
 * inspect - the inside of a worker, shared by worker.c (the pipeline),
 * inspect.c (streams and dissectors), judge.c (observations to attributions)
 * and emit.c (attributions to events).
 */
#ifndef APP_INSPECT_H
#define APP_INSPECT_H

#include "app/dossier.h"
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
	DISSECTORS_MAX = 32,
};

/* What a flow needs while it is being dissected, and after that while it matters. */
struct inspection {
	struct inspection *next;	/* free list */
	const struct dissector *dissector;
	struct stream stream[2];
	struct dpi_view *dpi;		/* owned */
	struct dossier *dossier;	/* owned; NULL until there is something to remember */
	uint32_t exchanges;		/* requests, questions, handshakes */
	uint8_t tries;
	bool deaf;			/* dissection is over */
	bool curious;			/* the catalogue recognised it */
	bool dpi_wanted, dpi_done;
	bool named;			/* a name was seen or looked up */
	bool gap;			/* bytes were lost while it mattered */
	bool head_seen[2];
	_Alignas(16) uint8_t state[DISSECT_STATE_MAX];
};

struct worker {
	struct worker_options opt;
	struct flow_table *flows;
	struct names *names;
	struct stream_mem streams;
	struct arena_pool arenas;
	struct crypto *crypto;
	struct matcher *matcher;
	struct dpi *dpi;		/* NULL: off */
	struct event_maker *events;
	struct inspection *free_inspections;
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
	uint64_t ech;
	struct { struct addr addr; bool set; struct geo_answer answer; } geo_cache[GEO_CACHE];
};

/* What a packet means for its flow; hit->conv is not NULL. */
void inspect(struct worker *, struct flow_hit *, const struct packet *);

/* The flow ends: streams are drained, nDPI is asked, the event is written, memory goes back. */
void inspect_end(struct worker *, struct flow *, struct conv *, enum flow_end);

/* The observations in w->obs: remembered, matched, and told if they are news. */
void judge(struct worker *, struct flow_hit *, struct inspection *, uint64_t frame, uint64_t ts_ns);

/* Facts that came without being matched (nDPI's opinion). */
void judge_remember(struct worker *, struct inspection *);

void emit_contact(struct worker *, struct flow *, struct conv *, struct inspection *, const struct attribution *,
    uint64_t frame, uint64_t ts_ns);
void emit_flow(struct worker *, struct flow *, struct conv *, struct inspection *, enum flow_end);
const struct geo_answer *emit_geo(struct worker *, const struct addr *);

struct dossier *dossier_get(struct worker *, struct inspection *);
size_t dissector_row(const struct dissector *);

#endif
