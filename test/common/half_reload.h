/* test/common/half_reload.h - for tests of a reload that is refused at the last moment: a daemon's
 * administration over HTTPS and its listener for metrics, as they are before and as they would be
 * after, and whether they are still the ones or already the others. What was read before is gone by
 * then: nothing can be put back from it. Header only: tests are single files. */
#ifndef BINDERY_TEST_COMMON_HALF_RELOAD_H
#define BINDERY_TEST_COMMON_HALF_RELOAD_H

#include "net/pki.h"

#include "net/https_client.h"
#include "nf/common/admin_server.h"
#include "nf/common/log.h"

#include <fcntl.h>

/* Their files are in the folder of the configuration. */
#define HALF_ADMIN_BEFORE                                                                          \
    "{listen: \"https://127.0.0.1:0\", certificate: adm.crt, key: adm.key, ca: adm-ca.crt,"        \
    " users: [{name: before.example, role: administrator}]}"
#define HALF_ADMIN_AFTER                                                                           \
    "{listen: \"https://127.0.0.1:0\", certificate: adm2.crt, key: adm2.key, ca: adm2-ca.crt,"     \
    " crl: adm2.crl, users: [{name: after.example, role: administrator}]}"
#define HALF_METRICS_BEFORE "metrics: {listen: \"http://127.0.0.1:0\"}\n"
#define HALF_METRICS_AFTER  "metrics: {listen: \"http://127.0.0.2:0\"}\n"

struct half {
    struct pki *pki;
    struct log *log; /* for the daemon; it is in the file half.log */
    int fd;
    const char *daemons;     /* NULL: it uses that; or the name of the file of its own log */
    unsigned admin, metrics; /* ports */
    char text[65536];        /* of the log */
};

static inline void half_person(struct half *h, const char *name, const char *names)
{
    pki_make(h->pki, name, "adm-ca", name, names);
    X509 *c = pki_cert(pki_path(h->pki, name, ".crt"));
    EVP_PKEY *own = pki_key(pki_path(h->pki, name, ".key"));
    EVP_PKEY *ca = pki_key(pki_path(h->pki, "adm-ca", ".key"));
    pki_extend(c, NID_ext_key_usage, "clientAuth," VERIFY_OID_ROLES ".9");
    assert_true(X509_sign(c, ca, EVP_sha256()) > 0);
    pki_save(h->pki, name, c, own);
    EVP_PKEY_free(ca);
    EVP_PKEY_free(own);
    X509_free(c);
}

/* `before` is revoked by it. */
static inline void half_list(struct half *h)
{
    FILE *f = fopen(pki_path(h->pki, "adm2", ".crl"), "w");
    X509 *c = pki_cert(pki_path(h->pki, "before", ".crt"));
    X509 *by = pki_cert(pki_path(h->pki, "adm-ca", ".crt"));
    EVP_PKEY *sign = pki_key(pki_path(h->pki, "adm-ca", ".key"));
    X509_CRL *list = X509_CRL_new();
    X509_REVOKED *r = X509_REVOKED_new();
    ASN1_TIME *now = X509_gmtime_adj(NULL, -60), *next = X509_gmtime_adj(NULL, 86400);
    assert_non_null(f);
    X509_REVOKED_set_serialNumber(r, X509_get_serialNumber(c));
    X509_REVOKED_set_revocationDate(r, now);
    X509_CRL_set_version(list, 1);
    X509_CRL_set_issuer_name(list, X509_get_subject_name(by));
    X509_CRL_set1_lastUpdate(list, now);
    X509_CRL_set1_nextUpdate(list, next);
    X509_CRL_add0_revoked(list, r);
    assert_true(X509_CRL_sign(list, sign, EVP_sha256()) > 0);
    assert_int_equal(PEM_write_X509_CRL(f, list), 1);
    fclose(f);
    ASN1_TIME_free(now);
    ASN1_TIME_free(next);
    X509_CRL_free(list);
    EVP_PKEY_free(sign);
    X509_free(by);
    X509_free(c);
}

static inline void half_copy(struct half *h, const char *from, const char *to, const char *suffix)
{
    char command[160];
    snprintf(command, sizeof command, "cp -p '%s' '%s'", pki_path(h->pki, from, suffix),
             pki_path(h->pki, to, suffix));
    assert_int_equal(system(command), 0);
}

/* Before the daemon starts. Its own certificates are there; pki is the folder of its configuration.
 */
static inline void half_open(struct half *h, struct pki *pki)
{
    *h = (struct half){.pki = pki};
    pki_make(pki, "adm-ca", NULL, "adm-ca", NULL);
    pki_make(pki, "adm-other", NULL, "adm-other", NULL);
    pki_make(pki, "adm", "adm-ca", "adm", "DNS:localhost");
    pki_make(pki, "adm2", "adm-other", "adm2", "DNS:localhost");
    half_person(h, "before", "DNS:before.example");
    half_person(h, "after", "DNS:after.example");
    half_list(h);
    half_copy(h, "adm-ca", "adm2-ca", ".crt");
    half_copy(h, "adm-ca", "adm-kept", ".crt");
    const struct log_options options = {
        .program = "test",
        .fd = open(pki_path(pki, "half", ".log"), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600),
        .level = LOG_LEVEL_DEBUG};
    assert_true(options.fd >= 0);
    h->fd = options.fd;
    assert_ok(log_open(&options, &h->log));
}

/* When the daemon has ended. */
static inline void half_close(struct half *h)
{
    log_close(h->log);
    (void)close(h->fd);
}

static inline void half_read(struct half *h, const char *path)
{
    FILE *f = fopen(path, "r");
    assert_non_null(f);
    h->text[fread(h->text, 1, sizeof h->text - 1, f)] = '\0';
    fclose(f);
}

/* The log has it. */
static inline void half_said(struct half *h, const char *event, const char *part)
{
    half_read(h, pki_path(h->pki, h->daemons != NULL ? h->daemons : "half", ".log"));
    const char *at = strstr(h->text, event);
    if (at == NULL || strstr(at, part) == NULL) {
        fail_msg("no %s with `%s` in: %s", event, part, h->text);
    }
}

/* The ports, once the daemon serves, by `admin` of its status and by its log. Frees the view. */
static inline void half_ports(struct half *h, json_t *view)
{
    const char *listen = json_string_value(json_object_get(view, "listen"));
    assert_non_null(listen);
    assert_int_equal(sscanf(listen, "https://127.0.0.1:%u", &h->admin), 1);
    json_decref(view);
    half_said(h, "\"metrics-listener\"", "127.0.0.1:");
    const char *at = strstr(strstr(h->text, "\"metrics-listener\""), "127.0.0.1:");
    assert_int_equal(sscanf(at, "127.0.0.1:%u", &h->metrics), 1);
}

/* The files of before are gone, and others stand where this pair was: with a key that is not the
 * certificate's, or good ones that another CA issued. */
static inline void half_forget(struct half *h)
{
    (void)unlink(pki_path(h->pki, "adm", ".crt"));
    (void)unlink(pki_path(h->pki, "adm", ".key"));
    (void)unlink(pki_path(h->pki, "adm-ca", ".crt"));
}
static inline void half_wrong_key(struct half *h, const char *pair)
{
    half_copy(h, pair, "half-kept", ".key");
    half_copy(h, "adm-other", pair, ".key");
}
static inline void half_right_key(struct half *h, const char *pair)
{
    half_copy(h, "half-kept", pair, ".key");
}
static inline void half_other_pair(struct half *h, const char *pair)
{
    half_copy(h, "adm2", pair, ".crt");
    half_copy(h, "adm2", pair, ".key");
}

/* The status; 0: nobody who has a certificate of this CA answers. */
static inline unsigned half_ask_at(struct half *h, unsigned port, const char *who, const char *ca)
{
    char url[64];
    struct https_reply r;
    struct https_client *c = NULL;
    const struct https_client_options o = {.certificate = pki_path(h->pki, who, ".crt"),
                                           .key = pki_path(h->pki, who, ".key"),
                                           .ca = pki_path(h->pki, ca, ".crt"),
                                           .total_ms = 60000};
    const struct https_request q = {.method = "GET", .url = url};
    snprintf(url, sizeof url, "https://localhost:%u/v1/status", port);
    assert_ok(https_client_open(&o, &c));
    const unsigned status = https_client_do(c, &q, &r) == E_OK ? r.status : 0;
    https_client_close(c);
    return status;
}

static inline unsigned half_ask(struct half *h, const char *who, const char *ca)
{
    return half_ask_at(h, h->admin, who, ca);
}

static inline unsigned half_metrics(struct half *h)
{
    char url[64];
    struct https_reply r;
    struct https_client *c = NULL;
    const struct https_client_options o = {.plain = true, .total_ms = 60000};
    const struct https_request q = {.method = "GET", .url = url};
    snprintf(url, sizeof url, "http://127.0.0.1:%u/health/live", h->metrics);
    assert_ok(https_client_open(&o, &c));
    const unsigned status = https_client_do(c, &q, &r) == E_OK ? r.status : 0;
    https_client_close(c);
    return status;
}

static inline void half_is_before(struct half *h)
{
    assert_int_equal(half_ask(h, "before", "adm-kept"), 200);
    assert_int_equal(half_ask(h, "after", "adm-kept"), 403);
    assert_int_equal(half_metrics(h), 200);
}

static inline void half_is_after(struct half *h)
{
    assert_int_equal(half_ask(h, "before", "adm-other"), 403);
    assert_int_equal(half_ask(h, "after", "adm-other"), 200);
    assert_int_equal(half_metrics(h), 0);
}

#endif
