/* SPDX-License-Identifier: Apache-2.0 */
/* test_event - events: fields, hostile text, size, determinism, schema. */
#include "unit.h"

#include <jansson.h>
#include <time.h>
#include <unistd.h>

#include "event_sample.h"
#include "output/json.h"
#include "output/registry.h"

#define COUNT(a) (sizeof(a) / sizeof(a)[0])

static struct event_maker *
maker(size_t max_bytes)
{
	struct event_options o = {
		.observer_name = "span-1", .version = "0.1.0", .max_bytes = max_bytes,
		.catalog_digest = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
	};
	struct err err;
	struct event_maker *m = event_maker_new(&o, &err);

	assert_non_null(m);
	return m;
}

/* One line of at most max_bytes, as a document. */
static json_t *
parse(char *line, size_t len, size_t max_bytes)
{
	json_error_t e;
	json_t *root;

	assert_non_null(line);
	assert_true(len <= max_bytes);
	assert_ptr_equal(memchr(line, '\n', len), line + len - 1);
	root = json_loadb(line, len, JSON_REJECT_DUPLICATES, &e);
	if (root == NULL)
		fail_msg("%s at %d: %.*s", e.text, e.position, (int)len, line);
	free(line);
	return root;
}

static json_t *
made(const struct event *e, size_t max_bytes)
{
	struct event_maker *m = maker(max_bytes);
	size_t len = 0;
	char *line = event_line(m, e, &len);

	event_maker_free(&m);
	assert_null(m);
	return parse(line, len, max_bytes);
}

/* A number in path is the place in a list. */
static json_t *
at(json_t *v, const char *path)
{
	char copy[128], *save = NULL;

	snprintf(copy, sizeof copy, "%s", path);
	for (char *key = strtok_r(copy, ".", &save); key != NULL; key = strtok_r(NULL, ".", &save))
		v = json_is_array(v) ? json_array_get(v, (size_t)atoi(key)) : json_object_get(v, key);
	return v;
}

/* The value as text; "-" when there is none. */
static const char *
text(json_t *root, const char *path, char out[static 1100])
{
	json_t *v = at(root, path);

	if (json_is_string(v))
		return json_string_value(v);
	if (json_is_integer(v))
		snprintf(out, 1100, "%lld", (long long)json_integer_value(v));
	else
		snprintf(out, 1100, "%s", v == NULL ? "-" : json_is_true(v) ? "true" : json_is_false(v) ? "false" : "?");
	return out;
}

struct want {
	const char *path, *value;
};

static void
check(json_t *root, const struct want *w, size_t n)
{
	char out[1100];

	for (size_t i = 0; i < n; i++) {
		const char *have = text(root, w[i].path, out);

		if (strcmp(have, w[i].value) != 0)
			fail_msg("%s is %s, not %s", w[i].path, have, w[i].value);
	}
	json_decref(root);
}

#define CHECK(root, ...) check(root, (const struct want[]){ __VA_ARGS__ }, COUNT(((const struct want[]){ __VA_ARGS__ })))

/* --- fields ----------------------------------------------------------------------- */

static void
test_contact(void **state)
{
	struct event e = sample_event(EVENT_CONTACT);

	(void)state;
	CHECK(made(&e, 8000),
	    { "@timestamp", "2026-11-22T05:14:15.412345Z" }, { "ecs.version", "9.4.0" }, { "event.kind", "event" },
	    { "event.category.0", "network" }, { "event.type.0", "connection" }, { "event.type.1", "info" },
	    { "event.action", "contact" }, { "event.dataset", "telltale.contact" },
	    { "event.start", "2026-11-22T05:14:15.411345Z" }, { "event.end", "-" }, { "event.duration", "-" },
	    { "observer.name", "span-1" }, { "observer.type", "sensor" }, { "observer.version", "0.1.0" },
	    { "source.ip", "10.0.0.2" }, { "source.port", "46384" }, { "source.bytes", "1733" }, { "source.geo", "-" },
	    { "destination.address", "203.0.113.10" }, { "destination.packets", "15" },
	    { "destination.domain", "upd.example.net" }, { "destination.geo.country_iso_code", "CA" },
	    { "destination.geo.continent_code", "NA" }, { "destination.as.number", "64500" },
	    { "destination.as.organization.name", "Example Hosting, Inc." },
	    { "network.type", "ipv4" }, { "network.transport", "tcp" }, { "network.iana_number", "6" },
	    { "network.protocol", "tls" }, { "network.direction", "outbound" }, { "network.bytes", "13853" },
	    { "network.vlan.id", "120" }, { "network.inner.vlan.id", "7" },
	    { "telltale.vendor.id", "acme" }, { "telltale.vendor.country_iso_code", "CZ" },
	    { "telltale.product.id", "acme-desktop" }, { "telltale.product.category", "security" },
	    { "telltale.product.engine", "coyote" }, { "telltale.purpose", "update" },
	    { "telltale.presence", "present" }, { "telltale.confidence", "98" },
	    { "telltale.others.0.vendor.id", "coyote" }, { "telltale.others.0.purpose", "telemetry" },
	    { "telltale.flow.first_frame", "3" }, { "telltale.flow.frame", "9" }, { "telltale.flow.one_sided", "-" },
	    { "telltale.elided", "-" }, { "related.ip.1", "203.0.113.10" }, { "related.hosts.1", "cdn.example.org" });
}

static void
test_evidence(void **state)
{
	struct event e = sample_event(EVENT_CONTACT);

	(void)state;
	CHECK(made(&e, 8000),
	    { "telltale.evidence.0.signal", "acme/definitions-index" }, { "telltale.evidence.0.observation", "http.path" },
	    { "telltale.evidence.0.value", "/bases/index.xml" }, { "telltale.evidence.0.strength", "proof" },
	    { "telltale.evidence.0.origin", "client" }, { "telltale.evidence.0.age_ms", "0" },
	    { "telltale.evidence.0.frame", "5" }, { "telltale.evidence.1.origin", "dns-cache" },
	    { "telltale.evidence.1.age_ms", "1500" }, { "telltale.evidence.2.value", "hex:0001FE41" },
	    { "telltale.evidence.2.origin", "server" }, { "telltale.evidence.3.signal", "network" },
	    { "telltale.evidence.3.value", "64500" }, { "telltale.evidence.3.strength", "-" },
	    { "telltale.evidence.3.origin", "database" }, { "telltale.evidence.4", "-" });
}

static void
test_tls(void **state)
{
	struct event e = sample_event(EVENT_CONTACT);

	(void)state;
	CHECK(made(&e, 8000),
	    { "tls.client.server_name", "upd.example.net" }, { "tls.client.ja3", "0149f47eabf9a20d0893e2a44e5a6323" },
	    { "tls.version", "1.2" }, { "tls.version_protocol", "tls" },
	    { "tls.cipher", "TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384" }, { "tls.next_protocol", "h2" },
	    { "tls.established", "true" }, { "tls.resumed", "-" },
	    { "tls.server.subject", "CN=upd.example.net,O=Acme\\, Inc." }, { "tls.server.not_before", "2026-11-22T05:14:15Z" },
	    { "tls.server.not_after", "2026-12-22T05:14:15Z" }, { "tls.server.x509.serial_number", "00AB12" },
	    { "tls.server.x509.alternative_names.1", "*.example.net" }, { "tls.server.x509.alternative_names.2", "-" },
	    { "telltale.tls.ja4", "t12d1909h2_d83cc789557e_7af1ed941c26" }, { "telltale.tls.alpn_offered.0", "h2" },
	    { "telltale.tls.alpn_offered.1", "http/1.1" }, { "telltale.tls.alpn_offered.2", "-" },
	    { "telltale.ndpi.protocol", "TLS" }, { "telltale.ndpi.risks.1", "Self-signed Cert" });
}

static void
test_http(void **state)
{
	struct event e = sample_event(EVENT_CONTACT);

	(void)state;
	e.facts = sample_http;
	e.n_facts = COUNT(sample_http);
	CHECK(made(&e, 8000),
	    { "http.version", "1.1" }, { "http.request.method", "GET" }, { "http.request.referrer", "http://ref.example/" },
	    { "http.request.body.bytes", "0" }, { "http.response.status_code", "302" },
	    { "http.response.mime_type", "text/xml" }, { "http.response.body.bytes", "999" }, { "url.scheme", "http" },
	    { "url.domain", "upd.example.net" }, { "url.port", "8080" }, { "url.path", "/bases/index.xml" },
	    { "url.query", "v=1&x=%20" }, { "user_agent.original", "AcmeUpdater/1.0" },
	    { "destination.domain", "upd.example.net" }, { "telltale.http.location", "http://cdn.example.org/x" },
	    { "telltale.http.proxy", "-" }, { "tls", "-" }, { "dns", "-" });
}

/* The host that a proxy is asked for is not the proxy's name, and a tunnel has no scheme. */
static void
test_proxy(void **state)
{
	static const struct observation facts[] = {
		TEXT_(HTTP_METHOD, C_, "CONNECT"), TEXT_(HTTP_PROXY, C_, ""), TEXT_(HTTP_HOST, C_, "upd.example.net"),
		TEXT_(NAME_DNS, S_, "proxy.example.com"),
	};
	struct event e = sample_event(EVENT_CONTACT);

	(void)state;
	e.facts = facts;
	e.n_facts = COUNT(facts);
	CHECK(made(&e, 8000), { "destination.domain", "proxy.example.com" }, { "url.scheme", "-" },
	    { "url.domain", "upd.example.net" }, { "telltale.http.proxy", "true" });
}

static void
test_dns(void **state)
{
	struct attribution looked_up = sample_found;
	struct event e = sample_event(EVENT_CONTACT);

	(void)state;
	looked_up.lookup_only = true;
	looked_up.present = false;
	looked_up.product = NULL;
	looked_up.engine = NULL;
	e.attribution = &looked_up;
	e.facts = sample_dns;
	e.n_facts = COUNT(sample_dns);
	CHECK(made(&e, 8000),
	    { "event.action", "name-lookup" }, { "dns.type", "answer" }, { "dns.question.name", "upd.example.net" },
	    { "dns.question.type", "A" }, { "dns.response_code", "NOERROR" }, { "dns.resolved_ip.0", "203.0.113.10" },
	    { "dns.resolved_ip.1", "2001:db8::1" }, { "dns.answers.0.type", "CNAME" },
	    { "dns.answers.0.data", "cdn.example.org" }, { "dns.answers.1.type", "A" }, { "dns.answers.1.ttl", "300" },
	    { "dns.answers.2.type", "AAAA" }, { "dns.answers.3.data", "0.103.5:63:27468" },
	    { "destination.domain", "-" }, { "telltale.presence", "contact" }, { "telltale.product.id", "-" },
	    { "telltale.product.category", "security" }, { "related.ip.2", "2001:db8::1" });
}

/* Of two facts of a kind the last counts. */
static void
test_last(void **state)
{
	static const struct observation facts[] = {
		TEXT_(HTTP_METHOD, C_, "GET"), TEXT_(HTTP_PATH, C_, "/first"), TEXT_(HTTP_PATH, C_, "/second"),
	};
	struct event e = sample_event(EVENT_CONTACT);

	(void)state;
	e.facts = facts;
	e.n_facts = COUNT(facts);
	CHECK(made(&e, 8000), { "url.path", "/second" });
}

static void
test_flow(void **state)
{
	struct event_flow f = sample_flow;
	struct event e = sample_event(EVENT_FLOW);

	(void)state;
	f.client = addr_v6(sample_aaaa);
	f.server = addr_v6(sample_aaaa);
	f.proto = 17;
	f.vlan[1] = 0;
	f.one_sided = true;
	e.flow = &f;
	e.attribution = NULL;
	e.n_evidence = e.n_others = e.n_facts = 0;
	CHECK(made(&e, 8000),
	    { "event.dataset", "telltale.flow" }, { "event.action", "flow-end" }, { "event.type.1", "end" },
	    { "event.end", "2026-11-22T05:14:15.415945Z" }, { "event.duration", "4600000" },
	    { "network.type", "ipv6" }, { "network.transport", "udp" }, { "network.direction", "-" },
	    { "network.inner", "-" }, { "source.address", "2001:db8::1" }, { "telltale.vendor", "-" },
	    { "telltale.evidence", "-" }, { "telltale.flow.state", "closed" }, { "telltale.flow.one_sided", "true" },
	    { "telltale.flow.lost.server", "1460" }, { "telltale.flow.requests", "2" }, { "telltale.purpose", "-" });
}

static void
test_geo(void **state)
{
	struct event_flow f = sample_flow;
	struct geo_answer g = sample_place;
	struct event e = sample_event(EVENT_CONTACT);

	(void)state;
	CHECK(made(&e, 8000), { "telltale.geo.status", "ok" }, { "telltale.geo.agreement", "conflict" },
	    { "telltale.geo.anycast", "true" }, { "telltale.geo.registered_country_iso_code", "US" },
	    { "telltale.geo.prefix", "203.0.113.0/24" }, { "telltale.geo.databases.0.type", "Sample-Country" },
	    { "telltale.geo.databases.0.build", "2026-06-01T20:32:58Z" }, { "telltale.geo.databases.1.value", "US" });
	e.destination_geo = &g;
	memcpy(g.country, "ca", 3);
	CHECK(made(&e, 8000), { "destination.geo.country_iso_code", "-" });
	g.country[0] = '\0';
	CHECK(made(&e, 8000), { "telltale.geo.status", "unknown" });
	e.destination_geo = &sample_nowhere;
	CHECK(made(&e, 8000), { "telltale.geo.status", "no-database" }, { "telltale.geo.agreement", "-" });
	f.server = f.client;
	e.flow = &f;
	CHECK(made(&e, 8000), { "telltale.geo.status", "private" }, { "network.direction", "internal" });
	e.destination_geo = NULL;
	CHECK(made(&e, 8000), { "telltale.geo", "-" });
}

static json_t *
stats_line(size_t max_bytes, const struct event_stats *s)
{
	struct event_maker *m = maker(max_bytes);
	size_t len = 0;
	char *line = event_stats_line(m, s, &len);

	event_maker_free(&m);
	return parse(line, len, max_bytes);
}

static void
test_stats(void **state)
{
	static const struct stat stats[] = {
		{ "frames", 1234 }, { "capture.snapped", 7 }, { "flows.active", 2 }, { "capture.dropped-Kernel", 1 },
		{ "a.b.c.d", 9 }, { "flows", 5 }, { "frames.inside", 6 },
	};
	struct event_stats s = { .ts_ns = SAMPLE_NS + 1, .first_ns = SAMPLE_NS, .frame = 1234, .stats = stats, .n_stats = COUNT(stats) };

	(void)state;
	CHECK(stats_line(8000, &s),
	    { "@timestamp", "2026-11-22T05:14:15.412345001Z" }, { "event.kind", "metric" }, { "event.type.0", "info" },
	    { "event.type.1", "-" }, { "event.dataset", "telltale.stats" }, { "event.action", "stats" },
	    { "event.start", "2026-11-22T05:14:15.412345Z" }, { "telltale.stats.frames", "1234" },
	    { "telltale.stats.capture.snapped", "7" }, { "telltale.stats.capture.dropped_kernel", "1" },
	    { "telltale.stats.a.b.c_d", "9" }, { "telltale.stats.flows.active", "2" }, { "source", "-" },
	    { "telltale.catalog.digest", "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855" });
	s = (struct event_stats){ 0 };
	CHECK(stats_line(8000, &s), { "@timestamp", "1970-01-01T00:00:00.000000Z" }, { "event.start", "-" },
	    { "telltale.stats.frames", "0" });
}

/* --- identity --------------------------------------------------------------------- */

static void
test_identity(void **state)
{
	struct event e = sample_event(EVENT_CONTACT), turned;
	struct event_flow f = sample_flow;
	json_t *a = made(&e, 8000), *b, *c;

	(void)state;
	turned = e;
	turned.flow = &f;
	f.client = sample_flow.server;
	f.server = sample_flow.client;
	f.client_port = sample_flow.server_port;
	f.server_port = sample_flow.client_port;
	turned.frame++;
	b = made(&turned, 8000);
	assert_int_equal(json_string_length(at(a, "event.id")), 32);
	assert_true(json_equal(at(a, "telltale.flow.id"), at(b, "telltale.flow.id")));
	assert_false(json_equal(at(a, "event.id"), at(b, "event.id")));
	f.first_frame++;
	c = made(&turned, 8000);
	assert_false(json_equal(at(a, "telltale.flow.id"), at(c, "telltale.flow.id")));
	json_decref(a);
	json_decref(b);
	json_decref(c);
}

static void
test_determinism(void **state)
{
	struct event e = sample_event(EVENT_FLOW);
	struct event_maker *m = maker(8000), *n = maker(8000);
	size_t len[3];
	char *line[3];

	(void)state;
	line[0] = event_line(m, &e, &len[0]);
	line[1] = event_line(m, &e, &len[1]);
	line[2] = event_line(n, &e, &len[2]);
	for (unsigned i = 0; i < 3; i++) {
		assert_int_equal(len[i], len[0]);
		assert_memory_equal(line[i], line[0], len[0]);
	}
	for (unsigned i = 0; i < 3; i++)
		free(line[i]);
	event_maker_free(&m);
	event_maker_free(&n);
}

/* The specification's own vectors, and one for IPv6 by an independent implementation. */
static void
test_community(void **state)
{
	static const struct {
		const char *client, *server;
		uint16_t client_port, server_port;
		uint8_t proto;
		const char *id;
	} rows[] = {
		{ "128.232.110.120", "66.35.250.204", 34855, 80, 6, "1:LQU9qZlK+B5F3KDmev6m5PMibrg=" },
		{ "66.35.250.204", "128.232.110.120", 80, 34855, 6, "1:LQU9qZlK+B5F3KDmev6m5PMibrg=" },
		{ "192.168.1.52", "8.8.8.8", 54585, 53, 17, "1:d/FP5EW3wiY1vCndhwleRRKHowQ=" },
		{ "8.8.8.8", "192.168.1.52", 53, 54585, 17, "1:d/FP5EW3wiY1vCndhwleRRKHowQ=" },
		{ "2001:db8::2", "2001:db8::1", 40000, 443, 6, "1:jn1M/64iWT+nYqxpE1jYHo+15rE=" },
		{ "10.0.0.1", "10.0.0.1", 7, 9, 17, "1:xASWHUhMb118sbXbjDPqZo32CD8=" },
	};
	struct err err;
	struct crypto *crypto = crypto_new(&err);

	(void)state;
	assert_non_null(crypto);
	for (size_t i = 0; i < COUNT(rows); i++) {
		struct event_flow f = { .client_port = rows[i].client_port, .server_port = rows[i].server_port, .proto = rows[i].proto };
		char id[32];

		assert_true(addr_parse(rows[i].client, strlen(rows[i].client), &f.client));
		assert_true(addr_parse(rows[i].server, strlen(rows[i].server), &f.server));
		community_id(crypto, &f, id);
		assert_string_equal(id, rows[i].id);
	}
	crypto_free(&crypto);
}

/* --- text and time ---------------------------------------------------------------- */

static void
test_escape(void **state)
{
	static const struct {
		const char *in;
		size_t len, max;
		const char *out;
	} rows[] = {
		{ "plain", 5, 1024, "plain" },
		{ "", 0, 1024, "" },
		{ "\xc3\xa9\xe2\x82\xac\xf0\x9f\x98\x80", 9, 1024, "\xc3\xa9\xe2\x82\xac\xf0\x9f\x98\x80" },	/* U+E9 U+20AC U+1F600 */
		{ "a\0b\n\x7f", 5, 1024, "a\\x00b\\x0A\\x7F" },
		{ "\xc2\x85", 2, 1024, "\\xC2\\x85" },		/* U+85, a C1 control */
		{ "\xc2\xa0", 2, 1024, "\xc2\xa0" },		/* U+A0 is none */
		{ "\xe2\x80\xae" "txt", 6, 1024, "\\xE2\\x80\\xAEtxt" },	/* U+202E turns the writing */
		{ "\xe2\x80\xa8", 3, 1024, "\\xE2\\x80\\xA8" },	/* U+2028 ends a line */
		{ "\xc0\xaf", 2, 1024, "\\xC0\\xAF" },		/* overlong / */
		{ "\xe0\x9f\xbf", 3, 1024, "\\xE0\\x9F\\xBF" },	/* overlong U+7FF */
		{ "\xf0\x8f\xbf\xbf", 4, 1024, "\\xF0\\x8F\\xBF\\xBF" },	/* overlong U+FFFF */
		{ "\xed\xa0\x80", 3, 1024, "\\xED\\xA0\\x80" },	/* surrogate */
		{ "\xf4\x90\x80\x80", 4, 1024, "\\xF4\\x90\\x80\\x80" },	/* past U+10FFFF */
		{ "\xf5", 1, 1024, "\\xF5" },
		{ "\xe2\x82", 2, 1024, "\\xE2\\x82" },		/* cut */
		{ "\xe2\x28\xa1", 3, 1024, "\\xE2(\\xA1" },	/* broken in the middle */
		{ "C:\\x\\xZZ", 8, 1024, "C:\\x\\xZZ" },
		{ "\\x41", 4, 1024, "\\x5Cx41" },		/* not to be taken for an escape */
		{ "abcdefgh", 8, 8, "abcdefgh" },
		{ "abcdefghi", 9, 8, "abcde\xe2\x80\xa6" },
		{ "\"\"\"\"", 4, 8, "\"\"\"\"" },		/* each takes two bytes of JSON */
		{ "\"\"\"\"\"", 5, 8, "\"\"\xe2\x80\xa6" },
		{ "abcd\xf0\x9f\x98\x80g", 9, 8, "abcd\xe2\x80\xa6" },	/* not inside of a character */
		{ "\0\0", 2, 8, "\\x00\xe2\x80\xa6" },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		char out[JS_TEXT_MAX];
		size_t n = js_escape((struct span){ (const uint8_t *)rows[i].in, rows[i].len }, rows[i].max, out);

		if (n != strlen(rows[i].out) || memcmp(out, rows[i].out, n) != 0)
			fail_msg("row %zu: %.*s, not %s", i, (int)n, out, rows[i].out);
	}
}

static void
test_time(void **state)
{
	static const struct {
		uint64_t ns;
		const char *out;
	} rows[] = {
		{ 0, "1970-01-01T00:00:00.000000Z" },
		{ 1, "1970-01-01T00:00:00.000000001Z" },
		{ 951782400000000000, "2000-02-29T00:00:00.000000Z" },
		{ 4107542399999999000, "2100-02-28T23:59:59.999999Z" },
		{ UINT64_MAX, "2554-07-21T23:34:33.709551615Z" },
	};
	char out[JS_TIME_MAX], expected[80];
	uint64_t seed = 7;

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++)
		assert_string_equal(js_time_text(rows[i].ns, out), rows[i].out);
	/* Against the C library, over the years 0 to 9999. */
	for (unsigned i = 0; i < 20000; i++) {
		time_t t = (time_t)(unit_random(&seed) % 315569519999) - 62167219200;
		struct tm tm;

		gmtime_r(&t, &tm);
		snprintf(expected, sizeof expected, "%04d-%02d-%02dT%02d:%02d:%02dZ", tm.tm_year + 1900, tm.tm_mon + 1,
		    tm.tm_mday, tm.tm_hour, tm.tm_min, tm.tm_sec);
		assert_string_equal(js_seconds_text(t, out), expected);
	}
	assert_string_equal(js_seconds_text(253402300800, out), "");
	assert_string_equal(js_seconds_text(INT64_MIN, out), "");
}

static void
test_registry(void **state)
{
	char out[REGISTRY_MAX];

	(void)state;
	assert_string_equal(registry_dns_type(28, out), "AAAA");
	assert_string_equal(registry_dns_type(1, out), "A");
	assert_string_equal(registry_dns_type(257, out), "CAA");
	assert_string_equal(registry_dns_type(3, out), "TYPE3");
	assert_string_equal(registry_dns_rcode(3, out), "NXDOMAIN");
	assert_string_equal(registry_dns_rcode(15, out), "RCODE15");
	assert_string_equal(registry_tls_suite(0x1301, out), "TLS_AES_128_GCM_SHA256");
	assert_string_equal(registry_tls_suite(0xc0ff, out), "0xC0FF");
	assert_string_equal(registry_tls_version(0x300, out).protocol, "ssl");
	assert_string_equal(registry_tls_version(0xfefd, out).protocol, "dtls");
	assert_string_equal(registry_tls_version(0x7f1c, out).number, "0x7F1C");
}

/* --- size ------------------------------------------------------------------------- */

/* All that a stranger chooses, as long and as costly as can be. */
struct giant {
	uint8_t bytes[4096];
	struct observation facts[64];
	struct evidence evidence[16];
	struct attribution others[16];
	struct event_flow flow;
	struct geo_answer place;
};

static struct giant *
giant(uint8_t fill, struct event *e)
{
	struct giant *g = calloc(1, sizeof *g);
	struct span all = { g->bytes, sizeof g->bytes };

	memset(g->bytes, fill, sizeof g->bytes);
	for (unsigned i = 0; i < 64; i++)
		g->facts[i] = (struct observation){ (enum obs_kind)(i % OBS_KINDS_N), FROM_SERVER, UINT64_MAX, all, UINT32_MAX };
	for (unsigned i = 0; i < 16; i++) {
		g->evidence[i] = (struct evidence){ &sample_host, OBS_HTTP_PATH, FROM_SERVER, all, UINT64_MAX, UINT32_MAX, UINT64_MAX };
		g->others[i] = sample_found;
	}
	g->flow = sample_flow;
	memset(g->flow.client.b, 0xfe, 16);
	memset(g->flow.server.b, 0xfe, 16);
	g->flow.first_ns = 1;
	g->flow.last_ns = UINT64_MAX;
	g->flow.first_frame = UINT64_MAX;
	g->flow.requests = UINT32_MAX;
	for (unsigned i = 0; i < 2; i++)
		g->flow.packets[i] = g->flow.bytes[i] = g->flow.lost[i] = UINT64_MAX / 2;
	g->flow.vlan[0] = g->flow.vlan[1] = 4095;
	g->flow.state = FLOW_INPUT_END;
	g->place = sample_place;
	memset(g->place.organization, fill, sizeof g->place.organization - 1);
	g->place.organization[sizeof g->place.organization - 1] = '\0';
	*e = (struct event){
		.kind = EVENT_FLOW, .ts_ns = UINT64_MAX, .frame = UINT64_MAX, .flow = &g->flow, .facts = g->facts,
		.n_facts = 64, .attribution = &sample_found, .others = g->others, .n_others = 16,
		.evidence = g->evidence, .n_evidence = 16, .source_geo = &g->place, .destination_geo = &g->place,
		.evidence_dropped = UINT32_MAX,
	};
	return g;
}

static void
test_giants(void **state)
{
	static const uint8_t fills[] = { 'a', '"', '\\', 0, 0xff, '.', ',' };
	static const size_t caps[] = { 2000, 2500, 4000, 8000, 64000 };

	(void)state;
	for (size_t i = 0; i < COUNT(fills); i++)
		for (size_t k = 0; k < COUNT(caps); k++) {
			struct event e;
			struct giant *g = giant(fills[i], &e);
			json_t *root = made(&e, caps[k]);

			assert_string_equal(json_string_value(at(root, "telltale.vendor.id")), "acme");
			assert_string_equal(json_string_value(at(root, "telltale.purpose")), "update");
			assert_non_null(at(root, "telltale.flow.id"));
			assert_int_equal(json_is_array(at(root, "telltale.elided")), caps[k] < 64000);
			json_decref(root);
			free(g);
		}
}

/* Every limit from the least on: it holds, and what is left out only grows. */
static void
test_limits(void **state)
{
	struct event e;
	struct giant *g = giant('a', &e);
	size_t evidence = 0;

	(void)state;
	for (size_t cap = 2000; cap < 48000; cap += 37) {
		json_t *root = made(&e, cap);
		size_t n = json_array_size(at(root, "telltale.evidence"));

		assert_true(n >= evidence);
		evidence = n;
		json_decref(root);
	}
	assert_int_equal(evidence, 16);
	free(g);
}

static void
test_order(void **state)
{
	char query[3001];
	struct observation facts[COUNT(sample_http)];
	struct event e = sample_event(EVENT_CONTACT);

	(void)state;
	memset(query, 'q', 3000);
	memcpy(facts, sample_http, sizeof facts);
	facts[5].value = (struct span){ (const uint8_t *)query, 3000 };
	e.facts = facts;
	e.n_facts = COUNT(facts);
	/* The longest query is cut to what a value may take, and goes after related and others. */
	CHECK(made(&e, 3000), { "related", "-" }, { "telltale.others", "-" }, { "url.query", "-" },
	    { "user_agent.original", "AcmeUpdater/1.0" }, { "url.path", "/bases/index.xml" },
	    { "telltale.elided.0", "related" }, { "telltale.elided.1", "telltale.others" },
	    { "telltale.elided.2", "url.query" }, { "telltale.elided.3", "-" });
}

static void
test_stats_size(void **state)
{
	enum { N = 300 };
	static char paths[N][32];
	static struct stat stats[N];
	struct event_stats s = { .ts_ns = 1, .first_ns = 1, .stats = stats, .n_stats = N };
	json_t *root;

	(void)state;
	for (unsigned i = 0; i < N; i++) {
		snprintf(paths[i], sizeof paths[i], i == 0 ? "frames" : "group_%u.counter_%u", i / 30, i);
		stats[i] = (struct stat){ paths[i], UINT64_MAX };
	}
	root = stats_line(2000, &s);
	assert_int_equal(json_integer_value(at(root, "telltale.stats.frames")), INT64_MAX);
	assert_null(at(root, "telltale.stats.group_9"));
	assert_true(json_array_size(at(root, "telltale.elided")) > 0);
	json_decref(root);
}

static void
test_refused(void **state)
{
	struct event_options o = { .max_bytes = 1999 };
	struct err err = { "" };

	(void)state;
	assert_null(event_maker_new(&o, &err));
	assert_non_null(strstr(err.text, "2000"));
}

/* --- schema ----------------------------------------------------------------------- */

static void
write_line(FILE *f, char *line, size_t len)
{
	assert_non_null(line);
	assert_int_equal(fwrite(line, 1, len, f), len);
	free(line);
}

static void
write_samples(FILE *f)
{
	static const struct stat stats[] = { { "frames", 1 }, { "capture.snapped", 7 }, { "a.b.c", 7 } };
	struct event_stats s = { .ts_ns = 1, .first_ns = 1, .stats = stats, .n_stats = COUNT(stats) };
	struct event e[5] = { sample_event(EVENT_CONTACT), sample_event(EVENT_FLOW), sample_event(EVENT_CONTACT),
		sample_event(EVENT_FLOW), { 0 } };
	static const uint8_t fills[] = { 'a', '"', '\\', 0, 0xff, ',' };
	struct event_maker *m = maker(8000), *small = maker(2000);
	size_t len = 0;
	char *line;

	e[1].attribution = NULL;
	e[1].n_evidence = e[1].n_others = 0;
	e[2].facts = sample_http;
	e[2].n_facts = COUNT(sample_http);
	e[3].facts = sample_dns;
	e[3].n_facts = COUNT(sample_dns);
	e[3].destination_geo = &sample_nowhere;
	for (unsigned i = 0; i < 4; i++) {
		line = event_line(m, &e[i], &len);
		write_line(f, line, len);
	}
	for (unsigned i = 0; i < COUNT(fills); i++) {
		struct giant *g = giant(fills[i], &e[4]);

		line = event_line(m, &e[4], &len);
		write_line(f, line, len);
		line = event_line(small, &e[4], &len);
		write_line(f, line, len);
		free(g);
	}
	line = event_stats_line(m, &s, &len);
	write_line(f, line, len);
	event_maker_free(&m);
	event_maker_free(&small);
}

static void
test_schema(void **state)
{
	const char *folder = getenv("TMPDIR");
	char path[512], command[600];
	FILE *f;
	int fd, rc;

	(void)state;
	if (access("tests/validate.py", R_OK) != 0 || system("python3 -c 'import jsonschema' 2> /dev/null") != 0)
		skip();
	snprintf(path, sizeof path, "%s/telltale-events-XXXXXX", folder != NULL ? folder : "/tmp");
	fd = mkstemp(path);
	assert_true(fd >= 0);
	f = fdopen(fd, "w");
	assert_non_null(f);
	write_samples(f);
	assert_int_equal(fclose(f), 0);
	snprintf(command, sizeof command, "python3 tests/validate.py '%s'", path);
	rc = system(command);
	unlink(path);
	assert_int_equal(rc, 0);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_contact), cmocka_unit_test(test_evidence), cmocka_unit_test(test_tls),
		cmocka_unit_test(test_http), cmocka_unit_test(test_proxy), cmocka_unit_test(test_dns),
		cmocka_unit_test(test_last), cmocka_unit_test(test_flow), cmocka_unit_test(test_geo),
		cmocka_unit_test(test_stats), cmocka_unit_test(test_identity), cmocka_unit_test(test_determinism),
		cmocka_unit_test(test_community), cmocka_unit_test(test_escape), cmocka_unit_test(test_time),
		cmocka_unit_test(test_registry), cmocka_unit_test(test_giants), cmocka_unit_test(test_limits),
		cmocka_unit_test(test_order), cmocka_unit_test(test_stats_size), cmocka_unit_test(test_refused),
		cmocka_unit_test(test_schema),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
