/* nf/mmed/hss_parts.h - what the files of an MME's connections to home networks (nf/mmed/hss.h)
 * share: hss.c has the connections, hss_peers.c who they go to, hss_request.c the requests and
 * their answers, hss_serve.c what home networks ask. Nobody else includes it.
 */
#ifndef BINDERY_NF_MMED_HSS_PARTS_H
#define BINDERY_NF_MMED_HSS_PARTS_H

#include "nf/common/node.h"
#include "nf/mmed/hss.h"
#include "nf/mmed/hss_messages.h"

/* The first four are for a UE that waits for the answer; the first two of those begin an attach. */
enum hss_kind {
    HSS_AIR = MMED_ASKED_AIR,
    HSS_ONBOARD = MMED_ASKED_ONBOARD,
    HSS_ULR = MMED_ASKED_ULR,
    HSS_ECR = MMED_ASKED_ECR,
    HSS_NOR = MMED_ASKED_NOR,
    HSS_PUR = MMED_ASKED_PUR
};

struct hss_pending {
    struct hss_pending *next;    /* among the free ones, those that wait, or those answered with
                                    nothing */
    uint64_t since_ms, since_ns; /* of the MME's wake-up; and by metrics_now_ns */
    enum hss_kind kind;
    uint32_t ue;
    uint64_t serial;
    size_t home, tried; /* how many of the home's peers were tried */
    size_t n;
    uint8_t message[HSS_MESSAGE_MAX];
};
struct hss_peer {
    struct hss *h;
    char *origin_host, *realm;
    struct address address;
    struct tls_context *tls; /* NULL: plain */
    node_handle handle;      /* 0: none */
    uint64_t next_try_ms, opened_ms;
    unsigned tries; /* in a row, without a connection that stayed */
    bool open;
    bool leaves;           /* it is not configured any more; its connection is still there */
    struct hss_peer *next; /* among those that leave */
    uint64_t requests, answers;
};
struct hss_queue {
    struct hss_pending *first, **end;
};
struct hss {
    struct mmed *m;
    struct node *node;
    struct node_callbacks callbacks;
    struct hss_peer **peers; /* as in the configuration that counts */
    size_t n_peers, n_homes;
    struct hss_peer *leaving;
    struct hss_pending *pool;
    struct hss_pending *free;
    size_t n, n_free;
    struct hss_pending *failed;
    /* For room on a connection: of each home what is in progress, then what begins. A home network
     * that is slow holds up nobody else's. */
    struct hss_queue (*waiting)[2];
    size_t n_waiting; /* requests, in all of them */
    uint64_t serial;
    uint32_t session, end_to_end;
};

/* ---- hss.c ---- */

/* The wait after this many tries in a row: HSS_RETRY_MS, then twice as long each time, at most
 * `most_ms`; and up to a quarter less by `random`, so that MMEs which lost one HSS together do not
 * come back together. */
#define HSS_RETRY_MS 200u
uint64_t hss_retry_ms(unsigned tries, uint64_t most_ms, uint32_t random);

/* ---- hss_peers.c ---- */

/* At the start: the peers of h->m->config. Errors: as hss_change_open; logged. */
MUST_USE enum err hss_peers_start(struct hss *h);
/* Those whose connections have ended are forgotten. */
void hss_peers_sweep(struct hss *h);
void hss_peers_close(struct hss *h);

/* ---- hss_request.c ---- */

/* What waits, and what is under way, belongs to the homes of another snapshot from now on:
 * places[i] is the new place of home i, SIZE_MAX where it is gone. `waiting` are the queues of the
 * new ones. */
void hss_move_homes(struct hss *h, const size_t *places, size_t n_homes,
                    struct hss_queue (*waiting)[2]);

/* An answer, or an empty span for none, to the request of this place. */
void hss_on_answer(void *ctx, struct node_conn *conn, uint64_t cookie, struct bytes msg);
void hss_send_waiting(struct hss *h);
void hss_deliver_failed(struct hss *h);

/* ---- hss_serve.c ---- */

void hss_on_request(void *ctx, struct node_conn *conn, const struct diameter_header *head,
                    struct bytes msg);

#endif
