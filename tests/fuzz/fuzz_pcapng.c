/* SPDX-License-Identifier: Apache-2.0 */
/* Fuzz target: any bytes as a pcapng file; every packet lies inside its block, and the walk ends. */
#include <stdlib.h>

#include "capture/pcapng.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	struct pcapng ng = { 0 };
	size_t at = 0;

	while (at < len) {
		struct pcapng_packet pkt;
		size_t size = 0, need = 0;
		const char *why = NULL;
		enum pcapng_status s =
		    pcapng_block(&ng, (struct span){ data + at, len - at }, &size, &need, &pkt, &why);

		if (s == PCAPNG_SHORT && need <= len - at)
			abort();
		if (s == PCAPNG_BAD && why == NULL)
			abort();
		if (s == PCAPNG_PACKET && (size > len - at || pkt.data.len > size ||
		    (pkt.data.len > 0 && (pkt.data.p < data + at || pkt.data.p + pkt.data.len > data + at + size))))
			abort();
		if (s == PCAPNG_SHORT || s == PCAPNG_BAD || size > len - at)
			break;
		at += size;
	}
	pcapng_fini(&ng);
	return 0;
}
