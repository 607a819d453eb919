/* proc/certattach.h - credential provisioning in the attach procedure: a device that has no
 * subscription attaches with the URL of its certificate, and its ATTACH REJECT brings it one (TR
 * 33.899 5.12.4.Z).
 *
 * All parties stand here in the order of figure 5.12.4.z.2-1, each function with its step. No I/O,
 * no allocation, no clock: chains, records, the key agreement and signatures come in through ports.
 * A function writes its outputs on success only.
 *
 * Nobody is authenticated by the URL: it names an entry at an authority that the operator trusts,
 * and is never fetched. What goes back is encrypted to the key of that entry, so whoever copied the
 * URL gets nothing; and signed by the operator, for this device, this network and the nonce of this
 * attach, so that nobody else can give the device a subscription.
 */
#ifndef BINDERY_PROC_CERTATTACH_H
#define BINDERY_PROC_CERTATTACH_H

#include "crypto/aka_functions.h"
#include "id/imsi.h"
#include "id/plmn.h"
#include "proc/binding.h"
#include "proc/device_record.h"
#include "proc/devid.h"
#include "proc/ecies_box.h"

#define CERTATTACH_NONCE_LEN     16
#define CERTATTACH_SECRET_LEN    32
#define CERTATTACH_SIGNATURE_LEN 64  /* the operator's: ECDSA P-256 with SHA-256, r || s */
#define CERTATTACH_HOST_MAX      253 /* characters of a host name */
#define CERTATTACH_URL_MAX       (8 + CERTATTACH_HOST_MAX + 10 + DEVICE_ID_MAX)
#define CERTATTACH_APNS_MAX      4
#define CERTATTACH_APN_MAX       100 /* characters */

/* ---- what comes out of steps 2 and 3 ---- */

/* NAME, "name", sentence. The device learns none of these: there is one refusal for all. */
#define CERTATTACH_CAUSE_LIST(X)                                                                   \
    X(NONE, "none", "the device gets its subscription")                                            \
    X(UNREADABLE, "request-unreadable", "the request cannot be read")                              \
    X(NOT_OFFERED, "plmn-not-offered",                                                             \
      "devices are not provisioned on the serving PLMN, or the operator's certificate does not "   \
      "list it")                                                                                   \
    X(URL, "url-not-allowed",                                                                      \
      "the URL is not https://HOST/DeviceID=ID of a host name alone and an id in clear")           \
    X(AUTHORITY, "authority-unknown", "the URL is of no authority that is configured")             \
    X(OUTSIDE, "imei-outside", "the authority does not speak for the IMEI")                        \
    X(EQUIPMENT, "equipment-blacklisted", "the EIR has the equipment on its black list")           \
    X(SITE_BUSY, "site-busy", "too many requests wait for the authority's site")                   \
    X(SITE_SILENT, "site-silent", "the authority's site could not be reached or answered late")    \
    X(SITE_REFUSED, "site-refused", "the authority's site does not answer this operator")          \
    X(SITE_BAD, "site-bad-answer", "the answer of the authority's site cannot be accepted")        \
    X(DEVICE_UNKNOWN, "device-unknown", "the authority does not know the device")                  \
    X(DEVICE_REVOKED, "device-revoked", "the authority has revoked the device")                    \
    X(RECORD, "record-bad", "the device's record cannot be read, or is of something else")         \
    X(RECORD_SIGNATURE, "record-signature", "the device's record is not signed by the authority")  \
    X(OTHER_IMEI, "other-imei", "the device's record has another IMEI than the attach")            \
    X(CHAIN_EARLY, "certificate-not-yet-valid", "a certificate of the chain is not valid yet")     \
    X(CHAIN_LATE, "certificate-expired", "a certificate of the chain has expired")                 \
    X(CHAIN_UNTRUSTED, "certificate-untrusted",                                                    \
      "the chain leads to no root that is trusted for this authority")                             \
    X(CHAIN_REVOKED, "certificate-revoked", "a certificate of the chain was revoked")              \
    X(CHAIN_PURPOSE, "certificate-purpose",                                                        \
      "the certificate was not issued to a device for keys to be encrypted to")                    \
    X(CHAIN_BAD, "certificate-bad", "the chain is malformed, too large, too weak or not verified") \
    X(NO_CRL, "no-revocation-list", "a CA of the chain has no current revocation list")            \
    X(KEY, "key-unsupported", "the device's key is none that can be encrypted to")                 \
    X(IDENTITY, "identity-key",                                                                    \
      "the key that proves the device's IMEI cannot be relied on, or was revoked")                 \
    X(PROOF_MISSING, "proof-missing",                                                              \
      "the device has a key to prove its IMEI, and the request is not signed")                     \
    X(PROOF_WRONG, "proof-wrong", "the signature of the request is not the device's")              \
    X(OFTEN, "asked-often",                                                                        \
      "the device was answered a moment ago, or this very request was answered before")            \
    X(WAITING, "approval-waiting", "an operator has to approve of the device")                     \
    X(DENIED, "denied", "an operator denied the device")                                           \
    X(ACTIVE, "subscription-active",                                                               \
      "the device's subscription was used already, and no operator let it have its keys again")    \
    X(OTHER_KEY, "other-key",                                                                      \
      "the device's certificate is not the one that its subscription was made for")                \
    X(IMEI_IN_USE, "imei-in-use", "another device id has a subscription for the same IMEI")        \
    X(QUOTA_WAITING, "quota-waiting", "too many devices of the authority wait for approval")       \
    X(QUOTA_PENDING, "quota-pending", "too many subscriptions of the authority were never used")   \
    X(QUOTA_RATE, "quota-rate", "the authority had as many new subscriptions as it may for now")   \
    X(POOL_EMPTY, "pool-empty", "no IMSI is left in the pool")                                     \
    X(STORE, "store-failed", "the store could not be read or written")                             \
    X(CRYPTO, "crypto-failed", "a cryptographic operation could not be carried out")
enum certattach_cause {
#define X(name, text, sentence) CERTATTACH_##name,
    CERTATTACH_CAUSE_LIST(X)
#undef X
        CERTATTACH_CAUSES
};
const char *certattach_cause_name(enum certattach_cause c);
const char *certattach_cause_sentence(enum certattach_cause c);

/* ---- step 1, device: the request in ATTACH REQUEST ---- */

/* "https://" HOST "/DeviceID=" ID and nothing else: no port, no user, no query, no escapes. HOST is
 * a DNS name of two labels or more of which the last begins with a letter (so it is never an
 * address), in any case of letters; `host` has it in lower case. Errors: E_BAD_LENGTH, E_BAD_VALUE.
 */
struct certattach_url {
    char host[CERTATTACH_HOST_MAX + 1];
    struct device_id id;
};
MUST_USE enum err certattach_url_parse(struct bytes ascii, struct certattach_url *out);
/* The id alone, for the device whose URL it is. Errors: as certattach_url_parse. */
MUST_USE enum err certattach_url_id(struct bytes ascii, struct device_id *out);

struct certattach_request {
    struct bytes url; /* as the device has it */
    uint8_t nonce[CERTATTACH_NONCE_LEN];
    /* As it travels: enum devid_algorithm (1), then the signature; p is NULL: there is none. */
    struct bytes proof;
};
#define CERTATTACH_PROOF_MAX (1u + DEVID_SIGNATURE_MAX)
/* What a proof covers: label, algorithm, SHA-256 of the URL as it is in the request, IMEI (14),
 * nonce, serving PLMN (3), each with its length before it in two octets. Errors: E_CRYPTO. */
#define CERTATTACH_PROOF_LABEL       "bindery onboarding request"
#define CERTATTACH_PROOF_CONTENT_LEN (26u + 1 + 32 + 14 + 16 + 3 + 6 * 2)
MUST_USE enum err certattach_proof_content(const struct crypto *c, uint8_t algorithm,
                                           struct bytes url, const struct imei *imei,
                                           const uint8_t nonce[static CERTATTACH_NONCE_LEN],
                                           const struct plmn *plmn,
                                           uint8_t out[static CERTATTACH_PROOF_CONTENT_LEN]);
/* What the device remembers of an attach until T3410 ends: in memory alone. */
struct certattach_asked {
    bool asked;
    uint8_t nonce[CERTATTACH_NONCE_LEN];
    struct plmn plmn; /* that the device selected */
};
/* What leaves the factory with a device, and its IMEI. */
struct certattach_device {
    struct bytes url;
    struct imei imei;
    const struct devid_signer *signer; /* NULL: no key to prove the IMEI with */
};
/* A fresh nonce each time. `room`: for CERTATTACH_PROOF_MAX octets, into which the proof goes; it
 * may be NULL where there is no signer. Errors: E_BAD_VALUE, E_BAD_LENGTH (the URL is not of the
 * one form), E_CRYPTO. */
MUST_USE enum err certattach_device_ask(const struct crypto *c,
                                        const struct certattach_device *device,
                                        const struct plmn *plmn, uint8_t *room,
                                        struct certattach_asked *asked,
                                        struct certattach_request *out);

/* ---- step 2, AUSF: the device's security context and certificate, and their verification ---- */

/* What the authority's site said of the device; spans point into whatever it was read from. */
struct certattach_context {
    struct bytes record, signature, signer; /* proc/device_record.h; 64 and 32 octets */
    size_t n_chain;                         /* DER, the device's first; 0 when it was revoked */
    struct bytes chain[DEVID_CHAIN_MAX];
    bool has_identity; /* the device has a key to prove its IMEI with: */
    struct devid_credential identity;
};
/* For one authority, and one thread. */
struct certattach_authority_port {
    void *ctx;
    /* For the records, and for the identity's signature and chain: as devid's. */
    const struct devid_port *devid;
    /* The chain of the key that is encrypted to: NONE, KEY, NO_CRL, CRYPTO or one of CHAIN. */
    enum certattach_cause (*chain)(void *ctx, const struct bytes *chain, size_t n, int64_t at);
};
struct certattach_arrived {
    const struct certattach_request *request;
    struct device_id id; /* of its URL */
    struct imei imei;    /* of the attach */
    struct plmn plmn;    /* serving */
    int64_t at;          /* Unix seconds */
};
/* Is this the device's record, signed by the authority, not revoked, with this IMEI, and its chain
 * good? And, if the authority knows a key that proves the IMEI, did that key sign this request?
 * NONE with *record, or why not. Nothing is allocated for a device before. */
enum certattach_cause certattach_ausf_verify(const struct crypto *c,
                                             const struct certattach_authority_port *port,
                                             const struct certattach_arrived *arrived,
                                             const struct certattach_context *context,
                                             struct device_record *record);

/* ---- step 3, AUSF: a subscription for the device ---- */

/* As it is stored for each (authority, device id). */
#define CERTATTACH_PHASES_LIST(X)                                                                  \
    X(NEW, "new")           /* never asked, or forgotten: no row */                                \
    X(WAITING, "waiting")   /* for an operator's approval */                                       \
    X(APPROVED, "approved") /* by hand; has no credentials yet */                                  \
    X(PENDING, "pending")   /* has an IMSI and Ki; no AKA succeeded yet */                         \
    X(ACTIVE, "active")                                                                            \
    X(DENIED, "denied")                                                                            \
    X(EXPIRED, "expired") /* was never used; its IMSI went back to the pool */
enum certattach_phase {
#define X(name, text) CERTATTACH_PHASE_##name,
    CERTATTACH_PHASES_LIST(X)
#undef X
        CERTATTACH_PHASES
};
const char *certattach_phase_name(enum certattach_phase p);
/* Errors: E_BAD_VALUE. */
MUST_USE enum err certattach_phase_parse(struct bytes ascii, enum certattach_phase *out);

struct certattach_held {
    enum certattach_phase phase;
    bool again;         /* ACTIVE: an operator lets the device have the same keys once more */
    uint8_t digest[32]; /* PENDING, ACTIVE: of the certificate that it was made for */
};
enum certattach_decision {
    CERTATTACH_REFUSE, /* with *why */
    CERTATTACH_DRAW,   /* a new subscription */
    CERTATTACH_REPEAT, /* the one that there is, freshly protected */
    CERTATTACH_WAIT    /* it becomes WAITING, and is refused (WAITING) */
};
/* What is to be done for a device that was verified. `by_rule`: it needs nobody's approval. A
 * certificate that was renewed gets what PENDING has; for ACTIVE an operator's word is needed
 * anyway. Pool and quotas are the caller's, with DRAW and WAIT. */
enum certattach_decision certattach_ausf_decide(const struct certattach_held *held,
                                                const struct device_record *record, bool by_rule,
                                                enum certattach_cause *why);

/* The subscription profile: all that the device needs to connect. Secret; its owner wipes it. */
struct certattach_profile {
    struct imsi imsi;
    struct aka_keys keys; /* K is Ki; OPc or TOPc */
    struct plmn home;
    uint8_t policy; /* enum binding_policy: `learn` tells it that it is to make a KME */
    uint8_t n_apns; /* the default one first */
    char apns[CERTATTACH_APNS_MAX][CERTATTACH_APN_MAX + 1];
};
/* Ki = KDF(32 fresh octets, "ki", Nonce1, device id, home PLMN); OPc or TOPc likewise, labelled
 * "opc". keys->algorithm, res_len, keccak_iterations, k.n and opc.n say what is wanted. Drawn once
 * for a subscription, and stored before anything of it leaves. Errors: those of aka_keys_check,
 * E_CRYPTO. */
MUST_USE enum err certattach_ausf_draw(const struct crypto *c, const struct device_id *id,
                                       const struct plmn *home, struct aka_keys *keys,
                                       uint8_t nonce_1[static CERTATTACH_NONCE_LEN]);

/* The one way to write a profile: version 1, then IMSI (8), algorithm, K, OPc, RES length, Keccak
 * iterations, home PLMN (3), policy, number of APNs and each APN, all but the version with their
 * lengths before them in two octets. */
#define CERTATTACH_PROFILE_MAX                                                                     \
    (1u + 8 + 1 + 32 + 32 + 1 + 1 + 3 + 1 + 1 + CERTATTACH_APNS_MAX * CERTATTACH_APN_MAX +         \
     (9 + CERTATTACH_APNS_MAX) * 2)
/* The IMSI is of the home PLMN; an APN is of labels as TS 23.003 9.1 wants them; there may be none,
 * then the device takes the network's default. Errors: E_BAD_VALUE, E_BAD_LENGTH. */
MUST_USE enum err certattach_profile_write(const struct certattach_profile *in,
                                           uint8_t out[static CERTATTACH_PROFILE_MAX], size_t *n);
/* Read in place, a device has little stack: on an error *out is zeros. Errors: E_TRUNCATED,
 * E_TRAILING, E_BAD_LENGTH, E_BAD_VALUE, E_BAD_DIGIT, E_UNSUPPORTED (another version). */
MUST_USE enum err certattach_profile_read(struct bytes in, struct certattach_profile *out);

/* The box. A secret of 32 octets is agreed with the device's key: by ECDH on P-256 with an
 * ephemeral key (sent: its compressed point, 33 octets; the secret: the x coordinate), or encrypted
 * to an RSA key (sent: RSAES-OAEP with SHA-256 of 32 random octets under the label below). From
 * there on both are ECIES of TS 33.501 C.3 with the algorithms of profile B: X9.63 KDF with SHA-256
 * over secret and SharedInfo1 = what was sent, AES-128 in CTR mode, and HMAC-SHA-256 over
 * ciphertext and SharedInfo2, here the AAD, its tag whole. */
#define CERTATTACH_OAEP_LABEL   "bindery onboarding secret"
#define CERTATTACH_AAD_LABEL    "bindery onboarding profile"
#define CERTATTACH_SIGNED_LABEL "bindery onboarding result"
enum certattach_form { CERTATTACH_EC = 1, CERTATTACH_RSA = 2 };
#define CERTATTACH_SENT_MAX 512u
#define CERTATTACH_TAG_LEN  ECIES_TAG_LEN
/* Form (1), sent (33, or as long as the RSA modulus), ciphertext, tag (32). */
#define CERTATTACH_BOX_MAX (1u + CERTATTACH_SENT_MAX + CERTATTACH_PROFILE_MAX + CERTATTACH_TAG_LEN)
/* AAD: label, device id, device nonce, Nonce1, serving PLMN (3), each with its length. */
struct certattach_about {
    struct device_id id;
    uint8_t nonce[CERTATTACH_NONCE_LEN];
    uint8_t nonce_1[CERTATTACH_NONCE_LEN];
    struct plmn plmn; /* serving */
};
struct certattach_operator_port {
    void *ctx;
    /* A secret for the key of this certificate (DER), and what is sent for it. *sent is the room
     * given, CERTATTACH_SENT_MAX, then the octets. Errors: E_UNSUPPORTED (the key is neither P-256
     * nor RSA of 2048 to 4096 bits), E_CRYPTO. */
    MUST_USE enum err (*agree)(void *ctx, struct bytes certificate, enum certattach_form *form,
                               uint8_t *sent, size_t *sent_n,
                               uint8_t secret[static CERTATTACH_SECRET_LEN]);
    /* The operator's signature. Errors: E_CRYPTO. */
    MUST_USE enum err (*sign)(void *ctx, struct bytes content,
                              uint8_t signature[static CERTATTACH_SIGNATURE_LEN]);
};
/* What goes to the device: container 7. */
struct certattach_result {
    uint8_t nonce_1[CERTATTACH_NONCE_LEN];
    int64_t expiry; /* Unix seconds: after it the device takes it no more */
    struct bytes box;
    struct bytes signature;    /* 64 octets */
    struct bytes certificates; /* DER, the signer's first, one behind the other, no root */
};
/* Signed: label, device id, device nonce, Nonce1, serving PLMN (3), expiry (8), SHA-256 of the box,
 * each with its length. Errors: E_CRYPTO. */
#define CERTATTACH_SIGNED_MAX (25u + DEVICE_ID_MAX + 16 + 16 + 3 + 8 + 32 + 7 * 2)
MUST_USE enum err certattach_signed_content(const struct crypto *c,
                                            const struct certattach_about *about, int64_t expiry,
                                            struct bytes box,
                                            uint8_t out[static CERTATTACH_SIGNED_MAX],
                                            struct bytes *content);
/* A fresh agreement and signature each time. `room`: CERTATTACH_BOX_MAX and
 * CERTATTACH_SIGNATURE_LEN octets, into which *out points; certificates are the caller's. Errors:
 * E_UNSUPPORTED, E_CRYPTO, those of certattach_profile_write. */
MUST_USE enum err certattach_ausf_protect(const struct crypto *c,
                                          const struct certattach_operator_port *port,
                                          struct bytes certificate,
                                          const struct certattach_about *about,
                                          const struct certattach_profile *profile, int64_t expiry,
                                          struct mbytes room, struct certattach_result *out);

/* ---- step 4, MME: ATTACH REJECT with the result. Nothing is looked at there. ---- */

/* ---- step 5, device: is it the operator's, for this attach? Then, and only then, it is opened
 * ---- */

/* NAME, "name", sentence */
#define CERTATTACH_REFUSAL_LIST(X)                                                                 \
    X(NONE, "none", "the result is taken")                                                         \
    X(NOT_ASKED, "not-asked", "the device has not asked, or has an answer already")                \
    X(UNREADABLE, "unreadable", "the result cannot be read")                                       \
    X(UNTRUSTED, "operator-untrusted",                                                             \
      "the operator's certificate leads to no provisioning root of the device")                    \
    X(CERTIFICATE_EXPIRED, "operator-certificate-expired",                                         \
      "the operator's certificate is not valid at this time")                                      \
    X(PURPOSE, "operator-purpose", "the certificate is not a provisioning operator's")             \
    X(OTHER_PLMN, "operator-plmn",                                                                 \
      "the operator's certificate does not list the PLMN that the device selected")                \
    X(SIGNATURE, "operator-signature",                                                             \
      "the signature is not the operator's over this device, PLMN, nonce and content")             \
    X(EXPIRED, "result-expired", "the result is too old")                                          \
    X(BOX, "not-opened", "the content was not encrypted to this device's key for this attach")     \
    X(PROFILE, "profile-unreadable", "the subscription profile cannot be read")                    \
    X(CRYPTO, "crypto-failed", "a cryptographic operation could not be carried out")
enum certattach_refusal {
#define X(name, text, sentence) CERTATTACH_REFUSED_##name,
    CERTATTACH_REFUSAL_LIST(X)
#undef X
        CERTATTACH_REFUSALS
};
const char *certattach_refusal_name(enum certattach_refusal r);
const char *certattach_refusal_sentence(enum certattach_refusal r);

struct certattach_device_port {
    void *ctx;
    /* Is the first of `certificates` (DER, one behind the other) a provisioning operator's that
     * lists `plmn`, does it chain to a provisioning root of the device, and did it sign `content`?
     * And is `expiry` not over, by whatever the device knows of the time? NONE, UNTRUSTED,
     * CERTIFICATE_EXPIRED, PURPOSE, OTHER_PLMN, SIGNATURE, EXPIRED or CRYPTO. */
    enum certattach_refusal (*verify)(void *ctx, struct bytes certificates, const struct plmn *plmn,
                                      int64_t expiry, struct bytes content, struct bytes signature);
    /* The secret behind what was sent, by the device's private key. Errors: E_UNSUPPORTED (its key
     * is of another form), E_BAD_VALUE (what was sent is no point, or has another length),
     * E_BAD_MAC, E_CRYPTO. */
    MUST_USE enum err (*secret)(void *ctx, enum certattach_form form, struct bytes sent,
                                uint8_t secret[static CERTATTACH_SECRET_LEN]);
    uint16_t sent_n; /* octets that its key has sent: 33, or the length of the modulus */
};
/* `room`: CERTATTACH_PROFILE_MAX octets, wiped here. With NONE *out is the profile, and
 * asked->asked is false: one answer is taken for one request. With anything else nothing changes,
 * and *out is zeros. The caller stores the profile before it relies on it. */
enum certattach_refusal certattach_device_take(const struct crypto *c,
                                               const struct certattach_device_port *port,
                                               const struct device_id *id,
                                               const struct certattach_result *result,
                                               struct mbytes room, struct certattach_asked *asked,
                                               struct certattach_profile *out);

#endif
