/* nf/mmed/emm_parts.h - what the files of the EMM state machine (nf/mmed/emm.h) share: the context
 * itself, the table's events, and how a handler says what it wants done. Nobody else includes it.
 */
#ifndef BINDERY_NF_MMED_EMM_PARTS_H
#define BINDERY_NF_MMED_EMM_PARTS_H

#include "nf/mmed/emm.h"
#include "wire/kme.h"

#define EMM_CAPABILITY_MAX    13 /* octets of UE network capability */
#define EMM_MS_CAPABILITY_MAX 8
#define EMM_BEARER            5 /* the default bearer's EPS bearer identity: the first one there is */

struct emm_esm { /* of the PDN CONNECTIVITY REQUEST that came with the attach */
    uint8_t pti;
    uint8_t pdn_type;    /* asked for: 1 IPv4, 2 IPv6, 3 IPv4v6 */
    uint8_t given_type;  /* given */
    uint8_t cause;       /* ESM cause told with the bearer (50: IPv4 only); 0: none */
    bool wants_transfer; /* its APN comes in ESM INFORMATION RESPONSE */
    uint8_t apn_n;       /* of the APN asked for; 0: none was */
    uint8_t apn[EMM_APN_MAX];
    uint8_t chosen; /* index into the subscription's APNs */
    uint8_t address[4];
    bool active;
};

/* What a device said when it was asked for a proof of its IMEI (proc/devid.h). */
struct emm_said {
    uint8_t nonce[DEVID_NONCE_LEN]; /* of this attach's challenge */
    bool answered;                  /* else it could not be asked */
    bool has_proof;
    bool unreadable;  /* the container of its answer */
    bool contradicts; /* IMEISV, identity and proof do not name one IMEI */
    struct devid_proof proof;
};

/* What a device answered when it was told to make a KME: container 4 as it came, for the ULR. */
struct emm_carried {
    uint16_t n;
    uint8_t container[WIRE_KME_PAYLOAD_MAX];
};

struct emm_ue {
    enum emm_state state;
    struct emm_who who;
    bool connected;   /* an S1 connection is there */
    bool secured;     /* secure exchange of NAS messages on this connection (TS 24.301 4.4.2.3) */
    bool located;     /* the HSS has us as its serving node */
    bool unconfirmed; /* with located: it may have forgotten (TS 29.272 5.2.3.1.2) */
    bool confirming;  /* a ULR is under way for that */
    bool has_security;
    struct nas_security security;
    bool set_up;         /* the eNB has the UE's context */
    uint32_t kenb_count; /* uplink COUNT that KeNB is made from */

    /* Of the ATTACH REQUEST under way. */
    bool attach_protected;
    uint8_t attach_type;
    uint8_t
        attach_hash[NASSEC_HASH_MME_LEN]; /* of the plain message: HashMME, and "the same again" */
    uint8_t capability_n;
    uint8_t capability[EMM_CAPABILITY_MAX];
    uint8_t ms_capability_n;
    uint8_t ms_capability[EMM_MS_CAPABILITY_MAX];
    uint8_t ksi;         /* of the vector under way */
    uint8_t claimed_ksi; /* that the UE says it has; NAS_KSI_NONE: none */
    struct emm_where where;
    struct emm_esm esm;

    /* Authentication. */
    uint8_t n_vectors, next_vector; /* the one under way is next_vector - 1 */
    uint8_t resyncs;
    bool by_guti; /* the IMSI is the one that the GUTI led to: it may be another UE's */

    /* One after the other: each is wiped when the next begins. */
    union {
        struct binding_vector vectors[EMM_VECTORS_MAX]; /* until the SECURITY MODE COMMAND */
        struct emm_said said;                           /* until the ULR; with proof_wanted */
        struct emm_carried carried;                     /* until the ULA; with provisioning */
        struct emm_subscription subscription;           /* from the ULA on */
    };

    /* Proof of the IMEI. */
    bool proof_wanted;            /* the home network wants one; with it an inquiry goes out */
    bool imei_asked;              /* under protection in this attach, with a challenge or command */
    bool imei_fresh;              /* who.imei was told in this attach, under integrity */
    struct devid_outcome outcome; /* DEVID_NOT_ASKED until the ECA */

    /* Procedure kme. */
    bool provisioning; /* the vectors are for this and nothing else: no bearer, ever */
    uint8_t nonce[KME_NONCE_LEN];

    bool onboarding; /* procedure certattach: no IMSI, no vector, no bearer, ever */

    uint8_t sent;        /* how often the message that the procedure timer guards was sent */
    bool reattach;       /* told to, with the DETACH REQUEST */
    uint32_t old_m_tmsi; /* with has_old: valid until ATTACH COMPLETE */
    bool has_old;
};

/* What the table is indexed by: a NAS message that was let in, or something else that happened. */
#define EMM_EVENTS(X)                                                                              \
    X(ATTACH_REQUEST)                                                                              \
    X(IDENTITY_RESPONSE)                                                                           \
    X(AUTHENTICATION_RESPONSE)                                                                     \
    X(AUTHENTICATION_FAILURE)                                                                      \
    X(SECURITY_MODE_COMPLETE)                                                                      \
    X(SECURITY_MODE_REJECT)                                                                        \
    X(ATTACH_COMPLETE)                                                                             \
    X(DETACH_REQUEST)                                                                              \
    X(DETACH_ACCEPT)                                                                               \
    X(TRACKING_AREA_UPDATE_REQUEST)                                                                \
    X(TRACKING_AREA_UPDATE_COMPLETE)                                                               \
    X(SERVICE_REQUEST)                                                                             \
    X(EXTENDED_SERVICE_REQUEST) /* and its control plane kind */                                   \
    X(ESM_INFORMATION_RESPONSE)                                                                    \
    X(ESM_REQUEST) /* an ESM message that asks for something: PDN connectivity, disconnect, ... */ \
    X(ESM_ANSWER)  /* one that answers */                                                          \
    X(EMM_STATUS)                                                                                  \
    X(TRANSPORT) /* NAS and generic NAS transport */                                               \
    X(OTHER)     /* a type that is not implemented */                                              \
    X(AIA)                                                                                         \
    X(ULA)                                                                                         \
    X(ECA)                                                                                         \
    X(CANCEL)                                                                                      \
    X(CHANGED)                                                                                     \
    X(T_PROCEDURE)                                                                                 \
    X(T_ATTACH)                                                                                    \
    X(T_REACHABLE)                                                                                 \
    X(UNDELIVERED)                                                                                 \
    X(CONTEXT_SET)                                                                                 \
    X(CONTEXT_FAILED)                                                                              \
    X(CONNECTION_LOST)                                                                             \
    X(SUPERSEDED)
enum emm_row_event {
#define X(name) EMM_ON_##name,
    EMM_EVENTS(X)
#undef X
        EMM_ON_COUNT
};
const char *emm_row_event_name(enum emm_row_event e);

/* A step under way. */
struct emm_run {
    struct emm_ue *ue;
    const struct emm_env *env;
    const struct emm_event *event;
    struct emm_effects *out;
    size_t used;        /* octets of the scratch */
    struct bytes plain; /* the NAS message, opened */
    bool verified;      /* its integrity held */
    bool hidden;        /* and it was ciphered */
    uint32_t count;     /* the COUNT it came under */
    bool ended;         /* the context is forgotten: nothing follows */
    struct nas_fault fault;
};

typedef void (*emm_handler)(struct emm_run *r);
/* NULL: no row, clause 7. */
emm_handler emm_table_row(enum emm_state s, enum emm_row_event e);

/* ---- effects ---- */

struct emm_effect *emm_add(struct emm_run *r, enum emm_effect_kind kind);
/* Shows a message to whoever traces what is inside protected ones. */
void emm_show(struct emm_run *r, bool uplink, struct bytes message);
/* Tells log, events and counters; tells the UE nothing. The second is the end of an attach. */
void emm_tell(struct emm_run *r, enum refusal why);
void emm_tell_end(struct emm_run *r, enum refusal why);
/* Starts the procedure timer anew for a message sent the first time. */
void emm_guard(struct emm_run *r, uint32_t ms);
void emm_stop(struct emm_run *r, enum emm_timer t);
/* Sends an EMM or ESM message from its struct: ciphered when secured, else as `sht` says. False:
 * it could not be written; that was told and the connection is on its way down. */
bool emm_send_down(struct emm_run *r, const struct nas_message *m, const void *in);
bool emm_send_down_as(struct emm_run *r, uint8_t sht, const struct nas_message *m, const void *in);
/* The same without sending: where the PDU is. Empty after a failure, which was told. */
struct bytes emm_put(struct emm_run *r, uint8_t sht, const struct nas_message *m, const void *in);
/* Clause 7: there is no row for this message. */
void emm_fits_nowhere(struct emm_run *r);
void emm_release(struct emm_run *r, uint8_t s1ap_nas_cause);
/* The end of the context. emm_leave tells the HSS, if it has us as the serving node. */
void emm_forget(struct emm_run *r);
void emm_leave(struct emm_run *r);
/* Counts one more sending and starts its timer; false: it was the last, and the attach is over. */
MUST_USE bool emm_once_more(struct emm_run *r, uint32_t ms);
MUST_USE bool emm_once_more_or(struct emm_run *r, uint32_t ms, enum refusal why);
/* Parses the message received; false: it was answered as clause 7 says, and told. */
MUST_USE bool emm_parse(struct emm_run *r, const struct nas_message *m, void *out);

/* ---- what the files offer each other ---- */

/* emm_attach.c */
void emm_on_attach_request(struct emm_run *r);
void emm_attach_request_anew(struct emm_run *r);
/* The parts of an ATTACH REQUEST that the attach goes on with. Errors: as nas_parse. */
MUST_USE enum err emm_take_attach_request(struct emm_run *r, const struct nas_attach_request *m);
/* Is this a kind of attach that there is service for here? Neither emergency calls nor RLOS are (TS
 * 24.301 9.9.3.11), and one for provisioning is emm_onboard's. */
bool emm_serves_type(uint8_t attach_type);
void emm_attach_request_repeated(struct emm_run *r);
void emm_on_identity(struct emm_run *r);
void emm_identity_again(struct emm_run *r);
void emm_ask_identity(struct emm_run *r);
void emm_reject_attach(struct emm_run *r, enum refusal why);
void emm_reject_attach_as(struct emm_run *r, enum refusal why, uint8_t emm_cause, struct bytes esm);
/* The same with a container of ours: to whom it is sent secured. */
void emm_reject_attach_with(struct emm_run *r, enum refusal why, struct bytes container);
void emm_attach_timeout(struct emm_run *r);

/* emm_auth.c */
void emm_ask_vectors(struct emm_run *r);
void emm_drop_vectors(struct emm_ue *ue);
void emm_authenticate(struct emm_run *r); /* the next stored vector, or asks for some */
void emm_on_aia(struct emm_run *r);
/* To the ordinary MME, as it came. */
void emm_reroute(struct emm_run *r);
void emm_on_res(struct emm_run *r);
void emm_on_authentication_failure(struct emm_run *r);
void emm_challenge_again(struct emm_run *r);

/* emm_security.c */
void emm_command_security(struct emm_run *r);
void emm_on_security_complete(struct emm_run *r);
void emm_on_security_reject(struct emm_run *r);
void emm_security_again(struct emm_run *r);

/* emm_proof.c */
void emm_after_security(struct emm_run *r); /* provisioning, proof, equipment, or location */
/* IMEI and container (p NULL: none) of an IDENTITY RESPONSE under integrity and ciphering. False:
 * there are none; it was told, and either the attach has ended or the answer counts for nothing. */
MUST_USE bool emm_imei_answered(struct emm_run *r, struct imei *imei, struct bytes *container);
/* Takes the IMEI of an answer under protection. Says whether the UE named another one in this
 * attach. */
bool emm_take_imei(struct emm_ue *ue, const struct imei *imei);
void emm_on_proof(struct emm_run *r);
void emm_proof_again(struct emm_run *r);
void emm_judge_proof(struct emm_run *r); /* with the ECA that it waited for */
/* An IDENTITY RESPONSE where none is waited for; and what its container is to be called. */
enum refusal emm_unasked(struct bytes container);
void emm_identity_unasked(struct emm_run *r);
void emm_identity_late(struct emm_run *r); /* it may be the answer to a repeated request */

/* emm_provision.c */
/* Whether the vectors of an AIA are for provisioning only. Errors, as the refusal of the attach:
 * REFUSAL_HSS_REFUSED. */
MUST_USE enum refusal emm_take_offer(const struct emm_config *c, const struct emm_aia *a,
                                     struct emm_ue *ue);
void emm_provision(struct emm_run *r); /* after SECURITY MODE COMPLETE, with ue->provisioning */
void emm_provision_again(struct emm_run *r);
void emm_on_payload(struct emm_run *r);
void emm_on_taken(struct emm_run *r); /* the ULA */
/* An ESM request of a UE that is attaching: no bearer while it is provisioned. */
void emm_esm_request_early(struct emm_run *r);

/* emm_onboard.c */
/* An ATTACH REQUEST of type 5, which was parsed, from this identity. */
void emm_onboard(struct emm_run *r, const struct nas_attach_request *m,
                 const struct nas_eps_identity *id);
void emm_on_onboarded(struct emm_run *r); /* the ECA */
void emm_onboarding_timeout(struct emm_run *r);

/* emm_location.c */
void emm_ask_equipment(struct emm_run *r);
void emm_ask_location(struct emm_run *r);
void emm_on_eca(struct emm_run *r);
void emm_on_ula(struct emm_run *r);
enum refusal emm_hss_refusal(uint32_t code, bool experimental);

/* emm_subscription.c */
void emm_on_changed(struct emm_run *r);
void emm_confirm(struct emm_run *r); /* at a contact with the UE, if it is due */
void emm_on_confirmed(struct emm_run *r);

/* emm_esm.c */
MUST_USE enum err emm_esm_request(struct emm_run *r, struct bytes container);
void emm_after_location(struct emm_run *r); /* ESM information, or accept */
void emm_on_esm_information(struct emm_run *r);
void emm_esm_information_again(struct emm_run *r);
void emm_on_esm_request(struct emm_run *r);
void emm_on_esm_answer(struct emm_run *r);

/* emm_accept.c */
void emm_accept(struct emm_run *r);
void emm_accept_again(struct emm_run *r);
void emm_on_attach_complete(struct emm_run *r);
void emm_context_set(struct emm_run *r);
void emm_context_failed(struct emm_run *r);
/* Initial Context Setup with this PDU, or none; false: the context has ended. */
bool emm_set_up(struct emm_run *r, struct bytes pdu);
struct emm_places { /* what a TAI list and a GUTI are written into */
    uint8_t tai[NAS_TAI_LIST_LEN];
    uint8_t guti[NAS_IDENTITY_MAX];
};
MUST_USE bool emm_write_places(const struct emm_run *r, struct emm_places *room,
                               struct bytes *tai_list, struct bytes *guti);

/* emm_detach.c */
void emm_on_detach_request(struct emm_run *r);
void emm_on_detach_accept(struct emm_run *r);
void emm_detach_again(struct emm_run *r);
void emm_cancel(struct emm_run *r);
/* The end of the registration: the UE is told if it can be, with ue->reattach. */
void emm_withdraw(struct emm_run *r);
void emm_superseded(struct emm_run *r);
void emm_unreachable(struct emm_run *r);
void emm_lost_during_attach(struct emm_run *r);
void emm_lost_registered(struct emm_run *r);
void emm_go_idle(struct emm_run *r);

/* emm_idle.c */
void emm_on_service_request(struct emm_run *r);
void emm_on_extended_service_request(struct emm_run *r);
void emm_on_tracking_area_update(struct emm_run *r);
void emm_transport(struct emm_run *r);
void emm_nobody_here(struct emm_run *r); /* a message of somebody who is not registered */
void emm_not_now(struct emm_run *r);     /* the same, of somebody who is attaching or detaching */

/* emm_table.c */
void emm_ignore(struct emm_run *r);

/* emm_receive.c: opens a PDU, decides whether it may be processed, and names the table's event.
 * False: it was refused; that was told, and answered where clause 7 wants an answer. */
MUST_USE bool emm_receive(struct emm_run *r, enum emm_row_event *out);
/* EMM STATUS with a cause; ESM STATUS for an ESM message. */
void emm_send_status(struct emm_run *r, uint8_t cause);

#endif
