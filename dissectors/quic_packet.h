/* SPDX-License-Identifier: Apache-2.0 */
/*
 * quic_packet - long-header packets of QUIC (RFC 9000 section 17.2, RFC 9369) and
 * what Initial packets hold once they are opened (RFC 9001 section 5).
 */
#ifndef DISSECTORS_QUIC_PACKET_H
#define DISSECTORS_QUIC_PACKET_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/crypto.h"
#include "core/rd.h"

enum {
	QUIC_CID_MAX = 20,
	QUIC_HEADER_MAX = 2048,		/* bytes of a header, its token included, that can be opened */
	QUIC_PAYLOAD_MAX = 4096,	/* the same of a payload */
};

enum { QUIC_Q050 = 0x51303530 };		/* sealed, but its handshake is not TLS */

enum quic_type { QUIC_INITIAL, QUIC_0RTT, QUIC_HANDSHAKE, QUIC_RETRY, QUIC_NEGOTIATION };

struct quic_version {
	uint32_t number;
	const uint8_t *salt;		/* QUIC_SALT bytes */
	bool v2;			/* types and labels of RFC 9369 */
	bool google;			/* frames are numbered as in Google's QUIC */
};

/* NULL: a version whose Initial packets nobody here can open. */
const struct quic_version *quic_version(uint32_t number);

/* Versions that are there to be refused: 0x?a?a?a?a (RFC 9000 section 15). */
static inline bool
quic_reserved(uint32_t number)
{
	return (number & 0x0f0f0f0f) == 0x0a0a0a0a;
}

struct quic_packet {
	enum quic_type type;
	uint32_t number_version;
	const struct quic_version *version;	/* NULL: unknown, and then only the ids were read */
	struct span dcid, scid;
	struct span header;		/* up to the packet number, protected */
	struct span body;		/* packet number and payload, protected; else the rest of the datagram */
};

/*
 * The packet that the datagram goes on with; r moves behind it.  OK; SHORT when
 * the capture cut it; BAD when it is no long-header packet.
 */
enum rd_state quic_packet_read(struct rd *, struct quic_packet *);

/* Opens an Initial into out; returns the bytes of its frames, 0 when the keys are not its. */
size_t quic_packet_open(struct crypto *, const struct quic_packet *, const struct quic_keys *,
    uint8_t out[static QUIC_PAYLOAD_MAX]);

/* A piece of the handshake. */
struct quic_piece {
	uint64_t offset;
	struct span bytes;
};

/* The next CRYPTO frame; false at the end.  The reader is BAD when a frame is none of an Initial's. */
bool quic_next_crypto(struct rd *frames, bool google, struct quic_piece *);

#endif
