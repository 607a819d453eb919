/* Rows of the store as states of procedures, and back (src/nf/hssd/provision_rows.c). */
#include "lib/check.h"

#include "nf/hssd/provision_rows.h"

#include <string.h>

static struct imei imei_of(const char *digits)
{
    struct imei imei;
    assert_ok(imei_parse(bytes_of_str(digits), &imei));
    return imei;
}
#define IMEI_A imei_of("35693803564380")
#define IMEI_B imei_of("35693803564381")

static struct imsi the_imsi(void)
{
    struct imsi imsi;
    assert_ok(imsi_parse(BYTES_LIT("001010000000001"), &imsi));
    return imsi;
}

static struct kme_lot_id lot_of(const char *text)
{
    struct kme_lot_id id;
    assert_ok(kme_lot_id_parse(bytes_of_str(text), &id));
    return id;
}

static void a_home_comes_back_as_it_went(void **state)
{
    (void)state;
    const struct imsi imsi = the_imsi();
    struct kme_home home = {.request = KME_REQUEST_REBIND,
                            .request_has_imei = true,
                            .request_imei = IMEI_A,
                            .phase = KME_TAKEN,
                            .due = KME_DUE_REBINDING,
                            .nonce = {1, 2, 3},
                            .expires = 1700000000,
                            .has_taken = true,
                            .digest = {4, 5},
                            .nw_sig = {6, 7}};
    struct kme_home back;
    struct store_kme row;
    provision_row_of(&imsi, &home, &row);
    assert_true(imsi_eq(&row.imsi, &imsi));
    provision_home_of(&row, &back);
    assert_int_equal(back.request, home.request);
    assert_true(back.request_has_imei && imei_eq(&back.request_imei, &home.request_imei));
    assert_int_equal(back.phase, home.phase);
    assert_int_equal(back.due, home.due);
    assert_int_equal(back.expires, home.expires);
    assert_true(back.has_taken);
    assert_memory_equal(back.nonce, home.nonce, sizeof home.nonce);
    assert_memory_equal(back.digest, home.digest, sizeof home.digest);
    assert_memory_equal(back.nw_sig, home.nw_sig, sizeof home.nw_sig);
}

static void a_row_with_a_number_that_no_state_has_asks_and_offers_nothing(void **state)
{
    (void)state;
    const struct store_kme rows[] = {{.request = 3, .phase = KME_OFFERED, .due = KME_DUE_FIRST},
                                     {.request = 1, .phase = 3, .due = KME_DUE_FIRST},
                                     {.request = 1, .phase = KME_OFFERED, .due = 4}};
    for (size_t i = 0; i < 3; i++) {
        struct kme_home home;
        provision_home_of(&rows[i], &home);
        assert_int_equal(home.request, KME_REQUEST_NONE);
        assert_int_equal(home.phase, KME_IDLE);
    }
}

static void a_view_has_every_device_with_its_keys(void **state)
{
    (void)state;
    const struct store_subscriber row = {
        .policy = BINDING_LEARN, .has_last_imei = true, .last_imei = IMEI_B};
    const struct store_device devices[STORE_DEVICES_MAX] = {
        {.imei = IMEI_A, .has_kme = true, .has_previous = true, .kme = {{1}}, .previous = {{2}}},
        {.imei = IMEI_B}};
    struct binding_view view;
    provision_view_of(&row, devices, 2, &view);
    assert_int_equal(view.policy, BINDING_LEARN);
    assert_true(view.has_last_imei && imei_eq(&view.last_imei, &devices[1].imei));
    assert_int_equal(view.n_devices, 2);
    assert_true(view.devices[0].has_kme && view.devices[0].has_previous);
    assert_int_equal(view.devices[0].kme.b[0], 1);
    assert_int_equal(view.devices[0].previous.b[0], 2);
    assert_false(view.devices[1].has_kme);
}

/* What is stored before, of A with a key and B without. */
static size_t before(struct store_device rows[static STORE_DEVICES_MAX])
{
    memset(rows, 0, STORE_DEVICES_MAX * sizeof *rows);
    rows[0] = (struct store_device){.imsi = the_imsi(),
                                    .imei = IMEI_A,
                                    .has_kme = true,
                                    .kme = {{1}},
                                    .kme_since = 100,
                                    .kme_used = 200,
                                    .kme_lot = "old"};
    rows[1] = (struct store_device){.imsi = the_imsi(), .imei = IMEI_B};
    return 2;
}

static struct binding_view view_of(struct store_device rows[static STORE_DEVICES_MAX], size_t n)
{
    const struct store_subscriber row = {.policy = BINDING_LEARN};
    struct binding_view view;
    provision_view_of(&row, rows, n, &view);
    return view;
}

static void a_new_key_has_its_lot_and_time_and_was_never_used(void **state)
{
    (void)state;
    const struct imsi imsi = the_imsi();
    const struct imei a = IMEI_A;
    const struct kme_lot_id lot = lot_of("new");
    struct store_device rows[STORE_DEVICES_MAX];
    size_t n = before(rows);
    struct binding_view view = view_of(rows, n);
    view.devices[0].previous = view.devices[0].kme;
    view.devices[0].has_previous = true;
    view.devices[0].kme.b[0] = 9;
    provision_devices_of(&imsi, &view, &a, &lot, 300, rows, &n);
    assert_int_equal(n, 2);
    assert_int_equal(rows[0].kme.b[0], 9);
    assert_true(rows[0].has_previous);
    assert_int_equal(rows[0].previous.b[0], 1);
    assert_int_equal(rows[0].kme_since, 300);
    assert_int_equal(rows[0].kme_used, 0);
    assert_string_equal(rows[0].kme_lot, "new");
    assert_true(imsi_eq(&rows[1].imsi, &imsi));
    assert_false(rows[1].has_kme);
}

static void the_key_that_was_there_stays_what_it_was(void **state)
{
    (void)state;
    const struct imsi imsi = the_imsi();
    const struct imei a = IMEI_A;
    const struct kme_lot_id lot = lot_of("new");
    struct store_device rows[STORE_DEVICES_MAX];
    size_t n = before(rows);
    const struct binding_view view = view_of(rows, n);
    provision_devices_of(&imsi, &view, &a, &lot, 300, rows, &n);
    assert_int_equal(rows[0].kme_since, 100);
    assert_int_equal(rows[0].kme_used, 200);
    assert_string_equal(rows[0].kme_lot, "old");
}

static void a_device_in_the_place_of_others_is_alone(void **state)
{
    (void)state;
    const struct imsi imsi = the_imsi();
    const struct imei c = imei_of("35693803564389");
    const struct kme_lot_id lot = lot_of("new");
    struct store_device rows[STORE_DEVICES_MAX];
    size_t n = before(rows);
    const struct binding_view view = {.policy = BINDING_LEARN,
                                      .n_devices = 1,
                                      .devices = {{.imei = c, .has_kme = true, .kme = {{7}}}}};
    provision_devices_of(&imsi, &view, &c, &lot, 300, rows, &n);
    assert_int_equal(n, 1);
    assert_true(imei_eq(&rows[0].imei, &c));
    assert_int_equal(rows[0].kme_since, 300);
    static const struct store_device nothing;
    assert_memory_equal(&rows[1], &nothing, sizeof nothing); /* no key of the others is left */
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_home_comes_back_as_it_went),
        cmocka_unit_test(a_row_with_a_number_that_no_state_has_asks_and_offers_nothing),
        cmocka_unit_test(a_view_has_every_device_with_its_keys),
        cmocka_unit_test(a_new_key_has_its_lot_and_time_and_was_never_used),
        cmocka_unit_test(the_key_that_was_there_stays_what_it_was),
        cmocka_unit_test(a_device_in_the_place_of_others_is_alone),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
