#include "nf/mmed/s1_parts.h"

#include <string.h>

bool s1_serves(const struct mmed_config *c, const struct plmn *plmn, uint16_t tac)
{
    if (!plmn_eq(&c->plmn, plmn)) {
        return false;
    }
    for (size_t i = 0; i < c->n_tacs; i++) {
        if (c->tacs[i] == tac) {
            return true;
        }
    }
    return c->n_tacs == 0;
}

static bool broadcasts_ours(const struct mmed_config *c, const struct s1ap_supported_ta *ta)
{
    struct s1ap_cursor plmns = s1ap_each(&ta->broadcast_plmns);
    struct plmn plmn;
    while (s1ap_next_plmn(&plmns, &plmn)) {
        if (s1_serves(c, &plmn, ta->tac)) {
            return true;
        }
    }
    return false;
}

/* How many of its tracking areas broadcast a PLMN that we serve. */
static unsigned take_areas(struct s1_run *r, const struct s1ap_list *list)
{
    struct s1ap_cursor tas = s1ap_each(list);
    struct s1ap_supported_ta ta;
    unsigned ours = 0;
    r->enb->n_tas = 0;
    while (r->enb->n_tas < ENB_TAS_MAX && s1ap_next_supported_ta(&tas, &ta)) {
        struct enb_ta *t = &r->enb->tas[r->enb->n_tas++];
        *t = (struct enb_ta){.tac = ta.tac, .ours = broadcasts_ours(r->m->config, &ta)};
        ours += t->ours;
    }
    return ours;
}

static void fail(struct s1_run *r)
{
    struct s1ap_pdu failure = {.type = S1AP_S1_SETUP_FAILURE};
    failure.u.s1_setup_failure =
        (struct s1ap_s1_setup_failure){.has_cause = true,
                                       .cause = S1AP_CAUSE_OF(MISC, S1AP_MISC_UNKNOWN_PLMN),
                                       .has_time_to_wait = true,
                                       .time_to_wait = S1AP_WAIT_60S};
    r->m->counters.s1_setups_refused++;
    mmed_tell(r->m, NULL, REFUSAL_ENB_PLMN, r->enb->address.s);
    s1_send(r->s, r->a, 0, &failure);
}

static void respond(struct s1_run *r)
{
    const struct mmed_config *c = r->m->config;
    const struct s1ap_served_gummei served = {
        .plmns = {.items = &c->plmn, .n = 1},
        .group_ids = {.items = &c->group_id, .n = 1},
        .mmecs = {.items = &c->code, .n = 1},
    };
    struct s1ap_pdu response = {.type = S1AP_S1_SETUP_RESPONSE};
    response.u.s1_setup_response = (struct s1ap_s1_setup_response){
        .has_mme_name = true,
        .mme_name = bytes_of_str(c->name),
        .served_gummeis = {.items = &served, .n = 1},
        .has_relative_capacity = true,
        .relative_capacity = c->relative_capacity,
    };
    s1_send(r->s, r->a, 0, &response);
}

/* An eNB that restarted is back before its old association was missed: that one is over. */
static void replace_older(struct s1_run *r)
{
    for (struct enb *e = r->s->enbs; e != NULL; e = e->next) {
        const struct s1ap_global_enb_id *a = &e->id, *b = &r->enb->id;
        struct assoc *old = e != r->enb ? assoc_find(r->s->set, e->handle) : NULL;
        if (old != NULL && e->set_up && a->enb_id.kind == b->enb_id.kind &&
            a->enb_id.id == b->enb_id.id && plmn_eq(&a->plmn, &b->plmn)) {
            mmed_event(r->m, "enb-replaced", NULL, NULL, r->enb->name);
            assoc_abort(old);
        }
    }
}

static void take_name(struct enb *enb, const struct s1ap_s1_setup_request *q)
{
    size_t n = q->has_enb_name ? q->enb_name.n : 0;
    if (n > ENB_NAME_MAX - 1) {
        n = ENB_NAME_MAX - 1;
    }
    if (n > 0) {
        memcpy(enb->name, q->enb_name.p, n);
    }
    enb->name[n] = '\0';
}

/* TS 36.413 8.7.3. A second S1 Setup on an association takes the UEs down that it had. */
void s1_on_setup_request(struct s1_run *r)
{
    const struct s1ap_s1_setup_request *q = &r->pdu->u.s1_setup_request;
    while (r->enb->ues.first != NULL) {
        s1_lose_ue(r->s, r->enb->ues.first);
    }
    r->enb->set_up = false;
    r->enb->id = q->global_enb_id;
    take_name(r->enb, q);
    if (take_areas(r, &q->supported_tas) == 0) {
        fail(r);
        return;
    }
    replace_older(r);
    r->enb->set_up = true;
    r->m->counters.s1_setups++;
    mmed_event(r->m, "enb-set-up", NULL, NULL,
               r->enb->name[0] != '\0' ? r->enb->name : r->enb->address.s);
    respond(r);
}
