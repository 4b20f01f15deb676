/* SPDX-License-Identifier: Apache-2.0 */
/* test_dns - messages told as a transcript: an observation a word, messages between bars. */
#include "unit.h"

#include "dissectors/dissector.h"

#define N(array) (sizeof(array) / sizeof *(array))

enum { WIRE_MAX = 70000, TOLD_MAX = 16384 };

struct bytes {
	size_t len;
	uint8_t b[WIRE_MAX];
};

static struct observations obs;

/* --- bytes from text: hexadecimal, 'characters' and white space ------------- */

static unsigned
nibble(char c)
{
	const char *digits = "0123456789abcdef", *at = strchr(digits, c);

	assert_true(c != 0 && at != NULL);
	return (unsigned)(at - digits);
}

static void
append(struct bytes *out, const char *text)
{
	while (*text != 0) {
		assert_true(out->len < WIRE_MAX);
		if (*text == ' ') {
			text++;
		} else if (*text == '\'') {
			for (text++; *text != '\''; text++)
				out->b[out->len++] = (uint8_t)*text;
			text++;
		} else {
			out->b[out->len++] = (uint8_t)(nibble(text[0]) << 4 | nibble(text[1]));
			text += 2;
		}
	}
}

static struct bytes *
bytes(const char *text)
{
	static struct bytes out;

	out.len = 0;
	append(&out, text);
	return &out;
}

/* The same with the two bytes of length before it. */
static void
append_frame(struct bytes *out, const char *text)
{
	size_t at = out->len;

	append(out, "0000");
	append(out, text);
	out->b[at] = (uint8_t)((out->len - at - 2) >> 8);
	out->b[at + 1] = (uint8_t)(out->len - at - 2);
}

/* --- transcripts ------------------------------------------------------------- */

static void
say(char out[static TOLD_MAX], const struct observation *o)
{
	const char *name = obs_kind_name(o->kind);
	char text[OBS_SCRATCH + 64], number[32] = "", ip[ADDR_STR_MAX];
	struct addr a;
	bool is_number = o->value.p == NULL;

	assert_true(strncmp(name, "dns.", 4) == 0);
	if (is_number || o->num > 0)
		snprintf(number, sizeof number, "%s%llu", is_number ? "" : "/", (unsigned long long)o->num);
	if (o->kind == OBS_DNS_ADDRESS) {
		assert_int_equal(o->value.len, 16);
		memcpy(a.b, o->value.p, 16);
		addr_str(&a, ip);
	}
	snprintf(text, sizeof text, "%s%s=%.*s%s",
	    out[0] != 0 && out[strlen(out) - 1] != '|' ? " " : "", name + 4,
	    o->kind == OBS_DNS_ADDRESS ? (int)strlen(ip) : (int)o->value.len,
	    o->kind == OBS_DNS_ADDRESS ? ip : is_number ? "" : (const char *)o->value.p, number);
	assert_true(strlen(out) + strlen(text) < TOLD_MAX);
	strcat(out, text);
}

static void
say_batch(char out[static TOLD_MAX])
{
	for (unsigned i = 0; i < obs.n; i++)
		say(out, &obs.v[i]);
}

/* One datagram, in memory of exactly its size. */
static enum dissect
datagram(struct dissect_in in, const uint8_t *data, size_t len, unsigned *malformed,
    char told[static TOLD_MAX])
{
	uint8_t *exact = malloc(len > 0 ? len : 1);
	struct dissect_out out = { .obs = &obs };
	enum dissect answer;

	assert_non_null(exact);
	if (len > 0)
		memcpy(exact, data, len);
	in.proto = 17;
	in.data = (struct span){ exact, len };
	observations_reset(&obs);
	answer = dns_udp_dissector.dissect(NULL, &in, &out);
	assert_int_equal(out.used, len);
	told[0] = 0;
	say_batch(told);
	for (unsigned i = 0; i < obs.n; i++)
		assert_int_equal(obs.v[i].side, in.side);
	*malformed = out.malformed;
	free(exact);
	return answer;
}

/* --- datagrams ---------------------------------------------------------------- */

/* id, flags, counts; then the question www.example.com, which begins at 12 (0c) */
#define HEAD(counts) "1234 8180 " counts
#define WWW "03'www' 07'example' 03'com' 00"
#define QUESTION WWW "0001 0001"		/* A, IN: ends at 33 (21) */
#define TOLD_QUESTION "qname=www.example.com qtype=1 id=4660"
#define TOLD_HEAD TOLD_QUESTION " rcode=0"

static const struct message_case {
	const char *label;
	uint16_t port;
	const char *bytes;
	const char *told;
	unsigned malformed;
} messages[] = {
	{ "a query in mixed case with EDNS", 53,
	    "beef 0120 0001 0000 0000 0001"	/* id; RD, AD; 1 question, 1 additional */
	    "03'wWw' 07'EXAMPLE' 03'com' 00"
	    "001c 0001"				/* AAAA, IN */
	    "00 0029 04d0 00000000 0000",	/* OPT: root, payload 1232 */
	    "qname=www.example.com qtype=28 id=48879", 0 },
	{ "addresses behind two CNAMEs", 53,
	    HEAD("0001 0004 0000 0000") QUESTION
	    "c00c 0005 0001 0000003c 0006"	/* www.example.com CNAME, TTL 60 */
	    "03'cdn' c010"			/* at 45 (2d): cdn.example.com */
	    "c02d 0005 0001 0000003c 000a"	/* cdn.example.com CNAME */
	    "01'e' 03'net' 02'aQ' 00"		/* at 63 (3f) */
	    "c03f 0001 0001 00000064 0004 c0000201"	/* A 192.0.2.1, TTL 100 */
	    "c03f 0001 0001 00000065 0004 c0000202",
	    TOLD_HEAD " cname=cdn.example.com cname=e.net.aq address=192.0.2.1/100 address=192.0.2.2/101", 0 },
	{ "an owner spelled out in another case, an IPv6 address", 53,
	    HEAD("0001 0001 0000 0000") QUESTION
	    "03'WWW' 07'eXAMPLE' 03'COM' 00 001c 0001 00000e10 0010 20010db8 00000000 00000000 00000001",
	    TOLD_HEAD " address=2001:db8::1/3600", 0 },
	{ "an owner that nobody asked for", 53,
	    HEAD("0001 0002 0000 0000") QUESTION
	    "04'evil' 07'example' 03'com' 00 0001 0001 0000003c 0004 cb007101"
	    "c010 0001 0001 0000003c 0004 cb007102",	/* example.com: not the name asked for */
	    TOLD_HEAD, 0 },
	{ "a CNAME of somebody else does not lead on", 53,
	    HEAD("0001 0002 0000 0000") QUESTION
	    "c010 0005 0001 0000003c 0006 03'cdn' c010"
	    "c02d 0001 0001 0000003c 0004 c0000201",
	    TOLD_HEAD, 0 },
	{ "authority and additional sections are not answers", 53,
	    HEAD("0001 0000 0001 0001") QUESTION
	    "c00c 0001 0001 0000003c 0004 c0000201"
	    "c00c 0001 0001 0000003c 0004 c0000202",
	    TOLD_HEAD, 0 },
	{ "the strings of a TXT are joined", 53,
	    HEAD("0001 0002 0000 0000") WWW "0010 0001"
	    "c00c 0010 0001 0000003c 000d 05'a.b:1' 00 03':2 ' 01':'"
	    "c00c 0010 0001 0000003c 0002 01'B'",
	    "qname=www.example.com qtype=16 id=4660 rcode=0 txt=a.b:1:2 : txt=B", 0 },
	{ "HTTPS with alpn and ech, SVCB with neither", 53,
	    HEAD("0001 0002 0000 0000") WWW "0041 0001"
	    "c00c 0041 0001 0000003c 0012"
	    "0001 00"				/* priority 1, the owner itself */
	    "0001 0003 02'h2'"			/* alpn */
	    "0005 0004 00000000"		/* ech */
	    "c00c 0040 0001 0000003c 0008 0000 01'S' 01'x' 00" "00",
	    "qname=www.example.com qtype=65 id=4660 rcode=0", 1 },
	{ "the same, sound", 53,
	    HEAD("0001 0002 0000 0000") WWW "0041 0001"
	    "c00c 0041 0001 0000003c 0012 0001 00 0001 0003 02'h2' 0005 0004 00000000"
	    "c00c 0040 0001 0000003c 0007 0000 01'S' 01'x' 00",
	    "qname=www.example.com qtype=65 id=4660 rcode=0 svcb=./1 svcb=s.x", 0 },
	{ "HTTPS with hints: two IPv4 addresses, one IPv6, and half of one", 53,
	    HEAD("0001 0001 0000 0000") WWW "0041 0001"
	    "c00c 0041 0001 0000003c 0029 0001 00"
	    "0004 000a c0000201 c0000202 c000"	/* ipv4hint */
	    "0006 0010 20010db8000000000000000000000001"	/* ipv6hint */
	    "0001 0000",
	    "qname=www.example.com qtype=65 id=4660 rcode=0 svcb=. address=192.0.2.1/60 address=192.0.2.2/60 "
	    "address=2001:db8::1/60", 0 },
	{ "a look-alike is written so that it does not look alike", 53,
	    "0001 0100 0001 0000 0000 0000"
	    "05'a.b\\' 20 04 00 7f ff 0a 03'com' 00 0001 0001",	/* "a.b\ " as one label */
	    "qname=a\\.b\\\\\\032.\\000\\127\\255\\010.com qtype=1 id=1", 0 },
	{ "the root", 53, "0002 0000 0001 0000 0000 0000 00 0002 0001", "qname=. qtype=2 id=2", 0 },
	{ "no such name", 53, "0003 8183 0001 0000 0000 0000 03'nx0' 00 0001 0001",
	    "qname=nx0 qtype=1 id=3 rcode=3", 0 },
	{ "two questions: the first", 53, "0004 8180 0002 0001 0000 0000" QUESTION "01'b' c010 001c 0001"
	    "c00c 0001 0001 00000001 0004 c0000201",
	    "qname=www.example.com qtype=1 id=4 rcode=0 address=192.0.2.1/1", 0 },
	{ "an answer without question", 53,
	    "0005 8185 0000 0001 0000 0000" WWW "0001 0001 00000001 0004 c0000201",
	    "id=5 rcode=5", 0 },
	{ "an UPDATE has no answers", 53, "0006 a800 0001 0001 0000 0000" QUESTION
	    "c00c 0001 0001 00000001 0004 c0000201", "qname=www.example.com qtype=1 id=6 rcode=0", 0 },
	{ "a TTL beyond RFC 2181 is none", 53, HEAD("0001 0001 0000 0000") QUESTION
	    "c00c 0001 0001 80000000 0004 c0000201", TOLD_HEAD " address=192.0.2.1", 0 },
	{ "an address of class CH", 53, HEAD("0001 0001 0000 0000") QUESTION
	    "c00c 0001 0003 00000001 0004 c0000201", TOLD_HEAD, 0 },
	{ "a signature in between", 53, HEAD("0001 0002 0000 0000") QUESTION
	    "c00c 002e 0001 00000001 0003 ffffff"
	    "c00c 0001 0001 00000001 0004 c0000201", TOLD_HEAD " address=192.0.2.1/1", 0 },
	{ "cut by the server, counts not corrected", 53, "1234 8380 0001 0002 0000 0000" QUESTION
	    "c00c 0001 0001 00000001 0004 c0000201", TOLD_HEAD " address=192.0.2.1/1", 0 },
	{ "mDNS wants unicast, for two services", 5353,
	    "0000 0000 0002 0000 0000 0000"
	    "04'_ipp' 04'_tcp' 05'local' 00 000c 8001"	/* PTR, QU, IN */
	    "05'_http' c011 000c 0001",
	    "qname=_ipp._tcp.local qtype=12 id=0", 0 },
	{ "mDNS flushes the cache", 5353,
	    "0000 8400 0001 0001 0000 0000 02'pc' 05'local' 00 0001 0001"
	    "c00c 0001 8001 00000078 0004 c0a80007",
	    "qname=pc.local qtype=1 id=0 rcode=0 address=192.168.0.7/120", 0 },
	{ "that bit is another class elsewhere", 53,
	    "0000 8400 0001 0001 0000 0000 02'pc' 05'local' 00 0001 0001"
	    "c00c 0001 8001 00000078 0004 c0a80007",
	    "qname=pc.local qtype=1 id=0 rcode=0", 0 },
	{ "LLMNR", 5355,
	    "00aa 8000 0001 0001 0000 0000 02'PC' 00 0001 0001 c00c 0001 0001 0000001e 0004 c0a80007",
	    "qname=pc qtype=1 id=170 rcode=0 address=192.168.0.7/30", 0 },

	/* Contradictions: the question may hold, no answer does. */
	{ "a pointer to itself", 53, "1234 0100 0001 0000 0000 0000 c00c 0001 0001", "", 1 },
	{ "a pointer forward", 53, "1234 0100 0001 0000 0000 0000 c012 0001 0001 01'a' 00", "", 1 },
	{ "a pointer into the header", 53, "0161 0000 0001 0000 0000 0000 c000 0001 0001", "", 1 },
	{ "a pointer to the outside", 53, HEAD("0001 0001 0000 0000") QUESTION
	    "ffff 0001 0001 00000001 0004 c0000201", TOLD_HEAD, 1 },
	{ "a name that ends in its own beginning", 53,
	    "1234 0100 0001 0000 0000 0000 01'a' c00c 0001 0001", "", 1 },
	{ "two names that lead to each other", 53, HEAD("0001 0002 0000 0000") QUESTION
	    "c00c 0005 0001 00000001 0004 01'a' c03d"	/* at 45 (2d): a, then the name at 61 (3d) */
	    "c00c 0005 0001 00000001 0004 01'b' c02d", TOLD_HEAD, 1 },
	{ "a name that leads through itself", 53, HEAD("0001 0001 0000 0000") QUESTION
	    "c00c 0005 0001 00000001 0006 01'a' c02f c02d", TOLD_HEAD, 1 },	/* 47 points to 47 */
	{ "label type 01", 53, "1234 0100 0001 0000 0000 0000 41'a' 00 0001 0001", "", 1 },
	{ "label type 10", 53, "1234 0100 0001 0000 0000 0000 80 0c 0001 0001", "", 1 },
	{ "label type 10 where a pointer would do", 53, HEAD("0001 0001 0000 0000") QUESTION
	    "800c 0001 0001 00000001 0004 c0000201", TOLD_HEAD, 1 },
	{ "label type 01 where a pointer would do", 53, HEAD("0001 0001 0000 0000") QUESTION
	    "400c 0001 0001 00000001 0004 c0000201", TOLD_HEAD, 1 },
	{ "no question after all", 53, "1234 0100 0001 0000 0000 0000", "", 1 },
	{ "no header", 53, "1234 0100 0001", "", 1 },
	{ "the question has no class", 53, "1234 0100 0001 0000 0000 0000" WWW "0001 00", "", 1 },
	{ "the second question is missing", 53, "1234 0100 0002 0000 0000 0000" QUESTION, "", 1 },
	{ "an answer is missing", 53, HEAD("0001 0002 0000 0000") QUESTION
	    "c00c 0001 0001 00000001 0004 c0000201", TOLD_HEAD, 1 },
	{ "an A of five bytes", 53, HEAD("0001 0002 0000 0000") QUESTION
	    "c00c 0001 0001 00000001 0004 c0000202"
	    "c00c 0001 0001 00000001 0005 c000020100", TOLD_HEAD, 1 },
	{ "an A of three bytes", 53, HEAD("0001 0001 0000 0000") QUESTION
	    "c00c 0001 0001 00000001 0003 c00002 01", TOLD_HEAD, 1 },
	{ "an AAAA of four bytes", 53, HEAD("0001 0001 0000 0000") QUESTION
	    "c00c 001c 0001 00000001 0004 c0000201", TOLD_HEAD, 1 },
	{ "a CNAME and one byte", 53, HEAD("0001 0001 0000 0000") QUESTION
	    "c00c 0005 0001 00000001 0003 c010 00", TOLD_HEAD, 1 },
	{ "a TXT string longer than its record", 53, HEAD("0001 0001 0000 0000") QUESTION
	    "c00c 0010 0001 00000001 0003 03'ab' 'c'", TOLD_HEAD, 1 },
	{ "a record longer than its message", 53, HEAD("0001 0001 0000 0000") QUESTION
	    "c00c 0010 0001 00000001 0004 02'ab'", TOLD_HEAD, 1 },
	{ "a SVCB parameter longer than its record", 53, HEAD("0001 0001 0000 0000") QUESTION
	    "c00c 0041 0001 00000001 0007 0001 00 0005 0001", TOLD_HEAD, 1 },
};

static void
messages_tell(void **state)
{
	static char told[TOLD_MAX];
	unsigned malformed;

	(void)state;
	for (size_t i = 0; i < N(messages); i++) {
		const struct message_case *c = &messages[i];
		const struct bytes *b = bytes(c->bytes);
		struct dissect_in in = { .server_port = c->port, .side = i % 2 ? FROM_SERVER : FROM_CLIENT };
		enum dissect answer = datagram(in, b->b, b->len, &malformed, told);

		if (strcmp(told, c->told) != 0 || malformed != c->malformed || answer != DISSECT_MORE)
			fail_msg("%s: \"%s\", %u malformed, answer %d", c->label, told, malformed, (int)answer);
	}
}

/* Elsewhere than on ports of DNS, nonsense ends it and nothing is claimed. */
static void
nonsense_elsewhere_is_not_ours(void **state)
{
	const struct bytes *b = bytes(HEAD("0001 0001 0000 0000") QUESTION
	    "c00c 0001 0001 00000001 0005 c000020100");
	struct dissect_in in = { .server_port = 5300 };
	char told[TOLD_MAX];
	unsigned malformed;

	(void)state;
	assert_int_equal(datagram(in, b->b, b->len, &malformed, told), DISSECT_NOT_MINE);
	assert_string_equal(told, "");
	assert_int_equal(malformed, 1);
}

/* Every word of part stands in whole, in the same order. */
static bool
is_part(const char *part, const char *whole)
{
	while (*part != 0) {
		size_t len = strcspn(part, " "), at;

		for (;; whole += at + (whole[at] == ' ')) {
			if (*whole == 0)
				return false;
			at = strcspn(whole, " ");
			if (at == len && memcmp(part, whole, len) == 0)
				break;
		}
		whole += len + (whole[len] == ' ');
		part += len + (part[len] == ' ');
	}
	return true;
}

/* At every byte: a snapped datagram is never malformed, a whole one never tells half an answer. */
static void
prefixes(void **state)
{
	static char told[TOLD_MAX];
	unsigned malformed;

	(void)state;
	for (size_t i = 0; i < N(messages); i++) {
		const struct bytes *b = bytes(messages[i].bytes);

		for (size_t len = 0; messages[i].malformed == 0 && len <= b->len; len++) {
			struct dissect_in in = { .server_port = messages[i].port, .snapped = true };

			assert_int_equal(datagram(in, b->b, len, &malformed, told), DISSECT_MORE);
			assert_int_equal(malformed, 0);
			assert_true(is_part(told, messages[i].told));
			in.snapped = false;
			assert_int_equal(datagram(in, b->b, len, &malformed, told), DISSECT_MORE);
			assert_true(malformed <= 1);
			assert_true(is_part(told, messages[i].told));
			if (malformed > 0) {
				assert_null(strstr(told, "address="));
				assert_null(strstr(told, "cname="));
			}
		}
	}
}

static void
snapped_tells_the_question(void **state)
{
	const struct bytes *b = bytes(HEAD("0001 0001 0000 0000") QUESTION
	    "c00c 0001 0001 00000001 0004 c0000201");
	struct dissect_in in = { .server_port = 53, .snapped = true };
	char told[TOLD_MAX];
	unsigned malformed;

	(void)state;
	datagram(in, b->b, 28, &malformed, told);	/* within the question name */
	assert_string_equal(told, "");
	datagram(in, b->b, 29, &malformed, told);	/* after it */
	assert_string_equal(told, "qname=www.example.com id=4660 rcode=0");
	datagram(in, b->b, b->len - 1, &malformed, told);
	assert_string_equal(told, TOLD_HEAD);
	datagram(in, b->b, b->len, &malformed, told);
	assert_string_equal(told, TOLD_HEAD " address=192.0.2.1/1");
	assert_int_equal(malformed, 0);
}

/* --- limits -------------------------------------------------------------------- */

/* A question of labels of 63 bytes of 0xff, the last one of last bytes. */
static void
long_question(struct bytes *out, size_t last)
{
	out->len = 0;
	append(out, "0001 0100 0001 0000 0000 0000");
	for (unsigned i = 0; i < 4; i++) {
		size_t len = i < 3 ? 63 : last;

		out->b[out->len++] = (uint8_t)len;
		memset(out->b + out->len, 0xff, len);
		out->len += len;
	}
	append(out, "00 0001 0001");
}

static void
longest_name(void **state)
{
	static struct bytes b;
	static char told[TOLD_MAX];
	unsigned malformed;
	struct dissect_in in = { .server_port = 53 };

	(void)state;
	long_question(&b, 61);		/* 3 * 64 + 62 + 1 = 255 */
	datagram(in, b.b, b.len, &malformed, told);
	assert_int_equal(malformed, 0);
	assert_int_equal(obs.v[0].value.len, 250 * 4 + 3);
	long_question(&b, 62);
	datagram(in, b.b, b.len, &malformed, told);
	assert_int_equal(malformed, 1);
	assert_string_equal(told, "");
}

/* n pointers, each to the one before, the first to the root of the question; then an A of the last. */
static unsigned
hop(unsigned n)
{
	static struct bytes b;
	static char told[TOLD_MAX];
	unsigned malformed;
	struct dissect_in in = { .server_port = 53 };

	b.len = 0;
	append(&b, "0001 8180 0001 0002 0000 0000 00 0001 0001 00 000a 0001 00000000");
	b.b[b.len++] = (uint8_t)(2 * n >> 8);
	b.b[b.len++] = (uint8_t)(2 * n);
	for (unsigned i = 0; i < n; i++) {
		size_t to = i == 0 ? 12 : b.len - 2;

		b.b[b.len++] = (uint8_t)(0xc0 | to >> 8);
		b.b[b.len++] = (uint8_t)to;
	}
	b.b[b.len] = (uint8_t)(0xc0 | (b.len - 2) >> 8);
	b.b[b.len + 1] = (uint8_t)(b.len - 2);
	b.len += 2;
	append(&b, "0001 0001 00000001 0004 c0000201");
	datagram(in, b.b, b.len, &malformed, told);
	assert_string_equal(told, malformed ? "qname=. qtype=1 id=1 rcode=0" :
	    "qname=. qtype=1 id=1 rcode=0 address=192.0.2.1/1");
	return malformed;
}

static void
pointers_are_counted(void **state)
{
	(void)state;
	assert_int_equal(hop(126), 0);
	assert_int_equal(hop(127), 1);
}

/* A question for www.example.com and n answers, each the same text. */
static void
many(struct bytes *out, unsigned n, const char *answer)
{
	out->len = 0;
	append(out, HEAD("0001 0000 0000 0000") QUESTION);
	out->b[6] = (uint8_t)(n >> 8);
	out->b[7] = (uint8_t)n;
	while (n-- > 0)
		append(out, answer);
}

static void
what_does_not_fit_is_counted(void **state)
{
	static struct bytes b;
	static char told[TOLD_MAX];
	unsigned malformed;
	struct dissect_in in = { .server_port = 53 };

	(void)state;
	obs.dropped = 0;
	many(&b, 16, "c00c 0005 0001 00000001 0002 c010");	/* to example.com */
	datagram(in, b.b, b.len, &malformed, told);
	assert_int_equal(obs.n, 4 + 16);
	assert_int_equal(obs.dropped, 0);
	many(&b, 18, "c00c 0005 0001 00000001 0002 c010");
	datagram(in, b.b, b.len, &malformed, told);
	assert_int_equal(obs.n, 4 + 16);
	assert_int_equal(obs.dropped, 2);
	obs.dropped = 0;
	many(&b, 256, "c010 0001 0001 00000001 0004 c0000201");
	datagram(in, b.b, b.len, &malformed, told);
	assert_int_equal(obs.dropped, 0);
	many(&b, 257, "c010 0001 0001 00000001 0004 c0000201");
	datagram(in, b.b, b.len, &malformed, told);
	assert_int_equal(obs.dropped, 1);
	assert_int_equal(malformed, 0);
	obs.dropped = 0;
	many(&b, 100, "c00c 0001 0001 00000001 0004 c0000201");
	datagram(in, b.b, b.len, &malformed, told);
	assert_int_equal(obs.n, OBS_BATCH_MAX);
	assert_int_equal(obs.dropped, 4 + 100 - OBS_BATCH_MAX);
}

/* Names beyond the reach of a pointer: 0x4000 + 12 is not 12. */
static void
far_names_are_not_near_ones(void **state)
{
	static struct bytes b;
	static char told[TOLD_MAX];
	unsigned malformed;
	struct dissect_in in = { .server_port = 53 };

	(void)state;
	b.len = 0;
	append(&b, HEAD("0001 0003 0000 0000") QUESTION "00 000a 0001 00000000");
	/* Filler up to 0x4025, so that the target of the CNAME stands at 0x4025 + 12 = 0x4031. */
	append(&b, "0000");
	b.b[b.len - 2] = (uint8_t)((0x4025 - b.len) >> 8);
	b.b[b.len - 1] = (uint8_t)(0x4025 - b.len);
	memset(b.b + b.len, 0, 0x4025 - b.len);
	b.b[0x31] = 1;			/* at 0x31, within the filler: "x" */
	b.b[0x32] = 'x';
	b.len = 0x4025;
	append(&b, "c00c 0005 0001 00000001 0003 01'y' 00");
	append(&b, "c031 0001 0001 00000001 0004 c0000201");	/* of x, which nobody asked for */
	datagram(in, b.b, b.len, &malformed, told);
	assert_int_equal(malformed, 0);
	assert_string_equal(told, TOLD_HEAD " cname=y");
}

/* --- streams --------------------------------------------------------------------- */

struct conv {
	void *state;
	uint8_t held[2 * WIRE_MAX];
	size_t n;
	uint64_t skip;
	unsigned malformed;
	char told[TOLD_MAX];
};

static struct conv *
conv_new(void)
{
	struct conv *c = calloc(1, sizeof *c);

	assert_non_null(c);
	c->state = calloc(1, dns_tcp_dissector.state_size);
	assert_non_null(c->state);
	obs.dropped = 0;
	return c;
}

static void
conv_free(struct conv *c)
{
	free(c->state);
	free(c);
}

/* As a worker does: what is not consumed is shown again, at once when there was progress. */
static enum dissect
segment(struct conv *c, const uint8_t *data, size_t len, uint64_t gap, bool end)
{
	size_t skip = c->skip < len ? (size_t)c->skip : len;
	struct dissect_in in = { .proto = 6, .server_port = 53, .side = FROM_SERVER, .gap = gap, .end = end };
	enum dissect answer;
	size_t drop;

	c->skip -= skip;
	memcpy(c->held + c->n, data + skip, len - skip);
	c->n += len - skip;
	if (c->n == 0)
		return DISSECT_MORE;
	do {
		struct dissect_out out = { .obs = &obs };

		in.data = (struct span){ c->held, c->n };
		observations_reset(&obs);
		answer = dns_tcp_dissector.dissect(c->state, &in, &out);
		assert_true(out.used <= c->n);
		say_batch(c->told);
		if (obs.n > 0)
			strcat(c->told, "|");
		c->malformed += out.malformed;
		drop = out.skip < c->n - out.used ? out.used + (size_t)out.skip : c->n;
		c->skip = out.skip - (drop - out.used);
		if (drop == c->n && out.used == 0 && out.skip == 0)
			drop = 0;
		memmove(c->held, c->held + drop, c->n - drop);
		c->n -= drop;
		in.gap = 0;
	} while (answer == DISSECT_MORE && drop > 0 && c->n > 0);
	return answer;
}

/* Three messages that make sense, between them one that does not. */
static void
talk(struct bytes *out)
{
	out->len = 0;
	append_frame(out, HEAD("0001 0001 0000 0000") QUESTION "c00c 0001 0001 00000001 0004 c0000201");
	append_frame(out, "0007 8180 0001 0001 0000 0000 01'b' 00 0010 0001"
	    "c00c 0010 0001 00000001 0003 02'tx'");
	append_frame(out, "0008 8180 0001 0000 0000 0000 c00c 0001 0001");
	append_frame(out, "0009 8183 0001 0000 0000 0000 01'c' 00 001c 0001");
}

#define TALK_TOLD TOLD_HEAD \
	" address=192.0.2.1/1|qname=b qtype=16 id=7 rcode=0 txt=tx|qname=c qtype=28 id=9 rcode=3|"

static void
every_split_tells_the_same(void **state)
{
	static struct bytes b;

	(void)state;
	talk(&b);
	for (size_t i = 0; i <= b.len; i++)
		for (size_t j = i; j <= b.len; j++) {
			struct conv *c = conv_new();

			assert_int_equal(segment(c, b.b, i, 0, false), DISSECT_MORE);
			assert_int_equal(segment(c, b.b + i, j - i, 0, false), DISSECT_MORE);
			assert_int_equal(segment(c, b.b + j, b.len - j, 0, j % 2), DISSECT_MORE);
			assert_string_equal(c->told, TALK_TOLD);
			assert_int_equal(c->malformed, 1);
			assert_int_equal(c->n, 0);
			conv_free(c);
		}
}

static void
byte_by_byte(void **state)
{
	static struct bytes b;
	struct conv *c = conv_new();

	(void)state;
	talk(&b);
	for (size_t i = 0; i < b.len; i++)
		assert_int_equal(segment(c, b.b + i, 1, 0, false), DISSECT_MORE);
	assert_string_equal(c->told, TALK_TOLD);
	conv_free(c);
}

static void
first_message_must_make_sense(void **state)
{
	static struct bytes b;
	struct conv *c = conv_new();

	(void)state;
	b.len = 0;
	append_frame(&b, HEAD("0001 0001 0000 0000") QUESTION "c00c 0001 0001 00000001 0005 c000020100");
	assert_int_equal(segment(c, b.b, b.len, 0, false), DISSECT_NOT_MINE);
	assert_string_equal(c->told, "");
	assert_int_equal(c->malformed, 1);
	conv_free(c);
}

static void
end_within_a_message(void **state)
{
	static struct bytes b;
	struct conv *c = conv_new();

	(void)state;
	talk(&b);
	assert_int_equal(segment(c, b.b, 2 + 40, 0, true), DISSECT_MORE);
	assert_string_equal(c->told, TOLD_HEAD "|");
	assert_int_equal(c->malformed, 0);
	assert_int_equal(c->n, 0);
	conv_free(c);
}

/* Of a message that cannot be held the beginning is told; the next one is found behind it. */
static void
longest_message(void **state)
{
	static struct bytes b;

	(void)state;
	for (size_t step = 1000; step <= 66000; step += 13000) {
		struct conv *c = conv_new();

		b.len = 0;
		append(&b, "ffff" HEAD("0001 0002 0000 0000") QUESTION
		    "c00c 0001 0001 00000001 0004 c0000201 c00c 000a 0001 00000001 ffc6");
		memset(b.b + b.len, 0, 2 + 0xffff - b.len);
		b.len = 2 + 0xffff;
		append_frame(&b, "0009 8183 0001 0000 0000 0000 01'c' 00 001c 0001");
		for (size_t at = 0; at < b.len; at += step)
			assert_int_equal(segment(c, b.b + at, step < b.len - at ? step : b.len - at, 0, false),
			    DISSECT_MORE);
		assert_string_equal(c->told, TOLD_HEAD " address=192.0.2.1/1|qname=c qtype=28 id=9 rcode=3|");
		assert_int_equal(c->malformed, 0);
		assert_int_equal(obs.dropped, 0);
		conv_free(c);
	}
}

/* Bytes that are lost: the next segment that begins with a message is understood again. */
static void
after_a_gap(void **state)
{
	static struct bytes b;
	struct conv *c = conv_new();

	(void)state;
	talk(&b);
	assert_int_equal(segment(c, b.b, b.len, 0, false), DISSECT_MORE);
	c->told[0] = 0;
	assert_int_equal(segment(c, b.b + 20, 30, 100, false), DISSECT_MORE);
	assert_string_equal(c->told, "");
	assert_int_equal(c->n, 0);
	assert_int_equal(segment(c, b.b + 21, 30, 0, false), DISSECT_MORE);
	assert_string_equal(c->told, "");
	assert_int_equal(segment(c, b.b, 10, 0, false), DISSECT_MORE);
	assert_int_equal(segment(c, b.b + 10, b.len - 10, 0, false), DISSECT_MORE);
	assert_string_equal(c->told, TALK_TOLD);
	assert_int_equal(c->malformed, 2);		/* the one in the talk, twice */
	/* What may be the beginning of a message is waited for, but not beyond the end. */
	assert_int_equal(segment(c, b.b, 10, 100, false), DISSECT_MORE);
	assert_int_equal(c->n, 10);
	assert_int_equal(segment(c, b.b + 10, 2, 0, true), DISSECT_MORE);
	assert_int_equal(c->n, 0);
	conv_free(c);
}

/* More messages at once than will be held: some are given up, none is confused with another. */
static void
more_than_is_held(void **state)
{
	static struct bytes b;
	struct conv *c = conv_new();
	struct dissect_out out = { .obs = &obs };
	struct dissect_in in = { .proto = 6, .server_port = 53 };

	(void)state;
	for (b.len = 0; b.len < 60000;)
		append_frame(&b, HEAD("0001 0001 0000 0000") QUESTION "c00c 0001 0001 00000001 0004 c0000201");
	in.data = (struct span){ b.b, b.len };
	observations_reset(&obs);
	assert_int_equal(dns_tcp_dissector.dissect(c->state, &in, &out), DISSECT_MORE);
	assert_int_equal(obs.n, 5);
	assert_true(b.len - out.used < DISSECT_HOLD_MAX);
	assert_true(b.len - out.used > DISSECT_HOLD_MAX - 100);
	assert_int_equal(out.used % 51, 0);
	assert_int_equal(obs.dropped, out.used / 51 - 1);
	obs.dropped = 0;
	conv_free(c);
}

/* --- first bytes -------------------------------------------------------------------- */

static const struct probe_case {
	const char *label;
	uint16_t port;
	bool snapped;
	const char *bytes;
	enum rd_state want;
} probes[] = {
	{ "a query", 53, false, "1234 0100 0001 0000 0000 0000" QUESTION, RD_OK },
	{ "a query elsewhere", 5300, false, "1234 0100 0001 0000 0000 0000" QUESTION, RD_OK },
	{ "a response elsewhere", 5300, false, HEAD("0001 0001 0000 0000") QUESTION
	    "c00c 0001 0001 00000001 0004 c0000201", RD_OK },
	{ "any bytes in a name", 53, false, "1234 0100 0001 0000 0000 0000 02 00ff 00 ffff 0001", RD_OK },
	{ "an UPDATE", 53, false, "1234 2800 0001 0000 0000 0000" QUESTION, RD_OK },
	{ "opcode 3", 53, false, "1234 1800 0001 0000 0000 0000" QUESTION, RD_BAD },
	{ "opcode 7", 53, false, "1234 3800 0001 0000 0000 0000" QUESTION, RD_BAD },
	{ "no question", 53, false, "1234 8000 0000 0001 0000 0000" QUESTION, RD_BAD },
	{ "two questions", 53, false, "1234 0100 0002 0000 0000 0000" QUESTION QUESTION, RD_BAD },
	{ "more records than bytes", 53, false, HEAD("0001 0004 0000 0000") QUESTION
	    "c00c 0001 0001 00000001 0004 c0000201", RD_BAD },
	{ "the same, cut by the server", 53, false, "1234 8380 0001 0002 0000 0000" QUESTION, RD_OK },
	{ "the same, cut by the capture", 53, true, HEAD("0001 0002 0000 0000") QUESTION, RD_OK },
	{ "cut in the first label", 53, true, HEAD("0001 0002 0000 0000") "03'ww'", RD_SHORT },
	{ "cut in the header", 53, true, "1234 8180 0001", RD_SHORT },
	{ "nonsense, cut in the header", 53, true, "1234 7fff 0001", RD_BAD },
	{ "too little", 53, false, "1234 8180 0001", RD_BAD },
	{ "nothing", 53, false, "", RD_BAD },
	{ "a pointer first", 53, false, "1234 0100 0001 0000 0000 0000 c00c 0001 0001", RD_BAD },
	{ "mDNS answers", 5353, false,
	    "0000 8400 0000 0001 0000 0000 02'pc' 00 0001 8001 00000078 0004 c0a80007", RD_OK },
	{ "mDNS, nothing in it", 5353, false, "0000 8400 0000 0000 0000 0000", RD_BAD },
	{ "mDNS asks nothing", 5353, false,
	    "0000 0000 0000 0001 0000 0000 02'pc' 00 0001 8001 00000078 0000", RD_BAD },
	{ "mDNS with two questions", 5353, false,
	    "0000 0000 0002 0000 0000 0000 01'a' 00 0001 0001 01'b' 00 0001 0001", RD_OK },
	{ "LLMNR", 5355, false, "00aa 0000 0001 0000 0000 0000 02'PC' 00 0001 0001", RD_OK },
	{ "elsewhere: an UPDATE", 5300, false, "1234 2800 0001 0000 0000 0000" QUESTION, RD_BAD },
	{ "elsewhere: Z is set", 5300, false, "1234 0140 0001 0000 0000 0000" QUESTION, RD_BAD },
	{ "elsewhere: a query with a response code", 5300, false,
	    "1234 0101 0001 0000 0000 0000" QUESTION, RD_BAD },
	{ "elsewhere: a rare response code", 5300, false, "1234 8186 0001 0000 0000 0000" QUESTION, RD_BAD },
	{ "elsewhere: a query with three records", 5300, false, "1234 0100 0001 0000 0000 0003" QUESTION
	    "00 0001 0001 00000000 0000 00 0001 0001 00000000 0000 00 0001 0001 00000000 0000", RD_BAD },
	{ "elsewhere: one label", 5300, false,
	    "1234 0100 0001 0000 0000 0000 03'www' 00 0001 0001", RD_BAD },
	{ "elsewhere: the root", 5300, false, "1234 0100 0001 0000 0000 0000 00 0002 0001", RD_BAD },
	{ "elsewhere: a space in the name", 5300, false,
	    "1234 0100 0001 0000 0000 0000 03'w w' 01'a' 00 0001 0001", RD_BAD },
	{ "elsewhere: a dot in the label", 5300, false,
	    "1234 0100 0001 0000 0000 0000 03'w.w' 01'a' 00 0001 0001", RD_BAD },
	{ "elsewhere: a rare type", 5300, false, "1234 0100 0001 0000 0000 0000" WWW "0020 0001", RD_BAD },
	{ "elsewhere: class CH", 5300, false, "1234 0100 0001 0000 0000 0000" WWW "0001 0003", RD_BAD },
	{ "elsewhere: no class", 5300, false, "1234 0100 0001 0000 0000 0000" WWW "0001", RD_BAD },
	{ "elsewhere: a NetBIOS name", 137, false, "1234 0110 0001 0000 0000 0000"
	    "20'CKAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA' 00 0021 0001", RD_BAD },
	{ "elsewhere: NTP", 123, false,
	    "23020aec 00000000 00000000 00000000 00000000 00000000 00000000 00000000"
	    "00000000 00000000 c50204ec ec42ee92", RD_BAD },
	{ "elsewhere: SIP", 5060, false, "'OPTIONS sip:a@b.example SIP/2.0'", RD_BAD },
	{ "elsewhere: zeros", 9999, false, "0000 0000 0000 0000 0000 0000 0000 0000 0000", RD_BAD },
};

static void
probe_datagrams(void **state)
{
	(void)state;
	for (size_t i = 0; i < N(probes); i++) {
		const struct bytes *b = bytes(probes[i].bytes);
		struct dissect_in in = { .proto = 17, .server_port = probes[i].port,
			.snapped = probes[i].snapped, .data = { b->b, b->len } };
		enum rd_state got = dns_udp_dissector.probe(&in);

		if (got != probes[i].want)
			fail_msg("%s: %d", probes[i].label, (int)got);
	}
}

/* What a whole datagram is, a whole message in a stream is too. */
static void
probe_streams(void **state)
{
	static struct bytes b;

	(void)state;
	for (size_t i = 0; i < N(probes); i++) {
		struct dissect_in in = { .proto = 6, .server_port = probes[i].port };

		if (probes[i].snapped)
			continue;
		b.len = 0;
		append_frame(&b, probes[i].bytes);
		in.data = (struct span){ b.b, b.len };
		if (dns_tcp_dissector.probe(&in) != probes[i].want)
			fail_msg("%s", probes[i].label);
	}
}

/* A message that arrives little by little is never refused; on our port its first label is enough. */
static void
probe_prefixes(void **state)
{
	static struct bytes b;
	struct dissect_in in = { .proto = 6 };

	(void)state;
	talk(&b);
	for (size_t len = 0; len <= b.len; len++) {
		in.data = (struct span){ b.b, len };
		in.server_port = 53;
		assert_int_equal(dns_tcp_dissector.probe(&in), len < 2 + 12 + 4 ? RD_SHORT : RD_OK);
		in.server_port = 5300;
		assert_int_equal(dns_tcp_dissector.probe(&in), len < 2 + 33 ? RD_SHORT : RD_OK);
	}
}

/* A question that ends in the next message is none. */
static void
probe_keeps_to_the_message(void **state)
{
	const struct bytes *b = bytes("001e 1234 0100 0001 0000 0000 0000" QUESTION "0000 0000");
	struct dissect_in in = { .proto = 6, .server_port = 5300, .data = { b->b, b->len } };

	(void)state;
	assert_int_equal(dns_tcp_dissector.probe(&in), RD_BAD);
}

static void
probe_refuses_early(void **state)
{
	static const char *const others[] = {
		"1603 0100 a501", "'GET / H'", "'SSH-2.0'", "0000 0000 0000", "0004",
	};

	(void)state;
	for (size_t i = 0; i < N(others); i++) {
		const struct bytes *b = bytes(others[i]);
		struct dissect_in in = { .proto = 6, .server_port = 8080, .data = { b->b, b->len } };

		if (dns_tcp_dissector.probe(&in) != RD_BAD)
			fail_msg("%s", others[i]);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(messages_tell),
		cmocka_unit_test(nonsense_elsewhere_is_not_ours),
		cmocka_unit_test(prefixes),
		cmocka_unit_test(snapped_tells_the_question),
		cmocka_unit_test(longest_name),
		cmocka_unit_test(pointers_are_counted),
		cmocka_unit_test(what_does_not_fit_is_counted),
		cmocka_unit_test(far_names_are_not_near_ones),
		cmocka_unit_test(every_split_tells_the_same),
		cmocka_unit_test(byte_by_byte),
		cmocka_unit_test(first_message_must_make_sense),
		cmocka_unit_test(end_within_a_message),
		cmocka_unit_test(longest_message),
		cmocka_unit_test(after_a_gap),
		cmocka_unit_test(more_than_is_held),
		cmocka_unit_test(probe_datagrams),
		cmocka_unit_test(probe_streams),
		cmocka_unit_test(probe_prefixes),
		cmocka_unit_test(probe_keeps_to_the_message),
		cmocka_unit_test(probe_refuses_early),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
