/* SPDX-License-Identifier: Apache-2.0 */
/*
 * err - one sentence that says why a set-up call failed.
 *
 * A function that can fail at start takes a struct err *, returns -1 (or NULL)
 * and leaves one sentence without newline, naming the file, the place and what
 * would be right.  Only app/ prints it.  Nothing on the packet path uses this.
 */
#ifndef CORE_ERR_H
#define CORE_ERR_H

#include <stdarg.h>
#include <stdio.h>

struct err {
	char text[1024];
};

/* Always returns -1, so that "return err_set(err, ...)" reads well. */
__attribute__((format(printf, 2, 3))) static inline int
err_set(struct err *err, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(err->text, sizeof err->text, fmt, ap);
	va_end(ap);
	return -1;
}

#endif
