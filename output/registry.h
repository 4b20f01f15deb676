/* SPDX-License-Identifier: Apache-2.0 */
/* registry - names of protocol numbers, as IANA registers them. */
#ifndef OUTPUT_REGISTRY_H
#define OUTPUT_REGISTRY_H

#include <stdint.h>

enum { REGISTRY_MAX = 24 };

/* Each returns a constant, or the number written to out: "TYPE65", "RCODE24", "0xC02F". */
const char *registry_dns_type(uint64_t, char out[static REGISTRY_MAX]);
const char *registry_dns_rcode(uint64_t, char out[static REGISTRY_MAX]);
const char *registry_tls_suite(uint64_t, char out[static REGISTRY_MAX]);

/* The version's number ("1.2") and its protocol ("ssl", "tls", "dtls"). */
struct registry_version {
	const char *number, *protocol;
};

struct registry_version registry_tls_version(uint64_t, char out[static REGISTRY_MAX]);

#endif
