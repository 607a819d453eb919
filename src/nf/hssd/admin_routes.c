#include "nf/hssd/admin_eir.h"
#include "nf/hssd/admin_lot.h"
#include "nf/hssd/admin_onboarding.h"
#include "nf/hssd/admin_view.h"
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
    json_t *onboarding = NULL;
    enum err err = store_count(r->reader, &subscribers, &devices);
    if (err == E_OK) {
        err = admin_onboarding_summary(r->h, r->reader, &onboarding);
    }
    if (err != E_OK) {
        refuse_err(r, err);
        return;
    }
    answer_or_no_memory(r, STATUS_OK,
                        view_status(r->h, r->bound, subscribers, devices, onboarding));
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
    enum err err =
        rows == NULL ? E_MEMORY : store_list_subscribers(r->reader, &after, rows, limit + 1, &n);
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
    enum err err = rows == NULL
                       ? E_MEMORY
                       : store_list_devices(r->reader, &after, &after_imei, rows, limit + 1, &n);
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
    size_t n = 0;
    enum err err = store_read_subscriber(r->reader, &r->imsi, &s);
    if (err == E_OK) {
        err = store_read_devices(r->reader, &r->imsi, devices, &n);
    }
    if (err == E_OK) {
        err = read_more(r, &proof, &kme, &onboarding);
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
        (void)json_array_append_new(list, json_string(imsis[i].digits));
    }
    free(imsis);
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

static void flush_repositories(struct admin_request *r)
{
    struct repositories *all = r->h->repositories;
    uint64_t dropped = all != NULL ? repositories_flush(all) : 0;
    hssd_event(r->h, "repositories-flushed", NULL, NULL, NULL, NULL, "");
    answer_or_no_memory(r, STATUS_OK, json_pack("{s:I}", "dropped", (json_int_t)dropped));
}

static json_t *events_page(const struct store_event *rows, size_t n, uint64_t after)
{
    json_t *list = json_array();
    for (size_t i = 0; i < n; i++) {
        (void)json_array_append_new(list, view_event(&rows[i]));
    }
    return json_pack("{s:o,s:I}", "events", list, "next",
                     (json_int_t)(n > 0 ? rows[n - 1].id : after));
}

static void list_events(struct admin_request *r)
{
    const char *name = admin_parameter(r, "name");
    uint64_t after = 0;
    size_t limit = 0, n = 0;
    if (!admin_call_limit(&r->call, &limit) ||
        !admin_call_number(&r->call, "after", 0, INT64_MAX / 10, &after)) {
        return;
    }
    struct store_event *rows = calloc(limit, sizeof *rows);
    enum err err =
        rows == NULL ? E_MEMORY : store_list_events(r->reader, after, name, rows, limit, &n);
    if (err != E_OK) {
        refuse_err(r, err);
    } else {
        answer_or_no_memory(r, STATUS_OK, events_page(rows, n, after));
    }
    free(rows);
}

/* ---- which handler ---- */

static const struct route {
    struct admin_path at;
    void (*handle)(struct admin_request *r);
} routes[] = {
    {{"GET", "/v1/status", ""}, get_status},
    {{"GET", "/v1/subscribers", " after limit "}, list_subscribers},
    {{"GET", "/v1/subscribers/{imsi}", ""}, get_subscriber},
    {{"PUT", "/v1/subscribers/{imsi}", ""}, admin_put_subscriber},
    {{"PATCH", "/v1/subscribers/{imsi}", ""}, admin_patch_subscriber},
    {{"DELETE", "/v1/subscribers/{imsi}", ""}, admin_delete_subscriber},
    {{"POST", "/v1/subscribers/{imsi}/proof/forget", ""}, admin_forget_proof},
    {{"POST", "/v1/subscribers/{imsi}/kme", ""}, admin_ask_kme},
    {{"GET", "/v1/devices", " after limit "}, list_devices},
    {{"GET", "/v1/devices/{imei}", ""}, get_device},
    {{"PUT", "/v1/subscribers/{imsi}/devices/{imei}", ""}, admin_put_device},
    {{"PATCH", "/v1/subscribers/{imsi}/devices/{imei}", ""}, admin_patch_device},
    {{"DELETE", "/v1/subscribers/{imsi}/devices/{imei}", ""}, admin_delete_device},
    {{"POST", "/v1/import", " dry_run "}, admin_import},
    {{"GET", "/v1/events", " after name limit "}, list_events},
    {{"GET", "/v1/repositories", ""}, get_repositories},
    {{"POST", "/v1/repositories/flush", ""}, flush_repositories},
    {{"GET", "/v1/lots", " after limit "}, admin_lots_list},
    {{"GET", "/v1/lots/{lot}", ""}, admin_lot_get},
    {{"PUT", "/v1/lots/{lot}", ""}, admin_lot_put},
    {{"DELETE", "/v1/lots/{lot}", ""}, admin_lot_delete},
    {{"GET", "/v1/onboarding", " after limit phase "}, admin_onboarding_list},
    {{"GET", "/v1/onboarding/{authority}/{id}", ""}, admin_onboarding_get},
    {{"POST", "/v1/onboarding/{authority}/{id}", ""}, admin_onboarding_tell},
    {{"GET", "/v1/onboarding-pool", ""}, admin_onboarding_pools},
    {{"GET", "/v1/eir", ""}, admin_eir_state},
    {{"GET", "/v1/eir/rules", " after limit "}, admin_eir_list},
    {{"PUT", "/v1/eir/rules/{rule}/{list}", ""}, admin_eir_put},
    {{"DELETE", "/v1/eir/rules/{rule}/{list}", ""}, admin_eir_delete},
    {{"GET", "/v1/eir/check/{imei}", " imsi "}, admin_eir_check},
    {{"POST", "/v1/eir/import", " dry_run "}, admin_eir_import},
};

static bool identities(struct admin_request *r, const char *pattern, const char *path)
{
    while (*pattern != '\0') {
        struct bytes want = admin_path_step(&pattern), have = admin_path_step(&path);
        if (bytes_eq(want, BYTES_LIT("{imsi}")) && imsi_parse(have, &r->imsi) != E_OK) {
            return admin_call_parameter_wrong(&r->call, "the IMSI in the path",
                                              "is not 6 to 15 digits");
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
    if (i >= 0 && identities(r, routes[i].at.path, path)) {
        routes[i].handle(r);
    }
}
