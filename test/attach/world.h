/* test/attach/world.h - the whole attach in one process: the device library, the MME's EMM state
 * machine and an HSS of one subscriber, on a virtual clock, with a line between them that loses,
 * repeats, delays and swaps, and parties that crash.
 *
 * The device keeps its image and its USIM's sequence numbers over a crash, the MME nothing, the HSS
 * nothing but the highest SQN (what nf/hssd keeps). Messages between UE and MME are numbered from 0
 * over both directions; a fault names one by its number.
 *
 * Beside that every message of every kind, and whatever a party stores, is a point, numbered
 * likewise and named; a strike happens at one: the message is lost, repeated, late or overtaken, or
 * a party is killed before it or after it, and stays dead for a while (world_line.c).
 */
#ifndef BINDERY_TEST_ATTACH_WORLD_H
#define BINDERY_TEST_ATTACH_WORLD_H

#include "codec/s6a.h"
#include "crypto/openssl.h"
#include "device/bindery_ue.h"
#include "device/linux/platform_openssl.h"
#include "lib/check.h"
#include "nf/mmed/emm.h"
#include "proc/binding.h"

#define WORLD_UES      2
#define WORLD_CONTEXTS 8
#define WORLD_MAIL     64
#define WORLD_TOLD     256

enum fault_kind { FAULT_NONE, FAULT_LOSE, FAULT_REPEAT, FAULT_DELAY, FAULT_SWAP, FAULT_MISDELIVER };
enum party {
    PARTY_NONE,
    PARTY_UE,
    PARTY_MME,
    PARTY_HSS,
    PARTY_REPOSITORY,
    PARTY_DISCOVERY, /* of dimsi_scene.h */
    PARTIES
};

struct mail {
    bool used;
    uint64_t at, order;
    enum {
        MAIL_UP,      /* to the MME, on a connection */
        MAIL_INITIAL, /* to the MME, a new connection */
        MAIL_DOWN,    /* to the UE */
        MAIL_RELEASE, /* to the UE: the connection has ended */
        MAIL_SETUP,   /* to the eNB: with pdu for the UE, or none */
        MAIL_SET,     /* to the MME: Initial Context Setup Response */
        MAIL_HSS,     /* to the MME: an answer */
        /* With a home network of its own (home.h, dimsi_scene.h): */
        MAIL_REQUEST,    /* to the HSS: effect, whose payload is the pdu */
        MAIL_INQUIRY,    /* to the repository: connection is the job's number */
        MAIL_CREDENTIAL, /* to the HSS: likewise */
        MAIL_WORK,       /* of the HSS to itself: what it has to do in a while */
        MAIL_RISE        /* a party that was killed is there again: ue is its number */
    } kind;
    unsigned ue;
    uint32_t connection;
    struct emm_event event; /* MAIL_HSS */
    struct emm_effect effect;
    uint64_t serial; /* of a request and what came of it */
    unsigned point;  /* of the message */
    bool late;       /* what a strike made late */
    size_t n;
    uint8_t pdu[EMM_PDU_MAX];
};

/* ---- points and strikes ---- */

#define WORLD_POINTS 512
struct point {
    enum party doer;
    bool message; /* else something is stored */
    unsigned attach;
    char name[48];
};
enum strike_kind {
    STRIKE_NONE,
    STRIKE_LOSE,
    STRIKE_REPEAT,  /* comes again after ms */
    STRIKE_DELAY,   /* by ms */
    STRIKE_REORDER, /* the next one that way goes first */
    STRIKE_KILL_BEFORE,
    STRIKE_KILL_AFTER,
    STRIKE_MISLEAD /* on the air: the other device, or its connection, gets it */
};
struct strike {
    enum strike_kind kind;
    unsigned at;
    enum party who; /* STRIKE_KILL_... */
    uint64_t ms;
    bool done;
    unsigned attach; /* the device's attaches when it was over */
    bool over;       /* what was late has come */
};
struct home;

struct context {
    bool used;
    struct emm_ue *emm;
    uint32_t connection; /* 0: none */
    unsigned ue;
    bool other; /* of the other network */
    bool has_imsi;
    uint32_t m_tmsi[2];
    uint64_t deadlines[EMM_TIMER_COUNT]; /* 0: not running */
    uint64_t serial;                     /* of the request to the HSS that is under way */
};

struct device {
    struct bindery_ue_identity identity;
    struct bindery_ue_settings settings;
    struct bindery_ue_host host;
    struct bindery_ue_signer signer; /* host.signer points here if the device has a key */
    struct bindery_ue_usim usim;
    struct bindery_ue ue;
    struct world *world;
    uint8_t buffer[4096];
    uint8_t image[BINDERY_UE_IMAGE_MAX];
    size_t image_n;
    uint64_t sequences[BINDERY_UE_USIM_SEQUENCES];
    uint8_t keys[BINDERY_UE_KEYS_MAX]; /* of its IMSI, as stored */
    size_t keys_n;
    unsigned offered, activated, by_challenge, unable; /* KMEs */
    uint32_t connection;
    bool roams; /* camps on the world's other network */
    bool wants; /* to be attached */
    unsigned registrations, deregistrations, refused;
    unsigned proved, not_proved; /* challenges that it answered with a proof, and without */
    enum bindery_ue_refusal last_refused;
    uint8_t last_reject; /* EMM cause */
    bool invalid;        /* told that its USIM is */
    /* A device that leaves the factory without a subscription: host.onboarding is not NULL. What
     * it stored of one, and whether it is to begin anew with what it stored. */
    bool has_profile, confirmed, renews;
    struct bindery_ue_profile profile;
    struct bindery_ue_trial trial;
    unsigned asked, onboarded, elsewhere, dropped;
    /* A device with a dIMSI: slot_n is not 0. Its secure element's record, and whether the IMSI in
     * it was given up, are stored; the slot is what is in memory. */
    uint8_t slot_record[BINDERY_UE_SLOT_MAX];
    size_t slot_n;
    bool on_dimsi;
    struct bindery_ue_slot slot;
    struct bindery_ue_discovery discovery;
    unsigned installed, discovered;
    enum bindery_ue_discovery_outcome last_discovery;
};

struct world {
    uint64_t now, order;
    struct crypto c;
    struct bindery_ue_crypto table;
    struct device devices[WORLD_UES];
    struct emm_config config, other; /* of the two networks' MMEs; they are one party */
    /* No subscription came of an attempt on one; NULL: it stays there. */
    void (*elsewhere)(struct world *w, unsigned ue);
    struct context contexts[WORLD_CONTEXTS];
    struct mail mail[WORLD_MAIL];
    uint32_t next_connection, next_m_tmsi;
    uint8_t *scratch;

    /* the HSS */
    struct aka_keys keys;
    struct key_kme kme;
    bool bound;
    uint64_t seq;
    bool hss_down;
    uint32_t ula_code;
    bool ula_experimental;
    uint8_t equipment;
    unsigned airs, ulrs, ecrs, purges, reports;
    uint64_t serial;

    /* Proofs of the IMEI: what the subscriptions want, whether the HSS remembers one, what the
     * repository says of an IMEI (NULL: it has no binding), and what the MME judges with. */
    struct devid_policy policy;
    bool remembered;
    const struct devid_credential *(*binding)(void *ctx, const struct imei *imei);
    void *binding_ctx;
    const struct devid_port *devid;
    int64_t unix_s;
    unsigned inquiries;
    struct devid_outcome outcome;  /* the last one that an MME told */
    struct devid_outcome reported; /* with the last ULR */
    struct imei registered;        /* likewise */

    /* Answers of the HSS are numbered from 0: this one is lost, or late. */
    enum fault_kind answer_fault;
    unsigned answer_fault_at, answers;

    /* the line */
    enum fault_kind fault;
    unsigned fault_at;
    enum party crash;
    unsigned crash_at;
    unsigned messages; /* NAS messages on the air so far */
    /* A man on the radio: may change a PDU on its way; false: it is swallowed. */
    bool (*radio)(void *ctx, bool uplink, uint8_t *pdu, size_t *n);
    void *radio_ctx;

    /* points, strikes, and a home network (NULL: the HSS above); or who else serves MMEs */
    struct home *home;
    void (*serves)(struct world *w, const struct mail *m);
    unsigned points, attaches;
    struct point log[WORLD_POINTS];
    struct strike strike;
    bool dead[PARTIES];
    bool holds; /* STRIKE_REORDER: */
    struct mail held;
    unsigned carrying; /* the point of the message that is being processed */
    struct {
        unsigned n, at;
        uint8_t types[16];
    } downlinks; /* NAS message types that the MME protected, in order */

    enum refusal told[WORLD_TOLD];
    unsigned n_told;
};

void world_open(struct world *w);
void world_close(struct world *w);
/* Boots a device anew from what it stored. */
void world_boot(struct world *w, unsigned ue);
/* Stores the subscription that it was given; what was stored for another one is gone. False: it is
 * dead by now. */
bool world_install(struct device *d, const struct bindery_ue_profile *profile);
/* It camps on the other network, or on the first one again. */
void world_camp(struct world *w, unsigned ue, bool other);
/* The network of this context; of WORLD_CONTEXTS and above: the first. */
const struct emm_config *world_network(const struct world *w, uint32_t context);
void world_attach(struct world *w, unsigned ue);
void world_detach(struct world *w, unsigned ue, bool switch_off);
/* Runs until nothing is under way and no timer is due before `until`. */
void world_run(struct world *w, uint64_t until);
/* Runs until the device is registered, on both sides; false: not by `until`. */
bool world_run_registered(struct world *w, unsigned ue, uint64_t until);
bool world_registered(const struct world *w, unsigned ue);
/* Contexts of the MME that are there, and those registered. */
unsigned world_contexts(const struct world *w);
bool world_was_told(const struct world *w, enum refusal why);
void world_kill(struct world *w, enum party who);
/* What STRIKE_REORDER still holds comes now: nothing followed that could go first. */
void world_release_held(struct world *w);
/* Puts a PDU of an attacker on a connection of a device. */
void world_inject(struct world *w, unsigned ue, bool uplink, struct bytes pdu);

#endif
