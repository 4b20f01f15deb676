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
		out->proxied = in->tunnelled;
		out->resolver = in->resolver;
		out->outer_name = in->outer;
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

/* What an event is made of, kept together while it is written. */
struct scene {
	struct event event;
	struct event_flow flow;
	struct observation facts[FACTS_MAX];
	struct evidence own[EVIDENCE_MAX];
	struct geo_answer source;
	struct addr target;
};

/* The address that a proxy was asked for, when it was asked for one. */
static bool
proxy_target(const struct scene *s, struct addr *out)
{
	const struct observation *host = NULL;

	for (unsigned i = 0; i < s->event.n_facts; i++)
		if (s->facts[i].kind == OBS_HTTP_HOST)
			host = &s->facts[i];
	return host != NULL && host->value.len > 0 && addr_parse((const char *)host->value.p, host->value.len, out);
}

/* Where the flow goes: of one through a proxy, not where the proxy is. */
static void
describe_ends(struct worker *w, struct scene *s)
{
	struct event *e = &s->event;

	/* A copy, for the cache may keep both ends in one place. */
	s->source = *emit_geo(w, &s->flow.client);
	e->source_geo = &s->source;
	if (!s->flow.proxied) {
		e->destination_geo = emit_geo(w, &s->flow.server);
	} else if (proxy_target(s, &s->target)) {
		e->target = &s->target;
		e->destination_geo = emit_geo(w, &s->target);
	}
}

/* Fills the part that events of a flow share; evidence is the dossier's, of this exchange or of all. */
static void
describe(struct worker *w, struct scene *s, enum event_kind kind, const struct inspection *in,
    const struct attribution *a, const struct evidence *evidence, unsigned n)
{
	struct event *e = &s->event;

	e->kind = kind;
	e->flow = &s->flow;
	e->facts = s->facts;
	e->n_facts = in != NULL && in->dossier != NULL ? dossier_facts(in->dossier, s->facts) : 0;
	e->attribution = a;
	e->evidence = s->own;
	e->n_evidence = a != NULL ? evidence_of(a, evidence, n, s->own) : 0;
	s->flow.public_resolver = s->flow.server_port == 53 && catalog_is_resolver(w->opt.catalog, &s->flow.server);
	describe_ends(w, s);
}

static void
write_event(struct worker *w, const struct scene *s)
{
	size_t len;
	char *line = event_line(w->events, &s->event, &len);

	push(w, line, len);
}

void
emit_contact(struct worker *w, struct flow *f, struct conv *c, struct inspection *in, const struct attribution *a,
    uint64_t frame, uint64_t ts_ns)
{
	struct scene s = { .event = { .ts_ns = ts_ns, .frame = frame } };

	flow_facts(f, c, in, &s.flow);
	describe(w, &s, EVENT_CONTACT, in, a, in->dossier->now, in->dossier->n_now);
	write_event(w, &s);
	w->contacts++;
}

void
emit_object(struct worker *w, struct flow *f, struct conv *c, struct inspection *in, const struct attribution *a,
    const struct event_object *o, uint64_t frame, uint64_t ts_ns)
{
	struct scene s = { .event = { .ts_ns = ts_ns, .frame = frame, .object = o } };

	flow_facts(f, c, in, &s.flow);
	describe(w, &s, EVENT_OBJECT, in, a, in->dossier->now, in->dossier->n_now);
	write_event(w, &s);
	w->objects++;
}

/* Bytes by purpose, the purposes of this flow only. */
static unsigned
shares_of(struct dossier *d, const struct conv *c, struct event_share out[static PURPOSES_N])
{
	unsigned n = 0;

	if (c != NULL)
		dossier_share(d, c->bytes);
	for (unsigned p = 0; p < PURPOSES_N; p++) {
		const uint64_t *b = d->shares[p].bytes;

		if (b[0] > 0 || b[1] > 0)
			out[n++] = (struct event_share){ (enum purpose)p, { b[0], b[1] } };
	}
	return n;
}

/* What happened to a product on a host, as its event tells it. */
static void
fill_product(struct event_product *e, const struct inventory_entry *entry, unsigned change)
{
	unsigned n = 0;

	e->vendor = entry->vendor;
	e->product = entry->product;
	e->client = entry->client;
	e->present = entry->present;
	e->confidence = entry->confidence;
	e->version = entry->version;
	e->first_ns = entry->first_ns;
	e->last_ns = entry->last_ns;
	for (unsigned p = 0; p < PURPOSES_N; p++) {
		e->purposes[p].contacts = entry->purposes[p].contacts;
		e->purposes[p].bytes_up = entry->purposes[p].bytes_up;
		e->purposes[p].bytes_down = entry->purposes[p].bytes_down;
	}
	if ((change & INVENTORY_PURPOSE) != 0)
		e->changes[n++] = "purpose";
	if ((change & INVENTORY_PRESENT) != 0)
		e->changes[n++] = "presence";
	if ((change & INVENTORY_OTHER_VERSION) != 0)
		e->changes[n++] = "version";
	e->action = (change & INVENTORY_NEW) != 0 ? "appeared" : n > 0 ? "changed" : "seen";
}

void
emit_product(struct worker *w, const struct flow *f, const struct inspection *in, const struct attribution *a,
    uint64_t frame, uint64_t ts_ns)
{
	struct addr client = flow_client(f), server = flow_server(f);
	struct event_product e = { .ts_ns = ts_ns, .frame = frame };
	const struct inventory_entry *entry;
	unsigned kinds = evidence_strong_kinds(in->dossier->now, in->dossier->n_now, a->vendor), change;
	char *line;
	size_t len;

	if (in->tunnelled)
		memset(&server, 0, sizeof server);	/* a proxy is nobody's server */
	change = inventory_contact(w->inventory, ts_ns, &client, &server, a, kinds, (struct span){ 0 }, &entry);
	if (change == 0)
		return;
	fill_product(&e, entry, change);
	line = event_product_line(w->events, &e, &len);
	push(w, line, len);
	w->product_events++;
}

/* The bytes of a flow, where its product is kept. */
static void
count_bytes(struct worker *w, const struct scene *s, const struct attribution *a)
{
	for (unsigned i = 0; i < s->event.n_shares; i++) {
		const struct event_share *share = &s->event.shares[i];

		inventory_bytes(w->inventory, &s->flow.client, a->vendor, a->product, share->purpose,
		    share->bytes[FROM_CLIENT], share->bytes[FROM_SERVER]);
	}
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
	struct attribution found[EVIDENCE_MAX];
	struct event_share shares[PURPOSES_N];
	struct scene s = { .event = { .frame = w->last_frame } };
	unsigned n = 0;

	flow_facts(f, c, in, &s.flow);
	s.flow.state = states[end];
	s.event.ts_ns = s.flow.last_ns;
	if (d != NULL) {
		s.event.evidence_dropped = d->dropped;
		n = attribute(d->all, d->n_all, found, EVIDENCE_MAX);
	}
	describe(w, &s, EVENT_FLOW, in, n > 0 ? &found[0] : NULL, d != NULL ? d->all : NULL, d != NULL ? d->n_all : 0);
	s.event.others = found + 1;
	s.event.n_others = n > 1 ? n - 1 : 0;
	if (n > 0) {
		s.event.shares = shares;
		s.event.n_shares = shares_of(d, c, shares);
		count_bytes(w, &s, &found[0]);
	}
	write_event(w, &s);
	w->flow_events++;
	if (n > 0 && w->opt.summary != NULL)
		summary_flow(w->opt.summary, &s.flow, &found[0], s.event.destination_geo);
}
