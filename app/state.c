/* SPDX-License-Identifier: Apache-2.0 */
/* state - reads the file at start, and has it written by a process outside of the sandbox. */
#include "app/state.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/types.h>
#include <sys/wait.h>
#include <unistd.h>

#include "output/inventory_doc.h"

_Static_assert((int)INVENTORY_VERSION_MAX == (int)INVENTORY_DOC_VERSION_MAX, "a version fits both ways");

struct state {
	char *path;		/* owned */
	int socket;		/* owned; to the helper */
	pid_t helper;
};

/* Where the file is; names are within folder. */
struct place {
	int folder;
	char name[NAME_MAX + 1], draft[NAME_MAX + 1];
};

/* --- both ends of the socket -------------------------------------------------------- */

/* false: the end came before len bytes. */
static bool
read_all(int fd, void *buf, size_t len)
{
	char *p = buf;

	while (len > 0) {
		ssize_t n = read(fd, p, len);

		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			return false;
		p += n;
		len -= (size_t)n;
	}
	return true;
}

/* 0 or errno. */
static int
write_all(int fd, const void *buf, size_t len)
{
	const char *p = buf;

	while (len > 0) {
		ssize_t n = write(fd, p, len);

		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			return n < 0 ? errno : EIO;
		p += n;
		len -= (size_t)n;
	}
	return 0;
}

/* --- the helper: after fork(2) of a program with threads, system calls only ---------- */

/*
 * Does what has the draft's name come from a crash of ours?  A link that somebody
 * laid there may go too, for what it leads to stays; a file of theirs may not.
 */
static bool
is_leftover(const struct place *p)
{
	static const char ours[] = "{\"telltale_state\"";
	char head[sizeof ours - 1];
	int fd = openat(p->folder, p->draft, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
	struct stat st;
	ssize_t n;

	if (fd < 0)
		return errno == ELOOP;
	n = fstat(fd, &st) == 0 && S_ISREG(st.st_mode) ? read(fd, head, sizeof head) : -1;
	close(fd);
	return n >= 0 && memcmp(head, ours, (size_t)n) == 0;
}

static int
open_draft(const struct place *p)
{
	if (is_leftover(p))
		unlinkat(p->folder, p->draft, 0);
	return openat(p->folder, p->draft, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
}

/* len bytes from the socket to fd; all are read, whatever fails.  0, errno, or -1: the end came first. */
static int
copy_draft(int from, int fd, uint64_t len)
{
	char buf[16384];
	int failed = 0;

	while (len > 0) {
		size_t n = len < sizeof buf ? (size_t)len : sizeof buf;

		if (!read_all(from, buf, n))
			return -1;
		if (failed == 0)
			failed = write_all(fd, buf, n);
		len -= n;
	}
	return failed;
}

/* One document.  0, errno, or -1: the end came first. */
static int
replace(const struct place *p, int from, uint64_t len)
{
	int fd = open_draft(p), opened = fd < 0 ? errno : 0;
	int failed = copy_draft(from, fd, len);

	if (opened != 0)
		return failed < 0 ? failed : opened;
	if (failed == 0 && fsync(fd) < 0)
		failed = errno;
	if (close(fd) < 0 && failed == 0)
		failed = errno;
	if (failed == 0 && renameat(p->folder, p->draft, p->folder, p->name) < 0)
		failed = errno;
	if (failed != 0)
		unlinkat(p->folder, p->draft, 0);
	else if (fsync(p->folder) < 0 && errno != EINVAL)	/* not every file system can */
		failed = errno;
	return failed;
}

static void
close_others(unsigned a, unsigned b)
{
	unsigned low = a < b ? a : b, high = a < b ? b : a;

	if (low > 0)
		close_range(0, low - 1, 0);
	if (high > low + 1)
		close_range(low + 1, high - 1, 0);
	close_range(high + 1, UINT_MAX, 0);
}

/* When to stop is the parent's to decide: what it was told ends here too, but a last document may follow. */
static _Noreturn void
help(const struct place *p, int from)
{
	static const int ignored[] = { SIGINT, SIGTERM, SIGHUP, SIGQUIT, SIGUSR1, SIGUSR2, SIGPIPE };
	sigset_t none;
	uint64_t len;

	for (size_t i = 0; i < sizeof ignored / sizeof *ignored; i++)
		signal(ignored[i], SIG_IGN);
	sigemptyset(&none);
	sigprocmask(SIG_SETMASK, &none, NULL);
	close_others((unsigned)p->folder, (unsigned)from);
	while (read_all(from, &len, sizeof len)) {
		int failed = replace(p, from, len);
		uint8_t answer = (uint8_t)failed;

		if (failed < 0 || write_all(from, &answer, 1) != 0)
			break;
	}
	_exit(0);
}

static int
start_helper(struct state *s, const struct place *p, struct err *err)
{
	sigset_t all, before;
	int ends[2], failed;

	if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends) < 0)
		return err_set(err, "%s: no helper to write it: %s", s->path, strerror(errno));
	/* A signal before the helper ignores it would end it. */
	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &before);
	s->helper = fork();
	failed = errno;
	if (s->helper == 0)
		help(p, ends[1]);
	pthread_sigmask(SIG_SETMASK, &before, NULL);
	close(ends[1]);
	s->socket = ends[0];
	return s->helper > 0 ? 0 : err_set(err, "%s: no helper to write it: %s", s->path, strerror(failed));
}

/* --- what the file holds ------------------------------------------------------------- */

struct restoring {
	const struct catalog *catalog;
	struct inventory *inventory;
};

static const struct vendor *
find_vendor(const struct catalog *catalog, const char *id)
{
	const struct vendor *const *v;
	size_t n = catalog_vendors(catalog, &v);

	for (size_t i = 0; i < n; i++)
		if (strcmp(v[i]->id, id) == 0)
			return v[i];
	return NULL;
}

static const struct product *
find_product(const struct vendor *v, const char *id)
{
	for (unsigned i = 0; i < v->n_products; i++)
		if (strcmp(v->products[i].id, id) == 0)
			return &v->products[i];
	return NULL;
}

static void
restore(void *arg, const struct inventory_doc *d)
{
	struct restoring *r = arg;
	struct inventory_entry e = {
		.client = d->client, .server = d->server, .vendor = find_vendor(r->catalog, d->vendor),
		.first_ns = d->first_ns, .last_ns = d->last_ns, .told_ns = d->told_ns,
		.strong_kinds = d->strong_kinds, .strength = d->strength, .confidence = d->confidence,
		.present = d->present,
	};

	if (e.vendor != NULL && d->product != NULL)
		e.product = find_product(e.vendor, d->product);
	if (e.vendor == NULL || (d->product != NULL && e.product == NULL)) {
		inventory_count_unknown(r->inventory);
		return;
	}
	memcpy(e.version, d->version, sizeof e.version);
	for (unsigned p = 0; p < PURPOSES_N; p++) {
		e.purposes[p].contacts = d->purposes[p].contacts;
		e.purposes[p].bytes_up = d->purposes[p].bytes_up;
		e.purposes[p].bytes_down = d->purposes[p].bytes_down;
	}
	inventory_restore(r->inventory, &e);
}

/* The whole of a regular file; NULL with *len 0 when there is none, and -1 returned when it cannot be read. */
static int
read_file(const struct place *p, const char *path, char **text, size_t *len, struct err *err)
{
	/* A FIFO must not be waited for. */
	int fd = openat(p->folder, p->name, O_RDONLY | O_CLOEXEC | O_NONBLOCK), rc = -1;
	struct stat st;

	*text = NULL;
	*len = 0;
	if (fd < 0 && errno == ENOENT)
		return 0;
	if (fd < 0)
		return err_set(err, "%s: %s", path, strerror(errno));
	if (fstat(fd, &st) < 0)
		err_set(err, "%s: %s", path, strerror(errno));
	else if (!S_ISREG(st.st_mode))
		err_set(err, "%s: no regular file; remedy: name another, which need not be there yet", path);
	else if ((*text = malloc((size_t)st.st_size + 1)) == NULL)
		err_set(err, "%s: out of memory for its %lld bytes", path, (long long)st.st_size);
	else if (!read_all(fd, *text, (size_t)st.st_size))
		err_set(err, "%s: it could not be read to its end", path);
	else
		rc = 0;
	*len = rc == 0 ? (size_t)st.st_size : 0;
	close(fd);
	return rc;
}

static int
load(const struct place *p, const char *path, const struct catalog *catalog, struct inventory *inventory,
    struct err *err)
{
	struct restoring r = { catalog, inventory };
	char *text;
	size_t len;
	int rc = read_file(p, path, &text, &len, err);

	if (rc == 0 && text != NULL)
		rc = inventory_doc_read(path, text, len, restore, &r, err);
	free(text);
	return rc;
}

/* --- opening, saving, closing --------------------------------------------------------- */

/* The folder of path, opened, and names within it. */
static int
find_place(const char *path, struct place *p, struct err *err)
{
	const char *slash = strrchr(path, '/'), *name = slash != NULL ? slash + 1 : path;
	char folder[PATH_MAX];
	int n = slash == NULL ? snprintf(folder, sizeof folder, ".") :
	    snprintf(folder, sizeof folder, "%.*s", (int)(slash - path) + 1, path);

	if (name[0] == '\0' || strcmp(name, ".") == 0 || strcmp(name, "..") == 0)
		return err_set(err, "'%.300s': a folder; a state is kept in a file", path);
	if (n >= (int)sizeof folder || strlen(name) > NAME_MAX - strlen(".tmp"))
		return err_set(err, "%.300s...: too long a name for a state file", path);
	snprintf(p->name, sizeof p->name, "%s", name);
	snprintf(p->draft, sizeof p->draft, "%.*s.tmp", (int)(NAME_MAX - strlen(".tmp")), name);
	p->folder = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	return p->folder >= 0 ? 0 : err_set(err, "%.300s: its folder: %s", path, strerror(errno));
}

/* Better now than when there is something to lose. */
static int
try_to_write(const struct place *p, const char *path, struct err *err)
{
	int fd = open_draft(p);

	if (fd < 0 && errno == EEXIST)
		return err_set(err, "%.300s: %s.tmp beside it is not telltale's; remedy: move it away, or name another "
		    "file for the state", path, p->name);
	if (fd < 0)
		return err_set(err, "%.300s: cannot be written: %s.tmp beside it: %s; remedy: a folder in which "
		    "files may be made", path, p->name, strerror(errno));
	close(fd);
	unlinkat(p->folder, p->draft, 0);
	return 0;
}

struct state *
state_open(const char *path, const struct catalog *catalog, struct inventory *inventory, struct err *err)
{
	struct state *s = calloc(1, sizeof *s);
	struct place p = { .folder = -1 };
	int rc = -1;

	if (s == NULL || (s->path = strdup(path)) == NULL) {
		err_set(err, "%.300s: out of memory for a state", path);
		free(s);
		return NULL;
	}
	s->socket = s->helper = -1;
	if (find_place(path, &p, err) == 0 && try_to_write(&p, path, err) == 0 &&
	    load(&p, path, catalog, inventory, err) == 0)
		rc = start_helper(s, &p, err);
	if (p.folder >= 0)
		close(p.folder);
	if (rc < 0)
		state_close(&s);
	return s;
}

/* By key where the time is one, so that the same products give the same file. */
static int
by_last(const void *pa, const void *pb)
{
	const struct inventory_entry *a = *(const struct inventory_entry *const *)pa;
	const struct inventory_entry *b = *(const struct inventory_entry *const *)pb;
	int order = (a->last_ns > b->last_ns) - (a->last_ns < b->last_ns);

	if (order == 0)
		order = addr_cmp(&a->client, &b->client);
	if (order == 0)
		order = strcmp(a->vendor->id, b->vendor->id);
	return order != 0 ? order : strcmp(a->product != NULL ? a->product->id : "",
	    b->product != NULL ? b->product->id : "");
}

static bool
put_entry(FILE *out, const struct inventory_entry *e)
{
	struct inventory_doc d = {
		.client = e->client, .server = e->server, .vendor = e->vendor->id,
		.product = e->product != NULL ? e->product->id : NULL,
		.first_ns = e->first_ns, .last_ns = e->last_ns, .told_ns = e->told_ns,
		.strong_kinds = e->strong_kinds, .strength = e->strength, .confidence = e->confidence,
		.present = e->present,
	};

	memcpy(d.version, e->version, sizeof d.version);
	for (unsigned p = 0; p < PURPOSES_N; p++) {
		d.purposes[p].contacts = e->purposes[p].contacts;
		d.purposes[p].bytes_up = e->purposes[p].bytes_up;
		d.purposes[p].bytes_down = e->purposes[p].bytes_down;
	}
	return inventory_doc_entry(out, &d);
}

/* The document, malloc'ed; NULL when memory is out. */
static char *
make_document(const struct inventory *inventory, const char *digest, uint64_t now_ns, size_t *len)
{
	size_t n = 0;
	const struct inventory_entry **list = inventory_list(inventory, &n);
	char *text = NULL;
	FILE *out = list != NULL ? open_memstream(&text, len) : NULL;
	bool ok = out != NULL && inventory_doc_head(out, digest, now_ns);

	if (ok)
		qsort(list, n, sizeof(*list), by_last);
	for (size_t i = 0; i < n && ok; i++)
		ok = put_entry(out, list[i]);
	if (out != NULL && fclose(out) != 0)
		ok = false;
	free(list);
	if (!ok) {
		free(text);
		text = NULL;
	}
	return text;
}

int
state_save(struct state *s, const struct inventory *inventory, const char *catalog_digest, uint64_t now_ns,
    struct err *err)
{
	size_t len = 0;
	char *text = make_document(inventory, catalog_digest, now_ns, &len);
	uint64_t about = len;
	uint8_t answer;
	int failed;

	if (text == NULL)
		return err_set(err, "%.300s: out of memory for the state; it stays as it was", s->path);
	failed = write_all(s->socket, &about, sizeof about);
	if (failed == 0)
		failed = write_all(s->socket, text, len);
	free(text);
	if (failed != 0 || !read_all(s->socket, &answer, 1))
		return err_set(err, "%.300s: its helper process has ended; the state stays as it was", s->path);
	if (answer != 0)
		return err_set(err, "%.300s: %s; the state stays as it was", s->path, strerror(answer));
	return 0;
}

void
state_close(struct state **sp)
{
	struct state *s = *sp;

	if (s == NULL)
		return;
	if (s->socket >= 0)
		close(s->socket);
	while (s->helper > 0 && waitpid(s->helper, NULL, 0) < 0 && errno == EINTR)
		continue;
	free(s->path);
	free(s);
	*sp = NULL;
}
