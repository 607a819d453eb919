#include "nf/mmed/ue_table.h"

#include <stdlib.h>
#include <string.h>

/* A wheel of TICKS buckets, TICK_MS each: a timer is found in its bucket when its time has come,
 * and passed over in the rounds before. */
enum { CHUNK = 256, TICK_MS = 32, TICKS = 4096, LOOK_AHEAD = 32 };

struct ue_table {
    size_t max, count, made;
    struct ue **chunks;          /* of CHUNK each */
    struct ue *free, *free_last; /* a queue: a slot and what is made from it rest before reuse */
    uint32_t nobody;
    uint64_t key[2];
    size_t buckets; /* of both hash tables, a power of two */
    struct ue **by_imsi;
    struct ue **by_m_tmsi;
    struct ue **by_enb;
    struct ue_timer *wheel[TICKS];
    size_t running;
    uint64_t tick;            /* all before it were looked at */
    struct ue_timer **cursor; /* inside the bucket of `tick` */
};

/* ---- hashing: keyed, because devices choose what is hashed ------------------------------------
 */

static uint64_t mix(uint64_t h, uint64_t v)
{
    h ^= v;
    h *= UINT64_C(0x9e3779b97f4a7c15);
    return h ^ h >> 29;
}

static size_t bucket_of(const struct ue_table *t, uint64_t a, uint64_t b)
{
    uint64_t h = mix(mix(mix(t->key[0], a), b), t->key[1]);
    return (size_t)(h ^ h >> 32) & (t->buckets - 1);
}

static size_t imsi_bucket(const struct ue_table *t, const struct imsi *imsi)
{
    uint64_t v[2] = {0, 0};
    memcpy(v, imsi->digits, strlen(imsi->digits));
    return bucket_of(t, v[0], v[1]);
}

static size_t m_tmsi_bucket(const struct ue_table *t, uint32_t m_tmsi)
{
    return bucket_of(t, m_tmsi, 0);
}

/* ---- the table ------------------------------------------------------------------------------- */

enum err ue_table_open(size_t max, const uint8_t seed[static 16], uint64_t now_ms,
                       struct ue_table **out)
{
    if (max == 0 || max > UE_TABLE_MAX) {
        return E_BAD_VALUE;
    }
    struct ue_table *t = calloc(1, sizeof *t);
    if (t == NULL) {
        return E_MEMORY;
    }
    t->max = max;
    t->tick = now_ms / TICK_MS;
    memcpy(t->key, seed, sizeof t->key);
    for (t->buckets = 1024; t->buckets < max; t->buckets *= 2) {
    }
    t->chunks = calloc((max + CHUNK - 1) / CHUNK, sizeof(struct ue *));
    t->by_imsi = calloc(t->buckets, sizeof(struct ue *));
    t->by_m_tmsi = calloc(2 * t->buckets, sizeof(struct ue *));
    t->by_enb = calloc(t->buckets, sizeof(struct ue *));
    if (t->chunks == NULL || t->by_imsi == NULL || t->by_m_tmsi == NULL || t->by_enb == NULL) {
        ue_table_close(t);
        return E_MEMORY;
    }
    *out = t;
    return E_OK;
}

static struct ue *at(const struct ue_table *t, size_t slot)
{
    return &t->chunks[slot / CHUNK][slot % CHUNK];
}

void ue_table_close(struct ue_table *t)
{
    if (t == NULL) {
        return;
    }
    for (size_t i = 0; i < t->made; i++) {
        emm_ue_wipe(at(t, i)->emm);
        free(at(t, i)->initial);
    }
    for (size_t i = 0; t->chunks != NULL && i < t->made; i += CHUNK) {
        free(t->chunks[i / CHUNK][0].emm);
        free(t->chunks[i / CHUNK]);
    }
    free(t->chunks);
    free(t->by_imsi);
    free(t->by_m_tmsi);
    free(t->by_enb);
    free(t);
}

static void enqueue(struct ue_table *t, struct ue *ue)
{
    ue->free_next = NULL;
    *(t->free == NULL ? &t->free : &t->free_last->free_next) = ue;
    t->free_last = ue;
}

/* The contexts of a chunk lie in one block of their own. */
static bool grow(struct ue_table *t)
{
    struct ue *chunk = calloc(CHUNK, sizeof *chunk);
    unsigned char *contexts = calloc(CHUNK, emm_ue_size);
    if (chunk == NULL || contexts == NULL) {
        free(chunk);
        free(contexts);
        return false;
    }
    t->chunks[t->made / CHUNK] = chunk;
    for (size_t i = 0; i < CHUNK; i++) {
        chunk[i].emm = (struct emm_ue *)(void *)(contexts + i * emm_ue_size);
        emm_ue_init(chunk[i].emm);
    }
    for (size_t i = 0; i < CHUNK; i++) {
        chunk[i].id = (uint32_t)(t->made + i); /* its slot, for new_id */
        if (t->made + i < t->max) {
            enqueue(t, &chunk[i]);
        }
    }
    t->made += CHUNK;
    return true;
}

/* The id of a free slot is what it was, used one time more. Those whose count is 0 are nobody's. */
static uint32_t new_id(uint32_t last)
{
    uint32_t id = last + UE_TABLE_MAX;
    return id < UE_TABLE_MAX ? id + UE_TABLE_MAX : id;
}

uint32_t ue_table_nobody(struct ue_table *t)
{
    t->nobody = t->nobody % (UE_TABLE_MAX - 1) + 1;
    return t->nobody;
}

struct ue *ue_table_new(struct ue_table *t)
{
    if (t->count == t->max || (t->free == NULL && !grow(t))) {
        return NULL;
    }
    struct ue *ue = t->free;
    t->free = ue->free_next;
    struct emm_ue *emm = ue->emm;
    uint32_t id = new_id(ue->id);
    memset(ue, 0, sizeof *ue);
    ue->emm = emm;
    ue->id = id;
    ue->in_use = true;
    t->count++;
    return ue;
}

uint32_t ue_slot(const struct ue *ue)
{
    return ue->id & (UE_TABLE_MAX - 1);
}

static void forget_imsi(struct ue_table *t, struct ue *ue)
{
    if (!ue->has_imsi) {
        return;
    }
    struct ue **at_ = &t->by_imsi[imsi_bucket(t, &ue->imsi)];
    while (*at_ != NULL && *at_ != ue) {
        at_ = &(*at_)->imsi_next;
    }
    if (*at_ == ue) {
        *at_ = ue->imsi_next;
    }
    ue->has_imsi = false;
}

static void leave_enb(struct ue *ue)
{
    if (ue->enb_list == NULL) {
        return;
    }
    if (ue->enb_prev != NULL) {
        ue->enb_prev->enb_next = ue->enb_next;
    } else {
        ue->enb_list->first = ue->enb_next;
    }
    if (ue->enb_next != NULL) {
        ue->enb_next->enb_prev = ue->enb_prev;
    }
    ue->enb_list->n--;
    ue->enb_list = NULL;
}

static struct ue **enb_chain(struct ue_table *t, assoc_handle enb, uint32_t enb_ue_s1ap_id)
{
    return &t->by_enb[bucket_of(t, enb, enb_ue_s1ap_id)];
}

void ue_disconnect(struct ue_table *t, struct ue *ue)
{
    if (ue->enb == 0) {
        return;
    }
    struct ue **at_ = enb_chain(t, ue->enb, ue->enb_ue_s1ap_id);
    while (*at_ != NULL && *at_ != ue) {
        at_ = &(*at_)->by_enb_next;
    }
    if (*at_ == ue) {
        *at_ = ue->by_enb_next;
    }
    leave_enb(ue);
    ue->enb = 0;
}

struct ue *ue_table_by_enb(struct ue_table *t, assoc_handle enb, uint32_t enb_ue_s1ap_id)
{
    struct ue *ue = *enb_chain(t, enb, enb_ue_s1ap_id);
    while (ue != NULL && (ue->enb != enb || ue->enb_ue_s1ap_id != enb_ue_s1ap_id)) {
        ue = ue->by_enb_next;
    }
    return ue;
}

static void join_enb(struct ue *ue, struct ue_list *list)
{
    ue->enb_list = list;
    ue->enb_prev = NULL;
    ue->enb_next = list->first;
    if (list->first != NULL) {
        list->first->enb_prev = ue;
    }
    list->first = ue;
    list->n++;
}

void ue_connect(struct ue_table *t, struct ue *ue, struct ue_list *list, assoc_handle enb,
                uint32_t enb_ue_s1ap_id, uint16_t stream)
{
    ue_disconnect(t, ue);
    ue->enb = enb;
    ue->enb_ue_s1ap_id = enb_ue_s1ap_id;
    ue->stream = stream;
    struct ue **chain = enb_chain(t, enb, enb_ue_s1ap_id);
    ue->by_enb_next = *chain;
    *chain = ue;
    join_enb(ue, list);
}

void ue_table_free(struct ue_table *t, struct ue *ue)
{
    for (unsigned i = 0; i < EMM_TIMER_COUNT; i++) {
        ue_timer_stop(t, ue, (enum emm_timer)i);
    }
    ue_disconnect(t, ue);
    forget_imsi(t, ue);
    ue_table_drop_m_tmsi(t, ue, ue->m_tmsi[0]);
    ue_table_drop_m_tmsi(t, ue, ue->m_tmsi[1]);
    free(ue->initial);
    ue->initial = NULL;
    emm_ue_wipe(ue->emm);
    enqueue(t, ue);
    ue->in_use = false;
    t->count--;
}

struct ue *ue_table_find(struct ue_table *t, uint32_t id)
{
    size_t slot = id & (UE_TABLE_MAX - 1);
    struct ue *ue = slot < t->made ? at(t, slot) : NULL;
    return ue != NULL && ue->in_use && ue->id == id ? ue : NULL;
}

size_t ue_table_count(const struct ue_table *t)
{
    return t->count;
}

size_t ue_table_max(const struct ue_table *t)
{
    return t->max;
}

void ue_table_each(struct ue_table *t, void (*fn)(void *arg, struct ue *ue), void *arg)
{
    for (size_t i = 0; i < t->made; i++) {
        if (at(t, i)->in_use) {
            fn(arg, at(t, i));
        }
    }
}

/* ---- M-TMSI ---------------------------------------------------------------------------------- */

/* A UE stands in the chains of place 0 and of place 1 separately: two tables side by side. */
static struct ue **m_tmsi_chain(struct ue_table *t, uint32_t m_tmsi, unsigned place)
{
    return &t->by_m_tmsi[place * t->buckets + m_tmsi_bucket(t, m_tmsi)];
}

bool ue_table_add_m_tmsi(struct ue_table *t, struct ue *ue, uint32_t m_tmsi)
{
    unsigned place = ue->m_tmsi[0] == 0 ? 0 : 1;
    if (m_tmsi == 0 || ue->m_tmsi[place] != 0) {
        return false;
    }
    struct ue **chain = m_tmsi_chain(t, m_tmsi, place);
    ue->m_tmsi[place] = m_tmsi;
    ue->m_tmsi_next[place] = *chain;
    *chain = ue;
    return true;
}

void ue_table_drop_m_tmsi(struct ue_table *t, struct ue *ue, uint32_t m_tmsi)
{
    for (unsigned place = 0; place < 2; place++) {
        if (m_tmsi == 0 || ue->m_tmsi[place] != m_tmsi) {
            continue;
        }
        struct ue **at_ = m_tmsi_chain(t, m_tmsi, place);
        while (*at_ != NULL && *at_ != ue) {
            at_ = &(*at_)->m_tmsi_next[place];
        }
        if (*at_ == ue) {
            *at_ = ue->m_tmsi_next[place];
        }
        ue->m_tmsi[place] = 0;
    }
}

struct ue *ue_table_by_m_tmsi(struct ue_table *t, uint32_t m_tmsi)
{
    for (unsigned place = 0; place < 2; place++) {
        struct ue *ue = m_tmsi == 0 ? NULL : *m_tmsi_chain(t, m_tmsi, place);
        while (ue != NULL && ue->m_tmsi[place] != m_tmsi) {
            ue = ue->m_tmsi_next[place];
        }
        if (ue != NULL) {
            return ue;
        }
    }
    return NULL;
}

/* ---- IMSI ------------------------------------------------------------------------------------ */

void ue_table_set_imsi(struct ue_table *t, struct ue *ue, const struct imsi *imsi)
{
    forget_imsi(t, ue);
    struct ue **chain = &t->by_imsi[imsi_bucket(t, imsi)];
    ue->imsi = *imsi;
    ue->has_imsi = true;
    ue->imsi_next = *chain;
    *chain = ue;
}

static struct ue *first_with(struct ue *ue, const struct imsi *imsi)
{
    while (ue != NULL && !imsi_eq(&ue->imsi, imsi)) {
        ue = ue->imsi_next;
    }
    return ue;
}

struct ue *ue_table_by_imsi(struct ue_table *t, const struct imsi *imsi)
{
    return first_with(t->by_imsi[imsi_bucket(t, imsi)], imsi);
}

struct ue *ue_table_next_by_imsi(const struct ue *ue)
{
    return first_with(ue->imsi_next, &ue->imsi);
}

/* ---- timers ---------------------------------------------------------------------------------- */

void ue_timer_stop(struct ue_table *t, struct ue *ue, enum emm_timer which)
{
    struct ue_timer *timer = &ue->timers[which];
    if (timer->where == NULL) {
        return;
    }
    if (t->cursor == &timer->next) {
        t->cursor = timer->where;
    }
    *timer->where = timer->next;
    if (timer->next != NULL) {
        timer->next->where = timer->where;
    }
    timer->where = NULL;
    t->running--;
}

void ue_timer_start(struct ue_table *t, struct ue *ue, enum emm_timer which, uint64_t deadline_ms)
{
    struct ue_timer *timer = &ue->timers[which];
    ue_timer_stop(t, ue, which);
    uint64_t tick = deadline_ms / TICK_MS;
    struct ue_timer **bucket = &t->wheel[(tick < t->tick ? t->tick : tick) % TICKS];
    *timer = (struct ue_timer){
        .next = *bucket, .where = bucket, .deadline_ms = deadline_ms, .ue = ue, .which = which};
    if (*bucket != NULL) {
        (*bucket)->where = &timer->next;
    }
    *bucket = timer;
    t->running++;
}

/* Goes on where it stopped, so that a wake-up costs what has expired and not what runs. */
struct ue *ue_timer_expired(struct ue_table *t, uint64_t now_ms, enum emm_timer *which)
{
    uint64_t now = now_ms / TICK_MS;
    if (now > t->tick + TICKS) {
        t->tick = now - TICKS; /* the clock jumped: one round finds them all */
    }
    while (t->running > 0 && t->tick <= now) {
        if (t->cursor == NULL) {
            t->cursor = &t->wheel[t->tick % TICKS];
        }
        while (*t->cursor != NULL) {
            struct ue_timer *timer = *t->cursor;
            if (timer->deadline_ms <= now_ms) {
                *which = timer->which;
                ue_timer_stop(t, timer->ue, timer->which);
                return timer->ue;
            }
            t->cursor = &timer->next;
        }
        t->cursor = NULL;
        if (t->tick == now) {
            return NULL; /* what is due later in this tick is found in the next call */
        }
        t->tick++;
    }
    t->cursor = NULL;
    t->tick = now > t->tick ? now : t->tick;
    return NULL;
}

/* Buckets are not looked into: one that has timers is worth a look when its tick is over. */
int ue_timer_wait_ms(const struct ue_table *t, uint64_t now_ms)
{
    uint64_t tick = t->tick, end = now_ms / TICK_MS + LOOK_AHEAD;
    if (t->running == 0) {
        return -1;
    }
    if (end - tick > 2 * LOOK_AHEAD && tick < end) {
        return 0; /* far behind */
    }
    while (tick < end && t->wheel[tick % TICKS] == NULL) {
        tick++;
    }
    return (tick + 1) * TICK_MS > now_ms ? (int)((tick + 1) * TICK_MS - now_ms) : 0;
}
