/* nf/hssd/dimsi_deliver.c - step 11 at the operator: its own subscription waits at the RSMF for the
 * secure element that ATK named, or is taken back. */
#include "nf/hssd/device_profile.h"
#include "nf/hssd/dimsi_parts.h"

#include "nf/common/base64.h"

#include <stdio.h>
#include <string.h>

static void path_of(const uint8_t se[static STORE_DIMSI_DIGEST], char out[static 96])
{
    int n = snprintf(out, 96, "/v1/deliveries/");
    for (size_t i = 0; i < STORE_DIMSI_DIGEST; i++) {
        n += snprintf(out + n, 96 - (size_t)n, "%02x", se[i]);
    }
}

static struct dimsi_remote *rsmf_of(struct dimsi_worker *w)
{
    return hss_dimsi_remote(w->d, HSS_DIMSI_RSMF, &w->d->h->config->dimsi.rsmf);
}

/* ---- there ---- */

static bool profile_of(struct dimsi_worker *w, const struct store_dimsi *row,
                       char out[static BASE64_ROOM(CERTATTACH_PROFILE_MAX)])
{
    struct store_subscriber subscriber;
    struct certattach_profile profile;
    uint8_t octets[CERTATTACH_PROFILE_MAX];
    size_t n = 0;
    const struct hssd_config *c = w->d->h->config;
    memset(&profile, 0, sizeof profile);
    memset(&subscriber, 0, sizeof subscriber);
    bool good = store_read_subscriber(w->reader, &row->operator_imsi, &subscriber) == E_OK &&
                device_profile(c, c->dimsi.operator_pools, c->dimsi.n_operator_pools, &subscriber,
                               &profile) &&
                certattach_profile_write(&profile, octets, &n) == E_OK;
    if (good) {
        base64_encode((struct bytes){octets, n}, out);
    }
    wipe(&subscriber, sizeof subscriber);
    wipe(&profile, sizeof profile);
    wipe(octets, sizeof octets);
    return good;
}

static json_t *delivery_of(struct dimsi_worker *w, const struct store_dimsi *row)
{
    char profile[BASE64_ROOM(CERTATTACH_PROFILE_MAX)];
    json_t *body = NULL;
    if (profile_of(w, row, profile)) {
        body = json_pack("{s:s,s:s}", "imsi", row->imsi.digits, "profile", profile);
    }
    wipe(profile, sizeof profile);
    return body;
}

static enum err take_back_first(struct store_writer *w, struct dimsi_write *x)
{
    if ((x->row.todo & STORE_DIMSI_DELIVER) == 0) {
        return E_OK;
    }
    x->row.todo |= STORE_DIMSI_UNDELIVER;
    x->row.has_se_before = true;
    memcpy(x->row.se_before, x->row.se, sizeof x->row.se_before);
    return store_put_dimsi(w, &x->row);
}

/* What is there for this secure element is of an earlier time: of one that was given up, or whose
 * token was another. */
static struct dimsi_result in_the_way(struct dimsi_worker *w, const struct store_dimsi *row)
{
    struct dimsi_write x = {
        .d = w->d, .dimsi = row->dimsi, .token = row->token, .apply = take_back_first};
    enum err err = hss_dimsi_write(&x);
    return err == E_OK ? hss_dimsi_later(DIMSI_RSMF_REFUSED, "rsmf") : hss_dimsi_unwritten(err);
}

/*= dimsi-11 */
struct dimsi_result hss_dimsi_deliver(struct dimsi_worker *w, const struct store_dimsi *row)
{
    char path[96];
    struct dimsi_reply reply;
    struct dimsi_result result;
    struct dimsi_remote *r = rsmf_of(w);
    if (r == NULL) {
        return hss_dimsi_later(DIMSI_RSMF_SILENT, "none is configured");
    }
    json_t *body = delivery_of(w, row);
    if (body == NULL) {
        return hss_dimsi_later(DIMSI_STORE, "no profile");
    }
    path_of(row->se, path);
    if (!hss_dimsi_ask(w, r, "PUT", path, body, &reply, &result)) {
        return result;
    }
    json_decref(reply.json);
    if (reply.status < 300) {
        hss_dimsi_count(&w->d->h->counters.dimsi_delivered);
        return hss_dimsi_clear(w, row, STORE_DIMSI_DELIVER, 0);
    }
    if (reply.status == 409) {
        return in_the_way(w, row);
    }
    /* The device has its temporary subscription all the same. */
    result = hss_dimsi_answered(r, &reply);
    result.end = DIMSI_STEP_LATER;
    return result;
}

/* ---- and back ---- */

struct dimsi_result hss_dimsi_undeliver(struct dimsi_worker *w, const struct store_dimsi *row)
{
    char path[96];
    struct dimsi_reply reply;
    struct dimsi_result result;
    struct dimsi_remote *r = rsmf_of(w);
    if (r == NULL) {
        return hss_dimsi_later(DIMSI_RSMF_SILENT, "none is configured");
    }
    path_of(row->se_before, path);
    if (!hss_dimsi_ask(w, r, "DELETE", path, NULL, &reply, &result)) {
        return result;
    }
    json_decref(reply.json);
    if (reply.status < 300 || reply.status == 404 || reply.status == 409) {
        return hss_dimsi_clear(w, row, STORE_DIMSI_UNDELIVER, 0);
    }
    result = hss_dimsi_answered(r, &reply);
    result.end = DIMSI_STEP_LATER;
    return result;
}
