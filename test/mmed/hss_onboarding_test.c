/* What the MME says to whoever gives subscriptions to devices, and what it reads from the answer;
 * and which realm's peers are asked. Covers src/nf/mmed/hss_messages.c, with
 * test/mmed/hss_messages_test.c, and config.c. */
#include "codec/nas_container.h"
#include "lib/check.h"
#include "nf/mmed/hss_messages.h"
#include "wire/certattach.h"

#include <stdlib.h>
#include <string.h>

#define VENDOR 51234u

static struct mmed_config config;
static struct emm_who who;
static struct hss_ask ask;
static uint8_t out[HSS_MESSAGE_MAX];
static uint8_t answer[NAS_CONTAINER_MAX + 1024];
static struct diameter_fault fault;

static int set_up(void **state)
{
    (void)state;
    static char host[] = "mme1.epc.mnc001.mcc001.3gppnetwork.org";
    static char realm[] = "epc.mnc001.mcc001.3gppnetwork.org";
    config = (struct mmed_config){.origin_host = host, .origin_realm = realm, .vendor_id = VENDOR};
    assert_ok(plmn_parse(BYTES_LIT("310-410"), &config.plmn));
    who = (struct emm_who){.has_imei = true};
    assert_ok(imei_parse(BYTES_LIT("35693803564380"), &who.imei.imei));
    ask = (struct hss_ask){.config = &config, .realm = "provisioning.example"};
    return 0;
}

/* ---- the request ----------------------------------------------------------------------------- */

static void the_request_goes_octet_by_octet_with_imei_and_plmn_and_no_user_name(void **state)
{
    (void)state;
    static const size_t sizes[] = {1, 60, WIRE_CERTATTACH_REQUEST_MAX};
    static uint8_t request[WIRE_CERTATTACH_REQUEST_MAX];
    for (size_t i = 0; i < sizeof request; i++) {
        request[i] = (uint8_t)(i * 7 + 1);
    }
    for (size_t i = 0; i < sizeof sizes / sizeof sizes[0]; i++) {
        size_t n = 0, none = 0;
        struct s13_ecr ecr;
        struct plmn plmn;
        struct bytes value;
        struct emm_effect e = {.who = who, .request = {request, sizes[i]}};
        assert_ok(hss_write_onboarding(&ask, &e, MBYTES_OF(out), &n));
        assert_ok(s13_ecr_parse(VENDOR, (struct bytes){out, n}, &ecr, &fault));
        assert_ok(wire_certattach_inquiry_read(&ecr, &value, &plmn));
        assert_true(bytes_eq(value, e.request));
        assert_true(plmn_eq(&plmn, &config.plmn));
        assert_null(ecr.request.user_name.p);
        assert_false(ecr.credential_request.present);
        assert_true(bytes_eq(ecr.terminal_information.imei, BYTES_LIT("35693803564380")));
        assert_true(bytes_eq(ecr.request.destination_realm, BYTES_LIT("provisioning.example")));
        assert_null(ecr.request.destination_host.p);
        for (size_t cap = 0; cap < n; cap++) {
            uint8_t *exact = malloc(cap + 1);
            assert_err(hss_write_onboarding(&ask, &e, (struct mbytes){exact, cap}, &none),
                       E_NO_ROOM);
            free(exact);
        }
    }
}

/* Names of 255 characters and the longest request that a device can send. */
static void the_longest_request_has_room(void **state)
{
    (void)state;
    static char name[256], realm[64];
    static uint8_t request[2 + (3 + 512) + (3 + 16) + (3 + 513)];
    struct emm_effect e = {.who = who, .request = BYTES_OF(request)};
    size_t n = 0;
    memset(name, 'a', sizeof name - 1);
    name[63] = name[127] = name[191] = '.';
    memset(realm, 'b', sizeof realm - 1);
    config.origin_host = config.origin_realm = name;
    ask.realm = realm;
    ask.session = ask.started = UINT32_MAX;
    memcpy(e.who.imei.svn, "99", 3);
    assert_ok(hss_write_onboarding(&ask, &e, MBYTES_OF(out), &n));
}

static void a_plain_ecr_carries_none_of_it(void **state)
{
    (void)state;
    size_t n = 0;
    struct s13_ecr ecr;
    struct plmn plmn;
    struct bytes value;
    struct emm_effect e = {.who = who, .wants_credential = true};
    assert_ok(hss_write_ecr(&ask, &e, MBYTES_OF(out), &n));
    assert_ok(s13_ecr_parse(VENDOR, (struct bytes){out, n}, &ecr, &fault));
    assert_err(wire_certattach_inquiry_read(&ecr, &value, &plmn), E_NOT_FOUND);
}

/* ---- the answer ------------------------------------------------------------------------------ */

/* A result of so many octets. */
static struct bytes result_of(size_t n)
{
    static uint8_t room[NAS_CONTAINER_MAX], octets[4096];
    struct bytes value;
    struct nas_provisioning_result m = {.nonce_1 = {octets, 16},
                                        .expiry = {octets, 8},
                                        .ciphertext = {octets, 1},
                                        .operator_signature = {octets, 64},
                                        .certificate = {octets, 300}};
    assert_ok(nas_container_write(&nas_provisioning_result_container, &m, MBYTES_OF(room), &value));
    assert_true(n >= value.n);
    m.ciphertext.n += n - value.n;
    assert_ok(nas_container_write(&nas_provisioning_result_container, &m, MBYTES_OF(room), &value));
    return value;
}

static void read_eca(uint32_t vendor, struct bytes result, struct emm_eca *got)
{
    static struct s13_eca eca;
    static struct s6a_request r;
    size_t n = 0;
    memset(&eca, 0, sizeof eca);
    memset(&r, 0, sizeof r);
    s13_request_begin(&r, 1, 2);
    r.session_id = BYTES_LIT("a;1;2");
    s6a_answer_begin(&eca.answer, &r, BYTES_LIT("hss.example"), BYTES_LIT("example"));
    s6a_answer_result(&eca.answer, 2001);
    eca.provisioning_result = result;
    assert_ok(s13_eca_write(VENDOR, &eca, MBYTES_OF(answer), &n));
    hss_read_eca(vendor, (struct bytes){answer, n}, got);
}

static void a_result_is_read_as_it_came_and_another_vendors_is_none(void **state)
{
    (void)state;
    static const size_t sizes[] = {500, 1000, WIRE_CERTATTACH_RESULT_MAX};
    for (size_t i = 0; i < sizeof sizes / sizeof sizes[0]; i++) {
        struct emm_eca got;
        struct bytes result = result_of(sizes[i]);
        read_eca(VENDOR, result, &got);
        assert_int_equal(got.code, 2001);
        assert_true(bytes_eq(got.result, result));
        read_eca(VENDOR + 1, result, &got);
        assert_int_equal(got.code, 2001);
        assert_null(got.result.p);
    }
}

static void what_is_no_result_or_too_large_for_a_device_is_none(void **state)
{
    (void)state;
    struct emm_eca got;
    struct bytes whole = result_of(500);
    for (size_t n = 0; n < whole.n; n++) {
        read_eca(VENDOR, (struct bytes){n > 0 ? whole.p : NULL, n}, &got);
        assert_int_equal(got.code, 2001);
        assert_null(got.result.p);
    }
    read_eca(VENDOR, result_of(WIRE_CERTATTACH_RESULT_MAX + 1), &got);
    assert_null(got.result.p);
    read_eca(VENDOR,
             BYTES_LIT("\x05\x01\x0d\x00\x20" /* a proof of kme */
                       "0123456789abcdef0123456789abcdef"),
             &got);
    assert_null(got.result.p);
}

/* ---- where to -------------------------------------------------------------------------------- */

static void a_realm_is_the_home_of_its_name_of_its_plmn_or_everybody_elses(void **state)
{
    (void)state;
    static char named[] = "Provisioning.example";
    static struct plmn plmns[2];
    struct mmed_home homes[3] = {{.realm = NULL, .n_plmns = 0},
                                 {.realm = named, .plmns = &plmns[0], .n_plmns = 1},
                                 {.realm = NULL, .plmns = &plmns[1], .n_plmns = 1}};
    config.homes = homes;
    config.n_homes = 3;
    assert_ok(plmn_parse(BYTES_LIT("001-01"), &plmns[0]));
    assert_ok(plmn_parse(BYTES_LIT("310-410"), &plmns[1]));
    assert_ptr_equal(mmed_config_home_of_realm(&config, "provisioning.example"), &homes[1]);
    assert_ptr_equal(mmed_config_home_of_realm(&config, "EPC.mnc410.mcc310.3gppnetwork.org"),
                     &homes[2]);
    /* that home has a realm of another name */
    assert_ptr_equal(mmed_config_home_of_realm(&config, "epc.mnc001.mcc001.3gppnetwork.org"),
                     &homes[0]);
    assert_ptr_equal(mmed_config_home_of_realm(&config, "elsewhere.example"), &homes[0]);
    config.homes = &homes[1];
    config.n_homes = 2;
    assert_null(mmed_config_home_of_realm(&config, "elsewhere.example"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(the_request_goes_octet_by_octet_with_imei_and_plmn_and_no_user_name,
                               set_up),
        cmocka_unit_test_setup(the_longest_request_has_room, set_up),
        cmocka_unit_test_setup(a_plain_ecr_carries_none_of_it, set_up),
        cmocka_unit_test_setup(a_result_is_read_as_it_came_and_another_vendors_is_none, set_up),
        cmocka_unit_test_setup(what_is_no_result_or_too_large_for_a_device_is_none, set_up),
        cmocka_unit_test_setup(a_realm_is_the_home_of_its_name_of_its_plmn_or_everybody_elses,
                               set_up),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
