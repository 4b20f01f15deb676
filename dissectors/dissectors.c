/* SPDX-License-Identifier: Apache-2.0 */
/* dissectors - THE TABLE: which protocols we read ourselves, in the order they are tried. */
#include "dissectors/dissector.h"

const struct dissector *const dissectors[] = {
	&tls_dissector,
	&http_dissector,
	&quic_dissector,
	&dns_udp_dissector,
	&dns_tcp_dissector,
	&nosa_dissector,
	&fls_udp_dissector,
	&fls_tcp_dissector,
	&ossec_udp_dissector,
	&ossec_tcp_dissector,
	&dnscrypt_udp_dissector,
	&dnscrypt_tcp_dissector,
	&drwcs_udp_dissector,
	&drwcs_tcp_dissector,
	&fgd_dissector,
	NULL,
};
