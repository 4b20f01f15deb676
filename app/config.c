/* SPDX-License-Identifier: Apache-2.0 */
/* config - telltale.yaml: typed by a libcyaml schema, every message with its line and column. */
#include "app/options.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cyaml/cyaml.h>

#include "catalog/places.h"

enum { CONFIG_MAX = 1 << 20 };

/* Scalars are text here: options_set() knows what each takes and says it better. */
struct raw_section {
	char *v[4];
};

struct raw_geo {
	char **country;
	unsigned country_count;
	char *asn, *overrides;
};

struct raw_config {
	char *catalog, *output, *state, *observer, *all_flows, *ndpi, *sandbox, *user;
	char **categories;
	unsigned categories_count;
	struct raw_geo geo;
	struct raw_section limits, timeouts, live, secrets;
};

#define OPTIONAL_TEXT(key, type, member) \
	CYAML_FIELD_STRING_PTR(key, CYAML_FLAG_POINTER | CYAML_FLAG_OPTIONAL, type, member, 0, CYAML_UNLIMITED)

static const cyaml_schema_value_t text = { CYAML_VALUE_STRING(CYAML_FLAG_POINTER, char, 0, CYAML_UNLIMITED) };

static const cyaml_schema_field_t geo_fields[] = {
	CYAML_FIELD_SEQUENCE("country", CYAML_FLAG_POINTER | CYAML_FLAG_OPTIONAL, struct raw_geo, country, &text, 0,
	    GEO_DBS_MAX),
	OPTIONAL_TEXT("asn", struct raw_geo, asn),
	OPTIONAL_TEXT("overrides", struct raw_geo, overrides),
	CYAML_FIELD_END
};
static const cyaml_schema_field_t limits_fields[] = {
	OPTIONAL_TEXT("flows", struct raw_section, v[0]),
	OPTIONAL_TEXT("memory", struct raw_section, v[1]),
	OPTIONAL_TEXT("ndpi_unknown", struct raw_section, v[2]),
	CYAML_FIELD_END
};
static const cyaml_schema_field_t timeouts_fields[] = {
	OPTIONAL_TEXT("new", struct raw_section, v[0]),
	OPTIONAL_TEXT("udp", struct raw_section, v[1]),
	OPTIONAL_TEXT("tcp", struct raw_section, v[2]),
	CYAML_FIELD_END
};
static const cyaml_schema_field_t live_fields[] = {
	OPTIONAL_TEXT("snaplen", struct raw_section, v[0]),
	OPTIONAL_TEXT("buffer_mib", struct raw_section, v[1]),
	OPTIONAL_TEXT("promiscuous", struct raw_section, v[2]),
	CYAML_FIELD_END
};
static const cyaml_schema_field_t secrets_fields[] = {
	OPTIONAL_TEXT("clear", struct raw_section, v[0]),
	OPTIONAL_TEXT("key_file", struct raw_section, v[1]),
	CYAML_FIELD_END
};
static const cyaml_schema_field_t config_fields[] = {
	OPTIONAL_TEXT("catalog", struct raw_config, catalog),
	OPTIONAL_TEXT("output", struct raw_config, output),
	OPTIONAL_TEXT("state", struct raw_config, state),
	OPTIONAL_TEXT("observer", struct raw_config, observer),
	OPTIONAL_TEXT("all_flows", struct raw_config, all_flows),
	OPTIONAL_TEXT("ndpi", struct raw_config, ndpi),
	OPTIONAL_TEXT("sandbox", struct raw_config, sandbox),
	OPTIONAL_TEXT("user", struct raw_config, user),
	CYAML_FIELD_SEQUENCE("categories", CYAML_FLAG_POINTER | CYAML_FLAG_OPTIONAL, struct raw_config, categories,
	    &text, 0, 8),
	CYAML_FIELD_MAPPING("geo", CYAML_FLAG_OPTIONAL, struct raw_config, geo, geo_fields),
	CYAML_FIELD_MAPPING("limits", CYAML_FLAG_OPTIONAL, struct raw_config, limits, limits_fields),
	CYAML_FIELD_MAPPING("timeouts", CYAML_FLAG_OPTIONAL, struct raw_config, timeouts, timeouts_fields),
	CYAML_FIELD_MAPPING("live", CYAML_FLAG_OPTIONAL, struct raw_config, live, live_fields),
	CYAML_FIELD_MAPPING("secrets", CYAML_FLAG_OPTIONAL, struct raw_config, secrets, secrets_fields),
	CYAML_FIELD_END
};
static const cyaml_schema_value_t config_schema = {
	CYAML_VALUE_MAPPING(CYAML_FLAG_POINTER, struct raw_config, config_fields)
};

/* libcyaml tells its reason through a log; the first line is the reason, the next ones say where. */
struct complaint {
	char reason[256];
	unsigned line, column;
};

__attribute__((format(printf, 3, 0))) static void
on_log(cyaml_log_t level, void *ctx, const char *fmt, va_list args)
{
	struct complaint *c = ctx;
	char buf[256];
	const char *at;

	if (level < CYAML_LOG_ERROR)
		return;
	vsnprintf(buf, sizeof buf, fmt, args);
	buf[strcspn(buf, "\n")] = '\0';
	at = strstr(buf, "(line: ");
	if (at != NULL && c->line == 0)
		sscanf(at, "(line: %u, column: %u)", &c->line, &c->column);
	else if (c->reason[0] == '\0')
		snprintf(c->reason, sizeof c->reason, "%s", strncmp(buf, "Load: ", 6) == 0 ? buf + 6 : buf);
}

static const cyaml_config_t cyaml = { .log_level = CYAML_LOG_ERROR, .log_fn = on_log, .mem_fn = cyaml_mem };

/* --- applying -------------------------------------------------------------- */

struct apply {
	struct options *options;
	const struct places *places;
	const char *file;
	struct err *err;
	int rc;
};

static void
apply(struct apply *a, const char *section, const char *key, const char *value, int item)
{
	const struct place *at = places_root(a->places);
	char name[64];
	struct err why;

	if (value == NULL || a->rc < 0)
		return;
	snprintf(name, sizeof name, "%s%s%s", section, section[0] != '\0' ? "." : "", key);
	if (options_set(a->options, name, value, &why) == 0)
		return;
	if (section[0] != '\0')
		at = places_key(a->places, at, section);
	at = places_key(a->places, at, key);
	if (item >= 0)
		at = places_item(a->places, at, (unsigned)item);
	a->rc = err_set(a->err, "%s:%u:%u: %s", a->file, at != NULL ? at->line : 1, at != NULL ? at->column : 1,
	    why.text);
}

static void
apply_section(struct apply *a, const char *section, const struct raw_section *raw,
    const cyaml_schema_field_t *fields)
{
	for (unsigned i = 0; fields[i].key != NULL; i++)
		apply(a, section, fields[i].key, raw->v[i], -1);
}

/* A list in the file is one list, not an addition to what stood before. */
static void
apply_lists(struct apply *a, const struct raw_config *c)
{
	char joined[128] = "";

	for (unsigned i = 0; i < c->categories_count && a->rc == 0; i++) {
		size_t n = strlen(joined);

		apply(a, "", "categories", c->categories[i], (int)i);
		snprintf(joined + n, sizeof joined - n, "%s,", c->categories[i]);
	}
	if (joined[0] != '\0')
		apply(a, "", "categories", joined, -1);
	if (c->geo.country_count > 0)
		text_list_fini(&a->options->geo_country);
	for (unsigned i = 0; i < c->geo.country_count; i++)
		apply(a, "geo", "country", c->geo.country[i], (int)i);
}

static int
apply_all(struct options *o, const struct raw_config *c, const struct places *places, const char *file,
    struct err *err)
{
	struct apply a = { o, places, file, err, 0 };

	apply(&a, "", "catalog", c->catalog, -1);
	apply(&a, "", "output", c->output, -1);
	apply(&a, "", "state", c->state, -1);
	apply(&a, "", "observer", c->observer, -1);
	apply(&a, "", "all_flows", c->all_flows, -1);
	apply(&a, "", "ndpi", c->ndpi, -1);
	apply(&a, "", "sandbox", c->sandbox, -1);
	apply(&a, "", "user", c->user, -1);
	apply(&a, "geo", "asn", c->geo.asn, -1);
	apply(&a, "geo", "overrides", c->geo.overrides, -1);
	apply_lists(&a, c);
	apply_section(&a, "limits", &c->limits, limits_fields);
	apply_section(&a, "timeouts", &c->timeouts, timeouts_fields);
	apply_section(&a, "live", &c->live, live_fields);
	apply_section(&a, "secrets", &c->secrets, secrets_fields);
	return a.rc;
}

/* --- reading --------------------------------------------------------------- */

static int
complain(const struct complaint *c, const struct places *places, const char *file, struct err *err)
{
	static const char unexpected[] = "Unexpected key: ";
	const struct place *at = NULL;

	if (strncmp(c->reason, unexpected, sizeof unexpected - 1) == 0) {
		const char *key = c->reason + sizeof unexpected - 1;

		at = places_after(places, c->line > 0 ? c->line : 1, 1, key);
		return err_set(err, "%s:%u:%u: unknown key '%s'; 'telltale help settings' lists them", file,
		    at != NULL ? at->key_line : c->line, at != NULL ? at->key_column : c->column, key);
	}
	return err_set(err, "%s:%u:%u: %s", file, c->line > 0 ? c->line : 1, c->column > 0 ? c->column : 1,
	    strncmp(c->reason, "Expecting SEQUENCE", 18) == 0 ? "one value; expected a list, such as [a, b]" :
	    strncmp(c->reason, "Expecting MAPPING", 17) == 0 ? "one value; expected settings below it, key: value" :
	    strncmp(c->reason, "Expecting SCALAR", 16) == 0 ? "several values; expected one" :
	    c->reason[0] != '\0' ? c->reason : "not what was expected here");
}

int
config_text(struct options *o, const char *file, const char *data, size_t len, struct err *err)
{
	struct complaint c = { 0 };
	cyaml_config_t cfg = cyaml;
	struct raw_config *raw = NULL;
	struct places *places;
	int rc = 0;

	/* A file of comments sets nothing. */
	for (size_t i = 0, comment = 0; i <= len; i++) {
		if (i == len)
			return 0;
		comment = data[i] == '#' || (comment && data[i] != '\n');
		if (!comment && strchr(" \t\r\n", data[i]) == NULL)
			break;
	}
	places = places_read(file, data, len, err);
	if (places == NULL)
		return -1;
	cfg.log_ctx = &c;
	if (cyaml_load_data((const uint8_t *)data, len, &cfg, &config_schema, (cyaml_data_t **)&raw, NULL) != CYAML_OK)
		rc = complain(&c, places, file, err);
	else if (raw != NULL)
		rc = apply_all(o, raw, places, file, err);
	cyaml_free(&cfg, &config_schema, raw, 0);
	places_free(&places);
	return rc;
}

static int
config_file(struct options *o, const char *path, struct err *err)
{
	FILE *f = fopen(path, "rbe");
	char *data = f != NULL ? malloc(CONFIG_MAX) : NULL;
	size_t len;
	int rc;

	if (data == NULL) {
		err_set(err, "%s: %s", path, strerror(errno));
		if (f != NULL)
			fclose(f);
		return -1;
	}
	len = fread(data, 1, CONFIG_MAX, f);
	rc = ferror(f) || len == CONFIG_MAX ? err_set(err, "%s: cannot be read, or is over 1 MiB", path) :
	    config_text(o, path, data, len, err);
	fclose(f);
	free(data);
	return rc;
}

int
config_load(struct options *o, const char *path, const char **used, struct err *err)
{
	static char found[4096];
	const char *base = getenv("XDG_CONFIG_HOME"), *home = getenv("HOME");

	*used = path;
	if (path != NULL)
		return config_file(o, path, err);
	if (base != NULL && base[0] == '/')
		snprintf(found, sizeof found, "%s/telltale/telltale.yaml", base);
	else
		snprintf(found, sizeof found, "%s/.config/telltale/telltale.yaml", home != NULL ? home : "");
	if (access(found, F_OK) != 0)
		snprintf(found, sizeof found, "/etc/telltale/telltale.yaml");
	if (access(found, F_OK) != 0)
		return 0;
	*used = found;
	return config_file(o, found, err);
}
