/* store/delivery_store.h (src/store/delivery_store.c), and the opening of src/store/store_file.c.
 */
#include "lib/check.h"
#include "store/delivery_store.h"
#include "store/store_sealed.h"

#include <fcntl.h>
#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

struct world {
    char dir[40], path[64], kek[64];
    struct delivery_store *s;
    struct store_why why;
};

static enum err try_open(struct world *w)
{
    return delivery_store_open(w->path, w->kek, &w->s, &w->why);
}

static void reopen(struct world *w)
{
    delivery_store_close(w->s);
    w->s = NULL;
    if (try_open(w) != E_OK) {
        fail_msg("%s", w->why.text);
    }
}

static int setup(void **state)
{
    struct world *w = calloc(1, sizeof *w);
    snprintf(w->dir, sizeof w->dir, "/tmp/bindery-rsmf-XXXXXX");
    assert_non_null(mkdtemp(w->dir));
    snprintf(w->path, sizeof w->path, "%.32s/rsmf.db", w->dir);
    snprintf(w->kek, sizeof w->kek, "%.32s/rsmf.kek", w->dir);
    assert_ok(try_open(w));
    *state = w;
    return 0;
}

static int teardown(void **state)
{
    struct world *w = *state;
    char command[80];
    delivery_store_close(w->s);
    snprintf(command, sizeof command, "rm -rf '%s'", w->dir);
    assert_int_equal(system(command), 0);
    free(w);
    return 0;
}

static struct delivery_row row_of(uint8_t se, const char *plmn)
{
    struct delivery_row r = {.phase = 1, .changed = 1000 + se, .from = ""};
    memset(r.se, se, sizeof r.se);
    memset(r.digest, se ^ 0xff, sizeof r.digest);
    assert_ok(plmn_parse(bytes_of_str(plmn), &r.owner));
    assert_ok(imsi_parse(BYTES_LIT("001010000700001"), &r.imsi));
    return r;
}

static const uint8_t profile[] = "K and OPc of one device, and more of that";

static void assert_profile(struct world *w, const struct delivery_row *row)
{
    uint8_t got[DELIVERY_PROFILE_MAX];
    size_t n = 0;
    assert_ok(delivery_store_profile(w->s, row, got, &n));
    assert_int_equal(n, sizeof profile);
    assert_memory_equal(got, profile, n);
}

static void assert_same(const struct delivery_row *a, const struct delivery_row *b)
{
    assert_memory_equal(a->se, b->se, sizeof a->se);
    assert_true(plmn_eq(&a->owner, &b->owner));
    assert_int_equal(a->serial, b->serial);
    assert_true(imsi_eq(&a->imsi, &b->imsi));
    assert_int_equal(a->phase, b->phase);
    assert_memory_equal(a->request, b->request, sizeof a->request);
    assert_memory_equal(a->digest, b->digest, sizeof a->digest);
    assert_int_equal(a->changed, b->changed);
    assert_string_equal(a->from, b->from);
}

static void a_row_is_there_again_after_a_restart(void **state)
{
    struct world *w = *state;
    struct delivery_row row = row_of(1, "001-01"), got;
    assert_err(delivery_store_find(w->s, row.se, &row.owner, &got), E_NOT_FOUND);
    assert_ok(delivery_store_put(w->s, &row, BYTES_OF(profile)));
    assert_int_equal(row.serial, 1);
    reopen(w);
    assert_ok(delivery_store_find(w->s, row.se, &row.owner, &got));
    assert_same(&row, &got);
    assert_profile(w, &got);
    row.phase = 2;
    memset(row.request, 0x5a, sizeof row.request);
    snprintf(row.from, sizeof row.from, "2001:db8::1");
    assert_ok(delivery_store_move(w->s, &row, DELIVERY_KEEP));
    assert_int_equal(row.serial, 2);
    reopen(w);
    assert_ok(delivery_store_find(w->s, row.se, &row.owner, &got));
    assert_same(&row, &got);
    assert_profile(w, &got);
}

static void what_is_erased_stays_erased_and_the_row_stays(void **state)
{
    struct world *w = *state;
    uint8_t got[DELIVERY_PROFILE_MAX];
    size_t n = 0;
    struct delivery_row row = row_of(1, "001-01"), kept;
    assert_ok(delivery_store_put(w->s, &row, BYTES_OF(profile)));
    row.phase = 3;
    assert_ok(delivery_store_move(w->s, &row, DELIVERY_ERASE));
    assert_err(delivery_store_profile(w->s, &row, got, &n), E_NOT_FOUND);
    row.phase = 4;
    assert_ok(delivery_store_move(w->s, &row, DELIVERY_KEEP));
    reopen(w);
    assert_err(delivery_store_profile(w->s, &row, got, &n), E_NOT_FOUND);
    assert_ok(delivery_store_find(w->s, row.se, &row.owner, &kept));
    assert_same(&row, &kept);
}

/* No octet of a profile in any file of the store, not even sealed once it was erased. */
static bool in_files(struct world *w, struct bytes what)
{
    static const char *const suffixes[] = {"", "-wal"};
    bool found = false;
    for (size_t i = 0; i < 2; i++) {
        char name[80];
        snprintf(name, sizeof name, "%s%s", w->path, suffixes[i]);
        FILE *f = fopen(name, "rb");
        if (f != NULL) {
            static uint8_t all[1 << 20];
            size_t n = fread(all, 1, sizeof all, f);
            found = found || memmem(all, n, what.p, what.n) != NULL;
            fclose(f);
        }
    }
    return found;
}

static void a_profile_stands_in_no_file_as_it_is(void **state)
{
    struct world *w = *state;
    struct delivery_row row = row_of(1, "001-01");
    uint8_t sealed[64];
    sqlite3 *db = NULL;
    sqlite3_stmt *st = NULL;
    assert_ok(delivery_store_put(w->s, &row, BYTES_OF(profile)));
    assert_false(in_files(w, (struct bytes){profile, 16}));
    delivery_store_close(w->s);
    w->s = NULL;
    assert_int_equal(sqlite3_open(w->path, &db), SQLITE_OK);
    assert_int_equal(sqlite3_prepare_v2(db, "SELECT profile FROM delivery", -1, &st, NULL),
                     SQLITE_OK);
    assert_int_equal(sqlite3_step(st), SQLITE_ROW);
    memcpy(sealed, sqlite3_column_blob(st, 0), sizeof sealed);
    sqlite3_finalize(st);
    sqlite3_close(db);
    assert_true(in_files(w, BYTES_OF(sealed)));
    reopen(w);
    row.phase = 3;
    assert_ok(delivery_store_move(w->s, &row, DELIVERY_ERASE));
    delivery_store_close(w->s); /* the log goes into the file */
    w->s = NULL;
    assert_false(in_files(w, BYTES_OF(sealed)));
}

static void a_profile_does_not_open_in_another_row(void **state)
{
    struct world *w = *state;
    struct delivery_row a = row_of(1, "001-01"), b = row_of(2, "001-01");
    uint8_t got[DELIVERY_PROFILE_MAX];
    size_t n = 0;
    sqlite3 *db = NULL;
    assert_ok(delivery_store_put(w->s, &a, BYTES_OF(profile)));
    assert_ok(delivery_store_put(w->s, &b, BYTES_LIT("another one")));
    delivery_store_close(w->s);
    w->s = NULL;
    assert_int_equal(sqlite3_open(w->path, &db), SQLITE_OK);
    assert_int_equal(sqlite3_exec(db,
                                  "UPDATE delivery SET profile = (SELECT profile FROM delivery"
                                  " WHERE serial = 1) WHERE serial = 2",
                                  NULL, NULL, NULL),
                     SQLITE_OK);
    sqlite3_close(db);
    reopen(w);
    assert_profile(w, &a);
    assert_err(delivery_store_profile(w->s, &b, got, &n), E_WRONG_KEY);
}

struct seen {
    size_t n, most;
    uint64_t serial[16];
    uint8_t se[16];
};
static bool see(void *ctx, const struct delivery_row *row)
{
    struct seen *s = ctx;
    s->serial[s->n] = row->serial;
    s->se[s->n++] = row->se[0];
    return s->n < s->most;
}

static void changes_are_in_the_order_of_their_serials(void **state)
{
    struct world *w = *state;
    struct delivery_row a = row_of(1, "001-01"), b = row_of(2, "001-01"), c = row_of(1, "001-02");
    struct seen all = {.most = 16}, of_one = {.most = 16}, page = {.most = 16}, two = {.most = 2};
    uint64_t last = 9, count[DELIVERY_PHASES];
    assert_ok(delivery_store_last(w->s, NULL, &last));
    assert_int_equal(last, 0);
    assert_ok(delivery_store_put(w->s, &a, BYTES_OF(profile)));
    assert_ok(delivery_store_put(w->s, &b, BYTES_OF(profile)));
    assert_ok(delivery_store_put(w->s, &c, BYTES_OF(profile)));
    a.phase = 2;
    assert_ok(delivery_store_move(w->s, &a, DELIVERY_KEEP));
    assert_ok(delivery_store_changes(w->s, NULL, 0, 100, see, &all));
    assert_int_equal(all.n, 3);
    assert_int_equal(all.serial[0], 2);
    assert_int_equal(all.serial[1], 3);
    assert_int_equal(all.serial[2], 4);
    assert_ok(delivery_store_changes(w->s, &a.owner, 0, 100, see, &of_one));
    assert_int_equal(of_one.n, 2);
    assert_int_equal(of_one.se[1], 1);
    assert_ok(delivery_store_changes(w->s, NULL, 2, 1, see, &page));
    assert_int_equal(page.n, 1);
    assert_int_equal(page.serial[0], 3);
    assert_ok(delivery_store_changes(w->s, NULL, 0, 100, see, &two));
    assert_int_equal(two.n, 2);
    assert_ok(delivery_store_last(w->s, &c.owner, &last));
    assert_int_equal(last, 3);
    assert_ok(delivery_store_last(w->s, NULL, &last));
    assert_int_equal(last, 4);
    assert_ok(delivery_store_count(w->s, count));
    assert_int_equal(count[1], 2);
    assert_int_equal(count[2], 1);
    assert_int_equal(count[3], 0);
}

static void each_operator_has_a_row_of_its_own_for_a_device(void **state)
{
    struct world *w = *state;
    struct delivery_row a = row_of(1, "001-01"), b = row_of(1, "001-02"), got;
    assert_ok(delivery_store_put(w->s, &a, BYTES_OF(profile)));
    assert_ok(delivery_store_put(w->s, &b, BYTES_LIT("of the other")));
    assert_ok(delivery_store_find(w->s, a.se, &a.owner, &got));
    assert_same(&a, &got);
    assert_profile(w, &got);
    b.phase = 3;
    assert_ok(delivery_store_move(w->s, &b, DELIVERY_ERASE));
    assert_ok(delivery_store_find(w->s, b.se, &b.owner, &got));
    assert_same(&b, &got);
    assert_ok(delivery_store_find(w->s, a.se, &a.owner, &got));
    assert_same(&a, &got);
    assert_profile(w, &got);
}

static void what_does_not_fit_a_row_is_refused(void **state)
{
    struct world *w = *state;
    static const uint8_t large[DELIVERY_PROFILE_MAX + 1];
    struct delivery_row row = row_of(1, "001-01"), bad = row;
    uint64_t last = 0;
    assert_err(delivery_store_put(w->s, &row, BYTES_OF(large)), E_BAD_LENGTH);
    assert_err(delivery_store_put(w->s, &row, (struct bytes){large, 0}), E_BAD_LENGTH);
    bad.phase = DELIVERY_PHASES;
    assert_err(delivery_store_put(w->s, &bad, BYTES_OF(profile)), E_BAD_VALUE);
    bad = row;
    memset(bad.from, 'x', sizeof bad.from);
    assert_err(delivery_store_put(w->s, &bad, BYTES_OF(profile)), E_BAD_LENGTH);
    assert_err(delivery_store_move(w->s, &row, DELIVERY_KEEP), E_NOT_FOUND);
    assert_ok(delivery_store_last(w->s, NULL, &last));
    assert_int_equal(last, 0);
    assert_ok(delivery_store_put(w->s, &row, (struct bytes){large, DELIVERY_PROFILE_MAX}));
}

/* ---- opening ---- */

static void one_process_has_the_store(void **state)
{
    struct world *w = *state;
    struct delivery_store *second = NULL;
    assert_err(delivery_store_open(w->path, w->kek, &second, &w->why), E_LOCKED);
    assert_null(second);
    assert_non_null(strstr(w->why.text, w->path));
}

static void another_key_file_takes_the_place_of_the_first(void **state)
{
    struct world *w = *state;
    struct store_why why;
    char before[80] = "", after[80] = "";
    FILE *f = fopen(w->kek, "r");
    assert_non_null(f);
    assert_int_equal(fread(before, 1, 64, f), 64);
    fclose(f);
    assert_err(delivery_store_rotate(w->path, w->kek, &why), E_LOCKED);
    delivery_store_close(w->s);
    w->s = NULL;
    assert_ok(delivery_store_rotate(w->path, w->kek, &why));
    f = fopen(w->kek, "r");
    assert_non_null(f);
    assert_int_equal(fread(after, 1, 64, f), 64);
    fclose(f);
    assert_string_not_equal(before, after);
    assert_ok(try_open(w));
}

static void a_store_opens_with_its_own_key_only(void **state)
{
    struct world *w = *state;
    struct stat st;
    char away[80];
    assert_int_equal(stat(w->kek, &st), 0);
    assert_int_equal(st.st_mode & 0777, 0600);
    assert_int_equal(stat(w->path, &st), 0);
    assert_int_equal(st.st_mode & 0777, 0600);
    delivery_store_close(w->s);
    w->s = NULL;
    snprintf(away, sizeof away, "%s.away", w->kek);
    assert_int_equal(rename(w->kek, away), 0);
    assert_err(try_open(w), E_NOT_FOUND); /* none is made for a store that is there */
    assert_int_equal(access(w->kek, F_OK), -1);
    FILE *f = fopen(w->kek, "w");
    for (int i = 0; i < 64; i++) {
        fputc('7', f);
    }
    fclose(f);
    assert_int_equal(chmod(w->kek, 0600), 0);
    assert_err(try_open(w), E_WRONG_KEY);
    assert_int_equal(chmod(w->kek, 0640), 0);
    assert_err(try_open(w), E_DENIED);
    assert_int_equal(rename(away, w->kek), 0);
    reopen(w);
}

static void another_programs_file_is_not_touched(void **state)
{
    struct world *w = *state;
    sqlite3 *db = NULL;
    delivery_store_close(w->s);
    w->s = NULL;
    snprintf(w->path, sizeof w->path, "%.32s/other.db", w->dir);
    assert_int_equal(sqlite3_open(w->path, &db), SQLITE_OK);
    assert_int_equal(sqlite3_exec(db, "CREATE TABLE t (x)", NULL, NULL, NULL), SQLITE_OK);
    sqlite3_close(db);
    assert_err(try_open(w), E_BAD_VALUE);
    assert_int_equal(truncate(w->path, 5), 0);
    assert_err(try_open(w), E_BAD_VALUE);
    snprintf(w->path, sizeof w->path, "%.32s/none/rsmf.db", w->dir);
    assert_err(try_open(w), E_IO);
    assert_true(w->why.text[0] != '\0');
}

/* A crash before anything was in it. */
static void a_store_that_was_not_finished_is_finished(void **state)
{
    struct world *w = *state;
    sqlite3 *db = NULL;
    struct delivery_row row = row_of(1, "001-01");
    delivery_store_close(w->s);
    w->s = NULL;
    assert_int_equal(sqlite3_open(w->path, &db), SQLITE_OK);
    assert_int_equal(
        sqlite3_exec(db, "DELETE FROM data_key; DELETE FROM identity", NULL, NULL, NULL),
        SQLITE_OK);
    sqlite3_close(db);
    reopen(w);
    assert_ok(delivery_store_put(w->s, &row, BYTES_OF(profile)));
    delivery_store_close(w->s);
    w->s = NULL;
    assert_int_equal(truncate(w->path, 0), 0);
    reopen(w);
    assert_ok(delivery_store_put(w->s, &row, BYTES_OF(profile)));
    assert_int_equal(row.serial, 1);
}

static void a_newer_schema_is_refused(void **state)
{
    struct world *w = *state;
    sqlite3 *db = NULL;
    delivery_store_close(w->s);
    w->s = NULL;
    assert_int_equal(sqlite3_open(w->path, &db), SQLITE_OK);
    assert_int_equal(sqlite3_exec(db, "PRAGMA user_version = 99", NULL, NULL, NULL), SQLITE_OK);
    sqlite3_close(db);
    assert_err(try_open(w), E_TOO_NEW);
}

static void a_change_that_fails_changes_nothing(void **state)
{
    struct world *w = *state;
    struct delivery_row row = row_of(1, "001-01"), got;
    sqlite3 *db = NULL;
    assert_ok(delivery_store_put(w->s, &row, BYTES_OF(profile)));
    /* Makes every update fail. */
    assert_int_equal(sqlite3_open(w->path, &db), SQLITE_OK);
    assert_int_equal(sqlite3_exec(db,
                                  "CREATE TRIGGER full BEFORE UPDATE ON delivery"
                                  " BEGIN SELECT raise(ABORT, 'full'); END",
                                  NULL, NULL, NULL),
                     SQLITE_OK);
    struct delivery_row moved = row;
    moved.phase = 2;
    assert_err(delivery_store_move(w->s, &moved, DELIVERY_ERASE), E_IO);
    assert_int_equal(moved.serial, row.serial);
    assert_ok(delivery_store_find(w->s, row.se, &row.owner, &got));
    assert_same(&row, &got);
    assert_profile(w, &got);
    assert_int_equal(sqlite3_exec(db, "DROP TRIGGER full", NULL, NULL, NULL), SQLITE_OK);
    sqlite3_close(db);
    assert_ok(delivery_store_move(w->s, &moved, DELIVERY_ERASE));
    assert_int_equal(moved.serial, 2);
}

/* Of a copy that was made now. */
static void opened(struct world *w, struct store_opened *out)
{
    struct store_manifest *m = calloc(1, sizeof *m);
    char copy[80], manifest[96];
    snprintf(copy, sizeof copy, "%.32s/copy", w->dir);
    snprintf(manifest, sizeof manifest, "%s.manifest", copy);
    const struct store_backup_options o = {.store = w->path, .out = copy};
    assert_non_null(m);
    (void)unlink(copy);
    (void)unlink(manifest);
    assert_ok(store_backup_make(&o, m, &w->why));
    assert_ok(store_backup_open_all(copy, w->kek, NULL, NULL, out, &w->why));
    free(m);
}

/*= test op-backup */
static void of_a_backup_each_profile_is_opened_and_one_that_does_not_open_is_named(void **state)
{
    struct world *w = *state;
    struct store_opened *o = calloc(1, sizeof *o);
    sqlite3 *db = NULL;
    assert_non_null(o);
    for (uint8_t i = 1; i <= 3; i++) {
        struct delivery_row r = row_of(i, "001-01");
        assert_ok(delivery_store_put(w->s, &r, BYTES_OF(profile)));
        if (i == 1) {
            assert_ok(delivery_store_move(w->s, &r, DELIVERY_ERASE)); /* there is none to open */
        }
    }
    opened(w, o);
    assert_true(o->has_sealed && o->looked == 2 && o->failed == 0);
    assert_int_equal(sqlite3_open(w->path, &db), SQLITE_OK);
    assert_int_equal(sqlite3_exec(db,
                                  "UPDATE delivery SET profile = (SELECT profile FROM delivery"
                                  " WHERE serial = 4) WHERE serial = 3",
                                  NULL, NULL, NULL),
                     SQLITE_OK);
    assert_int_equal(sqlite3_changes(db), 1);
    assert_int_equal(sqlite3_close(db), SQLITE_OK);
    opened(w, o);
    assert_true(o->looked == 2 && o->failed == 1 && o->damaged.n == 1);
    assert_string_equal(o->damaged.v[0].place, "delivery.profile");
    assert_string_equal(o->damaged.v[0].imsi.digits, "001010000700001");
    free(o);
}

#define T(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
int main(void)
{
    const struct CMUnitTest tests[] = {
        T(a_row_is_there_again_after_a_restart),
        T(what_is_erased_stays_erased_and_the_row_stays),
        T(a_profile_stands_in_no_file_as_it_is),
        T(a_profile_does_not_open_in_another_row),
        T(changes_are_in_the_order_of_their_serials),
        T(each_operator_has_a_row_of_its_own_for_a_device),
        T(what_does_not_fit_a_row_is_refused),
        T(one_process_has_the_store),
        T(a_store_opens_with_its_own_key_only),
        T(another_key_file_takes_the_place_of_the_first),
        T(another_programs_file_is_not_touched),
        T(a_store_that_was_not_finished_is_finished),
        T(a_newer_schema_is_refused),
        T(a_change_that_fails_changes_nothing),
        T(of_a_backup_each_profile_is_opened_and_one_that_does_not_open_is_named),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
