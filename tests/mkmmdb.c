/* SPDX-License-Identifier: Apache-2.0 */
/* mkmmdb FOLDER - write the tests' country.mmdb, country2.mmdb and asn.mmdb there. */
#include "mmdb_set.h"

int
main(int argc, char **argv)
{
	if (argc != 2) {
		fprintf(stderr, "usage: mkmmdb FOLDER\n");
		return 2;
	}
	mmdb_set_write(argv[1]);
	return 0;
}
