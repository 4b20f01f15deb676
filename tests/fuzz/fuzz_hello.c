/* SPDX-License-Identifier: Apache-2.0 */
/* fuzz_hello - both hellos and their fingerprints; the first byte chooses which, and whether it was cut. */
#include <stdlib.h>

#include "dissectors/ja.h"

int LLVMFuzzerTestOneInput(const uint8_t *, size_t);

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	static struct observations obs;
	static struct crypto *crypto;
	struct client_hello client;
	struct server_hello server;
	struct rd in = rd_closed(data, len), r;
	struct err err;
	uint8_t choice = rd_u8(&in);

	if (crypto == NULL && (crypto = crypto_new(&err)) == NULL)
		abort();
	observations_reset(&obs);
	r = rd_fork(&in);
	r.open = (choice & 2) != 0;
	if ((choice & 1) == 0) {
		enum rd_state s = hello_read(&r, &client);

		hello_observe(&client, FROM_CLIENT, &obs);
		if (s == RD_OK)
			ja_observe_client(crypto, &client, 't', FROM_CLIENT, &obs);
	} else if (server_hello_read(&r, &server) == RD_OK) {
		ja_observe_server(crypto, &server, FROM_SERVER, &obs);
	}
	if (rd_state(&r) == RD_SHORT && !r.open)
		abort();
	return 0;
}
