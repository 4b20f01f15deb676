/* SPDX-License-Identifier: Apache-2.0 */
/* fuzz_quic_frames - bit 0 of the first byte chooses: frames of an opened Initial, or packets of a datagram. */
#include <stdlib.h>

#include "dissectors/quic_packet.h"

int LLVMFuzzerTestOneInput(const uint8_t *, size_t);

static void
inside(struct span s, const uint8_t *data, size_t len)
{
	if (s.p != NULL && (s.p < data || s.p + s.len > data + len))
		abort();
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	struct rd r = rd_closed(data, len);
	uint8_t how = rd_u8(&r);
	struct quic_piece piece;
	struct quic_packet p;

	r.open = (how & 2) != 0;
	if ((how & 1) != 0)
		while (quic_next_crypto(&r, (how & 4) != 0, &piece))
			inside(piece.bytes, data, len);
	else
		while (rd_more(&r) && quic_packet_read(&r, &p) == RD_OK) {
			inside(p.header, data, len);
			inside(p.body, data, len);
			if (p.dcid.len > QUIC_CID_MAX || p.scid.len > QUIC_CID_MAX)
				abort();
		}
	return 0;
}
