/* net/assoc_set.h - what the transports of net/assoc.h share: the set, its queues, an association.
 * For src/net/assoc*.c alone.
 *
 * An association that ends is marked (assoc_end) and leaves at one place, at the end of a wake-up:
 * so no function has to expect that one disappears under its hands.
 */
#ifndef BINDERY_NET_ASSOC_SET_H
#define BINDERY_NET_ASSOC_SET_H

#include "net/assoc.h"
#include <sys/queue.h>

enum { ASSOC_HEAD = 10 }; /* octets before a message, in both buffers and on TCP */

/* What the epoll descriptor has for data: the first member of whatever has a descriptor. */
enum watch_kind { WATCH_WAKE, WATCH_LISTENER, WATCH_ASSOC, WATCH_ENDPOINT };
struct watch {
    enum watch_kind kind;
    int fd;
};

/* Messages that wait, each behind its head. Twice the bound is reserved, so that moving the rest to
 * the front costs less than what was appended since. */
struct assoc_queue {
    uint8_t *p;
    size_t bound, from, to;
};
MUST_USE enum err assoc_queue_init(struct assoc_queue *q, size_t bound);
void assoc_queue_free(struct assoc_queue *q);
size_t assoc_queue_length(const struct assoc_queue *q);
/* Room for at least n octets at the end, or NULL. */
uint8_t *assoc_queue_room(struct assoc_queue *q, size_t n);
void assoc_queue_taken(struct assoc_queue *q, size_t n); /* off the front */
/* E_BUSY when it does not fit. */
MUST_USE enum err assoc_queue_put(struct assoc_queue *q, const struct assoc_message *m);
/* The first message. E_AGAIN: it is not whole yet. E_BAD_LENGTH, E_BAD_VALUE (empty). */
MUST_USE enum err assoc_queue_first(const struct assoc_queue *q, size_t message_max,
                                    struct assoc_message *out);

struct assoc_ops {
    /* Reads and delivers up to `turn` messages. True: more is there already. */
    bool (*read)(struct assoc *a, unsigned turn);
    /* What waits in the queue is sent as far as it goes. */
    void (*flush)(struct assoc *a);
    /* The queue is empty and nothing more comes: begin the orderly end. */
    void (*finish)(struct assoc *a);
    /* Let go of the descriptor or socket, now. With notice, the peer sees an abort. */
    void (*release)(struct assoc *a, bool notice);
    /* The transport's own part of assoc_hold. May be NULL. */
    void (*hold)(struct assoc *a);
};

enum assoc_state { ASSOC_SETUP, ASSOC_UP, ASSOC_DRAINING, ASSOC_FINISHING, ASSOC_DEAD };

struct assoc_listener;
struct stack_endpoint;
struct stack_peer;
struct socket; /* of usrsctp */

struct assoc {
    struct watch watch; /* first; fd is -1 for SCTP over UDP */
    struct assoc_set *set;
    const struct assoc_ops *ops;
    assoc_handle handle;
    enum assoc_state state;
    enum assoc_cause cause; /* when dead */
    bool initiator;
    bool announced; /* the caller knows of it: down must be said */
    bool was_up;
    bool held;
    bool wants_room;
    bool dirty, ready; /* is in that list */
    uint32_t watching; /* the events that epoll looks for */
    struct address peer, local;
    void *ctx;
    uint16_t streams_in, streams_out;
    uint64_t deadline; /* of setup or the orderly end; 0: none */
    struct assoc_queue out, in;
    TAILQ_ENTRY(assoc) ready_link, dirty_link, dead_link;
    /* SCTP over UDP */
    struct socket *so;
    struct stack_peer *stack_peer;
    bool touched;                      /* guarded by the stack's lock, like its link */
    bool peer_ended;                   /* and the last packets are still under way */
    int why;                           /* an errno: it ends when nothing is left to read */
    struct assoc_listener *arrived_at; /* the caller was not asked yet */
    TAILQ_ENTRY(assoc) touched_link;
};
TAILQ_HEAD(assoc_list, assoc);

struct assoc_listener {
    struct watch watch; /* first; fd is -1 for SCTP over UDP */
    struct assoc_set *set;
    struct address at;
    struct socket *so;
    struct stack_endpoint *endpoint;
    LIST_ENTRY(assoc_listener) link;
};

LIST_HEAD(assoc_listeners, assoc_listener);
LIST_HEAD(stack_endpoints, stack_endpoint);

struct assoc_set {
    struct watch wake; /* first; an eventfd */
    int epoll;
    bool in_poll;
    struct assoc_config config;
    uint64_t now;
    uint64_t soonest; /* no deadline is before it; 0: there is none */
    uint64_t serial;
    struct assoc **slots; /* associations_max */
    size_t free_from;     /* no slot before it is free */
    struct assoc_list ready, dirty, dead;
    struct assoc_listeners listeners;
    struct assoc_stats stats;
    uint8_t *message; /* message_max + 1 octets, for one message that is read */
    /* SCTP over UDP: guarded by the stack's lock */
    struct assoc_list touched;
    struct stack_endpoints endpoints;
    size_t on_stack; /* associations there; by the set's own thread */
    bool uses_stack;
    uint64_t nudge_at;
};

uint64_t assoc_now(struct assoc_set *s); /* reads the clock */
/* Makes the epoll descriptor readable, from any thread. */
void assoc_wake(struct assoc_set *s);
MUST_USE enum err assoc_watch(struct assoc_set *s, struct watch *w, uint32_t events, bool again);

/* A new association in a slot of its own, in state SETUP with the setup deadline. E_BUSY, E_MEMORY.
 */
MUST_USE enum err assoc_new(struct assoc_set *s, const struct assoc_ops *ops, struct assoc **out);
/* A peer came to a listener: `accept` is asked, and it is up, or ends. */
void assoc_arrived(struct assoc *a, const struct address *at, uint16_t streams_in,
                   uint16_t streams_out);
void assoc_up(struct assoc *a, uint16_t streams_in, uint16_t streams_out);
/* Marks it dead and lets its socket go; the caller of the set is told at the end of the wake-up. */
void assoc_end(struct assoc *a, enum assoc_cause why, bool notice);
/* The same after a read of 0 octets, and after an error of the socket. */
void assoc_end_of_stream(struct assoc *a);
void assoc_end_by_errno(struct assoc *a, int error);
void assoc_deliver(struct assoc *a, const struct assoc_message *m);
void assoc_make_ready(struct assoc *a);
void assoc_set_deadline(struct assoc *a, uint32_t after_ms);
/* After the queue became shorter: the caller is told of room, an orderly end goes on. */
void assoc_sent(struct assoc *a);

/* The transports. */
MUST_USE enum err fd_listen(struct assoc_set *s, struct assoc_listener *l);
MUST_USE enum err fd_connect(struct assoc_set *s, const struct address *to,
                             const struct address *from, struct assoc **out);
void fd_accept(struct assoc_listener *l);
void fd_event(struct assoc *a, uint32_t events);
/* Has epoll look for what the association can do now; `full`: it waits for room to write. */
void fd_watch(struct assoc *a, bool full);
void fd_finish(struct assoc *a);
void fd_release(struct assoc *a, bool notice);
void fd_hold(struct assoc *a);
extern const struct assoc_ops tcp_ops, sctp_ops;
/* What an SCTP socket needs beyond net/socket.h; how many streams it got. */
MUST_USE enum err sctp_prepare(int fd, const struct assoc_config *c);
MUST_USE enum err sctp_streams(int fd, uint16_t *in, uint16_t *out);

MUST_USE enum err udp_listen(struct assoc_set *s, struct assoc_listener *l);
MUST_USE enum err udp_connect(struct assoc_set *s, const struct address *to,
                              const struct address *from, struct assoc **out);
void udp_unlisten(struct assoc_listener *l);

#endif
