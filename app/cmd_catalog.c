/* SPDX-License-Identifier: Apache-2.0 */
/* cmd_catalog - what the catalogue holds: a table, a vendor in full, or all of it as JSON. */
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "app/app.h"
#include "app/explain.h"

enum { OPT_CATEGORY = OPT_OWN, OPT_JSON };

static const struct option long_options[] = {
	SHARED_LONG_OPTIONS,
	{ "category", required_argument, NULL, OPT_CATEGORY },
	{ "json", no_argument, NULL, OPT_JSON },
	{ NULL, 0, NULL, 0 },
};
static const char short_options[] = ":C:h";

struct listing {
	struct options opt;
	bool json, by_category;
	enum category category;
	struct catalog *catalog;
	const struct vendor **v;	/* owned: those that are told of */
	size_t n;
};

/* --- the table ------------------------------------------------------------------ */

struct counts {
	unsigned products, on, off, purpose[PURPOSES_N], means[MEANS_N];
};

/* Of signals that are on; off ones are counted and no more. */
static void
count(const struct vendor *v, struct counts *c)
{
	c->products += v->n_products;
	for (unsigned i = 0; i < v->n_signals; i++) {
		const struct signal *s = &v->signals[i];

		c->on += s->enabled;
		c->off += !s->enabled;
		c->purpose[s->purpose] += s->enabled;
		c->means[s->means] += s->enabled;
	}
}

/* "engine 5, not 1"; "" when every signal is about a product. */
static void
means_text(const struct counts *c, char *out, size_t room)
{
	size_t n = 0;

	out[0] = '\0';
	for (unsigned i = MEANS_PRODUCT + 1; i < MEANS_N && n < room; i++)
		if (c->means[i] > 0)
			n += (size_t)snprintf(out + n, room - n, "%s%s %u", n > 0 ? ", " : "",
			    means_name((enum means)i), c->means[i]);
}

/* The last two are of any width, so that the columns before them stand in line. */
static void
print_row(const char *id, const char *seat, const char *category, const struct counts *c, const char *name)
{
	char cells[PURPOSES_N * 12 + 1], special[96];
	size_t n = 0;

	for (unsigned i = 0; i < PURPOSES_N; i++)
		n += (size_t)snprintf(cells + n, sizeof cells - n, c->purpose[i] > 0 ? " %4u" : "    .",
		    c->purpose[i]);
	means_text(c, special, sizeof special);
	say("%-22s %-4s %-8s %4u %5u %4u %s  %s%s%s", id, seat, category, c->products, c->on, c->off, cells, name,
	    special[0] != '\0' ? "; " : "", special);
}

static void
print_table(const struct listing *l)
{
	struct counts total = { 0 };
	char heads[PURPOSES_N * 5 + 1], title[64];
	size_t n = 0;

	for (unsigned i = 0; i < PURPOSES_N; i++)
		n += (size_t)snprintf(heads + n, sizeof heads - n, " %4.4s", purpose_name((enum purpose)i));
	say("%-22s %-4s %-8s %4s %5s %4s %s  %s", "VENDOR", "SEAT", "CATEGORY", "PROD", "ON", "OFF", heads,
	    "NAME; signals that mean something else");
	for (size_t i = 0; i < l->n; i++) {
		struct counts c = { 0 };

		count(l->v[i], &c);
		count(l->v[i], &total);
		print_row(l->v[i]->id, l->v[i]->seat, category_name(l->v[i]->category), &c, l->v[i]->name);
	}
	snprintf(title, sizeof title, "%zu vendor%s", l->n, l->n == 1 ? "" : "s");
	print_row(title, "", "", &total, "total");
}

/* --- a vendor in full -------------------------------------------------------------- */

static void
print_vendor_head(const struct vendor *v)
{
	struct counts c = { 0 };
	char text[PREFIX_STR_MAX];

	count(v, &c);
	say("%s: %s", v->id, v->name);
	say("  seat       %s", v->seat);
	say("  category   %s", category_name(v->category));
	for (unsigned i = 0; i < v->n_asns; i++)
		say("  network    AS%u", v->asns[i]);
	for (unsigned i = 0; i < v->n_networks; i++)
		say("  network    %s", prefix_text(&v->networks[i], text));
	for (unsigned i = 0; i < v->n_products; i++)
		say("  product    %s: %s, %s", v->products[i].id, v->products[i].name,
		    category_name(v->products[i].category));
	say("  signals    %u on, %u off", c.on, c.off);
}

static void
print_signal(const struct signal *s)
{
	char mark[32] = "";

	if (s->means != MEANS_PRODUCT)
		snprintf(mark, sizeof mark, "  (%s)", means_name(s->means));
	say("  %s/%s%s%s", s->vendor->id, s->id, s->enabled ? "" : "  (off)", mark);
	signal_print(s, "      ");
}

static void
print_vendor(const struct vendor *v)
{
	print_vendor_head(v);
	for (unsigned p = 0; p < PURPOSES_N; p++) {
		unsigned of_it = 0;

		for (unsigned i = 0; i < v->n_signals; i++)
			of_it += v->signals[i].purpose == p;
		if (of_it > 0)
			say("%s (%u)", purpose_name((enum purpose)p), of_it);
		for (unsigned i = 0; i < v->n_signals; i++)
			if (v->signals[i].purpose == p)
				print_signal(&v->signals[i]);
	}
}

/* --- which of them ------------------------------------------------------------------ */

/* One that is in another category by itself may have signals of this one. */
static bool
is_of(const struct vendor *v, enum category category)
{
	for (unsigned i = 0; i < v->n_signals; i++)
		if (v->signals[i].category == category)
			return true;
	return false;
}

static const struct vendor *
find_vendor(const struct catalog *c, const char *word)
{
	const struct vendor *const *v;
	size_t n = catalog_vendors(c, &v);

	for (size_t i = 0; i < n; i++)
		if (strcasecmp(v[i]->id, word) == 0 || strcasecmp(v[i]->name, word) == 0)
			return v[i];
	return NULL;
}

static void
complain_unknown(const struct catalog *c, const char *word)
{
	const struct vendor *near[NEAR_MAX];
	char list[512] = "", text[SAFE_TEXT_MAX];
	unsigned k = explain_near(c, word, near);
	size_t n = 0;

	for (unsigned i = 0; i < k && n < sizeof list; i++)
		n += (size_t)snprintf(list + n, sizeof list - n, "%s%s", i > 0 ? ", " : "", near[i]->id);
	if (k > 0)
		complain("no vendor '%s'; near it: %s", safe_text(word, text), list);
	else
		complain("no vendor '%s', nor anything near it; 'telltale catalog' lists them",
		    safe_text(word, text));
}

/* In the order of the catalogue, whatever that of the words is; each once. */
static int
choose(struct listing *l, char **words, int n_words)
{
	const struct vendor *const *all;
	size_t n = catalog_vendors(l->catalog, &all);
	int rc = EXIT_DONE;

	l->v = calloc(n + 1, sizeof *l->v);
	if (l->v == NULL) {
		complain("out of memory");
		return EXIT_FAILED;
	}
	for (int i = 0; i < n_words; i++) {
		if (find_vendor(l->catalog, words[i]) != NULL)
			continue;
		complain_unknown(l->catalog, words[i]);
		rc = EXIT_USAGE;
	}
	for (size_t i = 0; i < n; i++) {
		bool wanted = n_words == 0;

		for (int w = 0; w < n_words; w++)
			wanted |= find_vendor(l->catalog, words[w]) == all[i];
		if (wanted && (!l->by_category || is_of(all[i], l->category)))
			l->v[l->n++] = all[i];
	}
	return rc;
}

/* --- the command ---------------------------------------------------------------------- */

/* 0: go on; 1: help was asked for; -1: wrong. */
static int
parse(struct listing *l, int argc, char **argv, struct err *err)
{
	const char *config;
	int code, rc;

	if (app_configure(&l->opt, argc, argv, short_options, long_options, &config, err) < 0)
		return -1;
	optind = 0;
	while ((code = getopt_long(argc, argv, short_options, long_options, NULL)) != -1) {
		if (code == 'h')
			return 1;
		if (code == '?' || code == ':')
			return err_set(err, "%s: %s; 'telltale help catalog' lists the options", argv[optind - 1],
			    code == ':' ? "lacks its value" : "unknown option");
		l->json |= code == OPT_JSON;
		l->by_category |= code == OPT_CATEGORY;
		if (code == OPT_CATEGORY && !category_parse(optarg, &l->category))
			return err_set(err, "--category %s: expected security, os or software", optarg);
		rc = app_option(&l->opt, code, optarg, err);
		if (rc < 0)
			return -1;
	}
	return 0;
}

static int
print_json(const struct listing *l)
{
	char *text = catalog_doc(l->catalog, l->v, l->n);

	if (text == NULL) {
		complain("out of memory");
		return EXIT_FAILED;
	}
	fputs(text, stdout);
	free(text);
	return EXIT_DONE;
}

static int
list(struct listing *l, char **words, int n_words)
{
	int rc = choose(l, words, n_words);

	if (rc == EXIT_FAILED || (rc != EXIT_DONE && l->n == 0))
		return rc;
	if (l->json) {
		int done = print_json(l);

		rc = done != EXIT_DONE ? done : rc;
	} else if (n_words == 0) {
		print_table(l);
	} else {
		for (size_t i = 0; i < l->n; i++)
			print_vendor(l->v[i]);
	}
	if (fflush(stdout) != 0 || ferror(stdout)) {
		complain("standard output: not everything was written");
		return EXIT_FAILED;
	}
	return rc;
}

int
cmd_catalog(int argc, char **argv)
{
	struct listing l = { 0 };
	struct err err;
	int parsed, rc = EXIT_USAGE;

	options_init(&l.opt);
	parsed = parse(&l, argc, argv, &err);
	if (parsed == 0)
		l.catalog = app_catalog(&l.opt, &err);
	if (parsed > 0)
		rc = help_on("catalog");
	else if (l.catalog != NULL && catalog_ready(l.catalog, &err) == 0)
		rc = list(&l, argv + optind, argc - optind);
	else
		complain("%s", err.text);
	free(l.v);
	catalog_free(&l.catalog);
	options_fini(&l.opt);
	return rc;
}
