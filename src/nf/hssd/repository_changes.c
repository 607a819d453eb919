#include "nf/hssd/repository_parts.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#define PAGE_REST_MS 20

/* ---- up and down ---- */

bool repository_is_silent(const struct source *s)
{
    return s->seen.state == REPOSITORY_DOWN && s->seen.cause == DEVID_CAUSE_REPOSITORY_SILENT;
}

struct moved {
    bool up, down;
    enum devid_cause cause;
};

/* Under the lock. */
static struct moved move(struct source *s, bool up, enum devid_cause cause)
{
    struct repository_state *now = &s->seen;
    struct moved m = {.cause = cause};
    if (up ? now->state == REPOSITORY_UP : now->state == REPOSITORY_DOWN && now->cause == cause) {
        return m;
    }
    now->state = up ? REPOSITORY_UP : REPOSITORY_DOWN;
    now->cause = cause;
    now->since_ms = repository_now(s->all);
    m.up = up;
    m.down = !up;
    return m;
}

/* Under the lock. What an inquiry was answered says that somebody is there; whether the changes
 * come says only their pull. */
static struct moved judge(struct source *s, enum err err, enum devid_cause cause, bool changes)
{
    if (err != E_OK) {
        s->failures++;
        return s->failures >= REPOSITORY_TRIES ? move(s, false, DEVID_CAUSE_REPOSITORY_SILENT)
                                               : (struct moved){.up = false};
    }
    s->failures = 0;
    if (cause == DEVID_CAUSE_REPOSITORY_REFUSED || cause == DEVID_CAUSE_REPOSITORY_BAD) {
        return move(s, false, cause);
    }
    bool counts = changes || s->seen.state == REPOSITORY_UNTRIED || repository_is_silent(s);
    return counts ? move(s, true, DEVID_CAUSE_NONE) : (struct moved){.up = false};
}

bool repository_contact(struct source *s, enum err err, enum devid_cause cause, bool changes,
                        const char *reason)
{
    const struct repository_world *w = &s->all->world;
    pthread_mutex_lock(&s->lock);
    bool silent = repository_is_silent(s);
    struct moved m = judge(s, err, cause, changes);
    bool went_silent = !silent && repository_is_silent(s);
    if (went_silent) {
        s->backoff_ms = REPOSITORY_BACKOFF_MS;
        s->from_ms = repository_now(s->all);
        s->rest_ms = s->backoff_ms;
        pthread_cond_broadcast(&s->due);
    }
    pthread_mutex_unlock(&s->lock);
    if (m.up) {
        w->event(w->ctx, "repository-up", s->config->name, NULL, NULL, s->config->url);
    } else if (m.down) {
        w->event(w->ctx, "repository-down", s->config->name, NULL, devid_cause_name(m.cause),
                 reason);
    }
    return went_silent;
}

/* ---- pulling ---- */

/* Leaves only what this repository is asked about: it has no say in the devices of others. */
static void keep_own(struct source *s, struct repository_page *page)
{
    size_t n = 0;
    for (size_t i = 0; i < page->n; i++) {
        if (hssd_config_repository_of(s->all->config, &page->changes[i].imei) == s->config) {
            page->changes[n++] = page->changes[i];
        }
    }
    page->n = n;
}

/* Tells the cache and the questions that are out. */
static void spread(struct source *s, const struct repository_page *page)
{
    const struct repository_world *w = &s->all->world;
    for (size_t i = 0; i < page->n; i++) {
        const struct repository_change *c = &page->changes[i];
        pthread_mutex_lock(&s->lock);
        repository_overtake(s, c);
        bool had = repository_cache_changed(s->all->cache, c);
        pthread_mutex_unlock(&s->lock);
        repository_count(&s->n_changes);
        if (c->revoked) {
            repository_count(&s->n_revoked);
        }
        if (c->revoked && had) {
            w->event(w->ctx, "binding-revoked", s->config->name, &c->imei,
                     devid_cause_name(DEVID_CAUSE_REVOKED), "its answer was dropped");
        }
    }
}

/* Keeps the revocations of a page only, at its front. */
static size_t revocations(struct repository_page *page)
{
    size_t n = 0;
    for (size_t i = 0; i < page->n; i++) {
        if (page->changes[i].revoked) {
            page->changes[n++] = page->changes[i];
        }
    }
    return n;
}

static uint64_t cursor_of(struct source *s)
{
    pthread_mutex_lock(&s->lock);
    uint64_t cursor = s->seen.cursor;
    pthread_mutex_unlock(&s->lock);
    return cursor;
}

static bool store_cursor(struct source *s, uint64_t cursor, const struct repository_change *revoked,
                         size_t n)
{
    const struct repository_world *w = &s->all->world;
    if (w->changed(w->ctx, s->config->name, cursor, revoked, n) != E_OK) {
        return false;
    }
    pthread_mutex_lock(&s->lock);
    s->seen.cursor = cursor;
    pthread_mutex_unlock(&s->lock);
    return true;
}

/* A repository that was put back to an earlier state, or replaced by another of the same name,
 * counts its serials anew: by them nothing that is kept here can be told from what it will say, and
 * its next revocations would be below the cursor. So all of it is taken from the first at the next
 * pull; not at once, as one that says so each time would be asked without a rest. */
static bool begin_anew(struct source *s, uint64_t last, uint64_t before)
{
    const struct repository_world *w = &s->all->world;
    char detail[128];
    repository_cache_restart(s->all->cache);
    if (!store_cursor(s, 0, NULL, 0)) {
        return false;
    }
    (void)snprintf(detail, sizeof detail,
                   "its last serial is %" PRIu64 ", and %" PRIu64
                   " was taken before: its changes are taken from the first",
                   last, before);
    w->event(w->ctx, "repository-set-back", s->config->name, NULL, NULL, detail);
    return true;
}

/* The marks of revocations stand in the cache before memories are forgotten: a registration that
 * comes in between is not remembered (ulr.c asks when it writes). */
static bool take(struct source *s, struct repository_page *page, uint64_t before)
{
    if (page->behind) {
        return begin_anew(s, page->next, before);
    }
    keep_own(s, page);
    spread(s, page);
    size_t n = revocations(page);
    if (n == 0 && page->next == before) {
        return true; /* nothing is new: nothing is written */
    }
    return store_cursor(s, page->next, page->changes, n);
}

/*= devid-cache */
/* One page. *more: there is another. False: it did not go well. */
static bool pull(struct source *s, bool *more)
{
    struct https_reply reply;
    char path[96];
    uint64_t cursor = cursor_of(s);
    enum devid_cause cause = DEVID_CAUSE_NONE;
    (void)snprintf(path, sizeof path, "/v1/changes?after=%" PRIu64 "&limit=%u", cursor,
                   REPOSITORY_PAGE);
    enum err err = repository_get(s, &s->changes_client, CHANGES_WAIT_MS, path, &reply);
    if (err == E_OK || err == E_NO_ROOM) {
        cause = err == E_OK ? repository_page_read(reply.status, reply.body, cursor, &s->page)
                            : DEVID_CAUSE_REPOSITORY_BAD;
        err = E_OK;
        (void)snprintf(reply.reason, sizeof reply.reason, "its changes: status %u", reply.status);
    }
    if (repository_contact(s, err, cause, true, reply.reason)) {
        repository_give_up(s);
    }
    *more = err == E_OK && cause == DEVID_CAUSE_NONE && s->page.more;
    return err == E_OK && cause == DEVID_CAUSE_NONE && take(s, &s->page, cursor);
}

/* The rest between two pages leaves the repository, and what it allows this operator in a second,
 * to inquiries. */
static bool pull_all(struct source *s)
{
    bool more = true;
    bool well = true;
    while (well && more && !atomic_load(&s->all->stopping)) {
        well = pull(s, &more);
        if (well && more) {
            pthread_mutex_lock(&s->lock);
            repository_wait(s->all, &s->due, &s->lock, repository_now(s->all) + PAGE_REST_MS);
            pthread_mutex_unlock(&s->lock);
        }
    }
    return well;
}

/* ---- when ---- */

/* Under the lock. */
static void plan_next(struct source *s, bool well)
{
    uint64_t normal = s->all->config->devid.changes_seconds * UINT64_C(1000);
    uint64_t longer = s->backoff_ms == 0 ? REPOSITORY_BACKOFF_MS : 2 * s->backoff_ms;
    s->backoff_ms = well ? 0 : longer < REPOSITORY_BACKOFF_MOST ? longer : REPOSITORY_BACKOFF_MOST;
    s->rest_ms = well ? normal : s->backoff_ms;
    s->from_ms = repository_now(s->all);
    s->seen.tried_ms = s->from_ms;
}

void *repository_changes_main(void *source)
{
    struct source *s = source;
    pthread_mutex_lock(&s->lock);
    while (!atomic_load(&s->all->stopping)) {
        uint64_t at = s->from_ms + s->rest_ms;
        if (repository_now(s->all) < at) {
            repository_wait(s->all, &s->due, &s->lock, at);
            continue;
        }
        pthread_mutex_unlock(&s->lock);
        bool well = pull_all(s);
        pthread_mutex_lock(&s->lock);
        plan_next(s, well);
    }
    pthread_mutex_unlock(&s->lock);
    return NULL;
}

enum err repository_changes_start(struct source *s)
{
    const struct repository_world *w = &s->all->world;
    enum err err = w->cursor(w->ctx, s->config->name, &s->seen.cursor);
    if (err == E_OK) {
        s->changes_run = pthread_create(&s->changes, NULL, repository_changes_main, s) == 0;
        err = s->changes_run ? E_OK : E_IO;
    }
    return err;
}
