/* SPDX-License-Identifier: Apache-2.0 */
/* pins - the overrides file: "prefix country [asn [organisation]]", one a line. */
#include "geo/pins.h"

#include <ctype.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

enum { PINS_MAX = 1000000, LINE_TEXT_MAX = 1024 };

#define WANTED "expected \"prefix country [asn [organisation]]\", e.g. \"192.0.2.0/24 DE AS64496 Example GmbH\""

/* Sorted by length, longest first, then by address; start[b] to start[b - 1] are those of b bits. */
struct pins {
	size_t n, room;
	struct pin *pin;			/* owned */
	size_t start[130];
};

static int
pin_cmp(const void *va, const void *vb)
{
	const struct pin *a = va, *b = vb;

	if (a->prefix.bits != b->prefix.bits)
		return a->prefix.bits > b->prefix.bits ? -1 : 1;
	return addr_cmp(&a->prefix.addr, &b->prefix.addr);
}

/* The next word of *s, terminated in place; "" at the end. */
static char *
word(char **s)
{
	char *w = *s + strspn(*s, " \t");
	size_t len = strcspn(w, " \t");

	*s = w + len;
	if (**s != '\0')
		*(*s)++ = '\0';
	return w;
}

/* Cut comment, line end and blanks off; '#' inside a word is part of it ("C# Ltd"). */
static void
tidy(char *s)
{
	size_t len;

	s[strcspn(s, "\r\n")] = '\0';
	for (char *c = strchr(s, '#'); c != NULL; c = strchr(c + 1, '#'))
		if (c == s || c[-1] == ' ' || c[-1] == '\t') {
			*c = '\0';
			break;
		}
	for (len = strlen(s); len > 0 && (s[len - 1] == ' ' || s[len - 1] == '\t'); len--)
		s[len - 1] = '\0';
}

static int
parse_asn(const char *text, uint32_t *asn)
{
	const char *digits = (text[0] | 32) == 'a' && (text[1] | 32) == 's' ? text + 2 : text;
	size_t len = strspn(digits, "0123456789");
	unsigned long long n = strtoull(digits, NULL, 10);

	if (len == 0 || len > 10 || digits[len] != '\0' || n == 0 || n > UINT32_MAX)
		return -1;
	*asn = (uint32_t)n;
	return 0;
}

/* Wholly private, as far as first and last address tell; 0.0.0.0/0 and the like hold both kinds. */
static bool
is_private(const struct prefix *p)
{
	struct addr last = p->addr;

	for (unsigned i = p->bits; i < 128; i++)
		last.b[i / 8] |= (uint8_t)(0x80u >> (i % 8));
	return addr_is_private(&p->addr) && addr_is_private(&last) &&
	    p->bits >= (addr_is_v4(&p->addr) ? 96 + 8 : 7);
}

static int
parse_line(char *s, const char *path, struct pin *pin, struct err *err)
{
	char *prefix = word(&s), *country = word(&s), *asn = word(&s);
	char *organization = s + strspn(s, " \t");
	size_t len = strlen(organization);

	if (*country == '\0')
		return err_set(err, "%s:%u: %s", path, pin->line, WANTED);
	if (prefix_parse(prefix, &pin->prefix) != 0)
		return err_set(err, "%s:%u: \"%.60s\" is no prefix; expected e.g. 192.0.2.0/24 or "
		    "2001:db8::/32, host bits zero", path, pin->line, prefix);
	if (is_private(&pin->prefix))
		return err_set(err, "%s:%u: %.60s is private or reserved, and such addresses are never "
		    "looked up; expected a prefix of the Internet", path, pin->line, prefix);
	if (strlen(country) != 2 || !isupper((unsigned char)country[0]) || !isupper((unsigned char)country[1]))
		return err_set(err, "%s:%u: \"%.20s\" is no country; expected two capital letters of "
		    "ISO 3166-1, e.g. DE", path, pin->line, country);
	memcpy(pin->country, country, 3);
	if (*asn != '\0' && parse_asn(asn, &pin->asn) != 0)
		return err_set(err, "%s:%u: \"%.20s\" is no AS number; expected e.g. AS64496 or 64496",
		    path, pin->line, asn);
	if (len >= sizeof pin->organization)
		return err_set(err, "%s:%u: the organisation has %zu bytes; expected at most %zu", path,
		    pin->line, len, sizeof pin->organization - 1);
	memcpy(pin->organization, organization, len + 1);
	return 0;
}

static int
append(struct pins *pins, const struct pin *pin, const char *path, struct err *err)
{
	if (pins->n == PINS_MAX)
		return err_set(err, "%s:%u: more than %d prefixes are pinned", path, pin->line, PINS_MAX);
	if (pins->n == pins->room) {
		size_t room = pins->room > 0 ? 2 * pins->room : 64;
		struct pin *more = realloc(pins->pin, room * sizeof *more);

		if (more == NULL)
			return err_set(err, "%s: out of memory", path);
		pins->pin = more;
		pins->room = room;
	}
	pins->pin[pins->n++] = *pin;
	return 0;
}

static int
read_lines(struct pins *pins, FILE *in, const char *path, struct err *err)
{
	char text[LINE_TEXT_MAX];
	unsigned line = 0;

	while (fgets(text, sizeof text, in) != NULL) {
		struct pin pin = { .line = line + 1 };

		line++;
		if (strchr(text, '\n') == NULL && !feof(in))
			return err_set(err, "%s:%u: the line is longer than %d bytes or has a zero byte in it; "
			    WANTED, path, line, LINE_TEXT_MAX - 2);
		tidy(text);
		if (text[strspn(text, " \t")] == '\0')
			continue;
		if (parse_line(text, path, &pin, err) != 0 || append(pins, &pin, path, err) != 0)
			return -1;
	}
	return ferror(in) ? err_set(err, "%s: %s", path, strerror(errno)) : 0;
}

static int
sort(struct pins *pins, const char *path, struct err *err)
{
	char text[ADDR_STR_MAX];
	struct pin *p = pins->pin;
	size_t i = 0;

	if (pins->n > 0)
		qsort(p, pins->n, sizeof *p, pin_cmp);
	for (size_t k = 1; k < pins->n; k++)
		if (pin_cmp(&p[k - 1], &p[k]) == 0)
			return err_set(err, "%s:%u: the prefix at %s is pinned twice (line %u); expected once",
			    path, p[k].line, addr_str(&p[k].prefix.addr, text), p[k - 1].line);
	for (unsigned bits = 128; bits <= 128; bits--) {
		pins->start[bits + 1] = i;
		while (i < pins->n && p[i].prefix.bits == bits)
			i++;
	}
	pins->start[0] = i;
	return 0;
}

int
pins_load(struct pins **old, const char *path, struct err *err)
{
	FILE *in = fopen(path, "re");
	struct pins *new = calloc(1, sizeof *new);
	int rc = 0;

	if (in == NULL)
		rc = err_set(err, "%s: %s", path, strerror(errno));
	else if (new == NULL)
		rc = err_set(err, "%s: out of memory", path);
	for (size_t i = 0; rc == 0 && *old != NULL && i < (*old)->n; i++)
		rc = append(new, &(*old)->pin[i], path, err);
	if (rc == 0 && (read_lines(new, in, path, err) != 0 || sort(new, path, err) != 0))
		rc = -1;
	if (in != NULL)
		fclose(in);
	if (rc != 0) {
		pins_free(&new);
		return -1;
	}
	pins_free(old);
	*old = new;
	return 0;
}

static struct addr
masked(const struct addr *a, unsigned bits)
{
	struct addr m = { { 0 } };

	memcpy(m.b, a->b, bits / 8);
	if (bits % 8 != 0)
		m.b[bits / 8] = (uint8_t)(a->b[bits / 8] & (0xff00u >> (bits % 8)));
	return m;
}

const struct pin *
pins_find(const struct pins *pins, const struct addr *a)
{
	for (unsigned bits = 128; pins != NULL && bits <= 128; bits--) {
		size_t from = pins->start[bits + 1], n = pins->start[bits] - from;
		struct pin key;
		const struct pin *hit;

		if (n == 0)
			continue;
		key.prefix = (struct prefix){ masked(a, bits), bits };
		hit = bsearch(&key, pins->pin + from, n, sizeof *pins->pin, pin_cmp);
		if (hit != NULL)
			return hit;
	}
	return NULL;
}

void
pins_free(struct pins **pins)
{
	if (*pins != NULL)
		free((*pins)->pin);
	free(*pins);
	*pins = NULL;
}
