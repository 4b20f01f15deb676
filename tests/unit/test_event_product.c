/* SPDX-License-Identifier: Apache-2.0 */
/* test_event_product - fields, identity and size of telltale.product. */
#include "event_doc.h"

static struct event_product
sample_news(void)
{
	struct event_product e = {
		.ts_ns = SAMPLE_NS, .frame = 9, .vendor = &sample_vendor, .product = &sample_product,
		.action = "changed", .changes = { "purpose", "presence", "version" }, .present = true,
		.confidence = 98, .version = "27001", .first_ns = SAMPLE_NS - 86400ull * 1000000000, .last_ns = SAMPLE_NS,
		.purposes = { [PURPOSE_UPDATE] = { 12, 8412, 901220 }, [PURPOSE_LICENSE] = { 1, 0, 0 } },
	};

	assert_true(addr_parse("10.0.0.2", 8, &e.client));
	return e;
}

static json_t *
product_line(size_t max_bytes, const struct event_product *e)
{
	struct event_maker *m = maker(max_bytes);
	size_t len = 0;
	char *line = event_product_line(m, e, &len);

	event_maker_free(&m);
	return parse(line, len, max_bytes);
}

static void
test_changed(void **state)
{
	struct event_product e = sample_news();

	(void)state;
	CHECK(product_line(8000, &e),
	    { "@timestamp", "2026-11-22T05:14:15.412345Z" }, { "ecs.version", "9.4.0" }, { "event.kind", "state" },
	    { "event.category.0", "network" }, { "event.type.0", "info" }, { "event.type.1", "-" },
	    { "event.action", "changed" }, { "event.dataset", "telltale.product" },
	    { "event.start", "2026-11-21T05:14:15.412345Z" }, { "event.end", "2026-11-22T05:14:15.412345Z" },
	    { "event.duration", "-" }, { "observer.name", "span-1" }, { "host.ip.0", "10.0.0.2" }, { "host.ip.1", "-" },
	    { "source.ip", "10.0.0.2" }, { "source.address", "10.0.0.2" }, { "source.port", "-" },
	    { "destination", "-" }, { "network", "-" }, { "related.ip.0", "10.0.0.2" }, { "related.ip.1", "-" },
	    { "telltale.vendor.id", "acme" }, { "telltale.vendor.name", "Acme Security" },
	    { "telltale.vendor.country_iso_code", "CZ" }, { "telltale.product.id", "acme-desktop" },
	    { "telltale.product.name", "Acme Desktop" }, { "telltale.product.category", "security" },
	    { "telltale.presence", "present" }, { "telltale.confidence", "98" }, { "telltale.purpose", "-" },
	    { "telltale.inventory.first_seen", "2026-11-21T05:14:15.412345Z" },
	    { "telltale.inventory.last_seen", "2026-11-22T05:14:15.412345Z" },
	    { "telltale.inventory.version", "27001" }, { "telltale.inventory.changes.0", "purpose" },
	    { "telltale.inventory.changes.1", "presence" }, { "telltale.inventory.changes.2", "version" },
	    { "telltale.inventory.changes.3", "-" }, { "telltale.inventory.purposes.0.purpose", "update" },
	    { "telltale.inventory.purposes.0.contacts", "12" }, { "telltale.inventory.purposes.0.bytes_up", "8412" },
	    { "telltale.inventory.purposes.0.bytes_down", "901220" },
	    { "telltale.inventory.purposes.1.purpose", "license" },
	    { "telltale.inventory.purposes.1.contacts", "1" }, { "telltale.inventory.purposes.2", "-" },
	    { "telltale.catalog.digest", "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855" },
	    { "telltale.elided", "-" });
}

/* What is not known is not told: no product, no version, nothing that changed. */
static void
test_least(void **state)
{
	static const struct vendor os_vendor = { .id = "acme", .name = "Acme", .category = CATEGORY_OS };
	struct event_product e = sample_news();

	(void)state;
	e.vendor = &os_vendor;
	e.product = NULL;
	e.version = NULL;
	e.action = "appeared";
	memset(e.changes, 0, sizeof e.changes);
	memset(e.purposes, 0, sizeof e.purposes);
	e.present = false;
	CHECK(product_line(8000, &e),
	    { "event.action", "appeared" }, { "telltale.vendor.country_iso_code", "-" }, { "telltale.product.id", "-" },
	    { "telltale.product.name", "-" }, { "telltale.product.category", "os" }, { "telltale.presence", "contact" },
	    { "telltale.inventory.version", "-" }, { "telltale.inventory.changes", "-" },
	    { "telltale.inventory.purposes", "-" },
	    { "telltale.inventory.first_seen", "2026-11-21T05:14:15.412345Z" });
	e.version = "";
	CHECK(product_line(8000, &e), { "telltale.inventory.version", "-" });
}

/* The id is another when anything of what the event is about is; and the same again for the same. */
static void
test_identity(void **state)
{
	static const struct product other = { "acme-server", "Acme Server", CATEGORY_SECURITY };
	struct event_product v[8];
	char ids[COUNT(v)][40];

	(void)state;
	for (size_t i = 0; i < COUNT(v); i++)
		v[i] = sample_news();
	v[1].client.b[15]++;
	v[2].vendor = &sample_engine;
	v[3].product = &other;
	v[4].product = NULL;
	v[5].action = "seen";
	v[6].frame++;
	v[7].purposes[PURPOSE_WEB].contacts++;
	for (size_t i = 0; i < COUNT(v); i++) {
		json_t *root = product_line(8000, &v[i]), *again = product_line(8000, &v[i]);
		char out[1100];

		snprintf(ids[i], sizeof ids[i], "%.39s", text(root, "event.id", out));
		assert_int_equal(strlen(ids[i]), 32);
		assert_true(json_equal(root, again));
		json_decref(root);
		json_decref(again);
		for (size_t j = 0; j < i; j++)
			assert_string_not_equal(ids[i], ids[j]);
	}
}

/* The longest names and numbers there are, in the shortest line that is allowed. */
static void
test_size(void **state)
{
	static char name[301], id[65];
	struct product p = { id, name, CATEGORY_SOFTWARE };
	struct vendor v = { .id = id, .name = name, .seat = "CZ" };
	struct event_product e = sample_news();

	(void)state;
	memset(name, 'n', sizeof name - 1);
	memset(id, 'i', sizeof id - 1);
	assert_true(addr_parse("2001:db8:1111:2222:3333:4444:5555:6666", 38, &e.client));
	e.vendor = &v;
	e.product = &p;
	e.version = "0123456789abcdef0123456789abcdef";
	for (unsigned i = 0; i < PURPOSES_N; i++) {
		e.purposes[i].contacts = INT64_MAX;
		e.purposes[i].bytes_up = e.purposes[i].bytes_down = UINT64_MAX;
	}
	CHECK(product_line(8000, &e), { "telltale.elided", "-" }, { "telltale.inventory.purposes.9.purpose", "web" },
	    { "telltale.inventory.purposes.9.bytes_down", "9223372036854775807" });
	CHECK(product_line(2000, &e), { "telltale.elided.0", "related" }, { "telltale.inventory.purposes", "-" },
	    { "telltale.vendor.id", id }, { "telltale.product.id", id },
	    { "source.ip", "2001:db8:1111:2222:3333:4444:5555:6666" });
}

int
main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_changed),
		cmocka_unit_test(test_least),
		cmocka_unit_test(test_identity),
		cmocka_unit_test(test_size),
	};

	return cmocka_run_group_tests_name("event_product", tests, NULL, NULL);
}
