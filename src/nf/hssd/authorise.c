#include "nf/hssd/authorise.h"

#include "codec/s13.h"

#include <string.h>

static bool listed(char *const *list, size_t n, struct bytes name)
{
    for (size_t i = 0; i < n; i++) {
        if (bytes_eq_nocase(bytes_of_str(list[i]), name)) {
            return true;
        }
    }
    return false;
}

static bool is_host(const char *host, struct bytes name)
{
    return bytes_eq_nocase(bytes_of_str(host), name);
}

static bool realm_is_ours(const struct hssd_config *config, struct bytes realm)
{
    char text[REALM_TEXT_MAX];
    if (is_host(config->origin_realm, realm)) {
        return true;
    }
    for (size_t i = 0; i < config->n_plmns; i++) {
        plmn_realm(&config->plmns[i], text);
        if (is_host(text, realm)) {
            return true;
        }
    }
    return false;
}

/* Hosts bear their realm's name (TS 23.003 19.4.2.4): so a realm's agent speaks for no other's. */
static bool is_below(struct bytes host, struct bytes realm)
{
    size_t n = realm.n + 1;
    return host.n > n && host.p[host.n - n] == '.' &&
           bytes_eq_nocase((struct bytes){host.p + host.n - realm.n, realm.n}, realm);
}

bool agent_carries(const struct hssd_peer *agent, struct bytes host)
{
    bool below = false;
    for (size_t i = 0; i < agent->n_realms; i++) {
        below = below || is_below(host, bytes_of_str(agent->realms[i]));
    }
    return agent->n_origins == 0 ? below : listed(agent->origins, agent->n_origins, host);
}

/* A node that connects itself is not any agent's to speak for, unless the list says so. */
static bool speaks_for_itself(const struct hssd_config *config, const struct hssd_peer *agent,
                              struct bytes host)
{
    const struct hssd_peer *p = hssd_config_peer_by_host(config, host);
    return p != NULL && p->kind == HSSD_PEER_END && agent->n_origins == 0;
}

/* An end adds no Route-Record. An agent's message came from its origin: the first record says so,
 * and every other host on the way is the agent or one it may carry (RFC 6733 6.1.9). */
static bool route_agrees(const struct hssd_peer *peer, struct bytes msg, struct bytes origin)
{
    struct rd r = diameter_avps(msg);
    struct bytes host;
    size_t n = 0;
    while (diameter_avp_next_of(&r, 282, 0, &host) == E_OK) {
        if (n == 0 && !bytes_eq_nocase(host, origin)) {
            return false;
        }
        if (n > 0 && !is_host(peer->origin_host, host) && !agent_carries(peer, host)) {
            return false;
        }
        n++;
    }
    return (n == 0) == (peer->kind == HSSD_PEER_END);
}

static bool origin_is_allowed(const struct hssd_config *config, const struct hssd_peer *peer,
                              struct bytes msg, const struct diameter_routing *routing)
{
    struct bytes host = routing->origin_host;
    struct bytes realm = routing->origin_realm;
    if (peer->kind == HSSD_PEER_END) {
        return is_host(peer->origin_host, host) && is_host(peer->realm, realm) &&
               route_agrees(peer, msg, host);
    }
    return agent_carries(peer, host) && !speaks_for_itself(config, peer, host) &&
           listed(peer->realms, peer->n_realms, realm) && route_agrees(peer, msg, host);
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
    if (diameter_route_record_has(msg, bytes_of_str(config->origin_host))) {
        return REFUSAL_LOOP;
    }
    if (routing->destination_host.p != NULL &&
        !is_host(config->origin_host, routing->destination_host)) {
        return REFUSAL_NOT_THIS_HOST;
    }
    if (routing->destination_realm.p != NULL &&
        !realm_is_ours(config, routing->destination_realm)) {
        return REFUSAL_NOT_OURS;
    }
    if (!origin_is_allowed(config, peer, msg, routing)) {
        return REFUSAL_ORIGIN_NOT_ALLOWED;
    }
    return role_has(peer->role, header->command) ? REFUSAL_NONE : REFUSAL_COMMAND_NOT_ALLOWED;
}

enum refusal visited_allowed(const struct hssd_peer *peer,
                             const uint8_t visited_plmn_id[static PLMN_LEN])
{
    uint8_t octets[PLMN_LEN];
    for (size_t i = 0; i < peer->n_visited_plmns; i++) {
        plmn_to_octets(&peer->visited_plmns[i], octets);
        if (memcmp(octets, visited_plmn_id, sizeof octets) == 0) {
            return REFUSAL_NONE;
        }
    }
    return REFUSAL_VISITED_PLMN_NOT_ALLOWED;
}
