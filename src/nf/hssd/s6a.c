#include "nf/hssd/s6a.h"

#include "codec/s13.h"
#include "nf/hssd/authorise.h"
#include "nf/hssd/ecr.h"

#include <stdlib.h>
#include <string.h>
#include <time.h>

static const struct {
    uint32_t command;
    enum s6a_outcome (*serve)(struct s6a_call *call);
} handlers[] = {
    {S6A_AUTHENTICATION_INFORMATION, s6a_air_serve},
    {S6A_UPDATE_LOCATION, s6a_ulr_serve},
    {S6A_PURGE_UE, s6a_pur_serve},
    {S6A_NOTIFY, s6a_nor_serve},
    {S13_ME_IDENTITY_CHECK, s13_ecr_serve},
};

static struct wire_origin origin_of(const struct hssd *h)
{
    return (struct wire_origin){bytes_of_str(h->config->origin_host),
                                bytes_of_str(h->config->origin_realm)};
}

enum refusal s6a_store_refusal(enum err err)
{
    switch ((int)err) {
    case E_WRONG_KEY:
        return REFUSAL_KEY_FAILED;
    case E_CRYPTO:
        return REFUSAL_CRYPTO_FAILED;
    case E_BUSY:
        return REFUSAL_TOO_BUSY;
    case E_NOT_FOUND:
        return REFUSAL_UNKNOWN_SUBSCRIBER;
    default:
        return REFUSAL_STORE_FAILED;
    }
}

static void count_refusal(struct s6a_call *call, enum refusal refusal)
{
    struct hssd_counters *c = &call->h->counters;
    atomic_fetch_add_explicit(&c->requests_refused, 1, memory_order_relaxed);
    if (call->header.command == S6A_AUTHENTICATION_INFORMATION) {
        atomic_fetch_add_explicit(&c->air_refused, 1, memory_order_relaxed);
    }
    if (call->header.command == S6A_UPDATE_LOCATION) {
        atomic_fetch_add_explicit(&c->ulr_refused, 1, memory_order_relaxed);
    }
    if (refusal == REFUSAL_TOO_BUSY) {
        atomic_fetch_add_explicit(&c->too_busy, 1, memory_order_relaxed);
    }
}

/* To a request whose Proxy-Info leaves no room for any other answer: who sent it may see it. */
static enum err answer_short(struct s6a_call *call, const struct wire_origin *origin)
{
    const struct diameter_answer a = {.code = DIAMETER_UNABLE_TO_COMPLY,
                                      .origin_host = origin->host,
                                      .origin_realm = origin->realm,
                                      .error_message = BYTES_LIT("too much Proxy-Info"),
                                      .without_proxy_info = true};
    return diameter_answer_error(call->msg, &a, call->out, &call->n);
}

enum s6a_outcome s6a_refuse(struct s6a_call *call, enum refusal refusal,
                            const struct diameter_fault *fault, const struct imsi *imsi,
                            const struct imei *imei)
{
    struct wire_origin origin = origin_of(call->h);
    bool malformed = refusal == REFUSAL_MALFORMED && fault != NULL;
    count_refusal(call, refusal);
    call->refused = refusal;
    /* An overloaded HSS does not write an event for each answer that says so. */
    if (refusal != REFUSAL_TOO_BUSY) {
        hssd_event(call->h, "refused", imsi, imei, call->peer->peer->origin_host,
                   refusal_row(refusal)->name, malformed ? fault->path : "");
    }
    enum err err = wire_refusal_answer(call->msg, refusal, fault, &origin, call->out, &call->n);
    if (err == E_NO_ROOM && malformed) {
        /* An AVP of a peer's making may be longer than any answer: the code and its name remain. */
        struct diameter_fault named = *fault;
        named.avp = (struct bytes){NULL, 0};
        named.example = false;
        err = wire_refusal_answer(call->msg, refusal, &named, &origin, call->out, &call->n);
    }
    if (err != E_OK && answer_short(call, &origin) != E_OK) {
        call->n = 0;
    }
    return S6A_ANSWERED;
}

void s6a_answered(const struct s6a_call *call)
{
    hssd_timed(call->timings, &call->header, call->refused, call->begun_ns);
}

enum s6a_outcome s6a_written(struct s6a_call *call, enum err err)
{
    if (err != E_OK) {
        wipe(call->out.p, call->out.n); /* half an answer may hold whole vectors */
        return s6a_refuse(call, REFUSAL_CRYPTO_FAILED, NULL, NULL, NULL);
    }
    return S6A_ANSWERED;
}

void s6a_success(const struct s6a_call *call, const struct s6a_request *request,
                 struct s6a_answer *out)
{
    struct wire_origin origin = origin_of(call->h);
    s6a_answer_begin(out, request, origin.host, origin.realm);
    s6a_answer_result(out, DIAMETER_SUCCESS);
}

/*= eir-negotiated */
/* The application and command first: what nobody serves here is told so (RFC 6733 6.2). */
static bool identified(struct s6a_call *call, struct diameter_fault *fault)
{
    const struct diameter_message *message;
    const struct diameter_header *h = &call->header;
    bool s13 = h->application == DIAMETER_APP_S13 && hssd_config_serves_s13(call->h->config);
    if (diameter_check(call->msg, fault) != E_OK) {
        return false;
    }
    if (call->not_offered) { /* RFC 6733 6.1: what was not negotiated is not served */
        *fault = (struct diameter_fault){.result_code = DIAMETER_APPLICATION_UNSUPPORTED};
        return false;
    }
    return (s13 ? s13_identify(h, &message, fault) : s6a_identify(h, &message, fault)) == E_OK;
}

enum s6a_outcome s6a_serve(struct s6a_call *call)
{
    struct diameter_fault fault = {.result_code = 0};
    if (!identified(call, &fault)) {
        return s6a_refuse(call, REFUSAL_MALFORMED, &fault, NULL, NULL);
    }
    enum refusal refusal = request_allowed(call->h->config, call->peer->peer, &call->header,
                                           call->msg, &call->routing);
    if (refusal != REFUSAL_NONE) {
        return s6a_refuse(call, refusal, NULL, NULL, NULL);
    }
    for (size_t i = 0; i < sizeof handlers / sizeof *handlers; i++) {
        if (handlers[i].command == call->header.command) {
            return handlers[i].serve(call);
        }
    }
    return s6a_refuse(call, REFUSAL_COMMAND_NOT_ALLOWED, NULL, NULL, NULL);
}

static bool has_resync(struct bytes msg, enum diameter_avp_id asked)
{
    uint32_t resync = diameter_definition(AVP_RE_SYNCHRONIZATION_INFO)->code;
    struct bytes group;
    struct bytes info;
    if (diameter_find(msg, diameter_definition(asked)->code, DIAMETER_VENDOR_3GPP, &group) !=
        E_OK) {
        return false;
    }
    struct rd r = rd_of(group);
    return diameter_avp_next_of(&r, resync, DIAMETER_VENDOR_3GPP, &info) == E_OK;
}

bool s6a_is_in_progress(const struct diameter_header *header, struct bytes msg)
{
    return header->command != S6A_AUTHENTICATION_INFORMATION ||
           has_resync(msg, AVP_REQUESTED_EUTRAN_AUTHENTICATION_INFO) ||
           has_resync(msg, AVP_REQUESTED_UTRAN_GERAN_AUTHENTICATION_INFO);
}

/* ---- changes that must be durable first ---- */

struct s6a_later *s6a_later_of(const struct s6a_call *call, const struct imsi *imsi)
{
    struct s6a_later *l = calloc(1, sizeof *l + call->msg.n);
    if (l == NULL) {
        return NULL;
    }
    l->h = call->h;
    l->thread = call->thread;
    l->conn = call->conn;
    l->peer = call->peer;
    l->begun_ns = call->begun_ns;
    l->imsi = *imsi;
    l->len = call->msg.n;
    memcpy(l->msg, call->msg.p, call->msg.n);
    return l;
}

/* Signalling thread, after the commit. */
static void later_finish(void *arg)
{
    struct s6a_later *l = arg;
    struct s6a_call call = hssd_thread_call(l->thread, l->conn);
    call.peer = l->peer;
    call.begun_ns = l->begun_ns;
    call.msg = (struct bytes){l->msg, l->len};
    if (diameter_header_read(call.msg, &call.header) != E_OK ||
        l->finish(&call, l) == S6A_ANSWERED) {
        s6a_answered(&call);
        hssd_thread_send(l->thread, l->conn, (struct bytes){call.out.p, call.n});
    }
    wipe(call.out.p, call.n);
    hssd_thread_call_end(l->thread);
    free(l);
}

/* Writer's thread. What was committed must be answered, so this waits for room; the signalling
 * thread never waits for the writer, so room comes. */
static void later_done(struct writer_job *job)
{
    static const struct timespec nap = {.tv_nsec = 1000000};
    struct s6a_later *l = (struct s6a_later *)job;
    while (!hssd_thread_post(l->thread, later_finish, l)) {
        nanosleep(&nap, NULL);
    }
}

enum s6a_outcome s6a_defer(struct s6a_call *call, struct s6a_later *later,
                           enum err (*run)(struct store_writer *w, struct writer_job *job),
                           enum s6a_outcome (*finish)(struct s6a_call *call,
                                                      struct s6a_later *later))
{
    later->job.run = run;
    later->job.done = later_done;
    later->finish = finish;
    if (writer_submit(call->h->writer, &later->job) != E_OK) {
        free(later);
        return s6a_refuse(call, REFUSAL_TOO_BUSY, NULL, NULL, NULL);
    }
    return S6A_LATER;
}
