#include "nf/hssd/admit.h"

#include "nf/hssd/authorise.h"
#include "nf/hssd/peers.h"

#include <stdio.h>

bool hssd_address_may_be_a_peer(const struct hssd_config *config, const struct address *remote)
{
    for (size_t i = 0; i < config->n_peers; i++) {
        const struct peer_rules rules = hssd_peer_rules(&config->peers[i]);
        if (peer_rules_address(&rules, remote)) {
            return true;
        }
    }
    return false;
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
    struct hssd_peer_state *state = hssd_peer_by_host(h, cer->origin_host);
    if (state == NULL) {
        return refused(h, cer, REFUSAL_PEER_UNKNOWN);
    }
    const struct peer_rules rules = hssd_peer_rules(state->peer);
    enum refusal refusal = peer_rules_admit(&rules, cer);
    if (refusal != REFUSAL_NONE) {
        return refused(h, cer, refusal);
    }
    if (!count_in(state)) {
        return refused(h, cer, REFUSAL_PEER_LIMIT);
    }
    *out = state;
    return REFUSAL_NONE;
}

bool hssd_may_stay(const struct hssd_peer_state *peer, const struct node_cer *cer)
{
    const struct peer_rules rules = hssd_peer_rules(peer->peer);
    return !atomic_load(&peer->removed) && peer_rules_admit(&rules, cer) == REFUSAL_NONE;
}
