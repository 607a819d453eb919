/* nf/hssd/proof.h - what a registration makes of a device's proof of its IMEI: the decision
 * (devid_hss_admit), and what is remembered of it.
 *
 * Pure but for the names of time: what is stored and what was brought go in, the refusal and what
 * is to be stored come out. A proof is remembered per (IMSI, IMEI) and forgotten when either
 * changes, when the device fails, and when its binding is revoked.
 */
#ifndef BINDERY_NF_HSSD_PROOF_H
#define BINDERY_NF_HSSD_PROOF_H

#include "proc/devid.h"
#include "store/store.h"

struct proof_registration {
    struct devid_policy policy;
    bool has_outcome; /* brought by an MME whose word counts */
    struct devid_outcome outcome;
    bool has_imei;
    struct imei imei;
    uint32_t remember_seconds;
    int64_t now; /* Unix seconds */
};
struct proof_decision {
    enum refusal refusal;
    bool remembered; /* there was a memory, and it counted */
    bool write;      /* `after` is to be stored; otherwise it is as before */
    bool forgets;    /* what was remembered is gone */
    bool renews;     /* something new is remembered */
    bool told;       /* the outcome is another than the last, or the registration is refused */
    struct store_proof after;
};
void proof_decide(const struct proof_registration *reg, const struct store_proof *before,
                  struct proof_decision *out);
/* Is there a proof of this IMEI (NULL: of whichever) that still counts? `remember_seconds` is the
 * configuration's of now: a memory from when it was longer does not outlive a shorter one. */
bool proof_is_remembered(const struct store_proof *row, const struct imei *imei,
                         uint32_t remember_seconds, int64_t now);

#endif
