#include "codec/s13.h"

#include "codec/message_rows.h"

#define S struct s13_device_credential
static const struct diameter_row device_credential_rows[] = {
    ROW_ONE(S, credential_status, CREDENTIAL_STATUS),
    ROW_OPT(S, proof_cause, PROOF_CAUSE),
    ROW_OPT(S, credential_form, CREDENTIAL_FORM),
    ROW_LIST(S, credential_certificate, CREDENTIAL_CERTIFICATE, 0, NULL),
    ROW_OPT(S, credential_key, CREDENTIAL_KEY),
    ROW_OPT(S, binding_record, BINDING_RECORD),
    ROW_OPT(S, record_signature, RECORD_SIGNATURE),
    ROW_OPT(S, record_signer, RECORD_SIGNER),
    ROW_OPT(S, credential_source, CREDENTIAL_SOURCE),
    ROW_OPT(S, credential_age, CREDENTIAL_AGE),
};
GROUP(device_credential, S)
#undef S

#define S struct s13_ecr
static const struct diameter_row ecr_rows[] = {
    REQUEST(S, 0, 0),
    ROW_ONE_GROUP(S, terminal_information, TERMINAL_INFORMATION, &terminal_information_table),
    ROW_OPT(S, credential_request, CREDENTIAL_REQUEST),
    ROW_OPT(S, provisioning_request, PROVISIONING_REQUEST),
    ROW_OPT(S, provisioning_plmn, PROVISIONING_PLMN),
    REQUEST_END(S),
};
#undef S
#define S struct s13_eca
static const struct diameter_row eca_rows[] = {
    ANSWER(S),
    ROW_OPT(S, equipment_status, EQUIPMENT_STATUS),
    ROW_OPT_GROUP(S, device_credential, DEVICE_CREDENTIAL, &device_credential_table),
    ROW_OPT(S, provisioning_result, PROVISIONING_RESULT),
    ANSWER_END(S),
};
#undef S

#define MESSAGE(m, common, is_request, shortly, fully)                                             \
    _Static_assert(offsetof(struct s13_##m, common.header) == 0, "the header comes first");        \
    static const struct diameter_table m##_table = TABLE(struct s13_##m, m##_rows);                \
    const struct diameter_message s13_##m##_message = {.command = S13_ME_IDENTITY_CHECK,           \
                                                       .application = DIAMETER_APP_S13,            \
                                                       .request = (is_request),                    \
                                                       .short_name = (shortly),                    \
                                                       .name = (fully),                            \
                                                       .table = &m##_table};
MESSAGE(ecr, request, true, "ECR", "ME-Identity-Check-Request")
MESSAGE(eca, answer, false, "ECA", "ME-Identity-Check-Answer")

#define X(m)                                                                                       \
    enum err s13_##m##_parse(uint32_t own_vendor, struct bytes msg, struct s13_##m *out,           \
                             struct diameter_fault *fault)                                         \
    {                                                                                              \
        return diameter_parse(&s13_##m##_message, own_vendor, msg, out, fault);                    \
    }                                                                                              \
    enum err s13_##m##_write(uint32_t own_vendor, const struct s13_##m *in, struct mbytes out,     \
                             size_t *n)                                                            \
    {                                                                                              \
        return diameter_write(&s13_##m##_message, own_vendor, in, out, n);                         \
    }
S13_MESSAGES(X)
#undef X

enum err s13_identify(const struct diameter_header *h, const struct diameter_message **out,
                      struct diameter_fault *fault)
{
    *fault = (struct diameter_fault){.result_code = 0};
    if (h->application != DIAMETER_APP_S13) {
        fault->result_code = DIAMETER_APPLICATION_UNSUPPORTED;
        return E_UNSUPPORTED;
    }
    if (h->command != S13_ME_IDENTITY_CHECK) {
        fault->result_code = DIAMETER_COMMAND_UNSUPPORTED;
        return E_UNSUPPORTED;
    }
    *out = h->request ? &s13_ecr_message : &s13_eca_message;
    return E_OK;
}

void s13_request_begin(struct s6a_request *r, uint32_t hop_by_hop, uint32_t end_to_end)
{
    s6a_request_begin(r, hop_by_hop, end_to_end);
    r->header.application = DIAMETER_APP_S13;
    r->vendor_specific_application_id.auth_application_id = DIAMETER_U32_OF(DIAMETER_APP_S13);
}
