/* test/rsmfd/rsmf_world.h - an RSMF on a thread of its own, with operators and secure elements that
 * come to it over real TLS on loopback. Header only: tests are single files. */
#ifndef BINDERY_TEST_RSMFD_RSMF_WORLD_H
#define BINDERY_TEST_RSMFD_RSMF_WORLD_H

#include "rsmfd/rsmf_pki.h"

#include "crypto/openssl.h"
#include "emulator/rsm.h"
#include "net/https_client.h"
#include "nf/common/base64.h"
#include "nf/rsmfd/rsmfd.h"

#include <pthread.h>
#include <sched.h>
#include <stdatomic.h>
#include <uv.h>

#define REALM_1 "epc.mnc001.mcc001.3gppnetwork.org"
#define REALM_2 "epc.mnc002.mcc001.3gppnetwork.org"

struct element { /* a secure element */
    EVP_PKEY *key;
    uint8_t der[3][2048]; /* CERT.SE, CERT.PN, CI */
    struct rsm_se se;
    char digest[65];
    unsigned signed_n, fail; /* the next so many are not signed */
};
struct world {
    struct pki pki;
    char path[64], sources[64], operators[64], crl[16], more[1024];
    struct log *log; /* or NULL */
    struct rsmfd_config *config;
    struct rsmfd rsmfd;
    struct rsmfd_why why;
    uv_loop_t loop;
    uv_async_t stop, reload;
    pthread_t thread;
    bool running;
    atomic_int reloads;
    enum err reloaded;
    struct config_changes changes; /* of the last one that was taken */
    struct element se[2];
    struct rsm_place place;
    uint8_t profile[2][CERTATTACH_PROFILE_MAX];
    size_t profile_n[2];
    uint8_t got[CERTATTACH_PROFILE_MAX];
    size_t got_n;
    char said[RSM_WHY_MAX];
    unsigned status; /* of the last answer */
    char text[16384];
};

/* ---- certificates ---- */

static inline void make_certificates(struct world *w)
{
    struct pki *p = &w->pki;
    pki_open(p);
    pki_root(p, "ci");
    pki_root(p, "other-ci");
    pki_root(p, "ops");
    pki_part_number(p, "pn", "ci");
    pki_part_number(p, "pn2", "ci");
    pki_part_number(p, "other-pn", "other-ci");
    pki_leaf(p, "se0", "pn", VERIFY_OID_ROLES ".5", NULL, 0);
    pki_leaf(p, "se1", "pn2", VERIFY_OID_ROLES ".5", NULL, 0);
    pki_leaf(p, "home", "ops", VERIFY_OID_ROLES ".4", "DNS:" REALM_1, 0);
    pki_leaf(p, "second", "ops", VERIFY_OID_ROLES ".4", "DNS:" REALM_2, 0);
    pki_leaf(p, "third", "ops", VERIFY_OID_ROLES ".4", "DNS:epc.mnc003.mcc001.3gppnetwork.org", 0);
    pki_leaf(p, "provider", "ops", VERIFY_OID_ROLES ".3", "DNS:" REALM_1, 0);
    pki_server(p, "left", "ops", "DNS:localhost");
    pki_server(p, "right", "ci", "DNS:rsmf." REALM_1 ",DNS:rsmf." REALM_2);
    pki_server(p, "foreign", "other-ci", "DNS:rsmf." REALM_1);
    pki_server(p, "by-part", "pn", "DNS:rsmf." REALM_1);
    pki_lists(p, NULL, NULL);
}

static inline bool element_sign(void *ctx, const uint8_t *content, size_t n, uint8_t out[64])
{
    struct element *e = ctx;
    if (e->fail > 0) {
        e->fail--;
        return false;
    }
    e->signed_n++;
    assert_int_equal(content[0], ' '); /* nothing that begins as a token does */
    return pki_sign(e->key, content, n, out);
}

static inline void element_close(struct element *e)
{
    EVP_PKEY_free(e->key);
    e->key = NULL;
}

static inline void element_open(struct world *w, struct element *e, const char *name,
                                const char *pn)
{
    const char *const names[] = {name, pn, "ci"};
    struct crypto crypto;
    uint8_t digest[32];
    element_close(e);
    e->key = pki_key(pki_path(&w->pki, name, ".key"));
    e->se = (struct rsm_se){.ctx = e, .sign = element_sign, .n_chain = 2, .n_ci = 1};
    for (size_t i = 0; i < 3; i++) {
        const struct bytes der = {e->der[i], pki_der(&w->pki, names[i], e->der[i])};
        *(i < 2 ? &e->se.chain[i] : &e->se.ci[0]) = der;
    }
    assert_ok(crypto_openssl_open(&crypto));
    assert_ok(crypto.sha256(crypto.ctx, e->se.chain, 1, digest));
    crypto_openssl_close(&crypto);
    hex_encode(BYTES_OF(digest), e->digest);
}

/* ---- the RSMF ---- */

static inline void write_config(struct world *w)
{
    FILE *f = fopen(w->path, "w");
    assert_non_null(f);
    fprintf(f,
            "plmn: \"001-01\"\nlisten: \"https://127.0.0.1:0\"\ncertificate: left.crt\n"
            "key: left.key\nca: ops.crt\noperators: [%s]\n"
            "devices:\n  listen: \"https://127.0.0.1:0\"\n  certificate: right.crt\n"
            "  key: right.key\n  ci: {roots: ci.crt%s}\n  sources: [%s]\n"
            "store: rsmf.db\nkek: rsmf.kek\nadmin: rsmf.sock\n"
            "limits: {requests_per_second: 100000, burst: 100000}\n%s",
            w->operators, w->crl, w->sources, w->more);
    fclose(f);
}

static inline void on_stop(uv_async_t *async)
{
    uv_stop(async->loop);
}

static inline void on_reload(uv_async_t *async)
{
    struct world *w = async->data;
    struct config_why reason;
    config_changes_free(&w->changes);
    w->reloaded = rsmfd_reload(&w->rsmfd, &w->changes, &reason);
    snprintf(w->why.text, sizeof w->why.text, "%s: %s", reason.place, reason.sentence);
    w->reloads++;
}

static inline void *serve(void *arg)
{
    struct world *w = arg;
    uv_run(&w->loop, UV_RUN_DEFAULT);
    return NULL;
}

static inline void begin(struct world *w)
{
    struct config_why why = {.sentence = ""};
    if (rsmfd_config_load(w->path, &w->config, &why) != E_OK) {
        fail_msg("%s: %s", why.place, why.sentence);
    }
    uv_loop_init(&w->loop);
    w->stop.data = w->reload.data = w;
    uv_async_init(&w->loop, &w->stop, on_stop);
    uv_async_init(&w->loop, &w->reload, on_reload);
    w->rsmfd = (struct rsmfd){.config = w->config, .log = w->log};
    if (rsmfd_start(&w->rsmfd, &w->loop, &w->why) != E_OK) {
        fail_msg("%s", w->why.text);
    }
    w->place.port = https_api_bound(w->rsmfd.devices).port;
    assert_int_equal(pthread_create(&w->thread, NULL, serve, w), 0);
    w->running = true;
}

static inline void end(struct world *w)
{
    uv_async_send(&w->stop);
    pthread_join(w->thread, NULL);
    rsmfd_stop(&w->rsmfd);
    uv_close((uv_handle_t *)&w->stop, NULL);
    uv_close((uv_handle_t *)&w->reload, NULL);
    uv_run(&w->loop, UV_RUN_DEFAULT);
    assert_int_equal(uv_loop_close(&w->loop), 0);
    rsmfd_config_free(w->config);
    w->running = false;
}

static inline void restart(struct world *w)
{
    end(w);
    begin(w);
}

static inline enum err reload(struct world *w)
{
    const int before = w->reloads;
    write_config(w);
    uv_async_send(&w->reload);
    while (w->reloads == before) {
        sched_yield();
    }
    return w->reloaded;
}

/* A profile of this network, whose K says which one it is. */
static inline size_t make_profile(const char *mnc, uint8_t mark, uint8_t *out)
{
    struct certattach_profile p = {.policy = 0};
    char imsi[16];
    size_t n = 0;
    snprintf(imsi, sizeof imsi, "001%s0000800001", mnc);
    assert_ok(imsi_parse(bytes_of_str(imsi), &p.imsi));
    snprintf(imsi, sizeof imsi, "001-%s", mnc);
    assert_ok(plmn_parse(bytes_of_str(imsi), &p.home));
    p.keys.algorithm = AKA_MILENAGE;
    p.keys.k.n = p.keys.opc.n = 16;
    p.keys.res_len = 8;
    memset(p.keys.k.b, mark, 16);
    memset(p.keys.opc.b, 0x77, 16);
    assert_ok(certattach_profile_write(&p, out, &n));
    return n;
}

static inline int setup(void **state)
{
    struct world *w = calloc(1, sizeof *w);
    make_certificates(w);
    snprintf(w->path, sizeof w->path, "%s", pki_path(&w->pki, "rsmfd", ".yaml"));
    snprintf(w->operators, sizeof w->operators, "\"001-01\", \"001-02\"");
    snprintf(w->sources, sizeof w->sources, "\"127.0.0.0/8\"");
    write_config(w);
    begin(w);
    element_open(w, &w->se[0], "se0", "pn");
    element_open(w, &w->se[1], "se1", "pn2");
    assert_ok(plmn_parse(BYTES_LIT("001-01"), &w->place.home));
    w->place.address = "127.0.0.1";
    w->place.total_ms = 60000;
    w->profile_n[0] = make_profile("01", 0x11, w->profile[0]);
    w->profile_n[1] = make_profile("01", 0x22, w->profile[1]);
    *state = w;
    return 0;
}

static inline int teardown(void **state)
{
    struct world *w = *state;
    if (w->running) {
        end(w);
    }
    element_close(&w->se[0]);
    element_close(&w->se[1]);
    pki_close(&w->pki);
    config_changes_free(&w->changes);
    free(w);
    return 0;
}

/* ---- operators ---- */

static inline unsigned ask_at(struct world *w, const struct https_client_options *o,
                              const char *method, const char *url, const char *body)
{
    struct https_client *c = NULL;
    struct https_reply r;
    const struct https_request q = {
        .method = method, .url = url, .body = bytes_of_str(body != NULL ? body : "")};
    assert_ok(https_client_open(o, &c));
    enum err err = https_client_do(c, &q, &r);
    if (err != E_OK) {
        fail_msg("%s: %s", err_name(err), r.reason);
    }
    w->status = r.status;
    snprintf(w->text, sizeof w->text, "%.*s", (int)r.body.n, (const char *)r.body.p);
    https_client_close(c);
    return w->status;
}

/* With the certificate of this name, at the operators' listener. */
static inline unsigned ask_as(struct world *w, const char *name, const char *method,
                              const char *path, const char *body)
{
    char url[160];
    const struct https_client_options o = {.certificate = pki_path(&w->pki, name, ".crt"),
                                           .key = pki_path(&w->pki, name, ".key"),
                                           .ca = pki_path(&w->pki, "ops", ".crt"),
                                           .total_ms = 60000};
    snprintf(url, sizeof url, "https://localhost:%u%s", https_api_bound(w->rsmfd.operators).port,
             path);
    return ask_at(w, &o, method, url, body);
}

static inline unsigned deliver_as(struct world *w, const char *name, const struct element *e,
                                  const char *imsi, struct bytes profile)
{
    char path[100], body[2048], text[BASE64_ROOM(CERTATTACH_PROFILE_MAX)];
    base64_encode(profile, text);
    snprintf(path, sizeof path, "/v1/deliveries/%s", e->digest);
    snprintf(body, sizeof body, "{\"imsi\":\"%s\",\"profile\":\"%s\"}", imsi, text);
    return ask_as(w, name, "PUT", path, body);
}

static inline struct bytes profile_of(const struct world *w, size_t i)
{
    return (struct bytes){w->profile[i], w->profile_n[i]};
}

static inline unsigned deliver(struct world *w, const struct element *e, size_t i)
{
    return deliver_as(w, "home", e, "001010000700001", profile_of(w, i));
}

static inline unsigned look_as(struct world *w, const char *name, const struct element *e)
{
    char path[100];
    snprintf(path, sizeof path, "/v1/deliveries/%s", e->digest);
    return ask_as(w, name, "GET", path, NULL);
}

static inline unsigned withdraw_as(struct world *w, const char *name, const struct element *e)
{
    char path[100];
    snprintf(path, sizeof path, "/v1/deliveries/%s", e->digest);
    return ask_as(w, name, "DELETE", path, NULL);
}

static inline void assert_said(const struct world *w, const char *part)
{
    if (strstr(w->text, part) == NULL) {
        fail_msg("`%s` is not in: %s", part, w->text);
    }
}

/* ---- devices ---- */

struct request {
    uint8_t b[RSM_REQUEST_LEN];
};
static inline struct request request_of(uint8_t mark)
{
    struct request r;
    memset(r.b, mark, sizeof r.b);
    return r;
}

static inline enum rsm_outcome fetch(struct world *w, struct element *e, uint8_t mark)
{
    struct request r = request_of(mark);
    return rsm_fetch(&e->se, &w->place, r.b, w->got, &w->got_n, w->said);
}

static inline enum rsm_outcome confirm(struct world *w, struct element *e, uint8_t mark)
{
    struct request r = request_of(mark);
    return rsm_confirm(&e->se, &w->place, r.b, w->said);
}

static inline void assert_outcome_at(const struct world *w, enum rsm_outcome have,
                                     enum rsm_outcome want, const char *file, int line)
{
    if (have != want) {
        print_error("%s, not %s: %s\n", rsm_outcome_name(have), rsm_outcome_name(want), w->said);
        _fail(file, line);
    }
}
#define assert_outcome(w, call, want) assert_outcome_at((w), (call), (want), __FILE__, __LINE__)

#endif
