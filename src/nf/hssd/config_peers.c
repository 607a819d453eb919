#include "nf/hssd/config_raw.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#define CONNECTIONS_MAX 64

static const char *const roles[] = {"mme", "sgsn"};

const char *hssd_role_name(enum hssd_role role)
{
    return roles[role];
}

static bool *transport_of(struct hssd_peer *p, enum transport t)
{
    switch (t) {
    case TRANSPORT_TCP:
        return &p->on_tcp;
    case TRANSPORT_TLS:
        return &p->on_tls;
    case TRANSPORT_SCTP:
        return &p->on_sctp;
    case TRANSPORT_SCTP_UDP:
    case TRANSPORT_S1_TCP:
        break; /* not of Diameter */
    }
    return &p->on_tcp;
}

/* Those it lists, or else those that there are listeners for. */
static void peer_transports(struct checker *k, const struct raw_peer *raw,
                            const struct hssd_config *config, struct hssd_peer *p)
{
    static const char *const names[] = {"tcp", "tls", "sctp"};
    static const enum transport values[] = {TRANSPORT_TCP, TRANSPORT_TLS, TRANSPORT_SCTP};
    char key[48];
    for (size_t i = 0; raw->transports_count == 0 && i < config->n_listeners; i++) {
        *transport_of(p, config->listeners[i].address.transport) = true;
    }
    for (size_t i = 0; i < raw->transports_count; i++) {
        snprintf(key, sizeof key, "transports[%zu]", i);
        bool *on = transport_of(p, values[check_choice(k, key, raw->transports[i], names, 3, 0)]);
        if (*on) {
            check_wrong(k, key, "`%.20s` is in the list already: keep one", raw->transports[i]);
        }
        *on = true;
    }
}

/* Without TLS nothing but its address says who a peer is. */
static void peer_provable(struct checker *k, const struct hssd_config *config, struct hssd_peer *p)
{
    for (size_t i = 0; p->n_addresses == 0 && i < config->n_listeners; i++) {
        const struct hssd_listener *l = &config->listeners[i];
        enum transport t = l->address.transport;
        if (t != TRANSPORT_TLS && !l->loopback && *transport_of(p, t)) {
            check_wrong(k, "addresses",
                        "is missing, and on listeners[%zu], which is %s:// and not on loopback, "
                        "nothing else proves who the peer is: list its IP addresses, or allow it "
                        "only `transports: [tls]`",
                        i, transport_name(t));
        }
    }
}

static void peer_kind(struct checker *k, const struct raw_peer *raw, struct hssd_peer *p)
{
    static const char *const kinds[] = {"end", "agent"};
    p->kind = (enum hssd_peer_kind)check_choice(k, "kind", raw->kind, kinds, 2, 0);
    p->role = (enum hssd_role)check_choice(k, "role", raw->role, roles, 2, 0);
    p->origins = check_identities(k, "origins", raw->origins, raw->origins_count);
    p->n_origins = p->origins != NULL ? raw->origins_count : 0;
    p->realms = check_identities(k, "realms", raw->realms, raw->realms_count);
    p->n_realms = p->realms != NULL ? raw->realms_count : 0;
    if (p->kind == HSSD_PEER_END && (p->n_origins > 0 || p->n_realms > 0)) {
        check_wrong(k, p->n_origins > 0 ? "origins" : "realms",
                    "an end speaks for itself only: leave it out, or write `kind: agent`");
    }
    if (p->kind == HSSD_PEER_AGENT && p->n_realms == 0) {
        check_wrong(k, "realms", "is missing: an agent carries only the realms it lists");
    }
}

static void peer(struct checker *k, const struct raw_peer *raw, const struct hssd_config *config,
                 struct hssd_peer *p)
{
    p->origin_host = check_identity(k, "origin_host", raw->origin_host);
    p->realm = check_identity(k, "realm", raw->realm);
    peer_kind(k, raw, p);
    p->visited_plmns =
        check_plmns(k, "visited_plmns", raw->visited_plmns, raw->visited_plmns_count);
    p->n_visited_plmns = p->visited_plmns != NULL ? raw->visited_plmns_count : 0;
    p->addresses = check_addresses(k, "addresses", raw->addresses, raw->addresses_count);
    p->n_addresses = p->addresses != NULL ? raw->addresses_count : 0;
    peer_transports(k, raw, config, p);
    peer_provable(k, config, p);
    p->connections = (unsigned)check_number(k, "connections", raw->connections,
                                            (struct check_range){1, CONNECTIONS_MAX, 2});
    p->sends_served_imei = check_bool(k, "sends_served_imei", raw->sends_served_imei, false);
    p->sends_device_proof = check_bool(k, "sends_device_proof", raw->sends_device_proof, false);
    p->onboarding = check_bool(k, "onboarding", raw->onboarding, false);
    if (k->err == E_OK && strcasecmp(p->origin_host, config->origin_host) == 0) {
        check_wrong(k, "origin_host", "`%.80s` is this HSS itself", p->origin_host);
    }
}

static int by_host(const void *a, const void *b)
{
    return strcasecmp(((const struct hssd_peer *)a)->origin_host,
                      ((const struct hssd_peer *)b)->origin_host);
}

/* After sorting, duplicates stand together; their places are looked up in the file's order. */
static void peers_unique(struct checker *k, const struct raw_config *raw,
                         const struct hssd_config *config)
{
    for (size_t s = 1; s < config->n_peers && k->err == E_OK; s++) {
        const char *host = config->peers[s].origin_host;
        size_t at[2] = {0, 0}, n = 0;
        if (strcasecmp(host, config->peers[s - 1].origin_host) != 0) {
            continue;
        }
        for (size_t i = 0; i < raw->peers_count && n < 2; i++) {
            if (strcasecmp(raw->peers[i].origin_host, host) == 0) {
                at[n++] = i;
            }
        }
        check_section(k, "peers[%zu].", at[1]);
        check_wrong(k, "origin_host", "peers[%zu] and peers[%zu] are both `%.80s`: keep one", at[0],
                    at[1], host);
    }
}

void hssd_check_peers(struct checker *k, const struct raw_config *raw, struct hssd_config *config)
{
    config->peers = check_alloc(k, raw->peers_count, sizeof *config->peers);
    config->served_imei_known = raw->peers_count > 0;
    for (size_t i = 0; i < raw->peers_count && k->err == E_OK; i++) {
        check_section(k, "peers[%zu].", i);
        config->n_peers = i + 1; /* what is half made is freed too */
        peer(k, &raw->peers[i], config, &config->peers[i]);
        config->served_imei_known &= config->peers[i].sends_served_imei;
    }
    if (k->err == E_OK && config->n_peers > 0) {
        qsort(config->peers, config->n_peers, sizeof *config->peers, by_host);
        peers_unique(k, raw, config);
    }
}

/* strcasecmp of a span with a string, in the order that by_host sorts. */
static int compare(struct bytes host, const char *name)
{
    size_t n = strlen(name);
    int c = strncasecmp((const char *)host.p, name, host.n < n ? host.n : n);
    return c != 0 || host.n == n ? c : host.n < n ? -1 : 1;
}

const struct hssd_peer *hssd_config_peer_by_host(const struct hssd_config *config,
                                                 struct bytes host)
{
    size_t low = 0, high = config->n_peers;
    while (low < high && host.n > 0) {
        size_t mid = low + (high - low) / 2;
        int c = compare(host, config->peers[mid].origin_host);
        if (c == 0) {
            return &config->peers[mid];
        }
        *(c < 0 ? &high : &low) = c < 0 ? mid : mid + 1;
    }
    return NULL;
}
