/* SPDX-License-Identifier: Apache-2.0 */
/* main - which subcommand, and what they share. */
#include <ctype.h>
#include <errno.h>
#include <getopt.h>
#include <limits.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "app/app.h"
#include "dissectors/ndpi.h"

const char app_no_geo[] = "no country and no ASN database: events will carry no location; "
    "'make geodb' fetches free ones, --geo-country and --geo-asn name others";

static int
cmd_version(int argc, char **argv)
{
	(void)argc;
	(void)argv;
	printf("telltale %s, with nDPI %s\n", TELLTALE_VERSION, dpi_version());
	return EXIT_DONE;
}

const struct command commands[] = {
	{ "run", "captures in, events out (the default)", cmd_run },
	{ "explain", "what the catalogue says of a host, URL, address or user agent, and why", cmd_explain },
	{ "catalog", "who is in the catalogue, and how each shows", cmd_catalog },
	{ "check", "configuration, catalogue and databases: everything a start would load", cmd_check },
	{ "help", "this, or help on a command", cmd_help },
	{ "version", "versions", cmd_version },
	{ NULL, NULL, NULL },
};

void
complain(const char *fmt, ...)
{
	char text[2048];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(text, sizeof text, fmt, ap);
	va_end(ap);
	/* A file name or a byte from the wire must not move the cursor. */
	for (char *p = text; *p != '\0'; p++)
		if (iscntrl((unsigned char)*p))
			*p = '?';
	fprintf(stderr, "telltale: %s\n", text);
}

/* Two looks at the command line with its own tables: the file that -C names comes before every --set. */
int
app_configure(struct options *o, int argc, char **argv, const char *short_options,
    const struct option *long_options, const char **config_used, struct err *err)
{
	const char *path = NULL;
	int code;

	opterr = 0;
	optind = 0;
	while ((code = getopt_long(argc, argv, short_options, long_options, NULL)) != -1)
		if (code == 'C')
			path = optarg;
	if (config_load(o, path, config_used, err) < 0)
		return -1;
	optind = 0;
	while ((code = getopt_long(argc, argv, short_options, long_options, NULL)) != -1)
		if (code == OPT_SET && options_set_pair(o, optarg, err) < 0)
			return -1;
	return 0;
}

int
app_option(struct options *o, int code, const char *value, struct err *err)
{
	static const struct {
		int code;
		const char *key;
	} keys[] = {
		{ OPT_CATALOG, "catalog" }, { OPT_GEO_COUNTRY, "geo.country" }, { OPT_GEO_ASN, "geo.asn" },
		{ OPT_GEO_OVERRIDES, "geo.overrides" }, { OPT_CATEGORIES, "categories" },
	};

	if (code == 'C' || code == OPT_SET)
		return 1;		/* app_configure() has dealt with it */
	for (size_t i = 0; i < sizeof keys / sizeof *keys; i++)
		if (keys[i].code == code)
			return options_set(o, keys[i].key, value, err) < 0 ? -1 : 1;
	return 0;
}

int
app_parse(struct options *o, int argc, char **argv, const char **config_used, struct err *err)
{
	static const struct option long_options[] = { SHARED_LONG_OPTIONS, { NULL, 0, NULL, 0 } };
	static const char short_options[] = ":C:h";
	int code;

	if (app_configure(o, argc, argv, short_options, long_options, config_used, err) < 0)
		return -1;
	optind = 0;
	while ((code = getopt_long(argc, argv, short_options, long_options, NULL)) != -1) {
		if (code == 'h')
			return 1;
		if (code == '?' || code == ':')
			return err_set(err, "%s: %s", argv[optind - 1],
			    code == ':' ? "lacks its value" : "unknown option");
		if (app_option(o, code, optarg, err) < 0)
			return -1;
	}
	return 0;
}

const char *
app_catalog_dir(const struct options *o)
{
	/* Beside the program in a build tree, else where it was installed, else where it was to be. */
	static const char *const places[] = { "../../catalog/vendors", "../share/telltale/catalog/vendors" };
	static char found[PATH_MAX];
	char self[2048], near[PATH_MAX];
	ssize_t n = readlink("/proc/self/exe", self, sizeof self - 1);
	char *slash;

	if (o->catalog != NULL)
		return o->catalog;
	self[n > 0 ? n : 0] = '\0';
	slash = strrchr(self, '/');
	for (size_t i = 0; slash != NULL && i < sizeof places / sizeof *places; i++) {
		snprintf(near, sizeof near, "%.*s/%s", (int)(slash - self), self, places[i]);
		if (realpath(near, found) != NULL)
			return found;
	}
	snprintf(found, sizeof found, "%s/catalog/vendors", TELLTALE_DATADIR);
	return found;
}

struct catalog *
app_catalog(const struct options *o, struct err *err)
{
	return catalog_load(app_catalog_dir(o), err);
}

struct geo *
app_geo(const struct options *o, struct err *err)
{
	struct geo *g = geo_new();
	int rc = 0;

	if (g == NULL) {
		err_set(err, "out of memory");
		return NULL;
	}
	for (size_t i = 0; i < o->geo_country.n && rc == 0; i++)
		rc = geo_open(g, GEO_COUNTRY, o->geo_country.v[i], err);
	if (rc == 0 && o->geo_asn != NULL)
		rc = geo_open(g, GEO_ASN, o->geo_asn, err);
	if (rc == 0 && o->geo_country.n == 0 && o->geo_asn == NULL)
		rc = geo_open_default(g, err) < 0 ? -1 : 0;
	if (rc == 0 && o->geo_overrides != NULL)
		rc = geo_load_overrides(g, o->geo_overrides, err);
	if (rc < 0)
		geo_free(&g);
	return g;
}

int
main(int argc, char **argv)
{
	/* A reader that goes away is told by write(2). */
	signal(SIGPIPE, SIG_IGN);
	if (argc > 1 && (strcmp(argv[1], "--version") == 0 || strcmp(argv[1], "-V") == 0))
		return cmd_version(0, NULL);
	for (const struct command *c = commands; argc > 1 && c->name != NULL; c++)
		if (strcmp(argv[1], c->name) == 0)
			return c->run(argc - 1, argv + 1);
	if (argc > 1 && argv[1][0] != '-') {
		complain("'%s' is no command and no option; 'telltale --help' lists them", argv[1]);
		return EXIT_USAGE;
	}
	return cmd_run(argc, argv);
}
