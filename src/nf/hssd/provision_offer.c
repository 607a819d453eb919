/* nf/hssd/provision_offer.c - the offer in an AIA, and what a registration has to do with keys. */
#include "codec/private.h"
#include "nf/hssd/provision.h"
#include "nf/hssd/provision_rows.h"

#include <string.h>

/* ---- steps 3 and 4: AIR ---- */

static enum err read_home(struct store_reader *reader, const struct imsi *imsi,
                          struct kme_home *out)
{
    struct store_kme row;
    enum err err = store_read_kme(reader, imsi, &row);
    if (err == E_OK) {
        provision_home_of(&row, out);
    }
    wipe(&row, sizeof row);
    return err;
}

/*= kme-3 kme-offer-stands */
enum err provision_look(struct s6a_call *call, const struct store_subscriber *row,
                        const struct binding_view *view, const struct imei *served,
                        struct provision_offer *out)
{
    struct kme_home home = {.request = KME_REQUEST_NONE};
    struct provision_offer offer = {.state = PROVISION_NOT};
    enum kme_due due = kme_home_due(view, &home, served);
    enum err err = E_OK;
    if (due != KME_DUE_NOT || row->kme_request != KME_REQUEST_NONE) {
        err = read_home(call->reader, &row->imsi, &home);
        due = kme_home_due(view, &home, served);
    }
    const int64_t now = hssd_unix_seconds();
    const uint32_t lifetime = call->h->config->kme.nonce_seconds;
    if (err == E_OK && due != KME_DUE_NOT && !kme_home_rests(&home, due, now, lifetime)) {
        bool stands = kme_home_stands(&home, due, now, lifetime);
        offer.state = stands ? PROVISION_STANDS : PROVISION_TO_OFFER;
        memcpy(offer.nonce, home.nonce, sizeof offer.nonce);
    }
    if (err == E_OK) {
        *out = offer;
    }
    wipe(&home, sizeof home);
    return err;
}

/* What the writer finds; the owner wipes it. */
struct found {
    struct store_subscriber row;
    struct binding_view view;
    struct kme_home home;
};

static enum err find(struct store_writer *w, const struct imsi *imsi, struct found *f)
{
    struct store_device devices[STORE_DEVICES_MAX];
    struct store_kme kme;
    size_t n = 0;
    enum err err = store_writer_subscriber(w, imsi, &f->row);
    if (err == E_OK) {
        err = store_writer_devices(w, imsi, devices, &n);
    }
    if (err == E_OK) {
        provision_view_of(&f->row, devices, n, &f->view);
        err = store_writer_kme(w, imsi, &kme);
    }
    if (err == E_OK) {
        provision_home_of(&kme, &f->home);
    }
    wipe(devices, n * sizeof *devices);
    wipe(&kme, sizeof kme);
    return err;
}

/*= kme-nonce */
/* By the writer, and of what is stored then: of two AIRs at once one makes an offer. */
static enum err offer_run(struct store_writer *w, struct writer_job *job)
{
    struct s6a_later *later = (struct s6a_later *)job;
    const uint32_t lifetime = later->h->config->kme.nonce_seconds;
    const int64_t now = hssd_unix_seconds();
    struct store_kme row;
    struct found f;
    later->offered = false;
    memset(&f, 0, sizeof f);
    enum err err = find(w, &later->imsi, &f);
    later->due = err == E_OK ? kme_home_due(&f.view, &f.home, later->has_imei ? &later->imei : NULL)
                             : KME_DUE_NOT;
    bool fresh = later->due != KME_DUE_NOT &&
                 !kme_home_stands(&f.home, later->due, now, lifetime) &&
                 !kme_home_rests(&f.home, later->due, now, lifetime);
    if (err == E_OK && fresh) {
        err = kme_home_offer(&later->h->writers, later->due, now, lifetime, &f.home);
    }
    if (err == E_OK && fresh) {
        provision_row_of(&later->imsi, &f.home, &row);
        err = store_put_kme(w, &row);
        later->offered = err == E_OK;
        wipe(&row, sizeof row);
    }
    wipe(&f, sizeof f);
    return err;
}

enum s6a_outcome
provision_offer(struct s6a_call *call, const struct imsi *imsi, const struct imei *served,
                enum s6a_outcome (*finish)(struct s6a_call *call, struct s6a_later *later))
{
    struct s6a_later *later = s6a_later_of(call, imsi);
    if (later == NULL) {
        return s6a_refuse(call, REFUSAL_TOO_BUSY, NULL, imsi, NULL);
    }
    later->has_imei = served != NULL;
    if (served != NULL) {
        later->imei = *served;
    }
    return s6a_defer(call, later, offer_run, finish);
}

/* ---- ULR ---- */

bool provision_knows(const struct s6a_call *call, const struct s6a_ulr *ulr)
{
    return (s6a_features_of(ulr->request.supported_features, ulr->request.supported_features_n,
                            call->h->config->vendor_id, OWN_FEATURE_LIST_ID) &
            OWN_FEATURE_PROVISIONING) != 0;
}

/* Does an offer stand whose vectors were regular, for an MME that was told so? */
static enum err offer_is_open(struct s6a_call *call, const struct imsi *imsi,
                              const struct binding_view *view, const struct imei *imei, bool *open)
{
    struct kme_home home = {.request = KME_REQUEST_NONE};
    enum err err = read_home(call->reader, imsi, &home);
    const int64_t now = hssd_unix_seconds();
    enum kme_due due = err == E_OK ? kme_home_due(view, &home, imei) : KME_DUE_NOT;
    *open = home.phase == KME_OFFERED && now <= home.expires && due != KME_DUE_NOT &&
            !kme_home_rests(&home, due, now, call->h->config->kme.nonce_seconds);
    wipe(&home, sizeof home);
    return err;
}

/*= kme-enforced */
static enum err is_owed(struct s6a_call *call, const struct store_subscriber *row,
                        const struct binding_view *view, const struct imei *imei, bool knows,
                        bool *owed)
{
    static const struct kme_home nothing;
    *owed = kme_home_due(view, &nothing, imei) == KME_DUE_FIRST;
    if (*owed || !knows || row->kme_request == KME_REQUEST_NONE) {
        return E_OK;
    }
    return offer_is_open(call, &row->imsi, view, imei, owed);
}

/* A bound subscription is served in its authorised devices only: an IMEI that is not on the list is
 * never taken for the last one, whatever AKA said. */
static bool is_listed(const struct binding_view *view, const struct imei *imei, size_t *at)
{
    size_t i = 0;
    while (i < view->n_devices && !imei_eq(&view->devices[i].imei, imei)) {
        i++;
    }
    *at = i;
    return i < view->n_devices;
}

static void use_of(const struct store_device *d, struct provision_use *out)
{
    if (d->has_kme && (d->has_previous || d->kme_used == 0)) {
        *out = (struct provision_use){.first = true,
                                      .drops = d->has_previous,
                                      .told = d->has_previous || d->kme_lot[0] != '\0',
                                      .since = d->kme_since};
    }
}

enum err provision_registers(struct s6a_call *call, const struct store_subscriber *row,
                             const struct imei *imei, bool knows,
                             struct provision_registration *out)
{
    struct store_device devices[STORE_DEVICES_MAX];
    struct binding_view view;
    size_t n = 0, at = 0;
    struct provision_registration r = {.listed = true};
    bool reads = row->policy == BINDING_LEARN || row->kme_request != KME_REQUEST_NONE ||
                 (row->policy != BINDING_OPEN && imei != NULL);
    if (!reads) {
        *out = r;
        return E_OK;
    }
    enum err err = store_read_devices(call->reader, &row->imsi, devices, &n);
    if (err == E_OK) {
        provision_view_of(row, devices, n, &view);
        r.listed = imei == NULL || is_listed(&view, imei, &at) || row->policy == BINDING_OPEN ||
                   (row->policy == BINDING_LEARN && n == 0);
        err = is_owed(call, row, &view, imei, knows, &r.owed);
        if (imei != NULL && at < n && row->policy != BINDING_OPEN) {
            use_of(&devices[at], &r.use);
        }
        wipe(&view, sizeof view);
    }
    wipe(devices, n * sizeof *devices);
    if (err == E_OK) {
        *out = r;
    }
    return err;
}

/*= kme-old-kept */
enum err provision_used(struct store_writer *w, struct s6a_later *later)
{
    struct store_device devices[STORE_DEVICES_MAX];
    size_t n = 0;
    bool same = false;
    enum err err = store_writer_devices(w, &later->imsi, devices, &n);
    for (size_t i = 0; err == E_OK && i < n; i++) {
        same = same || (imei_eq(&devices[i].imei, &later->imei) && devices[i].has_kme &&
                        devices[i].kme_since == later->use.since);
    }
    wipe(devices, n * sizeof *devices);
    if (err == E_OK && !same) {
        later->use = (struct provision_use){.first = false};
    }
    return err == E_OK && same
               ? store_kme_was_used(w, &later->imsi, &later->imei, hssd_unix_seconds())
               : err;
}
