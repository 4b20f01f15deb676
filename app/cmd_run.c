/* SPDX-License-Identifier: Apache-2.0 */
/* cmd_run - captures in, events out. */
#include <errno.h>
#include <getopt.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "app/app.h"
#include "app/progress.h"
#include "app/state.h"
#include "app/summary.h"
#include "app/worker.h"

enum { SAVE_EVERY_S = 300 };

#define SHORT_OPTIONS "-:C:r:i:o:s:c:nqh"

enum { OPT_ALL_FLOWS = OPT_OWN, OPT_MAX_FLOWS, OPT_MAX_MEMORY, OPT_NDPI, OPT_NO_SANDBOX, OPT_STATE };

static const struct option long_options[] = {
	SHARED_LONG_OPTIONS,
	{ "all-flows", no_argument, NULL, OPT_ALL_FLOWS },
	{ "max-flows", required_argument, NULL, OPT_MAX_FLOWS },
	{ "max-memory", required_argument, NULL, OPT_MAX_MEMORY },
	{ "ndpi", required_argument, NULL, OPT_NDPI },
	{ "no-sandbox", no_argument, NULL, OPT_NO_SANDBOX },
	{ "quiet", no_argument, NULL, 'q' },
	{ "state", required_argument, NULL, OPT_STATE },
	{ NULL, 0, NULL, 0 },
};

/* --- the command line ------------------------------------------------------ */

static int
add_word(struct options *o, const char *word, struct err *err)
{
	bool reading = o->files.n > 0 && o->filter == NULL;
	const char *dot = strrchr(word, '.');
	bool named = dot != NULL && (strcmp(dot, ".pcap") == 0 || strcmp(dot, ".pcapng") == 0 ||
	    strcmp(dot, ".cap") == 0);
	char *longer;

	/* One that is named like a capture and is not there is a mistake in the name, not a filter. */
	if (reading && (named || strcmp(word, "-") == 0 || access(word, F_OK) == 0))
		return text_list_add(&o->files, word) ? 0 : err_set(err, "out of memory");
	if (asprintf(&longer, "%s%s%s", o->filter != NULL ? o->filter : "", o->filter != NULL ? " " : "", word) < 0)
		return err_set(err, "out of memory");
	free(o->filter);
	o->filter = longer;
	return 0;
}

static int
own_option(struct options *o, int code, const char *value, struct err *err)
{
	char *end;

	switch (code) {
	case 1:
		return add_word(o, value, err);
	case 'r':
		return text_list_add(&o->files, value) ? 0 : err_set(err, "out of memory");
	case 'i':
		return text_list_add(&o->interfaces, value) ? 0 : err_set(err, "out of memory");
	case 'o':
		return options_set(o, "output", value, err);
	case 's':
		return options_set(o, "live.snaplen", value, err);
	case 'c':
		o->max_frames = strtoull(value, &end, 10);
		return value[0] >= '0' && value[0] <= '9' && *end == '\0' && o->max_frames > 0 ? 0 : err_set(err, "-c %s: expected a number of frames", value);
	case 'n':			/* as in tcpdump: nothing is ever looked up on the network */
		return 0;
	case 'q':
		o->quiet = true;
		return 0;
	case OPT_ALL_FLOWS:
		return options_set(o, "all_flows", "true", err);
	case OPT_MAX_FLOWS:
		return options_set(o, "limits.flows", value, err);
	case OPT_MAX_MEMORY:
		return options_set(o, "limits.memory", value, err);
	case OPT_NDPI:
		return options_set(o, "ndpi", value, err);
	case OPT_STATE:
		return options_set(o, "state", value, err);
	case OPT_NO_SANDBOX:
		return options_set(o, "sandbox", "false", err);
	}
	return err_set(err, "unknown option, or one that lacks its value; 'telltale help run' lists them");
}

/* 0: go on; 1: help was asked for; -1: wrong. */
static int
parse(struct options *o, int argc, char **argv, struct err *err)
{
	bool named = false;
	int code;

	opterr = 0;
	optind = 0;
	while ((code = getopt_long(argc, argv, SHORT_OPTIONS, long_options, NULL)) != -1) {
		int rc;

		if (code == 'h')
			return 1;
		if (code == '?' || code == ':')
			return err_set(err, "%s: %s; 'telltale help run' lists the options",
			    argv[optind - 1], code == ':' ? "lacks its value" : "unknown option");
		if (code == OPT_GEO_COUNTRY && !named) {
			named = true;	/* the command line's list replaces the file's */
			text_list_fini(&o->geo_country);
		}
		rc = app_option(o, code, optarg, err);
		if (rc == 0)
			rc = own_option(o, code, optarg, err);
		if (rc < 0)
			return -1;
	}
	for (; optind < argc; optind++)
		if (add_word(o, argv[optind], err) < 0)
			return -1;
	if (o->files.n == 0 && o->interfaces.n == 0)
		return err_set(err, "nothing to read: name files with -r or an interface with -i; 'telltale help' "
		    "shows how");
	if (o->files.n > 0 && o->interfaces.n > 0)
		return err_set(err, "-r and -i: files and interfaces cannot be read together");
	return 0;
}

/* --- the run --------------------------------------------------------------- */

struct run {
	struct options opt;
	struct catalog *catalog;
	struct geo *geo;
	struct source *source;
	struct writer *writer;
	struct summary *summary;
	struct inventory *inventory;
	struct state *state;
	uint64_t saved_ns;		/* clock, when the state was saved last */
	struct worker *worker;
	bool cut, failed, unsaved;
};

static struct source *volatile running;

static void
on_signal(int sig)
{
	(void)sig;
	if (running != NULL)
		source_stop(running);
}

static void
catch_signals(struct source *source)
{
	/* No SA_RESTART: a blocked read must return.  The second signal ends at once what the first could not. */
	struct sigaction sa = { .sa_handler = on_signal, .sa_flags = SA_RESETHAND };

	running = source;
	sigaction(SIGINT, &sa, NULL);
	sigaction(SIGTERM, &sa, NULL);
}

/* Live, a stranger chooses the five-tuples; offline, the same input must give the same bytes. */
static struct hash_key
hash_key_for(bool live)
{
	struct hash_key key = HASH_KEY_FIXED;

	if (live && getrandom(&key, sizeof key, 0) != (ssize_t)sizeof key)
		key.k0 ^= (uint64_t)time(NULL);
	return key;
}

static struct source *
open_source(const struct options *o, struct err *err)
{
	struct source_options so = {
		.files = (const char *const *)o->files.v, .n_files = o->files.n,
		.interfaces = (const char *const *)o->interfaces.v, .n_interfaces = o->interfaces.n,
		.filter = o->filter, .snaplen = (unsigned)o->snaplen, .buffer_mib = (unsigned)o->buffer_mib,
		.no_promiscuous = !o->promiscuous, .max_frames = o->max_frames,
	};
	struct rlimit lim;

	/* Every file is opened before the first is looked at. */
	if (getrlimit(RLIMIT_NOFILE, &lim) == 0) {
		lim.rlim_cur = lim.rlim_max;
		setrlimit(RLIMIT_NOFILE, &lim);
	}
	return source_open(&so, err);
}

static struct worker *
open_worker(struct run *r, struct err *err)
{
	struct options *o = &r->opt;
	struct worker_options wo = {
		.catalog = r->catalog, .geo = r->geo, .writer = r->writer, .summary = r->summary,
		.inventory = r->inventory,
		.event = { .observer_name = o->observer, .version = TELLTALE_VERSION,
		    .catalog_digest = catalog_digest(r->catalog), .secrets_clear = o->secrets_clear },
		.max_flows = o->max_flows, .max_memory = o->max_memory,
		.timeout_new_s = (unsigned)o->timeout_new_s, .timeout_udp_s = (unsigned)o->timeout_udp_s,
		.timeout_tcp_s = (unsigned)o->timeout_tcp_s, .categories = o->categories, .dpi = o->dpi,
		.dpi_unknown = o->dpi_unknown,
		.all_flows = o->all_flows, .key = hash_key_for(o->interfaces.n > 0),
	};
	bool lasting;

	if (app_secret_key(o, wo.event.secret_key, &lasting, err) < 0)
		return NULL;
	if (!lasting && !o->secrets_clear)
		complain("this machine has no /etc/machine-id: identifiers are hashed under a key of this run alone; "
		    "'--set secrets.key_file=FILE' names one that lasts");
	return worker_new(&wo, err);
}

/* Exit code of what went wrong, or -1 when everything is open. */
static int
open_all(struct run *r, struct err *err)
{
	struct options *o = &r->opt;
	const struct geo_db *dbs;

	r->catalog = app_catalog(o, err);
	if (r->catalog == NULL)
		return EXIT_USAGE;
	r->geo = app_geo(o, err);
	if (r->geo == NULL)
		return EXIT_USAGE;
	if (app_refuse_clashes(o, err) < 0)
		return EXIT_USAGE;
	r->source = open_source(o, err);
	if (r->source == NULL)
		return strncmp(err->text, "filter '", 8) == 0 ? EXIT_USAGE : EXIT_FAILED;
	if (geo_dbs(r->geo, &dbs) == 0)
		complain("%s", app_no_geo);
	if (!o->quiet && isatty(STDERR_FILENO))
		r->summary = summary_new(r->catalog);
	r->writer = writer_open(o->output != NULL ? o->output : "-", o->interfaces.n == 0, err);
	if (r->writer == NULL)
		return EXIT_FAILED;
	r->inventory = inventory_new(o->max_memory / 20, hash_key_for(o->interfaces.n > 0), err);
	if (r->inventory == NULL)
		return EXIT_FAILED;
	if (o->state != NULL && (r->state = state_open(o->state, r->catalog, r->inventory, err)) == NULL)
		return EXIT_USAGE;
	r->worker = open_worker(r, err);
	if (r->worker == NULL)
		return EXIT_FAILED;
	/* A file waits; what passes on a wire does not. */
	return o->interfaces.n > 0 && catalog_ready(r->catalog, err) < 0 ? EXIT_USAGE : -1;
}

static uint64_t
wall_ns(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_REALTIME, &ts);
	return (uint64_t)ts.tv_sec * 1000000000ull + (uint64_t)ts.tv_nsec;
}

/* Products outlive the run that saw them. */
static void
save_state(struct run *r, uint64_t now_ns)
{
	struct err err;

	r->saved_ns = now_ns;
	if (r->state == NULL ||
	    state_save(r->state, r->inventory, catalog_digest(r->catalog), now_ns, &err) == 0)
		return;
	complain("%s", err.text);
	r->unsaved = true;
}

/* Now and then, when the run may last for months. */
static void
save_now_and_then(struct run *r)
{
	uint64_t now = r->state != NULL && source_is_live(r->source) ? wall_ns() : 0;

	if (now > r->saved_ns + SAVE_EVERY_S * 1000000000ull)
		save_state(r, now);
}

static void
pull_all(struct run *r)
{
	struct frames batch;
	struct progress progress;

	progress_init(&progress, r->opt.quiet);
	for (;;) {
		enum source_status status = source_next(r->source, &batch);

		if (status == SOURCE_END)
			break;
		switch (status) {
		case SOURCE_FRAMES:
			worker_frames(r->worker, &batch);
			progress_step(&progress, r->source);
			save_now_and_then(r);
			break;
		case SOURCE_IDLE:
			worker_idle(r->worker, wall_ns());
			save_now_and_then(r);
			break;
		case SOURCE_CUT:
		default:
			progress_clear(&progress);
			complain("%s", source_message(r->source));
			r->cut |= status == SOURCE_CUT;
			r->failed |= status == SOURCE_ERROR;
		}
		/* A file that cannot be read is no reason to leave out the others. */
		if ((r->failed && source_is_live(r->source)) || writer_failed(r->writer) != NULL)
			break;
	}
	progress_clear(&progress);
}

static int
finish(struct run *r, bool interrupted)
{
	struct source_counts counts;
	struct writer_counts written = { 0 };
	struct err err;
	int rc;

	worker_end(r->worker);
	source_counts(r->source, &counts);
	worker_stats(r->worker, &counts);
	save_state(r, wall_ns());
	rc = writer_close(&r->writer, &written, &err);
	if (rc < 0)
		complain("%s", err.text);
	if (counts.frames > 0 && counts.filtered == counts.frames)
		complain("the filter refused every frame; one that has a VLAN tag passes only what says so: "
		    "'(%s) or vlan and (%s)'", r->opt.filter, r->opt.filter);
	if (r->summary != NULL && (counts.frames > 0 || !r->failed))
		summary_print(r->summary, stderr, counts.frames, written.lines);
	if (catalog_faults(r->catalog, &err) < 0) {
		complain("%s", err.text);
		return EXIT_USAGE;
	}
	if (r->failed)
		return EXIT_FAILED;
	return rc < 0 || written.dropped > 0 || r->cut || r->unsaved || interrupted ? EXIT_INCOMPLETE : EXIT_DONE;
}

static void
close_all(struct run *r)
{
	struct writer_counts ignored;
	struct err err;

	worker_free(&r->worker);
	if (r->writer != NULL)
		writer_close(&r->writer, &ignored, &err);
	running = NULL;
	source_close(&r->source);
	summary_free(&r->summary);
	state_close(&r->state);
	inventory_free(&r->inventory);
	geo_free(&r->geo);
	catalog_free(&r->catalog);
	options_fini(&r->opt);
}

static int
run(struct run *r, struct err *err)
{
	bool stopped;
	int rc = open_all(r, err);

	if (rc >= 0) {
		complain("%s", err->text);
		return rc;
	}
	catch_signals(r->source);
	if (r->opt.sandbox && sandbox_enter(r->opt.user, err) < 0) {
		complain("%s", err->text);
		return EXIT_FAILED;
	}
	pull_all(r);
	stopped = source_was_stopped(r->source) && !source_is_live(r->source);
	return finish(r, stopped);
}

int
cmd_run(int argc, char **argv)
{
	struct run r = { 0 };
	const char *config;
	struct err err;
	int rc;

	options_init(&r.opt);
	if (app_configure(&r.opt, argc, argv, SHORT_OPTIONS, long_options, &config, &err) < 0 || (rc = parse(&r.opt, argc, argv, &err)) < 0) {
		complain("%s", err.text);
		rc = EXIT_USAGE;
	} else if (rc > 0) {
		rc = help_on(strcmp(argv[0], "run") == 0 ? "run" : "");
	} else {
		rc = run(&r, &err);
	}
	close_all(&r);
	return rc;
}
