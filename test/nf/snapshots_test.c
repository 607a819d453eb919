/* Snapshots of the configuration end when nobody can look into them any more:
 * src/nf/hssd/snapshots.c and src/nf/hssd/snapshots_end.c, by many readings of a file while threads
 * of every kind look (src/nf/hssd/reload.c). The sanitizers see who looks too late. */
#include "lib/check.h"

#include "net/pki.h"
#include "nf/hssd/peers.h"
#include "nf/hssd/reload.h"
#include "nf/hssd/s6a.h"
#include "nf/hssd/snapshots.h"

#include <pthread.h>
#include <sched.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

static struct pki pki;
static struct hssd h;
static struct hssd_config *first;

#define HEAD                                                                                       \
    "origin_host: hss.example.net\norigin_realm: example.net\nplmns: [\"001-01\"]\n"               \
    "store: {path: hss.db, key_file: store.key}\nadmin: {socket: admin.sock}\n"                    \
    "log: {level: error}\nlimits: {threads: 2}\n"                                                  \
    "listeners:\n  - {address: \"tls://127.0.0.1:0\", certificate: hss.crt, key: tls.key,"         \
    " ca: ca.crt}\n"
#define PROFILE                                                                                    \
    "profiles:\n  - name: default\n    ambr: {uplink: 50 Mbps, downlink: 50 Mbps}\n"               \
    "    apns: [{name: internet}]\n    default_apn: internet\n"

/* Of every two neighbours one has a peer that the other has not. */
static void write_config(unsigned i)
{
    FILE *f = fopen(pki_path(&pki, "hss", ".yaml"), "w");
    assert_non_null(f);
    fprintf(f,
            HEAD PROFILE "alarms: {suspected_theft_after: %u}\npeers:\n"
                         "  - {origin_host: stays.example.net, realm: example.net,"
                         " visited_plmns: [\"001-01\"], connections: %u}\n",
            1 + i % 50, 1 + i % 7);
    if (i % 2 == 0) {
        fprintf(f,
                "  - {origin_host: goes%u.example.net, realm: example.net,"
                " visited_plmns: [\"001-01\"]}\n",
                i % 6);
    }
    fclose(f);
}

static enum err reload(unsigned i)
{
    struct config_changes changes;
    struct config_why why;
    write_config(i);
    enum err err = hssd_reload(&h, &changes, &why);
    if (err == E_OK) {
        config_changes_free(&changes);
    } else {
        print_error("%s: %s\n", why.place, why.sentence);
    }
    return err;
}

static int up(void **state)
{
    (void)state;
    struct config_why why;
    struct store_why store;
    pki_open(&pki);
    pki_make(&pki, "ca", NULL, "ca", NULL);
    pki_make(&pki, "hss", "ca", "hss", "DNS:hss.example.net");
    rename(pki_path(&pki, "hss", ".key"), pki_path(&pki, "tls", ".key"));
    write_config(0);
    if (hssd_config_load(pki_path(&pki, "hss", ".yaml"), &first, &why) != E_OK) {
        fail_msg("%s: %s", why.place, why.sentence);
    }
    h = (struct hssd){.config = NULL};
    if (hssd_start(&h, first, NULL, &store) != E_OK) {
        fail_msg("%s", store.text);
    }
    return 0;
}

static int down(void **state)
{
    (void)state;
    hssd_stop(&h);
    hssd_config_free(first);
    pki_close(&pki);
    return 0;
}

/* Seconds of the control thread pass, until what was replaced is gone. */
static void ends(void)
{
    const struct timespec moment = {.tv_nsec = 1000000};
    while (snapshots_count(&h) > 1) {
        hssd_reload_tick(&h);
        nanosleep(&moment, NULL);
    }
}

static void what_is_the_same_makes_no_snapshot(void **state)
{
    (void)state;
    const struct hssd_config *was = h.config;
    for (unsigned i = 0; i < 5; i++) {
        assert_ok(reload(0));
        assert_ptr_equal(h.config, was);
        assert_int_equal(snapshots_count(&h), 1);
    }
}

static void what_is_held_stays_and_all_that_follows_it(void **state)
{
    (void)state;
    assert_ok(reload(1));
    ends();
    struct snapshot *held = snapshot_hold(&h);
    const struct hssd_config *was = h.config;
    for (unsigned i = 2; i < 6; i++) {
        assert_ok(reload(i));
        hssd_reload_tick(&h);
        assert_true(snapshots_count(&h) >= i - 1);
    }
    assert_int_equal(was->peers[0].connections, 2);
    snapshot_release(held);
    ends();
    assert_int_equal(((const struct hssd_config *)h.config)->peers[0].connections, 6);
}

static void without_snapshots_there_is_nothing_to_hold(void **state)
{
    (void)state;
    struct hssd none = {.config = first};
    struct snapshot *held = snapshot_hold(&none);
    assert_null(held);
    snapshot_release(held);
    assert_int_equal(snapshots_count(&none), 0);
    snapshots_tick(&none);
    snapshots_close(&none);
}

/* ---- while others look ---- */

static atomic_bool stopping;
static atomic_uint looked, posted;

static void looks_here(void)
{
    const struct hssd_config *c = h.config;
    size_t n = 0;
    struct hssd_peer_state *const *all = hssd_peers_all(&h, &n);
    bool whole = strcmp(c->profiles[0].name, "default") == 0 && n >= 1;
    for (size_t i = 0; whole && i < n; i++) {
        const struct hssd_peer *p = all[i]->peer;
        whole = strstr(p->origin_host, ".example.net") != NULL && p->n_visited_plmns == 1;
    }
    if (!whole) {
        fail_msg("half of a snapshot");
    }
    atomic_fetch_add(&looked, 1);
}

/* A thread that holds: of a pool. */
static void *holds(void *arg)
{
    while (!atomic_load(&stopping)) {
        struct snapshot *held = snapshot_hold(&h);
        looks_here();
        snapshot_release(held);
        hssd_event(&h, "shedding", NULL, NULL, "stays.example.net", NULL, "a test");
    }
    return arg;
}

/* One that keeps what it holds over several readings: of a webhook. */
static void *keeps(void *arg)
{
    while (!atomic_load(&stopping)) {
        struct snapshot *held = snapshot_hold(&h);
        const struct hssd_config *c = h.config;
        for (unsigned i = 0; i < 50; i++) {
            looks_here();
            assert_string_equal(c->profiles[0].name, "default");
            sched_yield();
        }
        snapshot_release(held);
    }
    return arg;
}

/* On a signalling thread, which holds nothing. */
static void on_thread(void *arg)
{
    (void)arg;
    looks_here();
    atomic_fetch_sub(&posted, 1);
}

static enum err on_writer(struct store_writer *w, struct writer_job *job)
{
    (void)w;
    (void)job;
    looks_here();
    return E_OK;
}

static void writer_back(struct writer_job *job)
{
    (void)job;
    atomic_fetch_sub(&posted, 1);
}

static void *posts(void *arg)
{
    static struct writer_job job;
    while (!atomic_load(&stopping)) {
        if (atomic_load(&posted) > 0) {
            sched_yield();
            continue;
        }
        atomic_store(&posted, 3);
        job = (struct writer_job){.run = on_writer, .done = writer_back};
        for (unsigned i = 0; i < 2; i++) {
            if (!hssd_thread_post(h.threads[i], on_thread, NULL)) {
                atomic_fetch_sub(&posted, 1);
            }
        }
        if (writer_submit(h.writer, &job) != E_OK) {
            atomic_fetch_sub(&posted, 1);
        }
    }
    while (atomic_load(&posted) > 0) {
        sched_yield();
    }
    return arg;
}

static void many_readings_leave_nothing_behind(void **state)
{
    (void)state;
    static void *(*const all[])(void *) = {holds, holds, keeps, posts};
    pthread_t threads[sizeof all / sizeof all[0]];
    size_t most = 0;
    atomic_store(&stopping, false);
    for (size_t i = 0; i < sizeof all / sizeof all[0]; i++) {
        assert_int_equal(pthread_create(&threads[i], NULL, all[i], NULL), 0);
    }
    for (unsigned i = 0; i < 150; i++) {
        assert_ok(reload(i));
        do {
            hssd_reload_tick(&h);
            sched_yield();
        } while (snapshots_count(&h) > 8); /* it gets there, whoever looks */
        most = snapshots_count(&h) > most ? snapshots_count(&h) : most;
    }
    while (atomic_load(&looked) < 1000) {
        sched_yield();
    }
    atomic_store(&stopping, true);
    for (size_t i = 0; i < sizeof all / sizeof all[0]; i++) {
        assert_int_equal(pthread_join(threads[i], NULL), 0);
    }
    assert_true(most > 1);
    ends();
}

#define CASE(f) cmocka_unit_test_setup_teardown(f, up, down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        CASE(what_is_the_same_makes_no_snapshot),
        CASE(what_is_held_stays_and_all_that_follows_it),
        CASE(without_snapshots_there_is_nothing_to_hold),
        CASE(many_readings_leave_nothing_behind),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
