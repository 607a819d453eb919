/* store/store_dimsi.h - devices that were offered to this home network by their discovery IMSI
 * (proc/dimsi.h): how far each has come, what is still to be done with others for it, and the
 * papers that this needs.
 *
 * A row says all that a restart needs: what is to be done stands there before it is begun, and goes
 * when it is done. Secrets (the first challenge) are sealed, and are there no longer than a push to
 * the D-AUSF may have to be repeated. Counts and queues cost no scan. Nothing here decides.
 */
#ifndef BINDERY_STORE_STORE_DIMSI_H
#define BINDERY_STORE_STORE_DIMSI_H

#include "store/store.h"

#define STORE_DIMSI_NAME_MAX        64
#define STORE_DIMSI_LINK_MAX        300
#define STORE_DIMSI_DIGEST          32
#define STORE_DIMSI_OFFER_MAX       49152
#define STORE_DIMSI_ENDORSEMENT_MAX 49152

enum store_dimsi_phase {
    STORE_DIMSI_OFFERED = 1,
    STORE_DIMSI_ALLOCATED, /* it has an IMSI; */
    STORE_DIMSI_PUSHED,    /* the D-AUSF knows; */
    STORE_DIMSI_ATTACHED,  /* and it was registered with that */
    STORE_DIMSI_DONE,      /* the operator's own subscription has taken its place */
    STORE_DIMSI_REFUSED,
    STORE_DIMSI_WITHDRAWN,
    STORE_DIMSI_EXPIRED,
    STORE_DIMSI_PHASES
};
/* What is still to be done with others, bits: */
enum store_dimsi_todo {
    STORE_DIMSI_RELEASE = 1,   /* ask the ARPF for eK, or for another endorsement */
    STORE_DIMSI_UNDELIVER = 2, /* the RSMF: take back what is there for se_before */
    STORE_DIMSI_PUSH = 4,      /* tell the D-AUSF the challenge */
    STORE_DIMSI_DELIVER = 8,   /* give the RSMF the operator's profile */
    STORE_DIMSI_SPENT = 16,    /* tell the D-AUSF that the dIMSI is used up */
    STORE_DIMSI_TODO_ALL = 31
};
struct store_dimsi {
    struct imsi dimsi;
    uint8_t phase;
    uint8_t todo;
    int64_t next_try;             /* Unix seconds; counts with todo alone */
    uint32_t tries;               /* that failed, in a row */
    char cause[STORE_CAUSE_MAX];  /* name of an enum dimsi_cause: of the last failure; or empty */
    char detail[STORE_CAUSE_MAX]; /* what the other side called it; or empty */
    char sp[STORE_DIMSI_NAME_MAX + 1];
    char arpf[STORE_DIMSI_LINK_MAX + 1]; /* its URL, as it was offered */
    uint8_t token[STORE_DIMSI_DIGEST];   /* SHA-256 of ATK */
    uint8_t se[STORE_DIMSI_DIGEST];      /* SHA-256 of CERT.SE */
    bool has_se_before;
    uint8_t se_before[STORE_DIMSI_DIGEST]; /* with UNDELIVER */
    uint64_t number;                       /* of the delegation */
    uint64_t release;                      /* of the endorsement; 0: there is none yet */
    bool has_imsi;
    struct imsi imsi; /* the temporary one: ALLOCATED, PUSHED, ATTACHED */
    bool has_operator;
    struct imsi operator_imsi;
    bool delivered;  /* the RSMF has the profile */
    bool confirmed;  /* the device said that it is installed */
    bool used;       /* the operator's IMSI was registered */
    int64_t first;   /* Unix seconds: the offer came; */
    int64_t changed; /* the phase began; */
    int64_t expires; /* OFFERED, ALLOCATED, PUSHED: it ends; else 0 */
};
struct store_dimsi_challenge { /* secret; the owner wipes it */
    struct rand128 rand;
    struct autn autn;
    struct res xres; /* 8 octets */
    struct key_ck ck;
    struct key_ik ik;
};
/* What the steps need and the row has not. Large: not for a stack. The owner wipes it. */
struct store_dimsi_papers {
    size_t offer_n, endorsement_n; /* 0: none */
    uint8_t offer[STORE_DIMSI_OFFER_MAX];
    uint8_t endorsement[STORE_DIMSI_ENDORSEMENT_MAX];
    bool has_challenge;
    struct store_dimsi_challenge challenge; /* sealed at rest */
};

/* ---- reading: every function may return E_IO and E_MEMORY ---- */

/* Errors: E_NOT_FOUND. */
MUST_USE enum err store_read_dimsi(struct store_reader *r, const struct imsi *dimsi,
                                   struct store_dimsi *out);
/* The one whose temporary, or operator's, IMSI it is. Errors: E_NOT_FOUND. */
MUST_USE enum err store_read_dimsi_of(struct store_reader *r, const struct imsi *imsi,
                                      struct store_dimsi *out);
/* Nothing in it where there are none: that is no error. Errors: E_WRONG_KEY. */
MUST_USE enum err store_read_dimsi_papers(struct store_reader *r, const struct imsi *dimsi,
                                          struct store_dimsi_papers *out);
/* After `after` (NULL: from the first) in the dIMSIs' order; sp NULL: all; phase 0: all. At most
 * max. */
struct store_dimsi_wanted {
    const struct imsi *after;
    const char *sp;
    uint8_t phase;
};
MUST_USE enum err store_list_dimsi(struct store_reader *r, const struct store_dimsi_wanted *wanted,
                                   struct store_dimsi *out, size_t max, size_t *n);
/* How many of an SP are in each phase. Costs no scan. */
MUST_USE enum err store_count_dimsi(struct store_reader *r, const char *sp,
                                    uint64_t counts[static STORE_DIMSI_PHASES]);
/* Those with something to do whose time has come, the longest waiting first. Where there are none:
 * those whose time is so far ahead that it was written before the clock was set back. At most max.
 */
#define STORE_DIMSI_FAR_S 2400 /* nobody waits that long */
MUST_USE enum err store_due_dimsi(struct store_reader *r, int64_t now, struct imsi *out, size_t max,
                                  size_t *n);
/* Those with an end, at `now` or before. At most max. */
MUST_USE enum err store_expired_dimsi(struct store_reader *r, int64_t now, struct imsi *out,
                                      size_t max, size_t *n);

/* ---- in a batch ---- */

MUST_USE enum err store_writer_dimsi(struct store_writer *w, const struct imsi *dimsi,
                                     struct store_dimsi *out);
MUST_USE enum err store_writer_dimsi_of(struct store_writer *w, const struct imsi *imsi,
                                        struct store_dimsi *out);
/* Another one than `dimsi` of the secure element that is under way or in use: OFFERED to ATTACHED.
 * Costs no scan. Errors: E_NOT_FOUND. */
MUST_USE enum err store_writer_dimsi_of_se(struct store_writer *w,
                                           const uint8_t se[static STORE_DIMSI_DIGEST],
                                           const struct imsi *dimsi, struct store_dimsi *out);
MUST_USE enum err store_writer_count_dimsi(struct store_writer *w, const char *sp,
                                           uint64_t counts[static STORE_DIMSI_PHASES]);
/* Writes the whole of it. Errors: E_NOT_FOUND (no subscriber with an IMSI that it names),
 * E_CONFLICT (another row has an IMSI of it), E_BAD_LENGTH (a text without its end, no dIMSI, no
 * SP), E_BAD_VALUE (no phase, a temporary IMSI that does not go with the phase, RELEASE or PUSH of
 * what has ended, UNDELIVER without se_before), E_IO. */
MUST_USE enum err store_put_dimsi(struct store_writer *w, const struct store_dimsi *row);
/* The row and its papers; the subscribers stay. Errors: E_NOT_FOUND, E_BAD_STATE (it has a
 * temporary IMSI: end that first), E_IO. */
MUST_USE enum err store_remove_dimsi(struct store_writer *w, const struct imsi *dimsi);
/* Each takes the place of what was there; of no more than its MAX. Errors: E_NOT_FOUND (no row),
 * E_BAD_LENGTH, E_CRYPTO, E_IO. */
MUST_USE enum err store_put_dimsi_offer(struct store_writer *w, const struct imsi *dimsi,
                                        struct bytes offer);
MUST_USE enum err store_put_dimsi_endorsement(struct store_writer *w, const struct imsi *dimsi,
                                              struct bytes endorsement);
MUST_USE enum err store_put_dimsi_challenge(struct store_writer *w, const struct imsi *dimsi,
                                            const struct store_dimsi_challenge *challenge);
/* All but the offer goes; or all of it. That there was none is no error. */
MUST_USE enum err store_keep_dimsi_offer(struct store_writer *w, const struct imsi *dimsi);
MUST_USE enum err store_drop_dimsi_papers(struct store_writer *w, const struct imsi *dimsi);
/* A subscriber that was made here ends with all that is its, and its IMSI rests until `ready`. Put
 * the row that names it afterwards, in the same batch. No such subscriber is no error. */
MUST_USE enum err store_end_dimsi_subscriber(struct store_writer *w, const struct imsi *imsi,
                                             int64_t ready);

#endif
