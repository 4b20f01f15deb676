/* SPDX-License-Identifier: Apache-2.0 */
/* explain_text - signals and explanations for people. */
#include "app/explain.h"

#include <ctype.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

void
say(const char *fmt, ...)
{
	char text[4096];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(text, sizeof text, fmt, ap);
	va_end(ap);
	for (char *p = text; *p != '\0'; p++)
		if (iscntrl((unsigned char)*p))
			*p = '?';
	puts(text);
}

/* --- a signal ------------------------------------------------------------------ */

static const char *
means_text(enum means means)
{
	static const char *const texts[MEANS_N] = {
		[MEANS_PRODUCT] = "", [MEANS_ENGINE] = "; whose engine, not whose product",
		[MEANS_NOT] = "; that it is not the vendor's product",
		[MEANS_RESOLVER] = "; a public resolver", [MEANS_OUTER] = "; the outer name of encrypted hellos",
	};

	return texts[means];
}

void
signal_print(const struct signal *s, const char *indent)
{
	struct ask asks[ASK_MAX];
	unsigned n = signal_asks(s, asks);

	say("%ssays       %s, %s%s%s, category %s%s", indent, purpose_name(s->purpose), strength_name(s->strength),
	    s->product != NULL ? ", product " : "", s->product != NULL ? s->product->name : "",
	    category_name(s->category), means_text(s->means));
	for (unsigned i = 0; i < n; i++)
		say("%sasks for   %s: %s", indent, asks[i].key, asks[i].value);
	for (unsigned i = 0; i < s->n_versions; i++)
		say("%sversion    %s", indent, s->versions[i]);
	if (!s->enabled)
		say("%soff        %s", indent, s->reason);
	if (s->note != NULL)
		say("%snote       %s", indent, s->note);
	for (unsigned i = 0; i < s->n_sources; i++)
		say("%ssource     %s%s%s (checked %s)", indent, s->sources[i].title,
		    s->sources[i].url != NULL ? " " : "", s->sources[i].url != NULL ? s->sources[i].url : "",
		    s->sources[i].checked);
	say("%swritten in %s:%u", indent, s->file, s->line);
}

/* --- an explanation ---------------------------------------------------------------- */

static const char *
mark_of(const struct explained *e)
{
	switch (e->fate) {
	case FATE_OFF: return "  (off)";
	case FATE_LESS: return "  (overshadowed)";
	case FATE_SUPPRESSED: return "  (suppressed)";
	case FATE_NOT: return "  (not evidence)";
	case FATE_HIDES: return e->hit.signal->means == MEANS_OUTER ? "  (outer name)" : "  (resolver)";
	case FATE_PORT: return "  (a port alone)";
	default: return "";
	}
}

/* Each signal that this one takes the weight from. */
static void
print_suppressed(const struct explanation *x, const struct signal *by)
{
	for (unsigned i = 0; i < x->n_hits; i++)
		if (x->hits[i].fate == FATE_SUPPRESSED && x->hits[i].by == by)
			say("      suppresses %s/%s", by->vendor->id, x->hits[i].hit.signal->id);
}

static void
print_fate(const struct explanation *x, const struct explained *e)
{
	const struct signal *s = e->hit.signal, *by = e->by;

	switch (e->fate) {
	case FATE_LESS:
		if (by != NULL)
			say("      because    %s/%s is more specific", by->vendor->id, by->id);
		break;
	case FATE_SUPPRESSED:
		say("      because    %s/%s says that this is not the vendor's product", by->vendor->id, by->id);
		break;
	case FATE_NOT:
		say("      not evidence: %s",
		    s->note != NULL ? s->note : "it looks like the vendor's product and is not");
		print_suppressed(x, s);
		break;
	case FATE_HIDES:
		say("      so         no contact is reported; what is asked for there %s", s->means == MEANS_OUTER ?
		    "stays hidden in the encrypted hello" : "over TLS or QUIC stays hidden");
		break;
	case FATE_PORT:
		say("      so         believed only of a client or server that is known for more of %s",
		    s->vendor->id);
		break;
	default:
		break;
	}
}

static void
print_hit(const struct explanation *x, const struct explained *e)
{
	say("  %s/%s%s", e->hit.signal->vendor->id, e->hit.signal->id, mark_of(e));
	say("      met by     %s", obs_kind_name(e->hit.kind));
	print_fate(x, e);
	signal_print(e->hit.signal, "      ");
}

static void
print_found(const struct attribution *a)
{
	say("  => %s (%s)%s%s%s%s, %s, %s, confidence %u", a->vendor->name, a->vendor->seat,
	    a->product != NULL ? ", " : "", a->product != NULL ? a->product->name : "",
	    a->engine != NULL ? ", engine of " : "", a->engine != NULL ? a->engine->name : "",
	    purpose_name(a->purpose), a->present ? "present" : "contact", a->confidence);
}

/* What a signal asks for besides the name, on one line. */
static void
print_one_more(const struct signal *s)
{
	struct ask asks[ASK_MAX];
	char text[2048] = "";
	unsigned n = signal_asks(s, asks);
	size_t len = 0;

	for (unsigned i = 0; i < n && len < sizeof text; i++)
		if (strncmp(asks[i].key, "host", 4) != 0)
			len += (size_t)snprintf(text + len, sizeof text - len, "%s%s: %s", len > 0 ? "; " : "",
			    asks[i].key, asks[i].value);
	say("      %s/%s%s, %s, %s, with %s", s->vendor->id, s->id, s->enabled ? "" : " (off)",
	    purpose_name(s->purpose), strength_name(s->strength), text);
}

static void
print_more(const struct explanation *x)
{
	if (x->n_more > 0)
		say("  asked for together with more by");
	for (unsigned i = 0; i < x->n_more; i++)
		print_one_more(x->more[i]);
	if (x->more_dropped > 0)
		say("      and %u more", x->more_dropped);
}

static void
print_address(const struct explanation *x)
{
	const struct geo_answer *g = &x->geo;
	bool elsewhere = g->registered[0] != '\0' && strcmp(g->registered, g->country) != 0;

	if (addr_is_private(&x->address))
		say("  a private or reserved address: nobody's on the Internet");
	else if (!g->looked_up)
		say("  country and network unknown: no database ('make geodb' fetches free ones)");
	else
		say("  country %s%s%s, AS%u %s", g->country[0] != '\0' ? g->country : "unknown",
		    elsewhere ? ", registered in " : "", elsewhere ? g->registered : "", g->asn, g->organization);
	for (unsigned i = 0; i < g->n_opinions; i++)
		say("      %s says %s", g->opinions[i].db->type,
		    g->opinions[i].cc[0] != '\0' ? g->opinions[i].cc : "nothing");
	for (unsigned i = 0; i < x->n_owners; i++)
		say("  a network of %s: supports what a name or a path says, proves nothing alone",
		    x->owners[i]->name);
}

void
explain_print(const struct explanation *x)
{
	char text[SAFE_TEXT_MAX];

	say("%s", safe_text(x->question, text));
	for (unsigned i = 0; i < x->n_notes; i++)
		say("  %s", safe_text(x->notes[i], text));
	if (x->n_hits == 0 && x->n_more == 0 && strcmp(x->kind, "address") != 0)
		say("  not in the catalogue");
	else if (x->n_found == 0 && x->n_hits + x->n_more > 0)
		say("  nothing follows from it: no event of a run would name a vendor");
	for (unsigned i = 0; i < x->n_found; i++)
		print_found(&x->found[i]);
	for (unsigned i = 0; i < x->n_found; i++)
		if ((x->categories >> x->found[i].category & 1) == 0)
			say("     not reported by a run without --categories %s",
			    category_name(x->found[i].category));
	for (unsigned i = 0; i < x->n_hits; i++)
		print_hit(x, &x->hits[i]);
	if (x->dropped > 0)
		say("  and %u more, which say less", x->dropped);
	print_more(x);
	if (x->has_address)
		print_address(x);
}
