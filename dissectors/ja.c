/* SPDX-License-Identifier: Apache-2.0 */
/* ja - JA3 and JA3S (github.com/salesforce/ja3), JA4 (FoxIO, technical_details/JA4.md). */
#include "dissectors/ja.h"

/* --- lists and text -------------------------------------------------------- */

struct list {
	uint16_t v[JA_LIST_MAX];
	unsigned n;
	bool over;		/* there were more */
};

static void
list_add(struct list *l, uint16_t v)
{
	if (hello_grease(v))
		return;
	if (l->n == JA_LIST_MAX)
		l->over = true;
	else
		l->v[l->n++] = v;
}

static void
list_values(struct list *l, struct span values)
{
	struct rd r = rd_closed(values.p, values.len);

	l->n = 0;
	l->over = false;
	while (rd_more(&r))
		list_add(l, rd_u16(&r));
}

static void
list_types(struct list *l, struct span extensions)
{
	struct rd r = rd_closed(extensions.p, extensions.len);

	l->n = 0;
	l->over = false;
	while (rd_more(&r)) {
		uint16_t type = rd_u16(&r);

		rd_skip(&r, rd_u16(&r));
		if (rd_ok(&r))
			list_add(l, type);
	}
}

/* Shell's sort: no memory, no recursion, and short lists. */
static void
list_sort(struct list *l)
{
	static const unsigned gaps[] = { 132, 57, 23, 10, 4, 1 };

	for (unsigned g = 0; g < sizeof gaps / sizeof gaps[0]; g++) {
		unsigned gap = gaps[g];

		for (unsigned i = gap; i < l->n; i++) {
			uint16_t v = l->v[i];
			unsigned at = i;

			for (; at >= gap && l->v[at - gap] > v; at -= gap)
				l->v[at] = l->v[at - gap];
			l->v[at] = v;
		}
	}
}

/* Room for three full lists at six characters a value, and the point formats. */
struct text {
	size_t n;
	char s[3 * 6 * JA_LIST_MAX + 4 * 256 + 64];
};

static void
put(struct text *t, char c)
{
	if (t->n < sizeof t->s)
		t->s[t->n++] = c;
}

static void
put_dec(struct text *t, unsigned v)
{
	unsigned unit = 1;

	while (v / unit >= 10)
		unit *= 10;
	for (; unit > 0; unit /= 10)
		put(t, (char)('0' + v / unit % 10));
}

static void
put_hex(struct text *t, unsigned v)
{
	for (int shift = 12; shift >= 0; shift -= 4)
		put(t, "0123456789abcdef"[v >> shift & 15]);
}

static void
put_list(struct text *t, const struct list *l, char sep, void (*one)(struct text *, unsigned))
{
	for (unsigned i = 0; i < l->n; i++) {
		if (i > 0)
			put(t, sep);
		one(t, l->v[i]);
	}
}

static struct span
text_span(const struct text *t)
{
	return (struct span){ (const uint8_t *)t->s, t->n };
}

/* --- JA3, JA3S ------------------------------------------------------------- */

bool
ja3(struct crypto *c, const struct client_hello *h, char out[static 2 * DIGEST_MAX + 1])
{
	struct rd formats = rd_closed(h->point_formats.p, h->point_formats.len);
	struct text t;
	struct list l;
	bool over;

	t.n = 0;
	put_dec(&t, h->legacy_version);
	put(&t, ',');
	list_values(&l, h->ciphers);
	over = l.over;
	put_list(&t, &l, '-', put_dec);
	put(&t, ',');
	list_types(&l, h->extensions);
	over |= l.over;
	put_list(&t, &l, '-', put_dec);
	put(&t, ',');
	list_values(&l, h->groups);
	over |= l.over;
	put_list(&t, &l, '-', put_dec);
	put(&t, ',');
	for (bool first = true; rd_more(&formats); first = false) {
		if (!first)
			put(&t, '-');
		put_dec(&t, rd_u8(&formats));
	}
	if (!over)
		crypto_digest_hex(c, DIGEST_MD5, text_span(&t), out);
	return !over;
}

bool
ja3s(struct crypto *c, const struct server_hello *h, char out[static 2 * DIGEST_MAX + 1])
{
	struct text t;
	struct list l;

	t.n = 0;
	put_dec(&t, h->legacy_version);
	put(&t, ',');
	put_dec(&t, h->cipher);
	put(&t, ',');
	list_types(&l, h->extensions);
	put_list(&t, &l, '-', put_dec);
	if (!l.over)
		crypto_digest_hex(c, DIGEST_MD5, text_span(&t), out);
	return !l.over;
}

/* --- JA4 ------------------------------------------------------------------- */

static const char *
version_text(const struct client_hello *h)
{
	static const struct {
		uint16_t version;
		const char *text;
	} known[] = {
		{ 0x0304, "13" }, { 0x0303, "12" }, { 0x0302, "11" }, { 0x0301, "10" }, { 0x0300, "s3" },
		{ 0x0002, "s2" }, { 0xfeff, "d1" }, { 0xfefd, "d2" }, { 0xfefc, "d3" },
	};
	struct rd r = rd_closed(h->versions.p, h->versions.len);
	uint16_t best = 0;

	while (rd_more(&r)) {
		uint16_t v = rd_u16(&r);

		if (!hello_grease(v) && v > best)
			best = v;
	}
	if (h->versions.p == NULL)
		best = h->legacy_version;
	for (size_t i = 0; i < sizeof known / sizeof known[0]; i++)
		if (known[i].version == best)
			return known[i].text;
	return "00";
}

static bool
is_alnum(uint8_t c)
{
	return (c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z');
}

/* First and last character of the first protocol name, or of its hexadecimal form. */
static void
alpn_text(struct span list, char out[static 2])
{
	static const char digits[] = "0123456789abcdef";
	struct rd r = rd_closed(list.p, list.len);
	struct rd name = rd_vec(&r, 1);
	uint8_t first = rd_u8(&name), last = first;

	out[0] = out[1] = '0';
	if (!rd_ok(&name))
		return;
	while (rd_more(&name))
		last = rd_u8(&name);
	if (is_alnum(first) && is_alnum(last)) {
		out[0] = (char)first;
		out[1] = (char)last;
	} else {
		out[0] = digits[first >> 4];
		out[1] = digits[last & 15];
	}
}

/* The first 12 hexadecimal digits of the SHA-256, or zeros when there is nothing. */
static void
put_hash(struct crypto *c, const struct text *t, struct text *out)
{
	char hex[2 * DIGEST_MAX + 1] = "000000000000";

	if (t->n > 0)
		crypto_digest_hex(c, DIGEST_SHA256, text_span(t), hex);
	for (unsigned i = 0; i < 12; i++)
		put(out, hex[i]);
}

static void
put_count(struct text *t, unsigned n)
{
	n = n < 99 ? n : 99;
	put(t, (char)('0' + n / 10));
	put(t, (char)('0' + n % 10));
}

static bool
put_ciphers(struct crypto *c, struct list *ciphers, struct text *out)
{
	struct text t;

	t.n = 0;
	list_sort(ciphers);
	put_list(&t, ciphers, ',', put_hex);
	put_hash(c, &t, out);
	return !ciphers->over;
}

/* Server name and ALPN are told by the first part already; signature algorithms keep their order. */
static bool
put_extensions(struct crypto *c, struct list *types, struct span sigalgs, struct text *out)
{
	bool over = types->over;
	unsigned n = 0;
	struct text t;

	t.n = 0;
	for (unsigned i = 0; i < types->n; i++)
		if (types->v[i] != EXT_SERVER_NAME && types->v[i] != EXT_ALPN)
			types->v[n++] = types->v[i];
	types->n = n;
	list_sort(types);
	put_list(&t, types, ',', put_hex);
	list_values(types, sigalgs);
	if (n > 0 && types->n > 0) {
		put(&t, '_');
		put_list(&t, types, ',', put_hex);
	}
	put_hash(c, &t, out);
	return !over && !types->over;
}

bool
ja4(struct crypto *c, const struct client_hello *h, char transport, char out[static JA4_STR_MAX])
{
	const char *version = version_text(h);
	struct list ciphers, types;
	char alpn[2];
	struct text t;
	bool whole;

	list_values(&ciphers, h->ciphers);
	list_types(&types, h->extensions);
	alpn_text(h->alpn, alpn);
	t.n = 0;
	put(&t, transport);
	put(&t, version[0]);
	put(&t, version[1]);
	put(&t, h->has_sni ? 'd' : 'i');
	put_count(&t, ciphers.n);
	put_count(&t, types.n);
	put(&t, alpn[0]);
	put(&t, alpn[1]);
	put(&t, '_');
	whole = put_ciphers(c, &ciphers, &t);
	put(&t, '_');
	whole &= put_extensions(c, &types, h->sigalgs, &t);
	put(&t, '\0');
	memcpy(out, t.s, JA4_STR_MAX);
	return whole;
}

/* --- what is told ---------------------------------------------------------- */

void
ja_observe_client(struct crypto *c, const struct client_hello *h, char transport, enum side side,
    struct observations *obs)
{
	char md5[2 * DIGEST_MAX + 1], text[JA4_STR_MAX];

	if (ja3(c, h, md5))
		observe_copy(obs, OBS_TLS_JA3, side, span_str(md5));
	if (ja4(c, h, transport, text))
		observe_copy(obs, OBS_TLS_JA4, side, span_str(text));
}

void
ja_observe_server(struct crypto *c, const struct server_hello *h, enum side side, struct observations *obs)
{
	char md5[2 * DIGEST_MAX + 1];

	if (ja3s(c, h, md5))
		observe_copy(obs, OBS_TLS_JA3S, side, span_str(md5));
}
