/* SPDX-License-Identifier: Apache-2.0 */
/* event_why - the conclusion and its reasons: telltale.{vendor,product,purpose,evidence} and the like. */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "output/event_part.h"

enum { BYTES_SHOWN = 64 };

enum value_form { FORM_TEXT, FORM_NUMBER, FORM_FLAG, FORM_BYTES };

static enum value_form
form_of(enum obs_kind kind)
{
	switch (kind) {
	case OBS_DNS_QTYPE: case OBS_DNS_ID: case OBS_DNS_RCODE: case OBS_TLS_VERSION: case OBS_TLS_CIPHER:
	case OBS_TLS_CERT_NOT_BEFORE: case OBS_TLS_CERT_NOT_AFTER: case OBS_TLS_ALERT: case OBS_HTTP_PORT:
	case OBS_HTTP_REQUEST_LENGTH: case OBS_HTTP_STATUS: case OBS_HTTP_LENGTH: case OBS_ADDR_ASN:
	case OBS_SERVER_PORT: case OBS_QUIC_VERSION:
		return FORM_NUMBER;
	case OBS_TLS_ECH: case OBS_TLS_RESUMED: case OBS_TLS_ESTABLISHED: case OBS_HTTP_PROXY:
		return FORM_FLAG;
	case OBS_DNS_ADDRESS: case OBS_HTTP_BODY: case OBS_HTTP_REQUEST_BODY: case OBS_PAYLOAD_CLIENT:
	case OBS_PAYLOAD_SERVER:
		return FORM_BYTES;
	default:
		return FORM_TEXT;
	}
}

static bool
printable(struct span s)
{
	struct rd r = rd_closed(s.p, s.len);

	while (rd_more(&r)) {
		uint8_t c = rd_u8(&r);

		if ((c < 0x20 || c > 0x7e) && c != '\r' && c != '\n' && c != '\t')
			return false;
	}
	return true;
}

static json_t *
number(uint64_t v)
{
	char text[24];

	snprintf(text, sizeof text, "%" PRIu64, v);
	return json_string_nocheck(text);
}

static struct span
met_of(const struct evidence *e)
{
	switch (e->kind) {
	case OBS_HTTP_BODY: return e->signal->body;
	case OBS_HTTP_REQUEST_BODY: return e->signal->request_body;
	case OBS_PAYLOAD_CLIENT: return e->signal->payload_client;
	case OBS_PAYLOAD_SERVER: return e->signal->payload_server;
	default: return (struct span){ 0 };
	}
}

static json_t *
met_bytes(const struct evidence *e)
{
	struct span met = met_of(e);

	return printable(met) ? js_string(met, EVENT_ITEM_MAX) : js_hex(met, BYTES_SHOWN);
}

static enum secret
secret_of(enum obs_kind kind)
{
	switch (kind) {
	case OBS_HTTP_PATH: case OBS_HTTP_AGENT: return SECRET_TOKENS;
	case OBS_HTTP_QUERY: return SECRET_QUERY;
	case OBS_HTTP_REFERER: case OBS_HTTP_LOCATION: return SECRET_URL;
	case OBS_HTTP_HEADER: return SECRET_HEADER;
	case OBS_APP_FIELD: return SECRET_FIELD;
	default: return SECRET_NOTHING;
	}
}

static json_t *
value_of(const struct draft *d, const struct evidence *e)
{
	switch (form_of(e->kind)) {
	case FORM_NUMBER:
		return number(e->num);
	case FORM_FLAG:
		return json_string_nocheck("true");
	case FORM_BYTES:
		/* No more than the bytes that were met: what follows may be anything. */
		if (e->signal != NULL && met_of(e).len > 0)
			return met_bytes(e);
		return printable(e->value) ? js_string(e->value, EVENT_ITEM_MAX) :
		    js_hex(e->value, BYTES_SHOWN);
	case FORM_TEXT:
	default:
		return event_text(d, secret_of(e->kind), e->value, EVENT_VALUE_MAX);
	}
}

static const char *
origin_of(const struct evidence *e)
{
	switch (e->kind) {
	case OBS_NAME_DNS: case OBS_NAME_CNAME: case OBS_NAME_DNS_OTHER: return "dns-cache";
	case OBS_ADDR_ASN: return "database";
	default: return e->side == FROM_CLIENT ? "client" : "server";
	}
}

/* What an answer of DNS tells of versions, by the templates of the signal that it met, in their order. */
static void
put_told(struct draft *d)
{
	for (unsigned i = 0; i < d->event->n_evidence; i++) {
		const struct evidence *e = &d->event->evidence[i];

		for (unsigned k = 0; e->kind == OBS_DNS_TXT && e->signal != NULL && k < e->signal->n_versions; k++) {
			struct span v = version_find(e->signal->versions[k], e->value);

			if (v.len > 0)
				js_add(&d->js, js_array(&d->js, d->own, "versions_told"), js_string(v, EVENT_LABEL_MAX));
		}
	}
}

/* How far a name is to be believed, 1 best; 0: not a name. */
static unsigned
name_rank(const struct draft *d, enum obs_kind kind)
{
	switch (kind) {
	case OBS_TLS_SNI: return d->last[OBS_QUIC_VERSION] != NULL ? 2 : 1;
	case OBS_HTTP_HOST: return 3;
	case OBS_TLS_CERT_NAME: return 4;
	case OBS_DNS_QNAME: case OBS_NAME_DNS: return 5;
	case OBS_DNS_CNAME: case OBS_NAME_CNAME: return 6;
	case OBS_NAME_DNS_OTHER: return 7;
	default: return 0;
	}
}

/* The name that the attribution rests on: where it is from, how old it was, how far it is to be believed. */
static void
put_name(struct draft *d)
{
	const struct evidence *best = NULL;
	unsigned rank = 0;
	json_t *name;

	for (unsigned i = 0; i < d->event->n_evidence; i++) {
		unsigned r = name_rank(d, d->event->evidence[i].kind);

		if (r > 0 && (best == NULL || r < rank)) {
			best = &d->event->evidence[i];
			rank = r;
		}
	}
	if (best == NULL)
		return;
	name = js_object(&d->js, d->own, "name");
	js_put_text(&d->js, name, "value", best->value, EVENT_HOST_MAX);
	js_put_str(&d->js, name, "source", rank == 2 ? "quic.sni" : obs_kind_name(best->kind));
	js_put_num(&d->js, name, "rank", rank);
	js_put_num(&d->js, name, "age_ms", best->age_ms);
}

/* Ids are slugs of the catalogue; their length is bounded here, for a line is. */
static void
put_signal(struct js *js, json_t *entry, const struct signal *s)
{
	char name[2 * EVENT_LABEL_MAX + 2];

	if (s == NULL) {
		js_put_str(js, entry, "signal", "network");
		return;
	}
	snprintf(name, sizeof name, "%.*s/%.*s", EVENT_LABEL_MAX, s->vendor->id, EVENT_LABEL_MAX, s->id);
	js_put_text(js, entry, "signal", span_str(name), 2 * EVENT_LABEL_MAX);
}

static void
put_evidence(struct draft *d)
{
	const struct event *ev = d->event;

	for (unsigned i = 0; i < ev->n_evidence && i < EVENT_LIST_MAX; i++) {
		const struct evidence *e = &ev->evidence[i];
		json_t *entry = json_object();

		js_add(&d->js, js_array(&d->js, d->own, "evidence"), entry);
		if (d->js.failed)
			return;
		put_signal(&d->js, entry, e->signal);
		js_put_str(&d->js, entry, "observation", obs_kind_name(e->kind));
		js_put(&d->js, entry, "value", value_of(d, e));
		if (e->signal != NULL)
			js_put_str(&d->js, entry, "strength", strength_name(e->signal->strength));
		js_put_str(&d->js, entry, "origin", origin_of(e));
		js_put_num(&d->js, entry, "age_ms", e->age_ms);
		if (e->frame > 0)
			js_put_num(&d->js, entry, "frame", e->frame);
	}
	if (ev->evidence_dropped > 0)
		js_put_num(&d->js, d->own, "evidence_dropped", ev->evidence_dropped);
}

static void
put_id(struct js *js, json_t *object, const char *key, const char *id)
{
	js_put_text(js, js_object(js, object, key), "id", span_str(id), EVENT_LABEL_MAX);
}

static void
put_others(struct draft *d)
{
	for (unsigned i = 0; i < d->event->n_others && i < EVENT_LIST_MAX; i++) {
		const struct attribution *a = &d->event->others[i];
		json_t *entry = json_object();

		js_add(&d->js, js_array(&d->js, d->own, "others"), entry);
		if (d->js.failed)
			return;
		put_id(&d->js, entry, "vendor", a->vendor->id);
		if (a->product != NULL)
			put_id(&d->js, entry, "product", a->product->id);
		js_put_str(&d->js, entry, "purpose", purpose_name(a->purpose));
	}
}

void
event_put_vendor(struct js *js, json_t *own, const struct vendor *v)
{
	json_t *vendor = js_object(js, own, "vendor");
	const char *seat = v->seat;

	js_put_text(js, vendor, "id", span_str(v->id), EVENT_LABEL_MAX);
	js_put_text(js, vendor, "name", span_str(v->name), EVENT_ITEM_MAX);
	if (seat != NULL && strlen(seat) == 2)
		js_put_text(js, vendor, "country_iso_code", span_str(seat), EVENT_LABEL_MAX);
}

json_t *
event_put_product(struct js *js, json_t *own, const struct product *p, enum category category)
{
	json_t *product = js_object(js, own, "product");

	if (p != NULL) {
		js_put_text(js, product, "id", span_str(p->id), EVENT_LABEL_MAX);
		js_put_text(js, product, "name", span_str(p->name), EVENT_ITEM_MAX);
	}
	js_put_str(js, product, "category", category_name(category));
	return product;
}

void
event_put_attribution(struct draft *d)
{
	const struct attribution *a = d->event->attribution;
	json_t *product;

	if (a == NULL)
		return;
	event_put_vendor(&d->js, d->own, a->vendor);
	product = event_put_product(&d->js, d->own, a->product, a->category);
	if (a->engine != NULL)
		js_put_text(&d->js, product, "engine", span_str(a->engine->id), EVENT_LABEL_MAX);
	js_put_str(&d->js, d->own, "purpose", purpose_name(a->purpose));
	js_put_str(&d->js, d->own, "presence", a->present ? "present" : "contact");
	if (a->lookup_only)
		js_put_bool(&d->js, d->own, "lookup_only", true);
	js_put_num(&d->js, d->own, "confidence", a->confidence);
	put_name(d);
	put_told(d);
	put_evidence(d);
	put_others(d);
}
