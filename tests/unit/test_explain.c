/* SPDX-License-Identifier: Apache-2.0 */
/* What is typed becomes observations; what became of each signal; why a look-alike is none; as JSON. */
#include "unit.h"

#include <jansson.h>

#include "app/explain.h"
#include "catalog/load.h"

#define SIGNAL(id, strength, what)                                                                           \
	"  - {id: " id ", purpose: update, strength: " strength ", " what                                    \
	", source: {title: a, checked: 2026-11-22}}\n"

static const char acme[] =
    "vendor: acme\nname: Acme Security\nseat: SE\nasn: [64500]\nnetworks: [198.51.100.0/24]\n"
    "products: [{id: desktop, name: Acme Desktop}]\nsignals:\n"
    SIGNAL("brand", "weak", "host: acme.example, note: 'a \"quoted\" note'")
    SIGNAL("suffix", "strong", "host: upd.acme.example, product: desktop")
    SIGNAL("exact", "strong", "host_exact: db.bcme.test")
    SIGNAL("forum", "medium", "means: not, host: forum.acme.example")
    SIGNAL("in-forum", "strong", "host_exact: upd.forum.acme.example")
    SIGNAL("old-browser", "strong", "means: not, http_agent: '^AcmeBrowser/0', enabled: false, reason: gone")
    SIGNAL("browser", "weak", "means: not, http_agent: '^AcmeBrowser/'")
    SIGNAL("off", "strong", "host: upd.acme.example, enabled: false, reason: doubtful")
    SIGNAL("host-path", "proof", "host: upd.acme.example, http_path: '^/defs'")
    SIGNAL("path", "proof", "http_path: '^/acme-defs/', body: 'hex:00ff', version: ['defs-{}.bin']")
    SIGNAL("agent", "strong", "http_agent: '^AcmeUpdater/'")
    SIGNAL("header", "strong", "http_header: '^x-acme: 7$'")
    SIGNAL("txt", "strong", "host: dns.bcme.test, dns_txt: '^[0-9]+:'")
    SIGNAL("lan", "weak", "port: 13000, transport: tcp")
    SIGNAL("doh", "strong", "means: resolver, host_exact: doh.bcme.test")
    SIGNAL("ech", "strong", "means: outer-name, host_exact: ech.bcme.test");

static struct catalog *catalog;
static struct matcher *matcher;
static struct question question;
static struct explanation x;

static int
set_up(void **state)
{
	struct err err;

	(void)state;
	if ((catalog = catalog_load_text("/some/where/acme.yaml", acme, sizeof acme - 1, &err)) == NULL ||
	    (matcher = matcher_new(catalog, &err)) == NULL) {
		fprintf(stderr, "%s\n", err.text);
		return -1;
	}
	return 0;
}

static int
tear_down(void **state)
{
	(void)state;
	matcher_free(&matcher);
	catalog_free(&catalog);
	return 0;
}

static int
ask(const char *what, const struct ask_with *with)
{
	static const struct ask_with none;
	int rc = explain_ask(&question, what, with != NULL ? with : &none, &x);

	if (rc == 0)
		explain_judge(catalog, matcher, &question, &x);
	return rc;
}

/* "http.host=a http.path=/b": what was asked, but for numbers. */
static const char *
seen(void)
{
	static char text[1024];
	size_t n = 0;

	text[0] = '\0';
	for (unsigned i = 0; i < question.obs.n && n < sizeof text; i++) {
		const struct observation *o = &question.obs.v[i];

		n += (size_t)snprintf(text + n, sizeof text - n, "%s%s=%.*s", i > 0 ? " " : "",
		    obs_kind_name(o->kind), (int)o->value.len, (const char *)o->value.p);
	}
	return text;
}

static void
understands_what_is_typed(void **state)
{
	static const struct {
		const char *what, *kind;
		uint16_t port;
		const char *seen;
	} cases[] = {
		{ "upd.acme.example", "host", 443, "tls.sni=upd.acme.example" },
		{ " UPD[.]acme(.)Example \n", "host", 443, "tls.sni=upd.acme.example" },
		{ "upd.acme.example:8443", "host", 8443, "tls.sni=upd.acme.example" },
		{ "upd.acme.example.", "host", 443, "tls.sni=upd.acme.example." },
		{ "192.0.2.7", "address", 0, "" },
		{ "192.0.2.7:13000", "address", 13000, "" },
		{ "2001:db8::1", "address", 0, "" },
		{ "[2001:db8::1]:13000", "address", 13000, "" },
		{ "http://upd.acme.example", "url", 80,
		    "http.method=GET http.host=upd.acme.example http.path=/" },
		{ "hxxp://u:p@UPD.acme.example:8080/defs?a=1#x", "url", 8080,
		    "http.method=GET http.host=upd.acme.example http.path=/defs http.query=a=1" },
		{ "http://a@b@upd.acme.example/", "url", 80,
		    "http.method=GET http.host=upd.acme.example http.path=/" },
		{ "upd.acme.example/defs", "url", 80,
		    "http.method=GET http.host=upd.acme.example http.path=/defs" },
		{ "http://upd.acme.example?q", "url", 80,
		    "http.method=GET http.host=upd.acme.example http.path=/ http.query=q" },
		{ "HTTPS://upd.acme.example/defs", "url", 443, "tls.sni=upd.acme.example" },
		{ "https://[2001:db8::1]:8443/x", "url", 8443, "tls.sni=2001:db8::1" },
		{ "quic://upd.acme.example", "url", 443, "tls.sni=upd.acme.example" },
		{ "AcmeUpdater/1.0 (Windows)", "agent", 80, "http.agent=AcmeUpdater/1.0 (Windows)" },
		{ "AcmeUpdater/1.0", "agent", 80, "http.agent=AcmeUpdater/1.0" },
		{ "Mozilla/5.0(x)", "agent", 80, "http.agent=Mozilla/5.0(x)" },
	};

	(void)state;
	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
		if (ask(cases[i].what, NULL) != 0)
			fail_msg("%s is refused", cases[i].what);
		if (strcmp(x.kind, cases[i].kind) != 0 || x.at.port != cases[i].port ||
		    strcmp(seen(), cases[i].seen) != 0)
			fail_msg("%s: %s, port %u, %s", cases[i].what, x.kind, x.at.port, seen());
	}
}

static void
refuses_what_is_none(void **state)
{
	static const char *const bad[] = {
		"", " ", "foo", "foo bar", "1.2.3", "300.1.1.1", "http://", "http:///x", "http://u@/x",
		"http://upd.acme.example:0/", "http://upd.acme.example:65536/", "http://upd.acme.example:80x/",
		"/acme-defs/", "a b.acme.example", "upd.acme.example:x", "2001:db8::zz",
	};
	char longer[4096];

	(void)state;
	for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++)
		if (ask(bad[i], NULL) == 0)
			fail_msg("'%s' is taken for a %s", bad[i], x.kind);
	memset(longer, 'a', sizeof longer);
	memcpy(longer + sizeof longer - 9, ".example", 9);
	assert_int_equal(ask(longer, NULL), -1);
}

static void
options_join_the_question(void **state)
{
	char one[] = "X-Acme:7", two[] = "User-Agent: AcmeUpdater/2", *headers[] = { one, two };
	struct ask_with agent = { .agent = "AcmeUpdater/1" }, txt = { .txt = "1:2" };
	struct ask_with header = { .headers = { headers, 2 } };
	struct ask_with port = { .at = { 6, 13000 } };

	(void)state;
	ask("www.other.example", &agent);
	assert_string_equal(seen(), "http.host=www.other.example http.agent=AcmeUpdater/1");
	assert_int_equal(x.at.port, 80);
	ask("http://www.other.example/p", &agent);
	assert_string_equal(seen(), "http.method=GET http.host=www.other.example http.path=/p "
	    "http.agent=AcmeUpdater/1");
	ask("https://www.other.example/p", &agent);
	assert_string_equal(seen(), "tls.sni=www.other.example");
	assert_string_equal(x.notes[0],
	    "encrypted: a run sees the name, not the path, nor the user agent or a header");
	ask("dns.bcme.test", &txt);
	assert_string_equal(seen(), "dns.qname=dns.bcme.test dns.txt=1:2");
	assert_int_equal(x.at.port, 53);
	assert_string_equal(x.hits[0].hit.signal->id, "txt");
	ask(NULL, &txt);
	assert_string_equal(x.kind, "txt");
	ask(NULL, &header);
	assert_string_equal(seen(), "http.header=x-acme: 7 http.agent=AcmeUpdater/2");
	assert_string_equal(x.kind, "header");
	assert_int_equal(x.n_hits, 2);
	ask(NULL, &port);
	assert_string_equal(x.kind, "port");
	assert_string_equal(x.question, "port 13000");
	assert_int_equal(x.n_hits, 1);
	assert_int_equal(x.hits[0].fate, FATE_PORT);
	port.at.proto = 17;
	ask("192.0.2.7", &port);
	assert_int_equal(x.n_hits, 0);
}

/* --- what became of each ------------------------------------------------------------------------ */

/* "suffix:evidence brand:overshadowed<suffix"; in rank order. */
static const char *
fates(void)
{
	static char text[1024];
	size_t n = 0;

	text[0] = '\0';
	for (unsigned i = 0; i < x.n_hits && n < sizeof text; i++)
		n += (size_t)snprintf(text + n, sizeof text - n, "%s%s:%s%s%s", i > 0 ? " " : "",
		    x.hits[i].hit.signal->id, fate_name(x.hits[i].fate), x.hits[i].by != NULL ? "<" : "",
		    x.hits[i].by != NULL ? x.hits[i].by->id : "");
	return text;
}

static void
says_what_became_of_each(void **state)
{
	static const struct {
		const char *what, *agent, *fates;
		unsigned found;
	} cases[] = {
		{ "a.upd.acme.example", NULL,
		    "suffix:evidence off:off brand:overshadowed<suffix", 1 },
		{ "www.acme.example", NULL, "brand:evidence", 1 },
		{ "forum.acme.example", NULL, "forum:not-evidence brand:overshadowed<forum", 0 },
		{ "upd.acme.example", "AcmeBrowser/1", "suffix:suppressed<browser off:off "
		    "browser:not-evidence brand:overshadowed<suffix", 0 },
		/* one that is off, or gives way, is not who denies */
		{ "upd.forum.acme.example", "AcmeBrowser/0", "old-browser:off in-forum:suppressed<browser "
		    "forum:overshadowed<in-forum browser:not-evidence brand:overshadowed<in-forum", 0 },
		{ "http://upd.acme.example/defs", "AcmeBrowser/1", "host-path:evidence "
		    "suffix:suppressed<browser off:off browser:not-evidence brand:overshadowed<suffix", 1 },
		{ "doh.bcme.test", NULL, "doh:hides-names", 0 },
		{ "ech.bcme.test", NULL, "ech:hides-names", 0 },
		{ "192.0.2.7:13000", NULL, "lan:port-alone", 0 },
		{ "AcmeUpdater/1 (x)", NULL, "agent:evidence", 1 },
		{ "nothing.test", NULL, "", 0 },
	};

	(void)state;
	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
		struct ask_with with = { .agent = cases[i].agent };

		assert_int_equal(ask(cases[i].what, &with), 0);
		if (strcmp(fates(), cases[i].fates) != 0 || x.n_found != cases[i].found)
			fail_msg("%s: %s, %u found; expected %s", cases[i].what, fates(), x.n_found,
			    cases[i].fates);
	}
}

static void
concludes_as_a_run_does(void **state)
{
	static const struct ask_with agent = { .agent = "AcmeUpdater/1" };

	(void)state;
	ask("http://a.upd.acme.example/defs", NULL);
	assert_int_equal(x.n_found, 1);
	assert_string_equal(x.found[0].vendor->id, "acme");
	assert_string_equal(x.found[0].product->id, "desktop");
	assert_int_equal(x.found[0].purpose, PURPOSE_UPDATE);
	assert_true(x.found[0].present);
	ask("a.upd.acme.example", NULL);
	assert_false(x.found[0].present);
	assert_int_equal(x.found[0].confidence, 75);
	/* the network of the address supports what the path says */
	assert_int_equal(explain_ask(&question, "http://198.51.100.7/x", &agent, &x), 0);
	assert_true(x.has_address);
	x.geo.asn = 64500;
	explain_judge(catalog, matcher, &question, &x);
	assert_int_equal(x.found[0].confidence, 80);
	assert_int_equal(x.n_owners, 1);
	assert_string_equal(x.owners[0]->id, "acme");
	ask("198.51.101.7", NULL);
	assert_int_equal(x.n_owners, 0);
}

static void
says_what_asks_for_more(void **state)
{
	(void)state;
	ask("a.upd.acme.example", NULL);
	assert_int_equal(x.n_more, 1);
	assert_string_equal(x.more[0]->id, "host-path");
	ask("http://a.upd.acme.example/defs", NULL);
	assert_int_equal(x.n_more, 0);
	ask("dns.bcme.test", NULL);
	assert_int_equal(x.n_hits, 0);
	assert_int_equal(x.n_more, 1);
	assert_string_equal(x.more[0]->id, "txt");
	assert_int_equal(x.n_notes, 0);
}

static void
explains_look_alikes(void **state)
{
	static const struct {
		const char *name, *note;	/* NULL: none */
	} cases[] = {
		{ "notacme.example",
		    "notacme.example is not below acme.example: a dot would have to stand before it" },
		{ "x.notacme.example",
		    "x.notacme.example is not below acme.example: a dot would have to stand before it" },
		{ "acme.example.evil.test",
		    "acme.example.evil.test: ends in evil.test, so it is a name there, not one of acme.example" },
		/* the longest name is told of */
		{ "a.upd.acme.example.evil.test",
		    "a.upd.acme.example.evil.test: ends in evil.test, so it is a name there, not one of "
		    "upd.acme.example" },
		{ "acme.examples.test",
		    "acme.examples.test is not below acme.example: it holds that text inside of other labels" },
		{ "xacme.example.test",
		    "xacme.example.test is not below acme.example: it holds that text inside of other labels" },
		{ "x.db.bcme.test",
		    "x.db.bcme.test is below db.bcme.test, which acme asks for exactly: names below it are not meant" },
		{ "xn--cme-8la.example", "xn--cme-8la is punycode (RFC 3492): people are shown other letters; it is "
		    "compared as it stands" },
		{ "a..acme.example", "a name with an empty label, more than 255 bytes or anything but visible ASCII "
		    "meets nothing" },
		{ "\xd0\xb0" "cme.example",
		    "a byte that is not ASCII: on the wire an international name is punycode (xn--)" },
		{ "cme.example", NULL },
		{ "www.acme.example", NULL },
	};

	(void)state;
	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
		assert_int_equal(ask(cases[i].name, NULL), 0);
		if (cases[i].note == NULL ? x.n_notes > 0 : x.n_notes == 0 || strcmp(x.notes[0], cases[i].note) != 0)
			fail_msg("%s: %s", cases[i].name, x.n_notes > 0 ? x.notes[0] : "no note");
		if (cases[i].note != NULL)
			assert_int_equal(x.n_hits + x.n_more, 0);
	}
}

/* Notes end when there is no room for more. */
static void
notes_have_a_limit(void **state)
{
	(void)state;
	assert_int_equal(ask("xn--a.xn--b.xn--c.xn--d.xn--e.xn--f.xn--g.xn--h.xn--i.xn--j.test", NULL), 0);
	assert_int_equal(x.n_notes, EXPLAIN_NOTES_MAX);
}

static void
finds_vendors_near(void **state)
{
	static const struct {
		const char *word;
		bool near;
	} cases[] = {
		{ "ac", true }, { "acmee", true }, { "amce", true }, { "caem", true }, { "ACNE", true }, { "acme sec", true },
		{ "acme securty", true }, { "emca", false }, { "x", false }, { "", false }, { "kappa", false },
		{ "a-word-that-is-very-much-longer-than-any-name-there-is", false },
	};
	const struct vendor *near[NEAR_MAX];

	(void)state;
	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++)
		if ((explain_near(catalog, cases[i].word, near) == 1) != cases[i].near)
			fail_msg("%s is %snear", cases[i].word, cases[i].near ? "not " : "");
}

/* --- as JSON -------------------------------------------------------------------------------------- */

static json_t *
read_doc(char *text)
{
	json_error_t why;
	json_t *doc = text != NULL ? json_loads(text, JSON_REJECT_DUPLICATES, &why) : NULL;

	assert_non_null(text);
	assert_ptr_equal(strchr(text, '\n'), text + strlen(text) - 1);
	if (doc == NULL)
		fail_msg("%s: %s", why.text, text);
	free(text);
	return doc;
}

static const char *
text_at(const json_t *o, const char *key)
{
	const char *s = json_string_value(json_object_get(o, key));

	return s != NULL ? s : "(none)";
}

static void
catalogue_as_json(void **state)
{
	const struct vendor *const *v;
	size_t n = catalog_vendors(catalog, &v);
	json_t *doc = read_doc(catalog_doc(catalog, v, n)), *vendor, *signals, *s;

	(void)state;
	assert_string_equal(text_at(doc, "digest"), catalog_digest(catalog));
	assert_int_equal(json_array_size(json_object_get(doc, "vendors")), 1);
	vendor = json_array_get(json_object_get(doc, "vendors"), 0);
	assert_string_equal(text_at(vendor, "vendor"), "acme");
	assert_string_equal(text_at(vendor, "name"), "Acme Security");
	assert_string_equal(json_string_value(json_array_get(json_object_get(vendor, "networks"), 0)),
	    "198.51.100.0/24");
	assert_int_equal(json_integer_value(json_array_get(json_object_get(vendor, "asn"), 0)), 64500);
	signals = json_object_get(vendor, "signals");
	assert_int_equal(json_array_size(signals), v[0]->n_signals);
	s = json_array_get(signals, 0);
	assert_string_equal(text_at(s, "note"), "a \"quoted\" note");
	assert_string_equal(text_at(s, "means"), "product");
	assert_string_equal(text_at(s, "category"), "security");
	assert_string_equal(text_at(s, "file"), "acme.yaml");	/* and not its folder */
	assert_int_equal(json_integer_value(json_object_get(s, "line")), 8);
	assert_true(json_is_true(json_object_get(s, "enabled")));
	s = json_array_get(signals, 7);
	assert_true(json_is_false(json_object_get(s, "enabled")));
	assert_string_equal(text_at(s, "reason"), "doubtful");
	s = json_array_get(signals, 9);
	assert_string_equal(text_at(s, "http_path"), "^/acme-defs/");
	assert_string_equal(text_at(s, "body"), "hex:00ff");
	assert_string_equal(json_string_value(json_array_get(json_object_get(s, "version"), 0)), "defs-{}.bin");
	s = json_array_get(signals, 13);
	assert_int_equal(json_integer_value(json_object_get(s, "port")), 13000);
	assert_string_equal(text_at(s, "transport"), "tcp");
	json_decref(doc);
	doc = read_doc(catalog_doc(catalog, v, 0));
	assert_int_equal(json_array_size(json_object_get(doc, "vendors")), 0);
	json_decref(doc);
}

static void
explanation_as_json(void **state)
{
	json_t *doc, *hits, *found;

	(void)state;
	ask("a.upd.acme.example", NULL);
	x.categories = 1u << CATEGORY_OS;
	doc = read_doc(explanation_doc(&x));
	assert_string_equal(text_at(doc, "question"), "a.upd.acme.example");
	assert_string_equal(text_at(doc, "kind"), "host");
	hits = json_object_get(doc, "hits");
	assert_int_equal(json_array_size(hits), 3);
	assert_string_equal(text_at(json_array_get(hits, 0), "status"), "evidence");
	assert_string_equal(text_at(json_array_get(hits, 0), "observation"), "tls.sni");
	assert_string_equal(text_at(json_array_get(hits, 0), "value"), "a.upd.acme.example");
	assert_string_equal(text_at(json_object_get(json_array_get(hits, 2), "by"), "signal"), "suffix");
	found = json_array_get(json_object_get(doc, "conclusions"), 0);
	assert_string_equal(text_at(found, "presence"), "contact");
	assert_int_equal(json_integer_value(json_object_get(found, "confidence")), 75);
	assert_true(json_is_false(json_object_get(found, "reported")));
	assert_int_equal(json_array_size(json_object_get(doc, "asks_more")), 1);
	json_decref(doc);
	/* what a stranger wrote cannot break out of it */
	assert_int_equal(ask("a\x1b[31m\"\xff.example", NULL), 0);
	doc = read_doc(explanation_doc(&x));
	assert_string_equal(text_at(doc, "question"), "a\\x1B[31m\"\\xFF.example");
	json_decref(doc);
	ask("198.51.100.7", NULL);
	doc = read_doc(explanation_doc(&x));
	assert_string_equal(text_at(json_object_get(doc, "address"), "ip"), "198.51.100.7");
	assert_int_equal(json_array_size(json_object_get(json_object_get(doc, "address"), "network_of")), 1);
	json_decref(doc);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(understands_what_is_typed),
		cmocka_unit_test(refuses_what_is_none),
		cmocka_unit_test(options_join_the_question),
		cmocka_unit_test(says_what_became_of_each),
		cmocka_unit_test(concludes_as_a_run_does),
		cmocka_unit_test(says_what_asks_for_more),
		cmocka_unit_test(explains_look_alikes),
		cmocka_unit_test(notes_have_a_limit),
		cmocka_unit_test(finds_vendors_near),
		cmocka_unit_test(catalogue_as_json),
		cmocka_unit_test(explanation_as_json),
	};

	return cmocka_run_group_tests(tests, set_up, tear_down);
}
