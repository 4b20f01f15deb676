/* SPDX-License-Identifier: Apache-2.0 */
/* dissectors - THE TABLE: which protocols we read ourselves, in the order they are tried. */
#include "dissectors/dissector.h"

const struct dissector *const dissectors[] = {
	&tls_dissector,
	&http_dissector,
	&dns_udp_dissector,
	&dns_tcp_dissector,
	NULL,
};
