/* SPDX-License-Identifier: Apache-2.0 */
/* fuzz_pins - an overrides file: refused, or its pins can be searched. */
#include "geo/pins.h"

#include <stdio.h>
#include <sys/mman.h>
#include <unistd.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	static const uint8_t v4[4] = { 198, 51, 100, 7 };
	struct addr addr = addr_v4(v4);
	int fd = memfd_create("fuzz", MFD_CLOEXEC);
	struct pins *pins = NULL;
	struct err err;
	char path[32];

	snprintf(path, sizeof path, "/proc/self/fd/%d", fd);
	if (fd >= 0 && write(fd, data, len) == (ssize_t)len && pins_load(&pins, path, &err) == 0)
		(void)pins_find(pins, &addr);
	close(fd);
	pins_free(&pins);
	return 0;
}
