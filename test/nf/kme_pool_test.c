/* The threads that open payloads: what a job works with, the bounded queue and the end
 * (src/nf/hssd/kme_pool.c). */
#include "nf/repository_world.h"

#include "nf/hssd/kme_pool.h"

#include <sys/resource.h>
#include <unistd.h>

#define JOBS 64

static struct hssd_config config;
static struct store *store;
static struct kme_pool *pool;
static char dir[64];

static struct {
    pthread_mutex_t lock;
    pthread_cond_t wake;
    bool go;         /* jobs may end */
    unsigned inside; /* jobs that began */
    unsigned done, undone;
    char order[JOBS + 1];
    int nice;
    bool works; /* what a job was given does what it should */
    bool no_port;
} seen = {.lock = PTHREAD_MUTEX_INITIALIZER, .wake = PTHREAD_COND_INITIALIZER};

struct numbered {
    struct kme_job job;
    char name;
};
static struct numbered jobs[JOBS];

static bool tools_work(const struct kme_tools *t)
{
    uint8_t octets[16] = {0}, zero[16] = {0};
    uint64_t mark;
    const struct devid_port *port = t->port(t, &config.repositories[0]);
    return t->crypto->random(t->crypto->ctx, MBYTES_OF(octets)) == E_OK &&
           memcmp(octets, zero, sizeof zero) != 0 && store_read_mark(t->reader, &mark) == E_OK &&
           port != NULL &&
           port->record(port->ctx, signer_id(world_stranger.signer), BYTES_LIT("x"),
                        BYTES_OF(octets)) == E_NOT_FOUND;
}

static void job_run(struct kme_job *job, const struct kme_tools *tools)
{
    const struct numbered *n = (const struct numbered *)job;
    pthread_mutex_lock(&seen.lock);
    if (tools == NULL) {
        seen.undone++;
    } else {
        seen.works = tools_work(tools);
        seen.no_port = tools->port(tools, NULL) == NULL;
        seen.nice = getpriority(PRIO_PROCESS, (id_t)gettid());
        seen.order[seen.inside++] = n->name;
        pthread_cond_broadcast(&seen.wake);
        while (!seen.go) {
            pthread_cond_wait(&seen.wake, &seen.lock);
        }
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

static enum err submit(unsigned i)
{
    jobs[i] = (struct numbered){.job.run = job_run, .name = (char)('a' + i)};
    return kme_pool_submit(pool, &jobs[i].job);
}

static void told(void *ctx, const char *name, const char *detail)
{
    (void)ctx, (void)detail;
    world_event(NULL, name, NULL, NULL, NULL, NULL);
}
static const struct kme_pool_world pool_world = {.now_ms = world_now, .event = told};

static int up(void **state)
{
    (void)state;
    char db[128], key[128];
    struct store_why why;
    struct verify_why reason;
    world_anew();
    strcpy(dir, "/tmp/bindery-pool-XXXXXX");
    assert_non_null(mkdtemp(dir));
    snprintf(db, sizeof db, "%s/hss.db", dir);
    snprintf(key, sizeof key, "%s/kek", dir);
    const struct store_options options = {.path = db, .kek_path = key, .create = true};
    assert_ok(store_open(&options, &store, &why));
    config = (struct hssd_config){
        .repositories = &world_config, .n_repositories = 1, .kme = {.threads = 1, .queue = 4}};
    seen.inside = seen.done = seen.undone = 0;
    seen.go = seen.works = seen.no_port = false;
    memset(seen.order, 0, sizeof seen.order);
    assert_ok(kme_pool_open(&config, store, &pool_world, &pool, &reason));
    return 0;
}

static int down(void **state)
{
    (void)state;
    char command[128];
    static const char *const files[] = {"hss.db", "hss.db-wal", "hss.db-shm", "hss.db.lock", "kek"};
    goes(true);
    kme_pool_quiesce(pool);
    kme_pool_close(pool);
    pool = NULL;
    store_close(store);
    for (size_t i = 0; i < sizeof files / sizeof *files; i++) {
        snprintf(command, sizeof command, "%s/%s", dir, files[i]);
        (void)unlink(command);
    }
    return rmdir(dir);
}

static void a_job_has_what_it_needs_and_runs_behind_the_others(void **state)
{
    (void)state;
    const int here = getpriority(PRIO_PROCESS, (id_t)gettid());
    goes(true);
    assert_ok(submit(0));
    wait_for(&seen.done, 1);
    assert_true(seen.works);
    assert_true(seen.no_port);
    assert_true(seen.nice >= KME_POOL_NICE);
    assert_int_equal(getpriority(PRIO_PROCESS, (id_t)gettid()), here);
}

static void jobs_run_in_their_order_and_a_full_queue_refuses(void **state)
{
    (void)state;
    assert_ok(submit(0));
    wait_for(&seen.inside, 1);
    for (unsigned i = 1; i <= 4; i++) {
        assert_ok(submit(i));
    }
    assert_int_equal(kme_pool_waiting(pool), 4);
    assert_int_equal(submit(5), E_BUSY);
    goes(true);
    wait_for(&seen.done, 5);
    assert_string_equal(seen.order, "abcde");
    assert_int_equal(kme_pool_waiting(pool), 0);
    assert_ok(submit(5));
    wait_for(&seen.done, 6);
}

static void at_the_end_who_waits_is_told_and_what_runs_goes_on(void **state)
{
    (void)state;
    assert_ok(submit(0));
    wait_for(&seen.inside, 1);
    assert_ok(submit(1));
    assert_ok(submit(2));
    kme_pool_quiesce(pool);
    wait_for(&seen.undone, 2);
    assert_int_equal(seen.done, 0);
    assert_int_equal(submit(3), E_BUSY);
    goes(true);
    wait_for(&seen.done, 1);
    assert_int_equal(seen.inside, 1);
}

static void as_many_threads_as_are_configured(void **state)
{
    (void)state;
    struct verify_why why;
    kme_pool_quiesce(pool);
    kme_pool_close(pool);
    config.kme.threads = 3;
    assert_ok(kme_pool_open(&config, store, &pool_world, &pool, &why));
    for (unsigned i = 0; i < 3; i++) {
        assert_ok(submit(i));
    }
    wait_for(&seen.inside, 3); /* at once */
}

/* Each job looks, once a minute. */
static void ca_is_looked_at(unsigned job)
{
    atomic_fetch_add(&world_ms, KME_POOL_LOOK_MS);
    assert_ok(submit(job));
    wait_for(&seen.done, job + 1);
}

static void a_ca_that_changed_is_read_again_and_one_that_cannot_be_is_told(void **state)
{
    (void)state;
    struct verify_why why;
    struct cert one, two;
    char path[64];
    cert_make(&one, &(struct cert_wish){.cn = "one", .ca = true});
    cert_make(&two, &(struct cert_wish){.cn = "another", .ca = true});
    snprintf(path, sizeof path, "%s", cert_save(&world_files, "ca", &one));
    config.kme.ca = path;
    kme_pool_quiesce(pool);
    kme_pool_close(pool);
    assert_ok(kme_pool_open(&config, store, &pool_world, &pool, &why));
    goes(true);
    ca_is_looked_at(0);
    assert_int_equal(world_events("devid-files-read"), 0);
    (void)cert_save(&world_files, "ca", &two);
    ca_is_looked_at(1);
    assert_int_equal(world_events("devid-files-read"), 1);
    ca_is_looked_at(2);
    assert_int_equal(world_events("devid-files-read"), 1);
    assert_int_equal(truncate(path, 10), 0);
    ca_is_looked_at(3);
    ca_is_looked_at(4); /* as long as it is so */
    assert_int_equal(world_events("devid-files-bad"), 2);
    cert_drop(&one);
    cert_drop(&two);
}

static void a_signer_that_cannot_be_read_is_told(void **state)
{
    (void)state;
    struct verify_why why;
    struct kme_pool *p = NULL;
    char *signers[] = {(char[]){"/nonexistent.pub"}};
    struct hssd_repository r = {.signers = signers, .n_signers = 1};
    config.repositories = &r;
    assert_int_not_equal(kme_pool_open(&config, store, &pool_world, &p, &why), E_OK);
    assert_null(p);
    assert_non_null(strstr(why.text, "/nonexistent.pub"));
    config.repositories = &world_config;
}

#define CASE(test) cmocka_unit_test_setup_teardown(test, up, down)
int main(void)
{
    const struct CMUnitTest tests[] = {
        CASE(a_job_has_what_it_needs_and_runs_behind_the_others),
        CASE(jobs_run_in_their_order_and_a_full_queue_refuses),
        CASE(at_the_end_who_waits_is_told_and_what_runs_goes_on),
        CASE(as_many_threads_as_are_configured),
        CASE(a_ca_that_changed_is_read_again_and_one_that_cannot_be_is_told),
        CASE(a_signer_that_cannot_be_read_is_told),
    };
    world_keys();
    int failed = cmocka_run_group_tests(tests, NULL, NULL);
    world_keys_gone();
    return failed;
}
