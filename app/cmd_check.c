/* SPDX-License-Identifier: Apache-2.0 */
/* cmd_check - load everything that a start would load, and say what was found. */
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "app/app.h"

static void
print_catalog(const struct options *o, const struct catalog *c)
{
	const struct vendor *const *vendors;
	size_t n = catalog_vendors(c, &vendors), off = 0;

	for (size_t i = 0; i < n; i++)
		for (unsigned k = 0; k < vendors[i]->n_signals; k++)
			off += !vendors[i]->signals[k].enabled;
	printf("catalogue      %s: %zu vendors, %zu signals, %zu of them off\n", app_catalog_dir(o), n,
	    catalog_signals(c), off);
	for (size_t i = 0; i < n; i++)
		printf("               %-14s %-40s seat %s, %u signals\n", vendors[i]->id, vendors[i]->name,
		    vendors[i]->seat, vendors[i]->n_signals);
}

static void
print_geo(const struct geo *g)
{
	const struct geo_db *dbs;
	size_t n = geo_dbs(g, &dbs);

	if (n == 0)
		printf("databases      none: %s\n", app_no_geo);
	for (size_t i = 0; i < n; i++) {
		time_t built = (time_t)dbs[i].build_epoch;
		struct tm tm;
		char date[16];

		strftime(date, sizeof date, "%Y-%m-%d", gmtime_r(&built, &tm));
		printf("database       %s: %s, %s, built %s\n", dbs[i].path,
		    dbs[i].role == GEO_COUNTRY ? "country" : "ASN", dbs[i].type, date);
	}
}

int
cmd_check(int argc, char **argv)
{
	struct options o;
	struct catalog *catalog = NULL;
	struct geo *geo = NULL;
	const char *config = NULL;
	struct err err;
	int rc;

	options_init(&o);
	rc = app_parse(&o, argc, argv, &config, &err);
	if (rc == 0 && optind < argc)
		rc = err_set(&err, "%s: check takes options only", argv[optind]);
	if (rc == 0) {
		printf("configuration  %s\n", config != NULL ? config : "none: built-in defaults");
		catalog = app_catalog(&o, &err);
		if (catalog != NULL && catalog_ready(catalog, &err) == 0) {
			print_catalog(&o, catalog);
			geo = app_geo(&o, &err);
		}
		if (geo != NULL)
			print_geo(geo);
		rc = geo != NULL ? 0 : -1;
	}
	if (rc < 0)
		complain("%s", err.text);
	geo_free(&geo);
	catalog_free(&catalog);
	options_fini(&o);
	return rc > 0 ? help_on("check") : rc == 0 ? EXIT_DONE : EXIT_USAGE;
}
