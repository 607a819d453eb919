/* A device state file of a device without a subscription, and how one comes into it:
 * src/device/linux/state_onboarding.c, src/device/linux/state_read.c and
 * src/device/linux/state_write.c. */
#include "device/linux/onboard_openssl.h"
#include "device/linux/state_file.h"
#include "lib/check.h"
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#define URL "https://ca.example.org/DeviceID=k7q2m5xw3j4a"

static char folder[] = "/tmp/state_onboarding_test.XXXXXX";
static char path[64];
static struct device_why why;
static uint8_t keys[2][ONBOARD_KEY_MAX]; /* P-256, RSA */
static size_t keys_n[2];

static int open_all(void **state)
{
    (void)state;
    if (mkdtemp(folder) == NULL || onboard_openssl_make(0, keys[0], &keys_n[0]) != E_OK ||
        onboard_openssl_make(4096, keys[1], &keys_n[1]) != E_OK) {
        return -1;
    }
    (void)snprintf(path, sizeof path, "%s/device.json", folder);
    return 0;
}

static int close_all(void **state)
{
    (void)state;
    (void)unlink(path);
    return rmdir(folder); /* fails when a temporary file was left behind */
}

/* As it leaves the factory. */
static struct device_state boxed(enum certattach_form form)
{
    struct device_state s;
    struct device_onboarding *o = &s.onboarding;
    uint8_t der[900];
    size_t n = 0;
    memset(&s, 0, sizeof s);
    assert_ok(imei_parse(BYTES_LIT("35693803564380"), &s.imei));
    assert_ok(signer_openssl_make(DEVID_ECDSA_P256, s.identity.der, &n));
    s.identity.algorithm = DEVID_ECDSA_P256;
    s.identity.n = (uint16_t)n;
    o->form = (uint8_t)form;
    (void)snprintf(o->url, sizeof o->url, "%s", URL);
    o->key_n = (uint16_t)keys_n[form - 1];
    memcpy(o->key, keys[form - 1], o->key_n);
    for (unsigned i = 0; i < DEVICE_ROOTS_MAX; i++) {
        memset(der, (int)(0x50 + i), sizeof der);
        assert_ok(device_add_root(o, (struct bytes){der, 300 + 200 * i}));
    }
    assert_ok(plmn_parse(BYTES_LIT("001-01"), &o->network[0]));
    assert_ok(plmn_parse(BYTES_LIT("310-410"), &o->network[1]));
    o->n_networks = 2;
    return s;
}

static struct bindery_ue_profile a_profile(void)
{
    struct bindery_ue_profile p = {
        .imsi = {'0', '0', '1', '0', '1', '0', '0', '0', '0', '5', '0', '0', '0', '0', '7'},
        .imsi_n = 15,
        .mnc_n = 2,
        .home = {0x00, 0xf1, 0x10},
        .policy = BINDING_LEARN,
        .usim = {.algorithm = BINDERY_UE_MILENAGE, .k_n = 16, .opc_n = 16, .res_n = 8},
        .n_apns = 2,
        .apns = {"internet", "iot.example"}};
    memset(p.usim.k, 0x71, 16);
    memset(p.usim.opc, 0x72, 16);
    return p;
}

static void assert_same(const struct device_state *a, const struct device_state *b)
{
    assert_memory_equal(a, b, sizeof *a);
}

static void saved_and_loaded(const struct device_state *s)
{
    struct device_state t;
    assert_ok(device_state_save(path, false, s, &why));
    assert_ok(device_state_load(path, &t, &why));
    assert_same(s, &t);
}

/* ---- the file ---- */

static void a_device_out_of_the_box_is_kept(void **state)
{
    (void)state;
    for (int form = CERTATTACH_EC; form <= CERTATTACH_RSA; form++) {
        struct device_state s = boxed((enum certattach_form)form);
        saved_and_loaded(&s);
        json_t *o = json_load_file(path, 0, NULL);
        assert_true(json_is_null(json_object_get(o, "usim")));
        assert_null(json_object_get(o, "profile"));
        assert_null(json_object_get(o, "nas"));
        assert_string_equal(
            json_string_value(json_object_get(json_object_get(o, "onboarding"), "algorithm")),
            form == CERTATTACH_RSA ? "rsa" : "p256");
        json_decref(o);
        s.onboarding.n_networks = 0;
        memset(s.onboarding.network, 0, sizeof s.onboarding.network);
        saved_and_loaded(&s);
    }
}

static void a_subscription_that_came_is_kept_with_what_became_of_it(void **state)
{
    const struct bindery_ue_profile p = a_profile();
    struct device_state s = boxed(CERTATTACH_EC);
    (void)state;
    assert_ok(device_state_install(&s, &p));
    saved_and_loaded(&s);
    s.profile.trial = (struct bindery_ue_trial){.challenged = true, .failures = 4};
    saved_and_loaded(&s);
    s.profile.trial = (struct bindery_ue_trial){.confirmed = true};
    s.profile.n_apns = 0;
    memset(s.profile.apns, 0, sizeof s.profile.apns);
    saved_and_loaded(&s);
    json_t *o = json_load_file(path, 0, NULL);
    const json_t *profile = json_object_get(o, "profile");
    assert_true(json_is_true(json_object_get(profile, "confirmed")));
    assert_string_equal(json_string_value(json_object_get(profile, "policy")), "learn");
    assert_string_equal(json_string_value(json_object_get(profile, "home")), "001-01");
    json_decref(o);
}

static int good_allocations; /* below 0: all are; then one fails, and then they are good again */

static void *allocate(size_t n)
{
    return good_allocations-- == 0 ? NULL : malloc(n);
}

/* Whichever allocation fails: nothing is written, or all of it. */
static void without_memory_no_half_of_a_state_is_written(void **state)
{
    const struct bindery_ue_profile p = a_profile();
    struct device_state s = boxed(CERTATTACH_EC);
    struct device_state t;
    bool reached = true;
    unsigned refused_n = 0;
    (void)state;
    assert_ok(device_state_install(&s, &p));
    json_set_alloc_funcs(allocate, free);
    for (int i = 0; reached; i++) {
        good_allocations = i;
        const enum err err = device_state_save(path, false, &s, &why);
        reached = good_allocations < 0;
        good_allocations = -1;
        assert_true(err == E_OK || (reached && err == E_MEMORY));
        refused_n += err != E_OK;
        if (err == E_OK) {
            assert_ok(device_state_load(path, &t, &why));
            assert_same(&s, &t);
        }
    }
    json_set_alloc_funcs(malloc, free);
    assert_true(refused_n > 100);
}

/* The text of a file, with member `at`.`key` changed; value NULL: taken away. */
static void refused(const struct device_state *s, const char *at, const char *key, json_t *value,
                    const char *part)
{
    struct device_state t, zero;
    memset(&zero, 0, sizeof zero);
    assert_ok(device_state_save(path, false, s, &why));
    json_t *o = json_load_file(path, 0, NULL);
    json_t *in = at != NULL ? json_object_get(o, at) : o;
    if (value != NULL) {
        json_object_set_new(in, key, value);
    } else {
        json_object_del(in, key);
    }
    char *text = json_dumps(o, 0);
    assert_int_not_equal(device_state_parse("x", bytes_of_str(text), &t, &why), E_OK);
    if (strstr(why.text, part) == NULL) {
        fail_msg("'%s' is not in: %s", part, why.text);
    }
    assert_memory_equal(&t, &zero, sizeof t);
    free(text);
    json_decref(o);
}

static void what_is_wrong_with_onboarding_is_named(void **state)
{
    const struct device_state s = boxed(CERTATTACH_EC);
    (void)state;
    refused(&s, NULL, "onboarding", NULL, "usim is missing");
    refused(&s, NULL, "onboarding", json_string("x"), "onboarding. is not an object");
    refused(&s, "onboarding", "more", json_true(), "onboarding.more is not a member");
    refused(&s, "onboarding", "url", NULL, "onboarding.url is missing");
    refused(&s, "onboarding", "url", json_string("https://10.0.0.1/DeviceID=1"), "onboarding.url");
    refused(&s, "onboarding", "url", json_string("https://a.example/x"), "onboarding.url");
    refused(&s, "onboarding", "key", json_string("SECRET"), "onboarding.key is not");
    assert_null(strstr(why.text, "SECRET"));
    refused(&s, "onboarding", "algorithm", json_string("rsa"), "onboarding.key is not");
    refused(&s, "onboarding", "roots", json_array(), "onboarding.roots is not");
    refused(&s, "onboarding", "roots", json_pack("[s]", "Zg="), "onboarding.roots[0]");
    refused(&s, "onboarding", "roots", json_pack("[sssss]", "Zg==", "Zg==", "Zg==", "Zg==", "Zg=="),
            "onboarding.roots is not");
    refused(&s, "onboarding", "networks", json_array(), "onboarding.networks is not");
    refused(&s, "onboarding", "networks", json_pack("[ss]", "001-01", "x"),
            "onboarding.networks[1]");
}

static void what_belongs_to_a_usim_is_not_there_without_one(void **state)
{
    const struct device_state s = boxed(CERTATTACH_EC);
    (void)state;
    refused(&s, NULL, "kme", json_string("11111111111111111111111111111111"), "kme is there");
    refused(&s, NULL, "last", json_object(), "last is there");
    refused(&s, NULL, "nas", json_object(), "nas is there");
    refused(&s, NULL, "kme_pending", json_object(), "kme_pending is there");
    refused(&s, NULL, "profile", json_object(), "profile is there");
}

static void what_is_wrong_with_a_profile_is_named(void **state)
{
    const struct bindery_ue_profile p = a_profile();
    struct device_state s = boxed(CERTATTACH_EC);
    (void)state;
    assert_ok(device_state_install(&s, &p));
    refused(&s, "profile", "confirmed", NULL, "profile.confirmed is neither");
    refused(&s, "profile", "challenged", json_integer(1), "profile.challenged is neither");
    refused(&s, "profile", "failures", json_integer(256), "profile.failures");
    refused(&s, "profile", "home", json_string("x"), "profile.home");
    refused(&s, "profile", "policy", json_string("x"), "profile.policy");
    refused(&s, "profile", "apns", json_null(), "profile.apns");
    refused(&s, "profile", "apns", json_pack("[s]", ""), "profile.apns[0]");
    refused(&s, "profile", "apns", json_pack("[sssss]", "a", "b", "c", "d", "e"), "profile.apns");
    refused(&s, "profile", "more", json_true(), "profile.more is not a member");
}

static void no_prefix_is_taken(void **state)
{
    const struct bindery_ue_profile p = a_profile();
    struct device_state s = boxed(CERTATTACH_RSA), t;
    static char text[32768];
    (void)state;
    assert_ok(device_state_install(&s, &p));
    assert_ok(device_state_save(path, false, &s, &why));
    FILE *f = fopen(path, "r");
    assert_non_null(f);
    const size_t n = fread(text, 1, sizeof text, f);
    (void)fclose(f);
    for (size_t i = 0; i + 2 < n; i += 3) { /* without the brace that ends it */
        uint8_t *copy = exact_copy((struct bytes){(uint8_t *)text, i});
        assert_int_not_equal(device_state_parse("x", (struct bytes){copy, i}, &t, &why), E_OK);
        free(copy);
    }
}

/* ---- installing ---- */

static void an_installed_subscription_is_what_came(void **state)
{
    const struct bindery_ue_profile p = a_profile();
    struct device_state s = boxed(CERTATTACH_EC);
    const struct device_state before = s;
    (void)state;
    assert_ok(device_state_install(&s, &p));
    assert_string_equal(s.imsi.digits, "001010000500007");
    assert_int_equal(s.mnc_n, 2);
    assert_int_equal(s.usim.keys.algorithm, AKA_MILENAGE);
    assert_memory_equal(s.usim.keys.k.b, p.usim.k, 16);
    assert_memory_equal(s.usim.keys.opc.b, p.usim.opc, 16);
    assert_int_equal(s.usim.seq[0], 0);
    assert_true(s.profile.present);
    assert_false(s.profile.trial.confirmed);
    assert_string_equal(s.profile.apns[1], "iot.example");
    assert_err(device_state_install(&s, &p), E_BAD_STATE); /* it has one */
    device_state_drop(&s);
    assert_same(&s, &before);
}

static void what_is_no_subscription_changes_nothing(void **state)
{
    (void)state;
    for (unsigned i = 0; i < 9; i++) {
        struct bindery_ue_profile p = a_profile();
        struct device_state s = boxed(CERTATTACH_EC);
        switch (i) {
        case 0:
            p.imsi_n = 16;
            break;
        case 1:
            p.imsi_n = 5;
            break;
        case 2:
            p.imsi[3] = 'x';
            break;
        case 3:
            p.mnc_n = 4;
            break;
        case 4:
            p.home[0] = 0xaa;
            break;
        case 5:
            p.policy = 3;
            break;
        case 6:
            p.n_apns = 5;
            break;
        case 7:
            memset(p.apns[0], 'a', sizeof p.apns[0]);
            break;
        default:
            p.usim.k_n = 33;
            break;
        }
        const struct device_state before = s;
        assert_err(device_state_install(&s, &p), E_BAD_VALUE);
        assert_same(&s, &before);
    }
    const struct bindery_ue_profile p = a_profile();
    struct device_state s = boxed(CERTATTACH_EC);
    memset(&s.onboarding, 0, sizeof s.onboarding);
    assert_err(device_state_install(&s, &p), E_BAD_STATE);
}

static void what_a_subscription_left_goes_with_it(void **state)
{
    const struct bindery_ue_profile p = a_profile();
    struct device_state s = boxed(CERTATTACH_EC);
    const struct device_state before = s;
    (void)state;
    assert_ok(device_state_install(&s, &p));
    s.me.has_kme = s.me.answered = s.has_nas = s.pending.present = true;
    memset(s.me.kme.b, 0x55, sizeof s.me.kme.b);
    memset(s.nas.security, 0x66, sizeof s.nas.security);
    s.usim.seq[3] = 77;
    s.profile.trial.failures = 5;
    device_state_drop(&s);
    assert_same(&s, &before);
}

/* ---- a power cut ---- */

/* Installs and drops until it is killed; each turn is told. */
static void turn_for_ever(int told)
{
    const struct bindery_ue_profile p = a_profile();
    struct device_hold hold;
    struct device_state s;
    if (device_state_hold(path, &hold, &why) != E_OK || device_state_load(path, &s, &why) != E_OK) {
        _exit(1);
    }
    for (;;) {
        if (s.imsi.n > 0) {
            device_state_drop(&s);
        } else if (device_state_install(&s, &p) != E_OK) {
            _exit(1);
        }
        if (device_state_save_held(path, &hold, &s, &why) != E_OK || write(told, "x", 1) != 1) {
            _exit(1);
        }
    }
}

/*= test certattach-installs */
static void a_kill_leaves_the_box_or_the_whole_subscription(void **state)
{
    const struct bindery_ue_profile p = a_profile();
    const struct device_state box = boxed(CERTATTACH_EC);
    struct device_state whole = box, now;
    char command[128];
    (void)state;
    assert_ok(device_state_install(&whole, &p));
    assert_ok(device_state_save(path, false, &box, &why));
    for (unsigned round = 0; round < 12; round++) {
        int told[2], status;
        char x;
        assert_int_equal(pipe(told), 0);
        const pid_t child = fork();
        assert_true(child >= 0);
        if (child == 0) {
            turn_for_ever(told[1]);
        }
        for (unsigned i = 0; i <= round; i++) {
            assert_int_equal(read(told[0], &x, 1), 1);
        }
        assert_int_equal(kill(child, SIGKILL), 0);
        assert_int_equal(waitpid(child, &status, 0), child);
        assert_true(WIFSIGNALED(status));
        close(told[0]);
        close(told[1]);
        assert_ok(device_state_load(path, &now, &why));
        assert_same(&now, now.imsi.n > 0 ? &whole : &box);
    }
    (void)snprintf(command, sizeof command, "rm -f %s.*", path); /* of those that were killed */
    assert_int_equal(system(command), 0);
}

static void as_many_roots_as_fit_are_taken(void **state)
{
    static uint8_t der[DEVICE_ROOTS_LEN + 1];
    struct device_onboarding o = {.form = CERTATTACH_EC};
    (void)state;
    assert_err(device_add_root(&o, (struct bytes){der, 0}), E_NO_ROOM);
    assert_err(device_add_root(&o, BYTES_OF(der)), E_NO_ROOM);
    assert_ok(device_add_root(&o, (struct bytes){der, DEVICE_ROOTS_LEN - 1}));
    assert_err(device_add_root(&o, (struct bytes){der, 2}), E_NO_ROOM);
    assert_int_equal(device_root(&o, 0).n, DEVICE_ROOTS_LEN - 1);
    assert_int_equal(device_root(&o, 1).n, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_device_out_of_the_box_is_kept),
        cmocka_unit_test(a_subscription_that_came_is_kept_with_what_became_of_it),
        cmocka_unit_test(without_memory_no_half_of_a_state_is_written),
        cmocka_unit_test(what_is_wrong_with_onboarding_is_named),
        cmocka_unit_test(what_belongs_to_a_usim_is_not_there_without_one),
        cmocka_unit_test(what_is_wrong_with_a_profile_is_named),
        cmocka_unit_test(no_prefix_is_taken),
        cmocka_unit_test(an_installed_subscription_is_what_came),
        cmocka_unit_test(what_is_no_subscription_changes_nothing),
        cmocka_unit_test(what_a_subscription_left_goes_with_it),
        cmocka_unit_test(a_kill_leaves_the_box_or_the_whole_subscription),
        cmocka_unit_test(as_many_roots_as_fit_are_taken),
    };
    return cmocka_run_group_tests(tests, open_all, close_all);
}
