/* nf/hssd/recent.h - what a HSS remembers of the last seconds and minutes, in memory only: the last
 * GLC value issued per subscriber, and vectors that were asked for and not followed by a ULR.
 *
 * Bounded and striped: a lock covers one stripe and no I/O. An entry whose value GLC has not passed
 * is never forgotten; where no room is left the caller is refused (E_EXHAUSTED) and nothing
 * repeats.
 */
#ifndef BINDERY_NF_HSSD_RECENT_H
#define BINDERY_NF_HSSD_RECENT_H

#include "id/imsi.h"
#include "proc/sqn.h"

struct recent;
MUST_USE enum err recent_open(unsigned entries, struct recent **out);
void recent_close(struct recent *r);

struct recent_draw {
    uint64_t first_seq;
    unsigned got;
    unsigned unconfirmed; /* AIRs in a row from this origin without a ULR, this one included */
};
/* Draws SEQs for one AIR under the stripe's lock (proc/sqn.h). `origin` is the asking node; it
 * counts as unconfirmed unless it is the `serving` one. Errors: E_EXHAUSTED. */
MUST_USE enum err recent_take(struct recent *r, const struct imsi *imsi, uint64_t glc,
                              uint64_t mark, int64_t dif, unsigned want, struct bytes origin,
                              struct bytes serving, struct recent_draw *out);
/* The GLC value that would be issued next to this subscriber. */
uint64_t recent_next(struct recent *r, const struct imsi *imsi, uint64_t glc);
/* A ULR succeeded, or a failure was reported: the count of unconfirmed vectors starts anew. */
void recent_confirmed(struct recent *r, const struct imsi *imsi);
/* Was a vector of this subscriber given to `origin` since it was last forgotten? NOR asks. */
bool recent_was_given(struct recent *r, const struct imsi *imsi, struct bytes origin);
/* The failure report with this End-to-End Identifier was counted; sent again (RFC 6733 3, T flag)
 * it must not count twice. Only the last one of a subscriber is remembered. */
void recent_report_counted(struct recent *r, const struct imsi *imsi, uint64_t glc,
                           struct bytes origin, uint32_t end_to_end);
bool recent_report_is_known(struct recent *r, const struct imsi *imsi, struct bytes origin,
                            uint32_t end_to_end);

#endif
