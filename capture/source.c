/* SPDX-License-Identifier: Apache-2.0 */
/* source - files, pipes and cards behind one pull; the one file with libpcap. */
#include "capture/source.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <pcap/pcap.h>

#include "capture/decode.h"
#include "capture/input.h"
#include "capture/pcapng.h"

/* Copies of a batch stay in the second-level cache; a frame that does not fit ends its batch uncopied. */
enum { BATCH_BYTES = 128 << 10, FILTERS_MAX = 16, LIVE_POLL_MS = 250, MAGIC_LEN = 4 };

struct filter {
	int linktype;
	struct bpf_program prog;	/* owned by libpcap's allocator */
};

struct file {
	const char *path;		/* borrowed: options */
	int fd;				/* owned until read; -1 after */
	uint64_t size;			/* 0: not a regular file */
};

struct source {
	struct source_options opt;	/* borrowed */
	struct file *files;		/* owned */
	size_t at;			/* file being read, or next to read */
	bool reading, is_ng;
	struct input in;		/* the file being read */
	FILE *stream;			/* owned by pc once that is open */
	pcap_t *pc;			/* owned; classic pcap */
	struct pcapng ng;
	int ended;			/* what pc answered when it had no more; 0: not yet */
	bool left_out, told_left_out;	/* frames of this file that nobody can read; that was said */
	pcap_t **cards;			/* owned; live */
	size_t card_at;			/* whose turn it is */
	struct filter filters[FILTERS_MAX];
	unsigned n_filters;
	uint64_t number, passed;
	struct source_counts counts;
	uint64_t bytes_before;		/* of files already read */
	atomic_bool stop;
	char message[1024];
	size_t used;			/* of batch[] */
	uint8_t batch[BATCH_BYTES];
};

const char *
linktype_name(int linktype)
{
	const char *name = pcap_datalink_val_to_name(linktype);

	return name != NULL ? name : "unknown";
}

const char *source_message(const struct source *s) { return s->message; }
bool source_is_live(const struct source *s) { return s->opt.n_interfaces > 0; }
bool source_was_stopped(const struct source *s) { return atomic_load(&s->stop); }
void source_stop(struct source *s) { atomic_store(&s->stop, true); }

/* --- opening --------------------------------------------------------------- */

static int
open_files(struct source *s, struct err *err)
{
	s->files = calloc(s->opt.n_files, sizeof *s->files);
	if (s->files == NULL)
		return err_set(err, "out of memory");
	for (size_t i = 0; i < s->opt.n_files; i++)
		s->files[i].fd = -1;
	for (size_t i = 0; i < s->opt.n_files; i++) {
		struct file *f = &s->files[i];
		struct stat st;

		f->path = s->opt.files[i];
		f->fd = strcmp(f->path, "-") == 0 ? dup(STDIN_FILENO) : open(f->path, O_RDONLY | O_CLOEXEC);
		if (f->fd < 0 || fstat(f->fd, &st) < 0)
			return err_set(err, "%s: %s", f->path, strerror(errno));
		if (S_ISDIR(st.st_mode))
			return err_set(err, "%s: is a directory; name the capture files in it", f->path);
		if (S_ISREG(st.st_mode))
			f->size = (uint64_t)st.st_size;
		s->counts.bytes_total += f->size;
	}
	for (size_t i = 0; i < s->opt.n_files; i++)
		if (s->files[i].size == 0)
			s->counts.bytes_total = 0;
	return 0;
}

static pcap_t *
open_card(struct source *s, const char *name, struct err *err)
{
	char text[PCAP_ERRBUF_SIZE] = "";
	pcap_t *pc = pcap_create(name, text);
	int rc;

	if (pc == NULL) {
		err_set(err, "%s: %s", name, text);
		return NULL;
	}
	pcap_set_snaplen(pc, s->opt.snaplen > 0 ? (int)s->opt.snaplen : SNAPLEN_MAX);
	pcap_set_promisc(pc, !s->opt.no_promiscuous);
	pcap_set_timeout(pc, LIVE_POLL_MS);
	pcap_set_buffer_size(pc, (int)(s->opt.buffer_mib > 0 ? s->opt.buffer_mib : 64) << 20);
	pcap_set_tstamp_precision(pc, PCAP_TSTAMP_PRECISION_NANO);
	rc = pcap_activate(pc);
	if (rc < 0) {
		err_set(err, "%s: %s%s", name, pcap_geterr(pc)[0] != '\0' ? pcap_geterr(pc) : pcap_statustostr(rc),
		    rc == PCAP_ERROR_PERM_DENIED ? "; run as root or give the program CAP_NET_RAW" : "");
	} else if (!decode_knows(pcap_datalink(pc))) {
		err_set(err, "%s: link type %d (%s) is not supported", name, pcap_datalink(pc),
		    linktype_name(pcap_datalink(pc)));
		rc = -1;
	} else if (pcap_setnonblock(pc, 1, text) < 0) {
		rc = err_set(err, "%s: %s", name, text);
	} else if (s->opt.filter != NULL) {
		struct bpf_program prog;

		if (pcap_compile(pc, &prog, s->opt.filter, 1, PCAP_NETMASK_UNKNOWN) < 0) {
			rc = err_set(err, "filter '%s': %s", s->opt.filter, pcap_geterr(pc));
		} else {
			if (pcap_setfilter(pc, &prog) < 0)
				rc = err_set(err, "%s: filter: %s", name, pcap_geterr(pc));
			pcap_freecode(&prog);
		}
	}
	if (rc < 0) {
		pcap_close(pc);
		return NULL;
	}
	return pc;
}

static int
open_cards(struct source *s, struct err *err)
{
	s->cards = calloc(s->opt.n_interfaces, sizeof(pcap_t *));
	if (s->cards == NULL)
		return err_set(err, "out of memory");
	for (size_t i = 0; i < s->opt.n_interfaces; i++) {
		s->cards[i] = open_card(s, s->opt.interfaces[i], err);
		if (s->cards[i] == NULL)
			return -1;
	}
	return 0;
}

/* The filter compiled for a link type; NULL when there is none or it does not compile for it. */
static struct filter *
filter_for(struct source *s, int linktype)
{
	struct filter *f;
	pcap_t *dead;
	int rc;

	for (unsigned i = 0; i < s->n_filters; i++)
		if (s->filters[i].linktype == linktype)
			return &s->filters[i];
	if (s->n_filters == FILTERS_MAX) {
		snprintf(s->message, sizeof s->message, "filter '%s': more than %d link types", s->opt.filter,
		    FILTERS_MAX);
		return NULL;
	}
	dead = pcap_open_dead(linktype, SNAPLEN_MAX);
	if (dead == NULL)
		return NULL;
	f = &s->filters[s->n_filters];
	rc = pcap_compile(dead, &f->prog, s->opt.filter, 1, PCAP_NETMASK_UNKNOWN);
	if (rc < 0)
		snprintf(s->message, sizeof s->message, "filter '%s' for link type %s: %s", s->opt.filter,
		    linktype_name(linktype), pcap_geterr(dead));
	pcap_close(dead);
	if (rc < 0)
		return NULL;
	f->linktype = linktype;
	s->n_filters++;
	return f;
}

struct source *
source_open(const struct source_options *opt, struct err *err)
{
	struct source *s = calloc(1, sizeof *s);

	if (s == NULL) {
		err_set(err, "out of memory");
		return NULL;
	}
	s->opt = *opt;
	s->in.fd = -1;
	if ((opt->n_interfaces > 0 ? open_cards(s, err) : open_files(s, err)) < 0) {
		source_close(&s);
		return NULL;
	}
	/* A filter that is wrong for Ethernet is wrong: say so before anything is read. */
	if (opt->filter != NULL && opt->n_interfaces == 0 && filter_for(s, DLT_EN10MB) == NULL) {
		err_set(err, "%s", s->message);
		source_close(&s);
		return NULL;
	}
	return s;
}

/* --- files ----------------------------------------------------------------- */

static void
file_end(struct source *s)
{
	s->bytes_before += s->in.consumed;
	if (s->pc != NULL)
		pcap_close(s->pc);
	else if (s->stream != NULL)
		fclose(s->stream);
	s->pc = NULL;
	s->stream = NULL;
	s->reading = s->left_out = s->told_left_out = false;
	s->ended = 0;
	pcapng_fini(&s->ng);
	input_fini(&s->in);
	s->at++;
}

static const char *
file_name(const struct source *s)
{
	const char *path = s->files[s->at].path;

	return strcmp(path, "-") == 0 ? "standard input" : path;
}

static enum source_status
fail(struct source *s, const char *why)
{
	snprintf(s->message, sizeof s->message, "%s: %s", file_name(s), why);
	file_end(s);
	return SOURCE_ERROR;
}

/* The filter does not fit a link type: what filter_for() said, with the name of the file. */
static enum source_status
fail_filter(struct source *s)
{
	char why[512];

	snprintf(why, sizeof why, "%.500s", s->message);
	return fail(s, why);
}

static enum source_status
cut(struct source *s, const char *why)
{
	snprintf(s->message, sizeof s->message, "%s: ends in the middle (%s); every whole frame before was read",
	    file_name(s), why);
	s->counts.cut++;
	file_end(s);
	return SOURCE_CUT;
}

static enum source_status
pcap_begin(struct source *s)
{
	char text[PCAP_ERRBUF_SIZE];
	char why[PCAP_ERRBUF_SIZE + 64];

	s->stream = input_stream(&s->in);
	if (s->stream == NULL)
		return fail(s, strerror(errno));
	s->pc = pcap_fopen_offline_with_tstamp_precision(s->stream, PCAP_TSTAMP_PRECISION_NANO, text);
	if (s->pc == NULL) {
		snprintf(why, sizeof why, "not a capture file (%s)", text);
		return fail(s, why);
	}
	if (!decode_knows(pcap_datalink(s->pc))) {
		snprintf(why, sizeof why, "link type %d (%s) is not supported", pcap_datalink(s->pc),
		    linktype_name(pcap_datalink(s->pc)));
		return fail(s, why);
	}
	if (s->opt.filter != NULL && filter_for(s, pcap_datalink(s->pc)) == NULL)
		return fail_filter(s);
	return SOURCE_FRAMES;
}

/* pcap magics: micro- and nanoseconds, the modified format, both byte orders. */
static bool
is_pcap(uint32_t magic)
{
	static const uint32_t magics[] = { 0xa1b2c3d4, 0xa1b23c4d, 0xa1b2cd34, 0xa1b2c34d };

	for (size_t i = 0; i < sizeof magics / sizeof *magics; i++)
		if (magic == magics[i] || magic == __builtin_bswap32(magics[i]))
			return true;
	return false;
}

static enum source_status
file_begin(struct source *s)
{
	struct file *f = &s->files[s->at];
	struct span head;
	struct rd r;
	uint32_t magic;

	if (input_init(&s->in, f->fd, &s->stop) < 0)
		return fail(s, "out of memory");
	f->fd = -1;
	s->reading = true;
	head = input_peek(&s->in, MAGIC_LEN);
	if (atomic_load(&s->stop))
		return SOURCE_END;
	if (s->in.error != 0)
		return fail(s, strerror(s->in.error));
	if (head.len == 0)
		return fail(s, "not a capture file (it is empty)");
	r = rd_closed(head.p, head.len);
	magic = rd_u32(&r);
	s->is_ng = magic == 0x0a0d0d0a;
	if (s->is_ng)
		return SOURCE_FRAMES;
	if (!is_pcap(magic))
		return fail(s, magic >> 16 == 0x1f8b || magic == 0x28b52ffd || magic == 0xfd377a58 ?
		    "not a capture file (it is compressed: decompress it first)" :
		    "not a capture file (neither pcap nor pcapng)");
	return pcap_begin(s);
}

/* Numbers the frame, asks the filter, appends it. */
static bool
frame_add(struct source *s, struct frames *out, uint64_t ts_ns, uint32_t caplen, uint32_t wirelen, int linktype,
    const uint8_t *data)
{
	uint64_t number = ++s->number;

	s->counts.frames++;
	if (s->opt.filter != NULL && s->opt.n_interfaces == 0) {
		struct filter *f = filter_for(s, linktype);	/* there is one: asked for before */
		struct pcap_pkthdr h = { .caplen = caplen, .len = wirelen };

		if (f == NULL || pcap_offline_filter(&f->prog, &h, data) == 0) {
			s->counts.filtered++;
			return false;
		}
	}
	s->passed++;
	out->v[out->n++] = (struct frame){ .ts_ns = ts_ns, .number = number, .caplen = caplen,
		.wirelen = wirelen, .linktype = linktype, .data = data };
	return true;
}

/* The batch is complete. */
static bool
enough(const struct source *s, const struct frames *out)
{
	return out->n == FRAMES_MAX || (s->opt.max_frames > 0 && s->passed >= s->opt.max_frames);
}

/* true: the batch is full because this frame does not fit; it stays libpcap's until the next pull. */
static bool
pcap_frame(struct source *s, struct frames *out, const struct pcap_pkthdr *h, const u_char *data, int linktype)
{
	uint64_t ts = (uint64_t)h->ts.tv_sec * 1000000000ull + (uint64_t)h->ts.tv_usec;
	bool last = h->caplen > sizeof s->batch - s->used;

	if (!last) {
		memcpy(s->batch + s->used, data, h->caplen);
		data = s->batch + s->used;
	}
	if (frame_add(s, out, ts, h->caplen, h->len, linktype, data) && !last)
		s->used += h->caplen;
	return last && out->n > 0;
}

struct pull {
	struct source *s;
	struct frames *out;
};

static void
on_packet(u_char *user, const struct pcap_pkthdr *h, const u_char *data)
{
	struct pull *p = (struct pull *)user;

	if (pcap_frame(p->s, p->out, h, data, pcap_datalink(p->s->pc)))
		pcap_breakloop(p->s->pc);
}

/* pcap_dispatch(3PCAP) costs less a frame than pcap_next_ex(3PCAP). */
static enum source_status
classic_next(struct source *s, struct frames *out)
{
	struct pull pull = { s, out };

	while (out->n == 0 && s->ended == 0 && !enough(s, out) &&
	    !atomic_load_explicit(&s->stop, memory_order_relaxed)) {
		uint64_t room = FRAMES_MAX;
		int rc;

		if (s->opt.max_frames > 0 && s->opt.max_frames - s->passed < room)
			room = s->opt.max_frames - s->passed;
		rc = pcap_dispatch(s->pc, (int)room, on_packet, (u_char *)&pull);
		/* Fewer than asked for, and nobody broke off: that was the end. */
		if (rc == 0 || rc == PCAP_ERROR)
			s->ended = rc == 0 ? PCAP_ERROR_BREAK : rc;
	}
	if (out->n > 0 || s->ended == 0)
		return SOURCE_FRAMES;
	if (s->ended == PCAP_ERROR_BREAK) {
		file_end(s);
		return SOURCE_FRAMES;
	}
	if (s->in.error != 0)
		return fail(s, strerror(s->in.error));
	return cut(s, pcap_geterr(s->pc));
}

/* LINKTYPE_RAW is the one value of ours whose DLT_ differs. */
static int
dlt_of(uint16_t linktype)
{
	return linktype == 101 ? DLT_RAW : linktype;
}

/* A link type that nobody can read is said once a file; a filter that does not fit one ends the reading. */
static enum source_status
ng_frame(struct source *s, struct frames *out, const struct pcapng_packet *pkt)
{
	int linktype = dlt_of(pkt->linktype);

	if (!decode_knows(linktype) && !s->told_left_out) {
		snprintf(s->message, sizeof s->message, "%s: link type %d (%s) is not supported; its frames are left out",
		    file_name(s), linktype, linktype_name(linktype));
		s->left_out = s->told_left_out = true;
	} else if (decode_knows(linktype) && s->opt.filter != NULL && filter_for(s, linktype) == NULL) {
		return fail_filter(s);
	}
	frame_add(s, out, pkt->ts_ns, (uint32_t)pkt->data.len, pkt->wirelen, linktype, pkt->data.p);
	return SOURCE_FRAMES;
}

/*
 * Frames of a batch point into the window, so the window may only move when
 * the batch is empty: a block that is not all there ends the batch.
 */
static enum source_status
ng_next(struct source *s, struct frames *out)
{
	struct span w = { s->in.buf + s->in.at, s->in.end - s->in.at };
	struct pcapng_packet pkt;
	const char *why;
	size_t size, need;

	while (!enough(s, out) && !atomic_load_explicit(&s->stop, memory_order_relaxed)) {
		switch (pcapng_block(&s->ng, w, &size, &need, &pkt, &why)) {
		case PCAPNG_PACKET:
			if (ng_frame(s, out, &pkt) == SOURCE_ERROR)
				return SOURCE_ERROR;
			input_take(&s->in, size);
			break;
		case PCAPNG_OTHER:
			if (size > w.len && out->n > 0)
				return SOURCE_FRAMES;
			if (!input_skip(&s->in, size))
				return cut(s, "in a block that carries no packet");
			break;
		case PCAPNG_SHORT:
			if (out->n > 0)
				return SOURCE_FRAMES;
			w = input_peek(&s->in, need);
			if (w.len >= need)
				continue;
			if (s->in.error != 0)
				return fail(s, strerror(s->in.error));
			if (w.len > 0)
				return cut(s, "in a block");
			file_end(s);
			return SOURCE_FRAMES;
		case PCAPNG_BAD:
			return out->n > 0 ? SOURCE_FRAMES : cut(s, why);
		}
		w = (struct span){ s->in.buf + s->in.at, s->in.end - s->in.at };
	}
	return SOURCE_FRAMES;
}

/* --- cards ----------------------------------------------------------------- */

static enum source_status
live_next(struct source *s, struct frames *out)
{
	struct pollfd fds[64];
	size_t n = s->opt.n_interfaces < 64 ? s->opt.n_interfaces : 64;

	for (size_t i = 0; i < n && out->n == 0; i++) {
		pcap_t *pc = s->cards[s->card_at++ % n];
		int linktype = pcap_datalink(pc), rc = 1;
		bool full = false;

		while (!full && !enough(s, out)) {
			struct pcap_pkthdr *h;
			const u_char *data;

			rc = pcap_next_ex(pc, &h, &data);
			if (rc != 1)
				break;
			full = pcap_frame(s, out, h, data, linktype);
		}
		if (rc == PCAP_ERROR) {
			snprintf(s->message, sizeof s->message, "%s: %s", s->opt.interfaces[(s->card_at - 1) % n],
			    pcap_geterr(pc));
			return out->n > 0 ? SOURCE_FRAMES : SOURCE_ERROR;
		}
	}
	if (out->n > 0)
		return SOURCE_FRAMES;
	for (size_t i = 0; i < n; i++)
		fds[i] = (struct pollfd){ .fd = pcap_get_selectable_fd(s->cards[i]), .events = POLLIN };
	return poll(fds, n, LIVE_POLL_MS) > 0 ? SOURCE_FRAMES : SOURCE_IDLE;
}

/* --- the pull -------------------------------------------------------------- */

enum source_status
source_next(struct source *s, struct frames *out)
{
	enum source_status status = SOURCE_FRAMES;

	out->n = 0;
	s->used = 0;
	if (s->left_out) {
		s->left_out = false;
		s->counts.cut++;
		return SOURCE_CUT;
	}
	while (out->n == 0 && status == SOURCE_FRAMES) {
		if (atomic_load(&s->stop) || (s->opt.max_frames > 0 && s->passed >= s->opt.max_frames))
			return SOURCE_END;
		if (s->opt.n_interfaces > 0)
			status = live_next(s, out);
		else if (s->at == s->opt.n_files)
			return SOURCE_END;
		else if (!s->reading)
			status = file_begin(s);
		else
			status = s->is_ng ? ng_next(s, out) : classic_next(s, out);
	}
	return status;
}

void
source_counts(struct source *s, struct source_counts *out)
{
	s->counts.bytes_done = s->bytes_before + s->in.consumed;
	s->counts.received = s->counts.dropped_kernel = 0;
	for (size_t i = 0; s->cards != NULL && i < s->opt.n_interfaces; i++) {
		struct pcap_stat st;

		if (pcap_stats(s->cards[i], &st) == 0) {
			s->counts.received += st.ps_recv;
			s->counts.dropped_kernel += st.ps_drop;
		}
	}
	*out = s->counts;
}

void
source_close(struct source **sp)
{
	struct source *s = *sp;

	if (s == NULL)
		return;
	if (s->reading)
		file_end(s);
	for (size_t i = 0; s->files != NULL && i < s->opt.n_files; i++)
		if (s->files[i].fd >= 0)
			close(s->files[i].fd);
	for (size_t i = 0; s->cards != NULL && i < s->opt.n_interfaces; i++)
		if (s->cards[i] != NULL)
			pcap_close(s->cards[i]);
	for (unsigned i = 0; i < s->n_filters; i++)
		pcap_freecode(&s->filters[i].prog);
	free(s->files);
	free(s->cards);
	free(s);
	*sp = NULL;
}
