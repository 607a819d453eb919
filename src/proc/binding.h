/* proc/binding.h - IMSI-IMEI binding: RAND is encrypted under KME, a key that the right ME and the
 * HSS share, so that a SIM in any other equipment fails AKA (TR 33.868 5.4.4.2.3.2).
 *
 * All parties stand here in the order of figure 5.4.4.2.3.2-1, each function with its step. The MME
 * has no function: it carries RAND and AUTN as it always does, and compares RES (steps 2 and 5).
 * No I/O, no allocation, no clock; outputs are written only on success. The AMF bit that marks a
 * processed challenge is covered by MAC-A, so it cannot be flipped on the way.
 */
#ifndef BINDERY_PROC_BINDING_H
#define BINDERY_PROC_BINDING_H

#include "base/refusal.h"
#include "id/imei.h"
#include "proc/aka.h"

#define BINDING_DEVICES_MAX   16 /* authorised IMEIs of one IMSI */
#define BINDING_AMF_REGULAR   AMF_SEPARATION_BIT
#define BINDING_AMF_PROCESSED (AMF_SEPARATION_BIT | 0x0001u) /* bit 15, the proprietary range */

/* open: never processed. learn: regular until a KME was agreed (procedure `kme`), bound after.
 * bound: never a regular vector. */
enum binding_policy { BINDING_OPEN = 0, BINDING_LEARN = 1, BINDING_BOUND = 2 };
const char *binding_policy_name(enum binding_policy p); /* "open", "learn", "bound" */
MUST_USE enum err binding_policy_parse(struct bytes ascii, enum binding_policy *out);

/* One authorised device of a subscription, with the keys the HSS holds for the pair. */
struct binding_device {
    struct imei imei;
    bool has_kme;
    bool has_previous; /* the KME before the active one: serves AUTS only */
    struct key_kme kme;
    struct key_kme previous;
};

/* What the HSS knows about a subscription when it makes vectors. Owner wipes it. */
struct binding_view {
    enum binding_policy policy;
    bool has_last_imei; /* the IMEI of the last registration */
    struct imei last_imei;
    uint8_t n_devices;
    struct binding_device devices[BINDING_DEVICES_MAX];
};

/* ---- step 0: the ME reports its IMEI (ADD); how it gets here is the wire room's ---- */

/* ---- step 1, HSS: which KME ---- */

struct binding_choice {
    bool processed; /* false: regular vectors, AMF 0x8000 */
    uint8_t device; /* index into view->devices when processed */
};
/* `served` is the Served-IMEI of the AIR, or NULL. Takes it if it is on the list, else the last
 * IMEI registered if that is on the list, else the only KME there is (one device, or a group KME).
 * Refusals: IMEI_NOT_AUTHORISED (served is not on the list: never a regular vector), NO_KME,
 * KME_AMBIGUOUS. */
MUST_USE enum refusal binding_hss_choose(const struct binding_view *view, const struct imei *served,
                                         struct binding_choice *out);
/* May this list of devices be stored with this policy? Behind MMEs that send no Served-IMEI several
 * devices need one group KME, because a wrong KME ends in AUTHENTICATION REJECT and a USIM that
 * stays invalid until it is switched off. Errors: E_CONFLICT (different KMEs), E_MISSING (bound and
 * no KME at all). `served_imei_known` says that every MME reports Served-IMEI. */
MUST_USE enum err binding_view_check(const struct binding_view *view, bool served_imei_known);

/* ---- step 1, HSS: the vector ---- */

/* What leaves for the MME: RAND as it travels, the rest computed from the plain RAND. */
struct binding_vector {
    uint8_t rand[16]; /* encRAND when processed, else RAND */
    bool processed;
    struct autn autn;
    struct res xres;
    struct key_ck ck;
    struct key_ik ik;
    struct key_kasme kasme; /* of an EPS vector */
};
/* Makes one vector of a fresh RAND. kme NULL: regular. sn_id: the serving network's three octets
 * for an EPS vector with KASME (TS 33.401 A.2), or NULL for a UMTS one. Errors: E_CRYPTO,
 * E_BAD_LENGTH, E_BAD_VALUE. */
MUST_USE enum err binding_hss_vector(const struct crypto *c, const struct aka_keys *keys,
                                     const struct key_kme *kme, uint64_t sqn, const uint8_t *sn_id,
                                     struct binding_vector *out);
/* encRAND = AES-128(KME, RAND), one block. */
MUST_USE enum err binding_hss_encrypt(const struct crypto *c, const struct key_kme *kme,
                                      const struct rand128 *rand, struct encrand *out);

/* ---- steps 2 and 3, ME: what the USIM is given ---- */

/* The ME's side: its KMEs for this IMSI, and the last challenge answered, which a network that lost
 * our answer repeats (TS 24.301 5.4.2.3). Compared on the received RAND. */
struct binding_me {
    bool has_kme;
    struct key_kme kme;
    bool answered; /* the two below are valid */
    uint8_t last_rand[16];
    struct usim_answer last_answer;
};
enum binding_me_outcome {
    BINDING_ME_ANSWERED,          /* RES is in the answer */
    BINDING_ME_REPEATED,          /* the same challenge again: RES from the cache, USIM untouched */
    BINDING_ME_MAC_FAILURE,       /* AUTHENTICATION FAILURE, cause 20 */
    BINDING_ME_SYNC_FAILURE,      /* cause 21, AUTS in the answer */
    BINDING_ME_NO_SEPARATION_BIT, /* cause 26 */
    BINDING_ME_NO_KME, /* a processed challenge and no key: the USIM is not asked; cause 20 */
    BINDING_ME_BROKEN  /* a cryptographic operation failed; nothing is answered */
};
const char *binding_me_outcome_name(enum binding_me_outcome o);
/* The USIM as the ME sees it: on a UICC, or soft (below). Errors as usim_authenticate's; anything
 * but E_OK, E_BAD_MAC and E_SYNC is BINDING_ME_BROKEN. */
struct usim_port {
    void *ctx;
    MUST_USE enum err (*authenticate)(void *ctx, const struct rand128 *rand,
                                      const struct autn *autn, struct usim_answer *out);
};
/* Steps 3 and 4: reads AMF, decrypts RAND if it is processed, hands RAND and AUTN to the USIM.
 * The caller stores *me, and what is behind the port, before RES leaves. */
enum binding_me_outcome binding_me_ask(const struct crypto *c, struct binding_me *me,
                                       const struct usim_port *usim, const uint8_t rand[static 16],
                                       const struct autn *autn, struct usim_answer *out);
/* The same with a soft USIM, which the caller stores likewise. */
enum binding_me_outcome binding_me_challenge(const struct crypto *c, struct binding_me *me,
                                             struct usim *usim, const uint8_t rand[static 16],
                                             const struct autn *autn, struct usim_answer *out);

/* ---- step 4', HSS: resynchronisation ---- */

enum binding_auts_under { BINDING_AUTS_PLAIN, BINDING_AUTS_ACTIVE, BINDING_AUTS_PREVIOUS };
/* No AMF travels with AUTS, and the vector may have been regular or under an earlier key: tries the
 * RAND as plain, then decrypted under each active and previous KME; the one whose MAC-S verifies
 * decides. Errors: E_BAD_MAC (none did; the caller changes nothing), E_CRYPTO. */
MUST_USE enum err binding_hss_resync(const struct crypto *c, const struct aka_keys *keys,
                                     const struct binding_view *view,
                                     const uint8_t received_rand[static 16],
                                     const struct auts *auts, uint64_t *sqn_ms,
                                     enum binding_auts_under *under);

/* ---- step 5: what failures mean ---- */

/* Counts failures reported for a subscription; any success in between starts anew. Returns true
 * when this one reaches the threshold of the event `suspected theft`. threshold 0: never. */
MUST_USE bool binding_failure_counts(uint32_t *in_a_row, uint32_t threshold);

#endif
