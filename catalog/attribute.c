/* SPDX-License-Identifier: Apache-2.0 */
/* attribute - what a set of evidence says of each vendor in it; a pure function. */
#include <string.h>

#include "catalog/catalog.h"

/* Vendors told apart in one set; evidence of further ones is left out. */
enum { GROUPS_MAX = 32 };

/* Kinds of evidence that do not follow from each other. */
enum { KIND_NAME = 1, KIND_TXT = 2, KIND_AGENT = 4, KIND_HEADER = 8, KIND_PATH = 16, KIND_BODY = 32,
	KIND_PAYLOAD = 64 };

struct group {
	const struct vendor *vendor;
	const struct evidence *best, *engine, *product;
	const struct evidence *purpose, *web;	/* best with a purpose, other than web and web */
	unsigned kinds, strong_kinds;
	bool contacted;		/* something but a DNS question */
	bool named;		/* strong evidence of a product, by a name */
	bool own;		/* strong evidence of a product, by anything */
	bool supported;
	bool embedded;		/* no more than the engine inside another vendor's product */
};

static unsigned
kind_of(enum obs_kind kind)
{
	switch (kind) {
	case OBS_DNS_TXT: return KIND_TXT;
	case OBS_HTTP_AGENT: return KIND_AGENT;
	case OBS_HTTP_HEADER: case OBS_HTTP_REFERER: return KIND_HEADER;
	case OBS_HTTP_PATH: case OBS_HTTP_QUERY: return KIND_PATH;
	case OBS_HTTP_BODY: case OBS_HTTP_REQUEST_BODY: return KIND_BODY;
	case OBS_PAYLOAD_CLIENT: case OBS_PAYLOAD_SERVER: case OBS_APP_PROTOCOL: return KIND_PAYLOAD;
	case OBS_SERVER_PORT: return 0;
	default: return KIND_NAME;
	}
}

static unsigned
name_directness(enum obs_kind kind)
{
	switch (kind) {
	case OBS_NAME_DNS_OTHER: return 0;
	case OBS_NAME_CNAME: case OBS_DNS_CNAME: return 1;
	case OBS_NAME_DNS: return 2;
	case OBS_DNS_QNAME: return 3;
	case OBS_TLS_CERT_NAME: return 4;
	case OBS_HTTP_HOST: return 5;
	default: return 6;
	}
}

/* exact, pattern, then longer suffixes first */
static unsigned
host_specificity(const struct signal *s)
{
	if (s->host_exact != NULL)
		return 511;
	if (s->host_pattern != NULL)
		return 510;
	return s->host != NULL ? (unsigned)strlen(s->host) : 0;
}

/* Strength first, then how specific, then how direct: bits 20-21, 12-18, 3-11 and 0-2. */
static unsigned
weight(const struct evidence *e)
{
	return (unsigned)e->signal->strength << 20 | kind_of(e->kind) << 12 |
	    host_specificity(e->signal) << 3 | name_directness(e->kind);
}

/* The earlier one stays when they weigh the same. */
static void
prefer(const struct evidence **best, const struct evidence *e)
{
	if (*best == NULL || weight(e) > weight(*best))
		*best = e;
}

static void
add_evidence(struct group *g, const struct evidence *e)
{
	const struct signal *s = e->signal;
	unsigned kind = kind_of(e->kind);
	bool strong = s->strength >= STRENGTH_STRONG;

	prefer(&g->best, e);
	if (s->means == MEANS_ENGINE)
		prefer(&g->engine, e);
	if (s->product != NULL)
		prefer(&g->product, e);
	if (s->purpose == PURPOSE_WEB)
		prefer(&g->web, e);
	else if (s->purpose != PURPOSE_UNDETERMINED)
		prefer(&g->purpose, e);
	g->kinds |= kind;
	if (strong)
		g->strong_kinds |= kind;
	g->contacted |= e->kind != OBS_DNS_QNAME && e->kind != OBS_DNS_TXT && e->kind != OBS_DNS_CNAME;
	g->own |= strong && s->means == MEANS_PRODUCT;
	g->named |= strong && s->means == MEANS_PRODUCT && kind == KIND_NAME;
}

unsigned
evidence_strong_kinds(const struct evidence *v, unsigned n, const struct vendor *vendor)
{
	unsigned kinds = 0;

	for (unsigned i = 0; i < n; i++)
		if (v[i].signal != NULL && v[i].signal->vendor == vendor && v[i].signal->strength >= STRENGTH_STRONG)
			kinds |= kind_of(v[i].kind);
	return kinds;
}

static struct group *
group_of(struct group *groups, unsigned *n, const struct vendor *vendor)
{
	for (unsigned i = 0; i < *n; i++)
		if (groups[i].vendor == vendor)
			return &groups[i];
	if (*n == GROUPS_MAX)
		return NULL;
	groups[*n] = (struct group){ .vendor = vendor };
	return &groups[(*n)++];
}

static unsigned
collect(const struct evidence *v, unsigned n, struct group *groups)
{
	unsigned n_groups = 0;

	for (unsigned i = 0; i < n; i++) {
		struct group *g =
		    v[i].signal != NULL ? group_of(groups, &n_groups, v[i].signal->vendor) : NULL;

		if (g != NULL)
			add_evidence(g, &v[i]);
	}
	for (unsigned i = 0; i < n; i++)
		for (unsigned j = 0; j < n_groups && v[i].signal == NULL && v[i].kind == OBS_ADDR_ASN; j++)
			groups[j].supported |= vendor_has_asn(groups[j].vendor, (uint32_t)v[i].num);
	return n_groups;
}

/* An engine's format under the name of another vendor's product: an OEM's product, not two products. */
static void
embed(struct group *product, struct group *engines, unsigned n)
{
	const struct evidence *best = NULL;

	if (!product->named || product->engine != NULL)
		return;
	for (unsigned i = 0; i < n; i++) {
		struct group *g = &engines[i];

		if (g->engine == NULL || g->engine->signal->vendor != g->vendor)
			continue;
		prefer(&best, g->engine);
		g->embedded |= !g->own;
	}
	product->engine = best;
}

static bool
two_or_more(unsigned bits)
{
	return (bits & (bits - 1)) != 0;
}

static unsigned
confidence(const struct group *g)
{
	static const unsigned alone[STRENGTHS_N] = { 20, 50, 75, 95 };
	enum strength strength = g->best->signal->strength;
	unsigned c = alone[strength];

	if (strength == STRENGTH_PROOF && two_or_more(g->kinds))
		c = 98;
	if (strength == STRENGTH_STRONG && two_or_more(g->strong_kinds))
		c = 85;
	if (g->best->kind == OBS_NAME_DNS)
		c -= 10;
	if (g->best->kind == OBS_NAME_DNS_OTHER)
		c = c > 25 ? c - 25 : 0;
	if (g->supported)
		c = c + 5 < 99 ? c + 5 : 99;
	return !g->contacted && c > 60 ? 60 : c;
}

/* A visit to the web site explains no stronger evidence that is silent about its purpose. */
static enum purpose
purpose_of(const struct group *g)
{
	if (g->purpose != NULL)
		return g->purpose->signal->purpose;
	if (g->web != NULL && g->web->signal->strength >= g->best->signal->strength)
		return PURPOSE_WEB;
	return PURPOSE_UNDETERMINED;
}

static struct attribution
conclude(const struct group *g)
{
	const struct signal *best = g->best->signal;

	return (struct attribution){
		.vendor = g->vendor,
		.product = g->product != NULL ? g->product->signal->product : NULL,
		.engine = g->engine != NULL ? g->engine->signal->vendor : NULL,
		.category = best->category,
		.purpose = purpose_of(g),
		.strength = best->strength,
		.confidence = confidence(g),
		.present = best->strength == STRENGTH_PROOF || two_or_more(g->strong_kinds),
		.lookup_only = !g->contacted,
	};
}

static bool
is_before(const struct attribution *a, const struct attribution *b)
{
	if (a->strength != b->strength)
		return a->strength > b->strength;
	if (a->confidence != b->confidence)
		return a->confidence > b->confidence;
	return strcmp(a->vendor->id, b->vendor->id) < 0;
}

unsigned
attribute(const struct evidence *evidence, unsigned n, struct attribution *out, unsigned max)
{
	struct group groups[GROUPS_MAX];
	struct attribution all[GROUPS_MAX];
	unsigned n_groups = collect(evidence, n, groups), n_all = 0;

	for (unsigned i = 0; i < n_groups; i++)
		embed(&groups[i], groups, n_groups);
	for (unsigned i = 0; i < n_groups; i++) {
		struct attribution a = conclude(&groups[i]);
		unsigned at = n_all;

		if (groups[i].embedded)
			continue;
		for (; at > 0 && is_before(&a, &all[at - 1]); at--)
			all[at] = all[at - 1];
		all[at] = a;
		n_all++;
	}
	if (n_all > max)
		n_all = max;
	for (unsigned i = 0; i < n_all; i++)
		out[i] = all[i];
	return n_all;
}
