/* SPDX-License-Identifier: Apache-2.0 */
/*
 * ja - fingerprints of hellos: JA3 and JA3S (Althouse, Atkinson and Atkins,
 * 2017), JA4 (FoxIO, 2023).
 *
 * A hello with more than JA_LIST_MAX ciphers or extensions has no fingerprint:
 * one of a part of it would be a false one.
 */
#ifndef DISSECTORS_JA_H
#define DISSECTORS_JA_H

#include <stdbool.h>

#include "core/crypto.h"
#include "dissectors/hello.h"

enum { JA_LIST_MAX = 512, JA4_STR_MAX = 37 };

/* MD5 in hexadecimal, 32 characters. */
bool ja3(struct crypto *, const struct client_hello *, char out[static 2 * DIGEST_MAX + 1]);
bool ja3s(struct crypto *, const struct server_hello *, char out[static 2 * DIGEST_MAX + 1]);

/* transport: 't' TLS over TCP, 'q' QUIC, 'd' DTLS. */
bool ja4(struct crypto *, const struct client_hello *, char transport, char out[static JA4_STR_MAX]);

/* JA3 and JA4 of a ClientHello that was read whole; JA3S of such a ServerHello. */
void ja_observe_client(struct crypto *, const struct client_hello *, char transport, enum side,
    struct observations *);
void ja_observe_server(struct crypto *, const struct server_hello *, enum side, struct observations *);

#endif
