#include "nf/hssd/peers.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

struct known { /* every state there is */
    struct known *next;
    struct hssd_peer_state state;
};
/* A peer that is not configured any more, as it was the last time. */
struct gone {
    struct known *known;
    struct hssd_peer peer;
};
/* The peers of one snapshot; never written to once it is in force. */
struct hssd_peers_table {
    const struct hssd_config *config;
    struct gone *gone;
    size_t n_gone;
    struct hssd_peer_state *states[]; /* as config->peers */
};
struct hssd_peers {
    _Atomic(struct hssd_peers_table *) table;
    struct known *known; /* the control thread's */
};
struct hssd_peers_change {
    struct hssd_peers_table *table;
    struct known *fresh; /* of peers that were never there */
};

static void known_free(struct known *list)
{
    while (list != NULL) {
        struct known *next = list->next;
        free(list);
        list = next;
    }
}

/* ---- peers that are gone ---- */

static bool texts_copy(char **from, size_t n, char ***to, size_t *n_to)
{
    *to = calloc(n + 1, sizeof **to);
    bool all = *to != NULL;
    for (size_t i = 0; all && i < n; i++) {
        (*to)[i] = strdup(from[i]);
        all = (*to)[i] != NULL;
        *n_to = i + 1;
    }
    return all;
}

static void *copy_of(const void *from, size_t n, size_t each)
{
    void *to = calloc(n + 1, each);
    if (to != NULL && n > 0) {
        memcpy(to, from, n * each);
    }
    return to;
}

static bool peer_copy(const struct hssd_peer *from, struct hssd_peer *to)
{
    *to = *from;
    to->origins = to->realms = NULL;
    to->n_origins = to->n_realms = 0;
    to->origin_host = strdup(from->origin_host);
    to->realm = strdup(from->realm);
    to->visited_plmns = copy_of(from->visited_plmns, from->n_visited_plmns, sizeof(struct plmn));
    to->addresses = copy_of(from->addresses, from->n_addresses, sizeof(struct address));
    return to->origin_host != NULL && to->realm != NULL && to->visited_plmns != NULL &&
           to->addresses != NULL &&
           texts_copy(from->origins, from->n_origins, &to->origins, &to->n_origins) &&
           texts_copy(from->realms, from->n_realms, &to->realms, &to->n_realms);
}

static void texts_free(char **texts, size_t n)
{
    for (size_t i = 0; texts != NULL && i < n; i++) {
        free(texts[i]);
    }
    free(texts);
}

static void peer_clear(struct hssd_peer *p)
{
    texts_free(p->origins, p->n_origins);
    texts_free(p->realms, p->n_realms);
    free(p->origin_host);
    free(p->realm);
    free(p->visited_plmns);
    free(p->addresses);
}

void hssd_peers_table_free(struct hssd_peers_table *table)
{
    for (size_t i = 0; table != NULL && i < table->n_gone; i++) {
        peer_clear(&table->gone[i].peer);
    }
    if (table != NULL) {
        free(table->gone);
        free(table);
    }
}

/* What their states point to ends with the snapshot that is in force now: so each is copied anew
 * with every change. */
static bool copy_gone(const struct hssd_peers *peers, struct hssd_peers_table *t)
{
    size_t n = 0;
    for (const struct known *k = peers->known; k != NULL; k = k->next) {
        n++;
    }
    t->gone = calloc(n + 1, sizeof *t->gone);
    bool all = t->gone != NULL;
    for (struct known *k = peers->known; all && k != NULL; k = k->next) {
        const struct hssd_peer *p = k->state.peer;
        if (hssd_config_peer_by_host(t->config, bytes_of_str(p->origin_host)) == NULL) {
            t->gone[t->n_gone].known = k;
            all = peer_copy(p, &t->gone[t->n_gone++].peer);
        }
    }
    return all;
}

/* ---- a change ---- */

void hssd_peers_change_drop(struct hssd_peers_change *change)
{
    if (change != NULL) {
        known_free(change->fresh);
        hssd_peers_table_free(change->table);
        free(change);
    }
}

static struct hssd_peer_state *state_of(struct known *list, const struct hssd_peer *p)
{
    for (; list != NULL; list = list->next) {
        const struct hssd_peer *has = list->state.peer;
        if (strcasecmp(has->origin_host, p->origin_host) == 0) {
            return &list->state;
        }
    }
    return NULL;
}

static struct hssd_peer_state *state_for(const struct hssd_peers *peers,
                                         struct hssd_peers_change *change,
                                         const struct hssd_peer *p)
{
    struct hssd_peer_state *state = state_of(peers->known, p);
    struct known *k = state == NULL ? calloc(1, sizeof *k) : NULL;
    if (k == NULL) {
        return state;
    }
    atomic_init(&k->state.peer, p);
    k->next = change->fresh;
    change->fresh = k;
    return &k->state;
}

enum err hssd_peers_prepare(struct hssd *h, const struct hssd_config *config,
                            struct hssd_peers_change **out)
{
    struct hssd_peers_change *change = calloc(1, sizeof *change);
    struct hssd_peers_table *t =
        calloc(1, sizeof *t + config->n_peers * sizeof(struct hssd_peer_state *));
    if (change == NULL || t == NULL) {
        free(change);
        free(t);
        return E_MEMORY;
    }
    t->config = config;
    change->table = t;
    for (size_t i = 0; i < config->n_peers; i++) {
        t->states[i] = state_for(h->peers, change, &config->peers[i]);
        if (t->states[i] == NULL) {
            hssd_peers_change_drop(change);
            return E_MEMORY;
        }
    }
    if (!copy_gone(h->peers, t)) {
        hssd_peers_change_drop(change);
        return E_MEMORY;
    }
    *out = change;
    return E_OK;
}

/* A connection that is let in meanwhile is judged again once it is open: by thread.c, or by the job
 * that follows a reload. */
struct hssd_peers_table *hssd_peers_change(struct hssd *h, struct hssd_peers_change *change)
{
    struct hssd_peers *peers = h->peers;
    struct hssd_peers_table *t = change->table, *was = atomic_load(&peers->table);
    for (size_t i = 0; i < t->config->n_peers; i++) {
        atomic_store(&t->states[i]->peer, &t->config->peers[i]);
        atomic_store(&t->states[i]->removed, false);
    }
    atomic_store(&peers->table, t);
    for (size_t i = 0; i < t->n_gone; i++) {
        atomic_store(&t->gone[i].known->state.peer, &t->gone[i].peer);
        atomic_store(&t->gone[i].known->state.removed, true);
    }
    while (change->fresh != NULL) {
        struct known *k = change->fresh;
        change->fresh = k->next;
        k->next = peers->known;
        peers->known = k;
    }
    free(change);
    return was;
}

enum err hssd_peers_start(struct hssd *h)
{
    struct hssd_peers_change *change = NULL;
    h->peers = calloc(1, sizeof *h->peers);
    enum err err = h->peers != NULL ? hssd_peers_prepare(h, h->config, &change) : E_MEMORY;
    if (err == E_OK) {
        hssd_peers_table_free(hssd_peers_change(h, change)); /* there was none */
    }
    return err;
}

void hssd_peers_stop(struct hssd *h)
{
    if (h->peers == NULL) {
        return;
    }
    hssd_peers_table_free(atomic_load(&h->peers->table));
    known_free(h->peers->known);
    free(h->peers);
    h->peers = NULL;
}

struct hssd_peer_state *hssd_peer_by_host(struct hssd *h, struct bytes host)
{
    if (h->peers == NULL) {
        return NULL; /* it is starting */
    }
    const struct hssd_peers_table *t = atomic_load(&h->peers->table);
    const struct hssd_peer *p = hssd_config_peer_by_host(t->config, host);
    return p != NULL ? t->states[p - t->config->peers] : NULL;
}

struct hssd_peer_state *const *hssd_peers_all(struct hssd *h, size_t *n)
{
    *n = 0;
    if (h->peers == NULL) {
        return NULL;
    }
    const struct hssd_peers_table *t = atomic_load(&h->peers->table);
    *n = t->config->n_peers;
    return t->states;
}
