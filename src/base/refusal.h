/* base/refusal.h - every refusal a network function can give, in one table: its name, what a
 * Diameter peer is told, what the device is told, what the device does next, and the sentence an
 * operator reads.
 *
 * The wire learns less than the log: several names share one code on purpose. A provisional refusal
 * (not yet, try elsewhere, cannot ask) never gives EMM cause 3, 6, 7, 8 or 11, and an outage on our
 * side never gives 6; test/base/refusal_test.c holds the table to that.
 */
#ifndef BINDERY_BASE_REFUSAL_H
#define BINDERY_BASE_REFUSAL_H

#include "base/err.h"
#include <stdbool.h>
#include <stdint.h>

/* How a Diameter code is carried: Result-Code, or Experimental-Result under vendor 10415. */
enum refusal_carrier { REFUSAL_BASE, REFUSAL_3GPP };
/* Is the refusal about the subscription (final) or about now (provisional)? */
enum refusal_kind { REFUSAL_FINAL, REFUSAL_PROVISIONAL };

/* NAME, "name", carrier, code, EMM cause an MME gives, kind, what the device does, sentence */
#define REFUSAL_LIST(X)                                                                            \
    X(NONE, "none", REFUSAL_BASE, 2001, 0, REFUSAL_FINAL, "goes on", "nothing was refused")        \
    X(UNKNOWN_SUBSCRIBER, "unknown-subscriber", REFUSAL_3GPP, 5001, 8, REFUSAL_FINAL,              \
      "stays off this network until it is switched off", "the IMSI is not in this HSS")            \
    X(RAT_NOT_ALLOWED, "rat-not-allowed", REFUSAL_3GPP, 5421, 13, REFUSAL_FINAL,                   \
      "tries another access", "the subscription may not use this radio access")                    \
    X(VISITED_PLMN_NOT_ALLOWED, "visited-plmn-not-allowed", REFUSAL_BASE, 5012, 17,                \
      REFUSAL_PROVISIONAL, "tries again", "this origin may not ask for that Visited-PLMN-Id")      \
    X(ORIGIN_NOT_ALLOWED, "origin-not-allowed", REFUSAL_BASE, 5012, 17, REFUSAL_PROVISIONAL,       \
      "tries again", "the peer may not carry this Origin-Host or Origin-Realm")                    \
    X(COMMAND_NOT_ALLOWED, "command-not-allowed", REFUSAL_BASE, 3001, 17, REFUSAL_PROVISIONAL,     \
      "tries again", "the peer's role does not include this command")                              \
    X(IMEI_NOT_AUTHORISED, "imei-not-authorised", REFUSAL_3GPP, 4181, 17, REFUSAL_PROVISIONAL,     \
      "tries again", "the Served-IMEI is not among the subscription's authorised devices")         \
    X(NO_KME, "no-kme", REFUSAL_3GPP, 4181, 17, REFUSAL_PROVISIONAL, "tries again",                \
      "the subscription is bound but no KME is stored for its device")                             \
    X(KME_AMBIGUOUS, "kme-ambiguous", REFUSAL_3GPP, 4181, 17, REFUSAL_PROVISIONAL, "tries again",  \
      "several devices with different KMEs are authorised and nothing says which one asks")        \
    X(IMEI_NOT_LISTED, "imei-not-listed", REFUSAL_BASE, 5012, 17, REFUSAL_PROVISIONAL,             \
      "tries again", "the registered IMEI is not among the subscription's authorised devices")     \
    X(NO_PROFILE, "no-profile", REFUSAL_BASE, 5012, 17, REFUSAL_PROVISIONAL, "tries again",        \
      "the subscription names a profile that the configuration does not have")                     \
    X(AUTS_FORGED, "auts-forged", REFUSAL_3GPP, 4181, 17, REFUSAL_PROVISIONAL, "tries again",      \
      "the MAC-S in AUTS holds for no RAND that this HSS could have sent")                         \
    X(SQN_EXHAUSTED, "sqn-exhausted", REFUSAL_3GPP, 4181, 17, REFUSAL_PROVISIONAL, "tries again",  \
      "too many vectors were asked for this subscriber in too short a time")                       \
    X(BARRED, "barred", REFUSAL_BASE, 5012, 17, REFUSAL_PROVISIONAL, "tries again",                \
      "the subscription is suspended by the operator")                                             \
    X(UNKNOWN_SERVING_NODE, "unknown-serving-node", REFUSAL_3GPP, 5423, 17, REFUSAL_PROVISIONAL,   \
      "tries again", "the node that asks is not the one that serves the subscriber")               \
    X(NOT_OURS, "not-ours", REFUSAL_BASE, 3003, 17, REFUSAL_PROVISIONAL, "tries again",            \
      "the Destination-Realm is not one this HSS serves")                                          \
    X(NOT_THIS_HOST, "not-this-host", REFUSAL_BASE, 3002, 17, REFUSAL_PROVISIONAL, "tries again",  \
      "the Destination-Host is not this HSS")                                                      \
    X(LOOP, "loop", REFUSAL_BASE, 3005, 17, REFUSAL_PROVISIONAL, "tries again",                    \
      "a Route-Record shows that the request was here before")                                     \
    X(MALFORMED, "malformed", REFUSAL_BASE, 5004, 17, REFUSAL_PROVISIONAL, "tries again",          \
      "an AVP of the request cannot be accepted; Failed-AVP names it")                             \
    X(TOO_BUSY, "too-busy", REFUSAL_BASE, 3004, 17, REFUSAL_PROVISIONAL, "tries again later",      \
      "this HSS has more work waiting than it may hold")                                           \
    X(STORE_FAILED, "store-failed", REFUSAL_BASE, 5012, 17, REFUSAL_PROVISIONAL,                   \
      "tries again later", "the subscriber store could not be read or written")                    \
    X(KEY_FAILED, "key-failed", REFUSAL_BASE, 5012, 17, REFUSAL_PROVISIONAL, "tries again later",  \
      "a sealed secret could not be opened with the keys at hand")                                 \
    X(CRYPTO_FAILED, "crypto-failed", REFUSAL_BASE, 5012, 17, REFUSAL_PROVISIONAL,                 \
      "tries again later", "a cryptographic operation could not be carried out")                   \
    X(PEER_UNKNOWN, "peer-unknown", REFUSAL_BASE, 3010, 17, REFUSAL_PROVISIONAL, "tries again",    \
      "the Origin-Host of the CER is no configured peer")                                          \
    X(PEER_REALM, "peer-realm", REFUSAL_BASE, 3010, 17, REFUSAL_PROVISIONAL, "tries again",        \
      "the Origin-Realm of the CER is not the peer's configured one")                              \
    X(PEER_CERTIFICATE, "peer-certificate", REFUSAL_BASE, 3010, 17, REFUSAL_PROVISIONAL,           \
      "tries again", "the certificate does not name the Origin-Host of the CER")                   \
    X(PEER_ADDRESS, "peer-address", REFUSAL_BASE, 3010, 17, REFUSAL_PROVISIONAL, "tries again",    \
      "the peer's configuration does not allow this address or transport")                         \
    X(PEER_LIMIT, "peer-limit", REFUSAL_BASE, 3010, 17, REFUSAL_PROVISIONAL, "tries again",        \
      "the peer has as many connections as it may have")                                           \
    /* What an MME refuses. Its EMM cause is what the device is told; no Diameter peer is. */      \
    X(ROAMING_NOT_ALLOWED, "roaming-not-allowed", REFUSAL_3GPP, 5004, 11, REFUSAL_FINAL,           \
      "leaves this network", "the home network does not allow this serving network")               \
    X(UNKNOWN_EPS_SUBSCRIPTION, "unknown-eps-subscription", REFUSAL_3GPP, 5420, 15, REFUSAL_FINAL, \
      "tries another cell or access", "the IMSI has no EPS subscription")                          \
    X(NO_VECTORS, "no-vectors", REFUSAL_3GPP, 4181, 17, REFUSAL_PROVISIONAL, "tries again",        \
      "the HSS gave no authentication vectors now")                                                \
    X(HSS_SILENT, "hss-silent", REFUSAL_BASE, 3002, 17, REFUSAL_PROVISIONAL, "tries again",        \
      "the HSS did not answer in time, or none is connected")                                      \
    X(HSS_REFUSED, "hss-refused", REFUSAL_BASE, 5012, 17, REFUSAL_PROVISIONAL, "tries again",      \
      "the HSS refused the request with a code that says nothing of the subscription")             \
    X(BINDING_FAILED, "binding-failed", REFUSAL_BASE, 5012, 3, REFUSAL_FINAL,                      \
      "stays off until it is switched off",                                                        \
      "the USIM refused MAC-A: not the device that the challenge was made for, or a false key")    \
    X(RES_MISMATCH, "res-mismatch", REFUSAL_BASE, 5012, 3, REFUSAL_FINAL,                          \
      "stays off until it is switched off", "RES is not what the HSS expects")                     \
    X(SYNC_LOOP, "sync-loop", REFUSAL_BASE, 5012, 17, REFUSAL_PROVISIONAL, "tries again",          \
      "the USIM asked for resynchronisation again after it was given")                             \
    X(SEPARATION_BIT, "separation-bit", REFUSAL_BASE, 5012, 17, REFUSAL_PROVISIONAL,               \
      "tries again", "the ME found the separation bit of AMF clear: the vector is none for EPS")   \
    X(SECURITY_MODE_REJECTED, "security-mode-rejected", REFUSAL_BASE, 5012, 17,                    \
      REFUSAL_PROVISIONAL, "tries again", "the UE refused the security mode command")              \
    X(BIDDING_DOWN, "bidding-down", REFUSAL_BASE, 5012, 17, REFUSAL_PROVISIONAL, "tries again",    \
      "the UE found capabilities replayed to it that it did not send: somebody changed them")      \
    X(ATTACH_CHANGED, "attach-changed", REFUSAL_BASE, 5012, 0, REFUSAL_PROVISIONAL,                \
      "is served as it asked",                                                                     \
      "the ATTACH REQUEST was changed on its way; the UE sent it again, protected")                \
    X(RADIO_FAILED, "radio-failed", REFUSAL_BASE, 5012, 0, REFUSAL_PROVISIONAL, "is released",     \
      "the eNB could not set up the UE's context")                                                 \
    X(NO_COMMON_ALGORITHM, "no-common-algorithm", REFUSAL_BASE, 5012, 17, REFUSAL_PROVISIONAL,     \
      "tries elsewhere", "the UE has no NAS algorithm that this MME may use")                      \
    X(EQUIPMENT_BLACK, "equipment-black", REFUSAL_BASE, 5012, 6, REFUSAL_FINAL,                    \
      "stays off until it is switched off", "the EIR has the equipment on its black list")         \
    X(EQUIPMENT_GREY, "equipment-grey", REFUSAL_BASE, 5012, 17, REFUSAL_PROVISIONAL,               \
      "tries again",                                                                               \
      "the EIR has the equipment on its grey list, and this MME does not admit that")              \
    X(EQUIPMENT_UNKNOWN, "equipment-unknown", REFUSAL_3GPP, 5422, 6, REFUSAL_FINAL,                \
      "stays off until it is switched off", "the EIR does not know the equipment")                 \
    /* What a device's proof of its IMEI comes to (proc/devid.h). 5422 tells the MME that asked    \
     * for it that the proof is the reason. */                                                     \
    X(DEVICE_FAILED, "device-failed", REFUSAL_3GPP, 5422, 6, REFUSAL_FINAL,                        \
      "stays off until it is switched off", "the device did not prove the IMEI that it gave")      \
    X(DEVICE_UNPROVEN, "device-unproven", REFUSAL_BASE, 5012, 17, REFUSAL_PROVISIONAL,             \
      "tries again", "nobody published a binding for the IMEI, and the policy wants a proof")      \
    X(DEVICE_UNDETERMINED, "device-undetermined", REFUSAL_BASE, 5012, 17, REFUSAL_PROVISIONAL,     \
      "tries again", "the proof of the IMEI could not be checked now, and the policy wants one")   \
    X(PROOF_MISSING, "proof-missing", REFUSAL_BASE, 5012, 17, REFUSAL_PROVISIONAL,                 \
      "tries again, best where the provisioning MME is asked first",                               \
      "this MME brought no proof of the IMEI, and none is remembered for the two")                 \
    X(DEVICE_SILENT, "device-silent", REFUSAL_BASE, 5012, 0, REFUSAL_PROVISIONAL,                  \
      "is not answered",                                                                           \
      "the device did not answer when it was asked for its IMEI and a proof or KME")               \
    X(PROOF_UNASKED, "proof-unasked", REFUSAL_BASE, 5012, 98, REFUSAL_PROVISIONAL,                 \
      "is told what is wrong", "a proof of an IMEI came that nobody had asked for")                \
    /* Procedure kme (proc/kme.h). The home network's own record has the exact cause. */           \
    X(KME_REFUSED, "kme-refused", REFUSAL_BASE, 5012, 17, REFUSAL_PROVISIONAL, "tries again",      \
      "the KME of the device was not taken; its cause says why")                                   \
    X(PROVISIONING_OWED, "provisioning-owed", REFUSAL_BASE, 5012, 17, REFUSAL_PROVISIONAL,         \
      "tries again, best where the provisioning MME is asked first",                               \
      "the subscription has to be bound first, and this MME brought no KME")                       \
    X(PROVISIONED, "provisioned", REFUSAL_BASE, 5012, 17, REFUSAL_PROVISIONAL,                     \
      "attaches again, under its own KME", "the attach was for provisioning, which is done")       \
    X(DEVICE_WITHOUT_KME, "device-without-kme", REFUSAL_BASE, 5012, 17, REFUSAL_PROVISIONAL,       \
      "tries again", "the device answered without a KME when it was told to make one")             \
    X(KME_NOT_CARRIED, "kme-not-carried", REFUSAL_BASE, 5012, 17, REFUSAL_PROVISIONAL,             \
      "tries again",                                                                               \
      "the KME that came cannot be read, or is of another IMSI or IMEI than the UE's")             \
    X(KME_UNASKED, "kme-unasked", REFUSAL_BASE, 5012, 98, REFUSAL_PROVISIONAL,                     \
      "is told what is wrong", "a KME came that nobody had asked for")                             \
    X(PROVISIONING_UNCIPHERED, "provisioning-unciphered", REFUSAL_BASE, 5012, 17,                  \
      REFUSAL_PROVISIONAL, "tries again",                                                          \
      "the subscription has to be bound first, and this UE does not cipher")                       \
    X(BEARER_NOT_NOW, "bearer-not-now", REFUSAL_BASE, 5012, 0, REFUSAL_PROVISIONAL,                \
      "is told what is wrong", "a bearer was asked for while the device is provisioned")           \
    /* Procedure certattach (proc/certattach.h). The AUSF's own record has the exact cause. */     \
    X(ONBOARDING_REFUSED, "onboarding-refused", REFUSAL_BASE, 5012, 17, REFUSAL_PROVISIONAL,       \
      "tries elsewhere, then again", "the device was given no subscription; its cause says why")   \
    X(ONBOARDED, "onboarded", REFUSAL_BASE, 5012, 17, REFUSAL_PROVISIONAL,                         \
      "attaches with its new subscription",                                                        \
      "the attach was for a subscription, and the reject brings it")                               \
    X(ONBOARDING_NOT_OFFERED, "onboarding-not-offered", REFUSAL_BASE, 5012, 17,                    \
      REFUSAL_PROVISIONAL, "tries elsewhere", "this MME gives no subscriptions to devices")        \
    X(ONBOARDING_UNREADABLE, "onboarding-unreadable", REFUSAL_BASE, 5012, 17, REFUSAL_PROVISIONAL, \
      "tries elsewhere",                                                                           \
      "the attach asks for a subscription without an IMEI or without a certificate URL")           \
    X(SUBSCRIPTION_PENDING, "subscription-pending", REFUSAL_BASE, 5012, 17, REFUSAL_PROVISIONAL,   \
      "tries again", "the subscription was not used yet, and the IMEI is not the one it is for")   \
    /* Procedure dimsi (proc/dimsi.h): what a discovery AUSF says. Never 5001, 5004 or 5420. */    \
    X(DISCOVERY_PENDING, "discovery-pending", REFUSAL_3GPP, 4181, 17, REFUSAL_PROVISIONAL,         \
      "tries again", "no operator has a challenge for the dIMSI here now")                         \
    X(DISCOVERY_ONLY, "discovery-only", REFUSAL_BASE, 5012, 17, REFUSAL_PROVISIONAL,               \
      "attaches with the IMSI that it was given", "there is no service on a dIMSI")                \
    X(IDENTITY_UNKNOWN, "identity-unknown", REFUSAL_BASE, 5012, 9, REFUSAL_PROVISIONAL,            \
      "attaches again with its IMSI", "nobody here knows the GUTI that the UE named")              \
    X(IDENTITY_MISSING, "identity-missing", REFUSAL_BASE, 5012, 17, REFUSAL_PROVISIONAL,           \
      "tries again", "the UE gave no identity that it could be authenticated by")                  \
    X(NAS_UNPROTECTED, "nas-unprotected", REFUSAL_BASE, 5012, 0, REFUSAL_PROVISIONAL,              \
      "is not answered", "a NAS message came in clear that may not")                               \
    X(NAS_MAC, "nas-mac", REFUSAL_BASE, 5012, 0, REFUSAL_PROVISIONAL, "is not answered",           \
      "the integrity of a NAS message does not hold")                                              \
    X(NAS_REPLAY, "nas-replay", REFUSAL_BASE, 5012, 0, REFUSAL_PROVISIONAL, "is not answered",     \
      "a NAS message came under a COUNT that was used before")                                     \
    X(NAS_COUNT_SPENT, "nas-count-spent", REFUSAL_BASE, 5012, 0, REFUSAL_PROVISIONAL,              \
      "is released", "no NAS COUNT is left in this security context")                              \
    X(NAS_MALFORMED, "nas-malformed", REFUSAL_BASE, 5012, 96, REFUSAL_PROVISIONAL,                 \
      "is told what is wrong", "a NAS message cannot be read")                                     \
    X(NAS_STATE, "nas-state", REFUSAL_BASE, 5012, 98, REFUSAL_PROVISIONAL,                         \
      "is told what is wrong", "a NAS message does not fit what the UE is doing")                  \
    X(APN_NOT_ALLOWED, "apn-not-allowed", REFUSAL_BASE, 5012, 19, REFUSAL_PROVISIONAL,             \
      "tries again with another APN", "the subscription does not have the APN, or the PDN type")   \
    X(NO_SERVICE_HERE, "no-service-here", REFUSAL_BASE, 5012, 17, REFUSAL_PROVISIONAL,             \
      "tries elsewhere", "this MME provisions devices and gives no service")                       \
    X(ATTACH_TIMEOUT, "attach-timeout", REFUSAL_BASE, 5012, 0, REFUSAL_PROVISIONAL,                \
      "is not answered", "the UE did not answer in time")                                          \
    X(CONGESTION, "congestion", REFUSAL_BASE, 3004, 22, REFUSAL_PROVISIONAL,                       \
      "tries again when T3346 has run", "this MME has as many UEs as it may hold, or more work")   \
    X(ENB_PLMN, "enb-plmn", REFUSAL_BASE, 5012, 0, REFUSAL_FINAL, "is not connected",              \
      "the eNB broadcasts no PLMN that this MME serves")                                           \
    X(ENB_ADDRESS, "enb-address", REFUSAL_BASE, 5012, 0, REFUSAL_FINAL, "is not connected",        \
      "no eNB may come from this address, or there are as many as there may be")                   \
    X(S1_STATE, "s1-state", REFUSAL_BASE, 5012, 0, REFUSAL_PROVISIONAL, "is told what is wrong",   \
      "an S1AP message came that an eNB does not send to an MME")                                  \
    X(ENB_NOT_SET_UP, "enb-not-set-up", REFUSAL_BASE, 5012, 0, REFUSAL_PROVISIONAL,                \
      "is not connected", "a message came before S1 Setup")                                        \
    X(S1_UNKNOWN_ID, "s1-unknown-id", REFUSAL_BASE, 5012, 0, REFUSAL_PROVISIONAL,                  \
      "is told what is wrong", "there is no S1 connection with this UE S1AP ID")                   \
    X(S1_FOREIGN_ID, "s1-foreign-id", REFUSAL_BASE, 5012, 0, REFUSAL_PROVISIONAL,                  \
      "is told what is wrong", "the UE S1AP ID belongs to another eNB")                            \
    X(S1_MALFORMED, "s1-malformed", REFUSAL_BASE, 5012, 0, REFUSAL_PROVISIONAL,                    \
      "is told what is wrong", "an S1AP message cannot be read")                                   \
    X(PEER_NO_COMMON_APPLICATION, "peer-no-common-application", REFUSAL_BASE, 5010, 17,            \
      REFUSAL_PROVISIONAL, "tries again", "the peer and this HSS share no Diameter application")

enum refusal {
#define X(name, text, carrier, code, emm, kind, next, sentence) REFUSAL_##name,
    REFUSAL_LIST(X)
#undef X
        REFUSAL_COUNT
};

struct refusal_row {
    const char *name;
    enum refusal_carrier carrier;
    uint32_t code;
    uint8_t emm_cause;
    enum refusal_kind kind;
    const char *device_next;
    const char *sentence;
};
/* The row of a refusal. Never NULL; a value outside the list gives STORE_FAILED's, never NONE's. */
const struct refusal_row *refusal_row(enum refusal r);

#endif
