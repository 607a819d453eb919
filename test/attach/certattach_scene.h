/* test/attach/certattach_scene.h - devices that have no subscription, an MME that carries their
 * requests, and a home network with an AUSF: the world with factory, home and AUSF, opened and
 * looked at. Header only.
 */
#ifndef BINDERY_TEST_ATTACH_CERTATTACH_SCENE_H
#define BINDERY_TEST_ATTACH_CERTATTACH_SCENE_H

#include "attach/certattach_factory.h"

#define SECOND 1000u
#define MINUTE (60 * SECOND)

struct scene {
    struct world w;
    struct home h;
    struct ausf a;
    struct bindery_ue_onboarding onboarding[WORLD_UES];
};

static inline struct scene *scene_of(struct world *w)
{
    return (struct scene *)(void *)w; /* its first member */
}

static inline const struct certattach_context *scene_site(void *ctx, const struct device_id *id)
{
    (void)ctx;
    for (unsigned i = 0; i < WORLD_UES; i++) {
        const struct fresh *f = &factory.devices[i];
        if (f->published && device_id_eq(&f->record.id, id)) {
            return &f->context;
        }
    }
    return NULL;
}

static inline enum bindery_ue_operator_verdict
scene_verify(void *ctx, const struct bindery_ue_operator_message *m)
{
    struct fresh *f = ctx;
    f->tools.at = home_time(f->home);
    return onboard_openssl_ue_verify(&f->tools, m);
}

static inline bool scene_secret(void *ctx, uint8_t form, const uint8_t *sent, size_t sent_n,
                                uint8_t secret[BINDERY_UE_ONBOARDING_SECRET])
{
    struct fresh *f = ctx;
    return onboard_openssl_ue_secret(&f->tools, form, sent, sent_n, secret);
}

static inline bool scene_install(void *ctx, const struct bindery_ue_profile *profile)
{
    struct fresh *f = ctx;
    return world_install(f->device, profile);
}

/* Takes the subscription from a device and gives it what the factory gave. */
static inline void scene_fresh(struct scene *s, unsigned ue)
{
    struct fresh *f = &factory.devices[ue];
    struct device *d = &s->w.devices[ue];
    enum certattach_form form;
    f->device = d;
    f->home = &s->h;
    s->onboarding[ue] = (struct bindery_ue_onboarding){.url = f->url,
                                                       .ctx = f,
                                                       .verify = scene_verify,
                                                       .secret = scene_secret,
                                                       .install = scene_install};
    assert_ok(onboard_openssl_form(f->tools.key, &form, &s->onboarding[ue].sent_n));
    d->host.onboarding = &s->onboarding[ue];
    d->host.signer = f->identity.key != NULL ? &f->signer : NULL;
    d->settings.unprotected_limit = 0;
    world_boot(&s->w, ue);
}

static inline void scene_open(struct scene *s)
{
    factory_open();
    world_open(&s->w);
    s->w.unix_s = (int64_t)time(NULL) - 1000; /* with the world's own clock: now */
    s->w.config.onboarding = s->w.other.onboarding = true;
    for (unsigned i = 0; i < WORLD_UES; i++) {
        scene_fresh(s, i);
    }
    home_open(&s->h, &s->w);
    s->h.served_known = true;
    ausf_open(&s->a, &s->h);
    s->a.host = FACTORY_HOST;
    s->a.authority = onboard_authority_port(factory.authority);
    s->a.operator_port = onboard_operator_port(factory.home.tools);
    s->a.chain = onboard_signer_chain(factory.home.signer);
    s->a.site = scene_site;
    s->a.site_ctx = s;
}

static inline void scene_close(struct scene *s)
{
    world_close(&s->w);
    home_close(&s->h);
}

static inline struct ausf_row *scene_row(struct scene *s, unsigned ue)
{
    return ausf_row(&s->a, &factory.devices[ue].record.id);
}

/* The device is registered with the one subscription that was made for it, which is active, and no
 * other was made that is still there. */
static inline bool scene_one_subscription(struct scene *s, unsigned ue)
{
    const struct device *d = &s->w.devices[ue];
    const struct ausf_row *row = scene_row(s, ue);
    struct imsi imsi;
    if (row == NULL || !d->has_profile || row->held.phase != CERTATTACH_PHASE_ACTIVE ||
        imsi_parse((struct bytes){(const uint8_t *)d->profile.imsi, d->profile.imsi_n}, &imsi) !=
            E_OK) {
        return false;
    }
    const struct home_subscriber *of = home_find(&s->h, &imsi);
    return of != NULL && imsi_eq(&row->imsi, &imsi) && ausf_subscriptions(&s->a) == 1 &&
           d->confirmed && world_registered(&s->w, ue) &&
           crypto_ct_eq((struct bytes){of->keys.k.b, of->keys.k.n},
                        (struct bytes){d->profile.usim.k, d->profile.usim.k_n});
}

/* Attaches and waits for what comes of it, for so long; true: registered. */
static inline bool scene_attach_for(struct scene *s, unsigned ue, uint64_t ms)
{
    world_attach(&s->w, ue);
    bool registered = world_run_registered(&s->w, ue, s->w.now + ms);
    world_run(&s->w, s->w.now + SECOND);
    return registered;
}

static inline bool scene_attach(struct scene *s, unsigned ue)
{
    return scene_attach_for(s, ue, 30 * SECOND);
}

#endif
