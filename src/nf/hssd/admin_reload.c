#include "nf/hssd/admin_reload.h"

#include "nf/common/admin_changes.h"
#include "nf/hssd/audit.h"
#include "nf/hssd/reload.h"

/* The order is in the audit log before it is carried out: one that the process did not outlive is
 * seen there, for no "done" or "refused" follows. */
static enum err begun(struct store_writer *w, struct writer_job *job)
{
    return admin_audit(w, admin_request_of(job), NULL, NULL, "begun");
}

/*= op-audit */
static void reload(struct admin_request *r)
{
    struct config_changes changes;
    struct config_why why;
    struct admin_fault fault;
    if (r->change.job.result != E_OK) {
        admin_call_refuse_err(&r->call, r->change.job.result);
        return;
    }
    if (hssd_reload(r->h, &changes, &why) != E_OK) {
        (void)admin_fault_set(&fault, PROBLEM_CONFIGURATION, "", "%s: %s", why.place, why.sentence);
        admin_audit_later(r, NULL, json_pack("{s:s}", "place", why.place), "refused");
        admin_refuse(r, &fault);
        return;
    }
    json_t *body = admin_changes_json(&changes);
    admin_audit_later(r, NULL, json_incref(body), "done");
    config_changes_free(&changes);
    admin_call_show(&r->call, body);
}

void admin_post_reload(struct admin_request *r)
{
    (void)!admin_submit(r, begun, reload); /* the answer is set when it fails */
}
