#include "wire/certattach.h"

#include "codec/nas_container.h"

#include <string.h>

_Static_assert(CERTATTACH_URL_MAX <= 512, "the element has room for the longest URL");
_Static_assert(CERTATTACH_BOX_MAX <= 4096, "and for the longest box");

/* ---- step 1 ---- */

/*= certattach-1b */
enum err wire_certattach_request_write(const struct certattach_request *in, struct mbytes out,
                                       struct bytes *value)
{
    const struct nas_provisioning_request m = {
        .certificate_url = in->url, .device_nonce = BYTES_OF(in->nonce), .proof = in->proof};
    return nas_container_write(&nas_provisioning_request_container, &m, out, value);
}

enum err wire_certattach_request_read(struct bytes value, struct certattach_request *out)
{
    struct nas_provisioning_request m;
    const enum err err = nas_container_parse(&nas_provisioning_request_container, value, &m);
    if (err != E_OK) {
        return err;
    }
    *out = (struct certattach_request){.url = m.certificate_url, .proof = m.proof};
    memcpy(out->nonce, m.device_nonce.p, sizeof out->nonce);
    return E_OK;
}

void wire_certattach_inquiry_fill(struct bytes value, const uint8_t plmn[static PLMN_LEN],
                                  struct s13_ecr *out)
{
    out->provisioning_request = value;
    out->provisioning_plmn = (struct bytes){plmn, PLMN_LEN};
}

/*= certattach-2a */
enum err wire_certattach_inquiry_read(const struct s13_ecr *in, struct bytes *value,
                                      struct plmn *plmn)
{
    if (in->provisioning_request.p == NULL) {
        return E_NOT_FOUND;
    }
    if (in->provisioning_plmn.p == NULL) {
        return E_MISSING;
    }
    if (in->provisioning_plmn.n != PLMN_LEN) {
        return E_BAD_LENGTH;
    }
    const enum err err = plmn_from_octets(in->provisioning_plmn.p, plmn);
    if (err == E_OK) {
        *value = in->provisioning_request;
    }
    return err;
}

/* ---- steps 3 and 4 ---- */

/*= certattach-4 */
enum err wire_certattach_result_write(const struct certattach_result *in, struct mbytes out,
                                      struct bytes *value)
{
    uint8_t expiry[8];
    struct wr w = wr_of(MBYTES_OF(expiry));
    wr_be64(&w, (uint64_t)in->expiry);
    const struct nas_provisioning_result m = {
        .nonce_1 = BYTES_OF(in->nonce_1),
        .expiry = BYTES_OF(expiry),
        .ciphertext = in->box,
        .operator_signature = in->signature,
        .certificate = in->certificates,
    };
    return nas_container_write(&nas_provisioning_result_container, &m, out, value);
}

enum err wire_certattach_result_read(struct bytes value, struct certattach_result *out)
{
    struct nas_provisioning_result m;
    const enum err err = nas_container_parse(&nas_provisioning_result_container, value, &m);
    if (err != E_OK) {
        return err;
    }
    struct rd r = rd_of(m.expiry);
    const uint64_t expiry = rd_be64(&r);
    if (expiry > INT64_MAX) {
        return E_BAD_VALUE;
    }
    *out = (struct certattach_result){.expiry = (int64_t)expiry,
                                      .box = m.ciphertext,
                                      .signature = m.operator_signature,
                                      .certificates = m.certificate};
    memcpy(out->nonce_1, m.nonce_1.p, sizeof out->nonce_1);
    return E_OK;
}

void wire_certattach_answer_fill(struct bytes value, struct s13_eca *out)
{
    out->provisioning_result = value;
}

enum err wire_certattach_answer_read(const struct s13_eca *in, struct bytes *value)
{
    struct nas_provisioning_result m;
    if (in->provisioning_result.p == NULL) {
        return E_NOT_FOUND;
    }
    if (in->provisioning_result.n > WIRE_CERTATTACH_RESULT_MAX) {
        return E_BAD_LENGTH;
    }
    const enum err err =
        nas_container_parse(&nas_provisioning_result_container, in->provisioning_result, &m);
    if (err == E_OK) {
        *value = in->provisioning_result;
    }
    return err;
}
