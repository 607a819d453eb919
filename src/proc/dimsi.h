/* proc/dimsi.h - first attach with a discovery IMSI: a device that left its factory without a
 * subscription, a country or an operator gets the IMSI of the operator that accepted it inside RAND
 * (TR 33.899 5.5.4.x).
 *
 * All parties stand here in the order of the contribution's figure, each function with its step:
 * Secure Element (SE), service provider (SP), third-party ARPF, target AUSF, discovery AUSF
 * (D-AUSF), device, and remote subscription management (RSMF). No I/O, no allocation, no clock:
 * chains, signatures and key agreement come in through ports. A function writes its outputs on
 * success only.
 *
 * Who may decide what: the SE's signature names the SP; the SP's names the operator; the ARPF's
 * names the operator again for the D-AUSF, which knows neither SE nor SP. So nobody gets eK, and
 * nobody squats on a dIMSI, by having seen SE CREDENTIALS.
 */
#ifndef BINDERY_PROC_DIMSI_H
#define BINDERY_PROC_DIMSI_H

#include "crypto/aka_functions.h"
#include "id/imsi.h"
#include "id/plmn.h"

#define DIMSI_POINT_LEN     65u /* a point of P-256, uncompressed (SEC 1 2.3.3) */
#define DIMSI_SIGNATURE_LEN 64u /* ECDSA P-256 with SHA-256, r || s */
#define DIMSI_DIGEST_LEN    32u
#define DIMSI_EK_LEN        32u
#define DIMSI_NAME_MAX      64u /* characters of an ARPF's and of an SP's name */
#define DIMSI_RES_LEN       8u

/* eK: shared by SE and ARPF, then by SE and target AUSF, until remote subscription management is
 * done. Its owner wipes it. */
struct key_ek {
    uint8_t b[DIMSI_EK_LEN];
};
struct dimsi_name { /* NUL-terminated, zero-filled */
    uint8_t n;
    char text[DIMSI_NAME_MAX + 1];
};
/* A DNS name of one label or more, in lower case already. Errors: E_BAD_LENGTH, E_BAD_VALUE. */
MUST_USE enum err dimsi_name_parse(struct bytes ascii, struct dimsi_name *out);
bool dimsi_name_eq(const struct dimsi_name *a, const struct dimsi_name *b);

/* What a party other than the device refuses for. NAME, "name", sentence. */
#define DIMSI_CAUSE_LIST(X)                                                                        \
    X(NONE, "none", "nothing was refused")                                                         \
    X(UNREADABLE, "request-unreadable", "the request cannot be read")                              \
    X(TOKEN, "token-unreadable", "ATK cannot be read")                                             \
    X(TOKEN_SIGNATURE, "token-signature", "ATK is not signed by the key of CERT.SE")               \
    X(TOKEN_OTHER_SE, "token-other-device", "ATK was made by another SE than the one of CERT.SE")  \
    X(TOKEN_OTHER_ARPF, "token-other-arpf",                                                        \
      "ATK was made for another ARPF, or for a key of this one that it does not have any more")    \
    X(POINT, "point-invalid", "PK.SE.ECDHE is no point of the curve")                              \
    X(CHAIN_EARLY, "certificate-not-yet-valid", "a certificate of the chain is not valid yet")     \
    X(CHAIN_LATE, "certificate-expired", "a certificate of the chain has expired")                 \
    X(CHAIN_UNTRUSTED, "certificate-untrusted", "the chain leads to no CI that is agreed")         \
    X(CHAIN_REVOKED, "certificate-revoked",                                                        \
      "a certificate of the chain was revoked: the SE, or its part number")                        \
    X(CHAIN_PURPOSE, "certificate-purpose", "the certificate was not issued for this use")         \
    X(CHAIN_BAD, "certificate-bad", "the chain is malformed, too large, too weak or not verified") \
    X(NO_CRL, "no-revocation-list", "a CA of the chain has no current revocation list")            \
    X(DELEGATION, "delegation-unreadable", "the service provider's delegation cannot be read")     \
    X(DELEGATION_SIGNATURE, "delegation-signature",                                                \
      "the delegation is not signed by a service provider that is trusted")                        \
    X(DELEGATION_OTHER_TOKEN, "delegation-other-token", "the delegation is for another ATK")       \
    X(DELEGATION_OTHER_SP, "delegation-other-sp",                                                  \
      "ATK names another service provider than the one that signed the delegation")                \
    X(DELEGATION_OTHER_MNO, "delegation-other-mno",                                                \
      "the delegation names another operator than the one that asks")                              \
    X(DELEGATION_OTHER_ARPF, "delegation-other-arpf", "the delegation is for another ARPF")        \
    X(DELEGATION_EXPIRED, "delegation-expired", "the delegation is not valid any more")            \
    X(DELEGATION_REVOKED, "delegation-revoked", "the service provider revoked the delegation")     \
    X(RELEASED, "released-to-another",                                                             \
      "eK of this dIMSI was released before, to another operator or for another ATK, and the "     \
      "service provider has not revoked that")                                                     \
    X(OTHER_SE, "other-se", "another SE has this dIMSI at this ARPF")                              \
    X(AUSF_CERTIFICATE, "ausf-certificate",                                                        \
      "the certificate that eK is to be encrypted to is not the operator's, or not for that")      \
    X(ENDORSEMENT, "endorsement-unreadable", "the ARPF's endorsement cannot be read")              \
    X(ENDORSEMENT_SIGNATURE, "endorsement-signature",                                              \
      "the endorsement is not signed by an ARPF that is trusted for this dIMSI")                   \
    X(ENDORSEMENT_OTHER, "endorsement-other",                                                      \
      "the endorsement is for another dIMSI, ATK or operator")                                     \
    X(ENDORSEMENT_EXPIRED, "endorsement-expired", "the endorsement is not valid any more")         \
    X(TAKEN, "dimsi-taken",                                                                        \
      "the dIMSI is held under a later endorsement, or an equal one of another operator")          \
    X(SPENT, "dimsi-spent", "the dIMSI was used up under this endorsement, or a later one")        \
    X(OUTSIDE, "dimsi-outside", "the dIMSI is none that is served here")                           \
    X(OTHER_IMSI, "imsi-outside", "the IMSI is not of the operator that pushes it")                \
    X(CHALLENGE, "challenge-unusable", "AUTN does not have its AMF bits set as they have to be")   \
    X(BOX, "not-opened", "what the ARPF sent cannot be opened with the AUSF's key")                \
    X(ARPF_UNKNOWN, "arpf-unknown", "no such ARPF is configured")                                  \
    X(ARPF_SILENT, "arpf-silent", "the ARPF could not be reached or answered late")                \
    X(ARPF_REFUSED, "arpf-refused", "the ARPF refused; it says why")                               \
    X(ARPF_BAD, "arpf-bad-answer", "the answer of the ARPF cannot be accepted")                    \
    X(DISCOVERY_UNKNOWN, "discovery-unknown", "no D-AUSF is configured for the dIMSI's PLMN")      \
    X(DISCOVERY_SILENT, "discovery-silent", "the D-AUSF could not be reached or answered late")    \
    X(DISCOVERY_REFUSED, "discovery-refused", "the D-AUSF refused; it says why")                   \
    X(RSMF_SILENT, "rsmf-silent", "the RSMF could not be reached or answered late")                \
    X(RSMF_REFUSED, "rsmf-refused", "the RSMF refused; it says why")                               \
    X(POOL_EMPTY, "pool-empty", "no IMSI is left in the pool")                                     \
    X(QUOTA, "quota", "the service provider has as many offers waiting as it may have")            \
    X(NOT_ALLOWED, "not-allowed", "the client's certificate does not give it this role here")      \
    X(NOT_FOUND, "not-found", "there is none")                                                     \
    X(OTHER_DEVICE, "other-device", "the profile is another device's, or there is none for it")    \
    X(FETCHED, "already-fetched", "the profile was fetched already, under another request")        \
    X(NOT_FETCHED, "not-fetched", "what is confirmed was not fetched under this request")          \
    X(SOURCE, "source-not-allowed", "no device may come from this address")                        \
    X(STORE, "store-failed", "the store could not be read or written")                             \
    X(CRYPTO, "crypto-failed", "a cryptographic operation could not be carried out")
enum dimsi_cause {
#define X(name, text, sentence) DIMSI_##name,
    DIMSI_CAUSE_LIST(X)
#undef X
        DIMSI_CAUSES
};
const char *dimsi_cause_name(enum dimsi_cause c); /* never NULL */
const char *dimsi_cause_sentence(enum dimsi_cause c);
/* Of a name, as a peer sent it; NONE for what is no name. */
enum dimsi_cause dimsi_cause_of(struct bytes name);

/* ---- steps 0-b and 0-c, SE: eK, and the token for the ARPF ---- */

/* ATK.SE.ECDHE. Every item with its length before it in two octets: label, version (1), dIMSI (8),
 * PK.SE.ECDHE (65), ARPF's name, SHA-256 of CERT.ARPF.ECKA in DER, SHA-256 of CERT.SE in DER, SP's
 * name, time (8: Unix seconds, or 0 of an SE without a clock; it informs, nothing rests on it),
 * counter (4: how many tokens this SE made before). Then the signature by SK.SE.ECDSA over all of
 * that, 64 octets without a length. There is one way to write it, and the reader takes no other. */
#define DIMSI_ATK_LABEL   "bindery dimsi token"
#define DIMSI_ATK_VERSION 1u
#define DIMSI_ATK_MAX                                                                              \
    (19u + 1 + 8 + DIMSI_POINT_LEN + DIMSI_NAME_MAX + 32 + 32 + DIMSI_NAME_MAX + 8 + 4 + 10 * 2 +  \
     DIMSI_SIGNATURE_LEN)
struct dimsi_atk {
    struct imsi dimsi;
    uint8_t point[DIMSI_POINT_LEN]; /* PK.SE.ECDHE */
    struct dimsi_name arpf, sp;
    uint8_t arpf_digest[DIMSI_DIGEST_LEN], se_digest[DIMSI_DIGEST_LEN];
    int64_t at;
    uint32_t counter;
    uint8_t signature[DIMSI_SIGNATURE_LEN];
};
/* All but the signature: what is signed. Octets written to `out`. */
struct bytes dimsi_atk_content(const struct dimsi_atk *atk, uint8_t out[static DIMSI_ATK_MAX]);
struct bytes dimsi_atk_write(const struct dimsi_atk *atk, uint8_t out[static DIMSI_ATK_MAX]);
/* *content: the part that is signed, within `in`. Errors: E_TRUNCATED, E_TRAILING, E_BAD_LENGTH,
 * E_BAD_VALUE (another label; a number below 0), E_BAD_DIGIT, E_UNSUPPORTED (another version). The
 * point is not looked at but for its first octet. */
MUST_USE enum err dimsi_atk_read(struct bytes in, struct dimsi_atk *out, struct bytes *content);

/* SharedInfo of the X9.63 KDF: key usage 3C, key type 88 (AES), key length 20, then dIMSI (8),
 * PK.SE.ECDHE and PK.ARPF.ECKA, these with their lengths before them in one octet, as
 * GlobalPlatform and SGP.22 do it. eK is the KDF's 32 octets, SHA-256 inside (one round). */
#define DIMSI_SHARED_INFO_LEN (3u + 1 + 8 + 2 * (1 + DIMSI_POINT_LEN))
void dimsi_shared_info(const struct imsi *dimsi, const uint8_t se[static DIMSI_POINT_LEN],
                       const uint8_t arpf[static DIMSI_POINT_LEN],
                       uint8_t out[static DIMSI_SHARED_INFO_LEN]);
/* z: the shared secret SHS, the x coordinate of the common point (BSI TR-03111 4.3.2.2). Errors:
 * E_CRYPTO. */
MUST_USE enum err dimsi_ek(const struct crypto *c, const uint8_t z[static 32],
                           const struct imsi *dimsi, const uint8_t se[static DIMSI_POINT_LEN],
                           const uint8_t arpf[static DIMSI_POINT_LEN], struct key_ek *out);

/* What the SE keeps for one dIMSI; several at once. Secret; at rest it never leaves the SE. */
struct dimsi_slot {
    struct imsi dimsi;
    struct key_ek ek; /* zeros once it was erased */
    struct dimsi_name arpf;
    uint8_t token[DIMSI_DIGEST_LEN]; /* SHA-256 of ATK */
    bool installed;                  /* step 7 has happened: */
    struct imsi imsi;
    bool erased; /* step 11 is done: the slot answers nothing any more */
};
struct dimsi_order { /* what the SP hands to the SE at 0-b */
    struct imsi dimsi;
    struct dimsi_name sp;
    const struct bytes *arpf_chain; /* CERT.ARPF.ECKA first, in DER */
    size_t n_arpf_chain;
};
struct dimsi_se_port {
    void *ctx;
    /* Does the chain lead to the SE's own CI, is its first an ARPF's, for key agreement? NONE, with
     * its name and public key, or one of CHAIN, NO_CRL, CRYPTO. */
    enum dimsi_cause (*arpf)(void *ctx, const struct bytes *chain, size_t n,
                             struct dimsi_name *name, uint8_t point[static DIMSI_POINT_LEN]);
    /* A fresh key pair on board, and the secret with `arpf`; the private half is gone afterwards.
     * Errors: E_BAD_VALUE (no point of the curve), E_CRYPTO. */
    MUST_USE enum err (*agree)(void *ctx, const uint8_t arpf[static DIMSI_POINT_LEN],
                               uint8_t se[static DIMSI_POINT_LEN], uint8_t z[static 32]);
    /* By SK.SE.ECDSA. Errors: E_CRYPTO. */
    MUST_USE enum err (*sign)(void *ctx, struct bytes content,
                              uint8_t signature[static DIMSI_SIGNATURE_LEN]);
    struct bytes certificate; /* CERT.SE, in DER */
    int64_t at;               /* Unix seconds, or 0 */
    uint32_t counter;
};
/* A new slot and its token. The caller stores the slot before the token leaves. UNREADABLE: the
 * order has no dIMSI, SP or chain; POINT: the ARPF's key is no point of the curve. */
enum dimsi_cause dimsi_se_agree(const struct crypto *c, const struct dimsi_se_port *port,
                                const struct dimsi_order *order, struct dimsi_slot *slot,
                                uint8_t token[static DIMSI_ATK_MAX], size_t *token_n);

/* ---- step 0-d, SP: the device is offered to one operator ---- */

/* The delegation: label, version (1), SHA-256 of ATK, target operator's PLMN (3), ARPF's name,
 * expiry (8: Unix seconds), number (8: of this SP's delegations for this ATK, the highest counts),
 * each with its length in two octets. The signature stands beside it. */
#define DIMSI_DELEGATION_LABEL   "bindery dimsi delegation"
#define DIMSI_DELEGATION_VERSION 1u
#define DIMSI_DELEGATION_MAX     (24u + 1 + 32 + 3 + DIMSI_NAME_MAX + 8 + 8 + 7 * 2)
struct dimsi_delegation {
    uint8_t token[DIMSI_DIGEST_LEN];
    struct plmn target;
    struct dimsi_name arpf;
    int64_t expiry;
    uint64_t number; /* 1 to INT64_MAX */
};
struct bytes dimsi_delegation_write(const struct dimsi_delegation *d,
                                    uint8_t out[static DIMSI_DELEGATION_MAX]);
/* Errors: as dimsi_atk_read. */
MUST_USE enum err dimsi_delegation_read(struct bytes in, struct dimsi_delegation *out);

/* SE CREDENTIALS, and what the SP adds to them. Spans point into whatever it was read from. */
#define DIMSI_CHAIN_MAX 4u
struct dimsi_offer {
    struct bytes atk;
    struct bytes se_chain[DIMSI_CHAIN_MAX]; /* CERT.SE, CERT.PN; in DER, no root */
    size_t n_se_chain;
    struct bytes delegation, signature;     /* 64 octets */
    struct bytes sp_chain[DIMSI_CHAIN_MAX]; /* of the SP's key, its first */
    size_t n_sp_chain;
};
/* What an offer says, once it was found to be good. */
struct dimsi_offered {
    struct dimsi_atk atk;
    struct dimsi_delegation delegation;
    struct dimsi_name sp;
    uint8_t token[DIMSI_DIGEST_LEN];
};
/* Whose key signed: by its certificate. */
enum dimsi_signer { DIMSI_SE, DIMSI_SP, DIMSI_ARPF, DIMSI_SIGNERS };
struct dimsi_verify_port {
    void *ctx;
    /* Does the chain lead to a trusted root (of SEs; of service providers; of ARPFs), has its first
     * the role and the key usage, and did it sign the content? NONE with *digest (of the first, in
     * DER) and *name (empty for an SE), one of CHAIN, NO_CRL, CRYPTO, or the kind's own cause
     * (TOKEN_SIGNATURE, DELEGATION_SIGNATURE, ENDORSEMENT_SIGNATURE). */
    enum dimsi_cause (*signed_by)(void *ctx, enum dimsi_signer who, const struct bytes *chain,
                                  size_t n, struct bytes content, struct bytes signature,
                                  int64_t at, uint8_t digest[static DIMSI_DIGEST_LEN],
                                  struct dimsi_name *name);
};
/* Target AUSF, on taking an offer: is the delegation the SP's for this ATK and this operator, and
 * not over, and is ATK an SE's? The ARPF asks the same again; but before it answers the offer has a
 * place already, and who could forge a token would keep a dIMSI's owner from it. */
enum dimsi_cause dimsi_ausf_take_offer(const struct crypto *c, const struct dimsi_verify_port *port,
                                       const struct dimsi_offer *offer, const struct plmn *own,
                                       int64_t at, struct dimsi_offered *out);

/* ---- step 0-e, ARPF: verify, compute eK, release it ---- */

struct dimsi_arpf_key {               /* one of SK.ARPF.ECKA */
    uint8_t digest[DIMSI_DIGEST_LEN]; /* SHA-256 of its CERT.ARPF.ECKA */
    uint8_t point[DIMSI_POINT_LEN];
};
struct dimsi_arpf_port {
    void *ctx;
    const struct dimsi_verify_port *verify;
    struct dimsi_name name;
    /* The key whose certificate has this digest. False: there is none (any more). */
    bool (*key)(void *ctx, const uint8_t digest[static DIMSI_DIGEST_LEN],
                struct dimsi_arpf_key *out);
    /* ECDH of that key with a point. Errors: E_BAD_VALUE (no point of the curve), E_CRYPTO. */
    MUST_USE enum err (*agree)(void *ctx, const struct dimsi_arpf_key *key,
                               const uint8_t se[static DIMSI_POINT_LEN], uint8_t z[static 32]);
};
/* Checks everything that does not need the record of releases: who asks is an operator of `asks`.
 * NONE with *out. eK is not computed yet. */
enum dimsi_cause dimsi_arpf_verify(const struct crypto *c, const struct dimsi_arpf_port *port,
                                   const struct dimsi_offer *offer, const struct plmn *asks,
                                   int64_t at, struct dimsi_offered *out);
/* What the ARPF holds of a dIMSI; number 0: nothing. */
struct dimsi_release {
    uint64_t number; /* of the release: grows with each that this ARPF makes of the dIMSI */
    uint8_t token[DIMSI_DIGEST_LEN], se_digest[DIMSI_DIGEST_LEN];
    struct dimsi_name sp;
    struct plmn target;
    uint64_t delegation; /* its number: the highest one that counted */
    bool revoked;        /* the SP revoked it since */
};
enum dimsi_decision { DIMSI_REFUSE, DIMSI_NEW, DIMSI_AGAIN };
/* NEW: a release with a number above held->number is to be recorded before anything leaves; AGAIN:
 * the one that was recorded, with its number. Another operator, or another ATK of the same SE,
 * takes the place of the one before only if that was revoked, by the SP that the one before names;
 * another SE never. Which SP the new ATK names decides nothing here: the SE signed it, and
 * dimsi_arpf_verify took a delegation only from that SP, so a device goes to another SP by its SE's
 * word and with the leave of the SP it had. revoked_to: delegations of this SP for this ATK count
 * no more up to this number. REFUSE: DELEGATION_REVOKED, OTHER_SE, RELEASED. */
enum dimsi_decision dimsi_arpf_decide(const struct dimsi_release *held, uint64_t revoked_to,
                                      const struct dimsi_offered *offered, enum dimsi_cause *why);
/* Before the release is recorded: what cannot be computed is not released. Errors: E_BAD_VALUE (no
 * point of the curve: POINT), E_NOT_FOUND (the key is gone: TOKEN_OTHER_ARPF), E_CRYPTO. */
MUST_USE enum err dimsi_arpf_ek(const struct crypto *c, const struct dimsi_arpf_port *port,
                                const struct dimsi_offered *offered, struct key_ek *ek);

/* The endorsement: label, version (1), SHA-256 of ATK, dIMSI (8), target operator's PLMN (3),
 * SHA-256 of CERT.SE, release number (8), expiry (8), each with its length. Signed by
 * SK.ARPF.ECDSA, which is another key than SK.ARPF.ECKA. */
#define DIMSI_ENDORSEMENT_LABEL   "bindery dimsi endorsement"
#define DIMSI_ENDORSEMENT_VERSION 1u
#define DIMSI_ENDORSEMENT_MAX     (25u + 1 + 32 + 8 + 3 + 32 + 8 + 8 + 8 * 2)
struct dimsi_endorsement {
    uint8_t token[DIMSI_DIGEST_LEN];
    struct imsi dimsi;
    struct plmn target;
    uint8_t se_digest[DIMSI_DIGEST_LEN];
    uint64_t number; /* 1 to INT64_MAX */
    int64_t expiry;
};
struct bytes dimsi_endorsement_write(const struct dimsi_endorsement *e,
                                     uint8_t out[static DIMSI_ENDORSEMENT_MAX]);
MUST_USE enum err dimsi_endorsement_read(struct bytes in, struct dimsi_endorsement *out);

/* eK on its way to the target AUSF: the box of proc/ecies_box.h to the key of the AUSF's
 * certificate, bound to label, SHA-256 of the endorsement's octets, and the dIMSI. */
#define DIMSI_BOX_LABEL "bindery dimsi eK"
#define DIMSI_BOX_LEN   (33u + DIMSI_EK_LEN + 32) /* compressed point, ciphertext, tag */
/* `sent`, `secret`: a fresh agreement with the AUSF's key. Errors: E_CRYPTO. */
MUST_USE enum err dimsi_box_seal(const struct crypto *c, const uint8_t sent[static 33],
                                 const uint8_t secret[static 32], struct bytes endorsement,
                                 const struct imsi *dimsi, const struct key_ek *ek,
                                 uint8_t out[static DIMSI_BOX_LEN]);
/* Errors: E_BAD_MAC, E_CRYPTO. The sent point is the first 33 octets of the box. */
MUST_USE enum err dimsi_box_open(const struct crypto *c, const uint8_t box[static DIMSI_BOX_LEN],
                                 const uint8_t secret[static 32], struct bytes endorsement,
                                 const struct imsi *dimsi, struct key_ek *ek);
/* Is the endorsement a trusted ARPF's, of this name, for this ATK, SE, dIMSI and operator, and not
 * over? For the target AUSF (offered) and, with `offered` NULL, for the D-AUSF. */
enum dimsi_cause dimsi_endorsed(const struct dimsi_verify_port *port, const struct bytes *chain,
                                size_t n_chain, struct bytes endorsement, struct bytes signature,
                                const struct dimsi_offered *offered, const struct imsi *dimsi,
                                const struct plmn *target, int64_t at,
                                struct dimsi_endorsement *out, struct dimsi_name *arpf);

/* ---- step 1, target AUSF: an IMSI, output_1 and output_2 ---- */

/* CTV: a published constant. The first octet is the version of what RAND holds. */
#define DIMSI_CTV_LEN 8u
#define DIMSI_CTV                                                                                  \
    "\x01"                                                                                         \
    "dIMSI\x5A\xA5"
/* KDF labels (kdf_own), each under eK; the first 16 octets of what comes out, 8 of RES. With dIMSI:
 * eKc and eKi. With dIMSI and IMSI: K and OPc. With RAND: RES, CK and IK of the first challenge. */
#define DIMSI_LABEL_EKC "dimsi ekc"
#define DIMSI_LABEL_EKI "dimsi eki"
#define DIMSI_LABEL_K   "dimsi k"
#define DIMSI_LABEL_OPC "dimsi opc"
#define DIMSI_LABEL_RES "dimsi res"
#define DIMSI_LABEL_CK  "dimsi ck"
#define DIMSI_LABEL_IK  "dimsi ik"
struct dimsi_challenge {
    struct rand128 rand; /* output_1 = AES-128(eKc)[IMSI || CTV] */
    struct autn autn;    /* output_2 = AES-CMAC(eKi)[IMSI || CTV], octets 7 and 8 set to 80 00 */
    struct res xres;     /* 8 octets */
    struct key_ck ck;
    struct key_ik ik;
};
MUST_USE enum err dimsi_ausf_challenge(const struct crypto *c, const struct key_ek *ek,
                                       const struct imsi *dimsi, const struct imsi *imsi,
                                       struct dimsi_challenge *out);
/* K and OPc of the IMSI, for Milenage, until the operator's own profile is there. */
MUST_USE enum err dimsi_aka_keys(const struct crypto *c, const struct key_ek *ek,
                                 const struct imsi *dimsi, const struct imsi *imsi,
                                 struct aka_keys *out);

/* ---- steps 2 to 5, D-AUSF ---- */

/* What it holds of a dIMSI; number 0: nothing. */
enum dimsi_entry_phase { DIMSI_ENTRY_LIVE = 1, DIMSI_ENTRY_SPENT, DIMSI_ENTRY_EXPIRED };
struct dimsi_entry {
    uint64_t number; /* of the endorsement */
    uint8_t token[DIMSI_DIGEST_LEN];
    struct plmn target;
    enum dimsi_entry_phase phase;
    struct imsi imsi;
    struct dimsi_challenge challenge; /* LIVE alone */
    int64_t expires;
};
/* May the push, whose endorsement was found good, take the place of what is held? Of `pushed` imsi,
 * challenge and expires are looked at. A higher number always may; under the same endorsement an
 * entry that is live is changed, one that expired lives on if the push is to last longer, and one
 * that was spent stays so. NEW, AGAIN (it is there already: nothing is to be written), or REFUSE
 * with TAKEN, SPENT, OTHER_IMSI or CHALLENGE. */
enum dimsi_decision dimsi_dausf_decide(const struct dimsi_entry *held,
                                       const struct dimsi_endorsement *endorsed,
                                       const struct dimsi_entry *pushed, enum dimsi_cause *why);
/* The vector for a serving network: KASME from CK, IK, its PLMN and AUTN's first 6 octets. Errors:
 * E_CRYPTO. */
MUST_USE enum err dimsi_dausf_kasme(const struct crypto *c, const struct dimsi_challenge *challenge,
                                    const uint8_t serving[static 3], struct key_kasme *out);

/* ---- steps 6 and 7, device: integrity, then the IMSI ---- */

/* NAME, "name", sentence */
#define DIMSI_OUTCOME_LIST(X)                                                                      \
    X(INSTALL, "install", "the IMSI is to be stored, and then RES answers")                        \
    X(REPEATED, "repeated", "the same IMSI came again: RES answers, nothing changes")              \
    X(BAD_MAC, "integrity", "AUTN does not hold for what RAND brings")                             \
    X(BAD_CTV, "ctv", "RAND does not bring the constant")                                          \
    X(BAD_IMSI, "imsi-unreadable", "what RAND brings is no IMSI")                                  \
    X(OTHER_IMSI, "other-imsi", "another IMSI was installed under this eK")                        \
    X(ERASED, "erased", "eK was erased: the operator's own profile is there")                      \
    X(BROKEN, "broken", "a cryptographic operation could not be carried out")
enum dimsi_outcome {
#define X(name, text, sentence) DIMSI_OUTCOME_##name,
    DIMSI_OUTCOME_LIST(X)
#undef X
        DIMSI_OUTCOMES
};
const char *dimsi_outcome_name(enum dimsi_outcome o);
const char *dimsi_outcome_sentence(enum dimsi_outcome o);
struct dimsi_answer { /* secret; the owner wipes it */
    struct imsi imsi;
    struct res res;
    struct key_ck ck;
    struct key_ik ik;
};
/* AUTN must hold in every bit, its AMF as it was made; autn NULL: a 2G challenge, in which CTV
 * alone is what is verified (64 bits). INSTALL: the caller stores slot->installed and slot->imsi,
 * which are not written here, before RES leaves. *out is written with INSTALL and REPEATED, else
 * zeros. */
enum dimsi_outcome dimsi_se_challenge(const struct crypto *c, const struct dimsi_slot *slot,
                                      const struct rand128 *rand, const struct autn *autn,
                                      struct dimsi_answer *out);

/* ---- steps 8 to 10: the second attach is ordinary AKA with dimsi_aka_keys ---- */

/* ---- step 11, RSMF: a profile, once ---- */

enum dimsi_delivery_phase {
    DIMSI_DELIVERY_READY = 1,
    DIMSI_DELIVERY_FETCHED,
    DIMSI_DELIVERY_CONFIRMED,
    DIMSI_DELIVERY_WITHDRAWN
};
const char *dimsi_delivery_phase_name(enum dimsi_delivery_phase p);
#define DIMSI_REQUEST_LEN 16u /* drawn by the device, and stored before it asks */
struct dimsi_delivery {
    enum dimsi_delivery_phase phase; /* 0: there is none */
    uint8_t request[DIMSI_REQUEST_LEN];
};
/* NEW: FETCHED under this request is to be recorded before the profile leaves; AGAIN: give the same
 * once more; REFUSE: OTHER_DEVICE (none, or withdrawn), FETCHED (under another request, or it was
 * confirmed: the profile is wiped then). */
enum dimsi_decision dimsi_rsmf_fetch(const struct dimsi_delivery *held,
                                     const uint8_t request[static DIMSI_REQUEST_LEN],
                                     enum dimsi_cause *why);
/* NEW: CONFIRMED is to be recorded; AGAIN: it was; REFUSE: OTHER_DEVICE, NOT_FETCHED. */
enum dimsi_decision dimsi_rsmf_confirm(const struct dimsi_delivery *held,
                                       const uint8_t request[static DIMSI_REQUEST_LEN],
                                       enum dimsi_cause *why);

#endif
