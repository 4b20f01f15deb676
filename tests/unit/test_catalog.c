/* SPDX-License-Identifier: Apache-2.0 */
/* Vendor files: what is read, and the exact place and wording of what is refused. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <unistd.h>

#include <cmocka.h>

#include "catalog/load.h"

#define HEAD                                                                                                 \
	"vendor: acme\n"				/* 1 */                                              \
	"name: Acme Security\n"				/* 2 */                                              \
	"seat: NO\n"					/* 3 */
#define SOURCE "    source: {title: \"Ports\", url: \"https://docs.example/\", checked: 2026-11-22}\n"
#define SIGNAL                                                                                               \
	"signals:\n"					/* 4 */                                              \
	"  - id: definitions\n"			/* 5 */                                              \
	"    purpose: update\n"				/* 6 */                                              \
	"    strength: strong\n"			/* 7 */
#define HOST "    host: upd.acme.example\n"		/* 8 */
#define ONE_OF "a host, path, agent, header, body, payload, protocol, dns_txt or port"
#define ONE "{title: a, checked: 2026-11-22}"
#define ONE_GROUP "expected one {} in it, as in daily-{}.cdiff"

static const char full[] =
    "# a comment\n"
    "vendor: acme\n"
    "name: Acme Security\n"
    "seat: NO\n"
    "category: software\n"
    "asn: [64500, 4200000000]\n"
    "networks: [198.51.100.0/24, \"2001:db8::/32\"]\n"
    "products:\n"
    "  - id: acme-desktop\n"
    "    name: Acme Desktop\n"
    "    category: security\n"
    "  - {id: acme-tool, name: Acme Tool}\n"
    "signals:\n"
    "  - id: definitions\n"
    "    product: acme-desktop\n"
    "    purpose: update\n"
    "    host_exact: upd.acme.example\n"
    "    http_path: '^/defs/[0-9]+\\.bin$'\n"
    "    http_method: GET\n"
    "    port: 8080\n"
    "    strength: proof\n"
    "    means: engine\n"
    "    note: \"off: no\"\n"
    "    source: {title: \"Ports\", url: \"https://docs.example/\", checked: 2026-11-22}\n"
    "  - id: magic\n"
    "    purpose: undetermined\n"
    "    category: os\n"
    "    body: \"hex:4e4f53410a\"\n"
    "    strength: medium\n"
    "    enabled: false\n"
    "    reason: low confidence\n"
    "    sources:\n"
    "      - {title: \"First\", checked: 2026-11-21}\n"
    "      - {title: \"Second\", checked: 2026-11-22}\n";

static struct catalog *
load(const char *text, struct err *err)
{
	return catalog_load_text("acme.yaml", text, strlen(text), err);
}

static void
reads_everything(void **state)
{
	struct err err;
	struct catalog *c = load(full, &err);
	const struct vendor *const *vendors, *v;
	const struct signal *s;

	(void)state;
	if (c == NULL)
		fail_msg("%s", err.text);
	assert_int_equal(catalog_vendors(c, &vendors), 1);
	assert_int_equal(catalog_signals(c), 2);
	v = vendors[0];
	assert_string_equal(v->id, "acme");
	assert_string_equal(v->seat, "NO");
	assert_int_equal(v->category, CATEGORY_SOFTWARE);
	assert_true(vendor_has_asn(v, 64500) && vendor_has_asn(v, 4200000000u) && !vendor_has_asn(v, 64501));
	assert_int_equal(v->n_products, 2);
	assert_int_equal(v->products[0].category, CATEGORY_SECURITY);
	assert_int_equal(v->products[1].category, CATEGORY_SOFTWARE);
	s = &v->signals[0];
	assert_ptr_equal(s->vendor, v);
	assert_ptr_equal(s->product, &v->products[0]);
	assert_int_equal(s->category, CATEGORY_SECURITY);
	assert_int_equal(s->purpose, PURPOSE_UPDATE);
	assert_int_equal(s->strength, STRENGTH_PROOF);
	assert_int_equal(s->means, MEANS_ENGINE);
	assert_true(s->enabled);
	assert_null(s->reason);
	assert_null(s->host);
	assert_string_equal(s->host_exact, "upd.acme.example");
	assert_string_equal(s->http_path, "^/defs/[0-9]+\\.bin$");
	assert_string_equal(s->http_method, "GET");
	assert_string_equal(s->note, "off: no");
	assert_int_equal(s->port, 8080);
	assert_int_equal(s->n_sources, 1);
	assert_string_equal(s->sources[0].url, "https://docs.example/");
	assert_string_equal(s->file, "acme.yaml");
	assert_int_equal(s->line, 14);
	s = &v->signals[1];
	assert_int_equal(s->index, 1);
	assert_int_equal(s->category, CATEGORY_OS);
	assert_false(s->enabled);
	assert_string_equal(s->reason, "low confidence");
	assert_int_equal(s->means, MEANS_PRODUCT);
	assert_null(s->product);
	assert_int_equal(s->body.len, 5);
	assert_memory_equal(s->body.p, "NOSA\n", 5);
	assert_int_equal(s->n_sources, 2);
	assert_string_equal(s->sources[1].title, "Second");
	assert_null(s->sources[1].url);
	catalog_free(&c);
	assert_null(c);
	catalog_free(&c);
}

static void
knows_its_addresses(void **state)
{
	static const struct {
		const char *address;
		bool inside;
	} cases[] = {
		{ "198.51.100.0", true }, { "198.51.100.255", true }, { "198.51.101.0", false },
		{ "2001:db8:1::1", true }, { "2001:db9::1", false }, { "::198.51.100.1", false },
	};
	struct err err;
	struct catalog *c = load(full, &err);
	const struct vendor *const *v;

	(void)state;
	assert_non_null(c);
	catalog_vendors(c, &v);
	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
		struct addr a;

		assert_true(addr_parse(cases[i].address, strlen(cases[i].address), &a));
		if (vendor_has_address(v[0], &a) != cases[i].inside)
			fail_msg("%s", cases[i].address);
	}
	catalog_free(&c);
}

static const struct {
	const char *text, *message;
} refused[] = {
	/* --- not one mapping of YAML --- */
	{ "", "acme.yaml:1:1: the file is empty; expected \"vendor: ...\"" },
	{ "# only a comment\n", "acme.yaml:1:1: the file is empty; expected \"vendor: ...\"" },
	{ "\nnull\n", "acme.yaml:2:1: not a mapping; expected \"vendor: ...\"" },
	{ "- a\n", "acme.yaml:1:1: not a mapping; expected \"vendor: ...\"" },
	{ HEAD "? [a]\n: b\n", "acme.yaml:4:3: a key that is not text; expected a word" },
	{ HEAD "note: 'open\n", "acme.yaml:5:1: found unexpected end of stream" },
	{ HEAD "\tsignals: x\n", "acme.yaml:4:1: found a tab character that violates indentation" },
	{ HEAD "---\nvendor: other\n", "acme.yaml:4:1: a second document; expected one a file" },
	{ "vendor: &a acme\n", "acme.yaml:1:9: anchors and tags are not used here; expected plain text" },
	{ "vendor: acme\nname: *a\n", "acme.yaml:2:7: aliases are not used here; expected the value itself" },
	{ "vendor: !!str acme\n", "acme.yaml:1:9: anchors and tags are not used here; expected plain text" },
	{ "vendor: \"ac\\0me\"\n", "acme.yaml:1:9: a NUL character; expected text without one" },
	{ "vendor: acme\nname: \xff\n", "acme.yaml:2:7: invalid leading UTF-8 octet; expected UTF-8" },
	{ "a: [[[[[[[[[x]]]]]]]]]\n", "acme.yaml:1:11: nested too deep" },
	{ HEAD "a-key-of-thirty-two-characters-is: 1\n",
	    "acme.yaml:4:1: a key of more than 31 bytes; no key is that long" },
	/* --- keys and shapes --- */
	{ HEAD "seat: SE\n", "acme.yaml:4:1: \"seat\" is given twice; expected once" },
	{ HEAD "colour: red\n",
	    "acme.yaml:4:1: \"colour\" is not a key here; expected one of vendor, name, seat, "
	    "category, asn, networks, products, signals" },
	{ HEAD SIGNAL HOST "    source: {title: a, cheked: 2026-11-22}\n",
	    "acme.yaml:9:24: \"cheked\" is not a key here; expected one of title, url, checked" },
	{ HEAD "products:\n  - id: a\n    name: A\n    host: b\n",
	    "acme.yaml:7:5: \"host\" is not a key here; expected one of id, name, category" },
	/* a key that is right elsewhere, and was given there */
	{ HEAD SIGNAL "    name: x\n" HOST SOURCE,
	    "acme.yaml:8:5: \"name\" is not a key here; expected one of id, product, category, purpose, "
	    "strength, means, enabled, reason, note, host, host_exact, host_pattern, http_path, http_query, "
	    "http_agent, http_header, http_method, dns_txt, protocol, body, request_body, payload_client, "
	    "payload_server, port, transport, version, source, sources" },
	{ HEAD SIGNAL HOST "    source: some page\n",
	    "acme.yaml:9:13: source is of the wrong kind; "
	    "expected a mapping of title, url and checked" },
	{ HEAD "name2: [a]\n",
	    "acme.yaml:4:1: \"name2\" is not a key here; expected one of vendor, name, seat, "
	    "category, asn, networks, products, signals" },
	{ "vendor: [acme]\n", "acme.yaml:1:9: vendor is of the wrong kind; "
	    "expected text of 1 to 1024 bytes" },
	{ HEAD "asn: [64500, AS64501]\n", "acme.yaml:4:14: asn is of the wrong kind; "
	    "expected a list of AS numbers" },
	{ HEAD SIGNAL HOST "    port: 70000\n", "acme.yaml:9:11: port is of the wrong kind; "
	    "expected a number from 1 to 65535" },
	{ HEAD SIGNAL "    host:\n", "acme.yaml:8:10: host is empty; expected text of 1 to 1024 bytes" },
	{ HEAD "signals: []\n", "acme.yaml:4:10: signals is empty; "
	    "expected a list of mappings" },
	/* --- the vendor --- */
	{ "name: Acme\n", "acme.yaml:1:1: no \"vendor\" is given; expected letters a-z, digits and hyphens" },
	{ "vendor: Acme\n",
	    "acme.yaml:1:9: vendor \"Acme\" is not an id; expected letters a-z, digits and hyphens" },
	{ "vendor: -acme\n",
	    "acme.yaml:1:9: vendor \"-acme\" is not an id; expected letters a-z, digits and hyphens" },
	{ "vendor: acme\nname: Acme\n",
	    "acme.yaml:1:1: no \"seat\" is given; expected two capital letters (ISO 3166-1)" },
	{ "vendor: acme\nname: Acme\nseat: no\n",
	    "acme.yaml:3:7: seat \"no\" is not a country; expected two capital letters (ISO 3166-1)" },
	{ HEAD "category: games\n",
	    "acme.yaml:4:11: category \"games\" is not known; expected one of security, os, software" },
	{ HEAD "asn: [0]\n", "acme.yaml:4:7: 0 is not an AS number; expected 1 to 4294967295" },
	{ HEAD "networks:\n  - 198.51.100.0/24\n  - 198.51.100.1/24\n",
	    "acme.yaml:6:5: \"198.51.100.1/24\" is not a "
	    "network; expected a prefix such as 192.0.2.0/24 with no host bits set" },
	{ HEAD, "acme.yaml:1:1: no \"signals\" are given; expected a list of at least one" },
	{ HEAD "products:\n  - {id: a, name: A}\n  - {id: a, name: B}\n" SIGNAL HOST SOURCE,
	    "acme.yaml:6:10: product \"a\" is already there; expected another id" },
	{ HEAD "products:\n  - {id: a}\n" SIGNAL HOST SOURCE,
	    "acme.yaml:5:5: no \"name\" is given; expected text" },
	/* --- a signal --- */
	{ HEAD "signals:\n  - purpose: update\n",
	    "acme.yaml:5:5: no \"id\" is given; expected letters a-z, digits and hyphens" },
	{ HEAD "signals:\n  - {id: a, purpose: spying}\n",
	    "acme.yaml:5:22: purpose \"spying\" is not known; expected "
	    "one of undetermined, update, telemetry, reputation, license, management, download, crash, "
	    "vpn, web" },
	{ HEAD "signals:\n  - id: a\n    purpose: update\n",
	    "acme.yaml:5:5: no \"strength\" is given; expected one of weak, medium, strong, proof" },
	{ HEAD "signals:\n  - {id: a, purpose: update, strength: 3}\n",
	    "acme.yaml:5:40: strength \"3\" is not known; expected one of weak, medium, strong, proof" },
	{ HEAD SIGNAL HOST "    means: both\n" SOURCE,
	    "acme.yaml:9:12: means \"both\" is not known; expected one of product, engine, not, "
	    "resolver, outer-name" },
	{ HEAD SIGNAL HOST "    enabled: flase\n" SOURCE,
	    "acme.yaml:9:14: enabled \"flase\" is not known; expected one of false, true" },
	{ HEAD SIGNAL HOST "    enabled: false\n" SOURCE,
	    "acme.yaml:9:14: signal \"definitions\" is off without a reason; expected \"reason: ...\"" },
	{ HEAD SIGNAL HOST "    reason: doubtful\n" SOURCE,
	    "acme.yaml:9:13: a reason for being off, but signal "
	    "\"definitions\" is on; expected \"enabled: false\"" },
	{ HEAD SIGNAL HOST "    product: acme-phone\n" SOURCE,
	    "acme.yaml:9:14: product \"acme-phone\" is not there; "
	    "expected an id of the list \"products\"" },
	{ HEAD SIGNAL SOURCE, "acme.yaml:5:9: signal \"definitions\" asks for nothing; expected " ONE_OF },
	{ HEAD SIGNAL "    http_method: GET\n" SOURCE,
	    "acme.yaml:5:9: signal \"definitions\" asks for no more than a method, or a method and a port; expected " ONE_OF },
	/* a transport says less than a port */
	{ HEAD SIGNAL "    transport: udp\n" SOURCE,
	    "acme.yaml:5:9: signal \"definitions\" asks for nothing; expected " ONE_OF },
	{ HEAD SIGNAL "    port: 80\n" SOURCE,
	    "acme.yaml:7:15: signal \"definitions\" asks for a port alone; expected strength weak" },
	{ HEAD SIGNAL "    port: 80\n    transport: tcp\n" SOURCE,
	    "acme.yaml:7:15: signal \"definitions\" asks for a port alone; expected strength weak" },
	{ HEAD SIGNAL HOST "    transport: TCP\n" SOURCE,
	    "acme.yaml:9:16: transport \"TCP\" is not known; expected one of tcp, udp" },
	{ HEAD SIGNAL HOST "    transport: sctp\n" SOURCE,
	    "acme.yaml:9:16: transport \"sctp\" is not known; expected one of tcp, udp" },
	{ HEAD SIGNAL "    protocol: Acme Push\n" SOURCE, "acme.yaml:8:15: protocol \"Acme Push\" is not an id; "
	    "expected letters a-z, digits and hyphens" },
	{ HEAD SIGNAL HOST "    version: defs-{}.bin\n" SOURCE,
	    "acme.yaml:9:14: version is of the wrong kind; expected a list of templates" },
	{ HEAD SIGNAL HOST "    version: []\n" SOURCE,
	    "acme.yaml:9:14: version is empty; expected a list of templates" },
	{ HEAD SIGNAL HOST "    version: ['defs-{}.bin', defs.bin]\n" SOURCE,
	    "acme.yaml:9:30: version \"defs.bin\" does not say where the version is; " ONE_GROUP },
	{ HEAD SIGNAL HOST "    version:\n      - 'defs-{}-{}.bin'\n" SOURCE,
	    "acme.yaml:10:9: version \"defs-{}-{}.bin\" does not say where the version is; " ONE_GROUP },
	{ HEAD SIGNAL HOST "    version: ['{}', '{}', '{}', '{}', '{}', '{}', '{}', '{}', '{}']\n" SOURCE,
	    "acme.yaml:9:63: version has too many entries; expected a list of templates" },
	{ HEAD SIGNAL HOST "    port: 0\n" SOURCE, "acme.yaml:9:11: port 0 is none; expected 1 to 65535" },
	{ HEAD SIGNAL HOST "    http_method: get\n" SOURCE,
	    "acme.yaml:9:18: http_method \"get\" is not a method; expected capital letters" },
	{ HEAD SIGNAL HOST "    host_exact: a.acme.example\n" SOURCE,
	    "acme.yaml:9:17: a second kind of host; expected one of host, host_exact and host_pattern" },
	{ HEAD SIGNAL "    http_path: '^/(a$'\n" SOURCE,
	    "acme.yaml:8:16: http_path \"^/(a$\" cannot be used: Missing "
	    "close parenthesis for group started at index 2; expected a regular expression" },
	{ HEAD SIGNAL "    http_path: '.*'\n" SOURCE,
	    "acme.yaml:8:16: http_path \".*\" cannot be used: it also "
	    "matches nothing at all; expected a regular expression" },
	{ HEAD SIGNAL "    body: \"hex:4e4F\"\n" SOURCE,
	    "acme.yaml:8:11: body \"hex:4e4F\" cannot be used; expected 2 to "
	    "64 bytes of text, or \"hex:\" and lower-case digits" },
	{ HEAD SIGNAL "    payload_client: \"hex:4e4\"\n" SOURCE,
	    "acme.yaml:8:21: payload_client \"hex:4e4\" cannot be "
	    "used; expected 2 to 64 bytes of text, or \"hex:\" and lower-case digits" },
	{ HEAD SIGNAL "    body: x\n" SOURCE, "acme.yaml:8:11: body \"x\" cannot be used; expected 2 to "
	    "64 bytes of text, or \"hex:\" and lower-case digits" },
	/* --- where it comes from --- */
	{ HEAD SIGNAL HOST,
	    "acme.yaml:5:9: signal \"definitions\" has no source; expected either source or sources" },
	{ HEAD SIGNAL HOST SOURCE "    sources: [{title: a, checked: 2026-11-22}]\n", "acme.yaml:5:9: signal "
	    "\"definitions\" has both source and sources; expected either source or sources" },
	{ HEAD SIGNAL HOST "    source: {url: \"https://docs.example/\", checked: 2026-11-22}\n",
	    "acme.yaml:9:13: no \"title\" is given; expected text" },
	{ HEAD SIGNAL HOST "    source: {title: a}\n",
	    "acme.yaml:9:13: no \"checked\" is given; expected a date such as 2026-11-22" },
	{ HEAD SIGNAL HOST "    source: {title: a, checked: 22.11.2026}\n",
	    "acme.yaml:9:33: checked \"22.11.2026\" is not a date; expected one such as 2026-11-22" },
	{ HEAD SIGNAL HOST "    source: {title: a, checked: 2026-13-22}\n",
	    "acme.yaml:9:33: checked \"2026-13-22\" is not a date; expected one such as 2026-11-22" },
	{ HEAD SIGNAL HOST "    sources:\n      - {title: a, checked: 2026-11-22}\n      - {title: b, "
	    "url: docs, "
	    "checked: 2026-11-22}\n",
	    "acme.yaml:11:25: url \"docs\" is not one; expected https://... or http://..." },
	/* --- twice --- */
	{ HEAD SIGNAL HOST SOURCE "  - {id: definitions, purpose: web, strength: weak, host: "
	    "acme.example, source: "
	    "{title: a, checked: 2026-11-22}}\n",
	    "acme.yaml:10:10: signal \"definitions\" is already there; expected another id" },
	{ HEAD SIGNAL HOST "    transport: tcp\n" SOURCE "  - {id: again, purpose: web, strength: weak, "
	    "transport: tcp, host: upd.acme.example, source: " ONE "}\n",
	    "acme.yaml:11:10: signal \"again\" asks for the same as \"definitions\"; expected one of them" },
	{ HEAD SIGNAL HOST SOURCE "  - {id: again, purpose: web, strength: weak, host: upd.acme.example, "
	    "source: "
	    "{title: a, checked: 2026-11-22}}\n",
	    "acme.yaml:10:10: signal \"again\" asks for the same as \"definitions\"; expected one of them" },
	/* --- what it quotes stays on one line --- */
	{ "vendor: \"a\\nb\"\n",
	    "acme.yaml:1:9: vendor \"a?b\" is not an id; expected letters a-z, digits and hyphens" },
};

static void
says_what_is_wrong_and_where(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof refused / sizeof refused[0]; i++) {
		struct err err = { "" };
		struct catalog *c = load(refused[i].text, &err);

		if (c != NULL)
			fail_msg("accepted, expected: %s", refused[i].message);
		if (strcmp(err.text, refused[i].message) != 0)
			fail_msg("got      %s\nexpected %s", err.text, refused[i].message);
	}
}

static void
refuses_what_is_no_host(void **state)
{
	static const char *const bad[] = {
		"*.acme.example", "UPD.acme.example", "upd.acme.example.", ".acme.example",
		"upd..acme.example", "acme", "upd acme.example", "upd.acme.example/path", "\xc3\xa1.example",
		"a-label-of-sixty-four-characters-is-one-more-than-rfc-1035-wants.example",
	};
	static const char *const good[] = { "acme.example", "xn--mnchen-3ya.example", "_dns.acme.example",
		"1.2.acme.example" };
	char text[1024];
	struct err err;
	struct catalog *c;

	(void)state;
	for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
		snprintf(text, sizeof text, HEAD SIGNAL "    host: \"%s\"\n" SOURCE, bad[i]);
		assert_null(load(text, &err));
		if (strstr(err.text, "acme.yaml:8:11: host \"") != err.text ||
		    strstr(err.text, "is not a host name; expected lower-case labels") == NULL)
			fail_msg("%s", err.text);
	}
	for (size_t i = 0; i < sizeof good / sizeof good[0]; i++) {
		snprintf(text, sizeof text, HEAD SIGNAL "    host_exact: \"%s\"\n" SOURCE, good[i]);
		if ((c = load(text, &err)) == NULL)
			fail_msg("%s", err.text);
		catalog_free(&c);
	}
}

static void
refuses_a_long_pattern(void **state)
{
	char text[2048], regex[CATALOG_REGEX_MAX + 2] = "";
	struct catalog *c;
	struct err err;

	(void)state;
	memset(regex, 'a', CATALOG_REGEX_MAX + 1);
	snprintf(text, sizeof text, HEAD SIGNAL "    http_agent: %s\n" SOURCE, regex);
	assert_null(load(text, &err));
	assert_string_equal(err.text, "acme.yaml:8:17: http_agent is 513 bytes long; expected at most 512");
	regex[CATALOG_REGEX_MAX] = '\0';
	snprintf(text, sizeof text, HEAD SIGNAL "    http_agent: %s\n" SOURCE, regex);
	assert_non_null(c = load(text, &err));
	catalog_free(&c);
}

/* What was added to a signal besides what it asks of one message. */
static void
reads_ports_protocols_and_versions(void **state)
{
	static const char text[] = HEAD "signals:\n"
	    "  - {id: a, purpose: update, strength: weak, port: 13000, transport: tcp, source: " ONE "}\n"
	    "  - {id: b, purpose: update, strength: weak, port: 13000, transport: udp, source: " ONE "}\n"
	    "  - {id: c, purpose: telemetry, strength: proof, protocol: acme-push, source: " ONE "}\n"
	    "  - {id: d, purpose: web, strength: weak, means: not, host: forum.acme.example, source: " ONE "}\n"
	    "  - {id: e, purpose: web, strength: weak, means: resolver, host_exact: dns.acme.example, "
	    "source: " ONE "}\n"
	    "  - {id: f, purpose: web, strength: weak, means: outer-name, host_exact: ech.acme.example, "
	    "source: " ONE "}\n"
	    "  - {id: g, purpose: update, strength: proof, http_path: '/defs-', "
	    "version: ['defs-{}.bin', 'ACME:*:{}:*'], source: " ONE "}\n";
	struct err err;
	struct catalog *c = load(text, &err);
	const struct vendor *const *v;
	const struct signal *s;

	(void)state;
	if (c == NULL)
		fail_msg("%s", err.text);
	assert_int_equal(catalog_vendors(c, &v), 1);
	s = v[0]->signals;
	assert_true(s[0].port == 13000 && s[0].transport == 6 && signal_is_port(&s[0]));
	assert_true(s[1].port == 13000 && s[1].transport == 17 && signal_is_port(&s[1]));
	assert_string_equal(s[2].protocol, "acme-push");
	assert_true(s[2].transport == 0 && s[2].port == 0 && !signal_is_port(&s[2]));
	assert_int_equal(s[3].means, MEANS_NOT);
	assert_int_equal(s[4].means, MEANS_RESOLVER);
	assert_int_equal(s[5].means, MEANS_OUTER);
	assert_int_equal(s[5].n_versions, 0);
	assert_int_equal(s[6].n_versions, 2);
	assert_string_equal(s[6].versions[0], "defs-{}.bin");
	assert_string_equal(s[6].versions[1], "ACME:*:{}:*");
	catalog_free(&c);
}

/* Off, it may ask for what another asks for: the reason says why it is kept. */
static void
allows_a_disabled_double(void **state)
{
	struct err err;
	struct catalog *c = load(HEAD SIGNAL HOST SOURCE "  - {id: again, purpose: web, strength: weak, "
	    "enabled: false, "
	    "reason: doubtful, host: upd.acme.example, source: {title: a, checked: 2026-11-22}}\n", &err);

	(void)state;
	assert_non_null(c);
	catalog_free(&c);
}

/* --- directories -------------------------------------------------------------------- */

static void
write_file(const char *directory, const char *name, const char *text)
{
	char path[256];
	FILE *f;

	snprintf(path, sizeof path, "%s/%s", directory, name);
	assert_non_null(f = fopen(path, "w"));
	fputs(text, f);
	fclose(f);
}

static void
remove_files(const char *directory, const char *const *names)
{
	char path[256];

	for (; *names != NULL; names++) {
		snprintf(path, sizeof path, "%s/%s", directory, *names);
		unlink(path);
	}
	rmdir(directory);
}

static void
loads_a_directory_in_name_order(void **state)
{
	char directory[] = "/tmp/catalogXXXXXX";
	const struct vendor *const *v;
	struct catalog *c;
	struct err err;

	(void)state;
	assert_non_null(mkdtemp(directory));
	write_file(directory, "b.yaml", "vendor: bravo\nname: B\nseat: SE\n" SIGNAL HOST SOURCE);
	write_file(directory, "a.yaml", HEAD SIGNAL HOST SOURCE);
	write_file(directory, ".hidden.yaml", "not yaml: [");
	write_file(directory, "README.md", "not yaml: [");
	if ((c = catalog_load(directory, &err)) == NULL)
		fail_msg("%s", err.text);
	assert_int_equal(catalog_vendors(c, &v), 2);
	assert_string_equal(v[0]->id, "acme");
	assert_string_equal(v[1]->id, "bravo");
	assert_int_equal(v[0]->signals[0].index, 0);
	assert_int_equal(v[1]->signals[0].index, 1);
	/* (cd directory; sha256sum a.yaml b.yaml | sha256sum) */
	assert_string_equal(catalog_digest(c),
	    "f9fc717541f098d5c5cd74352d891f1778d8da2750c9beb972785052c4bd1a8d");
	catalog_free(&c);
	remove_files(directory,
	    (const char *const[]){ "a.yaml", "b.yaml", ".hidden.yaml", "README.md", NULL });
}

static void
refuses_directories(void **state)
{
	char directory[] = "/tmp/catalogXXXXXX", expected[256];
	struct err err;

	(void)state;
	assert_non_null(mkdtemp(directory));
	assert_null(catalog_load(directory, &err));
	snprintf(expected, sizeof expected, "%s: no vendor file; expected at least one *.yaml", directory);
	assert_string_equal(err.text, expected);
	write_file(directory, "a.yaml", HEAD SIGNAL HOST SOURCE);
	write_file(directory, "b.yaml", "name: Twice\n" HEAD);
	assert_null(catalog_load(directory, &err));
	snprintf(expected, sizeof expected, "%s/b.yaml:3:1: \"name\" is given twice; "
	    "expected once", directory);
	assert_string_equal(err.text, expected);
	write_file(directory, "b.yaml", "name: Twice\nseat: SE\nvendor: acme\n" SIGNAL HOST SOURCE);
	assert_null(catalog_load(directory, &err));
	snprintf(expected, sizeof expected, "%s/b.yaml:3:9: vendor \"acme\" is already in %s/a.yaml; "
	    "expected one file "
	    "a vendor", directory, directory);
	assert_string_equal(err.text, expected);
	remove_files(directory, (const char *const[]){ "a.yaml", "b.yaml", NULL });
	assert_null(catalog_load(directory, &err));
	snprintf(expected, sizeof expected, "%s: No such file or directory; expected a directory of "
	    "vendor files",
	    directory);
	assert_string_equal(err.text, expected);
}

static void
refuses_a_file_too_large(void **state)
{
	char directory[] = "/tmp/catalogXXXXXX", expected[256], *text = malloc(CATALOG_FILE_MAX + 2);
	struct err err;

	(void)state;
	assert_non_null(text);
	assert_non_null(mkdtemp(directory));
	memset(text, '#', CATALOG_FILE_MAX + 1);
	text[CATALOG_FILE_MAX + 1] = '\0';
	write_file(directory, "a.yaml", text);
	assert_null(catalog_load(directory, &err));
	snprintf(expected, sizeof expected, "%s/a.yaml: too large; expected at most "
	    "1048576 bytes", directory);
	assert_string_equal(err.text, expected);
	remove_files(directory, (const char *const[]){ "a.yaml", NULL });
	free(text);
}

static void
names_its_words(void **state)
{
	enum category category;

	(void)state;
	assert_string_equal(purpose_name(PURPOSE_UNDETERMINED), "undetermined");
	assert_string_equal(purpose_name(PURPOSE_WEB), "web");
	assert_string_equal(strength_name(STRENGTH_PROOF), "proof");
	assert_string_equal(category_name(CATEGORY_OS), "os");
	assert_string_equal(means_name(MEANS_NOT), "not");
	assert_string_equal(means_name(MEANS_OUTER), "outer-name");
	assert_true(category_parse("software", &category));
	assert_int_equal(category, CATEGORY_SOFTWARE);
	assert_false(category_parse("Software", &category));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(reads_everything),
		cmocka_unit_test(knows_its_addresses),
		cmocka_unit_test(says_what_is_wrong_and_where),
		cmocka_unit_test(refuses_what_is_no_host),
		cmocka_unit_test(refuses_a_long_pattern),
		cmocka_unit_test(reads_ports_protocols_and_versions),
		cmocka_unit_test(allows_a_disabled_double),
		cmocka_unit_test(loads_a_directory_in_name_order),
		cmocka_unit_test(refuses_directories),
		cmocka_unit_test(refuses_a_file_too_large),
		cmocka_unit_test(names_its_words),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
