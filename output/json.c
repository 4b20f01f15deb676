/* SPDX-License-Identifier: Apache-2.0 */
/* json - JSON values (RFC 8259) from what the wire held: UTF-8 by RFC 3629, time by RFC 3339. */
#include "output/json.h"

#include <stdio.h>
#include <string.h>

static const char ellipsis[] = "\xe2\x80\xa6";
static const char upper[] = "0123456789ABCDEF";

/* --- text ------------------------------------------------------------------ */

struct text {
	char *out;
	size_t len;		/* of the text */
	size_t cost;		/* of the text in JSON */
	size_t mark;		/* where the text ends when the ellipsis has to follow */
	size_t max;
};

/* One character of RFC 3629; or false, and the one byte that begins none. */
static bool
take_char(struct rd *r, uint32_t *cp)
{
	uint8_t lead = rd_u8(r);
	unsigned more = lead < 0xe0 ? 1 : lead < 0xf0 ? 2 : 3;
	struct rd rest = rd_fork(r);
	uint32_t c;

	*cp = lead;
	if (lead < 0x80)
		return true;
	if (lead < 0xc2 || lead > 0xf4)
		return false;
	c = lead & (0x3fu >> more);
	for (unsigned i = 0; i < more; i++) {
		uint8_t b = rd_u8(&rest);

		if ((b & 0xc0) != 0x80)
			return false;
		c = c << 6 | (b & 0x3fu);
	}
	if ((more == 2 && (c < 0x800 || (c >= 0xd800 && c <= 0xdfff))) ||
	    (more == 3 && (c < 0x10000 || c > 0x10ffff)))
		return false;
	rd_skip(r, more);
	*cp = c;
	return true;
}

/* Characters of 1 to 4 bytes; returns how many. */
static unsigned
utf8(uint32_t cp, uint8_t out[static 4])
{
	unsigned n = cp < 0x80 ? 1 : cp < 0x800 ? 2 : cp < 0x10000 ? 3 : 4;
	static const uint8_t lead[5] = { 0, 0, 0xc0, 0xe0, 0xf0 };

	for (unsigned i = n - 1; i > 0; i--, cp >>= 6)
		out[i] = (uint8_t)(0x80 | (cp & 0x3f));
	out[0] = (uint8_t)(lead[n] | cp);
	return n;
}

/* What moves the cursor, ends the line or turns the writing of a terminal or a log viewer. */
static bool
harmful(uint32_t cp)
{
	return cp < 0x20 || (cp >= 0x7f && cp <= 0x9f) || cp == 0x61c || cp == 0x200e || cp == 0x200f ||
	    (cp >= 0x2028 && cp <= 0x202e) || (cp >= 0x2066 && cp <= 0x2069) || cp == 0xfeff;
}

static bool
is_hex(uint8_t c)
{
	return (c >= '0' && c <= '9') || ((c | 0x20) >= 'a' && (c | 0x20) <= 'f');
}

static bool
reads_as_escape(const struct rd *after)
{
	struct rd look = rd_fork(after);
	bool x = rd_u8(&look) == 'x', high = is_hex(rd_u8(&look)), low = is_hex(rd_u8(&look));

	return x && high && low;
}

/* false: it does not fit, and nothing was written. */
static bool
put(struct text *t, const char *bytes, size_t n, size_t cost)
{
	if (t->cost + cost > t->max)
		return false;
	memcpy(t->out + t->len, bytes, n);
	t->len += n;
	t->cost += cost;
	if (t->cost + sizeof ellipsis - 1 <= t->max)
		t->mark = t->len;
	return true;
}

static bool
put_escaped(struct text *t, const uint8_t *bytes, unsigned n)
{
	char out[4 * 4];

	for (unsigned i = 0; i < n; i++) {
		out[4 * i] = '\\';
		out[4 * i + 1] = 'x';
		out[4 * i + 2] = upper[bytes[i] >> 4];
		out[4 * i + 3] = upper[bytes[i] & 15];
	}
	return put(t, out, 4 * n, 5 * n);
}

static bool
put_next(struct text *t, struct rd *r)
{
	uint32_t cp;
	uint8_t bytes[4];
	bool valid = take_char(r, &cp);
	unsigned n;

	if (!valid)
		return put_escaped(t, &(uint8_t){ (uint8_t)cp }, 1);
	n = utf8(cp, bytes);
	if (harmful(cp) || (cp == '\\' && reads_as_escape(r)))
		return put_escaped(t, bytes, n);
	return put(t, (const char *)bytes, n, n + (cp == '"' || cp == '\\'));
}

size_t
js_escape(struct span in, size_t max, char out[static JS_TEXT_MAX])
{
	struct text t = { .out = out, .max = max };
	struct rd r = rd_closed(in.p, in.len);

	while (rd_more(&r)) {
		if (!put_next(&t, &r)) {
			memcpy(out + t.mark, ellipsis, sizeof ellipsis - 1);
			return t.mark + sizeof ellipsis - 1;
		}
	}
	return t.len;
}

json_t *
js_string(struct span s, size_t max)
{
	char text[JS_TEXT_MAX];
	size_t len = js_escape(s, max, text);

	return json_stringn_nocheck(text, len);
}

json_t *
js_hex(struct span s, size_t n)
{
	enum { BYTES_MAX = 256 };
	char text[4 + 2 * BYTES_MAX + sizeof ellipsis] = "hex:";
	struct rd r = rd_closed(s.p, s.len);
	size_t len = 4;

	for (n = n < BYTES_MAX ? n : BYTES_MAX; n > 0 && rd_more(&r); n--) {
		uint8_t b = rd_u8(&r);

		text[len++] = upper[b >> 4];
		text[len++] = upper[b & 15];
	}
	if (rd_more(&r)) {
		memcpy(text + len, ellipsis, sizeof ellipsis - 1);
		len += sizeof ellipsis - 1;
	}
	return json_stringn_nocheck(text, len);
}

/* --- time ------------------------------------------------------------------ */

/* Days since 1970-01-01 to the proleptic Gregorian calendar, years counted from March. */
static void
civil(int64_t days, int64_t *year, unsigned *month, unsigned *day)
{
	int64_t z = days + 719468, era = (z >= 0 ? z : z - 146096) / 146097;
	unsigned doe = (unsigned)(z - era * 146097);
	unsigned yoe = (doe - doe / 1460 + doe / 36524 - doe / 146096) / 365;
	unsigned doy = doe - (365 * yoe + yoe / 4 - yoe / 100);
	unsigned mp = (5 * doy + 2) / 153;

	*day = doy - (153 * mp + 2) / 5 + 1;
	*month = mp < 10 ? mp + 3 : mp - 9;
	*year = (int64_t)yoe + era * 400 + (*month <= 2);
}

static char *
digits(char *out, unsigned n, uint64_t v, char after)
{
	for (unsigned i = n; i > 0; i--, v /= 10)
		out[i - 1] = (char)('0' + v % 10);
	out[n] = after;
	return out + n + 1;
}

/* "2026-11-25T02:22:33", then after; NULL when the year does not have four digits. */
static char *
put_seconds(int64_t seconds, char after, char *out)
{
	/* Years 0 to 9999. */
	static const int64_t least = -62167219200, most = 253402300799;
	unsigned month, day, s;
	int64_t year, days;

	if (seconds < least || seconds > most)
		return NULL;
	days = (seconds - (seconds < 0 ? 86399 : 0)) / 86400;
	s = (unsigned)(seconds - days * 86400);
	civil(days, &year, &month, &day);
	out = digits(out, 4, (uint64_t)year, '-');
	out = digits(out, 2, month, '-');
	out = digits(out, 2, day, 'T');
	out = digits(out, 2, s / 3600, ':');
	out = digits(out, 2, s / 60 % 60, ':');
	return digits(out, 2, s % 60, after);
}

const char *
js_time_text(uint64_t ns, char out[static JS_TIME_MAX])
{
	/* 64 bits of nanoseconds end in the year 2554. */
	char *p = put_seconds((int64_t)(ns / 1000000000), '.', out);
	uint64_t fraction = ns % 1000000000;

	p = fraction % 1000 == 0 ? digits(p, 6, fraction / 1000, 'Z') : digits(p, 9, fraction, 'Z');
	*p = '\0';
	return out;
}

const char *
js_seconds_text(int64_t seconds, char out[static JS_TIME_MAX])
{
	char *p = put_seconds(seconds, 'Z', out);

	*(p != NULL ? p : out) = '\0';
	return out;
}

/* --- building -------------------------------------------------------------- */

void
js_put(struct js *js, json_t *object, const char *key, json_t *value)
{
	/* Takes value even when it fails, and fails when either is NULL. */
	if (json_object_set_new_nocheck(object, key, value) != 0)
		js->failed = true;
}

void
js_add(struct js *js, json_t *array, json_t *value)
{
	if (json_array_append_new(array, value) != 0)
		js->failed = true;
}

json_t *
js_object(struct js *js, json_t *object, const char *key)
{
	json_t *child = json_object_get(object, key);

	if (child != NULL)
		return child;
	child = json_object();
	js_put(js, object, key, child);
	return js->failed ? NULL : child;
}

json_t *
js_array(struct js *js, json_t *object, const char *key)
{
	json_t *child = json_object_get(object, key);

	if (child != NULL)
		return child;
	child = json_array();
	js_put(js, object, key, child);
	return js->failed ? NULL : child;
}

void
js_put_text(struct js *js, json_t *object, const char *key, struct span s, size_t max)
{
	js_put(js, object, key, js_string(s, max));
}

void
js_put_str(struct js *js, json_t *object, const char *key, const char *s)
{
	js_put(js, object, key, json_string_nocheck(s));
}

void
js_put_num(struct js *js, json_t *object, const char *key, uint64_t v)
{
	js_put(js, object, key, json_integer(v < INT64_MAX ? (json_int_t)v : INT64_MAX));
}

void
js_put_bool(struct js *js, json_t *object, const char *key, bool v)
{
	js_put(js, object, key, json_boolean(v));
}

void
js_put_time(struct js *js, json_t *object, const char *key, uint64_t ns)
{
	char text[JS_TIME_MAX];

	js_put_str(js, object, key, js_time_text(ns, text));
}

/* --- writing ----------------------------------------------------------------- */

/*
 * jansson's own writer looks for loops with a hash table and formats with
 * printf: it took two thirds of the time of an event.
 */
struct dump {
	char *p, *end;
	bool full;		/* something did not fit */
};

struct level {
	json_t *value;		/* borrowed: an object or an array */
	void *member;		/* of an object: the next one */
	size_t item;		/* of an array: the next one */
	bool any;
};

static void
write_bytes(struct dump *d, const char *bytes, size_t n)
{
	if (d->full || n > (size_t)(d->end - d->p)) {
		d->full = true;
		return;
	}
	memcpy(d->p, bytes, n);
	d->p += n;
}

static void
write_char(struct dump *d, char c)
{
	write_bytes(d, &c, 1);
}

static void
write_special(struct dump *d, unsigned char c)
{
	char escape[8];

	if (c == '"' || c == '\\')
		snprintf(escape, sizeof escape, "\\%c", c);
	else
		snprintf(escape, sizeof escape, "\\u%04x", c);
	write_bytes(d, escape, strlen(escape));
}

static void
write_string(struct dump *d, const char *text, size_t len)
{
	size_t start = 0;

	write_char(d, '"');
	for (size_t i = 0; i < len; i++) {
		unsigned char c = (unsigned char)text[i];

		if (c >= 0x20 && c != '"' && c != '\\')
			continue;
		write_bytes(d, text + start, i - start);
		write_special(d, c);
		start = i + 1;
	}
	write_bytes(d, text + start, len - start);
	write_char(d, '"');
}

static void
write_integer(struct dump *d, json_int_t v)
{
	uint64_t u = v < 0 ? 0 - (uint64_t)v : (uint64_t)v;
	char text[24], *p = text + sizeof text;

	do
		*--p = (char)('0' + u % 10);
	while ((u /= 10) > 0);
	if (v < 0)
		*--p = '-';
	write_bytes(d, p, (size_t)(text + sizeof text - p));
}

static void
write_scalar(struct dump *d, const json_t *v)
{
	switch (json_typeof(v)) {
	case JSON_STRING:
		write_string(d, json_string_value(v), json_string_length(v));
		break;
	case JSON_INTEGER:
		write_integer(d, json_integer_value(v));
		break;
	case JSON_TRUE:
		write_bytes(d, "true", 4);
		break;
	case JSON_FALSE:
		write_bytes(d, "false", 5);
		break;
	default:
		write_bytes(d, "null", 4);
		break;
	}
}

static struct level
enter(struct dump *d, json_t *value)
{
	write_char(d, json_is_object(value) ? '{' : '[');
	return (struct level){ .value = value, .member = json_object_iter(value) };
}

/* The next value of a level, its name written; NULL when it has ended. */
static json_t *
next_value(struct dump *d, struct level *l)
{
	bool object = json_is_object(l->value);
	json_t *v = object ? json_object_iter_value(l->member) : json_array_get(l->value, l->item++);

	if (v == NULL) {
		write_char(d, object ? '}' : ']');
		return NULL;
	}
	if (l->any)
		write_char(d, ',');
	l->any = true;
	if (object) {
		write_string(d, json_object_iter_key(l->member), json_object_iter_key_len(l->member));
		write_char(d, ':');
		l->member = json_object_iter_next(l->value, l->member);
	}
	return v;
}

size_t
js_dump(json_t *root, char *buf, size_t max)
{
	struct dump d = { buf, buf + max, false };
	struct level levels[JS_DEPTH_MAX];
	unsigned depth = 0;

	if (!json_is_object(root) && !json_is_array(root))
		return SIZE_MAX;
	levels[depth++] = enter(&d, root);
	while (depth > 0 && !d.full) {
		json_t *v = next_value(&d, &levels[depth - 1]);

		if (v == NULL)
			depth--;
		else if (!json_is_object(v) && !json_is_array(v))
			write_scalar(&d, v);
		else if (depth < JS_DEPTH_MAX)
			levels[depth++] = enter(&d, v);
		else
			d.full = true;
	}
	return d.full ? SIZE_MAX : (size_t)(d.p - buf);
}
