/* SPDX-License-Identifier: Apache-2.0 */
/* explain_judge - what became of each signal that was met, what follows, and why a look-alike is none. */
#include "app/explain.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

void
explain_note(struct explanation *x, const char *fmt, ...)
{
	va_list ap;

	if (x->n_notes == EXPLAIN_NOTES_MAX)
		return;
	va_start(ap, fmt);
	vsnprintf(x->notes[x->n_notes++], sizeof x->notes[0], fmt, ap);
	va_end(ap);
}

/* --- what became of a hit ---------------------------------------------------------- */

/* Of these the matcher reports the most specific only. */
static bool
asks_host_alone(const struct signal *s)
{
	struct ask asks[ASK_MAX];
	unsigned n = signal_asks(s, asks), more = 0;

	for (unsigned i = 0; i < n; i++)
		more += strncmp(asks[i].key, "host", 4) != 0 && strcmp(asks[i].key, "transport") != 0;
	return n > 0 && more == 0 && strncmp(asks[0].key, "host", 4) == 0;
}

static bool
is_before(const struct hit *a, const struct hit *b)
{
	return a->specificity != b->specificity ? a->specificity > b->specificity :
	    a->signal->index < b->signal->index;
}

/* The signal of the same vendor that meets the same name more specifically; NULL: none. */
static const struct signal *
more_specific(const struct hits *all, const struct hit *h)
{
	const struct hit *best = h;

	for (unsigned i = 0; asks_host_alone(h->signal) && i < all->n; i++) {
		const struct hit *other = &all->v[i];

		if (other->signal->enabled && other->signal->vendor == h->signal->vendor &&
		    asks_host_alone(other->signal) && is_before(other, best))
			best = other;
	}
	return best != h ? best->signal : NULL;
}

/* The signal that says this is not the vendor's product; NULL: none. */
static const struct signal *
denial(const struct hits *all, const struct vendor *vendor)
{
	for (unsigned i = 0; i < all->n; i++) {
		const struct signal *s = all->v[i].signal;

		if (s->vendor == vendor && s->means == MEANS_NOT && s->enabled &&
		    more_specific(all, &all->v[i]) == NULL)
			return s;
	}
	return NULL;
}

static bool
is_reported(const struct hits *run, const struct signal *s)
{
	for (unsigned i = 0; i < run->n; i++)
		if (run->v[i].signal == s)
			return true;
	return false;
}

/* all: what is met; run: what the matcher reports to a run, which decides. */
static struct explained
fate_of(const struct hits *all, const struct hits *run, const struct hit *h)
{
	const struct signal *s = h->signal, *better = s->enabled ? more_specific(all, h) : NULL;
	const struct signal *no = denial(all, s->vendor);
	struct explained e = { .hit = *h, .fate = FATE_EVIDENCE };

	if (!s->enabled) {
		e.fate = FATE_OFF;
	} else if (s->means == MEANS_NOT && better == NULL) {
		e.fate = FATE_NOT;
	} else if (!is_reported(run, s)) {
		e.fate = better == NULL && no != NULL ? FATE_SUPPRESSED : FATE_LESS;
		e.by = better != NULL ? better : no;
	} else if (s->means == MEANS_RESOLVER || s->means == MEANS_OUTER) {
		e.fate = FATE_HIDES;
	} else if (signal_is_port(s)) {
		e.fate = FATE_PORT;
	}
	return e;
}

static void
conclude(struct explanation *x)
{
	struct evidence e[HITS_MAX + 1];
	unsigned n = 0;

	for (unsigned i = 0; i < x->n_hits; i++) {
		const struct hit *h = &x->hits[i].hit;

		if (x->hits[i].fate == FATE_EVIDENCE)
			e[n++] = (struct evidence){ .signal = h->signal, .kind = h->kind, .side = h->side,
				.value = h->value, .num = h->num };
	}
	if (x->has_address && x->geo.asn != 0)
		e[n++] = (struct evidence){ .kind = OBS_ADDR_ASN, .side = FROM_SERVER, .num = x->geo.asn };
	x->n_found = attribute(e, n, x->found, HITS_MAX);
}

/* --- names ------------------------------------------------------------------------------ */

/* The name as the matcher compares it: lower case, without a final dot; false when it meets nothing. */
static bool
read_name(const struct observations *o, char *out, size_t room)
{
	static const enum obs_kind kinds[] = { OBS_TLS_SNI, OBS_HTTP_HOST, OBS_DNS_QNAME };
	const struct observation *name = NULL;
	struct rd r;
	size_t n = 0;

	for (size_t i = 0; name == NULL && i < sizeof kinds / sizeof *kinds; i++)
		name = observations_find(o, kinds[i]);
	if (name == NULL || name->value.len >= room)
		return false;
	for (r = rd_closed(name->value.p, name->value.len); rd_more(&r); n++)
		out[n] = (char)rd_u8(&r);
	if (n > 0 && out[n - 1] == '.')
		n--;
	out[n] = '\0';
	return n > 0;
}

/* Is name the host, or below it? */
static bool
is_below(const char *name, const char *host)
{
	size_t n = strlen(name), h = strlen(host);

	return n >= h && strcmp(name + n - h, host) == 0 && (n == h || name[n - h - 1] == '.');
}

static void
find_more(struct explanation *x, const struct hits *all, const struct vendor *v, const char *name)
{
	for (unsigned i = 0; i < v->n_signals; i++) {
		const struct signal *s = &v->signals[i];
		bool met = (s->host != NULL && is_below(name, s->host)) ||
		    (s->host_exact != NULL && strcmp(name, s->host_exact) == 0);

		if (!met || is_reported(all, s))
			continue;
		if (x->n_more < EXPLAIN_MORE_MAX)
			x->more[x->n_more++] = s;
		else
			x->more_dropped++;
	}
}

/* The last place at which host stands in name. */
static const char *
find_last(const char *name, const char *host)
{
	const char *last = NULL;

	for (const char *p = strstr(name, host); p != NULL; p = strstr(p + 1, host))
		last = p;
	return last;
}

/* The longest name of the catalogue that stands in name; NULL: none. */
static const struct signal *
longest_inside(const struct vendor *const *vendors, size_t n, const char *name, const char **host)
{
	const struct signal *best = NULL;

	for (size_t v = 0; v < n; v++) {
		for (unsigned i = 0; i < vendors[v]->n_signals; i++) {
			const struct signal *s = &vendors[v]->signals[i];
			const char *h = s->host != NULL ? s->host : s->host_exact;

			if (h == NULL || strstr(name, h) == NULL || (best != NULL && strlen(h) <= strlen(*host)))
				continue;
			best = s;
			*host = h;
		}
	}
	return best;
}

/* Why a name that holds one of the catalogue's is nevertheless not one. */
static void
note_look_alike(struct explanation *x, const struct vendor *const *vendors, size_t n, const char *name)
{
	const char *host = NULL, *at, *after;
	const struct signal *s = longest_inside(vendors, n, name, &host);

	if (s == NULL)
		return;
	at = find_last(name, host);
	after = at + strlen(host);
	if (is_below(name, host))
		explain_note(x, "%s is below %s, which %s asks for exactly: names below it are not meant", name,
		    host, s->vendor->id);
	else if (*after == '\0')
		explain_note(x, "%s is not below %s: a dot would have to stand before it", name, host);
	else if (*after == '.' && (at == name || at[-1] == '.'))
		explain_note(x, "%s: ends in %s, so it is a name there, not one of %s", name, after + 1, host);
	else
		explain_note(x, "%s is not below %s: it holds that text inside of other labels", name, host);
}

static void
note_punycode(struct explanation *x, const char *name)
{
	for (const char *label = name; *label != '\0'; label += strcspn(label, "."), label += *label == '.')
		if (strncasecmp(label, "xn--", 4) == 0)
			explain_note(x, "%.*s is punycode (RFC 3492): people are shown other letters; it is "
			    "compared as it stands", (int)strcspn(label, "."), label);
}

/* Is it a name that the matcher reads at all?  Says so when it is not. */
static bool
is_readable(struct explanation *x, const char *name)
{
	bool high = false, odd = name[0] == '.' || strstr(name, "..") != NULL || strlen(name) > 255;

	for (const char *p = name; *p != '\0'; p++) {
		high |= (unsigned char)*p > 0x7e;
		odd |= *p <= ' ' || *p > '~';
	}
	if (high)
		explain_note(x, "a byte that is not ASCII: on the wire an international name is punycode (xn--)");
	if (odd)
		explain_note(x, "a name with an empty label, more than 255 bytes or anything but visible ASCII "
		    "meets nothing");
	return !odd;
}

static void
explain_name(const struct catalog *c, const struct question *q, const struct hits *all, struct explanation *x)
{
	const struct vendor *const *vendors;
	size_t n = catalog_vendors(c, &vendors);
	char name[sizeof q->text];

	if (!read_name(&q->obs, name, sizeof name))
		return;
	note_punycode(x, name);
	if (!is_readable(x, name))
		return;
	for (size_t i = 0; i < n; i++)
		find_more(x, all, vendors[i], name);
	if (all->n == 0 && x->n_more == 0)
		note_look_alike(x, vendors, n, name);
}

static void
find_owners(const struct catalog *c, struct explanation *x)
{
	const struct vendor *const *vendors;
	size_t n = catalog_vendors(c, &vendors);

	for (size_t i = 0; i < n && x->n_owners < EXPLAIN_OWNERS_MAX; i++)
		if (vendor_has_address(vendors[i], &x->address) ||
		    (x->geo.asn != 0 && vendor_has_asn(vendors[i], x->geo.asn)))
			x->owners[x->n_owners++] = vendors[i];
}

void
explain_judge(const struct catalog *c, struct matcher *m, const struct question *q, struct explanation *x)
{
	struct hits all, run;

	matcher_match_all(m, &q->obs, x->at, &all);
	matcher_match(m, &q->obs, x->at, &run);
	x->n_hits = all.n;
	x->dropped = all.dropped;
	for (unsigned i = 0; i < all.n; i++)
		x->hits[i] = fate_of(&all, &run, &all.v[i]);
	conclude(x);
	explain_name(c, q, &all, x);
	if (x->has_address)
		find_owners(c, x);
}
