/* SPDX-License-Identifier: Apache-2.0 */
/* observation - the batch that a dissector fills. */
#include "dissectors/observation.h"

#include <stdarg.h>
#include <stdio.h>

static const char *const names[OBS_KINDS_N] = {
#define OBS(id, name, doc) [OBS_##id] = name,
	OBS_KINDS(OBS)
#undef OBS
};

const char *
obs_kind_name(enum obs_kind kind)
{
	return kind < OBS_KINDS_N ? names[kind] : "?";
}

static struct observation *
append(struct observations *o, enum obs_kind kind, enum side side)
{
	if (o->n == OBS_BATCH_MAX) {
		o->dropped++;
		return NULL;
	}
	o->v[o->n] = (struct observation){ .kind = kind, .side = side };
	return &o->v[o->n++];
}

void
observe(struct observations *o, enum obs_kind kind, enum side side, struct span value)
{
	struct observation *v = append(o, kind, side);

	if (v != NULL)
		v->value = value;
}

void
observe_num(struct observations *o, enum obs_kind kind, enum side side, uint64_t num)
{
	struct observation *v = append(o, kind, side);

	if (v != NULL)
		v->num = num;
}

void
observe_copy(struct observations *o, enum obs_kind kind, enum side side, struct span value)
{
	uint8_t *at = o->scratch + o->scratch_used;

	if (value.len > OBS_SCRATCH - o->scratch_used) {
		o->dropped++;
		return;
	}
	if (value.len > 0)
		memcpy(at, value.p, value.len);
	o->scratch_used += (unsigned)value.len;
	observe(o, kind, side, (struct span){ at, value.len });
}

void
observe_lower(struct observations *o, enum obs_kind kind, enum side side, struct span text)
{
	unsigned at = o->scratch_used;

	observe_copy(o, kind, side, text);
	for (unsigned i = at; i < o->scratch_used; i++)
		if (o->scratch[i] >= 'A' && o->scratch[i] <= 'Z')
			o->scratch[i] |= 0x20;
}

void
observe_field(struct observations *o, enum side side, const char *fmt, ...)
{
	char text[OBS_FIELD_MAX + 1];
	va_list ap;
	int n;

	va_start(ap, fmt);
	n = vsnprintf(text, sizeof text, fmt, ap);
	va_end(ap);
	if (n > 0 && (size_t)n < sizeof text)
		observe_copy(o, OBS_APP_FIELD, side, (struct span){ (const uint8_t *)text, (size_t)n });
	else
		o->dropped++;
}

const struct observation *
observations_find(const struct observations *o, enum obs_kind kind)
{
	for (unsigned i = 0; i < o->n; i++)
		if (o->v[i].kind == kind)
			return &o->v[i];
	return NULL;
}
