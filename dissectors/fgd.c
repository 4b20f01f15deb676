/* SPDX-License-Identifier: Apache-2.0 */
/*
 * fgd - rating of URLs, addresses and mail for firewalls, on UDP 53 or 8888
 * without being DNS.  Unpublished, and scrambled.  The one public source for
 * its bytes is LibtraceTeam/libprotoident, lib/udp/lpi_fortinet.cc: first four
 * bytes of requests and of replies, with the lengths that they go with.
 *
 * Nothing else is claimed: a datagram on these ports that is not DNS proves
 * nothing.  Where other bytes are spoken, port and address must do.
 */
#include "dissectors/dissector.h"

static enum rd_state fgd_probe(const struct dissect_in *);
static enum dissect fgd_dissect(void *, const struct dissect_in *, struct dissect_out *);

enum {
	PORT = 8888, PORT_OTHER = 53,
	LENGTH_ANY = 0,
	PATIENCE = 32,			/* datagrams after which no more is hoped for */
};

struct fgd {
	bool told[2];			/* by side */
	uint8_t seen;			/* datagrams, up to PATIENCE */
};

static const struct opening {
	enum side side;
	uint16_t len;			/* of the datagram */
	char text[5];
} openings[] = {
	{ FROM_CLIENT, LENGTH_ANY, "ikro" },
	{ FROM_CLIENT, LENGTH_ANY, "ikuo" },
	{ FROM_CLIENT, 64, "ihrk" },
	{ FROM_CLIENT, 64, "ihri" },
	{ FROM_CLIENT, 64, "iiri" },
	{ FROM_CLIENT, 64, "ihrh" },
	{ FROM_CLIENT, 64, "ihrj" },
	{ FROM_CLIENT, 64, "ihro" },
	{ FROM_CLIENT, 64, "iiro" },
	{ FROM_CLIENT, 64, "ikri" },
	{ FROM_CLIENT, 64, "ikvk" },
	{ FROM_SERVER, 36, "kowO" },
	{ FROM_SERVER, 44, "kowG" },
	{ FROM_SERVER, 12, "nkwg" },
	{ FROM_SERVER, 32, "khwK" },
};

const struct dissector fgd_dissector = {
	.name = "fgd",
	.proto = 17,
	.state_size = sizeof(struct fgd),
	.probe = fgd_probe,
	.dissect = fgd_dissect,
};

static bool
opens(const struct opening *o, const struct dissect_in *in, struct span first)
{
	if (o->side != in->side || memcmp(o->text, first.p, first.len) != 0)
		return false;
	return o->len == LENGTH_ANY || in->snapped || o->len == in->data.len;
}

static enum rd_state
fgd_probe(const struct dissect_in *in)
{
	struct rd r = rd_closed(in->data.p, in->data.len);
	struct span first = rd_span(&r, 4);

	if (!rd_ok(&r) || (in->server_port != PORT && in->server_port != PORT_OTHER))
		return RD_BAD;
	for (size_t i = 0; i < sizeof openings / sizeof *openings; i++)
		if (opens(&openings[i], in, first))
			return RD_OK;
	return RD_BAD;
}

/* What follows the first request need not be in the list: it is let pass, and is no contradiction. */
static enum dissect
fgd_dissect(void *state, const struct dissect_in *in, struct dissect_out *out)
{
	struct fgd *f = state;

	out->used = in->data.len;
	if (fgd_probe(in) == RD_OK && !f->told[in->side]) {
		observe(out->obs, OBS_APP_PROTOCOL, in->side, span_str("fgd"));
		f->told[in->side] = true;
	}
	if (f->seen < PATIENCE)
		f->seen++;
	return (f->told[0] && f->told[1]) || f->seen == PATIENCE ? DISSECT_DONE : DISSECT_MORE;
}
