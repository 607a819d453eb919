#include "device/linux/soft_se.h"

#include "crypto/openssl.h"
#include "device/linux/platform_openssl.h"
#include "device_linux/se_factory.h"
#include <stdlib.h>
#include <time.h>

#define DIMSI "901700000000001"

static struct factory factory;
static struct crypto c;

static int open_all(void **state)
{
    (void)state;
    factory_open(&factory);
    return crypto_openssl_open(&c) == E_OK ? 0 : -1;
}

static int close_all(void **state)
{
    (void)state;
    factory_close(&factory);
    crypto_openssl_close(&c);
    return 0;
}

static struct device_state a_device(void)
{
    return factory_device(&factory, "35693803564380");
}

/* ---- CERT.ARPF.ECKA ---- */

static enum dimsi_cause looked_at(const struct device_se *se, int64_t at, const struct bytes *chain,
                                  size_t n)
{
    struct dimsi_name name;
    uint8_t point[DIMSI_POINT_LEN];
    struct soft_se *s;
    assert_ok(soft_se_open(se, at, &s));
    const enum dimsi_cause cause = soft_se_arpf(s, chain, n, &name, point);
    soft_se_close(s);
    return cause;
}

/* One certificate for the ARPF's key that is made so. */
static enum dimsi_cause made_so(const struct factory_wish *w, EVP_PKEY *key, EVP_PKEY *by)
{
    const struct device_state d = a_device();
    struct factory_der der;
    factory_certify(key, by, w, &der);
    const struct bytes chain[] = {factory_bytes(&der)};
    return looked_at(&d.se, (int64_t)time(NULL), chain, 1);
}

/*= test dimsi-0c-verify */
static void the_arpfs_certificate_is_taken_with_its_name_and_key(void **state)
{
    const struct device_state d = a_device();
    const struct bytes chain[] = {factory_bytes(&factory.arpf)};
    struct dimsi_name name;
    uint8_t point[DIMSI_POINT_LEN];
    unsigned char *key = NULL;
    struct soft_se *s;
    (void)state;
    assert_ok(soft_se_open(&d.se, (int64_t)time(NULL), &s));
    assert_int_equal(soft_se_arpf(s, chain, 1, &name, point), DIMSI_NONE);
    assert_string_equal(name.text, FACTORY_ARPF);
    assert_int_equal(EVP_PKEY_get1_encoded_public_key(factory.arpf_key, &key), sizeof point);
    assert_memory_equal(point, key, sizeof point);
    OPENSSL_free(key);
    soft_se_close(s);
}

static void a_name_in_capitals_is_the_same_name(void **state)
{
    struct factory_wish w = factory_arpf_wish();
    (void)state;
    w.name = "ARPF.Example.org";
    assert_int_equal(made_so(&w, factory.arpf_key, factory.ci_key), DIMSI_NONE);
}

/*= test dimsi-0c-verify */
static void a_certificate_of_anybody_else_is_refused(void **state)
{
    const struct device_state d = a_device();
    EVP_PKEY *other = EVP_EC_gen("P-256"), *p384 = EVP_EC_gen("P-384");
    struct factory_wish w = factory_arpf_wish();
    const uint8_t junk[] = {0x30, 0x03, 0x02, 0x01, 0x05};
    struct bytes chain[DIMSI_CHAIN_MAX + 1] = {BYTES_OF(junk)};
    (void)state;
    assert_int_equal(made_so(&w, factory.arpf_key, other), DIMSI_CHAIN_BAD);
    w.issuer = "another CI";
    assert_int_equal(made_so(&w, factory.arpf_key, other), DIMSI_CHAIN_UNTRUSTED);
    w = factory_arpf_wish();
    w.role = FACTORY_ROLE_OTHER;
    assert_int_equal(made_so(&w, factory.arpf_key, factory.ci_key), DIMSI_CHAIN_PURPOSE);
    w.role = NULL;
    assert_int_equal(made_so(&w, factory.arpf_key, factory.ci_key), DIMSI_CHAIN_PURPOSE);
    w = factory_arpf_wish();
    w.usage = "critical,digitalSignature";
    assert_int_equal(made_so(&w, factory.arpf_key, factory.ci_key), DIMSI_CHAIN_PURPOSE);
    w.usage = NULL;
    assert_int_equal(made_so(&w, factory.arpf_key, factory.ci_key), DIMSI_CHAIN_PURPOSE);
    w = factory_arpf_wish();
    w.name = NULL;
    assert_int_equal(made_so(&w, factory.arpf_key, factory.ci_key), DIMSI_CHAIN_PURPOSE);
    w = factory_arpf_wish();
    w.ca = true;
    w.usage = "critical,keyAgreement,keyCertSign";
    assert_int_equal(made_so(&w, factory.arpf_key, factory.ci_key), DIMSI_CHAIN_PURPOSE);
    w = factory_arpf_wish();
    assert_int_equal(made_so(&w, p384, factory.ci_key), DIMSI_CHAIN_PURPOSE);
    w.to = -60;
    w.from = -3600;
    assert_int_equal(made_so(&w, factory.arpf_key, factory.ci_key), DIMSI_CHAIN_LATE);
    w.to = 7200;
    w.from = 3600;
    assert_int_equal(made_so(&w, factory.arpf_key, factory.ci_key), DIMSI_CHAIN_EARLY);
    assert_int_equal(looked_at(&d.se, 0, chain, 1), DIMSI_CHAIN_BAD);
    assert_int_equal(looked_at(&d.se, 0, chain, 0), DIMSI_CRYPTO);
    assert_int_equal(looked_at(&d.se, 0, chain, DIMSI_CHAIN_MAX + 1), DIMSI_CRYPTO);
    EVP_PKEY_free(other);
    EVP_PKEY_free(p384);
}

/* Of whatever maker: its key stands below the CI as well. */
/*= test dimsi-0c-verify */
static void a_part_number_issues_no_arpf(void **state)
{
    const struct device_state d = a_device();
    struct factory_wish w = factory_arpf_wish();
    struct factory_der der;
    (void)state;
    w.issuer = "PN 7";
    factory_certify(factory.arpf_key, factory.pn_key, &w, &der);
    const struct bytes chain[] = {factory_bytes(&der), factory_bytes(&factory.pn)};
    assert_int_equal(looked_at(&d.se, 0, chain, 2), DIMSI_CHAIN_PURPOSE);
    assert_int_equal(looked_at(&d.se, 0, chain, 1), DIMSI_CHAIN_UNTRUSTED);
}

static void an_se_without_a_clock_looks_at_no_validity(void **state)
{
    const struct device_state d = a_device();
    struct factory_wish w = factory_arpf_wish();
    struct factory_der der;
    (void)state;
    w.from = -7200;
    w.to = -3600;
    factory_certify(factory.arpf_key, factory.ci_key, &w, &der);
    const struct bytes chain[] = {factory_bytes(&der)};
    assert_int_equal(looked_at(&d.se, 0, chain, 1), DIMSI_NONE);
    assert_int_equal(looked_at(&d.se, (int64_t)time(NULL), chain, 1), DIMSI_CHAIN_LATE);
}

/* ---- agreement ---- */

/*= test dimsi-0c-agree */
static void both_sides_agree_on_one_secret_and_never_on_the_same_one_twice(void **state)
{
    uint8_t se[2][DIMSI_POINT_LEN], z[2][32], theirs[32];
    unsigned char *point = NULL;
    (void)state;
    assert_int_equal(EVP_PKEY_get1_encoded_public_key(factory.arpf_key, &point), DIMSI_POINT_LEN);
    for (int i = 0; i < 2; i++) {
        size_t n = sizeof theirs;
        EVP_PKEY *peer = EVP_PKEY_new();
        assert_ok(soft_se_agree(point, se[i], z[i]));
        assert_int_equal(EVP_PKEY_copy_parameters(peer, factory.arpf_key), 1);
        assert_int_equal(EVP_PKEY_set1_encoded_public_key(peer, se[i], DIMSI_POINT_LEN), 1);
        EVP_PKEY_CTX *ctx = EVP_PKEY_CTX_new_from_pkey(NULL, factory.arpf_key, NULL);
        assert_int_equal(EVP_PKEY_derive_init(ctx), 1);
        assert_int_equal(EVP_PKEY_derive_set_peer(ctx, peer), 1);
        assert_int_equal(EVP_PKEY_derive(ctx, theirs, &n), 1);
        assert_memory_equal(z[i], theirs, sizeof theirs);
        EVP_PKEY_CTX_free(ctx);
        EVP_PKEY_free(peer);
    }
    assert_memory_not_equal(se[0], se[1], DIMSI_POINT_LEN);
    assert_memory_not_equal(z[0], z[1], 32);
    OPENSSL_free(point);
}

/*= test dimsi-point */
static void nothing_is_computed_with_what_is_no_point(void **state)
{
    uint8_t se[DIMSI_POINT_LEN], z[32], zero[32] = {0}, point[DIMSI_POINT_LEN];
    unsigned char *good = NULL;
    (void)state;
    assert_int_equal(EVP_PKEY_get1_encoded_public_key(factory.arpf_key, &good), sizeof point);
    memset(z, 0, sizeof z);
    memcpy(point, good, sizeof point);
    point[64] ^= 1; /* beside the curve */
    assert_err(soft_se_agree(point, se, z), E_BAD_VALUE);
    memset(point, 0, sizeof point); /* infinity, as one octet would be */
    assert_err(soft_se_agree(point, se, z), E_BAD_VALUE);
    point[0] = 4;
    assert_err(soft_se_agree(point, se, z), E_BAD_VALUE);
    memset(point + 1, 0xff, sizeof point - 1); /* beyond the field */
    assert_err(soft_se_agree(point, se, z), E_BAD_VALUE);
    memcpy(point, good, sizeof point);
    point[0] = 6; /* hybrid */
    assert_err(soft_se_agree(point, se, z), E_BAD_VALUE);
    assert_memory_equal(z, zero, sizeof z);
    OPENSSL_free(good);
}

/* ---- the token ---- */

/*= test dimsi-0c-token dimsi-0c-ek dimsi-shared-info */
static void a_token_holds_under_the_ses_certificate_and_the_arpf_computes_the_same_ek(void **state)
{
    struct device_state d = a_device();
    uint8_t token[DIMSI_ATK_MAX], digest[32];
    struct dimsi_atk atk;
    struct bytes content;
    struct key_ek ek;
    size_t n = 0;
    (void)state;
    const struct dimsi_slot slot = factory_agree(&factory, &c, &d, DIMSI, token, &n);
    assert_ok(dimsi_atk_read((struct bytes){token, n}, &atk, &content));
    assert_string_equal(atk.dimsi.digits, DIMSI);
    assert_string_equal(atk.arpf.text, FACTORY_ARPF);
    assert_string_equal(atk.sp.text, FACTORY_SP);
    assert_int_equal(atk.counter, 0);
    const struct bytes cert = device_certificate(&d.se.chain, 0);
    assert_ok(c.sha256(c.ctx, &cert, 1, digest));
    assert_memory_equal(atk.se_digest, digest, sizeof digest);
    factory_ek(&factory, &c, &atk, &ek);
    assert_memory_equal(slot.ek.b, ek.b, sizeof ek.b);
    assert_false(slot.installed);
    assert_false(slot.erased);
    /* The signature, by OpenSSL alone. */
    const unsigned char *p = cert.p;
    X509 *x = d2i_X509(NULL, &p, (long)cert.n);
    ECDSA_SIG *sig = ECDSA_SIG_new();
    unsigned char *der = NULL;
    assert_int_equal(ECDSA_SIG_set0(sig, BN_bin2bn(atk.signature, 32, NULL),
                                    BN_bin2bn(atk.signature + 32, 32, NULL)),
                     1);
    const int der_n = i2d_ECDSA_SIG(sig, &der);
    EVP_MD_CTX *ctx = EVP_MD_CTX_new();
    assert_int_equal(EVP_DigestVerifyInit(ctx, NULL, EVP_sha256(), NULL, X509_get0_pubkey(x)), 1);
    assert_int_equal(EVP_DigestVerify(ctx, der, (size_t)der_n, content.p, content.n), 1);
    EVP_MD_CTX_free(ctx);
    OPENSSL_free(der);
    ECDSA_SIG_free(sig);
    X509_free(x);
}

/*= test dimsi-several */
static void the_counter_says_how_many_were_made_before(void **state)
{
    struct device_state d = a_device();
    uint8_t token[DIMSI_ATK_MAX];
    struct dimsi_atk atk;
    struct bytes content;
    size_t n = 0;
    (void)state;
    for (uint32_t i = 0; i < 3; i++) {
        const struct dimsi_slot slot = factory_agree(&factory, &c, &d, DIMSI, token, &n);
        assert_ok(dimsi_atk_read((struct bytes){token, n}, &atk, &content));
        assert_int_equal(atk.counter, i);
        assert_ok(device_state_agreed(&d, &slot));
        assert_int_equal(d.se.n_slots, 1);
    }
}

/*= test dimsi-0c-agree */
static void the_device_library_gets_the_same_through_its_own_port(void **state)
{
    struct device_state d = a_device();
    struct bindery_ue_crypto table;
    struct bindery_ue_slot slot;
    struct bindery_ue_slot_view view;
    struct bindery_ue_order order = {.sp = FACTORY_SP, .dimsi_n = 15};
    uint8_t token[BINDERY_UE_TOKEN_MAX], chain[2400];
    struct dimsi_atk atk;
    struct bytes content;
    size_t n = 0;
    struct soft_se *s;
    (void)state;
    memcpy(order.dimsi, DIMSI, 15);
    memcpy(chain, factory.arpf.b, factory.arpf.n);
    order.chain = chain;
    order.chain_n = factory.arpf.n;
    assert_ok(platform_openssl_open(&table));
    assert_ok(soft_se_open(&d.se, (int64_t)time(NULL), &s));
    const struct bindery_ue_se port = soft_se_ue_port(s);
    assert_int_equal(bindery_ue_se_agree(&slot, &table, &port, &order, token, &n), BINDERY_UE_OK);
    assert_ok(dimsi_atk_read((struct bytes){token, n}, &atk, &content));
    assert_string_equal(atk.arpf.text, FACTORY_ARPF);
    bindery_ue_slot_view(&slot, &view);
    assert_string_equal(view.arpf, FACTORY_ARPF);
    assert_int_equal(view.imsi_n, 0);
    /* One of somebody else, and octets behind the last. */
    memcpy(chain, factory.pn.b, factory.pn.n);
    order.chain_n = factory.pn.n;
    assert_int_equal(bindery_ue_se_agree(&slot, &table, &port, &order, token, &n),
                     BINDERY_UE_ERR_UNTRUSTED);
    char name[65];
    uint8_t point[65];
    memcpy(chain, factory.arpf.b, factory.arpf.n);
    chain[factory.arpf.n] = 0;
    assert_true(port.arpf(port.ctx, chain, factory.arpf.n, name, point));
    assert_false(port.arpf(port.ctx, chain, factory.arpf.n + 1, name, point));
    assert_false(port.arpf(port.ctx, chain, factory.arpf.n - 1, name, point));
    assert_false(port.arpf(port.ctx, chain, 0, name, point));
    bindery_ue_slot_wipe(&slot);
    soft_se_close(s);
    platform_openssl_close(&table);
}

/* ---- a challenge ---- */

/*= test dimsi-7-integrity dimsi-repeat dimsi-other-imsi */
static void a_slot_says_of_a_challenge_what_the_nas_client_needs(void **state)
{
    struct device_state d = a_device();
    struct dimsi_challenge first, other;
    struct imsi imsi, second, got;
    struct bindery_ue_usim_answer answer, zero;
    (void)state;
    memset(&zero, 0, sizeof zero);
    memset(&got, 0, sizeof got);
    factory_order(&factory, &c, &d, DIMSI);
    struct dimsi_slot *slot = &d.se.slot[0];
    assert_ok(imsi_parse(BYTES_LIT("001010000700000"), &imsi));
    assert_ok(imsi_parse(BYTES_LIT("001010000700001"), &second));
    assert_ok(dimsi_ausf_challenge(&c, &slot->ek, &slot->dimsi, &imsi, &first));
    assert_ok(dimsi_ausf_challenge(&c, &slot->ek, &slot->dimsi, &second, &other));
    assert_int_equal(soft_se_challenge(&c, slot, first.rand.b, first.autn.b, &answer, &got),
                     BINDERY_UE_DISCOVERY_INSTALLED);
    assert_string_equal(got.digits, "001010000700000");
    assert_int_equal(answer.res_n, DIMSI_RES_LEN);
    assert_memory_equal(answer.res, first.xres.b, DIMSI_RES_LEN);
    assert_memory_equal(answer.ck, first.ck.b, 16);
    assert_memory_equal(answer.ik, first.ik.b, 16);
    assert_false(slot->installed);
    assert_int_equal(soft_se_challenge(&c, slot, first.rand.b, NULL, &answer, &got),
                     BINDERY_UE_DISCOVERY_INSTALLED);
    slot->installed = true;
    slot->imsi = imsi;
    assert_int_equal(soft_se_challenge(&c, slot, first.rand.b, first.autn.b, &answer, &got),
                     BINDERY_UE_DISCOVERY_REPEATED);
    assert_int_equal(soft_se_challenge(&c, slot, other.rand.b, other.autn.b, &answer, &got),
                     BINDERY_UE_DISCOVERY_OTHER_IMSI);
    assert_memory_equal(&answer, &zero, sizeof zero);
    first.rand.b[3] ^= 1;
    assert_int_equal(soft_se_challenge(&c, slot, first.rand.b, first.autn.b, &answer, &got),
                     BINDERY_UE_DISCOVERY_INTEGRITY);
    assert_int_equal(soft_se_challenge(&c, slot, first.rand.b, NULL, &answer, &got),
                     BINDERY_UE_DISCOVERY_CTV);
    slot->erased = true;
    assert_int_equal(soft_se_challenge(&c, slot, other.rand.b, other.autn.b, &answer, &got),
                     BINDERY_UE_DISCOVERY_ERASED);
    assert_memory_equal(&answer, &zero, sizeof zero);
}

/* ---- for people ---- */

static void a_name_cannot_drive_a_terminal(void **state)
{
    struct factory_wish w = factory_arpf_wish();
    char name[SOFT_SE_NAME_MAX];
    struct factory_der der;
    (void)state;
    w.cn = "a\x1b[2Jb";
    factory_certify(factory.arpf_key, factory.ci_key, &w, &der);
    soft_se_name(factory_bytes(&der), name);
    assert_string_equal(name, "a?[2Jb");
    soft_se_name(factory_bytes(&factory.pn), name);
    assert_string_equal(name, "PN 7");
    soft_se_name((struct bytes){NULL, 0}, name);
    assert_string_equal(name, "without a name");
    soft_se_name(BYTES_LIT("no certificate"), name);
    assert_string_equal(name, "without a name");
}

/* ---- opening ---- */

static void there_is_none_without_a_key_or_with_a_root_that_is_none(void **state)
{
    struct device_state d = a_device();
    struct soft_se *s = NULL;
    (void)state;
    d.se.ci.der[40] ^= 1;
    assert_err(soft_se_open(&d.se, 0, &s), E_BAD_VALUE);
    memset(&d.se.ci, 0, sizeof d.se.ci);
    assert_err(soft_se_open(&d.se, 0, &s), E_BAD_VALUE);
    assert_ok(device_add_certificate(&d.se.ci, factory_bytes(&factory.pn))); /* no root */
    assert_err(soft_se_open(&d.se, 0, &s), E_BAD_VALUE);
    d.se.key.n = 0;
    assert_err(soft_se_open(&d.se, 0, &s), E_MISSING);
    assert_null(s);
    soft_se_close(NULL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_arpfs_certificate_is_taken_with_its_name_and_key),
        cmocka_unit_test(a_name_in_capitals_is_the_same_name),
        cmocka_unit_test(a_certificate_of_anybody_else_is_refused),
        cmocka_unit_test(a_part_number_issues_no_arpf),
        cmocka_unit_test(an_se_without_a_clock_looks_at_no_validity),
        cmocka_unit_test(both_sides_agree_on_one_secret_and_never_on_the_same_one_twice),
        cmocka_unit_test(nothing_is_computed_with_what_is_no_point),
        cmocka_unit_test(a_token_holds_under_the_ses_certificate_and_the_arpf_computes_the_same_ek),
        cmocka_unit_test(the_counter_says_how_many_were_made_before),
        cmocka_unit_test(the_device_library_gets_the_same_through_its_own_port),
        cmocka_unit_test(a_slot_says_of_a_challenge_what_the_nas_client_needs),
        cmocka_unit_test(a_name_cannot_drive_a_terminal),
        cmocka_unit_test(there_is_none_without_a_key_or_with_a_root_that_is_none),
    };
    return cmocka_run_group_tests(tests, open_all, close_all);
}
