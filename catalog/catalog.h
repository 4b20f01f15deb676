/* SPDX-License-Identifier: Apache-2.0 */
/*
 * catalog - who ships updates, and how it shows.  Immutable once loaded.
 *
 * All facts about vendors come from catalog/vendors/<vendor>.yaml (telltale-catalog(5));
 * no vendor is named in C.  A signal is one way in which a vendor's traffic
 * shows; it hits when everything it asks for is met by the observations of one
 * batch (one message head), e.g. a host and a path.
 */
#ifndef CATALOG_CATALOG_H
#define CATALOG_CATALOG_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/addr.h"
#include "core/err.h"
#include "dissectors/observation.h"

enum purpose {
	PURPOSE_UNDETERMINED, PURPOSE_UPDATE, PURPOSE_TELEMETRY, PURPOSE_REPUTATION, PURPOSE_LICENSE,
	PURPOSE_MANAGEMENT, PURPOSE_DOWNLOAD, PURPOSE_CRASH, PURPOSE_VPN, PURPOSE_WEB, PURPOSES_N
};

enum strength { STRENGTH_WEAK, STRENGTH_MEDIUM, STRENGTH_STRONG, STRENGTH_PROOF, STRENGTHS_N };
enum category { CATEGORY_SECURITY, CATEGORY_OS, CATEGORY_SOFTWARE, CATEGORIES_N };
enum means {
	MEANS_PRODUCT,		/* the vendor's product talks */
	MEANS_ENGINE,		/* the vendor's format, which may travel under another brand */
	MEANS_NOT,		/* not the vendor's product, though less specific signals may look like it */
	MEANS_RESOLVER,		/* a public resolver: over TLS or QUIC it hides the names that are asked for */
	MEANS_OUTER,		/* the public name of encrypted ClientHellos: the name asked for is hidden */
	MEANS_N
};

const char *purpose_name(enum purpose);		/* as in telltale.purpose */
const char *strength_name(enum strength);
const char *means_name(enum means);
const char *category_name(enum category);
bool category_parse(const char *, enum category *);

struct product {
	const char *id, *name;
	enum category category;
};

struct source_note {
	const char *title, *url, *checked;	/* url may be NULL; checked is a date */
};

struct vendor;

struct signal {
	const char *id;			/* unique within the vendor */
	const struct vendor *vendor;
	const struct product *product;	/* NULL: any of the vendor's */
	enum category category;		/* the product's, else the vendor's */
	enum purpose purpose;
	enum strength strength;
	enum means means;
	bool enabled;
	const char *reason;		/* why it is not enabled; NULL when it is */
	const char *note;		/* NULL: none */
	/* What it asks for; NULL or 0 = not asked.  All that are given must be met. */
	const char *host;		/* label-wise suffix */
	const char *host_exact;
	const char *host_pattern;	/* regular expression over the whole name */
	const char *http_path;		/* regular expression over the path without query */
	const char *http_query;
	const char *http_agent;
	const char *http_header;	/* regular expression over "name: value", name lower case */
	const char *http_method;	/* exact */
	const char *dns_txt;		/* regular expression over a TXT answer */
	const char *protocol;		/* app.protocol, exact: a dissector's name for it */
	struct span body;		/* first bytes of a response body */
	struct span request_body;
	struct span payload_client;	/* first bytes of an unknown protocol */
	struct span payload_server;
	uint16_t port;			/* server port; alone it is believed only of a host that is known for more */
	uint8_t transport;		/* 6, 17; 0 = either */
	unsigned n_versions;
	const char *const *versions;	/* templates that find a version in a file's name or first bytes */
	unsigned n_sources;
	const struct source_note *sources;
	const char *file;		/* where it is written: path and line, for messages */
	unsigned line;
	unsigned index;			/* in the catalogue, dense from 0 */
};

struct vendor {
	const char *id, *name;
	const char *seat;		/* ISO 3166-1 alpha-2; of the vendor, not of its servers */
	enum category category;
	unsigned n_asns, n_networks, n_products, n_signals;
	const uint32_t *asns;
	const struct prefix *networks;
	const struct product *products;
	const struct signal *signals;
};

struct catalog;

/*
 * Load every *.yaml of directory, in name order, check it and compile it.
 * NULL and a sentence "file:line:column: what is wrong, what was expected".
 */
struct catalog *catalog_load(const char *directory, struct err *);
void catalog_free(struct catalog **);

/*
 * Regular expressions are checked when they are loaded and compiled in a thread
 * of their own while the start goes on; matching waits for what it needs.  This
 * waits for all of it.  -1 and a sentence when one proves too large to use.
 */
int catalog_ready(const struct catalog *, struct err *);

/* The same without waiting: of what was needed so far. */
int catalog_faults(const struct catalog *, struct err *);

size_t catalog_vendors(const struct catalog *, const struct vendor *const **first);
size_t catalog_signals(const struct catalog *);		/* enabled and not */
const char *catalog_digest(const struct catalog *);	/* SHA-256 of all files, hexadecimal */

/* --- matching ------------------------------------------------------------ */

/* A signal that was met, and by what. */
struct hit {
	const struct signal *signal;
	enum obs_kind kind;		/* the observation that identifies best: path before host before port */
	enum side side;
	struct span value;		/* borrowed: the batch */
	uint64_t num;
	uint32_t age_ms;
	uint32_t specificity;		/* of a host signal: exact, pattern, then longer suffixes first */
};

/* The server's side of a flow. */
struct service {
	uint8_t proto;			/* 6, 17; 0 = any, for "explain" */
	uint16_t port;
};

enum { HITS_MAX = 32 };

struct hits {
	unsigned n, dropped;
	struct hit v[HITS_MAX];
};

/* Scratch of one worker.  Borrowed from the catalogue, which must outlive it. */
struct matcher;

struct matcher *matcher_new(const struct catalog *, struct err *);
void matcher_free(struct matcher **);

/*
 * Hits of enabled signals in one batch, most telling first, in an order that
 * depends on nothing but the batch and the catalogue.  Of several host signals
 * of one vendor that one name meets, only the most specific is reported; where a
 * MEANS_NOT signal of a vendor is met, only the vendor's proofs are.
 */
void matcher_match(struct matcher *, const struct observations *, struct service, struct hits *);

/* For "explain": also signals that are not enabled, and less specific ones. */
void matcher_match_all(struct matcher *, const struct observations *, struct service, struct hits *);

/* The signal asks for a port and nothing else. */
bool signal_is_port(const struct signal *);

/*
 * What a template of telltale-catalog(5), such as "daily-{}.cdiff", finds in text;
 * { 0 } when it does not fit the whole of it.
 */
struct span version_find(const char *tmpl, struct span text);

/* Does the vendor claim this AS number, or a prefix that holds the address? */
bool vendor_has_asn(const struct vendor *, uint32_t asn);
bool vendor_has_address(const struct vendor *, const struct addr *);

/* Is the address one of those that a vendor with MEANS_RESOLVER signals claims? */
bool catalog_is_resolver(const struct catalog *, const struct addr *);

/* --- attribution --------------------------------------------------------- */

struct evidence {
	const struct signal *signal;	/* NULL: supporting evidence (network of the vendor) */
	enum obs_kind kind;
	enum side side;
	struct span value;
	uint64_t num;
	uint32_t age_ms;
	uint64_t frame;
};

/*
 * Conclusion over a set of evidence of one vendor.  A pure function: the same
 * evidence in the same order gives the same answer.
 */
struct attribution {
	const struct vendor *vendor;
	const struct product *product;	/* NULL: not told apart */
	const struct vendor *engine;	/* whose engine's format was seen; NULL: none */
	enum category category;
	enum purpose purpose;
	enum strength strength;		/* of the best evidence */
	unsigned confidence;		/* 0 to 100 */
	bool present;			/* one proof, or strong evidence of two kinds; else a contact */
	bool lookup_only;		/* nothing but a DNS question: no flow to the vendor was seen */
};

/* Bits of the kinds of strong evidence about a vendor in a set; two bits together mean "present". */
unsigned evidence_strong_kinds(const struct evidence *, unsigned n, const struct vendor *);

/*
 * evidence[] may mix vendors; answers about one vendor each are written to out,
 * best first; returns how many (<= max).
 */
unsigned attribute(const struct evidence *, unsigned n, struct attribution *out, unsigned max);

#endif
