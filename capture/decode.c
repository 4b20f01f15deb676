/* SPDX-License-Identifier: Apache-2.0 */
/* decode - from a frame to a packet: RFC 791, 8200, 9293, 768, IEEE 802.1Q, LINUX_SLL, LINUX_SLL2. */
#include "capture/decode.h"

/* DLT_ values, which are the same as LINKTYPE_ ones but for raw IP. */
enum {
	LINK_NULL = 0, LINK_ETHERNET = 1, LINK_RAW = 12, LINK_RAW_BSD = 14, LINK_RAW_FILE = 101, LINK_LOOP = 108,
	LINK_SLL = 113, LINK_IPV4 = 228, LINK_IPV6 = 229, LINK_SLL2 = 276,
};

enum {
	ETHER_IPV4 = 0x0800, ETHER_IPV6 = 0x86dd, ETHER_VLAN = 0x8100, ETHER_QINQ = 0x88a8, ETHER_QINQ_OLD = 0x9100,
	IP6_HOP = 0, IP6_ROUTING = 43, IP6_FRAGMENT = 44, IP6_AUTH = 51, IP6_DEST = 60, IP6_MOBILITY = 135,
	IP6_HIP = 139, IP6_SHIM6 = 140,
	TAGS_MAX = 16,			/* stacked tags; more is nobody's network */
	EXTENSIONS_MAX = 32,		/* extension headers a packet */
};

const char *
decode_name(enum decode d)
{
	static const char *const names[DECODES_N] = {
		"ok", "not_ip", "not_transport", "fragment", "short", "malformed", "linktype",
	};

	return names[d];
}

bool
decode_knows(int linktype)
{
	switch (linktype) {
	case LINK_NULL: case LINK_ETHERNET: case LINK_RAW: case LINK_RAW_BSD: case LINK_RAW_FILE:
	case LINK_LOOP: case LINK_SLL: case LINK_IPV4: case LINK_IPV6: case LINK_SLL2:
		return true;
	}
	return false;
}

static enum decode
failed(const struct rd *r)
{
	return rd_state(r) == RD_SHORT ? DECODE_SHORT : DECODE_BAD;
}

/* IEEE 802.1Q: tags until something else; pkt keeps the outer and the inner id. */
static uint16_t
skip_tags(struct rd *r, uint16_t type, struct packet *pkt)
{
	for (unsigned i = 0; i < TAGS_MAX; i++) {
		if (type != ETHER_VLAN && type != ETHER_QINQ && type != ETHER_QINQ_OLD)
			break;
		pkt->vlan[i > 0] = rd_u16(r) & 0xfff;
		type = rd_u16(r);
	}
	return type;
}

static uint16_t
version_type(const struct rd *r)
{
	struct rd look = rd_fork(r);

	switch (rd_u8(&look) >> 4) {
	case 4:
		return ETHER_IPV4;
	case 6:
		return ETHER_IPV6;
	}
	return 0;
}

/* The address family of the capturing system, in its byte order: 2 is IPv4, and IPv6 has a number a system. */
static uint16_t
family_type(uint32_t family)
{
	if (family > 0xffff)
		family = __builtin_bswap32(family);
	if (family == 2)
		return ETHER_IPV4;
	return family == 10 || family == 24 || family == 28 || family == 30 ? ETHER_IPV6 : 0;
}

/* Consumes the link header; answers the EtherType of what follows, 0 for what has none. */
static uint16_t
link_header(int linktype, struct rd *r, struct packet *pkt)
{
	uint16_t type;

	switch (linktype) {
	case LINK_ETHERNET:
		rd_skip(r, 12);
		return skip_tags(r, rd_u16(r), pkt);
	case LINK_NULL:
	case LINK_LOOP:
		return family_type(rd_u32(r));
	case LINK_SLL:
		rd_skip(r, 14);
		return skip_tags(r, rd_u16(r), pkt);
	case LINK_SLL2:
		type = rd_u16(r);
		rd_skip(r, 18);
		return skip_tags(r, type, pkt);
	}
	return version_type(r);
}

static enum decode
tcp(struct rd *r, struct packet *pkt, uint32_t left)
{
	unsigned words;

	pkt->sport = rd_u16(r);
	pkt->dport = rd_u16(r);
	pkt->tcp_seq = rd_u32(r);
	pkt->tcp_ack = rd_u32(r);
	words = rd_u8(r) >> 4;
	pkt->tcp_flags = rd_u8(r);
	rd_skip(r, 6);			/* window, checksum, urgent pointer */
	if (!rd_ok(r))
		return failed(r);
	if (words < 5 || words * 4 > left)
		return DECODE_BAD;
	rd_skip(r, words * 4 - 20);
	pkt->payload_len = left - words * 4;
	return rd_ok(r) ? DECODE_OK : failed(r);
}

static enum decode
udp(struct rd *r, struct packet *pkt, uint32_t left)
{
	uint16_t len;

	pkt->sport = rd_u16(r);
	pkt->dport = rd_u16(r);
	len = rd_u16(r);
	rd_skip(r, 2);			/* checksum */
	if (!rd_ok(r))
		return failed(r);
	if (len == 0)			/* RFC 2675: a jumbogram */
		pkt->payload_len = left - 8;
	else if (len < 8)
		return DECODE_BAD;
	else
		pkt->payload_len = (len < left || pkt->snapped ? len : left) - 8;
	return DECODE_OK;
}

/* left: bytes of the datagram on the wire from here on; r runs over those that were captured. */
static enum decode
transport(struct rd *r, struct packet *pkt, uint32_t left)
{
	enum decode d;
	size_t here;

	if (pkt->proto != IP_TCP && pkt->proto != IP_UDP)
		return DECODE_NOT_TRANSPORT;
	if (left < (pkt->proto == IP_TCP ? 20 : 8))
		return DECODE_BAD;
	d = pkt->proto == IP_TCP ? tcp(r, pkt, left) : udp(r, pkt, left);
	if (d != DECODE_OK)
		return d;
	here = rd_left(r) < pkt->payload_len ? rd_left(r) : pkt->payload_len;
	pkt->snapped |= here < pkt->payload_len;
	pkt->payload = rd_span(r, here);
	return DECODE_OK;
}

/*
 * A reader over the datagram.  wire: its length by its own header; a capture
 * that holds less was snapped, and what follows the datagram is padding.
 */
static struct rd
datagram(const struct rd *r, struct packet *pkt, uint32_t wire)
{
	struct rd look = rd_fork(r);
	size_t here = rd_left(r);

	pkt->ip_len = wire;
	pkt->ip = rd_span(&look, here < wire ? here : wire);
	return here < wire ? rd_open(pkt->ip.p, pkt->ip.len) : rd_closed(pkt->ip.p, pkt->ip.len);
}

static enum decode
ipv4(struct rd *frame, struct packet *pkt)
{
	struct rd look = rd_fork(frame), r;
	unsigned ihl = rd_u8(&look);
	uint16_t total, fragment;
	struct span src, dst;

	rd_skip(&look, 1);		/* type of service */
	total = rd_u16(&look);
	if (!rd_ok(&look))
		return failed(&look);
	if (ihl >> 4 != 4 || (ihl & 15) < 5)
		return DECODE_BAD;
	ihl = (ihl & 15) * 4;
	/* Segmentation offload leaves 0 in frames that were captured before the card cut them. */
	if (total == 0)
		total = (uint16_t)(rd_left(frame) < 65535 ? rd_left(frame) : 65535);
	if (total < ihl)
		return DECODE_BAD;
	r = datagram(frame, pkt, total);
	rd_skip(&r, 6);			/* version to identification */
	fragment = rd_u16(&r);
	rd_skip(&r, 1);			/* time to live */
	pkt->proto = rd_u8(&r);
	rd_skip(&r, 2);			/* checksum */
	src = rd_span(&r, 4);
	dst = rd_span(&r, 4);
	rd_skip(&r, ihl - 20);
	if (!rd_ok(&r))
		return failed(&r);
	pkt->src = addr_v4(src.p);
	pkt->dst = addr_v4(dst.p);
	if ((fragment & 0x1fff) != 0)
		return DECODE_FRAGMENT;
	pkt->snapped = (fragment & 0x2000) != 0;	/* the rest is in other frames */
	return transport(&r, pkt, total - ihl);
}

/* RFC 8200 section 4: headers until a transport; answers how many bytes they took, or a verdict in *d. */
static uint32_t
ipv6_extensions(struct rd *r, struct packet *pkt, uint8_t next, enum decode *d)
{
	uint32_t took = 0;

	for (unsigned i = 0; i < EXTENSIONS_MAX; i++) {
		uint32_t len;
		uint16_t fragment;
		uint8_t type = next;

		switch (type) {
		case IP6_HOP: case IP6_ROUTING: case IP6_DEST: case IP6_MOBILITY: case IP6_HIP: case IP6_SHIM6:
			next = rd_u8(r);
			len = (rd_u8(r) + 1u) * 8;
			rd_skip(r, len - 2);
			break;
		case IP6_AUTH:		/* RFC 4302: counts words, less two */
			next = rd_u8(r);
			len = (rd_u8(r) + 2u) * 4;
			rd_skip(r, len - 2);
			break;
		case IP6_FRAGMENT:
			next = rd_u8(r);
			rd_skip(r, 1);
			fragment = rd_u16(r);
			if ((fragment & 0xfff8) != 0 && rd_ok(r))
				*d = DECODE_FRAGMENT;
			pkt->snapped |= (fragment & 1) != 0;
			rd_skip(r, 4);
			len = 8;
			break;
		default:
			pkt->proto = next;
			return took;
		}
		if (!rd_ok(r))
			*d = failed(r);
		if (*d != DECODE_OK)
			return 0;
		took += len;
	}
	*d = DECODE_BAD;
	return 0;
}

static enum decode
ipv6(struct rd *frame, struct packet *pkt)
{
	struct rd look = rd_fork(frame), r;
	uint32_t first = rd_u32(&look), took;
	uint16_t length = rd_u16(&look);
	enum decode d = DECODE_OK;
	struct span src, dst;
	uint32_t wire;
	uint8_t next;

	if (!rd_ok(&look))
		return failed(&look);
	if (first >> 28 != 6)
		return DECODE_BAD;
	wire = length > 0 ? length + 40u : (uint32_t)rd_left(frame);
	r = datagram(frame, pkt, wire);
	rd_skip(&r, 6);			/* version to payload length */
	next = rd_u8(&r);
	rd_skip(&r, 1);			/* hop limit */
	src = rd_span(&r, 16);
	dst = rd_span(&r, 16);
	if (!rd_ok(&r))
		return failed(&r);
	pkt->src = addr_v6(src.p);
	pkt->dst = addr_v6(dst.p);
	took = ipv6_extensions(&r, pkt, next, &d);
	if (d != DECODE_OK)
		return d;
	if (took > wire - 40)
		return DECODE_BAD;
	return transport(&r, pkt, wire - 40 - took);
}

enum decode
decode(const struct frame *frame, struct packet *pkt)
{
	struct rd r = rd_open(frame->data, frame->caplen);
	uint16_t type;

	*pkt = (struct packet){ .ts_ns = frame->ts_ns, .number = frame->number };
	if (!decode_knows(frame->linktype))
		return DECODE_LINKTYPE;
	type = link_header(frame->linktype, &r, pkt);
	if (!rd_ok(&r))
		return failed(&r);
	if (type == ETHER_IPV4)
		return ipv4(&r, pkt);
	return type == ETHER_IPV6 ? ipv6(&r, pkt) : DECODE_NOT_IP;
}
