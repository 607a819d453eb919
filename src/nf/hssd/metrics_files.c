/* The files of a configuration that end some day: part of nf/hssd/metrics.h. */
#include "nf/hssd/metrics.h"

#define add          metrics_files_add
#define CERTIFICATES FILE_WATCH_CERTIFICATES

static void of_listeners(struct metrics_files *f, const struct hssd_config *c)
{
    for (size_t i = 0; i < c->n_listeners; i++) {
        add(f, CERTIFICATES, c->listeners[i].certificate, "listeners[%zu].certificate", i);
        add(f, CERTIFICATES, c->listeners[i].ca, "listeners[%zu].ca", i);
    }
}

static void of_repositories(struct metrics_files *f, const struct hssd_config *c)
{
    for (size_t i = 0; i < c->n_repositories; i++) {
        const struct hssd_repository *r = &c->repositories[i];
        add(f, CERTIFICATES, r->certificate, "repositories[%zu].certificate", i);
        add(f, CERTIFICATES, r->ca, "repositories[%zu].ca", i);
        add(f, CERTIFICATES, r->crl, "repositories[%zu].crl", i);
    }
    add(f, CERTIFICATES, c->kme.ca, "kme.ca");
    add(f, CERTIFICATES, c->kme.crl, "kme.crl");
}

static void of_onboarding(struct metrics_files *f, const struct hssd_onboarding *o)
{
    add(f, CERTIFICATES, o->certificate, "onboarding.certificate");
    for (size_t i = 0; i < o->n_authorities; i++) {
        const struct hssd_authority *a = &o->authorities[i];
        add(f, CERTIFICATES, a->certificate, "onboarding.authorities[%zu].certificate", i);
        add(f, CERTIFICATES, a->ca, "onboarding.authorities[%zu].ca", i);
        add(f, CERTIFICATES, a->crl, "onboarding.authorities[%zu].crl", i);
        add(f, CERTIFICATES, a->roots, "onboarding.authorities[%zu].roots", i);
        add(f, CERTIFICATES, a->device_crl, "onboarding.authorities[%zu].device_crl", i);
    }
}

static void of_remotes(struct metrics_files *f, const char *list,
                       const struct hssd_dimsi_remote *all, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        add(f, CERTIFICATES, all[i].ca, "dimsi.%s[%zu].ca", list, i);
        add(f, CERTIFICATES, all[i].crl, "dimsi.%s[%zu].crl", list, i);
    }
}

static void of_dimsi(struct metrics_files *f, const struct hssd_dimsi *d)
{
    add(f, CERTIFICATES, d->certificate, "dimsi.certificate");
    add(f, CERTIFICATES, d->ca, "dimsi.ca");
    add(f, CERTIFICATES, d->crl, "dimsi.crl");
    add(f, CERTIFICATES, d->ausf_certificate, "dimsi.ausf.certificate");
    add(f, CERTIFICATES, d->agreement_certificate, "dimsi.ausf.agreement_certificate");
    add(f, CERTIFICATES, d->sp_roots, "dimsi.sp.roots");
    add(f, CERTIFICATES, d->sp_crl, "dimsi.sp.crl");
    add(f, CERTIFICATES, d->ci_roots, "dimsi.ci.roots");
    add(f, CERTIFICATES, d->ci_crl, "dimsi.ci.crl");
    of_remotes(f, "arpfs", d->arpfs, d->n_arpfs);
    of_remotes(f, "discovery", d->discovery, d->n_discovery);
    add(f, CERTIFICATES, d->rsmf.ca, "dimsi.rsmf.ca");
    add(f, CERTIFICATES, d->rsmf.crl, "dimsi.rsmf.crl");
}

void hssd_metrics_files(const void *config, struct metrics_files *out)
{
    const struct hssd_config *c = config;
    add(out, FILE_WATCH_STORE, c->store_path, "store.path");
    add(out, CERTIFICATES, c->admin_https.certificate, "admin.https.certificate");
    add(out, CERTIFICATES, c->admin_https.ca, "admin.https.ca");
    add(out, CERTIFICATES, c->admin_https.crl, "admin.https.crl");
    of_listeners(out, c);
    of_repositories(out, c);
    of_onboarding(out, &c->onboarding);
    of_dimsi(out, &c->dimsi);
}
