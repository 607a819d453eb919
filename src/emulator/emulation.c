#include "emulator/emulation.h"

#include "emulator/emulation_parts.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* ---- networks ---- */

unsigned emulation_enbs(const struct emulation_config *c)
{
    return c->enbs * (1 + c->further);
}

unsigned emulation_mmes(const struct emulation_config *c, unsigned enb)
{
    return enb < c->enbs ? c->enb.mmes : 1;
}

struct plmn emulation_plmn(const struct emulation_config *c, unsigned network)
{
    return network == 0 ? c->enb.plmns[0] : c->network[network - 1];
}

unsigned emulation_enb_of(const struct emulation_config *c, const struct device *d)
{
    return d->network * c->enbs + d->number % c->enbs;
}

unsigned emulation_choose(const struct emulation_config *c, uint8_t tried)
{
    struct bindery_ue_network found[EMULATION_NETWORKS_MAX];
    const struct bindery_ue_network_policy policy = {
        .preferred = c->policy, .preferred_n = c->policy_n, .others = c->policy_n == 0};
    for (unsigned i = 0; i <= c->further; i++) {
        const struct plmn plmn = emulation_plmn(c, i);
        plmn_to_octets(&plmn, found[i].plmn);
        found[i].tried = (tried >> i & 1) != 0;
    }
    const size_t i = bindery_ue_network_choose(&policy, found, 1 + c->further);
    return i < EMULATION_NETWORKS_MAX ? (unsigned)i : EMULATION_NETWORKS_MAX;
}

bool emulation_has_network(const struct emulation_config *c)
{
    return emulation_choose(c, 0) < EMULATION_NETWORKS_MAX;
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
    radio_pass(e->radio, emulation_now_ms(e), &pdu);
    return true;
}

static void cell_lower(void *ctx, uint32_t device, enum bindery_ue_lower what)
{
    struct emulation *e = ((const struct cell *)ctx)->e;
    struct device *d = population_at(e->p, device);
    if (what == BINDERY_UE_LOWER_RELEASED) {
        d->connection = ENB_NO_CONNECTION;
    }
    (void)bindery_ue_lower(&d->ue, emulation_now_ms(e), what);
    device_settle(e, d);
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
    config.plmns[0] = emulation_plmn(&e->config, i / e->config.enbs);
    config.n_plmns = i < e->config.enbs ? config.n_plmns : 1;
    config.mmes = emulation_mmes(&e->config, i);
    if (emulation_enbs(&e->config) > 1) {
        (void)snprintf(config.name, sizeof config.name, "%.20s-%u", e->config.enb.name, i + 1);
    }
    *c = (struct cell){.e = e, .number = i, .where = {.tac = config.tac}};
    plmn_to_octets(&config.plmns[0], c->where.plmn);
    return enb_open(&config, &host, &c->enb);
}

static enum err camp(struct emulation *e)
{
    const unsigned network = emulation_choose(&e->config, 0);
    for (uint32_t i = 0; i < e->p->n; i++) {
        struct device *d = population_at(e->p, i);
        d->network = (uint8_t)network;
        if (!device_camp(e, d)) {
            return E_BAD_VALUE;
        }
        device_settle(e, d);
    }
    return E_OK;
}

static enum err open_parts(struct emulation *e)
{
    enum err err = wheel_open(&e->wheel, 2 * e->p->n, emulation_now_ms(e));
    if (err == E_OK) {
        err = radio_open(&e->config.radio, device_arrives, e, &e->radio);
    }
    for (unsigned i = 0; err == E_OK && i < emulation_enbs(&e->config); i++) {
        err = open_cell(e, i);
    }
    return err == E_OK ? camp(e) : err;
}

enum err emulation_open(const struct emulation_config *config, const struct emulation_host *host,
                        struct population *population, struct emulation **out)
{
    *out = NULL;
    if (config->enbs == 0 || config->further >= EMULATION_NETWORKS_MAX ||
        config->enbs > EMULATION_ENBS_MAX / (1 + config->further) ||
        config->policy_n > EMULATION_POLICY_MAX || !emulation_has_network(config) ||
        population->n == 0 || population->n > UINT32_MAX / 2) {
        return E_BAD_VALUE;
    }
    struct emulation *e = calloc(1, sizeof *e);
    if (e == NULL) {
        return E_MEMORY;
    }
    e->config = *config;
    e->host = *host;
    e->p = population;
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
    enb_up(e->cell[enb].enb, mme, emulation_now_ms(e), streams);
}

void emulation_down(struct emulation *e, unsigned enb, unsigned mme)
{
    enb_down(e->cell[enb].enb, mme);
}

void emulation_receive(struct emulation *e, unsigned enb, unsigned mme, struct bytes message)
{
    enb_receive(e->cell[enb].enb, mme, emulation_now_ms(e), message);
}

/* ---- what is asked of a device ---- */

void emulation_attach(struct emulation *e, uint32_t device, uint64_t due_ns)
{
    struct device *d = population_at(e->p, device);
    e->tally.offered++;
    if (d->phase == PHASE_OFF) {
        device_begin(e, d, due_ns);
    } else if (d->pending_ns == EMULATION_NOTHING_PENDING) {
        d->pending_ns = due_ns;
    } else {
        device_too_busy(e);
    }
}

void emulation_detach(struct emulation *e, uint32_t device)
{
    struct device *d = population_at(e->p, device);
    d->leave = d->phase == PHASE_HOLDING;
    device_settle(e, d);
}

void emulation_service(struct emulation *e, uint32_t device)
{
    struct device *d = population_at(e->p, device);
    (void)bindery_ue_service(&d->ue, emulation_now_ms(e), false);
    device_settle(e, d);
}

/* ---- time ---- */

void emulation_tick(struct emulation *e)
{
    const uint64_t now = emulation_now_ms(e);
    uint32_t timer;
    while (wheel_next(&e->wheel, now, &timer)) {
        struct device *d = population_at(e->p, timer / 2);
        if (timer % 2 == 0) {
            (void)bindery_ue_tick(&d->ue, now);
        } else {
            device_due(e, d);
        }
        device_settle(e, d);
    }
    radio_tick(e->radio, now);
    for (unsigned i = 0; i < emulation_enbs(&e->config); i++) {
        enb_tick(e->cell[i].enb, now);
    }
}

uint64_t emulation_deadline_ns(const struct emulation *e)
{
    uint64_t first = wheel_deadline(&e->wheel);
    const uint64_t radio = radio_deadline(e->radio);
    first = radio < first ? radio : first;
    for (unsigned i = 0; i < emulation_enbs(&e->config); i++) {
        const uint64_t enb = enb_deadline(e->cell[i].enb);
        first = enb < first ? enb : first;
    }
    return first > UINT64_MAX / EMULATION_MS ? UINT64_MAX : first * EMULATION_MS;
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
    for (unsigned i = 0; i < emulation_enbs(&e->config); i++) {
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
