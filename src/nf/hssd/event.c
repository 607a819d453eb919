/* nf/hssd/event.c - what happened, by name: a log line at once, an entry in the event list soon. */
#include "nf/hssd/hssd.h"

#include "nf/hssd/event_feed.h"
#include "nf/hssd/peers.h"
#include "nf/hssd/snapshots.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

struct event_job {
    struct writer_job job;
    struct event_feed *feed;
    uint64_t keep;
    struct store_event event;
};

uint64_t hssd_monotonic_ms(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (uint64_t)t.tv_sec * 1000 + (uint64_t)t.tv_nsec / 1000000;
}

static int64_t unix_ms(void)
{
    struct timespec t;
    clock_gettime(CLOCK_REALTIME, &t);
    return (int64_t)t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

int64_t hssd_unix_seconds(void)
{
    return unix_ms() / 1000;
}

static enum err event_run(struct store_writer *w, struct writer_job *job)
{
    struct event_job *e = (struct event_job *)job;
    return store_add_event(w, &e->event, e->keep);
}

static void event_done(struct writer_job *job)
{
    const struct event_job *e = (const struct event_job *)job;
    if (job->result == E_OK) {
        event_feed_tell(e->feed);
    }
    free(job);
}

static void set(char *to, size_t size, const char *from)
{
    snprintf(to, size, "%s", from != NULL ? from : "");
}

static void event_store(struct hssd *h, const struct store_event *event)
{
    struct event_job *e = calloc(1, sizeof *e);
    if (e != NULL) {
        e->job.run = event_run;
        e->job.done = event_done;
        e->feed = h->feed;
        e->keep = h->config->limits.events_kept;
        e->event = *event;
    }
    if (e == NULL || writer_submit_low(h->writer, &e->job) != E_OK) {
        free(e);
        atomic_fetch_add_explicit(&h->counters.events_lost, 1, memory_order_relaxed);
    }
}

bool hssd_bucket_take(struct hssd_bucket *b, uint64_t now_ms)
{
    uint64_t until = atomic_load_explicit(&b->empty_until_ms, memory_order_relaxed);
    uint64_t from;
    do {
        from = until > now_ms ? until : now_ms;
        if (from - now_ms > (HSSD_BUCKET_BURST - 1) * HSSD_BUCKET_MS) {
            return false;
        }
    } while (!atomic_compare_exchange_weak(&b->empty_until_ms, &until, from + HSSD_BUCKET_MS));
    return true;
}

static bool is_refusal(const char *name)
{
    return strcmp(name, "refused") == 0 || strcmp(name, "peer-refused") == 0;
}

/*= eir-bounded */
/* A peer that connects and goes, asks after equipment, or leaves our requests unanswered, does it
 * as often as it likes. */
static bool is_at_will(const char *name)
{
    static const char *const names[] = {
        "peer-connected",         "peer-disconnected",     "shedding",
        "shedding-over",          "equipment-blacklisted", "equipment-greylisted",
        "imei-not-paired",        "imei-changed",          "device-proven",
        "device-unproven",        "device-failed",         "device-undetermined",
        "binding-disbelieved",    "provisioning-offered",  "provisioning-refused",
        "onboarding-refused",     "dimsi-offered",         "dimsi-refused",
        "cancel-location-unsent", "subscription-inserted", "subscription-deleted-data",
        "insert-unanswered"};
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        if (strcmp(name, names[i]) == 0) {
            return true;
        }
    }
    return is_refusal(name);
}

/* May this one be kept? What a peer can have at will comes out of that peer's share; a refused
 * connection only says whose it is, so it uses up no configured peer's. */
static bool may_be_kept(struct hssd *h, const char *name, const char *peer)
{
    if (!is_at_will(name)) {
        return true;
    }
    struct hssd_peer_state *p = peer != NULL && strcmp(name, "peer-refused") != 0
                                    ? hssd_peer_by_host(h, bytes_of_str(peer))
                                    : NULL;
    return hssd_bucket_take(p != NULL ? &p->at_will : &h->strangers, hssd_monotonic_ms());
}

static enum log_level level_of(const char *name)
{
    static const struct {
        const char *name;
        enum log_level level;
    } levels[] = {
        {"suspected-theft", LOG_LEVEL_ERROR},
        {"unconfirmed-vectors", LOG_LEVEL_WARNING},
        {"binding-failure", LOG_LEVEL_WARNING},
        {"refused", LOG_LEVEL_WARNING},
        {"shedding", LOG_LEVEL_WARNING},
        {"peer-refused", LOG_LEVEL_WARNING},
        {"cancel-location-unsent", LOG_LEVEL_WARNING},
        {"insert-unanswered", LOG_LEVEL_WARNING},
        {"reset-sent", LOG_LEVEL_WARNING},
        {"mark-beside-store", LOG_LEVEL_WARNING},
        {"store-not-writable", LOG_LEVEL_ERROR},
        {"imei-not-paired", LOG_LEVEL_WARNING},
        {"equipment-blacklisted", LOG_LEVEL_WARNING},
        {"device-failed", LOG_LEVEL_WARNING},
        {"provisioning-refused", LOG_LEVEL_WARNING},
        {"onboarding-refused", LOG_LEVEL_WARNING},
        {"onboarding-pool-low", LOG_LEVEL_WARNING},
        {"onboarding-pool-empty", LOG_LEVEL_ERROR},
        {"onboarding-site-down", LOG_LEVEL_WARNING},
        {"onboarding-files-bad", LOG_LEVEL_WARNING},
        {"dimsi-refused", LOG_LEVEL_WARNING},
        {"dimsi-confirmed-unused", LOG_LEVEL_WARNING},
        {"dimsi-pool-low", LOG_LEVEL_WARNING},
        {"dimsi-pool-empty", LOG_LEVEL_ERROR},
        {"dimsi-arpf-down", LOG_LEVEL_WARNING},
        {"dimsi-discovery-down", LOG_LEVEL_WARNING},
        {"dimsi-rsmf-down", LOG_LEVEL_WARNING},
        {"dimsi-files-bad", LOG_LEVEL_WARNING},
        {"devid-files-bad", LOG_LEVEL_WARNING},
        {"repository-down", LOG_LEVEL_WARNING},
        {"configuration-refused", LOG_LEVEL_ERROR},
        {"profile-missing", LOG_LEVEL_ERROR},
        {"repository-set-back", LOG_LEVEL_WARNING},
        {"binding-disbelieved", LOG_LEVEL_WARNING},
    };
    for (size_t i = 0; i < sizeof levels / sizeof *levels; i++) {
        if (strcmp(name, levels[i].name) == 0) {
            return levels[i].level;
        }
    }
    return LOG_LEVEL_INFO;
}

/* A dIMSI, which `log.mask_imsi` masks as any IMSI, or words. */
static struct log_field detail_of(const char *event, const char *detail, struct imsi *dimsi)
{
    if (detail == NULL || detail[0] == '\0') {
        return LOG_FIELD_STR("detail", NULL);
    }
    if (strncmp(event, "dimsi-", 6) == 0 && imsi_parse(bytes_of_str(detail), dimsi) == E_OK) {
        return (struct log_field){"detail", LOG_IMSI, {.imsi = dimsi}};
    }
    return LOG_FIELD_STR("detail", detail);
}

static void tell(struct hssd *h, const char *name, const struct imsi *imsi, const struct imei *imei,
                 const char *peer, const char *cause, const char *detail)
{
    struct store_event event = {.at_ms = unix_ms()};
    struct imsi dimsi;
    const struct log_field fields[] = {
        LOG_FIELD_IMSI(imsi),
        LOG_FIELD_IMEI(imei),
        LOG_FIELD_STR("peer", peer),
        LOG_FIELD_STR("cause", cause),
        detail_of(name, detail, &dimsi),
    };
    /* What a peer can cause at will must not fill a disk. */
    bool stored = may_be_kept(h, name, peer);
    (is_refusal(name) || !stored ? log_limited : log_line)(h->log, level_of(name), name, fields,
                                                           sizeof fields / sizeof *fields);
    if (!stored) {
        atomic_fetch_add_explicit(&h->counters.events_lost, 1, memory_order_relaxed);
        return;
    }
    set(event.name, sizeof event.name, name);
    set(event.imsi, sizeof event.imsi, imsi != NULL ? imsi->digits : NULL);
    set(event.imei, sizeof event.imei, imei != NULL ? imei->digits : NULL);
    set(event.peer, sizeof event.peer, peer);
    set(event.cause, sizeof event.cause, cause);
    set(event.detail, sizeof event.detail, detail);
    event_store(h, &event);
}

void hssd_event(struct hssd *h, const char *name, const struct imsi *imsi, const struct imei *imei,
                const char *peer, const char *cause, const char *detail)
{
    struct snapshot *held = snapshot_hold(h); /* it comes from any thread */
    tell(h, name, imsi, imei, peer, cause, detail);
    snapshot_release(held);
}
