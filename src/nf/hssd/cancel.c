/* nf/hssd/cancel.c - Cancel-Location-Request (TS 29.272 5.2.1.2): telling nodes to forget a
 * subscriber. Cancellation types 0 and 2 only, which every MME understands the same way. */
#include "nf/hssd/peers.h"
#include "nf/hssd/routes.h"
#include "nf/hssd/s6a.h"
#include "nf/hssd/snapshots.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define CLR_MAX 2048 /* five identities of 255 octets, and the rest */

struct clr_job {
    struct hssd *h;
    struct hssd_thread *thread;
    uint64_t conn;
    struct imsi imsi; /* whom and where, for the event when it cannot be sent */
    char host[STORE_HOST_MAX];
    size_t n;
    uint8_t msg[CLR_MAX];
};

struct destination {
    struct bytes host;
    struct bytes realm;
};

static void unsent(struct hssd *h, const struct imsi *imsi, const char *host, const char *why)
{
    atomic_fetch_add_explicit(&h->counters.clr_unsent, 1, memory_order_relaxed);
    hssd_event(h, "cancel-location-unsent", imsi, NULL, host, NULL, why);
}

static void clr_send(void *arg)
{
    struct clr_job *job = arg;
    if (hssd_thread_request(job->thread, job->conn, (struct mbytes){job->msg, job->n})) {
        atomic_fetch_add_explicit(&job->h->counters.clr_sent, 1, memory_order_relaxed);
    } else {
        unsent(job->h, &job->imsi, job->host, "the connection ended, or too many wait on it");
    }
    free(job);
}

/*= binding-cancel */
static enum err clr_write(struct hssd *h, const struct imsi *imsi, const struct destination *to,
                          uint32_t type, struct clr_job *job)
{
    struct s6a_clr clr = {.cancellation_type = DIAMETER_U32_OF(type)};
    char session[STORE_HOST_MAX + 32];
    uint32_t low = atomic_fetch_add_explicit(&h->session, 1, memory_order_relaxed);
    uint32_t e2e = atomic_fetch_add_explicit(&h->end_to_end, 1, memory_order_relaxed);
    snprintf(session, sizeof session, "%s;%u;%u", h->config->origin_host, (unsigned)h->started_unix,
             low);
    s6a_request_begin(&clr.request, 0, e2e);
    clr.request.session_id = bytes_of_str(session);
    clr.request.origin_host = bytes_of_str(h->config->origin_host);
    clr.request.origin_realm = bytes_of_str(h->config->origin_realm);
    clr.request.destination_host = to->host;
    clr.request.destination_realm = to->realm;
    clr.request.user_name = (struct bytes){(const uint8_t *)imsi->digits, imsi->n};
    clr.clr_flags = DIAMETER_U32_OF(S6A_CLR_S6A_S6D);
    return s6a_clr_write(h->config->vendor_id, &clr, MBYTES_OF(job->msg), &job->n);
}

static void cancel_at(struct hssd *h, const struct imsi *imsi, const struct destination *to,
                      uint32_t type)
{
    struct route route;
    char host[STORE_HOST_MAX];
    snprintf(host, sizeof host, "%.*s", (int)to->host.n, (const char *)to->host.p);
    if (routes_find(h->routes, to->host, &route) != E_OK) {
        unsent(h, imsi, host, "no open connection leads to this node");
        return;
    }
    struct clr_job *job = malloc(sizeof *job);
    if (job == NULL || clr_write(h, imsi, to, type, job) != E_OK) {
        unsent(h, imsi, host, "the request could not be made");
        free(job);
        return;
    }
    job->h = h;
    job->thread = route.thread;
    job->conn = route.conn;
    job->imsi = *imsi;
    memcpy(job->host, host, sizeof host);
    if (!hssd_thread_post(route.thread, clr_send, job)) {
        unsent(h, imsi, host, "too much waits on this connection's thread");
        free(job);
    }
}

/* Vectors may be anywhere that asked for them, and what was asked before a restart is not
 * remembered: so becoming bound tells every node that is configured and connected. */
static void cancel_everywhere(struct hssd *h, const struct imsi *imsi, struct bytes but,
                              struct bytes nor, uint32_t type)
{
    size_t n_peers = 0;
    struct snapshot *held = snapshot_hold(h); /* it comes from any thread */
    struct hssd_peer_state *const *peers = hssd_peers_all(h, &n_peers);
    for (size_t i = 0; i < n_peers; i++) {
        const struct hssd_peer *p = peers[i]->peer;
        char *const one[] = {p->origin_host};
        char *const *hosts = p->kind == HSSD_PEER_END ? one : p->origins;
        size_t n = p->kind == HSSD_PEER_END ? 1 : p->n_origins;
        if (atomic_load_explicit(&peers[i]->connections, memory_order_relaxed) == 0) {
            continue;
        }
        const char *realm = p->kind == HSSD_PEER_END || p->n_realms == 0 ? p->realm : p->realms[0];
        for (size_t k = 0; k < n; k++) {
            const struct destination to = {bytes_of_str(hosts[k]), bytes_of_str(realm)};
            if (!bytes_eq_nocase(to.host, but) && !bytes_eq_nocase(to.host, nor)) {
                cancel_at(h, imsi, &to, type);
            }
        }
    }
    snapshot_release(held);
}

void hssd_cancel_location(struct hssd *h, const struct imsi *imsi,
                          const struct store_serving *serving, bool all, uint32_t cancellation_type)
{
    const struct destination to = {bytes_of_str(serving->host), bytes_of_str(serving->realm)};
    if (to.host.n > 0 && !serving->purged) {
        cancel_at(h, imsi, &to, cancellation_type);
    }
    if (all) {
        cancel_everywhere(h, imsi, to.host, to.host, cancellation_type);
    }
}

void hssd_cancel_location_but(struct hssd *h, const struct imsi *imsi,
                              const struct store_serving *serving, struct bytes but,
                              uint32_t cancellation_type)
{
    const struct bytes host = bytes_of_str(serving->host);
    if (!bytes_eq_nocase(host, but)) {
        hssd_cancel_location(h, imsi, serving, false, cancellation_type);
    }
    cancel_everywhere(h, imsi, host, but, cancellation_type);
}
