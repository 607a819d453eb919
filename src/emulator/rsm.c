#include "emulator/rsm.h"

#include "crypto/openssl.h"
#include "device/linux/base64.h"
#include "net/https_client.h"

#include <jansson.h>
#include <stdio.h>
#include <string.h>

#define HTTPS_PORT  443u
#define ANSWER_MOST 8192u
#define URL_MAX     256
#define OK          200u

static const struct {
    const char *name;
    bool again;
    const char *sentence;
} outcomes[RSM_OUTCOMES] = {
#define X(name, text, again, sentence) {text, again, sentence},
    RSM_OUTCOME_LIST(X)
#undef X
};

static unsigned known(enum rsm_outcome o)
{
    return (unsigned)o < RSM_OUTCOMES ? (unsigned)o : RSM_LOCAL;
}

const char *rsm_outcome_name(enum rsm_outcome o)
{
    return outcomes[known(o)].name;
}

const char *rsm_outcome_sentence(enum rsm_outcome o)
{
    return outcomes[known(o)].sentence;
}

bool rsm_outcome_again(enum rsm_outcome o)
{
    return outcomes[known(o)].again;
}

/*= dimsi-roots */
void rsm_host(const struct plmn *home, char out[static RSM_HOST_MAX])
{
    char realm[REALM_TEXT_MAX];
    plmn_realm(home, realm);
    (void)snprintf(out, RSM_HOST_MAX, "rsmf.%s", realm);
}

/* ---- the answer ---- */

/* "/problems/NAME" in an answer of application/problem+json; what it says for people to `why`. */
static const char *problem_of(const json_t *body, char why[static RSM_WHY_MAX])
{
    static const char prefix[] = "/problems/";
    const char *type = json_string_value(json_object_get(body, "type"));
    const char *title = json_string_value(json_object_get(body, "title"));
    const char *detail = json_string_value(json_object_get(body, "detail"));
    if (type == NULL || strncmp(type, prefix, sizeof prefix - 1) != 0) {
        return "";
    }
    (void)snprintf(why, RSM_WHY_MAX, "%.40s: %.100s%s%.80s", type + sizeof prefix - 1,
                   title != NULL ? title : "", detail != NULL ? ": " : "",
                   detail != NULL ? detail : "");
    return type + sizeof prefix - 1;
}

static enum rsm_outcome outcome_of(const struct https_reply *reply, char why[static RSM_WHY_MAX])
{
    static const struct {
        const char *name;
        enum rsm_outcome outcome;
    } causes[] = {{"source-not-allowed", RSM_SOURCE},  {"other-device", RSM_NO_PROFILE},
                  {"already-fetched", RSM_FETCHED},    {"not-fetched", RSM_NOT_FETCHED},
                  {"no-certificate", RSM_NOT_ALLOWED}, {"not-allowed", RSM_NOT_ALLOWED},
                  {"client-expired", RSM_NOT_ALLOWED}, {"client-untrusted", RSM_NOT_ALLOWED},
                  {"client-revoked", RSM_NOT_ALLOWED}, {"client-refused", RSM_NOT_ALLOWED}};
    enum rsm_outcome outcome = RSM_REFUSED;
    (void)snprintf(why, RSM_WHY_MAX, "HTTP status %u", reply->status);
    json_t *body = json_loadb((const char *)reply->body.p, reply->body.n, 0, NULL);
    const char *name = problem_of(body, why);
    for (size_t i = 0; i < sizeof causes / sizeof causes[0]; i++) {
        if (strcmp(causes[i].name, name) == 0) {
            outcome = causes[i].outcome;
        }
    }
    json_decref(body);
    return outcome;
}

static enum rsm_outcome outcome_of_err(enum err err)
{
    switch ((int)err) {
    case E_CLOSED:
    case E_AGAIN:
        return RSM_SILENT;
    case E_DENIED:
        return RSM_UNTRUSTED;
    case E_NO_ROOM:
        return RSM_BAD_ANSWER;
    default:
        return RSM_LOCAL;
    }
}

/* ---- asking ---- */

struct asking {
    const struct rsm_se *se;
    bool se_failed;
    struct https_client_sign key; /* the client's, as long as it is open */
    struct https_client *client;
    struct https_reply reply;
};

static bool sign(void *ctx, const uint8_t *content, size_t n, uint8_t signature[64])
{
    struct asking *a = ctx;
    bool ok = a->se->sign(a->se->ctx, content, n, signature);
    a->se_failed = a->se_failed || !ok;
    return ok;
}

static bool write_request(const struct rsm_se *se, const struct rsm_place *place, const char *end,
                          const uint8_t request[static RSM_REQUEST_LEN], char url[static URL_MAX],
                          char body[static 64])
{
    char host[RSM_HOST_MAX], hex[65], id[2 * RSM_REQUEST_LEN + 1];
    uint8_t digest[32];
    struct crypto crypto;
    if (se->n_chain == 0 || crypto_openssl_open(&crypto) != E_OK) {
        return false;
    }
    enum err err = crypto.sha256(crypto.ctx, &se->chain[0], 1, digest);
    crypto_openssl_close(&crypto);
    rsm_host(&place->home, host);
    hex_encode(BYTES_OF(digest), hex);
    hex_encode((struct bytes){request, RSM_REQUEST_LEN}, id);
    (void)snprintf(url, URL_MAX, "https://%s:%u/v1/profiles/%s%s", host,
                   place->port > 0 ? place->port : HTTPS_PORT, hex, end);
    (void)snprintf(body, 64, "{\"request\":\"%s\"}", id);
    return err == E_OK;
}

/*= dimsi-11-tunnel */
static enum rsm_outcome ask(struct asking *a, const struct rsm_place *place, const char *end,
                            const uint8_t request[static RSM_REQUEST_LEN],
                            char why[static RSM_WHY_MAX])
{
    char url[URL_MAX], body[64];
    a->key = (struct https_client_sign){.key = {a, sign},
                                        .chain = a->se->chain,
                                        .n_chain = a->se->n_chain,
                                        .roots = a->se->ci,
                                        .n_roots = a->se->n_ci};
    const struct https_client_options options = {.sign = &a->key,
                                                 .connect_to = place->address,
                                                 .source = place->source,
                                                 .connect_ms = place->connect_ms,
                                                 .total_ms = place->total_ms,
                                                 .answer_most = ANSWER_MOST};
    if (!write_request(a->se, place, end, request, url, body)) {
        return a->se->n_chain == 0 ? RSM_SE_FAILED : RSM_LOCAL;
    }
    enum err err = https_client_open(&options, &a->client);
    if (err != E_OK) {
        return err == E_BAD_VALUE ? RSM_SE_FAILED : RSM_LOCAL;
    }
    const struct https_request q = {.method = "PUT", .url = url, .body = bytes_of_str(body)};
    err = https_client_do(a->client, &q, &a->reply);
    if (err != E_OK) {
        (void)snprintf(why, RSM_WHY_MAX, "%.200s", a->reply.reason);
        return a->se_failed ? RSM_SE_FAILED : outcome_of_err(err);
    }
    return a->reply.status == OK ? RSM_DONE : outcome_of(&a->reply, why);
}

/* An object with one member of text, and no other. NULL: it is none. */
static json_t *only_member(struct bytes body, const char *name)
{
    json_t *o = json_loadb((const char *)body.p, body.n, JSON_REJECT_DUPLICATES, NULL);
    if (json_is_object(o) && json_object_size(o) == 1 && json_is_string(json_object_get(o, name))) {
        return o;
    }
    json_decref(o);
    return NULL;
}

static bool read_profile(struct bytes body, uint8_t profile[static CERTATTACH_PROFILE_MAX],
                         size_t *n)
{
    struct certattach_profile checked;
    json_t *o = only_member(body, "profile");
    json_t *v = json_object_get(o, "profile");
    struct bytes text = {(const uint8_t *)json_string_value(v), json_string_length(v)};
    bool ok = o != NULL &&
              base64_read(text, (struct mbytes){profile, CERTATTACH_PROFILE_MAX}, n) == E_OK &&
              certattach_profile_read((struct bytes){profile, *n}, &checked) == E_OK;
    if (o != NULL) {
        wipe((void *)(uintptr_t)text.p, text.n); /* jansson's copy */
    }
    json_decref(o);
    wipe(&checked, sizeof checked);
    return ok;
}

/*= dimsi-11 */
enum rsm_outcome rsm_fetch(const struct rsm_se *se, const struct rsm_place *place,
                           const uint8_t request[static RSM_REQUEST_LEN],
                           uint8_t profile[static CERTATTACH_PROFILE_MAX], size_t *n,
                           char why[static RSM_WHY_MAX])
{
    struct asking a = {.se = se};
    why[0] = '\0';
    *n = 0;
    memset(profile, 0, CERTATTACH_PROFILE_MAX);
    enum rsm_outcome outcome = ask(&a, place, "", request, why);
    if (outcome == RSM_DONE && !read_profile(a.reply.body, profile, n)) {
        outcome = RSM_BAD_ANSWER;
    }
    if (outcome != RSM_DONE) {
        wipe(profile, CERTATTACH_PROFILE_MAX);
        *n = 0;
    }
    https_client_close(a.client); /* wipes what came */
    return outcome;
}

enum rsm_outcome rsm_confirm(const struct rsm_se *se, const struct rsm_place *place,
                             const uint8_t request[static RSM_REQUEST_LEN],
                             char why[static RSM_WHY_MAX])
{
    struct asking a = {.se = se};
    why[0] = '\0';
    enum rsm_outcome outcome = ask(&a, place, "/installed", request, why);
    https_client_close(a.client);
    return outcome;
}
