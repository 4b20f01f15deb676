/* SPDX-License-Identifier: Apache-2.0 */
/* fuzz_cert - certificates (RFC 5280): libcrypto parses, our texts stay terminated and in bounds. */
#include <stdlib.h>

#include "core/crypto.h"

int LLVMFuzzerTestOneInput(const uint8_t *, size_t);

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	static struct crypto *crypto;
	struct cert c;
	struct err err;

	if (crypto == NULL && (crypto = crypto_new(&err)) == NULL)
		abort();
	if (!crypto_cert(crypto, (struct span){ data, len }, &c))
		return 0;
	if (strnlen(c.subject, CERT_TEXT_MAX) == CERT_TEXT_MAX ||
	    strnlen(c.issuer, CERT_TEXT_MAX) == CERT_TEXT_MAX ||
	    strnlen(c.common_name, CERT_TEXT_MAX) == CERT_TEXT_MAX ||
	    strnlen(c.serial, sizeof c.serial) == sizeof c.serial || strlen(c.sha256) != 64 ||
	    c.n_sans > CERT_SANS_MAX)
		abort();
	for (unsigned i = 0; i < c.n_sans; i++)
		if (c.sans[i][0] == '\0' || strnlen(c.sans[i], CERT_TEXT_MAX) == CERT_TEXT_MAX)
			abort();
	return 0;
}
