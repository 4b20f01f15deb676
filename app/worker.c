/* SPDX-License-Identifier: Apache-2.0 */
/* worker - the road of a frame, and what a worker owns. */
#include "app/worker.h"

#include <stdlib.h>

#include "app/inspect.h"

/* --- the road -------------------------------------------------------------- */

/* The index is asked about DNS only once it turns out to matter. */
static bool
leaves_no_flow(struct worker *w, struct packet *pkt)
{
	if (!w->quick_dns || !is_dns_datagram(pkt))
		return false;
	if (inspect_dns(w, pkt))
		return true;
	flow_prefetch(w->flows, pkt);
	return false;
}

static void
worker_packet(struct worker *w, struct packet *pkt)
{
	struct flow_hit hit;

	flow_advance(w->flows, pkt->ts_ns);
	if (leaves_no_flow(w, pkt))
		return;				/* DNS that does not matter */
	if (!flow_touch(w->flows, pkt, &hit))
		return;				/* no room, or a straggler: counted */
	if (hit.conv != NULL && hit.conv->stage != STAGE_DECIDED &&
	    (pkt->payload_len > 0 || (pkt->tcp_flags & TCP_FIN) != 0))
		inspect(w, &hit, pkt);		/* stream, dissect, judge, emit */
	flow_settle(w->flows, pkt, &hit);
}

/* A batch is decoded first, so that the records it touches are on their way when their turn comes. */
void
worker_frames(struct worker *w, const struct frames *batch)
{
	struct packet packets[FRAMES_MAX];
	unsigned n = 0;

	for (unsigned i = 0; i < batch->n; i++) {
		const struct frame *f = &batch->v[i];
		enum decode d = decode(f, &packets[n]);

		w->decoded[d]++;
		w->bytes += f->wirelen;
		w->snapped += f->caplen < f->wirelen;
		if (d != DECODE_OK)
			continue;
		if (!w->quick_dns || !is_dns_datagram(&packets[n]))
			flow_prefetch(w->flows, &packets[n]);
		n++;
	}
	for (unsigned i = 0; i < n; i++)
		if (!w->quick_dns || !is_dns_datagram(&packets[i]))
			flow_prefetch_record(w->flows, &packets[i]);
	for (unsigned i = 0; i < n; i++) {
		if (w->first_ns == 0)
			w->first_ns = packets[i].ts_ns;
		w->last_frame = packets[i].number;
		worker_packet(w, &packets[i]);
	}
	if (batch->n > 0) {
		if (batch->v[batch->n - 1].ts_ns > w->last_ns)
			w->last_ns = batch->v[batch->n - 1].ts_ns;
		w->last_frame = batch->v[batch->n - 1].number;
	}
}

void
worker_idle(struct worker *w, uint64_t now_ns)
{
	if (w->last_ns > 0 && now_ns > w->last_ns)
		flow_advance(w->flows, now_ns);
}

void
worker_end(struct worker *w)
{
	flow_table_end_all(w->flows);
}

static void
flow_ended(void *arg, struct flow *f, struct conv *c, enum flow_end end)
{
	inspect_end(arg, f, c, end);
}

/* --- counters -------------------------------------------------------------- */

struct stat_list {
	struct counter v[160];
	char paths[DISSECTORS_MAX * 2 + DECODES_N][48];
	size_t n, n_paths;
};

static void
put(struct stat_list *l, const char *path, uint64_t value)
{
	if (l->n < sizeof l->v / sizeof *l->v)
		l->v[l->n++] = (struct counter){ path, value };
}

static void
put_named(struct stat_list *l, const char *group, const char *name, uint64_t value)
{
	char *path;

	for (size_t i = 0; i < l->n; i++)	/* two rows of one protocol are one counter */
		if (strncmp(l->v[i].path, group, strlen(group)) == 0 &&
		    strcmp(l->v[i].path + strlen(group), name) == 0) {
			l->v[i].value += value;
			return;
		}
	if (l->n_paths == sizeof l->paths / sizeof *l->paths)
		return;
	path = l->paths[l->n_paths++];
	snprintf(path, sizeof l->paths[0], "%s%s", group, name);
	put(l, path, value);
}

static void
put_source(struct stat_list *l, const struct worker *w, const struct source_counts *c)
{
	put(l, "frames", c->frames);
	put(l, "bytes", w->bytes);
	put(l, "capture.filtered", c->filtered);
	put(l, "capture.snapped", w->snapped);
	put(l, "capture.inputs_cut", c->cut);
	put(l, "capture.received", c->received);
	put(l, "capture.dropped_kernel", c->dropped_kernel);
	for (unsigned i = 0; i < DECODES_N; i++)
		put_named(l, "decode.", decode_name((enum decode)i), w->decoded[i]);
}

static void
put_flows(struct stat_list *l, const struct worker *w)
{
	struct flow_counts f;

	flow_counts(w->flows, &f);
	put(l, "flows.created", f.created);
	put(l, "flows.with_payload", f.promoted);
	put(l, "flows.active", f.active);
	put(l, "flows.active_peak", f.active_peak);
	put(l, "flows.closed", f.closed);
	put(l, "flows.reset", f.reset);
	put(l, "flows.timed_out", f.timed_out);
	put(l, "flows.evicted_without_payload", f.evicted_new);
	put(l, "flows.evicted_with_payload", f.evicted_conv);
	put(l, "flows.mid_stream", f.mid_stream);
	put(l, "flows.reused", f.reused);
	put(l, "flows.syns_ignored", f.unlikely_syn);
	put(l, "flows.packets_untracked", f.untracked);
	put(l, "flows.packets_after_end", f.stragglers);
	put(l, "flows.packets_out_of_time", f.clock_back);
}

static void
put_insides(struct stat_list *l, const struct worker *w)
{
	struct names_counts names;
	struct inventory_counts products;

	inventory_counts(w->inventory, &products);
	names_counts(w->names, &names);
	for (size_t i = 0; dissectors[i] != NULL; i++) {
		put_named(l, "protocols.", dissectors[i]->name, w->flows_of[i]);
		put_named(l, "malformed.", dissectors[i]->name, w->malformed[i]);
	}
	put(l, "protocols.unknown", w->unknown);
	put(l, "streams.held_too_much", w->held_too_much);
	put(l, "streams.memory_peak", w->streams.peak);
	put(l, "streams.memory_refused", w->streams.refused);
	put(l, "inspection.refused", w->no_inspection);
	put(l, "inspection.objects_refused", w->no_object);
	put(l, "inspection.dossiers_refused", w->no_dossier);
	put(l, "inspection.arena_refused", w->arenas.refused);
	put(l, "inspection.observations_dropped", w->dropped_observations);
	put(l, "dns.datagrams_without_flow", w->dns_datagrams);
	put(l, "names.learned", names.added);
	put(l, "names.forgotten", names.forgotten);
	put(l, "names.ech", w->ech);
	put(l, "names.hidden_by_resolver", w->hidden_resolver);
	put(l, "names.hidden_by_ech", w->hidden_outer);
	if (w->dpi != NULL) {
		struct dpi_counts d;

		dpi_counts(w->dpi, &d);
		put(l, "ndpi.flows", d.flows);
		put(l, "ndpi.packets", d.packets);
		put(l, "ndpi.classified", d.classified);
		put(l, "ndpi.refused", d.refused);
		put(l, "ndpi.over_budget", w->dpi_over_budget);
	}
	put(l, "inventory.entries", products.entries);
	put(l, "inventory.evicted", products.evicted);
	put(l, "inventory.unknown", products.unknown);
	put(l, "events.contact", w->contacts);
	put(l, "events.flow", w->flow_events);
	put(l, "events.object", w->objects);
	put(l, "events.product", w->product_events);
	put(l, "events.lost", w->events_lost);
}

void
worker_stats(struct worker *w, const struct source_counts *counts)
{
	struct stat_list l = { .n = 0 };
	struct event_stats e = { .ts_ns = w->last_ns, .first_ns = w->first_ns, .frame = w->last_frame };
	char *line;
	size_t len;

	put_source(&l, w, counts);
	put_flows(&l, w);
	put_insides(&l, w);
	e.stats = l.v;
	e.n_stats = l.n;
	line = event_stats_line(w->events, &e, &len);
	if (line == NULL || !writer_push(w->opt.writer, line, len))
		w->events_lost++;
}

/* --- life ------------------------------------------------------------------ */

/*
 * One budget, in stated shares: flow records and their index are bounded by
 * max_flows; of the rest, conversations take two fifths, streams a quarter,
 * and names, inspections, dossiers and arenas what remains.
 */
static int
open_flows(struct worker *w, struct err *err)
{
	size_t per_flow = 64 + 16, records = w->opt.max_flows;
	size_t rest;

	if (records * per_flow > w->opt.max_memory / 2)
		records = w->opt.max_memory / 2 / per_flow;
	rest = w->opt.max_memory - records * per_flow;
	struct flow_options fo = {
		.max_flows = records, .max_convs = rest * 2 / 5 / sizeof(struct conv),
		.timeout_new_s = w->opt.timeout_new_s, .timeout_udp_s = w->opt.timeout_udp_s,
		.timeout_tcp_s = w->opt.timeout_tcp_s, .key = w->opt.key, .ended = flow_ended, .arg = w,
		.tell_all = w->opt.all_flows,
	};

	if (fo.max_convs > records)
		fo.max_convs = records;
	stream_mem_init(&w->streams, rest / 4);
	arena_pool_init(&w->arenas, rest / 10 / ARENA_CHUNK);
	w->max_inspections = rest / 10 / sizeof(struct inspection);
	w->max_dossiers = rest / 10 / sizeof(struct dossier);
	w->names = names_new(rest / 20, w->opt.key);
	w->inventory = w->opt.inventory;
	w->flows = flow_table_new(&fo, err);
	if (w->names == NULL)
		return err_set(err, "out of memory for the name cache");
	return w->flows != NULL ? 0 : -1;
}

struct worker *
worker_new(const struct worker_options *opt, struct err *err)
{
	struct worker *w = calloc(1, sizeof *w);

	if (w == NULL) {
		err_set(err, "out of memory");
		return NULL;
	}
	w->opt = *opt;
	w->quick_dns = !opt->all_flows && opt->dpi != DPI_ALL;
	w->crypto = crypto_new(err);
	w->matcher = w->crypto != NULL ? matcher_new(opt->catalog, err) : NULL;
	w->events = w->matcher != NULL ? event_maker_new(&opt->event, err) : NULL;
	if (w->events == NULL || open_flows(w, err) < 0 ||
	    (opt->dpi != DPI_OFF && (w->dpi = dpi_new(err)) == NULL))
		worker_free(&w);
	return w;
}

void
worker_free(struct worker **wp)
{
	struct worker *w = *wp;

	if (w == NULL)
		return;
	flow_table_free(&w->flows);
	names_free(&w->names);
	dpi_free(&w->dpi);
	while (w->free_inspections != NULL) {
		struct inspection *in = w->free_inspections;

		w->free_inspections = in->next;
		free(in);
	}
	objects_free(w);
	while (w->free_dossiers != NULL) {
		struct dossier *d = w->free_dossiers;

		w->free_dossiers = d->spare;
		free(d);
	}
	stream_mem_fini(&w->streams);
	arena_pool_fini(&w->arenas);
	event_maker_free(&w->events);
	matcher_free(&w->matcher);
	crypto_free(&w->crypto);
	free(w);
	*wp = NULL;
}
