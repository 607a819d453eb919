/* What the MME says to home networks of KMEs that devices make, and what it reads from them. Covers
 * src/nf/mmed/hss_messages.c, with test/mmed/hss_messages_test.c. */
#include "lib/check.h"
#include "nf/mmed/hss_messages.h"
#include "wire/kme.h"

#include <stdlib.h>
#include <string.h>

#define VENDOR 51234u

static struct mmed_config config;
static struct imsi imsi;
static struct emm_who who;
static struct hss_ask ask;
static uint8_t out[HSS_MESSAGE_MAX];
static uint8_t answer[4096];
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
    ask = (struct hss_ask){.config = &config, .imsi = &imsi, .realm = "home.example"};
    return 0;
}

static uint32_t offered(const struct s6a_request *r)
{
    return s6a_features_of(r->supported_features, r->supported_features_n, VENDOR,
                           OWN_FEATURE_LIST_ID);
}

/* ---- requests -------------------------------------------------------------------------------- */

static void provisioning_is_offered_where_it_is_configured_with_air_and_ulr(void **state)
{
    (void)state;
    size_t n = 0;
    struct s6a_air air;
    struct s6a_ulr ulr;
    struct s6a_nor nor;
    struct emm_effect e = {.who = who, .vectors = 1, .failure_count = 1};
    for (unsigned i = 0; i < 4; i++) {
        config.provisioning.kme = (i & 1) != 0;
        config.devid.on = (i & 2) != 0;
        uint32_t base = OWN_FEATURE_BINDING | (config.devid.on ? OWN_FEATURE_DEVID : 0);
        uint32_t want = base | (config.provisioning.kme ? OWN_FEATURE_PROVISIONING : 0);
        assert_ok(hss_write_air(&ask, &e, MBYTES_OF(out), &n));
        assert_ok(s6a_air_parse(VENDOR, (struct bytes){out, n}, &air, &fault));
        assert_int_equal(offered(&air.request), want);
        assert_ok(hss_write_ulr(&ask, &e, MBYTES_OF(out), &n));
        assert_ok(s6a_ulr_parse(VENDOR, (struct bytes){out, n}, &ulr, &fault));
        assert_int_equal(offered(&ulr.request), want);
        assert_ok(hss_write_nor(&ask, &e, MBYTES_OF(out), &n));
        assert_ok(s6a_nor_parse(VENDOR, (struct bytes){out, n}, &nor, &fault));
        assert_int_equal(offered(&nor.request), base);
    }
}

/*= test kme-7 */
static void a_payload_goes_into_the_ulr_octet_by_octet_and_too_little_room_is_said(void **state)
{
    (void)state;
    static const size_t sizes[] = {0, 300, WIRE_KME_PAYLOAD_MAX};
    static uint8_t payload[WIRE_KME_PAYLOAD_MAX];
    for (size_t i = 0; i < sizeof payload; i++) {
        payload[i] = (uint8_t)(i * 7 + 1);
    }
    config.provisioning.kme = true;
    for (size_t i = 0; i < sizeof sizes / sizeof sizes[0]; i++) {
        size_t n = 0, none = 0;
        struct s6a_ulr ulr;
        struct emm_effect e = {.who = who, .payload = {sizes[i] > 0 ? payload : NULL, sizes[i]}};
        assert_ok(hss_write_ulr(&ask, &e, MBYTES_OF(out), &n));
        assert_ok(s6a_ulr_parse(VENDOR, (struct bytes){out, n}, &ulr, &fault));
        assert_int_equal(ulr.kme_payload.p != NULL, sizes[i] > 0);
        assert_true(sizes[i] == 0 || bytes_eq(ulr.kme_payload, e.payload));
        assert_false(ulr.device_proof.present);
        for (size_t cap = 0; cap < n; cap++) {
            uint8_t *exact = malloc(cap + 1);
            assert_err(hss_write_ulr(&ask, &e, (struct mbytes){exact, cap}, &none), E_NO_ROOM);
            free(exact);
        }
    }
}

/* ---- answers --------------------------------------------------------------------------------- */

static void begin(struct s6a_answer *a)
{
    struct s6a_request r;
    memset(&r, 0, sizeof r);
    s6a_request_begin(&r, 1, 2);
    r.session_id = BYTES_LIT("a;1;2");
    s6a_answer_begin(a, &r, BYTES_LIT("hss.example"), BYTES_LIT("example"));
    s6a_answer_result(a, 2001);
}

/* Octets `from` by octets `to` in the message; how often. */
static unsigned replace(size_t n, struct bytes from, const uint8_t *to)
{
    unsigned found = 0;
    for (size_t i = 0; i + from.n <= n; i++) {
        if (memcmp(answer + i, from.p, from.n) == 0) {
            memcpy(answer + i, to, from.n);
            found++;
        }
    }
    return found;
}

/*= test kme-4b */
static void a_nonce_is_read_with_vectors_for_provisioning_only(void **state)
{
    (void)state;
    static struct s6a_aia aia;
    static const uint8_t nonce[KME_NONCE_LEN] = {0x81, 2, 3};
    static const struct {
        uint32_t mode;
        bool nonce, read;
    } of[] = {
        {S6A_BINDING_PROVISIONING_ONLY, true, true},
        {S6A_BINDING_PROVISIONING_ONLY, false, false},
        {S6A_BINDING_REGULAR, true, false},
        {S6A_BINDING_PROCESSED, true, false},
    };
    for (size_t i = 0; i < sizeof of / sizeof of[0]; i++) {
        struct emm_aia got;
        size_t n = 0;
        memset(&aia, 0, sizeof aia);
        begin(&aia.answer);
        aia.binding_control.present = true;
        aia.binding_control.binding_mode = DIAMETER_U32_OF(of[i].mode);
        aia.binding_control.hss_nonce = of[i].nonce ? BYTES_OF(nonce) : (struct bytes){NULL, 0};
        assert_ok(s6a_aia_write(VENDOR, &aia, MBYTES_OF(answer), &n));
        hss_read_aia(VENDOR, (struct bytes){answer, n}, &got);
        assert_int_equal(got.code, 2001);
        assert_int_equal(got.has_nonce, of[i].read);
        assert_true(!of[i].read || memcmp(got.nonce, nonce, sizeof nonce) == 0);
        assert_true(!of[i].read || got.control == S6A_BINDING_PROVISIONING_ONLY);
        hss_read_aia(VENDOR + 1, (struct bytes){answer, n}, &got); /* another vendor's numbers */
        assert_false(got.has_nonce || got.has_control);
    }
}

/*= test kme-10 */
static void the_proof_of_the_home_network_is_read_from_the_ula_and_nowhere_else(void **state)
{
    (void)state;
    static struct s6a_ula ula;
    static const uint8_t nw_sig[KME_NW_SIG_LEN] = {1, 2, 3};
    for (int has = 0; has < 2; has++) {
        struct emm_ula got;
        size_t n = 0;
        memset(&ula, 0, sizeof ula);
        begin(&ula.answer);
        ula.nw_signature = has ? BYTES_OF(nw_sig) : (struct bytes){NULL, 0};
        assert_ok(s6a_ula_write(VENDOR, &ula, MBYTES_OF(answer), &n));
        hss_read_ula(VENDOR, (struct bytes){answer, n}, &got);
        assert_int_equal(got.code, 2001);
        assert_int_equal(got.has_nw_sig, has);
        assert_true(!has || memcmp(got.nw_sig, nw_sig, sizeof nw_sig) == 0);
        hss_read_ula(VENDOR + 1, (struct bytes){answer, n}, &got);
        assert_false(got.has_nw_sig);
    }
}

/* The AVP's head as it is, and with a length that is one less: the padding makes up for it. */
static void a_proof_or_a_nonce_of_another_length_is_none(void **state)
{
    (void)state;
    static struct s6a_ula ula;
    static struct s6a_aia aia;
    static const uint8_t octets[KME_NW_SIG_LEN] = {0x5a};
    static const uint8_t vendor[] = {0, 0, VENDOR >> 8, VENDOR & 0xff};
    struct emm_ula got_ula;
    struct emm_aia got_aia;
    size_t n = 0;
    uint8_t head[] = {0, 0, 0, OWN_AVP_NW_SIGNATURE, 0x80, 0, 0, 12 + 32, 0, 0, 0, 0};
    uint8_t shorter[sizeof head];
    memcpy(head + 8, vendor, 4);
    memcpy(shorter, head, sizeof head);
    shorter[7]--;
    memset(&ula, 0, sizeof ula);
    begin(&ula.answer);
    ula.nw_signature = BYTES_OF(octets);
    assert_ok(s6a_ula_write(VENDOR, &ula, MBYTES_OF(answer), &n));
    assert_int_equal(replace(n, BYTES_OF(head), shorter), 1);
    hss_read_ula(VENDOR, (struct bytes){answer, n}, &got_ula);
    assert_false(got_ula.has_nw_sig);
    head[3] = OWN_AVP_HSS_NONCE;
    head[7] = 12 + 16;
    memcpy(shorter, head, sizeof head);
    shorter[7]--;
    memset(&aia, 0, sizeof aia);
    begin(&aia.answer);
    wire_kme_offer_fill(octets, &aia.binding_control);
    assert_ok(s6a_aia_write(VENDOR, &aia, MBYTES_OF(answer), &n));
    assert_int_equal(replace(n, BYTES_OF(head), shorter), 1);
    hss_read_aia(VENDOR, (struct bytes){answer, n}, &got_aia);
    assert_false(got_aia.has_nonce);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(provisioning_is_offered_where_it_is_configured_with_air_and_ulr,
                               set_up),
        cmocka_unit_test_setup(
            a_payload_goes_into_the_ulr_octet_by_octet_and_too_little_room_is_said, set_up),
        cmocka_unit_test_setup(a_nonce_is_read_with_vectors_for_provisioning_only, set_up),
        cmocka_unit_test_setup(the_proof_of_the_home_network_is_read_from_the_ula_and_nowhere_else,
                               set_up),
        cmocka_unit_test_setup(a_proof_or_a_nonce_of_another_length_is_none, set_up),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
