/* A disk that fails at the nth write: what was acknowledged stays, what was not is there in full or
 * not at all, and the store goes on when the disk does. */
#include "store/failing_vfs.h"
#include "store/onboarding_rows.h"

#include <signal.h>
#include <sys/resource.h>

/* ---- the story: batches that set the same number at two subscribers ---- */

#define STORY 4
static unsigned failures, full; /* of commits; of those for want of room */
struct told {
    int64_t acknowledged; /* the last number whose commit returned E_OK */
    int64_t tried;
};

static void begin_story(struct fixture *f)
{
    struct store_subscriber a = subscriber_of(IMSI_A), b = subscriber_of(IMSI_B);
    a.dif = b.dif = 0;
    put(f, &a);
    put(f, &b);
    /* Move the log into the file at every commit: more kinds of writes to fail. */
    assert_int_equal(sqlite3_exec(f->w->c.db, "PRAGMA wal_autocheckpoint = 1", NULL, NULL, NULL),
                     SQLITE_OK);
}

static enum err tell(struct fixture *f, int64_t number)
{
    struct imsi a = imsi_of(IMSI_A), b = imsi_of(IMSI_B);
    struct store_event e = event_of("registered");
    enum err err = store_begin(f->w);
    if (err != E_OK) {
        return err;
    }
    enum err first = store_set_dif(f->w, &a, number);
    enum err second = store_set_dif(f->w, &b, number);
    enum err third = store_add_event(f->w, &e, 2);
    err = store_commit(f->w);
    if (first != E_OK || second != E_OK || third != E_OK) {
        assert_err(err, E_IO); /* a batch that met a failure is not committed */
    }
    failures += err != E_OK;
    full += err != E_OK && store_writer_is_full(f->w);
    assert_true(err != E_OK || !store_writer_is_full(f->w));
    return err;
}

static struct told tell_all(struct fixture *f, int64_t from)
{
    struct told t = {from, from};
    for (int i = 0; i < STORY; i++) {
        enum err err = tell(f, ++t.tried);
        assert_true(err == E_OK || err == E_IO);
        t.acknowledged = err == E_OK ? t.tried : t.acknowledged;
    }
    return t;
}

static int64_t number_in(struct fixture *f)
{
    struct store_subscriber a = read_back(f, IMSI_A), b = read_back(f, IMSI_B);
    assert_true(a.dif == b.dif); /* never a part of a batch */
    return a.dif;
}

/* Every place where a fault can strike; under a sanitizer, which takes several times as long and
 * looks for other things, every fourth. */
#define APART 1
#if defined(__has_feature)
#if __has_feature(address_sanitizer) || __has_feature(thread_sanitizer)
#undef APART
#define APART 4
#endif
#endif

/* The files as they are at this moment, opened elsewhere. */
static int64_t number_after_crash(struct fixture *f)
{
    struct fixture copy = *f;
    snprintf(copy.path, sizeof copy.path, "%s/copy.db", f->dir);
    copy_file(f->path, copy.path);
    copy_file(with(f->path, "-wal"), with(copy.path, "-wal"));
    open_store(&copy);
    int64_t number = number_in(&copy);
    close_store(&copy);
    unlink(copy.path);
    return number;
}

/* Returns whether the fault struck. */
static bool fail_at(enum fault_kind kind, long after)
{
    void *state = NULL;
    assert_int_equal(store_in_folder(&state), 0);
    struct fixture *f = state;
    begin_story(f);
    arm(kind, after);
    struct told t = tell_all(f, 0);
    bool struck = disarm();
    assert_true(struck || t.acknowledged == STORY);
    assert_true(number_in(f) == t.acknowledged); /* what failed is not seen */
    int64_t crashed = number_after_crash(f);
    assert_true(crashed >= t.acknowledged && crashed <= t.tried);
    t = tell_all(f, t.tried); /* the disk is well again */
    assert_true(t.acknowledged == t.tried);
    assert_true(number_after_crash(f) == t.tried);
    reopen_store(f);
    assert_true(number_in(f) == t.tried);
    assert_int_equal(remove_folder(&state), 0);
    return struck;
}

static void fail_at_every_write(enum fault_kind kind)
{
    long n = 0;
    failures = full = 0;
    while (fail_at(kind, n)) {
        n += APART;
    }
    assert_true(n > STORY);
    assert_true(failures > 0);
    assert_int_equal(full > 0, kind == FAULT_DISK_FULL); /* one is told from the other */
}

static void a_write_that_fails_once_loses_nothing_that_was_acknowledged(void **state)
{
    (void)state;
    fail_at_every_write(FAULT_ONCE);
}

/*= test op-disk */
static void a_disk_that_stays_broken_loses_nothing_that_was_acknowledged(void **state)
{
    (void)state;
    fail_at_every_write(FAULT_FOR_GOOD);
}

/*= test op-disk */
static void a_full_disk_loses_nothing_that_was_acknowledged(void **state)
{
    (void)state;
    fail_at_every_write(FAULT_DISK_FULL);
}

/* ---- subscriptions that devices get, and that end ---- */

#define DRAWS 3 /* of a pool with as many IMSIs */

static struct imsi nth_imsi(int i)
{
    char digits[16];
    snprintf(digits, sizeof digits, "00101000050000%d", i);
    return imsi_of(digits);
}

/* What the AUSF does in one batch: an IMSI, its subscriber with its device, the device's row. */
static enum err draw_all(struct fixture *f, int i)
{
    struct imsi first = nth_imsi(0), last = nth_imsi(DRAWS - 1), imsi;
    char id[8];
    enum store_did did;
    enum err err = store_take_imsi(f->w, &first, &last, 5, &imsi);
    if (err != E_OK) {
        return err;
    }
    snprintf(id, sizeof id, "d%d", i);
    struct store_subscriber s = subscriber_of(imsi.digits);
    struct store_device d = device_of(imsi.digits, IMEI_A, 0);
    struct store_onboarding row = onboarding_of("maker", id, CERTATTACH_PHASE_PENDING, imsi.digits);
    d.imei.digits[13] = (char)('0' + i);
    row.imei = d.imei;
    err = store_put_subscriber(f->w, STORE_INSERT, &s, &did);
    if (err == E_OK) {
        err = store_put_device(f->w, STORE_INSERT, &d, &did);
    }
    return err == E_OK ? store_put_onboarding(f->w, &row) : err;
}

/* Gives the nth device its subscription, or lets it be used or end: one batch. */
static enum err one_change(struct fixture *f, int i, char what)
{
    char id[8];
    struct imsi imsi = nth_imsi(i);
    snprintf(id, sizeof id, "d%d", i);
    struct store_onboarding_key key = onboarding_key("maker", id);
    enum err err = store_begin(f->w);
    if (err != E_OK) {
        return err;
    }
    enum err change = what == 'd'   ? draw_all(f, i)
                      : what == 'u' ? store_onboarding_used(f->w, &imsi, 7)
                                    : store_end_onboarding(f->w, &key, 6, 8, 9);
    err = store_commit(f->w);
    assert_true(change == E_OK || (change == E_IO && err == E_IO));
    return err;
}

/* Each IMSI is a subscriber's or free, and the rows, the flags and the counts go with it. */
static void assert_nothing_lost(struct fixture *f)
{
    struct imsi first = nth_imsi(0), last = nth_imsi(DRAWS - 1);
    struct store_pool p;
    uint64_t subscribers, devices;
    assert_onboarding_whole(f);
    assert_ok(store_read_pool(f->r, &first, &last, 9, &p));
    assert_ok(store_count(f->r, &subscribers, &devices));
    assert_int_equal(p.never_used + p.ready + p.resting + subscribers, DRAWS);
    assert_int_equal(devices, subscribers);
}

/* The story is told until it is through: what failed is tried again, as its caller does. */
static bool onboard_with_fault_at(enum fault_kind kind, long after)
{
    static const char story[][2] = {{0, 'd'}, {1, 'd'}, {0, 'u'}, {1, 'e'}, {2, 'd'}, {2, 'u'}};
    void *state = NULL;
    bool struck = false;
    assert_int_equal(store_in_folder(&state), 0);
    struct fixture *f = state;
    assert_int_equal(sqlite3_exec(f->w->c.db, "PRAGMA wal_autocheckpoint = 1", NULL, NULL, NULL),
                     SQLITE_OK);
    arm(kind, after);
    for (size_t i = 0; i < sizeof story / sizeof story[0]; i++) {
        if (one_change(f, story[i][0], story[i][1]) != E_OK) {
            struck = disarm() || struck;
            assert_nothing_lost(f);
            assert_ok(one_change(f, story[i][0], story[i][1]));
        }
        assert_nothing_lost(f);
    }
    struck = disarm() || struck;
    reopen_store(f);
    assert_nothing_lost(f);
    assert_int_equal(read_onboarding(f, "maker", "d0").phase, CERTATTACH_PHASE_ACTIVE);
    assert_int_equal(read_onboarding(f, "maker", "d1").phase, CERTATTACH_PHASE_EXPIRED);
    assert_int_equal(read_onboarding(f, "maker", "d2").phase, CERTATTACH_PHASE_ACTIVE);
    assert_int_equal(remove_folder(&state), 0);
    return struck;
}

/*= test certattach-no-orphan */
static void a_subscription_that_a_disk_fails_to_take_is_there_in_full_or_not_at_all(void **state)
{
    (void)state;
    static const enum fault_kind kinds[] = {FAULT_ONCE, FAULT_FOR_GOOD, FAULT_DISK_FULL};
    for (size_t k = 0; k < 3; k++) {
        long n = 0;
        while (onboard_with_fault_at(kinds[k], n)) {
            n += APART;
        }
        assert_true(n > 20);
    }
}

/* A batch larger than the cache writes before it commits, so that changes fail and not only
 * commits. */
#define BIG 150
static enum err tell_big(struct fixture *f, bool *failed_early)
{
    enum store_did did;
    enum err last = E_OK;
    *failed_early = false;
    assert_ok(store_begin(f->w));
    for (int i = 0; i < BIG; i++) {
        char digits[16];
        snprintf(digits, sizeof digits, "26201%010d", i * 7919 % 100003);
        struct store_subscriber s = subscriber_of(digits);
        enum err err = store_put_subscriber(f->w, STORE_INSERT, &s, &did);
        assert_true(err == E_IO ||
                    (err == E_OK && last == E_OK)); /* no change after a failed one */
        last = err;
    }
    *failed_early = last == E_IO;
    return store_commit(f->w);
}

static uint64_t subscribers_in(struct fixture *f)
{
    uint64_t subscribers, devices;
    assert_ok(store_count(f->r, &subscribers, &devices));
    return subscribers;
}

static void a_change_that_fails_ends_its_batch_whatever_comes_after_it(void **state)
{
    struct fixture *f = *state;
    bool early = false;
    unsigned failed_early = 0;
    const char *small = "PRAGMA cache_size = 2; PRAGMA cache_spill = 1";
    assert_int_equal(sqlite3_exec(f->w->c.db, small, NULL, NULL, NULL), SQLITE_OK);
    for (long n = 0;; n += APART) {
        arm(FAULT_ONCE, n);
        enum err err = tell_big(f, &early);
        failed_early += early;
        if (!disarm()) {
            assert_ok(err);
            break;
        }
        assert_err(err, E_IO);
        assert_int_equal(subscribers_in(f), 0);
    }
    assert_true(failed_early > 5);
    assert_int_equal(subscribers_in(f), BIG);
}

static void a_creation_that_fails_at_any_write_leaves_nothing_and_may_be_repeated(void **state)
{
    struct fixture *f = *state;
    long n = 0;
    for (;; n += APART) {
        arm(FAULT_FOR_GOOD, n);
        enum err err = try_open(f, true);
        bool struck = disarm();
        if (!struck) {
            assert_ok(err);
            break;
        }
        if (err != E_OK) {
            assert_err(err, E_IO);
            assert_true(strlen(f->why.text) > 20);
            assert_false(exists(with(f->path, ".new")));
            assert_int_equal(exists(f->path), exists(f->kek)); /* both or none */
        }
        store_close(f->store);
        unlink(f->path);
        unlink(f->kek);
        unlink(with(f->path, "-wal"));
        unlink(with(f->path, "-shm"));
    }
    assert_true(n > 10);
}

/* ulimit -f: the daemons ignore SIGXFSZ (program_harden). */
static void a_file_that_may_not_grow_is_as_good_as_a_full_disk(void **state)
{
    struct fixture *f = *state;
    struct rlimit was, is = {256 * 1024, 0};
    char digits[16];
    enum err err = E_OK;
    unsigned n = 0;
    void (*former)(int) = signal(SIGXFSZ, SIG_IGN);
    assert_int_equal(getrlimit(RLIMIT_FSIZE, &was), 0);
    is.rlim_max = was.rlim_max;
    assert_int_equal(setrlimit(RLIMIT_FSIZE, &is), 0);
    for (; err == E_OK && n < 1000; n++) {
        enum store_did did;
        snprintf(digits, sizeof digits, "0010100%08u", n);
        struct store_subscriber s = subscriber_of(digits);
        err = store_begin(f->w);
        if (err == E_OK) {
            (void)!store_put_subscriber(f->w, STORE_INSERT, &s, &did);
            err = store_commit(f->w);
        }
    }
    const bool was_full = store_writer_is_full(f->w);
    assert_int_equal(setrlimit(RLIMIT_FSIZE, &was), 0);
    (void)signal(SIGXFSZ, former);
    assert_err(err, E_IO);
    assert_true(was_full);
    assert_true(n > 2);
    snprintf(digits, sizeof digits, "0010100%08u", n - 2); /* the last one that was taken */
    (void)read_back(f, digits);
    struct store_subscriber s = subscriber_of("001019999999999");
    (void)put(f, &s); /* it goes on when it may */
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_write_that_fails_once_loses_nothing_that_was_acknowledged),
        cmocka_unit_test(a_disk_that_stays_broken_loses_nothing_that_was_acknowledged),
        cmocka_unit_test(a_full_disk_loses_nothing_that_was_acknowledged),
        cmocka_unit_test(a_subscription_that_a_disk_fails_to_take_is_there_in_full_or_not_at_all),
        IN_STORE(a_file_that_may_not_grow_is_as_good_as_a_full_disk),
        IN_STORE(a_change_that_fails_ends_its_batch_whatever_comes_after_it),
        IN_FOLDER(a_creation_that_fails_at_any_write_leaves_nothing_and_may_be_repeated),
    };
    return cmocka_run_group_tests(tests, failing_vfs_install, NULL);
}
