/* What a device does that came without a subscription: asks for one, network by network, begins
 * anew with the one that it gets, and gives it up again if it is no good. */
#include "emulator/emulation_parts.h"
#include <stdio.h>

static void turned(struct emulation *e, const struct device *d, enum emulation_turn turn)
{
    if (e->host.turned != NULL) {
        e->host.turned(e->host.ctx, d, turn);
    }
}

/* ---- what its NAS client says ---- */

static void onboarded(struct emulation *e, struct device *d)
{
    const uint64_t now = emulation_now_ns(e);
    e->tally.onboarded++;
    if (d->phase == PHASE_ATTACHING) {
        load_histogram_add(&e->tally.onboard, now - d->due_ns);
    }
    d->turn = EMULATION_TURN_SUBSCRIBED;
}

/* With what was said last, by the network or by the device of the network. */
static void fail_everywhere(struct emulation *e, struct device *d)
{
    const struct bindery_ue_event event = {.message = d->reject.message,
                                           .cause = d->reject.cause,
                                           .esm_cause = d->reject.esm_cause,
                                           .secured = d->reject.secured};
    const char *why = bindery_ue_refusal_name((enum bindery_ue_refusal)d->refusal);
    const char *what = d->discovery != NULL ? "no IMSI" : "no subscription";
    char reject[TALLY_TEXT], text[TALLY_TEXT];
    if (d->refusal != BINDERY_UE_REFUSED_NONE) {
        (void)snprintf(text, sizeof text, "%s: the device refused what came (%s)", what, why);
    } else if (event.message != 0) {
        tally_reject_text(&event, reject);
        (void)snprintf(text, sizeof text, "%s: %.70s", what, reject);
    } else {
        (void)snprintf(text, sizeof text, "timeout: %s: nothing was answered", what);
    }
    device_fail(e, d, text);
}

/*= certattach-1a certattach-elsewhere */
/* The next network; when each had its chance the device tries again by itself, or it is over. */
static void elsewhere(struct emulation *e, struct device *d)
{
    e->tally.onboarding_refused += d->discovery == NULL;
    e->tally.discovery_refused += d->discovery != NULL;
    d->tried |= (uint8_t)(1U << d->network);
    const unsigned next = emulation_choose(&e->config, d->tried);
    if (next < EMULATION_NETWORKS_MAX) {
        d->move = (uint8_t)(next + 1);
        return;
    }
    d->tried = 0;
    if (d->discovery != NULL && discovery_elsewhere(d)) {
        return;
    }
    if (d->phase == PHASE_ATTACHING && !e->config.persist) {
        fail_everywhere(e, d);
    }
}

/* A reject is none before it is known what the device makes of it. */
static bool boxed_heard(struct emulation *e, struct device *d, const struct bindery_ue_event *event)
{
    switch (event->kind) {
    case BINDERY_UE_EVENT_ONBOARDING:
        e->tally.onboarding_asked++;
        return true;
    case BINDERY_UE_EVENT_ONBOARDED:
        onboarded(e, d);
        return true;
    case BINDERY_UE_EVENT_REJECTED:
        d->reject.message = event->message;
        d->reject.cause = event->cause;
        d->reject.esm_cause = event->esm_cause;
        d->reject.secured = event->secured;
        return true;
    case BINDERY_UE_EVENT_ELSEWHERE:
        elsewhere(e, d);
        return true;
    case BINDERY_UE_EVENT_STORE_FAILED:
        e->tally.store_failed++; /* it will ask again, and get the same */
        return true;
    case BINDERY_UE_EVENT_NOT_GENUINE: /* nothing came of this network */
        device_lost(e, d);
        return true;
    case BINDERY_UE_EVENT_DISCOVERY:
    case BINDERY_UE_EVENT_DISCOVERED:
        return discovery_heard(e, d, event);
    case BINDERY_UE_EVENT_AUTHENTICATION:
    case BINDERY_UE_EVENT_SECURED:
    case BINDERY_UE_EVENT_REGISTERED:
    case BINDERY_UE_EVENT_WAITING:
    case BINDERY_UE_EVENT_DEREGISTERED:
    case BINDERY_UE_EVENT_RELEASE:
    case BINDERY_UE_EVENT_REFUSED:
    case BINDERY_UE_EVENT_CRYPTO_FAILED:
    case BINDERY_UE_EVENT_PROVED:
    case BINDERY_UE_EVENT_NO_PROOF:
    case BINDERY_UE_EVENT_KME_OFFERED:
    case BINDERY_UE_EVENT_KME_ACTIVE:
    case BINDERY_UE_EVENT_KME_UNABLE:
        break;
    }
    return false;
}

/* Once in an attempt it begins again from the box; a second time the attempt has failed. */
static bool given_up(struct emulation *e, struct device *d)
{
    const bool again = d->gave_up, dimsi = d->discovery != NULL;
    e->tally.onboarding_given_up += !dimsi;
    e->tally.discovery_given_up += dimsi;
    d->turn = dimsi ? EMULATION_TURN_UNDISCOVERED : EMULATION_TURN_UNSUBSCRIBED;
    d->gave_up = true;
    return !again;
}

bool onboarding_heard(struct emulation *e, struct device *d, const struct bindery_ue_event *event)
{
    if (d->turn != EMULATION_TURN_NONE) { /* of a client that is about to end */
        if (event->kind == BINDERY_UE_EVENT_RELEASE) {
            device_lost(e, d);
        }
        return true;
    }
    if (d->onboard == NULL && d->discovery == NULL) {
        return false;
    }
    if (d->seeks) {
        return boxed_heard(e, d, event);
    }
    return population_trial(e->p, d, event) && given_up(e, d);
}

/* ---- what was put off ---- */

static void move(struct emulation *e, struct device *d)
{
    d->network = (uint8_t)(d->move - 1);
    d->move = 0;
    turned(e, d, EMULATION_TURN_MOVED);
    (void)device_camp(e, d);
}

static enum err client_of(struct emulation *e, struct device *d, enum emulation_turn turn)
{
    switch (turn) {
    case EMULATION_TURN_SUBSCRIBED:
        return population_subscribed(e->p, d);
    case EMULATION_TURN_UNSUBSCRIBED:
        return population_unsubscribed(e->p, d);
    case EMULATION_TURN_DISCOVERED:
        return population_discovered(e->p, d);
    case EMULATION_TURN_DIMSI:
        return population_dimsi(e->p, d);
    case EMULATION_TURN_UNDISCOVERED:
        return population_undiscovered(e->p, d);
    case EMULATION_TURN_MANAGED:
        return population_managed(e->p, d);
    case EMULATION_TURN_NONE:
    case EMULATION_TURN_MOVED:
    case EMULATION_TURN_FAILED:
        break;
    }
    return E_BAD_STATE;
}

static void begin_anew(struct emulation *e, struct device *d, enum emulation_turn turn)
{
    const enum err err = client_of(e, d, turn);
    d->turn = EMULATION_TURN_NONE;
    d->tried = d->move = 0;
    d->reject.waits = false;
    d->reject.message = 0;
    d->refusal = BINDERY_UE_REFUSED_NONE;
    if (err == E_OK && turn == EMULATION_TURN_DIMSI) {
        d->network = (uint8_t)emulation_choose(&e->config, 0);
    }
    turned(e, d, err == E_OK ? turn : EMULATION_TURN_FAILED);
    if (err != E_OK) {
        if (d->phase == PHASE_ATTACHING) {
            device_fail(e, d, "the device could not begin with what it has");
        }
        return;
    }
    d->step = d->step > STEP_SENT ? STEP_SENT : d->step;
    if (turn == EMULATION_TURN_MANAGED && d->phase == PHASE_ATTACHING) {
        device_extend(e, d);
    }
    if (device_camp(e, d) && d->phase == PHASE_ATTACHING) {
        (void)bindery_ue_attach(&d->ue, emulation_now_ms(e));
    }
}

/* The connection of the client that ends: who detaches does so first; who goes on with another
 * dIMSI does not wait to be let go. False: it is to be waited for. */
static bool parted(struct emulation *e, struct device *d)
{
    if (d->parts) {
        d->parts = false;
        (void)bindery_ue_detach(&d->ue, emulation_now_ms(e), false);
        return true;
    }
    if (d->turn == EMULATION_TURN_DIMSI) {
        device_lost(e, d);
        return true;
    }
    return false;
}

bool onboarding_turn(struct emulation *e, struct device *d)
{
    if (d->turn != EMULATION_TURN_NONE) {
        if (d->parts || d->connection != ENB_NO_CONNECTION) {
            return parted(e, d); /* or the network ends it, or else the NAS client does */
        }
        begin_anew(e, d, (enum emulation_turn)d->turn);
        return true;
    }
    if (d->move != 0 && d->connection != ENB_NO_CONNECTION) {
        device_lost(e, d); /* it leaves that cell, and does not wait to be let go */
        (void)bindery_ue_lower(&d->ue, emulation_now_ms(e), BINDERY_UE_LOWER_RELEASED);
        return true;
    }
    if (d->move != 0) {
        move(e, d);
        return true;
    }
    return false;
}
