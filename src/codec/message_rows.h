/* codec/message_rows.h - the rows that messages of S6a and S13 have in common: the groups in front,
 * the AVPs of every request and of every answer (TS 29.272 7.2). For s6a.c and s13.c, which make
 * their tables of them; nobody else includes it.
 */
#ifndef BINDERY_CODEC_MESSAGE_ROWS_H
#define BINDERY_CODEC_MESSAGE_ROWS_H

#include "codec/s6a.h"

#define GROUP(name, type)                                                                          \
    _Static_assert(offsetof(type, present) == 0, "a group begins with its presence");              \
    static const struct diameter_table name##_table = TABLE(type, name##_rows);

#define S struct diameter_vendor_specific_application_id
static const struct diameter_row vendor_specific_rows[] = {
    ROW_ONE(S, vendor_id, VENDOR_ID),
    ROW_OPT(S, auth_application_id, AUTH_APPLICATION_ID),
    ROW_OPT(S, acct_application_id, ACCT_APPLICATION_ID),
};
GROUP(vendor_specific, S)
#undef S

#define S struct diameter_experimental_result
static const struct diameter_row experimental_result_rows[] = {
    ROW_ONE(S, vendor_id, VENDOR_ID),
    ROW_ONE(S, experimental_result_code, EXPERIMENTAL_RESULT_CODE),
};
GROUP(experimental_result, S)
#undef S

#define S struct s6a_supported_features
static const struct diameter_row supported_features_rows[] = {
    ROW_ONE(S, vendor_id, VENDOR_ID),
    ROW_ONE(S, feature_list_id, FEATURE_LIST_ID),
    ROW_ONE(S, feature_list, FEATURE_LIST),
};
GROUP(supported_features, S)
#undef S

#define S struct s6a_terminal_information
static const struct diameter_row terminal_information_rows[] = {
    ROW_OPT(S, imei, IMEI),
    ROW_OPT(S, software_version, SOFTWARE_VERSION),
    ROW_IGNORE(TGPP2_MEID),
};
GROUP(terminal_information, S)
#undef S

/* ---- what all messages share ---- */

/* Load, overload and priority (RFC 7683, 7944, 8583), and what RFC 6733 allows anywhere. */
#define IGNORED                                                                                    \
    ROW_IGNORE(CLASS), ROW_IGNORE(EVENT_TIMESTAMP), ROW_IGNORE(DRMP),                              \
        ROW_IGNORE(OC_SUPPORTED_FEATURES), ROW_IGNORE(OC_OLR), ROW_IGNORE(LOAD),                   \
        ROW_IGNORE(SOURCEID), ROW_IGNORE(AUTH_APPLICATION_ID)

#define REQUEST(type, host_least, user_least)                                                      \
    ROW_ONE(type, request.session_id, SESSION_ID),                                                 \
        ROW_OPT_GROUP(type, request.vendor_specific_application_id,                                \
                      VENDOR_SPECIFIC_APPLICATION_ID, &vendor_specific_table),                     \
        ROW_ONE(type, request.auth_session_state, AUTH_SESSION_STATE),                             \
        ROW_ONE(type, request.origin_host, ORIGIN_HOST),                                           \
        ROW_ONE(type, request.origin_realm, ORIGIN_REALM),                                         \
        ROW_(type, request.destination_host, DESTINATION_HOST, host_least, NULL),                  \
        ROW_ONE(type, request.destination_realm, DESTINATION_REALM),                               \
        ROW_(type, request.user_name, USER_NAME, user_least, NULL),                                \
        ROW_OPT(type, request.origin_state_id, ORIGIN_STATE_ID),                                   \
        ROW_LIST(type, request.supported_features, SUPPORTED_FEATURES, 0,                          \
                 &supported_features_table)
#define REQUEST_END(type)                                                                          \
    ROW_LIST(type, request.proxy_info, PROXY_INFO, 0, NULL),                                       \
        ROW_LIST(type, request.route_record, ROUTE_RECORD, 0, NULL), IGNORED

#define ANSWER(type)                                                                               \
    ROW_ONE(type, answer.session_id, SESSION_ID),                                                  \
        ROW_OPT_GROUP(type, answer.vendor_specific_application_id, VENDOR_SPECIFIC_APPLICATION_ID, \
                      &vendor_specific_table),                                                     \
        ROW_OPT(type, answer.result_code, RESULT_CODE),                                            \
        ROW_OPT_GROUP(type, answer.experimental_result, EXPERIMENTAL_RESULT,                       \
                      &experimental_result_table),                                                 \
        ROW_ONE(type, answer.auth_session_state, AUTH_SESSION_STATE),                              \
        ROW_ONE(type, answer.origin_host, ORIGIN_HOST),                                            \
        ROW_ONE(type, answer.origin_realm, ORIGIN_REALM),                                          \
        ROW_OPT(type, answer.error_message, ERROR_MESSAGE),                                        \
        ROW_OPT(type, answer.origin_state_id, ORIGIN_STATE_ID),                                    \
        ROW_LIST(type, answer.supported_features, SUPPORTED_FEATURES, 0,                           \
                 &supported_features_table)
#define ANSWER_END(type)                                                                           \
    ROW_LIST(type, answer.failed_avp, FAILED_AVP, 0, NULL),                                        \
        ROW_LIST(type, answer.proxy_info, PROXY_INFO, 0, NULL), ROW_IGNORE(ERROR_DIAGNOSTIC),      \
        ROW_IGNORE(ERROR_REPORTING_HOST), ROW_IGNORE(REDIRECT_HOST),                               \
        ROW_IGNORE(REDIRECT_HOST_USAGE), ROW_IGNORE(REDIRECT_MAX_CACHE_TIME),                      \
        ROW_IGNORE(ROUTE_RECORD), ROW_IGNORE(USER_NAME), IGNORED

#endif
