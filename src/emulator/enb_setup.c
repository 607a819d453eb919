/* The interface itself: S1 Setup (TS 36.413 8.7.3), Reset (8.7.1), Overload (8.7.6, 8.7.7). */
#include "emulator/enb_parts.h"
#include <string.h>

/* ---- S1 Setup ---- */

void enb_ask_setup(struct enb *e, unsigned mme, uint64_t now)
{
    const struct enb_config *c = &e->config;
    const struct s1ap_supported_ta ta = {.tac = c->tac,
                                         .broadcast_plmns = {.items = c->plmns, .n = c->n_plmns}};
    struct s1ap_pdu pdu = {.type = S1AP_S1_SETUP_REQUEST};
    pdu.u.s1_setup_request = (struct s1ap_s1_setup_request){
        .global_enb_id = {.plmn = c->plmns[0], .enb_id = {.kind = S1AP_ENB_MACRO, .id = c->id}},
        .has_enb_name = c->name[0] != '\0',
        .enb_name = bytes_of_str(c->name),
        .supported_tas = {.items = &ta, .n = 1},
        .has_default_paging_drx = true,
        .default_paging_drx = c->paging_drx,
    };
    e->link[mme].state = ENB_LINK_ASKED;
    e->link[mme].deadline = now + ENB_SETUP_MS;
    e->counters.setups += enb_send(e, mme, 0, &pdu);
}

/* Which of ServedGUMMEIs belongs to which of its groups is not kept: an MME that serves two groups
 * with different codes counts as serving each code of each. */
static void keep_served(struct enb_link *l, const struct s1ap_served_gummei *served)
{
    struct s1ap_cursor plmns = s1ap_each(&served->plmns), groups = s1ap_each(&served->group_ids);
    struct s1ap_cursor codes = s1ap_each(&served->mmecs);
    while (l->n_plmns < ENB_POOL_MAX && s1ap_next_plmn(&plmns, &l->plmns[l->n_plmns])) {
        l->n_plmns++;
    }
    while (l->n_groups < ENB_POOL_MAX && s1ap_next_group_id(&groups, &l->groups[l->n_groups])) {
        l->n_groups++;
    }
    while (l->n_codes < ENB_POOL_MAX && s1ap_next_mmec(&codes, &l->codes[l->n_codes])) {
        l->n_codes++;
    }
}

void enb_setup_response(const struct enb_in *in)
{
    const struct s1ap_s1_setup_response *m = &in->pdu->u.s1_setup_response;
    struct enb_link *l = &in->e->link[in->mme];
    struct s1ap_cursor list = s1ap_each(&m->served_gummeis);
    struct s1ap_served_gummei served;
    struct enb_told told = {.kind = ENB_TOLD_SET_UP, .mme = in->mme, .device = ENB_NO_DEVICE};
    if (l->state != ENB_LINK_ASKED) {
        enb_tell_fault(in->e, in->mme, ENB_FAULT_UNEXPECTED, ENB_NO_DEVICE, NULL);
        return;
    }
    l->n_plmns = l->n_groups = l->n_codes = 0;
    while (s1ap_next_served_gummei(&list, &served)) {
        keep_served(l, &served);
    }
    l->state = ENB_LINK_READY;
    l->capacity = m->has_relative_capacity ? m->relative_capacity : 1;
    told.name = m->has_mme_name ? m->mme_name : (struct bytes){0};
    told.capacity = l->capacity;
    enb_tell(in->e, &told);
}

static uint64_t wait_of(const struct s1ap_s1_setup_failure *m)
{
    static const uint32_t ms[] = {
        [S1AP_WAIT_1S] = 1000,   [S1AP_WAIT_2S] = 2000,   [S1AP_WAIT_5S] = 5000,
        [S1AP_WAIT_10S] = 10000, [S1AP_WAIT_20S] = 20000, [S1AP_WAIT_60S] = 60000};
    const bool known = m->has_time_to_wait && (size_t)m->time_to_wait < sizeof ms / sizeof ms[0];
    return known ? ms[m->time_to_wait] : ENB_RETRY_MS;
}

/* Not asked again before the time to wait is over (8.7.3.3). */
void enb_setup_failure(const struct enb_in *in)
{
    const struct s1ap_s1_setup_failure *m = &in->pdu->u.s1_setup_failure;
    struct enb_link *l = &in->e->link[in->mme];
    struct enb_told told = {.kind = ENB_TOLD_FAULT,
                            .mme = in->mme,
                            .device = ENB_NO_DEVICE,
                            .fault = ENB_FAULT_SETUP_REFUSED,
                            .has_cause = m->has_cause,
                            .cause = m->cause};
    if (l->state != ENB_LINK_ASKED) {
        enb_tell_fault(in->e, in->mme, ENB_FAULT_UNEXPECTED, ENB_NO_DEVICE, NULL);
        return;
    }
    told.wait_ms = wait_of(m);
    l->state = ENB_LINK_WAITS;
    l->deadline = in->now + told.wait_ms;
    in->e->counters.faults[ENB_FAULT_SETUP_REFUSED]++;
    enb_tell(in->e, &told);
}

/* ---- which MME is it? ---- */

bool enb_serves_group(const struct enb_link *l, uint16_t group)
{
    for (size_t i = 0; i < l->n_groups; i++) {
        if (l->groups[i] == group) {
            return true;
        }
    }
    return false;
}

bool enb_serves(const struct enb_link *l, const struct s1ap_gummei *gummei)
{
    bool plmn = false;
    for (size_t i = 0; i < l->n_plmns; i++) {
        plmn = plmn || plmn_eq(&l->plmns[i], &gummei->plmn);
    }
    return plmn && enb_serves_group(l, gummei->mme_group_id) && l->n_codes > 0 &&
           memchr(l->codes, gummei->mme_code, l->n_codes) != NULL;
}

/* ---- Reset by the MME ---- */

static void acknowledge(const struct enb_in *in, const struct s1ap_list *list)
{
    static const struct s1ap_list none;
    struct s1ap_connection items[256];
    struct s1ap_cursor at = s1ap_each(list != NULL ? list : &none);
    size_t n = 0;
    while (list != NULL && n < sizeof items / sizeof items[0] &&
           s1ap_next_connection(&at, &items[n])) {
        n++;
    }
    struct s1ap_pdu pdu = {.type = S1AP_RESET_ACKNOWLEDGE};
    pdu.u.reset_acknowledge.has_connections = n > 0;
    pdu.u.reset_acknowledge.connections = (struct s1ap_list){.items = items, .n = n};
    (void)enb_send(in->e, in->mme, 0, &pdu);
}

/* The MME may name a connection by either ID or both. Names that fit none are acknowledged all the
 * same (8.7.1.2.1). */
static struct enb_connection *named(const struct enb_in *in, const struct s1ap_connection *name)
{
    struct enb *e = in->e;
    struct enb_connection *c = NULL;
    if (name->has_enb_ue_s1ap_id) {
        c = enb_find(e, name->enb_ue_s1ap_id);
    } else if (name->has_mme_ue_s1ap_id) {
        c = enb_find_mme(e, in->mme, name->mme_ue_s1ap_id);
    }
    if (c != NULL && c->mme == in->mme &&
        (!name->has_mme_ue_s1ap_id || c->state == ENB_SENT || c->mme_id == name->mme_ue_s1ap_id)) {
        return c;
    }
    return NULL;
}

/* Acknowledged first: a device that hears of the end may begin anew at once, and the MME must not
 * take that for one of the connections it ended. */
void enb_on_reset(const struct enb_in *in)
{
    const struct s1ap_reset *m = &in->pdu->u.reset;
    struct enb *e = in->e;
    struct enb_told told = {.kind = ENB_TOLD_RESET,
                            .mme = in->mme,
                            .device = ENB_NO_DEVICE,
                            .has_cause = m->has_cause,
                            .cause = m->cause};
    const uint64_t born = e->born;
    const bool whole = m->type.kind == S1AP_RESET_S1_INTERFACE;
    struct s1ap_cursor at = s1ap_each(&m->type.connections);
    struct s1ap_connection name;
    e->counters.resets_received++;
    acknowledge(in, whole ? NULL : &m->type.connections);
    if (whole) {
        told.bearers = enb_end_all(e, in->mme, born);
    }
    while (!whole && s1ap_next_connection(&at, &name)) {
        struct enb_connection *c = named(in, &name);
        if (c != NULL && c->born < born) {
            enb_end(e, c);
            told.bearers++;
        }
    }
    enb_tell(e, &told);
}

/* ---- Reset by us ---- */

static enum err send_reset(struct enb *e, unsigned mme, struct s1ap_cause cause,
                           const struct s1ap_connection *items, size_t n)
{
    struct s1ap_pdu pdu = {.type = S1AP_RESET};
    pdu.u.reset = (struct s1ap_reset){.has_cause = true, .cause = cause};
    pdu.u.reset.type.kind = items == NULL ? S1AP_RESET_S1_INTERFACE : S1AP_RESET_PART;
    pdu.u.reset.type.all = S1AP_RESET_ALL;
    pdu.u.reset.type.connections = (struct s1ap_list){.items = items, .n = n};
    if (!enb_send(e, mme, 0, &pdu)) {
        return E_IO;
    }
    e->counters.resets_sent++;
    return E_OK;
}

enum err enb_reset(struct enb *e, unsigned mme, struct s1ap_cause cause)
{
    const uint64_t born = e->born;
    if (!enb_is_set_up(e, mme)) {
        return E_CLOSED;
    }
    enum err err = send_reset(e, mme, cause, NULL, 0);
    if (err == E_OK) {
        (void)enb_end_all(e, mme, born);
    }
    return err;
}

enum err enb_reset_some(struct enb *e, unsigned mme, struct s1ap_cause cause,
                        const uint32_t *connections, size_t n)
{
    struct s1ap_connection items[256];
    if (!enb_is_set_up(e, mme)) {
        return E_CLOSED;
    }
    if (n == 0 || n > sizeof items / sizeof items[0]) {
        return E_BAD_LENGTH;
    }
    for (size_t i = 0; i < n; i++) {
        const struct enb_connection *c = enb_find(e, connections[i]);
        items[i] = (struct s1ap_connection){
            .has_enb_ue_s1ap_id = true,
            .enb_ue_s1ap_id = connections[i],
            .has_mme_ue_s1ap_id = c != NULL && c->state == ENB_UP,
            .mme_ue_s1ap_id = c != NULL ? c->mme_id : 0,
        };
    }
    enum err err = send_reset(e, mme, cause, items, n);
    for (size_t i = 0; err == E_OK && i < n; i++) {
        struct enb_connection *c = enb_find(e, connections[i]);
        if (c != NULL && c->mme == mme) {
            enb_end(e, c);
        }
    }
    return err;
}

void enb_on_reset_acknowledge(const struct enb_in *in)
{
    in->e->counters.resets_acknowledged++;
}

/* ---- Overload ---- */

void enb_on_overload_start(const struct enb_in *in)
{
    const struct s1ap_overload_start *m = &in->pdu->u.overload_start;
    struct enb_link *l = &in->e->link[in->mme];
    struct s1ap_cursor at = s1ap_each(&m->gummeis);
    const struct enb_told told = {.kind = ENB_TOLD_OVERLOAD,
                                  .mme = in->mme,
                                  .device = ENB_NO_DEVICE,
                                  .action = m->response.action};
    l->overload = true;
    l->action = m->response.action;
    l->reduction = m->has_load_reduction ? m->load_reduction : 100;
    l->spared = 0;
    l->n_overloaded = 0;
    while (m->has_gummeis && l->n_overloaded < ENB_POOL_MAX &&
           s1ap_next_gummei(&at, &l->overloaded[l->n_overloaded])) {
        l->n_overloaded++;
    }
    in->e->counters.overloads++;
    enb_tell(in->e, &told);
}

void enb_on_overload_stop(const struct enb_in *in)
{
    const struct enb_told told = {
        .kind = ENB_TOLD_OVERLOAD_OVER, .mme = in->mme, .device = ENB_NO_DEVICE};
    in->e->link[in->mme].overload = false;
    enb_tell(in->e, &told);
}
