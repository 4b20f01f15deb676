/* SPDX-License-Identifier: Apache-2.0 */
/* judge - observations meet the catalogue; what is news becomes a contact event. */
#include "app/inspect.h"

enum { PORT_MDNS = 5353, PORT_LLMNR = 5355 };

/* A DNS answer tells this client's names of addresses. */
static void
learn_names(struct worker *w, const struct flow_hit *hit, uint64_t ts_ns)
{
	const struct observation *qname = observations_find(&w->obs, OBS_DNS_QNAME);
	uint16_t port = flow_server_port(hit->flow);
	struct addr client = flow_client(hit->flow);

	if (qname == NULL || port == PORT_MDNS || port == PORT_LLMNR ||
	    observations_find(&w->obs, OBS_DNS_RCODE) == NULL)
		return;
	for (unsigned i = 0; i < w->obs.n; i++) {
		const struct observation *o = &w->obs.v[i];
		struct rd r = rd_closed(o->value.p, o->value.len);
		struct span raw;

		if (o->kind != OBS_DNS_ADDRESS)
			continue;
		raw = rd_span(&r, 16);
		if (rd_ok(&r)) {
			struct addr a = addr_v6(raw.p);

			names_add(w->names, ts_ns, &client, &a, (uint32_t)o->num, qname->value);
		}
	}
}

/* Does the batch begin a request, a question, a handshake?  Its facts then replace the last one's. */
static void
count_exchange(struct worker *w, struct inspection *in)
{
	const struct observation *first = &w->obs.v[0];
	bool asks = first->kind == OBS_HTTP_METHOD ||
	    (first->kind == OBS_DNS_QNAME && observations_find(&w->obs, OBS_DNS_RCODE) == NULL);

	in->exchanges += asks;
	if ((asks || first->kind == OBS_DNS_QNAME) && in->dossier != NULL)
		dossier_turn(in->dossier, &w->arenas);
	for (unsigned i = 0; i < w->obs.n; i++) {
		enum obs_kind k = w->obs.v[i].kind;

		in->named |= k == OBS_TLS_SNI || k == OBS_HTTP_HOST;
		w->ech += k == OBS_TLS_ECH;
	}
}

/* Categories that nobody asked for are as if they were not in the catalogue. */
static void
keep_wanted(struct worker *w)
{
	unsigned n = 0;

	for (unsigned i = 0; i < w->hits.n; i++)
		if ((w->opt.categories >> w->hits.v[i].signal->category & 1) != 0)
			w->hits.v[n++] = w->hits.v[i];
	w->hits.n = n;
}

void
judge_remember(struct worker *w, struct inspection *in)
{
	struct dossier *d = w->obs.n > 0 ? dossier_get(w, in) : NULL;

	for (unsigned i = 0; d != NULL && i < w->obs.n; i++)
		dossier_fact(d, &w->arenas, &w->obs.v[i]);
}

/* The network of the server speaks for a vendor that a signal named already. */
static void
support(struct worker *w, const struct flow_hit *hit, struct inspection *in, uint64_t frame)
{
	struct addr server = flow_server(hit->flow);
	const struct geo_answer *g = emit_geo(w, &server);

	if (g->asn == 0)
		return;
	for (unsigned i = 0; i < w->hits.n; i++) {
		struct evidence e = { .kind = OBS_ADDR_ASN, .side = FROM_SERVER, .num = g->asn, .frame = frame };

		if (vendor_has_asn(w->hits.v[i].signal->vendor, g->asn)) {
			dossier_evidence(in->dossier, &w->arenas, &e);
			return;
		}
	}
}

static void
conclude(struct worker *w, struct flow_hit *hit, struct inspection *in, uint64_t frame, uint64_t ts_ns)
{
	struct attribution found[EVIDENCE_MAX];
	struct dossier *d = in->dossier;
	unsigned n;

	for (unsigned i = 0; i < w->hits.n; i++) {
		const struct hit *h = &w->hits.v[i];
		struct evidence e = { .signal = h->signal, .kind = h->kind, .side = h->side, .value = h->value,
			.num = h->num, .age_ms = h->age_ms, .frame = frame };

		dossier_evidence(d, &w->arenas, &e);
	}
	if (w->obs.v[0].kind != OBS_DNS_QNAME)
		support(w, hit, in, frame);
	n = attribute(d->now, d->n_now, found, EVIDENCE_MAX);
	for (unsigned i = 0; i < n; i++)
		if (dossier_tell(d, &found[i]))
			emit_contact(w, hit->flow, hit->conv, in, &found[i], frame, ts_ns);
}

void
judge(struct worker *w, struct flow_hit *hit, struct inspection *in, uint64_t frame, uint64_t ts_ns)
{
	bool told_by_state = in->dissector != NULL && in->dissector->state_size > 0;

	if (w->obs.n == 0)
		return;
	learn_names(w, hit, ts_ns);
	count_exchange(w, in);
	matcher_match(w->matcher, &w->obs, flow_server_port(hit->flow), &w->hits);
	keep_wanted(w);
	/* An answer may explain itself by its question: what has state is remembered until it is decided. */
	if (w->hits.n > 0 || in->curious || w->opt.all_flows || told_by_state)
		judge_remember(w, in);
	if (w->hits.n == 0 || in->dossier == NULL)
		return;
	in->curious = true;
	if (w->dpi != NULL && w->opt.dpi == DPI_AUTO && !in->dpi_done)
		in->dpi_wanted = true;
	conclude(w, hit, in, frame, ts_ns);
}
