#include "nf/dausfd/peers.h"

#include "nf/common/peer_rules.h"

static struct peer_rules rules_of(const struct dausfd_peer *p)
{
    return (struct peer_rules){.origin_host = p->origin_host,
                               .realm = p->realm,
                               .agent = p->kind == DAUSFD_PEER_AGENT,
                               .origins = p->origins,
                               .n_origins = p->n_origins,
                               .realms = p->realms,
                               .n_realms = p->n_realms,
                               .plmns = p->visited_plmns,
                               .n_plmns = p->n_visited_plmns,
                               .addresses = p->addresses,
                               .n_addresses = p->n_addresses,
                               .on_tcp = p->on_tcp,
                               .on_tls = p->on_tls,
                               .on_sctp = p->on_sctp};
}

bool peers_may_come(const struct dausfd_config *config, const struct address *remote)
{
    for (size_t i = 0; i < config->n_peers; i++) {
        const struct peer_rules rules = rules_of(&config->peers[i]);
        if (peer_rules_address(&rules, remote)) {
            return true;
        }
    }
    return false;
}

enum refusal peers_admit(const struct dausfd_config *config, const struct node_cer *cer,
                         const struct dausfd_peer **out)
{
    const struct dausfd_peer *p = dausfd_config_peer(config, cer->origin_host);
    if (p == NULL) {
        return REFUSAL_PEER_UNKNOWN;
    }
    const struct peer_rules rules = rules_of(p);
    enum refusal why = peer_rules_admit(&rules, cer);
    if (why == REFUSAL_NONE) {
        *out = p;
    }
    return why;
}

static bool has_end(const void *config, struct bytes host)
{
    const struct dausfd_peer *p = dausfd_config_peer(config, host);
    return p != NULL && p->kind == DAUSFD_PEER_END;
}

enum refusal peers_request_allowed(const struct dausfd_config *config,
                                   const struct dausfd_peer *peer, struct bytes msg,
                                   const struct diameter_routing *routing)
{
    const struct peer_rules_self self = {.origin_host = config->origin_host,
                                         .origin_realm = config->origin_realm,
                                         .plmns = config->plmns,
                                         .n_plmns = config->n_plmns,
                                         .has_end = has_end,
                                         .config = config};
    const struct peer_rules rules = rules_of(peer);
    return peer_rules_request(&self, &rules, msg, routing);
}

enum refusal peers_visited_allowed(const struct dausfd_peer *peer,
                                   const uint8_t visited_plmn_id[static PLMN_LEN])
{
    const struct peer_rules rules = rules_of(peer);
    return peer_rules_visited(&rules, visited_plmn_id);
}
