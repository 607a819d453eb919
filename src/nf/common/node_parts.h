/* nf/common/node_parts.h - what node.c (the loop) and node_conn.c (one connection's octets) lend
 * each other. Not for others. */
#ifndef BINDERY_NF_COMMON_NODE_PARTS_H
#define BINDERY_NF_COMMON_NODE_PARTS_H

#include "nf/common/backlog.h"
#include "nf/common/node.h"
#include "nf/common/spin.h"

#include <pthread.h>
#include <stdatomic.h>
#include <sys/epoll.h>

enum node_phase {
    NODE_CONNECTING,
    NODE_HANDSHAKE,
    NODE_RUNNING,
    NODE_LINGER, /* the peer has ended; what was sent still has to arrive */
    NODE_DEAD    /* to be freed at the end of the wake-up */
};

/* The largest TLS record on the wire (RFC 8446 5.2), and the most that is read or sent at once. */
enum { NODE_STAGE = 16 * 1024 + 256 + 5 };

struct node_conn {
    struct node *node;
    node_handle handle;
    int fd;
    struct address remote, local;
    enum node_phase phase;
    uint64_t deadline; /* of the phase; a running one asks its peer */
    bool initiator, let_in, asked, denied, is_open, readable, ended, plain_waits, in_ready,
        in_dirty, held_back;
    uint32_t interest; /* what epoll was told */
    struct node_conn *next_ready, *next_dirty;
    uint64_t last_pass; /* in which it had its last turn */
    unsigned turn_left; /* in quarters of a message */
    struct backlog backlog;
    _Alignas(uint64_t) uint8_t space[NODE_SPACE];
    struct tls *tls;
    struct tls_context *tls_context;
    uint8_t *stage; /* TLS only: octets on their way to the socket */
    size_t stage_from, stage_to;
    bool blocked;  /* the socket takes no more for now */
    size_t traced; /* octets of peer_out that the trace has */
    void *ctx;
    const char *why;
    struct peer peer;
    struct peer_memory memory;
};

struct node_post {
    void (*fn)(void *);
    void *arg;
};
struct node_list {
    struct node_conn *first, *last;
};

struct node {
    struct node_config config;
    struct node_callbacks callbacks;
    int epoll, event;
    uint64_t now, next_deadline, stop_deadline;
    atomic_bool stop;
    bool stopping, in_batch, finished, any_dead;
    struct node_conn **conns;
    uint32_t *generations;
    size_t conn_n;          /* slots in use */
    struct node_list fresh; /* had nothing waiting when they last had a turn, or no turn yet */
    struct node_list ready; /* the others with something to do, in the order of their turns */
    struct node_list dirty;
    uint64_t pass;               /* one turn of all that were ready when it began */
    struct node_conn *pass_last; /* NULL: nothing was ready */
    uint64_t pass_began;
    uint32_t pass_ms; /* of the last one */
    unsigned round_left;
    struct spin spin;
    pthread_mutex_t lock; /* of the posts */
    struct node_post *posts;
    size_t posts_from, posts_n;
    uint64_t seed;
    struct {
#define X(name, text) _Atomic uint64_t name;
        NODE_COUNTERS(X)
#undef X
    } count;
};

/* Only the node's thread writes, others may look. */
#define NODE_COUNT(node, name, by)                                                                 \
    atomic_fetch_add_explicit(&(node)->count.name, (by), memory_order_relaxed)

/* node_conn.c */

/* Drives connecting and the TLS handshake as far as they go. */
void node_conn_advance(struct node_conn *c);
/* Brings octets from the socket, through TLS, into the peer's buffer, as much as it takes. */
void node_conn_fill(struct node_conn *c);
/* Sends what can be sent. */
void node_conn_flush(struct node_conn *c);
/* Tells epoll what the connection waits for. */
void node_conn_watch(struct node_conn *c);
/* Gives the socket back; the peer has ended before. */
void node_conn_finish(struct node_conn *c);
/* Closing a socket with unread input resets the connection, and the reset may overtake the answer
 * or alert that says why. So: no more from us, and the peer is given time to close. */
void node_conn_linger(struct node_conn *c);
/* The transport failed: the peer ends, its last events follow. */
void node_conn_lost(struct node_conn *c, const char *why);

/* node_open.c */

struct node_conn *node_conn_of(struct node *n, node_handle h);
void node_conn_free(struct node *n, struct node_conn *c);
void node_run_posts(struct node *n);

/* node_wait.c */

/* As epoll_wait, at most until the next deadline, at once when something is to be done. */
int node_wait(struct node *n, struct epoll_event *events, int room, int timeout_ms);

/* node.c */
void node_force_stop(struct node *n);
void node_make_ready(struct node_conn *c);
void node_make_dirty(struct node_conn *c);
void node_note_deadline(struct node *n, uint64_t deadline);
void node_tell_closed(struct node_conn *c, const char *why);
/* To be freed at the end of the wake-up. */
void node_conn_kill(struct node_conn *c);
/* A connection without a peer is over: told, then killed. */
void node_conn_failed(struct node_conn *c, const char *why);

#endif
