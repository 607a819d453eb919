#include "nf/mmed/emm_parts.h"

const char *emm_row_event_name(enum emm_row_event e)
{
    static const char *const names[] = {
#define X(name) #name,
        EMM_EVENTS(X)
#undef X
    };
    return (unsigned)e < EMM_ON_COUNT ? names[e] : "?";
}

void emm_ignore(struct emm_run *r)
{
    (void)r;
}

/* Common to all states between the ATTACH REQUEST and the ATTACH COMPLETE, or the reject. */
#define UNTIMED                                                                                    \
    [EMM_ON_ATTACH_REQUEST] = emm_attach_request_repeated,                                         \
    [EMM_ON_DETACH_REQUEST] = emm_on_detach_request, [EMM_ON_EMM_STATUS] = emm_ignore,             \
    [EMM_ON_CANCEL] = emm_cancel, [EMM_ON_CONNECTION_LOST] = emm_lost_during_attach,               \
    [EMM_ON_UNDELIVERED] = emm_ignore, [EMM_ON_SUPERSEDED] = emm_superseded
#define ATTACHING UNTIMED, [EMM_ON_T_ATTACH] = emm_attach_timeout

/* Answers of an HSS that come after the UE went on, and whatever arrives twice, are let go. */
static const emm_handler rows[EMM_STATE_COUNT][EMM_ON_COUNT] = {
    [EMM_DEREGISTERED] =
        {
            [EMM_ON_ATTACH_REQUEST] = emm_on_attach_request,
            [EMM_ON_DETACH_REQUEST] = emm_nobody_here,
            [EMM_ON_TRACKING_AREA_UPDATE_REQUEST] = emm_nobody_here,
            [EMM_ON_SERVICE_REQUEST] = emm_nobody_here,
            [EMM_ON_EXTENDED_SERVICE_REQUEST] = emm_nobody_here,
        },
    [EMM_ONBOARDING] =
        {
            UNTIMED,
            [EMM_ON_ECA] = emm_on_onboarded,
            [EMM_ON_T_ATTACH] = emm_onboarding_timeout,
            [EMM_ON_IDENTITY_RESPONSE] = emm_identity_unasked,
        },
    [EMM_IDENTITY] =
        {
            ATTACHING,
            [EMM_ON_IDENTITY_RESPONSE] = emm_on_identity,
            [EMM_ON_T_PROCEDURE] = emm_identity_again,
        },
    [EMM_VECTORS] =
        {
            ATTACHING,
            [EMM_ON_AIA] = emm_on_aia,
            [EMM_ON_IDENTITY_RESPONSE] = emm_identity_unasked,
        },
    [EMM_AUTHENTICATION] =
        {
            ATTACHING,
            [EMM_ON_AUTHENTICATION_RESPONSE] = emm_on_res,
            [EMM_ON_AUTHENTICATION_FAILURE] = emm_on_authentication_failure,
            [EMM_ON_T_PROCEDURE] = emm_challenge_again,
            [EMM_ON_IDENTITY_RESPONSE] = emm_identity_unasked,
        },
    [EMM_SECURITY_MODE] =
        {
            ATTACHING,
            [EMM_ON_SECURITY_MODE_COMPLETE] = emm_on_security_complete,
            [EMM_ON_SECURITY_MODE_REJECT] = emm_on_security_reject,
            [EMM_ON_AUTHENTICATION_RESPONSE] = emm_ignore,
            [EMM_ON_T_PROCEDURE] = emm_security_again,
            [EMM_ON_IDENTITY_RESPONSE] = emm_identity_unasked,
        },
    [EMM_PROOF] =
        {
            ATTACHING,
            [EMM_ON_IDENTITY_RESPONSE] = emm_on_proof,
            [EMM_ON_SECURITY_MODE_COMPLETE] = emm_ignore,
            [EMM_ON_T_PROCEDURE] = emm_proof_again,
        },
    [EMM_PROVISIONING] =
        {
            ATTACHING,
            [EMM_ON_IDENTITY_RESPONSE] = emm_on_payload,
            [EMM_ON_SECURITY_MODE_COMPLETE] = emm_ignore,
            [EMM_ON_ESM_REQUEST] = emm_esm_request_early,
            [EMM_ON_T_PROCEDURE] = emm_provision_again,
        },
    [EMM_EQUIPMENT] =
        {
            ATTACHING,
            [EMM_ON_ESM_REQUEST] = emm_esm_request_early,
            [EMM_ON_ECA] = emm_on_eca,
            [EMM_ON_SECURITY_MODE_COMPLETE] = emm_ignore,
            [EMM_ON_IDENTITY_RESPONSE] = emm_identity_late,
        },
    [EMM_LOCATION] =
        {
            ATTACHING,
            [EMM_ON_ESM_REQUEST] = emm_esm_request_early,
            [EMM_ON_ULA] = emm_on_ula,
            [EMM_ON_SECURITY_MODE_COMPLETE] = emm_ignore,
            [EMM_ON_IDENTITY_RESPONSE] = emm_identity_late,
        },
    [EMM_ESM_INFORMATION] =
        {
            ATTACHING,
            [EMM_ON_CHANGED] = emm_on_changed,
            [EMM_ON_ESM_INFORMATION_RESPONSE] = emm_on_esm_information,
            [EMM_ON_T_PROCEDURE] = emm_esm_information_again,
            [EMM_ON_IDENTITY_RESPONSE] = emm_identity_late,
        },
    [EMM_ACCEPT] =
        {
            ATTACHING,
            [EMM_ON_CHANGED] = emm_on_changed,
            [EMM_ON_ATTACH_COMPLETE] = emm_on_attach_complete,
            [EMM_ON_CONTEXT_SET] = emm_context_set,
            [EMM_ON_CONTEXT_FAILED] = emm_context_failed,
            [EMM_ON_ESM_ANSWER] = emm_on_esm_answer,
            [EMM_ON_TRACKING_AREA_UPDATE_REQUEST] = emm_not_now,
            [EMM_ON_SERVICE_REQUEST] = emm_not_now,
            [EMM_ON_EXTENDED_SERVICE_REQUEST] = emm_not_now,
            [EMM_ON_T_PROCEDURE] = emm_accept_again,
            [EMM_ON_IDENTITY_RESPONSE] = emm_identity_late,
        },
    [EMM_REGISTERED] =
        {
            [EMM_ON_ATTACH_REQUEST] = emm_attach_request_anew,
            [EMM_ON_ATTACH_COMPLETE] = emm_ignore,
            [EMM_ON_DETACH_REQUEST] = emm_on_detach_request,
            [EMM_ON_TRACKING_AREA_UPDATE_REQUEST] = emm_on_tracking_area_update,
            [EMM_ON_TRACKING_AREA_UPDATE_COMPLETE] = emm_ignore,
            [EMM_ON_SERVICE_REQUEST] = emm_on_service_request,
            [EMM_ON_EXTENDED_SERVICE_REQUEST] = emm_on_extended_service_request,
            [EMM_ON_ESM_REQUEST] = emm_on_esm_request,
            [EMM_ON_ESM_ANSWER] = emm_on_esm_answer,
            [EMM_ON_EMM_STATUS] = emm_ignore,
            [EMM_ON_TRANSPORT] = emm_transport,
            [EMM_ON_ULA] = emm_on_confirmed,
            [EMM_ON_CHANGED] = emm_on_changed,
            [EMM_ON_CANCEL] = emm_cancel,
            [EMM_ON_UNDELIVERED] = emm_ignore,
            [EMM_ON_CONTEXT_SET] = emm_context_set,
            [EMM_ON_CONTEXT_FAILED] = emm_context_failed,
            [EMM_ON_CONNECTION_LOST] = emm_lost_registered,
            [EMM_ON_SUPERSEDED] = emm_superseded,
            [EMM_ON_IDENTITY_RESPONSE] = emm_identity_unasked,
        },
    [EMM_IDLE] =
        {
            [EMM_ON_DETACH_REQUEST] = emm_on_detach_request,
            [EMM_ON_TRACKING_AREA_UPDATE_REQUEST] = emm_on_tracking_area_update,
            [EMM_ON_SERVICE_REQUEST] = emm_on_service_request,
            [EMM_ON_EXTENDED_SERVICE_REQUEST] = emm_on_extended_service_request,
            [EMM_ON_ULA] = emm_on_confirmed,
            [EMM_ON_CHANGED] = emm_on_changed,
            [EMM_ON_CANCEL] = emm_cancel,
            [EMM_ON_T_REACHABLE] = emm_unreachable,
            [EMM_ON_SUPERSEDED] = emm_superseded,
        },
    [EMM_DETACHING] =
        {
            [EMM_ON_DETACH_ACCEPT] = emm_on_detach_accept,
            [EMM_ON_DETACH_REQUEST] = emm_on_detach_request,
            [EMM_ON_TRACKING_AREA_UPDATE_REQUEST] = emm_not_now,
            [EMM_ON_SERVICE_REQUEST] = emm_not_now,
            [EMM_ON_EXTENDED_SERVICE_REQUEST] = emm_not_now,
            [EMM_ON_EMM_STATUS] = emm_ignore,
            [EMM_ON_T_PROCEDURE] = emm_detach_again,
            [EMM_ON_UNDELIVERED] = emm_ignore,
            [EMM_ON_CANCEL] = emm_ignore,
            [EMM_ON_CONNECTION_LOST] = emm_lost_during_attach,
            [EMM_ON_SUPERSEDED] = emm_superseded,
            [EMM_ON_IDENTITY_RESPONSE] = emm_identity_unasked,
        },
};

emm_handler emm_table_row(enum emm_state s, enum emm_row_event e)
{
    return (unsigned)s < EMM_STATE_COUNT && (unsigned)e < EMM_ON_COUNT ? rows[s][e] : NULL;
}
