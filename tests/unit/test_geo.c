/* SPDX-License-Identifier: Apache-2.0 */
/* test_geo - look-ups, layouts, agreement, overrides and damaged files, in databases made here. */
#include "geo/geo.h"

#include <setjmp.h>
#include <stdarg.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "mmdb_set.h"

static char folder[256];			/* of this run; its files are removed with it */

static const char *const files[] = { "country.mmdb", "country2.mmdb", "asn.mmdb", "t.mmdb", "u.mmdb", "pins",
	"data/telltale/asn.mmdb", "data/telltale/country-1-a.mmdb", "data/telltale/country-2-b.mmdb", "data/telltale",
	"data" };

static const char *
in_folder(const char *name)
{
	static char path[4][512];
	static unsigned turn;

	turn = (turn + 1) % 4;
	snprintf(path[turn], sizeof path[turn], "%s/%s", folder, name);
	return path[turn];
}

static int
setup(void **state)
{
	(void)state;
	snprintf(folder, sizeof folder, "%s/test_geo.XXXXXX", getenv("TMPDIR") != NULL ? getenv("TMPDIR") : "/tmp");
	if (mkdtemp(folder) == NULL)
		return -1;
	mmdb_set_write(folder);
	return 0;
}

static int
teardown(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof files / sizeof *files; i++)
		remove(in_folder(files[i]));
	return rmdir(folder);
}

/* A new file: cutting an old one to nothing makes some file systems write to disk at each close. */
static void
put_file(const char *name, const void *data, size_t len)
{
	FILE *out;

	unlink(in_folder(name));
	out = fopen(in_folder(name), "wb");
	assert_non_null(out);
	assert_int_equal(fwrite(data, 1, len, out), len);
	assert_int_equal(fclose(out), 0);
}

static size_t
get_file(const char *name, uint8_t *out, size_t size)
{
	FILE *in = fopen(in_folder(name), "rb");
	size_t len;

	assert_non_null(in);
	len = fread(out, 1, size, in);
	assert_true(len > 0 && len < size);
	fclose(in);
	return len;
}

static struct addr
address(const char *text)
{
	struct addr a;

	assert_true(addr_parse(text, strlen(text), &a));
	return a;
}

static struct geo_answer
look(const struct geo *geo, const char *text)
{
	struct geo_answer answer;
	struct addr a = address(text);

	memset(&answer, 0xa5, sizeof answer);
	geo_look(geo, &a, &answer);
	return answer;
}

static struct geo *
open_geo(const char *country, const char *country2, const char *asn)
{
	struct geo *geo = geo_new();
	struct err err = { "" };

	assert_non_null(geo);
	if (country != NULL && geo_open(geo, GEO_COUNTRY, in_folder(country), &err) != 0)
		fail_msg("%s", err.text);
	if (country2 != NULL && geo_open(geo, GEO_COUNTRY, in_folder(country2), &err) != 0)
		fail_msg("%s", err.text);
	if (asn != NULL && geo_open(geo, GEO_ASN, in_folder(asn), &err) != 0)
		fail_msg("%s", err.text);
	return geo;
}

/* The error must name the file and have the words in it. */
static void
refused(enum geo_role role, const char *name, const char *words)
{
	struct geo *geo = geo_new();
	const struct geo_db *first;
	struct err err = { "" };

	assert_int_equal(geo_open(geo, role, in_folder(name), &err), -1);
	if (strncmp(err.text, in_folder(name), strlen(in_folder(name))) != 0 || strstr(err.text, words) == NULL)
		fail_msg("\"%s\" does not name %s and \"%s\"", err.text, name, words);
	assert_null(strchr(err.text, '\n'));
	assert_int_equal(geo_dbs(geo, &first), 0);
	geo_free(&geo);
}

static void
test_answers(void **state)
{
	static const struct {
		const char *addr, *country, *registered, *continent, *organization, *prefix;
		uint32_t asn;
		bool anycast;
		enum geo_agreement agreement;
	} rows[] = {
		{ "198.51.100.7", "DE", "DE", "EU", "Example AV Updates GmbH", "198.51.100.0/24", 64496, false,
		    GEO_AGREE },
		{ "203.0.113.1", "US", "US", "NA", "Example CDN Inc.", "203.0.113.0/25", 64497, true, GEO_SINGLE },
		{ "203.0.113.129", "RU", "CH", "EU", "Example Lab JSC", "203.0.113.128/25", 64498, false,
		    GEO_CONFLICT },
		{ "2001:db8:51::1", "DE", "DE", "EU", "Example AV Updates GmbH", "2001:db8:51::/48", 64496, false,
		    GEO_AGREE },
		{ "2001:db8:113:1::9", "SG", "SG", "AS", "Example Cloud Pte", "2001:db8:113::/48", 64499, false,
		    GEO_CONFLICT },
		{ "94.75.236.123", "NL", "NL", "EU", "LeaseWeb Netherlands B.V.", "94.75.192.0/18", 60781, false,
		    GEO_AGREE },
		{ "5.62.55.255", "CZ", "CZ", "EU", "Avast Software s.r.o.", "5.62.52.0/22", 198605, false,
		    GEO_AGREE },
		{ "5.62.56.0", "", "", "", "", "", 0, false, GEO_NONE },
		{ "2001:db8:52::1", "", "", "", "", "", 0, false, GEO_NONE },
	};
	struct geo *geo = open_geo("country.mmdb", "country2.mmdb", "asn.mmdb");

	(void)state;
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		struct geo_answer a = look(geo, rows[i].addr);

		assert_true(a.looked_up);
		assert_false(a.pinned);
		assert_string_equal(a.country, rows[i].country);
		assert_string_equal(a.registered, rows[i].registered);
		assert_string_equal(a.continent, rows[i].continent);
		assert_string_equal(a.organization, rows[i].organization);
		assert_string_equal(a.prefix, rows[i].prefix);
		assert_int_equal(a.asn, rows[i].asn);
		assert_int_equal(a.anycast, rows[i].anycast);
		assert_int_equal(a.agreement, rows[i].agreement);
		assert_int_equal(a.n_opinions, 2);
		assert_string_equal(a.opinions[0].cc, rows[i].country);
	}
	geo_free(&geo);
	assert_null(geo);
	geo_free(&geo);
}

static void
test_order_and_metadata(void **state)
{
	struct geo *geo = open_geo("country2.mmdb", "country.mmdb", "asn.mmdb");
	struct geo_answer a = look(geo, "203.0.113.129");
	const struct geo_db *db;

	(void)state;
	assert_int_equal(geo_dbs(geo, &db), 3);
	assert_int_equal(db[0].role, GEO_COUNTRY);
	assert_int_equal(db[2].role, GEO_ASN);
	assert_string_equal(db[0].type, "Test-Country-flat");
	assert_string_equal(db[1].path, in_folder("country.mmdb"));
	assert_int_equal(db[1].build_epoch, 1767225600);
	/* The flat one is first and answers; only the other knows the country of registration. */
	assert_string_equal(a.country, "CH");
	assert_string_equal(a.registered, "CH");
	assert_string_equal(a.opinions[1].cc, "RU");
	assert_ptr_equal(a.opinions[1].db, &db[1]);
	/* The first does not know this one: the second answers. */
	a = look(geo, "203.0.113.1");
	assert_string_equal(a.country, "US");
	assert_string_equal(a.prefix, "203.0.113.0/25");
	assert_string_equal(a.opinions[0].cc, "");
	geo_free(&geo);
}

static void
test_not_looked_up(void **state)
{
	static const char *const private[] = { "10.1.2.3", "192.168.0.1", "127.0.0.1", "169.254.1.1", "224.0.0.251",
		"255.255.255.255", "0.0.0.0", "fe80::1", "fd00::1", "ff02::fb", "::1", "::" };
	struct geo *geo = open_geo("country.mmdb", NULL, NULL), *empty = geo_new();

	(void)state;
	for (size_t i = 0; i < sizeof private / sizeof *private; i++) {
		struct geo_answer a = look(geo, private[i]);

		assert_false(a.looked_up);
		assert_int_equal(a.n_opinions, 0);
	}
	assert_true(look(geo, "192.0.2.1").looked_up);
	assert_false(look(empty, "192.0.2.1").looked_up);
	geo_free(&geo);
	geo_free(&empty);
}

/* One record that is a map of text pairs, for all of 198.51.100.0/24, as t.mmdb. */
static void
flat_database(unsigned ip_version, unsigned record_size, size_t pairs, const char *const (*pair)[2])
{
	static struct mmdb m;
	size_t rec;

	mmdb_begin(&m, "Flat", MMDB_SET_EPOCH, ip_version, record_size);
	rec = mmdb_map(&m, pairs);
	for (size_t i = 0; i < pairs; i++) {
		mmdb_text(&m, pair[i][0]);
		mmdb_text(&m, pair[i][1]);
	}
	mmdb_add(&m, "198.51.100.0/24", rec);
	/* A second record that any role can be served with. */
	rec = mmdb_map(&m, 2);
	mmdb_text(&m, "country_code");
	mmdb_text(&m, "SE");
	mmdb_text(&m, "asn");
	mmdb_text(&m, "AS64511");
	mmdb_add(&m, "192.0.2.0/24", rec);
	mmdb_write(&m, in_folder("t.mmdb"));
}

static void
test_country_layouts(void **state)
{
	static const struct {
		const char *pair[2][2];
		const char *country, *continent;
		enum geo_agreement agreement;
	} rows[] = {
		{ { { "country_code", "DE" }, { "x", "" } }, "DE", "", GEO_SINGLE },
		{ { { "country", "DE" }, { "continent", "EU" } }, "DE", "EU", GEO_SINGLE },
		{ { { "country", "Germany" }, { "country_code", "DE" } }, "DE", "", GEO_SINGLE },
		{ { { "country_code", "de" }, { "continent_code", "EU" } }, "DE", "EU", GEO_SINGLE },
		{ { { "country_code", "ZZ" }, { "x", "" } }, "", "", GEO_NONE },
		{ { { "country_code", "XX" }, { "x", "" } }, "", "", GEO_NONE },
		{ { { "country_code", "??" }, { "x", "" } }, "", "", GEO_NONE },
		{ { { "country_code", "None" }, { "x", "" } }, "", "", GEO_NONE },
		{ { { "country_code", "A1" }, { "x", "" } }, "", "", GEO_NONE },
		{ { { "country_code", "" }, { "x", "" } }, "", "", GEO_NONE },
		{ { { "country_code", "EU" }, { "x", "" } }, "EU", "", GEO_NONE },
		{ { { "country_code", "AP" }, { "x", "" } }, "AP", "", GEO_NONE },
		{ { { "country_code", "" }, { "country", "DE" } }, "DE", "", GEO_SINGLE },
	};

	(void)state;
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		struct geo_answer a;
		struct geo *geo;

		flat_database(i % 2 ? 4 : 6, i % 3 == 0 ? 24 : i % 3 == 1 ? 28 : 32, 2, rows[i].pair);
		geo = open_geo("t.mmdb", NULL, NULL);
		a = look(geo, "198.51.100.200");
		assert_string_equal(a.country, rows[i].country);
		assert_string_equal(a.continent, rows[i].continent);
		assert_int_equal(a.agreement, rows[i].agreement);
		assert_string_equal(a.prefix, rows[i].country[0] != '\0' ? "198.51.100.0/24" : "");
		geo_free(&geo);
	}
}

static void
test_asn_layouts(void **state)
{
	static const struct {
		const char *pair[2][2];
		uint32_t asn;
		const char *organization;
	} rows[] = {
		{ { { "asn", "AS64496" }, { "as_name", "Example" } }, 64496, "Example" },
		{ { { "asn", "64496" }, { "name", "Example" } }, 64496, "Example" },
		{ { { "asn", "as4294967295" }, { "as_domain", "example.net" } }, 4294967295, "example.net" },
		{ { { "asn", "AS64496 Example" }, { "x", "" } }, 64496, "" },
		{ { { "autonomous_system_number", "64496" }, { "autonomous_system_organization", "Ex\xc3\xa4mple" } },
		    64496, "Ex\xc3\xa4mple" },
		{ { { "asn", "AS4294967296" }, { "as_name", "Example" } }, 0, "" },
		{ { { "asn", "AS-1" }, { "as_name", "Example" } }, 0, "" },
		{ { { "asn", "AS 1" }, { "as_name", "Example" } }, 0, "" },
		{ { { "asn", "AS12x" }, { "as_name", "Example" } }, 0, "" },
		{ { { "asn", "" }, { "as_name", "Example" } }, 0, "" },
	};

	(void)state;
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		struct geo_answer a;
		struct geo *geo;

		flat_database(6, 24, 2, rows[i].pair);
		geo = open_geo(NULL, NULL, "t.mmdb");
		a = look(geo, "198.51.100.200");
		assert_true(a.looked_up);
		assert_int_equal(a.asn, rows[i].asn);
		assert_string_equal(a.organization, rows[i].organization);
		assert_int_equal(a.n_opinions, 0);
		geo_free(&geo);
	}
}

static void
test_long_text_is_cut(void **state)
{
	char name[201];
	const char *pair[2][2] = { { "asn", "AS64496" }, { "as_name", name } };
	struct geo_answer a;
	struct geo *geo;

	(void)state;
	/* 94 bytes, then two-byte characters: the one at 94 and 95 would be cut in two. */
	for (size_t i = 0; i < 200; i++)
		name[i] = i < 94 ? 'a' : i % 2 == 0 ? '\xc3' : '\xa4';
	name[200] = '\0';
	flat_database(6, 24, 2, pair);
	geo = open_geo(NULL, NULL, "t.mmdb");
	a = look(geo, "198.51.100.1");
	assert_int_equal(strlen(a.organization), 94);
	assert_memory_equal(a.organization, name, 94);
	geo_free(&geo);
	for (size_t len = GEO_TEXT_MAX - 2; len <= GEO_TEXT_MAX + 1; len++) {
		memset(name, 'b', len);
		name[len] = '\0';
		flat_database(6, 24, 2, pair);
		geo = open_geo(NULL, NULL, "t.mmdb");
		a = look(geo, "198.51.100.1");
		assert_int_equal(strnlen(a.organization, GEO_TEXT_MAX), len < GEO_TEXT_MAX ? len : GEO_TEXT_MAX - 1);
		geo_free(&geo);
	}
}

/* "EU" of the first gives way to a country of the second, and is no voice against it. */
static void
test_region_gives_way(void **state)
{
	static const char *const pair[1][2] = { { "country_code", "EU" } };
	struct geo_answer a;
	struct geo *geo;

	(void)state;
	flat_database(6, 24, 1, pair);
	geo = open_geo("t.mmdb", "country.mmdb", NULL);
	a = look(geo, "198.51.100.1");
	assert_string_equal(a.country, "DE");
	assert_string_equal(a.opinions[0].cc, "EU");
	assert_int_equal(a.agreement, GEO_SINGLE);
	geo_free(&geo);
	geo = open_geo("country.mmdb", "t.mmdb", NULL);
	a = look(geo, "198.51.100.1");
	assert_string_equal(a.country, "DE");
	assert_int_equal(a.agreement, GEO_SINGLE);
	geo_free(&geo);
}

static void
test_ipv4_database(void **state)
{
	static const char *const pair[1][2] = { { "country_code", "DE" } };
	struct geo_answer a;
	struct geo *geo;

	(void)state;
	flat_database(4, 24, 1, pair);
	geo = open_geo("t.mmdb", NULL, NULL);
	a = look(geo, "198.51.100.1");
	assert_string_equal(a.country, "DE");
	assert_string_equal(a.prefix, "198.51.100.0/24");
	a = look(geo, "2001:db8::1");
	assert_true(a.looked_up);
	assert_string_equal(a.country, "");
	assert_int_equal(a.agreement, GEO_NONE);
	assert_int_equal(a.n_opinions, 1);
	geo_free(&geo);
}

/* A tree that ends above ::/96 says one thing of all IPv4; pointers to pairs told before are followed. */
static void
test_short_tree_and_pointers(void **state)
{
	static struct mmdb m;
	size_t rec, again;
	struct geo_answer a;
	struct geo *geo;

	(void)state;
	mmdb_begin(&m, "Short", MMDB_SET_EPOCH, 6, 32);
	rec = mmdb_map(&m, 1);
	mmdb_text(&m, "country");
	again = mmdb_map(&m, 1);
	mmdb_text(&m, "iso_code");
	mmdb_text(&m, "SE");
	mmdb_add(&m, "::/64", rec);
	rec = mmdb_map(&m, 2);
	mmdb_text(&m, "registered_country");
	mmdb_pointer(&m, again);
	mmdb_text(&m, "country");
	mmdb_pointer(&m, again);
	mmdb_add(&m, "2001:db8::/32", rec);
	mmdb_write(&m, in_folder("t.mmdb"));
	geo = open_geo("t.mmdb", NULL, NULL);
	a = look(geo, "198.51.100.1");
	assert_string_equal(a.country, "SE");
	assert_string_equal(a.prefix, "0.0.0.0/0");
	a = look(geo, "2001:db8:9::1");
	assert_string_equal(a.country, "SE");
	assert_string_equal(a.registered, "SE");
	assert_string_equal(a.prefix, "2001:db8::/32");
	geo_free(&geo);
}

static void
test_refusals(void **state)
{
	static const char text[] = "this is a text and no database\n";
	struct geo *geo = open_geo("country.mmdb", "country.mmdb", NULL);
	struct err err = { "" };

	(void)state;
	put_file("t.mmdb", text, sizeof text - 1);
	put_file("u.mmdb", "", 0);
	refused(GEO_COUNTRY, "missing.mmdb", "No such file");
	refused(GEO_COUNTRY, "", "no regular file");
	refused(GEO_COUNTRY, "t.mmdb", "no MaxMind database");
	refused(GEO_COUNTRY, "u.mmdb", "0 bytes");
	refused(GEO_COUNTRY, "asn.mmdb", "has no country in it; its type is \"Test-ASN\"");
	refused(GEO_ASN, "country.mmdb", "has no autonomous system number in it; its type is \"Test-Country\"");
	for (unsigned i = 2; i < GEO_DBS_MAX; i++)
		assert_int_equal(geo_open(geo, GEO_COUNTRY, in_folder("country.mmdb"), &err), 0);
	assert_int_equal(geo_open(geo, GEO_COUNTRY, in_folder("country.mmdb"), &err), -1);
	assert_non_null(strstr(err.text, "8 databases"));
	geo_free(&geo);
}

/* Writes t.mmdb as country.mmdb with some bytes of it changed. */
static void
patched(size_t at, const void *bytes, size_t len)
{
	static uint8_t data[MMDB_DATA_MAX];
	size_t size = get_file("country.mmdb", data, sizeof data);

	assert_true(at + len <= size);
	memcpy(data + at, bytes, len);
	put_file("t.mmdb", data, size);
}

/* Where those bytes are in country.mmdb. */
static size_t
place_of(const char *bytes)
{
	static uint8_t data[MMDB_DATA_MAX];
	size_t size = get_file("country.mmdb", data, sizeof data);
	const uint8_t *p = memmem(data, size, bytes, strlen(bytes));

	assert_non_null(p);
	return (size_t)(p - data);
}

static void
test_contradictions(void **state)
{
	/* The key, its value's control byte 0xc1 (uint32) or 0xa1 (uint16) of one byte, that byte. */
	size_t count_at = place_of("node_count") + 11, size_at = place_of("record_size") + 12;
	size_t version_at = place_of("ip_version") + 11, major_at = place_of("binary_format_major_version") + 28;
	size_t continent_at = place_of("continent");

	(void)state;
	patched(0, "\0\0\0", 3);				/* node 0, left: node 0 again */
	refused(GEO_COUNTRY, "t.mmdb", "loops");
	patched(3, "\xff\xff\xff", 3);				/* node 0, right: far outside */
	refused(GEO_COUNTRY, "t.mmdb", "outside the data");
	patched(count_at, "\xff" "\x4brecord_size" "\xa1\x20", 15);	/* 255 nodes of 8 bytes */
	refused(GEO_COUNTRY, "t.mmdb", "255 tree nodes do not fit");
	patched(count_at, "\0", 1);
	refused(GEO_COUNTRY, "t.mmdb", "0 tree nodes do not fit");
	patched(count_at, "\x01", 1);
	refused(GEO_COUNTRY, "t.mmdb", "no separator");
	patched(size_at, "\x19", 1);
	refused(GEO_COUNTRY, "t.mmdb", "record size 25");
	patched(version_at, "\x05", 1);
	refused(GEO_COUNTRY, "t.mmdb", "IP version 5");
	patched(major_at, "\x03", 1);
	refused(GEO_COUNTRY, "t.mmdb", "format version 3");
	patched(place_of("languages") + 11, "\xc2", 1);		/* the language is a uint32 */
	refused(GEO_COUNTRY, "t.mmdb", "are no texts");
	patched(version_at, "\x04", 1);				/* paths of 128 bits in an IPv4 tree */
	refused(GEO_COUNTRY, "t.mmdb", "deeper than an address");
	patched(continent_at - 1, "\x5f", 1);			/* a text with a three-byte size, far too long */
	refused(GEO_COUNTRY, "t.mmdb", "the record at offset");
	patched(continent_at - 1, "\xa0", 1);			/* a map's key is a uint16 */
	refused(GEO_COUNTRY, "t.mmdb", "the record at offset");
	patched(place_of("MaxMind.com") + 11, "\xe0", 1);	/* the metadata is a map of nothing */
	refused(GEO_COUNTRY, "t.mmdb", "lacks node_count");
}

/* Maps in maps beyond the limit, and a pointer that goes to itself. */
static void
test_nesting(void **state)
{
	static struct mmdb m;
	static const struct {
		unsigned depth;
		bool sound;
	} rows[] = { { 30, true }, { 31, false }, { 500, false } };

	(void)state;
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		struct geo *geo;
		size_t rec;

		mmdb_begin(&m, "Nested", MMDB_SET_EPOCH, 6, 24);
		rec = mmdb_map(&m, 2);
		mmdb_text(&m, "country_code");
		mmdb_text(&m, "DE");
		mmdb_text(&m, "deep");
		for (unsigned k = 0; k < rows[i].depth; k++)
			mmdb_array(&m, 1);
		mmdb_bool(&m, true);
		mmdb_add(&m, "198.51.100.0/24", rec);
		mmdb_write(&m, in_folder("t.mmdb"));
		if (!rows[i].sound) {
			refused(GEO_COUNTRY, "t.mmdb", "the record at offset 0");
			continue;
		}
		geo = open_geo("t.mmdb", NULL, NULL);
		assert_string_equal(look(geo, "198.51.100.1").country, "DE");
		geo_free(&geo);
	}
	mmdb_begin(&m, "Key", MMDB_SET_EPOCH, 6, 24);
	mmdb_map(&m, 1);
	mmdb_uint(&m, 6, 64496);
	mmdb_text(&m, "a key that is a number");
	mmdb_add(&m, "198.51.100.0/24", 0);
	mmdb_write(&m, in_folder("t.mmdb"));
	refused(GEO_COUNTRY, "t.mmdb", "the record at offset 0");
	mmdb_begin(&m, "Loop", MMDB_SET_EPOCH, 6, 24);
	mmdb_pointer(&m, 0);
	mmdb_add(&m, "198.51.100.0/24", 0);
	mmdb_write(&m, in_folder("t.mmdb"));
	refused(GEO_COUNTRY, "t.mmdb", "the record at offset 0");
	/* Each array holds two pointers to the one before: 2^40 values when all are read. */
	mmdb_begin(&m, "Bomb", MMDB_SET_EPOCH, 6, 24);
	for (size_t k = 0, before = mmdb_text(&m, "x"), at; k < 30; k++, before = at) {
		at = mmdb_array(&m, 2);
		mmdb_pointer(&m, before);
		mmdb_pointer(&m, before);
		if (k == 29)
			mmdb_add(&m, "198.51.100.0/24", at);
	}
	mmdb_write(&m, in_folder("t.mmdb"));
	refused(GEO_COUNTRY, "t.mmdb", "cannot be read");
}

static void
test_truncated(void **state)
{
	static uint8_t data[MMDB_DATA_MAX];
	size_t len = get_file("country.mmdb", data, sizeof data), refusals = 0;
	struct err err;

	(void)state;
	for (size_t cut = 0; cut < len; cut++) {
		struct geo *geo = geo_new();

		put_file("t.mmdb", data, cut);
		if (geo_open(geo, GEO_COUNTRY, in_folder("t.mmdb"), &err) != 0)
			refusals++;
		geo_free(&geo);
	}
	assert_int_equal(refusals, len);
}

/* Changed bytes: refused with a sentence that names the file, or opened and every look-up ends. */
static void
test_damaged(void **state)
{
	static uint8_t data[MMDB_DATA_MAX], copy[MMDB_DATA_MAX];
	size_t len = get_file("country.mmdb", data, sizeof data);
	unsigned opened = 0, refusals = 0;
	uint32_t seed = 20260101;

	(void)state;
	for (unsigned i = 0; i < 2000; i++) {
		struct geo *geo = geo_new();
		struct err err = { "" };

		memcpy(copy, data, len);
		for (unsigned k = 0; k <= i % 4; k++) {
			seed = seed * 1664525 + 1013904223;
			copy[(seed >> 8) % len] = (uint8_t)(seed >> 3);
		}
		put_file("t.mmdb", copy, len);
		if (geo_open(geo, GEO_COUNTRY, in_folder("t.mmdb"), &err) == 0) {
			opened++;
			for (size_t n = 0; n < MMDB_SET_LEN; n++) {
				char text[64] = "";

				memcpy(text, mmdb_set[n].prefix, strcspn(mmdb_set[n].prefix, "/"));
				assert_true(look(geo, text).looked_up);
			}
		} else {
			refusals++;
			assert_non_null(strstr(err.text, "t.mmdb: "));
		}
		geo_free(&geo);
	}
	/* Damage inside a text or an unused record cannot be noticed; most of the rest must be. */
	assert_int_equal(opened + refusals, 2000);
	assert_true(refusals > 500 && opened > 100);
}

/* Rewriting the file in place would kill a process that has it mapped. */
static void
test_rewritten_in_place(void **state)
{
	static uint8_t data[MMDB_DATA_MAX];
	size_t len = get_file("country.mmdb", data, sizeof data);
	struct geo *geo;

	(void)state;
	put_file("t.mmdb", data, len);
	geo = open_geo("t.mmdb", NULL, NULL);
	assert_string_equal(look(geo, "198.51.100.1").country, "DE");
	assert_int_equal(truncate(in_folder("t.mmdb"), 1), 0);
	assert_string_equal(look(geo, "198.51.100.1").country, "DE");
	assert_int_equal(unlink(in_folder("t.mmdb")), 0);
	assert_string_equal(look(geo, "2001:db8:113::1").country, "SG");
	geo_free(&geo);
}

static void
test_overrides(void **state)
{
	static const char text[] = "# what we know better\n"
	    "\n"
	    "198.51.100.0/24 FR\t# country only\n"
	    "198.51.100.128/25  PL AS64505   Beispiel & S\xc3\xb6hne C# GmbH  # with a comment\n"
	    "203.0.113.129 CH 64498\r\n"
	    "2001:db8:113::/48 HK AS64506 Example\n"
	    "2001:db8::/32 AT";
	static const struct {
		const char *addr, *country, *continent, *organization, *prefix;
		uint32_t asn;
		bool pinned;
	} rows[] = {
		{ "198.51.100.1", "FR", "", "Example AV Updates GmbH", "198.51.100.0/24", 64496, true },
		{ "198.51.100.129", "PL", "", "Beispiel & S\xc3\xb6hne C# GmbH", "198.51.100.128/25", 64505, true },
		{ "203.0.113.129", "CH", "", "Example Lab JSC", "203.0.113.129/32", 64498, true },
		{ "203.0.113.130", "RU", "EU", "Example Lab JSC", "203.0.113.128/25", 64498, false },
		{ "2001:db8:113::7", "HK", "", "Example", "2001:db8:113::/48", 64506, true },
		{ "2001:db8:7::7", "AT", "", "", "2001:db8::/32", 0, true },
		{ "2001:db9::7", "", "", "", "", 0, false },
	};
	struct geo *geo = open_geo("country.mmdb", NULL, "asn.mmdb"), *alone = geo_new();
	struct err err = { "" };

	(void)state;
	put_file("pins", text, sizeof text - 1);
	assert_int_equal(geo_load_overrides(geo, in_folder("pins"), &err), 0);
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		struct geo_answer a = look(geo, rows[i].addr);

		assert_int_equal(a.pinned, rows[i].pinned);
		assert_string_equal(a.country, rows[i].country);
		assert_string_equal(a.continent, rows[i].continent);
		assert_string_equal(a.organization, rows[i].organization);
		assert_string_equal(a.prefix, rows[i].prefix);
		assert_int_equal(a.asn, rows[i].asn);
	}
	/* What the database thinks stays visible. */
	assert_string_equal(look(geo, "198.51.100.1").opinions[0].cc, "DE");
	assert_int_equal(look(geo, "198.51.100.1").agreement, GEO_SINGLE);
	assert_false(look(geo, "10.0.0.1").pinned);
	assert_int_equal(geo_load_overrides(alone, in_folder("pins"), &err), 0);
	assert_true(look(alone, "198.51.100.1").looked_up);
	assert_false(look(alone, "192.0.2.1").looked_up);
	geo_free(&geo);
	geo_free(&alone);
}

static void
test_overrides_refused(void **state)
{
	static const struct {
		const char *text, *words;
	} rows[] = {
		{ "192.0.2.0/24\n", ":1: expected \"prefix country" },
		{ "\n# x\n192.0.2.0 -\n", ":3: \"-\" is no country; expected two capital letters" },
		{ "192.0.2.0/24 de\n", ":1: \"de\" is no country" },
		{ "192.0.2.0/24 DEU\n", ":1: \"DEU\" is no country" },
		{ "192.0.2.1/24 DE\n", ":1: \"192.0.2.1/24\" is no prefix" },
		{ "192.0.2.0/33 DE\n", ":1: \"192.0.2.0/33\" is no prefix" },
		{ "example.net DE\n", ":1: \"example.net\" is no prefix; expected" },
		{ "192.0.2.0/24 DE ASx\n", ":1: \"ASx\" is no AS number; expected" },
		{ "192.0.2.0/24 DE 0\n", ":1: \"0\" is no AS number" },
		{ "192.0.2.0/24 DE 4294967296\n", ":1: \"4294967296\" is no AS number" },
		{ "192.0.2.0/24 DE 99999999999999999999999\n", "is no AS number" },
		{ "10.1.0.0/16 DE\n", ":1: 10.1.0.0/16 is private" },
		{ "fd00::/8 DE\n", ":1: fd00::/8 is private" },
		{ "192.0.2.0/24 DE\n192.0.3.0/24 DE\n192.0.2.0/24 FR\n", "192.0.2.0 is pinned twice" },
		{ "192.0.2.0/24 DE 1 aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
		  "aaaaaaaaaaaaaaaaaaaaaaaaaaaaa\n", ":1: the organisation has 110 bytes; expected at most 95" },
	};
	static char line[3000];
	struct geo *geo = geo_new();
	struct err err;

	(void)state;
	put_file("pins", "198.51.100.0/24 DE\n", 19);
	assert_int_equal(geo_load_overrides(geo, in_folder("pins"), &err), 0);
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		put_file("pins", rows[i].text, strlen(rows[i].text));
		err.text[0] = '\0';
		assert_int_equal(geo_load_overrides(geo, in_folder("pins"), &err), -1);
		if (strstr(err.text, rows[i].words) == NULL || strstr(err.text, in_folder("pins")) == NULL)
			fail_msg("\"%s\" lacks \"%s\"", err.text, rows[i].words);
		assert_true(look(geo, "198.51.100.1").pinned);
		assert_false(look(geo, "192.0.2.1").pinned);
	}
	memset(line, 'a', sizeof line);
	put_file("pins", line, sizeof line);
	assert_int_equal(geo_load_overrides(geo, in_folder("pins"), &err), -1);
	assert_non_null(strstr(err.text, ":1: the line is longer"));
	assert_int_equal(geo_load_overrides(geo, in_folder("missing"), &err), -1);
	assert_non_null(strstr(err.text, "missing: No such file"));
	geo_free(&geo);
}

static void
copy_file(const char *from, const char *to)
{
	static uint8_t data[MMDB_DATA_MAX];
	size_t len = get_file(from, data, sizeof data);

	put_file(to, data, len);
}

static void
test_default_folder(void **state)
{
	struct geo *geo = geo_new();
	const struct geo_db *db;
	struct err err = { "" };

	(void)state;
	assert_int_equal(mkdir(in_folder("data"), 0700), 0);
	assert_int_equal(mkdir(in_folder("data/telltale"), 0700), 0);
	copy_file("country.mmdb", "data/telltale/country-2-b.mmdb");
	copy_file("country2.mmdb", "data/telltale/country-1-a.mmdb");
	copy_file("asn.mmdb", "data/telltale/asn.mmdb");
	assert_int_equal(setenv("XDG_DATA_HOME", in_folder("data"), 1), 0);
	assert_int_equal(geo_open_default(geo, &err), 3);
	assert_int_equal(geo_dbs(geo, &db), 3);
	assert_string_equal(look(geo, "203.0.113.129").country, "CH");
	assert_int_equal(look(geo, "203.0.113.129").asn, 64498);
	geo_free(&geo);

	geo = geo_new();
	put_file("data/telltale/country-1-a.mmdb", "damaged", 7);
	assert_int_equal(geo_open_default(geo, &err), -1);
	assert_non_null(strstr(err.text, "country-1-a.mmdb: is no MaxMind database"));
	assert_int_equal(geo_dbs(geo, &db), 2);
	assert_string_equal(look(geo, "203.0.113.129").country, "RU");
	geo_free(&geo);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_answers),
		cmocka_unit_test(test_order_and_metadata),
		cmocka_unit_test(test_not_looked_up),
		cmocka_unit_test(test_country_layouts),
		cmocka_unit_test(test_asn_layouts),
		cmocka_unit_test(test_long_text_is_cut),
		cmocka_unit_test(test_region_gives_way),
		cmocka_unit_test(test_ipv4_database),
		cmocka_unit_test(test_short_tree_and_pointers),
		cmocka_unit_test(test_refusals),
		cmocka_unit_test(test_contradictions),
		cmocka_unit_test(test_nesting),
		cmocka_unit_test(test_truncated),
		cmocka_unit_test(test_damaged),
		cmocka_unit_test(test_rewritten_in_place),
		cmocka_unit_test(test_overrides),
		cmocka_unit_test(test_overrides_refused),
		cmocka_unit_test(test_default_folder),
	};

	return cmocka_run_group_tests_name("geo", tests, setup, teardown);
}
