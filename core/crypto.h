/* SPDX-License-Identifier: Apache-2.0 */
/*
 * crypto - digests and certificates; the one file with libcrypto is crypto.c.
 *
 * Certificates are parsed by libcrypto, never by hand.  Not thread-safe: a
 * worker has a struct crypto of its own.
 */
#ifndef CORE_CRYPTO_H
#define CORE_CRYPTO_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/err.h"
#include "core/rd.h"

struct crypto;

enum digest { DIGEST_MD5, DIGEST_SHA1, DIGEST_SHA256 };
enum { DIGEST_MAX = 32, CERT_SANS_MAX = 16, CERT_TEXT_MAX = 256 };

struct crypto *crypto_new(struct err *);
void crypto_free(struct crypto **);

/* Digest of data; returns its length in bytes (16, 20 or 32). */
size_t crypto_digest(struct crypto *, enum digest, struct span data, uint8_t out[static DIGEST_MAX]);

/* The same as lower-case hexadecimal, terminated; out has room for 65. */
void crypto_digest_hex(struct crypto *, enum digest, struct span data, char out[static 2 * DIGEST_MAX + 1]);

/* A digest of bytes that come in pieces, SHA-256.  May be used again and again. */
struct crypto_sum;

struct crypto_sum *crypto_sum_new(void);	/* NULL: no memory */
void crypto_sum_free(struct crypto_sum **);
void crypto_sum_begin(struct crypto *, struct crypto_sum *);
void crypto_sum_add(struct crypto_sum *, struct span);
/* Lower-case hexadecimal, terminated; "" when libcrypto failed. */
void crypto_sum_end(struct crypto_sum *, char out[static 2 * DIGEST_MAX + 1]);

/* HMAC-SHA256 (RFC 2104) of at most CRYPTO_HMAC_MAX bytes under a key of at most 64. */
enum { CRYPTO_HMAC_MAX = 4096 };
void crypto_hmac(struct crypto *, struct span key, struct span data, uint8_t out[static DIGEST_MAX]);

/* Keys of one side's QUIC Initial packets (RFC 9001 section 5.2). */
enum { QUIC_SALT = 20, QUIC_TAG = 16, QUIC_SAMPLE = 16, QUIC_MASK = 5 };

struct quic_keys {
	uint8_t key[16], iv[12], hp[16];
};

/* v2: labels of RFC 9369.  dcid: of the client's first Initial, at most 20 bytes. */
void crypto_quic_keys(struct crypto *, const uint8_t salt[static QUIC_SALT], bool v2, bool server, struct span dcid,
    struct quic_keys *);

/* Mask of header protection (RFC 9001 section 5.4.3); false when libcrypto failed. */
bool crypto_quic_mask(struct crypto *, const struct quic_keys *, const uint8_t sample[static QUIC_SAMPLE],
    uint8_t mask[static QUIC_MASK]);

/*
 * Opens a packet's payload (AEAD_AES_128_GCM, RFC 9001 section 5.3) into out, which
 * has room for sealed.len bytes; returns the length, 0 when it does not open.
 */
size_t crypto_quic_open(struct crypto *, const struct quic_keys *, uint64_t number, struct span header,
    struct span sealed, uint8_t *out);

/* What an X.509 certificate says of itself (RFC 5280).  Text is UTF-8, terminated, cut to fit. */
struct cert {
	char subject[CERT_TEXT_MAX], issuer[CERT_TEXT_MAX];	/* RFC 2253 order, e.g. "CN=a,O=b" */
	char common_name[CERT_TEXT_MAX];			/* of the subject; "" when there is none */
	char serial[64];					/* upper-case hexadecimal */
	char sha256[2 * DIGEST_MAX + 1];			/* of the DER, upper-case hexadecimal (ECS) */
	int64_t not_before, not_after;				/* seconds since 1970, UTC */
	unsigned n_sans;					/* dNSName entries kept */
	unsigned more_sans;					/* and how many were not */
	char sans[CERT_SANS_MAX][CERT_TEXT_MAX];
};

/* der: one whole DER certificate.  false when libcrypto refuses it. */
bool crypto_cert(struct crypto *, struct span der, struct cert *);

#endif
