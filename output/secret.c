/* SPDX-License-Identifier: Apache-2.0 */
/* secret - finds what identifies somebody in a text of the wire, and puts a keyed hash in its place. */
#include "output/secret.h"

#include <ctype.h>
#include <stdio.h>
#include <string.h>

enum {
	HEX_MIN = 16,		/* hexadecimal digits that make an identifier */
	DIGITS_MIN = 9,		/* decimal ones */
	MIXED_MIN = 20,		/* letters and digits of both kinds: a token in base 32 or 64 */
	PLAIN_MAX = 2,		/* characters of a query value that say nothing of anybody */
	VERSION_MAX = 24,
};

struct text {
	const uint8_t *p;
	size_t n;
};

struct sink {
	const struct secrets *secrets;
	uint8_t *out;
	size_t n;
};

static void
put(struct sink *s, const void *p, size_t n)
{
	if (n > SECRET_TEXT_MAX - s->n)
		n = SECRET_TEXT_MAX - s->n;
	memcpy(s->out + s->n, p, n);
	s->n += n;
}

static void
put_hash(struct sink *s, struct text t)
{
	uint8_t digest[DIGEST_MAX];
	char hash[SECRET_HASH_MAX];

	crypto_hmac(s->secrets->crypto, (struct span){ s->secrets->key, SECRET_KEY }, (struct span){ t.p, t.n }, digest);
	snprintf(hash, sizeof hash, "#%02x%02x%02x%02x%02x%02x", digest[0], digest[1], digest[2], digest[3],
	    digest[4], digest[5]);
	put(s, hash, strlen(hash));
}

/* --- what looks like an identifier -------------------------------------------------- */

/* RFC 9562 section 4, with or without hyphens. */
static bool
is_uuid(struct text t)
{
	if (t.n != 36)
		return false;
	for (size_t i = 0; i < t.n; i++) {
		bool hyphen = i == 8 || i == 13 || i == 18 || i == 23;

		if (hyphen ? t.p[i] != '-' : !isxdigit(t.p[i]))
			return false;
	}
	return true;
}

static bool
is_identifier(struct text t)
{
	size_t digits = 0, hex = 0, upper = 0, lower = 0;

	for (size_t i = 0; i < t.n; i++) {
		digits += isdigit(t.p[i]) != 0;
		hex += isxdigit(t.p[i]) != 0;
		upper += isupper(t.p[i]) != 0;
		lower += islower(t.p[i]) != 0;
	}
	if (digits == t.n)
		return t.n >= DIGITS_MIN;
	if (hex == t.n)
		return t.n >= HEX_MIN;
	return digits + upper + lower == t.n && t.n >= MIXED_MIN && digits >= 3 && (upper == 0 || lower == 0 || digits > 4);
}

static bool
is_version(struct text t)
{
	size_t dots = 0;

	for (size_t i = 0; i < t.n; i++) {
		dots += t.p[i] == '.';
		if (!isdigit(t.p[i]) && t.p[i] != '.')
			return false;
	}
	return dots > 0 && t.n <= VERSION_MAX;
}

/* --- kinds of text -------------------------------------------------------------------- */

/* Length of the run of letters and digits, or of a UUID, that t begins with; 0: it begins with neither. */
static size_t
run(struct text t)
{
	size_t n = 0;

	if (t.n >= 36 && is_uuid((struct text){ t.p, 36 }) && (t.n == 36 || !isalnum(t.p[36])))
		return 36;
	while (n < t.n && isalnum(t.p[n]))
		n++;
	return n;
}

static void
hide_tokens(struct sink *s, struct text t)
{
	while (t.n > 0) {
		size_t n = run(t);
		struct text token = { t.p, n > 0 ? n : 1 };

		if (n > 0 && (is_uuid(token) || is_identifier(token)))
			put_hash(s, token);
		else
			put(s, token.p, token.n);
		t.p += token.n;
		t.n -= token.n;
	}
}

/* Up to the first byte that is c, which is not part of it; all of t when there is none. */
static struct text
until(struct text t, const char *any)
{
	size_t n = 0;

	while (n < t.n && (t.p[n] == '\0' || strchr(any, t.p[n]) == NULL))
		n++;
	return (struct text){ t.p, n };
}

static struct text
after(struct text t, size_t n)
{
	return (struct text){ t.p + n, t.n - n };
}

static void
hide_value(struct sink *s, struct text value)
{
	if (value.n <= PLAIN_MAX || is_version(value))
		put(s, value.p, value.n);
	else
		put_hash(s, value);
}

static void
hide_query(struct sink *s, struct text t)
{
	while (t.n > 0) {
		struct text pair = until(t, "&;"), name = until(pair, "=");

		if (name.n == pair.n) {
			/* No name: a bare word is a token, or the whole query is one. */
			hide_tokens(s, pair);
		} else {
			put(s, name.p, name.n + 1);
			hide_value(s, after(pair, name.n + 1));
		}
		t = after(t, pair.n);
		if (t.n > 0) {
			put(s, t.p, 1);
			t = after(t, 1);
		}
	}
}

static void
hide_url(struct sink *s, struct text t)
{
	struct text path = until(t, "?");

	hide_tokens(s, path);
	t = after(t, path.n);
	if (t.n == 0)
		return;
	put(s, t.p, 1);
	hide_query(s, after(t, 1));
}

static struct text
value_of(struct text t, struct text *name)
{
	size_t n;

	*name = until(t, ":");
	n = name->n;
	while (n < t.n && (t.p[n] == ':' || t.p[n] == ' '))
		n++;
	return after(t, n);
}

static void
hide_header(struct sink *s, struct text t)
{
	struct text name, value = value_of(t, &name);

	put(s, t.p, t.n - value.n);
	if (value.n > 0)
		put_hash(s, value);
}

static void
hide_field(struct sink *s, struct text t)
{
	struct text name, value = value_of(t, &name);

	put(s, t.p, t.n - value.n);
	if (name.n == 2 && memcmp(name.p, "id", 2) == 0 && value.n > 0)
		put_hash(s, value);
	else
		hide_tokens(s, value);
}

size_t
secret_hide(const struct secrets *secrets, enum secret how, struct span in, uint8_t out[static SECRET_TEXT_MAX])
{
	struct sink s = { .secrets = secrets, .out = out };
	struct rd r = rd_closed(in.p, in.len);
	uint8_t copy[SECRET_TEXT_MAX];
	struct text t = { copy, in.len < sizeof copy ? in.len : sizeof copy };

	rd_copy(&r, copy, t.n);
	switch (secrets->clear ? SECRET_NOTHING : how) {
	case SECRET_TOKENS: hide_tokens(&s, t); break;
	case SECRET_QUERY: hide_query(&s, t); break;
	case SECRET_URL: hide_url(&s, t); break;
	case SECRET_HEADER: hide_header(&s, t); break;
	case SECRET_FIELD: hide_field(&s, t); break;
	case SECRET_NOTHING: default: put(&s, t.p, t.n); break;
	}
	return s.n;
}

_Static_assert((int)SECRET_TEXT_MAX <= (int)CRYPTO_HMAC_MAX, "a text must be hashed whole");
