/* SPDX-License-Identifier: Apache-2.0 */
/* ndpi - adapter to nDPI 4.2 (Debian 12) up to 6.x; the one file with nDPI. */
#include "dissectors/ndpi.h"

#include <stdio.h>
#include <stdlib.h>

#include <ndpi/ndpi_api.h>

#define NDPI_VER (NDPI_MAJOR * 100 + NDPI_MINOR)
#define HAVE_INPUT_INFO (NDPI_VER >= 406)	/* sixth argument of ndpi_detection_process_packet() */
#define HAVE_GLOBAL_CTX (NDPI_VER >= 410)	/* init takes a context, finalize answers, give-up has three arguments */
#define HAVE_PROTO_SUB (NDPI_VER >= 411)	/* ndpi_protocol.proto.{master,app}_protocol */
#define HAVE_STATE (NDPI_VER >= 500)		/* ndpi_protocol.state, give-up has two arguments */
#define HAVE_LICENSE (NDPI_VER >= 600)		/* init takes a licence */

struct dpi_view {
	struct ndpi_flow_struct *flow;	/* owned */
	struct dpi_view *next;		/* free list */
	unsigned packets;
	ndpi_protocol last;
};

struct dpi {
	struct ndpi_detection_module_struct *mod;	/* owned */
	struct dpi_view *free;		/* owned: views between flows */
	unsigned live;
	struct dpi_counts counts;
};

const char *
dpi_version(void)
{
	return ndpi_revision();
}

struct dpi *
dpi_new(struct err *err)
{
	struct dpi *d = calloc(1, sizeof *d);

	if (d == NULL) {
		err_set(err, "out of memory");
		return NULL;
	}
	/* A library newer than its header would be read at wrong offsets. */
	if (ndpi_get_api_version() != NDPI_API_VERSION ||
	    ndpi_detection_get_sizeof_ndpi_flow_struct() != sizeof(struct ndpi_flow_struct)) {
		err_set(err, "nDPI %s is not the one this program was built with; build it again", ndpi_revision());
		free(d);
		return NULL;
	}
#if HAVE_LICENSE
	d->mod = ndpi_init_detection_module(NULL, NDPI_LICENSE_FOR_PROFIT_LGPL);
#elif HAVE_GLOBAL_CTX
	d->mod = ndpi_init_detection_module(NULL);
#else
	d->mod = ndpi_init_detection_module(ndpi_no_prefs);
#endif
	if (d->mod == NULL) {
		err_set(err, "nDPI %s does not start", ndpi_revision());
		free(d);
		return NULL;
	}
#if NDPI_MAJOR < 5
	NDPI_PROTOCOL_BITMASK all;

	NDPI_BITMASK_SET_ALL(all);
	ndpi_set_protocol_detection_bitmask2(d->mod, &all);
#endif
	ndpi_finalize_initialization(d->mod);
	return d;
}

static void
view_free(struct dpi_view *v)
{
	ndpi_free(v->flow);
	free(v);
}

void
dpi_free(struct dpi **dp)
{
	struct dpi *d = *dp;

	if (d == NULL)
		return;
	while (d->free != NULL) {
		struct dpi_view *v = d->free;

		d->free = v->next;
		view_free(v);
	}
	ndpi_exit_detection_module(d->mod);
	free(d);
	*dp = NULL;
}

static struct dpi_view *
view_new(struct dpi *d)
{
	struct dpi_view *v = d->free;

	if (d->live >= DPI_VIEWS_MAX) {
		d->counts.refused++;
		return NULL;
	}
	if (v != NULL) {
		d->free = v->next;
	} else if ((v = calloc(1, sizeof *v)) == NULL ||
	    (v->flow = ndpi_flow_malloc(sizeof *v->flow)) == NULL) {
		free(v);
		d->counts.refused++;
		return NULL;
	}
	memset(v->flow, 0, sizeof *v->flow);
	v->packets = 0;
	memset(&v->last, 0, sizeof v->last);
	d->live++;
	d->counts.flows++;
	return v;
}

#if HAVE_PROTO_SUB
static uint16_t master_of(const struct dpi_view *v) { return v->last.proto.master_protocol; }
static uint16_t app_of(const struct dpi_view *v) { return v->last.proto.app_protocol; }
#else
static uint16_t master_of(const struct dpi_view *v) { return v->last.master_protocol; }
static uint16_t app_of(const struct dpi_view *v) { return v->last.app_protocol; }
#endif

static bool
is_final(struct dpi *d, const struct dpi_view *v)
{
#if HAVE_STATE
	(void)d;
	return v->last.state == NDPI_STATE_MONITORING ||
	    (v->last.state == NDPI_STATE_CLASSIFIED && v->flow->extra_packets_func == NULL);
#else
	return (master_of(v) != 0 || app_of(v) != 0) && !ndpi_extra_dissection_possible(d->mod, v->flow);
#endif
}

bool
dpi_look(struct dpi *d, struct dpi_view **view, enum side side, bool is_udp, struct span ip, uint64_t ts_ns)
{
	struct dpi_view *v = *view;
	uint16_t len = (uint16_t)(ip.len < UINT16_MAX ? ip.len : UINT16_MAX);

	if (v == NULL && (v = *view = view_new(d)) == NULL)
		return true;
	d->counts.packets++;
#if HAVE_INPUT_INFO
	struct ndpi_flow_input_info in = { .in_pkt_dir =
		side == FROM_CLIENT ? NDPI_IN_PKT_DIR_C_TO_S : NDPI_IN_PKT_DIR_S_TO_C };

	v->last = ndpi_detection_process_packet(d->mod, v->flow, ip.p, len, ts_ns / 1000000, &in);
#else
	(void)side;
	v->last = ndpi_detection_process_packet(d->mod, v->flow, ip.p, len, ts_ns / 1000000);
#endif
	v->packets++;
	return is_final(d, v) || v->packets >= (is_udp ? DPI_PACKETS_UDP : DPI_PACKETS_TCP);
}

void
dpi_drop(struct dpi *d, struct dpi_view **view)
{
	struct dpi_view *v = *view;

	if (v == NULL)
		return;
	ndpi_free_flow_data(v->flow);
	v->next = d->free;
	d->free = v;
	d->live--;
	*view = NULL;
}

static void
give_up(struct dpi *d, struct dpi_view *v)
{
#if HAVE_STATE
	v->last = ndpi_detection_giveup(d->mod, v->flow);
#else
	u_int8_t guessed;

	v->last = ndpi_detection_giveup(d->mod, v->flow,
#if !HAVE_GLOBAL_CTX
	    0,			/* a port is no evidence: do not guess */
#endif
	    &guessed);
#endif
}

/* "TLS.Google", as ndpiReader writes it; false: unknown. */
static bool
name_of(struct dpi *d, const struct dpi_view *v, char *out, size_t room)
{
	uint16_t master = master_of(v), app = app_of(v);

	if (master == 0 && app == 0)
		return false;
	if (master == 0 || app == 0 || master == app)
		snprintf(out, room, "%s", ndpi_get_proto_name(d->mod, app != 0 ? app : master));
	else
		snprintf(out, room, "%s.%s", ndpi_get_proto_name(d->mod, master), ndpi_get_proto_name(d->mod, app));
	return true;
}

void
dpi_tell(struct dpi *d, struct dpi_view **view, struct observations *out)
{
	struct dpi_view *v = *view;
	char name[64];

	if (v == NULL)
		return;
	if (!is_final(d, v))
		give_up(d, v);
	if (name_of(d, v, name, sizeof name)) {
		const char *category = ndpi_category_get_name(d->mod, v->last.category);

		d->counts.classified++;
		observe_copy(out, OBS_NDPI_PROTOCOL, FROM_CLIENT, span_str(name));
		if (category != NULL && category[0] != '\0')
			observe_copy(out, OBS_NDPI_CATEGORY, FROM_CLIENT, span_str(category));
	}
	for (unsigned i = 1; i < NDPI_MAX_RISK; i++)
		if ((v->flow->risk >> i & 1) != 0)
			observe_copy(out, OBS_NDPI_RISK, FROM_CLIENT, span_str(ndpi_risk2str((ndpi_risk_enum)i)));
	dpi_drop(d, view);
}

void
dpi_counts(const struct dpi *d, struct dpi_counts *out)
{
	*out = d->counts;
}
