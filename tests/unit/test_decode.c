/* SPDX-License-Identifier: Apache-2.0 */
/* Unit tests of capture/decode: link layers, IP versions, SHORT told from BAD. */
#include "unit.h"

#include "capture/decode.h"
#include "frames.h"

static const struct five tcp4 = { "192.0.2.1", "198.51.100.2", 40000, 80, 6, 0x18, 1000, 2000, "hello", 0 };
static const struct five udp6 = { "2001:db8::1", "2001:db8::2", 5000, 53, 17, 0, 0, 0, "query", 0 };

static void
expect_tcp4(const struct built *f, int linktype)
{
	struct frame fr = frame_of(f, linktype);
	struct packet p;
	char text[ADDR_STR_MAX];

	assert_int_equal(decode(&fr, &p), DECODE_OK);
	assert_string_equal(addr_str(&p.src, text), tcp4.src);
	assert_string_equal(addr_str(&p.dst, text), tcp4.dst);
	assert_int_equal(p.sport, 40000);
	assert_int_equal(p.dport, 80);
	assert_int_equal(p.tcp_seq, 1000);
	assert_int_equal(p.tcp_ack, 2000);
	assert_int_equal(p.tcp_flags, TCP_PSH | TCP_ACK);
	assert_int_equal(p.payload_len, 5);
	assert_span(p.payload, "hello");
	assert_int_equal(p.ip_len, 45);
	assert_false(p.snapped);
}

static void
link_layers(void **state)
{
	static const struct {
		int linktype;
		const char *header;
	} t[] = {
		{ 1, "020000000001 020000000002 0800" },			/* Ethernet */
		{ 1, "020000000001 020000000002 8100 0064 0800" },		/* 802.1Q, VLAN 100 */
		{ 1, "020000000001 020000000002 88a8 0065 8100 0064 0800" },	/* 802.1ad over 802.1Q */
		{ 1, "020000000001 020000000002 9100 0001 8100 0002 8100 0003 0800" },
		{ 0, "02000000" }, { 0, "00000002" },				/* null, both byte orders */
		{ 108, "00000002" },						/* loop */
		{ 12, "" }, { 14, "" }, { 101, "" }, { 228, "" },		/* raw IP */
		{ 113, "0000 0001 0006 0200000000010000 0800" },		/* SLL: type, ARPHRD, length, address */
		{ 276, "0800 0000 00000002 0001 00 06 0200000000010000" },	/* SLL2 */
	};

	(void)state;
	for (size_t i = 0; i < sizeof t / sizeof *t; i++) {
		struct built f = { .len = 0 };

		put_hex(&f, t[i].header);
		put_ip(&f, &tcp4);
		expect_tcp4(&f, t[i].linktype);
		put_hex(&f, "000000");			/* Ethernet padding is not payload */
		expect_tcp4(&f, t[i].linktype);
	}
}

static void
vlans_are_kept(void **state)
{
	struct built f = { .len = 0 };
	struct packet p;

	(void)state;
	put_hex(&f, "020000000001 020000000002 88a8 e065 8100 2064 0800");	/* priority bits set */
	put_ip(&f, &tcp4);
	struct frame fr = frame_of(&f, 1);
	assert_int_equal(decode(&fr, &p), DECODE_OK);
	assert_int_equal(p.vlan[0], 0x65);
	assert_int_equal(p.vlan[1], 0x64);
}

static void
ipv6_extension_headers(void **state)
{
	static const struct {
		const char *chain;	/* after the fixed header; the first next-header value is first */
		unsigned first;
		enum decode want;
	} t[] = {
		{ "", 17, DECODE_OK },
		{ "11 00 000000000000", 0, DECODE_OK },				/* hop-by-hop -> UDP */
		{ "2b 00 000000000000 11 00 000000000000", 0, DECODE_OK },	/* hop-by-hop -> routing */
		{ "11 04 0000 00000001 00000001 000000000000000000000000", 51, DECODE_OK },	/* AH, 24 bytes */
		{ "11 00 000000000000", 60, DECODE_OK }, { "11 00 000000000000", 135, DECODE_OK },
		{ "11 00 0001 00000007", 44, DECODE_OK },			/* first fragment, more follow */
		{ "11 00 0100 00000007", 44, DECODE_FRAGMENT },
		{ "11 ff 000000000000", 0, DECODE_BAD },			/* header longer than the datagram */
	};

	(void)state;
	for (size_t i = 0; i < sizeof t / sizeof *t; i++) {
		struct built ip = { .len = 0 }, ext = { .len = 0 }, f = { .len = 0 };
		struct packet p;

		put_ip(&ip, &udp6);
		put_hex(&ext, t[i].chain);
		put(&f, ip.b, 4);
		put_be(&f, ip.len - 40 + ext.len, 2);
		put_be(&f, t[i].first, 1);
		put(&f, ip.b + 7, 33);
		put(&f, ext.b, ext.len);
		put(&f, ip.b + 40, ip.len - 40);
		struct frame fr = frame_of(&f, 229);
		assert_int_equal(decode(&fr, &p), t[i].want);
		if (t[i].want == DECODE_OK) {
			assert_int_equal(p.dport, 53);
			assert_span(p.payload, "query");
		}
	}
}

static void
every_cut_is_short(void **state)
{
	const struct five *const t[] = { &tcp4, &udp6 };

	(void)state;
	for (size_t i = 0; i < 2; i++) {
		struct built f = { .len = 0 };
		size_t headers;

		put_ether(&f, i == 0 ? 0x0800 : 0x86dd);
		put_ip(&f, t[i]);
		headers = f.len - 5;
		for (size_t cut = 0; cut <= f.len; cut++) {
			struct frame fr = frame_of(&f, 1);
			uint8_t *exact = malloc(cut > 0 ? cut : 1);	/* so that ASan sees a step too far */
			struct packet p;

			memcpy(exact, f.b, cut);
			fr.data = exact;
			fr.caplen = (uint32_t)cut;
			if (cut < headers) {
				assert_int_equal(decode(&fr, &p), DECODE_SHORT);
			} else {
				assert_int_equal(decode(&fr, &p), DECODE_OK);
				assert_int_equal(p.snapped, cut < f.len);
				assert_int_equal(p.payload.len, cut - headers);
				assert_int_equal(p.payload_len, 5);
			}
			free(exact);
		}
	}
}

static void
contradictions_are_bad(void **state)
{
	static const struct {
		size_t at;		/* in the IP datagram of tcp4 */
		uint8_t value;
		enum decode want;
	} t[] = {
		{ 0, 0x44, DECODE_BAD },	/* four words of header */
		{ 0, 0x55, DECODE_BAD },	/* version 5 under EtherType 0800 */
		{ 3, 10, DECODE_BAD },		/* total length below the header's */
		{ 3, 30, DECODE_BAD },		/* no room for a TCP header */
		{ 32, 0x40, DECODE_BAD },	/* TCP data offset of 4 */
		{ 32, 0xf0, DECODE_BAD },	/* TCP header longer than the datagram */
		{ 7, 0x10, DECODE_FRAGMENT },
		{ 9, 1, DECODE_NOT_TRANSPORT },
	};

	(void)state;
	for (size_t i = 0; i < sizeof t / sizeof *t; i++) {
		struct built f = { .len = 0 };
		struct packet p;

		put_ether(&f, 0x0800);
		put_ip(&f, &tcp4);
		f.b[14 + t[i].at] = t[i].value;
		struct frame fr = frame_of(&f, 1);
		assert_int_equal(decode(&fr, &p), t[i].want);
	}
}

static void
other_frames(void **state)
{
	struct built f = { .len = 0 };
	struct packet p;

	(void)state;
	put_hex(&f, "ffffffffffff 020000000002 0806 0001080006040001");	/* ARP */
	struct frame fr = frame_of(&f, 1);
	assert_int_equal(decode(&fr, &p), DECODE_NOT_IP);
	fr.linktype = 147;						/* DLT_USER0 */
	assert_int_equal(decode(&fr, &p), DECODE_LINKTYPE);
	assert_false(decode_knows(147));
}

/* A card that segments leaves total length 0 in what it captures. */
static void
segmentation_offload(void **state)
{
	struct built f = { .len = 0 };
	struct packet p;

	(void)state;
	put_ether(&f, 0x0800);
	put_ip(&f, &tcp4);
	f.b[16] = f.b[17] = 0;
	struct frame fr = frame_of(&f, 1);
	assert_int_equal(decode(&fr, &p), DECODE_OK);
	assert_span(p.payload, "hello");
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(link_layers), cmocka_unit_test(vlans_are_kept),
		cmocka_unit_test(ipv6_extension_headers), cmocka_unit_test(every_cut_is_short),
		cmocka_unit_test(contradictions_are_bad), cmocka_unit_test(other_frames),
		cmocka_unit_test(segmentation_offload),
	};

	return cmocka_run_group_tests_name("decode", tests, NULL, NULL);
}
