/* SPDX-License-Identifier: Apache-2.0 */
/* quic_packet - versions, headers, protection and frames of QUIC's first packets. */
#include "dissectors/quic_packet.h"

enum { LONG = 0x80, FIXED = 0x40, PN_MAX = 4 };

/* Initial salts: RFC 9001 section 5.2, RFC 9369 section 3.3.1, and the drafts before them. */
static const uint8_t salt_v1[QUIC_SALT] = {
	0x38, 0x76, 0x2c, 0xf7, 0xf5, 0x59, 0x34, 0xb3, 0x4d, 0x17,
	0x9a, 0xe6, 0xa4, 0xc8, 0x0c, 0xad, 0xcc, 0xbb, 0x7f, 0x0a,
};
static const uint8_t salt_v2[QUIC_SALT] = {
	0x0d, 0xed, 0xe3, 0xde, 0xf7, 0x00, 0xa6, 0xdb, 0x81, 0x93,
	0x81, 0xbe, 0x6e, 0x26, 0x9d, 0xcb, 0xf9, 0xbd, 0x2e, 0xd9,
};
static const uint8_t salt_29[QUIC_SALT] = {
	0xaf, 0xbf, 0xec, 0x28, 0x99, 0x93, 0xd2, 0x4c, 0x9e, 0x97,
	0x86, 0xf1, 0x9c, 0x61, 0x11, 0xe0, 0x43, 0x90, 0xa8, 0x99,
};
static const uint8_t salt_23[QUIC_SALT] = {
	0xc3, 0xee, 0xf7, 0x12, 0xc7, 0x2e, 0xbb, 0x5a, 0x11, 0xa7,
	0xd2, 0x43, 0x2b, 0xb4, 0x63, 0x65, 0xbe, 0xf9, 0xf5, 0x02,
};
static const uint8_t salt_22[QUIC_SALT] = {
	0x7f, 0xbc, 0xdb, 0x0e, 0x7c, 0x66, 0xbb, 0xe9, 0x19, 0x3a,
	0x96, 0xcd, 0x21, 0x51, 0x9e, 0xbd, 0x7a, 0x02, 0x64, 0x4a,
};
static const uint8_t salt_q50[QUIC_SALT] = {
	0x50, 0x45, 0x74, 0xef, 0xd0, 0x66, 0xfe, 0x2f, 0x9d, 0x94,
	0x5c, 0xfc, 0xdb, 0xd3, 0xa7, 0xf0, 0xd3, 0xb5, 0x6b, 0x45,
};
static const uint8_t salt_t50[QUIC_SALT] = {
	0x7f, 0xf5, 0x79, 0xe5, 0xac, 0xd0, 0x72, 0x91, 0x55, 0x80,
	0x30, 0x4c, 0x43, 0xa2, 0x36, 0x7c, 0x60, 0x48, 0x83, 0x10,
};
static const uint8_t salt_t51[QUIC_SALT] = {
	0x7a, 0x4e, 0xde, 0xf4, 0xe7, 0xcc, 0xee, 0x5f, 0xa4, 0x50,
	0x6c, 0x19, 0x12, 0x4f, 0xc8, 0xcc, 0xda, 0x6e, 0x03, 0x3d,
};

enum { PLAIN, V2, GOOGLE };

#define VERSION(number, salt, kind) { number, salt, (kind) == V2, (kind) == GOOGLE }

static const struct quic_version versions[] = {
	VERSION(0x00000001, salt_v1, PLAIN),
	VERSION(0x6b3343cf, salt_v2, V2),
	VERSION(0xff000022, salt_v1, PLAIN),	/* draft 34 */
	VERSION(0xff000021, salt_v1, PLAIN),
	VERSION(0xff000020, salt_29, PLAIN),	/* draft 32 */
	VERSION(0xff00001f, salt_29, PLAIN),
	VERSION(0xff00001e, salt_29, PLAIN),
	VERSION(0xff00001d, salt_29, PLAIN),
	VERSION(0xff00001c, salt_23, PLAIN),	/* draft 28 */
	VERSION(0xff00001b, salt_23, PLAIN),
	VERSION(0xff00001a, salt_23, PLAIN),
	VERSION(0xff000019, salt_23, PLAIN),
	VERSION(0xff000018, salt_23, PLAIN),
	VERSION(0xff000017, salt_23, PLAIN),
	VERSION(0xff000016, salt_22, PLAIN),	/* draft 22 */
	VERSION(0xfaceb001, salt_22, PLAIN),	/* mvfst */
	VERSION(0xfaceb002, salt_23, PLAIN),
	VERSION(0xfaceb00e, salt_23, PLAIN),
	VERSION(QUIC_Q050, salt_q50, GOOGLE),
	VERSION(0x54303530, salt_t50, GOOGLE),	/* T050, T051 */
	VERSION(0x54303531, salt_t51, GOOGLE),
};

const struct quic_version *
quic_version(uint32_t number)
{
	for (unsigned i = 0; i < sizeof versions / sizeof versions[0]; i++)
		if (versions[i].number == number)
			return &versions[i];
	return NULL;
}

/* RFC 9369 section 3.2 turned the types round by one. */
static enum quic_type
type_of(uint8_t first, const struct quic_version *v)
{
	unsigned type = first >> 4 & 3;

	return (enum quic_type)(v != NULL && v->v2 ? (type + 3) % 4 : type);
}

static struct span
upto(const struct rd *from, const struct rd *to)
{
	struct rd r = rd_fork(from);

	return rd_span(&r, rd_left(from) - rd_left(to));
}

enum rd_state
quic_packet_read(struct rd *r, struct quic_packet *p)
{
	struct rd start = rd_fork(r);
	uint8_t first = rd_u8(r), len;
	uint64_t length;

	*p = (struct quic_packet){ .number_version = rd_u32(r) };
	if (rd_ok(r) && (first & LONG) == 0)
		rd_fail(r, RD_BAD);
	len = rd_u8(r);
	if (len > QUIC_CID_MAX)
		rd_fail(r, RD_BAD);
	p->dcid = rd_span(r, len);
	len = rd_u8(r);
	if (len > QUIC_CID_MAX)
		rd_fail(r, RD_BAD);
	p->scid = rd_span(r, len);
	if (!rd_ok(r))
		return rd_state(r);
	p->version = quic_version(p->number_version);
	p->type = p->number_version == 0 ? QUIC_NEGOTIATION : type_of(first, p->version);
	if (p->version != NULL && (first & FIXED) == 0)
		rd_fail(r, RD_BAD);
	if (p->type >= QUIC_RETRY || p->version == NULL) {
		p->body = rd_span(r, rd_left(r));	/* to the end of the datagram, whatever it is */
		return rd_state(r);
	}
	if (p->type == QUIC_INITIAL)
		rd_skip(r, rd_varint(r));	/* token */
	length = rd_varint(r);
	p->header = upto(&start, r);
	p->body = rd_span(r, length);
	return rd_state(r);
}

size_t
quic_packet_open(struct crypto *c, const struct quic_packet *p, const struct quic_keys *k,
    uint8_t out[static QUIC_PAYLOAD_MAX])
{
	uint8_t header[QUIC_HEADER_MAX + PN_MAX], sample[QUIC_SAMPLE], mask[QUIC_MASK];
	struct rd h = rd_closed(p->header.p, p->header.len), body = rd_closed(p->body.p, p->body.len);
	struct rd look = rd_fork(&body);
	uint64_t number = 0;
	unsigned pn_len;

	/* As if the packet number took four bytes, whatever it takes (RFC 9001 section 5.4.2). */
	rd_skip(&look, PN_MAX);
	if (p->header.len > QUIC_HEADER_MAX || !rd_copy(&h, header, p->header.len) ||
	    !rd_copy(&look, sample, sizeof sample) || !crypto_quic_mask(c, k, sample, mask))
		return 0;
	header[0] ^= mask[0] & 0x0f;
	pn_len = (header[0] & 3u) + 1;
	for (unsigned i = 0; i < pn_len; i++) {
		header[p->header.len + i] = rd_u8(&body) ^ mask[1 + i];
		number = number << 8 | header[p->header.len + i];
	}
	if (!rd_ok(&body) || rd_left(&body) > QUIC_PAYLOAD_MAX)
		return 0;
	return crypto_quic_open(c, k, number, (struct span){ header, p->header.len + pn_len },
	    rd_span(&body, rd_left(&body)), out);
}

/* --- frames, RFC 9000 section 19 -------------------------------------------------- */

enum {
	FRAME_PADDING, FRAME_PING, FRAME_ACK, FRAME_ACK_ECN,
	FRAME_CRYPTO = 6,
	FRAME_CRYPTO_GOOGLE = 8,
	FRAME_CLOSE = 0x1c, FRAME_CLOSE_APP,
};

static void
skip_ack(struct rd *r, bool ecn)
{
	uint64_t ranges;

	rd_varint(r);
	rd_varint(r);
	ranges = rd_varint(r);
	rd_varint(r);
	while (ranges-- > 0 && rd_ok(r)) {
		rd_varint(r);
		rd_varint(r);
	}
	for (unsigned i = 0; ecn && i < 3; i++)
		rd_varint(r);
}

bool
quic_next_crypto(struct rd *r, bool google, struct quic_piece *piece)
{
	while (rd_more(r)) {
		uint64_t type = rd_varint(r);

		if (google && type == FRAME_CRYPTO_GOOGLE)
			type = FRAME_CRYPTO;
		switch (type) {
		case FRAME_PADDING:
			rd_skip_run(r, FRAME_PADDING);
			break;
		case FRAME_PING:
			break;
		case FRAME_ACK: case FRAME_ACK_ECN:
			skip_ack(r, type == FRAME_ACK_ECN);
			break;
		case FRAME_CRYPTO:
			piece->offset = rd_varint(r);
			piece->bytes = rd_span(r, rd_varint(r));
			return rd_ok(r);
		case FRAME_CLOSE: case FRAME_CLOSE_APP:
			rd_varint(r);
			if (type == FRAME_CLOSE)
				rd_varint(r);
			rd_skip(r, rd_varint(r));
			break;
		default:
			rd_fail(r, RD_BAD);
		}
	}
	return false;
}
