/* What this example's platform brings for a device that left its factory without an operator: a
 * secure element in software. A modem has a real one, which does all of it itself, or keeps the key
 * and the slot in protected storage; its X.509 code, or this, verifies the ARPF. */
#define _GNU_SOURCE
#include "discovery.h"
#include <openssl/ec.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/x509v3.h>
#include <stdio.h>
#include <string.h>

/* ---- whom it trusts ---- */

static X509_STORE *ci;

bool discovery_trust(const char *path)
{
    FILE *f = fopen(path, "re");
    X509 *root = f != NULL ? PEM_read_X509(f, NULL, NULL, NULL) : NULL;
    ci = X509_STORE_new();
    bool done = root != NULL && ci != NULL && X509_STORE_add_cert(ci, root) == 1;
    X509_free(root);
    if (f != NULL) {
        (void)fclose(f);
    }
    return done;
}

/* An ARPF's, for key agreement. */
static bool is_arpf(X509 *certificate)
{
    static const char role[] = "1.3.6.1.4.1.32473.1.1.8";
    EXTENDED_KEY_USAGE *uses = X509_get_ext_d2i(certificate, NID_ext_key_usage, NULL, NULL);
    bool found = false;
    for (int i = 0; i < sk_ASN1_OBJECT_num(uses); i++) {
        char oid[64];
        (void)OBJ_obj2txt(oid, sizeof oid, sk_ASN1_OBJECT_value(uses, i), 1);
        found = found || strcmp(oid, role) == 0;
    }
    EXTENDED_KEY_USAGE_free(uses);
    return found && X509_get_key_usage(certificate) == KU_KEY_AGREEMENT;
}

static bool is_trusted(X509 *certificate, STACK_OF(X509) * rest)
{
    X509_STORE_CTX *c = X509_STORE_CTX_new();
    bool done =
        c != NULL && X509_STORE_CTX_init(c, ci, certificate, rest) == 1 && X509_verify_cert(c) == 1;
    X509_STORE_CTX_free(c);
    return done;
}

static bool name_of(X509 *certificate, char name[65])
{
    GENERAL_NAMES *names = X509_get_ext_d2i(certificate, NID_subject_alt_name, NULL, NULL);
    bool found = false;
    for (int i = 0; i < sk_GENERAL_NAME_num(names) && !found; i++) {
        const GENERAL_NAME *g = sk_GENERAL_NAME_value(names, i);
        if (g->type == GEN_DNS && ASN1_STRING_length(g->d.dNSName) < 65) {
            const int n = ASN1_STRING_length(g->d.dNSName);
            memcpy(name, ASN1_STRING_get0_data(g->d.dNSName), (size_t)n);
            name[n] = '\0';
            found = true;
        }
    }
    GENERAL_NAMES_free(names);
    return found;
}

static bool point_of(EVP_PKEY *key, uint8_t point[65])
{
    uint8_t *p = NULL;
    const size_t n = key != NULL ? EVP_PKEY_get1_encoded_public_key(key, &p) : 0;
    char group[32] = "";
    bool done = n == 65 && EVP_PKEY_get_group_name(key, group, sizeof group, NULL) == 1 &&
                strcmp(group, "prime256v1") == 0;
    if (done) {
        memcpy(point, p, 65);
    }
    OPENSSL_free(p);
    return done;
}

static bool arpf(void *ctx, const uint8_t *chain, size_t n, char name[65], uint8_t point[65])
{
    const uint8_t *end = chain + n;
    STACK_OF(X509) *rest = sk_X509_new_null();
    X509 *first = d2i_X509(NULL, &chain, (long)n);
    bool done = first != NULL && rest != NULL && ci != NULL;
    (void)ctx;
    while (done && chain < end) {
        X509 *next = d2i_X509(NULL, &chain, end - chain);
        done = next != NULL && sk_X509_push(rest, next) > 0;
    }
    /* By the CI itself: part numbers stand below it too, and may not speak in an ARPF's name. */
    done = done && sk_X509_num(rest) == 0 && is_trusted(first, rest) && is_arpf(first) &&
           name_of(first, name) && point_of(X509_get0_pubkey(first), point);
    X509_free(first);
    sk_X509_pop_free(rest, X509_free);
    return done;
}

/* ---- a key for once ---- */

static bool agree(void *ctx, const uint8_t arpf_point[65], uint8_t se[65], uint8_t z[32])
{
    size_t n = 32;
    EVP_PKEY *once = EVP_EC_gen("P-256"), *peer = EVP_PKEY_new();
    EVP_PKEY_CTX *c = once != NULL ? EVP_PKEY_CTX_new(once, NULL) : NULL;
    (void)ctx;
    /* It is checked that the point is one of the curve. */
    bool done = c != NULL && peer != NULL && EVP_PKEY_copy_parameters(peer, once) == 1 &&
                EVP_PKEY_set1_encoded_public_key(peer, arpf_point, 65) == 1 &&
                EVP_PKEY_derive_init(c) == 1 && EVP_PKEY_derive_set_peer(c, peer) == 1 &&
                EVP_PKEY_derive(c, z, &n) == 1 && n == 32 && point_of(once, se);
    EVP_PKEY_CTX_free(c);
    EVP_PKEY_free(peer);
    EVP_PKEY_free(once);
    return done;
}

/* SK.SE.ECDSA. In a device it is a key of its own; this one has one key for all. */
static bool sign(void *ctx, const uint8_t *content, size_t n, uint8_t signature[64])
{
    size_t room = 64;
    (void)ctx;
    return platform_signer.sign(platform_signer.ctx, content, n, signature, &room) && room == 64;
}

struct bindery_ue_se discovery_se(const uint8_t *certificate, size_t n, uint32_t counter)
{
    return (struct bindery_ue_se){.arpf = arpf,
                                  .agree = agree,
                                  .sign = sign,
                                  .certificate = certificate,
                                  .certificate_n = n,
                                  .counter = counter};
}

/* ---- the slot ---- */

bool discovery_store(const struct discovery *d)
{
    uint8_t record[BINDERY_UE_SLOT_MAX];
    size_t n = sizeof record;
    bool done = bindery_ue_slot_write(&d->slot, &platform_crypto, record, &n) == BINDERY_UE_OK &&
                flash_write(&d->flash, record, n);
    memset(record, 0, sizeof record);
    return done;
}

bool discovery_load(struct discovery *d)
{
    uint8_t record[BINDERY_UE_SLOT_MAX];
    const size_t n = flash_read(&d->flash, record, sizeof record);
    d->there =
        n > 0 && bindery_ue_slot_read(&d->slot, &platform_crypto, record, n) == BINDERY_UE_OK;
    memset(record, 0, sizeof record);
    return d->there;
}

/* An IMSI is stored before RES leaves; if it cannot be, nothing was installed. */
enum bindery_ue_discovery_outcome discovery_challenge(void *ctx, const uint8_t rand[16],
                                                      const uint8_t *autn,
                                                      struct bindery_ue_usim_answer *out,
                                                      char imsi[15], uint8_t *imsi_n)
{
    struct discovery *d = ctx;
    const struct bindery_ue_slot before = d->slot;
    const enum bindery_ue_discovery_outcome o =
        bindery_ue_slot_challenge(&d->slot, &platform_crypto, rand, autn, out, imsi, imsi_n);
    if (o != BINDERY_UE_DISCOVERY_INSTALLED ||
        (bindery_ue_slot_installed(&d->slot, imsi, *imsi_n) == BINDERY_UE_OK &&
         discovery_store(d))) {
        return o;
    }
    d->slot = before;
    memset(out, 0, sizeof *out);
    return BINDERY_UE_DISCOVERY_NOT_STORED;
}
