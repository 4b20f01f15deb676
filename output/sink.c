/* SPDX-License-Identifier: Apache-2.0 */
/* sink - THE TABLE: where events can go. */
#include "output/sink.h"

#include <string.h>

const struct sink *const sinks[] = {
	&stdout_sink,
	&file_sink,
	NULL,
};

/* Letters before a colon: too much like a kind to be taken for a path. */
static size_t
kind_len(const char *target)
{
	size_t n = strspn(target, "abcdefghijklmnopqrstuvwxyz");

	return target[n] == ':' ? n : 0;
}

const struct sink *
sink_find(const char *target, const char **rest, struct err *err)
{
	size_t n = kind_len(target);

	*rest = target;
	if (target[0] == '\0') {
		err_set(err, "output: the name is empty; give -, a path, or file:PATH");
		return NULL;
	}
	if (strcmp(target, stdout_sink.name) == 0)
		return &stdout_sink;
	if (n == 0)
		return &file_sink;
	for (const struct sink *const *s = sinks; *s != NULL; s++)
		if (strlen((*s)->name) == n && strncmp((*s)->name, target, n) == 0) {
			*rest = target + n + 1;
			return *s;
		}
	err_set(err, "output %s: unknown kind \"%.*s\"; give -, a path, or file:PATH (./%s is a path)",
	    target, (int)n, target, target);
	return NULL;
}
