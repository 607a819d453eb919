/* nf/common/devid_port.h: records, signatures, options, and step 9 of both variants with real keys.
 * Chains: devid_chain_test.c. */
#include "nf/devid_pki.h"

#include "crypto/openssl.h"
#include "nf/common/devid_port.h"

static struct pki files;
static struct repository maker, third, stranger;
static struct cert ca;
static char ca_path[64];
static struct crypto crypto;

static int setup(void **state)
{
    (void)state;
    pki_open(&files);
    repository_open(&maker, &files, "maker");
    repository_open(&third, &files, "third");
    repository_open(&stranger, &files, "stranger");
    cert_make(&ca, &(struct cert_wish){.cn = "maker", .ca = true});
    snprintf(ca_path, sizeof ca_path, "%s", cert_save(&files, "ca", &ca));
    assert_ok(crypto_openssl_open(&crypto));
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    repository_close(&maker);
    repository_close(&third);
    repository_close(&stranger);
    cert_drop(&ca);
    crypto_openssl_close(&crypto);
    pki_close(&files);
    return 0;
}

static struct devid_verifier *open_port(size_t kept)
{
    static const char *signers[2];
    struct devid_verifier *v = NULL;
    struct verify_why why;
    signers[0] = maker.public_path;
    signers[1] = third.public_path;
    const struct devid_port_options options = {
        .signers = signers, .n_signers = 2, .ca = ca_path, .kept = kept};
    assert_ok(devid_port_open(&options, &v, &why));
    return v;
}

/* ---- records ---- */

static enum err record(const struct devid_verifier *v, struct bytes signer, struct bytes content,
                       struct bytes signature)
{
    const struct devid_port *port = devid_port_of(v);
    uint8_t *c = exact_copy(content), *s = exact_copy(signature);
    enum err err = port->record(port->ctx, signer, (struct bytes){c, content.n},
                                (struct bytes){s, signature.n});
    free(c);
    free(s);
    return err;
}

/*= test devid-record */
static void a_record_is_believed_if_a_trusted_signer_signed_it(void **state)
{
    (void)state;
    uint8_t content[BINDING_RECORD_LEN], signature[SIGNATURE_LEN + 8] = {0};
    const struct bytes sig = {signature, SIGNATURE_LEN};
    memset(content, 7, sizeof content);
    struct devid_verifier *v = open_port(0);
    assert_ok(signer_sign(maker.signer, BYTES_OF(content), signature));
    assert_ok(record(v, signer_id(maker.signer), BYTES_OF(content), sig));
    assert_err(record(v, signer_id(third.signer), BYTES_OF(content), sig), E_BAD_MAC);
    assert_err(record(v, signer_id(stranger.signer), BYTES_OF(content), sig), E_NOT_FOUND);
    assert_err(record(v, (struct bytes){signer_id(maker.signer).p, 31}, BYTES_OF(content), sig),
               E_NOT_FOUND);
    assert_err(record(v, (struct bytes){NULL, 0}, BYTES_OF(content), sig), E_NOT_FOUND);
    for (size_t i = 0; i < sizeof content; i++) {
        content[i] ^= 1;
        assert_err(record(v, signer_id(maker.signer), BYTES_OF(content), sig), E_BAD_MAC);
        content[i] ^= 1;
    }
    for (size_t i = 0; i < SIGNATURE_LEN; i++) {
        signature[i] ^= 1;
        assert_err(record(v, signer_id(maker.signer), BYTES_OF(content), sig), E_BAD_MAC);
        signature[i] ^= 1;
    }
    for (size_t n = 0; n < sizeof signature; n++) {
        assert_err(
            record(v, signer_id(maker.signer), BYTES_OF(content), (struct bytes){signature, n}),
            n == SIGNATURE_LEN ? E_OK : E_BAD_MAC);
    }
    devid_port_close(v);
}

static void a_record_is_remembered_only_as_it_was_believed(void **state)
{
    (void)state;
    struct devid_port_counts counts;
    uint8_t content[3][40], signature[3][SIGNATURE_LEN];
    struct devid_verifier *v = open_port(64);
    const struct bytes id = signer_id(maker.signer);
    for (size_t i = 0; i < 3; i++) {
        memset(content[i], (int)i, sizeof content[i]);
        assert_ok(signer_sign(maker.signer, BYTES_OF(content[i]), signature[i]));
    }
    for (size_t round = 0; round < 3; round++) {
        for (size_t i = 0; i < 3; i++) {
            for (size_t k = 0; k < 3; k++) {
                assert_err(record(v, id, BYTES_OF(content[i]), BYTES_OF(signature[k])),
                           i == k ? E_OK : E_BAD_MAC);
            }
            assert_err(
                record(v, signer_id(third.signer), BYTES_OF(content[i]), BYTES_OF(signature[i])),
                E_BAD_MAC);
        }
        devid_port_count(v, &counts);
        assert_int_equal(counts.records, 12 * (round + 1));
        assert_int_equal(counts.records_kept, 3 * round);
    }
    devid_port_close(v);
}

/* ---- signatures ---- */

static const uint8_t algorithm_of[DEVICE_KINDS] = {
    [VERIFY_KEY_P256] = DEVID_ECDSA_P256,
    [VERIFY_KEY_P384] = DEVID_ECDSA_P384,
    [VERIFY_KEY_ED25519] = DEVID_ED25519,
    [VERIFY_KEY_RSA] = DEVID_RSA_PSS,
};

static void a_key_verifies_with_its_own_algorithm_in_both_variants(void **state)
{
    (void)state;
    const struct bytes content = BYTES_LIT("content");
    struct devid_verifier *v = open_port(16);
    const struct devid_port *port = devid_port_of(v);
    for (unsigned i = 0; i < DEVICE_KINDS; i++) {
        struct device_key key;
        struct device_signature s;
        struct cert c;
        device_make(&key, (enum verify_key_kind)i);
        device_sign(&key, content, &s);
        cert_make(&c, &(struct cert_wish){.cn = "device", .by = &ca, .key = key.key});
        const struct bytes forms[] = {device_spki(&key), c.der};
        for (unsigned form = 0; form < 2; form++) {
            bool certificate = form == 1;
            for (unsigned a = 0; a < 256; a++) {
                assert_err(port->signature(port->ctx, (uint8_t)a, certificate, forms[form], content,
                                           device_sig(&s)),
                           a == algorithm_of[i] ? E_OK : E_UNSUPPORTED);
            }
            assert_err(port->signature(port->ctx, algorithm_of[i], certificate, forms[form],
                                       BYTES_LIT("Content"), device_sig(&s)),
                       E_BAD_MAC);
            assert_err(port->signature(port->ctx, algorithm_of[i], !certificate, forms[form],
                                       content, device_sig(&s)),
                       E_BAD_VALUE);
            assert_err(port->signature(port->ctx, algorithm_of[i], certificate,
                                       (struct bytes){NULL, 0}, content, device_sig(&s)),
                       E_BAD_VALUE);
        }
        cert_drop(&c);
    }
    devid_port_close(v);
}

/* ---- step 9 ---- */

/* A device and what the repository says of it. The spans point into it. */
struct scene {
    struct device_key key;
    struct cert certificate;
    struct imei imei;
    uint8_t record[BINDING_RECORD_LEN], signature[SIGNATURE_LEN];
    struct devid_credential credential;
    struct devid_challenge challenge;
    struct devid_proof proof;
    struct key_kasme kasme;
    struct devid_asked asked;
};

static enum err sign(void *ctx, struct bytes content, uint8_t *signature, size_t *n)
{
    struct device_signature s;
    device_sign(ctx, content, &s);
    if (s.n > *n) {
        return E_NO_ROOM;
    }
    memcpy(signature, s.octets, s.n);
    *n = s.n;
    return E_OK;
}

static void scene_make(struct scene *s, enum verify_key_kind kind, bool certificate)
{
    const uint8_t algorithms[] = {1, 2, 3, 4};
    int64_t now = time(NULL);
    *s = (struct scene){.kasme = {{1, 2, 3}}};
    assert_ok(imei_parse(BYTES_LIT("35693803564380"), &s->imei));
    device_make(&s->key, kind);
    cert_make(&s->certificate, &(struct cert_wish){.cn = "x", .by = &ca, .key = s->key.key});
    const struct bytes stands = certificate ? s->certificate.der : device_spki(&s->key);
    struct binding_record r = {.imei = s->imei,
                               .use = BINDING_IDENTITY,
                               .form = certificate ? BINDING_CERTIFICATE : BINDING_PUBLIC_KEY,
                               .status = BINDING_ACTIVE,
                               .not_before = now - 60,
                               .not_after = now + DAY,
                               .serial = 17,
                               .issued = now - 60};
    assert_ok(verify_digest(stands, r.digest));
    binding_record_write(&r, s->record);
    assert_ok(signer_sign(maker.signer, BYTES_OF(s->record), s->signature));
    s->credential = (struct devid_credential){.status = DEVID_FOUND,
                                              .form = r.form,
                                              .n_chain = certificate ? 1 : 0,
                                              .chain = {s->certificate.der},
                                              .record = BYTES_OF(s->record),
                                              .signature = BYTES_OF(s->signature),
                                              .signer = signer_id(maker.signer),
                                              .source = DEVID_FROM_REPOSITORY};
    s->credential.spki = certificate ? (struct bytes){NULL, 0} : device_spki(&s->key);
    s->asked = (struct devid_asked){.challenge = &s->challenge,
                                    .proof = &s->proof,
                                    .imei = s->imei,
                                    .session = {.kasme = &s->kasme},
                                    .at = now};
    assert_ok(plmn_parse(BYTES_LIT("001-01"), &s->asked.session.plmn));
    assert_ok(devid_challenge_make(&crypto, BYTES_OF(algorithms), &s->challenge));
    const struct devid_signer signer = {&s->key, algorithm_of[kind], sign};
    assert_ok(
        devid_device_sign(&crypto, &s->challenge, &s->imei, &s->asked.session, &signer, &s->proof));
}

static const char *check(const struct devid_verifier *v, const struct scene *s)
{
    struct devid_outcome out;
    devid_check(&crypto, devid_port_of(v), &s->asked, &s->credential, &out);
    return devid_cause_name(out.cause);
}

/*= test devid-9x devid-9y */
static void a_device_is_proven_with_each_algorithm_in_both_variants(void **state)
{
    (void)state;
    struct devid_port_counts counts;
    struct devid_verifier *v = open_port(64);
    for (unsigned i = 0; i < 2 * DEVICE_KINDS; i++) {
        struct scene s;
        scene_make(&s, (enum verify_key_kind)(i / 2), i % 2 == 1);
        assert_string_equal(check(v, &s), "none");
        s.proof.signature[s.proof.n / 2] ^= 1;
        assert_string_equal(check(v, &s), "signature");
        s.proof.signature[s.proof.n / 2] ^= 1;
        s.kasme.b[0] ^= 1;
        assert_string_equal(check(v, &s), "signature");
        s.kasme.b[0] ^= 1;
        s.challenge.nonce[0] ^= 1;
        assert_string_equal(check(v, &s), "signature");
        s.challenge.nonce[0] ^= 1;
        assert_string_equal(check(v, &s), "none");
        cert_drop(&s.certificate);
    }
    devid_port_count(v, &counts);
    assert_int_equal(counts.records, counts.records_kept + 2 * DEVICE_KINDS);
    assert_int_equal(counts.chains, counts.chains_kept + DEVICE_KINDS);
    devid_port_close(v);
}

static void what_the_port_refuses_is_named(void **state)
{
    (void)state;
    struct devid_verifier *v = open_port(64);
    struct scene s, t;
    scene_make(&s, VERIFY_KEY_P256, false);
    scene_make(&t, VERIFY_KEY_P256, true);
    s.credential.signer = signer_id(stranger.signer);
    assert_string_equal(check(v, &s), "record-signature");
    s.credential.signer = signer_id(maker.signer);
    s.signature[5] ^= 1;
    assert_string_equal(check(v, &s), "record-signature");
    s.signature[5] ^= 1;
    s.proof.algorithm = DEVID_ED25519;
    assert_string_equal(check(v, &s), "algorithm");
    t.asked.at += 40 * DAY; /* the record ends before the certificate */
    assert_string_equal(check(v, &t), "binding-expired");
    devid_port_close(v);
    struct verify_why why;
    const char *signers[] = {maker.public_path};
    const struct devid_port_options no_ca = {.signers = signers, .n_signers = 1};
    assert_ok(devid_port_open(&no_ca, &v, &why));
    t.asked.at -= 40 * DAY;
    assert_string_equal(check(v, &t), "no-ca");
    t.proof.signature[5] ^= 1; /* for which no CA is needed */
    assert_string_equal(check(v, &t), "signature");
    devid_port_close(v);
    const struct devid_port_options nobody = {.ca = ca_path};
    assert_ok(devid_port_open(&nobody, &v, &why));
    assert_string_equal(check(v, &t), "record-signature");
    devid_port_close(v);
    cert_drop(&s.certificate);
    cert_drop(&t.certificate);
}

/* ---- options ---- */

static void refuse(struct devid_port_options o, enum err err, const char *said)
{
    struct devid_verifier *v = NULL;
    struct verify_why why = {""};
    assert_err(devid_port_open(&o, &v, &why), err);
    assert_null(v);
    assert_non_null(strstr(why.text, said));
}

static void options_that_cannot_be_are_told(void **state)
{
    (void)state;
    const char *many[DEVID_PORT_SIGNERS_MAX + 1];
    char path[64], both[64];
    for (size_t i = 0; i < DEVID_PORT_SIGNERS_MAX + 1; i++) {
        many[i] = maker.public_path;
    }
    refuse((struct devid_port_options){.signers = many, .n_signers = 17}, E_BAD_VALUE, "signers");
    refuse((struct devid_port_options){.signers = many, .n_signers = 2}, E_BAD_VALUE, "twice");
    refuse((struct devid_port_options){.crl = ca_path}, E_BAD_VALUE, "needs the CA");
    refuse((struct devid_port_options){.ca = maker.public_path}, E_BAD_VALUE, "maker.pub");
    refuse((struct devid_port_options){.ca = ca_path, .crl = ca_path}, E_BAD_VALUE, "ca.crt");
    refuse((struct devid_port_options){.ca = "/nowhere"}, E_IO, "/nowhere");
    refuse((struct devid_port_options){.kept = DEVID_PORT_KEPT_MAX + 1}, E_BAD_VALUE, "kept");
    const char *one[1] = {"/nowhere"};
    struct devid_port_options o = {.signers = one, .n_signers = 1};
    refuse(o, E_IO, "/nowhere");
    one[0] = ca_path;
    refuse(o, E_BAD_VALUE, "ca.crt");
    snprintf(path, sizeof path, "%s", pki_path(&files, "maker", ".key"));
    one[0] = path;
    refuse(o, E_BAD_VALUE, "maker.key");
    snprintf(both, sizeof both, "%s", pki_path(&files, "both", ".pub"));
    one[0] = both;
    EVP_PKEY *p256 = EVP_EC_gen("P-256"), *p384 = EVP_EC_gen("P-384");
    public_save(both, p384, "w");
    refuse(o, E_BAD_VALUE, "both.pub");
    public_save(both, p256, "w");
    public_save(both, p384, "a");
    refuse(o, E_BAD_VALUE, "both.pub");
    fclose(fopen(both, "w"));
    refuse(o, E_BAD_VALUE, "both.pub");
    EVP_PKEY_free(p256);
    EVP_PKEY_free(p384);
}

static void a_signer_is_named_by_the_digest_of_its_key(void **state)
{
    (void)state;
    uint8_t spki[SIGNER_SPKI_LEN], id[32];
    struct verify_why why;
    assert_ok(signer_read_public(maker.public_path, spki, id, &why));
    assert_true(bytes_eq(BYTES_OF(spki), signer_spki(maker.signer)));
    assert_true(bytes_eq(BYTES_OF(id), signer_id(maker.signer)));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_record_is_believed_if_a_trusted_signer_signed_it),
        cmocka_unit_test(a_record_is_remembered_only_as_it_was_believed),
        cmocka_unit_test(a_key_verifies_with_its_own_algorithm_in_both_variants),
        cmocka_unit_test(a_device_is_proven_with_each_algorithm_in_both_variants),
        cmocka_unit_test(what_the_port_refuses_is_named),
        cmocka_unit_test(options_that_cannot_be_are_told),
        cmocka_unit_test(a_signer_is_named_by_the_digest_of_its_key)};
    return cmocka_run_group_tests(tests, setup, teardown);
}
