/* test/nf/lots_keys_test.c - private keys of lots in memory (src/nf/hssd/lots_keys.c). */
#include "nf/lots_world.h"

#include <pthread.h>

/* ---- private keys ---- */

static void opens(const struct lots_key *k)
{
    uint8_t sealed[256], out[4] = {0};
    const struct kme_opener o = lots_opener(k);
    assert_ok(lot_key_encrypt(lot_key_modulus(key), BYTES_LIT("x"), BYTES_LIT("four"), sealed));
    assert_ok(o.open(o.ctx, BYTES_OF(sealed), BYTES_LIT("x"), MBYTES_OF(out)));
    assert_memory_equal(out, "four", 4);
    assert_err(o.open(o.ctx, BYTES_OF(sealed), BYTES_LIT("y"), MBYTES_OF(out)), E_BAD_MAC);
}

/*= test kme-9a */
static void a_key_opens_what_was_encrypted_to_its_lot(void **state)
{
    struct fixture *f = *state;
    struct lots *l = open_lots(f);
    const struct kme_lot_id id = id_of("a"), none = id_of("none");
    struct lots_key *k = NULL, *again = NULL;
    add(f, l, "a", 0, 0, 9);
    assert_err(lots_take(l, f->r, &none, &k), E_NOT_FOUND);
    assert_int_equal(lots_keys_held(l), 0);
    assert_ok(lots_take(l, f->r, &id, &k));
    opens(k);
    assert_ok(lots_take(l, f->r, &id, &again));
    assert_ptr_equal(k, again);
    assert_int_equal(lots_keys_held(l), 1);
    lots_release(l, again);
    lots_release(l, k);
    lots_release(l, NULL);
    lots_close(l);
}

static void a_lot_that_goes_while_a_payload_is_being_opened_takes_nothing_away(void **state)
{
    struct fixture *f = *state;
    struct lots *l = open_lots(f);
    const struct kme_lot_id id = id_of("a");
    struct lots_key *held = NULL, *k = NULL;
    add(f, l, "a", 0, 0, 9);
    assert_ok(lots_take(l, f->r, &id, &held));
    take_away(f, l, "a");
    assert_int_equal(lots_keys_held(l), 0);
    assert_err(lots_take(l, f->r, &id, &k), E_NOT_FOUND);
    opens(held);
    add(f, l, "a", 0, 0, 9); /* the same lot again is another key to the memory */
    assert_ok(lots_take(l, f->r, &id, &k));
    assert_ptr_not_equal(k, held);
    opens(held);
    lots_release(l, held);
    opens(k);
    lots_release(l, k);
    lots_close(l);
}

static void a_key_is_given_only_for_the_modulus_that_the_lot_has(void **state)
{
    struct fixture *f = *state;
    struct lots *l = open_lots(f);
    const struct kme_lot_id id = id_of("a");
    struct lots_key *k = NULL;
    add(f, l, "a", 1, 0, 9); /* P and Q that are stored with it are those of another N */
    assert_err(lots_take(l, f->r, &id, &k), E_WRONG_KEY);
    assert_null(k);
    assert_int_equal(lots_keys_held(l), 0);
    take_away(f, l, "a");
    /* the store has it no more, and the table not yet: as between a commit and lots_removed */
    add(f, l, "a", 0, 0, 9);
    COMMITTED(f, store_remove_lot(f->w, "a"));
    assert_err(lots_take(l, f->r, &id, &k), E_NOT_FOUND);
    /* the other way round, between a commit and lots_added */
    lots_removed(l, &id);
    struct lots_entry *e = entry_of("a", 0, &(struct imei_range){0, 9}, 1);
    assert_ok(store_begin(f->w));
    store_lot(f, e);
    assert_ok(store_commit(f->w));
    assert_err(lots_take(l, f->r, &id, &k), E_NOT_FOUND);
    assert_null(k);
    lots_entry_drop(e);
    lots_close(l);
}

static void no_more_keys_are_kept_than_fit_and_the_latest_used_stay(void **state)
{
    struct fixture *f = *state;
    struct lots *l = open_lots(f);
    struct lots_key *first = NULL, *k = NULL;
    char name[8];
    const unsigned n = LOTS_KEYS_KEPT + 8;
    for (unsigned i = 0; i < n; i++) {
        snprintf(name, sizeof name, "l%u", i);
        add(f, l, name, 0, 10 * i, 10 * i + 9);
    }
    const struct kme_lot_id zero = id_of("l0"), one = id_of("l1");
    assert_ok(lots_take(l, f->r, &zero, &first));
    for (unsigned i = 1; i < n; i++) {
        snprintf(name, sizeof name, "l%u", i);
        const struct kme_lot_id id = id_of(name);
        assert_ok(lots_take(l, f->r, &id, &k));
        lots_release(l, k);
        assert_ok(lots_take(l, f->r, &zero, &k)); /* used all the time */
        assert_ptr_equal(k, first);
        lots_release(l, k);
        assert_true(lots_keys_held(l) <= LOTS_KEYS_KEPT);
    }
    assert_int_equal(lots_keys_held(l), LOTS_KEYS_KEPT);
    assert_ok(lots_take(l, f->r, &one, &k)); /* made room, and comes from the store again */
    opens(k);
    lots_release(l, k);
    opens(first);
    lots_release(l, first);
    lots_close(l);
}

static void a_key_that_is_held_outlives_its_place_in_memory(void **state)
{
    struct fixture *f = *state;
    struct lots *l = open_lots(f);
    struct lots_key *held[LOTS_KEYS_KEPT + 8];
    char name[8];
    const unsigned n = LOTS_KEYS_KEPT + 8;
    for (unsigned i = 0; i < n; i++) {
        snprintf(name, sizeof name, "l%u", i);
        add(f, l, name, 0, 10 * i, 10 * i + 9);
        const struct kme_lot_id id = id_of(name);
        assert_ok(lots_take(l, f->r, &id, &held[i]));
    }
    assert_int_equal(lots_keys_held(l), LOTS_KEYS_KEPT);
    for (unsigned i = 0; i < n; i++) {
        opens(held[i]);
        lots_release(l, held[i]);
    }
    lots_close(l);
}

/* ---- many at once ---- */

struct crowd {
    struct fixture *f;
    struct lots *l;
    atomic_bool stop;
};

static bool opens_this(const struct lots_key *k)
{
    uint8_t none[256] = {0}, out[4];
    const struct kme_opener o = lots_opener(k);
    return o.open(o.ctx, BYTES_OF(none), BYTES_LIT("x"), MBYTES_OF(out)) != E_BAD_MAC;
}

/* The lot "stays" is always there, and never another's; its key opens whatever else happens. */
static void *looking_up(void *arg)
{
    struct crowd *c = arg;
    struct store_reader *r = NULL;
    struct lots_key *k = NULL;
    struct imei imei;
    struct kme_lot lot;
    const struct kme_lot_id stays = id_of("stays"), goes = id_of("goes");
    uintptr_t wrong = store_reader_open(c->f->store, &r) != E_OK;
    imei_of_number(1500, &imei);
    while (wrong == 0 && !atomic_load(&c->stop)) {
        wrong += lots_find(c->l, &imei, &lot) != E_OK || !kme_lot_id_eq(&lot.id, &stays);
        wrong += lots_take(c->l, r, &stays, &k) != E_OK || opens_this(k);
        lots_release(c->l, k);
        k = NULL;
        enum err err = lots_take(c->l, r, &goes, &k);
        wrong += err != E_OK && err != E_NOT_FOUND;
        lots_release(c->l, k);
        k = NULL;
    }
    store_reader_close(r);
    return (void *)wrong;
}

static void who_looks_up_is_not_disturbed_by_lots_that_come_and_go(void **state)
{
    struct fixture *f = *state;
    struct crowd c = {.f = f, .l = open_lots(f)};
    pthread_t threads[4];
    void *wrong = NULL;
    add(f, c.l, "stays", 0, 1000, 1999);
    for (unsigned i = 0; i < 4; i++) {
        assert_int_equal(pthread_create(&threads[i], NULL, looking_up, &c), 0);
    }
    for (unsigned i = 0; i < 60; i++) {
        char name[8];
        snprintf(name, sizeof name, "n%u", i);
        add(f, c.l, "goes", 0, 0, 999);
        add(f, c.l, name, i + 1, 2000 + i, 2000 + i);
        take_away(f, c.l, "goes");
    }
    atomic_store(&c.stop, true);
    for (unsigned i = 0; i < 4; i++) {
        pthread_join(threads[i], &wrong);
        assert_null(wrong);
    }
    assert_int_equal(lots_count(c.l), 61);
    lots_close(c.l);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        IN_STORE(a_key_opens_what_was_encrypted_to_its_lot),
        IN_STORE(a_lot_that_goes_while_a_payload_is_being_opened_takes_nothing_away),
        IN_STORE(a_key_is_given_only_for_the_modulus_that_the_lot_has),
        IN_STORE(no_more_keys_are_kept_than_fit_and_the_latest_used_stay),
        IN_STORE(a_key_that_is_held_outlives_its_place_in_memory),
        IN_STORE(who_looks_up_is_not_disturbed_by_lots_that_come_and_go),
    };
    return cmocka_run_group_tests_name("nf/lots_keys", tests, key_up, key_down);
}
