/* SPDX-License-Identifier: Apache-2.0 */
/* catalog - words, memory and small questions of a loaded catalogue. */
#include "catalog/catalog.h"

#include <stdalign.h>
#include <stdlib.h>
#include <string.h>

#include "catalog/load.h"

enum { CHUNK = 64 * 1024 };

const char *const purpose_names[PURPOSES_N] = {
	[PURPOSE_UNDETERMINED] = "undetermined",
	[PURPOSE_UPDATE] = "update",
	[PURPOSE_TELEMETRY] = "telemetry",
	[PURPOSE_REPUTATION] = "reputation",
	[PURPOSE_LICENSE] = "license",
	[PURPOSE_MANAGEMENT] = "management",
	[PURPOSE_DOWNLOAD] = "download",
	[PURPOSE_CRASH] = "crash",
	[PURPOSE_VPN] = "vpn",
	[PURPOSE_WEB] = "web",
};
const char *const strength_names[STRENGTHS_N] = {
	[STRENGTH_WEAK] = "weak", [STRENGTH_MEDIUM] = "medium", [STRENGTH_STRONG] = "strong",
	[STRENGTH_PROOF] = "proof",
};
const char *const category_names[CATEGORIES_N] = {
	[CATEGORY_SECURITY] = "security", [CATEGORY_OS] = "os", [CATEGORY_SOFTWARE] = "software",
};
const char *const means_names[MEANS_N] = {
	[MEANS_PRODUCT] = "product", [MEANS_ENGINE] = "engine", [MEANS_NOT] = "not", [MEANS_RESOLVER] = "resolver",
	[MEANS_OUTER] = "outer-name",
};
const char *const transport_names[2] = { "tcp", "udp" };
const char *const bool_names[2] = { "false", "true" };

const char *
purpose_name(enum purpose purpose)
{
	return purpose_names[purpose];
}

const char *
strength_name(enum strength strength)
{
	return strength_names[strength];
}

const char *
means_name(enum means means)
{
	return means_names[means];
}

const char *
category_name(enum category category)
{
	return category_names[category];
}

int
word_find(const char *const *names, unsigned n, const char *word)
{
	for (unsigned i = 0; i < n; i++)
		if (strcmp(names[i], word) == 0)
			return (int)i;
	return -1;
}

bool
category_parse(const char *word, enum category *category)
{
	int i = word_find(category_names, CATEGORIES_N, word);

	if (i >= 0)
		*category = (enum category)i;
	return i >= 0;
}

int
refuse(struct err *err, const char *file, unsigned line, unsigned column, const char *fmt, ...)
{
	va_list ap;
	int n = snprintf(err->text, sizeof err->text, "%s:%u:%u: ", file, line, column);
	size_t at = n < 0 ? 0 : (size_t)n < sizeof err->text ? (size_t)n : sizeof err->text - 1;

	va_start(ap, fmt);
	vsnprintf(err->text + at, sizeof err->text - at, fmt, ap);
	va_end(ap);
	for (char *p = err->text; *p != '\0'; p++)
		if ((unsigned char)*p < ' ' || *p == 0x7f)
			*p = '?';
	return -1;
}

/* --- memory ---------------------------------------------------------------- */

struct memory {
	struct memory *next;
	size_t used, size;
	alignas(16) unsigned char data[];
};

struct catalog *
catalog_new(struct err *err)
{
	struct catalog *c = calloc(1, sizeof *c);

	if (c != NULL)
		c->vendors = catalog_alloc(c, CATALOG_VENDORS_MAX, sizeof *c->vendors);
	if (c == NULL || c->vendors == NULL) {
		err_set(err, "out of memory for the catalogue");
		catalog_free(&c);
	}
	return c;
}

void
catalog_free(struct catalog **c)
{
	struct memory *m, *next;

	if (*c == NULL)
		return;
	hosts_free(&(*c)->hosts);
	patterns_free(&(*c)->patterns);
	for (m = (*c)->memory; m != NULL; m = next) {
		next = m->next;
		free(m);
	}
	free(*c);
	*c = NULL;
}

void *
catalog_alloc(struct catalog *c, size_t n, size_t size)
{
	struct memory *m = c->memory;
	size_t want;
	void *p;

	if (__builtin_mul_overflow(n, size, &want) || want > SIZE_MAX / 2)
		return NULL;
	want = (want + 15) & ~(size_t)15;
	if (m == NULL || m->size - m->used < want) {
		size_t room = want > CHUNK ? want : CHUNK;

		if ((m = calloc(1, sizeof *m + room)) == NULL)
			return NULL;
		m->size = room;
		m->next = c->memory;
		c->memory = m;
	}
	p = m->data + m->used;
	m->used += want;
	return p;
}

char *
catalog_strdup(struct catalog *c, const char *s)
{
	char *copy = s != NULL ? catalog_alloc(c, strlen(s) + 1, 1) : NULL;

	return copy != NULL ? memcpy(copy, s, strlen(s) + 1) : NULL;
}

/* --- questions ---------------------------------------------------------------- */

size_t
catalog_vendors(const struct catalog *c, const struct vendor *const **first)
{
	*first = c->vendors;
	return c->n_vendors;
}

size_t
catalog_signals(const struct catalog *c)
{
	return c->n_signals;
}

const char *
catalog_digest(const struct catalog *c)
{
	return c->digest;
}

bool
vendor_has_asn(const struct vendor *vendor, uint32_t asn)
{
	for (unsigned i = 0; i < vendor->n_asns; i++)
		if (vendor->asns[i] == asn)
			return true;
	return false;
}

bool
vendor_has_address(const struct vendor *vendor, const struct addr *address)
{
	for (unsigned i = 0; i < vendor->n_networks; i++)
		if (prefix_has(&vendor->networks[i], address))
			return true;
	return false;
}

bool
catalog_is_resolver(const struct catalog *c, const struct addr *address)
{
	return c->resolver != NULL && vendor_has_address(c->resolver, address);
}
