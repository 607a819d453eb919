/* Who may connect, and where: part of src/nf/dausfd/config.h. */
#include "nf/dausfd/config_raw.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#define CONNECTIONS_MAX 64

/* ---- listeners ---- */

static void with_tls(struct checker *k, const struct raw_listener *raw, struct dausfd_listener *l)
{
    if (raw->plain_tcp_off_loopback != NULL) {
        check_wrong(k, "plain_tcp_off_loopback", "has no meaning for tls://: leave it out");
    }
    struct check_tls t = check_tls_files(k, raw->certificate, raw->key, raw->ca, l->loopback);
    l->certificate = t.certificate;
    l->key = t.key;
    l->ca = t.ca;
}

static void without_tls(struct checker *k, const struct raw_listener *raw,
                        struct dausfd_listener *l)
{
    const char *transport = transport_name(l->address.transport);
    bool allowed = check_bool(k, "plain_tcp_off_loopback", raw->plain_tcp_off_loopback, false);
    if (raw->certificate != NULL || raw->key != NULL || raw->ca != NULL) {
        check_wrong(k, "certificate", "has no meaning for %s://: write tls://, or leave it out",
                    transport);
    }
    if (!l->loopback && !allowed) {
        check_wrong(k, "address",
                    "%s:// beyond loopback shows session keys to the network: write tls://, or "
                    "`plain_tcp_off_loopback: true` where IPsec or the like protects it",
                    transport);
    }
}

static void listener(struct checker *k, const struct raw_listener *raw, struct dausfd_listener *l)
{
    char *text = check_text(k, "address", raw->address);
    enum err err = text != NULL ? address_parse(text, &l->address) : E_OK;
    if (err != E_OK) {
        check_wrong(k, "address",
                    "`%.60s` is no address to listen on: write as in tcp://127.0.0.1:3868, "
                    "tls://192.0.2.1:5658 or sctp://[2001:db8::1]:3868",
                    text);
    }
    free(text);
    if (k->err != E_OK) {
        return;
    }
    l->loopback = address_is_loopback(&l->address);
    if (l->address.transport == TRANSPORT_TLS) {
        with_tls(k, raw, l);
    } else {
        without_tls(k, raw, l);
    }
}

void dausfd_check_listeners(struct checker *k, const struct raw_config *raw,
                            struct dausfd_config *config)
{
    size_t n = raw->listeners_count;
    if (n == 0) {
        check_section(k, "%s", "");
        check_wrong(k, "listeners", "is missing or empty: MMEs need an address to connect to");
    }
    config->listeners = check_alloc(k, n, sizeof *config->listeners);
    for (size_t i = 0; i < n && k->err == E_OK; i++) {
        check_section(k, "listeners[%zu].", i);
        config->n_listeners = i + 1; /* what is half made is freed too */
        listener(k, &raw->listeners[i], &config->listeners[i]);
    }
}

/* ---- peers ---- */

static bool *transport_of(struct dausfd_peer *p, enum transport t)
{
    return t == TRANSPORT_TLS ? &p->on_tls : t == TRANSPORT_SCTP ? &p->on_sctp : &p->on_tcp;
}

/* Those it lists, or else those that there are listeners for. */
static void peer_transports(struct checker *k, const struct raw_peer *raw,
                            const struct dausfd_config *config, struct dausfd_peer *p)
{
    static const char *const names[] = {"tcp", "tls", "sctp"};
    static const enum transport values[] = {TRANSPORT_TCP, TRANSPORT_TLS, TRANSPORT_SCTP};
    char key[48];
    for (size_t i = 0; raw->transports_count == 0 && i < config->n_listeners; i++) {
        *transport_of(p, config->listeners[i].address.transport) = true;
    }
    for (size_t i = 0; i < raw->transports_count; i++) {
        (void)snprintf(key, sizeof key, "transports[%zu]", i);
        bool *on = transport_of(p, values[check_choice(k, key, raw->transports[i], names, 3, 0)]);
        if (*on) {
            check_wrong(k, key, "`%.20s` is in the list already: keep one", raw->transports[i]);
        }
        *on = true;
    }
}

/* Without TLS nothing but its address says who a peer is. */
static void peer_provable(struct checker *k, const struct dausfd_config *config,
                          struct dausfd_peer *p)
{
    for (size_t i = 0; p->n_addresses == 0 && i < config->n_listeners; i++) {
        const struct dausfd_listener *l = &config->listeners[i];
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

static void peer_kind(struct checker *k, const struct raw_peer *raw, struct dausfd_peer *p)
{
    static const char *const kinds[] = {"end", "agent"};
    p->kind = (enum dausfd_peer_kind)check_choice(k, "kind", raw->kind, kinds, 2, 0);
    p->origins = check_identities(k, "origins", raw->origins, raw->origins_count);
    p->n_origins = p->origins != NULL ? raw->origins_count : 0;
    p->realms = check_identities(k, "realms", raw->realms, raw->realms_count);
    p->n_realms = p->realms != NULL ? raw->realms_count : 0;
    if (p->kind == DAUSFD_PEER_END && (p->n_origins > 0 || p->n_realms > 0)) {
        check_wrong(k, p->n_origins > 0 ? "origins" : "realms",
                    "an end speaks for itself only: leave it out, or write `kind: agent`");
    }
    if (p->kind == DAUSFD_PEER_AGENT && p->n_realms == 0) {
        check_wrong(k, "realms", "is missing: an agent carries only the realms it lists");
    }
}

static void peer(struct checker *k, const struct raw_peer *raw, const struct dausfd_config *config,
                 struct dausfd_peer *p)
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
    p->connections = check_bounded(k, "connections", raw->connections, 1, CONNECTIONS_MAX, 2);
    if (k->err == E_OK && strcasecmp(p->origin_host, config->origin_host) == 0) {
        check_wrong(k, "origin_host", "`%.80s` is this D-AUSF itself", p->origin_host);
    }
    for (const struct dausfd_peer *o = config->peers; o < p && k->err == E_OK; o++) {
        if (strcasecmp(o->origin_host, p->origin_host) == 0) {
            check_wrong(k, "origin_host", "`%.80s` is in the list already: keep one",
                        p->origin_host);
        }
    }
}

void dausfd_check_peers(struct checker *k, const struct raw_config *raw,
                        struct dausfd_config *config)
{
    config->peers = check_alloc(k, raw->peers_count, sizeof *config->peers);
    for (size_t i = 0; i < raw->peers_count && k->err == E_OK; i++) {
        check_section(k, "peers[%zu].", i);
        config->n_peers = i + 1;
        peer(k, &raw->peers[i], config, &config->peers[i]);
    }
}

const struct dausfd_peer *dausfd_config_peer(const struct dausfd_config *config, struct bytes host)
{
    for (size_t i = 0; i < config->n_peers; i++) {
        if (bytes_eq_nocase(bytes_of_str(config->peers[i].origin_host), host)) {
            return &config->peers[i];
        }
    }
    return NULL;
}

/* ---- the end of one, and whether two are the same ---- */

static void texts_free(char **texts, size_t n)
{
    for (size_t i = 0; texts != NULL && i < n; i++) {
        free(texts[i]);
    }
    free(texts);
}

void dausfd_free_peers(struct dausfd_config *config)
{
    for (size_t i = 0; i < config->n_peers; i++) {
        struct dausfd_peer *p = &config->peers[i];
        free(p->origin_host);
        free(p->realm);
        texts_free(p->origins, p->n_origins);
        texts_free(p->realms, p->n_realms);
        free(p->visited_plmns);
        free(p->addresses);
    }
    for (size_t i = 0; i < config->n_listeners; i++) {
        free(config->listeners[i].certificate);
        free(config->listeners[i].key);
        free(config->listeners[i].ca);
    }
    free(config->peers);
    free(config->listeners);
}
