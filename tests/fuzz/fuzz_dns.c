/* SPDX-License-Identifier: Apache-2.0 */
/* fuzz_dns - a datagram: of the first byte, bits 0 and 1 choose the port, bit 2 says snapped. */
#include <stdlib.h>

#include "dissectors/dissector.h"

int LLVMFuzzerTestOneInput(const uint8_t *, size_t);

/* Names are legible: no byte that a terminal or a log would take for something else. */
static void
check(const struct observation *o)
{
	bool name = o->kind == OBS_DNS_QNAME || o->kind == OBS_DNS_CNAME || o->kind == OBS_DNS_SVCB;

	if ((o->kind == OBS_DNS_ADDRESS && o->value.len != 16) || (name && o->value.len == 0))
		abort();
	for (size_t at = 0; name && at < o->value.len; at++) {
		uint8_t c = o->value.p[at];

		if (c <= ' ' || c > '~' || (c >= 'A' && c <= 'Z'))
			abort();
	}
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	static const uint16_t ports[] = { 53, 5353, 5355, 5300 };
	static struct observations obs;
	struct dissect_in in = { .proto = 17 };
	struct dissect_out out = { .obs = &obs };
	struct rd r = rd_closed(data, len);
	uint8_t how = rd_u8(&r);

	in.server_port = ports[how & 3];
	in.snapped = (how & 4) != 0;
	in.data = rd_span(&r, rd_left(&r));
	observations_reset(&obs);
	if (dns_udp_dissector.probe(&in) == RD_SHORT && !in.snapped)
		abort();
	if (dns_udp_dissector.dissect(NULL, &in, &out) == DISSECT_NOT_MINE &&
	    (in.server_port != 5300 || obs.n > 0))
		abort();
	if (out.used != in.data.len || obs.n > OBS_BATCH_MAX || out.malformed > 1)
		abort();
	for (unsigned i = 0; i < obs.n; i++)
		check(&obs.v[i]);
	return 0;
}
