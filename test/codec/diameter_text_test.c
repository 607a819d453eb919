#include "codec/diameter_text.h"
#include "codec/messages_test.h"

static const char *const lines[] = {
    "CER origin-host=mme.epc.mnc001.mcc001.3gppnetwork.org product-name=Bindery",
    "CEA origin-host=hss.epc.mnc001.mcc001.3gppnetwork.org product-name=Bindery "
    "result=DIAMETER_SUCCESS",
    "DWR origin-host=mme.epc.mnc001.mcc001.3gppnetwork.org",
    "DWA origin-host=hss.epc.mnc001.mcc001.3gppnetwork.org result=DIAMETER_SUCCESS",
    "DPR origin-host=mme.epc.mnc001.mcc001.3gppnetwork.org disconnect-cause=rebooting",
    "DPA origin-host=hss.epc.mnc001.mcc001.3gppnetwork.org result=DIAMETER_SUCCESS",
    "AIR user-name=001010123456789 visited-plmn-id=001-01 served-imei=35209900176148 "
    "requested-vectors=2 requested-utran-vectors=1 resync=yes",
    "AIA result=DIAMETER_SUCCESS vectors=2 utran-vectors=1 geran-vectors=1 amf=processed "
    "utran-amf=processed binding-control=provisioning-only proof-control=remembered",
    "ULR user-name=001010123456789 visited-plmn-id=001-01 rat-type=EUTRAN imei=35209900176148 "
    "ulr-flags=0x22 device-proof=failed proof-cause=signature proof-form=public-key "
    "kme-payload=61 octets",
    "ULA result=DIAMETER_SUCCESS ula-flags=0x1 subscriber-status=barred apns=2 nw-signature=yes",
    "PUR user-name=001010123456789 pur-flags=0x1",
    "PUA result=DIAMETER_SUCCESS pua-flags=0x1",
    "NOR user-name=001010123456789 nor-flags=0x0 binding-failure=mac x3",
    "NOA result=DIAMETER_ERROR_UNKNOWN_SERVING_NODE (5423)",
    "CLR user-name=001010123456789 cancellation-type=subscription-withdrawal clr-flags=0x3",
    "CLA result=DIAMETER_TOO_BUSY (3004) error-message=later",
    "IDR user-name=001010123456789 subscriber-status=granted apns=1 idr-flags=0x0",
    "IDA result=DIAMETER_ERROR_USER_UNKNOWN (5001)",
    "DSR user-name=001010123456789 dsr-flags=0x804008",
    "DSA result=DIAMETER_SUCCESS dsa-flags=0x1",
    "RSR user-id=00101",
    "RSA result=DIAMETER_SUCCESS",
    "ECR user-name=001010123456789 imei=35209900176148 credential-request=identity "
    "provisioning-request=45 octets provisioning-plmn=001-01",
    "ECA result=DIAMETER_SUCCESS equipment-status=greylisted provisioning-result=50 octets "
    "credential=found "
    "credential-form=certificate credential-source=stale-cache",
};

static void each_message_reads_as_one_line(void **state)
{
    (void)state;
    _Static_assert(sizeof lines / sizeof lines[0] == SAMPLES, "every sample has its line");
    for (size_t i = 0; i < SAMPLES; i++) {
        struct octets m;
        char text[512];
        golden_octets(i, &m);
        diameter_line((struct bytes){m.p, m.n}, OWN, false, MBYTES_OF(text));
        assert_string_equal(text, lines[i]);
    }
}

static void a_masked_line_shows_no_whole_identity(void **state)
{
    (void)state;
    for (size_t i = 0; i < SAMPLES; i++) {
        struct octets m;
        char text[512];
        golden_octets(i, &m);
        diameter_line((struct bytes){m.p, m.n}, OWN, true, MBYTES_OF(text));
        assert_null(strstr(text, "001010123456789"));
        assert_null(strstr(text, "35209900176148"));
    }
}

static void a_line_is_cut_to_its_space(void **state)
{
    (void)state;
    struct octets m;
    golden_octets(6, &m);
    for (size_t cap = 0; cap < 200; cap++) {
        char *text = malloc(cap ? cap : 1);
        diameter_line((struct bytes){m.p, m.n}, OWN, false, (struct mbytes){(uint8_t *)text, cap});
        assert_true(cap == 0 || strlen(text) < cap);
        free(text);
    }
}

static void every_prefix_of_a_message_can_be_told(void **state)
{
    (void)state;
    for (size_t i = 0; i < SAMPLES; i++) {
        struct octets m;
        golden_octets(i, &m);
        for (size_t n = 0; n < m.n; n++) {
            char text[512];
            uint8_t *cut = exact_copy((struct bytes){m.p, n});
            diameter_line((struct bytes){cut, n}, OWN, false, MBYTES_OF(text));
            assert_true(n < 20 ? strcmp(text, "(no Diameter message)") == 0
                               : strncmp(text, lines[i], 3) == 0);
            free(cut);
        }
    }
}

static void control_characters_of_a_peer_are_never_printed(void **state)
{
    (void)state;
    uint8_t out[128];
    char text[256];
    struct wr w = wr_of(MBYTES_OF(out));
    diameter_header_write(&w, &(struct diameter_header){.command = 280});
    diameter_put_octets(&w, AVP_ERROR_MESSAGE, OWN, BYTES_LIT("a\n\x1b[31mb\xff"));
    diameter_line((struct bytes){out, w.n}, OWN, false, MBYTES_OF(text));
    assert_string_equal(text, "DWA error-message=a..[31mb.");
}

static void a_failed_avp_is_named(void **state)
{
    (void)state;
    uint8_t out[256];
    char text[256];
    struct wr w = wr_of(MBYTES_OF(out));
    diameter_header_write(&w, &(struct diameter_header){.command = 999});
    diameter_put_u32(&w, AVP_RESULT_CODE, OWN, 5999);
    size_t mark = diameter_put_open(&w, AVP_FAILED_AVP, OWN);
    diameter_put_octets(&w, AVP_VISITED_PLMN_ID, OWN, BYTES_LIT("abc"));
    diameter_put_close(&w, mark);
    diameter_line((struct bytes){out, w.n}, OWN, false, MBYTES_OF(text));
    assert_string_equal(text, "Answer result=5999 failed-avp=Visited-PLMN-Id");
}

/* An answer with one group, or none, and one number in it. */
static const char *told(enum diameter_avp_id group, enum diameter_avp_id avp, uint32_t number)
{
    static char text[256];
    uint8_t out[128];
    struct wr w = wr_of(MBYTES_OF(out));
    diameter_header_write(&w, &(struct diameter_header){.command = 999});
    size_t mark = group != AVP_COUNT ? diameter_put_open(&w, group, OWN) : 0;
    diameter_put_u32(&w, avp, OWN, number);
    if (group != AVP_COUNT) {
        diameter_put_close(&w, mark);
    }
    diameter_line((struct bytes){out, w.n}, OWN, false, MBYTES_OF(text));
    return text + strlen("Answer ");
}

static void what_is_told_of_a_devices_identity_has_names(void **state)
{
    (void)state;
    static const struct {
        enum diameter_avp_id group, avp;
        const char *told[5]; /* from 0 on */
    } table[] = {
        {AVP_BINDING_CONTROL,
         AVP_PROOF_CONTROL,
         {"proof-control=not-wanted", "proof-control=wanted", "proof-control=remembered",
          "proof-control=3", "proof-control=4"}},
        {AVP_DEVICE_PROOF,
         AVP_PROOF_RESULT,
         {"device-proof=0", "device-proof=proven", "device-proof=unproven", "device-proof=failed",
          "device-proof=undetermined"}},
        {AVP_DEVICE_PROOF,
         AVP_CREDENTIAL_FORM,
         {"proof-form=0", "proof-form=certificate", "proof-form=public-key", "proof-form=3",
          "proof-form=4"}},
        {AVP_COUNT,
         AVP_CREDENTIAL_REQUEST,
         {"credential-request=0", "credential-request=identity", "credential-request=provisioning",
          "credential-request=3", "credential-request=4"}},
        {AVP_DEVICE_CREDENTIAL,
         AVP_CREDENTIAL_STATUS,
         {"credential=0", "credential=found", "credential=none", "credential=revoked",
          "credential=unavailable"}},
        {AVP_DEVICE_CREDENTIAL,
         AVP_CREDENTIAL_SOURCE,
         {"credential-source=0", "credential-source=repository", "credential-source=cache",
          "credential-source=stale-cache", "credential-source=4"}},
    };
    for (size_t i = 0; i < sizeof table / sizeof table[0]; i++) {
        for (uint32_t v = 0; v < 5; v++) {
            assert_string_equal(told(table[i].group, table[i].avp, v), table[i].told[v]);
        }
    }
}

static void names_are_the_specifications(void **state)
{
    (void)state;
    struct diameter_header h = {.request = true, .application = DIAMETER_APP_S6A, .command = 318};
    assert_string_equal(diameter_short_name(&h), "AIR");
    assert_string_equal(diameter_long_name(&h), "Authentication-Information-Request");
    assert_string_equal(diameter_result_name(4181, true),
                        "DIAMETER_AUTHENTICATION_DATA_UNAVAILABLE");
    assert_string_equal(diameter_result_name(5001, false), "DIAMETER_AVP_UNSUPPORTED");
    assert_string_equal(diameter_result_name(5001, true), "DIAMETER_ERROR_USER_UNKNOWN");
    assert_null(diameter_result_name(1, false));
    assert_string_equal(diameter_avp_name(1450, 10415, OWN), "KASME");
    assert_string_equal(diameter_avp_name(2, OWN, OWN), "Served-IMEI");
    assert_null(diameter_avp_name(2, OWN, 1));
    for (size_t i = 0; i < SAMPLES; i++) {
        const struct diameter_message *m = samples[i].as;
        h = (struct diameter_header){
            .request = m->request, .application = m->application, .command = m->command};
        assert_string_equal(diameter_short_name(&h), m->short_name);
        assert_string_equal(diameter_long_name(&h), m->name);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_message_reads_as_one_line),
        cmocka_unit_test(a_masked_line_shows_no_whole_identity),
        cmocka_unit_test(a_line_is_cut_to_its_space),
        cmocka_unit_test(every_prefix_of_a_message_can_be_told),
        cmocka_unit_test(control_characters_of_a_peer_are_never_printed),
        cmocka_unit_test(a_failed_avp_is_named),
        cmocka_unit_test(what_is_told_of_a_devices_identity_has_names),
        cmocka_unit_test(names_are_the_specifications),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
