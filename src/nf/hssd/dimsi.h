/* nf/hssd/dimsi.h - first attach with a discovery IMSI, at the target AUSF (proc/dimsi.h, steps 0-d
 * to 2 and 9 to 11): offers of service providers, eK from the ARPF, an IMSI and its challenge, the
 * push to the D-AUSF, and the operator's own subscription at the RSMF.
 *
 * It carries out: proc/dimsi decides. Offers come in over HTTPS on the control thread; a few
 * threads of low priority ask others; only the writer writes. What is to be done with others stands
 * in the row of the device before it is begun, and each step does the same when it is done twice:
 * so a restart at any point goes on where it was. eK is in memory only, from the ARPF's answer
 * until the writer has drawn the IMSI; what is left of it is K and OPc of that IMSI, and the
 * challenge until the device was there.
 *
 * A device is offered, allocated (it has an IMSI), pushed (the D-AUSF knows), attached (it was
 * registered with the IMSI), done (the operator's own subscription has taken its place); or it was
 * refused, withdrawn, or has expired.
 */
#ifndef BINDERY_NF_HSSD_DIMSI_H
#define BINDERY_NF_HSSD_DIMSI_H

#include "nf/hssd/s6a.h"
#include "proc/dimsi.h"
#include "store/store_dimsi.h"

struct uv_loop_s;

/* ---- start and stop: hssd.c ---- */

struct hss_dimsi; /* h->dimsi */
MUST_USE enum err hss_dimsi_start(struct hssd *h, struct store_why *why);
/* Nothing new is begun; what is on its way to others ends within its time. */
void hss_dimsi_quiesce(struct hss_dimsi *d);
void hss_dimsi_join(struct hss_dimsi *d);  /* the threads; they need the writer until then */
void hss_dimsi_close(struct hss_dimsi *d); /* when the writer has stopped. All three: NULL is
                                            * harmless */
/* The control thread, about once a second. */
void hss_dimsi_tick(struct hssd *h);

/* ---- the listener for service providers: control.c ---- */

/* Does nothing where none is configured. Errors with *why (room octets): those of https_open. */
MUST_USE enum err hss_dimsi_listen(struct hssd *h, struct uv_loop_s *loop, char *why, size_t room);
/* Ends it, and runs the loop until its calls have their answers. Harmless without one. */
void hss_dimsi_unlisten(struct hssd *h);
/* For a reload in two steps: the listener's files are read again, and then they and the rates of
 * `c` count, or nothing. *out is NULL, and there is nothing to take, where none is configured.
 * Control thread. Errors, with a sentence in why: those of dimsi_trust_next_open and
 * https_api_next_open. */
struct hss_dimsi_next;
MUST_USE enum err hss_dimsi_next_open(const struct hssd *h, const struct hssd_dimsi *c,
                                      struct hss_dimsi_next **out, char *why, size_t room);
/* next is gone then. Harmless when it is NULL, as the next one. */
void hss_dimsi_next_take(struct hssd *h, struct hss_dimsi_next *next);
void hss_dimsi_next_drop(struct hss_dimsi_next *next);

/* Where it listens; without it zeros. The control thread. */
struct address hss_dimsi_bound(const struct hssd *h);

/* ---- ULR and AIR: a signalling thread, and the writer ---- */

/* Is the registration of this IMSI by `origin` to be stored by hss_dimsi_used? It is of no meaning
 * here unless `origin` was given vectors: without them no AKA can have been. Nothing is read of an
 * IMSI that is in none of the ranges. REFUSAL_NONE or REFUSAL_STORE_FAILED. */
enum refusal hss_dimsi_looks(struct s6a_call *call, const struct imsi *imsi, struct bytes origin,
                             struct hss_dimsi_use *use);
/* Vectors went to the node that the IMSI is registered at. That registration was of no meaning if
 * nobody knew of its vectors (they were given before a restart); it has one from now on. Blocks
 * nobody: what cannot be stored is found with the next AIR or ULR. */
void hss_dimsi_given(struct s6a_call *call, const struct imsi *imsi);
/* The writer. Errors: the store's. */
MUST_USE enum err hss_dimsi_used(struct hssd *h, struct store_writer *w, const struct imsi *imsi,
                                 int64_t at, struct hss_dimsi_use *use);
/* When that is durable. */
void hss_dimsi_tell_used(struct hssd *h, const struct imsi *imsi, const struct imei *imei,
                         const char *peer, const struct hss_dimsi_use *use);

/* ---- for the administration ---- */

const char *hss_dimsi_phase_name(uint8_t phase); /* never NULL */
/* 0: none has this name. */
uint8_t hss_dimsi_phase_of(const char *name);

/* What an operator, or the service provider, makes of a row: in a batch of the writer's. */
enum hss_dimsi_word {
    HSS_DIMSI_RETRY,    /* what waits for its time is tried now; what was refused, once more */
    HSS_DIMSI_WITHDRAW, /* as if it had not been offered; not once it has the operator's own
                         * subscription */
    HSS_DIMSI_FORGET    /* the row of one that has ended goes */
};
/* Subscriptions that ended with a row. */
struct hss_dimsi_ended {
    bool ended; /* the temporary one did: */
    struct imsi imsi;
    struct store_serving serving;
    bool operators; /* and the operator's own, which nobody had used: */
    struct imsi operator_imsi;
    struct store_serving operator_serving;
};
struct hss_dimsi_change {
    struct store_dimsi row; /* as it is now */
    bool changed;
    bool wrong_phase; /* the word makes no sense in it: nothing was done */
    bool se_taken;    /* and that is as another dIMSI of its secure element is under way */
    struct hss_dimsi_ended over;
};
/* Errors: E_NOT_FOUND, the store's. */
MUST_USE enum err hss_dimsi_tell(struct hssd *h, struct store_writer *w, const struct imsi *dimsi,
                                 enum hss_dimsi_word word, struct hss_dimsi_change *out);
/* Somebody may have something to do now. Harmless on NULL. */
void hss_dimsi_wake(struct hss_dimsi *d);
/* When that is durable: events, CLR, and the threads look. */
void hss_dimsi_told(struct hssd *h, enum hss_dimsi_word word, const struct hss_dimsi_change *c);
/* A subscriber is removed that was made here: its row learns it, its IMSI rests. E_NOT_FOUND: it
 * was not made here. */
MUST_USE enum err hss_dimsi_removes(const struct hssd *h, struct store_writer *w,
                                    const struct imsi *imsi, struct imsi *dimsi);

/* How others stand. */
enum hss_dimsi_remote_state { HSS_DIMSI_UNTRIED, HSS_DIMSI_UP, HSS_DIMSI_DOWN };
struct hss_dimsi_remote_status {
    const char *kind; /* "arpf", "discovery", "rsmf" */
    const struct hssd_dimsi_remote *remote;
    enum hss_dimsi_remote_state state;
    int64_t since; /* Unix seconds; 0: untried */
    uint64_t asked;
};
/* The i-th; false behind the last. */
bool hss_dimsi_remote_status(struct hss_dimsi *d, size_t i, struct hss_dimsi_remote_status *out);
/* What is left in `n` pools. Errors: the store's. */
MUST_USE enum err hss_dimsi_pools(const struct hssd_imsi_pool *pools, size_t n,
                                  struct store_reader *r, int64_t now, struct store_pool *out);

#endif
