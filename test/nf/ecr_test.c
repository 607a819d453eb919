/* test/nf/ecr_test.c - equipment checks from octets to answer and event (src/nf/hssd/ecr.c,
 * src/nf/hssd/s6a.c), over real lists (src/nf/hssd/eir_lists.c). */
#include "nf/s6a_world.h"

#include "codec/s13.h"

#include <sched.h>

#define IMEI_X "49015420323751"

static int eir_up(void **state)
{
    config.eir = (struct hssd_eir){true, {EIR_UNKNOWN_REFUSE, EIR_PAIRING_GREY}};
    return world_up(state);
}

/* Puts a rule on a list and returns when it is in force. */
static void rule(const char *text, enum eir_list list)
{
    struct store_writer *w = store_the_writer(hss.store);
    struct imei_range range;
    struct store_eir_rule row = {.list = (uint8_t)list};
    struct eir_lists_state in_force;
    struct store_eir stored;
    enum store_did did;
    assert_ok(imei_range_parse(bytes_of_str(text), &range));
    row.first = range.first;
    row.last = range.last;
    assert_ok(store_begin(w));
    assert_ok(store_put_eir_rule(w, &row, 100, &did));
    assert_ok(store_commit(w));
    eir_lists_changed(hss.eir);
    assert_ok(store_read_eir(thread.reader, &stored));
    do {
        sched_yield();
        eir_lists_state(hss.eir, &in_force);
    } while (in_force.version != stored.version);
}

static struct bytes ecr_octets(const char *imsi, const char *imei)
{
    static uint8_t octets[4096];
    size_t n;
    struct s13_ecr e = {.terminal_information = {.present = true}};
    request_of(&e.request, 0, imsi != NULL ? imsi : "");
    if (imsi == NULL) {
        e.request.user_name = (struct bytes){NULL, 0};
    }
    e.request.header.application = DIAMETER_APP_S13;
    e.request.vendor_specific_application_id.auth_application_id =
        DIAMETER_U32_OF(DIAMETER_APP_S13);
    e.terminal_information.imei = imei != NULL ? bytes_of_str(imei) : (struct bytes){NULL, 0};
    e.terminal_information.software_version = BYTES_LIT("01");
    assert_ok(s13_ecr_write(OWN, &e, MBYTES_OF(octets), &n));
    return (struct bytes){octets, n};
}

#define NO_STATUS 99u
/* Asks as the first MME; the result's code, and the status or NO_STATUS. */
static uint32_t ecr(const char *imsi, const char *imei, uint32_t *status)
{
    static struct s13_eca eca;
    struct diameter_fault fault;
    assert_ok(s13_eca_parse(OWN, carry(0, ecr_octets(imsi, imei)), &eca, &fault));
    assert_int_equal(eca.answer.vendor_specific_application_id.auth_application_id.v,
                     DIAMETER_APP_S13);
    *status = eca.equipment_status.present ? eca.equipment_status.v : NO_STATUS;
    return code_of(&eca.answer);
}

static uint32_t status_of(const char *imsi, const char *imei)
{
    uint32_t status;
    assert_int_equal(ecr(imsi, imei, &status), DIAMETER_SUCCESS);
    return status;
}

/*= test eir-answer */
static void equipment_is_answered_as_its_list_says(void **state)
{
    (void)state;
    rule("49015420", EIR_WHITE);
    rule(IMEI_X, EIR_BLACK);
    rule("49015420300000-49015420300009", EIR_GREY);
    assert_int_equal(status_of(NULL, "49015420323750"), S13_WHITELISTED);
    assert_int_equal(status_of(NULL, IMEI_X), S13_BLACKLISTED);
    assert_int_equal(status_of(NULL, "49015420300004"), S13_GREYLISTED);
    assert_int_equal(status_of(NULL, IMEI_X "23"), S13_BLACKLISTED); /* IMEISV */
    assert_int_equal(atomic_load(&hss.counters.ecr), 4);
    assert_int_equal(atomic_load(&hss.counters.ecr_whitelisted), 1);
    assert_int_equal(atomic_load(&hss.counters.ecr_blacklisted), 2);
    assert_int_equal(events("equipment-blacklisted", NULL), 2);
    assert_int_equal(events("equipment-greylisted", NULL), 1);
}

/*= test eir-unknown */
static void unknown_equipment_is_5422_or_what_the_policy_says(void **state)
{
    (void)state;
    uint32_t status;
    assert_int_equal(ecr(NULL, IMEI_X, &status), S6A_EQUIPMENT_UNKNOWN);
    assert_int_equal(status, NO_STATUS);
    assert_int_equal(events("refused", "equipment-unknown"), 1);
    config.eir.policy.unknown = EIR_UNKNOWN_ALLOW;
    assert_int_equal(status_of(NULL, IMEI_X), S13_WHITELISTED);
    config.eir.policy.unknown = EIR_UNKNOWN_GREY;
    assert_int_equal(status_of(NULL, IMEI_X), S13_GREYLISTED);
    assert_int_equal(events("equipment-greylisted", NULL), 0);
    assert_int_equal(atomic_load(&hss.counters.ecr_unknown), 1);
}

/*= test eir-pairing */
static void a_bound_sim_in_another_device_is_greylisted_and_named(void **state)
{
    (void)state;
    rule("49015420", EIR_WHITE);
    rule("35693803", EIR_WHITE);
    assert_int_equal(status_of(IMSI_A, IMEI_A), S13_WHITELISTED);
    assert_int_equal(events("imei-not-paired", NULL), 0);
    assert_int_equal(status_of(IMSI_A, IMEI_X), S13_GREYLISTED);
    assert_int_equal(events("imei-not-paired", NULL), 1);
    config.eir.policy.pairing = EIR_PAIRING_REPORT;
    assert_int_equal(status_of(IMSI_A, IMEI_X), S13_WHITELISTED);
    assert_int_equal(events("imei-not-paired", NULL), 2);
    config.eir.policy.pairing = EIR_PAIRING_BLACK;
    assert_int_equal(status_of(IMSI_A, IMEI_X), S13_BLACKLISTED);
    assert_int_equal(events("equipment-blacklisted", NULL), 0); /* it is on no black list */
    config.eir.policy.pairing = EIR_PAIRING_OFF;
    assert_int_equal(status_of(IMSI_A, IMEI_X), S13_WHITELISTED);
    assert_int_equal(events("imei-not-paired", NULL), 3);
    assert_int_equal(atomic_load(&hss.counters.imei_not_paired), 3);
}

/*= test eir-pairing */
static void a_subscriber_of_another_network_is_judged_by_the_lists_alone(void **state)
{
    (void)state;
    rule("49015420", EIR_WHITE);
    config.eir.policy.pairing = EIR_PAIRING_BLACK;
    assert_int_equal(status_of("262011234567890", IMEI_X), S13_WHITELISTED);
    assert_int_equal(events("imei-not-paired", NULL), 0);
}

/*= test eir-changed */
static void another_imei_than_that_of_the_last_registration_is_an_event(void **state)
{
    (void)state;
    rule("35693803", EIR_WHITE);
    put_device(IMSI_A, IMEI_B, &kme_a);
    assert_int_equal(status_of(IMSI_A, IMEI_A), S13_WHITELISTED);
    assert_int_equal(events("imei-changed", NULL), 0);
    assert_int_equal(ulr(0, IMSI_A, IMEI_A, 0, NULL), DIAMETER_SUCCESS);
    assert_int_equal(status_of(IMSI_A, IMEI_A), S13_WHITELISTED);
    assert_int_equal(events("imei-changed", NULL), 0);
    assert_int_equal(status_of(IMSI_A, IMEI_B), S13_WHITELISTED);
    assert_int_equal(events("imei-changed", NULL), 1);
}

static void a_check_without_an_imei_or_with_a_wrong_one_is_refused_with_its_avp(void **state)
{
    (void)state;
    uint32_t status;
    assert_int_equal(ecr(NULL, NULL, &status), DIAMETER_MISSING_AVP);
    assert_int_equal(ecr(NULL, "4901542032375x", &status), DIAMETER_INVALID_AVP_VALUE);
    assert_int_equal(ecr("nobody", IMEI_X, &status), DIAMETER_INVALID_AVP_VALUE);
    assert_int_equal(events("refused", "malformed"), 3);
}

static uint32_t answered(struct bytes answer)
{
    struct bytes code = {NULL, 0};
    assert_ok(diameter_find(answer, 268, 0, &code));
    struct rd r = rd_of(code);
    return rd_be32(&r);
}

/*= test eir-negotiated */
static void without_the_eir_its_application_is_not_served(void **state)
{
    (void)state;
    config.eir.enabled = false;
    assert_int_equal(answered(carry(0, ecr_octets(NULL, IMEI_X))),
                     DIAMETER_APPLICATION_UNSUPPORTED);
    assert_int_equal(atomic_load(&hss.counters.ecr), 0);
}

/*= test eir-negotiated */
static void an_application_that_the_peer_did_not_offer_is_not_served(void **state)
{
    (void)state;
    struct bytes msg = ecr_octets(NULL, IMEI_X);
    struct s6a_call call = hssd_thread_call(&thread, 1);
    call.peer = peer_states[0];
    call.msg = msg;
    call.not_offered = true;
    assert_ok(diameter_header_read(msg, &call.header));
    assert_ok(diameter_routing_read(msg, &call.routing));
    assert_int_equal(s6a_serve(&call), S6A_ANSWERED);
    assert_int_equal(answered((struct bytes){call.out.p, call.n}),
                     DIAMETER_APPLICATION_UNSUPPORTED);
    assert_int_equal(atomic_load(&hss.counters.ecr), 0);
}

static void another_command_of_s13_is_not_known(void **state)
{
    (void)state;
    uint8_t octets[1024];
    struct bytes msg = ecr_octets(NULL, IMEI_X);
    memcpy(octets, msg.p, msg.n);
    octets[7] = 0x3e; /* 318 */
    assert_int_equal(answered(carry(0, (struct bytes){octets, msg.n})),
                     DIAMETER_COMMAND_UNSUPPORTED);
}

/*= test eir-bounded */
/* An MME may ask after a black device as often as it likes: neither log nor store is its to fill.
 */
static void a_peer_cannot_fill_the_event_list_with_checks(void **state)
{
    (void)state;
    rule(IMEI_X, EIR_BLACK);
    for (unsigned i = 0; i < 2 * HSSD_BUCKET_BURST; i++) {
        assert_int_equal(status_of(NULL, IMEI_X), S13_BLACKLISTED);
    }
    assert_true(events("equipment-blacklisted", NULL) < 2 * HSSD_BUCKET_BURST);
    assert_true(atomic_load(&hss.counters.events_lost) > 0);
}

#define EIR_TEST(test) cmocka_unit_test_setup_teardown(test, eir_up, world_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        EIR_TEST(equipment_is_answered_as_its_list_says),
        EIR_TEST(unknown_equipment_is_5422_or_what_the_policy_says),
        EIR_TEST(a_bound_sim_in_another_device_is_greylisted_and_named),
        EIR_TEST(a_subscriber_of_another_network_is_judged_by_the_lists_alone),
        EIR_TEST(another_imei_than_that_of_the_last_registration_is_an_event),
        EIR_TEST(a_check_without_an_imei_or_with_a_wrong_one_is_refused_with_its_avp),
        EIR_TEST(without_the_eir_its_application_is_not_served),
        EIR_TEST(an_application_that_the_peer_did_not_offer_is_not_served),
        EIR_TEST(another_command_of_s13_is_not_known),
        EIR_TEST(a_peer_cannot_fill_the_event_list_with_checks),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
