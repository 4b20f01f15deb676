/* SPDX-License-Identifier: Apache-2.0 */
/* What a set of evidence amounts to: strength, purpose, product, engine, confidence, presence. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>

#include <cmocka.h>

#include "catalog/catalog.h"

static const uint32_t acme_asns[] = { 64500 };
static const struct product acme_products[] = {
	{ "acme-desktop", "Acme Desktop", CATEGORY_SECURITY },
	{ "acme-tool", "Acme Tool", CATEGORY_SOFTWARE },
};
static const struct vendor acme = { .id = "acme", .name = "Acme", .seat = "SE", .n_asns = 1,
	.asns = acme_asns, .n_products = 2, .products = acme_products };
static const struct vendor bcme = { .id = "bcme", .name = "Bcme", .seat = "NO" };

enum which {
	BRAND, PAGE, HOST, HOST_PURPOSELESS, EXACT, TELEMETRY_HOST, TXT, AGENT, PATH, BODY, PUSH, TOOL,
	ENGINE, ENGINE_HOST, B_HOST, B_BRAND, B_PATH, B_ENGINE
};

#define SIGNAL(v, s, p) .vendor = &(v), .strength = STRENGTH_##s, .purpose = PURPOSE_##p, .enabled = true

static const struct signal signals[] = {
	[BRAND] = { SIGNAL(acme, WEAK, WEB), .host = "acme.example", .category = CATEGORY_OS },
	[PAGE] = { SIGNAL(acme, MEDIUM, DOWNLOAD), .host = "get.acme.example" },
	[HOST] = { SIGNAL(acme, STRONG, UPDATE), .host = "upd.acme.example" },
	[HOST_PURPOSELESS] = { SIGNAL(acme, STRONG, UNDETERMINED), .host = "x.acme.example" },
	[EXACT] = { SIGNAL(acme, STRONG, LICENSE), .host_exact = "key.acme.example" },
	[TELEMETRY_HOST] = { SIGNAL(acme, STRONG, TELEMETRY), .host = "longer-name.acme.example" },
	[TXT] = { SIGNAL(acme, STRONG, REPUTATION), .dns_txt = "^a" },
	[AGENT] = { SIGNAL(acme, STRONG, UNDETERMINED), .http_agent = "^a", .product = &acme_products[0] },
	[PATH] = { SIGNAL(acme, PROOF, UPDATE), .http_path = "^/a", .category = CATEGORY_SOFTWARE },
	[BODY] = { SIGNAL(acme, PROOF, DOWNLOAD), .body = { (const uint8_t *)"AC", 2 } },
	[PUSH] = { SIGNAL(acme, PROOF, UNDETERMINED), .payload_client = { (const uint8_t *)"AC", 2 } },
	[TOOL] = { SIGNAL(acme, MEDIUM, UPDATE), .http_agent = "^t", .product = &acme_products[1] },
	[ENGINE] = { SIGNAL(acme, PROOF, UPDATE), .http_path = "^/e", .means = MEANS_ENGINE },
	[ENGINE_HOST] = { SIGNAL(acme, STRONG, UPDATE), .host = "e.acme.example", .means = MEANS_ENGINE },
	[B_HOST] = { SIGNAL(bcme, STRONG, UPDATE), .host = "upd.bcme.example" },
	[B_BRAND] = { SIGNAL(bcme, WEAK, WEB), .host = "bcme.example" },
	[B_PATH] = { SIGNAL(bcme, STRONG, UPDATE), .http_path = "^/b" },
	[B_ENGINE] = { SIGNAL(bcme, PROOF, UPDATE), .http_path = "^/be", .means = MEANS_ENGINE },
};

#define E(which, obs) { .signal = &signals[which], .kind = OBS_##obs }
#define ASN(number) { .kind = OBS_ADDR_ASN, .num = number }

/* "acme/acme-desktop engine=bcme update proof 95 present lookup": one a vendor, joined by "; ". */
static const char *
told(const struct evidence *evidence, unsigned n)
{
	static char text[512];
	struct attribution out[8];
	unsigned n_out = attribute(evidence, n, out, 8);
	size_t at = 0;

	text[0] = '\0';
	for (unsigned i = 0; i < n_out; i++)
		at += (size_t)snprintf(text + at, sizeof text - at, "%s%s%s%s%s%s %s %s %u%s%s",
		    i > 0 ? "; " : "",
		    out[i].vendor->id, out[i].product != NULL ? "/" : "",
		    out[i].product != NULL ? out[i].product->id : "", out[i].engine != NULL ? " engine=" : "",
		    out[i].engine != NULL ? out[i].engine->id : "", purpose_name(out[i].purpose),
		    strength_name(out[i].strength), out[i].confidence, out[i].present ? " present" : "",
		    out[i].lookup_only ? " lookup" : "");
	return text;
}

static const struct {
	struct evidence v[4];
	const char *told;
} cases[] = {
	/* strength and confidence */
	{ { E(BRAND, TLS_SNI) }, "acme web weak 20" },
	{ { E(PAGE, TLS_SNI) }, "acme download medium 50" },
	{ { E(HOST, TLS_SNI) }, "acme update strong 75" },
	{ { E(HOST, TLS_SNI), E(HOST, HTTP_HOST) }, "acme update strong 75" },	/* both are names */
	{ { E(HOST, HTTP_HOST), E(AGENT, HTTP_AGENT) }, "acme/acme-desktop update strong 85 present" },
	/* medium is no second */
	{ { E(HOST, HTTP_HOST), E(TOOL, HTTP_AGENT) }, "acme/acme-tool update strong 75" },
	{ { E(PATH, HTTP_PATH) }, "acme update proof 95 present" },
	{ { E(PATH, HTTP_PATH), E(BRAND, HTTP_HOST) }, "acme update proof 98 present" },
	{ { E(ENGINE, HTTP_PATH) }, "acme engine=acme update proof 95 present" },
	/* where the name is from */
	{ { E(HOST, NAME_DNS) }, "acme update strong 65" },
	{ { E(HOST, NAME_DNS_OTHER) }, "acme update strong 50" },
	{ { E(BRAND, NAME_DNS_OTHER) }, "acme web weak 0" },
	{ { E(HOST, NAME_DNS), E(HOST, TLS_SNI) }, "acme update strong 75" },
	/* only asked for */
	{ { E(HOST, DNS_QNAME) }, "acme update strong 60 lookup" },
	{ { E(BRAND, DNS_QNAME) }, "acme web weak 20 lookup" },
	{ { E(TXT, DNS_TXT), E(HOST, DNS_QNAME) }, "acme reputation strong 60 present lookup" },
	{ { E(HOST, DNS_QNAME), E(BRAND, TLS_SNI) }, "acme update strong 75" },
	/* the vendor's own network supports, and is nothing by itself */
	{ { E(HOST, TLS_SNI), ASN(64500) }, "acme update strong 80" },
	{ { ASN(64500), E(HOST, TLS_SNI), ASN(64500) }, "acme update strong 80" },
	{ { E(HOST, TLS_SNI), ASN(64501) }, "acme update strong 75" },
	{ { E(B_HOST, TLS_SNI), ASN(64500) }, "bcme update strong 75" },
	{ { E(PATH, HTTP_PATH), E(BRAND, HTTP_HOST), ASN(64500) }, "acme update proof 99 present" },
	{ { E(HOST, DNS_QNAME), ASN(64500) }, "acme update strong 60 lookup" },
	{ { ASN(64500) }, "" },
	{ { { .signal = NULL, .kind = OBS_TLS_SNI } }, "" },
	/* purpose */
	{ { E(BRAND, TLS_SNI), E(HOST, TLS_SNI) }, "acme update strong 75" },
	{ { E(BRAND, TLS_SNI), E(HOST_PURPOSELESS, TLS_SNI) }, "acme undetermined strong 75" },
	{ { E(HOST_PURPOSELESS, TLS_SNI), E(PAGE, TLS_SNI) }, "acme download strong 75" },
	{ { E(PUSH, PAYLOAD_CLIENT) }, "acme undetermined proof 95 present" },
	{ { E(PUSH, PAYLOAD_CLIENT), E(HOST, NAME_DNS) }, "acme update proof 98 present" },
	{ { E(HOST, HTTP_HOST), E(BODY, HTTP_BODY) }, "acme download proof 98 present" },
	/* the body says more */
	{ { E(PATH, HTTP_PATH), E(BODY, HTTP_BODY) }, "acme download proof 98 present" },
	{ { E(HOST, TLS_SNI), E(EXACT, TLS_SNI) }, "acme license strong 75" },
	{ { E(HOST, TLS_SNI), E(TELEMETRY_HOST, TLS_SNI) }, "acme telemetry strong 75" },
	{ { E(TELEMETRY_HOST, TLS_SNI), E(HOST, TLS_SNI) }, "acme telemetry strong 75" },
	/* product */
	{ { E(AGENT, HTTP_AGENT), E(TOOL, HTTP_AGENT) }, "acme/acme-desktop update strong 75" },
	/* several vendors: strongest, surest, then by name */
	{ { E(B_HOST, TLS_SNI), E(HOST, TLS_SNI) }, "acme update strong 75; bcme update strong 75" },
	{ { E(HOST, NAME_DNS), E(B_HOST, TLS_SNI) }, "bcme update strong 75; acme update strong 65" },
	{ { E(B_HOST, TLS_SNI), E(PATH, HTTP_PATH) }, "acme update proof 95 present; bcme update strong 75" },
	/* one's engine in the other's product */
	{ { E(ENGINE, HTTP_PATH), E(B_HOST, HTTP_HOST) }, "bcme engine=acme update strong 75" },
	{ { E(B_HOST, NAME_DNS), E(ENGINE, HTTP_PATH) }, "bcme engine=acme update strong 65" },
	{ { E(ENGINE, HTTP_PATH), E(B_HOST, HTTP_HOST), E(BRAND, TLS_SNI) },
	    "bcme engine=acme update strong 75" },
	{ { E(ENGINE, HTTP_PATH), E(B_BRAND, HTTP_HOST) },
	    "acme engine=acme update proof 95 present; bcme web weak 20" },
	{ { E(ENGINE, HTTP_PATH), E(B_PATH, HTTP_PATH) },	/* no name of the product */
	    "acme engine=acme update proof 95 present; bcme update strong 75" },
	/* its own product is there too */
	{ { E(ENGINE, HTTP_PATH), E(B_HOST, HTTP_HOST), E(HOST, HTTP_HOST) },
	    "acme engine=acme update proof 98 present; bcme engine=acme update strong 75" },
	/* both have engines */
	{ { E(ENGINE, HTTP_PATH), E(B_HOST, HTTP_HOST), E(B_ENGINE, HTTP_PATH) },
	    "bcme engine=bcme update proof 98 present; acme engine=acme update proof 95 present" },
	{ { E(ENGINE_HOST, TLS_SNI) }, "acme engine=acme update strong 75" },
};

static void
concludes(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
		unsigned n = 0;
		const char *got;

		while (n < 4 && (cases[i].v[n].signal != NULL || cases[i].v[n].kind != 0))
			n++;
		got = told(cases[i].v, n);
		if (strcmp(got, cases[i].told) != 0)
			fail_msg("case %zu: \"%s\", expected \"%s\"", i, got, cases[i].told);
	}
}

static void
takes_the_category_of_the_best(void **state)
{
	const struct evidence evidence[] = { E(BRAND, TLS_SNI), E(PATH, HTTP_PATH) };
	struct attribution out;

	(void)state;
	assert_int_equal(attribute(evidence, 2, &out, 1), 1);
	assert_int_equal(out.category, CATEGORY_SOFTWARE);
	assert_int_equal(attribute(evidence, 1, &out, 1), 1);
	assert_int_equal(out.category, CATEGORY_OS);
}

static void
keeps_to_max(void **state)
{
	const struct evidence evidence[] = { E(B_HOST, TLS_SNI), E(PATH, HTTP_PATH) };
	struct attribution out[2] = { 0 };

	(void)state;
	assert_int_equal(attribute(evidence, 2, out, 1), 1);
	assert_ptr_equal(out[0].vendor, &acme);
	assert_null(out[1].vendor);
	assert_int_equal(attribute(evidence, 2, out, 0), 0);
	assert_int_equal(attribute(NULL, 0, out, 2), 0);
}

/* More vendors than it tells apart: the first ones, none twice, and no write beyond. */
static void
copes_with_many_vendors(void **state)
{
	enum { N = 50 };
	static struct vendor vendors[N];
	static struct signal many[N];
	static char names[N][8];
	struct evidence evidence[2 * N];
	struct attribution out[2 * N];
	unsigned n;

	(void)state;
	for (unsigned i = 0; i < N; i++) {
		snprintf(names[i], sizeof names[i], "v%02u", i);
		vendors[i] = (struct vendor){ .id = names[i] };
		many[i] = (struct signal){ .vendor = &vendors[i], .host = "a.example" };
		evidence[i] = evidence[N + i] = (struct evidence){ .signal = &many[i], .kind = OBS_TLS_SNI };
	}
	n = attribute(evidence, 2 * N, out, 2 * N);
	assert_int_equal(n, 32);
	for (unsigned i = 0; i < n; i++)
		assert_string_equal(out[i].vendor->id, names[i]);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(concludes),
		cmocka_unit_test(takes_the_category_of_the_best),
		cmocka_unit_test(keeps_to_max),
		cmocka_unit_test(copes_with_many_vendors),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
