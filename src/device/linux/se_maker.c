#include "device/linux/se_maker.h"

#include "device/linux/soft_se_parts.h"

#include <openssl/err.h>
#include <openssl/x509v3.h>
#include <stdio.h>
#include <string.h>

/*= dimsi-0c-keys */
enum err se_maker_key(struct device_state *state, uint8_t spki[static SIGNER_PUBLIC_MAX], size_t *n)
{
    uint8_t key[SIGNER_KEY_MAX];
    size_t key_n = 0;
    enum err err = signer_openssl_make_pair(DEVID_ECDSA_P256, MBYTES_OF(key), &key_n,
                                            (struct mbytes){spki, SIGNER_PUBLIC_MAX}, n);
    if (err == E_OK) {
        wipe(&state->se, sizeof state->se);
        memcpy(state->se.key.der, key, key_n);
        state->se.key.n = (uint16_t)key_n;
        state->se.key.algorithm = DEVID_ECDSA_P256;
    }
    wipe(key, sizeof key);
    return err == E_OK ? E_OK : E_CRYPTO;
}

static enum err say(struct device_why *why, enum err err, const char *text)
{
    (void)snprintf(why->text, sizeof why->text, "%s", text);
    return err;
}

static bool is_own(const struct device_key *key, struct bytes der)
{
    uint8_t spki[SIGNER_PUBLIC_MAX];
    unsigned char *other = NULL;
    size_t n = 0;
    X509 *x = soft_se_certificate(der);
    const int other_n = x != NULL ? i2d_X509_PUBKEY(X509_get_X509_PUBKEY(x), &other) : 0;
    const bool own = other_n > 0 &&
                     signer_openssl_public((struct bytes){key->der, key->n}, spki, &n) == E_OK &&
                     bytes_eq((struct bytes){other, (size_t)other_n}, (struct bytes){spki, n}) &&
                     (X509_get_extension_flags(x) & EXFLAG_KUSAGE) != 0 &&
                     (X509_get_key_usage(x) & KU_DIGITAL_SIGNATURE) != 0;
    OPENSSL_free(other);
    X509_free(x);
    ERR_clear_error();
    return own;
}

static enum err add_all(struct device_certificates *to, const struct bytes *der, size_t n)
{
    enum err err = E_OK;
    memset(to, 0, sizeof *to);
    for (size_t i = 0; err == E_OK && i < n; i++) {
        err = device_add_certificate(to, der[i]);
    }
    return err;
}

static enum err check(const struct device_se *se, const struct bytes *chain, size_t n_chain,
                      struct device_why *why)
{
    X509_STORE *roots = soft_se_roots(&se->ci);
    if (roots == NULL) {
        return say(why, E_BAD_VALUE, "the CI's certificate is none of a CA that signs itself");
    }
    const int error = soft_se_verify(roots, chain, n_chain, 0);
    X509_STORE_free(roots);
    return error == X509_V_OK ? E_OK
                              : say(why, E_BAD_VALUE, X509_verify_cert_error_string((long)error));
}

/*= dimsi-0c-keys */
enum err se_maker_certify(struct device_state *state, const struct bytes *chain, size_t n_chain,
                          const struct bytes *ci, size_t n_ci, struct device_why *why)
{
    struct device_se se = state->se;
    enum err err = E_OK;
    if (se.key.n == 0) {
        err = say(why, E_BAD_STATE, "the secure element has no key");
    } else if (n_chain == 0 || !is_own(&se.key, chain[0])) {
        err = say(why, E_BAD_VALUE, "the certificate is not for the secure element's key");
    } else if (add_all(&se.chain, chain, n_chain) != E_OK || add_all(&se.ci, ci, n_ci) != E_OK) {
        err = say(why, E_NO_ROOM, "the certificates are too many, or too long");
    } else {
        err = check(&se, chain, n_chain, why);
    }
    if (err == E_OK) {
        state->se = se;
    }
    wipe(&se, sizeof se);
    return err;
}
