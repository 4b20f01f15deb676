/* SPDX-License-Identifier: Apache-2.0 */
/* explain_near - vendors whose id or name begins with, or is a few letters from, what was typed. */
#include <ctype.h>
#include <string.h>
#include <strings.h>

#include "app/explain.h"

enum { WORD_MAX = 32, NONE = 1000 };

static unsigned
least(unsigned a, unsigned b)
{
	return a < b ? a : b;
}

/* Letters to insert, delete or exchange, two that changed places counting once; of the first WORD_MAX. */
static unsigned
distance(const char *a, const char *b)
{
	unsigned rows[3][WORD_MAX + 1], *before = rows[0], *last = rows[1], *now = rows[2];
	size_t n = strnlen(a, WORD_MAX), m = strnlen(b, WORD_MAX);

	for (size_t j = 0; j <= m; j++)
		before[j] = last[j] = (unsigned)j;
	for (size_t i = 1; i <= n; i++) {
		unsigned *free_row = before;

		now[0] = (unsigned)i;
		for (size_t j = 1; j <= m; j++) {
			int x = tolower((unsigned char)a[i - 1]), y = tolower((unsigned char)b[j - 1]);

			now[j] = least(last[j - 1] + (x != y), least(last[j], now[j - 1]) + 1);
			if (i > 1 && j > 1 && x == tolower((unsigned char)b[j - 2]) &&
			    y == tolower((unsigned char)a[i - 2]))
				now[j] = least(now[j], before[j - 2] + 1);
		}
		before = last;
		last = now;
		now = free_row;
	}
	return last[m];
}

/* 0: it begins like it.  NONE: more than a third of the word differs. */
static unsigned
score(const struct vendor *v, const char *word)
{
	size_t n = strlen(word);
	unsigned d;

	if (n >= 2 && (strncasecmp(v->id, word, n) == 0 || strncasecmp(v->name, word, n) == 0))
		return 0;
	d = least(distance(v->id, word), distance(v->name, word));
	return d <= n / 3 + (n < 6) ? d : NONE;
}

unsigned
explain_near(const struct catalog *c, const char *word, const struct vendor *out[static NEAR_MAX])
{
	const struct vendor *const *all;
	size_t n = catalog_vendors(c, &all);
	unsigned scores[NEAR_MAX], found = 0;

	for (size_t i = 0; i < n; i++) {
		unsigned s = score(all[i], word), at;

		if (s == NONE || (found == NEAR_MAX && s >= scores[NEAR_MAX - 1]))
			continue;
		for (at = found < NEAR_MAX ? found++ : NEAR_MAX - 1; at > 0 && s < scores[at - 1]; at--) {
			scores[at] = scores[at - 1];
			out[at] = out[at - 1];
		}
		scores[at] = s;
		out[at] = all[i];
	}
	return found;
}
