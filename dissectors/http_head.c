/* SPDX-License-Identifier: Apache-2.0 */
/* http_head - start line and header fields of an HTTP/1 message (RFC 9110, RFC 9112). */
#include "dissectors/http_head.h"

enum {
	DIGITS_MAX = 19,		/* decimal digits that surely fit 64 bits */
	FOLD_TEXT = 512,		/* bytes of a folded value that are kept */
};

/* --- text ------------------------------------------------------------------ */

static uint8_t
lower(uint8_t c)
{
	return c >= 'A' && c <= 'Z' ? c | 0x20 : c;
}

static bool
is_digit(uint8_t c)
{
	return c >= '0' && c <= '9';
}

static bool
is_letter(uint8_t c)
{
	return lower(c) >= 'a' && lower(c) <= 'z';
}

static bool
is_space(uint8_t c)
{
	return c == ' ' || c == '\t' || c == '\r' || c == '\n';
}

static uint8_t
byte_at(struct span s, size_t i)
{
	struct rd r = rd_closed(s.p, s.len);

	rd_skip(&r, i);
	return rd_u8(&r);
}

/* Bytes from to to, both made to fit. */
static struct span
cut(struct span s, size_t from, size_t to)
{
	struct rd r = rd_closed(s.p, s.len);

	if (to > s.len)
		to = s.len;
	if (from > to)
		from = to;
	rd_skip(&r, from);
	return rd_span(&r, to - from);
}

/* Where c is; the length when it is nowhere. */
static size_t
find(struct span s, uint8_t c)
{
	const uint8_t *p = s.len > 0 ? memchr(s.p, c, s.len) : NULL;

	return p != NULL ? (size_t)(p - s.p) : s.len;
}

static size_t
find_last(struct span s, uint8_t c)
{
	const uint8_t *p = s.len > 0 ? memrchr(s.p, c, s.len) : NULL;

	return p != NULL ? (size_t)(p - s.p) : s.len;
}

static struct span
trim(struct span s)
{
	size_t from = 0, to = s.len;

	while (from < to && is_space(byte_at(s, from)))
		from++;
	while (to > from && is_space(byte_at(s, to - 1)))
		to--;
	return cut(s, from, to);
}

/* Is s this lower-case name, in any case?  A star at its end stands for anything. */
static bool
named(struct span s, const char *name)
{
	struct rd r = rd_closed(s.p, s.len);

	for (; *name != '\0' && *name != '*'; name++)
		if (lower(rd_u8(&r)) != (uint8_t)*name)
			return false;
	return *name == '*' || !rd_more(&r);
}

static bool
number(struct span s, uint64_t *out)
{
	struct rd r = rd_closed(s.p, s.len);
	uint64_t n = 0;

	if (s.len == 0 || s.len > DIGITS_MAX)
		return false;
	while (rd_more(&r)) {
		uint8_t c = rd_u8(&r);

		if (!is_digit(c))
			return false;
		n = n * 10 + (c - '0');
	}
	*out = n;
	return true;
}

static void
keep(struct span *to, struct span s)
{
	if (to->p == NULL)
		*to = s;
}

/* --- how a message begins --------------------------------------------------- */

static void
expect(struct rd *r, const char *text)
{
	for (; *text != '\0' && rd_ok(r); text++)
		if (rd_u8(r) != (uint8_t)*text)
			rd_fail(r, RD_BAD);
}

static void
expect_digits(struct rd *r, unsigned n)
{
	while (n-- > 0 && rd_ok(r))
		if (!is_digit(rd_u8(r)))
			rd_fail(r, RD_BAD);
}

/* status-line, RFC 9112 section 4 */
static enum rd_state
status_start(struct rd *r)
{
	expect(r, "HTTP/1.");
	expect_digits(r, 1);
	expect(r, " ");
	expect_digits(r, 3);
	if (rd_ok(r) && rd_more(r) && !is_space(rd_u8(r)))
		rd_fail(r, RD_BAD);
	return rd_state(r);
}

/* Up to the space after it, which is consumed. */
static struct span
method(struct rd *r)
{
	struct rd from = rd_fork(r);
	size_t n = 0;
	uint8_t c = rd_u8(r);

	for (; (c >= 'A' && c <= 'Z') || (n > 0 && (c == '-' || c == '_')); c = rd_u8(r))
		if (++n > HTTP_METHOD_MAX)
			break;
	if (rd_ok(r) && (c != ' ' || n < 3))
		rd_fail(r, RD_BAD);
	return rd_span(&from, n);
}

/* The version at the end of a request line; the number only, empty when there is none. */
static struct span
line_version(struct span line)
{
	struct span s = trim(line);
	size_t sp = find_last(s, ' ');
	struct span token = cut(s, sp + 1, s.len);
	struct rd r = rd_closed(token.p, token.len);

	expect(&r, "HTTP/");
	expect_digits(&r, 1);
	expect(&r, ".");
	expect_digits(&r, 1);
	rd_finish(&r);
	return rd_ok(&r) ? cut(token, 5, token.len) : (struct span){ 0 };
}

/* RTSP and SIP look alike but for the version. */
static bool
line_is_http(struct span line, struct span verb)
{
	struct span version = line_version(line);

	return named(version, "1.*") || (named(verb, "pri") && named(version, "2.0"));
}

static void
target_start(struct rd *r, struct span verb)
{
	struct rd from = rd_fork(r);
	uint8_t c = rd_u8(r);

	if (!rd_ok(r) || c == '/')
		return;
	if (named(verb, "connect")) {
		if (!is_letter(c) && !is_digit(c) && c != '[')
			rd_fail(r, RD_BAD);
	} else if (c == '*') {
		expect(r, " HTTP/");
	} else if (lower(c) != 'h') {
		rd_fail(r, RD_BAD);
	} else {
		rd_skip(r, 3);
		if (rd_ok(r) && !named(rd_span(&from, 4), "http"))
			rd_fail(r, RD_BAD);
	}
}

/* request-line, RFC 9112 section 3 */
static enum rd_state
request_start(struct rd *r)
{
	struct rd line = rd_fork(r);
	size_t len = rd_left(r);
	struct span verb = method(r), text;

	target_start(r, verb);
	if (!rd_ok(r))
		return rd_state(r);
	text = rd_line(&line);
	if (rd_ok(&line))
		return line_is_http(text, verb) ? RD_OK : RD_BAD;
	return len < HTTP_START_MAX ? RD_SHORT : RD_OK;
}

enum rd_state
http_start(enum side side, struct span data)
{
	struct rd r = rd_open(data.p, data.len);

	return side == FROM_CLIENT ? request_start(&r) : status_start(&r);
}

/* --- the request target ------------------------------------------------------ */

static bool
host_is_text(struct span host)
{
	struct rd r = rd_closed(host.p, host.len);

	while (rd_more(&r)) {
		uint8_t c = rd_u8(&r);

		if (c <= ' ' || c == 0x7f)
			return false;
	}
	return host.len <= HTTP_NAME_MAX;
}

/* RFC 3986 section 3.2: [ userinfo "@" ] host [ ":" port ]; userinfo is a secret and is dropped. */
static void
authority(struct http_head *h, struct span a)
{
	size_t at = find_last(a, '@');
	struct span s = at < a.len ? cut(a, at + 1, a.len) : a;
	bool literal = byte_at(s, 0) == '[';
	size_t end = find(s, literal ? ']' : ':');
	struct span host = cut(s, literal, end), port = cut(s, end + literal, s.len);
	uint64_t n = 0;

	if ((literal && end == s.len) || (port.len > 0 && find_last(port, ':') != 0) || !host_is_text(host)) {
		h->malformed++;
		return;
	}
	if (!literal && host.len > 1 && byte_at(host, host.len - 1) == '.')
		host = cut(host, 0, host.len - 1);
	h->host = host;
	port = cut(port, 1, port.len);
	if (port.len == 0)
		return;
	if (number(port, &n) && n > 0 && n <= UINT16_MAX)
		h->port = (uint16_t)n;
	else
		h->malformed++;
}

static void
path_and_query(struct http_head *h, struct span s)
{
	size_t mark = find(s, '?');

	h->path = cut(s, 0, mark);
	h->query = cut(s, mark + 1, s.len);
}

/* absolute-form, RFC 9112 section 3.2.2: scheme "://" authority path-abempty [ "?" query ] */
static bool
absolute(struct http_head *h, struct span target)
{
	size_t colon = find(target, ':');
	struct span rest = cut(target, colon + 3, target.len);
	size_t end = find(rest, '/'), mark = find(rest, '?');

	if (!named(cut(target, colon, colon + 3), "://"))
		return false;
	if (mark < end)
		end = mark;
	h->proxy = true;
	authority(h, cut(rest, 0, end));
	path_and_query(h, cut(rest, end, rest.len));
	return true;
}

static bool
target(struct http_head *h, struct span s)
{
	uint8_t c = byte_at(s, 0);

	if (h->connect) {
		h->proxy = true;
		authority(h, s);
		return true;
	}
	if (c != '/' && c != '*')
		return absolute(h, s);
	path_and_query(h, s);
	return true;
}

/* A target with spaces in it is against the grammar and is seen: it ends at the last one. */
static bool
request_line(struct http_head *h, struct span line)
{
	struct span s = trim(line);
	size_t first = find(s, ' '), last = find_last(s, ' ');

	h->method = cut(s, 0, first);
	h->version = line_version(s);
	h->connect = named(h->method, "connect");
	h->head = named(h->method, "head");
	if (!line_is_http(s, h->method))
		return false;
	h->http2 = named(h->version, "2.0");
	return h->http2 || target(h, trim(cut(s, first, last)));
}

static bool
status_line(struct http_head *h, struct span line)
{
	uint64_t status = 0;

	h->version = cut(line, 5, 8);
	if (!number(cut(line, 9, 12), &status) || status < 100)
		return false;
	h->status = (unsigned)status;
	return true;
}

/* --- header fields ----------------------------------------------------------- */

/* Up to H_QUIET they are not observed as "name: value". */
enum header { H_HOST, H_AGENT, H_REFERER, H_LENGTH, H_QUIET,
	H_TRANSFER, H_EXPECT, H_SERVER, H_LOCATION, H_TYPE, H_OTHER };

static const struct {
	const char *name;
	enum header id;
} headers[] = {
	{ "host", H_HOST }, { "user-agent", H_AGENT }, { "referer", H_REFERER }, { "expect", H_EXPECT },
	{ "content-length", H_LENGTH }, { "transfer-encoding", H_TRANSFER }, { "content-type", H_TYPE },
	{ "server", H_SERVER }, { "location", H_LOCATION },
	/* secrets */
	{ "cookie2", H_QUIET }, { "authorization", H_QUIET }, { "proxy-authorization", H_QUIET },
	/* in every request of a browser, and telling nothing */
	{ "accept*", H_QUIET }, { "connection", H_QUIET }, { "cache-control", H_QUIET }, { "if-*", H_QUIET },
	{ "pragma", H_QUIET }, { "te", H_QUIET }, { "upgrade-insecure-requests", H_QUIET },
};

static enum header
header_id(struct span name)
{
	for (size_t i = 0; i < sizeof headers / sizeof *headers; i++)
		if (named(name, headers[i].name))
			return headers[i].id;
	return H_OTHER;
}

struct field {
	struct span name, value;	/* a folded value has its line ends in it */
	bool malformed;
};

static bool
at_fold(const struct rd *r)
{
	struct rd look = rd_fork(r);
	uint8_t c = rd_u8(&look);

	return c == ' ' || c == '\t';
}

/* RFC 9112 section 5; false at the empty line.  A line without a name has none. */
static bool
next_field(struct rd *r, struct field *f)
{
	struct rd from = rd_fork(r);
	bool orphan = at_fold(r);
	struct span line = rd_line(r), whole, name;
	size_t colon = find(line, ':');

	if (line.len == 0)
		return false;
	while (at_fold(r))
		rd_line(r);
	whole = rd_span(&from, rd_left(&from) - rd_left(r));
	name = cut(whole, 0, colon);
	*f = (struct field){ .name = trim(name) };
	if (orphan || colon == line.len || f->name.len == 0) {
		*f = (struct field){ .malformed = true };
		return true;
	}
	f->malformed = f->name.len != name.len;	/* space before the colon */
	f->value = trim(cut(whole, colon + 1, whole.len));
	return true;
}

/* RFC 9112 section 6.3 point 5: the same number may come more than once.  The first counts. */
static void
content_length(struct http_head *h, struct span v)
{
	do {
		size_t comma = find(v, ',');
		uint64_t n = 0;

		if (!number(trim(cut(v, 0, comma)), &n)) {
			h->malformed++;
			h->bad_length |= !h->has_length;
		} else if (h->has_length) {
			h->malformed += n != h->length;
		} else {
			h->has_length = true;
			h->length = n;
		}
		v = cut(v, comma + 1, v.len);
	} while (v.len > 0);
}

/* RFC 9112 section 6.1; "identity" is RFC 2616's word for no coding. */
static void
transfer_encoding(struct http_head *h, struct span v)
{
	size_t comma = find_last(v, ',');
	struct span last = comma < v.len ? trim(cut(v, comma + 1, v.len)) : v;

	if (named(v, "identity"))
		return;
	h->coded = true;
	h->chunked = named(trim(cut(last, 0, find(last, ';'))), "chunked");
}

static void
host_field(struct http_head *h, struct span v)
{
	if (h->has_host)
		h->malformed++;
	else if (h->host.len == 0)	/* the target's authority counts more (RFC 9112 section 3.2.2) */
		authority(h, v);
	h->has_host = true;
}

static void
note(struct http_head *h, const struct field *f)
{
	h->malformed += f->malformed;
	switch (header_id(f->name)) {
	case H_HOST: host_field(h, f->value); break;
	case H_AGENT: keep(&h->agent, f->value); break;
	case H_REFERER: keep(&h->referer, f->value); break;
	case H_LENGTH: content_length(h, f->value); break;
	case H_TRANSFER: transfer_encoding(h, f->value); break;
	case H_EXPECT: h->expect = named(f->value, "100-continue"); break;
	case H_SERVER: keep(&h->server, f->value); break;
	case H_LOCATION: keep(&h->location, f->value); break;
	case H_TYPE: keep(&h->type, trim(cut(f->value, 0, find(f->value, ';')))); break;
	case H_QUIET:
	case H_OTHER: break;
	}
}

bool
http_head_read(enum side side, struct span head, struct http_head *h)
{
	struct rd r = rd_closed(head.p, head.len);
	struct span line = rd_line(&r);
	struct field f;

	*h = (struct http_head){ 0 };
	if (!rd_ok(&r) || !(side == FROM_CLIENT ? request_line(h, line) : status_line(h, line)))
		return false;
	h->fields = cut(head, head.len - rd_left(&r), head.len);
	while (next_field(&r, &f))
		note(h, &f);
	h->malformed += h->coded && (h->has_length || h->bad_length);
	return true;
}

/* --- what is told ------------------------------------------------------------ */

/* Appends as much of s as fits; line ends of a fold become spaces. */
static size_t
put(uint8_t *text, size_t n, size_t max, struct span s)
{
	struct rd r = rd_closed(s.p, s.len);

	while (rd_more(&r) && n < max) {
		uint8_t c = rd_u8(&r);

		text[n++] = c == '\r' || c == '\n' ? ' ' : c;
	}
	return n;
}

static void
observe_text(struct observations *obs, enum obs_kind kind, enum side side, struct span s)
{
	uint8_t text[FOLD_TEXT];

	if (s.len == 0)
		return;
	if (find(s, '\n') == s.len)
		observe(obs, kind, side, s);
	else
		observe_copy(obs, kind, side, (struct span){ text, put(text, 0, sizeof text, s) });
}

static void
observe_header(struct observations *obs, const struct field *f)
{
	uint8_t text[HTTP_HEADER_TEXT];
	size_t n = put(text, 0, sizeof text, f->name);

	for (size_t i = 0; i < n; i++)
		text[i] = lower(text[i]);
	n = put(text, n, sizeof text, span_str(": "));
	n = put(text, n, sizeof text, f->value);
	observe_copy(obs, OBS_HTTP_HEADER, FROM_CLIENT, (struct span){ text, n });
}

static void
observe_request(const struct http_head *h, struct observations *obs)
{
	struct rd r = rd_closed(h->fields.p, h->fields.len);
	struct field f;
	unsigned n = 0;

	observe(obs, OBS_HTTP_METHOD, FROM_CLIENT, h->method);
	observe(obs, OBS_HTTP_VERSION, FROM_CLIENT, h->version);
	if (h->host.len > 0)
		observe_lower(obs, OBS_HTTP_HOST, FROM_CLIENT, h->host);
	if (h->port > 0)
		observe_num(obs, OBS_HTTP_PORT, FROM_CLIENT, h->port);
	if (h->proxy)
		observe(obs, OBS_HTTP_PROXY, FROM_CLIENT, (struct span){ 0 });
	observe_text(obs, OBS_HTTP_PATH, FROM_CLIENT, h->path);
	observe_text(obs, OBS_HTTP_QUERY, FROM_CLIENT, h->query);
	observe_text(obs, OBS_HTTP_AGENT, FROM_CLIENT, h->agent);
	observe_text(obs, OBS_HTTP_REFERER, FROM_CLIENT, h->referer);
	if (h->has_length && !h->coded)
		observe_num(obs, OBS_HTTP_REQUEST_LENGTH, FROM_CLIENT, h->length);
	while (n < HTTP_HEADERS_MAX && next_field(&r, &f))
		if (f.name.len > 0 && header_id(f.name) > H_QUIET) {
			observe_header(obs, &f);
			n++;
		}
}

static void
observe_response(const struct http_head *h, struct observations *obs)
{
	observe_num(obs, OBS_HTTP_STATUS, FROM_SERVER, h->status);
	observe(obs, OBS_HTTP_VERSION, FROM_SERVER, h->version);
	observe_text(obs, OBS_HTTP_SERVER, FROM_SERVER, h->server);
	observe_text(obs, OBS_HTTP_LOCATION, FROM_SERVER, h->location);
	if (h->type.len > 0 && h->type.len <= HTTP_NAME_MAX)
		observe_lower(obs, OBS_HTTP_TYPE, FROM_SERVER, h->type);
	if (h->has_length && !h->coded)
		observe_num(obs, OBS_HTTP_LENGTH, FROM_SERVER, h->length);
}

void
http_head_observe(const struct http_head *h, enum side side, struct observations *obs)
{
	if (side == FROM_CLIENT)
		observe_request(h, obs);
	else
		observe_response(h, obs);
}
