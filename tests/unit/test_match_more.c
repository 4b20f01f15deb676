/* SPDX-License-Identifier: Apache-2.0 */
/* What a batch meets besides names: denials, ports alone, transports, protocols; names on a CNAME chain. */
#include "unit.h"

#include <unistd.h>

#include "catalog/load.h"

#define SIGNAL(id, strength, what)                                                                           \
	"  - {id: " id ", purpose: update, strength: " strength ", " what                                    \
	", source: {title: a, checked: 2026-11-22}}\n"

static const char acme[] =
    "vendor: acme\nname: Acme\nseat: SE\nsignals:\n"
    SIGNAL("brand", "weak", "host: acme.example")
    SIGNAL("suffix", "strong", "host: upd.acme.example")
    SIGNAL("exact", "strong", "host_exact: upd.forum.acme.example")
    SIGNAL("forum", "weak", "means: not, host: forum.acme.example")
    SIGNAL("browser", "weak", "means: not, http_agent: '^AcmeBrowser/'")
    SIGNAL("old-browser", "weak", "means: not, http_agent: '^AcmeOld/', enabled: false, reason: gone")
    SIGNAL("tool", "proof", "means: not, http_agent: '^AcmeTool/'")
    SIGNAL("store", "weak", "means: not, host: store.acme.example, http_path: '^/buy'")
    SIGNAL("path", "proof", "http_path: '^/acme-defs/'")
    SIGNAL("path-too", "strong", "http_path: '^/acme-'")
    SIGNAL("lan-tcp", "weak", "port: 13000, transport: tcp")
    SIGNAL("lan-udp", "weak", "port: 13000, transport: udp")
    SIGNAL("lan-either", "weak", "port: 14000")
    SIGNAL("lan-off", "weak", "port: 14000, transport: udp, enabled: false, reason: doubtful")
    SIGNAL("lan-named", "medium", "port: 14000, host: lan.acme.example")
    SIGNAL("cloud", "strong", "host_exact: cloud.acme.example, transport: udp, port: 443")
    SIGNAL("push", "proof", "protocol: acme-push")
    SIGNAL("push-port", "proof", "protocol: acme-push, port: 8123")
    SIGNAL("resolver", "strong", "means: resolver, host_exact: dns.acme.example");

static struct catalog *catalog;
static struct matcher *matcher;
static struct observations batch;
static struct hits hits;

static int
set_up(void **state)
{
	struct err err;

	(void)state;
	if ((catalog = catalog_load_text("acme.yaml", acme, sizeof acme - 1, &err)) == NULL ||
	    (matcher = matcher_new(catalog, &err)) == NULL) {
		fprintf(stderr, "%s\n", err.text);
		return -1;
	}
	return 0;
}

static int
tear_down(void **state)
{
	(void)state;
	matcher_free(&matcher);
	catalog_free(&catalog);
	return 0;
}

static bool
is_hit(const char *id)
{
	for (unsigned i = 0; i < hits.n; i++)
		if (strcmp(hits.v[i].signal->id, id) == 0)
			return true;
	return false;
}

/* Exactly these, in any order: where one rank ends and the next begins is test_match's. */
static bool
are_hit(const char *ids)
{
	char text[256], *save = NULL;
	unsigned n = 0;

	snprintf(text, sizeof text, "%s", ids);
	for (char *id = strtok_r(text, " ", &save); id != NULL; id = strtok_r(NULL, " ", &save), n++)
		if (!is_hit(id))
			return false;
	return n == hits.n;
}

static void
fail_hits(const char *what, size_t i, const char *expected)
{
	char text[512] = "";
	size_t n = 0;

	for (unsigned k = 0; k < hits.n && n < sizeof text; k++)
		n += (size_t)snprintf(text + n, sizeof text - n, " %s", hits.v[k].signal->id);
	fail_msg("%s, case %zu: got%s, expected %s", what, i, text, expected);
}

/* --- denials ------------------------------------------------------------------------------- */

static void
denials_take_away_what_is_weaker_than_proof(void **state)
{
	static const struct {
		const char *host, *path, *agent, *run, *all;
	} cases[] = {
		{ "upd.acme.example", NULL, NULL, "suffix", "suffix brand" },
		/* it is met instead of the brand, and is itself no evidence */
		{ "forum.acme.example", NULL, NULL, "", "forum brand" },
		{ "www.forum.acme.example", NULL, NULL, "", "forum brand" },
		/* a signal that is more specific than the denial leaves nothing of it */
		{ "upd.forum.acme.example", NULL, NULL, "exact", "exact forum brand" },
		{ "xforum.acme.example", NULL, NULL, "brand", "brand" },
		/* by another observation than the name */
		{ "upd.acme.example", NULL, "AcmeBrowser/7", "", "suffix brand browser" },
		{ "upd.acme.example", NULL, "NotAcmeBrowser/7", "suffix", "suffix brand" },
		{ "upd.acme.example", "/acme-x", "AcmeBrowser/7", "", "suffix brand browser path-too" },
		{ "upd.acme.example", "/acme-defs/", "AcmeBrowser/7", "path", "suffix brand browser path path-too" },
		{ "other.example", "/acme-x", "AcmeBrowser/7", "", "browser path-too" },
		/* off, it denies nothing */
		{ "upd.acme.example", NULL, "AcmeOld/7", "suffix", "suffix brand old-browser" },
		/* however sure it is, it is no evidence */
		{ "www.acme.example", NULL, "AcmeTool/7", "", "tool brand" },
		/* half of what it asks for is not enough */
		{ "store.acme.example", "/sell", NULL, "brand", "brand" },
		{ "store.acme.example", "/buy", NULL, "", "store brand" },
	};

	(void)state;
	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
		observations_reset(&batch);
		observe(&batch, OBS_HTTP_HOST, FROM_CLIENT, span_str(cases[i].host));
		if (cases[i].path != NULL)
			observe(&batch, OBS_HTTP_PATH, FROM_CLIENT, span_str(cases[i].path));
		if (cases[i].agent != NULL)
			observe(&batch, OBS_HTTP_AGENT, FROM_CLIENT, span_str(cases[i].agent));
		matcher_match(matcher, &batch, (struct service){ 6, 80 }, &hits);
		if (!are_hit(cases[i].run))
			fail_hits("run", i, cases[i].run);
		matcher_match_all(matcher, &batch, (struct service){ 6, 80 }, &hits);
		if (!are_hit(cases[i].all))
			fail_hits("all", i, cases[i].all);
	}
}

static void
write_vendor(const char *path, unsigned i, const char *signal)
{
	FILE *f = fopen(path, "w");

	assert_non_null(f);
	fprintf(f, "vendor: v%u\nname: V\nseat: SE\nsignals:\n%s", i, signal);
	fclose(f);
}

/* What is not one vendor's product may be another's. */
static void
denials_are_of_one_vendor(void **state)
{
	char directory[] = "/tmp/catalogXXXXXX", path[2][64];
	struct catalog *two;
	struct matcher *m;
	struct err err;

	(void)state;
	assert_non_null(mkdtemp(directory));
	for (unsigned i = 0; i < 2; i++)
		snprintf(path[i], sizeof path[i], "%s/v%u.yaml", directory, i);
	write_vendor(path[0], 0, SIGNAL("no", "weak", "means: not, host: cdn.shared.example")
	    SIGNAL("brand", "strong", "host: shared.example"));
	write_vendor(path[1], 1, SIGNAL("yes", "weak", "host: shared.example"));
	if ((two = catalog_load(directory, &err)) == NULL)
		fail_msg("%s", err.text);
	assert_non_null(m = matcher_new(two, &err));
	observations_reset(&batch);
	observe(&batch, OBS_TLS_SNI, FROM_CLIENT, span_str("a.cdn.shared.example"));
	matcher_match(m, &batch, (struct service){ 6, 443 }, &hits);
	if (!are_hit("yes"))
		fail_hits("two vendors", 0, "yes");
	matcher_free(&m);
	catalog_free(&two);
	unlink(path[0]);
	unlink(path[1]);
	rmdir(directory);
}

/* --- ports, transports, protocols ------------------------------------------------------------ */

static void
ports_and_transports(void **state)
{
	static const struct {
		const char *name;
		struct service at;
		const char *run, *all;
	} cases[] = {
		{ "host.example", { 6, 13000 }, "lan-tcp", "lan-tcp" },
		{ "host.example", { 17, 13000 }, "lan-udp", "lan-udp" },
		{ "host.example", { 0, 13000 }, "lan-tcp lan-udp", "lan-tcp lan-udp" },	/* to explain */
		{ "host.example", { 6, 14000 }, "lan-either", "lan-either" },
		{ "host.example", { 17, 14000 }, "lan-either", "lan-either lan-off" },
		{ "host.example", { 6, 13001 }, "", "" },
		{ "host.example", { 6, 12999 }, "", "" },
		{ "host.example", { 6, 0 }, "", "" },
		{ "host.example", { 6, 65535 }, "", "" },
		/* with a name it is a signal of its own */
		{ "lan.acme.example", { 6, 14000 }, "lan-either lan-named brand", "lan-either lan-named brand" },
		{ "lan.acme.example", { 6, 14001 }, "brand", "brand" },
		{ "cloud.acme.example", { 17, 443 }, "cloud brand", "cloud brand" },
		{ "cloud.acme.example", { 6, 443 }, "brand", "brand" },
		{ "cloud.acme.example", { 17, 444 }, "brand", "brand" },
		{ "cloud.acme.example", { 0, 443 }, "cloud brand", "cloud brand" },
		/* what it means is for others to act upon */
		{ "dns.acme.example", { 6, 443 }, "resolver", "resolver brand" },
	};

	(void)state;
	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
		observations_reset(&batch);
		observe(&batch, OBS_TLS_SNI, FROM_CLIENT, span_str(cases[i].name));
		matcher_match(matcher, &batch, cases[i].at, &hits);
		if (!are_hit(cases[i].run))
			fail_hits("run", i, cases[i].run);
		matcher_match_all(matcher, &batch, cases[i].at, &hits);
		if (!are_hit(cases[i].all))
			fail_hits("all", i, cases[i].all);
	}
}

/* The hit of a port alone says which. */
static void
ports_are_told(void **state)
{
	(void)state;
	observations_reset(&batch);
	matcher_match(matcher, &batch, (struct service){ 17, 13000 }, &hits);
	assert_int_equal(hits.n, 1);
	assert_true(signal_is_port(hits.v[0].signal));
	assert_int_equal(hits.v[0].kind, OBS_SERVER_PORT);
	assert_int_equal(hits.v[0].side, FROM_SERVER);
	assert_int_equal(hits.v[0].num, 13000);
	observe(&batch, OBS_TLS_SNI, FROM_CLIENT, span_str("lan.acme.example"));
	matcher_match(matcher, &batch, (struct service){ 6, 14000 }, &hits);
	assert_string_equal(hits.v[0].signal->id, "lan-named");
	assert_false(signal_is_port(hits.v[0].signal));
	assert_int_equal(hits.v[0].kind, OBS_TLS_SNI);
}

static void
protocols_are_whole_words(void **state)
{
	static const struct {
		const char *protocol;
		uint16_t port;
		const char *ids;
	} cases[] = {
		{ "acme-push", 443, "push" }, { "acme-push", 8123, "push push-port" }, { "acme-pushy", 443, "" },
		{ "acme-pus", 443, "" }, { "Acme-Push", 443, "" }, { "", 443, "" }, { "xacme-push", 8123, "" },
	};

	(void)state;
	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
		observations_reset(&batch);
		observe(&batch, OBS_APP_PROTOCOL, FROM_CLIENT, span_str(cases[i].protocol));
		matcher_match(matcher, &batch, (struct service){ 6, cases[i].port }, &hits);
		if (!are_hit(cases[i].ids))
			fail_hits("protocol", i, cases[i].ids);
		for (unsigned k = 0; k < hits.n; k++)
			assert_int_equal(hits.v[k].kind, OBS_APP_PROTOCOL);
	}
	/* the word in another place is not the protocol */
	observations_reset(&batch);
	observe(&batch, OBS_APP_FIELD, FROM_CLIENT, span_str("acme-push"));
	observe(&batch, OBS_HTTP_AGENT, FROM_CLIENT, span_str("acme-push"));
	matcher_match(matcher, &batch, (struct service){ 6, 443 }, &hits);
	assert_int_equal(hits.n, 0);
}

/* --- CNAME chains -------------------------------------------------------------------------- */

static void
chains_speak_after_the_name_asked_for(void **state)
{
	static const enum obs_kind direct[] = { OBS_TLS_SNI, OBS_HTTP_HOST, OBS_TLS_CERT_NAME, OBS_DNS_QNAME,
		OBS_NAME_DNS };
	static const enum obs_kind chain[] = { OBS_DNS_CNAME, OBS_NAME_CNAME };

	(void)state;
	for (size_t i = 0; i < sizeof direct / sizeof direct[0]; i++) {
		for (size_t k = 0; k < sizeof chain / sizeof chain[0]; k++) {
			observations_reset(&batch);
			observe(&batch, chain[k], FROM_SERVER, span_str("a.upd.acme.example"));
			observe(&batch, direct[i], FROM_CLIENT, span_str("b.upd.acme.example"));
			matcher_match(matcher, &batch, (struct service){ 17, 53 }, &hits);
			assert_int_equal(hits.n, 1);
			assert_int_equal(hits.v[0].kind, direct[i]);
			assert_span(hits.v[0].value, "b.upd.acme.example");
		}
	}
}

/* A name of the vendor's at either end of the chain; the other end is a content network's. */
static void
chains_are_met_at_both_ends(void **state)
{
	(void)state;
	observations_reset(&batch);
	observe(&batch, OBS_DNS_QNAME, FROM_CLIENT, span_str("upd.acme.example"));
	observe(&batch, OBS_DNS_CNAME, FROM_SERVER, span_str("acme.cdn.example"));
	matcher_match(matcher, &batch, (struct service){ 17, 53 }, &hits);
	assert_int_equal(hits.n, 1);
	assert_int_equal(hits.v[0].kind, OBS_DNS_QNAME);
	observations_reset(&batch);
	observe(&batch, OBS_DNS_QNAME, FROM_CLIENT, span_str("updates.customer.example"));
	observe(&batch, OBS_DNS_CNAME, FROM_SERVER, span_str("customer.upd.acme.example"));
	observe(&batch, OBS_DNS_CNAME, FROM_SERVER, span_str("acme.cdn.example"));
	matcher_match(matcher, &batch, (struct service){ 17, 53 }, &hits);
	assert_int_equal(hits.n, 1);
	assert_string_equal(hits.v[0].signal->id, "suffix");
	assert_int_equal(hits.v[0].kind, OBS_DNS_CNAME);
	/* each name of it is judged by itself: two may be met by two signals */
	observe(&batch, OBS_DNS_CNAME, FROM_SERVER, span_str("www.acme.example"));
	matcher_match(matcher, &batch, (struct service){ 17, 53 }, &hits);
	if (!are_hit("suffix brand"))
		fail_hits("chain", 0, "suffix brand");
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(denials_take_away_what_is_weaker_than_proof),
		cmocka_unit_test(denials_are_of_one_vendor),
		cmocka_unit_test(ports_and_transports),
		cmocka_unit_test(ports_are_told),
		cmocka_unit_test(protocols_are_whole_words),
		cmocka_unit_test(chains_speak_after_the_name_asked_for),
		cmocka_unit_test(chains_are_met_at_both_ends),
	};

	return cmocka_run_group_tests(tests, set_up, tear_down);
}
