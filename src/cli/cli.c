#include "cli/cli.h"
#include "cli/eir.h"
#include "cli/load.h"
#include "cli/memory.h"
#include "cli/nas.h"
#include <curl/curl.h>
#include <errno.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <unistd.h>

static const struct cli_verb verbs[] = {
    {"up", "start an HSS, an MME and a repository here, with all they need", cli_up},
    {"down", "stop what `up` started", cli_down},
    {"status", "daemons, listeners, peers and counters", cli_status},
    {"reload", "have HSS and MME read their configuration again", cli_reload},
    {"top", "what a daemon does right now: rates, times, peers, refusals", cli_top},
    {"logs", "what the daemons wrote", cli_logs},
    {"events", "what happened to subscribers: refusals, alarms, registrations", cli_events},
    {"explain", "what the name of an event, cause or metric means, and what to do", cli_explain},
    {"audit", "who changed what at the HSS, and whether the log of it holds", cli_audit},
    {"attach", "attach a device over the air interface", cli_attach},
    {"devices", "the devices at the MME, and detaching one", cli_devices},
    {"subscriber", "add, show, list, set, remove subscriptions", cli_subscriber},
    {"device", "the devices of subscriptions; production lots of identities", cli_device},
    {"lot", "manufacturers' lots: make P and Q, import them, show them", cli_lot},
    {"onboarding", "devices that get their subscription by attaching", cli_onboarding},
    {"dimsi", "devices that find this operator by a discovery IMSI", cli_dimsi},
    {"sp", "a service provider: order, collect, offer devices", cli_sp},
    {"import", "put subscribers and devices in from CSV or NDJSON", cli_import},
    {"export", "write subscribers as import reads them", cli_export},
    {"key", "the keys that the HSS seals secrets with, and others for them", cli_key},
    {"eir", "white, grey and black lists of equipment: what S13 answers", cli_eir},
    {"authenticate", "play MME and device over S6a and say what happened", cli_authenticate},
    {"load", "load an HSS over S6a and say how long its answers took", cli_load},
    {"aka", "compute what an AuC and a USIM compute", cli_aka},
    {"nas", "NAS PDUs: decode, encode, protect, unprotect", cli_nas},
    {"s1ap", "S1AP messages: decode, encode", cli_s1ap},
    {"trace", "draw the ladder of trace files", cli_trace},
    {"binding", "publish keys of devices to a repository, ask it, revoke", cli_binding},
    {"backup", "make, list and verify backups of the HSS's store", cli_backup},
    {"restore", "put a backup in the place of the HSS's store", cli_restore},
    {"pki", "make the certificates of a demonstration", cli_pki},
    {0},
};

int cli_main(int argc, char **argv)
{
    static const char doc[] =
        "Bindery: a home subscriber server that binds SIMs to devices.\n\n"
        "Begin with `bindery up -d`, then `bindery import FILE.csv` and `bindery status`.";
    cli_memory_wipes();
    (void)prctl(PR_SET_DUMPABLE, 0); /* keys pass through this process */
    argp_err_exit_status = CLI_USAGE;
    return cli_dispatch("bindery", doc, verbs, argc, argv);
}

static void print_verbs(FILE *to, const char *prefix, const char *doc, const struct cli_verb *v)
{
    fprintf(to, "Usage: %s VERB [OPTION...] [ARGUMENT...]\n\n%s\n\nVerbs:\n", prefix, doc);
    for (; v->name; v++) {
        fprintf(to, "  %s%-13s%s %s\n", cli_paint(to, CLI_BOLD), v->name, cli_paint(to, CLI_PLAIN),
                v->summary);
    }
    fprintf(to,
            "\n`%s VERB --help` tells the options of each; `man bindery` tells it all.\n"
            "Exit status: 0 done, 1 refused or failed, 2 wrong usage, 3 the HSS is not reached.\n",
            prefix);
}

static int no_verb(const char *prefix, const char *doc, const struct cli_verb *table,
                   const char *word)
{
    if (!word) {
        print_verbs(stderr, prefix, doc, table);
        return CLI_USAGE;
    }
    if (!strcmp(word, "--help") || !strcmp(word, "-?") || !strcmp(word, "help")) {
        print_verbs(stdout, prefix, doc, table);
        return CLI_DONE;
    }
    if (!strcmp(word, "--version") || !strcmp(word, "-V")) {
        puts(argp_program_version ? argp_program_version : "bindery");
        return CLI_DONE;
    }
    cli_error("%s has no verb '%s'; `%s --help` lists them", prefix, word, prefix);
    return CLI_USAGE;
}

int cli_dispatch(const char *prefix, const char *doc, const struct cli_verb *table, int argc,
                 char **argv)
{
    const char *word = argc > 1 ? argv[1] : NULL;
    const struct cli_verb *v = table;
    while (word && v->name && strcmp(v->name, word) != 0) {
        v++;
    }
    if (!word || !v->name) {
        return no_verb(prefix, doc, table, word);
    }
    char full[64];
    snprintf(full, sizeof full, "%s %s", prefix, v->name);
    argv[1] = full; /* argp names the command by it */
    int code = v->run(argc - 1, argv + 1);
    if (fflush(stdout) != 0 && code == CLI_DONE) {
        cli_error("standard output: %s", strerror(errno));
        code = CLI_REFUSED;
    }
    return code;
}

/* ---- common options ---- */

enum { OPT_SERVER = 0x7a00, OPT_CERTIFICATE, OPT_KEY, OPT_CA };

static error_t common_option(int key, char *arg, struct argp_state *state)
{
    struct cli_common *c = state->input;
    switch (key) {
    case 'C':
        c->dir = arg;
        return 0;
    case 'S':
        c->socket = arg;
        return 0;
    case 'J':
        c->json = true;
        return 0;
    case OPT_SERVER:
        c->server = arg;
        return 0;
    case OPT_CERTIFICATE:
        c->certificate = arg;
        return 0;
    case OPT_KEY:
        c->key = arg;
        return 0;
    case OPT_CA:
        c->ca = arg;
        return 0;
    default:
        return ARGP_ERR_UNKNOWN;
    }
}

static const struct argp_option common_options[] = {
    {"dir", 'C', "DIR", 0, "the directory of `bindery up` ($BINDERY_DIR, ./.bindery)", 90},
    {"socket", 'S', "PATH", 0, "the administration socket ($BINDERY_SOCKET)", 90},
    {"json", 'J', NULL, 0, "answer in JSON, for scripts", 90},
    {"server", OPT_SERVER, "URL", 0, "https://HOST:PORT instead of the socket ($BINDERY_SERVER)",
     91},
    {"certificate", OPT_CERTIFICATE, "FILE", 0,
     "with --server: who asks, PEM ($BINDERY_CERTIFICATE, pki/admin.crt in --dir)", 91},
    {"key", OPT_KEY, "FILE", 0, "its key ($BINDERY_KEY, beside it)", 91},
    {"ca", OPT_CA, "FILE", 0, "the CA of the server ($BINDERY_CA, pki/ca.crt in --dir)", 91},
    {0},
};
const struct argp cli_common_argp = {.options = common_options, .parser = common_option};

const char *cli_dir(const struct cli_common *common)
{
    const char *env = getenv("BINDERY_DIR");
    return common->dir ? common->dir : env && *env ? env : ".bindery";
}

bool cli_path(const char *dir, const char *name, char *out, size_t cap)
{
    int n = snprintf(out, cap, "%s/%s", dir, name);
    if (n < 0 || (size_t)n >= cap) {
        cli_error("%s/%s: the path is longer than %zu characters; take a shorter --dir", dir, name,
                  cap - 1);
        return false;
    }
    return true;
}

/* The socket that somebody named, or the one of this name in the directory. */
static bool socket_path(const struct cli_common *common, const char *named, const char *name,
                        char out[static CLI_SOCKET_MAX])
{
    if (!named) {
        return cli_path(cli_dir(common), name, out, CLI_SOCKET_MAX);
    }
    if (strlen(named) >= CLI_SOCKET_MAX) {
        cli_error("%s: longer than a socket's path may be", named);
        return false;
    }
    snprintf(out, CLI_SOCKET_MAX, "%s", named);
    return true;
}

static const char *named_socket(const struct cli_common *common)
{
    const char *env = getenv("BINDERY_SOCKET");
    return common->socket ? common->socket : !common->dir && env && *env ? env : NULL;
}

bool cli_socket_path(const struct cli_common *common, char out[static CLI_SOCKET_MAX])
{
    return socket_path(common, named_socket(common), "admin.sock", out);
}

bool cli_mme_socket(const struct cli_common *common, char out[static CLI_SOCKET_MAX])
{
    return socket_path(common, common->socket, "mme.sock", out);
}

static const char *named_server(const struct cli_common *common, const char *variable)
{
    const char *env = getenv(variable);
    const bool here = common->dir || common->socket; /* says that it is on this machine */
    return common->server ? common->server : !here && env && *env ? env : NULL;
}

const char *cli_server(const struct cli_common *common)
{
    return named_server(common, "BINDERY_SERVER");
}

const char *cli_mme_server(const struct cli_common *common)
{
    return named_server(common, "BINDERY_MME_SERVER");
}

bool cli_local_only(const struct cli_common *common, const char *verb)
{
    const char *server = cli_server(common);
    if (server) {
        cli_error("`%s` is for the daemons of this machine only, and %s names %s; say it there, or "
                  "name a directory here with --dir",
                  verb, common->server ? "--server" : "$BINDERY_SERVER", server);
    }
    return !server;
}

static bool has_beside(const struct cli_common *common, const char *config)
{
    char path[CLI_PATH_MAX];
    return !named_socket(common) && !cli_server(common) &&
           cli_path(cli_dir(common), config, path, sizeof path) && access(path, F_OK) == 0;
}

bool cli_names_one(const struct cli_common *common)
{
    return named_socket(common) || cli_server(common);
}

bool cli_has_mme(const struct cli_common *common)
{
    if (cli_server(common)) {
        return !common->server && cli_mme_server(common);
    }
    return has_beside(common, "mmed.yaml");
}

bool cli_has_repo(const struct cli_common *common)
{
    return has_beside(common, "repod.yaml");
}

bool cli_trace_path(const char *path, bool secrets)
{
    static const uint8_t section[4] = {0x0a, 0x0d, 0x0d, 0x0a};
    uint8_t head[sizeof section];
    if (!path) {
        if (secrets) {
            cli_error("--trace-secrets says what --trace FILE may hold; give that too");
        }
        return !secrets;
    }
    FILE *f = fopen(path, "re");
    size_t n = f ? fread(head, 1, sizeof head, f) : 0;
    if (f) {
        (void)fclose(f);
    }
    if (n && (n < sizeof head || memcmp(head, section, n) != 0)) {
        cli_error("--trace %s: this file is there and is no trace; choose another name", path);
        return false;
    }
    return true;
}

/* ---- identities and numbers ---- */

bool cli_imsi(const char *text, struct imsi *out)
{
    enum err e = imsi_parse(bytes_of_str(text), out);
    if (e != E_OK) {
        cli_error("'%.40s' is no IMSI: that is 6 to 15 digits, country and network first", text);
    }
    return e == E_OK;
}

bool cli_imei(const char *text, struct imei *out)
{
    enum err e = imei_parse(bytes_of_str(text), out);
    if (e == E_BAD_CHECK_DIGIT) {
        cli_error("'%s' is no IMEI: its last digit is not the check digit of the others; one of "
                  "them is mistyped, or leave it away",
                  text);
    } else if (e != E_OK) {
        cli_error("'%.40s' is no IMEI: that is 14 digits, or 15 with the check digit", text);
    }
    return e == E_OK;
}

bool cli_number(const char *option, const char *text, long min, long max, long *out)
{
    char *end;
    errno = 0;
    long v = strtol(text, &end, 10);
    if (errno || end == text || *end || v < min || v > max) {
        cli_error("%s takes a number from %ld to %ld, not '%s'", option, min, max, text);
        return false;
    }
    *out = v;
    return true;
}

/* ---- saying ---- */

void cli_error(const char *format, ...)
{
    char text[4096];
    va_list ap;
    va_start(ap, format);
    vsnprintf(text, sizeof text, format, ap);
    va_end(ap);
    fprintf(stderr, "%sbindery:%s ", cli_paint(stderr, CLI_RED), cli_paint(stderr, CLI_PLAIN));
    cli_put_clean(stderr, text);
    fputc('\n', stderr);
}

const char *cli_paint(FILE *to, enum cli_colour colour)
{
    static const char *const sequence[] = {
        [CLI_PLAIN] = "\033[0m", [CLI_BOLD] = "\033[1m",   [CLI_DIM] = "\033[2m",
        [CLI_RED] = "\033[31m",  [CLI_GREEN] = "\033[32m", [CLI_YELLOW] = "\033[33m",
        [CLI_CYAN] = "\033[36m",
    };
    const char *no = getenv("NO_COLOR");
    int fd = fileno(to);
    return (no && *no) || fd < 0 || !isatty(fd) ? "" : sequence[colour];
}

void cli_put_quoted(FILE *to, const char *text)
{
    fputc('"', to);
    for (; *text; text++) {
        if (*text == '"') {
            fputc('"', to);
        }
        fputc((unsigned char)*text < 0x20 ? ' ' : *text, to);
    }
    fputc('"', to);
}

void cli_put_clean(FILE *to, const char *text)
{
    for (; *text; text++) {
        unsigned char c = (unsigned char)*text;
        if (c < 0x20 || c == 0x7f) {
            fprintf(to, "\\x%02x", c);
        } else {
            fputc(c, to);
        }
    }
}
