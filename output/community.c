/* SPDX-License-Identifier: Apache-2.0 */
/* community - Community ID v1 (https://github.com/corelight/community-id-spec), seed 0. */
#include "output/event.h"

/* RFC 4648 section 4: 20 bytes are 28 characters, the last of which is padding. */
static void
base64_sha1(const uint8_t in[static 20], char *out)
{
	static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

	for (unsigned i = 0; i < 20; i += 3) {
		uint32_t v = (uint32_t)in[i] << 16 | (uint32_t)in[i + 1] << 8 | (i + 2 < 20 ? in[i + 2] : 0);

		for (unsigned k = 0; k < 4; k++)
			*out++ = digits[v >> (18 - 6 * k) & 63];
	}
	out[-1] = '=';
	*out = '\0';
}

static size_t
put_port(uint8_t *out, uint16_t port)
{
	out[0] = (uint8_t)(port >> 8);
	out[1] = (uint8_t)port;
	return 2;
}

static size_t
put_addr(uint8_t *out, const struct addr *a, size_t len)
{
	memcpy(out, a->b + sizeof a->b - len, len);
	return len;
}

void
community_id(struct crypto *crypto, const struct event_flow *f, char out[static 32])
{
	int order = addr_cmp(&f->client, &f->server);
	bool client_first = order < 0 || (order == 0 && f->client_port <= f->server_port);
	size_t width = addr_is_v4(&f->client) && addr_is_v4(&f->server) ? 4 : 16;
	uint8_t tuple[2 + 2 * 16 + 2 + 4] = { 0 }, sum[DIGEST_MAX];
	size_t n = 2;

	n += put_addr(tuple + n, client_first ? &f->client : &f->server, width);
	n += put_addr(tuple + n, client_first ? &f->server : &f->client, width);
	tuple[n] = f->proto;
	n += 2;
	n += put_port(tuple + n, client_first ? f->client_port : f->server_port);
	n += put_port(tuple + n, client_first ? f->server_port : f->client_port);
	crypto_digest(crypto, DIGEST_SHA1, (struct span){ tuple, n }, sum);
	out[0] = '1';
	out[1] = ':';
	base64_sha1(sum, out + 2);
}
