/* test/attach/kme_scene.h - a device that makes its own KME, an MME that provisions, and a home
 * network that takes it: the world with makers and home, opened and looked at. Header only.
 */
#ifndef BINDERY_TEST_ATTACH_KME_SCENE_H
#define BINDERY_TEST_ATTACH_KME_SCENE_H

#include "attach/home.h"
#include "attach/makers.h"
#include "device/keys.h"
#include "device/linux/encrypter_openssl.h"

#define SECOND 1000u
#define MINUTE (60 * SECOND)

/* Where it begins. */
enum scene_mode {
    SCENE_FIRST,       /* nobody has a key */
    SCENE_RENEWAL,     /* both have one, and an operator asked for another */
    SCENE_REBINDING,   /* the same, and he approves of any device */
    SCENE_DEVICE_LOST, /* only the home network has one, and he approves of any device */
    SCENE_HOME_LOST,   /* only the device has one */
    SCENE_MODES
};
struct scene {
    struct world w;
    struct makers k;
    struct home h;
    struct bindery_ue_provisioning provisioning[WORLD_UES];
    struct key_kme factory; /* the earlier key */
};

/* Gives a device the lot; its key is in it already (makers_make). */
static inline void scene_lot(struct scene *s, unsigned ue, unsigned lot)
{
    const struct kme_lot *l = &s->h.lots[lot];
    s->provisioning[ue] = (struct bindery_ue_provisioning){
        .encrypter = &encrypter_openssl_port, .lot = {l->id.text, l->modulus, l->modulus_n}};
    s->w.devices[ue].host.provisioning = &s->provisioning[ue];
    world_boot(&s->w, ue);
}

static inline void scene_mode(struct scene *s, enum scene_mode mode)
{
    struct home_subscriber *of = &s->h.subscribers[0];
    memset(s->factory.b, 0x6b, sizeof s->factory.b);
    if (mode != SCENE_FIRST && mode != SCENE_HOME_LOST) {
        of->view.n_devices = 1;
        of->view.devices[0] = (struct binding_device){
            .imei = makers_imei(&s->k, 0), .has_kme = true, .kme = s->factory};
        kme_home_request(&of->kme, mode == SCENE_RENEWAL ? KME_REQUEST_RENEW : KME_REQUEST_REBIND,
                         NULL);
    }
    s->w.devices[0].identity.kme =
        mode != SCENE_FIRST && mode != SCENE_DEVICE_LOST ? s->factory.b : NULL;
    world_boot(&s->w, 0);
}

/* Device 0 and a neighbour, both with keys that the repository vouches for. */
static inline void scene_open(struct scene *s, enum scene_mode mode)
{
    makers_open(&s->k, &s->w);
    s->w.config.devid = false;
    s->w.policy = (struct devid_policy){.wanted = false};
    s->w.config.kme = true;
    home_open(&s->h, &s->w);
    for (unsigned i = 0; i < WORLD_UES; i++) {
        s->w.devices[i].identity.kme = NULL;
        s->w.devices[i].identity.mnc_n = 2;
        makers_make(&s->k, i, VERIFY_KEY_P256, i == 0 ? BINDING_PUBLIC_KEY : BINDING_CERTIFICATE);
        scene_lot(s, i, 0);
    }
    scene_mode(s, mode);
}

static inline void scene_close(struct scene *s)
{
    makers_close(&s->k);
    home_close(&s->h);
}

/* What the device has stored of its keys, or was given by its factory. The caller wipes it. */
static inline struct kme_me scene_keys(struct scene *s, unsigned ue)
{
    const struct device *d = &s->w.devices[ue];
    struct ue_keys keys = {.me = {.has_active = false}};
    if (d->keys_n > 0) {
        assert_ok(ue_keys_read(&s->w.c, (struct bytes){d->keys, d->keys_n}, &keys));
    } else if (d->identity.kme != NULL) {
        keys.me.has_active = true;
        memcpy(keys.me.active.b, d->identity.kme, sizeof keys.me.active.b);
    }
    return keys.me;
}

/* The device and its home network have one and the same key, and neither anything else. */
static inline bool scene_one_key(struct scene *s, unsigned ue)
{
    const struct kme_me me = scene_keys(s, ue);
    const struct binding_view *v = &s->h.subscribers[ue].view;
    const struct binding_device *d = &v->devices[0];
    struct imei imei = makers_imei(&s->k, ue);
    return me.has_active && !me.pending.present && v->n_devices == 1 && d->has_kme &&
           !d->has_previous && imei_eq(&d->imei, &imei) &&
           crypto_ct_eq(BYTES_OF(me.active.b), BYTES_OF(d->kme.b));
}

/* Attaches and waits for what comes of it; true: registered. */
static inline bool scene_attach(struct scene *s, unsigned ue)
{
    world_attach(&s->w, ue);
    bool registered = world_run_registered(&s->w, ue, s->w.now + 20 * SECOND);
    world_run(&s->w, s->w.now + SECOND);
    return registered;
}

#endif
