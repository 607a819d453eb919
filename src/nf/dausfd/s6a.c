#include "nf/dausfd/s6a.h"

#include "nf/dausfd/peers.h"
#include "wire/refusal_wire.h"
#include "wire/s6a_aka.h"

#include <string.h>

static void count(_Atomic uint64_t *counter)
{
    atomic_fetch_add_explicit(counter, 1, memory_order_relaxed);
}

/* ---- answers ---- */

static struct wire_origin origin_of(const struct dausfd *d)
{
    return (struct wire_origin){bytes_of_str(d->config->origin_host),
                                bytes_of_str(d->config->origin_realm)};
}

/* To a request whose Proxy-Info leaves no room for any other answer: who sent it may see it. */
static enum err answer_short(struct dausfd_call *call, const struct wire_origin *origin)
{
    const struct diameter_answer a = {.code = DIAMETER_UNABLE_TO_COMPLY,
                                      .origin_host = origin->host,
                                      .origin_realm = origin->realm,
                                      .error_message = BYTES_LIT("too much Proxy-Info"),
                                      .without_proxy_info = true};
    return diameter_answer_error(call->msg, &a, call->out, &call->n);
}

static void refuse(struct dausfd_call *call, enum refusal why, const struct diameter_fault *fault,
                   const struct imsi *dimsi)
{
    struct wire_origin origin = origin_of(call->d);
    const bool malformed = why == REFUSAL_MALFORMED && fault != NULL;
    const char *path = fault != NULL && malformed ? fault->path : NULL;
    dausfd_refused(call->d, why, dimsi, bytes_of_str(call->peer->peer->origin_host), path);
    enum err err = wire_refusal_answer(call->msg, why, fault, &origin, call->out, &call->n);
    if (err == E_NO_ROOM && malformed) {
        /* An AVP of a peer's making may be longer than any answer: the code and its name remain. */
        struct diameter_fault named = *fault;
        named.avp = (struct bytes){NULL, 0};
        named.example = false;
        err = wire_refusal_answer(call->msg, why, &named, &origin, call->out, &call->n);
    }
    if (err != E_OK && answer_short(call, &origin) != E_OK) {
        call->n = 0;
    }
}

static enum refusal store_refusal(enum err err)
{
    switch ((int)err) {
    case E_NOT_FOUND:
        return REFUSAL_DISCOVERY_PENDING;
    case E_WRONG_KEY:
        return REFUSAL_KEY_FAILED;
    case E_CRYPTO:
        return REFUSAL_CRYPTO_FAILED;
    default:
        return REFUSAL_STORE_FAILED;
    }
}

/* ---- Authentication-Information ---- */

static enum refusal read_entry(struct dausfd_call *call, const struct imsi *dimsi,
                               struct discovery_entry *out)
{
    if (!dausfd_config_serves(call->d->config, dimsi)) {
        return REFUSAL_DISCOVERY_PENDING;
    }
    enum err err = discovery_read(call->reader, dimsi, out);
    if (err != E_OK) {
        return store_refusal(err);
    }
    bool live = out->phase == DISCOVERY_LIVE && dausfd_now(call->d) < out->expires;
    return live ? REFUSAL_NONE : REFUSAL_DISCOVERY_PENDING;
}

/*= dimsi-one-vector */
/*= dimsi-first-keys */
/* One of each kind that is asked for: for UTRAN it is CK and IK, for E-UTRAN the KASME that they
 * make for the serving network. */
static enum err make_vectors(struct dausfd_call *call, const struct wire_air *ask,
                             const struct discovery_challenge *held, struct wire_aia *out)
{
    enum err err = E_OK;
    struct dimsi_challenge c = {
        .rand = held->rand, .autn = held->autn, .xres = held->xres, .ck = held->ck, .ik = held->ik};
    *out = (struct wire_aia){.eutran = ask->eutran > 0, .utran = ask->utran > 0};
    for (unsigned i = 0; i < out->eutran + out->utran && err == E_OK; i++) {
        struct binding_vector *v = &out->vectors[i];
        *v = (struct binding_vector){.autn = c.autn, .xres = c.xres, .ck = c.ck, .ik = c.ik};
        memcpy(v->rand, c.rand.b, sizeof v->rand);
        if (i < out->eutran) {
            err = dimsi_dausf_kasme(call->crypto, &c, ask->visited_plmn_id, &v->kasme);
        }
    }
    wipe(&c, sizeof c);
    return err;
}

/*= dimsi-5 */
static enum err answer(struct dausfd_call *call, const struct s6a_air *air,
                       const struct wire_aia *vectors)
{
    struct wire_origin origin = origin_of(call->d);
    struct s6a_aia aia = {.authentication_info.present = true};
    s6a_answer_begin(&aia.answer, &air->request, origin.host, origin.realm);
    s6a_answer_result(&aia.answer, DIAMETER_SUCCESS);
    wire_aia_fill(vectors, false, &aia);
    return s6a_aia_write(call->d->config->vendor_id, &aia, call->out, &call->n);
}

static void given(struct dausfd_call *call, const struct wire_air *ask)
{
    char serving[PLMN_TEXT_MAX] = "";
    struct plmn plmn;
    if (plmn_from_octets(ask->visited_plmn_id, &plmn) == E_OK) {
        plmn_print(&plmn, serving);
    }
    const struct log_field fields[] = {LOG_FIELD_IMSI(&ask->imsi),
                                       LOG_FIELD_STR("peer", call->peer->peer->origin_host),
                                       LOG_FIELD_STR("serving", serving)};
    count(&call->d->counters.vectors);
    if (!asked_note(call->d->asked, &ask->imsi, dausfd_now(call->d))) {
        count(&call->d->counters.asked_lost);
    }
    log_limited(call->d->log, LOG_LEVEL_INFO, "challenge-given", fields, 3);
}

static enum refusal serve_vectors(struct dausfd_call *call, const struct s6a_air *air,
                                  const struct wire_air *ask)
{
    struct discovery_entry entry;
    struct wire_aia vectors;
    enum refusal why = peers_visited_allowed(call->peer->peer, ask->visited_plmn_id);
    if (why == REFUSAL_NONE) {
        why = read_entry(call, &ask->imsi, &entry);
    }
    if (why != REFUSAL_NONE) {
        return why;
    }
    if (make_vectors(call, ask, &entry.challenge, &vectors) != E_OK ||
        answer(call, air, &vectors) != E_OK) {
        wipe(call->out.p, call->out.n); /* half an answer may hold a whole vector */
        why = REFUSAL_CRYPTO_FAILED;
    }
    wipe(&entry, sizeof entry);
    wipe(&vectors, sizeof vectors);
    return why;
}

static void serve_air(struct dausfd_call *call)
{
    struct s6a_air air;
    struct wire_air ask;
    struct diameter_fault fault;
    uint32_t own = call->d->config->vendor_id;
    count(&call->d->counters.air);
    if (s6a_air_parse(own, call->msg, &air, &fault) != E_OK ||
        wire_air_read(own, call->msg, &air, &ask, &fault) != E_OK) {
        refuse(call, REFUSAL_MALFORMED, &fault, NULL);
        return;
    }
    enum refusal why = serve_vectors(call, &air, &ask);
    if (why == REFUSAL_NONE) {
        given(call, &ask);
    } else {
        refuse(call, why, NULL, &ask.imsi);
    }
}

/* ---- what is never served ---- */

/* The dIMSI is for the log: the answer is the same for each. */
static void refuse_always(struct dausfd_call *call, const struct s6a_request *request, bool parsed,
                          enum refusal why, struct diameter_fault *fault)
{
    struct imsi dimsi;
    if (!parsed || wire_user_name(call->d->config->vendor_id, call->msg, request->user_name, &dimsi,
                                  fault) != E_OK) {
        refuse(call, REFUSAL_MALFORMED, fault, NULL);
        return;
    }
    refuse(call, why, NULL, &dimsi);
}

/*= dimsi-provisional */
/*= dimsi-no-service */
static void serve_ulr(struct dausfd_call *call)
{
    struct s6a_ulr ulr;
    struct diameter_fault fault;
    count(&call->d->counters.ulr);
    bool parsed = s6a_ulr_parse(call->d->config->vendor_id, call->msg, &ulr, &fault) == E_OK;
    refuse_always(call, &ulr.request, parsed, REFUSAL_DISCOVERY_ONLY, &fault);
}

static void serve_pur(struct dausfd_call *call)
{
    struct s6a_pur pur;
    struct diameter_fault fault;
    count(&call->d->counters.pur);
    bool parsed = s6a_pur_parse(call->d->config->vendor_id, call->msg, &pur, &fault) == E_OK;
    refuse_always(call, &pur.request, parsed, REFUSAL_DISCOVERY_ONLY, &fault);
}

/* No node is registered for a dIMSI (TS 29.272 5.2.5.1.3). */
static void serve_nor(struct dausfd_call *call)
{
    struct s6a_nor nor;
    struct diameter_fault fault;
    count(&call->d->counters.nor);
    bool parsed = s6a_nor_parse(call->d->config->vendor_id, call->msg, &nor, &fault) == E_OK;
    refuse_always(call, &nor.request, parsed, REFUSAL_UNKNOWN_SERVING_NODE, &fault);
}

/* ---- which of them ---- */

static const struct {
    uint32_t command;
    void (*serve)(struct dausfd_call *call);
} handlers[] = {
    {S6A_AUTHENTICATION_INFORMATION, serve_air},
    {S6A_UPDATE_LOCATION, serve_ulr},
    {S6A_PURGE_UE, serve_pur},
    {S6A_NOTIFY, serve_nor},
};

/* The application and command first: what nobody serves here is told so (RFC 6733 6.2). */
static bool identified(struct dausfd_call *call, struct diameter_fault *fault)
{
    const struct diameter_message *message;
    if (diameter_check(call->msg, fault) != E_OK) {
        return false;
    }
    if (call->not_offered) { /* RFC 6733 6.1: what was not negotiated is not served */
        *fault = (struct diameter_fault){.result_code = DIAMETER_APPLICATION_UNSUPPORTED};
        return false;
    }
    return s6a_identify(&call->header, &message, fault) == E_OK;
}

void dausfd_serve(struct dausfd_call *call)
{
    struct diameter_fault fault = {.result_code = 0};
    /* A malformed AVP is the parser's to name; what came before it is enough to route by. */
    enum err ignored = diameter_routing_read(call->msg, &call->routing);
    (void)ignored;
    if (!identified(call, &fault)) {
        refuse(call, REFUSAL_MALFORMED, &fault, NULL);
        return;
    }
    enum refusal why =
        peers_request_allowed(call->d->config, call->peer->peer, call->msg, &call->routing);
    if (why != REFUSAL_NONE) {
        refuse(call, why, NULL, NULL);
        return;
    }
    for (size_t i = 0; i < sizeof handlers / sizeof *handlers; i++) {
        if (handlers[i].command == call->header.command) {
            handlers[i].serve(call);
            return;
        }
    }
    refuse(call, REFUSAL_COMMAND_NOT_ALLOWED, NULL, NULL);
}

void dausfd_turn_away(struct dausfd_call *call)
{
    count(&call->d->counters.shed);
    refuse(call, REFUSAL_TOO_BUSY, NULL, NULL);
}
