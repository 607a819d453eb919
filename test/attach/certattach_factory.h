/* test/attach/certattach_factory.h - who makes devices that have no subscription, who vouches for
 * them, and who may give them one, for the world of test/attach/world.h: a maker's CA with its
 * revocation list and the site's signer of records, provisioning operators, and devices with a key
 * pair that results are encrypted to. All of it is real, and made once for a program. Header only.
 */
#ifndef BINDERY_TEST_ATTACH_CERTATTACH_FACTORY_H
#define BINDERY_TEST_ATTACH_CERTATTACH_FACTORY_H

#include "attach/ausf.h"
#include "device/linux/onboard_openssl.h"
#include "net/verify_oids.h"
#include "nf/common/onboard_port.h"
#include "nf/devid_pki.h"

#define FACTORY_HOST     "ca.example.org"
#define FACTORY_DEVICE   VERIFY_OID_ROLES ".5"
#define FACTORY_OPERATOR VERIFY_OID_ROLES ".7"
#define FACTORY_HOME     "DNS:epc.mnc001.mcc001.3gppnetwork.org"
#define FACTORY_BOTH     FACTORY_HOME ",DNS:epc.mnc002.mcc002.3gppnetwork.org"

/* A provisioning operator: what a device is shown, and what results are signed with. */
struct operator_keys {
    struct cert certificate;
    struct onboard_signer *signer;
    struct onboard_operator *tools;
};
/* One device's key pair, and what its site has of it. */
struct fresh {
    struct onboard_openssl tools; /* first: the context of the device's functions */
    struct device *device;
    struct home *home;
    uint8_t pkcs8[ONBOARD_KEY_MAX];
    size_t pkcs8_n;
    struct cert certificate;
    char url[CERTATTACH_URL_MAX + 1];
    struct device_record record;
    uint8_t octets[DEVICE_RECORD_MAX];
    uint8_t signature[64];
    struct certattach_context context;
    bool published;
    /* The key that proves its IMEI, if it has one. */
    struct device_key identity;
    struct binding_record binding;
    uint8_t binding_octets[BINDING_RECORD_LEN];
    uint8_t binding_signature[64];
    struct bindery_ue_signer signer;
};
struct factory {
    bool made;
    struct pki pki;
    struct cert maker, root, stranger;
    struct repository site;
    struct onboard_authority *authority;
    struct onboard_authority_options options;
    const char *signers[1];
    char roots[64], crl[64];
    struct operator_keys home;
    struct onboard_roots *device_roots;
    struct fresh devices[WORLD_UES];
};
static struct factory factory;

/* What it may be used for, and of which names: both are the issuer's to say. */
static inline void cert_grant(struct cert *c, const struct cert *by, const char *role,
                              const char *names)
{
    if (role != NULL) {
        pki_extend(c->x, NID_ext_key_usage, role);
    }
    if (names != NULL) {
        pki_extend(c->x, NID_subject_alt_name, names);
    }
    assert_true(X509_sign(c->x, by->key, EVP_sha256()) > 0);
    cert_encode(c);
}

/* An operator of this name, certified by `by` with these faults. */
static inline void operator_make(struct operator_keys *o, const char *name, const struct cert *by,
                                 const char *role, const char *names, struct cert_wish wish)
{
    struct verify_why why;
    char key[64];
    wish.cn = name;
    wish.by = by;
    cert_make(&o->certificate, &wish);
    cert_grant(&o->certificate, by, role, names);
    const char *path = cert_save(&factory.pki, name, &o->certificate);
    snprintf(key, sizeof key, "%s", pki_path(&factory.pki, name, ".key"));
    if (onboard_signer_open(path, key, &o->signer, &why) != E_OK) {
        fail_msg("%s", why.text);
    }
    assert_ok(onboard_operator_open(o->signer, &o->tools));
}

static inline void operator_drop(struct operator_keys *o)
{
    onboard_operator_close(o->tools);
    onboard_signer_close(o->signer);
    cert_drop(&o->certificate);
}

/* ---- devices --------------------------------------------------------------------------------- */

/* Signs the record as it is now, and the site has it. */
static inline void fresh_publish(struct fresh *f)
{
    struct bytes record = device_record_write(&f->record, f->octets);
    assert_ok(signer_sign(factory.site.signer, record, f->signature));
    f->context.record = record;
    f->context.signature = BYTES_OF(f->signature);
    f->context.signer = signer_id(factory.site.signer);
    f->context.n_chain = f->record.status == BINDING_REVOKED ? 0 : 1;
    f->context.chain[0] = f->certificate.der;
    f->published = true;
}

/* A certificate of the device's key with these faults, instead of the one that it has; and the
 * record follows it. */
static inline void fresh_certify(struct fresh *f, const char *role, struct cert_wish wish)
{
    const unsigned char *p = f->pkcs8;
    const bool ec = f->pkcs8_n < 300;
    cert_drop(&f->certificate);
    wish.key = d2i_AutoPrivateKey(NULL, &p, (long)f->pkcs8_n);
    wish.cn = "device";
    wish.by = wish.by != NULL ? wish.by : &factory.maker;
    wish.usage = wish.usage != NULL ? wish.usage
                 : ec               ? "critical,keyAgreement"
                                    : "critical,keyEncipherment";
    cert_make(&f->certificate, &wish);
    cert_grant(&f->certificate, wish.by, role, NULL);
    unsigned n = 0;
    assert_int_equal(EVP_Digest(f->certificate.der.p, f->certificate.der.n, f->record.digest, &n,
                                EVP_sha256(), NULL),
                     1);
    fresh_publish(f);
}

/* A device with a new key: P-256, or RSA of so many bits. */
static inline void fresh_make(struct fresh *f, const char *id, const char *imei, unsigned rsa_bits)
{
    memset(f, 0, sizeof *f);
    assert_ok(onboard_openssl_make(rsa_bits, f->pkcs8, &f->pkcs8_n));
    snprintf(f->url, sizeof f->url, "https://" FACTORY_HOST "/DeviceID=%s", id);
    f->record = (struct device_record){.manufacturer = "Maker",
                                       .model = "M1",
                                       .serial_number = "0001",
                                       .status = BINDING_ACTIVE,
                                       .serial = 1,
                                       .issued = (int64_t)time(NULL) - DAY};
    assert_ok(device_id_parse(bytes_of_str(id), &f->record.id));
    assert_ok(imei_parse(bytes_of_str(imei), &f->record.imei));
    fresh_certify(f, FACTORY_DEVICE, (struct cert_wish){.cn = NULL});
    f->tools =
        (struct onboard_openssl){.roots = factory.device_roots, .key = {f->pkcs8, f->pkcs8_n}};
}

static inline void fresh_drop(struct fresh *f)
{
    cert_drop(&f->certificate);
    if (f->identity.key != NULL) {
        device_drop(&f->identity);
    }
    memset(f, 0, sizeof *f);
}

static inline bool fresh_sign(void *ctx, const uint8_t *content, size_t n, uint8_t *signature,
                              size_t *signature_n)
{
    struct device_signature s;
    device_sign(ctx, (struct bytes){content, n}, &s);
    assert_true(s.n <= *signature_n);
    memcpy(signature, s.octets, s.n);
    *signature_n = s.n;
    return true;
}

/* The maker gives it a key to prove its IMEI with as well, and says so. */
static inline void fresh_identify(struct fresh *f)
{
    const struct bytes none = {NULL, 0};
    int64_t now = (int64_t)time(NULL);
    device_make(&f->identity, VERIFY_KEY_P256);
    f->binding = (struct binding_record){.imei = f->record.imei,
                                         .use = BINDING_IDENTITY,
                                         .form = BINDING_PUBLIC_KEY,
                                         .status = BINDING_ACTIVE,
                                         .not_before = now - DAY,
                                         .not_after = now + DAY,
                                         .serial = 1,
                                         .issued = now - DAY};
    unsigned n = 0;
    assert_int_equal(
        EVP_Digest(f->identity.spki, f->identity.spki_n, f->binding.digest, &n, EVP_sha256(), NULL),
        1);
    binding_record_write(&f->binding, f->binding_octets);
    assert_ok(signer_sign(factory.site.signer, BYTES_OF(f->binding_octets), f->binding_signature));
    f->context.has_identity = true;
    f->context.identity = (struct devid_credential){.status = DEVID_FOUND,
                                                    .form = BINDING_PUBLIC_KEY,
                                                    .spki = device_spki(&f->identity),
                                                    .record = BYTES_OF(f->binding_octets),
                                                    .signature = BYTES_OF(f->binding_signature),
                                                    .signer = signer_id(factory.site.signer),
                                                    .source = DEVID_FROM_REPOSITORY};
    f->signer = (struct bindery_ue_signer){
        .ctx = &f->identity, .algorithm = DEVID_ECDSA_P256, .sign = fresh_sign};
    (void)none;
}

/* ---- all of it ------------------------------------------------------------------------------- */

static inline void factory_trust(void)
{
    struct verify_why why;
    onboard_authority_close(factory.authority);
    if (onboard_authority_open(&factory.options, &factory.authority, &why) != E_OK) {
        fail_msg("%s", why.text);
    }
}

static inline void factory_open(void)
{
    struct factory *y = &factory;
    if (y->made) {
        return;
    }
    y->made = true;
    pki_open(&y->pki);
    cert_make(&y->maker, &(struct cert_wish){.cn = "maker", .ca = true});
    cert_make(&y->root, &(struct cert_wish){.cn = "provisioning", .ca = true});
    cert_make(&y->stranger, &(struct cert_wish){.cn = "somebody", .ca = true});
    snprintf(y->roots, sizeof y->roots, "%s", cert_save(&y->pki, "maker", &y->maker));
    snprintf(y->crl, sizeof y->crl, "%s", pki_path(&y->pki, "maker", ".crl"));
    crl_save(y->crl, false, &y->maker, NULL, DAY);
    repository_open(&y->site, &y->pki, "site");
    y->signers[0] = y->site.public_path;
    y->options = (struct onboard_authority_options){
        .signers = y->signers, .n_signers = 1, .roots = y->roots, .crl = y->crl};
    factory_trust();
    assert_ok(onboard_openssl_roots(&y->root.der, 1, &y->device_roots));
    operator_make(&y->home, "operator", &y->root, FACTORY_OPERATOR, FACTORY_BOTH,
                  (struct cert_wish){.cn = NULL});
    fresh_make(&y->devices[0], "d-0001", "35693803564380", 0);
    fresh_make(&y->devices[1], "d-0002", "35693803564390", 2048);
}

static inline int factory_close(void **state)
{
    (void)state;
    struct factory *y = &factory;
    if (y->made) {
        operator_drop(&y->home);
        onboard_authority_close(y->authority);
        onboard_openssl_roots_free(y->device_roots);
        for (unsigned i = 0; i < WORLD_UES; i++) {
            fresh_drop(&y->devices[i]);
        }
        cert_drop(&y->maker);
        cert_drop(&y->root);
        cert_drop(&y->stranger);
        repository_close(&y->site);
        pki_close(&y->pki);
    }
    return 0;
}

#endif
