/* nf/common/onboard_port.h: what an AUSF believes of an authority, each fault with its cause, and
 * what it encrypts and signs with. The openssl command's opinion: onboard_command_test.c. */
#include "nf/devid_pki.h"

#include "crypto/openssl.h"
#include "nf/common/onboard_port.h"

#define DEVICE_ROLE   VERIFY_OID_ROLES ".5"
#define OPERATOR_ROLE VERIFY_OID_ROLES ".7"

static struct pki files;
static struct repository records, stranger;
static struct cert ca, sub, other, leaf;
static char ca_path[64], crl_path[64];
static const char *signers[1];
static struct crypto crypto;
static int64_t now;

static int setup(void **state)
{
    (void)state;
    now = (int64_t)time(NULL);
    pki_open(&files);
    repository_open(&records, &files, "records");
    repository_open(&stranger, &files, "stranger");
    signers[0] = records.public_path;
    cert_make(&ca, &(struct cert_wish){.cn = "maker", .ca = true});
    cert_make(&sub, &(struct cert_wish){.cn = "line 1", .ca = true, .by = &ca});
    cert_make(&other, &(struct cert_wish){.cn = "maker", .ca = true});
    cert_make(&leaf, &(struct cert_wish){
                         .cn = "device", .by = &ca, .usage = "keyAgreement", .role = DEVICE_ROLE});
    snprintf(ca_path, sizeof ca_path, "%s", cert_save(&files, "ca", &ca));
    snprintf(crl_path, sizeof crl_path, "%s", pki_path(&files, "ca", ".crl"));
    return crypto_openssl_open(&crypto) == E_OK ? 0 : -1;
}

static int teardown(void **state)
{
    (void)state;
    struct cert *const all[] = {&ca, &sub, &other, &leaf};
    for (size_t i = 0; i < 4; i++) {
        cert_drop(all[i]);
    }
    repository_close(&records);
    repository_close(&stranger);
    crypto_openssl_close(&crypto);
    pki_close(&files);
    return 0;
}

static struct onboard_authority *open_with(const char *crl)
{
    struct onboard_authority *a = NULL;
    struct verify_why why;
    const struct onboard_authority_options options = {
        .signers = signers, .n_signers = 1, .roots = ca_path, .crl = crl};
    assert_ok(onboard_authority_open(&options, &a, &why));
    return a;
}

/* ---- the chain of the key that is encrypted to ---- */

static const char *judge(const struct onboard_authority *a, const struct bytes *chain, size_t n,
                         int64_t at)
{
    const struct certattach_authority_port *port = onboard_authority_port(a);
    return certattach_cause_name(port->chain(port->ctx, chain, n, at));
}

static const char *judge_one(const struct onboard_authority *a, struct cert_wish wish)
{
    struct cert c;
    wish.cn = "device";
    wish.by = wish.by != NULL ? wish.by : &ca;
    cert_make(&c, &wish);
    const char *name = judge(a, &c.der, 1, now);
    cert_drop(&c);
    return name;
}

/*= test certattach-2c */
static void a_device_with_either_kind_of_key_is_accepted(void **state)
{
    (void)state;
    struct onboard_authority *a = open_with(NULL);
    assert_string_equal(judge(a, &leaf.der, 1, now), "none");
    assert_string_equal(judge_one(a, (struct cert_wish){.key = EVP_RSA_gen(2048),
                                                        .usage = "keyEncipherment",
                                                        .role = DEVICE_ROLE}),
                        "none");
    assert_string_equal(judge_one(a, (struct cert_wish){.usage = "keyAgreement",
                                                        .role = "clientAuth," DEVICE_ROLE}),
                        "none");
    struct cert c;
    cert_make(&c, &(struct cert_wish){
                      .cn = "device", .by = &sub, .usage = "keyAgreement", .role = DEVICE_ROLE});
    const struct bytes chain[] = {c.der, sub.der};
    assert_string_equal(judge(a, chain, 2, now), "none");
    assert_string_equal(judge(a, chain, 1, now), "certificate-untrusted");
    cert_drop(&c);
    onboard_authority_close(a);
}

static void a_certificate_for_anything_else_is_refused_by_name(void **state)
{
    (void)state;
    struct onboard_authority *a = open_with(NULL);
    const struct {
        struct cert_wish wish;
        const char *cause;
    } table[] = {
        {{.usage = "keyAgreement"}, "certificate-purpose"},
        {{.usage = "keyAgreement", .role = OPERATOR_ROLE}, "certificate-purpose"},
        {{.usage = "keyAgreement", .role = "clientAuth"}, "certificate-purpose"},
        {{.usage = "digitalSignature", .role = DEVICE_ROLE}, "certificate-purpose"},
        {{.usage = "", .role = DEVICE_ROLE}, "certificate-purpose"},
        {{.usage = "keyEncipherment", .role = DEVICE_ROLE}, "certificate-purpose"},
        {{.key = EVP_RSA_gen(2048), .usage = "keyAgreement", .role = DEVICE_ROLE},
         "certificate-purpose"},
        {{.ca = true, .usage = "keyCertSign,keyAgreement", .role = DEVICE_ROLE},
         "certificate-purpose"},
        {{.key = EVP_EC_gen("P-384"), .usage = "keyAgreement", .role = DEVICE_ROLE},
         "key-unsupported"},
        {{.key = EVP_EC_gen("secp256k1"), .usage = "keyAgreement", .role = DEVICE_ROLE},
         "key-unsupported"},
        {{.key = EVP_RSA_gen(1024), .usage = "keyEncipherment", .role = DEVICE_ROLE},
         "certificate-bad"},
        {{.usage = "keyAgreement", .role = DEVICE_ROLE, .by = &other}, "certificate-untrusted"},
        {{.usage = "keyAgreement", .role = DEVICE_ROLE, .md = EVP_sha1()}, "certificate-bad"},
        {{.usage = "keyAgreement", .role = DEVICE_ROLE, .from = -DAY, .to = -HOUR},
         "certificate-expired"},
        {{.usage = "keyAgreement", .role = DEVICE_ROLE, .from = HOUR, .to = DAY},
         "certificate-not-yet-valid"},
    };
    for (size_t i = 0; i < sizeof table / sizeof table[0]; i++) {
        assert_string_equal(judge_one(a, table[i].wish), table[i].cause);
    }
    const struct bytes twice[] = {leaf.der, leaf.der}, cut = {leaf.octets, leaf.der.n - 1};
    assert_string_equal(judge(a, twice, 2, now), "certificate-bad");
    assert_string_equal(judge(a, &cut, 1, now), "certificate-bad");
    assert_string_equal(judge(a, twice, 0, now), "certificate-bad");
    onboard_authority_close(a);
}

/*= test certattach-revoked */
static void a_certificate_that_was_revoked_is_refused_when_the_list_is_read_again(void **state)
{
    (void)state;
    struct verify_why why;
    crl_save(crl_path, false, &ca, NULL, DAY);
    struct onboard_authority *a = open_with(crl_path);
    const struct devid_port *devid = onboard_authority_port(a)->devid;
    assert_string_equal(judge(a, &leaf.der, 1, now), "none");
    crl_save(crl_path, false, &ca, &leaf, DAY);
    assert_string_equal(judge(a, &leaf.der, 1, now), "none");
    assert_ok(onboard_authority_reload(a, &why));
    assert_string_equal(judge(a, &leaf.der, 1, now), "certificate-revoked");
    assert_int_equal(devid->chain(devid->ctx, &leaf.der, 1, now), DEVID_CAUSE_CHAIN_REVOKED);
    crl_save(crl_path, false, &ca, NULL, -60);
    assert_ok(onboard_authority_reload(a, &why));
    assert_string_equal(judge(a, &leaf.der, 1, now), "no-revocation-list");
    crl_save(crl_path, false, &ca, &leaf, DAY);
    assert_ok(onboard_authority_reload(a, &why));
    assert_int_equal(unlink(crl_path), 0);
    assert_err(onboard_authority_reload(a, &why), E_IO); /* and all is as before */
    assert_string_equal(judge(a, &leaf.der, 1, now), "certificate-revoked");
    onboard_authority_close(a);
}

static void an_authority_needs_roots_and_a_signer(void **state)
{
    (void)state;
    struct onboard_authority *a = NULL;
    struct verify_why why;
    struct onboard_authority_options o = {.signers = signers, .n_signers = 1};
    assert_err(onboard_authority_open(&o, &a, &why), E_BAD_VALUE);
    o = (struct onboard_authority_options){.roots = ca_path};
    assert_err(onboard_authority_open(&o, &a, &why), E_BAD_VALUE);
    o = (struct onboard_authority_options){.signers = signers, .n_signers = 1, .roots = "/nowhere"};
    assert_err(onboard_authority_open(&o, &a, &why), E_IO);
    static const char *const nowhere[] = {"/nowhere"};
    o = (struct onboard_authority_options){.signers = nowhere, .n_signers = 1, .roots = ca_path};
    assert_err(onboard_authority_open(&o, &a, &why), E_IO);
    assert_null(a);
    onboard_authority_close(NULL);
}

/* ---- from the record to the result ---- */

struct device {
    struct device_record record;
    uint8_t octets[DEVICE_RECORD_MAX], signature[SIGNATURE_LEN];
    struct certattach_request request;
    struct certattach_arrived arrived;
    struct certattach_context context;
};

static void device_open(struct device *d, const struct repository *by)
{
    *d = (struct device){.record = {.manufacturer = "Maker",
                                    .model = "m1",
                                    .serial_number = "1",
                                    .status = BINDING_ACTIVE,
                                    .issued = now}};
    assert_ok(device_id_parse(BYTES_LIT("device-1"), &d->record.id));
    assert_ok(imei_parse(BYTES_LIT("35693803564380"), &d->record.imei));
    assert_ok(crypto.sha256(crypto.ctx, &leaf.der, 1, d->record.digest));
    d->context.record = device_record_write(&d->record, d->octets);
    assert_ok(signer_sign(by->signer, d->context.record, d->signature));
    d->context.signature = BYTES_OF(d->signature);
    d->context.signer = signer_id(by->signer);
    d->context.n_chain = 1;
    d->context.chain[0] = leaf.der;
    d->arrived = (struct certattach_arrived){
        .request = &d->request, .id = d->record.id, .imei = d->record.imei, .at = now};
    assert_ok(plmn_parse(BYTES_LIT("001-01"), &d->arrived.plmn));
}

/*= test certattach-2b certattach-2c certattach-2d */
static void a_device_is_verified_by_its_record_and_chain(void **state)
{
    (void)state;
    struct device d;
    struct device_record record;
    struct onboard_authority *a = open_with(NULL);
    const struct certattach_authority_port *port = onboard_authority_port(a);
    device_open(&d, &records);
    assert_int_equal(certattach_ausf_verify(&crypto, port, &d.arrived, &d.context, &record),
                     CERTATTACH_NONE);
    assert_string_equal(record.model, "m1");
    d.signature[1] ^= 1;
    assert_int_equal(certattach_ausf_verify(&crypto, port, &d.arrived, &d.context, &record),
                     CERTATTACH_RECORD_SIGNATURE);
    device_open(&d, &stranger);
    assert_int_equal(certattach_ausf_verify(&crypto, port, &d.arrived, &d.context, &record),
                     CERTATTACH_RECORD_SIGNATURE);
    onboard_authority_close(a);
}

/* The identity key of the same device, bound by its public key. */
/*= test certattach-proof */
static void the_proof_of_a_request_is_verified_with_the_identity_key(void **state)
{
    (void)state;
    struct device d;
    struct device_record record;
    struct device_key key;
    struct device_signature s;
    uint8_t content[CERTATTACH_PROOF_CONTENT_LEN], proof[CERTATTACH_PROOF_MAX],
        binding[BINDING_RECORD_LEN], signature[SIGNATURE_LEN];
    struct onboard_authority *a = open_with(NULL);
    const struct certattach_authority_port *port = onboard_authority_port(a);
    device_open(&d, &records);
    device_make(&key, VERIFY_KEY_P256);
    struct binding_record b = {.imei = d.record.imei,
                               .use = BINDING_IDENTITY,
                               .form = BINDING_PUBLIC_KEY,
                               .status = BINDING_ACTIVE,
                               .not_after = now + 5};
    const struct bytes spki = device_spki(&key);
    assert_ok(crypto.sha256(crypto.ctx, &spki, 1, b.digest));
    binding_record_write(&b, binding);
    assert_ok(signer_sign(records.signer, BYTES_OF(binding), signature));
    d.context.has_identity = true;
    d.context.identity = (struct devid_credential){.status = DEVID_FOUND,
                                                   .form = BINDING_PUBLIC_KEY,
                                                   .spki = spki,
                                                   .record = BYTES_OF(binding),
                                                   .signature = BYTES_OF(signature),
                                                   .signer = signer_id(records.signer)};
    d.request.url = BYTES_LIT("https://ca.example.org/DeviceID=device-1");
    assert_int_equal(certattach_ausf_verify(&crypto, port, &d.arrived, &d.context, &record),
                     CERTATTACH_PROOF_MISSING);
    assert_ok(certattach_proof_content(&crypto, DEVID_ECDSA_P256, d.request.url, &d.record.imei,
                                       d.request.nonce, &d.arrived.plmn, content));
    device_sign(&key, BYTES_OF(content), &s);
    proof[0] = DEVID_ECDSA_P256;
    memcpy(proof + 1, s.octets, s.n);
    d.request.proof = (struct bytes){proof, 1 + s.n};
    assert_int_equal(certattach_ausf_verify(&crypto, port, &d.arrived, &d.context, &record),
                     CERTATTACH_NONE);
    proof[0] = DEVID_ED25519;
    assert_int_equal(certattach_ausf_verify(&crypto, port, &d.arrived, &d.context, &record),
                     CERTATTACH_PROOF_WRONG);
    proof[0] = DEVID_ECDSA_P256;
    proof[5] ^= 1;
    assert_int_equal(certattach_ausf_verify(&crypto, port, &d.arrived, &d.context, &record),
                     CERTATTACH_PROOF_WRONG);
    device_drop(&key);
    onboard_authority_close(a);
}

/* ---- the operator ---- */

static struct onboard_signer *open_signer(struct cert *c)
{
    struct onboard_signer *s = NULL;
    struct verify_why why;
    char path[64];
    cert_make(c, &(struct cert_wish){.cn = "operator",
                                     .by = &other,
                                     .role = OPERATOR_ROLE,
                                     .names = "DNS:epc.mnc001.mcc001.3gppnetwork.org"});
    snprintf(path, sizeof path, "%s", cert_save(&files, "operator", c));
    assert_ok(onboard_signer_open(path, pki_path(&files, "operator", ".key"), &s, &why));
    return s;
}

/*= test certattach-3c certattach-signed */
static void an_operator_encrypts_to_either_kind_of_key_and_signs(void **state)
{
    (void)state;
    struct cert own, rsa, curve;
    struct onboard_operator *o = NULL;
    struct onboard_signer *s = open_signer(&own);
    uint8_t room[CERTATTACH_BOX_MAX + CERTATTACH_SIGNATURE_LEN], nonce_1[CERTATTACH_NONCE_LEN];
    uint8_t octets[CERTATTACH_SIGNED_MAX], spki[VERIFY_SPKI_MAX];
    struct certattach_result result;
    struct bytes content;
    size_t spki_n;
    enum verify_key_kind kind = VERIFY_KEY_RSA;
    struct certattach_about about = {.nonce = {1}, .nonce_1 = {2}};
    struct certattach_profile profile = {
        .keys = {.algorithm = AKA_MILENAGE, .k.n = 16, .opc.n = 16, .res_len = 8}};
    assert_ok(device_id_parse(BYTES_LIT("device-1"), &about.id));
    assert_ok(plmn_parse(BYTES_LIT("001-01"), &about.plmn));
    profile.home = about.plmn;
    assert_ok(imsi_parse(BYTES_LIT("001010000500001"), &profile.imsi));
    assert_ok(certattach_ausf_draw(&crypto, &about.id, &profile.home, &profile.keys, nonce_1));
    assert_ok(onboard_operator_open(s, &o));
    const struct certattach_operator_port *port = onboard_operator_port(o);
    cert_make(&rsa, &(struct cert_wish){.cn = "device", .by = &ca, .key = EVP_RSA_gen(2048)});
    cert_make(&curve, &(struct cert_wish){.cn = "device", .by = &ca, .key = EVP_EC_gen("P-384")});
    assert_ok(verify_key_of_certificate(own.der, spki, &spki_n, &kind));
    const struct bytes certificates[] = {leaf.der, rsa.der};
    for (size_t i = 0; i < 2; i++) {
        assert_ok(certattach_ausf_protect(&crypto, port, certificates[i], &about, &profile,
                                          now + 60, MBYTES_OF(room), &result));
        assert_int_equal(result.box.p[0], i == 0 ? CERTATTACH_EC : CERTATTACH_RSA);
        assert_ok(certattach_signed_content(&crypto, &about, result.expiry, result.box, octets,
                                            &content));
        assert_ok(signature_verify((struct bytes){spki, spki_n}, content, result.signature.p));
    }
    assert_err(certattach_ausf_protect(&crypto, port, curve.der, &about, &profile, now + 60,
                                       MBYTES_OF(room), &result),
               E_UNSUPPORTED);
    assert_err(certattach_ausf_protect(&crypto, port, BYTES_LIT("none"), &about, &profile, now + 60,
                                       MBYTES_OF(room), &result),
               E_UNSUPPORTED);
    onboard_operator_close(o);
    onboard_operator_close(NULL);
    onboard_signer_close(s);
    cert_drop(&own);
    cert_drop(&rsa);
    cert_drop(&curve);
}

/*= test certattach-operator */
static void an_operator_serves_the_networks_of_its_certificate_while_it_is_valid(void **state)
{
    (void)state;
    struct cert own;
    struct plmn plmn;
    struct onboard_signer *s = open_signer(&own);
    const int64_t end = cert_end(&own);
    assert_ok(plmn_parse(BYTES_LIT("001-01"), &plmn));
    assert_true(onboard_operator_serves(s, &plmn, now));
    assert_true(onboard_operator_serves(s, &plmn, end));
    assert_false(onboard_operator_serves(s, &plmn, end + 1));
    assert_false(onboard_operator_serves(s, &plmn, now - 2 * HOUR));
    /* an MNC of two digits has a realm with three */
    assert_ok(plmn_parse(BYTES_LIT("001-001"), &plmn));
    assert_true(onboard_operator_serves(s, &plmn, now));
    assert_ok(plmn_parse(BYTES_LIT("001-02"), &plmn));
    assert_false(onboard_operator_serves(s, &plmn, now));
    onboard_signer_close(s);
    cert_drop(&own);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_device_with_either_kind_of_key_is_accepted),
        cmocka_unit_test(a_certificate_for_anything_else_is_refused_by_name),
        cmocka_unit_test(a_certificate_that_was_revoked_is_refused_when_the_list_is_read_again),
        cmocka_unit_test(an_authority_needs_roots_and_a_signer),
        cmocka_unit_test(a_device_is_verified_by_its_record_and_chain),
        cmocka_unit_test(the_proof_of_a_request_is_verified_with_the_identity_key),
        cmocka_unit_test(an_operator_encrypts_to_either_kind_of_key_and_signs),
        cmocka_unit_test(an_operator_serves_the_networks_of_its_certificate_while_it_is_valid),
    };
    return cmocka_run_group_tests_name("nf/onboard_port", tests, setup, teardown);
}
