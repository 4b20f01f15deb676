/* SPDX-License-Identifier: Apache-2.0 */
/* test_filetype - magic numbers, whole and cut short. */
#include "unit.h"

#include "dissectors/filetype.h"

#define B(name, bytes) { name, bytes, sizeof(bytes) - 1 }

static const struct {
	const char *name, *bytes;
	size_t len;
} cases[] = {
	B("zip", "PK\x03\x04\x14\0"), B("gzip", "\x1f\x8b\x08\0"), B("cab", "MSCF\0\0\0\0\x01"), B("pe", "MZ\x90\0"),
	B("elf", "\x7f" "ELF\x02"), B("7z", "7z\xbc\xaf\x27\x1c\0"), B("xz", "\xfd" "7zXZ\0\0"), B("rar", "Rar!\x1a\x07\0"),
	B("ole", "\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"), B("zstd", "\x28\xb5\x2f\xfd"), B("xml", "<?xml version"),
	B("ar", "!<arch>\ndebian"), B("bzip2", "BZh9"), B("script", "#!/bin/sh"), B("crx", "Cr24\x03"),
	B("xar", "xar!\0"), B("mach-o", "\xcf\xfa\xed\xfe"), B("rpm", "\xed\xab\xee\xdb\x03"),
};

static void
knows_formats(void **state)
{
	uint8_t tar[300] = { 0 };

	(void)state;
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		const char *got = filetype((struct span){ (const uint8_t *)cases[i].bytes, cases[i].len });

		assert_non_null(got);
		assert_string_equal(got, cases[i].name);
	}
	memcpy(tar + 257, "ustar", 5);
	assert_string_equal(filetype((struct span){ tar, sizeof tar }), "tar");
	assert_null(filetype((struct span){ tar, 261 }));
}

/* Half a magic is none, whatever follows in memory. */
static void
needs_all_of_it(void **state)
{
	(void)state;
	assert_null(filetype((struct span){ NULL, 0 }));
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
		assert_null(filetype((struct span){ (const uint8_t *)cases[i].bytes, 1 }));
	assert_null(filetype((struct span){ (const uint8_t *)"PK\x03", 3 }));
	assert_null(filetype((struct span){ (const uint8_t *)"ClamAV-VDB:", 11 }));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(knows_formats),
		cmocka_unit_test(needs_all_of_it),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
