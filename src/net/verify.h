/* net/verify.h - the one place where certificates are judged: chain, validity, purpose, revocation,
 * and the role that a certificate gives (net/verify_oids.h).
 *
 * OpenSSL behind it; chains come as DER, whoever received them. The time is handed in. Algorithms
 * below 112 bits of strength are refused (SHA-1 signatures, RSA below 2048 bits). Nothing here
 * opens a connection: revocation lists come from a file, and where one is configured every CA of a
 * chain needs its list. The last certificates of good chains are not read again
 * (net/verify_seen.h), but every chain is judged anew. Who may do what with a role is not decided
 * here.
 */
#ifndef BINDERY_NET_VERIFY_H
#define BINDERY_NET_VERIFY_H

#include "base/span.h"
#include "net/verify_key.h"
#include "net/verify_oids.h"

#define VERIFY_CHAIN_MAX 6      /* certificates, the leaf included */
#define VERIFY_DER_MAX   16384u /* octets of all of them */
#define VERIFY_NAME_MAX  256

enum verify_role {
#define X(name, text, oid, what) VERIFY_ROLE_##name,
    VERIFY_ROLE_LIST(X)
#undef X
        VERIFY_ROLES
};
const char *verify_role_name(enum verify_role role);

/* VERDICT, name, sentence */
#define VERIFY_VERDICT_LIST(X)                                                                     \
    X(GOOD, "good", "the certificate is good")                                                     \
    X(NONE, "no-certificate", "no certificate was shown")                                          \
    X(TOO_LARGE, "chain-too-large", "the chain has more certificates or octets than it may")       \
    X(MALFORMED, "malformed", "the chain is not certificates in DER, each whole")                  \
    X(NOT_YET, "not-yet-valid", "a certificate of the chain is not valid yet")                     \
    X(EXPIRED, "expired", "a certificate of the chain has expired")                                \
    X(UNTRUSTED, "untrusted", "the chain leads to none of the CAs that are accepted")              \
    X(REVOKED, "revoked", "a certificate of the chain was revoked by its CA")                      \
    X(NO_CRL, "no-revocation-list", "a CA of the chain has no current revocation list")            \
    X(PURPOSE, "wrong-purpose", "the key usage of the certificate does not allow this use")        \
    X(WEAK, "weak", "a key or a signature of the chain is too weak")                               \
    X(FAILED, "not-verified", "the chain does not verify")

enum verify_verdict {
#define X(name, text, sentence) VERIFY_##name,
    VERIFY_VERDICT_LIST(X)
#undef X
};
const char *verify_verdict_name(enum verify_verdict v);
const char *verify_verdict_sentence(enum verify_verdict v);

enum verify_purpose {
    VERIFY_TLS_CLIENT,
    VERIFY_TLS_SERVER,
    VERIFY_DEVICE_IDENTITY,    /* an end entity whose key may sign */
    VERIFY_DEVICE_PROVISIONING /* an end entity whose key may be encrypted to */
};

/* What a chain says of its holder; all but verdict and undecided are set only when it is good. */
struct verify_peer {
    enum verify_verdict verdict;
    unsigned roles;                       /* 1 << enum verify_role */
    bool key_agreement, key_encipherment; /* its key usage says so */
    char name[VERIFY_NAME_MAX];    /* the first dNSName, else the CN, in lower case; or empty */
    bool dns_named;                /* it is a dNSName */
    uint8_t digest[32];            /* SHA-256 of the leaf's DER */
    int64_t not_before, not_after; /* of the leaf, Unix seconds */
    int64_t good_until; /* the first end of a certificate or list that the verdict stands on */
    bool undecided;     /* only with VERIFY_FAILED: the library failed, not the chain */
};
bool verify_has_role(const struct verify_peer *peer, enum verify_role role);
/* May a key of this kind, the leaf's, be encrypted to? keyAgreement for P-256, keyEncipherment for
 * RSA (RFC 5280 4.2.1.3); no other kind may. */
bool verify_may_encrypt(const struct verify_peer *peer, enum verify_key_kind kind);

struct verify_why {
    char text[256]; /* which file, and what to do */
};
struct verify_files {
    const char *ca;  /* PEM, one or more CAs; NULL: none is trusted */
    const char *crl; /* PEM, one or more lists; NULL: revocation is not checked */
};
struct verifier;
/* Errors: E_IO, E_BAD_VALUE (a file holds none), E_MEMORY; all with *why. */
MUST_USE enum err verifier_open(const struct verify_files *files, struct verifier **out,
                                struct verify_why *why);
/* With one CA, given as DER: the one that is kept with a chain. It must be a CA that signs itself.
 * Errors: E_BAD_VALUE, E_MEMORY. */
MUST_USE enum err verifier_of_root(struct bytes der, struct verifier **out);
void verifier_close(struct verifier *v);
/* chain[0] is the leaf. `at`: Unix seconds. Nothing is trusted but the verifier's CAs. A leaf that
 * is a CA is never good. A device's chain is whole and in order: each certificate is issued by the
 * one behind it. */
void verify_chain(const struct verifier *v, const struct bytes *chain, size_t n,
                  enum verify_purpose purpose, int64_t at, struct verify_peer *out);

#endif
