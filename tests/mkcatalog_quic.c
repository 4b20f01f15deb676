/* SPDX-License-Identifier: Apache-2.0 */
/* mkcatalog_quic - Initial packets of QUIC version 1, protected as on a real network (RFC 9000, RFC 9001). */
#include <stdlib.h>

#include <openssl/evp.h>
#include <openssl/hmac.h>

#include "mkcatalog_wire.h"

enum { SECRET_LEN = 32, KEY_LEN = 16, IV_LEN = 12, TAG_LEN = 16, SAMPLE_AT = 4, NUMBER_LEN = 4, DATAGRAM_LEN = 1200,
	CID_LEN = 8 };

struct keys {
	uint8_t key[KEY_LEN], iv[IV_LEN], hp[KEY_LEN];
};

static void
must(int ok)
{
	if (ok != 1) {
		fprintf(stderr, "mkcatalog: libcrypto failed\n");
		exit(1);
	}
}

static void
mac(const void *key, size_t key_len, const void *data, size_t len, uint8_t out[static SECRET_LEN])
{
	must(HMAC(EVP_sha256(), key, (int)key_len, data, len, out, NULL) != NULL);
}

/* HKDF-Expand-Label (RFC 8446 section 7.1) of at most one block. */
static void
expand(const uint8_t secret[static SECRET_LEN], const char *label, uint8_t *out, size_t len)
{
	struct built info = { .len = 0 };
	uint8_t block[SECRET_LEN];

	put_be(&info, len, 2);
	put_be(&info, strlen(label) + 6, 1);
	put(&info, "tls13 ", 6);
	put(&info, label, strlen(label));
	put_hex(&info, "00 01");			/* no context; the first block */
	mac(secret, SECRET_LEN, info.b, info.len, block);
	memcpy(out, block, len);
}

/* RFC 9001 section 5.2 */
static void
derive(const uint8_t dcid[static CID_LEN], bool server, struct keys *k)
{
	struct built salt = { .len = 0 };
	uint8_t initial[SECRET_LEN], secret[SECRET_LEN];

	put_hex(&salt, "38762cf7f55934b34d179ae6a4c80cadccbb7f0a");
	mac(salt.b, salt.len, dcid, CID_LEN, initial);
	expand(initial, server ? "server in" : "client in", secret, sizeof secret);
	expand(secret, "quic key", k->key, sizeof k->key);
	expand(secret, "quic iv", k->iv, sizeof k->iv);
	expand(secret, "quic hp", k->hp, sizeof k->hp);
}

/* Appends plain, sealed; what is in b is authenticated with it.  The packet number is 0. */
static void
seal(const struct keys *k, struct built *b, const struct built *plain)
{
	EVP_CIPHER_CTX *c = EVP_CIPHER_CTX_new();
	int n;

	must(c != NULL && EVP_EncryptInit_ex(c, EVP_aes_128_gcm(), NULL, k->key, k->iv));
	must(EVP_EncryptUpdate(c, NULL, &n, b->b, (int)b->len));
	must(EVP_EncryptUpdate(c, b->b + b->len, &n, plain->b, (int)plain->len));
	b->len += plain->len;
	must(EVP_EncryptFinal_ex(c, b->b + b->len, &n));
	must(EVP_CIPHER_CTX_ctrl(c, EVP_CTRL_AEAD_GET_TAG, TAG_LEN, b->b + b->len));
	b->len += TAG_LEN;
	EVP_CIPHER_CTX_free(c);
}

/* RFC 9001 section 5.4; at: where the packet number begins. */
static void
hide_header(const struct keys *k, struct built *b, size_t at)
{
	EVP_CIPHER_CTX *c = EVP_CIPHER_CTX_new();
	uint8_t mask[2 * KEY_LEN];
	int n;

	must(c != NULL && EVP_EncryptInit_ex(c, EVP_aes_128_ecb(), NULL, k->hp, NULL));
	must(EVP_EncryptUpdate(c, mask, &n, b->b + at + SAMPLE_AT, KEY_LEN));
	EVP_CIPHER_CTX_free(c);
	b->b[0] ^= mask[0] & 0x0f;
	for (unsigned i = 0; i < NUMBER_LEN; i++)
		b->b[at + i] ^= mask[1 + i];
}

/* A datagram with one Initial that carries a handshake message. */
static void
initial(struct built *b, const uint8_t cid[static CID_LEN], bool server, const struct built *message)
{
	struct built plain = { .len = 0 };
	struct keys k;
	size_t at;

	put_hex(b, "c3 00000001");			/* Initial, number of 4 bytes; version 1 */
	put_hex(b, server ? "00 08" : "08");		/* to, from: the client has no id */
	put(b, cid, CID_LEN);
	put_hex(b, server ? "00" : "00 00");		/* no token */
	at = b->len + 2;
	put_be(b, 0x4000u | (DATAGRAM_LEN - at), 2);	/* length of the rest */
	put_be(b, 0, NUMBER_LEN);
	put_hex(&plain, "06 00");			/* CRYPTO, offset 0 */
	put_be(&plain, 0x4000u | message->len, 2);
	put(&plain, message->b, message->len);
	while (plain.len < DATAGRAM_LEN - TAG_LEN - b->len)
		put_be(&plain, 0, 1);			/* PADDING */
	derive(cid, server, &k);
	seal(&k, b, &plain);
	hide_header(&k, b, at);
}

void
wire_quic(struct wire *w, const struct ends *e, const char *sni, size_t len)
{
	struct built hello = { .len = 0 }, more = { .len = 0 }, answer = { .len = 0 };
	struct built up = { .len = 0 }, down = { .len = 0 };
	struct addr server;
	uint8_t cid[CID_LEN] = { 0 };

	/* Of its own, as the server's address is. */
	addr_parse(e->server, strlen(e->server), &server);
	memcpy(cid + 4, server.b + 12, 4);
	put_hex(&more, "0010 0005 0003 02 6833");	/* ALPN h3 */
	put_hex(&more, "0039 0004 01 02 4100");		/* transport parameters: idle for 256 ms */
	tls_hello(&hello, sni, len, &more);
	put_hex(&answer, "02 00002e 0303");		/* ServerHello */
	for (unsigned i = 0; i < 32; i++)
		put_be(&answer, i * 29, 1);
	put_hex(&answer, "00 1301 00 0006 002b 0002 0304");
	initial(&up, cid, false, &hello);
	initial(&down, cid, true, &answer);
	wire_datagram(w, e, false, up.b, up.len);
	wire_datagram(w, e, true, down.b, down.len);
}
