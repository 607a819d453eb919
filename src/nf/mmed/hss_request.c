#include "nf/mmed/hss_parts.h"

#include <stdlib.h>

#define T_BIT 0x10u /* of the flags in the header, octet 4 */

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

static bool begins_attach(enum hss_kind kind)
{
    return kind == HSS_AIR || kind == HSS_ONBOARD;
}

static enum emm_event_kind event_of(enum hss_kind kind)
{
    return kind == HSS_AIR ? EMM_AIA : kind == HSS_ULR ? EMM_ULA : EMM_ECA;
}

/* The answer, or an empty span for none, becomes an event of its UE. */
static void deliver(struct hss *h, struct hss_pending *p, struct bytes msg)
{
    static struct emm_aia aia; /* five vectors: not on the stack of every answer */
    struct emm_ula ula;
    struct emm_eca eca;
    uint32_t own = h->m->config->vendor_id;
    struct ue *ue = ue_table_find(h->m->ues, p->ue);
    struct emm_event event = {.kind = event_of(p->kind), .aia = &aia, .ula = &ula, .eca = &eca};
    h->m->counters.hss_unanswered += msg.n == 0;
    if (p->kind > HSS_ECR || ue == NULL || ue->asked != p->serial) {
        return;
    }
    ue->asked = 0;
    hss_read_aia(own, p->kind == HSS_AIR ? msg : (struct bytes){NULL, 0}, &aia);
    hss_read_ula(own, p->kind == HSS_ULR ? msg : (struct bytes){NULL, 0}, &ula);
    hss_read_eca(own, event.kind == EMM_ECA ? msg : (struct bytes){NULL, 0}, &eca);
    mmed_step(h->m, ue, &event);
    wipe(&aia, sizeof aia);
    wipe(&ula, sizeof ula);
}

static void fail(struct hss *h, struct hss_pending *p)
{
    p->next = h->failed;
    h->failed = p;
}

void hss_deliver_failed(struct hss *h)
{
    while (h->failed != NULL) {
        struct hss_pending *p = h->failed;
        h->failed = p->next;
        deliver(h, p, (struct bytes){NULL, 0});
        give_back(h, p);
    }
}

/* ---- sending --------------------------------------------------------------------------------- */

static unsigned wait_ms(const struct hss *h, enum hss_kind kind)
{
    return kind == HSS_ONBOARD ? h->m->config->onboard_ms : h->m->config->request_ms;
}

enum sent { SENT, WAITS, NOWHERE };

/* To the next of the home's peers that is connected. One whose connection is full is waited for: it
 * is behind, not gone. */
static enum sent dispatch(struct hss *h, struct hss_pending *p)
{
    const struct mmed_home *home = &h->m->config->homes[p->home];
    for (; p->tried < home->n_peers; p->tried++) {
        struct hss_peer *peer = h->peers[home->peers[p->tried]];
        struct node_conn *conn = node_find(h->node, peer->handle);
        struct mbytes msg = {p->message, p->n};
        enum err err = conn == NULL ? E_CLOSED
                                    : node_request(h->node, conn, msg, (uint64_t)(p - h->pool),
                                                   wait_ms(h, p->kind));
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
    struct hss_queue *q = &of_home[begins_attach(p->kind)];
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
        bool late = h->m->now_ms - p->since_ms > wait_ms(h, p->kind);
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

void hss_send_waiting(struct hss *h)
{
    for (size_t i = 0; h->n_waiting > 0 && i < h->n_homes; i++) {
        bool all = send_queue(h, &h->waiting[i][0]) && send_queue(h, &h->waiting[i][1]);
        (void)all; /* the rest goes next time */
    }
}

/* To the end of the queues of its home; nowhere, when that is gone. */
static void move_queue(struct hss *h, struct hss_queue *from, bool begins)
{
    struct hss_pending *p = from->first;
    while (p != NULL) {
        struct hss_pending *next = p->next;
        if (p->home < h->n_homes) {
            struct hss_queue *q = &h->waiting[p->home][begins];
            p->next = NULL;
            *q->end = p;
            q->end = &p->next;
        } else {
            h->n_waiting--;
            fail(h, p);
        }
        p = next;
    }
}

void hss_move_homes(struct hss *h, const size_t *places, size_t n_homes,
                    struct hss_queue (*waiting)[2])
{
    struct hss_queue(*before)[2] = h->waiting;
    const size_t n_before = h->n_homes;
    for (size_t i = 0; i < n_homes; i++) {
        waiting[i][0].end = &waiting[i][0].first;
        waiting[i][1].end = &waiting[i][1].first;
    }
    h->waiting = waiting;
    h->n_homes = n_homes;
    for (size_t i = 0; i < h->n; i++) { /* also those that are under way */
        struct hss_pending *p = &h->pool[i];
        p->home = p->home < n_before && places[p->home] != SIZE_MAX ? places[p->home] : n_homes;
        p->tried = 0; /* the peers may be others: who is connected is asked */
    }
    for (size_t i = 0; i < n_before; i++) {
        move_queue(h, &before[i][0], false);
        move_queue(h, &before[i][1], true);
    }
    free(before);
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

static struct hss_pending *begin_at(struct hss *h, size_t home, const struct imsi *imsi,
                                    struct hss_ask *ask, const char *realm)
{
    struct hss_pending *p = take(h);
    if (p == NULL) {
        return NULL;
    }
    *p = (struct hss_pending){.serial = ++h->serial,
                              .since_ms = h->m->now_ms,
                              .since_ns = metrics_now_ns(),
                              .home = home};
    *ask = (struct hss_ask){.config = h->m->config,
                            .imsi = imsi,
                            .realm = realm,
                            .session = ++h->session,
                            .started = (uint32_t)h->m->started_unix,
                            .end_to_end = h->end_to_end++};
    return p;
}

static struct hss_pending *begin(struct hss *h, const struct imsi *imsi, struct hss_ask *ask,
                                 char realm[static REALM_TEXT_MAX])
{
    size_t home;
    if (!find_home(h, imsi, &home, realm)) {
        home = h->m->config->n_homes; /* dispatch is not asked */
    }
    return begin_at(h, home, imsi, ask, realm);
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

void hss_ask_onboarding(struct hss *h, struct ue *ue, const struct emm_effect *e)
{
    struct hss_ask ask;
    const struct mmed_provisioning *at = &h->m->config->provisioning;
    ue->asked = 0; /* an answer to what was asked before is for another question */
    struct hss_pending *p = begin_at(h, at->onboarding_home, NULL, &ask, at->onboarding);
    if (p != NULL) {
        asked(ue, p, HSS_ONBOARD);
        go(h, p, hss_write_onboarding(&ask, e, MBYTES_OF(p->message), &p->n));
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

void hss_on_answer(void *ctx, struct node_conn *conn, uint64_t cookie, struct bytes msg)
{
    struct hss *h = ctx;
    struct hss_pending *p = &h->pool[cookie];
    struct hss_peer *peer = node_conn_ctx(conn);
    if (msg.n == 0 && node_find(h->node, node_conn_handle(conn)) == NULL) {
        p->message[4] |= T_BIT; /* it may have arrived there (RFC 6733 3) */
        (p->home < h->n_homes ? send_or_wait : fail)(h, p);
        return;
    }
    if (msg.n > 0) {
        peer->answers++;
        metrics_observe(&h->m->times.asked[p->kind], metrics_now_ns() - p->since_ns);
    }
    deliver(h, p, msg);
    give_back(h, p);
}
