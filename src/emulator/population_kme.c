/* How emulated devices make their KMEs: of which lot they are, and where their keys are kept. */
#include "device/linux/encrypter_openssl.h"
#include "emulator/population_parts.h"
#include <stdio.h>
#include <string.h>

enum err population_lot(struct population *p, const char *path, struct population_why *why)
{
    struct lot_file_why said;
    enum err err = lot_file_load(path, &p->lot, &said);
    if (err != E_OK) {
        (void)snprintf(why->text, sizeof why->text, "%s", said.text);
    }
    return err;
}

static bool same_lot(const struct kme_lot *a, const struct kme_lot *b)
{
    return kme_lot_id_eq(&a->id, &b->id) && bytes_eq((struct bytes){a->modulus, a->modulus_n},
                                                     (struct bytes){b->modulus, b->modulus_n});
}

enum err population_give_lot(struct population *p)
{
    struct device_state *s = &p->state;
    const struct kme_lot *given = &p->lot.lot;
    char imei[IMEI_DIGITS + 2];
    if (p->lot.n == 0 || (s->lot.modulus_n > 0 && same_lot(&s->lot, given))) {
        return E_OK;
    }
    if (!lot_file_covers(&p->lot, &s->imei)) {
        imei_print(&s->imei, imei);
        (void)snprintf(p->why.text, sizeof p->why.text, "%s: lot %s does not cover its IMEI, %s",
                       p->path, given->id.text, imei);
        return E_CONFLICT;
    }
    enum err err = device_lot_make((struct bytes){(const uint8_t *)given->id.text, given->id.n},
                                   (struct bytes){given->modulus, given->modulus_n}, &s->lot);
    if (err == E_OK && !p->reads_only) {
        err = device_state_save_held(p->path, &p->hold, s, &p->why);
    }
    return err;
}

/* A state file's own lot, or that of all whom it covers. */
static const struct kme_lot *lot_of(const struct population *p, const struct lot_device *from)
{
    if (p->path != NULL) {
        return p->state.lot.modulus_n > 0 ? &p->state.lot : NULL;
    }
    return from->has_imei && lot_file_covers(&p->lot, &from->imei) ? &p->lot.lot : NULL;
}

const struct bindery_ue_provisioning *population_provisioning(struct population *p,
                                                              const struct lot_device *from)
{
    const struct kme_lot *lot = lot_of(p, from);
    if (lot == NULL || p->guise.makes_no_kme || p->guise.without_kme) {
        return NULL;
    }
    p->provisioning = (struct bindery_ue_provisioning){
        .encrypter = &encrypter_openssl_port,
        .lot = {.id = lot->id.text, .modulus = lot->modulus, .modulus_n = lot->modulus_n}};
    return &p->provisioning;
}

/* Without a file they live and die with the process, and that is what is promised. In equipment
 * that is not the file's nothing of the file's is changed. */
bool population_store_keys(void *ctx, const uint8_t *keys, size_t n)
{
    struct population *p = ((const struct device *)ctx)->population;
    if (p->path == NULL || population_is_disguised(p)) {
        return true;
    }
    return device_state_take_keys(&p->crypto, &p->state, (struct bytes){keys, n}) == E_OK &&
           device_state_save_held(p->path, &p->hold, &p->state, &p->why) == E_OK;
}
