#include "nf/hssd/admin_change.h"

#include "nf/hssd/admin_view.h"
#include "nf/hssd/audit.h"
#include "nf/hssd/dimsi.h"
#include "nf/hssd/onboarding.h"
#include "nf/hssd/provision_rows.h"
#include "nf/hssd/push.h"
#include "proc/sqn.h"

#include <stdio.h>
#include <string.h>

#define CANCEL_UPDATE 0 /* MME update procedure */

/* One item on its way. Wiped at its end. */
struct work {
    struct store_writer *w;
    struct admin_item *item;
    struct admin_state before;
    struct admin_state after;
};

static enum err read_kme(struct work *work)
{
    struct store_kme row;
    enum err err = store_writer_kme(work->w, &work->item->row.imsi, &row);
    if (err == E_OK) {
        provision_home_of(&row, &work->before.kme);
    }
    wipe(&row, sizeof row);
    return err;
}

static enum err read_before(struct work *work)
{
    struct admin_state *s = &work->before;
    enum err err = store_writer_subscriber(work->w, &work->item->row.imsi, &s->row);
    if (err == E_NOT_FOUND) {
        return E_OK;
    }
    if (err == E_OK) {
        s->exists = true;
        err = store_writer_devices(work->w, &work->item->row.imsi, s->devices, &s->n_devices);
    }
    return err == E_OK ? read_kme(work) : err;
}

static const struct store_device *device_now(const struct work *work)
{
    for (size_t i = 0; i < work->before.n_devices; i++) {
        if (imei_eq(&work->before.devices[i].imei, &work->item->device.imei)) {
            return &work->before.devices[i];
        }
    }
    return NULL;
}

static bool condition_holds(const struct work *work, struct admin_fault *fault)
{
    const struct admin_condition_of *of_device = &work->item->device_condition;
    if (of_device->none || of_device->match) {
        const struct store_device *d = device_now(work);
        return admin_condition_holds(of_device, d != NULL ? view_device(d, true) : NULL, fault);
    }
    const struct admin_condition *c = &work->item->condition;
    const struct admin_state *s = &work->before;
    if (c->none_match && s->exists) {
        return admin_fault_set(fault, PROBLEM_PRECONDITION, NULL,
                               "the subscriber is there already");
    }
    if (c->match && !s->exists) {
        return admin_fault_set(fault, PROBLEM_PRECONDITION, NULL, "the subscriber is not there");
    }
    if (c->match && !c->match_any && c->version != s->row.version) {
        return admin_fault_set(fault, PROBLEM_PRECONDITION, NULL,
                               "the subscriber was changed by somebody else: read it again");
    }
    return true;
}

static bool plan(const struct hssd *h, struct work *work)
{
    struct admin_item *item = work->item;
    const struct admin_world world = {
        h->config,
        recent_next(h->recent, &item->row.imsi, sqn_glc(&h->clock, hssd_monotonic_ms()))};
    enum admin_how how = item->verb == ADMIN_PUT ? ADMIN_REPLACE : ADMIN_MERGE;
    switch (item->verb) {
    case ADMIN_PUT:
    case ADMIN_PATCH:
    case ADMIN_IMPORT:
        return admin_plan_row(&world, &item->row, how, &work->before, &work->after, &item->fault);
    case ADMIN_REMOVE:
    case ADMIN_PROOF_FORGET:
        return work->before.exists || admin_fault_set(&item->fault, PROBLEM_NO_SUBSCRIBER, NULL,
                                                      "the IMSI is no subscriber here");
    case ADMIN_DEVICE_PATCH:
        if (work->before.exists && device_now(work) == NULL) {
            return admin_fault_set(&item->fault, PROBLEM_NO_DEVICE, NULL,
                                   "the subscriber may not use this device: PUT adds it");
        }
        return admin_plan_device(&world, &item->device, &work->before, &work->after, &item->fault);
    case ADMIN_DEVICE_PUT:
        return admin_plan_device(&world, &item->device, &work->before, &work->after, &item->fault);
    case ADMIN_DEVICE_REMOVE:
        return admin_plan_withdraw(&world, &item->device.imei, &work->before, &work->after,
                                   &item->fault);
    case ADMIN_KME_ASK:
        return admin_plan_kme(&item->kme, &work->before, &work->after, &item->fault);
    }
    return false;
}

/* ---- writing what was planned ---- */

static const struct store_device *find(const struct admin_state *s, const struct imei *imei)
{
    for (size_t i = 0; i < s->n_devices; i++) {
        if (imei_eq(&s->devices[i].imei, imei)) {
            return &s->devices[i];
        }
    }
    return NULL;
}

static enum err write_withdrawn(struct work *work, bool *changed)
{
    enum err err = E_OK;
    for (size_t i = 0; err == E_OK && i < work->before.n_devices; i++) {
        const struct store_device *d = &work->before.devices[i];
        if (find(&work->after, &d->imei) == NULL) {
            err = store_remove_device(work->w, &d->imsi, &d->imei);
            *changed = true;
        }
    }
    return err;
}

static enum err write_devices(struct work *work, bool *changed)
{
    enum err err = write_withdrawn(work, changed);
    for (size_t i = 0; err == E_OK && i < work->after.n_devices; i++) {
        enum store_did did = STORE_UNCHANGED;
        err = store_put_device(work->w, STORE_UPSERT, &work->after.devices[i], &did);
        *changed |= did != STORE_UNCHANGED;
    }
    return err;
}

static enum err write_dif(struct work *work, bool *changed)
{
    bool moved = work->before.exists && work->before.row.dif != work->after.row.dif &&
                 admin_keys_eq(&work->before.row.keys, &work->after.row.keys);
    *changed |= moved; /* with new keys the row itself carried it */
    return moved ? store_set_dif(work->w, &work->after.row.imsi, work->after.row.dif) : E_OK;
}

static enum err forget_proof(struct store_writer *w, const struct imsi *imsi, bool *did)
{
    struct store_proof row;
    enum err err = store_writer_proof(w, imsi, &row);
    *did = err == E_OK && row.remembered;
    row.remembered = false;
    return *did ? store_put_proof(w, &row) : err;
}

/* Whose devices nobody asks any more, of them nothing is remembered: the SIM may move meanwhile. */
static enum err write_proof(struct work *work)
{
    bool did;
    bool ends = work->before.exists && work->before.row.proof != 0 && work->after.row.proof == 0;
    return ends ? forget_proof(work->w, &work->after.row.imsi, &did) : E_OK;
}

static enum err write_kme(struct work *work)
{
    struct store_kme row;
    if (!admin_plan_kme_moved(&work->before, &work->after)) {
        return E_OK;
    }
    provision_row_of(&work->item->row.imsi, &work->after.kme, &row);
    enum err err = store_put_kme(work->w, &row);
    wipe(&row, sizeof row);
    return err;
}

/* The MSISDN is the one thing that only the store can refuse; it is asked first. */
static enum err write_row(const struct hssd *h, struct work *work)
{
    struct admin_item *item = work->item;
    bool changed = false;
    enum err err = store_put_subscriber(work->w, STORE_UPSERT, &work->after.row, &item->did);
    if (err == E_CONFLICT) {
        (void)admin_fault_set(&item->fault, PROBLEM_MSISDN_IN_USE, "/msisdn",
                              "another subscriber has the MSISDN %s", work->after.row.msisdn);
        return E_OK;
    }
    if (err == E_OK) {
        err = write_dif(work, &changed);
    }
    if (err == E_OK) {
        err = write_devices(work, &changed);
    }
    if (err == E_OK) {
        err = write_proof(work);
    }
    if (err == E_OK && work->before.exists) {
        err = push_changed(h, work->w, &work->before.row, &work->after.row);
    }
    if (changed && item->did == STORE_UNCHANGED) {
        item->did = STORE_CHANGED;
    }
    return err;
}

static enum err write_device(struct work *work)
{
    struct admin_item *item = work->item;
    const struct store_device *d = find(&work->after, &item->device.imei);
    if (d == NULL) {
        item->did = STORE_CHANGED;
        return store_remove_device(work->w, &item->row.imsi, &item->device.imei);
    }
    return store_put_device(work->w, STORE_UPSERT, d, &item->did);
}

static enum err write_forgotten(struct work *work)
{
    bool did = false;
    enum err err = forget_proof(work->w, &work->item->row.imsi, &did);
    work->item->did = did ? STORE_CHANGED : STORE_UNCHANGED;
    return err;
}

static enum err write_asked(struct work *work)
{
    bool moved = admin_plan_kme_moved(&work->before, &work->after);
    work->item->did = moved ? STORE_CHANGED : STORE_UNCHANGED;
    return E_OK; /* write_kme does */
}

/* The IMSI of one that was made in the attach procedure goes back to its pool. */
static enum err remove_subscriber(const struct hssd *h, struct work *work)
{
    struct admin_item *item = work->item;
    struct store_onboarding row;
    const int64_t now = hssd_unix_seconds();
    enum err err = store_writer_onboarding_of(work->w, &item->row.imsi, &row);
    item->did = STORE_CHANGED;
    if (err == E_NOT_FOUND || err == E_OK) {
        const enum err put = push_removed(work->w, &work->before.row);
        err = put == E_OK ? err : put;
    }
    if (err == E_NOT_FOUND) {
        err = hss_dimsi_removes(h, work->w, &item->row.imsi, &item->dimsi);
        return err == E_NOT_FOUND ? store_remove_subscriber(work->w, &item->row.imsi) : err;
    }
    if (err == E_OK) {
        item->onboarding = row.key;
        err = store_end_onboarding(work->w, &row.key, CERTATTACH_PHASE_EXPIRED, now,
                                   onboarding_ready(h->config, now));
    }
    return err;
}

static enum err write_verb(const struct hssd *h, struct work *work)
{
    switch (work->item->verb) {
    case ADMIN_PUT:
    case ADMIN_PATCH:
    case ADMIN_IMPORT:
        return write_row(h, work);
    case ADMIN_REMOVE:
        return remove_subscriber(h, work);
    case ADMIN_DEVICE_PUT:
    case ADMIN_DEVICE_PATCH:
    case ADMIN_DEVICE_REMOVE:
        return write_device(work);
    case ADMIN_PROOF_FORGET:
        return write_forgotten(work);
    case ADMIN_KME_ASK:
        return write_asked(work);
    }
    return E_BAD_STATE;
}

/* Of a subscriber that goes everything goes. */
static bool keeps_kme(enum admin_verb verb)
{
    return verb != ADMIN_REMOVE && verb != ADMIN_PROOF_FORGET;
}

static enum err write_item(const struct hssd *h, struct work *work)
{
    struct admin_item *item = work->item;
    bool keeps = keeps_kme(item->verb);
    if (keeps && item->verb != ADMIN_KME_ASK) {
        admin_plan_kme_reset(&work->before, &work->after);
    }
    enum err err = write_verb(h, work);
    if (err == E_OK && keeps && item->fault.problem == PROBLEM_NONE) {
        err = write_kme(work);
        item->withdrawn = work->before.kme.request != KME_REQUEST_NONE &&
                          work->after.kme.request == KME_REQUEST_NONE;
    }
    return err;
}

static void leave_behind(struct work *work)
{
    struct admin_item *item = work->item;
    item->serving = work->before.row.serving;
    item->pushes = item->did == STORE_CHANGED && work->before.exists;
    item->changed = admin_plan_changed(&work->before, &work->after);
    item->lost = admin_plan_lost(&work->before, &work->after);
    if (item->verb == ADMIN_PROOF_FORGET || item->verb == ADMIN_KME_ASK) {
        return; /* nobody is served otherwise; it counts at the next attach */
    }
    if (item->verb == ADMIN_REMOVE) {
        item->pushes = true;
    } else if (admin_plan_cancels(&work->before, &work->after)) {
        item->cancel = true;
        item->cancel_all = true;
        item->cancel_type = CANCEL_UPDATE;
    }
}

/* ---- what the audit log says of it ---- */

/* Is it another key than before? "changed"; else "set", or null where there is none. */
static json_t *key_word(bool there, bool other)
{
    return !there ? json_null() : json_string(other ? "changed" : "set");
}

static bool same_kme(const struct store_device *a, const struct store_device *b)
{
    return crypto_ct_eq((struct bytes){a->kme.b, sizeof a->kme.b},
                        (struct bytes){b->kme.b, sizeof b->kme.b});
}

/* By IMEI whether it has a KME. A device that is planned without one keeps what it has. */
static json_t *devices_told(const struct admin_state *s, const struct admin_state *before)
{
    json_t *o = json_object();
    for (size_t i = 0; i < s->n_devices; i++) {
        const struct store_device *d = &s->devices[i], *old = find(before, &d->imei);
        const bool had = old != NULL && old->has_kme;
        (void)json_object_set_new(
            o, d->imei.digits, key_word(d->has_kme || had, d->has_kme && had && !same_kme(d, old)));
    }
    return o;
}

/* A state as the audit log has it, held against the one before; itself, if it is that one. */
static json_t *told(const struct admin_state *s, const struct admin_state *before)
{
    static const char *const of_network[] = {"imsi",    "pending",   "version",
                                             "serving", "last_imei", "binding_failures"};
    const bool keys = before->exists && !admin_keys_eq(&s->row.keys, &before->row.keys);
    json_t *o = view_subscriber(&s->row, NULL, 0);
    for (size_t i = 0; i < sizeof of_network / sizeof *of_network; i++) {
        (void)json_object_del(o, of_network[i]);
    }
    if (o != NULL) {
        (void)json_object_set_new(o, "keys", key_word(true, keys));
        (void)json_object_set_new(o, "devices", devices_told(s, before));
        (void)json_object_set_new(o, "kme_request", json_string(kme_request_name(s->kme.request)));
    }
    if (!keys && s->row.dif != before->row.dif && before->exists) {
        (void)json_object_set_new(o, "sqn", json_string("moved"));
    }
    return o;
}

static const char *outcome_of(const struct admin_item *item)
{
    return item->verb == ADMIN_REMOVE || item->verb == ADMIN_DEVICE_REMOVE ? "removed"
           : item->did == STORE_ADDED                                      ? "added"
                                                                           : "changed";
}

/*= op-audit */
static enum err audit(const struct admin_change *c, const struct work *work)
{
    const struct admin_item *item = work->item;
    const bool of_import = item->verb == ADMIN_IMPORT;
    char target[STORE_AUDIT_TARGET_MAX];
    json_t *before = NULL, *after = NULL;
    if (item->did == STORE_UNCHANGED || (of_import && item->lost == 0)) {
        return E_OK; /* an import is one entry, and each that it takes protection from */
    }
    if (item->verb == ADMIN_PROOF_FORGET) {
        before = json_pack("{s:b}", "proof_remembered", 1);
        after = json_pack("{s:b}", "proof_remembered", 0);
        return admin_audit(work->w, c->request, before, after, outcome_of(item));
    }
    if (work->before.exists) {
        before = told(&work->before, &work->before);
    }
    if (item->verb != ADMIN_REMOVE) {
        after = told(&work->after, &work->before);
    }
    audit_only_changes(before, after);
    snprintf(target, sizeof target, "subscribers/%s", item->row.imsi.digits);
    return admin_audit_of(work->w, c->request, of_import ? target : NULL, before, after,
                          outcome_of(item));
}

static enum err run_item(const struct hssd *h, struct work *work)
{
    enum err err = read_before(work);
    if (err != E_OK && err != E_IO) {
        (void)admin_fault_store(&work->item->fault, err);
        return E_OK; /* only this item's row cannot be read */
    }
    if (err != E_OK || !condition_holds(work, &work->item->fault) || !plan(h, work)) {
        return err;
    }
    err = write_item(h, work);
    if (err == E_OK && work->item->fault.problem == PROBLEM_NONE) {
        leave_behind(work);
    }
    return err;
}

enum err admin_change_run(struct store_writer *w, struct writer_job *job)
{
    struct admin_change *c = (struct admin_change *)job;
    enum err err = E_OK;
    for (size_t i = 0; err == E_OK && i < c->n; i++) {
        struct work work = {.w = w, .item = &c->items[i]};
        if (c->items[i].fault.problem == PROBLEM_NONE) {
            err = run_item(c->h, &work);
        }
        if (err == E_OK && c->items[i].fault.problem == PROBLEM_NONE) {
            err = audit(c, &work);
        }
        wipe(&work, sizeof work);
    }
    return err == E_OK && c->dry_run ? ADMIN_CHANGE_UNDONE : err;
}

/* ---- after the commit ---- */

static const char *event_of(const struct admin_item *item)
{
    switch (item->verb) {
    case ADMIN_PUT:
    case ADMIN_PATCH:
        return item->did == STORE_ADDED ? "subscriber-added" : "subscriber-changed";
    case ADMIN_IMPORT: /* one event for all of it, and one for each that lost something by it */
        return item->lost != 0 ? "subscriber-changed" : NULL;
    case ADMIN_REMOVE:
        return "subscriber-removed";
    case ADMIN_DEVICE_PUT:
    case ADMIN_DEVICE_PATCH:
        return item->did == STORE_ADDED ? "device-added" : "device-changed";
    case ADMIN_DEVICE_REMOVE:
        return "device-removed";
    case ADMIN_PROOF_FORGET:
        return "proof-forgotten";
    case ADMIN_KME_ASK:
        return item->kme.request == KME_REQUEST_REBIND  ? "rebind-approved"
               : item->kme.request == KME_REQUEST_RENEW ? "renewal-asked"
                                                        : NULL; /* withdrawn() tells */
    }
    return NULL;
}

/* Which device an event is about. */
static const struct imei *device_in(const struct admin_item *item)
{
    switch (item->verb) {
    case ADMIN_DEVICE_PUT:
    case ADMIN_DEVICE_PATCH:
    case ADMIN_DEVICE_REMOVE:
        return &item->device.imei;
    case ADMIN_KME_ASK:
        return item->kme.has_imei ? &item->kme.imei : NULL;
    case ADMIN_PUT:
    case ADMIN_PATCH:
    case ADMIN_IMPORT:
    case ADMIN_REMOVE:
    case ADMIN_PROOF_FORGET:
        break;
    }
    return NULL;
}

static const char *detail_of(const struct admin_item *item)
{
    if (item->cancel_all) {
        return "became bound or got another KME: location cancelled";
    }
    return item->lost == (ROW_POLICY | ROW_SUSPENDED) ? "neither bound nor suspended any more"
           : item->lost == ROW_POLICY                 ? "not bound any more: its policy is open"
           : item->lost == ROW_SUSPENDED              ? "not suspended any more"
                                                      : NULL;
}

static void withdrawn(struct hssd *h, const struct admin_item *item)
{
    hssd_event(h, "kme-request-withdrawn", &item->row.imsi, NULL, NULL, NULL,
               item->verb == ADMIN_KME_ASK ? NULL : "the subscription was changed");
}

/*= kme-events */
void admin_change_after(struct hssd *h, const struct admin_item *item)
{
    const char *event = event_of(item);
    const char *detail = detail_of(item);
    char device[ONBOARDING_NAME_MAX];
    if (item->fault.problem != PROBLEM_NONE || item->did == STORE_UNCHANGED) {
        return;
    }
    if (item->onboarding.authority[0] != '\0') {
        onboarding_name(&item->onboarding, device);
        detail = device;
    }
    if (item->dimsi.n > 0) {
        detail = item->dimsi.digits;
        hss_dimsi_wake(h->dimsi);
    }
    if (event != NULL) {
        hssd_event(h, event, &item->row.imsi, device_in(item), NULL, NULL, detail);
    }
    if (item->withdrawn) {
        withdrawn(h, item);
    }
    if (item->pushes) {
        push_wake(h);
    }
    if (item->cancel) {
        hssd_cancel_location(h, &item->row.imsi, &item->serving, item->cancel_all,
                             item->cancel_type);
    }
}
