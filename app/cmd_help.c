/* SPDX-License-Identifier: Apache-2.0 */
/* cmd_help - how to use telltale. */
#include <stdio.h>
#include <string.h>

#include "app/app.h"

static const char intro[] =
    "telltale tells which security products update themselves or phone home from a\n"
    "network: from which host, to whom, to which country and network, what for.\n"
    "Captures in, JSON events (ECS) out.\n"
    "\n"
    "  telltale -r capture.pcap                     events of a file, one JSON line each\n"
    "  telltale -r *.pcapng -o events.ndjson        several files in order\n"
    "  tcpdump -w - | telltale -r -                 from a pipe\n"
    "  telltale -i eth0 'not port 22'               from a span port, with a filter\n"
    "  telltale explain update.example.net          what the catalogue says of a name\n"
    "\n"
    "Commands:\n";

static const char run_help[] =
    "usage: telltale [run] (-r FILE... | -i IFACE) [options] [BPF filter]\n"
    "\n"
    "Input\n"
    "  -r FILE...           capture files (pcap, pcapng), read in order; - is standard input\n"
    "  -i IFACE             live capture; may be given several times\n"
    "  -c N                 stop after N frames that passed the filter\n"
    "  -s BYTES             live: snap length\n"
    "  filter               trailing words: see pcap-filter(7)\n"
    "\n"
    "Output\n"
    "  -o FILE              events go there instead of to standard output\n"
    "  --all-flows          write telltale.flow for every flow, recognised or not\n"
    "  --categories LIST    what is reported: security (default), os, software, all\n"
    "  -q                   no progress, no summary\n"
    "\n"
    "Knowledge\n"
    "  --geo-country FILE   country database (MMDB); may be given several times\n"
    "  --geo-asn FILE       ASN database (MMDB)\n"
    "  --geo-overrides FILE lines 'prefix country [asn [name]]' that beat every database\n"
    "  --catalog DIR        vendor files\n"
    "  --ndpi auto|all|off  when nDPI is asked for a second opinion\n"
    "\n"
    "Limits and settings\n"
    "  --max-flows N        flows remembered at once (500000); beyond it the flow without\n"
    "                       payload that would time out first is forgotten, and counted\n"
    "  --max-memory SIZE    budget for flows, streams and names (512MiB)\n"
    "  -C FILE              configuration (else ~/.config/telltale/telltale.yaml, else\n"
    "                       /etc/telltale/telltale.yaml, else built-in defaults)\n"
    "  --set KEY=VALUE      one setting; 'telltale help settings' lists them\n"
    "  --state FILE         keep the inventory of products in FILE over restarts\n"
    "  --no-sandbox         keep privileges and system calls\n"
    "\n"
    "Exit status: 0 done, 1 failed, 2 usage or configuration, 3 an input was cut short or\n"
    "not every event was delivered.\n"
    "\n"
    "Example: telltale -r office.pcap --geo-country country.mmdb tcp or udp port 53\n";

static const char explain_help[] =
    "usage: telltale explain [options] HOST|URL|ADDRESS|AGENT...\n"
    "\n"
    "Says which signals of the catalogue a host name, a URL, an address or a user agent\n"
    "would meet, in rank order, with their sources; which of them count and why others do\n"
    "not; and to whom it would be attributed. For an address also its country and network.\n"
    "\n"
    "  --agent TEXT         the user agent of the request; alone, it is what is asked about\n"
    "  --header \"NAME: VAL\" another header of it; may be given several times\n"
    "  --txt TEXT           the text of a TXT answer to that name, or alone\n"
    "  --port N             the server's port (443, or what a URL says)\n"
    "  --transport tcp|udp  only signals of this transport\n"
    "  --json               a line of JSON for each question\n"
    "  -C FILE, --set KEY=VALUE, --catalog DIR, --geo-country FILE, --geo-asn FILE   as in run\n"
    "\n"
    "Example: telltale explain http://94.75.236.123/updaters/updater.xml.dif\n";

static const char catalog_help[] =
    "usage: telltale catalog [options] [VENDOR...]\n"
    "\n"
    "Lists the vendors of the catalogue, with the number of their products and signals, by\n"
    "purpose; or tells all about the vendors that are named: products, networks, signals\n"
    "with what they ask for, where each fact is from, and why some are off.\n"
    "\n"
    "  --category NAME      vendors with a signal of it: security, os, software\n"
    "  --json               everything, as one JSON document\n"
    "  -C FILE, --set KEY=VALUE, --catalog DIR   as in run\n"
    "\n"
    "Example: telltale catalog --category os\n";

static const char check_help[] =
    "usage: telltale check [options]\n"
    "\n"
    "Loads everything that a start would load (configuration, catalogue, databases), says\n"
    "what it found, and exits 0 when all of it is in order, 2 when it is not.\n"
    "\n"
    "  -C FILE, --set KEY=VALUE, --catalog DIR, --geo-country FILE, --geo-asn FILE   as in run\n"
    "\n"
    "Example: telltale check -C telltale.yaml\n";

static void
setting_line(const char *key, const char *takes, const char *help)
{
	printf("  %-18s %-28s %s\n", key, takes, help);
}

int
help_on(const char *topic)
{
	if (strcmp(topic, "run") == 0) {
		fputs(run_help, stdout);
	} else if (strcmp(topic, "explain") == 0) {
		fputs(explain_help, stdout);
	} else if (strcmp(topic, "catalog") == 0) {
		fputs(catalog_help, stdout);
	} else if (strcmp(topic, "check") == 0) {
		fputs(check_help, stdout);
	} else if (strcmp(topic, "settings") == 0) {
		printf("Settings of telltale.yaml (a dot is a level of it) and of --set:\n");
		options_describe(setting_line);
	} else if (topic[0] == '\0' || strcmp(topic, "help") == 0) {
		fputs(intro, stdout);
		for (const struct command *c = commands; c->name != NULL; c++)
			printf("  %-10s %s\n", c->name, c->summary);
		printf("\n'telltale help COMMAND' tells more; so do telltale(1), telltale-events(5) and "
		    "telltale-catalog(5).\n");
	} else {
		complain("no help on '%s'; there is help on run, explain, catalog, check and settings", topic);
		return EXIT_USAGE;
	}
	return EXIT_DONE;
}

int
cmd_help(int argc, char **argv)
{
	return help_on(argc > 1 ? argv[1] : "");
}
