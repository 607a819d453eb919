/* proc/devid.h - device identifier authentication: the device signs its IMEI with a fresh
 * challenge, and the key comes from a repository of (IMEI, certificate) or (IMEI, public key)
 * bindings (TR 33.899 5.2.4.x, 5.2.4.y).
 *
 * All parties stand here in the order of figures 5.2.4.x.2-1 and 5.2.4.y.2-1, each function with
 * its step. The two variants differ in what a credential holds and in step 9, and nowhere else. No
 * I/O, no allocation, no clock, no certificate is parsed here: signatures and chains come in
 * through a port. Outputs are written only on success. What a subscription demands of the outcome
 * is decided at the home network (devid_hss_admit), and nowhere else.
 */
#ifndef BINDERY_PROC_DEVID_H
#define BINDERY_PROC_DEVID_H

#include "base/refusal.h"
#include "crypto/crypto.h"
#include "crypto/keys.h"
#include "id/plmn.h"
#include "proc/binding_record.h"

#define DEVID_NONCE_LEN      32
#define DEVID_ALGORITHMS_MAX 8
#define DEVID_SIGNATURE_MIN  64  /* octets: P-256 and Ed25519 */
#define DEVID_SIGNATURE_MAX  512 /* RSA of 4096 bits */
#define DEVID_CHAIN_MAX      6   /* certificates, the device's included */
/* A repository's signature, and the SHA-256 that names its key. */
#define DEVID_RECORD_SIGNATURE_LEN 64
#define DEVID_RECORD_SIGNER_LEN    32

/* How a signature is made; the numbers are those on the air. ECDSA is r || s, each as long as the
 * curve; RSA-PSS has a salt of 32 octets and MGF1 with SHA-256. */
#define DEVID_ALGORITHM_LIST(X)                                                                    \
    X(ECDSA_P256, 1, "ecdsa-p256") /* SHA-256 */                                                   \
    X(ECDSA_P384, 2, "ecdsa-p384") /* SHA-384 */                                                   \
    X(ED25519, 3, "ed25519")                                                                       \
    X(RSA_PSS, 4, "rsa-pss") /* SHA-256; 2048 to 4096 bits */
enum devid_algorithm {
#define X(name, number, text) DEVID_##name = number,
    DEVID_ALGORITHM_LIST(X)
#undef X
};
const char *devid_algorithm_name(uint8_t algorithm); /* "unknown" for another number */
/* Errors: E_BAD_VALUE. */
MUST_USE enum err devid_algorithm_parse(struct bytes ascii, uint8_t *out);

/* ---- what comes out ---- */

enum devid_result {
    DEVID_NOT_ASKED = 0,
    DEVID_PROVEN = 1,
    DEVID_UNPROVEN = 2,    /* no repository has a binding of this IMEI */
    DEVID_FAILED = 3,      /* there is one, and it was not lived up to */
    DEVID_UNDETERMINED = 4 /* nobody could find out */
};
const char *devid_result_name(enum devid_result r); /* "not-asked", "proven", ... */

/* CAUSE, "name", result, sentence */
#define DEVID_CAUSE_LIST(X)                                                                        \
    X(NONE, "none", PROVEN, "the IMEI is proven")                                                  \
    X(NO_BINDING, "no-binding", UNPROVEN, "no repository has a binding of the IMEI")               \
    X(NO_PROOF, "no-proof", FAILED, "the IMEI has a binding and the device gave no proof")         \
    X(NOT_CIPHERED, "not-ciphered", FAILED,                                                        \
      "the IMEI has a binding and the device could not be asked: it does not cipher")              \
    X(BAD_PROOF, "bad-proof", FAILED, "the proof cannot be read")                                  \
    X(OTHER_IMEI, "other-imei", FAILED,                                                            \
      "IMEISV, IMEI and proof of the device are not of one IMEI")                                  \
    X(ALGORITHM, "algorithm", FAILED, "the algorithm was not accepted, or is not the key's")       \
    X(SIGNATURE, "signature", FAILED,                                                              \
      "the signature does not verify: another key, another challenge or another session")          \
    X(REVOKED, "binding-revoked", FAILED, "the binding was revoked")                               \
    X(BINDING_EARLY, "binding-not-yet-valid", FAILED, "the binding is not valid yet")              \
    X(BINDING_LATE, "binding-expired", FAILED, "the binding has expired")                          \
    X(CHAIN_EARLY, "certificate-not-yet-valid", FAILED,                                            \
      "a certificate of the device's chain is not valid yet")                                      \
    X(CHAIN_LATE, "certificate-expired", FAILED,                                                   \
      "a certificate of the device's chain has expired")                                           \
    X(CHAIN_UNTRUSTED, "certificate-untrusted", FAILED,                                            \
      "the device's chain leads to no CA that is trusted")                                         \
    X(CHAIN_REVOKED, "certificate-revoked", FAILED,                                                \
      "a certificate of the device's chain was revoked by its CA")                                 \
    X(CHAIN_USAGE, "certificate-usage", FAILED,                                                    \
      "the key usage of the device's certificate does not allow signatures")                       \
    X(CHAIN_BAD, "certificate-bad", FAILED,                                                        \
      "the device's chain is malformed, too large, too weak or does not verify")                   \
    X(NO_CA, "no-ca", UNDETERMINED, "no CA is known that the device's chain could lead to")        \
    X(NO_CRL, "no-revocation-list", UNDETERMINED,                                                  \
      "a CA of the device's chain has no current revocation list")                                 \
    X(RECORD, "record-bad", UNDETERMINED,                                                          \
      "the binding's record cannot be read or does not belong to it")                              \
    X(RECORD_SIGNATURE, "record-signature", UNDETERMINED,                                          \
      "the binding's record is not signed by a repository that is trusted")                        \
    X(INQUIRY_UNANSWERED, "inquiry-unanswered", UNDETERMINED,                                      \
      "the home network did not answer the inquiry, or does not know of bindings")                 \
    X(REPOSITORY_SILENT, "repository-silent", UNDETERMINED,                                        \
      "the repository could not be reached, or did not answer in time")                            \
    X(REPOSITORY_REFUSED, "repository-refused", UNDETERMINED,                                      \
      "the repository does not answer this operator")                                              \
    X(REPOSITORY_BAD, "repository-bad-answer", UNDETERMINED,                                       \
      "the repository's answer cannot be read")                                                    \
    X(REPOSITORY_BUSY, "repository-busy", UNDETERMINED,                                            \
      "too many inquiries wait for the repository")                                                \
    X(INQUIRY_LIMITED, "too-many-inquiries", UNDETERMINED,                                         \
      "the subscription caused more inquiries than it may")                                        \
    X(CRYPTO, "crypto-failed", UNDETERMINED, "a cryptographic operation could not be carried out")
enum devid_cause {
#define X(name, text, result, sentence) DEVID_CAUSE_##name,
    DEVID_CAUSE_LIST(X)
#undef X
        DEVID_CAUSES
};
const char *devid_cause_name(enum devid_cause c);
const char *devid_cause_sentence(enum devid_cause c);
enum devid_result devid_cause_result(enum devid_cause c);
/* Errors: E_BAD_VALUE (no cause has this name). */
MUST_USE enum err devid_cause_parse(struct bytes ascii, enum devid_cause *out);

/* What step 9 found, and what the home network is told. */
struct devid_outcome {
    enum devid_result result;
    enum devid_cause cause;
    uint8_t form;    /* enum binding_form of the credential; 0: none was relied on */
    uint64_t serial; /* of the record; with a form */
};

/* ---- step 3, CP-AU: device identity request with a fresh challenge ---- */

struct devid_challenge {
    uint8_t nonce[DEVID_NONCE_LEN];
    uint8_t n_algorithms;                     /* 1 or more */
    uint8_t algorithms[DEVID_ALGORITHMS_MAX]; /* best first; numbers that are not known may occur */
};
/* A nonce of its own for each. Errors: E_CRYPTO, E_BAD_VALUE (no algorithms, or too many). */
MUST_USE enum err devid_challenge_make(const struct crypto *c, struct bytes algorithms,
                                       struct devid_challenge *out);

/* ---- step 4, device: what is signed ---- */

/* The NAS session that it is signed for: who relays a challenge into another session gets a
 * signature that is of no use to him. */
struct devid_session {
    struct plmn plmn; /* the serving PLMN, which KASME is bound to */
    const struct key_kasme *kasme;
};
#define DEVID_LABEL       "bindery devid proof"
#define DEVID_CONTENT_LEN (19u + 1 + 14 + 32 + 3 + 32 + 6 * 2)
/* Label, algorithm, IMEI, nonce, PLMN, channel, each with its length before it in two octets;
 * channel = KDF(KASME, "devid channel", nonce). Errors: E_CRYPTO. */
MUST_USE enum err devid_content(const struct crypto *c, uint8_t algorithm, const struct imei *imei,
                                const uint8_t nonce[static DEVID_NONCE_LEN],
                                const struct devid_session *session,
                                uint8_t out[static DEVID_CONTENT_LEN]);

/* Where the device's private key is: a file, a secure element, or somebody else's memory. */
struct devid_signer {
    void *ctx;
    uint8_t algorithm; /* the one that its key has */
    /* *n is the room given, then the octets written. Errors: E_CRYPTO, E_NO_ROOM. */
    MUST_USE enum err (*sign)(void *ctx, struct bytes content, uint8_t *signature, size_t *n);
};
struct devid_proof {
    struct imei imei;
    uint8_t algorithm;
    uint16_t n;
    uint8_t signature[DEVID_SIGNATURE_MAX];
};
/* Keeps nothing: a challenge that is repeated is signed again. Errors: E_UNSUPPORTED (the
 * challenge does not accept this key's algorithm), E_CRYPTO: *out is zeros. */
MUST_USE enum err devid_device_sign(const struct crypto *c, const struct devid_challenge *challenge,
                                    const struct imei *imei, const struct devid_session *session,
                                    const struct devid_signer *signer, struct devid_proof *out);

/* ---- step 5, device: device identity response, under NAS integrity and ciphering ---- */

/* May the device answer a challenge that came like this? IMEI and signature are never sent in
 * clear. */
static inline bool devid_may_answer(bool integrity, bool ciphered)
{
    return integrity && ciphered;
}

/* ---- steps 6 to 8: inquiry by IMEI, and what comes back ---- */

enum devid_status {
    DEVID_FOUND = 1,
    DEVID_NONE = 2,
    DEVID_REVOKED = 3,
    DEVID_UNAVAILABLE = 4 /* cause says why */
};
enum devid_source { DEVID_FROM_REPOSITORY = 1, DEVID_FROM_CACHE = 2, DEVID_FROM_STALE_CACHE = 3 };
const char *devid_source_name(enum devid_source s); /* "repository", "cache", "stale-cache" */

/* The spans point into whatever it was read from. */
struct devid_credential {
    enum devid_status status;
    enum devid_cause cause; /* with DEVID_UNAVAILABLE: one whose result is UNDETERMINED */
    uint8_t form;           /* enum binding_form; with DEVID_FOUND */
    size_t n_chain;         /* BINDING_CERTIFICATE: DER, the device's first */
    struct bytes chain[DEVID_CHAIN_MAX];
    struct bytes spki;      /* BINDING_PUBLIC_KEY: SubjectPublicKeyInfo in DER */
    struct bytes record;    /* with DEVID_FOUND and DEVID_REVOKED: what the repository signed, */
    struct bytes signature; /* its signature of 64 octets, */
    struct bytes signer;    /* and the SHA-256 of its key, 32 octets */
    enum devid_source source;
    uint32_t age; /* seconds since the repository said it */
};

/* What steps 7 and 9 need of a library that knows certificates and keys. */
struct devid_port {
    void *ctx;
    /* Is `signature` the signer's over `record`? Errors: E_NOT_FOUND (no such signer is trusted),
     * E_BAD_MAC, E_CRYPTO. */
    MUST_USE enum err (*record)(void *ctx, struct bytes signer, struct bytes record,
                                struct bytes signature);
    /* A chain, judged for a device's identity at `at` (Unix seconds): DEVID_CAUSE_NONE, one of the
     * CHAIN causes, NO_CA, NO_CRL or CRYPTO. */
    enum devid_cause (*chain)(void *ctx, const struct bytes *chain, size_t n, int64_t at);
    /* Does the key of a certificate (`certificate`) or a SubjectPublicKeyInfo verify it? Errors:
     * E_UNSUPPORTED (the key is not of this algorithm), E_BAD_MAC, E_BAD_VALUE (no key), E_CRYPTO.
     */
    MUST_USE enum err (*signature)(void *ctx, uint8_t algorithm, bool certificate, struct bytes key,
                                   struct bytes content, struct bytes signature);
};

/* Step 7, and again step 9: does the record belong to this IMEI and to what came with it, and is it
 * a trusted repository's? NONE, RECORD, RECORD_SIGNATURE or CRYPTO. *record is written with NONE.
 * For DEVID_FOUND and DEVID_REVOKED. */
enum devid_cause devid_record_check(const struct crypto *c, const struct devid_port *port,
                                    const struct imei *imei,
                                    const struct devid_credential *credential,
                                    struct binding_record *record);

/* ---- step 9, CP-AU: verification ---- */

/* What the CP-AU knows when the credential is there. */
struct devid_asked {
    const struct devid_challenge
        *challenge;                  /* NULL: the device could not be asked (no ciphering) */
    const struct devid_proof *proof; /* NULL: it answered without one */
    bool unreadable;                 /* it answered with one that cannot be read */
    struct imei imei;                /* the one it gave, and that was inquired about */
    struct devid_session session;
    int64_t at; /* Unix seconds */
};
/* Always an outcome. What the repository says goes first: without a binding nothing can be proven,
 * with one nothing but a proof will do. A wrong signature has failed also where nobody can find out
 * whether the chain is good. */
void devid_check(const struct crypto *c, const struct devid_port *port,
                 const struct devid_asked *asked, const struct devid_credential *credential,
                 struct devid_outcome *out);

/* ---- what the subscription makes of it: HSS ---- */

/* Per subscription. All zeros: nobody asks. */
struct devid_policy {
    bool wanted;
    bool admit_unproven;
    bool admit_failed;
    bool admit_undetermined;
};
/* As it is stored: bits 0 to 3. */
uint8_t devid_policy_bits(const struct devid_policy *p);
MUST_USE enum err devid_policy_of_bits(uint8_t bits, struct devid_policy *out); /* E_BAD_VALUE */
/* "off" (nobody asks), "observe" (asked, whatever comes is admitted), "want" (who fails is
 * refused), "require" (only who is proven is admitted); or for each result, in any order, each
 * once: "unproven=admit,failed=refuse,undetermined=admit". Errors: E_BAD_VALUE, E_REPEATED,
 * E_MISSING. */
MUST_USE enum err devid_policy_parse(struct bytes ascii, struct devid_policy *out);
#define DEVID_POLICY_TEXT 64
void devid_policy_print(const struct devid_policy *p, char out[static DEVID_POLICY_TEXT]);

/* A registration with this outcome (NULL: the MME brought none, because it cannot ask).
 * `remembered`: this IMEI was proven with this IMSI within the configured time. One who was proven
 * a while ago and cannot be checked now is as good as with an MME that never asks; but not because
 * of too many inquiries (INQUIRY_LIMITED), which a thief who has the SIM can make himself. NONE,
 * DEVICE_FAILED, DEVICE_UNPROVEN, DEVICE_UNDETERMINED or PROOF_MISSING. */
enum refusal devid_hss_admit(const struct devid_policy *policy, const struct devid_outcome *outcome,
                             bool remembered);

#endif
