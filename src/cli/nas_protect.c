/* The verbs `nas protect` and `nas unprotect`. */
#include "cli/nas.h"
#include "cli/nas_context.h"
#include "cli/nas_json.h"
#include "cli/pdu_input.h"
#include "cli/secret_input.h"
#include "crypto/openssl.h"
#include <string.h>

/* What options say of the context: by key, its name. */
static const struct {
    int key;
    const char *name;
} members[] = {{'n', "count"}, {'d', "direction"}, {'e', "eea"},
               {'i', "eia"},   {'b', "bearer"},    {'t', "header-type"}};
#define MEMBERS (sizeof members / sizeof members[0])

struct options {
    struct pdu_source from;
    const char *context;
    const char *member[MEMBERS]; /* set after the file */
    bool json;
};
struct work {
    struct crypto crypto;
    struct nas_context context;
    uint8_t in[PDU_MAX], out[PDU_MAX];
    struct bytes pdu;
};

static error_t take(int key, char *arg, struct argp_state *state)
{
    struct options *o = state->input;
    for (size_t i = 0; i < MEMBERS; i++) {
        if (members[i].key == key) {
            o->member[i] = arg;
            return 0;
        }
    }
    switch (key) {
    case ARGP_KEY_INIT:
        state->child_inputs[0] = &o->from;
        return 0;
    case 'c':
        o->context = arg;
        return 0;
    case 'J':
        o->json = true;
        return 0;
    case ARGP_KEY_END:
        if (!o->context) {
            argp_error(state, "--context FILE is needed: the keys and algorithms");
        }
        return 0;
    default:
        return ARGP_ERR_UNKNOWN;
    }
}

#define CONTEXT_OPTIONS                                                                            \
    {"context", 'c', "FILE", 0, "the security context; - for standard input", 0},                  \
        {"count", 'n', "N", 0, "the NAS COUNT, 24 bits", 0},                                       \
        {"direction", 'd', "up|down", 0, "who sends it", 0},                                       \
        {"eea", 'e', "N", 0, "the ciphering algorithm, 0 to 3", 0},                                \
        {"eia", 'i', "N", 0, "the integrity algorithm, 1 to 3", 0},                                \
        {"bearer", 'b', "N", 0, "the bearer (0, as NAS has it)", 0},                               \
    {                                                                                              \
        "json", 'J', NULL, 0, "answer in JSON, for scripts", 0                                     \
    }
#define CONTEXT_DOC                                                                                \
    "The context has lines like 'kasme=9c3e...' or one JSON object, with kasme, or knasint and "   \
    "knasenc, and any of eea, eia, count, bearer, direction and header-type. Keys are not taken "  \
    "as arguments, where every user of the machine could read them."

static const struct argp_option protect_options[] = {
    CONTEXT_OPTIONS,
    {"header-type", 't', "1-4", 0, "the security header type; as the message has it if not given",
     0},
    {0},
};
static const struct argp_option unprotect_options[] = {CONTEXT_OPTIONS, {0}};
static const struct argp_child children[] = {{&pdu_source_argp, 0, NULL, 0}, {0}};
static const struct argp protect_argp = {
    protect_options,
    take,
    "[HEX...|-]",
    "Protects a plain NAS message under a security context (TS 24.301 4.4), or puts sequence "
    "number and MAC into a SERVICE REQUEST. A calculator: nothing keeps a COUNT from being used "
    "twice.\v" CONTEXT_DOC,
    children,
    NULL,
    NULL};
static const struct argp unprotect_argp = {
    unprotect_options,
    take,
    "[HEX...|-]",
    "Checks the MAC of a protected NAS message, deciphers it and says what is inside. Exit status "
    "1 when the MAC does not hold. Without --count it is the message's sequence "
    "number.\v" CONTEXT_DOC,
    children,
    NULL,
    NULL};

/* ---- input ---- */

static bool set_members(const struct options *o, struct nas_context *c)
{
    char why[160];
    for (size_t i = 0; i < MEMBERS; i++) {
        if (o->member[i] && !nas_context_set(c, members[i].name, o->member[i], why, sizeof why)) {
            cli_error("--%s", why);
            return false;
        }
    }
    return true;
}

static bool read_context(const struct options *o, struct nas_context *c)
{
    char text[SECRET_FILE_MAX], why[200];
    size_t n;
    if (!secret_read_whole(o->context, false, text, sizeof text, &n)) {
        return false;
    }
    bool good = nas_context_parse(c, text, n, why, sizeof why);
    if (!good) {
        cli_error("%s: %s", o->context, why);
    }
    wipe(text, sizeof text);
    return good;
}

/* Everything but the crypto table, which is open already. */
static int read_input(const struct options *o, struct work *w)
{
    char why[200];
    struct nas_context tried = {0};
    size_t n;
    if (!strcmp(o->context, "-") && pdu_source_is_stdin(&o->from)) {
        cli_error("the context and the PDU cannot both come from standard input");
        return CLI_USAGE;
    }
    if (!set_members(o, &tried)) {
        return CLI_USAGE;
    }
    if (!read_context(o, &w->context) || !set_members(o, &w->context)) {
        return CLI_REFUSED;
    }
    if (!nas_context_complete(&w->crypto, &w->context, why, sizeof why)) {
        cli_error("%s: %s", o->context, why);
        return CLI_REFUSED;
    }
    if (!pdu_read_hex(&o->from, MBYTES_OF(w->in), &n)) {
        return CLI_REFUSED;
    }
    w->pdu = (struct bytes){w->in, n};
    return CLI_DONE;
}

/* ---- protect ---- */

static void print_protected(const struct options *o, struct bytes pdu)
{
    struct nas_pdu seen;
    struct nas_text_options how = {NAS_BOTH, false, false};
    struct nas_fault fault;
    enum err e = nas_peek(pdu, &seen);
    json_t *shown = o->json ? nas_json_of(pdu, &how, &e, &fault) : NULL;
    if (!shown) {
        pdu_print_hex(pdu);
        return;
    }
    char hex[2 * PDU_MAX + 1];
    hex_encode(pdu, hex);
    (void)json_object_set_new(shown, "pdu", json_string(hex));
    (void)json_dumpf(shown, stdout, JSON_INDENT(2));
    putchar('\n');
    json_decref(shown);
}

static int protect(const struct options *o, struct work *w)
{
    size_t n;
    int rc = read_input(o, w);
    if (rc != CLI_DONE) {
        return rc;
    }
    if (!w->context.has_count) {
        cli_error("%s: count, the NAS COUNT, is missing", o->context);
        return CLI_REFUSED;
    }
    enum err e = nas_context_protect(&w->crypto, &w->context, w->pdu, MBYTES_OF(w->out), &n);
    if (e != E_OK) {
        cli_error("octet 0: %s",
                  e == E_BAD_STATE ? "this message is protected already" : err_sentence(e));
        return CLI_REFUSED;
    }
    print_protected(o, (struct bytes){w->out, n});
    return CLI_DONE;
}

/* ---- unprotect ---- */

static const char *way(bool down)
{
    return down ? "down" : "up";
}

static int refuse_pdu(const struct work *w, const struct nas_opened *got, enum err e)
{
    struct nas_fault none = {0};
    char why[256];
    if (e == E_SYNC) {
        cli_error("octet %d: its sequence number is %u, and COUNT %u does not end in that",
                  got->pdu.kind == NAS_SERVICE_REQUEST ? 1 : 5, got->pdu.sn, got->count);
    } else if (e == E_BAD_STATE) {
        cli_error("octet 0: this message is not protected");
    } else if (e == E_UNSUPPORTED && got->pdu.kind == NAS_PROTECTED) {
        cli_error("octet 0: partially ciphered (security header type 5) is not supported");
    } else {
        nas_fault_text(w->pdu, e, &none, why, sizeof why);
        cli_error("%s", why);
    }
    return CLI_REFUSED;
}

static bool was_ciphered(const struct nas_opened *got)
{
    return got->pdu.sht == NAS_SHT_CIPHERED || got->pdu.sht == NAS_SHT_CIPHERED_NEW;
}

static void print_opened(const struct work *w, const struct nas_opened *got)
{
    const struct nas_context *c = &w->context;
    struct nas_text_options how = {c->direction ? NAS_DOWN : NAS_UP, false, false};
    printf("Security header type: %u\nSequence number: %u\n", got->pdu.sht, got->pdu.sn);
    printf("MAC: %s under EIA%u with COUNT %u, bearer %u, direction %s\n",
           got->holds ? "holds" : "does not hold", c->eia, got->count, c->bearer,
           way(c->direction));
    if (got->holds) {
        if (was_ciphered(got)) {
            printf("Ciphering: EEA%u\n", c->eea);
        } else {
            puts("Ciphering: none");
        }
        nas_tree_put(stdout, 0, got->raw, &how);
    }
}

static void print_opened_json(const struct work *w, const struct nas_opened *got)
{
    const struct nas_context *c = &w->context;
    struct nas_text_options how = {c->direction ? NAS_DOWN : NAS_UP, false, false};
    struct nas_fault fault;
    enum err e;
    json_t *o = json_pack("{s:i, s:i, s:b, s:i, s:i, s:s}", "security-header-type", got->pdu.sht,
                          "sequence-number", got->pdu.sn, "mac-holds", got->holds, "count",
                          (int)got->count, "bearer", c->bearer, "direction", way(c->direction));
    if (o && got->holds) {
        char hex[2 * PDU_MAX + 1];
        hex_encode(got->raw, hex);
        (void)json_object_set_new(o, "plain", json_string(hex));
        json_t *inner = nas_json_of(got->raw, &how, &e, &fault);
        if (inner) {
            (void)json_object_set_new(o, "nas-message", inner);
        }
    }
    (void)json_dumpf(o, stdout, JSON_INDENT(2));
    putchar('\n');
    json_decref(o);
}

static int unprotect(const struct options *o, struct work *w)
{
    struct nas_opened got;
    int rc = read_input(o, w);
    if (rc != CLI_DONE) {
        return rc;
    }
    enum err e = nas_context_unprotect(&w->crypto, &w->context, w->pdu, MBYTES_OF(w->out), &got);
    if (e != E_OK) {
        return refuse_pdu(w, &got, e);
    }
    if (o->json) {
        print_opened_json(w, &got);
    } else {
        print_opened(w, &got);
    }
    if (!got.holds) {
        (void)fflush(stdout);
        cli_error("the MAC does not hold%s%s", got.other_way ? "; it would in direction " : "",
                  got.other_way ? way(!w->context.direction) : "");
    }
    return got.holds ? CLI_DONE : CLI_REFUSED;
}

/* ---- both ---- */

static int run(const struct argp *argp, int argc, char **argv,
               int (*what)(const struct options *o, struct work *w))
{
    struct options o = {0};
    static struct work w;
    if (argp_parse(argp, argc, argv, 0, NULL, &o) != 0) {
        return CLI_USAGE;
    }
    if (crypto_openssl_open(&w.crypto) != E_OK) {
        cli_error("%s", err_sentence(E_CRYPTO));
        return CLI_REFUSED;
    }
    int rc = what(&o, &w);
    crypto_openssl_close(&w.crypto);
    wipe(&w, sizeof w);
    return rc;
}

int cli_nas_protect(int argc, char **argv)
{
    return run(&protect_argp, argc, argv, protect);
}

int cli_nas_unprotect(int argc, char **argv)
{
    return run(&unprotect_argp, argc, argv, unprotect);
}
