/* SPDX-License-Identifier: Apache-2.0 */
/* keyfile - the key under which identifiers are hashed: the operator's, else this machine's. */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/random.h>

#include "app/app.h"
#include "core/crypto.h"

enum { KEY_FILE_MIN = 16, KEY_FILE_MAX = 4096 };

/* Bytes of the file, KEY_FILE_MAX at most; -1 when it cannot be read. */
static long
slurp(const char *path, uint8_t out[static KEY_FILE_MAX])
{
	FILE *f = fopen(path, "re");
	size_t n;

	if (f == NULL)
		return -1;
	n = fread(out, 1, KEY_FILE_MAX, f);
	if (ferror(f)) {
		fclose(f);
		return -1;
	}
	fclose(f);
	return (long)n;
}

/* Whoever reads events must not be able to try keys, so the machine's id is not the key itself (machine-id(5)). */
static int
derive(const uint8_t *material, size_t n, uint8_t key[static DIGEST_MAX], struct err *err)
{
	static const char purpose[] = "telltale: identifiers in events";
	uint8_t text[sizeof purpose + KEY_FILE_MAX];
	struct crypto *c = crypto_new(err);

	if (c == NULL)
		return -1;
	memcpy(text, purpose, sizeof purpose);
	memcpy(text + sizeof purpose, material, n);
	crypto_digest(c, DIGEST_SHA256, (struct span){ text, sizeof purpose + n }, key);
	crypto_free(&c);
	return 0;
}

int
app_secret_key(const struct options *o, uint8_t key[static 32], bool *lasting, struct err *err)
{
	uint8_t material[KEY_FILE_MAX];
	long n;

	*lasting = true;
	if (o->secrets_key_file != NULL) {
		n = slurp(o->secrets_key_file, material);
		if (n < 0)
			return err_set(err, "%s: %s", o->secrets_key_file, strerror(errno));
		if (n < KEY_FILE_MIN)
			return err_set(err, "%s: %ld bytes are too few for a key; expected %d or more, such as "
			    "'head -c 32 /dev/urandom' makes", o->secrets_key_file, n, KEY_FILE_MIN);
		return derive(material, (size_t)n, key, err);
	}
	n = slurp("/etc/machine-id", material);
	if (n >= KEY_FILE_MIN)
		return derive(material, (size_t)n, key, err);
	*lasting = false;
	if (getrandom(key, 32, 0) != 32)
		return err_set(err, "no random bytes: %s", strerror(errno));
	return 0;
}
