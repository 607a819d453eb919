#include "nf/hssd/device_profile.h"

#include <string.h>

static struct plmn home_of(const struct hssd_config *c, const struct hssd_imsi_pool *pools,
                           size_t n, const struct imsi *imsi)
{
    for (size_t i = 0; i < n; i++) {
        if (hssd_config_in_pools(&pools[i], 1, imsi)) {
            return pools[i].home;
        }
    }
    size_t i = 0;
    while (i + 1 < c->n_plmns && !imsi_in_plmn(imsi, &c->plmns[i])) {
        i++;
    }
    return c->plmns[i];
}

static void add_apn(const struct hssd_apn *apn, struct certattach_profile *out)
{
    if (out->n_apns < CERTATTACH_APNS_MAX) {
        memcpy(out->apns[out->n_apns++], apn->name, sizeof apn->name);
    }
}

_Static_assert(HSSD_APN_NAME_MAX == CERTATTACH_APN_MAX + 1, "the names of one fit the other");

/* The default one first. */
static void apns_of(const struct hssd_profile *p, struct certattach_profile *out)
{
    for (size_t i = 0; i < p->n_apns; i++) {
        if (p->apns[i].context == p->default_context) {
            add_apn(&p->apns[i], out);
        }
    }
    for (size_t i = 0; i < p->n_apns; i++) {
        if (p->apns[i].context != p->default_context) {
            add_apn(&p->apns[i], out);
        }
    }
}

bool device_profile(const struct hssd_config *c, const struct hssd_imsi_pool *pools, size_t n,
                    const struct store_subscriber *row, struct certattach_profile *out)
{
    const struct hssd_profile *p = hssd_config_profile(c, row->profile);
    memset(out, 0, sizeof *out);
    if (p == NULL) {
        return false;
    }
    out->imsi = row->imsi;
    out->keys = row->keys;
    out->home = home_of(c, pools, n, &row->imsi);
    out->policy = row->policy;
    apns_of(p, out);
    return true;
}
