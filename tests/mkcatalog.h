/* SPDX-License-Identifier: Apache-2.0 */
/* mkcatalog - what the files of mkcatalog share: whose turn it is, and the truth that is written beside the capture. */
#ifndef TESTS_MKCATALOG_H
#define TESTS_MKCATALOG_H

#include "catalog/catalog.h"
#include "mkcatalog_wire.h"

enum { TEXT_MAX = 600 };

/* Clients that may know a vendor's product, those that never do, and those that meet look-alikes. */
enum crowd { CROWD_KNOWN, CROWD_STRANGERS, CROWD_ALIKE, CROWD_DENIED };

struct maker {
	struct wire wire;
	FILE *truth;
	unsigned vendor;		/* number of the one at hand, which its clients' addresses tell */
	uint32_t flows;
};

/* What the events of a flow have to be like. */
#define EXPECT_EVIDENCE "evidence"	/* the signal is there, or one of the vendor that is more telling */
#define EXPECT_DENIED "denied"		/* nothing of the vendor */
#define EXPECT_HIDDEN "hidden"		/* nothing of the signal: it is counted */
#define EXPECT_UNCLAIMED "unclaimed"	/* nothing of the signal, or of any whose host the name does not meet */
#define EXPECT_CONTEXT "context"	/* only what the name allows: the flow helps another to be understood */

/* Texts that meet what a signal asks for; "" where it asks for nothing. */
struct example {
	char host[TEXT_MAX], path[TEXT_MAX], query[TEXT_MAX], agent[TEXT_MAX], header[TEXT_MAX], txt[TEXT_MAX];
};

/* A fresh client port and server address. */
void maker_ends(struct maker *, enum crowd, uint8_t proto, uint16_t server_port, struct ends *);

/* signal and x may be NULL; name is what the flow shows as the name of its server, any bytes. */
void maker_truth(struct maker *, const struct ends *, const char *how, const char *expect, const struct signal *,
    struct span name, const struct example *x);

/* A DNS question for name; the answer is an address of its own, or that of server. */
void maker_lookup(struct maker *, enum crowd, const char *expect, const struct signal *, const char *name,
    const char *server);

/* Conversations of the protocol that a signal asks for.  false: it is not known how they look. */
bool maker_protocol(struct maker *, enum crowd, const char *expect, const struct signal *, const struct example *);

/* Names that look like those of a signal. */
void maker_alike(struct maker *, const struct signal *);

/* Names that are odd whatever the catalogue holds. */
void maker_odd(struct maker *);

#endif
