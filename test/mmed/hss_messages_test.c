/* What the MME says to home networks, read back as an HSS or EIR would; and what it makes of their
 * answers, also of those that nobody should send. */
#include "nf/mmed/hss_messages.h"

#include "lib/check.h"
#include "wire/kme.h"
#include "wire/s6a_aka.h"
#include <stdlib.h>
#include <string.h>

#define VENDOR 51234u

static struct mmed_config config;
static struct imsi imsi;
static struct emm_who who;
static struct hss_ask ask;
static uint8_t out[HSS_MESSAGE_MAX];
static uint8_t answer[8192];
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

static void assert_request(const struct s6a_request *r)
{
    assert_true(
        bytes_eq(r->session_id, BYTES_LIT("mme1.epc.mnc001.mcc001.3gppnetwork.org;1700000000;7")));
    assert_true(bytes_eq(r->origin_host, bytes_of_str(config.origin_host)));
    assert_true(bytes_eq(r->origin_realm, bytes_of_str(config.origin_realm)));
    assert_true(bytes_eq(r->destination_realm, BYTES_LIT("home.example")));
    assert_true(bytes_eq(r->user_name, BYTES_LIT("001010123456789")));
    assert_int_equal(r->header.end_to_end, 0x01020304);
    assert_true(r->header.proxiable);
}

/* ---- requests -------------------------------------------------------------------------------- */

static void an_air_asks_for_what_is_wanted_and_nothing_else(void **state)
{
    (void)state;
    size_t n = 0;
    struct s6a_air air;
    struct wire_air read;
    for (int full = 0; full < 2; full++) {
        struct emm_effect e = {.vectors = 3, .who = who, .has_resync = full != 0};
        memset(e.resync_rand, 0x11, sizeof e.resync_rand);
        memset(e.auts.b, 0x22, sizeof e.auts.b);
        config.sends_served_imei = full != 0;
        assert_ok(hss_write_air(&ask, &e, MBYTES_OF(out), &n));
        assert_ok(s6a_air_parse(VENDOR, (struct bytes){out, n}, &air, &fault));
        assert_request(&air.request);
        assert_ok(wire_air_read(VENDOR, (struct bytes){out, n}, &air, &read, &fault));
        assert_true(imsi_eq(&read.imsi, &imsi));
        assert_int_equal(read.eutran, 3);
        assert_int_equal(read.utran, 0);
        assert_true(read.knows_binding);
        assert_int_equal(read.has_served_imei, full);
        assert_true(!full || imei_eq(&read.served_imei, &who.imei.imei));
        assert_int_equal(read.has_resync, full);
        assert_true(!full || memcmp(read.resync_rand, e.resync_rand, 16) == 0);
        assert_true(!full || memcmp(read.auts.b, e.auts.b, sizeof e.auts.b) == 0);
    }
}

static void an_ulr_says_initial_attach_and_which_equipment(void **state)
{
    (void)state;
    size_t n = 0;
    struct s6a_ulr ulr;
    for (int imei = 0; imei < 2; imei++) {
        who.has_imei = imei != 0;
        struct emm_effect e = {.who = who};
        assert_ok(hss_write_ulr(&ask, &e, MBYTES_OF(out), &n));
        assert_ok(s6a_ulr_parse(VENDOR, (struct bytes){out, n}, &ulr, &fault));
        assert_request(&ulr.request);
        assert_int_equal(ulr.ulr_flags.v, S6A_ULR_S6A_S6D | S6A_ULR_INITIAL_ATTACH);
        assert_int_equal(ulr.rat_type.v, S6A_RAT_EUTRAN);
        assert_int_equal(ulr.terminal_information.present, imei);
        assert_true(!imei || bytes_eq(ulr.terminal_information.software_version, BYTES_LIT("99")));
        assert_false(ulr.device_proof.present);
    }
}

static void an_imei_whose_version_is_not_known_goes_without_one(void **state)
{
    (void)state;
    size_t n = 0;
    struct s6a_ulr ulr;
    struct emm_effect e = {.who = who};
    e.who.imei.svn[0] = '\0';
    assert_ok(hss_write_ulr(&ask, &e, MBYTES_OF(out), &n));
    assert_ok(s6a_ulr_parse(VENDOR, (struct bytes){out, n}, &ulr, &fault));
    assert_int_equal(ulr.terminal_information.imei.n, IMEI_DIGITS);
    assert_null(ulr.terminal_information.software_version.p);
}

static void an_ecr_a_nor_and_a_pur_are_what_they_should_be(void **state)
{
    (void)state;
    size_t n = 0;
    struct s13_ecr ecr;
    struct s6a_nor nor;
    struct s6a_pur pur;
    struct emm_effect e = {.who = who, .failure_cause = S6A_FAILURE_RES, .failure_count = 1};
    assert_ok(hss_write_ecr(&ask, &e, MBYTES_OF(out), &n));
    assert_ok(s13_ecr_parse(VENDOR, (struct bytes){out, n}, &ecr, &fault));
    assert_request(&ecr.request);
    assert_true(ecr.terminal_information.present);
    assert_ok(hss_write_nor(&ask, &e, MBYTES_OF(out), &n));
    assert_ok(s6a_nor_parse(VENDOR, (struct bytes){out, n}, &nor, &fault));
    assert_request(&nor.request);
    assert_int_equal(nor.binding_failure.binding_failure_cause.v, S6A_FAILURE_RES);
    assert_int_equal(nor.binding_failure.binding_failure_count.v, 1);
    assert_int_equal(nor.binding_failure.imei.n, IMEI_DIGITS);
    assert_ok(hss_write_pur(&ask, MBYTES_OF(out), &n));
    assert_ok(s6a_pur_parse(VENDOR, (struct bytes){out, n}, &pur, &fault));
    assert_request(&pur.request);
    assert_int_equal(pur.pur_flags.v, S6A_PUR_UE_PURGED_IN_MME);
}

/* The longest of each: names as long as names are. */
static void the_longest_request_fits_and_too_little_room_is_said(void **state)
{
    (void)state;
    static char host[256], realm[256];
    static const uint8_t payload[WIRE_KME_PAYLOAD_MAX];
    struct emm_effect e = {.vectors = 5, .who = who, .has_resync = true, .failure_count = 1};
    size_t n = 0, ns[5];
    memset(host, 'h', 255);
    memset(realm, 'r', 255);
    for (size_t i = 63; i < 255; i += 64) {
        host[i] = realm[i] = '.';
    }
    config.origin_host = host;
    config.origin_realm = realm;
    config.sends_served_imei = config.devid.on = true;
    ask.realm = realm;
    config.provisioning.kme = true;
    e.payload = BYTES_OF(payload);
    e.wants_credential = true;
    e.proof = (struct devid_outcome){DEVID_FAILED, DEVID_CAUSE_CHAIN_EARLY, BINDING_CERTIFICATE,
                                     UINT64_MAX};
    assert_ok(hss_write_air(&ask, &e, MBYTES_OF(out), &ns[0]));
    assert_ok(hss_write_ulr(&ask, &e, MBYTES_OF(out), &ns[1]));
    assert_ok(hss_write_ecr(&ask, &e, MBYTES_OF(out), &ns[2]));
    assert_ok(hss_write_nor(&ask, &e, MBYTES_OF(out), &ns[3]));
    assert_ok(hss_write_pur(&ask, MBYTES_OF(out), &ns[4]));
    for (size_t cap = 0; cap < ns[0]; cap++) {
        uint8_t *exact = malloc(cap + 1);
        assert_err(hss_write_air(&ask, &e, (struct mbytes){exact, cap}, &n), E_NO_ROOM);
        free(exact);
    }
}

/* ---- answers --------------------------------------------------------------------------------- */

static void begin_answer(struct s6a_answer *a, uint32_t code, bool experimental)
{
    struct s6a_request r;
    memset(&r, 0, sizeof r);
    s6a_request_begin(&r, 1, 2);
    r.session_id = BYTES_LIT("a;1;2");
    memset(a, 0, sizeof *a);
    s6a_answer_begin(a, &r, BYTES_LIT("hss.home.example"), BYTES_LIT("home.example"));
    experimental ? s6a_answer_experimental(a, code) : s6a_answer_result(a, code);
}

static uint8_t octets[64] = {[0 ... 63] = 0x33};

static struct s6a_aia *good_aia(unsigned n)
{
    static struct s6a_aia aia;
    memset(&aia, 0, sizeof aia);
    begin_answer(&aia.answer, 2001, false);
    aia.authentication_info.present = true;
    aia.authentication_info.e_utran_vector_n = n;
    for (unsigned i = 0; i < n; i++) {
        aia.authentication_info.e_utran_vector[i] =
            (struct s6a_e_utran_vector){.present = true,
                                        .item_number = DIAMETER_U32_OF(i + 1),
                                        .rand = {octets, 16},
                                        .xres = {octets, 8},
                                        .autn = {octets, 16},
                                        .kasme = {octets, 32}};
    }
    return &aia;
}

static struct bytes written(enum err err, size_t n)
{
    assert_ok(err);
    return (struct bytes){answer, n};
}

static void vectors_of_an_answer_are_read_and_not_more_than_there_is_room_for(void **state)
{
    (void)state;
    struct emm_aia got;
    size_t n = 0;
    for (unsigned k = 0; k <= EMM_VECTORS_MAX; k++) {
        struct s6a_aia *aia = good_aia(k);
        aia->binding_control.present = true;
        aia->binding_control.binding_mode = DIAMETER_U32_OF(S6A_BINDING_PROCESSED);
        struct bytes msg = written(s6a_aia_write(VENDOR, aia, MBYTES_OF(answer), &n), n);
        hss_read_aia(VENDOR, (struct bytes){msg.p, n}, &got);
        assert_int_equal(got.code, 2001);
        assert_false(got.experimental);
        assert_int_equal(got.n, k);
        assert_true(got.has_control);
        assert_int_equal(got.control, S6A_BINDING_PROCESSED);
        if (k > 0) {
            assert_int_equal(got.vectors[k - 1].xres.n, 8);
            assert_memory_equal(got.vectors[k - 1].kasme.b, octets, 32);
        }
        hss_read_aia(VENDOR + 1, (struct bytes){answer, n}, &got); /* another vendor's numbers */
        assert_false(got.has_control);
        assert_int_equal(got.n, k);
    }
}

static void a_refusal_counts_as_3gpps_only_when_3gpp_is_its_vendor(void **state)
{
    (void)state;
    static const uint32_t vendors[] = {10415, 0, 12951, VENDOR};
    struct emm_aia aia;
    struct emm_ula ula;
    size_t n = 0;
    for (size_t i = 0; i < 4; i++) {
        struct s6a_aia *a = good_aia(0);
        static struct s6a_ula u;
        memset(&u, 0, sizeof u);
        begin_answer(&a->answer, S6A_USER_UNKNOWN, true);
        a->answer.experimental_result.vendor_id = DIAMETER_U32_OF(vendors[i]);
        a->authentication_info.present = false;
        assert_ok(s6a_aia_write(VENDOR, a, MBYTES_OF(answer), &n));
        hss_read_aia(VENDOR, (struct bytes){answer, n}, &aia);
        assert_true(aia.experimental);
        assert_int_equal(aia.code == S6A_USER_UNKNOWN, i == 0);
        assert_int_not_equal(aia.code, 0);
        begin_answer(&u.answer, 2001, true); /* success is none of 3GPP's experimental codes */
        u.answer.experimental_result.vendor_id = DIAMETER_U32_OF(vendors[i]);
        assert_ok(s6a_ula_write(VENDOR, &u, MBYTES_OF(answer), &n));
        hss_read_ula(VENDOR, (struct bytes){answer, n}, &ula);
        assert_true(ula.experimental);
    }
}

static struct s6a_ula *good_ula(void)
{
    static struct s6a_ula ula;
    static const char *const apns[] = {"iot", "internet", "ims"};
    memset(&ula, 0, sizeof ula);
    begin_answer(&ula.answer, 2001, false);
    struct s6a_subscription_data *d = &ula.subscription_data;
    d->present = true;
    d->ambr = (struct s6a_ambr){true, DIAMETER_U32_OF(1000000), DIAMETER_U32_OF(2000000)};
    struct s6a_apn_configuration_profile *p = &d->apn_configuration_profile;
    p->present = true;
    p->context_identifier = DIAMETER_U32_OF(2);
    p->all_apn_configurations_included_indicator = DIAMETER_U32_OF(0);
    p->apn_configuration_n = 3;
    for (unsigned i = 0; i < 3; i++) {
        struct s6a_apn_configuration *a = &p->apn_configuration[i];
        *a = (struct s6a_apn_configuration){.present = true,
                                            .context_identifier = DIAMETER_U32_OF(i + 1),
                                            .pdn_type = DIAMETER_U32_OF(S6A_IPV4),
                                            .service_selection = bytes_of_str(apns[i])};
        a->eps_subscribed_qos_profile.present = true;
        a->eps_subscribed_qos_profile.qos_class_identifier = DIAMETER_U32_OF(9);
        struct s6a_allocation_retention_priority *arp =
            &a->eps_subscribed_qos_profile.allocation_retention_priority;
        arp->present = true;
        arp->priority_level = DIAMETER_U32_OF(8);
    }
    return &ula;
}

static void read_ula(const struct s6a_ula *ula, struct emm_ula *got)
{
    size_t n = 0;
    assert_ok(s6a_ula_write(VENDOR, ula, MBYTES_OF(answer), &n));
    hss_read_ula(VENDOR, (struct bytes){answer, n}, got);
}

static void the_default_apn_comes_first_and_the_rest_as_they_were(void **state)
{
    (void)state;
    struct emm_ula got;
    read_ula(good_ula(), &got);
    assert_int_equal(got.code, 2001);
    assert_false(got.barred);
    assert_int_equal(got.subscription.n_apns, 3);
    assert_memory_equal(got.subscription.apns[0].encoded, "\x08internet", 9);
    assert_memory_equal(got.subscription.apns[1].encoded, "\x03iot", 4);
    assert_memory_equal(got.subscription.apns[2].encoded, "\x03ims", 4);
    assert_int_equal(got.subscription.ambr_ul, 1000000);
    assert_int_equal(got.subscription.ambr_dl, 2000000);
    assert_int_equal(got.subscription.apns[0].qci, 9);
    assert_int_equal(got.subscription.apns[0].priority, 8);
    assert_false(got.subscription.apns[0].may_pre_empt); /* TS 29.212 5.3.46, 5.3.47: defaults */
    assert_true(got.subscription.apns[0].pre_emptable);
}

static void an_apn_that_cannot_be_is_left_out_and_others_stay(void **state)
{
    (void)state;
    static char text[120];
    static const char *const odd[] = {"*", "", ".", "a..b", "-\x01", text};
    unsigned sent = 0;
    memset(text, 'a', sizeof text - 1);
    for (size_t i = 0; i < sizeof odd / sizeof odd[0]; i++) {
        struct emm_ula got;
        struct s6a_ula *ula = good_ula();
        ula->subscription_data.apn_configuration_profile.apn_configuration[1].service_selection =
            bytes_of_str(odd[i]);
        size_t n = 0;
        if (s6a_ula_write(VENDOR, ula, MBYTES_OF(answer), &n) != E_OK) {
            continue; /* nothing that S6a can say */
        }
        hss_read_ula(VENDOR, (struct bytes){answer, n}, &got);
        sent++;
        assert_int_equal(got.subscription.n_apns, 2);
        assert_memory_equal(got.subscription.apns[0].encoded, "\x03iot", 4);
    }
    assert_true(sent >= 3);
}

static void more_apns_than_are_kept_are_left_out_but_never_the_default_one(void **state)
{
    (void)state;
    struct emm_ula got;
    struct s6a_ula *ula = good_ula();
    struct s6a_apn_configuration_profile *p = &ula->subscription_data.apn_configuration_profile;
    while (p->apn_configuration_n < S6A_APN_MAX) {
        p->apn_configuration[p->apn_configuration_n] = p->apn_configuration[0];
        p->apn_configuration[p->apn_configuration_n].context_identifier =
            DIAMETER_U32_OF((uint32_t)p->apn_configuration_n + 1);
        p->apn_configuration_n++;
    }
    p->context_identifier = DIAMETER_U32_OF(S6A_APN_MAX);
    p->apn_configuration[S6A_APN_MAX - 1].service_selection = BYTES_LIT("last");
    read_ula(ula, &got);
    assert_int_equal(got.subscription.n_apns, EMM_APNS_MAX);
    assert_memory_equal(got.subscription.apns[0].encoded, "\x04last", 5);
}

static void
a_class_that_there_is_none_of_becomes_best_effort_and_nothing_is_cut_to_fit(void **state)
{
    (void)state;
    static const uint32_t odd[] = {0, 255, 256 + 5, UINT32_MAX};
    for (size_t i = 0; i < 4; i++) {
        struct emm_ula got;
        size_t n = 0;
        struct s6a_ula *ula = good_ula();
        ula->subscription_data.apn_configuration_profile.apn_configuration[1]
            .eps_subscribed_qos_profile.qos_class_identifier = DIAMETER_U32_OF(odd[i]);
        if (s6a_ula_write(VENDOR, ula, MBYTES_OF(answer), &n) == E_OK) {
            hss_read_ula(VENDOR, (struct bytes){answer, n}, &got);
            assert_int_equal(got.subscription.apns[0].qci, 9);
        }
    }
}

static void only_what_bars_packet_services_bars(void **state)
{
    (void)state;
    static const struct {
        bool status, odb;
        uint32_t status_v, odb_v;
        bool barred;
    } of[] = {{false, false, 0, 0, false}, {true, false, 1, 0, false}, {true, true, 1, 1, true},
              {true, true, 1, 2, false},   {true, true, 0, 1, false},  {false, true, 0, 1, false}};
    for (size_t i = 0; i < sizeof of / sizeof of[0]; i++) {
        struct emm_ula got;
        struct s6a_ula *ula = good_ula();
        ula->subscription_data.subscriber_status =
            (struct diameter_u32){of[i].status, of[i].status_v};
        ula->subscription_data.operator_determined_barring =
            (struct diameter_u32){of[i].odb, of[i].odb_v};
        read_ula(ula, &got);
        assert_int_equal(got.barred, of[i].barred);
    }
}

static void a_success_without_a_subscription_has_no_apn(void **state)
{
    (void)state;
    struct emm_ula got;
    struct s6a_ula *ula = good_ula();
    ula->subscription_data = (struct s6a_subscription_data){.present = false};
    read_ula(ula, &got);
    assert_int_equal(got.code, 2001);
    assert_int_equal(got.subscription.n_apns, 0);
}

static void an_equipment_status_that_is_missing_is_not_white(void **state)
{
    (void)state;
    static struct s13_eca eca;
    struct emm_eca got;
    size_t n = 0;
    memset(&eca, 0, sizeof eca);
    struct s6a_request r;
    memset(&r, 0, sizeof r);
    s13_request_begin(&r, 1, 2);
    r.session_id = BYTES_LIT("a;1;2");
    for (int i = 0; i < 5; i++) {
        s6a_answer_begin(&eca.answer, &r, BYTES_LIT("eir.example"), BYTES_LIT("example"));
        s6a_answer_result(&eca.answer, 2001);
        eca.equipment_status = (struct diameter_u32){i < 4, i < 3 ? (uint32_t)i : 256};
        if (s13_eca_write(VENDOR, &eca, MBYTES_OF(answer), &n) == E_OK) {
            hss_read_eca(VENDOR, (struct bytes){answer, n}, &got);
            assert_int_equal(got.code, 2001);
            assert_int_equal(got.status, i < 3 ? i : UINT8_MAX);
        } else {
            assert_true(i >= 3);
        }
    }
}

/* ---- what nobody should send ------------------------------------------------------------------
 */

static void read_all(struct bytes msg)
{
    static struct emm_aia aia;
    static struct emm_ula ula;
    static struct emm_eca eca;
    hss_read_aia(VENDOR, msg, &aia);
    assert_true(aia.n <= EMM_VECTORS_MAX);
    hss_read_ula(VENDOR, msg, &ula);
    assert_true(ula.subscription.n_apns <= EMM_APNS_MAX);
    hss_read_eca(VENDOR, msg, &eca);
}

static void every_prefix_and_every_changed_octet_is_read_safely(void **state)
{
    (void)state;
    size_t ns[2];
    static uint8_t copies[2][8192];
    assert_ok(s6a_aia_write(VENDOR, good_aia(2), MBYTES_OF(copies[0]), &ns[0]));
    assert_ok(s6a_ula_write(VENDOR, good_ula(), MBYTES_OF(copies[1]), &ns[1]));
    for (int m = 0; m < 2; m++) {
        for (size_t n = 0; n < ns[m]; n++) {
            struct emm_aia aia;
            uint8_t *prefix = exact_copy((struct bytes){copies[m], n});
            read_all((struct bytes){prefix, n});
            hss_read_aia(VENDOR, (struct bytes){prefix, n}, &aia);
            assert_int_equal(aia.code, 0); /* as good as none */
            free(prefix);
        }
        for (size_t i = 0; i < ns[m]; i++) {
            for (unsigned x = 1; x < 256; x <<= 1) {
                uint8_t *changed = exact_copy((struct bytes){copies[m], ns[m]});
                changed[i] ^= (uint8_t)x;
                read_all((struct bytes){changed, ns[m]});
                free(changed);
            }
        }
    }
    read_all((struct bytes){NULL, 0});
}

static void an_answer_to_another_question_is_no_answer(void **state)
{
    (void)state;
    struct emm_aia aia;
    struct emm_ula ula;
    size_t n = 0;
    assert_ok(s6a_ula_write(VENDOR, good_ula(), MBYTES_OF(answer), &n));
    hss_read_aia(VENDOR, (struct bytes){answer, n}, &aia);
    assert_int_equal(aia.code, 0);
    assert_ok(s6a_aia_write(VENDOR, good_aia(1), MBYTES_OF(answer), &n));
    hss_read_ula(VENDOR, (struct bytes){answer, n}, &ula);
    assert_int_equal(ula.code, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(an_air_asks_for_what_is_wanted_and_nothing_else, set_up),
        cmocka_unit_test_setup(an_ulr_says_initial_attach_and_which_equipment, set_up),
        cmocka_unit_test_setup(an_imei_whose_version_is_not_known_goes_without_one, set_up),
        cmocka_unit_test_setup(an_ecr_a_nor_and_a_pur_are_what_they_should_be, set_up),
        cmocka_unit_test_setup(the_longest_request_fits_and_too_little_room_is_said, set_up),
        cmocka_unit_test(vectors_of_an_answer_are_read_and_not_more_than_there_is_room_for),
        cmocka_unit_test(a_refusal_counts_as_3gpps_only_when_3gpp_is_its_vendor),
        cmocka_unit_test(the_default_apn_comes_first_and_the_rest_as_they_were),
        cmocka_unit_test(an_apn_that_cannot_be_is_left_out_and_others_stay),
        cmocka_unit_test(more_apns_than_are_kept_are_left_out_but_never_the_default_one),
        cmocka_unit_test(
            a_class_that_there_is_none_of_becomes_best_effort_and_nothing_is_cut_to_fit),
        cmocka_unit_test(only_what_bars_packet_services_bars),
        cmocka_unit_test(a_success_without_a_subscription_has_no_apn),
        cmocka_unit_test(an_equipment_status_that_is_missing_is_not_white),
        cmocka_unit_test(every_prefix_and_every_changed_octet_is_read_safely),
        cmocka_unit_test(an_answer_to_another_question_is_no_answer),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
