/* SPDX-License-Identifier: Apache-2.0 */
/*
 * mmdb - a small writer of MaxMind DB files (format 2.0) for tests.
 *
 * The bytes depend on nothing but the calls, so that golden tests can rest on
 * them.  A wrong call or a full buffer ends the program: it is a mistake in a
 * test.  Add general prefixes before those inside them.
 *
 *	struct mmdb m;
 *	size_t rec;
 *
 *	mmdb_begin(&m, "Test-Country", 1767225600, 6, 24);
 *	rec = mmdb_map(&m, 1);
 *	mmdb_text(&m, "country_code");
 *	mmdb_text(&m, "DE");
 *	mmdb_add(&m, "198.51.100.0/24", rec);
 *	mmdb_write(&m, path);
 */
#ifndef TESTS_MMDB_H
#define TESTS_MMDB_H

#include <arpa/inet.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { MMDB_NODES_MAX = 4096, MMDB_DATA_MAX = 65536 };

/* What a record of a node holds: a node number, nothing, or MMDB_IS_DATA and an offset. */
#define MMDB_NONE 0x7fffffffu
#define MMDB_IS_DATA 0x80000000u

struct mmdb {
	const char *type;
	uint64_t epoch;
	unsigned ip_version, record_size;
	uint32_t n_nodes;
	uint32_t node[MMDB_NODES_MAX][2];
	size_t len;
	uint8_t data[MMDB_DATA_MAX];
};

static inline void
mmdb_need(bool truth, const char *what)
{
	if (!truth) {
		fprintf(stderr, "tests/mmdb.h: %s\n", what);
		abort();
	}
}

static inline void
mmdb_byte(struct mmdb *m, unsigned b)
{
	mmdb_need(m->len < MMDB_DATA_MAX, "the data is full");
	m->data[m->len++] = (uint8_t)b;
}

/* Control byte and size of a value; sizes to 284 are all a test needs.  Returns the value's offset. */
static inline size_t
mmdb_head(struct mmdb *m, unsigned type, size_t size)
{
	size_t at = m->len;
	unsigned low = size < 29 ? (unsigned)size : 29;

	mmdb_need(size < 285, "a value is too long");
	mmdb_byte(m, (type > 7 ? 0 : type << 5) | low);
	if (type > 7)
		mmdb_byte(m, type - 7);
	if (low == 29)
		mmdb_byte(m, (unsigned)size - 29);
	return at;
}

static inline size_t mmdb_map(struct mmdb *m, size_t pairs) { return mmdb_head(m, 7, pairs); }
static inline size_t mmdb_array(struct mmdb *m, size_t elements) { return mmdb_head(m, 11, elements); }
static inline size_t mmdb_bool(struct mmdb *m, bool truth) { return mmdb_head(m, 14, truth); }

static inline size_t
mmdb_bytes(struct mmdb *m, const void *text, size_t len)
{
	size_t at = mmdb_head(m, 2, len);

	for (size_t i = 0; i < len; i++)
		mmdb_byte(m, ((const uint8_t *)text)[i]);
	return at;
}

static inline size_t mmdb_text(struct mmdb *m, const char *text) { return mmdb_bytes(m, text, strlen(text)); }

/* type: 5 uint16, 6 uint32, 9 uint64. */
static inline size_t
mmdb_uint(struct mmdb *m, unsigned type, uint64_t v)
{
	unsigned width = 0;
	size_t at;

	while (width < 8 && v >> (8 * width) != 0)
		width++;
	at = mmdb_head(m, type, width);
	while (width-- > 0)
		mmdb_byte(m, (unsigned)(v >> (8 * width)) & 0xff);
	return at;
}

/* A pointer to an earlier value, in the two-byte form (offsets to 2047). */
static inline size_t
mmdb_pointer(struct mmdb *m, size_t to)
{
	size_t at = m->len;

	mmdb_need(to < 2048, "a pointer goes too far");
	mmdb_byte(m, 0x20u | (unsigned)(to >> 8));
	mmdb_byte(m, (unsigned)to & 0xff);
	return at;
}

static inline uint32_t
mmdb_node(struct mmdb *m, uint32_t both)
{
	mmdb_need(m->n_nodes < MMDB_NODES_MAX, "the tree is full");
	m->node[m->n_nodes][0] = m->node[m->n_nodes][1] = both;
	return m->n_nodes++;
}

static inline void
mmdb_begin(struct mmdb *m, const char *type, uint64_t epoch, unsigned ip_version, unsigned record_size)
{
	memset(m, 0, sizeof *m);
	m->type = type;
	m->epoch = epoch;
	m->ip_version = ip_version;
	m->record_size = record_size;
	mmdb_node(m, MMDB_NONE);
}

/* Bits of "a.b.c.d/n" or "h::/n", from the front of the tree's own kind of address. */
static inline unsigned
mmdb_bits(const struct mmdb *m, const char *prefix, uint8_t out[static 16])
{
	const char *slash = strchr(prefix, '/');
	char text[64] = "";
	unsigned len;

	mmdb_need(slash != NULL && slash - prefix < 50, "a prefix has no length");
	memcpy(text, prefix, (size_t)(slash - prefix));
	len = (unsigned)strtoul(slash + 1, NULL, 10);
	memset(out, 0, 16);
	if (inet_pton(AF_INET6, text, out) == 1) {
		mmdb_need(m->ip_version == 6, "an IPv6 prefix in an IPv4 tree");
		return len;
	}
	mmdb_need(inet_pton(AF_INET, text, out + (m->ip_version == 6 ? 12 : 0)) == 1, "a prefix is wrong");
	return len + (m->ip_version == 6 ? 96 : 0);
}

/* Everything in the prefix is told the value at offset rec. */
static inline void
mmdb_add(struct mmdb *m, const char *prefix, size_t rec)
{
	uint8_t bits[16];
	unsigned len = mmdb_bits(m, prefix, bits);
	uint32_t at = 0;

	mmdb_need(len > 0 && len <= 128, "a prefix has a wrong length");
	for (unsigned i = 0; i < len; i++) {
		uint32_t *r = &m->node[at][bits[i / 8] >> (7 - i % 8) & 1];

		if (i == len - 1) {
			mmdb_need(*r >= MMDB_NONE, "a general prefix comes after one inside it");
			*r = MMDB_IS_DATA | (uint32_t)rec;
		} else {
			if (*r >= MMDB_NONE)
				*r = mmdb_node(m, *r);
			at = *r;
		}
	}
}

/* A record as the file has it. */
static inline uint64_t
mmdb_record(const struct mmdb *m, uint32_t r)
{
	if (r == MMDB_NONE)
		return m->n_nodes;
	return r & MMDB_IS_DATA ? (uint64_t)m->n_nodes + 16 + (r & ~MMDB_IS_DATA) : r;
}

static inline void
mmdb_put(FILE *out, uint64_t v, unsigned bytes)
{
	while (bytes-- > 0)
		fputc((int)(v >> (8 * bytes)) & 0xff, out);
}

static inline void
mmdb_put_node(const struct mmdb *m, FILE *out, uint32_t n)
{
	uint64_t left = mmdb_record(m, m->node[n][0]), right = mmdb_record(m, m->node[n][1]);

	if (m->record_size == 28) {
		mmdb_put(out, left & 0xffffff, 3);
		mmdb_put(out, (left >> 24) << 4 | right >> 24, 1);
		mmdb_put(out, right & 0xffffff, 3);
	} else {
		mmdb_put(out, left, m->record_size / 8);
		mmdb_put(out, right, m->record_size / 8);
	}
}

/* The metadata is put behind the data and taken off again. */
static inline void
mmdb_metadata(struct mmdb *m)
{
	static const char marker[] = "\xab\xcd\xefMaxMind.com";

	for (size_t i = 0; i < sizeof marker - 1; i++)
		mmdb_byte(m, (uint8_t)marker[i]);
	mmdb_map(m, 9);
	mmdb_text(m, "binary_format_major_version");
	mmdb_uint(m, 5, 2);
	mmdb_text(m, "binary_format_minor_version");
	mmdb_uint(m, 5, 0);
	mmdb_text(m, "build_epoch");
	mmdb_uint(m, 9, m->epoch);
	mmdb_text(m, "database_type");
	mmdb_text(m, m->type);
	mmdb_text(m, "description");
	mmdb_map(m, 1);
	mmdb_text(m, "en");
	mmdb_text(m, "made by a test");
	mmdb_text(m, "ip_version");
	mmdb_uint(m, 5, m->ip_version);
	mmdb_text(m, "languages");
	mmdb_array(m, 1);
	mmdb_text(m, "en");
	mmdb_text(m, "node_count");
	mmdb_uint(m, 6, m->n_nodes);
	mmdb_text(m, "record_size");
	mmdb_uint(m, 5, m->record_size);
}

static inline void
mmdb_write(struct mmdb *m, const char *path)
{
	size_t len = m->len;
	FILE *out = fopen(path, "we");

	mmdb_need(out != NULL, "a file cannot be written");
	for (uint32_t n = 0; n < m->n_nodes; n++)
		mmdb_put_node(m, out, n);
	mmdb_put(out, 0, 8);
	mmdb_put(out, 0, 8);
	mmdb_metadata(m);
	mmdb_need(fwrite(m->data, 1, m->len, out) == m->len, "a file cannot be written");
	mmdb_need(fclose(out) == 0, "a file cannot be written");
	m->len = len;
}

#endif
