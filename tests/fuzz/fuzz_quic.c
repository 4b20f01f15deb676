/* SPDX-License-Identifier: Apache-2.0 */
/*
 * fuzz_quic - a conversation as a worker shows it: input is (how, length, bytes)...  of
 * how, bit 0 is the side, bit 1 says curious from now on, bit 2 that the capture cut the
 * datagram, bit 3 that there is no memory; bit 4 that the bytes are the frames of an
 * Initial, which is then sealed, bits 5 and 6 its version, bit 7 that its id is new.
 */
#include "dissectors/dissector.h"
#include "tests/unit/quic_build.h"

int LLVMFuzzerTestOneInput(const uint8_t *, size_t);

enum { BYTES_MAX = 1500 };

static _Alignas(16) uint8_t state[DISSECT_STATE_MAX];
static struct observations obs;
static struct arena arena;
static struct arena_pool pool;

/* Every value must still be there when the call has returned. */
static void
touch(void)
{
	uint64_t sum = 0;

	if (obs.n > OBS_BATCH_MAX)
		abort();
	for (unsigned i = 0; i < obs.n; i++)
		for (size_t at = 0; at < obs.v[i].value.len; at++)
			sum += obs.v[i].value.p[at];
	if (sum == UINT64_MAX)
		abort();
}

static enum dissect
show(struct dissect_in *in, const uint8_t *data, size_t len)
{
	struct dissect_out out = { .obs = &obs };
	uint8_t *exact = malloc(len > 0 ? len : 1);		/* so that a step too far is seen */
	enum dissect answer;

	if (exact == NULL)
		abort();
	if (len > 0)
		memcpy(exact, data, len);
	in->data = (struct span){ exact, len };
	if (quic_dissector.probe(in) == RD_SHORT)
		abort();
	observations_reset(&obs);
	answer = quic_dissector.dissect(state, in, &out);
	if (out.used != len || out.skip != 0 || out.malformed > 1 || answer == DISSECT_NOT_MINE)
		abort();
	touch();
	if (!in->curious && obs.n > 0) {
		observations_reset(&obs);
		quic_dissector.detail(state, in, &obs);
		touch();
	}
	free(exact);
	return answer;
}

static void
seal(struct qb_out *o, uint8_t how, struct span bytes)
{
	static const uint32_t versions[] = { QB_V1, QB_V2, 0xff00001d, 0x51303530 };
	struct qb_frame f = { .bytes = bytes.p, .len = bytes.len, .raw = true };
	struct qb_initial p = { .version = versions[how >> 5 & 3], .server = (how & 1) != 0,
		.dcid = (how & 0x80) != 0 ? "8 new is" : "8 old is", .dcid_len = 8, .first = "8 old is", .first_len = 8,
		.frames = &f, .n_frames = 1 };

	if (!p.server)
		p.first = NULL;
	o->n = 0;
	qb_initial(o, &p);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	static struct crypto *crypto;
	struct rd r = rd_closed(data, len);
	struct dissect_in in = { .proto = 17, .server_port = 443 };
	struct qb_out sealed;
	struct err err;

	if (crypto == NULL && (crypto = crypto_new(&err)) == NULL)
		abort();
	in.crypto = crypto;
	memset(state, 0, sizeof state);
	arena_pool_init(&pool, 16);
	while (rd_more(&r)) {
		uint8_t how = rd_u8(&r);
		size_t n = rd_u16(&r) % BYTES_MAX;
		struct span bytes = rd_span(&r, n < rd_left(&r) ? n : rd_left(&r));

		in.side = (how & 1) != 0 ? FROM_SERVER : FROM_CLIENT;
		in.curious |= (how & 2) != 0;
		in.snapped = (how & 4) != 0;
		in.arena = (how & 8) != 0 ? NULL : &arena;
		in.pool = (how & 8) != 0 ? NULL : &pool;
		if ((how & 16) != 0) {
			seal(&sealed, how, bytes);
			bytes = (struct span){ sealed.b, sealed.n };
		}
		/* DONE is not heeded: a worker may come again, curious. */
		show(&in, bytes.p, bytes.len);
	}
	arena_reset(&arena, &pool);
	arena_pool_fini(&pool);
	return 0;
}
