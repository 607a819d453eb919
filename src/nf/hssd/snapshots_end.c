/* Snapshots come into force and end: part of nf/hssd/snapshots.h. */
#include "nf/hssd/snapshots_parts.h"

#include "nf/hssd/peers.h"
#include "nf/hssd/s6a.h"

#include <stdlib.h>

/* ---- passing ---- */

static void thread_passes(void *arg)
{
    struct passer *p = arg;
    atomic_store(&p->passed, p->asked);
}

static enum err writer_run(struct store_writer *w, struct writer_job *job)
{
    (void)w;
    (void)job;
    return E_OK;
}

static void writer_passes(struct writer_job *job)
{
    struct snapshots *all = (struct snapshots *)((char *)job - offsetof(struct snapshots, job));
    atomic_store(&all->writer.passed, all->writer.asked);
}

/* False: what it was asked last is still under way. */
static bool may_ask(struct passer *p, uint64_t number)
{
    return p->asked < number && atomic_load(&p->passed) == p->asked;
}

/* `asked` goes back when there was no room: nothing is under way then. */
static void ask(struct hssd *h, uint64_t number)
{
    struct snapshots *all = h->snapshots;
    for (unsigned i = 0; i < h->n_threads; i++) {
        struct passer *p = &all->threads[i];
        const uint64_t before = p->asked;
        if (may_ask(p, number)) {
            p->asked = number;
            if (!hssd_thread_post(h->threads[i], thread_passes, p)) {
                p->asked = before;
            }
        }
    }
    if (h->writer != NULL && may_ask(&all->writer, number)) {
        const uint64_t before = all->writer.asked;
        all->writer.asked = number;
        all->job = (struct writer_job){.run = writer_run, .done = writer_passes};
        if (writer_submit(h->writer, &all->job) != E_OK) {
            all->writer.asked = before;
        }
    }
}

/* Has everybody seen what came behind it? */
static bool is_passed(const struct hssd *h, uint64_t number)
{
    const struct snapshots *all = h->snapshots;
    bool passed = h->writer == NULL || atomic_load(&all->writer.passed) > number;
    for (unsigned i = 0; i < h->n_threads; i++) {
        passed = passed && atomic_load(&all->threads[i].passed) > number;
    }
    return passed;
}

/* ---- the control thread ---- */

enum err snapshots_open(struct hssd *h)
{
    struct snapshots *all = calloc(1, sizeof *all);
    struct snapshot *first = calloc(1, sizeof *first);
    if (all == NULL || first == NULL) {
        free(all);
        free(first);
        return E_MEMORY;
    }
    all->oldest = first;
    atomic_init(&all->in_force, first);
    h->snapshots = all;
    return E_OK;
}

enum err snapshots_prepare(struct hssd *h)
{
    struct snapshots *all = h->snapshots;
    if (all == NULL) {
        return E_BAD_STATE;
    }
    if (all->unused == NULL) {
        all->unused = calloc(1, sizeof *all->unused);
    }
    return all->unused != NULL ? E_OK : E_MEMORY;
}

void snapshots_take(struct hssd *h, struct hssd_config *config, struct hssd_peers_table *peers)
{
    struct snapshots *all = h->snapshots;
    struct snapshot *was = atomic_load(&all->in_force), *s = all->unused;
    all->unused = s->newer;
    s->number = was->number + 1;
    s->config = config;
    s->peers = NULL;
    s->newer = NULL;
    was->newer = s;
    was->peers = peers;
    atomic_store(&h->config, config); /* first: whoever holds `s` sees this one, or one behind it */
    atomic_store(&all->in_force, s);
}

static void content_free(struct snapshot *s)
{
    hssd_peers_table_free(s->peers);
    hssd_config_free(s->config);
    s->peers = NULL;
    s->config = NULL;
}

void snapshots_tick(struct hssd *h)
{
    struct snapshots *all = h->snapshots;
    if (all == NULL) {
        return;
    }
    const struct snapshot *now = atomic_load(&all->in_force);
    while (all->oldest != now && is_passed(h, all->oldest->number) &&
           atomic_load(&all->oldest->holds) == 0) {
        struct snapshot *s = all->oldest;
        all->oldest = s->newer;
        content_free(s);
        s->newer = all->unused;
        all->unused = s;
    }
    if (all->oldest != now) {
        ask(h, now->number);
    }
}

size_t snapshots_count(const struct hssd *h)
{
    size_t n = 0;
    const struct snapshot *s = h->snapshots != NULL ? h->snapshots->oldest : NULL;
    for (; s != NULL; s = s->newer) {
        n++;
    }
    return n;
}

void snapshots_close(struct hssd *h)
{
    struct snapshots *all = h->snapshots;
    struct snapshot *lists[2] = {NULL, NULL};
    if (all == NULL) {
        return;
    }
    lists[0] = all->oldest;
    lists[1] = all->unused;
    for (unsigned i = 0; i < 2; i++) {
        while (lists[i] != NULL) {
            struct snapshot *s = lists[i];
            lists[i] = s->newer;
            content_free(s);
            free(s);
        }
    }
    free(all);
    h->snapshots = NULL;
}
