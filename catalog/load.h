/* SPDX-License-Identifier: Apache-2.0 */
/*
 * load - what the files of catalog/ share about a loaded catalogue and about a
 * vendor file on its way there.  Private to the folder and its tests.
 *
 * text -> places (where each key is written) -> raw (typed by the schema)
 *      -> check (does it make sense) -> build (the catalogue's own memory)
 *      -> compile (look-up tables and pattern databases)
 */
#ifndef CATALOG_LOAD_H
#define CATALOG_LOAD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "catalog/catalog.h"
#include "catalog/hosts.h"
#include "catalog/patterns.h"
#include "catalog/places.h"

enum {
	CATALOG_FILE_MAX = 1 << 20,	/* bytes of one vendor file */
	CATALOG_TEXT_MAX = 1024,	/* bytes of one value */
	CATALOG_REGEX_MAX = 512,
	CATALOG_MAGIC_MIN = 2, CATALOG_MAGIC_MAX = 64,
	CATALOG_VENDORS_MAX = 4096, CATALOG_SIGNALS_MAX = 4096, CATALOG_PRODUCTS_MAX = 256,
	CATALOG_SOURCES_MAX = 16, CATALOG_VERSIONS_MAX = 8, CATALOG_NETWORKS_MAX = 1024
};

/* --- a vendor file as the schema read it; strings are NULL when not given ---- */

struct raw_source {
	char *title, *url, *checked;
};

struct raw_product {
	char *id, *name, *category;
};

struct raw_signal {
	char *id, *product, *category, *purpose, *strength, *means, *enabled, *reason, *note;
	char *host, *host_exact, *host_pattern;
	char *http_path, *http_query, *http_agent, *http_header, *http_method, *dns_txt, *protocol;
	char *body, *request_body, *payload_client, *payload_server;
	uint16_t port;
	char *transport;
	char **version;
	unsigned version_count;
	struct raw_source *source, *sources;
	unsigned sources_count;
};

struct raw_vendor {
	char *vendor, *name, *seat, *category;
	uint32_t *asn;
	char **networks;
	struct raw_product *products;
	struct raw_signal *signals;
	unsigned asn_count, networks_count, products_count, signals_count;
};

/* --- what a signal may ask for ------------------------------------------------ */

/* One bit each of a signal's needs; the further down, the better it identifies, until METHOD. */
enum need {
	NEED_HOST, NEED_TXT, NEED_AGENT, NEED_HEADER, NEED_QUERY, NEED_PATH, NEED_REQUEST_BODY, NEED_BODY,
	NEED_PAYLOAD_SERVER, NEED_PAYLOAD_CLIENT, NEED_PROTOCOL, NEED_METHOD, NEED_PORT, NEEDS_N
};

enum matcher_type { MATCH_NAME, MATCH_REGEX, MATCH_METHOD, MATCH_WORD, MATCH_BYTES };

struct matcher_key {
	const char *key;		/* in the file */
	enum matcher_type type;
	enum need need;
	enum pattern_class patterns;	/* of a MATCH_REGEX */
	size_t raw;			/* offset of its char * in struct raw_signal */
	size_t signal;			/* of its const char *, or struct span, in struct signal */
};

enum { MATCHER_KEYS_N = 14 };
extern const struct matcher_key matcher_keys[MATCHER_KEYS_N];

/* What the file says for that key; NULL when it says nothing. */
const char *raw_matcher(const struct raw_signal *, const struct matcher_key *);
const char *signal_text(const struct signal *, const struct matcher_key *);
struct span signal_bytes(const struct signal *, const struct matcher_key *);

/* Bytes of "text" or "hex:4e4f"; their number, 0 when it is not that or they are more than max. */
size_t magic_parse(const char *text, uint8_t *out, size_t max);

/* --- the catalogue -------------------------------------------------------------- */

/* First bytes that identify, of one need, grouped by their first byte. */
struct magics {
	struct magic {
		struct span bytes;
		uint32_t signal;
	} *v;				/* v[start[b]] up to v[start[b + 1]] start with b */
	uint32_t start[257];
};

struct memory;

struct catalog {
	struct memory *memory;		/* everything below that is not named as owned elsewhere */
	const struct vendor **vendors;	/* CATALOG_VENDORS_MAX of them fit */
	size_t n_vendors, n_signals;
	char digest[65];
	/* by signal index */
	const struct signal **signals;
	uint16_t *needs;
	uint32_t *vendor_of;		/* index into vendors */
	struct hosts *hosts;		/* owned */
	uint32_t *group_of;		/* by signal: group of its host pattern, among patterns that end in the same names */
	struct pattern *pattern_list;
	size_t n_patterns;
	struct patterns *patterns;	/* owned */
	const struct vendor *resolver;		/* the vendor with signals of public resolvers; NULL none */
	uint32_t *protocols, n_protocols;	/* signals that ask for a protocol */
	uint32_t *port_list;		/* signals that ask for a port alone, by port */
	size_t n_ports;
	uint64_t ports[65536 / 64];	/* bit: the list has this port */
	struct magics magics[4];	/* of NEED_REQUEST_BODY to NEED_PAYLOAD_CLIENT */
};

struct catalog *catalog_new(struct err *);

/* Zeroed memory that lives as long as the catalogue; NULL when there is none. */
void *catalog_alloc(struct catalog *, size_t n, size_t size);
char *catalog_strdup(struct catalog *, const char *);	/* NULL stays NULL */

/* Index of a word in a table of names; -1 when it is none of them. */
int word_find(const char *const *names, unsigned n, const char *word);
extern const char *const purpose_names[PURPOSES_N], *const strength_names[STRENGTHS_N];
extern const char *const category_names[CATEGORIES_N], *const means_names[MEANS_N], *const bool_names[2];
extern const char *const transport_names[2];

/* -1 and "file:line:column: ..." on one line, whatever the arguments hold. */
__attribute__((format(printf, 5, 6))) int refuse(struct err *, const char *file, unsigned line,
    unsigned column, const char *fmt, ...);

/* -1 and a sentence when the file contradicts telltale-catalog(5). */
int check_vendor(const struct raw_vendor *, const struct places *, const char *file, struct err *);

/* Copy a checked file into the catalogue. */
int build_vendor(struct catalog *, const struct raw_vendor *, const struct places *, const char *file,
    struct err *);

/* Once, when all files are in: make the lists and tables that the matcher looks into. */
int catalog_compile(struct catalog *, struct err *);

/* Signals that ask for this port and nothing else: [*n] of them. */
const uint32_t *port_signals(const struct catalog *, uint16_t port, unsigned *n);

/* A catalogue of one file, whose text is given; file is its name in messages. */
struct catalog *catalog_load_text(const char *file, const char *text, size_t len, struct err *);

#endif
