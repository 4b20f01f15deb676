/* SPDX-License-Identifier: Apache-2.0 */
/* filetype - magic numbers of archives, programs and documents (APPNOTE, MS-CAB, PE/COFF, ELF, RFC 1952 ...). */
#include "dissectors/filetype.h"

#include <stdbool.h>

struct magic {
	const char *name;
	unsigned at;
	const char *bytes;
	unsigned len;
};

#define MAGIC(name, at, bytes) { name, at, bytes, sizeof(bytes) - 1 }

/* The more bytes, the earlier. */
static const struct magic magics[] = {
	MAGIC("cab", 0, "MSCF\0\0\0\0"),
	MAGIC("ole", 0, "\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"),	/* MSI among others: MS-CFB */
	MAGIC("rar", 0, "Rar!\x1a\x07"),
	MAGIC("7z", 0, "7z\xbc\xaf\x27\x1c"),
	MAGIC("xz", 0, "\xfd" "7zXZ\0"),
	MAGIC("ar", 0, "!<arch>\n"),				/* Debian packages */
	MAGIC("tar", 257, "ustar"),
	MAGIC("xml", 0, "<?xml"),
	MAGIC("html", 0, "<!DOCTYPE html"),
	MAGIC("html", 0, "<html"),
	MAGIC("pdf", 0, "%PDF-"),
	MAGIC("zip", 0, "PK\x03\x04"),
	MAGIC("elf", 0, "\x7f" "ELF"),
	MAGIC("rpm", 0, "\xed\xab\xee\xdb"),
	MAGIC("zstd", 0, "\x28\xb5\x2f\xfd"),
	MAGIC("lz4", 0, "\x04\x22\x4d\x18"),
	MAGIC("mach-o", 0, "\xcf\xfa\xed\xfe"),
	MAGIC("mach-o", 0, "\xca\xfe\xba\xbe"),
	MAGIC("crx", 0, "Cr24"),
	MAGIC("xar", 0, "xar!"),				/* packages of macOS */
	MAGIC("bzip2", 0, "BZh"),
	MAGIC("gzip", 0, "\x1f\x8b\x08"),
	MAGIC("script", 0, "#!"),
	MAGIC("pe", 0, "MZ"),
};

static bool
shows(const struct magic *m, struct span head)
{
	struct rd r = rd_closed(head.p, head.len);
	uint8_t bytes[16];

	rd_skip(&r, m->at);
	return rd_copy(&r, bytes, m->len) && memcmp(bytes, m->bytes, m->len) == 0;
}

const char *
filetype(struct span head)
{
	for (unsigned i = 0; i < sizeof magics / sizeof magics[0]; i++)
		if (shows(&magics[i], head))
			return magics[i].name;
	return NULL;
}
