#include "nf/hssd/inquiry.h"

#include "wire/devid.h"

#include <stdlib.h>
#include <string.h>
#include <time.h>

/* One whose repository is being asked. Owns a copy of the request. */
struct inquiry_later {
    struct repository_inquiry q;
    struct hssd *h;
    struct hssd_thread *thread;
    uint64_t conn;
    struct hssd_peer_state *peer;
    uint64_t begun_ns;          /* of the call */
    struct diameter_u32 status; /* the equipment's */
    size_t len;
    uint8_t msg[];
};

static void count(struct hssd *h, const struct devid_credential *c)
{
    struct hssd_counters *n = &h->counters;
    _Atomic uint64_t *counter = c->status == DEVID_UNAVAILABLE        ? &n->inquiries_unanswered
                                : c->source == DEVID_FROM_CACHE       ? &n->inquiries_cached
                                : c->source == DEVID_FROM_STALE_CACHE ? &n->inquiries_stale
                                                                      : &n->inquiries_asked;
    atomic_fetch_add_explicit(counter, 1, memory_order_relaxed);
}

/*= devid-8 */
static enum s6a_outcome answer(struct s6a_call *call, struct s13_eca *eca,
                               const struct devid_credential *credential)
{
    count(call->h, credential);
    wire_devid_credential_fill(credential, &eca->device_credential);
    return s6a_written(call, s13_eca_write(call->h->config->vendor_id, eca, call->out, &call->n));
}

static enum s6a_outcome answer_without(struct s6a_call *call, struct s13_eca *eca,
                                       enum devid_cause cause)
{
    const struct devid_credential c = {.status = DEVID_UNAVAILABLE, .cause = cause};
    return answer(call, eca, &c);
}

/* Takes q's answer over. */
static enum s6a_outcome answer_with(struct s6a_call *call, struct s13_eca *eca,
                                    struct repository_inquiry *q)
{
    struct devid_credential c;
    repository_answer_credential(q->answer, &c);
    c.source = q->source;
    c.age = q->age;
    enum s6a_outcome outcome = answer(call, eca, &c);
    repository_answer_release(q->answer);
    q->answer = NULL;
    return outcome;
}

/* ---- when the repository has answered ---- */

/* Signalling thread. */
static enum s6a_outcome finish(struct s6a_call *call, struct inquiry_later *l)
{
    struct s13_ecr ecr;
    struct s13_eca eca = {.equipment_status = l->status};
    struct diameter_fault fault;
    if (s13_ecr_parse(call->h->config->vendor_id, call->msg, &ecr, &fault) != E_OK) {
        return s6a_refuse(call, REFUSAL_MALFORMED, &fault, NULL, NULL); /* it parsed before */
    }
    s6a_success(call, &ecr.request, &eca.answer);
    return answer_with(call, &eca, &l->q);
}

static void answer_later(struct inquiry_later *l)
{
    struct s6a_call call = hssd_thread_call(l->thread, l->conn);
    call.peer = l->peer;
    call.begun_ns = l->begun_ns;
    call.msg = (struct bytes){l->msg, l->len};
    if (diameter_header_read(call.msg, &call.header) == E_OK && finish(&call, l) == S6A_ANSWERED) {
        s6a_answered(&call);
        hssd_thread_send(l->thread, l->conn, (struct bytes){call.out.p, call.n});
    }
    hssd_thread_call_end(l->thread);
}

/* When the signalling thread runs no more this runs on threads of the repositories, several at
 * once: nothing of that thread may be touched, and nobody is there to be answered. */
static void finish_later(void *arg)
{
    struct inquiry_later *l = arg;
    if (!hssd_thread_has_ended(l->thread)) {
        answer_later(l);
    }
    repository_answer_release(l->q.answer);
    free(l);
}

/* A thread of the repositories. There is room for as many as may wait (thread.c), so this waits at
 * most for a moment. */
static void on_done(struct repository_inquiry *q)
{
    static const struct timespec nap = {.tv_nsec = 1000000};
    struct inquiry_later *l = (struct inquiry_later *)q;
    while (!hssd_thread_post(l->thread, finish_later, l)) {
        nanosleep(&nap, NULL);
    }
}

/* ---- the request ---- */

/*= devid-flood */
static bool may_ask(struct s6a_call *call, const struct wire_ecr *asked)
{
    bool may = asked->has_imsi
                   ? inquiry_rates_take(call->h->inquiry_rates, &asked->imsi, call->now_ms)
                   : hssd_bucket_take(&call->peer->inquiries, call->now_ms);
    if (!may) {
        atomic_fetch_add_explicit(&call->h->counters.inquiries_limited, 1, memory_order_relaxed);
    }
    return may;
}

static struct inquiry_later *later_of(const struct s6a_call *call, const struct wire_ecr *asked,
                                      const struct s13_eca *eca)
{
    struct inquiry_later *l = calloc(1, sizeof *l + call->msg.n);
    if (l == NULL) {
        return NULL;
    }
    l->q = (struct repository_inquiry){.imei = asked->imei, .done = on_done};
    l->h = call->h;
    l->thread = call->thread;
    l->conn = call->conn;
    l->peer = call->peer;
    l->begun_ns = call->begun_ns;
    l->status = eca->equipment_status;
    l->len = call->msg.n;
    memcpy(l->msg, call->msg.p, call->msg.n);
    return l;
}

/*= devid-6 */
static enum s6a_outcome ask(struct s6a_call *call, const struct wire_ecr *asked,
                            struct s13_eca *eca)
{
    if (!may_ask(call, asked)) {
        return answer_without(call, eca, DEVID_CAUSE_INQUIRY_LIMITED);
    }
    struct inquiry_later *l = later_of(call, asked, eca);
    if (l == NULL) {
        return answer_without(call, eca, DEVID_CAUSE_REPOSITORY_BUSY);
    }
    if (repositories_ask(call->h->repositories, &l->q) == REPOSITORY_LATER) {
        return S6A_LATER;
    }
    enum s6a_outcome outcome = answer_with(call, eca, &l->q);
    free(l);
    return outcome;
}

enum s6a_outcome inquiry_serve(struct s6a_call *call, const struct s13_ecr *ecr,
                               const struct wire_ecr *asked, struct s13_eca *eca)
{
    struct repository_inquiry q = {.imei = asked->imei};
    const struct devid_credential none = {.status = DEVID_NONE, .source = DEVID_FROM_CACHE};
    atomic_fetch_add_explicit(&call->h->counters.inquiries, 1, memory_order_relaxed);
    if (ecr->credential_request.v != S13_USE_IDENTITY) {
        return answer_without(call, eca, DEVID_CAUSE_INQUIRY_UNANSWERED);
    }
    if (call->h->repositories == NULL) { /* nobody could have published a binding here */
        return answer(call, eca, &none);
    }
    if (repositories_look(call->h->repositories, &q) == REPOSITORY_ANSWERED) {
        return answer_with(call, eca, &q);
    }
    if (call->crowded) { /* a slow repository must not keep vectors from others of this MME */
        repositories_turn_away(call->h->repositories, &q);
        return answer_with(call, eca, &q);
    }
    return ask(call, asked, eca);
}
