/* What one device does: told to attach, it goes its way until it is registered, or not. */
#include "emulator/emulation_parts.h"
#include <stdio.h>

static const char *const steps[] = {
#define X(name, text) text,
    EMULATION_STEPS(X)
#undef X
};

uint64_t emulation_now_ns(const struct emulation *e)
{
    return e->host.now_ns(e->host.ctx);
}

uint64_t emulation_now_ms(const struct emulation *e)
{
    return emulation_now_ns(e) / EMULATION_MS;
}

struct cell *emulation_cell(struct emulation *e, const struct device *d)
{
    return &e->cell[emulation_enb_of(&e->config, d)];
}

static void plan(struct emulation *e, const struct device *d, uint64_t at_ms)
{
    wheel_set(&e->wheel, 2 * d->number + 1, at_ms);
}

static bool is_active(const struct emulation *e, const struct device *d)
{
    return d->phase == PHASE_ATTACHING || d->phase == PHASE_DETACHING ||
           (d->phase == PHASE_HOLDING && e->config.hold_ms != EMULATION_FOR_EVER);
}

static void enter(struct emulation *e, struct device *d, enum population_phase phase)
{
    e->active -= is_active(e, d);
    d->phase = (uint8_t)phase;
    e->active += is_active(e, d);
}

/* ---- how attempts end ---- */

static void attempt_over(struct emulation *e)
{
    e->tally.last_ns = emulation_now_ns(e);
}

void device_fail(struct emulation *e, struct device *d, const char *text)
{
    tally_fail(&e->tally, text);
    attempt_over(e);
    enter(e, d, PHASE_OFF);
    plan(e, d, WHEEL_NEVER);
    d->stop = true;
    d->manage = d->parts = false;
}

static void fail_silent(struct emulation *e, struct device *d)
{
    char text[TALLY_TEXT];
    const char *why = bindery_ue_refusal_name((enum bindery_ue_refusal)d->refusal);
    const bool refused = d->refusal != BINDERY_UE_REFUSED_NONE;
    (void)snprintf(text, sizeof text, "timeout: %s%s%s%s",
                   d->seeks         ? d->discovery != NULL ? "no IMSI: " : "no subscription: "
                   : d->provisioned ? "its KME was taken, then "
                                    : "",
                   d->seeks && d->step == STEP_ANSWERED ? "no network gave one" : steps[d->step],
                   refused ? "; refused last: " : "", refused ? why : "");
    device_fail(e, d, text);
}

#define MANAGE_MS 200u /* in which what it sent last leaves */

void device_extend(struct emulation *e, const struct device *d)
{
    plan(e, d, emulation_now_ms(e) + e->config.timeout_ms);
}

static void registered(struct emulation *e, struct device *d)
{
    d->manage = e->host.registered != NULL && d->discovery != NULL;
    if (d->manage) {
        plan(e, d, emulation_now_ms(e) + MANAGE_MS);
    } else {
        device_registered(e, d);
    }
}

void device_registered(struct emulation *e, struct device *d)
{
    const uint64_t now = emulation_now_ns(e);
    const struct emulation_config *c = &e->config;
    const bool ever = c->hold_ms == EMULATION_FOR_EVER;
    load_histogram_add(&e->tally.attach, now - d->due_ns);
    e->tally.registered++;
    attempt_over(e);
    enter(e, d, PHASE_HOLDING);
    d->until_ms = ever ? WHEEL_NEVER : now / EMULATION_MS + c->hold_ms;
    d->leave = c->hold_ms == 0;
    const uint64_t idle =
        c->inactivity_ms > 0 ? now / EMULATION_MS + c->inactivity_ms : WHEEL_NEVER;
    plan(e, d, idle < d->until_ms ? idle : d->until_ms);
}

static void deregistered(struct emulation *e, struct device *d,
                         const struct bindery_ue_event *event)
{
    switch ((enum population_phase)d->phase) {
    case PHASE_DETACHING:
        load_histogram_add(&e->tally.detach, emulation_now_ns(e) - d->due_ns);
        e->tally.detached++;
        break;
    case PHASE_HOLDING:
        e->tally.detached_by_network++;
        d->stop = true; /* it would attach again by itself, which is not in the plan */
        break;
    case PHASE_ATTACHING:
        device_fail(e, d, event->by_network ? "detached by the network" : "detached");
        return;
    case PHASE_OFF:
        return;
    }
    enter(e, d, PHASE_OFF);
    plan(e, d, WHEEL_NEVER);
}

/* ---- what a device says ---- */

void device_lost(struct emulation *e, struct device *d)
{
    if (d->connection != ENB_NO_CONNECTION) {
        enb_lost(emulation_cell(e, d)->enb, d->connection);
        d->connection = ENB_NO_CONNECTION;
    }
}

static void authenticated(struct emulation *e, struct device *d,
                          const struct bindery_ue_event *event)
{
    const bool good =
        event->outcome == BINDERY_UE_ANSWERED || event->outcome == BINDERY_UE_REPEATED;
    e->tally.outcomes[event->outcome]++;
    e->tally.processed += event->processed;
    d->step = good ? STEP_AUTHENTICATED : d->step;
}

static void rejected(struct device *d, const struct bindery_ue_event *event)
{
    d->reject.waits = true;
    d->reject.secured = event->secured;
    d->reject.message = event->message;
    d->reject.cause = event->cause;
    d->reject.esm_cause = event->esm_cause;
}

/* The reject was one. */
static void give_up(struct emulation *e, struct device *d)
{
    const struct bindery_ue_event event = {.message = d->reject.message,
                                           .cause = d->reject.cause,
                                           .esm_cause = d->reject.esm_cause,
                                           .secured = d->reject.secured};
    char text[TALLY_TEXT];
    d->reject.waits = false;
    tally_reject_text(&event, text);
    device_fail(e, d, text);
}

/* The network has the KME. Without a challenge that showed it, this attach ends here, and the
 * device comes again: a new beginning of the same attempt. */
static void kme_active(struct emulation *e, struct device *d, const struct bindery_ue_event *event)
{
    e->tally.kme_active++;
    if (event->processed) {
        e->tally.kme_by_challenge++;
        return;
    }
    d->reject.waits = false;
    d->provisioned = true;
    d->step = d->step > STEP_SENT ? STEP_SENT : d->step;
}

static void heard(struct emulation *e, struct device *d, const struct bindery_ue_event *event)
{
    if (d->reject.waits && event->kind != BINDERY_UE_EVENT_KME_ACTIVE) {
        give_up(e, d);
    }
    const bool gives_up = d->phase == PHASE_ATTACHING && !e->config.persist;
    if (e->host.event != NULL) {
        e->host.event(e->host.ctx, d, event);
    }
    if (onboarding_heard(e, d, event)) {
        return;
    }
    switch (event->kind) {
    case BINDERY_UE_EVENT_AUTHENTICATION:
        authenticated(e, d, event);
        break;
    case BINDERY_UE_EVENT_SECURED:
        d->step = STEP_SECURED;
        break;
    case BINDERY_UE_EVENT_REGISTERED:
        if (d->phase == PHASE_ATTACHING) {
            registered(e, d);
        }
        break;
    case BINDERY_UE_EVENT_REJECTED:
        if (gives_up) {
            rejected(d, event);
        }
        break;
    case BINDERY_UE_EVENT_DEREGISTERED:
        deregistered(e, d, event);
        break;
    case BINDERY_UE_EVENT_NOT_GENUINE:
        device_lost(e, d);
        if (gives_up) {
            device_fail(e, d, "the network did not authenticate itself");
        }
        break;
    case BINDERY_UE_EVENT_RELEASE:
        device_lost(e, d);
        break;
    case BINDERY_UE_EVENT_REFUSED:
        e->tally.refused[event->refusal]++;
        d->refusal = (uint8_t)event->refusal;
        break;
    case BINDERY_UE_EVENT_STORE_FAILED:
        e->tally.store_failed++;
        if (gives_up) {
            device_fail(e, d, "the device could not store its state");
        }
        break;
    case BINDERY_UE_EVENT_CRYPTO_FAILED:
        e->tally.crypto_failed++;
        break;
    case BINDERY_UE_EVENT_PROVED:
    case BINDERY_UE_EVENT_NO_PROOF:
        e->tally.proofs[event->algorithm < TALLY_PROOFS ? event->algorithm : 0]++;
        break;
    case BINDERY_UE_EVENT_KME_OFFERED:
        e->tally.kme_offered++;
        d->step = STEP_OFFERED;
        break;
    case BINDERY_UE_EVENT_KME_ACTIVE:
        kme_active(e, d, event);
        break;
    case BINDERY_UE_EVENT_KME_UNABLE:
        e->tally.kme_unable++;
        break;
    case BINDERY_UE_EVENT_WAITING:
    case BINDERY_UE_EVENT_ONBOARDING:
    case BINDERY_UE_EVENT_ONBOARDED:
    case BINDERY_UE_EVENT_ELSEWHERE:
    case BINDERY_UE_EVENT_DISCOVERY:
    case BINDERY_UE_EVENT_DISCOVERED:
        break; /* onboarding_heard */
    }
}

/* ---- what a device sends ---- */

/* It has begun, whatever the radio makes of it. */
static void set_out(struct emulation *e, struct device *d)
{
    if (d->phase == PHASE_ATTACHING && d->step == STEP_NOTHING) {
        load_histogram_add(&e->tally.lag, emulation_now_ns(e) - d->due_ns);
        d->step = STEP_SENT;
    }
}

static void carry_first(struct emulation *e, struct device *d, const struct bindery_ue_uplink *up)
{
    uint8_t copy[RADIO_PDU_MAX];
    struct bindery_ue_uplink sent = *up;
    device_lost(e, d); /* one of an attempt before */
    sent.pdu = copy;
    if (!radio_pass_first(e->radio, (struct bytes){up->pdu, up->n}, MBYTES_OF(copy), &sent.n)) {
        set_out(e, d); /* the device's timer will tell */
        return;
    }
    if (enb_initial(emulation_cell(e, d)->enb, d->number, &sent, &d->connection) != E_OK) {
        d->connection = ENB_NO_CONNECTION;
        d->lower = BINDERY_UE_LOWER_FAILED + 1;
        return;
    }
    d->lower = BINDERY_UE_LOWER_CONNECTED + 1;
    set_out(e, d);
    if (e->host.nas != NULL) {
        e->host.nas(e->host.ctx, d, true, (struct bytes){sent.pdu, sent.n});
    }
}

/* What leaves; nothing, if something was to be forged and could not. */
static struct bytes leaves(struct device *d, struct bytes made, struct mbytes room)
{
    struct bytes forged = made;
    if (d->forge == NULL) {
        return made;
    }
    const struct population *p = d->population;
    const enum err err = forge_uplink(d->forge, &p->guise.forge, &p->crypto, made, room, &forged);
    return err == E_OK ? forged : err == E_NOT_FOUND ? made : (struct bytes){0};
}

static void carry(struct emulation *e, struct device *d, const struct bindery_ue_uplink *up)
{
    uint8_t room[RADIO_PDU_MAX];
    struct radio_pdu pdu = {
        .direction = RADIO_UP, .device = d->number, .connection = d->connection};
    if (up->initial) {
        carry_first(e, d, up);
        return;
    }
    pdu.octets = leaves(d, (struct bytes){up->pdu, up->n}, MBYTES_OF(room));
    if (d->connection != ENB_NO_CONNECTION && pdu.octets.n > 0) {
        radio_pass(e->radio, emulation_now_ms(e), &pdu);
    }
}

static void leave(struct emulation *e, struct device *d)
{
    if (d->phase != PHASE_HOLDING) {
        return;
    }
    enter(e, d, PHASE_DETACHING);
    d->due_ns = emulation_now_ns(e);
    plan(e, d, emulation_now_ms(e) + e->config.timeout_ms);
    (void)bindery_ue_detach(&d->ue, emulation_now_ms(e), e->config.switch_off);
}

/* One thing that was put off until the device had nothing waiting. False: there is none. */
static bool put_off(struct emulation *e, struct device *d)
{
    if (d->lower != 0) {
        const enum bindery_ue_lower what = (enum bindery_ue_lower)(d->lower - 1);
        d->lower = 0;
        (void)bindery_ue_lower(&d->ue, emulation_now_ms(e), what);
        return true;
    }
    if (onboarding_turn(e, d)) {
        return true;
    }
    if (d->stop) {
        d->stop = d->leave = false;
        (void)bindery_ue_detach(&d->ue, emulation_now_ms(e), true);
        return true;
    }
    if (d->leave) {
        d->leave = false;
        leave(e, d);
        return true;
    }
    return false;
}

bool device_camp(struct emulation *e, struct device *d)
{
    return bindery_ue_camp(&d->ue, emulation_now_ms(e), &emulation_cell(e, d)->where) ==
           BINDERY_UE_OK;
}

void device_settle(struct emulation *e, struct device *d)
{
    struct bindery_ue_uplink up;
    struct bindery_ue_event event;
    bool more = true;
    while (more) {
        if (bindery_ue_uplink(&d->ue, &up)) {
            carry(e, d, &up);
        } else if (bindery_ue_next_event(&d->ue, &event)) {
            heard(e, d, &event);
        } else if (d->reject.waits) {
            give_up(e, d);
        } else {
            more = put_off(e, d);
        }
    }
    wheel_set(&e->wheel, 2 * d->number, bindery_ue_deadline(&d->ue));
    if (d->phase == PHASE_OFF && d->pending_ns != EMULATION_NOTHING_PENDING) {
        const uint64_t due = d->pending_ns;
        d->pending_ns = EMULATION_NOTHING_PENDING;
        device_begin(e, d, due);
    }
}

void device_begin(struct emulation *e, struct device *d, uint64_t due_ns)
{
    d->due_ns = due_ns;
    d->step = STEP_NOTHING;
    d->refusal = BINDERY_UE_REFUSED_NONE;
    d->provisioned = d->reject.waits = d->gave_up = d->manage = d->parts = false;
    d->tried = 0;
    e->tally.started++;
    enter(e, d, PHASE_ATTACHING);
    plan(e, d, due_ns / EMULATION_MS + e->config.timeout_ms);
    if (bindery_ue_attach(&d->ue, emulation_now_ms(e)) != BINDERY_UE_OK) {
        device_fail(e, d, "the device was in no state to attach");
    }
    device_settle(e, d);
}

/* ---- the radio's ends ---- */

static void arrives_up(struct emulation *e, struct device *d, struct bytes pdu)
{
    if (enb_uplink(emulation_cell(e, d)->enb, d->connection, pdu) == E_OK && e->host.nas != NULL) {
        e->host.nas(e->host.ctx, d, true, pdu);
    }
}

/* What comes to a device, or what somebody between puts in its place. */
static struct bytes reaches(struct emulation *e, struct device *d, struct bytes pdu,
                            struct mbytes room)
{
    const struct onboard_tap *tap = &e->p->guise.tap;
    struct bytes out = pdu;
    if (d->seeks && onboard_tap_wants(tap) && onboard_tap_downlink(tap, pdu, room, &out) != E_OK) {
        e->tally.store_failed++;
    }
    return out;
}

void device_arrives(void *ctx, const struct radio_pdu *pdu)
{
    struct emulation *e = ctx;
    struct device *d = population_at(e->p, pdu->device);
    uint8_t room[RADIO_PDU_MAX];
    if (pdu->connection != d->connection) {
        return; /* late: that connection has ended */
    }
    if (pdu->direction == RADIO_UP) {
        arrives_up(e, d, pdu->octets);
        return;
    }
    if (d->step < STEP_ANSWERED) {
        d->step = STEP_ANSWERED;
    }
    const struct bytes octets = reaches(e, d, pdu->octets, MBYTES_OF(room));
    (void)bindery_ue_downlink(&d->ue, emulation_now_ms(e), octets.p, octets.n);
    device_settle(e, d);
}

/* ---- what it is to do next ---- */

void device_due(struct emulation *e, struct device *d)
{
    const uint64_t now = emulation_now_ms(e);
    switch ((enum population_phase)d->phase) {
    case PHASE_ATTACHING:
        if (d->manage) {
            discovery_manage(e, d);
        } else {
            fail_silent(e, d);
        }
        break;
    case PHASE_HOLDING:
        if (now >= d->until_ms) {
            d->leave = true;
        } else {
            (void)enb_release(emulation_cell(e, d)->enb, d->connection,
                              S1AP_CAUSE_OF(RADIO_NETWORK, S1AP_RADIO_USER_INACTIVITY));
            plan(e, d, d->until_ms);
        }
        break;
    case PHASE_DETACHING:
        e->tally.detach_failed++;
        enter(e, d, PHASE_OFF);
        d->stop = true;
        break;
    case PHASE_OFF:
        break;
    }
}

void device_too_busy(struct emulation *e)
{
    tally_fail(&e->tally, "its device was still busy with two attempts before");
    attempt_over(e);
}
