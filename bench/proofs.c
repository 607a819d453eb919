/* bench/proofs - how many proofs of procedure devid one core verifies.
 *
 *   bench_proofs FOLDER ALGORITHM [SECONDS]
 *
 * Step 9 as the MME does it: devid_check with nf/common/devid_port, from the credential and the
 * proof to the outcome. DEVICES devices take turns, each with a key of its own, so that no key is
 * the one of the time before. Warm: the repository's record, and the chain, were verified before,
 * and the signature is left. Cold: nothing is remembered; a record is one more verification
 * (P-256), a chain of one certificate under a P-256 CA yet another.
 * FOLDER gets the repository's key and the CA. Output: one line each,
 * "case TAB verifications TAB proofs per second of processor time".
 */
#include "crypto/openssl.h"
#include "lib/measure.h"
#include "net/verify_key.h"
#include "net/verify_sign.h"
#include "nf/common/devid_port.h"

#include <fcntl.h>
#include <openssl/pem.h>
#include <openssl/rsa.h>
#include <openssl/x509v3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#define DEVICES     32
#define DEVICES_RSA 8 /* making an RSA key takes a while */
#define KEPT        65536u
#define DER_MAX     2048

struct party {
    EVP_PKEY *key;
    X509 *certificate;
};
struct device {
    struct imei imei;
    uint8_t record[BINDING_RECORD_LEN], signature[SIGNATURE_LEN];
    uint8_t der[DER_MAX]; /* the certificate, or the key */
    struct devid_credential credential;
    struct devid_proof proof;
    struct devid_asked asked;
};
struct work {
    const char *folder;
    uint8_t algorithm;
    size_t n;
    int64_t at;
    struct crypto crypto;
    struct signer *repository;
    struct party ca;
    EVP_PKEY *keys[DEVICES];
    struct device devices[2][DEVICES]; /* by form: a public key, a certificate */
    struct devid_challenge challenge;
    struct key_kasme kasme;
    struct devid_verifier *warm, *cold;
};

static void die(const char *what)
{
    fprintf(stderr, "bench_proofs: %s\n", what);
    exit(1);
}

static void need(bool ok, const char *what)
{
    if (!ok) {
        die(what);
    }
}

/* ---- keys and certificates ---- */

static EVP_PKEY *make_key(uint8_t algorithm)
{
    EVP_PKEY *key = NULL;
    if (algorithm == DEVID_ECDSA_P256) {
        key = EVP_EC_gen("P-256");
    } else if (algorithm == DEVID_ECDSA_P384) {
        key = EVP_EC_gen("P-384");
    } else if (algorithm == DEVID_ED25519) {
        key = EVP_PKEY_Q_keygen(NULL, NULL, "ED25519");
    } else {
        key = EVP_RSA_gen(2048);
    }
    need(key != NULL, "a key could not be made");
    return key;
}

static X509 *certify(EVP_PKEY *key, const char *name, const struct party *ca)
{
    X509 *x = X509_new();
    X509_EXTENSION *basic =
        X509V3_EXT_conf_nid(NULL, NULL, NID_basic_constraints,
                            ca->certificate ? "critical,CA:FALSE" : "critical,CA:TRUE");
    X509_EXTENSION *usage =
        X509V3_EXT_conf_nid(NULL, NULL, NID_key_usage,
                            ca->certificate ? "critical,digitalSignature" : "critical,keyCertSign");
    bool ok =
        x != NULL && basic != NULL && usage != NULL && X509_set_version(x, 2) == 1 &&
        ASN1_INTEGER_set(X509_get_serialNumber(x), 1) == 1 &&
        X509_gmtime_adj(X509_getm_notBefore(x), -3600) != NULL &&
        X509_gmtime_adj(X509_getm_notAfter(x), 864000) != NULL && X509_set_pubkey(x, key) == 1 &&
        X509_NAME_add_entry_by_txt(X509_get_subject_name(x), "CN", MBSTRING_UTF8,
                                   (const unsigned char *)name, -1, -1, 0) == 1 &&
        X509_set_issuer_name(x, X509_get_subject_name(ca->certificate ? ca->certificate : x)) ==
            1 &&
        X509_add_ext(x, basic, -1) == 1 && X509_add_ext(x, usage, -1) == 1 &&
        X509_sign(x, ca->key, EVP_sha256()) > 0;
    need(ok, "a certificate could not be made");
    X509_EXTENSION_free(basic);
    X509_EXTENSION_free(usage);
    return x;
}

static FILE *create(const struct work *w, const char *name, char path[static 256])
{
    need((size_t)snprintf(path, 256, "%s/%s", w->folder, name) < 256, "the folder's name is long");
    int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
    FILE *f = fd >= 0 ? fdopen(fd, "w") : NULL;
    need(f != NULL, "a file could not be made in the folder");
    return f;
}

/* ---- parties ---- */

static void open_ports(struct work *w, const char *signer, const char *ca)
{
    struct verify_why why;
    struct devid_port_options options = {
        .signers = &signer, .n_signers = 1, .ca = ca, .kept = KEPT};
    need(devid_port_open(&options, &w->warm, &why) == E_OK, "no port");
    options.kept = 0;
    need(devid_port_open(&options, &w->cold, &why) == E_OK, "no port");
}

static void make_parties(struct work *w)
{
    static char key_path[256], public_path[256], ca_path[256];
    struct verify_why why;
    EVP_PKEY *key = make_key(DEVID_ECDSA_P256);
    FILE *private = create(w, "repository.key", key_path);
    FILE *public = create(w, "repository.pub", public_path);
    FILE *ca = create(w, "device-ca.crt", ca_path);
    w->ca.key = make_key(DEVID_ECDSA_P256);
    w->ca.certificate = certify(w->ca.key, "maker", &w->ca);
    bool ok = PEM_write_PrivateKey(private, key, NULL, NULL, 0, NULL, NULL) == 1 &&
              PEM_write_PUBKEY(public, key) == 1 && PEM_write_X509(ca, w->ca.certificate) == 1;
    bool closed = fclose(private) == 0 && fclose(public) == 0 && fclose(ca) == 0;
    need(ok && closed, "the keys could not be written");
    EVP_PKEY_free(key);
    need(signer_open(key_path, &w->repository, &why) == E_OK, "no signer");
    open_ports(w, public_path, ca_path);
}

/* ---- devices ---- */

static bool to_raw(uint8_t *signature, size_t *n, size_t half)
{
    const unsigned char *p = signature;
    ECDSA_SIG *sig = d2i_ECDSA_SIG(NULL, &p, (long)*n);
    bool ok = sig != NULL && BN_bn2binpad(ECDSA_SIG_get0_r(sig), signature, (int)half) > 0 &&
              BN_bn2binpad(ECDSA_SIG_get0_s(sig), signature + half, (int)half) > 0;
    ECDSA_SIG_free(sig);
    *n = 2 * half;
    return ok;
}

static enum err sign(void *ctx, struct bytes content, uint8_t *signature, size_t *n)
{
    EVP_PKEY *key = ctx;
    EVP_PKEY_CTX *pctx = NULL;
    EVP_MD_CTX *md = EVP_MD_CTX_new();
    bool edwards = EVP_PKEY_is_a(key, "ED25519") == 1, rsa = EVP_PKEY_is_a(key, "RSA") == 1;
    size_t half = edwards || rsa ? 0 : (size_t)(EVP_PKEY_get_bits(key) + 7) / 8;
    const EVP_MD *hash = edwards ? NULL : half == 48 ? EVP_sha384() : EVP_sha256();
    bool ok = md != NULL && EVP_DigestSignInit(md, &pctx, hash, NULL, key) == 1;
    if (ok && rsa) {
        ok = EVP_PKEY_CTX_set_rsa_padding(pctx, RSA_PKCS1_PSS_PADDING) == 1 &&
             EVP_PKEY_CTX_set_rsa_pss_saltlen(pctx, 32) == 1;
    }
    ok = ok && EVP_DigestSign(md, signature, n, content.p, content.n) == 1 &&
         (half == 0 || to_raw(signature, n, half));
    EVP_MD_CTX_free(md);
    return ok ? E_OK : E_CRYPTO;
}

/* What stands in the binding, in DER. */
static struct bytes encode(const struct work *w, EVP_PKEY *key, bool certificate,
                           uint8_t out[static DER_MAX])
{
    unsigned char *p = out;
    X509 *x = certificate ? certify(key, "device", &w->ca) : NULL;
    int n = certificate ? i2d_X509(x, NULL) : i2d_PUBKEY(key, NULL);
    need(n > 0 && n <= DER_MAX, "a key or a certificate is too long");
    n = certificate ? i2d_X509(x, &p) : i2d_PUBKEY(key, &p);
    X509_free(x);
    return (struct bytes){out, (size_t)n};
}

static void make_record(const struct work *w, struct device *d, uint8_t form, struct bytes der)
{
    struct binding_record r = {.imei = d->imei,
                               .use = BINDING_IDENTITY,
                               .form = form,
                               .status = BINDING_ACTIVE,
                               .not_before = w->at - 60,
                               .not_after = w->at + 86400,
                               .serial = 1,
                               .issued = w->at - 60};
    need(verify_digest(der, r.digest) == E_OK, "no digest");
    binding_record_write(&r, d->record);
    need(signer_sign(w->repository, BYTES_OF(d->record), d->signature) == E_OK, "no signature");
    d->credential = (struct devid_credential){.status = DEVID_FOUND,
                                              .form = form,
                                              .record = BYTES_OF(d->record),
                                              .signature = BYTES_OF(d->signature),
                                              .signer = signer_id(w->repository),
                                              .source = DEVID_FROM_REPOSITORY};
    if (form == BINDING_CERTIFICATE) {
        d->credential.n_chain = 1;
        d->credential.chain[0] = der;
    } else {
        d->credential.spki = der;
    }
}

static void make_device(struct work *w, size_t i, bool certificate)
{
    struct device *d = &w->devices[certificate][i];
    char digits[16];
    (void)snprintf(digits, sizeof digits, "35693803%06u", (unsigned)i);
    need(imei_parse(bytes_of_str(digits), &d->imei) == E_OK, "no IMEI");
    make_record(w, d, certificate ? BINDING_CERTIFICATE : BINDING_PUBLIC_KEY,
                encode(w, w->keys[i], certificate, d->der));
    d->asked = (struct devid_asked){.challenge = &w->challenge,
                                    .proof = &d->proof,
                                    .imei = d->imei,
                                    .session = {.kasme = &w->kasme},
                                    .at = w->at};
    const struct devid_signer signer = {w->keys[i], w->algorithm, sign};
    bool ok = plmn_parse(BYTES_LIT("001-01"), &d->asked.session.plmn) == E_OK &&
              devid_device_sign(&w->crypto, &w->challenge, &d->imei, &d->asked.session, &signer,
                                &d->proof) == E_OK;
    need(ok, "a device could not sign");
}

static void make_all(struct work *w)
{
    const struct bytes algorithms = {&w->algorithm, 1};
    w->at = time(NULL);
    need(crypto_openssl_open(&w->crypto) == E_OK, "no cryptography");
    need(devid_challenge_make(&w->crypto, algorithms, &w->challenge) == E_OK, "no challenge");
    make_parties(w);
    w->n = w->algorithm == DEVID_RSA_PSS ? DEVICES_RSA : DEVICES;
    for (size_t i = 0; i < w->n; i++) {
        w->keys[i] = make_key(w->algorithm);
        make_device(w, i, false);
        make_device(w, i, true);
    }
}

/* ---- measuring ---- */

static void round_of(const struct work *w, const struct devid_verifier *v, bool certificate)
{
    for (size_t i = 0; i < w->n; i++) {
        const struct device *d = &w->devices[certificate][i];
        struct devid_outcome out;
        devid_check(&w->crypto, devid_port_of(v), &d->asked, &d->credential, &out);
        need(out.result == DEVID_PROVEN, devid_cause_sentence(out.cause));
    }
}

static void measure(const struct work *w, const char *name, bool certificate, bool warm,
                    uint64_t ns)
{
    const struct devid_verifier *v = warm ? w->warm : w->cold;
    uint64_t n = 0, took = 0;
    round_of(w, v, certificate);
    for (uint64_t from = cpu_ns(); took < ns; took = cpu_ns() - from) {
        round_of(w, v, certificate);
        n += w->n;
    }
    printf("%s, %s\t%d\t%.0f\n", name, warm ? "warm" : "cold",
           warm          ? 1
           : certificate ? 3
                         : 2,
           (double)n * 1e9 / (double)took);
}

static void close_all(struct work *w)
{
    for (size_t i = 0; i < w->n; i++) {
        EVP_PKEY_free(w->keys[i]);
    }
    devid_port_close(w->warm);
    devid_port_close(w->cold);
    signer_close(w->repository);
    EVP_PKEY_free(w->ca.key);
    X509_free(w->ca.certificate);
    crypto_openssl_close(&w->crypto);
}

int main(int argc, char **argv)
{
    static struct work w;
    if (argc < 3 || devid_algorithm_parse(bytes_of_str(argv[2]), &w.algorithm) != E_OK) {
        die("usage: bench_proofs FOLDER ALGORITHM [SECONDS]");
    }
    uint64_t ns = (argc > 3 ? number_or_die(argv[3], "seconds", 1, 60) : 1) * UINT64_C(1000000000);
    w.folder = argv[1];
    make_all(&w);
    measure(&w, "public key", false, true, ns);
    measure(&w, "public key", false, false, ns);
    measure(&w, "certificate", true, true, ns);
    measure(&w, "certificate", true, false, ns);
    close_all(&w);
    return 0;
}
