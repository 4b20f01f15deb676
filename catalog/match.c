/* SPDX-License-Identifier: Apache-2.0 */
/* match - which signals do the observations of one batch meet. */
#include <stdlib.h>
#include <string.h>

#include "catalog/load.h"

enum { SPECIFIC_PATTERN = 1000, SPECIFIC_EXACT = 2000, SPECIFIC_NEED = 4096, HEADER_TEXT = 512 };

/* What the batch has met of one signal; stale unless batch is the matcher's. */
struct met {
	uint64_t batch;
	uint16_t needs;
	uint8_t best;			/* need that by was for */
	const struct observation *by;
};

/* Best host-only signal of a vendor for one name; stale unless name is the matcher's. */
struct favourite {
	uint64_t name;
	uint32_t signal;
};

struct matcher {
	const struct catalog *catalog;		/* borrowed */
	struct patterns_scratch *scratch;	/* owned, as all below */
	struct met *met;			/* by signal */
	uint32_t *touched;			/* signals of which something was met */
	uint32_t *named;			/* signals whose host the name at hand meets */
	struct favourite *favourites;		/* by vendor */
	uint64_t batch, name;
	uint32_t n_touched, n_named;
	bool all;
	struct service at;			/* of the batch at hand */
	struct observation port;		/* of the batch at hand, for signals that ask for a port alone */
	const struct observation *looking_at;
	enum need looking_for;
};

struct matcher *
matcher_new(const struct catalog *c, struct err *err)
{
	struct matcher *m = calloc(1, sizeof *m);

	if (m == NULL) {
		err_set(err, "out of memory for a matcher");
		return NULL;
	}
	m->catalog = c;
	m->met = calloc(c->n_signals, sizeof *m->met);
	m->touched = calloc(c->n_signals, sizeof *m->touched);
	m->named = calloc(c->n_signals, sizeof *m->named);
	m->favourites = calloc(c->n_vendors, sizeof *m->favourites);
	if (m->met == NULL || m->touched == NULL || m->named == NULL || m->favourites == NULL)
		err_set(err, "out of memory for a matcher");
	else if ((m->scratch = patterns_scratch_new(c->patterns, err)) != NULL)
		return m;
	matcher_free(&m);
	return NULL;
}

void
matcher_free(struct matcher **m)
{
	if (*m != NULL) {
		patterns_scratch_free(&(*m)->scratch);
		free((*m)->met);
		free((*m)->touched);
		free((*m)->named);
		free((*m)->favourites);
	}
	free(*m);
	*m = NULL;
}

/* How far to believe that a name is the one the client asked for; 0 is best. */
static unsigned
name_rank(enum obs_kind kind)
{
	switch (kind) {
	case OBS_TLS_SNI: return 0;
	case OBS_HTTP_HOST: return 1;
	case OBS_TLS_CERT_NAME: return 2;
	case OBS_DNS_QNAME: return 3;
	case OBS_NAME_DNS: return 4;
	case OBS_NAME_CNAME: case OBS_DNS_CNAME: return 5;
	case OBS_NAME_DNS_OTHER: return 6;
	default: return 0;
	}
}

static void
meet(struct matcher *m, uint32_t signal, enum need need, const struct observation *o)
{
	struct met *s = &m->met[signal];

	if (!m->all && !m->catalog->signals[signal]->enabled)
		return;
	if (s->batch != m->batch) {
		*s = (struct met){ .batch = m->batch };
		m->touched[m->n_touched++] = signal;
	}
	s->needs |= (uint16_t)(1u << need);
	if (s->by == NULL || need > s->best ||
	    (need == s->best && name_rank(o->kind) < name_rank(s->by->kind))) {
		s->best = (uint8_t)need;
		s->by = o;
	}
}

/* --- names ------------------------------------------------------------------------ */

/*
 * Lower case, without "*." and final dot.  0 when it is longer than a name can be,
 * has an empty label, anything but visible ASCII, or an escape (RFC 1035 section
 * 5.1), which hides a dot inside a label: such a name is nobody's, and
 * what a resolver, a browser and a person take it for may differ.
 */
static size_t
read_name(struct span from, char to[static HOSTS_NAME_MAX])
{
	struct rd r = rd_closed(from.p, from.len);
	size_t n = from.len;
	bool bad = false, dot = true;	/* dot: the last one was, or there was none */

	if (n > HOSTS_NAME_MAX + 1 || n == 0)
		return 0;
	if (n == HOSTS_NAME_MAX + 1)
		n--;
	rd_copy(&r, to, n);
	if (rd_more(&r) && rd_u8(&r) != '.')
		return 0;
	if (n == from.len && to[n - 1] == '.')
		n--;
	for (size_t i = 0; i < n; i++) {
		uint8_t c = (uint8_t)to[i];

		bad |= c <= ' ' || c > '~' || c == '\\' || (dot && c == '.');
		dot = c == '.';
		to[i] = (char)(c | (unsigned)((unsigned)c - 'A' < 26u) << 5);
	}
	return bad || dot ? 0 : n;
}

static struct span
without_star(struct span name)
{
	struct rd r = rd_closed(name.p, name.len);
	struct rd look = rd_fork(&r);

	if (rd_u16(&look) == ('*' << 8 | '.') && rd_ok(&look))
		rd_skip(&r, 2);
	return rd_span(&r, rd_left(&r));
}

static uint32_t
host_specificity(const struct signal *s)
{
	if (s->host_exact != NULL)
		return SPECIFIC_EXACT;
	if (s->host_pattern != NULL)
		return SPECIFIC_PATTERN;
	return s->host != NULL ? (uint32_t)strlen(s->host) : 0;
}

static bool
goes_over(const struct signal *s, uint8_t proto)
{
	return s->transport == 0 || proto == 0 || s->transport == proto;
}

static bool
is_host_only(const struct matcher *m, uint32_t signal)
{
	return m->catalog->needs[signal] == 1u << NEED_HOST;
}

static void
add_named(void *context, uint32_t signal)
{
	struct matcher *m = context;
	struct favourite *f = &m->favourites[m->catalog->vendor_of[signal]];
	const struct signal *const *all = m->catalog->signals;
	uint32_t mine = host_specificity(all[signal]), best;

	if ((!m->all && !all[signal]->enabled) || !goes_over(all[signal], m->at.proto))
		return;
	m->named[m->n_named++] = signal;
	if (!is_host_only(m, signal))
		return;
	best = f->name == m->name ? host_specificity(all[f->signal]) : 0;
	if (mine > best || (mine == best && signal < f->signal))
		*f = (struct favourite){ .name = m->name, .signal = signal };
}

/* Host patterns that end as the name does are run over it, once a group. */
struct groups {
	unsigned n;
	uint32_t v[HOSTS_FOUND_MAX];
};

static void
add_group(struct groups *g, uint32_t group)
{
	for (unsigned i = 0; i < g->n; i++)
		if (g->v[i] == group)
			return;
	if (g->n < HOSTS_FOUND_MAX)
		g->v[g->n++] = group;
}

/* Signals of the table that name meets, and groups of patterns that may meet it too. */
static void
look_up(struct matcher *m, const char *name, size_t len, struct groups *groups)
{
	struct host_found found[HOSTS_FOUND_MAX];
	unsigned n = hosts_find(m->catalog->hosts, name, len, found);

	for (unsigned i = 0; i < n; i++) {
		const struct host_ref *ref = hosts_ref(m->catalog->hosts, found[i].ref);

		for (; ref != NULL; ref = hosts_ref(m->catalog->hosts, ref->next)) {
			if (ref->how == HOST_HINT)
				add_group(groups, m->catalog->group_of[ref->signal]);
			if (ref->how == HOST_SUFFIX || (ref->how == HOST_EXACT && found[i].len == len))
				add_named(m, ref->signal);
		}
	}
}

static void
match_name(struct matcher *m, const struct observation *o)
{
	char name[HOSTS_NAME_MAX];
	size_t len = read_name(o->kind == OBS_TLS_CERT_NAME ? without_star(o->value) : o->value, name);
	struct span text = { (const uint8_t *)name, len };
	struct groups groups = { .n = 0 };

	if (len == 0)
		return;
	m->name++;
	m->n_named = 0;
	look_up(m, name, len, &groups);
	for (unsigned i = 0; i < groups.n; i++)
		patterns_scan_group(m->catalog->patterns, m->scratch, groups.v[i], text, add_named, m);
	patterns_scan(m->catalog->patterns, m->scratch, PATTERN_HOST_ANY, text, add_named, m);
	for (uint32_t i = 0; i < m->n_named; i++) {
		uint32_t signal = m->named[i];

		if (m->all || !is_host_only(m, signal) ||
		    m->favourites[m->catalog->vendor_of[signal]].signal == signal)
			meet(m, signal, NEED_HOST, o);
	}
}

static bool
is_text(struct span s, const char *text)
{
	return s.len == strlen(text) && memcmp(s.p, text, s.len) == 0;
}

/* --- everything else ---------------------------------------------------------------- */

static void
on_pattern(void *context, uint32_t signal)
{
	struct matcher *m = context;

	meet(m, signal, m->looking_for, m->looking_at);
}

static void
match_text(struct matcher *m, const struct observation *o, enum pattern_class in, enum need need)
{
	m->looking_at = o;
	m->looking_for = need;
	patterns_scan(m->catalog->patterns, m->scratch, in, o->value, on_pattern, m);
}

/* To the catalogue a Referer is a header like others. */
static void
match_referer(struct matcher *m, const struct observation *o)
{
	uint8_t text[HEADER_TEXT] = "referer: ";
	size_t name = strlen((char *)text), n = o->value.len < HEADER_TEXT - name ? o->value.len : HEADER_TEXT - name;
	struct rd r = rd_closed(o->value.p, o->value.len);

	rd_copy(&r, text + name, n);
	m->looking_at = o;
	m->looking_for = NEED_HEADER;
	patterns_scan(m->catalog->patterns, m->scratch, PATTERN_HEADER, (struct span){ text, name + n }, on_pattern, m);
}

static void
match_bytes(struct matcher *m, const struct observation *o, enum need need)
{
	const struct magics *table = &m->catalog->magics[need - NEED_REQUEST_BODY];
	struct rd r = rd_closed(o->value.p, o->value.len);
	struct rd look = rd_fork(&r);
	uint8_t first = rd_u8(&look);

	for (uint32_t i = table->start[first]; rd_ok(&look) && i < table->start[first + 1]; i++) {
		struct rd at = rd_fork(&r);
		struct span head = rd_span(&at, table->v[i].bytes.len);

		if (rd_ok(&at) && memcmp(head.p, table->v[i].bytes.p, head.len) == 0)
			meet(m, table->v[i].signal, need, o);
	}
}

static void
match_word(struct matcher *m, const struct observation *o)
{
	const struct catalog *c = m->catalog;

	for (uint32_t i = 0; i < c->n_protocols; i++)
		if (is_text(o->value, c->signals[c->protocols[i]]->protocol))
			meet(m, c->protocols[i], NEED_PROTOCOL, o);
}

static void
match_ports(struct matcher *m, uint16_t port)
{
	unsigned n;
	const uint32_t *v = port_signals(m->catalog, port, &n);

	m->port = (struct observation){ .kind = OBS_SERVER_PORT, .side = FROM_SERVER, .num = port };
	for (unsigned i = 0; i < n; i++)
		meet(m, v[i], NEED_PORT, &m->port);
}

static void
match_observation(struct matcher *m, const struct observation *o)
{
	switch (o->kind) {
	case OBS_DNS_QNAME: case OBS_TLS_SNI: case OBS_TLS_CERT_NAME: case OBS_HTTP_HOST: case OBS_NAME_DNS:
	case OBS_NAME_DNS_OTHER: case OBS_NAME_CNAME: case OBS_DNS_CNAME: match_name(m, o); break;
	case OBS_APP_PROTOCOL: match_word(m, o); break;
	case OBS_DNS_TXT: match_text(m, o, PATTERN_TXT, NEED_TXT); break;
	case OBS_HTTP_PATH: match_text(m, o, PATTERN_PATH, NEED_PATH); break;
	case OBS_HTTP_QUERY: match_text(m, o, PATTERN_QUERY, NEED_QUERY); break;
	case OBS_HTTP_AGENT: match_text(m, o, PATTERN_AGENT, NEED_AGENT); break;
	case OBS_HTTP_REFERER: match_referer(m, o); break;
	case OBS_HTTP_HEADER: match_text(m, o, PATTERN_HEADER, NEED_HEADER); break;
	case OBS_HTTP_BODY: match_bytes(m, o, NEED_BODY); break;
	case OBS_HTTP_REQUEST_BODY: match_bytes(m, o, NEED_REQUEST_BODY); break;
	case OBS_PAYLOAD_CLIENT: match_bytes(m, o, NEED_PAYLOAD_CLIENT); break;
	case OBS_PAYLOAD_SERVER: match_bytes(m, o, NEED_PAYLOAD_SERVER); break;
	default: break;
	}
}

/* --- the answer ------------------------------------------------------------------------ */

/* Method and port say nothing alone: they are looked at once the rest is met. */
static bool
is_complete(const struct matcher *m, uint32_t signal, const struct observation *method, struct service at)
{
	const struct signal *s = m->catalog->signals[signal];
	unsigned met = m->met[signal].needs;

	if (!goes_over(s, at.proto))
		return false;
	if (s->port != 0 && s->port == at.port)
		met |= 1u << NEED_PORT;
	if (s->http_method != NULL && method != NULL && is_text(method->value, s->http_method))
		met |= 1u << NEED_METHOD;
	return met == m->catalog->needs[signal];
}

/* A total order, so that the answer depends on nothing but batch and catalogue. */
static bool
is_before(const struct hit *a, const struct hit *b)
{
	if (a->signal->strength != b->signal->strength)
		return a->signal->strength > b->signal->strength;
	if (a->specificity != b->specificity)
		return a->specificity > b->specificity;
	if (name_rank(a->kind) != name_rank(b->kind))
		return name_rank(a->kind) < name_rank(b->kind);
	return a->signal->index < b->signal->index;
}

static void
add_hit(struct hits *hits, const struct hit *hit)
{
	unsigned i = hits->n;

	if (i == HITS_MAX) {
		hits->dropped++;
		if (!is_before(hit, &hits->v[--i]))
			return;
	} else {
		hits->n++;
	}
	for (; i > 0 && is_before(hit, &hits->v[i - 1]); i--)
		hits->v[i] = hits->v[i - 1];
	hits->v[i] = *hit;
}

static void
report(const struct matcher *m, uint32_t signal, struct hits *hits)
{
	const struct met *s = &m->met[signal];
	struct hit hit = { .signal = m->catalog->signals[signal], .kind = s->by->kind, .side = s->by->side,
		.value = s->by->value, .num = s->by->num, .age_ms = s->by->age_ms };

	/* A port alone says least of all. */
	hit.specificity = s->best == NEED_PORT ? 0 : s->best * (uint32_t)SPECIFIC_NEED + host_specificity(hit.signal);
	add_hit(hits, &hit);
}

/* Only proof stands against the word that this is not the vendor's product. */
static void
report_vendor(const struct matcher *m, uint32_t signal, const uint32_t *nots, unsigned n_nots, struct hits *hits)
{
	const struct signal *s = m->catalog->signals[signal];

	if (s->means == MEANS_NOT && !m->all)
		return;
	for (unsigned i = 0; i < n_nots && !m->all; i++)
		if (nots[i] == m->catalog->vendor_of[signal] && s->strength < STRENGTH_PROOF)
			return;
	report(m, signal, hits);
}

static void
match(struct matcher *m, const struct observations *batch, struct service at, bool all, struct hits *hits)
{
	const struct observation *method = observations_find(batch, OBS_HTTP_METHOD);

	uint32_t nots[HITS_MAX], n = 0;
	unsigned n_nots = 0;

	m->batch++;
	m->n_touched = 0;
	m->all = all;
	m->at = at;
	hits->n = hits->dropped = 0;
	for (unsigned i = 0; i < batch->n; i++)
		match_observation(m, &batch->v[i]);
	match_ports(m, at.port);
	for (uint32_t i = 0; i < m->n_touched; i++) {
		uint32_t signal = m->touched[i];

		if (!is_complete(m, signal, method, at))
			continue;
		m->touched[n++] = signal;
		if (m->catalog->signals[signal]->means == MEANS_NOT && n_nots < HITS_MAX)
			nots[n_nots++] = m->catalog->vendor_of[signal];
	}
	for (uint32_t i = 0; i < n; i++)
		report_vendor(m, m->touched[i], nots, n_nots, hits);
}

void
matcher_match(struct matcher *m, const struct observations *batch, struct service at, struct hits *hits)
{
	match(m, batch, at, false, hits);
}

void
matcher_match_all(struct matcher *m, const struct observations *batch, struct service at, struct hits *hits)
{
	match(m, batch, at, true, hits);
}
