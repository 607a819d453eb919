#include "codec/diameter_base.h"
#include <string.h>

/* ---- groups ---- */

static const struct diameter_row vendor_specific_rows[] = {
#define S struct diameter_vendor_specific_application_id
    ROW_ONE(S, vendor_id, VENDOR_ID),
    ROW_OPT(S, auth_application_id, AUTH_APPLICATION_ID),
    ROW_OPT(S, acct_application_id, ACCT_APPLICATION_ID),
#undef S
};
static const struct diameter_table vendor_specific_table =
    TABLE(struct diameter_vendor_specific_application_id, vendor_specific_rows);

/* What nobody's node needs to understand in a message of the connection. */
#define IGNORED                                                                                    \
    ROW_IGNORE(EVENT_TIMESTAMP), ROW_IGNORE(DRMP), ROW_IGNORE(OC_SUPPORTED_FEATURES),              \
        ROW_IGNORE(ERROR_REPORTING_HOST)

/* RFC 6733 5.3.1: at least one address, a vendor and a product, in CER and in a CEA that succeeds
 */
#define CAPABILITIES(type, least)                                                                  \
    ROW_LIST(type, capabilities.host_ip_address, HOST_IP_ADDRESS, least, NULL),                    \
        ROW_(type, capabilities.vendor_id, VENDOR_ID, least, NULL),                                \
        ROW_(type, capabilities.product_name, PRODUCT_NAME, least, NULL),                          \
        ROW_OPT(type, capabilities.origin_state_id, ORIGIN_STATE_ID),                              \
        ROW_LIST(type, capabilities.supported_vendor_id, SUPPORTED_VENDOR_ID, 0, NULL),            \
        ROW_LIST(type, capabilities.auth_application_id, AUTH_APPLICATION_ID, 0, NULL),            \
        ROW_LIST(type, capabilities.inband_security_id, INBAND_SECURITY_ID, 0, NULL),              \
        ROW_LIST(type, capabilities.acct_application_id, ACCT_APPLICATION_ID, 0, NULL),            \
        ROW_LIST(type, capabilities.vendor_specific_application_id,                                \
                 VENDOR_SPECIFIC_APPLICATION_ID, 0, &vendor_specific_table),                       \
        ROW_OPT(type, capabilities.firmware_revision, FIRMWARE_REVISION)

#define ORIGIN(type)                                                                               \
    ROW_ONE(type, origin_host, ORIGIN_HOST), ROW_ONE(type, origin_realm, ORIGIN_REALM)
#define ANSWER(type)                                                                               \
    ROW_ONE(type, result_code, RESULT_CODE), ORIGIN(type),                                         \
        ROW_OPT(type, error_message, ERROR_MESSAGE),                                               \
        ROW_LIST(type, failed_avp, FAILED_AVP, 0, NULL)

/* ---- messages ---- */

static const struct diameter_row cer_rows[] = {ORIGIN(struct diameter_cer),
                                               CAPABILITIES(struct diameter_cer, 1), IGNORED};
static const struct diameter_row cea_rows[] = {ANSWER(struct diameter_cea),
                                               CAPABILITIES(struct diameter_cea, 0), IGNORED};
static const struct diameter_row dwr_rows[] = {
    ORIGIN(struct diameter_dwr), ROW_OPT(struct diameter_dwr, origin_state_id, ORIGIN_STATE_ID),
    IGNORED};
static const struct diameter_row dwa_rows[] = {
    ANSWER(struct diameter_dwa), ROW_OPT(struct diameter_dwa, origin_state_id, ORIGIN_STATE_ID),
    IGNORED};
static const struct diameter_row dpr_rows[] = {
    ORIGIN(struct diameter_dpr), ROW_ONE(struct diameter_dpr, disconnect_cause, DISCONNECT_CAUSE),
    ROW_IGNORE(ORIGIN_STATE_ID), IGNORED};
static const struct diameter_row dpa_rows[] = {ANSWER(struct diameter_dpa),
                                               ROW_IGNORE(ORIGIN_STATE_ID), IGNORED};

#define MESSAGE(m, is_request, code, shortly, fully)                                               \
    _Static_assert(offsetof(struct diameter_##m, header) == 0, "the header comes first");          \
    static const struct diameter_table m##_table = TABLE(struct diameter_##m, m##_rows);           \
    const struct diameter_message diameter_##m##_message = {.command = (code),                     \
                                                            .application = DIAMETER_APP_BASE,      \
                                                            .request = (is_request),               \
                                                            .short_name = (shortly),               \
                                                            .name = (fully),                       \
                                                            .table = &m##_table};
MESSAGE(cer, true, DIAMETER_CAPABILITIES_EXCHANGE, "CER", "Capabilities-Exchange-Request")
MESSAGE(cea, false, DIAMETER_CAPABILITIES_EXCHANGE, "CEA", "Capabilities-Exchange-Answer")
MESSAGE(dwr, true, DIAMETER_DEVICE_WATCHDOG, "DWR", "Device-Watchdog-Request")
MESSAGE(dwa, false, DIAMETER_DEVICE_WATCHDOG, "DWA", "Device-Watchdog-Answer")
MESSAGE(dpr, true, DIAMETER_DISCONNECT_PEER, "DPR", "Disconnect-Peer-Request")
MESSAGE(dpa, false, DIAMETER_DISCONNECT_PEER, "DPA", "Disconnect-Peer-Answer")

#define X(m)                                                                                       \
    enum err diameter_##m##_parse(struct bytes msg, struct diameter_##m *out,                      \
                                  struct diameter_fault *fault)                                    \
    {                                                                                              \
        return diameter_parse(&diameter_##m##_message, 0, msg, out, fault);                        \
    }                                                                                              \
    enum err diameter_##m##_write(const struct diameter_##m *in, struct mbytes out, size_t *n)     \
    {                                                                                              \
        return diameter_write(&diameter_##m##_message, 0, in, out, n);                             \
    }
DIAMETER_BASE_MESSAGES(X)
#undef X

/* ---- what the peer room asks ---- */

struct bytes diameter_address(struct bytes ip, uint8_t out[static 18])
{
    if (ip.n != 4 && ip.n != 16) {
        return (struct bytes){NULL, 0};
    }
    out[0] = 0;
    out[1] = ip.n == 4 ? 1 : 2;
    memcpy(out + 2, ip.p, ip.n);
    return (struct bytes){out, ip.n + 2};
}

static bool offered(const struct diameter_u32 *id, uint32_t application)
{
    return id->present && (id->v == application || id->v == DIAMETER_APP_RELAY);
}

bool diameter_offers(const struct diameter_capabilities *c, uint32_t application)
{
    for (size_t i = 0; i < c->auth_application_id_n; i++) {
        if (offered(&c->auth_application_id[i], application)) {
            return true;
        }
    }
    for (size_t i = 0; i < c->vendor_specific_application_id_n; i++) {
        if (offered(&c->vendor_specific_application_id[i].auth_application_id, application)) {
            return true;
        }
    }
    return false;
}
