/* test/nf/writer_test.c - the one writer: nothing is told before it is durable, a failed job leaves
 * nothing behind, a full queue says so. */
#include "lib/check.h"

#include "nf/hssd/writer.h"

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static char dir[64];
static struct store *store;

static void path_of(char out[static 128], const char *name)
{
    snprintf(out, 128, "%s/%s", dir, name);
}

static int store_up(void **state)
{
    (void)state;
    char db[128];
    char key[128];
    struct store_why why;
    strcpy(dir, "/tmp/bindery-writer-XXXXXX");
    if (mkdtemp(dir) == NULL) {
        return -1;
    }
    path_of(db, "w.db");
    path_of(key, "kek");
    const struct store_options options = {.path = db, .kek_path = key, .create = true};
    return store_open(&options, &store, &why) == E_OK ? 0 : -1;
}

static int store_down(void **state)
{
    (void)state;
    static const char *const files[] = {"w.db", "w.db-wal", "w.db-shm", "w.db.lock", "kek"};
    char path[128];
    store_close(store);
    for (size_t i = 0; i < sizeof files / sizeof *files; i++) {
        path_of(path, files[i]);
        (void)unlink(path);
    }
    return rmdir(dir);
}

/* ---- jobs ---- */

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t changed = PTHREAD_COND_INITIALIZER;
static unsigned finished;
static bool gate_open;

struct put {
    struct writer_job job;
    unsigned number;
    bool fail;    /* after its change */
    bool durable; /* what a second connection saw when done was called */
};

static struct imsi imsi_nr(unsigned n)
{
    char text[16];
    struct imsi imsi;
    snprintf(text, sizeof text, "001010%09u", n);
    if (imsi_parse(bytes_of_str(text), &imsi) != E_OK) {
        abort();
    }
    return imsi;
}

static bool is_stored(unsigned n)
{
    struct store_reader *reader;
    struct store_subscriber row;
    struct imsi imsi = imsi_nr(n);
    bool found = store_reader_open(store, &reader) == E_OK &&
                 store_read_subscriber(reader, &imsi, &row) == E_OK;
    store_reader_close(reader);
    return found;
}

static enum err put_run(struct store_writer *w, struct writer_job *job)
{
    struct put *p = (struct put *)job;
    enum store_did did;
    struct store_subscriber row = {.imsi = imsi_nr(p->number),
                                   .keys = {.algorithm = 1, .k.n = 16, .opc.n = 16, .res_len = 8},
                                   .profile = "default"};
    enum err err = store_put_subscriber(w, STORE_INSERT, &row, &did);
    return err == E_OK && p->fail ? E_CONFLICT : err;
}

static void put_done(struct writer_job *job)
{
    struct put *p = (struct put *)job;
    p->durable = is_stored(p->number);
    pthread_mutex_lock(&lock);
    finished++;
    pthread_cond_signal(&changed);
    pthread_mutex_unlock(&lock);
}

static enum err gate_run(struct store_writer *w, struct writer_job *job)
{
    (void)w;
    (void)job;
    pthread_mutex_lock(&lock);
    while (!gate_open) {
        pthread_cond_wait(&changed, &lock);
    }
    pthread_mutex_unlock(&lock);
    return E_OK;
}

static void gate_done(struct writer_job *job)
{
    (void)job;
}

static struct put put_of(unsigned number, bool fail)
{
    return (struct put){.job = {.run = put_run, .done = put_done}, .number = number, .fail = fail};
}

static void a_change_is_durable_before_its_owner_is_told(void **state)
{
    (void)state;
    struct writer *w;
    struct put p[50];
    assert_ok(writer_start(store, 64, &w));
    for (unsigned i = 0; i < 50; i++) {
        p[i] = put_of(i, false);
        assert_ok(writer_submit(w, &p[i].job));
    }
    writer_stop(w);
    for (unsigned i = 0; i < 50; i++) {
        assert_ok(p[i].job.result);
        assert_true(p[i].durable);
    }
}

static void a_job_that_fails_leaves_nothing_and_costs_no_other(void **state)
{
    (void)state;
    struct writer *w;
    struct put p[3] = {put_of(1, false), put_of(2, true), put_of(3, false)};
    assert_ok(writer_start(store, 64, &w));
    for (unsigned i = 0; i < 3; i++) {
        assert_ok(writer_submit(w, &p[i].job));
    }
    writer_stop(w);
    assert_ok(p[0].job.result);
    assert_err(p[1].job.result, E_CONFLICT);
    assert_ok(p[2].job.result);
    assert_true(is_stored(1));
    assert_false(is_stored(2));
    assert_true(is_stored(3));
}

static void a_full_queue_is_said_at_once_and_events_yield_first(void **state)
{
    (void)state;
    struct writer *w;
    struct writer_job gate = {.run = gate_run, .done = gate_done};
    struct put p[5];
    gate_open = false;
    assert_ok(writer_start(store, 4, &w));
    assert_ok(writer_submit(w, &gate));
    while (writer_depth(w) > 0) {
        usleep(100); /* until the writer has taken the gate; nothing is asserted on time */
    }
    for (unsigned i = 0; i < 5; i++) {
        p[i] = put_of(i, false);
    }
    assert_ok(writer_submit_low(w, &p[0].job));
    assert_ok(writer_submit_low(w, &p[1].job));
    assert_err(writer_submit_low(w, &p[2].job), E_BUSY);
    assert_ok(writer_submit(w, &p[2].job));
    assert_ok(writer_submit(w, &p[3].job));
    assert_err(writer_submit(w, &p[4].job), E_BUSY);
    assert_int_equal(writer_depth(w), 4);
    pthread_mutex_lock(&lock);
    gate_open = true;
    pthread_cond_signal(&changed);
    pthread_mutex_unlock(&lock);
    writer_stop(w);
    assert_true(is_stored(3));
    assert_false(is_stored(4));
}

/* As at the end of a daemon: what still waits elsewhere may submit, and must find a writer. */
static void a_drained_writer_has_done_all_and_takes_no_more(void **state)
{
    (void)state;
    struct writer *w;
    struct put p[2] = {put_of(1, false), put_of(2, false)};
    assert_ok(writer_start(store, 64, &w));
    assert_ok(writer_submit(w, &p[0].job));
    writer_drain(w);
    assert_true(is_stored(1));
    assert_err(writer_submit(w, &p[1].job), E_BUSY);
    assert_err(writer_submit_low(w, &p[1].job), E_BUSY);
    writer_drain(w);
    writer_stop(w);
    assert_false(is_stored(2));
}

/* ---- can the store be written? ---- */

static enum err as_wanted_run(struct store_writer *w, struct writer_job *job)
{
    (void)w;
    return ((struct put *)job)->fail ? E_IO : E_OK;
}

static void told(struct writer_job *job)
{
    pthread_mutex_lock(&lock);
    ((struct put *)job)->durable = true;
    pthread_cond_signal(&changed);
    pthread_mutex_unlock(&lock);
}

/* A batch of its own, and told of. What it made of the writer stands before it is told. */
static void one(struct writer *w, bool works, bool probes)
{
    struct put p = {.job = {.run = as_wanted_run, .done = told, .probes = probes}, .fail = !works};
    assert_ok(writer_submit(w, &p.job));
    pthread_mutex_lock(&lock);
    while (!p.durable) {
        pthread_cond_wait(&changed, &lock);
    }
    pthread_mutex_unlock(&lock);
}

static void probes(struct writer *w, unsigned n)
{
    for (unsigned i = 0; i < n; i++) {
        one(w, true, true);
    }
}

static void note_turn(void *ctx, bool failing)
{
    unsigned *turns = ctx;
    turns[failing]++;
}

static void each_change_of_the_answer_is_told_once_and_no_request_is(void **state)
{
    (void)state;
    struct writer *w;
    unsigned turns[2] = {0, 0};
    assert_ok(writer_start(store, 64, &w));
    writer_watch(w, note_turn, turns);
    for (unsigned round = 1; round <= 2; round++) {
        one(w, false, false);
        assert_int_equal(turns[true], round - 1); /* one is only doubt */
        for (unsigned i = 0; i < 5; i++) {
            one(w, false, false);
        }
        assert_int_equal(turns[true], round);
        probes(w, 2 * WRITER_PROBES);
        assert_int_equal(turns[false], round);
    }
    writer_stop(w);
}

static void one_failure_makes_for_doubt_and_the_second_for_failing(void **state)
{
    (void)state;
    struct writer *w;
    assert_ok(writer_start(store, 64, &w));
    assert_false(writer_wants_probe(w) || writer_is_failing(w));
    one(w, false, false);
    assert_true(writer_wants_probe(w));
    assert_false(writer_is_failing(w));
    probes(w, WRITER_PROBES);
    assert_false(writer_wants_probe(w) || writer_is_failing(w));
    one(w, false, false); /* long after the first */
    assert_false(writer_is_failing(w));
    one(w, false, true); /* a probe that fails counts like any other */
    assert_true(writer_wants_probe(w) && writer_is_failing(w));
    writer_stop(w);
}

static void only_probes_in_a_row_say_that_it_can_be_written_again(void **state)
{
    (void)state;
    struct writer *w;
    assert_ok(writer_start(store, 64, &w));
    one(w, false, false);
    one(w, false, false);
    for (unsigned i = 0; i < 50; i++) {
        one(w, true, false); /* what is small still fits */
        assert_true(writer_is_failing(w));
    }
    probes(w, WRITER_PROBES - 1);
    assert_true(writer_is_failing(w));
    one(w, false, false);
    probes(w, WRITER_PROBES - 1);
    assert_true(writer_is_failing(w)); /* they count from the last failure on */
    probes(w, 1);
    assert_false(writer_is_failing(w) || writer_wants_probe(w));
    writer_stop(w);
}

/* Small changes that fit and large ones that do not, in turns: one answer, not one after another.
 */
static void failures_and_successes_in_turns_change_the_answer_once(void **state)
{
    (void)state;
    struct writer *w;
    unsigned changes = 0;
    bool before = false;
    assert_ok(writer_start(store, 64, &w));
    for (unsigned i = 0; i < 100; i++) {
        one(w, i % 3 != 0, i % 3 == 1);
        changes += writer_is_failing(w) != before;
        before = writer_is_failing(w);
    }
    assert_int_equal(changes, 1);
    assert_true(before);
    writer_stop(w);
}

#define CASE(f) cmocka_unit_test_setup_teardown(f, store_up, store_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        CASE(a_change_is_durable_before_its_owner_is_told),
        CASE(a_job_that_fails_leaves_nothing_and_costs_no_other),
        CASE(a_full_queue_is_said_at_once_and_events_yield_first),
        CASE(a_drained_writer_has_done_all_and_takes_no_more),
        CASE(each_change_of_the_answer_is_told_once_and_no_request_is),
        CASE(one_failure_makes_for_doubt_and_the_second_for_failing),
        CASE(only_probes_in_a_row_say_that_it_can_be_written_again),
        CASE(failures_and_successes_in_turns_change_the_answer_once),
    };
    return cmocka_run_group_tests_name("writer", tests, NULL, NULL);
}
