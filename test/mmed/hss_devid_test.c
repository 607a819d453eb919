/* What the MME says to home networks about devices' proofs, and what it reads from them. Covers
 * src/nf/mmed/hss_messages.c, with test/mmed/hss_messages_test.c. */
#include "lib/check.h"
#include "nf/mmed/hss_messages.h"
#include "wire/devid.h"

#include <string.h>

#define VENDOR 51234u

static struct mmed_config config;
static struct imsi imsi;
static struct emm_who who;
static struct hss_ask ask;
static uint8_t out[HSS_MESSAGE_MAX];
static uint8_t answer[24 * 1024];
static struct diameter_fault fault;

static int set_up(void **state)
{
    (void)state;
    static char host[] = "mme1.epc.mnc001.mcc001.3gppnetwork.org";
    static char realm[] = "epc.mnc001.mcc001.3gppnetwork.org";
    config = (struct mmed_config){.origin_host = host, .origin_realm = realm, .vendor_id = VENDOR};
    assert_ok(plmn_parse(BYTES_LIT("001-01"), &config.plmn));
    assert_ok(imsi_parse(BYTES_LIT("001010123456789"), &imsi));
    who = (struct emm_who){.has_imsi = true, .imsi = imsi, .has_imei = true};
    assert_ok(imeisv_parse(BYTES_LIT("3569380356438099"), &who.imei));
    ask = (struct hss_ask){.config = &config,
                           .imsi = &imsi,
                           .realm = "home.example",
                           .session = 7,
                           .started = 1700000000,
                           .end_to_end = 0x01020304};
    return 0;
}

static bool offers_devid(const struct s6a_request *r)
{
    uint32_t features = s6a_features_of(r->supported_features, r->supported_features_n, VENDOR,
                                        OWN_FEATURE_LIST_ID);
    assert_true((features & OWN_FEATURE_BINDING) != 0);
    return (features & OWN_FEATURE_DEVID) != 0;
}

static void proofs_are_offered_only_where_they_are_configured(void **state)
{
    (void)state;
    size_t n = 0;
    struct s6a_air air;
    struct s6a_ulr ulr;
    struct emm_effect e = {.who = who, .vectors = 1};
    for (int on = 0; on < 2; on++) {
        config.devid.on = on != 0;
        assert_ok(hss_write_air(&ask, &e, MBYTES_OF(out), &n));
        assert_ok(s6a_air_parse(VENDOR, (struct bytes){out, n}, &air, &fault));
        assert_int_equal(offers_devid(&air.request), on);
        assert_ok(hss_write_ulr(&ask, &e, MBYTES_OF(out), &n));
        assert_ok(s6a_ulr_parse(VENDOR, (struct bytes){out, n}, &ulr, &fault));
        assert_int_equal(offers_devid(&ulr.request), on);
    }
}

static void every_outcome_of_a_proof_arrives_with_the_ulr(void **state)
{
    (void)state;
    size_t n = 0;
    struct s6a_ulr ulr;
    struct devid_outcome got;
    for (unsigned cause = 0; cause < DEVID_CAUSES; cause++) {
        struct emm_effect e = {.who = who};
        e.proof.cause = (enum devid_cause)cause;
        e.proof.result = devid_cause_result(e.proof.cause);
        e.proof.form = cause % 2 == 0 ? BINDING_CERTIFICATE : 0;
        e.proof.serial = cause % 2 == 0 ? UINT64_MAX - cause : 0;
        assert_ok(hss_write_ulr(&ask, &e, MBYTES_OF(out), &n));
        assert_ok(s6a_ulr_parse(VENDOR, (struct bytes){out, n}, &ulr, &fault));
        assert_ok(wire_devid_outcome_read(&ulr.device_proof, &got));
        assert_int_equal(got.result, e.proof.result);
        assert_int_equal(got.cause, e.proof.cause);
        assert_int_equal(got.form, e.proof.form);
        assert_int_equal(got.serial, e.proof.serial);
    }
}

static void an_ecr_asks_for_a_credential_only_when_one_is_wanted(void **state)
{
    (void)state;
    size_t n = 0;
    struct s13_ecr ecr;
    for (int wants = 0; wants < 2; wants++) {
        struct emm_effect e = {.who = who, .wants_credential = wants != 0};
        assert_ok(hss_write_ecr(&ask, &e, MBYTES_OF(out), &n));
        assert_ok(s13_ecr_parse(VENDOR, (struct bytes){out, n}, &ecr, &fault));
        assert_int_equal(ecr.credential_request.present, wants);
        assert_true(!wants || ecr.credential_request.v == S13_USE_IDENTITY);
    }
}

/* ---- answers --------------------------------------------------------------------------------- */

static void
what_a_home_network_wants_of_a_device_is_read_and_a_number_that_is_none_is_not(void **state)
{
    (void)state;
    static struct s6a_aia aia;
    static struct emm_aia got;
    size_t n = 0;
    for (uint32_t v = 0; v < 4; v++) {
        memset(&aia, 0, sizeof aia);
        struct s6a_request r;
        memset(&r, 0, sizeof r);
        s6a_request_begin(&r, 1, 2);
        r.session_id = BYTES_LIT("a;1;2");
        s6a_answer_begin(&aia.answer, &r, BYTES_LIT("hss.example"), BYTES_LIT("example"));
        s6a_answer_result(&aia.answer, 2001);
        aia.binding_control.present = true;
        aia.binding_control.binding_mode = DIAMETER_U32_OF(S6A_BINDING_REGULAR);
        aia.binding_control.proof_control = (struct diameter_u32){v < 3, v};
        assert_ok(s6a_aia_write(VENDOR, &aia, MBYTES_OF(answer), &n));
        hss_read_aia(VENDOR, (struct bytes){answer, n}, &got);
        assert_true(got.has_control);
        assert_int_equal(got.proof_control, v < 3 ? v : S6A_PROOF_NOT_WANTED);
    }
}

static void begin_eca(struct s13_eca *eca)
{
    static struct s6a_request r;
    memset(eca, 0, sizeof *eca);
    memset(&r, 0, sizeof r);
    s13_request_begin(&r, 1, 2);
    r.session_id = BYTES_LIT("a;1;2");
    s6a_answer_begin(&eca->answer, &r, BYTES_LIT("eir.example"), BYTES_LIT("example"));
    s6a_answer_result(&eca->answer, 2001);
    eca->equipment_status = DIAMETER_U32_OF(S13_WHITELISTED);
}

/* Six certificates of 3000 octets each are more than a chain may have in all. */
static void the_longest_credential_is_read_where_it_lies(void **state)
{
    (void)state;
    static struct s13_eca eca;
    static uint8_t certificate[3000], record[BINDING_RECORD_LEN], signature[64], signer[32];
    struct emm_eca got;
    size_t n = 0;
    struct devid_credential c = {.status = DEVID_FOUND,
                                 .form = BINDING_CERTIFICATE,
                                 .n_chain = DEVID_CHAIN_MAX,
                                 .record = BYTES_OF(record),
                                 .signature = BYTES_OF(signature),
                                 .signer = BYTES_OF(signer),
                                 .source = DEVID_FROM_STALE_CACHE,
                                 .age = 86400};
    memset(certificate, 0x30, sizeof certificate);
    for (size_t i = 0; i < DEVID_CHAIN_MAX; i++) {
        c.chain[i] = (struct bytes){certificate, sizeof certificate - i};
    }
    begin_eca(&eca);
    wire_devid_credential_fill(&c, &eca.device_credential);
    assert_ok(s13_eca_write(VENDOR, &eca, MBYTES_OF(answer), &n));
    assert_true(n > (size_t)17 * 1024);
    hss_read_eca(VENDOR, (struct bytes){answer, n}, &got);
    assert_int_equal(got.code, 2001);
    assert_int_equal(got.status, EMM_EQUIPMENT_WHITE);
    assert_true(got.has_credential);
    assert_int_equal(got.credential.status, DEVID_FOUND);
    assert_int_equal(got.credential.n_chain, DEVID_CHAIN_MAX);
    for (size_t i = 0; i < DEVID_CHAIN_MAX; i++) {
        assert_true(bytes_eq(got.credential.chain[i], c.chain[i]));
        assert_true(got.credential.chain[i].p > answer &&
                    got.credential.chain[i].p < answer + sizeof answer);
    }
    assert_int_equal(got.credential.source, DEVID_FROM_STALE_CACHE);
    assert_int_equal(got.credential.age, 86400);
}

static void an_answer_without_a_credential_has_none(void **state)
{
    (void)state;
    static struct s13_eca eca;
    struct emm_eca got;
    size_t n = 0;
    begin_eca(&eca);
    assert_ok(s13_eca_write(VENDOR, &eca, MBYTES_OF(answer), &n));
    hss_read_eca(VENDOR, (struct bytes){answer, n}, &got);
    assert_false(got.has_credential);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(proofs_are_offered_only_where_they_are_configured, set_up),
        cmocka_unit_test_setup(every_outcome_of_a_proof_arrives_with_the_ulr, set_up),
        cmocka_unit_test_setup(an_ecr_asks_for_a_credential_only_when_one_is_wanted, set_up),
        cmocka_unit_test_setup(
            what_a_home_network_wants_of_a_device_is_read_and_a_number_that_is_none_is_not, set_up),
        cmocka_unit_test_setup(the_longest_credential_is_read_where_it_lies, set_up),
        cmocka_unit_test_setup(an_answer_without_a_credential_has_none, set_up),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
