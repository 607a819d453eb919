/* proc/certattach_profile.c: the subscription profile as octets. */
#include "proc/certattach.h"

#include "lib/check.h"

#include <stdlib.h>
#include <string.h>

static struct plmn plmn_of(const char *text)
{
    struct plmn plmn;
    assert_ok(plmn_parse(bytes_of_str(text), &plmn));
    return plmn;
}

static struct certattach_profile sample(void)
{
    struct certattach_profile p = {
        .keys = {.algorithm = AKA_MILENAGE, .k.n = 16, .opc.n = 16, .res_len = 8},
        .home = plmn_of("001-01"),
        .policy = BINDING_LEARN,
        .n_apns = 2,
        .apns = {"internet", "iot.example"}};
    assert_ok(imsi_parse(BYTES_LIT("001010000500001"), &p.imsi));
    memset(p.keys.k.b, 0x4b, 16);
    memset(p.keys.opc.b, 0x6f, 16);
    return p;
}

/* TUAK with 256 bits, and as much as there is room for. */
static struct certattach_profile longest(void)
{
    struct certattach_profile p = sample();
    p.keys = (struct aka_keys){
        .algorithm = AKA_TUAK, .k.n = 32, .opc.n = 32, .res_len = 16, .keccak_iterations = 2};
    memset(p.keys.k.b, 0x4b, 32);
    memset(p.keys.opc.b, 0x6f, 32);
    p.policy = BINDING_BOUND;
    p.n_apns = CERTATTACH_APNS_MAX;
    for (size_t i = 0; i < CERTATTACH_APNS_MAX; i++) {
        for (size_t k = 0; k < CERTATTACH_APN_MAX; k++) {
            p.apns[i][k] = k % 50 == 49 && k + 1 < CERTATTACH_APN_MAX ? '.' : (char)('a' + i);
        }
    }
    return p;
}

static struct certattach_profile bare(void)
{
    struct certattach_profile p = sample();
    memset(p.apns, 0, sizeof p.apns);
    p.n_apns = 0;
    p.policy = BINDING_OPEN;
    return p;
}

/* Written by another hand. */
/*= test certattach-3b */
static void a_profile_is_the_octets_that_its_page_shows(void **state)
{
    (void)state;
    uint8_t out[CERTATTACH_PROFILE_MAX];
    char hex[2 * CERTATTACH_PROFILE_MAX + 1];
    size_t n;
    const struct certattach_profile p = sample();
    assert_ok(certattach_profile_write(&p, out, &n));
    hex_encode((struct bytes){out, n}, hex);
    assert_string_equal(hex,
                        "01000800010100500000f100010100104b4b4b4b4b4b4b4b4b4b4b4b4b4b4b4b00106f"
                        "6f6f6f6f6f6f6f6f6f6f6f6f6f6f6f000108000100000300f1100001010001020008"
                        "696e7465726e6574000b696f742e6578616d706c65");
}

static void assert_zeros(const struct certattach_profile *p)
{
    static const struct certattach_profile zeros;
    assert_memory_equal(p, &zeros, sizeof zeros);
}

static void a_profile_is_read_back_and_no_prefix_of_it_is(void **state)
{
    (void)state;
    const struct certattach_profile all[] = {sample(), longest(), bare()};
    for (size_t i = 0; i < 3; i++) {
        uint8_t out[CERTATTACH_PROFILE_MAX];
        struct certattach_profile got;
        size_t n;
        assert_ok(certattach_profile_write(&all[i], out, &n));
        assert_true(i != 1 || n == CERTATTACH_PROFILE_MAX);
        for (size_t k = 0; k < n; k++) {
            uint8_t *part = exact_copy((struct bytes){out, k});
            memset(&got, 0x5c, sizeof got);
            assert_int_not_equal(certattach_profile_read((struct bytes){part, k}, &got), E_OK);
            assert_zeros(&got);
            free(part);
        }
        assert_ok(certattach_profile_read((struct bytes){out, n}, &got));
        assert_true(imsi_eq(&got.imsi, &all[i].imsi) && plmn_eq(&got.home, &all[i].home));
        assert_memory_equal(&got.keys, &all[i].keys, sizeof got.keys);
        assert_memory_equal(got.apns, all[i].apns, sizeof got.apns);
        assert_int_equal(got.policy, all[i].policy);
        assert_int_equal(got.n_apns, all[i].n_apns);
    }
}

static void only_the_one_way_to_write_a_profile_is_read(void **state)
{
    (void)state;
    uint8_t out[CERTATTACH_PROFILE_MAX + 1] = {0}, again[CERTATTACH_PROFILE_MAX];
    struct certattach_profile got;
    const struct certattach_profile p = sample();
    size_t n, m;
    assert_ok(certattach_profile_write(&p, out, &n));
    assert_err(certattach_profile_read((struct bytes){out, n + 1}, &got), E_TRAILING);
    assert_zeros(&got);
    for (size_t i = 0; i < n; i++) {
        for (unsigned v = 0; v < 256; v++) {
            const uint8_t kept = out[i];
            out[i] = (uint8_t)v;
            if (certattach_profile_read((struct bytes){out, n}, &got) == E_OK) {
                assert_ok(certattach_profile_write(&got, again, &m));
                assert_true(bytes_eq((struct bytes){out, n}, (struct bytes){again, m}));
            }
            out[i] = kept;
        }
    }
}

static void what_a_device_could_not_use_is_not_read(void **state)
{
    (void)state;
    const struct {
        size_t at; /* in the sample's octets */
        uint8_t v;
        enum err err;
    } table[] = {
        {0, 0, E_UNSUPPORTED},                           /* version */
        {0, 2, E_UNSUPPORTED},   {2, 7, E_BAD_LENGTH},   /* of the IMSI */
        {3, 0xaa, E_BAD_DIGIT},  {3, 0x10, E_BAD_VALUE}, /* of another PLMN than the home */
        {13, 0, E_BAD_VALUE},                            /* algorithm */
        {13, 3, E_BAD_VALUE},    {13, AKA_TUAK, E_BAD_LENGTH}, {15, 33, E_BAD_LENGTH}, /* of K */
        {15, 0, E_BAD_LENGTH},   {52, 9, E_BAD_LENGTH},                                /* RES */
        {58, 0xa0, E_BAD_DIGIT}, /* home PLMN */
        {63, 3, E_BAD_VALUE},    /* policy */
        {66, 1, E_TRAILING},     /* APNs */
        {66, 3, E_TRUNCATED},    {66, 5, E_BAD_VALUE},         {68, 0, E_BAD_LENGTH},
        {69, '.', E_BAD_VALUE},  {69, '*', E_BAD_VALUE},       {69, 0, E_BAD_VALUE}};
    for (size_t i = 0; i < sizeof table / sizeof table[0]; i++) {
        uint8_t out[CERTATTACH_PROFILE_MAX];
        struct certattach_profile got;
        const struct certattach_profile p = sample();
        size_t n;
        assert_ok(certattach_profile_write(&p, out, &n));
        out[table[i].at] = table[i].v;
        assert_err(certattach_profile_read((struct bytes){out, n}, &got), table[i].err);
        assert_zeros(&got);
    }
}

static void put_apn(struct certattach_profile *p, const char *apn)
{
    memset(p->apns[1], 0, sizeof p->apns[1]);
    memcpy(p->apns[1], apn, strlen(apn));
}

static void what_a_device_would_not_read_is_not_written(void **state)
{
    (void)state;
    static const char *const apns[] = {"", ".", "a..b", "-a", "a_b", "*", "a b"};
    uint8_t out[CERTATTACH_PROFILE_MAX];
    size_t n = 77;
    struct certattach_profile p = sample();
    p.home = plmn_of("001-001");
    assert_err(certattach_profile_write(&p, out, &n), E_BAD_VALUE);
    p = sample();
    p.policy = 3;
    assert_err(certattach_profile_write(&p, out, &n), E_BAD_VALUE);
    p = sample();
    p.n_apns = CERTATTACH_APNS_MAX + 1;
    assert_err(certattach_profile_write(&p, out, &n), E_BAD_VALUE);
    p = sample();
    p.keys.k.n = 15;
    assert_err(certattach_profile_write(&p, out, &n), E_BAD_LENGTH);
    p = sample();
    p.keys.algorithm = (enum aka_algorithm)3;
    assert_err(certattach_profile_write(&p, out, &n), E_BAD_VALUE);
    for (size_t i = 0; i < sizeof apns / sizeof apns[0]; i++) {
        p = sample();
        put_apn(&p, apns[i]);
        assert_int_not_equal(certattach_profile_write(&p, out, &n), E_OK);
    }
    assert_int_equal(n, 77);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_profile_is_the_octets_that_its_page_shows),
        cmocka_unit_test(a_profile_is_read_back_and_no_prefix_of_it_is),
        cmocka_unit_test(only_the_one_way_to_write_a_profile_is_read),
        cmocka_unit_test(what_a_device_could_not_use_is_not_read),
        cmocka_unit_test(what_a_device_would_not_read_is_not_written),
    };
    return cmocka_run_group_tests_name("proc/certattach profile", tests, NULL, NULL);
}
