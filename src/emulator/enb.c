#include "emulator/enb.h"

#include "emulator/enb_parts.h"
#include <stdlib.h>
#include <string.h>

#define ID_BITS 24U

/* ---- names ---- */

static const struct {
    const char *name, *sentence;
} faults[] = {
#define X(name, text, sentence) {text, sentence},
    ENB_FAULTS(X)
#undef X
};

const char *enb_fault_name(enum enb_fault f)
{
    return (unsigned)f < ENB_FAULT_COUNT ? faults[f].name : "unknown";
}

const char *enb_fault_sentence(enum enb_fault f)
{
    return (unsigned)f < ENB_FAULT_COUNT ? faults[f].sentence : "unknown";
}

/* ---- the table of connections ---- */

static bool make_table(struct enb *e)
{
    const uint32_t n = e->config.ues;
    while ((UINT32_C(1) << e->bits) < n) {
        e->bits++;
    }
    e->mask = (UINT32_C(1) << e->bits) - 1;
    e->table = calloc(n, sizeof *e->table);
    for (uint32_t i = 0; e->table != NULL && i < n; i++) {
        e->table[i] = (struct enb_connection){.id = i, .next = i + 1 < n ? i + 1 : ENB_NOBODY};
    }
    e->free_first = 0;
    e->free_last = n - 1;
    return e->table != NULL;
}

struct enb_connection *enb_take(struct enb *e)
{
    if (e->free_first == ENB_NOBODY) {
        return NULL;
    }
    struct enb_connection *c = &e->table[e->free_first];
    e->free_first = c->next;
    e->free_last = e->free_first == ENB_NOBODY ? ENB_NOBODY : e->free_last;
    c->next = ENB_NOBODY;
    c->born = e->born++;
    c->release_asked = false;
    e->counters.connections++;
    return c;
}

struct enb_connection *enb_find(struct enb *e, uint32_t id)
{
    const uint32_t place = id & e->mask;
    if (place >= e->config.ues || e->table[place].id != id || e->table[place].state == ENB_FREE) {
        return NULL;
    }
    return &e->table[place];
}

/* Rarely needed, since an MME knows the other ID too as a rule: no index is kept for it. */
struct enb_connection *enb_find_mme(struct enb *e, unsigned mme, uint32_t mme_id)
{
    for (uint32_t i = 0; i < e->config.ues; i++) {
        struct enb_connection *c = &e->table[i];
        if (c->state == ENB_UP && c->mme == mme && c->mme_id == mme_id) {
            return c;
        }
    }
    return NULL;
}

/* The ID of the place's next connection differs from those before, and places are taken anew in the
 * order in which they became free: what comes late finds nobody. */
void enb_free(struct enb *e, struct enb_connection *c)
{
    const uint32_t place = c->id & e->mask;
    const uint32_t all = (UINT32_C(1) << ID_BITS) - 1;
    *c =
        (struct enb_connection){.id = (c->id + (UINT32_C(1) << e->bits)) & all, .next = ENB_NOBODY};
    if (e->free_first == ENB_NOBODY) {
        e->free_first = place;
    } else {
        e->table[e->free_last].next = place;
    }
    e->free_last = place;
    e->counters.connections--;
}

void enb_end(struct enb *e, struct enb_connection *c)
{
    const uint32_t device = c->device;
    enb_free(e, c);
    if (device != ENB_NO_DEVICE) {
        e->host.lower(e->host.ctx, device, BINDERY_UE_LOWER_RELEASED);
    }
}

uint32_t enb_end_all(struct enb *e, unsigned mme, uint64_t born)
{
    uint32_t ended = 0;
    for (uint32_t i = 0; i < e->config.ues; i++) {
        struct enb_connection *c = &e->table[i];
        /* A device that hears of the end may be back before the next one is looked at. */
        if (c->state != ENB_FREE && c->mme == mme && c->born < born) {
            enb_end(e, c);
            ended++;
        }
    }
    return ended;
}

size_t enb_connection_size(void)
{
    return sizeof(struct enb_connection);
}

/* ---- sending and telling ---- */

bool enb_send(struct enb *e, unsigned mme, uint16_t stream, const struct s1ap_pdu *pdu)
{
    size_t n = 0;
    bool sent = s1ap_write(pdu, MBYTES_OF(e->out), &n) == E_OK &&
                e->host.send(e->host.ctx, mme, stream, (struct bytes){e->out, n});
    if (!sent) {
        enb_tell_fault(e, mme, ENB_FAULT_NOT_SENT, ENB_NO_DEVICE, NULL);
    }
    return sent;
}

/* Stream 0 is for what belongs to no device (TS 36.412 7). */
bool enb_send_for(struct enb *e, const struct enb_connection *c, const struct s1ap_pdu *pdu)
{
    const uint16_t streams = e->link[c->mme].streams;
    const uint16_t stream = (uint16_t)(streams > 1 ? 1U + c->id % (streams - 1U) : 0U);
    return enb_send(e, c->mme, stream, pdu);
}

void enb_tell(struct enb *e, const struct enb_told *told)
{
    if (e->host.told != NULL) {
        e->host.told(e->host.ctx, told);
    }
}

void enb_tell_fault(struct enb *e, unsigned mme, enum enb_fault fault, uint32_t device,
                    const struct s1ap_cause *cause)
{
    struct enb_told t = {.kind = ENB_TOLD_FAULT, .mme = mme, .device = device, .fault = fault};
    if (cause != NULL) {
        t.has_cause = true;
        t.cause = *cause;
    }
    e->counters.faults[fault]++;
    enb_tell(e, &t);
}

void enb_send_error(struct enb *e, unsigned mme, struct s1ap_cause cause, const struct enb_ids *ids)
{
    struct s1ap_pdu pdu = {.type = S1AP_ERROR_INDICATION};
    pdu.u.error_indication = (struct s1ap_error_indication){.has_cause = true,
                                                            .cause = cause,
                                                            .has_mme_ue_s1ap_id = ids->has_mme,
                                                            .mme_ue_s1ap_id = ids->mme,
                                                            .has_enb_ue_s1ap_id = ids->has_enb,
                                                            .enb_ue_s1ap_id = ids->enb};
    e->counters.error_indications_sent += enb_send(e, mme, 0, &pdu);
}

/* ---- beginning and end ---- */

static bool config_is_right(const struct enb_config *c)
{
    return c->n_plmns > 0 && c->n_plmns <= ENB_PLMNS_MAX && c->id < (UINT32_C(1) << 20) &&
           c->mmes > 0 && c->mmes <= ENB_MMES_MAX && c->ues > 0 && c->ues <= ENB_UES_MAX &&
           memchr(c->name, 0, sizeof c->name) != NULL;
}

enum err enb_open(const struct enb_config *config, const struct enb_host *host, struct enb **out)
{
    *out = NULL;
    if (!config_is_right(config)) {
        return E_BAD_VALUE;
    }
    struct enb *e = calloc(1, sizeof *e);
    if (e == NULL) {
        return E_MEMORY;
    }
    e->config = *config;
    e->host = *host;
    if (!make_table(e)) {
        free(e);
        return E_MEMORY;
    }
    *out = e;
    return E_OK;
}

void enb_close(struct enb *e)
{
    if (e != NULL) {
        free(e->table);
        free(e);
    }
}

const struct enb_counters *enb_counters(const struct enb *e)
{
    return &e->counters;
}

/* ---- associations and time ---- */

void enb_up(struct enb *e, unsigned mme, uint64_t now_ms, uint16_t streams)
{
    memset(&e->link[mme], 0, sizeof e->link[mme]);
    e->link[mme].streams = streams;
    enb_ask_setup(e, mme, now_ms);
}

void enb_down(struct enb *e, unsigned mme)
{
    e->link[mme].state = ENB_LINK_DOWN;
    (void)enb_end_all(e, mme, e->born);
}

bool enb_is_set_up(const struct enb *e, unsigned mme)
{
    return e->link[mme].state == ENB_LINK_READY;
}

static bool is_timed(const struct enb_link *l)
{
    return l->state == ENB_LINK_WAITS || l->state == ENB_LINK_ASKED;
}

void enb_tick(struct enb *e, uint64_t now_ms)
{
    for (unsigned i = 0; i < e->config.mmes; i++) {
        const struct enb_link *l = &e->link[i];
        if (!is_timed(l) || l->deadline > now_ms) {
            continue;
        }
        if (l->state == ENB_LINK_ASKED) {
            enb_tell_fault(e, i, ENB_FAULT_SETUP_SILENT, ENB_NO_DEVICE, NULL);
        }
        enb_ask_setup(e, i, now_ms);
    }
}

uint64_t enb_deadline(const struct enb *e)
{
    uint64_t first = ENB_NEVER;
    for (unsigned i = 0; i < e->config.mmes; i++) {
        const struct enb_link *l = &e->link[i];
        first = is_timed(l) && l->deadline < first ? l->deadline : first;
    }
    return first;
}
