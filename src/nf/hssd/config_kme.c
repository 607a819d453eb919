#include "nf/hssd/config_raw.h"

#include "nf/common/devid_port.h"

#include <string.h>

/* Are CAs and lists really what the file says? Found out now, and not when the first device comes.
 */
static void authorities_hold(struct checker *k, const struct hssd_kme *m)
{
    const struct devid_port_options options = {
        .ca = m->ca, .crl = m->crl, .ca_with_binding = m->ca_with_binding};
    struct devid_verifier *v = NULL;
    struct verify_why why;
    if (k->err == E_OK && devid_port_open(&options, &v, &why) != E_OK) {
        check_wrong(k, "ca", "%.200s", why.text);
    }
    devid_port_close(v);
}

static void authorities(struct checker *k, const struct raw_kme *raw, struct hssd_kme *m)
{
    m->ca = raw->ca != NULL ? check_path(k, "ca", raw->ca) : NULL;
    m->crl = raw->crl != NULL ? check_path(k, "crl", raw->crl) : NULL;
    m->ca_with_binding = check_bool(k, "ca_with_binding", raw->ca_with_binding, false);
    if (raw->crl != NULL && raw->ca == NULL) {
        check_wrong(k, "crl", "has no meaning without `ca`, whose revocation list it is");
    }
    if (m->ca != NULL) {
        authorities_hold(k, m);
    }
}

void hssd_check_kme(struct checker *k, const struct raw_config *raw, struct hssd_config *config)
{
    const struct raw_kme *r = &raw->kme;
    struct hssd_kme *m = &config->kme;
    check_section(k, "kme.");
    m->nonce_seconds = check_bounded(k, "nonce_seconds", r->nonce_seconds, 10, 3600, 120);
    m->threads = check_bounded(k, "threads", r->threads, 1, HSSD_KME_THREADS_MAX, 1);
    m->queue = check_bounded(k, "queue", r->queue, 1, 100000, 256);
    authorities(k, r, m);
    if (config->n_repositories == 0 && (r->ca != NULL || r->ca_with_binding != NULL)) {
        check_wrong(k, r->ca != NULL ? "ca" : "ca_with_binding",
                    "has no meaning without `repositories`, where the devices' certificates are");
    }
}
