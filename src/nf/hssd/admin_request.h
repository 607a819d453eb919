/* nf/hssd/admin_request.h - one request of the administration interface from its address to its
 * answer, as admin.c (the way to the writer), admin_routes.c (reading) and admin_write.c (changing)
 * share it.
 *
 * A handler sets the answer, or hands a change to the writer, or what takes long to a thread of its
 * own; then the request waits, and goes on where the handler said. All else runs on the control
 * thread. Requests come back from the writer in the order of its jobs.
 */
#ifndef BINDERY_NF_HSSD_ADMIN_REQUEST_H
#define BINDERY_NF_HSSD_ADMIN_REQUEST_H

#include "nf/common/admin_condition.h"
#include "nf/hssd/admin.h"
#include "nf/hssd/admin_change.h"
#include "nf/hssd/admin_worker.h"
#include "store/store_audit.h"
#include "store/store_backup.h"
#include <jansson.h>

#define ADMIN_ROWS_MAX   1000u
#define ADMIN_CHUNK_ROWS 128u /* rows of an import in one job: one commit */

struct admin_eir_item;
struct admin_lot;
struct admin_onboarding;
struct admin_dimsi;
struct admin_keys;
struct admin_import_item;
struct admin_events;
struct event_ask;

struct admin_request {
    struct admin_call call; /* first */
    struct admin *admin;
    struct hssd *h;
    struct store_reader *reader;
    const struct crypto *crypto;
    const struct address *bound;
    /* asked */
    struct imsi imsi; /* of the path */
    struct imei imei;
    struct imei_range range;
    enum eir_list list;
    struct admin_condition_of condition; /* of lots and rules of the EIR */
    struct kme_lot_id lot;
    struct store_onboarding_key onboarding;
    char target[STORE_AUDIT_TARGET_MAX];    /* what the path names: nf/hssd/admin_audit.h */
    char backup[STORE_BACKUP_NAME_MAX + 1]; /* the name of the body */
    uint64_t import;                        /* of the path, or that the rows are of; 0: none */
    /* on its way */
    struct admin_task task;
    struct snapshot *held;                   /* while a thread of its own thinks about it */
    void (*back)(struct admin_request *r);   /* on the control thread, when it is back */
    void (*undone)(struct admin_request *r); /* on the writer's, when it failed; or NULL */
    struct admin_change change;
    struct admin_item *items;
    struct admin_eir_item *eir_items;         /* instead of items: nf/hssd/admin_eir.h */
    struct admin_lot *lot_item;               /* instead of items: nf/hssd/admin_lot.h */
    struct admin_onboarding *onboarding_item; /* instead of items: nf/hssd/admin_onboarding.h */
    struct admin_keys *keys_item;             /* instead of items: nf/hssd/admin_keys.h */
    struct admin_dimsi *dimsi_item;           /* instead of items: nf/hssd/admin_dimsi.h */
    struct admin_events *events;              /* nf/hssd/admin_events.h */
    struct event_ask *events_ask;             /* instead of items: nf/common/event_ask.h */
    struct admin_import_item *import_item;    /* instead of items: nf/hssd/admin_audit.h */
    size_t n_items;
    bool is_import;
    struct admin_request *next_done;
};

/* admin_routes.c: finds the handler and calls it. */
void admin_route(struct admin_request *r, const char *method, const char *path);
void admin_answer(struct admin_request *r, unsigned status, json_t *body);
void admin_refuse(struct admin_request *r, const struct admin_fault *fault);
/* A parameter of the query or a header, or NULL. */
const char *admin_parameter(struct admin_request *r, const char *name);
const char *admin_header(struct admin_request *r, const char *name);
/* The subscriber and device of the path as they are now, with a status. */
void admin_show_subscriber(struct admin_request *r, unsigned status);
void admin_show_device(struct admin_request *r, unsigned status);

/* admin_write.c: the handlers that change. */
void admin_put_subscriber(struct admin_request *r);
void admin_patch_subscriber(struct admin_request *r);
void admin_delete_subscriber(struct admin_request *r);
void admin_put_device(struct admin_request *r);
void admin_patch_device(struct admin_request *r);
void admin_delete_device(struct admin_request *r);
void admin_forget_proof(struct admin_request *r);
void admin_ask_kme(struct admin_request *r);
void admin_import(struct admin_request *r);
/* The body of an import: dry_run of the query, its lines (blank ones aside), and one after the
 * other. False when the request was refused. */
MUST_USE bool admin_dry_run(struct admin_request *r);
MUST_USE bool admin_lines(struct admin_request *r, struct bytes body, size_t *n);
/* The answer of an import: what became of each row, as a list in an object, or one on each line
 * where the client asks for NDJSON. The list is taken over. */
void admin_results(struct admin_request *r, json_t *list);
struct bytes admin_next_line(struct bytes *rest);
/* Wipes and frees the items. */
void admin_write_free(struct admin_request *r);

/* admin.c: as much waits as may, or the process ends. Always false. */
bool admin_fault_busy(const struct admin_request *r, struct admin_fault *fault);
/* admin.c: hands r->change to the writer, who runs it; `back` goes on with it. False (with the
 * answer set) when the writer is full. */
MUST_USE bool admin_submit(struct admin_request *r,
                           enum err (*run)(struct store_writer *w, struct writer_job *job),
                           void (*back)(struct admin_request *r));
/* Has `think` run on a thread where nobody waits for it; then `back`. With r->task.skipped it was
 * not run, for the process ends. */
void admin_think(struct admin_request *r, void (*think)(struct admin_task *task),
                 void (*back)(struct admin_request *r));
/* The interface over HTTPS, for the status. NULL without memory. */
json_t *admin_listening(const struct admin_request *r);
struct admin_request *admin_request_of(struct writer_job *job);
struct admin_request *admin_request_of_task(struct admin_task *task);

#endif
