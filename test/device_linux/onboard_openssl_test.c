/* device/linux/onboard_openssl.h: which operators a device accepts
 * (src/device/linux/onboard_roots.c), and what it opens with its key. Certificates are made on the
 * spot, and the other end is OpenSSL's general functions. */
#include "nf/devid_pki.h"

#include "device/linux/onboard_openssl.h"
#include "device/linux/signer_openssl.h"

#include <openssl/param_build.h>

#define ROLE  VERIFY_OID_ROLES ".7"
#define NAMES "DNS:other.example,DNS:EPC.mnc001.mcc001.3gppnetwork.org"

static struct cert root, second, stranger, sub, operator_cert;
static struct onboard_roots *roots;
static int64_t now;

static int setup(void **state)
{
    (void)state;
    now = (int64_t)time(NULL);
    cert_make(&root, &(struct cert_wish){.cn = "provisioning root", .ca = true});
    cert_make(&second, &(struct cert_wish){.cn = "provisioning root 2", .ca = true});
    cert_make(&stranger, &(struct cert_wish){.cn = "provisioning root", .ca = true});
    cert_make(&sub, &(struct cert_wish){
                        .cn = "operators", .ca = true, .by = &root, .from = -DAY, .to = 10 * DAY});
    cert_make(&operator_cert, &(struct cert_wish){.cn = "operator",
                                                  .by = &root,
                                                  .role = ROLE,
                                                  .names = NAMES,
                                                  .from = -HOUR,
                                                  .to = 5 * DAY}); /* ends before its root */
    const struct bytes der[] = {second.der, root.der};
    return onboard_openssl_roots(der, 2, &roots) == E_OK ? 0 : -1;
}

static int teardown(void **state)
{
    (void)state;
    struct cert *const all[] = {&root, &second, &stranger, &sub, &operator_cert};
    for (size_t i = 0; i < 5; i++) {
        cert_drop(all[i]);
    }
    onboard_openssl_roots_free(roots);
    return 0;
}

/* ---- the operator ---- */

#define CONTENT_LIT BYTES_LIT("what the operator signed")

struct message {
    uint8_t certificates[8192], signature[64];
    size_t n;
    struct plmn plmn;
    int64_t at, expiry;
    struct bytes content;
};

static void add(struct message *m, const struct cert *c)
{
    assert_true(m->n + c->der.n <= sizeof m->certificates);
    memcpy(m->certificates + m->n, c->octets, c->der.n);
    m->n += c->der.n;
}

static void sign_with(struct message *m, EVP_PKEY *key)
{
    struct device_key k = {.kind = VERIFY_KEY_P256, .key = key};
    struct device_signature s;
    device_sign(&k, m->content, &s);
    memcpy(m->signature, s.octets, sizeof m->signature);
}

static struct message message_of(const struct cert *leaf)
{
    struct message m = {.at = now, .expiry = now + 60, .content = CONTENT_LIT};
    assert_ok(plmn_parse(BYTES_LIT("001-01"), &m.plmn));
    add(&m, leaf);
    sign_with(&m, leaf->key);
    return m;
}

static enum certattach_refusal judge_with(struct onboard_roots *r, const struct message *m)
{
    uint8_t *exact = exact_copy((struct bytes){m->certificates, m->n});
    const enum certattach_refusal refusal =
        onboard_openssl_verify(r, (struct bytes){exact, m->n}, &m->plmn, m->expiry, m->at,
                               m->content, BYTES_OF(m->signature));
    free(exact);
    return refusal;
}

static const char *judge(const struct message *m)
{
    return certattach_refusal_name(judge_with(roots, m));
}

/* A chain of one, made for this. */
static const char *judge_one(struct cert_wish wish)
{
    struct cert c;
    cert_make(&c, &wish);
    struct message m = message_of(&c);
    const char *name = judge(&m);
    cert_drop(&c);
    return name;
}

static struct cert_wish usual(void)
{
    return (struct cert_wish){.cn = "operator", .by = &root, .role = ROLE, .names = NAMES};
}

/*= test certattach-operator certattach-signed */
static void an_operator_of_any_root_of_the_device_is_accepted(void **state)
{
    (void)state;
    struct message m = message_of(&operator_cert);
    struct cert_wish wish = usual();
    assert_string_equal(judge(&m), "none");
    wish.by = &second;
    assert_string_equal(judge_one(wish), "none");
    wish.role = "serverAuth," ROLE;
    assert_string_equal(judge_one(wish), "none");
}

static void an_operator_below_a_ca_brings_its_chain(void **state)
{
    (void)state;
    struct cert c;
    struct cert_wish wish = usual();
    wish.by = &sub;
    cert_make(&c, &wish);
    struct message m = message_of(&c);
    assert_string_equal(judge(&m), "operator-untrusted");
    add(&m, &sub);
    assert_string_equal(judge(&m), "none");
    add(&m, &root); /* of no use, but no harm */
    assert_string_equal(judge(&m), "none");
    m.certificates[m.n++] = 0;
    assert_string_equal(judge(&m), "operator-untrusted");
    cert_drop(&c);
}

/* Key usage alone makes no CA. */
static void an_operator_below_what_does_not_say_that_it_is_a_ca_is_refused(void **state)
{
    (void)state;
    struct cert between, c;
    struct cert_wish wish = usual();
    cert_make(&between,
              &(struct cert_wish){.cn = "between", .by = &root, .usage = "critical,keyCertSign"});
    X509_EXTENSION_free(
        X509_delete_ext(between.x, X509_get_ext_by_NID(between.x, NID_basic_constraints, -1)));
    assert_true(X509_sign(between.x, root.key, EVP_sha256()) > 0);
    cert_encode(&between);
    wish.by = &between;
    cert_make(&c, &wish);
    struct message m = message_of(&c);
    add(&m, &between);
    assert_string_equal(judge(&m), "operator-untrusted");
    cert_drop(&c);
    cert_drop(&between);
}

static void who_is_no_operator_of_this_network_is_refused_by_name(void **state)
{
    (void)state;
    struct cert_wish wish = usual();
    wish.by = &stranger; /* its name is the root's */
    assert_string_equal(judge_one(wish), "operator-untrusted");
    wish.by = NULL;
    assert_string_equal(judge_one(wish), "operator-untrusted");
    wish = usual();
    wish.from = -10 * DAY;
    wish.to = -DAY;
    assert_string_equal(judge_one(wish), "operator-certificate-expired");
    wish.from = DAY;
    wish.to = 10 * DAY;
    assert_string_equal(judge_one(wish), "operator-certificate-expired");
    wish = usual();
    wish.role = NULL;
    assert_string_equal(judge_one(wish), "operator-purpose");
    wish.role = "serverAuth," VERIFY_OID_ROLES ".5";
    assert_string_equal(judge_one(wish), "operator-purpose");
    wish.role = "anyExtendedKeyUsage";
    assert_string_equal(judge_one(wish), "operator-purpose");
    wish = usual();
    wish.usage = "";
    assert_string_equal(judge_one(wish), "operator-purpose");
    wish.usage = "keyAgreement";
    assert_string_equal(judge_one(wish), "operator-purpose");
    wish = usual();
    wish.ca = true;
    wish.usage = "digitalSignature,keyCertSign";
    assert_string_equal(judge_one(wish), "operator-purpose");
    wish = usual();
    wish.names = NULL;
    assert_string_equal(judge_one(wish), "operator-plmn");
    wish.names = "DNS:*.mcc001.3gppnetwork.org";
    assert_string_equal(judge_one(wish), "operator-plmn");
    wish.names = "DNS:epc.mnc001.mcc001.3gppnetwork.org.,DNS:a.epc.mnc001.mcc001.3gppnetwork.org,"
                 "URI:epc.mnc001.mcc001.3gppnetwork.org";
    assert_string_equal(judge_one(wish), "operator-plmn");
    wish.names = "DNS:epc.mnc002.mcc001.3gppnetwork.org,email:epc@mnc001.mcc001.3gppnetwork.org";
    assert_string_equal(judge_one(wish), "operator-plmn");
    wish = usual();
    wish.md = EVP_sha1();
    assert_string_equal(judge_one(wish), "operator-untrusted"); /* too weak */
}

static void only_a_signature_by_the_certificates_key_on_p256_is_one(void **state)
{
    (void)state;
    struct message m = message_of(&operator_cert);
    for (size_t i = 0; i < sizeof m.signature; i++) {
        m.signature[i] ^= 1;
        assert_string_equal(judge(&m), "operator-signature");
        m.signature[i] ^= 1;
    }
    m.content.n--;
    assert_string_equal(judge(&m), "operator-signature");
    m.content.n++;
    sign_with(&m, stranger.key);
    assert_string_equal(judge(&m), "operator-signature");
    memset(m.signature, 0, sizeof m.signature);
    assert_string_equal(judge(&m), "operator-signature");
    memset(m.signature, 0xff, sizeof m.signature);
    assert_string_equal(judge(&m), "operator-signature");
    struct cert_wish wish = usual();
    struct cert c;
    EVP_PKEY *const keys[] = {EVP_EC_gen("P-384"), EVP_RSA_gen(2048), EVP_EC_gen("secp256k1")};
    for (size_t i = 0; i < 3; i++) {
        wish.key = keys[i];
        cert_make(&c, &wish);
        m = (struct message){.at = now, .expiry = now, .plmn = m.plmn, .content = CONTENT_LIT};
        add(&m, &c);
        sign_with(&m, operator_cert.key);
        assert_string_equal(judge(&m), "operator-signature");
        cert_drop(&c);
    }
}

static void a_result_is_good_up_to_its_last_second(void **state)
{
    (void)state;
    struct message m = message_of(&operator_cert);
    m.at = m.expiry;
    assert_string_equal(judge(&m), "none");
    m.at++;
    assert_string_equal(judge(&m), "result-expired");
}

/* What was found good is remembered; but not beyond its time, and nothing else with it. */
static void a_chain_that_is_remembered_is_held_to_its_time_network_and_signature(void **state)
{
    (void)state;
    struct message m = message_of(&operator_cert);
    const int64_t end = cert_end(&operator_cert);
    for (unsigned i = 0; i < 3; i++) {
        assert_string_equal(judge(&m), "none");
        m.at = m.expiry = end;
        assert_string_equal(judge(&m), "none");
        m.at = m.expiry = end + 1;
        assert_string_equal(judge(&m), "operator-certificate-expired");
        m.at = now - 2 * HOUR;
        assert_string_equal(judge(&m), "operator-certificate-expired");
        m.at = now;
        m.signature[3] ^= 1;
        assert_string_equal(judge(&m), "operator-signature");
        m.signature[3] ^= 1;
        m.plmn.mnc[1] = '2';
        assert_string_equal(judge(&m), "operator-plmn");
        m.plmn.mnc[1] = '1';
    }
    for (size_t i = 0; i < m.n; i++) {
        m.certificates[i] ^= 4;
        assert_string_not_equal(judge(&m), "none");
        m.certificates[i] ^= 4;
        assert_string_equal(judge(&m), "none");
    }
}

static void no_prefix_of_the_certificates_is_a_chain(void **state)
{
    (void)state;
    struct message m = message_of(&operator_cert);
    const size_t whole = m.n;
    for (m.n = 0; m.n < whole; m.n++) {
        assert_string_equal(judge(&m), "operator-untrusted");
    }
    for (unsigned i = 0; i < 4; i++) { /* more of them than may be */
        add(&m, &operator_cert);
    }
    assert_string_equal(judge(&m), "operator-untrusted");
}

static void roots_are_cas_that_sign_themselves(void **state)
{
    (void)state;
    struct onboard_roots *r = NULL;
    struct bytes many[ONBOARD_ROOTS_MAX + 1];
    for (size_t i = 0; i <= ONBOARD_ROOTS_MAX; i++) {
        many[i] = i % 2 == 0 ? root.der : second.der;
    }
    assert_err(onboard_openssl_roots(&root.der, 0, &r), E_BAD_VALUE);
    assert_err(onboard_openssl_roots(many, ONBOARD_ROOTS_MAX + 1, &r), E_BAD_VALUE);
    assert_err(onboard_openssl_roots(&sub.der, 1, &r), E_BAD_VALUE);
    assert_err(onboard_openssl_roots(&operator_cert.der, 1, &r), E_BAD_VALUE);
    const struct bytes longer = {root.octets, root.der.n + 1}, cut = {root.octets, root.der.n - 1};
    assert_err(onboard_openssl_roots(&longer, 1, &r), E_BAD_VALUE);
    assert_err(onboard_openssl_roots(&cut, 1, &r), E_BAD_VALUE);
    assert_null(r);
    assert_ok(onboard_openssl_roots(many, ONBOARD_ROOTS_MAX, &r));
    onboard_openssl_roots_free(r);
    onboard_openssl_roots_free(NULL);
}

/* ---- the key ---- */

static struct bytes pkcs8_of(EVP_PKEY *key, uint8_t out[static ONBOARD_KEY_MAX])
{
    unsigned char *p = out;
    PKCS8_PRIV_KEY_INFO *info = EVP_PKEY2PKCS8(key);
    assert_non_null(info);
    assert_true(i2d_PKCS8_PRIV_KEY_INFO(info, NULL) <= (int)ONBOARD_KEY_MAX);
    const int n = i2d_PKCS8_PRIV_KEY_INFO(info, &p);
    PKCS8_PRIV_KEY_INFO_free(info);
    return (struct bytes){out, (size_t)n};
}

/* The key of these private octets. */
static EVP_PKEY *p256_of(const uint8_t private[static 32])
{
    EVP_PKEY *key = NULL;
    uint8_t point[65];
    EC_GROUP *group = EC_GROUP_new_by_curve_name(NID_X9_62_prime256v1);
    EC_POINT *q = EC_POINT_new(group);
    BIGNUM *d = BN_bin2bn(private, 32, NULL);
    assert_int_equal(EC_POINT_mul(group, q, d, NULL, NULL, NULL), 1);
    EC_POINT_point2oct(group, q, POINT_CONVERSION_UNCOMPRESSED, point, sizeof point, NULL);
    OSSL_PARAM_BLD *b = OSSL_PARAM_BLD_new();
    OSSL_PARAM_BLD_push_utf8_string(b, OSSL_PKEY_PARAM_GROUP_NAME, "prime256v1", 0);
    OSSL_PARAM_BLD_push_octet_string(b, OSSL_PKEY_PARAM_PUB_KEY, point, sizeof point);
    OSSL_PARAM_BLD_push_BN(b, OSSL_PKEY_PARAM_PRIV_KEY, d);
    OSSL_PARAM *params = OSSL_PARAM_BLD_to_param(b);
    EVP_PKEY_CTX *ctx = EVP_PKEY_CTX_new_from_name(NULL, "EC", NULL);
    assert_int_equal(EVP_PKEY_fromdata_init(ctx), 1);
    assert_int_equal(EVP_PKEY_fromdata(ctx, &key, EVP_PKEY_KEYPAIR, params), 1);
    EVP_PKEY_CTX_free(ctx);
    OSSL_PARAM_free(params);
    OSSL_PARAM_BLD_free(b);
    BN_free(d);
    EC_POINT_free(q);
    EC_GROUP_free(group);
    return key;
}

/* From the private key of the home network and what came with the message, as a UDM does it. */
/*= test certattach-box */
static void the_data_of_ts_33_501_is_opened_with_the_private_key(void **state)
{
    (void)state;
    unsigned tried = 0;
    json_t *sets = vectors_load(TEST_DATA, "ecies_33501_C4.json");
    for (size_t i = 0; i < json_array_size(sets); i++) {
        uint8_t private[32], der[ONBOARD_KEY_MAX], sent[33], secret[32], want[32];
        json_t *set = json_array_get(sets, i);
        if (strcmp(json_string_value(json_object_get(set, "profile")), "B") != 0) {
            continue;
        }
        vector_hex(set, "hn_priv", MBYTES_OF(private));
        vector_hex(set, "eph_pub", MBYTES_OF(sent));
        vector_hex(set, "z", MBYTES_OF(want));
        EVP_PKEY *key = p256_of(private);
        assert_ok(
            onboard_openssl_secret(pkcs8_of(key, der), CERTATTACH_EC, BYTES_OF(sent), secret));
        assert_memory_equal(secret, want, sizeof secret);
        EVP_PKEY_free(key);
        tried++;
    }
    assert_int_equal(tried, 2);
    json_decref(sets);
}

static void a_point_that_is_none_or_in_another_form_is_not_agreed_with(void **state)
{
    (void)state;
    uint8_t key[ONBOARD_KEY_MAX], sent[66] = {4}, secret[32] = {9};
    size_t n;
    unsigned refused = 0;
    assert_ok(onboard_openssl_make(0, key, &n));
    for (unsigned i = 0; i < 256; i++) {
        sent[0] = (uint8_t)i;
        memset(sent + 1, 7, 32);
        const enum err err = onboard_openssl_secret((struct bytes){key, n}, CERTATTACH_EC,
                                                    (struct bytes){sent, 33}, secret);
        assert_true(err == E_BAD_VALUE || ((i == 2 || i == 3) && err == E_OK));
    }
    sent[0] = 2;
    for (unsigned i = 0; i < 64; i++) { /* half of all x are of no point */
        sent[32] = (uint8_t)i;
        const enum err err = onboard_openssl_secret((struct bytes){key, n}, CERTATTACH_EC,
                                                    (struct bytes){sent, 33}, secret);
        refused += err == E_BAD_VALUE ? 1 : 0;
    }
    assert_in_range(refused, 8, 56);
    memset(sent + 1, 0xff, 32); /* above the prime */
    assert_err(onboard_openssl_secret((struct bytes){key, n}, CERTATTACH_EC,
                                      (struct bytes){sent, 33}, secret),
               E_BAD_VALUE);
    for (size_t len = 0; len <= sizeof sent; len++) {
        if (len != 33) {
            assert_err(onboard_openssl_secret((struct bytes){key, n}, CERTATTACH_EC,
                                              (struct bytes){sent, len}, secret),
                       E_BAD_VALUE);
        }
    }
    assert_err(onboard_openssl_secret((struct bytes){key, n}, CERTATTACH_RSA,
                                      (struct bytes){sent, 33}, secret),
               E_UNSUPPORTED);
}

static size_t oaep(EVP_PKEY *key, const char *label, struct bytes plain, uint8_t *out)
{
    size_t n = CERTATTACH_SENT_MAX;
    EVP_PKEY_CTX *ctx = EVP_PKEY_CTX_new(key, NULL);
    assert_int_equal(EVP_PKEY_encrypt_init(ctx), 1);
    assert_int_equal(EVP_PKEY_CTX_set_rsa_padding(ctx, RSA_PKCS1_OAEP_PADDING), 1);
    assert_int_equal(EVP_PKEY_CTX_set_rsa_oaep_md(ctx, EVP_sha256()), 1);
    assert_int_equal(EVP_PKEY_CTX_set_rsa_mgf1_md(ctx, EVP_sha256()), 1);
    assert_int_equal(
        EVP_PKEY_CTX_set0_rsa_oaep_label(ctx, OPENSSL_strdup(label), (int)strlen(label)), 1);
    assert_int_equal(EVP_PKEY_encrypt(ctx, out, &n, plain.p, plain.n), 1);
    EVP_PKEY_CTX_free(ctx);
    return n;
}

static void a_secret_that_was_encrypted_to_an_rsa_key_is_found(void **state)
{
    (void)state;
    uint8_t der[ONBOARD_KEY_MAX], sent[CERTATTACH_SENT_MAX], plain[33], secret[32], kept[32];
    size_t n;
    assert_ok(onboard_openssl_make(2048, der, &n));
    const unsigned char *p = der;
    EVP_PKEY *key = d2i_AutoPrivateKey(NULL, &p, (long)n);
    const struct bytes mine = {der, n};
    memset(plain, 0x77, sizeof plain);
    size_t sent_n = oaep(key, CERTATTACH_OAEP_LABEL, (struct bytes){plain, 32}, sent);
    assert_int_equal(sent_n, 256);
    assert_ok(onboard_openssl_secret(mine, CERTATTACH_RSA, (struct bytes){sent, 256}, secret));
    assert_memory_equal(secret, plain, 32);
    memset(secret, 9, sizeof secret);
    memcpy(kept, secret, sizeof kept);
    assert_err(onboard_openssl_secret(mine, CERTATTACH_EC, (struct bytes){sent, 256}, secret),
               E_UNSUPPORTED);
    assert_err(onboard_openssl_secret(mine, CERTATTACH_RSA, (struct bytes){sent, 255}, secret),
               E_BAD_VALUE);
    for (size_t i = 0; i < 256; i += 17) {
        sent[i] ^= 1;
        assert_err(onboard_openssl_secret(mine, CERTATTACH_RSA, (struct bytes){sent, 256}, secret),
                   E_BAD_MAC);
        sent[i] ^= 1;
    }
    (void)oaep(key, "another label", (struct bytes){plain, 32}, sent);
    assert_err(onboard_openssl_secret(mine, CERTATTACH_RSA, (struct bytes){sent, 256}, secret),
               E_BAD_MAC);
    static const size_t wrong[] = {0, 31, 33};
    for (size_t i = 0; i < 3; i++) {
        (void)oaep(key, CERTATTACH_OAEP_LABEL, (struct bytes){plain, wrong[i]}, sent);
        assert_err(onboard_openssl_secret(mine, CERTATTACH_RSA, (struct bytes){sent, 256}, secret),
                   E_BAD_MAC);
    }
    assert_memory_equal(secret, kept, sizeof kept);
    EVP_PKEY_free(key);
}

static void the_form_of_a_key_is_told_and_what_is_sent_to_it(void **state)
{
    (void)state;
    static const unsigned bits[] = {0, 2048, 3072, 4096};
    uint8_t der[ONBOARD_KEY_MAX];
    size_t n;
    enum certattach_form form = CERTATTACH_RSA;
    uint16_t sent_n = 0;
    for (size_t i = 0; i < 4; i++) {
        assert_ok(onboard_openssl_make(bits[i], der, &n));
        assert_ok(onboard_openssl_form((struct bytes){der, n}, &form, &sent_n));
        assert_int_equal(form, i == 0 ? CERTATTACH_EC : CERTATTACH_RSA);
        assert_int_equal(sent_n, i == 0 ? 33 : bits[i] / 8);
        assert_err(onboard_openssl_form((struct bytes){der, n - 1}, &form, &sent_n), E_BAD_VALUE);
        der[n] = 0;
        assert_err(onboard_openssl_form((struct bytes){der, n + 1}, &form, &sent_n), E_BAD_VALUE);
    }
    static const unsigned none[] = {1, 1024, 2047, 2049, 4097, 8192};
    for (size_t i = 0; i < sizeof none / sizeof none[0]; i++) {
        assert_err(onboard_openssl_make(none[i], der, &n), E_UNSUPPORTED);
    }
    EVP_PKEY *const others[] = {EVP_EC_gen("P-384"), EVP_RSA_gen(1024),
                                EVP_PKEY_Q_keygen(NULL, NULL, "ED25519")};
    for (size_t i = 0; i < 3; i++) {
        assert_err(onboard_openssl_form(pkcs8_of(others[i], der), &form, &sent_n), E_UNSUPPORTED);
        EVP_PKEY_free(others[i]);
    }
}

/* ---- the ports ---- */

static void a_device_has_the_ports_of_the_procedure_and_of_the_library(void **state)
{
    (void)state;
    uint8_t key[ONBOARD_KEY_MAX], sent[33] = {2}, a[32], b[32];
    size_t n;
    struct certattach_device_port port;
    assert_ok(onboard_openssl_make(0, key, &n));
    struct onboard_openssl d = {.roots = roots, .key = {key, n}, .at = now};
    assert_ok(onboard_openssl_port(&d, &port));
    assert_int_equal(port.sent_n, 33);
    struct message m = message_of(&operator_cert);
    const struct bytes certificates = {m.certificates, m.n};
    struct bindery_ue_operator_message um = {.certificates = m.certificates,
                                             .certificates_n = m.n,
                                             .plmn = {0x00, 0xf1, 0x10},
                                             .expiry = (uint64_t)m.expiry,
                                             .content = m.content.p,
                                             .content_n = m.content.n,
                                             .signature = m.signature};
    assert_int_equal(
        port.verify(port.ctx, certificates, &m.plmn, m.expiry, m.content, BYTES_OF(m.signature)),
        CERTATTACH_REFUSED_NONE);
    assert_int_equal(onboard_openssl_ue_verify(&d, &um), BINDERY_UE_OPERATOR_GOOD);
    d.at = m.expiry + 1;
    assert_int_equal(
        port.verify(port.ctx, certificates, &m.plmn, m.expiry, m.content, BYTES_OF(m.signature)),
        CERTATTACH_REFUSED_EXPIRED);
    assert_int_equal(onboard_openssl_ue_verify(&d, &um), BINDERY_UE_OPERATOR_RESULT_EXPIRED);
    d.at = now;
    um.plmn[2] = 0x20;
    assert_int_equal(onboard_openssl_ue_verify(&d, &um), BINDERY_UE_OPERATOR_OTHER_PLMN);
    um.plmn[2] = 0xa0;
    assert_int_equal(onboard_openssl_ue_verify(&d, &um), BINDERY_UE_OPERATOR_FAILED);
    um.plmn[2] = 0x10;
    um.expiry = UINT64_MAX;
    assert_int_equal(onboard_openssl_ue_verify(&d, &um), BINDERY_UE_OPERATOR_FAILED);
    um.expiry = (uint64_t)m.expiry;
    m.signature[0] ^= 1;
    assert_int_equal(onboard_openssl_ue_verify(&d, &um), BINDERY_UE_OPERATOR_SIGNATURE);
    um.certificates_n--;
    assert_int_equal(onboard_openssl_ue_verify(&d, &um), BINDERY_UE_OPERATOR_UNTRUSTED);
    memset(sent + 1, 7, 32);
    for (sent[32] = 0; port.secret(port.ctx, CERTATTACH_EC, BYTES_OF(sent), a) != E_OK;) {
        sent[32]++; /* the next that is a point */
    }
    assert_true(onboard_openssl_ue_secret(&d, 1, sent, sizeof sent, b));
    assert_memory_equal(a, b, sizeof a);
    assert_false(onboard_openssl_ue_secret(&d, 2, sent, sizeof sent, b));
    assert_false(onboard_openssl_ue_secret(&d, 0, sent, sizeof sent, b));
    d.key.n--;
    assert_err(onboard_openssl_port(&d, &port), E_BAD_VALUE);
    assert_err(port.secret(&d, CERTATTACH_EC, BYTES_OF(sent), a), E_CRYPTO);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_operator_of_any_root_of_the_device_is_accepted),
        cmocka_unit_test(an_operator_below_a_ca_brings_its_chain),
        cmocka_unit_test(an_operator_below_what_does_not_say_that_it_is_a_ca_is_refused),
        cmocka_unit_test(who_is_no_operator_of_this_network_is_refused_by_name),
        cmocka_unit_test(only_a_signature_by_the_certificates_key_on_p256_is_one),
        cmocka_unit_test(a_result_is_good_up_to_its_last_second),
        cmocka_unit_test(a_chain_that_is_remembered_is_held_to_its_time_network_and_signature),
        cmocka_unit_test(no_prefix_of_the_certificates_is_a_chain),
        cmocka_unit_test(roots_are_cas_that_sign_themselves),
        cmocka_unit_test(the_data_of_ts_33_501_is_opened_with_the_private_key),
        cmocka_unit_test(a_point_that_is_none_or_in_another_form_is_not_agreed_with),
        cmocka_unit_test(a_secret_that_was_encrypted_to_an_rsa_key_is_found),
        cmocka_unit_test(the_form_of_a_key_is_told_and_what_is_sent_to_it),
        cmocka_unit_test(a_device_has_the_ports_of_the_procedure_and_of_the_library),
    };
    return cmocka_run_group_tests_name("device/linux/onboard_openssl", tests, setup, teardown);
}
