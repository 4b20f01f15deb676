/* SPDX-License-Identifier: Apache-2.0 */
/* hello_build - writes TLS messages and records (RFC 8446 sections 4 and 5.1) for the tests. */
#ifndef TESTS_HELLO_BUILD_H
#define TESTS_HELLO_BUILD_H

#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <setjmp.h>
#include <cmocka.h>

#include "core/rd.h"

#define UNUSED __attribute__((unused))

struct bytes {
	size_t n;
	uint8_t b[80000];
};

UNUSED static void
put(struct bytes *o, const void *data, size_t n)
{
	assert_true(n <= sizeof o->b - o->n);
	if (n > 0)
		memcpy(o->b + o->n, data, n);
	o->n += n;
}

UNUSED static void
put_int(struct bytes *o, uint64_t v, unsigned width)
{
	while (width-- > 0) {
		uint8_t b = (uint8_t)(v >> 8 * width);

		put(o, &b, 1);
	}
}

/* A vector begins; what it returns goes to vec_end(). */
UNUSED static size_t
vec_begin(struct bytes *o, unsigned width)
{
	put_int(o, 0, width);
	return o->n;
}

UNUSED static void
vec_end(struct bytes *o, size_t at, unsigned width)
{
	size_t len = o->n - at;

	for (unsigned i = 1; i <= width; i++, len >>= 8)
		o->b[at - i] = (uint8_t)len;
}

UNUSED static void
put_vec(struct bytes *o, unsigned width, const void *data, size_t n)
{
	put_int(o, n, width);
	put(o, data, n);
}

UNUSED static void
put_list16(struct bytes *o, unsigned width, const uint16_t *v, size_t n)
{
	put_int(o, 2 * n, width);
	for (size_t i = 0; i < n; i++)
		put_int(o, v[i], 2);
}

/* What a ClientHello says; a list stands before its number of entries. */
struct hello_spec {
	uint16_t version;		/* legacy_version */
	uint8_t session_id_len;		/* bytes 0xa0, 0xa1, ... */
	const uint16_t *ciphers;
	size_t n_ciphers;
	const uint16_t *types;		/* extensions, in that order */
	size_t n_types;
	const char *sni;
	const char *alpn[4];
	const uint16_t *versions;
	size_t n_versions;
	const uint16_t *groups;
	size_t n_groups;
	const uint16_t *sigalgs;
	size_t n_sigalgs;
	uint8_t more_point_formats;	/* 0 to 2: compressed ones */
};

UNUSED static void
put_extension(struct bytes *o, const struct hello_spec *h, uint16_t type)
{
	size_t ext, list;

	put_int(o, type, 2);
	ext = vec_begin(o, 2);
	switch (type) {
	case 0:				/* server_name: list of (host_name, name) */
		list = vec_begin(o, 2);
		put_int(o, 0, 1);
		put_vec(o, 2, h->sni, strlen(h->sni));
		vec_end(o, list, 2);
		break;
	case 10:			/* supported_groups */
		put_list16(o, 2, h->groups, h->n_groups);
		break;
	case 11:			/* ec_point_formats: uncompressed and those asked for */
		put_vec(o, 1, "\0\1\2", 1 + (size_t)h->more_point_formats);
		break;
	case 13:			/* signature_algorithms */
		put_list16(o, 2, h->sigalgs, h->n_sigalgs);
		break;
	case 16:			/* application_layer_protocol_negotiation */
		list = vec_begin(o, 2);
		for (size_t i = 0; i < 4 && h->alpn[i] != NULL; i++)
			put_vec(o, 1, h->alpn[i], strlen(h->alpn[i]));
		vec_end(o, list, 2);
		break;
	case 43:			/* supported_versions */
		put_list16(o, 1, h->versions, h->n_versions);
		break;
	}
	vec_end(o, ext, 2);
}

/* The body of a ClientHello. */
UNUSED static void
put_client_hello(struct bytes *o, const struct hello_spec *h)
{
	size_t list;

	put_int(o, h->version, 2);
	for (unsigned i = 0; i < 32; i++)	/* random */
		put_int(o, i, 1);
	put_int(o, h->session_id_len, 1);
	for (unsigned i = 0; i < h->session_id_len; i++)
		put_int(o, 0xa0 + i, 1);
	put_list16(o, 2, h->ciphers, h->n_ciphers);
	put_vec(o, 1, "", 1);			/* compression: null */
	if (h->n_types == 0)
		return;
	list = vec_begin(o, 2);
	for (size_t i = 0; i < h->n_types; i++)
		put_extension(o, h, h->types[i]);
	vec_end(o, list, 2);
}

/* A handshake message around its body. */
UNUSED static void
put_message(struct bytes *o, uint8_t type, const void *body, size_t n)
{
	put_int(o, type, 1);
	put_vec(o, 3, body, n);
}

/* data as records of type, at most max bytes each. */
UNUSED static void
put_records(struct bytes *o, uint8_t type, const void *data, size_t n, size_t max)
{
	const uint8_t *p = data;

	while (n > 0) {
		size_t part = n < max ? n : max;

		put_int(o, type, 1);
		put_int(o, 0x0303, 2);
		put_vec(o, 2, p, part);
		p += part;
		n -= part;
	}
}

#endif
