/* Inquiries, and registrations of devices that prove their IMEI, from octets to answer and store
 * (src/nf/hssd/inquiry.c, src/nf/hssd/inquiry_rates.c, src/nf/hssd/ulr.c, src/nf/hssd/air.c;
 * src/nf/hssd/devid.c is what test/live/inquiry.sh runs). */
#include "nf/repository_world.h"

#include "nf/s6a_world.h"

#include "nf/hssd/inquiry.h"
#include "wire/devid.h"

#define IMSI_N(n) "00101000000000" #n

static int up(void **state)
{
    struct verify_why why;
    world_anew();
    config.eir = (struct hssd_eir){.enabled = false};
    config.repositories = &world_config;
    config.n_repositories = 1;
    config.devid = (struct hssd_devid){.cache_seconds = 3600,
                                       .unknown_seconds = 60,
                                       .stale_seconds = 86400,
                                       .changes_seconds = 30,
                                       .entries = 1000,
                                       .wait_ms = 2000,
                                       .queue = 100,
                                       .connections = 2,
                                       .remember_seconds = 604800};
    peers[0].sends_device_proof = true;
    int rc = world_up(state);
    if (rc == 0) {
        assert_ok(repositories_open(&config, &world_of_test, &hss.repositories, &why));
        assert_ok(inquiry_rates_open(64, &hss.inquiry_rates));
        memset(&peer_states[0]->inquiries, 0, sizeof peer_states[0]->inquiries);
    }
    return rc;
}

static int down(void **state)
{
    WORLD_SET(held, false);
    repositories_quiesce(hss.repositories);
    repositories_close(hss.repositories);
    inquiry_rates_close(hss.inquiry_rates);
    return world_down(state);
}

/* ---- asking ---- */

static struct s13_eca eca;
static struct devid_credential credential;

static struct bytes ecr_octets(size_t mme, const char *imsi, const char *imei, uint32_t use)
{
    static uint8_t octets[4096];
    size_t n;
    struct s13_ecr e = {.terminal_information = {.present = true, .imei = bytes_of_str(imei)}};
    request_of(&e.request, mme, imsi != NULL ? imsi : "");
    if (imsi == NULL) {
        e.request.user_name = (struct bytes){NULL, 0};
    }
    e.request.header.application = DIAMETER_APP_S13;
    e.request.vendor_specific_application_id.auth_application_id =
        DIAMETER_U32_OF(DIAMETER_APP_S13);
    if (use != 0) {
        e.credential_request = DIAMETER_U32_OF(use);
    }
    assert_ok(s13_ecr_write(OWN, &e, MBYTES_OF(octets), &n));
    return (struct bytes){octets, n};
}

static uint32_t take(void)
{
    struct diameter_fault fault;
    assert_ok(s13_eca_parse(OWN, (struct bytes){thread.sent, thread.sent_n}, &eca, &fault));
    wire_devid_credential_read(&eca.device_credential, &credential);
    return code_of(&eca.answer);
}

static uint32_t ecr(size_t mme, const char *imsi, const char *imei, uint32_t use)
{
    (void)carry(mme, ecr_octets(mme, imsi, imei, use));
    return take();
}

static enum devid_status inquire(const char *imsi, unsigned device)
{
    struct imei imei = world_imei(device);
    assert_int_equal(ecr(0, imsi, imei.digits, S13_USE_IDENTITY), DIAMETER_SUCCESS);
    assert_true(eca.device_credential.present);
    assert_int_equal(eca.equipment_status.v, S13_WHITELISTED);
    return credential.status;
}

static uint64_t counted(const _Atomic uint64_t *counter)
{
    return atomic_load(counter);
}

/*= test devid-6 devid-7 devid-8 */
static void an_inquiry_waits_for_the_repository_and_the_next_does_not(void **state)
{
    (void)state;
    struct imei imei = world_imei(1);
    world_publish(1, false);
    assert_int_equal(serve(0, ecr_octets(0, IMSI_A, imei.digits, S13_USE_IDENTITY)), S6A_LATER);
    while (thread.sent_n == 0) {
        pump_one();
    }
    assert_int_equal(take(), DIAMETER_SUCCESS);
    assert_int_equal(credential.status, DEVID_FOUND);
    assert_int_equal(credential.source, DEVID_FROM_REPOSITORY);
    assert_int_equal(credential.record.n, BINDING_RECORD_LEN);
    assert_int_equal(serve(0, ecr_octets(0, IMSI_A, imei.digits, S13_USE_IDENTITY)), S6A_ANSWERED);
    assert_int_equal(take(), DIAMETER_SUCCESS);
    assert_int_equal(credential.status, DEVID_FOUND);
    assert_int_equal(credential.source, DEVID_FROM_CACHE);
    assert_int_equal(counted(&hss.counters.inquiries), 2);
    assert_int_equal(counted(&hss.counters.inquiries_asked), 1);
    assert_int_equal(counted(&hss.counters.inquiries_cached), 1);
}

static void an_imei_that_nobody_published_has_no_binding(void **state)
{
    (void)state;
    assert_int_equal(inquire(IMSI_A, 2), DEVID_NONE);
    assert_int_equal(ecr(0, IMSI_A, "49015420323751", S13_USE_IDENTITY), DIAMETER_SUCCESS);
    assert_int_equal(credential.status, DEVID_NONE); /* nor one that no repository covers */
}

/*= test devid-trusted-mme */
static void only_an_mme_whose_proofs_count_gets_credentials(void **state)
{
    (void)state;
    struct imei imei = world_imei(1);
    world_publish(1, false);
    config.eir = (struct hssd_eir){true, {EIR_UNKNOWN_ALLOW, EIR_PAIRING_OFF}};
    assert_int_equal(ecr(1, IMSI_A, imei.digits, S13_USE_IDENTITY), DIAMETER_SUCCESS);
    assert_false(eca.device_credential.present);
    assert_int_equal(ecr(0, IMSI_A, imei.digits, 0), DIAMETER_SUCCESS); /* a plain check */
    assert_false(eca.device_credential.present);
    assert_int_equal(WORLD_GET(asked), 0);
    assert_int_equal(ecr(0, IMSI_A, imei.digits, S13_USE_IDENTITY), DIAMETER_SUCCESS);
    assert_true(eca.device_credential.present);
}

static void without_lists_a_plain_check_is_refused_and_an_inquiry_is_not(void **state)
{
    (void)state;
    struct imei imei = world_imei(1);
    const struct refusal_row *row = refusal_row(REFUSAL_COMMAND_NOT_ALLOWED);
    assert_int_equal(ecr(0, IMSI_A, imei.digits, 0), row->code);
    assert_int_equal(ecr(1, IMSI_A, imei.digits, S13_USE_IDENTITY), row->code);
    assert_int_equal(inquire(IMSI_A, 1), DEVID_NONE);
}

static void another_use_is_not_known_here(void **state)
{
    (void)state;
    struct imei imei = world_imei(1);
    assert_int_equal(ecr(0, IMSI_A, imei.digits, S13_USE_PROVISIONING), DIAMETER_SUCCESS);
    assert_int_equal(credential.status, DEVID_UNAVAILABLE);
    assert_int_equal(credential.cause, DEVID_CAUSE_INQUIRY_UNANSWERED);
}

/*= test devid-flood */
static void an_imsi_has_a_repository_asked_so_often_and_no_more(void **state)
{
    (void)state;
    for (unsigned i = 0; i < INQUIRY_BURST; i++) {
        assert_int_equal(inquire(IMSI_A, 100 + i), DEVID_NONE);
    }
    assert_int_equal(inquire(IMSI_A, 200), DEVID_UNAVAILABLE);
    assert_int_equal(credential.cause, DEVID_CAUSE_INQUIRY_LIMITED);
    assert_int_equal(inquire(IMSI_A, 100), DEVID_NONE); /* what is known costs nobody anything */
    assert_int_equal(inquire(IMSI_N(2), 200), DEVID_NONE);
    thread.now_ms += INQUIRY_MS;
    assert_int_equal(inquire(IMSI_A, 201), DEVID_NONE);
    assert_int_equal(inquire(IMSI_A, 202), DEVID_UNAVAILABLE);
    assert_int_equal(counted(&hss.counters.inquiries_limited), 2);
    assert_int_equal(WORLD_GET(asked), INQUIRY_BURST + 2);
}

static void inquiries_without_an_imsi_come_out_of_the_peer_s_share(void **state)
{
    (void)state;
    unsigned asked = 0;
    for (unsigned i = 0; i < HSSD_BUCKET_BURST + 10; i++) {
        asked += inquire(NULL, 1000 + i) == DEVID_NONE;
    }
    assert_int_equal(asked, HSSD_BUCKET_BURST);
    assert_int_equal(inquire(IMSI_A, 3000), DEVID_NONE);
}

static void more_imsis_than_there_is_room_for_are_forgotten_oldest_first(void **state)
{
    (void)state;
    char digits[16];
    for (unsigned i = 0; i < 5000; i++) {
        snprintf(digits, sizeof digits, "0010100000%05u", i);
        struct imsi imsi = imsi_of(digits);
        assert_true(inquiry_rates_take(hss.inquiry_rates, &imsi, thread.now_ms + i));
    }
}

/*= test devid-bounded */
static void a_repository_that_is_silent_costs_the_wait_and_no_more(void **state)
{
    (void)state;
    struct imei imei = world_imei(5);
    WORLD_SET(held, true);
    assert_int_equal(serve(0, ecr_octets(0, IMSI_A, imei.digits, S13_USE_IDENTITY)), S6A_LATER);
    WORLD_AWAIT(WORLD_GET(inside) == 1);
    atomic_fetch_add(&world_ms, config.devid.wait_ms);
    repositories_kick(hss.repositories);
    while (thread.sent_n == 0) {
        pump_one();
    }
    assert_int_equal(take(), DIAMETER_SUCCESS);
    assert_int_equal(credential.cause, DEVID_CAUSE_REPOSITORY_SILENT);
    assert_int_equal(counted(&hss.counters.inquiries_unanswered), 1);
}

/*= test devid-bounded */
static void on_a_crowded_connection_no_inquiry_waits(void **state)
{
    (void)state;
    struct imei imei = world_imei(7);
    world_publish(7, false);
    thread.crowded = true;
    assert_int_equal(serve(0, ecr_octets(0, IMSI_A, imei.digits, S13_USE_IDENTITY)), S6A_ANSWERED);
    assert_int_equal(take(), DIAMETER_SUCCESS);
    assert_int_equal(credential.cause, DEVID_CAUSE_REPOSITORY_BUSY);
    thread.crowded = false;
    assert_int_equal(inquire(IMSI_A, 7), DEVID_FOUND);
    thread.crowded = true;
    assert_int_equal(inquire(IMSI_A, 7), DEVID_FOUND); /* from the cache */
    assert_int_equal(credential.source, DEVID_FROM_CACHE);
    atomic_fetch_add(&world_ms, 3601 * 1000);
    assert_int_equal(inquire(IMSI_A, 7), DEVID_FOUND);
    assert_int_equal(credential.source, DEVID_FROM_STALE_CACHE);
    thread.crowded = false;
}

/* The orderly end: what it read and wrote with is another thread's to free by then. */
static void an_inquiry_of_a_thread_that_has_ended_touches_nothing_of_it(void **state)
{
    (void)state;
    struct imei imei = world_imei(6);
    WORLD_SET(held, true);
    assert_int_equal(serve(0, ecr_octets(0, IMSI_A, imei.digits, S13_USE_IDENTITY)), S6A_LATER);
    thread.ended = true;
    thread.calls = 0;
    thread.sent_n = 0;
    repositories_quiesce(hss.repositories);
    pump_one();
    thread.ended = false;
    assert_int_equal(thread.calls, 0);
    assert_int_equal(thread.sent_n, 0);
}

/* ---- registrations ---- */

static void wants(const char *policy)
{
    struct store_writer *w = store_the_writer(hss.store);
    struct devid_policy p;
    struct store_subscriber row = row_of(IMSI_A);
    enum store_did did;
    (void)events("none", NULL); /* the writer has nothing more to do */
    row.policy = BINDING_OPEN;
    assert_ok(devid_policy_parse(bytes_of_str(policy), &p));
    row.proof = devid_policy_bits(&p);
    assert_ok(store_begin(w));
    assert_ok(store_put_subscriber(w, STORE_UPSERT, &row, &did));
    assert_ok(store_commit(w));
}

static struct s6a_device_proof says(enum devid_cause cause, uint64_t serial)
{
    struct s6a_device_proof p;
    const struct devid_outcome o = {.result = devid_cause_result(cause),
                                    .cause = cause,
                                    .form = serial != 0 ? BINDING_PUBLIC_KEY : 0,
                                    .serial = serial};
    wire_devid_outcome_fill(&o, &p);
    return p;
}
#define NO_PROOF ((struct s6a_device_proof){.present = false})
#define PROVEN   says(DEVID_CAUSE_NONE, 7)

static struct bytes ulr_octets(size_t mme, const char *imei, struct s6a_device_proof proof)
{
    static uint8_t octets[4096];
    size_t n;
    struct s6a_ulr u = {.visited_plmn_id = {(const uint8_t *)PLMN, 3},
                        .rat_type = DIAMETER_U32_OF(1004),
                        .ulr_flags = DIAMETER_U32_OF(S6A_ULR_S6A_S6D),
                        .device_proof = proof};
    request_of(&u.request, mme, IMSI_A);
    if (imei != NULL) {
        u.terminal_information.present = true;
        u.terminal_information.imei = bytes_of_str(imei);
    }
    assert_ok(s6a_ulr_write(OWN, &u, MBYTES_OF(octets), &n));
    return (struct bytes){octets, n};
}

static uint32_t registers(size_t mme, const char *imei, struct s6a_device_proof proof)
{
    static struct s6a_ula ula;
    struct diameter_fault fault;
    assert_ok(s6a_ula_parse(OWN, carry(mme, ulr_octets(mme, imei, proof)), &ula, &fault));
    return code_of(&ula.answer);
}

static struct store_proof stored(void)
{
    struct store_proof p;
    struct imsi imsi = imsi_of(IMSI_A);
    assert_ok(store_read_proof(thread.reader, &imsi, &p));
    return p;
}

/*= test devid-policy devid-remembered */
static void a_registration_is_decided_by_the_proof_and_by_what_is_remembered(void **state)
{
    (void)state;
    wants("require");
    assert_int_equal(registers(1, IMEI_A, NO_PROOF), 5012);
    assert_int_equal(row_of(IMSI_A).serving.host[0], '\0');
    assert_int_equal(registers(0, IMEI_A, PROVEN), DIAMETER_SUCCESS);
    assert_string_equal(row_of(IMSI_A).serving.host, MME1);
    assert_true(stored().remembered);
    assert_int_equal(stored().memory.serial, 7);
    assert_int_equal(events("device-proven", NULL), 1);
    assert_int_equal(registers(1, IMEI_A, NO_PROOF), DIAMETER_SUCCESS);
    assert_string_equal(row_of(IMSI_A).serving.host, MME2);
    assert_int_equal(registers(1, IMEI_B, NO_PROOF), 5012);
    assert_int_equal(events("refused", "proof-missing"), 2);
    assert_int_equal(counted(&hss.counters.proofs_remembered), 1);
}

/*= test devid-trusted-mme */
static void a_proof_that_an_untrusted_mme_brings_is_not_looked_at(void **state)
{
    (void)state;
    wants("require");
    assert_int_equal(registers(1, IMEI_A, PROVEN), 5012);
    assert_false(stored().known || stored().remembered);
}

static void the_same_again_is_answered_without_a_write(void **state)
{
    (void)state;
    wants("require");
    assert_int_equal(registers(0, IMEI_A, PROVEN), DIAMETER_SUCCESS);
    assert_int_equal(serve(0, ulr_octets(0, IMEI_A, PROVEN)), S6A_ANSWERED);
    struct s6a_device_proof failed = says(DEVID_CAUSE_SIGNATURE, 7);
    assert_int_equal(registers(0, IMEI_A, failed), 5422);
    assert_int_equal(serve(0, ulr_octets(0, IMEI_A, failed)), S6A_ANSWERED);
    assert_int_equal(events("device-failed", "signature"), 2);
    assert_int_equal(events("refused", "device-failed"), 2);
    assert_int_equal(events("proof-forgotten", "signature"), 1);
    assert_string_equal(row_of(IMSI_A).serving.host, MME1); /* nobody was deregistered */
    assert_int_equal(registers(1, IMEI_A, NO_PROOF), 5012);
}

/*= test devid-provisional */
static void each_result_has_its_code(void **state)
{
    (void)state;
    wants("require");
    assert_int_equal(registers(0, IMEI_A, says(DEVID_CAUSE_NO_BINDING, 0)), 5012);
    assert_int_equal(registers(0, IMEI_A, says(DEVID_CAUSE_REPOSITORY_SILENT, 0)), 5012);
    assert_int_equal(registers(0, IMEI_A, says(DEVID_CAUSE_NO_PROOF, 7)), 5422);
    assert_int_equal(events("device-unproven", "no-binding"), 1);
    assert_int_equal(events("device-undetermined", "repository-silent"), 1);
    wants("observe");
    assert_int_equal(registers(0, IMEI_A, says(DEVID_CAUSE_NO_PROOF, 7)), DIAMETER_SUCCESS);
    wants("off");
    assert_int_equal(registers(0, IMEI_B, says(DEVID_CAUSE_SIGNATURE, 7)), DIAMETER_SUCCESS);
    assert_string_equal(stored().last.cause, "no-proof");
}

static void a_proof_that_contradicts_itself_is_malformed(void **state)
{
    (void)state;
    wants("require");
    struct s6a_device_proof p = PROVEN;
    p.proof_cause = BYTES_LIT("signature");
    assert_int_equal(registers(0, IMEI_A, p), DIAMETER_INVALID_AVP_VALUE);
    assert_int_equal(registers(0, NULL, PROVEN), DIAMETER_MISSING_AVP);
    assert_false(stored().known);
}

/*= test devid-remembered */
static void a_binding_that_was_revoked_a_moment_ago_is_not_remembered(void **state)
{
    (void)state;
    struct repository_state s;
    wants("require");
    for (unsigned i = 0; i < 8; i++) { /* the eighth record is the revocation */
        world_publish(9, i == 7);
    }
    atomic_fetch_add(&world_ms, 30000);
    repositories_kick(hss.repositories);
    WORLD_AWAIT((repositories_state(hss.repositories, 0, &s), s.cursor == 8));
    struct imei imei = world_imei(9);
    assert_int_equal(registers(0, imei.digits, PROVEN), DIAMETER_SUCCESS); /* by the seventh */
    assert_false(stored().remembered);
    assert_true(stored().known);
    assert_int_equal(registers(0, imei.digits, says(DEVID_CAUSE_NONE, 9)), DIAMETER_SUCCESS);
    assert_true(stored().remembered);
}

/* ---- vectors ---- */

static uint32_t control(size_t mme, const char *served_imei, uint32_t features)
{
    static uint8_t octets[4096];
    static struct s6a_aia aia;
    struct diameter_fault fault;
    size_t n;
    struct s6a_air a = {.visited_plmn_id = {(const uint8_t *)PLMN, 3}};
    request_of(&a.request, mme, IMSI_A);
    a.requested_eutran_authentication_info.present = true;
    if (served_imei != NULL) {
        a.served_imei = bytes_of_str(served_imei);
    }
    assert_true(s6a_features_add(a.request.supported_features, &a.request.supported_features_n, OWN,
                                 OWN_FEATURE_LIST_ID, features));
    assert_ok(s6a_air_write(OWN, &a, MBYTES_OF(octets), &n));
    assert_ok(s6a_aia_parse(OWN, carry(mme, (struct bytes){octets, n}), &aia, &fault));
    assert_int_equal(code_of(&aia.answer), DIAMETER_SUCCESS);
    uint32_t told = s6a_features_of(aia.answer.supported_features, aia.answer.supported_features_n,
                                    OWN, OWN_FEATURE_LIST_ID);
    assert_int_equal(told & OWN_FEATURE_DEVID,
                     peers[mme].sends_device_proof ? features & OWN_FEATURE_DEVID : 0);
    return aia.binding_control.proof_control.present ? aia.binding_control.proof_control.v
                                                     : S6A_PROOF_NOT_WANTED;
}

/*= test devid-policy devid-trusted-mme */
static void an_mme_is_told_what_is_wanted_if_it_can_have_it(void **state)
{
    (void)state;
    const uint32_t both = OWN_FEATURE_BINDING | OWN_FEATURE_DEVID;
    wants("off");
    assert_int_equal(control(0, NULL, both), S6A_PROOF_NOT_WANTED);
    wants("observe");
    assert_int_equal(control(0, NULL, both), S6A_PROOF_WANTED);
    assert_int_equal(control(0, NULL, OWN_FEATURE_DEVID), S6A_PROOF_WANTED);
    assert_int_equal(control(0, NULL, OWN_FEATURE_BINDING), S6A_PROOF_NOT_WANTED);
    assert_int_equal(control(1, NULL, both), S6A_PROOF_NOT_WANTED);
    assert_int_equal(registers(0, IMEI_A, PROVEN), DIAMETER_SUCCESS);
    assert_int_equal(control(0, NULL, both), S6A_PROOF_REMEMBERED);
    assert_int_equal(control(0, IMEI_A, both), S6A_PROOF_REMEMBERED);
    assert_int_equal(control(0, IMEI_B, both), S6A_PROOF_WANTED);
}

#define CASE(test) cmocka_unit_test_setup_teardown(test, up, down)
int main(void)
{
    const struct CMUnitTest tests[] = {
        CASE(an_inquiry_waits_for_the_repository_and_the_next_does_not),
        CASE(an_imei_that_nobody_published_has_no_binding),
        CASE(only_an_mme_whose_proofs_count_gets_credentials),
        CASE(without_lists_a_plain_check_is_refused_and_an_inquiry_is_not),
        CASE(another_use_is_not_known_here),
        CASE(an_imsi_has_a_repository_asked_so_often_and_no_more),
        CASE(inquiries_without_an_imsi_come_out_of_the_peer_s_share),
        CASE(more_imsis_than_there_is_room_for_are_forgotten_oldest_first),
        CASE(a_repository_that_is_silent_costs_the_wait_and_no_more),
        CASE(on_a_crowded_connection_no_inquiry_waits),
        CASE(an_inquiry_of_a_thread_that_has_ended_touches_nothing_of_it),
        CASE(a_registration_is_decided_by_the_proof_and_by_what_is_remembered),
        CASE(a_proof_that_an_untrusted_mme_brings_is_not_looked_at),
        CASE(the_same_again_is_answered_without_a_write),
        CASE(each_result_has_its_code),
        CASE(a_proof_that_contradicts_itself_is_malformed),
        CASE(a_binding_that_was_revoked_a_moment_ago_is_not_remembered),
        CASE(an_mme_is_told_what_is_wanted_if_it_can_have_it),
    };
    world_keys();
    int failed = cmocka_run_group_tests(tests, NULL, NULL);
    world_keys_gone();
    return failed;
}
