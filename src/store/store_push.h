/* store/store_push.h - what serving nodes are still to be told of subscriptions, and whether this
 * home network may have lost something (TS 29.272 5.2.1.2, 5.2.2, 5.2.3); who has heard of that is
 * in store_node.h.
 *
 * A row stands from the commit that made it needed to the commit that knows the node's answer, so a
 * restart goes on where it was. Rows are found by node and time, and by subscriber: nothing scans.
 * Nodes are their Origin-Hosts, in any case of letters. Nothing here decides, and nothing is sent.
 */
#ifndef BINDERY_STORE_STORE_PUSH_H
#define BINDERY_STORE_STORE_PUSH_H

#include "store/store.h"

/* Bits: */
enum store_push_what {
    STORE_PUSH_DATA = 1,        /* insert the subscription as it is now */
    STORE_PUSH_DROP_MSISDN = 2, /* delete what an insertion cannot take away */
    STORE_PUSH_DROP_TIMER = 4,
    STORE_PUSH_WITHDRAW = 8, /* cancel: the subscriber is gone */
    STORE_PUSH_ALL = 15
};
struct store_push {
    int64_t serial; /* another one with each store_put_push: what an answer is an answer to */
    int64_t since;  /* Unix milliseconds: it waits */
    int64_t tried;  /* the last try began; 0: none yet */
    int64_t next_try;
    uint32_t tries; /* that failed, in a row */
    uint8_t what;   /* never 0 */
    struct imsi imsi;
    char cause[STORE_CAUSE_MAX]; /* of the last failure; or empty */
    char host[STORE_HOST_MAX];   /* the node; never empty */
    char realm[STORE_HOST_MAX];
};

/* A profile as it was pushed, and how far a change of it has come among those that it serves. */
#define STORE_PROFILE_DIGEST 32
struct store_push_profile {
    char profile[STORE_PROFILE_MAX];
    uint8_t digest[STORE_PROFILE_DIGEST];
    uint32_t timer;    /* its periodic timer, seconds; 0: none */
    uint8_t what;      /* that every served subscriber still has to get; 0: all have */
    struct imsi after; /* those up to here have; n 0: none */
};

/* Whether the store was closed in order, and how often it was not. */
struct store_reset {
    bool open;      /* a process has it, or had it and did not close it */
    uint64_t epoch; /* grows whenever nodes are to be told */
    int64_t since;  /* Unix milliseconds: it grew */
};

/* ---- reading: every function may return E_IO and E_MEMORY ---- */

/* Of this node: those whose time has come (or is so far ahead that it was written before the clock
 * was set back), and those that were last tried before `connected`, the longest waiting first, at
 * most max. */
#define STORE_PUSH_FAR_MS 600000 /* nobody waits that long */
MUST_USE enum err store_due_push(struct store_reader *r, const char *host, int64_t now,
                                 int64_t connected, struct store_push *out, size_t max, size_t *n);
/* The next node after `after` (empty: the first) that something waits for. Costs no scan. Errors:
 * E_NOT_FOUND. */
MUST_USE enum err store_next_push_host(struct store_reader *r, const char *after,
                                       char out[static STORE_HOST_MAX]);
/* All of a subscriber, at most max. */
MUST_USE enum err store_list_push(struct store_reader *r, const struct imsi *imsi,
                                  struct store_push *out, size_t max, size_t *n);
/* A profile with `what` left; E_NOT_FOUND when there is none. */
MUST_USE enum err store_read_push_profile_left(struct store_reader *r,
                                               struct store_push_profile *out);
/* The next profile after `after` (empty: the first) that was ever pushed. Errors: E_NOT_FOUND. */
MUST_USE enum err store_next_push_profile(struct store_reader *r, const char *after,
                                          char out[static STORE_PROFILE_MAX]);
/* How many subscribers have this profile, at most `most`: there is no index of those that nobody
 * serves, so it may read all of them. Not on a signalling thread. */
MUST_USE enum err store_count_profile(struct store_reader *r, const char *profile, uint32_t most,
                                      uint32_t *out);
MUST_USE enum err store_read_reset(struct store_reader *r, struct store_reset *out);

/* ---- in a batch; errors beside those named: E_BAD_STATE, E_IO ---- */

/* Adds row->what to what waits for (imsi, host), takes `clear` away from it, and has it tried at
 * row->next_try; row->serial, tries, tried and cause are not looked at. Errors: E_BAD_LENGTH (a
 * text without its end, no host), E_BAD_VALUE (what is 0 or no such bits). */
MUST_USE enum err store_put_push(struct store_writer *w, const struct store_push *row,
                                 uint8_t clear);
/* The node has these bits of the row with this serial; with none left it goes. E_NOT_FOUND: the row
 * is another one by now, and stays. */
MUST_USE enum err store_push_done(struct store_writer *w, const struct store_push *row,
                                  uint8_t what);
/* Writes tries, tried, next_try and cause. Errors: E_NOT_FOUND likewise. */
MUST_USE enum err store_push_later(struct store_writer *w, const struct store_push *row);
/* `host` has the whole subscription from its own registration: nothing waits for it any more, and
 * of other nodes only that it is withdrawn. No row is no error. */
MUST_USE enum err store_push_registered(struct store_writer *w, const struct imsi *imsi,
                                        const char *host);
/* `host` registered and has of the subscription what it had: what waits for it waits on, but an
 * answer that is under way is nobody's; what was to be withdrawn there is told as it is now. */
MUST_USE enum err store_push_known(struct store_writer *w, const struct imsi *imsi,
                                   const char *host);
/* Nothing of (imsi, host) waits any more. No row is no error. */
MUST_USE enum err store_drop_push(struct store_writer *w, const struct imsi *imsi,
                                  const char *host);

/* Errors: E_NOT_FOUND (never seen). */
MUST_USE enum err store_writer_push_profile(struct store_writer *w, const char *profile,
                                            struct store_push_profile *out);
MUST_USE enum err store_put_push_profile(struct store_writer *w,
                                         const struct store_push_profile *row);
/* It is not known any more: no subscriber has it. No row is no error. */
MUST_USE enum err store_drop_push_profile(struct store_writer *w, const char *profile);
/* Subscribers with this profile that a node serves, after `after`, in the order of IMSIs; costs no
 * scan. Only imsi, host and realm of each are written. */
MUST_USE enum err store_writer_served_by_profile(struct store_writer *w, const char *profile,
                                                 const struct imsi *after, struct store_push *out,
                                                 size_t max, size_t *n);

MUST_USE enum err store_writer_reset(struct store_writer *w, struct store_reset *out);
MUST_USE enum err store_put_reset(struct store_writer *w, const struct store_reset *row);

#endif
