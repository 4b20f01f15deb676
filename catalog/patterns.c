/* SPDX-License-Identifier: Apache-2.0 */
/* patterns - regular expressions (the PCRE subset of vectorscan), one database a class. */
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

struct patterns {
	struct pattern *v;		/* owned; their text is borrowed */
	size_t n;
	hs_database_t **db[PATTERN_CLASSES_N];	/* owned, and each of them */
	unsigned n_db[PATTERN_CLASSES_N];
	atomic_bool done[PATTERN_CLASSES_N];	/* db[] is final */
	bool failed;			/* read after all are done */
	size_t bad;
	struct err why;
	bool threaded;
	pthread_t thread;
	pthread_mutex_t lock;
	pthread_cond_t progress;
};

struct patterns_scratch {
	hs_scratch_t *hs;		/* NULL: no pattern at all */
	bool fits[PATTERN_CLASSES_N];
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

/* An alternative at the outermost level, a quotation, or a group other than (?:, (?i) and (?i: */
static bool
has_other_ends(const char *regex)
{
	int depth = 0, class = 0;

	for (const char *p = regex; *p != '\0'; p++) {
		if (*p == '\\' && p[1] == 'Q')
			return true;
		else if (*p == '\\' && p[1] != '\0')
			p++;
		else if (class)
			class = *p != ']';
		else if (*p == '[')
			class = 1;
		else if (*p == '(' && p[1] == '?' && p[2] != ':' && strncmp(p, "(?i)", 4) != 0 &&
		    strncmp(p, "(?i:", 4) != 0)
			return true;
		else if (*p == '(' || *p == ')')
			depth += *p == '(' ? 1 : -1;
		else if (*p == '|' && depth <= 0)
			return true;
	}
	return false;
}

static bool
is_literal(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-' || c == '_';
}

static bool
is_escaped(const char *regex, size_t at)
{
	size_t slashes = 0;

	while (slashes < at && regex[at - 1 - slashes] == '\\')
		slashes++;
	return slashes % 2 == 1;
}

/* Start of the run of letters, digits and \. that ends at end. */
static size_t
literal_start(const char *regex, size_t end)
{
	size_t i = end;

	while (i > 0) {
		bool escaped = is_escaped(regex, i - 1);

		if (regex[i - 1] == '.' && escaped)
			i -= 2;
		else if (is_literal(regex[i - 1]) && !escaped)
			i--;
		else
			break;
	}
	return i;
}

bool
pattern_suffix(const char *regex, char *out, size_t room)
{
	size_t end = strlen(regex), i, n = 0;

	if (has_other_ends(regex))
		return false;
	if (end > 0 && regex[end - 1] == '$' && !is_escaped(regex, end - 1))
		end--;
	i = literal_start(regex, end);
	/* What stands before the first dot may belong to an escape such as \x41, or be half a label. */
	while (i < end && regex[i] != '\\')
		i++;
	for (i += 2; i < end && n + 1 < room; i++)
		if (regex[i] != '\\')
			out[n++] = regex[i];
	out[n] = '\0';
	return i == end && n > 0 && out[0] != '.' && strstr(out, "..") == NULL;
}

struct batch {
	char **text;		/* owned */
	unsigned *flags, *ids;
	size_t *from;		/* number of the pattern */
	unsigned n;
};

static void
batch_free(struct batch *b)
{
	for (unsigned i = 0; b->text != NULL && i < b->n; i++)
		free(b->text[i]);
	free(b->text);
	free(b->flags);
	free(b->ids);
	free(b->from);
}

static int
batch_fill(struct batch *b, const struct pattern *v, size_t n, enum pattern_class in)
{
	*b = (struct batch){ .text = calloc(n, sizeof *b->text), .flags = calloc(n, sizeof *b->flags),
		.ids = calloc(n, sizeof *b->ids), .from = calloc(n, sizeof *b->from) };
	if (b->text == NULL || b->flags == NULL || b->ids == NULL || b->from == NULL)
		return -1;
	for (size_t i = 0; i < n; i++) {
		if (v[i].in != in)
			continue;
		if ((b->text[b->n] = expression(v[i].regex, in)) == NULL)
			return -1;
		b->flags[b->n] = FLAGS;
		b->ids[b->n] = v[i].signal;
		b->from[b->n++] = i;
	}
	return 0;
}

static int
compile_some(struct patterns *p, const struct batch *b, unsigned from, enum pattern_class in, size_t *bad, struct err *err)
{
	unsigned n = b->n - from < TOGETHER_MAX ? b->n - from : TOGETHER_MAX;
	hs_compile_error_t *why = NULL;

	if (hs_compile_multi((const char *const *)b->text + from, b->flags + from, b->ids + from, n, HS_MODE_BLOCK,
	    NULL, &p->db[in][p->n_db[in]], &why) == HS_SUCCESS) {
		p->n_db[in]++;
		return 0;
	}
	if (why != NULL && why->expression >= 0 && (unsigned)why->expression < n)
		*bad = b->from[from + (unsigned)why->expression];
	return refuse_regex(err, why);
}

static int
compile_class(struct patterns *p, const struct pattern *v, size_t n, enum pattern_class in, size_t *bad,
    struct err *err)
{
	struct batch b;
	int rc = batch_fill(&b, v, n, in);

	if (rc == 0)
		p->db[in] = calloc(b.n / TOGETHER_MAX + 1, sizeof(hs_database_t *));
	if (rc != 0 || p->db[in] == NULL)
		rc = err_set(err, "out of memory");
	for (unsigned from = 0; rc == 0 && from < b.n; from += TOGETHER_MAX)
		rc = compile_some(p, &b, from, in, bad, err);
	batch_free(&b);
	return rc;
}

static void *
compile_all(void *arg)
{
	struct patterns *p = arg;

	for (unsigned i = 0; i < PATTERN_CLASSES_N; i++) {
		size_t bad = p->n;
		struct err why;
		bool ok = p->n == 0 || compile_class(p, p->v, p->n, order[i], &bad, &why) == 0;

		pthread_mutex_lock(&p->lock);
		if (!ok && !p->failed) {
			p->failed = true;
			p->bad = bad;
			p->why = why;
		}
		atomic_store_explicit(&p->done[order[i]], true, memory_order_release);
		pthread_cond_broadcast(&p->progress);
		pthread_mutex_unlock(&p->lock);
	}
	return NULL;
}

/* Compiling takes longer than all the rest of a start together, and the first frames seldom need it. */
struct patterns *
patterns_new(const struct pattern *v, size_t n, struct err *err)
{
	struct patterns *p = calloc(1, sizeof *p);

	if (hs_valid_platform() != HS_SUCCESS) {
		err_set(err, "this processor lacks the vector instructions that vectorscan needs");
		free(p);
		return NULL;
	}
	if (p == NULL || (p->v = calloc(n > 0 ? n : 1, sizeof *p->v)) == NULL) {
		err_set(err, "out of memory");
		free(p);
		return NULL;
	}
	memcpy(p->v, v, n * sizeof *v);
	p->n = n;
	pthread_mutex_init(&p->lock, NULL);
	pthread_cond_init(&p->progress, NULL);
	p->threaded = pthread_create(&p->thread, NULL, compile_all, p) == 0;
	if (!p->threaded)
		compile_all(p);
	return p;
}

static void
wait_for(struct patterns *p, enum pattern_class in)
{
	if (atomic_load_explicit(&p->done[in], memory_order_acquire))
		return;
	pthread_mutex_lock(&p->lock);
	while (!atomic_load_explicit(&p->done[in], memory_order_acquire))
		pthread_cond_wait(&p->progress, &p->lock);
	pthread_mutex_unlock(&p->lock);
}

int
patterns_ready(struct patterns *p, size_t *bad, struct err *err)
{
	for (unsigned in = 0; in < PATTERN_CLASSES_N; in++)
		wait_for(p, (enum pattern_class)in);
	*bad = p->bad;
	return p->failed ? err_set(err, "%s", p->why.text) : 0;
}

void
patterns_free(struct patterns **pp)
{
	struct patterns *p = *pp;

	if (p == NULL)
		return;
	if (p->threaded)
		pthread_join(p->thread, NULL);
	for (unsigned in = 0; in < PATTERN_CLASSES_N; in++) {
		for (unsigned i = 0; i < p->n_db[in]; i++)
			hs_free_database(p->db[in][i]);
		free(p->db[in]);
	}
	pthread_cond_destroy(&p->progress);
	pthread_mutex_destroy(&p->lock);
	free(p->v);
	free(p);
	*pp = NULL;
}

struct patterns_scratch *
patterns_scratch_new(struct err *err)
{
	struct patterns_scratch *s = calloc(1, sizeof *s);

	if (s == NULL)
		err_set(err, "out of memory for pattern scratch");
	return s;
}

void
patterns_scratch_free(struct patterns_scratch **s)
{
	if (*s != NULL)
		hs_free_scratch((*s)->hs);
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

void
patterns_scan(struct patterns *p, struct patterns_scratch *s, enum pattern_class in, struct span text,
    void (*met)(void *context, uint32_t signal), void *context)
{
	struct listener l = { met, context };
	size_t len = text.len < SCAN_MAX ? text.len : SCAN_MAX;

	wait_for(p, in);
	if (p->n_db[in] == 0 || len == 0)
		return;
	/* Grown at the first scan of a class: then it was compiled. */
	if (!s->fits[in]) {
		s->fits[in] = true;
		for (unsigned i = 0; i < p->n_db[in]; i++)
			s->fits[in] &= hs_alloc_scratch(p->db[in][i], &s->hs) == HS_SUCCESS;
	}
	for (unsigned i = 0; s->fits[in] && i < p->n_db[in]; i++)
		hs_scan(p->db[in][i], (const char *)text.p, (unsigned)len, 0, s->hs, on_match, &l);
}
