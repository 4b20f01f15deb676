/* SPDX-License-Identifier: Apache-2.0 */
/* datagram - DNS over UDP, most of which leaves a name behind and nothing else. */
#include "app/inspect.h"

enum { PORT_DNS = 53, PORT_MDNS = 5353, PORT_LLMNR = 5355 };

/* An answer tells this client's names of addresses, with the names on the way to them. */
void
learn_names(struct worker *w, const struct addr *client, uint16_t server_port, uint64_t ts_ns)
{
	struct span names[NAMES_CHAIN_MAX];
	unsigned n = 0;

	if (server_port == PORT_MDNS || server_port == PORT_LLMNR)
		return;
	for (unsigned i = 0; i < w->obs.n; i++) {
		const struct observation *o = &w->obs.v[i];
		struct rd r = rd_closed(o->value.p, o->value.len);

		if ((o->kind == OBS_DNS_QNAME || o->kind == OBS_DNS_CNAME) && n < NAMES_CHAIN_MAX)
			names[n++] = o->value;
		if (o->kind == OBS_DNS_ADDRESS && n > 0) {
			struct addr a = addr_v6(rd_span(&r, 16).p);

			names_add(w->names, ts_ns, client, &a, (uint32_t)o->num, names, n);
		}
	}
}

/* Where each name of the batch stands among those that lately met nothing in the catalogue. */
struct boring {
	unsigned n;
	bool all;			/* all of them do */
	uint64_t hash[OBS_BATCH_MAX];
};

/* An answer repeats its question, and most questions are asked again and again. */
static void
look_boring(const struct worker *w, struct boring *b)
{
	b->n = 0;
	b->all = true;
	for (unsigned i = 0; i < w->obs.n; i++) {
		const struct observation *o = &w->obs.v[i];
		uint64_t h;

		b->all &= o->kind != OBS_DNS_TXT;
		if (o->kind != OBS_DNS_QNAME && o->kind != OBS_DNS_CNAME)
			continue;
		h = hash_bytes(&w->opt.key, o->value.p, o->value.len);
		b->all &= w->boring[h % BORING_NAMES] == h;
		b->hash[b->n++] = h;
	}
}

/*
 * A question that the catalogue has nothing to say about, and its answer, are
 * read without a flow: a resolver's clients take a new port for each, and a
 * million flows of one packet would push out those that matter.
 */
bool
inspect_dns(struct worker *w, const struct packet *pkt)
{
	bool asks = pkt->dport == PORT_DNS;
	struct dissect_in in = { .side = asks ? FROM_CLIENT : FROM_SERVER, .proto = IP_UDP, .server_port = PORT_DNS,
		.ts_ns = pkt->ts_ns, .data = pkt->payload, .snapped = pkt->snapped, .crypto = w->crypto };
	struct dissect_out out = { .obs = &w->obs };
	struct boring boring;

	if (dns_udp_dissector.probe(&in) != RD_OK)
		return false;
	observations_reset(&w->obs);
	if (dns_udp_dissector.dissect(NULL, &in, &out) != DISSECT_MORE || out.malformed > 0)
		return false;
	look_boring(w, &boring);
	if (!boring.all) {
		matcher_match(w->matcher, &w->obs, (struct service){ IP_UDP, PORT_DNS }, &w->hits);
		judge_keep_wanted(w);
		if (w->hits.n > 0)
			return false;
		for (unsigned i = 0; i < boring.n; i++)
			w->boring[boring.hash[i] % BORING_NAMES] = boring.hash[i];
	}
	if (!asks)
		learn_names(w, &pkt->dst, PORT_DNS, pkt->ts_ns);
	w->dns_datagrams++;
	return true;
}
