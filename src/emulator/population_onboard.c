/* How emulated devices come without subscriptions, get them, and give them up. */
#include "emulator/population_parts.h"
#include <stdio.h>
#include <string.h>

/* ---- what the factory gave ---- */

static enum err digest_of(const struct population *p, const struct population_factory *f,
                          uint8_t out[static 32])
{
    return p->crypto.sha256(p->crypto.ctx, f->root, f->n_roots, out);
}

/* All have the same, and share what OpenSSL made of them. */
static enum err share_roots(struct population *p, const struct population_factory *f)
{
    uint8_t digest[32];
    enum err err = digest_of(p, f, digest);
    if (err == E_OK && p->roots == NULL) {
        memcpy(p->roots_digest, digest, sizeof digest);
        return onboard_openssl_roots(f->root, f->n_roots, &p->roots);
    }
    return err != E_OK || bytes_eq(BYTES_OF(digest), BYTES_OF(p->roots_digest)) ? err : E_BAD_VALUE;
}

static bool is_from_file(const struct population *p)
{
    return p->path != NULL && !population_is_disguised(p);
}

/*= certattach-installs */
/* Of a state file: the subscription is in it before anything relies on it. */
static bool store_subscription(void *ctx, const struct bindery_ue_profile *profile)
{
    struct population *p = ctx;
    struct device_state next = p->state;
    const bool good = device_state_install(&next, profile) == E_OK &&
                      device_state_save_held(p->path, &p->hold, &next, &p->why) == E_OK;
    if (good) {
        p->state = next;
    }
    device_state_wipe(&next);
    return good;
}

enum err population_give_onboard(struct population *p, struct device *d,
                                 const struct population_factory *factory)
{
    enum err err = share_roots(p, factory);
    if (err == E_OK) {
        err = onboard_make(p->guise.url != NULL ? p->guise.url : factory->url, factory->key,
                           p->roots, &d->onboard);
    }
    if (err == E_OK) {
        d->onboard->store = is_from_file(p) ? store_subscription : NULL;
        d->onboard->ctx = p;
        p->key_octets += onboard_size(d->onboard);
    }
    return err;
}

struct population_factory population_factory_of(const struct population *p)
{
    const struct device_onboarding *o = &p->state.onboarding;
    struct population_factory f = {.url = o->url, .key = {o->key, o->key_n}, .n_roots = o->n_roots};
    for (size_t i = 0; i < o->n_roots; i++) {
        f.root[i] = device_root(o, i);
    }
    return f;
}

/* ---- a production lot ---- */

static enum err add_row(struct population *p, const struct identity_row *row)
{
    const struct identity_onboarding *o = &row->onboarding;
    const struct lot_device from = {.has_imei = true, .imei = row->imei};
    struct device_key identity = {.algorithm = row->algorithm, .n = row->key.n};
    struct population_factory factory = {
        .url = o->url, .key = {o->key, o->key_n}, .n_roots = o->n_roots};
    const struct population_kept kept = {.identity = &identity, .factory = &factory};
    if (o->form == 0) {
        return E_MISSING;
    }
    for (size_t i = 0; i < o->n_roots; i++) {
        factory.root[i] = identity_onboarding_root(o, i);
    }
    memcpy(identity.der, row->key.der, row->key.n);
    const enum err err = population_add_kept(p, &from, &kept);
    wipe(&identity, sizeof identity);
    return err;
}

static enum err load_rows(struct population *p, uint32_t most)
{
    struct identity_row row;
    enum err err = E_OK;
    while (err == E_OK && (most == 0 || p->n < most)) {
        err = identity_source_next(p->identities, &row, &p->identities_why);
        if (err == E_OK) {
            err = add_row(p, &row);
        }
    }
    identity_row_wipe(&row);
    return err == E_CLOSED ? E_OK : err;
}

enum err population_load_boxed(struct population *p, uint32_t most, struct population_why *why)
{
    enum err err = p->identities != NULL ? load_rows(p, most) : E_MISSING;
    if (err == E_OK && p->n == 0) {
        err = E_MISSING;
    }
    if (err == E_MISSING) {
        (void)snprintf(why->text, sizeof why->text, "%s",
                       "the devices of this production lot were not made for onboarding; who they "
                       "are says --lot FILE or --imsi IMSI");
    } else if (err != E_OK && p->identities_why.text[0] != '\0') {
        (void)snprintf(why->text, sizeof why->text, "%s", p->identities_why.text);
    } else if (err != E_OK) {
        (void)snprintf(why->text, sizeof why->text, "device %u of the production lot: %s", p->n + 1,
                       err_sentence(err));
    }
    return err;
}

/* ---- a subscription comes and goes ---- */

bool population_trial(struct population *p, struct device *d, const struct bindery_ue_event *event)
{
    struct onboard *o = d->onboard;
    if (d->discovery != NULL) {
        return population_discovery_trial(p, d, event);
    }
    if (o == NULL || !o->installed || d->seeks) {
        return false;
    }
    const struct bindery_ue_trial before = o->trial;
    const bool no_good = bindery_ue_trial_event(&o->trial, event);
    const bool changed = before.confirmed != o->trial.confirmed ||
                         before.challenged != o->trial.challenged ||
                         before.failures != o->trial.failures;
    if (changed && !no_good && is_from_file(p)) {
        /* If that fails it goes into the file with the next image: nothing relies on it. */
        p->state.profile.trial = o->trial;
        const enum err err = device_state_save_held(p->path, &p->hold, &p->state, &p->why);
        (void)err;
    }
    return no_good;
}

static enum err take_keys(const struct bindery_ue_usim_keys *from, struct aka_keys *out)
{
    *out = (struct aka_keys){.algorithm = (enum aka_algorithm)from->algorithm,
                             .res_len = from->res_n,
                             .keccak_iterations = from->keccak_iterations};
    if (from->k_n > sizeof out->k.b || from->opc_n > sizeof out->opc.b) {
        return E_BAD_VALUE;
    }
    out->k.n = from->k_n;
    out->opc.n = from->opc_n;
    memcpy(out->k.b, from->k, from->k_n);
    memcpy(out->opc.b, from->opc, from->opc_n);
    return aka_keys_check(out);
}

enum err population_subscribed(struct population *p, struct device *d)
{
    const struct bindery_ue_profile *profile = &d->onboard->profile;
    const struct population_kept kept = {.mnc_n = profile->mnc_n};
    struct lot_device from = {.has_imei = true, .imei = d->imei};
    const struct bytes imsi = {(const uint8_t *)profile->imsi, profile->imsi_n};
    enum err err = d->onboard->installed && imsi_parse(imsi, &from.imsi) == E_OK
                       ? take_keys(&profile->usim, &from.keys)
                       : E_BAD_VALUE;
    if (err == E_OK) {
        err = population_begin(p, d, &from, &kept);
    }
    wipe(&from, sizeof from);
    return err;
}

enum err population_unsubscribed(struct population *p, struct device *d)
{
    const struct population_kept nothing = {.seq = NULL};
    const struct lot_device from = {.has_imei = true, .imei = d->imei};
    if (is_from_file(p)) {
        struct device_state next = p->state;
        device_state_drop(&next);
        const enum err err = device_state_save_held(p->path, &p->hold, &next, &p->why);
        if (err == E_OK) {
            p->state = next;
        }
        device_state_wipe(&next);
        if (err != E_OK) {
            return err;
        }
    }
    onboard_drop(d->onboard);
    return population_begin(p, d, &from, &nothing);
}
