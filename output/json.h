/* SPDX-License-Identifier: Apache-2.0 */
/*
 * json - JSON values (RFC 8259) from what the wire held, safe to print.
 *
 * Text becomes valid UTF-8 without control characters: a byte that is no UTF-8
 * and every byte of a control character, of a line separator or of a character
 * that turns the direction of writing stands as \xNN.  A backslash that would
 * read as one of these stands as \x5C itself, so what was on the wire can be
 * told from the text.  Text is cut between characters, and an ellipsis says so.
 *
 * A failure (memory) is sticky: whoever builds asks once, at the end.  Values
 * may then be NULL; every function here accepts that.
 */
#ifndef OUTPUT_JSON_H
#define OUTPUT_JSON_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <jansson.h>

#include "core/rd.h"

/* Bytes of a text in the document, escapes of JSON included, quotes not. */
enum { JS_TEXT_MAX = 1024, JS_TEXT_MIN = 8 };
enum { JS_TIME_MAX = 40, JS_DEPTH_MAX = 16 };

struct js {
	bool failed;
};

/*
 * Documents that are made between begin and end, and given back before end, take
 * their memory from a stack of the thread, or from malloc when that is full.  To
 * be set up once, before the first document.
 */
void js_memory_set_up(void);
void js_memory_begin(void);
void js_memory_end(void);

/* Safe text of in, whose JSON takes at most max bytes (JS_TEXT_MIN..JS_TEXT_MAX); returns its length. */
size_t js_escape(struct span in, size_t max, char out[static JS_TEXT_MAX]);

/* A string value; the caller owns it. */
json_t *js_string(struct span, size_t max);

/* "hex:" and the bytes in hexadecimal, n of them at most; the caller owns it. */
json_t *js_hex(struct span, size_t n);

/* RFC 3339 UTC: 6 digits of a second, 9 when they are needed; returns out. */
const char *js_time_text(uint64_t ns, char out[static JS_TIME_MAX]);

/* Whole seconds; "" when the year does not have four digits. */
const char *js_seconds_text(int64_t seconds, char out[static JS_TIME_MAX]);

/* value is taken. */
void js_put(struct js *, json_t *object, const char *key, json_t *value);
void js_add(struct js *, json_t *array, json_t *value);

/* The object or array of that name, made when there is none; borrowed from object. */
json_t *js_object(struct js *, json_t *object, const char *key);
json_t *js_array(struct js *, json_t *object, const char *key);

void js_put_text(struct js *, json_t *object, const char *key, struct span, size_t max);
/* A text of ours: ASCII that is kept as it is. */
void js_put_str(struct js *, json_t *object, const char *key, const char *);
void js_put_num(struct js *, json_t *object, const char *key, uint64_t);	/* at most 2^63 - 1 */
void js_put_bool(struct js *, json_t *object, const char *key, bool);
void js_put_time(struct js *, json_t *object, const char *key, uint64_t ns);

/*
 * The document without spaces, in buf, which has room for max bytes; returns its
 * length, or SIZE_MAX when it is longer or nests deeper than JS_DEPTH_MAX.
 */
size_t js_dump(json_t *root, char *buf, size_t max);

#endif
