/* A subscription that was made in the attach procedure, and whose device makes a KME before it is
 * served: that is its first AKA (src/nf/hssd/provision_take.c, src/nf/hssd/onboarding_used.c). */
#include "nf/provision_world.h"

#include "nf/hssd/onboarding.h"

/* IMSI_A as a device got it: for world_imei(0), and never used. */
static void made_for_device_0(struct store_writer *w)
{
    enum store_did did;
    struct store_onboarding row = {.key = {.authority = "maker", .id = "device-0"},
                                   .phase = CERTATTACH_PHASE_PENDING,
                                   .imei = world_imei(0),
                                   .has_imsi = true,
                                   .imsi = imsi_of(IMSI_A),
                                   .first = 1,
                                   .changed = 1,
                                   .expires = 2000000000};
    const struct store_device device = {.imsi = imsi_of(IMSI_A), .imei = world_imei(0)};
    learns(w);
    assert_ok(store_put_device(w, STORE_INSERT, &device, &did));
    assert_ok(store_put_onboarding(w, &row));
}

static struct store_onboarding row_now(void)
{
    struct store_onboarding row;
    struct imsi imsi = imsi_of(IMSI_A);
    (void)events("none", NULL);
    assert_ok(store_read_onboarding_of(thread.reader, &imsi, &row));
    return row;
}

/*= test certattach-learn certattach-pending */
static void the_kme_of_the_device_is_its_first_use(void **state)
{
    (void)state;
    batch(made_for_device_0);
    assert_true(now_row().pending);
    provisions(0);
    assert_int_equal(row_now().phase, CERTATTACH_PHASE_ACTIVE);
    assert_false(now_row().pending);
    assert_int_equal(events("onboarding-active", NULL), 1);
    assert_int_equal(registers(0, 0, BOTH), DIAMETER_SUCCESS);
    assert_int_equal(events("onboarding-active", NULL), 1);
}

/*= test certattach-pending */
static void a_kme_of_another_device_is_not_taken_and_nothing_is_used(void **state)
{
    (void)state;
    uint8_t nonce[KME_NONCE_LEN];
    struct imei other = world_imei(1), own = world_imei(0);
    batch(made_for_device_0);
    assert_true(offered(0, own.digits, BOTH, nonce));
    assert_int_equal(brings(0, other.digits, maker_answers(1, nonce)), 5012);
    assert_int_equal(events("refused", "subscription-pending"), 1);
    assert_int_equal(row_now().phase, CERTATTACH_PHASE_PENDING);
    assert_int_equal(events("provisioned", NULL), 0);
}

#define CASE(f) cmocka_unit_test_setup_teardown(f, provision_up, provision_down)
int main(void)
{
    const struct CMUnitTest tests[] = {
        CASE(the_kme_of_the_device_is_its_first_use),
        CASE(a_kme_of_another_device_is_not_taken_and_nothing_is_used),
    };
    provision_keys();
    int failed = cmocka_run_group_tests(tests, NULL, NULL);
    provision_keys_gone();
    return failed;
}
