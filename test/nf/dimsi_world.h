/* test/nf/dimsi_world.h - a home network that takes devices by their discovery IMSIs, with a real
 * store, writer and threads, among those of test/nf/dimsi_fakes.h. For test/nf/dimsi_*_test.c.
 * Header only: tests are single files. */
#ifndef BINDERY_TEST_NF_DIMSI_WORLD_H
#define BINDERY_TEST_NF_DIMSI_WORLD_H

#include "nf/dimsi_fakes.h"

#include <sched.h>

#define DIMSI_1 "901700000000001"
#define DIMSI_2 "901700000000002"
#define TEMP_1  "001010000700000" /* they are given in order: not_drawn */
#define TEMP_2  "001010000700001"
#define OWN_1   "001010000800000"

/* ---- the home network ---- */

static struct hssd_sp sps[2];
static struct hssd_dimsi_remote arpfs[1], discoveries[1];
static bool without_rsmf;

static inline void dimsi_config(void)
{
    static char names[][32] = {SP_1_NAME, SP_2_NAME, ARPF_NAME, "901-70", "rsmf", "default"};
    static char links[][48] = {ARPF_LINK, "https://dausf.example.org", "https://rsmf.example.org"};
    sps[0] = (struct hssd_sp){.name = names[0], .offers_most = 10};
    sps[1] = (struct hssd_sp){.name = names[1], .offers_most = 1};
    arpfs[0] = (struct hssd_dimsi_remote){.name = names[2], .link = links[0]};
    discoveries[0] = (struct hssd_dimsi_remote){
        .name = names[3], .plmn = {.mcc = "901", .mnc = "70"}, .link = links[1]};
    config.dimsi =
        (struct hssd_dimsi){.enabled = true,
                            .plmn = home[0],
                            .agreement_certificate = paths[1],
                            .agreement_key = paths[2],
                            .ci_roots = paths[0],
                            .sp_roots = paths[0],
                            .sps = sps,
                            .n_sps = 2,
                            .arpfs = arpfs,
                            .n_arpfs = 1,
                            .discovery = discoveries,
                            .n_discovery = 1,
                            .rsmf = {.name = names[4], .link = without_rsmf ? NULL : links[2]},
                            .profile = names[5],
                            .operator_profile = names[5],
                            .operator_policy = BINDING_OPEN,
                            .operator_algorithm = AKA_MILENAGE,
                            .n_pools = 1,
                            .n_operator_pools = without_rsmf ? 0 : 1,
                            .entry_seconds = 1000,
                            .quarantine_seconds = 500,
                            .poll_seconds = 1,
                            .pool_low_percent = 10,
                            .threads = 2};
    config.dimsi.pools[0] =
        (struct hssd_imsi_pool){imsi_of(TEMP_1), imsi_of("001010000700004"), home[0]};
    config.dimsi.operator_pools[0] =
        (struct hssd_imsi_pool){imsi_of(OWN_1), imsi_of("001010000800004"), home[0]};
}

/* What an IMSI is drawn by is zeros, the rest is random. */
static enum err (*world_random)(void *ctx, struct mbytes out);
static inline enum err not_drawn(void *ctx, struct mbytes out)
{
    if (out.n == STORE_DRAWS * sizeof(uint32_t)) {
        memset(out.p, 0, out.n);
        return E_OK;
    }
    return world_random(ctx, out);
}

static inline void dimsi_begin(void)
{
    const struct hss_dimsi_world world = {.now_ms = fake_now, .unix_s = fake_unix, .ask = fake_ask};
    struct store_why why = {.text = ""};
    assert_ok(crypto_openssl_open(&hss.writers));
    world_random = hss.writers.random;
    hss.writers.random = not_drawn;
    if (hss_dimsi_open(&hss, &world, &why) != E_OK) {
        fail_msg("%s", why.text);
    }
}

/* As hssd_stop does it. */
static inline void dimsi_end(void)
{
    hss_dimsi_quiesce(hss.dimsi);
    hss_dimsi_join(hss.dimsi);
    writer_drain(hss.writer);
    hss_dimsi_close(hss.dimsi);
    hss.dimsi = NULL;
    crypto_openssl_close(&hss.writers);
}

/* Nothing that was not stored is left: as after kill -9. */
static inline void dimsi_restart(void)
{
    dimsi_end();
    hss_stop();
    FAKE_SET(dark, false);
    FAKE_SET(cut_at, 0);
    hss_start();
    dimsi_begin();
}

static inline int dimsi_up(void **state)
{
    const pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
    memset(&fake, 0, sizeof fake);
    fake.lock = lock;
    fake.release = 1;
    fake.endorsed_for = 100000;
    dimsi_config();
    if (world_up(state) != 0) {
        return -1;
    }
    dimsi_begin();
    return 0;
}

static inline int dimsi_down(void **state)
{
    dimsi_end();
    const int failed = world_down(state);
    without_rsmf = false;
    for (size_t i = 0; i < 4; i++) {
        free(fake.devices[i]);
        fake.devices[i] = NULL;
    }
    return failed;
}

/* ---- offers ---- */

struct taking_in {
    const struct offered_one *one;
    size_t sp;
    struct dimsi_arrived arrived;
};

static inline enum err take_run(struct store_writer *w, struct dimsi_write *x)
{
    struct taking_in *t = x->ctx;
    const struct dimsi_arriving in = {.sp = &sps[t->sp],
                                      .dimsi = &t->one->dimsi,
                                      .offered = &t->one->offered,
                                      .arpf = ARPF_LINK,
                                      .paper = bytes_of_str(t->one->paper),
                                      .at = fake_unix(NULL)};
    return hss_dimsi_take(&hss, w, &in, &t->arrived);
}

/* As the listener does it. */
static inline struct dimsi_arrived take_offer(size_t sp, const struct offered_one *one)
{
    struct taking_in t = {.one = one, .sp = sp};
    struct dimsi_write x = {.d = hss.dimsi, .apply = take_run, .ctx = &t};
    assert_ok(hss_dimsi_write(&x));
    if (t.arrived.taken) {
        hss_dimsi_tell_phase(&hss, &t.arrived.row, NULL);
    }
    hss_dimsi_wake(hss.dimsi);
    return t.arrived;
}

/* Among those that the ARPF and the D-AUSF know, in the place of the one before. */
static inline struct offered_one *device(size_t i, const char *dimsi, uint8_t seed, uint64_t number)
{
    struct offered_one *one = malloc(sizeof *one);
    assert_non_null(one);
    *one = offer_of(dimsi, seed, number);
    pthread_mutex_lock(&fake.lock);
    free(fake.devices[i]);
    fake.devices[i] = one;
    pthread_mutex_unlock(&fake.lock);
    return one;
}

struct telling {
    struct imsi dimsi;
    enum hss_dimsi_word word;
    struct hss_dimsi_change change;
};

static inline enum err tell_run(struct store_writer *w, struct dimsi_write *x)
{
    struct telling *t = x->ctx;
    return hss_dimsi_tell(&hss, w, &t->dimsi, t->word, &t->change);
}

static inline enum err tell(const char *dimsi, enum hss_dimsi_word word,
                            struct hss_dimsi_change *out)
{
    struct telling t = {.dimsi = imsi_of(dimsi), .word = word};
    struct dimsi_write x = {.d = hss.dimsi, .apply = tell_run, .ctx = &t};
    enum err err = hss_dimsi_write(&x);
    if (err == E_OK && !t.change.wrong_phase) {
        hss_dimsi_told(&hss, word, &t.change);
    }
    *out = t.change;
    return err;
}

/* ---- what is stored ---- */

static inline struct store_dimsi dimsi_now(const char *dimsi)
{
    struct store_dimsi row = {.phase = 0};
    const struct imsi key = imsi_of(dimsi);
    enum err err = store_read_dimsi(thread.reader, &key, &row);
    assert_true(err == E_OK || err == E_NOT_FOUND);
    return row;
}

/* Until it is so, however long that takes: a test that hangs is ended by ctest. */
#define AWAIT(condition)                                                                           \
    while (!(condition)) {                                                                         \
        hss_dimsi_wake(hss.dimsi);                                                                 \
        sched_yield();                                                                             \
    }
static inline struct store_dimsi await_phase(const char *dimsi, enum store_dimsi_phase phase,
                                             unsigned todo)
{
    struct store_dimsi row = dimsi_now(dimsi);
    while (row.phase != phase || row.todo != todo) {
        hss_dimsi_wake(hss.dimsi);
        sched_yield();
        row = dimsi_now(dimsi);
    }
    return row;
}

static inline bool has_papers(const char *dimsi)
{
    struct store_dimsi_papers *p = malloc(sizeof *p);
    const struct imsi key = imsi_of(dimsi);
    assert_non_null(p);
    assert_ok(store_read_dimsi_papers(thread.reader, &key, p));
    const bool has = p->has_challenge || p->offer_n > 0 || p->endorsement_n > 0;
    free(p);
    return has;
}

static inline unsigned fake_number(const unsigned *member)
{
    pthread_mutex_lock(&fake.lock);
    const unsigned n = *member;
    pthread_mutex_unlock(&fake.lock);
    return n;
}

static inline bool is_subscriber(const char *imsi)
{
    struct store_subscriber row;
    const struct imsi key = imsi_of(imsi);
    enum err err = store_read_subscriber(thread.reader, &key, &row);
    assert_true(err == E_OK || err == E_NOT_FOUND);
    return err == E_OK;
}

/* ---- the device ---- */

static inline void hex_into(const char *text, uint8_t *out, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        unsigned v;
        assert_int_equal(sscanf(text + 2 * i, "%2x", &v), 1);
        out[i] = (uint8_t)v;
    }
}

/* It takes the IMSI out of what the D-AUSF has. */
static inline void installs(struct offered_one *one, const char *imsi)
{
    struct rand128 rand;
    struct autn autn;
    struct dimsi_answer answer;
    pthread_mutex_lock(&fake.lock);
    const struct fake_entry e = *entry_for(one->dimsi.digits);
    pthread_mutex_unlock(&fake.lock);
    hex_into(e.rand, rand.b, 16);
    hex_into(e.autn, autn.b, 16);
    assert_int_equal(dimsi_se_challenge(&thread.crypto, &one->slot, &rand, &autn, &answer),
                     DIMSI_OUTCOME_INSTALL);
    assert_string_equal(answer.imsi.digits, imsi);
    assert_string_equal(e.imsi, imsi);
    one->slot.installed = true;
    one->slot.imsi = answer.imsi;
}

/* The second attach: AKA with K and OPc from eK, and the registration. */
static inline void attaches(struct offered_one *one)
{
    struct s6a_aia aia;
    struct usim_answer answer;
    const char *imsi = one->slot.imsi.digits;
    usim = (struct usim){.keys = keys_a};
    assert_ok(dimsi_aka_keys(&thread.crypto, &one->ek, &one->dimsi, &one->slot.imsi, &usim.keys));
    const struct ask q = {.imsi = imsi, .vectors = 1, .plain = true};
    air(&q, &aia);
    assert_int_equal(code_of(&aia.answer), DIAMETER_SUCCESS);
    me = (struct binding_me){.has_kme = false};
    assert_int_equal(challenge(&aia, &answer), BINDING_ME_ANSWERED);
    assert_int_equal(ulr(0, imsi, IMEI_A, 0, NULL), DIAMETER_SUCCESS);
}

/* With the operator's own subscription: the vectors, and the registration. */
static inline void attaches_with_own(const char *imsi)
{
    struct s6a_aia aia;
    const struct ask q = {.imsi = imsi, .vectors = 1, .plain = true};
    air(&q, &aia);
    assert_int_equal(code_of(&aia.answer), DIAMETER_SUCCESS);
    assert_int_equal(ulr(0, imsi, IMEI_A, 0, NULL), DIAMETER_SUCCESS);
}

/* It has installed the operator's profile, and says so to the RSMF. */
static inline void confirms(size_t delivery)
{
    pthread_mutex_lock(&fake.lock);
    fake.deliveries[delivery].confirmed = true;
    fake.deliveries[delivery].serial = ++fake.serial;
    pthread_mutex_unlock(&fake.lock);
}

static inline void advance(int64_t seconds)
{
    pthread_mutex_lock(&fake.lock);
    fake.skew += seconds;
    pthread_mutex_unlock(&fake.lock);
}

#endif
