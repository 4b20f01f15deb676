/* SPDX-License-Identifier: Apache-2.0 */
/* test_http_body - bodies that are handed over whole, however they are framed and cut; and tunnels. */
#include "unit.h"

#include "dissectors/dissector.h"

enum { PIPE = 8192 };

static struct {
	_Alignas(16) uint8_t state[DISSECT_STATE_MAX];
	struct observations obs;
	uint8_t held[2][PIPE], body[PIPE];
	size_t len[2], body_len;
	unsigned begun, ended;
	enum dissect answer;
} c;

static void
reset(void)
{
	memset(&c, 0, sizeof c);
}

/* What a worker does with one segment. */
static void
segment(enum side side, const char *bytes, size_t len, bool end)
{
	memcpy(c.held[side] + c.len[side], bytes, len);
	c.len[side] += len;
	for (unsigned calls = 0; calls < 1000; calls++) {
		struct dissect_in in = { .side = side, .proto = 6, .server_port = 80, .want_body = true, .end = end,
			.data = { c.held[side], c.len[side] } };
		struct dissect_out out = { .obs = &c.obs };
		size_t before = c.len[side];

		observations_reset(&c.obs);
		c.answer = http_dissector.dissect(c.state, &in, &out);
		if (out.body.bytes.len > 0)
			memcpy(c.body + c.body_len, out.body.bytes.p, out.body.bytes.len);
		c.body_len += out.body.bytes.len;
		c.begun += out.body.first;
		c.ended += out.body.last;
		assert_true(out.skip == 0 || side == FROM_CLIENT);
		memmove(c.held[side], c.held[side] + out.used, c.len[side] - out.used);
		c.len[side] -= out.used;
		if (c.answer != DISSECT_MORE || out.used == 0 || c.len[side] == 0 || before == 0)
			break;
	}
}

static void
send_text(enum side side, const char *text)
{
	segment(side, text, strlen(text), false);
}

#define GET "GET /a HTTP/1.1\r\nHost: h\r\n\r\n"

static const struct {
	const char *response, *body;
	bool end;		/* the connection closes after it */
	unsigned ended;
} bodies[] = {
	{ "HTTP/1.1 200 OK\r\nContent-Length: 26\r\n\r\nabcdefghijklmnopqrstuvwxyz", "abcdefghijklmnopqrstuvwxyz", false, 1 },
	{ "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n17\r\ndefghijklmnopqrstuvwxyz\r\n0\r\n\r\n",
	    "abcdefghijklmnopqrstuvwxyz", false, 1 },
	{ "HTTP/1.0 200 OK\r\n\r\nabcdefghijklmnopqrstuvwxyz", "abcdefghijklmnopqrstuvwxyz", true, 1 },
	{ "HTTP/1.1 200 OK\r\nContent-Length: 40\r\n\r\nabcdefghijklmnopqrstuvwxyz", "abcdefghijklmnopqrstuvwxyz", true, 0 },
	{ "HTTP/1.1 304 Not Modified\r\n\r\n", "", false, 0 },
	{ "HTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\nZ", "Z", false, 1 },
};

/* Every response, cut at every place and fed byte by byte: the same body, begun once, ended when it is whole. */
static void
bodies_are_whole(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof bodies / sizeof *bodies; i++) {
		size_t len = strlen(bodies[i].response);

		for (size_t cut = 0; cut <= len + 1; cut++) {
			reset();
			send_text(FROM_CLIENT, GET);
			if (cut <= len) {
				segment(FROM_SERVER, bodies[i].response, cut, false);
				segment(FROM_SERVER, bodies[i].response + cut, len - cut, false);
			} else {
				for (size_t k = 0; k < len; k++)
					segment(FROM_SERVER, bodies[i].response + k, 1, false);
			}
			if (bodies[i].end)
				segment(FROM_SERVER, "", 0, true);
			assert_int_equal(c.body_len, strlen(bodies[i].body));
			assert_memory_equal(c.body, bodies[i].body, c.body_len);
			assert_int_equal(c.begun, c.body_len > 0);
			assert_int_equal(c.ended, bodies[i].ended);
		}
	}
}

/* The next response on the connection is found where the last body ended. */
static void
the_next_head_is_found(void **state)
{
	static const char two[] = "HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\nabc"
				  "HTTP/1.1 404 Not Found\r\nContent-Length: 2\r\n\r\nno";

	(void)state;
	reset();
	send_text(FROM_CLIENT, GET GET);
	send_text(FROM_SERVER, two);
	assert_int_equal(c.begun, 2);
	assert_int_equal(c.ended, 2);
	assert_memory_equal(c.body, "abcno", 5);
}

static void
tunnels_begin_anew(void **state)
{
	static const char *const answers[] = { "HTTP/1.1 200 Connection established\r\n\r\n", "HTTP/1.0 200 OK\r\n\r\n",
		"HTTP/1.1 407 Proxy Authentication Required\r\nContent-Length: 0\r\n\r\n" };

	(void)state;
	for (unsigned i = 0; i < 3; i++) {
		reset();
		send_text(FROM_CLIENT, "CONNECT upd.example.net:443 HTTP/1.1\r\nHost: upd.example.net:443\r\n\r\n");
		assert_int_equal(c.answer, DISSECT_MORE);
		assert_non_null(observations_find(&c.obs, OBS_HTTP_PROXY));
		send_text(FROM_SERVER, answers[i]);
		assert_int_equal(c.answer, i < 2 ? DISSECT_TUNNEL : DISSECT_MORE);
	}
	/* A client that does not wait for the answer. */
	reset();
	send_text(FROM_CLIENT, "CONNECT upd.example.net:443 HTTP/1.1\r\n\r\n");
	segment(FROM_CLIENT, "\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03", 11, false);
	assert_int_equal(c.answer, DISSECT_TUNNEL);
}

/* A connection that ends in the middle of a body: the last call shows nothing, and returns. */
static void
an_empty_end_returns(void **state)
{
	(void)state;
	reset();
	send_text(FROM_CLIENT, GET);
	send_text(FROM_SERVER, "HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nabcdefghijklmnopqrstuvwxyz");
	segment(FROM_SERVER, "", 0, false);
	segment(FROM_SERVER, "", 0, true);
	assert_int_equal(c.begun, 1);
	assert_int_equal(c.ended, 0);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(bodies_are_whole),
		cmocka_unit_test(the_next_head_is_found),
		cmocka_unit_test(an_empty_end_returns),
		cmocka_unit_test(tunnels_begin_anew),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
