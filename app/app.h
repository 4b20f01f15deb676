/* SPDX-License-Identifier: Apache-2.0 */
/* app - the subcommands, and what they share: where data lies, exit codes, messages. */
#ifndef APP_APP_H
#define APP_APP_H

#include <getopt.h>

#include "app/options.h"
#include "catalog/catalog.h"
#include "core/err.h"
#include "geo/geo.h"

/* Exit codes, the same for every subcommand. */
enum { EXIT_DONE = 0, EXIT_FAILED = 1, EXIT_USAGE = 2, EXIT_INCOMPLETE = 3 };

struct command {
	const char *name, *summary;
	int (*run)(int argc, char **argv);	/* argv[0] is the name of the command */
};

/* THE TABLE (main.c): ended by a NULL name. */
extern const struct command commands[];

int cmd_run(int argc, char **argv);
int cmd_explain(int argc, char **argv);
int cmd_catalog(int argc, char **argv);
int cmd_check(int argc, char **argv);
int cmd_help(int argc, char **argv);
int help_on(const char *topic);		/* "": the overview */

/* "telltale: ..." on standard error; control characters are made visible. */
__attribute__((format(printf, 1, 2))) void complain(const char *fmt, ...);

/* Configuration file and --set pairs of argv, before the other options are looked at. */
int app_configure(struct options *, int argc, char **argv, const char *short_options, const struct option *,
    const char **config_used, struct err *);

/* Options that several subcommands take: -C, --set, --catalog, --geo-*, --categories.  1: it was one, 0: not, -1: error. */
int app_option(struct options *, int code, const char *value, struct err *);

/* The whole command line of a subcommand with only these options.  1: help was asked for; optind is at the first word. */
int app_parse(struct options *, int argc, char **argv, const char **config_used, struct err *);

/* For getopt_long: the shared long options have codes from here. */
enum { OPT_SET = 256, OPT_CATALOG, OPT_GEO_COUNTRY, OPT_GEO_ASN, OPT_GEO_OVERRIDES, OPT_CATEGORIES, OPT_OWN = 512 };
#define SHARED_LONG_OPTIONS                                                                        \
	{ "config", required_argument, NULL, 'C' }, { "set", required_argument, NULL, OPT_SET },   \
	{ "catalog", required_argument, NULL, OPT_CATALOG },                                       \
	{ "geo-country", required_argument, NULL, OPT_GEO_COUNTRY },                               \
	{ "geo-asn", required_argument, NULL, OPT_GEO_ASN },                                       \
	{ "geo-overrides", required_argument, NULL, OPT_GEO_OVERRIDES },                           \
	{ "categories", required_argument, NULL, OPT_CATEGORIES },                                 \
	{ "help", no_argument, NULL, 'h' }

/* -1 and a sentence when something that the options say to write is also read, or written twice. */
int app_refuse_clashes(const struct options *, struct err *);

/*
 * The key under which identifiers are hashed in events.  *lasting: the same at the
 * next start on this machine.
 */
int app_secret_key(const struct options *, uint8_t key[static 32], bool *lasting, struct err *);

/* The catalogue that the options name, or the one beside the program. */
struct catalog *app_catalog(const struct options *, struct err *);
const char *app_catalog_dir(const struct options *);

/* The databases that the options name, or what "make geodb" left; may hold none. */
struct geo *app_geo(const struct options *, struct err *);

/* Whole sentences about how to get databases, when there are none. */
extern const char app_no_geo[];

/* Gives up root and every system call that the road does not need.  -1 and a sentence. */
int sandbox_enter(const char *user, struct err *);

#endif
