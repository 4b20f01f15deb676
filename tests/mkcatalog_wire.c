/* SPDX-License-Identifier: Apache-2.0 */
/* mkcatalog_wire - frames of whole conversations: RFC 1035 (DNS), RFC 8446 (TLS), RFC 9112 (HTTP). */
#include "mkcatalog_wire.h"

#include <stdlib.h>

enum { MSS = 1400, BODY_LEN = 600 };

static void
put_le(FILE *f, uint32_t v, unsigned width)
{
	for (unsigned i = 0; i < width; i++)
		fputc((int)(v >> 8 * i & 0xff), f);
}

void
wire_open(struct wire *w, FILE *out)
{
	*w = (struct wire){ .out = out, .now_us = 1764064800ull * 1000000 };	/* 2025-11-25 10:00:00 UTC */
	put_le(out, 0xa1b2c3d4, 4);
	put_le(out, 0x00040002, 4);			/* version 2.4 */
	put_le(out, 0, 4);
	put_le(out, 0, 4);
	put_le(out, 65535, 4);
	put_le(out, 1, 4);				/* Ethernet */
}

static void
frame_out(struct wire *w, const struct five *t)
{
	struct built f = { .len = 0 };

	put_ether(&f, 0x0800);
	put_ip(&f, t);
	put_le(w->out, (uint32_t)(w->now_us / 1000000), 4);
	put_le(w->out, (uint32_t)(w->now_us % 1000000), 4);
	put_le(w->out, (uint32_t)f.len, 4);
	put_le(w->out, (uint32_t)f.len, 4);
	fwrite(f.b, 1, f.len, w->out);
	w->now_us += 50;
}

/* --- conversations ---------------------------------------------------------------- */

static struct five
direction(const struct ends *e, bool from_server, const void *data, size_t len)
{
	return (struct five){ .src = from_server ? e->server : e->client, .dst = from_server ? e->client : e->server,
		.sport = from_server ? e->sport : e->cport, .dport = from_server ? e->cport : e->sport,
		.proto = e->proto, .payload = data, .payload_len = len };
}

static void
segment(struct talk *t, bool from_server, uint8_t flags, const void *data, size_t len)
{
	struct five f = direction(t->ends, from_server, data, len);

	f.flags = flags;
	f.seq = t->seq[from_server];
	f.ack = t->seq[!from_server];
	frame_out(t->wire, &f);
	t->seq[from_server] += (uint32_t)len + ((flags & 3) != 0);	/* SYN and FIN count */
}

void
talk_begin(struct talk *t, struct wire *w, const struct ends *e)
{
	*t = (struct talk){ w, e, { 1000u * e->cport, 77u * e->cport } };
	segment(t, false, 0x02, NULL, 0);
	segment(t, true, 0x12, NULL, 0);
	segment(t, false, 0x10, NULL, 0);
}

void
talk_say(struct talk *t, bool from_server, const void *data, size_t len)
{
	const char *p = data;

	while (len > 0) {
		size_t n = len < MSS ? len : MSS;

		segment(t, from_server, 0x18, p, n);
		p += n;
		len -= n;
	}
	segment(t, !from_server, 0x10, NULL, 0);
}

void
talk_end(struct talk *t)
{
	segment(t, false, 0x11, NULL, 0);
	segment(t, true, 0x11, NULL, 0);
	segment(t, false, 0x10, NULL, 0);
}

void
wire_datagram(struct wire *w, const struct ends *e, bool from_server, const void *data, size_t len)
{
	struct five f = direction(e, from_server, data, len);

	frame_out(w, &f);
}

/* --- DNS -------------------------------------------------------------------------- */

void
dns_name(struct built *b, const char *name)
{
	while (*name != '\0') {
		size_t n = strcspn(name, ".");

		put_be(b, n, 1);
		put(b, name, n);
		name += n + (name[n] == '.');
	}
	put_be(b, 0, 1);
}

void
wire_dns(struct wire *w, const struct ends *e, const struct built *name, uint16_t type, const char *answer)
{
	struct built q = { .len = 0 };
	struct addr ip;

	put_be(&q, e->cport ^ 0x5a5a, 2);		/* id */
	put_be(&q, 0x0100, 2);				/* recursion desired */
	put_be(&q, 1, 2);
	put_be(&q, 0, 6);
	put(&q, name->b, name->len);
	put_be(&q, type, 2);
	put_be(&q, 1, 2);				/* IN */
	wire_datagram(w, e, false, q.b, q.len);
	q.b[2] = 0x81;
	q.b[3] = 0x80;
	q.b[7] = 1;					/* one answer */
	put_hex(&q, "c00c");				/* the name asked for */
	put_be(&q, type, 2);
	put_hex(&q, "0001 0000012c");			/* IN, 300 s */
	if (type == 1) {
		addr_parse(answer, strlen(answer), &ip);
		put_be(&q, 4, 2);
		put(&q, ip.b + 12, 4);
	} else {
		put_be(&q, strlen(answer) + 1, 2);
		put_be(&q, strlen(answer), 1);
		put(&q, answer, strlen(answer));
	}
	wire_datagram(w, e, true, q.b, q.len);
}

/* --- TLS -------------------------------------------------------------------------- */

static void
put_length(struct built *b, size_t at)
{
	size_t n = b->len - at - 2;

	b->b[at] = (uint8_t)(n >> 8);
	b->b[at + 1] = (uint8_t)n;
}

void
tls_hello(struct built *b, const char *sni, size_t len, const struct built *more)
{
	size_t start = b->len, ext;

	put_hex(b, "01 000000 0303");
	for (unsigned i = 0; i < 32; i++)
		put_be(b, i * 13 + len, 1);
	put_hex(b, "00 0006 1301 1302 c02f 01 00");	/* no session id, suites, no compression */
	ext = b->len;
	put_be(b, 0, 2);
	put_be(b, 0, 2);				/* server_name */
	put_be(b, len + 5, 2);
	put_be(b, len + 3, 2);
	put_be(b, 0, 1);
	put_be(b, len, 2);
	put(b, sni, len);
	put_hex(b, "000a 0004 0002 001d");		/* groups: x25519 */
	put_hex(b, "000d 0006 0004 0403 0804");		/* signature algorithms */
	put_hex(b, "002b 0003 02 0304");		/* versions: 1.3 */
	if (more != NULL)
		put(b, more->b, more->len);
	put_length(b, ext);
	put_length(b, start + 2);
}

static void
server_hello(struct talk *t)
{
	struct built b = { .len = 0 };

	put_hex(&b, "16 0303 0000 02 000000 0303");
	for (unsigned i = 0; i < 32; i++)
		put_be(&b, i * 29, 1);
	put_hex(&b, "00 1301 00 0006 002b 0002 0304");
	put_length(&b, 3);
	put_length(&b, 7);
	put_hex(&b, "14 0303 0001 01");			/* change cipher spec */
	talk_say(t, true, b.b, b.len);
}

/* A record whose contents are noise. */
static void
encrypted(struct talk *t, bool from_server)
{
	struct built b = { .len = 0 };

	put_hex(&b, "17 0303 0100");
	for (unsigned i = 0; i < 256; i++)
		put_be(&b, i * 167 + 13, 1);
	talk_say(t, from_server, b.b, b.len);
}

void
wire_tls(struct wire *w, const struct ends *e, const char *sni, size_t len)
{
	struct built hello = { .len = 0 }, record = { .len = 0 };
	struct talk t;

	tls_hello(&hello, sni, len, NULL);
	put_hex(&record, "16 0301");
	put_be(&record, hello.len, 2);
	put(&record, hello.b, hello.len);
	talk_begin(&t, w, e);
	talk_say(&t, false, record.b, record.len);
	server_hello(&t);
	encrypted(&t, false);
	encrypted(&t, true);
	talk_end(&t);
}

/* --- HTTP ------------------------------------------------------------------------- */

void
wire_http(struct wire *w, const struct ends *e, const struct built *request, const void *body, size_t len)
{
	char head[128];
	struct built b = { .len = 0 };
	struct talk t;

	talk_begin(&t, w, e);
	talk_say(&t, false, request->b, request->len);
	snprintf(head, sizeof head, "HTTP/1.1 200 OK\r\nContent-Type: application/octet-stream\r\n"
	    "Content-Length: %zu\r\n\r\n", len + BODY_LEN);
	put(&b, head, strlen(head));
	put(&b, body, len);
	for (unsigned i = 0; i < BODY_LEN; i++)
		put_be(&b, 'Z', 1);
	talk_say(&t, true, b.b, b.len);
	talk_end(&t);
}
