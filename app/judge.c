/* SPDX-License-Identifier: Apache-2.0 */
/* judge - observations meet the catalogue; what is news becomes a contact event. */
#include "app/inspect.h"

enum { PORT_DNS_OVER_TLS = 853 };

static bool
is_address(struct span name)
{
	struct addr a;

	return name.len > 0 && addr_parse((const char *)name.p, name.len, &a);
}

/* The packet that begins an exchange belongs to it already. */
static void
share(struct dossier *d, const struct flow_hit *hit)
{
	uint64_t bytes[2] = { hit->conv->bytes[0], hit->conv->bytes[1] };

	bytes[hit->side] -= hit->bytes;
	dossier_share(d, bytes);
}

/* Does the batch begin a request, a question, a handshake?  Its facts then replace the last one's. */
static void
count_exchange(struct worker *w, struct flow_hit *hit, struct inspection *in, uint64_t frame, uint64_t ts_ns)
{
	const struct observation *first = &w->obs.v[0];
	bool asks = first->kind == OBS_HTTP_METHOD ||
	    (first->kind == OBS_DNS_QNAME && observations_find(&w->obs, OBS_DNS_RCODE) == NULL);

	in->exchanges += asks;
	if (asks || first->kind == OBS_DNS_QNAME) {
		if (in->exchanges > in->answers + 1)
			object_break(w, hit, in, frame, ts_ns);	/* whose body it is cannot be told from here on */
		in->want_body = false;
		if (in->dossier != NULL) {
			share(in->dossier, hit);
			dossier_turn(in->dossier, &w->arenas);
		}
	}
	for (unsigned i = 0; i < w->obs.n; i++) {
		const struct observation *o = &w->obs.v[i];

		in->sni |= o->kind == OBS_TLS_SNI && !is_address(o->value);
		in->named |= in->sni || o->kind == OBS_HTTP_HOST;
		in->tunnelled |= o->kind == OBS_HTTP_PROXY;
		in->answers += o->kind == OBS_HTTP_STATUS && o->num >= 200;
		w->ech += o->kind == OBS_TLS_ECH;
	}
}

void
judge_keep_wanted(struct worker *w)
{
	unsigned n = 0;

	for (unsigned i = 0; i < w->hits.n; i++)
		if ((w->opt.categories >> w->hits.v[i].signal->category & 1) != 0)
			w->hits.v[n++] = w->hits.v[i];
	w->hits.n = n;
}

/*
 * Some hits are no evidence of a product.  Whoever asks a public resolver over
 * TLS hides the names of all else that it does; an outer name hides the one that
 * is meant.  Both are counted, for they limit what can be said of a network.
 */
static void
count_hidden(struct worker *w, struct inspection *in, uint16_t port)
{
	bool handshake = observations_find(&w->obs, OBS_TLS_SNI) != NULL || observations_find(&w->obs, OBS_TLS_ALPN) != NULL ||
	    observations_find(&w->obs, OBS_TLS_VERSION) != NULL;
	unsigned n = 0;

	/* DNS over TLS and over QUIC have a port of their own (RFC 7858, RFC 9250). */
	if (port == PORT_DNS_OVER_TLS && handshake) {
		w->hidden_resolver += !in->resolver;
		in->resolver = true;
	}

	for (unsigned i = 0; i < w->hits.n; i++) {
		const struct hit *h = &w->hits.v[i];
		bool asked_for = h->kind == OBS_TLS_SNI || h->kind == OBS_HTTP_HOST;

		if (h->signal->means != MEANS_RESOLVER && h->signal->means != MEANS_OUTER) {
			w->hits.v[n++] = *h;
			continue;
		}
		if (h->signal->means == MEANS_OUTER && h->kind == OBS_TLS_SNI) {
			w->hidden_outer += !in->outer;
			in->outer = true;
			in->named = false;
		} else if (h->signal->means == MEANS_RESOLVER && asked_for) {
			w->hidden_resolver += !in->resolver;
			in->resolver = true;
		}
	}
	w->hits.n = n;
}

/* Does the server's certificate bear the name of a vendor first of all, or only among those of others? */
static bool
certified(const struct worker *w, const struct hit *h)
{
	const struct observation *first = observations_find(&w->obs, OBS_TLS_CERT_NAME);

	for (unsigned i = 0; first != NULL && i < w->hits.n; i++)
		if (w->hits.v[i].signal->vendor == h->signal->vendor && w->hits.v[i].kind == OBS_TLS_CERT_NAME &&
		    w->hits.v[i].value.p == first->value.p)
			return true;
	return false;
}

/*
 * A server's certificate speaks where the client did not name the server, and a
 * port of a host that is known for more.
 */
static void
keep_believable(struct worker *w, const struct flow_hit *hit, const struct inspection *in)
{
	struct addr client = flow_client(hit->flow), server = flow_server(hit->flow);
	struct hits kept = { .dropped = w->hits.dropped };

	for (unsigned i = 0; i < w->hits.n; i++) {
		const struct hit *h = &w->hits.v[i];

		if (h->kind == OBS_TLS_CERT_NAME && (in->sni || !certified(w, h)))
			continue;
		if (signal_is_port(h->signal) && !inventory_knows(w->inventory, &client, h->signal->vendor) &&
		    !inventory_knows(w->inventory, &server, h->signal->vendor))
			continue;
		kept.v[kept.n++] = *h;
	}
	w->hits = kept;
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

/* The body of the answer is worth reading when the request asked for an update. */
static bool
asks_for_update(const struct attribution *a, unsigned n)
{
	return n > 0 && (a->purpose == PURPOSE_UPDATE || a->purpose == PURPOSE_DOWNLOAD);
}

static void
conclude(struct worker *w, struct flow_hit *hit, struct inspection *in, uint64_t frame, uint64_t ts_ns)
{
	struct attribution found[EVIDENCE_MAX];
	struct dossier *d = in->dossier;
	bool answers = observations_find(&w->obs, OBS_DNS_RCODE) != NULL;
	unsigned n;

	for (unsigned i = 0; i < w->hits.n; i++) {
		const struct hit *h = &w->hits.v[i];
		struct evidence e = { .signal = h->signal, .kind = h->kind, .side = h->side, .value = h->value,
			.num = h->num, .age_ms = h->age_ms, .frame = frame };

		dossier_evidence(d, &w->arenas, &e);
	}
	if (w->obs.v[0].kind != OBS_DNS_QNAME && !in->tunnelled)
		support(w, hit, in, frame);
	n = attribute(d->now, d->n_now, found, EVIDENCE_MAX);
	in->want_body = asks_for_update(found, n);
	if (n > 0)
		d->purpose = found[0].purpose;
	for (unsigned i = 0; i < n; i++) {
		bool news = dossier_tell(d, &found[i]);

		if (news)
			emit_contact(w, hit->flow, hit->conv, in, &found[i], frame, ts_ns);
		/* The answer to a question is no second contact. */
		if (news || !answers)
			emit_product(w, hit->flow, in, &found[i], frame, ts_ns);
	}
}

void
judge(struct worker *w, struct flow_hit *hit, struct inspection *in, uint64_t frame, uint64_t ts_ns, bool goes_on)
{
	struct service at = { (hit->flow->flags & FLOW_UDP) != 0 ? IP_UDP : IP_TCP, flow_server_port(hit->flow) };
	bool told_by_state = goes_on && in->dissector != NULL && in->dissector->state_size > 0;

	if (w->obs.n == 0)
		return;
	if (observations_find(&w->obs, OBS_DNS_RCODE) != NULL) {
		struct addr client = flow_client(hit->flow);

		learn_names(w, &client, at.port, ts_ns);
	}
	count_exchange(w, hit, in, frame, ts_ns);
	matcher_match(w->matcher, &w->obs, at, &w->hits);
	count_hidden(w, in, at.port);
	judge_keep_wanted(w);
	if (w->hits.n > 0)
		keep_believable(w, hit, in);
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
