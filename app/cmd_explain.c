/* SPDX-License-Identifier: Apache-2.0 */
/* cmd_explain - what the catalogue says of a name, a URL, an address, a user agent or a TXT text, and why. */
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "app/app.h"
#include "app/explain.h"

enum { OPT_AGENT = OPT_OWN, OPT_TXT, OPT_HEADER, OPT_PORT, OPT_TRANSPORT, OPT_JSON };

static const struct option long_options[] = {
	SHARED_LONG_OPTIONS,
	{ "agent", required_argument, NULL, OPT_AGENT },
	{ "txt", required_argument, NULL, OPT_TXT },
	{ "header", required_argument, NULL, OPT_HEADER },
	{ "port", required_argument, NULL, OPT_PORT },
	{ "transport", required_argument, NULL, OPT_TRANSPORT },
	{ "json", no_argument, NULL, OPT_JSON },
	{ NULL, 0, NULL, 0 },
};
static const char short_options[] = ":C:h";

struct explain {
	struct options opt;
	struct ask_with with;
	bool json;
	struct catalog *catalog;
	struct geo *geo;
	struct matcher *matcher;
	struct question question;
	struct explanation answer;
};

static int
own_option(struct explain *x, int code, const char *value, struct err *err)
{
	char *end;

	switch (code) {
	case OPT_AGENT:
		x->with.agent = value;
		return 0;
	case OPT_TXT:
		x->with.txt = value;
		return 0;
	case OPT_HEADER:
		if (strchr(value, ':') == NULL || value[0] == ':')
			return err_set(err, "--header %s: expected \"name: value\"", value);
		return text_list_add(&x->with.headers, value) ? 0 : err_set(err, "out of memory");
	case OPT_PORT: {
		unsigned long n = strtoul(value, &end, 10);

		if (value[0] < '0' || value[0] > '9' || *end != '\0' || n == 0 || n > UINT16_MAX)
			return err_set(err, "--port %s: expected 1 to 65535", value);
		x->with.at.port = (uint16_t)n;
		return 0;
	}
	case OPT_TRANSPORT:
		if (strcmp(value, "tcp") != 0 && strcmp(value, "udp") != 0)
			return err_set(err, "--transport %s: expected tcp or udp", value);
		x->with.at.proto = value[0] == 't' ? 6 : 17;
		return 0;
	default:
		x->json = true;
		return 0;
	}
}

/* 0: go on; 1: help was asked for; -1: wrong. */
static int
parse(struct explain *x, int argc, char **argv, struct err *err)
{
	const char *config;
	int code, rc;

	if (app_configure(&x->opt, argc, argv, short_options, long_options, &config, err) < 0)
		return -1;
	optind = 0;
	while ((code = getopt_long(argc, argv, short_options, long_options, NULL)) != -1) {
		if (code == 'h')
			return 1;
		if (code == '?' || code == ':')
			return err_set(err, "%s: %s; 'telltale help explain' lists the options", argv[optind - 1],
			    code == ':' ? "lacks its value" : "unknown option");
		rc = app_option(&x->opt, code, optarg, err);
		if (rc == 0)
			rc = own_option(x, code, optarg, err);
		if (rc < 0)
			return -1;
	}
	if (optind == argc && x->with.agent == NULL && x->with.txt == NULL && x->with.headers.n == 0 &&
	    x->with.at.port == 0)
		return err_set(err, "explain what? name a host, a URL, an address or a user agent");
	return 0;
}

static int
load(struct explain *x, struct err *err)
{
	x->catalog = app_catalog(&x->opt, err);
	if (x->catalog == NULL || catalog_ready(x->catalog, err) != 0)
		return -1;
	x->geo = app_geo(&x->opt, err);
	x->matcher = x->geo != NULL ? matcher_new(x->catalog, err) : NULL;
	return x->matcher != NULL ? 0 : -1;
}

/* what: NULL when the options alone ask. */
static int
explain_one(struct explain *x, const char *what)
{
	struct explanation *a = &x->answer;
	char *line;

	if (explain_ask(&x->question, what, &x->with, a) < 0) {
		char text[SAFE_TEXT_MAX];

		complain("'%s' is no host name, URL or address", safe_text(what, text));
		return EXIT_USAGE;
	}
	a->categories = x->opt.categories;
	if (a->has_address)
		geo_look(x->geo, &a->address, &a->geo);
	explain_judge(x->catalog, x->matcher, &x->question, a);
	if (!x->json) {
		explain_print(a);
		return EXIT_DONE;
	}
	line = explanation_doc(a);
	if (line == NULL)
		complain("out of memory");
	else
		fputs(line, stdout);
	free(line);
	return line != NULL ? EXIT_DONE : EXIT_FAILED;
}

static int
explain_all(struct explain *x, int argc, char **argv)
{
	int rc = EXIT_DONE;

	if (optind == argc)
		rc = explain_one(x, NULL);
	for (int i = optind; i < argc; i++) {
		int one = explain_one(x, argv[i]);

		if (one != EXIT_DONE)
			rc = one;
	}
	if (fflush(stdout) != 0 || ferror(stdout)) {
		complain("standard output: not everything was written");
		return EXIT_FAILED;
	}
	return rc;
}

int
cmd_explain(int argc, char **argv)
{
	struct explain *x = calloc(1, sizeof *x);
	struct err err;
	int parsed, rc = EXIT_USAGE;

	if (x == NULL) {
		complain("out of memory");
		return EXIT_FAILED;
	}
	options_init(&x->opt);
	parsed = parse(x, argc, argv, &err);
	if (parsed > 0)
		rc = help_on("explain");
	else if (parsed == 0 && load(x, &err) == 0)
		rc = explain_all(x, argc, argv);
	else
		complain("%s", err.text);
	matcher_free(&x->matcher);
	geo_free(&x->geo);
	catalog_free(&x->catalog);
	text_list_fini(&x->with.headers);
	options_fini(&x->opt);
	free(x);
	return rc;
}
