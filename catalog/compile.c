/* SPDX-License-Identifier: Apache-2.0 */
/* compile - lists and tables of a catalogue that the matcher looks into. */
#include <stdlib.h>
#include <string.h>

#include "catalog/load.h"

static int
list_signals(struct catalog *c, struct err *err)
{
	size_t n = c->n_signals;

	c->signals = catalog_alloc(c, n, sizeof *c->signals);
	c->needs = catalog_alloc(c, n, sizeof *c->needs);
	c->vendor_of = catalog_alloc(c, n, sizeof *c->vendor_of);
	if (c->signals == NULL || c->needs == NULL || c->vendor_of == NULL)
		return err_set(err, "out of memory for %zu signals", n);
	for (size_t v = 0; v < c->n_vendors; v++) {
		for (unsigned i = 0; i < c->vendors[v]->n_signals; i++) {
			const struct signal *s = &c->vendors[v]->signals[i];

			c->signals[s->index] = s;
			c->vendor_of[s->index] = (uint32_t)v;
		}
	}
	return 0;
}

static bool
is_asked(const struct signal *s, const struct matcher_key *key)
{
	return key->type == MATCH_BYTES ? signal_bytes(s, key).len > 0 : signal_text(s, key) != NULL;
}

static void
note_needs(struct catalog *c)
{
	for (size_t i = 0; i < c->n_signals; i++) {
		unsigned needs = c->signals[i]->port != 0 ? 1u << NEED_PORT : 0;

		for (unsigned k = 0; k < MATCHER_KEYS_N; k++)
			if (is_asked(c->signals[i], &matcher_keys[k]))
				needs |= 1u << matcher_keys[k].need;
		c->needs[i] = (uint16_t)needs;
	}
}

/* Host patterns that end in the same first name make a group; the number of this one's. */
static uint32_t
group_of(char (*first)[PATTERN_SUFFIX_MAX], uint32_t *n_groups, const char *end)
{
	for (uint32_t i = 0; i < *n_groups; i++)
		if (strcmp(first[i], end) == 0)
			return i;
	memcpy(first[*n_groups], end, PATTERN_SUFFIX_MAX);
	return (*n_groups)++;
}

static int
hint(struct catalog *c, uint32_t i, char (*ends)[PATTERN_SUFFIX_MAX], unsigned n)
{
	for (unsigned k = 0; k < n; k++) {
		char *own = catalog_strdup(c, ends[k]);

		if (own == NULL)
			return -1;
		hosts_add(c->hosts, own, HOST_HINT, i);
	}
	return 0;
}

/* Names, and of each host pattern the suffixes that say when it is worth running. */
static int
compile_hosts(struct catalog *c, struct err *err)
{
	char (*first)[PATTERN_SUFFIX_MAX] = calloc(c->n_signals + 1, sizeof *first);
	uint32_t n_groups = 0;
	int rc = 0;

	c->hosts = hosts_new(c->n_signals * PATTERN_SUFFIXES_MAX);
	c->group_of = catalog_alloc(c, c->n_signals, sizeof *c->group_of);
	if (first == NULL || c->hosts == NULL || c->group_of == NULL)
		rc = -1;
	for (uint32_t i = 0; rc == 0 && i < c->n_signals; i++) {
		const struct signal *s = c->signals[i];
		char ends[PATTERN_SUFFIXES_MAX][PATTERN_SUFFIX_MAX];
		unsigned n;

		if (s->host != NULL)
			hosts_add(c->hosts, s->host, HOST_SUFFIX, i);
		else if (s->host_exact != NULL)
			hosts_add(c->hosts, s->host_exact, HOST_EXACT, i);
		if (s->host_pattern == NULL)
			continue;
		n = pattern_suffixes(s->host_pattern, ends, PATTERN_SUFFIXES_MAX);
		if (n > 0)
			c->group_of[i] = group_of(first, &n_groups, ends[0]);
		rc = hint(c, i, ends, n);
	}
	free(first);
	return rc == 0 ? 0 : err_set(err, "out of memory for host names");
}

static size_t
collect_patterns(const struct catalog *c, struct pattern *v)
{
	char ends[PATTERN_SUFFIXES_MAX][PATTERN_SUFFIX_MAX];
	size_t n = 0;

	for (uint32_t i = 0; i < c->n_signals; i++) {
		for (unsigned k = 0; k < MATCHER_KEYS_N; k++) {
			const struct matcher_key *key = &matcher_keys[k];
			const char *regex = key->type == MATCH_REGEX ? signal_text(c->signals[i], key) : NULL;

			if (regex == NULL)
				continue;
			v[n] = (struct pattern){ .regex = regex, .in = key->patterns, .signal = i };
			if (key->need == NEED_HOST && pattern_suffixes(regex, ends, PATTERN_SUFFIXES_MAX) > 0) {
				v[n].in = PATTERN_HOST;
				v[n].group = c->group_of[i];
			}
			n++;
		}
	}
	return n;
}

static int
compile_patterns(struct catalog *c, struct err *err)
{
	struct err why;

	c->pattern_list = catalog_alloc(c, c->n_signals * MATCHER_KEYS_N + 1, sizeof *c->pattern_list);
	if (c->pattern_list == NULL)
		return err_set(err, "out of memory for patterns");
	c->n_patterns = collect_patterns(c, c->pattern_list);
	c->patterns = patterns_new(c->pattern_list, c->n_patterns, &why);
	return c->patterns != NULL ? 0 : err_set(err, "patterns of the catalogue: %s", why.text);
}

static int
blame_pattern(const struct catalog *c, size_t bad, const struct err *why, struct err *err)
{
	const struct pattern *blame;
	const struct signal *s;

	if (bad >= c->n_patterns)
		return err_set(err, "patterns of the catalogue: %s", why->text);
	blame = &c->pattern_list[bad];
	s = c->signals[blame->signal];
	return refuse(err, s->file, s->line, 1, "signal \"%s\": \"%s\" cannot be used: %s; expected a regular "
	    "expression", s->id, blame->regex, why->text);
}

int
catalog_ready(const struct catalog *c, struct err *err)
{
	struct err why;
	size_t bad;

	return patterns_ready(c->patterns, &bad, &why) == 0 ? 0 : blame_pattern(c, bad, &why, err);
}

int
catalog_faults(const struct catalog *c, struct err *err)
{
	struct err why;
	size_t bad;

	return patterns_faults(c->patterns, &bad, &why) == 0 ? 0 : blame_pattern(c, bad, &why, err);
}

static int
compile_magics(struct catalog *c, const struct matcher_key *key, struct err *err)
{
	struct magics *m = &c->magics[key->need - NEED_REQUEST_BODY];
	size_t n = 0;

	for (size_t i = 0; i < c->n_signals; i++)
		n += is_asked(c->signals[i], key);
	if ((m->v = catalog_alloc(c, n, sizeof *m->v)) == NULL)
		return err_set(err, "out of memory for body magic");
	n = 0;
	for (unsigned first = 0; first < 256; first++) {
		m->start[first] = (uint32_t)n;
		for (uint32_t i = 0; i < c->n_signals; i++)
			if (is_asked(c->signals[i], key) && signal_bytes(c->signals[i], key).p[0] == first)
				m->v[n++] = (struct magic){ signal_bytes(c->signals[i], key), i };
	}
	m->start[256] = (uint32_t)n;
	return 0;
}

static int
by_port(const void *a, const void *b, void *arg)
{
	const struct catalog *c = arg;
	uint32_t x = *(const uint32_t *)a, y = *(const uint32_t *)b;
	int px = c->signals[x]->port, py = c->signals[y]->port;

	return px != py ? px - py : (x > y) - (x < y);
}

static int
compile_ports(struct catalog *c, struct err *err)
{
	c->port_list = catalog_alloc(c, c->n_signals, sizeof *c->port_list);
	c->protocols = catalog_alloc(c, c->n_signals, sizeof *c->protocols);
	if (c->port_list == NULL || c->protocols == NULL)
		return err_set(err, "out of memory for ports");
	for (uint32_t i = 0; i < c->n_signals; i++) {
		uint16_t port = c->signals[i]->port;

		if (c->signals[i]->means == MEANS_RESOLVER && c->resolver == NULL)
			c->resolver = c->signals[i]->vendor;
		if (c->signals[i]->protocol != NULL)
			c->protocols[c->n_protocols++] = i;
		if (!signal_is_port(c->signals[i]))
			continue;
		c->port_list[c->n_ports++] = i;
		c->ports[port / 64] |= 1ull << port % 64;
	}
	qsort_r(c->port_list, c->n_ports, sizeof *c->port_list, by_port, c);
	return 0;
}

const uint32_t *
port_signals(const struct catalog *c, uint16_t port, unsigned *n)
{
	size_t first = 0;

	*n = 0;
	if ((c->ports[port / 64] >> port % 64 & 1) == 0)
		return NULL;
	while (c->signals[c->port_list[first]]->port != port)
		first++;
	while (first + *n < c->n_ports && c->signals[c->port_list[first + *n]]->port == port)
		(*n)++;
	return c->port_list + first;
}

bool
signal_is_port(const struct signal *s)
{
	if (s->port == 0)
		return false;
	for (unsigned k = 0; k < MATCHER_KEYS_N; k++)
		if (is_asked(s, &matcher_keys[k]))
			return false;
	return true;
}

int
catalog_compile(struct catalog *c, struct err *err)
{
	if (list_signals(c, err) != 0)
		return -1;
	note_needs(c);
	for (unsigned k = 0; k < MATCHER_KEYS_N; k++)
		if (matcher_keys[k].type == MATCH_BYTES && compile_magics(c, &matcher_keys[k], err) != 0)
			return -1;
	if (compile_ports(c, err) != 0)
		return -1;
	return compile_hosts(c, err) != 0 ? -1 : compile_patterns(c, err);
}
