#include "nf/mmed/admin_view.h"

#include "base/version.h"
#include "codec/s6a.h"
#include "nf/common/admin_call.h"
#include "nf/mmed/hss.h"

#include <stdio.h>
#include <string.h>
#include <time.h>

static json_t *count_of(uint64_t v)
{
    return json_integer((json_int_t)v);
}

static json_t *imsi_of(const struct mmed *m, bool has, const struct imsi *imsi)
{
    char masked[IMSI_DIGITS_MAX + 1];
    if (!has) {
        return json_null();
    }
    imsi_mask(imsi, masked);
    return json_string(m->config->mask_imsi ? masked : imsi->digits);
}

static json_t *imei_of(bool has, const struct imei *imei)
{
    return has ? json_string(imei->digits) : json_null();
}

/* ---- events ---------------------------------------------------------------------------------- */

json_t *mmed_view_event(const struct mmed *m, const struct mmed_event_row *row)
{
    return json_pack("{s:I,s:o,s:s,s:o,s:o,s:n,s:o,s:o}", "id", (json_int_t)row->id, "time",
                     admin_time(row->unix_ms), "name", row->name, "imsi",
                     imsi_of(m, row->has_imsi, &row->imsi), "imei",
                     imei_of(row->has_imei, &row->imei), "peer", "cause",
                     admin_text_or_null(row->cause), "detail", admin_text_or_null(row->detail));
}

/* ---- UEs ------------------------------------------------------------------------------------- */

struct enb_search {
    assoc_handle handle;
    const struct enb *found;
};

static void match_enb(void *arg, const struct enb *e)
{
    struct enb_search *s = arg;
    if (e->handle == s->handle) {
        s->found = e;
    }
}

static json_t *enb_of(const struct mmed *m, const struct ue *ue)
{
    struct enb_search s = {.handle = ue->enb};
    if (ue->enb == 0) {
        return json_null();
    }
    s1_each_enb(m->s1, match_enb, &s);
    if (s.found == NULL) {
        return json_null();
    }
    return json_string(s.found->name[0] != '\0' ? s.found->name : s.found->address.s);
}

/* "REGISTERED" as "registered"; "SECURITY_MODE" as "security-mode". */
static void state_text(enum emm_state state, char out[static 32])
{
    snprintf(out, 32, "%s", emm_state_name(state));
    for (char *c = out; *c != '\0'; c++) {
        *c = *c == '_' ? '-' : *c >= 'A' && *c <= 'Z' ? (char)(*c - 'A' + 'a') : *c;
    }
}

/* null until it is known, or where none was wanted. */
static json_t *proof_of(const struct ue *ue)
{
    struct devid_outcome o;
    emm_ue_proof(ue->emm, &o);
    if (o.result == DEVID_NOT_ASKED) {
        return json_null();
    }
    return json_pack("{s:s,s:o,s:o,s:o}", "result", devid_result_name(o.result), "cause",
                     o.result == DEVID_PROVEN ? json_null()
                                              : json_string(devid_cause_name(o.cause)),
                     "form", o.form != 0 ? json_string(binding_form_name(o.form)) : json_null(),
                     "serial", o.form != 0 ? count_of(o.serial) : json_null());
}

json_t *mmed_view_ue(const struct mmed *m, const struct ue *ue)
{
    struct emm_who who;
    char state[32], m_tmsi[16];
    emm_ue_who(ue->emm, &who);
    state_text(emm_ue_state(ue->emm), state);
    snprintf(m_tmsi, sizeof m_tmsi, "%08x", who.m_tmsi);
    return json_pack("{s:I,s:s,s:o,s:b,s:o,s:o,s:o,s:o}", "id", (json_int_t)ue->id, "state", state,
                     "imsi", imsi_of(m, who.has_imsi, &who.imsi), "authenticated",
                     (int)who.authenticated, "imei", imei_of(who.has_imei, &who.imei.imei),
                     "m_tmsi", who.has_guti ? json_string(m_tmsi) : json_null(), "enb",
                     enb_of(m, ue), "proof", proof_of(ue));
}

/* ---- eNBs ------------------------------------------------------------------------------------ */

static json_t *tracking_areas(const struct enb *e)
{
    json_t *list = json_array();
    for (unsigned i = 0; i < e->n_tas; i++) {
        (void)json_array_append_new(
            list, json_pack("{s:i,s:b}", "tac", (int)e->tas[i].tac, "served", (int)e->tas[i].ours));
    }
    return list;
}

static void add_enb(void *arg, const struct enb *e)
{
    json_t *list = arg;
    (void)json_array_append_new(
        list, json_pack("{s:o,s:s,s:b,s:I,s:o}", "name", admin_text_or_null(e->name), "address",
                        e->address.s, "set_up", (int)e->set_up, "ues", (json_int_t)e->ues.n,
                        "tracking_areas", tracking_areas(e)));
}

json_t *mmed_view_enbs(struct mmed *m)
{
    json_t *list = json_array();
    if (list != NULL) {
        s1_each_enb(m->s1, add_enb, list);
    }
    return list;
}

/* ---- status ---------------------------------------------------------------------------------- */

static json_t *counters_of(const struct mmed *m)
{
    json_t *o = json_object();
#define X(name) (void)json_object_set_new(o, #name, count_of(m->counters.name));
    MMED_COUNTERS(X)
#undef X
    return o;
}

/* Only those that came up. */
static json_t *refusals_of(const struct mmed *m)
{
    json_t *o = json_object();
    for (unsigned i = 0; i < REFUSAL_COUNT; i++) {
        if (m->counters.refusals[i] > 0) {
            (void)json_object_set_new(o, refusal_row((enum refusal)i)->name,
                                      count_of(m->counters.refusals[i]));
        }
    }
    return o;
}

static void count_state(void *arg, struct ue *ue)
{
    size_t *counts = arg;
    counts[emm_ue_state(ue->emm)]++;
}

static json_t *ues_of(struct mmed *m)
{
    size_t counts[EMM_STATE_COUNT] = {0};
    char state[32];
    json_t *o = json_object();
    ue_table_each(m->ues, count_state, counts);
    (void)json_object_set_new(o, "all", count_of(ue_table_count(m->ues)));
    (void)json_object_set_new(o, "attaching", count_of(m->attaching));
    for (unsigned i = 0; i < EMM_STATE_COUNT; i++) {
        state_text((enum emm_state)i, state);
        (void)json_object_set_new(o, state, count_of(counts[i]));
    }
    return o;
}

static void add_peer(void *arg, const char *origin_host, const char *realm, bool open,
                     uint64_t requests, uint64_t answers)
{
    json_t *list = arg;
    (void)json_array_append_new(list,
                                json_pack("{s:s,s:s,s:b,s:I,s:I}", "origin_host", origin_host,
                                          "realm", realm, "connected", (int)open, "requests",
                                          (json_int_t)requests, "answers", (json_int_t)answers));
}

static json_t *peers_of(struct mmed *m)
{
    json_t *list = json_array();
    if (list != NULL) {
        hss_each_peer(m->hss, add_peer, list);
    }
    return list;
}

static json_t *listeners_of(const struct mmed *m)
{
    struct address at;
    json_t *list = json_array();
    for (size_t i = 0; s1_bound(m->s1, i, &at); i++) {
        struct address_text text = address_print(&at);
        (void)json_array_append_new(list, json_pack("{s:s}", "address", text.s));
    }
    return list;
}

static json_t *limits_of(const struct mmed *m)
{
    const struct mmed_limits *l = &m->config->limits;
    return json_pack("{s:I,s:I,s:I,s:I,s:I}", "enbs", (json_int_t)l->enbs, "ues",
                     (json_int_t)l->ues, "attaching", (json_int_t)l->attaching, "hss_pending",
                     (json_int_t)l->hss_pending, "events_kept", (json_int_t)l->events_kept);
}

static json_t *who_it_is(const struct mmed *m)
{
    const struct mmed_config *c = m->config;
    char plmn[PLMN_TEXT_MAX];
    plmn_print(&c->plmn, plmn);
    return json_pack("{s:s,s:s,s:s,s:s,s:s,s:s,s:i,s:i,s:b,s:o,s:I}", "program", "bindery-mmed",
                     "version", BINDERY_VERSION, "origin_host", c->origin_host, "origin_realm",
                     c->origin_realm, "name", c->name, "plmn", plmn, "mme_group_id",
                     (int)c->group_id, "mme_code", (int)c->code, "serve", (int)c->serve, "started",
                     admin_time(m->started_unix * 1000), "uptime_seconds",
                     (json_int_t)(time(NULL) - m->started_unix));
}

/* What devices may be provisioned with here. */
static json_t *provisioning_of(const struct mmed *m)
{
    const struct mmed_provisioning *p = &m->config->provisioning;
    return json_pack("{s:b,s:o}", "kme", (int)p->kme, "onboarding",
                     p->onboarding != NULL ? json_string(p->onboarding) : json_null());
}

json_t *mmed_view_status(struct mmed *m)
{
    json_t *o = who_it_is(m);
    if (o != NULL) {
        (void)json_object_set_new(o, "provisioning", provisioning_of(m));
        (void)json_object_set_new(o, "listeners", listeners_of(m));
        (void)json_object_set_new(o, "peers", peers_of(m));
        (void)json_object_set_new(o, "enbs", mmed_view_enbs(m));
        (void)json_object_set_new(o, "ues", ues_of(m));
        (void)json_object_set_new(o, "limits", limits_of(m));
        (void)json_object_set_new(o, "counters", counters_of(m));
        (void)json_object_set_new(o, "refusals", refusals_of(m));
    }
    return o;
}
