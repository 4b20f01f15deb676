/* SPDX-License-Identifier: Apache-2.0 */
/*
 * rd - bounded reader over bytes that arrived from the network.
 *
 * A reader never owns its bytes and never reads past its end.  The first
 * failure is sticky: from then on every read yields zero and consumes nothing,
 * so a parser reads straight down the RFC and asks rd_state() once, at the
 * bottom.
 *
 * Two failures are told apart, as tcpdump does:
 *
 *	RD_SHORT   the capture or the stream ends here; more bytes may come
 *	RD_BAD     the bytes contradict themselves; more bytes will not help
 *
 * Running off an open reader (a stream still growing, a snapped packet) is
 * RD_SHORT.  Running off a closed one (a whole message, or the inside of a
 * length-prefixed vector) is RD_BAD.
 */
#ifndef CORE_RD_H
#define CORE_RD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

enum rd_state { RD_OK, RD_SHORT, RD_BAD };

/* Bytes borrowed from someone else; valid as long as theirs are. */
struct span {
	const uint8_t *p;
	size_t len;
};

struct rd {
	const uint8_t *p, *end;
	struct rd *up;		/* outer reader, told when this one fails */
	enum rd_state state;
	bool open;
};

/* data may be NULL when len is 0; p and end never are, for NULL + 0 is undefined. */
static inline struct rd
rd_closed(const void *data, size_t len)
{
	const uint8_t *p = len > 0 ? data : (const void *)"";

	return (struct rd){ .p = p, .end = p + len };
}

static inline struct rd
rd_open(const void *data, size_t len)
{
	struct rd r = rd_closed(data, len);

	r.open = true;
	return r;
}

static inline enum rd_state rd_state(const struct rd *r) { return r->state; }
static inline bool rd_ok(const struct rd *r) { return r->state == RD_OK; }
static inline size_t rd_left(const struct rd *r) { return (size_t)(r->end - r->p); }

/* Fail this reader and every reader it was cut from. */
static inline void
rd_fail(struct rd *r, enum rd_state why)
{
	for (; r != NULL && r->state == RD_OK; r = r->up) {
		r->state = why;
		r->p = r->end;
	}
}

/* The one bounds check.  Everything below goes through it. */
static inline const uint8_t *
rd_take(struct rd *r, size_t n)
{
	const uint8_t *p = r->p;

	if (n > rd_left(r)) {
		rd_fail(r, r->open ? RD_SHORT : RD_BAD);
		return NULL;
	}
	r->p += n;
	return p;
}

/* Big-endian unsigned integer of width 1 to 8 bytes. */
static inline uint64_t
rd_uint(struct rd *r, unsigned width)
{
	const uint8_t *p = rd_take(r, width);
	uint64_t v = 0;

	if (p != NULL)
		while (width-- > 0)
			v = v << 8 | *p++;
	return v;
}

static inline uint8_t rd_u8(struct rd *r) { return (uint8_t)rd_uint(r, 1); }
static inline uint16_t rd_u16(struct rd *r) { return (uint16_t)rd_uint(r, 2); }
static inline uint32_t rd_u24(struct rd *r) { return (uint32_t)rd_uint(r, 3); }
static inline uint32_t rd_u32(struct rd *r) { return (uint32_t)rd_uint(r, 4); }

static inline void rd_skip(struct rd *r, size_t n) { (void)rd_take(r, n); }

static inline struct span
rd_span(struct rd *r, size_t n)
{
	const uint8_t *p = rd_take(r, n);

	return p != NULL ? (struct span){ p, n } : (struct span){ 0 };
}

/* n bytes into out, which has room for them; false, and nothing written, when they are not there. */
static inline bool
rd_copy(struct rd *r, void *out, size_t n)
{
	const uint8_t *p = rd_take(r, n);

	if (p != NULL)
		memcpy(out, p, n);
	return p != NULL;
}

/*
 * n bytes into out, which has room for them, A-Z made lower case.  true when all
 * are letters, digits, hyphens or underscores, as those of nearly every host name
 * are; out is written even when they are not.
 */
static inline bool
rd_lower(struct rd *r, uint8_t *out, size_t n)
{
	const uint8_t *p = rd_take(r, n);
	unsigned odd = p == NULL;

	for (size_t i = 0; p != NULL && i < n; i++) {
		unsigned c = p[i], lower = c | (unsigned)(c - 'A' < 26u) << 5;

		out[i] = (uint8_t)lower;
		odd |= (lower - 'a' >= 26u) & (c - '0' >= 10u) & (c != '-') & (c != '_');
	}
	return odd == 0;
}

/*
 * Vector with a length prefix of the given width: TLS <0..2^16-1> is width 2.
 * The inner reader is closed, and its failure is also the outer one's.
 */
static inline struct rd
rd_vec(struct rd *r, unsigned width)
{
	struct span s = rd_span(r, rd_uint(r, width));
	struct rd in = rd_closed(s.p, s.len);

	in.up = r;
	in.state = r->state;
	return in;
}

/* Skips bytes that are c, as many as there are. */
static inline void
rd_skip_run(struct rd *r, uint8_t c)
{
	while (r->p != r->end && *r->p == c)
		r->p++;
}

/* More to read?  For "while (rd_more(&list))". */
static inline bool rd_more(const struct rd *r) { return r->p != r->end; }

/* Trailing bytes where the format allows none are a contradiction. */
static inline void
rd_finish(struct rd *r)
{
	if (rd_more(r))
		rd_fail(r, RD_BAD);
}

/* Little-endian, for the protocols that chose it. */
static inline uint32_t
rd_le(struct rd *r, unsigned width)
{
	const uint8_t *p = rd_take(r, width);
	uint32_t v = 0;

	if (p != NULL)
		while (width-- > 0)
			v = v << 8 | p[width];
	return v;
}

/* RFC 9000 section 16: the top two bits say 1, 2, 4 or 8 bytes. */
static inline uint64_t
rd_varint(struct rd *r)
{
	unsigned width = rd_more(r) ? 1u << (*r->p >> 6) : 1;
	uint64_t mask = (1ull << (8 * width - 2)) - 1;

	return rd_uint(r, width) & mask;
}

/* Text up to CRLF or LF, which is consumed and not returned. */
static inline struct span
rd_line(struct rd *r)
{
	const uint8_t *start = r->p;
	const uint8_t *lf = rd_more(r) ? memchr(start, '\n', rd_left(r)) : NULL;

	if (lf == NULL) {
		rd_fail(r, r->open ? RD_SHORT : RD_BAD);
		return (struct span){ 0 };
	}
	r->p = lf + 1;
	return (struct span){ start, (size_t)(lf - start) - (lf > start && lf[-1] == '\r') };
}

/* A look-ahead: same bytes, but its failure is nobody else's. */
static inline struct rd
rd_fork(const struct rd *r)
{
	struct rd look = *r;

	look.up = NULL;
	return look;
}

/* A reader of whole from offset on, for DNS compression pointers. */
static inline struct rd
rd_at(const struct rd *whole, size_t offset)
{
	struct rd in = rd_fork(whole);

	rd_skip(&in, offset);
	return in;
}

#endif
