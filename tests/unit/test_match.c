/* SPDX-License-Identifier: Apache-2.0 */
/* Which signals a batch meets: names and their look-alikes, conjunctions, specificity, order. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <unistd.h>

#include <cmocka.h>

#include "catalog/load.h"

#define SOURCE "    source: {title: a, checked: 2026-11-22}\n"
#define SIGNAL(id, strength, what)                                                                           \
	"  - id: " id "\n    purpose: update\n    strength: " strength "\n" what SOURCE

static const char acme[] =
    "vendor: acme\nname: Acme\nseat: SE\nsignals:\n"
    SIGNAL("brand", "weak", "    host: acme.example\n")
    SIGNAL("suffix", "strong", "    host: upd.acme.example\n")
    SIGNAL("exact", "strong", "    host_exact: a.upd.acme.example\n")
    SIGNAL("pattern", "strong", "    host_pattern: '^s(0[0-9]|1[0-9])\\.upd\\.acme\\.example$'\n")
    SIGNAL("same-pattern", "strong", "    host_pattern: 's13\\.upd\\.acme\\.example'\n")
    SIGNAL("any-pattern", "strong", "    host_pattern: 'upd-[a-z]+\\.(acme|bcme)\\.(test|example)'\n")
    SIGNAL("off", "proof", "    host_exact: b.upd.acme.example\n    enabled: false\n    reason: doubtful\n")
    SIGNAL("host-and-path", "proof", "    host: upd.acme.example\n    http_path: '^/defs/[0-9]+\\.bin$'\n")
    SIGNAL("path", "medium", "    http_path: '^/acme-defs/'\n")
    SIGNAL("query", "medium", "    http_query: '(^|&)acme-id=[0-9]+'\n")
    SIGNAL("agent", "strong", "    http_agent: '(?i)^acmeupdater/[0-9]'\n")
    SIGNAL("header", "medium", "    http_header: '^x-acme-version: '\n")
    SIGNAL("txt", "strong", "    dns_txt: '^[0-9]+\\.[0-9]+:[0-9]+:[0-9]+'\n    host: db.acme.example\n")
    SIGNAL("post", "strong", "    http_path: '^/submit$'\n    http_method: POST\n    host: acme.example\n")
    SIGNAL("port", "strong", "    host_exact: push.acme.example\n    port: 8443\n")
    SIGNAL("body", "proof", "    body: \"hex:41434d45\"\n")
    SIGNAL("body-too", "proof", "    body: \"AC\"\n    http_path: '^/two$'\n")
    SIGNAL("request-body", "strong", "    request_body: \"AcmeReq\"\n")
    SIGNAL("payload", "proof", "    payload_client: \"hex:00ff\"\n")
    SIGNAL("reply", "strong", "    payload_server: \"+ACME\"\n");

static struct catalog *catalog;
static struct matcher *matcher;
static struct observations batch;
static struct hits hits;

static int
set_up(void **state)
{
	struct err err;

	(void)state;
	if ((catalog = catalog_load_text("acme.yaml", acme, sizeof acme - 1, &err)) == NULL ||
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
	return matcher == NULL && catalog == NULL ? 0 : -1;
}

/* The ids of what was hit, in order: "exact host-and-path". */
static const char *
ids(void)
{
	static char text[1024];
	size_t n = 0;

	text[0] = '\0';
	for (unsigned i = 0; i < hits.n; i++)
		n += (size_t)snprintf(text + n, sizeof text - n, "%s%s", i > 0 ? " " : "",
		    hits.v[i].signal->id);
	return text;
}

static const char *
match_one(enum obs_kind kind, const void *value, size_t len)
{
	observations_reset(&batch);
	observe(&batch, kind, FROM_CLIENT, (struct span){ value, len });
	matcher_match(matcher, &batch, (struct service){ 0, 443 }, &hits);
	return ids();
}

static const char *
match_name(const char *name)
{
	return match_one(OBS_TLS_SNI, name, strlen(name));
}

#define LABEL63 "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"

static const struct {
	const char *name, *ids;
} names[] = {
	{ "upd.acme.example", "suffix" },
	{ "x.upd.acme.example", "suffix" },
	{ "a.upd.acme.example", "exact" },
	{ "x.a.upd.acme.example", "suffix" },	/* below an exact name */
	{ "s07.upd.acme.example", "pattern" },
	{ "s19.upd.acme.example", "pattern" },
	{ "s20.upd.acme.example", "suffix" },
	{ "xs07.upd.acme.example", "suffix" },
	{ "s07.upd.acme.example.x.acme.example", "brand" },
	{ "s13.upd.acme.example", "pattern" },	/* two patterns: the first one */
	{ "upd-eu.bcme.test", "any-pattern" },
	{ "upd-eu.acme.example", "any-pattern" },
	{ "upd-eu.bcme.test.evil.example", "" },	/* a host pattern is the whole name */
	{ "evil-upd-eu.bcme.test", "" },
	{ "acme.example", "brand" },
	{ "www.acme.example", "brand" },
	{ "b.upd.acme.example", "suffix" },	/* the signal that is off hides nothing */
	/* the same name in other clothes */
	{ "UPD.Acme.EXAMPLE", "suffix" },
	{ "upd.acme.example.", "suffix" },
	{ LABEL63 "." LABEL63 "." LABEL63 ".aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa.upd.acme.example",
	    "suffix" },
	/* look-alikes */
	{ "xupd.acme.example", "brand" },
	{ "xacme.example", "" },
	{ "upd.acme.example.evil.example", "" },
	{ "upd.acme.example..", "" },
	{ "upd..acme.example", "" },
	{ ".upd.acme.example", "" },
	{ "upd-acme.example", "" },
	{ "upd.acme.exampl", "" },
	{ "pd.acme.example", "brand" },
	{ "xn--upd-acme-9za.example", "" },
	{ "\xd1\x83pd.acme.example", "" },	/* Cyrillic u */
	{ "upd.acme.example ", "" },
	{ " upd.acme.example", "" },
	{ "upd.acme.example:443", "" },
	{ "*.upd.acme.example", "suffix" },	/* not a certificate: a label of its own */
	{ "example", "" },
	{ ".", "" },
	{ "", "" },
};

static void
matches_names(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
		const char *got = match_name(names[i].name);

		if (strcmp(got, names[i].ids) != 0)
			fail_msg("%s: \"%s\", expected \"%s\"", names[i].name, got, names[i].ids);
	}
}

static void
refuses_nul_and_length(void **state)
{
	static const char before[] = "evil.example\0.upd.acme.example";
	static const char after[] = "upd.acme.example\0.evil.example";
	static const char at_end[] = "upd.acme.example\0";
	char name[300];

	(void)state;
	assert_string_equal(match_one(OBS_TLS_SNI, before, sizeof before - 1), "");
	assert_string_equal(match_one(OBS_TLS_SNI, after, sizeof after - 1), "");
	assert_string_equal(match_one(OBS_TLS_SNI, at_end, sizeof at_end - 1), "");
	for (size_t len = 250; len <= 258; len++) {
		memset(name, 'a', len);
		memcpy(name + len - 17, ".upd.acme.example", 17);
		assert_string_equal(match_one(OBS_TLS_SNI, name, len), len <= 255 ? "suffix" : "");
	}
	for (size_t i = 0; i < sizeof name; i++)	/* the most labels there can be, and more */
		name[i] = i % 2 == 0 ? 'a' : '.';
	assert_string_equal(match_one(OBS_TLS_SNI, name, 255), "");
	assert_string_equal(match_one(OBS_TLS_SNI, name, sizeof name), "");
	assert_string_equal(match_one(OBS_TLS_SNI, NULL, 0), "");
}

static void
looks_at_these_observations(void **state)
{
	static const struct {
		enum obs_kind kind;
		const char *value, *ids;
	} cases[] = {
		{ OBS_DNS_QNAME, "upd.acme.example", "suffix" },
		{ OBS_HTTP_HOST, "upd.acme.example", "suffix" },
		{ OBS_NAME_DNS, "upd.acme.example", "suffix" },
		{ OBS_NAME_DNS_OTHER, "upd.acme.example", "suffix" },
		{ OBS_TLS_CERT_NAME, "upd.acme.example", "suffix" },
		{ OBS_TLS_CERT_NAME, "*.upd.acme.example", "suffix" },
		{ OBS_TLS_CERT_NAME, "*.a.upd.acme.example", "exact" },
		{ OBS_TLS_CERT_NAME, "*", "" },
		{ OBS_TLS_CERT_NAME, "*.", "" },
		{ OBS_DNS_CNAME, "upd.acme.example", "suffix" },
		{ OBS_NAME_CNAME, "a.upd.acme.example", "exact" },
		{ OBS_HTTP_REFERER, "upd.acme.example", "" },
		{ OBS_HTTP_LOCATION, "upd.acme.example", "" },
		{ OBS_HTTP_PATH, "/acme-defs/1", "path" },
		{ OBS_HTTP_PATH, "/x/acme-defs/1", "" },
		{ OBS_HTTP_PATH, "/defs/12.bin", "" },		/* asks for a host too */
		{ OBS_HTTP_QUERY, "v=1&acme-id=7", "query" },
		{ OBS_HTTP_QUERY, "v=1&xacme-id=7", "" },
		{ OBS_HTTP_AGENT, "AcmeUpdater/9.1 (x)", "agent" },
		{ OBS_HTTP_AGENT, "Mozilla AcmeUpdater/9", "" },
		{ OBS_HTTP_HEADER, "x-acme-version: 3", "header" },
		{ OBS_HTTP_HEADER, "x-acme-versions: 3", "" },
		{ OBS_HTTP_HEADER, "AcmeUpdater/9.1", "" },
		{ OBS_HTTP_BODY, "ACME\1\2", "body" },
		{ OBS_HTTP_BODY, "ACME", "body" },
		{ OBS_HTTP_BODY, "ACM", "" },
		{ OBS_HTTP_BODY, "xACME", "" },
		{ OBS_HTTP_BODY, "", "" },
		{ OBS_HTTP_REQUEST_BODY, "ACME", "" },
		{ OBS_HTTP_REQUEST_BODY, "AcmeReq 1", "request-body" },
		{ OBS_PAYLOAD_SERVER, "+ACME ready", "reply" },
		{ OBS_PAYLOAD_CLIENT, "+ACME ready", "" },
	};

	(void)state;
	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
		const char *got = match_one(cases[i].kind, cases[i].value, strlen(cases[i].value));

		if (strcmp(got, cases[i].ids) != 0)
			fail_msg("%s %s: \"%s\"", obs_kind_name(cases[i].kind), cases[i].value, got);
	}
	assert_string_equal(match_one(OBS_PAYLOAD_CLIENT, "\0\xff\1", 3), "payload");
	assert_string_equal(match_one(OBS_PAYLOAD_CLIENT, "\0", 1), "");
}

static void
observe_str(enum obs_kind kind, const char *value)
{
	observe(&batch, kind, FROM_CLIENT, span_str(value));
}

static void
needs_all_that_is_asked(void **state)
{
	static const struct {
		struct {
			enum obs_kind kind;
			const char *value;
		} seen[4];
		uint16_t port;
		const char *ids;
	} cases[] = {
		{ { { OBS_HTTP_HOST, "eu.upd.acme.example" }, { OBS_HTTP_PATH, "/defs/12.bin" } }, 80,
		    "host-and-path suffix" },
		{ { { OBS_HTTP_PATH, "/defs/12.bin" }, { OBS_HTTP_HOST, "eu.upd.acme.example" } }, 80,
		    "host-and-path suffix" },
		{ { { OBS_HTTP_PATH, "/defs/12.bin" }, { OBS_HTTP_HOST, "eu.other.example" } }, 80, "" },
		/* the more specific host-only signal does not hide the conjunction */
		{ { { OBS_HTTP_PATH, "/defs/12.bin" }, { OBS_HTTP_HOST, "a.upd.acme.example" } }, 80,
		    "host-and-path exact" },
		{ { { OBS_HTTP_METHOD, "POST" }, { OBS_HTTP_HOST, "www.acme.example" },
			{ OBS_HTTP_PATH, "/submit" } }, 80, "post brand" },
		{ { { OBS_HTTP_METHOD, "GET" }, { OBS_HTTP_HOST, "www.acme.example" },
			{ OBS_HTTP_PATH, "/submit" } }, 80, "brand" },
		{ { { OBS_HTTP_METHOD, "POSTS" }, { OBS_HTTP_HOST, "www.acme.example" },
			{ OBS_HTTP_PATH, "/submit" } }, 80, "brand" },
		{ { { OBS_HTTP_HOST, "www.acme.example" }, { OBS_HTTP_PATH, "/submit" } }, 80, "brand" },
		{ { { OBS_TLS_SNI, "push.acme.example" } }, 8443, "port brand" },
		{ { { OBS_TLS_SNI, "push.acme.example" } }, 443, "brand" },
		{ { { OBS_TLS_SNI, "x.push.acme.example" } }, 8443, "brand" },
		{ { { OBS_DNS_QNAME, "db.acme.example" }, { OBS_DNS_TXT, "0.103:62:27" } }, 53, "txt brand" },
		{ { { OBS_DNS_QNAME, "db.acme.example" }, { OBS_DNS_TXT, "v=spf1 -all" } }, 53, "brand" },
		{ { { OBS_HTTP_PATH, "/two" }, { OBS_HTTP_BODY, "AC" } }, 80, "body-too" },
		{ { { OBS_HTTP_PATH, "/two" }, { OBS_HTTP_BODY, "ACME" } }, 80, "body body-too" },
	};

	(void)state;
	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
		observations_reset(&batch);
		for (unsigned j = 0; j < 4 && cases[i].seen[j].value != NULL; j++)
			observe_str(cases[i].seen[j].kind, cases[i].seen[j].value);
		matcher_match(matcher, &batch, (struct service){ 0, cases[i].port }, &hits);
		if (strcmp(ids(), cases[i].ids) != 0)
			fail_msg("case %zu: \"%s\", expected \"%s\"", i, ids(), cases[i].ids);
	}
}

/* What one batch met is nothing to the next. */
static void
forgets_the_batch_before(void **state)
{
	(void)state;
	assert_string_equal(match_one(OBS_HTTP_PATH, "/defs/12.bin", 12), "");
	assert_string_equal(match_name("upd.acme.example"), "suffix");
	assert_string_equal(match_name("other.example"), "");
}

static void
reports_the_best_observation(void **state)
{
	(void)state;
	observations_reset(&batch);
	observe_str(OBS_NAME_DNS, "upd.acme.example");
	observe_str(OBS_HTTP_HOST, "upd.acme.example");
	observe(&batch, OBS_TLS_SNI, FROM_SERVER, span_str("upd.acme.example"));
	batch.v[2].age_ms = 7;
	matcher_match(matcher, &batch, (struct service){ 0, 443 }, &hits);
	assert_int_equal(hits.n, 1);
	assert_int_equal(hits.v[0].kind, OBS_TLS_SNI);
	assert_int_equal(hits.v[0].side, FROM_SERVER);
	assert_int_equal(hits.v[0].age_ms, 7);
	assert_ptr_equal(hits.v[0].value.p, batch.v[2].value.p);

	observations_reset(&batch);
	observe_str(OBS_HTTP_HOST, "upd.acme.example");
	observe_str(OBS_HTTP_PATH, "/defs/1.bin");
	matcher_match(matcher, &batch, (struct service){ 0, 80 }, &hits);
	assert_string_equal(ids(), "host-and-path suffix");
	assert_int_equal(hits.v[0].kind, OBS_HTTP_PATH);
	assert_int_equal(hits.v[1].kind, OBS_HTTP_HOST);
	assert_true(hits.v[0].specificity > hits.v[1].specificity);
}

/* Each name is judged by itself: the brand in the certificate, the exact host in the SNI. */
static void
narrows_name_by_name(void **state)
{
	(void)state;
	observations_reset(&batch);
	observe_str(OBS_TLS_SNI, "a.upd.acme.example");
	observe_str(OBS_TLS_CERT_NAME, "*.acme.example");
	observe_str(OBS_TLS_CERT_NAME, "upd.acme.example");
	matcher_match(matcher, &batch, (struct service){ 0, 443 }, &hits);
	assert_string_equal(ids(), "exact suffix brand");
}

static void
shows_everything_to_explain(void **state)
{
	(void)state;
	observations_reset(&batch);
	observe_str(OBS_TLS_SNI, "b.upd.acme.example");
	matcher_match_all(matcher, &batch, (struct service){ 0, 443 }, &hits);
	assert_string_equal(ids(), "off suffix brand");
	matcher_match(matcher, &batch, (struct service){ 0, 443 }, &hits);
	assert_string_equal(ids(), "suffix");
}

static void
answers_the_same_every_time(void **state)
{
	struct err err;
	struct matcher *other = matcher_new(catalog, &err);
	struct hits first;

	(void)state;
	assert_non_null(other);
	observations_reset(&batch);
	observe_str(OBS_HTTP_AGENT, "AcmeUpdater/1");
	observe_str(OBS_HTTP_PATH, "/defs/1.bin");
	observe_str(OBS_HTTP_HOST, "s01.upd.acme.example");
	observe_str(OBS_HTTP_BODY, "ACME");
	matcher_match(other, &batch, (struct service){ 0, 80 }, &first);
	for (unsigned i = 0; i < 100; i++) {
		match_name("a.upd.acme.example");
		observations_reset(&batch);
		observe_str(i % 2 ? OBS_HTTP_BODY : OBS_HTTP_AGENT, i % 2 ? "ACME" : "AcmeUpdater/1");
		observe_str(OBS_HTTP_HOST, "s01.upd.acme.example");
		observe_str(OBS_HTTP_PATH, "/defs/1.bin");
		observe_str(i % 2 ? OBS_HTTP_AGENT : OBS_HTTP_BODY, i % 2 ? "AcmeUpdater/1" : "ACME");
		matcher_match(matcher, &batch, (struct service){ 0, 80 }, &hits);
		assert_string_equal(ids(), "body host-and-path agent pattern");
		assert_int_equal(hits.n, first.n);
		for (unsigned j = 0; j < hits.n; j++)
			assert_ptr_equal(hits.v[j].signal, first.v[j].signal);
	}
	matcher_free(&other);
}

static void
keeps_the_most_telling(void **state)
{
	char text[16384], ports[64];
	struct catalog *many;
	struct matcher *m;
	struct err err;
	size_t n = (size_t)snprintf(text, sizeof text, "vendor: many\nname: Many\nseat: SE\nsignals:\n");

	(void)state;
	for (unsigned i = 0; i < 40; i++)
		n += (size_t)snprintf(text + n, sizeof text - n, "  - {id: s%u, purpose: web, "
		    "strength: %s, http_path: '^/(a|b%u)', source: {title: a, checked: 2026-11-22}}\n", i,
		    i % 10 == 9 ? "proof" : "weak", i);
	if ((many = catalog_load_text("many.yaml", text, n, &err)) == NULL)
		fail_msg("%s", err.text);
	assert_non_null(m = matcher_new(many, &err));
	observations_reset(&batch);
	observe_str(OBS_HTTP_PATH, "/a");
	matcher_match(m, &batch, (struct service){ 0, 80 }, &hits);
	assert_int_equal(hits.n, HITS_MAX);
	assert_int_equal(hits.dropped, 8);
	for (unsigned i = 0; i < HITS_MAX; i++) {
		/* 4 proofs (9, 19, 29, 39), then the weak ones from 0, skipping proofs */
		unsigned expected = i < 4 ? 10 * i + 9 : (i - 4) + (i - 4) / 9;

		snprintf(ports, sizeof ports, "s%u", expected);
		assert_string_equal(hits.v[i].signal->id, ports);
	}
	matcher_free(&m);
	catalog_free(&many);
}

static void
derives_suffixes(void **state)
{
	static const struct {
		const char *regex, *suffix;	/* NULL: none */
	} cases[] = {
		{ "^s(0[0-9]|1[0-9])\\.upd\\.acme\\.example$", "upd.acme.example" },
		{ "s[0-9]+\\.acme\\.example", "acme.example" },
		{ "^dnl-[0-9]{1,2}\\.geo\\.acme\\.example$", "geo.acme.example" },
		{ "^(?:a|b)\\.acme\\.example$", "acme.example" },
		{ "(?i)a.*\\.acme\\.example$", "acme.example" },
		{ "^[a-z]+upd\\.acme\\.example$", "acme.example" },	/* upd is half a label */
		{ "^[a-z]+\\.my-acme_1\\.example$", "my-acme_1.example" },
		{ "\\x41b\\.acme\\.example$", "acme.example" },
		{ "\\dupd\\.acme\\.example", "acme.example" },
		{ "a\\.acme\\.example|b\\.bcme\\.example", NULL },
		{ "(a\\.acme|b\\.bcme)\\.example", "example" },
		{ "a[|(]\\.acme\\.example", "acme.example" },
		{ "a\\|b\\.acme\\.example", "acme.example" },
		{ "a[b|]|\\.acme\\.example", NULL },
		{ "a.acme.example", NULL },
		{ "a\\.acme\\.example?", NULL },
		{ "a\\.acme\\.(example|test)", NULL },
		{ "a\\.acme\\.[a-z]+", NULL },
		{ "a\\.acme\\\\.example", NULL },
		{ "(?x)a\\.acme\\.example", NULL },
		{ "\\Qa[\\E|b\\.acme\\.example", NULL },
		{ "acme\\.\\.example", NULL },
		{ "example", NULL }, { "$", NULL }, { "", NULL }, { "\\.", NULL }, { "a\\.$", NULL },
		{ "\\$", NULL },
	};

	(void)state;
	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
		char suffix[256];
		bool got = pattern_suffix(cases[i].regex, suffix, sizeof suffix);

		if (got != (cases[i].suffix != NULL) || (got && strcmp(suffix, cases[i].suffix) != 0))
			fail_msg("%s: %s", cases[i].regex, got ? suffix : "none");
	}
}

/* One vendor's more specific name hides nothing of another's. */
static void
keeps_vendors_apart(void **state)
{
	static const char *const hosts[2] = { "upd.shared.example", "shared.example" };
	char directory[] = "/tmp/catalogXXXXXX", path[2][64];
	struct catalog *two;
	struct matcher *m;
	struct err err;

	(void)state;
	assert_non_null(mkdtemp(directory));
	for (unsigned i = 0; i < 2; i++) {
		FILE *f;

		snprintf(path[i], sizeof path[i], "%s/v%u.yaml", directory, i);
		assert_non_null(f = fopen(path[i], "w"));
		fprintf(f, "vendor: v%u\nname: V\nseat: SE\nsignals:\n  - id: s%u\n    purpose: web\n    "
		    "strength: weak\n"
		    "    host: %s\n" SOURCE, i, i, hosts[i]);
		fclose(f);
	}
	if ((two = catalog_load(directory, &err)) == NULL)
		fail_msg("%s", err.text);
	assert_non_null(m = matcher_new(two, &err));
	observations_reset(&batch);
	observe_str(OBS_TLS_SNI, "upd.shared.example");
	matcher_match(m, &batch, (struct service){ 0, 443 }, &hits);
	assert_string_equal(ids(), "s0 s1");
	matcher_free(&m);
	catalog_free(&two);
	unlink(path[0]);
	unlink(path[1]);
	rmdir(directory);
}

/* Every one of many names is found, at each depth, and no name between them. */
static void
finds_among_many_hosts(void **state)
{
	enum { N = 5000 };
	static char hosts[N][32];
	struct hosts *h = hosts_new(N);
	struct host_found found[HOSTS_FOUND_MAX];
	char name[64];

	(void)state;
	assert_non_null(h);
	for (unsigned i = 0; i < N; i++) {
		snprintf(hosts[i], sizeof hosts[i], "h%u.v%u.example", i, i % 97);
		hosts_add(h, hosts[i], HOST_SUFFIX, i);
	}
	for (unsigned i = 0; i < N; i++) {
		int len = snprintf(name, sizeof name, "x.y.%s", hosts[i]);

		assert_int_equal(hosts_find(h, name, (size_t)len, found), 1);
		assert_int_equal(found[0].len, strlen(hosts[i]));
		assert_int_equal(hosts_ref(h, found[0].ref)->signal, i);
		assert_null(hosts_ref(h, hosts_ref(h, found[0].ref)->next));
		len = snprintf(name, sizeof name, "x%s", hosts[i]);
		assert_int_equal(hosts_find(h, name, (size_t)len, found), 0);
	}
	hosts_free(&h);
	hosts_free(&h);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(matches_names),
		cmocka_unit_test(refuses_nul_and_length),
		cmocka_unit_test(looks_at_these_observations),
		cmocka_unit_test(needs_all_that_is_asked),
		cmocka_unit_test(forgets_the_batch_before),
		cmocka_unit_test(reports_the_best_observation),
		cmocka_unit_test(narrows_name_by_name),
		cmocka_unit_test(shows_everything_to_explain),
		cmocka_unit_test(answers_the_same_every_time),
		cmocka_unit_test(keeps_the_most_telling),
		cmocka_unit_test(keeps_vendors_apart),
		cmocka_unit_test(derives_suffixes),
		cmocka_unit_test(finds_among_many_hosts),
	};

	return cmocka_run_group_tests(tests, set_up, tear_down);
}
