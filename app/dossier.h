/* SPDX-License-Identifier: Apache-2.0 */
/*
 * dossier - what is remembered of a flow that may matter: the facts of its
 * latest exchange, and the evidence of all of them.
 *
 * An exchange is a request with its response, a DNS question with its answer,
 * or a handshake.  Facts of one replace those of the one before, so a
 * connection of any length needs the memory of one exchange.
 */
#ifndef APP_DOSSIER_H
#define APP_DOSSIER_H

#include <stdbool.h>
#include <stdint.h>

#include "catalog/catalog.h"
#include "core/arena.h"
#include "dissectors/observation.h"

enum { EVIDENCE_MAX = 16, FACTS_MAX = 64, TOLD_MAX = 16 };

struct fact {
	struct fact *next;
	struct observation obs;		/* its value lies in the same arena */
};

struct told {				/* a contact event was written for it */
	const struct vendor *vendor;
	enum purpose purpose;
};

struct dossier {
	struct dossier *spare;		/* of those not in use */
	struct arena scene;		/* facts and evidence of the exchange at hand */
	struct arena kept;		/* evidence of all exchanges */
	struct fact *facts, **last;	/* in the order seen; scene */
	unsigned n_facts, n_now, n_all, n_told;
	unsigned dropped;		/* evidence or facts that found no room */
	enum purpose purpose;		/* of this exchange */
	struct share {			/* bytes of the conversation under each purpose */
		uint64_t bytes[2];	/* by enum side */
	} shares[PURPOSES_N];
	uint64_t shared[2];		/* bytes that are in shares already */
	struct evidence now[EVIDENCE_MAX];	/* of this exchange */
	struct evidence all[EVIDENCE_MAX];
	struct told told[TOLD_MAX];
};

void dossier_init(struct dossier *);
void dossier_fini(struct dossier *, struct arena_pool *);

/* A new exchange begins: its facts and evidence replace those of the last. */
void dossier_turn(struct dossier *, struct arena_pool *);

/* The conversation has bytes[] now: what came since the last call belongs to the exchange at hand. */
void dossier_share(struct dossier *, const uint64_t bytes[static 2]);

/* Copies an observation. */
void dossier_fact(struct dossier *, struct arena_pool *, const struct observation *);

/* Copies evidence, unless the same is there already. */
void dossier_evidence(struct dossier *, struct arena_pool *, const struct evidence *);

/* true the first time for a vendor and purpose on this flow. */
bool dossier_tell(struct dossier *, const struct attribution *);

/* Facts in the order seen, into an array; returns how many. */
unsigned dossier_facts(const struct dossier *, struct observation out[static FACTS_MAX]);

#endif
