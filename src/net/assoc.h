/* net/assoc.h - associations: whole messages, each with a stream number and a payload protocol
 * identifier (PPID), over SCTP of the kernel, SCTP over UDP (RFC 6951) or framed TCP. Which of the
 * three is said by the address (address_parse_s1). What the messages mean is not known here.
 *
 * A set owns listeners and associations and calls back from assoc_poll, nowhere else. It has one
 * epoll descriptor, which may be put into the caller's own. All functions of a set are called on
 * one thread, from inside callbacks too (but assoc_poll and assoc_set_close); sets of different
 * threads do not disturb each other.
 *
 * Every association has its own bounded buffers, and a turn of so many messages per wake-up, so one
 * that is slow, silent or dead costs the others nothing. Memory is taken when an association
 * comes, never for a message (SCTP over UDP: the stack takes some, inside bounds of that size).
 *
 *   sctp://      the kernel's SCTP, one-to-one style. Where the kernel has none, listen and connect
 *                say E_UNSUPPORTED, and assoc_has(TRANSPORT_SCTP) is false.
 *   sctp-udp://  libusrsctp, fed by us: the UDP sockets and the clock are the set's, and no thread
 *                of the library does anything. Its state is the one global of this room: one stack
 *                per process, counted by the sets that use it and guarded by one lock
 *                (net/assoc_stack.h). An SCTP port is used once in a process, by whatever set. Each
 *                end has one IP address and UDP port, and keeps them; further addresses that a peer
 *                offers are not used.
 *   s1-tcp://    TCP. Each message stands behind a head of ten octets: its length (4, big-endian,
 *                the head not counted), stream (2), PPID (4). Nothing is negotiated: assoc_streams
 *                gives the configured number, and any stream is accepted.
 */
#ifndef BINDERY_NET_ASSOC_H
#define BINDERY_NET_ASSOC_H

#include "net/address.h"

enum { ASSOC_MESSAGE_MAX = 65536, ASSOC_PPID_S1AP = 18 };

struct assoc_set;
struct assoc;

/* Names an association for good: kept after its end it finds nothing. 0: none. */
typedef uint64_t assoc_handle;

struct assoc_message {
    struct bytes octets; /* 1 to message_max */
    uint16_t stream;
    uint32_t ppid; /* in host order */
};

/* Why an association ended, or never came up. NAME, name, sentence */
#define ASSOC_CAUSES(X)                                                                            \
    X(ENDED_HERE, "ended-here", "it was ended here, in good order")                                \
    X(ABORTED_HERE, "aborted-here", "it was aborted here")                                         \
    X(PEER_ENDED, "peer-ended", "the peer ended it in good order")                                 \
    X(PEER_ABORTED, "peer-aborted", "the peer aborted it")                                         \
    X(REFUSED, "refused", "the peer refused it, or nobody listens there")                          \
    X(SETUP_TIMEOUT, "setup-timeout", "the peer did not answer in time")                           \
    X(LOST, "lost", "the peer no longer answers")                                                  \
    X(RESTARTED, "restarted", "the peer has restarted; it was aborted, to be made anew")           \
    X(TOO_LONG, "too-long", "the peer sent a message that is too long; it was aborted")            \
    X(BAD_FRAME, "bad-frame", "the peer sent what is no message; it was aborted")                  \
    X(TORN, "torn", "the connection ended inside a message")                                       \
    X(FAILED, "failed", "the operating system or a library reported a failure")
enum assoc_cause {
#define X(NAME, name, sentence) ASSOC_##NAME,
    ASSOC_CAUSES(X)
#undef X
};
/* Never NULL. */
const char *assoc_cause_name(enum assoc_cause c);
const char *assoc_cause_sentence(enum assoc_cause c);

/* Any may be NULL but message. */
struct assoc_callbacks {
    /* May the peer of an incoming association in? `at` is the listener. *assoc_ctx stays with it.
     * NULL: everybody may. Those turned away are aborted, and neither up nor down is called. */
    bool (*accept)(void *ctx, const struct address *at, const struct address *peer,
                   void **assoc_ctx);
    /* It can carry messages now, in both directions. */
    void (*up)(void *ctx, struct assoc *a);
    /* Once for each association that came up or that assoc_connect began, and the last that is
     * heard of it: `a` is good during the call, its handle is dead. */
    void (*down)(void *ctx, struct assoc *a, enum assoc_cause why);
    /* m's octets are good during the call. */
    void (*message)(void *ctx, struct assoc *a, const struct assoc_message *m);
    /* After assoc_send said E_BUSY: at least half of the send buffer is free again. */
    void (*room)(void *ctx, struct assoc *a);
};

struct assoc_config {
    size_t associations_max; /* those too many are aborted as they come */
    size_t message_max;      /* at most ASSOC_MESSAGE_MAX; both ways */
    size_t out_size;         /* octets that may wait to leave, per association; at least twice
                                message_max */
    size_t in_size;          /* octets that may wait to be read; the same */
    uint16_t streams;        /* asked for and offered, each way; at least 2 */
    unsigned messages_per_turn;
    uint32_t setup_timeout_ms;
    uint32_t shutdown_timeout_ms; /* then it is aborted */
    /* A peer is lost when `retransmissions` in a row went unanswered; a silent one is asked every
     * heartbeat_ms. (TCP: after about as long.) */
    uint32_t heartbeat_ms, rto_initial_ms, rto_min_ms, rto_max_ms;
    uint16_t retransmissions;
    uint64_t (*now_ms)(void *ctx); /* NULL: CLOCK_MONOTONIC. All sets of a process: the same one */
    const struct assoc_callbacks *callbacks;
    void *ctx; /* for the callbacks and now_ms */
};
/* Sensible sizes and times: 512 associations, 256 KiB each way, 32 streams; a silent peer is given
 * up after some 13 seconds, after 4 when something waits for it. Callbacks are for the caller to
 * fill in. */
struct assoc_config assoc_config_default(void);

/* Can this machine do it? Asked once at the start, it makes a good message. */
bool assoc_has(enum transport t);

/* Copies the configuration, not what it points to. Errors: E_BAD_VALUE, E_MEMORY, E_IO. */
MUST_USE enum err assoc_set_open(const struct assoc_config *config, struct assoc_set **out);
/* Aborts what there is, without callbacks, and frees the set. */
void assoc_set_close(struct assoc_set *s);

/* Adds a listener. Port 0 (and UDP port 0) asks for a free one; *bound (may be NULL) is what it
 * got. On a host of several addresses an sctp-udp listener must name one, not the wildcard.
 * Errors: E_UNSUPPORTED (no such transport or family here), E_EXISTS (the address is in use),
 * E_DENIED, E_NOT_FOUND (no such local address), E_MEMORY, E_IO (errno says why). */
MUST_USE enum err assoc_listen(struct assoc_set *s, const struct address *at,
                               struct address *bound);
/* Begins an association; the outcome comes as up or down. `from` (NULL: any) is the own address;
 * its ports may be 0. Errors: those of assoc_listen, E_BAD_VALUE (from is of another transport or
 * family), E_BUSY (associations_max). */
MUST_USE enum err assoc_connect(struct assoc_set *s, const struct address *to,
                                const struct address *from, void *assoc_ctx, assoc_handle *out);

/* Readable when assoc_poll has something to do; for epoll, poll or a loop of another kind. The
 * deadline counts as well: see assoc_wait_ms. */
int assoc_fd(const struct assoc_set *s);
/* How long the caller may wait before it calls assoc_poll though assoc_fd is not readable: 0 or
 * more, or -1: for ever. Ask anew before each wait. */
int assoc_wait_ms(const struct assoc_set *s);
/* One wake-up: waits at most timeout_ms (-1: as long as nothing happens; the set's own deadlines
 * are kept in any case), calls back, sends. Errors: E_IO. */
MUST_USE enum err assoc_poll(struct assoc_set *s, int timeout_ms);

/* Takes the whole message or none of it. Inside a callback it leaves at the end of the wake-up at
 * the latest, otherwise at once. Errors: E_BUSY (the buffer is full: `room` will tell), E_CLOSED
 * (not up, or ending), E_BAD_LENGTH (0 or more than message_max), E_BAD_VALUE (no such stream). */
MUST_USE enum err assoc_send(struct assoc *a, const struct assoc_message *m);
/* While held nothing is read from it, so the peer's own send buffer fills. No effect on sending,
 * and the end of a held association may be noticed late. */
void assoc_hold(struct assoc *a, bool hold);
/* What was accepted by assoc_send is sent, then it ends. Nothing is received any more. */
void assoc_shutdown(struct assoc *a);
/* It ends now; what waits is dropped. Both: down follows from assoc_poll, never from inside. */
void assoc_abort(struct assoc *a);

/* NULL when it is gone. */
struct assoc *assoc_find(struct assoc_set *s, assoc_handle h);
assoc_handle assoc_handle_of(const struct assoc *a);
void *assoc_ctx(const struct assoc *a);
void assoc_set_ctx(struct assoc *a, void *assoc_ctx);
const struct address *assoc_peer(const struct assoc *a);
const struct address *assoc_local(const struct assoc *a);
bool assoc_initiator(const struct assoc *a); /* did we connect? */
bool assoc_is_up(const struct assoc *a);
/* 0 and 0 before it is up. Streams below *out may be sent on. */
void assoc_streams(const struct assoc *a, uint16_t *in, uint16_t *out);
/* Octets that wait to leave, and how many may. */
size_t assoc_unsent(const struct assoc *a);
/* Calls fn for each one that is up; fn may end it. */
void assoc_each(struct assoc_set *s, void (*fn)(void *arg, struct assoc *a), void *arg);

/* NAME, what is counted. All only grow but the first two. */
#define ASSOC_COUNTERS(X)                                                                          \
    X(up, "associations that are up now")                                                          \
    X(held, "associations there are now, also those that are not up yet")                          \
    X(came_up, "associations that came up")                                                        \
    X(went_down, "associations that were up and ended")                                            \
    X(not_up, "associations that were begun here and did not come up")                             \
    X(no_room, "associations turned away because there were too many")                             \
    X(turned_away, "associations turned away by `accept`")                                         \
    X(messages_received, "messages received")                                                      \
    X(messages_sent, "messages sent")                                                              \
    X(octets_received, "octets of messages received")                                              \
    X(octets_sent, "octets of messages sent")                                                      \
    X(busy, "messages refused because the send buffer was full")
struct assoc_stats {
#define X(name, text) uint64_t name;
    ASSOC_COUNTERS(X)
#undef X
};
/* On the set's own thread. */
void assoc_stats(const struct assoc_set *s, struct assoc_stats *out);

#endif
