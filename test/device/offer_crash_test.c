/* A device that makes its own KME, its power cuts, and the records that it is handed:
 * src/device/ue.c.
 */
#include "device/offering_client.h"

/* ---- power cuts ---- */

/*= test kme-no-lockout */
static void after_a_crash_at_any_point_the_device_is_served(void **state)
{
    (void)state;
    for (unsigned crash = 0; crash < 9; crash++) {
        for (unsigned image = 0; image < 2; image++) {
            struct client c;
            client_open(&c);
            secure_under(&c, NULL);
            if (crash > 0) {
                c.w.store_keys_fails = crash == 1; /* before the keys are there, */
                c.w.store_fails = crash == 2;      /* or between keys and image */
                ask(&c, maker_ask(&c.m));
                c.w.store_keys_fails = c.w.store_fails = false;
            }
            if (crash >= 3) { /* it left, */
                (void)expect_payload(&c);
            }
            if (crash >= 4) { /* and arrived */
                assert_int_equal(maker_take(&c.m, (struct bytes){c.payload, c.payload_n}),
                                 KME_CAUSE_NONE);
            }
            if (crash >= 5) {
                c.w.store_keys_fails = crash == 5;
                c.w.store_fails = crash == 6;
                reject(&c, maker_result(&c.m));
                c.w.store_keys_fails = c.w.store_fails = false;
            }
            if (crash == 8) {
                world_lower(&c.w, BINDERY_UE_LOWER_RELEASED);
            }
            world_boot(&c.w, image != 0); /* with or without the image: the keys are their own */
            served_within_two_attaches(&c);
            const struct ue_keys k = record_of(&c);
            assert_true(k.me.has_active && !k.me.pending.present);
            assert_memory_equal(k.me.active.b, maker_kme(&c.m)->b, KME_LEN);
            client_close(&c);
        }
    }
}

static void the_image_holds_no_kme(void **state)
{
    struct client c;
    (void)state;
    client_open(&c);
    secure_under(&c, NULL);
    provide(&c);
    reject(&c, maker_result(&c.m));
    comes_back(&c);
    assert_null(memmem(c.w.image, c.w.image_n, maker_kme(&c.m)->b, KME_LEN));
    client_close(&c);
}

static void nothing_of_a_key_stays_in_the_buffer(void **state)
{
    struct client c;
    (void)state;
    client_open(&c);
    secure_under(&c, NULL);
    provide(&c);
    assert_null(memmem(c.w.buffer, sizeof c.w.buffer, maker_kme(&c.m)->b, KME_LEN));
    assert_null(memmem(c.w.buffer, sizeof c.w.buffer, c.w.vector.kasme.b, sizeof c.w.vector.kasme));
    client_close(&c);
}

/* ---- records that are handed in ---- */

static enum bindery_ue_result boot_with(struct client *c, struct bytes record)
{
    struct bindery_ue_identity identity = c->w.identity;
    identity.keys = record.p;
    identity.keys_n = record.n;
    return bindery_ue_init(&c->w.ue, &c->w.table, &c->w.host, &c->w.settings, &identity,
                           c->w.buffer, sizeof c->w.buffer, NULL, 0);
}

static void keys_that_are_damaged_or_another_s_are_refused(void **state)
{
    static const struct bindery_ue zero;
    struct client c;
    (void)state;
    client_open(&c);
    secure_under(&c, NULL);
    provide(&c);
    const struct bytes record = {c.w.record, c.w.record_n};
    for (size_t n = 0; n < record.n; n += 13) {
        assert_int_equal(boot_with(&c, (struct bytes){record.p, n}), BINDERY_UE_ERR_IMAGE);
        assert_memory_equal(&c.w.ue, &zero, sizeof zero);
        c.w.record[n] ^= 4;
        assert_int_equal(boot_with(&c, record), BINDERY_UE_ERR_IMAGE);
        c.w.record[n] ^= 4;
    }
    assert_int_equal(boot_with(&c, record), BINDERY_UE_OK);
    c.w.identity.imsi[14] = '0';
    assert_int_equal(boot_with(&c, record), BINDERY_UE_ERR_FOREIGN);
    assert_memory_equal(&c.w.ue, &zero, sizeof zero);
    client_close(&c);
}

/*= test kme-per-imsi */
static void another_operator_s_provisioning_leaves_the_first_key_alone(void **state)
{
    struct client c;
    uint8_t first[BINDERY_UE_KEYS_MAX];
    (void)state;
    client_open(&c);
    secure_under(&c, NULL);
    provide(&c);
    reject(&c, maker_result(&c.m));
    const size_t n = c.w.record_n;
    memcpy(first, c.w.record, n);
    /* Another card in the same device, of another operator. */
    const struct key_kme mine = *maker_kme(&c.m);
    c.m.k.parties.imsi = krig_imsi("001010000000042");
    c.m.k.view = (struct binding_view){.policy = BINDING_LEARN};
    c.m.k.home = (struct kme_home){.phase = KME_IDLE};
    memcpy(c.w.identity.imsi, "001010000000042", 15);
    c.w.record_n = 0;
    world_boot(&c.w, false);
    c.w.has_security = false;
    secure_under(&c, NULL);
    provide(&c);
    reject(&c, maker_result(&c.m));
    assert_memory_not_equal(maker_kme(&c.m)->b, mine.b, KME_LEN);
    assert_string_equal(record_of(&c).imsi.digits, "001010000000042");
    /* The first card again, with its own record. */
    memcpy(c.w.record, first, n);
    c.w.record_n = n;
    memcpy(c.w.identity.imsi, WORLD_IMSI, 15);
    world_boot(&c.w, false);
    c.w.has_security = false;
    secure_under(&c, &mine);
    net_accept(&c.w);
    assert_memory_equal(c.w.record, first, n);
    client_close(&c);
}

static void what_a_host_brings_is_whole_or_not_there(void **state)
{
    struct client c;
    (void)state;
    client_open(&c);
    secure_under(&c, NULL);
    provide(&c);
    const struct bytes record = {c.w.record, c.w.record_n}, none = {NULL, 0};
    const struct bindery_ue_lot lot = c.m.provisioning.lot;
    static const uint8_t even[256] = {0x80};
    c.w.host.store_keys = NULL;
    assert_int_equal(boot_with(&c, none), BINDERY_UE_ERR_ARGUMENT);
    c.w.host.provisioning = NULL;
    assert_int_equal(boot_with(&c, record), BINDERY_UE_ERR_ARGUMENT);
    assert_int_equal(boot_with(&c, none), BINDERY_UE_OK);
    c.w.host.store_keys = world_store_keys;
    c.w.host.provisioning = &c.m.provisioning;
    assert_int_equal(boot_with(&c, record), BINDERY_UE_OK);
    c.m.provisioning.lot.id = "a lot";
    assert_int_equal(boot_with(&c, none), BINDERY_UE_ERR_ARGUMENT);
    c.m.provisioning.lot.id = "";
    assert_int_equal(boot_with(&c, none), BINDERY_UE_ERR_ARGUMENT);
    c.m.provisioning.lot.id = "a-lot-whose-id-has-33-characters.";
    assert_int_equal(boot_with(&c, none), BINDERY_UE_ERR_ARGUMENT);
    c.m.provisioning.lot = lot;
    c.m.provisioning.lot.modulus = even;
    assert_int_equal(boot_with(&c, none), BINDERY_UE_ERR_ARGUMENT);
    c.m.provisioning.lot = lot;
    c.m.provisioning.lot.modulus_n = 255;
    assert_int_equal(boot_with(&c, none), BINDERY_UE_ERR_ARGUMENT);
    c.m.provisioning.lot = lot;
    c.w.identity.mnc_n = 1;
    assert_int_equal(boot_with(&c, none), BINDERY_UE_ERR_ARGUMENT);
    c.w.identity.mnc_n = 4;
    assert_int_equal(boot_with(&c, none), BINDERY_UE_ERR_ARGUMENT);
    c.w.identity.mnc_n = 3;
    assert_int_equal(boot_with(&c, none), BINDERY_UE_OK);
    client_close(&c);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(after_a_crash_at_any_point_the_device_is_served),
        cmocka_unit_test(the_image_holds_no_kme),
        cmocka_unit_test(nothing_of_a_key_stays_in_the_buffer),
        cmocka_unit_test(keys_that_are_damaged_or_another_s_are_refused),
        cmocka_unit_test(another_operator_s_provisioning_leaves_the_first_key_alone),
        cmocka_unit_test(what_a_host_brings_is_whole_or_not_there),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
