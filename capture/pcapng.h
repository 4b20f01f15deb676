/* SPDX-License-Identifier: Apache-2.0 */
/*
 * pcapng - blocks of a pcapng file (draft-ietf-opsawg-pcapng).
 *
 * libpcap reads pcapng only while all interfaces agree in link type and snap
 * length; span captures of several interfaces do not, hence this reader.  It
 * works on bytes in memory and opens nothing.
 */
#ifndef CAPTURE_PCAPNG_H
#define CAPTURE_PCAPNG_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/rd.h"

enum { PCAPNG_INTERFACES_MAX = 4096, PCAPNG_BLOCK_MAX = 16 << 20 };

struct pcapng_interface {
	uint16_t linktype;		/* LINKTYPE_ value */
	uint32_t snaplen;		/* 0: no limit */
	uint64_t units;			/* timestamp units a second */
	int64_t offset_s;		/* added to every timestamp */
};

struct pcapng {
	bool little;			/* byte order of the section */
	bool in_section;
	unsigned n_interfaces, cap_interfaces;
	struct pcapng_interface *interfaces;	/* owned */
	uint64_t last_ts_ns;		/* for simple packet blocks, which carry no time */
};

struct pcapng_packet {
	uint64_t ts_ns;
	uint32_t wirelen;
	uint16_t linktype;
	struct span data;		/* borrowed: the block */
};

enum pcapng_status {
	PCAPNG_PACKET,
	PCAPNG_OTHER,			/* a block that carries no packet */
	PCAPNG_SHORT,			/* *need bytes are needed to go on */
	PCAPNG_BAD,			/* *why says what contradicts */
};

/*
 * Read the block at the start of bytes.  *size is the length of the whole
 * block, also with PCAPNG_OTHER when only its head is there: a block that
 * carries no packet need not be in memory to be skipped.
 */
enum pcapng_status pcapng_block(struct pcapng *, struct span bytes, size_t *size, size_t *need,
    struct pcapng_packet *, const char **why);
void pcapng_fini(struct pcapng *);

#endif
