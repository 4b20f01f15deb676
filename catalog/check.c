/* SPDX-License-Identifier: Apache-2.0 */
/* check - does a vendor file make sense; the rules are those of telltale-catalog(5). */
#include <ctype.h>
#include <stdio.h>
#include <string.h>

#include "catalog/load.h"

#define RAW(member) offsetof(struct raw_signal, member)
#define KEY(name, kind, bit, in)                                                                             \
	{ .key = #name, .type = kind, .need = bit, .patterns = in, .raw = RAW(name),                         \
		.signal = offsetof(struct signal, name) }

const struct matcher_key matcher_keys[MATCHER_KEYS_N] = {
	KEY(host, MATCH_NAME, NEED_HOST, PATTERN_CLASSES_N),
	KEY(host_exact, MATCH_NAME, NEED_HOST, PATTERN_CLASSES_N),
	KEY(host_pattern, MATCH_REGEX, NEED_HOST, PATTERN_HOST_ANY),
	KEY(http_path, MATCH_REGEX, NEED_PATH, PATTERN_PATH),
	KEY(http_query, MATCH_REGEX, NEED_QUERY, PATTERN_QUERY),
	KEY(http_agent, MATCH_REGEX, NEED_AGENT, PATTERN_AGENT),
	KEY(http_header, MATCH_REGEX, NEED_HEADER, PATTERN_HEADER),
	KEY(dns_txt, MATCH_REGEX, NEED_TXT, PATTERN_TXT),
	KEY(protocol, MATCH_WORD, NEED_PROTOCOL, PATTERN_CLASSES_N),
	KEY(body, MATCH_BYTES, NEED_BODY, PATTERN_CLASSES_N),
	KEY(request_body, MATCH_BYTES, NEED_REQUEST_BODY, PATTERN_CLASSES_N),
	KEY(payload_client, MATCH_BYTES, NEED_PAYLOAD_CLIENT, PATTERN_CLASSES_N),
	KEY(payload_server, MATCH_BYTES, NEED_PAYLOAD_SERVER, PATTERN_CLASSES_N),
	KEY(http_method, MATCH_METHOD, NEED_METHOD, PATTERN_CLASSES_N),
};

/* A file that is being checked, and the mapping in it that is looked at. */
struct check {
	const struct raw_vendor *raw;
	const struct places *places;
	const char *file;
	struct err *err;
	const struct place *at;
};

const char *
raw_matcher(const struct raw_signal *raw, const struct matcher_key *key)
{
	return *(char *const *)(const void *)((const char *)raw + key->raw);
}

/* Where key stands in the mapping, else the mapping. */
static const struct place *
where(const struct check *ck, const char *key)
{
	const struct place *p = places_key(ck->places, ck->at, key);

	return p != NULL ? p : ck->at;
}

#define REFUSE(ck, key, ...)                                                                                 \
	refuse((ck)->err, (ck)->file, where(ck, key)->line, where(ck, key)->column, __VA_ARGS__)

static bool
is_slug(const char *s)
{
	return strspn(s, "abcdefghijklmnopqrstuvwxyz0123456789-") == strlen(s) && isalnum((unsigned char)*s);
}

static int
check_slug(const struct check *ck, const char *key, const char *text)
{
	if (text == NULL)
		return REFUSE(ck, key, "no \"%s\" is given; expected letters a-z, digits and hyphens", key);
	if (!is_slug(text))
		return REFUSE(
		    ck, key, "%s \"%s\" is not an id; expected letters a-z, digits and hyphens", key, text);
	return 0;
}

static int
check_given(const struct check *ck, const char *key, const char *text)
{
	return text != NULL ? 0 : REFUSE(ck, key, "no \"%s\" is given; expected text", key);
}

static int
check_word(const struct check *ck, const char *key, const char *text, bool required,
    const char *const *names, unsigned n)
{
	char list[256] = "";
	size_t len = 0;

	if (text == NULL ? !required : word_find(names, n, text) >= 0)
		return 0;
	for (unsigned i = 0; i < n && len < sizeof list; i++)
		len += (size_t)snprintf(list + len, sizeof list - len, "%s%s", i > 0 ? ", " : "", names[i]);
	if (text == NULL)
		return REFUSE(ck, key, "no \"%s\" is given; expected one of %s", key, list);
	return REFUSE(ck, key, "%s \"%s\" is not known; expected one of %s", key, text, list);
}

/* --- the vendor ---------------------------------------------------------------- */

static int
check_seat(const struct check *ck)
{
	const char *seat = ck->raw->seat;

	if (seat != NULL && strlen(seat) == 2 && seat[0] >= 'A' && seat[0] <= 'Z' && seat[1] >= 'A' &&
	    seat[1] <= 'Z')
		return 0;
	if (seat == NULL)
		return REFUSE(ck, "seat", "no \"seat\" is given; expected two capital letters (ISO 3166-1)");
	return REFUSE(
	    ck, "seat", "seat \"%s\" is not a country; expected two capital letters (ISO 3166-1)", seat);
}

static int
check_networks(struct check *ck)
{
	const struct place *vendor = ck->at;
	const struct place *list = places_key(ck->places, vendor, "asn");
	struct prefix prefix;

	for (unsigned i = 0; i < ck->raw->asn_count; i++) {
		ck->at = places_item(ck->places, list, i);
		if (ck->raw->asn[i] == 0)
			return REFUSE(ck, "", "0 is not an AS number; expected 1 to 4294967295");
	}
	list = places_key(ck->places, vendor, "networks");
	for (unsigned i = 0; i < ck->raw->networks_count; i++) {
		ck->at = places_item(ck->places, list, i);
		if (prefix_parse(ck->raw->networks[i], &prefix) != 0)
			return REFUSE(ck, "",
			    "\"%s\" is not a network; expected a prefix such as 192.0.2.0/24 "
			    "with no host bits set",
			    ck->raw->networks[i]);
	}
	ck->at = vendor;
	return 0;
}

static int
check_product(struct check *ck, unsigned i)
{
	const struct raw_product *p = &ck->raw->products[i];

	ck->at = places_item(ck->places, places_key(ck->places, places_root(ck->places), "products"), i);
	if (check_slug(ck, "id", p->id) != 0 || check_given(ck, "name", p->name) != 0 ||
	    check_word(ck, "category", p->category, false, category_names, CATEGORIES_N) != 0)
		return -1;
	for (unsigned j = 0; j < i; j++)
		if (strcmp(ck->raw->products[j].id, p->id) == 0)
			return REFUSE(
			    ck, "id", "product \"%s\" is already there; expected another id", p->id);
	return 0;
}

/* --- what a signal asks for ------------------------------------------------------ */

/* RFC 1123 section 2.1, and the underscore that service names have; in lower case. */
static bool
is_host(const char *s)
{
	size_t len = strlen(s), label = 0, dots = 0;

	for (size_t i = 0; i < len; i++) {
		if (s[i] == '.') {
			if (label == 0)
				return false;
			label = 0;
			dots++;
		} else if (strchr("abcdefghijklmnopqrstuvwxyz0123456789-_", s[i]) == NULL || ++label > 63) {
			return false;
		}
	}
	return label > 0 && dots > 0 && len <= 253;
}

static int
hex_digit(char c)
{
	const char *digits = "0123456789abcdef", *p = c != '\0' ? strchr(digits, c) : NULL;

	return p != NULL ? (int)(p - digits) : -1;
}

size_t
magic_parse(const char *text, uint8_t *out, size_t max)
{
	size_t n = strlen(text);

	if (strncmp(text, "hex:", 4) != 0) {
		if (n > max)
			return 0;
		memcpy(out, text, n);
		return n;
	}
	text += 4;
	n -= 4;
	if (n % 2 != 0 || n / 2 > max)
		return 0;
	for (size_t i = 0; i < n / 2; i++) {
		int high = hex_digit(text[2 * i]), low = hex_digit(text[2 * i + 1]);

		if (high < 0 || low < 0)
			return 0;
		out[i] = (uint8_t)(high << 4 | low);
	}
	return n / 2;
}

static int
check_regex(const struct check *ck, const struct matcher_key *key, const char *text)
{
	struct err why;

	if (strlen(text) > CATALOG_REGEX_MAX)
		return REFUSE(ck, key->key, "%s is %zu bytes long; expected at most %d", key->key,
		    strlen(text), CATALOG_REGEX_MAX);
	if (pattern_check(text, key->patterns, &why) != 0)
		return REFUSE(ck, key->key, "%s \"%s\" cannot be used: %s; expected a regular expression",
		    key->key, text, why.text);
	return 0;
}

static int
check_matcher(const struct check *ck, const struct matcher_key *key, const char *text)
{
	uint8_t bytes[CATALOG_MAGIC_MAX];

	switch (key->type) {
	case MATCH_NAME:
		if (!is_host(text))
			return REFUSE(ck, key->key,
			    "%s \"%s\" is not a host name; expected lower-case labels "
			    "such as upd.example.net, without wildcard",
			    key->key, text);
		return 0;
	case MATCH_REGEX:
		return check_regex(ck, key, text);
	case MATCH_METHOD:
		if (strlen(text) > 16 || strspn(text, "ABCDEFGHIJKLMNOPQRSTUVWXYZ_-") != strlen(text))
			return REFUSE(ck, key->key, "%s \"%s\" is not a method; expected capital letters",
			    key->key, text);
		return 0;
	case MATCH_WORD:
		return check_slug(ck, key->key, text);
	default:
		if (magic_parse(text, bytes, sizeof bytes) < CATALOG_MAGIC_MIN)
			return REFUSE(ck, key->key,
			    "%s \"%s\" cannot be used; expected %d to %d bytes of text, "
			    "or \"hex:\" and lower-case digits",
			    key->key, text, CATALOG_MAGIC_MIN, CATALOG_MAGIC_MAX);
		return 0;
	}
}

static int
check_matchers(const struct check *ck, const struct raw_signal *s)
{
	unsigned given = 0, hosts = 0;

	for (unsigned i = 0; i < MATCHER_KEYS_N; i++) {
		const struct matcher_key *key = &matcher_keys[i];
		const char *text = raw_matcher(s, key);

		if (text == NULL)
			continue;
		if (check_matcher(ck, key, text) != 0)
			return -1;
		given += key->need != NEED_METHOD;
		hosts += key->need == NEED_HOST;
		if (hosts > 1)
			return REFUSE(ck, key->key, "a second kind of host; expected one of host, host_exact "
			    "and host_pattern");
	}
	if (s->port == 0 && places_key(ck->places, ck->at, "port") != NULL)
		return REFUSE(ck, "port", "port 0 is none; expected 1 to 65535");
	if (check_word(ck, "transport", s->transport, false, transport_names, 2) != 0)
		return -1;
	if (given == 0 && (s->port == 0 || s->http_method != NULL))
		return REFUSE(ck, "id", "signal \"%s\" asks for %s; expected a host, path, agent, header, body, "
		    "payload, protocol, dns_txt or port", s->id,
		    s->http_method != NULL ? "no more than a method, or a method and a port" : "nothing");
	/* Anybody may use a port: it is believed of a host that is known for more, and then but a little. */
	if (given == 0 && strcmp(s->strength, "weak") != 0)
		return REFUSE(ck, "strength", "signal \"%s\" asks for a port alone; expected strength weak", s->id);
	return 0;
}

/* --- the rest of a signal ---------------------------------------------------------- */

static bool
is_date(const char *s)
{
	unsigned month, day;

	if (strlen(s) != 10)
		return false;
	for (unsigned i = 0; i < 10; i++)
		if (i == 4 || i == 7 ? s[i] != '-' : s[i] < '0' || s[i] > '9')
			return false;
	month = (unsigned)(s[5] - '0') * 10 + (unsigned)(s[6] - '0');
	day = (unsigned)(s[8] - '0') * 10 + (unsigned)(s[9] - '0');
	return month >= 1 && month <= 12 && day >= 1 && day <= 31;
}

/* ck->at is the source's own mapping. */
static int
check_source(const struct check *ck, const struct raw_source *s)
{
	if (check_given(ck, "title", s->title) != 0)
		return -1;
	if (s->url != NULL && strncmp(s->url, "https://", 8) != 0 && strncmp(s->url, "http://", 7) != 0)
		return REFUSE(ck, "url", "url \"%s\" is not one; expected https://... or http://...", s->url);
	if (s->checked == NULL)
		return REFUSE(ck, "checked", "no \"checked\" is given; expected a date such as 2026-11-22");
	if (!is_date(s->checked))
		return REFUSE(ck, "checked", "checked \"%s\" is not a date; expected one such as 2026-11-22",
		    s->checked);
	return 0;
}

static int
check_sources(struct check *ck, const struct raw_signal *s)
{
	const struct place *signal = ck->at;
	int rc = 0;

	if ((s->source != NULL) == (s->sources_count > 0))
		return REFUSE(ck, "id", "signal \"%s\" has %s; expected either source or sources", s->id,
		    s->source != NULL ? "both source and sources" : "no source");
	if (s->source != NULL) {
		ck->at = places_key(ck->places, signal, "source");
		rc = check_source(ck, s->source);
	}
	for (unsigned i = 0; rc == 0 && i < s->sources_count; i++) {
		ck->at = places_item(ck->places, places_key(ck->places, signal, "sources"), i);
		rc = check_source(ck, &s->sources[i]);
	}
	ck->at = signal;
	return rc;
}

static bool
is_enabled(const struct raw_signal *s)
{
	return s->enabled == NULL || strcmp(s->enabled, "true") == 0;
}

static int
check_words(const struct check *ck, const struct raw_signal *s)
{
	if (check_word(ck, "purpose", s->purpose, true, purpose_names, PURPOSES_N) != 0 ||
	    check_word(ck, "strength", s->strength, true, strength_names, STRENGTHS_N) != 0 ||
	    check_word(ck, "category", s->category, false, category_names, CATEGORIES_N) != 0 ||
	    check_word(ck, "means", s->means, false, means_names, MEANS_N) != 0 ||
	    check_word(ck, "enabled", s->enabled, false, bool_names, 2) != 0)
		return -1;
	if (!is_enabled(s) && s->reason == NULL)
		return REFUSE(
		    ck, "enabled", "signal \"%s\" is off without a reason; expected \"reason: ...\"", s->id);
	if (is_enabled(s) && s->reason != NULL)
		return REFUSE(ck, "reason", "a reason for being off, but signal \"%s\" is on; expected "
		    "\"enabled: false\"", s->id);
	return 0;
}

static int
check_product_of(const struct check *ck, const struct raw_signal *s)
{
	if (s->product == NULL)
		return 0;
	for (unsigned i = 0; i < ck->raw->products_count; i++)
		if (strcmp(ck->raw->products[i].id, s->product) == 0)
			return 0;
	return REFUSE(ck, "product", "product \"%s\" is not there; expected an id of the list \"products\"",
	    s->product);
}

static bool
same_text(const char *a, const char *b)
{
	return a == b || (a != NULL && b != NULL && strcmp(a, b) == 0);
}

static bool
asks_the_same(const struct raw_signal *a, const struct raw_signal *b)
{
	for (unsigned i = 0; i < MATCHER_KEYS_N; i++)
		if (!same_text(raw_matcher(a, &matcher_keys[i]), raw_matcher(b, &matcher_keys[i])))
			return false;
	return a->port == b->port && same_text(a->transport, b->transport);
}

static int
check_unique(const struct check *ck, unsigned i)
{
	const struct raw_signal *s = &ck->raw->signals[i];

	for (unsigned j = 0; j < i; j++) {
		const struct raw_signal *other = &ck->raw->signals[j];

		if (strcmp(other->id, s->id) == 0)
			return REFUSE(ck, "id", "signal \"%s\" is already there; expected another id", s->id);
		if (is_enabled(s) && is_enabled(other) && asks_the_same(s, other))
			return REFUSE(ck, "id",
			    "signal \"%s\" asks for the same as \"%s\"; expected one of them", s->id,
			    other->id);
	}
	return 0;
}

static int
check_versions(struct check *ck, const struct raw_signal *s)
{
	const struct place *signal = ck->at, *list = places_key(ck->places, signal, "version");

	for (unsigned i = 0; i < s->version_count; i++) {
		const char *group = strstr(s->version[i], "{}");

		ck->at = places_item(ck->places, list, i);
		if (group == NULL || strstr(group + 2, "{}") != NULL)
			return REFUSE(ck, "", "version \"%s\" does not say where the version is; expected one {} "
			    "in it, as in daily-{}.cdiff", s->version[i]);
	}
	ck->at = signal;
	return 0;
}

static int
check_signal(struct check *ck, unsigned i)
{
	const struct raw_signal *s = &ck->raw->signals[i];

	ck->at = places_item(ck->places, places_key(ck->places, places_root(ck->places), "signals"), i);
	if (check_slug(ck, "id", s->id) != 0 || check_product_of(ck, s) != 0 || check_words(ck, s) != 0 ||
	    check_matchers(ck, s) != 0 || check_versions(ck, s) != 0 ||
	    check_sources(ck, s) != 0)
		return -1;
	return check_unique(ck, i);
}

int
check_vendor(const struct raw_vendor *raw, const struct places *places, const char *file, struct err *err)
{
	struct check ck = { raw, places, file, err, places_root(places) };

	if (check_slug(&ck, "vendor", raw->vendor) != 0 || check_given(&ck, "name", raw->name) != 0 ||
	    check_seat(&ck) != 0 ||
	    check_word(&ck, "category", raw->category, false, category_names, CATEGORIES_N) != 0 ||
	    check_networks(&ck) != 0)
		return -1;
	if (raw->signals_count == 0)
		return REFUSE(&ck, "signals", "no \"signals\" are given; expected a list of at least one");
	for (unsigned i = 0; i < raw->products_count; i++)
		if (check_product(&ck, i) != 0)
			return -1;
	for (unsigned i = 0; i < raw->signals_count; i++)
		if (check_signal(&ck, i) != 0)
			return -1;
	return 0;
}
