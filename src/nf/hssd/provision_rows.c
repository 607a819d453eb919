#include "nf/hssd/provision_rows.h"

#include <string.h>

_Static_assert(STORE_DEVICES_MAX == BINDING_DEVICES_MAX, "a subscription's devices fit in a view");

/*= binding-list */
void provision_view_of(const struct store_subscriber *row,
                       const struct store_device devices[static STORE_DEVICES_MAX], size_t n,
                       struct binding_view *out)
{
    *out = (struct binding_view){.policy = (enum binding_policy)row->policy,
                                 .has_last_imei = row->has_last_imei,
                                 .last_imei = row->last_imei,
                                 .n_devices = (uint8_t)n};
    for (size_t i = 0; i < n; i++) {
        out->devices[i] = (struct binding_device){.imei = devices[i].imei,
                                                  .has_kme = devices[i].has_kme,
                                                  .has_previous = devices[i].has_previous,
                                                  .kme = devices[i].kme,
                                                  .previous = devices[i].previous};
    }
}

/* ---- the provisioning ---- */

_Static_assert(sizeof((struct store_kme *)0)->nonce == KME_NONCE_LEN, "the same in both");
_Static_assert(sizeof((struct store_kme *)0)->digest == KME_DIGEST_LEN, "the same in both");
_Static_assert(sizeof((struct store_kme *)0)->nw_sig == KME_NW_SIG_LEN, "the same in both");

void provision_home_of(const struct store_kme *row, struct kme_home *out)
{
    bool known = row->request <= KME_REQUEST_REBIND && row->phase <= KME_TAKEN &&
                 row->due <= KME_DUE_REBINDING;
    *out = (struct kme_home){.request = KME_REQUEST_NONE};
    if (!known) {
        return;
    }
    out->request = (enum kme_request)row->request;
    out->request_has_imei = row->request_has_imei;
    out->request_imei = row->request_imei;
    out->phase = (enum kme_phase)row->phase;
    out->due = (enum kme_due)row->due;
    out->expires = row->expires;
    out->has_taken = row->has_taken;
    memcpy(out->nonce, row->nonce, sizeof out->nonce);
    memcpy(out->digest, row->digest, sizeof out->digest);
    memcpy(out->nw_sig, row->nw_sig, sizeof out->nw_sig);
}

void provision_row_of(const struct imsi *imsi, const struct kme_home *home, struct store_kme *out)
{
    *out = (struct store_kme){.imsi = *imsi,
                              .request = (uint8_t)home->request,
                              .request_has_imei = home->request_has_imei,
                              .request_imei = home->request_imei,
                              .phase = (uint8_t)home->phase,
                              .due = (uint8_t)home->due,
                              .expires = home->expires,
                              .has_taken = home->has_taken};
    memcpy(out->nonce, home->nonce, sizeof out->nonce);
    memcpy(out->digest, home->digest, sizeof out->digest);
    memcpy(out->nw_sig, home->nw_sig, sizeof out->nw_sig);
}

/* ---- the devices ---- */

static const struct store_device *device_of(const struct store_device *rows, size_t n,
                                            const struct imei *imei)
{
    for (size_t i = 0; i < n; i++) {
        if (imei_eq(&rows[i].imei, imei)) {
            return &rows[i];
        }
    }
    return NULL;
}

static struct store_device row_of(const struct imsi *imsi, const struct binding_device *device,
                                  const struct store_device *before)
{
    struct store_device row = {.imsi = *imsi, .imei = device->imei};
    if (before != NULL) {
        row.kme_since = before->kme_since;
        row.kme_used = before->kme_used;
        memcpy(row.kme_lot, before->kme_lot, sizeof row.kme_lot);
    }
    row.has_kme = device->has_kme;
    row.has_previous = device->has_previous;
    row.kme = device->kme;
    row.previous = device->previous;
    return row;
}

static bool same_key(const struct store_device *before, const struct binding_device *device)
{
    return before != NULL && before->has_kme && device->has_kme &&
           crypto_ct_eq(BYTES_OF(before->kme.b), BYTES_OF(device->kme.b));
}

void provision_devices_of(const struct imsi *imsi, const struct binding_view *view,
                          const struct imei *imei, const struct kme_lot_id *lot, int64_t at,
                          struct store_device devices[static STORE_DEVICES_MAX], size_t *n)
{
    struct store_device before[STORE_DEVICES_MAX];
    size_t n_before = *n;
    memcpy(before, devices, n_before * sizeof *before);
    wipe(devices, n_before * sizeof *devices);
    for (size_t i = 0; i < view->n_devices; i++) {
        const struct binding_device *d = &view->devices[i];
        const struct store_device *was = device_of(before, n_before, &d->imei);
        devices[i] = row_of(imsi, d, was);
        if (imei_eq(&d->imei, imei) && !same_key(was, d)) {
            devices[i].kme_since = at;
            devices[i].kme_used = 0;
            memcpy(devices[i].kme_lot, lot->text, sizeof devices[i].kme_lot);
        }
    }
    *n = view->n_devices;
    wipe(before, n_before * sizeof *before);
}
