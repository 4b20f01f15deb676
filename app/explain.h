/* SPDX-License-Identifier: Apache-2.0 */
/*
 * explain - a name, URL, address, user agent or TXT text, and what the catalogue says of it.
 *
 * what was typed -> ask (observations, as if a dissector had made them)
 *                -> judge (hits, what became of each, conclusions, look-alikes)
 *                -> text, or output/catalog_doc.h
 */
#ifndef APP_EXPLAIN_H
#define APP_EXPLAIN_H

#include "app/options.h"
#include "catalog/catalog.h"
#include "dissectors/observation.h"
#include "output/catalog_doc.h"

/* What the options say of every question. */
struct ask_with {
	const char *agent, *txt;	/* NULL: not given */
	struct text_list headers;	/* "name: value" */
	struct service at;		/* 0: not given */
};

struct question {
	char text[2048];		/* as it was understood */
	struct observations obs;	/* as those of one message head */
};

/*
 * what: NULL when the options alone ask.  Fills the question and of the explanation
 * question, kind, at, address and notes.  -1: it is nothing that could be explained.
 */
int explain_ask(struct question *, const char *what, const struct ask_with *, struct explanation *);

/* The rest of the explanation; its geo is filled in where it has an address. */
void explain_judge(const struct catalog *, struct matcher *, const struct question *, struct explanation *);

/* A sentence more, when there is room for it. */
__attribute__((format(printf, 2, 3))) void explain_note(struct explanation *, const char *fmt, ...);

/* To standard output. */
void explain_print(const struct explanation *);

/* One line; control characters are made visible. */
__attribute__((format(printf, 1, 2))) void say(const char *fmt, ...);

/* Lines about a signal: what it says and asks for, where that is from; each begins with indent. */
void signal_print(const struct signal *, const char *indent);

/*
 * Vendors near a word that is none of them: those that begin with it, then those
 * that are a few letters from it.  Returns how many.
 */
enum { NEAR_MAX = 5 };
unsigned explain_near(const struct catalog *, const char *word, const struct vendor *out[static NEAR_MAX]);

#endif
