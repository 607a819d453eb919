/* What a device does that came with a dIMSI: attaches with it until an IMSI has come, dIMSI by
 * dIMSI, begins anew with the IMSI, and with its operator's own subscription when it has that. */
#include "emulator/emulation_parts.h"

static bool is_good(enum bindery_ue_discovery_outcome o)
{
    return o == BINDERY_UE_DISCOVERY_INSTALLED || o == BINDERY_UE_DISCOVERY_REPEATED;
}

static void challenged(struct emulation *e, struct device *d, const struct bindery_ue_event *event)
{
    if ((size_t)event->discovery < TALLY_DISCOVERIES) {
        e->tally.discoveries[event->discovery]++;
    }
    if (is_good(event->discovery)) {
        d->step = STEP_AUTHENTICATED;
    }
}

/*= dimsi-8 */
static void discovered(struct emulation *e, struct device *d)
{
    e->tally.discovered++;
    if (d->phase == PHASE_ATTACHING) {
        load_histogram_add(&e->tally.discover, emulation_now_ns(e) - d->due_ns);
    }
    d->turn = EMULATION_TURN_DISCOVERED;
}

bool discovery_heard(struct emulation *e, struct device *d, const struct bindery_ue_event *event)
{
    if (event->kind == BINDERY_UE_EVENT_DISCOVERY) {
        challenged(e, d, event);
    } else {
        discovered(e, d);
    }
    return true;
}

/* The operator may have seen the IMSI registered before the device did: then the dIMSI is spent,
 * and the IMSI that was given up is all there is. Once, then the networks are waited for. */
static bool back_to_imsi(struct device *d)
{
    const bool good = !d->gave_up && discovery_back(d->discovery);
    d->gave_up = false;
    if (good) {
        d->turn = EMULATION_TURN_DISCOVERED;
    }
    return good;
}

/*= dimsi-several dimsi-trial */
bool discovery_elsewhere(struct device *d)
{
    if (discovery_next(d->discovery)) {
        d->turn = EMULATION_TURN_DIMSI;
        return true;
    }
    return back_to_imsi(d);
}

/*= dimsi-11 */
void discovery_manage(struct emulation *e, struct device *d)
{
    char why[EMULATION_WHY_MAX] = "";
    d->manage = false;
    switch (e->host.registered(e->host.ctx, d, why)) {
    case EMULATION_TURN_NONE:
        device_registered(e, d);
        break;
    case EMULATION_TURN_MANAGED:
        device_extend(e, d);
        d->turn = EMULATION_TURN_MANAGED;
        d->parts = true;
        break;
    case EMULATION_TURN_MOVED:
    case EMULATION_TURN_SUBSCRIBED:
    case EMULATION_TURN_UNSUBSCRIBED:
    case EMULATION_TURN_DISCOVERED:
    case EMULATION_TURN_DIMSI:
    case EMULATION_TURN_UNDISCOVERED:
    case EMULATION_TURN_FAILED:
        device_fail(e, d, why);
        break;
    }
}
