/* SPDX-License-Identifier: Apache-2.0 */
/*
 * catalog_doc - the catalogue, and what it says of a name, as JSON (RFC 8259).
 *
 * A signal has the keys that it has in a vendor file (telltale-catalog(5)), with
 * what was left to a default filled in.  The same catalogue gives the same bytes,
 * wherever it lies: files are named without their folder.
 */
#ifndef OUTPUT_CATALOG_DOC_H
#define OUTPUT_CATALOG_DOC_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "catalog/catalog.h"
#include "geo/geo.h"

/* --- what a signal asks for, in the order and with the keys of its file ------------------ */

enum { ASK_MAX = 16, ASK_TEXT_MAX = 160 };

struct ask {
	const char *key;
	const char *value;		/* borrowed: the signal, or text */
	char text[ASK_TEXT_MAX];	/* of a number, and of bytes */
};

/* Returns how many. */
unsigned signal_asks(const struct signal *, struct ask out[static ASK_MAX]);

/* "198.51.100.0/24"; returns out. */
const char *prefix_text(const struct prefix *, char out[static PREFIX_STR_MAX]);

/* Text of a stranger's that is safe to print (output/json.h), cut at the end; returns out. */
enum { SAFE_TEXT_MAX = 1024 };
const char *safe_text(const char *, char out[static SAFE_TEXT_MAX]);

/* --- explaining --------------------------------------------------------------------------- */

/* What became of a signal that was met. */
enum fate {
	FATE_EVIDENCE,		/* it counts */
	FATE_OFF,		/* enabled: false */
	FATE_LESS,		/* by is more specific, of the same vendor */
	FATE_SUPPRESSED,	/* by says that this is not the vendor's product */
	FATE_NOT,		/* it says that itself */
	FATE_HIDES,		/* a resolver or an outer name: what was asked for is hidden */
	FATE_PORT,		/* a port alone: of a host that is known for more */
	FATES_N
};

const char *fate_name(enum fate);		/* as in "status" */

struct explained {
	struct hit hit;
	enum fate fate;
	const struct signal *by;		/* FATE_LESS, FATE_SUPPRESSED; NULL: not known */
};

enum { EXPLAIN_NOTES_MAX = 8, EXPLAIN_MORE_MAX = 32, EXPLAIN_OWNERS_MAX = 16 };

struct explanation {
	const char *question;			/* borrowed: as it was understood */
	const char *kind;			/* host, url, address, agent, txt, header */
	struct service at;
	unsigned n_hits, dropped;
	struct explained hits[HITS_MAX];	/* most telling first */
	unsigned n_found;
	struct attribution found[HITS_MAX];	/* best first */
	unsigned categories;			/* bit mask: what a run would report */
	unsigned n_more, more_dropped;
	const struct signal *more[EXPLAIN_MORE_MAX];	/* the name is theirs, but they ask for more */
	unsigned n_notes;
	char notes[EXPLAIN_NOTES_MAX][512];	/* sentences; may hold what a stranger chose */
	bool has_address;
	struct addr address;
	struct geo_answer geo;
	unsigned n_owners;
	const struct vendor *owners[EXPLAIN_OWNERS_MAX];	/* to whose networks the address belongs */
};

/* --- documents: one line, LF included, which the caller frees; NULL when memory is out ------- */

/* vendors: those of the catalogue that are told of. */
char *catalog_doc(const struct catalog *, const struct vendor *const *vendors, size_t n);
char *explanation_doc(const struct explanation *);

#endif
