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

/* The request that all AIRs of a connection are made of. */
static void air_fill(const struct identity *who, uint32_t vectors, const char *session,
                     struct s6a_air *air)
{
    memset(air, 0, sizeof *air);
    s6a_request_begin(&air->request, 0, 0);
    air->request.header.command = S6A_AUTHENTICATION_INFORMATION;
    air->request.session_id = bytes_of_str(session);
    air->request.origin_host = bytes_of_str(who->host);
    air->request.origin_realm = bytes_of_str(who->realm);
    air->request.destination_realm = bytes_of_str(who->destination_realm);
    air->request.user_name = BYTES_LIT("000000000000000");
    air->visited_plmn_id = BYTES_OF(who->plmn);
    air->requested_eutran_authentication_info = (struct s6a_requested_authentication_info){
        .present = true,
        .number_of_requested_vectors = DIAMETER_U32_OF(vectors),
        .immediate_response_preferred = DIAMETER_U32_OF(0),
    };
}

enum err air_template_make(const struct identity *who, uint32_t vectors, struct air_template *out)
{
    struct s6a_air air;
    char session[200];
    snprintf(session, sizeof session, "%.150s;1;0000000000", who->host);
    air_fill(who, vectors, session, &air);
    enum err err =
        s6a_air_write(DIAMETER_VENDOR_OWN_DEFAULT, &air, MBYTES_OF(out->octets), &out->n);
    struct bytes found;
    struct bytes msg = {out->octets, out->n};
    if (err == E_OK && (err = diameter_find(msg, 263, 0, &found)) == E_OK) {
        out->session_at = (size_t)(found.p - out->octets) + found.n - SESSION_DIGITS;
        err = diameter_find(msg, 1, 0, &found);
    }
    if (err == E_OK) {
        out->imsi_at = (size_t)(found.p - out->octets);
    }
    return err;
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
