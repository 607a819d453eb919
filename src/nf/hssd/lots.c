#include "nf/hssd/lots.h"

#include "nf/hssd/lots_parts.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* ---- entries ---- */

static int range_order(const void *a, const void *b)
{
    const struct imei_range *x = a, *y = b;
    return (x->first > y->first) - (x->first < y->first);
}

static bool disjoint(const struct lots_entry *e, struct lots_why *why)
{
    for (size_t i = 1; i < e->n; i++) {
        const struct imei_range *a = &e->ranges[i - 1], *b = &e->ranges[i];
        if (a->last >= b->first) {
            char text[IMEI_RANGE_TEXT_MAX];
            imei_range_print(&(struct imei_range){b->first, a->last < b->last ? a->last : b->last},
                             text);
            snprintf(why->text, sizeof why->text, "two ranges of the lot cover %s", text);
            return false;
        }
    }
    return true;
}

struct lots_entry *lots_entry_room(const struct kme_lot *lot, size_t n, int64_t imported)
{
    struct lots_entry *e = malloc(sizeof *e + n * sizeof e->ranges[0]);
    if (e != NULL) {
        *e = (struct lots_entry){.lot = *lot, .imported = imported};
        atomic_init(&e->refs, 1);
    }
    return e;
}

enum err lots_entry_new(const struct kme_lot *lot, const struct imei_range *ranges, size_t n,
                        int64_t imported, struct lots_entry **out, struct lots_why *why)
{
    if (n == 0 || n > STORE_LOT_RANGES_MAX) {
        return E_BAD_LENGTH;
    }
    struct lots_entry *e = lots_entry_room(lot, n, imported);
    if (e == NULL) {
        return E_MEMORY;
    }
    memcpy(e->ranges, ranges, n * sizeof *ranges);
    e->n = n;
    qsort(e->ranges, n, sizeof e->ranges[0], range_order);
    if (!disjoint(e, why)) {
        lots_entry_drop(e);
        return E_BAD_VALUE;
    }
    *out = e;
    return E_OK;
}

static struct lots_entry *hold(struct lots_entry *e)
{
    (void)atomic_fetch_add(&e->refs, 1);
    return e;
}

void lots_entry_drop(struct lots_entry *e)
{
    if (e != NULL && atomic_fetch_sub(&e->refs, 1) == 1) {
        free(e);
    }
}

/* ---- a table: it holds nobody, its owner does ---- */

static int id_order(const struct kme_lot_id *a, const struct kme_lot_id *b)
{
    return strcmp(a->text, b->text);
}

/* Where the first lot is that is not before this id. */
size_t lots_table_place(const struct lots_table *t, const struct kme_lot_id *id)
{
    size_t from = 0, n = t->n;
    while (n > 0) {
        size_t half = n / 2;
        bool before = id_order(&t->entries[from + half]->lot.id, id) < 0;
        from = before ? from + half + 1 : from;
        n = before ? n - half - 1 : half;
    }
    return from;
}

struct lots_entry *lots_table_entry(const struct lots_table *t, const struct kme_lot_id *id)
{
    size_t at = lots_table_place(t, id);
    return at < t->n && kme_lot_id_eq(&t->entries[at]->lot.id, id) ? t->entries[at] : NULL;
}

static struct kme_lots lots_of(const struct lots_table *t)
{
    return (struct kme_lots){.ranges = t->ranges, .n = t->n_ranges};
}

static bool room_for(void **at, size_t *room, size_t need, size_t size)
{
    size_t wanted = need < 2 * *room ? 2 * *room : need;
    if (need <= *room) {
        return true;
    }
    void *bigger = realloc(*at, wanted * size);
    if (bigger == NULL) {
        return false;
    }
    *at = bigger;
    *room = wanted;
    return true;
}

bool lots_table_room(struct lots_table *t, size_t lots, size_t ranges)
{
    void *entries = t->entries, *all = t->ranges;
    bool ok = room_for(&entries, &t->room, lots, sizeof(struct lots_entry *));
    t->entries = entries;
    ok = ok && room_for(&all, &t->ranges_room, ranges, sizeof *t->ranges);
    t->ranges = all;
    return ok;
}

/* From behind, into the room that was taken: both are ascending. */
static void merge_ranges(struct lots_table *t, const struct lots_entry *e, uint32_t lot)
{
    size_t i = t->n_ranges, j = e->n;
    for (size_t k = i + j; j > 0; k--) {
        if (i > 0 && t->ranges[i - 1].range.first > e->ranges[j - 1].first) {
            t->ranges[k - 1] = t->ranges[--i];
        } else {
            t->ranges[k - 1] = (struct kme_lot_range){.range = e->ranges[--j], .lot = lot};
        }
    }
    t->n_ranges += e->n;
}

static void table_add(struct lots_table *t, struct lots_entry *e)
{
    size_t at = lots_table_place(t, &e->lot.id);
    for (size_t i = 0; i < t->n_ranges; i++) {
        t->ranges[i].lot += t->ranges[i].lot >= at;
    }
    memmove(t->entries + at + 1, t->entries + at, (t->n - at) * sizeof(struct lots_entry *));
    t->entries[at] = e;
    t->n++;
    merge_ranges(t, e, (uint32_t)at);
}

static void table_remove(struct lots_table *t, struct lots_entry *e)
{
    size_t at = lots_table_place(t, &e->lot.id), kept = 0;
    for (size_t i = 0; i < t->n_ranges; i++) {
        struct kme_lot_range r = t->ranges[i];
        if (r.lot != at) {
            r.lot -= r.lot > at;
            t->ranges[kept++] = r;
        }
    }
    t->n_ranges = kept;
    t->n--;
    memmove(t->entries + at, t->entries + at + 1, (t->n - at) * sizeof(struct lots_entry *));
}

/* ---- the two tables ---- */

/* Until read_end the table stays as it is. */
static const struct lots_table *read_begin(struct lots *l)
{
    pthread_rwlock_rdlock(&l->swap);
    return &l->tables[l->now];
}

static void read_end(struct lots *l)
{
    pthread_rwlock_unlock(&l->swap);
}

/* Of who changes: nobody is in the other table any more. */
static struct lots_table *other(struct lots *l)
{
    return &l->tables[1 - l->now];
}

static void swap_tables(struct lots *l)
{
    pthread_rwlock_wrlock(&l->swap);
    l->now = 1 - l->now;
    pthread_rwlock_unlock(&l->swap);
}

static void change(struct lots *l, void (*how)(struct lots_table *t, struct lots_entry *e),
                   struct lots_entry *e)
{
    how(other(l), e);
    swap_tables(l);
    how(other(l), e);
}

/* The table in force can only grow when it is not. */
static bool grow(struct lots *l, size_t lots, size_t ranges)
{
    bool ok = lots_table_room(other(l), lots, ranges);
    const struct lots_table *now = &l->tables[l->now];
    if (ok && (now->room < lots || now->ranges_room < ranges)) {
        swap_tables(l);
        ok = lots_table_room(other(l), lots, ranges);
    }
    return ok;
}

/* ---- looking up ---- */

uint64_t lots_count(struct lots *l)
{
    uint64_t n = read_begin(l)->n;
    read_end(l);
    return n;
}

/*= kme-find */
enum err lots_find(struct lots *l, const struct imei *imei, struct kme_lot *out)
{
    uint32_t lot = 0;
    const struct lots_table *t = read_begin(l);
    const struct kme_lots lots = lots_of(t);
    enum err err = kme_lots_find(&lots, imei, &lot);
    if (err == E_OK) {
        *out = t->entries[lot]->lot;
    }
    read_end(l);
    return err;
}

enum err lots_is_key_of(struct lots *l, const struct kme_lot_id *id, struct bytes modulus)
{
    enum err err = E_NOT_FOUND;
    const struct lots_entry *e = lots_table_entry(read_begin(l), id);
    if (e != NULL) {
        bool is = bytes_eq((struct bytes){e->lot.modulus, e->lot.modulus_n}, modulus);
        err = is ? E_OK : E_WRONG_KEY;
    }
    read_end(l);
    return err;
}

struct lots_entry *lots_get(struct lots *l, const struct kme_lot_id *id)
{
    struct lots_entry *e = lots_table_entry(read_begin(l), id);
    e = e != NULL ? hold(e) : NULL;
    read_end(l);
    return e;
}

void lots_page(struct lots *l, const struct kme_lot_id *after, size_t max, size_t max_ranges,
               struct lots_entry **out, size_t *n, bool *more)
{
    size_t ranges = 0, got = 0;
    const struct lots_table *t = read_begin(l);
    size_t at = after != NULL ? lots_table_place(t, after) : 0;
    at += after != NULL && at < t->n && kme_lot_id_eq(&t->entries[at]->lot.id, after);
    while (at < t->n && got < max && ranges < max_ranges) {
        out[got] = hold(t->entries[at++]);
        ranges += out[got++]->n;
    }
    *more = at < t->n;
    *n = got;
    read_end(l);
}

/* ---- what is to be added ---- */

static bool same_lot(const struct lots_entry *a, const struct lots_entry *b)
{
    return strcmp(a->lot.manufacturer, b->lot.manufacturer) == 0 &&
           bytes_eq((struct bytes){a->lot.modulus, a->lot.modulus_n},
                    (struct bytes){b->lot.modulus, b->lot.modulus_n}) &&
           a->n == b->n && memcmp(a->ranges, b->ranges, a->n * sizeof a->ranges[0]) == 0;
}

static enum err overlap(const struct lots_entry *a, const struct lots_entry *b,
                        const struct imei_range *both, struct lots_why *why)
{
    char text[IMEI_RANGE_TEXT_MAX];
    imei_range_print(both, text);
    snprintf(why->text, sizeof why->text, "the lots %s and %s would both cover %s", a->lot.id.text,
             b->lot.id.text, text);
    return E_CONFLICT;
}

/*= kme-overlap */
static enum err beside_table(const struct lots_table *t, const struct lots_entry *e,
                             struct lots_why *why)
{
    const struct kme_lots lots = lots_of(t);
    for (size_t i = 0; i < e->n; i++) {
        struct kme_lot_overlap both;
        const struct kme_lot_range added = {.range = e->ranges[i]};
        enum err err = kme_lots_try(&lots, &added, &both);
        if (err != E_OK) {
            return err == E_CONFLICT ? overlap(t->entries[both.a], e, &both.range, why) : err;
        }
    }
    return E_OK;
}

static enum err beside(const struct lots_entry *a, const struct lots_entry *e, struct lots_why *why)
{
    for (size_t i = 0, j = 0; i < a->n && j < e->n;) {
        const struct imei_range *x = &a->ranges[i], *y = &e->ranges[j];
        const struct imei_range both = {x->first > y->first ? x->first : y->first,
                                        x->last < y->last ? x->last : y->last};
        if (both.first <= both.last) {
            return overlap(a, e, &both, why);
        }
        i += x->last < y->last;
        j += x->last >= y->last;
    }
    return E_OK;
}

/* The one that has the id, stored or about to be. */
static const struct lots_entry *of_id(const struct lots *l, const struct lots_table *t,
                                      const struct kme_lot_id *id)
{
    const struct lots_entry *p = l->planned;
    while (p != NULL && !kme_lot_id_eq(&p->lot.id, id)) {
        p = p->next;
    }
    return p != NULL ? p : lots_table_entry(t, id);
}

static enum err judge(const struct lots *l, const struct lots_table *t, const struct lots_entry *e,
                      bool *same, struct lots_why *why)
{
    const struct lots_entry *there = of_id(l, t, &e->lot.id);
    *same = there != NULL && same_lot(there, e);
    if (there != NULL && !*same) {
        snprintf(why->text, sizeof why->text,
                 "there is a lot %s with another manufacturer, key or ranges: remove it first",
                 e->lot.id.text);
        return E_EXISTS;
    }
    enum err err = *same ? E_OK : beside_table(t, e, why);
    for (const struct lots_entry *p = l->planned; err == E_OK && !*same && p != NULL; p = p->next) {
        err = beside(p, e, why);
    }
    return err;
}

/* For all that are planned, and this one. */
static bool plan_room(struct lots *l, const struct lots_entry *e)
{
    const struct lots_table *t = &l->tables[l->now];
    size_t lots = t->n + 1, ranges = t->n_ranges + e->n;
    for (const struct lots_entry *p = l->planned; p != NULL; p = p->next) {
        lots++;
        ranges += p->n;
    }
    return grow(l, lots, ranges);
}

enum err lots_plan(struct lots *l, struct lots_entry *e, bool *same, struct lots_why *why)
{
    pthread_mutex_lock(&l->changing); /* the tables stay as they are */
    enum err err = judge(l, &l->tables[l->now], e, same, why);
    if (err == E_OK && !*same) {
        err = plan_room(l, e) ? E_OK : E_MEMORY;
    }
    if (err == E_OK && !*same) {
        e->planned = true;
        e->next = l->planned;
        l->planned = hold(e);
    }
    pthread_mutex_unlock(&l->changing);
    return err;
}

/* Out of the list; who calls it has the list's hold on it then. */
static bool unplan(struct lots *l, struct lots_entry *e)
{
    struct lots_entry **at = &l->planned;
    if (!e->planned) {
        return false;
    }
    while (*at != e) {
        at = &(*at)->next;
    }
    *at = e->next;
    e->planned = false;
    return true;
}

void lots_drop(struct lots *l, struct lots_entry *e)
{
    pthread_mutex_lock(&l->changing);
    bool was = unplan(l, e);
    pthread_mutex_unlock(&l->changing);
    if (was) {
        lots_entry_drop(e);
    }
}

void lots_added(struct lots *l, struct lots_entry *e)
{
    pthread_mutex_lock(&l->changing);
    if (unplan(l, e)) {
        change(l, table_add, e);
    }
    pthread_mutex_unlock(&l->changing);
}

void lots_removed(struct lots *l, const struct kme_lot_id *id)
{
    pthread_mutex_lock(&l->changing);
    struct lots_entry *e = lots_table_entry(&l->tables[l->now], id);
    if (e != NULL) {
        change(l, table_remove, e);
    }
    pthread_mutex_unlock(&l->changing);
    lots_entry_drop(e);
    lots_keys_forget(l, id);
}

/* ---- start and stop ---- */

static enum err copy_table(const struct lots_table *from, struct lots_table *to)
{
    if (!lots_table_room(to, from->n, from->n_ranges)) {
        return E_MEMORY;
    }
    if (from->n_ranges > 0) {
        memcpy(to->entries, from->entries, from->n * sizeof(struct lots_entry *));
        memcpy(to->ranges, from->ranges, from->n_ranges * sizeof *from->ranges);
    }
    to->n = from->n;
    to->n_ranges = from->n_ranges;
    return E_OK;
}

static enum err load_both(struct store *s, struct lots *l, struct store_why *why)
{
    struct store_reader *r = NULL;
    enum err err = store_reader_open(s, &r);
    if (err == E_OK) {
        err = lots_load(r, &l->tables[0], why);
    }
    store_reader_close(r);
    return err == E_OK ? copy_table(&l->tables[0], &l->tables[1]) : err;
}

enum err lots_open(struct store *s, struct lots **out, struct store_why *why)
{
    struct lots *l = calloc(1, sizeof *l);
    enum err err = E_MEMORY;
    why->text[0] = '\0';
    if (l != NULL) {
        pthread_mutex_init(&l->changing, NULL);
        pthread_rwlock_init(&l->swap, NULL);
        pthread_mutex_init(&l->keys_lock, NULL);
        err = load_both(s, l, why);
    }
    if (err == E_OK) {
        *out = l;
        return E_OK;
    }
    lots_close(l);
    why->err = err;
    if (why->text[0] == '\0') {
        snprintf(why->text, sizeof why->text, "the lots cannot be loaded: %s", err_sentence(err));
    }
    return err;
}

/* What was planned and not carried out was given up. */
static void drop_all(struct lots *l)
{
    const struct lots_table *t = &l->tables[l->now];
    for (struct lots_entry *p = l->planned, *next; p != NULL; p = next) {
        next = p->next;
        p->planned = false;
        lots_entry_drop(p);
    }
    for (size_t i = 0; i < t->n; i++) {
        lots_entry_drop(t->entries[i]);
    }
}

void lots_close(struct lots *l)
{
    if (l == NULL) {
        return;
    }
    lots_keys_close(l);
    drop_all(l);
    for (size_t i = 0; i < 2; i++) {
        free(l->tables[i].entries);
        free(l->tables[i].ranges);
    }
    pthread_mutex_destroy(&l->keys_lock);
    pthread_rwlock_destroy(&l->swap);
    pthread_mutex_destroy(&l->changing);
    free(l);
}
