/* The connection of the verb `binding` to a repository, and what its records are held to. */
#include "cli/binding.h"

#include "cli/api_client.h"
#include "net/verify_key.h"
#include "nf/common/base64.h"
#include <errno.h>
#include <openssl/pem.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#define CALL_MS     300000u
#define ANSWER_MOST (16u << 20)
#define ASK_AGAIN   20 /* times, a second each, when it says that we ask too often */

/* ---- options ---- */

enum { OPT_URL = 0x400, OPT_CERT, OPT_KEY, OPT_CA, OPT_CRL, OPT_SIGNER };

static error_t take(int key, char *arg, struct argp_state *state)
{
    struct binding_options *o = state->input;
    switch (key) {
    case ARGP_KEY_INIT:
        state->child_inputs[0] = &o->common;
        return 0;
    case OPT_URL:
        o->url = arg;
        return 0;
    case OPT_CERT:
        o->certificate = arg;
        return 0;
    case OPT_KEY:
        o->key = arg;
        return 0;
    case OPT_CA:
        o->ca = arg;
        return 0;
    case OPT_CRL:
        o->crl = arg;
        return 0;
    case OPT_SIGNER:
        o->signer = arg;
        return 0;
    default:
        return ARGP_ERR_UNKNOWN;
    }
}

static const struct argp_option options[] = {
    {"url", OPT_URL, "URL", 0, "the repository: https://HOST:PORT (that of --dir)", 50},
    {"client-certificate", OPT_CERT, "FILE", 0,
     "who asks, PEM (pki/maker.crt in --dir to publish, pki/hss.crt to ask)", 50},
    {"client-key", OPT_KEY, "FILE", 0, "its key (beside it: .key)", 50},
    {"ca", OPT_CA, "FILE", 0, "the CA of the repository's certificate (pki/ca.crt in --dir)", 50},
    {"crl", OPT_CRL, "FILE", 0, "the CA's revocation list", 50},
    {"signer", OPT_SIGNER, "FILE", 0,
     "the public keys, PEM, that sign records (records.pub in --dir)", 50},
    {0},
};
static const struct argp_child children[] = {{&cli_common_argp, 0, NULL, 0}, {0}};
const struct argp binding_argp = {options, take, NULL, NULL, children, NULL, NULL};

/* ---- where it is, and who we are ---- */

/* The url: of the directory's hssd.yaml. */
static bool find_url(const struct cli_common *common, char *out, size_t cap)
{
    char path[CLI_PATH_MAX], line[1024];
    bool found = false;
    if (!cli_path(cli_dir(common), "hssd.yaml", path, sizeof path)) {
        return false;
    }
    FILE *f = fopen(path, "re");
    while (f && !found && fgets(line, sizeof line, f)) {
        line[strcspn(line, "#")] = '\0'; /* no address has one */
        const char *at = strstr(line, "url:");
        at = at ? strstr(at, "https://") : NULL;
        const size_t n = at ? strcspn(at, " \t\r\n\"'") : 0;
        found = n > 8 && n < cap;
        if (found) {
            snprintf(out, cap, "%.*s", (int)n, at);
        }
    }
    if (f) {
        (void)fclose(f);
    }
    if (!found) {
        cli_error("%s names no repository; start one with `bindery up -d`, or say where it is with "
                  "--url https://HOST:PORT",
                  path);
    }
    return found;
}

static bool take_url(const struct binding_options *o, struct binding_client *c)
{
    if (o->url) {
        if (strncmp(o->url, "https://", 8) != 0 || strlen(o->url) >= sizeof c->url) {
            cli_error("--url takes https://HOST:PORT, not '%.80s'", o->url);
            return false;
        }
        snprintf(c->url, sizeof c->url, "%s", o->url);
    } else if (!find_url(&o->common, c->url, sizeof c->url)) {
        return false;
    }
    size_t n = strlen(c->url);
    while (n > 8 && c->url[n - 1] == '/') {
        c->url[--n] = '\0';
    }
    return true;
}

static bool copy_path(const char *from, char out[static CLI_PATH_MAX])
{
    const int n = snprintf(out, CLI_PATH_MAX, "%s", from);
    if (n < 0 || n >= CLI_PATH_MAX) {
        cli_error("%.80s...: the path is too long", from);
        return false;
    }
    return true;
}

/* As given, or the directory's. */
static bool choose(const struct binding_options *o, const char *given, const char *usual,
                   char out[static CLI_PATH_MAX])
{
    return given ? copy_path(given, out) : cli_path(cli_dir(&o->common), usual, out, CLI_PATH_MAX);
}

/* FILE.crt's key is FILE.key. */
static bool choose_key(const struct binding_options *o, struct binding_client *c)
{
    if (o->key) {
        return copy_path(o->key, c->path[1]);
    }
    const size_t n = strlen(c->path[0]);
    const bool named = n > 4 && !strcmp(c->path[0] + n - 4, ".crt");
    if (!named) {
        cli_error("--client-certificate %s wants its --client-key", c->path[0]);
        return false;
    }
    memcpy(c->path[1], c->path[0], n + 1);
    memcpy(c->path[1] + n - 4, ".key", 5);
    return true;
}

static bool take_signers(struct binding_client *c)
{
    EVP_PKEY *key;
    FILE *f = fopen(c->signer, "re");
    if (!f) {
        cli_error("%s: %s", c->signer, strerror(errno));
        return false;
    }
    bool good = true;
    while (good && (key = PEM_read_PUBKEY(f, NULL, NULL, NULL)) != NULL) {
        unsigned char *der = NULL;
        const int n = i2d_PUBKEY(key, &der);
        good = n == (int)SIGNER_SPKI_LEN && c->n_signers < BINDING_SIGNERS_MAX;
        if (good) {
            memcpy(c->spki[c->n_signers++], der, SIGNER_SPKI_LEN);
        }
        OPENSSL_free(der);
        EVP_PKEY_free(key);
    }
    (void)fclose(f);
    if (!good || c->n_signers == 0) {
        cli_error("%s: this is not 1 to %u public keys on P-256 in PEM", c->signer,
                  BINDING_SIGNERS_MAX);
    }
    return good && c->n_signers > 0;
}

static bool open_signers(const struct binding_options *o, struct binding_client *c)
{
    if (!choose(o, o->signer, "records.pub", c->signer)) {
        return false;
    }
    return (!o->signer && access(c->signer, F_OK) != 0) || take_signers(c);
}

static bool is_readable(const char *what, const char *path)
{
    if (access(path, R_OK) != 0) {
        cli_error("%s %s: %s", what, path, strerror(errno));
        return false;
    }
    return true;
}

int binding_open(const struct binding_options *o, enum binding_as as, struct binding_client *out)
{
    *out = (struct binding_client){.https = NULL};
    if (!take_url(o, out) ||
        !choose(o, o->certificate, as == BINDING_AS_MAKER ? "pki/maker.crt" : "pki/hss.crt",
                out->path[0]) ||
        !choose_key(o, out) || !choose(o, o->ca, "pki/ca.crt", out->path[2]) ||
        (o->crl && !copy_path(o->crl, out->path[3]))) {
        return CLI_USAGE;
    }
    if (!is_readable("--client-certificate", out->path[0]) ||
        !is_readable("--client-key", out->path[1]) || !is_readable("--ca", out->path[2]) ||
        (o->crl && !is_readable("--crl", out->path[3])) || !open_signers(o, out)) {
        return CLI_REFUSED;
    }
    const struct https_client_options how = {.certificate = out->path[0],
                                             .key = out->path[1],
                                             .ca = out->path[2],
                                             .crl = o->crl ? out->path[3] : NULL,
                                             .total_ms = CALL_MS,
                                             .answer_most = ANSWER_MOST};
    if (https_client_open(&how, &out->https) != E_OK) {
        cli_error("libcurl cannot be set up");
        return CLI_REFUSED;
    }
    return CLI_DONE;
}

void binding_close(struct binding_client *c)
{
    https_client_close(c->https);
    c->https = NULL;
}

/* ---- asking ---- */

static int not_answered(const struct binding_client *c, enum err e, const struct https_reply *reply)
{
    switch ((int)e) {
    case E_CLOSED:
        cli_error("no repository answers at %s: %s; start one with `bindery up -d`, or say where "
                  "it is with --url",
                  c->url, reply->reason);
        return CLI_UNREACHABLE;
    case E_AGAIN:
        cli_error("%s: no answer in time; `bindery logs` may say why", c->url);
        return CLI_UNREACHABLE;
    case E_DENIED:
        cli_error("%s: a certificate was not accepted: %s; --ca names whom we trust, "
                  "--client-certificate who we are",
                  c->url, reply->reason);
        return CLI_REFUSED;
    case E_BAD_VALUE:
        cli_error("%s: this is no address like https://HOST:PORT", c->url);
        return CLI_USAGE;
    case E_NO_ROOM:
        cli_error("%s: the answer is longer than %u MiB", c->url, ANSWER_MOST >> 20);
        return CLI_REFUSED;
    default:
        cli_error("%s: %s", c->url, *reply->reason ? reply->reason : err_sentence(e));
        return CLI_REFUSED;
    }
}

static int read_answer(const struct binding_client *c, const struct https_reply *reply,
                       struct binding_answer *out)
{
    json_error_t why;
    *out = (struct binding_answer){.status = reply->status, .raw = reply->body};
    out->lines = !strcmp(reply->type, "application/x-ndjson");
    if (out->lines || reply->body.n == 0) {
        return CLI_DONE;
    }
    out->json =
        json_loadb((const char *)reply->body.p, reply->body.n, JSON_REJECT_DUPLICATES, &why);
    if (!out->json) {
        cli_error("%s: the answer (status %u) is not JSON: %s at octet %d; is this a repository?",
                  c->url, reply->status, why.text, why.position);
        return CLI_REFUSED;
    }
    return CLI_DONE;
}

int binding_call(struct binding_client *c, const char *method, const char *path, bool lines,
                 struct bytes body, struct binding_answer *out)
{
    char url[sizeof c->url + 256];
    struct https_reply reply;
    const struct timespec second = {1, 0};
    snprintf(url, sizeof url, "%s%s", c->url, path);
    const struct https_request request = {
        .method = method, .url = url, .type = lines ? "application/x-ndjson" : NULL, .body = body};
    *out = (struct binding_answer){.status = 0};
    for (int again = 0;; again++) {
        const enum err e = https_client_do(c->https, &request, &reply);
        if (e != E_OK) {
            return not_answered(c, e, &reply);
        }
        if (reply.status != 429 || again == ASK_AGAIN) {
            return read_answer(c, &reply, out);
        }
        (void)nanosleep(&second, NULL);
    }
}

void binding_answer_free(struct binding_answer *answer)
{
    json_decref(answer->json);
    answer->json = NULL;
}

/* ---- refusals ---- */

static const char *next_step(unsigned status, const char *name)
{
    if (!strcmp(name, "other-key") || !strcmp(name, "not-newest")) {
        return "`bindery binding history IMEI` shows its records; --replaces SERIAL replaces the "
               "newest";
    }
    switch (status) {
    case 403:
        return "the repository's owner grants roles and ranges of IMEIs (repod.yaml)";
    case 404:
        return "nobody has published it here";
    case 429:
        return "try again in a moment";
    case 500:
    case 503:
        return "`bindery logs` of the repository may say more";
    default:
        return "correct what is named and try again";
    }
}

int binding_say_problem(const char *what, const struct binding_answer *answer)
{
    const char *type = api_text(answer->json, "type"), *slash = strrchr(type, '/');
    const char *name = slash ? slash + 1 : type;
    const char *title = api_text(answer->json, "title"), *detail = api_text(answer->json, "detail");
    cli_error("%s: %s%s%s (%s) [%u]; %s", what, *title ? title : "refused without a reason",
              *detail ? ": " : "", detail, *name ? name : "-", answer->status,
              next_step(answer->status, name));
    return CLI_REFUSED;
}

int binding_get(struct binding_client *c, const char *what, const char *path,
                struct binding_answer *out)
{
    int rc = binding_call(c, "GET", path, false, (struct bytes){NULL, 0}, out);
    if (rc == CLI_DONE && (out->status < 200 || out->status > 299)) {
        rc = binding_say_problem(what, out);
    } else if (rc == CLI_DONE && !out->json) {
        cli_error("%s: %s: an answer without a body; is this a repository?", c->url, what);
        rc = CLI_REFUSED;
    }
    if (rc != CLI_DONE) {
        binding_answer_free(out);
    }
    return rc;
}

/* ---- changes ---- */

const char *binding_did(const struct binding_client *c, const char *what,
                        const struct binding_answer *answer, json_int_t *serial)
{
    static const char *const known[] = {"added", "replaced", "revoked", "unchanged"};
    const char *did = api_text(answer->json, "did");
    *serial = json_integer_value(json_object_get(answer->json, "serial"));
    for (size_t i = 0; i < sizeof known / sizeof known[0]; i++) {
        if (!strcmp(did, known[i])) {
            return known[i];
        }
    }
    cli_error("%s: %s: the answer does not tell what was done; is this a repository?", c->url,
              what);
    return NULL;
}

static const char *credential_of(const json_t *json)
{
    const json_t *chain = json_object_get(json, "certificates");
    const char *text = chain ? json_string_value(json_array_get(chain, 0)) : NULL;
    return chain ? (text ? text : "") : api_text(json, "public_key");
}

/* What is wrong with the record that a change made; NULL: nothing. */
static const char *change_fault(const struct binding_client *c, const json_t *json, uint8_t status,
                                const char *credential)
{
    struct binding_record record;
    const char *fault = binding_record_fault(c, json, &record);
    if (!fault && record.status != status) {
        fault = status == BINDING_ACTIVE ? "it is revoked" : "it is not revoked";
    }
    if (!fault && credential && strcmp(credential, credential_of(json)) != 0) {
        fault = "it is of another certificate or key";
    }
    return fault;
}

int binding_check(struct binding_client *c, const char *what, uint8_t status,
                  const char *credential)
{
    struct binding_answer answer;
    const char *fault = "it is not there";
    char path[64];
    size_t i;
    json_t *b;
    snprintf(path, sizeof path, "/v1/bindings/%s", c->imei->digits);
    int rc = binding_get(c, what, path, &answer);
    if (rc != CLI_DONE) {
        return rc;
    }
    json_array_foreach(json_object_get(answer.json, "bindings"), i, b)
    {
        if (!strcmp(api_text(b, "use"), binding_use_name(c->use))) {
            fault = change_fault(c, b, status, credential);
        }
    }
    if (fault) {
        cli_error("%s: %s, but its record is not to be relied on: %s", what,
                  status == BINDING_ACTIVE ? "published" : "revoked", fault);
    }
    binding_answer_free(&answer);
    return fault ? CLI_REFUSED : CLI_DONE;
}

/* ---- records ---- */

static bool octets_at(const json_t *o, const char *key, struct mbytes out, size_t *n)
{
    return base64_decode(bytes_of_str(api_text(o, key)), out, n) == E_OK;
}

static const char *signature_fault(const struct binding_client *c, const json_t *json,
                                   struct bytes record)
{
    uint8_t signature[SIGNATURE_LEN], digest[32];
    char id[2 * sizeof digest + 1];
    size_t n = 0;
    if (!octets_at(json, "signature", MBYTES_OF(signature), &n) || n != sizeof signature) {
        return "the signature cannot be read";
    }
    for (size_t i = 0; i < c->n_signers; i++) {
        const struct bytes spki = BYTES_OF(c->spki[i]);
        if (verify_digest(spki, digest) != E_OK) {
            return "the key of the signer cannot be used";
        }
        hex_encode(BYTES_OF(digest), id);
        if (!strcmp(id, api_text(json, "signer"))) {
            return signature_verify(spki, record, signature) == E_OK ? NULL
                                                                     : "the signature is false";
        }
    }
    return c->n_signers ? "it is signed by a key that is not trusted here" : NULL;
}

/* The certificate or key that came with it, if one did, is the one that was signed. */
static bool credential_fits(const json_t *json, const struct binding_record *r)
{
    uint8_t der[VERIFY_DER_MAX], digest[32];
    const json_t *chain = json_object_get(json, "certificates");
    const char *text = r->form == BINDING_CERTIFICATE ? json_string_value(json_array_get(chain, 0))
                                                      : api_text(json, "public_key");
    size_t n = 0;
    if (!chain && !json_object_get(json, "public_key")) {
        return true;
    }
    return text && base64_decode(bytes_of_str(text), MBYTES_OF(der), &n) == E_OK && n > 0 &&
           verify_digest((struct bytes){der, n}, digest) == E_OK &&
           !memcmp(digest, r->digest, sizeof digest);
}

static bool is_number(const json_t *json, const char *key, int64_t value)
{
    const json_t *v = json_object_get(json, key);
    return json_is_integer(v) && json_integer_value(v) == value;
}

static bool members_fit(const json_t *json, const struct binding_record *r)
{
    return !strcmp(api_text(json, "imei"), r->imei.digits) &&
           !strcmp(api_text(json, "use"), binding_use_name(r->use)) &&
           !strcmp(api_text(json, "form"), binding_form_name(r->form)) &&
           !strcmp(api_text(json, "status"), binding_status_name(r->status)) &&
           is_number(json, "serial", (int64_t)r->serial) && is_number(json, "issued", r->issued) &&
           is_number(json, "not_before", r->not_before) &&
           is_number(json, "not_after", r->not_after);
}

const char *binding_record_fault(const struct binding_client *c, const json_t *json,
                                 struct binding_record *out)
{
    uint8_t record[BINDING_RECORD_LEN];
    size_t n = 0;
    *out = (struct binding_record){.serial = 0};
    if (!octets_at(json, "record", MBYTES_OF(record), &n) ||
        binding_record_read((struct bytes){record, n}, out) != E_OK) {
        return "the record cannot be read";
    }
    const char *fault = signature_fault(c, json, (struct bytes){record, n});
    if (!fault && !members_fit(json, out)) {
        fault = "what stands beside the record is not what was signed";
    }
    if (!fault && !credential_fits(json, out)) {
        fault = "the certificate or key is not the one that was signed";
    }
    if (!fault && ((c->imei && !imei_eq(c->imei, &out->imei)) || (c->use && c->use != out->use))) {
        fault = "it is another device's, or of another use, than was asked for";
    }
    return fault;
}
