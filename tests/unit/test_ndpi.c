/* SPDX-License-Identifier: Apache-2.0 */
/* Unit tests of dissectors/ndpi: the real library names a DNS and an HTTP packet; views are given back. */
#include "unit.h"

#include "dissectors/ndpi.h"
#include "frames.h"

/* RFC 1035: id 0x1234, recursion desired, one question: example.com A IN */
static const char question[] = "\x12\x34\x01\x00\x00\x01\x00\x00\x00\x00\x00\x00\x07" "example\x03" "com\x00\x00\x01\x00\x01";

static void
names_what_it_sees(void **state)
{
	const struct five dns = { "192.0.2.1", "192.0.2.53", 5000, 53, 17, 0, 0, 0, question, sizeof question - 1 };
	const struct five http = { "192.0.2.1", "198.51.100.2", 40000, 80, 6, 0x18, 1, 1,
		"GET /index.html HTTP/1.1\r\nHost: www.example.com\r\nUser-Agent: test\r\n\r\n", 0 };
	const struct five *const t[] = { &dns, &http };
	static const char *const want[] = { "DNS", "HTTP" };
	static struct observations out;
	struct err err;
	struct dpi *d = dpi_new(&err);
	struct dpi_counts c;

	(void)state;
	assert_non_null(d);
	for (unsigned i = 0; i < 2; i++) {
		struct built f = { .len = 0 };
		struct dpi_view *view = NULL;
		const struct observation *o;

		put_ip(&f, t[i]);
		for (unsigned k = 0; k < 16 && !dpi_look(d, &view, FROM_CLIENT, i == 0, (struct span){ f.b, f.len }, k * 1000000ull); k++)
			;
		observations_reset(&out);
		dpi_tell(d, &view, &out);
		assert_null(view);
		o = observations_find(&out, OBS_NDPI_PROTOCOL);
		assert_non_null(o);
		assert_int_equal(strncmp((const char *)o->value.p, want[i], strlen(want[i])), 0);
	}
	dpi_counts(d, &c);
	assert_int_equal(c.flows, 2);
	assert_int_equal(c.classified, 2);
	dpi_free(&d);
	assert_null(d);
}

static void
views_are_capped(void **state)
{
	const struct five udp = { "192.0.2.1", "192.0.2.2", 5000, 6000, 17, 0, 0, 0, "xyz", 0 };
	static struct dpi_view *views[DPI_VIEWS_MAX + 1];
	struct built f = { .len = 0 };
	struct dpi_counts c;
	struct err err;
	struct dpi *d = dpi_new(&err);

	(void)state;
	assert_non_null(d);
	put_ip(&f, &udp);
	for (unsigned i = 0; i <= DPI_VIEWS_MAX; i++) {
		bool final = dpi_look(d, &views[i], FROM_CLIENT, true, (struct span){ f.b, f.len }, 1000000);

		if (i == DPI_VIEWS_MAX)
			assert_true(final);		/* no view was free: there is nothing to wait for */
	}
	assert_null(views[DPI_VIEWS_MAX]);
	dpi_counts(d, &c);
	assert_int_equal(c.refused, 1);
	for (unsigned i = 0; i <= DPI_VIEWS_MAX; i++)
		dpi_drop(d, &views[i]);
	dpi_free(&d);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(names_what_it_sees), cmocka_unit_test(views_are_capped),
	};

	return cmocka_run_group_tests_name("ndpi", tests, NULL, NULL);
}
