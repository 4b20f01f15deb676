/* SPDX-License-Identifier: Apache-2.0 */
/* summary - vendors, hosts, purposes, countries and bytes of a run, for a person. */
#include "app/summary.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "core/hash.h"

/* Hosts are counted up to a bound a vendor; beyond it the table says "at least". */
enum { HOSTS_MAX = 4096, HOSTS_SHOWN = 3, COUNTRIES_MAX = 8 };

struct row {
	uint64_t flows, lookups, bytes[2];	/* flows to the vendor; DNS flows that asked for its names */
	unsigned purposes;		/* bit mask */
	unsigned n_countries, n_hosts;
	char countries[COUNTRIES_MAX][3];
	bool more_countries, more_hosts, present;
	struct addr *hosts;		/* owned; open addressing, HOSTS_MAX * 2 places, zero is empty */
	struct addr shown[HOSTS_SHOWN];
};

struct summary {
	const struct vendor *const *vendors;
	size_t n;
	struct row *rows;		/* owned; one a vendor */
};

struct summary *
summary_new(const struct catalog *catalog)
{
	struct summary *s = calloc(1, sizeof *s);

	if (s == NULL)
		return NULL;
	s->n = catalog_vendors(catalog, &s->vendors);
	s->rows = calloc(s->n > 0 ? s->n : 1, sizeof *s->rows);
	if (s->rows == NULL)
		summary_free(&s);
	return s;
}

void
summary_free(struct summary **sp)
{
	struct summary *s = *sp;

	if (s == NULL)
		return;
	for (size_t i = 0; s->rows != NULL && i < s->n; i++)
		free(s->rows[i].hosts);
	free(s->rows);
	free(s);
	*sp = NULL;
}

static void
add_host(struct row *r, const struct addr *host)
{
	static const struct addr none;
	struct hash_key key = HASH_KEY_FIXED;
	size_t mask = HOSTS_MAX * 2 - 1, i = hash_bytes(&key, host->b, sizeof host->b) & mask;

	if (r->hosts == NULL && (r->hosts = calloc(HOSTS_MAX * 2, sizeof *r->hosts)) == NULL)
		return;
	while (!addr_eq(&r->hosts[i], &none)) {
		if (addr_eq(&r->hosts[i], host))
			return;
		i = (i + 1) & mask;
	}
	if (r->n_hosts == HOSTS_MAX) {
		r->more_hosts = true;
		return;
	}
	if (r->n_hosts < HOSTS_SHOWN)
		r->shown[r->n_hosts] = *host;
	r->hosts[i] = *host;
	r->n_hosts++;
}

static void
add_country(struct row *r, const char *cc)
{
	for (unsigned i = 0; i < r->n_countries; i++)
		if (strcmp(r->countries[i], cc) == 0)
			return;
	if (r->n_countries == COUNTRIES_MAX)
		r->more_countries = true;
	else
		snprintf(r->countries[r->n_countries++], 3, "%s", cc);
}

void
summary_flow(struct summary *s, const struct event_flow *f, const struct attribution *a,
    const struct geo_answer *destination)
{
	for (size_t i = 0; i < s->n; i++) {
		struct row *r = &s->rows[i];

		if (s->vendors[i] != a->vendor)
			continue;
		add_host(r, &f->client);
		if (a->lookup_only) {
			r->lookups++;
			continue;
		}
		r->flows++;
		r->purposes |= 1u << a->purpose;
		r->present |= a->present;
		for (unsigned k = 0; k < 2; k++)
			r->bytes[k] += f->bytes[k];
		if (destination != NULL && destination->country[0] != '\0')
			add_country(r, destination->country);
	}
}

static const char *
amount(uint64_t bytes, char out[static 16])
{
	static const char *const units[] = { "B", "kB", "MB", "GB", "TB", "PB" };
	double v = (double)bytes;
	unsigned u = 0;

	for (; v >= 1000 && u < 5; u++)
		v /= 1000;
	snprintf(out, 16, u > 0 && v < 10 ? "%.1f %s" : "%.0f %s", v, units[u]);
	return out;
}

static void
print_row(const struct vendor *v, const struct row *r, FILE *to)
{
	char text[ADDR_STR_MAX], up[16], down[16];

	fprintf(to, "  %s (%s) %s: ", v->name, v->seat,
	    r->present ? "present" : r->flows > 0 ? "contacted" : "names looked up only");
	if (r->flows > 0)
		fprintf(to, "%" PRIu64 " flow%s, %s up, %s down%s", r->flows, r->flows == 1 ? "" : "s",
		    amount(r->bytes[FROM_CLIENT], up), amount(r->bytes[FROM_SERVER], down), r->lookups > 0 ? ", " : "");
	if (r->lookups > 0)
		fprintf(to, "%" PRIu64 " DNS flow%s", r->lookups, r->lookups == 1 ? "" : "s");
	fprintf(to, "\n    %s", r->flows > 0 ? "for      " : "");
	for (unsigned p = 0, any = 0; p < PURPOSES_N; p++)
		if ((r->purposes >> p & 1) != 0)
			fprintf(to, "%s%s", any++ ? ", " : "", purpose_name((enum purpose)p));
	fprintf(to, "%shosts    ", r->flows > 0 ? "\n    " : "");
	for (unsigned i = 0; i < r->n_hosts && i < HOSTS_SHOWN; i++)
		fprintf(to, "%s%s", i > 0 ? ", " : "", addr_str(&r->shown[i], text));
	if (r->n_hosts > HOSTS_SHOWN)
		fprintf(to, " and %s%u more", r->more_hosts ? "at least " : "", r->n_hosts - HOSTS_SHOWN);
	fprintf(to, r->flows > 0 ? "\n    to       " : "\n");
	if (r->flows == 0)
		return;
	for (unsigned i = 0; i < r->n_countries; i++)
		fprintf(to, "%s%s", i > 0 ? ", " : "", r->countries[i]);
	fprintf(to, "%s\n", r->n_countries == 0 ? "country unknown" : r->more_countries ? " and others" : "");
}

void
summary_print(const struct summary *s, FILE *to, uint64_t frames, uint64_t events)
{
	unsigned seen = 0;

	for (size_t i = 0; i < s->n; i++)
		seen += s->rows[i].flows + s->rows[i].lookups > 0;
	fprintf(to, "%" PRIu64 " frames read, %" PRIu64 " events written; ", frames, events);
	if (seen == 0) {
		fprintf(to, "no vendor of the catalogue was seen.\n");
		return;
	}
	fprintf(to, "%u vendor%s of the catalogue %s seen:\n", seen, seen == 1 ? "" : "s", seen == 1 ? "was" : "were");
	for (size_t i = 0; i < s->n; i++)
		if (s->rows[i].flows + s->rows[i].lookups > 0)
			print_row(s->vendors[i], &s->rows[i], to);
}
