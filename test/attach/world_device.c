#include "attach/world_parts.h"

#include <string.h>

/* ---- the device ------------------------------------------------------------------------------ */

/* Who is dead by then has stored nothing; what he answers is of no consequence. */
bool world_store(void *ctx, const uint8_t *image, size_t n)
{
    struct device *d = ctx;
    if (world_stores(d->world, PARTY_UE, "device stores its state")) {
        memcpy(d->image, image, n);
        d->image_n = n;
        bindery_ue_usim_sequences(&d->usim, d->sequences);
        world_stored(d->world);
    }
    return true;
}

bool world_store_keys(void *ctx, const uint8_t *keys, size_t n)
{
    struct device *d = ctx;
    if (world_stores(d->world, PARTY_UE, "device stores its keys")) {
        assert_true(n <= sizeof d->keys);
        memcpy(d->keys, keys, n);
        d->keys_n = n;
        world_stored(d->world);
    }
    return true;
}

bool world_install(struct device *d, const struct bindery_ue_profile *profile)
{
    if (!world_stores(d->world, PARTY_UE, "device stores the subscription")) {
        return false;
    }
    d->has_profile = true;
    d->confirmed = false;
    d->profile = *profile;
    d->image_n = d->keys_n = 0;
    memset(d->sequences, 0, sizeof d->sequences);
    world_stored(d->world);
    return true;
}

/* ---- with a dIMSI ---- */

void world_store_slot(struct device *d)
{
    d->slot_n = sizeof d->slot_record;
    assert_int_equal(bindery_ue_slot_write(&d->slot, &d->world->table, d->slot_record, &d->slot_n),
                     BINDERY_UE_OK);
}

/* The secure element: an IMSI is stored before it answers. */
static enum bindery_ue_discovery_outcome discover(void *ctx, const uint8_t rand[16],
                                                  const uint8_t *autn,
                                                  struct bindery_ue_usim_answer *out, char imsi[15],
                                                  uint8_t *imsi_n)
{
    struct device *d = ctx;
    const enum bindery_ue_discovery_outcome o =
        bindery_ue_slot_challenge(&d->slot, &d->world->table, rand, autn, out, imsi, imsi_n);
    if (o != BINDERY_UE_DISCOVERY_INSTALLED) {
        return o;
    }
    if (!world_stores(d->world, PARTY_UE, "device stores the IMSI")) {
        return BINDERY_UE_DISCOVERY_NOT_STORED;
    }
    assert_int_equal(bindery_ue_slot_installed(&d->slot, imsi, *imsi_n), BINDERY_UE_OK);
    world_store_slot(d);
    d->image_n = d->keys_n = 0;
    memset(d->sequences, 0, sizeof d->sequences);
    d->installed++;
    world_stored(d->world);
    return o;
}

/* The IMSI of its slot, unless that was given up; else the dIMSI. */
static void take_slot(struct device *d, struct bindery_ue_usim_keys *keys)
{
    struct bindery_ue_slot_view v;
    assert_int_equal(bindery_ue_slot_read(&d->slot, &d->world->table, d->slot_record, d->slot_n),
                     BINDERY_UE_OK);
    bindery_ue_slot_view(&d->slot, &v);
    const bool has_imsi = v.imsi_n > 0 && !d->on_dimsi;
    d->discovery = (struct bindery_ue_discovery){.ctx = d, .challenge = discover};
    d->host.discovery = has_imsi ? NULL : &d->discovery;
    d->trial = (struct bindery_ue_trial){.confirmed = d->confirmed};
    d->identity.imsi_n = has_imsi ? v.imsi_n : v.dimsi_n;
    memcpy(d->identity.imsi, has_imsi ? v.imsi : v.dimsi, sizeof d->identity.imsi);
    d->identity.mnc_n = 0;
    d->identity.kme = NULL;
    if (has_imsi) {
        assert_int_equal(bindery_ue_slot_usim(&d->slot, &d->world->table, keys), BINDERY_UE_OK);
    }
}

/* The sequence numbers stay: the same IMSI has the same K. */
static void back_to_dimsi(struct device *d)
{
    if (world_stores(d->world, PARTY_UE, "device goes back to its dIMSI")) {
        d->on_dimsi = true;
        d->image_n = d->keys_n = 0;
        d->dropped++;
        world_stored(d->world);
        d->renews = true;
    }
}

static void discovered(struct device *d)
{
    d->discovered++;
    if (d->on_dimsi && world_stores(d->world, PARTY_UE, "device takes its IMSI again")) {
        d->on_dimsi = false;
        world_stored(d->world);
    }
    d->renews = true;
}

/* ---- on trial ---- */

/* It is given up, with all that goes with it. */
static void forget_subscription(struct device *d)
{
    if (d->slot_n > 0) {
        back_to_dimsi(d);
        return;
    }
    if (world_stores(d->world, PARTY_UE, "device drops the subscription")) {
        d->has_profile = false;
        d->image_n = d->keys_n = 0;
        memset(d->sequences, 0, sizeof d->sequences);
        d->dropped++;
        world_stored(d->world);
        d->renews = true;
    }
}

static void on_trial(struct device *d, const struct bindery_ue_event *e)
{
    const bool of_slot = d->slot_n > 0 && d->host.discovery == NULL;
    if ((!d->has_profile && !of_slot) || d->renews) {
        return;
    }
    if (bindery_ue_trial_event(&d->trial, e)) {
        forget_subscription(d);
    } else if (d->trial.confirmed && !d->confirmed &&
               world_stores(d->world, PARTY_UE, "device stores that it works")) {
        d->confirmed = true;
        world_stored(d->world);
    }
}

/* ---- switched on ----------------------------------------------------------------------------- */

static bool is_fresh(const struct device *d)
{
    return d->host.onboarding != NULL && !d->has_profile;
}

static void take_subscription(struct device *d)
{
    d->trial = (struct bindery_ue_trial){.confirmed = d->confirmed};
    d->identity.imsi_n = d->has_profile ? d->profile.imsi_n : 0;
    d->identity.mnc_n = d->has_profile ? d->profile.mnc_n : 0;
    memcpy(d->identity.imsi, d->profile.imsi, sizeof d->identity.imsi);
    d->identity.kme = NULL;
}

void world_boot(struct world *w, unsigned ue)
{
    struct device *d = &w->devices[ue];
    struct bindery_ue_usim_keys keys = {
        .algorithm = BINDERY_UE_MILENAGE, .k_n = 16, .opc_n = 16, .res_n = 8};
    memcpy(keys.k, w->keys.k.b, 32);
    memcpy(keys.opc, w->keys.opc.b, 32);
    if (d->host.onboarding != NULL) {
        take_subscription(d);
    }
    if (d->has_profile) {
        keys = d->profile.usim;
    }
    if (d->slot_n > 0) {
        take_slot(d, &keys);
    }
    memset(&d->ue, 0xee, sizeof d->ue);
    d->connection = 0;
    d->renews = false;
    d->identity.keys = d->keys_n > 0 ? d->keys : NULL;
    d->identity.keys_n = d->keys_n;
    assert_true(is_fresh(d) ||
                bindery_ue_usim_init(&d->usim, &w->table, &keys, d->sequences) == BINDERY_UE_OK);
    assert_int_equal(bindery_ue_init(&d->ue, &w->table, &d->host, &d->settings, &d->identity,
                                     d->buffer, sizeof d->buffer, d->image_n > 0 ? d->image : NULL,
                                     d->image_n),
                     BINDERY_UE_OK);
    world_camp(w, ue, d->roams);
}

void world_camp(struct world *w, unsigned ue, bool other)
{
    struct device *d = &w->devices[ue];
    struct bindery_ue_cell cell = {.tac = 1};
    d->roams = other;
    plmn_to_octets(other ? &w->other.plmn : &w->config.plmn, cell.plmn);
    assert_int_equal(bindery_ue_camp(&d->ue, w->now, &cell), BINDERY_UE_OK);
    world_drain(w, ue);
}

/* ---- what comes of a call -------------------------------------------------------------------- */

static void send_uplink(struct world *w, unsigned ue, const struct bindery_ue_uplink *up)
{
    struct device *d = &w->devices[ue];
    struct mail m = {.kind = up->initial ? MAIL_INITIAL : MAIL_UP, .ue = ue};
    if (up->initial) {
        d->connection = ++w->next_connection;
    }
    m.connection = d->connection;
    struct emm_claim claim;
    emm_claim((struct bytes){up->pdu, up->n}, &claim);
    w->attaches += ue == 0 && up->initial && claim.attach;
    world_on_air(w, world_mail(m, (struct bytes){up->pdu, up->n}), true);
}

static void note(struct world *w, unsigned ue, const struct bindery_ue_event *e)
{
    struct device *d = &w->devices[ue];
    d->registrations += e->kind == BINDERY_UE_EVENT_REGISTERED;
    d->deregistrations += e->kind == BINDERY_UE_EVENT_DEREGISTERED;
    d->refused += e->kind == BINDERY_UE_EVENT_REFUSED;
    d->proved += e->kind == BINDERY_UE_EVENT_PROVED;
    d->not_proved += e->kind == BINDERY_UE_EVENT_NO_PROOF;
    d->offered += e->kind == BINDERY_UE_EVENT_KME_OFFERED;
    d->unable += e->kind == BINDERY_UE_EVENT_KME_UNABLE;
    d->activated += e->kind == BINDERY_UE_EVENT_KME_ACTIVE;
    d->asked += e->kind == BINDERY_UE_EVENT_ONBOARDING;
    d->onboarded += e->kind == BINDERY_UE_EVENT_ONBOARDED;
    d->elsewhere += e->kind == BINDERY_UE_EVENT_ELSEWHERE;
    d->renews = d->renews || e->kind == BINDERY_UE_EVENT_ONBOARDED;
    if (e->kind == BINDERY_UE_EVENT_DISCOVERY) {
        d->last_discovery = e->discovery;
    }
    if (e->kind == BINDERY_UE_EVENT_DISCOVERED) {
        discovered(d);
    }
    d->by_challenge += e->kind == BINDERY_UE_EVENT_KME_ACTIVE && e->processed;
    if (e->kind == BINDERY_UE_EVENT_REFUSED) {
        d->last_refused = e->refusal;
    }
    if (e->kind == BINDERY_UE_EVENT_REJECTED) {
        d->last_reject = e->cause;
    }
    d->invalid = d->invalid ||
                 (e->kind == BINDERY_UE_EVENT_WAITING && e->why == BINDERY_UE_WHY_USIM_INVALID);
    on_trial(d, e);
}

/* With what it has by now: a subscription, or none any more. */
static void renew(struct world *w, unsigned ue)
{
    struct device *d = &w->devices[ue];
    bindery_ue_wipe(&d->ue);
    world_boot(w, ue);
    if (d->wants) {
        world_attach(w, ue);
    }
}

void world_drain(struct world *w, unsigned ue)
{
    struct device *d = &w->devices[ue];
    struct bindery_ue_uplink up;
    struct bindery_ue_event e;
    bool initial = false, ended = false;
    const unsigned elsewhere = d->elsewhere, dropped = d->dropped;
    while (!w->dead[PARTY_UE] && bindery_ue_uplink(&d->ue, &up)) {
        initial = initial || up.initial;
        send_uplink(w, ue, &up);
    }
    if (w->dead[PARTY_UE]) {
        return; /* nothing that it meant to do happens */
    }
    while (bindery_ue_next_event(&d->ue, &e)) {
        note(w, ue, &e);
        ended =
            ended || e.kind == BINDERY_UE_EVENT_RELEASE || e.kind == BINDERY_UE_EVENT_NOT_GENUINE;
    }
    ended = ended || d->dropped != dropped;
    if (initial && d->connection != 0) {
        world_lower(w, ue, BINDERY_UE_LOWER_CONNECTED);
    }
    if (ended && d->connection != 0) {
        struct mail m = {.kind = MAIL_UP, .ue = ue, .connection = d->connection};
        d->connection = 0;
        world_post(w, m, 5); /* no octets: the eNB asks for release */
        world_lower(w, ue, BINDERY_UE_LOWER_RELEASED);
    }
    if (w->dead[PARTY_UE]) {
        return;
    }
    if (d->renews && d->connection == 0) {
        renew(w, ue);
    } else if (d->elsewhere != elsewhere && w->elsewhere != NULL) {
        w->elsewhere(w, ue);
    }
}

void world_lower(struct world *w, unsigned ue, enum bindery_ue_lower what)
{
    assert_int_equal(bindery_ue_lower(&w->devices[ue].ue, w->now, what), BINDERY_UE_OK);
    world_drain(w, ue);
}

void world_attach(struct world *w, unsigned ue)
{
    w->devices[ue].wants = true;
    assert_int_equal(bindery_ue_attach(&w->devices[ue].ue, w->now), BINDERY_UE_OK);
    world_drain(w, ue);
}

void world_detach(struct world *w, unsigned ue, bool switch_off)
{
    w->devices[ue].wants = false;
    assert_int_equal(bindery_ue_detach(&w->devices[ue].ue, w->now, switch_off), BINDERY_UE_OK);
    world_drain(w, ue);
}

void world_downlink(struct world *w, const struct mail *m)
{
    struct device *d = &w->devices[m->ue];
    if (d->connection != m->connection || d->connection == 0 || w->dead[PARTY_UE]) {
        return;
    }
    assert_int_equal(bindery_ue_downlink(&d->ue, w->now, m->pdu, m->n), BINDERY_UE_OK);
    world_drain(w, m->ue);
}

void world_released(struct world *w, const struct mail *m)
{
    struct device *d = &w->devices[m->ue];
    if (d->connection == m->connection && d->connection != 0 && !w->dead[PARTY_UE]) {
        d->connection = 0;
        world_lower(w, m->ue, BINDERY_UE_LOWER_RELEASED);
    }
}
