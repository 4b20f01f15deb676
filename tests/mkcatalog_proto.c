/* SPDX-License-Identifier: Apache-2.0 */
/* mkcatalog_proto - the shortest conversations of protocols that vendors made for themselves (see dissectors/). */
#include <stdlib.h>

#include "mkcatalog.h"

/* What the sides say, in turn, beginning with the client unless it is silent. */
struct proto {
	const char *name;
	uint8_t proto;
	uint16_t port;
	bool server_first;
	const char *client, *server;	/* hexadecimal */
	unsigned noise[2];		/* bytes above 0x7f after each */
};

static const struct proto protos[] = {
	/* "NOSA", length, version 1, type, zero, topics, flag, checksum; then tag, length of id, sequence, id. */
	{ "nosa", 6, 80, false,
		"4e4f5341 0028 01 01 0000 01 01 a1b2c3d4  425245 10 00000007 00112233445566778899aabbccddeeff",
		"4e4f5341 0010 01 02 0000 00 00 a1b2c3d4", { 0, 0 } },
	/* type, id, one digest, SHA-1, version 3, application, GUID, caller, digest; id, one answer, verdict. */
	{ "fls", 17, 4447, false,
		"00 01020304 01 00 03 0a 00112233445566778899aabbccddeeff 01  000102030405060708090a0b0c0d0e0f10111213",
		"01020304 01 01 00", { 0, 0 } },
	{ "fls", 6, 4448, false,
		"00 01020304 01 00 03 0a 00112233445566778899aabbccddeeff 01  000102030405060708090a0b0c0d0e0f10111213",
		"01020304 01 01 00", { 0, 0 } },
	/* "!001!#AES:" or "#AES:" and blocks of 16 bytes; over TCP after their length. */
	{ "ossec", 6, 1514, false, "3a000000 2130303121 234145533a", "35000000 234145533a", { 48, 48 } },
	{ "ossec", 17, 1514, false, "2130303121 234145533a", "234145533a", { 48, 48 } },
	/* Client magic, key, nonce, sealed question; resolver magic, nonce, sealed answer. */
	{ "dnscrypt", 17, 443, false, "b1b2b3b4b5b6b7b8", "7236666e76576a38", { 512, 256 } },
	/* Over TCP the side that can be told by its bytes is the server, too. */
	{ "dnscrypt", 6, 443, false, "0200 b1b2b3b4b5b6b7b8", "0108 7236666e76576a38", { 504, 256 } },
	{ "drwcs", 6, 2193, true, "302050524f544f434f4c203220330a",
		"302050524f544f434f4c20322033204147454e542c434f4e534f4c452c494e5354414c4c0a", { 0, 0 } },
	{ "fgd", 17, 8888, false, "696b726f", "6b6f774f", { 60, 32 } },
};

static void
message(struct built *b, const char *hex, unsigned noise)
{
	*b = (struct built){ .len = 0 };
	put_hex(b, hex);
	for (unsigned i = 0; i < noise; i++)
		put_be(b, 0x80 | (i * 37 + 11), 1);
}

static void
converse(struct wire *w, const struct ends *e, const struct proto *p)
{
	struct built say[2];
	struct talk t;

	message(&say[0], p->client, p->noise[0]);
	message(&say[1], p->server, p->noise[1]);
	if (e->proto == 17) {
		wire_datagram(w, e, false, say[0].b, say[0].len);
		wire_datagram(w, e, true, say[1].b, say[1].len);
		return;
	}
	talk_begin(&t, w, e);
	for (unsigned i = 0; i < 2; i++) {
		bool server = (i == 0) == p->server_first;

		talk_say(&t, server, say[server].b, say[server].len);
	}
	talk_end(&t);
}

bool
maker_protocol(struct maker *m, enum crowd crowd, const char *expect, const struct signal *s, const struct example *x)
{
	bool known = false;

	for (size_t i = 0; i < sizeof protos / sizeof *protos; i++) {
		const struct proto *p = &protos[i];
		struct ends e;

		if (strcmp(p->name, s->protocol) != 0 || (s->transport != 0 && s->transport != p->proto))
			continue;
		maker_ends(m, crowd, p->proto, s->port != 0 ? s->port : p->port, &e);
		/* Nothing in it names the server: DNS did before. */
		if (x->host[0] != '\0')
			maker_lookup(m, crowd, EXPECT_CONTEXT, s, x->host, e.server);
		converse(&m->wire, &e, p);
		maker_truth(m, &e, p->name, expect, s, span_str(x->host), NULL);
		known = true;
	}
	return known;
}
