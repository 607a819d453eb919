#include "wire/kme.h"

#include "codec/nas_container.h"

#include <string.h>

/* ---- octets of one length ---- */

static enum err fixed_read(struct bytes in, struct mbytes out)
{
    if (in.n != out.n) {
        return E_BAD_LENGTH;
    }
    memcpy(out.p, in.p, out.n);
    return E_OK;
}

/* ---- step 4 ---- */

/*= kme-4b */
void wire_kme_offer_fill(const uint8_t nonce[static KME_NONCE_LEN], struct s6a_binding_control *out)
{
    out->present = true;
    out->binding_mode = DIAMETER_U32_OF(S6A_BINDING_PROVISIONING_ONLY);
    out->hss_nonce = (struct bytes){nonce, KME_NONCE_LEN};
}

enum err wire_kme_offer_read(const struct s6a_binding_control *in,
                             uint8_t nonce[static KME_NONCE_LEN])
{
    if (!in->present || !in->binding_mode.present ||
        in->binding_mode.v != S6A_BINDING_PROVISIONING_ONLY) {
        return E_NOT_FOUND;
    }
    if (in->hss_nonce.p == NULL) {
        return E_MISSING;
    }
    return fixed_read(in->hss_nonce, (struct mbytes){nonce, KME_NONCE_LEN});
}

/*= kme-4c */
enum err wire_kme_command_write(const uint8_t nonce[static KME_NONCE_LEN], struct mbytes out,
                                struct bytes *value)
{
    const struct nas_kme_command m = {.nonce = {nonce, KME_NONCE_LEN}};
    return nas_container_write(&nas_kme_command_container, &m, out, value);
}

enum err wire_kme_command_read(struct bytes value, uint8_t nonce[static KME_NONCE_LEN])
{
    struct nas_kme_command m;
    enum err err = nas_container_parse(&nas_kme_command_container, value, &m);
    return err == E_OK ? fixed_read(m.nonce, (struct mbytes){nonce, KME_NONCE_LEN}) : err;
}

/* ---- steps 6 and 7 ---- */

/*= kme-6 */
enum err wire_kme_payload_write(const struct kme_payload *in, struct mbytes out,
                                struct bytes *value)
{
    uint8_t imsi[IMSI_BCD_LEN];
    const struct nas_kme_payload m = {
        .imsi = BYTES_OF(imsi),
        .imei = {(const uint8_t *)in->imei.digits, IMEI_DIGITS},
        .lot = {(const uint8_t *)in->lot.text, in->lot.n},
        .ciphertext = in->encrypted,
    };
    imsi_to_bcd(&in->imsi, imsi);
    return nas_container_write(&nas_kme_payload_container, &m, out, value);
}

enum err wire_kme_payload_read(struct bytes value, struct kme_payload *out)
{
    struct nas_kme_payload m;
    struct kme_payload p;
    enum err err = nas_container_parse(&nas_kme_payload_container, value, &m);
    if (err == E_OK) {
        err = imsi_from_bcd(m.imsi.p, &p.imsi);
    }
    if (err == E_OK) {
        err = imei_parse(m.imei, &p.imei);
    }
    if (err == E_OK) {
        err = kme_lot_id_parse(m.lot, &p.lot);
    }
    if (err == E_OK) {
        p.encrypted = m.ciphertext;
        *out = p;
    }
    return err;
}

/*= kme-7 */
void wire_kme_update_fill(struct bytes value, struct s6a_ulr *out)
{
    out->kme_payload = value;
}

enum err wire_kme_update_read(const struct s6a_ulr *in, struct kme_payload *out)
{
    return in->kme_payload.p != NULL ? wire_kme_payload_read(in->kme_payload, out) : E_NOT_FOUND;
}

/* ---- steps 10 and 11 ---- */

/*= kme-10 */
void wire_kme_answer_fill(const uint8_t nw_sig[static KME_NW_SIG_LEN], struct s6a_ula *out)
{
    out->nw_signature = (struct bytes){nw_sig, KME_NW_SIG_LEN};
}

enum err wire_kme_answer_read(const struct s6a_ula *in, uint8_t nw_sig[static KME_NW_SIG_LEN])
{
    if (in->nw_signature.p == NULL) {
        return E_NOT_FOUND;
    }
    return fixed_read(in->nw_signature, (struct mbytes){nw_sig, KME_NW_SIG_LEN});
}

/*= kme-11 */
enum err wire_kme_result_write(const uint8_t nw_sig[static KME_NW_SIG_LEN], struct mbytes out,
                               struct bytes *value)
{
    const struct nas_kme_result m = {.nw_signature = {nw_sig, KME_NW_SIG_LEN}};
    return nas_container_write(&nas_kme_result_container, &m, out, value);
}

enum err wire_kme_result_read(struct bytes value, uint8_t nw_sig[static KME_NW_SIG_LEN])
{
    struct nas_kme_result m;
    enum err err = nas_container_parse(&nas_kme_result_container, value, &m);
    return err == E_OK ? fixed_read(m.nw_signature, (struct mbytes){nw_sig, KME_NW_SIG_LEN}) : err;
}
