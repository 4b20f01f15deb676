/* SPDX-License-Identifier: Apache-2.0 */
/* test_event - fields and identity of events, Community ID. */
#include "event_doc.h"

/* --- fields ----------------------------------------------------------------------- */

static void
test_contact(void **state)
{
	struct event e = sample_event(EVENT_CONTACT);

	(void)state;
	CHECK(made(&e, 8000),
	    { "@timestamp", "2026-11-22T05:14:15.412345Z" }, { "ecs.version", "9.4.0" },
	    { "event.kind", "event" }, { "event.category.0", "network" }, { "event.type.0", "connection" },
	    { "event.type.1", "info" }, { "event.action", "contact" },
	    { "event.dataset", "telltale.contact" }, { "event.start", "2026-11-22T05:14:15.411345Z" },
	    { "event.end", "-" }, { "event.duration", "-" }, { "observer.name", "span-1" },
	    { "observer.type", "sensor" }, { "observer.version", "0.1.0" }, { "source.ip", "10.0.0.2" },
	    { "source.port", "46384" }, { "source.bytes", "1733" }, { "source.geo", "-" },
	    { "destination.address", "203.0.113.10" }, { "destination.packets", "15" },
	    { "destination.domain", "upd.example.net" }, { "destination.geo.country_iso_code", "CA" },
	    { "destination.geo.continent_code", "NA" }, { "destination.as.number", "64500" },
	    { "destination.as.organization.name", "Example Hosting, Inc." }, { "network.type", "ipv4" },
	    { "network.transport", "tcp" }, { "network.iana_number", "6" }, { "network.protocol", "tls" },
	    { "network.direction", "outbound" }, { "network.bytes", "13853" }, { "network.vlan.id", "120" },
	    { "network.inner.vlan.id", "7" }, { "telltale.vendor.id", "acme" },
	    { "telltale.vendor.country_iso_code", "CZ" }, { "telltale.product.id", "acme-desktop" },
	    { "telltale.product.category", "security" }, { "telltale.product.engine", "coyote" },
	    { "telltale.purpose", "update" }, { "telltale.presence", "present" },
	    { "telltale.confidence", "98" }, { "telltale.others.0.vendor.id", "coyote" },
	    { "telltale.others.0.purpose", "telemetry" }, { "telltale.flow.first_frame", "3" },
	    { "telltale.flow.frame", "9" }, { "telltale.flow.one_sided", "-" }, { "telltale.elided", "-" },
	    { "related.ip.1", "203.0.113.10" }, { "related.hosts.1", "cdn.example.org" });
}

static void
test_evidence(void **state)
{
	struct event e = sample_event(EVENT_CONTACT);

	(void)state;
	CHECK(made(&e, 8000),
	    { "telltale.evidence.0.signal", "acme/definitions-index" },
	    { "telltale.evidence.0.observation", "http.path" },
	    { "telltale.evidence.0.value", "/bases/index.xml" },
	    { "telltale.evidence.0.strength", "proof" }, { "telltale.evidence.0.origin", "client" },
	    { "telltale.evidence.0.age_ms", "0" }, { "telltale.evidence.0.frame", "5" },
	    { "telltale.evidence.1.origin", "dns-cache" }, { "telltale.evidence.1.age_ms", "1500" },
	    { "telltale.evidence.2.value", "hex:0001FE41" }, { "telltale.evidence.2.origin", "server" },
	    { "telltale.evidence.3.signal", "network" }, { "telltale.evidence.3.value", "64500" },
	    { "telltale.evidence.3.strength", "-" }, { "telltale.evidence.3.origin", "database" },
	    { "telltale.evidence.4", "-" });
}

static void
test_tls(void **state)
{
	struct event e = sample_event(EVENT_CONTACT);

	(void)state;
	CHECK(made(&e, 8000),
	    { "tls.client.server_name", "upd.example.net" },
	    { "tls.client.ja3", "0149f47eabf9a20d0893e2a44e5a6323" }, { "tls.version", "1.2" },
	    { "tls.version_protocol", "tls" }, { "tls.cipher", "TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384" },
	    { "tls.next_protocol", "h2" }, { "tls.established", "true" }, { "tls.resumed", "-" },
	    { "tls.server.subject", "CN=upd.example.net,O=Acme\\, Inc." },
	    { "tls.server.not_before", "2026-11-22T05:14:15Z" },
	    { "tls.server.not_after", "2026-12-22T05:14:15Z" },
	    { "tls.server.x509.serial_number", "00AB12" },
	    { "tls.server.x509.alternative_names.1", "*.example.net" },
	    { "tls.server.x509.alternative_names.2", "-" },
	    { "telltale.tls.ja4", "t12d1909h2_d83cc789557e_7af1ed941c26" },
	    { "telltale.tls.alpn_offered.0", "h2" }, { "telltale.tls.alpn_offered.1", "http/1.1" },
	    { "telltale.tls.alpn_offered.2", "-" }, { "telltale.ndpi.protocol", "TLS" },
	    { "telltale.ndpi.risks.1", "Self-signed Cert" });
}

static void
test_http(void **state)
{
	struct event e = sample_event(EVENT_CONTACT);

	(void)state;
	e.facts = sample_http;
	e.n_facts = COUNT(sample_http);
	CHECK(made(&e, 8000),
	    { "http.version", "1.1" }, { "http.request.method", "GET" },
	    { "http.request.referrer", "http://ref.example/" }, { "http.request.body.bytes", "0" },
	    { "http.response.status_code", "302" }, { "http.response.mime_type", "text/xml" },
	    { "http.response.body.bytes", "999" }, { "url.scheme", "http" },
	    { "url.domain", "upd.example.net" }, { "url.port", "8080" }, { "url.path", "/bases/index.xml" },
	    { "url.query", "v=1&x=#7db901880005" }, { "user_agent.original", "AcmeUpdater/1.0" },
	    { "destination.domain", "upd.example.net" },
	    { "telltale.http.location", "http://cdn.example.org/x" }, { "telltale.http.proxy", "-" },
	    { "tls", "-" }, { "dns", "-" });
}

/* The host that a proxy is asked for is not the proxy's name, and a tunnel has no scheme. */
static void
test_proxy(void **state)
{
	static const struct observation facts[] = {
		TEXT_(HTTP_METHOD, C_, "CONNECT"), TEXT_(HTTP_PROXY, C_, ""),
		TEXT_(HTTP_HOST, C_, "upd.example.net"),
		TEXT_(NAME_DNS, S_, "proxy.example.com"),
	};
	struct event e = sample_event(EVENT_CONTACT);
	struct event_flow flow = *e.flow;
	const uint8_t ip[4] = { 203, 0, 113, 9 };
	struct addr target = addr_v4(ip);

	(void)state;
	flow.proxied = true;
	e.flow = &flow;
	e.destination_geo = NULL;
	e.facts = facts;
	e.n_facts = COUNT(facts);
	CHECK(made(&e, 8000),
	    { "destination.domain", "upd.example.net" }, { "destination.address", "upd.example.net" },
	    { "destination.ip", "-" }, { "destination.geo", "-" }, { "telltale.geo.status", "proxied" },
	    { "telltale.proxy.port", "443" }, { "url.scheme", "-" }, { "url.domain", "upd.example.net" },
	    { "telltale.http.proxy", "true" });
	/* Asked for an address, the proxy goes there. */
	e.target = &target;
	CHECK(made(&e, 8000), { "destination.ip", "203.0.113.9" });
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
	    { "event.action", "name-lookup" }, { "dns.type", "answer" },
	    { "dns.question.name", "upd.example.net" }, { "dns.question.type", "A" },
	    { "dns.response_code", "NOERROR" }, { "dns.resolved_ip.0", "203.0.113.10" },
	    { "dns.resolved_ip.1", "2001:db8::1" }, { "dns.answers.0.type", "CNAME" },
	    { "dns.answers.0.data", "cdn.example.org" }, { "dns.answers.1.type", "A" },
	    { "dns.answers.1.ttl", "300" }, { "dns.answers.2.type", "AAAA" },
	    { "dns.answers.3.data", "0.103.5:63:27468" }, { "destination.domain", "-" },
	    { "telltale.presence", "contact" }, { "telltale.product.id", "-" },
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
	CHECK(made(&e, 8000),
	    { "url.path", "/second" });
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
	    { "telltale.evidence", "-" }, { "telltale.flow.state", "closed" },
	    { "telltale.flow.one_sided", "true" }, { "telltale.flow.lost.server", "1460" },
	    { "telltale.flow.requests", "2" }, { "telltale.purpose", "-" });
}

static void
test_geo(void **state)
{
	struct event_flow f = sample_flow;
	struct geo_answer g = sample_place;
	struct event e = sample_event(EVENT_CONTACT);

	(void)state;
	CHECK(made(&e, 8000),
	    { "telltale.geo.status", "ok" }, { "telltale.geo.agreement", "conflict" },
	    { "telltale.geo.anycast", "true" }, { "telltale.geo.registered_country_iso_code", "US" },
	    { "telltale.geo.prefix", "203.0.113.0/24" },
	    { "telltale.geo.databases.0.type", "Sample-Country" },
	    { "telltale.geo.databases.0.build", "2026-06-01T20:32:58Z" },
	    { "telltale.geo.databases.1.value", "US" });
	e.destination_geo = &g;
	memcpy(g.country, "ca", 3);
	CHECK(made(&e, 8000),
	    { "destination.geo.country_iso_code", "-" });
	g.country[0] = '\0';
	CHECK(made(&e, 8000),
	    { "telltale.geo.status", "unknown" });
	e.destination_geo = &sample_nowhere;
	CHECK(made(&e, 8000),
	    { "telltale.geo.status", "no-database" }, { "telltale.geo.agreement", "-" });
	f.server = f.client;
	e.flow = &f;
	CHECK(made(&e, 8000),
	    { "telltale.geo.status", "private" }, { "network.direction", "internal" });
	e.destination_geo = NULL;
	CHECK(made(&e, 8000),
	    { "telltale.geo", "-" });
}

static void
test_stats(void **state)
{
	static const struct counter stats[] = {
		{ "frames", 1234 }, { "capture.snapped", 7 }, { "flows.active", 2 },
		{ "capture.dropped-Kernel", 1 }, { "a.b.c.d", 9 }, { "flows", 5 }, { "frames.inside", 6 },
	};
	struct event_stats s = {
		.ts_ns = SAMPLE_NS + 1, .first_ns = SAMPLE_NS, .frame = 1234, .stats = stats, .n_stats = COUNT(stats),
	};

	(void)state;
	CHECK(stats_line(8000, &s),
	    { "@timestamp", "2026-11-22T05:14:15.412345001Z" }, { "event.kind", "metric" },
	    { "event.type.0", "info" }, { "event.type.1", "-" }, { "event.dataset", "telltale.stats" },
	    { "event.action", "stats" }, { "event.start", "2026-11-22T05:14:15.412345Z" },
	    { "telltale.stats.frames", "1234" }, { "telltale.stats.capture.snapped", "7" },
	    { "telltale.stats.capture.dropped_kernel", "1" }, { "telltale.stats.a.b.c_d", "9" },
	    { "telltale.stats.flows.active", "2" }, { "source", "-" },
	    { "telltale.catalog.digest", "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855" });
	s = (struct event_stats){ 0 };
	CHECK(stats_line(8000, &s),
	    { "@timestamp", "1970-01-01T00:00:00.000000Z" }, { "event.start", "-" },
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
		struct event_flow f = {
			.client_port = rows[i].client_port, .server_port = rows[i].server_port,
			.proto = rows[i].proto,
		};
		char id[32];

		assert_true(addr_parse(rows[i].client, strlen(rows[i].client), &f.client));
		assert_true(addr_parse(rows[i].server, strlen(rows[i].server), &f.server));
		community_id(crypto, &f, id);
		assert_string_equal(id, rows[i].id);
	}
	crypto_free(&crypto);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_contact),
		cmocka_unit_test(test_evidence),
		cmocka_unit_test(test_tls),
		cmocka_unit_test(test_http),
		cmocka_unit_test(test_proxy),
		cmocka_unit_test(test_dns),
		cmocka_unit_test(test_last),
		cmocka_unit_test(test_flow),
		cmocka_unit_test(test_geo),
		cmocka_unit_test(test_stats),
		cmocka_unit_test(test_identity),
		cmocka_unit_test(test_determinism),
		cmocka_unit_test(test_community),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
