/* SPDX-License-Identifier: Apache-2.0 */
/* replay - runs the inputs of a corpus folder through a fuzz target, with any compiler: make check does. */
#include <dirent.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

static int
one(const char *folder, const char *name)
{
	enum { MAX = 1 << 20 };
	char path[4096];
	uint8_t *data = malloc(MAX), *exact;
	size_t len;
	FILE *f;

	snprintf(path, sizeof path, "%s/%s", folder, name);
	f = fopen(path, "rb");
	if (f == NULL || data == NULL) {
		perror(path);
		exit(1);
	}
	len = fread(data, 1, MAX, f);
	fclose(f);
	/* Exactly as long as the input, so that a step too far is seen. */
	exact = realloc(data, len > 0 ? len : 1);
	LLVMFuzzerTestOneInput(exact, len);
	free(exact);
	return 1;
}

int
main(int argc, char **argv)
{
	DIR *d = argc > 1 ? opendir(argv[1]) : NULL;
	struct dirent *e;
	int n = 0;

	if (d == NULL) {
		fprintf(stderr, "replay: no corpus folder %s\n", argc > 1 ? argv[1] : "");
		return 1;
	}
	while ((e = readdir(d)) != NULL)
		if (e->d_name[0] != '.')
			n += one(argv[1], e->d_name);
	closedir(d);
	printf("ok fuzz corpus %s: %d inputs\n", argv[1], n);
	return n > 0 ? 0 : 1;
}
