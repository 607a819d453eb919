#include "nf/mmed/hss.h"

#include "codec/diameter_text.h"
#include "net/socket.h"
#include "nf/common/node.h"
#include "nf/mmed/hss_messages.h"
#include "wire/refusal_wire.h"
#include "wire/s6a_aka.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>

#define T_BIT 0x10u /* of the flags in the header, octet 4 */
/* Octets of an answer, at most: a device's chain of certificates may come with one. */
#define ANSWER_MAX ((size_t)32 * 1024)

enum hss_kind { HSS_AIR, HSS_ULR, HSS_ECR, HSS_NOR, HSS_PUR };

struct hss_pending {
    struct hss_pending *next; /* among the free ones, those that wait, or those answered with
                                 nothing */
    uint64_t since_ms;
    enum hss_kind kind;
    uint32_t ue;
    uint64_t serial;
    size_t home, tried; /* how many of the home's peers were tried */
    size_t n;
    uint8_t message[HSS_MESSAGE_MAX];
};
struct hss_peer {
    struct hss *h;
    const struct mmed_peer *config;
    struct tls_context *tls;
    node_handle handle; /* 0: none */
    uint64_t next_try_ms;
    bool open;
    uint64_t requests, answers;
};
struct hss_queue {
    struct hss_pending *first, **end;
};
struct hss {
    struct mmed *m;
    struct node *node;
    struct node_callbacks callbacks;
    struct hss_peer *peers;
    struct hss_pending *pool;
    struct hss_pending *free;
    size_t n, n_free;
    struct hss_pending *failed;
    /* For room on a connection: of each home what is in progress, then its AIRs. A home network
     * that is slow holds up nobody else's. */
    struct hss_queue (*waiting)[2];
    size_t n_waiting; /* requests, in all of them */
    uint64_t serial;
    uint32_t session, end_to_end;
};

/* ---- pending requests ------------------------------------------------------------------------ */

static struct hss_pending *take(struct hss *h)
{
    struct hss_pending *p = h->free;
    if (p != NULL) {
        h->free = p->next;
        h->n_free--;
        p->next = NULL;
    }
    return p;
}

static void give_back(struct hss *h, struct hss_pending *p)
{
    wipe(p->message, p->n);
    p->next = h->free;
    h->free = p;
    h->n_free++;
}

bool hss_has_room(const struct hss *h)
{
    return h->n_free > h->n / 8;
}

/* The answer, or an empty span for none, becomes an event of its UE. */
static void deliver(struct hss *h, struct hss_pending *p, struct bytes msg)
{
    static struct emm_aia aia; /* five vectors: not on the stack of every answer */
    struct emm_ula ula;
    struct emm_eca eca;
    uint32_t own = h->m->config->vendor_id;
    struct ue *ue = ue_table_find(h->m->ues, p->ue);
    struct emm_event event = {.aia = &aia, .ula = &ula, .eca = &eca};
    h->m->counters.hss_unanswered += msg.n == 0;
    if (p->kind > HSS_ECR || ue == NULL || ue->asked != p->serial) {
        return;
    }
    ue->asked = 0;
    hss_read_aia(own, p->kind == HSS_AIR ? msg : (struct bytes){NULL, 0}, &aia);
    hss_read_ula(own, p->kind == HSS_ULR ? msg : (struct bytes){NULL, 0}, &ula);
    hss_read_eca(own, p->kind == HSS_ECR ? msg : (struct bytes){NULL, 0}, &eca);
    event.kind = p->kind == HSS_AIR ? EMM_AIA : p->kind == HSS_ULR ? EMM_ULA : EMM_ECA;
    mmed_step(h->m, ue, &event);
    wipe(&aia, sizeof aia);
    wipe(&ula, sizeof ula);
}

static void fail(struct hss *h, struct hss_pending *p)
{
    p->next = h->failed;
    h->failed = p;
}

static void deliver_failed(struct hss *h)
{
    while (h->failed != NULL) {
        struct hss_pending *p = h->failed;
        h->failed = p->next;
        deliver(h, p, (struct bytes){NULL, 0});
        give_back(h, p);
    }
}

/* ---- sending --------------------------------------------------------------------------------- */

enum sent { SENT, WAITS, NOWHERE };

/* To the next of the home's peers that is connected. One whose connection is full is waited for: it
 * is behind, not gone. */
static enum sent dispatch(struct hss *h, struct hss_pending *p)
{
    const struct mmed_home *home = &h->m->config->homes[p->home];
    for (; p->tried < home->n_peers; p->tried++) {
        struct hss_peer *peer = &h->peers[home->peers[p->tried]];
        struct node_conn *conn = node_find(h->node, peer->handle);
        struct mbytes msg = {p->message, p->n};
        enum err err = conn == NULL ? E_CLOSED
                                    : node_request(h->node, conn, msg, (uint64_t)(p - h->pool),
                                                   h->m->config->request_ms);
        if (err == E_OK) {
            p->tried++;
            peer->requests++;
            return SENT;
        }
        if (err == E_BUSY || err == E_NO_ROOM) {
            return WAITS;
        }
    }
    return NOWHERE;
}

/* Nobody is overtaken, but by an attach of the same home that is further on. */
static void send_or_wait(struct hss *h, struct hss_pending *p)
{
    struct hss_queue *of_home = h->waiting[p->home];
    struct hss_queue *q = &of_home[p->kind == HSS_AIR];
    enum sent sent = of_home[0].first != NULL || q->first != NULL ? WAITS : dispatch(h, p);
    if (sent == NOWHERE) {
        fail(h, p);
    } else if (sent == WAITS) {
        p->next = NULL;
        *q->end = p;
        q->end = &p->next;
        h->n_waiting++;
    }
}

/* False: there is no room for the first of them. */
static bool send_queue(struct hss *h, struct hss_queue *q)
{
    while (q->first != NULL) {
        struct hss_pending *p = q->first;
        bool late = h->m->now_ms - p->since_ms > h->m->config->request_ms;
        enum sent sent = late ? NOWHERE : dispatch(h, p);
        if (sent == WAITS) {
            return false;
        }
        q->first = p->next;
        q->end = q->first == NULL ? &q->first : q->end;
        h->n_waiting--;
        if (sent == NOWHERE) {
            fail(h, p);
        }
    }
    return true;
}

static void send_waiting(struct hss *h)
{
    for (size_t i = 0; h->n_waiting > 0 && i < h->m->config->n_homes; i++) {
        bool all = send_queue(h, &h->waiting[i][0]) && send_queue(h, &h->waiting[i][1]);
        (void)all; /* the rest goes next time */
    }
}

static bool find_home(const struct hss *h, const struct imsi *imsi, size_t *home,
                      char realm[static REALM_TEXT_MAX])
{
    const struct mmed_config *c = h->m->config;
    const struct mmed_home *found = mmed_config_home(c, imsi->digits);
    if (found == NULL) {
        return false;
    }
    *home = (size_t)(found - c->homes);
    mmed_config_realm(found, imsi->digits, realm);
    return true;
}

static struct hss_pending *begin(struct hss *h, const struct imsi *imsi, struct hss_ask *ask,
                                 char realm[static REALM_TEXT_MAX])
{
    struct hss_pending *p = take(h);
    if (p == NULL) {
        return NULL;
    }
    *p = (struct hss_pending){.serial = ++h->serial, .since_ms = h->m->now_ms};
    if (!find_home(h, imsi, &p->home, realm)) {
        p->home = h->m->config->n_homes; /* dispatch is not asked */
    }
    *ask = (struct hss_ask){.config = h->m->config,
                            .imsi = imsi,
                            .realm = realm,
                            .session = ++h->session,
                            .started = (uint32_t)h->m->started_unix,
                            .end_to_end = h->end_to_end++};
    return p;
}

static void go(struct hss *h, struct hss_pending *p, enum err written)
{
    h->m->counters.hss_requests++;
    if (written != E_OK || p->home >= h->m->config->n_homes) {
        fail(h, p);
    } else {
        send_or_wait(h, p);
    }
}

/* Waits for an answer with ue->asked. */
static void asked(struct ue *ue, struct hss_pending *p, enum hss_kind kind)
{
    p->kind = kind;
    p->ue = ue->id;
    ue->asked = p->serial;
}

void hss_ask_vectors(struct hss *h, struct ue *ue, const struct emm_effect *e)
{
    struct hss_ask ask;
    char realm[REALM_TEXT_MAX];
    ue->asked = 0; /* an answer to what was asked before is for another question */
    struct hss_pending *p = begin(h, &e->who.imsi, &ask, realm);
    if (p != NULL) {
        asked(ue, p, HSS_AIR);
        go(h, p, hss_write_air(&ask, e, MBYTES_OF(p->message), &p->n));
    }
}

void hss_ask_location(struct hss *h, struct ue *ue, const struct emm_effect *e)
{
    struct hss_ask ask;
    char realm[REALM_TEXT_MAX];
    ue->asked = 0; /* an answer to what was asked before is for another question */
    struct hss_pending *p = begin(h, &e->who.imsi, &ask, realm);
    if (p != NULL) {
        asked(ue, p, HSS_ULR);
        go(h, p, hss_write_ulr(&ask, e, MBYTES_OF(p->message), &p->n));
    }
}

void hss_ask_equipment(struct hss *h, struct ue *ue, const struct emm_effect *e)
{
    struct hss_ask ask;
    char realm[REALM_TEXT_MAX];
    ue->asked = 0; /* an answer to what was asked before is for another question */
    struct hss_pending *p = begin(h, &e->who.imsi, &ask, realm);
    if (p != NULL) {
        asked(ue, p, HSS_ECR);
        go(h, p, hss_write_ecr(&ask, e, MBYTES_OF(p->message), &p->n));
    }
}

void hss_report_failure(struct hss *h, const struct emm_effect *e)
{
    struct hss_ask ask;
    char realm[REALM_TEXT_MAX];
    struct hss_pending *p = e->who.has_imsi ? begin(h, &e->who.imsi, &ask, realm) : NULL;
    if (p != NULL) {
        p->kind = HSS_NOR;
        go(h, p, hss_write_nor(&ask, e, MBYTES_OF(p->message), &p->n));
    }
}

void hss_purge(struct hss *h, const struct emm_who *who)
{
    struct hss_ask ask;
    char realm[REALM_TEXT_MAX];
    struct hss_pending *p = who->has_imsi ? begin(h, &who->imsi, &ask, realm) : NULL;
    if (p != NULL) {
        p->kind = HSS_PUR;
        go(h, p, hss_write_pur(&ask, MBYTES_OF(p->message), &p->n));
    }
}

/* ---- what comes back ------------------------------------------------------------------------- */

static void on_answer(void *ctx, struct node_conn *conn, uint64_t cookie, struct bytes msg)
{
    struct hss *h = ctx;
    struct hss_pending *p = &h->pool[cookie];
    struct hss_peer *peer = node_conn_ctx(conn);
    if (msg.n == 0 && node_find(h->node, node_conn_handle(conn)) == NULL) {
        p->message[4] |= T_BIT; /* it may have arrived there (RFC 6733 3) */
        send_or_wait(h, p);
        return;
    }
    peer->answers += msg.n > 0;
    deliver(h, p, msg);
    give_back(h, p);
}

static void cancel_ues(struct hss *h, const struct imsi *imsi, const struct s6a_clr *clr)
{
    struct emm_event event = {.kind = EMM_CANCEL,
                              .cancellation_type = (uint8_t)clr->cancellation_type.v,
                              .reattach = (clr->clr_flags.v & S6A_CLR_REATTACH_REQUIRED) != 0};
    struct ue *ue = ue_table_by_imsi(h->m->ues, imsi);
    while (ue != NULL) {
        struct ue *next = ue_table_next_by_imsi(ue);
        mmed_step(h->m, ue, &event);
        ue = next;
    }
}

/* Only a peer of the subscriber's own home network may cancel. */
static bool may_cancel(const struct hss *h, const struct hss_peer *peer, const struct imsi *imsi)
{
    const struct mmed_home *home = mmed_config_home(h->m->config, imsi->digits);
    for (size_t i = 0; home != NULL && i < home->n_peers; i++) {
        if (&h->peers[home->peers[i]] == peer) {
            return true;
        }
    }
    return false;
}

static enum refusal serve_clr(struct hss *h, struct hss_peer *peer, struct bytes msg,
                              struct mbytes out, size_t *n, struct diameter_fault *fault)
{
    struct s6a_clr clr;
    struct s6a_cla cla;
    struct imsi imsi;
    const struct mmed_config *c = h->m->config;
    if (s6a_clr_parse(c->vendor_id, msg, &clr, fault) != E_OK ||
        wire_user_name(c->vendor_id, msg, clr.request.user_name, &imsi, fault) != E_OK) {
        return REFUSAL_MALFORMED;
    }
    if (!may_cancel(h, peer, &imsi)) {
        return REFUSAL_ORIGIN_NOT_ALLOWED;
    }
    cla = (struct s6a_cla){.answer = {.header = {0}}};
    s6a_answer_begin(&cla.answer, &clr.request, bytes_of_str(c->origin_host),
                     bytes_of_str(c->origin_realm));
    s6a_answer_result(&cla.answer, DIAMETER_SUCCESS);
    if (s6a_cla_write(c->vendor_id, &cla, out, n) != E_OK) {
        return REFUSAL_CRYPTO_FAILED;
    }
    cancel_ues(h, &imsi, &clr);
    return REFUSAL_NONE;
}

static void on_request(void *ctx, struct node_conn *conn, const struct diameter_header *head,
                       struct bytes msg)
{
    struct hss *h = ctx;
    uint8_t out[4096];
    size_t n = 0;
    struct diameter_fault fault = {0};
    const struct wire_origin origin = {bytes_of_str(h->m->config->origin_host),
                                       bytes_of_str(h->m->config->origin_realm)};
    bool clr = head->application == DIAMETER_APP_S6A && head->command == S6A_CANCEL_LOCATION;
    enum refusal why = clr ? serve_clr(h, node_conn_ctx(conn), msg, MBYTES_OF(out), &n, &fault)
                           : REFUSAL_COMMAND_NOT_ALLOWED;
    if (why != REFUSAL_NONE) {
        mmed_tell(h->m, NULL, why, ((struct hss_peer *)node_conn_ctx(conn))->config->origin_host);
        if (wire_refusal_answer(msg, why, &fault, &origin, MBYTES_OF(out), &n) != E_OK) {
            n = 0;
        }
    }
    if (n == 0 || node_send(h->node, conn, (struct bytes){out, n}) != E_OK) {
        node_no_answer(h->node, conn);
    }
}

/* ---- connections ----------------------------------------------------------------------------- */

static enum refusal on_authorise(void *ctx, const struct node_cer *cer, void **peer_ctx)
{
    const struct hss_peer *peer = *peer_ctx;
    (void)ctx;
    if (peer == NULL ||
        !bytes_eq_nocase(cer->origin_host, bytes_of_str(peer->config->origin_host))) {
        return REFUSAL_PEER_UNKNOWN;
    }
    if (!bytes_eq_nocase(cer->origin_realm, bytes_of_str(peer->config->realm))) {
        return REFUSAL_PEER_REALM;
    }
    if (peer->tls != NULL && !node_cer_certificate_is(cer, cer->origin_host)) {
        return REFUSAL_PEER_CERTIFICATE;
    }
    return REFUSAL_NONE;
}

static void on_opened(void *ctx, struct node_conn *conn)
{
    struct hss *h = ctx;
    struct hss_peer *peer = node_conn_ctx(conn);
    peer->open = true;
    mmed_event(h->m, "hss-connected", NULL, NULL, peer->config->origin_host);
}

static void on_closed(void *ctx, struct node_conn *conn, const char *why)
{
    struct hss *h = ctx;
    struct hss_peer *peer = node_conn_ctx(conn);
    if (peer->open) {
        mmed_event(h->m, "hss-lost", NULL, why, peer->config->origin_host);
    } else {
        const struct log_field fields[] = {LOG_FIELD_STR("peer", peer->config->origin_host),
                                           LOG_FIELD_STR("why", why)};
        log_limited(h->m->log, LOG_LEVEL_WARNING, "hss-unreachable", fields, 2);
    }
    peer->open = false;
    peer->handle = 0;
    peer->next_try_ms = h->m->now_ms + 1000U * h->m->config->reconnect_seconds;
}

static void on_trace(void *ctx, struct node_conn *conn, bool sent, struct bytes msg)
{
    struct hss *h = ctx;
    mmed_trace_diameter(h->m, node_conn_local(conn), node_conn_remote(conn), sent, msg);
}

static void connect_peers(struct hss *h)
{
    for (size_t i = 0; i < h->m->config->n_peers; i++) {
        struct hss_peer *peer = &h->peers[i];
        if (peer->handle != 0 || h->m->now_ms < peer->next_try_ms) {
            continue;
        }
        peer->next_try_ms = h->m->now_ms + 1000U * h->m->config->reconnect_seconds;
        if (node_connect(h->node, &peer->config->address, NULL, peer->tls, peer, &peer->handle) !=
            E_OK) {
            peer->handle = 0;
        }
    }
}

/* ---- opening --------------------------------------------------------------------------------- */

static enum err open_peers(struct hss *h)
{
    const struct mmed_config *c = h->m->config;
    enum err err = E_OK;
    for (size_t i = 0; err == E_OK && i < c->n_peers; i++) {
        struct hss_peer *peer = &h->peers[i];
        *peer = (struct hss_peer){.h = h, .config = &c->peers[i]};
        if (c->peers[i].certificate != NULL) {
            const struct tls_files files = {c->peers[i].certificate, c->peers[i].key,
                                            c->peers[i].ca};
            struct tls_why why;
            err = tls_context_open(&files, false, &peer->tls, &why);
            if (err != E_OK) {
                const struct log_field fields[] = {LOG_FIELD_STR("why", why.text)};
                log_line(h->m->log, LOG_LEVEL_ERROR, "tls-files", fields, 1);
            }
        }
    }
    return err;
}

static enum err open_node(struct hss *h)
{
    const struct mmed_config *c = h->m->config;
    struct node_config n = node_config_default();
    h->callbacks = (struct node_callbacks){.authorise = on_authorise,
                                           .opened = on_opened,
                                           .closed = on_closed,
                                           .request = on_request,
                                           .answer = on_answer,
                                           .trace = h->m->trace != NULL ? on_trace : NULL};
    n.peer.origin_host = bytes_of_str(c->origin_host);
    n.peer.origin_realm = bytes_of_str(c->origin_realm);
    n.peer.vendor_id = c->vendor_id;
    n.peer.watchdog_ms = 1000U * c->watchdog_seconds;
    n.peer.applications[0] = (struct peer_application){.vendor = 10415, .id = DIAMETER_APP_S6A};
    n.peer.applications[1] = (struct peer_application){.vendor = 10415, .id = DIAMETER_APP_S13};
    n.peer.application_n = 2;
    n.peer.message_max = ANSWER_MAX;
    n.connections_max = c->n_peers + 1;
    n.pending_max = c->limits.hss_pending;
    n.callbacks = &h->callbacks;
    n.ctx = h;
    if (getrandom(&n.seed, sizeof n.seed, 0) != (ssize_t)sizeof n.seed) {
        return E_IO;
    }
    h->end_to_end = (uint32_t)n.seed;
    return node_open(&n, &h->node);
}

enum err hss_open(struct mmed *m, struct hss **out)
{
    struct hss *h = calloc(1, sizeof *h);
    size_t n = m->config->n_peers * m->config->limits.hss_pending;
    if (h == NULL) {
        return E_MEMORY;
    }
    h->m = m;
    h->peers = calloc(m->config->n_peers + 1, sizeof *h->peers);
    h->pool = calloc(n + 1, sizeof *h->pool);
    h->waiting = calloc(m->config->n_homes + 1, sizeof *h->waiting);
    for (size_t i = 0; h->waiting != NULL && i < m->config->n_homes; i++) {
        h->waiting[i][0].end = &h->waiting[i][0].first;
        h->waiting[i][1].end = &h->waiting[i][1].first;
    }
    enum err err =
        h->peers == NULL || h->pool == NULL || h->waiting == NULL ? E_MEMORY : open_peers(h);
    for (size_t i = 0; err == E_OK && i < n; i++) {
        h->pool[i].next = h->free;
        h->free = &h->pool[i];
        h->n = h->n_free = i + 1;
    }
    if (err == E_OK) {
        err = open_node(h);
    }
    if (err != E_OK) {
        hss_close(h);
        return err;
    }
    connect_peers(h);
    *out = h;
    return E_OK;
}

void hss_close(struct hss *h)
{
    if (h == NULL) {
        return;
    }
    if (h->node != NULL) {
        node_stop(h->node);
        enum err err = node_run(h->node); /* says goodbye, bounded; nothing hangs on the outcome */
        (void)err;
        node_close(h->node);
    }
    for (size_t i = 0; h->peers != NULL && i < h->m->config->n_peers; i++) {
        tls_context_close(h->peers[i].tls);
    }
    free(h->peers);
    free(h->pool);
    free(h->waiting);
    free(h);
}

int hss_fd(const struct hss *h)
{
    return node_fd(h->node);
}

int hss_wait_ms(const struct hss *h)
{
    int wait = node_wait_ms(h->node);
    if (h->failed != NULL) {
        return 0;
    }
    int most = h->n_waiting > 0 ? 20 : 1000; /* for room, or to try connections anew */
    return wait < 0 || wait > most ? most : wait;
}

enum err hss_poll(struct hss *h)
{
    enum err err = node_poll(h->node, 0);
    send_waiting(h);
    deliver_failed(h);
    connect_peers(h);
    return err;
}

void hss_each_peer(const struct hss *h,
                   void (*fn)(void *arg, const char *origin_host, const char *realm, bool open,
                              uint64_t requests, uint64_t answers),
                   void *arg)
{
    for (size_t i = 0; i < h->m->config->n_peers; i++) {
        const struct hss_peer *p = &h->peers[i];
        fn(arg, p->config->origin_host, p->config->realm, p->open, p->requests, p->answers);
    }
}
