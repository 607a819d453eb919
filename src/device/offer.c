#include "device/offer.h"

#include "codec/nas_container.h"
#include "codec/nas_ie.h"
#include "device/hooks.h"
#include "device/keys.h"
#include "device/platform.h"
#include "device/proof.h"
#include "wire/kme.h"
#include <string.h>

_Static_assert(BINDERY_UE_LOT_ID_MAX == KME_LOT_ID_MAX &&
                   BINDERY_UE_MODULUS_MIN == KME_MODULUS_MIN &&
                   BINDERY_UE_MODULUS_MAX == KME_MODULUS_MAX &&
                   BINDERY_UE_KME_ANSWER_MAX == WIRE_KME_PAYLOAD_MAX,
               "the public sizes are the inner ones");
_Static_assert(BINDERY_UE_KME_ANSWER_MAX <= BINDERY_UE_BUFFER_MIN - BINDERY_UE_UPLINK_MAX,
               "the buffer's part for what came in takes any answer");

/* ---- what the host brings ---- */

static struct bytes modulus_of(const struct bindery_ue_lot *lot)
{
    return (struct bytes){lot->modulus, lot->modulus_n};
}

static enum err lot_id_of(const struct bindery_ue_lot *lot, struct kme_lot_id *out)
{
    size_t n = 0;
    while (n <= KME_LOT_ID_MAX && lot->id[n] != '\0') {
        n++;
    }
    return kme_lot_id_parse((struct bytes){(const uint8_t *)lot->id, n}, out);
}

static bool has_lot(const struct bindery_ue_lot *lot)
{
    return lot->id != NULL && lot->modulus != NULL;
}

bool offer_lot_is_right(const struct bindery_ue_provisioning *p)
{
    struct kme_lot_id id;
    return p == NULL || !has_lot(&p->lot) ||
           (lot_id_of(&p->lot, &id) == E_OK && kme_modulus_check(modulus_of(&p->lot)) == E_OK);
}

MUST_USE static enum err encrypt(void *ctx, struct bytes modulus, struct bytes label,
                                 struct bytes plain, uint8_t *out)
{
    const struct bindery_ue_encrypter *e = ctx;
    return e->encrypt(e->ctx, modulus.p, modulus.n, label.p, label.n, plain.p, plain.n, out)
               ? E_OK
               : E_CRYPTO;
}

static struct kme_encrypter encrypter_of(const struct bindery_ue_encrypter *e)
{
    union { /* the function above only reads it */
        const struct bindery_ue_encrypter *in;
        void *out;
    } ctx = {.in = e};
    return (struct kme_encrypter){.ctx = ctx.out, .encrypt = encrypt};
}

enum err offer_home(const struct imsi *imsi, uint8_t mnc_n, struct plmn *out)
{
    if (mnc_n < 2 || mnc_n > 3) {
        return E_BAD_VALUE;
    }
    return plmn_parse((struct bytes){(const uint8_t *)imsi->digits, 3U + mnc_n}, out);
}

/* ---- the command ---- */

/* NULL, or a device with all that it needs but the room. */
static bool is_able(const struct offer_asked *asked)
{
    const struct bindery_ue_provisioning *p = asked->provisioning;
    return p != NULL && p->encrypter != NULL && has_lot(&p->lot) && asked->signer != NULL &&
           asked->signer->algorithm == BINDERY_UE_SIGNATURE_ECDSA_P256 && asked->home != NULL &&
           imsi_in_plmn(&asked->imsi, asked->home);
}

static bool answered_before(const struct kme_me *me, const uint8_t nonce[static KME_NONCE_LEN])
{
    return me->pending.present &&
           bytes_eq(BYTES_OF(me->pending.nonce), (struct bytes){nonce, KME_NONCE_LEN});
}

bool offer_is_new(const struct offer_asked *asked, const struct kme_me *me)
{
    uint8_t nonce[KME_NONCE_LEN];
    return kme_may_answer(asked->integrity, asked->ciphered) &&
           asked->identity_type == NAS_IDENTITY_IMEI &&
           wire_kme_command_read(asked->element, nonce) == E_OK && is_able(asked) &&
           !answered_before(me, nonce);
}

static enum bindery_ue_kme_outcome offer(const struct crypto *c, const struct offer_asked *asked,
                                         const uint8_t nonce[static KME_NONCE_LEN],
                                         struct kme_me *me, struct mbytes room, struct bytes *value)
{
    const struct devid_signer signer = proof_signer(asked->signer);
    const struct kme_encrypter encrypter = encrypter_of(asked->provisioning->encrypter);
    const struct bindery_ue_lot *lot = &asked->provisioning->lot;
    struct kme_device device = {.parties = {asked->imsi, asked->imei, *asked->home},
                                .modulus = modulus_of(lot),
                                .signer = &signer,
                                .encrypter = &encrypter,
                                .room = room.p};
    struct kme_payload payload;
    if (asked->signer->sign == NULL || asked->provisioning->encrypter->encrypt == NULL ||
        lot_id_of(lot, &device.lot) != E_OK || kme_modulus_check(device.modulus) != E_OK ||
        room.n < BINDERY_UE_KME_ANSWER_MAX) {
        return BINDERY_UE_KME_BROKEN;
    }
    enum err err = kme_me_offer(c, &device, nonce, me, &payload);
    err = err == E_OK ? wire_kme_payload_write(&payload, room, value) : err;
    return err == E_OK ? BINDERY_UE_KME_OFFERED : BINDERY_UE_KME_BROKEN;
}

/*= kme-ciphered */
enum bindery_ue_kme_outcome offer_answer(const struct crypto *c, const struct offer_asked *asked,
                                         struct kme_me *me, struct mbytes room, struct bytes *value,
                                         bool *changed)
{
    uint8_t nonce[KME_NONCE_LEN];
    uint8_t type = 0;
    if (nas_container_type(asked->element, &type) != E_OK || type != NAS_CONTAINER_KME_COMMAND) {
        return BINDERY_UE_KME_NOT_ASKED;
    }
    if (!kme_may_answer(asked->integrity, asked->ciphered)) {
        return BINDERY_UE_KME_UNPROTECTED;
    }
    if (asked->identity_type != NAS_IDENTITY_IMEI ||
        wire_kme_command_read(asked->element, nonce) != E_OK) {
        return BINDERY_UE_KME_MALFORMED;
    }
    if (!is_able(asked)) {
        return BINDERY_UE_KME_UNABLE;
    }
    const bool known = answered_before(me, nonce);
    enum bindery_ue_kme_outcome o = offer(c, asked, nonce, me, room, value);
    if (!known && answered_before(me, nonce)) {
        *changed = true;
    }
    return o;
}

/* ---- the result ---- */

/*= kme-12 */
enum bindery_ue_kme_outcome offer_result(struct bytes element, bool integrity, bool ciphered,
                                         struct kme_me *me)
{
    uint8_t nw_sig[KME_NW_SIG_LEN];
    uint8_t type = 0;
    if (element.p == NULL || nas_container_type(element, &type) != E_OK ||
        type != NAS_CONTAINER_KME_RESULT) {
        return BINDERY_UE_KME_NOT_ASKED;
    }
    if (!kme_may_answer(integrity, ciphered)) {
        return BINDERY_UE_KME_UNPROTECTED;
    }
    if (wire_kme_result_read(element, nw_sig) != E_OK) {
        return BINDERY_UE_KME_MALFORMED;
    }
    return kme_me_confirm(nw_sig, me) == E_OK ? BINDERY_UE_KME_ACTIVE : BINDERY_UE_KME_WRONG;
}
