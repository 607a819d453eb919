/* test/attach/makers.h - who makes devices and vouches for them, for the world of
 * test/attach/world.h: a CA with its revocation list, a repository that signs bindings, devices
 * with keys, and the MME's own verifier (nf/common/devid_port.h) over the files of both. All of it
 * is real; nothing is said to be good without a signature. Header only.
 */
#ifndef BINDERY_TEST_ATTACH_MAKERS_H
#define BINDERY_TEST_ATTACH_MAKERS_H

#include "attach/world.h"
#include "nf/common/devid_port.h"
#include "nf/devid_pki.h"

#define MAKERS_DAY 86400

/* One device's key and what was published of it. */
struct made {
    struct device_key key;
    struct cert certificate;
    struct binding_record record;
    uint8_t octets[BINDING_RECORD_LEN];
    uint8_t signature[64];
    struct devid_credential credential;
};
struct makers {
    struct world *w;
    struct pki pki;
    struct cert ca, other_ca;
    char ca_path[64], crl_path[64];
    struct repository repository, stranger;
    struct devid_verifier *verifier;
    struct made made[WORLD_UES];
    bool published[WORLD_UES];
    bool down; /* the repository */
};

/* The device's own function, as a product would have it. */
static inline bool makers_sign(void *ctx, const uint8_t *content, size_t n, uint8_t *signature,
                               size_t *signature_n)
{
    struct device_signature s;
    device_sign(ctx, (struct bytes){content, n}, &s);
    assert_true(s.n <= *signature_n);
    memcpy(signature, s.octets, s.n);
    *signature_n = s.n;
    return true;
}

static inline uint8_t makers_algorithm(enum verify_key_kind kind)
{
    return kind == VERIFY_KEY_P256      ? DEVID_ECDSA_P256
           : kind == VERIFY_KEY_P384    ? DEVID_ECDSA_P384
           : kind == VERIFY_KEY_ED25519 ? DEVID_ED25519
                                        : DEVID_RSA_PSS;
}

/* Puts this key into the device, NULL: takes it out; and switches the device on. */
static inline void makers_equip(struct makers *k, unsigned ue, struct device_key *key)
{
    struct device *d = &k->w->devices[ue];
    d->host.signer = NULL;
    if (key == NULL) {
        world_boot(k->w, ue);
        return;
    }
    d->signer = (struct bindery_ue_signer){
        .ctx = key, .algorithm = makers_algorithm(key->kind), .sign = makers_sign};
    d->host.signer = &d->signer;
    world_boot(k->w, ue);
}

static inline struct imei makers_imei(const struct makers *k, unsigned ue)
{
    struct imei imei;
    assert_ok(imei_parse(
        (struct bytes){(const uint8_t *)k->w->devices[ue].identity.imeisv, IMEI_DIGITS}, &imei));
    return imei;
}

/* Signs the record as it is now, and the credential follows it. */
static inline void makers_sign_record(struct makers *k, struct made *m, const struct repository *by)
{
    binding_record_write(&m->record, m->octets);
    assert_ok(signer_sign(by->signer, BYTES_OF(m->octets), m->signature));
    m->credential = (struct devid_credential){
        .status = m->record.status == BINDING_REVOKED ? DEVID_REVOKED : DEVID_FOUND,
        .form = m->record.form,
        .record = BYTES_OF(m->octets),
        .signature = BYTES_OF(m->signature),
        .signer = signer_id(by->signer),
        .source = DEVID_FROM_REPOSITORY};
    if (m->credential.status == DEVID_REVOKED) {
        return;
    }
    if (m->record.form == BINDING_CERTIFICATE) {
        m->credential.n_chain = 1;
        m->credential.chain[0] = m->certificate.der;
    } else {
        m->credential.spki = device_spki(&m->key);
    }
    (void)k;
}

static inline void makers_digest(struct makers *k, struct made *m)
{
    struct bytes of =
        m->record.form == BINDING_CERTIFICATE ? m->certificate.der : device_spki(&m->key);
    assert_ok(k->w->c.sha256(k->w->c.ctx, &of, 1, m->record.digest));
}

/* A certificate of the device's key with these faults, instead of the one it has. */
static inline void makers_certify(struct makers *k, struct made *m, struct cert_wish wish)
{
    X509_free(m->certificate.x);
    EVP_PKEY_up_ref(m->key.key);
    EVP_PKEY_free(m->certificate.key);
    wish.key = m->key.key;
    wish.cn = "device";
    wish.by = wish.by != NULL ? wish.by : &k->ca;
    cert_make(&m->certificate, &wish);
    makers_digest(k, m);
    makers_sign_record(k, m, &k->repository);
}

/* Makes a key, puts it into the device, and publishes its binding in this form. */
static inline struct made *makers_make(struct makers *k, unsigned ue, enum verify_key_kind kind,
                                       uint8_t form)
{
    struct made *m = &k->made[ue];
    device_make(&m->key, kind);
    m->record = (struct binding_record){.imei = makers_imei(k, ue),
                                        .use = BINDING_IDENTITY,
                                        .form = form,
                                        .status = BINDING_ACTIVE,
                                        .not_before = k->w->unix_s - MAKERS_DAY,
                                        .not_after = k->w->unix_s + MAKERS_DAY,
                                        .serial = 100 + ue,
                                        .issued = k->w->unix_s - MAKERS_DAY};
    makers_certify(k, m, (struct cert_wish){.by = NULL});
    makers_equip(k, ue, &m->key);
    k->published[ue] = true;
    return m;
}

static inline const struct devid_credential *makers_binding(void *ctx, const struct imei *imei)
{
    static const struct devid_credential silent = {.status = DEVID_UNAVAILABLE,
                                                   .cause = DEVID_CAUSE_REPOSITORY_SILENT};
    const struct makers *k = ctx;
    for (unsigned i = 0; !k->down && i < WORLD_UES; i++) {
        if (k->published[i] && imei_eq(&k->made[i].record.imei, imei)) {
            return &k->made[i].credential;
        }
    }
    return k->down ? &silent : NULL;
}

static inline void makers_policy(struct makers *k, const char *text)
{
    assert_ok(devid_policy_parse(bytes_of_str(text), &k->w->policy));
}

/* Whom the MME believes; anew, with or without the CA that is kept with a binding. */
static inline void makers_trust(struct makers *k, bool ca_with_binding)
{
    struct verify_why why;
    const char *signers[] = {k->repository.public_path};
    const struct devid_port_options options = {.signers = signers,
                                               .n_signers = 1,
                                               .ca = k->ca_path,
                                               .crl = k->crl_path,
                                               .ca_with_binding = ca_with_binding,
                                               .kept = 16};
    devid_port_close(k->verifier);
    if (devid_port_open(&options, &k->verifier, &why) != E_OK) {
        fail_msg("%s", why.text);
    }
    k->w->devid = devid_port_of(k->verifier);
}

/* Opens the world as well; the MME asks everybody whose subscription wants it. */
static inline void makers_open(struct makers *k, struct world *w)
{
    static const uint8_t accepted[] = {DEVID_ECDSA_P256, DEVID_ED25519, DEVID_ECDSA_P384,
                                       DEVID_RSA_PSS};
    memset(k, 0, sizeof *k);
    k->w = w;
    world_open(w);
    pki_open(&k->pki);
    cert_make(&k->ca, &(struct cert_wish){.cn = "maker", .ca = true});
    cert_make(&k->other_ca, &(struct cert_wish){.cn = "somebody", .ca = true});
    snprintf(k->ca_path, sizeof k->ca_path, "%s", cert_save(&k->pki, "ca", &k->ca));
    snprintf(k->crl_path, sizeof k->crl_path, "%s", pki_path(&k->pki, "ca", ".crl"));
    crl_save(k->crl_path, false, &k->ca, NULL, DAY);
    repository_open(&k->repository, &k->pki, "repository");
    repository_open(&k->stranger, &k->pki, "stranger");
    makers_trust(k, false);
    w->unix_s = (int64_t)time(NULL);
    w->binding = makers_binding;
    w->binding_ctx = k;
    w->config.devid = true;
    w->config.n_proof_algorithms = sizeof accepted;
    memcpy(w->config.proof_algorithms, accepted, sizeof accepted);
    makers_policy(k, "require");
}

static inline void makers_close(struct makers *k)
{
    world_close(k->w);
    devid_port_close(k->verifier);
    for (unsigned i = 0; i < WORLD_UES; i++) {
        if (k->made[i].key.key != NULL) {
            cert_drop(&k->made[i].certificate);
            device_drop(&k->made[i].key);
        }
    }
    cert_drop(&k->ca);
    cert_drop(&k->other_ca);
    repository_close(&k->repository);
    repository_close(&k->stranger);
    pki_close(&k->pki);
}

#endif
