#include "proc/certattach.h"

#include "proc/certattach_parts.h"

#include <string.h>

/* ---- step 1 ---- */

/*= certattach-proof */
static enum err prove(const struct crypto *c, const struct certattach_device *device,
                      const struct plmn *plmn, const uint8_t nonce[static CERTATTACH_NONCE_LEN],
                      uint8_t *room, struct bytes *proof)
{
    uint8_t content[CERTATTACH_PROOF_CONTENT_LEN];
    const struct devid_signer *s = device->signer;
    size_t n = DEVID_SIGNATURE_MAX;
    enum err err =
        certattach_proof_content(c, s->algorithm, device->url, &device->imei, nonce, plmn, content);
    if (err != E_OK) {
        return err;
    }
    room[0] = s->algorithm;
    err = s->sign(s->ctx, BYTES_OF(content), room + 1, &n);
    if (err != E_OK || n < DEVID_SIGNATURE_MIN || n > DEVID_SIGNATURE_MAX) {
        return E_CRYPTO; /* a signature that could not travel is none */
    }
    *proof = (struct bytes){room, 1 + n};
    return E_OK;
}

/*= certattach-1b certattach-nonce */
enum err certattach_device_ask(const struct crypto *c, const struct certattach_device *device,
                               const struct plmn *plmn, uint8_t *room,
                               struct certattach_asked *asked, struct certattach_request *out)
{
    struct device_id id;
    uint8_t nonce[CERTATTACH_NONCE_LEN];
    struct bytes proof = {NULL, 0};
    enum err err = certattach_url_id(device->url, &id);
    if (err == E_OK) {
        err = c->random(c->ctx, MBYTES_OF(nonce));
    }
    if (err == E_OK && device->signer != NULL) {
        err = prove(c, device, plmn, nonce, room, &proof);
    }
    if (err != E_OK) {
        return err;
    }
    asked->asked = true;
    asked->plmn = *plmn;
    memcpy(asked->nonce, nonce, sizeof asked->nonce);
    *out = (struct certattach_request){.url = device->url, .proof = proof};
    memcpy(out->nonce, nonce, sizeof out->nonce);
    return E_OK;
}

/* ---- step 5 ---- */

static enum certattach_refusal form_judge(const struct certattach_result *result)
{
    bool good = result->signature.n == CERTATTACH_SIGNATURE_LEN && result->expiry >= 0 &&
                result->certificates.n > 0 && result->box.n > 0 &&
                result->box.n <= CERTATTACH_BOX_MAX;
    return good ? CERTATTACH_REFUSED_NONE : CERTATTACH_REFUSED_UNREADABLE;
}

/*= certattach-signed certattach-operator */
static enum certattach_refusal operator_judge(const struct crypto *c,
                                              const struct certattach_device_port *port,
                                              const struct certattach_about *about,
                                              const struct certattach_result *result)
{
    uint8_t octets[CERTATTACH_SIGNED_MAX];
    struct bytes content;
    if (certattach_signed_content(c, about, result->expiry, result->box, octets, &content) !=
        E_OK) {
        return CERTATTACH_REFUSED_CRYPTO;
    }
    return port->verify(port->ctx, result->certificates, &about->plmn, result->expiry, content,
                        result->signature);
}

static enum certattach_refusal refusal_of(enum err err)
{
    return err == E_OK       ? CERTATTACH_REFUSED_NONE
           : err == E_CRYPTO ? CERTATTACH_REFUSED_CRYPTO
                             : CERTATTACH_REFUSED_BOX;
}

/*= certattach-box certattach-bound-box */
static enum certattach_refusal box_open(const struct crypto *c,
                                        const struct certattach_device_port *port,
                                        const struct certattach_about *about, struct bytes box,
                                        struct mbytes room, struct bytes *plain)
{
    uint8_t secret[CERTATTACH_SECRET_LEN], aad[CERTATTACH_AAD_MAX];
    struct rd r = rd_of(box);
    const uint8_t form = rd_u8(&r);
    const struct bytes sent = rd_take(&r, port->sent_n);
    const size_t left = rd_left(&r);
    if (r.err != E_OK || (form != CERTATTACH_EC && form != CERTATTACH_RSA) ||
        left < CERTATTACH_TAG_LEN || left - CERTATTACH_TAG_LEN > room.n) {
        return CERTATTACH_REFUSED_BOX;
    }
    const struct bytes cipher = rd_take(&r, left - CERTATTACH_TAG_LEN);
    const struct bytes tag = rd_take(&r, CERTATTACH_TAG_LEN);
    enum err err = port->secret(port->ctx, (enum certattach_form)form, sent, secret);
    if (err == E_OK) {
        err = ecies_open(c, secret, sent, certattach_aad(about, aad), cipher, tag.p, room.p);
    }
    wipe(secret, sizeof secret);
    *plain = (struct bytes){room.p, cipher.n};
    return refusal_of(err);
}

static enum certattach_refusal take(const struct crypto *c,
                                    const struct certattach_device_port *port,
                                    const struct certattach_about *about,
                                    const struct certattach_result *result, struct mbytes room,
                                    struct certattach_profile *out)
{
    struct bytes plain;
    enum certattach_refusal r = form_judge(result);
    if (r == CERTATTACH_REFUSED_NONE) {
        r = operator_judge(c, port, about, result);
    }
    if (r == CERTATTACH_REFUSED_NONE) {
        r = box_open(c, port, about, result->box, room, &plain);
    }
    if (r == CERTATTACH_REFUSED_NONE && certattach_profile_read(plain, out) != E_OK) {
        r = CERTATTACH_REFUSED_PROFILE;
    }
    return r;
}

/*= certattach-nonce */
enum certattach_refusal certattach_device_take(const struct crypto *c,
                                               const struct certattach_device_port *port,
                                               const struct device_id *id,
                                               const struct certattach_result *result,
                                               struct mbytes room, struct certattach_asked *asked,
                                               struct certattach_profile *out)
{
    struct certattach_about about = {.id = *id, .plmn = asked->plmn};
    memset(out, 0, sizeof *out);
    if (!asked->asked) {
        return CERTATTACH_REFUSED_NOT_ASKED;
    }
    memcpy(about.nonce, asked->nonce, sizeof about.nonce);
    memcpy(about.nonce_1, result->nonce_1, sizeof about.nonce_1);
    const enum certattach_refusal r = take(c, port, &about, result, room, out);
    wipe(room.p, room.n);
    if (r == CERTATTACH_REFUSED_NONE) {
        asked->asked = false;
        wipe(asked->nonce, sizeof asked->nonce);
    }
    return r;
}
