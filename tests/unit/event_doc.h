/* SPDX-License-Identifier: Apache-2.0 */
/* event_doc - an event as a line, read back as a document. */
#ifndef TESTS_EVENT_DOC_H
#define TESTS_EVENT_DOC_H

#include "unit.h"

#include <jansson.h>

#include "event_sample.h"

#define COUNT(a) (sizeof(a) / sizeof(a)[0])

static inline struct event_maker *
maker(size_t max_bytes)
{
	struct event_options o = {
		.observer_name = "span-1", .version = "0.1.0", .max_bytes = max_bytes,
		.catalog_digest = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
	};
	struct err err;
	struct event_maker *m = event_maker_new(&o, &err);

	assert_non_null(m);
	return m;
}

/* One line of at most max_bytes, as a document. */
static inline json_t *
parse(char *line, size_t len, size_t max_bytes)
{
	json_error_t e;
	json_t *root;

	assert_non_null(line);
	assert_true(len <= max_bytes);
	assert_ptr_equal(memchr(line, '\n', len), line + len - 1);
	root = json_loadb(line, len, JSON_REJECT_DUPLICATES, &e);
	if (root == NULL)
		fail_msg("%s at %d: %.*s", e.text, e.position, (int)len, line);
	free(line);
	return root;
}

static inline json_t *
made(const struct event *e, size_t max_bytes)
{
	struct event_maker *m = maker(max_bytes);
	size_t len = 0;
	char *line = event_line(m, e, &len);

	event_maker_free(&m);
	assert_null(m);
	return parse(line, len, max_bytes);
}

static inline json_t *
stats_line(size_t max_bytes, const struct event_stats *s)
{
	struct event_maker *m = maker(max_bytes);
	size_t len = 0;
	char *line = event_stats_line(m, s, &len);

	event_maker_free(&m);
	return parse(line, len, max_bytes);
}

/* A number in path is the place in a list. */
static inline json_t *
at(json_t *v, const char *path)
{
	char copy[128], *save = NULL;

	snprintf(copy, sizeof copy, "%s", path);
	for (char *key = strtok_r(copy, ".", &save); key != NULL; key = strtok_r(NULL, ".", &save))
		v = json_is_array(v) ? json_array_get(v, (size_t)atoi(key)) : json_object_get(v, key);
	return v;
}

/* The value as text; "-" when there is none. */
static inline const char *
text(json_t *root, const char *path, char out[static 1100])
{
	json_t *v = at(root, path);

	if (json_is_string(v))
		return json_string_value(v);
	if (json_is_integer(v))
		snprintf(out, 1100, "%lld", (long long)json_integer_value(v));
	else
		snprintf(out, 1100, "%s", v == NULL ? "-" : json_is_true(v) ? "true" :
		    json_is_false(v) ? "false" : "?");
	return out;
}

struct want {
	const char *path, *value;
};

static inline void
check(json_t *root, const struct want *w, size_t n)
{
	char out[1100];

	for (size_t i = 0; i < n; i++) {
		const char *have = text(root, w[i].path, out);

		if (strcmp(have, w[i].value) != 0)
			fail_msg("%s is %s, not %s", w[i].path, have, w[i].value);
	}
	json_decref(root);
}

#define WANT(...) ((const struct want[]){ __VA_ARGS__ })
#define CHECK(root, ...) check(root, WANT(__VA_ARGS__), COUNT(WANT(__VA_ARGS__)))

#endif
