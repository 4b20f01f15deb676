/* SPDX-License-Identifier: Apache-2.0 */
/* mkcatalog_alike - names that look like those of a vendor and are not, and names that are odd. */
#include <stdlib.h>

#include "mkcatalog.h"

enum { NAME_MAX_TEXT = 253, LABEL_MAX = 63, PORT_TLS = 443, PORT_DNS = 53 };

/* A name as it is asked for over DNS and over TLS. */
static void
ask(struct maker *m, const char *expect, const struct signal *s, const char *name)
{
	struct ends e;

	maker_lookup(m, CROWD_ALIKE, expect, s, name, NULL);
	maker_ends(m, CROWD_ALIKE, 6, PORT_TLS, &e);
	wire_tls(&m->wire, &e, name, strlen(name));
	maker_truth(m, &e, "tls", expect, s, span_str(name), NULL);
}

/* Where the last two labels begin. */
static size_t
last_two(const char *name)
{
	size_t at = strlen(name);

	for (unsigned dots = 0; at > 0; at--)
		if (name[at - 1] == '.' && ++dots == 2)
			break;
	return at;
}

void
maker_alike(struct maker *m, const struct signal *s)
{
	/* Before the first label, before the last two, and after all of it. */
	static const struct { const char *first, *domain, *after; } forms[] = {
		{ "x", "", "" }, { "", "not", "" }, { "xn--", "", "" }, { "", "xn--", "" }, { "", "a-", "" },
		{ "", "", ".evil.example" }, { "", "", ".example" }, { "", "", "x" },
	};
	const char *host = s->host != NULL ? s->host : s->host_exact;
	size_t at = last_two(host);
	char name[TEXT_MAX];

	for (size_t i = 0; i < sizeof forms / sizeof *forms; i++) {
		snprintf(name, sizeof name, "%s%.*s%s%s%s", forms[i].first, (int)at, host, forms[i].domain, host + at,
		    forms[i].after);
		ask(m, EXPECT_UNCLAIMED, s, name);
	}
	/* What stands before the name is in no way bound to it. */
	if (s->host_exact != NULL) {
		snprintf(name, sizeof name, "a1.%s", host);
		ask(m, EXPECT_UNCLAIMED, s, name);
	}
}

/* labels: bytes on the wire of DNS; text: bytes in a ClientHello.  Two names that need not be the same. */
static void
ask_bytes(struct maker *m, const void *labels, size_t n_labels, struct span text)
{
	struct built wire = { .len = 0 };
	struct ends e;

	put(&wire, labels, n_labels);
	maker_ends(m, CROWD_ALIKE, 17, PORT_DNS, &e);
	wire_dns(&m->wire, &e, &wire, 1, "192.0.2.1");
	maker_truth(m, &e, "dns", EXPECT_UNCLAIMED, NULL, text, NULL);
	maker_ends(m, CROWD_ALIKE, 6, PORT_TLS, &e);
	wire_tls(&m->wire, &e, (const char *)text.p, text.len);
	maker_truth(m, &e, "tls", EXPECT_UNCLAIMED, NULL, text, NULL);
}

/* As long as a name can be: labels of a's before it. */
static void
longest(const char *end, char out[static NAME_MAX_TEXT + 1])
{
	size_t n = NAME_MAX_TEXT - strlen(end);

	for (size_t i = 0; i < n; i++)
		out[i] = (n - 1 - i) % (LABEL_MAX + 1) == 0 ? '.' : 'a';
	snprintf(out + n, NAME_MAX_TEXT + 1 - n, "%s", end);
}

void
maker_odd(struct maker *m)
{
	static const char *const plain[] = { "xupd.kaspersky.com.evil.example", "notkaspersky.com", "reset.example.com",
		"kaspersky.com.example", "kaspersky.com.", "UPD.kASPERSKY.cOM", "kaspersky.co", "kaspersky.comm",
		"kaspersky-com.example", "www.example.com", "com", "localhost", "_dns.resolver.arpa",
		"xn--kaspersky-abc.com" };
	static const char nul[] = "\4upd\0\11kaspersky\3com";	/* the label is "upd" and a NUL */
	static const char dot[] = "\15upd.kaspersky\3com";	/* one label has a dot in it */
	static const char back[] = "\4upd\\\11kaspersky\3com";
	static const char space[] = "\4upd \11kaspersky\3com";
	char name[NAME_MAX_TEXT + 1];

	for (size_t i = 0; i < sizeof plain / sizeof *plain; i++)
		ask(m, EXPECT_UNCLAIMED, NULL, plain[i]);
	longest("kaspersky.com.evil.example", name);
	ask(m, EXPECT_UNCLAIMED, NULL, name);
	longest("kaspersky.com", name);
	ask(m, EXPECT_UNCLAIMED, NULL, name);
	ask_bytes(m, nul, sizeof nul, (struct span){ (const uint8_t *)"upd\0.kaspersky.com", 18 });
	ask_bytes(m, dot, sizeof dot, span_str("upd\\.kaspersky.com"));
	ask_bytes(m, back, sizeof back, span_str("upd\\.kaspersky.com"));
	ask_bytes(m, space, sizeof space, span_str("upd .kaspersky.com"));
	ask_bytes(m, "", 1, span_str("."));
	ask_bytes(m, "", 1, span_str("..kaspersky.com"));
	ask_bytes(m, "", 1, span_str(".kaspersky.com"));
	ask_bytes(m, "", 1, span_str("kaspersky.com.."));
}
