/* SPDX-License-Identifier: Apache-2.0 */
/*
 * options - what the operator asked for: defaults, then the configuration
 * file, then --set, then the command line.
 *
 * Every setting has one name (limits.flows) that serves the file, --set and
 * the messages.
 */
#ifndef APP_OPTIONS_H
#define APP_OPTIONS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "app/worker.h"
#include "core/err.h"

struct text_list {
	char **v;			/* owned, and each of them */
	size_t n;
};

struct options {
	/* settings: of the file, --set, and long options */
	char *catalog;			/* directory; NULL: found beside the program */
	char *output;			/* NULL: standard output */
	char *observer;			/* NULL: "telltale" */
	struct text_list geo_country;	/* empty, and no geo_asn: what "make geodb" left */
	char *geo_asn, *geo_overrides;
	unsigned categories;		/* bit mask of enum category */
	bool all_flows, secrets_clear;
	char *state;			/* NULL: the inventory is of this run alone */
	char *secrets_key_file;		/* NULL: /etc/machine-id makes the key */
	enum dpi_mode dpi;
	uint64_t max_flows, max_memory, dpi_unknown;
	uint64_t timeout_new_s, timeout_udp_s, timeout_tcp_s;
	uint64_t snaplen, buffer_mib;
	bool promiscuous, sandbox;
	char *user;			/* to become when started as root; NULL: nobody */
	/* of the command line alone */
	struct text_list files, interfaces;
	char *filter;			/* BPF, or NULL */
	uint64_t max_frames;
	bool quiet;
};

void options_init(struct options *);
void options_fini(struct options *);

/* One setting by name.  -1 and a sentence that says what was expected. */
int options_set(struct options *, const char *key, const char *value, struct err *);

/* Every line of telltale.yaml's reference: name, what it takes, what it means. */
void options_describe(void (*line)(const char *key, const char *takes, const char *help));

/* NULL path: the user's, else the system's, else none.  *used is the path read, or NULL; borrowed. */
int config_load(struct options *, const char *path, const char **used, struct err *);

/* The same for text already in memory; file is its name in messages. */
int config_text(struct options *, const char *file, const char *data, size_t len, struct err *);

/* "key=value" of --set. */
int options_set_pair(struct options *, const char *pair, struct err *);

bool text_list_add(struct text_list *, const char *);
void text_list_fini(struct text_list *);

#endif
