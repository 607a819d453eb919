/* nf/hssd/audit.h - entries of the audit log (store/store_audit.h): who changed what, written in
 * the batch of the change itself.
 *
 * A handler that changes something calls admin_audit in its writer's job, right beside the write,
 * and returns its error: then neither is kept without the other. What has no write of its own
 * (a signal, an order that came) is told with admin_audit_later or hssd_audit_later; where that may
 * not be lost, an entry "begun" is written first, by a job that is waited for. What is told
 * must hold no secret: a key that is there is "set", one that became another is "changed".
 */
#ifndef BINDERY_NF_HSSD_AUDIT_H
#define BINDERY_NF_HSSD_AUDIT_H

#include "nf/common/admin_access.h"
#include "nf/hssd/hssd.h"
#include "store/store_audit.h"
#include <jansson.h>

struct admin_request;

/* Who did it where it was no person: at the end of an import that nobody ended, on a signal. */
#define AUDIT_WHO_DAEMON "bindery-hssd"

struct audit_note {
    const char *who;    /* NULL or empty: "unix" */
    const char *from;   /* the same */
    const char *action; /* method and path as in the table of routes, or a word: "SIGHUP" */
    const char *target; /* what was changed, as a path below /v1/, without "/v1/" */
    const char *outcome;
    json_t *before; /* taken over; NULL: nothing to say */
    json_t *after;  /* the same */
};
/* On the writer's thread, in a job's run. Errors as store_add_audit, E_MEMORY. */
MUST_USE enum err hssd_audit(const struct hssd *h, struct store_writer *w,
                             const struct audit_note *note);
/* Any thread: the entry is written soon, by a job of its own. One that finds no room in the
 * writer's queue is lost, and the log says so: where that may not be, write it in a job. */
void hssd_audit_later(struct hssd *h, const struct audit_note *note);

/* The same for a request of the administration interface: who, from, action and target are the
 * request's own. before and after are taken over. */
MUST_USE enum err admin_audit(struct store_writer *w, const struct admin_request *r, json_t *before,
                              json_t *after, const char *outcome);
/* The same of one of the things that the request is about; target NULL: of its own. */
MUST_USE enum err admin_audit_of(struct store_writer *w, const struct admin_request *r,
                                 const char *target, json_t *before, json_t *after,
                                 const char *outcome);
void admin_audit_later(const struct admin_request *r, json_t *before, json_t *after,
                       const char *outcome);

/* Who asks, as the log has it. */
const char *admin_who_name(const struct admin_request *r);

/* A change that its asker may not make: outcome "refused", and `cause` (a problem's name:
 * "not-allowed", "out-of-scope") in `after`. Of each person 64 at once, then one in ten seconds;
 * how many of his were left out stands in his next as `left_out`. Control thread. */
void hssd_audit_refused(struct hssd *h, const struct admin_who *who, const char *action,
                        const char *target, const char *cause);

/* Takes out of both objects the members that are the same in both: what is left is the change. */
void audit_only_changes(json_t *before, json_t *after);

#endif
