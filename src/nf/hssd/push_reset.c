/* nf/hssd/push_reset.c - who has still to be told of a reset, and when.
 *
 * What is known of a node stands in the store (store/store_node.h) and is written before it is
 * asked: so nobody is asked again by the next process at once, and an answer that was not written
 * down is asked for once more. Each look begins with whoever waits longest, and goes over all: one
 * that does not answer has a place for as long as a request may take, and is behind all others
 * after that.
 */
#include "nf/hssd/push_parts.h"

#include <stdio.h>
#include <string.h>

#define LOOK_MS      300000 /* what the table of routes hid while others came and went */
#define GAP_MS       100    /* between two looks, while somebody answers */
#define AGAIN_MS     1000   /* after something failed here */
#define ROUTES       32u
#define NAMES        32u  /* in one writer job */
#define PAGE         32u  /* nodes read at once */
#define AT_ONCE      32u  /* requests under way, of all connections */
#define OF_ONE       16u  /* of one: whoever is behind it */
#define RETRY_MOST_S 3600 /* between two tries at a node that does not answer */
#define ANEW_TRIES   4u   /* so many need no pause when its connection is another: one may flap */

/* A node that knows no Reset-Request will know none the next time; one that could not comply may.
 */
static bool is_told(const struct push_ask *ask)
{
    return ask->outcome == PUSH_DONE || ask->code == DIAMETER_COMMAND_UNSUPPORTED ||
           (ask->code >= 5000 && ask->code != DIAMETER_UNABLE_TO_COMPLY);
}

enum err push_reset_settle(struct store_writer *w, const struct push_ask *ask)
{
    return is_told(ask) ? store_node_told(w, ask->row.host, ask->epoch) : E_OK;
}

/* The first failure of a node is told, not each of its repetitions. */
void push_reset_tell(struct hssd *h, const struct push_ask *ask)
{
    char detail[64];
    struct push *p = ask->p;
    const int64_t soon = (int64_t)hssd_monotonic_ms() + GAP_MS;
    p->resets_ms = p->resets_ms < soon ? p->resets_ms : soon; /* it had a place */
    if (ask->outcome == PUSH_DONE) {
        hssd_event(h, "reset-sent", NULL, NULL, ask->row.host, NULL, "");
    } else if (is_told(ask) || ask->row.tries <= 1) {
        (void)snprintf(detail, sizeof detail, "Reset-Request, answered with %u",
                       (unsigned)ask->code);
        hssd_event(h, "insert-unanswered", NULL, NULL, ask->row.host,
                   ask->outcome == PUSH_SILENT ? "no-answer" : "refused", detail);
    }
}

/* ---- what the configuration names is known, whether it registered somebody or not ---- */

struct names {
    struct push *p;
    size_t n;
    struct {
        char host[STORE_HOST_MAX], realm[STORE_HOST_MAX];
    } list[NAMES];
};

static enum err name_apply(struct store_writer *w, struct push_write *x)
{
    const struct names *names = x->ctx;
    enum err err = E_OK;
    for (size_t i = 0; err == E_OK && i < names->n; i++) {
        err = store_node_named(w, names->list[i].host, names->list[i].realm, hssd_unix_seconds());
    }
    return err;
}

static enum err names_write(struct names *names)
{
    struct push_write x = {.p = names->p, .apply = name_apply, .ctx = names};
    enum err err = names->n > 0 ? push_write(&x) : E_OK;
    names->n = 0;
    return err;
}

static enum err name_add(struct names *names, const char *host, const char *realm)
{
    struct store_node node;
    enum err err = store_read_node(names->p->reader, host, &node);
    if (err != E_NOT_FOUND && (err != E_OK || node.named)) {
        return err;
    }
    (void)snprintf(names->list[names->n].host, STORE_HOST_MAX, "%s", host);
    (void)snprintf(names->list[names->n].realm, STORE_HOST_MAX, "%s", realm);
    return ++names->n == NAMES ? names_write(names) : E_OK;
}

/* An agent's nodes are those that it lists; one that carries whole realms names nobody, and those
 * behind it are known by whom they registered. */
static enum err name_route(struct names *names, const struct route *route)
{
    const struct hssd_peer *peer = route->peer->peer;
    enum err err = E_OK;
    if (peer->kind == HSSD_PEER_END) {
        return name_add(names, peer->origin_host, peer->realm);
    }
    const char *realm = peer->n_realms > 0 ? peer->realms[0] : peer->realm;
    for (size_t i = 0; err == E_OK && i < peer->n_origins; i++) {
        err = name_add(names, peer->origins[i], realm);
    }
    return err;
}

static enum err name_all(struct push *p)
{
    static struct names names; /* of the one thread */
    struct route routes[ROUTES];
    size_t n;
    enum err err = E_OK;
    names.p = p;
    names.n = 0;
    for (size_t from = 0; err == E_OK && (n = routes_copy(p->h->routes, from, routes, ROUTES)) > 0;
         from += n) {
        for (size_t i = 0; err == E_OK && i < n; i++) {
            err = name_route(&names, &routes[i]);
        }
    }
    return err == E_OK ? names_write(&names) : err;
}

/* ---- one look at all who have not heard of it ---- */

struct look {
    struct push *p;
    int64_t now;     /* Unix milliseconds */
    int64_t soonest; /* from now on: the next one's time */
    size_t n;        /* held, to be sent */
    struct {
        struct push_ask *ask;
        struct route route;
        struct store_node row;
    } held[AT_ONCE];
};

static int64_t retry_ms(uint32_t tries)
{
    const int64_t s = tries < 12 ? INT64_C(1) << tries : RETRY_MOST_S;
    return (s > RETRY_MOST_S ? RETRY_MOST_S : s) * 1000;
}

/* For how long it has to wait; 0 or less: for nothing. A clock that was set back makes nobody wait
 * longer than he would have otherwise. */
static int64_t wait_ms(const struct push *p, const struct store_node *row,
                       const struct route *route, int64_t now)
{
    const int64_t pause = (int64_t)p->h->config->reset_pause_seconds * 1000;
    if (row->asked < p->reset.epoch) { /* of this reset it was not asked; of one before? */
        const int64_t since = now - row->asked_at;
        return row->asked == 0 || since < 0 ? 0 : pause - since;
    }
    const int64_t most =
        retry_ms(row->tries) + (int64_t)p->h->config->timers.request_seconds * 1000;
    const int64_t left = row->next_try - now;
    const bool anew = row->asked_at < route->opened_ms && row->tries < ANEW_TRIES;
    return anew || left > most ? 0 : left;
}

static bool same_connection(const struct push_ask *ask, const struct route *route)
{
    return ask->thread == route->thread && ask->conn == route->conn;
}

struct places {
    size_t all, of_it;
    bool is_under_way;
};
static struct places places_of(struct push *p, const char *host, const struct route *route)
{
    struct places s = {.all = 0};
    pthread_mutex_lock(&p->lock);
    for (size_t i = 0; i < PUSH_ASKS; i++) {
        const struct push_ask *ask = &p->asks[i];
        if (ask->state != PUSH_FREE && ask->reset) {
            s.all++;
            s.of_it += same_connection(ask, route);
            s.is_under_way = s.is_under_way || same_push_host(ask->row.host, host);
        }
    }
    pthread_mutex_unlock(&p->lock);
    return s;
}

/* The row as it is once it was asked. */
static void set_asked(const struct look *look, struct store_node *row)
{
    const struct push *p = look->p;
    row->asked = p->reset.epoch;
    row->asked_at = look->now;
    row->tries += row->tries < UINT32_MAX;
    row->next_try =
        look->now + retry_ms(row->tries) + (int64_t)p->h->config->timers.request_seconds * 1000;
}

/* False: there is no room. */
static bool hold(struct look *look, const struct store_node *row, const struct route *route)
{
    struct push *p = look->p;
    const char *realm = row->realm[0] != '\0' ? row->realm : route->peer->peer->realm;
    struct push_ask *ask = push_take(p);
    if (ask == NULL) {
        return false;
    }
    ask->reset = true;
    ask->epoch = p->reset.epoch;
    ask->thread = route->thread;
    ask->conn = route->conn;
    (void)snprintf(ask->row.host, sizeof ask->row.host, "%s", row->host);
    (void)snprintf(ask->row.realm, sizeof ask->row.realm, "%s", realm);
    if (reset_write(p->h, ask->row.host, realm, MBYTES_OF(ask->msg), &ask->n) != E_OK) {
        return true; /* it has no room, whoever it is for; the place is free */
    }
    push_hold(ask);
    look->held[look->n].ask = ask;
    look->held[look->n].route = *route;
    look->held[look->n].row = *row;
    set_asked(look, &look->held[look->n].row);
    ask->row.tries = look->held[look->n].row.tries;
    look->n++;
    return true;
}

/* False: nobody else can be asked now. */
static bool look_at(struct look *look, const struct store_node *row)
{
    struct route route;
    struct push *p = look->p;
    if (routes_find(p->h->routes, bytes_of_str(row->host), &route) != E_OK) {
        return true;
    }
    const struct places places = places_of(p, row->host, &route);
    if (places.all >= AT_ONCE) {
        return false; /* a place that is free again makes for the next look */
    }
    if (places.is_under_way || places.of_it >= OF_ONE) {
        return true;
    }
    const int64_t wait = wait_ms(p, row, &route, look->now);
    if (wait > 0) {
        look->soonest = wait < look->soonest ? wait : look->soonest;
        return true;
    }
    if (!hold(look, row, &route)) {
        look->soonest = GAP_MS; /* changes of subscriptions have all places */
        return false;
    }
    return true;
}

static enum err asked_apply(struct store_writer *w, struct push_write *x)
{
    const struct look *look = x->ctx;
    enum err err = E_OK;
    for (size_t i = 0; err == E_OK && i < look->n; i++) {
        err = store_node_asked(w, &look->held[i].row);
    }
    return err;
}

/* Written, then sent. */
static void send_held(struct look *look)
{
    struct push_write x = {.p = look->p, .apply = asked_apply, .ctx = look};
    const bool written = look->n > 0 && push_write(&x) == E_OK;
    for (size_t i = 0; i < look->n; i++) {
        if (written) {
            push_send(look->held[i].ask, &look->held[i].route);
        } else {
            push_give_back(look->held[i].ask);
        }
    }
    if (look->n > 0 && !written) {
        look->soonest = AGAIN_MS < look->soonest ? AGAIN_MS : look->soonest;
    }
}

static void look_at_all(struct look *look)
{
    struct store_node page[PAGE], last;
    struct push *p = look->p;
    size_t n = 0;
    bool more = true;
    for (const struct store_node *after = NULL; more; after = &last) {
        if (store_untold_nodes(p->reader, p->reset.epoch, after, page, PAGE, &n) != E_OK) {
            look->soonest = AGAIN_MS;
            break;
        }
        for (size_t i = 0; more && i < n; i++) {
            more = look_at(look, &page[i]);
        }
        more = more && n == PAGE;
        if (more) {
            last = page[n - 1];
        }
    }
    send_held(look);
}

/*= op-reset */
void push_resets(struct push *p)
{
    static struct look look; /* of the one thread */
    const int64_t now = (int64_t)hssd_monotonic_ms();
    pthread_mutex_lock(&p->lock);
    const bool opened = p->opened;
    p->opened = false;
    pthread_mutex_unlock(&p->lock);
    if (p->reset.epoch == 0 || (!opened && now < p->resets_ms)) {
        return;
    }
    /* By time too: the table of routes may hide one while another goes. */
    if ((opened || now >= p->named_ms) && name_all(p) != E_OK) {
        pthread_mutex_lock(&p->lock);
        p->opened = true; /* the next turn tries again */
        pthread_mutex_unlock(&p->lock);
    } else if (opened || now >= p->named_ms) {
        p->named_ms = now + LOOK_MS;
    }
    look.p = p;
    look.now = push_unix_ms();
    look.soonest = LOOK_MS;
    look.n = 0;
    look_at_all(&look);
    p->resets_ms = now + look.soonest;
}
