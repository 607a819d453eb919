#include "nf/hssd/onboard_site.h"

#include "nf/hssd/onboard_cache.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>

struct onboard_site {
    const struct hssd_authority *authority;
    struct onboard_site_world world;
    struct onboard_cache *cache;
    _Atomic uint64_t asked, cached;
    pthread_mutex_t lock; /* of what follows */
    enum onboard_site_state state;
    int64_t since;
    unsigned failures; /* in a row */
    bool probing;      /* down: a question is out that finds out whether it is */
    uint64_t rest_ms, until_ms;
};

static uint64_t now(const struct onboard_site *s)
{
    return s->world.now_ms(s->world.ctx);
}

enum err onboard_site_open(const struct hssd_authority *authority,
                           const struct onboard_site_world *world, struct onboard_site **out)
{
    const struct onboard_times times = {authority->cache_seconds, authority->unknown_seconds};
    struct onboard_site *s = calloc(1, sizeof *s);
    if (s == NULL) {
        return E_MEMORY;
    }
    s->authority = authority;
    s->world = *world;
    pthread_mutex_init(&s->lock, NULL);
    enum err err = onboard_cache_open(&times, &s->cache);
    if (err != E_OK) {
        onboard_site_close(s);
        return err;
    }
    *out = s;
    return E_OK;
}

void onboard_site_close(struct onboard_site *s)
{
    if (s != NULL) {
        onboard_cache_close(s->cache);
        pthread_mutex_destroy(&s->lock);
        free(s);
    }
}

/* ---- up and down ---- */

/* May a question go out? While it rests none does; then one, and the others see what becomes of
 * it. */
static bool may_ask(struct onboard_site *s)
{
    pthread_mutex_lock(&s->lock);
    bool up = s->state != ONBOARD_SITE_DOWN;
    bool tries = !up && !s->probing && now(s) >= s->until_ms;
    s->probing |= tries;
    pthread_mutex_unlock(&s->lock);
    return up || tries;
}

/* Under the lock: it went down, or was tried again and did not answer. Questions that were out
 * together fail together: that is one failure. */
static void rest(struct onboard_site *s, bool moved)
{
    uint64_t next = 2 * s->rest_ms;
    if (moved || s->probing) {
        s->rest_ms = moved                         ? ONBOARD_REST_MS
                     : next > ONBOARD_REST_MOST_MS ? ONBOARD_REST_MOST_MS
                                                   : next;
        s->until_ms = now(s) + s->rest_ms;
    }
    s->probing = false;
}

/* Under the lock: did it go up, or down? */
static bool move(struct onboard_site *s, bool answered)
{
    enum onboard_site_state next = answered                              ? ONBOARD_SITE_UP
                                   : ++s->failures >= ONBOARD_SITE_TRIES ? ONBOARD_SITE_DOWN
                                                                         : s->state;
    bool moved = s->state != next;
    if (answered) {
        s->failures = 0;
        s->probing = false;
    } else if (next == ONBOARD_SITE_DOWN) {
        rest(s, moved);
    }
    s->state = next;
    s->since = moved ? s->world.unix_s(s->world.ctx) : s->since;
    return moved;
}

static void contact(struct onboard_site *s, bool answered, const char *reason)
{
    const struct onboard_site_world *w = &s->world;
    pthread_mutex_lock(&s->lock);
    bool moved = move(s, answered);
    pthread_mutex_unlock(&s->lock);
    if (moved) {
        w->event(w->ctx, answered ? "onboarding-site-up" : "onboarding-site-down", s->authority,
                 answered ? NULL : certattach_cause_name(CERTATTACH_SITE_SILENT),
                 answered ? s->authority->link : reason);
    }
}

/* ---- asking ---- */

static enum err get(struct onboard_site *s, struct https_client **client, const char *url,
                    const char *etag, struct https_reply *out)
{
    const struct hssd_authority *a = s->authority;
    const struct onboard_site_world *w = &s->world;
    const struct https_client_options options = {.certificate = a->certificate,
                                                 .key = a->key,
                                                 .ca = a->ca,
                                                 .crl = a->crl,
                                                 .connect_ms = ONBOARD_SITE_MS / 2,
                                                 .total_ms = ONBOARD_SITE_MS,
                                                 .answer_most = ONBOARD_SITE_OCTETS};
    const struct https_request request = {.method = "GET", .url = url, .if_none_match = etag};
    *out = (struct https_reply){0};
    if (w->get != NULL) {
        return w->get(w->ctx, a, url, etag, out);
    }
    enum err err = *client != NULL ? E_OK : https_client_open(&options, client);
    if (err != E_OK) {
        (void)snprintf(out->reason, sizeof out->reason, "no HTTPS client could be made: %s",
                       err_sentence(err));
        return err;
    }
    if (w->trace != NULL) {
        w->trace(w->ctx, a, url, NULL);
    }
    err = https_client_do(*client, &request, out);
    if (err == E_OK && w->trace != NULL) {
        w->trace(w->ctx, a, url, out);
    }
    return err;
}

/* `old`: what was said before, or NULL. */
static enum certattach_cause take(struct onboard_site *s, const struct device_id *id,
                                  const struct https_reply *reply, uint64_t asked_ms,
                                  struct onboard_answer *old, struct onboard_answer **out)
{
    enum certattach_cause cause = CERTATTACH_NONE;
    if (reply->status == 304 && old != NULL) {
        *out = onboard_answer_hold(old);
    } else {
        cause = onboard_answer_read(id, reply, out);
    }
    if (cause == CERTATTACH_NONE) {
        onboard_cache_put(s->cache, id, asked_ms, *out);
    } else if (cause == CERTATTACH_DEVICE_UNKNOWN) {
        onboard_cache_put(s->cache, id, asked_ms, NULL);
    }
    return cause;
}

/*= certattach-fetch certattach-name */
static enum certattach_cause ask(struct onboard_site *s, struct https_client **client,
                                 const struct device_id *id, struct onboard_answer *old,
                                 struct onboard_answer **out)
{
    char url[512];
    struct https_reply reply;
    uint64_t asked_ms = now(s);
    const char *etag = old != NULL ? onboard_answer_etag(old) : NULL;
    int n = snprintf(url, sizeof url, "%s/v1/device-records/%s", s->authority->link, id->text);
    if (n < 0 || (size_t)n >= sizeof url || !may_ask(s)) {
        return CERTATTACH_SITE_SILENT;
    }
    atomic_fetch_add_explicit(&s->asked, 1, memory_order_relaxed);
    enum err err = get(s, client, url, etag, &reply);
    contact(s, err == E_OK || err == E_NO_ROOM, reply.reason);
    if (err == E_NO_ROOM) { /* one that is too large, or has no end */
        return CERTATTACH_SITE_BAD;
    }
    return err == E_OK ? take(s, id, &reply, asked_ms, old, out) : CERTATTACH_SITE_SILENT;
}

enum certattach_cause onboard_site_ask(struct onboard_site *s, struct https_client **client,
                                       const struct device_id *id, struct onboard_answer **out)
{
    struct onboard_answer *old = NULL;
    switch (onboard_cache_find(s->cache, id, now(s), &old)) {
    case ONBOARD_FRESH:
        atomic_fetch_add_explicit(&s->cached, 1, memory_order_relaxed);
        *out = old;
        return CERTATTACH_NONE;
    case ONBOARD_UNKNOWN:
        atomic_fetch_add_explicit(&s->cached, 1, memory_order_relaxed);
        return CERTATTACH_DEVICE_UNKNOWN;
    case ONBOARD_OLD:
    case ONBOARD_MISS:
        break;
    }
    enum certattach_cause cause = ask(s, client, id, old, out);
    onboard_answer_release(old);
    return cause;
}

void onboard_site_status(struct onboard_site *s, struct onboard_site_status *out)
{
    pthread_mutex_lock(&s->lock);
    out->state = s->state;
    out->since = s->since;
    pthread_mutex_unlock(&s->lock);
    out->asked = atomic_load_explicit(&s->asked, memory_order_relaxed);
    out->cached = atomic_load_explicit(&s->cached, memory_order_relaxed);
    out->entries = onboard_cache_count(s->cache);
}
