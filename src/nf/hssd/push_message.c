/* nf/hssd/push_message.c - the requests to serving nodes, and what their answers mean. */
#include "nf/hssd/push_parts.h"
#include "nf/hssd/subscription.h"

#include <stdio.h>
#include <string.h>

/* What takes away comes last: whoever reads the old value in between has it from before. */
uint8_t push_first(uint8_t what)
{
    const uint8_t drops = STORE_PUSH_DROP_MSISDN | STORE_PUSH_DROP_TIMER;
    return (what & STORE_PUSH_WITHDRAW) != 0 ? STORE_PUSH_WITHDRAW
           : (what & STORE_PUSH_DATA) != 0   ? STORE_PUSH_DATA
                                             : (uint8_t)(what & drops);
}

void push_request_begin(struct hssd *h, const char *host, const char *realm,
                        char session[static PUSH_SESSION_MAX], struct s6a_request *r)
{
    const struct hssd_config *config = h->config;
    uint32_t low = atomic_fetch_add_explicit(&h->session, 1, memory_order_relaxed);
    uint32_t e2e = atomic_fetch_add_explicit(&h->end_to_end, 1, memory_order_relaxed);
    snprintf(session, PUSH_SESSION_MAX, "%s;%u;%u", config->origin_host, (unsigned)h->started_unix,
             low);
    s6a_request_begin(r, 0, e2e);
    r->session_id = bytes_of_str(session);
    r->origin_host = bytes_of_str(config->origin_host);
    r->origin_realm = bytes_of_str(config->origin_realm);
    r->destination_host = bytes_of_str(host);
    r->destination_realm = bytes_of_str(realm);
}

static void begin(struct push *p, const struct push_ask *ask, char session[static PUSH_SESSION_MAX],
                  struct s6a_request *r)
{
    const struct imsi *imsi = &ask->row.imsi;
    push_request_begin(p->h, ask->row.host, ask->row.realm, session, r);
    r->user_name = (struct bytes){(const uint8_t *)imsi->digits, imsi->n};
}

/*= op-withdrawn */
static enum err write_clr(struct push *p, struct push_ask *ask)
{
    char session[PUSH_SESSION_MAX];
    struct s6a_clr clr = {.cancellation_type = DIAMETER_U32_OF(S6A_SUBSCRIPTION_WITHDRAWAL),
                          .clr_flags = DIAMETER_U32_OF(S6A_CLR_S6A_S6D)};
    begin(p, ask, session, &clr.request);
    return s6a_clr_write(p->h->config->vendor_id, &clr, MBYTES_OF(ask->msg), &ask->n);
}

/* TS 29.272 5.2.2.1: with all APN configurations, what was one of them before and is not any more
 * goes by this too. */
static enum err write_idr(struct push *p, struct push_ask *ask, const struct store_subscriber *row)
{
    char session[PUSH_SESSION_MAX];
    struct subscription_space space;
    static _Thread_local struct s6a_idr idr;
    const struct hssd_config *config = p->h->config;
    const struct hssd_profile *profile = hssd_config_profile(config, row->profile);
    idr = (struct s6a_idr){.subscription_data = {.present = true}};
    if (row->suspended) {
        subscription_bar(&idr.subscription_data);
    } else if (profile != NULL) {
        subscription_fill(profile, row->msisdn, &space, &idr.subscription_data);
    } else {
        return E_BAD_STATE;
    }
    begin(p, ask, session, &idr.request);
    return s6a_idr_write(config->vendor_id, &idr, MBYTES_OF(ask->msg), &ask->n);
}

/*= op-dsr */
/* 5.2.2.2. What has come back meanwhile is not taken away: the insertion that goes with it has
 * another serial. */
static enum err write_dsr(struct push *p, struct push_ask *ask)
{
    char session[PUSH_SESSION_MAX];
    static _Thread_local struct s6a_dsr dsr;
    uint32_t flags = ((ask->what & STORE_PUSH_DROP_MSISDN) != 0 ? (uint32_t)S6A_DSR_MSISDN : 0) |
                     ((ask->what & STORE_PUSH_DROP_TIMER) != 0
                          ? (uint32_t)S6A_DSR_SUBSCRIBED_PERIODIC_RAU_TAU_TIMER
                          : 0);
    dsr = (struct s6a_dsr){.dsr_flags = DIAMETER_U32_OF(flags)};
    begin(p, ask, session, &dsr.request);
    return s6a_dsr_write(p->h->config->vendor_id, &dsr, MBYTES_OF(ask->msg), &ask->n);
}

static bool serves(const struct store_serving *s, const char *host)
{
    return !s->purged && bytes_eq_nocase(bytes_of_str(s->host), bytes_of_str(host));
}

enum err push_message(struct push *p, struct push_ask *ask)
{
    struct store_subscriber row;
    if (ask->what == STORE_PUSH_WITHDRAW) {
        return write_clr(p, ask);
    }
    enum err err = store_read_subscriber(p->reader, &ask->row.imsi, &row);
    wipe(&row.keys, sizeof row.keys);
    if (err != E_OK) {
        return err;
    }
    if (!serves(&row.serving, ask->row.host)) {
        return E_NOT_FOUND;
    }
    return ask->what == STORE_PUSH_DATA ? write_idr(p, ask, &row) : write_dsr(p, ask);
}

/* ---- answers ---- */

#define ANSWERS(X) X(cla) X(ida) X(dsa) X(rsa)
#define X(kind)                                                                                    \
    static enum err read_##kind(uint32_t own, struct bytes msg, struct s6a_answer *out)            \
    {                                                                                              \
        struct s6a_##kind m;                                                                       \
        struct diameter_fault fault;                                                               \
        enum err err = s6a_##kind##_parse(own, msg, &m, &fault);                                   \
        if (err == E_OK) {                                                                         \
            *out = m.answer;                                                                       \
        }                                                                                          \
        return err;                                                                                \
    }
ANSWERS(X)
#undef X

static enum err read_answer(struct hssd *h, const struct push_ask *ask, struct bytes msg,
                            struct s6a_answer *out)
{
    const uint32_t own = h->config->vendor_id;
    return ask->reset                           ? read_rsa(own, msg, out)
           : ask->what == STORE_PUSH_WITHDRAW   ? read_cla(own, msg, out)
           : (ask->what & STORE_PUSH_DATA) != 0 ? read_ida(own, msg, out)
                                                : read_dsa(own, msg, out);
}

/* TS 29.272 7.4.3.1: of 3GPP's results only that the user is unknown is one of these commands'. */
enum push_outcome push_outcome_of(struct hssd *h, const struct push_ask *ask, struct bytes msg,
                                  uint32_t *code)
{
    struct s6a_answer a;
    *code = 0;
    if (msg.n == 0 || read_answer(h, ask, msg, &a) != E_OK) {
        return PUSH_SILENT;
    }
    const struct diameter_experimental_result *x = &a.experimental_result;
    *code = x->present ? x->experimental_result_code.v : a.result_code.v;
    if (x->present) {
        return x->vendor_id.v == DIAMETER_VENDOR_3GPP && *code == S6A_USER_UNKNOWN ? PUSH_UNKNOWN
                                                                                   : PUSH_REFUSED;
    }
    return *code >= 2000 && *code < 3000 ? PUSH_DONE : PUSH_REFUSED;
}
