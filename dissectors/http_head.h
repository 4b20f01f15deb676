/* SPDX-License-Identifier: Apache-2.0 */
/*
 * http_head - the head of one HTTP/1 message: start line and header fields
 * (RFC 9110, RFC 9112).  Pure functions of bytes; what a head means for the
 * connection is decided in http.c.
 *
 * Read leniently, as servers do: lines may end in LF alone, values may be
 * folded, a target may hold spaces and any byte but LF.
 */
#ifndef DISSECTORS_HTTP_HEAD_H
#define DISSECTORS_HTTP_HEAD_H

#include <stdbool.h>
#include <stdint.h>

#include "core/rd.h"
#include "dissectors/observation.h"

enum {
	HTTP_START_MAX = 32,		/* bytes after which http_start() never answers SHORT */
	HTTP_METHOD_MAX = 20,
	HTTP_NAME_MAX = 255,		/* of a host, of a media type */
	HTTP_HEADERS_MAX = 24,		/* header fields a head that are observed as such */
	HTTP_HEADER_TEXT = 320,		/* bytes of "name: value"; the rest of the value is cut */
};

/* All spans are borrowed from the bytes of the head; one without bytes was not there. */
struct http_head {
	struct span method, version;	/* version: "1.1" */
	struct span host, path, query;
	struct span agent, referer, server, location, type;
	struct span fields;		/* the header fields, all of them */
	unsigned status;		/* 100 to 999; 0 in a request */
	uint16_t port;			/* 0: none was named */
	bool http2;			/* "PRI * HTTP/2.0": HTTP/2 with prior knowledge */
	bool connect, head;		/* methods that change how the answer is framed */
	bool proxy;			/* CONNECT or absolute-form */
	bool expect;			/* 100-continue: the body may never be sent */
	bool has_host;			/* a Host field was seen */
	bool has_length, bad_length;
	uint64_t length;
	bool coded, chunked;		/* Transfer-Encoding is there; chunked is its last coding */
	unsigned malformed;
};

/* Could a message from that side begin with data?  OK, SHORT or BAD, in about 100 ns. */
enum rd_state http_start(enum side, struct span data);

/* head: all bytes up to and with the empty line.  false: its start line is none. */
bool http_head_read(enum side, struct span head, struct http_head *);

void http_head_observe(const struct http_head *, enum side, struct observations *);

#endif
