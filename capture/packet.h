/* SPDX-License-Identifier: Apache-2.0 */
/*
 * packet - a decoded frame: plain data that points into the frame.
 *
 * Valid as long as the frame is: until the next source_next().
 */
#ifndef CAPTURE_PACKET_H
#define CAPTURE_PACKET_H

#include <stdbool.h>
#include <stdint.h>

#include "core/addr.h"
#include "core/rd.h"

enum { TCP_FIN = 1, TCP_SYN = 2, TCP_RST = 4, TCP_PSH = 8, TCP_ACK = 16 };
enum { IP_TCP = 6, IP_UDP = 17 };

struct packet {
	uint64_t ts_ns;			/* since 1970 UTC */
	uint64_t number;		/* of the frame, 1-based, over all inputs */
	struct addr src, dst;
	uint16_t sport, dport;
	uint8_t proto;			/* IP_TCP or IP_UDP */
	uint8_t tcp_flags;
	uint32_t tcp_seq, tcp_ack;
	uint16_t vlan[2];		/* outer, inner; 0 = none */
	bool snapped;			/* the frame has less of the payload than the wire had: snapped, or a first fragment */
	uint32_t ip_len;		/* bytes of the IP datagram on the wire */
	uint32_t payload_len;		/* bytes of TCP or UDP payload on the wire */
	struct span ip;			/* borrowed: frame; captured part of the datagram */
	struct span payload;		/* borrowed: frame; captured part of the payload */
	uint64_t hash;			/* of the unordered five-tuple, keyed; flow_prefetch() fills it */
	bool down;			/* from the higher end of it to the lower; the same */
};

#endif
