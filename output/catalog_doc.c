/* SPDX-License-Identifier: Apache-2.0 */
/* catalog_doc - the catalogue, and what it says of a name, as JSON (RFC 8259). */
#include "output/catalog_doc.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "output/json.h"

static const char *const fate_names[FATES_N] = {
	[FATE_EVIDENCE] = "evidence", [FATE_OFF] = "off", [FATE_LESS] = "overshadowed",
	[FATE_SUPPRESSED] = "suppressed", [FATE_NOT] = "not-evidence", [FATE_HIDES] = "hides-names",
	[FATE_PORT] = "port-alone",
};

const char *
fate_name(enum fate fate)
{
	return fate_names[fate];
}

/* --- what a signal asks for ------------------------------------------------ */

/* As in a vendor file: text where it is that, else "hex:" and digits. */
static void
magic_text(struct span bytes, char out[static ASK_TEXT_MAX])
{
	struct rd r = rd_closed(bytes.p, bytes.len), look = rd_fork(&r);
	bool text = bytes.len < 4 || memcmp(bytes.p, "hex:", 4) != 0;
	size_t n = 0;

	while (text && rd_more(&look)) {
		uint8_t c = rd_u8(&look);

		text = c >= ' ' && c <= '~';
	}
	if (!text)
		n = (size_t)snprintf(out, ASK_TEXT_MAX, "hex:");
	while (rd_more(&r) && n + 3 < ASK_TEXT_MAX)
		n += (size_t)snprintf(out + n, ASK_TEXT_MAX - n, text ? "%c" : "%02x", rd_u8(&r));
	out[n] = '\0';
}

struct asking {
	struct ask *v;
	unsigned n;
};

static void
ask_text(struct asking *a, const char *key, const char *value)
{
	if (value != NULL)
		a->v[a->n++] = (struct ask){ .key = key, .value = value };
}

static void
ask_bytes(struct asking *a, const char *key, struct span bytes)
{
	struct ask *ask = &a->v[a->n];

	if (bytes.len == 0)
		return;
	ask->key = key;
	magic_text(bytes, ask->text);
	ask->value = ask->text;
	a->n++;
}

unsigned
signal_asks(const struct signal *s, struct ask out[static ASK_MAX])
{
	struct asking a = { out, 0 };

	ask_text(&a, "host", s->host);
	ask_text(&a, "host_exact", s->host_exact);
	ask_text(&a, "host_pattern", s->host_pattern);
	ask_text(&a, "http_path", s->http_path);
	ask_text(&a, "http_query", s->http_query);
	ask_text(&a, "http_agent", s->http_agent);
	ask_text(&a, "http_header", s->http_header);
	ask_text(&a, "http_method", s->http_method);
	ask_text(&a, "dns_txt", s->dns_txt);
	ask_text(&a, "protocol", s->protocol);
	ask_bytes(&a, "body", s->body);
	ask_bytes(&a, "request_body", s->request_body);
	ask_bytes(&a, "payload_client", s->payload_client);
	ask_bytes(&a, "payload_server", s->payload_server);
	if (s->port != 0) {
		snprintf(out[a.n].text, ASK_TEXT_MAX, "%u", s->port);
		out[a.n].key = "port";
		out[a.n].value = out[a.n].text;
		a.n++;
	}
	if (s->transport != 0)
		ask_text(&a, "transport", s->transport == 6 ? "tcp" : "udp");
	return a.n;
}

const char *
prefix_text(const struct prefix *p, char out[static PREFIX_STR_MAX])
{
	char text[ADDR_STR_MAX];

	snprintf(out, PREFIX_STR_MAX, "%s/%u", addr_str(&p->addr, text),
	    addr_is_v4(&p->addr) && p->bits >= 96 ? p->bits - 96 : p->bits);
	return out;
}

const char *
safe_text(const char *text, char out[static SAFE_TEXT_MAX])
{
	out[js_escape(span_str(text), SAFE_TEXT_MAX - 1, out)] = '\0';
	return out;
}

/* --- the catalogue ----------------------------------------------------------- */

/* A vendor file is valid UTF-8, and the operator's own: its text is kept as it is. */
static void
put_own(struct js *js, json_t *object, const char *key, const char *text)
{
	if (text != NULL)
		js_put(js, object, key, json_string(text));
}

static void
put_asks(struct js *js, json_t *o, const struct signal *s)
{
	struct ask asks[ASK_MAX];
	unsigned n = signal_asks(s, asks);

	for (unsigned i = 0; i < n; i++) {
		if (strcmp(asks[i].key, "port") == 0)
			js_put_num(js, o, "port", s->port);
		else
			put_own(js, o, asks[i].key, asks[i].value);
	}
}

static void
put_sources(struct js *js, json_t *o, const struct signal *s)
{
	json_t *list = js_array(js, o, "sources");

	for (unsigned i = 0; i < s->n_sources; i++) {
		json_t *source = json_object();

		put_own(js, source, "title", s->sources[i].title);
		put_own(js, source, "url", s->sources[i].url);
		put_own(js, source, "checked", s->sources[i].checked);
		js_add(js, list, source);
	}
}

static const char *
base_name(const char *path)
{
	const char *slash = strrchr(path, '/');

	return slash != NULL ? slash + 1 : path;
}

static void
put_signal(struct js *js, json_t *o, const struct signal *s)
{
	js_put_str(js, o, "id", s->id);
	if (s->product != NULL)
		js_put_str(js, o, "product", s->product->id);
	js_put_str(js, o, "category", category_name(s->category));
	js_put_str(js, o, "purpose", purpose_name(s->purpose));
	js_put_str(js, o, "strength", strength_name(s->strength));
	js_put_str(js, o, "means", means_name(s->means));
	js_put_bool(js, o, "enabled", s->enabled);
	put_own(js, o, "reason", s->reason);
	put_own(js, o, "note", s->note);
	put_asks(js, o, s);
	for (unsigned i = 0; i < s->n_versions; i++)
		js_add(js, js_array(js, o, "version"), json_string(s->versions[i]));
	put_sources(js, o, s);
	js_put_text(js, o, "file", span_str(base_name(s->file)), JS_TEXT_MAX);
	js_put_num(js, o, "line", s->line);
}

static void
put_networks(struct js *js, json_t *o, const struct vendor *v)
{
	json_t *asns = js_array(js, o, "asn"), *networks = js_array(js, o, "networks");
	char text[PREFIX_STR_MAX];

	for (unsigned i = 0; i < v->n_asns; i++)
		js_add(js, asns, json_integer(v->asns[i]));
	for (unsigned i = 0; i < v->n_networks; i++)
		js_add(js, networks, json_string(prefix_text(&v->networks[i], text)));
}

static json_t *
vendor_value(struct js *js, const struct vendor *v)
{
	json_t *o = json_object(), *products, *signals;

	js_put_str(js, o, "vendor", v->id);
	put_own(js, o, "name", v->name);
	js_put_str(js, o, "seat", v->seat);
	js_put_str(js, o, "category", category_name(v->category));
	put_networks(js, o, v);
	products = js_array(js, o, "products");
	for (unsigned i = 0; i < v->n_products; i++) {
		json_t *p = json_object();

		js_put_str(js, p, "id", v->products[i].id);
		put_own(js, p, "name", v->products[i].name);
		js_put_str(js, p, "category", category_name(v->products[i].category));
		js_add(js, products, p);
	}
	signals = js_array(js, o, "signals");
	for (unsigned i = 0; i < v->n_signals; i++) {
		json_t *s = json_object();

		put_signal(js, s, &v->signals[i]);
		js_add(js, signals, s);
	}
	return o;
}

/* root is taken. */
static char *
finish(const struct js *js, json_t *root)
{
	char *text = js->failed ? NULL : json_dumps(root, JSON_COMPACT), *line = NULL;
	size_t n = text != NULL ? strlen(text) : 0;

	json_decref(root);
	if (text != NULL && (line = realloc(text, n + 2)) != NULL)
		memcpy(line + n, "\n", 2);
	else
		free(text);
	return line;
}

char *
catalog_doc(const struct catalog *c, const struct vendor *const *vendors, size_t n)
{
	struct js js = { 0 };
	json_t *root = json_object(), *list;

	js_put_str(&js, root, "digest", catalog_digest(c));
	list = js_array(&js, root, "vendors");
	for (size_t i = 0; i < n; i++)
		js_add(&js, list, vendor_value(&js, vendors[i]));
	return finish(&js, root);
}

/* --- an explanation ------------------------------------------------------------ */

static void
put_safe(struct js *js, json_t *o, const char *key, const char *text)
{
	js_put_text(js, o, key, span_str(text), JS_TEXT_MAX);
}

static void
put_ref(struct js *js, json_t *o, const char *key, const struct signal *s)
{
	json_t *ref = js_object(js, o, key);

	js_put_str(js, ref, "vendor", s->vendor->id);
	js_put_str(js, ref, "signal", s->id);
}

static json_t *
hit_value(struct js *js, const struct explained *e)
{
	json_t *o = json_object();

	js_put_str(js, o, "vendor", e->hit.signal->vendor->id);
	js_put_str(js, o, "status", fate_name(e->fate));
	if (e->by != NULL)
		put_ref(js, o, "by", e->by);
	js_put_str(js, o, "observation", obs_kind_name(e->hit.kind));
	if (e->hit.kind == OBS_SERVER_PORT)
		js_put_num(js, o, "value", e->hit.num);
	else
		js_put_text(js, o, "value", e->hit.value, JS_TEXT_MAX);
	put_signal(js, js_object(js, o, "signal"), e->hit.signal);
	return o;
}

static json_t *
found_value(struct js *js, const struct attribution *a, unsigned categories)
{
	json_t *o = json_object(), *part = js_object(js, o, "vendor");

	js_put_str(js, part, "id", a->vendor->id);
	put_own(js, part, "name", a->vendor->name);
	js_put_str(js, part, "country_iso_code", a->vendor->seat);
	if (a->product != NULL) {
		part = js_object(js, o, "product");
		js_put_str(js, part, "id", a->product->id);
		put_own(js, part, "name", a->product->name);
	}
	if (a->engine != NULL)
		js_put_str(js, o, "engine", a->engine->id);
	js_put_str(js, o, "category", category_name(a->category));
	js_put_str(js, o, "purpose", purpose_name(a->purpose));
	js_put_str(js, o, "strength", strength_name(a->strength));
	js_put_num(js, o, "confidence", a->confidence);
	js_put_str(js, o, "presence", a->present ? "present" : "contact");
	js_put_bool(js, o, "reported", (categories >> a->category & 1) != 0);
	return o;
}

static void
put_opinions(struct js *js, json_t *o, const struct geo_answer *g)
{
	for (unsigned i = 0; i < g->n_opinions; i++) {
		json_t *opinion = json_object();

		put_safe(js, opinion, "database", g->opinions[i].db->type);
		put_safe(js, opinion, "country_iso_code", g->opinions[i].cc);
		js_add(js, js_array(js, o, "opinions"), opinion);
	}
}

static void
put_address(struct js *js, json_t *o, const struct explanation *x)
{
	const struct geo_answer *g = &x->geo;
	char text[ADDR_STR_MAX];
	json_t *list;

	js_put_str(js, o, "ip", addr_str(&x->address, text));
	js_put_bool(js, o, "private", addr_is_private(&x->address));
	if (g->country[0] != '\0')
		put_safe(js, o, "country_iso_code", g->country);
	if (g->registered[0] != '\0')
		put_safe(js, o, "registered_country_iso_code", g->registered);
	if (g->asn != 0) {
		js_put_num(js, js_object(js, o, "as"), "number", g->asn);
		put_safe(js, js_object(js, o, "as"), "organization", g->organization);
	}
	put_opinions(js, o, g);
	list = js_array(js, o, "network_of");
	for (unsigned i = 0; i < x->n_owners; i++)
		js_add(js, list, json_string(x->owners[i]->id));
}

char *
explanation_doc(const struct explanation *x)
{
	struct js js = { 0 };
	json_t *root = json_object(), *list;

	put_safe(&js, root, "question", x->question);
	js_put_str(&js, root, "kind", x->kind);
	if (x->at.port != 0)
		js_put_num(&js, root, "port", x->at.port);
	if (x->at.proto != 0)
		js_put_str(&js, root, "transport", x->at.proto == 6 ? "tcp" : "udp");
	if (x->has_address)
		put_address(&js, js_object(&js, root, "address"), x);
	list = js_array(&js, root, "conclusions");
	for (unsigned i = 0; i < x->n_found; i++)
		js_add(&js, list, found_value(&js, &x->found[i], x->categories));
	list = js_array(&js, root, "hits");
	for (unsigned i = 0; i < x->n_hits; i++)
		js_add(&js, list, hit_value(&js, &x->hits[i]));
	if (x->dropped > 0)
		js_put_num(&js, root, "hits_dropped", x->dropped);
	list = js_array(&js, root, "asks_more");
	for (unsigned i = 0; i < x->n_more; i++) {
		json_t *o = json_object();

		js_put_str(&js, o, "vendor", x->more[i]->vendor->id);
		put_signal(&js, js_object(&js, o, "signal"), x->more[i]);
		js_add(&js, list, o);
	}
	list = js_array(&js, root, "notes");
	for (unsigned i = 0; i < x->n_notes; i++)
		js_add(&js, list, js_string(span_str(x->notes[i]), JS_TEXT_MAX));
	return finish(&js, root);
}
