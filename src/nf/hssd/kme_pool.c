#include "nf/hssd/kme_pool.h"

#include "crypto/openssl.h"
#include "nf/common/devid_port.h"
#include "nf/hssd/file_seen.h"

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

#define KEPT 1024 /* records, and as many chains, that a port remembers as verified */

struct worker {
    struct kme_tools tools;
    struct kme_pool *pool;
    pthread_t thread;
    bool runs;
    struct crypto crypto;
    struct devid_verifier **verifiers; /* one for each repository of the configuration */
    struct file_seen ca, crl;
    uint64_t look_ms; /* when they are looked at again */
};

struct kme_pool {
    const struct hssd_config *config;
    struct kme_pool_world world;
    pthread_mutex_t lock;
    pthread_cond_t wake;
    struct kme_job *head;
    struct kme_job **tail;
    unsigned waiting;
    bool stopping;
    unsigned n_workers;
    struct worker workers[HSSD_KME_THREADS_MAX];
};

/* ---- CAs and revocation lists ---- */

static uint64_t now_ms(const struct kme_pool *p)
{
    return p->world.now_ms(p->world.ctx);
}

/* After an error each verifier is as it was; those before it have the new files. */
static enum err reload(struct worker *w, struct verify_why *why)
{
    enum err err = E_OK;
    for (size_t i = 0; err == E_OK && i < w->pool->config->n_repositories; i++) {
        err = devid_port_reload(w->verifiers[i], why);
    }
    return err;
}

static void look_again(struct worker *w)
{
    const struct hssd_kme *c = &w->pool->config->kme;
    const struct kme_pool_world *world = &w->pool->world;
    struct verify_why why = {.text = ""};
    if (c->ca == NULL || now_ms(w->pool) < w->look_ms) {
        return;
    }
    struct file_seen ca = file_look(c->ca), crl = file_look(c->crl);
    w->look_ms = now_ms(w->pool) + KME_POOL_LOOK_MS;
    if (file_same(&ca, &w->ca) && file_same(&crl, &w->crl)) {
        return;
    }
    enum err err = reload(w, &why);
    if (err == E_OK) {
        w->ca = ca;
        w->crl = crl;
    }
    world->event(world->ctx, err == E_OK ? "devid-files-read" : "devid-files-bad", why.text);
}

/* ---- a thread ---- */

static const struct devid_port *port_of(const struct kme_tools *tools,
                                        const struct hssd_repository *repository)
{
    const struct worker *w = (const struct worker *)tools;
    const struct hssd_config *c = w->pool->config;
    for (size_t i = 0; repository != NULL && i < c->n_repositories; i++) {
        /* by its name: it may be of a snapshot that was read since the start */
        if (repository == &c->repositories[i] ||
            strcmp(c->repositories[i].name, repository->name) == 0) {
            return devid_port_of(w->verifiers[i]);
        }
    }
    return NULL;
}

static struct kme_job *take(struct kme_pool *p)
{
    pthread_mutex_lock(&p->lock);
    while (p->head == NULL && !p->stopping) {
        pthread_cond_wait(&p->wake, &p->lock);
    }
    struct kme_job *job = p->head;
    if (job != NULL) {
        p->head = job->next;
        p->tail = p->head == NULL ? &p->head : p->tail;
        p->waiting--;
    }
    pthread_mutex_unlock(&p->lock);
    return job;
}

static void *worker_main(void *arg)
{
    struct worker *w = arg;
    struct kme_job *job;
    /* Linux: of this thread alone. Where it may not, the pool is as good as the others. */
    (void)setpriority(PRIO_PROCESS, (id_t)gettid(), KME_POOL_NICE);
    while ((job = take(w->pool)) != NULL) {
        look_again(w);
        job->run(job, &w->tools);
    }
    return NULL;
}

/* ---- start and stop ---- */

static enum err ports_open(struct worker *w, struct verify_why *why)
{
    const struct hssd_config *c = w->pool->config;
    enum err err = E_OK;
    w->verifiers = calloc(c->n_repositories + 1, sizeof(struct devid_verifier *));
    if (w->verifiers == NULL) {
        return E_MEMORY;
    }
    w->ca = file_look(c->kme.ca); /* before they are read: what changes meanwhile is read again */
    w->crl = file_look(c->kme.crl);
    w->look_ms = now_ms(w->pool) + KME_POOL_LOOK_MS;
    for (size_t i = 0; err == E_OK && i < c->n_repositories; i++) {
        const struct hssd_repository *r = &c->repositories[i];
        const struct devid_port_options options = {.signers =
                                                       (const char *const *)(uintptr_t)r->signers,
                                                   .n_signers = r->n_signers,
                                                   .ca = c->kme.ca,
                                                   .crl = c->kme.crl,
                                                   .ca_with_binding = c->kme.ca_with_binding,
                                                   .kept = KEPT};
        err = devid_port_open(&options, &w->verifiers[i], why);
    }
    return err;
}

static enum err worker_start(struct kme_pool *p, struct store *s, struct verify_why *why)
{
    struct worker *w = &p->workers[p->n_workers++]; /* what is half made is closed too */
    w->pool = p;
    enum err err = crypto_openssl_open(&w->crypto);
    if (err == E_OK) {
        err = store_reader_open(s, &w->tools.reader);
    }
    if (err == E_OK) {
        err = ports_open(w, why);
    }
    if (err == E_OK) {
        w->tools.crypto = &w->crypto;
        w->tools.port = port_of;
        w->runs = pthread_create(&w->thread, NULL, worker_main, w) == 0;
        err = w->runs ? E_OK : E_IO;
    }
    return err;
}

enum err kme_pool_open(const struct hssd_config *config, struct store *s,
                       const struct kme_pool_world *world, struct kme_pool **out,
                       struct verify_why *why)
{
    struct kme_pool *p = calloc(1, sizeof *p);
    (void)snprintf(why->text, sizeof why->text, "the threads that open payloads do not start");
    if (p == NULL) {
        return E_MEMORY;
    }
    p->config = config;
    p->world = *world;
    p->tail = &p->head;
    pthread_mutex_init(&p->lock, NULL);
    pthread_cond_init(&p->wake, NULL);
    enum err err = E_OK;
    for (unsigned i = 0; err == E_OK && i < config->kme.threads; i++) {
        err = worker_start(p, s, why);
    }
    if (err != E_OK) {
        kme_pool_quiesce(p);
        kme_pool_close(p);
        return err;
    }
    *out = p;
    return E_OK;
}

void kme_pool_quiesce(struct kme_pool *p)
{
    if (p == NULL) {
        return;
    }
    pthread_mutex_lock(&p->lock);
    struct kme_job *job = p->head;
    p->stopping = true;
    p->head = NULL;
    p->tail = &p->head;
    p->waiting = 0;
    pthread_cond_broadcast(&p->wake);
    pthread_mutex_unlock(&p->lock);
    while (job != NULL) {
        struct kme_job *next = job->next; /* run may free the job */
        job->run(job, NULL);
        job = next;
    }
}

static void worker_close(const struct kme_pool *p, struct worker *w)
{
    if (w->runs) {
        pthread_join(w->thread, NULL);
    }
    for (size_t i = 0; w->verifiers != NULL && i < p->config->n_repositories; i++) {
        devid_port_close(w->verifiers[i]);
    }
    free(w->verifiers);
    if (w->tools.reader != NULL) {
        store_reader_close(w->tools.reader);
    }
    crypto_openssl_close(&w->crypto);
}

void kme_pool_close(struct kme_pool *p)
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

enum err kme_pool_submit(struct kme_pool *p, struct kme_job *job)
{
    enum err err = E_BUSY;
    job->next = NULL;
    pthread_mutex_lock(&p->lock);
    if (p->waiting < p->config->kme.queue && !p->stopping) {
        *p->tail = job;
        p->tail = &job->next;
        p->waiting++;
        err = E_OK;
        pthread_cond_signal(&p->wake);
    }
    pthread_mutex_unlock(&p->lock);
    return err;
}

unsigned kme_pool_waiting(struct kme_pool *p)
{
    pthread_mutex_lock(&p->lock);
    unsigned waiting = p->waiting;
    pthread_mutex_unlock(&p->lock);
    return waiting;
}
