#include "device/linux/state_file.h"
#include "lib/check.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static char folder[] = "/tmp/state_file_test.XXXXXX";
static char path[64];
static struct device_why why;

static int make_folder(void **state)
{
    (void)state;
    if (!mkdtemp(folder)) {
        return -1;
    }
    snprintf(path, sizeof path, "%s/device.json", folder);
    return 0;
}

static int remove_folder(void **state)
{
    (void)state;
    (void)unlink(path);
    return rmdir(folder); /* fails when a temporary file was left behind */
}

static struct device_state sample(void)
{
    struct device_state s = {0};
    assert_ok(imei_parse(BYTES_LIT("35693803564380"), &s.imei));
    assert_ok(imsi_parse(BYTES_LIT("001010000000001"), &s.imsi));
    s.me.has_kme = true;
    memset(s.me.kme.b, 0x11, sizeof s.me.kme.b);
    s.usim.keys.algorithm = AKA_TUAK;
    s.usim.keys.k.n = 16;
    s.usim.keys.opc.n = 32;
    memset(s.usim.keys.k.b, 0x22, 16);
    memset(s.usim.keys.opc.b, 0x33, 32);
    s.usim.keys.res_len = 8;
    s.usim.keys.keccak_iterations = 1;
    s.usim.seq[3] = SEQ_MAX;
    return s;
}

static void what_is_saved_is_loaded(void **state)
{
    struct device_state s = sample(), t;
    struct stat st;
    (void)state;
    for (unsigned round = 0; round < 2; round++) {
        assert_ok(device_state_save(path, false, &s, &why));
        assert_ok(device_state_load(path, &t, &why));
        assert_memory_equal(&s, &t, sizeof s);
        s.me.answered = true;
        memset(s.me.last_rand, 0x44, 16);
        s.me.last_answer.res.n = 8;
        s.me.last_answer.sqn = SQN_MAX;
        s.me.last_answer.amf = 0x8001;
    }
    assert_int_equal(stat(path, &st), 0);
    assert_int_equal(st.st_mode & 0777, 0600);
    assert_err(device_state_save(path, true, &s, &why), E_EXISTS);
    assert_ok(device_state_load(path, &t, &why));
}

static void a_failed_save_leaves_the_file(void **state)
{
    struct device_state s = sample(), t;
    (void)state;
    assert_ok(device_state_save(path, false, &s, &why));
    assert_int_not_equal(device_state_save("/nowhere/at/all.json", false, &s, &why), E_OK);
    assert_non_null(strstr(why.text, "/nowhere/at/all.json"));
    assert_ok(device_state_load(path, &t, &why));
}

/* The sample's text with one member changed. */
static void refused(const char *key, const char *usim_key, json_t *value, const char *part)
{
    struct device_state s = sample(), t;
    json_error_t at;
    assert_ok(device_state_save(path, false, &s, &why));
    json_t *o = json_load_file(path, 0, &at);
    json_t *in = usim_key ? json_object_get(o, "usim") : o;
    if (value) {
        json_object_set_new(in, usim_key ? usim_key : key, value);
    } else {
        json_object_del(in, usim_key ? usim_key : key);
    }
    char *text = json_dumps(o, 0);
    assert_int_not_equal(device_state_parse("x", bytes_of_str(text), &t, &why), E_OK);
    assert_non_null(strstr(why.text, part));
    struct device_state zero = {0};
    assert_memory_equal(&t, &zero, sizeof t);
    free(text);
    json_decref(o);
}

static void bad_members_are_named(void **state)
{
    (void)state;
    refused("imei", NULL, NULL, "imei is missing");
    refused("imei", NULL, json_string("356938035643808"), "imei is not");
    refused("bindery_device", NULL, json_integer(2), "newer");
    refused("more", NULL, json_true(), "more is not a member");
    refused("kme", NULL, json_string("00"), "kme is not 32 hex digits");
    refused("usim", NULL, json_integer(1), "usim. is not an object");
    refused("usim", "k", json_string("0g"), "usim.k");
    refused("usim", "seq", json_pack("[i]", 1), "usim.seq");
    refused("usim", "opc", json_string("00000000000000000000000000000000"), "lengths");
    refused("usim", "algorithm", json_string("comp128"), "usim.algorithm");
    refused("last", NULL, json_object(), "last.rand is missing");
}

/* ---- the key that proves the IMEI ---- */

static struct device_state with_key(uint8_t algorithm)
{
    struct device_state s = sample();
    size_t n = 0;
    assert_ok(signer_openssl_make(algorithm, s.identity.der, &n));
    s.identity.algorithm = algorithm;
    s.identity.n = (uint16_t)n;
    return s;
}

static void a_key_is_kept_and_who_has_none_keeps_his_file(void **state)
{
    static const uint8_t all[] = {DEVID_ECDSA_P256, DEVID_ECDSA_P384, DEVID_ED25519};
    struct device_state t;
    json_error_t at;
    (void)state;
    for (size_t i = 0; i < sizeof all; i++) {
        const struct device_state s = with_key(all[i]);
        assert_ok(device_state_save(path, false, &s, &why));
        assert_ok(device_state_load(path, &t, &why));
        assert_int_equal(t.identity.algorithm, all[i]);
        assert_int_equal(t.identity.n, s.identity.n);
        assert_memory_equal(t.identity.der, s.identity.der, s.identity.n);
        json_t *o = json_load_file(path, 0, &at);
        json_t *identity = json_object_get(o, "identity");
        assert_string_equal(json_string_value(json_object_get(identity, "algorithm")),
                            devid_algorithm_name(all[i]));
        assert_non_null(strstr(json_string_value(json_object_get(identity, "key")),
                               "-----BEGIN PRIVATE KEY-----\n"));
        json_decref(o);
    }
    const struct device_state s = sample();
    assert_ok(device_state_save(path, false, &s, &why));
    json_t *o = json_load_file(path, 0, &at);
    assert_null(json_object_get(o, "identity"));
    json_decref(o);
}

static json_t *identity_of(uint8_t key, const char *algorithm)
{
    const struct device_state s = with_key(key);
    char pem[SIGNER_PEM_MAX];
    assert_ok(signer_openssl_to_pem((struct bytes){s.identity.der, s.identity.n}, pem));
    return json_pack("{s:s, s:s}", "algorithm", algorithm, "key", pem);
}

static void a_key_that_is_none_is_named_and_not_shown(void **state)
{
    json_t *o = identity_of(DEVID_ED25519, "ed25519");
    (void)state;
    json_object_set_new(o, "more", json_true());
    refused("identity", NULL, o, "identity.more is not a member");
    refused("identity", NULL, json_string("x"), "identity. is not an object");
    refused("identity", NULL, json_pack("{s:s}", "algorithm", "ed25519"),
            "identity.key is missing");
    refused("identity", NULL, json_pack("{s:s, s:s}", "algorithm", "ed25519", "key", "SECRET"),
            "identity.key is not");
    assert_null(strstr(why.text, "SECRET"));
    refused("identity", NULL, identity_of(DEVID_ED25519, "ecdsa-p256"), "identity.key is not");
    refused("identity", NULL, identity_of(DEVID_ED25519, "dsa"), "identity.algorithm is none");
    assert_null(strstr(why.text, "PRIVATE"));
}

static void no_prefix_is_taken(void **state)
{
    struct device_state s = with_key(DEVID_ED25519), t;
    char text[8192];
    (void)state;
    assert_ok(device_state_save(path, false, &s, &why));
    FILE *f = fopen(path, "r");
    assert_non_null(f);
    size_t n = fread(text, 1, sizeof text, f);
    fclose(f);
    assert_ok(device_state_parse("x", (struct bytes){(uint8_t *)text, n}, &t, &why));
    for (size_t i = 0; i + 2 < n; i++) { /* without the brace that ends it */
        uint8_t *copy = exact_copy((struct bytes){(uint8_t *)text, i});
        assert_int_not_equal(device_state_parse("x", (struct bytes){copy, i}, &t, &why), E_OK);
        assert_null(strstr(why.text, "1111"));
        free(copy);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_is_saved_is_loaded),
        cmocka_unit_test(a_failed_save_leaves_the_file),
        cmocka_unit_test(bad_members_are_named),
        cmocka_unit_test(a_key_is_kept_and_who_has_none_keeps_his_file),
        cmocka_unit_test(a_key_that_is_none_is_named_and_not_shown),
        cmocka_unit_test(no_prefix_is_taken),
    };
    return cmocka_run_group_tests(tests, make_folder, remove_folder);
}
