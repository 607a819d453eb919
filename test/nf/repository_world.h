/* test/nf/repository_world.h - a repository without a network, and a clock that the test moves, for
 * the tests of nf/hssd/repository.h and nf/hssd/inquiry.h: real records, really signed, as the JSON
 * of docs/openapi/repod.yaml. Header only: tests are single files. */
#ifndef BINDERY_TEST_NF_REPOSITORY_WORLD_H
#define BINDERY_TEST_NF_REPOSITORY_WORLD_H

#include "nf/devid_pki.h"

#include "nf/common/base64.h"
#include "nf/hssd/repository.h"

#include <jansson.h>
#include <pthread.h>
#include <sched.h>
#include <stdatomic.h>

#define WORLD_BINDINGS 64

struct world_binding {
    struct imei imei;
    uint64_t serial;
    bool revoked, provisioning;
};
/* What the repository has and how it behaves; under the lock. */
static struct {
    pthread_mutex_t lock;
    pthread_cond_t wake;
    struct world_binding bindings[WORLD_BINDINGS]; /* in the order of their serials */
    size_t n;
    struct repository *signer;
    bool held;           /* questions wait */
    enum err fails;      /* no answer comes */
    unsigned status;     /* not 0: this one is given */
    const char *body;    /* with the status */
    unsigned asked;      /* questions about a device */
    unsigned inside;     /* of these, those that wait */
    unsigned pulled;     /* pulls of changes */
    bool changes_fail;   /* the pulls alone */
    enum err not_stored; /* what the HSS's store says */
    uint64_t cursor;
    unsigned forgotten; /* revocations handed to the store */
    char events[64][32];
    unsigned n_events;
} world = {.lock = PTHREAD_MUTEX_INITIALIZER, .wake = PTHREAD_COND_INITIALIZER};
static _Atomic uint64_t world_ms;

static struct pki world_files;
static struct repository world_maker, world_stranger;

/* ---- records ---- */

/* Whose keys are published; NULL: any octets do for a key, whose digest alone is looked at. */
__attribute__((unused)) static bool (*world_key_of)(const struct imei *imei,
                                                    uint8_t out[static 91]);

static inline void world_key(const struct world_binding *b, uint8_t out[static 91])
{
    if (world_key_of != NULL && world_key_of(&b->imei, out)) {
        return;
    }
    memset(out, (int)(b->serial & 0xff), 91);
    memcpy(out, b->imei.digits, IMEI_DIGITS);
}

static inline json_t *world_base64(struct bytes in)
{
    char text[512];
    assert_true(BASE64_ROOM(in.n) <= sizeof text);
    base64_encode(in, text);
    return json_string(text);
}

static inline json_t *world_row(const struct world_binding *b)
{
    uint8_t key[91], content[BINDING_RECORD_LEN], signature[SIGNATURE_LEN];
    char signer[65];
    struct binding_record r = {.imei = b->imei,
                               .use = b->provisioning ? BINDING_PROVISIONING : BINDING_IDENTITY,
                               .form = BINDING_PUBLIC_KEY,
                               .status = b->revoked ? BINDING_REVOKED : BINDING_ACTIVE,
                               .not_after = 4000000000,
                               .serial = b->serial,
                               .issued = 1700000000};
    world_key(b, key);
    EVP_Digest(key, sizeof key, r.digest, NULL, EVP_sha256(), NULL);
    binding_record_write(&r, content);
    assert_ok(signer_sign(world.signer->signer, BYTES_OF(content), signature));
    hex_encode(signer_id(world.signer->signer), signer);
    json_t *v = json_pack("{s:s,s:s,s:s,s:s,s:I,s:o,s:o,s:s}", "imei", b->imei.digits, "use",
                          binding_use_name(r.use), "form", "public-key", "status",
                          binding_status_name(r.status), "serial", (json_int_t)b->serial, "record",
                          world_base64(BYTES_OF(content)), "signature",
                          world_base64(BYTES_OF(signature)), "signer", signer);
    if (!b->revoked) {
        (void)json_object_set_new(v, "public_key", world_base64(BYTES_OF(key)));
    }
    return v;
}

static inline json_t *world_device(const struct imei *imei)
{
    const struct world_binding *newest[2] = {NULL, NULL};
    json_t *list = json_array();
    for (size_t i = 0; i < world.n; i++) {
        if (imei_eq(&world.bindings[i].imei, imei)) {
            newest[world.bindings[i].provisioning] = &world.bindings[i];
        }
    }
    for (size_t i = 0; i < 2; i++) {
        if (newest[i] != NULL) {
            (void)json_array_append_new(list, world_row(newest[i]));
        }
    }
    return json_pack("{s:s,s:o}", "imei", imei->digits, "bindings", list);
}

static inline json_t *world_changes(uint64_t after)
{
    uint64_t next = after < world.n ? after : world.n;
    json_t *list = json_array();
    for (size_t i = 0; i < world.n; i++) {
        if (world.bindings[i].serial > after) {
            (void)json_array_append_new(list, world_row(&world.bindings[i]));
            next = world.bindings[i].serial;
        }
    }
    return json_pack("{s:o,s:I,s:b}", "records", list, "next", (json_int_t)next, "more", 0);
}

/* ---- what the test changes ---- */

static inline struct imei world_imei(unsigned i)
{
    struct imei imei;
    char digits[IMEI_DIGITS + 1];
    snprintf(digits, sizeof digits, "35693803%06u", i % 1000000);
    assert_ok(imei_parse_transmitted(bytes_of_str(digits), &imei));
    return imei;
}

/* Publishes, or revokes; the serial. */
static inline uint64_t world_publish(unsigned i, bool revoked)
{
    pthread_mutex_lock(&world.lock);
    assert_true(world.n < WORLD_BINDINGS);
    world.bindings[world.n] =
        (struct world_binding){.imei = world_imei(i), .serial = world.n + 1, .revoked = revoked};
    uint64_t serial = world.bindings[world.n++].serial;
    pthread_mutex_unlock(&world.lock);
    return serial;
}

#define WORLD_SET(member, value)                                                                   \
    do {                                                                                           \
        pthread_mutex_lock(&world.lock);                                                           \
        world.member = (value);                                                                    \
        pthread_cond_broadcast(&world.wake);                                                       \
        pthread_mutex_unlock(&world.lock);                                                         \
    } while (0)
static inline unsigned world_get_number(const unsigned *member)
{
    pthread_mutex_lock(&world.lock);
    unsigned v = *member;
    pthread_mutex_unlock(&world.lock);
    return v;
}
#define WORLD_GET(member) world_get_number(&world.member)
/* Until it holds, however long that takes: a test that hangs is ended by ctest. */
#define WORLD_AWAIT(condition)                                                                     \
    while (!(condition)) {                                                                         \
        sched_yield();                                                                             \
    }

static inline unsigned world_events(const char *name)
{
    unsigned n = 0;
    pthread_mutex_lock(&world.lock);
    for (unsigned i = 0; i < world.n_events; i++) {
        n += strcmp(world.events[i], name) == 0;
    }
    pthread_mutex_unlock(&world.lock);
    return n;
}

/* ---- what the HSS is given ---- */

static inline uint64_t world_now(void *ctx)
{
    (void)ctx;
    return atomic_load(&world_ms);
}

static inline void world_event(void *ctx, const char *name, const char *repository,
                               const struct imei *imei, const char *cause, const char *detail)
{
    (void)ctx, (void)repository, (void)imei, (void)cause, (void)detail;
    pthread_mutex_lock(&world.lock);
    snprintf(world.events[world.n_events++ % 64], sizeof world.events[0], "%s", name);
    pthread_mutex_unlock(&world.lock);
}

/* Under the lock. */
static inline enum err world_reply(const char *url, struct https_reply *out)
{
    static _Thread_local char body[65536];
    const char *changes = strstr(url, "/v1/changes?after=");
    struct imei imei;
    json_t *v;
    out->status = 200;
    if (changes != NULL) {
        v = world_changes(strtoull(strchr(changes, '=') + 1, NULL, 10));
    } else {
        assert_ok(imei_parse_transmitted(bytes_of_str(strrchr(url, '/') + 1), &imei));
        v = world_device(&imei);
    }
    if (json_array_size(json_object_get(v, "bindings")) == 0 && changes == NULL) {
        json_decref(v);
        out->status = 404;
        v = json_pack("{s:s}", "type", "/problems/no-binding");
    }
    size_t n = json_dumpb(v, body, sizeof body, 0);
    json_decref(v);
    assert_true(n > 0 && n <= sizeof body);
    out->body = (struct bytes){(const uint8_t *)body, n};
    return E_OK;
}

static inline enum err world_answer(const char *url, struct https_reply *out)
{
    if (world.fails != E_OK) {
        return world.fails;
    }
    if (world.status != 0) {
        out->status = world.status;
        out->body = bytes_of_str(world.body != NULL ? world.body : "");
        return E_OK;
    }
    return world_reply(url, out);
}

static inline enum err world_get(void *ctx, const struct hssd_repository *r, const char *url,
                                 struct https_reply *out)
{
    enum err err;
    (void)ctx, (void)r;
    pthread_mutex_lock(&world.lock);
    if (strstr(url, "/v1/changes") != NULL) {
        err = world.changes_fail ? E_CLOSED : world_answer(url, out);
        world.pulled++;
    } else {
        world.asked++;
        world.inside++;
        while (world.held) {
            pthread_cond_wait(&world.wake, &world.lock);
        }
        err = world_answer(url, out);
        world.inside--;
    }
    pthread_mutex_unlock(&world.lock);
    return err;
}

static inline enum err world_cursor(void *ctx, const char *repository, uint64_t *out)
{
    (void)ctx, (void)repository;
    *out = world.cursor;
    return E_OK;
}

static inline enum err world_changed(void *ctx, const char *repository, uint64_t cursor,
                                     const struct repository_change *revoked, size_t n)
{
    (void)ctx, (void)repository, (void)revoked;
    pthread_mutex_lock(&world.lock);
    enum err err = world.not_stored;
    if (err == E_OK) {
        world.cursor = cursor;
        world.forgotten += (unsigned)n;
    }
    pthread_mutex_unlock(&world.lock);
    return err;
}

static const struct repository_world world_of_test = {.now_ms = world_now,
                                                      .get = world_get,
                                                      .event = world_event,
                                                      .cursor = world_cursor,
                                                      .changed = world_changed};
static struct imei_range world_range = {35693803000000, 35693803999999};
static char *world_signers[1];
__attribute__((unused)) static struct hssd_repository world_config = {
    .name = (char[]){"maker"},
    .url = (char[]){"https://localhost"},
    .signers = world_signers,
    .n_signers = 1,
    .ranges = &world_range,
    .n_ranges = 1};

/* The keys. Once for all tests of a program. */
static inline void world_keys(void)
{
    pki_open(&world_files);
    repository_open(&world_maker, &world_files, "maker");
    repository_open(&world_stranger, &world_files, "stranger");
    world_signers[0] = world_maker.public_path;
}

static inline void world_keys_gone(void)
{
    repository_close(&world_maker);
    repository_close(&world_stranger);
    pki_close(&world_files);
}

/* An empty repository that answers. */
static inline void world_anew(void)
{
    pthread_mutex_lock(&world.lock);
    world.n = 0;
    world.signer = &world_maker;
    world.held = world.changes_fail = false;
    world.fails = world.not_stored = E_OK;
    world.status = world.asked = world.inside = world.pulled = world.forgotten = world.n_events = 0;
    world.body = NULL;
    world.cursor = 0;
    pthread_mutex_unlock(&world.lock);
    atomic_store(&world_ms, 1000000);
}

#endif
