/* SPDX-License-Identifier: Apache-2.0 */
/* cmd_explain - what the catalogue says of a name, a URL or an address, and why. */
#include <ctype.h>
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "app/app.h"
#include "dissectors/observation.h"

struct explain {
	struct catalog *catalog;
	struct geo *geo;
	struct matcher *matcher;
	struct observations obs;
	struct hits hits;
	unsigned categories;		/* what a run would report */
};

/* What is pasted from a report: blanks around it, [.] for a dot, hxxp for http.  false: too long. */
static bool
tidy(const char *in, char *out, size_t room)
{
	size_t n = 0;

	in += strspn(in, " \t\r\n");
	if (strncasecmp(in, "hxxp", 4) == 0) {
		memcpy(out, "http", 4);
		n = 4;
		in += 4;
	}
	for (; *in != '\0' && n + 1 < room; n++) {
		bool dot = strncmp(in, "[.]", 3) == 0 || strncmp(in, "(.)", 3) == 0;

		out[n] = dot ? '.' : *in;
		in += dot ? 3 : 1;
	}
	while (n > 0 && strchr(" \t\r\n", out[n - 1]) != NULL)
		n--;
	out[n] = '\0';
	return *in == '\0';
}

/* "name:443" and "192.0.2.1:443" are the name and the address. */
static void
drop_port(char *text)
{
	char *colon = strrchr(text, ':');

	if (colon != NULL && colon[1] != '\0' && colon[1 + strspn(colon + 1, "0123456789")] == '\0' &&
	    (strchr(text, ':') == colon || colon[-1] == ']'))
		*colon = '\0';
}

static bool
is_name(const char *text)
{
	return strchr(text, '.') != NULL && text[strspn(text, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
	    "0123456789-_.")] == '\0' && text[strspn(text, "0123456789.")] != '\0';
}

/* Scheme, host, port, path and query of a URL, as observations of a request to it. */
static uint16_t
observe_url(struct observations *o, const char *url)
{
	const char *rest = strstr(url, "://"), *host = rest != NULL ? rest + 3 : url;
	size_t n = strcspn(host, "/?#");
	const char *path = host + n;
	size_t path_len = strcspn(path, "?#");
	bool https = strncmp(url, "https", 5) == 0;
	const char *colon = memchr(host, ':', n), *bracket = memchr(host, ']', n);
	uint16_t port = https ? 443 : 80;

	if (memchr(host, '@', n) != NULL) {	/* RFC 3986 section 3.2.1: user information */
		size_t user = (size_t)((const char *)memchr(host, '@', n) - host) + 1;

		host += user;
		n -= user;
		colon = memchr(host, ':', n);
	}
	if (bracket != NULL)
		colon = bracket + 1 < host + n && bracket[1] == ':' ? bracket + 1 : NULL;
	if (colon != NULL) {
		port = (uint16_t)strtoul(colon + 1, NULL, 10);
		n = (size_t)(colon - host);
	}
	if (n >= 2 && host[0] == '[') {
		host++;
		n -= 2;
	}
	if (https) {		/* what can be seen of it is the name */
		observe_lower(o, OBS_TLS_SNI, FROM_CLIENT, (struct span){ (const uint8_t *)host, n });
		return port;
	}
	observe(o, OBS_HTTP_METHOD, FROM_CLIENT, span_str("GET"));
	observe_lower(o, OBS_HTTP_HOST, FROM_CLIENT, (struct span){ (const uint8_t *)host, n });
	observe_copy(o, OBS_HTTP_PATH, FROM_CLIENT,
	    path_len > 0 ? (struct span){ (const uint8_t *)path, path_len } : span_str("/"));
	if (path[path_len] == '?')
		observe_copy(o, OBS_HTTP_QUERY, FROM_CLIENT,
		    (struct span){ (const uint8_t *)path + path_len + 1, strcspn(path + path_len + 1, "#") });
	return port;
}

static void
print_asks(const struct signal *s)
{
	const struct {
		const char *key, *value;
	} asks[] = {
		{ "host", s->host }, { "host_exact", s->host_exact }, { "host_pattern", s->host_pattern },
		{ "http_path", s->http_path }, { "http_query", s->http_query }, { "http_agent", s->http_agent },
		{ "http_header", s->http_header }, { "http_method", s->http_method }, { "dns_txt", s->dns_txt },
	};

	for (size_t i = 0; i < sizeof asks / sizeof *asks; i++)
		if (asks[i].value != NULL)
			printf("      asks for   %s: %s\n", asks[i].key, asks[i].value);
	if (s->port != 0)
		printf("      asks for   port: %u\n", s->port);
}

static void
print_hit(const struct hit *h)
{
	const struct signal *s = h->signal;

	printf("  %s/%s%s\n", s->vendor->id, s->id, s->enabled ? "" : "  (off)");
	printf("      says       %s, %s%s%s, category %s%s\n", purpose_name(s->purpose), strength_name(s->strength),
	    s->product != NULL ? ", product " : "", s->product != NULL ? s->product->name : "",
	    category_name(s->category), s->means == MEANS_ENGINE ? "; whose engine, not whose product" : "");
	print_asks(s);
	if (!s->enabled)
		printf("      off        %s\n", s->reason);
	if (s->note != NULL)
		printf("      note       %s\n", s->note);
	for (unsigned i = 0; i < s->n_sources; i++)
		printf("      source     %s%s%s (checked %s)\n", s->sources[i].title,
		    s->sources[i].url != NULL ? " " : "", s->sources[i].url != NULL ? s->sources[i].url : "",
		    s->sources[i].checked);
	printf("      written in %s:%u\n", s->file, s->line);
}

static void
print_attributions(const struct explain *x)
{
	struct evidence e[HITS_MAX];
	struct attribution a[HITS_MAX];
	unsigned n = 0, k;

	for (unsigned i = 0; i < x->hits.n; i++) {
		const struct hit *h = &x->hits.v[i];

		if (h->signal->enabled)
			e[n++] = (struct evidence){ .signal = h->signal, .kind = h->kind, .side = h->side,
				.value = h->value, .num = h->num };
	}
	k = attribute(e, n, a, HITS_MAX);
	for (unsigned i = 0; i < k; i++)
		printf("  => %s (%s)%s%s%s%s, %s, %s, confidence %u\n", a[i].vendor->name, a[i].vendor->seat,
		    a[i].product != NULL ? ", " : "", a[i].product != NULL ? a[i].product->name : "",
		    a[i].engine != NULL ? ", engine of " : "", a[i].engine != NULL ? a[i].engine->name : "",
		    purpose_name(a[i].purpose), a[i].present ? "present" : "contact", a[i].confidence);
	for (unsigned i = 0; i < k; i++)
		if ((x->categories >> a[i].category & 1) == 0)
			printf("     not reported by a run without --categories %s\n", category_name(a[i].category));
}

static void
print_address(const struct explain *x, const struct addr *a)
{
	const struct vendor *const *vendors;
	size_t n = catalog_vendors(x->catalog, &vendors);
	struct geo_answer g;

	geo_look(x->geo, a, &g);
	if (addr_is_private(a))
		printf("  a private or reserved address: nobody's on the Internet\n");
	else if (!g.looked_up)
		printf("  country and network unknown: no database ('make geodb' fetches free ones)\n");
	else
		printf("  country %s%s%s, AS%u %s\n", g.country[0] != '\0' ? g.country : "unknown",
		    g.registered[0] != '\0' && strcmp(g.registered, g.country) != 0 ? ", registered in " : "",
		    g.registered[0] != '\0' && strcmp(g.registered, g.country) != 0 ? g.registered : "", g.asn,
		    g.organization);
	for (unsigned i = 0; i < g.n_opinions; i++)
		printf("      %s says %s\n", g.opinions[i].db->type, g.opinions[i].cc[0] != '\0' ?
		    g.opinions[i].cc : "nothing");
	for (size_t i = 0; i < n; i++)
		if (vendor_has_address(vendors[i], a) || (g.asn != 0 && vendor_has_asn(vendors[i], g.asn)))
			printf("  a network of %s: supports what a name or a path says, proves nothing alone\n",
			    vendors[i]->name);
}

/* -1: it is nothing that could be explained. */
static int
explain_one(struct explain *x, const char *what)
{
	char text[2048];
	struct addr a;
	uint16_t port = 443;
	bool url;

	if (!tidy(what, text, sizeof text))
		text[0] = '\0';
	url = strstr(text, "://") != NULL || (strchr(text, '/') != NULL && strchr(text, '/') != text);
	if (!url)
		drop_port(text);
	printf("%s\n", text);
	observations_reset(&x->obs);
	if (url) {
		port = observe_url(&x->obs, text);
		if (port == 443 && observations_find(&x->obs, OBS_TLS_SNI) != NULL)
			printf("  encrypted: a run sees the name, not the path\n");
	} else if (addr_parse(text, strlen(text), &a)) {
		print_address(x, &a);
		return 0;
	} else if (is_name(text)) {
		observe_lower(&x->obs, OBS_TLS_SNI, FROM_CLIENT, span_str(text));
	} else {
		complain("'%s' is no host name, URL or address", what);
		return -1;
	}
	matcher_match_all(x->matcher, &x->obs, port, &x->hits);
	if (x->hits.n == 0)
		printf("  not in the catalogue\n");
	print_attributions(x);
	for (unsigned i = 0; i < x->hits.n; i++)
		print_hit(&x->hits.v[i]);
	for (unsigned i = 0; url && i < x->obs.n; i++)
		if ((x->obs.v[i].kind == OBS_HTTP_HOST || x->obs.v[i].kind == OBS_TLS_SNI) &&
		    addr_parse((const char *)x->obs.v[i].value.p, x->obs.v[i].value.len, &a))
			print_address(x, &a);
	return 0;
}

int
cmd_explain(int argc, char **argv)
{
	struct explain *x = calloc(1, sizeof *x);
	struct options o;
	const char *config;
	struct err err;
	int rc = EXIT_USAGE, parsed = -1;

	options_init(&o);
	if (x == NULL)
		err_set(&err, "out of memory");
	else
		parsed = app_parse(&o, argc, argv, &config, &err);
	if (parsed > 0) {
		rc = help_on("explain");
	} else if (parsed == 0 && optind == argc) {
		err_set(&err, "explain what? name a host, a URL or an address");
		parsed = -1;
	} else if (parsed == 0) {
		x->catalog = app_catalog(&o, &err);
		x->geo = x->catalog != NULL ? app_geo(&o, &err) : NULL;
		x->matcher = x->geo != NULL ? matcher_new(x->catalog, &err) : NULL;
		parsed = x->matcher != NULL ? 0 : -1;
		x->categories = o.categories;
		rc = parsed == 0 ? EXIT_DONE : EXIT_USAGE;
		for (int i = optind; parsed == 0 && i < argc; i++)
			if (explain_one(x, argv[i]) < 0)
				rc = EXIT_USAGE;
	}
	if (parsed < 0)
		complain("%s", err.text);
	if (x != NULL) {
		matcher_free(&x->matcher);
		geo_free(&x->geo);
		catalog_free(&x->catalog);
	}
	free(x);
	options_fini(&o);
	return rc;
}
