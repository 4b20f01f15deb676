/* SPDX-License-Identifier: Apache-2.0 */
/* explain_ask - what was typed becomes observations, as if a dissector had made them. */
#include "app/explain.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

enum { PORT_DNS = 53, PORT_HTTP = 80, PORT_TLS = 443 };

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

/* Digits up to end that are a port; 0: they are none. */
static uint16_t
port_of(const char *digits, const char *end)
{
	size_t n = strspn(digits, "0123456789");
	unsigned long v = n > 0 && n <= 5 && digits + n == end ? strtoul(digits, NULL, 10) : 0;

	return v <= UINT16_MAX ? (uint16_t)v : 0;
}

/* "name:443" and "192.0.2.1:443" are the name and the address.  The port, 0 when there is none. */
static uint16_t
take_port(char *text)
{
	char *colon = strrchr(text, ':');
	uint16_t port = colon != NULL && colon > text ? port_of(colon + 1, strchr(colon, '\0')) : 0;

	if (port == 0 || (strchr(text, ':') != colon && colon[-1] != ']'))
		return 0;
	*colon = '\0';
	return port;
}

/* Whether it can be one is the matcher's to say: here it is told from an address and from prose. */
static bool
is_name(const char *text)
{
	return strchr(text, '.') != NULL && strchr(text, ' ') == NULL &&
	    text[strspn(text, "0123456789.")] != '\0' && strchr(text, ':') == NULL;
}

/* "AcmeUpdater/9.1 (x)"; a name before the slash, or a scheme, make it a URL. */
static bool
is_agent(const char *what)
{
	const char *slash = strchr(what, '/'), *mark = strpbrk(what, ".:");

	if (slash == NULL || slash == what || strstr(what, "://") != NULL)
		return false;
	return strpbrk(what, " (") != NULL || mark == NULL || mark > slash;
}

/* --- parts of a request ------------------------------------------------------ */

static void
see(struct question *q, enum obs_kind kind, const char *text, size_t n)
{
	observe_copy(&q->obs, kind, FROM_CLIENT, (struct span){ (const uint8_t *)text, n });
}

static void
see_name(struct question *q, enum obs_kind kind, const char *text, size_t n)
{
	observe_lower(&q->obs, kind, FROM_CLIENT, (struct span){ (const uint8_t *)text, n });
}

/* "Name:value" as the HTTP dissector tells it. */
static void
see_header(struct question *q, const char *header)
{
	size_t name = strcspn(header, ":");
	const char *value = header + name + (header[name] == ':');
	struct observation *o;
	unsigned at = q->obs.scratch_used, n = q->obs.n;

	value += strspn(value, " \t");
	if (name == strlen("user-agent") && strncasecmp(header, "user-agent", name) == 0) {
		see(q, OBS_HTTP_AGENT, value, strlen(value));
		return;
	}
	see_name(q, OBS_HTTP_HEADER, header, name);
	if (q->obs.n == n)
		return;
	o = &q->obs.v[n];
	/* The rest goes behind the name in the batch's scratch, and becomes one value with it. */
	see(q, OBS_HTTP_HEADER, ": ", 2);
	see(q, OBS_HTTP_HEADER, value, strlen(value));
	q->obs.n = n + 1;
	o->value.len = q->obs.scratch_used - at;
}

static bool
has_request(const struct ask_with *w)
{
	return w->agent != NULL || w->headers.n > 0;
}

static void
see_request(struct question *q, const struct ask_with *w)
{
	if (w->agent != NULL)
		see(q, OBS_HTTP_AGENT, w->agent, strlen(w->agent));
	for (size_t i = 0; i < w->headers.n; i++)
		see_header(q, w->headers.v[i]);
}

/* --- questions ----------------------------------------------------------------- */

/* Where the server's name stands in a URL. */
struct authority {
	const char *host;
	size_t len;
	uint16_t port;		/* 0: none is given */
	bool bad;
};

static struct authority
authority_of(const char *url)
{
	const char *rest = strstr(url, "://");
	struct authority a = { .host = rest != NULL ? rest + 3 : url };
	const char *end = a.host + strcspn(a.host, "/?#"), *at, *colon, *bracket, *last;

	/* RFC 3986 section 3.2.1: user information ends at the last @ */
	at = memrchr(a.host, '@', (size_t)(end - a.host));
	if (at != NULL)
		a.host = at + 1;
	bracket = memchr(a.host, ']', (size_t)(end - a.host));
	last = bracket != NULL ? bracket : a.host;
	colon = memchr(last, ':', (size_t)(end - last));
	if (colon != NULL) {
		a.port = port_of(colon + 1, end);
		a.bad = a.port == 0 && colon + 1 < end;
		end = colon;
	}
	if (bracket != NULL && a.host[0] == '[') {
		a.host++;
		end = bracket;
	}
	a.len = (size_t)(end - a.host);
	a.bad |= a.len == 0;
	return a;
}

static void
see_path(struct question *q, const char *url)
{
	const char *rest = strstr(url, "://"), *host = rest != NULL ? rest + 3 : url;
	const char *path = host + strcspn(host, "/?#"), *query = path + strcspn(path, "?#");

	if (query > path)
		see(q, OBS_HTTP_PATH, path, (size_t)(query - path));
	else
		see(q, OBS_HTTP_PATH, "/", 1);
	if (*query == '?')
		see(q, OBS_HTTP_QUERY, query + 1, strcspn(query + 1, "#"));
}

static int
ask_url(struct question *q, const struct ask_with *w, struct explanation *x)
{
	struct authority a = authority_of(q->text);
	bool https = strncasecmp(q->text, "https://", 8) == 0;
	bool http = strstr(q->text, "://") == NULL || strncasecmp(q->text, "http://", 7) == 0;

	if (a.bad)
		return -1;
	x->kind = "url";
	x->at.port = a.port != 0 ? a.port : http ? PORT_HTTP : PORT_TLS;
	x->has_address = addr_parse(a.host, a.len, &x->address);
	if (!http) {
		see_name(q, OBS_TLS_SNI, a.host, a.len);
		if (https)
			explain_note(x, "encrypted: a run sees the name, not the path%s",
			    has_request(w) ? ", nor the user agent or a header" : "");
		return 0;
	}
	see(q, OBS_HTTP_METHOD, "GET", 3);
	see_name(q, OBS_HTTP_HOST, a.host, a.len);
	see_path(q, q->text);
	see_request(q, w);
	return 0;
}

/* Of a name alone a run would see the name in a hello; with a header it is a request, with TXT a question. */
static void
ask_name(struct question *q, const struct ask_with *w, struct explanation *x)
{
	bool request = has_request(w), txt = w->txt != NULL;

	x->kind = "host";
	x->at.port = request ? PORT_HTTP : txt ? PORT_DNS : PORT_TLS;
	see_name(q, request ? OBS_HTTP_HOST : txt ? OBS_DNS_QNAME : OBS_TLS_SNI, q->text, strlen(q->text));
	see_request(q, w);
}

/* The options alone. */
static void
ask_options(struct question *q, const struct ask_with *w, struct explanation *x)
{
	const char *text = w->txt != NULL ? w->txt : w->agent != NULL ? w->agent :
	    w->headers.n > 0 ? w->headers.v[0] : "";

	x->kind = w->txt != NULL ? "txt" : w->agent != NULL ? "agent" : w->headers.n > 0 ? "header" : "port";
	if (strcmp(x->kind, "port") == 0)
		snprintf(q->text, sizeof q->text, "port %u", w->at.port);
	else
		snprintf(q->text, sizeof q->text, "%s", text);
	x->at.port = w->txt != NULL ? PORT_DNS : has_request(w) ? PORT_HTTP : 0;
	see_request(q, w);
}

static int
ask_what(struct question *q, const char *what, const struct ask_with *w, struct explanation *x)
{
	struct ask_with agent = *w;
	uint16_t port;

	if (!tidy(what, q->text, sizeof q->text))
		return -1;
	if (is_agent(q->text)) {
		agent.agent = what;
		agent.txt = NULL;
		ask_options(q, &agent, x);
		return 0;
	}
	if (strstr(q->text, "://") != NULL || (q->text[0] != '/' && strchr(q->text, '/') != NULL))
		return ask_url(q, w, x);
	port = take_port(q->text);
	if (addr_parse(q->text, strlen(q->text), &x->address)) {
		x->kind = "address";
		x->has_address = true;
		see_request(q, w);
	} else if (is_name(q->text)) {
		ask_name(q, w, x);
	} else {
		return -1;
	}
	if (port != 0)
		x->at.port = port;
	return 0;
}

int
explain_ask(struct question *q, const char *what, const struct ask_with *w, struct explanation *x)
{
	int rc = 0;

	*x = (struct explanation){ .question = q->text };
	observations_reset(&q->obs);
	q->obs.dropped = 0;
	if (what != NULL)
		rc = ask_what(q, what, w, x);
	else
		ask_options(q, w, x);
	if (rc < 0)
		return -1;
	if (w->txt != NULL)
		observe_copy(&q->obs, OBS_DNS_TXT, FROM_SERVER, span_str(w->txt));
	if (w->at.port != 0)
		x->at.port = w->at.port;
	x->at.proto = w->at.proto;
	if (q->obs.dropped > 0)
		explain_note(x, "too long: what did not fit was not looked at");
	return 0;
}
