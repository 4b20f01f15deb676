/* SPDX-License-Identifier: Apache-2.0 */
/* event_flow - who spoke to whom and where that is (ECS 9.4 source, destination, network, geo, as). */
#include <stdio.h>
#include <string.h>

#include "output/event_part.h"

/* ISO 3166-1 alpha-2 and continent codes; a database may hold anything. */
static void
put_code(struct js *js, json_t *object, const char *key, const char *code)
{
	if (code[0] >= 'A' && code[0] <= 'Z' && code[1] >= 'A' && code[1] <= 'Z' && code[2] == '\0')
		js_put_str(js, object, key, code);
}

static void
put_place(struct js *js, json_t *end, const struct geo_answer *g)
{
	if (g == NULL || !(g->looked_up || g->pinned))
		return;
	if (g->country[0] != '\0' || g->continent[0] != '\0') {
		json_t *geo = js_object(js, end, "geo");

		put_code(js, geo, "country_iso_code", g->country);
		put_code(js, geo, "continent_code", g->continent);
	}
	if (g->asn != 0 || g->organization[0] != '\0') {
		json_t *as = js_object(js, end, "as");

		if (g->asn != 0)
			js_put_num(js, as, "number", g->asn);
		if (g->organization[0] != '\0')
			js_put_text(js, js_object(js, as, "organization"), "name", span_str(g->organization),
			    EVENT_ITEM_MAX);
	}
}

/* Of a flow through a proxy, the destination is what the proxy was asked for. */
static void
put_target(struct draft *d, json_t *end)
{
	const struct observation *host = d->last[OBS_HTTP_HOST], *port = d->last[OBS_HTTP_PORT];
	const struct event_flow *f = d->event->flow;
	json_t *proxy = js_object(&d->js, d->own, "proxy");
	char text[ADDR_STR_MAX];

	js_put_str(&d->js, proxy, "ip", addr_str(&f->server, text));
	js_put_num(&d->js, proxy, "port", f->server_port);
	if (host != NULL)
		js_put_text(&d->js, end, "address", host->value, EVENT_HOST_MAX);
	if (d->event->target != NULL)
		js_put_str(&d->js, end, "ip", addr_str(d->event->target, text));
	if (port != NULL && port->num <= UINT16_MAX)
		js_put_num(&d->js, end, "port", port->num);
}

static json_t *
put_end(struct draft *d, const char *key, enum side side, const struct geo_answer *g)
{
	const struct event_flow *f = d->event->flow;
	json_t *end = js_object(&d->js, d->root, key);
	char text[ADDR_STR_MAX];

	if (side == FROM_SERVER && f->proxied) {
		put_target(d, end);
	} else {
		addr_str(side == FROM_CLIENT ? &f->client : &f->server, text);
		js_put_str(&d->js, end, "address", text);
		js_put_str(&d->js, end, "ip", text);
		js_put_num(&d->js, end, "port", side == FROM_CLIENT ? f->client_port : f->server_port);
	}
	js_put_num(&d->js, end, "bytes", f->bytes[side]);
	js_put_num(&d->js, end, "packets", f->packets[side]);
	put_place(&d->js, end, g);
	return end;
}

/* NULL where the addresses alone do not tell. */
static const char *
direction(const struct event_flow *f)
{
	bool from_inside = addr_is_private(&f->client), to_inside = addr_is_private(&f->server);

	if (from_inside)
		return to_inside ? "internal" : "outbound";
	return to_inside ? "inbound" : NULL;
}

static void
put_vlans(struct js *js, json_t *network, const struct event_flow *f)
{
	char id[8];

	if (f->vlan[0] == 0)
		return;
	snprintf(id, sizeof id, "%u", f->vlan[0]);
	js_put_str(js, js_object(js, network, "vlan"), "id", id);
	if (f->vlan[1] == 0)
		return;
	snprintf(id, sizeof id, "%u", f->vlan[1]);
	js_put_str(js, js_object(js, js_object(js, network, "inner"), "vlan"), "id", id);
}

static void
put_network(struct draft *d)
{
	const struct event_flow *f = d->event->flow;
	json_t *network = js_object(&d->js, d->root, "network");
	const char *way = direction(f);
	char id[32], number[8];

	js_put_str(&d->js, network, "type", addr_is_v4(&f->client) ? "ipv4" : "ipv6");
	if (f->proto == 6 || f->proto == 17)
		js_put_str(&d->js, network, "transport", f->proto == 6 ? "tcp" : "udp");
	snprintf(number, sizeof number, "%u", f->proto);
	js_put_str(&d->js, network, "iana_number", number);
	if (f->protocol != NULL)
		js_put_text(&d->js, network, "protocol", span_str(f->protocol), EVENT_LABEL_MAX);
	community_id(d->crypto, f, id);
	js_put_str(&d->js, network, "community_id", id);
	if (way != NULL)
		js_put_str(&d->js, network, "direction", way);
	js_put_num(&d->js, network, "bytes", f->bytes[0] + f->bytes[1]);
	js_put_num(&d->js, network, "packets", f->packets[0] + f->packets[1]);
	put_vlans(&d->js, network, f);
}

static void
put_own_flow(struct draft *d)
{
	static const char *const states[] = {
		[FLOW_OPEN] = "open", [FLOW_CLOSED] = "closed", [FLOW_RESET] = "reset",
		[FLOW_TIMEOUT] = "timeout", [FLOW_EVICTED] = "evicted", [FLOW_INPUT_END] = "input-end",
	};
	const struct event_flow *f = d->event->flow;
	json_t *flow = js_object(&d->js, d->own, "flow"), *lost;

	js_put_str(&d->js, flow, "id", d->flow_id);
	js_put_str(&d->js, flow, "state", states[f->state]);
	js_put_num(&d->js, flow, "first_frame", f->first_frame);
	js_put_num(&d->js, flow, "frame", d->event->frame);
	js_put_bool(&d->js, flow, "mid_stream", f->mid_stream);
	js_put_bool(&d->js, flow, "truncated", f->truncated);
	js_put_bool(&d->js, flow, "guessed_sides", f->guessed_sides);
	js_put_bool(&d->js, flow, "gap", f->gap);
	js_put_num(&d->js, flow, "requests", f->requests);
	/* While a flow goes on the other side may still speak, and what is missing may still come. */
	if (d->event->kind != EVENT_FLOW)
		return;
	js_put_bool(&d->js, flow, "one_sided", f->one_sided);
	lost = js_object(&d->js, flow, "lost");
	js_put_num(&d->js, lost, "client", f->lost[FROM_CLIENT]);
	js_put_num(&d->js, lost, "server", f->lost[FROM_SERVER]);
}

/*
 * What the conversation was by its shape: a fact, not a purpose.  What is sent in
 * a burst is told from what is said in passing by its size.
 */
static const char *
activity(const struct event *e)
{
	enum { BURST = 64 * 1024 };
	uint64_t up = e->flow->bytes[FROM_CLIENT], down = e->flow->bytes[FROM_SERVER];

	if (e->attribution->lookup_only)
		return "lookup";
	if (down >= BURST && down / 8 >= up)
		return "download";
	if (up >= BURST && up / 4 >= down)
		return "upload";
	return e->attribution->purpose == PURPOSE_UPDATE ? "check" : "exchange";
}

static void
put_traffic(struct draft *d)
{
	const struct event *e = d->event;

	if (e->kind != EVENT_FLOW || e->attribution == NULL)
		return;
	js_put_str(&d->js, d->own, "activity", activity(e));
	for (unsigned i = 0; i < e->n_shares; i++) {
		json_t *entry = json_object();

		js_add(&d->js, js_array(&d->js, d->own, "traffic"), entry);
		if (d->js.failed)
			return;
		js_put_str(&d->js, entry, "purpose", purpose_name(e->shares[i].purpose));
		js_put_num(&d->js, entry, "bytes_up", e->shares[i].bytes[FROM_CLIENT]);
		js_put_num(&d->js, entry, "bytes_down", e->shares[i].bytes[FROM_SERVER]);
	}
}

/* Names that could not be seen on this flow, and why. */
static void
put_hidden(struct draft *d)
{
	const struct event_flow *f = d->event->flow;

	if (f->public_resolver)
		js_put_bool(&d->js, d->own, "public_resolver", true);
	if (f->resolver)
		js_put_str(&d->js, d->own, "names_hidden", "resolver");
	else if (f->outer_name)
		js_put_str(&d->js, d->own, "names_hidden", "ech");
}

/* --- what the databases said of the server -------------------------------------- */

static const char *
status(const struct addr *f, const struct geo_answer *g)
{
	if (g->looked_up || g->pinned)
		return g->country[0] != '\0' ? "ok" : "unknown";
	return addr_is_private(f) ? "private" : "no-database";
}

static const char *
base_name(const char *path)
{
	const char *slash = strrchr(path, '/');

	return slash != NULL ? slash + 1 : path;
}

/* The entry of a database, to which its answer is added; NULL: no memory. */
static json_t *
put_database(struct js *js, json_t *databases, const struct geo_db *db)
{
	json_t *entry = json_object();
	char built[JS_TIME_MAX];

	js_add(js, databases, entry);
	if (js->failed)
		return NULL;
	js_put_str(js, entry, "role", db->role == GEO_ASN ? "asn" : "country");
	if (db->path != NULL)
		js_put_text(js, entry, "name", span_str(base_name(db->path)), EVENT_LABEL_MAX);
	if (db->type != NULL)
		js_put_text(js, entry, "type", span_str(db->type), EVENT_LABEL_MAX);
	/* A date past the year 9999 is nobody's build. */
	if (db->build_epoch < INT64_MAX && js_seconds_text((int64_t)db->build_epoch, built)[0] != '\0')
		js_put_str(js, entry, "build", built);
	return entry;
}

static void
put_databases(struct js *js, json_t *geo, const struct geo_answer *g)
{
	char asn[16];
	json_t *entry;

	for (unsigned i = 0; i < g->n_opinions && i < EVENT_DATABASES_MAX; i++) {
		entry = put_database(js, js_array(js, geo, "databases"), g->opinions[i].db);
		if (entry != NULL)
			put_code(js, entry, "value", g->opinions[i].cc);
	}
	entry = g->asn_db != NULL ? put_database(js, js_array(js, geo, "databases"), g->asn_db) : NULL;
	if (entry == NULL)
		return;
	snprintf(asn, sizeof asn, "%u", g->asn);
	js_put_str(js, entry, "value", asn);
}

static void
put_own_geo(struct draft *d)
{
	static const char *const agreements[] = {
		[GEO_NONE] = "none", [GEO_SINGLE] = "single", [GEO_AGREE] = "agree",
		[GEO_CONFLICT] = "conflict",
	};
	const struct geo_answer *g = d->event->destination_geo;
	json_t *geo = g != NULL || d->event->flow->proxied ? js_object(&d->js, d->own, "geo") : NULL;

	if (geo == NULL)
		return;
	if (g == NULL) {
		js_put_str(&d->js, geo, "status", "proxied");
		return;
	}
	js_put_str(&d->js, geo, "status", status(d->event->target != NULL ? d->event->target : &d->event->flow->server, g));
	if (!g->looked_up && !g->pinned)
		return;
	js_put_str(&d->js, geo, "agreement", agreements[g->agreement]);
	js_put_bool(&d->js, geo, "anycast", g->anycast);
	if (g->pinned)
		js_put_bool(&d->js, geo, "pinned", true);
	put_code(&d->js, geo, "registered_country_iso_code", g->registered);
	if (g->prefix[0] != '\0')
		js_put_text(&d->js, geo, "prefix", span_str(g->prefix), EVENT_LABEL_MAX);
	put_databases(&d->js, geo, g);
}

void
event_put_flow(struct draft *d)
{
	json_t *server;

	put_end(d, "source", FROM_CLIENT, d->event->source_geo);
	server = put_end(d, "destination", FROM_SERVER, d->event->destination_geo);
	if (d->domain.len > 0)
		js_put_text(&d->js, server, "domain", d->domain, EVENT_HOST_MAX);
	put_network(d);
	put_own_flow(d);
	put_traffic(d);
	put_hidden(d);
	put_own_geo(d);
}
