/* The threads that serve devices: what a job works with, the bounded queue, shares of authorities,
 * files that change, and the end (src/nf/hssd/onboard_pool.c). */
#include "nf/onboard_pki.h"

#include "nf/hssd/onboard_pool.h"

#include <pthread.h>
#include <stdatomic.h>
#include <sys/resource.h>
#include <unistd.h>

#define JOBS 64

static char operator_files[2][64], roots_file[64], *signer_files[1];
static struct hssd_authority authorities[2];
static struct hssd_config config;
static struct store *store;
static struct onboard_pool *pool;
static char dir[64];
static _Atomic uint64_t clock_ms;

static struct {
    pthread_mutex_t lock;
    pthread_cond_t wake;
    bool go;         /* jobs may end */
    unsigned inside; /* jobs that began */
    unsigned of[2];  /* of an authority, that did not end */
    unsigned done, undone;
    char order[JOBS + 1];
    int nice;
    bool works; /* what a job was given does what it should */
    unsigned n_read, n_bad;
} seen = {.lock = PTHREAD_MUTEX_INITIALIZER, .wake = PTHREAD_COND_INITIALIZER};

struct numbered {
    struct onboard_job job;
    char name;
};
static struct numbered jobs[JOBS];

static uint64_t now(void *ctx)
{
    (void)ctx;
    return atomic_load(&clock_ms);
}

static void told(void *ctx, const char *name, const char *detail)
{
    (void)ctx;
    pthread_mutex_lock(&seen.lock);
    assert_true(detail[0] != '\0');
    seen.n_read += strcmp(name, "onboarding-files-read") == 0;
    seen.n_bad += strcmp(name, "onboarding-files-bad") == 0;
    pthread_mutex_unlock(&seen.lock);
}
static const struct onboard_pool_world pool_world = {.now_ms = now, .event = told};

static bool tools_work(const struct onboard_tools *t)
{
    uint8_t octets[64] = {0}, zero[64] = {0};
    uint64_t mark;
    const struct devid_port *port = t->authority_port->devid;
    return t->crypto->random(t->crypto->ctx, MBYTES_OF(octets)) == E_OK &&
           memcmp(octets, zero, sizeof zero) != 0 && store_read_mark(t->reader, &mark) == E_OK &&
           t->operator_port->sign(t->operator_port->ctx, BYTES_LIT("x"), octets) == E_OK &&
           onboard_signer_chain(t->signer).n > 0 && t->client != NULL && *t->client == NULL &&
           port->record(port->ctx, signer_id(signers[1].signer), BYTES_LIT("x"),
                        BYTES_OF(octets)) == E_NOT_FOUND;
}

static void job_run(struct onboard_job *job, const struct onboard_tools *tools)
{
    const struct numbered *n = (const struct numbered *)job;
    pthread_mutex_lock(&seen.lock);
    if (tools == NULL) {
        seen.undone++;
        pthread_cond_broadcast(&seen.wake);
    } else {
        seen.works = tools_work(tools);
        seen.nice = getpriority(PRIO_PROCESS, (id_t)gettid());
        seen.order[seen.inside++] = n->name;
        seen.of[job->authority]++;
        pthread_cond_broadcast(&seen.wake);
        while (!seen.go) {
            pthread_cond_wait(&seen.wake, &seen.lock);
        }
        seen.of[job->authority]--;
        seen.done++;
        pthread_cond_broadcast(&seen.wake);
    }
    pthread_mutex_unlock(&seen.lock);
}

static void goes(bool go)
{
    pthread_mutex_lock(&seen.lock);
    seen.go = go;
    pthread_cond_broadcast(&seen.wake);
    pthread_mutex_unlock(&seen.lock);
}

static void wait_for(const unsigned *counter, unsigned n)
{
    pthread_mutex_lock(&seen.lock);
    while (*counter < n) {
        pthread_cond_wait(&seen.wake, &seen.lock);
    }
    pthread_mutex_unlock(&seen.lock);
}

static unsigned number(const unsigned *counter)
{
    pthread_mutex_lock(&seen.lock);
    unsigned n = *counter;
    seen.inside = 0;
    pthread_mutex_unlock(&seen.lock);
    return n;
}

static enum err submit(unsigned i, size_t authority)
{
    jobs[i] =
        (struct numbered){.job = {.run = job_run, .authority = authority}, .name = (char)('a' + i)};
    return onboard_pool_submit(pool, &jobs[i].job);
}

static void set_config(void)
{
    snprintf(operator_files[0], 64, "%s/operator.crt", dir);
    snprintf(operator_files[1], 64, "%s/operator.key", dir);
    snprintf(roots_file, 64, "%s/roots.crt", dir);
    signer_files[0] = signers[0].public_path;
    for (size_t i = 0; i < 2; i++) {
        authorities[i] = (struct hssd_authority){.name = (char *)(uintptr_t)(i == 0 ? "a" : "b"),
                                                 .roots = roots_file,
                                                 .signers = signer_files,
                                                 .n_signers = 1};
    }
    config.onboarding = (struct hssd_onboarding){.certificate = operator_files[0],
                                                 .key = operator_files[1],
                                                 .threads = 4,
                                                 .queue = 8,
                                                 .authorities = authorities,
                                                 .n_authorities = 2};
}

static void copy(const char *to, const char *name, const char *suffix, mode_t mode)
{
    char text[8192], fresh[128];
    FILE *f = fopen(pki_path(&pki_files, name, suffix), "r");
    size_t n = fread(text, 1, sizeof text, f);
    fclose(f);
    snprintf(fresh, sizeof fresh, "%s.fresh", to);
    f = fopen(fresh, "w");
    assert_int_equal(fwrite(text, 1, n, f), n);
    fclose(f);
    assert_int_equal(chmod(fresh, mode), 0);
    assert_int_equal(rename(fresh, to), 0);
}

static int up(void **state)
{
    (void)state;
    char db[128], key[128];
    struct store_why why;
    struct verify_why reason;
    strcpy(dir, "/tmp/bindery-pool-XXXXXX");
    assert_non_null(mkdtemp(dir));
    snprintf(db, sizeof db, "%s/hss.db", dir);
    snprintf(key, sizeof key, "%s/kek", dir);
    const struct store_options options = {.path = db, .kek_path = key, .create = true};
    assert_ok(store_open(&options, &store, &why));
    set_config();
    copy(operator_files[0], "operator", ".crt", 0644);
    copy(operator_files[1], "operator", ".key", 0600);
    copy(roots_file, "device-ca", ".crt", 0644);
    seen.inside = seen.done = seen.undone = seen.n_read = seen.n_bad = 0;
    seen.of[0] = seen.of[1] = 0;
    seen.go = seen.works = false;
    memset(seen.order, 0, sizeof seen.order);
    atomic_store(&clock_ms, 1000);
    if (onboard_pool_open(&config, store, &pool_world, &pool, &reason) != E_OK) {
        fail_msg("%s", reason.text);
    }
    return 0;
}

static int down(void **state)
{
    (void)state;
    char command[96];
    goes(true);
    onboard_pool_quiesce(pool);
    onboard_pool_close(pool);
    store_close(store);
    snprintf(command, sizeof command, "rm -rf '%s'", dir);
    return system(command);
}

static void a_job_has_what_it_needs_at_low_priority(void **state)
{
    (void)state;
    goes(true);
    assert_ok(submit(0, 1));
    wait_for(&seen.done, 1);
    assert_true(seen.works);
    assert_int_equal(seen.nice, ONBOARD_POOL_NICE);
}

/*= test certattach-quotas */
static void one_authority_leaves_threads_and_places_to_the_other(void **state)
{
    (void)state;
    unsigned i = 0;
    while (i < 3) {
        assert_ok(submit(i++, 0));
    }
    wait_for(&seen.inside, 3); /* of four threads, three */
    for (unsigned k = 0; k < 6; k++) {
        assert_ok(submit(i++, 0)); /* of eight places, six */
    }
    assert_err(submit(i, 0), E_BUSY);
    assert_int_equal(onboard_pool_waiting(pool), 6);
    assert_ok(submit(i++, 1)); /* passes them all */
    wait_for(&seen.inside, 4);
    assert_int_equal(seen.order[3], jobs[i - 1].name);
    assert_int_equal(seen.of[0], 3); /* nobody changes it while they are held */
    assert_ok(submit(i++, 1));
    assert_ok(submit(i++, 1));
    assert_err(submit(i, 1), E_BUSY); /* no place at all */
    goes(true);
    wait_for(&seen.done, i);
    assert_int_equal(onboard_pool_waiting(pool), 0);
}

static void one_authority_alone_has_all_and_jobs_keep_their_order(void **state)
{
    (void)state;
    struct verify_why why;
    onboard_pool_quiesce(pool);
    onboard_pool_close(pool);
    pool = NULL;
    config.onboarding.threads = 1;
    config.onboarding.n_authorities = 1;
    assert_ok(onboard_pool_open(&config, store, &pool_world, &pool, &why));
    assert_ok(submit(0, 0));
    wait_for(&seen.inside, 1);
    for (unsigned i = 1; i <= 8; i++) {
        assert_ok(submit(i, 0));
    }
    assert_err(submit(9, 0), E_BUSY);
    goes(true);
    wait_for(&seen.done, 9);
    assert_string_equal(seen.order, "abcdefghi");
}

static void who_waited_for_too_long_is_given_back_undone(void **state)
{
    (void)state;
    for (unsigned i = 0; i < 3; i++) {
        assert_ok(submit(i, 0));
    }
    wait_for(&seen.inside, 3);
    assert_ok(submit(3, 0));
    clock_ms += ONBOARD_POOL_WAIT_MS;
    assert_ok(submit(4, 0));
    clock_ms += 1;
    goes(true);
    wait_for(&seen.done, 4);
    wait_for(&seen.undone, 1);
    assert_int_equal(strspn(seen.order, "abc"), 3); /* three threads, in any order */
    assert_string_equal(seen.order + 3, "e");
    assert_int_equal(onboard_pool_waiting(pool), 0);
    for (unsigned i = 5; i < 9; i++) { /* its place and its thread are free again */
        assert_ok(submit(i, 0));
    }
    wait_for(&seen.done, 8);
    assert_int_equal(number(&seen.undone), 1);
}

static void at_the_end_who_waits_is_told_and_who_runs_goes_on(void **state)
{
    (void)state;
    for (unsigned i = 0; i < 3; i++) {
        assert_ok(submit(i, 0));
    }
    wait_for(&seen.inside, 3);
    assert_ok(submit(3, 0));
    assert_ok(submit(4, 0));
    onboard_pool_quiesce(pool);
    assert_int_equal(seen.undone, 2);
    assert_err(submit(5, 0), E_BUSY);
    goes(true);
    wait_for(&seen.done, 3);
    onboard_pool_quiesce(NULL);
    onboard_pool_close(NULL);
}

/* Until it was told so often, however many jobs that takes. */
static void runs_some(const unsigned *counter, unsigned n)
{
    goes(true);
    for (unsigned i = 0; number(counter) < n; i = (i + 1) % JOBS) {
        unsigned before = number(&seen.done);
        assert_ok(submit(i, 0));
        wait_for(&seen.done, before + 1);
    }
}

/*= test certattach-revoked */
static void files_that_change_are_read_and_bad_ones_change_nothing(void **state)
{
    (void)state;
    copy(roots_file, "tls-ca", ".crt", 0644);
    goes(true);
    assert_ok(submit(0, 0));
    wait_for(&seen.done, 1);
    assert_int_equal(number(&seen.n_read), 0); /* nobody looks that often */
    clock_ms += ONBOARD_POOL_LOOK_MS;
    runs_some(&seen.n_read, 2); /* of both authorities, on one thread or more */
    assert_int_equal(number(&seen.n_bad), 0);
    copy(operator_files[0], "maker", ".pub", 0644);
    clock_ms += ONBOARD_POOL_LOOK_MS;
    runs_some(&seen.n_bad, 1);
    assert_true(seen.works); /* it goes on with what it has */
    assert_int_equal(unlink(roots_file), 0);
    clock_ms += ONBOARD_POOL_LOOK_MS;
    runs_some(&seen.n_bad, 3); /* one of each authority, however many threads look */
    clock_ms += ONBOARD_POOL_LOOK_MS;
    for (unsigned i = 0; i < 20; i++) {
        unsigned before = number(&seen.done);
        assert_ok(submit(i, 0));
        wait_for(&seen.done, before + 1);
    }
    assert_int_equal(number(&seen.n_bad), 3);
    assert_int_equal(number(&seen.n_read), 2);
}

static void what_cannot_be_read_says_why(void **state)
{
    (void)state;
    struct onboard_pool *other = NULL;
    struct verify_why why = {.text = ""};
    authorities[1].roots = (char *)(uintptr_t) "/nowhere/roots.crt";
    assert_true(onboard_pool_open(&config, store, &pool_world, &other, &why) != E_OK);
    assert_non_null(strstr(why.text, "/nowhere/roots.crt"));
    assert_null(other);
    authorities[1].roots = roots_file;
}

#define CASE(f) cmocka_unit_test_setup_teardown(f, up, down)
int main(void)
{
    const struct CMUnitTest tests[] = {
        CASE(a_job_has_what_it_needs_at_low_priority),
        CASE(who_waited_for_too_long_is_given_back_undone),
        CASE(one_authority_leaves_threads_and_places_to_the_other),
        CASE(one_authority_alone_has_all_and_jobs_keep_their_order),
        CASE(at_the_end_who_waits_is_told_and_who_runs_goes_on),
        CASE(files_that_change_are_read_and_bad_ones_change_nothing),
        CASE(what_cannot_be_read_says_why),
    };
    onboard_keys();
    int failed = cmocka_run_group_tests(tests, NULL, NULL);
    onboard_keys_gone();
    return failed;
}
