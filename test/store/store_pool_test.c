/* IMSIs that are given to devices (src/store/store_pool.c). */
#include "store/onboarding_rows.h"

#define FIRST "001010000500000"
#define NOW   INT64_C(1700000000)

static struct imsi nth(unsigned i)
{
    char digits[16];
    snprintf(digits, sizeof digits, "001010000%06u", 500000 + i);
    return imsi_of(digits);
}

static unsigned index_of(const struct imsi *imsi)
{
    assert_int_equal(imsi->n, 15);
    assert_memory_equal(imsi->digits, FIRST, 9);
    return (unsigned)strtoul(imsi->digits + 9, NULL, 10) - 500000;
}

/* Of a batch that is open. */
static enum err take_in(struct fixture *f, unsigned first, unsigned last, int64_t now,
                        unsigned *out)
{
    struct imsi a = nth(first), b = nth(last), imsi;
    enum err err = store_take_imsi(f->w, &a, &b, now, &imsi);
    if (err == E_OK) {
        *out = index_of(&imsi);
    }
    return err;
}

static void put_nth(struct fixture *f, unsigned i)
{
    struct imsi imsi = nth(i);
    struct store_subscriber s = subscriber_of(imsi.digits);
    enum store_did did;
    assert_ok(store_put_subscriber(f->w, STORE_INSERT, &s, &did));
}

/* A device with a subscription, as the AUSF makes it: a batch of its own. */
static enum err draw(struct fixture *f, unsigned first, unsigned last, int64_t now, unsigned *out)
{
    char id[16], imei[16];
    assert_ok(store_begin(f->w));
    enum err err = take_in(f, first, last, now, out);
    if (err == E_OK) {
        struct imsi imsi = nth(*out);
        snprintf(id, sizeof id, "d%06u", *out);
        snprintf(imei, sizeof imei, "35693803%06u", *out);
        put_nth(f, *out);
        struct store_onboarding row =
            onboarding_of("maker", id, CERTATTACH_PHASE_PENDING, imsi.digits);
        row.imei = imei_of(imei);
        assert_ok(store_put_onboarding(f->w, &row));
    }
    assert_ok(store_commit(f->w));
    return err;
}

static unsigned drawn(struct fixture *f, unsigned first, unsigned last, int64_t now)
{
    unsigned i = 0;
    assert_ok(draw(f, first, last, now, &i));
    return i;
}

static void give_back(struct fixture *f, unsigned i, int64_t ready)
{
    struct imsi imsi = nth(i);
    struct store_onboarding row;
    assert_ok(store_read_onboarding_of(f->r, &imsi, &row));
    COMMITTED(f, store_end_onboarding(f->w, &row.key, CERTATTACH_PHASE_EXPIRED, NOW, ready));
}

static void import(struct fixture *f, unsigned i)
{
    assert_ok(store_begin(f->w));
    put_nth(f, i);
    assert_ok(store_commit(f->w));
}

static struct store_pool pool_at(struct fixture *f, unsigned first, unsigned last, int64_t now)
{
    struct imsi a = nth(first), b = nth(last);
    struct store_pool p;
    memset(&p, 0xee, sizeof p);
    assert_ok(store_read_pool(f->r, &a, &b, now, &p));
    return p;
}

static void assert_pool(struct fixture *f, unsigned last, int64_t now, uint64_t never_used,
                        uint64_t resting, uint64_t ready)
{
    struct store_pool p = pool_at(f, 0, last, now);
    assert_int_equal(p.total, last + 1);
    assert_int_equal(p.never_used, never_used);
    assert_int_equal(p.resting, resting);
    assert_int_equal(p.ready, ready);
}

/* ---- one pool -------------------------------------------------------------------------------- */

static void each_imsi_is_given_once_in_order_until_none_is_left(void **state)
{
    struct fixture *f = *state;
    unsigned i = 0;
    assert_pool(f, 4, NOW, 5, 0, 0);
    for (unsigned k = 0; k < 5; k++) {
        assert_int_equal(drawn(f, 0, 4, NOW), k);
        assert_pool(f, 4, NOW, 4 - k, 0, 0);
    }
    assert_err(draw(f, 0, 4, NOW, &i), E_EXHAUSTED);
    reopen_store(f);
    assert_err(draw(f, 0, 4, NOW, &i), E_EXHAUSTED);
    assert_pool(f, 4, NOW, 0, 0, 0);
}

static void a_count_sees_what_the_readers_transaction_sees(void **state)
{
    struct fixture *f = *state;
    assert_ok(store_reader_begin(f->r));
    assert_pool(f, 4, NOW, 5, 0, 0);
    assert_int_equal(drawn(f, 0, 4, NOW), 0);
    assert_pool(f, 4, NOW, 5, 0, 0);
    assert_err(store_reader_begin(f->r), E_BAD_STATE); /* it is still open */
    store_reader_end(f->r);
    assert_pool(f, 4, NOW, 4, 0, 0);
}

static void how_far_a_pool_was_passed_survives_a_restart(void **state)
{
    struct fixture *f = *state;
    assert_int_equal(drawn(f, 0, 4, NOW), 0);
    reopen_store(f);
    assert_int_equal(drawn(f, 0, 4, NOW), 1);
}

static void what_no_batch_kept_was_not_taken(void **state)
{
    struct fixture *f = *state;
    unsigned i = 9;
    assert_ok(store_begin(f->w));
    assert_ok(take_in(f, 0, 4, NOW, &i));
    store_rollback(f->w);
    assert_ok(store_begin(f->w));
    assert_ok(store_step_begin(f->w));
    assert_ok(take_in(f, 0, 4, NOW, &i));
    assert_int_equal(i, 0);
    assert_ok(store_step_end(f->w, false));
    assert_ok(take_in(f, 0, 4, NOW, &i));
    assert_int_equal(i, 0);
    assert_ok(take_in(f, 0, 4, NOW, &i)); /* two of a batch are two */
    assert_int_equal(i, 1);
    assert_ok(store_commit(f->w));
}

static void subscribers_that_were_imported_keep_their_imsis(void **state)
{
    struct fixture *f = *state;
    static const unsigned there[] = {0, 1, 3, 6, 7};
    unsigned i = 0;
    struct store_subscriber shorter = subscriber_of("00101000050000"),
                            between = subscriber_of("00101000050001");
    put(f, &shorter); /* by their keys these lie between the others */
    put(f, &between);
    for (size_t k = 0; k < 5; k++) {
        import(f, there[k]);
    }
    assert_pool(f, 7, NOW, 3, 0, 0);
    assert_int_equal(drawn(f, 0, 7, NOW), 2);
    assert_pool(f, 7, NOW, 2, 0, 0);
    import(f, 4); /* where it would go on */
    assert_pool(f, 7, NOW, 1, 0, 0);
    assert_int_equal(drawn(f, 0, 7, NOW), 5);
    assert_err(draw(f, 0, 7, NOW, &i), E_EXHAUSTED);
    assert_pool(f, 7, NOW, 0, 0, 0);
}

/*= test certattach-expiry */
static void what_was_given_back_rests_and_the_longest_rested_goes_first(void **state)
{
    struct fixture *f = *state;
    unsigned i = 0;
    for (unsigned k = 0; k < 3; k++) {
        drawn(f, 0, 3, NOW);
    }
    give_back(f, 1, NOW + 200);
    give_back(f, 0, NOW + 300);
    give_back(f, 2, NOW + 100);
    assert_pool(f, 3, NOW + 99, 1, 3, 0);
    assert_pool(f, 3, NOW + 200, 1, 1, 2);
    assert_int_equal(drawn(f, 0, 3, NOW + 99), 3); /* none is ready: a new one */
    assert_err(draw(f, 0, 3, NOW + 99, &i), E_EXHAUSTED);
    assert_int_equal(drawn(f, 0, 3, NOW + 200), 2);
    assert_int_equal(drawn(f, 0, 3, NOW + 200), 1);
    assert_err(draw(f, 0, 3, NOW + 200, &i), E_EXHAUSTED);
    assert_pool(f, 3, NOW + 200, 0, 1, 0);
    assert_int_equal(drawn(f, 0, 3, NOW + 300), 0);
    assert_pool(f, 3, NOW + 300, 0, 0, 0);
    assert_onboarding_whole(f);
}

static void a_subscriber_that_is_imported_over_a_resting_imsi_has_it(void **state)
{
    struct fixture *f = *state;
    unsigned i = 0;
    struct imsi imsi = nth(0);
    drawn(f, 0, 0, NOW);
    give_back(f, 0, NOW + 1);
    import(f, 0);
    assert_pool(f, 0, NOW + 2, 0, 0, 0);
    assert_err(draw(f, 0, 0, NOW + 2, &i), E_EXHAUSTED);
    COMMITTED(f, store_remove_subscriber(f->w, &imsi)); /* a SIM with it may be anywhere */
    assert_err(draw(f, 0, 0, NOW + 2, &i), E_EXHAUSTED);
}

/* ---- several pools, and others than before --------------------------------------------------- */

static void two_pools_do_not_touch_each_other(void **state)
{
    struct fixture *f = *state;
    unsigned i = 0;
    assert_int_equal(drawn(f, 0, 1, NOW), 0);
    assert_int_equal(drawn(f, 10, 11, NOW), 10);
    assert_int_equal(drawn(f, 0, 1, NOW), 1);
    assert_err(draw(f, 0, 1, NOW, &i), E_EXHAUSTED);
    give_back(f, 10, NOW + 1);
    assert_err(draw(f, 0, 1, NOW + 5, &i), E_EXHAUSTED);
    give_back(f, 0, NOW + 9);
    struct store_pool p = pool_at(f, 10, 11, NOW + 5);
    assert_true(p.total == 2 && p.never_used == 1 && p.resting == 0 && p.ready == 1);
    assert_int_equal(drawn(f, 10, 11, NOW + 5), 10);
    assert_int_equal(drawn(f, 10, 11, NOW + 9), 11);
    assert_err(draw(f, 10, 11, NOW + 9, &i), E_EXHAUSTED);
    assert_int_equal(drawn(f, 0, 1, NOW + 9), 0);
}

static void a_pool_of_other_bounds_gives_nothing_that_somebody_has(void **state)
{
    struct fixture *f = *state;
    unsigned i = 0;
    for (unsigned k = 0; k < 6; k++) {
        drawn(f, 0, 9, NOW);
    }
    give_back(f, 1, NOW + 50);
    give_back(f, 4, NOW + 60);
    /* Shorter: 0 to 2. What rests at 4 is not its. */
    assert_err(draw(f, 0, 2, NOW, &i), E_EXHAUSTED);
    assert_int_equal(drawn(f, 0, 2, NOW + 99), 1);
    assert_err(draw(f, 0, 2, NOW + 99, &i), E_EXHAUSTED);
    /* The rest as a pool of its own, and longer. */
    struct store_pool p = pool_at(f, 3, 12, NOW + 99);
    assert_true(p.total == 10 && p.never_used == 7 && p.resting == 0 && p.ready == 1);
    assert_int_equal(drawn(f, 3, 12, NOW + 99), 4);
    assert_int_equal(drawn(f, 3, 12, NOW + 99), 6);
    give_back(f, 2, NOW + 70); /* of the first */
    assert_int_equal(drawn(f, 3, 12, NOW + 99), 7);
    /* As it was at first. */
    assert_int_equal(drawn(f, 0, 9, NOW + 99), 2);
    assert_int_equal(drawn(f, 0, 9, NOW + 99), 8);
    give_back(f, 6, NOW + 80);
    assert_int_equal(drawn(f, 0, 9, NOW + 99), 6);
    assert_int_equal(drawn(f, 0, 9, NOW + 99), 9);
    assert_err(draw(f, 0, 9, NOW + 99, &i), E_EXHAUSTED);
    assert_onboarding_whole(f);
}

static void what_rests_where_a_new_pool_begins_is_not_new(void **state)
{
    struct fixture *f = *state;
    for (unsigned k = 0; k < 4; k++) {
        drawn(f, 0, 9, NOW);
    }
    give_back(f, 0, NOW + 900);
    give_back(f, 1, NOW + 900);
    give_back(f, 3, NOW + 900);
    struct store_pool p = pool_at(f, 0, 99, NOW);
    assert_true(p.never_used == 96 && p.resting == 3 && p.ready == 0);
    assert_int_equal(drawn(f, 0, 99, NOW), 4);
    p = pool_at(f, 0, 99, NOW);
    assert_true(p.never_used == 95 && p.resting == 3 && p.ready == 0);
}

static void what_is_no_range_is_refused(void **state)
{
    struct fixture *f = *state;
    struct imsi a = nth(5), b = nth(4), shorter = imsi_of("00101000050000"), none = {.n = 0}, out;
    struct store_pool p;
    assert_ok(store_begin(f->w));
    assert_err(store_take_imsi(f->w, &a, &b, NOW, &out), E_BAD_VALUE);
    assert_err(store_take_imsi(f->w, &a, &shorter, NOW, &out), E_BAD_VALUE);
    assert_err(store_take_imsi(f->w, &none, &none, NOW, &out), E_BAD_VALUE);
    assert_ok(store_take_imsi(f->w, &a, &a, NOW, &out)); /* the batch goes on */
    assert_ok(store_commit(f->w));
    assert_err(store_read_pool(f->r, &a, &b, NOW, &p), E_BAD_VALUE);
    assert_err(store_read_pool(f->r, &shorter, &a, NOW, &p), E_BAD_VALUE);
}

static void a_pool_reaches_to_the_last_imsi_of_its_length(void **state)
{
    struct fixture *f = *state;
    static const char *const lasts[] = {"999999", "999999999999999", "00101099999"};
    for (size_t i = 0; i < 3; i++) {
        struct imsi last = imsi_of(lasts[i]), first = last, out;
        struct store_pool p;
        first.digits[first.n - 1] = '8';
        assert_ok(store_begin(f->w));
        assert_ok(store_take_imsi(f->w, &first, &last, NOW, &out));
        assert_true(imsi_eq(&out, &first));
        assert_ok(store_take_imsi(f->w, &first, &last, NOW, &out));
        assert_true(imsi_eq(&out, &last));
        assert_err(store_take_imsi(f->w, &first, &last, NOW, &out), E_EXHAUSTED);
        assert_ok(store_commit(f->w));
        assert_ok(store_read_pool(f->r, &first, &last, NOW, &p));
        assert_true(p.total == 2 && p.never_used == 0);
    }
}

/* ---- drawn ----------------------------------------------------------------------------------- */

static enum err draw_at(struct fixture *f, unsigned last, const uint32_t *draws, unsigned *out)
{
    struct imsi a = nth(0), b = nth(last), imsi;
    assert_ok(store_begin(f->w));
    enum err err = store_draw_imsi(f->w, &a, &b, NOW, draws, &imsi);
    if (err == E_OK) {
        *out = index_of(&imsi);
        put_nth(f, *out);
    }
    assert_ok(store_commit(f->w));
    return err;
}

static void what_is_drawn_is_where_chance_says_and_each_is_given_once(void **state)
{
    struct fixture *f = *state;
    uint32_t draws[STORE_DRAWS] = {3 + 5 * 10, 1};
    unsigned i = 0;
    assert_ok(draw_at(f, 4, draws, &i));
    assert_int_equal(i, 3);
    assert_pool(f, 4, NOW, 4, 0, 0);
    assert_ok(draw_at(f, 4, draws, &i)); /* that one is taken: by the second draw */
    assert_int_equal(i, 1);
    reopen_store(f);
    assert_ok(draw_at(f, 4, draws, &i));
    assert_int_equal(i, 0);
    assert_ok(draw_at(f, 4, draws, &i)); /* none hits: the next one, behind what is taken */
    assert_int_equal(i, 2);
    assert_pool(f, 4, NOW, 1, 0, 0);
    assert_ok(draw_at(f, 4, draws, &i));
    assert_int_equal(i, 4);
    assert_err(draw_at(f, 4, draws, &i), E_EXHAUSTED);
    assert_pool(f, 4, NOW, 0, 0, 0);
}

static void what_rests_is_drawn_from_too(void **state)
{
    struct fixture *f = *state;
    uint32_t draws[STORE_DRAWS] = {2};
    unsigned i = 0;
    for (unsigned k = 0; k < 5; k++) {
        assert_int_equal(drawn(f, 0, 4, NOW), k);
    }
    for (unsigned k = 0; k < 4; k++) {
        give_back(f, k, NOW - 10 + k);
    }
    assert_ok(draw_at(f, 4, draws, &i));
    assert_int_equal(i, 2);
    draws[0] = 63; /* so many do not rest */
    assert_ok(draw_at(f, 4, draws, &i));
    assert_int_equal(i, 1);
    assert_pool(f, 4, NOW, 0, 0, 2);
}

/* ---- at random, against a plain account of it ------------------------------------------------ */

#define SPAN 40
struct account {
    enum { NEVER, HAD, RESTS, IMPORTED, GONE } of[SPAN];
    int64_t ready[SPAN];
    int64_t now;
};

static void expect_take(const struct account *a, enum err err, unsigned got)
{
    int64_t best = INT64_MAX;
    unsigned first_new = SPAN;
    for (unsigned i = SPAN; i-- > 0;) {
        if (a->of[i] == RESTS && a->ready[i] <= a->now && a->ready[i] <= best) {
            best = a->ready[i];
        }
        first_new = a->of[i] == NEVER ? i : first_new;
    }
    if (best != INT64_MAX) {
        assert_ok(err);
        assert_int_equal(a->of[got], RESTS);
        assert_true(a->ready[got] == best);
    } else if (first_new < SPAN) {
        assert_ok(err);
        assert_int_equal(got, first_new);
    } else {
        assert_err(err, E_EXHAUSTED);
    }
}

static void expect_pool(struct fixture *f, const struct account *a)
{
    uint64_t never = 0, resting = 0, ready = 0;
    for (unsigned i = 0; i < SPAN; i++) {
        never += a->of[i] == NEVER;
        resting += a->of[i] == RESTS && a->ready[i] > a->now;
        ready += a->of[i] == RESTS && a->ready[i] <= a->now;
    }
    assert_pool(f, SPAN - 1, a->now, never, resting, ready);
}

static void one_step(struct fixture *f, struct account *a, uint64_t *seed)
{
    unsigned i = (unsigned)(test_rand(seed) % SPAN);
    struct imsi imsi = nth(i);
    enum err err;
    switch (test_rand(seed) % 5) {
    case 0:
    case 1:
        err = draw(f, 0, SPAN - 1, a->now, &i);
        expect_take(a, err, i);
        if (err == E_OK) {
            a->of[i] = HAD;
        }
        break;
    case 2:
        if (a->of[i] == HAD) {
            a->ready[i] = a->now + (int64_t)(test_rand(seed) % 20);
            give_back(f, i, a->ready[i]);
            a->of[i] = RESTS;
        }
        break;
    case 3:
        if ((a->of[i] == NEVER || a->of[i] == RESTS) && test_rand(seed) % 8 == 0) {
            import(f, i);
            a->of[i] = IMPORTED;
        } else if (a->of[i] == HAD) {
            assert_ok(store_begin(f->w));
            assert_err(store_remove_subscriber(f->w, &imsi), E_CONFLICT);
            assert_ok(store_commit(f->w));
        }
        break;
    default:
        a->now += (int64_t)(test_rand(seed) % 8);
    }
}

static void random_giving_and_taking_agrees_with_a_plain_account_of_it(void **state)
{
    struct fixture *f = *state;
    struct account a = {.now = NOW};
    uint64_t seed = 7;
    assert_int_equal(sqlite3_exec(f->w->c.db, "PRAGMA synchronous = OFF", NULL, NULL, NULL),
                     SQLITE_OK);
    for (unsigned i = 0; i < 1500; i++) {
        one_step(f, &a, &seed);
        expect_pool(f, &a);
    }
    assert_onboarding_whole(f);
}

/* ---- many ------------------------------------------------------------------------------------ */

static int steps(struct fixture *f)
{
    static const enum statement all[] = {ST_POOL,       ST_POOL_SUBSCRIBERS, ST_POOL_RESTERS,
                                         ST_POOL_READY, ST_POOL_OF,          ST_POOL_PASSED,
                                         ST_REST,       ST_REST_NO_MORE,     ST_ADOPT_RESTERS};
    int n = 0;
    for (size_t i = 0; i < sizeof all / sizeof all[0]; i++) {
        n += sqlite3_stmt_status(f->w->c.st[all[i]], SQLITE_STMTSTATUS_VM_STEP, 1);
    }
    return n;
}

/* Twenty thousand that were had lie before the one that is next, and as many rest elsewhere. */
static void a_pool_that_was_used_much_costs_what_a_new_one_costs(void **state)
{
    struct fixture *f = *state;
    unsigned i = 0;
    assert_ok(store_begin(f->w));
    for (unsigned k = 0; k < 20000; k++) {
        put_nth(f, k);
        assert_ok(take_in(f, 100000, 120000, NOW, &i));
    }
    for (unsigned k = 0; k < 20000; k++) {
        struct imsi other = nth(100000 + k);
        assert_ok(pool_rest(f->w, &other, NOW));
    }
    assert_ok(store_commit(f->w));
    assert_int_equal(drawn(f, 0, 99999, NOW), 20000); /* once it is walked over */
    steps(f);
    assert_int_equal(drawn(f, 0, 99999, NOW), 20001);
    assert_true(steps(f) < 300);
    assert_int_equal(drawn(f, 100000, 120000, NOW), 100000);
    assert_true(steps(f) < 300);
    give_back(f, 20000, NOW + 1);
    assert_int_equal(drawn(f, 0, 99999, NOW + 1), 20000);
    assert_true(steps(f) < 300);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        IN_STORE(each_imsi_is_given_once_in_order_until_none_is_left),
        IN_STORE(a_count_sees_what_the_readers_transaction_sees),
        IN_STORE(how_far_a_pool_was_passed_survives_a_restart),
        IN_STORE(what_no_batch_kept_was_not_taken),
        IN_STORE(subscribers_that_were_imported_keep_their_imsis),
        IN_STORE(what_was_given_back_rests_and_the_longest_rested_goes_first),
        IN_STORE(a_subscriber_that_is_imported_over_a_resting_imsi_has_it),
        IN_STORE(two_pools_do_not_touch_each_other),
        IN_STORE(a_pool_of_other_bounds_gives_nothing_that_somebody_has),
        IN_STORE(what_rests_where_a_new_pool_begins_is_not_new),
        IN_STORE(what_is_no_range_is_refused),
        IN_STORE(a_pool_reaches_to_the_last_imsi_of_its_length),
        IN_STORE(what_is_drawn_is_where_chance_says_and_each_is_given_once),
        IN_STORE(what_rests_is_drawn_from_too),
        IN_STORE(random_giving_and_taking_agrees_with_a_plain_account_of_it),
        IN_STORE(a_pool_that_was_used_much_costs_what_a_new_one_costs),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
