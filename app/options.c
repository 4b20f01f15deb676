/* SPDX-License-Identifier: Apache-2.0 */
/* options - one table of settings behind the configuration file, --set and the long options. */
#include "app/options.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

enum type { TEXT, LIST, BOOL, NUMBER, SIZE, CATEGORIES, DPI };

struct setting {
	const char *key;
	enum type type;
	size_t offset;
	uint64_t min, max;		/* of numbers */
	const char *help;
};

#define AT(member) offsetof(struct options, member)

static const struct setting settings[] = {
	{ "catalog", TEXT, AT(catalog), 0, 0, "directory of vendor files" },
	{ "output", TEXT, AT(output), 0, 0, "where events go: - or a file" },
	{ "observer", TEXT, AT(observer), 0, 0, "name of this sensor in events" },
	{ "categories", CATEGORIES, AT(categories), 0, 0, "what is reported: security, os, software, all" },
	{ "all_flows", BOOL, AT(all_flows), 0, 0, "write telltale.flow for every flow" },
	{ "ndpi", DPI, AT(dpi), 0, 0, "when nDPI is asked: auto, all, off" },
	{ "sandbox", BOOL, AT(sandbox), 0, 0, "give up privileges before the first frame is looked at" },
	{ "user", TEXT, AT(user), 0, 0, "whom to become when started as root" },
	{ "geo.country", LIST, AT(geo_country), 0, 0, "country databases, asked in this order" },
	{ "geo.asn", TEXT, AT(geo_asn), 0, 0, "ASN database" },
	{ "geo.overrides", TEXT, AT(geo_overrides), 0, 0, "file that pins ranges: prefix country [asn [name]]" },
	{ "state", TEXT, AT(state), 0, 0, "file that keeps the inventory of products over restarts" },
	{ "secrets.clear", BOOL, AT(secrets_clear), 0, 0, "tell licence numbers, machine ids and cookies as they are" },
	{ "secrets.key_file", TEXT, AT(secrets_key_file), 0, 0, "key under which they are hashed; else this machine's" },
	{ "limits.flows", NUMBER, AT(max_flows), 64, 1ull << 31, "flows remembered at once" },
	{ "limits.memory", SIZE, AT(max_memory), 16ull << 20, 1ull << 42, "memory for flows, streams and names" },
	{ "limits.ndpi_unknown", NUMBER, AT(dpi_unknown), 0, 1ull << 31, "unknown flows a second that nDPI is asked about" },
	{ "timeouts.new", NUMBER, AT(timeout_new_s), 1, 900, "seconds until a flow without payload ends" },
	{ "timeouts.udp", NUMBER, AT(timeout_udp_s), 1, 900, "seconds until a quiet UDP flow ends" },
	{ "timeouts.tcp", NUMBER, AT(timeout_tcp_s), 1, 900, "seconds until a quiet TCP flow ends" },
	{ "live.snaplen", NUMBER, AT(snaplen), 96, SNAPLEN_MAX, "bytes captured of a frame" },
	{ "live.buffer_mib", NUMBER, AT(buffer_mib), 1, 2047, "kernel buffer of an interface" },
	{ "live.promiscuous", BOOL, AT(promiscuous), 0, 0, "see frames that are for others" },
};

enum { SETTINGS_N = sizeof settings / sizeof *settings };

static const char *const takes[] = {
	[TEXT] = "text", [LIST] = "list of text", [BOOL] = "true or false", [NUMBER] = "a number",
	[SIZE] = "a size such as 512MiB", [CATEGORIES] = "security, os, software, or all",
	[DPI] = "auto, all, or off",
};

/* --- lists ----------------------------------------------------------------- */

bool
text_list_add(struct text_list *l, const char *text)
{
	char **v = realloc(l->v, (l->n + 1) * sizeof *v);

	if (v == NULL)
		return false;
	l->v = v;
	l->v[l->n] = strdup(text);
	return l->v[l->n] != NULL && ++l->n > 0;
}

void
text_list_fini(struct text_list *l)
{
	for (size_t i = 0; i < l->n; i++)
		free(l->v[i]);
	free(l->v);
	*l = (struct text_list){ 0 };
}

/* --- values ---------------------------------------------------------------- */

static bool
parse_bool(const char *text, bool *out)
{
	static const char *const yes[] = { "true", "yes", "on", "1" }, *const no[] = { "false", "no", "off", "0" };

	for (unsigned i = 0; i < 4; i++) {
		if (strcmp(text, yes[i]) == 0)
			return *out = true, true;
		if (strcmp(text, no[i]) == 0)
			return *out = false, true;
	}
	return false;
}

/* Digits, and for sizes a unit: k, M, G, with or without iB; powers of two. */
static bool
parse_number(const char *text, bool is_size, uint64_t *out)
{
	static const char units[] = "kMGT";
	unsigned long long v;
	const char *unit;
	unsigned shift = 0;
	char *end;

	errno = 0;
	v = strtoull(text, &end, 10);
	if (end == text || text[0] == '-' || errno != 0)
		return false;
	if (is_size && *end != '\0') {
		unit = strchr(units, *end == 'K' ? 'k' : *end);
		if (unit == NULL || *unit == '\0')
			return false;
		shift = 10 * (unsigned)(unit - units + 1);
		end++;
		if (strcmp(end, "iB") == 0 || strcmp(end, "B") == 0)
			end = strchr(end, '\0');
	}
	*out = v << shift;
	return *end == '\0' && *out >> shift == v;
}

static bool
parse_categories(const char *text, unsigned *out)
{
	unsigned mask = 0;

	while (*text != '\0') {
		size_t n = strcspn(text, ", ");
		char word[16];
		enum category c;

		if (n >= sizeof word)
			return false;
		snprintf(word, sizeof word, "%.*s", (int)n, text);
		if (strcmp(word, "all") == 0)
			mask |= (1u << CATEGORIES_N) - 1;
		else if (category_parse(word, &c))
			mask |= 1u << c;
		else
			return false;
		text += n;
		text += strspn(text, ", ");
	}
	if (mask != 0)
		*out = mask;
	return mask != 0;
}

static bool
parse_dpi(const char *text, enum dpi_mode *out)
{
	static const char *const names[] = { [DPI_AUTO] = "auto", [DPI_OFF] = "off", [DPI_ALL] = "all" };

	for (unsigned i = 0; i < 3; i++)
		if (strcmp(text, names[i]) == 0)
			return *out = (enum dpi_mode)i, true;
	return false;
}

static int
set_number(const struct setting *s, const char *value, uint64_t *out, struct err *err)
{
	uint64_t v;

	if (!parse_number(value, s->type == SIZE, &v))
		return err_set(err, "%s is '%s'; expected %s", s->key, value, takes[s->type]);
	if (v < s->min || v > s->max)
		return err_set(err, "%s is %s; expected %llu to %llu", s->key, value, (unsigned long long)s->min,
		    (unsigned long long)s->max);
	*out = v;
	return 0;
}

static int
set_value(struct options *o, const struct setting *s, const char *value, struct err *err)
{
	void *at = (char *)o + s->offset;
	char **text = at;
	bool ok = true;

	switch (s->type) {
	case TEXT:
		if (value[0] == '\0')
			return err_set(err, "%s is empty; expected %s", s->key, takes[s->type]);
		free(*text);
		*text = strdup(value);
		ok = *text != NULL;
		break;
	case LIST:
		ok = text_list_add(at, value);
		break;
	case BOOL:
		ok = parse_bool(value, at);
		break;
	case NUMBER:
	case SIZE:
		return set_number(s, value, at, err);
	case CATEGORIES:
		ok = parse_categories(value, at);
		break;
	case DPI:
		ok = parse_dpi(value, at);
		break;
	}
	return ok ? 0 : err_set(err, "%s is '%s'; expected %s", s->key, value, takes[s->type]);
}

int
options_set(struct options *o, const char *key, const char *value, struct err *err)
{
	for (unsigned i = 0; i < SETTINGS_N; i++)
		if (strcmp(settings[i].key, key) == 0)
			return set_value(o, &settings[i], value, err);
	return err_set(err, "unknown setting '%s'; 'telltale help settings' lists them", key);
}

int
options_set_pair(struct options *o, const char *pair, struct err *err)
{
	const char *eq = strchr(pair, '=');
	char key[64];

	if (eq == NULL || eq == pair || (size_t)(eq - pair) >= sizeof key)
		return err_set(err, "--set %s: expected key=value, such as limits.flows=2000000", pair);
	snprintf(key, sizeof key, "%.*s", (int)(eq - pair), pair);
	return options_set(o, key, eq + 1, err);
}

void
options_describe(void (*line)(const char *key, const char *takes, const char *help))
{
	for (unsigned i = 0; i < SETTINGS_N; i++)
		line(settings[i].key, takes[settings[i].type], settings[i].help);
}

void
options_init(struct options *o)
{
	*o = (struct options){
		.categories = 1u << CATEGORY_SECURITY, .dpi = DPI_AUTO,
		.max_flows = 500000, .max_memory = 512ull << 20, .dpi_unknown = 50,
		.timeout_new_s = 30, .timeout_udp_s = 60, .timeout_tcp_s = 600,
		.snaplen = SNAPLEN_MAX, .buffer_mib = 64, .promiscuous = true, .sandbox = true,
	};
}

void
options_fini(struct options *o)
{
	char *texts[] = { o->catalog, o->output, o->observer, o->geo_asn, o->geo_overrides, o->user, o->filter,
		o->secrets_key_file, o->state };

	for (size_t i = 0; i < sizeof texts / sizeof *texts; i++)
		free(texts[i]);
	text_list_fini(&o->geo_country);
	text_list_fini(&o->files);
	text_list_fini(&o->interfaces);
	*o = (struct options){ 0 };
}
