/* SPDX-License-Identifier: Apache-2.0 */
/* fuzz_geo - a database file (MaxMind DB format 2.0): refused, or every look-up in it ends. */
#include "geo/geo.h"

#include <stdio.h>
#include <sys/mman.h>
#include <unistd.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	static const uint8_t v4[2][4] = { { 198, 51, 100, 7 }, { 94, 75, 236, 123 } };
	static const uint8_t v6[16] = { 0x20, 0x01, 0x0d, 0xb8, 0x01, 0x13 };
	struct addr addr[3] = { addr_v4(v4[0]), addr_v4(v4[1]), addr_v6(v6) };
	struct geo *geo = geo_new();
	int fd = memfd_create("fuzz", MFD_CLOEXEC);
	struct geo_answer answer;
	struct err err;
	char path[32];

	snprintf(path, sizeof path, "/proc/self/fd/%d", fd);
	if (geo != NULL && fd >= 0 && write(fd, data, len) == (ssize_t)len) {
		(void)geo_open(geo, GEO_COUNTRY, path, &err);
		(void)geo_open(geo, GEO_ASN, path, &err);
		for (size_t i = 0; i < 3; i++)
			geo_look(geo, &addr[i], &answer);
	}
	close(fd);
	geo_free(&geo);
	return 0;
}
