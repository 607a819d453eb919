/* peer/peer_table.c - what happens in which state: the handlers, and the table that names them. */
#include "peer/peer_parts.h"

#include <string.h>
/* RFC 3539 3.4.1: Tw with a jitter of 2 s either way, so that peers don't beat in step. */
void peer_set_watchdog(struct peer *p)
{
    uint32_t tw = p->config->watchdog_ms;
    uint32_t jitter = tw / 3 < 2000 ? tw / 3 : 2000;
    p->timer = p->now + tw - jitter + peer_next_random(p) % (2 * (uint64_t)jitter + 1);
}

static void go(struct peer *p, enum peer_state next)
{
    p->state = next;
}

static void end(struct peer *p, enum peer_cause why)
{
    p->cause = p->cause == PEER_CAUSE_NONE ? why : p->cause;
    p->timer = UINT64_MAX;
    go(p, PEER_CLOSED);
}

/* Ends when the last octets are out. */
static void drain(struct peer *p, enum peer_cause why)
{
    p->cause = why;
    p->timer = p->now + p->config->dpa_timeout_ms;
    go(p, PEER_DRAINING);
}

static void tell(struct peer_input_data *in, enum peer_event_kind kind)
{
    in->event->kind = kind;
}

static void keep_identity(char to[PEER_IDENTITY_MAX + 1], struct bytes *span, struct bytes from)
{
    size_t n = from.n < PEER_IDENTITY_MAX ? from.n : PEER_IDENTITY_MAX;
    memcpy(to, from.p, n);
    to[n] = '\0';
    *span = (struct bytes){(const uint8_t *)to, n};
}

static void keep_remote(struct peer *p, struct bytes host, struct bytes realm,
                        const struct diameter_capabilities *c)
{
    keep_identity(p->remote.host, &p->remote.origin_host, host);
    keep_identity(p->remote.realm, &p->remote.origin_realm, realm);
    p->remote.vendor_id = c->vendor_id.v;
    p->remote.origin_state_id = c->origin_state_id.v;
    p->remote.common = 0;
    for (size_t i = 0; i < p->config->application_n; i++) {
        if (diameter_offers(c, p->config->applications[i].id)) {
            p->remote.common |= 1u << i;
        }
    }
}

static void on_cer(struct peer *p, struct peer_input_data *in)
{
    struct diameter_cer m;
    struct diameter_fault fault = {0};
    enum err err = diameter_cer_parse(in->message, &m, &fault);
    if (err == E_OK &&
        (m.origin_host.n > PEER_IDENTITY_MAX || m.origin_realm.n > PEER_IDENTITY_MAX)) {
        err = E_BAD_LENGTH;
        diameter_fault_value(in->message, AVP_ORIGIN_HOST, 0, &fault);
    }
    if (err != E_OK) {
        peer_send_fault(p, in->message, &fault);
        drain(p, PEER_CAUSE_BAD_CAPABILITIES);
        return;
    }
    keep_remote(p, m.origin_host, m.origin_realm, &m.capabilities);
    go(p, PEER_WAIT_AUTHORISE);
    tell(in, PEER_CER);
}

static void on_cea(struct peer *p, struct peer_input_data *in)
{
    struct diameter_cea m;
    struct diameter_fault fault;
    if (diameter_cea_parse(in->message, &m, &fault) != E_OK ||
        m.origin_host.n > PEER_IDENTITY_MAX || m.origin_realm.n > PEER_IDENTITY_MAX) {
        end(p, PEER_CAUSE_BAD_CAPABILITIES);
    } else if (m.result_code.v != DIAMETER_SUCCESS) {
        end(p, PEER_CAUSE_REFUSED_BY_PEER);
    } else {
        keep_remote(p, m.origin_host, m.origin_realm, &m.capabilities);
        go(p, PEER_WAIT_AUTHORISE);
        tell(in, PEER_CEA);
    }
}

static void on_authorised(struct peer *p, struct peer_input_data *in)
{
    enum err err = p->initiator ? E_OK : peer_send_cea(p, &in->header);
    if (err != E_OK) {
        end(p, PEER_CAUSE_INTERNAL);
        return;
    }
    p->announce_open = true;
    peer_set_watchdog(p);
    go(p, PEER_OPEN);
}

/* RFC 6733 5.3: the refused peer is told the code and no more, then the transport goes. Which of
 * its names, addresses or certificates was wrong is for our log: a stranger could ask until he
 * knows. */
static void on_refused(struct peer *p, struct peer_input_data *in)
{
    const struct refusal_row *why = refusal_row(in->refusal);
    if (p->initiator) {
        end(p, PEER_CAUSE_REFUSED);
        return;
    }
    peer_send_error(p, in->message, why->code, "", NULL);
    drain(p, PEER_CAUSE_REFUSED);
}

static void on_second_cer(struct peer *p, struct peer_input_data *in)
{
    peer_send_error(p, in->message, DIAMETER_UNABLE_TO_COMPLY,
                    peer_cause_sentence(PEER_CAUSE_SECOND_CAPABILITIES), NULL);
    drain(p, PEER_CAUSE_SECOND_CAPABILITIES);
}

static void on_dwr(struct peer *p, struct peer_input_data *in)
{
    struct diameter_dwr m;
    struct diameter_fault fault = {0};
    if (diameter_dwr_parse(in->message, &m, &fault) != E_OK) {
        peer_send_fault(p, in->message, &fault);
    } else if (peer_send_dwa(p, &m.header) != E_OK) {
        end(p, PEER_CAUSE_INTERNAL);
    }
}

/* Any DWA shows that the peer lives, whatever its result. */
static void on_dwa(struct peer *p, struct peer_input_data *in)
{
    (void)in;
    p->dwr_pending = false;
}

static void on_dpr(struct peer *p, struct peer_input_data *in)
{
    struct diameter_dpr m;
    struct diameter_fault fault = {0};
    if (diameter_dpr_parse(in->message, &m, &fault) != E_OK) {
        peer_send_fault(p, in->message, &fault);
    } else if (peer_send_dpa(p, &m.header) == E_OK) {
        drain(p, PEER_CAUSE_DISCONNECTED);
    } else {
        end(p, PEER_CAUSE_INTERNAL);
    }
}

static void on_dpa(struct peer *p, struct peer_input_data *in)
{
    (void)in;
    end(p, PEER_CAUSE_STOPPED);
}

/* RFC 6733 6.2.1: an answer that no request of ours waits for is discarded. */
static void on_stray(struct peer *p, struct peer_input_data *in)
{
    (void)in;
    p->stats.answers_unmatched++;
}

static void on_request(struct peer *p, struct peer_input_data *in)
{
    p->owed++;
    tell(in, PEER_REQUEST);
}

static void on_answer(struct peer *p, struct peer_input_data *in)
{
    struct peer_pending *q = peer_pending_find(p, &in->header);
    if (q == NULL) {
        p->stats.answers_unmatched++;
        return;
    }
    in->event->cookie = q->cookie;
    peer_pending_free(p, q);
    tell(in, PEER_ANSWER);
}

static void on_stop(struct peer *p, struct peer_input_data *in)
{
    if (peer_out_spare(p) < PEER_ANSWER_MIN || peer_send_dpr(p, in->disconnect) != E_OK) {
        end(p, PEER_CAUSE_STOPPED);
        return;
    }
    p->timer = p->now + p->config->dpa_timeout_ms;
    go(p, PEER_CLOSING);
}

static void on_stop_early(struct peer *p, struct peer_input_data *in)
{
    (void)in;
    end(p, PEER_CAUSE_STOPPED);
}

/* RFC 3539 3.4.1: OKAY sends a DWR, then turns SUSPECT, then the connection goes. A DWR that finds
 * no room counts as sent: what is in the way is a peer that does not read. */
static void on_watchdog(struct peer *p, struct peer_input_data *in)
{
    (void)in;
    if (p->suspect) {
        end(p, PEER_CAUSE_WATCHDOG);
        return;
    }
    p->suspect = p->dwr_pending;
    if (!p->dwr_pending) {
        p->dwr_pending = true;
        if (peer_out_spare(p) >= PEER_ANSWER_MIN && peer_send_dwr(p) != E_OK) {
            end(p, PEER_CAUSE_INTERNAL);
            return;
        }
    }
    peer_set_watchdog(p);
}

static void on_no_capabilities(struct peer *p, struct peer_input_data *in)
{
    (void)in;
    end(p, PEER_CAUSE_NO_CAPABILITIES);
}

static void on_no_dpa(struct peer *p, struct peer_input_data *in)
{
    (void)in;
    end(p, PEER_CAUSE_NO_DPA);
}

static void on_not_reading(struct peer *p, struct peer_input_data *in)
{
    (void)in;
    end(p, PEER_CAUSE_NOT_READING);
}

static void on_all_sent(struct peer *p, struct peer_input_data *in)
{
    (void)in;
    end(p, p->cause);
}

static void on_gone(struct peer *p, struct peer_input_data *in)
{
    end(p, in->cause);
}

static void on_bad_frame(struct peer *p, struct peer_input_data *in)
{
    (void)in;
    end(p, PEER_CAUSE_FRAME);
}

static void on_wrong_first(struct peer *p, struct peer_input_data *in)
{
    (void)in;
    end(p, PEER_CAUSE_NOT_CAPABILITIES);
}

static void on_nothing(struct peer *p, struct peer_input_data *in)
{
    (void)p, (void)in;
}

/* ---- the table ---- */

#define TO(state)             (1u << PEER_##state)
#define CLOSES                TO(CLOSED)
#define ON(in, handler, next) [PEER_IN_##in] = {handler, next}
/* What is the same in every state that lives. */
#define ANYWHERE ON(BAD_FRAME, on_bad_frame, CLOSES), ON(GONE, on_gone, CLOSES)

static const struct peer_transition table[PEER_STATE_COUNT][PEER_INPUT_COUNT] = {
    [PEER_WAIT_CER] = {ON(RCV_CER, on_cer, TO(WAIT_AUTHORISE) | TO(DRAINING)),
                       ON(RCV_CEA, on_wrong_first, CLOSES), ON(RCV_DWR, on_wrong_first, CLOSES),
                       ON(RCV_DWA, on_wrong_first, CLOSES), ON(RCV_DPR, on_wrong_first, CLOSES),
                       ON(RCV_DPA, on_wrong_first, CLOSES), ON(RCV_REQUEST, on_wrong_first, CLOSES),
                       ON(RCV_ANSWER, on_wrong_first, CLOSES), ON(STOP, on_stop_early, CLOSES),
                       ON(TIMER, on_no_capabilities, CLOSES), ANYWHERE},
    [PEER_WAIT_CEA] = {ON(RCV_CER, on_wrong_first, CLOSES),
                       ON(RCV_CEA, on_cea, TO(WAIT_AUTHORISE) | CLOSES),
                       ON(RCV_DWR, on_wrong_first, CLOSES), ON(RCV_DWA, on_wrong_first, CLOSES),
                       ON(RCV_DPR, on_wrong_first, CLOSES), ON(RCV_DPA, on_wrong_first, CLOSES),
                       ON(RCV_REQUEST, on_wrong_first, CLOSES),
                       ON(RCV_ANSWER, on_wrong_first, CLOSES), ON(STOP, on_stop_early, CLOSES),
                       ON(TIMER, on_no_capabilities, CLOSES), ANYWHERE},
    [PEER_WAIT_AUTHORISE] = {ON(AUTHORISED, on_authorised, TO(OPEN) | CLOSES),
                             ON(REFUSED, on_refused, TO(DRAINING) | CLOSES),
                             ON(STOP, on_stop_early, CLOSES), ON(TIMER, on_no_capabilities, CLOSES),
                             ANYWHERE},
    [PEER_OPEN] = {ON(RCV_CER, on_second_cer, TO(DRAINING)), ON(RCV_CEA, on_stray, TO(OPEN)),
                   ON(RCV_DWR, on_dwr, TO(OPEN) | CLOSES), ON(RCV_DWA, on_dwa, TO(OPEN)),
                   ON(RCV_DPR, on_dpr, TO(OPEN) | TO(DRAINING) | CLOSES),
                   ON(RCV_DPA, on_stray, TO(OPEN)), ON(RCV_REQUEST, on_request, TO(OPEN)),
                   ON(RCV_ANSWER, on_answer, TO(OPEN)), ON(STOP, on_stop, TO(CLOSING) | CLOSES),
                   ON(TIMER, on_watchdog, TO(OPEN) | CLOSES), ANYWHERE},
    /* Requests that were under way before the peer saw our DPR still get their answers. */
    [PEER_CLOSING] = {ON(RCV_CER, on_second_cer, TO(DRAINING)), ON(RCV_CEA, on_stray, TO(CLOSING)),
                      ON(RCV_DWR, on_dwr, TO(CLOSING) | CLOSES), ON(RCV_DWA, on_dwa, TO(CLOSING)),
                      ON(RCV_DPR, on_dpr, TO(CLOSING) | TO(DRAINING) | CLOSES),
                      ON(RCV_DPA, on_dpa, CLOSES), ON(RCV_REQUEST, on_request, TO(CLOSING)),
                      ON(RCV_ANSWER, on_answer, TO(CLOSING)), ON(STOP, on_nothing, TO(CLOSING)),
                      ON(TIMER, on_no_dpa, CLOSES), ANYWHERE},
    [PEER_DRAINING] = {ON(STOP, on_nothing, TO(DRAINING)), ON(TIMER, on_not_reading, CLOSES),
                       ON(ALL_SENT, on_all_sent, CLOSES), ANYWHERE},
    [PEER_CLOSED] = {ON(STOP, on_nothing, CLOSES), ON(TIMER, on_nothing, CLOSES),
                     ON(GONE, on_nothing, CLOSES)},
};

const struct peer_transition *peer_transition(enum peer_state s, enum peer_input_kind k)
{
    return &table[s][k];
}

/* The one place where states change. What the table does not allow ends the connection. */
void peer_dispatch(struct peer *p, enum peer_input_kind kind, struct peer_input_data *in)
{
    const struct peer_transition *t = &table[p->state][kind];
    if (t->handler != NULL) {
        t->handler(p, in);
    }
    if (t->handler == NULL || (t->next & 1u << p->state) == 0) {
        end(p, PEER_CAUSE_INTERNAL);
    }
}
