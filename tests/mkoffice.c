/* SPDX-License-Identifier: Apache-2.0 */
/*
 * mkoffice - writes tests/golden/office/in.pcap: a small office of which some hosts run security products.
 *
 * usage: mkoffice FILE
 *
 * Everything in it is made here: real DNS, TLS and HTTP bytes, invented bodies.  Host names are those of the
 * catalogue; addresses are documentation ranges and three that the test databases (mkmmdb) know.
 */
#include <stdlib.h>

#include "unit/frames.h"

struct talk {
	const char *client, *server;
	uint16_t cport, sport;
	uint32_t seq[2];		/* next of client, server */
};

static FILE *out;
static uint64_t now_us = 1764064800ull * 1000000;	/* 2025-11-25 10:00:00 UTC */

static void
put_le(FILE *f, uint32_t v, unsigned width)
{
	for (unsigned i = 0; i < width; i++)
		fputc((int)(v >> 8 * i & 0xff), f);
}

static void
frame_out(const struct five *t)
{
	struct built f = { .len = 0 };

	put_ether(&f, strchr(t->src, ':') != NULL ? 0x86dd : 0x0800);
	put_ip(&f, t);
	put_le(out, (uint32_t)(now_us / 1000000), 4);
	put_le(out, (uint32_t)(now_us % 1000000), 4);
	put_le(out, (uint32_t)f.len, 4);
	put_le(out, (uint32_t)f.len, 4);
	fwrite(f.b, 1, f.len, out);
	now_us += 300;
}

static void
segment(struct talk *t, int from_server, uint8_t flags, const void *data, size_t len)
{
	struct five f = { .src = from_server ? t->server : t->client, .dst = from_server ? t->client : t->server,
		.sport = from_server ? t->sport : t->cport, .dport = from_server ? t->cport : t->sport, .proto = 6,
		.flags = flags, .seq = t->seq[from_server], .ack = t->seq[!from_server], .payload = data,
		.payload_len = len };

	frame_out(&f);
	t->seq[from_server] += (uint32_t)len + ((flags & 3) != 0);	/* SYN and FIN count */
}

static struct talk
begin(const char *client, uint16_t cport, const char *server, uint16_t sport)
{
	struct talk t = { client, server, cport, sport, { 1000u * cport, 77u * cport } };

	segment(&t, 0, 0x02, NULL, 0);
	segment(&t, 1, 0x12, NULL, 0);
	segment(&t, 0, 0x10, NULL, 0);
	return t;
}

static void
say(struct talk *t, int from_server, const void *data, size_t len)
{
	const char *p = data;

	while (len > 0) {
		size_t n = len < 1400 ? len : 1400;

		segment(t, from_server, 0x18, p, n);
		p += n;
		len -= n;
	}
	segment(t, !from_server, 0x10, NULL, 0);
}

static void
end(struct talk *t)
{
	segment(t, 0, 0x11, NULL, 0);
	segment(t, 1, 0x11, NULL, 0);
	segment(t, 0, 0x10, NULL, 0);
	now_us += 2000000;
}

/* --- DNS ------------------------------------------------------------------- */

static void
put_name(struct built *b, const char *name)
{
	while (*name != '\0') {
		size_t n = strcspn(name, ".");

		put_be(b, n, 1);
		put(b, name, n);
		name += n + (name[n] == '.');
	}
	put_be(b, 0, 1);
}

/* A question for an A record and its answer; address NULL: NXDOMAIN. */
static void
resolve(const char *client, uint16_t port, const char *name, const char *address)
{
	struct built q = { .len = 0 }, a = { .len = 0 };
	struct five f = { client, "10.20.0.1", port, 53, 17, 0, 0, 0, (const char *)q.b, 0 };
	struct addr ip;

	put_be(&q, port ^ 0x5a5a, 2);			/* id */
	put_be(&q, 0x0100, 2);				/* recursion desired */
	put_be(&q, 1, 2);
	put_be(&q, 0, 6);
	put_name(&q, name);
	put_be(&q, 1, 2);				/* A */
	put_be(&q, 1, 2);				/* IN */
	f.payload_len = q.len;
	frame_out(&f);
	a = q;
	a.b[2] = 0x81;
	a.b[3] = address != NULL ? 0x80 : 0x83;
	if (address != NULL) {
		addr_parse(address, strlen(address), &ip);
		a.b[7] = 1;				/* one answer */
		put_hex(&a, "c00c 0001 0001 0000012c 0004");
		put(&a, ip.b + 12, 4);
	}
	f = (struct five){ "10.20.0.1", client, 53, port, 17, 0, 0, 0, (const char *)a.b, a.len };
	frame_out(&f);
}

/* --- TLS ------------------------------------------------------------------- */

static void
put_u16_at(struct built *b, size_t at, size_t v)
{
	b->b[at] = (uint8_t)(v >> 8);
	b->b[at + 1] = (uint8_t)v;
}

/* RFC 8446 section 4.1.2 in one record; sni NULL: none. */
static void
hello(struct talk *t, const char *sni)
{
	struct built b = { .len = 0 };
	size_t n = sni != NULL ? strlen(sni) : 0, ext;

	put_hex(&b, "16 0301 0000 01 000000 0303");
	for (unsigned i = 0; i < 32; i++)
		put_be(&b, (t->cport * 7u + i * 13u) & 0xff, 1);
	put_be(&b, 0, 1);				/* no session id */
	put_hex(&b, "0006 1301 1302 c02f 01 00");	/* suites, no compression */
	ext = b.len;
	put_be(&b, 0, 2);
	if (sni != NULL) {
		put_be(&b, 0, 2);
		put_be(&b, n + 5, 2);
		put_be(&b, n + 3, 2);
		put_be(&b, 0, 1);
		put_be(&b, n, 2);
		put(&b, sni, n);
	}
	put_hex(&b, "000a 0004 0002 001d");		/* groups: x25519 */
	put_hex(&b, "000d 0006 0004 0403 0804");	/* signature algorithms */
	put_hex(&b, "0010 000b 0009 08 687474702f312e31");	/* ALPN http/1.1 */
	put_hex(&b, "002b 0003 02 0304");		/* versions: 1.3 */
	put_u16_at(&b, ext, b.len - ext - 2);
	put_u16_at(&b, 3, b.len - 5);
	b.b[6] = 0;
	put_u16_at(&b, 7, b.len - 9);
	say(t, 0, b.b, b.len);
}

static void
server_hello(struct talk *t)
{
	struct built b = { .len = 0 };

	put_hex(&b, "16 0303 0000 02 000000 0303");
	for (unsigned i = 0; i < 32; i++)
		put_be(&b, (t->cport * 3u + i * 29u) & 0xff, 1);
	put_hex(&b, "00 1301 00 0006 002b 0002 0304");
	put_u16_at(&b, 3, b.len - 5);
	put_u16_at(&b, 7, b.len - 9);
	put_hex(&b, "14 0303 0001 01");			/* change cipher spec */
	say(t, 1, b.b, b.len);
}

/* Encrypted records of so many bytes, whose contents are noise. */
static void
encrypted(struct talk *t, int from_server, size_t len)
{
	static uint8_t noise[65536];
	uint32_t x = t->cport;

	for (size_t at = 0; at < len; at += 1200) {
		noise[0] = 23;
		noise[1] = noise[2] = 3;
		noise[3] = 1195 >> 8;
		noise[4] = 1195 & 0xff;
		for (unsigned i = 5; i < 1200; i++)
			noise[i] = (uint8_t)((x = x * 1664525 + 1013904223) >> 24);
		say(t, from_server, noise, 1200);
	}
}

static void
tls(const char *client, uint16_t port, const char *server, const char *sni, size_t up, size_t down)
{
	struct talk t = begin(client, port, server, 443);

	hello(&t, sni);
	server_hello(&t);
	encrypted(&t, 0, up);
	encrypted(&t, 1, down);
	end(&t);
}

/* --- HTTP ------------------------------------------------------------------ */

static void
request(struct talk *t, const char *text)
{
	say(t, 0, text, strlen(text));
}

static void
respond(struct talk *t, const char *type, const char *magic, size_t len)
{
	static char body[65536];
	char head[256];

	memset(body, 0x5a, sizeof body);
	memcpy(body, magic, strlen(magic));
	snprintf(head, sizeof head, "HTTP/1.1 200 OK\r\nServer: nginx\r\nContent-Type: %s\r\nContent-Length: %zu\r\n\r\n",
	    type, len);
	say(t, 1, head, strlen(head));
	say(t, 1, body, len);
}

static void
office(void)
{
	struct talk t;

	/* A host that updates by address, without any name, in the clear. */
	t = begin("10.20.0.11", 49152, "94.75.236.123", 80);
	request(&t, "GET /updaters/updater.xml.dif HTTP/1.0\r\nHost: 94.75.236.123\r\nPragma: no-cache\r\n"
	    "Cache-Control: no-cache\r\nConnection: keep-alive\r\nUser-Agent: *B0cBAAQAexample\r\n\r\n");
	respond(&t, "application/octet-stream", "KLD2", 900);
	request(&t, "GET /index/u1313g.xml.klz HTTP/1.0\r\nHost: 94.75.236.123\r\nUser-Agent: *B0cBAAQAexample\r\n\r\n");
	respond(&t, "application/octet-stream", "KLZF", 5200);
	end(&t);
	/* The same product elsewhere: names by DNS, then TLS. */
	resolve("10.20.0.12", 50101, "s07.upd.kaspersky.com", "203.0.113.200");
	tls("10.20.0.12", 50102, "203.0.113.200", "s07.upd.kaspersky.com", 1200, 24000);
	/* Reputation traffic of another product. */
	resolve("10.20.0.13", 50201, "nimbus.bitdefender.net", "203.0.113.10");
	tls("10.20.0.13", 50202, "203.0.113.10", "nimbus.bitdefender.net", 2400, 2400);
	/* A mail gateway that fetches signatures. */
	resolve("10.20.0.25", 50301, "database.clamav.net", "203.0.113.20");
	t = begin("10.20.0.25", 50302, "203.0.113.20", 80);
	request(&t, "GET /daily-27100.cdiff HTTP/1.1\r\nHost: database.clamav.net\r\n"
	    "User-Agent: ClamAV/1.4.3 (OS: Linux, ARCH: x86_64, CPU: x86_64)\r\nConnection: close\r\n\r\n");
	respond(&t, "application/octet-stream", "ClamAV-Diff:27100:", 7000);
	end(&t);
	/* A definition check that the network refuses. */
	resolve("10.20.0.14", 50401, "update.eset.com", "198.51.100.40");
	t = begin("10.20.0.14", 50402, "198.51.100.40", 80);
	request(&t, "GET /eset_upd/ep10/update.ver HTTP/1.1\r\nHost: update.eset.com\r\nUser-Agent: EES Update "
	    "(Windows; U; 64bit; VDB 30000; BPC 10.0.2034.0)\r\n\r\n");
	say(&t, 1, "HTTP/1.1 403 Forbidden\r\nContent-Length: 0\r\n\r\n", 45);
	end(&t);
	/* People at work, who must not be reported: a web shop, a look-alike, a name in a path. */
	resolve("10.20.0.31", 50501, "shop.example.com", "198.51.100.80");
	tls("10.20.0.31", 50502, "198.51.100.80", "shop.example.com", 1200, 12000);
	tls("10.20.0.31", 50503, "198.51.100.81", "upd.kaspersky.com.evil.example", 1200, 1200);
	t = begin("10.20.0.31", 50504, "198.51.100.82", 80);
	request(&t, "GET /news/avast-norton-update.html HTTP/1.1\r\nHost: news.example.org\r\nUser-Agent: Mozilla/5.0\r\n\r\n");
	respond(&t, "text/html", "<html>", 3000);
	end(&t);
	resolve("10.20.0.31", 50505, "nosuch.example.com", NULL);
}

int
main(int argc, char **argv)
{
	out = argc == 2 ? fopen(argv[1], "wb") : NULL;
	if (out == NULL) {
		fprintf(stderr, "usage: mkoffice FILE\n");
		return 2;
	}
	put_le(out, 0xa1b2c3d4, 4);
	put_le(out, 0x00040002, 4);			/* version 2.4 */
	put_le(out, 0, 4);
	put_le(out, 0, 4);
	put_le(out, 65535, 4);
	put_le(out, 1, 4);				/* Ethernet */
	office();
	return fclose(out) == 0 ? 0 : 1;
}
