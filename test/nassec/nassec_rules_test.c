#include "nassec/world.h"

/* ---- Choosing algorithms ---- */

static void the_first_that_both_have_is_chosen(void **state)
{
    (void)state;
    const struct nassec_preference want = {
        .eea = {2, 1, 3, 0}, .eea_n = 4, .eia = {2, 3, 1}, .eia_n = 3};
    for (unsigned eea_bits = 0; eea_bits < 256; eea_bits++) {
        for (unsigned eia_bits = 0; eia_bits < 256; eia_bits++) {
            const int eea = eea_bits & 0x20   ? 2
                            : eea_bits & 0x40 ? 1
                            : eea_bits & 0x10 ? 3
                            : eea_bits & 0x80 ? 0
                                              : -1;
            const int eia = eia_bits & 0x20 ? 2 : eia_bits & 0x10 ? 3 : eia_bits & 0x40 ? 1 : -1;
            enum nas_eea got_eea = (enum nas_eea)77;
            enum nas_eia got_eia = (enum nas_eia)77;
            const bool good = eea >= 0 && eia >= 0;
            assert_err(
                nassec_select((uint8_t)eea_bits, (uint8_t)eia_bits, &want, &got_eea, &got_eia),
                good ? E_OK : E_UNSUPPORTED);
            assert_int_equal((int)got_eea, good ? eea : 77);
            assert_int_equal((int)got_eia, good ? eia : 77);
        }
    }
}

static void eea0_is_chosen_only_if_the_list_has_it(void **state)
{
    (void)state;
    const struct nassec_preference want = {.eea = {2}, .eea_n = 1, .eia = {2}, .eia_n = 1};
    enum nas_eea eea;
    enum nas_eia eia;
    assert_err(nassec_select(0x80, 0xff, &want, &eea, &eia), E_UNSUPPORTED);
    assert_err(nassec_select(0xff, 0x80, &want, &eea, &eia), E_UNSUPPORTED); /* EIA0 alone */
    assert_ok(nassec_select(0x20, 0x20, &want, &eea, &eia));
}

static void a_list_that_is_none_is_refused(void **state)
{
    (void)state;
    const struct nassec_preference lists[] = {
        {.eea = {2}, .eea_n = 0, .eia = {2}, .eia_n = 1},
        {.eea = {2}, .eea_n = 1, .eia = {2}, .eia_n = 0},
        {.eea = {2}, .eea_n = 5, .eia = {2}, .eia_n = 1},
        {.eea = {2}, .eea_n = 1, .eia = {2, 1, 3}, .eia_n = 4},
        {.eea = {2, 4}, .eea_n = 2, .eia = {2}, .eia_n = 1},
        {.eea = {2}, .eea_n = 1, .eia = {2, 0}, .eia_n = 2}, /* EIA0, however far behind */
        {.eea = {2}, .eea_n = 1, .eia = {2, 4}, .eia_n = 2},
    };
    for (size_t i = 0; i < sizeof lists / sizeof lists[0]; i++) {
        enum nas_eea eea;
        enum nas_eia eia;
        assert_err(nassec_select(0xff, 0xff, &lists[i], &eea, &eia), E_BAD_VALUE);
    }
}

/* ---- HashMME ---- */

static void hash_mme_is_the_end_of_an_hmac_under_zeros(void **state)
{
    (void)state;
    static const uint8_t zero[32] = {0};
    const struct bytes request = BYTES_LIT("\x07\x41\x71\x0b\xf6\x00\xf1\x10");
    uint8_t whole[32];
    uint8_t hash[NASSEC_HASH_MME_LEN];
    assert_ok(crypto.hmac_sha256(crypto.ctx, BYTES_OF(zero), &request, 1, whole));
    assert_ok(nassec_hash_mme(&crypto, request, hash));
    assert_memory_equal(hash, whole + 24, 8);
}

/* HMAC-SHA-256 of nothing under a key of zeros is a value that many libraries print. */
static void hash_mme_of_nothing_is_known(void **state)
{
    (void)state;
    uint8_t hash[NASSEC_HASH_MME_LEN];
    uint8_t want[8];
    assert_ok(hex_decode("c6c712144292c5ad", MBYTES_OF(want)));
    assert_ok(nassec_hash_mme(&crypto, (struct bytes){NULL, 0}, hash));
    assert_memory_equal(hash, want, 8);
}

/* ---- What may arrive unprotected ---- */

/* TS 24.301 4.4.4.2 and 4.4.4.3, list by list: type, and which details pass. */
enum pass { ANY, ONLY_IMSI, NOT_25_78 };
struct row {
    uint8_t type;
    enum pass pass;
};
static const struct row ue_list[] = {{0x55, ONLY_IMSI}, {0x52, ANY}, {0x54, ANY},
                                     {0x44, NOT_25_78}, {0x46, ANY}, {0x4b, NOT_25_78},
                                     {0x4e, NOT_25_78}};
static const struct row mme_list[] = {{0x41, ANY}, {0x56, ONLY_IMSI}, {0x53, ANY}, {0x5c, ANY},
                                      {0x5f, ANY}, {0x45, ANY},       {0x46, ANY}, {0x48, ANY}};
static const struct row lost_list[] = {{0x41, ANY}, {0x56, ONLY_IMSI}, {0x53, ANY}, {0x5c, ANY},
                                       {0x5f, ANY}, {0x45, ANY},       {0x46, ANY}, {0x48, ANY},
                                       {0x4c, ANY}, {0x4d, ANY}};

static bool listed(const struct row *list, size_t n, unsigned type, unsigned detail)
{
    for (size_t i = 0; i < n; i++) {
        if (list[i].type == type) {
            return list[i].pass == ANY || (list[i].pass == ONLY_IMSI && detail == 1) ||
                   (list[i].pass == NOT_25_78 && detail != 25 && detail != 78);
        }
    }
    return false;
}

static void only_the_listed_messages_may_come_unprotected(void **state)
{
    (void)state;
    for (unsigned type = 0; type < 256; type++) {
        for (unsigned detail = 0; detail < 256; detail++) {
            const uint8_t t = (uint8_t)type;
            const uint8_t d = (uint8_t)detail;
            assert_int_equal(nassec_may_be_plain(NASSEC_UE, false, t, d),
                             listed(ue_list, sizeof ue_list / sizeof ue_list[0], type, detail));
            assert_int_equal(nassec_may_be_plain(NASSEC_MME, false, t, d),
                             listed(mme_list, sizeof mme_list / sizeof mme_list[0], type, detail));
            assert_int_equal(
                nassec_may_fail_mac(false, t, d),
                listed(lost_list, sizeof lost_list / sizeof lost_list[0], type, detail));
        }
    }
}

static void nothing_may_once_the_exchange_is_secure(void **state)
{
    (void)state;
    for (unsigned type = 0; type < 256; type++) {
        for (unsigned detail = 0; detail < 256; detail++) {
            assert_false(nassec_may_be_plain(NASSEC_UE, true, (uint8_t)type, (uint8_t)detail));
            assert_false(nassec_may_be_plain(NASSEC_MME, true, (uint8_t)type, (uint8_t)detail));
            assert_false(nassec_may_fail_mac(true, (uint8_t)type, (uint8_t)detail));
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_first_that_both_have_is_chosen),
        cmocka_unit_test(eea0_is_chosen_only_if_the_list_has_it),
        cmocka_unit_test(a_list_that_is_none_is_refused),
        cmocka_unit_test(hash_mme_is_the_end_of_an_hmac_under_zeros),
        cmocka_unit_test(hash_mme_of_nothing_is_known),
        cmocka_unit_test(only_the_listed_messages_may_come_unprotected),
        cmocka_unit_test(nothing_may_once_the_exchange_is_secure),
    };
    return cmocka_run_group_tests_name("nassec/nassec_rules", tests, open_crypto, close_crypto);
}
