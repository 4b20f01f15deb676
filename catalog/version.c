/* SPDX-License-Identifier: Apache-2.0 */
/* version - finds a version in a file's name, or in its first bytes, by a template. */
#include <ctype.h>
#include <string.h>

#include "catalog/catalog.h"

enum { VERSION_MAX = 64, TEMPLATE_MAX = 1024, TEXT_MAX = 1024 };

static bool
is_version(uint8_t c)
{
	return isalnum(c) || c == '.' || c == '-' || c == '_' || c == '+';
}

/* One side of a template's "{}", read away from the end of the text: t[0], t[step], ... */
struct half {
	const char *t;
	size_t len;
	int step;
};

static char
letter(const struct half *h, size_t j)
{
	return h->t[(ptrdiff_t)j * h->step];
}

/* A "*" may stand for nothing. */
static void
pass_stars(const struct half *h, bool *at)
{
	for (size_t j = 0; j < h->len; j++)
		if (at[j] && letter(h, j) == '*')
			at[j + 1] = true;
}

/* fits[i]: i bytes at its end meet the half.  All ways are followed at once, so that time is bounded. */
static void
find_fits(const struct half *h, struct span text, bool fits[static TEXT_MAX + 1])
{
	bool at[TEMPLATE_MAX + 1] = { true };	/* places in the half to which the bytes so far lead */
	struct rd whole = rd_closed(text.p, text.len);

	pass_stars(h, at);
	fits[0] = at[h->len];
	for (size_t i = 0; i < text.len; i++) {
		struct rd r = rd_at(&whole, h->step > 0 ? i : text.len - 1 - i);
		int c = tolower(rd_u8(&r));

		for (size_t j = h->len + 1; j-- > 0;)
			at[j] = (j < h->len && at[j] && letter(h, j) == '*') ||
			    (j > 0 && at[j - 1] && letter(h, j - 1) != '*' &&
			    tolower((unsigned char)letter(h, j - 1)) == c);
		pass_stars(h, at);
		fits[i + 1] = at[h->len];
	}
}

/* The longest run of version characters from there on that leaves what the second half is met by. */
static struct span
longest(struct rd from, const bool fits[static TEXT_MAX + 1])
{
	struct rd look = rd_fork(&from);
	size_t best = 0;

	for (size_t n = 1; n <= VERSION_MAX && rd_more(&look) && is_version(rd_u8(&look)); n++)
		if (fits[rd_left(&look)])
			best = n;
	return best > 0 ? rd_span(&from, best) : (struct span){ 0 };
}

struct span
version_find(const char *tmpl, struct span text)
{
	bool before[TEXT_MAX + 1], after[TEXT_MAX + 1];
	size_t len = strlen(tmpl);
	const char *group = strstr(tmpl, "{}");
	struct rd whole = rd_closed(text.p, text.len);
	struct span found = { 0 };

	if (group == NULL || len > TEMPLATE_MAX || text.len > TEXT_MAX)
		return found;
	find_fits(&(struct half){ tmpl, (size_t)(group - tmpl), 1 }, text, before);
	find_fits(&(struct half){ tmpl + len - 1, (size_t)(tmpl + len - group) - 2, -1 }, text, after);
	for (size_t i = 0; i < text.len && found.len == 0; i++)
		if (before[i])
			found = longest(rd_at(&whole, i), after);
	return found;
}
