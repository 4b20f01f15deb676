/* SPDX-License-Identifier: Apache-2.0 */
/*
 * geo - country and autonomous system of an address.
 *
 * A country is the opinion of a database about an address at its build date;
 * it is neither where data is stored nor whose company it is.  Several country
 * databases may be open: they are asked in the order given, the first that
 * knows answers, and whether the others agree is reported.
 *
 * geo.c is the one file with libmaxminddb.  A database is copied into a sealed
 * memory file and opened there, for a file rewritten in place would kill the
 * process that maps it.
 */
#ifndef GEO_GEO_H
#define GEO_GEO_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/addr.h"
#include "core/err.h"

struct geo;

enum { GEO_DBS_MAX = 8, GEO_TEXT_MAX = 96 };
enum geo_role { GEO_COUNTRY, GEO_ASN };
enum geo_agreement { GEO_NONE, GEO_SINGLE, GEO_AGREE, GEO_CONFLICT };

/* One open database. */
struct geo_db {
	enum geo_role role;
	const char *path;		/* borrowed: geo */
	const char *type;		/* database_type of its metadata; borrowed: geo */
	uint64_t build_epoch;		/* seconds since 1970 */
};

/* What one country database said; cc is "" when it knows nothing. */
struct geo_opinion {
	const struct geo_db *db;
	char cc[3];
};

struct geo_answer {
	bool looked_up;			/* false: private address, or no database */
	char country[3];		/* ISO 3166-1 alpha-2; "" unknown */
	char registered[3];		/* country of registration where the database tells; "" unknown */
	char continent[3];		/* "" unknown */
	uint32_t asn;			/* 0 unknown */
	const struct geo_db *asn_db;	/* that told it; NULL: none, or a pin */
	char organization[GEO_TEXT_MAX];	/* of the AS; UTF-8, "" unknown */
	bool anycast;			/* the database says so */
	bool pinned;			/* by the overrides; agreement and opinions stay the databases' */
	enum geo_agreement agreement;	/* of the country databases that know it; "EU" and "AP" do not */
	char prefix[PREFIX_STR_MAX];	/* matched by the answering country database, or pinned; "" none */
	unsigned n_opinions;
	struct geo_opinion opinions[GEO_DBS_MAX];
};

struct geo *geo_new(void);

/*
 * Open path as a database of that role.  Layouts read: MaxMind and DB-IP
 * (country.iso_code, registered_country.iso_code, continent.code,
 * traits.is_anycast, autonomous_system_number, autonomous_system_organization),
 * flat ones of ip-location-db and IPinfo (country_code or country, asn as "AS64496"
 * or number, as_name, continent_code).  -1 and a sentence when path is no
 * database, cannot serve the role, or is damaged (the whole tree is walked once).
 */
int geo_open(struct geo *, enum geo_role, const char *path, struct err *);

/*
 * Open whatever "make geodb" left in the user's data folder
 * ($XDG_DATA_HOME/telltale or ~/.local/share/telltale, then
 * /var/lib/telltale and /usr/share/telltale/geo): country*.mmdb in name order, and
 * asn.mmdb.  The first folder with any of them is the one.  Returns how many
 * were opened; none is no error.  -1 when one was refused: the sentence is about
 * the first such, and the others are open.
 */
int geo_open_default(struct geo *, struct err *);

/*
 * Pin ranges: lines "prefix country [asn [organisation]]", '#' comments.  Beats
 * every database; the longest prefix counts.  -1 and nothing of the file is kept
 * when a line is wrong.
 */
int geo_load_overrides(struct geo *, const char *path, struct err *);

size_t geo_dbs(const struct geo *, const struct geo_db **first);	/* how many, and where they lie */
void geo_look(const struct geo *, const struct addr *, struct geo_answer *);
void geo_free(struct geo **);

#endif
