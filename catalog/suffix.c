/* SPDX-License-Identifier: Apache-2.0 */
/* suffix - the literal labels that end every name which a host pattern matches. */
#include <stdio.h>
#include <string.h>

#include "catalog/patterns.h"

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

/* The group that ends the expression, and that "$" may follow: from the "(" on; 0 when there is none to use. */
static size_t
last_group(const char *regex, size_t end)
{
	size_t i = end;

	if (end == 0 || regex[end - 1] != ')' || is_escaped(regex, end - 1))
		return 0;
	while (--i > 0 && (regex[i - 1] != '(' || is_escaped(regex, i - 1)))
		if (regex[i - 1] == ')' && !is_escaped(regex, i - 1))
			return 0;
	return i > 0 && regex[i] != '?' ? i - 1 : 0;
}

unsigned
pattern_suffixes(const char *regex, char (*out)[PATTERN_SUFFIX_MAX], unsigned max)
{
	size_t end = strlen(regex), group;
	char one[1024];
	unsigned n = 0;

	if (pattern_suffix(regex, out[0], PATTERN_SUFFIX_MAX))
		return 1;
	if (end > 0 && regex[end - 1] == '$' && !is_escaped(regex, end - 1))
		end--;
	group = last_group(regex, end);
	if (group == 0)
		return 0;
	for (size_t from = group + 1, to; from < end; from = to + 1, n++) {
		to = from + strcspn(regex + from, "|)");
		if (n == max || snprintf(one, sizeof one, "%.*s%.*s$", (int)group, regex, (int)(to - from), regex + from) >=
		    (int)sizeof one || !pattern_suffix(one, out[n], PATTERN_SUFFIX_MAX))
			return 0;
	}
	return n;
}
