/* SPDX-License-Identifier: Apache-2.0 */
/* event - one line of JSON an event (ECS 9.4.0, telltale-events(5)). */
#include "output/event.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/hash.h"
#include "output/event_part.h"

enum { MAX_BYTES_DEFAULT = 8000, MAX_BYTES_LEAST = 2000, ID_MAX = 33 };

struct event_maker {
	size_t max_bytes;		/* of a line, LF included */
	struct crypto *crypto;		/* owned */
	struct secrets secrets;
	json_t *ecs, *observer, *catalog;	/* owned; every event refers to them */
	json_t *network;		/* owned; event.category */
	char *buf;			/* owned; max_bytes of it */
};

static json_t *
make_observer(struct js *js, const struct event_options *o)
{
	json_t *observer = json_object();
	const char *name = o->observer_name != NULL ? o->observer_name : "telltale";

	js_put_text(js, observer, "name", span_str(name), EVENT_LABEL_MAX);
	js_put_str(js, observer, "product", "telltale");
	if (o->version != NULL)
		js_put_text(js, observer, "version", span_str(o->version), EVENT_LABEL_MAX);
	js_put_str(js, observer, "type", "sensor");
	return observer;
}

struct event_maker *
event_maker_new(const struct event_options *o, struct err *err)
{
	struct event_maker *m = calloc(1, sizeof *m);
	struct js js = { 0 };

	js_memory_set_up();
	if (m == NULL)
		goto memory;
	m->max_bytes = o->max_bytes > 0 ? o->max_bytes : MAX_BYTES_DEFAULT;
	if (m->max_bytes < MAX_BYTES_LEAST) {
		err_set(err, "a line of at most %zu bytes cannot hold an event; at least %d are needed",
		    m->max_bytes, MAX_BYTES_LEAST);
		goto fail;
	}
	m->crypto = crypto_new(err);
	if (m->crypto == NULL)
		goto fail;
	m->secrets = (struct secrets){ .crypto = m->crypto, .clear = o->secrets_clear };
	memcpy(m->secrets.key, o->secret_key, sizeof m->secrets.key);
	m->buf = malloc(m->max_bytes);
	m->ecs = json_object();
	js_put_str(&js, m->ecs, "version", "9.4.0");
	m->observer = make_observer(&js, o);
	m->network = json_array();
	js_add(&js, m->network, json_string_nocheck("network"));
	m->catalog = json_object();
	if (o->catalog_digest != NULL)
		js_put_text(&js, m->catalog, "digest", span_str(o->catalog_digest), EVENT_ITEM_MAX);
	if (m->buf != NULL && !js.failed)
		return m;
memory:
	err_set(err, "out of memory for events");
fail:
	event_maker_free(&m);
	return NULL;
}

void
event_maker_free(struct event_maker **mp)
{
	struct event_maker *m = *mp;

	if (m == NULL)
		return;
	crypto_free(&m->crypto);
	json_decref(m->ecs);
	json_decref(m->observer);
	json_decref(m->catalog);
	json_decref(m->network);
	free(m->buf);
	free(m);
	*mp = NULL;
}

/* --- identity ------------------------------------------------------------------- */

static size_t
put_uint(uint8_t *out, uint64_t v, unsigned width)
{
	for (unsigned i = width; i > 0; i--, v >>= 8)
		out[i - 1] = (uint8_t)v;
	return width;
}

static size_t
put_endpoint(uint8_t *out, const struct addr *a, uint16_t port)
{
	memcpy(out, a->b, sizeof a->b);
	return sizeof a->b + put_uint(out + sizeof a->b, port, 2);
}

/* The same for all events of a flow, whichever side they take for the client. */
static void
flow_id(const struct event_flow *f, char out[static FLOW_ID_MAX])
{
	struct hash_key key = HASH_KEY_FIXED;
	int order = addr_cmp(&f->client, &f->server);
	bool client_first = order < 0 || (order == 0 && f->client_port <= f->server_port);
	uint8_t about[2 * 18 + 1 + 8 + 8];
	size_t n = 0;

	for (unsigned i = 0; i < 2; i++) {
		bool client = client_first == (i == 0);

		n += put_endpoint(about + n, client ? &f->client : &f->server,
		    client ? f->client_port : f->server_port);
	}
	n += put_uint(about + n, f->proto, 1);
	n += put_uint(about + n, f->first_ns, 8);
	n += put_uint(about + n, f->first_frame, 8);
	snprintf(out, FLOW_ID_MAX, "%016" PRIx64, hash_bytes(&key, about, n));
}

/* The first 128 bits of SHA-256 over what the event is about, as text. */
static void
event_id(struct crypto *crypto, const char *about, char out[static ID_MAX])
{
	char hex[2 * DIGEST_MAX + 1];

	crypto_digest_hex(crypto, DIGEST_SHA256, span_str(about), hex);
	snprintf(out, ID_MAX, "%.32s", hex);
}

/* --- the line ------------------------------------------------------------------- */

static json_t *
strings(struct js *js, const char *a, const char *b)
{
	json_t *list = json_array();

	js_add(js, list, json_string_nocheck(a));
	if (b != NULL)
		js_add(js, list, json_string_nocheck(b));
	return list;
}

json_t *
event_put_head(struct event_maker *m, struct js *js, json_t *root, uint64_t ts_ns, const char *about)
{
	json_t *event;
	char id[ID_MAX];

	event_id(m->crypto, about, id);
	js_put_time(js, root, "@timestamp", ts_ns);
	js_put(js, root, "ecs", json_incref(m->ecs));
	event = js_object(js, root, "event");
	js_put_str(js, event, "id", id);
	js_put(js, event, "category", json_incref(m->network));
	js_put_str(js, event, "module", "telltale");
	js_put_str(js, event, "provider", "telltale");
	js_put(js, root, "observer", json_incref(m->observer));
	return event;
}

static void
put_what(struct js *js, json_t *event, const struct event *e, const char *dataset)
{
	bool ended = e->kind == EVENT_FLOW, fetched = e->kind == EVENT_OBJECT, asked = e->attribution != NULL && e->attribution->lookup_only;
	const struct event_flow *f = e->flow;

	js_put_str(js, event, "kind", "event");
	js_put(js, event, "type", strings(js, "connection", ended ? "end" : "info"));
	js_put_str(js, event, "action", ended ? "flow-end" : fetched ? "fetched" : asked ? "name-lookup" : "contact");
	js_put_str(js, event, "dataset", dataset);
	js_put_time(js, event, "start", f->first_ns);
	if (!ended)
		return;
	js_put_time(js, event, "end", f->last_ns);
	/* Packets out of order of time may end before they start. */
	js_put_num(js, event, "duration", f->last_ns > f->first_ns ? f->last_ns - f->first_ns : 0);
}

void
event_put_catalog(struct event_maker *m, struct js *js, json_t *own)
{
	js_put(js, own, "catalog", json_incref(m->catalog));
}

char *
event_finish(struct event_maker *m, struct js *js, json_t *root, size_t *len)
{
	size_t n = js->failed ? 0 : event_fit(js, root, m->buf, m->max_bytes - 1);
	char *line = n > 0 ? malloc(n + 1) : NULL;

	json_decref(root);
	js_memory_end();
	if (line == NULL)
		return NULL;
	memcpy(line, m->buf, n);
	line[n] = '\n';
	*len = n + 1;
	return line;
}

char *
event_line(struct event_maker *m, const struct event *e, size_t *len)
{
	const char *dataset = e->kind == EVENT_FLOW ? "telltale.flow" : e->kind == EVENT_OBJECT ? "telltale.object" :
	    "telltale.contact";
	const struct attribution *a = e->attribution;
	struct draft d = { .event = e, .crypto = m->crypto, .secrets = &m->secrets };
	char about[256];

	js_memory_begin();
	d.root = json_object();
	for (unsigned i = 0; i < e->n_facts; i++)
		d.last[e->facts[i].kind] = &e->facts[i];
	d.domain = event_domain(&d);
	flow_id(e->flow, d.flow_id);
	/* Two small files may end in one frame. */
	snprintf(about, sizeof about, "%s %s %.*s %s %" PRIu64 " %.*s", dataset, d.flow_id, EVENT_LABEL_MAX,
	    a != NULL ? a->vendor->id : "-", a != NULL ? purpose_name(a->purpose) : "-", e->frame,
	    e->object != NULL ? (int)(e->object->name.len < EVENT_LABEL_MAX ? e->object->name.len : EVENT_LABEL_MAX) : 0,
	    e->object != NULL && e->object->name.len > 0 ? (const char *)e->object->name.p : "");
	put_what(&d.js, event_put_head(m, &d.js, d.root, e->ts_ns, about), e, dataset);
	d.own = json_object();
	event_put_attribution(&d);
	event_put_flow(&d);
	event_put_facts(&d);
	js_put(&d.js, d.root, "telltale", d.own);
	return event_finish(m, &d.js, d.root, len);
}

/* --- statistics ----------------------------------------------------------------- */

enum { STAT_DEPTH_MAX = 3 };

/* One name of a path, up to its dot or, at the last level, its end; returns what follows. */
static const char *
stat_key(const char *path, bool last, char out[static EVENT_LABEL_MAX])
{
	size_t n = 0;

	for (; *path != '\0' && (last || *path != '.'); path++) {
		char c = *path >= 'A' && *path <= 'Z' ? (char)(*path | 0x20) : *path;

		if (n < EVENT_LABEL_MAX - 1)
			out[n++] = (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') ? c : '_';
	}
	out[n] = '\0';
	return *path == '.' ? path + 1 : NULL;
}

static void
put_stat(struct js *js, json_t *stats, const struct counter *s)
{
	const char *rest = s->path;
	char key[EVENT_LABEL_MAX];
	json_t *object = stats;

	for (unsigned depth = 1; rest != NULL && json_is_object(object); depth++) {
		rest = stat_key(rest, depth == STAT_DEPTH_MAX, key);
		if (rest != NULL)
			object = js_object(js, object, key);
	}
	/* A name that is a counter and a group at once: the group stays. */
	if (json_is_object(object) && !json_is_object(json_object_get(object, key)))
		js_put_num(js, object, key, s->value);
}

char *
event_stats_line(struct event_maker *m, const struct event_stats *e, size_t *len)
{
	json_t *root, *event, *own, *stats;
	struct js js = { 0 };
	char about[96];

	js_memory_begin();
	root = json_object();
	snprintf(about, sizeof about, "telltale.stats %" PRIu64 " %" PRIu64, e->frame, e->ts_ns);
	event = event_put_head(m, &js, root, e->ts_ns, about);
	js_put_str(&js, event, "kind", "metric");
	js_put(&js, event, "type", strings(&js, "info", NULL));
	js_put_str(&js, event, "action", "stats");
	js_put_str(&js, event, "dataset", "telltale.stats");
	if (e->first_ns > 0) {
		js_put_time(&js, event, "start", e->first_ns);
		js_put_time(&js, event, "end", e->ts_ns);
	}
	own = js_object(&js, root, "telltale");
	stats = js_object(&js, own, "stats");
	js_put_num(&js, stats, "frames", 0);
	for (size_t i = 0; i < e->n_stats; i++)
		put_stat(&js, stats, &e->stats[i]);
	event_put_catalog(m, &js, own);
	return event_finish(m, &js, root, len);
}
