#include "nf/hssd/authorise.h"

#include "codec/s13.h"

struct peer_rules hssd_peer_rules(const struct hssd_peer *p)
{
    return (struct peer_rules){.origin_host = p->origin_host,
                               .realm = p->realm,
                               .agent = p->kind == HSSD_PEER_AGENT,
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

bool agent_carries(const struct hssd_peer *agent, struct bytes host)
{
    const struct peer_rules rules = hssd_peer_rules(agent);
    return peer_rules_carries(&rules, host);
}

static bool has_end(const void *config, struct bytes host)
{
    const struct hssd_peer *p = hssd_config_peer_by_host(config, host);
    return p != NULL && p->kind == HSSD_PEER_END;
}

/* The commands of a role (TS 29.272 7.2; S13 and S13'): both kinds of serving node have the same
 * ones here. */
static bool role_has(enum hssd_role role, uint32_t command)
{
    static const uint32_t serving_node[] = {S6A_AUTHENTICATION_INFORMATION, S6A_UPDATE_LOCATION,
                                            S6A_PURGE_UE, S6A_NOTIFY, S13_ME_IDENTITY_CHECK};
    (void)role;
    for (size_t i = 0; i < sizeof serving_node / sizeof *serving_node; i++) {
        if (serving_node[i] == command) {
            return true;
        }
    }
    return false;
}

enum refusal request_allowed(const struct hssd_config *config, const struct hssd_peer *peer,
                             const struct diameter_header *header, struct bytes msg,
                             const struct diameter_routing *routing)
{
    const struct peer_rules_self self = {.origin_host = config->origin_host,
                                         .origin_realm = config->origin_realm,
                                         .plmns = config->plmns,
                                         .n_plmns = config->n_plmns,
                                         .has_end = has_end,
                                         .config = config};
    const struct peer_rules rules = hssd_peer_rules(peer);
    enum refusal why = peer_rules_request(&self, &rules, msg, routing);
    if (why != REFUSAL_NONE) {
        return why;
    }
    return role_has(peer->role, header->command) ? REFUSAL_NONE : REFUSAL_COMMAND_NOT_ALLOWED;
}

enum refusal visited_allowed(const struct hssd_peer *peer,
                             const uint8_t visited_plmn_id[static PLMN_LEN])
{
    const struct peer_rules rules = hssd_peer_rules(peer);
    return peer_rules_visited(&rules, visited_plmn_id);
}
