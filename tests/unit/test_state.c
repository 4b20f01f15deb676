/* SPDX-License-Identifier: Apache-2.0 */
/* test_state - the inventory over restarts: what is written is what is read, at any time one or the other. */
#include "unit.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "app/state.h"
#include "catalog/load.h"

#define SECOND 1000000000ull
#define T0 (1795324455ull * SECOND)
#define DIGEST "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"

static const char acme[] =
    "vendor: acme\nname: Acme Security\nseat: CZ\n"
    "products: [{id: desktop, name: Acme Desktop}, {id: server, name: Acme Server}]\nsignals:\n"
    "  - {id: host, purpose: update, strength: strong, host: acme.example,\n"
    "     source: {title: a, checked: 2026-11-22}}\n";

static struct catalog *catalog;
static const struct vendor *vendor;
static char folder[64], file[96], draft[96];

static int
set_up(void **state)
{
	const struct vendor *const *all;
	struct err err;

	(void)state;
	/* A helper that has ended is an error to be told, as in the program. */
	signal(SIGPIPE, SIG_IGN);
	catalog = catalog_load_text("acme.yaml", acme, sizeof acme - 1, &err);
	if (catalog == NULL) {
		fprintf(stderr, "%s\n", err.text);
		return -1;
	}
	catalog_vendors(catalog, &all);
	vendor = all[0];
	snprintf(folder, sizeof folder, "%s", "/tmp/test_state.XXXXXX");
	if (mkdtemp(folder) == NULL)
		return -1;
	snprintf(file, sizeof file, "%s/state", folder);
	snprintf(draft, sizeof draft, "%s/state.tmp", folder);
	return 0;
}

static int
tear_down(void **state)
{
	(void)state;
	unlink(file);
	catalog_free(&catalog);
	/* Nothing else may have been left in it. */
	return rmdir(folder);
}

/* Without what a sanitizer does at an exit: the catalogue's thread stayed in the parent, and is no leak. */
static _Noreturn void
leave(int status)
{
	for (;;)
		syscall(SYS_exit_group, status);
}

static struct inventory *
inventory(void)
{
	struct err err;
	struct inventory *inv = inventory_new(4 << 20, HASH_KEY_FIXED, &err);

	assert_non_null(inv);
	return inv;
}

/* n products on hosts, with all that an entry may hold. */
static void
fill(struct inventory *inv, unsigned n, uint64_t seed)
{
	for (unsigned i = 0; i < n; i++) {
		uint64_t r = unit_random(&seed);
		struct attribution a = { .vendor = vendor, .purpose = (enum purpose)(r % PURPOSES_N),
			.strength = (enum strength)((r >> 8) % STRENGTHS_N), .confidence = (unsigned)((r >> 16) % 101),
			.present = (r >> 24) % 3 == 0, .lookup_only = (r >> 28) % 4 == 0 };
		struct addr client = { { 0x20, 1, 0x0d, 0xb8, [14] = (uint8_t)(r >> 32), [15] = (uint8_t)(r >> 40) } };
		uint8_t raw[4] = { 203, 0, 113, (uint8_t)(r >> 48) };
		struct addr server = addr_v4(raw);
		const struct inventory_entry *e;

		if ((r >> 30) % 2 == 0)
			client = server;
		a.product = (r >> 26) % 3 < 2 ? &vendor->products[(r >> 26) % 3] : NULL;
		inventory_contact(inv, T0 + (r >> 20) % 100 * SECOND, &client, &server, &a, (unsigned)(r >> 50) % 8,
		    span_str((r >> 56) % 2 == 0 ? "27.1.\"x\\" : ""), &e);
		inventory_bytes(inv, &client, vendor, a.product, a.purpose, r >> 44, r >> 34);
	}
}

static char *
content(size_t *len)
{
	char *text = malloc(1 << 20);
	FILE *f = fopen(file, "rb");

	assert_non_null(f);
	*len = fread(text, 1, (1 << 20) - 1, f);
	text[*len] = '\0';
	fclose(f);
	return text;
}

static void
write_file(const char *path, const char *text)
{
	FILE *f = fopen(path, "wb");

	assert_non_null(f);
	assert_true(fputs(text, f) >= 0);
	assert_int_equal(fclose(f), 0);
}

static struct state *
opened(struct inventory *inv)
{
	struct err err = { "" };
	struct state *s = state_open(file, catalog, inv, &err);

	if (s == NULL)
		fail_msg("%s", err.text);
	return s;
}

static void
save(struct state *s, const struct inventory *inv, uint64_t now)
{
	struct err err = { "" };

	if (state_save(s, inv, DIGEST, now, &err) < 0)
		fail_msg("%s", err.text);
}

/* --- what is written ------------------------------------------------------------------ */

static void
test_no_file(void **state)
{
	struct inventory *inv = inventory();
	struct state *s = opened(inv);
	struct inventory_counts n;

	(void)state;
	inventory_counts(inv, &n);
	assert_int_equal(n.entries, 0);
	state_close(&s);
	assert_null(s);
	state_close(&s);
	assert_int_equal(access(file, F_OK), -1);
	assert_int_equal(access(draft, F_OK), -1);
	inventory_free(&inv);
}

static void
test_text(void **state)
{
	static const char want[] =
	    "{\"telltale_state\":1,\"catalog\":\"" DIGEST "\",\"saved\":1795324456000000000}\n"
	    "{\"client\":\"192.0.2.9\",\"server\":\"198.51.100.7\",\"vendor\":\"acme\",\"product\":\"desktop\","
	    "\"first_seen\":1795324455000000000,\"last_seen\":1795324455000000000,\"told\":1795324455000000000,"
	    "\"strength\":\"proof\",\"strong_kinds\":5,\"confidence\":98,\"present\":true,\"version\":\"27001\","
	    "\"purposes\":{\"update\":{\"contacts\":1,\"bytes_up\":7,\"bytes_down\":9}}}\n";
	struct inventory *inv = inventory();
	struct state *s = opened(inv);
	struct attribution a = { .vendor = vendor, .product = &vendor->products[0], .purpose = PURPOSE_UPDATE,
		.strength = STRENGTH_PROOF, .confidence = 98, .present = true };
	const struct inventory_entry *e;
	struct addr client, server;
	struct stat st;
	size_t len;
	char *text;

	(void)state;
	assert_true(addr_parse("192.0.2.9", 9, &client) && addr_parse("198.51.100.7", 12, &server));
	inventory_contact(inv, T0, &client, &server, &a, 5, span_str("27001"), &e);
	inventory_bytes(inv, &client, vendor, a.product, PURPOSE_UPDATE, 7, 9);
	save(s, inv, T0 + SECOND);
	text = content(&len);
	assert_string_equal(text, want);
	free(text);
	assert_int_equal(stat(file, &st), 0);
	assert_int_equal(st.st_mode & 0777, 0600);
	assert_int_equal(access(draft, F_OK), -1);
	state_close(&s);
	inventory_free(&inv);
}

/* Written, read, written: the same bytes; and what goes on goes on. */
static void
test_round_trip(void **state)
{
	struct inventory *inv = inventory(), *next = inventory();
	struct inventory_counts counts, before;
	struct state *s;
	char *once, *twice;
	size_t n, m;

	(void)state;
	unlink(file);
	s = opened(inv);
	fill(inv, 3000, 20261125);
	save(s, inv, T0);
	state_close(&s);
	inventory_counts(inv, &before);
	assert_true(before.entries > 500);
	once = content(&n);
	s = opened(next);
	inventory_counts(next, &counts);
	assert_int_equal(counts.entries, before.entries);
	save(s, next, T0);
	twice = content(&m);
	assert_int_equal(n, m);
	assert_memory_equal(once, twice, n);
	state_close(&s);
	free(once);
	free(twice);
	inventory_free(&inv);
	inventory_free(&next);
}

#define HEAD "{\"telltale_state\":1,\"catalog\":\"00\",\"saved\":1}\n"
#define ENTRY(client, vendor, product, rest)                                                          \
	"{\"client\":\"" client "\",\"vendor\":\"" vendor "\"" product ",\"first_seen\":1,\"last_seen\":2," \
	"\"told\":2,\"strength\":\"weak\",\"strong_kinds\":0,\"confidence\":1,\"present\":false," \
	"\"purposes\":{}" rest "}\n"

/* The catalogue has changed: what it no longer knows is counted, and the rest is taken. */
static void
test_unknown(void **state)
{
	struct inventory *inv = inventory();
	struct inventory_counts n;
	struct state *s;

	(void)state;
	write_file(file, HEAD ENTRY("192.0.2.1", "gone", "", "") ENTRY("192.0.2.1", "acme", ",\"product\":\"gone\"", "")
	    ENTRY("192.0.2.1", "acme", ",\"product\":\"server\"", "") ENTRY("192.0.2.1", "acme", "", ""));
	s = opened(inv);
	inventory_counts(inv, &n);
	assert_int_equal(n.entries, 2);
	assert_int_equal(n.unknown, 2);
	state_close(&s);
	inventory_free(&inv);
}

/* --- what is refused --------------------------------------------------------------------- */

static void
test_malformed(void **state)
{
	static const struct {
		const char *text, *line, *what;
	} rows[] = {
		{ "", "1", "the file is empty" },
		{ "\n", "1", "no JSON: " },
		{ "{\"saved\":1}\n", "1", "this is no state file: its first line must be {\"telltale_state\":1, ...}" },
		{ "{\"telltale_state\":2,\"catalog\":\"0\",\"saved\":1}\n", "1", "a state of another version than 1" },
		{ "{\"telltale_state\":1,\"saved\":1}\n", "1", "'catalog' is missing" },
		{ "{\"telltale_state\":1,\"catalog\":\"0\",\"saved\":\"now\"}\n", "1", "'saved' must be a whole number" },
		{ "[1]\n", "1", "the line must be a JSON object" },
		{ HEAD "{\"client\":\"192.0.2.1\"", "2", "the line does not end: the file was cut short" },
		{ HEAD "{\"client\":\n", "2", "no JSON: " },
		{ HEAD "{\"client\":1,\"client\":2}\n", "2", "no JSON: duplicate object key" },
		{ HEAD "{}\n", "2", "'client' is missing" },
		{ HEAD ENTRY("192.0.2.1", "acme", "", "") ENTRY("192.0.2.256", "acme", "", ""), "3",
		    "'client' is no IPv4 or IPv6 address" },
		{ HEAD ENTRY("", "acme", "", ""), "2", "'client' must be a text of 1 to 46 characters" },
		{ HEAD ENTRY("::1", "a b", "", ""), "2", "'vendor' must be printable ASCII without spaces" },
		{ HEAD ENTRY("::1", "acme", ",\"product\":7", ""), "2", "'product' must be a text of 1 to 64 characters" },
		{ HEAD ENTRY("::1", "acme", "", ",\"versoin\":\"1\""), "2", "'versoin' is nothing that an entry has" },
		{ HEAD ENTRY("::1", "acme", "", ",\"\\u001b[2J\":\"1\""), "2", "'?[2J' is nothing that an entry has" },
		{ HEAD ENTRY("::1", "acme", "", ",\"version\":\"0123456789012345678901234567890123\""), "2",
		    "'version' must be a text of 1 to 32 characters" },
		{ HEAD "{\"client\":\"::1\",\"vendor\":\"acme\",\"first_seen\":-1}\n", "2",
		    "'first_seen' must be a whole number from 0 to 9223372036854775807" },
		{ HEAD "{\"client\":\"::1\",\"vendor\":\"acme\",\"first_seen\":2,\"last_seen\":1,\"told\":1}\n", "2",
		    "'last_seen' is before 'first_seen'" },
		{ HEAD "{\"client\":\"::1\",\"vendor\":\"acme\",\"first_seen\":1,\"last_seen\":1,\"told\":1,"
		    "\"strength\":\"great\"}\n", "2", "'strength' must be weak, medium, strong or proof" },
		{ HEAD "{\"client\":\"::1\",\"vendor\":\"acme\",\"first_seen\":1,\"last_seen\":1,\"told\":1,"
		    "\"strength\":\"weak\",\"strong_kinds\":0,\"confidence\":101}\n", "2",
		    "'confidence' must be a whole number from 0 to 100" },
		{ HEAD "{\"client\":\"::1\",\"vendor\":\"acme\",\"first_seen\":1,\"last_seen\":1,\"told\":1,"
		    "\"strength\":\"weak\",\"strong_kinds\":0,\"confidence\":1,\"present\":1}\n", "2",
		    "'present' must be true or false" },
		{ HEAD "{\"client\":\"::1\",\"vendor\":\"acme\",\"first_seen\":1,\"last_seen\":1,\"told\":1,"
		    "\"strength\":\"weak\",\"strong_kinds\":0,\"confidence\":1,\"present\":true,"
		    "\"purposes\":{\"update\":3}}\n", "2", "'contacts' is missing" },
		{ HEAD "{\"client\":\"::1\",\"vendor\":\"acme\",\"first_seen\":1,\"last_seen\":1,\"told\":1,"
		    "\"strength\":\"weak\",\"strong_kinds\":0,\"confidence\":1,\"present\":true,"
		    "\"purposes\":{\"upgrade\":{}}}\n", "2", "'purposes' names a purpose that there is not" },
		{ HEAD ENTRY("::1", "acme", "", "") "{\"client\":\"::1\",\"vendor\":\"acme\",\"first_seen\":1,"
		    "\"last_seen\":1,\"told\":1,\"strength\":\"weak\",\"strong_kinds\":0,\"confidence\":1,"
		    "\"present\":true,\"purposes\":{}}\n", "3", "'last_seen' is before that of the line before it" },
	};

	(void)state;
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		struct inventory *inv = inventory();
		struct err err = { "" };
		char want[400];

		write_file(file, rows[i].text);
		assert_null(state_open(file, catalog, inv, &err));
		snprintf(want, sizeof want, "%s:%s: %s", file, rows[i].line, rows[i].what);
		if (strncmp(err.text, want, strlen(want)) != 0 || strstr(err.text, "; remedy: ") == NULL)
			fail_msg("row %zu: '%s', not '%s'", i, err.text, want);
		inventory_free(&inv);
	}
}

static void
refused(const char *path, const char *what)
{
	struct inventory *inv = inventory();
	struct err err = { "" };

	assert_null(state_open(path, catalog, inv, &err));
	if (strstr(err.text, what) == NULL || strstr(err.text, path) == NULL)
		fail_msg("%s: '%s' says nothing of '%s'", path, err.text, what);
	inventory_free(&inv);
}

static void
test_places(void **state)
{
	char path[400], fifo[96];

	(void)state;
	unlink(file);
	snprintf(path, sizeof path, "%s/none/state", folder);
	refused(path, "its folder: No such file");
	snprintf(path, sizeof path, "%s/", folder);
	refused(path, "a folder");
	snprintf(path, sizeof path, "%s/%0255d", folder, 1);
	refused(path, "too long a name");
	/* No file can be made there, by root neither. */
	refused("/proc/state", "cannot be written");
	refused(folder, "no regular file");
	/* A FIFO nobody writes to is not waited for. */
	snprintf(fifo, sizeof fifo, "%s/fifo", folder);
	assert_int_equal(mkfifo(fifo, 0600), 0);
	refused(fifo, "no regular file");
	unlink(fifo);
}

/* What root may do is not what is to be tested: as somebody else, in a process of its own. */
static void
test_unwritable_folder(void **state)
{
	struct inventory *inv = inventory();
	int status;
	pid_t pid;

	(void)state;
	write_file(file, HEAD);
	assert_int_equal(chmod(file, 0644), 0);
	assert_int_equal(chmod(folder, 0555), 0);
	pid = fork();
	if (pid == 0) {
		struct err err = { "" };

		if (geteuid() == 0 && (setgid(65534) < 0 || setuid(65534) < 0))
			leave(2);
		leave(state_open(file, catalog, inv, &err) == NULL && strstr(err.text, "Permission denied") != NULL ?
		    0 : 1);
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_int_equal(chmod(folder, 0700), 0);
	assert_int_equal(status, 0);
	inventory_free(&inv);
}

/* --- when something breaks ----------------------------------------------------------------- */

/* What a crash left behind is no hindrance, and a link that somebody laid there is not followed. */
static void
test_old_draft(void **state)
{
	struct inventory *inv = inventory();
	struct state *s;
	char victim[96];
	struct stat st;
	size_t len;
	char *text;

	(void)state;
	write_file(file, HEAD);
	write_file(draft, "{\"telltale_state\":1,\"cat");
	s = opened(inv);
	assert_int_equal(access(draft, F_OK), -1);
	snprintf(victim, sizeof victim, "%s/victim", folder);
	write_file(victim, "kept");
	assert_int_equal(symlink(victim, draft), 0);
	fill(inv, 5, 1);
	save(s, inv, T0);
	state_close(&s);
	assert_int_equal(stat(victim, &st), 0);
	assert_int_equal(st.st_size, 4);
	unlink(victim);
	text = content(&len);
	assert_non_null(strstr(text, "\"client\""));
	free(text);
	inventory_free(&inv);
}

/* A file of somebody else's that has the draft's name is not deleted: not at the start, not later. */
static void
test_draft_of_another(void **state)
{
	static const char notes[] = "\xd4\xc3\xb2\xa1 a capture";
	struct inventory *inv = inventory();
	struct err err = { "" };
	struct state *s;
	struct stat st;

	(void)state;
	unlink(file);
	write_file(draft, notes);
	assert_null(state_open(file, catalog, inv, &err));
	assert_non_null(strstr(err.text, "state.tmp beside it is not telltale's; remedy: "));
	assert_int_equal(stat(draft, &st), 0);
	assert_int_equal(st.st_size, strlen(notes));
	unlink(draft);
	s = opened(inv);
	write_file(draft, notes);
	assert_int_equal(state_save(s, inv, DIGEST, T0, &err), -1);
	assert_int_equal(stat(draft, &st), 0);
	assert_int_equal(st.st_size, strlen(notes));
	unlink(draft);
	save(s, inv, T0);
	state_close(&s);
	inventory_free(&inv);
}

/* Cannot be put in place: said, the file left as it was, and the next time works. */
static void
test_rename_fails(void **state)
{
	struct inventory *inv = inventory();
	struct err err = { "" };
	struct state *s;

	(void)state;
	unlink(file);
	s = opened(inv);
	assert_int_equal(mkdir(file, 0700), 0);
	assert_int_equal(state_save(s, inv, DIGEST, T0, &err), -1);
	assert_non_null(strstr(err.text, "Is a directory; the state stays as it was"));
	assert_int_equal(access(draft, F_OK), -1);
	assert_int_equal(rmdir(file), 0);
	save(s, inv, T0);
	state_close(&s);
	inventory_free(&inv);
}

/* What ends the program does not end the helper before the last document. */
static void
test_signals(void **state)
{
	struct inventory *inv = inventory();
	struct state *s;
	int status;
	pid_t pid;

	(void)state;
	unlink(file);
	pid = fork();
	if (pid == 0) {
		struct err err;

		setpgid(0, 0);
		s = state_open(file, catalog, inv, &err);
		if (s == NULL)
			leave(1);
		signal(SIGINT, SIG_IGN);
		signal(SIGTERM, SIG_IGN);
		signal(SIGHUP, SIG_IGN);
		kill(0, SIGINT);
		kill(0, SIGTERM);
		kill(0, SIGHUP);
		if (state_save(s, inv, DIGEST, T0, &err) < 0)
			leave(2);
		state_close(&s);
		/* It was waited for. */
		leave(waitpid(-1, NULL, 0) < 0 && errno == ECHILD ? 0 : 3);
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_int_equal(status, 0);
	assert_int_equal(access(file, F_OK), 0);
	inventory_free(&inv);
}

/* Saves one of two documents after the other, and says so, until it is killed. */
static _Noreturn void
save_on_and_on(const struct inventory *one, const struct inventory *two, int done)
{
	struct inventory *before = inventory();
	struct state *s = opened(before);
	struct err err;

	for (unsigned i = 0; state_save(s, i % 2 == 0 ? one : two, DIGEST, T0, &err) == 0; i++)
		if (write(done, "", 1) != 1)
			break;
	leave(1);
}

/* Starts that, lets it save some times, and kills it and its helper in the middle of the next. */
static void
kill_at_work(const struct inventory *one, const struct inventory *two, unsigned saves, uint64_t *seed)
{
	int ends[2], status;
	char byte;
	pid_t pid;

	assert_int_equal(pipe(ends), 0);
	pid = fork();
	if (pid == 0) {
		setpgid(0, 0);
		save_on_and_on(one, two, ends[1]);
	}
	setpgid(pid, pid);
	close(ends[1]);
	while (saves-- > 0)
		assert_int_equal(read(ends[0], &byte, 1), 1);
	for (unsigned i = 0; i < 1000000 && access(draft, F_OK) < 0; i++)
		continue;
	usleep((useconds_t)(unit_random(seed) % 500));
	assert_int_equal(kill(-pid, SIGKILL), 0);
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_true(WIFSIGNALED(status));
	/* The helper fell to this process; it may take a moment to die. */
	while (waitpid(-pid, NULL, 0) > 0)
		continue;
	close(ends[0]);
}

/* Killed at any moment, with its helper: there is one whole document, the old or the new. */
static void
test_killed(void **state)
{
	struct inventory *one = inventory(), *two = inventory();
	struct inventory_counts n1, n2, n;
	uint64_t seed = 7;
	unsigned drafts = 0, seen[2] = { 0, 0 };
	struct state *s;

	(void)state;
	fill(one, 1000, 3);
	fill(two, 2000, 5);
	inventory_counts(one, &n1);
	inventory_counts(two, &n2);
	assert_true(n1.entries != n2.entries);
	assert_int_equal(prctl(PR_SET_CHILD_SUBREAPER, 1), 0);
	unlink(file);
	/* Until it was met in the middle of its work, after the one and after the other. */
	for (unsigned i = 0; i < 400 && (i < 30 || drafts < 3 || seen[0] < 3 || seen[1] < 3); i++) {
		struct inventory *inv = inventory();

		kill_at_work(one, two, 1 + i % 4, &seed);
		drafts += access(draft, F_OK) == 0;
		s = opened(inv);
		state_close(&s);
		inventory_counts(inv, &n);
		assert_int_equal(n.unknown, 0);
		assert_true(n.entries == n1.entries || n.entries == n2.entries);
		seen[n.entries == n2.entries]++;
		inventory_free(&inv);
	}
	assert_true(drafts >= 3);
	assert_true(seen[0] >= 3 && seen[1] >= 3);
	inventory_free(&one);
	inventory_free(&two);
}

/* The parent alone is killed: the helper sees the end, and leaves nothing behind. */
static void
test_helper_ends(void **state)
{
	struct inventory *inv = inventory();
	char byte;
	int ends[2];
	pid_t pid;

	(void)state;
	unlink(file);
	assert_int_equal(pipe(ends), 0);
	pid = fork();
	if (pid == 0) {
		struct err err;

		close(ends[0]);
		/* The helper closes what it does not need: only this process holds the pipe. */
		if (state_open(file, catalog, inv, &err) == NULL || write(ends[1], "x", 1) != 1)
			leave(1);
		for (;;)
			pause();
	}
	close(ends[1]);
	assert_int_equal(read(ends[0], &byte, 1), 1);
	assert_int_equal(kill(pid, SIGKILL), 0);
	assert_int_equal(waitpid(pid, NULL, 0), pid);
	assert_int_equal(read(ends[0], &byte, 1), 0);
	close(ends[0]);
	assert_int_equal(access(file, F_OK), -1);
	inventory_free(&inv);
}

int
main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_no_file),
		cmocka_unit_test(test_text),
		cmocka_unit_test(test_round_trip),
		cmocka_unit_test(test_unknown),
		cmocka_unit_test(test_malformed),
		cmocka_unit_test(test_places),
		cmocka_unit_test(test_unwritable_folder),
		cmocka_unit_test(test_old_draft),
		cmocka_unit_test(test_draft_of_another),
		cmocka_unit_test(test_rename_fails),
		cmocka_unit_test(test_signals),
		cmocka_unit_test(test_killed),
		cmocka_unit_test(test_helper_ends),
	};

	return cmocka_run_group_tests_name("state", tests, set_up, tear_down);
}
