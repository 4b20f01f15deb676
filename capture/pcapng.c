/* SPDX-License-Identifier: Apache-2.0 */
/* pcapng - sections, interfaces and packets of draft-ietf-opsawg-pcapng. */
#include "capture/pcapng.h"

#include <stdlib.h>

enum {
	BLOCK_SECTION = 0x0a0d0d0a, BLOCK_INTERFACE = 1, BLOCK_PACKET = 2, BLOCK_SIMPLE = 3, BLOCK_ENHANCED = 6,
	BYTE_ORDER_MAGIC = 0x1a2b3c4d,
	OPT_END = 0, OPT_TSRESOL = 9, OPT_TSOFFSET = 14,
	HEAD = 8, TAIL = 4, SECTION_MIN = 28,
};

#define NS_PER_S 1000000000ull

static uint32_t
get32(const struct pcapng *ng, struct rd *r)
{
	return ng->little ? rd_le(r, 4) : rd_u32(r);
}

static uint16_t
get16(const struct pcapng *ng, struct rd *r)
{
	return (uint16_t)(ng->little ? rd_le(r, 2) : rd_u16(r));
}

void
pcapng_fini(struct pcapng *ng)
{
	free(ng->interfaces);
	*ng = (struct pcapng){ 0 };
}

/* Section 4.1: the byte order is only known once the magic was seen. */
static bool
section_begin(struct pcapng *ng, struct rd *r)
{
	struct rd look = rd_fork(r);
	uint32_t big;

	rd_skip(&look, 4);		/* block length, in an order not known yet */
	big = rd_u32(&look);
	if (big != BYTE_ORDER_MAGIC && big != 0x4d3c2b1a)
		return false;
	ng->little = big != BYTE_ORDER_MAGIC;
	ng->in_section = true;
	ng->n_interfaces = 0;
	return true;
}

static uint64_t
units_of(uint8_t resol)
{
	unsigned exp = resol & 0x7f;
	uint64_t u = 1;

	if (resol & 0x80)
		return exp < 63 ? 1ull << exp : 0;
	if (exp > 18)
		return 0;
	while (exp-- > 0)
		u *= 10;
	return u;
}

/* Section 4.2 and its options; an unknown resolution falls back to microseconds. */
static bool
interface_add(struct pcapng *ng, struct rd *body)
{
	struct pcapng_interface in = { .units = 1000000 };

	if (ng->n_interfaces >= PCAPNG_INTERFACES_MAX)
		return false;
	in.linktype = get16(ng, body);
	rd_skip(body, 2);		/* reserved */
	in.snaplen = get32(ng, body);
	while (rd_left(body) >= 4) {
		uint16_t code = get16(ng, body), len = get16(ng, body);
		struct span s = rd_span(body, len);
		struct rd value = rd_closed(s.p, s.len);
		size_t pad = (4u - len % 4u) % 4u;

		if (code == OPT_END)
			break;
		if (code == OPT_TSRESOL && len == 1)
			in.units = units_of(rd_u8(&value));
		else if (code == OPT_TSOFFSET && len == 8)
			in.offset_s = (int64_t)(ng->little ?
			    rd_le(&value, 4) | (uint64_t)rd_le(&value, 4) << 32 : rd_uint(&value, 8));
		rd_skip(body, pad < rd_left(body) ? pad : rd_left(body));
	}
	if (in.units == 0)
		in.units = 1000000;
	if (ng->n_interfaces == ng->cap_interfaces) {
		unsigned cap = ng->cap_interfaces > 0 ? 2 * ng->cap_interfaces : 8;
		struct pcapng_interface *more = realloc(ng->interfaces, cap * sizeof *more);

		if (more == NULL)
			return false;
		ng->interfaces = more;
		ng->cap_interfaces = cap;
	}
	ng->interfaces[ng->n_interfaces++] = in;
	return rd_ok(body);
}

static uint64_t
to_ns(const struct pcapng_interface *in, uint64_t ticks)
{
	uint64_t s = ticks / in->units, rest = ticks % in->units;
	uint64_t ns = in->units <= NS_PER_S ? rest * NS_PER_S / in->units :
	    (uint64_t)((double)rest * 1e9 / (double)in->units);

	return (s + (uint64_t)in->offset_s) * NS_PER_S + ns;
}

/* Sections 4.3 (enhanced), 4.4 (simple) and appendix A (the obsolete packet block). */
static bool
packet_read(struct pcapng *ng, uint32_t type, struct rd *body, struct pcapng_packet *pkt)
{
	uint32_t id = 0, caplen;
	uint64_t ticks = 0;
	const struct pcapng_interface *in;

	if (type == BLOCK_ENHANCED) {
		id = get32(ng, body);
	} else if (type == BLOCK_PACKET) {
		id = get16(ng, body);
		rd_skip(body, 2);	/* drops */
	}
	if (id >= ng->n_interfaces)
		return false;
	in = &ng->interfaces[id];
	if (type == BLOCK_SIMPLE) {
		pkt->wirelen = get32(ng, body);
		caplen = in->snaplen > 0 && pkt->wirelen > in->snaplen ? in->snaplen : pkt->wirelen;
		pkt->ts_ns = ng->last_ts_ns;
	} else {
		ticks = (uint64_t)get32(ng, body) << 32;
		ticks |= get32(ng, body);
		caplen = get32(ng, body);
		pkt->wirelen = get32(ng, body);
		pkt->ts_ns = ng->last_ts_ns = to_ns(in, ticks);
	}
	pkt->linktype = in->linktype;
	pkt->data = rd_span(body, caplen);
	return rd_ok(body);
}

static enum pcapng_status
bad(const char **why, const char *sentence)
{
	*why = sentence;
	return PCAPNG_BAD;
}

enum pcapng_status
pcapng_block(struct pcapng *ng, struct span bytes, size_t *size, size_t *need, struct pcapng_packet *pkt,
    const char **why)
{
	struct rd r = rd_open(bytes.p, bytes.len), body;
	uint32_t type, len;
	bool carries;

	*need = 12;
	if (bytes.len < *need)
		return PCAPNG_SHORT;
	type = rd_u32(&r);
	if (type == BLOCK_SECTION && !section_begin(ng, &r))
		return bad(why, "a section header with an unknown byte order");
	if (!ng->in_section)
		return bad(why, "a block outside of any section");
	if (type != BLOCK_SECTION && ng->little)
		type = __builtin_bswap32(type);
	len = get32(ng, &r);
	if (len < HEAD + TAIL || len % 4 != 0 || (type == BLOCK_SECTION && len < SECTION_MIN))
		return bad(why, "a block of impossible length");
	*size = len;
	carries = type == BLOCK_ENHANCED || type == BLOCK_PACKET || type == BLOCK_SIMPLE;
	if (!carries && type != BLOCK_INTERFACE)
		return PCAPNG_OTHER;
	if (len > PCAPNG_BLOCK_MAX)
		return bad(why, "a block of more than 16 MiB");
	*need = len;
	if (bytes.len < len)
		return PCAPNG_SHORT;
	body = rd_closed(bytes.p + HEAD, len - HEAD - TAIL);
	if (type == BLOCK_INTERFACE)
		return interface_add(ng, &body) ? PCAPNG_OTHER : bad(why, "a malformed interface description");
	if (!packet_read(ng, type, &body, pkt))
		return bad(why, "a malformed packet block");
	return PCAPNG_PACKET;
}
