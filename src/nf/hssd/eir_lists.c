#include "nf/hssd/eir_lists.h"

#include <inttypes.h>
#include <pthread.h>
#include <sched.h>
#include <stdalign.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define PAGE_ROWS     4096u
#define RETRY_MS      5000u /* after a table that could not be made */
#define MS_PER_SECOND 1000u
#define NS_PER_MS     1000000

/* Never changed once it is published. */
struct snapshot {
    uint64_t version;
    struct eir_rule *rules;
    size_t n;
    struct eir_table table;
};

/* A reader marks the table that it is in, and nobody frees a table that is marked. */
struct eir_reader {
    alignas(64) _Atomic(struct snapshot *) in; /* lines of their own: readers share nothing */
    atomic_bool taken;
    struct eir_lists *lists;
};

struct eir_lists {
    struct log *log;
    struct store_reader *store;
    uint64_t most;
    _Atomic(struct snapshot *) current;
    struct eir_reader readers[EIR_READERS_MAX];
    pthread_t thread;
    bool runs;
    pthread_mutex_t lock; /* of what follows, and of `current` against being replaced */
    pthread_cond_t wake;
    bool changed;
    bool stopping;
};

/* ---- a table out of the store ---- */

static void index_free(struct eir_index *x)
{
    free(x->tacs);
    free(x->first);
    free(x->dense);
    free(x->serials);
}

/* Of a table with few rules there is none. */
static enum err index_new(struct eir_table *t)
{
    struct eir_index *x = &t->index;
    eir_index_measure(t->edge, t->n_edges, x);
    if (x->n_tacs == 0) {
        return E_OK;
    }
    x->tacs = calloc(EIR_TAC_BLOCKS, sizeof *x->tacs);
    x->first = calloc(x->n_tacs + 1, sizeof *x->first);
    x->dense = calloc(x->n_tacs, sizeof *x->dense);
    x->serials = calloc(x->n_dense * EIR_SERIAL_BLOCKS + 1, sizeof *x->serials);
    if (x->tacs == NULL || x->first == NULL || x->dense == NULL || x->serials == NULL) {
        return E_MEMORY; /* snapshot_free has what there is */
    }
    eir_index_build(t->edge, t->n_edges, x);
    return E_OK;
}

static uint64_t index_octets(const struct eir_index *x)
{
    return x->n_tacs == 0 ? 0
                          : (EIR_TAC_BLOCKS + x->n_dense * EIR_SERIAL_BLOCKS) * sizeof *x->tacs +
                                (2 * x->n_tacs + 1) * sizeof *x->first;
}

static void snapshot_free(struct snapshot *s)
{
    if (s != NULL) {
        free(s->rules);
        free(s->table.edge);
        free(s->table.rule);
        index_free(&s->table.index);
        free(s);
    }
}

static struct snapshot *snapshot_new(const struct store_eir *eir)
{
    struct snapshot *s = calloc(1, sizeof *s);
    size_t n = (size_t)eir->rules;
    if (s == NULL) {
        return NULL;
    }
    s->version = eir->version;
    s->rules = calloc(n + 1, sizeof *s->rules);
    s->table.edge = calloc(EIR_EDGES_OF(n), sizeof *s->table.edge);
    s->table.rule = calloc(EIR_EDGES_OF(n), sizeof *s->table.rule);
    if (s->rules == NULL || s->table.edge == NULL || s->table.rule == NULL) {
        snapshot_free(s);
        return NULL;
    }
    return s;
}

static enum err read_rules(struct store_reader *r, uint64_t n, struct snapshot *s)
{
    struct store_eir_rule *page = calloc(PAGE_ROWS, sizeof *page);
    size_t got = PAGE_ROWS;
    enum err err = page == NULL ? E_MEMORY : E_OK;
    while (err == E_OK && got == PAGE_ROWS && s->n < n) {
        struct store_eir_rule after = page[PAGE_ROWS - 1];
        err = store_list_eir_rules(r, s->n > 0 ? &after : NULL, page, PAGE_ROWS, &got);
        for (size_t i = 0; err == E_OK && i < got && s->n < n; i++) {
            s->rules[s->n++] = (struct eir_rule){.range = {page[i].first, page[i].last},
                                                 .list = (enum eir_list)page[i].list};
        }
    }
    free(page);
    return err == E_OK && s->n != n ? E_IO : err; /* the store says how many there are */
}

/* What was taken for the most edges there can be goes back; a table that stays large is no fault.
 */
static void give_back(struct eir_table *t)
{
    size_t n = t->n_edges + 1;
    void *smaller = realloc(t->edge, n * sizeof *t->edge);
    if (smaller != NULL) {
        t->edge = smaller;
    }
    smaller = realloc(t->rule, n * sizeof *t->rule);
    if (smaller != NULL) {
        t->rule = smaller;
    }
}

static enum err build(struct snapshot *s)
{
    uint32_t *heap = calloc(s->n + 1, sizeof *heap);
    enum err err = heap == NULL ? E_MEMORY : eir_table_build(s->rules, s->n, heap, &s->table);
    free(heap);
    if (err == E_OK) {
        give_back(&s->table);
        err = index_new(&s->table);
    }
    return err;
}

/* One state of the store. *out is NULL when that is the one that `have` was made of. */
static enum err load(struct eir_lists *l, const struct snapshot *have, struct snapshot **out,
                     struct store_eir *eir)
{
    struct snapshot *s = NULL;
    *out = NULL;
    enum err err = store_reader_begin(l->store);
    if (err != E_OK) {
        return err;
    }
    err = store_read_eir(l->store, eir);
    bool same = err == E_OK && have != NULL && have->version == eir->version;
    if (err == E_OK && !same) {
        s = eir->rules <= l->most ? snapshot_new(eir) : NULL;
        err = eir->rules > l->most ? E_NO_ROOM : s == NULL ? E_MEMORY : E_OK;
    }
    if (err == E_OK && s != NULL) {
        err = read_rules(l->store, eir->rules, s);
    }
    store_reader_end(l->store);
    if (err == E_OK && s != NULL) {
        err = build(s);
    }
    if (err != E_OK) {
        snapshot_free(s);
        return err;
    }
    *out = s;
    return E_OK;
}

/* ---- putting it in place ---- */

/*= eir-whole */
static void publish(struct eir_lists *l, struct snapshot *s)
{
    pthread_mutex_lock(&l->lock);
    struct snapshot *old = atomic_exchange(&l->current, s);
    pthread_mutex_unlock(&l->lock);
    for (size_t i = 0; old != NULL && i < EIR_READERS_MAX; i++) {
        while (atomic_load(&l->readers[i].in) == old) {
            sched_yield(); /* a look-up is a microsecond */
        }
    }
    snapshot_free(old);
}

static uint64_t now_ms(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (uint64_t)t.tv_sec * MS_PER_SECOND + (uint64_t)(t.tv_nsec / NS_PER_MS);
}

static struct timespec time_at(uint64_t ms)
{
    return (struct timespec){.tv_sec = (time_t)(ms / MS_PER_SECOND),
                             .tv_nsec = (long)(ms % MS_PER_SECOND) * NS_PER_MS};
}

static bool stopping(struct eir_lists *l)
{
    pthread_mutex_lock(&l->lock);
    bool stop = l->stopping;
    pthread_mutex_unlock(&l->lock);
    return stop;
}

/* Waits for a change; false when there is nothing more to do. */
static bool await_change(struct eir_lists *l)
{
    pthread_mutex_lock(&l->lock);
    while (!l->changed && !l->stopping) {
        pthread_cond_wait(&l->wake, &l->lock);
    }
    l->changed = false;
    bool go_on = !l->stopping;
    pthread_mutex_unlock(&l->lock);
    return go_on;
}

static void rest(struct eir_lists *l, uint64_t ms)
{
    struct timespec until = time_at(now_ms() + ms);
    pthread_mutex_lock(&l->lock);
    while (!l->stopping && pthread_cond_timedwait(&l->wake, &l->lock, &until) == 0) {
    }
    pthread_mutex_unlock(&l->lock);
}

/* Makes the table of what is in the store now. */
static enum err renew(struct eir_lists *l)
{
    struct snapshot *s = NULL;
    struct store_eir eir;
    enum err err = load(l, atomic_load(&l->current), &s, &eir);
    if (err == E_OK && s != NULL) {
        publish(l, s);
    }
    return err;
}

static void renew_until_done(struct eir_lists *l)
{
    enum err err;
    while ((err = renew(l)) != E_OK && !stopping(l)) {
        const struct log_field field = LOG_FIELD_STR("error", err_name(err));
        log_line(l->log, LOG_LEVEL_ERROR, "eir-lists-not-loaded", &field, 1);
        rest(l, RETRY_MS);
    }
}

static void *renewing(void *arg)
{
    struct eir_lists *l = arg;
    while (await_change(l)) {
        uint64_t from = now_ms();
        renew_until_done(l);
        rest(l, now_ms() - from);
    }
    return NULL;
}

void eir_lists_changed(struct eir_lists *l)
{
    pthread_mutex_lock(&l->lock);
    l->changed = true;
    pthread_cond_signal(&l->wake);
    pthread_mutex_unlock(&l->lock);
}

void eir_lists_state(struct eir_lists *l, struct eir_lists_state *out)
{
    pthread_mutex_lock(&l->lock); /* so it is not freed meanwhile: publish() takes it first */
    const struct snapshot *s = atomic_load(&l->current);
    *out = (struct eir_lists_state){.version = s->version,
                                    .rules = s->n,
                                    .edges = s->table.n_edges,
                                    .octets = s->n * sizeof *s->rules +
                                              s->table.n_edges *
                                                  (sizeof *s->table.edge + sizeof *s->table.rule) +
                                              index_octets(&s->table.index)};
    pthread_mutex_unlock(&l->lock);
}

/* ---- start and stop ---- */

static void say(struct store_why *why, enum err err, const struct store_eir *eir, uint64_t most)
{
    why->err = err;
    if (err == E_NO_ROOM) {
        snprintf(why->text, sizeof why->text,
                 "the EIR's lists have %" PRIu64 " rules and limits.eir_rules is %" PRIu64
                 ": raise it",
                 eir->rules, most);
    } else {
        snprintf(why->text, sizeof why->text, "the EIR's lists cannot be loaded: %s",
                 err_sentence(err));
    }
}

static enum err start_thread(struct eir_lists *l)
{
    pthread_condattr_t monotonic;
    pthread_condattr_init(&monotonic);
    pthread_condattr_setclock(&monotonic, CLOCK_MONOTONIC);
    pthread_mutex_init(&l->lock, NULL);
    pthread_cond_init(&l->wake, &monotonic);
    pthread_condattr_destroy(&monotonic);
    l->runs = pthread_create(&l->thread, NULL, renewing, l) == 0;
    return l->runs ? E_OK : E_IO;
}

enum err eir_lists_open(struct store *s, struct log *log, uint64_t most, struct eir_lists **out,
                        struct store_why *why)
{
    struct store_eir eir = {0, 0};
    struct snapshot *first = NULL;
    struct eir_lists *l = aligned_alloc(alignof(struct eir_lists), sizeof *l);
    if (l == NULL) {
        say(why, E_MEMORY, &eir, most);
        return E_MEMORY;
    }
    memset(l, 0, sizeof *l);
    l->log = log;
    l->most = most;
    enum err err = store_reader_open(s, &l->store);
    if (err == E_OK) {
        err = load(l, NULL, &first, &eir);
    }
    if (err != E_OK) {
        say(why, err, &eir, most);
        store_reader_close(l->store);
        free(l);
        return err;
    }
    atomic_store(&l->current, first);
    if ((err = start_thread(l)) != E_OK) {
        say(why, err, &eir, most);
        eir_lists_close(l);
        return err;
    }
    *out = l;
    return E_OK;
}

void eir_lists_close(struct eir_lists *l)
{
    if (l == NULL) {
        return;
    }
    if (l->runs) {
        pthread_mutex_lock(&l->lock);
        l->stopping = true;
        pthread_cond_signal(&l->wake);
        pthread_mutex_unlock(&l->lock);
        pthread_join(l->thread, NULL);
    }
    pthread_cond_destroy(&l->wake);
    pthread_mutex_destroy(&l->lock);
    snapshot_free(atomic_load(&l->current));
    store_reader_close(l->store);
    free(l);
}

/* ---- looking up ---- */

enum err eir_reader_open(struct eir_lists *l, struct eir_reader **out)
{
    for (size_t i = 0; i < EIR_READERS_MAX; i++) {
        if (!atomic_exchange(&l->readers[i].taken, true)) {
            l->readers[i].lists = l;
            *out = &l->readers[i];
            return E_OK;
        }
    }
    return E_NO_ROOM;
}

void eir_reader_close(struct eir_reader *r)
{
    if (r != NULL) {
        atomic_store(&r->taken, false);
    }
}

/* Marks the table in force. If it was replaced before the mark was seen, the new one is taken. */
static const struct snapshot *enter(struct eir_reader *r)
{
    struct snapshot *s = atomic_load(&r->lists->current);
    for (;;) {
        atomic_store(&r->in, s);
        struct snapshot *now = atomic_load(&r->lists->current);
        if (now == s) {
            return s;
        }
        s = now;
    }
}

enum eir_list eir_reader_find(struct eir_reader *r, const struct imei *imei, struct eir_rule *rule)
{
    uint32_t at = EIR_NO_RULE;
    const struct snapshot *s = enter(r);
    enum eir_list list = eir_table_find(&s->table, imei_number(imei), &at);
    if (rule != NULL && at != EIR_NO_RULE) {
        *rule = s->rules[at];
    }
    atomic_store_explicit(&r->in, NULL, memory_order_release);
    return list;
}
