/* SPDX-License-Identifier: Apache-2.0 */
/* mmval - bounded reading of MaxMind DB values (MaxMind DB format 2.0). */
#include "geo/mmval.h"

#include <string.h>

/* Widest payload a type may have; strings and bytes have what they have. */
static bool
width_fits(enum mm_type type, uint32_t size)
{
	switch (type) {
	case MM_UINT16:
		return size <= 2;
	case MM_UINT32:
	case MM_INT32:
		return size <= 4;
	case MM_UINT64:
		return size <= 8;
	case MM_UINT128:
		return size <= 16;
	case MM_DOUBLE:
		return size == 8;
	case MM_FLOAT:
		return size == 4;
	case MM_BOOL:
		return size <= 1;
	case MM_STRING:
	case MM_BYTES:
	case MM_MAP:
	case MM_ARRAY:
		return true;
	default:
		return false;
	}
}

static bool
has_bytes(enum mm_type type)
{
	return type != MM_MAP && type != MM_ARRAY && type != MM_BOOL;
}

static uint32_t
pointer_target(struct rd *r, uint8_t control)
{
	static const uint32_t base[4] = { 0, 2048, 526336, 0 };
	unsigned width = (control >> 3) & 3;
	uint64_t high = width < 3 ? control & 7 : 0;

	return (uint32_t)(high << (8 * (width + 1))) + (uint32_t)rd_uint(r, width + 1) + base[width];
}

static uint32_t
payload_size(struct rd *r, uint8_t control)
{
	switch (control & 31) {
	case 29:
		return 29 + rd_u8(r);
	case 30:
		return 285 + rd_u16(r);
	case 31:
		return 65821 + rd_u24(r);
	default:
		return control & 31;
	}
}

static struct rd
section_at(struct span section, size_t at)
{
	struct rd r = rd_closed(section.p, section.len);

	rd_skip(&r, at);
	return r;
}

/* One control byte and what belongs to it; a pointer yields its target in size. */
static bool
head(struct span section, size_t at, struct mm_value *v)
{
	struct rd r = section_at(section, at);
	uint8_t control = rd_u8(&r);

	v->type = control >> 5;
	if (v->type == MM_POINTER) {
		v->size = pointer_target(&r, control);
	} else {
		if (v->type == MM_EXTENDED)
			v->type = rd_u8(&r) + 7u;
		v->size = payload_size(&r, control);
		if (!width_fits(v->type, v->size))
			rd_fail(&r, RD_BAD);
	}
	v->body = section.len - rd_left(&r);
	if (v->type != MM_POINTER && has_bytes(v->type))
		rd_skip(&r, v->size);
	v->next = section.len - rd_left(&r);
	return rd_ok(&r);
}

bool
mm_value(struct span section, size_t at, struct mm_value *v)
{
	size_t behind;

	v->via = false;
	if (!head(section, at, v))
		return false;
	if (v->type != MM_POINTER)
		return true;
	behind = v->next;
	/* A pointer to a pointer is forbidden by the format, and so no loop can be made of them. */
	if (!head(section, v->size, v) || v->type == MM_POINTER)
		return false;
	v->next = behind;
	v->via = true;
	return true;
}

struct level {
	uint64_t left;			/* values still to read: two a pair */
	bool map;
	bool via;
	size_t back;			/* where to go on when this was reached through a pointer */
};

bool
mm_sound(struct span section, size_t at, size_t *end, uint64_t *values)
{
	struct level stack[MM_DEPTH_MAX] = { { .left = 1 } };
	unsigned depth = 1;
	unsigned turns = 0;

	while (depth > 0) {
		struct level *top = &stack[depth - 1];
		struct mm_value v;
		bool key = top->map && top->left % 2 == 0;

		if (top->left == 0) {
			at = top->via ? top->back : at;
			depth--;
			continue;
		}
		top->left--;
		if (*values == 0 || turns++ == MM_VALUES_MAX || !mm_value(section, at, &v))
			return false;
		--*values;
		if (key && v.type != MM_STRING)
			return false;
		at = v.next;
		if (v.type != MM_MAP && v.type != MM_ARRAY)
			continue;
		if (depth == MM_DEPTH_MAX)
			return false;
		at = v.body;
		stack[depth++] = (struct level){ v.type == MM_MAP ? 2ull * v.size : v.size,
		    v.type == MM_MAP, v.via, v.next };
	}
	*end = at;
	return true;
}

static bool
is_uint(const struct mm_value *v)
{
	return (v->type == MM_UINT16 || v->type == MM_UINT32 || v->type == MM_UINT64) && v->size <= 8;
}

static bool
text_is(struct span section, const struct mm_value *v, const char *text)
{
	struct rd r = section_at(section, v->body);
	struct span s = rd_span(&r, v->size);

	return v->type == MM_STRING && s.len == strlen(text) && s.len > 0 && memcmp(s.p, text, s.len) == 0;
}

bool
mm_key(struct span section, size_t at, const char *key, struct mm_value *v)
{
	uint64_t values = MM_VALUES_MAX;
	struct mm_value map, name;

	if (!mm_value(section, at, &map) || map.type != MM_MAP)
		return false;
	at = map.body;
	for (uint32_t i = 0; i < map.size; i++) {
		if (!mm_value(section, at, &name) || !mm_value(section, name.next, v))
			return false;
		if (text_is(section, &name, key))
			return true;
		if (!mm_sound(section, name.next, &at, &values))
			return false;
	}
	return false;
}

bool
mm_key_uint(struct span section, size_t at, const char *key, uint64_t *out)
{
	struct mm_value v;
	struct rd r;

	if (!mm_key(section, at, key, &v) || !is_uint(&v))
		return false;
	r = section_at(section, v.body);
	*out = rd_uint(&r, v.size);
	return true;
}

bool
mm_all_texts(struct span section, const struct mm_value *v)
{
	uint64_t left = v->type == MM_MAP ? 2ull * v->size : v->size;
	struct mm_value one;

	if (v->type != MM_MAP && v->type != MM_ARRAY)
		return false;
	for (size_t at = v->body; left > 0; left--, at = one.next)
		if (!mm_value(section, at, &one) || one.type != MM_STRING)
			return false;
	return true;
}
