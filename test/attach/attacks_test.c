/* What an attacker with a SIM-swap kit, a forged IMEI or a radio of his own tries: each refused, by
 * its name, and without harm to the device that is attacked. */
#include "attach/world.h"

#include <stdlib.h>
#include <string.h>

static struct world w;

#define MINUTE 60000u

static void attached(unsigned ue)
{
    world_attach(&w, ue);
    assert_true(world_run_registered(&w, ue, w.now + MINUTE));
    world_run(&w, w.now + 1000);
}

/* ---- recording and changing what is on the air ------------------------------------------------
 */

static struct {
    uint8_t pdu[32][EMM_PDU_MAX];
    size_t n[32];
    bool uplink[32];
    unsigned count;
} tape;

static bool record(void *ctx, bool uplink, uint8_t *pdu, size_t *n)
{
    (void)ctx;
    assert_true(tape.count < 32);
    memcpy(tape.pdu[tape.count], pdu, *n);
    tape.n[tape.count] = *n;
    tape.uplink[tape.count++] = uplink;
    return true;
}

static struct bytes taped(unsigned i)
{
    return (struct bytes){tape.pdu[i], tape.n[i]};
}

/* The plain message on the air, if it is of this type and in clear inside. */
static uint8_t *inside(uint8_t *pdu, size_t n, uint8_t type)
{
    size_t at = n > 6 && (pdu[0] == 0x17 || pdu[0] == 0x37) ? 6 : 0;
    return n > at + 2 && pdu[at] == 0x07 && pdu[at + 1] == type ? pdu + at : NULL;
}

/* ---- the SIM in another device ----------------------------------------------------------------
 */

static void steal_sim(bool with_imei)
{
    struct device *thief = &w.devices[1];
    memcpy(thief->identity.imsi, w.devices[0].identity.imsi, 15);
    if (with_imei) {
        memcpy(thief->identity.imeisv, w.devices[0].identity.imeisv, 16);
    }
    thief->identity.kme = NULL;
    thief->image_n = 0;
    world_boot(&w, 1);
}

static void a_stolen_sim_gets_no_service_and_the_home_network_hears_of_it(void **state)
{
    (void)state;
    for (int imei = 0; imei < 2; imei++) { /* the second time with the owner's IMEI forged */
        world_open(&w);
        steal_sim(imei != 0);
        world_attach(&w, 1);
        assert_false(world_run_registered(&w, 1, w.now + 2 * MINUTE));
        assert_true(world_was_told(&w, REFUSAL_BINDING_FAILED));
        assert_true(w.reports >= 1);
        assert_int_equal(w.ulrs, 0);
        assert_int_equal(world_contexts(&w), 0);
        world_close(&w);
    }
}

static void another_devices_kme_is_as_good_as_none(void **state)
{
    (void)state;
    static struct key_kme other;
    world_open(&w);
    memset(other.b, 0x77, sizeof other.b);
    w.devices[0].identity.kme = other.b;
    world_boot(&w, 0);
    world_attach(&w, 0);
    assert_false(world_run_registered(&w, 0, w.now + 2 * MINUTE));
    assert_true(world_was_told(&w, REFUSAL_BINDING_FAILED));
    world_close(&w);
}

static void an_attach_in_anothers_name_does_not_touch_the_owner(void **state)
{
    (void)state;
    world_open(&w);
    attached(0);
    steal_sim(true);
    world_attach(&w, 1);
    world_run(&w, w.now + MINUTE);
    assert_true(world_registered(&w, 0));
    assert_false(world_registered(&w, 1));
    world_close(&w);
}

/* ---- replay, reuse, the wrong direction ------------------------------------------------------ */

static uint8_t *state_of_contexts(void)
{
    uint8_t *copy = malloc(WORLD_CONTEXTS * emm_ue_size);
    for (unsigned i = 0; i < WORLD_CONTEXTS; i++) {
        memcpy(copy + i * emm_ue_size, w.contexts[i].emm, emm_ue_size);
    }
    return copy;
}

static void assert_untouched(uint8_t *before)
{
    uint8_t *after = state_of_contexts();
    assert_memory_equal(before, after, WORLD_CONTEXTS * emm_ue_size);
    free(before);
    free(after);
}

static void open_recorded(void)
{
    world_open(&w);
    tape.count = 0;
    w.radio = record;
    attached(0);
    w.radio = NULL;
    w.n_told = 0;
}

static void a_replayed_uplink_message_is_refused_and_changes_nothing(void **state)
{
    (void)state;
    open_recorded();
    unsigned tried = 0;
    for (unsigned i = 0; i < tape.count; i++) {
        if (!tape.uplink[i] || tape.pdu[i][0] != 0x27) {
            continue; /* ciphered under the context that is in use */
        }
        uint8_t *before = state_of_contexts();
        w.n_told = 0;
        world_inject(&w, 0, true, taped(i));
        world_run(&w, w.now + 100);
        assert_true(world_was_told(&w, REFUSAL_NAS_REPLAY));
        assert_untouched(before);
        tried++;
    }
    assert_true(tried >= 2);
    assert_true(world_registered(&w, 0));
    world_close(&w);
}

static void a_count_used_again_for_another_message_is_refused(void **state)
{
    (void)state;
    open_recorded();
    for (unsigned i = 0; i < tape.count; i++) {
        if (tape.uplink[i] && tape.pdu[i][0] == 0x27) {
            uint8_t *before = state_of_contexts();
            tape.pdu[i][tape.n[i] - 1] ^= 1;
            w.n_told = 0;
            world_inject(&w, 0, true, taped(i));
            world_run(&w, w.now + 100);
            assert_true(world_was_told(&w, REFUSAL_NAS_MAC));
            assert_untouched(before);
        }
    }
    world_close(&w);
}

static void a_message_sent_back_in_the_wrong_direction_is_refused_on_both_sides(void **state)
{
    (void)state;
    open_recorded();
    for (unsigned i = 0; i < tape.count; i++) {
        if (tape.pdu[i][0] != 0x27) {
            continue;
        }
        w.n_told = 0;
        w.devices[0].refused = 0;
        world_inject(&w, 0, !tape.uplink[i], taped(i));
        world_run(&w, w.now + 100);
        if (tape.uplink[i]) {
            assert_int_equal(w.devices[0].refused, 1);
            assert_int_equal(w.devices[0].last_refused, BINDERY_UE_REFUSED_BAD_MAC);
        } else {
            assert_true(world_was_told(&w, REFUSAL_NAS_MAC));
        }
    }
    assert_true(world_registered(&w, 0));
    world_close(&w);
}

static void a_replayed_downlink_message_is_refused_by_the_device(void **state)
{
    (void)state;
    open_recorded();
    unsigned tried = 0;
    for (unsigned i = 0; i < tape.count; i++) {
        if (!tape.uplink[i] && tape.pdu[i][0] == 0x27) {
            w.devices[0].refused = 0;
            world_inject(&w, 0, false, taped(i));
            world_run(&w, w.now + 100);
            assert_int_equal(w.devices[0].refused, 1);
            assert_int_equal(w.devices[0].last_refused, BINDERY_UE_REFUSED_REPLAYED);
            tried++;
        }
    }
    assert_true(tried >= 2);
    world_close(&w);
}

/* ---- the man on the radio -------------------------------------------------------------------- */

/* No integrity: SECURITY MODE COMMAND says EIA0. */
static bool say_eia0(void *ctx, bool uplink, uint8_t *pdu, size_t *n)
{
    uint8_t *m = uplink ? NULL : inside(pdu, *n, NAS_SECURITY_MODE_COMMAND);
    (void)ctx;
    if (m != NULL) {
        m[2] &= 0xf8;
        memset(pdu + 1, 0, 4);
    }
    return true;
}

static void null_integrity_is_refused(void **state)
{
    (void)state;
    world_open(&w);
    w.radio = say_eia0;
    world_attach(&w, 0);
    assert_false(world_run_registered(&w, 0, w.now + MINUTE));
    assert_true(w.devices[0].refused >= 1);
    assert_int_equal(w.devices[0].last_refused, BINDERY_UE_REFUSED_NULL_INTEGRITY);
    w.radio = NULL; /* without him it goes well */
    assert_true(world_run_registered(&w, 0, w.now + 15 * MINUTE));
    world_close(&w);
}

/* The UE seems to know EEA0, EEA1, EIA1 only: UE network capability behind the IMSI. */
static bool bid_down(void *ctx, bool uplink, uint8_t *pdu, size_t *n)
{
    uint8_t *m = uplink ? inside(pdu, *n, NAS_ATTACH_REQUEST) : NULL;
    (void)ctx;
    if (m != NULL) {
        uint8_t *capability = m + 4 + m[3];
        capability[1] = 0xc0;
        capability[2] = 0x40;
    }
    return true;
}

static void bidding_down_of_the_capabilities_is_noticed_on_both_sides(void **state)
{
    (void)state;
    world_open(&w);
    w.radio = bid_down;
    world_attach(&w, 0);
    assert_false(world_run_registered(&w, 0, w.now + MINUTE));
    assert_int_equal(w.devices[0].last_refused, BINDERY_UE_REFUSED_CAPABILITIES);
    assert_true(world_was_told(&w, REFUSAL_BIDDING_DOWN));
    w.radio = NULL;
    assert_true(world_run_registered(&w, 0, w.now + 15 * MINUTE));
    world_close(&w);
}

/* Anything else in the ATTACH REQUEST: here the PDN type, IPv6 instead of IPv4. */
static bool change_request(void *ctx, bool uplink, uint8_t *pdu, size_t *n)
{
    uint8_t *m = uplink ? inside(pdu, *n, NAS_ATTACH_REQUEST) : NULL;
    (void)ctx;
    if (m != NULL) {
        uint8_t *container = m + 4 + m[3];
        container += 1 + container[0]; /* behind the capability: two octets of length, then ESM */
        container[2 + 3] = (uint8_t)((container[2 + 3] & 0x0f) | 2 << 4);
    }
    return true;
}

static void a_changed_attach_request_is_noticed_by_its_hash_and_served_as_it_was_sent(void **state)
{
    (void)state;
    struct bindery_ue_registration r;
    world_open(&w);
    w.radio = change_request;
    world_attach(&w, 0);
    assert_true(world_run_registered(&w, 0, w.now + MINUTE));
    assert_true(world_was_told(&w, REFUSAL_ATTACH_CHANGED));
    assert_int_equal(w.devices[0].last_refused, BINDERY_UE_REFUSED_ATTACH_CHANGED);
    assert_int_equal(bindery_ue_registration(&w.devices[0].ue, &r), BINDERY_UE_OK);
    assert_int_equal(r.pdn_type, NAS_PDN_IPV4);
    world_close(&w);
}

/* The bit of AMF that says "processed", or the separation bit. */
static uint8_t amf_xor[2];
static bool flip_amf(void *ctx, bool uplink, uint8_t *pdu, size_t *n)
{
    uint8_t *m = uplink ? NULL : inside(pdu, *n, NAS_AUTHENTICATION_REQUEST);
    (void)ctx;
    if (m != NULL) {
        uint8_t *autn = m + 3 + 16 + 1;
        autn[6] ^= amf_xor[0];
        autn[7] ^= amf_xor[1];
    }
    return true;
}

static void an_amf_flipped_by_the_radio_is_no_downgrade(void **state)
{
    (void)state;
    static const struct {
        uint8_t amf[2];
        enum refusal why;
    } of[] = {{{0, 1}, REFUSAL_BINDING_FAILED}, {{0x80, 0}, REFUSAL_SEPARATION_BIT}};
    for (size_t i = 0; i < 2; i++) {
        for (int bound = 0; bound < 2; bound++) {
            world_open(&w);
            w.bound = bound != 0;
            w.radio = flip_amf;
            memcpy(amf_xor, of[i].amf, 2);
            world_attach(&w, 0);
            assert_false(world_run_registered(&w, 0, w.now + MINUTE));
            assert_true(world_was_told(&w, of[i].why));
            world_close(&w);
        }
    }
}

static void an_imei_is_not_told_before_security(void **state)
{
    (void)state;
    static const uint8_t imei[] = {0x07, NAS_IDENTITY_REQUEST, NAS_IDENTITY_IMEI};
    static const uint8_t imeisv[] = {0x07, NAS_IDENTITY_REQUEST, NAS_IDENTITY_IMEISV};
    world_open(&w);
    world_attach(&w, 0);
    tape.count = 0;
    w.radio = record;
    world_inject(&w, 0, false, BYTES_OF(imei));
    world_inject(&w, 0, false, BYTES_OF(imeisv));
    world_run(&w, w.now + 3);
    assert_int_equal(w.devices[0].refused, 2);
    assert_int_equal(w.devices[0].last_refused, BINDERY_UE_REFUSED_IDENTITY_UNPROTECTED);
    for (unsigned i = 0; i < tape.count; i++) {
        assert_null(tape.uplink[i] ? inside(tape.pdu[i], tape.n[i], NAS_IDENTITY_RESPONSE) : NULL);
    }
    assert_true(world_run_registered(&w, 0, w.now + MINUTE));
    world_close(&w);
}

static void a_rogue_reject_does_not_lock_the_device_out(void **state)
{
    (void)state;
    static const uint8_t causes[] = {3, 6, 7, 8, 11, 12, 13, 14, 15};
    for (size_t i = 0; i < sizeof causes; i++) {
        const uint8_t reject[] = {0x07, NAS_ATTACH_REJECT, causes[i]};
        world_open(&w);
        world_attach(&w, 0);
        world_inject(&w, 0, false, BYTES_OF(reject));
        world_run(&w, w.now + 5);
        assert_false(w.devices[0].invalid);
        assert_true(world_run_registered(&w, 0, w.now + 70 * MINUTE)); /* T3247: 30 to 60 min */
        world_close(&w);
    }
}

static void nobody_can_detach_another(void **state)
{
    (void)state;
    uint8_t detach[] = {
        0x07, NAS_DETACH_REQUEST, 0x79, 0x08, 0x09, 0x10, 0x10, 0x21, 0x43, 0x65, 0x87, 0xf9};
    world_open(&w);
    attached(0);
    w.n_told = 0;
    uint8_t *before = state_of_contexts();
    world_inject(&w, 0, true, BYTES_OF(detach));
    world_run(&w, w.now + 1000);
    assert_true(world_was_told(&w, REFUSAL_NAS_UNPROTECTED));
    assert_untouched(before);
    assert_true(world_registered(&w, 0));
    world_close(&w);
}

static void a_network_without_the_keys_cannot_make_itself_believed(void **state)
{
    (void)state;
    world_open(&w);
    memset(w.keys.k.b, 0x99, 16); /* of the network alone: the USIM was made with the right one */
    world_attach(&w, 0);
    assert_false(world_run_registered(&w, 0, w.now + MINUTE));
    assert_true(world_was_told(&w, REFUSAL_BINDING_FAILED));
    world_close(&w);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_stolen_sim_gets_no_service_and_the_home_network_hears_of_it),
        cmocka_unit_test(another_devices_kme_is_as_good_as_none),
        cmocka_unit_test(an_attach_in_anothers_name_does_not_touch_the_owner),
        cmocka_unit_test(a_replayed_uplink_message_is_refused_and_changes_nothing),
        cmocka_unit_test(a_count_used_again_for_another_message_is_refused),
        cmocka_unit_test(a_message_sent_back_in_the_wrong_direction_is_refused_on_both_sides),
        cmocka_unit_test(a_replayed_downlink_message_is_refused_by_the_device),
        cmocka_unit_test(null_integrity_is_refused),
        cmocka_unit_test(bidding_down_of_the_capabilities_is_noticed_on_both_sides),
        cmocka_unit_test(a_changed_attach_request_is_noticed_by_its_hash_and_served_as_it_was_sent),
        cmocka_unit_test(an_amf_flipped_by_the_radio_is_no_downgrade),
        cmocka_unit_test(an_imei_is_not_told_before_security),
        cmocka_unit_test(a_rogue_reject_does_not_lock_the_device_out),
        cmocka_unit_test(nobody_can_detach_another),
        cmocka_unit_test(a_network_without_the_keys_cannot_make_itself_believed),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
