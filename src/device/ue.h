/* device/ue.h - the NAS client's inside: its context, and what the files of this room call of each
 * other. TS 24.301 clause 5, the UE's side.
 *
 * One call of the public interface is one step. A handler reads the message into locals, checks all
 * of it, and writes the context last; what it wants to have sent is put into the buffer by
 * emm_send, and leaves only after ue_finish has stored what it relies on: keys, then image. Files:
 * emm_table.c (states, events, who handles what), attach.c, security.c, reject.c, detach.c,
 * service.c, esm.c, onboard_nas.c (a device without a subscription), discovery_nas.c (one with a
 * dIMSI), and ue.c and out.c, which have the public functions.
 */
#ifndef BINDERY_DEVICE_UE_H
#define BINDERY_DEVICE_UE_H

#include "codec/nas_ie.h"
#include "codec/nas_table.h"
#include "device/bindery_ue.h"
#include "device/hooks.h"
#include "device/keys.h"
#include "nassec/nassec.h"
#include "proc/certattach.h"

#define UE_ATTEMPTS        5   /* of attach or update before T3402 (TS 24.301 5.5.1.2.6) */
#define UE_DETACH_ATTEMPTS 5   /* expiries of T3421 (5.5.2.2.4) */
#define UE_AUTH_FAILURES   3   /* in a row (5.4.2.7 f) */
#define UE_SENT_MAX        192 /* octets of a request that is kept */
#define UE_EVENTS          6
#define UE_OFFERS          8 /* new payloads in UE_OFFERS_MS, at most */
#define UE_OFFERS_MS       3600000
#define UE_FORBIDDEN       8
#define UE_PTI             1 /* of the one PDN CONNECTIVITY REQUEST */

/* Those that may run at once have a place each; in the order in which they are handled when
 * several have run out. PROCEDURE is T3410, T3417, T3421 or T3430, whichever the state has. */
#define UE_TIMERS(X)                                                                               \
    X(T3440)                                                                                       \
    X(PROCEDURE)                                                                                   \
    X(T3418) /* or T3420: they never run together (5.4.2.6) */                                     \
    X(T3416)                                                                                       \
    X(T3346)                                                                                       \
    X(T3247)                                                                                       \
    X(AREAS) /* has no name there: forbidden tracking areas are forgotten (5.3.2) */               \
    X(T3402)                                                                                       \
    X(T3411)                                                                                       \
    X(T3412)                                                                                       \
    X(FOLLOW) /* something that has to be sent after what was sent: at once */
enum ue_timer {
#define X(name) UE_##name,
    UE_TIMERS(X)
#undef X
        UE_TIMER_COUNT
};

/* PLMNs and tracking areas to keep off (5.3.1.1, 5.3.2, 5.3.7b): a PLMN until switch off, an area
 * for 12 to 24 hours at most, what is not believed until T3247 ends. */
struct ue_forbidden {
    struct nas_tai tai;
    bool used;
    bool whole_plmn;
    bool unbelieved; /* an unprotected message said so */
};

struct ue_out {
    size_t n; /* 0: nothing waits */
    bool initial;
    enum bindery_ue_establishment establishment;
};

struct ue {
    const struct bindery_ue_crypto *table;
    const struct bindery_ue_settings *settings;
    struct bindery_ue_host host;
    struct mbytes buffer;
    struct imeisv imeisv;
    uint8_t mnc_n; /* 0: not known */

    /* What a record of keys has: the IMSI and its KMEs. */
    struct ue_keys keys;
    bool keys_dirty; /* the record is older than what is to leave */
    bool kme_told;   /* NW_SIG showed that the network has the one that waits */
    uint8_t offers;  /* new payloads since: */
    uint64_t offers_since;

    /* Without an IMSI. */
    struct certattach_asked asked; /* the request that an answer is waited for */

    /* Without an IMSI, or with a dIMSI. */
    bool at_end; /* its subscription, or IMSI, is installed: for another context */

    /* With a dIMSI. */
    struct imsi found; /* the IMSI that a challenge brought, and the SE has stored; n 0: none yet */

    /* What an image has. */
    struct binding_me me; /* KME is not in the image; it is set from the keys for each challenge */
    bool has_guti;
    bool has_last_tai;
    bool has_security;
    struct nas_guti guti;
    struct nas_tai last_tai; /* last visited registered */
    uint8_t tai_list[NAS_TAI_LIST_LEN];
    uint8_t tai_list_n;
    struct nas_security security; /* the current EPS NAS security context */
    uint32_t t3346_left;          /* ms, of an image read; 0: none */
    uint32_t reserved;            /* uplink COUNTs below it are stored as used */
    bool dirty;                   /* the image is older than what is to leave */

    /* What ends with a power cut. */
    uint8_t state;     /* enum bindery_ue_state */
    bool wanted;       /* to be attached */
    bool again;        /* to attach when the connection has ended */
    bool usim_invalid; /* until switch off */
    bool has_cell;
    struct nas_tai cell;
    uint8_t attempts;
    uint8_t detach_attempts;
    bool switch_off;
    bool update_due; /* a tracking area update did not succeed yet */
    bool update_periodic;
    bool update_active;       /* with the active flag: data waits */
    uint8_t usim_unprotected; /* counters of 5.3.7b */
    uint8_t plmn_unprotected;
    struct ue_forbidden forbidden[UE_FORBIDDEN];
    uint8_t forbidden_next;
    uint32_t t3402_ms; /* as the network said, else the settings' */
    uint32_t t3412_ms; /* 0: deactivated */

    /* The connection. */
    bool connected; /* asked for, or there */
    bool secured;   /* secure exchange of NAS messages is established */
    bool kenb_known;
    uint32_t kenb_count;
    bool has_fresh; /* after AKA, before SECURITY MODE COMMAND: a partial native context */
    uint8_t fresh_ksi;
    struct key_kasme fresh;
    uint8_t auth_failures; /* in a row */
    bool procedure_held;   /* stopped by a challenge that failed (5.4.2.6) */
    uint8_t bearer;        /* 0: none */
    uint8_t qci;
    struct nas_pdn_address address;
    uint8_t sent[UE_SENT_MAX]; /* the last request that began a procedure, plain */
    uint8_t sent_n;

    uint64_t deadline[UE_TIMER_COUNT]; /* BINDERY_UE_NEVER: does not run */
    struct ue_out out;
    uint8_t events_n;
    struct bindery_ue_event events[UE_EVENTS];
};

/* One call. */
struct step {
    struct ue *ue;
    uint64_t now;
    /* of a call */
    enum bindery_ue_result result;
    const struct bindery_ue_cell *cell;
    bool flag; /* switch off, paged */
    /* of a message */
    struct bytes msg; /* plain */
    struct bytes pdu; /* as it came */
    uint8_t type;
    uint8_t ebi, pti;
    bool secured;  /* it was integrity protected */
    bool ciphered; /* and ciphered, not by EEA0 */
    bool harmless; /* nothing to store: it changed nothing but the COUNT */
};

static inline struct ue *ue_of(struct bindery_ue *ue)
{
    return (struct ue *)(void *)ue->space;
}
static inline const struct ue *ue_in(const struct bindery_ue *ue)
{
    return (const struct ue *)(const void *)ue->space;
}
/* It has no subscription, and nothing of it is stored but the one that it gets. */
static inline bool ue_onboards(const struct ue *ue)
{
    return ue->keys.imsi.n == 0;
}
/* Its IMSI is a dIMSI. It stores nothing at all: its secure element does. */
static inline bool ue_discovers(const struct ue *ue)
{
    return ue->host.discovery != NULL;
}
/* One of the two: it attaches for a subscription, no network may end that, and nothing else comes
 * of it. */
static inline bool ue_seeks(const struct ue *ue)
{
    return ue_onboards(ue) || ue_discovers(ue);
}

/* ---- ue.c ---- */

struct bindery_ue_event *ue_event(struct step *s, enum bindery_ue_event_kind kind);
void ue_refuse(struct step *s, enum bindery_ue_refusal why);
void ue_start(struct step *s, enum ue_timer t, uint64_t ms);
void ue_stop(struct step *s, enum ue_timer t);
bool ue_runs(const struct ue *ue, enum ue_timer t);
struct crypto ue_crypto(const struct ue *ue);
/* A random time between two, for T3247 and T3346. */
uint64_t ue_random_ms(const struct ue *ue, uint32_t from_ms, uint32_t to_ms);
/* The settings' value of a timer, or the specification's. */
uint32_t ue_ms(uint32_t set, uint32_t standard);
uint32_t ue_procedure_ms(const struct ue *ue);
/* A value that is absent, or says that there is none, leaves it as it was. */
void ue_take_t3402(struct ue *ue, struct nas_u8 value);
void ue_forget_challenge(struct ue *ue);
void ue_forget_security(struct ue *ue);
/* GUTI, TAI list, last visited TAI and KSI, which go together (5.5.1.2.5). */
void ue_forget_registration(struct ue *ue);

/* ---- emm_send.c: messages out ---- */

struct nas_message;
/* An answer, or another message within a connection: ciphered if secure exchange is established,
 * else plain. False: it could not be made, and an event says so. */
bool emm_send(struct step *s, const struct nas_message *m, const void *in);
/* A message that may begin a connection: integrity protected if there is a context; ciphered only
 * if `cipher` and the connection is secured (4.4.5). */
bool emm_send_initial(struct step *s, const struct nas_message *m, const void *in, bool cipher);
/* ATTACH REQUEST and TRACKING AREA UPDATE REQUEST, which are never ciphered. The plain request is
 * kept: HashMME is compared with it, and SECURITY MODE COMPLETE may have to carry it (5.4.3.3). */
bool emm_send_kept(struct step *s, const struct nas_message *m, const void *in);
/* SECURITY MODE COMPLETE. */
bool emm_send_complete(struct step *s, const void *in);
/* SERVICE REQUEST. */
bool emm_send_service(struct step *s, enum bindery_ue_establishment establishment);
/* EMM STATUS, if there is a connection to send it on. */
void emm_status(struct step *s, uint8_t cause);
/* Refused as MALFORMED, with the cause of clause 7 for the codec's error. */
void emm_malformed(struct step *s, enum err err);
enum bindery_ue_establishment ue_signalling(const struct ue *ue);

/* ---- emm_table.c ---- */

#define EMM_EVENTS(X)                                                                              \
    X(CAMP)                                                                                        \
    X(ATTACH)                                                                                      \
    X(DETACH)                                                                                      \
    X(SERVICE)                                                                                     \
    X(CONNECTED)                                                                                   \
    X(BEARERS)                                                                                     \
    X(RELEASED)                                                                                    \
    X(FAILED)                                                                                      \
    X(EXPIRY_T3440) /* in the order of enum ue_timer */                                            \
    X(EXPIRY_PROCEDURE)                                                                            \
    X(EXPIRY_T3418)                                                                                \
    X(EXPIRY_T3416)                                                                                \
    X(EXPIRY_T3346)                                                                                \
    X(EXPIRY_T3247)                                                                                \
    X(EXPIRY_AREAS)                                                                                \
    X(EXPIRY_T3402)                                                                                \
    X(EXPIRY_T3411)                                                                                \
    X(EXPIRY_T3412)                                                                                \
    X(EXPIRY_FOLLOW)                                                                               \
    X(ATTACH_ACCEPT) /* messages */                                                                \
    X(ATTACH_REJECT)                                                                               \
    X(DETACH_REQUEST)                                                                              \
    X(DETACH_ACCEPT)                                                                               \
    X(UPDATE_ACCEPT)                                                                               \
    X(UPDATE_REJECT)                                                                               \
    X(SERVICE_REJECT)                                                                              \
    X(SERVICE_ACCEPT)                                                                              \
    X(GUTI_REALLOCATION)                                                                           \
    X(AUTHENTICATION_REQUEST)                                                                      \
    X(AUTHENTICATION_REJECT)                                                                       \
    X(IDENTITY_REQUEST)                                                                            \
    X(SECURITY_MODE)                                                                               \
    X(EMM_STATUS)                                                                                  \
    X(EMM_INFORMATION)                                                                             \
    X(UNIMPLEMENTED)                                                                               \
    X(ESM) /* any session management message */
enum emm_event {
#define X(name) EMM_ON_##name,
    EMM_EVENTS(X)
#undef X
        EMM_EVENT_COUNT
};
const char *emm_event_name(enum emm_event e);
typedef void (*emm_handler)(struct step *s);
/* Who handles an event in a state; NULL: nobody does, and emm_happen says what that means. */
emm_handler emm_handler_of(enum bindery_ue_state state, enum emm_event e);
/* The same for a device that has no subscription, and for one that has a dIMSI. */
emm_handler emm_handler_onboarding(enum bindery_ue_state state, enum emm_event e);
emm_handler emm_handler_discovery(enum bindery_ue_state state, enum emm_event e);
/* Runs the handler. Without one a call becomes ERR_STATE, what the lower layers or a timer say has
 * no effect, and a message is refused as UNEXPECTED (7.4: #98). */
void emm_happen(struct step *s, enum emm_event e);
/* A PDU from the network. */
void emm_downlink(struct step *s, struct bytes pdu);

/* ---- attach.c ---- */

void attach_ask(struct step *s);
void attach_camp(struct step *s);
void attach_accept(struct step *s);
void attach_aborted(struct step *s); /* the connection failed, or ended */
void attach_timeout(struct step *s); /* T3410 */
/* Attach now, or say what it waits for. */
void attach_try(struct step *s);
/* An attempt failed (5.5.1.2.6): the next one after T3411, or T3402 when all are used up. */
void attach_failed(struct step *s, bool exhausted);
void attach_camp_registered(struct step *s);
void attach_ready(struct step *s); /* T3411, T3402, T3346 or T3247 has run out */
void attach_t3402(struct step *s);
void attach_t3247(struct step *s);
void attach_t3247_elsewhere(struct step *s);
void attach_areas(struct step *s); /* UE_AREAS */
void attach_areas_elsewhere(struct step *s);
/* An attempt that ended with a KME counts; the next follows when the connection has ended, or after
 * T3402 if this was the last. */
void attach_follow(struct step *s);
/* Its only caller is in the same file, as update_send's, security_answer's, security_prove's and
 * security_offer's are: a function of its own keeps the message it makes off the stack of all that
 * its caller calls besides. container: of element 7E; p NULL: there is none. */
void attach_send(struct step *s, struct bytes container);
/* The cell of a camp. Is it another one? */
bool attach_take_cell(struct step *s);
/* NULL, or what keeps it off the cell longest. */
const struct ue_forbidden *attach_forbidden(const struct ue *ue);
void attach_forbid(struct step *s, bool whole_plmn, bool unbelieved);
/* Says what it waits for. */
void attach_waits(struct step *s, enum bindery_ue_state state, enum bindery_ue_why why,
                  uint64_t until);

/* ---- connection.c: the signalling connection's end, told or made ---- */

/* It has ended: what lives as long as it does is forgotten. */
void connection_over(struct step *s);
/* The same, and the lower layers are told to release it. */
void connection_release(struct step *s);
/* The network will release it; if it does not, T3440 does. */
void connection_expect_end(struct step *s);
void connection_up(struct step *s);
void connection_ended(struct step *s); /* no procedure was running */
void connection_idle(struct step *s);  /* REGISTERED: T3412 begins */
void connection_t3440(struct step *s);
void connection_follow(struct step *s); /* UE_FOLLOW */
void connection_follow_attached(struct step *s);

/* ---- security.c ---- */

struct nas_authentication_request;
void security_authentication_request(struct step *s);
void security_answer(struct step *s, const struct nas_authentication_request *m,
                     const struct usim_answer *a);
/* AUTHENTICATION FAILURE, or, after too many, a network that is not genuine. auts: with "synch
 * failure", else not looked at. */
void security_challenge_failed(struct step *s, uint8_t cause, const struct auts *auts);
void security_authentication_reject(struct step *s);
void security_t3416(struct step *s);
void security_t3418(struct step *s);
void security_mode_command(struct step *s); /* s->pdu, still protected */
void security_identity_request(struct step *s);
struct nas_identity_request;
/* What element 7E of an IDENTITY REQUEST asks for. */
struct security_element {
    bool asked;         /* for something that this device knows */
    struct bytes value; /* of the element in IDENTITY RESPONSE; p NULL: there is none */
    enum bindery_ue_event_kind tell; /* if asked: once it leaves */
};
bool security_prove(struct step *s, const struct nas_identity_request *m,
                    struct security_element *e);
bool security_offer(struct step *s, const struct nas_identity_request *m,
                    struct security_element *e);
/* May a context with these algorithms be used? */
bool security_allows(const struct ue *ue, unsigned eea, unsigned eia);

/* ---- reject.c ---- */

void reject_attach(struct step *s);
void reject_update(struct step *s);
void reject_service(struct step *s);
/* DETACH REQUEST "re-attach not required" with a cause (5.5.2.3.2). */
void reject_detach(struct step *s, uint8_t cause);
/* AUTHENTICATION REJECT (5.4.2.5). */
void reject_authentication(struct step *s);

/* ATTACH REJECT and AUTHENTICATION REJECT of a device that seeks a subscription. */
void reject_seeking(struct step *s);
void reject_authentication_seeking(struct step *s);

/* ---- onboard_nas.c: attaches of a device that has no subscription ---- */

/* Also of one that has a dIMSI. */
void onboarding_attach(struct step *s);
void onboarding_camp(struct step *s);
/* The content of element 7E for ATTACH REQUEST. False: it could not be made, and an event says so.
 */
bool onboarding_request(struct step *s, struct bytes *container);
/* An ATTACH REJECT's element. True: its subscription is installed. */
bool onboarding_result(struct step *s, struct bytes element);
/* The attempt has failed: no answer to it counts any more. Also of one that has a dIMSI. */
void onboarding_elsewhere(struct step *s);

/* ---- discovery_nas.c: attaches of a device that has a dIMSI ---- */

/* A challenge, which was read. */
void discovery_challenge(struct step *s, const struct nas_authentication_request *m);
/* The attempt has ended, however. True: an IMSI is installed, and this context is at its end. */
bool discovery_over(struct step *s);

/* ---- detach.c ---- */

void detach_ask(struct step *s);         /* registered: with a DETACH REQUEST */
void detach_ask_locally(struct step *s); /* not registered */
void detach_again(struct step *s);       /* T3421 */
void detach_accept(struct step *s);
void detach_released(struct step *s);
void detach_request(struct step *s);
void detach_request_collision(struct step *s);
void detach_begin(struct step *s);

/* ---- service.c ---- */

void service_ask(struct step *s);
void service_done(struct step *s);
void service_aborted(struct step *s);
void service_timeout(struct step *s);
void update_begin(struct step *s); /* T3411, T3402: again */
bool update_send(struct step *s);
void update_periodic(struct step *s); /* T3412 */
void update_accept(struct step *s);
void update_aborted(struct step *s);
void update_timeout(struct step *s);
void update_failed(struct step *s, bool exhausted);
void update_t3402(struct step *s);
void guti_reallocation(struct step *s);

/* ---- esm.c ---- */

/* The PDN CONNECTIVITY REQUEST for an ATTACH REQUEST. */
MUST_USE enum err esm_connectivity_request(const struct ue *ue, struct mbytes out, size_t *n);
struct esm_bearer {
    uint8_t ebi;
    uint8_t qci;
    struct nas_pdn_address address;
};
/* Reads the ESM message container of an ATTACH ACCEPT and writes the answer to it. Errors: the
 * codec's; E_CONFLICT (another message than ACTIVATE DEFAULT EPS BEARER CONTEXT REQUEST, another
 * PTI, a bearer identity that is none). */
MUST_USE enum err esm_activate(struct bytes container, struct esm_bearer *bearer, struct mbytes out,
                               struct bytes *answer);
/* The ESM cause of a PDN CONNECTIVITY REJECT; 0 when it is none. */
uint8_t esm_reject_cause(struct bytes container);
void esm_message(struct step *s);

#endif
