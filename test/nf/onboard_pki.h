/* test/nf/onboard_pki.h - authorities, devices with their keys and records, and an operator: all
 * that test/nf/onboard*_test.c have beside the HSS. Header only: tests are single pki_files. */
#ifndef BINDERY_TEST_NF_ONBOARD_PKI_H
#define BINDERY_TEST_NF_ONBOARD_PKI_H

#include "nf/devid_pki.h"

#include "crypto/openssl.h"
#include "nf/common/base64.h"
#include "proc/certattach.h"
#include "wire/certattach.h"

#include <jansson.h>
#include <openssl/core_names.h>
#include <openssl/param_build.h>
#include <openssl/rsa.h>

#define ROLE_DEVICE   "1.3.6.1.4.1.32473.1.1.5"
#define ROLE_OPERATOR "1.3.6.1.4.1.32473.1.1.7"
#define NETWORK       "epc.mnc001.mcc001.3gppnetwork.org"
#define MAKER_HOST    "ca.example.org"
#define THINGS        24

/* <dir>/operator.crt, .key; device-ca.crt, device-ca.crl; site.crt; maker.pub. */
static struct pki pki_files;
static struct cert roots[2];    /* of devices: the maker's, and one that nobody trusts */
static struct cert provisioner; /* what devices trust */
static struct cert operator_cert;
static struct repository signers[2]; /* of records: the maker's, and a stranger's */
static struct crypto things_crypto;

/* A device, what its authority says of it, and what it remembers. */
struct thing {
    struct device_id id;
    struct imei imei; /* that it attaches with */
    char url[CERTATTACH_URL_MAX + 1];
    struct cert leaf;
    struct device_key identity; /* with has_identity, the authority's word; */
    bool has_identity, identity_revoked;
    bool proves; /* it signs its requests, */
    const struct device_key *proves_with;
    /* the record */
    struct device_id record_id;
    struct imei record_imei;
    bool revoked, other_digest, garbled;
    size_t signer; /* of signers */
    uint64_t serial;
    struct certattach_asked asked;
    uint8_t room[CERTATTACH_PROOF_MAX];
    uint8_t octets[WIRE_CERTATTACH_REQUEST_MAX];
};
static struct thing things[THINGS];

/* ---- what the authority says ---- */

static inline json_t *pki_base64(struct bytes in)
{
    static _Thread_local char text[16384];
    assert_true(BASE64_ROOM(in.n) <= sizeof text);
    base64_encode(in, text);
    return json_string(text);
}

static inline void pki_signed(json_t *v, size_t signer, struct bytes content)
{
    uint8_t signature[SIGNATURE_LEN];
    char hex[65];
    assert_ok(signer_sign(signers[signer].signer, content, signature));
    hex_encode(signer_id(signers[signer].signer), hex);
    (void)json_object_set_new(v, "record", pki_base64(content));
    (void)json_object_set_new(v, "signature", pki_base64(BYTES_OF(signature)));
    (void)json_object_set_new(v, "signer", json_string(hex));
}

static inline json_t *thing_identity(const struct thing *t)
{
    uint8_t content[BINDING_RECORD_LEN];
    struct binding_record r = {.imei = t->record_imei,
                               .use = BINDING_IDENTITY,
                               .form = BINDING_PUBLIC_KEY,
                               .status = t->identity_revoked ? BINDING_REVOKED : BINDING_ACTIVE,
                               .not_after = 4000000000,
                               .serial = 7,
                               .issued = 1700000000};
    if (!t->has_identity) {
        return json_null();
    }
    EVP_Digest(t->identity.spki, t->identity.spki_n, r.digest, NULL, EVP_sha256(), NULL);
    binding_record_write(&r, content);
    json_t *v = json_pack("{s:s,s:s}", "imei", r.imei.digits, "use", "identity");
    pki_signed(v, 0, BYTES_OF(content));
    if (!t->identity_revoked) {
        (void)json_object_set_new(v, "public_key", pki_base64(device_spki(&t->identity)));
    }
    return v;
}

static inline struct device_record thing_record(const struct thing *t)
{
    struct device_record r = {.id = t->record_id,
                              .imei = t->record_imei,
                              .manufacturer = "Maker",
                              .model = "Meter 3",
                              .serial_number = "SN-1",
                              .status = t->revoked ? BINDING_REVOKED : BINDING_ACTIVE,
                              .serial = t->serial,
                              .issued = 1700000000};
    EVP_Digest(t->leaf.der.p, t->leaf.der.n, r.digest, NULL, EVP_sha256(), NULL);
    r.digest[0] ^= t->other_digest;
    return r;
}

/* GET /v1/device-records/{id}; the text is the caller's. */
static inline char *thing_json(const struct thing *t)
{
    uint8_t content[DEVICE_RECORD_MAX];
    const struct device_record r = thing_record(t);
    struct bytes written = device_record_write(&r, content);
    json_t *list = json_array();
    if (!t->revoked) {
        (void)json_array_append_new(list, pki_base64(t->leaf.der));
    }
    if (t->garbled) {
        content[5] ^= 1;
    }
    json_t *v = json_pack("{s:s,s:o,s:o}", "id", t->id.text, "certificates", list, "identity",
                          thing_identity(t));
    pki_signed(v, t->signer, written);
    char *text = json_dumps(v, 0);
    json_decref(v);
    return text;
}

/* ---- devices ---- */

static inline struct imei thing_imei(unsigned i)
{
    struct imei imei;
    char digits[IMEI_DIGITS + 1];
    snprintf(digits, sizeof digits, "35693803%06u", i % 1000000);
    assert_ok(imei_parse_transmitted(bytes_of_str(digits), &imei));
    return imei;
}

static inline void thing_named(struct thing *t, const char *host, const char *id)
{
    assert_ok(device_id_parse(bytes_of_str(id), &t->id));
    t->record_id = t->id;
    snprintf(t->url, sizeof t->url, "https://%s/DeviceID=%s", host, id);
}

/* As it leaves the factory; `wish` NULL: with a certificate that is good. */
static inline struct thing *thing_make_as(unsigned i, const struct cert_wish *wish)
{
    struct thing *t = &things[i];
    char id[32];
    snprintf(id, sizeof id, "device-%u", i);
    cert_drop(&t->leaf);
    device_drop(&t->identity);
    *t = (struct thing){.imei = thing_imei(i), .record_imei = thing_imei(i), .serial = 1};
    thing_named(t, MAKER_HOST, id);
    struct cert_wish w = {.cn = "device"};
    w = wish != NULL ? *wish : w;
    w.by = w.by != NULL ? w.by : &roots[0];
    w.usage = w.usage != NULL ? w.usage : "critical,keyAgreement";
    w.role = w.role != NULL ? w.role : ROLE_DEVICE;
    cert_make(&t->leaf, &w);
    return t;
}

static inline struct thing *thing_make(unsigned i)
{
    return thing_make_as(i, NULL);
}

static inline void thing_has_identity(struct thing *t)
{
    device_make(&t->identity, VERIFY_KEY_P256);
    t->has_identity = t->proves = true;
    t->proves_with = &t->identity;
}

static inline void things_drop(void)
{
    for (unsigned i = 0; i < THINGS; i++) {
        cert_drop(&things[i].leaf);
        device_drop(&things[i].identity);
        things[i] = (struct thing){.serial = 0};
    }
}

static inline enum err thing_sign(void *ctx, struct bytes content, uint8_t *out, size_t *n)
{
    const struct thing *t = ctx;
    struct device_signature s;
    device_sign(t->proves_with, content, &s);
    assert_true(s.n <= *n);
    memcpy(out, s.octets, s.n);
    *n = s.n;
    return E_OK;
}

/* Step 1: a request to this network, with a fresh nonce; its container. */
static inline struct bytes thing_asks(struct thing *t, const char *plmn)
{
    const struct devid_signer signer = {
        .ctx = t, .algorithm = DEVID_ECDSA_P256, .sign = thing_sign};
    const struct certattach_device device = {
        .url = bytes_of_str(t->url), .imei = t->imei, .signer = t->proves ? &signer : NULL};
    struct certattach_request request;
    struct bytes value;
    struct plmn network;
    assert_ok(plmn_parse(bytes_of_str(plmn), &network));
    assert_ok(
        certattach_device_ask(&things_crypto, &device, &network, t->room, &t->asked, &request));
    assert_ok(wire_certattach_request_write(&request, MBYTES_OF(t->octets), &value));
    return value;
}

/* ---- step 5: what the device does with a result ---- */

/* With OpenSSL's general functions: is it the signature of the operator's first certificate? */
static inline enum certattach_refusal thing_verify(void *ctx, struct bytes certificates,
                                                   const struct plmn *plmn, int64_t expiry,
                                                   struct bytes content, struct bytes signature)
{
    const unsigned char *p = certificates.p;
    struct device_signature s = {.n = signature.n};
    X509 *x = d2i_X509(NULL, &p, (long)certificates.n);
    EVP_MD_CTX *md = EVP_MD_CTX_new();
    char realm[REALM_TEXT_MAX];
    (void)ctx;
    assert_non_null(x);
    assert_int_equal(signature.n, 64);
    memcpy(s.octets, signature.p, signature.n);
    device_to_der(&s);
    EVP_PKEY *key = X509_get_pubkey(x);
    bool good = EVP_DigestVerifyInit(md, NULL, EVP_sha256(), NULL, key) == 1 &&
                EVP_DigestVerify(md, s.octets, s.n, content.p, content.n) == 1;
    plmn_realm(plmn, realm);
    bool lists = X509_check_host(x, realm, 0, 0, NULL) == 1;
    bool ours = X509_verify(x, provisioner.key) == 1;
    EVP_PKEY_free(key);
    EVP_MD_CTX_free(md);
    X509_free(x);
    return !ours                          ? CERTATTACH_REFUSED_UNTRUSTED
           : !lists                       ? CERTATTACH_REFUSED_OTHER_PLMN
           : !good                        ? CERTATTACH_REFUSED_SIGNATURE
           : expiry < (int64_t)time(NULL) ? CERTATTACH_REFUSED_EXPIRED
                                          : CERTATTACH_REFUSED_NONE;
}

static inline EVP_PKEY *point_key(struct bytes sent)
{
    EVP_PKEY *key = NULL;
    EVP_PKEY_CTX *ctx = EVP_PKEY_CTX_new_from_name(NULL, "EC", NULL);
    OSSL_PARAM params[] = {
        OSSL_PARAM_construct_utf8_string(OSSL_PKEY_PARAM_GROUP_NAME, (char[]){"P-256"}, 0),
        OSSL_PARAM_construct_octet_string(OSSL_PKEY_PARAM_PUB_KEY, (void *)(uintptr_t)sent.p,
                                          sent.n),
        OSSL_PARAM_construct_end()};
    assert_int_equal(EVP_PKEY_fromdata_init(ctx), 1);
    if (EVP_PKEY_fromdata(ctx, &key, EVP_PKEY_PUBLIC_KEY, params) != 1) {
        key = NULL;
    }
    EVP_PKEY_CTX_free(ctx);
    return key;
}

static inline enum err rsa_secret(EVP_PKEY *own, struct bytes sent, uint8_t secret[static 32])
{
    static const char label[] = CERTATTACH_OAEP_LABEL;
    uint8_t plain[512];
    size_t n = sizeof plain;
    EVP_PKEY_CTX *ctx = EVP_PKEY_CTX_new(own, NULL);
    assert_int_equal(EVP_PKEY_decrypt_init(ctx), 1);
    EVP_PKEY_CTX_set_rsa_padding(ctx, RSA_PKCS1_OAEP_PADDING);
    EVP_PKEY_CTX_set_rsa_oaep_md(ctx, EVP_sha256());
    EVP_PKEY_CTX_set_rsa_mgf1_md(ctx, EVP_sha256());
    EVP_PKEY_CTX_set0_rsa_oaep_label(ctx, OPENSSL_strdup(label), (int)strlen(label));
    bool good = EVP_PKEY_decrypt(ctx, plain, &n, sent.p, sent.n) == 1 && n == 32;
    if (good) {
        memcpy(secret, plain, 32);
    }
    EVP_PKEY_CTX_free(ctx);
    return good ? E_OK : E_BAD_MAC;
}

static inline enum err thing_secret(void *ctx, enum certattach_form form, struct bytes sent,
                                    uint8_t secret[static CERTATTACH_SECRET_LEN])
{
    const struct thing *t = ctx;
    size_t n = CERTATTACH_SECRET_LEN;
    if (form == CERTATTACH_RSA) {
        return rsa_secret(t->leaf.key, sent, secret);
    }
    EVP_PKEY *peer = point_key(sent);
    assert_non_null(peer);
    EVP_PKEY_CTX *derive = EVP_PKEY_CTX_new(t->leaf.key, NULL);
    assert_int_equal(EVP_PKEY_derive_init(derive), 1);
    assert_int_equal(EVP_PKEY_derive_set_peer(derive, peer), 1);
    assert_int_equal(EVP_PKEY_derive(derive, secret, &n), 1);
    EVP_PKEY_CTX_free(derive);
    EVP_PKEY_free(peer);
    return n == CERTATTACH_SECRET_LEN ? E_OK : E_CRYPTO;
}

static inline enum certattach_refusal thing_takes(struct thing *t, struct bytes value,
                                                  struct certattach_profile *out)
{
    uint8_t room[CERTATTACH_PROFILE_MAX];
    struct certattach_result result;
    const bool rsa = EVP_PKEY_is_a(t->leaf.key, "RSA") == 1;
    const struct certattach_device_port port = {
        .ctx = t,
        .verify = thing_verify,
        .secret = thing_secret,
        .sent_n = (uint16_t)(rsa ? EVP_PKEY_get_size(t->leaf.key) : 33)};
    assert_ok(wire_certattach_result_read(value, &result));
    return certattach_device_take(&things_crypto, &port, &t->id, &result, MBYTES_OF(room),
                                  &t->asked, out);
}

/* ---- all of it, once for a program ---- */

static inline void pki_make_server(const char *name, const char *names)
{
    pki_make(&pki_files, name, "tls-ca", name, names);
}

static inline void onboard_keys(void)
{
    pki_open(&pki_files);
    assert_ok(crypto_openssl_open(&things_crypto));
    cert_make(&roots[0], &(struct cert_wish){.cn = "device CA", .ca = true});
    cert_make(&roots[1], &(struct cert_wish){.cn = "stranger", .ca = true});
    cert_make(&provisioner, &(struct cert_wish){.cn = "provisioning CA", .ca = true});
    cert_make(&operator_cert, &(struct cert_wish){.cn = "operator",
                                                  .by = &provisioner,
                                                  .role = ROLE_OPERATOR,
                                                  .names = "DNS:" NETWORK});
    (void)cert_save(&pki_files, "device-ca", &roots[0]);
    (void)cert_save(&pki_files, "operator", &operator_cert);
    repository_open(&signers[0], &pki_files, "maker");
    repository_open(&signers[1], &pki_files, "stranger");
    pki_make(&pki_files, "tls-ca", NULL, "tls-ca", NULL);
    pki_make_server("site", "DNS:localhost");
    pki_make_server("hss", "DNS:hss.example.net");
}

static inline void onboard_keys_gone(void)
{
    things_drop();
    cert_drop(&roots[0]);
    cert_drop(&roots[1]);
    cert_drop(&provisioner);
    cert_drop(&operator_cert);
    repository_close(&signers[0]);
    repository_close(&signers[1]);
    crypto_openssl_close(&things_crypto);
    pki_close(&pki_files);
}

#endif
