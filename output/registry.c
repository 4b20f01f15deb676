/* SPDX-License-Identifier: Apache-2.0 */
/* registry - the registries of IANA: DNS parameters (RFC 6895), TLS parameters (RFC 8447). */
#include "output/registry.h"

#include <inttypes.h>
#include <stddef.h>
#include <stdio.h>

struct row {
	uint16_t number;
	const char *name;
};

static const struct row dns_types[] = {
	{ 1, "A" }, { 2, "NS" }, { 5, "CNAME" }, { 6, "SOA" }, { 10, "NULL" }, { 12, "PTR" }, { 13, "HINFO" },
	{ 15, "MX" }, { 16, "TXT" }, { 28, "AAAA" }, { 33, "SRV" }, { 35, "NAPTR" }, { 39, "DNAME" },
	{ 41, "OPT" }, { 43, "DS" }, { 46, "RRSIG" }, { 47, "NSEC" }, { 48, "DNSKEY" }, { 50, "NSEC3" },
	{ 52, "TLSA" }, { 64, "SVCB" }, { 65, "HTTPS" }, { 99, "SPF" }, { 252, "AXFR" }, { 255, "ANY" },
	{ 256, "URI" }, { 257, "CAA" },
};

static const struct row dns_rcodes[] = {
	{ 0, "NOERROR" }, { 1, "FORMERR" }, { 2, "SERVFAIL" }, { 3, "NXDOMAIN" }, { 4, "NOTIMP" },
	{ 5, "REFUSED" }, { 6, "YXDOMAIN" }, { 7, "YXRRSET" }, { 8, "NXRRSET" }, { 9, "NOTAUTH" },
	{ 10, "NOTZONE" }, { 11, "DSOTYPENI" }, { 16, "BADVERS" },
};

/* What servers choose in practice; the rest is told by its number. */
static const struct row tls_suites[] = {
	{ 0x0004, "TLS_RSA_WITH_RC4_128_MD5" },
	{ 0x0005, "TLS_RSA_WITH_RC4_128_SHA" },
	{ 0x000a, "TLS_RSA_WITH_3DES_EDE_CBC_SHA" },
	{ 0x0016, "TLS_DHE_RSA_WITH_3DES_EDE_CBC_SHA" },
	{ 0x002f, "TLS_RSA_WITH_AES_128_CBC_SHA" },
	{ 0x0033, "TLS_DHE_RSA_WITH_AES_128_CBC_SHA" },
	{ 0x0035, "TLS_RSA_WITH_AES_256_CBC_SHA" },
	{ 0x0039, "TLS_DHE_RSA_WITH_AES_256_CBC_SHA" },
	{ 0x003c, "TLS_RSA_WITH_AES_128_CBC_SHA256" },
	{ 0x003d, "TLS_RSA_WITH_AES_256_CBC_SHA256" },
	{ 0x0067, "TLS_DHE_RSA_WITH_AES_128_CBC_SHA256" },
	{ 0x006b, "TLS_DHE_RSA_WITH_AES_256_CBC_SHA256" },
	{ 0x0081, "TLS_GOSTR341001_WITH_28147_CNT_IMIT" },
	{ 0x009c, "TLS_RSA_WITH_AES_128_GCM_SHA256" },
	{ 0x009d, "TLS_RSA_WITH_AES_256_GCM_SHA384" },
	{ 0x009e, "TLS_DHE_RSA_WITH_AES_128_GCM_SHA256" },
	{ 0x009f, "TLS_DHE_RSA_WITH_AES_256_GCM_SHA384" },
	{ 0x00c6, "TLS_SM4_GCM_SM3" },
	{ 0x00c7, "TLS_SM4_CCM_SM3" },
	{ 0x1301, "TLS_AES_128_GCM_SHA256" },
	{ 0x1302, "TLS_AES_256_GCM_SHA384" },
	{ 0x1303, "TLS_CHACHA20_POLY1305_SHA256" },
	{ 0x1304, "TLS_AES_128_CCM_SHA256" },
	{ 0x1305, "TLS_AES_128_CCM_8_SHA256" },
	{ 0xc007, "TLS_ECDHE_ECDSA_WITH_RC4_128_SHA" },
	{ 0xc009, "TLS_ECDHE_ECDSA_WITH_AES_128_CBC_SHA" },
	{ 0xc00a, "TLS_ECDHE_ECDSA_WITH_AES_256_CBC_SHA" },
	{ 0xc011, "TLS_ECDHE_RSA_WITH_RC4_128_SHA" },
	{ 0xc012, "TLS_ECDHE_RSA_WITH_3DES_EDE_CBC_SHA" },
	{ 0xc013, "TLS_ECDHE_RSA_WITH_AES_128_CBC_SHA" },
	{ 0xc014, "TLS_ECDHE_RSA_WITH_AES_256_CBC_SHA" },
	{ 0xc023, "TLS_ECDHE_ECDSA_WITH_AES_128_CBC_SHA256" },
	{ 0xc024, "TLS_ECDHE_ECDSA_WITH_AES_256_CBC_SHA384" },
	{ 0xc027, "TLS_ECDHE_RSA_WITH_AES_128_CBC_SHA256" },
	{ 0xc028, "TLS_ECDHE_RSA_WITH_AES_256_CBC_SHA384" },
	{ 0xc02b, "TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256" },
	{ 0xc02c, "TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384" },
	{ 0xc02f, "TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256" },
	{ 0xc030, "TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384" },
	{ 0xcca8, "TLS_ECDHE_RSA_WITH_CHACHA20_POLY1305_SHA256" },
	{ 0xcca9, "TLS_ECDHE_ECDSA_WITH_CHACHA20_POLY1305_SHA256" },
	{ 0xccaa, "TLS_DHE_RSA_WITH_CHACHA20_POLY1305_SHA256" },
};

/* Rows are in ascending order. */
static const char *
find(const struct row *rows, size_t n, uint64_t number)
{
	size_t low = 0;

	while (n > 0) {
		size_t half = n / 2;

		if (rows[low + half].number == number)
			return rows[low + half].name;
		if (rows[low + half].number < number) {
			low += half + 1;
			n -= half + 1;
		} else {
			n = half;
		}
	}
	return NULL;
}

#define FIND(rows, number) find(rows, sizeof rows / sizeof rows[0], number)

static const char *
or_number(const char *name, const char *prefix, uint64_t v, char out[static REGISTRY_MAX])
{
	if (name != NULL)
		return name;
	snprintf(out, REGISTRY_MAX, "%s%" PRIu16, prefix, (uint16_t)v);
	return out;
}

const char *
registry_dns_type(uint64_t v, char out[static REGISTRY_MAX])
{
	return or_number(FIND(dns_types, v), "TYPE", v, out);
}

const char *
registry_dns_rcode(uint64_t v, char out[static REGISTRY_MAX])
{
	return or_number(FIND(dns_rcodes, v), "RCODE", v, out);
}

static const char *
hex(uint64_t v, char out[static REGISTRY_MAX])
{
	snprintf(out, REGISTRY_MAX, "0x%04" PRIX16, (uint16_t)v);
	return out;
}

const char *
registry_tls_suite(uint64_t v, char out[static REGISTRY_MAX])
{
	const char *name = FIND(tls_suites, v);

	return name != NULL ? name : hex(v, out);
}

struct registry_version
registry_tls_version(uint64_t v, char out[static REGISTRY_MAX])
{
	switch (v) {
	case 0x0002: return (struct registry_version){ "2.0", "ssl" };
	case 0x0300: return (struct registry_version){ "3.0", "ssl" };
	case 0x0301: return (struct registry_version){ "1.0", "tls" };
	case 0x0302: return (struct registry_version){ "1.1", "tls" };
	case 0x0303: return (struct registry_version){ "1.2", "tls" };
	case 0x0304: return (struct registry_version){ "1.3", "tls" };
	case 0xfeff: return (struct registry_version){ "1.0", "dtls" };
	case 0xfefd: return (struct registry_version){ "1.2", "dtls" };
	case 0xfefc: return (struct registry_version){ "1.3", "dtls" };
	}
	return (struct registry_version){ hex(v, out), "tls" };
}
