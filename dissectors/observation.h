/* SPDX-License-Identifier: Apache-2.0 */
/*
 * observation - a fact seen on the wire: what, where, when.
 *
 * Dissectors append observations to a batch and never conclude.  A batch lasts
 * for one call of a dissector: its values point into the bytes that were being
 * dissected or into the batch's own scratch, and die with the next call.
 * Whoever needs one for longer copies it.
 */
#ifndef DISSECTORS_OBSERVATION_H
#define DISSECTORS_OBSERVATION_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/addr.h"
#include "core/rd.h"

/*
 * OBS(constant, name in events, what value or num holds).  Names are stable:
 * they stand in events as telltale.evidence[].observation.
 */
#define OBS_KINDS(OBS)                                                                             \
	OBS(DNS_QNAME, "dns.qname", "question name, lower case, without final dot")                \
	OBS(DNS_QTYPE, "dns.qtype", "num: question type")                                          \
	OBS(DNS_ID, "dns.id", "num: transaction id")                                               \
	OBS(DNS_RCODE, "dns.rcode", "num: response code; its presence says it was a response")     \
	OBS(DNS_CNAME, "dns.cname", "target of a CNAME on the way from qname to the addresses")    \
	OBS(DNS_ADDRESS, "dns.address", "value: 16 bytes of struct addr; num: TTL in seconds")     \
	OBS(DNS_TXT, "dns.txt", "strings of a TXT answer, joined")                                 \
	OBS(DNS_SVCB, "dns.svcb", "target name of an HTTPS/SVCB answer; num: 1 when it has ech")   \
	OBS(TLS_SNI, "tls.sni", "server name, lower case")                                         \
	OBS(TLS_ECH, "tls.ech", "encrypted ClientHello present: the sni is an outer name")         \
	OBS(TLS_ALPN, "tls.alpn", "offered protocols, comma separated")                            \
	OBS(TLS_ALPN_CHOSEN, "tls.alpn_chosen", "protocol the server chose")                       \
	OBS(TLS_VERSION, "tls.version", "num: version of the ServerHello (supported_versions first)") \
	OBS(TLS_CIPHER, "tls.cipher", "num: suite the server chose")                               \
	OBS(TLS_RESUMED, "tls.resumed", "the server resumed a session")                            \
	OBS(TLS_JA3, "tls.ja3", "MD5 in hexadecimal")                                              \
	OBS(TLS_JA3S, "tls.ja3s", "MD5 in hexadecimal")                                            \
	OBS(TLS_JA4, "tls.ja4", "JA4 of the ClientHello")                                          \
	OBS(TLS_CERT_NAME, "tls.certificate.name", "a dNSName or the common name, lower case")     \
	OBS(TLS_CERT_SUBJECT, "tls.certificate.subject", "RFC 2253 text")                          \
	OBS(TLS_CERT_ISSUER, "tls.certificate.issuer", "RFC 2253 text")                            \
	OBS(TLS_CERT_SERIAL, "tls.certificate.serial", "upper-case hexadecimal")                   \
	OBS(TLS_CERT_SHA256, "tls.certificate.sha256", "upper-case hexadecimal, of the DER")       \
	OBS(TLS_CERT_NOT_BEFORE, "tls.certificate.not_before", "num: seconds since 1970")          \
	OBS(TLS_CERT_NOT_AFTER, "tls.certificate.not_after", "num: seconds since 1970")            \
	OBS(TLS_ALERT, "tls.alert", "num: description of a fatal alert")                           \
	OBS(TLS_ESTABLISHED, "tls.established", "application data or an encrypted Finished was seen") \
	OBS(HTTP_METHOD, "http.method", "request method; starts a new exchange")                   \
	OBS(HTTP_VERSION, "http.version", "1.0 or 1.1")                                            \
	OBS(HTTP_HOST, "http.host", "host asked for, lower case, without port")                    \
	OBS(HTTP_PORT, "http.port", "num: port asked for, when the request names one")             \
	OBS(HTTP_PATH, "http.path", "path without query, as sent")                                 \
	OBS(HTTP_QUERY, "http.query", "query without the question mark")                           \
	OBS(HTTP_AGENT, "http.agent", "User-Agent")                                                \
	OBS(HTTP_REFERER, "http.referer", "Referer")                                               \
	OBS(HTTP_HEADER, "http.header", "any other request header as \"name: value\", name lower case") \
	OBS(HTTP_PROXY, "http.proxy", "CONNECT or absolute-form: the server is a proxy")           \
	OBS(HTTP_REQUEST_LENGTH, "http.request.length", "num: Content-Length of the request")      \
	OBS(HTTP_STATUS, "http.status", "num: status code; starts a response")                     \
	OBS(HTTP_SERVER, "http.server", "Server header")                                           \
	OBS(HTTP_LOCATION, "http.location", "Location header")                                     \
	OBS(HTTP_TYPE, "http.type", "Content-Type of the response without parameters, lower case") \
	OBS(HTTP_LENGTH, "http.length", "num: Content-Length of the response")                     \
	OBS(HTTP_BODY, "http.body", "first bytes of a response body")                              \
	OBS(HTTP_REQUEST_BODY, "http.request.body", "first bytes of a request body")               \
	OBS(QUIC_VERSION, "quic.version", "num: version of the Initial packet (RFC 9000 section 15)")   \
	OBS(APP_PROTOCOL, "app.protocol", "name of a protocol that one product or family speaks")     \
	OBS(APP_FIELD, "app.field", "a field of it as \"name: value\"")                             \
	OBS(PAYLOAD_CLIENT, "payload.client", "first bytes that the client sent, protocol unknown") \
	OBS(PAYLOAD_SERVER, "payload.server", "first bytes that the server sent, protocol unknown") \
	OBS(NAME_DNS, "name.dns", "name that this client was told for the server's address")       \
	OBS(NAME_CNAME, "name.cname", "name on the CNAME chain of that answer")                    \
	OBS(NAME_DNS_OTHER, "name.dns_other", "the same, told to another client")                  \
	OBS(SERVER_PORT, "server.port", "num: port of the server")                                \
	OBS(ADDR_ASN, "address.asn", "num: AS number of the server's address")                     \
	OBS(NDPI_PROTOCOL, "ndpi.protocol", "nDPI's name of the protocol")                         \
	OBS(NDPI_CATEGORY, "ndpi.category", "nDPI's name of the category")                         \
	OBS(NDPI_RISK, "ndpi.risk", "nDPI's name of one risk")

enum obs_kind {
#define OBS(id, name, doc) OBS_##id,
	OBS_KINDS(OBS)
#undef OBS
	OBS_KINDS_N
};

struct observation {
	enum obs_kind kind;
	enum side side;			/* who said it */
	uint64_t num;			/* for the kinds that are numbers */
	struct span value;		/* borrowed: dissected bytes, or the batch's scratch */
	uint32_t age_ms;		/* how old the fact was when it was used; 0 = seen in this flow */
};

enum { OBS_BATCH_MAX = 96, OBS_SCRATCH = 4096 };

struct observations {
	unsigned n;
	unsigned dropped;		/* counter: did not fit */
	unsigned scratch_used;
	struct observation v[OBS_BATCH_MAX];
	uint8_t scratch[OBS_SCRATCH];
};

const char *obs_kind_name(enum obs_kind);

static inline void
observations_reset(struct observations *o)
{
	o->n = o->scratch_used = 0;
}

/* value is borrowed: it must live as long as the batch is looked at. */
void observe(struct observations *, enum obs_kind, enum side, struct span value);
void observe_num(struct observations *, enum obs_kind, enum side, uint64_t num);

/* Copies text into the batch's scratch, A-Z made lower case; for names. */
void observe_lower(struct observations *, enum obs_kind, enum side, struct span text);

/* Copies value into the batch's scratch; for what the dissector composed itself. */
void observe_copy(struct observations *, enum obs_kind, enum side, struct span value);

/*
 * A field of a product's own protocol, as OBS_APP_FIELD: text "name: value" of our
 * own making, at most OBS_FIELD_MAX bytes; longer is left out, and counted.
 */
enum { OBS_FIELD_MAX = 128 };
void observe_field(struct observations *, enum side, const char *fmt, ...) __attribute__((format(printf, 3, 4)));

/* First of that kind in the batch, or NULL. */
const struct observation *observations_find(const struct observations *, enum obs_kind);

static inline struct span
span_str(const char *s)
{
	return (struct span){ (const uint8_t *)s, strlen(s) };
}

#endif
