/* nf/hssd/admin_request.h - one request of the administration interface from its address to its
 * answer, as admin.c (the way to the writer), admin_routes.c (reading) and admin_write.c (changing)
 * share it.
 *
 * A handler either sets the answer or hands a change to the writer; then the request waits and
 * admin_write_done goes on with it. All of it runs on the control thread.
 */
#ifndef BINDERY_NF_HSSD_ADMIN_REQUEST_H
#define BINDERY_NF_HSSD_ADMIN_REQUEST_H

#include "nf/hssd/admin.h"
#include "nf/hssd/admin_change.h"
#include <jansson.h>

#define ADMIN_ROWS_MAX   1000u
#define ADMIN_CHUNK_ROWS 128u /* rows of an import in one job: one commit */

struct admin_eir_item;

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
    /* being written */
    struct admin_change change;
    struct admin_item *items;
    struct admin_eir_item *eir_items; /* instead of items: nf/hssd/admin_eir.h */
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
void admin_import(struct admin_request *r);
/* The job is back: hands in the next one or sets the answer. */
void admin_write_done(struct admin_request *r);
/* The body of an import: dry_run of the query, its lines (blank ones aside), and one after the
 * other. False when the request was refused. */
MUST_USE bool admin_dry_run(struct admin_request *r);
MUST_USE bool admin_lines(struct admin_request *r, struct bytes body, size_t *n);
struct bytes admin_next_line(struct bytes *rest);
/* Wipes and frees the items. */
void admin_write_free(struct admin_request *r);

/* admin.c: hands r->change to the writer; false (with the answer set) when it is full. */
MUST_USE bool admin_submit(struct admin_request *r);

#endif
