/* nf/hssd/admin_change.h - administrative changes on the writer's thread: reads what is there,
 * plans (nf/hssd/admin_plan.h), and writes only what was found right as a whole.
 *
 * A change is one job of one or several items, each all or nothing: an item is refused before its
 * first write. What has to happen after the commit (CLR, events) is left in the items for the
 * control thread.
 */
#ifndef BINDERY_NF_HSSD_ADMIN_CHANGE_H
#define BINDERY_NF_HSSD_ADMIN_CHANGE_H

#include "nf/common/admin_condition.h"
#include "nf/hssd/admin_plan.h"
#include "nf/hssd/hssd.h"

struct admin_request;
enum admin_verb {
    ADMIN_PUT,           /* row: make or replace */
    ADMIN_PATCH,         /* row: change */
    ADMIN_IMPORT,        /* row: make or change, devices merged */
    ADMIN_REMOVE,        /* row.imsi */
    ADMIN_DEVICE_PUT,    /* row.imsi, device */
    ADMIN_DEVICE_PATCH,  /* row.imsi, device */
    ADMIN_DEVICE_REMOVE, /* row.imsi, device.imei */
    ADMIN_PROOF_FORGET,  /* row.imsi */
    ADMIN_KME_ASK,       /* row.imsi, kme */
};
/* What the request demands of the entry before. */
struct admin_condition {
    bool none_match;  /* If-None-Match: * */
    bool match;       /* If-Match */
    bool match_any;   /* If-Match: * */
    uint64_t version; /* If-Match: "version" */
};

struct admin_item {
    /* in */
    enum admin_verb verb;
    struct admin_condition condition;
    struct admin_condition_of device_condition; /* of a device */
    struct admin_row row;
    struct admin_device device;
    struct admin_kme kme;
    unsigned number; /* import: the row's; its fault may be set already, then it is passed over */
    /* out */
    struct admin_fault fault;
    enum store_did did;
    unsigned changed, lost;       /* admin_plan_changed, admin_plan_lost */
    bool withdrawn;               /* what an operator had asked for (procedure kme) */
    bool pushes;                  /* the serving node may have something to be told */
    bool cancel;                  /* send CLR */
    bool cancel_all;              /* to all that may hold vectors */
    uint32_t cancel_type;         /* TS 29.272 7.3.24 */
    struct store_serving serving; /* before the change */
    struct store_onboarding_key
        onboarding;    /* REMOVE: whose subscription it was, by the URL of its certificate */
    struct imsi dimsi; /* REMOVE: the same, by its discovery IMSI; n 0: none */
};

struct admin_change {
    struct writer_job job; /* first: run gets this pointer; done and owner are the caller's */
    struct hssd *h;
    const struct admin_request *request; /* who asks: for the audit log */
    bool dry_run;                        /* done, and undone at once */
    size_t n;
    struct admin_item *items; /* the caller's */
};
/* What a dry run that went well returns, so that the writer undoes it. */
#define ADMIN_CHANGE_UNDONE E_AGAIN
/* The job's run. With an error the writer undoes all its items, which then all have failed; an item
 * that is refused is none. */
enum err admin_change_run(struct store_writer *w, struct writer_job *job);
/* On the control thread after a commit: CLRs and events of what was changed. */
void admin_change_after(struct hssd *h, const struct admin_item *item);

#endif
