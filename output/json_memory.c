/* SPDX-License-Identifier: Apache-2.0 */
/* json_memory - the documents of events live for microseconds: their memory is a stack that is emptied at once. */
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>

#include "output/json.h"

#if defined(__SANITIZE_ADDRESS__)
enum { STACK = 0 };			/* a sanitizer sees each piece by itself */
#else
enum { STACK = 256 * 1024 };
#endif

static _Thread_local _Alignas(16) uint8_t stack[STACK + 16];
static _Thread_local size_t used;
static _Thread_local bool in_use;

static void *
take(size_t n)
{
	size_t rounded = (n + 15) & ~(size_t)15;
	void *p;

	if (!in_use || rounded < n || rounded > STACK - used)
		return malloc(n);
	p = stack + used;
	used += rounded;
	return p;
}

static void
give(void *p)
{
	uintptr_t at = (uintptr_t)p, first = (uintptr_t)stack;

	if (at < first || at >= first + sizeof stack)
		free(p);
}

void
js_memory_set_up(void)
{
	json_set_alloc_funcs(take, give);
}

void
js_memory_begin(void)
{
	used = 0;
	in_use = true;
}

void
js_memory_end(void)
{
	in_use = false;
}
