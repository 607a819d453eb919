#include "codec/diameter_text.h"
#include "codec/s13.h"
#include "id/imei.h"
#include "id/imsi.h"
#include "id/plmn.h"
#include <stdio.h>
#include <string.h>

/* ---- names ---- */

struct command_name {
    uint32_t application;
    uint32_t command;
    const char *shortly[2]; /* request, answer */
    const char *fully[2];
};
#define NAME(app, code, letters, words)                                                            \
    {                                                                                              \
        app, code, {letters "R", letters "A"},                                                     \
        {                                                                                          \
            words "-Request", words "-Answer"                                                      \
        }                                                                                          \
    }
static const struct command_name command_names[] = {
    NAME(DIAMETER_APP_BASE, 257, "CE", "Capabilities-Exchange"),
    NAME(DIAMETER_APP_BASE, 280, "DW", "Device-Watchdog"),
    NAME(DIAMETER_APP_BASE, 282, "DP", "Disconnect-Peer"),
    NAME(DIAMETER_APP_S6A, 316, "UL", "Update-Location"),
    NAME(DIAMETER_APP_S6A, 317, "CL", "Cancel-Location"),
    NAME(DIAMETER_APP_S6A, 318, "AI", "Authentication-Information"),
    NAME(DIAMETER_APP_S6A, 319, "ID", "Insert-Subscriber-Data"),
    NAME(DIAMETER_APP_S6A, 320, "DS", "Delete-Subscriber-Data"),
    NAME(DIAMETER_APP_S6A, 321, "PU", "Purge-UE"),
    NAME(DIAMETER_APP_S6A, 322, "RS", "Reset"),
    NAME(DIAMETER_APP_S6A, 323, "NO", "Notify"),
    NAME(DIAMETER_APP_S13, 324, "EC", "ME-Identity-Check"),
};
static const struct command_name unknown_command = {
    0, 0, {"Request", "Answer"}, {"Request", "Answer"}};

static const struct command_name *command_name(const struct diameter_header *h)
{
    for (size_t i = 0; i < sizeof command_names / sizeof command_names[0]; i++) {
        const struct command_name *c = &command_names[i];
        if (c->application == h->application && c->command == h->command) {
            return c;
        }
    }
    return &unknown_command;
}

const char *diameter_short_name(const struct diameter_header *h)
{
    return command_name(h)->shortly[h->request ? 0 : 1];
}

const char *diameter_long_name(const struct diameter_header *h)
{
    return command_name(h)->fully[h->request ? 0 : 1];
}

struct number_name {
    uint32_t number;
    const char *name;
};
/* RFC 6733 7.1 */
static const struct number_name result_names[] = {
    {1001, "DIAMETER_MULTI_ROUND_AUTH"},
    {2001, "DIAMETER_SUCCESS"},
    {2002, "DIAMETER_LIMITED_SUCCESS"},
    {3001, "DIAMETER_COMMAND_UNSUPPORTED"},
    {3002, "DIAMETER_UNABLE_TO_DELIVER"},
    {3003, "DIAMETER_REALM_NOT_SERVED"},
    {3004, "DIAMETER_TOO_BUSY"},
    {3005, "DIAMETER_LOOP_DETECTED"},
    {3006, "DIAMETER_REDIRECT_INDICATION"},
    {3007, "DIAMETER_APPLICATION_UNSUPPORTED"},
    {3008, "DIAMETER_INVALID_HDR_BITS"},
    {3009, "DIAMETER_INVALID_AVP_BITS"},
    {3010, "DIAMETER_UNKNOWN_PEER"},
    {4001, "DIAMETER_AUTHENTICATION_REJECTED"},
    {4002, "DIAMETER_OUT_OF_SPACE"},
    {4003, "ELECTION_LOST"},
    {5001, "DIAMETER_AVP_UNSUPPORTED"},
    {5002, "DIAMETER_UNKNOWN_SESSION_ID"},
    {5003, "DIAMETER_AUTHORIZATION_REJECTED"},
    {5004, "DIAMETER_INVALID_AVP_VALUE"},
    {5005, "DIAMETER_MISSING_AVP"},
    {5006, "DIAMETER_RESOURCES_EXCEEDED"},
    {5007, "DIAMETER_CONTRADICTING_AVPS"},
    {5008, "DIAMETER_AVP_NOT_ALLOWED"},
    {5009, "DIAMETER_AVP_OCCURS_TOO_MANY_TIMES"},
    {5010, "DIAMETER_NO_COMMON_APPLICATION"},
    {5011, "DIAMETER_UNSUPPORTED_VERSION"},
    {5012, "DIAMETER_UNABLE_TO_COMPLY"},
    {5013, "DIAMETER_INVALID_BIT_IN_HEADER"},
    {5014, "DIAMETER_INVALID_AVP_LENGTH"},
    {5015, "DIAMETER_INVALID_MESSAGE_LENGTH"},
    {5016, "DIAMETER_INVALID_AVP_BIT_COMBO"},
    {5017, "DIAMETER_NO_COMMON_SECURITY"},
    {0, NULL},
};
/* TS 29.272 7.4 */
static const struct number_name experimental_names[] = {
    {4181, "DIAMETER_AUTHENTICATION_DATA_UNAVAILABLE"},
    {4182, "DIAMETER_ERROR_CAMEL_SUBSCRIPTION_PRESENT"},
    {5001, "DIAMETER_ERROR_USER_UNKNOWN"},
    {5004, "DIAMETER_ERROR_ROAMING_NOT_ALLOWED"},
    {5420, "DIAMETER_ERROR_UNKNOWN_EPS_SUBSCRIPTION"},
    {5421, "DIAMETER_ERROR_RAT_NOT_ALLOWED"},
    {5422, "DIAMETER_ERROR_EQUIPMENT_UNKNOWN"},
    {5423, "DIAMETER_ERROR_UNKNOWN_SERVING_NODE"},
    {0, NULL},
};
static const struct number_name cancellation_names[] = {
    {S6A_MME_UPDATE_PROCEDURE, "mme-update"},
    {S6A_SGSN_UPDATE_PROCEDURE, "sgsn-update"},
    {S6A_SUBSCRIPTION_WITHDRAWAL, "subscription-withdrawal"},
    {S6A_UPDATE_PROCEDURE_IWF, "update-iwf"},
    {S6A_INITIAL_ATTACH_PROCEDURE, "initial-attach"},
    {0, NULL},
};
static const struct number_name rat_names[] = {
    {S6A_RAT_UTRAN, "UTRAN"}, {S6A_RAT_GERAN, "GERAN"}, {S6A_RAT_EUTRAN, "EUTRAN"}, {0, NULL}};
static const struct number_name mode_names[] = {
    {S6A_BINDING_REGULAR, "regular"},
    {S6A_BINDING_PROCESSED, "processed"},
    {S6A_BINDING_PROVISIONING_ONLY, "provisioning-only"},
    {0, NULL},
};
static const struct number_name failure_names[] = {
    {S6A_FAILURE_MAC, "mac"}, {S6A_FAILURE_RES, "res"}, {S6A_FAILURE_IMEI, "imei"}, {0, NULL}};
static const struct number_name disconnect_names[] = {
    {DIAMETER_REBOOTING, "rebooting"},
    {DIAMETER_BUSY, "busy"},
    {DIAMETER_DO_NOT_WANT_TO_TALK_TO_YOU, "do-not-want-to-talk-to-you"},
    {0, NULL},
};
static const struct number_name status_names[] = {
    {S6A_SERVICE_GRANTED, "granted"}, {S6A_BARRED_BY_OPERATOR, "barred"}, {0, NULL}};
static const struct number_name equipment_names[] = {{S13_WHITELISTED, "whitelisted"},
                                                     {S13_BLACKLISTED, "blacklisted"},
                                                     {S13_GREYLISTED, "greylisted"},
                                                     {0, NULL}};
static const struct number_name proof_control_names[] = {{S6A_PROOF_NOT_WANTED, "not-wanted"},
                                                         {S6A_PROOF_WANTED, "wanted"},
                                                         {S6A_PROOF_REMEMBERED, "remembered"},
                                                         {0, NULL}};
static const struct number_name proof_names[] = {{S6A_PROOF_PROVEN, "proven"},
                                                 {S6A_PROOF_UNPROVEN, "unproven"},
                                                 {S6A_PROOF_FAILED, "failed"},
                                                 {S6A_PROOF_UNDETERMINED, "undetermined"},
                                                 {0, NULL}};
static const struct number_name use_names[] = {
    {S13_USE_IDENTITY, "identity"}, {S13_USE_PROVISIONING, "provisioning"}, {0, NULL}};
static const struct number_name credential_names[] = {{S13_CREDENTIAL_FOUND, "found"},
                                                      {S13_CREDENTIAL_NONE, "none"},
                                                      {S13_CREDENTIAL_REVOKED, "revoked"},
                                                      {S13_CREDENTIAL_UNAVAILABLE, "unavailable"},
                                                      {0, NULL}};
static const struct number_name form_names[] = {{S6A_CREDENTIAL_IS_CERTIFICATE, "certificate"},
                                                {S6A_CREDENTIAL_IS_KEY, "public-key"},
                                                {0, NULL}};
static const struct number_name source_names[] = {{S13_FROM_REPOSITORY, "repository"},
                                                  {S13_FROM_CACHE, "cache"},
                                                  {S13_FROM_STALE_CACHE, "stale-cache"},
                                                  {0, NULL}};

static const char *name_of(const struct number_name *names, uint32_t number)
{
    while (names->name && names->number != number) {
        names++;
    }
    return names->name;
}

const char *diameter_result_name(uint32_t code, bool experimental)
{
    return name_of(experimental ? experimental_names : result_names, code);
}

const char *diameter_avp_name(uint32_t code, uint32_t vendor, uint32_t own_vendor)
{
    enum diameter_avp_id id;
    bool known = diameter_avp_lookup(code, vendor, own_vendor, &id);
    return known ? diameter_definition(id)->name : NULL;
}

/* ---- values as text ---- */

typedef char value_text[DIAMETER_VALUE_TEXT_MAX];

static bool find_in(struct bytes avps, enum diameter_avp_id id, uint32_t own_vendor,
                    struct bytes *out)
{
    const struct diameter_definition *d = diameter_definition(id);
    struct rd r = rd_of(avps);
    return diameter_avp_next_of(&r, d->code, diameter_vendor(d, own_vendor), out) == E_OK;
}

static bool number_of(struct bytes v, uint32_t *out)
{
    struct rd r = rd_of(v);
    *out = rd_be32(&r);
    return rd_end(&r) == E_OK;
}

static bool number_in(struct bytes avps, enum diameter_avp_id id, uint32_t own_vendor,
                      uint32_t *out)
{
    struct bytes v;
    return find_in(avps, id, own_vendor, &v) && number_of(v, out);
}

/* Printable ASCII as it is, anything else as a dot; cut to the space. */
static void print_safely(struct bytes in, char *out, size_t room)
{
    size_t n = in.n < room - 1 ? in.n : room - 1;
    for (size_t i = 0; i < n; i++) {
        out[i] = in.p[i] >= 0x20 && in.p[i] < 0x7F ? (char)in.p[i] : '.';
    }
    out[n] = '\0';
}

static void print_named(const struct number_name *names, uint32_t v, value_text out)
{
    const char *name = name_of(names, v);
    if (name) {
        (void)snprintf(out, DIAMETER_VALUE_TEXT_MAX, "%s", name);
    } else {
        (void)snprintf(out, DIAMETER_VALUE_TEXT_MAX, "%u", (unsigned)v);
    }
}

static void print_result(uint32_t code, const char *name, value_text out)
{
    if (!name) {
        (void)snprintf(out, DIAMETER_VALUE_TEXT_MAX, "%u", (unsigned)code);
    } else if (code == DIAMETER_SUCCESS) {
        (void)snprintf(out, DIAMETER_VALUE_TEXT_MAX, "%s", name);
    } else {
        (void)snprintf(out, DIAMETER_VALUE_TEXT_MAX, "%s (%u)", name, (unsigned)code);
    }
}

/* A formatter yields false when the value cannot be shown as what it should be. */
typedef bool formatter(const struct diameter_text *t, struct bytes v, value_text out);

static bool as_text(const struct diameter_text *t, struct bytes v, value_text out)
{
    (void)t;
    print_safely(v, out, DIAMETER_VALUE_TEXT_MAX);
    return true;
}

static bool as_imsi(const struct diameter_text *t, struct bytes v, value_text out)
{
    struct imsi imsi;
    if (!t->mask) {
        return as_text(t, v, out);
    }
    if (imsi_parse(v, &imsi) != E_OK) {
        return as_text(t, BYTES_LIT("***"), out);
    }
    _Static_assert(DIAMETER_VALUE_TEXT_MAX > IMSI_DIGITS_MAX, "a masked IMSI fits");
    imsi_mask(&imsi, out);
    return true;
}

static bool as_imei(const struct diameter_text *t, struct bytes v, value_text out)
{
    (void)as_text(t, v, out);
    size_t n = strlen(out);
    for (size_t i = 8; t->mask && i < n; i++) { /* the type allocation code stays */
        out[i] = '*';
    }
    return true;
}

static bool as_plmn(const struct diameter_text *t, struct bytes v, value_text out)
{
    (void)t;
    struct plmn plmn;
    if (v.n != PLMN_LEN || plmn_from_octets(v.p, &plmn) != E_OK) {
        return false;
    }
    _Static_assert(DIAMETER_VALUE_TEXT_MAX >= PLMN_TEXT_MAX, "a PLMN fits");
    plmn_print(&plmn, out);
    return true;
}

static bool as_number(const struct diameter_text *t, struct bytes v, value_text out)
{
    (void)t;
    uint32_t n;
    if (!number_of(v, &n)) {
        return false;
    }
    (void)snprintf(out, DIAMETER_VALUE_TEXT_MAX, "%u", (unsigned)n);
    return true;
}

static bool as_flags(const struct diameter_text *t, struct bytes v, value_text out)
{
    (void)t;
    uint32_t n;
    if (!number_of(v, &n)) {
        return false;
    }
    (void)snprintf(out, DIAMETER_VALUE_TEXT_MAX, "0x%x", (unsigned)n);
    return true;
}

static bool as_yes(const struct diameter_text *t, struct bytes v, value_text out)
{
    (void)v;
    return as_text(t, BYTES_LIT("yes"), out);
}

static bool as_length(const struct diameter_text *t, struct bytes v, value_text out)
{
    (void)t;
    (void)snprintf(out, DIAMETER_VALUE_TEXT_MAX, "%zu octets", v.n);
    return true;
}

/* Enumerated values with a name table of their own. */
#define AS_NAMED(function, names)                                                                  \
    static bool function(const struct diameter_text *t, struct bytes v, value_text out)            \
    {                                                                                              \
        (void)t;                                                                                   \
        uint32_t n;                                                                                \
        if (!number_of(v, &n)) {                                                                   \
            return false;                                                                          \
        }                                                                                          \
        print_named(names, n, out);                                                                \
        return true;                                                                               \
    }
AS_NAMED(as_cancellation, cancellation_names)
AS_NAMED(as_rat, rat_names)
AS_NAMED(as_mode, mode_names)
AS_NAMED(as_disconnect, disconnect_names)
AS_NAMED(as_status, status_names)
AS_NAMED(as_equipment, equipment_names)
AS_NAMED(as_proof_control, proof_control_names)
AS_NAMED(as_proof, proof_names)
AS_NAMED(as_use, use_names)
AS_NAMED(as_credential, credential_names)
AS_NAMED(as_form, form_names)
AS_NAMED(as_source, source_names)

static bool as_result(const struct diameter_text *t, struct bytes v, value_text out)
{
    (void)t;
    uint32_t code;
    if (!number_of(v, &code)) {
        return false;
    }
    print_result(code, diameter_result_name(code, false), out);
    return true;
}

static bool as_experimental(const struct diameter_text *t, struct bytes group, value_text out)
{
    uint32_t code, vendor;
    if (!number_in(group, AVP_EXPERIMENTAL_RESULT_CODE, t->own_vendor, &code) ||
        !number_in(group, AVP_VENDOR_ID, t->own_vendor, &vendor)) {
        return false;
    }
    print_result(code, vendor == DIAMETER_VENDOR_3GPP ? diameter_result_name(code, true) : NULL,
                 out);
    return true;
}

static bool print_count(struct bytes group, enum diameter_avp_id id, value_text out)
{
    const struct diameter_definition *d = diameter_definition(id);
    struct rd r = rd_of(group);
    struct bytes ignored;
    unsigned n = 0;
    while (diameter_avp_next_of(&r, d->code, diameter_vendor(d, 0), &ignored) == E_OK) {
        n++;
    }
    (void)snprintf(out, DIAMETER_VALUE_TEXT_MAX, "%u", n);
    return n > 0;
}

static bool as_vectors(const struct diameter_text *t, struct bytes group, value_text out)
{
    (void)t;
    return print_count(group, AVP_E_UTRAN_VECTOR, out);
}

static bool as_utran_vectors(const struct diameter_text *t, struct bytes group, value_text out)
{
    (void)t;
    return print_count(group, AVP_UTRAN_VECTOR, out);
}

static bool as_geran_vectors(const struct diameter_text *t, struct bytes group, value_text out)
{
    (void)t;
    return print_count(group, AVP_GERAN_VECTOR, out);
}

static bool as_apns(const struct diameter_text *t, struct bytes group, value_text out)
{
    (void)t;
    return print_count(group, AVP_APN_CONFIGURATION, out);
}

/* AMF is octets 6 and 7 of AUTN (TS 33.102 6.3.2). */
static bool as_amf(const struct diameter_text *t, struct bytes v, value_text out)
{
    (void)t;
    if (v.n != 16) {
        return false;
    }
    unsigned amf = (unsigned)v.p[6] << 8 | v.p[7];
    if (amf == 0x8000 || amf == 0x8001) {
        (void)snprintf(out, DIAMETER_VALUE_TEXT_MAX, "%s", amf == 0x8000 ? "regular" : "processed");
    } else {
        (void)snprintf(out, DIAMETER_VALUE_TEXT_MAX, "0x%04x", amf);
    }
    return true;
}

static bool as_binding_failure(const struct diameter_text *t, struct bytes group, value_text out)
{
    uint32_t cause, count;
    if (!number_in(group, AVP_BINDING_FAILURE_CAUSE, t->own_vendor, &cause) ||
        !number_in(group, AVP_BINDING_FAILURE_COUNT, t->own_vendor, &count)) {
        return false;
    }
    value_text name;
    print_named(failure_names, cause, name);
    (void)snprintf(out, DIAMETER_VALUE_TEXT_MAX, "%.64s x%u", name, (unsigned)count);
    return true;
}

static bool as_failed_avp(const struct diameter_text *t, struct bytes group, value_text out)
{
    struct rd r = rd_of(group);
    struct diameter_avp avp;
    if (diameter_avp_next(&r, &avp) != E_OK) {
        return false;
    }
    const char *name = diameter_avp_name(avp.code, avp.vendor, t->own_vendor);
    if (name) {
        (void)snprintf(out, DIAMETER_VALUE_TEXT_MAX, "%s", name);
    } else {
        (void)snprintf(out, DIAMETER_VALUE_TEXT_MAX, "AVP %u of vendor %u", (unsigned)avp.code,
                       (unsigned)avp.vendor);
    }
    return true;
}

/* ---- the fields that matter ---- */

struct text_row {
    const char *key;
    formatter *format;
    bool base_only; /* not in messages of an application */
    uint8_t depth;
    enum diameter_avp_id path[3];
};
#define FIELD(key, format, ...)                                                                    \
    {                                                                                              \
        key, format, false, sizeof((enum diameter_avp_id[]){__VA_ARGS__}) / sizeof(AVP_CLASS),     \
        {                                                                                          \
            __VA_ARGS__                                                                            \
        }                                                                                          \
    }
#define BASE_FIELD(key, format, id)                                                                \
    {                                                                                              \
        key, format, true, 1,                                                                      \
        {                                                                                          \
            id                                                                                     \
        }                                                                                          \
    }

static const struct text_row fields[] = {
    BASE_FIELD("origin-host", as_text, AVP_ORIGIN_HOST),
    BASE_FIELD("product-name", as_text, AVP_PRODUCT_NAME),
    FIELD("result", as_result, AVP_RESULT_CODE),
    FIELD("result", as_experimental, AVP_EXPERIMENTAL_RESULT),
    FIELD("user-name", as_imsi, AVP_USER_NAME),
    FIELD("visited-plmn-id", as_plmn, AVP_VISITED_PLMN_ID),
    FIELD("rat-type", as_rat, AVP_RAT_TYPE),
    FIELD("imei", as_imei, AVP_TERMINAL_INFORMATION, AVP_IMEI),
    FIELD("served-imei", as_imei, AVP_SERVED_IMEI),
    FIELD("requested-vectors", as_number, AVP_REQUESTED_EUTRAN_AUTHENTICATION_INFO,
          AVP_NUMBER_OF_REQUESTED_VECTORS),
    FIELD("requested-utran-vectors", as_number, AVP_REQUESTED_UTRAN_GERAN_AUTHENTICATION_INFO,
          AVP_NUMBER_OF_REQUESTED_VECTORS),
    FIELD("resync", as_yes, AVP_REQUESTED_EUTRAN_AUTHENTICATION_INFO, AVP_RE_SYNCHRONIZATION_INFO),
    FIELD("utran-resync", as_yes, AVP_REQUESTED_UTRAN_GERAN_AUTHENTICATION_INFO,
          AVP_RE_SYNCHRONIZATION_INFO),
    FIELD("vectors", as_vectors, AVP_AUTHENTICATION_INFO),
    FIELD("utran-vectors", as_utran_vectors, AVP_AUTHENTICATION_INFO),
    FIELD("geran-vectors", as_geran_vectors, AVP_AUTHENTICATION_INFO),
    FIELD("amf", as_amf, AVP_AUTHENTICATION_INFO, AVP_E_UTRAN_VECTOR, AVP_AUTN),
    FIELD("utran-amf", as_amf, AVP_AUTHENTICATION_INFO, AVP_UTRAN_VECTOR, AVP_AUTN),
    FIELD("binding-control", as_mode, AVP_BINDING_CONTROL, AVP_BINDING_MODE),
    FIELD("proof-control", as_proof_control, AVP_BINDING_CONTROL, AVP_PROOF_CONTROL),
    FIELD("ulr-flags", as_flags, AVP_ULR_FLAGS),
    FIELD("device-proof", as_proof, AVP_DEVICE_PROOF, AVP_PROOF_RESULT),
    FIELD("proof-cause", as_text, AVP_DEVICE_PROOF, AVP_PROOF_CAUSE),
    FIELD("proof-form", as_form, AVP_DEVICE_PROOF, AVP_CREDENTIAL_FORM),
    FIELD("ula-flags", as_flags, AVP_ULA_FLAGS),
    FIELD("subscriber-status", as_status, AVP_SUBSCRIPTION_DATA, AVP_SUBSCRIBER_STATUS),
    FIELD("apns", as_apns, AVP_SUBSCRIPTION_DATA, AVP_APN_CONFIGURATION_PROFILE),
    FIELD("kme-payload", as_length, AVP_KME_PAYLOAD),
    FIELD("nw-signature", as_yes, AVP_NW_SIGNATURE),
    FIELD("equipment-status", as_equipment, AVP_EQUIPMENT_STATUS),
    FIELD("credential-request", as_use, AVP_CREDENTIAL_REQUEST),
    FIELD("provisioning-request", as_length, AVP_PROVISIONING_REQUEST),
    FIELD("provisioning-plmn", as_plmn, AVP_PROVISIONING_PLMN),
    FIELD("provisioning-result", as_length, AVP_PROVISIONING_RESULT),
    FIELD("credential", as_credential, AVP_DEVICE_CREDENTIAL, AVP_CREDENTIAL_STATUS),
    FIELD("credential-cause", as_text, AVP_DEVICE_CREDENTIAL, AVP_PROOF_CAUSE),
    FIELD("credential-form", as_form, AVP_DEVICE_CREDENTIAL, AVP_CREDENTIAL_FORM),
    FIELD("credential-source", as_source, AVP_DEVICE_CREDENTIAL, AVP_CREDENTIAL_SOURCE),
    FIELD("pur-flags", as_flags, AVP_PUR_FLAGS),
    FIELD("pua-flags", as_flags, AVP_PUA_FLAGS),
    FIELD("nor-flags", as_flags, AVP_NOR_FLAGS),
    FIELD("binding-failure", as_binding_failure, AVP_BINDING_FAILURE),
    FIELD("cancellation-type", as_cancellation, AVP_CANCELLATION_TYPE),
    FIELD("clr-flags", as_flags, AVP_CLR_FLAGS),
    FIELD("idr-flags", as_flags, AVP_IDR_FLAGS),
    FIELD("dsr-flags", as_flags, AVP_DSR_FLAGS),
    FIELD("dsa-flags", as_flags, AVP_DSA_FLAGS),
    FIELD("user-id", as_text, AVP_USER_ID),
    FIELD("disconnect-cause", as_disconnect, AVP_DISCONNECT_CAUSE),
    FIELD("failed-avp", as_failed_avp, AVP_FAILED_AVP),
    FIELD("error-message", as_text, AVP_ERROR_MESSAGE),
};

struct diameter_text diameter_text_of(struct bytes msg, uint32_t own_vendor, bool mask)
{
    return (struct diameter_text){.msg = msg, .own_vendor = own_vendor, .mask = mask};
}

static bool field_print(const struct diameter_text *t, const struct text_row *row, value_text out)
{
    struct diameter_header h;
    struct rd avps = diameter_avps(t->msg);
    struct bytes v = {avps.p, avps.n};
    if (diameter_header_read(t->msg, &h) != E_OK ||
        (row->base_only && h.application != DIAMETER_APP_BASE)) {
        return false;
    }
    for (unsigned i = 0; i < row->depth; i++) {
        if (!find_in(v, row->path[i], t->own_vendor, &v)) {
            return false;
        }
    }
    return row->format(t, v, out);
}

bool diameter_text_next(struct diameter_text *t, struct diameter_field *out)
{
    while (t->step < sizeof fields / sizeof fields[0]) {
        const struct text_row *row = &fields[t->step++];
        if (field_print(t, row, out->value)) {
            out->key = row->key;
            return true;
        }
    }
    return false;
}

void diameter_line(struct bytes msg, uint32_t own_vendor, bool mask, struct mbytes out)
{
    struct diameter_header h = {0};
    if (out.n == 0) {
        return;
    }
    bool sound = diameter_header_read(msg, &h) == E_OK;
    char *text = (char *)out.p;
    (void)snprintf(text, out.n, "%s", sound ? diameter_short_name(&h) : "(no Diameter message)");
    struct diameter_text t = diameter_text_of(msg, own_vendor, mask);
    struct diameter_field f;
    while (diameter_text_next(&t, &f)) {
        size_t at = strlen(text);
        (void)snprintf(text + at, out.n - at, " %s=%s", f.key, f.value);
    }
}
