#include "cli/load_message.h"
#include <stdio.h>
#include <string.h>

#define SESSION_DIGITS 10

enum { SESSION_ID = 263, USER_NAME = 1, RESULT_CODE = 268, EXPERIMENTAL = 297 };
enum { EXPERIMENTAL_CODE = 298, AUTHENTICATION_INFO = 1408, RESYNC_INFO = 1411 };

static const uint8_t no_resync[30] = {0};
static const uint8_t no_imsi[15] = "000000000000000";

static void fill(struct s6a_request *r, const struct load_names *names, const char *session)
{
    s6a_request_begin(r, 0, 0);
    r->session_id = bytes_of_str(session);
    r->origin_host = bytes_of_str(names->host);
    r->origin_realm = bytes_of_str(names->realm);
    if (names->destination_host) {
        r->destination_host = bytes_of_str(names->destination_host);
    }
    r->destination_realm = bytes_of_str(names->destination_realm);
    r->user_name = (struct bytes){no_imsi, names->imsi_digits};
}

static enum err write_air(enum load_kind kind, const struct load_names *names, const char *session,
                          struct load_template *out)
{
    struct s6a_air air = {0};
    fill(&air.request, names, session);
    air.visited_plmn_id = BYTES_OF(names->plmn);
    air.requested_eutran_authentication_info = (struct s6a_requested_authentication_info){
        .present = true,
        .number_of_requested_vectors = DIAMETER_U32_OF(names->vectors),
        .immediate_response_preferred = DIAMETER_U32_OF(1),
        .re_synchronization_info =
            kind == LOAD_RESYNC ? BYTES_OF(no_resync) : (struct bytes){NULL, 0},
    };
    return s6a_air_write(names->own_vendor, &air, MBYTES_OF(out->octets), &out->n);
}

static enum err write_ulr(const struct load_names *names, const char *session,
                          struct load_template *out)
{
    struct s6a_ulr ulr = {0};
    fill(&ulr.request, names, session);
    ulr.visited_plmn_id = BYTES_OF(names->plmn);
    ulr.rat_type = DIAMETER_U32_OF(S6A_RAT_EUTRAN);
    ulr.ulr_flags = DIAMETER_U32_OF(S6A_ULR_S6A_S6D | S6A_ULR_INITIAL_ATTACH);
    return s6a_ulr_write(names->own_vendor, &ulr, MBYTES_OF(out->octets), &out->n);
}

static size_t at_of(const struct load_template *t, struct bytes v)
{
    return (size_t)(v.p - t->octets);
}

static enum err locate_resync(struct load_template *t)
{
    struct bytes group, info;
    enum err e = diameter_find((struct bytes){t->octets, t->n}, AUTHENTICATION_INFO,
                               DIAMETER_VENDOR_3GPP, &group);
    if (e == E_OK) {
        struct rd r = rd_of(group);
        e = diameter_avp_next_of(&r, RESYNC_INFO, DIAMETER_VENDOR_3GPP, &info);
    }
    if (e == E_OK) {
        t->resync_at = at_of(t, info);
    }
    return e;
}

static enum err locate(enum load_kind kind, struct load_template *t)
{
    struct bytes v, msg = {t->octets, t->n};
    enum err e = diameter_find(msg, SESSION_ID, 0, &v);
    if (e == E_OK) {
        t->session_at = at_of(t, v) + v.n - SESSION_DIGITS;
        e = diameter_find(msg, USER_NAME, 0, &v);
    }
    if (e == E_OK) {
        t->imsi_at = at_of(t, v);
        e = kind == LOAD_RESYNC ? locate_resync(t) : E_OK;
    }
    return e;
}

enum err load_template_make(enum load_kind kind, const struct load_names *names,
                            struct load_template *out)
{
    char session[LOAD_HOST_MAX + 64];
    *out = (struct load_template){.imsi_digits = names->imsi_digits};
    snprintf(session, sizeof session, "%.255s;%.40s;0000000000", names->host, names->session);
    enum err e =
        kind == LOAD_ULR ? write_ulr(names, session, out) : write_air(kind, names, session, out);
    return e == E_OK ? locate(kind, out) : e;
}

static void digits(uint8_t *out, size_t n, uint64_t v)
{
    while (n-- > 0) {
        out[n] = (uint8_t)('0' + v % 10);
        v /= 10;
    }
}

static void be32(uint8_t *out, uint32_t v)
{
    for (size_t i = 0; i < 4; i++) {
        out[i] = (uint8_t)(v >> 8 * (3 - i));
    }
}

void load_stamp(const struct load_template *t, const struct load_stamp *s, uint8_t *out)
{
    memcpy(out, t->octets, t->n);
    be32(out + 12, s->hop_by_hop);
    be32(out + 16, s->end_to_end);
    digits(out + t->session_at, SESSION_DIGITS, s->session);
    digits(out + t->imsi_at, t->imsi_digits, s->imsi);
    if (t->resync_at > 0) {
        memcpy(out + t->resync_at, s->resync, sizeof no_resync);
    }
}

static uint32_t u32_of(struct bytes b)
{
    struct rd r = rd_of(b);
    uint32_t v = rd_be32(&r);
    return r.err == E_OK ? v : 0;
}

struct load_outcome load_outcome_of(struct bytes answer)
{
    struct rd r = diameter_avps(answer);
    struct diameter_avp avp;
    while (diameter_avp_next(&r, &avp) == E_OK) {
        if (avp.code == RESULT_CODE && avp.vendor == 0) {
            return (struct load_outcome){u32_of(avp.data), false};
        }
        if (avp.code == EXPERIMENTAL && avp.vendor == 0) {
            struct rd group = rd_of(avp.data);
            struct bytes code;
            bool found = diameter_avp_next_of(&group, EXPERIMENTAL_CODE, 0, &code) == E_OK;
            return (struct load_outcome){found ? u32_of(code) : 0, true};
        }
    }
    return (struct load_outcome){0, false};
}

/* ---- the messages of a connection ---- */

enum err load_cer_write(const struct load_names *names, struct bytes ip, struct mbytes out,
                        size_t *n)
{
    uint8_t address[18];
    struct diameter_cer cer = {
        .header = {.request = true, .command = DIAMETER_CAPABILITIES_EXCHANGE},
        .origin_host = bytes_of_str(names->host),
        .origin_realm = bytes_of_str(names->realm),
    };
    struct diameter_capabilities *c = &cer.capabilities;
    c->host_ip_address[c->host_ip_address_n++] = diameter_address(ip, address);
    c->vendor_id = DIAMETER_U32_OF(names->own_vendor);
    c->product_name = BYTES_LIT("bindery load");
    c->supported_vendor_id[c->supported_vendor_id_n++] = DIAMETER_U32_OF(DIAMETER_VENDOR_3GPP);
    c->inband_security_id[c->inband_security_id_n++] = DIAMETER_U32_OF(DIAMETER_NO_INBAND_SECURITY);
    c->vendor_specific_application_id[c->vendor_specific_application_id_n++] =
        (struct diameter_vendor_specific_application_id){
            .present = true,
            .vendor_id = DIAMETER_U32_OF(DIAMETER_VENDOR_3GPP),
            .auth_application_id = DIAMETER_U32_OF(DIAMETER_APP_S6A),
        };
    return diameter_cer_write(&cer, out, n);
}

enum err load_dpr_write(const struct load_names *names, struct mbytes out, size_t *n)
{
    struct diameter_dpr dpr = {
        .header = {.request = true, .command = DIAMETER_DISCONNECT_PEER, .hop_by_hop = 1},
        .origin_host = bytes_of_str(names->host),
        .origin_realm = bytes_of_str(names->realm),
        .disconnect_cause = DIAMETER_U32_OF(DIAMETER_DO_NOT_WANT_TO_TALK_TO_YOU),
    };
    return diameter_dpr_write(&dpr, out, n);
}

enum err load_answer_write(const struct load_names *names, const struct diameter_header *h,
                           struct bytes request, struct mbytes out, size_t *n)
{
    bool known = h->command == DIAMETER_DEVICE_WATCHDOG || h->command == DIAMETER_DISCONNECT_PEER ||
                 h->command == S6A_CANCEL_LOCATION;
    struct diameter_answer a = {.code = known ? DIAMETER_SUCCESS : DIAMETER_COMMAND_UNSUPPORTED,
                                .origin_host = bytes_of_str(names->host),
                                .origin_realm = bytes_of_str(names->realm)};
    return diameter_answer_error(request, &a, out, n);
}
