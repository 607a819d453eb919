/* test/dausfd/dausf_world.h - a discovery AUSF in one process, for the tests beside it: its loop on
 * a thread, target AUSFs that push over HTTPS, an MME that asks over Diameter, and the
 * administration's socket. Header only: tests are single files. */
#ifndef BINDERY_TEST_DAUSFD_DAUSF_WORLD_H
#define BINDERY_TEST_DAUSFD_DAUSF_WORLD_H

#include "net/pki.h"

#include "codec/s6a.h"
#include "net/https_client.h"
#include "nf/common/dimsi_json.h"
#include "nf/common/json_whole.h"
#include "nf/common/node.h"
#include "nf/dausfd/dausfd.h"

#include <openssl/ecdsa.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <time.h>
#include <uv.h>

#define REALM   "epc.mnc070.mcc901.3gppnetwork.org"
#define AUSF    "epc.mnc001.mcc001.3gppnetwork.org"
#define AUSF2   "epc.mnc002.mcc002.3gppnetwork.org"
#define AUSF3   "epc.mnc003.mcc003.3gppnetwork.org"
#define MME     "mme.example"
#define DIMSI   "901700000000001"
#define DIMSI2  "901700000000002"
#define OUTSIDE "901700000000500" /* of the PLMN, and of no ARPF */
#define IMSI    "001010000700001"
#define IMSI2   "002020000700001"

enum order { ORDER_NONE, ORDER_RELOAD, ORDER_TICK, ORDER_STOP };
struct world {
    struct pki pki;
    struct dausfd_config *config;
    struct dausfd dausf;
    struct dausfd_why why;
    struct log *log; /* or NULL */
    char path[64];
    uv_loop_t loop;
    uv_async_t async;
    pthread_t thread;
    atomic_int order, done;
    enum err reloaded;
    struct config_changes changes; /* of the last one that was taken */
    atomic_llong ahead;            /* of the system's clock, in seconds */
};

/* ---- the world ---- */

static void make(struct world *w, const char *name, const char *ca, const char *san,
                 const char *eku)
{
    pki_make(&w->pki, name, ca, name, san);
    X509 *c = pki_cert(pki_path(&w->pki, name, ".crt"));
    EVP_PKEY *own = pki_key(pki_path(&w->pki, name, ".key"));
    EVP_PKEY *by = pki_key(pki_path(&w->pki, ca, ".key"));
    pki_extend(c, NID_key_usage, "digitalSignature");
    pki_extend(c, NID_ext_key_usage, eku);
    assert_true(X509_sign(c, by, EVP_sha256()) > 0);
    pki_save(&w->pki, name, c, own);
    EVP_PKEY_free(by);
    EVP_PKEY_free(own);
    X509_free(c);
}

static void make_certificates(struct world *w)
{
    pki_open(&w->pki);
    pki_make(&w->pki, "ca", NULL, "ca", NULL);
    pki_make(&w->pki, "ci", NULL, "ci", NULL);
    pki_make(&w->pki, "ci2", NULL, "ci2", NULL);
    pki_make(&w->pki, "server", "ca", "server", "DNS:localhost");
    make(w, "ausf", "ca", "DNS:" AUSF, "clientAuth," VERIFY_OID_ROLES ".4");
    make(w, "ausf2", "ca", "DNS:" AUSF2, "clientAuth," VERIFY_OID_ROLES ".4");
    make(w, "ausf3", "ca", "DNS:" AUSF3, "clientAuth," VERIFY_OID_ROLES ".4");
    make(w, "sp", "ca", "DNS:" AUSF, "clientAuth," VERIFY_OID_ROLES ".3");
    make(w, "arpf", "ci", "DNS:arpf.example.org", VERIFY_OID_ROLES ".8");
    make(w, "arpf2", "ci", "DNS:arpf2.example.org", VERIFY_OID_ROLES ".8");
    make(w, "false", "ci2", "DNS:arpf.example.org", VERIFY_OID_ROLES ".8");
    make(w, "se", "ci", "DNS:arpf.example.org", VERIFY_OID_ROLES ".5");
}

static void write_config_of(struct world *w, const char *push, const char *ci,
                            const char *operators, const char *more)
{
    FILE *f = fopen(w->path, "w");
    assert_non_null(f);
    fprintf(f,
            "host: dausf." REALM "\nrealm: " REALM "\nplmns: [\"901-70\"]\nstore: d.db\n"
            "kek: kek\nadmin: admin.sock\nlisteners:\n  - address: tcp://127.0.0.1:0\n"
            "peers:\n  - {origin_host: " MME ", realm: example, visited_plmns: [\"001-01\"]}\n"
            "push: {listen: \"https://127.0.0.1:0\", certificate: server.crt, key: server.key,"
            " ca: ca.crt%s, limits: {requests_per_second: 10000, burst: 10000}}\n"
            "operators: [%s]\nci: {roots: %s.crt}\n"
            "arpfs:\n  - {name: arpf.example.org, dimsis: [\"" DIMSI "-901700000000099\"]}\n%s",
            push, operators, ci, more);
    fclose(f);
}

static void write_config(struct world *w, const char *operators, const char *more)
{
    write_config_of(w, "", "ci", operators, more);
}

static int64_t wall(void *ctx)
{
    struct world *w = ctx;
    return (int64_t)time(NULL) + atomic_load(&w->ahead);
}

static void on_order(uv_async_t *async)
{
    struct world *w = async->data;
    struct config_why reason;
    switch (atomic_exchange(&w->order, ORDER_NONE)) {
    case ORDER_RELOAD:
        config_changes_free(&w->changes);
        w->reloaded = dausfd_reload(&w->dausf, &w->changes, &reason);
        snprintf(w->why.text, sizeof w->why.text, "%s: %s", reason.place, reason.sentence);
        break;
    case ORDER_TICK:
        dausfd_tick(&w->dausf);
        doors_tick(w->dausf.doors);
        break;
    case ORDER_STOP:
        uv_stop(&w->loop);
        break;
    default:
        return;
    }
    w->done++;
}

static void order(struct world *w, enum order what)
{
    const int before = w->done;
    atomic_store(&w->order, what);
    uv_async_send(&w->async);
    while (w->done == before) {
        sched_yield();
    }
}

static void *serve(void *arg)
{
    struct world *w = arg;
    uv_run(&w->loop, UV_RUN_DEFAULT);
    return NULL;
}

static void start(struct world *w)
{
    w->dausf = (struct dausfd){.config = w->config, .log = w->log, .wall_s = wall, .clock = w};
    if (dausfd_start(&w->dausf, &w->loop, &w->why) != E_OK) {
        fail_msg("%s", w->why.text);
    }
    pthread_create(&w->thread, NULL, serve, w);
}

static void stop(struct world *w)
{
    order(w, ORDER_STOP);
    pthread_join(w->thread, NULL);
    dausfd_stop(&w->dausf);
}

static void load(struct world *w)
{
    struct config_why why;
    if (dausfd_config_load(w->path, &w->config, &why) != E_OK) {
        fail_msg("%s: %s", why.place, why.sentence);
    }
}

static int setup(void **state)
{
    struct world *w = calloc(1, sizeof *w);
    make_certificates(w);
    snprintf(w->path, sizeof w->path, "%s", pki_path(&w->pki, "dausfd", ".yaml"));
    write_config(w, "\"001-01\", \"002-02\"", "");
    load(w);
    uv_loop_init(&w->loop);
    w->async.data = w;
    uv_async_init(&w->loop, &w->async, on_order);
    start(w);
    *state = w;
    return 0;
}

static int teardown(void **state)
{
    struct world *w = *state;
    stop(w);
    uv_close((uv_handle_t *)&w->async, NULL);
    uv_run(&w->loop, UV_RUN_DEFAULT);
    assert_int_equal(uv_loop_close(&w->loop), 0);
    dausfd_config_free(w->config);
    pki_close(&w->pki);
    config_changes_free(&w->changes);
    free(w);
    return 0;
}

/* ---- pushing ---- */

struct push {
    const char *dimsi, *imsi, *signer;
    const char *endorsed_dimsi, *endorsed_imsi_of; /* else the same, and 001-01 */
    uint64_t number;
    int64_t expires, expiry; /* seconds from now; 0: 1000 */
    uint8_t amf, rand;
    bool bad_signature, bad_content;
};

static void sign(struct world *w, const char *signer, struct bytes content, uint8_t out[static 64])
{
    uint8_t der[128];
    const uint8_t *p = der;
    size_t n = sizeof der;
    EVP_PKEY *key = pki_key(pki_path(&w->pki, signer, ".key"));
    EVP_MD_CTX *md = EVP_MD_CTX_new();
    assert_int_equal(EVP_DigestSignInit(md, NULL, EVP_sha256(), NULL, key), 1);
    assert_int_equal(EVP_DigestSign(md, der, &n, content.p, content.n), 1);
    ECDSA_SIG *sig = d2i_ECDSA_SIG(NULL, &p, (long)n);
    assert_int_equal(BN_bn2binpad(ECDSA_SIG_get0_r(sig), out, 32), 32);
    assert_int_equal(BN_bn2binpad(ECDSA_SIG_get0_s(sig), out + 32, 32), 32);
    ECDSA_SIG_free(sig);
    EVP_MD_CTX_free(md);
    EVP_PKEY_free(key);
}

static json_t *endorsement_of(struct world *w, const struct push *p)
{
    uint8_t octets[DIMSI_ENDORSEMENT_MAX], signature[64], der[2048], *at = der;
    const char *signer = p->signer != NULL ? p->signer : "arpf";
    const char *dimsi = p->endorsed_dimsi != NULL ? p->endorsed_dimsi : p->dimsi;
    struct dimsi_endorsement e = {.number = p->number != 0 ? p->number : 1,
                                  .expiry = wall(w) + (p->expiry != 0 ? p->expiry : 1000),
                                  .token = {7}};
    assert_ok(imsi_parse(bytes_of_str(dimsi != NULL ? dimsi : DIMSI), &e.dimsi));
    assert_ok(plmn_parse(bytes_of_str(p->endorsed_imsi_of != NULL ? p->endorsed_imsi_of : "00101"),
                         &e.target));
    struct bytes content = dimsi_endorsement_write(&e, octets);
    sign(w, signer, content, signature);
    signature[5] ^= p->bad_signature;
    octets[2] ^= p->bad_content;
    X509 *c = pki_cert(pki_path(&w->pki, signer, ".crt"));
    const struct bytes chain = {der, (size_t)i2d_X509(c, &at)};
    X509_free(c);
    return dimsi_json_of_signed(content, BYTES_OF(signature), &chain, 1);
}

static json_t *repeated(uint8_t octet, size_t n, int amf)
{
    uint8_t octets[16];
    memset(octets, octet, sizeof octets);
    if (amf >= 0) {
        octets[6] = (uint8_t)amf;
        octets[7] = 0;
    }
    return dimsi_json_of_hex((struct bytes){octets, n});
}

static json_t *body_of(struct world *w, const struct push *p)
{
    return json_pack("{s:s, s:o, s:o, s:o, s:o, s:o, s:I, s:o}", "imsi",
                     p->imsi != NULL ? p->imsi : IMSI, "rand",
                     repeated(p->rand != 0 ? p->rand : 0xa1, 16, -1), "autn",
                     repeated(0xa2, 16, p->amf != 0 ? p->amf : 0x80), "xres", repeated(0xa3, 8, -1),
                     "ck", repeated(0xa4, 16, -1), "ik", repeated(0xa5, 16, -1), "expires",
                     (json_int_t)(wall(w) + (p->expires != 0 ? p->expires : 1000)), "endorsement",
                     endorsement_of(w, p));
}

/* The status; *said is the body, NULL for an empty one. */
static unsigned ask(struct world *w, const char *client, const char *method, const char *path,
                    json_t *body, json_t **said)
{
    char url[160];
    size_t n = 0;
    struct https_reply r;
    struct https_client *c = NULL;
    const struct https_client_options o = {.certificate = pki_path(&w->pki, client, ".crt"),
                                           .key = pki_path(&w->pki, client, ".key"),
                                           .ca = pki_path(&w->pki, "ca", ".crt"),
                                           .total_ms = 60000};
    assert_ok(https_client_open(&o, &c));
    char *text = json_whole_text(body, &n);
    snprintf(url, sizeof url, "https://localhost:%u%s", https_api_bound(w->dausf.push).port, path);
    const struct https_request q = {
        .method = method, .url = url, .body = {(const uint8_t *)text, n}};
    assert_ok(https_client_do(c, &q, &r));
    *said = json_loadb((const char *)r.body.p, r.body.n, 0, NULL);
    free(text);
    json_decref(body);
    https_client_close(c);
    return r.status;
}

static const char *text_of(const json_t *object, const char *name)
{
    const char *text = json_string_value(json_object_get(object, name));
    return text != NULL ? text : "";
}

static int64_t number_of(const json_t *object, const char *name)
{
    return json_integer_value(json_object_get(object, name));
}

static unsigned push_of(struct world *w, const char *client, const struct push *p, json_t **said)
{
    char path[64];
    snprintf(path, sizeof path, "/v1/entries/%.20s", p->dimsi != NULL ? p->dimsi : DIMSI);
    return ask(w, client, "PUT", path, body_of(w, p), said);
}

static unsigned pushed(struct world *w, const char *client, const struct push *p)
{
    json_t *said = NULL;
    unsigned status = push_of(w, client, p, &said);
    json_decref(said);
    return status;
}

static void refused(struct world *w, const char *client, const struct push *p, unsigned status,
                    const char *name)
{
    json_t *said = NULL;
    unsigned got = push_of(w, client, p, &said);
    const char *type = text_of(said, "type");
    if (got != status || strncmp(type, "/problems/", 10) != 0 || strcmp(type + 10, name) != 0) {
        fail_msg("%u %s, not %u %s: %s", got, type, status, name, text_of(said, "detail"));
    }
    json_decref(said);
}

static unsigned status_of(struct world *w, const char *client, const char *method, const char *path,
                          json_t *body)
{
    json_t *said = NULL;
    unsigned status = ask(w, client, method, path, body, &said);
    json_decref(said);
    return status;
}

/* ---- asking over Diameter: a node of the same kind is the MME ---- */

struct mme {
    struct node *node;
    node_handle handle;
    bool open, closed, answered;
    unsigned answers, busy; /* those with 3004 */
    uint32_t code;
    uint8_t rand;
};

static enum refusal mme_authorise(void *ctx, const struct node_cer *cer, void **peer_ctx)
{
    (void)ctx;
    (void)peer_ctx;
    assert_true(bytes_eq(cer->origin_host, BYTES_LIT("dausf." REALM)));
    return REFUSAL_NONE;
}

static void mme_opened(void *ctx, struct node_conn *conn)
{
    (void)conn;
    ((struct mme *)ctx)->open = true;
}

static void mme_closed(void *ctx, struct node_conn *conn, const char *why)
{
    (void)conn;
    (void)why;
    ((struct mme *)ctx)->closed = true;
}

static void mme_request(void *ctx, struct node_conn *conn, const struct diameter_header *h,
                        struct bytes msg)
{
    (void)h;
    (void)msg;
    node_no_answer(((struct mme *)ctx)->node, conn);
}

static void mme_answer(void *ctx, struct node_conn *conn, uint64_t cookie, struct bytes msg)
{
    struct mme *m = ctx;
    struct s6a_aia aia;
    struct diameter_fault fault;
    (void)conn;
    (void)cookie;
    assert_ok(s6a_aia_parse(32473, msg, &aia, &fault));
    const struct s6a_answer *a = &aia.answer;
    m->code = a->experimental_result.present ? a->experimental_result.experimental_result_code.v
                                             : a->result_code.v;
    m->rand = aia.authentication_info.e_utran_vector_n > 0
                  ? aia.authentication_info.e_utran_vector[0].rand.p[0]
                  : 0;
    m->answered = true;
    m->answers++;
    m->busy += m->code == DIAMETER_TOO_BUSY;
}

#define MME_REQUESTS 8000 /* that may be under way at once */
static void mme_open(struct world *w, struct mme *m)
{
    static const struct node_callbacks callbacks = {.authorise = mme_authorise,
                                                    .opened = mme_opened,
                                                    .closed = mme_closed,
                                                    .request = mme_request,
                                                    .answer = mme_answer};
    struct node_config c = node_config_default();
    struct address to = doors_bound(w->dausf.doors, 0);
    c.peer.origin_host = BYTES_LIT(MME);
    c.peer.origin_realm = BYTES_LIT("example");
    c.peer.product_name = BYTES_LIT("test");
    c.peer.applications[0] = (struct peer_application){.vendor = 10415, .id = DIAMETER_APP_S6A};
    c.peer.application_n = 1;
    c.callbacks = &callbacks;
    c.ctx = m;
    c.seed = 7;
    c.pending_max = MME_REQUESTS;
    c.out_size = MME_REQUESTS * 512;
    *m = (struct mme){.open = false};
    assert_ok(node_open(&c, &m->node));
    assert_ok(node_connect(m->node, &to, NULL, NULL, NULL, &m->handle));
    while (!m->open) {
        assert_false(m->closed);
        assert_ok(node_poll(m->node, 1000));
    }
}

static void mme_close(struct mme *m)
{
    node_stop(m->node);
    while (node_poll(m->node, 1000) == E_OK) {
    }
    node_close(m->node);
}

static void mme_ask(struct mme *m, const char *dimsi)
{
    uint8_t octets[1024];
    size_t n = 0;
    struct s6a_air a = {.visited_plmn_id = BYTES_LIT("\x00\xf1\x10")};
    struct node_conn *conn = node_find(m->node, m->handle);
    s6a_request_begin(&a.request, 1, node_end_to_end(conn));
    a.request.session_id = BYTES_LIT("session;1;1");
    a.request.origin_host = BYTES_LIT(MME);
    a.request.origin_realm = BYTES_LIT("example");
    a.request.destination_realm = BYTES_LIT(REALM);
    a.request.user_name = bytes_of_str(dimsi);
    a.requested_eutran_authentication_info.present = true;
    assert_ok(s6a_air_write(32473, &a, MBYTES_OF(octets), &n));
    assert_ok(node_request(m->node, conn, (struct mbytes){octets, n}, 1, 60000));
}

static uint32_t asked(struct world *w, const char *dimsi, uint8_t *rand)
{
    struct mme m;
    mme_open(w, &m);
    mme_ask(&m, dimsi);
    while (!m.answered) {
        assert_ok(node_poll(m.node, 1000));
    }
    mme_close(&m);
    *rand = m.rand;
    return m.code;
}

/* ---- the administration ---- */

static json_t *admin(struct world *w, const char *path)
{
    static char text[65536];
    struct sockaddr_un at = {.sun_family = AF_UNIX};
    size_t n = 0;
    ssize_t got;
    snprintf(at.sun_path, sizeof at.sun_path, "%s", w->config->admin);
    int fd = socket(AF_UNIX, SOCK_STREAM, 0);
    assert_int_equal(connect(fd, (const struct sockaddr *)&at, sizeof at), 0);
    assert_true(dprintf(fd, "GET %s HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n", path) > 0);
    while ((got = read(fd, text + n, sizeof text - 1 - n)) > 0) {
        n += (size_t)got;
    }
    close(fd);
    text[n] = '\0';
    const char *body = strstr(text, "\r\n\r\n");
    assert_non_null(body);
    json_t *json = json_loads(body + 4, 0, NULL);
    assert_non_null(json);
    return json;
}

#endif
