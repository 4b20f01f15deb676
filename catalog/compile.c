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

/* Names, and of each host pattern the suffix that says when it is worth running. */
static int
compile_hosts(struct catalog *c, struct err *err)
{
	c->hosts = hosts_new(c->n_signals);
	for (uint32_t i = 0; c->hosts != NULL && i < c->n_signals; i++) {
		const struct signal *s = c->signals[i];
		char suffix[CATALOG_REGEX_MAX + 1], *own;

		if (s->host != NULL)
			hosts_add(c->hosts, s->host, HOST_SUFFIX, i);
		else if (s->host_exact != NULL)
			hosts_add(c->hosts, s->host_exact, HOST_EXACT, i);
		if (s->host_pattern == NULL || !pattern_suffix(s->host_pattern, suffix, sizeof suffix))
			continue;
		if ((own = catalog_strdup(c, suffix)) == NULL)
			return err_set(err, "out of memory for host names");
		hosts_add(c->hosts, own, HOST_HINT, i);
	}
	return c->hosts != NULL ? 0 : err_set(err, "out of memory for host names");
}

static size_t
collect_patterns(const struct catalog *c, struct pattern *v)
{
	char suffix[CATALOG_REGEX_MAX + 1];
	size_t n = 0;

	for (uint32_t i = 0; i < c->n_signals; i++) {
		for (unsigned k = 0; k < MATCHER_KEYS_N; k++) {
			const struct matcher_key *key = &matcher_keys[k];
			const char *regex = key->type == MATCH_REGEX ? signal_text(c->signals[i], key) : NULL;

			if (regex == NULL)
				continue;
			v[n] = (struct pattern){ .regex = regex, .in = key->patterns, .signal = i };
			if (key->need == NEED_HOST && pattern_suffix(regex, suffix, sizeof suffix))
				v[n].in = PATTERN_HOST;
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

int
catalog_ready(const struct catalog *c, struct err *err)
{
	const struct pattern *blame;
	const struct signal *s;
	struct err why;
	size_t bad;

	if (patterns_ready(c->patterns, &bad, &why) == 0)
		return 0;
	if (bad >= c->n_patterns)
		return err_set(err, "patterns of the catalogue: %s", why.text);
	blame = &c->pattern_list[bad];
	s = c->signals[blame->signal];
	return refuse(err, s->file, s->line, 1, "signal \"%s\": \"%s\" cannot be used: %s; expected a regular "
	    "expression", s->id, blame->regex, why.text);
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

int
catalog_compile(struct catalog *c, struct err *err)
{
	if (list_signals(c, err) != 0)
		return -1;
	note_needs(c);
	for (unsigned k = 0; k < MATCHER_KEYS_N; k++)
		if (matcher_keys[k].type == MATCH_BYTES && compile_magics(c, &matcher_keys[k], err) != 0)
			return -1;
	return compile_hosts(c, err) != 0 ? -1 : compile_patterns(c, err);
}
