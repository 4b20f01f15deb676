/* SPDX-License-Identifier: Apache-2.0 */
/* addr - addresses and prefixes as text, and which of them are nobody's destination. */
#include "core/addr.h"

#include <arpa/inet.h>
#include <stdio.h>
#include <stdlib.h>

const char *
addr_str(const struct addr *a, char out[static ADDR_STR_MAX])
{
	bool v4 = addr_is_v4(a);

	if (inet_ntop(v4 ? AF_INET : AF_INET6, a->b + (v4 ? 12 : 0), out, ADDR_STR_MAX) == NULL)
		out[0] = '\0';
	return out;
}

bool
addr_parse(const char *text, size_t len, struct addr *out)
{
	char buf[ADDR_STR_MAX];
	uint8_t raw[16];

	if (len >= 2 && text[0] == '[' && text[len - 1] == ']') {
		text++;
		len -= 2;
	}
	if (len == 0 || len >= sizeof buf)
		return false;
	memcpy(buf, text, len);
	buf[len] = '\0';
	if (inet_pton(AF_INET, buf, raw) == 1)
		*out = addr_v4(raw);
	else if (inet_pton(AF_INET6, buf, raw) == 1)
		*out = addr_v6(raw);
	else
		return false;
	return true;
}

int
prefix_parse(const char *text, struct prefix *out)
{
	const char *slash = strchr(text, '/');
	size_t len = slash != NULL ? (size_t)(slash - text) : strlen(text);
	struct prefix p = { .bits = 128 };

	if (!addr_parse(text, len, &p.addr))
		return -1;
	if (slash != NULL) {
		char *end;
		unsigned long n = strtoul(slash + 1, &end, 10);
		unsigned max = addr_is_v4(&p.addr) ? 32 : 128;

		if (end == slash + 1 || *end != '\0' || n > max || slash[1] == '-' || slash[1] == '+')
			return -1;
		p.bits = (unsigned)n + 128 - max;
	}
	for (unsigned i = p.bits; i < 128; i++)
		if (p.addr.b[i / 8] & (0x80u >> (i % 8)))
			return -1;
	*out = p;
	return 0;
}

bool
prefix_has(const struct prefix *p, const struct addr *a)
{
	unsigned whole = p->bits / 8, rest = p->bits % 8;

	if (memcmp(p->addr.b, a->b, whole) != 0)
		return false;
	return rest == 0 || (uint8_t)((p->addr.b[whole] ^ a->b[whole]) >> (8 - rest)) == 0;
}

bool
addr_is_private(const struct addr *a)
{
	const uint8_t *b = a->b;

	if (addr_is_v4(a)) {
		b += 12;
		return b[0] == 0 || b[0] == 10 || b[0] == 127 || b[0] >= 224 ||
		    (b[0] == 100 && (b[1] & 0xc0) == 64) || (b[0] == 169 && b[1] == 254) ||
		    (b[0] == 172 && (b[1] & 0xf0) == 16) || (b[0] == 192 && b[1] == 168) ||
		    (b[0] == 192 && b[1] == 0 && b[2] == 0) || (b[0] == 198 && (b[1] & 0xfe) == 18);
	}
	if ((b[0] & 0xfe) == 0xfc || b[0] == 0xff || (b[0] == 0xfe && (b[1] & 0xc0) >= 0x80))
		return true;
	for (int i = 0; i < 15; i++)
		if (b[i] != 0)
			return false;
	return b[15] <= 1;		/* :: and ::1 */
}
