#include "emulator/emulation.h"

#include "emulator/wheel.h"
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define NOTHING_PENDING UINT64_MAX
#define MS              UINT64_C(1000000)

struct cell {
    struct emulation *e;
    unsigned number;
    struct enb *enb;
    struct bindery_ue_cell where;
};
struct emulation {
    struct emulation_config config;
    struct emulation_host host;
    struct population *p;
    struct radio *radio;
    struct cell cell[EMULATION_ENBS_MAX];
    struct wheel wheel; /* of each device two: its own timers, and what it is to do next */
    uint32_t active;
    uint64_t start_ns;
    struct tally tally;
};

static const char *const steps[] = {
#define X(name, text) text,
    EMULATION_STEPS(X)
#undef X
};

static uint64_t now_ns(const struct emulation *e)
{
    return e->host.now_ns(e->host.ctx);
}

static uint64_t now_ms(const struct emulation *e)
{
    return now_ns(e) / MS;
}

static struct cell *cell_of(struct emulation *e, const struct device *d)
{
    return &e->cell[d->number % e->config.enbs];
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
    e->tally.last_ns = now_ns(e) - e->start_ns;
}

static void fail(struct emulation *e, struct device *d, const char *text)
{
    tally_fail(&e->tally, text);
    attempt_over(e);
    enter(e, d, PHASE_OFF);
    plan(e, d, WHEEL_NEVER);
    d->stop = true;
}

static void fail_silent(struct emulation *e, struct device *d)
{
    char text[TALLY_TEXT];
    const char *why = bindery_ue_refusal_name((enum bindery_ue_refusal)d->refusal);
    const bool refused = d->refusal != BINDERY_UE_REFUSED_NONE;
    (void)snprintf(text, sizeof text, "timeout: %s%s%s", steps[d->step],
                   refused ? "; refused last: " : "", refused ? why : "");
    fail(e, d, text);
}

static void registered(struct emulation *e, struct device *d)
{
    const uint64_t now = now_ns(e);
    const struct emulation_config *c = &e->config;
    const bool ever = c->hold_ms == EMULATION_FOR_EVER;
    load_histogram_add(&e->tally.attach, now - d->due_ns);
    e->tally.registered++;
    attempt_over(e);
    enter(e, d, PHASE_HOLDING);
    d->until_ms = ever ? WHEEL_NEVER : now / MS + c->hold_ms;
    d->leave = c->hold_ms == 0;
    const uint64_t idle = c->inactivity_ms > 0 ? now / MS + c->inactivity_ms : WHEEL_NEVER;
    plan(e, d, idle < d->until_ms ? idle : d->until_ms);
}

static void deregistered(struct emulation *e, struct device *d,
                         const struct bindery_ue_event *event)
{
    switch ((enum population_phase)d->phase) {
    case PHASE_DETACHING:
        load_histogram_add(&e->tally.detach, now_ns(e) - d->due_ns);
        e->tally.detached++;
        break;
    case PHASE_HOLDING:
        e->tally.detached_by_network++;
        d->stop = true; /* it would attach again by itself, which is not in the plan */
        break;
    case PHASE_ATTACHING:
        fail(e, d, event->by_network ? "detached by the network" : "detached");
        return;
    case PHASE_OFF:
        return;
    }
    enter(e, d, PHASE_OFF);
    plan(e, d, WHEEL_NEVER);
}

/* ---- what a device says ---- */

static void lost(struct emulation *e, struct device *d)
{
    if (d->connection != ENB_NO_CONNECTION) {
        enb_lost(cell_of(e, d)->enb, d->connection);
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

static void rejected(struct emulation *e, struct device *d, const struct bindery_ue_event *event)
{
    char text[TALLY_TEXT];
    tally_reject_text(event, text);
    fail(e, d, text);
}

static void heard(struct emulation *e, struct device *d, const struct bindery_ue_event *event)
{
    const bool gives_up = d->phase == PHASE_ATTACHING && !e->config.persist;
    if (e->host.event != NULL) {
        e->host.event(e->host.ctx, d, event);
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
            rejected(e, d, event);
        }
        break;
    case BINDERY_UE_EVENT_DEREGISTERED:
        deregistered(e, d, event);
        break;
    case BINDERY_UE_EVENT_NOT_GENUINE:
        lost(e, d);
        if (gives_up) {
            fail(e, d, "the network did not authenticate itself");
        }
        break;
    case BINDERY_UE_EVENT_RELEASE:
        lost(e, d);
        break;
    case BINDERY_UE_EVENT_REFUSED:
        e->tally.refused[event->refusal]++;
        d->refusal = (uint8_t)event->refusal;
        break;
    case BINDERY_UE_EVENT_STORE_FAILED:
        e->tally.store_failed++;
        if (gives_up) {
            fail(e, d, "the device could not store its state");
        }
        break;
    case BINDERY_UE_EVENT_CRYPTO_FAILED:
        e->tally.crypto_failed++;
        break;
    case BINDERY_UE_EVENT_WAITING:
        break;
    }
}

/* ---- what a device sends ---- */

static void carry_first(struct emulation *e, struct device *d, const struct bindery_ue_uplink *up)
{
    uint8_t copy[RADIO_PDU_MAX];
    struct bindery_ue_uplink sent = *up;
    lost(e, d); /* one of an attempt before */
    sent.pdu = copy;
    if (!radio_pass_first(e->radio, (struct bytes){up->pdu, up->n}, MBYTES_OF(copy), &sent.n)) {
        return; /* the device's timer will tell */
    }
    if (enb_initial(cell_of(e, d)->enb, d->number, &sent, &d->connection) != E_OK) {
        d->connection = ENB_NO_CONNECTION;
        d->lower = BINDERY_UE_LOWER_FAILED + 1;
        return;
    }
    d->lower = BINDERY_UE_LOWER_CONNECTED + 1;
    if (d->phase == PHASE_ATTACHING && d->step == STEP_NOTHING) {
        load_histogram_add(&e->tally.lag, now_ns(e) - d->due_ns);
        d->step = STEP_SENT;
    }
    if (e->host.nas != NULL) {
        e->host.nas(e->host.ctx, d, true, (struct bytes){sent.pdu, sent.n});
    }
}

static void carry(struct emulation *e, struct device *d, const struct bindery_ue_uplink *up)
{
    const struct radio_pdu pdu = {.direction = RADIO_UP,
                                  .device = d->number,
                                  .connection = d->connection,
                                  .octets = {up->pdu, up->n}};
    if (up->initial) {
        carry_first(e, d, up);
    } else if (d->connection != ENB_NO_CONNECTION) {
        radio_pass(e->radio, now_ms(e), &pdu);
    }
}

static void leave(struct emulation *e, struct device *d)
{
    if (d->phase != PHASE_HOLDING) {
        return;
    }
    enter(e, d, PHASE_DETACHING);
    d->due_ns = now_ns(e);
    plan(e, d, now_ms(e) + e->config.timeout_ms);
    (void)bindery_ue_detach(&d->ue, now_ms(e), e->config.switch_off);
}

/* One thing that was put off until the device had nothing waiting. False: there is none. */
static bool put_off(struct emulation *e, struct device *d)
{
    if (d->lower != 0) {
        const enum bindery_ue_lower what = (enum bindery_ue_lower)(d->lower - 1);
        d->lower = 0;
        (void)bindery_ue_lower(&d->ue, now_ms(e), what);
        return true;
    }
    if (d->stop) {
        d->stop = d->leave = false;
        (void)bindery_ue_detach(&d->ue, now_ms(e), true);
        return true;
    }
    if (d->leave) {
        d->leave = false;
        leave(e, d);
        return true;
    }
    return false;
}

static void begin(struct emulation *e, struct device *d, uint64_t due_ns);

/* After every call of a device: takes what came of it, until it is quiet. */
static void settle(struct emulation *e, struct device *d)
{
    struct bindery_ue_uplink up;
    struct bindery_ue_event event;
    bool more = true;
    while (more) {
        if (bindery_ue_uplink(&d->ue, &up)) {
            carry(e, d, &up);
        } else if (bindery_ue_next_event(&d->ue, &event)) {
            heard(e, d, &event);
        } else {
            more = put_off(e, d);
        }
    }
    wheel_set(&e->wheel, 2 * d->number, bindery_ue_deadline(&d->ue));
    if (d->phase == PHASE_OFF && d->pending_ns != NOTHING_PENDING) {
        const uint64_t due = d->pending_ns;
        d->pending_ns = NOTHING_PENDING;
        begin(e, d, due);
    }
}

static void begin(struct emulation *e, struct device *d, uint64_t due_ns)
{
    d->due_ns = due_ns;
    d->step = STEP_NOTHING;
    d->refusal = BINDERY_UE_REFUSED_NONE;
    e->tally.started++;
    enter(e, d, PHASE_ATTACHING);
    plan(e, d, due_ns / MS + e->config.timeout_ms);
    if (bindery_ue_attach(&d->ue, now_ms(e)) != BINDERY_UE_OK) {
        fail(e, d, "the device was in no state to attach");
    }
    settle(e, d);
}

/* ---- the radio's ends ---- */

static void arrives_up(struct emulation *e, struct device *d, struct bytes pdu)
{
    if (enb_uplink(cell_of(e, d)->enb, d->connection, pdu) == E_OK && e->host.nas != NULL) {
        e->host.nas(e->host.ctx, d, true, pdu);
    }
}

static void arrives(void *ctx, const struct radio_pdu *pdu)
{
    struct emulation *e = ctx;
    struct device *d = population_at(e->p, pdu->device);
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
    (void)bindery_ue_downlink(&d->ue, now_ms(e), pdu->octets.p, pdu->octets.n);
    settle(e, d);
}

/* ---- the eNB's host ---- */

static bool cell_send(void *ctx, unsigned mme, uint16_t stream, struct bytes message)
{
    const struct cell *c = ctx;
    return c->e->host.send(c->e->host.ctx, c->number, mme, stream, message);
}

static bool cell_downlink(void *ctx, uint32_t device, struct bytes nas)
{
    struct emulation *e = ((const struct cell *)ctx)->e;
    const struct device *d = population_at(e->p, device);
    const struct radio_pdu pdu = {
        .direction = RADIO_DOWN, .device = device, .connection = d->connection, .octets = nas};
    if (e->host.nas != NULL) {
        e->host.nas(e->host.ctx, d, false, nas);
    }
    radio_pass(e->radio, now_ms(e), &pdu);
    return true;
}

static void cell_lower(void *ctx, uint32_t device, enum bindery_ue_lower what)
{
    struct emulation *e = ((const struct cell *)ctx)->e;
    struct device *d = population_at(e->p, device);
    if (what == BINDERY_UE_LOWER_RELEASED) {
        d->connection = ENB_NO_CONNECTION;
    }
    (void)bindery_ue_lower(&d->ue, now_ms(e), what);
    settle(e, d);
}

static bool cell_kenb(void *ctx, uint32_t device, uint8_t out[static 32])
{
    struct emulation *e = ((const struct cell *)ctx)->e;
    return bindery_ue_kenb(&population_at(e->p, device)->ue, out) == BINDERY_UE_OK;
}

static void cell_told(void *ctx, const struct enb_told *told)
{
    const struct cell *c = ctx;
    if (c->e->host.told != NULL) {
        c->e->host.told(c->e->host.ctx, c->number, told);
    }
}

/* ---- beginning and end ---- */

static enum err open_cell(struct emulation *e, unsigned i)
{
    struct cell *c = &e->cell[i];
    struct enb_config config = e->config.enb;
    const struct enb_host host = {.ctx = c,
                                  .send = cell_send,
                                  .downlink = cell_downlink,
                                  .lower = cell_lower,
                                  .kenb = cell_kenb,
                                  .told = cell_told};
    config.id += i;
    if (e->config.enbs > 1) {
        (void)snprintf(config.name, sizeof config.name, "%.20s-%u", e->config.enb.name, i + 1);
    }
    *c = (struct cell){.e = e, .number = i, .where = {.tac = config.tac}};
    plmn_to_octets(&config.plmns[0], c->where.plmn);
    return enb_open(&config, &host, &c->enb);
}

static enum err camp(struct emulation *e)
{
    for (uint32_t i = 0; i < e->p->n; i++) {
        struct device *d = population_at(e->p, i);
        if (bindery_ue_camp(&d->ue, now_ms(e), &cell_of(e, d)->where) != BINDERY_UE_OK) {
            return E_BAD_VALUE;
        }
        settle(e, d);
    }
    return E_OK;
}

static enum err open_parts(struct emulation *e)
{
    enum err err = wheel_open(&e->wheel, 2 * e->p->n, now_ms(e));
    if (err == E_OK) {
        err = radio_open(&e->config.radio, arrives, e, &e->radio);
    }
    for (unsigned i = 0; err == E_OK && i < e->config.enbs; i++) {
        err = open_cell(e, i);
    }
    return err == E_OK ? camp(e) : err;
}

enum err emulation_open(const struct emulation_config *config, const struct emulation_host *host,
                        struct population *population, struct emulation **out)
{
    *out = NULL;
    if (config->enbs == 0 || config->enbs > EMULATION_ENBS_MAX || population->n == 0 ||
        population->n > UINT32_MAX / 2) {
        return E_BAD_VALUE;
    }
    struct emulation *e = calloc(1, sizeof *e);
    if (e == NULL) {
        return E_MEMORY;
    }
    e->config = *config;
    e->host = *host;
    e->p = population;
    e->start_ns = now_ns(e);
    enum err err = open_parts(e);
    if (err != E_OK) {
        emulation_close(e);
        return err;
    }
    *out = e;
    return E_OK;
}

void emulation_close(struct emulation *e)
{
    for (unsigned i = 0; e != NULL && i < EMULATION_ENBS_MAX; i++) {
        enb_close(e->cell[i].enb);
    }
    if (e != NULL) {
        radio_close(e->radio);
        wheel_close(&e->wheel);
    }
    free(e);
}

/* ---- associations ---- */

void emulation_up(struct emulation *e, unsigned enb, unsigned mme, uint16_t streams)
{
    enb_up(e->cell[enb].enb, mme, now_ms(e), streams);
}

void emulation_down(struct emulation *e, unsigned enb, unsigned mme)
{
    enb_down(e->cell[enb].enb, mme);
}

void emulation_receive(struct emulation *e, unsigned enb, unsigned mme, struct bytes message)
{
    enb_receive(e->cell[enb].enb, mme, now_ms(e), message);
}

/* ---- what is asked of a device ---- */

void emulation_attach(struct emulation *e, uint32_t device, uint64_t due_ns)
{
    struct device *d = population_at(e->p, device);
    e->tally.offered++;
    if (d->phase == PHASE_OFF) {
        begin(e, d, due_ns);
    } else if (d->pending_ns == NOTHING_PENDING) {
        d->pending_ns = due_ns;
    } else {
        tally_fail(&e->tally, "its device was still busy with two attempts before");
        attempt_over(e);
    }
}

void emulation_detach(struct emulation *e, uint32_t device)
{
    struct device *d = population_at(e->p, device);
    d->leave = d->phase == PHASE_HOLDING;
    settle(e, d);
}

void emulation_service(struct emulation *e, uint32_t device)
{
    struct device *d = population_at(e->p, device);
    (void)bindery_ue_service(&d->ue, now_ms(e), false);
    settle(e, d);
}

/* ---- time ---- */

static void due(struct emulation *e, struct device *d)
{
    const uint64_t now = now_ms(e);
    switch ((enum population_phase)d->phase) {
    case PHASE_ATTACHING:
        fail_silent(e, d);
        break;
    case PHASE_HOLDING:
        if (now >= d->until_ms) {
            d->leave = true;
        } else {
            (void)enb_release(cell_of(e, d)->enb, d->connection,
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

void emulation_tick(struct emulation *e)
{
    const uint64_t now = now_ms(e);
    uint32_t timer;
    while (wheel_next(&e->wheel, now, &timer)) {
        struct device *d = population_at(e->p, timer / 2);
        if (timer % 2 == 0) {
            (void)bindery_ue_tick(&d->ue, now);
        } else {
            due(e, d);
        }
        settle(e, d);
    }
    radio_tick(e->radio, now);
    for (unsigned i = 0; i < e->config.enbs; i++) {
        enb_tick(e->cell[i].enb, now);
    }
}

uint64_t emulation_deadline_ns(const struct emulation *e)
{
    uint64_t first = wheel_deadline(&e->wheel);
    const uint64_t radio = radio_deadline(e->radio);
    first = radio < first ? radio : first;
    for (unsigned i = 0; i < e->config.enbs; i++) {
        const uint64_t enb = enb_deadline(e->cell[i].enb);
        first = enb < first ? enb : first;
    }
    return first > UINT64_MAX / MS ? UINT64_MAX : first * MS;
}

/* ---- what it counted ---- */

uint32_t emulation_active(const struct emulation *e)
{
    return e->active;
}

struct tally *emulation_tally(struct emulation *e)
{
    return &e->tally;
}

const struct radio_counters *emulation_radio(const struct emulation *e)
{
    return radio_counters(e->radio);
}

const struct enb *emulation_enb(const struct emulation *e, unsigned enb)
{
    return e->cell[enb].enb;
}

void emulation_enb_counters(const struct emulation *e, struct enb_counters *out)
{
    memset(out, 0, sizeof *out);
    for (unsigned i = 0; i < e->config.enbs; i++) {
        const struct enb_counters *c = enb_counters(e->cell[i].enb);
#define X(name, text) out->name += c->name;
        ENB_COUNTERS(X)
#undef X
        for (unsigned f = 0; f < ENB_FAULT_COUNT; f++) {
            out->faults[f] += c->faults[f];
        }
        out->connections += c->connections;
    }
}

size_t emulation_device_size(void)
{
    return population_device_size() + 2 * sizeof(struct wheel_entry) + enb_connection_size();
}
