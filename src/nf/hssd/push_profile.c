/* nf/hssd/push_profile.c - profiles that changed: each subscriber that is served with one is told,
 * a few at a time, and how far that came is stored. */
#include "nf/hssd/push_parts.h"
#include "nf/hssd/subscription.h"

#include <stdio.h>
#include <string.h>

/* What a registration would be answered with: exactly that is compared. */
static enum err look_of(struct push *p, const struct hssd_profile *profile,
                        struct store_push_profile *out)
{
    static struct s6a_idr idr;
    static uint8_t octets[PUSH_MESSAGE_MAX];
    struct subscription_space space;
    size_t n = 0;
    idr = (struct s6a_idr){.subscription_data = {.present = true}};
    subscription_fill(profile, "", &space, &idr.subscription_data);
    s6a_request_begin(&idr.request, 0, 0);
    idr.request.session_id = idr.request.origin_host = idr.request.origin_realm =
        idr.request.destination_host = idr.request.destination_realm = BYTES_LIT("x");
    idr.request.user_name = BYTES_LIT("0");
    enum err err = s6a_idr_write(p->h->config->vendor_id, &idr, MBYTES_OF(octets), &n);
    const struct bytes part = {octets, n};
    *out = (struct store_push_profile){.timer = profile->rau_tau_timer};
    (void)snprintf(out->profile, sizeof out->profile, "%s", profile->name);
    return err == E_OK ? p->crypto.sha256(p->crypto.ctx, &part, 1, out->digest) : err;
}

struct comparing {
    const struct hssd_config *config;
};

static enum err compare_one(struct push *p, struct store_writer *w,
                            const struct hssd_profile *profile)
{
    struct store_push_profile now, before;
    enum err err = look_of(p, profile, &now);
    if (err == E_OK) {
        err = store_writer_push_profile(w, now.profile, &before);
    }
    if (err == E_NOT_FOUND) { /* nobody was told of another one */
        return store_put_push_profile(w, &now);
    }
    if (err != E_OK || memcmp(now.digest, before.digest, sizeof now.digest) == 0) {
        return err;
    }
    now.what = (uint8_t)((before.what & STORE_PUSH_DROP_TIMER) | STORE_PUSH_DATA);
    if (before.timer != 0) {
        now.what |= STORE_PUSH_DROP_TIMER;
    }
    if (now.timer != 0) {
        now.what &= (uint8_t)~STORE_PUSH_DROP_TIMER;
    }
    return store_put_push_profile(w, &now); /* from the first subscriber on, also in the midst */
}

static enum err compare_apply(struct store_writer *w, struct push_write *x)
{
    const struct hssd_config *config = ((struct comparing *)x->ctx)->config;
    enum err err = E_OK;
    for (size_t i = 0; err == E_OK && i < config->n_profiles; i++) {
        err = compare_one(x->p, w, &config->profiles[i]);
    }
    return err;
}

bool push_profiles_compare(struct push *p)
{
    struct comparing c = {.config = p->h->config};
    struct push_write x = {.p = p, .apply = compare_apply, .ctx = &c};
    return push_write(&x) == E_OK;
}

/* ---- walking ---- */

static enum err walk_apply(struct store_writer *w, struct push_write *x)
{
    struct store_push_profile *left = x->ctx;
    struct store_push rows[PUSH_CHUNK];
    struct store_push_profile row;
    size_t n = 0;
    const uint8_t clear = (left->what & STORE_PUSH_DROP_TIMER) == 0 ? STORE_PUSH_DROP_TIMER : 0;
    enum err err = store_writer_push_profile(w, left->profile, &row);
    if (err == E_OK) {
        err = store_writer_served_by_profile(w, row.profile, &row.after, rows, PUSH_CHUNK, &n);
    }
    for (size_t i = 0; err == E_OK && i < n; i++) {
        rows[i].what = row.what;
        rows[i].since = rows[i].next_try = push_unix_ms();
        err = store_put_push(w, &rows[i], clear);
        row.after = rows[i].imsi;
    }
    if (n < PUSH_CHUNK) {
        row.what = 0;
        row.after = (struct imsi){.n = 0};
    }
    return err == E_OK ? store_put_push_profile(w, &row) : err;
}

/*= op-idr */
bool push_profile_step(struct push *p)
{
    struct store_push_profile left;
    struct push_write x = {.p = p, .apply = walk_apply, .ctx = &left};
    return store_read_push_profile_left(p->reader, &left) == E_OK && push_write(&x) == E_OK;
}
