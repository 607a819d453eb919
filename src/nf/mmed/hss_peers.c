/* Who an MME's connections to home networks go to, at the start and after a reload: part of
 * src/nf/mmed/hss.h. */
#include "nf/mmed/hss_parts.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

/* ---- one peer ---- */

static void free_peer(struct hss_peer *p)
{
    if (p != NULL) {
        tls_context_close(p->tls);
        free(p->origin_host);
        free(p->realm);
        free(p);
    }
}

static enum err make_peer(const struct mmed_peer *config, struct hss_peer **out,
                          struct tls_why *why)
{
    const struct tls_files files = {config->certificate, config->key, config->ca};
    struct hss_peer *p = calloc(1, sizeof *p);
    if (p == NULL) {
        return E_MEMORY;
    }
    p->address = config->address;
    p->origin_host = strdup(config->origin_host);
    p->realm = strdup(config->realm);
    enum err err = p->origin_host != NULL && p->realm != NULL ? E_OK : E_MEMORY;
    if (err == E_OK && config->certificate != NULL) {
        err = tls_context_open(&files, false, &p->tls, why);
    }
    if (err != E_OK) {
        free_peer(p);
        return err;
    }
    *out = p;
    return E_OK;
}

static bool same_peer(const struct hss_peer *a, const struct hss_peer *b)
{
    return strcasecmp(a->origin_host, b->origin_host) == 0 && strcasecmp(a->realm, b->realm) == 0 &&
           a->address.transport == b->address.transport && a->address.port == b->address.port &&
           address_same_ip(&a->address, &b->address);
}

/* ---- a change ---- */

struct hss_change {
    struct hss_peer **peers;
    size_t n_peers, n_homes;
    size_t *places; /* of the homes there were */
    struct hss_queue (*waiting)[2];
};

static bool same_home(const struct mmed_home *a, const struct mmed_home *b)
{
    bool same = a->n_plmns == b->n_plmns && (a->realm == NULL) == (b->realm == NULL) &&
                (a->realm == NULL || strcasecmp(a->realm, b->realm) == 0);
    for (size_t i = 0; same && i < a->n_plmns; i++) {
        same = plmn_eq(&a->plmns[i], &b->plmns[i]);
    }
    return same;
}

static void find_places(const struct mmed_config *from, const struct mmed_config *to,
                        size_t *places)
{
    for (size_t i = 0; i < from->n_homes; i++) {
        places[i] = SIZE_MAX;
        for (size_t k = 0; k < to->n_homes && places[i] == SIZE_MAX; k++) {
            places[i] = same_home(&from->homes[i], &to->homes[k]) ? k : SIZE_MAX;
        }
    }
}

static enum err change_fill(const struct hss *h, const struct mmed_config *config,
                            struct hss_change *c, struct tls_why *why)
{
    c->peers = calloc(config->n_peers + 1, sizeof(struct hss_peer *));
    c->places = calloc(h->n_homes + 1, sizeof *c->places);
    c->waiting = calloc(config->n_homes + 1, sizeof *c->waiting);
    enum err err = c->peers != NULL && c->places != NULL && c->waiting != NULL ? E_OK : E_MEMORY;
    for (size_t i = 0; err == E_OK && i < config->n_peers; i++) {
        err = make_peer(&config->peers[i], &c->peers[i], why);
        c->n_peers += err == E_OK;
    }
    if (err == E_OK) {
        c->n_homes = config->n_homes;
        find_places(h->m->config, config, c->places);
    }
    return err;
}

enum err hss_change_open(const struct hss *h, const struct mmed_config *config,
                         struct hss_change **out, struct tls_why *why)
{
    struct hss_change *c = calloc(1, sizeof *c);
    enum err err = c != NULL ? change_fill(h, config, c, why) : E_MEMORY;
    if (err != E_OK) {
        hss_change_drop(c);
        return err;
    }
    *out = c;
    return E_OK;
}

void hss_change_drop(struct hss_change *c)
{
    if (c == NULL) {
        return;
    }
    for (size_t i = 0; i < c->n_peers; i++) {
        free_peer(c->peers[i]);
    }
    free(c->peers);
    free(c->places);
    free(c->waiting);
    free(c);
}

/* The one that is there goes on, with the certificate of the new one. */
static struct hss_peer *keep(struct hss *h, struct hss_peer *fresh)
{
    for (size_t i = 0; i < h->n_peers; i++) {
        struct hss_peer *old = h->peers[i];
        if (old != NULL && same_peer(old, fresh)) {
            struct tls_context *tls = old->tls;
            old->tls = fresh->tls;
            old->next_try_ms = 0; /* who could not connect with the old one tries now */
            old->tries = 0;
            fresh->tls = tls;
            free_peer(fresh);
            h->peers[i] = NULL;
            return old;
        }
    }
    fresh->h = h;
    return fresh;
}

/* One that is not open yet ends as soon as it is, or is refused by its name. */
static void leave(struct hss *h, struct hss_peer *p)
{
    struct node_conn *conn = node_find(h->node, p->handle);
    p->leaves = true;
    p->next = h->leaving;
    h->leaving = p;
    if (conn != NULL) {
        node_disconnect(h->node, conn, DIAMETER_DO_NOT_WANT_TO_TALK_TO_YOU);
    }
}

void hss_change_take(struct hss *h, struct hss_change *c)
{
    for (size_t i = 0; i < c->n_peers; i++) {
        c->peers[i] = keep(h, c->peers[i]);
    }
    for (size_t i = 0; i < h->n_peers; i++) {
        if (h->peers[i] != NULL) {
            leave(h, h->peers[i]);
        }
    }
    free(h->peers);
    h->peers = c->peers;
    h->n_peers = c->n_peers;
    hss_move_homes(h, c->places, c->n_homes, c->waiting);
    c->n_peers = 0;
    c->peers = NULL;
    c->waiting = NULL;
    hss_change_drop(c);
}

/* ---- start and end ---- */

enum err hss_peers_start(struct hss *h)
{
    const struct mmed_config *c = h->m->config;
    struct tls_why why = {.text = ""};
    enum err err = E_OK;
    h->peers = calloc(c->n_peers + 1, sizeof(struct hss_peer *));
    if (h->peers == NULL) {
        return E_MEMORY;
    }
    for (size_t i = 0; err == E_OK && i < c->n_peers; i++) {
        err = make_peer(&c->peers[i], &h->peers[i], &why);
        if (err == E_OK) {
            h->peers[i]->h = h;
            h->n_peers = i + 1;
        }
    }
    if (err != E_OK) {
        const struct log_field fields[] = {LOG_FIELD_STR("why", why.text)};
        log_line(h->m->log, LOG_LEVEL_ERROR, "tls-files", fields, 1);
    }
    return err;
}

void hss_peers_sweep(struct hss *h)
{
    struct hss_peer **at = &h->leaving;
    while (*at != NULL) {
        struct hss_peer *p = *at;
        if (p->handle == 0) {
            *at = p->next;
            free_peer(p);
        } else {
            at = &p->next;
        }
    }
}

void hss_peers_close(struct hss *h)
{
    for (size_t i = 0; i < h->n_peers; i++) {
        free_peer(h->peers[i]);
    }
    free(h->peers);
    while (h->leaving != NULL) {
        struct hss_peer *p = h->leaving;
        h->leaving = p->next;
        free_peer(p);
    }
    h->peers = NULL;
    h->n_peers = 0;
}
