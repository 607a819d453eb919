/* store/repo_store.h (src/store/store_repo.c) */
#include "lib/check.h"
#include "store/repo_store.h"

#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

struct world {
    char dir[40], path[64];
    struct repo_store *s;
};

static void open_store(struct world *w)
{
    struct store_why why;
    assert_ok(repo_store_open(w->path, &w->s, &why));
}

static int setup(void **state)
{
    struct world *w = calloc(1, sizeof *w);
    snprintf(w->dir, sizeof w->dir, "/tmp/bindery-repo-XXXXXX");
    assert_non_null(mkdtemp(w->dir));
    snprintf(w->path, sizeof w->path, "%.32s/repo.db", w->dir);
    open_store(w);
    *state = w;
    return 0;
}

static int teardown(void **state)
{
    struct world *w = *state;
    char command[80];
    repo_store_close(w->s);
    snprintf(command, sizeof command, "rm -rf '%s'", w->dir);
    assert_int_equal(system(command), 0);
    free(w);
    return 0;
}

static struct repo_row row_of(unsigned device, uint8_t use)
{
    static const uint8_t credential[] = "a key";
    struct repo_row r = {.use = use, .form = 2, .status = 1, .not_after = 99, .by = "maker"};
    snprintf(r.imei.digits, sizeof r.imei.digits, "35693803%06u", device % 1000000);
    r.credential = BYTES_OF(credential);
    return r;
}

static enum err add(struct repo_store *s, struct repo_row r)
{
    assert_ok(repo_store_next_serial(s, &r.serial));
    return repo_store_add(s, &r);
}

struct seen {
    size_t n;
    uint64_t last;
    struct repo_row rows[8];
};
static bool see(void *ctx, const struct repo_row *r)
{
    struct seen *s = ctx;
    assert_true(r->serial > s->last || s->n == 0);
    s->last = r->serial;
    s->rows[s->n % 8] = *r;
    s->n++;
    return true;
}

static void the_newest_record_of_each_use_is_found(void **state)
{
    struct world *w = *state;
    struct seen seen = {0};
    struct repo_row newest;
    uint64_t last = 9;
    assert_ok(repo_store_last(w->s, &last));
    assert_int_equal(last, 0);
    assert_ok(repo_store_begin(w->s));
    assert_ok(add(w->s, row_of(1, 1)));
    assert_ok(add(w->s, row_of(1, 1)));
    assert_ok(add(w->s, row_of(2, 1)));
    assert_ok(add(w->s, row_of(1, 2)));
    assert_ok(repo_store_commit(w->s));
    assert_ok(repo_store_last(w->s, &last));
    assert_int_equal(last, 4);
    struct repo_row one = row_of(1, 1), none = row_of(3, 1);
    assert_ok(repo_store_find(w->s, &one.imei, see, &seen));
    assert_int_equal(seen.n, 2);
    assert_int_equal(seen.rows[0].serial, 2);
    assert_int_equal(seen.rows[1].serial, 4);
    assert_int_equal(seen.rows[1].use, 2);
    assert_ok(repo_store_newest(w->s, &one.imei, 1, &newest));
    assert_int_equal(newest.serial, 2);
    assert_string_equal(newest.by, "maker");
    assert_err(repo_store_newest(w->s, &none.imei, 1, &newest), E_NOT_FOUND);
    seen = (struct seen){0};
    assert_ok(repo_store_history(w->s, &one.imei, 1, 0, 10, see, &seen));
    assert_int_equal(seen.n, 2);
    seen = (struct seen){0};
    assert_ok(repo_store_changes(w->s, 1, 2, see, &seen));
    assert_int_equal(seen.n, 2);
    assert_int_equal(seen.last, 3);
    assert_int_equal(seen.rows[0].credential.n, 0);
}

static void devices_come_one_after_the_other_whatever_their_history(void **state)
{
    struct world *w = *state;
    struct repo_row first = row_of(1, 1), second = row_of(7, 1);
    struct imei imei;
    assert_err(repo_store_next(w->s, NULL, &imei), E_NOT_FOUND);
    assert_ok(repo_store_begin(w->s));
    assert_ok(add(w->s, row_of(7, 1)));
    assert_ok(add(w->s, row_of(1, 1)));
    assert_ok(add(w->s, row_of(1, 2)));
    assert_ok(add(w->s, row_of(1, 1)));
    assert_ok(repo_store_commit(w->s));
    assert_ok(repo_store_next(w->s, NULL, &imei));
    assert_true(imei_eq(&imei, &first.imei));
    assert_ok(repo_store_next(w->s, &imei, &imei));
    assert_true(imei_eq(&imei, &second.imei));
    assert_err(repo_store_next(w->s, &second.imei, &imei), E_NOT_FOUND);
}

static void what_was_committed_is_there_when_it_is_opened_again(void **state)
{
    struct world *w = *state;
    struct seen seen = {0};
    assert_ok(repo_store_begin(w->s));
    assert_ok(add(w->s, row_of(1, 1)));
    assert_ok(repo_store_commit(w->s));
    assert_ok(repo_store_begin(w->s));
    assert_ok(add(w->s, row_of(2, 1)));
    repo_store_close(w->s); /* in the middle of a batch */
    open_store(w);
    assert_ok(repo_store_changes(w->s, 0, 10, see, &seen));
    assert_int_equal(seen.n, 1);
}

static void out_of_a_batch_and_with_a_wrong_serial_nothing_is_added(void **state)
{
    struct world *w = *state;
    struct seen seen = {0};
    uint64_t serial = 0;
    struct repo_row r = row_of(1, 1);
    assert_err(repo_store_next_serial(w->s, &serial), E_BAD_STATE);
    assert_err(repo_store_add(w->s, &r), E_BAD_STATE);
    assert_err(repo_store_commit(w->s), E_BAD_STATE);
    assert_ok(repo_store_begin(w->s));
    assert_err(repo_store_begin(w->s), E_BAD_STATE);
    r.serial = 7;
    assert_err(repo_store_add(w->s, &r), E_CONFLICT);
    r.serial = 1;
    r.credential.n = REPO_CREDENTIAL_MAX + 1;
    assert_err(repo_store_add(w->s, &r), E_BAD_LENGTH);
    repo_store_rollback(w->s);
    assert_ok(repo_store_changes(w->s, 0, 10, see, &seen));
    assert_int_equal(seen.n, 0);
}

static void another_program_and_another_database_are_refused(void **state)
{
    struct world *w = *state;
    struct repo_store *other = NULL;
    struct store_why why;
    char path[72];
    assert_err(repo_store_open(w->path, &other, &why), E_LOCKED);
    snprintf(path, sizeof path, "%.60s.txt", w->path);
    FILE *f = fopen(path, "w");
    assert_non_null(f);
    fputs("a text of somebody else's", f);
    fclose(f);
    assert_err(repo_store_open(path, &other, &why), E_BAD_VALUE);
    assert_non_null(strstr(why.text, "not touched"));
}

static void ten_thousand_records_are_found_one_by_one_and_page_by_page(void **state)
{
    struct world *w = *state;
    const unsigned many = 10000;
    size_t found = 0;
    uint64_t after = 0;
    assert_ok(repo_store_begin(w->s));
    for (unsigned i = 0; i < many; i++) {
        assert_ok(add(w->s, row_of(i * 97 % many, 1)));
    }
    assert_ok(repo_store_commit(w->s));
    for (unsigned i = 0; i < many; i += 53) {
        struct repo_row r = row_of(i, 1), got;
        assert_ok(repo_store_newest(w->s, &r.imei, 1, &got));
        assert_true(imei_eq(&got.imei, &r.imei));
    }
    for (size_t page = 1; page > 0; found += page) {
        struct seen seen = {.last = after};
        assert_ok(repo_store_changes(w->s, after, 1000, see, &seen));
        page = seen.n;
        after = seen.last;
    }
    assert_int_equal(found, many);
}

static struct repo_row device_of(unsigned device, const char *id)
{
    struct repo_row r = row_of(device, 2);
    r.form = 1;
    snprintf(r.device.id, sizeof r.device.id, "%s", id);
    snprintf(r.device.manufacturer, sizeof r.device.manufacturer, "Maker Ltd");
    snprintf(r.device.model, sizeof r.device.model, "M%u", device);
    snprintf(r.device.serial_number, sizeof r.device.serial_number, "SN%u", device);
    memset(r.device.signature, (int)device, sizeof r.device.signature);
    return r;
}

static void what_a_record_says_of_its_device_is_kept_with_it(void **state)
{
    struct world *w = *state;
    struct seen seen = {0};
    struct repo_row newest;
    struct imei owner;
    const struct repo_row first = device_of(1, "one");
    assert_ok(repo_store_begin(w->s));
    assert_ok(add(w->s, row_of(1, 1)));
    assert_ok(add(w->s, first));
    assert_ok(add(w->s, device_of(2, "two")));
    assert_ok(repo_store_commit(w->s));
    assert_ok(repo_store_find(w->s, &first.imei, see, &seen));
    assert_int_equal(seen.n, 2);
    assert_string_equal(seen.rows[0].device.id, "");
    assert_memory_equal(&seen.rows[1].device, &first.device, sizeof first.device);
    assert_ok(repo_store_newest(w->s, &first.imei, 2, &newest));
    assert_memory_equal(&newest.device, &first.device, sizeof first.device);
    assert_int_equal(newest.credential.n, 0);
    assert_ok(repo_store_device(w->s, "one", &owner));
    assert_true(imei_eq(&owner, &first.imei));
    assert_err(repo_store_device(w->s, "on", &owner), E_NOT_FOUND);
    assert_err(repo_store_device(w->s, "ONE", &owner), E_NOT_FOUND);
    assert_err(repo_store_device(w->s, "", &owner), E_NOT_FOUND);
}

static void an_id_belongs_to_its_first_imei_for_good(void **state)
{
    struct world *w = *state;
    struct imei owner;
    struct repo_row other = device_of(2, "one"), mine = device_of(1, "one");
    assert_ok(repo_store_begin(w->s));
    assert_ok(add(w->s, mine));
    assert_err(add(w->s, other), E_EXISTS);
    assert_ok(add(w->s, mine)); /* the batch goes on */
    assert_ok(repo_store_commit(w->s));
    assert_ok(repo_store_begin(w->s));
    assert_ok(add(w->s, device_of(1, "another")));
    assert_ok(repo_store_commit(w->s));
    repo_store_close(w->s);
    open_store(w);
    assert_ok(repo_store_begin(w->s));
    assert_err(add(w->s, other), E_EXISTS);
    assert_ok(add(w->s, mine));
    assert_ok(add(w->s, device_of(2, "lost")));
    repo_store_rollback(w->s);
    assert_err(repo_store_device(w->s, "lost", &owner), E_NOT_FOUND);
    assert_ok(repo_store_begin(w->s));
    memset(mine.device.model, 'x', sizeof mine.device.model);
    assert_err(add(w->s, mine), E_BAD_LENGTH);
    repo_store_rollback(w->s);
}

/* As the first version of the schema left it. */
static void a_repository_from_before_devices_goes_on(void **state)
{
    struct world *w = *state;
    struct seen seen = {0};
    sqlite3 *db = NULL;
    assert_ok(repo_store_begin(w->s));
    assert_ok(add(w->s, row_of(1, 1)));
    assert_ok(repo_store_commit(w->s));
    repo_store_close(w->s);
    w->s = NULL;
    assert_int_equal(sqlite3_open(w->path, &db), SQLITE_OK);
    assert_int_equal(sqlite3_exec(db,
                                  "DROP TABLE device; DROP TABLE device_owner; DROP TABLE origin;"
                                  "PRAGMA user_version = 1",
                                  NULL, NULL, NULL),
                     SQLITE_OK);
    sqlite3_close(db);
    open_store(w);
    assert_ok(repo_store_begin(w->s));
    assert_ok(add(w->s, device_of(1, "one")));
    assert_ok(repo_store_commit(w->s));
    assert_ok(repo_store_changes(w->s, 0, 10, see, &seen));
    assert_int_equal(seen.n, 2);
    assert_string_equal(seen.rows[0].device.id, "");
    assert_string_equal(seen.rows[1].device.id, "one");
}

#define T(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
int main(void)
{
    const struct CMUnitTest tests[] = {
        T(the_newest_record_of_each_use_is_found),
        T(devices_come_one_after_the_other_whatever_their_history),
        T(what_was_committed_is_there_when_it_is_opened_again),
        T(out_of_a_batch_and_with_a_wrong_serial_nothing_is_added),
        T(what_a_record_says_of_its_device_is_kept_with_it),
        T(an_id_belongs_to_its_first_imei_for_good),
        T(a_repository_from_before_devices_goes_on),
        T(another_program_and_another_database_are_refused),
        T(ten_thousand_records_are_found_one_by_one_and_page_by_page)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
