/* The subverb `binding publish`: one binding, or a file of them in batches. */
#include "cli/binding.h"

#include "cli/api_client.h"
#include "nf/common/base64.h"
#include <errno.h>
#include <openssl/pem.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#define BATCH_ROWS   2000u
#define BATCH_OCTETS (4u << 20)
#define ROW_MAX      60000u /* of what the repository takes */
#define SHOWN_MAX    20u
#define LISTED_MAX   10000u

static volatile sig_atomic_t interrupted;

static void interrupt(int number)
{
    (void)number;
    interrupted = 1;
}

struct options {
    struct binding_options binding;
    const char *file, *imei, *certificate, *public_key, *use, *replaces;
};

static error_t take(int key, char *arg, struct argp_state *state)
{
    struct options *o = state->input;
    const char **to = key == 'i'   ? &o->imei
                      : key == 'c' ? &o->certificate
                      : key == 'p' ? &o->public_key
                      : key == 'u' ? &o->use
                      : key == 'r' ? &o->replaces
                                   : NULL;
    if (to) {
        *to = arg;
        return 0;
    }
    switch (key) {
    case ARGP_KEY_INIT:
        state->child_inputs[0] = &o->binding;
        return 0;
    case ARGP_KEY_ARG:
        if (o->file) {
            argp_error(state, "one file at a time: '%s' is the second", arg);
        }
        o->file = arg;
        return 0;
    case ARGP_KEY_END:
        if (!o->file == !o->imei) {
            argp_error(state, "a file of rows is needed, or --imei with --certificate or "
                              "--public-key");
        } else if (o->imei && !o->certificate == !o->public_key) {
            argp_error(state, "--imei wants --certificate or --public-key");
        } else if (o->file && (o->certificate || o->public_key || o->use || o->replaces)) {
            argp_error(state, "with a file its rows say what is published");
        }
        return 0;
    default:
        return ARGP_ERR_UNKNOWN;
    }
}

static const struct argp_option options[] = {
    {"imei", 'i', "IMEI", 0, "the device", 10},
    {"certificate", 'c', "FILE", 0, "its certificate and what issued it, PEM, the device's first",
     10},
    {"public-key", 'p', "FILE", 0, "its public key, PEM", 10},
    {"use", 'u', "USE", 0, "identity (default) or provisioning", 10},
    {"replaces", 'r', "SERIAL", 0, "the newest record, which this takes the place of", 10},
    {0},
};
static const struct argp_child children[] = {{&binding_argp, 0, NULL, 0}, {0}};
static const struct argp argp = {
    options,
    take,
    "FILE.ndjson|-",
    "Publishes keys of devices: a file, as `bindery device make` writes it, or one with --imei.\v"
    "Rows are as docs/repository.md has them. A refused row costs no other one. Safe to run again: "
    "what is published counts as unchanged. Exit status 1 when a row was refused.",
    children,
    NULL,
    NULL};

/* ---- one ---- */

static json_t *as_base64(unsigned char *der, int n)
{
    char *text = n > 0 ? malloc(BASE64_ROOM((size_t)n)) : NULL;
    json_t *v = NULL;
    if (text) {
        base64_encode((struct bytes){der, (size_t)n}, text);
        v = json_string(text);
    }
    free(text);
    OPENSSL_free(der);
    return v;
}

static json_t *read_chain(FILE *f)
{
    json_t *list = json_array();
    X509 *x;
    while ((x = PEM_read_X509(f, NULL, NULL, NULL)) != NULL) {
        unsigned char *der = NULL;
        const int n = i2d_X509(x, &der);
        (void)json_array_append_new(list, as_base64(der, n));
        X509_free(x);
    }
    if (json_array_size(list) == 0) {
        json_decref(list);
        list = NULL;
    }
    return list;
}

static json_t *read_public(FILE *f)
{
    EVP_PKEY *key = PEM_read_PUBKEY(f, NULL, NULL, NULL);
    unsigned char *der = NULL;
    const int n = key ? i2d_PUBKEY(key, &der) : 0;
    EVP_PKEY_free(key);
    return as_base64(der, n);
}

/* {"certificates": [...]} or {"public_key": ...}; NULL and said. */
static json_t *body_of(const struct options *o)
{
    const char *path = o->certificate ? o->certificate : o->public_key;
    long replaces = 0;
    if (o->replaces && !cli_number("--replaces", o->replaces, 1, 999999999999999999, &replaces)) {
        return NULL;
    }
    FILE *f = fopen(path, "re");
    if (!f) {
        cli_error("%s: %s", path, strerror(errno));
        return NULL;
    }
    json_t *value = o->certificate ? read_chain(f) : read_public(f);
    (void)fclose(f);
    if (!value) {
        cli_error("%s: this is no %s in PEM", path, o->certificate ? "certificate" : "public key");
        return NULL;
    }
    json_t *body = json_pack("{s:o}", o->certificate ? "certificates" : "public_key", value);
    if (body && replaces) {
        (void)json_object_set_new(body, "replaces", json_integer(replaces));
    }
    return body;
}

static int say_one(struct binding_client *c, const struct options *o, const char *credential,
                   const struct binding_answer *answer)
{
    json_int_t serial;
    const char *imei = c->imei->digits, *did = binding_did(c, imei, answer, &serial);
    if (!did) {
        return CLI_REFUSED;
    }
    const int rc = binding_check(c, imei, BINDING_ACTIVE, credential);
    if (o->binding.common.json) {
        api_print_json(answer->json);
    } else {
        printf("%s: %s, record %" JSON_INTEGER_FORMAT "%s\n", imei, did, serial,
               rc != CLI_DONE ? ""
               : c->n_signers ? ", signature verified"
                              : "");
    }
    return rc;
}

/* The body's first certificate, or its key. */
static const char *credential_in(const json_t *body)
{
    const json_t *chain = json_object_get(body, "certificates");
    return chain ? json_string_value(json_array_get(chain, 0)) : api_text(body, "public_key");
}

static int publish_body(const struct options *o, struct binding_client *c, const json_t *body)
{
    struct binding_answer answer;
    char path[96];
    const size_t n = json_dumpb(body, NULL, 0, JSON_COMPACT);
    char *text = n ? malloc(n) : NULL;
    if (!text || json_dumpb(body, text, n, JSON_COMPACT) != n) {
        free(text);
        cli_error("no memory");
        return CLI_REFUSED;
    }
    snprintf(path, sizeof path, "/v1/bindings/%s/%s", c->imei->digits, binding_use_name(c->use));
    int rc = binding_call(c, "PUT", path, false, (struct bytes){(const uint8_t *)text, n}, &answer);
    if (rc == CLI_DONE) {
        rc = answer.status < 200 || answer.status > 299
                 ? binding_say_problem(c->imei->digits, &answer)
                 : say_one(c, o, credential_in(body), &answer);
    }
    binding_answer_free(&answer);
    free(text);
    return rc;
}

static int publish_one(const struct options *o, struct binding_client *c)
{
    struct imei imei;
    const char *use = o->use ? o->use : "identity";
    if (binding_use_parse(bytes_of_str(use), &c->use) != E_OK) {
        cli_error("--use is identity or provisioning, not '%.40s'", use);
        return CLI_USAGE;
    }
    if (!cli_imei(o->imei, &imei)) {
        return CLI_USAGE;
    }
    c->imei = &imei;
    json_t *body = body_of(o);
    const int rc = body ? publish_body(o, c, body) : CLI_REFUSED;
    json_decref(body);
    c->imei = NULL;
    return rc;
}

/* ---- many ---- */

struct bulk {
    const struct options *o;
    struct binding_client *c;
    FILE *in;
    uint64_t size, read; /* of the file: 0 where it is not known; and as far as it was read */
    unsigned long line;  /* read last */
    char row[ROW_MAX + 1];
    /* the batch */
    char *body;
    size_t n;
    unsigned n_rows, most; /* most: as many as the repository takes at once */
    unsigned long at_line[BATCH_ROWS];
    size_t at[BATCH_ROWS]; /* in the body */
    /* what happened */
    unsigned long added, replaced, revoked, unchanged, refused;
    json_t *listed;
    struct timespec began, said;
};

static double seconds_since(const struct timespec *then)
{
    struct timespec now;
    (void)clock_gettime(CLOCK_MONOTONIC, &now);
    return (double)(now.tv_sec - then->tv_sec) + (double)(now.tv_nsec - then->tv_nsec) / 1e9;
}

static unsigned long rows_done(const struct bulk *b)
{
    return b->added + b->replaced + b->revoked + b->unchanged + b->refused;
}

static void clear_progress(void)
{
    if (isatty(STDERR_FILENO)) {
        fputs("\r\033[K", stderr);
    }
}

static void say_progress(struct bulk *b)
{
    const double s = seconds_since(&b->began);
    if (!isatty(STDERR_FILENO) || seconds_since(&b->said) < 0.25 || s <= 0) {
        return;
    }
    (void)clock_gettime(CLOCK_MONOTONIC, &b->said);
    fprintf(stderr, "\r\033[K%lu rows, %.0f a second", rows_done(b), (double)rows_done(b) / s);
    if (b->size && b->read) {
        double part = (double)b->read / (double)b->size;
        part = part > 1 ? 1 : part;
        fprintf(stderr, ", %.0f %%, %.0f s left", part * 100, s / part - s);
    }
}

static void refused(struct bulk *b, unsigned long line, const char *imei, const char *cause,
                    const char *detail)
{
    b->refused++;
    if (b->o->binding.common.json) {
        if (json_array_size(b->listed) < LISTED_MAX) {
            (void)json_array_append_new(b->listed,
                                        json_pack("{s:I,s:s,s:s,s:s}", "line", (json_int_t)line,
                                                  "imei", imei, "cause", cause, "detail", detail));
        }
    } else if (b->refused <= SHOWN_MAX) {
        clear_progress();
        fprintf(stderr, "%s:%lu: ", b->o->file, line);
        cli_put_clean(stderr, imei);
        fputs(*imei ? ": " : "", stderr);
        cli_put_clean(stderr, cause);
        fputs(*detail ? ": " : "", stderr);
        cli_put_clean(stderr, detail);
        fputc('\n', stderr);
    }
}

static void count(struct bulk *b, unsigned long line, const json_t *row)
{
    const char *did = api_text(row, "did");
    if (!strcmp(did, "added")) {
        b->added++;
    } else if (!strcmp(did, "replaced")) {
        b->replaced++;
    } else if (!strcmp(did, "revoked")) {
        b->revoked++;
    } else if (!strcmp(did, "unchanged")) {
        b->unchanged++;
    } else {
        refused(b, line, api_text(row, "imei"), api_text(row, "cause"), api_text(row, "detail"));
    }
}

/* The lines of a report; *rows of the batch were looked at, and `ended` says why no more were. */
static bool read_report(struct bulk *b, struct bytes raw, unsigned *rows, char ended[static 48])
{
    bool whole = false;
    *rows = 0;
    ended[0] = '\0';
    while (raw.n > 0) {
        const uint8_t *end = memchr(raw.p, '\n', raw.n);
        const size_t n = end ? (size_t)(end - raw.p) : raw.n;
        json_t *line = json_loadb((const char *)raw.p, n, JSON_REJECT_DUPLICATES, NULL);
        const json_t *report = json_object_get(line, "report");
        const json_int_t row = json_integer_value(json_object_get(line, "row"));
        if (report) {
            whole = true;
            snprintf(ended, 48, "%s", api_text(report, "ended"));
        } else if (row == (json_int_t)*rows + 1 && *rows < b->n_rows) {
            count(b, b->at_line[(*rows)++], line);
        } else {
            json_decref(line);
            return false;
        }
        json_decref(line);
        raw.p += n + (end != NULL);
        raw.n -= n + (end != NULL);
    }
    return whole;
}

/* The first `rows` of the batch are done; the rest goes to its beginning. */
static void drop(struct bulk *b, unsigned rows)
{
    const size_t from = rows < b->n_rows ? b->at[rows] : b->n;
    memmove(b->body, b->body + from, b->n - from);
    b->n -= from;
    b->n_rows -= rows;
    for (unsigned i = 0; i < b->n_rows; i++) {
        b->at_line[i] = b->at_line[i + rows];
        b->at[i] = b->at[i + rows] - from;
    }
}

static int stopped(const struct bulk *b, const char *why)
{
    clear_progress();
    cli_error("%s: stopped before line %lu: %s; run it again: what is published counts as "
              "unchanged",
              b->o->file, b->n_rows ? b->at_line[0] : b->line + 1, why);
    return CLI_REFUSED;
}

static int send_once(struct bulk *b)
{
    struct binding_answer answer;
    unsigned rows = 0;
    char ended[48];
    int rc = binding_call(b->c, "POST", "/v1/bulk", true,
                          (struct bytes){(const uint8_t *)b->body, b->n}, &answer);
    if (rc != CLI_DONE) {
        (void)stopped(b, "the repository did not answer");
        return rc;
    }
    if (!answer.lines) {
        clear_progress();
        rc = binding_say_problem(b->o->file, &answer);
        binding_answer_free(&answer);
        return rc;
    }
    const bool whole = read_report(b, answer.raw, &rows, ended);
    const bool all = rows == b->n_rows;
    drop(b, rows);
    if (!whole || (!*ended && !all)) {
        return stopped(b, "the repository's report is not whole");
    }
    if (*ended && (strcmp(ended, "too-many-rows") != 0 || rows == 0)) {
        return stopped(b, ended);
    }
    b->most = *ended ? rows : b->most; /* it takes no more at once */
    return CLI_DONE;
}

static int send_batch(struct bulk *b)
{
    int rc = CLI_DONE;
    while (rc == CLI_DONE && b->n_rows > 0) {
        if (interrupted) {
            return stopped(b, "by Ctrl-C");
        }
        rc = send_once(b);
        say_progress(b);
    }
    return rc;
}

static int add_row(struct bulk *b, size_t n)
{
    if (n > ROW_MAX) {
        refused(b, b->line, "", "too-large", "the row is too long");
        return CLI_DONE;
    }
    int rc = b->n_rows >= b->most || b->n + n + 1 > BATCH_OCTETS ? send_batch(b) : CLI_DONE;
    if (rc == CLI_DONE) {
        b->at_line[b->n_rows] = b->line;
        b->at[b->n_rows++] = b->n;
        memcpy(b->body + b->n, b->row, n);
        b->n += n;
        b->body[b->n++] = '\n';
    }
    return rc;
}

/* The next line, without its end, into the row; of one that is too long the beginning. False: there
 * is none, or it was interrupted. */
static bool next_row(struct bulk *b, size_t *n)
{
    uint64_t octets = 0;
    int octet = EOF;
    *n = 0;
    while (!interrupted && octet != '\n' && (octet = getc_unlocked(b->in)) != EOF) {
        octets++;
        if (octet != '\n' && *n < sizeof b->row) {
            b->row[(*n)++] = (char)octet;
        }
    }
    b->read += octets;
    b->line += octets > 0 && !interrupted;
    while (*n > 0 && b->row[*n - 1] == '\r') {
        (*n)--;
    }
    return octets > 0 && !interrupted;
}

static int run(struct bulk *b)
{
    int rc = CLI_DONE;
    size_t n;
    while (rc == CLI_DONE && next_row(b, &n)) {
        rc = n > 0 ? add_row(b, n) : CLI_DONE;
    }
    if (rc == CLI_DONE && (interrupted || ferror(b->in))) {
        return stopped(b, interrupted ? "by Ctrl-C" : strerror(errno));
    }
    return rc == CLI_DONE ? send_batch(b) : rc;
}

static void say_summary(const struct bulk *b)
{
    clear_progress();
    if (b->o->binding.common.json) {
        json_t *o = json_pack("{s:I,s:I,s:I,s:I,s:I,s:O}", "added", (json_int_t)b->added,
                              "replaced", (json_int_t)b->replaced, "revoked",
                              (json_int_t)b->revoked, "unchanged", (json_int_t)b->unchanged,
                              "refused", (json_int_t)b->refused, "refusals", b->listed);
        api_print_json(o);
        json_decref(o);
        return;
    }
    if (b->refused > SHOWN_MAX) {
        fprintf(stderr, "and %lu more refused row%s; --json lists them\n", b->refused - SHOWN_MAX,
                b->refused == SHOWN_MAX + 1 ? "" : "s");
    }
    printf("%lu added, %lu replaced, %lu revoked, %lu unchanged, %lu refused, in %.1f s\n",
           b->added, b->replaced, b->revoked, b->unchanged, b->refused, seconds_since(&b->began));
}

static bool open_input(struct bulk *b)
{
    struct stat st;
    const char *file = b->o->file;
    b->in = !strcmp(file, "-") ? stdin : fopen(file, "re");
    if (!b->in || fstat(fileno(b->in), &st) != 0) {
        cli_error("%s: %s", file, strerror(errno));
        return false;
    }
    if (S_ISDIR(st.st_mode)) {
        cli_error("%s is a directory; a lot's rows are in its bindings.ndjson", file);
        return false;
    }
    b->size = S_ISREG(st.st_mode) ? (uint64_t)st.st_size : 0;
    return true;
}

/* The first Ctrl-C ends it in order; a second one at once. */
static void catch_interrupt(void)
{
    struct sigaction a = {.sa_handler = interrupt, .sa_flags = (int)SA_RESETHAND};
    sigemptyset(&a.sa_mask);
    (void)sigaction(SIGINT, &a, NULL);
    (void)sigaction(SIGTERM, &a, NULL);
}

/*= devid-published */
static int publish_many(const struct options *o, struct binding_client *c)
{
    struct bulk *b = calloc(1, sizeof *b);
    int rc = CLI_REFUSED;
    if (!b || !(b->body = malloc(BATCH_OCTETS))) {
        cli_error("no memory");
        free(b);
        return CLI_REFUSED;
    }
    b->o = o;
    b->c = c;
    b->most = BATCH_ROWS;
    b->listed = json_array();
    (void)clock_gettime(CLOCK_MONOTONIC, &b->began);
    if (open_input(b)) {
        catch_interrupt();
        rc = run(b);
        say_summary(b);
        rc = rc == CLI_DONE && b->refused ? CLI_REFUSED : rc;
    }
    if (b->in && b->in != stdin) {
        (void)fclose(b->in);
    }
    json_decref(b->listed);
    free(b->body);
    free(b);
    return rc;
}

int binding_publish(int argc, char **argv)
{
    struct options o = {0};
    struct binding_client c;
    if (argp_parse(&argp, argc, argv, 0, NULL, &o) != 0) {
        return CLI_USAGE;
    }
    int rc = binding_open(&o.binding, BINDING_AS_MAKER, &c);
    if (rc != CLI_DONE) {
        return rc;
    }
    rc = o.imei ? publish_one(&o, &c) : publish_many(&o, &c);
    binding_close(&c);
    return rc;
}
