/* device/bindery_ue.h - libbindery-ue: the device side of Bindery, for modems and for emulators.
 *
 * This is the whole public interface, and the only header that is installed (layer 1, which stands
 * in bindery_ue_hooks.h and bindery_ue_discovery.h, is put into it then). It needs nothing but
 * three headers of the language. The library allocates nothing, knows no clock, no file and no
 * socket, keeps no data of its own that changes, and calls nothing but what it is handed here and
 * memcpy, memmove, memset, memcmp and strcmp. Language: C11 or C++11 (where some structs need the
 * word `struct` before their names: functions are called the same).
 *
 * ---------------------------------------------------------------------------------------------
 * CONVENTIONS
 *
 * Two layers, usable separately.
 *
 *   Layer 1, the hooks, is for a modem with a NAS stack of its own. On AUTHENTICATION REQUEST it
 *   calls bindery_ue_binding_challenge() where it would have called the USIM. On IDENTITY REQUEST
 *   with information element 7E it calls bindery_ue_devid_answer(). Nothing else of it changes. A
 *   modem that makes its own KME keeps a struct bindery_ue_keys for each IMSI, calls
 *   bindery_ue_kme_challenge() instead of the first, bindery_ue_kme_answer() beside the second, and
 *   bindery_ue_kme_result() on ATTACH REJECT. One without a subscription calls
 *   bindery_ue_onboarding_ask() before its ATTACH REQUEST, and bindery_ue_onboarding_take() on
 *   ATTACH REJECT. One that attaches with a dIMSI asks its secure element (struct
 *   bindery_ue_discovery) where it would have asked the USIM, takes no ATTACH ACCEPT, and when
 *   that attach has ended attaches with the IMSI that it got.
 *
 *   Layer 2, the NAS client, is a whole EMM and ESM machine (TS 24.301) without I/O: PDUs, events
 *   of the lower layers and the time go in, PDUs and events come out. It uses layer 1 by itself.
 *
 * Memory. A context is a struct with an array `space`; its owner may put it anywhere, copy it to
 * another place, and forget it after wiping it. What a context is pointed to (crypto table, host,
 * signer, settings, buffer) has to outlive it and stays where it is. A context belongs to one
 * thread at a time. Different contexts have nothing in common but what their owner shares among
 * them: one crypto table, one settings and one buffer may serve every context of a thread.
 *
 * Calls and what comes out. A call does its work at once and never blocks, but for what the host's
 * functions do. Afterwards take what came out: bindery_ue_uplink() until it says that there is no
 * PDU, bindery_ue_next_event() until it says that there is no event. A call made while something
 * still waits changes nothing and returns BINDERY_UE_ERR_BUSY. If uplink and events wait, the
 * uplink goes first.
 *
 * Time is in milliseconds of a clock that never goes back and may begin anywhere; every call that
 * may start a timer takes the present. bindery_ue_deadline() says when bindery_ue_tick() wants to
 * be called next. Calling it earlier, or more often, does no harm; later makes the timers late.
 *
 * Octets are big endian and stand as in NAS: a PLMN is the three octets of TS 24.301 9.9.3.32.
 * Digits are ASCII without an end mark; their number stands beside them or is fixed.
 *
 * Errors. A function that can fail returns enum bindery_ue_result; anything but BINDERY_UE_OK means
 * that nothing changed, unless it says otherwise. A message from the network that is refused is not
 * an error of the call: it gives the event BINDERY_UE_EVENT_REFUSED with a name, changes nothing,
 * and is answered as clause 7 of TS 24.301 says.
 *
 * WHO SAVES WHAT, WHEN
 *
 * The NAS client hands an image of its state to the host's function `store` whenever something is
 * about to leave, or to be acted upon, that relies on state which the last image does not have. It
 * waits for the answer: after `true` the image must survive a power cut. After `false` the PDU does
 * not leave (event BINDERY_UE_EVENT_STORE_FAILED), and the network will ask again.
 *
 * The image has: the IMSI it belongs to, the last challenge with its answer, GUTI, TAI list, last
 * visited TAI, the NAS security context, and a running T3346. It is secret: it holds KASME and CK
 * and IK. It does not hold what was handed to bindery_ue_init(), nor a soft USIM's sequence
 * numbers: a host with a soft USIM writes those together with the image, in one go.
 *
 * To spare flash, uplink NAS COUNTs are reserved ahead: an image carries a COUNT that is
 * BINDERY_UE_COUNT_AHEAD above the one in use, and protecting messages costs no image until that
 * many were sent. What is lost with a crash are numbers, never their uniqueness. A downlink COUNT
 * is stored before its message has any effect, so what was acted upon once can't be replayed after
 * a crash; messages without effect (EMM INFORMATION, a refused one) store nothing. An attach costs
 * three images, one more if the network asks for the APN, and one for each identity that it asks
 * for; a service request mostly none.
 *
 * The keys are another record, which the image never holds: KME that is active for the IMSI, and
 * KME that was offered to the network and is not confirmed yet, with what was sent and what has to
 * come back. It is handed to `store_keys`, in the place of the one before, and only what it
 * returned `true` for may be lost by nobody: a device that forgets a KME which its home network has
 * taken is locked out until its operator lets it make another. So keep it where it outlives the
 * image, a detach, a change of the card and a reset to what left the factory, one record for each
 * IMSI, and always hand in the last one. It is handed out
 *   - when a new payload was made: before the IDENTITY RESPONSE that has it leaves;
 *   - when a processed challenge was right under the KME that waited: before RES leaves;
 *   - when the network has proved that it has the KME (ATTACH REJECT with NW_SIG), and no other is
 *     active: at once. An active one is given up for a challenge under the new one only.
 * Where both are due it comes before the image. The first record has the factory's KME, if there
 * was one, as the active one: from then on the record is all that counts. Lost with a crash before
 * it was stored it costs nothing, since nothing that relied on it has left. A command that is
 * repeated is answered with the same octets, and stores nothing; an attach stores none either.
 * The record has at most BINDERY_UE_KEYS_MAX octets, and is secret.
 *
 * A device without a subscription (an identity without an IMSI) stores one thing, once: the
 * subscription that it is given. The host's function `install` does it, and after `true` K, OPc,
 * IMSI and profile must survive a power cut; the event BINDERY_UE_EVENT_ONBOARDED follows. Such a
 * context hands out no image and no keys. What it remembers of its request, a nonce, is lost with
 * the power: then an answer that is on its way is not taken, the device asks again, and its
 * operator gives it the same subscription. Lost is also nothing when `install` fails, or when the
 * power goes after it and before the event: who comes up with a subscription uses it, who comes up
 * without one asks. After the event the host makes another context, with the new IMSI, no image and
 * no keys, and a soft USIM or a card with K and OPc that never answered; K, OPc and IMSI are the
 * host's to keep from then on, as any subscription's. Until it is confirmed (struct
 * bindery_ue_trial) keep what the factory gave: URL, private key and provisioning roots. A
 * subscription that is given up goes together with its image, its keys and its sequence numbers:
 * all belong to one IMSI and one K.
 *
 * A device with a dIMSI stores one thing too: the IMSI that a challenge brought. Its secure element
 * does that before it answers, so before RES leaves; the event BINDERY_UE_EVENT_DISCOVERED follows
 * when the attach has ended, whichever way. Such a context hands out no image and no keys. Nothing
 * is lost with a crash: who comes up with an IMSI in the slot uses it, who comes up without one
 * attaches with the dIMSI. After the event the host makes another context, with the IMSI, no image
 * and no keys, and a soft USIM with K and OPc of bindery_ue_slot_usim(). That subscription is on
 * trial as well, and if it is given up the device attaches with the dIMSI again; the slot stays as
 * it is, and so do the USIM's sequence numbers, for under one eK an IMSI has one K: the same IMSI
 * comes again, and another one is refused. If no network brings a challenge then, the dIMSI may be
 * spent, for the operator may have seen the IMSI registered before the device did: it tries the
 * IMSI of the slot once more, and so in turns. eK is erased when the operator's own subscription
 * has worked, and not before.
 *
 * A proof of the IMEI leaves nothing to be stored, in either layer: the same challenge, asked
 * again, is signed again, and what was signed once is of no use in another session.
 *
 * After a crash, or with no image, the device attaches again: a lost context costs an
 * authentication, an SQN that is behind a resynchronisation, and no more. But hand in the image
 * that was stored last, or none: an older one brings back uplink COUNTs that were used already, and
 * two messages ciphered under one COUNT give each other away. A host that cannot tell which is the
 * last (a copy that was restored, say) hands in none.
 */
#ifndef BINDERY_UE_H
#define BINDERY_UE_H

#include "device/bindery_ue_discovery.h"
#include "device/bindery_ue_hooks.h"

#ifdef __cplusplus
extern "C" {
#endif

/* ---- layer 2: the NAS client ----------------------------------------------------------------- */

#define BINDERY_UE_SIZE        2048
#define BINDERY_UE_IMAGE_MAX   384  /* octets of an image, at most */
#define BINDERY_UE_UPLINK_MAX  1024 /* octets of a PDU that leaves, at most */
#define BINDERY_UE_BUFFER_MIN  (BINDERY_UE_UPLINK_MAX + 640)
#define BINDERY_UE_COUNT_AHEAD 64
#define BINDERY_UE_NEVER       UINT64_MAX
/* Of a device that has no subscription: what it gets is longer, and opened in there. */
#define BINDERY_UE_ONBOARDING_BUFFER_MIN (BINDERY_UE_UPLINK_MAX + BINDERY_UE_ONBOARDING_ROOM)

struct bindery_ue {
    BINDERY_UE_ALIGNED unsigned char space[BINDERY_UE_SIZE];
};

/* What belongs to one device. Copied by value; ctx is handed to the functions that store. */
struct bindery_ue_host {
    void *ctx;
    bindery_ue_usim_fn usim; /* bindery_ue_usim_authenticate: then usim_ctx is the soft USIM */
    void *usim_ctx;
    /* Writes an image in the place of the one before; see WHO SAVES WHAT, WHEN. */
    bool (*store)(void *ctx, const uint8_t *image, size_t n);
    /* Pointed to, not copied; NULL: this device has no key to prove its IMEI with. */
    const struct bindery_ue_signer *signer;
    /* Pointed to, not copied, as is the modulus; NULL: this device makes no KME. */
    const struct bindery_ue_provisioning *provisioning;
    /* Writes the keys of this IMSI in the place of the ones before; see WHO SAVES WHAT, WHEN. NULL
     * only without `provisioning` and without keys in the identity. */
    bool (*store_keys)(void *ctx, const uint8_t *keys, size_t n);
    /* Pointed to, not copied; NULL: none. Needed by a device whose identity has no IMSI, which
     * needs neither `usim` nor `store` nor `store_keys`; else it is not used. */
    const struct bindery_ue_onboarding *onboarding;
    /* Pointed to, not copied. Not NULL: the identity's IMSI is a dIMSI, and this is the secure
     * element under it. Such a device needs neither `usim` nor `store` nor `store_keys`, takes no
     * image and no keys, and uses neither `signer` nor `provisioning`. */
    const struct bindery_ue_discovery *discovery;
};

/* Timers of the UE (TS 24.301 10.2), in milliseconds; 0 means the value given there. */
struct bindery_ue_timers {
    uint32_t t3402; /* 12 min, until the network gives another */
    uint32_t t3410; /* 15 s */
    uint32_t t3411; /* 10 s */
    uint32_t t3412; /* 54 min, until the network gives another */
    uint32_t t3416; /* 30 s */
    uint32_t t3417; /* 5 s */
    uint32_t t3418; /* 20 s */
    uint32_t t3420; /* 15 s */
    uint32_t t3421; /* 15 s */
    uint32_t t3430; /* 15 s */
    uint32_t t3440; /* 10 s */
};

/* What many devices may share. */
struct bindery_ue_settings {
    /* UE network capability, octets 3 and 4 (9.9.3.34): algorithm 0 is bit 8 (0x80), 1 0x40, and so
     * on to 3. EEA0 has to be there; EIA0 is never used and must not. At least one of EIA1 to 3. */
    uint8_t eea;
    uint8_t eia;
    /* A network that selects EEA0, no ciphering, is accepted only with this. */
    bool allow_eea0;
    /* MO signalling is delay tolerant: establishment cause of a low priority device (Annex D). */
    bool delay_tolerant;
    uint8_t pdn_type; /* 1 IPv4, 2 IPv6, 3 both */
    const char *apn;  /* "internet", given under ciphering only; NULL or "": the default APN */
    struct bindery_ue_timers timers;
    /* How often an unprotected message may declare the USIM invalid, or a PLMN forbidden, before it
     * is believed until switch off (5.3.7b; at most 10). 0: never believed, which suits a device
     * that nobody can switch off and on: then no false base station locks it out for longer than
     * T3247, and a subscription that did end is asked for once or twice an hour. */
    uint8_t unprotected_limit;
};

/* What belongs to one device, copied. */
struct bindery_ue_identity {
    char imsi[15];
    uint8_t imsi_n;     /* 6 to 15; 0: the device has no subscription yet, and wants one */
    char imeisv[16];    /* TAC 8, SNR 6, SVN 2 */
    const uint8_t *kme; /* BINDERY_UE_KME_SIZE octets, or NULL: what the factory gave */
    /* What store_keys was handed last for this IMSI; NULL: nothing yet. With keys `kme` is not
     * looked at. */
    const uint8_t *keys;
    size_t keys_n;
    /* Digits of the MNC in the IMSI, as EF AD of the USIM says: 2 or 3. 0: it is not known; then a
     * KME is made only where the serving network is the home network. */
    uint8_t mnc_n;
};

/* The cell that the lower layers have selected. */
struct bindery_ue_cell {
    uint8_t plmn[3];
    uint16_t tac;
};

/* crypto, settings and buffer are pointed to, host and identity copied. buffer: at least
 * BINDERY_UE_BUFFER_MIN octets, BINDERY_UE_ONBOARDING_BUFFER_MIN without an IMSI; the longest
 * downlink PDU taken is BINDERY_UE_UPLINK_MAX less. Its contents matter only from a call until
 * uplink and events are taken, so contexts of one thread may share it. image: what `store` was
 * handed last, or NULL for none. After an error *ue is zeros: with ERR_IMAGE or ERR_FOREIGN call
 * again without an image if that is what you want. If that gives the same error it is the keys: a
 * device that goes on without them may be one that its home network does not know. Errors:
 * ERR_ARGUMENT, ERR_ROOM, ERR_IMAGE, ERR_FOREIGN, ERR_CRYPTO. */
enum bindery_ue_result bindery_ue_init(struct bindery_ue *ue,
                                       const struct bindery_ue_crypto *crypto,
                                       const struct bindery_ue_host *host,
                                       const struct bindery_ue_settings *settings,
                                       const struct bindery_ue_identity *identity, uint8_t *buffer,
                                       size_t buffer_n, const uint8_t *image, size_t image_n);
/* Keys and identities become zeros. Stores nothing. */
void bindery_ue_wipe(struct bindery_ue *ue);

/* ---- what it is asked to do ----
 * Errors of all: ERR_BUSY, ERR_STATE; those named. */

/* A cell was selected, or another one. Comes before the first attach. A device that was told to
 * stay off the cell before tries again here; a registered one updates its tracking area if the cell
 * is outside its list. Errors: ERR_ARGUMENT (plmn). */
enum bindery_ue_result bindery_ue_camp(struct bindery_ue *ue, uint64_t now,
                                       const struct bindery_ue_cell *cell);
/* Attach, and stay attached until told otherwise, here or by a network that deactivates the bearer
 * and does not ask for it again: what fails is repeated as TS 24.301 says. If
 * something forbids it now (T3346, an invalid USIM, a forbidden tracking area), it waits for that
 * and says so (BINDERY_UE_EVENT_WAITING). */
enum bindery_ue_result bindery_ue_attach(struct bindery_ue *ue, uint64_t now);
/* Detach, and stay detached. switch_off: nothing is waited for; the USIM's invalidity and the
 * forbidden lists end with it, as they do when a device is switched off. */
enum bindery_ue_result bindery_ue_detach(struct bindery_ue *ue, uint64_t now, bool switch_off);
/* Data waits, or (paged) the network has paged: SERVICE REQUEST. */
enum bindery_ue_result bindery_ue_service(struct bindery_ue *ue, uint64_t now, bool paged);

/* ---- what happens to it ---- */

/* A NAS PDU from the eNB; it must not stand in the context's buffer. Errors: ERR_BUSY, ERR_STATE,
 * ERR_ARGUMENT (longer than the buffer allows). */
enum bindery_ue_result bindery_ue_downlink(struct bindery_ue *ue, uint64_t now, const uint8_t *pdu,
                                           size_t n);

enum bindery_ue_lower {
    BINDERY_UE_LOWER_CONNECTED, /* the connection for an initial PDU stands */
    BINDERY_UE_LOWER_BEARERS,   /* user plane radio bearers are set up: a service request is done */
    BINDERY_UE_LOWER_RELEASED,  /* the connection has ended */
    BINDERY_UE_LOWER_FAILED     /* it could not be had, or a PDU was not delivered: it is taken as
                                   ended then, so release it if it still stands */
};
/* Errors: ERR_BUSY, ERR_STATE, ERR_ARGUMENT. */
enum bindery_ue_result bindery_ue_lower(struct bindery_ue *ue, uint64_t now,
                                        enum bindery_ue_lower what);

/* The time. Errors: ERR_BUSY, ERR_STATE. */
enum bindery_ue_result bindery_ue_tick(struct bindery_ue *ue, uint64_t now);
/* When bindery_ue_tick() is due next; BINDERY_UE_NEVER if no timer runs. */
uint64_t bindery_ue_deadline(const struct bindery_ue *ue);

/* ---- what comes out ---- */

/* RRC establishment causes (Annex D). */
enum bindery_ue_establishment {
    BINDERY_UE_MO_SIGNALLING,
    BINDERY_UE_MO_DATA,
    BINDERY_UE_MT_ACCESS,
    BINDERY_UE_DELAY_TOLERANT
};
struct bindery_ue_guti {
    uint8_t plmn[3];
    uint16_t mme_group_id;
    uint8_t mme_code;
    uint32_t m_tmsi;
};
struct bindery_ue_uplink {
    const uint8_t *pdu; /* in the buffer; valid until the next call that may fail with ERR_BUSY */
    size_t n;
    bool initial; /* a connection has to be established for it; the members below are valid */
    enum bindery_ue_establishment establishment;
    bool has_guti; /* the registered MME and the S-TMSI for the eNB */
    struct bindery_ue_guti guti;
};
/* False: no PDU waits. */
bool bindery_ue_uplink(struct bindery_ue *ue, struct bindery_ue_uplink *out);

/* Why a message of the network was refused: NAME, "name", sentence. */
#define BINDERY_UE_REFUSALS(X)                                                                     \
    X(NONE, "none", "nothing was refused")                                                         \
    X(UNPROTECTED, "unprotected", "this message must be integrity protected and was not")          \
    X(IDENTITY_UNPROTECTED, "identity-unprotected",                                                \
      "IMEI or IMEISV was asked for without protection")                                           \
    X(CHALLENGE_UNPROTECTED, "challenge-unprotected",                                              \
      "a proof of the IMEI was asked for without integrity protection or without ciphering")       \
    X(COMMAND_UNPROTECTED, "command-unprotected",                                                  \
      "a KME was asked for without integrity protection or without ciphering")                     \
    X(COMMAND_OFTEN, "command-often",                                                              \
      "KMEs were asked for under more than eight nonces in an hour, which flash and battery pay")  \
    X(NW_SIGNATURE, "nw-signature",                                                                \
      "its NW_SIG does not show that the network has the KME that was offered")                    \
    X(NO_CONTEXT, "no-context", "it is protected, and no security context is there to check it")   \
    X(BAD_MAC, "bad-mac", "its message authentication code does not hold")                         \
    X(REPLAYED, "replayed", "it was accepted before")                                              \
    X(BAD_HEADER, "bad-header", "its security header is not one for this message")                 \
    X(MALFORMED, "malformed", "a mandatory element is missing or cannot be read")                  \
    X(UNKNOWN_TYPE, "unknown-type", "its type is not known, or not one that is supported")         \
    X(UNEXPECTED, "unexpected", "it does not fit the state this device is in")                     \
    X(CAPABILITIES, "capabilities",                                                                \
      "the security capabilities it replays are not those that were sent: somebody changed them")  \
    X(ATTACH_CHANGED, "attach-changed",                                                            \
      "HashMME shows that the request was changed on its way; it was sent again, protected")       \
    X(NULL_INTEGRITY, "null-integrity", "it selects EIA0, no integrity")                           \
    X(NULL_CIPHERING, "null-ciphering",                                                            \
      "it selects EEA0, no ciphering, which is not allowed here")                                  \
    X(ALGORITHM, "algorithm", "it selects an algorithm that this device did not offer")            \
    X(KEY_SET, "key-set", "it names a key set that this device does not have")                     \
    X(NO_SUBSCRIPTION, "no-subscription",                                                          \
      "this device has no subscription that it could be about")                                    \
    X(RESULT_UNREADABLE, "result-unreadable", "the subscription that it brings cannot be read")    \
    X(OPERATOR_UNTRUSTED, "operator-untrusted",                                                    \
      "the operator's certificate leads to no provisioning root of this device")                   \
    X(OPERATOR_CERTIFICATE_EXPIRED, "operator-certificate-expired",                                \
      "the operator's certificate is not valid at this time")                                      \
    X(OPERATOR_PURPOSE, "operator-purpose", "the certificate is not a provisioning operator's")    \
    X(OPERATOR_PLMN, "operator-plmn",                                                              \
      "the operator's certificate does not list the PLMN that was selected")                       \
    X(OPERATOR_SIGNATURE, "operator-signature",                                                    \
      "the signature is not the operator's over this device, PLMN, nonce and content")             \
    X(RESULT_EXPIRED, "result-expired", "the subscription that it brings came too late")           \
    X(RESULT_NOT_OPENED, "not-opened",                                                             \
      "the subscription was not encrypted to this device's key for this attach")                   \
    X(RESULT_PROFILE, "profile-unreadable", "the subscription profile in it cannot be read")       \
    X(NO_SERVICE, "no-service", "it is about a service, and there is none on a dIMSI")             \
    X(BEARER, "bearer", "it is about an EPS bearer or a transaction that there is not")
enum bindery_ue_refusal {
#define BINDERY_UE_X(name, text, sentence) BINDERY_UE_REFUSED_##name,
    BINDERY_UE_REFUSALS(BINDERY_UE_X)
#undef BINDERY_UE_X
};
const char *bindery_ue_refusal_name(enum bindery_ue_refusal r);
const char *bindery_ue_refusal_sentence(enum bindery_ue_refusal r);

enum bindery_ue_event_kind {
    BINDERY_UE_EVENT_AUTHENTICATION, /* a challenge came: outcome, processed */
    BINDERY_UE_EVENT_SECURED,        /* NAS security is on: eea, eia */
    BINDERY_UE_EVENT_REGISTERED,     /* attached, or updated: bindery_ue_registration() */
    BINDERY_UE_EVENT_REJECTED,      /* the network said no: message, cause, esm_cause, secured; what
                                       follows is said by WAITING or DEREGISTERED */
    BINDERY_UE_EVENT_WAITING,       /* why, and until (BINDERY_UE_NEVER: for camp, or switch off) */
    BINDERY_UE_EVENT_DEREGISTERED,  /* by_network, cause if one was given */
    BINDERY_UE_EVENT_NOT_GENUINE,   /* the network failed to authenticate itself (5.4.2.7): bar the
                                       cell; the connection is to be released */
    BINDERY_UE_EVENT_RELEASE,       /* release the connection locally */
    BINDERY_UE_EVENT_REFUSED,       /* refusal, message: a downlink PDU was refused */
    BINDERY_UE_EVENT_STORE_FAILED,  /* the host could not store; a PDU did not leave */
    BINDERY_UE_EVENT_CRYPTO_FAILED, /* crypto table, USIM, signer or encrypter failed; a PDU did not
                                       leave */
    BINDERY_UE_EVENT_PROVED,        /* algorithm: the IMEI was asked for with a challenge, and the
                                       answer that leaves is signed */
    BINDERY_UE_EVENT_NO_PROOF,      /* the same, and the IMEI leaves without a proof: no key, or
                                       none of an algorithm that the network accepts */
    BINDERY_UE_EVENT_KME_OFFERED,   /* a KME was asked for, and the payload leaves */
    BINDERY_UE_EVENT_KME_ACTIVE,    /* the network has the KME that was offered. processed: a
                                       challenge showed it; else NW_SIG, and an attach follows when
                                       the connection has ended */
    BINDERY_UE_EVENT_KME_UNABLE,    /* a KME was asked for, and the IMEI leaves without one: no key
                                       to sign with, no lot, no encrypter, or no home PLMN */
    BINDERY_UE_EVENT_ONBOARDING,    /* a device without a subscription asks for one: the request
                                       leaves */
    BINDERY_UE_EVENT_ONBOARDED,     /* it is installed. When the connection has ended wipe this
                                       context, and make one with the new IMSI */
    BINDERY_UE_EVENT_ELSEWHERE,     /* no subscription came of this attempt, or no IMSI; camp on the
                                       next network if there is one (bindery_ue_network_choose), and it
                                       is tried there at once. WAITING follows, for a device that stays
                                     */
    BINDERY_UE_EVENT_DISCOVERY, /* a challenge came to the dIMSI: discovery; imsi, with INSTALLED
                                   and REPEATED; cause, if it was refused */
    BINDERY_UE_EVENT_DISCOVERED /* the attach with the dIMSI has ended, and an IMSI is installed:
                                   imsi. When the connection has ended wipe this context, and make
                                   one with it */
};
const char *bindery_ue_event_name(enum bindery_ue_event_kind k); /* "registered"; never NULL */

enum bindery_ue_why {
    BINDERY_UE_WHY_RETRY,      /* T3411: in some seconds */
    BINDERY_UE_WHY_EXHAUSTED,  /* T3402: after five attempts, or one that it makes no sense to
                                  repeat soon */
    BINDERY_UE_WHY_CONGESTION, /* T3346 */
    BINDERY_UE_WHY_FORBIDDEN,  /* PLMN, or tracking area (for 12 to 24 hours): another cell may do
                                  (camp) */
    BINDERY_UE_WHY_UNBELIEVED, /* T3247: an unprotected message said that the USIM, the PLMN or the
                                  tracking area is not allowed; another cell may do */
    BINDERY_UE_WHY_USIM_INVALID, /* until switch off */
    BINDERY_UE_WHY_NO_CELL       /* no cell was given (camp) */
};
const char *bindery_ue_why_name(enum bindery_ue_why w); /* "retry"; never NULL */

struct bindery_ue_event {
    enum bindery_ue_event_kind kind;
    enum bindery_ue_outcome outcome;
    enum bindery_ue_refusal refusal;
    enum bindery_ue_why why;
    uint64_t until;    /* ms */
    uint8_t message;   /* message type of TS 24.301 9.8; 0 if it could not be read */
    uint8_t cause;     /* EMM cause; 0: none */
    uint8_t esm_cause; /* 0: none */
    uint8_t eea, eia;  /* 0 to 3 */
    uint8_t algorithm; /* enum bindery_ue_signature */
    bool processed;    /* RAND was encrypted under KME */
    bool secured;      /* the message was integrity protected */
    bool by_network;
    enum bindery_ue_discovery_outcome discovery;
    uint8_t imsi_n; /* 0: none */
    char imsi[15];
};
/* False: no event waits. */
bool bindery_ue_next_event(struct bindery_ue *ue, struct bindery_ue_event *out);

/* A subscription that came over the air is on trial until it was used: its operator may have given
 * it to another device meanwhile, for one that is never used expires. Keep `confirmed` with the
 * subscription; begin with zeros else. Hand in every event of its context. */
struct bindery_ue_trial {
    bool confirmed;   /* the device was registered with it, or has made a KME for it */
    bool challenged;  /* a challenge under its K held: the home network has it */
    uint8_t failures; /* attempts since */
};
#define BINDERY_UE_TRIAL_FAILURES 5
/* True: it is no good, and the device is to ask for another one: the network says that there is no
 * such subscription (ATTACH REJECT #2, #3 or #8) and no challenge ever held under it; or one did,
 * and this was the fifth such reject, AUTHENTICATION REJECT, or network that is not genuine. Never
 * true once it is confirmed. An unprotected message is enough, because no harm is done: who asks
 * again before it has used a subscription gets the same one. Between the first challenge and the
 * first registration the network may count it as used already, and whoever gives it up then needs
 * its operator's approval to get it again: so not at once. */
bool bindery_ue_trial_event(struct bindery_ue_trial *trial, const struct bindery_ue_event *event);

/* ---- what it knows ---- */

/* TS 24.301 5.1.3.2, with the substates of EMM-DEREGISTERED that differ in what they do. */
#define BINDERY_UE_STATES(X)                                                                       \
    X(DEREGISTERED, "deregistered") /* and nothing wanted */                                       \
    X(WAITING, "waiting")           /* to attach again: a timer runs */                            \
    X(LIMITED, "limited")           /* to attach from another cell */                              \
    X(NO_USIM, "no-usim")           /* the USIM is invalid until switch off */                     \
    X(ATTACHING, "attaching")       /* ATTACH REQUEST sent: T3410 */                               \
    X(REGISTERED, "registered")                                                                    \
    X(SERVICE_REQUESTED, "service-requested") /* T3417 */                                          \
    X(UPDATING, "updating")                   /* TRACKING AREA UPDATE REQUEST sent: T3430 */       \
    X(DETACHING, "detaching")                 /* DETACH REQUEST sent: T3421 */
enum bindery_ue_state {
#define BINDERY_UE_X(name, text) BINDERY_UE_STATE_##name,
    BINDERY_UE_STATES(BINDERY_UE_X)
#undef BINDERY_UE_X
        BINDERY_UE_STATE_COUNT
};
enum bindery_ue_state bindery_ue_state(const struct bindery_ue *ue);
const char *bindery_ue_state_name(enum bindery_ue_state s); /* never NULL */

struct bindery_ue_registration {
    struct bindery_ue_guti guti;
    uint32_t t3412_ms; /* 0: deactivated */
    uint8_t bearer;    /* EPS bearer identity of the default bearer, 5 to 15 */
    uint8_t qci;
    uint8_t pdn_type;        /* 1 IPv4, 2 IPv6, 3 both */
    uint8_t pdn_address[12]; /* interface identifier 8 (of IPv6), then IPv4 4; else zeros */
    bool connected;          /* a NAS signalling connection stands */
};
/* Errors: ERR_STATE (neither registered, nor requesting service, nor updating). */
enum bindery_ue_result bindery_ue_registration(const struct bindery_ue *ue,
                                               struct bindery_ue_registration *out);
/* False: the device has no GUTI. */
bool bindery_ue_guti(const struct bindery_ue *ue, struct bindery_ue_guti *out);
/* KeNB for the AS security mode command of the present connection (TS 33.401 A.3), from the uplink
 * COUNT of the message that TS 33.401 7.2.4 names. Wipe it after use.
 * Errors: ERR_STATE (no NAS security on this connection), ERR_CRYPTO. */
enum bindery_ue_result bindery_ue_kenb(const struct bindery_ue *ue, uint8_t out[32]);

#ifdef __cplusplus
}
#endif

#endif
