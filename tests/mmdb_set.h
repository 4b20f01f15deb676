/* SPDX-License-Identifier: Apache-2.0 */
/*
 * mmdb_set - the databases that unit and golden tests look up in:
 *
 *	country.mmdb	shaped like GeoLite2-Country
 *	country2.mmdb	flat (country_code); it disagrees on two prefixes and does not know a third
 *	asn.mmdb	shaped like GeoLite2-ASN
 */
#ifndef TESTS_MMDB_SET_H
#define TESTS_MMDB_SET_H

#include "mmdb.h"

enum { MMDB_SET_EPOCH = 1767225600 };		/* 2026-01-01T00:00:00Z */

static const struct mmdb_net {
	const char *prefix, *country, *registered, *continent;
	bool anycast;
	const char *country2;			/* what country2.mmdb says; NULL: nothing */
	uint32_t asn;
	const char *organization;
} mmdb_set[] = {
	{ "198.51.100.0/24", "DE", "DE", "EU", false, "DE", 64496, "Example AV Updates GmbH" },
	{ "203.0.113.0/25", "US", "US", "NA", true, NULL, 64497, "Example CDN Inc." },
	{ "203.0.113.128/25", "RU", "CH", "EU", false, "CH", 64498, "Example Lab JSC" },
	{ "2001:db8:51::/48", "DE", "DE", "EU", false, "DE", 64496, "Example AV Updates GmbH" },
	{ "2001:db8:113::/48", "SG", "SG", "AS", false, "HK", 64499, "Example Cloud Pte" },
	{ "94.75.192.0/18", "NL", "NL", "EU", false, "NL", 60781, "LeaseWeb Netherlands B.V." },
	{ "5.62.52.0/22", "CZ", "CZ", "EU", false, "CZ", 198605, "Avast Software s.r.o." },
};

enum { MMDB_SET_LEN = sizeof mmdb_set / sizeof *mmdb_set };

/* A key and a map of one pair, as in "country": { "iso_code": "DE" }. */
static inline void
mmdb_put_inner(struct mmdb *m, const char *outer, const char *inner, const char *text)
{
	mmdb_text(m, outer);
	mmdb_map(m, 1);
	mmdb_text(m, inner);
	mmdb_text(m, text);
}

static inline size_t
mmdb_put_country(struct mmdb *m, const struct mmdb_net *net)
{
	size_t rec = mmdb_map(m, net->anycast ? 4 : 3);

	mmdb_put_inner(m, "continent", "code", net->continent);
	mmdb_put_inner(m, "country", "iso_code", net->country);
	mmdb_put_inner(m, "registered_country", "iso_code", net->registered);
	if (net->anycast) {
		mmdb_text(m, "traits");
		mmdb_map(m, 1);
		mmdb_text(m, "is_anycast");
		mmdb_bool(m, true);
	}
	return rec;
}

static inline size_t
mmdb_put_flat(struct mmdb *m, const char *key, const char *text)
{
	size_t rec = mmdb_map(m, 1);

	mmdb_text(m, key);
	mmdb_text(m, text);
	return rec;
}

static inline size_t
mmdb_put_asn(struct mmdb *m, const struct mmdb_net *net)
{
	size_t rec = mmdb_map(m, 2);

	mmdb_text(m, "autonomous_system_number");
	mmdb_uint(m, 6, net->asn);
	mmdb_text(m, "autonomous_system_organization");
	mmdb_text(m, net->organization);
	return rec;
}

static inline void
mmdb_set_end(struct mmdb *m, const char *folder, const char *name)
{
	char path[4096];

	snprintf(path, sizeof path, "%s/%s", folder, name);
	mmdb_write(m, path);
}

static inline void
mmdb_set_write(const char *folder)
{
	static struct mmdb country, country2, asn;

	mmdb_begin(&country, "Test-Country", MMDB_SET_EPOCH, 6, 24);
	mmdb_begin(&country2, "Test-Country-flat", MMDB_SET_EPOCH, 6, 28);
	mmdb_begin(&asn, "Test-ASN", MMDB_SET_EPOCH, 6, 24);
	for (size_t i = 0; i < MMDB_SET_LEN; i++) {
		const struct mmdb_net *net = &mmdb_set[i];

		mmdb_add(&country, net->prefix, mmdb_put_country(&country, net));
		if (net->country2 != NULL)
			mmdb_add(&country2, net->prefix,
			    mmdb_put_flat(&country2, "country_code", net->country2));
		mmdb_add(&asn, net->prefix, mmdb_put_asn(&asn, net));
	}
	mmdb_set_end(&country, folder, "country.mmdb");
	mmdb_set_end(&country2, folder, "country2.mmdb");
	mmdb_set_end(&asn, folder, "asn.mmdb");
}

#endif
