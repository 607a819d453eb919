#include "peer/peer.h"

#include "peer/peer_parts.h"

const char *peer_cause_sentence(enum peer_cause c)
{
    static const char *const sentences[] = {
#define X(name, sentence) [PEER_CAUSE_##name] = sentence,
        PEER_CAUSES(X)
#undef X
    };
    return sentences[c];
}

const char *peer_state_name(enum peer_state s)
{
    static const char *const names[] = {
#define X(name) [PEER_##name] = #name,
        PEER_STATES(X)
#undef X
    };
    return s < PEER_STATE_COUNT ? names[s] : "?";
}

const char *peer_input_name(enum peer_input_kind k)
{
    static const char *const names[] = {
#define X(name) [PEER_IN_##name] = #name,
        PEER_INPUTS(X)
#undef X
    };
    return k < PEER_INPUT_COUNT ? names[k] : "?";
}

static enum peer_input_kind kind_of(const struct diameter_header *h)
{
    switch (h->command) {
    case DIAMETER_CAPABILITIES_EXCHANGE:
        return h->request ? PEER_IN_RCV_CER : PEER_IN_RCV_CEA;
    case DIAMETER_DEVICE_WATCHDOG:
        return h->request ? PEER_IN_RCV_DWR : PEER_IN_RCV_DWA;
    case DIAMETER_DISCONNECT_PEER:
        return h->request ? PEER_IN_RCV_DPR : PEER_IN_RCV_DPA;
    default:
        return h->request ? PEER_IN_RCV_REQUEST : PEER_IN_RCV_ANSWER;
    }
}

static bool reads(enum peer_state s)
{
    return s == PEER_WAIT_CER || s == PEER_WAIT_CEA || s == PEER_OPEN || s == PEER_CLOSING;
}

bool peer_wants_input(const struct peer *p)
{
    return reads(p->state) && peer_out_spare(p) >= p->config->answer_max;
}

/* RFC 3539 3.4.1: whatever comes shows that the peer lives. */
static void heard(struct peer *p)
{
    p->stats.received++;
    if (p->state == PEER_OPEN) {
        p->suspect = false;
        peer_set_watchdog(p);
    }
}

static bool next_message(struct peer *p, struct peer_event *out)
{
    size_t n;
    if (!peer_wants_input(p)) {
        return false;
    }
    struct peer_input_data in = {.event = out};
    enum err err = diameter_frame(peer_waiting(p), p->config->message_max, &n);
    if (err == E_AGAIN) {
        return false;
    }
    out->kind = PEER_HANDLED;
    in.message = (struct bytes){peer_waiting(p).p, err == E_OK ? n : 0};
    if (err == E_OK) {
        err = diameter_header_read(in.message, &in.header);
    }
    if (err != E_OK) {
        peer_dispatch(p, PEER_IN_BAD_FRAME, &in);
        return true;
    }
    out->message = in.message;
    out->header = in.header;
    p->in_held = n;
    heard(p);
    peer_dispatch(p, kind_of(&in.header), &in);
    return true;
}

static bool tell_state(struct peer *p, struct peer_event *out)
{
    if (p->announce_open && p->state != PEER_CLOSED) {
        p->announce_open = false;
        out->kind = PEER_OPENED;
        return true;
    }
    if (p->state == PEER_CLOSED && !p->announced_close && p->pending == 0) {
        p->announced_close = true;
        out->kind = PEER_DISCONNECTED;
        out->cause = p->cause;
        return true;
    }
    return false;
}

bool peer_next(struct peer *p, struct peer_event *out)
{
    *out = (struct peer_event){.kind = PEER_HANDLED};
    peer_drop_held(p);
    if (p->state == PEER_DRAINING && p->out_from == p->out_to) {
        struct peer_input_data in = {.event = out};
        peer_dispatch(p, PEER_IN_ALL_SENT, &in);
    }
    return peer_tell_unanswered(p, out) || tell_state(p, out) || next_message(p, out);
}

bool peer_is_ready(const struct peer *p)
{
    size_t n;
    struct bytes rest = peer_waiting(p);
    if (p->state == PEER_CLOSED) {
        return !p->announced_close;
    }
    if (p->announce_open || (p->pending > 0 && p->now >= p->request_timer) ||
        (p->state == PEER_DRAINING && p->out_from == p->out_to)) {
        return true;
    }
    rest = (struct bytes){rest.p + p->in_held, rest.n - p->in_held};
    return peer_wants_input(p) && diameter_frame(rest, p->config->message_max, &n) != E_AGAIN;
}

void peer_tick(struct peer *p, uint64_t now_ms)
{
    p->now = now_ms > p->now ? now_ms : p->now;
    if (p->now >= p->timer) {
        struct peer_input_data in = {0};
        peer_dispatch(p, PEER_IN_TIMER, &in);
    }
}

uint64_t peer_next_deadline(const struct peer *p)
{
    return p->timer < p->request_timer ? p->timer : p->request_timer;
}

enum err peer_authorise(struct peer *p, enum refusal r)
{
    if (p->state != PEER_WAIT_AUTHORISE) {
        return E_BAD_STATE;
    }
    if (r == REFUSAL_NONE && p->remote.common == 0) {
        r = REFUSAL_PEER_NO_COMMON_APPLICATION;
    }
    struct peer_input_data in = {.message = {peer_waiting(p).p, p->in_held}, .refusal = r};
    enum err err = diameter_header_read(in.message, &in.header);
    if (err != E_OK) {
        return err; /* cannot be: the message was parsed */
    }
    peer_dispatch(p, r == REFUSAL_NONE ? PEER_IN_AUTHORISED : PEER_IN_REFUSED, &in);
    return p->state == PEER_OPEN ? E_OK : E_DENIED;
}

void peer_disconnect(struct peer *p, enum diameter_disconnect_cause why)
{
    struct peer_input_data in = {.disconnect = why};
    peer_dispatch(p, PEER_IN_STOP, &in);
}

void peer_lost(struct peer *p, enum peer_cause why)
{
    struct peer_input_data in = {.cause = why};
    peer_dispatch(p, PEER_IN_GONE, &in);
}

static bool memory_suffices(const struct peer_config *c, const struct peer_memory *m)
{
    return c->answer_max >= PEER_ANSWER_MIN && c->message_max >= DIAMETER_HEADER_LEN &&
           c->application_n <= PEER_APPLICATIONS_MAX && m->in.n >= c->message_max &&
           m->out.n / 2 >= c->answer_max;
}

enum err peer_open(struct peer *p, const struct peer_config *config,
                   const struct peer_memory *memory, bool initiator, struct bytes ip, uint64_t seed,
                   uint64_t now_ms)
{
    static const uint8_t loopback[] = {127, 0, 0, 1};
    if (!memory_suffices(config, memory)) {
        return E_NO_ROOM;
    }
    *p = (struct peer){.config = config,
                       .memory = *memory,
                       .state = initiator ? PEER_WAIT_CEA : PEER_WAIT_CER,
                       .initiator = initiator,
                       .random = seed,
                       .now = now_ms,
                       .timer = now_ms + config->cer_timeout_ms,
                       .request_timer = UINT64_MAX};
    p->next_hop_by_hop = (uint32_t)peer_next_random(p);
    p->next_end_to_end = (uint32_t)peer_next_random(p);
    for (size_t i = 0; i < memory->pending_n; i++) {
        memory->pending[i].used = false;
    }
    p->local = diameter_address(ip, p->local_address);
    if (p->local.n == 0) {
        p->local = diameter_address(BYTES_OF(loopback), p->local_address);
    }
    return initiator ? peer_send_cer(p) : E_OK;
}
