/* How provisioning stands, and the devices it leaves (src/store/store_kme.c). */
#include "store/fixture.h"

#include <time.h>

static struct store_kme taken_of(const char *imsi)
{
    struct store_kme k = {.imsi = imsi_of(imsi),
                          .request = 2,
                          .request_has_imei = true,
                          .request_imei = imei_of(IMEI_A),
                          .phase = 2,
                          .due = 3,
                          .expires = 1700000120,
                          .has_taken = true};
    for (size_t i = 0; i < sizeof k.nonce; i++) {
        k.nonce[i] = (uint8_t)(0x10 + i);
    }
    for (size_t i = 0; i < sizeof k.digest; i++) {
        k.digest[i] = (uint8_t)(0x20 + i);
        k.nw_sig[i] = (uint8_t)(0xc0 + i);
    }
    return k;
}

static void assert_same_kme(const struct store_kme *a, const struct store_kme *b)
{
    assert_true(imsi_eq(&a->imsi, &b->imsi));
    assert_int_equal(a->request, b->request);
    assert_int_equal(a->request_has_imei, b->request_has_imei);
    assert_string_equal(a->request_imei.digits, b->request_imei.digits);
    assert_int_equal(a->phase, b->phase);
    assert_int_equal(a->due, b->due);
    assert_memory_equal(a->nonce, b->nonce, sizeof a->nonce);
    assert_int_equal(a->expires, b->expires);
    assert_int_equal(a->has_taken, b->has_taken);
    assert_memory_equal(a->digest, b->digest, sizeof a->digest);
    assert_memory_equal(a->nw_sig, b->nw_sig, sizeof a->nw_sig);
}

static struct store_kme read_kme(struct fixture *f, const char *imsi)
{
    struct store_kme got;
    struct imsi i = imsi_of(imsi);
    memset(&got, 0xee, sizeof got);
    assert_ok(store_read_kme(f->r, &i, &got));
    return got;
}

static size_t rows_in(struct fixture *f, const char *table)
{
    char text[64];
    sqlite3_stmt *st = NULL;
    snprintf(text, sizeof text, "SELECT count(*) FROM %s", table);
    assert_int_equal(sqlite3_prepare_v2(f->r->c.db, text, -1, &st, NULL), SQLITE_OK);
    assert_int_equal(sqlite3_step(st), SQLITE_ROW);
    size_t n = (size_t)sqlite3_column_int64(st, 0);
    sqlite3_finalize(st);
    return n;
}

static void put_two(struct fixture *f)
{
    struct store_subscriber a = subscriber_of(IMSI_A), b = subscriber_of(IMSI_B);
    put(f, &a);
    put(f, &b);
}

/* ---- how it stands --------------------------------------------------------------------------- */

static void what_is_written_is_read_back_also_after_a_restart(void **state)
{
    struct fixture *f = *state;
    const struct store_kme nothing = {.imsi = imsi_of(IMSI_A)};
    struct store_kme k = taken_of(IMSI_A), got = read_kme(f, IMSI_A);
    assert_same_kme(&got, &nothing);
    put_two(f);
    COMMITTED(f, store_put_kme(f->w, &k));
    reopen_store(f);
    got = read_kme(f, IMSI_A);
    assert_same_kme(&got, &k);
    got = read_kme(f, IMSI_B);
    assert_int_equal(got.phase, 0);
    k.request_has_imei = false;
    k.request_imei = (struct imei){""};
    k.phase = 1;
    k.nonce[0] = 0xff;
    k.expires = INT64_MAX;
    COMMITTED(f, store_put_kme(f->w, &k));
    got = read_kme(f, IMSI_A);
    assert_same_kme(&got, &k);
}

static void nothing_but_zeros_is_no_row(void **state)
{
    struct fixture *f = *state;
    struct store_kme k = taken_of(IMSI_A), zeros = {.imsi = k.imsi};
    put_two(f);
    COMMITTED(f, store_put_kme(f->w, &zeros));
    assert_int_equal(rows_in(f, "provisioning"), 0);
    COMMITTED(f, store_put_kme(f->w, &k));
    assert_int_equal(rows_in(f, "provisioning"), 1);
    COMMITTED(f, store_put_kme(f->w, &zeros));
    assert_int_equal(rows_in(f, "provisioning"), 0);
    k = (struct store_kme){.imsi = k.imsi};
    k.nonce[15] = 1; /* a nonce alone is something */
    COMMITTED(f, store_put_kme(f->w, &k));
    assert_int_equal(rows_in(f, "provisioning"), 1);
}

static void the_request_stands_with_the_subscriber_too_and_its_version_stays(void **state)
{
    struct fixture *f = *state;
    struct store_subscriber s = subscriber_of(IMSI_A), got;
    struct store_device devices[STORE_DEVICES_MAX];
    struct store_kme k = taken_of(IMSI_A);
    size_t n;
    put_two(f);
    COMMITTED(f, store_put_kme(f->w, &k));
    assert_ok(store_read_for_vectors(f->r, &k.imsi, &got, devices, &n));
    assert_int_equal(got.kme_request, 2);
    assert_int_equal(got.version, 1);
    assert_int_equal(read_back(f, IMSI_A).kme_request, 2);
    assert_int_equal(read_back(f, IMSI_B).kme_request, 0);
    s.suspended = true; /* an administrative change leaves it */
    assert_int_equal(put(f, &s), STORE_CHANGED);
    assert_int_equal(read_back(f, IMSI_A).kme_request, 2);
    k.request = 0;
    COMMITTED(f, store_put_kme(f->w, &k));
    assert_ok(store_read_for_vectors(f->r, &k.imsi, &got, devices, &n));
    assert_int_equal(got.kme_request, 0);
    assert_int_equal(got.version, 2);
}

static void a_subscriber_that_goes_takes_it_along(void **state)
{
    struct fixture *f = *state;
    struct store_kme k = taken_of(IMSI_A);
    put_two(f);
    COMMITTED(f, store_put_kme(f->w, &k));
    COMMITTED(f, store_remove_subscriber(f->w, &k.imsi));
    assert_int_equal(rows_in(f, "provisioning"), 0);
    put_two(f);
    k = read_kme(f, IMSI_A);
    assert_false(k.has_taken);
    assert_int_equal(read_back(f, IMSI_A).kme_request, 0);
}

static void nobodys_provisioning_and_one_out_of_a_batch_are_refused(void **state)
{
    struct fixture *f = *state;
    struct store_kme k = taken_of(IMSI_A), got;
    assert_err(store_put_kme(f->w, &k), E_BAD_STATE);
    assert_err(store_writer_kme(f->w, &k.imsi, &got), E_BAD_STATE);
    assert_ok(store_begin(f->w));
    assert_err(store_put_kme(f->w, &k), E_NOT_FOUND);
    assert_ok(store_commit(f->w));
    put_two(f);
    k.request_imei = (struct imei){""};
    assert_ok(store_begin(f->w));
    assert_err(store_put_kme(f->w, &k), E_BAD_LENGTH);
    assert_ok(store_writer_kme(f->w, &k.imsi, &got));
    assert_false(got.has_taken);
    k = taken_of(IMSI_A);
    assert_ok(store_put_kme(f->w, &k));
    assert_ok(store_writer_kme(f->w, &k.imsi, &got)); /* sees what the batch wrote */
    assert_same_kme(&got, &k);
    store_rollback(f->w);
    got = read_kme(f, IMSI_A);
    assert_false(got.has_taken);
    assert_int_equal(read_back(f, IMSI_A).kme_request, 0);
}

/* ---- secrets --------------------------------------------------------------------------------- */

static void change_by_hand(struct fixture *f, const char *text)
{
    close_store(f);
    sql(f->path, text);
    open_store(f);
}

static void an_nw_sig_opens_in_its_own_row_only(void **state)
{
    struct fixture *f = *state;
    struct store_kme a = taken_of(IMSI_A), b = taken_of(IMSI_B), got;
    const struct store_kme wiped = {.request = 0};
    put_two(f);
    memset(b.nw_sig, 0x77, sizeof b.nw_sig);
    COMMITTED(f, store_put_kme(f->w, &a));
    COMMITTED(f, store_put_kme(f->w, &b));
    change_by_hand(f, "UPDATE provisioning SET nw_sig = (SELECT nw_sig FROM provisioning"
                      " ORDER BY imsi DESC LIMIT 1)");
    memset(&got, 0xee, sizeof got);
    assert_err(store_read_kme(f->r, &a.imsi, &got), E_WRONG_KEY);
    assert_memory_equal(got.nw_sig, wiped.nw_sig, sizeof got.nw_sig);
    got = read_kme(f, IMSI_B);
    assert_same_kme(&got, &b);
    assert_ok(store_begin(f->w));
    assert_err(store_writer_kme(f->w, &a.imsi, &got), E_WRONG_KEY);
    assert_ok(store_put_kme(f->w, &a)); /* the batch goes on, and mends it */
    assert_ok(store_commit(f->w));
    got = read_kme(f, IMSI_A);
    assert_same_kme(&got, &a);
    change_by_hand(f, "UPDATE provisioning SET nw_sig = NULL");
    assert_err(store_read_kme(f->r, &a.imsi, &got), E_WRONG_KEY);
}

/*= test kme-sealed */
static void no_nw_sig_is_in_the_files(void **state)
{
    struct fixture *f = *state;
    struct store_kme k = taken_of(IMSI_A);
    put_two(f);
    COMMITTED(f, store_put_kme(f->w, &k));
    copy_file(f->path, with(f->path, ".copy"));
    copy_file(with(f->path, "-wal"), with(f->path, ".copy-wal"));
    const char *const files[] = {with(f->path, ".copy"), with(f->path, ".copy-wal")};
    bool digest = false;
    for (size_t i = 0; i < 2; i++) {
        struct mbytes m = slurp(files[i]);
        assert_null(memmem(m.p, m.n, k.nw_sig, 8));
        digest = digest || memmem(m.p, m.n, k.digest, 8) != NULL; /* which is no secret */
        free(m.p);
    }
    assert_true(digest);
}

/* ---- devices --------------------------------------------------------------------------------- */

static struct store_device provisioned(const char *imei, uint8_t kme, uint8_t previous)
{
    struct store_device d = device_of(IMSI_A, imei, kme);
    d.has_previous = previous != 0;
    memset(d.previous.b, previous, sizeof d.previous.b);
    d.kme_since = 1700000000 + kme;
    d.kme_used = previous != 0 ? 0 : 1700000500;
    snprintf(d.kme_lot, sizeof d.kme_lot, "LOT-%u", kme);
    return d;
}

static void assert_whole_device(const struct store_device *a, const struct store_device *b)
{
    assert_same_device(a, b);
    assert_int_equal(a->kme_since, b->kme_since);
    assert_int_equal(a->kme_used, b->kme_used);
    assert_string_equal(a->kme_lot, b->kme_lot);
}

static void assert_devices(struct fixture *f, const struct store_device *rows, size_t n)
{
    struct store_device out[STORE_DEVICES_MAX];
    struct imsi imsi = imsi_of(IMSI_A);
    size_t there = 0;
    assert_ok(store_read_devices(f->r, &imsi, out, &there));
    assert_int_equal(there, n);
    for (size_t i = 0; i < n; i++) {
        assert_whole_device(&out[i], &rows[i]);
    }
}

static void the_devices_become_exactly_what_is_given_previous_keys_and_all(void **state)
{
    struct fixture *f = *state;
    struct imsi imsi = imsi_of(IMSI_A);
    struct store_device old = device_of(IMSI_A, IMEI_B, 3), other = device_of(IMSI_B, IMEI_A, 4);
    struct store_device rows[] = {provisioned(IMEI_A, 1, 2), provisioned(IMEI_B, 5, 0)};
    put_two(f);
    put_device(f, &old);
    put_device(f, &other);
    COMMITTED(f, store_set_devices(f->w, &imsi, rows, 2));
    reopen_store(f);
    assert_devices(f, rows, 2);
    rows[0].has_previous = false; /* goes away too */
    memset(rows[0].previous.b, 0, sizeof rows[0].previous.b);
    rows[0].has_kme = false;
    memset(rows[0].kme.b, 0, sizeof rows[0].kme.b);
    COMMITTED(f, store_set_devices(f->w, &imsi, rows, 1));
    assert_devices(f, rows, 1);
    COMMITTED(f, store_set_devices(f->w, &imsi, NULL, 0));
    assert_devices(f, NULL, 0);
    assert_int_equal(rows_in(f, "device"), 1); /* the other subscription's is as it was */
    assert_int_equal(read_back(f, IMSI_A).version, 1);
}

static struct mbytes sealed_kmes(struct fixture *f)
{
    static uint8_t room[4096];
    struct mbytes out = {room, 0};
    sqlite3_stmt *st = NULL;
    assert_int_equal(
        sqlite3_prepare_v2(f->r->c.db, "SELECT kme FROM device ORDER BY imei", -1, &st, NULL),
        SQLITE_OK);
    while (sqlite3_step(st) == SQLITE_ROW) {
        struct bytes b = stmt_blob(st, 0);
        memcpy(room + out.n, b.p, b.n);
        out.n += b.n;
    }
    sqlite3_finalize(st);
    return out;
}

/* A seal takes a new nonce each time: what is the same octets was not written. */
static void what_is_the_same_already_is_not_written(void **state)
{
    struct fixture *f = *state;
    struct imsi imsi = imsi_of(IMSI_A);
    struct store_device rows[] = {provisioned(IMEI_A, 1, 2), provisioned(IMEI_B, 5, 0)};
    uint8_t before[4096];
    put_two(f);
    COMMITTED(f, store_set_devices(f->w, &imsi, rows, 2));
    struct mbytes sealed = sealed_kmes(f);
    size_t n = sealed.n, half = n / 2;
    memcpy(before, sealed.p, n);
    COMMITTED(f, store_set_devices(f->w, &imsi, rows, 2));
    assert_memory_equal(sealed_kmes(f).p, before, n);
    rows[0].kme_used++;
    COMMITTED(f, store_set_devices(f->w, &imsi, rows, 2));
    assert_devices(f, rows, 2);
    sealed = sealed_kmes(f);
    assert_memory_not_equal(sealed.p, before, half); /* this one, and */
    assert_memory_equal(sealed.p + half, before + half, half);
}

static void devices_that_cannot_be_are_refused_and_change_nothing(void **state)
{
    struct fixture *f = *state;
    struct imsi imsi = imsi_of(IMSI_A), nobody = imsi_of("001019999999999");
    struct store_device good = provisioned(IMEI_A, 1, 2), rows[STORE_DEVICES_MAX + 1];
    put_two(f);
    COMMITTED(f, store_set_devices(f->w, &imsi, &good, 1));
    for (size_t i = 0; i <= STORE_DEVICES_MAX; i++) {
        char digits[15];
        snprintf(digits, sizeof digits, "%014zu", i);
        rows[i] = provisioned(digits, 7, 0);
    }
    assert_err(store_set_devices(f->w, &imsi, rows, 1), E_BAD_STATE);
    assert_ok(store_begin(f->w));
    assert_err(store_set_devices(f->w, &imsi, rows, STORE_DEVICES_MAX + 1), E_NO_ROOM);
    assert_err(store_set_devices(f->w, &nobody, rows, 1), E_NOT_FOUND);
    rows[1].imei = rows[0].imei;
    assert_err(store_set_devices(f->w, &imsi, rows, 2), E_EXISTS);
    rows[1].imei = (struct imei){""};
    assert_err(store_set_devices(f->w, &imsi, rows, 2), E_BAD_LENGTH);
    memset(rows[0].kme_lot, 'x', sizeof rows[0].kme_lot);
    assert_err(store_set_devices(f->w, &imsi, rows, 1), E_BAD_LENGTH);
    assert_ok(store_commit(f->w));
    assert_devices(f, &good, 1);
}

static void a_batch_that_is_undone_leaves_devices_and_provisioning_as_they_were(void **state)
{
    struct fixture *f = *state;
    struct imsi imsi = imsi_of(IMSI_A);
    struct store_device before = provisioned(IMEI_A, 1, 2), after = provisioned(IMEI_B, 5, 0);
    struct store_kme k = taken_of(IMSI_A), got;
    put_two(f);
    COMMITTED(f, store_set_devices(f->w, &imsi, &before, 1));
    assert_ok(store_begin(f->w));
    assert_ok(store_set_devices(f->w, &imsi, &after, 1));
    assert_ok(store_put_kme(f->w, &k));
    store_rollback(f->w);
    assert_devices(f, &before, 1);
    assert_ok(store_begin(f->w)); /* and one step of a batch that is kept */
    assert_ok(store_step_begin(f->w));
    assert_ok(store_set_devices(f->w, &imsi, &after, 1));
    assert_ok(store_put_kme(f->w, &k));
    assert_ok(store_step_end(f->w, false));
    assert_ok(store_commit(f->w));
    assert_devices(f, &before, 1);
    got = read_kme(f, IMSI_A);
    assert_false(got.has_taken);
    assert_ok(store_begin(f->w)); /* a store that went away before it was committed */
    assert_ok(store_set_devices(f->w, &imsi, &after, 1));
    assert_ok(store_put_kme(f->w, &k));
    reopen_store(f);
    assert_devices(f, &before, 1);
}

static void a_kme_that_administration_brings_begins_now_and_is_of_no_lot(void **state)
{
    struct fixture *f = *state;
    struct imsi imsi = imsi_of(IMSI_A);
    struct store_device row = provisioned(IMEI_A, 1, 0), out[STORE_DEVICES_MAX];
    int64_t now = (int64_t)time(NULL);
    size_t n;
    put_two(f);
    put_device(f, &row); /* what it says of lot and use is not looked at */
    assert_ok(store_read_devices(f->r, &imsi, out, &n));
    assert_true(out[0].kme_since >= now && out[0].kme_used == 0 && out[0].kme_lot[0] == '\0');
    row = provisioned(IMEI_B, 0, 0);
    put_device(f, &row); /* no KME, so since nothing */
    assert_ok(store_read_devices(f->r, &imsi, out, &n));
    assert_int_equal(out[1].kme_since, 0);
}

static void an_import_keeps_what_provisioning_wrote_and_another_kme_ends_it(void **state)
{
    struct fixture *f = *state;
    struct imsi imsi = imsi_of(IMSI_A);
    struct store_device row = provisioned(IMEI_A, 1, 2), none = device_of(IMSI_A, IMEI_A, 0);
    struct store_device same = device_of(IMSI_A, IMEI_A, 1), other = device_of(IMSI_A, IMEI_A, 6);
    struct store_device out[STORE_DEVICES_MAX];
    size_t n;
    put_two(f);
    COMMITTED(f, store_set_devices(f->w, &imsi, &row, 1));
    assert_int_equal(put_device(f, &none), STORE_UNCHANGED);
    assert_int_equal(put_device(f, &same), STORE_UNCHANGED);
    assert_devices(f, &row, 1);
    assert_int_equal(put_device(f, &other), STORE_CHANGED);
    assert_ok(store_read_devices(f->r, &imsi, out, &n));
    assert_memory_equal(out[0].kme.b, other.kme.b, 16);
    assert_memory_equal(out[0].previous.b, row.kme.b, 16);
    assert_true(out[0].kme_since > row.kme_since);
    assert_true(out[0].kme_used == 0 && out[0].kme_lot[0] == '\0');
}

static void a_kme_that_was_used_ends_the_one_before(void **state)
{
    struct fixture *f = *state;
    struct imsi imsi = imsi_of(IMSI_A);
    struct imei a = imei_of(IMEI_A), b = imei_of(IMEI_B), c = imei_of("11111111111111");
    struct store_device rows[] = {provisioned(IMEI_A, 1, 2), provisioned(IMEI_B, 0, 0)};
    rows[1].kme_used = 0;
    put_two(f);
    COMMITTED(f, store_set_devices(f->w, &imsi, rows, 2));
    assert_err(store_kme_was_used(f->w, &imsi, &a, 1700009999), E_BAD_STATE);
    COMMITTED(f, store_kme_was_used(f->w, &imsi, &a, 1700009999));
    assert_ok(store_begin(f->w));
    assert_err(store_kme_was_used(f->w, &imsi, &b, 5), E_NOT_FOUND); /* it has none */
    assert_err(store_kme_was_used(f->w, &imsi, &c, 5), E_NOT_FOUND);
    assert_ok(store_commit(f->w));
    rows[0].has_previous = false;
    memset(rows[0].previous.b, 0, sizeof rows[0].previous.b);
    rows[0].kme_used = 1700009999;
    assert_devices(f, rows, 2);
    assert_int_equal(read_back(f, IMSI_A).version, 1);
}

static void a_list_shows_lot_and_times_and_no_key(void **state)
{
    struct fixture *f = *state;
    struct imsi imsi = imsi_of(IMSI_A);
    struct store_device row = provisioned(IMEI_A, 1, 2), out;
    const struct key_kme nothing = {{0}};
    size_t n = 0;
    put_two(f);
    COMMITTED(f, store_set_devices(f->w, &imsi, &row, 1));
    assert_ok(store_list_devices(f->r, NULL, NULL, &out, 1, &n));
    assert_int_equal(n, 1);
    assert_true(out.has_kme && out.has_previous);
    assert_memory_equal(out.kme.b, nothing.b, sizeof nothing.b);
    assert_int_equal(out.kme_since, row.kme_since);
    assert_string_equal(out.kme_lot, "LOT-1");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        IN_STORE(what_is_written_is_read_back_also_after_a_restart),
        IN_STORE(nothing_but_zeros_is_no_row),
        IN_STORE(the_request_stands_with_the_subscriber_too_and_its_version_stays),
        IN_STORE(a_subscriber_that_goes_takes_it_along),
        IN_STORE(nobodys_provisioning_and_one_out_of_a_batch_are_refused),
        IN_STORE(an_nw_sig_opens_in_its_own_row_only),
        IN_STORE(no_nw_sig_is_in_the_files),
        IN_STORE(the_devices_become_exactly_what_is_given_previous_keys_and_all),
        IN_STORE(what_is_the_same_already_is_not_written),
        IN_STORE(devices_that_cannot_be_are_refused_and_change_nothing),
        IN_STORE(a_batch_that_is_undone_leaves_devices_and_provisioning_as_they_were),
        IN_STORE(a_kme_that_administration_brings_begins_now_and_is_of_no_lot),
        IN_STORE(an_import_keeps_what_provisioning_wrote_and_another_kme_ends_it),
        IN_STORE(a_kme_that_was_used_ends_the_one_before),
        IN_STORE(a_list_shows_lot_and_times_and_no_key),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
