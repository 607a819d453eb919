#include "wire/s6a_aka.h"

#include "codec/private.h"

#include <string.h>

#define RESYNC_LEN 30 /* RAND 16 || AUTS 14 (TS 29.272 7.3.15) */

static enum err refuse_value(struct bytes msg, uint32_t own_vendor, enum diameter_avp_id avp,
                             struct diameter_fault *fault)
{
    diameter_fault_value(msg, avp, own_vendor, fault);
    return E_BAD_VALUE;
}

enum err wire_user_name(uint32_t own_vendor, struct bytes msg, struct bytes user_name,
                        struct imsi *out, struct diameter_fault *fault)
{
    if (imsi_parse(user_name, out) != E_OK) {
        return refuse_value(msg, own_vendor, AVP_USER_NAME, fault);
    }
    return E_OK;
}

/* 16 digits are an IMEISV; the identity is in the first 14 of all three forms. */
static enum err imei_of(struct bytes digits, struct imei *out)
{
    struct imeisv sv;
    if (digits.n != 16) {
        return imei_parse_transmitted(digits, out);
    }
    enum err err = imeisv_parse(digits, &sv);
    if (err == E_OK) {
        *out = sv.imei;
    }
    return err;
}

enum err wire_terminal_imei(uint32_t own_vendor, struct bytes msg,
                            const struct s6a_terminal_information *info, bool *has,
                            struct imei *out, struct diameter_fault *fault)
{
    *has = info->present && info->imei.p != NULL;
    if (*has && imei_of(info->imei, out) != E_OK) {
        return refuse_value(msg, own_vendor, AVP_IMEI, fault);
    }
    return E_OK;
}

/* How many vectors a group asks for: absent number means one, more than five means five. */
static enum err wanted(const struct s6a_requested_authentication_info *info, unsigned *out)
{
    const struct diameter_u32 *n = &info->number_of_requested_vectors;
    *out = 0;
    if (!info->present) {
        return E_OK;
    }
    if (n->present && n->v == 0) {
        return E_BAD_VALUE;
    }
    *out = !n->present ? 1 : n->v > S6A_VECTORS_MAX ? S6A_VECTORS_MAX : n->v;
    return E_OK;
}

static void read_resync(const struct s6a_requested_authentication_info *info, struct wire_air *out)
{
    struct bytes v = info->re_synchronization_info;
    if (!info->present || v.p == NULL || v.n != RESYNC_LEN || out->has_resync) {
        return;
    }
    out->has_resync = true;
    memcpy(out->resync_rand, v.p, sizeof out->resync_rand);
    memcpy(out->auts.b, v.p + sizeof out->resync_rand, sizeof out->auts.b);
}

/*= binding-0 */
static enum err read_served_imei(uint32_t own_vendor, struct bytes msg, const struct s6a_air *air,
                                 struct wire_air *out, struct diameter_fault *fault)
{
    out->has_served_imei = air->served_imei.p != NULL;
    if (out->has_served_imei && imei_of(air->served_imei, &out->served_imei) != E_OK) {
        return refuse_value(msg, own_vendor, AVP_SERVED_IMEI, fault);
    }
    return E_OK;
}

static enum err read_counts(uint32_t own_vendor, struct bytes msg, const struct s6a_air *air,
                            struct wire_air *out, struct diameter_fault *fault)
{
    if (wanted(&air->requested_eutran_authentication_info, &out->eutran) != E_OK ||
        wanted(&air->requested_utran_geran_authentication_info, &out->utran) != E_OK) {
        return refuse_value(msg, own_vendor, AVP_NUMBER_OF_REQUESTED_VECTORS, fault);
    }
    if (out->eutran + out->utran == 0) {
        *fault = (struct diameter_fault){.result_code = DIAMETER_MISSING_AVP,
                                         .example = true,
                                         .code = 1408,
                                         .vendor = 10415,
                                         .flags = DIAMETER_AVP_V | DIAMETER_AVP_M,
                                         .path = "Requested-EUTRAN-Authentication-Info"};
        return E_MISSING;
    }
    return E_OK;
}

enum err wire_air_read(uint32_t own_vendor, struct bytes msg, const struct s6a_air *air,
                       struct wire_air *out, struct diameter_fault *fault)
{
    struct wire_air w = {.has_resync = false};
    struct plmn plmn;
    enum err err = wire_user_name(own_vendor, msg, air->request.user_name, &w.imsi, fault);
    if (err == E_OK) {
        err = read_counts(own_vendor, msg, air, &w, fault);
    }
    if (err == E_OK) {
        err = read_served_imei(own_vendor, msg, air, &w, fault);
    }
    if (err == E_OK && (air->visited_plmn_id.n != PLMN_LEN ||
                        plmn_from_octets(air->visited_plmn_id.p, &plmn) != E_OK)) {
        err = refuse_value(msg, own_vendor, AVP_VISITED_PLMN_ID, fault);
    }
    if (err != E_OK) {
        return err;
    }
    memcpy(w.visited_plmn_id, air->visited_plmn_id.p, sizeof w.visited_plmn_id);
    read_resync(&air->requested_eutran_authentication_info, &w);
    read_resync(&air->requested_utran_geran_authentication_info, &w);
    uint32_t features =
        s6a_features_of(air->request.supported_features, air->request.supported_features_n,
                        own_vendor, OWN_FEATURE_LIST_ID);
    w.knows_binding = (features & OWN_FEATURE_BINDING) != 0;
    w.knows_devid = (features & OWN_FEATURE_DEVID) != 0;
    w.knows_provisioning = (features & OWN_FEATURE_PROVISIONING) != 0;
    *out = w;
    return E_OK;
}

/* ---- the answer ---- */

static struct bytes xres_of(const struct binding_vector *v)
{
    return (struct bytes){v->xres.b, v->xres.n};
}

void wire_aia_fill(const struct wire_aia *vectors, bool knows_binding, struct s6a_aia *out)
{
    struct s6a_authentication_info *info = &out->authentication_info;
    const struct binding_vector *v = vectors->vectors;
    unsigned total = vectors->eutran + vectors->utran;
    info->present = true;
    for (unsigned i = 0; i < vectors->eutran; i++, v++) {
        info->e_utran_vector[info->e_utran_vector_n++] =
            (struct s6a_e_utran_vector){.present = true,
                                        .item_number = DIAMETER_U32_OF(i + 1),
                                        .rand = BYTES_OF(v->rand),
                                        .xres = xres_of(v),
                                        .autn = BYTES_OF(v->autn.b),
                                        .kasme = BYTES_OF(v->kasme.b)};
    }
    for (unsigned i = 0; i < vectors->utran; i++, v++) {
        info->utran_vector[info->utran_vector_n++] =
            (struct s6a_utran_vector){.present = true,
                                      .item_number = DIAMETER_U32_OF(i + 1),
                                      .rand = BYTES_OF(v->rand),
                                      .xres = xres_of(v),
                                      .autn = BYTES_OF(v->autn.b),
                                      .confidentiality_key = BYTES_OF(v->ck.b),
                                      .integrity_key = BYTES_OF(v->ik.b)};
    }
    bool wants_proof = vectors->proof != S6A_PROOF_NOT_WANTED;
    if ((knows_binding || wants_proof) && total > 0) {
        bool processed = vectors->vectors[0].processed;
        out->binding_control.present = true;
        out->binding_control.binding_mode =
            DIAMETER_U32_OF(processed ? S6A_BINDING_PROCESSED : S6A_BINDING_REGULAR);
        if (wants_proof) {
            out->binding_control.proof_control = DIAMETER_U32_OF(vectors->proof);
        }
    }
}

enum err wire_aia_vector(const struct s6a_aia *aia, unsigned index, struct binding_vector *out)
{
    const struct s6a_authentication_info *info = &aia->authentication_info;
    if (!info->present || index >= info->e_utran_vector_n) {
        return E_MISSING;
    }
    const struct s6a_e_utran_vector *v = &info->e_utran_vector[index];
    if (v->rand.n != sizeof out->rand || v->autn.n != sizeof out->autn.b ||
        v->kasme.n != sizeof out->kasme.b || v->xres.n > sizeof out->xres.b) {
        return E_BAD_LENGTH;
    }
    *out = (struct binding_vector){.xres.n = (uint8_t)v->xres.n};
    memcpy(out->rand, v->rand.p, v->rand.n);
    memcpy(out->autn.b, v->autn.p, v->autn.n);
    memcpy(out->kasme.b, v->kasme.p, v->kasme.n);
    memcpy(out->xres.b, v->xres.p, v->xres.n);
    out->processed = (autn_amf(&out->autn) & 1u) != 0;
    return E_OK;
}
