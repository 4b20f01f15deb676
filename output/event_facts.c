/* SPDX-License-Identifier: Apache-2.0 */
/* event_facts - what was seen, as ECS 9.4 names it: dns, tls, http, url, user_agent, related. */
#include <stdio.h>
#include <string.h>

#include "output/event_part.h"
#include "output/registry.h"

static const struct observation *
seen(const struct draft *d, enum obs_kind kind)
{
	return d->last[kind];
}

static void
put_fact(struct draft *d, json_t *object, const char *key, enum obs_kind kind, size_t max)
{
	const struct observation *o = seen(d, kind);

	if (o != NULL)
		js_put_text(&d->js, object, key, o->value, max);
}

json_t *
event_text(const struct draft *d, enum secret how, struct span text, size_t max)
{
	uint8_t hidden[SECRET_TEXT_MAX];
	size_t n = secret_hide(d->secrets, how, text, hidden);

	return js_string((struct span){ hidden, n }, max);
}

/* A fact that may hold what identifies somebody. */
static void
put_secret(struct draft *d, json_t *object, const char *key, enum obs_kind kind, enum secret how, size_t max)
{
	const struct observation *o = seen(d, kind);

	if (o != NULL)
		js_put(&d->js, object, key, event_text(d, how, o->value, max));
}

static void
put_number(struct draft *d, json_t *object, const char *key, enum obs_kind kind)
{
	const struct observation *o = seen(d, kind);

	if (o != NULL)
		js_put_num(&d->js, object, key, o->num);
}

static void
put_flag(struct draft *d, json_t *object, const char *key, enum obs_kind kind)
{
	if (seen(d, kind) != NULL)
		js_put_bool(&d->js, object, key, true);
}

static bool
any_of(const struct draft *d, enum obs_kind first, enum obs_kind last)
{
	for (unsigned k = first; k <= (unsigned)last; k++)
		if (d->last[k] != NULL)
			return true;
	return false;
}

static void
add_once(struct js *js, json_t *list, json_t *value)
{
	size_t i;
	json_t *old;

	json_array_foreach(list, i, old) {
		if (json_equal(old, value)) {
			json_decref(value);
			return;
		}
	}
	js_add(js, list, value);
}

/* The distinct values of a kind that comes more than once. */
static void
put_list(struct draft *d, json_t *object, const char *key, enum obs_kind kind)
{
	const struct event *e = d->event;
	json_t *list = seen(d, kind) != NULL ? js_array(&d->js, object, key) : NULL;

	for (unsigned i = 0; list != NULL && i < e->n_facts && json_array_size(list) < EVENT_LIST_MAX; i++)
		if (e->facts[i].kind == kind)
			add_once(&d->js, list, js_string(e->facts[i].value, EVENT_ITEM_MAX));
}

/* --- dns ------------------------------------------------------------------------ */

/* Text of an address that a dissector observed; false when it is none. */
static bool
address_text(struct span value, char out[static ADDR_STR_MAX])
{
	struct rd r = rd_closed(value.p, value.len);
	struct addr a;

	for (unsigned i = 0; i < sizeof a.b; i++)
		a.b[i] = rd_u8(&r);
	rd_finish(&r);
	return rd_ok(&r) && addr_str(&a, out)[0] != '\0';
}

static void
put_answer(struct draft *d, json_t *dns, const struct observation *o)
{
	const struct observation *asked = seen(d, OBS_DNS_QTYPE);
	const char *service = asked != NULL && asked->num == 64 ? "SVCB" : "HTTPS";
	const char *type = o->kind == OBS_DNS_CNAME ? "CNAME" : o->kind == OBS_DNS_TXT ? "TXT" : service;
	json_t *answers = js_array(&d->js, dns, "answers"), *a;
	char text[ADDR_STR_MAX];

	if (json_array_size(answers) == EVENT_LIST_MAX)
		return;
	if (o->kind == OBS_DNS_ADDRESS && !address_text(o->value, text))
		return;
	a = json_object();
	js_add(&d->js, answers, a);
	if (d->js.failed)
		return;
	if (o->kind != OBS_DNS_ADDRESS) {
		js_put_str(&d->js, a, "type", type);
		js_put_text(&d->js, a, "data", o->value, EVENT_ITEM_MAX);
		return;
	}
	js_put_str(&d->js, a, "type", strchr(text, ':') == NULL ? "A" : "AAAA");
	js_put_str(&d->js, a, "data", text);
	js_put_num(&d->js, a, "ttl", o->num);
}

static void
put_resolved(struct draft *d, json_t *dns, const struct observation *o)
{
	json_t *list = js_array(&d->js, dns, "resolved_ip");
	char text[ADDR_STR_MAX];

	if (json_array_size(list) < EVENT_LIST_MAX && address_text(o->value, text))
		js_add(&d->js, list, json_string_nocheck(text));
}

static void
put_dns(struct draft *d)
{
	const struct event *e = d->event;
	const struct observation *type = seen(d, OBS_DNS_QTYPE), *rcode = seen(d, OBS_DNS_RCODE);
	json_t *dns, *question;
	char text[REGISTRY_MAX];

	if (!any_of(d, OBS_DNS_QNAME, OBS_DNS_SVCB))
		return;
	dns = js_object(&d->js, d->root, "dns");
	js_put_str(&d->js, dns, "type", rcode != NULL ? "answer" : "query");
	if (seen(d, OBS_DNS_QNAME) != NULL || type != NULL) {
		question = js_object(&d->js, dns, "question");
		put_fact(d, question, "name", OBS_DNS_QNAME, EVENT_HOST_MAX);
		if (type != NULL)
			js_put_str(&d->js, question, "type", registry_dns_type(type->num, text));
	}
	if (rcode != NULL)
		js_put_str(&d->js, dns, "response_code", registry_dns_rcode(rcode->num, text));
	for (unsigned i = 0; i < e->n_facts; i++) {
		const struct observation *o = &e->facts[i];

		if (o->kind == OBS_DNS_ADDRESS)
			put_resolved(d, dns, o);
		if (o->kind >= OBS_DNS_CNAME && o->kind <= OBS_DNS_SVCB)
			put_answer(d, dns, o);
	}
}

/* --- tls ------------------------------------------------------------------------ */

static void
put_date(struct draft *d, json_t *object, const char *key, enum obs_kind kind)
{
	const struct observation *o = seen(d, kind);
	char text[JS_TIME_MAX];

	/* A certificate may claim a date that RFC 3339 cannot write. */
	if (o != NULL && js_seconds_text((int64_t)o->num, text)[0] != '\0')
		js_put_str(&d->js, object, key, text);
}

static void
put_certificate(struct draft *d, json_t *tls)
{
	json_t *server, *x509;

	if (!any_of(d, OBS_TLS_CERT_NAME, OBS_TLS_CERT_NOT_AFTER) && seen(d, OBS_TLS_JA3S) == NULL)
		return;
	server = js_object(&d->js, tls, "server");
	put_fact(d, server, "ja3s", OBS_TLS_JA3S, EVENT_LABEL_MAX);
	put_fact(d, server, "subject", OBS_TLS_CERT_SUBJECT, EVENT_VALUE_MAX);
	put_fact(d, server, "issuer", OBS_TLS_CERT_ISSUER, EVENT_VALUE_MAX);
	put_date(d, server, "not_before", OBS_TLS_CERT_NOT_BEFORE);
	put_date(d, server, "not_after", OBS_TLS_CERT_NOT_AFTER);
	if (seen(d, OBS_TLS_CERT_SHA256) != NULL)
		put_fact(d, js_object(&d->js, server, "hash"), "sha256", OBS_TLS_CERT_SHA256, EVENT_ITEM_MAX);
	if (seen(d, OBS_TLS_CERT_SERIAL) == NULL && seen(d, OBS_TLS_CERT_NAME) == NULL)
		return;
	x509 = js_object(&d->js, server, "x509");
	put_fact(d, x509, "serial_number", OBS_TLS_CERT_SERIAL, EVENT_ITEM_MAX);
	put_list(d, x509, "alternative_names", OBS_TLS_CERT_NAME);
}

static void
put_negotiated(struct draft *d, json_t *tls)
{
	const struct observation *version = seen(d, OBS_TLS_VERSION), *cipher = seen(d, OBS_TLS_CIPHER);
	char text[REGISTRY_MAX];

	if (version != NULL) {
		struct registry_version v = registry_tls_version(version->num, text);

		js_put_str(&d->js, tls, "version", v.number);
		js_put_str(&d->js, tls, "version_protocol", v.protocol);
	}
	if (cipher != NULL)
		js_put_str(&d->js, tls, "cipher", registry_tls_suite(cipher->num, text));
	put_fact(d, tls, "next_protocol", OBS_TLS_ALPN_CHOSEN, EVENT_ITEM_MAX);
	put_flag(d, tls, "established", OBS_TLS_ESTABLISHED);
	put_flag(d, tls, "resumed", OBS_TLS_RESUMED);
}

/* The offered protocols stand in one text, separated by commas. */
static void
put_offered(struct draft *d, json_t *own)
{
	const struct observation *o = seen(d, OBS_TLS_ALPN);
	json_t *list = o != NULL ? js_array(&d->js, own, "alpn_offered") : NULL;
	struct rd r = o != NULL ? rd_closed(o->value.p, o->value.len) : rd_closed(NULL, 0);

	while (list != NULL && rd_more(&r) && json_array_size(list) < EVENT_LIST_MAX) {
		struct rd ahead = rd_fork(&r);
		size_t n = 0;

		while (rd_more(&ahead) && rd_u8(&ahead) != ',')
			n++;
		js_add(&d->js, list, js_string(rd_span(&r, n), EVENT_LABEL_MAX));
		if (rd_more(&r))
			rd_skip(&r, 1);
	}
}

static void
put_own_tls(struct draft *d)
{
	json_t *own;

	if (seen(d, OBS_TLS_JA4) == NULL && seen(d, OBS_TLS_ALPN) == NULL && seen(d, OBS_TLS_ECH) == NULL &&
	    seen(d, OBS_TLS_ALERT) == NULL)
		return;
	own = js_object(&d->js, d->own, "tls");
	put_fact(d, own, "ja4", OBS_TLS_JA4, EVENT_LABEL_MAX);
	put_offered(d, own);
	put_flag(d, own, "ech", OBS_TLS_ECH);
	put_number(d, own, "alert", OBS_TLS_ALERT);
}

static void
put_tls(struct draft *d)
{
	json_t *tls, *client;

	if (!any_of(d, OBS_TLS_SNI, OBS_TLS_ESTABLISHED))
		return;
	tls = js_object(&d->js, d->root, "tls");
	if (seen(d, OBS_TLS_SNI) != NULL || seen(d, OBS_TLS_JA3) != NULL) {
		client = js_object(&d->js, tls, "client");
		put_fact(d, client, "server_name", OBS_TLS_SNI, EVENT_HOST_MAX);
		put_fact(d, client, "ja3", OBS_TLS_JA3, EVENT_LABEL_MAX);
	}
	put_certificate(d, tls);
	put_negotiated(d, tls);
	put_own_tls(d);
}

/* RFC 9000 section 15; hexadecimal, for versions of drafts are no numbers to anybody. */
static void
put_quic(struct draft *d)
{
	char text[16];

	snprintf(text, sizeof text, "0x%08x", (unsigned)seen(d, OBS_QUIC_VERSION)->num);
	js_put_str(&d->js, js_object(&d->js, d->own, "quic"), "version", text);
}

/* --- http ----------------------------------------------------------------------- */

static void
put_body(struct draft *d, json_t *object, enum obs_kind length)
{
	if (seen(d, length) != NULL)
		put_number(d, js_object(&d->js, object, "body"), "bytes", length);
}

static void
put_exchange(struct draft *d)
{
	json_t *http = js_object(&d->js, d->root, "http"), *side;

	put_fact(d, http, "version", OBS_HTTP_VERSION, EVENT_LABEL_MAX);
	if (seen(d, OBS_HTTP_METHOD) != NULL || seen(d, OBS_HTTP_REFERER) != NULL ||
	    seen(d, OBS_HTTP_REQUEST_LENGTH) != NULL) {
		side = js_object(&d->js, http, "request");
		put_fact(d, side, "method", OBS_HTTP_METHOD, EVENT_LABEL_MAX);
		put_secret(d, side, "referrer", OBS_HTTP_REFERER, SECRET_URL, EVENT_VALUE_MAX);
		put_body(d, side, OBS_HTTP_REQUEST_LENGTH);
	}
	if (!any_of(d, OBS_HTTP_STATUS, OBS_HTTP_LENGTH))
		return;
	side = js_object(&d->js, http, "response");
	put_number(d, side, "status_code", OBS_HTTP_STATUS);
	put_fact(d, side, "mime_type", OBS_HTTP_TYPE, EVENT_ITEM_MAX);
	put_body(d, side, OBS_HTTP_LENGTH);
}

static void
put_url(struct draft *d)
{
	const struct observation *method = seen(d, OBS_HTTP_METHOD), *port = seen(d, OBS_HTTP_PORT);
	bool connect = method != NULL && method->value.len == 7 && memcmp(method->value.p, "CONNECT", 7) == 0;
	json_t *url = js_object(&d->js, d->root, "url");

	/* What goes through a tunnel is not known to be a URL of this scheme. */
	if (!connect)
		js_put_str(&d->js, url, "scheme", "http");
	put_fact(d, url, "domain", OBS_HTTP_HOST, EVENT_HOST_MAX);
	if (port != NULL && port->num <= UINT16_MAX)
		put_number(d, url, "port", OBS_HTTP_PORT);
	put_secret(d, url, "path", OBS_HTTP_PATH, SECRET_TOKENS, EVENT_VALUE_MAX);
	put_secret(d, url, "query", OBS_HTTP_QUERY, SECRET_QUERY, EVENT_VALUE_MAX);
}

static void
put_http(struct draft *d)
{
	json_t *own;

	if (!any_of(d, OBS_HTTP_METHOD, OBS_HTTP_REQUEST_BODY))
		return;
	put_exchange(d);
	if (any_of(d, OBS_HTTP_HOST, OBS_HTTP_QUERY))
		put_url(d);
	if (seen(d, OBS_HTTP_AGENT) != NULL)
		put_secret(d, js_object(&d->js, d->root, "user_agent"), "original", OBS_HTTP_AGENT, SECRET_TOKENS,
		    EVENT_VALUE_MAX);
	if (seen(d, OBS_HTTP_PROXY) == NULL && seen(d, OBS_HTTP_SERVER) == NULL &&
	    seen(d, OBS_HTTP_LOCATION) == NULL)
		return;
	own = js_object(&d->js, d->own, "http");
	put_flag(d, own, "proxy", OBS_HTTP_PROXY);
	put_fact(d, own, "server", OBS_HTTP_SERVER, EVENT_ITEM_MAX);
	put_secret(d, own, "location", OBS_HTTP_LOCATION, SECRET_URL, EVENT_VALUE_MAX);
}

/* --- protocols of products, and the files they fetch --------------------------- */

static void
put_app(struct draft *d)
{
	const struct event *e = d->event;
	json_t *app, *fields;

	if (seen(d, OBS_APP_PROTOCOL) == NULL)
		return;
	app = js_object(&d->js, d->own, "app");
	put_fact(d, app, "protocol", OBS_APP_PROTOCOL, EVENT_LABEL_MAX);
	fields = seen(d, OBS_APP_FIELD) != NULL ? js_array(&d->js, app, "fields") : NULL;
	for (unsigned i = 0; fields != NULL && i < e->n_facts && json_array_size(fields) < EVENT_LIST_MAX; i++)
		if (e->facts[i].kind == OBS_APP_FIELD)
			add_once(&d->js, fields, event_text(d, SECRET_FIELD, e->facts[i].value, EVENT_ITEM_MAX));
}

static void
put_object(struct draft *d)
{
	const struct event_object *o = d->event->object;
	json_t *file, *own;

	if (o == NULL)
		return;
	file = js_object(&d->js, d->root, "file");
	if (o->name.len > 0)
		js_put(&d->js, file, "name", event_text(d, SECRET_TOKENS, o->name, EVENT_ITEM_MAX));
	js_put_num(&d->js, file, "size", o->size);
	if (o->sha256 != NULL)
		js_put_str(&d->js, js_object(&d->js, file, "hash"), "sha256", o->sha256);
	own = js_object(&d->js, d->own, "object");
	js_put_bool(&d->js, own, "whole", o->whole);
	if (o->type != NULL)
		js_put_str(&d->js, own, "type", o->type);
	if (o->version.len > 0)
		js_put_text(&d->js, own, "version", o->version, EVENT_LABEL_MAX);
}

/* --- the rest ------------------------------------------------------------------- */

static void
put_ndpi(struct draft *d)
{
	json_t *ndpi;

	if (!any_of(d, OBS_NDPI_PROTOCOL, OBS_NDPI_RISK))
		return;
	ndpi = js_object(&d->js, d->own, "ndpi");
	put_fact(d, ndpi, "protocol", OBS_NDPI_PROTOCOL, EVENT_LABEL_MAX);
	put_fact(d, ndpi, "category", OBS_NDPI_CATEGORY, EVENT_LABEL_MAX);
	put_list(d, ndpi, "risks", OBS_NDPI_RISK);
}

static void
put_related(struct draft *d)
{
	static const enum obs_kind kinds[] = {
		OBS_TLS_SNI, OBS_HTTP_HOST, OBS_DNS_QNAME, OBS_NAME_DNS, OBS_NAME_DNS_OTHER,
	};
	json_t *related = js_object(&d->js, d->root, "related"), *ips = js_array(&d->js, related, "ip");
	json_t *dns = json_object_get(d->root, "dns"), *ip;
	char text[ADDR_STR_MAX];
	size_t i;

	add_once(&d->js, ips, json_string_nocheck(addr_str(&d->event->flow->client, text)));
	add_once(&d->js, ips, json_string_nocheck(addr_str(&d->event->flow->server, text)));
	if (d->event->target != NULL)
		add_once(&d->js, ips, json_string_nocheck(addr_str(d->event->target, text)));
	json_array_foreach(json_object_get(dns, "resolved_ip"), i, ip)
		if (i < EVENT_LIST_MAX / 2)
			add_once(&d->js, ips, json_incref(ip));
	for (i = 0; i < sizeof kinds / sizeof kinds[0]; i++) {
		const struct observation *o = seen(d, kinds[i]);

		if (o != NULL && o->value.len > 0)
			add_once(&d->js, js_array(&d->js, related, "hosts"),
			    js_string(o->value, EVENT_HOST_MAX));
	}
}

struct span
event_domain(const struct draft *d)
{
	static const enum obs_kind kinds[] = {
		OBS_TLS_SNI, OBS_HTTP_HOST, OBS_TLS_CERT_NAME, OBS_NAME_DNS, OBS_NAME_DNS_OTHER,
	};

	for (unsigned i = 0; i < sizeof kinds / sizeof kinds[0]; i++) {
		const struct observation *o = seen(d, kinds[i]);
		struct addr a;

		/* A wildcard names no host, and an outer name not the one that is meant. */
		if (o == NULL || o->value.len == 0 || (kinds[i] == OBS_TLS_SNI && d->event->flow->outer_name) ||
		    memchr(o->value.p, '*', o->value.len) != NULL ||
		    addr_parse((const char *)o->value.p, o->value.len, &a))
			continue;
		return o->value;
	}
	return (struct span){ 0 };
}

void
event_put_facts(struct draft *d)
{
	put_dns(d);
	put_tls(d);
	put_http(d);
	if (seen(d, OBS_QUIC_VERSION) != NULL)
		put_quic(d);
	put_app(d);
	put_object(d);
	put_ndpi(d);
	put_related(d);
}
