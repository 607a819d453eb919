#include "nf/common/peer_rules.h"

#include <string.h>

#define ROUTE_RECORD 282u

/* ---- connections ---- */

static bool transport_allowed(const struct peer_rules *p, enum transport t)
{
    return (t == TRANSPORT_TCP && p->on_tcp) || (t == TRANSPORT_TLS && p->on_tls) ||
           (t == TRANSPORT_SCTP && p->on_sctp);
}

/* Without TLS the address is all that tells peers apart, so one without a list is loopback only. */
bool peer_rules_address(const struct peer_rules *p, const struct address *remote)
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

enum refusal peer_rules_admit(const struct peer_rules *p, const struct node_cer *cer)
{
    if (!bytes_eq_nocase(cer->origin_realm, bytes_of_str(p->realm))) {
        return REFUSAL_PEER_REALM;
    }
    if (!peer_rules_address(p, cer->remote)) {
        return REFUSAL_PEER_ADDRESS;
    }
    if (cer->remote->transport == TRANSPORT_TLS &&
        !node_cer_certificate_is(cer, bytes_of_str(p->origin_host))) {
        return REFUSAL_PEER_CERTIFICATE;
    }
    return cer->shares_application ? REFUSAL_NONE : REFUSAL_PEER_NO_COMMON_APPLICATION;
}

/* ---- requests ---- */

static bool is_host(const char *host, struct bytes name)
{
    return bytes_eq_nocase(bytes_of_str(host), name);
}

static bool listed(char *const *list, size_t n, struct bytes name)
{
    for (size_t i = 0; i < n; i++) {
        if (is_host(list[i], name)) {
            return true;
        }
    }
    return false;
}

static bool realm_is_ours(const struct peer_rules_self *self, struct bytes realm)
{
    char text[REALM_TEXT_MAX];
    bool ours = is_host(self->origin_realm, realm);
    for (size_t i = 0; i < self->n_plmns && !ours; i++) {
        plmn_realm(&self->plmns[i], text);
        ours = is_host(text, realm);
    }
    return ours;
}

/* Hosts bear their realm's name (TS 23.003 19.4.2.4): so a realm's agent speaks for no other's. */
static bool is_below(struct bytes host, struct bytes realm)
{
    size_t n = realm.n + 1;
    return host.n > n && host.p[host.n - n] == '.' &&
           bytes_eq_nocase((struct bytes){host.p + host.n - realm.n, realm.n}, realm);
}

bool peer_rules_carries(const struct peer_rules *agent, struct bytes host)
{
    bool below = false;
    for (size_t i = 0; i < agent->n_realms; i++) {
        below = below || is_below(host, bytes_of_str(agent->realms[i]));
    }
    return agent->n_origins == 0 ? below : listed(agent->origins, agent->n_origins, host);
}

/* An end adds no Route-Record. An agent's message came from its origin: the first record says so,
 * and every other host on the way is the agent or one it may carry (RFC 6733 6.1.9). */
static bool route_agrees(const struct peer_rules *peer, struct bytes msg, struct bytes origin)
{
    struct rd r = diameter_avps(msg);
    struct bytes host;
    size_t n = 0;
    while (diameter_avp_next_of(&r, ROUTE_RECORD, 0, &host) == E_OK) {
        bool agrees = n == 0 ? bytes_eq_nocase(host, origin)
                             : is_host(peer->origin_host, host) || peer_rules_carries(peer, host);
        if (!agrees) {
            return false;
        }
        n++;
    }
    return (n == 0) == !peer->agent;
}

/* A node that connects itself is not any agent's to speak for, unless the list says so. */
static bool origin_is_allowed(const struct peer_rules_self *self, const struct peer_rules *peer,
                              struct bytes msg, const struct diameter_routing *routing)
{
    struct bytes host = routing->origin_host;
    bool allowed = peer->agent ? peer_rules_carries(peer, host) &&
                                     (peer->n_origins > 0 || !self->has_end(self->config, host)) &&
                                     listed(peer->realms, peer->n_realms, routing->origin_realm)
                               : is_host(peer->origin_host, host) &&
                                     is_host(peer->realm, routing->origin_realm);
    return allowed && route_agrees(peer, msg, host);
}

enum refusal peer_rules_request(const struct peer_rules_self *self, const struct peer_rules *peer,
                                struct bytes msg, const struct diameter_routing *routing)
{
    if (diameter_route_record_has(msg, bytes_of_str(self->origin_host))) {
        return REFUSAL_LOOP;
    }
    if (routing->destination_host.p != NULL &&
        !is_host(self->origin_host, routing->destination_host)) {
        return REFUSAL_NOT_THIS_HOST;
    }
    if (routing->destination_realm.p != NULL && !realm_is_ours(self, routing->destination_realm)) {
        return REFUSAL_NOT_OURS;
    }
    return origin_is_allowed(self, peer, msg, routing) ? REFUSAL_NONE : REFUSAL_ORIGIN_NOT_ALLOWED;
}

enum refusal peer_rules_visited(const struct peer_rules *p,
                                const uint8_t visited_plmn_id[static PLMN_LEN])
{
    uint8_t octets[PLMN_LEN];
    for (size_t i = 0; i < p->n_plmns; i++) {
        plmn_to_octets(&p->plmns[i], octets);
        if (memcmp(octets, visited_plmn_id, sizeof octets) == 0) {
            return REFUSAL_NONE;
        }
    }
    return REFUSAL_VISITED_PLMN_NOT_ALLOWED;
}
