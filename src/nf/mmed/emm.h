/* nf/mmed/emm.h - EPS mobility management of one UE, the MME's side, as a state machine without I/O
 * (TS 24.301 5, TS 23.401 5.3.2): NAS PDUs, answers of the HSS and expired timers in, effects out.
 *
 * The caller owns the context, its place in tables (by MME UE S1AP ID, GUTI, IMSI), the S1
 * connection, the connections to HSSs and the timers; it hands in the time nowhere but through
 * expired timers, and as the date that certificates are judged at. Nothing here allocates, sends,
 * or looks another UE up. A PDU that is refused changes nothing but its counter. States and events
 * are one table (emm_table.h); every pair that has no row is answered as clause 7 says.
 *
 * Two attaches in one subscriber's name are two contexts. The older one stays what it is until the
 * newer one is authenticated (5.5.1.2.7), because an attach request proves nothing.
 */
#ifndef BINDERY_NF_MMED_EMM_H
#define BINDERY_NF_MMED_EMM_H

#include "base/refusal.h"
#include "codec/nas.h"
#include "codec/nas_ie.h"
#include "crypto/crypto.h"
#include "id/imei.h"
#include "id/imsi.h"
#include "id/plmn.h"
#include "nassec/nassec.h"
#include "proc/binding.h"
#include "proc/devid.h"
#include "proc/kme.h"

#define EMM_VECTORS_MAX 5
#define EMM_APN_MAX     101 /* octets, encoded (TS 23.003 9.1) */
#define EMM_APNS_MAX    4   /* of a subscription, kept: the default one first */
#define EMM_EFFECTS_MAX 12
#define EMM_PDU_MAX     2048

/* ---- what all UEs share: immutable while a context lives ------------------------------------- */

struct emm_config {
    struct plmn plmn;
    uint16_t mme_group_id;
    uint8_t mme_code;
    struct nassec_preference algorithms;
    unsigned vectors;    /* asked for at a time, 1 to EMM_VECTORS_MAX */
    bool reuse_security; /* an attach whose integrity holds under a stored context needs no AKA;
                            not where the home network has its say with the vectors: reroute, devid,
                            kme */
    bool served_imei;    /* tell the HSS the IMEI in AIR when it is known from an earlier attach */
    bool check_imei;     /* S13 */
    bool admit_grey;     /* an equipment on the grey list may attach */
    bool serve;          /* end an attach with a default bearer; else refuse after ULR (#17) */
    bool reroute;        /* an attach that needs no provisioning goes to reroute_group_id */
    uint16_t reroute_group_id;
    bool devid; /* a device is asked for a proof of its IMEI where the home network wants one */
    uint8_t n_proof_algorithms;                     /* 1 or more, with devid */
    uint8_t proof_algorithms[DEVID_ALGORITHMS_MAX]; /* enum devid_algorithm, best first */
    bool kme; /* a device is told to make a KME where the home network wants one; without it, an
                 attach that is for that is refused */
    bool onboarding; /* a device without a subscription may ask for one (proc/certattach.h);
                        without it, such an attach is refused */
    uint8_t resyncs; /* resynchronisations in one attach, at most */
    uint32_t t3412_s, t3402_s;
    uint32_t t3450_ms, t3460_ms, t3470_ms, t3422_ms, t3489_ms;
    uint8_t retransmissions; /* 4: the fifth expiry aborts */
    uint32_t attach_ms;      /* the whole of an attach, at most: a bound on half-open contexts */
    uint32_t implicit_detach_ms; /* after T3412 of an idle UE */
    uint8_t transport[4];        /* the S-GW address told to eNBs; no user plane stands behind it */
    struct bytes network_name;   /* EMM INFORMATION; empty: none is sent */
};

/* ---- one UE ---------------------------------------------------------------------------------- */

#define EMM_STATES(X)                                                                              \
    X(DEREGISTERED)    /* nothing known, or forgotten */                                           \
    X(ONBOARDING)      /* ECR of a device without a subscription sent */                           \
    X(IDENTITY)        /* IDENTITY REQUEST (IMSI) sent, T3470 */                                   \
    X(VECTORS)         /* AIR sent */                                                              \
    X(AUTHENTICATION)  /* AUTHENTICATION REQUEST sent, T3460 */                                    \
    X(SECURITY_MODE)   /* SECURITY MODE COMMAND sent, T3460 */                                     \
    X(PROOF)           /* IDENTITY REQUEST (IMEI) with a challenge sent, T3470 */                  \
    X(PROVISIONING)    /* IDENTITY REQUEST (IMEI) with the command to make a KME sent, T3470 */    \
    X(EQUIPMENT)       /* ECR sent */                                                              \
    X(LOCATION)        /* ULR sent */                                                              \
    X(ESM_INFORMATION) /* ESM INFORMATION REQUEST sent, T3489 */                                   \
    X(ACCEPT)          /* ATTACH ACCEPT sent, T3450 */                                             \
    X(REGISTERED)      /* connected */                                                             \
    X(IDLE)            /* registered, no S1 connection */                                          \
    X(DETACHING)       /* DETACH REQUEST sent, T3422 */
enum emm_state {
#define X(name) EMM_##name,
    EMM_STATES(X)
#undef X
        EMM_STATE_COUNT
};
const char *emm_state_name(enum emm_state s);

enum emm_timer { EMM_TIMER_PROCEDURE, EMM_TIMER_ATTACH, EMM_TIMER_REACHABLE, EMM_TIMER_COUNT };

enum emm_subscribed { EMM_SUBSCRIBED_IPV4 = 0, EMM_SUBSCRIBED_IPV6 = 1, EMM_SUBSCRIBED_BOTH = 2 };
struct emm_apn {
    uint32_t context; /* Context-Identifier, of the subscription's */
    uint8_t n;
    uint8_t encoded[EMM_APN_MAX]; /* labels with lengths */
    uint8_t qci, priority;
    uint8_t pdn_type; /* enum emm_subscribed (TS 29.272 7.3.62) */
    bool may_pre_empt, pre_emptable;
};
/* What the home network changes of a subscription that is served (TS 29.272 5.2.2). */
#define EMM_WITHDRAWN_MAX 64
struct emm_change {
    bool has_ambr;
    uint64_t ambr_ul, ambr_dl;
    bool has_apns, all_apns; /* apns take the place of all that there were, or each of its own */
    uint8_t n_apns;
    struct emm_apn apns[EMM_APNS_MAX];
    size_t n_withdrawn;
    uint32_t withdrawn[EMM_WITHDRAWN_MAX]; /* Context-Identifiers */
};
struct emm_subscription {      /* from ULA */
    uint64_t ambr_ul, ambr_dl; /* bit/s */
    uint8_t n_apns;
    struct emm_apn apns[EMM_APNS_MAX];
};

/* The inside is emm.c's and its friends'; `who`, `state`, `guti` are for anybody to read. */
struct emm_ue;

/* Octets of a struct emm_ue and how to make and end one; caller's memory, suitably aligned. */
extern const size_t emm_ue_size;
void emm_ue_init(struct emm_ue *ue);
void emm_ue_wipe(struct emm_ue *ue); /* keys, vectors, identities */

struct emm_who {
    bool has_imsi, has_imei, has_guti;
    struct imsi imsi; /* authenticated only if `authenticated` */
    bool authenticated;
    struct imeisv imei; /* svn is empty if only the IMEI is known */
    uint32_t m_tmsi;
};
enum emm_state emm_ue_state(const struct emm_ue *ue);
void emm_ue_who(const struct emm_ue *ue, struct emm_who *out);
/* Does the home network have us as the serving node? */
bool emm_ue_is_located(const struct emm_ue *ue);
/* The home network may have forgotten that: it is told again at the next contact with the UE
 * (EMM_ASK_LOCATION with restores). False: there is nothing that it could have forgotten. */
bool emm_ue_reset(struct emm_ue *ue);
/* What the proof of its IMEI came to, in the attach under way or the last one. */
void emm_ue_proof(const struct emm_ue *ue, struct devid_outcome *out);

/* ---- events ---------------------------------------------------------------------------------- */

/* What the S1 connection said when it began. */
struct emm_where {
    struct plmn plmn; /* of the TAI */
    uint16_t tac;
    uint32_t cell; /* 28 bits */
};

/* The HSS's answers, already read and checked by the shell. */
struct emm_aia {
    uint32_t code; /* as received: base or 3GPP experimental; 0: no answer in time */
    bool experimental;
    unsigned n;
    struct binding_vector vectors[EMM_VECTORS_MAX];
    bool has_control;
    uint8_t control;       /* enum s6a_binding_mode */
    uint8_t proof_control; /* enum s6a_proof_control; a number that is none asks for nothing */
    bool has_nonce;        /* of procedure kme; whenever `control` is provisioning only */
    uint8_t nonce[KME_NONCE_LEN];
};
struct emm_ula {
    uint32_t code;
    bool experimental;
    bool barred; /* Subscriber-Status, or ODB of all packet services */
    bool has_nw_sig;
    uint8_t nw_sig[KME_NW_SIG_LEN]; /* a secret until the device has it */
    struct emm_subscription subscription;
};
enum emm_equipment { EMM_EQUIPMENT_WHITE = 0, EMM_EQUIPMENT_BLACK = 1, EMM_EQUIPMENT_GREY = 2 };
struct emm_eca {
    uint32_t code;
    bool experimental;
    uint8_t status; /* enum emm_equipment */
    bool has_credential;
    struct devid_credential credential; /* its spans hold during the step */
    struct bytes
        result; /* a container for the device (wire/certattach.h), likewise; p NULL: none */
};

/* What a table of EMM knows as events; NAS messages have one each. */
enum emm_event_kind {
    EMM_INITIAL,     /* first PDU of an S1 connection: pdu, where, old */
    EMM_UPLINK,      /* a later one: pdu */
    EMM_UNDELIVERED, /* NAS Non Delivery Indication */
    EMM_AIA,
    EMM_ULA,
    EMM_ECA,
    EMM_CANCEL,      /* CLR: cancellation_type, reattach */
    EMM_CHANGED,     /* IDR, DSR: change */
    EMM_TIMER,       /* timer */
    EMM_CONTEXT_SET, /* Initial Context Setup Response */
    EMM_CONTEXT_FAILED,
    EMM_CONNECTION_LOST, /* S1 context released by the eNB, reset, or association gone */
    EMM_SUPERSEDED       /* a newer context authenticated as the same IMSI */
};
struct emm_event {
    enum emm_event_kind kind;
    struct bytes pdu;
    const struct emm_where *where;
    /* EMM_INITIAL: the stored context that the PDU's GUTI or S-TMSI names, or NULL:
     * for an attach, the NAS security of one whose integrity holds moves to `ue`. For whatever is
     * no attach `ue` is that context itself, and this is NULL, if emm_vouches says so; else `ue` is
     * new, and this context stays as it is. */
    struct emm_ue *old;
    const struct emm_aia *aia;
    const struct emm_ula *ula;
    const struct emm_eca *eca;
    const struct emm_change *change;
    uint8_t cancellation_type;
    bool reattach;
    bool by_operator; /* EMM_CANCEL: wanted here, not by the HSS, which is told then (PUR) */
    enum emm_timer timer;
};

/* ---- effects, in the order in which they are to be carried out ------------------------------- */

enum emm_effect_kind {
    EMM_SEND,           /* Downlink NAS Transport: pdu */
    EMM_SETUP,          /* Initial Context Setup Request with pdu, kenb, apn, bearer */
    EMM_RELEASE,        /* UE Context Release Command: cause; after what was sent before */
    EMM_REROUTE,        /* Reroute NAS Request with the initial PDU; the S1 context is then gone */
    EMM_ASK_VECTORS,    /* AIR: vectors; with resync when has_resync */
    EMM_ASK_LOCATION,   /* ULR: initial attach, with proof, or with payload; or restores */
    EMM_ASK_EQUIPMENT,  /* ECR: wants_credential */
    EMM_ASK_ONBOARDING, /* ECR to where subscriptions come from: request */
    EMM_REPORT_FAILURE, /* NOR with Binding-Failure: failure_cause */
    EMM_PURGE,          /* PUR */
    EMM_TIMER_START,    /* timer, ms: replaces what was set */
    EMM_TIMER_STOP,
    EMM_ASSIGN_GUTI,    /* env->m_tmsi is this context's from now on, beside the one it had */
    EMM_DROP_GUTI,      /* m_tmsi is no longer this context's */
    EMM_AUTHENTICATED,  /* others with the same IMSI are to be given EMM_SUPERSEDED */
    EMM_REGISTERED_NOW, /* for counters and events */
    EMM_DEVICE,         /* what the device's proof came to, for log, events and counters: proof */
    EMM_FORGET,         /* the context's end: no effect follows */
    EMM_TOLD            /* a refusal or an event for log, events and counters: refusal, emm_cause */
};
/* The S1AP causes of the NAS group (TS 36.413 9.2.1.3), by their values. */
enum emm_release_cause {
    EMM_RELEASE_NORMAL = 0,
    EMM_RELEASE_AUTHENTICATION_FAILURE = 1,
    EMM_RELEASE_DETACH = 2
};
struct emm_effect {
    enum emm_effect_kind kind;
    struct emm_who who; /* of the context, which may be gone when this is carried out */
    struct bytes pdu;   /* in the scratch given to emm_step */
    enum emm_timer timer;
    uint32_t ms;
    unsigned vectors;
    bool has_resync;
    uint8_t resync_rand[16];
    struct auts auts;
    struct devid_outcome proof; /* result DEVID_NOT_ASKED: nothing is known, or was wanted */
    bool wants_credential;
    bool provisioning;     /* the attach is for procedure kme and nothing else */
    bool onboarding;       /* the attach is for a subscription and nothing else */
    bool restores;         /* the UE is registered: the home network may have forgotten us */
    struct bytes payload;  /* the device's container, in the context: until its next step */
    struct bytes request;  /* the device's container, in the event's PDU or the scratch */
    uint8_t failure_cause; /* enum s6a_binding_failure_cause */
    uint8_t failure_count;
    uint32_t m_tmsi;
    enum refusal refusal;
    uint8_t emm_cause;     /* told to the UE; 0: none */
    bool ends_attach;      /* the refusal is an attach's end */
    uint8_t release_cause; /* enum emm_release_cause */
    struct key_kenb kenb;
    uint16_t ue_eea, ue_eia; /* UE Security Capabilities for S1AP (TS 36.413 9.2.1.40) */
    uint64_t ambr_ul, ambr_dl;
    const struct emm_apn *apn;
    uint8_t bearer; /* EPS bearer identity */
};
struct emm_effects {
    unsigned n;
    struct emm_effect e[EMM_EFFECTS_MAX + 1]; /* the last is where too many go: never read */
};
void emm_effects_wipe(struct emm_effects *fx);

/* What a step may use beside its event. */
struct emm_env {
    const struct emm_config *config;
    const struct crypto *crypto;
    uint32_t m_tmsi; /* fresh, unused by any context: taken if this step assigns a GUTI. 0: none
                        could be made, an attach that needs one is refused */
    uint8_t pdn_address[4]; /* likewise, for a default bearer */
    /* What judges a device's proof; NULL, and then always: no device is asked for one. */
    const struct devid_port *devid;
    int64_t unix_s; /* when the proof is judged: certificates and bindings have their times */
    /* Sees each message that is protected, as it is inside; for a trace with secrets, else NULL. */
    void (*plain)(void *ctx, bool uplink, struct bytes message);
    void *plain_ctx;
    struct mbytes scratch; /* at least EMM_EFFECTS_MAX * EMM_PDU_MAX octets; PDUs are put here */
};

/* One event. Never fails: what cannot be processed is answered or ignored as clause 7 of TS 24.301
 * says, and told (EMM_TOLD) with a named refusal. */
void emm_step(struct emm_ue *ue, const struct emm_env *env, const struct emm_event *event,
              struct emm_effects *out);

/* What an initial PDU says of who sent it, unverified, so that the caller can find `old`. */
struct emm_claim {
    enum { EMM_CLAIM_NONE, EMM_CLAIM_IMSI, EMM_CLAIM_GUTI, EMM_CLAIM_IMEI } kind;
    struct imsi imsi;
    struct nas_guti guti;
    bool attach; /* an ATTACH REQUEST, in clear or integrity protected */
};
void emm_claim(struct bytes pdu, struct emm_claim *out);
/* Does the integrity of an initial PDU hold under this context, at a COUNT that was not used? Asked
 * before a context is given a PDU that is no attach: a GUTI or an S-TMSI is on the air for anybody
 * to copy, and who only copied it must not take the connection of whom it names (TS 24.301
 * 4.4.4.3). Changes nothing; `room` holds the plain message for a moment: EMM_PDU_MAX octets. */
bool emm_vouches(const struct emm_ue *ue, const struct crypto *c, struct bytes pdu,
                 struct mbytes room);
/* A whole answer to an initial PDU for which there is no context and shall be none: congestion
 * (#22 with T3346 of t3346_s) and the like. E_BAD_STATE when the PDU is nothing that is rejected
 * this way. */
MUST_USE enum err emm_turn_away(struct bytes pdu, uint8_t emm_cause, uint32_t t3346_s,
                                struct mbytes out, size_t *n);

#endif
