/* Stores that the program before this one made, of an ARPF, a D-AUSF, an RSMF and a repository,
 * opened by this one (src/store/store_file.c). */
#include "store/failing_vfs.h"
#include "store/fixture.h"

#include "store/arpf_store.h"
#include "store/delivery_store.h"
#include "store/discovery_store.h"
#include "store/repo_store.h"
#include "store/store_file.h"

#define D_1 "901700000000001"
#define D_2 "901700000000002"

/* ---- what each of them is to have ---- */

static enum err try_arpf(struct fixture *f)
{
    struct arpf_store *s = NULL;
    struct arpf_release r;
    struct arpf_counts counts;
    const struct imsi one = imsi_of(D_1);
    enum err err = arpf_store_open(f->path, &s, &f->why);
    if (err != E_OK) {
        return err;
    }
    assert_ok(arpf_store_find(s, &one, &r));
    assert_true(r.number == 2 && r.target[2] == 0x11 && r.delegation == 4 && !r.revoked);
    assert_ok(arpf_store_count(s, &counts));
    assert_true(counts.dimsis == 2 && counts.releases == 3 && counts.revocations == 3);
    assert_int_equal(arpf_store_next(s, 2), 3);
    assert_int_equal(arpf_store_origin(s)->restored_at, 0);
    arpf_store_close(s);
    return E_OK;
}

static enum err try_repo(struct fixture *f)
{
    struct repo_store *s = NULL;
    struct repo_row r;
    const struct imei a = imei_of(IMEI_A), b = imei_of(IMEI_B);
    struct imei owner;
    enum err err = repo_store_open(f->path, &s, &f->why);
    if (err != E_OK) {
        return err;
    }
    assert_ok(repo_store_newest(s, &a, 1, &r));
    assert_true(r.serial == 2 && r.status == 2 && r.signature[0] == 2);
    assert_ok(repo_store_newest(s, &b, 1, &r));
    assert_string_equal(r.device.model, "m1");
    assert_ok(repo_store_device(s, "device-b", &owner));
    assert_int_equal(repo_store_origin(s)->restored_at, 0);
    repo_store_close(s);
    return E_OK;
}

static enum err try_discovery(struct fixture *f)
{
    struct discovery_store *s = NULL;
    struct discovery_entry e;
    const struct imsi one = imsi_of(D_1), two = imsi_of(D_2);
    enum err err = discovery_store_open(f->path, f->kek, &s, &f->why);
    if (err != E_OK) {
        return err;
    }
    assert_ok(discovery_find(s, &one, &e));
    assert_true(e.phase == DISCOVERY_SPENT && e.number == 4);
    assert_ok(discovery_find(s, &two, &e));
    assert_true(e.phase == DISCOVERY_LIVE && e.challenge.ck.b[9] == 0xa4);
    assert_int_equal(discovery_store_origin(s)->restored_at, 0);
    discovery_store_close(s);
    return E_OK;
}

static enum err try_delivery(struct fixture *f)
{
    struct delivery_store *s = NULL;
    struct delivery_row r;
    const struct plmn owner = {.mcc = "001", .mnc = "01"};
    uint8_t se[32], profile[DELIVERY_PROFILE_MAX];
    size_t n = 0;
    enum err err = delivery_store_open(f->path, f->kek, &s, &f->why);
    if (err != E_OK) {
        return err;
    }
    memset(se, 1, sizeof se);
    assert_ok(delivery_store_find(s, se, &owner, &r));
    assert_true(r.phase == 3 && r.serial == 2);
    memset(se, 2, sizeof se);
    assert_ok(delivery_store_find(s, se, &owner, &r));
    assert_ok(delivery_store_profile(s, &r, profile, &n));
    assert_true(n == 7 && memcmp(profile, "another", 7) == 0);
    assert_int_equal(delivery_store_origin(s)->restored_at, 0);
    delivery_store_close(s);
    return E_OK;
}

static const struct {
    const char *fixture;
    const struct store_file_kind *kind;
    int schema;
    bool has_key;
    enum err (*open)(struct fixture *f);
} stores[] = {
    {TEST_DATA "/../fixtures/arpf_schema_2", &arpf_store_kind, 2, false, try_arpf},
    {TEST_DATA "/../fixtures/repo_schema_2", &repo_store_kind, 2, false, try_repo},
    {TEST_DATA "/../fixtures/discovery_schema_1", &discovery_store_kind, 1, true, try_discovery},
    {TEST_DATA "/../fixtures/delivery_schema_1", &delivery_store_kind, 1, true, try_delivery},
};
#define STORES (sizeof stores / sizeof stores[0])

/* ---- how they come to be ---- */

static void remove_store(struct fixture *f)
{
    static const char *const suffixes[] = {"", "-wal", "-shm", "-journal"};
    for (size_t i = 0; i < sizeof suffixes / sizeof suffixes[0]; i++) {
        (void)unlink(with(f->path, suffixes[i]));
    }
}

static void old_store(struct fixture *f, size_t which)
{
    char from[256];
    remove_store(f);
    snprintf(from, sizeof from, "%s.sql", stores[which].fixture);
    struct mbytes text = slurp(from);
    text.p[text.n] = '\0';
    sql(f->path, (const char *)text.p);
    free(text.p);
    assert_int_equal(chmod(f->path, 0600), 0);
    if (stores[which].has_key) {
        snprintf(from, sizeof from, "%s.kek", stores[which].fixture);
        struct mbytes key = slurp(from);
        spill(f->kek, (const char *)key.p, key.n, 0600);
        free(key.p);
    }
}

static int version_in(const char *path)
{
    sqlite3 *db = NULL;
    int version = 0;
    assert_int_equal(sqlite3_open(path, &db), SQLITE_OK);
    assert_ok(schema_version(db, &version));
    sqlite3_close(db);
    return version;
}

static int last_version(size_t which)
{
    return stores[which].kind->steps[stores[which].kind->n_steps - 1].version;
}

/*= test op-upgrade */
static void a_store_of_the_program_before_keeps_what_it_recorded(void **state)
{
    struct fixture *f = *state;
    for (size_t i = 0; i < STORES; i++) {
        old_store(f, i);
        assert_int_equal(version_in(f->path), stores[i].schema);
        for (int times = 0; times < 2; times++) {
            if (stores[i].open(f) != E_OK) {
                fail_msg("%s: %s", stores[i].fixture, f->why.text);
            }
            assert_int_equal(version_in(f->path), last_version(i));
        }
    }
}

/* Nothing works after the nth write: what is on the disk then is of before or after. */
static bool cut_at(struct fixture *f, size_t which, long after)
{
    old_store(f, which);
    arm(FAULT_FOR_GOOD, after);
    enum err err = stores[which].open(f);
    const bool struck = disarm();
    assert_true(err == E_OK || struck);
    const int version = version_in(f->path);
    assert_true(version >= stores[which].schema && version <= last_version(which));
    assert_ok(stores[which].open(f));
    assert_int_equal(version_in(f->path), last_version(which));
    return struck;
}

/*= test op-upgrade */
static void an_upgrade_that_is_cut_off_at_any_write_was_before_or_after(void **state)
{
    for (size_t i = 0; i < STORES; i++) {
        long n = 0;
        while (cut_at(*state, i, n)) {
            n++;
        }
        assert_true(n > 5);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        IN_FOLDER(a_store_of_the_program_before_keeps_what_it_recorded),
        IN_FOLDER(an_upgrade_that_is_cut_off_at_any_write_was_before_or_after),
    };
    return cmocka_run_group_tests(tests, failing_vfs_install, NULL);
}
