/* SPDX-License-Identifier: Apache-2.0 */
/*
 * dnscrypt - DNSCrypt versions 1 and 2 (DNSCRYPT-V2-PROTOCOL.txt) and
 * Anonymized DNSCrypt (ANONYMIZED-DNSCRYPT.txt), both of DNSCrypt/dnscrypt-protocol.
 *
 * The magic of queries is chosen by the resolver's certificate, so they say
 * nothing; what is known is the magic of responses, and that of queries which
 * a relay is to pass on.  Certificates are fetched by plain DNS: see dns.c.
 */
#include "dissectors/dissector.h"

#include <stdio.h>

static enum rd_state dnscrypt_udp_probe(const struct dissect_in *);
static enum rd_state dnscrypt_tcp_probe(const struct dissect_in *);
static enum dissect dnscrypt_udp_dissect(void *, const struct dissect_in *, struct dissect_out *);
static enum dissect dnscrypt_tcp_dissect(void *, const struct dissect_in *, struct dissect_out *);

enum {
	LENGTH_LEN = 2,
	/* Magic, nonce, authenticator; then a DNS header and a byte of padding. */
	RESPONSE_MIN = 8 + 24 + 16 + 12 + 1,
	/* Magic, address, port; then client magic, key, nonce, authenticator, DNS header, padding. */
	RELAYED_MIN = 10 + 16 + 2 + 8 + 32 + 12 + 16 + 12 + 1,
	PATIENCE = 32,			/* queries without a response */
	FIELD_MAX = ADDR_STR_MAX + 16,
};

struct dnscrypt {
	bool relayed;			/* told */
	uint8_t queries;		/* up to PATIENCE */
};

static const uint8_t response_magic[] = { 0x72, 0x36, 0x66, 0x6e, 0x76, 0x57, 0x6a, 0x38 };
static const uint8_t relay_magic[] = { 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0, 0 };

const struct dissector dnscrypt_udp_dissector = {
	.name = "dnscrypt",
	.proto = 17,
	.state_size = sizeof(struct dnscrypt),
	.probe = dnscrypt_udp_probe,
	.dissect = dnscrypt_udp_dissect,
};

const struct dissector dnscrypt_tcp_dissector = {
	.name = "dnscrypt",
	.proto = 6,
	.state_size = sizeof(struct dnscrypt),
	.probe = dnscrypt_tcp_probe,
	.dissect = dnscrypt_tcp_dissect,
};

/* --- a packet -------------------------------------------------------------- */

static void
read_magic(struct rd *r, const uint8_t *magic, size_t len)
{
	for (size_t i = 0; i < len && rd_ok(r); i++)
		if (rd_u8(r) != magic[i] && rd_ok(r))
			rd_fail(r, RD_BAD);
}

/* Reads a response's magic, or a relayed query's with the address and port it is for. */
static void
read_packet(struct rd *r, enum side side, struct span *server, uint16_t *port)
{
	if (side == FROM_SERVER) {
		read_magic(r, response_magic, sizeof response_magic);
		return;
	}
	read_magic(r, relay_magic, sizeof relay_magic);
	*server = rd_span(r, 16);
	*port = rd_u16(r);
	if (rd_ok(r) && *port == 0)
		rd_fail(r, RD_BAD);
}

static size_t
packet_min(enum side side)
{
	return side == FROM_SERVER ? RESPONSE_MIN : RELAYED_MIN;
}

static void
tell_relay(struct observations *obs, struct span server, uint16_t port)
{
	struct addr a = addr_v6(server.p);
	char ip[ADDR_STR_MAX], text[FIELD_MAX];
	int n;

	addr_str(&a, ip);
	n = snprintf(text, sizeof text, "server: %s", ip);
	observe_copy(obs, OBS_APP_FIELD, FROM_CLIENT, (struct span){ (const uint8_t *)text, (size_t)n });
	n = snprintf(text, sizeof text, "port: %u", port);
	observe_copy(obs, OBS_APP_FIELD, FROM_CLIENT, (struct span){ (const uint8_t *)text, (size_t)n });
}

/* r: at the packet.  Queries of unknown magic are expected, so that nothing here is a contradiction. */
static enum dissect
take_packet(struct dnscrypt *d, struct rd *r, enum side side, struct observations *obs)
{
	struct span server = { 0 };
	uint16_t port = 0;

	read_packet(r, side, &server, &port);
	if (side == FROM_SERVER) {
		if (!rd_ok(r))
			return DISSECT_MORE;
		observe(obs, OBS_APP_PROTOCOL, side, span_str("dnscrypt"));
		return DISSECT_DONE;
	}
	if (rd_ok(r) && !d->relayed) {
		observe(obs, OBS_APP_PROTOCOL, side, span_str("dnscrypt"));
		tell_relay(obs, server, port);
		d->relayed = true;
	}
	if (d->queries < PATIENCE)
		d->queries++;
	return d->queries == PATIENCE ? DISSECT_DONE : DISSECT_MORE;
}

/* --- datagrams ------------------------------------------------------------- */

static enum rd_state
dnscrypt_udp_probe(const struct dissect_in *in)
{
	struct rd r = in->snapped ? rd_open(in->data.p, in->data.len) : rd_closed(in->data.p, in->data.len);
	struct span server;
	uint16_t port;

	if (!in->snapped && in->data.len < packet_min(in->side))
		return RD_BAD;
	read_packet(&r, in->side, &server, &port);
	return rd_state(&r);
}

static enum dissect
dnscrypt_udp_dissect(void *state, const struct dissect_in *in, struct dissect_out *out)
{
	struct rd r = rd_closed(in->data.p, in->data.len);

	out->used = in->data.len;
	return take_packet(state, &r, in->side, out->obs);
}

/* --- streams --------------------------------------------------------------- */

/* The specification says little-endian; every implementation sends the length as DNS does. */
static enum rd_state
dnscrypt_tcp_probe(const struct dissect_in *in)
{
	struct rd r = rd_open(in->data.p, in->data.len);
	size_t len = rd_u16(&r);
	struct span server;
	uint16_t port;

	if (rd_ok(&r) && len < packet_min(in->side))
		return RD_BAD;
	read_packet(&r, in->side, &server, &port);
	return rd_state(&r);
}

/* One query and one response make a connection: more need not be put together. */
static enum dissect
dnscrypt_tcp_dissect(void *state, const struct dissect_in *in, struct dissect_out *out)
{
	struct rd r = rd_open(in->data.p, in->data.len);

	if (dnscrypt_tcp_probe(in) == RD_SHORT && !in->end && !in->snapped && in->gap == 0)
		return DISSECT_MORE;
	out->used = in->data.len;
	rd_skip(&r, LENGTH_LEN);
	return take_packet(state, &r, in->side, out->obs);
}
