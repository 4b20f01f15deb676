/* SPDX-License-Identifier: Apache-2.0 */
/*
 * hash - SipHash-1-3 (Aumasson and Bernstein, 2012) for whatever a stranger
 * can choose: five-tuples, host names.  The key is random on a live network
 * and fixed for files, so that offline runs are reproducible.
 */
#ifndef CORE_HASH_H
#define CORE_HASH_H

#include <stddef.h>
#include <stdint.h>
#include <string.h>

struct hash_key {
	uint64_t k0, k1;
};

#define HASH_KEY_FIXED ((struct hash_key){ 0x74656c6c74616c65ull, 0x6b6579666978656full })

/* len bytes at data; no alignment needed. */
static inline uint64_t
hash_bytes(const struct hash_key *key, const void *data, size_t len)
{
#define SIP_ROTL(x, b) (((x) << (b)) | ((x) >> (64 - (b))))
#define SIP_ROUND()                                                            \
	do {                                                                   \
		v0 += v1; v1 = SIP_ROTL(v1, 13); v1 ^= v0; v0 = SIP_ROTL(v0, 32); \
		v2 += v3; v3 = SIP_ROTL(v3, 16); v3 ^= v2;                      \
		v0 += v3; v3 = SIP_ROTL(v3, 21); v3 ^= v0;                      \
		v2 += v1; v1 = SIP_ROTL(v1, 17); v1 ^= v2; v2 = SIP_ROTL(v2, 32); \
	} while (0)
	const uint8_t *p = data;
	uint64_t v0 = key->k0 ^ 0x736f6d6570736575ull, v1 = key->k1 ^ 0x646f72616e646f6dull;
	uint64_t v2 = key->k0 ^ 0x6c7967656e657261ull, v3 = key->k1 ^ 0x7465646279746573ull;
	uint64_t last = (uint64_t)len << 56, m;

	for (; len >= 8; p += 8, len -= 8) {
		memcpy(&m, p, 8);
		v3 ^= m;
		SIP_ROUND();
		v0 ^= m;
	}
	m = 0;
	if (len > 0)
		memcpy(&m, p, len);
	last |= m;
	v3 ^= last;
	SIP_ROUND();
	v0 ^= last;
	v2 ^= 0xff;
	SIP_ROUND();
	SIP_ROUND();
	SIP_ROUND();
	return v0 ^ v1 ^ v2 ^ v3;
#undef SIP_ROUND
#undef SIP_ROTL
}

#endif
