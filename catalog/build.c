/* SPDX-License-Identifier: Apache-2.0 */
/* build - a checked vendor file becomes part of the catalogue, in the catalogue's own memory. */
#include <string.h>

#include "catalog/load.h"

struct build {
	struct catalog *c;
	const struct raw_vendor *raw;
	struct vendor *vendor;
	struct product *products;
	const char *file;
	bool out_of_memory;
};

static const char *
copy(struct build *b, const char *text)
{
	const char *s = catalog_strdup(b->c, text);

	b->out_of_memory |= text != NULL && s == NULL;
	return s;
}

static void *
room(struct build *b, size_t n, size_t size)
{
	void *p = catalog_alloc(b->c, n, size);

	b->out_of_memory |= p == NULL;
	return p;
}

/* The words were checked: what is not given is what is left. */
static int
word_or(const char *const *names, unsigned n, const char *word, int otherwise)
{
	return word != NULL ? word_find(names, n, word) : otherwise;
}

static enum category
category_or(const char *word, enum category otherwise)
{
	return (enum category)word_or(category_names, CATEGORIES_N, word, otherwise);
}

static void
build_networks(struct build *b)
{
	const struct raw_vendor *raw = b->raw;
	uint32_t *asns = room(b, raw->asn_count, sizeof *asns);
	struct prefix *networks = room(b, raw->networks_count, sizeof *networks);

	if (b->out_of_memory)
		return;
	for (unsigned i = 0; i < raw->asn_count; i++)
		asns[i] = raw->asn[i];
	for (unsigned i = 0; i < raw->networks_count; i++)
		prefix_parse(raw->networks[i], &networks[i]);
	b->vendor->n_asns = raw->asn_count;
	b->vendor->asns = asns;
	b->vendor->n_networks = raw->networks_count;
	b->vendor->networks = networks;
}

static void
build_products(struct build *b)
{
	struct product *p = room(b, b->raw->products_count, sizeof *p);

	for (unsigned i = 0; !b->out_of_memory && i < b->raw->products_count; i++) {
		const struct raw_product *raw = &b->raw->products[i];

		p[i].id = copy(b, raw->id);
		p[i].name = copy(b, raw->name);
		p[i].category = category_or(raw->category, b->vendor->category);
	}
	b->products = p;
	b->vendor->products = p;
	b->vendor->n_products = b->raw->products_count;
}

static void
build_sources(struct build *b, struct signal *s, const struct raw_signal *raw)
{
	unsigned n = raw->source != NULL ? 1 : raw->sources_count;
	const struct raw_source *from = raw->source != NULL ? raw->source : raw->sources;
	struct source_note *notes = room(b, n, sizeof *notes);

	for (unsigned i = 0; !b->out_of_memory && i < n; i++)
		notes[i] = (struct source_note){ copy(b, from[i].title), copy(b, from[i].url),
			copy(b, from[i].checked) };
	s->sources = notes;
	s->n_sources = n;
}

static void
build_versions(struct build *b, struct signal *s, const struct raw_signal *raw)
{
	const char **v = room(b, raw->version_count, sizeof *v);

	for (unsigned i = 0; !b->out_of_memory && i < raw->version_count; i++)
		v[i] = copy(b, raw->version[i]);
	s->versions = v;
	s->n_versions = raw->version_count;
}

const char *
signal_text(const struct signal *s, const struct matcher_key *key)
{
	return *(const char *const *)(const void *)((const char *)s + key->signal);
}

struct span
signal_bytes(const struct signal *s, const struct matcher_key *key)
{
	return *(const struct span *)(const void *)((const char *)s + key->signal);
}

static void
build_matcher(struct build *b, struct signal *s, const struct matcher_key *key, const char *text)
{
	void *field = (char *)s + key->signal;
	uint8_t *bytes;

	if (key->type != MATCH_BYTES) {
		*(const char **)field = copy(b, text);
	} else if ((bytes = room(b, CATALOG_MAGIC_MAX, 1)) != NULL) {
		size_t n = magic_parse(text, bytes, CATALOG_MAGIC_MAX);

		*(struct span *)field = (struct span){ bytes, n };
	}
}

static const struct product *
find_product(const struct build *b, const char *id)
{
	for (unsigned i = 0; id != NULL && i < b->raw->products_count; i++)
		if (strcmp(b->raw->products[i].id, id) == 0)
			return &b->products[i];
	return NULL;
}

static void
build_signal(struct build *b, unsigned i, struct signal *s, unsigned line)
{
	const struct raw_signal *raw = &b->raw->signals[i];
	const struct product *product = find_product(b, raw->product);

	*s = (struct signal){
		.id = copy(b, raw->id),
		.vendor = b->vendor,
		.product = product,
		.category = category_or(raw->category, product != NULL ? product->category : b->vendor->category),
		.purpose = (enum purpose)word_find(purpose_names, PURPOSES_N, raw->purpose),
		.strength = (enum strength)word_find(strength_names, STRENGTHS_N, raw->strength),
		.means = (enum means)word_or(means_names, MEANS_N, raw->means, MEANS_PRODUCT),
		.enabled = word_or(bool_names, 2, raw->enabled, 1) == 1,
		.reason = copy(b, raw->reason),
		.note = copy(b, raw->note),
		.port = raw->port,
		.transport = raw->transport != NULL ? (strcmp(raw->transport, "tcp") == 0 ? 6 : 17) : 0,
		.file = b->file,
		.line = line,
		.index = (unsigned)b->c->n_signals + i,
	};
	for (unsigned k = 0; k < MATCHER_KEYS_N; k++) {
		const char *text = raw_matcher(raw, &matcher_keys[k]);

		if (text != NULL)
			build_matcher(b, s, &matcher_keys[k], text);
	}
	build_versions(b, s, raw);
	build_sources(b, s, raw);
}

static void
build_signals(struct build *b, const struct places *places)
{
	const struct place *list = places_key(places, places_root(places), "signals");
	struct signal *s = room(b, b->raw->signals_count, sizeof *s);

	for (unsigned i = 0; !b->out_of_memory && i < b->raw->signals_count; i++)
		build_signal(b, i, &s[i], places_item(places, list, i)->line);
	b->vendor->signals = s;
	b->vendor->n_signals = b->raw->signals_count;
}

int
build_vendor(struct catalog *c, const struct raw_vendor *raw, const struct places *places, const char *file,
    struct err *err)
{
	struct build b = { .c = c, .raw = raw };
	const struct place *at = places_key(places, places_root(places), "vendor");

	for (size_t i = 0; i < c->n_vendors; i++)
		if (strcmp(c->vendors[i]->id, raw->vendor) == 0)
			return refuse(err, file, at->line, at->column,
			    "vendor \"%s\" is already in %s; expected "
			    "one file a vendor",
			    raw->vendor, c->vendors[i]->signals[0].file);
	if (c->n_vendors == CATALOG_VENDORS_MAX)
		return refuse(err, file, 1, 1, "too many vendors; expected at most %d", CATALOG_VENDORS_MAX);
	b.vendor = room(&b, 1, sizeof *b.vendor);
	b.file = copy(&b, file);
	if (b.out_of_memory)
		return err_set(err, "%s: out of memory", file);
	b.vendor->id = copy(&b, raw->vendor);
	b.vendor->name = copy(&b, raw->name);
	b.vendor->seat = copy(&b, raw->seat);
	b.vendor->category = category_or(raw->category, CATEGORY_SECURITY);
	build_networks(&b);
	build_products(&b);
	build_signals(&b, places);
	if (b.out_of_memory)
		return err_set(err, "%s: out of memory", file);
	c->vendors[c->n_vendors++] = b.vendor;
	c->n_signals += raw->signals_count;
	return 0;
}
