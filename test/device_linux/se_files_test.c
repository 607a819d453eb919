#include "device/linux/se_files.h"

#include "crypto/openssl.h"
#include "device_linux/se_factory.h"
#include <openssl/evp.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#define DIMSI "901700000000001"

static char folder[] = "/tmp/se_files_test.XXXXXX";
static char device[64], order[64], credentials[64];
static struct factory factory;
static struct crypto c;
static struct device_why why;

static int open_all(void **state)
{
    (void)state;
    factory_open(&factory);
    if (mkdtemp(folder) == NULL || crypto_openssl_open(&c) != E_OK) {
        return -1;
    }
    (void)snprintf(device, sizeof device, "%s/device.json", folder);
    (void)snprintf(order, sizeof order, "%s/order.json", folder);
    (void)snprintf(credentials, sizeof credentials, "%s/credentials.json", folder);
    return 0;
}

static int close_all(void **state)
{
    (void)state;
    factory_close(&factory);
    crypto_openssl_close(&c);
    (void)unlink(device);
    (void)unlink(order);
    (void)unlink(credentials);
    return rmdir(folder); /* fails when a temporary file was left behind */
}

static void put(const char *path, struct bytes text)
{
    FILE *f = fopen(path, "we");
    assert_non_null(f);
    assert_int_equal(fwrite(text.p, 1, text.n, f), text.n);
    assert_int_equal(fclose(f), 0);
}

static size_t order_text(char out[static 4096])
{
    uint8_t base64[2048];
    assert_true(EVP_EncodeBlock(base64, factory.arpf.b, (int)factory.arpf.n) > 0);
    return (size_t)snprintf(
        out, 4096, "{\"dimsi\": \"" DIMSI "\", \"sp\": \"" FACTORY_SP "\", \"arpf\": [\"%s\"]}",
        (const char *)base64);
}

static void give_device_and_order(void)
{
    const struct device_state s = factory_device(&factory, "35693803564380");
    char text[4096];
    const size_t n = order_text(text);
    assert_ok(device_state_save(device, false, &s, &why));
    put(order, (struct bytes){(const uint8_t *)text, n});
    (void)unlink(credentials);
}

static struct device_state state_now(void)
{
    struct device_state s;
    assert_ok(device_state_load(device, &s, &why));
    return s;
}

static enum se_accepted accepted(bool again)
{
    struct imsi gone;
    return se_accept(&c, device, order, credentials, again, 0, &gone, &why);
}

static void an_order_is_read_as_it_was_written_and_no_part_of_it_is_one(void **state)
{
    struct se_order o;
    char text[4096];
    const size_t n = order_text(text);
    (void)state;
    put(order, (struct bytes){(const uint8_t *)text, n});
    assert_ok(se_order_load(order, &o, &why));
    assert_string_equal(o.dimsi.digits, DIMSI);
    assert_string_equal(o.sp.text, FACTORY_SP);
    assert_true(bytes_eq(device_certificate(&o.arpf, 0), factory_bytes(&factory.arpf)));
    for (size_t i = 0; i < n; i++) {
        put(order, (struct bytes){(const uint8_t *)text, i});
        assert_err(se_order_load(order, &o, &why), E_BAD_VALUE);
    }
    (void)unlink(order);
    assert_err(se_order_load(order, &o, &why), E_NOT_FOUND);
}

static void credentials_come_back_as_they_were(void **state)
{
    const struct device_state s = factory_device(&factory, "35693803564380");
    struct se_credentials made, got;
    struct stat st;
    (void)state;
    memset(&made, 0, sizeof made);
    (void)factory_agree(&factory, &c, &s, DIMSI, made.token, &made.token_n);
    assert_ok(imsi_parse(BYTES_LIT(DIMSI), &made.dimsi));
    made.chain = s.se.chain;
    assert_ok(se_credentials_save(credentials, &made, &why));
    assert_ok(se_credentials_load(credentials, &got, &why));
    assert_memory_equal(&made, &got, sizeof made);
    assert_int_equal(stat(credentials, &st), 0);
    assert_int_equal(st.st_mode & 0777, 0600);
    assert_err(se_credentials_save("/nowhere/at/all", &made, &why), E_NOT_FOUND);
    put(credentials, BYTES_LIT("{\"dimsi\": \"" DIMSI "\", \"token\": \"?\"}"));
    assert_err(se_credentials_load(credentials, &got, &why), E_BAD_VALUE);
}

/*= test dimsi-0c-store */
static void the_key_is_kept_before_the_token_leaves(void **state)
{
    struct device_state s;
    char nowhere[96];
    struct imsi gone;
    (void)state;
    give_device_and_order();
    (void)snprintf(nowhere, sizeof nowhere, "%s/none/credentials.json", folder);
    assert_int_equal(se_accept(&c, device, order, nowhere, false, 0, &gone, &why), SE_NOT_ACCEPTED);
    s = state_now();
    assert_int_equal(s.se.n_slots, 1);
    assert_int_equal(s.se.tokens, 1);
    /* The token is lost, and with it that key. */
    assert_int_equal(accepted(false), SE_ACCEPTED_NOW);
    s = state_now();
    assert_int_equal(s.se.n_slots, 1);
    assert_int_equal(s.se.tokens, 2);
    assert_int_equal(accepted(false), SE_ACCEPTED_BEFORE);
    assert_int_equal(accepted(true), SE_ACCEPTED_NOW);
    s = state_now();
    assert_int_equal(s.se.tokens, 3);
    device_state_wipe(&s);
}

static void credentials_of_another_key_or_order_do_not_count(void **state)
{
    struct device_state s;
    struct se_credentials there;
    (void)state;
    give_device_and_order();
    assert_int_equal(accepted(false), SE_ACCEPTED_NOW);
    assert_ok(se_credentials_load(credentials, &there, &why));
    assert_int_equal(accepted(true), SE_ACCEPTED_NOW);
    assert_ok(se_credentials_save(credentials, &there, &why)); /* of the key before */
    assert_int_equal(accepted(false), SE_ACCEPTED_NOW);
    char text[4096];
    size_t n = order_text(text);
    char *sp = strstr(text, FACTORY_SP);
    assert_non_null(sp);
    sp[0] = 'x'; /* another service provider */
    put(order, (struct bytes){(const uint8_t *)text, n});
    assert_int_equal(accepted(false), SE_ACCEPTED_NOW);
    s = state_now();
    assert_int_equal(s.se.n_slots, 1);
    assert_int_equal(s.se.tokens, 4);
    device_state_wipe(&s);
}

static void a_device_that_somebody_runs_is_left_alone(void **state)
{
    struct device_hold hold;
    (void)state;
    give_device_and_order();
    assert_ok(device_state_hold(device, &hold, &why));
    assert_int_equal(accepted(false), SE_NOT_ACCEPTED);
    assert_non_null(strstr(why.text, "another program runs this device"));
    device_state_release(&hold);
    assert_int_equal(accepted(false), SE_ACCEPTED_NOW);
}

static void while_its_successor_is_on_trial_the_order_is_refused(void **state)
{
    struct certattach_profile p = {.keys = {.algorithm = AKA_MILENAGE, .res_len = 8},
                                   .home = {"001", "01"}};
    struct device_state s, t;
    struct imsi imsi;
    (void)state;
    give_device_and_order();
    assert_int_equal(accepted(false), SE_ACCEPTED_NOW);
    s = state_now();
    assert_ok(imsi_parse(BYTES_LIT("001010000700000"), &imsi));
    assert_ok(imsi_parse(BYTES_LIT("001010000800000"), &p.imsi));
    p.keys.k.n = p.keys.opc.n = 16;
    assert_ok(device_state_discovered(&c, &s, 0, &imsi));
    s.discovery.asked = true;
    assert_ok(device_state_manage(&s, &p));
    assert_ok(device_state_save(device, false, &s, &why));
    assert_int_equal(accepted(true), SE_NOT_ACCEPTED);
    assert_non_null(strstr(why.text, "on trial"));
    t = state_now();
    assert_memory_equal(&s, &t, sizeof s);
    device_state_wipe(&s);
    device_state_wipe(&t);
}

static void without_a_secure_element_nothing_is_accepted(void **state)
{
    struct device_state s;
    (void)state;
    give_device_and_order();
    s = state_now();
    wipe(&s.se, sizeof s.se);
    assert_ok(imsi_parse(BYTES_LIT("001010000000001"), &s.imsi));
    s.usim.keys = (struct aka_keys){.algorithm = AKA_MILENAGE, .res_len = 8};
    s.usim.keys.k.n = s.usim.keys.opc.n = 16;
    assert_ok(device_state_save(device, false, &s, &why));
    assert_int_equal(accepted(false), SE_NOT_ACCEPTED);
    assert_non_null(strstr(why.text, "no secure element"));
    device_state_wipe(&s);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_order_is_read_as_it_was_written_and_no_part_of_it_is_one),
        cmocka_unit_test(credentials_come_back_as_they_were),
        cmocka_unit_test(the_key_is_kept_before_the_token_leaves),
        cmocka_unit_test(credentials_of_another_key_or_order_do_not_count),
        cmocka_unit_test(a_device_that_somebody_runs_is_left_alone),
        cmocka_unit_test(while_its_successor_is_on_trial_the_order_is_refused),
        cmocka_unit_test(without_a_secure_element_nothing_is_accepted),
    };
    return cmocka_run_group_tests(tests, open_all, close_all);
}
