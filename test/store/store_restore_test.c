/* A backup that takes a store's place (src/store/store_restore.c). */
#include "store/every_row.h"
#include "store/failing_vfs.h"
#include "store/same_rows.h"
#include "store/store_backup_parts.h"

#define LATER INT64_C(4000000000) /* after any clock that makes a backup here */

static const char *copy_path(struct fixture *f)
{
    return with(f->dir, "/night.backup");
}

/* A backup of a full store, then a change; closed. */
static void backup_then_change(struct fixture *f)
{
    const struct store_backup_options o = {.store = f->path, .out = copy_path(f)};
    struct store_manifest m;
    struct store_subscriber s = subscriber_of("001010000000099");
    fill_every_table(f);
    assert_ok(store_backup_make(&o, &m, &f->why));
    put(f, &s);
    COMMITTED(f, store_set_mark(f->w, EVERY_MARK + 5000));
    close_store(f);
}

static enum err restore_at(struct fixture *f, int64_t now, uint64_t least,
                           struct store_restored *out)
{
    const struct store_restore_options o = {.backup = copy_path(f),
                                            .store = f->path,
                                            .kek_path = f->kek,
                                            .now = now,
                                            .mark_least = least};
    return store_restore(&o, out, &f->why);
}

static uint64_t mark_in(struct fixture *f)
{
    uint64_t mark = 0;
    assert_ok(store_read_mark(f->r, &mark));
    return mark;
}

/*= test op-restore */
static void a_restored_store_has_every_row_of_the_backup_and_says_where_it_is_from(void **state)
{
    struct fixture *f = *state;
    struct store_restored done;
    backup_then_change(f);
    assert_ok(restore_at(f, LATER, 0, &done));
    assert_false(done.finished_earlier);
    assert_true(exists(done.aside));
    assert_same_rows(copy_path(f), f->path, " origin mark ");
    assert_sound(done.aside);
    open_store(f);
    assert_every_secret_opens(f);
    const struct store_origin *o = store_origin_of(f->store);
    assert_true(o->restored && o->closed_in_order);
    assert_true(o->restored_at == LATER && o->backup_at == done.manifest.made);
    assert_string_equal(o->backup, "night.backup");
    assert_string_equal(o->sha256, done.manifest.sha256);
    assert_true(!o->loss && o->floor == 0);
    reopen_store(f);
    assert_true(store_origin_of(f->store)->restored); /* nobody told it */
    assert_err(store_origin_told(f->w), E_BAD_STATE);
    COMMITTED(f, store_origin_told(f->w));
    reopen_store(f);
    o = store_origin_of(f->store);
    assert_true(!o->restored && o->restored_at == LATER); /* once */
    snprintf(f->path, sizeof f->path, "%s", done.aside);
    reopen_store(f); /* nothing of the old one was lost */
    (void)read_back(f, "001010000000099");
}

static void the_next_key_of_a_rotation_stays_with_the_store_that_is_put_aside(void **state)
{
    struct fixture *f = *state;
    struct store_restored done;
    char next[STORE_PATH_MAX], aside[STORE_PATH_MAX + 64];
    backup_then_change(f);
    assert_ok(kek_next_path(f->kek, next));
    assert_ok(kek_create(next, &f->why));
    struct mbytes key = slurp(next);
    assert_ok(restore_at(f, LATER, 0, &done));
    open_store(f); /* which removes what a rotation left */
    assert_false(exists(next));
    snprintf(aside, sizeof aside, "%s%s", next, done.aside + strlen(f->path));
    assert_same_file(aside, key);
    free(key.p);
}

/*= test op-restore */
static void the_mark_never_goes_back(void **state)
{
    struct fixture *f = *state;
    struct store_restored done;
    backup_then_change(f);
    assert_ok(restore_at(f, LATER, 5, &done)); /* the old store's is the greatest */
    assert_true(done.old_mark_read && done.mark == EVERY_MARK + 5000);
    open_store(f);
    assert_true(mark_in(f) == EVERY_MARK + 5000);
    close_store(f);
    assert_ok(restore_at(f, LATER + 1, EVERY_MARK + 9999, &done)); /* the clock's is */
    assert_true(done.mark == EVERY_MARK + 9999);
    spill(f->path, "nothing that SQLite would read", 30, 0600); /* the old one tells nothing */
    assert_ok(restore_at(f, LATER + 2, 5, &done));
    assert_true(!done.old_mark_read && done.mark == EVERY_MARK);
    assert_true(exists(done.aside));
    open_store(f);
    assert_true(mark_in(f) == EVERY_MARK);
}

static void a_clock_before_the_backup_is_refused(void **state)
{
    struct fixture *f = *state;
    struct store_restored done;
    backup_then_change(f);
    struct mbytes before = slurp(f->path);
    assert_err(restore_at(f, 1000, 0, &done), E_BAD_VALUE);
    assert_non_null(strstr(f->why.text, "clock"));
    assert_same_file(f->path, before);
    assert_false(exists(with(f->path, ".restoring")));
    free(before.p);
}

static void what_cannot_be_restored_changes_nothing(void **state)
{
    struct fixture *f = *state;
    struct store_restored done;
    backup_then_change(f);
    open_store(f);
    assert_err(restore_at(f, LATER, 0, &done), E_LOCKED);
    close_store(f);
    struct mbytes before = slurp(f->path), copy = slurp(copy_path(f));
    copy.p[copy.n / 3] ^= 4;
    spill(copy_path(f), (const char *)copy.p, copy.n, 0600);
    assert_err(restore_at(f, LATER, 0, &done), E_BAD_VALUE);
    copy.p[copy.n / 3] ^= 4;
    spill(copy_path(f), (const char *)copy.p, copy.n, 0600);
    rename(f->kek, with(f->dir, "/right.kek"));
    assert_ok(kek_create(f->kek, &f->why));
    assert_err(restore_at(f, LATER, 0, &done), E_WRONG_KEY);
    unlink(f->kek);
    assert_err(restore_at(f, LATER, 0, &done), E_NOT_FOUND);
    rename(with(f->dir, "/right.kek"), f->kek);
    assert_same_file(f->path, before);
    assert_false(exists(with(f->path, ".restore-begun")));
    assert_ok(restore_at(f, LATER, 0, &done));
    free(before.p);
    free(copy.p);
}

static void one_that_is_refused_leaves_nothing_where_no_store_was(void **state)
{
    struct fixture *f = *state;
    struct store_restored done;
    char place[320], lock[340];
    backup_then_change(f);
    snprintf(place, sizeof place, "%s", with(f->dir, "/new.db"));
    snprintf(lock, sizeof lock, "%s.lock", place);
    const struct store_restore_options o = {
        .backup = copy_path(f), .store = place, .kek_path = with(f->dir, "/no.kek"), .now = LATER};
    assert_err(store_restore(&o, &done, &f->why), E_NOT_FOUND);
    assert_false(exists(place) || exists(lock));
    struct store_restore_options right = o;
    right.kek_path = f->kek;
    assert_ok(store_restore(&right, &done, &f->why));
    assert_true(exists(place) && exists(lock));
}

static void a_disk_that_fails_at_any_write_leaves_the_old_store(void **state)
{
    struct fixture *f = *state;
    struct store_restored done;
    backup_then_change(f);
    struct mbytes before = slurp(f->path);
    long n = 0;
    for (;; n++) {
        arm(FAULT_DISK_FULL, n);
        enum err err = restore_at(f, LATER, 0, &done);
        if (!disarm()) {
            assert_ok(err);
            break;
        }
        if (err == E_OK) {
            break; /* what failed was to be thrown away */
        }
        assert_true(err == E_NO_ROOM || err == E_IO);
        assert_same_file(f->path, before);
        assert_false(exists(with(f->path, ".restoring")));
    }
    assert_true(n > 1);
    free(before.p);
}

/* The places in which a kill leaves the files once the note is there: old store not yet moved,
 * moved without its log, moved with it, replaced. */
static void leave_half_done(struct fixture *f, int moved)
{
    static const char aside[] = "/hss.db.before-restore-20260101T000000Z";
    char note[256];
    copy_file(copy_path(f), with(f->path, ".restoring"));
    sql(with(f->path, ".restoring"), "UPDATE origin SET restored = 1");
    snprintf(note, sizeof note, "%s%s\n", f->dir, aside);
    spill(with(f->path, ".restore-begun"), note, strlen(note), 0600);
    spill(with(f->path, "-wal"), "", 0, 0600);
    if (moved > 0) {
        rename(f->path, with(f->dir, aside));
    }
    if (moved > 1) {
        rename(with(f->path, "-wal"), with(with(f->dir, aside), "-wal"));
    }
    if (moved > 2) {
        rename(with(f->path, ".restoring"), f->path);
    }
}

static void one_that_was_killed_bars_the_store_until_it_was_finished(void **state)
{
    struct fixture *f = *state;
    struct store_restored done;
    backup_then_change(f);
    copy_file(f->path, with(f->dir, "/old.db"));
    for (int moved = 0; moved < 4; moved++) {
        leave_half_done(f, moved);
        assert_err(try_open(f, true), E_CONFLICT);
        assert_non_null(strstr(f->why.text, "bindery restore"));
        assert_ok(restore_at(f, LATER, 0, &done));
        assert_true(done.finished_earlier);
        assert_true(exists(done.aside));
        assert_same_rows(with(f->dir, "/old.db"), done.aside, " origin ");
        assert_same_rows(copy_path(f), f->path, " origin ");
        open_store(f);
        assert_true(store_origin_of(f->store)->restored);
        assert_every_secret_opens(f);
        close_store(f);
        unlink(done.aside);
        unlink(f->path);
        copy_file(with(f->dir, "/old.db"), f->path);
    }
}

/* A copy that was never finished, with the log of its own that a kill left beside it. */
static void what_a_kill_left_of_a_copy_is_not_played_into_the_next(void **state)
{
    struct fixture *f = *state;
    struct store_restored done;
    backup_then_change(f);
    spill(with(f->path, ".restoring"), "half", 4, 0600);
    spill(with(f->path, ".restoring-journal"), "\xd9\xd5\x05\xf9\x20\xa1\x63\xd7", 8, 0600);
    open_store(f); /* the old store serves as if nothing had been */
    close_store(f);
    assert_ok(restore_at(f, LATER, 0, &done));
    assert_same_rows(copy_path(f), f->path, " origin mark ");
    assert_false(exists(with(f->path, ".restoring-journal")));
}

/* A kill in the first moments of a store leaves a rollback journal: it is the old store's. */
static void the_old_stores_journal_is_not_played_into_the_restored_one(void **state)
{
    struct fixture *f = *state;
    struct store_restored done;
    backup_then_change(f);
    unlink(with(f->path, "-wal"));
    spill(with(f->path, "-journal"), "\xd9\xd5\x05\xf9\x20\xa1\x63\xd7", 8, 0600);
    assert_ok(restore_at(f, LATER, 0, &done));
    assert_false(exists(with(f->path, "-journal")));
    assert_true(exists(with(done.aside, "-journal")));
    assert_same_rows(copy_path(f), f->path, " origin mark ");
}

static void a_backup_of_an_older_schema_is_brought_up(void **state)
{
    struct fixture *f = *state;
    struct store_restored done;
    struct store_manifest m;
    const char *old = with(f->dir, "/six.db");
    struct mbytes text = slurp(TEST_DATA "/../fixtures/store_schema_6.sql");
    struct mbytes key = slurp(TEST_DATA "/../fixtures/store_schema_6.kek");
    text.p[text.n] = '\0';
    sql(old, (const char *)text.p);
    close_store(f);
    spill(f->kek, (const char *)key.p, key.n, 0600);
    const struct store_backup_options o = {.store = with(f->dir, "/six.db"), .out = copy_path(f)};
    assert_ok(store_backup_make(&o, &m, &f->why));
    assert_int_equal(m.schema, 6);
    assert_ok(restore_at(f, LATER, 0, &done));
    open_store(f);
    assert_true(store_origin_of(f->store)->restored);
    assert_every_secret_opens(f);
    free(text.p);
    free(key.p);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        IN_STORE(a_restored_store_has_every_row_of_the_backup_and_says_where_it_is_from),
        IN_STORE(the_next_key_of_a_rotation_stays_with_the_store_that_is_put_aside),
        IN_STORE(the_mark_never_goes_back),
        IN_STORE(a_clock_before_the_backup_is_refused),
        IN_STORE(one_that_is_refused_leaves_nothing_where_no_store_was),
        IN_STORE(what_cannot_be_restored_changes_nothing),
        IN_STORE(a_disk_that_fails_at_any_write_leaves_the_old_store),
        IN_STORE(one_that_was_killed_bars_the_store_until_it_was_finished),
        IN_STORE(what_a_kill_left_of_a_copy_is_not_played_into_the_next),
        IN_STORE(the_old_stores_journal_is_not_played_into_the_restored_one),
        IN_STORE(a_backup_of_an_older_schema_is_brought_up),
    };
    return cmocka_run_group_tests(tests, failing_vfs_install, NULL);
}
