#include "nf/hssd/admit.h"

#include <stdio.h>

static bool transport_allowed(const struct hssd_peer *p, enum transport t)
{
    switch (t) {
    case TRANSPORT_TCP:
        return p->on_tcp;
    case TRANSPORT_TLS:
        return p->on_tls;
    case TRANSPORT_SCTP:
        return p->on_sctp;
    case TRANSPORT_SCTP_UDP:
    case TRANSPORT_S1_TCP:
        break; /* not of Diameter */
    }
    return false;
}

/* Without TLS the address is all that tells peers apart, so one without a list is loopback only. */
static bool address_allowed(const struct hssd_peer *p, const struct address *remote)
{
    if (!transport_allowed(p, remote->transport)) {
        return false;
    }
    for (size_t i = 0; i < p->n_addresses; i++) {
        if (address_same_ip(&p->addresses[i], remote)) {
            return true;
        }
    }
    return p->n_addresses == 0 &&
           (remote->transport == TRANSPORT_TLS || address_is_loopback(remote));
}

bool hssd_address_may_be_a_peer(const struct hssd_config *config, const struct address *remote)
{
    for (size_t i = 0; i < config->n_peers; i++) {
        if (address_allowed(&config->peers[i], remote)) {
            return true;
        }
    }
    return false;
}

static enum refusal check(const struct hssd_peer *p, const struct node_cer *cer)
{
    if (!bytes_eq_nocase(cer->origin_realm, bytes_of_str(p->realm))) {
        return REFUSAL_PEER_REALM;
    }
    if (!address_allowed(p, cer->remote)) {
        return REFUSAL_PEER_ADDRESS;
    }
    if (cer->remote->transport == TRANSPORT_TLS &&
        !node_cer_certificate_is(cer, bytes_of_str(p->origin_host))) {
        return REFUSAL_PEER_CERTIFICATE;
    }
    return cer->shares_application ? REFUSAL_NONE : REFUSAL_PEER_NO_COMMON_APPLICATION;
}

static bool count_in(struct hssd_peer_state *peer)
{
    if (atomic_fetch_add(&peer->connections, 1) < peer->peer->connections) {
        return true;
    }
    hssd_leave(peer);
    return false;
}

void hssd_leave(struct hssd_peer_state *peer)
{
    atomic_fetch_sub(&peer->connections, 1);
}

static enum refusal refused(struct hssd *h, const struct node_cer *cer, enum refusal refusal)
{
    char host[STORE_HOST_MAX];
    char detail[128];
    snprintf(host, sizeof host, "%.*s", (int)cer->origin_host.n, (const char *)cer->origin_host.p);
    snprintf(detail, sizeof detail, "from %s over %s", cer->address.s,
             transport_name(cer->remote->transport));
    atomic_fetch_add_explicit(&h->counters.peers_refused, 1, memory_order_relaxed);
    hssd_event(h, "peer-refused", NULL, NULL, host, refusal_row(refusal)->name, detail);
    return refusal;
}

enum refusal hssd_admit(struct hssd *h, const struct node_cer *cer, struct hssd_peer_state **out)
{
    const struct hssd_peer *p = hssd_config_peer_by_host(h->config, cer->origin_host);
    if (p == NULL) {
        return refused(h, cer, REFUSAL_PEER_UNKNOWN);
    }
    enum refusal refusal = check(p, cer);
    if (refusal != REFUSAL_NONE) {
        return refused(h, cer, refusal);
    }
    struct hssd_peer_state *state = &h->peers[p - h->config->peers];
    if (!count_in(state)) {
        return refused(h, cer, REFUSAL_PEER_LIMIT);
    }
    *out = state;
    return REFUSAL_NONE;
}
