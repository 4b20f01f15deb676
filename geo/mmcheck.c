/* SPDX-License-Identifier: Apache-2.0 */
/* mmcheck - metadata, search tree and records of a MaxMind DB file (format 2.0). */
#include "geo/mmcheck.h"

#include <stdlib.h>
#include <string.h>

#include "geo/mmval.h"

enum {
	SEPARATOR = 16,			/* zero bytes between tree and data */
	METADATA_MAX = 128 * 1024,	/* the marker is in this much of the file's end */
	PATH_MAX_BITS = 128,
	VALUES_MIN = 1000000,
	BUSY = 255			/* as a height: on the path that is being walked */
};

static const char marker[] = "\xab\xcd\xefMaxMind.com";
enum { MARKER_LEN = sizeof marker - 1 };

/* A tree being walked.  height is nodes from here to the deepest leaf, 0 not yet known. */
struct walk {
	struct span tree, data;		/* borrowed: file */
	struct mm_facts *facts;
	uint8_t *height;		/* owned; a byte a node */
	uint8_t *seen;			/* owned; a bit an offset of the data section */
	uint64_t values;
	uint32_t stride;		/* every how manyth record is a sample */
	unsigned depth;
	struct step {
		uint32_t node;
		uint8_t side, best;	/* next record to read, highest child so far */
	} path[PATH_MAX_BITS];
};

/* Where the last marker starts; the format says the last, for data may hold one too. */
static bool
find_marker(struct span file, size_t *at)
{
	size_t from = file.len > METADATA_MAX ? file.len - METADATA_MAX : 0;
	const uint8_t *last = NULL, *p;
	struct rd r = rd_closed(file.p, file.len);
	struct span tail;

	rd_skip(&r, from);
	tail = rd_span(&r, rd_left(&r));
	while (tail.len >= MARKER_LEN && (p = memmem(tail.p, tail.len, marker, MARKER_LEN)) != NULL) {
		last = p;
		tail = (struct span){ p + 1, tail.len - (size_t)(p + 1 - tail.p) };
	}
	if (last != NULL)
		*at = (size_t)(last - file.p);
	return last != NULL;
}

/* libmaxminddb 1.7.1 loses memory when these hold anything else. */
static bool
texts_only(struct span meta, const char *key)
{
	struct mm_value v;

	return !mm_key(meta, 0, key, &v) || mm_all_texts(meta, &v);
}

static int
read_metadata(struct span meta, struct mm_facts *f, struct err *err)
{
	uint64_t values = MM_VALUES_MAX, major, size, version;
	size_t end;

	if (!mm_sound(meta, 0, &end, &values))
		return err_set(err, "is damaged: its metadata cannot be read");
	if (!mm_key_uint(meta, 0, "binary_format_major_version", &major) ||
	    !mm_key_uint(meta, 0, "node_count", &f->node_count) ||
	    !mm_key_uint(meta, 0, "record_size", &size) || !mm_key_uint(meta, 0, "ip_version", &version))
		return err_set(err, "is damaged: its metadata lacks node_count, record_size, ip_version or "
		    "binary_format_major_version");
	if (!texts_only(meta, "languages") || !texts_only(meta, "description"))
		return err_set(err, "is damaged: the languages or descriptions in its metadata are no texts");
	if (major != 2)
		return err_set(err, "has format version %llu; version 2 is read", (unsigned long long)major);
	if (size != 24 && size != 28 && size != 32)
		return err_set(err, "is damaged: record size %llu is not 24, 28 or 32",
		    (unsigned long long)size);
	if (version != 4 && version != 6)
		return err_set(err, "is damaged: IP version %llu is not 4 or 6", (unsigned long long)version);
	f->record_size = (unsigned)size;
	f->ip_version = (unsigned)version;
	return 0;
}

/* Cut the file into tree and data.  Sizes are compared by division, for a count may be anything. */
static int
cut(struct span file, size_t meta_at, struct walk *w, struct err *err)
{
	struct rd r = rd_closed(file.p, meta_at);
	unsigned node_size = w->facts->record_size / 4;
	struct span gap;
	uint8_t sum = 0;

	if (w->facts->node_count == 0 || w->facts->node_count > UINT32_MAX ||
	    w->facts->node_count > meta_at / node_size)
		return err_set(err, "is cut short or damaged: %llu tree nodes do not fit in its %zu bytes",
		    (unsigned long long)w->facts->node_count, file.len);
	w->tree = rd_span(&r, (size_t)w->facts->node_count * node_size);
	gap = rd_span(&r, SEPARATOR);
	for (size_t i = 0; i < gap.len; i++)
		sum |= gap.p[i];
	if (!rd_ok(&r) || sum != 0)
		return err_set(err, "is damaged: no separator of zero bytes follows its tree");
	w->data = rd_span(&r, rd_left(&r));
	return 0;
}

/* A record of 24, 28 or 32 bits; of 28, the middle byte holds the high half-bytes of both. */
static uint32_t
record(const struct walk *w, uint32_t node, unsigned side)
{
	unsigned size = w->facts->record_size / 4;
	struct rd r = rd_closed(w->tree.p, w->tree.len);
	uint64_t both;

	rd_skip(&r, (size_t)node * size);
	both = rd_uint(&r, size);
	if (size == 7) {
		uint32_t middle = (uint32_t)(both >> 24) & 0xff;

		return side == 0 ? (middle >> 4) << 24 | (uint32_t)(both >> 32)
				 : (middle & 15) << 24 | (uint32_t)(both & 0xffffff);
	}
	return (uint32_t)(side == 0 ? both >> (4 * size) : both & (size == 6 ? 0xffffffu : 0xffffffffu));
}

/* Keep at most MM_SAMPLES, spread evenly: when they are full, every other one goes. */
static void
sample(struct walk *w, uint32_t offset)
{
	struct mm_facts *f = w->facts;

	if (f->n_records++ % w->stride != 0)
		return;
	if (f->n_samples == MM_SAMPLES) {
		for (unsigned i = 0; i < MM_SAMPLES / 2; i++)
			f->samples[i] = f->samples[2 * i];
		f->n_samples = MM_SAMPLES / 2;
		w->stride *= 2;
	}
	f->samples[f->n_samples++] = offset;
}

static int
check_record(struct walk *w, uint32_t node, uint32_t value, struct err *err)
{
	uint64_t offset = (uint64_t)value - w->facts->node_count;
	size_t end;

	if (offset < SEPARATOR || (offset -= SEPARATOR) >= w->data.len)
		return err_set(err, "is damaged: node %u of its tree points outside the data", node);
	if (w->seen[offset / 8] & (1u << (offset % 8)))
		return 0;
	w->seen[offset / 8] |= (uint8_t)(1u << (offset % 8));
	if (!mm_sound(w->data, (size_t)offset, &end, &w->values))
		return err_set(err, "is damaged: the record at offset %llu of its data cannot be read",
		    (unsigned long long)offset);
	sample(w, (uint32_t)offset);
	return 0;
}

/* From the top of the path to one of its children: down, or take its known height. */
static int
check_child(struct walk *w, struct step *top, uint32_t child, struct err *err)
{
	unsigned bits = w->facts->ip_version == 6 ? 128 : 32;
	uint8_t height = w->height[child];

	if (height == BUSY)
		return err_set(err, "is damaged: its tree loops at node %u", child);
	if (w->depth + (height > 0 ? height : 1u) > bits)
		return err_set(err, "is damaged: its tree is deeper than an address at node %u", top->node);
	if (height == 0) {
		w->height[child] = BUSY;
		w->path[w->depth++] = (struct step){ .node = child };
	} else if (height > top->best) {
		top->best = height;
	}
	return 0;
}

static void
climb(struct walk *w)
{
	struct step *top = &w->path[--w->depth];
	uint8_t height = (uint8_t)(top->best + 1);

	w->height[top->node] = height;
	if (w->depth > 0 && height > w->path[w->depth - 1].best)
		w->path[w->depth - 1].best = height;
}

/* Depth first; ends because a node is gone into once only, and a path is at most 128 long. */
static int
walk_tree(struct walk *w, struct err *err)
{
	w->path[w->depth++] = (struct step){ 0 };
	w->height[0] = BUSY;
	while (w->depth > 0) {
		struct step *top = &w->path[w->depth - 1];
		uint32_t value;
		int rc = 0;

		if (top->side == 2) {
			climb(w);
			continue;
		}
		value = record(w, top->node, top->side++);
		if (value < w->facts->node_count)
			rc = check_child(w, top, value, err);
		else if (value > w->facts->node_count)
			rc = check_record(w, top->node, value, err);
		if (rc != 0)
			return -1;
	}
	return w->facts->n_records > 0 ? 0 : err_set(err, "is empty: it knows no address");
}

int
mm_check(struct span file, struct mm_facts *facts, struct err *err)
{
	struct walk w = { .facts = facts, .stride = 1 };
	struct rd r = rd_closed(file.p, file.len);
	size_t at;
	int rc;

	memset(facts, 0, sizeof *facts);
	if (!find_marker(file, &at))
		return err_set(err, "is no MaxMind database, or is cut short: no metadata at its end");
	rd_skip(&r, at + MARKER_LEN);
	if (read_metadata(rd_span(&r, rd_left(&r)), facts, err) != 0 || cut(file, at, &w, err) != 0)
		return -1;
	/* More than any real file has; bounds what pointers to shared maps could make us read. */
	w.values = VALUES_MIN + 12 * (uint64_t)w.data.len;
	w.height = calloc((size_t)facts->node_count, 1);
	w.seen = calloc(w.data.len / 8 + 1, 1);
	if (w.height != NULL && w.seen != NULL)
		rc = walk_tree(&w, err);
	else
		rc = err_set(err, "cannot be read: out of memory");
	free(w.height);
	free(w.seen);
	return rc;
}
