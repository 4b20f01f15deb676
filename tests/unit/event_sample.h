/* SPDX-License-Identifier: Apache-2.0 */
/* event_sample - a vendor, a flow and its facts, for tests of events. */
#ifndef TESTS_EVENT_SAMPLE_H
#define TESTS_EVENT_SAMPLE_H

#include <string.h>

#include "output/event.h"

static const struct product sample_product = { "acme-desktop", "Acme Desktop", CATEGORY_SECURITY };
static const struct vendor sample_vendor = {
	.id = "acme", .name = "Acme Security", .seat = "CZ", .products = &sample_product, .n_products = 1,
};
static const struct vendor sample_engine = { .id = "coyote", .name = "Coyote Engines", .seat = "NO" };
static const struct signal sample_host = {
	.id = "definitions-host", .vendor = &sample_vendor, .product = &sample_product,
	.purpose = PURPOSE_UPDATE, .strength = STRENGTH_STRONG, .enabled = true, .host = "upd.example.net",
};
static const struct signal sample_path = {
	.id = "definitions-index", .vendor = &sample_vendor, .purpose = PURPOSE_UPDATE,
	.strength = STRENGTH_PROOF, .enabled = true, .http_path = "^/bases/",
};

/* 2026-11-22T05:14:15.412345Z */
#define SAMPLE_NS 1795324455412345000ull

static const struct geo_db sample_dbs[] = {
	{ GEO_COUNTRY, "/a", "Sample-Country", 1780345978 },
	{ GEO_COUNTRY, "/b", "Other-Country", 1781725900 },
};
static const struct geo_answer sample_place = {
	.looked_up = true, .country = "CA", .registered = "US", .continent = "NA", .asn = 64500,
	.organization = "Example Hosting, Inc.", .anycast = true, .agreement = GEO_CONFLICT,
	.prefix = "203.0.113.0/24", .n_opinions = 2,
	.opinions = { { &sample_dbs[0], "CA" }, { &sample_dbs[1], "US" } },
};
static const struct geo_answer sample_nowhere;

static const struct event_flow sample_flow = {
	.client = { { [10] = 0xff, 0xff, 10, 0, 0, 2 } }, .server = { { [10] = 0xff, 0xff, 203, 0, 113, 10 } },
	.client_port = 46384, .server_port = 443, .proto = 6, .vlan = { 120, 7 },
	.first_ns = SAMPLE_NS - 1000000, .last_ns = SAMPLE_NS + 3600000, .first_frame = 3,
	.packets = { 10, 15 }, .bytes = { 1733, 12120 }, .lost = { 0, 1460 }, .state = FLOW_CLOSED,
	.requests = 2, .protocol = "tls",
};

#define TEXT_(kind, side, text) { OBS_##kind, side, 0, { (const uint8_t *)(text), sizeof(text) - 1 }, 0 }
#define NUM_(kind, side, num) { OBS_##kind, side, num, { 0 }, 0 }
#define C_ FROM_CLIENT
#define S_ FROM_SERVER

static const struct observation sample_facts[] = {
	TEXT_(TLS_SNI, C_, "upd.example.net"), TEXT_(TLS_ALPN, C_, "h2,http/1.1"),
	TEXT_(TLS_JA3, C_, "0149f47eabf9a20d0893e2a44e5a6323"),
	TEXT_(TLS_JA4, C_, "t12d1909h2_d83cc789557e_7af1ed941c26"),
	NUM_(TLS_VERSION, S_, 0x0303), NUM_(TLS_CIPHER, S_, 0xc02c), TEXT_(TLS_ALPN_CHOSEN, S_, "h2"),
	TEXT_(TLS_JA3S, S_, "e35df3e00ca4ef31d42b34bebaa2f86e"),
	TEXT_(TLS_CERT_SUBJECT, S_, "CN=upd.example.net,O=Acme\\, Inc."),
	TEXT_(TLS_CERT_ISSUER, S_, "CN=Example CA"), TEXT_(TLS_CERT_SERIAL, S_, "00AB12"),
	TEXT_(TLS_CERT_SHA256, S_, "0F76C7F2C55BFD7D8E8B8F4BFBF0C9EC5F1E1A3B2C4D5E6F708192A3B4C5D6E7"),
	NUM_(TLS_CERT_NOT_BEFORE, S_, 1795324455), NUM_(TLS_CERT_NOT_AFTER, S_, 1797916455),
	TEXT_(TLS_CERT_NAME, S_, "upd.example.net"), TEXT_(TLS_CERT_NAME, S_, "*.example.net"),
	TEXT_(TLS_CERT_NAME, S_, "upd.example.net"), TEXT_(TLS_ESTABLISHED, S_, ""),
	TEXT_(NAME_DNS, S_, "cdn.example.org"),
	TEXT_(NDPI_PROTOCOL, S_, "TLS"), TEXT_(NDPI_CATEGORY, S_, "Web"), TEXT_(NDPI_RISK, S_, "Obsolete TLS"),
	TEXT_(NDPI_RISK, S_, "Self-signed Cert"),
};

static const struct observation sample_http[] = {
	TEXT_(HTTP_METHOD, C_, "GET"), TEXT_(HTTP_VERSION, C_, "1.1"), TEXT_(HTTP_HOST, C_, "upd.example.net"),
	NUM_(HTTP_PORT, C_, 8080), TEXT_(HTTP_PATH, C_, "/bases/index.xml"), TEXT_(HTTP_QUERY, C_, "v=1&x=%20"),
	TEXT_(HTTP_AGENT, C_, "AcmeUpdater/1.0"), TEXT_(HTTP_REFERER, C_, "http://ref.example/"),
	NUM_(HTTP_REQUEST_LENGTH, C_, 0), NUM_(HTTP_STATUS, S_, 302), TEXT_(HTTP_SERVER, S_, "nginx"),
	TEXT_(HTTP_LOCATION, S_, "http://cdn.example.org/x"), TEXT_(HTTP_TYPE, S_, "text/xml"),
	NUM_(HTTP_LENGTH, S_, 999),
};

static const uint8_t sample_a[16] = { [10] = 0xff, 0xff, 203, 0, 113, 10 };
static const uint8_t sample_aaaa[16] = { 0x20, 0x01, 0x0d, 0xb8, [15] = 1 };

static const struct observation sample_dns[] = {
	TEXT_(DNS_QNAME, C_, "upd.example.net"), NUM_(DNS_QTYPE, C_, 1), NUM_(DNS_RCODE, S_, 0),
	TEXT_(DNS_CNAME, S_, "cdn.example.org"), { OBS_DNS_ADDRESS, S_, 300, { sample_a, 16 }, 0 },
	{ OBS_DNS_ADDRESS, S_, 60, { sample_aaaa, 16 }, 0 }, TEXT_(DNS_TXT, S_, "0.103.5:63:27468"),
};

static const uint8_t sample_body[] = { 0x00, 0x01, 0xfe, 'A' };
static const struct evidence sample_evidence[] = {
	{ &sample_path, OBS_HTTP_PATH, C_, { (const uint8_t *)"/bases/index.xml", 16 }, 0, 0, 5 },
	{ &sample_host, OBS_NAME_DNS, S_, { (const uint8_t *)"upd.example.net", 15 }, 0, 1500, 5 },
	{ &sample_path, OBS_HTTP_BODY, S_, { sample_body, sizeof sample_body }, 0, 0, 6 },
	{ NULL, OBS_ADDR_ASN, S_, { 0 }, 64500, 0, 0 },
};

static const struct attribution sample_found = {
	.vendor = &sample_vendor, .product = &sample_product, .engine = &sample_engine,
	.purpose = PURPOSE_UPDATE, .strength = STRENGTH_PROOF, .confidence = 98, .present = true,
};
static const struct attribution sample_other = { .vendor = &sample_engine, .purpose = PURPOSE_TELEMETRY };

static inline struct event
sample_event(enum event_kind kind)
{
	return (struct event){
		.kind = kind, .ts_ns = SAMPLE_NS, .frame = 9, .flow = &sample_flow,
		.facts = sample_facts, .n_facts = sizeof sample_facts / sizeof sample_facts[0],
		.attribution = &sample_found, .others = &sample_other, .n_others = 1,
		.evidence = sample_evidence, .n_evidence = sizeof sample_evidence / sizeof sample_evidence[0],
		.source_geo = &sample_nowhere, .destination_geo = &sample_place,
	};
}

#endif
