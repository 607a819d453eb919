/* nf/hssd/onboarding_draw.c - a subscription for a device, by the writer (proc/certattach.h, step
 * 3): within the quotas, drawn once, and durable before anything of it leaves. */
#include "nf/hssd/onboarding_parts.h"

#include <stddef.h>
#include <string.h>

struct draw {
    struct writer_job job;
    struct onboarding_one *one;
    const struct device_record *record;
    struct onboarding_drawn *out;
    int64_t at;
    bool new_place; /* among those that wait */
    struct imsi imsi;
    pthread_mutex_t lock;
    pthread_cond_t wake;
    bool done;
};

/* ---- what is written ---- */

static void device_of(const struct draw *d, struct store_onboarding *row)
{
    const struct device_record *r = d->record;
    row->key = d->one->key;
    row->imei = r->imei;
    memcpy(row->manufacturer, r->manufacturer, sizeof row->manufacturer);
    memcpy(row->model, r->model, sizeof row->model);
    memcpy(row->serial_number, r->serial_number, sizeof row->serial_number);
    row->first = row->first != 0 ? row->first : d->at;
    row->changed = d->at;
    row->expires = 0;
}

/* The least used IMSI of the first pool that has one. */
static enum err take_imsi(struct store_writer *w, const struct hssd_onboarding *c, int64_t at,
                          struct imsi *out, const struct plmn **home)
{
    enum err err = E_EXHAUSTED;
    for (size_t i = 0; err == E_EXHAUSTED && i < c->n_pools; i++) {
        err = store_take_imsi(w, &c->pools[i].first, &c->pools[i].last, at, out);
        *home = &c->pools[i].home;
    }
    return err;
}

static struct aka_keys keys_wanted(const struct hssd_onboarding *c)
{
    return (struct aka_keys){.algorithm = (enum aka_algorithm)c->algorithm,
                             .k.n = 16,
                             .opc.n = c->algorithm == AKA_TUAK ? 32 : 16,
                             .res_len = 8,
                             .keccak_iterations = c->algorithm == AKA_TUAK ? 1 : 0};
}

/* Its only device is the one that it is made for. */
static enum err put_subscriber(struct store_writer *w, const struct draw *d,
                               const struct aka_keys *keys)
{
    const struct hssd_onboarding *c = &d->one->h->config->onboarding;
    struct store_subscriber row = {.imsi = d->imsi, .keys = *keys, .policy = c->policy};
    const struct store_device device = {.imsi = d->imsi, .imei = d->record->imei};
    enum store_did did;
    size_t n = strlen(c->profile);
    memcpy(row.profile, c->profile, n < sizeof row.profile ? n : sizeof row.profile - 1);
    enum err err = store_put_subscriber(w, STORE_INSERT, &row, &did);
    wipe(&row, sizeof row);
    return err == E_OK ? store_put_device(w, STORE_INSERT, &device, &did) : err;
}

/*= certattach-ki certattach-2d certattach-3b */
static enum err draw(struct store_writer *w, struct draw *d, struct store_onboarding *row)
{
    const struct hssd_onboarding *c = &d->one->h->config->onboarding;
    const struct plmn *home = NULL;
    struct aka_keys keys = keys_wanted(c);
    enum err err = take_imsi(w, c, d->at, &d->imsi, &home);
    if (err == E_EXHAUSTED) { /* and no error: what was walked over is not walked over again */
        d->out->cause = CERTATTACH_POOL_EMPTY;
        return E_OK;
    }
    if (err == E_OK) {
        err = certattach_ausf_draw(&d->one->h->writers, &d->one->arrived.id, home, &keys,
                                   row->nonce_1);
    }
    if (err == E_OK) {
        err = put_subscriber(w, d, &keys);
    }
    wipe(&keys, sizeof keys);
    if (err != E_OK) {
        return err;
    }
    device_of(d, row);
    row->phase = CERTATTACH_PHASE_PENDING;
    row->again = false;
    row->has_imsi = true;
    row->imsi = d->imsi;
    memcpy(row->digest, d->record->digest, sizeof row->digest);
    row->expires = d->at + c->pending_seconds;
    err = store_put_onboarding(w, row);
    if (err == E_CONFLICT) { /* the IMSI is new, so it is the IMEI */
        d->out->cause = CERTATTACH_IMEI_IN_USE;
    }
    return err;
}

static enum err wait_for_approval(struct store_writer *w, struct draw *d,
                                  struct store_onboarding *row)
{
    d->out->cause = CERTATTACH_WAITING;
    if (row->phase == CERTATTACH_PHASE_WAITING) {
        return E_OK;
    }
    device_of(d, row);
    row->phase = CERTATTACH_PHASE_WAITING;
    d->new_place = true;
    return store_put_onboarding(w, row);
}

/* ---- within the quotas ---- */

/* An IMSI is counted last: nothing that is refused costs one. */
static enum certattach_cause quota(struct store_writer *w, const struct draw *d, uint8_t phase,
                                   uint32_t most, enum certattach_cause full)
{
    uint64_t counts[STORE_ONBOARDING_PHASES];
    if (store_writer_count_onboarding(w, d->one->authority->name, counts) != E_OK) {
        return CERTATTACH_STORE;
    }
    return counts[phase] >= most ? full : CERTATTACH_NONE;
}

static struct onboard_hour *hour_of(const struct draw *d)
{
    return &d->one->h->onboarding->hours[d->one->job.authority];
}

/*= certattach-quotas */
static enum err draw_within(struct store_writer *w, struct draw *d, struct store_onboarding *row)
{
    const struct hssd_authority *a = d->one->authority;
    const struct onboard_hour before = *hour_of(d);
    d->out->cause =
        quota(w, d, CERTATTACH_PHASE_PENDING, a->pending_most, CERTATTACH_QUOTA_PENDING);
    if (d->out->cause == CERTATTACH_NONE &&
        !onboard_hour_take(hour_of(d), a->per_hour, hssd_monotonic_ms())) {
        d->out->cause = CERTATTACH_QUOTA_RATE;
    }
    enum err err = d->out->cause == CERTATTACH_NONE ? draw(w, d, row) : E_BAD_STATE;
    if (err != E_OK || d->out->cause != CERTATTACH_NONE) {
        *hour_of(d) = before;
    }
    return err;
}

static enum err wait_within(struct store_writer *w, struct draw *d, struct store_onboarding *row)
{
    enum certattach_cause cause = CERTATTACH_NONE;
    if (row->phase != CERTATTACH_PHASE_WAITING) {
        cause = quota(w, d, CERTATTACH_PHASE_WAITING, d->one->authority->waiting_most,
                      CERTATTACH_QUOTA_WAITING);
    }
    if (cause != CERTATTACH_NONE) {
        d->out->cause = cause;
        return E_BAD_STATE;
    }
    return wait_for_approval(w, d, row);
}

static struct certattach_held held_of(const struct store_onboarding *row)
{
    struct certattach_held held = {.phase = (enum certattach_phase)row->phase, .again = row->again};
    memcpy(held.digest, row->digest, sizeof held.digest);
    return held;
}

/*= certattach-same */
static enum err run(struct store_writer *w, struct writer_job *job)
{
    struct draw *d = (struct draw *)job;
    struct store_onboarding row = {.phase = CERTATTACH_PHASE_NEW};
    enum err err = store_writer_onboarding(w, &d->one->key, &row);
    if (err != E_OK && err != E_NOT_FOUND) {
        return err;
    }
    const struct certattach_held held = held_of(&row);
    d->out->decision =
        certattach_ausf_decide(&held, d->record, d->one->authority->by_rule, &d->out->cause);
    switch (d->out->decision) {
    case CERTATTACH_DRAW:
        return draw_within(w, d, &row);
    case CERTATTACH_WAIT:
        return wait_within(w, d, &row);
    case CERTATTACH_REFUSE:
    case CERTATTACH_REPEAT: /* somebody was there first, for the same device */
        break;
    }
    return E_OK;
}

static void done(struct writer_job *job)
{
    struct draw *d = (struct draw *)job;
    pthread_mutex_lock(&d->lock);
    d->done = true;
    pthread_cond_signal(&d->wake);
    pthread_mutex_unlock(&d->lock);
}

/* ---- the thread that waits for it ---- */

static enum err submit(struct draw *d)
{
    d->job.run = run;
    d->job.done = done;
    enum err err = writer_submit(d->one->h->writer, &d->job);
    if (err != E_OK) {
        return err;
    }
    pthread_mutex_lock(&d->lock);
    while (!d->done) {
        pthread_cond_wait(&d->wake, &d->lock);
    }
    pthread_mutex_unlock(&d->lock);
    return d->job.result;
}

static enum certattach_cause cause_of(enum err err, enum certattach_cause decided)
{
    switch ((int)err) {
    case E_CRYPTO:
        return CERTATTACH_CRYPTO;
    case E_BAD_STATE: /* of a quota */
    case E_CONFLICT:
        return decided != CERTATTACH_NONE ? decided : CERTATTACH_STORE;
    default:
        return CERTATTACH_STORE;
    }
}

/*= certattach-events */
static void tell(const struct draw *d)
{
    struct hssd *h = d->one->h;
    const char *peer = d->one->peer->peer->origin_host;
    if (d->new_place) {
        onboarding_count(&h->counters.onboarding_waiting);
        onboarding_tell(h, "onboarding-waiting", NULL, &d->record->imei, peer, &d->one->key);
    } else if (d->out->decision == CERTATTACH_DRAW && d->out->cause == CERTATTACH_NONE) {
        onboarding_count(&h->counters.onboarding_drawn);
        onboarding_tell(h, "onboarding-drawn", &d->imsi, &d->record->imei, peer, &d->one->key);
    }
}

void onboarding_draw(struct onboarding_one *one, const struct device_record *record,
                     struct onboarding_drawn *out)
{
    struct draw d = {.one = one,
                     .record = record,
                     .out = out,
                     .at = hssd_unix_seconds(),
                     .lock = PTHREAD_MUTEX_INITIALIZER,
                     .wake = PTHREAD_COND_INITIALIZER};
    *out = (struct onboarding_drawn){.decision = CERTATTACH_REFUSE, .cause = CERTATTACH_NONE};
    enum err err = submit(&d);
    if (err == E_OK) {
        tell(&d);
    } else if (err == E_BUSY) {
        out->busy = true;
    } else {
        out->cause = cause_of(err, out->cause);
    }
    if (out->cause == CERTATTACH_POOL_EMPTY) {
        onboarding_found_empty(one->h->onboarding);
    }
    pthread_cond_destroy(&d.wake);
    pthread_mutex_destroy(&d.lock);
}
