/* Copies of a store that is in use (src/store/store_backup.c, src/store/store_manifest.c). */
#include "store/every_row.h"
#include "store/failing_vfs.h"
#include "store/same_rows.h"
#include "store/store_backup_parts.h"

static const char *copy_path(struct fixture *f)
{
    return with(f->dir, "/night.backup");
}

static enum err back_up(struct fixture *f, struct store_manifest *m)
{
    const struct store_backup_options o = {.store = f->path, .out = copy_path(f)};
    return store_backup_make(&o, m, &f->why);
}

static unsigned files_in(const char *dir, const char *what)
{
    unsigned n = 0;
    DIR *d = opendir(dir);
    for (struct dirent *e; d != NULL && (e = readdir(d)) != NULL;) {
        n += strstr(e->d_name, what) != NULL;
    }
    closedir(d);
    return n;
}

static uint64_t rows_of(const struct store_manifest *m, const char *table)
{
    for (size_t i = 0; i < m->n; i++) {
        if (strcmp(m->tables[i].name, table) == 0) {
            return m->tables[i].rows;
        }
    }
    fail_msg("no table %s", table);
    return 0;
}

/*= test op-backup */
static void a_backup_holds_every_row_and_its_manifest_says_what_it_is(void **state)
{
    struct fixture *f = *state;
    struct store_manifest m, read, verified;
    char id[33];
    fill_every_table(f);
    assert_ok(back_up(f, &m));
    hex_encode(BYTES_OF(f->store->keys.store_id), id);
    assert_string_equal(m.store_id, id);
    assert_int_equal(strlen(m.key), 32);
    assert_int_equal(m.schema, schema_steps[schema_steps_n - 1].version);
    assert_true(m.application == STORE_APPLICATION_ID && m.mark == EVERY_MARK);
    assert_int_equal(rows_of(&m, "subscriber"), 5);
    assert_int_equal(rows_of(&m, "lot"), 1);
    assert_ok(store_manifest_read(copy_path(f), &read, &f->why));
    assert_memory_equal(&read, &m, sizeof m);
    assert_ok(store_backup_verify(copy_path(f), f->kek, &verified, &f->why));
    assert_int_equal(files_in(f->dir, "night.backup"), 2); /* no log, nothing unfinished */
    assert_same_rows(f->path, copy_path(f), " ");
    struct stat st;
    assert_true(stat(copy_path(f), &st) == 0 && (st.st_mode & 0777) == 0600);
}

struct meanwhile {
    struct fixture *f;
    unsigned steps;
};

static bool write_meanwhile(void *ctx, uint64_t pages, uint64_t of)
{
    struct meanwhile *m = ctx;
    struct store_subscriber s = subscriber_of(IMSI_B);
    s.suspended = m->steps % 2 == 0;
    assert_true(pages <= of);
    put(m->f, &s);
    m->steps++;
    return m->steps < 1000; /* it would begin anew for ever if a change made it */
}

static void changes_go_on_meanwhile_and_the_backup_is_of_when_it_began(void **state)
{
    struct fixture *f = *state;
    struct meanwhile busy = {.f = f};
    struct store_backup_options o = {
        .store = f->path, .out = copy_path(f), .go_on = write_meanwhile, .ctx = &busy};
    struct store_manifest m;
    assert_ok(store_begin(f->w));
    for (int i = 0; i < 20000; i++) {
        char digits[16];
        enum store_did did;
        snprintf(digits, sizeof digits, "26201%010d", i);
        struct store_subscriber s = subscriber_of(digits);
        assert_ok(store_put_subscriber(f->w, STORE_INSERT, &s, &did));
    }
    assert_ok(store_commit(f->w));
    assert_ok(store_backup_make(&o, &m, &f->why));
    assert_true(busy.steps > 1);
    assert_int_equal(rows_of(&m, "subscriber"), 20000); /* IMSI_B came later */
    assert_ok(store_backup_verify(copy_path(f), f->kek, &m, &f->why));
}

static bool never(void *ctx, uint64_t pages, uint64_t of)
{
    (void)ctx;
    (void)pages;
    (void)of;
    return false;
}

static void one_that_is_ended_leaves_nothing_and_one_that_is_there_is_never_replaced(void **state)
{
    struct fixture *f = *state;
    struct store_manifest m;
    struct store_backup_options o = {.store = f->path, .out = copy_path(f), .go_on = never};
    assert_err(store_backup_make(&o, &m, &f->why), E_BAD_STATE);
    assert_int_equal(files_in(f->dir, "night.backup"), 0);
    spill(with(f->dir, "/night.backup.partial"), "left by a kill", 14, 0600);
    spill(with(f->dir, "/night.backup.partial-journal"), "left", 4, 0600);
    assert_ok(back_up(f, &m));
    struct mbytes before = slurp(copy_path(f));
    assert_err(back_up(f, &m), E_EXISTS);
    assert_same_file(copy_path(f), before);
    free(before.p);
    o.out = f->path; /* the store itself */
    assert_err(store_backup_make(&o, &m, &f->why), E_EXISTS);
    o.out = with(f->dir, "/no/such/folder");
    assert_err(store_backup_make(&o, &m, &f->why), E_NOT_FOUND);
    o.store = with(f->dir, "/nothing.db");
    assert_err(store_backup_make(&o, &m, &f->why), E_NOT_FOUND);
    assert_non_null(strstr(f->why.text, "nothing.db"));
}

static void a_disk_that_fails_at_any_write_leaves_no_half_backup_and_the_store_sound(void **state)
{
    struct fixture *f = *state;
    static const enum fault_kind kinds[] = {FAULT_ONCE, FAULT_FOR_GOOD, FAULT_DISK_FULL};
    struct store_manifest m;
    fill_every_table(f);
    for (size_t k = 0; k < 3; k++) {
        long n = 0;
        for (;; n++) {
            arm(kinds[k], n);
            enum err err = back_up(f, &m);
            if (!disarm()) {
                assert_ok(err);
                break;
            }
            if (err != E_OK) {
                assert_true(err == E_IO || (kinds[k] == FAULT_DISK_FULL && err == E_NO_ROOM));
                assert_true(strlen(f->why.text) > 20);
                assert_int_equal(files_in(f->dir, "night.backup"), 0);
            } else {
                assert_ok(store_backup_verify(copy_path(f), f->kek, &m, &f->why));
                unlink(with(f->dir, "/night.backup.manifest"));
                unlink(copy_path(f));
            }
            assert_every_secret_opens(f);
        }
        assert_true(n > 10);
        unlink(with(f->dir, "/night.backup.manifest"));
        unlink(copy_path(f));
    }
    close_store(f);
    assert_sound(f->path);
}

static void a_full_disk_is_called_that(void **state)
{
    struct fixture *f = *state;
    struct store_manifest m;
    fill_every_table(f);
    arm(FAULT_DISK_FULL, 0);
    assert_err(back_up(f, &m), E_NO_ROOM);
    assert_true(disarm());
    assert_non_null(strstr(f->why.text, "full"));
}

static void every_prefix_of_a_manifest_is_refused_and_so_is_what_stands_behind_it(void **state)
{
    struct fixture *f = *state;
    struct store_manifest m, got;
    assert_ok(back_up(f, &m));
    struct mbytes text = slurp(with(copy_path(f), ".manifest"));
    for (size_t n = 0; n < text.n; n++) {
        char *part = malloc(n + 1);
        assert_non_null(part);
        memcpy(part, text.p, n);
        part[n] = '\0';
        assert_false(manifest_parse(part, &got));
        free(part);
    }
    text.p[text.n] = '\0';
    assert_true(manifest_parse((const char *)text.p, &got));
    char *more = malloc(text.n + 8);
    assert_non_null(more);
    snprintf(more, text.n + 8, "%s\n", (const char *)text.p);
    assert_false(manifest_parse(more, &got));
    free(more);
    free(text.p);
}

static void a_backup_that_is_not_what_its_manifest_says_is_refused(void **state)
{
    struct fixture *f = *state;
    struct store_manifest m;
    fill_every_table(f);
    assert_err(store_backup_verify(copy_path(f), NULL, &m, &f->why), E_NOT_FOUND);
    assert_ok(back_up(f, &m));
    struct mbytes whole = slurp(copy_path(f));
    spill(copy_path(f), (const char *)whole.p, whole.n - 1, 0600);
    assert_err(store_backup_verify(copy_path(f), NULL, &m, &f->why), E_BAD_VALUE);
    whole.p[whole.n / 2] ^= 1;
    spill(copy_path(f), (const char *)whole.p, whole.n, 0600);
    assert_err(store_backup_verify(copy_path(f), NULL, &m, &f->why), E_BAD_VALUE);
    assert_non_null(strstr(f->why.text, "SHA-256"));
    whole.p[whole.n / 2] ^= 1;
    spill(copy_path(f), (const char *)whole.p, whole.n, 0600);
    assert_ok(store_backup_verify(copy_path(f), f->kek, &m, &f->why));
    free(whole.p);
    /* A database that is sound, with the right digest, and other rows. */
    sql(copy_path(f), "DELETE FROM lot");
    assert_ok(backup_digest(copy_path(f), &m.octets, m.sha256));
    assert_ok(manifest_write(with(copy_path(f), ".manifest"), &m));
    assert_err(store_backup_verify(copy_path(f), f->kek, &m, &f->why), E_BAD_VALUE);
    unlink(with(copy_path(f), ".manifest"));
    assert_err(store_backup_verify(copy_path(f), f->kek, &m, &f->why), E_NOT_FOUND);
    assert_non_null(strstr(f->why.text, "manifest"));
}

static void a_key_file_that_does_not_open_a_backup_is_refused_by_its_fingerprint(void **state)
{
    struct fixture *f = *state;
    struct store_manifest m;
    const char *other = with(f->dir, "/other.kek");
    assert_ok(back_up(f, &m));
    assert_ok(kek_create(other, &f->why));
    assert_err(store_backup_verify(copy_path(f), other, &m, &f->why), E_WRONG_KEY);
    assert_non_null(strstr(f->why.text, m.key));
}

/*= test op-disk */
static void a_full_disk_refuses_writes_and_reads_go_on_and_nothing_is_corrupted(void **state)
{
    struct fixture *f = *state;
    struct imsi a = imsi_of(IMSI_A);
    fill_every_table(f);
    arm(FAULT_DISK_FULL, 0);
    for (int i = 0; i < 50; i++) {
        enum err err = store_begin(f->w);
        err = err == E_OK ? store_set_dif(f->w, &a, i) : err;
        enum err end = store_commit(f->w);
        assert_true(err != E_OK || end != E_OK);
        assert_every_secret_opens(f);
    }
    assert_true(disarm());
    COMMITTED(f, store_set_dif(f->w, &a, 1234)); /* there is room again */
    reopen_store(f);
    assert_every_secret_opens(f);
    assert_int_equal(read_back(f, IMSI_A).dif, 1234);
    close_store(f);
    assert_sound(f->path);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        IN_STORE(a_backup_holds_every_row_and_its_manifest_says_what_it_is),
        IN_STORE(changes_go_on_meanwhile_and_the_backup_is_of_when_it_began),
        IN_STORE(one_that_is_ended_leaves_nothing_and_one_that_is_there_is_never_replaced),
        IN_STORE(a_disk_that_fails_at_any_write_leaves_no_half_backup_and_the_store_sound),
        IN_STORE(a_full_disk_is_called_that),
        IN_STORE(every_prefix_of_a_manifest_is_refused_and_so_is_what_stands_behind_it),
        IN_STORE(a_backup_that_is_not_what_its_manifest_says_is_refused),
        IN_STORE(a_key_file_that_does_not_open_a_backup_is_refused_by_its_fingerprint),
        IN_STORE(a_full_disk_refuses_writes_and_reads_go_on_and_nothing_is_corrupted),
    };
    return cmocka_run_group_tests(tests, failing_vfs_install, NULL);
}
