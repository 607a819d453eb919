#include "nf/hssd/config_raw.h"

#include "nf/common/devid_port.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define DAY_S   86400u
#define YEAR_S  (366 * DAY_S)
#define URL_MAX 300

/* ---- one repository ---- */

/* A host, perhaps a port, and no path: the paths are the repository's own. */
static void url(struct checker *k, const char *text, struct hssd_repository *r)
{
    static const char scheme[] = "https://";
    const size_t n = sizeof scheme - 1;
    r->url = check_text(k, "url", text);
    if (r->url == NULL) {
        return;
    }
    size_t length = strlen(r->url);
    if (length > n && r->url[length - 1] == '/') {
        r->url[--length] = '\0';
    }
    if (strncmp(r->url, scheme, n) != 0 || length == n || length > URL_MAX ||
        strcspn(r->url + n, "/?#@ \t") != length - n) {
        check_wrong(k, "url", "`%.80s` is not a URL such as https://bindings.example.com:8443",
                    text);
    }
}

static char *readable(struct checker *k, const char *key, const char *text)
{
    char *path = check_path(k, key, text);
    if (path != NULL && access(path, R_OK) != 0) {
        check_wrong(k, key, "`%.100s` cannot be read", path);
    }
    return path;
}

static void tls(struct checker *k, const struct raw_repository *raw, struct hssd_repository *r)
{
    bool loopback = r->url != NULL && (strncmp(r->url, "https://127.", 12) == 0 ||
                                       strncmp(r->url, "https://[::1]", 13) == 0 ||
                                       strncmp(r->url, "https://localhost", 17) == 0);
    struct check_tls t = check_tls_files(k, raw->certificate, raw->key, raw->ca, loopback);
    r->certificate = t.certificate;
    r->key = t.key;
    r->ca = t.ca;
    r->crl = raw->crl != NULL ? readable(k, "crl", raw->crl) : NULL;
}

static void signers(struct checker *k, const struct raw_repository *raw, struct hssd_repository *r)
{
    char key[32];
    if (raw->signers_count == 0 || raw->signers_count > DEVID_PORT_SIGNERS_MAX) {
        check_wrong(k, "signers",
                    "is missing, empty or longer than %d: list the public keys that sign the "
                    "repository's records",
                    DEVID_PORT_SIGNERS_MAX);
        return;
    }
    r->signers = check_alloc(k, raw->signers_count, sizeof *r->signers);
    r->n_signers = r->signers != NULL ? raw->signers_count : 0;
    for (size_t i = 0; i < r->n_signers; i++) {
        snprintf(key, sizeof key, "signers[%zu]", i);
        r->signers[i] = readable(k, key, raw->signers[i]);
    }
}

static void ranges(struct checker *k, const struct raw_repository *raw, struct hssd_repository *r)
{
    char key[40];
    r->ranges = check_alloc(k, raw->imei_ranges_count, sizeof *r->ranges);
    r->n_ranges = r->ranges != NULL ? raw->imei_ranges_count : 0;
    for (size_t i = 0; i < r->n_ranges && k->err == E_OK; i++) {
        if (imei_range_parse(bytes_of_str(raw->imei_ranges[i]), &r->ranges[i]) != E_OK) {
            snprintf(key, sizeof key, "imei_ranges[%zu]", i);
            check_wrong(k, key, "`%.40s` is not a TAC, an IMEI, or two IMEIs with a hyphen between",
                        raw->imei_ranges[i]);
        }
    }
}

/* Are the keys that sign records really those that the file says? Found out now, and not when the
 * first device comes. */
static void signers_hold(struct checker *k, const struct hssd_repository *r)
{
    const struct devid_port_options options = {
        .signers = (const char *const *)(uintptr_t)r->signers, .n_signers = r->n_signers};
    struct devid_verifier *v = NULL;
    struct verify_why why;
    if (k->err == E_OK && devid_port_open(&options, &v, &why) != E_OK) {
        check_wrong(k, "signers", "%.200s", why.text);
    }
    devid_port_close(v);
}

static void repository(struct checker *k, const struct raw_repository *raw,
                       struct hssd_repository *r)
{
    r->name = check_identity(k, "name", raw->name);
    url(k, raw->url, r);
    tls(k, raw, r);
    signers(k, raw, r);
    ranges(k, raw, r);
    signers_hold(k, r);
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
    return config->eir.enabled || config->n_repositories > 0;
}

uint32_t hssd_config_answer_max(const struct hssd_config *config)
{
    return config->n_repositories > 0 ? HSSD_ANSWER_LONG : HSSD_ANSWER_SHORT;
}
