/* SPDX-License-Identifier: Apache-2.0 */
/* Unit tests of capture/source and capture/pcapng: containers, byte orders, clocks, cut files, filters. */
#include "unit.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "capture/pcapng.h"
#include "capture/source.h"
#include "frames.h"

static char dir[] = "/tmp/telltale-source-XXXXXX";

static const struct five tcp = { "192.0.2.1", "198.51.100.2", 40000, 80, 6, 0x18, 1, 1, "abc", 0 };
static const struct five udp = { "192.0.2.1", "198.51.100.2", 40000, 53, 17, 0, 0, 0, "abcd", 0 };

static const char *
save(const char *name, const struct built *f)
{
	static char path[256];
	FILE *out;

	snprintf(path, sizeof path, "%s/%s", dir, name);
	out = fopen(path, "wb");
	assert_non_null(out);
	assert_int_equal(fwrite(f->b, 1, f->len, out), f->len);
	assert_int_equal(fclose(out), 0);
	return path;
}

static void
put_order(struct built *f, uint64_t v, unsigned width, bool little)
{
	for (unsigned i = 0; i < width; i++)
		f->b[f->len++] = (uint8_t)(v >> 8 * (little ? i : width - 1 - i));
}

/* A classic pcap file of n frames, a second apart from 1000 on, with 5 ticks each. */
static void
classic(struct built *f, uint32_t magic, bool little, unsigned n)
{
	put_order(f, magic, 4, little);
	put_order(f, 2, 2, little);			/* version 2.4 */
	put_order(f, 4, 2, little);
	put_order(f, 0, 8, little);			/* zone, accuracy */
	put_order(f, 65535, 4, little);
	put_order(f, 1, 4, little);			/* Ethernet */
	for (unsigned i = 0; i < n; i++) {
		struct built frame = { .len = 0 };

		put_ether(&frame, 0x0800);
		put_ip(&frame, i % 2 == 0 ? &tcp : &udp);
		put_order(f, 1000 + i, 4, little);
		put_order(f, 5, 4, little);
		put_order(f, frame.len, 4, little);
		put_order(f, frame.len, 4, little);
		put(f, frame.b, frame.len);
	}
}

struct seen {
	unsigned frames, cuts, errors;
	uint64_t ts[16], number[16];
	int linktype[16];
	uint32_t caplen[16], wirelen[16];
	char message[1024];
};

static struct seen
read_files(const char *const *files, size_t n, const char *filter, uint64_t max)
{
	struct source_options o = { .files = files, .n_files = n, .filter = filter, .max_frames = max };
	struct seen seen = { 0 };
	enum source_status status;
	struct frames batch;
	struct err err;
	struct source *s = source_open(&o, &err);

	if (s == NULL) {
		snprintf(seen.message, sizeof seen.message, "%s", err.text);
		seen.errors = 1;
		return seen;
	}
	while ((status = source_next(s, &batch)) != SOURCE_END) {
		for (unsigned i = 0; i < batch.n; i++) {
			unsigned k = seen.frames++;

			if (k < 16) {
				seen.ts[k] = batch.v[i].ts_ns;
				seen.number[k] = batch.v[i].number;
				seen.linktype[k] = batch.v[i].linktype;
				seen.caplen[k] = batch.v[i].caplen;
				seen.wirelen[k] = batch.v[i].wirelen;
			}
		}
		if (status == SOURCE_CUT || status == SOURCE_ERROR) {
			snprintf(seen.message, sizeof seen.message, "%s", source_message(s));
			seen.cuts += status == SOURCE_CUT;
			seen.errors += status == SOURCE_ERROR;
		}
		if (status == SOURCE_ERROR)
			break;
	}
	source_close(&s);
	return seen;
}

static void
classic_variants(void **state)
{
	static const struct {
		uint32_t magic;
		unsigned tick_ns;
	} t[] = { { 0xa1b2c3d4, 1000 }, { 0xa1b23c4d, 1 } };

	(void)state;
	for (size_t i = 0; i < 4; i++) {
		struct built f = { .len = 0 };
		struct seen s;
		const char *path;

		classic(&f, t[i / 2].magic, i % 2 == 0, 3);
		path = save("classic.pcap", &f);
		s = read_files(&path, 1, NULL, 0);
		assert_int_equal(s.frames, 3);
		assert_int_equal(s.cuts + s.errors, 0);
		assert_int_equal(s.ts[2], 1002000000000ull + 5 * t[i / 2].tick_ns);
		assert_int_equal(s.number[2], 3);
	}
}

/* At every length a cut file gives its whole frames and says that it is cut, and where. */
static void
cut_files(void **state)
{
	struct built f = { .len = 0 };
	const char *path;
	size_t head = 24, first, second;

	(void)state;
	classic(&f, 0xa1b2c3d4, true, 2);
	first = head + 16 + 14 + 43;
	second = f.len;
	for (size_t len = 0; len <= second; len++) {
		struct built part = f;
		struct seen s;

		part.len = len;
		path = save("cut.pcap", &part);
		s = read_files(&path, 1, NULL, 0);
		assert_int_equal(s.frames, (len >= first) + (len >= second));
		assert_int_equal(s.errors, len < head);
		assert_int_equal(s.cuts, len > head && len != first && len != second);
		if (s.cuts + s.errors > 0)
			assert_non_null(strstr(s.message, "cut.pcap"));
	}
}

static void
not_a_capture(void **state)
{
	static const char *const texts[] = { "", "hello, world, this is text\n", "\x1f\x8b\x08\x00gzip" };
	struct seen s;

	(void)state;
	for (size_t i = 0; i < 3; i++) {
		struct built f = { .len = 0 };
		const char *path;

		put(&f, texts[i], strlen(texts[i]));
		path = save("text", &f);
		s = read_files(&path, 1, NULL, 0);
		assert_int_equal(s.errors, 1);
		assert_non_null(strstr(s.message, "text: not a capture file"));
	}
	s = read_files((const char *const[]){ "/nonexistent/x.pcap" }, 1, NULL, 0);
	assert_non_null(strstr(s.message, "/nonexistent/x.pcap: No such file"));
	s = read_files((const char *const[]){ dir }, 1, NULL, 0);
	assert_non_null(strstr(s.message, "is a directory"));
}

static void
unsupported_link_type(void **state)
{
	struct built f = { .len = 0 };
	const char *path;
	struct seen s;

	(void)state;
	classic(&f, 0xa1b2c3d4, true, 1);
	f.b[20] = 11;					/* LINKTYPE 11 is ATM RFC 1483 as DLT */
	path = save("atm.pcap", &f);
	s = read_files(&path, 1, NULL, 0);
	assert_int_equal(s.errors, 1);
	assert_non_null(strstr(s.message, "is not supported"));
}

static void
filters_and_limits(void **state)
{
	struct built f = { .len = 0 };
	const char *path;
	struct seen s;

	(void)state;
	classic(&f, 0xa1b2c3d4, true, 6);
	path = save("f.pcap", &f);
	s = read_files(&path, 1, "udp", 0);
	assert_int_equal(s.frames, 3);
	assert_int_equal(s.number[0], 2);		/* numbers are those of the file */
	s = read_files(&path, 1, "tcp", 2);
	assert_int_equal(s.frames, 2);
	s = read_files(&path, 1, "no such words", 0);
	assert_int_equal(s.errors, 1);
	assert_non_null(strstr(s.message, "filter 'no such words'"));
	const char *twice[] = { path, path };
	s = read_files(twice, 2, NULL, 0);
	assert_int_equal(s.frames, 12);
	assert_int_equal(s.number[11], 12);
}

/* --- pcapng ---------------------------------------------------------------- */

static void
block(struct built *f, uint32_t type, const struct built *body, bool little)
{
	size_t pad = (4 - body->len % 4) % 4;

	put_order(f, type, 4, little);
	put_order(f, 12 + body->len + pad, 4, little);
	put(f, body->b, body->len);
	put(f, "\0\0\0", pad);
	put_order(f, 12 + body->len + pad, 4, little);
}

static void
section(struct built *f, bool little)
{
	struct built b = { .len = 0 };

	put_order(&b, 0x1a2b3c4d, 4, little);		/* byte order magic */
	put_order(&b, 1, 2, little);			/* version 1.0 */
	put_order(&b, 0, 2, little);
	put_order(&b, UINT64_MAX, 8, little);		/* length not given */
	block(f, 0x0a0d0d0a, &b, little);
}

static void
interface(struct built *f, uint16_t linktype, uint32_t snaplen, int tsresol, int64_t offset, bool little)
{
	struct built b = { .len = 0 };

	put_order(&b, linktype, 2, little);
	put_order(&b, 0, 2, little);
	put_order(&b, snaplen, 4, little);
	if (tsresol >= 0) {
		put_order(&b, 9, 2, little);		/* if_tsresol, 1 byte and padding */
		put_order(&b, 1, 2, little);
		b.b[b.len] = (uint8_t)tsresol;
		b.len += 4;
	}
	if (offset != 0) {
		put_order(&b, 14, 2, little);		/* if_tsoffset */
		put_order(&b, 8, 2, little);
		put_order(&b, (uint64_t)offset, 8, little);
	}
	put_order(&b, 0, 4, little);			/* end of options */
	block(f, 1, &b, little);
}

static void
enhanced(struct built *f, uint32_t id, uint64_t ticks, const struct built *frame, uint32_t wirelen, bool little)
{
	struct built b = { .len = 0 };

	put_order(&b, id, 4, little);
	put_order(&b, ticks >> 32, 4, little);
	put_order(&b, ticks & 0xffffffff, 4, little);
	put_order(&b, frame->len, 4, little);
	put_order(&b, wirelen, 4, little);
	put(&b, frame->b, frame->len);
	block(f, 6, &b, little);
}

static void
interfaces_of_different_kinds(void **state)
{
	(void)state;
	for (unsigned little = 0; little < 2; little++) {
		struct built f = { .len = 0 }, ether = { .len = 0 }, raw = { .len = 0 }, simple = { .len = 0 };
		struct built secret = { .len = 100 };
		const char *path;
		struct seen s;

		put_ether(&ether, 0x0800);
		put_ip(&ether, &tcp);
		put_ip(&raw, &udp);
		section(&f, little);
		interface(&f, 1, 0, -1, 0, little);			/* Ethernet, microseconds */
		interface(&f, 101, 0, 9, 0, little);			/* raw IP, nanoseconds */
		interface(&f, 113, 96, 0x80 | 10, 1000000, little);	/* SLL, 1/1024 s, later by a million seconds */
		enhanced(&f, 0, 1000000005ull, &ether, 100, little);
		block(&f, 10, &secret, little);				/* decryption secrets: skipped */
		enhanced(&f, 1, 2000000000007ull, &raw, (uint32_t)raw.len, little);
		enhanced(&f, 2, 512, &raw, (uint32_t)raw.len, little);
		put_order(&simple, ether.len, 4, little);
		put(&simple, ether.b, ether.len);
		block(&f, 3, &simple, little);
		section(&f, little);					/* a new section has its own interfaces */
		interface(&f, 12, 0, 6, 0, little);
		enhanced(&f, 0, 3000000, &raw, (uint32_t)raw.len, little);
		path = save("kinds.pcapng", &f);
		s = read_files(&path, 1, NULL, 0);
		assert_int_equal(s.cuts + s.errors, 0);
		assert_int_equal(s.frames, 5);
		assert_int_equal(s.ts[0], 1000000005000ull);
		assert_int_equal(s.linktype[0], 1);
		assert_int_equal(s.wirelen[0], 100);
		assert_int_equal(s.ts[1], 2000000000007ull);
		assert_int_equal(s.linktype[1], 12);
		assert_int_equal(s.ts[2], 1000000500000000ull);
		assert_int_equal(s.linktype[2], 113);
		assert_int_equal(s.caplen[3], ether.len);
		assert_int_equal(s.ts[3], s.ts[2]);			/* a simple packet has no time */
		assert_int_equal(s.ts[4], 3000000000ull);
		s = read_files(&path, 1, "udp", 0);			/* a filter for each link type */
		assert_int_equal(s.frames, 2);
	}
}

/* What cannot be read is said, once, and by name. */
static void
link_types_that_nobody_reads(void **state)
{
	struct built f = { .len = 0 }, raw = { .len = 0 };
	const char *path;
	struct seen s;

	(void)state;
	put_ip(&raw, &udp);
	section(&f, true);
	interface(&f, 105, 0, -1, 0, true);		/* IEEE 802.11 */
	interface(&f, 101, 0, -1, 0, true);
	for (unsigned i = 0; i < 3; i++)
		enhanced(&f, i % 2, i, &raw, (uint32_t)raw.len, true);
	path = save("kinds.pcapng", &f);
	s = read_files(&path, 1, NULL, 0);
	assert_int_equal(s.frames, 3);
	assert_int_equal(s.cuts, 1);
	assert_non_null(strstr(s.message, "kinds.pcapng: link type 105"));
	s = read_files(&path, 1, "not ether multicast", 0);	/* fits Ethernet, not raw IP */
	assert_int_equal(s.errors, 1);
	assert_non_null(strstr(s.message, "kinds.pcapng: filter 'not ether multicast' for link type"));
}

static void
cut_pcapng(void **state)
{
	struct built f = { .len = 0 }, raw = { .len = 0 };
	size_t packets, first;
	const char *path;

	(void)state;
	put_ip(&raw, &udp);
	section(&f, true);
	interface(&f, 101, 0, -1, 0, true);
	packets = f.len;
	enhanced(&f, 0, 1, &raw, (uint32_t)raw.len, true);
	first = f.len;
	enhanced(&f, 0, 2, &raw, (uint32_t)raw.len, true);
	for (size_t len = 4; len <= f.len; len++) {
		struct built part = f;
		struct seen s;

		part.len = len;
		path = save("cut.pcapng", &part);
		s = read_files(&path, 1, NULL, 0);
		assert_int_equal(s.frames, (len >= first) + (len >= f.len));
		assert_int_equal(s.cuts, len != 28 && len != packets && len != first && len != f.len);
	}
}

static void
hostile_pcapng(void **state)
{
	static const struct {
		const char *what;
		size_t at;		/* in the file below */
		uint8_t value;
	} t[] = {
		{ "block length of 1", 28 + 4, 1 }, { "block length of 8", 28 + 4, 8 },
		{ "block length of 2 GiB", 28 + 7, 0x7f }, { "interface 9", 48 + 8, 9 },
		{ "captured length over the block", 48 + 21, 0xff }, { "byte order", 8, 0 },
	};

	(void)state;
	for (size_t i = 0; i < sizeof t / sizeof *t; i++) {
		struct built f = { .len = 0 }, raw = { .len = 0 };
		const char *path;
		struct seen s;

		put_ip(&raw, &udp);
		section(&f, true);
		interface(&f, 101, 0, -1, 0, true);
		assert_int_equal(f.len, 52);
		enhanced(&f, 0, 1, &raw, (uint32_t)raw.len, true);
		f.b[t[i].at + (t[i].at >= 48 ? 4 : 0)] = t[i].value;
		path = save("hostile.pcapng", &f);
		s = read_files(&path, 1, NULL, 0);
		assert_int_equal(s.frames, 0);
		assert_int_equal(s.cuts, 1);
	}
}

static int
make_dir(void **state)
{
	(void)state;
	return mkdtemp(dir) != NULL ? 0 : -1;
}

static int
remove_dir(void **state)
{
	static const char *const names[] = { "classic.pcap", "cut.pcap", "text", "atm.pcap", "f.pcap", "kinds.pcapng",
		"cut.pcapng", "hostile.pcapng" };
	char path[256];

	(void)state;
	for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
		snprintf(path, sizeof path, "%s/%s", dir, names[i]);
		unlink(path);
	}
	return rmdir(dir);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(classic_variants), cmocka_unit_test(cut_files), cmocka_unit_test(not_a_capture),
		cmocka_unit_test(unsupported_link_type), cmocka_unit_test(filters_and_limits),
		cmocka_unit_test(interfaces_of_different_kinds), cmocka_unit_test(link_types_that_nobody_reads),
		cmocka_unit_test(cut_pcapng),
		cmocka_unit_test(hostile_pcapng),
	};

	return cmocka_run_group_tests_name("source", tests, make_dir, remove_dir);
}
