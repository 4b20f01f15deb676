/* SPDX-License-Identifier: Apache-2.0 */
/* inspect - the payload of a flow: put in order, shown to a dissector, until it is decided. */
#include "app/inspect.h"

#include <stdlib.h>

size_t
dissector_row(const struct dissector *d)
{
	size_t i = 0;

	while (dissectors[i] != NULL && dissectors[i] != d)
		i++;
	return i;
}

static enum side
other_side(enum side s)
{
	return s == FROM_CLIENT ? FROM_SERVER : FROM_CLIENT;
}

/* --- memory ---------------------------------------------------------------- */

static struct inspection *
inspection_get(struct worker *w)
{
	struct inspection *in = w->free_inspections;

	if (in != NULL) {
		w->free_inspections = in->next;
	} else if (w->n_inspections == w->max_inspections || (in = malloc(sizeof *in)) == NULL) {
		w->no_inspection++;
		return NULL;
	} else {
		w->n_inspections++;
	}
	memset(in, 0, sizeof *in);
	return in;
}

static void
inspection_put(struct worker *w, struct conv *c)
{
	struct inspection *in = c->user;

	if (w->dpi != NULL)
		dpi_drop(w->dpi, &in->dpi);
	arena_reset(&in->work, &w->arenas);
	stream_fini(&in->stream[0], &w->streams);
	stream_fini(&in->stream[1], &w->streams);
	if (in->dossier != NULL) {
		dossier_fini(in->dossier, &w->arenas);
		in->dossier->spare = w->free_dossiers;
		w->free_dossiers = in->dossier;
	}
	in->next = w->free_inspections;
	w->free_inspections = in;
	c->user = NULL;
}

struct dossier *
dossier_get(struct worker *w, struct inspection *in)
{
	if (in->dossier != NULL)
		return in->dossier;
	if ((in->dossier = w->free_dossiers) != NULL) {
		w->free_dossiers = in->dossier->spare;
	} else if (w->n_dossiers == w->max_dossiers || (in->dossier = malloc(sizeof *in->dossier)) == NULL) {
		w->no_dossier++;
		return NULL;
	} else {
		w->n_dossiers++;
	}
	dossier_init(in->dossier);
	return in->dossier;
}

/* --- unknown protocols ----------------------------------------------------- */

static void
observe_name(struct worker *w, enum obs_kind kind, struct span name, uint64_t age_ns)
{
	unsigned n = w->obs.n;

	observe_copy(&w->obs, kind, FROM_SERVER, name);
	if (w->obs.n > n)
		w->obs.v[n].age_ms = (uint32_t)(age_ns / 1000000 < UINT32_MAX ? age_ns / 1000000 : UINT32_MAX);
}

/* The names that DNS gave the server's address, for a flow that shows none itself. */
static void
name_by_dns(struct worker *w, struct flow_hit *hit, struct inspection *in, uint64_t ts_ns)
{
	struct addr client = flow_client(hit->flow), server = flow_server(hit->flow);
	struct names_answer a;

	if (in->named || in->tunnelled || names_empty(w->names))
		return;
	in->named = true;
	if (!names_find(w->names, ts_ns, &client, &server, &a))
		return;
	observe_name(w, a.other_client ? OBS_NAME_DNS_OTHER : OBS_NAME_DNS, a.name[0], a.age_ns);
	for (unsigned i = 1; i < a.n && !a.other_client; i++)
		observe_name(w, OBS_NAME_CNAME, a.name[i], a.age_ns);
}

static void
head_of(struct worker *w, struct inspection *in, enum side side, struct span data)
{
	struct rd r = rd_closed(data.p, data.len);

	if (in->head_seen[side] || data.len == 0)
		return;
	in->head_seen[side] = true;
	observe(&w->obs, side == FROM_CLIENT ? OBS_PAYLOAD_CLIENT : OBS_PAYLOAD_SERVER, side,
	    rd_span(&r, data.len < HEAD_MAX ? data.len : HEAD_MAX));
}

/* --- a dissector is found and run ------------------------------------------ */

static void
flip(struct flow_hit *hit, struct inspection *in, struct dissect_in *din)
{
	struct stream s = in->stream[0];

	flow_swap_sides(hit->flow, hit->conv);
	in->stream[0] = in->stream[1];
	in->stream[1] = s;
	hit->side = other_side(hit->side);
	din->side = other_side(din->side);
	din->server_port = flow_server_port(hit->flow);
}

static enum rd_state
probe_all(struct inspection *in, const struct dissect_in *din)
{
	enum rd_state best = RD_BAD;

	for (size_t i = 0; dissectors[i] != NULL; i++) {
		enum rd_state s;

		if (dissectors[i]->proto != din->proto)
			continue;
		s = dissectors[i]->probe(din);
		if (s == RD_OK) {
			in->dissector = dissectors[i];
			return RD_OK;
		}
		if (s == RD_SHORT)
			best = RD_SHORT;
	}
	return best;
}

/* Sides that were guessed from ports are tried the other way round too. */
static enum rd_state
identify(struct worker *w, struct flow_hit *hit, struct inspection *in, struct dissect_in *din)
{
	enum rd_state s = probe_all(in, din);

	if (s == RD_BAD && (hit->flow->flags & FLOW_GUESSED) != 0) {
		struct dissect_in other = *din;

		other.side = other_side(din->side);
		other.server_port = flow_client_port(hit->flow);
		if (probe_all(in, &other) == RD_OK) {
			flip(hit, in, din);
			s = RD_OK;
		}
	}
	if (s == RD_OK)
		w->flows_of[dissector_row(in->dissector)]++;
	return s;
}

/*
 * Nobody knows these bytes.  Their head and the name of the address are
 * observed; a flow that was caught in the middle gets more tries.
 */
static void
unknown(struct worker *w, struct flow_hit *hit, struct inspection *in, const struct dissect_in *din,
    struct dissect_out *out)
{
	bool middle = (hit->flow->flags & FLOW_MID_STREAM) != 0;

	out->used = din->data.len;
	in->tries++;
	if (!middle)
		head_of(w, in, din->side, din->data);
	if (in->tries == 1)
		name_by_dns(w, hit, in, din->ts_ns);
	if (middle ? in->tries < TRIES_MAX : (in->tries < 4 && !(in->head_seen[0] && in->head_seen[1])))
		return;
	/* A client that asks again and again may yet be answered in a way that tells. */
	if (!middle && din->proto == IP_UDP && in->tries < TRIES_MAX && !in->head_seen[FROM_SERVER])
		return;
	w->unknown++;
	in->deaf = true;
}

/*
 * nDPI takes twenty microseconds a flow: of flows that nothing was found in, a
 * budget a second is asked about, all of them when all of them are reported.
 */
static bool
may_ask_dpi(struct worker *w, uint64_t ts_ns)
{
	uint64_t second = ts_ns / 1000000000ull;

	if (w->opt.all_flows)
		return true;
	if (second != w->dpi_second) {
		w->dpi_second = second;
		w->dpi_asked = 0;
	}
	if (w->dpi_asked++ < w->opt.dpi_unknown)
		return true;
	w->dpi_over_budget++;
	return false;
}

/* What follows is the inside of a tunnel, of which nothing is known yet but where it leads. */
static void
begin_again(struct inspection *in)
{
	in->dissector = NULL;
	in->tunnelled = true;
	in->tries = 0;
	in->head_seen[0] = in->head_seen[1] = false;
	memset(in->state, 0, sizeof in->state);
}

/*
 * A datagram that is not what those before it were: a port may serve several
 * protocols.  Whoever knows this one is asked, once.
 */
static void
retry(struct worker *w, struct flow_hit *hit, struct inspection *in, struct dissect_in *din, struct dissect_out *out,
    uint64_t frame)
{
	enum dissect answer = DISSECT_MORE;

	in->dissector = NULL;
	in->tries = 0;
	observations_reset(&w->obs);
	if (identify(w, hit, in, din) == RD_OK)
		answer = in->dissector->dissect(in->state, din, out);
	else
		unknown(w, hit, in, din, out);
	if (answer == DISSECT_NOT_MINE)
		in->deaf = true;
	judge(w, hit, in, frame, din->ts_ns, !in->deaf);
}

/* One look of the dissector; what it wants done with the bytes is in out. */
static void
look(struct worker *w, struct flow_hit *hit, struct inspection *in, struct dissect_in *din,
    struct dissect_out *out, uint64_t frame)
{
	enum dissect answer = DISSECT_MORE;

	observations_reset(&w->obs);
	if (in->dissector == NULL) {
		enum rd_state s = identify(w, hit, in, din);

		if (s == RD_SHORT && din->data.len < PROBE_MAX && !din->end && din->proto == IP_TCP)
			return;
		if (s != RD_OK) {
			unknown(w, hit, in, din, out);
			judge(w, hit, in, frame, din->ts_ns, !in->deaf);
			if (w->dpi != NULL && w->opt.dpi == DPI_AUTO && in->tries == 1 && !in->dpi_wanted)
				in->dpi_wanted = may_ask_dpi(w, din->ts_ns);
			return;
		}
	}
	din->curious = in->curious || w->opt.all_flows;
	din->want_body = in->want_body;
	answer = in->dissector->dissect(in->state, din, out);
	w->malformed[dissector_row(in->dissector)] += out->malformed;
	if (answer == DISSECT_NOT_MINE && in->dissector->proto == IP_UDP && in->dissector->state_size == 0) {
		retry(w, hit, in, din, out, frame);
		return;
	}
	/* A product's own protocol says not whose server it is: the name is wanted beside it, once more if need be. */
	if (observations_find(&w->obs, OBS_APP_PROTOCOL) != NULL) {
		in->named = false;
		name_by_dns(w, hit, in, din->ts_ns);
	}
	if (answer == DISSECT_NOT_MINE || (answer == DISSECT_DONE && !in->named &&
	    observations_find(&w->obs, OBS_TLS_SNI) == NULL))
		name_by_dns(w, hit, in, din->ts_ns);
	if (w->obs.n > 0) {
		bool was = in->curious;

		judge(w, hit, in, frame, din->ts_ns, answer == DISSECT_MORE || answer == DISSECT_TUNNEL);
		if (in->curious && !was && !din->curious) {
			if (in->dissector->detail != NULL) {
				observations_reset(&w->obs);
				in->dissector->detail(in->state, din, &w->obs);
				judge_remember(w, in);
			}
			/* It matters now: what comes after the first answer is wanted too. */
			if (answer == DISSECT_DONE)
				answer = DISSECT_MORE;
		}
	}
	w->dropped_observations += w->obs.dropped;
	w->obs.dropped = 0;
	if (out->body.first || out->body.last || out->body.bytes.len > 0)
		object_piece(w, hit, in, &out->body, din->gap > 0, frame, din->ts_ns);
	if (answer == DISSECT_TUNNEL)
		begin_again(in);
	else if (answer != DISSECT_MORE)
		in->deaf = true;
}

static struct dissect_in
input_of(struct worker *w, const struct flow_hit *hit, struct inspection *in, const struct packet *pkt)
{
	return (struct dissect_in){ .arena = &in->work, .pool = &w->arenas, .side = hit->side, .proto = pkt->proto,
		.server_port = flow_server_port(hit->flow), .ts_ns = pkt->ts_ns, .crypto = w->crypto };
}

/* Everything that stream s can show now. */
static void
drain(struct worker *w, struct flow_hit *hit, struct inspection *in, struct dissect_in *din, uint64_t frame)
{
	struct stream_view v;

	while (!in->deaf && stream_show(&in->stream[din->side], &w->streams, &v)) {
		struct dissect_out out = { .obs = &w->obs };

		din->data = v.data;
		din->gap = v.gap;
		din->snapped = v.snapped;
		din->end = v.end;
		in->gap |= v.gap > 0;
		look(w, hit, in, din, &out, frame);
		/* The look may have found out that the sides are the other way round: din->side follows. */
		if (!stream_consume(&in->stream[din->side], &w->streams, out.used, out.skip)) {
			w->held_too_much++;
			in->deaf = true;
		}
	}
}

static void
tcp_payload(struct worker *w, struct flow_hit *hit, struct inspection *in, const struct packet *pkt)
{
	bool syn = (pkt->tcp_flags & TCP_SYN) != 0;
	struct stream_segment g = { .seq = pkt->tcp_seq + syn, .payload = pkt->payload,
		.wire_len = pkt->payload_len, .fin = (pkt->tcp_flags & TCP_FIN) != 0, .ts_ns = pkt->ts_ns };
	struct dissect_in din;

	stream_add(&in->stream[hit->side], &w->streams, &g);
	if ((pkt->tcp_flags & TCP_ACK) != 0 && in->stream[other_side(hit->side)].early != NULL) {
		stream_acked(&in->stream[other_side(hit->side)], &w->streams, pkt->tcp_ack, pkt->ts_ns);
		din = input_of(w, hit, in, pkt);
		din.side = other_side(hit->side);
		drain(w, hit, in, &din, pkt->number);
	}
	/* Asked for again: the first drain may have found the sides to be the other way round. */
	din = input_of(w, hit, in, pkt);
	drain(w, hit, in, &din, pkt->number);
}

static void
udp_payload(struct worker *w, struct flow_hit *hit, struct inspection *in, const struct packet *pkt)
{
	struct dissect_in din = input_of(w, hit, in, pkt);
	struct dissect_out out = { .obs = &w->obs };

	din.data = pkt->payload;
	din.snapped = pkt->snapped;
	look(w, hit, in, &din, &out, pkt->number);
}

/* nDPI sees packets, from the one that made the flow interesting on. */
static void
second_opinion(struct worker *w, const struct flow_hit *hit, struct inspection *in, const struct packet *pkt)
{
	if (pkt->payload.len == 0 ||
	    !dpi_look(w->dpi, &in->dpi, hit->side, pkt->proto == IP_UDP, pkt->ip, pkt->ts_ns))
		return;
	observations_reset(&w->obs);
	dpi_tell(w->dpi, &in->dpi, &w->obs);
	judge_remember(w, in);
	in->dpi_done = true;
	in->dpi_wanted = false;
}

/* Gives back what the flow no longer needs. */
static void
settle(struct worker *w, struct conv *c, struct inspection *in)
{
	bool stateless = in->dissector != NULL && in->dissector->state_size == 0 && in->dissector->proto == IP_UDP;

	if (in->deaf) {
		arena_reset(&in->work, &w->arenas);
		stream_fini(&in->stream[0], &w->streams);
		stream_fini(&in->stream[1], &w->streams);
	}
	if (in->dpi_wanted || w->opt.all_flows || (in->dossier != NULL && in->dossier->n_all > 0)) {
		c->stage = in->deaf && !in->dpi_wanted ? STAGE_DECIDED : STAGE_OPEN;
		return;
	}
	if (!in->deaf && !stateless) {
		c->stage = STAGE_OPEN;
		return;
	}
	c->slot = in->dissector != NULL ? (uint8_t)(dissector_row(in->dissector) + 1) : 0;
	c->stage = in->deaf ? STAGE_DECIDED : STAGE_NEW;
	inspection_put(w, c);
}

static struct inspection *
open_inspection(struct worker *w, struct flow_hit *hit)
{
	struct conv *c = hit->conv;
	struct inspection *in = inspection_get(w);

	c->user = in;
	if (in == NULL) {
		c->stage = STAGE_DECIDED;
		return NULL;
	}
	c->stage = STAGE_OPEN;
	if (c->slot > 0)
		in->dissector = dissectors[c->slot - 1];
	for (unsigned i = 0; i < 2; i++)
		if (c->known[i])
			stream_start(&in->stream[i], c->start_seq[i]);
	in->dpi_wanted = w->dpi != NULL && w->opt.dpi == DPI_ALL;
	return in;
}

void
inspect(struct worker *w, struct flow_hit *hit, const struct packet *pkt)
{
	struct inspection *in = hit->conv->user;

	if (in == NULL && (in = open_inspection(w, hit)) == NULL)
		return;
	if (!in->deaf) {
		if (pkt->proto == IP_TCP)
			tcp_payload(w, hit, in, pkt);
		else if (pkt->payload.len > 0)
			udp_payload(w, hit, in, pkt);
	}
	if (in->dpi_wanted)
		second_opinion(w, hit, in, pkt);
	settle(w, hit->conv, in);
}

/*
 * What is left of both streams.  Three turns, for the first may find that the
 * sides are the other way round: the streams then change places.
 */
static void
drain_rest(struct worker *w, struct flow_hit *hit, struct inspection *in)
{
	struct conv *c = hit->conv;

	stream_end(&in->stream[0]);
	stream_end(&in->stream[1]);
	for (unsigned i = 0; i < 3 && !in->deaf; i++) {
		struct dissect_in din = { .side = (enum side)(i & 1), .proto = IP_TCP,
			.server_port = flow_server_port(hit->flow), .ts_ns = c->last_ns, .crypto = w->crypto,
			.arena = &in->work, .pool = &w->arenas };

		hit->side = din.side;
		drain(w, hit, in, &din, w->last_frame);
	}
}

/* Asked, and never answered with a name: the name that DNS gave the address is all there is. */
static void
name_the_nameless(struct worker *w, struct flow_hit *hit, struct inspection *in)
{
	if (in->named || in->dissector == NULL || in->dissector->state_size == 0)
		return;
	observations_reset(&w->obs);
	name_by_dns(w, hit, in, hit->conv->last_ns);
	judge(w, hit, in, w->last_frame, hit->conv->last_ns, false);
}

void
inspect_end(struct worker *w, struct flow *f, struct conv *c, enum flow_end end)
{
	struct inspection *in = c != NULL ? c->user : NULL;

	if (in != NULL) {
		struct flow_hit hit = { .flow = f, .conv = c };

		if ((f->flags & FLOW_UDP) == 0)
			drain_rest(w, &hit, in);
		object_break(w, &hit, in, w->last_frame, c->last_ns);
		name_the_nameless(w, &hit, in);
		if (in->dpi != NULL) {
			observations_reset(&w->obs);
			dpi_tell(w->dpi, &in->dpi, &w->obs);
			judge_remember(w, in);
		}
	}
	if (w->opt.all_flows || (in != NULL && in->dossier != NULL && in->dossier->n_all > 0))
		emit_flow(w, f, c, in, end);
	if (in != NULL)
		inspection_put(w, c);
}
