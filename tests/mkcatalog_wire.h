/* SPDX-License-Identifier: Apache-2.0 */
/* mkcatalog_wire - writes the frames of whole conversations: TCP, UDP, DNS, TLS, QUIC and HTTP. */
#ifndef TESTS_MKCATALOG_WIRE_H
#define TESTS_MKCATALOG_WIRE_H

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

#include "unit/frames.h"

struct wire {
	FILE *out;			/* a classic pcap file */
	uint64_t now_us;
};

struct ends {
	char client[ADDR_STR_MAX], server[ADDR_STR_MAX];
	uint16_t cport, sport;
	uint8_t proto;			/* 6, 17 */
};

struct talk {
	struct wire *wire;		/* borrowed, as the next */
	const struct ends *ends;
	uint32_t seq[2];		/* next of client, server */
};

void wire_open(struct wire *, FILE *);

void talk_begin(struct talk *, struct wire *, const struct ends *);
void talk_say(struct talk *, bool from_server, const void *, size_t);
void talk_end(struct talk *);
void wire_datagram(struct wire *, const struct ends *, bool from_server, const void *, size_t);

/* The name of a DNS question as it is on the wire, with the root; dots divide labels. */
void dns_name(struct built *, const char *name);

/* A question and its answer.  type: 1 (A, answered with the address) or 16 (TXT, answered with the text). */
void wire_dns(struct wire *, const struct ends *, const struct built *name, uint16_t type, const char *answer);

/* A handshake as far as it is in clear, and some records.  sni may hold any bytes. */
void wire_tls(struct wire *, const struct ends *, const char *sni, size_t len);

/* The same as QUIC version 1. */
void wire_quic(struct wire *, const struct ends *, const char *sni, size_t len);

/* A request and its response with a body of that beginning. */
void wire_http(struct wire *, const struct ends *, const struct built *request, const void *body, size_t len);

/* The ClientHello, a handshake message without record. */
void tls_hello(struct built *, const char *sni, size_t len, const struct built *more_extensions);

#endif
