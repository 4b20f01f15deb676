/* SPDX-License-Identifier: Apache-2.0 */
/* mkcatalog_regex - writes a text that a regular expression matches (a subset of PCRE, pcrepattern(3)). */
#include "mkcatalog_regex.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

enum { DEPTH_MAX = 16, REPEAT_MORE = 3, STEPS_MAX = 100000 };

/* A group that is being written; the whole expression is the outermost. */
struct group {
	const char *start, *end;	/* of what is inside; end: at ")" */
	const char *after;		/* behind the quantifier */
	unsigned left;			/* times that it is written once more */
};

struct writer {
	const char *at;
	struct group group[DEPTH_MAX];
	unsigned depth;
	uint32_t random;
	unsigned seed;
	char *out;
	size_t n, size;
	bool failed;
};

struct set {
	bool has[256];
};

struct repeat {
	unsigned min, max;
};

static unsigned
roll(struct writer *w, unsigned n)
{
	w->random = w->random * 1664525u + 1013904223u;
	return n > 1 ? (w->random >> 16) % n : 0;
}

/* --- sets of characters --------------------------------------------------------- */

static void
add_range(struct set *s, unsigned from, unsigned to)
{
	for (unsigned c = from; c <= to && c < 256; c++)
		s->has[c] = true;
}

static void
invert(struct set *s)
{
	for (unsigned c = 0; c < 256; c++)
		s->has[c] = !s->has[c];
}

/* \d and its like; false: c names one character. */
static bool
add_kind(struct set *s, char c)
{
	struct set kind = { { false } };

	switch (c) {
	case 'd': case 'D':
		add_range(&kind, '0', '9');
		break;
	case 'w': case 'W':
		add_range(&kind, '0', '9');
		add_range(&kind, 'A', 'Z');
		add_range(&kind, 'a', 'z');
		kind.has['_'] = true;
		break;
	case 's': case 'S':
		add_range(&kind, '\t', '\r');
		kind.has[' '] = true;
		break;
	default:
		return false;
	}
	if (c < 'a')
		invert(&kind);
	for (unsigned i = 0; i < 256; i++)
		s->has[i] |= kind.has[i];
	return true;
}

/* After a backslash: the one character that is meant.  Letters with a meaning of their own are refused. */
static unsigned
escaped(struct writer *w)
{
	char c = *w->at, hex[3] = "";

	if (c == '\0') {
		w->failed = true;
		return 0;
	}
	w->at++;
	switch (c) {
	case 'n': return '\n';
	case 'r': return '\r';
	case 't': return '\t';
	case 'x':
		if (strspn(w->at, "0123456789abcdefABCDEF") < 2)
			break;
		memcpy(hex, w->at, 2);
		w->at += 2;
		return (unsigned)strtoul(hex, NULL, 16);
	default:
		if (strchr("ABCEGHKLNPQRSVXZabcefghklopquvz0123456789", c) == NULL)
			return (uint8_t)c;
	}
	w->failed = true;
	return 0;
}

/* One member of a class, or \d; returns whether it may begin a range. */
static bool
class_member(struct writer *w, struct set *s, unsigned *c)
{
	if (w->at[0] == '[' && strchr(":.=", w->at[1]) != NULL)
		w->failed = true;
	if (*w->at == '\\') {
		w->at++;
		if (add_kind(s, *w->at)) {
			w->at++;
			return false;
		}
		*c = escaped(w);
		return true;
	}
	*c = (uint8_t)*w->at++;
	return true;
}

/* After "[". */
static void
read_class(struct writer *w, struct set *s)
{
	bool negated = *w->at == '^', first = true;
	unsigned from = 0, to;

	w->at += negated;
	for (; !w->failed && (first || *w->at != ']'); first = false) {
		if (*w->at == '\0') {
			w->failed = true;
			return;
		}
		if (!class_member(w, s, &from))
			continue;
		to = from;
		if (w->at[0] == '-' && w->at[1] != ']' && w->at[1] != '\0') {
			w->at++;
			if (!class_member(w, s, &to))
				w->failed = true;
		}
		add_range(s, from, to);
	}
	w->at += *w->at == ']';
	if (negated)
		invert(s);
}

/* A letter or digit where the set has one, for what stands at the edge of a name; else what can be printed. */
static char
pick(struct writer *w, const struct set *s)
{
	static const char *const ranks[] = { "abcdefghijklmnopqrstuvwxyz", "0123456789", "ABCDEFGHIJKLMNOPQRSTUVWXYZ",
		"-._~", "!\"#$%&'()*+,/:;<=>?@[\\]^`{|}", " \t" };

	for (size_t i = 0; i < sizeof ranks / sizeof *ranks; i++) {
		char have[32];
		unsigned n = 0;

		for (const char *c = ranks[i]; *c != '\0'; c++)
			if (s->has[(uint8_t)*c])
				have[n++] = *c;
		if (n > 0)
			return have[roll(w, n)];
	}
	w->failed = true;
	return 0;
}

/* --- how often ------------------------------------------------------------------ */

static struct repeat
read_braces(struct writer *w)
{
	char *end;
	struct repeat r;

	r.min = r.max = (unsigned)strtoul(w->at + 1, &end, 10);
	if (*end == ',')
		r.max = end[1] == '}' ? r.min + REPEAT_MORE : (unsigned)strtoul(end + 1, NULL, 10);
	while (*end != '\0' && *end != '}')
		end++;
	w->failed |= *end == '\0' || r.max < r.min;
	w->at = end + (*end != '\0');
	return r;
}

/* The first seed takes one of what may be missing, the second none of it, others as it comes. */
static unsigned
read_repeat(struct writer *w)
{
	struct repeat r = { 1, 1 };
	unsigned most;

	switch (*w->at) {
	case '?': r = (struct repeat){ 0, 1 }; w->at++; break;
	case '*': r = (struct repeat){ 0, REPEAT_MORE }; w->at++; break;
	case '+': r = (struct repeat){ 1, 1 + REPEAT_MORE }; w->at++; break;
	case '{':
		if (w->at[1] >= '0' && w->at[1] <= '9')
			r = read_braces(w);
		break;
	default:
		return 1;
	}
	if (*w->at == '?' || *w->at == '+')	/* lazy, possessive */
		w->at++;
	most = r.max < r.min + REPEAT_MORE ? r.max : r.min + REPEAT_MORE;
	if (w->seed == 0)
		return r.min > 0 || r.max == 0 ? r.min : 1;
	return w->seed == 1 ? r.min : r.min + roll(w, most - r.min + 1);
}

/* --- groups --------------------------------------------------------------------- */

/* Over a class or an escaped character at p; else over one character. */
static const char *
over_one(const char *p)
{
	if (*p == '\\')
		return p[1] != '\0' ? p + 2 : p + 1;
	if (*p != '[')
		return p + 1;
	p += p[1] == '^' ? 2 : 1;
	p += *p == ']';
	while (*p != '\0' && *p != ']')
		p += *p == '\\' && p[1] != '\0' ? 2 : 1;
	return p + (*p != '\0');
}

/* Alternatives from start to the ")" that closes them, or the end; the start of number wanted is in *found. */
static unsigned
alternatives(const char *start, unsigned wanted, const char **found, const char **end)
{
	unsigned n = 1, depth = 0;
	const char *p = start;

	*found = start;
	while (*p != '\0' && (depth > 0 || *p != ')')) {
		depth += *p == '(';
		depth -= *p == ')';
		if (*p == '|' && depth == 0 && n++ == wanted)
			*found = p + 1;
		p = over_one(p);
	}
	*end = p;
	return n;
}

static void
take_branch(struct writer *w, const struct group *g)
{
	const char *end;
	unsigned n = alternatives(g->start, 0, &w->at, &end);

	/* Seeds in turn, so that few of them see many alternatives. */
	alternatives(g->start, (w->seed + roll(w, n)) % n, &w->at, &end);
}

/* After "(" . */
static void
open_group(struct writer *w)
{
	struct group g;
	const char *branch;

	if (w->at[0] == '?') {
		w->failed |= w->at[1] != ':';
		w->at += 2;
	}
	g.start = w->at;
	alternatives(g.start, 0, &branch, &g.end);
	if (w->failed || *g.end != ')' || w->depth == DEPTH_MAX) {
		w->failed = true;
		return;
	}
	w->at = g.end + 1;
	g.left = read_repeat(w);
	g.after = w->at;
	if (g.left == 0)
		return;
	w->group[w->depth++] = g;
	take_branch(w, &g);
}

/* At "|", ")" or the end: the branch is written. */
static void
end_branch(struct writer *w)
{
	struct group *g = &w->group[w->depth - 1];

	if (--g->left > 0) {
		take_branch(w, g);
		return;
	}
	w->at = g->after;
	w->depth--;
}

static void
write_one(struct writer *w)
{
	struct set s = { { false } };
	unsigned times;
	char c = *w->at++;

	if (c == '\\' && (*w->at == 'b' || *w->at == 'A' || *w->at == 'z')) {
		w->at++;
		return;
	}
	if (c == '[')
		read_class(w, &s);
	else if (c == '.')
		add_range(&s, ' ', '~');
	else if (c != '\\')
		s.has[(uint8_t)c] = true;
	else if (add_kind(&s, *w->at))
		w->at++;
	else
		s.has[escaped(w)] = true;
	times = read_repeat(w);
	for (; times > 0 && !w->failed; times--) {
		if (w->n + 1 == w->size)
			w->failed = true;
		else
			w->out[w->n++] = pick(w, &s);
	}
}

bool
regex_example(const char *pattern, unsigned seed, char *out, size_t size)
{
	struct writer w = { .seed = seed, .random = 2463534242u + seed * 7919u, .out = out, .size = size, .depth = 1 };

	if (strncmp(pattern, "(?i)", 4) == 0)
		pattern += 4;
	w.group[0] = (struct group){ .start = pattern, .end = pattern + strlen(pattern),
		.after = pattern + strlen(pattern), .left = 1 };
	take_branch(&w, &w.group[0]);
	for (unsigned steps = 0; w.depth > 0 && !w.failed; steps++) {
		if (steps == STEPS_MAX)
			w.failed = true;
		else if (*w.at == '\0' || *w.at == '|' || *w.at == ')')
			end_branch(&w);
		else if (*w.at == '^' || *w.at == '$')
			w.at++;
		else if (*w.at == '(')
			w.at++, open_group(&w);
		else
			write_one(&w);
	}
	out[w.n] = '\0';
	return !w.failed;
}
