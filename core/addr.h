/* SPDX-License-Identifier: Apache-2.0 */
/*
 * addr - an IPv4 or IPv6 address, a prefix, a five-tuple.
 *
 * IPv4 is held as an IPv4-mapped IPv6 address (RFC 4291 section 2.5.5.2), so
 * that one key and one comparison serve both families.
 */
#ifndef CORE_ADDR_H
#define CORE_ADDR_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

enum side { FROM_CLIENT, FROM_SERVER };

struct addr {
	uint8_t b[16];
};

/* Addresses that share their first bits bits; an IPv4 /24 has bits 120. */
struct prefix {
	struct addr addr;
	unsigned bits;
};

enum { ADDR_STR_MAX = 46, PREFIX_STR_MAX = 50 };

/* a: 4 bytes in network order. */
static inline struct addr
addr_v4(const uint8_t *a)
{
	struct addr r = { { [10] = 0xff, [11] = 0xff } };

	memcpy(r.b + 12, a, 4);
	return r;
}

/* a: 16 bytes in network order. */
static inline struct addr
addr_v6(const uint8_t *a)
{
	struct addr r;

	memcpy(r.b, a, 16);
	return r;
}

static inline bool
addr_is_v4(const struct addr *a)
{
	static const uint8_t mapped[12] = { [10] = 0xff, [11] = 0xff };

	return memcmp(a->b, mapped, 12) == 0;
}

/* As memcmp(3) orders the bytes; every packet is compared, and a call costs more than this. */
static inline int
addr_cmp(const struct addr *a, const struct addr *b)
{
	uint64_t x, y;

	memcpy(&x, a->b, 8);
	memcpy(&y, b->b, 8);
	if (x == y) {
		memcpy(&x, a->b + 8, 8);
		memcpy(&y, b->b + 8, 8);
	}
#if __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__
	x = __builtin_bswap64(x);
	y = __builtin_bswap64(y);
#endif
	return (x > y) - (x < y);
}

static inline bool addr_eq(const struct addr *a, const struct addr *b) { return addr_cmp(a, b) == 0; }

/* Text of an address (RFC 5952), always terminated; returns out. */
const char *addr_str(const struct addr *, char out[static ADDR_STR_MAX]);

/* IPv4 or IPv6 text of len bytes; false when it is neither.  "[::1]" is accepted. */
bool addr_parse(const char *text, size_t len, struct addr *);

/* "192.0.2.0/24", "2001:db8::/32", or a bare address; host bits must be zero.  -1 when it is not that. */
int prefix_parse(const char *text, struct prefix *);
bool prefix_has(const struct prefix *, const struct addr *);

/*
 * Not a destination on the Internet: private, loopback, link-local, shared,
 * multicast, unspecified, reserved (RFC 6890).  Documentation ranges count as
 * public here: no network uses them but tests and manuals.
 */
bool addr_is_private(const struct addr *);

#endif
