#include "wire/s13_eir.h"

#include "wire/s6a_aka.h"

/* As the parser does for a member that its table demands (RFC 6733 7.1.5). */
static enum err imei_missing(struct diameter_fault *fault)
{
    const struct diameter_definition *d = diameter_definition(AVP_IMEI);
    *fault = (struct diameter_fault){.result_code = DIAMETER_MISSING_AVP,
                                     .example = true,
                                     .code = d->code,
                                     .vendor = DIAMETER_VENDOR_3GPP,
                                     .flags = DIAMETER_AVP_V | DIAMETER_AVP_M,
                                     .value_len = diameter_value_min(d),
                                     .path = "Terminal-Information/IMEI"};
    return E_MISSING;
}

enum err wire_ecr_read(uint32_t own_vendor, struct bytes msg, const struct s13_ecr *ecr,
                       struct wire_ecr *out, struct diameter_fault *fault)
{
    struct wire_ecr w = {.has_imsi = ecr->request.user_name.p != NULL};
    bool has_imei = false;
    enum err err =
        wire_terminal_imei(own_vendor, msg, &ecr->terminal_information, &has_imei, &w.imei, fault);
    if (err == E_OK && !has_imei) {
        err = imei_missing(fault);
    }
    if (err == E_OK && w.has_imsi) {
        err = wire_user_name(own_vendor, msg, ecr->request.user_name, &w.imsi, fault);
    }
    if (err == E_OK) {
        *out = w;
    }
    return err;
}

bool wire_equipment_status(enum eir_status status, struct diameter_u32 *out)
{
    switch (status) {
    case EIR_WHITELISTED:
        *out = DIAMETER_U32_OF(S13_WHITELISTED);
        return true;
    case EIR_GREYLISTED:
        *out = DIAMETER_U32_OF(S13_GREYLISTED);
        return true;
    case EIR_BLACKLISTED:
        *out = DIAMETER_U32_OF(S13_BLACKLISTED);
        return true;
    case EIR_UNKNOWN_EQUIPMENT:
        return false;
    }
    return false;
}
