#include "nf/mmed/config_raw.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

/* ---- peers ----------------------------------------------------------------------------------- */

static void peer_address(struct checker *k, const struct raw_hss_peer *raw, struct mmed_peer *p)
{
    char *text = check_text(k, "address", raw->address);
    enum err err = text != NULL ? address_parse(text, &p->address) : E_OK;
    static const uint8_t any[sizeof p->address.ip];
    free(text);
    if (err != E_OK) {
        check_wrong(k, "address",
                    "`%.60s` is not %s: write as in tls://192.0.2.1:5658 or tcp://127.0.0.1:3868",
                    raw->address,
                    err == E_UNSUPPORTED ? "an IP address but a name" : "an address to connect to");
    } else if (k->err == E_OK &&
               (p->address.port == 0 || memcmp(p->address.ip, any, sizeof any) == 0)) {
        check_wrong(k, "address", "`%.60s` is nowhere to connect to: name the address and the port",
                    raw->address);
    }
}

static void without_tls(struct checker *k, const struct raw_hss_peer *raw,
                        const struct mmed_peer *p, bool loopback)
{
    const char *key = raw->certificate != NULL ? "certificate" : raw->key != NULL ? "key" : "ca";
    bool allowed = check_bool(k, "plain_tcp_off_loopback", raw->plain_tcp_off_loopback, false);
    if (raw->certificate != NULL || raw->key != NULL || raw->ca != NULL) {
        check_wrong(k, key, "has no meaning for %s://: write tls://, or leave it out",
                    transport_name(p->address.transport));
    }
    if (!loopback && !allowed) {
        check_wrong(k, "address",
                    "%s:// beyond loopback shows keys of subscribers to the network: write tls://, "
                    "or `plain_tcp_off_loopback: true` where IPsec or the like protects it",
                    transport_name(p->address.transport));
    }
}

static void with_tls(struct checker *k, const struct raw_hss_peer *raw, struct mmed_peer *p,
                     bool loopback)
{
    if (raw->plain_tcp_off_loopback != NULL) {
        check_wrong(k, "plain_tcp_off_loopback", "has no meaning for tls://: leave it out");
    }
    struct check_tls t = check_tls_files(k, raw->certificate, raw->key, raw->ca, loopback);
    p->certificate = t.certificate;
    p->key = t.key;
    p->ca = t.ca;
}

static void peer(struct checker *k, const struct raw_hss_peer *raw, const struct mmed_config *c,
                 struct mmed_peer *p)
{
    p->origin_host = check_identity(k, "origin_host", raw->origin_host);
    p->realm = check_identity(k, "realm", raw->realm);
    peer_address(k, raw, p);
    if (k->err != E_OK) {
        return;
    }
    bool loopback = address_is_loopback(&p->address);
    if (p->address.transport == TRANSPORT_TLS) {
        with_tls(k, raw, p, loopback);
    } else {
        without_tls(k, raw, p, loopback);
    }
    if (strcasecmp(p->origin_host, c->origin_host) == 0) {
        check_wrong(k, "origin_host", "`%.80s` is this MME itself", p->origin_host);
    }
}

void mmed_check_peers(struct checker *k, const struct raw_mme *raw, struct mmed_config *config)
{
    size_t n = raw->peers_count;
    if (n == 0) {
        check_section(k, "%s", "");
        check_wrong(k, "peers", "is missing or empty: without an HSS nobody can be let in");
    }
    config->peers = check_alloc(k, n, sizeof *config->peers);
    for (size_t i = 0; i < n && k->err == E_OK; i++) {
        check_section(k, "peers[%zu].", i);
        config->n_peers = i + 1; /* what is half made is freed too */
        peer(k, &raw->peers[i], config, &config->peers[i]);
        for (size_t j = 0; j < i && k->err == E_OK; j++) {
            if (strcasecmp(config->peers[j].origin_host, config->peers[i].origin_host) == 0) {
                check_wrong(k, "origin_host",
                            "peers[%zu] and peers[%zu] are both `%.80s`: keep one", j, i,
                            config->peers[i].origin_host);
            }
        }
    }
}

/* ---- homes ----------------------------------------------------------------------------------- */

static void home_peers(struct checker *k, const struct raw_home *raw, const struct mmed_config *c,
                       struct mmed_home *h)
{
    char key[48];
    if (raw->peers_count == 0) {
        check_wrong(k, "peers", "is missing or empty: list the origin_host of at least one peer");
    }
    h->peers = check_alloc(k, raw->peers_count, sizeof *h->peers);
    for (size_t i = 0; h->peers != NULL && i < raw->peers_count && k->err == E_OK; i++) {
        size_t at = 0;
        snprintf(key, sizeof key, "peers[%zu]", i);
        while (at < c->n_peers && strcasecmp(c->peers[at].origin_host, raw->peers[i]) != 0) {
            at++;
        }
        if (at == c->n_peers) {
            check_wrong(k, key, "`%.80s` is the origin_host of none of the peers", raw->peers[i]);
        }
        for (size_t j = 0; j < i; j++) {
            if (h->peers[j] == at) {
                check_wrong(k, key, "`%.80s` is in the list already: keep one", raw->peers[i]);
            }
        }
        h->peers[i] = at;
        h->n_peers = i + 1;
    }
}

static void home_plmns(struct checker *k, const struct raw_home *raw, const struct mmed_config *c,
                       size_t index, struct mmed_home *h)
{
    char key[48];
    if (raw->plmns_count > 0) {
        h->plmns = check_plmns(k, "plmns", raw->plmns, raw->plmns_count);
        h->n_plmns = h->plmns != NULL ? raw->plmns_count : 0;
    }
    for (size_t j = 0; j < index && k->err == E_OK; j++) {
        const struct mmed_home *other = &c->homes[j];
        if (h->n_plmns == 0 && other->n_plmns == 0) {
            check_wrong(k, "plmns",
                        "is missing, as in homes[%zu]: one home may be everybody else's", j);
        }
        for (size_t a = 0; a < h->n_plmns; a++) {
            for (size_t b = 0; b < other->n_plmns; b++) {
                if (plmn_eq(&h->plmns[a], &other->plmns[b])) {
                    snprintf(key, sizeof key, "plmns[%zu]", a);
                    check_wrong(k, key, "`%.20s` is of homes[%zu] too: keep one", raw->plmns[a], j);
                }
            }
        }
    }
}

static void home(struct checker *k, const struct raw_home *raw, const struct mmed_config *c,
                 size_t index, struct mmed_home *h)
{
    if (raw->realm != NULL) {
        h->realm = check_identity(k, "realm", raw->realm);
        if (strlen(raw->realm) >= REALM_TEXT_MAX) {
            check_wrong(k, "realm", "is longer than %d characters", REALM_TEXT_MAX - 1);
        }
    }
    home_plmns(k, raw, c, index, h);
    home_peers(k, raw, c, h);
}

static void peers_used(struct checker *k, const struct mmed_config *c)
{
    for (size_t p = 0; p < c->n_peers && k->err == E_OK; p++) {
        bool used = false;
        for (size_t i = 0; i < c->n_homes; i++) {
            for (size_t j = 0; j < c->homes[i].n_peers; j++) {
                used |= c->homes[i].peers[j] == p;
            }
        }
        if (!used) {
            check_section(k, "peers[%zu].", p);
            check_wrong(k, "origin_host", "`%.80s` is in the peers of none of the homes",
                        c->peers[p].origin_host);
        }
    }
}

void mmed_check_homes(struct checker *k, const struct raw_mme *raw, struct mmed_config *config)
{
    size_t n = raw->homes_count;
    if (n == 0) {
        check_section(k, "%s", "");
        check_wrong(k, "homes", "is missing or empty: no IMSI would have a home network");
    }
    config->homes = check_alloc(k, n, sizeof *config->homes);
    for (size_t i = 0; i < n && k->err == E_OK; i++) {
        check_section(k, "homes[%zu].", i);
        config->n_homes = i + 1;
        home(k, &raw->homes[i], config, i, &config->homes[i]);
    }
    peers_used(k, config);
}
