#include "air_message.h"

#include <stdio.h>
#include <string.h>

#define SESSION_DIGITS 10

static void digits(uint8_t *out, size_t n, uint64_t v)
{
    while (n-- > 0) {
        out[n] = (uint8_t)('0' + v % 10);
        v /= 10;
    }
}

static void request_fill(const struct identity *who, uint32_t command, const char *session,
                         struct s6a_request *r)
{
    s6a_request_begin(r, 0, 0);
    r->header.command = command;
    r->session_id = bytes_of_str(session);
    r->origin_host = bytes_of_str(who->host);
    r->origin_realm = bytes_of_str(who->realm);
    r->destination_realm = bytes_of_str(who->destination_realm);
    r->user_name = BYTES_LIT("000000000000000");
}

/* The request that all AIRs of a connection are made of. */
static void air_fill(const struct identity *who, uint32_t vectors, const char *session,
                     struct s6a_air *air)
{
    memset(air, 0, sizeof *air);
    request_fill(who, S6A_AUTHENTICATION_INFORMATION, session, &air->request);
    air->visited_plmn_id = BYTES_OF(who->plmn);
    air->requested_eutran_authentication_info = (struct s6a_requested_authentication_info){
        .present = true,
        .number_of_requested_vectors = DIAMETER_U32_OF(vectors),
        .immediate_response_preferred = DIAMETER_U32_OF(0),
    };
}

static void session_of(const struct identity *who, char out[static 200])
{
    snprintf(out, 200, "%.150s;1;0000000000", who->host);
}

/* Where the parts stand that change. */
static enum err find_parts(struct air_template *out)
{
    struct bytes found;
    struct bytes msg = {out->octets, out->n};
    enum err err = diameter_find(msg, 263, 0, &found);
    if (err == E_OK) {
        out->session_at = (size_t)(found.p - out->octets) + found.n - SESSION_DIGITS;
        err = diameter_find(msg, 1, 0, &found);
    }
    if (err == E_OK) {
        out->imsi_at = (size_t)(found.p - out->octets);
    }
    return err;
}

enum err air_template_make(const struct identity *who, uint32_t vectors, struct air_template *out)
{
    struct s6a_air air;
    char session[200];
    session_of(who, session);
    air_fill(who, vectors, session, &air);
    enum err err =
        s6a_air_write(DIAMETER_VENDOR_OWN_DEFAULT, &air, MBYTES_OF(out->octets), &out->n);
    return err == E_OK ? find_parts(out) : err;
}

enum err ulr_template_make(const struct identity *who, struct air_template *out)
{
    struct s6a_ulr ulr;
    char session[200];
    session_of(who, session);
    memset(&ulr, 0, sizeof ulr);
    request_fill(who, S6A_UPDATE_LOCATION, session, &ulr.request);
    ulr.rat_type = DIAMETER_U32_OF(S6A_RAT_EUTRAN);
    ulr.ulr_flags = DIAMETER_U32_OF(S6A_ULR_S6A_S6D | S6A_ULR_INITIAL_ATTACH);
    ulr.visited_plmn_id = BYTES_OF(who->plmn);
    enum err err =
        s6a_ulr_write(DIAMETER_VENDOR_OWN_DEFAULT, &ulr, MBYTES_OF(out->octets), &out->n);
    return err == E_OK ? find_parts(out) : err;
}

static void be32(uint8_t *out, uint32_t v)
{
    for (size_t i = 0; i < 4; i++) {
        out[i] = (uint8_t)(v >> 8 * (3 - i));
    }
}

void air_stamp(const struct air_template *t, uint32_t id, uint64_t imsi, uint8_t *out)
{
    memcpy(out, t->octets, t->n);
    be32(out + 12, id); /* hop by hop, then end to end */
    be32(out + 16, id);
    digits(out + t->session_at, SESSION_DIGITS, id);
    digits(out + t->imsi_at, IMSI_DIGITS, imsi);
}

static struct diameter_header base_header(uint32_t command, uint32_t id)
{
    return (struct diameter_header){
        .request = true, .command = command, .hop_by_hop = id, .end_to_end = id};
}

enum err cer_make(const struct identity *who, const uint8_t ipv4[static 4], struct mbytes out,
                  size_t *n)
{
    uint8_t address[18];
    struct diameter_cer cer = {
        .header = base_header(DIAMETER_CAPABILITIES_EXCHANGE, 1),
        .origin_host = bytes_of_str(who->host),
        .origin_realm = bytes_of_str(who->realm),
    };
    struct diameter_capabilities *c = &cer.capabilities;
    c->host_ip_address[c->host_ip_address_n++] = diameter_address((struct bytes){ipv4, 4}, address);
    c->vendor_id = DIAMETER_U32_OF(DIAMETER_VENDOR_OWN_DEFAULT);
    c->product_name = BYTES_LIT("bench_air_client");
    c->supported_vendor_id[c->supported_vendor_id_n++] = DIAMETER_U32_OF(DIAMETER_VENDOR_3GPP);
    c->vendor_specific_application_id[c->vendor_specific_application_id_n++] =
        (struct diameter_vendor_specific_application_id){
            .present = true,
            .vendor_id = DIAMETER_U32_OF(DIAMETER_VENDOR_3GPP),
            .auth_application_id = DIAMETER_U32_OF(DIAMETER_APP_S6A),
        };
    return diameter_cer_write(&cer, out, n);
}

enum err dpr_make(const struct identity *who, struct mbytes out, size_t *n)
{
    struct diameter_dpr dpr = {
        .header = base_header(DIAMETER_DISCONNECT_PEER, 2),
        .origin_host = bytes_of_str(who->host),
        .origin_realm = bytes_of_str(who->realm),
        .disconnect_cause = DIAMETER_U32_OF(DIAMETER_DO_NOT_WANT_TO_TALK_TO_YOU),
    };
    return diameter_dpr_write(&dpr, out, n);
}

enum err dwa_make(const struct identity *who, const struct diameter_header *dwr, struct mbytes out,
                  size_t *n)
{
    struct diameter_dwa dwa = {
        .header = *dwr,
        .result_code = DIAMETER_U32_OF(DIAMETER_SUCCESS),
        .origin_host = bytes_of_str(who->host),
        .origin_realm = bytes_of_str(who->realm),
    };
    dwa.header.request = false;
    return diameter_dwa_write(&dwa, out, n);
}

static uint32_t u32_of(struct bytes b)
{
    struct rd r = rd_of(b);
    return rd_be32(&r);
}

uint32_t result_of(struct bytes answer)
{
    struct rd r = diameter_avps(answer);
    struct diameter_avp avp;
    while (diameter_avp_next(&r, &avp) == E_OK) {
        if (avp.code == 268 && avp.vendor == 0) {
            return u32_of(avp.data);
        }
        if (avp.code == 297 && avp.vendor == 0) {
            struct rd group = rd_of(avp.data);
            struct bytes code;
            return diameter_avp_next_of(&group, 298, 0, &code) == E_OK ? u32_of(code) : 0;
        }
    }
    return 0;
}

unsigned vectors_of(struct bytes answer)
{
    struct bytes info;
    struct diameter_avp avp;
    unsigned n = 0;
    if (diameter_find(answer, 1413, DIAMETER_VENDOR_3GPP, &info) != E_OK) {
        return 0;
    }
    struct rd r = rd_of(info);
    while (diameter_avp_next(&r, &avp) == E_OK) {
        n += avp.code == 1414;
    }
    return n;
}
