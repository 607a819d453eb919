/* test/nf/admin_worker_test.c - the thread for what takes long (src/nf/hssd/admin_worker.c). */
#include "nf/hssd/admin_worker.h"

#include "lib/check.h"

#include <pthread.h>
#include <semaphore.h>
#include <sys/resource.h>
#include <unistd.h>

struct work {
    struct admin_task task; /* first */
    unsigned ran, done;     /* when, counted from 1 */
    int nice;
    pthread_t on;
};
static sem_t may_go, begun, all_done;
static unsigned turn; /* of the worker's thread; read when it has ended, or is known to wait */

static void run(struct admin_task *task)
{
    struct work *w = (struct work *)task;
    sem_post(&begun);
    while (sem_wait(&may_go) != 0) {
    }
    w->ran = ++turn;
    w->on = pthread_self();
    w->nice = getpriority(PRIO_PROCESS, (id_t)gettid());
}

static void done(struct admin_task *task)
{
    ((struct work *)task)->done = ++turn;
    sem_post(&all_done);
}

static void await(sem_t *s)
{
    while (sem_wait(s) != 0) {
    }
}

static int up(void **state)
{
    (void)state;
    turn = 0;
    return sem_init(&may_go, 0, 0) + sem_init(&begun, 0, 0) + sem_init(&all_done, 0, 0);
}

static int down(void **state)
{
    (void)state;
    return sem_destroy(&may_go) + sem_destroy(&begun) + sem_destroy(&all_done);
}

#define WORK ((struct work){.task = {.run = run, .done = done}})

static void who_hands_in_does_not_wait_and_tasks_run_in_their_order(void **state)
{
    (void)state;
    struct admin_worker *w = NULL;
    struct work all[3] = {WORK, WORK, WORK};
    assert_ok(admin_worker_start(&w));
    for (size_t i = 0; i < 3; i++) {
        admin_worker_submit(w, &all[i].task); /* none can end before it may go */
    }
    await(&begun);
    for (size_t i = 0; i < 3; i++) {
        sem_post(&may_go);
        await(&all_done);
    }
    admin_worker_stop(w);
    admin_worker_stop(w);
    admin_worker_free(w);
    const int here = getpriority(PRIO_PROCESS, 0);
    for (size_t i = 0; i < 3; i++) {
        assert_int_equal(all[i].ran, 2 * i + 1);
        assert_int_equal(all[i].done, 2 * i + 2);
        assert_false(all[i].task.skipped);
        assert_false(pthread_equal(all[i].on, pthread_self()));
        assert_true(all[i].nice > here || here >= ADMIN_WORKER_NICE);
    }
}

static void *stopping(void *arg)
{
    admin_worker_stop(arg);
    return NULL;
}

static pthread_t submitter;
static bool ends; /* of the submitter: one came back before it was queued */

static void probed(struct admin_task *task)
{
    ends |= pthread_equal(pthread_self(), submitter) != 0;
    ((struct work *)task)->done = ++turn;
}

/* Hands in tasks until one comes back at once. */
static size_t probe(struct admin_worker *w, struct work *probes, size_t max)
{
    size_t n = 0;
    submitter = pthread_self();
    ends = false;
    while (!ends && n < max) {
        probes[n] = (struct work){.task = {.run = run, .done = probed}};
        admin_worker_submit(w, &probes[n++].task);
        usleep(1000);
    }
    assert_true(ends);
    return n;
}

static void what_waits_when_it_ends_comes_back_undone_and_what_comes_later_too(void **state)
{
    (void)state;
    static struct work probes[10000];
    struct admin_worker *w = NULL;
    struct work runs = WORK, waits = WORK;
    pthread_t stopper;
    assert_ok(admin_worker_start(&w));
    admin_worker_submit(w, &runs.task);
    await(&begun);
    admin_worker_submit(w, &waits.task);
    assert_int_equal(pthread_create(&stopper, NULL, stopping, w), 0);
    size_t n = probe(w, probes, sizeof probes / sizeof *probes);
    sem_post(&may_go);
    pthread_join(stopper, NULL);
    admin_worker_free(w);
    assert_true(runs.ran != 0 && runs.done != 0 && !runs.task.skipped);
    assert_true(waits.ran == 0 && waits.done != 0 && waits.task.skipped);
    for (size_t i = 0; i < n; i++) {
        assert_true(probes[i].ran == 0 && probes[i].done != 0 && probes[i].task.skipped);
    }
    admin_worker_stop(NULL);
    admin_worker_free(NULL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(who_hands_in_does_not_wait_and_tasks_run_in_their_order, up,
                                        down),
        cmocka_unit_test_setup_teardown(
            what_waits_when_it_ends_comes_back_undone_and_what_comes_later_too, up, down),
    };
    return cmocka_run_group_tests_name("nf/admin_worker", tests, NULL, NULL);
}
