#include "nf/hssd/config_raw.h"

#include <stdlib.h>
#include <string.h>

#define DAY_S  86400u
#define YEAR_S (366 * DAY_S)

/* ---- one repository ---- */

static void tls(struct checker *k, const struct raw_repository *raw, struct hssd_repository *r)
{
    struct check_tls t =
        check_tls_files(k, raw->certificate, raw->key, raw->ca, hssd_link_is_loopback(r->url));
    r->certificate = t.certificate;
    r->key = t.key;
    r->ca = t.ca;
    r->crl = raw->crl != NULL ? hssd_check_readable(k, "crl", raw->crl) : NULL;
}

static void repository(struct checker *k, const struct raw_repository *raw,
                       struct hssd_repository *r)
{
    r->name = check_identity(k, "name", raw->name);
    r->url = hssd_check_link(k, "url", raw->url);
    tls(k, raw, r);
    r->signers = hssd_check_signers(k, raw->signers, raw->signers_count, &r->n_signers);
    r->ranges = hssd_check_ranges(k, "imei_ranges", raw->imei_ranges, raw->imei_ranges_count);
    r->n_ranges = r->ranges != NULL ? raw->imei_ranges_count : 0;
}

static bool covers(const struct hssd_repository *r, const struct imei *imei)
{
    uint64_t n = imei_number(imei);
    bool in = r->n_ranges == 0;
    for (size_t i = 0; i < r->n_ranges && !in; i++) {
        in = n >= r->ranges[i].first && n <= r->ranges[i].last;
    }
    return in;
}

const struct hssd_repository *hssd_config_repository_of(const struct hssd_config *config,
                                                        const struct imei *imei)
{
    for (size_t i = 0; i < config->n_repositories; i++) {
        if (covers(&config->repositories[i], imei)) {
            return &config->repositories[i];
        }
    }
    return NULL;
}

/* ---- all of them ---- */

static void unique(struct checker *k, const struct hssd_config *c, size_t at)
{
    for (size_t i = 0; i < at && k->err == E_OK; i++) {
        if (strcmp(c->repositories[i].name, c->repositories[at].name) == 0) {
            check_wrong(k, "name", "repositories[%zu] is `%.60s` too: name them apart", i,
                        c->repositories[at].name);
        }
        if (c->repositories[i].n_ranges == 0) {
            check_wrong(k, "name",
                        "is never asked: repositories[%zu] before it covers every IMEI. Give that "
                        "one imei_ranges, or put it last",
                        i);
        }
    }
}

static void repositories(struct checker *k, const struct raw_config *raw, struct hssd_config *c)
{
    c->repositories = check_alloc(k, raw->repositories_count, sizeof *c->repositories);
    for (size_t i = 0; i < raw->repositories_count && k->err == E_OK; i++) {
        check_section(k, "repositories[%zu].", i);
        c->n_repositories = i + 1; /* what is half made is freed too */
        repository(k, &raw->repositories[i], &c->repositories[i]);
        unique(k, c, i);
    }
}

static void times(struct checker *k, const struct raw_devid *raw, struct hssd_devid *d)
{
    d->cache_seconds = check_bounded(k, "cache_seconds", raw->cache_seconds, 0, 30 * DAY_S, 3600);
    d->unknown_seconds =
        check_bounded(k, "unknown_seconds", raw->unknown_seconds, 0, 30 * DAY_S, 60);
    d->stale_seconds = check_bounded(k, "stale_seconds", raw->stale_seconds, 0, 30 * DAY_S, DAY_S);
    d->changes_seconds = check_bounded(k, "changes_seconds", raw->changes_seconds, 1, 3600, 30);
    d->remember_seconds =
        check_bounded(k, "remember_seconds", raw->remember_seconds, 0, YEAR_S, 7 * DAY_S);
}

void hssd_check_devid(struct checker *k, const struct raw_config *raw, struct hssd_config *config)
{
    const struct raw_devid *r = &raw->devid;
    struct hssd_devid *d = &config->devid;
    repositories(k, raw, config);
    check_section(k, "devid.");
    times(k, r, d);
    d->entries = check_bounded(k, "entries", r->entries, 64, 100000000, 100000);
    d->wait_ms = check_bounded(k, "wait_ms", r->wait_ms, 100, 10000, 2000);
    d->queue = check_bounded(k, "queue", r->queue, 1, 100000, 1000);
    d->connections = check_bounded(k, "connections", r->connections, 1, 16, 2);
}

void hssd_free_devid(struct hssd_config *config)
{
    for (size_t i = 0; i < config->n_repositories; i++) {
        struct hssd_repository *r = &config->repositories[i];
        for (size_t j = 0; j < r->n_signers; j++) {
            free(r->signers[j]);
        }
        free(r->signers);
        free(r->ranges);
        free(r->name);
        free(r->url);
        free(r->certificate);
        free(r->key);
        free(r->ca);
        free(r->crl);
    }
    free(config->repositories);
}

bool hssd_config_serves_s13(const struct hssd_config *config)
{
    return config->eir.enabled || config->n_repositories > 0 || hssd_config_onboards(config);
}

uint32_t hssd_config_answer_max(const struct hssd_config *config)
{
    return config->n_repositories > 0 ? HSSD_ANSWER_LONG : HSSD_ANSWER_SHORT;
}
