/* peer/peer_base.c - the messages a connection sends by itself: CER to DPA, and error answers. */
#include "peer/peer_parts.h"

static struct diameter_u32 optional_u32(uint32_t v)
{
    return (struct diameter_u32){v != 0, v};
}

static void own_capabilities(const struct peer *p, struct diameter_capabilities *c)
{
    const struct peer_config *k = p->config;
    c->host_ip_address[0] = p->local;
    c->host_ip_address_n = 1;
    c->vendor_id = DIAMETER_U32_OF(k->vendor_id);
    c->product_name = k->product_name;
    c->origin_state_id = optional_u32(k->origin_state_id);
    for (size_t i = 0; i < k->application_n; i++) {
        const struct peer_application *a = &k->applications[i];
        if (a->vendor == 0) {
            c->auth_application_id[c->auth_application_id_n++] = DIAMETER_U32_OF(a->id);
            continue;
        }
        size_t at = c->vendor_specific_application_id_n++;
        c->vendor_specific_application_id[at].present = true;
        c->vendor_specific_application_id[at].vendor_id = DIAMETER_U32_OF(a->vendor);
        c->vendor_specific_application_id[at].auth_application_id = DIAMETER_U32_OF(a->id);
        size_t v = 0;
        while (v < c->supported_vendor_id_n && c->supported_vendor_id[v].v != a->vendor) {
            v++;
        }
        if (v == c->supported_vendor_id_n) {
            c->supported_vendor_id[c->supported_vendor_id_n++] = DIAMETER_U32_OF(a->vendor);
        }
    }
}

/* Our own requests are written where they are sent from. */
static enum err sent(struct peer *p, enum err err, size_t n)
{
    if (err == E_OK) {
        p->out_to += n;
        p->stats.sent++;
    }
    return err;
}

static struct diameter_header own_request(struct peer *p)
{
    return (struct diameter_header){.hop_by_hop = p->next_hop_by_hop++,
                                    .end_to_end = peer_end_to_end(p)};
}

enum err peer_send_cer(struct peer *p)
{
    struct diameter_cer m = {.header = own_request(p),
                             .origin_host = p->config->origin_host,
                             .origin_realm = p->config->origin_realm};
    size_t n = 0;
    own_capabilities(p, &m.capabilities);
    enum err err = diameter_cer_write(&m, peer_out_space(p), &n);
    return sent(p, err, n);
}

enum err peer_send_cea(struct peer *p, const struct diameter_header *cer)
{
    struct diameter_cea m = {
        .header = {.hop_by_hop = cer->hop_by_hop, .end_to_end = cer->end_to_end},
        .result_code = DIAMETER_U32_OF(DIAMETER_SUCCESS),
        .origin_host = p->config->origin_host,
        .origin_realm = p->config->origin_realm};
    size_t n = 0;
    own_capabilities(p, &m.capabilities);
    enum err err = diameter_cea_write(&m, peer_out_space(p), &n);
    return sent(p, err, n);
}

enum err peer_send_dwr(struct peer *p)
{
    struct diameter_dwr m = {.header = own_request(p),
                             .origin_host = p->config->origin_host,
                             .origin_realm = p->config->origin_realm,
                             .origin_state_id = optional_u32(p->config->origin_state_id)};
    size_t n = 0;
    enum err err = diameter_dwr_write(&m, peer_out_space(p), &n);
    return sent(p, err, n);
}

enum err peer_send_dwa(struct peer *p, const struct diameter_header *dwr)
{
    struct diameter_dwa m = {
        .header = {.hop_by_hop = dwr->hop_by_hop, .end_to_end = dwr->end_to_end},
        .result_code = DIAMETER_U32_OF(DIAMETER_SUCCESS),
        .origin_host = p->config->origin_host,
        .origin_realm = p->config->origin_realm,
        .origin_state_id = optional_u32(p->config->origin_state_id)};
    size_t n = 0;
    enum err err = diameter_dwa_write(&m, peer_out_space(p), &n);
    return sent(p, err, n);
}

enum err peer_send_dpr(struct peer *p, enum diameter_disconnect_cause why)
{
    struct diameter_dpr m = {.header = own_request(p),
                             .origin_host = p->config->origin_host,
                             .origin_realm = p->config->origin_realm,
                             .disconnect_cause = DIAMETER_U32_OF((uint32_t)why)};
    size_t n = 0;
    enum err err = diameter_dpr_write(&m, peer_out_space(p), &n);
    return sent(p, err, n);
}

enum err peer_send_dpa(struct peer *p, const struct diameter_header *dpr)
{
    struct diameter_dpa m = {
        .header = {.hop_by_hop = dpr->hop_by_hop, .end_to_end = dpr->end_to_end},
        .result_code = DIAMETER_U32_OF(DIAMETER_SUCCESS),
        .origin_host = p->config->origin_host,
        .origin_realm = p->config->origin_realm};
    size_t n = 0;
    enum err err = diameter_dpa_write(&m, peer_out_space(p), &n);
    return sent(p, err, n);
}

/* An error answer; the Failed-AVP is left out where it would not fit. */
void peer_send_error(struct peer *p, struct bytes request, uint32_t code, const char *text,
                     const struct diameter_fault *fault)
{
    struct diameter_answer a = {.code = code,
                                .origin_host = p->config->origin_host,
                                .origin_realm = p->config->origin_realm,
                                .error_message = bytes_of_str(text),
                                .fault = fault};
    struct mbytes room = peer_out_space(p);
    size_t n = 0;
    room.n = room.n < p->config->answer_max ? room.n : p->config->answer_max;
    enum err err = diameter_answer_error(request, &a, room, &n);
    if (err == E_NO_ROOM) {
        a.fault = NULL;
        err = diameter_answer_error(request, &a, room, &n);
    }
    (void)sent(p, err, n); /* nothing can be said to a request that not even this answers */
}

void peer_send_fault(struct peer *p, struct bytes request, const struct diameter_fault *fault)
{
    uint32_t code = fault->result_code ? fault->result_code : DIAMETER_UNABLE_TO_COMPLY;
    p->stats.malformed++;
    peer_send_error(p, request, code, fault->path, fault);
}
