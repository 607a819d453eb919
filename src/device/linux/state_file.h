/* device/linux/state_file.h - what an emulated device keeps between power cycles: its IMEI, its
 * KME, one that it offered and its lot, the key that proves its IMEI, what it onboards with, its
 * secure element, its USIM and what its NAS client stores, in one JSON file that only its owner may
 * read.
 *
 * A device out of the box may have no USIM, and then nothing that belongs to one; the subscription
 * that it is given (device_state_install, device_state_discovered) comes into the file as a whole,
 * or not at all.
 *
 * Read strictly: an unknown, repeated or missing member is refused with its place. Written whole
 * beside the file and renamed over it, so a crash leaves the one before or the one after. The state
 * is saved before the answer that relies on it leaves (proc/binding.h).
 */
#ifndef BINDERY_DEVICE_LINUX_STATE_FILE_H
#define BINDERY_DEVICE_LINUX_STATE_FILE_H

#include "device/bindery_ue.h"
#include "device/image.h"
#include "device/linux/signer_openssl.h"
#include "id/imsi.h"
#include "proc/binding.h"
#include "proc/certattach.h"
#include "proc/dimsi.h"
#include "proc/kme.h"

/* What the NAS client's image has beyond the last challenge (device/image.h). */
struct device_nas {
    bool has_guti;
    struct nas_guti guti;
    bool has_last_tai;
    struct nas_tai last_tai;
    uint8_t tai_list_n;
    uint8_t tai_list[NAS_TAI_LIST_LEN];
    uint32_t t3346_ms;
    bool has_security;
    uint8_t security[NASSEC_IMAGE_LEN];
};
/* A private key of its own; n is 0 when the device has none. */
struct device_key {
    uint8_t algorithm; /* enum devid_algorithm */
    uint16_t n;
    uint8_t der[SIGNER_KEY_MAX]; /* PKCS#8 */
};
#define DEVICE_ROOTS_MAX    4
#define DEVICE_ROOTS_LEN    4096 /* octets of all roots */
#define DEVICE_NETWORKS_MAX 16
/* What the factory gave it to get a subscription with (proc/certattach.h). */
struct device_onboarding {
    uint8_t form; /* enum certattach_form of its key; 0: it gets none so */
    char url[CERTATTACH_URL_MAX + 1];
    uint16_t key_n;
    uint8_t key[SIGNER_KEY_MAX]; /* PKCS#8 in DER: P-256, or RSA of 2048 to 4096 bits */
    uint8_t n_roots;             /* provisioning roots, in DER, one behind the other */
    uint16_t root_n[DEVICE_ROOTS_MAX];
    uint8_t roots[DEVICE_ROOTS_LEN];
    uint8_t n_networks; /* where it tries, in this order; 0: wherever there is coverage */
    struct plmn network[DEVICE_NETWORKS_MAX];
};
/* What came with a subscription besides what the USIM has. */
struct device_profile {
    bool present; /* the subscription came so */
    struct bindery_ue_trial trial;
    struct plmn home;
    uint8_t policy; /* enum binding_policy */
    uint8_t n_apns; /* the default one first */
    char apns[CERTATTACH_APNS_MAX][CERTATTACH_APN_MAX + 1];
};
#define DEVICE_CERTIFICATES_MAX 4
#define DEVICE_CERTIFICATES_LEN 4096 /* octets of all */
struct device_certificates {
    uint8_t count;
    uint16_t n[DEVICE_CERTIFICATES_MAX];
    uint8_t der[DEVICE_CERTIFICATES_LEN]; /* one behind the other */
};
#define DEVICE_SLOTS_MAX 4
/* A secure element (TR 33.899 5.5.4.x) that is none: its secrets stand in the file. */
struct device_se {
    struct device_key key;            /* SK.SE.ECDSA, of P-256; n 0: the device has no SE */
    struct device_certificates chain; /* CERT.SE, CERT.PN */
    struct device_certificates ci;    /* CERT.CI: roots */
    uint32_t tokens;                  /* that it has made: ATK's counter */
    uint8_t n_slots;
    struct dimsi_slot slot[DEVICE_SLOTS_MAX]; /* each of another dIMSI */
};
/* How far a device with an SE came from a dIMSI to its operator's own subscription. */
struct device_discovery {
    uint8_t slot; /* 1 + that whose IMSI is the subscription, or the previous one; 0: of none */
    struct bindery_ue_trial trial;      /* of that subscription */
    bool asked;                         /* for the operator's profile: */
    uint8_t request[DIMSI_REQUEST_LEN]; /* under this id */
    /* While the operator's own is on trial (device_profile): the slot's subscription. */
    struct {
        struct imsi imsi; /* n 0: there is none */
        struct usim usim;
        uint8_t mnc_n;
    } previous;
};
struct device_state {
    struct imei imei;
    struct imsi imsi;     /* n 0: it has no subscription, and all that belongs to one is zeros */
    struct binding_me me; /* the active KME, and the last challenge answered */
    struct kme_pending pending; /* a KME that was offered, and not yet known to be taken */
    struct kme_lot lot;         /* its id and modulus; modulus_n 0: the device was told none */
    struct usim usim;
    uint8_t mnc_n;              /* of the digits in the IMSI, as EF AD says; 0: it does not say */
    struct device_key identity; /* proves the IMEI (proc/devid.h) */
    bool has_nas;               /* a NAS client has run on this device */
    struct device_nas nas;
    struct device_onboarding onboarding;
    struct device_profile profile;
    struct device_se se;
    struct device_discovery discovery;
};
struct device_why {
    char text[512]; /* file, place, what is wrong, what to do; never a secret */
};

/* A file that others may read is refused (E_DENIED). Errors: E_NOT_FOUND, E_DENIED, E_IO,
 * E_BAD_VALUE, E_MISSING, E_UNKNOWN, E_TOO_NEW. */
MUST_USE enum err device_state_load(const char *path, struct device_state *out,
                                    struct device_why *why);
/* Parses the text of such a file; `name` is how to call it. */
MUST_USE enum err device_state_parse(const char *name, struct bytes json, struct device_state *out,
                                     struct device_why *why);
/* Mode 0600, on the disk before it returns. `fresh`: refuses to replace a file (E_EXISTS). A file
 * that another program holds is not replaced (E_LOCKED). */
MUST_USE enum err device_state_save(const char *path, bool fresh, const struct device_state *state,
                                    struct device_why *why);
void device_state_wipe(struct device_state *state);

/* What a device is told of its lot: no manufacturer. Errors: those of kme_lot_id_parse and
 * kme_modulus_check. */
MUST_USE enum err device_lot_make(struct bytes id, struct bytes modulus, struct kme_lot *out);

/* The image for bindery_ue_init. Errors: E_NOT_FOUND (no NAS client has run on this device: begin
 * without), E_NO_ROOM, E_CRYPTO. */
MUST_USE enum err device_state_image(const struct crypto *c, const struct device_state *state,
                                     struct mbytes out, size_t *n);
/* Takes what a NAS client hands to its host's store function, and the soft USIM's sequence numbers
 * with it; save it then. *state is changed on E_OK only. Errors: those of ue_image_read; E_CONFLICT
 * (the image is of another IMSI). */
MUST_USE enum err device_state_take_image(const struct crypto *c, struct device_state *state,
                                          struct bytes image,
                                          const uint64_t seq[static SQN_IND_COUNT]);

/* What the device keeps of its KMEs (device/keys.h), for bindery_ue_init. Errors: E_NO_ROOM,
 * E_CRYPTO. */
MUST_USE enum err device_state_keys(const struct crypto *c, const struct device_state *state,
                                    struct mbytes out, size_t *n);
/* Takes what a NAS client hands to its host's store_keys function; save it then. *state is changed
 * on E_OK only. Errors: those of ue_keys_read; E_CONFLICT (the keys are of another IMSI). */
MUST_USE enum err device_state_take_keys(const struct crypto *c, struct device_state *state,
                                         struct bytes keys);

/* ---- a subscription that comes over the air ---- */

/* The roots' i-th certificate; empty behind the last. */
struct bytes device_root(const struct device_onboarding *o, size_t i);
/* Errors: E_NO_ROOM. */
MUST_USE enum err device_add_root(struct device_onboarding *o, struct bytes der);

/* Takes it; it is not confirmed yet. Save the state before anything relies on it, and go on with
 * the one before if that fails. *state is changed on E_OK only. Errors: E_BAD_STATE (it is not made
 * for it, or has a subscription), E_BAD_VALUE. */
MUST_USE enum err device_state_install(struct device_state *state,
                                       const struct bindery_ue_profile *profile);
/* Gives up its subscription: USIM, KME and NAS state are gone. For one that is no good, and was
 * never confirmed (bindery_ue_trial_event). The device is as it left the factory, with the slots
 * that its SE has; or, if it has a previous subscription, it has that one. */
void device_state_drop(struct device_state *state);

/* ---- a subscription by way of a dIMSI ---- */

/* The i-th; empty behind the last. */
struct bytes device_certificate(const struct device_certificates *c, size_t i);
/* Errors: E_NO_ROOM. */
MUST_USE enum err device_add_certificate(struct device_certificates *c, struct bytes der);
/* The slot for a dIMSI, or DEVICE_SLOTS_MAX. */
size_t device_slot_of(const struct device_state *state, const struct imsi *dimsi);
/* The first slot from `from` on that has an eK; DEVICE_SLOTS_MAX: there is none. */
size_t device_slot_live(const struct device_state *state, size_t from);

/* Step 0-c: a slot that was agreed comes into the state, in the place of the one of the same dIMSI,
 * else a fresh one, else of one that is erased, and the counter goes up. A subscription that came
 * from that slot is given up with its eK. *state is changed on E_OK only. Errors: E_NO_ROOM
 * (DEVICE_SLOTS_MAX others have an eK), E_BAD_STATE (no SE; or the slot is that of a previous
 * subscription: its successor is on trial). */
MUST_USE enum err device_state_agreed(struct device_state *state, const struct dimsi_slot *slot);
/* Step 7: the IMSI that came in a challenge, with K and OPc from eK. It is on trial then. The same
 * once more changes nothing. *state is changed on E_OK only. Errors: E_BAD_STATE (there is a
 * subscription; or no such slot, or one erased), E_CONFLICT (the slot has another IMSI), E_CRYPTO.
 */
MUST_USE enum err device_state_discovered(const struct crypto *c, struct device_state *state,
                                          size_t slot, const struct imsi *imsi);
/* Step 11: the operator's own subscription, on trial, while the slot's stays as the previous one.
 * *state is changed on E_OK only. Errors: E_BAD_STATE (its subscription is not a slot's, or nothing
 * was asked for), E_BAD_VALUE. */
MUST_USE enum err device_state_manage(struct device_state *state,
                                      const struct certattach_profile *profile);
/* The RSMF has the confirmation: eK and the previous subscription are gone. Errors: E_BAD_STATE
 * (nothing is on trial, or it was not registered yet). */
MUST_USE enum err device_state_managed(struct device_state *state);

/* ---- one program at a time ---- */

/* Whoever changes a device's file over a time holds it: another that wants to is refused, and not
 * surprised by a file that was replaced behind his back. It ends with the process, however that
 * ends, and leaves nothing beside the file. */
struct device_hold {
    int fd; /* -1: nothing is held */
};
/* Errors: E_LOCKED (another program holds it), E_NOT_FOUND, E_DENIED, E_IO. */
MUST_USE enum err device_state_hold(const char *path, struct device_hold *hold,
                                    struct device_why *why);
/* As device_state_save of a file that is held, which stays held. */
MUST_USE enum err device_state_save_held(const char *path, struct device_hold *hold,
                                         const struct device_state *state, struct device_why *why);
void device_state_release(struct device_hold *hold);

#endif
