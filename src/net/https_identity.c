/* The certificate that a server shows, and its key, as they can change while it serves: part of
 * src/net/https_parts.h. libmicrohttpd takes both once; GnuTLS asks here at each handshake. */
#include "net/https_parts.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define CHAIN_MAX 8u

/* One that is replaced stays as long as a handshake may rely on it: until the next one but one
 * comes, or the server ends. */
struct https_identity {
    struct https_identity *before;
    gnutls_pcert_st chain[CHAIN_MAX];
    unsigned n;
    gnutls_privkey_t key;
};
struct https_identities {
    struct https_identity *now;
};

void https_identity_drop(struct https_identity *i)
{
    if (i == NULL) {
        return;
    }
    for (unsigned at = 0; at < i->n; at++) {
        gnutls_pcert_deinit(&i->chain[at]);
    }
    if (i->key != NULL) {
        gnutls_privkey_deinit(i->key);
    }
    free(i);
}

static enum err say(struct https_why *why, enum err err, const char *where, const char *what)
{
    (void)snprintf(why->text, sizeof why->text, "%.150s: %.100s", where, what);
    return err;
}

/* Do the two belong together? The public key's identifier is the same from either side. */
static bool belong(const struct https_identity *i)
{
    uint8_t of_certificate[64], of_key[64];
    size_t n = sizeof of_certificate, m = sizeof of_key;
    gnutls_pubkey_t pub = NULL;
    bool same =
        gnutls_pubkey_init(&pub) == 0 && gnutls_pubkey_import_privkey(pub, i->key, 0, 0) == 0 &&
        gnutls_pubkey_get_key_id(i->chain[0].pubkey, GNUTLS_KEYID_USE_SHA256, of_certificate, &n) ==
            0 &&
        gnutls_pubkey_get_key_id(pub, GNUTLS_KEYID_USE_SHA256, of_key, &m) == 0 && n == m &&
        memcmp(of_certificate, of_key, n) == 0;
    if (pub != NULL) {
        gnutls_pubkey_deinit(pub);
    }
    return same;
}

static enum err fill(struct https_identity *i, const char *certificate, char *cert_text,
                     char *key_text, struct https_why *why)
{
    const gnutls_datum_t cert = {(unsigned char *)cert_text, (unsigned)strlen(cert_text)};
    const gnutls_datum_t key = {(unsigned char *)key_text, (unsigned)strlen(key_text)};
    unsigned n = CHAIN_MAX;
    if (gnutls_pcert_list_import_x509_raw(i->chain, &n, &cert, GNUTLS_X509_FMT_PEM, 0) != 0 ||
        n == 0) {
        return say(why, E_BAD_VALUE, certificate, "holds no certificate, or too many");
    }
    i->n = n;
    if (gnutls_privkey_init(&i->key) != 0) {
        return say(why, E_MEMORY, certificate, "there is not enough memory");
    }
    if (gnutls_privkey_import_x509_raw(i->key, &key, GNUTLS_X509_FMT_PEM, NULL, 0) != 0) {
        return say(why, E_BAD_VALUE, certificate, "its key file holds no key in PEM");
    }
    return belong(i) ? E_OK
                     : say(why, E_BAD_VALUE, certificate, "certificate and key are of two pairs");
}

enum err https_identity_open(const char *certificate, const char *key, struct https_identity **out,
                             struct https_why *why)
{
    char *cert_text = NULL, *key_text = NULL;
    struct https_identity *i = calloc(1, sizeof *i);
    enum err err = i == NULL ? say(why, E_MEMORY, certificate, "there is not enough memory")
                             : https_file_text(certificate, false, &cert_text, why);
    if (err == E_OK) {
        err = https_file_text(key, true, &key_text, why);
    }
    if (err == E_OK) {
        err = fill(i, certificate, cert_text, key_text, why);
    }
    if (key_text != NULL) {
        wipe(key_text, strlen(key_text));
    }
    free(key_text);
    free(cert_text);
    if (err != E_OK) {
        https_identity_drop(i);
        return err;
    }
    *out = i;
    return E_OK;
}

void https_identities_take(struct https_identities *all, struct https_identity *i)
{
    if (all->now != NULL && all->now->before != NULL) {
        https_identity_drop(all->now->before);
        all->now->before = NULL;
    }
    i->before = all->now;
    all->now = i;
}

struct https_identities *https_identities_new(void)
{
    return calloc(1, sizeof(struct https_identities));
}

void https_identities_free(struct https_identities *all)
{
    while (all != NULL && all->now != NULL) {
        struct https_identity *i = all->now;
        all->now = i->before;
        https_identity_drop(i);
    }
    free(all);
}

int https_identities_show(gnutls_session_t session, const gnutls_datum_t *cas, int n_cas,
                          const gnutls_pk_algorithm_t *algorithms, int n_algorithms,
                          gnutls_pcert_st **chain, unsigned *n, gnutls_privkey_t *key)
{
    const struct https_identities *all = gnutls_session_get_ptr(session);
    (void)cas;
    (void)n_cas;
    (void)algorithms;
    (void)n_algorithms;
    if (all == NULL || all->now == NULL) {
        return -1;
    }
    *chain = all->now->chain;
    *n = all->now->n;
    *key = all->now->key;
    return 0;
}
