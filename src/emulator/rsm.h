/* emulator/rsm.h - the device's side of remote subscription management: over the bearer that its
 * temporary subscription gave it, a device fetches its operator's profile from the RSMF, and says
 * later that it works (TR 33.899 5.5.4.x step 11; nf/rsmfd is the other side).
 *
 * TLS 1.3 with the secure element's certificate: its key stays in the element, which is handed what
 * TLS wants to be signed. The RSMF is found by the name of the IMSI's home PLMN, and its
 * certificate must lead to the device's own CI and be of that name: whoever runs the network in
 * between, or the DNS, gets nothing. A call blocks for as long as its time bounds, on any thread.
 * Nothing is kept from call to call and nothing is stored here: when to ask, and what to do with a
 * profile, is decided by who calls.
 */
#ifndef BINDERY_EMULATOR_RSM_H
#define BINDERY_EMULATOR_RSM_H

#include "id/plmn.h"
#include "proc/certattach.h"

#define RSM_REQUEST_LEN                                                                            \
    16u /* drawn by the device, stored before it asks, the same until it is done */
#define RSM_CHAIN_MAX 4u
#define RSM_HOST_MAX  64u
#define RSM_WHY_MAX   256u

/* The secure element, as far as this is concerned. */
struct rsm_se {
    void *ctx;
    /* ECDSA P-256 with SHA-256, hashed by the element, by SK.SE.ECDSA: r || s. False: it does not.
     * As in struct bindery_ue_se. `content`: 64 spaces, the context string of RFC 8446 4.4.3 and a
     * digest, so never anything that could be taken for a token. Called once or not at all. */
    bool (*sign)(void *ctx, const uint8_t *content, size_t n, uint8_t signature[64]);
    struct bytes chain[RSM_CHAIN_MAX]; /* DER: CERT.SE, CERT.PN */
    size_t n_chain;
    struct bytes ci[RSM_CHAIN_MAX]; /* DER: the CI's root, to which the RSMF's chain must lead */
    size_t n_ci;
};
struct rsm_place {       /* where the RSMF is */
    struct plmn home;    /* of the IMSI that the device has: says the name */
    uint16_t port;       /* 0: 443 */
    const char *address; /* an IP address, as text, instead of the DNS's; NULL: the DNS is asked */
    const char *source;  /* the device's own address, as text; NULL: any */
    uint32_t connect_ms, total_ms; /* 0: 5 s, 15 s */
};
/* NAME, "name", is the same request worth another try later?, sentence */
#define RSM_OUTCOME_LIST(X)                                                                        \
    X(DONE, "done", false, "the RSMF did what it was asked for")                                   \
    X(SILENT, "rsmf-silent", true, "the RSMF could not be reached or answered late")               \
    X(UNTRUSTED, "rsmf-untrusted", true, "who answered is not the RSMF of this operator")          \
    X(SE_FAILED, "se-failed", true, "the secure element did not sign, or its chain is unusable")   \
    X(NOT_ALLOWED, "certificate-refused", true, "the RSMF does not accept the SE's certificate")   \
    X(SOURCE, "source-not-allowed", true, "the RSMF takes no device from this address")            \
    X(NO_PROFILE, "other-device", true, "the RSMF has no profile for this device (yet)")           \
    X(FETCHED, "already-fetched", false, "the profile was fetched already, under another request") \
    X(NOT_FETCHED, "not-fetched", false,                                                           \
      "what is confirmed was not fetched under this request, or is not there any more")            \
    X(REFUSED, "rsmf-refused", true, "the RSMF refused for another reason; it says why")           \
    X(BAD_ANSWER, "rsmf-bad-answer", true, "the answer of the RSMF cannot be accepted")            \
    X(LOCAL, "not-asked", true, "the request could not be made: memory, or a library")
enum rsm_outcome {
#define X(name, text, again, sentence) RSM_##name,
    RSM_OUTCOME_LIST(X)
#undef X
        RSM_OUTCOMES
};
const char *rsm_outcome_name(enum rsm_outcome o);
const char *rsm_outcome_sentence(enum rsm_outcome o);
bool rsm_outcome_again(enum rsm_outcome o);

/* "rsmf.epc.mnc001.mcc001.3gppnetwork.org" */
void rsm_host(const struct plmn *home, char out[static RSM_HOST_MAX]);

/* PUT /v1/profiles/{SHA-256 of CERT.SE}. DONE: *n octets of a profile that certattach_profile_read
 * takes; a secret, the caller wipes it, and it is zeros with any other outcome. The caller stores
 * it before it relies on it; the same request brings the same profile again. `why`: more for
 * people, or empty. */
enum rsm_outcome rsm_fetch(const struct rsm_se *se, const struct rsm_place *place,
                           const uint8_t request[static RSM_REQUEST_LEN],
                           uint8_t profile[static CERTATTACH_PROFILE_MAX], size_t *n,
                           char why[static RSM_WHY_MAX]);
/* PUT /v1/profiles/{SHA-256 of CERT.SE}/installed: the device is registered with the profile. DONE:
 * the RSMF has stored that; only then is what was before erased. */
enum rsm_outcome rsm_confirm(const struct rsm_se *se, const struct rsm_place *place,
                             const uint8_t request[static RSM_REQUEST_LEN],
                             char why[static RSM_WHY_MAX]);

#endif
