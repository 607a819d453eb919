/* The authorities whose devices get subscriptions: `onboarding.authorities`. */
#include "nf/hssd/config_raw.h"

#include "net/verify.h"
#include "proc/certattach.h"
#include "store/store.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define DAY_S 86400u

/* It stands in the store and in events, and in paths of the administration. */
static char *name(struct checker *k, const char *text)
{
    char *out = check_text(k, "name", text);
    size_t n = out != NULL ? strlen(out) : 0;
    if (out != NULL &&
        (n > STORE_AUTHORITY_MAX || strspn(out, "abcdefghijklmnopqrstuvwxyz0123456789.-_") != n)) {
        check_wrong(k, "name", "`%.80s` is not a name of 1 to %d of a-z, 0-9, `.`, `-` and `_`",
                    text, STORE_AUTHORITY_MAX);
    }
    return out;
}

/* The same that a URL must have, so that no authority is configured which no URL can name. */
static char *host(struct checker *k, const char *text)
{
    char url[CERTATTACH_URL_MAX + 1];
    struct certattach_url read;
    char *out = check_text(k, "host", text);
    if (out == NULL) {
        return NULL;
    }
    int n = snprintf(url, sizeof url, "https://%s/DeviceID=x", out);
    if (n < 0 || (size_t)n >= sizeof url ||
        certattach_url_parse(bytes_of_str(url), &read) != E_OK || strcmp(read.host, out) != 0) {
        check_wrong(k, "host",
                    "`%.80s` is not the host of certificate URLs: a DNS name in lower case, such "
                    "as ca.example.org",
                    text);
    }
    return out;
}

/* Found out now, and not when the first device comes. */
static void roots_hold(struct checker *k, const struct hssd_authority *a)
{
    const struct verify_files files = {.ca = a->roots, .crl = a->device_crl};
    struct verifier *v = NULL;
    struct verify_why why = {""};
    if (k->err == E_OK && verifier_open(&files, &v, &why) != E_OK) {
        check_wrong(k, "roots", "%.200s", why.text);
    }
    verifier_close(v);
}

static void trust(struct checker *k, const struct raw_authority *raw, struct hssd_authority *a)
{
    struct check_tls t =
        check_tls_files(k, raw->certificate, raw->key, raw->ca, hssd_link_is_loopback(a->link));
    a->certificate = t.certificate;
    a->key = t.key;
    a->ca = t.ca;
    a->crl = raw->crl != NULL ? hssd_check_readable(k, "crl", raw->crl) : NULL;
    a->roots = hssd_check_readable(k, "roots", raw->roots);
    a->device_crl =
        raw->device_crl != NULL ? hssd_check_readable(k, "device_crl", raw->device_crl) : NULL;
    roots_hold(k, a);
    a->signers = hssd_check_signers(k, raw->signers, raw->signers_count, &a->n_signers);
}

static void quotas(struct checker *k, const struct raw_authority *raw, struct hssd_authority *a)
{
    static const char *const approvals[] = {"hand", "rule"};
    a->by_rule = check_choice(k, "approval", raw->approval, approvals, 2, 0) == 1;
    a->waiting_most = check_bounded(k, "waiting_most", raw->waiting_most, 0, 1000000, 1000);
    a->pending_most = check_bounded(k, "pending_most", raw->pending_most, 1, 10000000, 10000);
    a->per_hour = check_bounded(k, "per_hour", raw->per_hour, 1, 100000000, 1000);
    a->cache_seconds = check_bounded(k, "cache_seconds", raw->cache_seconds, 0, DAY_S, 600);
    a->unknown_seconds = check_bounded(k, "unknown_seconds", raw->unknown_seconds, 0, DAY_S, 60);
}

static void authority(struct checker *k, const struct raw_authority *raw, struct hssd_authority *a)
{
    a->name = name(k, raw->name);
    a->host = host(k, raw->host);
    a->link = hssd_check_link(k, "link", raw->link);
    trust(k, raw, a);
    a->ranges = hssd_check_ranges(k, "ranges", raw->ranges, raw->ranges_count);
    a->n_ranges = a->ranges != NULL ? raw->ranges_count : 0;
    quotas(k, raw, a);
}

static void unique(struct checker *k, const struct hssd_authority *all, size_t at)
{
    for (size_t i = 0; i < at && k->err == E_OK; i++) {
        if (strcmp(all[i].name, all[at].name) == 0) {
            check_wrong(k, "name", "authorities[%zu] is `%.60s` too: name them apart", i,
                        all[at].name);
        } else if (strcmp(all[i].host, all[at].host) == 0) {
            check_wrong(k, "host", "authorities[%zu] has `%.80s` too: a URL names one of them", i,
                        all[at].host);
        }
    }
}

void hssd_check_authorities(struct checker *k, const struct raw_onboarding *raw,
                            struct hssd_onboarding *o)
{
    check_section(k, "onboarding.");
    if (raw->authorities_count == 0) {
        check_wrong(k, "authorities", "is missing or empty: list those whose devices may come");
    }
    o->authorities = check_alloc(k, raw->authorities_count, sizeof *o->authorities);
    for (size_t i = 0; i < raw->authorities_count && k->err == E_OK; i++) {
        check_section(k, "onboarding.authorities[%zu].", i);
        o->n_authorities = i + 1; /* what is half made is freed too */
        authority(k, &raw->authorities[i], &o->authorities[i]);
        unique(k, o->authorities, i);
    }
}

void hssd_free_authorities(struct hssd_onboarding *o)
{
    for (size_t i = 0; i < o->n_authorities; i++) {
        struct hssd_authority *a = &o->authorities[i];
        char *const texts[] = {a->name, a->host, a->link,  a->certificate, a->key,
                               a->ca,   a->crl,  a->roots, a->device_crl};
        for (size_t j = 0; j < sizeof texts / sizeof *texts; j++) {
            free(texts[j]);
        }
        for (size_t j = 0; j < a->n_signers; j++) {
            free(a->signers[j]);
        }
        free(a->signers);
        free(a->ranges);
    }
    free(o->authorities);
}

const struct hssd_authority *hssd_config_authority(const struct hssd_config *config,
                                                   const char *name_wanted)
{
    const struct hssd_onboarding *o = &config->onboarding;
    for (size_t i = 0; i < o->n_authorities; i++) {
        if (strcmp(o->authorities[i].name, name_wanted) == 0) {
            return &o->authorities[i];
        }
    }
    return NULL;
}

const struct hssd_authority *hssd_config_authority_of(const struct hssd_config *config,
                                                      const char *host_wanted)
{
    const struct hssd_onboarding *o = &config->onboarding;
    for (size_t i = 0; i < o->n_authorities; i++) {
        if (strcmp(o->authorities[i].host, host_wanted) == 0) {
            return &o->authorities[i];
        }
    }
    return NULL;
}
