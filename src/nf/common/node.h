/* nf/common/node.h - the Diameter connections of one signalling thread: sockets, optional TLS and a
 * sans-I/O peer each (peer/peer.h), under one epoll.
 *
 * All callbacks run on the thread that runs the node, and functions of a node are called there too,
 * inside callbacks or between two node_poll; only node_adopt, node_post, node_stop and node_stats
 * may be called from other threads.
 *
 * One wake-up: connections that had nothing waiting get a turn of at most messages_per_turn each;
 * then those that always have more, in order, each at the back of the queue after its turn, until
 * some turns' worth is done. Then what was answered is sent, once per connection, and sockets are
 * looked at again. So a peer that asks seldom waits for a few turns of others, however many of them
 * ask without end. Every connection has its own bounded buffers, so one that is slow, silent or
 * dead costs the others nothing: when its answers don't leave, its requests are not read. Memory is
 * taken when a connection comes, never for a message.
 */
#ifndef BINDERY_NF_COMMON_NODE_H
#define BINDERY_NF_COMMON_NODE_H

#include "net/address.h"
#include "net/tls.h"
#include "peer/peer.h"

struct node;
struct node_conn;

/* Names a connection for good: a handle kept after its connection is gone finds nothing. 0: none.
 */
typedef uint64_t node_handle;

/* What is known of a peer that asks to be let in (CER), or that let us in (CEA). */
struct node_cer {
    struct bytes origin_host;
    struct bytes origin_realm;
    const struct address *remote; /* family 0: not known; .transport says TCP, TLS, SCTP */
    struct address_text address;  /* its IP, printed */
    bool initiator;               /* we made this connection */
    const struct tls *tls;        /* NULL: none */
    bool shares_application;      /* without one the peer is refused, whatever authorise says */
};
/* Does the peer's certificate name this host? False without TLS. */
bool node_cer_certificate_is(const struct node_cer *cer, struct bytes name);

/* Any may be NULL but authorise and request. */
struct node_callbacks {
    /* May this peer in? *peer_ctx (NULL, or what node_connect was given) stays with the connection
     * when it may. */
    enum refusal (*authorise)(void *ctx, const struct node_cer *cer, void **peer_ctx);
    void (*opened)(void *ctx, struct node_conn *conn);
    /* Once per connection that authorise let in or that node_connect began; its handle is dead. */
    void (*closed)(void *ctx, struct node_conn *conn, const char *why);
    /* An adopted connection ended before authorise was asked: no CER came, or TLS failed (denied:
     * for the certificate it showed, or did not show). Not while the node stops. */
    void (*strayed)(void *ctx, struct node_conn *conn, bool denied, const char *why);
    /* msg is good during the call. Every request is answered by node_send, or node_no_answer. */
    void (*request)(void *ctx, struct node_conn *conn, const struct diameter_header *h,
                    struct bytes msg);
    /* msg is empty when no answer came: it timed out, or the connection ended. */
    void (*answer)(void *ctx, struct node_conn *conn, uint64_t cookie, struct bytes msg);
    /* Around the requests and answers of one wake-up; not called when there are none. */
    void (*before_batch)(void *ctx);
    void (*after_batch)(void *ctx);
    void (*trace)(void *ctx, struct node_conn *conn, bool sent, struct bytes msg);
};

struct node_config {
    struct peer_config peer; /* identity, applications, timers, longest message and answer */
    size_t connections_max;
    size_t in_size;  /* at least peer.message_max */
    size_t out_size; /* at least twice peer.answer_max; out_size / answer_max requests of a peer can
                        be under way at once */
    size_t pending_max; /* our own requests that may wait per connection */
    size_t posts_max;   /* calls that other threads may have waiting (node_post, node_adopt) */
    unsigned messages_per_turn;
    uint32_t spin_us; /* how long to look for the next message before going to sleep, where that has
                         paid of late (nf/common/spin.h); 0: never */
    uint32_t setup_timeout_ms; /* for the transport to connect and TLS to shake hands */
    uint32_t stop_timeout_ms;
    uint64_t seed;                 /* any number that differs between nodes and starts */
    uint64_t (*now_ms)(void *ctx); /* NULL: CLOCK_MONOTONIC */
    const struct node_callbacks *callbacks;
    void *ctx; /* for the callbacks and now_ms */
};
/* Sensible sizes and times; identity and callbacks are for the caller to fill in. */
struct node_config node_config_default(void);

/* Copies the configuration, not what it points to. Errors: E_BAD_VALUE, E_MEMORY, E_IO. */
MUST_USE enum err node_open(const struct node_config *config, struct node **out);
/* Ends every connection without ceremony and frees the node. Not before node_run has returned. */
void node_close(struct node *n);

/* One wake-up: waits at most timeout_ms (-1: as long as nothing happens). E_OK, E_CLOSED when the
 * node was stopped and its last connection is gone, E_IO. */
MUST_USE enum err node_poll(struct node *n, int timeout_ms);
/* For a caller with a loop of its own: readable when node_poll(n, 0) has something to do, which it
 * also has after so many milliseconds (-1: never). */
int node_fd(const struct node *n);
int node_wait_ms(const struct node *n);
/* Until node_stop: then DPR to every peer, a bounded wait, and the end. E_OK or E_IO. */
MUST_USE enum err node_run(struct node *n);
/* From any thread, also from a signal handler. */
void node_stop(struct node *n);

/* From any thread: takes over an accepted connection. fd is the node's from now on, also when it is
 * refused for want of room. Errors: E_BUSY (fd is closed), E_MEMORY (the same). */
MUST_USE enum err node_adopt(struct node *n, int fd, enum transport t, struct tls_context *tls);
/* From any thread: fn(arg) is called on the node's thread, in order. Errors: E_BUSY. */
MUST_USE enum err node_post(struct node *n, void (*fn)(void *), void *arg);

/* Begins to connect. `from` (NULL: any) is the local address. The outcome comes as authorise and
 * opened, or closed. Errors: those of socket_connect, E_BUSY, E_MEMORY. */
MUST_USE enum err node_connect(struct node *n, const struct address *to, const struct address *from,
                               struct tls_context *tls, void *peer_ctx, node_handle *out);

node_handle node_conn_handle(const struct node_conn *c);
void *node_conn_ctx(const struct node_conn *c);
const struct address *node_conn_remote(const struct node_conn *c);
const struct address *node_conn_local(const struct node_conn *c);
/* Octets for the owner's own use, zero at first, as long as the connection lives. */
#define NODE_SPACE 16
void *node_conn_space(struct node_conn *c);

/* ---- how much waits, for an owner that turns requests away (nf/common/backlog.h) ---- */

/* Milliseconds that what this connection sends waits for its turn. */
uint32_t node_conn_waited(const struct node_conn *c);
/* Had it more waiting than its last turn took? */
bool node_conn_has_more(const struct node_conn *c);
/* See peer_is_half_full. */
bool node_conn_is_half_full(const struct node_conn *c);
/* See peer_owes_short. */
void node_owes_short(struct node_conn *c);
void node_owes_no_more_short(struct node_conn *c);
/* Milliseconds that the last turn of all connections with more waiting took; 0: there are none. */
uint32_t node_pass_ms(const struct node *n);
/* The request just given out costs a quarter of one: its connection's turn may be longer. */
void node_was_cheap(struct node_conn *c);

/* Empty until the CER or CEA. */
struct bytes node_conn_origin_host(const struct node_conn *c);
struct bytes node_conn_origin_realm(const struct node_conn *c);
/* Do we and the peer both offer this application? The base is everybody's. */
bool node_conn_shares(const struct node_conn *c, uint32_t application);
/* What authorise was told of this connection's peer, for one that judges it again; good as long as
 * the connection. */
struct node_cer node_conn_cer(const struct node_conn *c);
/* NULL when that connection is gone or going. */
struct node_conn *node_find(struct node *n, node_handle h);

/* An answer; it leaves at the end of the wake-up. Errors: as peer_send_answer. */
MUST_USE enum err node_send(struct node *n, struct node_conn *c, struct bytes msg);
void node_no_answer(struct node *n, struct node_conn *c);
/* A request of ours; msg's hop-by-hop identifier is set. Errors: as peer_request. */
MUST_USE enum err node_request(struct node *n, struct node_conn *c, struct mbytes msg,
                               uint64_t cookie, uint32_t timeout_ms);
uint32_t node_end_to_end(struct node_conn *c);
void node_disconnect(struct node *n, struct node_conn *c, enum diameter_disconnect_cause why);

/* Calls fn for each open connection. */
void node_each(struct node *n, void (*fn)(void *arg, struct node_conn *c), void *arg);

/* NAME, what is counted. All only grow but the first two. */
#define NODE_COUNTERS(X)                                                                           \
    X(open, "connections that are open now")                                                       \
    X(held, "connections there are now, also those that are not open or only adopted yet")         \
    X(adopted, "connections taken over")                                                           \
    X(no_room, "connections closed at once because there were too many")                           \
    X(tls_failed, "TLS handshakes that failed")                                                    \
    X(refused, "capabilities exchanges refused")                                                   \
    X(opened, "connections that opened")                                                           \
    X(closed, "open connections that ended")                                                       \
    X(requests_received, "requests received")                                                      \
    X(answers_sent, "answers sent")                                                                \
    X(requests_sent, "requests sent")                                                              \
    X(answers_received, "answers received")                                                        \
    X(unanswered, "requests sent that got no answer")                                              \
    X(octets_received, "octets received")                                                          \
    X(octets_sent, "octets sent")                                                                  \
    X(held_back, "times a connection was read no further because its answers did not leave")
struct node_stats {
#define X(name, text) uint64_t name;
    NODE_COUNTERS(X)
#undef X
};
/* From any thread. */
void node_stats(const struct node *n, struct node_stats *out);

#endif
