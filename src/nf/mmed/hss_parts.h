/* nf/mmed/hss_parts.h - what the files of an MME's connections to home networks (nf/mmed/hss.h)
 * share: hss.c has the connections, hss_request.c the requests and their answers, hss_serve.c what
 * home networks ask. Nobody else includes it.
 */
#ifndef BINDERY_NF_MMED_HSS_PARTS_H
#define BINDERY_NF_MMED_HSS_PARTS_H

#include "nf/common/node.h"
#include "nf/mmed/hss.h"
#include "nf/mmed/hss_messages.h"

/* The first four are for a UE that waits for the answer; the first two of those begin an attach. */
enum hss_kind { HSS_AIR, HSS_ONBOARD, HSS_ULR, HSS_ECR, HSS_NOR, HSS_PUR };

struct hss_pending {
    struct hss_pending *next; /* among the free ones, those that wait, or those answered with
                                 nothing */
    uint64_t since_ms;
    enum hss_kind kind;
    uint32_t ue;
    uint64_t serial;
    size_t home, tried; /* how many of the home's peers were tried */
    size_t n;
    uint8_t message[HSS_MESSAGE_MAX];
};
struct hss_peer {
    struct hss *h;
    const struct mmed_peer *config;
    struct tls_context *tls;
    node_handle handle; /* 0: none */
    uint64_t next_try_ms;
    bool open;
    uint64_t requests, answers;
};
struct hss_queue {
    struct hss_pending *first, **end;
};
struct hss {
    struct mmed *m;
    struct node *node;
    struct node_callbacks callbacks;
    struct hss_peer *peers;
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

/* ---- hss_request.c ---- */

/* An answer, or an empty span for none, to the request of this place. */
void hss_on_answer(void *ctx, struct node_conn *conn, uint64_t cookie, struct bytes msg);
void hss_send_waiting(struct hss *h);
void hss_deliver_failed(struct hss *h);

/* ---- hss_serve.c ---- */

void hss_on_request(void *ctx, struct node_conn *conn, const struct diameter_header *head,
                    struct bytes msg);

#endif
