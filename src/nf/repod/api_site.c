/* The certificate site: what it says of a device, its chain, and the lists of its CAs. Part of
 * src/nf/repod/api.h. */
#include "nf/common/base64.h"
#include "nf/common/json_whole.h"
#include "nf/repod/api.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define ETAG_OCTETS 16u
#define PEM_LINE    64u
#define PEM_BEGIN   "-----BEGIN CERTIFICATE-----\n"
#define PEM_END     "-----END CERTIFICATE-----\n"

/* ---- answers that are kept ---- */

struct kept {
    const char *type, *cache;
    int64_t modified; /* Unix seconds */
    uint8_t digest[32];
    char *text; /* the server's from now on; or */
    size_t n;
    int file; /* above 0 */
};

static void kept_free(const struct kept *k)
{
    free(k->text);
    if (k->file > 0) {
        (void)close(k->file); /* was only to be read */
    }
}

/* Within the second of a change the time of it is not told: another change may come in the same
 * second (RFC 9110 8.8.2.2). */
static void tag(struct https_call *call, const struct kept *k, int64_t now)
{
    char hex[2 * ETAG_OCTETS + 1];
    hex_encode((struct bytes){k->digest, ETAG_OCTETS}, hex);
    (void)snprintf(call->etag, sizeof call->etag, "\"%s\"", hex);
    call->modified = k->modified < now ? k->modified : 0;
    call->cache = k->cache;
}

/* The answer, or that the client has it already. */
static void answer(struct repod *r, struct api_call *c, const struct kept *k)
{
    struct https_call asked = c->call; /* a refusal has none of its tags */
    tag(&asked, k, repod_wall(r));
    const bool has = https_unchanged(&asked);
    if (!api_audit(r, c, "ok", has ? json_pack("{s:i}", "status", 304) : NULL)) {
        kept_free(k);
        return;
    }
    tag(&c->call, k, repod_wall(r));
    if (has) {
        kept_free(k);
        https_answer(&c->call, 304, NULL, NULL, 0);
    } else if (k->file > 0) {
        https_answer_file(&c->call, 200, k->type, k->file);
    } else {
        https_answer(&c->call, 200, k->type, k->text, k->n);
    }
}

static void answer_text(struct repod *r, struct api_call *c, struct kept *k)
{
    if (verify_digest((struct bytes){(const uint8_t *)k->text, k->n}, k->digest) != E_OK) {
        kept_free(k);
        api_refuse(r, c, CAUSE_NO_MEMORY, NULL);
        return;
    }
    answer(r, c, k);
}

/* ---- which device ---- */

struct found {
    const char *id;
    bool active, revoked, failed;
    int64_t issued;
    bool wants_chain;
    json_t *identity, *body;
    char *pem;
    size_t pem_n;
};

static void pem_put(struct found *f, struct bytes der)
{
    const size_t n = BASE64_ROOM(der.n);
    const size_t room = f->pem_n + n + n / PEM_LINE + sizeof PEM_BEGIN + sizeof PEM_END + 1;
    char *text = malloc(n), *pem = text != NULL ? realloc(f->pem, room) : NULL;
    f->failed = pem == NULL;
    if (pem != NULL) {
        f->pem = pem;
        base64_encode(der, text);
        const size_t all = strlen(text);
        f->pem_n += (size_t)snprintf(pem + f->pem_n, room - f->pem_n, PEM_BEGIN);
        for (size_t at = 0; at < all; at += PEM_LINE) {
            f->pem_n += (size_t)snprintf(pem + f->pem_n, room - f->pem_n, "%.*s\n", (int)PEM_LINE,
                                         text + at);
        }
        f->pem_n += (size_t)snprintf(pem + f->pem_n, room - f->pem_n, PEM_END);
    }
    free(text);
}

static void take_chain(struct found *f, struct bytes credential)
{
    struct bytes der = publish_certificate(credential, 0);
    for (size_t i = 0; der.n > 0 && !f->failed; der = publish_certificate(credential, ++i)) {
        pem_put(f, der);
    }
}

/* The rows of a device, its identity first. */
static bool look(void *ctx, const struct repo_row *row)
{
    struct found *f = ctx;
    if (row->use == BINDING_IDENTITY && !f->wants_chain) {
        f->identity = api_view_whole(row);
        f->failed = f->identity == NULL;
        f->issued = row->issued;
    }
    if (row->use != BINDING_PROVISIONING || strcmp(row->device.id, f->id) != 0) {
        return !f->failed;
    }
    f->active = row->status == BINDING_ACTIVE;
    f->revoked = !f->active;
    f->issued = row->issued > f->issued ? row->issued : f->issued;
    if (f->wants_chain) {
        take_chain(f, row->credential);
    } else {
        f->body = api_view_device(row, f->identity);
        f->identity = NULL; /* the body's, or gone with it */
        f->failed = f->body == NULL;
    }
    return false;
}

/* Whose range the device is not in learns as little as of an id that nobody has. */
static enum cause find(struct repod *r, struct api_call *c, struct found *f)
{
    f->id = c->id.text;
    enum err err = repo_store_device(r->store, f->id, &c->imei);
    c->has_imei = err == E_OK;
    if (err == E_OK && c->grant != NULL && !repod_grant_covers(c->grant, &c->imei)) {
        return CAUSE_NO_DEVICE;
    }
    if (err == E_OK) {
        err = repo_store_find(r->store, &c->imei, look, f);
    }
    if (err != E_OK && err != E_NOT_FOUND) {
        return cause_of_err(err);
    }
    return f->failed ? CAUSE_NO_MEMORY : f->active || f->revoked ? CAUSE_NONE : CAUSE_NO_DEVICE;
}

static void found_free(struct found *f)
{
    json_decref(f->identity);
    json_decref(f->body);
    free(f->pem);
}

/* ---- the paths ---- */

/*= certattach-site */
/*= certattach-link */
void api_get_device(struct repod *r, struct api_call *c)
{
    struct found f = {.wants_chain = false};
    enum cause cause = find(r, c, &f);
    size_t n = 0;
    char *text = cause == CAUSE_NONE ? json_whole_text(f.body, &n) : NULL;
    if (cause == CAUSE_NONE && text == NULL) {
        cause = CAUSE_NO_MEMORY;
    }
    if (cause == CAUSE_NONE) {
        struct kept k = {.type = "application/json",
                         .cache = c->rules->site->kept,
                         .text = text,
                         .n = n,
                         .modified = f.issued};
        answer_text(r, c, &k);
    } else {
        api_refuse(r, c, cause, NULL);
    }
    found_free(&f);
}

/*= certattach-site */
void api_get_chain(struct repod *r, struct api_call *c)
{
    struct found f = {.wants_chain = true};
    enum cause cause = find(r, c, &f);
    if (cause == CAUSE_NONE && f.revoked) {
        cause = CAUSE_DEVICE_REVOKED;
    }
    if (cause == CAUSE_NONE && f.pem == NULL) {
        cause = CAUSE_STORE_FAILED; /* a record without its chain */
    }
    if (cause == CAUSE_NONE) {
        struct kept k = {.type = "application/pem-certificate-chain",
                         .cache = c->rules->site->kept_by_all,
                         .text = f.pem,
                         .n = f.pem_n,
                         .modified = f.issued};
        f.pem = NULL;
        answer_text(r, c, &k);
    } else {
        api_refuse(r, c, cause, NULL);
    }
    found_free(&f);
}

/* Kept no longer than the list says that it holds. */
static void limit_age(struct api_call *c, const struct site_list *list, int64_t now)
{
    const struct site *site = c->rules->site;
    const int64_t left = list->until > now ? list->until - now : 0;
    if (list->until != 0 && left < (int64_t)site->cache_seconds) {
        (void)snprintf(c->cache, sizeof c->cache, "%s, max-age=%lld",
                       site->open ? "public" : "private", (long long)left);
        return;
    }
    (void)snprintf(c->cache, sizeof c->cache, "%s", site->kept_by_all);
}

void api_get_list(struct repod *r, struct api_call *c)
{
    const struct site_list *list = site_list(c->rules->site, c->name, r->log);
    const int file = list != NULL ? fcntl(list->file, F_DUPFD_CLOEXEC, 3) : -1;
    if (file < 0) {
        api_refuse(r, c, list == NULL ? CAUSE_NO_SUCH_PATH : CAUSE_NO_MEMORY, NULL);
        return;
    }
    limit_age(c, list, repod_wall(r));
    struct kept k = {
        .type = "application/pkix-crl", .cache = c->cache, .file = file, .modified = list->issued};
    memcpy(k.digest, list->digest, sizeof k.digest);
    answer(r, c, &k);
}
