#include "nf/mmed/hss.h"

#include "net/socket.h"
#include "nf/mmed/hss_parts.h"

#include <stdlib.h>
#include <sys/random.h>

/* Octets of an answer, at most: a device's chain of certificates may come with one. */
#define ANSWER_MAX ((size_t)32 * 1024)

/* ---- connections ----------------------------------------------------------------------------- */

uint64_t hss_retry_ms(unsigned tries, uint64_t most_ms, uint32_t random)
{
    const uint64_t grown = tries < 16 ? (uint64_t)HSS_RETRY_MS << tries : most_ms;
    const uint64_t wait = grown < most_ms ? grown : most_ms;
    return wait - wait / 4 * (random % 1024) / 1024;
}

static void try_later(struct hss *h, struct hss_peer *peer)
{
    uint32_t random = 0;
    if (getrandom(&random, sizeof random, GRND_NONBLOCK) != (ssize_t)sizeof random) {
        random = 0; /* they come together: no harm worth ending for */
    }
    peer->next_try_ms =
        h->m->now_ms + hss_retry_ms(peer->tries, 1000U * h->m->config->reconnect_seconds, random);
    peer->tries += peer->tries < UINT16_MAX;
}

static enum refusal on_authorise(void *ctx, const struct node_cer *cer, void **peer_ctx)
{
    const struct hss_peer *peer = *peer_ctx;
    (void)ctx;
    if (peer == NULL || peer->leaves ||
        !bytes_eq_nocase(cer->origin_host, bytes_of_str(peer->origin_host))) {
        return REFUSAL_PEER_UNKNOWN;
    }
    if (!bytes_eq_nocase(cer->origin_realm, bytes_of_str(peer->realm))) {
        return REFUSAL_PEER_REALM;
    }
    if (peer->tls != NULL && !node_cer_certificate_is(cer, cer->origin_host)) {
        return REFUSAL_PEER_CERTIFICATE;
    }
    return REFUSAL_NONE;
}

static void on_opened(void *ctx, struct node_conn *conn)
{
    struct hss *h = ctx;
    struct hss_peer *peer = node_conn_ctx(conn);
    peer->open = true;
    peer->opened_ms = h->m->now_ms;
    if (peer->leaves) {
        node_disconnect(h->node, conn, DIAMETER_DO_NOT_WANT_TO_TALK_TO_YOU);
    }
    mmed_event(h->m, "hss-connected", NULL, NULL, peer->origin_host);
}

static void on_closed(void *ctx, struct node_conn *conn, const char *why)
{
    struct hss *h = ctx;
    struct hss_peer *peer = node_conn_ctx(conn);
    if (peer->open) {
        /* One that lets in and closes again is no more worth a haste than one that is not there. */
        const uint64_t stayed = h->m->now_ms - peer->opened_ms;
        peer->tries = stayed >= 1000U * h->m->config->reconnect_seconds ? 0 : peer->tries;
        mmed_event(h->m, "hss-lost", NULL, why, peer->origin_host);
    } else {
        const struct log_field fields[] = {LOG_FIELD_STR("peer", peer->origin_host),
                                           LOG_FIELD_STR("why", why)};
        log_limited(h->m->log, LOG_LEVEL_WARNING, "hss-unreachable", fields, 2);
    }
    peer->open = false;
    peer->handle = 0;
    try_later(h, peer);
}

static void on_trace(void *ctx, struct node_conn *conn, bool sent, struct bytes msg)
{
    struct hss *h = ctx;
    mmed_trace_diameter(h->m, node_conn_local(conn), node_conn_remote(conn), sent, msg);
}

static void connect_peers(struct hss *h)
{
    for (size_t i = 0; i < h->n_peers; i++) {
        struct hss_peer *peer = h->peers[i];
        if (peer->handle != 0 || h->m->now_ms < peer->next_try_ms) {
            continue;
        }
        if (node_connect(h->node, &peer->address, NULL, peer->tls, peer, &peer->handle) != E_OK) {
            peer->handle = 0;
            try_later(h, peer);
        }
    }
}

/* ---- opening --------------------------------------------------------------------------------- */

static enum err open_node(struct hss *h)
{
    const struct mmed_config *c = h->m->config;
    struct node_config n = node_config_default();
    h->callbacks = (struct node_callbacks){.authorise = on_authorise,
                                           .opened = on_opened,
                                           .closed = on_closed,
                                           .request = hss_on_request,
                                           .answer = hss_on_answer,
                                           .trace = h->m->trace != NULL ? on_trace : NULL};
    n.peer.origin_host = bytes_of_str(c->origin_host);
    n.peer.origin_realm = bytes_of_str(c->origin_realm);
    n.peer.vendor_id = c->vendor_id;
    n.peer.watchdog_ms = 1000U * c->watchdog_seconds;
    n.peer.applications[0] = (struct peer_application){.vendor = 10415, .id = DIAMETER_APP_S6A};
    n.peer.applications[1] = (struct peer_application){.vendor = 10415, .id = DIAMETER_APP_S13};
    n.peer.application_n = 2;
    n.peer.message_max = ANSWER_MAX;
    n.connections_max = 2 * MMED_PEERS_MAX; /* a reload may exchange all of them */
    n.pending_max = c->limits.hss_pending;
    n.callbacks = &h->callbacks;
    n.ctx = h;
    if (getrandom(&n.seed, sizeof n.seed, 0) != (ssize_t)sizeof n.seed) {
        return E_IO;
    }
    h->end_to_end = (uint32_t)n.seed;
    return node_open(&n, &h->node);
}

enum err hss_open(struct mmed *m, struct hss **out)
{
    struct hss *h = calloc(1, sizeof *h);
    size_t n = m->config->n_peers * m->config->limits.hss_pending;
    if (h == NULL) {
        return E_MEMORY;
    }
    h->m = m;
    h->pool = calloc(n + 1, sizeof *h->pool);
    h->waiting = calloc(m->config->n_homes + 1, sizeof *h->waiting);
    for (size_t i = 0; h->waiting != NULL && i < m->config->n_homes; i++) {
        h->waiting[i][0].end = &h->waiting[i][0].first;
        h->waiting[i][1].end = &h->waiting[i][1].first;
    }
    h->n_homes = m->config->n_homes;
    enum err err = h->pool == NULL || h->waiting == NULL ? E_MEMORY : hss_peers_start(h);
    for (size_t i = 0; err == E_OK && i < n; i++) {
        h->pool[i].next = h->free;
        h->free = &h->pool[i];
        h->n = h->n_free = i + 1;
    }
    if (err == E_OK) {
        err = open_node(h);
    }
    if (err != E_OK) {
        hss_close(h);
        return err;
    }
    connect_peers(h);
    *out = h;
    return E_OK;
}

void hss_close(struct hss *h)
{
    if (h == NULL) {
        return;
    }
    if (h->node != NULL) {
        node_stop(h->node);
        enum err err = node_run(h->node); /* says goodbye, bounded; nothing hangs on the outcome */
        (void)err;
        node_close(h->node);
    }
    hss_peers_close(h);
    free(h->pool);
    free(h->waiting);
    free(h);
}

int hss_fd(const struct hss *h)
{
    return node_fd(h->node);
}

/* Until the first connection is to be tried anew. */
static int next_try(const struct hss *h)
{
    uint64_t wait = 1000;
    for (size_t i = 0; i < h->n_peers; i++) {
        const struct hss_peer *p = h->peers[i];
        const uint64_t left = p->next_try_ms > h->m->now_ms ? p->next_try_ms - h->m->now_ms : 0;
        wait = p->handle == 0 && left < wait ? left : wait;
    }
    return (int)wait;
}

int hss_wait_ms(const struct hss *h)
{
    int wait = node_wait_ms(h->node);
    if (h->failed != NULL) {
        return 0;
    }
    int most = h->n_waiting > 0 ? 20 : next_try(h); /* for room, or for a connection */
    return wait < 0 || wait > most ? most : wait;
}

enum err hss_poll(struct hss *h)
{
    enum err err = node_poll(h->node, 0);
    hss_send_waiting(h);
    hss_deliver_failed(h);
    hss_peers_sweep(h);
    connect_peers(h);
    return err;
}

void hss_each_peer(const struct hss *h,
                   void (*fn)(void *arg, const char *origin_host, const char *realm, bool open,
                              uint64_t requests, uint64_t answers),
                   void *arg)
{
    for (size_t i = 0; i < h->n_peers; i++) {
        const struct hss_peer *p = h->peers[i];
        fn(arg, p->origin_host, p->realm, p->open, p->requests, p->answers);
    }
}
