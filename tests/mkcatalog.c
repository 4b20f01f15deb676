/* SPDX-License-Identifier: Apache-2.0 */
/*
 * mkcatalog - writes a capture in which every enabled signal of a catalogue is met by real bytes, and look-alikes.
 *
 * usage: mkcatalog CATALOG CAPTURE TRUTH
 *
 * TRUTH has one line of JSON for each flow: its ends, what was said in it, and what its events have to be like.
 * tests/signals.py compares.  Nothing here asks the code under test whether a text meets a signal.
 */
#include "mkcatalog.h"

#include <ctype.h>
#include <stdlib.h>

#include "mkcatalog_regex.h"

enum { PORT_HTTP = 80, PORT_TLS = 443, PORT_UNKNOWN = 4321, VARIANTS_MAX = 5, RESOLVER_PORT = 53 };

/* --- flows and what is true of them -------------------------------------------------- */

void
maker_ends(struct maker *m, enum crowd crowd, uint8_t proto, uint16_t server_port, struct ends *e)
{
	unsigned n = m->flows++;

	snprintf(e->client, sizeof e->client, "10.%u.%u.%u", 1 + (unsigned)crowd, m->vendor / 200,
	    10 + m->vendor % 200);
	snprintf(e->server, sizeof e->server, "11.%u.%u.%u", n >> 16 & 255, n >> 8 & 255, n & 255);
	e->cport = (uint16_t)(20000 + n % 40000);
	e->sport = server_port;
	e->proto = proto;
}

static void
put_json(FILE *f, const char *key, struct span text)
{
	if (text.len == 0)
		return;
	fprintf(f, ",\"%s\":\"", key);
	for (size_t i = 0; i < text.len; i++) {
		uint8_t c = text.p[i];

		if (c < ' ' || c > '~' || c == '"' || c == '\\')
			fprintf(f, "\\u%04x", c);
		else
			fputc(c, f);
	}
	fputc('"', f);
}

void
maker_truth(struct maker *m, const struct ends *e, const char *how, const char *expect, const struct signal *s,
    struct span name, const struct example *x)
{
	fprintf(m->truth, "{\"client\":\"%s\",\"client_port\":%u,\"server\":\"%s\",\"server_port\":%u,"
	    "\"transport\":\"%s\",\"how\":\"%s\",\"expect\":\"%s\"", e->client, e->cport, e->server, e->sport,
	    e->proto == 6 ? "tcp" : "udp", how, expect);
	if (s != NULL)
		fprintf(m->truth, ",\"vendor\":\"%s\",\"signal\":\"%s\"", s->vendor->id, s->id);
	put_json(m->truth, "host", name);
	if (x != NULL) {
		put_json(m->truth, "http_path", span_str(x->path));
		put_json(m->truth, "http_query", span_str(x->query));
		put_json(m->truth, "http_agent", span_str(x->agent));
		put_json(m->truth, "http_header", span_str(x->header));
		put_json(m->truth, "dns_txt", span_str(x->txt));
	}
	fputs("}\n", m->truth);
}

void
maker_lookup(struct maker *m, enum crowd crowd, const char *expect, const struct signal *s, const char *name,
    const char *server)
{
	struct built wire = { .len = 0 };
	char answer[ADDR_STR_MAX];
	struct ends e;

	maker_ends(m, crowd, 17, RESOLVER_PORT, &e);
	snprintf(answer, sizeof answer, "%s", server != NULL ? server : e.server);
	snprintf(e.server, sizeof e.server, "10.0.0.53");
	dns_name(&wire, name);
	wire_dns(&m->wire, &e, &wire, 1, answer);
	maker_truth(m, &e, "dns", expect, s, span_str(name), NULL);
}

/* --- examples ------------------------------------------------------------------------ */

static void
upper(char *text)
{
	for (; *text != '\0'; text++)
		*text = (char)toupper((unsigned char)*text);
}

/* Names come as they are, below, in capitals, and with a final dot: DNS and people write them so. */
static bool
example_host(const struct signal *s, unsigned variant, char *out)
{
	static const char *const below[] = { "", "a1.", "b2.cd-e." };

	if (s->host_pattern != NULL) {
		if (!regex_example(s->host_pattern, variant, out, TEXT_MAX - 1))
			return false;
	} else if (s->host != NULL) {
		snprintf(out, TEXT_MAX, "%s%s", below[variant % 3], s->host);
	} else if (s->host_exact != NULL) {
		snprintf(out, TEXT_MAX, "%s", s->host_exact);
	}
	if (variant == 2)
		upper(out);
	if (variant == 2 && strlen(out) < 250)
		strcat(out, ".");
	return true;
}

static bool
example_of(const struct signal *s, unsigned variant, struct example *x)
{
	char path[TEXT_MAX - 1];

	memset(x, 0, sizeof *x);
	if (!example_host(s, variant, x->host))
		return false;
	if (s->http_path != NULL) {
		if (!regex_example(s->http_path, variant, path, sizeof path))
			return false;
		snprintf(x->path, sizeof x->path, "%s%s", path[0] == '/' ? "" : "/", path);
	}
	return (s->http_query == NULL || regex_example(s->http_query, variant, x->query, sizeof x->query)) &&
	    (s->http_agent == NULL || regex_example(s->http_agent, variant, x->agent, sizeof x->agent)) &&
	    (s->http_header == NULL || regex_example(s->http_header, variant, x->header, sizeof x->header)) &&
	    (s->dns_txt == NULL || regex_example(s->dns_txt, variant, x->txt, sizeof x->txt));
}

static bool
has_host(const struct signal *s)
{
	return s->host != NULL || s->host_exact != NULL || s->host_pattern != NULL;
}

static bool
is_http(const struct signal *s)
{
	return s->http_path != NULL || s->http_query != NULL || s->http_agent != NULL || s->http_header != NULL ||
	    s->http_method != NULL || s->body.len > 0 || s->request_body.len > 0;
}

static const char *
expectation(const struct signal *s)
{
	switch (s->means) {
	case MEANS_NOT: return EXPECT_DENIED;
	case MEANS_RESOLVER: case MEANS_OUTER: return EXPECT_HIDDEN;
	default: return EXPECT_EVIDENCE;
	}
}

/* Who is denied must not be known for more from elsewhere. */
static enum crowd
crowd_of(const struct signal *s)
{
	return s->means == MEANS_NOT ? CROWD_DENIED : CROWD_KNOWN;
}

/* --- signals ------------------------------------------------------------------------- */

static void
put_text(struct built *b, const char *before, const char *text, const char *after)
{
	put(b, before, strlen(before));
	put(b, text, strlen(text));
	put(b, after, strlen(after));
}

static void
http(struct maker *m, const struct signal *s, const struct example *x)
{
	struct built q = { .len = 0 };
	char length[48], host[TEXT_MAX + 8];
	struct ends e;

	maker_ends(m, crowd_of(s), 6, s->port != 0 ? s->port : PORT_HTTP, &e);
	snprintf(host, sizeof host, "%s", x->host);
	if (e.sport != PORT_HTTP)
		snprintf(host, sizeof host, "%s:%u", x->host, e.sport);
	put_text(&q, "", s->http_method != NULL ? s->http_method : s->request_body.len > 0 ? "POST" : "GET", " ");
	put_text(&q, "", x->path[0] != '\0' ? x->path : "/zz/7", x->query[0] != '\0' ? "?" : "");
	put_text(&q, x->query, " HTTP/1.1\r\nHost: ", host);
	put_text(&q, "\r\nUser-Agent: ", x->agent[0] != '\0' ? x->agent : "probe/1", "\r\n");
	if (x->header[0] != '\0')
		put_text(&q, "", x->header, "\r\n");
	if (s->request_body.len > 0) {
		snprintf(length, sizeof length, "%zu", s->request_body.len);
		put_text(&q, "Content-Length: ", length, "\r\n");
	}
	put_text(&q, "\r\n", "", "");
	put(&q, s->request_body.p != NULL ? (const char *)s->request_body.p : "", s->request_body.len);
	wire_http(&m->wire, &e, &q, s->body.p != NULL ? (const char *)s->body.p : "", s->body.len);
	maker_truth(m, &e, "http", expectation(s), s, span_str(x->host), x);
}

/* What says that this is not the vendor's product needs something that says it is. */
static void
any_host(const struct signal *s, char *out)
{
	snprintf(out, TEXT_MAX, "files%u.example.net", s->index);
	for (unsigned i = 0; s->means == MEANS_NOT && i < s->vendor->n_signals; i++) {
		const struct signal *o = &s->vendor->signals[i];
		const char *name = o->host != NULL ? o->host : o->host_exact;

		if (o->enabled && o->means == MEANS_PRODUCT && o->strength < STRENGTH_PROOF && name != NULL) {
			snprintf(out, TEXT_MAX, "%s", name);
			return;
		}
	}
}

static void
txt(struct maker *m, const struct signal *s, const struct example *x)
{
	struct built name = { .len = 0 };
	struct ends e;

	maker_ends(m, crowd_of(s), 17, RESOLVER_PORT, &e);
	dns_name(&name, x->host);
	wire_dns(&m->wire, &e, &name, 16, x->txt);
	maker_truth(m, &e, "dns-txt", expectation(s), s, span_str(x->host), x);
}

/* What both sides say first, in no protocol that is known. */
static void
unknown_talk(struct maker *m, const struct ends *e, const struct span say[2])
{
	struct talk t;

	if (e->proto == 17) {
		wire_datagram(&m->wire, e, false, say[0].p, say[0].len);
		wire_datagram(&m->wire, e, true, say[1].p, say[1].len);
		return;
	}
	talk_begin(&t, &m->wire, e);
	talk_say(&t, false, say[0].p, say[0].len);
	talk_say(&t, true, say[1].p, say[1].len);
	talk_end(&t);
}

static void
payload(struct maker *m, const struct signal *s, const struct example *x, enum crowd crowd, const char *expect)
{
	struct span say[2] = { s->payload_client, s->payload_server };
	struct ends e;

	for (unsigned i = 0; i < 2; i++)
		if (say[i].len == 0)
			say[i] = span_str("\x9b\xe1\x05\xc7\x82\x33\xfa\x6d\xbb\xd8\x11\x9e\xa4\xf3\xc0\x95");
	for (uint8_t proto = 6; proto <= 17; proto += 11) {
		if (s->transport != 0 && s->transport != proto)
			continue;
		maker_ends(m, crowd, proto, s->port != 0 ? s->port : PORT_UNKNOWN, &e);
		if (x->host[0] != '\0')
			maker_lookup(m, crowd, EXPECT_CONTEXT, s, x->host, e.server);
		unknown_talk(m, &e, say);
		maker_truth(m, &e, "payload", expect, s, span_str(x->host), NULL);
	}
}

static void
names(struct maker *m, const struct signal *s, const struct example *x, unsigned variant)
{
	const char *expect = expectation(s);
	struct span name = span_str(x->host);
	struct example h = { .path = "" };
	struct ends e;

	if (s->port == 0 && s->transport != 6)
		maker_lookup(m, crowd_of(s), expect, s, x->host, NULL);
	if (s->transport != 17) {
		maker_ends(m, crowd_of(s), 6, s->port != 0 ? s->port : PORT_TLS, &e);
		wire_tls(&m->wire, &e, x->host, name.len);
		maker_truth(m, &e, "tls", expect, s, name, NULL);
	}
	if (s->transport == 17 || (s->transport == 0 && s->index % 3 == variant)) {
		maker_ends(m, crowd_of(s), 17, s->port != 0 ? s->port : PORT_TLS, &e);
		wire_quic(&m->wire, &e, x->host, name.len);
		maker_truth(m, &e, "quic", expect, s, name, NULL);
	}
	if (s->transport != 17 && (s->index + 1) % 3 == variant) {
		snprintf(h.host, sizeof h.host, "%s", x->host);
		http(m, s, &h);
	}
}

static bool
is_port(const struct signal *s)
{
	return s->port != 0 && !has_host(s) && !is_http(s) && s->protocol == NULL && s->dns_txt == NULL &&
	    s->payload_client.len == 0 && s->payload_server.len == 0;
}

/* A flow that does not exist, so that its signal is missed. */
static void
unwritten(struct maker *m, const struct signal *s, const char *why)
{
	maker_truth(m, &(struct ends){ .proto = 6 }, why, expectation(s), s, span_str(""), NULL);
}

static void
exercise_one(struct maker *m, const struct signal *s, const struct example *x, unsigned variant)
{
	if (s->protocol != NULL) {
		if (!maker_protocol(m, crowd_of(s), expectation(s), s, x))
			unwritten(m, s, "unknown protocol");
	} else if (s->payload_client.len > 0 || s->payload_server.len > 0 || is_port(s)) {
		payload(m, s, x, crowd_of(s), expectation(s));
	} else if (s->dns_txt != NULL) {
		txt(m, s, x);
	} else if (is_http(s)) {
		http(m, s, x);
	} else {
		names(m, s, x, variant);
	}
}

static void
exercise(struct maker *m, const struct signal *s)
{
	bool varies = has_host(s) || is_http(s) || s->dns_txt != NULL;
	unsigned n = s->host_pattern != NULL || s->http_path != NULL || s->http_agent != NULL ? VARIANTS_MAX : 3;
	struct example x;

	for (unsigned v = 0; v < (varies ? n : 1); v++) {
		if (!example_of(s, v, &x)) {
			unwritten(m, s, "unknown expression");
			return;
		}
		if (!has_host(s) && (is_http(s) || s->dns_txt != NULL))
			any_host(s, x.host);
		exercise_one(m, s, &x, v);
	}
}

/* Ports last: by then the client is known, if it can be. */
static void
exercise_vendor(struct maker *m, const struct vendor *v)
{
	static const struct example nothing;

	for (unsigned i = 0; i < v->n_signals; i++)
		if (v->signals[i].enabled && !is_port(&v->signals[i]))
			exercise(m, &v->signals[i]);
	for (unsigned i = 0; i < v->n_signals; i++) {
		if (!v->signals[i].enabled || !is_port(&v->signals[i]))
			continue;
		exercise(m, &v->signals[i]);
		/* A port alone is believed of nobody who is not known for more. */
		payload(m, &v->signals[i], &nothing, CROWD_STRANGERS, EXPECT_UNCLAIMED);
	}
	for (unsigned i = 0; i < v->n_signals; i++)
		if (v->signals[i].enabled && (v->signals[i].host != NULL || v->signals[i].host_exact != NULL))
			maker_alike(m, &v->signals[i]);
	m->vendor++;
}

int
main(int argc, char **argv)
{
	const struct vendor *const *vendors;
	struct maker m = { .truth = NULL };
	struct catalog *c;
	struct err err;
	FILE *out;
	size_t n;

	if (argc != 4) {
		fprintf(stderr, "usage: mkcatalog CATALOG CAPTURE TRUTH\n");
		return 2;
	}
	c = catalog_load(argv[1], &err);
	out = fopen(argv[2], "wb");
	m.truth = fopen(argv[3], "w");
	if (c == NULL || out == NULL || m.truth == NULL) {
		fprintf(stderr, "mkcatalog: %s\n", c == NULL ? err.text : "a file cannot be written");
		return 2;
	}
	wire_open(&m.wire, out);
	n = catalog_vendors(c, &vendors);
	for (size_t i = 0; i < n; i++)
		exercise_vendor(&m, vendors[i]);
	maker_odd(&m);
	catalog_free(&c);
	return (fclose(out) | fclose(m.truth)) == 0 ? 0 : 1;
}
