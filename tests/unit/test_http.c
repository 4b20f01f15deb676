/* SPDX-License-Identifier: Apache-2.0 */
/* test_http - HTTP/1 heads, framing and losses, as a transcript: a line a call, observations between bars. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "dissectors/dissector.h"

#define N(array) (sizeof(array) / sizeof *(array))
#define T(literal) { literal, sizeof(literal) - 1 }

struct text {
	const char *p;
	size_t len;
};

enum { BODY_SHOWN = 16, WIRE_MAX = 70000, TOLD_MAX = 20000 };

/* What a worker keeps for one direction. */
struct pipe {
	uint8_t held[WIRE_MAX];
	size_t len;
	uint64_t skip, gap;
};

static struct conv {
	struct pipe pipe[2];
	void *state;			/* exactly state_size bytes: a sanitizer watches its end */
	enum dissect answer;
	unsigned malformed, calls;
	size_t told_len;
	char told[TOLD_MAX];
	struct observations obs;
} conv;

static int
conv_open(void **unused)
{
	(void)unused;
	free(conv.state);
	memset(&conv, 0, sizeof conv);
	conv.state = calloc(1, http_dissector.state_size);
	return conv.state != NULL ? 0 : -1;
}

static void __attribute__((format(printf, 1, 2)))
say(const char *fmt, ...)
{
	va_list ap;
	int n;

	va_start(ap, fmt);
	n = vsnprintf(conv.told + conv.told_len, sizeof conv.told - conv.told_len, fmt, ap);
	va_end(ap);
	assert_true(n >= 0 && (size_t)n < sizeof conv.told - conv.told_len);
	conv.told_len += (size_t)n;
}

/* The transcript since it was last asked for. */
static void
told(const char *want)
{
	assert_string_equal(conv.told, want);
	conv.told[0] = '\0';
	conv.told_len = 0;
}

static bool
is_body(const struct observation *o)
{
	return o->kind == OBS_HTTP_BODY || o->kind == OBS_HTTP_REQUEST_BODY;
}

/*
 * Method, status and path stand without their names; HTTP/1.1 is not mentioned.
 * How much of a body is seen at once depends on its segments; its first bytes do not.
 */
static void
say_observation(const struct observation *o, bool first)
{
	struct rd r = rd_closed(o->value.p, o->value.len);
	bool bare = first || o->kind == OBS_HTTP_PATH;

	if (o->kind == OBS_HTTP_VERSION && o->value.len == 3 && memcmp(o->value.p, "1.1", 3) == 0)
		return;
	say("%s%s%s", first ? "" : "|", bare ? "" : obs_kind_name(o->kind) + strlen("http."),
	    bare || o->kind == OBS_HTTP_PROXY ? "" : "=");
	if (o->num > 0 || o->kind == OBS_HTTP_LENGTH)
		say("%llu", (unsigned long long)o->num);
	for (size_t i = 0; rd_more(&r) && !(is_body(o) && i == BODY_SHOWN); i++) {
		uint8_t c = rd_u8(&r);

		if (c >= ' ' && c < 0x7f)
			say("%c", c);
		else
			say("\\%02x", c);
	}
}

static void
say_batch(enum side side)
{
	unsigned heads = 0, bodies = 0;

	for (unsigned i = 0; i < conv.obs.n; i++) {
		const struct observation *o = &conv.obs.v[i];
		bool first = o->kind == OBS_HTTP_METHOD || o->kind == OBS_HTTP_STATUS;

		assert_int_equal(o->side, side);
		assert_true(!first || i == 0);
		heads += first;
		bodies += is_body(o);
		say_observation(o, first);
	}
	if (conv.obs.n > 0)
		say("\n");
	assert_true(heads + bodies <= 1);
}

/* One look at what a side has; true when there was progress. */
static bool
look(enum side side, bool end)
{
	struct pipe *p = &conv.pipe[side];
	struct dissect_in in = { .side = side, .proto = 6, .server_port = 80, .data = { p->held, p->len },
		.gap = p->gap, .end = end };
	struct dissect_out out = { .obs = &conv.obs };
	size_t drop;

	observations_reset(&conv.obs);
	conv.answer = http_dissector.dissect(conv.state, &in, &out);
	conv.calls++;
	conv.malformed += out.malformed;
	p->gap = 0;
	assert_true(out.used <= p->len);
	assert_int_equal(conv.obs.dropped, 0);
	say_batch(side);
	drop = out.skip < p->len - out.used ? out.used + (size_t)out.skip : p->len;
	p->skip = out.skip - (drop - out.used);
	memmove(p->held, p->held + drop, p->len - drop);
	p->len -= drop;
	return drop > 0 && p->len > 0 && conv.answer == DISSECT_MORE;
}

static void
feed(enum side side, const char *bytes, size_t len)
{
	struct pipe *p = &conv.pipe[side];
	size_t drop = p->skip < len ? (size_t)p->skip : len;

	p->skip -= drop;
	len -= drop;
	if (len == 0 || conv.answer != DISSECT_MORE)
		return;
	assert_true(len <= sizeof p->held - p->len);
	memcpy(p->held + p->len, bytes + drop, len);
	p->len += len;
	while (look(side, false))
		;
}

static void
client(const char *text)
{
	feed(FROM_CLIENT, text, strlen(text));
}

static void
server(const char *text)
{
	feed(FROM_SERVER, text, strlen(text));
}

/* n bytes never come; what was held for them is of no more use. */
static void
lose(enum side side, uint64_t n)
{
	struct pipe *p = &conv.pipe[side];
	uint64_t unwanted = p->skip < n ? p->skip : n;

	p->skip -= unwanted;
	if (n == unwanted)
		return;
	p->gap += n - unwanted + p->len;
	p->len = 0;
}

static void
finish(void)
{
	for (unsigned i = 0; i < 2 && conv.answer == DISSECT_MORE; i++)
		while (look((enum side)i, true))
			;
}

/* --- probe ------------------------------------------------------------------- */

static const struct text client_ok[] = {
	T("GET / HTTP/1.1\r\n"), T("GET / HTTP/1.0\n"), T("\r\n\r\nGET / HTTP/1.0\n"),
	T("OPTIONS * HTTP/1.1\r\n"),
	T("GET http://a.example/ HTTP/1.1\r\n"), T("GET HTTP://a.example/ HTTP/1.1\r\n"),
	T("M-SEARCH * HTTP/1.1\r\n"),
	T("CONNECT a.example:443 HTTP/1.1\r\n"), T("CONNECT [2001:db8::1]:443 HTTP/1.1\r\n"),
	T("BITS_POST /x HTTP/1.1\r\n"), T("CCM_POST /ccm_system/request HTTP/1.1\r\n"),
	T("GET /a b HTTP/1.1\r\n"),
	T("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"), T("GET /a-path-whose-line-does-not-end"),
}, client_short[] = {
	T(""), T("\r\n"), T("G"), T("GET "), T("GET /index.html"), T("GET htt"), T("OPTIONS * H"),
	T("ABCDEFGHIJKLMNOPQRST"),		/* 20 letters */
}, client_bad[] = {
	T("ABCDEFGHIJKLMNOPQRSTU"),		/* 21 */
	T("GE / HTTP/1.1\r\n"), T("-GET / HTTP/1.1\r\n"), T("get / HTTP/1.1\r\n"), T("GET / HTTP/2.0\r\n"),
	T("GET /\r\n"),				/* HTTP/0.9 */
	T("GET / HTTP/1.1x\r\n"), T("GET index.html HTTP/1.1\r\n"), T("OPTIONS * RTSP/1.0\r\nCSeq: 1\r\n"),
	T("OPTIONS * R"), T("DESCRIBE rtsp://a.example/ RTSP/1.0\r\n"), T("SETUP /track HTTPS RTSP/1.0\r\n"),
	T("INVITE sip:u@a.example SIP/2.0\r\n"), T("USER anonymous\r\n"), T("HTTP/1.1 200 OK\r\n"),
	T("\x16\x03\x01\x02"),			/* TLS record: handshake, 1.0 */
}, server_ok[] = {
	T("HTTP/1.1 200 OK\r\n"), T("HTTP/1.0 404\r\n"), T("HTTP/1.1 200"),
}, server_short[] = {
	T(""), T("H"), T("HTTP/1."), T("HTTP/1.1 20"),
}, server_bad[] = {
	T("HTTP/2 200\r\n"), T("HTTP/1.1 2000"), T("HTTP/1.1 OK\r\n"), T("RTSP/1.0 200 OK\r\n"),
	T("http/1.1 200 OK\r\n"),
	T("SIP/2.0 200 OK\r\n"), T("220 mail.example ESMTP\r\n"), T("GET / HTTP/1.1\r\n"),
};

static enum rd_state
probe(enum side side, const char *p, size_t len)
{
	struct dissect_in in = { .side = side, .proto = 6, .data = { (const uint8_t *)p, len } };

	return http_dissector.probe(&in);
}

/* What is recognised was perhaps or surely so at every shorter length, and needs no more than 32 bytes. */
static void
probe_all(enum side side, enum rd_state want, const struct text *t, size_t n)
{
	for (; n-- > 0; t++) {
		if (probe(side, t->p, t->len) != want)
			fail_msg("probe: \"%s\"", t->p);
		for (size_t len = 0; want == RD_OK && len < t->len; len++) {
			enum rd_state s = probe(side, t->p, len);

			assert_true(s == RD_SHORT || (s == RD_OK && len > 0));
			assert_true(len < 32 + strspn(t->p, "\r\n") || s == RD_OK);
		}
	}
}

static void
test_probe(void **unused)
{
	(void)unused;
	probe_all(FROM_CLIENT, RD_OK, client_ok, N(client_ok));
	probe_all(FROM_CLIENT, RD_SHORT, client_short, N(client_short));
	probe_all(FROM_CLIENT, RD_BAD, client_bad, N(client_bad));
	probe_all(FROM_SERVER, RD_OK, server_ok, N(server_ok));
	probe_all(FROM_SERVER, RD_SHORT, server_short, N(server_short));
	probe_all(FROM_SERVER, RD_BAD, server_bad, N(server_bad));
}

/* --- whole conversations -------------------------------------------------------- */

enum { MORE = DISSECT_MORE, DONE = DISSECT_DONE, NOT_MINE = DISSECT_NOT_MINE, TUNNEL = DISSECT_TUNNEL };

/* Where the place is lost, a segment's start counts as a line's: "lost" ones depend on how they are cut. */
static const struct exchange {
	const char *name;
	struct text client, server;
	unsigned malformed;
	int answer;
	const char *told;
} exchanges[] = {
	{ "origin-form", T(
	    "GET /a/b.cab?x=1&y=2?3 HTTP/1.1\r\n"		/* path, query */
	    "Host: Dl.Example.COM:8080\r\n"			/* lower case, port apart */
	    "User-Agent: Updater/1.0 (x)\r\nReferer: http://r.example/\r\n"
	    "X-Machine:  17 \r\n\r\n"), T(""), 0, MORE,		/* any other: trimmed */
	    "GET|host=dl.example.com|port=8080|/a/b.cab|query=x=1&y=2?3"
	    "|agent=Updater/1.0 (x)|referer=http://r.example/|header=x-machine: 17\n" },
	{ "credentials and noise stay inside; a cookie is hashed by whoever tells of it", T(
	    "GET / HTTP/1.1\r\nHost: a.example\r\nCookie: a=b\r\nCookie2: c\r\n"
	    "cookie : d\r\n"					/* malformed: space before the colon */
	    "Authorization: Basic eHg6eXk=\r\nProxy-Authorization: Basic eHg6eXk=\r\n"
	    "Accept: */*\r\nAccept-Language: en\r\nConnection: close\r\nCache-Control: no-cache\r\n"
	    "TE: trailers\r\n"
	    "Pragma: no-cache\r\nIf-Modified-Since: Thu, 01 Jan 1970 00:00:00 GMT\r\n"
	    "Upgrade-Insecure-Requests: 1\r\nRange: bytes=0-9\r\n\r\n"), T(""), 1, MORE,
	    "GET|host=a.example|/|header=cookie: a=b|header=cookie: d|header=range: bytes=0-9\n" },
	{ "absolute-form: the target counts, not Host; userinfo is a secret",
	    T("GET http://u:p@[2001:DB8::1]:81/x?y HTTP/1.1\r\nHost: other.example\r\n\r\n"), T(""), 0, MORE,
	    "GET|host=2001:db8::1|port=81|proxy|/x|query=y\n" },
	{ "absolute-form without path, with query; without host",
	    T("GET http://a.example?y/z HTTP/1.1\r\n\r\nGET http:///z HTTP/1.1\r\nHost: b.example\r\n\r\n"),
	    T(""), 0, MORE,
	    "GET|host=a.example|proxy|query=y/z\nGET|host=b.example|proxy|/z\n" },
	{ "asterisk-form", T("OPTIONS * HTTP/1.1\r\nHost: a.example.\r\n\r\n"), T(""), 0, MORE,
	    "OPTIONS|host=a.example|*\n" },
	{ "HTTP/1.0 by address, without Host", T("GET /file HTTP/1.0\r\n\r\n"), T(
	    "HTTP/1.0 200 OK\r\nContent-Type: Text/HTML; charset=x\r\nServer: s/1 (a)\r\n\r\n"
	    "until the connection closes HTTP/1.1 200 OK\r\n\r\n"), 0, MORE,
	    "GET|version=1.0|/file\n" "200|version=1.0|server=s/1 (a)|type=text/html\n"
	    "|body=until the connec\n" },
	{ "LF alone, empty lines before the head",
	    T("\r\n\nGET /a HTTP/1.1\nHost: a.example\n\nGET /b HTTP/1.1\nHost: b.example\r\n\n"),
	    T("\r\nHTTP/1.1 204 No\n\nHTTP/1.1 204 No\n\n"), 0, MORE,
	    "GET|host=a.example|/a\nGET|host=b.example|/b\n" "204\n204\n" },
	{ "folded values",
	    T("GET / HTTP/1.1\r\nHost:\r\n a.example\r\nUser-Agent: one\r\n\ttwo\r\nX-A: b\r\n c\r\n"
	    " \r\n\r\n"),
	    T(""), 0, MORE, "GET|host=a.example|/|agent=one  \\09two|header=x-a: b   c\n" },
	{ "NUL, control and high bytes; a space in the target",
	    T("GET /a\0b\xff\x01 c HTTP/1.1\r\nHost: a.example\r\nX: \0\x02\r\n\r\n"), T(""), 0, MORE,
	    "GET|host=a.example|/a\\00b\\ff\\01 c|header=x: \\00\\02\n" },
	{ "lines that are no fields",
	    T("GET / HTTP/1.1\r\n fold: of nothing\r\nno colon\r\n: no name\r\nHost: a.example\r\n\r\n"),
	    T(""), 3, MORE,
	    "GET|host=a.example|/\n" },
	{ "duplicate Host: the first counts",
	    T("GET / HTTP/1.1\r\nHost: a.example\r\nHost: b.example\r\n\r\n"), T(""), 1, MORE,
	    "GET|host=a.example|/\n" },
	{ "hosts and ports that are none", T(
	    "GET /1 HTTP/1.1\r\nHost: a b\r\n\r\n" "GET /2 HTTP/1.1\r\nHost: a:b:c\r\n\r\n"
	    "GET /3 HTTP/1.1\r\nHost: [::1\r\n\r\n" "GET /4 HTTP/1.1\r\nHost: a:0\r\n\r\n"
	    "GET /5 HTTP/1.1\r\nHost: a:65536\r\n\r\n" "GET /6 HTTP/1.1\r\nHost: a:\r\n\r\n"
	    "GET /7 HTTP/1.1\r\nHost:\r\n\r\n"), T(""), 5, MORE,
	    "GET|/1\nGET|/2\nGET|/3\nGET|host=a|/4\nGET|host=a|/5\nGET|host=a|/6\nGET|/7\n" },
	{ "chunked: extension, upper-case and padded sizes, trailer; then another message",
	    T("GET / HTTP/1.1\r\n\r\n"), T(
	    "HTTP/1.1 200 OK\r\nTransfer-Encoding: gzip, Chunked\r\n\r\n"
	    "0014;name=\"v\"\r\n" "0123456789abcdefghij\r\n"	/* 20 bytes */
	    "A \r\n" "HTTP/1.1 1\r\n"				/* 10 bytes */
	    "0\r\n" "X-Trailer: HTTP/1.1 200 OK\r\n\r\n"
	    "HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n"), 0, MORE,
	    "GET|/\n" "200\n|body=0123456789abcdef\n404|length=0\n" },
	{ "chunked without a chunk",
	    T("POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\nGET /b HTTP/1.1\r\n\r\n"), T(""),
	    0, MORE,
	    "POST|/|header=transfer-encoding: chunked\nGET|/b\n" },
	{ "lost: a chunk that does not end where it said", T("GET / HTTP/1.1\r\n\r\n"),
	    T("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabcdef\r\nHTTP/1.1 204 No\r\n\r\n"),
	    1, MORE,
	    "GET|/\n" "200\n|body=abc\n204\n" },
	{ "lost: chunk sizes that are none", T("GET / HTTP/1.1\r\n\r\n"), T(
	    "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n-1\r\n"
	    "HTTP/1.1 201 OK\r\nTransfer-Encoding: chunked\r\n\r\n1000000000000000\r\n"	/* 2^60 */
	    "HTTP/1.1 202 OK\r\nTransfer-Encoding: chunked\r\n\r\n\r\n" "HTTP/1.1 204 No\r\n\r\n"), 3, MORE,
	    "GET|/\n" "200\n201\n202\n204\n" },
	{ "Transfer-Encoding beats Content-Length", T(
	    "POST / HTTP/1.1\r\nContent-Length: 99\r\nTransfer-Encoding: chunked\r\n\r\n1\r\nx\r\n0\r\n\r\n"
	    "GET /b HTTP/1.1\r\n\r\n"), T(""), 1, MORE,
	    "POST|/|header=transfer-encoding: chunked\n|request.body=x\nGET|/b\n" },
	{ "identity is no coding",
	    T("POST / HTTP/1.1\r\nContent-Length: 2\r\nTransfer-Encoding: identity\r\n\r\n"
	    "xyGET /b HTTP/1.1\r\n\r\n"),
	    T(""), 0, MORE,
	    "POST|/|request.length=2|header=transfer-encoding: identity\n|request.body=xy\nGET|/b\n" },
	{ "a coded answer that is not chunked ends with the connection", T("GET / HTTP/1.1\r\n\r\n"),
	    T("HTTP/1.1 200 OK\r\nTransfer-Encoding: xchunked\r\n\r\n0\r\n\r\nHTTP/1.1 404 No\r\n\r\n"), 0,
	    MORE,
	    "GET|/\n" "200\n|body=0\\0d\\0a\\0d\\0aHTTP/1.1 40\n" },
	{ "the same length twice is one, another is not; the first counts", T(
	    "POST / HTTP/1.1\r\nContent-Length: 2, 2\r\nContent-Length: 2\r\n\r\nab"
	    "POST / HTTP/1.1\r\nContent-Length: 2\r\nContent-Length: 3\r\n\r\ncd" "GET /b HTTP/1.1\r\n\r\n"),
	    T(""), 1, MORE,
	    "POST|/|request.length=2\n|request.body=ab\nPOST|/|request.length=2\n|request.body=cd\nGET|/b\n"
	    },
	{ "lost: lengths that are none", T(
	    "POST /1 HTTP/1.1\r\nContent-Length: -1\r\n\r\nabcdefghijklmnopq\nGET /2 HTTP/1.1\r\n\r\n"
	    "POST /3 HTTP/1.1\r\nContent-Length: 18446744073709551617\r\n\r\n"
	    "abcdefghijklmnopq\n"	/* 2^64 + 1 */
	    "GET /4 HTTP/1.1\r\nContent-Length: 0x0\r\n\r\nGET /5 HTTP/1.1\r\n\r\n"), T(""), 3, MORE,
	    "POST|/1\n|request.body=abcdefghijklmnop\nGET|/2\nPOST|/3\n|request.body=abcdefghijklmnop\n"
	    "GET|/4\nGET|/5\n" },
	{ "answers without body", T(
	    "HEAD /a HTTP/1.1\r\n\r\nGET /b HTTP/1.1\r\n\r\n"
	    "POST /c HTTP/1.1\r\nExpect: 100-continue\r\nContent-Length: 3\r\n\r\n"
	    "abcGET /d HTTP/1.1\r\n\r\n"), T(
	    "HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n"	/* to HEAD */
	    "HTTP/1.1 304 Not Modified\r\nContent-Length: 1000\r\n\r\n" "HTTP/1.1 100 Continue\r\n\r\n"
	    "HTTP/1.1 302 Found\r\nLocation: http://b.example/\r\nContent-Length: 0\r\n\r\n"
	    "HTTP/1.1 103 Early Hints\r\nLink: x\r\n\r\n" "HTTP/1.1 204 No Content\r\n\r\n"), 0, MORE,
	    "HEAD|/a\nGET|/b\nPOST|/c|request.length=3|header=expect: 100-continue\n|request.body=abc\n"
	    "GET|/d\n"
	    "200|length=1000\n304|length=1000\n100\n302|location=http://b.example/|length=0\n103\n204\n" },
	{ "a body that waits for 100 and never comes",
	    T("POST /c HTTP/1.1\r\nExpect: 100-continue\r\nContent-Length: 300\r\n\r\n"
	    "GET /d HTTP/1.1\r\n\r\n"), T(""), 0, MORE,
	    "POST|/c|request.length=300|header=expect: 100-continue\nGET|/d\n" },
	{ "answers alone: the second was to HEAD, which nobody saw", T(""), T(
	    "HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\nabc" "HTTP/1.1 200 OK\r\nContent-Length: 999\r\n\r\n"
	    "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nhi"), 0, MORE,
	    "200|length=3\n|body=abc\n200|length=999\n200|length=2\n|body=hi\n" },
	{ "a tunnel", T("CONNECT A.example:443 HTTP/1.1\r\nHost: b.example\r\nContent-Length: 5\r\n\r\n"),
	    T("HTTP/1.1 200 Connection established\r\n\r\n\x15\x03\x03"), 0, TUNNEL,
	    "CONNECT|host=a.example|port=443|proxy|request.length=5\n200\n" },
	{ "a tunnel refused, asked for again",
	    T("CONNECT a.example:443 HTTP/1.1\r\n\r\nCONNECT a.example:443 HTTP/1.1\r\n\r\n"),
	    T("HTTP/1.1 407 No\r\nContent-Length: 2\r\n\r\nnoHTTP/1.1 200 OK\r\n\r\n"), 0, TUNNEL,
	    "CONNECT|host=a.example|port=443|proxy\nCONNECT|host=a.example|port=443|proxy\n407|length=2\n"
	    "|body=no\n200\n" },
	{ "a tunnel of which the answer is not seen: TLS follows",
	    T("CONNECT a.example:443 HTTP/1.1\r\n\r\n\x16\x03\x01\x02\x00\x01"), T(""), 0, TUNNEL,
	    "CONNECT|host=a.example|port=443|proxy\n" },
	{ "WebSocket", T("GET /ws HTTP/1.1\r\nUpgrade: websocket\r\n\r\n"),
	    T("HTTP/1.1 101 Switching Protocols\r\n\r\n\x81\x05"), 0, DONE,
	    "GET|/ws|header=upgrade: websocket\n101\n" },
	{ "HTTP/2 with prior knowledge", T("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"), T(""), 0, DONE, "" },
	{ "not HTTP at all", T("EHLO a.example\r\n"), T(""), 1, NOT_MINE, "" },
	{ "a status that is none is skipped, the next head is not", T("GET / HTTP/1.1\r\n\r\n"),
	    T("HTTP/1.1 099 No\r\n\r\nHTTP/1.1 204 No\r\n\r\n"), 1, MORE, "GET|/\n204\n" },
	{ "lost: a body longer than it said", T("GET / HTTP/1.1\r\n\r\nGET / HTTP/1.1\r\n\r\n"),
	    T("HTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\nabc\nHTTP/1.1 204 No\r\n\r\n"), 1, MORE,
	    "GET|/\nGET|/\n200|length=1\n|body=a\n204\n" },
	{ "lost: picked up in the middle of an answer", T("GET /2 HTTP/1.1\r\n\r\n"),
	    T("of a body\nend\nHTTP/1.1 204 No\r\n\r\n"), 0, MORE, "GET|/2\n204\n" },
	{ "an incomplete head is not told", T("GET / HTTP/1.1\r\nHost: a.example\r\n"),
	    T("HTTP/1.1 200 OK\r"), 0, MORE, "" },
};

static void
feed_cut(enum side side, struct text t, size_t first, size_t step)
{
	size_t n = first < t.len ? first : t.len;

	for (; t.len > 0; t.p += n, t.len -= n, n = step < t.len ? step : t.len)
		feed(side, t.p, n);
}

/* Each side is cut after its first bytes and after every step more. */
static void
replay(const struct exchange *x, size_t client_first, size_t server_first, size_t step)
{
	conv_open(NULL);
	feed_cut(FROM_CLIENT, x->client, client_first, step);
	feed_cut(FROM_SERVER, x->server, server_first, step);
	finish();
	if (strcmp(conv.told, x->told) != 0 || conv.malformed != x->malformed ||
	    (int)conv.answer != x->answer)
		fail_msg("%s (cut at %zu, %zu, then %zu): malformed %u, answer %d, told\n%swanted\n%s",
		    x->name, client_first, server_first, step, conv.malformed, (int)conv.answer, conv.told,
		    x->told);
}

static void
test_exchanges(void **unused)
{
	(void)unused;
	for (const struct exchange *x = exchanges; x < exchanges + N(exchanges); x++) {
		replay(x, WIRE_MAX, WIRE_MAX, WIRE_MAX);
		if (strncmp(x->name, "lost", 4) == 0)
			continue;
		for (size_t at = 1; at < x->client.len; at++)
			replay(x, at, WIRE_MAX, WIRE_MAX);
		for (size_t at = 1; at < x->server.len; at++)
			replay(x, WIRE_MAX, at, WIRE_MAX);
		for (size_t step = 1; step < 8; step++)
			replay(x, step, step, step);
	}
}

/* --- long connections ------------------------------------------------------------- */

static void
test_thousand_requests(void **unused)
{
	char text[128], want[128];

	(void)unused;
	for (unsigned i = 0; i < 1000; i++) {
		snprintf(text, sizeof text, "GET /%u HTTP/1.1\r\nHost: a.example\r\n\r\n", i);
		client(text);
		snprintf(text, sizeof text, "HTTP/1.1 200 OK\r\nContent-Length: 6\r\n\r\n%06u", i);
		server(text);
		snprintf(want, sizeof want, "GET|host=a.example|/%u\n200|length=6\n|body=%06u\n", i, i);
		told(want);
	}
	assert_int_equal(conv.malformed, 0);
}

/* The body itself is never shown: only its first segment, and what follows it. */
static void
test_body_of_five_gigabytes(void **unused)
{
	unsigned calls;

	(void)unused;
	server("HTTP/1.1 200 OK\r\nContent-Length: 5368709120\r\n\r\n0123456789abcdef0123");
	told("200|length=5368709120\n|body=0123456789abcdef\n");
	assert_true(conv.pipe[FROM_SERVER].skip == 5368709120u - 20);
	calls = conv.calls;
	lose(FROM_SERVER, 5368709120u - 20 - 3);
	server("xyzHTTP/1.1 204 No\r\n\r\n");
	assert_int_equal(conv.calls, calls + 1);
	told("204\n");
}

/* First bytes of a body: 16 are waited for, 64 are told; a shorter body is told when it is whole. */
static void
test_body_first_bytes(void **unused)
{
	char body[70] = { 0 };

	(void)unused;
	server("HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n");
	feed(FROM_SERVER, body, 15);
	told("200|length=100\n");
	assert_int_equal(conv.pipe[FROM_SERVER].len, 15);
	feed(FROM_SERVER, body, 70);
	assert_int_equal(conv.obs.n, 1);
	assert_int_equal(conv.obs.v[0].value.len, 64);
	assert_int_equal(conv.pipe[FROM_SERVER].skip, 15);
	feed(FROM_SERVER, body, 15);
	server("HTTP/1.1 203 OK\r\nContent-Length: 100\r\n\r\nabc");
	conv.told_len = 0;
	finish();
	told("|body=abc\n");
}

/* More requests on their way than are remembered; then the queue is in step again. */
static void
test_pipeline_overflow(void **unused)
{
	(void)unused;
	for (unsigned i = 0; i < 40; i++)
		client("HEAD / HTTP/1.1\r\n\r\n");
	for (unsigned i = 0; i < 40; i++)
		server("HTTP/1.1 200 OK\r\nContent-Length: 50\r\n\r\n");
	client("HEAD / HTTP/1.1\r\n\r\nGET / HTTP/1.1\r\n\r\n");
	conv.told_len = 0;
	server("HTTP/1.1 200 OK\r\nContent-Length: 7\r\n\r\nHTTP/1.1 203 OK\r\nContent-Length: 16\r\n\r\n");
	server("HTTP/1.1 200 OK\n");			/* a body that looks like a head, to GET */
	told("200|length=7\n203|length=16\n|body=HTTP/1.1 200 OK\\0a\n");
	assert_int_equal(conv.malformed, 0);
}

/* --- limits -------------------------------------------------------------------------- */

static void
feed_many(enum side side, size_t n)
{
	char text[100];

	memset(text, 'x', sizeof text);
	for (; n > 0 && conv.answer == DISSECT_MORE; n -= sizeof text)
		feed(side, text, sizeof text);
}

static void
test_headers_limit(void **unused)
{
	char line[64];

	(void)unused;
	client("GET / HTTP/1.1\r\n");
	for (unsigned i = 0; i < 30; i++) {
		snprintf(line, sizeof line, "X-%u: v\r\n", i);
		client(line);
	}
	client("\r\n");
	assert_int_equal(conv.obs.n, 3 + 24);		/* method, version, path */
	assert_non_null(strstr(conv.told, "|header=x-23: v\n"));
}

static void
test_long_values(void **unused)
{
	(void)unused;
	client("GET / HTTP/1.1\r\nHost: ");
	feed_many(FROM_CLIENT, 300);			/* a name has 255 bytes at most */
	client("\r\nX-Long: ");
	feed_many(FROM_CLIENT, 1000);
	client("\r\n\r\n");
	assert_int_equal(conv.malformed, 1);
	assert_null(observations_find(&conv.obs, OBS_HTTP_HOST));
	assert_int_equal(observations_find(&conv.obs, OBS_HTTP_HEADER)->value.len, 320);
}

static void
test_head_limit(void **unused)
{
	(void)unused;
	client("GET / HTTP/1.1\r\nCookie2: ");
	feed_many(FROM_CLIENT, 31000);
	client("\r\n\r\n");
	told("GET|/\n");
	client("GET / HTTP/1.1\r\nCookie2: ");
	feed_many(FROM_CLIENT, 32000);
	assert_int_equal(conv.answer, DISSECT_NOT_MINE);
	assert_int_equal(conv.malformed, 1);
	assert_true(conv.pipe[FROM_CLIENT].len < DISSECT_HOLD_MAX);
}

/* The same for one that comes whole in one large segment. */
static void
test_head_limit_at_once(void **unused)
{
	static const char start[] = "GET / HTTP/1.1\r\nCookie: ";
	char text[33000];

	(void)unused;
	memset(text, 'x', sizeof text);
	memcpy(text, start, sizeof start - 1);
	memcpy(text + sizeof text - 4, "\r\n\r\n", 4);
	feed(FROM_CLIENT, text, sizeof text);
	assert_int_equal(conv.answer, DISSECT_NOT_MINE);
	told("");
}

static void
test_chunk_line_limit(void **unused)
{
	static const char *const starts[] = { "5;", "0\r\n" };	/* an extension, a trailer */

	for (size_t i = 0; i < N(starts); i++) {
		conv_open(unused);
		server("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n");
		server(starts[i]);
		feed_many(FROM_SERVER, 33000);
		assert_int_equal(conv.malformed, 1);
		assert_true(conv.pipe[FROM_SERVER].len < DISSECT_HOLD_MAX);
	}
}

/* Nonsense at every turn: the ninth time it is not HTTP, and stays so. */
static void
test_faults_limit(void **unused)
{
	(void)unused;
	for (unsigned i = 0; i < 9; i++) {
		assert_int_equal(conv.answer, DISSECT_MORE);
		client("GET / HTTP/1.1\r\n\r\n?\n");
	}
	assert_int_equal(conv.answer, DISSECT_NOT_MINE);
	assert_int_equal(conv.malformed, 9);
	look(FROM_SERVER, false);
	assert_int_equal(conv.answer, DISSECT_DONE);
}

/* --- losses --------------------------------------------------------------------------- */

static void
test_loss_in_head(void **unused)
{
	(void)unused;
	client("GET /1 HTTP/1.1\r\n\r\nGET /2 HTTP/1.1\r\nA: b\r\nX");
	lose(FROM_CLIENT, 100);
	client("of header: x\r\n\r\nGET /3 HTTP/1.1\r\n\r\n");
	lose(FROM_CLIENT, 100);
	client("GET /5 HTTP/1.1\r\n\r\n");		/* data may begin with a message */
	told("GET|/1\nGET|/3\nGET|/5\n");
	assert_int_equal(conv.malformed, 0);
}

static void
test_loss_in_chunks(void **unused)
{
	(void)unused;
	server("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n14\r\n0123456789012345");
	told("200\n|body=0123456789012345\n");
	lose(FROM_SERVER, 500);				/* four of the chunk, then unknown */
	server("rest of it\nmore\nno line\nHTT");
	assert_int_equal(conv.pipe[FROM_SERVER].len, 3);	/* this may be one */
	server("P/1.1 2");
	server("06 OK\r\n\r");
	server("\n");
	told("206\n");
	server("0123");
	lose(FROM_SERVER, 1);
	server("HTTP/1.1 200 OK\r\n\r\n");		/* the body lasts until the end */
	told("");
	assert_int_equal(conv.malformed, 0);
}

/* Bytes of a body that was waited for are lost: its first bytes are not told, its end is found. */
static void
test_loss_in_body(void **unused)
{
	(void)unused;
	server("HTTP/1.1 200 OK\r\nContent-Length: 30\r\n\r\n0123456789");
	lose(FROM_SERVER, 5);				/* with the ten that were held: fifteen */
	server("\nHTTP/1.1 200 O" "HTTP/1.1 204 No\r\n\r\n");
	server("HTTP/1.1 200 OK\r\nContent-Length: 30\r\n\r\n0123456789");
	lose(FROM_SERVER, 30);				/* beyond its end */
	server("ed: x\r\n\r\nHTTP/1.1 404 No\r\n\r\n");
	told("200|length=30\n204\n200|length=30\n404\n");
	assert_int_equal(conv.malformed, 0);
}

/* After a loss an answer may not be to the oldest request: nothing is concluded from a HEAD. */
static void
test_loss_makes_methods_unsure(void **unused)
{
	(void)unused;
	client("HEAD / HTTP/1.1\r\n\r\n");
	lose(FROM_CLIENT, 40);
	client("GET / HTTP/1.1\r\n\r\n");
	server("HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nabcde");
	server("HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nHTTP/1.1 204 No\r\n\r\n");
	lose(FROM_SERVER, 40);
	finish();
	told("HEAD|/\nGET|/\n200|length=5\n|body=abcde\n200|length=5\n204\n");
	assert_int_equal(conv.answer, DISSECT_MORE);
}

#define TEST(function) cmocka_unit_test_setup(function, conv_open)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_probe), TEST(test_exchanges), TEST(test_thousand_requests),
		TEST(test_body_of_five_gigabytes),
		TEST(test_body_first_bytes), TEST(test_pipeline_overflow), TEST(test_headers_limit),
		TEST(test_long_values), TEST(test_head_limit), TEST(test_head_limit_at_once),
		TEST(test_chunk_line_limit),
		TEST(test_faults_limit),
		TEST(test_loss_in_head), TEST(test_loss_in_chunks), TEST(test_loss_in_body),
		TEST(test_loss_makes_methods_unsure),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
