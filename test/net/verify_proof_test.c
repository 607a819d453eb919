/* net/verify_proof.h. Signatures come from OpenSSL's general functions, from the openssl command
 * and from RFC 6979 and RFC 8032. */
#include "net/device_key.h"

#include "net/verify_proof.h"

#define CONTENT_LIT BYTES_LIT("what a device signs: an IMEI, a nonce, a channel")

static struct proof_tools *tools;
static struct device_key keys[DEVICE_KINDS];

static int setup(void **state)
{
    (void)state;
    assert_ok(proof_tools_open(8, &tools));
    for (unsigned i = 0; i < DEVICE_KINDS; i++) {
        device_make(&keys[i], (enum verify_key_kind)i);
    }
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    for (unsigned i = 0; i < DEVICE_KINDS; i++) {
        device_drop(&keys[i]);
    }
    proof_tools_close(tools);
    return 0;
}

/* From blocks of exactly their length. */
static enum err verify(enum verify_key_kind kind, struct bytes spki, struct bytes content,
                       struct bytes signature)
{
    uint8_t *k = exact_copy(spki), *c = exact_copy(content), *s = exact_copy(signature);
    ERR_clear_error();
    enum err err = proof_verify(tools, kind, (struct bytes){k, spki.n},
                                (struct bytes){c, content.n}, (struct bytes){s, signature.n});
    free(k);
    free(c);
    free(s);
    assert_int_equal(ERR_peek_error(), 0);
    return err;
}

static enum err verify_with(const struct device_key *k, const struct device_signature *s)
{
    return verify(k->kind, device_spki(k), CONTENT_LIT, device_sig(s));
}

static void each_kind_of_key_verifies_what_it_signed(void **state)
{
    (void)state;
    struct device_signature s;
    for (unsigned i = 0; i < DEVICE_KINDS; i++) {
        for (int k = 0; k < 40; k++) { /* r and s with and without leading zeros */
            device_sign(&keys[i], CONTENT_LIT, &s);
            assert_ok(verify_with(&keys[i], &s));
        }
        device_sign(&keys[i], (struct bytes){NULL, 0}, &s);
        assert_ok(
            verify(keys[i].kind, device_spki(&keys[i]), (struct bytes){NULL, 0}, device_sig(&s)));
    }
}

static void a_changed_octet_of_content_or_signature_is_noticed(void **state)
{
    (void)state;
    struct device_signature s;
    uint8_t content[60];
    memset(content, 0x5a, sizeof content);
    for (unsigned i = 0; i < DEVICE_KINDS; i++) {
        const struct bytes spki = device_spki(&keys[i]);
        device_sign(&keys[i], BYTES_OF(content), &s);
        for (size_t k = 0; k < sizeof content; k++) {
            content[k] ^= 0x80;
            assert_err(verify(keys[i].kind, spki, BYTES_OF(content), device_sig(&s)), E_BAD_MAC);
            content[k] ^= 0x80;
        }
        for (size_t k = 0; k < s.n; k++) {
            s.octets[k] ^= 1;
            assert_err(verify(keys[i].kind, spki, BYTES_OF(content), device_sig(&s)), E_BAD_MAC);
            s.octets[k] ^= 1;
        }
        assert_ok(verify(keys[i].kind, spki, BYTES_OF(content), device_sig(&s)));
    }
}

static void another_key_does_not_verify_it(void **state)
{
    (void)state;
    struct device_signature s;
    for (unsigned i = 0; i < DEVICE_KINDS; i++) {
        struct device_key other;
        device_make(&other, (enum verify_key_kind)i);
        device_sign(&other, CONTENT_LIT, &s);
        assert_err(verify_with(&keys[i], &s), E_BAD_MAC);
        assert_ok(verify_with(&other, &s));
        device_drop(&other);
    }
}

static void a_signature_has_the_one_length_of_its_key(void **state)
{
    (void)state;
    static const size_t lengths[DEVICE_KINDS] = {64, 96, 64, 256};
    struct device_signature s;
    for (unsigned i = 0; i < DEVICE_KINDS; i++) {
        device_sign(&keys[i], CONTENT_LIT, &s);
        assert_int_equal(s.n, lengths[i]);
        memset(s.octets + s.n, 0, 8);
        for (s.n = 0; s.n < lengths[i] + 8; s.n++) {
            assert_err(verify_with(&keys[i], &s), s.n == lengths[i] ? E_OK : E_BAD_MAC);
        }
    }
    for (unsigned i = VERIFY_KEY_P256; i <= VERIFY_KEY_P384; i++) {
        device_sign(&keys[i], CONTENT_LIT, &s);
        device_to_der(&s); /* the other form that is in use */
        assert_err(verify_with(&keys[i], &s), E_BAD_MAC);
    }
}

static void r_and_s_lie_between_zero_and_the_order(void **state)
{
    (void)state;
    static const char *const names[] = {"P-256", "P-384"};
    for (unsigned i = VERIFY_KEY_P256; i <= VERIFY_KEY_P384; i++) {
        size_t half = i == VERIFY_KEY_P256 ? 32 : 48;
        uint8_t order[48], values[4][48];
        EC_GROUP *group = EC_GROUP_new_by_curve_name(EC_curve_nist2nid(names[i]));
        BN_bn2binpad(EC_GROUP_get0_order(group), order, (int)half);
        EC_GROUP_free(group);
        memset(values, 0, sizeof values); /* 0 */
        memcpy(values[1], order, half);
        memcpy(values[2], order, half);
        values[2][half - 1]++; /* n + 1; n is odd, and its last octet is not ff */
        memset(values[3], 0xff, half);
        struct device_signature good, s;
        device_sign(&keys[i], CONTENT_LIT, &good);
        for (unsigned r = 0; r < 5; r++) {
            for (unsigned v = 0; v < 5; v++) {
                s = good;
                memcpy(s.octets, r < 4 ? values[r] : good.octets, half);
                memcpy(s.octets + half, v < 4 ? values[v] : good.octets + half, half);
                assert_err(verify_with(&keys[i], &s), r == 4 && v == 4 ? E_OK : E_BAD_MAC);
            }
        }
    }
}

/* RFC 8032 5.1.7: S is below the order; with the order added the equation would still hold. */
static void ed25519_has_one_signature_for_each_r(void **state)
{
    (void)state;
    static const uint8_t order[32] = {0xed, 0xd3, 0xf5, 0x5c, 0x1a, 0x63, 0x12, 0x58,
                                      0xd6, 0x9c, 0xf7, 0xa2, 0xde, 0xf9, 0xde, 0x14,
                                      0,    0,    0,    0,    0,    0,    0,    0,
                                      0,    0,    0,    0,    0,    0,    0,    0x10};
    struct device_signature s;
    unsigned carry = 0;
    device_sign(&keys[VERIFY_KEY_ED25519], CONTENT_LIT, &s);
    for (size_t i = 0; i < sizeof order; i++) {
        carry += (unsigned)s.octets[32 + i] + order[i];
        s.octets[32 + i] = (uint8_t)carry;
        carry >>= 8;
    }
    assert_err(verify_with(&keys[VERIFY_KEY_ED25519], &s), E_BAD_MAC);
    uint8_t spki[44]; /* a y for which there is no x: 2 */
    memcpy(spki, keys[VERIFY_KEY_ED25519].spki, 12);
    memset(spki + 12, 0, 32);
    spki[12] = 2;
    assert_err(verify(VERIFY_KEY_ED25519, BYTES_OF(spki), CONTENT_LIT, device_sig(&s)), E_BAD_MAC);
}

static void a_key_signs_in_the_way_of_its_kind_and_no_other(void **state)
{
    (void)state;
    struct device_signature s;
    for (unsigned i = 0; i < DEVICE_KINDS; i++) {
        device_sign(&keys[i], CONTENT_LIT, &s);
        for (unsigned k = 0; k < DEVICE_KINDS; k++) {
            assert_err(
                verify((enum verify_key_kind)k, device_spki(&keys[i]), CONTENT_LIT, device_sig(&s)),
                i == k ? E_OK : E_UNSUPPORTED);
        }
    }
    const struct device_way p256_sha384 = {.md = EVP_sha384()};
    device_sign_as(&keys[VERIFY_KEY_P256], &p256_sha384, CONTENT_LIT, &s);
    assert_err(verify_with(&keys[VERIFY_KEY_P256], &s), E_BAD_MAC);
    const struct device_way p384_sha256 = {.md = EVP_sha256()};
    device_sign_as(&keys[VERIFY_KEY_P384], &p384_sha256, CONTENT_LIT, &s);
    assert_err(verify_with(&keys[VERIFY_KEY_P384], &s), E_BAD_MAC);
}

static void rsa_signs_as_pss_with_sha_256_and_32_octets_of_salt(void **state)
{
    (void)state;
    const struct device_key *k = &keys[VERIFY_KEY_RSA];
    const struct device_way ways[] = {{.padding = RSA_PKCS1_PADDING},
                                      {.salt = RSA_PSS_SALTLEN_MAX},
                                      {.salt = 20},
                                      {.salt = 33},
                                      {.md = EVP_sha384()},
                                      {.md = EVP_sha1(), .salt = 20},
                                      {.mgf1 = EVP_sha1()},
                                      {.mgf1 = EVP_sha512()}};
    struct device_signature s;
    for (size_t i = 0; i < sizeof ways / sizeof ways[0]; i++) {
        device_sign_as(k, &ways[i], CONTENT_LIT, &s);
        assert_err(verify_with(k, &s), E_BAD_MAC);
    }
}

static void a_number_above_the_modulus_is_no_signature(void **state)
{
    (void)state;
    static const uint8_t fills[] = {0, 0xff};
    const struct device_key *k = &keys[VERIFY_KEY_RSA];
    struct device_signature s = {.n = 256};
    BIGNUM *n = NULL;
    for (size_t i = 0; i < sizeof fills; i++) {
        memset(s.octets, fills[i], s.n);
        assert_err(verify_with(k, &s), E_BAD_MAC);
        s.octets[s.n - 1] = 1;
        assert_err(verify_with(k, &s), E_BAD_MAC);
    }
    assert_int_equal(EVP_PKEY_get_bn_param(k->key, OSSL_PKEY_PARAM_RSA_N, &n), 1);
    for (int i = 0; i < 2; i++) { /* the modulus, and one less */
        assert_int_equal(BN_bn2binpad(n, s.octets, (int)s.n), 256);
        assert_err(verify_with(k, &s), E_BAD_MAC);
        assert_int_equal(BN_sub_word(n, 1), 1);
    }
    BN_free(n);
}

static void rsa_has_2048_to_4096_bits(void **state)
{
    (void)state;
    static const size_t made[] = {1024, 2046, 2050, 3072, 4096};
    struct device_signature s;
    for (size_t i = 0; i < sizeof made / sizeof made[0]; i++) {
        struct device_key k;
        device_take(&k, VERIFY_KEY_RSA, EVP_RSA_gen((unsigned)made[i]));
        size_t bits = (size_t)EVP_PKEY_get_bits(k.key);
        enum err expected = bits < 2048 ? E_UNSUPPORTED : E_OK;
        assert_true((bits < 2048) == (made[i] < 2048));
        device_sign(&k, CONTENT_LIT, &s);
        assert_int_equal(s.n, (bits + 7) / 8);
        assert_err(verify_with(&k, &s), expected);
        s.octets[s.n - 1] ^= 1;
        assert_err(verify_with(&k, &s), bits < 2048 ? E_UNSUPPORTED : E_BAD_MAC);
        device_drop(&k);
    }
    static const int above[] = {4097, 8192};
    for (size_t i = 0; i < 2; i++) {
        struct device_key k;
        BIGNUM *n = BN_new(); /* nobody needs to be able to sign with it */
        assert_int_equal(BN_rand(n, above[i], BN_RAND_TOP_ONE, BN_RAND_BOTTOM_ODD), 1);
        device_rsa_of(&k, n, "010001");
        s.n = (size_t)(above[i] + 7) / 8;
        memset(s.octets, 1, sizeof s.octets);
        assert_err(verify_with(&k, &s), E_UNSUPPORTED);
        device_drop(&k);
        BN_free(n);
    }
}

static void a_public_exponent_is_odd_and_65537_or_above(void **state)
{
    (void)state;
    static const char *const refused[] = {"01",     "03",     "11",         "FFFF",
                                          "010000", "010002", "0100000001", "010001000100010001"};
    BIGNUM *n = NULL;
    struct device_key k;
    struct device_signature s;
    device_sign(&keys[VERIFY_KEY_RSA], CONTENT_LIT, &s);
    assert_int_equal(EVP_PKEY_get_bn_param(keys[VERIFY_KEY_RSA].key, OSSL_PKEY_PARAM_RSA_N, &n), 1);
    for (size_t i = 0; i < sizeof refused / sizeof refused[0]; i++) {
        device_rsa_of(&k, n, refused[i]);
        assert_err(verify_with(&k, &s), E_UNSUPPORTED);
        device_drop(&k);
    }
    device_rsa_of(&k, n, "010001");
    assert_ok(verify_with(&k, &s));
    device_drop(&k);
    device_rsa_of(&k, n, "FFFFFFFB");
    assert_err(verify_with(&k, &s), E_BAD_MAC);
    device_drop(&k);
    BN_clear_bit(n, 0);
    device_rsa_of(&k, n, "010001"); /* an even modulus */
    assert_err(verify_with(&k, &s), E_UNSUPPORTED);
    device_drop(&k);
    BN_free(n);
}

static void a_key_has_one_encoding(void **state)
{
    (void)state;
    uint8_t spki[1400];
    struct device_signature s;
    for (unsigned i = 0; i < DEVICE_KINDS; i++) {
        const struct bytes good = device_spki(&keys[i]);
        device_sign(&keys[i], CONTENT_LIT, &s);
        for (size_t n = 0; n < good.n; n++) {
            assert_err(verify(keys[i].kind, (struct bytes){good.p, n}, CONTENT_LIT, device_sig(&s)),
                       E_BAD_VALUE);
        }
        memcpy(spki, good.p, good.n);
        spki[good.n] = 0; /* one octet behind its end */
        assert_err(
            verify(keys[i].kind, (struct bytes){spki, good.n + 1}, CONTENT_LIT, device_sig(&s)),
            E_BAD_VALUE);
        for (size_t k = 0; k < good.n; k++) {
            for (unsigned bit = 0; bit < 8; bit++) {
                spki[k] ^= (uint8_t)(1U << bit);
                assert_int_not_equal(
                    verify(keys[i].kind, (struct bytes){spki, good.n}, CONTENT_LIT, device_sig(&s)),
                    E_OK);
                spki[k] ^= (uint8_t)(1U << bit);
            }
        }
        assert_ok(verify_with(&keys[i], &s)); /* what was refused left nothing behind */
    }
}

/* The same key with a length that takes more octets than it needs, as BER allows. */
static void a_length_is_no_longer_than_it_needs_to_be(void **state)
{
    (void)state;
    struct device_signature s;
    const struct device_key *k = &keys[VERIFY_KEY_P256];
    uint8_t spki[100] = {0x30, 0x81, (uint8_t)(k->spki_n - 2)};
    memcpy(spki + 3, k->spki + 2, k->spki_n - 2);
    device_sign(k, CONTENT_LIT, &s);
    struct bytes in = {spki, k->spki_n + 1};
    assert_err(verify(k->kind, in, CONTENT_LIT, device_sig(&s)), E_BAD_VALUE);
    uint8_t indefinite[100] = {0x30, 0x80};
    memcpy(indefinite + 2, k->spki + 2, k->spki_n - 2);
    memset(indefinite + k->spki_n, 0, 2);
    in = (struct bytes){indefinite, k->spki_n + 2};
    assert_err(verify(k->kind, in, CONTENT_LIT, device_sig(&s)), E_BAD_VALUE);
}

static void put_long(struct wr *w, uint8_t tag, size_t n)
{
    wr_u8(w, tag);
    wr_u8(w, 0x82);
    wr_be16(w, (uint16_t)n);
}

/* An RSA key of 2048 bits whose numbers stand as these octets; their length is right. */
static struct bytes rsa_spki(struct bytes n, struct bytes e, uint8_t out[static 400])
{
    static const uint8_t id[] = {0x30, 0x0d, 6, 9, 0x2a, 0x86, 0x48, 0x86,
                                 0xf7, 0x0d, 1, 1, 1,    5,    0};
    struct wr w = wr_of((struct mbytes){out, 400});
    size_t numbers = 4 + n.n + 2 + e.n;
    put_long(&w, 0x30, sizeof id + 4 + 1 + 4 + numbers);
    wr_put(&w, BYTES_OF(id));
    put_long(&w, 3, 1 + 4 + numbers);
    wr_u8(&w, 0);
    put_long(&w, 0x30, numbers);
    put_long(&w, 2, n.n);
    wr_put(&w, n);
    wr_u8(&w, 2);
    wr_u8(&w, (uint8_t)e.n);
    wr_put(&w, e);
    return wr_done(&w);
}

static void a_number_of_an_rsa_key_stands_in_one_way(void **state)
{
    (void)state;
    const struct device_key *k = &keys[VERIFY_KEY_RSA];
    struct device_signature s;
    uint8_t n[258] = {0}, e[] = {0, 1, 0, 1}, spki[400];
    BIGNUM *modulus = NULL;
    device_sign(k, CONTENT_LIT, &s);
    assert_int_equal(EVP_PKEY_get_bn_param(k->key, OSSL_PKEY_PARAM_RSA_N, &modulus), 1);
    assert_int_equal(BN_bn2binpad(modulus, n + 2, 256), 256);
    BN_free(modulus);
    const struct {
        struct bytes n, e;
        enum err err;
    } forms[] = {{{n + 1, 257}, {e + 1, 3}, E_OK},
                 {{n, 258}, {e + 1, 3}, E_BAD_VALUE}, /* a zero too many */
                 {{n + 1, 257}, {e, 4}, E_BAD_VALUE},
                 {{n + 2, 256}, {e + 1, 3}, E_BAD_VALUE}, /* a negative number */
                 {{n + 1, 257}, {e, 0}, E_BAD_VALUE},
                 {{n + 1, 257}, {e, 1}, E_BAD_VALUE}, /* zero */
                 {{n, 1}, {e + 1, 3}, E_BAD_VALUE}};
    for (size_t i = 0; i < sizeof forms / sizeof forms[0]; i++) {
        const struct bytes in = rsa_spki(forms[i].n, forms[i].e, spki);
        assert_int_equal(bytes_eq(in, device_spki(k)), i == 0);
        assert_err(verify(VERIFY_KEY_RSA, in, CONTENT_LIT, device_sig(&s)), forms[i].err);
    }
}

static void a_point_lies_on_its_curve(void **state)
{
    (void)state;
    struct device_signature s;
    for (unsigned i = VERIFY_KEY_P256; i <= VERIFY_KEY_P384; i++) {
        struct device_key k = keys[i];
        size_t from = k.spki_n - (i == VERIFY_KEY_P256 ? 65 : 97);
        device_sign(&k, CONTENT_LIT, &s);
        k.spki[k.spki_n - 1] ^= 1;
        assert_err(verify_with(&k, &s), E_BAD_VALUE);
        k.spki[k.spki_n - 1] ^= 1;
        k.spki[from] = 6; /* hybrid: the octet tells the parity of y as well */
        k.spki[from] |= k.spki[k.spki_n - 1] & 1;
        assert_err(verify_with(&k, &s), E_BAD_VALUE);
        k.spki[from] = 4;
        memset(k.spki + from + 1, 0, k.spki_n - from - 1);
        assert_err(verify_with(&k, &s), E_BAD_VALUE);
        memset(k.spki + from + 1, 0xff, k.spki_n - from - 1); /* above the field */
        assert_err(verify_with(&k, &s), E_BAD_VALUE);
        assert_ok(verify_with(&keys[i], &s));
        struct device_key compressed = {.kind = k.kind};
        EVP_PKEY *key = EVP_PKEY_dup(keys[i].key);
        assert_int_equal(EVP_PKEY_set_utf8_string_param(
                             key, OSSL_PKEY_PARAM_EC_POINT_CONVERSION_FORMAT, "compressed"),
                         1);
        device_take(&compressed, k.kind, key);
        assert_true(compressed.spki_n < keys[i].spki_n);
        assert_err(verify_with(&compressed, &s), E_BAD_VALUE);
        device_drop(&compressed);
    }
}

/* Its SubjectPublicKeyInfo says so. */
static EVP_PKEY *rsa_for_pss_only(void)
{
    EVP_PKEY *key = NULL;
    EVP_PKEY_CTX *ctx = EVP_PKEY_CTX_new_from_name(NULL, "RSA-PSS", NULL);
    assert_int_equal(EVP_PKEY_keygen_init(ctx), 1);
    assert_int_equal(EVP_PKEY_CTX_set_rsa_keygen_bits(ctx, 2048), 1);
    assert_int_equal(EVP_PKEY_keygen(ctx, &key), 1);
    EVP_PKEY_CTX_free(ctx);
    return key;
}

static void other_kinds_of_keys_are_not_taken(void **state)
{
    (void)state;
    EVP_PKEY *others[] = {EVP_EC_gen("P-521"),
                          EVP_EC_gen("secp256k1"),
                          EVP_EC_gen("brainpoolP256r1"),
                          EVP_PKEY_Q_keygen(NULL, NULL, "ED448"),
                          EVP_PKEY_Q_keygen(NULL, NULL, "X25519"),
                          rsa_for_pss_only(),
                          EVP_EC_gen("P-256")};
    const size_t n = sizeof others / sizeof others[0];
    struct device_signature s = {.n = 64};
    assert_int_equal(EVP_PKEY_set_utf8_string_param(others[n - 1], OSSL_PKEY_PARAM_EC_ENCODING,
                                                    OSSL_PKEY_EC_ENCODING_EXPLICIT),
                     1);
    for (size_t i = 0; i < n; i++) {
        struct device_key k;
        device_take(&k, VERIFY_KEY_P256, others[i]);
        for (unsigned kind = 0; kind < DEVICE_KINDS; kind++) {
            k.kind = (enum verify_key_kind)kind;
            assert_err(verify_with(&k, &s), E_UNSUPPORTED);
        }
        device_drop(&k);
    }
}

static void the_key_of_a_certificate_is_where_openssl_finds_it(void **state)
{
    (void)state;
    uint8_t der[2048];
    for (unsigned i = 0; i < DEVICE_KINDS; i++) {
        for (long version = 0; version <= 2; version += 2) { /* version 1 does not say so */
            X509 *x = X509_new();
            unsigned char *p = der;
            struct bytes spki = {NULL, 0};
            X509_set_version(x, version);
            ASN1_INTEGER_set(X509_get_serialNumber(x), 4711);
            X509_gmtime_adj(X509_getm_notBefore(x), 0);
            X509_gmtime_adj(X509_getm_notAfter(x), 60);
            X509_set_pubkey(x, keys[i].key);
            assert_true(X509_sign(x, keys[0].key, EVP_sha256()) > 0);
            const struct bytes all = {der, (size_t)i2d_X509(x, &p)};
            X509_free(x);
            assert_ok(proof_certificate_spki(all, &spki));
            assert_true(bytes_eq(spki, device_spki(&keys[i])));
            for (size_t n = 0; n < all.n; n++) {
                uint8_t *part = exact_copy((struct bytes){der, n});
                assert_err(proof_certificate_spki((struct bytes){part, n}, &spki), E_BAD_VALUE);
                free(part);
            }
            der[all.n] = 0;
            assert_err(proof_certificate_spki((struct bytes){der, all.n + 1}, &spki), E_BAD_VALUE);
        }
    }
}

static void rsa_keys_that_share_a_place_do_not_stand_for_each_other(void **state)
{
    (void)state;
    struct device_key k[3];
    struct device_signature s[3];
    struct proof_tools *few = NULL;
    assert_err(proof_tools_open(PROOF_RSA_KEPT_MAX + 1, &few), E_BAD_VALUE);
    for (size_t i = 0; i < 3; i++) {
        device_make(&k[i], VERIFY_KEY_RSA);
        device_sign(&k[i], CONTENT_LIT, &s[i]);
    }
    for (size_t kept = 0; kept <= 2; kept++) {
        assert_ok(proof_tools_open(kept, &few));
        for (size_t i = 0; i < 27; i++) {
            size_t by = i % 3, with = i / 3 % 3;
            assert_err(proof_verify(few, VERIFY_KEY_RSA, device_spki(&k[by]), CONTENT_LIT,
                                    device_sig(&s[with])),
                       by == with ? E_OK : E_BAD_MAC);
        }
        proof_tools_close(few);
    }
    for (size_t i = 0; i < 3; i++) {
        device_drop(&k[i]);
    }
}

/* RFC 6979 A.2.5 and A.2.6 ("sample"), RFC 8032 7.1 (test 2). */
static const struct {
    enum verify_key_kind kind;
    const char *spki, *content, *signature;
} published[] = {
    {VERIFY_KEY_P256,
     "3059301306072a8648ce3d020106082a8648ce3d03010703420004"
     "60fed4ba255a9d31c961eb74c6356d68c049b8923b61fa6ce669622e60f29fb6"
     "7903fe1008b8bc99a41ae9e95628bc64f2f1b20c2d7e9f5177a3c294d4462299",
     "73616d706c65",
     "efd48b2aacb6a8fd1140dd9cd45e81d69d2c877b56aaf991c34d0ea84eaf3716"
     "f7cb1c942d657c41d436c7a1b6e29f65f3e900dbb9aff4064dc4ab2f843acda8"},
    {VERIFY_KEY_P384,
     "3076301006072a8648ce3d020106052b8104002203620004"
     "ec3a4e415b4e19a4568618029f427fa5da9a8bc4ae92e02e06aae5286b300c64"
     "def8f0ea9055866064a254515480bc13"
     "8015d9b72d7d57244ea8ef9ac0c621896708a59367f9dfb9f54ca84b3f1c9db1"
     "288b231c3ae0d4fe7344fd2533264720",
     "73616d706c65",
     "94edbb92a5ecb8aad4736e56c691916b3f88140666ce9fa73d64c4ea95ad133c"
     "81a648152e44acf96e36dd1e80fabe46"
     "99ef4aeb15f178cea1fe40db2603138f130e740a19624526203b6351d0a3a94f"
     "a329c145786e679e7b82c71a38628ac8"},
    {VERIFY_KEY_ED25519,
     "302a300506032b6570032100"
     "3d4017c3e843895a92b70aa74d1b7ebc9c982ccf2ec4968cc0cd55f12af4660c",
     "72",
     "92a009a9f0d4cab8720e820b5f642540a2b27b5416503f8fb3762223ebdb69da"
     "085ac1e43e15996e458f3613d0f11d8c387b2eaeb4302aeeb00d291612bb0c00"},
};

static struct bytes unhex(const char *hex, uint8_t *out)
{
    size_t n = strlen(hex) / 2;
    assert_ok(hex_decode(hex, (struct mbytes){out, n}));
    return (struct bytes){out, n};
}

static void the_published_signatures_verify(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof published / sizeof published[0]; i++) {
        uint8_t spki[128], content[16], signature[128];
        assert_ok(verify(published[i].kind, unhex(published[i].spki, spki),
                         unhex(published[i].content, content),
                         unhex(published[i].signature, signature)));
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_kind_of_key_verifies_what_it_signed),
        cmocka_unit_test(a_changed_octet_of_content_or_signature_is_noticed),
        cmocka_unit_test(another_key_does_not_verify_it),
        cmocka_unit_test(a_signature_has_the_one_length_of_its_key),
        cmocka_unit_test(r_and_s_lie_between_zero_and_the_order),
        cmocka_unit_test(ed25519_has_one_signature_for_each_r),
        cmocka_unit_test(a_key_signs_in_the_way_of_its_kind_and_no_other),
        cmocka_unit_test(rsa_signs_as_pss_with_sha_256_and_32_octets_of_salt),
        cmocka_unit_test(a_number_above_the_modulus_is_no_signature),
        cmocka_unit_test(rsa_has_2048_to_4096_bits),
        cmocka_unit_test(a_public_exponent_is_odd_and_65537_or_above),
        cmocka_unit_test(a_key_has_one_encoding),
        cmocka_unit_test(a_length_is_no_longer_than_it_needs_to_be),
        cmocka_unit_test(a_number_of_an_rsa_key_stands_in_one_way),
        cmocka_unit_test(a_point_lies_on_its_curve),
        cmocka_unit_test(other_kinds_of_keys_are_not_taken),
        cmocka_unit_test(the_key_of_a_certificate_is_where_openssl_finds_it),
        cmocka_unit_test(rsa_keys_that_share_a_place_do_not_stand_for_each_other),
        cmocka_unit_test(the_published_signatures_verify)};
    return cmocka_run_group_tests(tests, setup, teardown);
}
