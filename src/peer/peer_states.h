/* peer/peer_states.h - the table behind peer/peer.h: state x input -> handler, permitted next
 * states. For the peer room, its tests and the tool that draws it. */
#ifndef BINDERY_PEER_PEER_STATES_H
#define BINDERY_PEER_PEER_STATES_H

#include "peer/peer.h"

/* Messages first, then what happens without one. */
#define PEER_INPUTS(X)                                                                             \
    X(RCV_CER)                                                                                     \
    X(RCV_CEA)                                                                                     \
    X(RCV_DWR)                                                                                     \
    X(RCV_DWA)                                                                                     \
    X(RCV_DPR)                                                                                     \
    X(RCV_DPA)                                                                                     \
    X(RCV_REQUEST)                                                                                 \
    X(RCV_ANSWER)                                                                                  \
    X(BAD_FRAME)                                                                                   \
    X(AUTHORISED)                                                                                  \
    X(REFUSED)                                                                                     \
    X(STOP)                                                                                        \
    X(TIMER)                                                                                       \
    X(GONE)                                                                                        \
    X(ALL_SENT)
enum peer_input_kind {
#define X(name) PEER_IN_##name,
    PEER_INPUTS(X)
#undef X
        PEER_INPUT_COUNT
};
const char *peer_input_name(enum peer_input_kind k);

/* What a handler gets besides the peer. `told` is set when the caller gets an event. */
struct peer_input_data {
    struct bytes message;
    struct diameter_header header;
    struct peer_event *event;
    enum refusal refusal;
    enum diameter_disconnect_cause disconnect;
    enum peer_cause cause;
};
typedef void peer_handler(struct peer *p, struct peer_input_data *in);

struct peer_transition {
    peer_handler *handler; /* NULL: cannot happen in this state; ends the connection if it does */
    unsigned next;         /* bit set of enum peer_state */
};
const struct peer_transition *peer_transition(enum peer_state s, enum peer_input_kind k);

#endif
