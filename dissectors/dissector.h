/* SPDX-License-Identifier: Apache-2.0 */
/*
 * dissector - the contract of a protocol: one file, one row in dissectors.c.
 *
 * A dissector is a pure function of bytes.  It is shown the in-order bytes of
 * one direction that it has not consumed yet (or one whole datagram), says what
 * it saw, how many bytes it is done with, and what it wants next.  Any state it
 * keeps is a small zeroed struct in the flow; it owns no memory.  It names no
 * vendor and draws no conclusion.
 */
#ifndef DISSECTORS_DISSECTOR_H
#define DISSECTORS_DISSECTOR_H

#include <stdbool.h>
#include <stdint.h>

#include "core/addr.h"
#include "core/arena.h"
#include "core/crypto.h"
#include "core/rd.h"
#include "dissectors/observation.h"

enum dissect {
	DISSECT_MORE,		/* show me the rest with what comes next */
	DISSECT_DONE,		/* nothing further on this flow interests me */
	DISSECT_NOT_MINE,	/* it is not my protocol, or no longer makes sense */
	DISSECT_TUNNEL,		/* what follows, in both directions, is another conversation: ask anew whose */
};

enum {
	DISSECT_STATE_MAX = 192,	/* bytes of state a dissector may ask for */
	DISSECT_HOLD_MAX = 32768,	/* unconsumed bytes a direction that are kept for it */
};

struct dissect_in {
	enum side side;
	uint8_t proto;			/* 6 TCP, 17 UDP */
	uint16_t server_port;
	uint64_t ts_ns;
	/*
	 * In-order bytes not consumed yet.  Under TCP more may follow: running
	 * off the end is SHORT.  A datagram is whole unless snapped is set.
	 */
	struct span data;
	bool snapped;			/* the capture cut this datagram or segment */
	bool end;			/* this direction ends here: nothing more will come */
	uint64_t gap;			/* bytes lost directly before data, unconsumed ones that were held among them */
	bool curious;			/* the flow matters: costly detail (certificates, fingerprints) is wanted */
	bool want_body;			/* bodies of responses are wanted whole, in dissect_out.body */
	struct crypto *crypto;		/* borrowed: the worker's; never NULL */
	/*
	 * For messages that span datagrams: memory that lives until the flow is
	 * decided (arena_alloc, arena_copy), from a budget; NULL answers are normal.
	 * A datagram protocol alone may use it; state may point into it.
	 */
	struct arena *arena;
	struct arena_pool *pool;
};

struct dissect_out {
	size_t used;			/* leading bytes of data that are done with, <= data.len */
	uint64_t skip;			/* bytes after those that need not be shown; may exceed what is there */
	unsigned malformed;		/* contradictions met (RD_BAD) */
	struct body_piece {		/* of a response's body, when it was wanted; chunks are put together */
		struct span bytes;
		bool first, last;	/* it begins with these bytes; it ends with them, and none were lost */
	} body;
	struct observations *obs;	/* borrowed: the worker's batch */
};

struct dissector {
	const char *name;		/* event field, fuzz target, counter */
	uint8_t proto;			/* 6 or 17 */
	uint16_t state_size;		/* <= DISSECT_STATE_MAX; 0: nothing is kept between calls */
	/*
	 * Could these be the first bytes of mine, from in->side?  About 100 ns,
	 * no observation.  A few bytes may be all there is: answer SHORT to see
	 * more of them (RD_OK mine, RD_SHORT perhaps, RD_BAD no).
	 */
	enum rd_state (*probe)(const struct dissect_in *in);
	enum dissect (*dissect)(void *state, const struct dissect_in *in, struct dissect_out *out);
	/*
	 * Optional: called right after dissect() with the same in when the
	 * catalogue has just recognised the flow and in->curious was not set,
	 * to append the costly facts about the bytes just consumed.
	 */
	void (*detail)(void *state, const struct dissect_in *in, struct observations *out);
};

/* THE TABLE (dissectors.c): ended by NULL, probed in this order. */
extern const struct dissector *const dissectors[];

extern const struct dissector dns_udp_dissector, dns_tcp_dissector;
extern const struct dissector tls_dissector;
extern const struct dissector http_dissector;
extern const struct dissector quic_dissector;
extern const struct dissector nosa_dissector;
extern const struct dissector fls_udp_dissector, fls_tcp_dissector;
extern const struct dissector ossec_udp_dissector, ossec_tcp_dissector;
extern const struct dissector dnscrypt_udp_dissector, dnscrypt_tcp_dissector;
extern const struct dissector drwcs_udp_dissector, drwcs_tcp_dissector;
extern const struct dissector fgd_dissector;

#endif
