/* SPDX-License-Identifier: Apache-2.0 */
/* patterns - regular expressions (the PCRE subset of vectorscan) in small databases, compiled when they are needed. */
#include "catalog/patterns.h"

#include <limits.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <hs/hs.h>

enum {
	FLAGS = HS_FLAG_SINGLEMATCH | HS_FLAG_DOTALL,
	SCAN_MAX = 65536,
	TOGETHER_MAX = 32,	/* patterns in a database: compiling takes twice the time for twice as many, and half again */
};

/* Compiled in this order: every request asks about its path, few names end in a vendor's suffix. */
static const enum pattern_class order[PATTERN_CLASSES_N] = {
	PATTERN_HOST_ANY, PATTERN_TXT, PATTERN_AGENT, PATTERN_HEADER, PATTERN_QUERY, PATTERN_PATH, PATTERN_HOST,
};

enum unit_state { UNIT_NEW, UNIT_BUSY, UNIT_DONE };

/* Patterns of one class, and of host patterns of one group, that share a database. */
struct unit {
	size_t first, n;		/* in sorted[] */
	hs_database_t *db;		/* owned; NULL: it failed */
	atomic_int state;		/* enum unit_state; db is final when it is done */
};

struct units {
	size_t first, n;
};

struct patterns {
	struct pattern *v;		/* owned; their text is borrowed */
	struct sorted {
		const struct pattern *pattern;
		size_t number;		/* as given */
	} *sorted;			/* owned; by class and group */
	size_t n, n_units, n_groups;
	struct unit *unit;		/* owned */
	struct units class[PATTERN_CLASSES_N], *group;	/* the latter owned */
	bool failed;
	size_t bad;
	struct err why;
	bool threaded;
	atomic_bool stop;
	pthread_t thread;
	pthread_mutex_t lock;
	pthread_cond_t progress;
};

struct patterns_scratch {
	hs_scratch_t *hs;		/* NULL: no pattern at all */
	size_t n_units;
	bool *fits;			/* owned; by unit */
};

static bool
is_host(enum pattern_class in)
{
	return in == PATTERN_HOST || in == PATTERN_HOST_ANY;
}

/* What is given to vectorscan: a host pattern means the whole name.  NULL when there is no memory. */
static char *
expression(const char *regex, enum pattern_class in)
{
	char *out;

	if (!is_host(in))
		return strdup(regex);
	return asprintf(&out, "^(?:%s)$", regex) < 0 ? NULL : out;
}

/* The sentence of vectorscan without its full stop, for ours goes on. */
static int
refuse_regex(struct err *err, hs_compile_error_t *why)
{
	size_t len = why != NULL ? strlen(why->message) : 0;

	while (len > 0 && why->message[len - 1] == '.')
		len--;
	err_set(err, "%.*s", (int)len, why != NULL ? why->message : "");
	if (len == 0)
		err_set(err, "out of memory");
	hs_free_compile_error(why);
	return -1;
}

static int
check_one(const char *regex, struct err *err)
{
	hs_expr_info_t *info = NULL;
	hs_compile_error_t *why = NULL;
	bool empty;

	if (hs_expression_info(regex, FLAGS, &info, &why) != HS_SUCCESS)
		return refuse_regex(err, why);
	empty = info->min_width == 0;
	free(info);
	return empty ? err_set(err, "it also matches nothing at all") : 0;
}

int
pattern_check(const char *regex, enum pattern_class in, struct err *err)
{
	char *whole;
	int rc;

	/* As written first: "a)(b" is right only inside the brackets of a whole-name pattern. */
	if (check_one(regex, err) != 0)
		return -1;
	if ((whole = expression(regex, in)) == NULL)
		return err_set(err, "out of memory");
	rc = check_one(whole, err);
	free(whole);
	return rc;
}

/* --- which belong together ------------------------------------------------------ */

static unsigned
place_of(enum pattern_class in)
{
	unsigned i = 0;

	while (order[i] != in)
		i++;
	return i;
}

static int
by_unit(const void *a, const void *b)
{
	const struct sorted *x = a, *y = b;

	if (x->pattern->in != y->pattern->in)
		return (int)place_of(x->pattern->in) - (int)place_of(y->pattern->in);
	if (x->pattern->group != y->pattern->group)
		return x->pattern->group < y->pattern->group ? -1 : 1;
	return (x->number > y->number) - (x->number < y->number);
}

static bool
go_together(const struct pattern *a, const struct pattern *b)
{
	return a->in == b->in && a->group == b->group;
}

static void
form_units(struct patterns *p)
{
	for (size_t i = 0, n; i < p->n; i += n) {
		const struct pattern *first = p->sorted[i].pattern;
		struct units *class = &p->class[first->in];
		struct units *group = first->in == PATTERN_HOST ? &p->group[first->group] : NULL;

		for (n = 1; i + n < p->n && n < TOGETHER_MAX && go_together(first, p->sorted[i + n].pattern);)
			n++;
		p->unit[p->n_units].first = i;
		p->unit[p->n_units].n = n;
		if (class->n++ == 0)
			class->first = p->n_units;
		if (group != NULL && group->n++ == 0)
			group->first = p->n_units;
		p->n_units++;
	}
}

/* --- compiling -------------------------------------------------------------------- */

static int
compile(struct patterns *p, struct unit *u, size_t *bad, struct err *err)
{
	char *text[TOGETHER_MAX] = { NULL };
	unsigned flags[TOGETHER_MAX], ids[TOGETHER_MAX];
	hs_compile_error_t *why = NULL;
	bool ok = true;
	int rc = -1;

	for (size_t i = 0; i < u->n; i++) {
		const struct pattern *v = p->sorted[u->first + i].pattern;

		text[i] = expression(v->regex, v->in);
		flags[i] = FLAGS;
		ids[i] = v->signal;
		ok &= text[i] != NULL;
	}
	if (ok && hs_compile_multi((const char *const *)text, flags, ids, (unsigned)u->n, HS_MODE_BLOCK, NULL, &u->db,
	    &why) == HS_SUCCESS) {
		rc = 0;
	} else {
		if (why != NULL && why->expression >= 0 && (size_t)why->expression < u->n)
			*bad = p->sorted[u->first + (size_t)why->expression].number;
		refuse_regex(err, why);
	}
	for (size_t i = 0; i < u->n; i++)
		free(text[i]);
	return rc;
}

static void
compile_unit(struct patterns *p, struct unit *u)
{
	size_t bad = p->n;
	struct err why;
	bool ok = compile(p, u, &bad, &why) == 0;

	pthread_mutex_lock(&p->lock);
	if (!ok && !p->failed) {
		p->failed = true;
		p->bad = bad;
		p->why = why;
	}
	atomic_store_explicit(&u->state, UNIT_DONE, memory_order_release);
	pthread_cond_broadcast(&p->progress);
	pthread_mutex_unlock(&p->lock);
}

/* Whoever needs it first compiles it; who comes meanwhile waits. */
static void
need_unit(struct patterns *p, struct unit *u, bool wait)
{
	int expected = UNIT_NEW;

	if (atomic_load_explicit(&u->state, memory_order_acquire) == UNIT_DONE)
		return;
	if (atomic_compare_exchange_strong(&u->state, &expected, UNIT_BUSY)) {
		compile_unit(p, u);
		return;
	}
	pthread_mutex_lock(&p->lock);
	while (wait && atomic_load_explicit(&u->state, memory_order_acquire) != UNIT_DONE)
		pthread_cond_wait(&p->progress, &p->lock);
	pthread_mutex_unlock(&p->lock);
}

static void *
compile_all(void *arg)
{
	struct patterns *p = arg;

	for (size_t i = 0; i < p->n_units && !atomic_load_explicit(&p->stop, memory_order_relaxed); i++)
		need_unit(p, &p->unit[i], false);
	return NULL;
}

static int
patterns_fill(struct patterns *p, const struct pattern *v, size_t n)
{
	for (size_t i = 0; i < n; i++)
		if (v[i].in == PATTERN_HOST && v[i].group >= p->n_groups)
			p->n_groups = (size_t)v[i].group + 1;
	p->v = calloc(n + 1, sizeof *p->v);
	p->sorted = calloc(n + 1, sizeof *p->sorted);
	p->unit = calloc(n + 1, sizeof *p->unit);
	p->group = calloc(p->n_groups + 1, sizeof *p->group);
	if (p->v == NULL || p->sorted == NULL || p->unit == NULL || p->group == NULL)
		return -1;
	p->n = n;
	for (size_t i = 0; i < n; i++) {
		p->v[i] = v[i];
		p->sorted[i] = (struct sorted){ &p->v[i], i };
	}
	qsort(p->sorted, n, sizeof *p->sorted, by_unit);
	form_units(p);
	return 0;
}

/* Compiling takes longer than all the rest of a start together, and the first frames need little of it. */
struct patterns *
patterns_new(const struct pattern *v, size_t n, struct err *err)
{
	struct patterns *p;

	if (hs_valid_platform() != HS_SUCCESS) {
		err_set(err, "this processor lacks the vector instructions that vectorscan needs");
		return NULL;
	}
	p = calloc(1, sizeof *p);
	if (p == NULL) {
		err_set(err, "out of memory");
		return NULL;
	}
	pthread_mutex_init(&p->lock, NULL);
	pthread_cond_init(&p->progress, NULL);
	if (patterns_fill(p, v, n) < 0) {
		err_set(err, "out of memory");
		patterns_free(&p);
		return NULL;
	}
	p->threaded = pthread_create(&p->thread, NULL, compile_all, p) == 0;
	return p;
}

int
patterns_ready(struct patterns *p, size_t *bad, struct err *err)
{
	for (size_t i = 0; i < p->n_units; i++)
		need_unit(p, &p->unit[i], true);
	return patterns_faults(p, bad, err);
}

int
patterns_faults(struct patterns *p, size_t *bad, struct err *err)
{
	int rc = 0;

	pthread_mutex_lock(&p->lock);
	*bad = p->bad;
	if (p->failed)
		rc = err_set(err, "%s", p->why.text);
	pthread_mutex_unlock(&p->lock);
	return rc;
}

void
patterns_free(struct patterns **pp)
{
	struct patterns *p = *pp;

	if (p == NULL)
		return;
	atomic_store_explicit(&p->stop, true, memory_order_relaxed);
	if (p->threaded)
		pthread_join(p->thread, NULL);
	for (size_t i = 0; i < p->n_units; i++)
		hs_free_database(p->unit[i].db);
	pthread_cond_destroy(&p->progress);
	pthread_mutex_destroy(&p->lock);
	free(p->unit);
	free(p->group);
	free(p->sorted);
	free(p->v);
	free(p);
	*pp = NULL;
}

/* --- scanning ------------------------------------------------------------------------ */

struct patterns_scratch *
patterns_scratch_new(const struct patterns *p, struct err *err)
{
	struct patterns_scratch *s = calloc(1, sizeof *s);

	if (s != NULL)
		s->fits = calloc(p->n_units + 1, sizeof *s->fits);
	if (s == NULL || s->fits == NULL) {
		err_set(err, "out of memory for pattern scratch");
		patterns_scratch_free(&s);
	}
	return s;
}

void
patterns_scratch_free(struct patterns_scratch **s)
{
	if (*s != NULL) {
		hs_free_scratch((*s)->hs);
		free((*s)->fits);
	}
	free(*s);
	*s = NULL;
}

struct listener {
	void (*met)(void *, uint32_t);
	void *context;
};

static int
on_match(unsigned id, unsigned long long from, unsigned long long to, unsigned flags, void *context)
{
	const struct listener *l = context;

	(void)from, (void)to, (void)flags;
	l->met(l->context, id);
	return 0;
}

static void
scan(struct patterns *p, struct patterns_scratch *s, struct units which, struct span text, struct listener *l)
{
	size_t len = text.len < SCAN_MAX ? text.len : SCAN_MAX;

	for (size_t i = which.first; len > 0 && i < which.first + which.n; i++) {
		struct unit *u = &p->unit[i];

		need_unit(p, u, true);
		/* Scratch grows at the first scan of a unit: then it was compiled. */
		if (!s->fits[i] && u->db != NULL)
			s->fits[i] = hs_alloc_scratch(u->db, &s->hs) == HS_SUCCESS;
		if (s->fits[i])
			hs_scan(u->db, (const char *)text.p, (unsigned)len, 0, s->hs, on_match, l);
	}
}

void
patterns_scan(struct patterns *p, struct patterns_scratch *s, enum pattern_class in, struct span text,
    void (*met)(void *context, uint32_t signal), void *context)
{
	struct listener l = { met, context };

	scan(p, s, p->class[in], text, &l);
}

void
patterns_scan_group(struct patterns *p, struct patterns_scratch *s, uint32_t group, struct span text,
    void (*met)(void *context, uint32_t signal), void *context)
{
	struct listener l = { met, context };

	scan(p, s, p->group[group], text, &l);
}
