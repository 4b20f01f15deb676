/* SPDX-License-Identifier: Apache-2.0 */
/* inventory_doc - the products of hosts as lines of JSON (RFC 8259), and back. */
#include "output/inventory_doc.h"

#include <inttypes.h>
#include <string.h>

#include "output/json.h"

enum { STATE_VERSION = 1, ENTRY_MAX_BYTES = 4096, LINE_MAX_BYTES = 1 << 16 };

static const char remedy[] = "remedy: correct the line, or move the file away to begin anew";

/* --- writing ------------------------------------------------------------------------ */

static bool
put_line(FILE *out, struct js *js, json_t *root)
{
	char buf[ENTRY_MAX_BYTES];
	size_t n = js->failed ? SIZE_MAX : js_dump(root, buf, sizeof buf - 1);

	json_decref(root);
	if (n >= sizeof buf)
		return false;
	buf[n] = '\n';
	return fwrite(buf, 1, n + 1, out) == n + 1;
}

bool
inventory_doc_head(FILE *out, const char *catalog_digest, uint64_t saved_ns)
{
	json_t *root = json_object();
	struct js js = { 0 };

	js_put_num(&js, root, "telltale_state", STATE_VERSION);
	js_put_str(&js, root, "catalog", catalog_digest);
	js_put_num(&js, root, "saved", saved_ns);
	return put_line(out, &js, root);
}

static void
put_purposes(struct js *js, json_t *root, const struct inventory_doc *e)
{
	json_t *purposes = js_object(js, root, "purposes");

	for (unsigned p = 0; p < PURPOSES_N && !js->failed; p++) {
		json_t *one;

		if (e->purposes[p].contacts == 0 && e->purposes[p].bytes_up == 0 && e->purposes[p].bytes_down == 0)
			continue;
		one = js_object(js, purposes, purpose_name((enum purpose)p));
		js_put_num(js, one, "contacts", e->purposes[p].contacts);
		js_put_num(js, one, "bytes_up", e->purposes[p].bytes_up);
		js_put_num(js, one, "bytes_down", e->purposes[p].bytes_down);
	}
}

bool
inventory_doc_entry(FILE *out, const struct inventory_doc *e)
{
	static const struct addr nobody;
	json_t *root = json_object();
	struct js js = { 0 };
	char text[ADDR_STR_MAX];

	js_put_str(&js, root, "client", addr_str(&e->client, text));
	if (!addr_eq(&e->server, &nobody))
		js_put_str(&js, root, "server", addr_str(&e->server, text));
	js_put_str(&js, root, "vendor", e->vendor);
	if (e->product != NULL)
		js_put_str(&js, root, "product", e->product);
	js_put_num(&js, root, "first_seen", e->first_ns);
	js_put_num(&js, root, "last_seen", e->last_ns);
	js_put_num(&js, root, "told", e->told_ns);
	js_put_str(&js, root, "strength", strength_name(e->strength));
	js_put_num(&js, root, "strong_kinds", e->strong_kinds);
	js_put_num(&js, root, "confidence", e->confidence);
	js_put_bool(&js, root, "present", e->present);
	if (e->version[0] != '\0')
		js_put_str(&js, root, "version", e->version);
	put_purposes(&js, root, e);
	return put_line(out, &js, root);
}

/* --- reading ------------------------------------------------------------------------- */

/* A line that is being read.  The first thing that is wrong is said, and stays. */
struct line {
	const char *name;
	size_t number;
	json_t *root;		/* owned */
	struct err *err;
	bool failed;
};

__attribute__((format(printf, 2, 3))) static void
wrong(struct line *l, const char *fmt, ...)
{
	char what[512];
	va_list ap;

	if (l->failed)
		return;
	va_start(ap, fmt);
	vsnprintf(what, sizeof what, fmt, ap);
	va_end(ap);
	/* What the file holds may be meant for the terminal. */
	for (char *c = what; *c != '\0'; c++)
		if (*c < ' ' || *c > '~')
			*c = '?';
	err_set(l->err, "%.300s:%zu: %s; %s", l->name, l->number, what, remedy);
	l->failed = true;
}

/* Refuses a key that nobody would read: it may be a misspelt one. */
static void
only(struct line *l, json_t *object, const char *const *keys, const char *of)
{
	const char *key;
	json_t *value;

	json_object_foreach(object, key, value) {
		const char *const *k = keys;

		while (*k != NULL && strcmp(*k, key) != 0)
			k++;
		if (*k == NULL) {
			wrong(l, "'%.64s' is nothing that %s has", key, of);
			return;
		}
	}
}

static uint64_t
take_number(struct line *l, json_t *object, const char *key, uint64_t max)
{
	json_t *v = json_object_get(object, key);

	if (v == NULL)
		wrong(l, "'%s' is missing", key);
	else if (!json_is_integer(v) || json_integer_value(v) < 0 || (uint64_t)json_integer_value(v) > max)
		wrong(l, "'%s' must be a whole number from 0 to %" PRIu64, key, max);
	return l->failed ? 0 : (uint64_t)json_integer_value(v);
}

/* A text of 1 to max printable ASCII characters; NULL when it is missing and need not be there. */
static const char *
take_text(struct line *l, const char *key, bool needed, size_t max)
{
	json_t *v = json_object_get(l->root, key);
	const char *s = json_string_value(v);

	if (v == NULL) {
		if (needed)
			wrong(l, "'%s' is missing", key);
		return NULL;
	}
	if (s == NULL || s[0] == '\0' || strlen(s) > max || json_string_length(v) != strlen(s)) {
		wrong(l, "'%s' must be a text of 1 to %zu characters", key, max);
		return NULL;
	}
	for (const char *c = s; *c != '\0'; c++)
		if (*c <= ' ' || *c > '~')
			wrong(l, "'%s' must be printable ASCII without spaces", key);
	return s;
}

static void
take_addr(struct line *l, const char *key, bool needed, struct addr *out)
{
	const char *s = take_text(l, key, needed, ADDR_STR_MAX);

	if (s != NULL && !addr_parse(s, strlen(s), out))
		wrong(l, "'%s' is no IPv4 or IPv6 address", key);
}

static enum strength
take_strength(struct line *l)
{
	const char *s = take_text(l, "strength", true, INVENTORY_DOC_ID_MAX);

	for (unsigned i = 0; s != NULL && i < STRENGTHS_N; i++)
		if (strcmp(strength_name((enum strength)i), s) == 0)
			return (enum strength)i;
	wrong(l, "'strength' must be weak, medium, strong or proof");
	return STRENGTH_WEAK;
}

static bool
take_bool(struct line *l, const char *key)
{
	json_t *v = json_object_get(l->root, key);

	if (!json_is_boolean(v))
		wrong(l, "'%s' must be true or false", key);
	return json_is_true(v);
}

static void
take_purposes(struct line *l, struct inventory_doc *e)
{
	static const char *const keys[] = { "contacts", "bytes_up", "bytes_down", NULL };
	json_t *purposes = json_object_get(l->root, "purposes"), *one;
	size_t known = 0;

	if (!json_is_object(purposes)) {
		wrong(l, "'purposes' must be an object of purposes");
		return;
	}
	for (unsigned p = 0; p < PURPOSES_N; p++) {
		one = json_object_get(purposes, purpose_name((enum purpose)p));
		if (one == NULL)
			continue;
		known++;
		only(l, one, keys, "a purpose");
		e->purposes[p].contacts = take_number(l, one, "contacts", INT64_MAX);
		e->purposes[p].bytes_up = take_number(l, one, "bytes_up", INT64_MAX);
		e->purposes[p].bytes_down = take_number(l, one, "bytes_down", INT64_MAX);
	}
	if (known != json_object_size(purposes))
		wrong(l, "'purposes' names a purpose that there is not");
}

static void
read_entry(struct line *l, struct inventory_doc *e)
{
	static const char *const keys[] = { "client", "server", "vendor", "product", "first_seen", "last_seen", "told",
		"strength", "strong_kinds", "confidence", "present", "version", "purposes", NULL };
	const char *version;

	*e = (struct inventory_doc){ 0 };
	only(l, l->root, keys, "an entry");
	take_addr(l, "client", true, &e->client);
	take_addr(l, "server", false, &e->server);
	e->vendor = take_text(l, "vendor", true, INVENTORY_DOC_ID_MAX);
	e->product = take_text(l, "product", false, INVENTORY_DOC_ID_MAX);
	e->first_ns = take_number(l, l->root, "first_seen", INT64_MAX);
	e->last_ns = take_number(l, l->root, "last_seen", INT64_MAX);
	e->told_ns = take_number(l, l->root, "told", INT64_MAX);
	if (e->last_ns < e->first_ns)
		wrong(l, "'last_seen' is before 'first_seen'");
	e->strength = take_strength(l);
	e->strong_kinds = (unsigned)take_number(l, l->root, "strong_kinds", UINT32_MAX);
	e->confidence = (unsigned)take_number(l, l->root, "confidence", 100);
	e->present = take_bool(l, "present");
	version = take_text(l, "version", false, INVENTORY_DOC_VERSION_MAX);
	if (version != NULL && !l->failed)
		memcpy(e->version, version, strlen(version) + 1);
	take_purposes(l, e);
}

static void
read_head(struct line *l)
{
	static const char *const keys[] = { "telltale_state", "catalog", "saved", NULL };

	if (json_object_get(l->root, "telltale_state") == NULL)
		wrong(l, "this is no state file: its first line must be {\"telltale_state\":%d, ...}", STATE_VERSION);
	else if (take_number(l, l->root, "telltale_state", INT64_MAX) != STATE_VERSION)
		wrong(l, "a state of another version than %d, which this program writes", STATE_VERSION);
	only(l, l->root, keys, "the first line");
	take_text(l, "catalog", true, 2 * INVENTORY_DOC_ID_MAX);
	take_number(l, l->root, "saved", INT64_MAX);
}

/* The next line of text as an object; returns its bytes, LF included. */
static size_t
parse_line(struct line *l, const char *text, size_t len)
{
	const char *lf = memchr(text, '\n', len);
	size_t n = lf != NULL ? (size_t)(lf - text) : len;
	json_error_t e;

	if (lf == NULL)
		wrong(l, "the line does not end: the file was cut short");
	else if (n > LINE_MAX_BYTES)
		wrong(l, "a line of %zu bytes; at most %d are allowed", n, LINE_MAX_BYTES);
	if (l->failed)
		return len;
	l->root = json_loadb(text, n, JSON_REJECT_DUPLICATES, &e);
	if (l->root == NULL)
		wrong(l, "no JSON: %.100s", e.text);
	else if (!json_is_object(l->root))
		wrong(l, "the line must be a JSON object");
	return n + 1;
}

int
inventory_doc_read(const char *name, const char *text, size_t len,
    void (*take)(void *arg, const struct inventory_doc *), void *arg, struct err *err)
{
	struct line l = { .name = name, .err = err };
	struct inventory_doc e;
	uint64_t latest = 0;

	if (len == 0)
		return err_set(err, "%.300s:1: the file is empty; %s", name, remedy);
	for (size_t at = 0; at < len && !l.failed;) {
		l.number++;
		at += parse_line(&l, text + at, len - at);
		if (!l.failed && l.number == 1) {
			read_head(&l);
		} else if (!l.failed) {
			read_entry(&l, &e);
			/* In another order it would take long to take in. */
			if (e.last_ns < latest)
				wrong(&l, "'last_seen' is before that of the line before it");
			latest = e.last_ns;
			if (!l.failed)
				take(arg, &e);
		}
		json_decref(l.root);
		l.root = NULL;
	}
	return l.failed ? -1 : 0;
}
