#include "cli/aka_input.h"
#include "crypto/openssl.h"
#include "lib/check.h"
#include <stdio.h>
#include <string.h>

static struct crypto crypto;
static char why[200];

static int open_crypto(void **state)
{
    (void)state;
    return crypto_openssl_open(&crypto) == E_OK ? 0 : -1;
}

static int close_crypto(void **state)
{
    (void)state;
    crypto_openssl_close(&crypto);
    return 0;
}

static const char *value_of(const struct aka_results *r, const char *name)
{
    for (size_t i = 0; i < r->n; i++) {
        if (!strcmp(r->row[i].name, name)) {
            return r->row[i].value;
        }
    }
    fail_msg("there is no %s", name);
    return "";
}

static void set_from(struct aka_input *in, json_t *set, const char *key, const char *name)
{
    const char *v = json_string_value(json_object_get(set, key));
    if (v) {
        assert_true(aka_input_set(in, name, v, why, sizeof why));
    }
}

static void set_checks(json_t *set, bool tuak)
{
    static const char *const names[][2] = {{"f1", "MAC-A"}, {"f2", "XRES"}, {"f3", "CK"},
                                           {"f4", "IK"},    {"f5", "AK"},   {"f5star", "AK*"}};
    struct aka_input in = {0};
    struct aka_results r;
    const char *res = json_string_value(json_object_get(set, "f2"));
    set_from(&in, set, "k", "k");
    set_from(&in, set, tuak ? "top" : "op", tuak ? "top" : "op");
    set_from(&in, set, "rand", "rand");
    set_from(&in, set, "sqn", "sqn");
    set_from(&in, set, "amf", "amf");
    assert_true(aka_input_set(&in, "algorithm", tuak ? "tuak" : "milenage", why, sizeof why));
    in.keys.res_len = (uint8_t)(strlen(res) / 2);
    in.keys.keccak_iterations =
        (uint8_t)(tuak ? json_integer_value(json_object_get(set, "it")) : 0);
    assert_ok(aka_compute(&crypto, &in, &r));
    assert_string_equal(value_of(&r, tuak ? "TOPc" : "OPc"),
                        json_string_value(json_object_get(set, tuak ? "topc" : "opc")));
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        assert_string_equal(value_of(&r, names[i][1]),
                            json_string_value(json_object_get(set, names[i][0])));
    }
}

static void milenage_vectors(void **state)
{
    json_t *sets = vectors_load(TEST_DATA, "milenage.json"), *set;
    size_t i;
    (void)state;
    json_array_foreach(sets, i, set)
    {
        set_checks(set, false);
    }
    json_decref(sets);
}

static void tuak_vectors(void **state)
{
    json_t *sets = vectors_load(TEST_DATA, "tuak.json"), *set;
    size_t i, checked = 0;
    (void)state;
    json_array_foreach(sets, i, set)
    {
        size_t res = strlen(json_string_value(json_object_get(set, "f2")));
        size_t ck = strlen(json_string_value(json_object_get(set, "f3")));
        if (res <= 32 && ck == 32 && strlen(json_string_value(json_object_get(set, "f4"))) == 32 &&
            strlen(json_string_value(json_object_get(set, "f1"))) == 16) {
            set_checks(set, true);
            checked++;
        }
    }
    assert_true(checked > 0);
    json_decref(sets);
}

static void auts_is_recognised(void **state)
{
    char text[] = "k=465b5ce8b199b49faa5f0a2ee238a6bc\n"
                  "# a comment\n\n"
                  " opc = cd63cb71954a9f4e48a5994e37a02baf \r\n"
                  "rand=23553cbe9637a89d218ae64dae47bf35\n"
                  "sqn_ms=000000abcdef\nkme=000102030405060708090a0b0c0d0e0f";
    struct aka_input in = {0};
    struct aka_results r, again;
    (void)state;
    assert_true(aka_input_parse(&in, text, strlen(text), why, sizeof why));
    assert_ok(aka_compute(&crypto, &in, &r));
    assert_string_equal(value_of(&r, "AMF"), "8001");
    assert_true(aka_input_set(&in, "auts", value_of(&r, "AUTS"), why, sizeof why));
    assert_ok(aka_compute(&crypto, &in, &again));
    assert_string_equal(value_of(&again, "SQN_MS"), "000000abcdef");
    /* the RAND as it travelled */
    assert_true(aka_input_set(&in, "rand", value_of(&r, "encRAND"), why, sizeof why));
    assert_ok(aka_compute(&crypto, &in, &again));
    assert_string_equal(value_of(&again, "SQN_MS"), "000000abcdef");
    in.auts.b[13] ^= 1;
    assert_ok(aka_compute(&crypto, &in, &again));
    assert_true(again.auts_refused);
}

static void refused(const char *given, const char *part)
{
    char text[256];
    struct aka_input in = {0};
    snprintf(text, sizeof text, "%s", given);
    assert_false(aka_input_parse(&in, text, strlen(text), why, sizeof why));
    assert_non_null(strstr(why, part));
    assert_null(strstr(why, "c0ffee"));
}

static void bad_input_is_placed(void **state)
{
    struct aka_input in = {0};
    struct aka_results r;
    (void)state;
    refused("sqn=000000000000\nk=c0ffee", "line 2: k has not");
    refused("c0ffee", "line 1: not of the form");
    refused("kk=1", "'kk' is nothing");
    refused("{\"k\":\"c0ffee\"}", "k has not");
    refused("{\"k\":\"c0ffee", "line 1 column");
    refused("{\"sqn\":\"000000000000\",\"sqn\":\"000000000000\"}", "column");
    refused("plmn=c0ffee", "plmn has not");
    assert_err(aka_compute(&crypto, &in, &r), E_MISSING);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(milenage_vectors),
        cmocka_unit_test(tuak_vectors),
        cmocka_unit_test(auts_is_recognised),
        cmocka_unit_test(bad_input_is_placed),
    };
    return cmocka_run_group_tests(tests, open_crypto, close_crypto);
}
