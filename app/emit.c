/* SPDX-License-Identifier: Apache-2.0 */
/* emit - a flow and what is known of it become an event line. */
#include "app/inspect.h"

/* Both ends of a conversation are asked for again with every event of it. */
const struct geo_answer *
emit_geo(struct worker *w, const struct addr *a)
{
	uint64_t h = hash_bytes(&w->opt.key, a->b, sizeof a->b) & (GEO_CACHE - 1);

	if (!w->geo_cache[h].set || !addr_eq(&w->geo_cache[h].addr, a)) {
		w->geo_cache[h].set = true;
		w->geo_cache[h].addr = *a;
		geo_look(w->opt.geo, a, &w->geo_cache[h].answer);
	}
	return &w->geo_cache[h].answer;
}

static void
flow_facts(const struct flow *f, const struct conv *c, const struct inspection *in, struct event_flow *out)
{
	unsigned client = (f->flags & FLOW_CLIENT_HIGH) != 0;

	*out = (struct event_flow){
		.client = flow_client(f), .server = flow_server(f),
		.client_port = flow_client_port(f), .server_port = flow_server_port(f),
		.proto = (f->flags & FLOW_UDP) != 0 ? IP_UDP : IP_TCP,
		.first_ns = f->first_ns, .last_ns = f->first_ns + f->last_ms * 1000000ull,
		.mid_stream = (f->flags & FLOW_MID_STREAM) != 0,
		.guessed_sides = (f->flags & FLOW_GUESSED) != 0,
	};
	for (unsigned i = 0; i < 2; i++) {
		unsigned end = i == FROM_CLIENT ? client : !client;

		out->packets[i] = c != NULL ? c->packets[i] : f->packets[end];
		out->bytes[i] = c != NULL ? c->bytes[i] : f->bytes[end];
		out->lost[i] = c != NULL ? c->lost[i] : 0;
	}
	out->one_sided = out->packets[0] == 0 || out->packets[1] == 0;
	if (c != NULL) {
		out->last_ns = c->last_ns;
		out->first_frame = c->first_frame;
		out->truncated = c->snapped;
		memcpy(out->vlan, c->vlan, sizeof out->vlan);
		if (c->slot > 0)
			out->protocol = dissectors[c->slot - 1]->name;
	}
	if (in != NULL) {
		out->requests = in->exchanges;
		out->gap = in->gap;
		if (in->dissector != NULL)
			out->protocol = in->dissector->name;
	}
}

/* Evidence that speaks for this attribution: its vendor's, its engine's, its network's. */
static unsigned
evidence_of(const struct attribution *a, const struct evidence *all, unsigned n, struct evidence *out)
{
	unsigned k = 0;

	for (unsigned i = 0; i < n; i++) {
		const struct vendor *v = all[i].signal != NULL ? all[i].signal->vendor : NULL;

		if (v == NULL ? vendor_has_asn(a->vendor, (uint32_t)all[i].num) :
		    (v == a->vendor || v == a->engine))
			out[k++] = all[i];
	}
	return k;
}

static void
push(struct worker *w, char *line, size_t len)
{
	if (line == NULL || !writer_push(w->opt.writer, line, len))
		w->events_lost++;
}

/* Fills the part that both kinds of event share. */
static void
describe(struct worker *w, struct event *e, const struct event_flow *ef, const struct attribution *a,
    const struct evidence *all, unsigned n_all, struct evidence *own, struct geo_answer *source)
{
	e->flow = ef;
	e->attribution = a;
	e->evidence = own;
	e->n_evidence = a != NULL ? evidence_of(a, all, n_all, own) : 0;
	/* A copy, for the cache may keep both ends in one place. */
	*source = *emit_geo(w, &ef->client);
	e->source_geo = source;
	e->destination_geo = emit_geo(w, &ef->server);
}

void
emit_contact(struct worker *w, struct flow *f, struct conv *c, struct inspection *in, const struct attribution *a,
    uint64_t frame, uint64_t ts_ns)
{
	struct observation facts[FACTS_MAX];
	struct evidence own[EVIDENCE_MAX];
	struct geo_answer source;
	struct event_flow ef;
	struct event e = { .kind = EVENT_CONTACT, .ts_ns = ts_ns, .frame = frame, .facts = facts };
	char *line;
	size_t len;

	flow_facts(f, c, in, &ef);
	e.n_facts = dossier_facts(in->dossier, facts);
	describe(w, &e, &ef, a, in->dossier->now, in->dossier->n_now, own, &source);
	line = event_line(w->events, &e, &len);
	push(w, line, len);
	w->contacts++;
}

void
emit_flow(struct worker *w, struct flow *f, struct conv *c, struct inspection *in, enum flow_end end)
{
	static const enum flow_state states[] = {
		[FLOW_END_CLOSED] = FLOW_CLOSED, [FLOW_END_RESET] = FLOW_RESET,
		[FLOW_END_TIMEOUT] = FLOW_TIMEOUT, [FLOW_END_EVICTED] = FLOW_EVICTED,
		[FLOW_END_INPUT] = FLOW_INPUT_END,
	};
	struct dossier *d = in != NULL ? in->dossier : NULL;
	struct observation facts[FACTS_MAX];
	struct evidence own[EVIDENCE_MAX];
	struct attribution found[EVIDENCE_MAX];
	struct geo_answer source;
	struct event_flow ef;
	struct event e = { .kind = EVENT_FLOW, .facts = facts };
	unsigned n = 0;
	char *line;
	size_t len;

	flow_facts(f, c, in, &ef);
	ef.state = states[end];
	e.ts_ns = ef.last_ns;
	e.frame = w->last_frame;
	if (d != NULL) {
		e.n_facts = dossier_facts(d, facts);
		e.evidence_dropped = d->dropped;
		n = attribute(d->all, d->n_all, found, EVIDENCE_MAX);
	}
	describe(w, &e, &ef, n > 0 ? &found[0] : NULL, d != NULL ? d->all : NULL, d != NULL ? d->n_all : 0, own,
	    &source);
	e.others = found + 1;
	e.n_others = n > 1 ? n - 1 : 0;
	line = event_line(w->events, &e, &len);
	push(w, line, len);
	w->flow_events++;
	if (n > 0 && w->opt.summary != NULL)
		summary_flow(w->opt.summary, &ef, &found[0], e.destination_geo);
}
