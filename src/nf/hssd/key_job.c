#include "nf/hssd/key_job.h"

#include "nf/hssd/audit.h"
#include "nf/hssd/writer.h"
#include "store/store_reseal.h"

#include <inttypes.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <time.h>
#include <unistd.h>

#define KEY_JOB_NICE 10
#define PAUSE_MS     1u    /* between two changes at least; */
#define PAUSE_MAX_MS 200u  /* at most */
#define AGAIN_MS     1000u /* after a failure, or a full writer */

struct key_job {
    struct writer_job job; /* first */
    struct hssd *h;
    struct store_reader *reader;
    pthread_t thread;
    pthread_mutex_t lock;
    pthread_cond_t wake; /* of the thread; on the monotonic clock */
    bool wanted, stopping, done;
    bool reserved; /* the control thread's */
    /* of the change that is under way */
    struct store_reseal row;
    struct store_damaged damaged;
    bool left;
};

void hssd_log_damaged(struct hssd *h, const struct store_sealed_value *v)
{
    const struct log_field fields[] = {LOG_FIELD_STR("value", v->place),
                                       LOG_FIELD_IMSI(v->imsi.n > 0 ? &v->imsi : NULL),
                                       LOG_FIELD_IMEI(v->imei.digits[0] != '\0' ? &v->imei : NULL),
                                       LOG_FIELD_STR("lot", v->lot[0] != '\0' ? v->lot : NULL)};
    log_line(h->log, LOG_LEVEL_ERROR, "sealed-value-damaged", fields,
             sizeof fields / sizeof *fields);
}

/* ---- at the writer ---- */

static enum err run_step(struct store_writer *w, struct writer_job *job)
{
    struct key_job *j = (struct key_job *)job;
    return store_reseal_step(w, hssd_unix_seconds(), &j->row, &j->damaged);
}

/* Old data keys go here, which is for the audit log too. */
static enum err run_end(struct store_writer *w, struct writer_job *job)
{
    struct key_job *j = (struct key_job *)job;
    enum err err = store_reseal_end(w, j->left, hssd_unix_seconds(), &j->row);
    if (err != E_OK) {
        return err;
    }
    const struct audit_note note = {
        .who = AUDIT_WHO_DAEMON,
        .from = AUDIT_WHO_DAEMON,
        .action = "reseal",
        .target = "keys/reseal",
        .outcome = j->row.state == STORE_RESEAL_FAILED ? "failed" : "done",
        .after = json_pack("{s:I,s:I,s:I}", "data_key", (json_int_t)j->row.key_id, "resealed",
                           (json_int_t)j->row.resealed, "failed", (json_int_t)j->row.failed)};
    return hssd_audit(j->h, w, &note);
}

static void on_done(struct writer_job *job)
{
    struct key_job *j = (struct key_job *)job;
    pthread_mutex_lock(&j->lock);
    j->done = true;
    pthread_cond_signal(&j->wake);
    pthread_mutex_unlock(&j->lock);
}

static enum err change(struct key_job *j,
                       enum err (*run)(struct store_writer *w, struct writer_job *job))
{
    j->job.run = run;
    j->job.done = on_done;
    j->done = false;
    enum err err = writer_submit_low(j->h->writer, &j->job);
    if (err != E_OK) {
        return err;
    }
    pthread_mutex_lock(&j->lock);
    while (!j->done) {
        pthread_cond_wait(&j->wake, &j->lock);
    }
    pthread_mutex_unlock(&j->lock);
    return j->job.result;
}

/* ---- the thread ---- */

/* False: it is to end. */
static bool wait_ms(struct key_job *j, uint64_t ms)
{
    struct timespec until;
    clock_gettime(CLOCK_MONOTONIC, &until);
    until.tv_sec += (time_t)(ms / 1000);
    until.tv_nsec += (long)(ms % 1000) * 1000000;
    if (until.tv_nsec >= 1000000000) {
        until.tv_sec++;
        until.tv_nsec -= 1000000000;
    }
    pthread_mutex_lock(&j->lock);
    while (!j->stopping && pthread_cond_timedwait(&j->wake, &j->lock, &until) == 0) {
    }
    bool goes_on = !j->stopping;
    pthread_mutex_unlock(&j->lock);
    return goes_on;
}

static bool wait_until_wanted(struct key_job *j)
{
    pthread_mutex_lock(&j->lock);
    while (!j->stopping && !j->wanted) {
        pthread_cond_wait(&j->wake, &j->lock);
    }
    j->wanted = false;
    bool goes_on = !j->stopping;
    pthread_mutex_unlock(&j->lock);
    return goes_on;
}

static bool is_under_way(const struct store_reseal *row)
{
    return row->state == STORE_RESEAL_RUNNING || row->state == STORE_RESEAL_CHECKING;
}

static void tell_end(struct key_job *j)
{
    char detail[160];
    const bool failed = j->row.state == STORE_RESEAL_FAILED;
    snprintf(detail, sizeof detail,
             "data key %" PRIu32 ": %" PRIu64 " sealed again, %" PRIu64 " do not open%s%s",
             j->row.key_id, j->row.resealed, j->row.failed,
             j->row.failed > 0 ? "; the log names them" : "",
             failed ? "; the old data keys stay" : "");
    hssd_event(j->h, failed ? "reseal-failed" : "reseal-ended", NULL, NULL, NULL, NULL, detail);
}

/* The look through all tables takes its time, and nobody waits for it. */
static enum err check_and_end(struct key_job *j)
{
    enum err err = store_reseal_check(j->reader, j->row.key_id, &j->left);
    if (err == E_OK) {
        err = change(j, run_end);
    }
    if (err == E_OK) {
        tell_end(j);
    }
    return err == E_NOT_FOUND ? E_OK : err; /* it was stopped meanwhile */
}

/* After the commit: a step that was undone comes by them again. */
static void tell_damaged(struct key_job *j)
{
    for (size_t i = 0; i < j->damaged.n; i++) {
        hssd_log_damaged(j->h, &j->damaged.v[i]);
    }
    j->damaged.n = 0;
}

static enum err do_some(struct key_job *j)
{
    enum err err = change(j, run_step);
    if (err == E_OK) {
        tell_damaged(j);
    }
    if (err == E_OK && j->row.state == STORE_RESEAL_CHECKING) {
        err = check_and_end(j);
    }
    return err;
}

static uint64_t pause_after(uint64_t took_ms)
{
    uint64_t ms = took_ms < PAUSE_MS ? PAUSE_MS : took_ms;
    return ms > PAUSE_MAX_MS ? PAUSE_MAX_MS : ms;
}

static void say_failure(struct key_job *j, enum err err)
{
    const struct log_field fields[] = {LOG_FIELD_STR("why", err_sentence(err))};
    log_line(j->h->log, LOG_LEVEL_ERROR, "reseal-not-written", fields, 1);
}

/* Until there is nothing to do, or the process ends. */
static bool work(struct key_job *j)
{
    enum err err = store_read_reseal(j->reader, &j->row);
    bool goes_on = true;
    while (goes_on && (err != E_OK || is_under_way(&j->row))) {
        uint64_t began = hssd_monotonic_ms();
        if (err == E_OK) {
            err = do_some(j);
        } else {
            err = store_read_reseal(j->reader, &j->row);
        }
        if (err != E_OK && err != E_BUSY) {
            say_failure(j, err);
        }
        goes_on = wait_ms(j, err == E_OK ? pause_after(hssd_monotonic_ms() - began) : AGAIN_MS);
    }
    return goes_on;
}

static void *working(void *arg)
{
    struct key_job *j = arg;
    (void)setpriority(PRIO_PROCESS, (id_t)gettid(), KEY_JOB_NICE); /* this thread's alone */
    while (wait_until_wanted(j) && work(j)) {
    }
    return NULL;
}

/* ---- start and stop ---- */

static void free_job(struct key_job *j)
{
    store_reader_close(j->reader);
    pthread_cond_destroy(&j->wake);
    pthread_mutex_destroy(&j->lock);
    free(j);
}

enum err key_job_start(struct hssd *h)
{
    pthread_condattr_t clock;
    struct key_job *j = calloc(1, sizeof *j);
    if (j == NULL) {
        return E_MEMORY;
    }
    j->h = h;
    j->wanted = true; /* one may have been left */
    pthread_condattr_init(&clock);
    pthread_condattr_setclock(&clock, CLOCK_MONOTONIC);
    pthread_mutex_init(&j->lock, NULL);
    pthread_cond_init(&j->wake, &clock);
    pthread_condattr_destroy(&clock);
    enum err err = store_reader_open(h->store, &j->reader);
    if (err == E_OK && pthread_create(&j->thread, NULL, working, j) != 0) {
        err = E_IO;
    }
    if (err != E_OK) {
        free_job(j);
        return err;
    }
    h->key_job = j;
    return E_OK;
}

void key_job_wake(struct key_job *j)
{
    pthread_mutex_lock(&j->lock);
    j->wanted = true;
    pthread_cond_signal(&j->wake);
    pthread_mutex_unlock(&j->lock);
}

void key_job_close(struct hssd *h)
{
    struct key_job *j = h->key_job;
    if (j == NULL) {
        return;
    }
    pthread_mutex_lock(&j->lock);
    j->stopping = true;
    pthread_cond_signal(&j->wake);
    pthread_mutex_unlock(&j->lock);
    pthread_join(j->thread, NULL);
    free_job(j);
    h->key_job = NULL;
}

bool key_job_reserve(struct key_job *j)
{
    bool was = j->reserved;
    j->reserved = true;
    return !was;
}

void key_job_release(struct key_job *j)
{
    j->reserved = false;
}
