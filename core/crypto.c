/* SPDX-License-Identifier: Apache-2.0 */
/* crypto - digests and X.509 certificates (RFC 5280) by libcrypto. */
#include "core/crypto.h"

#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <openssl/bio.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/x509.h>
#include <openssl/x509v3.h>

enum { DIGESTS_N = DIGEST_SHA256 + 1 };

struct crypto {
	EVP_MD *md[DIGESTS_N];	/* owned */
	EVP_MD_CTX *ctx;	/* owned */
	EVP_CIPHER *gcm, *ecb;	/* owned */
	EVP_CIPHER_CTX *cipher;	/* owned */
	BIO *text;		/* owned; where names are printed */
	struct known *known;	/* owned; KNOWN_CERTS of them, made when the first certificate comes */
};

/* Few servers speak to many clients: what libcrypto said of a certificate is remembered by its digest. */
enum { KNOWN_CERTS = 128 };

struct known {
	uint8_t sha256[DIGEST_MAX];
	bool set, good;
	struct cert cert;
};

static const struct {
	const char *name;
	size_t len;
} digests[DIGESTS_N] = {
	[DIGEST_MD5] = { "MD5", 16 },
	[DIGEST_SHA1] = { "SHA1", 20 },
	[DIGEST_SHA256] = { "SHA256", 32 },
};

struct crypto *
crypto_new(struct err *err)
{
	struct crypto *c = calloc(1, sizeof *c);

	if (c == NULL)
		goto fail;
	for (unsigned i = 0; i < DIGESTS_N; i++) {
		c->md[i] = EVP_MD_fetch(NULL, digests[i].name, NULL);
		if (c->md[i] == NULL) {
			err_set(err, "libcrypto offers no %s (is it in FIPS mode?)", digests[i].name);
			goto out;
		}
	}
	c->ctx = EVP_MD_CTX_new();
	c->text = BIO_new(BIO_s_mem());
	c->gcm = EVP_CIPHER_fetch(NULL, "AES-128-GCM", NULL);
	c->ecb = EVP_CIPHER_fetch(NULL, "AES-128-ECB", NULL);
	c->cipher = EVP_CIPHER_CTX_new();
	if (c->gcm == NULL || c->ecb == NULL) {
		err_set(err, "libcrypto offers no AES-128");
		goto out;
	}
	if (c->ctx != NULL && c->text != NULL && c->cipher != NULL)
		return c;
fail:
	err_set(err, "libcrypto: out of memory");
out:
	ERR_clear_error();
	crypto_free(&c);
	return NULL;
}

void
crypto_free(struct crypto **cp)
{
	struct crypto *c = *cp;

	if (c == NULL)
		return;
	for (unsigned i = 0; i < DIGESTS_N; i++)
		EVP_MD_free(c->md[i]);
	EVP_MD_CTX_free(c->ctx);
	EVP_CIPHER_CTX_free(c->cipher);
	EVP_CIPHER_free(c->gcm);
	EVP_CIPHER_free(c->ecb);
	BIO_free(c->text);
	free(c->known);
	free(c);
	*cp = NULL;
}

/* --- digests --------------------------------------------------------------- */

size_t
crypto_digest(struct crypto *c, enum digest kind, struct span data, uint8_t out[static DIGEST_MAX])
{
	const void *p = data.len > 0 ? data.p : (const void *)"";

	/* Only memory can fail here; zeros are recognisably no digest of anything. */
	if (EVP_DigestInit_ex2(c->ctx, c->md[kind], NULL) != 1 ||
	    EVP_DigestUpdate(c->ctx, p, data.len) != 1 ||
	    EVP_DigestFinal_ex(c->ctx, out, NULL) != 1) {
		ERR_clear_error();
		memset(out, 0, digests[kind].len);
	}
	return digests[kind].len;
}

/* out has room for 2 * len + 1. */
static void
hex(const uint8_t *data, size_t len, const char *digits, char *out)
{
	for (size_t i = 0; i < len; i++) {
		*out++ = digits[data[i] >> 4];
		*out++ = digits[data[i] & 15];
	}
	*out = '\0';
}

static const char lower[] = "0123456789abcdef", upper[] = "0123456789ABCDEF";

void
crypto_digest_hex(struct crypto *c, enum digest kind, struct span data, char out[static 2 * DIGEST_MAX + 1])
{
	uint8_t raw[DIGEST_MAX];
	size_t n = crypto_digest(c, kind, data, raw);

	hex(raw, n, lower, out);
}

/* --- HMAC and QUIC ----------------------------------------------------------- */

enum { HMAC_BLOCK = 64 };

void
crypto_hmac(struct crypto *c, struct span key, struct span data, uint8_t out[static DIGEST_MAX])
{
	uint8_t inner[HMAC_BLOCK + CRYPTO_HMAC_MAX], outer[HMAC_BLOCK + DIGEST_MAX];
	struct rd k = rd_closed(key.p, key.len), d = rd_closed(data.p, data.len);
	uint8_t block[HMAC_BLOCK] = { 0 };

	rd_copy(&k, block, key.len < HMAC_BLOCK ? key.len : HMAC_BLOCK);
	for (unsigned i = 0; i < HMAC_BLOCK; i++) {
		inner[i] = block[i] ^ 0x36;
		outer[i] = block[i] ^ 0x5c;
	}
	if (data.len > CRYPTO_HMAC_MAX)
		data.len = CRYPTO_HMAC_MAX;
	rd_copy(&d, inner + HMAC_BLOCK, data.len);
	crypto_digest(c, DIGEST_SHA256, (struct span){ inner, HMAC_BLOCK + data.len }, outer + HMAC_BLOCK);
	crypto_digest(c, DIGEST_SHA256, (struct span){ outer, sizeof outer }, out);
}

/* HKDF-Expand-Label of RFC 8446 section 7.1 with an empty context, for at most 32 bytes. */
static void
expand_label(struct crypto *c, const uint8_t secret[static DIGEST_MAX], const char *label, uint8_t *out, size_t len)
{
	uint8_t info[64], block[DIGEST_MAX];
	size_t n = strlen(label), at = 0;

	info[at++] = 0;
	info[at++] = (uint8_t)len;
	info[at++] = (uint8_t)(6 + n);
	memcpy(info + at, "tls13 ", 6);
	memcpy(info + at + 6, label, n);
	at += 6 + n;
	info[at++] = 0;
	info[at++] = 1;		/* of HKDF-Expand: the first block is all that is needed */
	crypto_hmac(c, (struct span){ secret, DIGEST_MAX }, (struct span){ info, at }, block);
	memcpy(out, block, len);
}

void
crypto_quic_keys(struct crypto *c, const uint8_t salt[static QUIC_SALT], bool v2, bool server, struct span dcid,
    struct quic_keys *k)
{
	uint8_t initial[DIGEST_MAX], secret[DIGEST_MAX];

	crypto_hmac(c, (struct span){ salt, QUIC_SALT }, dcid, initial);
	expand_label(c, initial, server ? "server in" : "client in", secret, sizeof secret);
	expand_label(c, secret, v2 ? "quicv2 key" : "quic key", k->key, sizeof k->key);
	expand_label(c, secret, v2 ? "quicv2 iv" : "quic iv", k->iv, sizeof k->iv);
	expand_label(c, secret, v2 ? "quicv2 hp" : "quic hp", k->hp, sizeof k->hp);
}

bool
crypto_quic_mask(struct crypto *c, const struct quic_keys *k, const uint8_t sample[static QUIC_SAMPLE],
    uint8_t mask[static QUIC_MASK])
{
	uint8_t block[QUIC_SAMPLE + 16];
	int n = 0;

	if (EVP_EncryptInit_ex2(c->cipher, c->ecb, k->hp, NULL, NULL) != 1 ||
	    EVP_CIPHER_CTX_set_padding(c->cipher, 0) != 1 ||
	    EVP_EncryptUpdate(c->cipher, block, &n, sample, QUIC_SAMPLE) != 1 || n < QUIC_MASK)
		return false;
	memcpy(mask, block, QUIC_MASK);
	return true;
}

size_t
crypto_quic_open(struct crypto *c, const struct quic_keys *k, uint64_t number, struct span header, struct span sealed,
    uint8_t *out)
{
	uint8_t nonce[sizeof k->iv], tag[QUIC_TAG];
	struct rd r = rd_closed(sealed.p, sealed.len);
	size_t len = sealed.len >= QUIC_TAG ? sealed.len - QUIC_TAG : 0;
	int n = 0, rest = 0;

	rd_skip(&r, len);
	if (len == 0 || len > INT_MAX || header.len > INT_MAX || !rd_copy(&r, tag, sizeof tag))
		return 0;
	memcpy(nonce, k->iv, sizeof nonce);
	for (unsigned i = 0; i < 8; i++)
		nonce[sizeof nonce - 1 - i] ^= (uint8_t)(number >> 8 * i);
	if (EVP_DecryptInit_ex2(c->cipher, c->gcm, k->key, nonce, NULL) != 1 ||
	    EVP_DecryptUpdate(c->cipher, NULL, &n, header.p, (int)header.len) != 1 ||
	    EVP_DecryptUpdate(c->cipher, out, &n, sealed.p, (int)len) != 1 ||
	    EVP_CIPHER_CTX_ctrl(c->cipher, EVP_CTRL_AEAD_SET_TAG, QUIC_TAG, tag) != 1 ||
	    EVP_DecryptFinal_ex(c->cipher, out + n, &rest) != 1) {
		ERR_clear_error();
		return 0;
	}
	return len;
}

/* --- digests in pieces ------------------------------------------------------ */

struct crypto_sum {
	EVP_MD_CTX *ctx;	/* owned */
	bool failed;
};

struct crypto_sum *
crypto_sum_new(void)
{
	struct crypto_sum *s = calloc(1, sizeof *s);

	if (s != NULL && (s->ctx = EVP_MD_CTX_new()) == NULL)
		crypto_sum_free(&s);
	return s;
}

void
crypto_sum_free(struct crypto_sum **s)
{
	if (*s != NULL)
		EVP_MD_CTX_free((*s)->ctx);
	free(*s);
	*s = NULL;
}

void
crypto_sum_begin(struct crypto *c, struct crypto_sum *s)
{
	s->failed = EVP_DigestInit_ex2(s->ctx, c->md[DIGEST_SHA256], NULL) != 1;
}

void
crypto_sum_add(struct crypto_sum *s, struct span data)
{
	if (data.len > 0)
		s->failed |= EVP_DigestUpdate(s->ctx, data.p, data.len) != 1;
}

void
crypto_sum_end(struct crypto_sum *s, char out[static 2 * DIGEST_MAX + 1])
{
	uint8_t raw[EVP_MAX_MD_SIZE];
	unsigned n = 0;

	if (EVP_DigestFinal_ex(s->ctx, raw, &n) != 1 || s->failed)
		n = 0;
	hex(raw, n, lower, out);
}

/* --- certificates ---------------------------------------------------------- */

/* A cut falls between two characters of UTF-8, never inside one. */
static void
text_cut(char out[static CERT_TEXT_MAX], const void *text, size_t len)
{
	const uint8_t *p = text;
	size_t n = len;

	if (n > CERT_TEXT_MAX - 1)
		for (n = CERT_TEXT_MAX - 1; n > 0 && (p[n] & 0xc0) == 0x80; n--)
			;
	if (n > 0)
		memcpy(out, p, n);
	out[n] = '\0';
}

static bool
name_text(struct crypto *c, const X509_NAME *name, char out[static CERT_TEXT_MAX])
{
	char *text = NULL;
	long len;

	(void)BIO_reset(c->text);
	if (X509_NAME_print_ex(c->text, name, 0, XN_FLAG_RFC2253 & ~(unsigned long)ASN1_STRFLGS_ESC_MSB) < 0)
		return false;
	len = BIO_get_mem_data(c->text, &text);
	text_cut(out, text, len > 0 ? (size_t)len : 0);
	return true;
}

/* The last, that is the most specific one.  One with a NUL inside is a lie and stays empty. */
static void
common_name(const X509_NAME *name, char out[static CERT_TEXT_MAX])
{
	unsigned char *utf8 = NULL;
	int at = -1, last = -1, len;

	while ((at = X509_NAME_get_index_by_NID(name, NID_commonName, at)) >= 0)
		last = at;
	if (last < 0)
		return;
	len = ASN1_STRING_to_UTF8(&utf8, X509_NAME_ENTRY_get_data(X509_NAME_get_entry(name, last)));
	if (len > 0 && memchr(utf8, 0, (size_t)len) == NULL)
		text_cut(out, utf8, (size_t)len);
	OPENSSL_free(utf8);
}

static void
serial(const ASN1_INTEGER *number, struct cert *out)
{
	size_t len = (size_t)ASN1_STRING_length(number), max = (sizeof out->serial - 2) / 2;
	char *at = out->serial;

	if (ASN1_STRING_type(number) == V_ASN1_NEG_INTEGER)
		*at++ = '-';
	hex(ASN1_STRING_get0_data(number), len < max ? len : max, upper, at);
}

static bool
instant(const ASN1_TIME *t, int64_t *out)
{
	struct tm tm = { 0 };

	if (ASN1_TIME_to_tm(t, &tm) != 1)
		return false;
	*out = timegm(&tm);
	return true;
}

/* A dNSName is an IA5String of printable characters; a name cut to fit would be another name. */
static bool
san_keep(struct cert *out, const ASN1_STRING *name)
{
	const unsigned char *p = ASN1_STRING_get0_data(name);
	size_t len = (size_t)ASN1_STRING_length(name);

	if (len == 0 || len >= CERT_TEXT_MAX || out->n_sans == CERT_SANS_MAX)
		return false;
	for (size_t i = 0; i < len; i++)
		if (p[i] <= ' ' || p[i] >= 0x7f)
			return false;
	memcpy(out->sans[out->n_sans], p, len);
	out->sans[out->n_sans++][len] = '\0';
	return true;
}

static void
alternative_names(const X509 *x, struct cert *out)
{
	GENERAL_NAMES *names = X509_get_ext_d2i(x, NID_subject_alt_name, NULL, NULL);

	for (int i = 0; i < sk_GENERAL_NAME_num(names); i++) {
		const GENERAL_NAME *n = sk_GENERAL_NAME_value(names, i);

		if (n->type == GEN_DNS && !san_keep(out, n->d.dNSName))
			out->more_sans++;
	}
	GENERAL_NAMES_free(names);
}

static bool
fill(struct crypto *c, const X509 *x, struct cert *out)
{
	if (!name_text(c, X509_get_subject_name(x), out->subject) ||
	    !name_text(c, X509_get_issuer_name(x), out->issuer) ||
	    !instant(X509_get0_notBefore(x), &out->not_before) ||
	    !instant(X509_get0_notAfter(x), &out->not_after))
		return false;
	common_name(X509_get_subject_name(x), out->common_name);
	serial(X509_get0_serialNumber(x), out);
	alternative_names(x, out);
	return true;
}

static bool
parse(struct crypto *c, struct span der, struct cert *out)
{
	const unsigned char *p = der.p;
	X509 *x = der.len > 0 && der.len <= INT32_MAX ? d2i_X509(NULL, &p, (long)der.len) : NULL;
	bool ok = false;

	*out = (struct cert){ 0 };
	if (x != NULL && p == der.p + der.len)
		ok = fill(c, x, out);
	X509_free(x);
	ERR_clear_error();
	return ok;
}

bool
crypto_cert(struct crypto *c, struct span der, struct cert *out)
{
	uint8_t digest[DIGEST_MAX];
	struct known *k;
	bool ok;

	if (c->known == NULL)
		c->known = calloc(KNOWN_CERTS, sizeof *c->known);
	crypto_digest(c, DIGEST_SHA256, der, digest);
	k = c->known != NULL ? &c->known[digest[0] % KNOWN_CERTS] : NULL;
	if (k != NULL && k->set && memcmp(k->sha256, digest, DIGEST_MAX) == 0) {
		*out = k->cert;
		return k->good;
	}
	ok = parse(c, der, out);
	if (ok)
		hex(digest, DIGEST_MAX, upper, out->sha256);
	if (k != NULL) {
		memcpy(k->sha256, digest, DIGEST_MAX);
		k->set = true;
		k->good = ok;
		k->cert = *out;
	}
	return ok;
}
