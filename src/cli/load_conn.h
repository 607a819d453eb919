/* cli/load_conn.h - one connection of a load: TCP or TLS, CER and CEA, whole messages in and
 * requests out, nonblocking, and again after a break with growing pauses.
 *
 * Its buffers have a fixed size. What does not fit the outgoing one stays with the caller, so a
 * server that stops reading costs no memory. Watchdogs, disconnection and location cancellations
 * are answered here.
 */
#ifndef BINDERY_CLI_LOAD_CONN_H
#define BINDERY_CLI_LOAD_CONN_H

#include "cli/load_plan.h"
#include "cli/load_slots.h"

enum load_conn_state {
    LOAD_CONN_DOWN, /* until retry_at */
    LOAD_CONN_CONNECTING,
    LOAD_CONN_SHAKING, /* TLS */
    LOAD_CONN_CAPABILITIES,
    LOAD_CONN_OPEN,
};
struct load_conn;
struct load_conn_owner {
    void *ctx;
    /* An answer that is none of the connection's own; now: when it was read. */
    void (*answer)(void *ctx, struct load_conn *c, uint32_t hop_by_hop, struct bytes msg,
                   uint64_t now);
    void (*opened)(void *ctx, struct load_conn *c);
    void (*closed)(void *ctx, struct load_conn *c, bool was_open); /* c->why says why */
};
struct load_conn {
    const struct load_plan *plan;
    const struct load_conn_owner *owner;
    uint32_t number; /* among those of its thread */
    uint64_t place;  /* among all connections */
    int epoll, fd;
    enum load_conn_state state;
    uint64_t retry_at, pause, deadline;
    uint64_t random;
    struct tls_context *tls_context; /* shared by the peer's connections; NULL: TCP */
    struct tls *tls;
    struct load_queue waiting;
    uint64_t turn; /* of its subscribers */
    bool dirty;    /* the owner's: in its list of those to flush */
    bool wants_out;
    bool bye; /* ends for good: not tried again */
    unsigned cancelled;
    size_t in_n, out_at, out_n, raw_at, raw_n;
    char why[256];
    char host[LOAD_HOST_MAX], peer_host[LOAD_HOST_MAX], peer_realm[LOAD_HOST_MAX];
    char session[40];
    struct load_template template[LOAD_KINDS];
    uint8_t in[LOAD_TRANSPORT_OUT];
    uint8_t out[LOAD_TRANSPORT_OUT];
    uint8_t raw[LOAD_TRANSPORT_OUT]; /* TLS records on their way */
};

/* Begins, again after a pause that grows from 0.1 to 5 s. */
void load_conn_start(struct load_conn *c, uint64_t now);
/* What epoll said. */
void load_conn_event(struct load_conn *c, uint32_t events);
/* Time passed: connects again, or gives up what takes too long. */
void load_conn_tick(struct load_conn *c, uint64_t now);
/* Space for one request of LOAD_MESSAGE_MAX octets, or NULL; then load_conn_wrote. */
uint8_t *load_conn_room(struct load_conn *c);
void load_conn_wrote(struct load_conn *c, size_t n);
void load_conn_flush(struct load_conn *c);
/* DPR; the connection then ends by itself or with load_conn_end. */
void load_conn_goodbye(struct load_conn *c);
void load_conn_end(struct load_conn *c);

#endif
