/* SPDX-License-Identifier: Apache-2.0 */
/* load - vendor files, typed by a schema; the one file of the folder with libcyaml. */
#include "catalog/load.h"

#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cyaml/cyaml.h>

#include "core/crypto.h"

/* --- the schema: every value is text or a number, so that "seat: NO" is the text NO ---- */

#define TEXT(type, member)                                                                                   \
	CYAML_FIELD_STRING_PTR(#member, CYAML_FLAG_POINTER | CYAML_FLAG_OPTIONAL, type, member, 1,             \
	    CATALOG_TEXT_MAX)
#define LIST(type, member, entry, max)                                                                       \
	CYAML_FIELD_SEQUENCE(#member, CYAML_FLAG_POINTER | CYAML_FLAG_OPTIONAL, type, member, entry, 1, max)

static const cyaml_schema_field_t source_fields[] = {
	TEXT(struct raw_source, title), TEXT(struct raw_source, url), TEXT(struct raw_source, checked),
	CYAML_FIELD_END
};
static const cyaml_schema_value_t source_entry = {
	CYAML_VALUE_MAPPING(CYAML_FLAG_DEFAULT, struct raw_source, source_fields),
};

static const cyaml_schema_field_t product_fields[] = {
	TEXT(struct raw_product, id), TEXT(struct raw_product, name), TEXT(struct raw_product, category),
	CYAML_FIELD_END
};
static const cyaml_schema_value_t product_entry = {
	CYAML_VALUE_MAPPING(CYAML_FLAG_DEFAULT, struct raw_product, product_fields),
};

static const cyaml_schema_value_t text_entry = {
	CYAML_VALUE_STRING(CYAML_FLAG_POINTER, char *, 1, CATALOG_TEXT_MAX),
};

static const cyaml_schema_field_t signal_fields[] = {
	TEXT(struct raw_signal, id), TEXT(struct raw_signal, product), TEXT(struct raw_signal, category),
	TEXT(struct raw_signal, purpose), TEXT(struct raw_signal, strength), TEXT(struct raw_signal, means),
	TEXT(struct raw_signal, enabled), TEXT(struct raw_signal, reason), TEXT(struct raw_signal, note),
	TEXT(struct raw_signal, host), TEXT(struct raw_signal, host_exact),
	TEXT(struct raw_signal, host_pattern), TEXT(struct raw_signal, http_path),
	TEXT(struct raw_signal, http_query), TEXT(struct raw_signal, http_agent),
	TEXT(struct raw_signal, http_header), TEXT(struct raw_signal, http_method),
	TEXT(struct raw_signal, dns_txt), TEXT(struct raw_signal, protocol), TEXT(struct raw_signal, body),
	TEXT(struct raw_signal, request_body), TEXT(struct raw_signal, payload_client),
	TEXT(struct raw_signal, payload_server),
	CYAML_FIELD_UINT("port", CYAML_FLAG_OPTIONAL, struct raw_signal, port),
	TEXT(struct raw_signal, transport),
	LIST(struct raw_signal, version, &text_entry, CATALOG_VERSIONS_MAX),
	CYAML_FIELD_MAPPING_PTR("source", CYAML_FLAG_OPTIONAL, struct raw_signal, source, source_fields),
	LIST(struct raw_signal, sources, &source_entry, CATALOG_SOURCES_MAX),
	CYAML_FIELD_END
};
static const cyaml_schema_value_t signal_entry = {
	CYAML_VALUE_MAPPING(CYAML_FLAG_DEFAULT, struct raw_signal, signal_fields),
};

static const cyaml_schema_value_t asn_entry = { CYAML_VALUE_UINT(CYAML_FLAG_DEFAULT, uint32_t) };

static const cyaml_schema_field_t vendor_fields[] = {
	TEXT(struct raw_vendor, vendor), TEXT(struct raw_vendor, name), TEXT(struct raw_vendor, seat),
	TEXT(struct raw_vendor, category),
	LIST(struct raw_vendor, asn, &asn_entry, CATALOG_NETWORKS_MAX),
	LIST(struct raw_vendor, networks, &text_entry, CATALOG_NETWORKS_MAX),
	LIST(struct raw_vendor, products, &product_entry, CATALOG_PRODUCTS_MAX),
	LIST(struct raw_vendor, signals, &signal_entry, CATALOG_SIGNALS_MAX),
	CYAML_FIELD_END
};
static const cyaml_schema_value_t vendor_schema = {
	CYAML_VALUE_MAPPING(CYAML_FLAG_POINTER, struct raw_vendor, vendor_fields),
};

/* --- what libcyaml says, as one sentence --------------------------------------------- */

/* libcyaml reports through its log: the reason, then a line for each level, innermost first. */
struct complaint {
	char what[192];
	char field[PLACES_KEY_LEN + 1];
	unsigned line, column;
};

__attribute__((format(printf, 3, 0))) static void
on_log(cyaml_log_t level, void *context, const char *fmt, va_list args)
{
	struct complaint *c = context;
	char text[512], field[PLACES_KEY_LEN + 1] = "";
	const char *place;

	(void)level;
	vsnprintf(text, sizeof text, fmt, args);
	place = strstr(text, "(line: ");
	if (strncmp(text, "  in ", 5) == 0 && place != NULL) {
		if (c->line == 0)
			sscanf(place, "(line: %u, column: %u)", &c->line, &c->column);
		if (c->field[0] == '\0' && sscanf(text, "  in mapping field '%31[^']", field) == 1)
			memcpy(c->field, field, sizeof c->field);
	} else if (c->what[0] == '\0' && strncmp(text, "Load: ", 6) == 0) {
		snprintf(c->what, sizeof c->what, "%.*s", (int)strcspn(text + 6, "\n"), text + 6);
	}
}

static const cyaml_schema_field_t *
fields_of(const struct places *p, const struct place *mapping)
{
	const struct place *list = places_parent(p, mapping);

	if (list == NULL)
		return vendor_fields;
	if (strcmp(mapping->key, "source") == 0 || strcmp(list->key, "sources") == 0)
		return source_fields;
	return strcmp(list->key, "products") == 0 ? product_fields : signal_fields;
}

/* libcyaml gives the place before the key, so the key is the next one of that name. */
static int
refuse_key(const char *file, const struct complaint *c, const struct places *p, struct err *err)
{
	const char *key = c->what + strlen("Unexpected key: ");
	const struct place *at = places_after(p, c->line, c->column, key);
	char list[400] = "";
	size_t n = 0;

	if (at == NULL)
		return refuse(err, file, c->line, c->column, "\"%s\" is not a key", key);
	for (const cyaml_schema_field_t *f = fields_of(p, places_parent(p, at)); f->key != NULL; f++)
		if (n < sizeof list)
			n += (size_t)snprintf(list + n, sizeof list - n, "%s%s", n > 0 ? ", " : "", f->key);
	return refuse(err, file, at->key_line, at->key_column, "\"%s\" is not a key here; expected one of %s",
	    key, list);
}

static const char *
expected(const char *field)
{
	static const char *const shapes[][2] = {
		{ "port", "a number from 1 to 65535" }, { "asn", "a list of AS numbers" },
		{ "networks", "a list of prefixes" }, { "version", "a list of templates" }, { "products", "a list of mappings" },
		{ "signals", "a list of mappings" }, { "sources", "a list of mappings" },
		{ "source", "a mapping of title, url and checked" },
	};

	for (size_t i = 0; i < sizeof shapes / sizeof shapes[0]; i++)
		if (strcmp(shapes[i][0], field) == 0)
			return shapes[i][1];
	return "text of 1 to 1024 bytes";
}

static const char *
complaint_text(const struct complaint *c, cyaml_err_t rc)
{
	switch (rc) {
	case CYAML_ERR_INVALID_VALUE: return "is of the wrong kind";
	case CYAML_ERR_STRING_LENGTH_MIN: case CYAML_ERR_SEQUENCE_ENTRIES_MIN: return "is empty";
	case CYAML_ERR_STRING_LENGTH_MAX: return "is too long";
	case CYAML_ERR_SEQUENCE_ENTRIES_MAX: return "has too many entries";
	default: return c->what;
	}
}

static int
refuse_schema(const char *file, const struct complaint *c, cyaml_err_t rc, const struct places *p,
    struct err *err)
{
	unsigned line = c->line > 0 ? c->line : 1, column = c->column > 0 ? c->column : 1;

	if (rc == CYAML_ERR_OOM)
		return err_set(err, "%s: out of memory", file);
	if (rc == CYAML_ERR_INVALID_KEY && strncmp(c->what, "Unexpected key: ", 16) == 0)
		return refuse_key(file, c, p, err);
	return refuse(err, file, line, column, "%s %s; expected %s", c->field, complaint_text(c, rc),
	    expected(c->field));
}

/* --- files ---------------------------------------------------------------------------- */

struct loader {
	struct catalog *catalog;	/* owned */
	struct crypto *crypto;		/* owned */
	FILE *sums;			/* owned; a line for each file, as sha256sum(1) prints it */
	char *sums_text;
	size_t sums_len;
};

static int
read_vendor(struct catalog *c, const char *file, const char *text, size_t len, const struct places *places,
    struct err *err)
{
	struct complaint complaint = { 0 };
	cyaml_config_t config = { .log_fn = on_log, .log_ctx = &complaint, .log_level = CYAML_LOG_ERROR,
		.mem_fn = cyaml_mem, .flags = CYAML_CFG_NO_ALIAS };
	struct raw_vendor *raw = NULL;
	cyaml_err_t rc = cyaml_load_data((const uint8_t *)text, len, &config, &vendor_schema,
	    (cyaml_data_t **)&raw, NULL);
	int result;

	if (rc != CYAML_OK)
		result = refuse_schema(file, &complaint, rc, places, err);
	else if ((result = check_vendor(raw, places, file, err)) == 0)
		result = build_vendor(c, raw, places, file, err);
	cyaml_free(&config, &vendor_schema, raw, 0);
	return result;
}

static int
load_text(struct loader *l, const char *file, const char *text, size_t len, struct err *err)
{
	const char *base = strrchr(file, '/');
	char sum[2 * DIGEST_MAX + 1];
	struct places *places = places_read(file, text, len, err);
	int rc;

	if (places == NULL)
		return -1;
	rc = read_vendor(l->catalog, file, text, len, places, err);
	places_free(&places);
	crypto_digest_hex(l->crypto, DIGEST_SHA256, (struct span){ (const uint8_t *)text, len }, sum);
	fprintf(l->sums, "%s  %s\n", sum, base != NULL ? base + 1 : file);
	return rc;
}

static int
load_file(struct loader *l, const char *path, struct err *err)
{
	char *text = malloc(CATALOG_FILE_MAX + 1);
	FILE *f = fopen(path, "re");
	size_t len;
	int rc;

	if (text == NULL || f == NULL) {
		rc = err_set(err, "%s: %s; expected a readable file", path, strerror(errno));
	} else {
		len = fread(text, 1, CATALOG_FILE_MAX + 1, f);
		if (ferror(f))
			rc = err_set(err, "%s: %s; expected a readable file", path, strerror(errno));
		else if (len > CATALOG_FILE_MAX)
			rc = err_set(err, "%s: too large; expected at most %d bytes", path, CATALOG_FILE_MAX);
		else
			rc = load_text(l, path, text, len, err);
	}
	if (f != NULL)
		fclose(f);
	free(text);
	return rc;
}

static int
loader_open(struct loader *l, struct err *err)
{
	l->catalog = catalog_new(err);
	if (l->catalog == NULL || (l->crypto = crypto_new(err)) == NULL)
		return -1;
	l->sums = open_memstream(&l->sums_text, &l->sums_len);
	return l->sums != NULL ? 0 : err_set(err, "out of memory for the catalogue");
}

/* The digest is that of the list of digests: it can be had with sha256sum(1) alone. */
static int
loader_finish(struct loader *l, struct err *err)
{
	if (fflush(l->sums) != 0)
		return err_set(err, "out of memory for the catalogue");
	crypto_digest_hex(l->crypto, DIGEST_SHA256,
	    (struct span){ (const uint8_t *)l->sums_text, l->sums_len }, l->catalog->digest);
	return catalog_compile(l->catalog, err);
}

/* What was loaded when ok, else NULL; the loader is empty afterwards. */
static struct catalog *
loader_close(struct loader *l, bool ok)
{
	if (!ok)
		catalog_free(&l->catalog);
	if (l->sums != NULL)
		fclose(l->sums);
	free(l->sums_text);
	crypto_free(&l->crypto);
	return l->catalog;
}

struct catalog *
catalog_load_text(const char *file, const char *text, size_t len, struct err *err)
{
	struct loader l = { 0 };
	bool ok = loader_open(&l, err) == 0 && load_text(&l, file, text, len, err) == 0 &&
	    loader_finish(&l, err) == 0;

	return loader_close(&l, ok);
}

static int
is_vendor_file(const struct dirent *entry)
{
	size_t len = strlen(entry->d_name);

	return entry->d_name[0] != '.' && len > 5 && strcmp(entry->d_name + len - 5, ".yaml") == 0;
}

/* By bytes: alphasort() would depend on the locale. */
static int
by_name(const struct dirent **a, const struct dirent **b)
{
	return strcmp((*a)->d_name, (*b)->d_name);
}

static int
load_directory(struct loader *l, const char *directory, struct err *err)
{
	struct dirent **names = NULL;
	int n = scandir(directory, &names, is_vendor_file, by_name), rc = 0;

	if (n < 0)
		return err_set(
		    err, "%s: %s; expected a directory of vendor files", directory, strerror(errno));
	if (n == 0)
		rc = err_set(err, "%s: no vendor file; expected at least one *.yaml", directory);
	for (int i = 0; i < n; i++) {
		char path[4096];

		if (rc == 0) {
			snprintf(path, sizeof path, "%s/%s", directory, names[i]->d_name);
			rc = load_file(l, path, err);
		}
		free(names[i]);
	}
	free(names);
	return rc;
}

struct catalog *
catalog_load(const char *directory, struct err *err)
{
	struct loader l = { 0 };
	bool ok = loader_open(&l, err) == 0 && load_directory(&l, directory, err) == 0 &&
	    loader_finish(&l, err) == 0;

	return loader_close(&l, ok);
}
