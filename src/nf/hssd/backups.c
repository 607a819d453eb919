#include "nf/hssd/backups.h"

#include "nf/common/store_note.h"
#include "nf/hssd/admin_worker.h"
#include "nf/hssd/audit.h"
#include "nf/hssd/event_feed.h"
#include "nf/hssd/writer.h"

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <time.h>
#include <unistd.h>

#define REST_NS                                                                                    \
    2000000 /* after each step of 1 MiB: at most half a GB/s, and others get the disk              \
             */

/* What became of one that is `begun` in the audit log. */
struct outcome {
    char who[ADMIN_WHO_MAX], from[ADMIN_FROM_MAX];
    char name[STORE_BACKUP_NAME_MAX + 1];
    enum err err;
    char sha256[65];
};
#define OUTCOMES_MAX 8u /* that wait for a store that can be written again */

struct backups {
    struct writer_job job; /* first: writes outcomes, one job at a time */
    struct hssd *h;
    pthread_t thread;
    bool joinable;
    atomic_bool stopping;
    char store[PATH_MAX], out[PATH_MAX]; /* the thread's, while it runs */
    pthread_mutex_t lock;                /* of all below */
    pthread_cond_t told;
    struct backups_view view;
    struct admin_who who; /* who had the one of the view made; no scope */
    bool telling;         /* the job is at the writer, with the first `taken` outcomes */
    size_t n_outcomes, taken;
    struct outcome outcomes[OUTCOMES_MAX];
};

enum err backups_open(struct hssd *h, struct backups **out)
{
    struct backups *b = calloc(1, sizeof *b);
    if (b == NULL) {
        return E_MEMORY;
    }
    b->h = h;
    pthread_mutex_init(&b->lock, NULL);
    pthread_cond_init(&b->told, NULL);
    *out = b;
    return E_OK;
}

/* ---- it came from one ---- */

struct restored_job {
    struct writer_job job;
    struct hssd *h;
    struct store_event event;
};

static enum err restored_run(struct store_writer *w, struct writer_job *job)
{
    struct restored_job *j = (struct restored_job *)job;
    const struct store_origin *o = store_origin_of(j->h->store);
    char made[STORE_NOTE_TIME];
    store_note_time(o, made);
    const struct audit_note note = {
        .who = AUDIT_WHO_DAEMON,
        .action = "store-restored",
        .target = "backups",
        .outcome = "restored",
        .after = json_pack("{s:s,s:s,s:s}", "name", o->backup, "made", made, "sha256", o->sha256)};
    enum err err = hssd_audit(j->h, w, &note);
    if (err == E_OK) {
        err = store_add_event(w, &j->event, j->h->config->limits.events_kept);
    }
    return err == E_OK ? store_origin_told(w) : err;
}

static void restored_done(struct writer_job *job)
{
    const struct restored_job *j = (const struct restored_job *)job;
    if (job->result == E_OK) {
        event_feed_tell(j->h->feed);
    }
    free(job);
}

void backups_tell_restored(struct hssd *h)
{
    const struct store_origin *o = store_origin_of(h->store);
    struct restored_job *j = o->restored ? calloc(1, sizeof *j) : NULL;
    struct timespec now;
    char made[STORE_NOTE_TIME];
    store_note_restored(h->log, o);
    if (j == NULL) {
        return;
    }
    clock_gettime(CLOCK_REALTIME, &now);
    store_note_time(o, made);
    *j = (struct restored_job){.job = {.run = restored_run, .done = restored_done}, .h = h};
    j->event.at_ms = (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
    (void)snprintf(j->event.name, sizeof j->event.name, "store-restored");
    (void)snprintf(j->event.detail, sizeof j->event.detail, "made %s, SHA-256 %s, %s", made,
                   o->sha256, o->backup);
    if (writer_submit(h->writer, &j->job) != E_OK) {
        free(j);
    }
}

bool backup_name_ok(const char *name)
{
    static const char letters[] =
        "0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ._-";
    size_t n = strlen(name);
    return n > 0 && n <= STORE_BACKUP_NAME_MAX - strlen(BACKUP_SUFFIX) &&
           strspn(name, letters) == n && strchr("._-", name[0]) == NULL;
}

bool backup_path(const struct hssd_config *config, const char *name, char out[static PATH_MAX])
{
    return snprintf(out, PATH_MAX, "%s/%s" BACKUP_SUFFIX, config->backup_folder, name) < PATH_MAX;
}

/* ---- what became of it, for the audit log: until it is written, for the disk may be full ---- */

static enum err outcomes_run(struct store_writer *w, struct writer_job *job)
{
    const struct backups *b = (const struct backups *)job;
    enum err err = E_OK;
    for (size_t i = 0; i < b->taken && err == E_OK; i++) {
        const struct outcome *o = &b->outcomes[i]; /* those that are taken stay as they are */
        const bool ok = o->err == E_OK;
        const struct audit_note note = {.who = o->who,
                                        .from = o->from,
                                        .action = "POST /v1/backups",
                                        .target = "backups",
                                        .outcome = ok ? "done" : "failed",
                                        .after = json_pack("{s:s,s:s}", "name", o->name,
                                                           ok ? "sha256" : "cause",
                                                           ok ? o->sha256 : err_name(o->err))};
        err = hssd_audit(b->h, w, &note);
    }
    return err;
}

static void outcomes_done(struct writer_job *job)
{
    struct backups *b = (struct backups *)job;
    pthread_mutex_lock(&b->lock);
    if (job->result == E_OK) {
        b->n_outcomes -= b->taken;
        memmove(b->outcomes, b->outcomes + b->taken, b->n_outcomes * sizeof *b->outcomes);
    }
    b->telling = false;
    pthread_cond_signal(&b->told);
    pthread_mutex_unlock(&b->lock);
}

/* With the lock. */
static void tell_outcomes(struct backups *b)
{
    if (b->telling || b->n_outcomes == 0) {
        return;
    }
    b->telling = true;
    b->taken = b->n_outcomes;
    b->job.run = outcomes_run;
    b->job.done = outcomes_done;
    if (writer_submit(b->h->writer, &b->job) != E_OK) {
        b->telling = false; /* the next tick tries again */
    }
}

static void lost(struct hssd *h, const struct outcome *o)
{
    const struct log_field fields[] = {LOG_FIELD_STR("action", "POST /v1/backups"),
                                       LOG_FIELD_STR("target", o->name),
                                       LOG_FIELD_STR("who", o->who)};
    log_line(h->log, LOG_LEVEL_ERROR, "audit-lost", fields, sizeof fields / sizeof *fields);
}

/* With the lock. m: of one that was made. */
static void note_outcome(struct backups *b, const struct admin_who *who, const char *name,
                         enum err err, const struct store_manifest *m)
{
    struct outcome o = {.err = err};
    (void)snprintf(o.who, sizeof o.who, "%s", who->name);
    (void)snprintf(o.from, sizeof o.from, "%s", who->from);
    (void)snprintf(o.name, sizeof o.name, "%s", name);
    (void)snprintf(o.sha256, sizeof o.sha256, "%s", err == E_OK && m != NULL ? m->sha256 : "");
    if (b->n_outcomes == OUTCOMES_MAX) {
        lost(b->h, &o);
        return;
    }
    b->outcomes[b->n_outcomes++] = o;
    tell_outcomes(b);
}

void backups_tick(struct backups *b)
{
    if (b != NULL) {
        pthread_mutex_lock(&b->lock);
        tell_outcomes(b);
        pthread_mutex_unlock(&b->lock);
    }
}

/* Nobody adds any more: what waits is tried a last time. */
static void outcomes_close(struct backups *b)
{
    pthread_mutex_lock(&b->lock);
    for (unsigned i = 0; i < 2; i++) {
        while (b->telling) {
            pthread_cond_wait(&b->told, &b->lock);
        }
        if (i == 0) {
            tell_outcomes(b);
        }
    }
    for (size_t i = 0; i < b->n_outcomes; i++) {
        lost(b->h, &b->outcomes[i]);
    }
    pthread_mutex_unlock(&b->lock);
}

/* ---- the thread ---- */

static bool go_on(void *ctx, uint64_t pages, uint64_t of)
{
    struct backups *b = ctx;
    const struct timespec rest = {0, REST_NS};
    pthread_mutex_lock(&b->lock);
    b->view.pages = pages;
    b->view.of = of;
    pthread_mutex_unlock(&b->lock);
    (void)nanosleep(&rest, NULL);
    return !atomic_load(&b->stopping);
}

static void ended(struct backups *b, enum err err, const struct store_manifest *m,
                  const struct store_why *why)
{
    char detail[160];
    bool ok = err == E_OK;
    pthread_mutex_lock(&b->lock);
    (void)snprintf(detail, sizeof detail, "%s: %.80s", b->view.name, ok ? m->sha256 : why->text);
    b->view.state = ok ? BACKUP_MADE : BACKUP_FAILED;
    b->view.ended = hssd_unix_seconds();
    b->view.err = err;
    (void)snprintf(b->view.why, sizeof b->view.why, "%s", ok ? "" : why->text);
    note_outcome(b, &b->who, b->view.name, err, m);
    pthread_mutex_unlock(&b->lock);
    hssd_event(b->h, ok ? "backup-made" : "backup-failed", NULL, NULL, NULL,
               ok ? NULL : err_name(err), detail);
}

static void *run(void *arg)
{
    struct backups *b = arg;
    const struct store_backup_options options = {
        .store = b->store, .out = b->out, .go_on = go_on, .ctx = b};
    struct store_manifest *m = calloc(1, sizeof *m);
    struct store_why why = {E_MEMORY, "no memory"};
    (void)setpriority(PRIO_PROCESS, (id_t)gettid(), ADMIN_WORKER_NICE); /* this thread's alone */
    enum err err = m == NULL ? E_MEMORY : store_backup_make(&options, m, &why);
    ended(b, err, m, &why);
    free(m);
    return NULL;
}

/* ---- the control thread ---- */

static enum err prepare(struct backups *b, const char *name)
{
    const struct hssd_config *config = b->h->config;
    if (config->backup_folder == NULL) {
        return E_BAD_STATE;
    }
    if (!backup_path(config, name, b->out) ||
        snprintf(b->store, sizeof b->store, "%s", config->store_path) >= (int)sizeof b->store) {
        return E_BAD_VALUE;
    }
    return access(b->out, F_OK) == 0 ? E_EXISTS : E_OK;
}

enum err backups_may(struct backups *b, const char *name)
{
    struct backups_view now;
    backups_look(b, &now);
    if (now.state == BACKUP_RUNS) {
        return E_BUSY;
    }
    if (b->joinable) {
        pthread_join(b->thread, NULL);
        b->joinable = false;
    }
    return prepare(b, name);
}

/* With the name of the audit log's entry, whatever comes of it. */
static enum err begin(struct backups *b, const char *name, const struct admin_who *who)
{
    enum err err = backups_may(b, name);
    if (err != E_OK) {
        return err;
    }
    pthread_mutex_lock(&b->lock);
    b->view = (struct backups_view){.state = BACKUP_RUNS, .started = hssd_unix_seconds()};
    b->who = *who;
    b->who.scope = NULL; /* good as long as the call alone */
    (void)snprintf(b->view.name, sizeof b->view.name, "%s", name);
    pthread_mutex_unlock(&b->lock);
    if (pthread_create(&b->thread, NULL, run, b) != 0) {
        pthread_mutex_lock(&b->lock);
        b->view.state = BACKUP_NONE;
        pthread_mutex_unlock(&b->lock);
        return E_IO;
    }
    b->joinable = true;
    return E_OK;
}

enum err backups_begin(struct backups *b, const char *name, const struct admin_who *who)
{
    enum err err = begin(b, name, who);
    if (err != E_OK) {
        pthread_mutex_lock(&b->lock);
        note_outcome(b, who, name, err, NULL);
        pthread_mutex_unlock(&b->lock);
    }
    return err;
}

void backups_look(struct backups *b, struct backups_view *out)
{
    pthread_mutex_lock(&b->lock);
    *out = b->view;
    pthread_mutex_unlock(&b->lock);
}

void backups_close(struct backups *b)
{
    if (b == NULL) {
        return;
    }
    atomic_store(&b->stopping, true);
    if (b->joinable) {
        pthread_join(b->thread, NULL);
    }
    outcomes_close(b);
    pthread_cond_destroy(&b->told);
    pthread_mutex_destroy(&b->lock);
    free(b);
}
