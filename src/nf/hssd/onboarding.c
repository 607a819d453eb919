#include "nf/hssd/onboarding.h"

#include "nf/common/http_trace.h"
#include "nf/hssd/onboarding_parts.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* ---- what is told ---- */

void onboarding_count(_Atomic uint64_t *counter)
{
    atomic_fetch_add_explicit(counter, 1, memory_order_relaxed);
}

void onboarding_name(const struct store_onboarding_key *key, char out[static ONBOARDING_NAME_MAX])
{
    (void)snprintf(out, ONBOARDING_NAME_MAX, "%s/%s", key->authority, key->id);
}

void onboarding_tell(struct hssd *h, const char *name, const struct imsi *imsi,
                     const struct imei *imei, const char *peer,
                     const struct store_onboarding_key *key)
{
    char device[ONBOARDING_NAME_MAX];
    onboarding_name(key, device);
    hssd_event(h, name, imsi, imei, peer, NULL, device);
}

void onboarding_tell_refused(struct hssd *h, const struct imei *imei, const char *peer,
                             enum certattach_cause cause, const struct store_onboarding_key *key)
{
    char device[ONBOARDING_NAME_MAX] = "";
    if (key != NULL) {
        onboarding_name(key, device);
    }
    onboarding_count(&h->counters.onboarding_refused);
    hssd_event(h, "onboarding-refused", NULL, imei, peer, certattach_cause_name(cause), device);
}

/* ---- what the sites and the pool need of this HSS ---- */

static uint64_t world_now(void *ctx)
{
    (void)ctx;
    return hssd_monotonic_ms();
}

static int64_t world_unix(void *ctx)
{
    (void)ctx;
    return hssd_unix_seconds();
}

static void world_trace(void *ctx, const struct hssd_authority *a, const char *url,
                        const struct https_reply *reply)
{
    struct hssd *h = ctx;
    const struct http_trace t = {h->trace, h->config->origin_host, a->name};
    if ((reply == NULL ? http_trace_request(&t, url) : http_trace_reply(&t, url, reply)) != E_OK) {
        onboarding_count(&h->counters.trace_lost);
    }
}

static void site_event(void *ctx, const char *name, const struct hssd_authority *a,
                       const char *cause, const char *detail)
{
    hssd_event(ctx, name, NULL, NULL, a->name, cause, detail);
}

static void pool_event(void *ctx, const char *name, const char *detail)
{
    hssd_event(ctx, name, NULL, NULL, NULL, NULL, detail);
}

/* ---- start and stop ---- */

static enum err sites_open(struct onboarding *o)
{
    struct hssd *h = o->h;
    const struct hssd_onboarding *c = &h->config->onboarding;
    const struct onboard_site_world world = {.ctx = h,
                                             .now_ms = world_now,
                                             .unix_s = world_unix,
                                             .trace = h->trace != NULL ? world_trace : NULL,
                                             .event = site_event};
    enum err err = E_OK;
    for (size_t i = 0; err == E_OK && i < c->n_authorities; i++) {
        err = onboard_site_open(&c->authorities[i], &world, &o->sites[i]);
    }
    return err;
}

static enum err parts_open(struct onboarding *o, struct verify_why *why)
{
    struct hssd *h = o->h;
    const struct onboard_pool_world world = {.ctx = h, .now_ms = world_now, .event = pool_event};
    enum err err = onboard_rates_open(&o->rates);
    if (err == E_OK) {
        err = sites_open(o);
    }
    return err == E_OK ? onboard_pool_open(h->config, h->store, &world, &o->pool, why) : err;
}

enum err onboarding_start(struct hssd *h, struct store_why *why)
{
    struct verify_why reason = {""};
    struct onboarding *o = calloc(1, sizeof *o);
    if (o == NULL) {
        return E_MEMORY;
    }
    o->h = h;
    h->onboarding = o;
    enum err err = store_reader_open(h->store, &o->reader); /* what was begun ends all the same */
    if (err == E_OK && hssd_config_onboards(h->config)) {
        err = parts_open(o, &reason);
    }
    if (err != E_OK && reason.text[0] != '\0') {
        (void)snprintf(why->text, sizeof why->text, "%s", reason.text);
    }
    return err;
}

void onboarding_quiesce(struct onboarding *o)
{
    if (o != NULL) {
        onboard_pool_quiesce(o->pool);
    }
}

void onboarding_join(struct onboarding *o)
{
    if (o != NULL) {
        onboard_pool_close(o->pool);
        o->pool = NULL;
    }
}

void onboarding_close(struct onboarding *o)
{
    if (o == NULL) {
        return;
    }
    onboarding_join(o);
    for (size_t i = 0; i < HSSD_AUTHORITIES_MAX; i++) {
        onboard_site_close(o->sites[i]);
    }
    onboard_rates_close(o->rates);
    if (o->reader != NULL) {
        store_reader_close(o->reader);
    }
    free(o);
}

/* ---- for the status ---- */

void onboarding_site(struct onboarding *o, size_t i, struct onboard_site_status *out)
{
    onboard_site_status(o->sites[i], out);
}

unsigned onboarding_waiting(struct onboarding *o)
{
    return o != NULL && o->pool != NULL ? onboard_pool_waiting(o->pool) : 0;
}
