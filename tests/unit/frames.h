/* SPDX-License-Identifier: Apache-2.0 */
/* frames - builds Ethernet/IP/TCP/UDP frames for tests; checksums are left zero. */
#ifndef TESTS_FRAMES_H
#define TESTS_FRAMES_H

#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include "capture/source.h"
#include "core/addr.h"

struct built {
	uint8_t b[2048];
	size_t len;
};

static inline void
put(struct built *f, const void *p, size_t n)
{
	memcpy(f->b + f->len, p, n);
	f->len += n;
}

static inline void
put_be(struct built *f, uint64_t v, unsigned width)
{
	while (width-- > 0)
		f->b[f->len++] = (uint8_t)(v >> (8 * width));
}

/* "00 11 2233": spaces are for the reader. */
static inline void
put_hex(struct built *f, const char *hex)
{
	unsigned v;

	for (; *hex != '\0'; hex += hex[0] == ' ' ? 1 : 2)
		if (hex[0] != ' ' && sscanf(hex, "%2x", &v) == 1)
			f->b[f->len++] = (uint8_t)v;
}

struct five {
	const char *src, *dst;
	uint16_t sport, dport;
	uint8_t proto, flags;
	uint32_t seq, ack;
	const char *payload;
	size_t payload_len;		/* 0: strlen(payload) */
};

/* From the IP header on. */
static inline void
put_ip(struct built *f, const struct five *t)
{
	size_t plen = t->payload_len > 0 ? t->payload_len : t->payload != NULL ? strlen(t->payload) : 0;
	size_t l4 = (t->proto == 6 ? 20 : 8) + plen;
	struct addr src, dst;

	addr_parse(t->src, strlen(t->src), &src);
	addr_parse(t->dst, strlen(t->dst), &dst);
	if (addr_is_v4(&src)) {
		put_be(f, 0x4500, 2);			/* version 4, 5 words, no service */
		put_be(f, 20 + l4, 2);			/* total length */
		put_be(f, 0, 4);			/* identification, flags */
		put_be(f, 0x40, 1);			/* time to live */
		put_be(f, t->proto, 1);
		put_be(f, 0, 2);			/* checksum */
		put(f, src.b + 12, 4);
		put(f, dst.b + 12, 4);
	} else {
		put_be(f, 0x60000000, 4);
		put_be(f, l4, 2);
		put_be(f, t->proto, 1);
		put_be(f, 0x40, 1);
		put(f, src.b, 16);
		put(f, dst.b, 16);
	}
	put_be(f, t->sport, 2);
	put_be(f, t->dport, 2);
	if (t->proto == 6) {
		put_be(f, t->seq, 4);
		put_be(f, t->ack, 4);
		put_be(f, 0x50, 1);			/* 5 words */
		put_be(f, t->flags, 1);
		put_be(f, 0xffff, 2);			/* window */
		put_be(f, 0, 4);			/* checksum, urgent */
	} else {
		put_be(f, l4, 2);
		put_be(f, 0, 2);
	}
	if (plen > 0)
		put(f, t->payload, plen);
}

static inline void
put_ether(struct built *f, uint16_t type)
{
	put_hex(f, "020000000001 020000000002");
	put_be(f, type, 2);
}

static inline struct frame
frame_of(const struct built *f, int linktype)
{
	return (struct frame){ .ts_ns = 1, .number = 1, .caplen = (uint32_t)f->len, .wirelen = (uint32_t)f->len,
		.linktype = linktype, .data = f->b };
}

#endif
