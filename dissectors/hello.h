/* SPDX-License-Identifier: Apache-2.0 */
/*
 * hello - ClientHello and ServerHello (RFC 8446 section 4.1, RFC 5246 section
 * 7.4.1), the same under TLS records and in QUIC.
 *
 * Readers are given the body of the message, that is what follows type and
 * length: closed when the message is whole, open when it was cut.  All spans
 * are borrowed from the bytes that were read; one that was not there has p NULL.
 */
#ifndef DISSECTORS_HELLO_H
#define DISSECTORS_HELLO_H

#include <stdbool.h>
#include <stdint.h>

#include "core/rd.h"
#include "dissectors/observation.h"

enum { HELLO_SESSION_ID_MAX = 32 };

enum {					/* IANA, TLS ExtensionType values */
	EXT_SERVER_NAME = 0,
	EXT_SUPPORTED_GROUPS = 10,
	EXT_EC_POINT_FORMATS = 11,
	EXT_SIGNATURE_ALGORITHMS = 13,
	EXT_ALPN = 16,
	EXT_PRE_SHARED_KEY = 41,
	EXT_SUPPORTED_VERSIONS = 43,
	EXT_ENCRYPTED_CLIENT_HELLO = 0xfe0d,
};

struct client_hello {
	uint16_t legacy_version;
	struct span random, session_id, compression;
	struct span ciphers;		/* of 16 bits each */
	struct span extensions;		/* list of (type, length, contents) */
	struct span sni;		/* first host_name, as sent (RFC 6066) */
	struct span alpn;		/* list of names, each after its length in 8 bits (RFC 7301) */
	struct span versions, groups, sigalgs;	/* of 16 bits each */
	struct span point_formats;	/* of 8 bits each */
	bool has_sni;			/* the extension is there, whatever it holds */
	bool has_ech;			/* encrypted_client_hello: sni is an outer name, or it is GREASE */
};

struct server_hello {
	uint16_t legacy_version;
	uint16_t version;		/* supported_versions, else legacy_version */
	uint16_t cipher;
	struct span random, session_id, extensions;
	struct span alpn;		/* the name chosen */
	bool has_psk;			/* pre_shared_key: an earlier session goes on */
	bool retry;			/* it is a HelloRetryRequest */
};

/*
 * Whatever could be read before a failure is in the struct.  The contents of
 * one extension that contradict themselves make the answer BAD, and do not hide
 * the extensions after it.
 */
enum rd_state hello_read(struct rd *, struct client_hello *);
enum rd_state server_hello_read(struct rd *, struct server_hello *);

/* Server name, ECH and ALPN. */
void hello_observe(const struct client_hello *, enum side, struct observations *);

/*
 * The client named a host.  An address in place of a name (RFC 6066 section 3
 * forbids it) leaves the certificate to tell who the server is.
 */
bool hello_names_host(const struct client_hello *);

/* Reserved so that nobody gets used to a closed list (RFC 8701). */
static inline bool
hello_grease(uint16_t v)
{
	return (v & 0x0f0f) == 0x0a0a && v >> 8 == (v & 0xff);
}

#endif
