/* test/nf/lots_world.h - lots in a store and in memory, added and removed as the administration
 * interface does it; and the private key of one of them. */
#ifndef BINDERY_TEST_NF_LOTS_WORLD_H
#define BINDERY_TEST_NF_LOTS_WORLD_H

#include "nf/hssd/lots.h"
#include "store/fixture.h"

static struct lot_key *key; /* made once: it takes a while */

static inline int key_up(void **state)
{
    (void)state;
    return lot_key_make(2048, &key) == E_OK ? 0 : -1;
}

static inline int key_down(void **state)
{
    (void)state;
    lot_key_close(key);
    return 0;
}

/* ---- lots ---- */

static inline struct kme_lot_id id_of(const char *text)
{
    struct kme_lot_id id;
    assert_ok(kme_lot_id_parse(bytes_of_str(text), &id));
    return id;
}

/* With the key's modulus where seed is 0, else one that nobody has the key of. */
static inline struct kme_lot lot_of(const char *id, uint32_t seed)
{
    struct kme_lot lot;
    uint8_t n[256] = {0x80, (uint8_t)(seed >> 24), (uint8_t)(seed >> 16), (uint8_t)(seed >> 8),
                      (uint8_t)seed};
    n[255] = 1;
    assert_ok(kme_lot_make(bytes_of_str(id), BYTES_LIT("Example Devices"),
                           seed == 0 ? lot_key_modulus(key) : BYTES_OF(n), &lot));
    return lot;
}

static inline struct lots_entry *entry_of(const char *id, uint32_t seed,
                                          const struct imei_range *ranges, size_t n)
{
    struct lots_entry *e = NULL;
    struct lots_why why;
    struct kme_lot lot = lot_of(id, seed);
    assert_ok(lots_entry_new(&lot, ranges, n, 1700000000, &e, &why));
    return e;
}

static inline struct store_lot_key primes(void)
{
    static struct store_lot_key k;
    size_t n = 0;
    if (k.n == 0) {
        assert_ok(lot_key_primes(key, k.p, k.q, &n));
        k.n = (uint16_t)n;
    }
    return k;
}

/* In an open batch. */
static inline void store_lot(struct fixture *f, const struct lots_entry *e)
{
    static struct store_lot_range ranges[STORE_LOT_RANGES_MAX];
    struct store_lot_key k = primes();
    struct store_lot row = {
        .modulus_n = e->lot.modulus_n, .imported = e->imported, .ranges = (uint32_t)e->n};
    strcpy(row.id, e->lot.id.text);
    strcpy(row.manufacturer, e->lot.manufacturer);
    memcpy(row.modulus, e->lot.modulus, e->lot.modulus_n);
    for (size_t i = 0; i < e->n; i++) {
        ranges[i] =
            (struct store_lot_range){.first = e->ranges[i].first, .last = e->ranges[i].last};
    }
    assert_ok(store_put_lot(f->w, &row, &k, ranges, e->n));
}

/* As the administration interface does it. */
static inline void add(struct fixture *f, struct lots *l, const char *id, uint32_t seed,
                       uint64_t first, uint64_t last)
{
    struct lots_entry *e = entry_of(id, seed, &(struct imei_range){first, last}, 1);
    struct lots_why why;
    bool same = true;
    assert_ok(store_begin(f->w));
    assert_ok(lots_plan(l, e, &same, &why));
    assert_false(same);
    store_lot(f, e);
    assert_ok(store_commit(f->w));
    lots_added(l, e);
    lots_entry_drop(e);
}

static inline void take_away(struct fixture *f, struct lots *l, const char *id)
{
    const struct kme_lot_id parsed = id_of(id);
    COMMITTED(f, store_remove_lot(f->w, id));
    lots_removed(l, &parsed);
}

static inline struct lots *open_lots(struct fixture *f)
{
    struct lots *l = NULL;
    if (lots_open(f->store, &l, &f->why) != E_OK) {
        fail_msg("%s", f->why.text);
    }
    return l;
}

#endif
