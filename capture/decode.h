/* SPDX-License-Identifier: Apache-2.0 */
/*
 * decode - link, network and transport headers of a frame.
 *
 * Ethernet with stacked VLAN tags, raw IP, null/loop, Linux cooked v1 and v2;
 * IPv4, IPv6 with extension headers; TCP, UDP.  A frame that the capture cut
 * short is SHORT, one that contradicts itself is BAD.
 */
#ifndef CAPTURE_DECODE_H
#define CAPTURE_DECODE_H

#include <stdbool.h>

#include "capture/packet.h"
#include "capture/source.h"

enum decode {
	DECODE_OK,		/* a TCP or UDP packet */
	DECODE_NOT_IP,		/* ARP, LLDP, ... */
	DECODE_NOT_TRANSPORT,	/* IP, but neither TCP nor UDP */
	DECODE_FRAGMENT,	/* an IP fragment other than the first */
	DECODE_SHORT,		/* snapped within the headers */
	DECODE_BAD,		/* lengths or versions contradict */
	DECODE_LINKTYPE,	/* link type not known */
	DECODES_N
};

const char *decode_name(enum decode);		/* as in telltale.stats.decode */
bool decode_knows(int linktype);

/* Fills pkt on DECODE_OK; pkt points into the frame. */
enum decode decode(const struct frame *, struct packet *pkt);

#endif
