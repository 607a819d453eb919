#include "codec/nas_value_text.h"
#include "codec/nas_ie.h"
#include "codec/nas_place_text.h"
#include "codec/private.h"
#include <stdio.h>
#include <string.h>

typedef char value_text[NAS_VALUE_TEXT_MAX];
#define ROOM NAS_VALUE_TEXT_MAX

enum nas_form nas_ie_form(enum nas_ie ie)
{
    static const uint8_t forms[] = {
#define X(name, text, form, clause) NAS_FORM_##form,
        NAS_IES(X)
#undef X
    };
    return (size_t)ie < sizeof forms ? (enum nas_form)forms[ie] : NAS_FORM_HEX;
}

/* ---- hex and plain characters ---- */

static void to_hex(struct bytes value, value_text out)
{
    out[0] = '0';
    out[1] = 'x';
    hex_encode(value, out + 2);
}

static enum err from_hex(const char *text, struct mbytes out, struct bytes *value)
{
    size_t n = strlen(text) / 2;
    if (n > out.n) {
        return E_NO_ROOM;
    }
    *value = (struct bytes){out.p, n};
    return hex_decode(text, (struct mbytes){out.p, n}) == E_OK ? E_OK : E_BAD_VALUE;
}

static bool to_ascii(struct bytes value, value_text out)
{
    for (size_t i = 0; i < value.n; i++) {
        if (value.p[i] < 0x20 || value.p[i] > 0x7E) {
            return false;
        }
        out[i] = (char)value.p[i];
    }
    out[value.n] = '\0';
    return true;
}

static enum err put_text(const char *text, struct mbytes out, struct bytes *value)
{
    struct wr w = wr_of(out);
    wr_put(&w, bytes_of_str(text));
    *value = wr_done(&w);
    return w.err;
}

/* ---- numbers ---- */

struct number_name {
    unsigned number;
    const char *name;
};
static const struct number_name attach_types[] = {
    {NAS_EPS_ATTACH, "EPS attach"},
    {NAS_COMBINED_ATTACH, "combined EPS/IMSI attach"},
    {NAS_RLOS_ATTACH, "EPS RLOS attach"},
    {NAS_PROVISIONING_ATTACH, "provisioning"},
    {NAS_EMERGENCY_ATTACH, "EPS emergency attach"},
    {0, NULL},
};
static const struct number_name attach_results[] = {
    {NAS_EPS_ONLY, "EPS only"}, {NAS_COMBINED, "combined EPS/IMSI attach"}, {0, NULL}};
static const struct number_name detach_types[] = {
    {NAS_EPS_DETACH, "EPS detach"},
    {NAS_IMSI_DETACH, "IMSI detach"},
    {NAS_COMBINED_DETACH, "combined EPS/IMSI detach"},
    {NAS_SWITCH_OFF | NAS_EPS_DETACH, "EPS detach, switch off"},
    {NAS_SWITCH_OFF | NAS_IMSI_DETACH, "IMSI detach, switch off"},
    {NAS_SWITCH_OFF | NAS_COMBINED_DETACH, "combined EPS/IMSI detach, switch off"},
    {0, NULL},
};
static const struct number_name detach_types_down[] = {
    {NAS_REATTACH_REQUIRED, "re-attach required"},
    {NAS_REATTACH_NOT_REQUIRED, "re-attach not required"},
    {NAS_IMSI_DETACH_DOWN, "IMSI detach"},
    {0, NULL},
};
static const struct number_name update_types[] = {
    {NAS_TA_UPDATING, "TA updating"},
    {NAS_COMBINED_UPDATING, "combined TA/LA updating"},
    {NAS_COMBINED_UPDATING_WITH_ATTACH, "combined TA/LA updating with IMSI attach"},
    {NAS_PERIODIC_UPDATING, "periodic updating"},
    {NAS_UPDATE_ACTIVE | NAS_TA_UPDATING, "TA updating, active"},
    {NAS_UPDATE_ACTIVE | NAS_PERIODIC_UPDATING, "periodic updating, active"},
    {0, NULL},
};
static const struct number_name identity_types[] = {
    {NAS_IDENTITY_IMSI, "IMSI"},
    {NAS_IDENTITY_IMEI, "IMEI"},
    {NAS_IDENTITY_IMEISV, "IMEISV"},
    {NAS_IDENTITY_TMSI, "TMSI"},
    {0, NULL},
};
static const struct number_name ksis[] = {{NAS_KSI_NONE, "no key is available"}, {0, NULL}};
static const struct number_name pdn_types[] = {
    {NAS_PDN_IPV4, "IPv4"},     {NAS_PDN_IPV6, "IPv6"},         {NAS_PDN_IPV4V6, "IPv4v6"},
    {NAS_PDN_NON_IP, "non IP"}, {NAS_PDN_ETHERNET, "Ethernet"}, {0, NULL},
};
static const struct number_name request_types[] = {
    {NAS_REQUEST_INITIAL, "initial request"},
    {NAS_REQUEST_HANDOVER, "handover"},
    {NAS_REQUEST_RLOS, "RLOS"},
    {NAS_REQUEST_EMERGENCY, "emergency"},
    {NAS_REQUEST_EMERGENCY_HANDOVER, "handover of emergency bearer services"},
    {0, NULL},
};
static const struct number_name *const names_of[] = {
    [NAS_FORM_ATTACH_TYPE] = attach_types,
    [NAS_FORM_ATTACH_RESULT] = attach_results,
    [NAS_FORM_DETACH_TYPE] = detach_types,
    [NAS_FORM_DETACH_TYPE_DOWN] = detach_types_down,
    [NAS_FORM_UPDATE_TYPE] = update_types,
    [NAS_FORM_IDENTITY_TYPE] = identity_types,
    [NAS_FORM_KSI] = ksis,
    [NAS_FORM_PDN_TYPE] = pdn_types,
    [NAS_FORM_REQUEST_TYPE] = request_types,
};

static const char *number_name(enum nas_form form, uint8_t v)
{
    if (form == NAS_FORM_EMM_CAUSE) {
        return emm_cause_name(v);
    }
    if (form == NAS_FORM_ESM_CAUSE) {
        return esm_cause_name(v);
    }
    const struct number_name *names = form == NAS_FORM_NUMBER ? NULL : names_of[form];
    while (names && names->name && names->number != v) {
        names++;
    }
    return names ? names->name : NULL;
}

static bool to_number(enum nas_form form, struct bytes value, value_text out)
{
    if (value.n != 1) {
        return false;
    }
    const char *name = number_name(form, value.p[0]);
    if (name) {
        (void)snprintf(out, ROOM, "%u (%s)", value.p[0], name);
    } else {
        (void)snprintf(out, ROOM, "%u", value.p[0]);
    }
    return true;
}

static enum err put_octet(uint8_t v, struct mbytes out, struct bytes *value)
{
    struct wr w = wr_of(out);
    wr_u8(&w, v);
    *value = wr_done(&w);
    return w.err;
}

static enum err from_number(const char *text, struct mbytes out, struct bytes *value)
{
    struct nas_scan s = {text, true};
    uint32_t v = nas_scan_number(&s, 10, UINT8_MAX);
    bool whole = nas_scan_end(&s) || (s.good && strncmp(s.p, " (", 2) == 0);
    return whole ? put_octet((uint8_t)v, out, value) : E_BAD_VALUE;
}

static bool to_algorithms(struct bytes value, value_text out)
{
    if (value.n != 1) {
        return false;
    }
    (void)snprintf(out, ROOM, "EEA%u EIA%u", nas_algorithms_eea(value.p[0]),
                   nas_algorithms_eia(value.p[0]));
    return true;
}

static enum err from_algorithms(const char *text, struct mbytes out, struct bytes *value)
{
    struct nas_scan s = {text, true};
    nas_scan_word(&s, "EEA");
    uint32_t eea = nas_scan_number(&s, 10, 7);
    nas_scan_word(&s, " EIA");
    uint32_t eia = nas_scan_number(&s, 10, 7);
    return nas_scan_end(&s) ? put_octet(nas_algorithms(eea, eia), out, value) : E_BAD_VALUE;
}

static bool to_timer(enum nas_form form, struct bytes value, value_text out)
{
    if (value.n != 1) {
        return false;
    }
    uint32_t s =
        form == NAS_FORM_TIMER_3 ? nas_timer_3_seconds(value.p[0]) : nas_timer_seconds(value.p[0]);
    (void)snprintf(out, ROOM, s == NAS_TIMER_OFF ? "off" : "%u s", (unsigned)s);
    return true;
}

static enum err from_timer(enum nas_form form, const char *text, struct mbytes out,
                           struct bytes *value)
{
    struct nas_scan s = {text, true};
    uint32_t seconds = NAS_TIMER_OFF;
    if (strcmp(text, "off") != 0) {
        seconds = nas_scan_number(&s, 10, NAS_TIMER_OFF - 1);
        nas_scan_word(&s, " s");
        if (!nas_scan_end(&s)) {
            return E_BAD_VALUE;
        }
    }
    return put_octet(form == NAS_FORM_TIMER_3 ? nas_timer_3_of(seconds) : nas_timer_of(seconds),
                     out, value);
}

/* ---- all forms ---- */

static bool to_form(enum nas_form form, struct bytes value, bool mask, value_text out)
{
    switch (form) {
    case NAS_FORM_NUMBER:
    case NAS_FORM_ATTACH_TYPE:
    case NAS_FORM_ATTACH_RESULT:
    case NAS_FORM_DETACH_TYPE:
    case NAS_FORM_DETACH_TYPE_DOWN:
    case NAS_FORM_UPDATE_TYPE:
    case NAS_FORM_IDENTITY_TYPE:
    case NAS_FORM_KSI:
    case NAS_FORM_PDN_TYPE:
    case NAS_FORM_REQUEST_TYPE:
    case NAS_FORM_EMM_CAUSE:
    case NAS_FORM_ESM_CAUSE:
        return to_number(form, value, out);
    case NAS_FORM_ALGORITHMS:
        return to_algorithms(value, out);
    case NAS_FORM_TIMER_2:
    case NAS_FORM_TIMER_3:
        return to_timer(form, value, out);
    case NAS_FORM_EPS_IDENTITY:
        return nas_to_eps_identity(value, mask, out);
    case NAS_FORM_IDENTITY:
        return nas_to_identity(value, mask, out);
    case NAS_FORM_TAI:
    case NAS_FORM_TAI_LIST:
        return nas_to_places(form, value, out);
    case NAS_FORM_PLMN_LIST:
        return nas_to_plmn_list(value, out);
    case NAS_FORM_APN:
        return nas_apn_to_text(value, out) == E_OK;
    case NAS_FORM_PDN_ADDRESS:
        return nas_to_pdn_address(value, out);
    case NAS_FORM_NETWORK_NAME:
        return nas_network_name_to_text(value, out) == E_OK;
    case NAS_FORM_ASCII:
        return to_ascii(value, out);
    case NAS_FORM_HEX:
    case NAS_FORM_MESSAGE:
    case NAS_FORM_CONTAINER:
        break;
    }
    return false;
}

static enum err from_form(enum nas_form form, const char *text, struct mbytes out,
                          struct bytes *value)
{
    switch (form) {
    case NAS_FORM_NUMBER:
    case NAS_FORM_ATTACH_TYPE:
    case NAS_FORM_ATTACH_RESULT:
    case NAS_FORM_DETACH_TYPE:
    case NAS_FORM_DETACH_TYPE_DOWN:
    case NAS_FORM_UPDATE_TYPE:
    case NAS_FORM_IDENTITY_TYPE:
    case NAS_FORM_KSI:
    case NAS_FORM_PDN_TYPE:
    case NAS_FORM_REQUEST_TYPE:
    case NAS_FORM_EMM_CAUSE:
    case NAS_FORM_ESM_CAUSE:
        return from_number(text, out, value);
    case NAS_FORM_ALGORITHMS:
        return from_algorithms(text, out, value);
    case NAS_FORM_TIMER_2:
    case NAS_FORM_TIMER_3:
        return from_timer(form, text, out, value);
    case NAS_FORM_EPS_IDENTITY:
        return nas_from_eps_identity(text, out, value);
    case NAS_FORM_IDENTITY:
        return nas_from_identity(text, out, value);
    case NAS_FORM_TAI:
    case NAS_FORM_TAI_LIST:
        return nas_from_places(form, text, out, value);
    case NAS_FORM_PLMN_LIST:
        return nas_from_plmn_list(text, out, value);
    case NAS_FORM_APN:
        return nas_apn_from_text(bytes_of_str(text), out, value);
    case NAS_FORM_PDN_ADDRESS:
        return nas_from_pdn_address(text, out, value);
    case NAS_FORM_NETWORK_NAME:
        return nas_network_name_from_text(bytes_of_str(text), out, value);
    case NAS_FORM_ASCII:
        return put_text(text, out, value);
    case NAS_FORM_HEX:
    case NAS_FORM_MESSAGE:
    case NAS_FORM_CONTAINER:
        break;
    }
    return E_BAD_VALUE;
}

void nas_value_to_text(enum nas_form form, struct bytes value, bool mask,
                       char out[static NAS_VALUE_TEXT_MAX])
{
    uint8_t room[NAS_TEXT_PDU_MAX];
    struct bytes back;
    bool identity = form == NAS_FORM_EPS_IDENTITY || form == NAS_FORM_IDENTITY;
    bool said = to_form(form, value, false, out) &&
                nas_value_from_text(form, out, MBYTES_OF(room), &back) == E_OK &&
                bytes_eq(back, value);
    if (identity && mask) {
        if (!to_form(form, value, true, out)) {
            (void)snprintf(out, ROOM, "***");
        }
    } else if (!said) {
        to_hex(value, out);
    }
}

enum err nas_value_from_text(enum nas_form form, const char *text, struct mbytes out,
                             struct bytes *value)
{
    if (strncmp(text, "0x", 2) == 0) {
        return from_hex(text + 2, out, value);
    }
    enum err e = from_form(form, text, out, value);
    return e == E_OK || e == E_NO_ROOM ? e : E_BAD_VALUE;
}
