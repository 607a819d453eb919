/* The soft secure element makes eK and the token: src/device/se.c over a key of libcrypto, and an
 * ARPF that computes the same. */
#include "device/onboarding.h"
#include "device/slot.h"
#include "device/world.h"

#define CERTIFICATE_N 300

struct se_rig {
    struct bindery_ue_crypto table;
    struct crypto c;
    struct bindery_ue_se se;
    struct bindery_ue_order order;
    struct bindery_ue_slot slot;
    uint8_t token[BINDERY_UE_TOKEN_MAX];
    size_t token_n;
    EVP_PKEY *own, *arpf;
    uint8_t chain[2 * CERTIFICATE_N], certificate[CERTIFICATE_N];
    size_t chain_seen;
    const char *name;
    bool untrusted, agree_fails, sign_fails;
    unsigned agreed, signed_n;
};

static void point_of(EVP_PKEY *key, uint8_t out[static 65])
{
    size_t n = 0;
    assert_int_equal(EVP_PKEY_get_octet_string_param(key, OSSL_PKEY_PARAM_PUB_KEY, out, 65, &n), 1);
    assert_int_equal(n, 65);
}

static EVP_PKEY *key_of(const uint8_t point[65])
{
    EVP_PKEY *key = NULL;
    char group[] = "P-256";
    uint8_t copy[65];
    memcpy(copy, point, sizeof copy);
    OSSL_PARAM params[] = {
        OSSL_PARAM_construct_utf8_string(OSSL_PKEY_PARAM_GROUP_NAME, group, 0),
        OSSL_PARAM_construct_octet_string(OSSL_PKEY_PARAM_PUB_KEY, copy, sizeof copy),
        OSSL_PARAM_construct_end()};
    EVP_PKEY_CTX *c = EVP_PKEY_CTX_new_from_name(NULL, "EC", NULL);
    assert_int_equal(EVP_PKEY_fromdata_init(c), 1);
    assert_int_equal(EVP_PKEY_fromdata(c, &key, EVP_PKEY_PUBLIC_KEY, params), 1);
    EVP_PKEY_CTX_free(c);
    return key;
}

static bool arpf(void *ctx, const uint8_t *chain, size_t n, char name[65], uint8_t point[65])
{
    struct se_rig *r = ctx;
    assert_ptr_equal(chain, r->order.chain);
    r->chain_seen = n;
    (void)snprintf(name, 65, "%s", r->name);
    point_of(r->arpf, point);
    return !r->untrusted;
}

static bool agree(void *ctx, const uint8_t arpf_point[65], uint8_t se[65], uint8_t z[32])
{
    struct se_rig *r = ctx;
    EVP_PKEY *once = EVP_EC_gen("P-256"), *peer = key_of(arpf_point);
    r->agreed++;
    point_of(once, se);
    assert_true(maker_dh(once, peer, z));
    EVP_PKEY_free(peer);
    EVP_PKEY_free(once);
    return !r->agree_fails;
}

static bool sign(void *ctx, const uint8_t *content, size_t n, uint8_t signature[64])
{
    struct se_rig *r = ctx;
    struct maker k = {.operator_key = r->own};
    r->signed_n++;
    assert_ok(maker_sign(&k, (struct bytes){content, n}, signature));
    return !r->sign_fails;
}

/* A SEQUENCE of so many octets in all, which is all that this side looks at. */
static void fill_der(uint8_t *out, size_t n, uint8_t with)
{
    memset(out, with, n);
    out[0] = 0x30;
    out[1] = 0x82;
    out[2] = (uint8_t)((n - 4) >> 8);
    out[3] = (uint8_t)(n - 4);
}

static void rig_open(struct se_rig *r)
{
    memset(r, 0, sizeof *r);
    assert_ok(platform_openssl_open(&r->table));
    assert_ok(crypto_openssl_open(&r->c));
    r->own = EVP_EC_gen("P-256");
    r->arpf = EVP_EC_gen("P-256");
    r->name = "arpf.example.org";
    fill_der(r->chain, CERTIFICATE_N, 0xa1);
    fill_der(r->chain + CERTIFICATE_N, CERTIFICATE_N, 0xa2);
    fill_der(r->certificate, CERTIFICATE_N, 0xa3);
    r->order = (struct bindery_ue_order){
        .dimsi_n = 15, .sp = "sp.example.org", .chain = r->chain, .chain_n = sizeof r->chain};
    memcpy(r->order.dimsi, "901700000000001", 15);
    r->se = (struct bindery_ue_se){.ctx = r,
                                   .arpf = arpf,
                                   .agree = agree,
                                   .sign = sign,
                                   .certificate = r->certificate,
                                   .certificate_n = sizeof r->certificate,
                                   .at = 1800000000,
                                   .counter = 7};
}

static void rig_close(struct se_rig *r)
{
    platform_openssl_close(&r->table);
    crypto_openssl_close(&r->c);
    EVP_PKEY_free(r->own);
    EVP_PKEY_free(r->arpf);
}

static enum bindery_ue_result run(struct se_rig *r)
{
    r->token_n = 99;
    return bindery_ue_se_agree(&r->slot, &r->table, &r->se, &r->order, r->token, &r->token_n);
}

static void digest(const struct se_rig *r, const uint8_t *p, size_t n, uint8_t out[32])
{
    const struct bytes whole = {p, n};
    assert_ok(r->c.sha256(r->c.ctx, &whole, 1, out));
}

/* What the ARPF does with the token: the signature holds, and its eK is the slot's. */
static void expect_agreement(struct se_rig *r)
{
    struct dimsi_atk atk;
    struct bytes content;
    struct key_ek ek;
    struct bindery_ue_slot_view v;
    uint8_t want[32], z[32], point[65], der[128];
    unsigned char *p = der;
    assert_ok(dimsi_atk_read((struct bytes){r->token, r->token_n}, &atk, &content));
    const int der_n = i2d_PUBKEY(r->own, &p);
    assert_ok(test_verify(NULL, DEVID_ECDSA_P256, false, (struct bytes){der, (size_t)der_n},
                          content, BYTES_OF(atk.signature)));
    assert_memory_equal(atk.dimsi.digits, r->order.dimsi, 15);
    assert_string_equal(atk.arpf.text, r->name);
    assert_string_equal(atk.sp.text, "sp.example.org");
    assert_int_equal(atk.at, 1800000000);
    assert_int_equal(atk.counter, 7);
    digest(r, r->chain, CERTIFICATE_N, want); /* of the first certificate alone */
    assert_memory_equal(atk.arpf_digest, want, 32);
    digest(r, r->certificate, CERTIFICATE_N, want);
    assert_memory_equal(atk.se_digest, want, 32);
    EVP_PKEY *peer = key_of(atk.point);
    assert_true(maker_dh(r->arpf, peer, z));
    EVP_PKEY_free(peer);
    point_of(r->arpf, point);
    assert_ok(dimsi_ek(&r->c, z, &atk.dimsi, atk.point, point, &ek));
    assert_memory_equal(slot_in(&r->slot)->ek.b, ek.b, sizeof ek.b);
    bindery_ue_slot_view(&r->slot, &v);
    assert_memory_equal(v.dimsi, r->order.dimsi, 15);
    assert_int_equal(v.imsi_n, 0);
    assert_false(v.erased);
    assert_string_equal(v.arpf, r->name);
    digest(r, r->token, r->token_n, want);
    assert_memory_equal(v.token, want, 32);
}

/*= test dimsi-0b dimsi-0c-verify dimsi-0c-agree dimsi-0c-ek dimsi-0c-token dimsi-0c-store */
static void the_arpf_computes_the_same_ek_from_the_token(void **state)
{
    struct se_rig r;
    (void)state;
    rig_open(&r);
    assert_int_equal(run(&r), BINDERY_UE_OK);
    assert_int_equal(r.chain_seen, sizeof r.chain);
    expect_agreement(&r);
    rig_close(&r);
}

/*= test dimsi-several */
static void each_agreement_has_a_key_of_its_own(void **state)
{
    struct se_rig r;
    struct bindery_ue_slot first;
    (void)state;
    rig_open(&r);
    assert_int_equal(run(&r), BINDERY_UE_OK);
    first = r.slot;
    assert_int_equal(bindery_ue_slot_installed(&r.slot, "001010000700001", 15), BINDERY_UE_OK);
    assert_int_equal(run(&r), BINDERY_UE_OK); /* a new eK, for which no IMSI was installed */
    expect_agreement(&r);
    assert_memory_not_equal(slot_in(&first)->ek.b, slot_in(&r.slot)->ek.b, 32);
    bindery_ue_slot_erase(&r.slot);
    r.name = "other.example.org";
    r.order.dimsi[14] = '2';
    assert_int_equal(run(&r), BINDERY_UE_OK); /* a resale */
    expect_agreement(&r);
    assert_int_equal(r.agreed, 3);
    rig_close(&r);
}

static void expect_refused(struct se_rig *r, enum bindery_ue_result why)
{
    const struct bindery_ue_slot before = r->slot;
    assert_int_equal(run(r), why);
    assert_int_equal(r->token_n, 0);
    assert_memory_equal(&before, &r->slot, sizeof before);
}

/*= test dimsi-0c-verify */
static void what_an_arpf_may_not_be_gets_no_token(void **state)
{
    static const char *const names[] = {"", "ARPF.example.org", "-arpf", "arpf..org"};
    struct se_rig r;
    (void)state;
    rig_open(&r);
    assert_int_equal(run(&r), BINDERY_UE_OK);
    const unsigned agreed = r.agreed;
    r.untrusted = true;
    expect_refused(&r, BINDERY_UE_ERR_UNTRUSTED);
    r.untrusted = false;
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        r.name = names[i];
        expect_refused(&r, BINDERY_UE_ERR_UNTRUSTED);
    }
    assert_int_equal(r.agreed, agreed);
    rig_close(&r);
}

static bool no_sha256(void *ctx, const uint8_t *message, size_t message_n, uint8_t out[32])
{
    (void)ctx, (void)message, (void)message_n, (void)out;
    return false;
}

static void what_fails_leaves_the_slot_as_it_was(void **state)
{
    struct se_rig r;
    (void)state;
    rig_open(&r);
    assert_int_equal(run(&r), BINDERY_UE_OK);
    r.agree_fails = true;
    expect_refused(&r, BINDERY_UE_ERR_CRYPTO);
    r.agree_fails = false;
    r.sign_fails = true;
    expect_refused(&r, BINDERY_UE_ERR_CRYPTO);
    r.sign_fails = false;
    const struct bindery_ue_crypto good = r.table;
    r.table.sha256 = no_sha256;
    expect_refused(&r, BINDERY_UE_ERR_CRYPTO);
    r.table.sha256 = NULL;
    expect_refused(&r, BINDERY_UE_ERR_ARGUMENT);
    r.table = good;
    r.se.at = -1;
    expect_refused(&r, BINDERY_UE_ERR_ARGUMENT);
    rig_close(&r);
}

static void an_order_that_is_none_is_refused(void **state)
{
    struct se_rig r;
    (void)state;
    rig_open(&r);
    const struct bindery_ue_order good = r.order;
    const struct bindery_ue_se se = r.se;
    for (unsigned i = 0; i < 12; i++) {
        r.order = good;
        r.se = se;
        if (i == 0)
            r.order.dimsi_n = 5;
        if (i == 1)
            r.order.dimsi_n = 16;
        if (i == 2)
            r.order.dimsi[3] = 'x';
        if (i == 3)
            r.order.sp = NULL;
        if (i == 4)
            r.order.sp = "SP";
        if (i == 5)
            r.order.chain = NULL;
        if (i == 6)
            r.order.chain_n = 0;
        if (i == 7)
            r.se.arpf = NULL;
        if (i == 8)
            r.se.agree = NULL;
        if (i == 9)
            r.se.sign = NULL;
        if (i == 10)
            r.se.certificate = NULL;
        if (i == 11)
            r.se.certificate_n = 0;
        expect_refused(&r, BINDERY_UE_ERR_ARGUMENT);
    }
    r.se = se;
    r.order = good;
    assert_int_equal(run(&r), BINDERY_UE_OK);
    rig_close(&r);
}

/* Where the first certificate ends: in DER, and never past what came. */
static void a_chain_that_is_not_der_is_refused(void **state)
{
    static const struct {
        uint8_t head[6];
        size_t n;
    } wrong[] = {
        {{0x31, 0x01, 0x00}, 3},             /* no SEQUENCE */
        {{0x30, 0x02, 0x00}, 3},             /* longer than what came */
        {{0x30, 0x80, 0x00, 0x00}, 4},       /* no length */
        {{0x30, 0x81, 0x01, 0x00}, 4},       /* one octet too many for it */
        {{0x30, 0x82, 0x00, 0x01, 0x00}, 5}, /* two */
        {{0x30, 0x83, 0x00, 0x00, 0x01, 0}, 6},
        {{0x30}, 1},
        {{0x30, 0x01, 0x00, 0xff}, 4}, /* something behind it */
    };
    struct se_rig r;
    uint8_t five[5][2] = {{0x30, 0}, {0x30, 0}, {0x30, 0}, {0x30, 0}, {0x30, 0}};
    (void)state;
    rig_open(&r);
    for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++) {
        uint8_t *exact = exact_copy((struct bytes){wrong[i].head, wrong[i].n});
        r.order.chain = exact;
        r.order.chain_n = wrong[i].n;
        expect_refused(&r, BINDERY_UE_ERR_ARGUMENT);
        free(exact);
    }
    r.order.chain = five[0];
    r.order.chain_n = sizeof five;
    expect_refused(&r, BINDERY_UE_ERR_ARGUMENT);
    for (size_t n = 1; n < sizeof r.chain; n++) { /* every prefix that is not one certificate */
        uint8_t *exact = exact_copy((struct bytes){r.chain, n});
        r.order.chain = exact;
        r.order.chain_n = n;
        if (n != CERTIFICATE_N) {
            expect_refused(&r, BINDERY_UE_ERR_ARGUMENT);
        }
        free(exact);
    }
    assert_int_equal(r.agreed, 0);
    rig_close(&r);
}

static void short_certificates_are_found_too(void **state)
{
    uint8_t chain[2 + 5 + 3 + 200];
    struct se_rig r;
    (void)state;
    rig_open(&r);
    memset(chain, 0xc1, sizeof chain);
    chain[0] = 0x30;
    chain[1] = 5;
    chain[7] = 0x30;
    chain[8] = 0x81;
    chain[9] = 200;
    r.order.chain = chain;
    r.order.chain_n = sizeof chain;
    assert_int_equal(run(&r), BINDERY_UE_OK);
    struct dimsi_atk atk;
    struct bytes content;
    uint8_t want[32];
    assert_ok(dimsi_atk_read((struct bytes){r.token, r.token_n}, &atk, &content));
    digest(&r, chain, 7, want);
    assert_memory_equal(atk.arpf_digest, want, 32);
    rig_close(&r);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_arpf_computes_the_same_ek_from_the_token),
        cmocka_unit_test(each_agreement_has_a_key_of_its_own),
        cmocka_unit_test(what_an_arpf_may_not_be_gets_no_token),
        cmocka_unit_test(what_fails_leaves_the_slot_as_it_was),
        cmocka_unit_test(an_order_that_is_none_is_refused),
        cmocka_unit_test(a_chain_that_is_not_der_is_refused),
        cmocka_unit_test(short_certificates_are_found_too),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
