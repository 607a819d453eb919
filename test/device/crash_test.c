/* Power cuts: whatever was stored last, the device attaches again, and nothing that it acted upon
 * can be replayed to it. A crash is memory dropped and the saved image read again. */
#include "device/world.h"

/* Everything a device goes through, one action after the other; the network goes along. */
enum { STEPS = 9 };

static void net_detach_accept(struct world *w)
{
    struct nas_detach_accept m;
    memset(&m, 0, sizeof m);
    net_secured(w, &nas_detach_accept_message, &m);
}

static void go(struct world *w, int step)
{
    struct nas_attach_request m;
    switch (step) {
    case 0:
        world_camp(w, 1);
        break;
    case 1:
        world_attach(w);
        net_expect_attach(w, &m);
        break;
    case 2:
        net_challenge(w, &w->kme);
        break;
    case 3:
        net_secure(w);
        break;
    case 4:
        net_accept(w);
        break;
    case 5:
        world_lower(w, BINDERY_UE_LOWER_RELEASED);
        break;
    case 6:
        assert_int_equal(bindery_ue_service(&w->ue, w->now, false), BINDERY_UE_OK);
        world_take(w);
        world_lower(w, BINDERY_UE_LOWER_BEARERS);
        break;
    case 7:
        assert_int_equal(bindery_ue_detach(&w->ue, w->now, false), BINDERY_UE_OK);
        world_take(w);
        break;
    case 8:
        net_detach_accept(w);
        break;
    default:
        fail();
    }
}

/* An attach as a network does it that may have the device's context, or not. */
static void attach_again(struct world *w)
{
    struct nas_attach_request m;
    world_camp(w, 1);
    world_attach(w);
    net_expect_attach(w, &m);
    if (w->plain.p == w->opened) {
        net_accept(w); /* integrity held: no AKA */
        return;
    }
    net_challenge(w, &w->kme);
    net_secure(w);
    net_accept(w);
}

static void a_device_attaches_after_a_crash_at_any_point(void **state)
{
    (void)state;
    for (int crash = 0; crash <= STEPS; crash++) {
        struct world w;
        world_open(&w);
        for (int i = 0; i < crash; i++) {
            go(&w, i);
        }
        for (int again = 0; again < 3; again++) { /* and one crash is followed by others */
            world_boot(&w, true);
            attach_again(&w);
        }
        world_close(&w);
    }
}

/* The network's own state does not matter: it may have forgotten everything too. */
static void or_when_both_have_lost_their_memory(void **state)
{
    (void)state;
    for (int crash = 0; crash <= STEPS; crash++) {
        struct world w;
        world_open(&w);
        for (int i = 0; i < crash; i++) {
            go(&w, i);
        }
        world_boot(&w, crash % 2 == 0);
        w.has_security = false;
        attach_again(&w);
        world_close(&w);
    }
}

/* What leaves is counted on flash before: no COUNT protects two messages, whatever is lost. */
static void no_count_is_used_twice(void **state)
{
    struct world w;
    uint32_t highest = 0;
    (void)state;
    world_open(&w);
    world_register(&w);
    for (int i = 0; i < 40; i++) {
        struct nas_identity_request m = {.identity_type = NAS_IDENTITY_IMEI};
        struct nas_identity_response out;
        for (int j = 0; j < i % 7; j++) {
            net_secured(&w, &nas_identity_request_message, &m);
            net_expect(&w, &nas_identity_response_message, &out);
            assert_true(w.security.receive_next - 1 > highest);
            highest = w.security.receive_next - 1;
        }
        world_boot(&w, true);
        world_camp(&w, 1);
        world_attach(&w);
        assert_int_equal(net_open(&w), NAS_ATTACH_REQUEST);
        assert_ptr_equal(w.plain.p, w.opened); /* it verified */
        assert_true(w.security.receive_next - 1 > highest);
        highest = w.security.receive_next - 1;
        net_accept(&w);
        highest = w.security.receive_next - 1;
    }
    world_close(&w);
}

static void what_was_acted_upon_is_not_replayed_after_a_crash(void **state)
{
    struct world w;
    uint8_t out[64];
    (void)state;
    world_open(&w);
    world_register(&w);
    struct nas_identity_request ask = {.identity_type = NAS_IDENTITY_IMEISV};
    struct bytes pdu =
        net_protect(&w, NAS_SHT_CIPHERED, &nas_identity_request_message, &ask, MBYTES_OF(out));
    world_down(&w, pdu);
    assert_int_equal(net_open(&w), NAS_IDENTITY_RESPONSE);
    world_boot(&w, true);
    world_camp(&w, 1);
    world_attach(&w);
    world_down(&w, pdu);
    assert_int_equal(world_refusal(&w), BINDERY_UE_REFUSED_REPLAYED);
    assert_int_equal(w.up.n, 0);
    world_close(&w);
}

static void nothing_leaves_that_was_not_stored(void **state)
{
    struct world w;
    struct net_accept a;
    struct nas_attach_complete complete;
    struct nas_security_mode_complete secured;
    uint8_t capability[2], hash[8], out[64];
    (void)state;
    world_open(&w);
    world_begin(&w);
    struct nas_authentication_request m = net_vector(&w, &w.kme);
    for (int i = 0; i < 2; i++) { /* the flash fails; the network repeats; it works again */
        w.store_fails = i == 0;
        net_plain(&w, &nas_authentication_request_message, &m);
        assert_int_equal(w.up.n == 0, i == 0);
        assert_int_equal(world_event(&w, BINDERY_UE_EVENT_STORE_FAILED) != NULL, i == 0);
    }
    net_expect_res(&w);
    struct nas_security_mode_command command = net_command(&w, capability, hash);
    net_new_context(&w);
    for (int i = 0; i < 2; i++) {
        w.store_fails = i == 0;
        world_down(&w, net_protect(&w, NAS_SHT_INTEGRITY_NEW, &nas_security_mode_command_message,
                                   &command, MBYTES_OF(out)));
        assert_int_equal(w.up.n == 0, i == 0);
    }
    net_expect(&w, &nas_security_mode_complete_message, &secured);
    net_make_accept(&w, &a);
    for (int i = 0; i < 2; i++) {
        w.store_fails = i == 0;
        net_secured(&w, &nas_attach_accept_message, &a.m);
        assert_int_equal(w.up.n == 0, i == 0);
    }
    net_expect(&w, &nas_attach_complete_message, &complete);
    world_close(&w);
}

static void an_attach_costs_few_images(void **state)
{
    struct world w;
    (void)state;
    world_open(&w);
    world_register(&w);
    assert_int_equal(w.stores, 3); /* RES, SECURITY MODE COMPLETE, ATTACH COMPLETE */
    world_close(&w);
}

static void harmless_messages_store_nothing(void **state)
{
    struct world w;
    struct nas_emm_information m;
    (void)state;
    memset(&m, 0, sizeof m);
    world_open(&w);
    world_register(&w);
    unsigned stores = w.stores;
    for (int i = 0; i < 10; i++) {
        net_secured(&w, &nas_emm_information_message, &m);
        assert_int_equal(w.up.n, 0);
    }
    assert_int_equal(w.stores, stores);
    world_close(&w);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_device_attaches_after_a_crash_at_any_point),
        cmocka_unit_test(or_when_both_have_lost_their_memory),
        cmocka_unit_test(no_count_is_used_twice),
        cmocka_unit_test(what_was_acted_upon_is_not_replayed_after_a_crash),
        cmocka_unit_test(nothing_leaves_that_was_not_stored),
        cmocka_unit_test(an_attach_costs_few_images),
        cmocka_unit_test(harmless_messages_store_nothing),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
