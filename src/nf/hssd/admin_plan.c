#include "nf/hssd/admin_plan.h"

#include "proc/sqn.h"

#include <stdio.h>
#include <string.h>

bool admin_keys_eq(const struct aka_keys *a, const struct aka_keys *b)
{
    return a->algorithm == b->algorithm && a->res_len == b->res_len &&
           a->keccak_iterations == b->keccak_iterations &&
           crypto_ct_eq((struct bytes){a->k.b, a->k.n}, (struct bytes){b->k.b, b->k.n}) &&
           crypto_ct_eq((struct bytes){a->opc.b, a->opc.n}, (struct bytes){b->opc.b, b->opc.n});
}

static bool kme_eq(const struct store_device *a, const struct store_device *b)
{
    return a->has_kme == b->has_kme &&
           (!a->has_kme || crypto_ct_eq(BYTES_OF(a->kme.b), BYTES_OF(b->kme.b)));
}

static struct store_device *device_of(const struct admin_state *s, const struct imei *imei)
{
    for (size_t i = 0; i < s->n_devices; i++) {
        if (imei_eq(&s->devices[i].imei, imei)) {
            return (struct store_device *)(uintptr_t)&s->devices[i];
        }
    }
    return NULL;
}

/* ---- rules about the state as a whole ---- */

static bool check_devices(const struct admin_world *world, const struct admin_state *s,
                          struct admin_fault *fault)
{
    struct binding_view view = {.policy = (enum binding_policy)s->row.policy,
                                .n_devices = (uint8_t)s->n_devices};
    for (size_t i = 0; i < s->n_devices; i++) {
        view.devices[i].imei = s->devices[i].imei;
        view.devices[i].has_kme = s->devices[i].has_kme;
        view.devices[i].kme = s->devices[i].kme;
    }
    enum err err = binding_view_check(&view, world->config->served_imei_known);
    wipe(&view, sizeof view);
    if (err == E_MISSING) {
        return admin_fault_set(fault, PROBLEM_KME_MISSING, NULL,
                               "the policy is bound and no device has a KME: give one a KME first, "
                               "or set the policy to open or learn");
    }
    return err == E_OK ||
           admin_fault_set(fault, PROBLEM_KME_DIFFERS, NULL,
                           "MMEs that send no Served-IMEI do not say which device asks, and a "
                           "wrong KME makes the SIM invalid until it is switched off: give all "
                           "devices of this subscriber the same KME, or set sends_served_imei for "
                           "every peer");
}

/* A typing error in the first digits makes a subscriber whom no network would ever ask for. */
static bool check_home(const struct admin_world *world, const struct imsi *imsi,
                       struct admin_fault *fault)
{
    return hssd_config_is_home(world->config, imsi) ||
           admin_fault_set(fault, PROBLEM_FOREIGN_IMSI, "/imsi",
                           "%s is of none of the home PLMNs: correct it, or add its PLMN to plmns "
                           "in the configuration",
                           imsi->digits);
}

static bool check_profile(const struct admin_world *world, const struct admin_state *s,
                          struct admin_fault *fault)
{
    return hssd_config_profile(world->config, s->row.profile) != NULL ||
           admin_fault_set(fault, PROBLEM_UNKNOWN_PROFILE, "/profile",
                           "the configuration has no profile %s", s->row.profile);
}

/* ---- rows ---- */

static bool plan_sqn(const struct admin_world *world, const struct admin_row *row, bool new_keys,
                     struct admin_state *s, struct admin_fault *fault)
{
    bool changed;
    int64_t from = new_keys ? 0 : s->row.dif;
    if (!new_keys && (row->has & ROW_SQN) == 0) {
        return true;
    }
    return sqn_resync(world->next_glc, from, row->sqn, &s->row.dif, &changed) == E_OK ||
           admin_fault_set(fault, PROBLEM_BAD_MEMBER, "/sqn",
                           "no sequence number is left above this one");
}

/* The set of keys is one, and members of it that are not given have their defaults; but where K and
 * OPc are those that are there, the row is no new set. */
static void take_keys(const struct admin_row *row, bool defaults, struct aka_keys *keys)
{
    if ((row->has & ROW_K) == 0) {
        return;
    }
    struct aka_keys now = row->keys;
    if (!defaults) {
        now.res_len = (row->has & ROW_RES_LENGTH) != 0 ? now.res_len : keys->res_len;
        now.keccak_iterations =
            (row->has & ROW_KECCAK) != 0 ? now.keccak_iterations : keys->keccak_iterations;
    }
    const bool same =
        now.algorithm == keys->algorithm &&
        crypto_ct_eq((struct bytes){now.k.b, now.k.n}, (struct bytes){keys->k.b, keys->k.n}) &&
        crypto_ct_eq((struct bytes){now.opc.b, now.opc.n},
                     (struct bytes){keys->opc.b, keys->opc.n});
    *keys = same ? now : row->keys;
    wipe(&now, sizeof now);
}

/* defaults: members that are not given count too, with their defaults. */
static void take_fields(const struct admin_row *row, bool defaults, struct store_subscriber *s)
{
    const unsigned counts = defaults ? ~0u : row->has;
    s->imsi = row->imsi;
    take_keys(row, defaults, &s->keys);
    if ((counts & ROW_POLICY) != 0) {
        s->policy = (uint8_t)row->policy;
    }
    if ((counts & ROW_PROOF) != 0) {
        s->proof = devid_policy_bits(&row->proof);
    }
    if ((counts & ROW_PROFILE) != 0) {
        memcpy(s->profile, row->profile, sizeof s->profile);
    }
    if ((counts & ROW_MSISDN) != 0) {
        memcpy(s->msisdn, row->msisdn, sizeof s->msisdn);
    }
    if ((counts & ROW_SUSPENDED) != 0) {
        s->suspended = row->suspended;
    }
}

/* Adds a device, or gives it its KME; without one the KME that is there stays. */
static bool merge_device(const struct admin_device *d, struct admin_state *s,
                         struct admin_fault *fault)
{
    struct store_device *at = device_of(s, &d->imei);
    if (at == NULL && s->n_devices == STORE_DEVICES_MAX) {
        return admin_fault_set(fault, PROBLEM_TOO_MANY_DEVICES, NULL,
                               "%d devices are authorised already: withdraw one first",
                               STORE_DEVICES_MAX);
    }
    if (at == NULL) {
        at = &s->devices[s->n_devices++];
        *at = (struct store_device){.imsi = s->row.imsi, .imei = d->imei};
    }
    if (d->has_kme) {
        at->has_kme = true;
        at->kme = d->kme;
    }
    return true;
}

static bool listed(const struct admin_row *row, const struct imei *imei)
{
    for (size_t i = 0; i < row->n_devices; i++) {
        if (imei_eq(&row->devices[i].imei, imei)) {
            return true;
        }
    }
    return false;
}

static void drop_unlisted(const struct admin_row *row, struct admin_state *s)
{
    size_t n = 0;
    for (size_t i = 0; i < s->n_devices; i++) {
        if (listed(row, &s->devices[i].imei)) {
            s->devices[n++] = s->devices[i];
        }
    }
    s->n_devices = n;
}

static bool plan_devices(const struct admin_row *row, enum admin_how how, struct admin_state *s,
                         struct admin_fault *fault)
{
    if (how == ADMIN_REPLACE) {
        drop_unlisted(row, s);
    }
    for (size_t i = 0; i < row->n_devices; i++) {
        if (!merge_device(&row->devices[i], s, fault)) {
            return false;
        }
    }
    return true;
}

bool admin_plan_row(const struct admin_world *world, const struct admin_row *row,
                    enum admin_how how, const struct admin_state *before, struct admin_state *after,
                    struct admin_fault *fault)
{
    *fault = (struct admin_fault){.problem = PROBLEM_NONE};
    *after = *before;
    if (!before->exists && !row->whole) {
        return admin_fault_set(fault, PROBLEM_NO_SUBSCRIBER, NULL,
                               "there is no subscriber %s to change; one that is made needs k and "
                               "opc",
                               row->imsi.digits);
    }
    if (!before->exists && !check_home(world, &row->imsi, fault)) {
        return false;
    }
    after->exists = true;
    take_fields(row, how == ADMIN_REPLACE || !before->exists, &after->row);
    bool new_keys = !before->exists || !admin_keys_eq(&before->row.keys, &after->row.keys);
    return plan_sqn(world, row, new_keys, after, fault) && plan_devices(row, how, after, fault) &&
           check_profile(world, after, fault) && check_devices(world, after, fault);
}

static bool no_subscriber(struct admin_fault *fault)
{
    return admin_fault_set(fault, PROBLEM_NO_SUBSCRIBER, NULL,
                           "the IMSI of the path is no subscriber here");
}

bool admin_plan_device(const struct admin_world *world, const struct admin_device *device,
                       const struct admin_state *before, struct admin_state *after,
                       struct admin_fault *fault)
{
    *fault = (struct admin_fault){.problem = PROBLEM_NONE};
    *after = *before;
    if (!before->exists) {
        return no_subscriber(fault);
    }
    return merge_device(device, after, fault) && check_devices(world, after, fault);
}

bool admin_plan_withdraw(const struct admin_world *world, const struct imei *imei,
                         const struct admin_state *before, struct admin_state *after,
                         struct admin_fault *fault)
{
    *fault = (struct admin_fault){.problem = PROBLEM_NONE};
    *after = *before;
    if (!before->exists) {
        return no_subscriber(fault);
    }
    struct store_device *d = device_of(after, imei);
    if (d == NULL) {
        return admin_fault_set(fault, PROBLEM_NO_DEVICE, NULL,
                               "the subscriber may not use this device anyway");
    }
    *d = after->devices[--after->n_devices];
    return check_devices(world, after, fault);
}

/* ---- what is under way for its KME ---- */

static bool any_kme(const struct admin_state *s)
{
    bool any = false;
    for (size_t i = 0; i < s->n_devices; i++) {
        any |= s->devices[i].has_kme;
    }
    return any;
}

static bool wish_makes_sense(const struct admin_kme *wish, const struct admin_state *s,
                             struct admin_fault *fault)
{
    if (wish->request != KME_REQUEST_NONE && s->row.policy == BINDING_OPEN) {
        return admin_fault_set(fault, PROBLEM_POLICY_OPEN, NULL,
                               "the policy is open, so nothing is ever bound: set it to learn");
    }
    return wish->request != KME_REQUEST_RENEW || any_kme(s) ||
           admin_fault_set(fault, PROBLEM_NO_KME, NULL,
                           "no device has a KME that could be renewed: a subscriber that learns "
                           "gets its first one without being asked, and rebind approves of any "
                           "device");
}

/*= kme-rebind kme-approval */
bool admin_plan_kme(const struct admin_kme *wish, const struct admin_state *before,
                    struct admin_state *after, struct admin_fault *fault)
{
    *fault = (struct admin_fault){.problem = PROBLEM_NONE};
    *after = *before;
    if (!before->exists) {
        return no_subscriber(fault);
    }
    if (!wish_makes_sense(wish, before, fault)) {
        return false;
    }
    const struct kme_home *is = &before->kme;
    bool same = is->request == wish->request && is->request_has_imei == wish->has_imei &&
                (!wish->has_imei || imei_eq(&is->request_imei, &wish->imei));
    if (!same) {
        kme_home_request(&after->kme, wish->request, wish->has_imei ? &wish->imei : NULL);
    }
    return true;
}

static bool devices_differ(const struct admin_state *a, const struct admin_state *b)
{
    bool differ = a->n_devices != b->n_devices;
    for (size_t i = 0; i < a->n_devices; i++) {
        const struct store_device *now = device_of(b, &a->devices[i].imei);
        differ |= now == NULL || !kme_eq(&a->devices[i], now);
    }
    return differ;
}

void admin_plan_kme_reset(const struct admin_state *before, struct admin_state *after)
{
    bool under_way = before->kme.phase != KME_IDLE || before->kme.request != KME_REQUEST_NONE;
    if (before->exists && under_way &&
        (before->row.policy != after->row.policy ||
         !admin_keys_eq(&before->row.keys, &after->row.keys) || devices_differ(before, after))) {
        kme_home_request(&after->kme, KME_REQUEST_NONE, NULL);
    }
}

bool admin_plan_kme_moved(const struct admin_state *before, const struct admin_state *after)
{
    const struct kme_home *a = &before->kme, *b = &after->kme;
    return a->phase != b->phase || a->request != b->request ||
           a->request_has_imei != b->request_has_imei ||
           !imei_eq(&a->request_imei, &b->request_imei);
}

/* ---- what it comes to, for people ---- */

unsigned admin_plan_changed(const struct admin_state *before, const struct admin_state *after)
{
    const struct store_subscriber *a = &before->row, *b = &after->row;
    const bool keys = !admin_keys_eq(&a->keys, &b->keys);
    unsigned bits = keys ? ROW_K : 0;
    bits |= !keys && a->dif != b->dif ? ROW_SQN : 0;
    bits |= a->policy != b->policy ? ROW_POLICY : 0;
    bits |= a->proof != b->proof ? ROW_PROOF : 0;
    bits |= strcmp(a->profile, b->profile) != 0 ? ROW_PROFILE : 0;
    bits |= strcmp(a->msisdn, b->msisdn) != 0 ? ROW_MSISDN : 0;
    bits |= a->suspended != b->suspended ? ROW_SUSPENDED : 0;
    return bits | (devices_differ(before, after) ? ROW_DEVICES : 0);
}

unsigned admin_plan_lost(const struct admin_state *before, const struct admin_state *after)
{
    const bool was = before->exists && after->exists;
    const bool open = after->row.policy == BINDING_OPEN && before->row.policy != BINDING_OPEN;
    return (was && open ? ROW_POLICY : 0) |
           (was && before->row.suspended && !after->row.suspended ? ROW_SUSPENDED : 0);
}

/* ---- what the network must be told ---- */

static bool is_bound(const struct admin_state *s)
{
    return s->row.policy == BINDING_BOUND || (s->row.policy == BINDING_LEARN && any_kme(s));
}

/* Is there a device whose KME served before and does not now, or the other way round? A device more
 * with the same group KME changes no vector. */
static bool kme_lost(const struct admin_state *from, const struct admin_state *to)
{
    for (size_t i = 0; i < from->n_devices; i++) {
        const struct store_device *d = &from->devices[i];
        const struct store_device *now = device_of(to, &d->imei);
        if (d->has_kme && (now == NULL || !kme_eq(d, now))) {
            return true;
        }
    }
    return false;
}

bool admin_plan_cancels(const struct admin_state *before, const struct admin_state *after)
{
    return before->exists && after->exists && is_bound(after) &&
           (!is_bound(before) || kme_lost(before, after));
}
