#include "nf/common/file_watch.h"

#include "net/cert_ends.h"

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <time.h>

#define SIZES_EVERY_S        5
#define CERTIFICATES_EVERY_S 60

struct file_watch {
    pthread_t thread;
    pthread_mutex_t lock;
    pthread_cond_t wake;   /* for the thread */
    pthread_cond_t looked; /* for who waits */
    struct file_watch_seen *seen;
    size_t n, left_out;
    uint64_t generation; /* of the list */
    bool all;            /* look at everything now */
    bool whole;          /* all were looked at once */
    bool stopping;
    void (*also)(void *ctx);
    void *ctx;
};

/* ---- one file ---- */

static void look_store(struct file_watch_seen *s)
{
    char wal[sizeof s->path + 8];
    struct stat st;
    struct statvfs disk;
    if (stat(s->path, &st) != 0) {
        return;
    }
    s->readable = true;
    s->bytes = (uint64_t)st.st_size;
    (void)snprintf(wal, sizeof wal, "%s-wal", s->path);
    s->wal_bytes = stat(wal, &st) == 0 ? (uint64_t)st.st_size : 0;
    if (statvfs(s->path, &disk) == 0) {
        s->disk_free = (uint64_t)disk.f_bavail * disk.f_frsize;
        s->disk_size = (uint64_t)disk.f_blocks * disk.f_frsize;
    }
}

void file_watch_look(struct file_watch_seen *s)
{
    s->looked = true;
    s->readable = false;
    s->certificate_until = s->list_until = 0;
    s->bytes = s->wal_bytes = s->disk_free = s->disk_size = 0;
    if (s->kind == FILE_WATCH_STORE) {
        look_store(s);
    } else {
        s->readable = cert_ends_read(s->path, &s->certificate_until, &s->list_until) == E_OK;
    }
}

/* ---- the thread ---- */

/* Under the lock at first and at last; the file itself is looked at without it. */
static void look_at(struct file_watch *w, size_t i)
{
    const uint64_t generation = w->generation;
    struct file_watch_seen s = w->seen[i];
    pthread_mutex_unlock(&w->lock);
    file_watch_look(&s);
    pthread_mutex_lock(&w->lock);
    if (generation == w->generation) {
        w->seen[i] = s;
    }
}

/* Under the lock. */
static void round_of(struct file_watch *w, bool certificates)
{
    const uint64_t generation = w->generation;
    for (size_t i = 0; i < w->n && !w->stopping && generation == w->generation; i++) {
        if (certificates || w->seen[i].kind == FILE_WATCH_STORE) {
            look_at(w, i);
        }
    }
    if (certificates && w->also != NULL && !w->stopping) {
        pthread_mutex_unlock(&w->lock);
        w->also(w->ctx);
        pthread_mutex_lock(&w->lock);
    }
    if (certificates && generation == w->generation) {
        w->whole = true;
        pthread_cond_broadcast(&w->looked);
    }
}

static void *watch_main(void *arg)
{
    struct file_watch *w = arg;
    unsigned turn = 0;
    pthread_mutex_lock(&w->lock);
    while (!w->stopping) {
        struct timespec until;
        const bool all = w->all || turn == 0;
        w->all = false;
        round_of(w, all);
        turn = all ? 1 : (turn + 1) % (CERTIFICATES_EVERY_S / SIZES_EVERY_S);
        (void)clock_gettime(CLOCK_MONOTONIC, &until);
        until.tv_sec += SIZES_EVERY_S;
        int waited = 0;
        while (!w->stopping && !w->all && waited == 0) {
            waited = pthread_cond_timedwait(&w->wake, &w->lock, &until);
        }
    }
    pthread_mutex_unlock(&w->lock);
    return NULL;
}

/* ---- start and stop ---- */

enum err file_watch_open(void (*also)(void *ctx), void *ctx, struct file_watch **out)
{
    pthread_condattr_t monotonic;
    struct file_watch *w = calloc(1, sizeof *w);
    if (w == NULL) {
        return E_MEMORY;
    }
    w->also = also;
    w->ctx = ctx;
    (void)pthread_condattr_init(&monotonic);
    (void)pthread_condattr_setclock(&monotonic, CLOCK_MONOTONIC);
    (void)pthread_mutex_init(&w->lock, NULL);
    (void)pthread_cond_init(&w->wake, &monotonic);
    (void)pthread_cond_init(&w->looked, &monotonic);
    (void)pthread_condattr_destroy(&monotonic);
    if (pthread_create(&w->thread, NULL, watch_main, w) != 0) {
        (void)pthread_cond_destroy(&w->looked);
        (void)pthread_cond_destroy(&w->wake);
        (void)pthread_mutex_destroy(&w->lock);
        free(w);
        return E_IO;
    }
    *out = w;
    return E_OK;
}

static void seen_of(const struct file_watch_item *item, struct file_watch_seen *s)
{
    const size_t n = strlen(item->path);
    const char *end = n < sizeof s->path ? item->path : item->path + n - (sizeof s->path - 1);
    *s = (struct file_watch_seen){.kind = item->kind};
    (void)snprintf(s->use, sizeof s->use, "%s", item->use);
    (void)snprintf(s->path, sizeof s->path, "%s", end);
}

static bool has(const struct file_watch_seen *seen, size_t n, const struct file_watch_seen *one)
{
    for (size_t i = 0; i < n; i++) {
        if (strcmp(seen[i].use, one->use) == 0 && strcmp(seen[i].path, one->path) == 0) {
            return true;
        }
    }
    return false;
}

struct file_watch_list {
    struct file_watch_seen *seen;
    size_t n, left_out;
};

void file_watch_list_drop(struct file_watch_list *list)
{
    if (list != NULL) {
        free(list->seen);
        free(list);
    }
}

enum err file_watch_list_of(const struct file_watch_item *items, size_t n,
                            struct file_watch_list **out)
{
    struct file_watch_list *list = calloc(1, sizeof *list);
    if (list != NULL) {
        list->seen = calloc(n < FILE_WATCH_MAX ? n + 1 : FILE_WATCH_MAX, sizeof *list->seen);
    }
    if (list == NULL || list->seen == NULL) {
        free(list);
        return E_MEMORY;
    }
    for (size_t i = 0; i < n; i++) {
        struct file_watch_seen one;
        if (items[i].path == NULL || items[i].path[0] == '\0') {
            continue;
        }
        seen_of(&items[i], &one);
        if (list->n == FILE_WATCH_MAX) {
            list->left_out++;
        } else if (!has(list->seen, list->n, &one)) {
            list->seen[list->n++] = one;
        }
    }
    *out = list;
    return E_OK;
}

void file_watch_take(struct file_watch *w, struct file_watch_list *list)
{
    pthread_mutex_lock(&w->lock);
    free(w->seen);
    w->seen = list->seen;
    w->n = list->n;
    w->left_out = list->left_out;
    w->generation++;
    w->whole = false;
    w->all = true;
    pthread_cond_signal(&w->wake);
    pthread_mutex_unlock(&w->lock);
    free(list);
}

enum err file_watch_set(struct file_watch *w, const struct file_watch_item *items, size_t n)
{
    struct file_watch_list *list = NULL;
    const enum err err = file_watch_list_of(items, n, &list);
    if (err == E_OK) {
        file_watch_take(w, list);
    }
    return err;
}

size_t file_watch_left_out(struct file_watch *w)
{
    pthread_mutex_lock(&w->lock);
    const size_t n = w->left_out;
    pthread_mutex_unlock(&w->lock);
    return n;
}

size_t file_watch_see(struct file_watch *w, struct file_watch_seen *out, size_t n)
{
    pthread_mutex_lock(&w->lock);
    const size_t have = w->n < n ? w->n : n;
    if (have > 0) {
        memcpy(out, w->seen, have * sizeof *out);
    }
    pthread_mutex_unlock(&w->lock);
    return have;
}

bool file_watch_wait(struct file_watch *w, unsigned ms)
{
    struct timespec until;
    (void)clock_gettime(CLOCK_MONOTONIC, &until);
    until.tv_sec += (time_t)(ms / 1000);
    until.tv_nsec += (long)(ms % 1000) * 1000000;
    if (until.tv_nsec >= 1000000000) {
        until.tv_sec++;
        until.tv_nsec -= 1000000000;
    }
    int waited = 0;
    pthread_mutex_lock(&w->lock);
    while ((!w->whole || w->all) && waited == 0) {
        waited = pthread_cond_timedwait(&w->looked, &w->lock, &until);
    }
    const bool whole = w->whole && !w->all;
    pthread_mutex_unlock(&w->lock);
    return whole;
}

void file_watch_kick(struct file_watch *w)
{
    pthread_mutex_lock(&w->lock);
    w->all = true;
    pthread_cond_signal(&w->wake);
    pthread_mutex_unlock(&w->lock);
}

void file_watch_close(struct file_watch *w)
{
    if (w == NULL) {
        return;
    }
    pthread_mutex_lock(&w->lock);
    w->stopping = true;
    pthread_cond_signal(&w->wake);
    pthread_mutex_unlock(&w->lock);
    (void)pthread_join(w->thread, NULL);
    (void)pthread_cond_destroy(&w->looked);
    (void)pthread_cond_destroy(&w->wake);
    (void)pthread_mutex_destroy(&w->lock);
    free(w->seen);
    free(w);
}
