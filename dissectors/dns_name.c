/* SPDX-License-Identifier: Apache-2.0 */
/* dns_name - compressed names of DNS messages, as text (RFC 1035 sections 4.1.4 and 5.1). */
#include "dissectors/dns_name.h"

enum {
	WIRE_NAME_MAX = DNS_NAME_TEXT_MAX / 4,	/* RFC 1035 section 2.3.4 */
	HOPS_MAX = 127,			/* a name has no more labels */
};

static size_t
put_byte(uint8_t *text, size_t n, uint8_t c)
{
	if (c >= 'A' && c <= 'Z') {
		c |= 0x20;
	} else if (c <= ' ' || c > '~') {
		text[n++] = '\\';
		text[n++] = (uint8_t)('0' + c / 100);
		text[n++] = (uint8_t)('0' + c / 10 % 10);
		c = (uint8_t)('0' + c % 10);
	} else if (c == '.' || c == '\\') {
		text[n++] = '\\';
	}
	text[n] = c;
	return n + 1;
}

static void
put_label(struct dns_name *out, struct rd *r, uint8_t len)
{
	struct rd again = rd_fork(r);
	size_t n = out->len;

	if (n > 0)
		out->text[n++] = '.';
	if (rd_lower(r, out->text + n, len))
		n += len;
	else if (rd_ok(r))
		for (unsigned i = 0; i < len; i++)
			n = put_byte(out->text, n, rd_u8(&again));
	out->len = n;
}

size_t
dns_offset(const struct rd *whole, const struct rd *r)
{
	return (size_t)(r->p - whole->p);
}

/*
 * RFC 1035 section 4.1.4.  A pointer must lead to before the name and, from
 * there, to before its own target, as resolvers demand: no loop can be built.
 */
void
dns_name_read(const struct rd *whole, struct rd *r, struct dns_name *out)
{
	size_t limit = dns_offset(whole, r), wire = 1, to;
	struct rd jump, *at = r;
	unsigned hops = 0;
	uint8_t len;

	out->len = 0;
	while ((len = rd_u8(at)) != 0) {
		if (len <= DNS_LABEL_MAX) {
			wire += len + 1u;
			if (wire > WIRE_NAME_MAX)
				rd_fail(at, RD_BAD);
			put_label(out, at, len);
			continue;
		}
		to = (size_t)(len & DNS_LABEL_MAX) << 8 | rd_u8(at);
		if (len < 0xc0 || to >= limit || to < DNS_HEADER_LEN || ++hops > HOPS_MAX)
			rd_fail(at, RD_BAD);
		if (!rd_ok(at))
			break;
		limit = to;
		jump = rd_at(whole, to);
		at = &jump;
	}
	if (!rd_ok(at)) {
		rd_fail(r, rd_state(at));
		out->len = 0;
	} else if (out->len == 0) {
		out->text[out->len++] = '.';
	}
}
