/* cli/pki_parts.h - what the files that make certificates share. Nobody else's.
 */
#ifndef BINDERY_CLI_PKI_PARTS_H
#define BINDERY_CLI_PKI_PARTS_H

#include "cli/pki.h"
#include <openssl/evp.h>
#include <openssl/x509.h>

struct pki_pair {
    EVP_PKEY *key;
    X509 *certificate;
};
void pki_pair_free(struct pki_pair *i);

/* NULL without memory, or when the value is none. */
X509_EXTENSION *pki_extension(X509 *x, X509 *issuer, int nid, const char *value);
MUST_USE bool pki_extend(X509 *x, X509 *issuer, int nid, const char *value);
MUST_USE bool pki_name_add(X509_NAME *name, const char *field, const char *text);
MUST_USE bool pki_serial(X509 *x);
/* A CA that signs itself; an end entity that it issues, whose key signs: extended key usage and
 * subjectAltName as OpenSSL writes them. P-256, PKI_DAYS. */
MUST_USE bool pki_make_ca(struct pki_pair *out, const char *name);
MUST_USE bool pki_make_end(struct pki_pair *out, const struct pki_pair *by, const char *name,
                           const char *usage, const char *names);
/* The same with a key that agrees, and does not sign. */
MUST_USE bool pki_make_agreeing(struct pki_pair *out, const struct pki_pair *by, const char *name,
                                const char *usage, const char *names);
/* For somebody's public key, with a name that is drawn for it: its key signs. */
MUST_USE bool pki_issue(struct pki_pair *out, const struct pki_pair *by, EVP_PKEY *key,
                        const char *usage);
/* A CA that may issue one below it, and that one. */
MUST_USE bool pki_make_root(struct pki_pair *out, const char *name);
MUST_USE bool pki_make_below(struct pki_pair *out, const struct pki_pair *by, const char *name);
/* DIR/NAME.crt and its key. `hint`: what makes them. False and said. */
MUST_USE bool pki_read_pair(const char *dir, const char *name, const char *hint,
                            struct pki_pair *out);
/* NAME.crt and NAME.key. */
MUST_USE bool pki_write_pair(const char *dir, const char *name, const struct pki_pair *i);
/* One process at a time changes the directory; whoever has it closes it. -1 and said. */
MUST_USE int pki_hold(const char *dir);
/* A new file, 0600: NULL and said. Closed, durable, by pki_finish. */
FILE *pki_file(const char *dir, const char *name, const char *suffix);
MUST_USE bool pki_finish(FILE *f, bool good);
/* The next list of what the CA revoked: the one before (NULL: none) and what was added to it.
 * Replaces the file whole. False and said. */
MUST_USE bool pki_write_crl(const char *dir, const struct pki_pair *ca, X509_CRL *before);
/* The next list alone; NULL when it cannot be made. */
X509_CRL *pki_next_crl(const struct pki_pair *ca, X509_CRL *before);
/* Puts a certificate on a list; *fresh is false when it stood there. False without memory. */
MUST_USE bool pki_add_revoked(X509_CRL *to, X509 *x, bool *fresh);

#endif
