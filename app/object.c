/* SPDX-License-Identifier: Apache-2.0 */
/* object - bodies of update answers are summed up while they pass. */
#include "app/object.h"

#include <stdlib.h>

#include "app/inspect.h"
#include "dissectors/filetype.h"

static struct object *
object_get(struct worker *w)
{
	struct object *o = w->free_objects;

	if (o != NULL) {
		w->free_objects = o->next;
	} else if (w->n_objects == OBJECTS_MAX || (o = calloc(1, sizeof *o)) == NULL) {
		w->no_object++;
		return NULL;
	} else if ((o->sum = crypto_sum_new()) == NULL) {
		free(o);
		w->no_object++;
		return NULL;
	} else {
		w->n_objects++;
	}
	o->size = o->n_head = 0;
	o->whole = true;
	crypto_sum_begin(w->crypto, o->sum);
	return o;
}

static void
object_put(struct worker *w, struct inspection *in)
{
	in->object->next = w->free_objects;
	w->free_objects = in->object;
	in->object = NULL;
}

void
objects_free(struct worker *w)
{
	while (w->free_objects != NULL) {
		struct object *o = w->free_objects;

		w->free_objects = o->next;
		crypto_sum_free(&o->sum);
		free(o);
	}
}

/* --- what is told of it -------------------------------------------------------------- */

static const struct observation *
fact(const struct dossier *d, enum obs_kind kind)
{
	const struct observation *found = NULL;

	for (const struct fact *f = d->facts; f != NULL; f = f->next)
		if (f->obs.kind == kind)
			found = &f->obs;
	return found;
}

/* What stands after the last slash of the path. */
static struct span
name_of(const struct observation *path)
{
	struct rd r = path != NULL ? rd_closed(path->value.p, path->value.len) : rd_closed(NULL, 0);
	struct rd name = rd_fork(&r);

	while (rd_more(&r))
		if (rd_u8(&r) == '/')
			name = rd_fork(&r);
	return rd_span(&name, rd_left(&name));
}

/* By the templates of what was recognised, first of the name, then of the first bytes. */
static struct span
version_of(const struct dossier *d, struct span name, struct span head)
{
	const struct span texts[2] = { name, head };

	for (unsigned t = 0; t < 2; t++) {
		for (unsigned i = 0; i < d->n_now; i++) {
			const struct signal *s = d->now[i].signal;

			for (unsigned k = 0; s != NULL && k < s->n_versions; k++) {
				struct span v = version_find(s->versions[k], texts[t]);

				if (v.len > 0)
					return v;
			}
		}
	}
	return (struct span){ 0 };
}

static void
object_tell(struct worker *w, struct flow_hit *hit, struct inspection *in, uint64_t frame, uint64_t ts_ns)
{
	struct object *o = in->object;
	struct attribution found[EVIDENCE_MAX];
	struct event_object e = { .size = o->size, .whole = o->whole };
	struct span head = { o->head, o->n_head };
	char sum[2 * DIGEST_MAX + 1];

	crypto_sum_end(o->sum, sum);
	e.name = name_of(fact(in->dossier, OBS_HTTP_PATH));
	e.type = filetype(head);
	e.version = version_of(in->dossier, e.name, head);
	e.sha256 = o->whole && o->size > 0 ? sum : NULL;
	if (attribute(in->dossier->now, in->dossier->n_now, found, EVIDENCE_MAX) > 0)
		emit_object(w, hit->flow, hit->conv, in, &found[0], &e, frame, ts_ns);
	object_put(w, in);
}

/* --- while it passes ------------------------------------------------------------------ */

static void
keep_head(struct object *o, struct span bytes)
{
	struct rd r = rd_closed(bytes.p, bytes.len);
	size_t room = OBJECT_HEAD - o->n_head, n = bytes.len < room ? bytes.len : room;

	if (rd_copy(&r, o->head + o->n_head, n))
		o->n_head = (uint16_t)(o->n_head + n);
}

/* An error page is no update, and of a part the digest says nothing. */
static bool
is_object(const struct dossier *d, bool *part)
{
	const struct observation *status = fact(d, OBS_HTTP_STATUS);

	*part = status != NULL && status->num == 206;
	return status != NULL && (status->num == 200 || *part);
}

void
object_piece(struct worker *w, struct flow_hit *hit, struct inspection *in, const struct body_piece *piece, bool gap,
    uint64_t frame, uint64_t ts_ns)
{
	bool part = false;

	if (piece->first) {
		object_break(w, hit, in, frame, ts_ns);
		if (in->dossier == NULL || !is_object(in->dossier, &part) || (in->object = object_get(w)) == NULL)
			return;
		in->object->whole = !part;
	}
	if (in->object == NULL)
		return;
	in->object->whole &= !gap || piece->first;
	in->object->size += piece->bytes.len;
	keep_head(in->object, piece->bytes);
	crypto_sum_add(in->object->sum, piece->bytes);
	if (piece->last)
		object_tell(w, hit, in, frame, ts_ns);
}

void
object_break(struct worker *w, struct flow_hit *hit, struct inspection *in, uint64_t frame, uint64_t ts_ns)
{
	if (in->object == NULL)
		return;
	in->object->whole = false;
	object_tell(w, hit, in, frame, ts_ns);
}
