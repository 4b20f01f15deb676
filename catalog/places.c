/* SPDX-License-Identifier: Apache-2.0 */
/* places - positions of keys and values in YAML 1.1; the one file with libyaml. */
#include "catalog/places.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include <yaml.h>

#include "catalog/load.h"

struct places {
	struct place *v;	/* v[0] is the root */
	unsigned n, room;
};

/* A mapping or sequence that is being read. */
struct frame {
	unsigned place;
	bool mapping, have_key;
	char key[PLACES_KEY_LEN + 1];
	yaml_mark_t key_mark;
};

struct reader {
	struct places *places;
	const char *file, *text;
	struct err *err;
	struct frame stack[PLACES_DEPTH];
	unsigned depth, documents;
};

static int
refuse_at(const struct reader *r, const yaml_mark_t *mark, const char *what)
{
	return refuse(r->err, r->file, (unsigned)mark->line + 1, (unsigned)mark->column + 1, "%s", what);
}

static struct place *
place_new(struct reader *r, const yaml_mark_t *mark)
{
	struct places *p = r->places;

	if (p->n == p->room) {
		unsigned room = p->room > 0 ? 2 * p->room : 256;
		struct place *v = p->n < PLACES_MAX ? realloc(p->v, room * sizeof *v) : NULL;

		if (v == NULL) {
			refuse_at(r, mark, "too much for one file; expected fewer values");
			return NULL;
		}
		p->v = v;
		p->room = room;
	}
	p->v[p->n] = (struct place){ .line = (unsigned)mark->line + 1, .column = (unsigned)mark->column + 1 };
	return &p->v[p->n++];
}

static void
place_link(struct places *p, unsigned parent, unsigned child)
{
	struct place *up = &p->v[parent];

	p->v[child].parent = parent;
	if (up->children++ == 0)
		up->first = child;
	else
		p->v[up->last].next = child;
	up->last = child;
}

/* The value that begins at mark; its number, or -1. */
static int
add_value(struct reader *r, const yaml_mark_t *mark)
{
	struct place *place = place_new(r, mark);
	struct frame *up = r->depth > 0 ? &r->stack[r->depth - 1] : NULL;

	if (place == NULL)
		return -1;
	place->key_line = place->line;
	place->key_column = place->column;
	if (up == NULL)
		return 0;
	if (up->mapping) {
		place->key_line = (unsigned)up->key_mark.line + 1;
		place->key_column = (unsigned)up->key_mark.column + 1;
		memcpy(place->key, up->key, sizeof place->key);
		up->have_key = false;
	}
	place_link(r->places, up->place, r->places->n - 1);
	return (int)(r->places->n - 1);
}

static int
take_key(struct reader *r, struct frame *f, const yaml_event_t *e)
{
	const struct place *map = &r->places->v[f->place];

	if (e->data.scalar.length > PLACES_KEY_LEN)
		return refuse_at(r, &e->start_mark, "a key of more than 31 bytes; no key is that long");
	memcpy(f->key, e->data.scalar.value, e->data.scalar.length);
	f->key[e->data.scalar.length] = '\0';
	if (places_key(r->places, map, f->key) != NULL)
		return refuse(r->err, r->file, (unsigned)e->start_mark.line + 1,
		    (unsigned)e->start_mark.column + 1, "\"%s\" is given twice; expected once", f->key);
	if (map->children >= PLACES_KEYS)
		return refuse_at(r, &e->start_mark, "too many keys in one mapping");
	f->key_mark = e->start_mark;
	f->have_key = true;
	return 0;
}

static int
on_scalar(struct reader *r, const yaml_event_t *e)
{
	struct frame *up = r->depth > 0 ? &r->stack[r->depth - 1] : NULL;

	if (e->data.scalar.anchor != NULL || e->data.scalar.tag != NULL)
		return refuse_at(
		    r, &e->start_mark, "anchors and tags are not used here; expected plain text");
	if (memchr(e->data.scalar.value, 0, e->data.scalar.length) != NULL)
		return refuse_at(r, &e->start_mark, "a NUL character; expected text without one");
	if (up == NULL)
		return refuse_at(r, &e->start_mark, "not a mapping; expected \"vendor: ...\"");
	if (up->mapping && !up->have_key)
		return take_key(r, up, e);
	return add_value(r, &e->start_mark) < 0 ? -1 : 0;
}

static int
on_collection(struct reader *r, const yaml_event_t *e, bool mapping)
{
	const struct frame *up = r->depth > 0 ? &r->stack[r->depth - 1] : NULL;
	const yaml_char_t *anchor = mapping ? e->data.mapping_start.anchor : e->data.sequence_start.anchor;
	const yaml_char_t *tag = mapping ? e->data.mapping_start.tag : e->data.sequence_start.tag;
	int place;

	if (anchor != NULL || tag != NULL)
		return refuse_at(r, &e->start_mark, "anchors and tags are not used here");
	if (up == NULL && !mapping)
		return refuse_at(r, &e->start_mark, "not a mapping; expected \"vendor: ...\"");
	if (up != NULL && up->mapping && !up->have_key)
		return refuse_at(r, &e->start_mark, "a key that is not text; expected a word");
	if (r->depth == PLACES_DEPTH)
		return refuse_at(r, &e->start_mark, "nested too deep");
	if ((place = add_value(r, &e->start_mark)) < 0)
		return -1;
	r->stack[r->depth++] = (struct frame){ .place = (unsigned)place, .mapping = mapping };
	return 0;
}

static int
on_event(struct reader *r, const yaml_event_t *e)
{
	switch (e->type) {
	case YAML_DOCUMENT_START_EVENT:
		if (r->documents++ > 0)
			return refuse_at(r, &e->start_mark, "a second document; expected one a file");
		return 0;
	case YAML_ALIAS_EVENT:
		return refuse_at(r, &e->start_mark, "aliases are not used here; expected the value itself");
	case YAML_SCALAR_EVENT:
		return on_scalar(r, e);
	case YAML_MAPPING_START_EVENT:
		return on_collection(r, e, true);
	case YAML_SEQUENCE_START_EVENT:
		return on_collection(r, e, false);
	case YAML_MAPPING_END_EVENT:
	case YAML_SEQUENCE_END_EVENT:
		r->depth--;
		return 0;
	default:
		return 0;
	}
}

/* The byte reader knows an offset where the scanner and parser know a mark. */
static int
refuse_syntax(const struct reader *r, const yaml_parser_t *parser)
{
	const char *what = parser->problem != NULL ? parser->problem : "cannot be read";
	unsigned line = 1, column = 1;

	if (parser->error != YAML_READER_ERROR)
		return refuse_at(r, &parser->problem_mark, what);
	for (size_t i = 0; i < parser->problem_offset; i++) {
		column = r->text[i] == '\n' ? 1 : column + 1;
		line += r->text[i] == '\n';
	}
	return refuse(r->err, r->file, line, column, "%s; expected UTF-8", what);
}

static int
read_events(struct reader *r, yaml_parser_t *parser)
{
	bool end = false;

	while (!end) {
		yaml_event_t event;
		int rc;

		if (!yaml_parser_parse(parser, &event))
			return refuse_syntax(r, parser);
		rc = on_event(r, &event);
		end = event.type == YAML_STREAM_END_EVENT;
		yaml_event_delete(&event);
		if (rc != 0)
			return -1;
	}
	if (r->places->n == 0)
		return refuse(r->err, r->file, 1, 1, "the file is empty; expected \"vendor: ...\"");
	return 0;
}

struct places *
places_read(const char *file, const char *text, size_t len, struct err *err)
{
	struct reader r = { .file = file, .text = text, .err = err };
	yaml_parser_t parser;
	int rc;

	r.places = calloc(1, sizeof *r.places);
	if (r.places == NULL || !yaml_parser_initialize(&parser)) {
		err_set(err, "%s: out of memory", file);
		free(r.places);
		return NULL;
	}
	yaml_parser_set_input_string(&parser, (const unsigned char *)(len > 0 ? text : ""), len);
	rc = read_events(&r, &parser);
	yaml_parser_delete(&parser);
	if (rc != 0)
		places_free(&r.places);
	return r.places;
}

void
places_free(struct places **p)
{
	if (*p != NULL)
		free((*p)->v);
	free(*p);
	*p = NULL;
}

const struct place *
places_root(const struct places *p)
{
	return &p->v[0];
}

const struct place *
places_key(const struct places *p, const struct place *parent, const char *key)
{
	for (unsigned i = parent != NULL ? parent->first : 0; i != 0; i = p->v[i].next)
		if (strcmp(p->v[i].key, key) == 0)
			return &p->v[i];
	return NULL;
}

const struct place *
places_item(const struct places *p, const struct place *parent, unsigned item)
{
	unsigned i = parent != NULL ? parent->first : 0;

	while (i != 0 && item-- > 0)
		i = p->v[i].next;
	return i != 0 ? &p->v[i] : NULL;
}

const struct place *
places_after(const struct places *p, unsigned line, unsigned column, const char *key)
{
	for (unsigned i = 1; i < p->n; i++) {
		const struct place *at = &p->v[i];
		bool later = at->key_line > line || (at->key_line == line && at->key_column >= column);

		if (later && strcmp(at->key, key) == 0)
			return at;
	}
	return NULL;
}

const struct place *
places_parent(const struct places *p, const struct place *at)
{
	return at != &p->v[0] ? &p->v[at->parent] : NULL;
}
