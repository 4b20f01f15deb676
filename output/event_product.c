/* SPDX-License-Identifier: Apache-2.0 */
/* event_product - what the network shows of a product on a host, as a line (ECS 9.4.0, telltale-events(5)). */
#include <inttypes.h>
#include <stdio.h>

#include "output/event_part.h"

static void
put_purposes(struct js *js, json_t *inventory, const struct event_product *e)
{
	for (unsigned p = 0; p < PURPOSES_N; p++) {
		json_t *entry;

		if (e->purposes[p].contacts == 0)
			continue;
		entry = json_object();
		js_add(js, js_array(js, inventory, "purposes"), entry);
		if (js->failed)
			return;
		js_put_str(js, entry, "purpose", purpose_name((enum purpose)p));
		js_put_num(js, entry, "contacts", e->purposes[p].contacts);
		js_put_num(js, entry, "bytes_up", e->purposes[p].bytes_up);
		js_put_num(js, entry, "bytes_down", e->purposes[p].bytes_down);
	}
}

static void
put_inventory(struct js *js, json_t *own, const struct event_product *e)
{
	json_t *inventory = js_object(js, own, "inventory");

	js_put_time(js, inventory, "first_seen", e->first_ns);
	js_put_time(js, inventory, "last_seen", e->last_ns);
	if (e->version != NULL && e->version[0] != '\0')
		js_put_text(js, inventory, "version", span_str(e->version), EVENT_LABEL_MAX);
	for (unsigned i = 0; i < sizeof e->changes / sizeof *e->changes && e->changes[i] != NULL; i++)
		js_add(js, js_array(js, inventory, "changes"), json_string_nocheck(e->changes[i]));
	put_purposes(js, inventory, e);
}

static void
put_host(struct js *js, json_t *root, const char *client)
{
	json_t *source = js_object(js, root, "source");

	js_put_str(js, source, "address", client);
	js_put_str(js, source, "ip", client);
	js_add(js, js_array(js, js_object(js, root, "host"), "ip"), json_string_nocheck(client));
	js_add(js, js_array(js, js_object(js, root, "related"), "ip"), json_string_nocheck(client));
}

/* Contacts are part of it, for two messages of one frame may each have news of a product. */
static json_t *
put_head(struct event_maker *m, struct js *js, json_t *root, const struct event_product *e, const char *client)
{
	uint64_t contacts = 0;
	char about[320];

	for (unsigned p = 0; p < PURPOSES_N; p++)
		contacts += e->purposes[p].contacts;
	snprintf(about, sizeof about, "telltale.product %s %.*s %.*s %s %" PRIu64 " %" PRIu64 " %" PRIu64, client,
	    EVENT_LABEL_MAX, e->vendor->id, EVENT_LABEL_MAX, e->product != NULL ? e->product->id : "-", e->action,
	    e->ts_ns, e->frame, contacts);
	return event_put_head(m, js, root, e->ts_ns, about);
}

char *
event_product_line(struct event_maker *m, const struct event_product *e, size_t *len)
{
	json_t *root, *event, *own, *type;
	struct js js = { 0 };
	char client[ADDR_STR_MAX];

	js_memory_begin();
	root = json_object();
	type = json_array();
	addr_str(&e->client, client);
	event = put_head(m, &js, root, e, client);
	js_put_str(&js, event, "kind", "state");
	js_add(&js, type, json_string_nocheck("info"));
	js_put(&js, event, "type", type);
	js_put_str(&js, event, "action", e->action);
	js_put_str(&js, event, "dataset", "telltale.product");
	js_put_time(&js, event, "start", e->first_ns);
	js_put_time(&js, event, "end", e->last_ns);
	put_host(&js, root, client);
	own = js_object(&js, root, "telltale");
	event_put_vendor(&js, own, e->vendor);
	event_put_product(&js, own, e->product, e->product != NULL ? e->product->category : e->vendor->category);
	js_put_str(&js, own, "presence", e->present ? "present" : "contact");
	js_put_num(&js, own, "confidence", e->confidence);
	put_inventory(&js, own, e);
	event_put_catalog(m, &js, own);
	return event_finish(m, &js, root, len);
}
