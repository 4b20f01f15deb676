/* SPDX-License-Identifier: Apache-2.0 */
/* event_fit - what is left out first when a line would be too long. */
#include <string.h>

#include "output/event_part.h"

/* What to do with a field: leave it out, keep so many of its items, or so many bytes of its text. */
enum how { LEAVE_OUT, KEEP_ITEMS, KEEP_BYTES, KEEP_BYTES_EACH };

struct cut {
	const char *path;
	enum how how;
	size_t keep;
	const char *key;	/* of KEEP_BYTES_EACH: the text in every item */
};

/*
 * THE ORDER.  First what repeats or details something, last what a reader needs
 * to know what the event is about: addresses, ports, vendor, product, purpose.
 */
static const struct cut cuts[] = {
	{ .path = "related" },
	{ .path = "tls.server.x509" },
	{ .path = "telltale.others" },
	{ .path = "telltale.app.fields" },
	{ .path = "url.query" },
	{ .path = "user_agent" },
	{ .path = "dns.answers" },
	{ .path = "telltale.ndpi" },
	{ .path = "telltale.evidence", .how = KEEP_ITEMS, .keep = 4 },
	{ .path = "url.path", .how = KEEP_BYTES, .keep = 256 },
	{ .path = "http.request.referrer" },
	{ .path = "telltale.http" },
	{ .path = "tls.server" },
	{ .path = "telltale.tls" },
	{ .path = "dns.resolved_ip" },
	{ .path = "telltale.evidence", .how = KEEP_BYTES_EACH, .keep = 128, .key = "value" },
	{ .path = "telltale.geo.databases" },
	{ .path = "telltale.traffic" },
	{ .path = "http" },
	{ .path = "url" },
	{ .path = "telltale.evidence", .how = KEEP_ITEMS, .keep = 1 },
	{ .path = "tls" },
	{ .path = "dns" },
	{ .path = "source.as" },
	{ .path = "destination.as" },
	{ .path = "telltale.geo" },
	{ .path = "destination.domain" },
	{ .path = "telltale.evidence" },
	{ .path = "telltale.versions_told" },
	{ .path = "telltale.name" },
	{ .path = "telltale.app" },
	{ .path = "telltale.quic" },
	{ .path = "destination.address", .how = KEEP_BYTES, .keep = 64 },
	{ .path = "file.name", .how = KEEP_BYTES, .keep = 64 },
	{ .path = "telltale.flow.lost" },
	{ .path = "telltale.catalog" },
	{ .path = "telltale.inventory.purposes" },
	{ .path = "telltale.product.name" },
	{ .path = "telltale.vendor.name" },
	{ .path = "network.inner" },
	{ .path = "network.vlan" },
};

/* The object that holds the last name of path; *key is that name.  NULL when there is none. */
static json_t *
holder(json_t *object, const char *path, const char **key)
{
	const char *dot;

	for (; (dot = strchr(path, '.')) != NULL; path = dot + 1)
		object = json_object_getn(object, path, (size_t)(dot - path));
	*key = path;
	return object;
}

/* At most keep bytes of safe text and an ellipsis; false when it is short enough already. */
static bool
shorten(json_t *string, size_t keep)
{
	static const char ellipsis[] = "\xe2\x80\xa6";
	const char *text = json_string_value(string);
	char cut[JS_TEXT_MAX];

	if (text == NULL || json_string_length(string) <= keep || keep > sizeof cut - sizeof ellipsis)
		return false;
	while (keep > 0 && ((unsigned char)text[keep] & 0xc0) == 0x80)
		keep--;
	memcpy(cut, text, keep);
	memcpy(cut + keep, ellipsis, sizeof ellipsis - 1);
	return json_string_setn_nocheck(string, cut, keep + sizeof ellipsis - 1) == 0;
}

static bool
shorten_each(json_t *array, const char *key, size_t keep)
{
	bool any = false;
	json_t *item;
	size_t i;

	json_array_foreach(array, i, item)
		any |= shorten(json_object_get(item, key), keep);
	return any;
}

static bool
keep_items(json_t *array, size_t keep)
{
	bool any = false;

	while (json_array_size(array) > keep && json_array_remove(array, json_array_size(array) - 1) == 0)
		any = true;
	return any;
}

/* false: there was nothing of it. */
static bool
apply(json_t *root, const struct cut *c)
{
	const char *key;
	json_t *object = holder(root, c->path, &key), *value = json_object_get(object, key);

	if (value == NULL)
		return false;
	switch (c->how) {
	case KEEP_ITEMS: return keep_items(value, c->keep);
	case KEEP_BYTES: return shorten(value, c->keep);
	case KEEP_BYTES_EACH: return shorten_each(value, c->key, c->keep);
	case LEAVE_OUT:
	default: return json_object_del(object, key) == 0;
	}
}

/* Is path the field itself or something inside of it? */
static bool
inside(const char *path, const char *field)
{
	size_t n = strlen(field);

	return strncmp(path, field, n) == 0 && (path[n] == '\0' || path[n] == '.');
}

/* A field that is gone says as much as all that was inside of it. */
static void
tell(struct js *js, json_t *root, const char *path)
{
	json_t *list = js_array(js, js_object(js, root, "telltale"), "elided");

	for (size_t i = json_array_size(list); i-- > 0;)
		if (inside(json_string_value(json_array_get(list, i)), path))
			json_array_remove(list, i);
	js_add(js, list, json_string_nocheck(path));
}

/* A group of counters, the last first; the plain ones are few and stay.  false: no group is left. */
static bool
drop_counters(struct js *js, json_t *root)
{
	json_t *stats = json_object_get(json_object_get(root, "telltale"), "stats"), *value;
	const char *key, *last = NULL;
	char path[sizeof "telltale.stats." + EVENT_LABEL_MAX] = "telltale.stats.";
	size_t n = strlen(path), len;

	json_object_foreach(stats, key, value)
		if (json_is_object(value) && strlen(key) < EVENT_LABEL_MAX)
			last = key;
	if (last == NULL)
		return false;
	len = strlen(last);
	memcpy(path + n, last, len + 1);
	json_object_del(stats, path + n);
	tell(js, root, path);
	return true;
}

size_t
event_fit(struct js *js, json_t *root, char *buf, size_t max)
{
	size_t len = js_dump(root, buf, max);

	for (size_t i = 0; len > max && i < sizeof cuts / sizeof cuts[0]; i++) {
		if (!apply(root, &cuts[i]))
			continue;
		tell(js, root, cuts[i].path);
		len = js_dump(root, buf, max);
	}
	while (len > max && drop_counters(js, root))
		len = js_dump(root, buf, max);
	return len <= max && !js->failed ? len : 0;
}
