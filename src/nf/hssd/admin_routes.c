#include "nf/common/openapi.h"
#include "nf/hssd/admin_audit.h"
#include "nf/hssd/admin_backup.h"
#include "nf/hssd/admin_dimsi.h"
#include "nf/hssd/admin_eir.h"
#include "nf/hssd/admin_events.h"
#include "nf/hssd/admin_export.h"
#include "nf/hssd/admin_keys.h"
#include "nf/hssd/admin_lot.h"
#include "nf/hssd/admin_metrics.h"
#include "nf/hssd/admin_onboarding.h"
#include "nf/hssd/admin_pages.h"
#include "nf/hssd/admin_reload.h"
#include "nf/hssd/admin_view.h"
#include "nf/hssd/admin_webhooks.h"
#include "nf/hssd/provision_rows.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define IMSIS_OF_MAX 1000u
#define STATUS_OK    ADMIN_STATUS_OK

void admin_answer(struct admin_request *r, unsigned status, json_t *body)
{
    admin_call_answer(&r->call, status, body);
}

void admin_refuse(struct admin_request *r, const struct admin_fault *fault)
{
    admin_call_refuse(&r->call, fault);
}

static void refuse_err(struct admin_request *r, enum err err)
{
    admin_call_refuse_err(&r->call, err);
}

static void refuse_missing(struct admin_request *r, enum problem problem)
{
    struct admin_fault fault;
    (void)admin_fault_set(&fault, problem, NULL, "nothing is stored under %s",
                          problem == PROBLEM_NO_DEVICE ? r->imei.digits : r->imsi.digits);
    admin_refuse(r, &fault);
}

const char *admin_parameter(struct admin_request *r, const char *name)
{
    return admin_call_parameter(&r->call, name);
}

const char *admin_header(struct admin_request *r, const char *name)
{
    return admin_call_header(&r->call, name);
}

/* ---- parameters ---- */

/* `after` of a page: IMSI, or IMSI-IMEI when imei is not NULL. Absent: both empty. */
static bool after_of(struct admin_request *r, struct imsi *imsi, struct imei *imei)
{
    const char *text = admin_parameter(r, "after");
    *imsi = (struct imsi){0};
    if (text == NULL) {
        return true;
    }
    size_t n = imei != NULL ? strcspn(text, "-") : strlen(text);
    bool ok = imsi_parse((struct bytes){(const uint8_t *)text, n}, imsi) == E_OK;
    if (ok && imei != NULL) {
        ok = text[n] == '-' && imei_parse(bytes_of_str(text + n + 1), imei) == E_OK;
    }
    return ok || admin_call_parameter_wrong(&r->call, "after",
                                            imei != NULL ? "is not IMSI-IMEI" : "is no IMSI");
}

/* ---- reading ---- */

static void answer_or_no_memory(struct admin_request *r, unsigned status, json_t *body)
{
    if (body == NULL) {
        refuse_err(r, E_MEMORY);
    } else {
        admin_answer(r, status, body);
    }
}

static void get_status(struct admin_request *r)
{
    uint64_t subscribers = 0, devices = 0;
    json_t *onboarding = NULL, *dimsi = NULL;
    enum err err = store_count(r->reader, &subscribers, &devices);
    if (err == E_OK) {
        err = admin_onboarding_summary(r->h, r->reader, &onboarding);
    }
    if (err == E_OK) {
        err = admin_dimsi_summary(r->h, r->reader, &dimsi);
    }
    if (err != E_OK) {
        json_decref(onboarding);
        refuse_err(r, err);
        return;
    }
    json_t *status = view_status(r->h, r->bound, subscribers, devices, onboarding);
    if (status != NULL) {
        (void)json_object_set_new(status, "admin", admin_listening(r));
        (void)json_object_set_new(status, "dimsi", dimsi);
    } else {
        json_decref(dimsi);
    }
    answer_or_no_memory(r, STATUS_OK, status);
}

/*= op-api-document */
static void get_openapi(struct admin_request *r)
{
    admin_call_copy(&r->call, "application/yaml", openapi_hssd, openapi_hssd_n);
}

static json_t *subscribers_page(const struct store_subscriber *rows, size_t n, size_t limit)
{
    bool more = n > limit;
    json_t *list = json_array();
    n = more ? limit : n;
    for (size_t i = 0; i < n; i++) {
        (void)json_array_append_new(list, view_subscriber(&rows[i], NULL, 0));
    }
    return json_pack("{s:o,s:o}", "subscribers", list, "next",
                     more ? json_string(rows[n - 1].imsi.digits) : json_null());
}

static void list_subscribers(struct admin_request *r)
{
    struct imsi after;
    size_t limit = 0, n = 0;
    if (!admin_call_limit(&r->call, &limit) || !after_of(r, &after, NULL)) {
        return;
    }
    struct store_subscriber *rows = calloc(limit + 1, sizeof *rows);
    enum err err = rows == NULL ? E_MEMORY : admin_page_subscribers(r, &after, rows, limit + 1, &n);
    if (err != E_OK) {
        refuse_err(r, err);
    } else {
        answer_or_no_memory(r, STATUS_OK, subscribers_page(rows, n, limit));
    }
    free(rows);
}

static json_t *devices_page(const struct store_device *rows, size_t n, size_t limit)
{
    char next[48];
    bool more = n > limit;
    json_t *list = json_array();
    n = more ? limit : n;
    for (size_t i = 0; i < n; i++) {
        (void)json_array_append_new(list, view_device(&rows[i], true));
    }
    if (more) {
        snprintf(next, sizeof next, "%s-%s", rows[n - 1].imsi.digits, rows[n - 1].imei.digits);
    }
    return json_pack("{s:o,s:o}", "devices", list, "next", more ? json_string(next) : json_null());
}

static void list_devices(struct admin_request *r)
{
    struct imsi after;
    struct imei after_imei = {{0}};
    size_t limit = 0, n = 0;
    if (!admin_call_limit(&r->call, &limit) || !after_of(r, &after, &after_imei)) {
        return;
    }
    struct store_device *rows = calloc(limit + 1, sizeof *rows);
    enum err err =
        rows == NULL ? E_MEMORY : admin_page_devices(r, &after, &after_imei, rows, limit + 1, &n);
    if (err != E_OK) {
        refuse_err(r, err);
    } else {
        answer_or_no_memory(r, STATUS_OK, devices_page(rows, n, limit));
    }
    free(rows);
}

/* What is known of a subscription beside its row and its devices. */
static enum err read_more(struct admin_request *r, struct store_proof *proof, struct kme_home *kme,
                          struct store_onboarding *onboarding)
{
    struct store_kme row;
    enum err err = store_read_proof(r->reader, &r->imsi, proof);
    if (err == E_OK) {
        err = store_read_kme(r->reader, &r->imsi, &row);
    }
    if (err == E_OK) {
        provision_home_of(&row, kme);
    }
    wipe(&row, sizeof row);
    *onboarding = (struct store_onboarding){.phase = CERTATTACH_PHASE_NEW};
    if (err == E_OK) {
        err = store_read_onboarding_of(r->reader, &r->imsi, onboarding);
        err = err == E_NOT_FOUND ? E_OK : err;
    }
    return err;
}

void admin_show_subscriber(struct admin_request *r, unsigned status)
{
    struct store_subscriber s;
    struct store_device devices[STORE_DEVICES_MAX];
    struct store_proof proof;
    struct kme_home kme;
    struct store_onboarding onboarding;
    struct store_dimsi dimsi = {.phase = 0};
    struct store_push waiting[4]; /* one for each node that is not told yet */
    size_t n = 0, n_waiting = 0;
    enum err err = store_read_subscriber(r->reader, &r->imsi, &s);
    if (err == E_OK) {
        err = store_read_devices(r->reader, &r->imsi, devices, &n);
    }
    if (err == E_OK) {
        err = read_more(r, &proof, &kme, &onboarding);
    }
    if (err == E_OK) {
        err = store_read_dimsi_of(r->reader, &r->imsi, &dimsi);
        err = err == E_NOT_FOUND ? E_OK : err;
    }
    if (err == E_OK) {
        err = store_list_push(r->reader, &r->imsi, waiting, sizeof waiting / sizeof *waiting,
                              &n_waiting);
    }
    if (err == E_NOT_FOUND) {
        refuse_missing(r, PROBLEM_NO_SUBSCRIBER);
    } else if (err != E_OK) {
        refuse_err(r, err);
    } else {
        snprintf(r->call.etag, sizeof r->call.etag, "\"%" PRIu64 "\"", s.version);
        json_t *body = view_subscriber(&s, devices, n);
        view_add_proof(body, &proof, r->h->config->devid.remember_seconds);
        view_add_kme(body, &kme);
        view_add_onboarding(body, &onboarding);
        admin_dimsi_add(body, &dimsi);
        view_add_waiting(body, waiting, n_waiting);
        answer_or_no_memory(r, status, body);
    }
    wipe(&kme, sizeof kme);
    wipe(&s, sizeof s);
    wipe(devices, sizeof devices);
}

void admin_show_device(struct admin_request *r, unsigned status)
{
    struct store_device devices[STORE_DEVICES_MAX];
    size_t n = 0;
    enum err err = store_read_devices(r->reader, &r->imsi, devices, &n);
    for (size_t i = 0; err == E_OK && r->call.phase != ADMIN_ANSWERED && i < n; i++) {
        if (imei_eq(&devices[i].imei, &r->imei)) {
            answer_or_no_memory(r, status, view_device(&devices[i], true));
        }
    }
    wipe(devices, sizeof devices);
    if (err != E_OK) {
        refuse_err(r, err);
    } else if (r->call.phase != ADMIN_ANSWERED) {
        refuse_missing(r, PROBLEM_NO_DEVICE);
    }
}

static void get_device_of(struct admin_request *r)
{
    admin_show_device(r, STATUS_OK);
}

static void get_subscriber(struct admin_request *r)
{
    admin_show_subscriber(r, STATUS_OK);
}

static void get_device(struct admin_request *r)
{
    struct imsi *imsis = calloc(IMSIS_OF_MAX, sizeof *imsis);
    size_t n = 0;
    enum err err = imsis == NULL
                       ? E_MEMORY
                       : store_read_imsis_of(r->reader, &r->imei, imsis, IMSIS_OF_MAX, &n);
    if (err != E_OK || n == 0) {
        free(imsis);
        if (err == E_OK) {
            refuse_missing(r, PROBLEM_NO_DEVICE);
        } else {
            refuse_err(r, err);
        }
        return;
    }
    json_t *list = json_array();
    for (size_t i = 0; i < n; i++) {
        if (admin_call_sees(&r->call, &imsis[i])) {
            (void)json_array_append_new(list, json_string(imsis[i].digits));
        }
    }
    free(imsis);
    if (json_array_size(list) == 0) { /* it is there, and that is not for him to know */
        json_decref(list);
        refuse_missing(r, PROBLEM_NO_DEVICE);
        return;
    }
    struct kme_lot lot;
    bool has_lot = lots_find(r->h->lots, &r->imei, &lot) == E_OK;
    answer_or_no_memory(r, STATUS_OK,
                        json_pack("{s:s,s:o,s:o}", "imei", r->imei.digits, "imsis", list, "lot",
                                  has_lot ? json_string(lot.id.text) : json_null()));
}

static void get_repositories(struct admin_request *r)
{
    answer_or_no_memory(r, STATUS_OK, view_repositories(r->h));
}

/* The order is in the audit log before it is carried out. */
static enum err flush_run(struct store_writer *w, struct writer_job *job)
{
    return admin_audit(w, admin_request_of(job), NULL, NULL, "done");
}

static void flush_done(struct admin_request *r)
{
    struct repositories *all = r->h->repositories;
    if (r->change.job.result != E_OK) {
        refuse_err(r, r->change.job.result);
        return;
    }
    uint64_t dropped = all != NULL ? repositories_flush(all) : 0;
    hssd_event(r->h, "repositories-flushed", NULL, NULL, NULL, NULL, "");
    answer_or_no_memory(r, STATUS_OK, json_pack("{s:I}", "dropped", (json_int_t)dropped));
}

static void flush_repositories(struct admin_request *r)
{
    (void)!admin_submit(r, flush_run, flush_done); /* the answer is set when it fails */
}

/* ---- which handler ---- */

static const struct route {
    struct admin_path at;
    void (*handle)(struct admin_request *r);
} routes[] = {
    {{"GET", "/v1/status", "", ADMIN_READER}, get_status},
    {{"GET", "/metrics", "", ADMIN_READER}, admin_get_metrics},
    {{"GET", "/health/live", "", ADMIN_READER}, admin_get_live},
    {{"GET", "/health/ready", "", ADMIN_READER}, admin_get_ready},
    {{"GET", "/v1/subscribers", " after limit ", ADMIN_READER}, list_subscribers},
    {{"GET", "/v1/subscribers/{imsi}", "", ADMIN_READER}, get_subscriber},
    {{"PUT", "/v1/subscribers/{imsi}", "", ADMIN_PROVISIONER}, admin_put_subscriber},
    {{"PATCH", "/v1/subscribers/{imsi}", "", ADMIN_PROVISIONER}, admin_patch_subscriber},
    {{"DELETE", "/v1/subscribers/{imsi}", "", ADMIN_PROVISIONER}, admin_delete_subscriber},
    {{"POST", "/v1/subscribers/{imsi}/proof/forget", "", ADMIN_PROVISIONER}, admin_forget_proof},
    {{"POST", "/v1/subscribers/{imsi}/kme", "", ADMIN_PROVISIONER}, admin_ask_kme},
    {{"GET", "/v1/export/subscribers", " after limit transport_key ", ADMIN_READER},
     admin_export_subscribers},
    {{"GET", "/v1/openapi.yaml", "", ADMIN_READER}, get_openapi},
    {{"GET", "/v1/devices", " after limit ", ADMIN_READER}, list_devices},
    {{"GET", "/v1/devices/{imei}", "", ADMIN_READER}, get_device},
    {{"GET", "/v1/subscribers/{imsi}/devices/{imei}", "", ADMIN_READER}, get_device_of},
    {{"PUT", "/v1/subscribers/{imsi}/devices/{imei}", "", ADMIN_PROVISIONER}, admin_put_device},
    {{"PATCH", "/v1/subscribers/{imsi}/devices/{imei}", "", ADMIN_PROVISIONER}, admin_patch_device},
    {{"DELETE", "/v1/subscribers/{imsi}/devices/{imei}", "", ADMIN_PROVISIONER},
     admin_delete_device},
    {{"POST", "/v1/import", " dry_run import ", ADMIN_PROVISIONER}, admin_import},
    {{"GET", "/v1/imports", " after limit ", ADMIN_READER}, admin_imports_list},
    {{"POST", "/v1/imports", "", ADMIN_PROVISIONER}, admin_import_begin},
    {{"GET", "/v1/imports/{import}", "", ADMIN_READER}, admin_import_get},
    {{"POST", "/v1/imports/{import}/end", "", ADMIN_PROVISIONER}, admin_import_end},
    {{"GET", "/v1/audit", " after limit who target ", ADMIN_READER}, admin_audit_list},
    {{"GET", "/v1/events", EVENT_PARAMETERS, ADMIN_READER}, admin_events_list},
    {{"GET", "/v1/webhooks", "", ADMIN_READER}, admin_webhooks_get},
    {{"GET", "/v1/keys", "", ADMIN_READER}, admin_keys_get},
    {{"POST", "/v1/keys/rotate", "", ADMIN_ADMINISTRATOR}, admin_keys_rotate},
    {{"POST", "/v1/keys/reseal", "", ADMIN_ADMINISTRATOR}, admin_reseal_begin},
    {{"DELETE", "/v1/keys/reseal", "", ADMIN_ADMINISTRATOR}, admin_reseal_stop},
    {{"POST", "/v1/reload", "", ADMIN_ADMINISTRATOR}, admin_post_reload},
    {{"GET", "/v1/repositories", "", ADMIN_READER}, get_repositories},
    {{"POST", "/v1/repositories/flush", "", ADMIN_ADMINISTRATOR}, flush_repositories},
    {{"GET", "/v1/lots", " after limit ", ADMIN_READER}, admin_lots_list},
    {{"GET", "/v1/lots/{lot}", "", ADMIN_READER}, admin_lot_get},
    {{"PUT", "/v1/lots/{lot}", "", ADMIN_ADMINISTRATOR}, admin_lot_put},
    {{"DELETE", "/v1/lots/{lot}", "", ADMIN_ADMINISTRATOR}, admin_lot_delete},
    {{"GET", "/v1/onboarding", " after limit phase ", ADMIN_READER}, admin_onboarding_list},
    {{"GET", "/v1/onboarding/{authority}/{id}", "", ADMIN_READER}, admin_onboarding_get},
    {{"POST", "/v1/onboarding/{authority}/{id}", "", ADMIN_PROVISIONER}, admin_onboarding_tell},
    {{"GET", "/v1/onboarding-pool", "", ADMIN_READER}, admin_onboarding_pools},
    {{"GET", "/v1/dimsi", " after limit phase ", ADMIN_READER}, admin_dimsi_list},
    {{"GET", "/v1/dimsi/{imsi}", "", ADMIN_READER}, admin_dimsi_get},
    {{"POST", "/v1/dimsi/{imsi}", "", ADMIN_PROVISIONER}, admin_dimsi_tell},
    {{"GET", "/v1/backups", "", ADMIN_READER}, admin_backup_list},
    {{"POST", "/v1/backups", "", ADMIN_ADMINISTRATOR}, admin_backup_begin},
    {{"GET", "/v1/eir", "", ADMIN_READER}, admin_eir_state},
    {{"GET", "/v1/eir/rules", " after limit ", ADMIN_READER}, admin_eir_list},
    {{"GET", "/v1/eir/rules/{rule}/{list}", "", ADMIN_READER}, admin_eir_get},
    {{"PUT", "/v1/eir/rules/{rule}/{list}", "", ADMIN_PROVISIONER}, admin_eir_put},
    {{"DELETE", "/v1/eir/rules/{rule}/{list}", "", ADMIN_PROVISIONER}, admin_eir_delete},
    {{"GET", "/v1/eir/check/{imei}", " imsi ", ADMIN_READER}, admin_eir_check},
    {{"POST", "/v1/eir/import", " dry_run import ", ADMIN_PROVISIONER}, admin_eir_import},
};

const struct admin_path *admin_paths(size_t i)
{
    return i < sizeof routes / sizeof routes[0] ? &routes[i].at : NULL;
}

/* Beside those with {imsi}: what of them names a subscription is looked at row by row. */
static const char *const scoped[] = {"/metrics",
                                     "/health/live",
                                     "/health/ready",
                                     "/v1/status",
                                     "/v1/subscribers",
                                     "/v1/export/subscribers",
                                     "/v1/devices",
                                     "/v1/devices/{imei}",
                                     "/v1/import",
                                     "/v1/imports",
                                     "/v1/imports/{import}",
                                     "/v1/imports/{import}/end",
                                     "/v1/events",
                                     "/v1/onboarding",
                                     "/v1/onboarding/{authority}/{id}",
                                     "/v1/dimsi",
                                     "/v1/eir",
                                     "/v1/eir/rules",
                                     "/v1/eir/check/{imei}",
                                     "/v1/openapi.yaml",
                                     NULL};

static bool identities(struct admin_request *r, const char *pattern, const char *path)
{
    while (*pattern != '\0') {
        struct bytes want = admin_path_step(&pattern), have = admin_path_step(&path);
        if (bytes_eq(want, BYTES_LIT("{imsi}")) && imsi_parse(have, &r->imsi) != E_OK) {
            return admin_call_parameter_wrong(&r->call, "the IMSI in the path",
                                              "is not 6 to 15 digits");
        }
        if (bytes_eq(want, BYTES_LIT("{imsi}")) && !admin_call_in_scope(&r->call, &r->imsi)) {
            return false;
        }
        if (bytes_eq(want, BYTES_LIT("{imei}")) && imei_parse(have, &r->imei) != E_OK) {
            return admin_call_parameter_wrong(&r->call, "the IMEI in the path",
                                              "is not 14 digits, or 15 with the right check digit");
        }
        if (bytes_eq(want, BYTES_LIT("{lot}")) && kme_lot_id_parse(have, &r->lot) != E_OK) {
            return admin_call_parameter_wrong(
                &r->call, "the lot in the path",
                "is not 1 to 32 letters, digits, dots, hyphens and underscores");
        }
        if ((bytes_eq(want, BYTES_LIT("{authority}")) && !admin_onboarding_authority(r, have)) ||
            (bytes_eq(want, BYTES_LIT("{id}")) && !admin_onboarding_id(r, have))) {
            return false;
        }
        if (bytes_eq(want, BYTES_LIT("{import}")) && !admin_import_id(r, have)) {
            return false;
        }
        if (bytes_eq(want, BYTES_LIT("{rule}")) && imei_range_parse(have, &r->range) != E_OK) {
            return admin_call_parameter_wrong(
                &r->call, "the rule in the path",
                "is not an IMEI, a TAC, or two IMEIs with a hyphen between");
        }
        if (bytes_eq(want, BYTES_LIT("{list}")) && eir_list_parse(have, &r->list) != E_OK) {
            return admin_call_parameter_wrong(&r->call, "the list in the path",
                                              "is not white, grey or black");
        }
    }
    return true;
}

void admin_route(struct admin_request *r, const char *method, const char *path)
{
    int i = admin_call_route(&r->call, &routes[0].at, sizeof routes[0],
                             sizeof routes / sizeof routes[0], method, path);
    if (i >= 0 && admin_call_scoped(&r->call, scoped) && identities(r, routes[i].at.path, path)) {
        admin_audit_target(r, routes[i].at.path, path, r->target);
        routes[i].handle(r);
    }
}
