#include "nf/hssd/onboard_pool.h"

#include "crypto/openssl.h"
#include "nf/hssd/file_seen.h"

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <unistd.h>

/* Two files that belong together. */
struct pair {
    struct file_seen a, b;
};
/* Of one authority, on one thread. */
struct station {
    struct onboard_authority *authority;
    struct https_client *client;
    struct pair seen; /* roots and list, as they were read */
};
struct worker {
    struct onboard_tools tools;
    struct onboard_pool *pool;
    pthread_t thread;
    bool runs;
    struct crypto crypto;
    struct onboard_signer *signer;
    struct onboard_operator *sealer;
    struct pair seen;         /* certificate and key, as they were read */
    struct station *stations; /* one for each authority of the configuration */
    uint64_t look_ms;         /* when files are looked at again */
};
/* Jobs of one authority. */
struct lane {
    unsigned waiting, running;
};
struct onboard_pool {
    const struct hssd_config *config;
    struct onboard_pool_world world;
    pthread_mutex_t lock;
    pthread_cond_t wake;
    struct onboard_job *head;
    struct onboard_job **tail;
    unsigned waiting;
    bool stopping;
    unsigned waiting_most, running_most; /* of one authority */
    struct lane lanes[HSSD_AUTHORITIES_MAX];
    struct pair told[1 + HSSD_AUTHORITIES_MAX]; /* the operator's, and those of authorities */
    unsigned n_workers;
    struct worker workers[HSSD_ONBOARD_THREADS_MAX];
};

static uint64_t now_ms(const struct onboard_pool *p)
{
    return p->world.now_ms(p->world.ctx);
}

/* ---- files ---- */

static struct pair look(const char *a, const char *b)
{
    return (struct pair){file_look(a), file_look(b)};
}

static bool same(const struct pair *x, const struct pair *y)
{
    return file_same(&x->a, &y->a) && file_same(&x->b, &y->b);
}

/* Every thread reads them; the first one says so. */
static void tell(struct onboard_pool *p, size_t which, const struct pair *now, enum err err,
                 const char *detail)
{
    pthread_mutex_lock(&p->lock);
    bool news = !same(&p->told[which], now);
    p->told[which] = *now;
    pthread_mutex_unlock(&p->lock);
    if (news) {
        p->world.event(p->world.ctx, err == E_OK ? "onboarding-files-read" : "onboarding-files-bad",
                       detail);
    }
}

/* After an error the thread goes on with what it has. */
static enum err operator_open(struct worker *w, const struct pair *now, struct verify_why *why)
{
    const struct hssd_onboarding *c = &w->pool->config->onboarding;
    struct onboard_signer *signer = NULL;
    struct onboard_operator *sealer = NULL;
    enum err err = onboard_signer_open(c->certificate, c->key, &signer, why);
    if (err == E_OK) {
        err = onboard_operator_open(signer, &sealer);
    }
    if (err != E_OK) {
        onboard_signer_close(signer);
        return err;
    }
    onboard_operator_close(w->sealer);
    onboard_signer_close(w->signer);
    w->signer = signer;
    w->sealer = sealer;
    w->seen = *now;
    w->tools.signer = signer;
    w->tools.operator_port = onboard_operator_port(sealer);
    return E_OK;
}

static void look_at_operator(struct worker *w)
{
    const struct hssd_onboarding *c = &w->pool->config->onboarding;
    const struct pair now = look(c->certificate, c->key);
    struct verify_why why = {.text = ""};
    if (!same(&now, &w->seen)) {
        enum err err = operator_open(w, &now, &why);
        tell(w->pool, 0, &now, err, err == E_OK ? c->certificate : why.text);
    }
}

static void look_at_authority(struct worker *w, size_t i)
{
    const struct hssd_authority *c = &w->pool->config->onboarding.authorities[i];
    struct station *s = &w->stations[i];
    const struct pair now = look(c->roots, c->device_crl);
    struct verify_why why = {.text = ""};
    if (same(&now, &s->seen)) {
        return;
    }
    enum err err = onboard_authority_reload(s->authority, &why);
    if (err == E_OK) {
        s->seen = now;
    }
    tell(w->pool, 1 + i, &now, err, err == E_OK ? c->roots : why.text);
}

static void look_again(struct worker *w)
{
    if (now_ms(w->pool) < w->look_ms) {
        return;
    }
    w->look_ms = now_ms(w->pool) + ONBOARD_POOL_LOOK_MS;
    look_at_operator(w);
    for (size_t i = 0; i < w->pool->config->onboarding.n_authorities; i++) {
        look_at_authority(w, i);
    }
}

/* ---- a thread ---- */

/* The first of an authority that has not as many as it may. Under the lock. */
static struct onboard_job *first_that_may(struct onboard_pool *p)
{
    struct onboard_job **at = &p->head;
    while (*at != NULL && p->lanes[(*at)->authority].running >= p->running_most) {
        at = &(*at)->next;
    }
    struct onboard_job *job = *at;
    if (job != NULL) {
        *at = job->next;
        p->tail = p->tail == &job->next ? at : p->tail;
        p->waiting--;
        p->lanes[job->authority].waiting--;
        p->lanes[job->authority].running++;
    }
    return job;
}

static struct onboard_job *take(struct onboard_pool *p)
{
    struct onboard_job *job = NULL;
    pthread_mutex_lock(&p->lock);
    while (!p->stopping && (job = first_that_may(p)) == NULL) {
        pthread_cond_wait(&p->wake, &p->lock);
    }
    pthread_mutex_unlock(&p->lock);
    return job;
}

static void release(struct onboard_pool *p, size_t authority)
{
    pthread_mutex_lock(&p->lock);
    p->lanes[authority].running--;
    if (p->head != NULL) {
        pthread_cond_signal(&p->wake);
    }
    pthread_mutex_unlock(&p->lock);
}

static void serve(struct worker *w, struct onboard_job *job)
{
    struct station *s = &w->stations[job->authority];
    look_again(w);
    w->tools.authority_port = onboard_authority_port(s->authority);
    w->tools.client = &s->client;
    job->run(job, &w->tools);
}

static void *worker_main(void *arg)
{
    struct worker *w = arg;
    struct onboard_job *job;
    /* Linux: of this thread alone. Where it may not, the pool is as good as the others. */
    (void)setpriority(PRIO_PROCESS, (id_t)gettid(), ONBOARD_POOL_NICE);
    while ((job = take(w->pool)) != NULL) {
        const size_t authority = job->authority;
        if (now_ms(w->pool) - job->since_ms > ONBOARD_POOL_WAIT_MS) {
            job->run(job, NULL);
        } else {
            serve(w, job);
        }
        release(w->pool, authority);
    }
    return NULL;
}

/* ---- start and stop ---- */

static enum err station_open(struct station *s, const struct hssd_authority *a,
                             struct verify_why *why)
{
    const struct onboard_authority_options options = {
        .signers = (const char *const *)(uintptr_t)a->signers,
        .n_signers = a->n_signers,
        .roots = a->roots,
        .crl = a->device_crl};
    s->seen = look(a->roots, a->device_crl); /* before: what changes meanwhile is read again */
    return onboard_authority_open(&options, &s->authority, why);
}

static enum err parts_open(struct worker *w, struct store *s, struct verify_why *why)
{
    const struct hssd_onboarding *c = &w->pool->config->onboarding;
    const struct pair now = look(c->certificate, c->key);
    w->stations = calloc(c->n_authorities, sizeof *w->stations);
    if (w->stations == NULL) {
        return E_MEMORY;
    }
    enum err err = crypto_openssl_open(&w->crypto);
    if (err == E_OK) {
        err = store_reader_open(s, &w->tools.reader);
    }
    if (err == E_OK) {
        err = operator_open(w, &now, why);
    }
    for (size_t i = 0; err == E_OK && i < c->n_authorities; i++) {
        err = station_open(&w->stations[i], &c->authorities[i], why);
    }
    w->tools.crypto = &w->crypto;
    w->look_ms = now_ms(w->pool) + ONBOARD_POOL_LOOK_MS;
    return err;
}

static enum err worker_start(struct onboard_pool *p, struct store *s, struct verify_why *why)
{
    struct worker *w = &p->workers[p->n_workers++]; /* what is half made is closed too */
    w->pool = p;
    enum err err = parts_open(w, s, why);
    if (err == E_OK) {
        w->runs = pthread_create(&w->thread, NULL, worker_main, w) == 0;
        err = w->runs ? E_OK : E_IO;
    }
    return err;
}

/* Where there are others, three of four. */
static unsigned share(unsigned all, size_t authorities)
{
    return authorities > 1 && all > 1 ? all - (all + 3) / 4 : all;
}

static void told_nothing(struct onboard_pool *p)
{
    const struct hssd_onboarding *c = &p->config->onboarding;
    p->told[0] = look(c->certificate, c->key);
    for (size_t i = 0; i < c->n_authorities; i++) {
        p->told[1 + i] = look(c->authorities[i].roots, c->authorities[i].device_crl);
    }
}

enum err onboard_pool_open(const struct hssd_config *config, struct store *s,
                           const struct onboard_pool_world *world, struct onboard_pool **out,
                           struct verify_why *why)
{
    const struct hssd_onboarding *c = &config->onboarding;
    struct onboard_pool *p = calloc(1, sizeof *p);
    (void)snprintf(why->text, sizeof why->text, "the threads that serve devices do not start");
    if (p == NULL) {
        return E_MEMORY;
    }
    p->config = config;
    p->world = *world;
    p->tail = &p->head;
    p->waiting_most = share(c->queue, c->n_authorities);
    p->running_most = share(c->threads, c->n_authorities);
    pthread_mutex_init(&p->lock, NULL);
    pthread_cond_init(&p->wake, NULL);
    told_nothing(p);
    enum err err = E_OK;
    for (unsigned i = 0; err == E_OK && i < c->threads; i++) {
        err = worker_start(p, s, why);
    }
    if (err != E_OK) {
        onboard_pool_quiesce(p);
        onboard_pool_close(p);
        return err;
    }
    *out = p;
    return E_OK;
}

void onboard_pool_quiesce(struct onboard_pool *p)
{
    if (p == NULL) {
        return;
    }
    pthread_mutex_lock(&p->lock);
    struct onboard_job *job = p->head;
    p->stopping = true;
    p->head = NULL;
    p->tail = &p->head;
    p->waiting = 0;
    pthread_cond_broadcast(&p->wake);
    pthread_mutex_unlock(&p->lock);
    while (job != NULL) {
        struct onboard_job *next = job->next; /* run may free the job */
        job->run(job, NULL);
        job = next;
    }
}

static void worker_close(const struct onboard_pool *p, struct worker *w)
{
    if (w->runs) {
        pthread_join(w->thread, NULL);
    }
    for (size_t i = 0; w->stations != NULL && i < p->config->onboarding.n_authorities; i++) {
        https_client_close(w->stations[i].client);
        onboard_authority_close(w->stations[i].authority);
    }
    free(w->stations);
    onboard_operator_close(w->sealer);
    onboard_signer_close(w->signer);
    if (w->tools.reader != NULL) {
        store_reader_close(w->tools.reader);
    }
    crypto_openssl_close(&w->crypto);
}

void onboard_pool_close(struct onboard_pool *p)
{
    if (p == NULL) {
        return;
    }
    for (unsigned i = 0; i < p->n_workers; i++) {
        worker_close(p, &p->workers[i]);
    }
    pthread_cond_destroy(&p->wake);
    pthread_mutex_destroy(&p->lock);
    free(p);
}

/* ---- jobs ---- */

/*= certattach-quotas */
enum err onboard_pool_submit(struct onboard_pool *p, struct onboard_job *job)
{
    enum err err = E_BUSY;
    job->next = NULL;
    job->since_ms = now_ms(p);
    pthread_mutex_lock(&p->lock);
    struct lane *lane = &p->lanes[job->authority];
    if (p->waiting < p->config->onboarding.queue && lane->waiting < p->waiting_most &&
        !p->stopping) {
        *p->tail = job;
        p->tail = &job->next;
        p->waiting++;
        lane->waiting++;
        err = E_OK;
        pthread_cond_signal(&p->wake);
    }
    pthread_mutex_unlock(&p->lock);
    return err;
}

unsigned onboard_pool_waiting(struct onboard_pool *p)
{
    pthread_mutex_lock(&p->lock);
    unsigned waiting = p->waiting;
    pthread_mutex_unlock(&p->lock);
    return waiting;
}
