#include "cli/waiting.h"

#include <pthread.h>
#include <stdio.h>
#include <time.h>
#include <unistd.h>

struct job {
    void (*work)(void *ctx);
    void *ctx;
    pthread_mutex_t lock;
    pthread_cond_t ended;
    int done;
};

static void *carry_out(void *ctx)
{
    struct job *j = ctx;
    j->work(j->ctx);
    (void)pthread_mutex_lock(&j->lock);
    j->done = 1;
    (void)pthread_cond_signal(&j->ended);
    (void)pthread_mutex_unlock(&j->lock);
    return NULL;
}

/* Looks up each quarter of a second, or when the work has ended. */
static void show_until_done(struct job *j, const char *what)
{
    struct timespec began, next;
    (void)clock_gettime(CLOCK_REALTIME, &began);
    next = began;
    (void)pthread_mutex_lock(&j->lock);
    while (!j->done) {
        next.tv_nsec += 250000000;
        next.tv_sec += next.tv_nsec / 1000000000;
        next.tv_nsec %= 1000000000;
        (void)pthread_cond_timedwait(&j->ended, &j->lock, &next);
        fprintf(stderr, "\r\033[K%s ... %ld s", what, (long)(next.tv_sec - began.tv_sec));
        (void)fflush(stderr);
    }
    (void)pthread_mutex_unlock(&j->lock);
    fputs("\r\033[K", stderr);
}

void waiting_for(const char *what, void (*work)(void *ctx), void *ctx)
{
    struct job j = {work, ctx, PTHREAD_MUTEX_INITIALIZER, PTHREAD_COND_INITIALIZER, 0};
    pthread_t thread;
    if (!isatty(STDERR_FILENO) || pthread_create(&thread, NULL, carry_out, &j) != 0) {
        work(ctx);
        return;
    }
    show_until_done(&j, what);
    (void)pthread_join(thread, NULL);
}
