#include "net/foreign_key.h"

#include <openssl/core_dispatch.h>
#include <openssl/core_names.h>
#include <openssl/ec.h>
#include <openssl/err.h>
#include <openssl/provider.h>
#include <openssl/x509.h>
#include <stdlib.h>
#include <string.h>

#define NAME        "bindery-foreign-key"
#define PARAM_PORT  "bindery-port" /* of a struct foreign_key_port, as it lies in memory */
#define GROUP       "prime256v1"
#define POINT_LEN   65u
#define HALF        32
#define DER_MOST    72u /* of such a signature */
#define CONTENT_MAX 256u

struct foreign_key {
    OSSL_LIB_CTX *library;
    OSSL_PROVIDER *provider;
    EVP_PKEY *pkey;
};

/* ---- the key, as the provider keeps it ---- */

struct kept {
    struct foreign_key_port port; /* sign NULL: a public key alone */
    uint8_t point[POINT_LEN];
};

static void *kept_new(void *provider)
{
    (void)provider;
    return calloc(1, sizeof(struct kept));
}

static void kept_free(void *key)
{
    free(key);
}

static int kept_has(const void *key, int selection)
{
    const struct kept *k = key;
    return (selection & OSSL_KEYMGMT_SELECT_PRIVATE_KEY) == 0 || k->port.sign != NULL;
}

static int kept_match(const void *a, const void *b, int selection)
{
    (void)selection;
    return memcmp(((const struct kept *)a)->point, ((const struct kept *)b)->point, POINT_LEN) == 0;
}

static int take_octets(const OSSL_PARAM *params, const char *name, void *out, size_t n)
{
    const OSSL_PARAM *p = OSSL_PARAM_locate_const(params, name);
    if (p == NULL || p->data_type != OSSL_PARAM_OCTET_STRING || p->data_size != n) {
        return 0;
    }
    memcpy(out, p->data, n);
    return 1;
}

static int kept_import(void *key, int selection, const OSSL_PARAM *params)
{
    struct kept *k = key;
    (void)selection;
    (void)take_octets(params, PARAM_PORT, &k->port, sizeof k->port); /* a public key has none */
    return take_octets(params, OSSL_PKEY_PARAM_PUB_KEY, k->point, sizeof k->point);
}

/* Nobody else gets more than the public half. */
static int kept_export(void *key, int selection, OSSL_CALLBACK *take, void *ctx)
{
    char group[] = GROUP;
    struct kept *k = key;
    OSSL_PARAM params[] = {
        OSSL_PARAM_construct_utf8_string(OSSL_PKEY_PARAM_GROUP_NAME, group, 0),
        OSSL_PARAM_construct_octet_string(OSSL_PKEY_PARAM_PUB_KEY, k->point, sizeof k->point),
        OSSL_PARAM_construct_end()};
    return (selection & OSSL_KEYMGMT_SELECT_PRIVATE_KEY) == 0 && take(params, ctx);
}

static const OSSL_PARAM *kept_types(int selection)
{
    static const OSSL_PARAM types[] = {OSSL_PARAM_utf8_string(OSSL_PKEY_PARAM_GROUP_NAME, NULL, 0),
                                       OSSL_PARAM_octet_string(OSSL_PKEY_PARAM_PUB_KEY, NULL, 0),
                                       OSSL_PARAM_END};
    (void)selection;
    return types;
}

static const OSSL_PARAM *kept_gettable(void *provider)
{
    static const OSSL_PARAM known[] = {
        OSSL_PARAM_int(OSSL_PKEY_PARAM_BITS, NULL),
        OSSL_PARAM_int(OSSL_PKEY_PARAM_SECURITY_BITS, NULL),
        OSSL_PARAM_int(OSSL_PKEY_PARAM_MAX_SIZE, NULL),
        OSSL_PARAM_utf8_string(OSSL_PKEY_PARAM_GROUP_NAME, NULL, 0),
        OSSL_PARAM_octet_string(OSSL_PKEY_PARAM_ENCODED_PUBLIC_KEY, NULL, 0),
        OSSL_PARAM_END};
    (void)provider;
    return known;
}

static int give_int(OSSL_PARAM *params, const char *name, int value)
{
    OSSL_PARAM *p = OSSL_PARAM_locate(params, name);
    return p == NULL || OSSL_PARAM_set_int(p, value);
}

static int kept_get(void *key, OSSL_PARAM *params)
{
    const struct kept *k = key;
    OSSL_PARAM *group = OSSL_PARAM_locate(params, OSSL_PKEY_PARAM_GROUP_NAME);
    OSSL_PARAM *point = OSSL_PARAM_locate(params, OSSL_PKEY_PARAM_ENCODED_PUBLIC_KEY);
    return give_int(params, OSSL_PKEY_PARAM_BITS, 256) &&
           give_int(params, OSSL_PKEY_PARAM_SECURITY_BITS, 128) &&
           give_int(params, OSSL_PKEY_PARAM_MAX_SIZE, DER_MOST) &&
           (group == NULL || OSSL_PARAM_set_utf8_string(group, GROUP)) &&
           (point == NULL || OSSL_PARAM_set_octet_string(point, k->point, sizeof k->point));
}

static const char *kept_operation(int operation)
{
    return operation == OSSL_OP_SIGNATURE ? "ECDSA" : NULL;
}

#define FUNCTION(id, f)                                                                            \
    {                                                                                              \
        id, (void (*)(void))(f)                                                                    \
    }
static const OSSL_DISPATCH management[] = {
    FUNCTION(OSSL_FUNC_KEYMGMT_NEW, kept_new),
    FUNCTION(OSSL_FUNC_KEYMGMT_FREE, kept_free),
    FUNCTION(OSSL_FUNC_KEYMGMT_HAS, kept_has),
    FUNCTION(OSSL_FUNC_KEYMGMT_MATCH, kept_match),
    FUNCTION(OSSL_FUNC_KEYMGMT_IMPORT, kept_import),
    FUNCTION(OSSL_FUNC_KEYMGMT_IMPORT_TYPES, kept_types),
    FUNCTION(OSSL_FUNC_KEYMGMT_EXPORT, kept_export),
    FUNCTION(OSSL_FUNC_KEYMGMT_EXPORT_TYPES, kept_types),
    FUNCTION(OSSL_FUNC_KEYMGMT_GET_PARAMS, kept_get),
    FUNCTION(OSSL_FUNC_KEYMGMT_GETTABLE_PARAMS, kept_gettable),
    FUNCTION(OSSL_FUNC_KEYMGMT_QUERY_OPERATION_NAME, kept_operation),
    {0, NULL}};

/* ---- signing ---- */

struct signing {
    const struct kept *key;
};

static void *signing_new(void *provider, const char *properties)
{
    (void)provider;
    (void)properties;
    return calloc(1, sizeof(struct signing));
}

static void signing_free(void *ctx)
{
    free(ctx);
}

static int signing_init(void *ctx, const char *digest, void *key, const OSSL_PARAM *params)
{
    struct signing *s = ctx;
    (void)params;
    s->key = key;
    return key != NULL && s->key->port.sign != NULL && digest != NULL &&
           EVP_MD_is_a(EVP_sha256(), digest);
}

static int to_der(const uint8_t raw[2 * HALF], uint8_t *out, size_t *n)
{
    ECDSA_SIG *sig = ECDSA_SIG_new();
    BIGNUM *r = BN_bin2bn(raw, HALF, NULL), *s = BN_bin2bn(raw + HALF, HALF, NULL);
    int done = 0;
    if (sig != NULL && r != NULL && s != NULL && ECDSA_SIG_set0(sig, r, s) == 1) {
        done = i2d_ECDSA_SIG(sig, &out);
        r = s = NULL; /* they are sig's now */
    }
    BN_free(r);
    BN_free(s);
    ECDSA_SIG_free(sig);
    *n = done > 0 ? (size_t)done : 0;
    return done > 0;
}

/* Called once without room, to learn how much it takes. */
static int signing_sign(void *ctx, unsigned char *out, size_t *n, size_t room,
                        const unsigned char *content, size_t content_n)
{
    const struct signing *s = ctx;
    uint8_t raw[2 * HALF];
    if (out == NULL) {
        *n = DER_MOST;
        return 1;
    }
    return room >= DER_MOST && content_n <= CONTENT_MAX &&
           s->key->port.sign(s->key->port.ctx, content, content_n, raw) && to_der(raw, out, n);
}

static const OSSL_DISPATCH signature[] = {
    FUNCTION(OSSL_FUNC_SIGNATURE_NEWCTX, signing_new),
    FUNCTION(OSSL_FUNC_SIGNATURE_FREECTX, signing_free),
    FUNCTION(OSSL_FUNC_SIGNATURE_DIGEST_SIGN_INIT, signing_init),
    FUNCTION(OSSL_FUNC_SIGNATURE_DIGEST_SIGN, signing_sign),
    {0, NULL}};

/* ---- the provider ---- */

static const OSSL_ALGORITHM *query(void *provider, int operation, int *no_cache)
{
    static const OSSL_ALGORITHM keys[] = {
        {"EC:id-ecPublicKey:1.2.840.10045.2.1", "provider=" NAME, management, ""}, {0}};
    static const OSSL_ALGORITHM signatures[] = {{"ECDSA", "provider=" NAME, signature, ""}, {0}};
    (void)provider;
    *no_cache = 0;
    return operation == OSSL_OP_KEYMGMT ? keys : operation == OSSL_OP_SIGNATURE ? signatures : NULL;
}

static int provide(const OSSL_CORE_HANDLE *handle, const OSSL_DISPATCH *in,
                   const OSSL_DISPATCH **out, void **ctx)
{
    static const OSSL_DISPATCH functions[] = {FUNCTION(OSSL_FUNC_PROVIDER_QUERY_OPERATION, query),
                                              {0, NULL}};
    static char nothing; /* the context only has to be something */
    (void)handle;
    (void)in;
    *out = functions;
    *ctx = &nothing;
    return 1;
}

static enum err point_of(struct bytes certificate, uint8_t out[static POINT_LEN])
{
    char group[32] = "";
    size_t n = 0;
    const unsigned char *p = certificate.p;
    X509 *x = certificate.n > 0 && certificate.n <= INT32_MAX
                  ? d2i_X509(NULL, &p, (long)certificate.n)
                  : NULL;
    EVP_PKEY *key = X509_get0_pubkey(x);
    bool ok = x != NULL && p == certificate.p + certificate.n && key != NULL &&
              EVP_PKEY_is_a(key, "EC") == 1 &&
              EVP_PKEY_get_group_name(key, group, sizeof group, &n) == 1 &&
              strcmp(group, GROUP) == 0 &&
              EVP_PKEY_get_octet_string_param(key, OSSL_PKEY_PARAM_ENCODED_PUBLIC_KEY, out,
                                              POINT_LEN, &n) == 1 &&
              n == POINT_LEN;
    X509_free(x);
    ERR_clear_error();
    return ok ? E_OK : E_BAD_VALUE;
}

static enum err make_pkey(struct foreign_key *k, const struct foreign_key_port *port,
                          uint8_t point[static POINT_LEN])
{
    struct foreign_key_port kept = *port;
    OSSL_PARAM params[] = {
        OSSL_PARAM_construct_octet_string(OSSL_PKEY_PARAM_PUB_KEY, point, POINT_LEN),
        OSSL_PARAM_construct_octet_string(PARAM_PORT, &kept, sizeof kept),
        OSSL_PARAM_construct_end()};
    EVP_PKEY_CTX *ctx = EVP_PKEY_CTX_new_from_name(k->library, "EC", NULL);
    bool ok = ctx != NULL && EVP_PKEY_fromdata_init(ctx) == 1 &&
              EVP_PKEY_fromdata(ctx, &k->pkey, EVP_PKEY_KEYPAIR, params) == 1;
    EVP_PKEY_CTX_free(ctx);
    ERR_clear_error();
    return ok ? E_OK : E_CRYPTO;
}

enum err foreign_key_open(const struct foreign_key_port *port, struct bytes certificate,
                          struct foreign_key **out)
{
    uint8_t point[POINT_LEN];
    enum err err = point_of(certificate, point);
    if (err != E_OK) {
        return err;
    }
    struct foreign_key *k = calloc(1, sizeof *k);
    if (k == NULL) {
        return E_MEMORY;
    }
    k->library = OSSL_LIB_CTX_new();
    if (k->library != NULL && OSSL_PROVIDER_add_builtin(k->library, NAME, provide) == 1) {
        k->provider = OSSL_PROVIDER_load(k->library, NAME);
    }
    err = k->provider != NULL ? make_pkey(k, port, point) : E_CRYPTO;
    if (err != E_OK) {
        foreign_key_close(k);
        return err;
    }
    *out = k;
    return E_OK;
}

void foreign_key_close(struct foreign_key *k)
{
    if (k == NULL) {
        return;
    }
    EVP_PKEY_free(k->pkey);
    if (k->provider != NULL) {
        (void)OSSL_PROVIDER_unload(k->provider);
    }
    OSSL_LIB_CTX_free(k->library);
    free(k);
}

EVP_PKEY *foreign_key_pkey(const struct foreign_key *k)
{
    return k->pkey;
}
