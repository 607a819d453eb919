/* emulator/population.h - many devices in one process: each an NAS client (device/bindery_ue.h)
 * with a soft USIM, at its own place in memory for good, and little else.
 *
 * Five sources: one device state file, which is written before anything leaves that relies on it;
 * a directory of such files, which are read only; a lot (device/linux/lot.h); keys derived from a
 * seed, for loads; or a production lot of devices without subscriptions, which get them over the
 * air. All but the first keep their state in this process only: they are new when it starts. Their
 * keys to prove IMEIs with come out of a production lot (device/linux/identity_lot.h), and those
 * whose IMEI a manufacturer's lot covers (device/linux/lot_file.h) can make a KME. All share one
 * crypto table, one settings and one buffer, so a population belongs to one thread.
 */
#ifndef BINDERY_EMULATOR_POPULATION_H
#define BINDERY_EMULATOR_POPULATION_H

#include "device/bindery_ue.h"
#include "device/linux/identity_lot.h"
#include "device/linux/lot.h"
#include "device/linux/lot_file.h"
#include "device/linux/state_file.h"
#include "emulator/discovery.h"
#include "emulator/forge.h"
#include "emulator/onboard.h"

#define POPULATION_SEED_MIN 16 /* octets of a seed, at least */
#define POPULATION_SEED_MAX 1024
#define POPULATION_SVN      "01" /* the software version that all report */

enum population_phase { PHASE_OFF, PHASE_ATTACHING, PHASE_HOLDING, PHASE_DETACHING };

struct population;
struct device {
    struct bindery_ue ue;
    struct bindery_ue_usim usim;
    struct bindery_ue_signer signer;
    uint8_t *key; /* that proves its IMEI, PKCS#8; NULL: it has none. OpenSSL gets it to sign */
    uint16_t key_n;
    struct forge *forge;         /* NULL: it sends what its NAS client makes */
    struct onboard *onboard;     /* NULL: its subscription was there before the device */
    struct discovery *discovery; /* NULL: it has no SE, or is done with it */
    struct population *population;
    uint32_t number;
    struct imei imei; /* its own */
    struct imsi imsi; /* or the dIMSI; n 0: it has neither */
    bool seeks;       /* it has no subscription, and attaches to get one */
    /* emulation.c's */
    uint8_t phase;    /* enum population_phase */
    bool stop;        /* to be switched off as soon as nothing waits */
    bool leave;       /* to detach as soon as nothing waits */
    uint8_t lower;    /* 1 + enum bindery_ue_lower to be told; 0: none */
    uint8_t refusal;  /* enum bindery_ue_refusal that came last in this attempt */
    uint8_t step;     /* enum emulation_step */
    bool provisioned; /* in this attempt; an attach follows by itself */
    uint8_t network;  /* whose cell it is in */
    uint8_t tried;    /* networks that gave it no subscription, a bit for each */
    uint8_t move;     /* 1 + the network that it is to go to; 0: none */
    uint8_t turn;     /* enum emulation_turn that is to come */
    bool gave_up;     /* a subscription, in this attempt */
    bool manage;      /* registered, and its owner is yet to say what becomes of it */
    bool parts;       /* it is to detach, and then to begin with another subscription */
    /* A reject: NAS client's next event says whether it means that its KME was taken. */
    struct {
        bool waits, secured;
        uint8_t message, cause, esm_cause;
    } reject;
    uint32_t connection;
    uint64_t due_ns;     /* when this attempt should have begun */
    uint64_t pending_ns; /* of the next one, while this one lasts; UINT64_MAX: none */
    uint64_t until_ms;   /* the end of the hold */
};

/* A USIM in equipment that is not the one it belongs to. Of a state file only the USIM is used
 * then: the NAS client begins without what the right equipment keeps, and the file's NAS state
 * stays as it is. */
struct population_guise {
    bool has_imei;
    struct imei imei; /* reported instead of its own */
    bool without_kme; /* and without the key that proves the IMEI */
    /* When it is asked to prove its IMEI. Its state is stored as ever. */
    bool without_proof;      /* it answers, and proves nothing */
    bool silent;             /* it does not answer */
    bool replay;             /* with what its key signed for another challenge */
    struct device_key other; /* with this key, if there is one, instead of its own */
    /* When it is asked for a KME. */
    bool makes_no_kme; /* it answers without one */
    struct forge_plan forge;
    /* While it has no subscription. */
    const char *url; /* that it names instead of its own; or NULL */
    struct onboard_tap tap;
};

#define POPULATION_CHUNK 1024
struct population {
    struct bindery_ue_crypto table;
    struct crypto crypto; /* for what is not the devices' own */
    struct bindery_ue_settings settings;
    struct population_guise guise;
    uint8_t buffer[BINDERY_UE_ONBOARDING_BUFFER_MIN + 1024];
    struct identity_source *identities; /* where devices that are added find their keys; or NULL */
    struct identity_why identities_why;
    size_t key_octets;           /* of all devices */
    struct onboard_roots *roots; /* of all devices without subscriptions; NULL: there are none */
    uint8_t roots_digest[32];
    struct lot_file lot; /* whose devices make KMEs; n 0: nobody's, but for that of a state file */
    struct bindery_ue_provisioning provisioning; /* of all who do */
    struct device **chunk;
    uint32_t n, chunks;
    /* Hears of each image before it counts as stored; may be NULL. */
    void (*stored)(void *ctx, const struct device *d, struct bytes image);
    void *ctx;
    /* Of the one device that comes out of a file. */
    const char *path;
    bool reads_only; /* set before it is loaded: the file is not held, and not written */
    uint8_t mnc_n;   /* likewise: of every IMSI; 0: as the file says, else nobody knows */
    struct device_hold hold;
    struct device_state state;
    uint8_t image[BINDERY_UE_IMAGE_MAX]; /* as it was loaded */
    size_t image_n;
    uint8_t keys[BINDERY_UE_KEYS_MAX];
    size_t keys_n;
    struct device_why why;
};
struct population_why {
    char text[640];
};

/* settings and guise are copied (settings.apn is pointed to). Errors: E_MEMORY, E_CRYPTO. */
MUST_USE enum err population_open(struct population *p, const struct bindery_ue_settings *settings,
                                  const struct population_guise *guise);
void population_close(struct population *p);

/* EEA0 to 3 and EIA1 to 3, IPv4, the default APN. EEA0 is offered and not accepted; a reject
 * without protection is never believed. */
struct bindery_ue_settings population_settings(void);
/* "eea0,eea2,eia2": what a device says it can. Errors: E_BAD_VALUE. */
MUST_USE enum err population_capabilities(const char *text, struct bindery_ue_settings *out);

/* Devices that are added from now on have the keys of this production lot, by IMEI; who is not in
 * it has none. Errors: those of identity_source_open. */
MUST_USE enum err population_identities(struct population *p, const char *dir,
                                        struct population_why *why);

/* Devices that are added from now on, and whose IMEI this lot covers, make a KME when they are
 * asked for one. A state file gets it, and keeps it. Errors: those of lot_file_load. */
MUST_USE enum err population_lot(struct population *p, const char *path,
                                 struct population_why *why);

/* Errors: E_MEMORY, E_BAD_VALUE (something that no USIM or device has); those of
 * identity_source_find but E_NOT_FOUND, said in identities_why. */
MUST_USE enum err population_add(struct population *p, const struct lot_device *device);
/* Errors: those of lot_load. */
MUST_USE enum err population_load_lot(struct population *p, const char *path,
                                      struct population_why *why);
/* One device; path stays the caller's. The file is held until population_close. Errors: those of
 * device_state_hold, device_state_load and device_state_save; E_BAD_VALUE, E_CONFLICT (it is not of
 * the population's lot), E_MEMORY. */
MUST_USE enum err population_load_device(struct population *p, const char *path,
                                         struct population_why *why);

/* The first `most` devices of the production lot (population_identities), without subscriptions; 0:
 * all. Errors: E_MISSING (they were not made for onboarding, or there is none), E_BAD_VALUE,
 * E_MEMORY, those of identity_source_next. */
MUST_USE enum err population_load_boxed(struct population *p, uint32_t most,
                                        struct population_why *why);

/* Devices with secure elements: the state files DIR/NAME.json, in the order of their names. They
 * are read, and never written: what the devices learn ends with the program. most: so many at most;
 * 0: all. Errors: E_MISSING (there is none), those of device_state_load, E_BAD_VALUE, E_MEMORY. */
MUST_USE enum err population_load_devices(struct population *p, const char *dir, uint32_t most,
                                          struct population_why *why);

/* ---- a subscription comes and goes ---- */

/* Before each event of a device's NAS client is acted upon. True: the subscription that it got is
 * no good (bindery_ue_trial_event), and to be given up. */
bool population_trial(struct population *p, struct device *d, const struct bindery_ue_event *event);
/* A new NAS client in the place of the one before: with the subscription that was installed, or,
 * given up, as out of the box. Of a state file that is in it first. It has to camp. Errors: E_IO
 * and others of the file: it is as before; E_BAD_VALUE. */
MUST_USE enum err population_subscribed(struct population *p, struct device *d);
MUST_USE enum err population_unsubscribed(struct population *p, struct device *d);
/* The same of a device with an SE: with the IMSI that came; with the dIMSI of the slot that is next
 * (discovery_next); with what it had before a subscription that is given up; with the operator's
 * own one, which its state file has (device_state_manage). */
MUST_USE enum err population_discovered(struct population *p, struct device *d);
MUST_USE enum err population_dimsi(struct population *p, struct device *d);
MUST_USE enum err population_undiscovered(struct population *p, struct device *d);
MUST_USE enum err population_managed(struct population *p, struct device *d);

/* Where derived devices come from: IMSI and IMEI count up. */
struct population_origin {
    struct bytes seed; /* POPULATION_SEED_MIN octets or more */
    struct imsi imsi;
    struct imei imei;
    bool unbound; /* they come without a KME */
};
/* K, OPc and KME are 16 octets each of HMAC-SHA-256(seed, "bindery-ue k", "... opc", "... kme" and
 * the digits of the IMSI). Errors: E_BAD_LENGTH (seed), E_BAD_VALUE (the IMSI would need more
 * digits), E_CRYPTO. */
MUST_USE enum err population_derive(const struct crypto *c, const struct population_origin *origin,
                                    uint32_t i, struct lot_device *out);
/* n of them. Errors: those of population_derive and population_add. */
MUST_USE enum err population_add_derived(struct population *p,
                                         const struct population_origin *origin, uint32_t n);
/* The octets of a file that only its owner may read; wipe them. Errors: E_NOT_FOUND, E_DENIED,
 * E_BAD_LENGTH (there are as many as fit, or more), E_IO. */
MUST_USE enum err private_file_load(const char *path, struct mbytes out, size_t *n);
/* The same, but for the line end at its end. Errors: also E_BAD_LENGTH when it is too short. */
MUST_USE enum err population_seed_load(const char *path, uint8_t out[static POPULATION_SEED_MAX],
                                       size_t *n);

struct device *population_at(const struct population *p, uint32_t i);
/* Octets per device, without connection and timers. */
size_t population_device_size(void);

#endif
