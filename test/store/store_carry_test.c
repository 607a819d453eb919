/* Backups that take the place of the stores of an ARPF, a D-AUSF, an RSMF and a repository
 * (src/store/store_carry.c, src/store/store_restore.c): what was recorded since is not forgotten.
 */
#include "store/fixture.h"

#include "store/arpf_store.h"
#include "store/delivery_store.h"
#include "store/discovery_store.h"
#include "store/repo_store.h"
#include "store/store_backup_parts.h"

#define LATER INT64_C(4000000000) /* after any clock that makes a backup here */

/* ---- what the four have in common ---- */

static const char *copy_path(struct fixture *f)
{
    return with(f->dir, "/night.backup");
}

static enum err restore_at(struct fixture *f, bool has_key, int64_t now, bool accept_loss,
                           struct store_restored *out)
{
    const struct store_restore_options o = {.backup = copy_path(f),
                                            .store = f->path,
                                            .kek_path = has_key ? f->kek : NULL,
                                            .now = now,
                                            .accept_loss = accept_loss};
    return store_restore(&o, out, &f->why);
}

static void make_backup(struct fixture *f)
{
    struct store_manifest m;
    const struct store_backup_options o = {.store = f->path, .out = copy_path(f)};
    assert_ok(store_backup_make(&o, &m, &f->why));
}

/* The store is gone, and a start made a new one. */
static void lose(struct fixture *f)
{
    assert_int_equal(unlink(f->path), 0);
    (void)unlink(with(f->path, "-wal"));
    (void)unlink(with(f->path, "-shm"));
}

static void assert_left_nothing(struct fixture *f)
{
    DIR *d = opendir(f->dir);
    for (struct dirent *e; d != NULL && (e = readdir(d)) != NULL;) {
        if (strstr(e->d_name, "restoring") != NULL || strstr(e->d_name, "begun") != NULL) {
            fail_msg("%s was left", e->d_name);
        }
    }
    closedir(d);
}

/* A restore of what continues the backup; `forgets` is one where the store that is there is none
 * or another, which is refused first. */
static void goes_on(struct fixture *f, bool has_key, const char *program)
{
    struct store_restored done;
    assert_ok(restore_at(f, has_key, LATER, false, &done));
    assert_string_equal(done.program, program);
    assert_true(done.taken_over && !done.loss && exists(done.aside));
    assert_left_nothing(f);
}

static void forgets(struct fixture *f, bool has_key, int64_t now, bool readable)
{
    struct store_restored done;
    struct mbytes before = {NULL, 0};
    const bool there = exists(f->path);
    if (there) {
        before = slurp(f->path);
    }
    assert_err(restore_at(f, has_key, now, false, &done), E_CONFLICT);
    assert_non_null(strstr(f->why.text, "--accept-loss"));
    assert_left_nothing(f);
    if (there) {
        assert_same_file(f->path, before);
        free(before.p);
    }
    assert_ok(restore_at(f, has_key, now, true, &done));
    assert_true(done.loss && done.taken_over == readable);
    assert_left_nothing(f);
}

/* ---- ARPF ---- */

static struct arpf_store *open_arpf(struct fixture *f)
{
    struct arpf_store *s = NULL;
    if (arpf_store_open(f->path, &s, &f->why) != E_OK) {
        fail_msg("%s", f->why.text);
    }
    return s;
}

static enum err release(struct arpf_store *s, const char *dimsi, uint64_t number, uint8_t target)
{
    struct arpf_release r = {.dimsi = imsi_of(dimsi),
                             .number = number,
                             .target = {0x00, 0xf1, target},
                             .delegation = 3,
                             .sp = "sp.example",
                             .endorsed = {.n = 5, .issued = 1000, .expires = 2000}};
    memset(r.token, target, sizeof r.token);
    assert_ok(arpf_store_begin(s));
    enum err err = arpf_store_release(s, &r);
    assert_ok(arpf_store_commit(s));
    return err;
}

static void take_back(struct arpf_store *s, uint64_t number)
{
    const uint8_t token[32] = {0x10};
    uint64_t now = 0;
    assert_ok(arpf_store_begin(s));
    assert_ok(arpf_store_revoke(s, token, "sp.example", number, 10, &now));
    assert_ok(arpf_store_commit(s));
}

static uint64_t newest(struct arpf_store *s, const char *dimsi)
{
    struct arpf_release r;
    const struct imsi i = imsi_of(dimsi);
    return arpf_store_find(s, &i, &r) == E_OK ? r.number : 0;
}

static uint64_t revoked_to(struct arpf_store *s)
{
    const uint8_t token[32] = {0x10};
    uint64_t number = 0;
    assert_ok(arpf_store_revoked(s, token, "sp.example", &number));
    return number;
}

/* A backup with IMSI_A released once; since then IMSI_A again, IMSI_B, and a revocation. */
static void arpf_with_a_backup(struct fixture *f)
{
    struct arpf_store *s = open_arpf(f);
    assert_ok(release(s, IMSI_A, 1, 0x10));
    take_back(s, 2);
    make_backup(f);
    assert_ok(release(s, IMSI_A, 2, 0x20));
    assert_ok(release(s, IMSI_B, 1, 0x30));
    take_back(s, 7);
    arpf_store_close(s);
}

/*= test op-restore */
static void a_release_of_an_arpf_is_not_forgotten(void **state)
{
    struct fixture *f = *state;
    struct arpf_counts counts;
    arpf_with_a_backup(f);
    goes_on(f, false, "bindery-arpfd");
    struct arpf_store *s = open_arpf(f);
    const struct store_origin *o = arpf_store_origin(s);
    assert_true(o->restored && !o->loss && o->floor == 0 && o->restored_at == LATER);
    assert_string_equal(o->backup, "night.backup");
    assert_int_equal(strlen(o->sha256), 64);
    assert_ok(arpf_store_count(s, &counts));
    assert_true(counts.dimsis == 2 && counts.releases == 3 && counts.revocations == 1);
    assert_int_equal(newest(s, IMSI_A), 2);
    assert_int_equal(newest(s, IMSI_B), 1);
    assert_int_equal(revoked_to(s), 7);
    assert_ok(release(s, IMSI_B, 2, 0x40));
    arpf_store_close(s);
    s = open_arpf(f);
    assert_false(arpf_store_origin(s)->restored); /* once */
    arpf_store_close(s);
}

static void an_arpf_that_forgets_does_so_by_word_and_gives_no_number_twice(void **state)
{
    struct fixture *f = *state;
    const uint64_t floor = (uint64_t)LATER * 1000;
    arpf_with_a_backup(f);
    lose(f);
    forgets(f, false, LATER, false);
    struct arpf_store *s = open_arpf(f);
    assert_true(arpf_store_origin(s)->loss);
    assert_int_equal(newest(s, IMSI_A), 1);
    assert_int_equal(newest(s, IMSI_B), 0);
    assert_true(arpf_store_next(s, 0) == floor + 1);
    assert_err(release(s, IMSI_B, 1, 0x50), E_CONFLICT);
    assert_ok(release(s, IMSI_B, floor + 1, 0x50));
    assert_true(arpf_store_next(s, floor + 1) == floor + 2);
    arpf_store_close(s);
    goes_on(f, false, "bindery-arpfd"); /* the same backup: what came since then is kept */
    s = open_arpf(f);
    assert_true(newest(s, IMSI_B) == floor + 1 && arpf_store_origin(s)->floor == floor);
    arpf_store_close(s);
}

/* What a start made that found no store is no record of the time since the backup. */
static void a_store_that_was_made_anew_does_not_count_as_the_record(void **state)
{
    struct fixture *f = *state;
    arpf_with_a_backup(f);
    lose(f);
    struct arpf_store *s = open_arpf(f);
    assert_ok(release(s, IMSI_B, 1, 0x60));
    arpf_store_close(s);
    forgets(f, false, LATER, true);
    s = open_arpf(f);
    assert_int_equal(newest(s, IMSI_A), 1);
    assert_int_equal(newest(s, IMSI_B), 1); /* what can be read is kept all the same */
    arpf_store_close(s);
}

static void a_damaged_record_is_not_relied_on(void **state)
{
    struct fixture *f = *state;
    arpf_with_a_backup(f);
    struct mbytes file = slurp(f->path);
    memset(file.p + 4096, 0x5a, file.n - 4096);
    spill(f->path, (const char *)file.p, file.n, 0600);
    free(file.p);
    forgets(f, false, LATER, false);
}

/* ---- repository ---- */

static struct repo_store *open_repo(struct fixture *f)
{
    struct repo_store *s = NULL;
    if (repo_store_open(f->path, &s, &f->why) != E_OK) {
        fail_msg("%s", f->why.text);
    }
    return s;
}

static uint64_t publish(struct repo_store *s, const char *imei, uint8_t status, const char *id)
{
    static const uint8_t credential[] = "a key";
    struct repo_row r = {.imei = imei_of(imei),
                         .use = 1,
                         .form = 2,
                         .status = status,
                         .by = "maker",
                         .credential = BYTES_OF(credential)};
    snprintf(r.device.id, sizeof r.device.id, "%s", id);
    assert_ok(repo_store_begin(s));
    assert_ok(repo_store_next_serial(s, &r.serial));
    r.signature[0] = (uint8_t)r.serial;
    assert_ok(repo_store_add(s, &r));
    assert_ok(repo_store_commit(s));
    return r.serial;
}

static struct repo_row record_of(struct repo_store *s, const char *imei)
{
    struct repo_row r = {.serial = 0};
    const struct imei i = imei_of(imei);
    enum err err = repo_store_newest(s, &i, 1, &r);
    assert_true(err == E_OK || err == E_NOT_FOUND);
    return r;
}

static void repo_with_a_backup(struct fixture *f)
{
    struct repo_store *s = open_repo(f);
    (void)publish(s, IMEI_A, 1, "");
    make_backup(f);
    assert_int_equal(publish(s, IMEI_A, 2, ""), 2); /* revoked */
    assert_int_equal(publish(s, IMEI_B, 1, "device-b"), 3);
    repo_store_close(s);
}

/*= test op-restore */
static void what_a_repository_revoked_stays_revoked(void **state)
{
    struct fixture *f = *state;
    struct imei owner;
    repo_with_a_backup(f);
    goes_on(f, false, "bindery-repod");
    struct repo_store *s = open_repo(f);
    assert_int_equal(record_of(s, IMEI_A).status, 2);
    assert_ok(repo_store_device(s, "device-b", &owner));
    assert_int_equal(publish(s, IMEI_A, 1, ""), 4);
    repo_store_close(s);
}

static void a_repository_that_forgets_gives_no_serial_twice(void **state)
{
    struct fixture *f = *state;
    repo_with_a_backup(f);
    lose(f);
    forgets(f, false, LATER, false);
    struct repo_store *s = open_repo(f);
    uint64_t last = 0;
    assert_int_equal(record_of(s, IMEI_A).status, 1);
    assert_ok(repo_store_last(s, &last));
    assert_int_equal(last, 1); /* so whoever keeps a copy sees that it went back */
    assert_true(publish(s, IMEI_B, 1, "") == (uint64_t)LATER * 1000 + 1);
    repo_store_close(s);
}

/* ---- D-AUSF ---- */

static struct discovery_store *open_discovery(struct fixture *f)
{
    struct discovery_store *s = NULL;
    if (discovery_store_open(f->path, f->kek, &s, &f->why) != E_OK) {
        fail_msg("%s", f->why.text);
    }
    return s;
}

static void push(struct discovery_store *s, const char *dimsi, uint64_t number)
{
    struct discovery_entry e = {.dimsi = imsi_of(dimsi),
                                .phase = DISCOVERY_LIVE,
                                .number = number,
                                .target = {"001", "01"},
                                .expires = LATER,
                                .imsi = imsi_of(IMSI_A),
                                .challenge.xres.n = 8};
    memset(e.challenge.rand.b, 0xa1, 16);
    assert_ok(discovery_put(s, &e));
}

static struct discovery_entry entry_of(struct discovery_store *s, const char *dimsi)
{
    struct discovery_entry e = {.number = 0};
    const struct imsi i = imsi_of(dimsi);
    enum err err = discovery_find(s, &i, &e);
    assert_true(err == E_OK || err == E_NOT_FOUND);
    return e;
}

static void discovery_with_a_backup(struct fixture *f)
{
    struct discovery_store *s = open_discovery(f);
    const struct imsi a = imsi_of(IMSI_A);
    push(s, IMSI_A, 4);
    make_backup(f);
    assert_ok(discovery_spend(s, &a, 4));
    push(s, IMSI_B, 9);
    discovery_store_close(s);
}

/*= test op-restore */
static void a_challenge_that_was_used_up_does_not_come_back(void **state)
{
    struct fixture *f = *state;
    discovery_with_a_backup(f);
    goes_on(f, true, "bindery-dausfd");
    struct discovery_store *s = open_discovery(f);
    assert_true(discovery_store_origin(s)->restored);
    assert_int_equal(entry_of(s, IMSI_A).phase, DISCOVERY_SPENT);
    assert_int_equal(entry_of(s, IMSI_B).number, 9);
    assert_int_equal(entry_of(s, IMSI_B).challenge.rand.b[3], 0xa1); /* it opens */
    discovery_store_close(s);
}

static void a_discovery_store_that_was_made_anew_has_another_key_and_is_not_read(void **state)
{
    struct fixture *f = *state;
    discovery_with_a_backup(f);
    lose(f);
    discovery_store_close(open_discovery(f));
    forgets(f, true, LATER, false);
    struct discovery_store *s = open_discovery(f);
    assert_int_equal(entry_of(s, IMSI_A).phase, DISCOVERY_LIVE);
    assert_int_equal(entry_of(s, IMSI_B).number, 0);
    discovery_store_close(s);
}

/* ---- RSMF ---- */

static struct delivery_store *open_delivery(struct fixture *f)
{
    struct delivery_store *s = NULL;
    if (delivery_store_open(f->path, f->kek, &s, &f->why) != E_OK) {
        fail_msg("%s", f->why.text);
    }
    return s;
}

static struct delivery_row delivery_of(uint8_t se)
{
    struct delivery_row r = {.phase = 1, .changed = 1000, .imsi = imsi_of(IMSI_A)};
    memset(r.se, se, sizeof r.se);
    assert_ok(plmn_parse(bytes_of_str("00101"), &r.owner));
    return r;
}

static uint8_t phase_of(struct delivery_store *s, uint8_t se)
{
    const struct delivery_row r = delivery_of(se);
    struct delivery_row found = {.phase = 0};
    enum err err = delivery_store_find(s, r.se, &r.owner, &found);
    assert_true(err == E_OK || err == E_NOT_FOUND);
    return found.phase;
}

static void delivery_with_a_backup(struct fixture *f)
{
    struct delivery_store *s = open_delivery(f);
    struct delivery_row one = delivery_of(1), two = delivery_of(2);
    assert_ok(delivery_store_put(s, &one, BYTES_LIT("a profile")));
    make_backup(f);
    one.phase = 3;
    assert_ok(delivery_store_move(s, &one, DELIVERY_ERASE));
    assert_ok(delivery_store_put(s, &two, BYTES_LIT("another")));
    delivery_store_close(s);
}

/*= test op-restore */
static void a_profile_that_was_delivered_is_not_delivered_again(void **state)
{
    struct fixture *f = *state;
    uint8_t profile[DELIVERY_PROFILE_MAX];
    uint64_t last = 0;
    size_t n = 0;
    delivery_with_a_backup(f);
    goes_on(f, true, "bindery-rsmfd");
    struct delivery_store *s = open_delivery(f);
    struct delivery_row one = delivery_of(1), two = delivery_of(2);
    assert_int_equal(phase_of(s, 1), 3);
    assert_err(delivery_store_profile(s, &one, profile, &n), E_NOT_FOUND);
    assert_ok(delivery_store_profile(s, &two, profile, &n));
    assert_int_equal(n, strlen("another"));
    assert_ok(delivery_store_last(s, NULL, &last));
    assert_int_equal(last, 3);
    delivery_store_close(s);
}

static void an_rsmf_that_forgets_gives_no_serial_twice(void **state)
{
    struct fixture *f = *state;
    delivery_with_a_backup(f);
    lose(f);
    forgets(f, true, LATER, false);
    struct delivery_store *s = open_delivery(f);
    struct delivery_row two = delivery_of(2);
    assert_int_equal(phase_of(s, 1), 1);
    assert_ok(delivery_store_put(s, &two, BYTES_LIT("another")));
    assert_true(two.serial == (uint64_t)LATER * 1000 + 1);
    delivery_store_close(s);
}

/* ---- all ---- */

static void a_backup_does_not_take_the_place_of_another_daemons_store(void **state)
{
    struct fixture *f = *state;
    struct store_restored done;
    struct store_manifest m;
    arpf_with_a_backup(f);
    lose(f);
    open_store(f); /* an HSS's */
    close_store(f);
    struct mbytes before = slurp(f->path);
    assert_err(restore_at(f, false, LATER, true, &done), E_BAD_VALUE);
    assert_non_null(strstr(f->why.text, "bindery-arpfd"));
    assert_non_null(strstr(f->why.text, "bindery-hssd"));
    assert_same_file(f->path, before);
    free(before.p);
    assert_ok(store_backup_verify(copy_path(f), NULL, &m, &f->why));
    assert_ptr_equal(store_kind_of(m.application), &arpf_store_kind);
    assert_null(store_kind_of(1));
}

static void one_that_runs_is_refused_and_one_that_was_begun_bars_the_start(void **state)
{
    struct fixture *f = *state;
    struct store_restored done;
    struct arpf_store *s = NULL;
    arpf_with_a_backup(f);
    s = open_arpf(f);
    assert_err(restore_at(f, false, LATER, false, &done), E_LOCKED);
    arpf_store_close(s);
    char note[256];
    snprintf(note, sizeof note, "%s.before-restore-1\n", f->path);
    spill(with(f->path, ".restore-begun"), note, strlen(note), 0600);
    rename(f->path, with(f->path, ".before-restore-1"));
    copy_file(copy_path(f), with(f->path, ".restoring"));
    assert_err(arpf_store_open(f->path, &s, &f->why), E_CONFLICT);
    assert_ok(restore_at(f, false, LATER, false, &done));
    assert_true(done.finished_earlier);
    assert_string_equal(done.program, "bindery-arpfd");
    assert_left_nothing(f);
    s = open_arpf(f);
    assert_int_equal(newest(s, IMSI_A), 1);
    arpf_store_close(s);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        IN_FOLDER(a_release_of_an_arpf_is_not_forgotten),
        IN_FOLDER(an_arpf_that_forgets_does_so_by_word_and_gives_no_number_twice),
        IN_FOLDER(a_store_that_was_made_anew_does_not_count_as_the_record),
        IN_FOLDER(a_damaged_record_is_not_relied_on),
        IN_FOLDER(what_a_repository_revoked_stays_revoked),
        IN_FOLDER(a_repository_that_forgets_gives_no_serial_twice),
        IN_FOLDER(a_challenge_that_was_used_up_does_not_come_back),
        IN_FOLDER(a_discovery_store_that_was_made_anew_has_another_key_and_is_not_read),
        IN_FOLDER(a_profile_that_was_delivered_is_not_delivered_again),
        IN_FOLDER(an_rsmf_that_forgets_gives_no_serial_twice),
        IN_FOLDER(a_backup_does_not_take_the_place_of_another_daemons_store),
        IN_FOLDER(one_that_runs_is_refused_and_one_that_was_begun_bars_the_start),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
