/* test/nf/provision_world.h - a home network with lots, a repository and a pool, and devices that
 * make KMEs: real RSA and P-256 keys, a real store, real messages; for
 * test/nf/provision_*test.c. Header only: tests are single files. */
#ifndef BINDERY_TEST_NF_PROVISION_WORLD_H
#define BINDERY_TEST_NF_PROVISION_WORLD_H

#include "nf/repository_world.h"

#include "nf/s6a_world.h"

#include "net/lot_key.h"
#include "nf/hssd/inquiry.h"
#include "nf/hssd/kme_pool.h"
#include "nf/hssd/lots.h"
#include "nf/hssd/provision.h"
#include "wire/kme.h"

/* Devices: world_imei(i), i < MAKERS. Lots: "north" covers 0 to 999, "south" 1000 to 1999. */
#define MAKERS 4
#define SOUTH  1000u
#define NO_LOT 5000u
struct maker {
    struct device_key key;
    struct kme_me me;
    uint8_t room[KME_MODULUS_MAX];
    struct devid_signer signer;
    struct kme_device device;
    struct kme_payload payload; /* the last one it made */
    uint8_t octets[WIRE_KME_PAYLOAD_MAX];
    struct bytes value; /* and its container */
};
static struct maker makers[MAKERS];
static struct lot_key *lot_keys[2];
static struct kme_lot lots[2];

/* ---- devices ---- */

static inline enum err maker_sign(void *ctx, struct bytes content, uint8_t *out, size_t *n)
{
    const struct maker *m = ctx;
    struct device_signature s;
    device_sign(&m->key, content, &s);
    assert_true(s.n <= *n);
    memcpy(out, s.octets, s.n);
    *n = s.n;
    return E_OK;
}

static inline enum err maker_encrypt(void *ctx, struct bytes modulus, struct bytes label,
                                     struct bytes plain, uint8_t *out)
{
    (void)ctx;
    return lot_key_encrypt(modulus, label, plain, out);
}
static const struct kme_encrypter maker_encrypter = {.encrypt = maker_encrypt};

static inline struct bytes modulus_of(const struct kme_lot *lot)
{
    return (struct bytes){lot->modulus, lot->modulus_n};
}

/* A device as it leaves the factory, but for its key pair, which is made once. */
static inline void maker_anew(unsigned i)
{
    struct maker *m = &makers[i];
    const struct device_key key = m->key;
    memset(m, 0, sizeof *m);
    m->key = key;
    m->signer = (struct devid_signer){.ctx = m, .algorithm = DEVID_ECDSA_P256, .sign = maker_sign};
    m->device = (struct kme_device){.parties = {imsi_of(IMSI_A), world_imei(i), home[0]},
                                    .lot = lots[0].id,
                                    .modulus = modulus_of(&lots[0]),
                                    .signer = &m->signer,
                                    .encrypter = &maker_encrypter,
                                    .room = m->room};
}

/* Step 6: the payload to this nonce. */
static inline struct bytes maker_answers(unsigned i, const uint8_t nonce[static KME_NONCE_LEN])
{
    struct maker *m = &makers[i];
    assert_ok(kme_me_offer(&thread.crypto, &m->device, nonce, &m->me, &m->payload));
    assert_ok(wire_kme_payload_write(&m->payload, MBYTES_OF(m->octets), &m->value));
    return m->value;
}

static inline bool maker_key_of(const struct imei *imei, uint8_t out[static 91])
{
    for (unsigned i = 0; i < MAKERS; i++) {
        struct imei own = world_imei(i);
        if (imei_eq(&own, imei)) {
            assert_int_equal(makers[i].key.spki_n, 91);
            memcpy(out, makers[i].key.spki, 91);
            return true;
        }
    }
    return false;
}

/* ---- the home network ---- */

static inline void put_lot(size_t i, const char *id, uint64_t from)
{
    struct store_writer *w = store_the_writer(hss.store);
    struct store_lot row = {.modulus_n = (uint16_t)lot_key_modulus(lot_keys[i]).n, .ranges = 1};
    struct store_lot_key key;
    size_t n;
    const uint64_t first = UINT64_C(35693803000000) + from;
    struct store_lot_range range = {.first = first, .last = first + 999};
    snprintf(row.id, sizeof row.id, "%s", id);
    snprintf(row.manufacturer, sizeof row.manufacturer, "Maker");
    memcpy(row.modulus, lot_key_modulus(lot_keys[i]).p, row.modulus_n);
    assert_ok(lot_key_primes(lot_keys[i], key.p, key.q, &n));
    key.n = (uint16_t)n;
    assert_ok(store_begin(w));
    assert_ok(store_put_lot(w, &row, &key, &range, 1));
    assert_ok(store_commit(w));
}

static inline void pool_told(void *ctx, const char *name, const char *detail)
{
    (void)ctx, (void)name, (void)detail;
}
static const struct kme_pool_world pool_world = {.now_ms = world_now, .event = pool_told};

static inline int provision_up(void **state)
{
    struct verify_why why;
    struct store_why store_why;
    world_anew();
    world_key_of = maker_key_of;
    config.repositories = &world_config;
    config.n_repositories = 1;
    config.served_imei_known = false;
    config.devid = (struct hssd_devid){.cache_seconds = 3600,
                                       .unknown_seconds = 60,
                                       .changes_seconds = 3600,
                                       .entries = 1000,
                                       .wait_ms = 2000,
                                       .queue = 100,
                                       .connections = 2};
    config.kme = (struct hssd_kme){.nonce_seconds = 120, .threads = 1, .queue = 8};
    if (world_up(state) != 0) {
        return -1;
    }
    put_lot(0, "north", 0);
    put_lot(1, "south", SOUTH);
    assert_ok(lots_open(hss.store, &hss.lots, &store_why));
    assert_ok(crypto_openssl_open(&hss.writers));
    assert_ok(repositories_open(&config, &world_of_test, &hss.repositories, &why));
    assert_ok(inquiry_rates_open(64, &hss.inquiry_rates));
    assert_ok(kme_pool_open(&config, hss.store, &pool_world, &hss.kme_pool, &why));
    for (unsigned i = 0; i < MAKERS; i++) {
        maker_anew(i);
        world_publish(i, false);
    }
    return 0;
}

static inline int provision_down(void **state)
{
    WORLD_SET(held, false);
    repositories_quiesce(hss.repositories);
    kme_pool_quiesce(hss.kme_pool);
    repositories_join(hss.repositories);
    kme_pool_close(hss.kme_pool);
    int failed = world_down(state);
    repositories_close(hss.repositories);
    inquiry_rates_close(hss.inquiry_rates);
    lots_close(hss.lots);
    crypto_openssl_close(&hss.writers);
    return failed;
}

/* Keys that take a while to make: once for a program. */
static inline void provision_keys(void)
{
    static const char *const ids[] = {"north", "south"};
    world_keys();
    for (size_t i = 0; i < 2; i++) {
        assert_ok(lot_key_make(2048, &lot_keys[i]));
        assert_ok(kme_lot_make(bytes_of_str(ids[i]), BYTES_LIT("Maker"),
                               lot_key_modulus(lot_keys[i]), &lots[i]));
    }
    for (unsigned i = 0; i < MAKERS; i++) {
        device_make(&makers[i].key, VERIFY_KEY_P256);
    }
}

static inline void provision_keys_gone(void)
{
    for (unsigned i = 0; i < MAKERS; i++) {
        device_drop(&makers[i].key);
    }
    lot_key_close(lot_keys[0]);
    lot_key_close(lot_keys[1]);
    world_keys_gone();
}

/* ---- subscriptions: when the writer has nothing more to do ---- */

static inline void batch(void (*change)(struct store_writer *w))
{
    struct store_writer *w = store_the_writer(hss.store);
    (void)events("none", NULL);
    assert_ok(store_begin(w));
    change(w);
    assert_ok(store_commit(w));
}

static inline struct store_subscriber now_row(void)
{
    (void)events("none", NULL);
    return row_of(IMSI_A);
}

/* IMSI_A with this policy, and no devices. */
static inline void anew(struct store_writer *w, uint8_t policy)
{
    enum store_did did;
    struct store_subscriber row = {.imsi = imsi_of(IMSI_A),
                                   .keys = keys_a,
                                   .policy = policy,
                                   .profile = "default",
                                   .msisdn = "49170123456"};
    enum err err = store_remove_subscriber(w, &row.imsi);
    assert_true(err == E_OK || err == E_NOT_FOUND);
    assert_ok(store_put_subscriber(w, STORE_INSERT, &row, &did));
}

static inline void learns(struct store_writer *w)
{
    anew(w, BINDING_LEARN);
}

static inline void is_open(struct store_writer *w)
{
    anew(w, BINDING_OPEN);
}

static inline void suspends(struct store_writer *w)
{
    enum store_did did;
    struct store_subscriber row;
    struct imsi imsi = imsi_of(IMSI_A);
    assert_ok(store_writer_subscriber(w, &imsi, &row));
    row.suspended = true;
    assert_ok(store_put_subscriber(w, STORE_UPDATE, &row, &did));
}

static inline void removes(struct store_writer *w)
{
    struct imsi imsi = imsi_of(IMSI_A);
    assert_ok(store_remove_subscriber(w, &imsi));
}

static inline void adds_device(unsigned i, const struct key_kme *kme)
{
    struct imei imei = world_imei(i);
    struct store_device row = {.imsi = imsi_of(IMSI_A), .imei = imei, .has_kme = kme != NULL};
    struct store_writer *w = store_the_writer(hss.store);
    enum store_did did;
    row.kme = kme != NULL ? *kme : row.kme;
    (void)events("none", NULL);
    assert_ok(store_begin(w));
    assert_ok(store_put_device(w, STORE_UPSERT, &row, &did));
    assert_ok(store_commit(w));
}

static inline struct store_kme kme_row(void)
{
    struct store_kme row;
    struct imsi imsi = imsi_of(IMSI_A);
    (void)events("none", NULL);
    assert_ok(store_read_kme(thread.reader, &imsi, &row));
    return row;
}

static inline void put_kme(const struct store_kme *row)
{
    struct store_writer *w = store_the_writer(hss.store);
    (void)events("none", NULL);
    assert_ok(store_begin(w));
    assert_ok(store_put_kme(w, row));
    assert_ok(store_commit(w));
}

/* What an operator asks for; `device` MAKERS: of any device. */
static inline void requests(enum kme_request request, unsigned device)
{
    struct store_kme row = kme_row();
    row.request = (uint8_t)request;
    row.phase = KME_IDLE;
    row.request_has_imei = device < MAKERS;
    row.request_imei = device < MAKERS ? world_imei(device) : (struct imei){""};
    put_kme(&row);
}

static inline size_t devices_now(struct store_device out[static STORE_DEVICES_MAX])
{
    size_t n;
    struct imsi imsi = imsi_of(IMSI_A);
    (void)events("none", NULL);
    assert_ok(store_read_devices(thread.reader, &imsi, out, &n));
    return n;
}

/* ---- asking ---- */

#define BOTH (OWN_FEATURE_BINDING | OWN_FEATURE_PROVISIONING)

static struct s6a_aia aia;
static struct s6a_ula ula;

static inline struct bytes asks(size_t mme, unsigned vectors, const char *served, uint32_t features)
{
    static uint8_t octets[4096];
    size_t n;
    struct s6a_air a = {.visited_plmn_id = {(const uint8_t *)PLMN, 3}};
    request_of(&a.request, mme, IMSI_A);
    a.requested_eutran_authentication_info.present = true;
    a.requested_eutran_authentication_info.number_of_requested_vectors = DIAMETER_U32_OF(vectors);
    if (served != NULL) {
        a.served_imei = bytes_of_str(served);
    }
    if (features != 0) {
        assert_true(s6a_features_add(a.request.supported_features, &a.request.supported_features_n,
                                     OWN, OWN_FEATURE_LIST_ID, features));
    }
    assert_ok(s6a_air_write(OWN, &a, MBYTES_OF(octets), &n));
    return (struct bytes){octets, n};
}

static inline uint32_t take_aia(void)
{
    struct diameter_fault fault;
    assert_ok(s6a_aia_parse(OWN, (struct bytes){thread.sent, thread.sent_n}, &aia, &fault));
    return code_of(&aia.answer);
}

/* An AIR; true if its answer is for provisioning only, then with the nonce. */
static inline bool offered(size_t mme, const char *served, uint32_t features,
                           uint8_t nonce[static KME_NONCE_LEN])
{
    (void)carry(mme, asks(mme, 3, served, features));
    assert_int_equal(take_aia(), DIAMETER_SUCCESS);
    return wire_kme_offer_read(&aia.binding_control, nonce) == E_OK;
}

/* A ULR of IMSI_A; imei NULL: without one; value.p NULL: without a payload. */
static inline struct bytes updates(size_t mme, const char *imei, struct bytes value,
                                   uint32_t features)
{
    static uint8_t octets[4096];
    size_t n;
    struct s6a_ulr u = {.visited_plmn_id = {(const uint8_t *)PLMN, 3},
                        .rat_type = DIAMETER_U32_OF(1004),
                        .ulr_flags = DIAMETER_U32_OF(S6A_ULR_S6A_S6D)};
    request_of(&u.request, mme, IMSI_A);
    if (imei != NULL) {
        u.terminal_information.present = true;
        u.terminal_information.imei = bytes_of_str(imei);
    }
    if (features != 0) {
        assert_true(s6a_features_add(u.request.supported_features, &u.request.supported_features_n,
                                     OWN, OWN_FEATURE_LIST_ID, features));
    }
    wire_kme_update_fill(value, &u);
    assert_ok(s6a_ulr_write(OWN, &u, MBYTES_OF(octets), &n));
    return (struct bytes){octets, n};
}

static inline uint32_t take_ula(void)
{
    struct diameter_fault fault;
    assert_ok(s6a_ula_parse(OWN, (struct bytes){thread.sent, thread.sent_n}, &ula, &fault));
    return code_of(&ula.answer);
}

static inline uint32_t brings(size_t mme, const char *imei, struct bytes value)
{
    (void)carry(mme, updates(mme, imei, value, BOTH));
    return take_ula();
}

static inline uint32_t registers(size_t mme, unsigned device, uint32_t features)
{
    struct imei imei = world_imei(device);
    (void)carry(mme, updates(mme, imei.digits, (struct bytes){NULL, 0}, features));
    return take_ula();
}

/* Device `i` goes all the way over MME 0: offer, payload, NW_SIG. */
static inline void provisions(unsigned i)
{
    uint8_t nonce[KME_NONCE_LEN], nw_sig[KME_NW_SIG_LEN];
    struct imei imei = world_imei(i);
    assert_true(offered(0, imei.digits, BOTH, nonce));
    assert_int_equal(brings(0, imei.digits, maker_answers(i, nonce)), DIAMETER_SUCCESS);
    assert_ok(wire_kme_answer_read(&ula, nw_sig));
    assert_ok(kme_me_confirm(nw_sig, &makers[i].me));
}

static inline uint64_t counted(const _Atomic uint64_t *counter)
{
    return atomic_load(counter);
}

/* ---- a pool that is busy ---- */

static struct {
    struct kme_job job;
    pthread_mutex_t lock;
    pthread_cond_t wake;
    bool inside, go;
} stopper = {.lock = PTHREAD_MUTEX_INITIALIZER, .wake = PTHREAD_COND_INITIALIZER};

static inline void stopper_run(struct kme_job *job, const struct kme_tools *tools)
{
    (void)job, (void)tools;
    pthread_mutex_lock(&stopper.lock);
    stopper.inside = true;
    pthread_cond_broadcast(&stopper.wake);
    while (!stopper.go) {
        pthread_cond_wait(&stopper.wake, &stopper.lock);
    }
    pthread_mutex_unlock(&stopper.lock);
}

static inline void stopper_is_inside(void)
{
    pthread_mutex_lock(&stopper.lock);
    while (!stopper.inside) {
        pthread_cond_wait(&stopper.wake, &stopper.lock);
    }
    pthread_mutex_unlock(&stopper.lock);
}

/* Until pool_goes_on, the one thread of the pool is at something else. */
static inline void pool_stops(void)
{
    stopper.inside = stopper.go = false;
    stopper.job.run = stopper_run;
    assert_ok(kme_pool_submit(hss.kme_pool, &stopper.job));
    stopper_is_inside();
}

static inline void pool_goes_on(void)
{
    pthread_mutex_lock(&stopper.lock);
    stopper.go = true;
    pthread_cond_broadcast(&stopper.wake);
    pthread_mutex_unlock(&stopper.lock);
}

/* ---- a change by an operator that the writer makes before what is handed to it next ---- */

static struct {
    struct writer_job job;
    void (*change)(struct store_writer *w);
} rival;

static inline enum err rival_run(struct store_writer *w, struct writer_job *job)
{
    (void)job;
    stopper_run(NULL, NULL);
    rival.change(w);
    return E_OK;
}

static inline void rival_done(struct writer_job *job)
{
    (void)job;
}

/* From here on the writer waits; after rival_goes_on it makes this change, and then the rest. */
static inline void rival_waits(void (*change)(struct store_writer *w))
{
    (void)events("none", NULL);
    stopper.inside = stopper.go = false;
    rival.change = change;
    rival.job = (struct writer_job){.run = rival_run, .done = rival_done};
    assert_ok(writer_submit(hss.writer, &rival.job));
    stopper_is_inside();
}

static inline void rival_goes_on(void)
{
    pool_goes_on();
}

/* The change is made when the writer has handed back what it had, and before that is looked at. */
static inline void after_commit(void (*change)(struct store_writer *w))
{
    struct store_writer *w = store_the_writer(hss.store);
    WORLD_AWAIT(pump_waiting());
    assert_ok(store_begin(w));
    change(w);
    assert_ok(store_commit(w));
}

/* The next answer that comes. */
static inline uint32_t next_ula(void)
{
    thread.sent_n = 0;
    while (thread.sent_n == 0) {
        pump_one();
    }
    return take_ula();
}

#endif
