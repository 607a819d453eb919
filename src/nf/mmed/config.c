#include "nf/mmed/config.h"

#include "nf/common/config_read.h"
#include "nf/mmed/config_raw.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

enum err mmed_config_load(const char *path, struct mmed_config **out, struct config_why *why)
{
    void *snapshot = NULL, *raw = NULL;
    enum err err = config_read(&mmed_config_kind, path, &snapshot, &raw, why);
    if (err == E_OK) {
        *out = snapshot;
        (*out)->raw = raw;
    }
    return err;
}

static void peer_free(struct mmed_peer *p)
{
    free(p->origin_host);
    free(p->realm);
    free(p->certificate);
    free(p->key);
    free(p->ca);
}

static void devid_free(struct mmed_devid *d)
{
    for (size_t i = 0; i < d->n_signers; i++) {
        free(d->signers[i]);
    }
    free(d->signers);
    free(d->ca);
    free(d->crl);
}

static void home_free(struct mmed_home *h)
{
    free(h->realm);
    free(h->plmns);
    free(h->peers);
}

void mmed_config_free(struct mmed_config *config)
{
    if (config == NULL) {
        return;
    }
    for (size_t i = 0; i < config->n_peers; i++) {
        peer_free(&config->peers[i]);
    }
    for (size_t i = 0; i < config->n_homes; i++) {
        home_free(&config->homes[i]);
    }
    config_raw_free(&mmed_config_shape, config->raw);
    devid_free(&config->devid);
    free(config->provisioning.onboarding);
    free(config->peers);
    free(config->homes);
    free(config->listeners);
    free(config->enb_addresses);
    free(config->tacs);
    free(config->path);
    free(config->origin_host);
    free(config->origin_realm);
    free(config->name);
    free(config->admin_socket);
    admin_https_free(&config->admin_https);
    free(config->network_name);
    free(config);
}

/* ---- questions ------------------------------------------------------------------------------- */

bool mmed_config_lets_in(const struct mmed_config *c, const struct address *from)
{
    for (size_t i = 0; i < c->n_enb_addresses; i++) {
        if (address_same_ip(&c->enb_addresses[i], from)) {
            return true;
        }
    }
    return c->n_enb_addresses == 0 && address_is_loopback(from);
}

/* The longest PLMN of a home that the IMSI begins with: its MNC's digits, 0 for none. */
static size_t matched(const struct mmed_home *home, const struct imsi *imsi)
{
    size_t longest = 0;
    for (size_t i = 0; i < home->n_plmns; i++) {
        size_t n = strlen(home->plmns[i].mnc);
        if (n > longest && imsi_in_plmn(imsi, &home->plmns[i])) {
            longest = n;
        }
    }
    return longest;
}

const struct mmed_home *mmed_config_home(const struct mmed_config *c, const char *imsi_digits)
{
    const struct mmed_home *found = NULL;
    size_t longest = 0;
    struct imsi imsi;
    if (imsi_parse(bytes_of_str(imsi_digits), &imsi) != E_OK) {
        return NULL;
    }
    for (size_t i = 0; c->homes != NULL && i < c->n_homes; i++) {
        const struct mmed_home *home = &c->homes[i];
        size_t n = matched(home, &imsi);
        if (n > longest || (found == NULL && home->n_plmns == 0)) {
            found = home;
            longest = n;
        }
    }
    return found;
}

static bool is_of_realm(const struct mmed_home *home, const char *realm)
{
    if (home->realm != NULL) {
        return strcasecmp(home->realm, realm) == 0;
    }
    for (size_t i = 0; i < home->n_plmns; i++) {
        char made[REALM_TEXT_MAX];
        plmn_realm(&home->plmns[i], made);
        if (strcasecmp(made, realm) == 0) {
            return true;
        }
    }
    return false;
}

const struct mmed_home *mmed_config_home_of_realm(const struct mmed_config *c, const char *realm)
{
    const struct mmed_home *found = NULL;
    for (size_t i = 0; c->homes != NULL && i < c->n_homes; i++) {
        const struct mmed_home *home = &c->homes[i];
        if (is_of_realm(home, realm)) {
            return home;
        }
        if (home->realm == NULL && home->n_plmns == 0) {
            found = home;
        }
    }
    return found;
}

/* Nothing in an IMSI says where its MNC ends: ITU-T E.212 leaves that to each country. These are
 * the countries of three digits, as the MNCs given out there show. */
static bool has_long_mnc(const char *mcc)
{
    static const char *const countries[] = {
        "302", "310", "311", "312", "313", "314", "315", "316", "334", "338", "342", "344", "346",
        "348", "352", "354", "356", "358", "360", "365", "366", "376", "708", "722", "732", "750"};
    for (size_t i = 0; i < sizeof countries / sizeof countries[0]; i++) {
        if (strncmp(countries[i], mcc, 3) == 0) {
            return true;
        }
    }
    return false;
}

void mmed_config_realm(const struct mmed_home *home, const char *imsi_digits,
                       char out[static REALM_TEXT_MAX])
{
    struct imsi imsi;
    struct plmn plmn = {.mcc = ""};
    out[0] = '\0';
    if (home->realm != NULL) {
        snprintf(out, REALM_TEXT_MAX, "%s", home->realm);
        return;
    }
    if (imsi_parse(bytes_of_str(imsi_digits), &imsi) != E_OK) {
        return;
    }
    size_t n = matched(home, &imsi);
    if (n == 0) {
        n = has_long_mnc(imsi.digits) ? 3 : 2;
    }
    memcpy(plmn.mcc, imsi.digits, 3);
    memcpy(plmn.mnc, imsi.digits + 3, n);
    plmn_realm(&plmn, out);
}
