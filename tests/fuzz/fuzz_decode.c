/* SPDX-License-Identifier: Apache-2.0 */
/* Fuzz target: any bytes as a frame of any known link type; what comes out must lie inside the frame. */
#include <stdlib.h>

#include "capture/decode.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	static const int linktypes[] = { 0, 1, 12, 108, 113, 228, 229, 276 };
	struct packet p;
	struct frame f;

	if (len < 1)
		return 0;
	f = (struct frame){ .caplen = (uint32_t)(len - 1), .wirelen = (uint32_t)(len + data[0]),
		.linktype = linktypes[data[0] % 8], .data = data + 1 };
	if (decode(&f, &p) != DECODE_OK)
		return 0;
	if (p.payload.len > 0 && (p.payload.p < f.data || p.payload.p + p.payload.len > f.data + f.caplen))
		abort();
	if (p.ip.p < f.data || p.ip.p + p.ip.len > f.data + f.caplen || p.payload.len > p.payload_len ||
	    (p.payload.len < p.payload_len && !p.snapped) || (p.payload_len > p.ip_len && !p.snapped))
		abort();
	return 0;
}
