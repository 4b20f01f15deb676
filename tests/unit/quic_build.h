/* SPDX-License-Identifier: Apache-2.0 */
/*
 * quic_build - writes protected Initial packets (RFC 9000 section 17.2.2, RFC 9001
 * section 5, RFC 9369) for tests and generators; needs libcrypto and nothing of ours.
 */
#ifndef TESTS_QUIC_BUILD_H
#define TESTS_QUIC_BUILD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <openssl/evp.h>
#include <openssl/hmac.h>

enum { QB_V1 = 0x00000001, QB_V2 = 0x6b3343cf, QB_MAX = 4096 };

/* One CRYPTO frame, or with raw set a frame as it stands. */
struct qb_frame {
	uint64_t offset;
	const void *bytes;
	size_t len;
	bool raw;
};

struct qb_initial {
	uint32_t version;
	bool server;			/* under the server's keys */
	const void *dcid, *scid, *token;
	size_t dcid_len, scid_len, token_len;
	const void *first;		/* the id that keys come from; NULL: dcid */
	size_t first_len;
	uint32_t number;		/* of the packet */
	unsigned number_len;		/* bytes of it, 1 to 4; 0: 4 */
	const struct qb_frame *frames;
	size_t n_frames;
	size_t fill;			/* bytes that the packet has at least, by PADDING: 1200 for a client's */
};

struct qb_out {
	uint8_t b[QB_MAX];
	size_t n;
};

struct qb_keys {
	uint8_t key[16], iv[12], hp[16];
};

static inline void
qb_must(bool ok)
{
	if (!ok) {
		fprintf(stderr, "quic_build: libcrypto failed, or a packet is too large\n");
		abort();
	}
}

static inline void
qb_put(struct qb_out *o, const void *p, size_t n)
{
	qb_must(o->n <= sizeof o->b && n <= sizeof o->b - o->n);
	if (n > 0)
		memcpy(o->b + o->n, p, n);
	o->n += n;
}

static inline void
qb_int(struct qb_out *o, uint64_t v, unsigned width)
{
	while (width-- > 0) {
		uint8_t byte = (uint8_t)(v >> 8 * width);

		qb_put(o, &byte, 1);
	}
}

/* RFC 9000 section 16 */
static inline void
qb_varint(struct qb_out *o, uint64_t v)
{
	unsigned log = v < 1u << 6 ? 0 : v < 1u << 14 ? 1 : v < 1u << 30 ? 2 : 3;

	qb_int(o, v | (uint64_t)log << ((8u << log) - 2), 1u << log);
}

/* --- keys, RFC 9001 section 5.2 ------------------------------------------------ */

static inline const char *
qb_salt(uint32_t version)
{
	static const struct {
		uint32_t from, to;
		const char *salt;
	} salts[] = {
		{ 1, 1, "\x38\x76\x2c\xf7\xf5\x59\x34\xb3\x4d\x17\x9a\xe6\xa4\xc8\x0c\xad\xcc\xbb\x7f\x0a" },
		{ QB_V2, QB_V2, "\x0d\xed\xe3\xde\xf7\x00\xa6\xdb\x81\x93\x81\xbe\x6e\x26\x9d\xcb\xf9\xbd\x2e\xd9" },
		{ 0xff000021, 0xff000022,	/* drafts 33 and 34 */
		    "\x38\x76\x2c\xf7\xf5\x59\x34\xb3\x4d\x17\x9a\xe6\xa4\xc8\x0c\xad\xcc\xbb\x7f\x0a" },
		{ 0xff00001d, 0xff000020,	/* 29 to 32 */
		    "\xaf\xbf\xec\x28\x99\x93\xd2\x4c\x9e\x97\x86\xf1\x9c\x61\x11\xe0\x43\x90\xa8\x99" },
		{ 0xff000017, 0xff00001c,	/* 23 to 28 */
		    "\xc3\xee\xf7\x12\xc7\x2e\xbb\x5a\x11\xa7\xd2\x43\x2b\xb4\x63\x65\xbe\xf9\xf5\x02" },
		{ 0xfaceb002, 0xfaceb00e,
		    "\xc3\xee\xf7\x12\xc7\x2e\xbb\x5a\x11\xa7\xd2\x43\x2b\xb4\x63\x65\xbe\xf9\xf5\x02" },
		{ 0xff000016, 0xff000016,	/* 22 */
		    "\x7f\xbc\xdb\x0e\x7c\x66\xbb\xe9\x19\x3a\x96\xcd\x21\x51\x9e\xbd\x7a\x02\x64\x4a" },
		{ 0xfaceb001, 0xfaceb001,
		    "\x7f\xbc\xdb\x0e\x7c\x66\xbb\xe9\x19\x3a\x96\xcd\x21\x51\x9e\xbd\x7a\x02\x64\x4a" },
		{ 0x51303530, 0x51303530,	/* Q050 */
		    "\x50\x45\x74\xef\xd0\x66\xfe\x2f\x9d\x94\x5c\xfc\xdb\xd3\xa7\xf0\xd3\xb5\x6b\x45" },
		{ 0x54303530, 0x54303530,	/* T050 */
		    "\x7f\xf5\x79\xe5\xac\xd0\x72\x91\x55\x80\x30\x4c\x43\xa2\x36\x7c\x60\x48\x83\x10" },
		{ 0x54303531, 0x54303531,	/* T051 */
		    "\x7a\x4e\xde\xf4\xe7\xcc\xee\x5f\xa4\x50\x6c\x19\x12\x4f\xc8\xcc\xda\x6e\x03\x3d" },
	};

	for (size_t i = 0; i < sizeof salts / sizeof salts[0]; i++)
		if (version >= salts[i].from && version <= salts[i].to)
			return salts[i].salt;
	qb_must(false);
	return NULL;
}

static inline void
qb_mac(const void *key, size_t key_len, const void *data, size_t len, uint8_t out[static 32])
{
	qb_must(HMAC(EVP_sha256(), key, (int)key_len, data, len, out, NULL) != NULL);
}

/* HKDF-Expand-Label (RFC 8446 section 7.1) of at most one block. */
static inline void
qb_expand(const uint8_t secret[static 32], const char *label, uint8_t *out, size_t len)
{
	struct qb_out info = { .n = 0 };
	uint8_t block[32];

	qb_int(&info, len, 2);
	qb_int(&info, strlen(label) + 6, 1);
	qb_put(&info, "tls13 ", 6);
	qb_put(&info, label, strlen(label));
	qb_int(&info, 0x0001, 2);	/* no context; the first block */
	qb_mac(secret, 32, info.b, info.n, block);
	memcpy(out, block, len);
}

static inline void
qb_derive(const struct qb_initial *p, struct qb_keys *k)
{
	uint8_t initial[32], secret[32];
	const void *id = p->first != NULL ? p->first : p->dcid;
	bool v2 = p->version == QB_V2;

	qb_mac(qb_salt(p->version), 20, id, p->first != NULL ? p->first_len : p->dcid_len, initial);
	qb_expand(initial, p->server ? "server in" : "client in", secret, sizeof secret);
	qb_expand(secret, v2 ? "quicv2 key" : "quic key", k->key, sizeof k->key);
	qb_expand(secret, v2 ? "quicv2 iv" : "quic iv", k->iv, sizeof k->iv);
	qb_expand(secret, v2 ? "quicv2 hp" : "quic hp", k->hp, sizeof k->hp);
}

/* --- packets --------------------------------------------------------------------- */

/* Appends plain, sealed; head_len bytes at head are authenticated with it. */
static inline void
qb_seal(const struct qb_keys *k, uint32_t number, const uint8_t *head, size_t head_len, const struct qb_out *plain,
    struct qb_out *o)
{
	EVP_CIPHER_CTX *c = EVP_CIPHER_CTX_new();
	uint8_t nonce[12];
	int n;

	memcpy(nonce, k->iv, sizeof nonce);
	for (unsigned i = 0; i < 4; i++)
		nonce[11 - i] ^= (uint8_t)(number >> 8 * i);
	qb_must(c != NULL && plain->n + 16 <= sizeof o->b - o->n);
	qb_must(EVP_EncryptInit_ex(c, EVP_aes_128_gcm(), NULL, k->key, nonce) == 1);
	qb_must(EVP_EncryptUpdate(c, NULL, &n, head, (int)head_len) == 1);
	qb_must(EVP_EncryptUpdate(c, o->b + o->n, &n, plain->b, (int)plain->n) == 1);
	o->n += plain->n;
	qb_must(EVP_EncryptFinal_ex(c, o->b + o->n, &n) == 1);
	qb_must(EVP_CIPHER_CTX_ctrl(c, EVP_CTRL_AEAD_GET_TAG, 16, o->b + o->n) == 1);
	o->n += 16;
	EVP_CIPHER_CTX_free(c);
}

/* RFC 9001 section 5.4; number: where in the packet its number is. */
static inline void
qb_hide(const struct qb_keys *k, uint8_t *packet, uint8_t *number, unsigned number_len)
{
	EVP_CIPHER_CTX *c = EVP_CIPHER_CTX_new();
	uint8_t mask[32];
	int n;

	qb_must(c != NULL && EVP_EncryptInit_ex(c, EVP_aes_128_ecb(), NULL, k->hp, NULL) == 1);
	qb_must(EVP_EncryptUpdate(c, mask, &n, number + 4, 16) == 1);
	EVP_CIPHER_CTX_free(c);
	packet[0] ^= mask[0] & 0x0f;
	for (unsigned i = 0; i < number_len; i++)
		number[i] ^= mask[1 + i];
}

/* Google's versions number the frame otherwise. */
static inline void
qb_frames(const struct qb_initial *p, struct qb_out *plain)
{
	bool google = p->version >> 24 == 'Q' || p->version >> 24 == 'T';

	for (size_t i = 0; i < p->n_frames; i++) {
		const struct qb_frame *f = &p->frames[i];

		if (!f->raw) {
			qb_int(plain, google ? 8 : 6, 1);
			qb_varint(plain, f->offset);
			qb_varint(plain, f->len);
		}
		qb_put(plain, f->bytes, f->len);
	}
}

/* Appends a packet: several calls make a datagram of coalesced ones. */
static inline void
qb_initial(struct qb_out *o, const struct qb_initial *p)
{
	unsigned number_len = p->number_len > 0 ? p->number_len : 4, type = p->version == QB_V2 ? 1 : 0;
	struct qb_out plain = { .n = 0 };
	size_t start = o->n, at, head;
	struct qb_keys k;

	qb_frames(p, &plain);
	qb_int(o, 0xc0 | type << 4 | (number_len - 1), 1);
	qb_int(o, p->version, 4);
	qb_int(o, p->dcid_len, 1);
	qb_put(o, p->dcid, p->dcid_len);
	qb_int(o, p->scid_len, 1);
	qb_put(o, p->scid, p->scid_len);
	qb_varint(o, p->token_len);
	qb_put(o, p->token, p->token_len);
	at = o->n + 2;
	head = at - start + number_len;
	/* The sample of header protection reaches 20 bytes behind the number's beginning. */
	while (plain.n + number_len < 4 || head + plain.n + 16 < p->fill)
		qb_int(&plain, 0, 1);
	qb_int(o, 0x4000 | (number_len + plain.n + 16), 2);
	qb_int(o, p->number, number_len);
	qb_derive(p, &k);
	qb_seal(&k, p->number, o->b + start, head, &plain, o);
	qb_hide(&k, o->b + start, o->b + at, number_len);
}

/*
 * A client's datagram of version 1 with one Initial: pieces of the handshake in it,
 * and PADDING to 1200 bytes.
 */
static inline void
qb_client(struct qb_out *o, const void *dcid, size_t dcid_len, uint32_t number, const struct qb_frame *frames,
    size_t n_frames)
{
	struct qb_initial p = { .version = QB_V1, .dcid = dcid, .dcid_len = dcid_len, .number = number,
		.frames = frames, .n_frames = n_frames, .fill = 1200 };

	o->n = 0;
	qb_initial(o, &p);
}

#endif
