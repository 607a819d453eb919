#include "nf/hssd/admin_worker.h"

#include <pthread.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <unistd.h>

struct admin_worker {
    pthread_t thread;
    pthread_mutex_t lock;
    pthread_cond_t wake;
    struct admin_task *head;
    struct admin_task **tail;
    bool stopping;
    bool joined; /* of the thread that stops it */
};

/* NULL: nothing more will come. */
static struct admin_task *next_task(struct admin_worker *w)
{
    pthread_mutex_lock(&w->lock);
    while (w->head == NULL && !w->stopping) {
        pthread_cond_wait(&w->wake, &w->lock);
    }
    struct admin_task *task = w->head;
    if (task != NULL) {
        w->head = task->next;
        w->tail = w->head == NULL ? &w->head : w->tail;
        task->skipped = w->stopping;
    }
    pthread_mutex_unlock(&w->lock);
    return task;
}

static void *working(void *arg)
{
    struct admin_worker *w = arg;
    struct admin_task *task;
    (void)setpriority(PRIO_PROCESS, (id_t)gettid(), ADMIN_WORKER_NICE); /* this thread's alone */
    while ((task = next_task(w)) != NULL) {
        if (!task->skipped) {
            task->run(task);
        }
        task->done(task);
    }
    return NULL;
}

enum err admin_worker_start(struct admin_worker **out)
{
    struct admin_worker *w = calloc(1, sizeof *w);
    if (w == NULL) {
        return E_MEMORY;
    }
    w->tail = &w->head;
    pthread_mutex_init(&w->lock, NULL);
    pthread_cond_init(&w->wake, NULL);
    if (pthread_create(&w->thread, NULL, working, w) != 0) {
        w->joined = true;
        admin_worker_free(w);
        return E_IO;
    }
    *out = w;
    return E_OK;
}

void admin_worker_submit(struct admin_worker *w, struct admin_task *task)
{
    task->next = NULL;
    task->skipped = false;
    pthread_mutex_lock(&w->lock);
    bool late = w->stopping;
    if (!late) {
        *w->tail = task;
        w->tail = &task->next;
        pthread_cond_signal(&w->wake);
    }
    pthread_mutex_unlock(&w->lock);
    if (late) {
        task->skipped = true;
        task->done(task);
    }
}

void admin_worker_stop(struct admin_worker *w)
{
    if (w == NULL || w->joined) {
        return;
    }
    pthread_mutex_lock(&w->lock);
    w->stopping = true;
    pthread_cond_signal(&w->wake);
    pthread_mutex_unlock(&w->lock);
    pthread_join(w->thread, NULL);
    w->joined = true;
}

void admin_worker_free(struct admin_worker *w)
{
    if (w != NULL) {
        pthread_cond_destroy(&w->wake);
        pthread_mutex_destroy(&w->lock);
        free(w);
    }
}
