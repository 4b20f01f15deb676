/* SPDX-License-Identifier: Apache-2.0 */
/*
 * drwcs - agents and their management server on port 2193 (IANA: drwcs), as far
 * as it is public: what a server says first, in nmap-service-probes of nmap/nmap
 * (TCP "0 PROTOCOL 2 3 AGENT,CONSOLE,INSTALL"; UDP "|srv_realm=...|srv_Uuid=...").
 *
 * The queries of agents, multicast ones among them, are published nowhere.
 */
#include "dissectors/dissector.h"


static enum rd_state drwcs_udp_probe(const struct dissect_in *);
static enum rd_state drwcs_tcp_probe(const struct dissect_in *);
static enum dissect drwcs_udp_dissect(void *, const struct dissect_in *, struct dissect_out *);
static enum dissect drwcs_tcp_dissect(void *, const struct dissect_in *, struct dissect_out *);

enum {
	TOKEN_MAX = 64,			/* characters of a name or a value that are kept */
	UUID_LEN = 36,
	PAIRS_MAX = 16,
	PATIENCE = 16,			/* datagrams without a reply that is one */
};

struct drwcs {
	uint8_t seen;			/* datagrams, up to PATIENCE */
	bool greeted;
};

const struct dissector drwcs_udp_dissector = {
	.name = "drwcs",
	.proto = 17,
	.state_size = sizeof(struct drwcs),
	.probe = drwcs_udp_probe,
	.dissect = drwcs_udp_dissect,
};

const struct dissector drwcs_tcp_dissector = {
	.name = "drwcs",
	.proto = 6,
	.state_size = sizeof(struct drwcs),
	.probe = drwcs_tcp_probe,
	.dissect = drwcs_tcp_dissect,
};

static void
read_literal(struct rd *r, const char *text)
{
	for (; *text != '\0' && rd_ok(r); text++)
		if (rd_u8(r) != (uint8_t)*text && rd_ok(r))
			rd_fail(r, RD_BAD);
}

/* --- the reply of a server that is looked for ------------------------------- */

struct reply {
	char realm[TOKEN_MAX + 1], uuid[TOKEN_MAX + 1], major[TOKEN_MAX + 1], minor[TOKEN_MAX + 1];
};

/* Up to the separator, which is consumed.  Bytes that are no text are question marks. */
static void
read_token(struct rd *r, char separator, char out[static TOKEN_MAX + 1])
{
	size_t n = 0;
	uint8_t c;

	while (rd_more(r) && (c = rd_u8(r)) != (uint8_t)separator)
		if (n < TOKEN_MAX)
			out[n++] = c >= ' ' && c <= '~' ? (char)c : '?';
	out[n] = '\0';
}

static char *
place_of(struct reply *p, const char *name)
{
	if (strcmp(name, "srv_realm") == 0)
		return p->realm;
	if (strcmp(name, "srv_Uuid") == 0)
		return p->uuid;
	if (strcmp(name, "MajorVer") == 0)
		return p->major;
	return strcmp(name, "MinorVer") == 0 ? p->minor : NULL;
}

/* r: a datagram.  false: it is none. */
static bool
read_reply(struct rd *r, struct reply *p)
{
	char name[TOKEN_MAX + 1], value[TOKEN_MAX + 1];
	struct rd look = rd_fork(r);

	memset(p, 0, sizeof *p);
	read_literal(&look, "|srv_realm=");
	if (!rd_ok(&look))
		return false;
	rd_skip(r, 1);
	for (unsigned i = 0; i < PAIRS_MAX && rd_more(r); i++) {
		char *place;

		read_token(r, '=', name);
		read_token(r, '|', value);
		place = place_of(p, name);
		if (place != NULL)
			memcpy(place, value, sizeof value);
	}
	return strlen(p->uuid) == UUID_LEN && strspn(p->uuid, "0123456789abcdefABCDEF-") == UUID_LEN;
}

static enum rd_state
drwcs_udp_probe(const struct dissect_in *in)
{
	struct rd r = rd_closed(in->data.p, in->data.len);
	struct reply p;

	return read_reply(&r, &p) ? RD_OK : RD_BAD;
}

/* A reply to multicast makes a flow of its own, so that its sender may seem to be the client. */
static enum dissect
drwcs_udp_dissect(void *state, const struct dissect_in *in, struct dissect_out *out)
{
	struct rd r = rd_closed(in->data.p, in->data.len);
	struct drwcs *d = state;
	struct reply p;

	out->used = in->data.len;
	if (!read_reply(&r, &p))
		return d->seen < PATIENCE && ++d->seen < PATIENCE ? DISSECT_MORE : DISSECT_DONE;
	observe(out->obs, OBS_APP_PROTOCOL, in->side, span_str("drwcs"));
	if (p.realm[0] != '\0')
		observe_field(out->obs, in->side, "realm: %s", p.realm);
	observe_field(out->obs, in->side, "id: %s", p.uuid);
	if (p.major[0] != '\0')
		observe_field(out->obs, in->side, "version: %.16s.%.16s", p.major, p.minor);
	return DISSECT_DONE;
}

/* --- the greeting of a server ----------------------------------------------- */

static enum rd_state
read_greeting(const struct dissect_in *in, char *minor)
{
	struct rd r = rd_open(in->data.p, in->data.len);
	uint8_t c;

	read_literal(&r, "0 PROTOCOL 2 ");
	c = rd_u8(&r);
	if (rd_ok(&r) && (c < '0' || c > '9'))
		rd_fail(&r, RD_BAD);
	read_literal(&r, " AGENT,CONSOLE,INSTALL");
	*minor = (char)c;
	return rd_state(&r);
}

static enum rd_state
drwcs_tcp_probe(const struct dissect_in *in)
{
	char minor;

	return in->side == FROM_SERVER ? read_greeting(in, &minor) : RD_BAD;
}

static enum dissect
drwcs_tcp_dissect(void *state, const struct dissect_in *in, struct dissect_out *out)
{
	struct drwcs *d = state;
	char minor;

	if (in->side == FROM_CLIENT || d->greeted) {
		out->used = in->data.len;
		return d->greeted ? DISSECT_DONE : DISSECT_MORE;
	}
	switch (read_greeting(in, &minor)) {
	case RD_SHORT:
		return DISSECT_MORE;
	case RD_BAD:
		out->malformed++;
		return DISSECT_NOT_MINE;
	case RD_OK:
		break;
	}
	out->used = in->data.len;
	d->greeted = true;
	observe(out->obs, OBS_APP_PROTOCOL, FROM_SERVER, span_str("drwcs"));
	observe_field(out->obs, FROM_SERVER, "version: 2.%c", minor);
	return DISSECT_DONE;
}
