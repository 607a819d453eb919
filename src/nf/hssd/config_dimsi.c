/* First attaches with a discovery IMSI, as the target AUSF: `dimsi`. */
#include "nf/hssd/config_raw.h"

#include "crypto/aka_functions.h"
#include "net/eck.h"
#include "nf/common/config_https.h"
#include "proc/binding.h"
#include "proc/certattach.h"
#include "proc/dimsi.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define DAY_S  86400u
#define YEAR_S (366 * DAY_S)

/* ---- where offers come in ---- */

static void listener(struct checker *k, const struct raw_dimsi *raw, struct hssd_dimsi *d)
{
    check_https_address(k, "listen", raw->listen, &d->listen);
    struct check_tls t = check_tls_files(k, raw->certificate, raw->key, raw->ca,
                                         k->err == E_OK && address_is_loopback(&d->listen));
    d->certificate = t.certificate;
    d->key = t.key;
    d->ca = t.ca;
    d->crl = raw->crl != NULL ? hssd_check_readable(k, "crl", raw->crl) : NULL;
}

/* ---- who the operator is ---- */

static void own_plmn(struct checker *k, const char *text, const struct hssd_config *c,
                     struct hssd_dimsi *d)
{
    bool home = false;
    char *copy = check_text(k, "plmn", text);
    if (copy != NULL && plmn_parse(bytes_of_str(copy), &d->plmn) != E_OK) {
        check_wrong(k, "plmn", "`%.40s` is not a PLMN such as 001-01", text);
    }
    for (size_t i = 0; k->err == E_OK && i < c->n_plmns; i++) {
        home |= plmn_eq(&c->plmns[i], &d->plmn);
    }
    if (!home) {
        check_wrong(k, "plmn", "`%.40s` is none of `plmns`", text != NULL ? text : "");
    }
    free(copy);
}

/* Is the key the certificate's, and one to agree with? Found out now, and not by the first offer.
 */
static void agrees(struct checker *k, const struct hssd_dimsi *d)
{
    struct eck *eck = NULL;
    struct verify_why why = {""};
    if (k->err == E_OK &&
        eck_open(d->agreement_key, d->agreement_certificate, &eck, &why) != E_OK) {
        check_wrong(k, "ausf.agreement_key", "%.200s", why.text);
    }
    eck_close(eck);
}

static void roots_hold(struct checker *k, const char *key, const char *roots, const char *crl)
{
    const struct verify_files files = {.ca = roots, .crl = crl};
    struct verifier *v = NULL;
    struct verify_why why = {""};
    if (k->err == E_OK && verifier_open(&files, &v, &why) != E_OK) {
        check_wrong(k, key, "%.200s", why.text);
    }
    verifier_close(v);
}

static void trust(struct checker *k, const struct raw_dimsi *raw, struct hssd_dimsi *d)
{
    d->ausf_certificate = hssd_check_readable(k, "ausf.certificate", raw->ausf.certificate);
    d->ausf_key = hssd_check_readable(k, "ausf.key", raw->ausf.key);
    d->agreement_certificate =
        hssd_check_readable(k, "ausf.agreement_certificate", raw->ausf.agreement_certificate);
    d->agreement_key = hssd_check_readable(k, "ausf.agreement_key", raw->ausf.agreement_key);
    agrees(k, d);
    d->sp_roots = hssd_check_readable(k, "sp.roots", raw->sp.roots);
    d->sp_crl = raw->sp.crl != NULL ? hssd_check_readable(k, "sp.crl", raw->sp.crl) : NULL;
    roots_hold(k, "sp.roots", d->sp_roots, d->sp_crl);
    d->ci_roots = hssd_check_readable(k, "ci.roots", raw->ci.roots);
    d->ci_crl = raw->ci.crl != NULL ? hssd_check_readable(k, "ci.crl", raw->ci.crl) : NULL;
    roots_hold(k, "ci.roots", d->ci_roots, d->ci_crl);
}

/* ---- what is given ---- */

static char *profile(struct checker *k, const char *key, const char *text,
                     const struct hssd_config *c, size_t apns_most)
{
    char *name = check_text(k, key, text != NULL ? text : "default");
    const struct hssd_profile *p =
        name != NULL && k->err == E_OK ? hssd_config_profile(c, name) : NULL;
    if (name != NULL && p == NULL) {
        check_wrong(k, key, "`%.60s` is none of `profiles`", name);
    } else if (p != NULL && p->n_apns > apns_most) {
        check_wrong(k, key, "`%.60s` has %zu APNs, and a device is told %zu at most", name,
                    p->n_apns, apns_most);
    }
    return name;
}

/* None of them is an authority's either: an IMSI is given by one procedure alone. */
static void apart(struct checker *k, const char *key, const struct hssd_onboarding *o,
                  const struct hssd_imsi_pool *pools, size_t n)
{
    if (k->err == E_OK && hssd_pools_overlap(o->pools, o->n_pools, pools, n)) {
        check_wrong(k, key, "has IMSIs that onboarding.imsis has too");
    }
}

/*= dimsi-11 */
static void operators_own(struct checker *k, const struct raw_dimsi *raw,
                          const struct hssd_config *c, struct hssd_dimsi *d)
{
    static const char *const policies[] = {"open", "learn"};
    static const char *const algorithms[] = {"milenage", "tuak"};
    if (d->rsmf.link == NULL) {
        if (raw->operator_imsis_count > 0) {
            check_wrong(k, "operator_imsis", "has no meaning without `rsmf`");
        }
        return;
    }
    d->operator_profile =
        profile(k, "operator_profile", raw->operator_profile, c, CERTATTACH_APNS_MAX);
    d->operator_policy = check_choice(k, "operator_policy", raw->operator_policy, policies, 2, 0)
                             ? BINDING_LEARN
                             : BINDING_OPEN;
    d->operator_algorithm =
        check_choice(k, "algorithm", raw->algorithm, algorithms, 2, 0) ? AKA_TUAK : AKA_MILENAGE;
    hssd_check_pools(k, "operator_imsis", raw->operator_imsis, raw->operator_imsis_count, c,
                     d->operator_pools, &d->n_operator_pools);
    if (k->err == E_OK &&
        hssd_pools_overlap(d->pools, d->n_pools, d->operator_pools, d->n_operator_pools)) {
        check_wrong(k, "operator_imsis", "has IMSIs that imsis has too");
    }
    apart(k, "operator_imsis", &c->onboarding, d->operator_pools, d->n_operator_pools);
}

static void given(struct checker *k, const struct raw_dimsi *raw, const struct hssd_config *c,
                  struct hssd_dimsi *d)
{
    d->profile = profile(k, "profile", raw->profile, c, HSSD_APNS_MAX);
    hssd_check_pools(k, "imsis", raw->imsis, raw->imsis_count, c, d->pools, &d->n_pools);
    apart(k, "imsis", &c->onboarding, d->pools, d->n_pools);
    operators_own(k, raw, c, d);
}

/* ---- all of it ---- */

static void numbers(struct checker *k, const struct raw_dimsi *r, struct hssd_dimsi *d)
{
    d->entry_seconds = check_bounded(k, "entry_seconds", r->entry_seconds, 60, YEAR_S, 30 * DAY_S);
    d->quarantine_seconds =
        check_bounded(k, "quarantine_seconds", r->quarantine_seconds, 0, 10 * YEAR_S, 30 * DAY_S);
    d->poll_seconds = check_bounded(k, "poll_seconds", r->poll_seconds, 1, 3600, 5);
    d->pool_low_percent = check_bounded(k, "pool_low_percent", r->pool_low_percent, 0, 100, 10);
    d->threads = check_bounded(k, "threads", r->threads, 1, HSSD_DIMSI_THREADS_MAX, 4);
    d->requests_per_second =
        check_bounded(k, "requests_per_second", r->requests_per_second, 1, 100000, 100);
    d->burst = check_bounded(k, "burst", r->burst, 1, 100000, 1000);
}

static bool is_there(const struct raw_dimsi *r)
{
    return r->plmn != NULL || r->listen != NULL || r->certificate != NULL || r->key != NULL ||
           r->ca != NULL || r->imsis_count > 0 || r->service_providers_count > 0 ||
           r->arpfs_count > 0 || r->discovery_count > 0 || r->rsmf.link != NULL ||
           r->ausf.certificate != NULL || r->sp.roots != NULL || r->ci.roots != NULL;
}

void hssd_check_dimsi(struct checker *k, const struct raw_config *raw, struct hssd_config *config)
{
    const struct raw_dimsi *r = &raw->dimsi;
    struct hssd_dimsi *d = &config->dimsi;
    check_section(k, "dimsi.");
    numbers(k, r, d);
    if (!is_there(r)) {
        return;
    }
    d->enabled = true;
    own_plmn(k, r->plmn, config, d);
    listener(k, r, d);
    trust(k, r, d);
    hssd_check_dimsi_parties(k, r, d);
    check_section(k, "dimsi.");
    given(k, r, config, d);
}

void hssd_free_dimsi(struct hssd_config *config)
{
    struct hssd_dimsi *d = &config->dimsi;
    char *const texts[] = {d->certificate,
                           d->key,
                           d->ca,
                           d->crl,
                           d->ausf_certificate,
                           d->ausf_key,
                           d->agreement_certificate,
                           d->agreement_key,
                           d->sp_roots,
                           d->sp_crl,
                           d->ci_roots,
                           d->ci_crl,
                           d->profile,
                           d->operator_profile};
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
        free(texts[i]);
    }
    hssd_free_dimsi_parties(d);
}
