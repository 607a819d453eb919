/* Who takes part in first attaches with a discovery IMSI: service providers, ARPFs, D-AUSFs and the
 * RSMF of `dimsi`. */
#include "nf/hssd/config_raw.h"

#include "proc/dimsi.h"
#include "store/store_dimsi.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

_Static_assert(DIMSI_NAME_MAX == STORE_DIMSI_NAME_MAX, "a name that is configured can be stored");

/* As it stands in certificates. */
static char *name(struct checker *k, const char *text)
{
    struct dimsi_name parsed;
    char *out = check_text(k, "name", text);
    if (out != NULL && dimsi_name_parse(bytes_of_str(out), &parsed) != E_OK) {
        check_wrong(k, "name", "`%.80s` is not a DNS name in lower case of %u characters at most",
                    text, DIMSI_NAME_MAX);
    }
    return out;
}

static void link_of(struct checker *k, const struct raw_dimsi_remote *raw,
                    struct hssd_dimsi_remote *r)
{
    r->link = hssd_check_link(k, "link", raw->link);
    r->ca = hssd_check_readable(k, "ca", raw->ca);
    r->crl = raw->crl != NULL ? hssd_check_readable(k, "crl", raw->crl) : NULL;
}

/* Single ones, or two with a hyphen between. */
static bool read_range(const char *text, struct hssd_imsi_pool *out)
{
    const size_t n = strcspn(text, "-");
    const char *last = text[n] == '-' ? text + n + 1 : text;
    return imsi_parse((struct bytes){(const uint8_t *)text, n}, &out->first) == E_OK &&
           imsi_parse(bytes_of_str(last), &out->last) == E_OK && out->first.n == out->last.n &&
           strcmp(out->first.digits, out->last.digits) <= 0;
}

/* Of d->sps[i]: whoever may offer a dIMSI keeps others from it until the ARPF has answered. */
static void dimsis(struct checker *k, const struct raw_dimsi_sp *raw, struct hssd_dimsi *d,
                   size_t i)
{
    char at[40];
    struct hssd_sp *sp = &d->sps[i];
    sp->dimsis = check_alloc(k, raw->dimsis_count, sizeof *sp->dimsis);
    for (unsigned j = 0; k->err == E_OK && j < raw->dimsis_count; j++) {
        (void)snprintf(at, sizeof at, "dimsis[%u]", j);
        if (!read_range(raw->dimsis[j], &sp->dimsis[j])) {
            check_wrong(
                k, at,
                "`%.40s` is not two IMSIs of one length with a hyphen between, the lower one first",
                raw->dimsis[j]);
        }
        sp->n_dimsis = j + 1;
        for (size_t o = 0; k->err == E_OK && o < i; o++) {
            if (hssd_pools_overlap(&sp->dimsis[j], 1, d->sps[o].dimsis, d->sps[o].n_dimsis)) {
                check_wrong(k, at, "`%.40s` has dIMSIs of `%.64s` too", raw->dimsis[j],
                            d->sps[o].name);
            }
        }
    }
}

static void sps(struct checker *k, const struct raw_dimsi *raw, struct hssd_dimsi *d)
{
    const size_t n = raw->service_providers_count;
    check_section(k, "dimsi.");
    if (n == 0) {
        check_wrong(k, "service_providers", "is missing or empty: list those that may offer");
    }
    d->sps = check_alloc(k, n, sizeof *d->sps);
    for (size_t i = 0; i < n && k->err == E_OK; i++) {
        const struct raw_dimsi_sp *s = &raw->service_providers[i];
        check_section(k, "dimsi.service_providers[%zu].", i);
        d->n_sps = i + 1;
        d->sps[i].name = name(k, s->name);
        d->sps[i].offers_most = check_bounded(k, "offers_most", s->offers_most, 1, 10000000, 10000);
        for (size_t j = 0; j < i && k->err == E_OK; j++) {
            if (strcmp(d->sps[i].name, d->sps[j].name) == 0) {
                check_wrong(k, "name", "is service_providers[%zu] too", j);
            }
        }
        dimsis(k, s, d, i);
    }
}

static void arpfs(struct checker *k, const struct raw_dimsi *raw, struct hssd_dimsi *d)
{
    check_section(k, "dimsi.");
    if (raw->arpfs_count == 0) {
        check_wrong(k, "arpfs", "is missing or empty: list those that may be asked for eK");
    }
    d->arpfs = check_alloc(k, raw->arpfs_count, sizeof *d->arpfs);
    for (size_t i = 0; i < raw->arpfs_count && k->err == E_OK; i++) {
        check_section(k, "dimsi.arpfs[%zu].", i);
        d->n_arpfs = i + 1;
        d->arpfs[i].name = name(k, raw->arpfs[i].name);
        link_of(k, &raw->arpfs[i], &d->arpfs[i]);
        for (size_t j = 0; j < i && k->err == E_OK; j++) {
            if (strcmp(d->arpfs[i].link, d->arpfs[j].link) == 0 ||
                strcmp(d->arpfs[i].name, d->arpfs[j].name) == 0) {
                check_wrong(k, "name", "has the name or the link of arpfs[%zu] too", j);
            }
        }
    }
}

static void discovery(struct checker *k, const struct raw_dimsi *raw, struct hssd_dimsi *d)
{
    check_section(k, "dimsi.");
    if (raw->discovery_count == 0) {
        check_wrong(k, "discovery",
                    "is missing or empty: list the discovery AUSFs, by their dIMSIs' PLMNs");
    }
    d->discovery = check_alloc(k, raw->discovery_count, sizeof *d->discovery);
    for (size_t i = 0; i < raw->discovery_count && k->err == E_OK; i++) {
        struct hssd_dimsi_remote *r = &d->discovery[i];
        check_section(k, "dimsi.discovery[%zu].", i);
        d->n_discovery = i + 1;
        r->name = check_text(k, "plmn", raw->discovery[i].plmn);
        if (r->name != NULL && plmn_parse(bytes_of_str(r->name), &r->plmn) != E_OK) {
            check_wrong(k, "plmn", "`%.40s` is not a PLMN such as 901-70", r->name);
        }
        link_of(k, &raw->discovery[i], r);
        for (size_t j = 0; j < i && k->err == E_OK; j++) {
            if (plmn_eq(&r->plmn, &d->discovery[j].plmn)) {
                check_wrong(k, "plmn", "is that of discovery[%zu] too", j);
            }
        }
    }
}

static void rsmf(struct checker *k, const struct raw_dimsi *raw, struct hssd_dimsi *d)
{
    check_section(k, "dimsi.rsmf.");
    if (raw->rsmf.link == NULL && raw->rsmf.ca == NULL) {
        return;
    }
    d->rsmf.name = check_text(k, "link", "rsmf");
    link_of(k, &raw->rsmf, &d->rsmf);
}

/*= dimsi-plmn */
void hssd_check_dimsi_parties(struct checker *k, const struct raw_dimsi *raw, struct hssd_dimsi *d)
{
    sps(k, raw, d);
    arpfs(k, raw, d);
    discovery(k, raw, d);
    rsmf(k, raw, d);
}

static void remote_free(struct hssd_dimsi_remote *r)
{
    free(r->name);
    free(r->link);
    free(r->ca);
    free(r->crl);
}

void hssd_free_dimsi_parties(struct hssd_dimsi *d)
{
    for (size_t i = 0; i < d->n_sps; i++) {
        free(d->sps[i].name);
        free(d->sps[i].dimsis);
    }
    for (size_t i = 0; i < d->n_arpfs; i++) {
        remote_free(&d->arpfs[i]);
    }
    for (size_t i = 0; i < d->n_discovery; i++) {
        remote_free(&d->discovery[i]);
    }
    remote_free(&d->rsmf);
    free(d->sps);
    free(d->arpfs);
    free(d->discovery);
}

const struct hssd_dimsi_remote *hssd_config_arpf(const struct hssd_config *config, const char *link)
{
    size_t n = strlen(link);
    n -= n > 0 && link[n - 1] == '/';
    for (size_t i = 0; i < config->dimsi.n_arpfs; i++) {
        const char *own = config->dimsi.arpfs[i].link;
        if (strlen(own) == n && strncmp(own, link, n) == 0) {
            return &config->dimsi.arpfs[i];
        }
    }
    return NULL;
}

const struct hssd_dimsi_remote *hssd_config_discovery(const struct hssd_config *config,
                                                      const struct imsi *dimsi)
{
    for (size_t i = 0; i < config->dimsi.n_discovery; i++) {
        if (imsi_in_plmn(dimsi, &config->dimsi.discovery[i].plmn)) {
            return &config->dimsi.discovery[i];
        }
    }
    return NULL;
}

bool hssd_sp_has_dimsi(const struct hssd_sp *sp, const struct imsi *dimsi)
{
    return sp->n_dimsis == 0 || hssd_config_in_pools(sp->dimsis, sp->n_dimsis, dimsi);
}

const struct hssd_sp *hssd_config_sp(const struct hssd_config *config, const char *sp_name)
{
    for (size_t i = 0; i < config->dimsi.n_sps; i++) {
        if (strcmp(config->dimsi.sps[i].name, sp_name) == 0) {
            return &config->dimsi.sps[i];
        }
    }
    return NULL;
}
