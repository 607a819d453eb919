/* test/nf/s6a_test.c - the HSS's half of S6a in one process: real messages, real store, real writer;
 * only the connections are missing. Every attack of the procedure `binding` is here with the name of
 * the refusal it gets, and a look at what did not change. */
#include "lib/check.h"

#include "codec/private.h"
#include "crypto/openssl.h"
#include "nf/hssd/routes.h"
#include "nf/hssd/s6a.h"

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define OWN     32473u
#define REALM   "epc.mnc001.mcc001.3gppnetwork.org"
#define MME1    "mme1." REALM
#define MME2    "mme2." REALM
#define IMSI_A  "001010000000001"
#define IMEI_A  "35693803564380"
#define IMEI_B  "35693803564381"
#define PLMN    "\x00\xf1\x10"

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
    struct crypto crypto;
    uint8_t out[65536];
    uint8_t sent[65536]; /* the last answer, or request of ours */
    size_t sent_n;
    unsigned requests;
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

struct s6a_call hssd_thread_call(struct hssd_thread *t, uint64_t conn)
{
    return (struct s6a_call){.h = t->h,
                             .thread = t,
                             .conn = conn,
                             .reader = t->reader,
                             .crypto = &t->crypto,
                             .now_ms = t->now_ms,
                             .out = MBYTES_OF(t->out)};
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

bool hssd_thread_request(struct hssd_thread *t, uint64_t conn, struct mbytes msg)
{
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
static struct hssd_profile profiles[] = {
    {.name = "default",
     .ambr = {1000000, 2000000},
     .network_access_mode = 2,
     .access_restriction_data = 1u << 6,
     .rau_tau_timer = 3240,
     .default_context = 1,
     .n_apns = 2,
     .apns = {{.name = "internet", .context = 1, .pdn_type = HSSD_PDN_IPV4V6, .qci = 9,
               .arp_priority = 8, .arp_pre_emptable = true, .ambr = {500, 600}},
              {.name = "meters", .context = 2, .pdn_type = HSSD_PDN_IPV4, .qci = 5,
               .arp_priority = 2, .arp_may_pre_empt = true, .ambr = {70, 80}}}}};
static struct hssd_config config = {.origin_host = (char[]){"hss." REALM},
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
                                    .limits = {.events_kept = 1000, .recent_subscribers = 1024}};
static struct hssd hss;
static struct hssd_peer_state peer_states[2];
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
    hss = (struct hssd){.config = &config, .peers = peer_states, .started_unix = 1};
    for (size_t i = 0; i < 2; i++) {
        peer_states[i].peer = &peers[i];
        atomic_store(&peer_states[i].connections, 1);
    }
    if (store_open(&options, &hss.store, &why) != E_OK) {
        fail_msg("%s", why.text);
    }
    assert_ok(store_reader_open(hss.store, &thread.reader));
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
}

static void hss_stop(void)
{
    writer_stop(hss.writer);
    while (pump_waiting()) {
        pump_one();
    }
    store_reader_close(thread.reader);
    recent_close(hss.recent);
    routes_close(hss.routes);
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

static void request_of(struct s6a_request *r, size_t mme, const char *imsi)
{
    static uint32_t id;
    id++;
    s6a_request_begin(r, id, id);
    r->session_id = BYTES_LIT("session;1;1");
    r->origin_host = bytes_of_str(peers[mme].origin_host);
    r->origin_realm = BYTES_LIT(REALM);
    r->destination_realm = BYTES_LIT(REALM);
    r->user_name = bytes_of_str(imsi);
}

/* Carries a request through the HSS; the answer is in thread.sent. */
static struct bytes carry(size_t mme, struct bytes msg)
{
    struct s6a_call call = hssd_thread_call(&thread, 1);
    thread.sent_n = 0;
    call.peer = &peer_states[mme];
    call.msg = msg;
    assert_ok(diameter_header_read(msg, &call.header));
    assert_ok(diameter_routing_read(msg, &call.routing));
    if (s6a_serve(&call) == S6A_ANSWERED) {
        hssd_thread_send(&thread, 1, (struct bytes){call.out.p, call.n});
    } else {
        while (thread.sent_n == 0) {
            pump_one();
        }
    }
    return (struct bytes){thread.sent, thread.sent_n};
}

static void air(const struct ask *q, struct s6a_aia *out)
{
    static uint8_t octets[4096];
    struct s6a_air a = {.visited_plmn_id = bytes_of_str(q->plmn ? q->plmn : PLMN)};
    struct diameter_fault fault;
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
        assert_true(s6a_features_add(a.request.supported_features,
                                     &a.request.supported_features_n, OWN, OWN_FEATURE_LIST_ID,
                                     OWN_FEATURE_BINDING));
    }
    assert_ok(s6a_air_write(OWN, &a, MBYTES_OF(octets), &n));
    assert_ok(s6a_aia_parse(OWN, carry(q->mme, (struct bytes){octets, n}), out, &fault));
}

static uint32_t code_of(const struct s6a_answer *a)
{
    return a->experimental_result.present ? a->experimental_result.experimental_result_code.v
                                          : a->result_code.v;
}

static uint32_t air_code(const struct ask *q)
{
    static struct s6a_aia aia;
    air(q, &aia);
    return code_of(&aia.answer);
}

/* The device's answer to the first vector of an AIA; checks RES as an MME does. */
static enum binding_me_outcome challenge(const struct s6a_aia *aia, struct usim_answer *out)
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

static uint32_t ulr(size_t mme, const char *imsi, const char *imei, uint32_t flags,
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

static uint32_t nor(size_t mme, const char *imei)
{
    static uint8_t octets[4096];
    struct s6a_noa noa;
    struct diameter_fault fault;
    size_t n;
    struct s6a_nor r = {.binding_failure = {.present = true,
                                            .imei = bytes_of_str(imei),
                                            .binding_failure_count = DIAMETER_U32_OF(1),
                                            .binding_failure_cause =
                                                DIAMETER_U32_OF(S6A_FAILURE_MAC)}};
    request_of(&r.request, mme, IMSI_A);
    assert_ok(s6a_nor_write(OWN, &r, MBYTES_OF(octets), &n));
    assert_ok(s6a_noa_parse(OWN, carry(mme, (struct bytes){octets, n}), &noa, &fault));
    return code_of(&noa.answer);
}

static uint32_t pur(size_t mme, struct s6a_pua *out)
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

static size_t events(const char *name, const char *cause)
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

static struct store_subscriber row_of(const char *imsi)
{
    struct store_subscriber row;
    struct imsi id = imsi_of(imsi);
    assert_ok(store_read_subscriber(thread.reader, &id, &row));
    return row;
}

/* ---- the procedure ---- */

/*= test binding-2 */
/*= test binding-list */
/*= test binding-keys */
static void a_bound_sim_authenticates_in_its_device_through_any_mme(void **state)
{
    (void)state;
    struct s6a_aia aia;
    struct usim_answer answer;
    air(&(struct ask){.vectors = 1, .plain = true}, &aia);
    assert_int_equal(code_of(&aia.answer), DIAMETER_SUCCESS);
    assert_false(aia.binding_control.present);
    assert_int_equal(challenge(&aia, &answer), BINDING_ME_ANSWERED);
    assert_int_equal(answer.sqn % SQN_IND_COUNT, config.instance);
    air(&(struct ask){.vectors = 1}, &aia);
    assert_int_equal(aia.binding_control.binding_mode.v, S6A_BINDING_PROCESSED);
}

/*= test binding-1d */
static void five_vectors_use_one_key_and_consecutive_seqs(void **state)
{
    (void)state;
    struct s6a_aia aia;
    uint64_t before = 0;
    air(&(struct ask){.vectors = 5}, &aia);
    assert_int_equal(aia.authentication_info.e_utran_vector_n, 5);
    for (unsigned i = 0; i < 5; i++) {
        struct binding_vector v;
        struct usim_answer a;
        assert_ok(wire_aia_vector(&aia, i, &v));
        assert_int_equal(
            binding_me_challenge(&thread.crypto, &me, &usim, v.rand, &v.autn, &a),
            BINDING_ME_ANSWERED);
        assert_true(i == 0 || a.sqn >> SQN_IND_BITS == before + 1);
        before = a.sqn >> SQN_IND_BITS;
        assert_int_equal(aia.authentication_info.e_utran_vector[i].item_number.v, i + 1);
    }
}

/*= test binding-access */
static void utran_vectors_are_processed_too(void **state)
{
    (void)state;
    struct s6a_aia aia;
    air(&(struct ask){.vectors = 1, .utran = 2}, &aia);
    assert_int_equal(aia.authentication_info.e_utran_vector_n, 1);
    assert_int_equal(aia.authentication_info.utran_vector_n, 2);
    const struct s6a_utran_vector *v = &aia.authentication_info.utran_vector[1];
    struct autn autn;
    struct usim_answer a;
    memcpy(autn.b, v->autn.p, 16);
    assert_int_equal(binding_me_challenge(&thread.crypto, &me, &usim, v->rand.p, &autn, &a),
                     BINDING_ME_ANSWERED);
    assert_memory_equal(a.ck.b, v->confidentiality_key.p, 16);
    assert_memory_equal(a.ik.b, v->integrity_key.p, 16);
}

/*= test binding-5b */
/*= test binding-factory */
/*= test binding-theft */
static void a_stolen_sim_is_refused_and_the_third_failure_raises_the_alarm(void **state)
{
    (void)state;
    struct s6a_aia aia;
    struct usim_answer answer;
    struct binding_me thief = {.has_kme = false};
    for (int i = 0; i < 4; i++) {
        struct binding_vector v;
        air(&(struct ask){.vectors = 1, .served_imei = IMEI_A}, &aia);
        assert_ok(wire_aia_vector(&aia, 0, &v));
        assert_int_equal(
            binding_me_challenge(&thread.crypto, &thief, &usim, v.rand, &v.autn, &answer),
            BINDING_ME_NO_KME);
        assert_int_equal(nor(0, IMEI_A), DIAMETER_SUCCESS);
        assert_int_equal(events("suspected-theft", NULL), i >= 2 ? 1 : 0);
    }
    assert_int_equal(row_of(IMSI_A).binding_failures, 4);
    assert_int_equal(events("binding-failure", "mac-failure"), 4);
    /* Nothing but the count changed: the right device still gets in, and that ends the row. */
    air(&(struct ask){.vectors = 1}, &aia);
    assert_int_equal(challenge(&aia, &answer), BINDING_ME_ANSWERED);
    assert_int_equal(ulr(0, IMSI_A, IMEI_A, 0, NULL), DIAMETER_SUCCESS);
    assert_int_equal(row_of(IMSI_A).binding_failures, 0);
}

/*= test binding-unlisted */
/*= test binding-bound */
static void an_unlisted_served_imei_gets_no_vector(void **state)
{
    (void)state;
    struct s6a_aia aia;
    air(&(struct ask){.vectors = 1, .served_imei = IMEI_B}, &aia);
    assert_int_equal(code_of(&aia.answer), S6A_AUTHENTICATION_DATA_UNAVAILABLE);
    assert_int_equal(aia.authentication_info.e_utran_vector_n, 0);
    assert_int_equal(events("refused", "imei-not-authorised"), 1);
}

static void a_registration_with_an_unlisted_imei_is_refused(void **state)
{
    (void)state;
    assert_int_equal(ulr(0, IMSI_A, IMEI_B, 0, NULL), DIAMETER_UNABLE_TO_COMPLY);
    assert_int_equal(events("refused", "imei-not-listed"), 1);
    assert_string_equal(row_of(IMSI_A).serving.host, "");
    assert_false(row_of(IMSI_A).has_last_imei);
}

/*= test binding-reported */
/*= test binding-0 */
static void the_imei_of_the_registration_picks_the_key_next_time(void **state)
{
    (void)state;
    struct key_kme other = {{9}};
    struct s6a_aia aia;
    struct usim_answer answer;
    put_device(IMSI_A, IMEI_B, &other);
    assert_int_equal(air_code(&(struct ask){.vectors = 1}), S6A_AUTHENTICATION_DATA_UNAVAILABLE);
    assert_int_equal(events("refused", "kme-ambiguous"), 1);
    air(&(struct ask){.vectors = 1, .served_imei = IMEI_A}, &aia);
    assert_int_equal(challenge(&aia, &answer), BINDING_ME_ANSWERED);
    assert_int_equal(ulr(0, IMSI_A, IMEI_A "01", 0, NULL), DIAMETER_SUCCESS);
    air(&(struct ask){.vectors = 1}, &aia);
    assert_int_equal(challenge(&aia, &answer), BINDING_ME_ANSWERED);
}

/* ---- resynchronisation ---- */

static void resync_info(const struct s6a_aia *aia, const struct auts *auts, uint8_t out[static 30])
{
    memcpy(out, aia->authentication_info.e_utran_vector[0].rand.p, 16);
    memcpy(out + 16, auts->b, 14);
}

/*= test binding-resync */
static void a_usim_far_ahead_resynchronises_with_one_write(void **state)
{
    (void)state;
    struct s6a_aia aia;
    struct usim_answer answer;
    uint8_t info[30];
    usim.seq[3] = UINT64_C(1) << 40;
    air(&(struct ask){.vectors = 1}, &aia);
    assert_int_equal(challenge(&aia, &answer), BINDING_ME_SYNC_FAILURE);
    resync_info(&aia, &answer.auts, info);
    air(&(struct ask){.vectors = 1, .resync = info}, &aia);
    assert_int_equal(code_of(&aia.answer), DIAMETER_SUCCESS);
    assert_int_equal(challenge(&aia, &answer), BINDING_ME_ANSWERED);
    assert_true(row_of(IMSI_A).dif > 0);
    assert_int_equal(events("resynchronised", NULL), 1);
    /* The same AUTS again, replayed by whoever saw it: no state changes. */
    int64_t dif = row_of(IMSI_A).dif;
    assert_int_equal(air_code(&(struct ask){.vectors = 1, .resync = info}), DIAMETER_SUCCESS);
    assert_int_equal(row_of(IMSI_A).dif, dif);
}

/*= test binding-update */
static void auts_under_the_previous_kme_is_understood(void **state)
{
    (void)state;
    struct s6a_aia aia;
    struct usim_answer answer;
    struct key_kme newer = {{7, 7, 7}};
    uint8_t info[30];
    usim.seq[3] = UINT64_C(1) << 40;
    air(&(struct ask){.vectors = 1}, &aia);
    assert_int_equal(challenge(&aia, &answer), BINDING_ME_SYNC_FAILURE);
    resync_info(&aia, &answer.auts, info);
    put_device(IMSI_A, IMEI_A, &newer);
    air(&(struct ask){.vectors = 1, .resync = info}, &aia);
    assert_int_equal(code_of(&aia.answer), DIAMETER_SUCCESS);
    me.kme = newer;
    assert_int_equal(challenge(&aia, &answer), BINDING_ME_ANSWERED);
}

static void a_forged_auts_is_refused_and_nothing_moves(void **state)
{
    (void)state;
    struct s6a_aia aia;
    struct usim_answer answer;
    uint8_t info[30];
    usim.seq[3] = UINT64_C(1) << 40;
    air(&(struct ask){.vectors = 1}, &aia);
    assert_int_equal(challenge(&aia, &answer), BINDING_ME_SYNC_FAILURE);
    resync_info(&aia, &answer.auts, info);
    info[29] ^= 1;
    air(&(struct ask){.vectors = 1, .resync = info}, &aia);
    assert_int_equal(code_of(&aia.answer), S6A_AUTHENTICATION_DATA_UNAVAILABLE);
    assert_int_equal(aia.authentication_info.e_utran_vector_n, 0);
    assert_int_equal(events("refused", "auts-forged"), 1);
    assert_int_equal(row_of(IMSI_A).dif, 0);
}

/* A crash is memory dropped and the stored image read again. */
static void after_a_crash_no_sqn_goes_back(void **state)
{
    (void)state;
    struct s6a_aia aia;
    struct usim_answer answer;
    uint64_t highest = 0;
    for (int crash = 0; crash < 12; crash++) {
        for (int i = 0; i < 7; i++) {
            air(&(struct ask){.vectors = 3}, &aia);
            assert_int_equal(challenge(&aia, &answer), BINDING_ME_ANSWERED);
            assert_true(answer.sqn > highest);
            highest = answer.sqn + 2 * SQN_IND_COUNT; /* the two that were not used */
        }
        hss_stop();
        hss_start();
    }
}

/* ---- registration ---- */

static void a_registration_brings_the_whole_subscription(void **state)
{
    (void)state;
    struct s6a_ula ula;
    assert_int_equal(ulr(0, IMSI_A, IMEI_A, S6A_ULR_INITIAL_ATTACH, &ula), DIAMETER_SUCCESS);
    const struct s6a_subscription_data *d = &ula.subscription_data;
    assert_int_equal(ula.ula_flags.v, S6A_ULA_SEPARATION);
    assert_int_equal(d->subscriber_status.v, S6A_SERVICE_GRANTED);
    assert_int_equal(d->network_access_mode.v, S6A_ONLY_PACKET);
    assert_int_equal(d->access_restriction_data.v, 1u << 6);
    assert_int_equal(d->subscribed_periodic_rau_tau_timer.v, 3240);
    assert_int_equal(d->ambr.max_requested_bandwidth_ul.v, 1000000);
    assert_int_equal(d->ambr.max_requested_bandwidth_dl.v, 2000000);
    assert_int_equal(d->msisdn.n, 6);
    assert_memory_equal(d->msisdn.p, "\x94\x71\x10\x32\x54\xf6", 6);
    assert_int_equal(d->apn_configuration_profile.apn_configuration_n, 2);
    const struct s6a_apn_configuration *apn = &d->apn_configuration_profile.apn_configuration[1];
    assert_true(bytes_eq(apn->service_selection, BYTES_LIT("meters")));
    assert_int_equal(apn->eps_subscribed_qos_profile.qos_class_identifier.v, 5);
    const struct s6a_allocation_retention_priority *arp =
        &apn->eps_subscribed_qos_profile.allocation_retention_priority;
    assert_int_equal(arp->priority_level.v, 2);
    assert_int_equal(arp->pre_emption_capability.v, S6A_MAY_PRE_EMPT);
    assert_int_equal(arp->pre_emption_vulnerability.v, S6A_NOT_PRE_EMPTABLE);
    assert_string_equal(row_of(IMSI_A).serving.host, MME1);
    assert_int_equal(ulr(0, IMSI_A, IMEI_A, S6A_ULR_SKIP_SUBSCRIBER_DATA, &ula), DIAMETER_SUCCESS);
    assert_false(ula.subscription_data.present);
}

static struct s6a_clr clr_sent(void)
{
    struct s6a_clr clr;
    struct diameter_fault fault;
    assert_ok(s6a_clr_parse(OWN, (struct bytes){thread.sent, thread.sent_n}, &clr, &fault));
    return clr;
}

static void the_old_mme_is_told_when_another_registers(void **state)
{
    (void)state;
    struct route to_mme1 = {.peer = &peer_states[0], .thread = &thread, .conn = 1};
    assert_ok(routes_add(hss.routes, &to_mme1));
    assert_int_equal(ulr(0, IMSI_A, IMEI_A, 0, NULL), DIAMETER_SUCCESS);
    assert_int_equal(ulr(1, IMSI_A, IMEI_A, 0, NULL), DIAMETER_SUCCESS);
    pump_one();
    assert_int_equal(thread.requests, 1);
    struct s6a_clr clr = clr_sent();
    assert_true(bytes_eq(clr.request.destination_host, BYTES_LIT(MME1)));
    assert_true(bytes_eq(clr.request.user_name, BYTES_LIT(IMSI_A)));
    assert_int_equal(clr.cancellation_type.v, S6A_MME_UPDATE_PROCEDURE);
    /* A repetition tells nobody. */
    assert_int_equal(ulr(1, IMSI_A, IMEI_A, 0, NULL), DIAMETER_SUCCESS);
    assert_false(pump_waiting());
}

/*= test binding-cancel */
static void becoming_bound_tells_every_node_that_may_hold_vectors(void **state)
{
    (void)state;
    struct route routes[] = {{.peer = &peer_states[0], .thread = &thread, .conn = 1},
                             {.peer = &peer_states[1], .thread = &thread, .conn = 2}};
    assert_ok(routes_add(hss.routes, &routes[0]));
    assert_ok(routes_add(hss.routes, &routes[1]));
    assert_int_equal(ulr(0, IMSI_A, IMEI_A, 0, NULL), DIAMETER_SUCCESS);
    struct store_subscriber row = row_of(IMSI_A);
    hssd_cancel_location(&hss, &row.imsi, &row.serving, true, S6A_MME_UPDATE_PROCEDURE);
    pump_one();
    assert_true(bytes_eq(clr_sent().request.destination_host, BYTES_LIT(MME1)));
    pump_one();
    assert_true(bytes_eq(clr_sent().request.destination_host, BYTES_LIT(MME2)));
    assert_false(pump_waiting());
}

static void a_purge_counts_only_from_the_serving_node(void **state)
{
    (void)state;
    struct s6a_pua pua;
    assert_int_equal(ulr(0, IMSI_A, IMEI_A, 0, NULL), DIAMETER_SUCCESS);
    assert_int_equal(pur(1, &pua), DIAMETER_SUCCESS);
    assert_int_equal(pua.pua_flags.v, 0);
    assert_false(row_of(IMSI_A).serving.purged);
    assert_int_equal(pur(0, &pua), DIAMETER_SUCCESS);
    assert_int_equal(pua.pua_flags.v, S6A_PUA_FREEZE_M_TMSI);
    assert_true(row_of(IMSI_A).serving.purged);
}

static void a_failure_report_from_a_node_that_got_no_vector_is_refused(void **state)
{
    (void)state;
    assert_int_equal(nor(1, IMEI_A), S6A_UNKNOWN_SERVING_NODE);
    assert_int_equal(row_of(IMSI_A).binding_failures, 0);
    assert_int_equal(events("refused", "unknown-serving-node"), 1);
}

/*= test binding-unconfirmed */
static void vectors_without_a_registration_raise_their_event_once(void **state)
{
    (void)state;
    for (int i = 0; i < 8; i++) {
        assert_int_equal(air_code(&(struct ask){.vectors = 1}), DIAMETER_SUCCESS);
    }
    assert_int_equal(events("unconfirmed-vectors", NULL), 1);
    assert_int_equal(events("suspected-theft", NULL), 0);
}

/* ---- refusals ---- */

static void each_refusal_has_its_code_and_its_name(void **state)
{
    (void)state;
    put_subscriber("001010000000002", BINDING_OPEN, true);
    put_subscriber("001010000000003", BINDING_BOUND, false);
    assert_int_equal(air_code(&(struct ask){.vectors = 1, .imsi = "001010000000099"}),
                     S6A_USER_UNKNOWN);
    assert_int_equal(events("refused", "unknown-subscriber"), 1);
    assert_int_equal(air_code(&(struct ask){.vectors = 1, .imsi = "001010000000002"}),
                     DIAMETER_UNABLE_TO_COMPLY);
    assert_int_equal(events("refused", "barred"), 1);
    assert_int_equal(air_code(&(struct ask){.vectors = 1, .imsi = "001010000000003"}),
                     S6A_AUTHENTICATION_DATA_UNAVAILABLE);
    assert_int_equal(events("refused", "no-kme"), 1);
    assert_int_equal(air_code(&(struct ask){.vectors = 1, .plmn = "\x62\xf2\x10"}),
                     DIAMETER_UNABLE_TO_COMPLY);
    assert_int_equal(events("refused", "visited-plmn-not-allowed"), 1);
    assert_int_equal(air_code(&(struct ask){.vectors = 1, .imsi = "00101000000000x"}),
                     DIAMETER_INVALID_AVP_VALUE);
    assert_int_equal(air_code(&(struct ask){.vectors = 0}), DIAMETER_MISSING_AVP);
    assert_int_equal(events("refused", "malformed"), 2);
    assert_int_equal(ulr(0, "001010000000099", NULL, 0, NULL), S6A_USER_UNKNOWN);
    profiles[0].access_restriction_data = 1u << 4;
    assert_int_equal(ulr(0, IMSI_A, IMEI_A, 0, NULL), S6A_RAT_NOT_ALLOWED);
    profiles[0].access_restriction_data = 1u << 6;
    assert_int_equal(events("refused", "rat-not-allowed"), 1);
}

static void too_many_vectors_in_no_time_end_in_a_refusal_not_in_a_repeated_sqn(void **state)
{
    (void)state;
    uint32_t code = DIAMETER_SUCCESS;
    int asked = 0;
    while (code == DIAMETER_SUCCESS && asked < 1000) {
        code = air_code(&(struct ask){.vectors = 5});
        asked++;
    }
    assert_int_equal(code, S6A_AUTHENTICATION_DATA_UNAVAILABLE);
    assert_int_equal(events("refused", "sqn-exhausted"), 1);
}

#define CASE(f) cmocka_unit_test_setup_teardown(f, world_up, world_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        CASE(a_bound_sim_authenticates_in_its_device_through_any_mme),
        CASE(five_vectors_use_one_key_and_consecutive_seqs),
        CASE(utran_vectors_are_processed_too),
        CASE(a_stolen_sim_is_refused_and_the_third_failure_raises_the_alarm),
        CASE(an_unlisted_served_imei_gets_no_vector),
        CASE(a_registration_with_an_unlisted_imei_is_refused),
        CASE(the_imei_of_the_registration_picks_the_key_next_time),
        CASE(a_usim_far_ahead_resynchronises_with_one_write),
        CASE(auts_under_the_previous_kme_is_understood),
        CASE(a_forged_auts_is_refused_and_nothing_moves),
        CASE(after_a_crash_no_sqn_goes_back),
        CASE(a_registration_brings_the_whole_subscription),
        CASE(the_old_mme_is_told_when_another_registers),
        CASE(becoming_bound_tells_every_node_that_may_hold_vectors),
        CASE(a_purge_counts_only_from_the_serving_node),
        CASE(a_failure_report_from_a_node_that_got_no_vector_is_refused),
        CASE(vectors_without_a_registration_raise_their_event_once),
        CASE(each_refusal_has_its_code_and_its_name),
        CASE(too_many_vectors_in_no_time_end_in_a_refusal_not_in_a_repeated_sqn),
    };
    return cmocka_run_group_tests_name("s6a", tests, NULL, NULL);
}
