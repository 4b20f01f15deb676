/* SPDX-License-Identifier: Apache-2.0 */
/* dossier - facts of the latest exchange and evidence of all, in two arenas. */
#include "app/dossier.h"

#include <string.h>

void
dossier_init(struct dossier *d)
{
	memset(d, 0, sizeof *d);
	d->scene.max = d->kept.max = 8;
	d->last = &d->facts;
}

void
dossier_fini(struct dossier *d, struct arena_pool *pool)
{
	arena_reset(&d->scene, pool);
	arena_reset(&d->kept, pool);
}

void
dossier_turn(struct dossier *d, struct arena_pool *pool)
{
	arena_reset(&d->scene, pool);
	d->facts = NULL;
	d->last = &d->facts;
	d->n_facts = d->n_now = 0;
	d->purpose = PURPOSE_UNDETERMINED;
}

void
dossier_share(struct dossier *d, const uint64_t bytes[static 2])
{
	for (unsigned i = 0; i < 2; i++) {
		d->shares[d->purpose].bytes[i] += bytes[i] - d->shared[i];
		d->shared[i] = bytes[i];
	}
}

void
dossier_fact(struct dossier *d, struct arena_pool *pool, const struct observation *o)
{
	struct fact *f = d->n_facts < FACTS_MAX ? arena_alloc(&d->scene, pool, sizeof *f) : NULL;

	if (f == NULL) {
		d->dropped++;
		return;
	}
	f->obs = *o;
	f->obs.value = o->value.len > 0 ? arena_copy(&d->scene, pool, o->value) : (struct span){ 0 };
	if (o->value.len > 0 && f->obs.value.p == NULL) {
		d->dropped++;
		return;
	}
	*d->last = f;
	d->last = &f->next;
	d->n_facts++;
}

static bool
same_evidence(const struct evidence *a, const struct evidence *b)
{
	return a->signal == b->signal && a->kind == b->kind && a->num == b->num && a->value.len == b->value.len &&
	    (a->value.len == 0 || memcmp(a->value.p, b->value.p, a->value.len) == 0);
}

static void
add(struct evidence *list, unsigned *n, struct arena *arena, struct arena_pool *pool, const struct evidence *e,
    unsigned *dropped)
{
	struct evidence copy = *e;

	for (unsigned i = 0; i < *n; i++)
		if (same_evidence(&list[i], e))
			return;
	if (*n == EVIDENCE_MAX) {
		(*dropped)++;
		return;
	}
	if (e->value.len > 0) {
		copy.value = arena_copy(arena, pool, e->value);
		if (copy.value.p == NULL)
			copy.value.len = 0;
	}
	list[(*n)++] = copy;
}

void
dossier_evidence(struct dossier *d, struct arena_pool *pool, const struct evidence *e)
{
	unsigned ignored = 0;

	add(d->now, &d->n_now, &d->scene, pool, e, &ignored);
	add(d->all, &d->n_all, &d->kept, pool, e, &d->dropped);
}

bool
dossier_tell(struct dossier *d, const struct attribution *a)
{
	for (unsigned i = 0; i < d->n_told; i++)
		if (d->told[i].vendor == a->vendor && d->told[i].purpose == a->purpose)
			return false;
	if (d->n_told == TOLD_MAX) {
		d->dropped++;
		return false;
	}
	d->told[d->n_told++] = (struct told){ a->vendor, a->purpose };
	return true;
}

unsigned
dossier_facts(const struct dossier *d, struct observation out[static FACTS_MAX])
{
	unsigned n = 0;

	for (const struct fact *f = d->facts; f != NULL && n < FACTS_MAX; f = f->next)
		out[n++] = f->obs;
	return n;
}
