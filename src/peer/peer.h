/* peer/peer.h - one Diameter connection as a state machine without sockets: octets in, octets and
 * events out (RFC 6733 5.6 and 2.1, watchdog of RFC 3539 3.4.1).
 *
 * The caller owns the peer and its memory, hands in the time (peer_tick) and moves octets:
 *
 *     peer_tick(p, now);
 *     peer_input(p, what came, &taken);
 *     while (turns-- && peer_next(p, &event)) { act on the event }
 *     send peer_out(p); peer_out_done(p, sent);
 *     sleep until peer_next_deadline(p)
 *
 * Nothing here allocates, blocks, or asks for the time. Memory is bounded by the two buffers: a
 * request is only given out while the answer to it, and to all given out before, is sure to fit
 * (`answer_max` each). A peer that stops reading is therefore read no more, and after the watchdog
 * gone; nobody else notices.
 *
 * Both roles: the responder waits for a CER, the initiator sends one. Either way the caller is
 * asked (peer_authorise) before the connection opens. There is no election (RFC 6733 5.6.4): every
 * transport connection is a peer of its own, and how many a configured peer may have is for the
 * caller to say. There is no capabilities update either (RFC 6737): a CER on an open connection is
 * answered with 5012 and ends it, because two ends with different views of each other are worse
 * than a new connection.
 */
#ifndef BINDERY_PEER_PEER_H
#define BINDERY_PEER_PEER_H

#include "base/refusal.h"
#include "codec/diameter_base.h"

enum {
    PEER_IDENTITY_MAX = 255,
    PEER_APPLICATIONS_MAX = 16, /* that we offer */
    PEER_ANSWER_MIN = 2048,     /* the least answer_max: a CEA or an error answer fits */
    PEER_ANSWER_SHORT = 4096    /* see peer_owes_short */
};

struct peer_application {
    uint32_t vendor; /* 0: a plain Auth-Application-Id; else Vendor-Specific-Application-Id too */
    uint32_t id;
};

/* Shared by many peers, must outlive them. Times in milliseconds. */
struct peer_config {
    struct bytes origin_host;
    struct bytes origin_realm;
    struct bytes product_name;
    uint32_t vendor_id;
    uint32_t origin_state_id; /* 0: none */
    struct peer_application applications[PEER_APPLICATIONS_MAX];
    size_t application_n;
    uint32_t watchdog_ms; /* Tw; RFC 3539 wants 6 s at least and proposes 30 */
    uint32_t cer_timeout_ms;
    uint32_t dpa_timeout_ms; /* for DPA, and for the last octets of a connection that ends */
    size_t message_max;      /* longer ones end the connection */
    size_t answer_max;
};

struct peer_pending {
    bool used;
    uint32_t hop_by_hop;
    uint32_t command;
    uint64_t cookie;
    uint64_t deadline;
};
struct peer_memory {
    struct mbytes in;  /* at least message_max */
    struct mbytes out; /* at least 2 * answer_max */
    struct peer_pending *pending;
    size_t pending_n; /* requests of our own that may wait for an answer; may be 0 */
};

/* Why a connection ended: NAME, sentence */
#define PEER_CAUSES(X)                                                                             \
    X(NONE, "it has not ended")                                                                    \
    X(TRANSPORT, "the transport connection ended")                                                 \
    X(FRAME, "what came is no Diameter message, or too long a one")                                \
    X(NOT_CAPABILITIES, "the first message is not the capabilities exchange")                      \
    X(BAD_CAPABILITIES, "the capabilities exchange is malformed")                                  \
    X(SECOND_CAPABILITIES, "the peer sent a second capabilities exchange")                         \
    X(REFUSED, "the peer is not authorised")                                                       \
    X(REFUSED_BY_PEER, "the peer refused our capabilities exchange")                               \
    X(NO_CAPABILITIES, "no capabilities exchange came in time")                                    \
    X(WATCHDOG, "the peer did not answer two watchdogs")                                           \
    X(DISCONNECTED, "the peer asked to disconnect")                                                \
    X(STOPPED, "this side disconnected")                                                           \
    X(NO_DPA, "the peer did not answer our request to disconnect in time")                         \
    X(NOT_READING, "the peer did not take the last octets in time")                                \
    X(INTERNAL, "this program broke a rule of its own state machine")
enum peer_cause {
#define X(name, sentence) PEER_CAUSE_##name,
    PEER_CAUSES(X)
#undef X
};
const char *peer_cause_sentence(enum peer_cause c);

#define PEER_STATES(X)                                                                             \
    X(WAIT_CER)       /* responder, nothing came yet */                                            \
    X(WAIT_CEA)       /* initiator, CER sent */                                                    \
    X(WAIT_AUTHORISE) /* the caller has been asked; nothing is read */                             \
    X(OPEN)                                                                                        \
    X(CLOSING)  /* DPR sent */                                                                     \
    X(DRAINING) /* nothing is read; the last octets go out */                                      \
    X(CLOSED)
enum peer_state {
#define X(name) PEER_##name,
    PEER_STATES(X)
#undef X
        PEER_STATE_COUNT
};
const char *peer_state_name(enum peer_state s);

/* What the other end said of itself. */
struct peer_remote {
    struct bytes origin_host;
    struct bytes origin_realm;
    uint32_t vendor_id;
    uint32_t origin_state_id;
    uint32_t common; /* bit i: config.applications[i] is offered by both */
    char host[PEER_IDENTITY_MAX + 1];
    char realm[PEER_IDENTITY_MAX + 1];
};

struct peer_stats {
    uint64_t received, sent;    /* messages */
    uint64_t answers_unmatched; /* discarded, RFC 6733 6.2.1 */
    uint64_t timeouts;
    uint64_t malformed; /* base messages answered with an error */
};

/* All fields are the peer's own; read remote, stats and state freely. */
struct peer {
    const struct peer_config *config;
    struct peer_memory memory;
    enum peer_state state;
    enum peer_cause cause;
    bool initiator;
    bool announce_open;
    bool announced_close;
    bool dwr_pending, suspect; /* RFC 3539 3.4.1 */
    size_t in_from, in_to;     /* octets waiting in memory.in */
    size_t in_held;            /* length of the message given out last */
    size_t out_from, out_to;
    size_t owed;       /* requests given out and not answered; */
    size_t owed_short; /* of these, with answers of no more than PEER_ANSWER_SHORT */
    size_t pending;
    uint64_t now, timer, request_timer;
    uint64_t random;
    uint32_t next_hop_by_hop, next_end_to_end;
    uint8_t local_address[18];
    struct bytes local;
    struct peer_remote remote;
    struct peer_stats stats;
};

/* `ip` is the local address, 4 or 16 octets (none: loopback is told). `seed` starts the identifiers
 * and the watchdog's jitter: any number that differs from connection to connection.
 * Errors: E_NO_ROOM (memory smaller than the configuration demands), and those of writing a CER. */
MUST_USE enum err peer_open(struct peer *p, const struct peer_config *config,
                            const struct peer_memory *memory, bool initiator, struct bytes ip,
                            uint64_t seed, uint64_t now_ms);

/* The time, in milliseconds of any clock that does not go back. Call before everything else that
 * happens at that time. */
void peer_tick(struct peer *p, uint64_t now_ms);
/* When peer_tick has to be called next; UINT64_MAX: nothing is being waited for. */
uint64_t peer_next_deadline(const struct peer *p);

/* Takes as much as there is room for. */
void peer_input(struct peer *p, struct bytes in, size_t *consumed);
/* The same without a copy: where octets may be received to, and how many were. Ends what the last
 * event pointed to. Empty: stop reading for now. */
struct mbytes peer_input_space(struct peer *p);
void peer_input_done(struct peer *p, size_t n);
/* Is the peer willing to look at more input now? False under back-pressure. */
bool peer_wants_input(const struct peer *p);

enum peer_event_kind {
    PEER_HANDLED,     /* a message that is no business of the caller's was dealt with */
    PEER_CER,         /* authorise it; remote is filled in */
    PEER_CEA,         /* the initiator's turn: authorise it */
    PEER_OPENED,      /* may send requests, may get them */
    PEER_REQUEST,     /* answer it with peer_send_answer, or peer_no_answer */
    PEER_ANSWER,      /* to the request with this cookie */
    PEER_UNANSWERED,  /* the request with this cookie ran out of time, or lost its connection */
    PEER_DISCONNECTED /* the last event: cause */
};
struct peer_event {
    enum peer_event_kind kind;
    struct diameter_header header;
    /* As received, for HANDLED, CER, CEA, REQUEST, ANSWER. Good until the next peer_next,
     * peer_input or peer_input_space. */
    struct bytes message;
    uint64_t cookie;
    enum peer_cause cause;
};
/* At most one message is dealt with, or one event told, per call. False: nothing more for now. */
bool peer_next(struct peer *p, struct peer_event *out);
/* Would peer_next do something? */
bool peer_is_ready(const struct peer *p);

/* Answers PEER_CER or PEER_CEA. REFUSAL_NONE without a common application becomes
 * PEER_NO_COMMON_APPLICATION. A refused CER gets a CEA with the refusal's code, then the connection
 * ends. Errors: E_BAD_STATE; E_DENIED when it was refused after all. */
MUST_USE enum err peer_authorise(struct peer *p, enum refusal r);
/* The answer to one of the requests given out, identifiers as in the request.
 * Errors: E_BAD_STATE (not open, or none is owed), E_NO_ROOM (more than answer_max,
 * or than was kept for it; still owed). */
MUST_USE enum err peer_send_answer(struct peer *p, struct bytes msg);
/* One of the requests given out will get no answer. */
void peer_no_answer(struct peer *p);
/* One of the requests given out will be answered late, and by no more than PEER_ANSWER_SHORT
 * octets: so much room is kept for it. peer_owes_no_more_short comes right before its answer. */
void peer_owes_short(struct peer *p);
void peer_owes_no_more_short(struct peer *p);
/* Is less than half of the room for answers neither taken nor owed? Who then owes one for long
 * holds up what else the peer sends. */
bool peer_is_half_full(const struct peer *p);
/* Sends a request: writes its hop-by-hop identifier into msg and keeps the cookie for the answer.
 * Errors: E_BAD_STATE, E_BUSY (too many wait for answers), E_NO_ROOM (the buffer), E_TRUNCATED. */
MUST_USE enum err peer_request(struct peer *p, struct mbytes msg, uint64_t cookie,
                               uint64_t deadline_ms);
/* A number for the end-to-end identifier of a request of ours (RFC 6733 3). */
uint32_t peer_end_to_end(struct peer *p);

/* What is to be sent, in order; always begins and ends at messages' borders or where the last send
 * stopped. */
struct bytes peer_out(const struct peer *p);
void peer_out_done(struct peer *p, size_t n);

/* Orderly end: DPR, then DPA or its timeout. Before the connection is open it just ends. */
void peer_disconnect(struct peer *p, enum diameter_disconnect_cause why);
/* The transport is gone, or the caller wants it to be, now. */
void peer_lost(struct peer *p, enum peer_cause why);

#endif
