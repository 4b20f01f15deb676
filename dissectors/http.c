/* SPDX-License-Identifier: Apache-2.0 */
/* http - the messages of an HTTP/1 connection, one after the other (RFC 9112; HTTP/1.0 is RFC 1945). */
#include "dissectors/dissector.h"
#include "dissectors/http_head.h"

static enum rd_state http_probe(const struct dissect_in *);
static enum dissect http_dissect(void *, const struct dissect_in *, struct dissect_out *);

enum {
	HEAD_MAX = 32000,		/* bytes of a head, of a chunk's first line, of a trailer line */
	BODY_WAIT = 16,			/* first bytes of a body that are waited for */
	BODY_TOLD = 64,			/* first bytes of a body that are observed */
	ASKED_MAX = 32,			/* requests whose method is remembered until the answer comes */
	HEX_MAX = 15,			/* digits of a chunk's size */
	FAULTS_MAX = 8,			/* contradictions after which it makes no sense any more */
	EMPTY_MAX = 4,			/* bytes of empty lines that the probe looks past */
};

enum phase {
	START,				/* a head comes next */
	BODY,				/* half.left bytes of body or chunk come next */
	CHUNK_SIZE,
	CHUNK_END,			/* the line end after a chunk's data */
	TRAILER,
	RESYNC,				/* lost: looking for a head */
	CLOSING,			/* body until the connection closes */
	OVER,				/* no longer HTTP/1, or never was */
};

/* How the end of a body is found, RFC 9112 section 6.3. */
enum framing { BODY_NONE, BODY_LENGTH, BODY_CHUNKED, BODY_CLOSE, BODY_UNKNOWN };

/* What the answer's framing depends on, two bits a request. */
enum asked { ASKED_UNKNOWN, ASKED_PLAIN, ASKED_HEAD, ASKED_CONNECT };

struct half {
	uint64_t left;
	uint32_t scanned;		/* bytes of an incomplete head that hold no empty line */
	uint8_t phase, framing;		/* enum phase, enum framing */
	bool seen;			/* a head was */
	bool told;			/* the body's first bytes were, or are lost */
	bool doubt;			/* the body may not be there at all */
	bool connect;			/* the client asked for a tunnel and may already use it */
};

struct http {
	struct half half[2];
	uint64_t asked;			/* queue of enum asked, oldest in the lowest bits */
	uint32_t beyond;		/* requests that came when it was full */
	uint8_t n_asked;
	uint8_t faults;
	bool unsure;			/* bytes were lost: answers and requests may not match */
};

const struct dissector http_dissector = {
	.name = "http",
	.proto = 6,
	.state_size = sizeof(struct http),
	.probe = http_probe,
	.dissect = http_dissect,
};

_Static_assert(sizeof(struct http) <= DISSECT_STATE_MAX, "state of http");

/* One call of http_dissect(). */
struct turn {
	struct http *http;
	struct half *half;		/* the side that speaks */
	const struct dissect_in *in;
	struct dissect_out *out;
	struct rd r;			/* what is not consumed; never fails, for that would consume it */
};

enum step {
	AGAIN,				/* something was consumed, or the phase is another */
	MORE, DONE, NOT_MINE, TUNNEL,	/* the answer */
};

static struct span
rest(const struct turn *t)
{
	struct rd look = rd_fork(&t->r);

	return rd_span(&look, rd_left(&look));
}

static enum rd_state
message_start(const struct turn *t)
{
	return http_start(t->in->side, rest(t));
}

/* --- requests that wait for their answer ----------------------------------------- */

static void
asked_put(struct http *h, enum asked asked)
{
	if (h->n_asked == ASKED_MAX || h->beyond > 0)
		h->beyond += h->beyond < UINT32_MAX;
	else
		h->asked |= (uint64_t)asked << 2 * h->n_asked++;
}

static enum asked
asked_take(struct http *h)
{
	enum asked asked = (enum asked)(h->asked & 3);

	if (h->n_asked == 0) {
		h->beyond -= h->beyond > 0;
		return ASKED_UNKNOWN;
	}
	h->asked >>= 2;
	h->n_asked--;
	return h->unsure ? ASKED_UNKNOWN : asked;
}

/* --- when it does not go on as it should ------------------------------------------- */

/* The connection is something else from here on; a later call finds it so. */
static enum step
over(struct turn *t, enum step answer)
{
	t->http->half[FROM_CLIENT].phase = t->http->half[FROM_SERVER].phase = OVER;
	return answer;
}

static enum step
fault(struct turn *t)
{
	t->out->malformed++;
	if (++t->http->faults > FAULTS_MAX)
		return over(t, NOT_MINE);
	t->http->unsure = true;
	t->half->phase = RESYNC;
	return AGAIN;
}

/* No head where one is due. */
static enum step
stray(struct turn *t)
{
	if (t->half->connect)
		return over(t, TUNNEL);
	if (t->half->seen)
		return fault(t);
	if (t->http->half[FROM_CLIENT].seen || t->http->half[FROM_SERVER].seen) {
		t->http->unsure = true;		/* picked up in the middle of a message */
		t->half->phase = RESYNC;
		return AGAIN;
	}
	t->out->malformed++;
	return over(t, NOT_MINE);
}

/* A loss within a body of known length is no loss of place. */
static void
lost(struct turn *t)
{
	struct half *s = t->half;

	if (s->phase == CLOSING || s->phase == OVER)
		return;
	if (s->phase == BODY && s->framing != BODY_UNKNOWN && t->in->gap <= s->left) {
		s->left -= t->in->gap;
		s->told = true;
		s->doubt = false;
		return;
	}
	t->http->unsure = true;
	s->scanned = 0;
	s->phase = RESYNC;
}

/* --- heads --------------------------------------------------------------------------- */

static enum framing
framing(const struct http_head *h, enum side side)
{
	if (h->coded)
		return h->chunked ? BODY_CHUNKED : side == FROM_SERVER ? BODY_CLOSE : BODY_UNKNOWN;
	if (h->bad_length)
		return BODY_UNKNOWN;
	if (h->has_length)
		return h->length > 0 ? BODY_LENGTH : BODY_NONE;
	return side == FROM_SERVER ? BODY_CLOSE : BODY_NONE;
}

static void
expect_body(struct half *s, enum framing f, uint64_t length)
{
	s->framing = (uint8_t)f;
	s->told = false;
	s->doubt |= f == BODY_UNKNOWN;
	s->phase = f == BODY_NONE ? START : f == BODY_CHUNKED ? CHUNK_SIZE : BODY;
	s->left = f == BODY_LENGTH ? length : f == BODY_UNKNOWN ? BODY_TOLD : INT64_MAX;
}

static enum step
request(struct turn *t, const struct http_head *h)
{
	struct half *s = t->half;

	s->connect = h->connect;
	s->doubt = h->expect;
	asked_put(t->http, h->connect ? ASKED_CONNECT : h->head ? ASKED_HEAD : ASKED_PLAIN);
	expect_body(s, h->connect ? BODY_NONE : framing(h, FROM_CLIENT), h->length);
	return MORE;
}

static enum step
response(struct turn *t, const struct http_head *h)
{
	enum asked asked;
	bool none = h->status == 204 || h->status == 304;

	if (h->status == 101)
		return over(t, DONE);
	if (h->status < 200) {
		expect_body(t->half, BODY_NONE, 0);
		return MORE;
	}
	asked = asked_take(t->http);
	if (asked == ASKED_CONNECT && h->status < 300)
		return over(t, TUNNEL);
	t->half->doubt = asked == ASKED_UNKNOWN;
	expect_body(t->half, none || asked == ASKED_HEAD ? BODY_NONE : framing(h, FROM_SERVER), h->length);
	return MORE;
}

/* Length of the head up to and with its empty line; 0 when that has not come. */
static size_t
head_length(struct turn *t)
{
	struct rd r = rd_fork(&t->r);
	size_t left = 0;

	rd_skip(&r, t->half->scanned);
	while (rd_ok(&r)) {
		left = rd_left(&r);
		if (rd_line(&r).len == 0)
			break;
	}
	if (rd_ok(&r))
		return rd_left(&t->r) - rd_left(&r);
	t->half->scanned = (uint32_t)(rd_left(&t->r) - left);
	return 0;
}

static enum step
head(struct turn *t)
{
	enum side side = t->in->side;
	size_t n = head_length(t);
	struct http_head h;

	if ((n == 0 && rd_left(&t->r) >= HEAD_MAX) || n > HEAD_MAX) {
		t->out->malformed++;
		return over(t, NOT_MINE);
	}
	if (n == 0)
		return MORE;
	t->half->scanned = 0;
	if (!http_head_read(side, rd_span(&t->r, n), &h))
		return fault(t);
	t->out->malformed += h.malformed;
	t->half->seen = true;
	if (h.http2)
		return over(t, DONE);
	http_head_observe(&h, side, t->out->obs);
	return side == FROM_CLIENT ? request(t, &h) : response(t, &h);
}

/* RFC 9112 section 2.2: empty lines before a head are to be ignored. */
static void
skip_empty_lines(struct rd *r, size_t max)
{
	struct rd look = rd_fork(r);

	while (max-- > 0 && rd_more(&look)) {
		uint8_t c = rd_u8(&look);

		if (c != '\r' && c != '\n')
			return;
		*r = look;
	}
}

static enum step
start(struct turn *t)
{
	skip_empty_lines(&t->r, SIZE_MAX);
	switch (message_start(t)) {
	case RD_OK: return head(t);
	case RD_BAD: return stray(t);
	case RD_SHORT: break;
	}
	return MORE;
}

/* Messages like to begin with a segment: its start counts as the start of a line. */
static enum step
resync(struct turn *t)
{
	while (rd_more(&t->r)) {
		enum rd_state s = message_start(t);
		struct rd line = rd_fork(&t->r);

		if (s == RD_OK) {
			t->half->phase = START;
			return AGAIN;
		}
		if (s == RD_SHORT && !t->in->end)
			return MORE;
		rd_line(&line);
		if (!rd_ok(&line))
			rd_skip(&t->r, rd_left(&t->r));
		else
			t->r = line;
	}
	return MORE;
}

/* --- bodies --------------------------------------------------------------------------- */

/*
 * An answer to an unseen HEAD has a length and no body, and a body that awaits
 * 100 (Continue) may never come: does the next head stand in its place?
 * BAD no, SHORT perhaps.
 */
static enum rd_state
next_head(struct turn *t)
{
	enum rd_state s = t->half->doubt ? message_start(t) : RD_BAD;

	if (s == RD_SHORT && !t->in->end && (t->half->phase != BODY || rd_left(&t->r) < t->half->left))
		return RD_SHORT;
	t->half->doubt = false;
	if (s != RD_OK)
		return RD_BAD;
	t->half->phase = START;
	return RD_OK;
}

static enum phase
after_body(const struct half *s)
{
	switch (s->framing) {
	case BODY_CHUNKED: return CHUNK_END;
	case BODY_CLOSE: return CLOSING;
	case BODY_UNKNOWN: return RESYNC;
	default: return START;
	}
}

/* All of the body is wanted: a piece a call, for a call reports one. */
static enum step
hand_over(struct turn *t, size_t n)
{
	struct half *s = t->half;
	struct body_piece *piece = &t->out->body;

	piece->first = !s->told;
	piece->bytes = rd_span(&t->r, n);
	s->told = true;
	s->left -= n;
	if (s->left == 0) {
		s->phase = (uint8_t)after_body(s);
		piece->last = s->framing == BODY_LENGTH;
	} else if (s->framing == BODY_CLOSE && t->in->end) {
		piece->last = true;
	}
	return MORE;
}

static enum step
body(struct turn *t)
{
	struct half *s = t->half;
	size_t n = rd_left(&t->r) < s->left ? rd_left(&t->r) : (size_t)s->left;
	struct rd look = rd_fork(&t->r);
	bool tell = !s->told && n > 0;

	if (!s->told && n < BODY_WAIT && n < s->left && !t->in->end)
		return MORE;
	if (tell)
		observe(t->out->obs, t->in->side == FROM_CLIENT ? OBS_HTTP_REQUEST_BODY : OBS_HTTP_BODY,
		    t->in->side, rd_span(&look, n < BODY_TOLD ? n : BODY_TOLD));
	if (t->in->want_body && t->in->side == FROM_SERVER && s->framing != BODY_UNKNOWN)
		return hand_over(t, n);
	s->told = true;
	s->phase = (uint8_t)after_body(s);
	if (s->phase == RESYNC) {	/* the next head may be near: one byte is progress enough */
		rd_skip(&t->r, n > 0);
		return MORE;
	}
	rd_skip(&t->r, n);
	t->out->skip = s->left - n;
	return tell || t->out->skip > 0 ? MORE : AGAIN;
}

static int
hex_digit(uint8_t c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	c |= 0x20;
	return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

/* chunk-size [ chunk-ext ], RFC 9112 section 7.1 */
static bool
read_chunk_size(struct span line, uint64_t *size)
{
	struct rd r = rd_closed(line.p, line.len);
	unsigned digits = 0;

	for (*size = 0; rd_more(&r); digits++) {
		uint8_t c = rd_u8(&r);
		int v = hex_digit(c);

		if (v < 0)
			return digits > 0 && (c == ';' || c == ' ' || c == '\t');
		if (digits == HEX_MAX)
			return false;
		*size = *size << 4 | (uint64_t)v;
	}
	return digits > 0;
}

static enum step
chunk_size(struct turn *t)
{
	struct rd r = rd_fork(&t->r);
	struct span line = rd_line(&r);
	uint64_t size;

	if (!rd_ok(&r))
		return rd_left(&t->r) < HEAD_MAX ? MORE : fault(t);
	if (!read_chunk_size(line, &size))
		return fault(t);
	t->r = r;
	t->half->left = size;
	t->half->phase = size > 0 ? BODY : TRAILER;
	t->out->body.last = size == 0 && t->half->told && t->in->want_body;
	return t->out->body.last ? MORE : AGAIN;
}

static enum step
chunk_end(struct turn *t)
{
	struct rd r = rd_fork(&t->r);
	uint8_t c = rd_u8(&r);

	if (c == '\r')
		c = rd_u8(&r);
	if (!rd_ok(&r))
		return MORE;
	if (c != '\n')
		return fault(t);
	t->r = r;
	t->half->phase = CHUNK_SIZE;
	return AGAIN;
}

static enum step
trailer(struct turn *t)
{
	struct rd r = rd_fork(&t->r);
	struct span line = rd_line(&r);

	if (!rd_ok(&r))
		return rd_left(&t->r) < HEAD_MAX ? MORE : fault(t);
	t->r = r;
	if (line.len == 0)
		t->half->phase = START;
	return AGAIN;
}

/* --- the contract ------------------------------------------------------------------------ */

static enum step
step(struct turn *t)
{
	switch (t->half->phase) {
	case BODY:
	case CHUNK_SIZE:
		switch (next_head(t)) {
		case RD_OK: return AGAIN;
		case RD_SHORT: return MORE;
		case RD_BAD: break;
		}
		return t->half->phase == BODY ? body(t) : chunk_size(t);
	case CHUNK_END: return chunk_end(t);
	case TRAILER: return trailer(t);
	case RESYNC: return resync(t);
	case CLOSING:
	case OVER:
		rd_skip(&t->r, rd_left(&t->r));
		return t->half->phase == OVER ? DONE : MORE;
	default: return start(t);
	}
}

static enum dissect
http_dissect(void *state, const struct dissect_in *in, struct dissect_out *out)
{
	struct http *h = state;
	struct turn t = { .http = h, .half = &h->half[in->side], .in = in, .out = out,
		.r = rd_open(in->data.p, in->data.len) };
	enum step s;

	if (in->gap > 0)
		lost(&t);
	do
		s = step(&t);
	while (s == AGAIN);
	out->used = in->data.len - rd_left(&t.r);
	return s == MORE ? DISSECT_MORE : s == DONE ? DISSECT_DONE : s == TUNNEL ? DISSECT_TUNNEL : DISSECT_NOT_MINE;
}

static enum rd_state
http_probe(const struct dissect_in *in)
{
	struct rd r = rd_open(in->data.p, in->data.len);

	if (in->side == FROM_CLIENT)
		skip_empty_lines(&r, EMPTY_MAX);
	return http_start(in->side, rd_span(&r, rd_left(&r)));
}
