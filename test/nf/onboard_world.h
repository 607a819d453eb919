/* test/nf/onboard_world.h - a home network that gives subscriptions to devices, with a real store,
 * writer, pool and site: for test/nf/onboarding*_test.c. Header only: tests are single pki_files.
 */
#ifndef BINDERY_TEST_NF_ONBOARD_WORLD_H
#define BINDERY_TEST_NF_ONBOARD_WORLD_H

#include "nf/onboard_site.h"

#include "nf/s6a_world.h"

#include "nf/hssd/onboarding_parts.h"

#define HAND_HOST   "hand.example.org"
#define IMSI_FIRST  "001010000500000"
#define IMSI_LAST   "001010000500009"
#define HERE        "001-01"
#define WHITE_RANGE "35693803"

static char *record_signers[1];
static char site_link[64], tls_files[6][64];
static struct imei_range maker_range = {35693803000000, 35693803999999};
/* "maker": by rule; "hand": by hand, with revocation lists. One site is behind both. */
static struct hssd_authority authorities[2];

static inline struct hssd_authority authority_of(const char *name, const char *host, bool by_rule)
{
    return (struct hssd_authority){.name = (char *)(uintptr_t)name,
                                   .host = (char *)(uintptr_t)host,
                                   .link = site_link,
                                   .certificate = tls_files[0],
                                   .key = tls_files[1],
                                   .ca = tls_files[2],
                                   .roots = tls_files[3],
                                   .signers = record_signers,
                                   .n_signers = 1,
                                   .ranges = &maker_range,
                                   .n_ranges = 1,
                                   .by_rule = by_rule,
                                   .waiting_most = 100,
                                   .pending_most = 100,
                                   .per_hour = 1000,
                                   .cache_seconds = 600,
                                   .unknown_seconds = 60};
}

static inline void authorities_anew(void)
{
    snprintf(tls_files[0], 64, "%s", pki_path(&pki_files, "hss", ".crt"));
    snprintf(tls_files[1], 64, "%s", pki_path(&pki_files, "hss", ".key"));
    snprintf(tls_files[2], 64, "%s", pki_path(&pki_files, "tls-ca", ".crt"));
    snprintf(tls_files[3], 64, "%s", pki_path(&pki_files, "device-ca", ".crt"));
    snprintf(tls_files[4], 64, "%s", pki_path(&pki_files, "operator", ".crt"));
    snprintf(tls_files[5], 64, "%s", pki_path(&pki_files, "operator", ".key"));
    snprintf(site_link, sizeof site_link, "https://localhost:%u", site.port);
    record_signers[0] = signers[0].public_path;
    authorities[0] = authority_of("maker", MAKER_HOST, true);
    authorities[1] = authority_of("hand", HAND_HOST, false);
}

/* What the next onboard_begin starts with. */
static inline void onboard_config(void)
{
    config.eir = (struct hssd_eir){.enabled = false};
    config.onboarding = (struct hssd_onboarding){.certificate = tls_files[4],
                                                 .key = tls_files[5],
                                                 .profile = (char[]){"default"},
                                                 .policy = BINDING_LEARN,
                                                 .algorithm = AKA_MILENAGE,
                                                 .n_pools = 1,
                                                 .pool_low_percent = 10,
                                                 .pending_seconds = 604800,
                                                 .quarantine_seconds = 2592000,
                                                 .answer_seconds = 120,
                                                 .threads = 4,
                                                 .queue = 16,
                                                 .authorities = authorities,
                                                 .n_authorities = 2};
    static char profile[] = "default";
    config.onboarding.profile = profile;
    config.onboarding.pools[0] =
        (struct hssd_imsi_pool){imsi_of(IMSI_FIRST), imsi_of(IMSI_LAST), home[0]};
    for (size_t i = 0; i < 2; i++) {
        peers[i].onboarding = true;
    }
}

/* Of a test's own, before anything starts; or NULL. */
__attribute__((unused)) static void (*onboard_wish)(void);

static inline void onboard_begin(void)
{
    struct store_why why = {.text = ""};
    assert_ok(crypto_openssl_open(&hss.writers));
    if (onboarding_start(&hss, &why) != E_OK) {
        fail_msg("%s", why.text);
    }
}

static inline void onboard_end(void)
{
    SITE_SET(held, false);
    onboarding_quiesce(hss.onboarding);
    onboarding_join(hss.onboarding);
}

/* As hssd_stop does it, and what waits for the signalling thread is served first. */
static inline void onboard_gone(void)
{
    onboarding_close(hss.onboarding);
    hss.onboarding = NULL;
    crypto_openssl_close(&hss.writers);
}

static inline int onboard_up(void **state)
{
    site_open();
    authorities_anew();
    onboard_config();
    if (onboard_wish != NULL) {
        onboard_wish();
    }
    if (world_up(state) != 0) {
        return -1;
    }
    onboard_begin();
    return 0;
}

static inline int onboard_down(void **state)
{
    onboard_end();
    int failed = world_down(state);
    onboard_gone();
    site_close();
    things_drop();
    return failed;
}

/* Nothing that was not stored is left: as after kill -9, but for what was asked of the store. */
static inline void onboard_stop(void)
{
    onboard_end();
    hss_stop();
    onboard_gone();
}

static inline void onboard_restart(void)
{
    onboard_stop();
    hss_start();
    onboard_begin();
}

/* ---- asking ---- */

static struct s13_eca given;

static inline struct bytes ecr_of(size_t mme, struct bytes value, const struct imei *imei,
                                  const char *plmn)
{
    static uint8_t octets[8192];
    uint8_t plmn_octets[PLMN_LEN];
    struct plmn network;
    size_t n;
    struct s13_ecr e = {
        .terminal_information = {.present = true, .imei = bytes_of_str(imei->digits)}};
    request_of(&e.request, mme, "");
    e.request.user_name = (struct bytes){NULL, 0};
    e.request.header.application = DIAMETER_APP_S13;
    e.request.vendor_specific_application_id.auth_application_id =
        DIAMETER_U32_OF(DIAMETER_APP_S13);
    assert_ok(plmn_parse(bytes_of_str(plmn), &network));
    plmn_to_octets(&network, plmn_octets);
    wire_certattach_inquiry_fill(value, plmn_octets, &e);
    assert_ok(s13_ecr_write(OWN, &e, MBYTES_OF(octets), &n));
    return (struct bytes){octets, n};
}

static inline uint32_t take_eca(void)
{
    struct diameter_fault fault;
    assert_ok(s13_eca_parse(OWN, (struct bytes){thread.sent, thread.sent_n}, &given, &fault));
    assert_true((given.provisioning_result.p != NULL) ==
                (code_of(&given.answer) == DIAMETER_SUCCESS));
    return code_of(&given.answer);
}

/* The answer to a request that waits. */
static inline uint32_t next_eca(void)
{
    thread.sent_n = 0;
    while (thread.sent_n == 0) {
        pump_one();
    }
    return take_eca();
}

static inline uint32_t asks_at(size_t mme, struct thing *t, const char *plmn)
{
    (void)carry(mme, ecr_of(mme, thing_asks(t, plmn), &t->imei, plmn));
    return take_eca();
}

static inline uint32_t asks(struct thing *t)
{
    return asks_at(0, t, HERE);
}

static inline bool refused_for(struct thing *t, enum certattach_cause cause)
{
    size_t before = events("onboarding-refused", certattach_cause_name(cause));
    const uint32_t want = cause == CERTATTACH_SITE_BUSY ? DIAMETER_TOO_BUSY : 5012;
    uint32_t code = asks(t);
    return code == want && events("onboarding-refused", certattach_cause_name(cause)) == before + 1;
}

/* All the way: what the device installs. */
static inline struct certattach_profile gets(struct thing *t)
{
    struct certattach_profile p;
    struct bytes value;
    memset(&p, 0, sizeof p);
    assert_int_equal(asks(t), DIAMETER_SUCCESS);
    assert_ok(wire_certattach_answer_read(&given, &value));
    assert_int_equal(thing_takes(t, value, &p), CERTATTACH_REFUSED_NONE);
    return p;
}

/* ---- what is stored, when the writer has nothing more to do ---- */

static inline enum err row_now(const char *authority, const struct thing *t,
                               struct store_onboarding *out)
{
    struct store_onboarding_key key;
    memset(&key, 0, sizeof key);
    snprintf(key.authority, sizeof key.authority, "%s", authority);
    snprintf(key.id, sizeof key.id, "%s", t->id.text);
    (void)events("none", NULL);
    return store_read_onboarding(thread.reader, &key, out);
}

static inline uint8_t phase_now(const char *authority, const struct thing *t)
{
    struct store_onboarding row;
    return row_now(authority, t, &row) == E_OK ? row.phase : CERTATTACH_PHASE_NEW;
}

static inline void put_row(const struct store_onboarding *row)
{
    struct store_writer *w = store_the_writer(hss.store);
    (void)events("none", NULL);
    assert_ok(store_begin(w));
    assert_ok(store_put_onboarding(w, row));
    assert_ok(store_commit(w));
}

static inline struct store_pool pools_now(void)
{
    struct store_pool p;
    (void)events("none", NULL);
    assert_ok(onboarding_pools(&config, thread.reader, hssd_unix_seconds(), &p));
    return p;
}

static inline uint64_t counted(const _Atomic uint64_t *counter)
{
    return atomic_load(counter);
}

#endif
