/* nf/mmed/events.h - the last events of an MME, in memory, for the administration interface and
 * `bindery events`. Bounded: the oldest goes first. But one kind, which is a name and a cause, has
 * a sixteenth of the places at most: who can bring one about at will pushes only its own kind out,
 * never somebody else's alarm. Nothing here is stored; what a flood costs in the log is the log's
 * to bound (nf/common/log.h).
 */
#ifndef BINDERY_NF_MMED_EVENTS_H
#define BINDERY_NF_MMED_EVENTS_H

#include "id/imei.h"
#include "id/imsi.h"

#define MMED_EVENT_DETAIL_MAX 288 /* of who changed something, what and from where, whole */

struct mmed_events;
struct mmed_event_row {
    uint64_t id; /* 1 and up, in order; some are missing */
    int64_t unix_ms;
    char name[32];
    char cause[32];                     /* "" : none */
    char detail[MMED_EVENT_DETAIL_MAX]; /* "" : none; text from outside, cut */
    bool has_imsi, has_imei;
    struct imsi imsi;
    struct imei imei;
};

/* Errors: E_BAD_VALUE (0 to be kept, or more than ten million), E_MEMORY. */
MUST_USE enum err events_open(uint64_t kept, struct mmed_events **out);
void events_close(struct mmed_events *e);
/* Before the first event: ids go on behind this one. With the time for it, who keeps the last id
 * that he saw misses nothing of the process that comes after this one. */
void events_number_from(struct mmed_events *e, uint64_t id);
/* wake is called at each event, when it can be read; NULL: no more. */
void events_watch(struct mmed_events *e, void (*wake)(void *ctx), void *ctx);
/* imsi, imei, cause and detail may be NULL. True: an older one of the same kind had to go because
 * the kind has its share. */
bool events_add(struct mmed_events *e, const char *name, const struct imsi *imsi,
                const struct imei *imei, const char *cause, const char *detail);
/* The first event after `after` that is still there; false: there is none. Reading one after the
 * other costs the same for each. */
bool events_next(struct mmed_events *e, uint64_t after, struct mmed_event_row *out);
/* The last one before `before`, likewise. */
bool events_previous(struct mmed_events *e, uint64_t before, struct mmed_event_row *out);
uint64_t events_last(const struct mmed_events *e); /* 0: none yet */

#endif
