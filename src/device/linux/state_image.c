/* What a NAS client stores, and what a device state file has of it: src/device/linux/state_file.h.
 */
#include "device/keys.h"
#include "device/linux/state_file.h"
#include <string.h>

/* ---- the image ---- */

enum err device_state_image(const struct crypto *c, const struct device_state *state,
                            struct mbytes out, size_t *n)
{
    const struct device_nas *nas = &state->nas;
    struct ue_image image = {.imsi = state->imsi,
                             .answered = state->me.answered,
                             .res = state->me.last_answer.res,
                             .ck = state->me.last_answer.ck,
                             .ik = state->me.last_answer.ik,
                             .has_guti = nas->has_guti,
                             .guti = nas->guti,
                             .has_last_tai = nas->has_last_tai,
                             .last_tai = nas->last_tai,
                             .tai_list_n = nas->tai_list_n,
                             .t3346_ms = nas->t3346_ms,
                             .has_security = nas->has_security};
    if (!state->has_nas) {
        return E_NOT_FOUND;
    }
    memcpy(image.rand, state->me.last_rand, sizeof image.rand);
    memcpy(image.tai_list, nas->tai_list, sizeof image.tai_list);
    memcpy(image.security, nas->security, sizeof image.security);
    enum err err = ue_image_write(c, &image, out, n);
    wipe(&image, sizeof image);
    return err;
}

static void take_image(struct device_state *state, const struct ue_image *image)
{
    struct device_nas *nas = &state->nas;
    state->me.answered = image->answered;
    memcpy(state->me.last_rand, image->rand, sizeof state->me.last_rand);
    state->me.last_answer =
        (struct usim_answer){.res = image->res, .ck = image->ck, .ik = image->ik};
    state->has_nas = true;
    *nas = (struct device_nas){.has_guti = image->has_guti,
                               .guti = image->guti,
                               .has_last_tai = image->has_last_tai,
                               .last_tai = image->last_tai,
                               .tai_list_n = image->tai_list_n,
                               .t3346_ms = image->t3346_ms,
                               .has_security = image->has_security};
    memcpy(nas->tai_list, image->tai_list, sizeof nas->tai_list);
    memcpy(nas->security, image->security, sizeof nas->security);
}

enum err device_state_take_image(const struct crypto *c, struct device_state *state,
                                 struct bytes image, const uint64_t seq[static SQN_IND_COUNT])
{
    struct ue_image read;
    enum err err = ue_image_read(c, image, &read);
    if (err == E_OK && !imsi_eq(&read.imsi, &state->imsi)) {
        err = E_CONFLICT;
    }
    if (err == E_OK) {
        take_image(state, &read);
        memcpy(state->usim.seq, seq, sizeof state->usim.seq);
    }
    wipe(&read, sizeof read);
    return err;
}

/* ---- the keys ---- */

enum err device_state_keys(const struct crypto *c, const struct device_state *state,
                           struct mbytes out, size_t *n)
{
    struct ue_keys keys = {.imsi = state->imsi,
                           .me = {.has_active = state->me.has_kme,
                                  .active = state->me.kme,
                                  .pending = state->pending}};
    enum err err = ue_keys_write(c, &keys, out, n);
    wipe(&keys, sizeof keys);
    return err;
}

/*= kme-me-storage */
enum err device_state_take_keys(const struct crypto *c, struct device_state *state,
                                struct bytes keys)
{
    struct ue_keys read;
    enum err err = ue_keys_read(c, keys, &read);
    if (err == E_OK && !imsi_eq(&read.imsi, &state->imsi)) {
        err = E_CONFLICT;
    }
    if (err == E_OK) {
        state->me.has_kme = read.me.has_active;
        state->me.kme = read.me.active;
        state->pending = read.me.pending;
    }
    wipe(&read, sizeof read);
    return err;
}
