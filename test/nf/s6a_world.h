/* test/nf/s6a_world.h - a home network in one process for test/nf/s6a_*test.c and ecr_test.c: real
 * messages, real store, real writer; the signalling thread has no sockets, and what is posted to it
 * waits until the test pumps. Also the MME's words (air, ulr, nor, pur) and the device's
 * (challenge).
 */
#ifndef BINDERY_TEST_NF_S6A_WORLD_H
#define BINDERY_TEST_NF_S6A_WORLD_H

#include "lib/check.h"

#include "codec/private.h"
#include "crypto/openssl.h"
#include "nf/hssd/peers.h"
#include "nf/hssd/routes.h"
#include "nf/hssd/s6a.h"
#include "peer/peer.h"

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define OWN    32473u
#define REALM  "epc.mnc001.mcc001.3gppnetwork.org"
#define MME1   "mme1." REALM
#define MME2   "mme2." REALM
#define IMSI_A "001010000000001"
#define IMEI_A "35693803564380"
#define IMEI_B "35693803564381"
#define PLMN   "\x00\xf1\x10"

/* ---- a signalling thread without sockets ---- */

struct posted {
    void (*fn)(void *arg);
    void *arg;
    struct posted *next;
};
struct hssd_thread {
    pthread_mutex_t lock;
    pthread_cond_t wake;
    struct posted *list;
    struct hssd *h;
    struct store_reader *reader;
    struct eir_reader *eir;
    struct crypto crypto;
    uint8_t out[65536];
    uint8_t sent[65536]; /* the last answer, or request of ours */
    size_t sent_n;
    unsigned requests;
    uint64_t cookie; /* of the last of them, if an answer to it is for somebody */
    int owes_short;  /* answers that were announced as short */
    bool full;       /* takes no request of ours */
    bool crowded;
    bool ended;
    unsigned calls;  /* for answers that came later */
    size_t out_size; /* 0: all of out */
    uint64_t now_ms;
};
static struct hssd_thread thread = {.lock = PTHREAD_MUTEX_INITIALIZER,
                                    .wake = PTHREAD_COND_INITIALIZER};

bool hssd_thread_post(struct hssd_thread *t, void (*fn)(void *arg), void *arg)
{
    struct posted *p = malloc(sizeof *p);
    if (p == NULL) {
        abort();
    }
    *p = (struct posted){fn, arg, NULL};
    pthread_mutex_lock(&t->lock);
    struct posted **at = &t->list;
    while (*at != NULL) {
        at = &(*at)->next;
    }
    *at = p;
    pthread_cond_signal(&t->wake);
    pthread_mutex_unlock(&t->lock);
    return true;
}

static void pump_one(void)
{
    pthread_mutex_lock(&thread.lock);
    while (thread.list == NULL) {
        pthread_cond_wait(&thread.wake, &thread.lock);
    }
    struct posted *p = thread.list;
    thread.list = p->next;
    pthread_mutex_unlock(&thread.lock);
    p->fn(p->arg);
    free(p);
}

static bool pump_waiting(void)
{
    pthread_mutex_lock(&thread.lock);
    bool waiting = thread.list != NULL;
    pthread_mutex_unlock(&thread.lock);
    return waiting;
}

bool hssd_thread_has_ended(const struct hssd_thread *t)
{
    return t->ended;
}

struct s6a_call hssd_thread_call(struct hssd_thread *t, uint64_t conn)
{
    t->calls++;
    return (struct s6a_call){.h = t->h,
                             .thread = t,
                             .conn = conn,
                             .reader = t->reader,
                             .eir = t->eir,
                             .crypto = &t->crypto,
                             .now_ms = t->now_ms,
                             .out = {t->out, t->out_size != 0 ? t->out_size : sizeof t->out}};
}

void hssd_thread_call_end(struct hssd_thread *t)
{
    (void)t;
}

void hssd_thread_send(struct hssd_thread *t, uint64_t conn, struct bytes msg)
{
    (void)conn;
    memcpy(t->sent, msg.p, msg.n);
    t->sent_n = msg.n;
}

void hssd_thread_will_send_short(struct hssd_thread *t, uint64_t conn)
{
    (void)conn;
    t->owes_short++;
}

void hssd_thread_send_short(struct hssd_thread *t, uint64_t conn, struct bytes msg)
{
    assert_true(t->owes_short-- > 0);
    assert_true(msg.n > 0 && msg.n <= PEER_ANSWER_SHORT);
    hssd_thread_send(t, conn, msg);
}

bool hssd_thread_ask(struct hssd_thread *t, uint64_t conn, struct mbytes msg, uint64_t cookie)
{
    t->cookie = cookie;
    return hssd_thread_request(t, conn, msg);
}

bool hssd_thread_request(struct hssd_thread *t, uint64_t conn, struct mbytes msg)
{
    if (t->full) {
        return false;
    }
    hssd_thread_send(t, conn, (struct bytes){msg.p, msg.n});
    t->requests++;
    return true;
}

/* ---- the world ---- */

static struct plmn home[] = {{"001", "01"}};
static struct hssd_peer peers[] = {{.origin_host = (char[]){MME1},
                                    .realm = (char[]){REALM},
                                    .visited_plmns = home,
                                    .n_visited_plmns = 1,
                                    .connections = 2},
                                   {.origin_host = (char[]){MME2},
                                    .realm = (char[]){REALM},
                                    .visited_plmns = home,
                                    .n_visited_plmns = 1,
                                    .connections = 2}};
static struct hssd_profile profiles[] = {{.name = "default",
                                          .ambr = {1000000, 2000000},
                                          .network_access_mode = 2,
                                          .access_restriction_data = 1u << 6,
                                          .rau_tau_timer = 3240,
                                          .default_context = 1,
                                          .n_apns = 2,
                                          .apns = {{.name = "internet",
                                                    .context = 1,
                                                    .pdn_type = HSSD_PDN_IPV4V6,
                                                    .qci = 9,
                                                    .arp_priority = 8,
                                                    .arp_pre_emptable = true,
                                                    .ambr = {500, 600}},
                                                   {.name = "meters",
                                                    .context = 2,
                                                    .pdn_type = HSSD_PDN_IPV4,
                                                    .qci = 5,
                                                    .arp_priority = 2,
                                                    .arp_may_pre_empt = true,
                                                    .ambr = {70, 80}}}}};
static struct hssd_config config = {
    .origin_host = (char[]){"hss." REALM},
    .origin_realm = (char[]){REALM},
    .plmns = home,
    .n_plmns = 1,
    .instance = 3,
    .vendor_id = OWN,
    .peers = peers,
    .n_peers = 2,
    .profiles = profiles,
    .n_profiles = 1,
    .alarms = {3, 5, false},
    .limits = {.events_kept = 1000, .recent_subscribers = 1024, .eir_rules = 100}};
static void (*meanwhile)(void); /* called while the writer has a change of the request */
static struct hssd hss;
static struct hssd_peer_state *peer_states[2];
static char dir[64];
static struct aka_keys keys_a;
static struct key_kme kme_a = {{1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16}};
static struct usim usim;
static struct binding_me me;

static struct imsi imsi_of(const char *digits)
{
    struct imsi imsi;
    assert_ok(imsi_parse(bytes_of_str(digits), &imsi));
    return imsi;
}

static struct imei imei_of(const char *digits)
{
    struct imei imei;
    assert_ok(imei_parse(bytes_of_str(digits), &imei));
    return imei;
}

static void hss_start(void)
{
    char db[128];
    char key[128];
    struct store_why why;
    snprintf(db, sizeof db, "%s/hss.db", dir);
    snprintf(key, sizeof key, "%s/kek", dir);
    struct store_options options = {.path = db, .kek_path = key, .create = true};
    hss = (struct hssd){.config = &config, .started_unix = 1};
    assert_ok(hssd_peers_start(&hss));
    for (size_t i = 0; i < 2; i++) {
        peer_states[i] = hssd_peer_by_host(&hss, bytes_of_str(peers[i].origin_host));
        assert_non_null(peer_states[i]);
        atomic_store(&peer_states[i]->connections, 1);
        atomic_store(&peer_states[i]->at_will.empty_until_ms, 0);
    }
    if (store_open(&options, &hss.store, &why) != E_OK) {
        fail_msg("%s", why.text);
    }
    assert_ok(store_reader_open(hss.store, &thread.reader));
    assert_ok(eir_lists_open(hss.store, NULL, config.limits.eir_rules, &hss.eir, &why));
    assert_ok(eir_reader_open(hss.eir, &thread.eir));
    uint64_t mark;
    assert_ok(store_read_mark(thread.reader, &mark));
    hss.clock = sqn_clock_start((SQN_EPOCH_UNIX + 1000000) * 1000, thread.now_ms, mark);
    uint64_t next;
    if (sqn_mark_due(sqn_glc(&hss.clock, thread.now_ms), mark, &next)) {
        struct store_writer *w = store_the_writer(hss.store);
        assert_ok(store_begin(w));
        assert_ok(store_set_mark(w, next));
        assert_ok(store_commit(w));
        mark = next;
    }
    atomic_store(&hss.mark, mark);
    assert_ok(recent_open(1024, &hss.recent));
    assert_ok(routes_open(16, &hss.routes));
    assert_ok(writer_start(hss.store, 64, &hss.writer));
    thread.h = &hss;
    thread.sent_n = 0;
    thread.requests = 0;
    thread.full = false;
    thread.out_size = 0;
    meanwhile = NULL;
}

static void hss_stop(void)
{
    writer_drain(hss.writer);
    while (pump_waiting()) {
        pump_one();
    }
    writer_stop(hss.writer);
    store_reader_close(thread.reader);
    eir_reader_close(thread.eir);
    eir_lists_close(hss.eir);
    recent_close(hss.recent);
    routes_close(hss.routes);
    hssd_peers_stop(&hss);
    store_close(hss.store);
}

static void put_subscriber(const char *imsi, uint8_t policy, bool suspended)
{
    struct store_writer *w = store_the_writer(hss.store);
    struct store_subscriber row = {.imsi = imsi_of(imsi),
                                   .keys = keys_a,
                                   .policy = policy,
                                   .suspended = suspended,
                                   .profile = "default",
                                   .msisdn = "49170123456"};
    enum store_did did;
    if (strcmp(imsi, IMSI_A) != 0) {
        row.msisdn[0] = '\0';
    }
    assert_ok(store_begin(w));
    assert_ok(store_put_subscriber(w, STORE_UPSERT, &row, &did));
    assert_ok(store_commit(w));
}

static void put_device(const char *imsi, const char *imei, const struct key_kme *kme)
{
    struct store_writer *w = store_the_writer(hss.store);
    struct store_device row = {.imsi = imsi_of(imsi), .imei = imei_of(imei), .has_kme = true};
    enum store_did did;
    row.kme = *kme;
    assert_ok(store_begin(w));
    assert_ok(store_put_device(w, STORE_UPSERT, &row, &did));
    assert_ok(store_commit(w));
}

static int world_up(void **state)
{
    (void)state;
    strcpy(dir, "/tmp/bindery-s6a-XXXXXX");
    if (mkdtemp(dir) == NULL || crypto_openssl_open(&thread.crypto) != E_OK) {
        return -1;
    }
    keys_a = (struct aka_keys){
        .algorithm = AKA_MILENAGE, .k.n = 16, .opc.n = 16, .res_len = 8, .k.b = {1}, .opc.b = {2}};
    usim = (struct usim){.keys = keys_a};
    me = (struct binding_me){.has_kme = true, .kme = kme_a};
    thread.now_ms = 1000;
    hss_start();
    put_subscriber(IMSI_A, BINDING_BOUND, false);
    put_device(IMSI_A, IMEI_A, &kme_a);
    return 0;
}

static int world_down(void **state)
{
    (void)state;
    char command[128];
    hss_stop();
    crypto_openssl_close(&thread.crypto);
    static const char *const files[] = {"hss.db", "hss.db-wal", "hss.db-shm", "hss.db.lock", "kek"};
    for (size_t i = 0; i < sizeof files / sizeof *files; i++) {
        snprintf(command, sizeof command, "%s/%s", dir, files[i]);
        (void)unlink(command);
    }
    return rmdir(dir);
}

/* ---- asking ---- */

struct ask {
    size_t mme; /* 0 or 1 */
    const char *imsi;
    unsigned vectors;
    unsigned utran;
    const char *served_imei;
    const uint8_t *resync; /* 30 octets */
    const char *plmn;
    bool plain; /* an MME that knows nothing of binding */
};

static bool repeats; /* the next request is the one before again */

static void request_of(struct s6a_request *r, size_t mme, const char *imsi)
{
    static uint32_t id;
    id += !repeats;
    repeats = false;
    s6a_request_begin(r, id, id);
    r->session_id = BYTES_LIT("session;1;1");
    r->origin_host = bytes_of_str(peers[mme].origin_host);
    r->origin_realm = BYTES_LIT(REALM);
    r->destination_realm = BYTES_LIT(REALM);
    r->user_name = bytes_of_str(imsi);
}

/* Hands a request to the HSS; an answer that needs no write is in thread.sent then. */
static enum s6a_outcome serve(size_t mme, struct bytes msg)
{
    struct s6a_call call = hssd_thread_call(&thread, 1);
    thread.sent_n = 0;
    call.peer = peer_states[mme];
    call.msg = msg;
    call.crowded = thread.crowded;
    assert_ok(diameter_header_read(msg, &call.header));
    assert_ok(diameter_routing_read(msg, &call.routing));
    enum s6a_outcome outcome = s6a_serve(&call);
    if (outcome == S6A_ANSWERED) {
        hssd_thread_send(&thread, 1, (struct bytes){call.out.p, call.n});
    }
    return outcome;
}

/* Carries a request through the HSS; the answer is in thread.sent. */
static struct bytes carry(size_t mme, struct bytes msg)
{
    if (serve(mme, msg) == S6A_LATER) {
        if (meanwhile != NULL) {
            meanwhile();
        }
        while (thread.sent_n == 0) {
            pump_one();
        }
    }
    return (struct bytes){thread.sent, thread.sent_n};
}

static inline struct bytes air_octets(const struct ask *q)
{
    static uint8_t octets[4096];
    struct s6a_air a = {.visited_plmn_id = bytes_of_str(q->plmn ? q->plmn : PLMN)};
    size_t n;
    a.visited_plmn_id = (struct bytes){(const uint8_t *)(q->plmn ? q->plmn : PLMN), 3};
    request_of(&a.request, q->mme, q->imsi ? q->imsi : IMSI_A);
    a.requested_eutran_authentication_info.present = q->vectors > 0;
    a.requested_eutran_authentication_info.number_of_requested_vectors =
        DIAMETER_U32_OF(q->vectors);
    if (q->resync != NULL) {
        a.requested_eutran_authentication_info.re_synchronization_info =
            (struct bytes){q->resync, 30};
    }
    a.requested_utran_geran_authentication_info.present = q->utran > 0;
    a.requested_utran_geran_authentication_info.number_of_requested_vectors =
        DIAMETER_U32_OF(q->utran);
    if (q->served_imei != NULL) {
        a.served_imei = bytes_of_str(q->served_imei);
    }
    if (!q->plain) {
        assert_true(s6a_features_add(a.request.supported_features, &a.request.supported_features_n,
                                     OWN, OWN_FEATURE_LIST_ID, OWN_FEATURE_BINDING));
    }
    assert_ok(s6a_air_write(OWN, &a, MBYTES_OF(octets), &n));
    return (struct bytes){octets, n};
}

static inline void air(const struct ask *q, struct s6a_aia *out)
{
    struct diameter_fault fault;
    assert_ok(s6a_aia_parse(OWN, carry(q->mme, air_octets(q)), out, &fault));
}

static uint32_t code_of(const struct s6a_answer *a)
{
    return a->experimental_result.present ? a->experimental_result.experimental_result_code.v
                                          : a->result_code.v;
}

static inline uint32_t air_code(const struct ask *q)
{
    static struct s6a_aia aia;
    air(q, &aia);
    return code_of(&aia.answer);
}

/* The device's answer to the first vector of an AIA; checks RES as an MME does. */
static inline enum binding_me_outcome challenge(const struct s6a_aia *aia, struct usim_answer *out)
{
    struct binding_vector v;
    assert_ok(wire_aia_vector(aia, 0, &v));
    enum binding_me_outcome o =
        binding_me_challenge(&thread.crypto, &me, &usim, v.rand, &v.autn, out);
    if (o == BINDING_ME_ANSWERED) {
        assert_int_equal(out->res.n, v.xres.n);
        assert_memory_equal(out->res.b, v.xres.b, v.xres.n);
    }
    return o;
}

static inline uint32_t ulr(size_t mme, const char *imsi, const char *imei, uint32_t flags,
                           struct s6a_ula *out)
{
    static uint8_t octets[4096];
    static struct s6a_ula mine;
    struct diameter_fault fault;
    size_t n;
    struct s6a_ulr u = {.visited_plmn_id = BYTES_LIT(PLMN),
                        .rat_type = DIAMETER_U32_OF(1004),
                        .ulr_flags = DIAMETER_U32_OF(flags | S6A_ULR_S6A_S6D)};
    u.visited_plmn_id.n = 3;
    request_of(&u.request, mme, imsi);
    if (imei != NULL) {
        u.terminal_information.present = true;
        u.terminal_information.imei = bytes_of_str(imei);
    }
    out = out != NULL ? out : &mine;
    assert_ok(s6a_ulr_write(OWN, &u, MBYTES_OF(octets), &n));
    assert_ok(s6a_ula_parse(OWN, carry(mme, (struct bytes){octets, n}), out, &fault));
    return code_of(&out->answer);
}

static inline uint32_t nor(size_t mme, const char *imei)
{
    static uint8_t octets[4096];
    struct s6a_noa noa;
    struct diameter_fault fault;
    size_t n;
    struct s6a_nor r = {
        .binding_failure = {.present = true,
                            .imei = bytes_of_str(imei),
                            .binding_failure_count = DIAMETER_U32_OF(1),
                            .binding_failure_cause = DIAMETER_U32_OF(S6A_FAILURE_MAC)}};
    request_of(&r.request, mme, IMSI_A);
    assert_ok(s6a_nor_write(OWN, &r, MBYTES_OF(octets), &n));
    assert_ok(s6a_noa_parse(OWN, carry(mme, (struct bytes){octets, n}), &noa, &fault));
    return code_of(&noa.answer);
}

static inline uint32_t pur(size_t mme, struct s6a_pua *out)
{
    static uint8_t octets[4096];
    struct diameter_fault fault;
    size_t n;
    struct s6a_pur r = {.pur_flags = DIAMETER_U32_OF(S6A_PUR_UE_PURGED_IN_MME)};
    request_of(&r.request, mme, IMSI_A);
    assert_ok(s6a_pur_write(OWN, &r, MBYTES_OF(octets), &n));
    assert_ok(s6a_pua_parse(OWN, carry(mme, (struct bytes){octets, n}), out, &fault));
    return code_of(&out->answer);
}

/* How often an event of this name, and cause unless NULL, is in the list. Events are written by the
 * one writer in order, so an empty job behind them is a fence. */
static enum err fence_run(struct store_writer *w, struct writer_job *job)
{
    (void)w;
    (void)job;
    return E_OK;
}
static void fence_open(void *arg)
{
    *(bool *)arg = true;
}
static bool fenced;
static void fence_done(struct writer_job *job)
{
    (void)job;
    if (!hssd_thread_post(&thread, fence_open, &fenced)) {
        abort();
    }
}

static inline size_t events(const char *name, const char *cause)
{
    static struct store_event list[256];
    static struct writer_job job = {.run = fence_run, .done = fence_done};
    size_t n;
    size_t count = 0;
    fenced = false;
    assert_ok(writer_submit(hss.writer, &job));
    while (!fenced) {
        pump_one();
    }
    assert_ok(store_list_events(thread.reader, 0, name, list, 256, &n));
    for (size_t i = 0; i < n; i++) {
        count += cause == NULL || strcmp(list[i].cause, cause) == 0;
    }
    return count;
}

static inline struct store_subscriber row_of(const char *imsi)
{
    struct store_subscriber row;
    struct imsi id = imsi_of(imsi);
    assert_ok(store_read_subscriber(thread.reader, &id, &row));
    return row;
}

/* Re-Synchronization-Info for the first vector of an answer. */
static inline void resync_info(const struct s6a_aia *aia, const struct auts *auts,
                               uint8_t out[static 30])
{
    memcpy(out, aia->authentication_info.e_utran_vector[0].rand.p, 16);
    memcpy(out + 16, auts->b, 14);
}

static inline struct s6a_clr clr_sent(void)
{
    struct s6a_clr clr;
    struct diameter_fault fault;
    assert_ok(s6a_clr_parse(OWN, (struct bytes){thread.sent, thread.sent_n}, &clr, &fault));
    return clr;
}

#endif
