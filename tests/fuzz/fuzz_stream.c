/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Fuzz target: segments in any order, of any length, over one text whose bytes
 * are a function of their position.  Whatever is shown must be that text.
 */
#include <stdlib.h>

#include "flow/stream.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

enum { SPACE = 1 << 17 };

static uint8_t text[SPACE];

/* A reader whose appetite comes from the input. */
static void
drain(struct stream *s, struct stream_mem *mem, uint32_t isn, uint8_t appetite)
{
	struct stream_view v;

	for (unsigned turns = 0; turns < 64 && stream_show(s, mem, &v); turns++) {
		size_t used = v.data.len * (appetite & 7) / 7;
		uint32_t pos = s->next - isn;

		/* What is shown ends at the next expected byte, or just before snapped or given-up ones. */
		if (v.data.len > 0 && !s->failed && pos >= v.data.len && pos < SPACE && s->gap_after == 0 &&
		    memcmp(v.data.p, text + pos - v.data.len, v.data.len) != 0)
			abort();
		if (!stream_consume(s, mem, used, (appetite & 8) != 0 ? (size_t)appetite * 64 : 0))
			break;
	}
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	struct rd r = rd_closed(data, len);
	struct stream_mem mem;
	struct stream s = { 0 };
	uint32_t isn = rd_u32(&r);

	if (text[1] == 0)
		for (uint32_t i = 0; i < SPACE; i++)
			text[i] = (uint8_t)(i * 2654435761u >> 24);
	stream_mem_init(&mem, 64 << 10);
	stream_start(&s, isn);
	while (rd_left(&r) >= 6) {
		uint32_t from = rd_u16(&r), n = rd_u16(&r) % 3000;
		uint8_t how = rd_u8(&r), appetite = rd_u8(&r);
		uint32_t cut = (how & 1) != 0 ? n / 3 : 0;
		struct stream_segment g = { .seq = isn + from, .payload = { text + from, n - cut }, .wire_len = n,
			.fin = (how & 2) != 0, .ts_ns = (uint64_t)how << 24 };

		stream_add(&s, &mem, &g);
		if ((how & 4) != 0)
			stream_acked(&s, &mem, isn + from + n, (uint64_t)how << 26);
		drain(&s, &mem, isn, appetite);
		if (s.failed)
			break;
	}
	stream_end(&s);
	drain(&s, &mem, isn, 7);
	stream_fini(&s, &mem);
	if (mem.used != 0)
		abort();
	stream_mem_fini(&mem);
	return 0;
}
