/* test/arpfd/world.h - an ARPF in one process with those who come to it: secure elements, service
 * providers and operators, each with certificates of their own; asked over HTTPS. Header only:
 * tests are single files. */
#ifndef BINDERY_TEST_ARPFD_WORLD_H
#define BINDERY_TEST_ARPFD_WORLD_H

#include "arpfd/papers.h"

#include "crypto/openssl.h"
#include "net/https_client.h"
#include "nf/arpfd/arpfd.h"
#include "nf/common/dimsi_json.h"
#include "nf/common/dimsi_port.h"

#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdatomic.h>
#include <uv.h>

#define DIMSI "901700000000001"

struct world {
    struct pki pki;
    struct arpfd_config *config;
    struct arpfd arpfd;
    struct log *log;
    char path[64], more[1024]; /* of the configuration, behind its end */
    const char *agreement;     /* its list of keys */
    unsigned burst;
    uv_loop_t loop;
    uv_async_t stop, reload;
    pthread_t thread;
    atomic_int reloads;
    enum err reloaded;
    struct config_changes changes; /* of the last one that was taken */
    struct arpfd_why why;
    atomic_llong ahead; /* seconds that its clock is ahead */
    struct crypto crypto;
    char answer[65536]; /* the last */
};
static _Thread_local bool on_server; /* is this the server's thread? */

/* ---- the ARPF ---- */

static inline void write_config(struct world *w)
{
    FILE *f = fopen(w->path, "w");
    assert_non_null(f);
    fprintf(f,
            "name: " ARPF_NAME "\nlisten: \"https://127.0.0.1:0\"\n"
            "certificate: server.crt\nkey: server.key\nca: ca.crt\n"
            "agreement: %s\n"
            "sp: {roots: spca.crt}\n"
            "service_providers:\n"
            "  - {name: " SP_NAME ", dimsis: [\"901700000000000-901709999999999\"]}\n"
            "  - {name: SP2.example.org, dimsis: [\"901710000000000-901719999999999\"]}\n"
            "operators: [\"001-01\", \"001-02\"]\n"
            "store: arpf.db\nadmin: arpfd.sock\nlimits: {requests_per_second: 1, burst: %u}\n%s",
            w->agreement, w->burst, w->more);
    fclose(f);
}
#define REST_OF_CONFIG                                                                             \
    "ci: {roots: ci.crt}\nendorsement: {certificate: ecdsa.crt, key: ecdsa.key}\n"

static inline void on_stop(uv_async_t *async)
{
    uv_stop(async->loop);
}

static inline void on_reload(uv_async_t *async)
{
    struct world *w = async->data;
    struct config_why reason;
    config_changes_free(&w->changes);
    w->reloaded = arpfd_reload(&w->arpfd, &w->changes, &reason);
    snprintf(w->why.text, sizeof w->why.text, "%s: %s", reason.place, reason.sentence);
    w->reloads++;
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

static inline void *serve(void *arg)
{
    struct world *w = arg;
    on_server = true;
    uv_run(&w->loop, UV_RUN_DEFAULT);
    return NULL;
}

static inline uint64_t clock_stands(void *ctx)
{
    (void)ctx;
    return 1000000;
}

static inline int64_t clock_ahead(void *ctx)
{
    struct world *w = ctx;
    return (int64_t)time(NULL) + w->ahead;
}

static inline void arpfd_up(struct world *w)
{
    struct config_why why;
    write_config(w);
    if (arpfd_config_load(w->path, &w->config, &why) != E_OK) {
        fail_msg("%s: %s", why.place, why.sentence);
    }
    uv_loop_init(&w->loop);
    w->stop.data = w->reload.data = w;
    uv_async_init(&w->loop, &w->stop, on_stop);
    uv_async_init(&w->loop, &w->reload, on_reload);
    w->arpfd = (struct arpfd){.config = w->config,
                              .log = w->log,
                              .now_ms = clock_stands,
                              .wall_s = clock_ahead,
                              .clock = w};
    if (arpfd_start(&w->arpfd, &w->loop, &w->why) != E_OK) {
        fail_msg("%s", w->why.text);
    }
    pthread_create(&w->thread, NULL, serve, w);
}

static inline void arpfd_down(struct world *w)
{
    uv_async_send(&w->stop);
    pthread_join(w->thread, NULL);
    arpfd_stop(&w->arpfd);
    uv_close((uv_handle_t *)&w->stop, NULL);
    uv_close((uv_handle_t *)&w->reload, NULL);
    uv_run(&w->loop, UV_RUN_DEFAULT);
    assert_int_equal(uv_loop_close(&w->loop), 0);
    arpfd_config_free(w->config);
}

static inline int setup(void **state)
{
    struct world *w = calloc(1, sizeof *w);
    make_certificates(&w->pki);
    snprintf(w->path, sizeof w->path, "%s", pki_path(&w->pki, "arpfd", ".yaml"));
    w->burst = 100000;
    w->agreement = "[{certificate: ecka.crt, key: ecka.key}]";
    snprintf(w->more, sizeof w->more, REST_OF_CONFIG);
    assert_ok(crypto_openssl_open(&w->crypto));
    arpfd_up(w);
    *state = w;
    return 0;
}

static inline int teardown(void **state)
{
    struct world *w = *state;
    arpfd_down(w);
    crypto_openssl_close(&w->crypto);
    pki_close(&w->pki);
    config_changes_free(&w->changes);
    free(w);
    return 0;
}

/* ---- asking ---- */

static inline struct https_client *client_of(struct world *w, const char *name)
{
    struct https_client *c = NULL;
    const struct https_client_options o = {.certificate = pki_path(&w->pki, name, ".crt"),
                                           .key = pki_path(&w->pki, name, ".key"),
                                           .ca = pki_path(&w->pki, "ca", ".crt"),
                                           .total_ms = 60000};
    assert_ok(https_client_open(&o, &c));
    return c;
}

/* Over a connection of its own; the answer is w->answer. */
static inline unsigned ask(struct world *w, const char *who, const char *method, const char *path,
                           const char *body)
{
    struct https_reply r;
    char url[160];
    struct https_client *c = client_of(w, who);
    snprintf(url, sizeof url, "https://localhost:%u%s", https_api_bound(w->arpfd.api).port, path);
    const struct https_request q = {
        .method = method, .url = url, .body = bytes_of_str(body != NULL ? body : "")};
    const enum err err = https_client_do(c, &q, &r);
    if (err != E_OK) {
        fail_msg("%s: %s", err_name(err), r.reason);
    }
    snprintf(w->answer, sizeof w->answer, "%.*s", (int)r.body.n, (const char *)r.body.p);
    https_client_close(c);
    return r.status;
}

static inline json_t *answer(const struct world *w)
{
    json_t *v = json_loads(w->answer, 0, NULL);
    assert_non_null(v);
    return v;
}

/* The last answer was this problem. */
static inline void assert_problem(const struct world *w, const char *cause)
{
    char type[80];
    snprintf(type, sizeof type, "\"type\":\"/problems/%s\"", cause);
    if (strstr(w->answer, type) == NULL) {
        fail_msg("not %s: %s", cause, w->answer);
    }
}

/* ---- a secure element and its service provider ---- */

struct se {
    struct world *w;
    const char *name, *ecka; /* certificates */
    struct signer *key;
    uint8_t point[DIMSI_POINT_LEN]; /* instead of an own one, when [0] is not 0 */
};

static inline enum dimsi_cause se_arpf(void *ctx, const struct bytes *chain, size_t n,
                                       struct dimsi_name *name,
                                       uint8_t point[static DIMSI_POINT_LEN])
{
    struct se *se = ctx;
    struct verifier *ci = NULL;
    struct verify_why why;
    const struct verify_files files = {pki_path(&se->w->pki, "ci", ".crt"), NULL};
    assert_ok(verifier_open(&files, &ci, &why));
    const enum dimsi_cause cause =
        dimsi_agreement_chain(ci, VERIFY_ROLE_ARPF, chain, n, (int64_t)time(NULL), name, point);
    verifier_close(ci);
    return cause;
}

static inline enum err se_agree(void *ctx, const uint8_t arpf[static DIMSI_POINT_LEN],
                                uint8_t own[static DIMSI_POINT_LEN], uint8_t z[static 32])
{
    struct se *se = ctx;
    const enum err err = eck_fresh((struct bytes){arpf, DIMSI_POINT_LEN}, own, z);
    if (se->point[0] != 0) {
        memcpy(own, se->point, sizeof se->point);
    }
    return err;
}

static inline enum err se_sign(void *ctx, struct bytes content,
                               uint8_t signature[static DIMSI_SIGNATURE_LEN])
{
    struct se *se = ctx;
    return signer_sign(se->key, content, signature);
}

/* What an operator has in hand to ask with. */
struct deal {
    struct dimsi_slot slot;
    uint8_t token[DIMSI_ATK_MAX], digest[DIMSI_DIGEST_LEN];
    size_t token_n;
    const char *se, *pn;                 /* certificates; pn NULL: left out */
    struct dimsi_delegation delegation;  /* as it will be signed */
    const char *sp, *encrypt_to, *dimsi; /* certificates; the address */
    bool garble_delegation, garble_signature;
};

static inline struct signer *signer_of(struct world *w, const char *name)
{
    struct signer *s = NULL;
    struct verify_why why;
    if (signer_open(pki_path(&w->pki, name, ".key"), &s, &why) != E_OK) {
        fail_msg("%s", why.text);
    }
    return s;
}

static inline struct dimsi_name name_of(const char *text)
{
    struct dimsi_name n;
    assert_ok(dimsi_name_parse(bytes_of_str(text), &n));
    return n;
}

static inline struct plmn plmn_of(const char *text)
{
    struct plmn p;
    assert_ok(plmn_parse(bytes_of_str(text), &p));
    return p;
}

static inline struct imsi imsi_of(const char *text)
{
    struct imsi i;
    assert_ok(imsi_parse(bytes_of_str(text), &i));
    return i;
}

/* 0-b, 0-c and 0-d: a device with this certificate agrees with the ARPF's, and is offered to 001-01
 * by delegation 1. */
static inline void deal_make(struct world *w, struct se *se, const char *dimsi, const char *sp_name,
                             struct deal *d)
{
    uint8_t own[2048], arpf[2048];
    const struct bytes chain = der_of(&w->pki, se->ecka, arpf);
    const struct dimsi_se_port port = {.ctx = se,
                                       .arpf = se_arpf,
                                       .agree = se_agree,
                                       .sign = se_sign,
                                       .certificate = der_of(&w->pki, se->name, own)};
    const struct dimsi_order order = {imsi_of(dimsi), name_of(sp_name), &chain, 1};
    *d = (struct deal){
        .se = se->name, .pn = "pn", .sp = "sp-sign", .encrypt_to = "op-key", .dimsi = dimsi};
    assert_int_equal(dimsi_se_agree(&w->crypto, &port, &order, &d->slot, d->token, &d->token_n),
                     DIMSI_NONE);
    assert_ok(verify_digest((struct bytes){d->token, d->token_n}, d->digest));
    d->delegation = (struct dimsi_delegation){.target = plmn_of("001-01"),
                                              .arpf = name_of(ARPF_NAME),
                                              .expiry = (int64_t)time(NULL) + DAY_S,
                                              .number = 1};
    memcpy(d->delegation.token, d->digest, sizeof d->digest);
}

static inline void deal_of(struct world *w, const char *se_name, const char *dimsi, struct deal *d)
{
    struct se se = {.w = w, .name = se_name, .ecka = "ecka", .key = signer_of(w, se_name)};
    deal_make(w, &se, dimsi, SP_NAME, d);
    signer_close(se.key);
}

static inline json_t *deal_signed(struct world *w, const struct deal *d)
{
    uint8_t octets[DIMSI_DELEGATION_MAX], signature[SIGNATURE_LEN], sp[2048];
    struct bytes content = dimsi_delegation_write(&d->delegation, octets);
    struct signer *s = signer_of(w, d->sp);
    const struct bytes chain = der_of(&w->pki, d->sp, sp);
    content.n -= d->garble_delegation;
    assert_ok(signer_sign(s, content, signature));
    signature[40] ^= d->garble_signature;
    signer_close(s);
    return dimsi_json_of_signed(content, BYTES_OF(signature), &chain, 1);
}

static inline json_t *deal_body(struct world *w, const struct deal *d)
{
    uint8_t se[2048], pn[2048], key[2048];
    const struct bytes chain[] = {der_of(&w->pki, d->se, se), d->pn != NULL
                                                                  ? der_of(&w->pki, d->pn, pn)
                                                                  : (struct bytes){NULL, 0}};
    const struct bytes to = der_of(&w->pki, d->encrypt_to, key);
    return json_pack("{s:o,s:o,s:o}", "credentials",
                     dimsi_json_of_credentials((struct bytes){d->token, d->token_n}, chain,
                                               d->pn != NULL ? 2 : 1),
                     "delegation", deal_signed(w, d), "encrypt_to", dimsi_json_of_chain(&to, 1));
}

/* 0-e. */
static inline unsigned deal_ask(struct world *w, const struct deal *d, const char *who)
{
    char path[64];
    json_t *body = deal_body(w, d);
    char *text = json_dumps(body, 0);
    snprintf(path, sizeof path, "/v1/releases/%s", d->dimsi);
    const unsigned status = ask(w, who, "PUT", path, text);
    free(text);
    json_decref(body);
    return status;
}

static inline void deal_refused(struct world *w, const struct deal *d, const char *who,
                                unsigned status, const char *cause)
{
    assert_int_equal(deal_ask(w, d, who), status);
    assert_problem(w, cause);
}

/* What the ARPF gave, opened and verified as an operator does it. */
struct given {
    struct key_ek ek;
    struct dimsi_endorsement endorsement;
    uint8_t content[DIMSI_ENDORSEMENT_MAX], signature[SIGNATURE_LEN], box[DIMSI_BOX_LEN];
    size_t content_n;
    uint64_t number;
};

static inline void open_box(struct world *w, const struct deal *d, struct given *g)
{
    struct eck *k = NULL;
    struct verify_why why;
    uint8_t secret[ECK_SECRET_LEN];
    const struct imsi dimsi = imsi_of(d->dimsi);
    assert_ok(eck_open(pki_path(&w->pki, d->encrypt_to, ".key"),
                       pki_path(&w->pki, d->encrypt_to, ".crt"), &k, &why));
    assert_ok(eck_agree(k, (struct bytes){g->box, ECK_COMPRESSED_LEN}, secret));
    assert_ok(dimsi_box_open(&w->crypto, g->box, secret, (struct bytes){g->content, g->content_n},
                             &dimsi, &g->ek));
    eck_close(k);
}

static inline void take_given(struct world *w, const struct deal *d, const char *target,
                              struct given *g)
{
    static struct dimsi_json_space space;
    struct dimsi_json_fault fault;
    struct dimsi_signed s;
    struct bytes box;
    struct dimsi_trust *trust = NULL;
    struct verify_why why;
    struct dimsi_name arpf;
    const struct imsi dimsi = imsi_of(d->dimsi);
    const struct plmn plmn = plmn_of(target);
    json_t *v = answer(w);
    const struct dimsi_trust_options options = {
        .roots = {[DIMSI_ARPF] = {pki_path(&w->pki, "ci", ".crt"), NULL}}};
    space.n = 0;
    assert_true(
        dimsi_json_signed(json_object_get(v, "endorsement"), "endorsement", &space, &s, &fault));
    assert_true(
        dimsi_json_octets(json_object_get(v, "key"), "key", DIMSI_BOX_LEN, &space, &box, &fault));
    assert_int_equal(box.n, DIMSI_BOX_LEN);
    assert_true(s.content.n <= sizeof g->content);
    memcpy(g->content, s.content.p, s.content.n);
    memcpy(g->signature, s.signature.p, sizeof g->signature);
    memcpy(g->box, box.p, box.n);
    g->content_n = s.content.n;
    g->number = (uint64_t)json_integer_value(json_object_get(v, "number"));
    assert_ok(dimsi_trust_open(&options, &trust, &why));
    assert_int_equal(dimsi_endorsed(dimsi_trust_port(trust), s.chain, s.n_chain, s.content,
                                    s.signature, NULL, &dimsi, &plmn, clock_ahead(w),
                                    &g->endorsement, &arpf),
                     DIMSI_NONE);
    assert_string_equal(arpf.text, ARPF_NAME);
    assert_int_equal(g->endorsement.number, g->number);
    assert_memory_equal(g->endorsement.token, d->digest, DIMSI_DIGEST_LEN);
    dimsi_trust_close(trust);
    json_decref(v);
    open_box(w, d, g);
}

/* A good release with this number to `who`. */
static inline void deal_given(struct world *w, const struct deal *d, const char *who,
                              const char *target, uint64_t number, struct given *g)
{
    const unsigned status = deal_ask(w, d, who);
    if (status != 200) {
        fail_msg("%u: %s", status, w->answer);
    }
    take_given(w, d, target, g);
    assert_int_equal(g->number, number);
    assert_memory_equal(g->ek.b, d->slot.ek.b, DIMSI_EK_LEN);
}

static inline unsigned take_back(struct world *w, const struct deal *d, const char *who,
                                 unsigned number)
{
    char path[128], body[64], token[65];
    hex_encode(BYTES_OF(d->digest), token);
    snprintf(path, sizeof path, "/v1/revocations/%s", token);
    snprintf(body, sizeof body, "{\"number\":%u}", number);
    return ask(w, who, "PUT", path, body);
}

#endif
