/* Subscriptions by certificate URL (src/store/store_onboarding.c). */
#include "store/onboarding_rows.h"

#define NEW_URL(phase) onboarding_of("maker", "d1", phase, NULL)
#define OTHER_IMEI     "11111111111111"

static void put_two(struct fixture *f)
{
    struct store_subscriber a = subscriber_of(IMSI_A), b = subscriber_of(IMSI_B);
    put(f, &a);
    put(f, &b);
}

/* maker/d1 with IMSI_A, which is there. */
static struct store_onboarding made(struct fixture *f, enum certattach_phase phase)
{
    struct store_onboarding row = onboarding_of("maker", "d1", phase, IMSI_A);
    put_two(f);
    COMMITTED(f, store_put_onboarding(f->w, &row));
    return row;
}

static void counts_of(struct fixture *f, const char *authority,
                      uint64_t counts[STORE_ONBOARDING_PHASES])
{
    memset(counts, 0xee, STORE_ONBOARDING_PHASES * sizeof counts[0]);
    assert_ok(store_count_onboarding(f->r, authority, counts));
}

static uint64_t count_in(struct fixture *f, const char *authority, enum certattach_phase phase)
{
    uint64_t counts[STORE_ONBOARDING_PHASES];
    counts_of(f, authority, counts);
    return counts[phase];
}

/* ---- rows ------------------------------------------------------------------------------------ */

static void the_phases_are_those_of_the_procedure(void **state)
{
    (void)state;
    assert_int_equal(STORE_ONBOARDING_PHASES, CERTATTACH_PHASES);
    assert_int_equal(CERTATTACH_PHASE_NEW, 0); /* in a list: all */
    assert_int_equal(CERTATTACH_PHASE_PENDING, 3);
    assert_int_equal(CERTATTACH_PHASE_ACTIVE, 4);
    assert_int_equal(CERTATTACH_PHASE_DENIED, 5);
    assert_int_equal(STORE_DEVICE_ID_MAX, DEVICE_ID_MAX);
    assert_int_equal(STORE_DEVICE_TEXT_MAX, DEVICE_TEXT_MAX);
}

static void what_is_written_is_read_back_also_after_a_restart(void **state)
{
    struct fixture *f = *state;
    struct store_onboarding row = made(f, CERTATTACH_PHASE_PENDING), got;
    reopen_store(f);
    got = read_onboarding(f, "maker", "d1");
    assert_same_onboarding(&got, &row);
    assert_ok(store_read_onboarding_of(f->r, &row.imsi, &got));
    assert_same_onboarding(&got, &row);
    row.phase = CERTATTACH_PHASE_ACTIVE;
    row.again = true;
    row.expires = 0;
    row.changed = INT64_MAX;
    memset(row.nonce_1, 0xff, sizeof row.nonce_1);
    strcpy(row.model, "Meter 6");
    COMMITTED(f, store_put_onboarding(f->w, &row));
    got = read_onboarding(f, "maker", "d1");
    assert_same_onboarding(&got, &row);
    assert_onboarding_whole(f);
}

static void where_there_is_no_row_nothing_is_found(void **state)
{
    struct fixture *f = *state;
    struct store_onboarding row = made(f, CERTATTACH_PHASE_PENDING), got;
    const struct store_onboarding_key keys[] = {
        onboarding_key("maker", "d2"), onboarding_key("other", "d1"), onboarding_key("Maker", "d1"),
        onboarding_key("maker", "D1")};
    struct imsi nobody = imsi_of(IMSI_B);
    for (size_t i = 0; i < sizeof keys / sizeof keys[0]; i++) {
        assert_err(store_read_onboarding(f->r, &keys[i], &got), E_NOT_FOUND);
    }
    assert_err(store_read_onboarding_of(f->r, &nobody, &got), E_NOT_FOUND);
    assert_ok(store_begin(f->w));
    assert_err(store_writer_onboarding(f->w, &keys[0], &got), E_NOT_FOUND);
    assert_err(store_remove_onboarding(f->w, &keys[0]), E_NOT_FOUND);
    assert_err(store_end_onboarding(f->w, &keys[0], CERTATTACH_PHASE_EXPIRED, 1, 2), E_NOT_FOUND);
    assert_err(store_writer_onboarding_of(f->w, &nobody, &got), E_NOT_FOUND);
    assert_ok(store_writer_onboarding(f->w, &row.key, &got));
    assert_same_onboarding(&got, &row);
    assert_ok(store_writer_onboarding_of(f->w, &row.imsi, &got));
    assert_ok(store_commit(f->w));
    assert_same_onboarding(&got, &row);
}

static void a_row_without_an_imsi_keeps_no_nonce_and_no_digest(void **state)
{
    struct fixture *f = *state;
    const uint8_t zeros[32] = {0};
    struct store_onboarding row = onboarding_of("maker", "d1", CERTATTACH_PHASE_WAITING, IMSI_A);
    row.has_imsi = false;
    COMMITTED(f, store_put_onboarding(f->w, &row));
    struct store_onboarding got = read_onboarding(f, "maker", "d1");
    assert_false(got.has_imsi);
    assert_int_equal(got.imsi.n, 0);
    assert_memory_equal(got.nonce_1, zeros, sizeof got.nonce_1);
    assert_memory_equal(got.digest, zeros, sizeof got.digest);
}

/*= test certattach-pending */
static void pending_stands_with_the_subscriber_too_and_its_version_stays(void **state)
{
    struct fixture *f = *state;
    struct store_onboarding row = made(f, CERTATTACH_PHASE_PENDING);
    struct store_subscriber s = subscriber_of(IMSI_A), got;
    struct store_device devices[STORE_DEVICES_MAX];
    size_t n;
    assert_true(read_back(f, IMSI_A).pending);
    assert_false(read_back(f, IMSI_B).pending);
    assert_int_equal(read_back(f, IMSI_A).version, 1);
    assert_ok(store_read_for_vectors(f->r, &row.imsi, &got, devices, &n));
    assert_true(got.pending);
    assert_ok(store_list_subscribers(f->r, NULL, &got, 1, &n));
    assert_true(n == 1 && got.pending);
    s.suspended = true; /* an administrative change leaves it */
    s.pending = false;
    assert_int_equal(put(f, &s), STORE_CHANGED);
    assert_ok(store_begin(f->w));
    assert_ok(store_writer_subscriber(f->w, &row.imsi, &got));
    assert_ok(store_commit(f->w));
    assert_true(got.pending && got.suspended);
    row.phase = CERTATTACH_PHASE_ACTIVE;
    COMMITTED(f, store_put_onboarding(f->w, &row));
    assert_ok(store_read_for_vectors(f->r, &row.imsi, &got, devices, &n));
    assert_false(got.pending);
    assert_false(read_back(f, IMSI_A).pending);
    assert_int_equal(read_back(f, IMSI_A).version, 2);
}

/* ---- what is refused ------------------------------------------------------------------------- */

static void a_row_that_cannot_be_is_refused_and_changes_nothing(void **state)
{
    struct fixture *f = *state;
    static const struct {
        enum certattach_phase phase;
        bool has_imsi, again;
    } wrong[] = {
        {CERTATTACH_PHASE_NEW, false, false},    {CERTATTACH_PHASES, false, false},
        {CERTATTACH_PHASE_WAITING, true, false}, {CERTATTACH_PHASE_APPROVED, true, false},
        {CERTATTACH_PHASE_EXPIRED, true, false}, {CERTATTACH_PHASE_PENDING, false, false},
        {CERTATTACH_PHASE_ACTIVE, false, false}, {CERTATTACH_PHASE_PENDING, true, true},
        {CERTATTACH_PHASE_WAITING, false, true},
    };
    put_two(f);
    assert_ok(store_begin(f->w));
    for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++) {
        struct store_onboarding row =
            onboarding_of("maker", "d1", wrong[i].phase, wrong[i].has_imsi ? IMSI_A : NULL);
        row.again = wrong[i].again;
        assert_err(store_put_onboarding(f->w, &row), E_BAD_VALUE);
    }
    assert_ok(store_commit(f->w));
    assert_int_equal(sql_number(f, "SELECT count(*) FROM onboarding"), 0);
    assert_int_equal(sql_number(f, "SELECT count(*) FROM onboarding_count"), 0);
    assert_false(read_back(f, IMSI_A).pending);
}

static void texts_without_an_end_and_no_key_are_refused(void **state)
{
    struct fixture *f = *state;
    const struct store_onboarding good = NEW_URL(CERTATTACH_PHASE_WAITING);
    struct store_onboarding row[8];
    for (size_t i = 0; i < 8; i++) {
        row[i] = good;
    }
    memset(row[0].key.authority, 'a', sizeof row[0].key.authority);
    memset(row[1].key.id, 'a', sizeof row[1].key.id);
    memset(row[2].manufacturer, 'a', sizeof row[2].manufacturer);
    memset(row[3].model, 'a', sizeof row[3].model);
    memset(row[4].serial_number, 'a', sizeof row[4].serial_number);
    row[5].key.authority[0] = '\0';
    row[6].key.id[0] = '\0';
    row[7].imei.digits[13] = '\0';
    assert_err(store_put_onboarding(f->w, &good), E_BAD_STATE); /* no batch */
    assert_ok(store_begin(f->w));
    for (size_t i = 0; i < 8; i++) {
        assert_err(store_put_onboarding(f->w, &row[i]), E_BAD_LENGTH);
    }
    assert_ok(store_put_onboarding(f->w, &good));
    assert_ok(store_commit(f->w));
    assert_onboarding_whole(f);
}

static void out_of_a_batch_nothing_is_taken(void **state)
{
    struct fixture *f = *state;
    struct store_onboarding row = made(f, CERTATTACH_PHASE_PENDING), got;
    uint64_t counts[STORE_ONBOARDING_PHASES];
    struct imsi imsi = imsi_of(IMSI_A);
    assert_err(store_put_onboarding(f->w, &row), E_BAD_STATE);
    assert_err(store_writer_onboarding(f->w, &row.key, &got), E_BAD_STATE);
    assert_err(store_writer_onboarding_of(f->w, &imsi, &got), E_BAD_STATE);
    assert_err(store_writer_count_onboarding(f->w, "maker", counts), E_BAD_STATE);
    assert_err(store_remove_onboarding(f->w, &row.key), E_BAD_STATE);
    assert_err(store_onboarding_used(f->w, &imsi, 1), E_BAD_STATE);
    assert_err(store_end_onboarding(f->w, &row.key, CERTATTACH_PHASE_EXPIRED, 1, 2), E_BAD_STATE);
    assert_err(store_take_imsi(f->w, &imsi, &imsi, 1, &imsi), E_BAD_STATE);
}

static void an_imei_has_one_subscription_that_lives(void **state)
{
    struct fixture *f = *state;
    struct store_onboarding first = made(f, CERTATTACH_PHASE_PENDING);
    struct store_onboarding second = onboarding_of("other", "d9", CERTATTACH_PHASE_PENDING, IMSI_B);
    struct store_onboarding waits = onboarding_of("other", "d8", CERTATTACH_PHASE_WAITING, NULL);
    assert_ok(store_begin(f->w));
    assert_ok(store_put_onboarding(f->w, &waits)); /* it may wait as long as it likes */
    assert_err(store_put_onboarding(f->w, &second), E_CONFLICT);
    assert_ok(store_onboarding_used(f->w, &first.imsi, 1700000100));
    assert_err(store_put_onboarding(f->w, &second), E_CONFLICT);
    assert_ok(
        store_end_onboarding(f->w, &first.key, CERTATTACH_PHASE_EXPIRED, 1700000200, 1700009999));
    assert_ok(store_put_onboarding(f->w, &second));
    assert_err(store_put_onboarding(f->w, &first), E_CONFLICT);
    assert_ok(store_commit(f->w));
    assert_true(read_back(f, IMSI_B).pending);
    assert_onboarding_whole(f);
}

static void an_imsi_is_of_one_device(void **state)
{
    struct fixture *f = *state;
    made(f, CERTATTACH_PHASE_ACTIVE);
    struct store_onboarding second = onboarding_of("maker", "d2", CERTATTACH_PHASE_PENDING, IMSI_A);
    second.imei = imei_of(OTHER_IMEI);
    assert_ok(store_begin(f->w));
    assert_err(store_put_onboarding(f->w, &second), E_CONFLICT);
    second.imsi = imsi_of("001010000000077");
    assert_err(store_put_onboarding(f->w, &second), E_NOT_FOUND); /* no such subscriber */
    assert_ok(store_commit(f->w));
    assert_false(read_back(f, IMSI_A).pending);
    assert_onboarding_whole(f);
}

static void an_imsi_stays_until_its_subscription_is_ended(void **state)
{
    struct fixture *f = *state;
    struct store_onboarding row = made(f, CERTATTACH_PHASE_PENDING), other = row;
    struct store_onboarding none = NEW_URL(CERTATTACH_PHASE_APPROVED);
    other.imsi = imsi_of(IMSI_B);
    assert_ok(store_begin(f->w));
    assert_err(store_put_onboarding(f->w, &other), E_BAD_STATE);
    assert_err(store_put_onboarding(f->w, &none), E_BAD_STATE);
    assert_err(store_remove_onboarding(f->w, &row.key), E_BAD_STATE);
    assert_err(store_remove_subscriber(f->w, &row.imsi), E_CONFLICT);
    assert_err(store_end_onboarding(f->w, &row.key, CERTATTACH_PHASE_ACTIVE, 1, 2), E_BAD_VALUE);
    assert_err(store_end_onboarding(f->w, &row.key, CERTATTACH_PHASE_NEW, 1, 2), E_BAD_VALUE);
    assert_ok(store_remove_subscriber(f->w, &other.imsi)); /* nobody's */
    assert_ok(store_commit(f->w));
    struct store_onboarding got = read_onboarding(f, "maker", "d1");
    assert_same_onboarding(&got, &row);
    assert_true(read_back(f, IMSI_A).pending);
    assert_onboarding_whole(f);
}

/* ---- how it goes on -------------------------------------------------------------------------- */

static void the_first_aka_makes_it_active_and_later_ones_change_nothing(void **state)
{
    struct fixture *f = *state;
    struct store_onboarding row = made(f, CERTATTACH_PHASE_PENDING), got;
    struct imsi nobody = imsi_of(IMSI_B);
    COMMITTED(f, store_onboarding_used(f->w, &row.imsi, 1700001111));
    row.phase = CERTATTACH_PHASE_ACTIVE;
    row.changed = 1700001111;
    row.expires = 0;
    got = read_onboarding(f, "maker", "d1");
    assert_same_onboarding(&got, &row);
    assert_false(read_back(f, IMSI_A).pending);
    assert_int_equal(read_back(f, IMSI_A).version, 1);
    COMMITTED(f, store_onboarding_used(f->w, &row.imsi, 1700002222));
    COMMITTED(f, store_onboarding_used(f->w, &nobody, 1700002222));
    got = read_onboarding(f, "maker", "d1");
    assert_same_onboarding(&got, &row);
    row.again = true;
    COMMITTED(f, store_put_onboarding(f->w, &row));
    COMMITTED(f, store_onboarding_used(f->w, &row.imsi, 1700003333));
    row.again = false;
    got = read_onboarding(f, "maker", "d1");
    assert_same_onboarding(&got, &row);
    assert_onboarding_whole(f);
}

static void a_denied_device_does_not_become_active_by_itself(void **state)
{
    struct fixture *f = *state;
    struct store_onboarding row = made(f, CERTATTACH_PHASE_DENIED);
    COMMITTED(f, store_onboarding_used(f->w, &row.imsi, 1700001111));
    struct store_onboarding got = read_onboarding(f, "maker", "d1");
    assert_same_onboarding(&got, &row);
}

/*= test certattach-expiry */
static void an_end_takes_the_subscriber_along_and_leaves_the_row(void **state)
{
    struct fixture *f = *state;
    struct store_onboarding row = made(f, CERTATTACH_PHASE_PENDING), got;
    struct store_device device = device_of(IMSI_A, IMEI_A, 5);
    struct store_proof proof = {.imsi = row.imsi, .known = true, .last = {.result = 1, .at = 5}};
    struct store_subscriber s;
    struct store_kme kme = {.imsi = row.imsi, .phase = 1};
    proof.last.imei = device.imei;
    put_device(f, &device);
    COMMITTED(f, store_put_proof(f->w, &proof));
    COMMITTED(f, store_put_kme(f->w, &kme));
    COMMITTED(
        f, store_end_onboarding(f->w, &row.key, CERTATTACH_PHASE_EXPIRED, 1700005555, 1700009999));
    assert_err(store_read_subscriber(f->r, &row.imsi, &s), E_NOT_FOUND);
    assert_int_equal(sql_number(f, "SELECT count(*) FROM device"), 0);
    assert_int_equal(sql_number(f, "SELECT count(*) FROM device_proof"), 0);
    assert_int_equal(sql_number(f, "SELECT count(*) FROM provisioning"), 0);
    assert_int_equal(sql_number(f, "SELECT count(*) FROM imsi_resting"), 1);
    struct store_onboarding left = onboarding_of("maker", "d1", CERTATTACH_PHASE_EXPIRED, NULL);
    left.changed = 1700005555;
    got = read_onboarding(f, "maker", "d1");
    assert_same_onboarding(&got, &left);
    assert_ok(store_begin(f->w));
    assert_err(store_end_onboarding(f->w, &row.key, CERTATTACH_PHASE_DENIED, 1, 2), E_BAD_STATE);
    assert_ok(store_remove_onboarding(f->w, &row.key));
    assert_ok(store_commit(f->w));
    assert_err(store_read_onboarding(f->r, &row.key, &got), E_NOT_FOUND);
    assert_onboarding_whole(f);
}

static void a_batch_that_is_undone_leaves_all_as_it_was(void **state)
{
    struct fixture *f = *state;
    struct store_onboarding row = made(f, CERTATTACH_PHASE_PENDING), got;
    assert_ok(store_begin(f->w));
    assert_ok(store_end_onboarding(f->w, &row.key, CERTATTACH_PHASE_DENIED, 1, 2));
    assert_ok(store_remove_onboarding(f->w, &row.key));
    store_rollback(f->w);
    assert_ok(store_begin(f->w));
    assert_ok(store_step_begin(f->w));
    assert_ok(store_onboarding_used(f->w, &row.imsi, 1));
    assert_ok(store_step_end(f->w, false));
    assert_ok(store_commit(f->w));
    got = read_onboarding(f, "maker", "d1");
    assert_same_onboarding(&got, &row);
    assert_true(read_back(f, IMSI_A).pending);
    assert_int_equal(sql_number(f, "SELECT count(*) FROM imsi_resting"), 0);
    assert_onboarding_whole(f);
}

/* ---- lists, counts, what is due -------------------------------------------------------------- */

#define ROWS 12
static const char *const authorities[] = {"a", "ab", "b"};

/* Four rows of each authority, in the phases WAITING, APPROVED, DENIED, EXPIRED. */
static void put_rows(struct fixture *f)
{
    static const enum certattach_phase phases[] = {
        CERTATTACH_PHASE_WAITING, CERTATTACH_PHASE_APPROVED, CERTATTACH_PHASE_DENIED,
        CERTATTACH_PHASE_EXPIRED};
    assert_ok(store_begin(f->w));
    for (unsigned i = 0; i < ROWS; i++) {
        unsigned at = i * 5 % ROWS; /* in another order than that of the list */
        char id[16];
        snprintf(id, sizeof id, "d%u", at % 4);
        struct store_onboarding row = onboarding_of(authorities[at / 4], id, phases[at % 4], NULL);
        assert_ok(store_put_onboarding(f->w, &row));
    }
    assert_ok(store_commit(f->w));
}

static size_t walk(struct fixture *f, uint8_t phase, size_t page)
{
    struct store_onboarding rows[ROWS], last = {.phase = 0};
    size_t n = 0, seen = 0;
    for (;;) {
        assert_ok(store_list_onboarding(f->r, seen == 0 ? NULL : &last.key, phase, rows, page, &n));
        for (size_t i = 0; i < n; i++) {
            int order = strcmp(rows[i].key.authority, last.key.authority);
            assert_true(seen == 0 || order > 0 ||
                        (order == 0 && strcmp(rows[i].key.id, last.key.id) > 0));
            assert_true(phase == 0 || rows[i].phase == phase);
            last = rows[i];
            seen++;
        }
        if (n < page) {
            return seen;
        }
    }
}

static void pages_of_a_list_join_to_the_whole_of_a_phase_or_of_all(void **state)
{
    struct fixture *f = *state;
    put_rows(f);
    for (size_t page = 1; page <= ROWS; page++) {
        assert_int_equal(walk(f, 0, page), ROWS);
        assert_int_equal(walk(f, CERTATTACH_PHASE_APPROVED, page), 3);
        assert_int_equal(walk(f, CERTATTACH_PHASE_ACTIVE, page), 0);
    }
}

static void counts_follow_each_change_and_are_of_one_authority(void **state)
{
    struct fixture *f = *state;
    const struct store_onboarding_key d0 = onboarding_key("ab", "d0");
    uint64_t counts[STORE_ONBOARDING_PHASES];
    put_rows(f);
    counts_of(f, "nobody", counts);
    for (size_t i = 0; i < STORE_ONBOARDING_PHASES; i++) {
        assert_int_equal(counts[i], 0);
    }
    counts_of(f, "ab", counts);
    static const uint64_t expected[STORE_ONBOARDING_PHASES] = {0, 1, 1, 0, 0, 1, 1};
    assert_memory_equal(counts, expected, sizeof expected);
    struct store_onboarding row = read_onboarding(f, "ab", "d0");
    row.phase = CERTATTACH_PHASE_APPROVED;
    assert_ok(store_begin(f->w));
    assert_ok(store_put_onboarding(f->w, &row));
    assert_ok(store_put_onboarding(f->w, &row)); /* the same once more counts once */
    assert_ok(store_writer_count_onboarding(f->w, "ab", counts));
    assert_int_equal(counts[CERTATTACH_PHASE_APPROVED], 2);
    assert_int_equal(count_in(f, "ab", CERTATTACH_PHASE_APPROVED), 1); /* not committed yet */
    assert_ok(store_commit(f->w));
    assert_int_equal(count_in(f, "ab", CERTATTACH_PHASE_WAITING), 0);
    COMMITTED(f, store_remove_onboarding(f->w, &d0));
    assert_int_equal(count_in(f, "ab", CERTATTACH_PHASE_APPROVED), 1);
    assert_int_equal(count_in(f, "a", CERTATTACH_PHASE_APPROVED), 1);
    assert_onboarding_whole(f);
}

/* maker/d1 to d4 with IMSIs of their own, PENDING until 1000 times the number. */
static void put_pending(struct fixture *f)
{
    for (unsigned i = 4; i >= 1; i--) {
        char imsi[16], imei[16], id[8];
        snprintf(imsi, sizeof imsi, "00101000000010%u", i);
        snprintf(imei, sizeof imei, "3569380356430%u", i);
        snprintf(id, sizeof id, "d%u", i);
        struct store_subscriber s = subscriber_of(imsi);
        struct store_onboarding row = onboarding_of("maker", id, CERTATTACH_PHASE_PENDING, imsi);
        row.imei = imei_of(imei);
        row.expires = i * 1000;
        put(f, &s);
        COMMITTED(f, store_put_onboarding(f->w, &row));
    }
}

static void what_was_never_used_is_due_in_the_order_of_its_end(void **state)
{
    struct fixture *f = *state;
    struct store_onboarding_key due[8];
    struct imsi imsi = imsi_of("001010000000102");
    size_t n = 9;
    put_pending(f);
    assert_ok(store_due_onboarding(f->r, 999, due, 8, &n));
    assert_int_equal(n, 0);
    assert_ok(store_due_onboarding(f->r, 3000, due, 8, &n));
    assert_int_equal(n, 3);
    assert_string_equal(due[0].id, "d1");
    assert_string_equal(due[2].id, "d3");
    assert_string_equal(due[2].authority, "maker");
    COMMITTED(f, store_onboarding_used(f->w, &imsi, 5)); /* d2 */
    COMMITTED(f, store_end_onboarding(f->w, &due[0], CERTATTACH_PHASE_EXPIRED, 3000, 5000));
    assert_ok(store_due_onboarding(f->r, INT64_MAX, due, 1, &n));
    assert_int_equal(n, 1);
    assert_string_equal(due[0].id, "d3");
    assert_ok(store_due_onboarding(f->r, INT64_MAX, due, 8, &n));
    assert_int_equal(n, 2);
    assert_onboarding_whole(f);
}

/* ---- many ------------------------------------------------------------------------------------ */

static int steps(sqlite3_stmt *st)
{
    return sqlite3_stmt_status(st, SQLITE_STMTSTATUS_VM_STEP, 1);
}

static void ten_thousand_rows_cost_what_one_costs(void **state)
{
    struct fixture *f = *state;
    struct store_onboarding row = NEW_URL(CERTATTACH_PHASE_WAITING), got;
    uint64_t counts[STORE_ONBOARDING_PHASES];
    size_t n;
    COMMITTED(f, store_put_onboarding(f->w, &row));
    read_onboarding(f, "maker", "d1");
    counts_of(f, "maker", counts);
    int alone[] = {steps(f->r->c.st[ST_ONBOARDING]), steps(f->r->c.st[ST_COUNT_ONBOARDING])};
    assert_ok(store_begin(f->w));
    for (unsigned i = 0; i < 10000; i++) {
        snprintf(row.key.id, sizeof row.key.id, "x%05u", i);
        assert_ok(store_put_onboarding(f->w, &row));
    }
    assert_ok(store_commit(f->w));
    read_onboarding(f, "maker", "d1");
    counts_of(f, "maker", counts);
    assert_int_equal(counts[CERTATTACH_PHASE_WAITING], 10001);
    assert_int_equal(steps(f->r->c.st[ST_ONBOARDING]), alone[0]);
    assert_int_equal(steps(f->r->c.st[ST_COUNT_ONBOARDING]), alone[1]);
    const struct store_onboarding_key after = onboarding_key("maker", "x05000");
    assert_ok(store_list_onboarding(f->r, &after, CERTATTACH_PHASE_WAITING, &got, 1, &n));
    assert_string_equal(got.key.id, "x05001");
    assert_ok(store_list_onboarding(f->r, &after, 0, &got, 1, &n));
    assert_true(steps(f->r->c.st[ST_LIST_ONBOARDING_IN]) < 200);
    assert_true(steps(f->r->c.st[ST_LIST_ONBOARDING]) < 200);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_phases_are_those_of_the_procedure),
        IN_STORE(what_is_written_is_read_back_also_after_a_restart),
        IN_STORE(where_there_is_no_row_nothing_is_found),
        IN_STORE(a_row_without_an_imsi_keeps_no_nonce_and_no_digest),
        IN_STORE(pending_stands_with_the_subscriber_too_and_its_version_stays),
        IN_STORE(a_row_that_cannot_be_is_refused_and_changes_nothing),
        IN_STORE(texts_without_an_end_and_no_key_are_refused),
        IN_STORE(out_of_a_batch_nothing_is_taken),
        IN_STORE(an_imei_has_one_subscription_that_lives),
        IN_STORE(an_imsi_is_of_one_device),
        IN_STORE(an_imsi_stays_until_its_subscription_is_ended),
        IN_STORE(the_first_aka_makes_it_active_and_later_ones_change_nothing),
        IN_STORE(a_denied_device_does_not_become_active_by_itself),
        IN_STORE(an_end_takes_the_subscriber_along_and_leaves_the_row),
        IN_STORE(a_batch_that_is_undone_leaves_all_as_it_was),
        IN_STORE(pages_of_a_list_join_to_the_whole_of_a_phase_or_of_all),
        IN_STORE(counts_follow_each_change_and_are_of_one_authority),
        IN_STORE(what_was_never_used_is_due_in_the_order_of_its_end),
        IN_STORE(ten_thousand_rows_cost_what_one_costs),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
