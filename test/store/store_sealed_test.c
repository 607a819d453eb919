/* Whose sealed value does not open: src/store/store_sealed.c. */
#include "store/every_row.h"

#include "store/store_reseal.h"
#include "store/store_sealed.h"

#define NOW 1700000000

static const char *copy_path(struct fixture *f)
{
    return with(f->dir, "/night.backup");
}

/* Of a copy that was made now. */
static enum err open_all(struct fixture *f, const char *kek, struct store_opened *out)
{
    struct store_manifest *m = calloc(1, sizeof *m);
    const struct store_backup_options o = {.store = f->path, .out = copy_path(f)};
    assert_non_null(m);
    (void)unlink(copy_path(f));
    (void)unlink(with(f->dir, "/night.backup.manifest"));
    assert_ok(store_backup_make(&o, m, &f->why));
    assert_ok(store_backup_verify(copy_path(f), kek, m, &f->why)); /* all else is well */
    free(m);
    return store_backup_open_all(copy_path(f), kek, NULL, NULL, out, &f->why);
}

/* One octet of a value becomes another one. */
static void damage(struct fixture *f, const char *table, const char *column, const char *where)
{
    char text[400];
    snprintf(text, sizeof text,
             "UPDATE %s SET %s = CAST(substr(%s, 1, 20) ||"
             " CASE substr(%s, 21, 1) WHEN x'00' THEN x'01' ELSE x'00' END ||"
             " substr(%s, 22) AS BLOB) WHERE %s",
             table, column, column, column, column, where);
    sql(f->path, text);
}

static uint64_t sealed_values(struct fixture *f)
{
    int64_t n = 0, all = 0;
    static const char *const counts[] = {
        "SELECT count(*) FROM subscriber",
        "SELECT count(*) FROM device WHERE kme IS NOT NULL",
        "SELECT count(*) FROM device WHERE previous IS NOT NULL",
        "SELECT count(*) FROM provisioning WHERE nw_sig IS NOT NULL",
        "SELECT count(*) FROM dimsi_paper WHERE challenge IS NOT NULL",
        "SELECT count(*) FROM lot",
    };
    for (size_t i = 0; i < sizeof counts / sizeof *counts; i++) {
        sqlite3_stmt *st = NULL;
        assert_int_equal(sqlite3_prepare_v2(f->r->c.db, counts[i], -1, &st, NULL), SQLITE_OK);
        assert_int_equal(sqlite3_step(st), SQLITE_ROW);
        n = sqlite3_column_int64(st, 0);
        assert_true(n > 0); /* else this test would look at nothing */
        all += n;
        sqlite3_finalize(st);
    }
    return (uint64_t)all;
}

/*= test op-backup */
static void every_sealed_value_of_a_good_backup_is_opened(void **state)
{
    struct fixture *f = *state;
    struct store_opened *o = calloc(1, sizeof *o);
    assert_non_null(o);
    fill_every_table(f);
    assert_ok(open_all(f, f->kek, o));
    assert_true(o->has_sealed);
    assert_int_equal(o->looked, sealed_values(f));
    assert_int_equal(o->failed, 0);
    assert_int_equal(o->damaged.n, 0);
    free(o);
}

static void one_octet_of_any_sealed_value_is_found_and_its_row_is_named(void **state)
{
    struct fixture *f = *state;
    static const char *const columns[][3] = {
        {"subscriber", "keys", "subscriber.keys of IMSI "},
        {"device", "kme", "device.kme of IMSI "},
        {"device", "previous", "device.previous of IMSI "},
        {"provisioning", "nw_sig", "provisioning.nw_sig of IMSI "},
        {"dimsi_paper", "challenge", "dimsi.challenge of IMSI "},
        {"lot", "key", "lot.key of lot "}};
    struct store_opened *o = calloc(1, sizeof *o);
    char where[120], text[STORE_SEALED_TEXT_MAX];
    assert_non_null(o);
    fill_every_table(f);
    for (size_t i = 0; i < sizeof columns / sizeof *columns; i++) {
        snprintf(where, sizeof where, "rowid = (SELECT max(rowid) FROM %s WHERE length(%s) > 0)",
                 columns[i][0], columns[i][1]);
        if (strcmp(columns[i][0], "lot") == 0) {
            snprintf(where, sizeof where, "id = (SELECT max(id) FROM lot)");
        } else if (strcmp(columns[i][0], "device") == 0) {
            snprintf(where, sizeof where,
                     "(imsi, imei) = (SELECT imsi, imei FROM device WHERE length(%s) > 0 LIMIT 1)",
                     columns[i][1]);
        }
        damage(f, columns[i][0], columns[i][1], where);
        assert_ok(open_all(f, f->kek, o));
        assert_int_equal(o->failed, i + 1);
        assert_int_equal(o->damaged.n, i + 1);
        assert_int_equal(o->looked, sealed_values(f));
        store_sealed_text(&o->damaged.v[i], text);
        assert_int_equal(strncmp(text, columns[i][2], strlen(columns[i][2])), 0);
        assert_true(strlen(text) > strlen(columns[i][2]));
        assert_null(strstr(text, "unknown"));
    }
    free(o);
}

static void a_key_file_that_is_another_one_is_said_and_no_value_is_blamed(void **state)
{
    struct fixture *f = *state;
    struct store_opened *o = calloc(1, sizeof *o);
    struct store_subscriber s = subscriber_of(IMSI_A);
    char other[128];
    assert_non_null(o);
    snprintf(other, sizeof other, "%s/other.kek", f->dir);
    (void)put(f, &s);
    assert_ok(open_all(f, f->kek, o));
    assert_ok(kek_create(other, &f->why));
    assert_err(store_backup_open_all(copy_path(f), other, NULL, NULL, o, &f->why), E_WRONG_KEY);
    assert_int_equal(o->failed, 0);
    free(o);
}

/* ---- what the job that seals again says ---- */

static void put_some(struct fixture *f, unsigned n)
{
    char digits[16];
    enum store_did did;
    assert_ok(store_begin(f->w));
    for (unsigned i = 0; i < n; i++) {
        snprintf(digits, sizeof digits, "0010100%08u", i);
        struct store_subscriber s = subscriber_of(digits);
        assert_ok(store_put_subscriber(f->w, STORE_UPSERT, &s, &did));
    }
    assert_ok(store_commit(f->w));
}

/*= test op-key-reseal */
static void
the_first_hundred_that_do_not_open_are_named_once_however_often_it_is_begun(void **state)
{
    struct fixture *f = *state;
    struct store_keks keks;
    struct store_reseal row;
    struct store_damaged *d = calloc(1, sizeof *d);
    unsigned named = 0, steps = 0;
    assert_non_null(d);
    put_some(f, 700);
    damage(f, "subscriber", "keys",
           "imsi IN (SELECT imsi FROM subscriber ORDER BY imsi LIMIT 650)");
    assert_ok(store_kek_files(f->store, &keks, &f->why));
    COMMITTED(f, store_reseal_begin(f->w, &keks, 700, NOW, &row));
    for (; row.state == STORE_RESEAL_RUNNING; steps++) {
        assert_true(steps < 100);
        COMMITTED(f, store_reseal_step(f->w, NOW, &row, d));
        if (named == 0) {
            assert_string_equal(d->v[0].place, "subscriber.keys");
            assert_string_equal(d->v[0].imsi.digits, "001010000000000");
        }
        named += (unsigned)d->n;
        if (steps == 0) {
            reopen_store(f); /* another process goes on */
        }
    }
    assert_true(steps > 1);
    assert_int_equal(row.failed, 650);
    assert_int_equal(named, STORE_DAMAGED_MAX);
    free(d);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        IN_STORE(every_sealed_value_of_a_good_backup_is_opened),
        IN_STORE(one_octet_of_any_sealed_value_is_found_and_its_row_is_named),
        IN_STORE(a_key_file_that_is_another_one_is_said_and_no_value_is_blamed),
        IN_STORE(the_first_hundred_that_do_not_open_are_named_once_however_often_it_is_begun),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
