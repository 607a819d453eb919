/* The verb `import`: a stream of rows, in batches, all or nothing per row. */
#include "cli/api_client.h"
#include "cli/import_seen.h"
#include "cli/import_session.h"
#include "cli/import_tally.h"
#include "cli/memory.h"
#include "device/linux/import_rows.h"
#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#define BATCH_ROWS       500
#define BATCH_SLOTS      1000 /* rows that are sent, and refused ones between them */
#define BATCH_OCTETS     900000
#define READ_AHEAD       65536
#define STATUS_UNKNOWN   401 /* who asks is not known, */
#define STATUS_FORBIDDEN 403 /* or may not do this */

static volatile sig_atomic_t interrupted;

static void interrupt(int number)
{
    (void)number;
    interrupted = 1;
}

struct options {
    struct cli_common common;
    const char *file, *format, *report, *transport_key;
    bool dry_run;
};

static error_t take(int key, char *arg, struct argp_state *state)
{
    struct options *o = state->input;
    switch (key) {
    case ARGP_KEY_INIT:
        state->child_inputs[0] = &o->common;
        return 0;
    case 'n':
        o->dry_run = true;
        return 0;
    case 'r':
        o->report = arg;
        return 0;
    case 'f':
        o->format = arg;
        if (strcmp(arg, "csv") != 0 && strcmp(arg, "ndjson") != 0 &&
            strcmp(arg, "sim-maker") != 0 && strcmp(arg, "auto") != 0) {
            argp_error(state, "--format is csv, ndjson, sim-maker or auto, not '%s'", arg);
        }
        return 0;
    case 't':
        o->transport_key = arg;
        return 0;
    case ARGP_KEY_ARG:
        if (o->file) {
            argp_error(state, "one file at a time: '%s' is the second", arg);
        }
        o->file = arg;
        return 0;
    case ARGP_KEY_END:
        if (!o->file) {
            argp_error(state, "a file is needed, or - for standard input");
        }
        return 0;
    default:
        return ARGP_ERR_UNKNOWN;
    }
}

static const struct argp_option argp_options[] = {
    {"dry-run", 'n', NULL, 0, "check every row against the HSS and change nothing", 10},
    {"report", 'r', "FILE", 0, "write every refused row's line, IMSI and reason there, as CSV", 10},
    {"format", 'f', "csv|ndjson|sim-maker|auto", 0,
     "what the file is, when neither its name nor its beginning tells", 10},
    {"transport-key", 't', "NAME", 0,
     "of a SIM maker's file: the HSS's name of what its keys are encrypted under", 10},
    {0},
};
static const struct argp_child children[] = {{&cli_common_argp, 0, NULL, 0}, {0}};
static const struct argp argp = {
    argp_options,
    take,
    "FILE.csv|FILE.ndjson|FILE.out|-",
    "Puts subscribers and devices in, row by row: a refused row costs no other one. Safe to run "
    "again.\v"
    "CSV columns, in any order: imsi, algorithm, k, op, opc, msisdn, policy, proof, profile, "
    "suspended, sqn, imei, kme. An empty field is not sent. A row of an imsi that is there changes "
    "what it names and nothing else; one with k makes it. Several rows with one imsi give it "
    "several "
    "devices, and have the same keys. NDJSON lines are as docs/admin-api.md has them; "
    "SIM makers' files, with K encrypted, are in docs/keys.md.\n"
    "Exit status 1 when a row was refused.",
    children,
    NULL,
    NULL};

/* A row that waits for the batch to be answered, so that faults are told in the file's order. */
struct slot {
    unsigned long line;
    char imsi[24];
    const char *problem; /* the fault's name */
    char fault[256];     /* empty: it goes to the HSS */
};
struct import {
    const struct options *o;
    struct api api;
    struct import_session session;
    struct hashed_file hashed;
    struct import_seen seen;
    FILE *file; /* what `in` reads */
    FILE *in;
    uint64_t size; /* of the file, 0 when not known */
    struct import_rows rows;
    char read_ahead[READ_AHEAD]; /* of `in`: what passes through it is wiped with us */
    /* the batch */
    char *body;
    size_t n;
    unsigned n_rows;  /* that go to the HSS */
    unsigned n_slots; /* these, and those that don't */
    struct slot slot[BATCH_SLOTS];
    bool broken; /* the HSS could not take a row, for a reason that is not the row's */
    bool denied; /* whoever asks may not import: nothing else is to be said */
    /* what happened */
    struct import_tally tally;
    struct timespec began, said;
};

/* ---- progress ---- */

static double seconds_since(const struct timespec *then)
{
    struct timespec now;
    (void)clock_gettime(CLOCK_MONOTONIC, &now);
    return (double)(now.tv_sec - then->tv_sec) + (double)(now.tv_nsec - then->tv_nsec) / 1e9;
}

static void say_progress(struct import *im)
{
    double s = seconds_since(&im->began);
    if (!isatty(STDERR_FILENO) || seconds_since(&im->said) < 0.25 || s <= 0) {
        return;
    }
    (void)clock_gettime(CLOCK_MONOTONIC, &im->said);
    fprintf(stderr, "\r\033[K%lu rows, %.0f a second", import_tally_rows(&im->tally),
            (double)import_tally_rows(&im->tally) / s);
    if (im->size && im->rows.octets) {
        double part = (double)im->rows.octets / (double)im->size;
        part = part > 1 ? 1 : part;
        fprintf(stderr, ", %.0f %%, %.0f s left", part * 100, s / part - s);
    }
}

/* ---- a batch ---- */

/* "unknown-profile" of "urn:bindery:problem:unknown-profile" */
static const char *problem_name(const json_t *problem)
{
    const char *type = api_text(problem, "type");
    const char *colon = strrchr(type, ':');
    return colon ? colon + 1 : *type ? type : "refused";
}

static void take_result(struct import *im, const struct slot *slot, const json_t *result)
{
    char words[256];
    const json_t *problem = json_object_get(result, "problem");
    const char *did = api_text(result, "did");
    if (json_integer_value(json_object_get(problem, "status")) >= 500) {
        api_problem_words(problem, words, sizeof words);
        if (!im->broken) {
            import_tally_clear();
            cli_error("%s: stopped at line %lu: the HSS cannot take it: %s", im->o->file,
                      slot->line, words);
        }
        im->broken = true;
    } else if (problem) {
        api_problem_words(problem, words, sizeof words);
        import_tally_refuse(&im->tally, slot->line, slot->imsi, problem_name(problem), words);
    } else if (!strcmp(did, "added")) {
        im->tally.added++;
    } else if (!strcmp(did, "changed")) {
        im->tally.changed++;
        import_tally_lose(&im->tally, slot->line, slot->imsi, json_object_get(result, "lost"));
    } else {
        im->tally.unchanged++;
    }
}

/* The answer has a result for each row that was sent, in their order. */
static int take_results(struct import *im, const json_t *results)
{
    size_t at = 0;
    if (json_array_size(results) != im->n_rows) {
        cli_error("%s: the HSS answered for %zu of %u rows from line %lu on; run it again",
                  im->o->file, json_array_size(results), im->n_rows, im->slot[0].line);
        return CLI_REFUSED;
    }
    for (unsigned i = 0; i < im->n_slots; i++) {
        const struct slot *slot = &im->slot[i];
        if (*slot->fault) {
            im->tally.not_sent++;
            import_tally_refuse(&im->tally, slot->line, slot->imsi, slot->problem, slot->fault);
        } else {
            take_result(im, slot, json_array_get(results, at++));
        }
    }
    return im->broken ? CLI_REFUSED : CLI_DONE;
}

static int post(struct import *im)
{
    struct api_answer answer;
    char path[64];
    import_session_path(&im->session, im->o->dry_run ? "/v1/import?dry_run=1" : "/v1/import", path,
                        sizeof path);
    struct api_request request = {
        .method = "POST", .path = path, .body = {(uint8_t *)im->body, im->n}};
    int rc = api_do(&im->api, im->o->file, &request, &answer);
    if (rc != CLI_DONE) {
        im->denied = import_tally_rows(&im->tally) == 0 &&
                     (answer.status == STATUS_UNKNOWN || answer.status == STATUS_FORBIDDEN);
        if (!im->denied) {
            cli_error("%s: stopped before line %lu", im->o->file, im->slot[0].line);
        }
        return rc;
    }
    rc = take_results(im, json_object_get(answer.body, "results"));
    api_answer_free(&answer);
    return rc;
}

static int send_batch(struct import *im)
{
    int rc = im->n_rows ? post(im) : take_results(im, NULL);
    wipe(im->body, im->n);
    im->n = 0;
    im->n_rows = im->n_slots = 0;
    say_progress(im);
    return rc;
}

static bool has_room(const struct import *im, size_t n)
{
    return im->n + n + 1 <= BATCH_OCTETS && im->n_rows < BATCH_ROWS && im->n_slots < BATCH_SLOTS;
}

/* False and why where the file says two things of one IMSI. */
static bool agrees(struct import *im, const struct import_row *row, char *why, size_t cap)
{
    struct import_clash clash;
    enum err e = import_seen_add(&im->seen, row->json, row->line, &clash);
    if (e == E_CONFLICT) {
        snprintf(why, cap, "it stands in line %lu with another %s: keep the row that is right",
                 clash.line, clash.what);
    } else if (e != E_OK) {
        snprintf(why, cap, "it cannot be held against the rows before: %s", err_sentence(e));
    }
    return e == E_OK;
}

/* Takes the row into the batch, or its fault. */
static int add_row(struct import *im, const struct import_row *row)
{
    char clash[100];
    const bool refuted = row->json && !agrees(im, row, clash, sizeof clash);
    const char *fault = refuted ? clash : row->json ? "" : row->fault;
    size_t n = row->json && !refuted ? json_dumpb(row->json, NULL, 0, JSON_COMPACT) : 0;
    if (row->json && !refuted && (n == 0 || n > IMPORT_LINE_MAX)) {
        fault = "the row is too long";
        n = 0;
    }
    int rc = has_room(im, n) ? CLI_DONE : send_batch(im);
    if (rc != CLI_DONE) {
        return rc;
    }
    struct slot *slot = &im->slot[im->n_slots++];
    slot->line = row->line;
    memcpy(slot->imsi, row->imsi, sizeof slot->imsi);
    slot->problem = refuted ? "repeated" : "malformed";
    snprintf(slot->fault, sizeof slot->fault, "%s", fault);
    if (n) {
        if (json_dumpb(row->json, im->body + im->n, n, JSON_COMPACT) != n) {
            cli_error("no memory");
            return CLI_REFUSED;
        }
        im->n += n;
        im->body[im->n++] = '\n';
        im->n_rows++;
    }
    return CLI_DONE;
}

static int run(struct import *im)
{
    int rc = CLI_DONE;
    while (rc == CLI_DONE) {
        struct import_row row;
        enum err e = import_rows_next(&im->rows, &row);
        if (interrupted) {
            import_tally_clear();
            cli_error("%s: stopped by Ctrl-C before line %lu", im->o->file,
                      im->n_slots ? im->slot[0].line : row.line);
            rc = CLI_REFUSED;
        } else if (e == E_CLOSED) {
            return send_batch(im);
        } else if (e == E_IO) {
            cli_error("%s: line %lu: %s", im->o->file, row.line, strerror(errno));
            rc = send_batch(im) == CLI_UNREACHABLE ? CLI_UNREACHABLE : CLI_REFUSED;
        } else {
            rc = add_row(im, &row);
        }
        json_decref(row.json);
    }
    if (!im->o->dry_run && !im->denied) {
        fputs("Run it again: rows that are in count as unchanged.\n", stderr);
    }
    return rc;
}

/* ---- before and after ---- */

static bool ends_with(const char *text, const char *end)
{
    size_t n = strlen(text), m = strlen(end);
    return n >= m && !strcmp(text + n - m, end);
}

/* What the beginning of the file tells: of a pipe, only its first octet can be looked at. */
static enum import_format format_of_text(const struct import *im)
{
    char text[16384];
    int first = getc(im->in);
    (void)ungetc(first, im->in);
    ssize_t n = first == '{' ? 0 : pread(fileno(im->file), text, sizeof text, 0);
    const bool sim = first == '*' || (n > 0 && sim_maker_is(text, (size_t)n));
    wipe(text, sizeof text);
    return first == '{' ? IMPORT_NDJSON : sim ? IMPORT_SIM_MAKER : IMPORT_CSV;
}

static enum import_format format_of(const struct import *im)
{
    const struct options *o = im->o;
    if (o->format && strcmp(o->format, "auto") != 0) {
        return !strcmp(o->format, "ndjson") ? IMPORT_NDJSON
               : !strcmp(o->format, "csv")  ? IMPORT_CSV
                                            : IMPORT_SIM_MAKER;
    }
    if (ends_with(o->file, ".csv")) {
        return IMPORT_CSV;
    }
    if (ends_with(o->file, ".ndjson") || ends_with(o->file, ".jsonl")) {
        return IMPORT_NDJSON;
    }
    return format_of_text(im);
}

static bool open_rows(struct import *im, char *why, size_t cap)
{
    const enum import_format format = format_of(im);
    if (format == IMPORT_SIM_MAKER) {
        return import_rows_open_sim(&im->rows, im->in, im->o->transport_key, why, cap);
    }
    if (im->o->transport_key) {
        snprintf(why, cap,
                 "--transport-key is for SIM makers' files; in others each row has transport_key");
        return false;
    }
    return import_rows_open(&im->rows, im->in, format == IMPORT_NDJSON, why, cap);
}

static bool open_input(struct import *im)
{
    struct stat st;
    char why[400];
    const char *file = im->o->file;
    im->file = !strcmp(file, "-") ? stdin : fopen(file, "re");
    im->in = im->file ? hashed_file_open(&im->hashed, fileno(im->file)) : NULL;
    if (!im->in) {
        cli_error("%s: %s", file, strerror(errno));
        return false;
    }
    (void)setvbuf(im->in, im->read_ahead, _IOFBF, sizeof im->read_ahead);
    if (fstat(fileno(im->file), &st) == 0) {
        im->size = S_ISREG(st.st_mode) ? (uint64_t)st.st_size : 0;
        if (S_ISDIR(st.st_mode)) {
            cli_error("%s is a directory", file);
            return false;
        }
    }
    if (!open_rows(im, why, sizeof why)) {
        cli_error("%s: %s", file, why);
        return false;
    }
    return true;
}

static bool open_report(struct import *im)
{
    struct stat in, out;
    if (!im->o->report) {
        return true;
    }
    if (fstat(fileno(im->file), &in) == 0 && stat(im->o->report, &out) == 0 &&
        in.st_dev == out.st_dev && in.st_ino == out.st_ino && S_ISREG(in.st_mode)) {
        cli_error("--report %s is the file that is imported; choose another name", im->o->report);
        return false;
    }
    im->tally.report = fopen(im->o->report, "we");
    if (!im->tally.report) {
        cli_error("%s: %s", im->o->report, strerror(errno));
        return false;
    }
    fputs("line,imsi,problem,reason\n", im->tally.report);
    return true;
}

static bool close_report(struct import *im)
{
    if (!im->tally.report) {
        return true;
    }
    bool bad = ferror(im->tally.report) != 0;
    bad = fclose(im->tally.report) != 0 || bad;
    if (bad) {
        cli_error("%s: %s", im->o->report, strerror(errno));
    }
    return !bad;
}

/* The first Ctrl-C ends the import in order, with its summary and report; a second one at once. */
static void catch_interrupt(void)
{
    struct sigaction a = {.sa_handler = interrupt, .sa_flags = (int)SA_RESETHAND};
    sigemptyset(&a.sa_mask);
    (void)sigaction(SIGINT, &a, NULL);
    (void)sigaction(SIGTERM, &a, NULL);
}

static void close_input(struct import *im)
{
    if (im->in) {
        (void)fclose(im->in); /* its buffer is ours and goes next */
    }
    if (im->file && im->file != stdin) {
        (void)fclose(im->file);
    }
    hashed_file_free(&im->hashed);
}

/* What the audit log will say; of an HSS that is gone, it says so itself. */
static int end_session(struct import *im, int rc)
{
    if (rc == CLI_UNREACHABLE) {
        return rc;
    }
    int ended = import_session_end(&im->session, rc == CLI_DONE, &im->hashed,
                                   import_tally_rows(&im->tally), im->tally.not_sent);
    return rc == CLI_DONE ? ended : rc;
}

static int run_with_api(struct import *im)
{
    if (!open_input(im) || !open_report(im)) {
        return CLI_REFUSED;
    }
    (void)clock_gettime(CLOCK_MONOTONIC, &im->began);
    catch_interrupt();
    int rc = im->o->dry_run
                 ? CLI_DONE
                 : import_session_begin(&im->session, &im->api, "subscribers", im->o->file);
    if (rc != CLI_DONE) {
        return rc;
    }
    rc = end_session(im, run(im));
    if (!im->denied) {
        import_tally_say(&im->tally, seconds_since(&im->began));
    }
    if (!close_report(im) && rc == CLI_DONE) {
        rc = CLI_REFUSED;
    }
    return rc == CLI_DONE && im->tally.refused ? CLI_REFUSED : rc;
}

int cli_import(int argc, char **argv)
{
    struct options o = {0};
    if (argp_parse(&argp, argc, argv, 0, NULL, &o) != 0) {
        return CLI_USAGE;
    }
    struct import *im = wiped_malloc(sizeof *im);
    char *body = wiped_malloc(BATCH_OCTETS + IMPORT_LINE_MAX);
    if (!im || !body) {
        cli_error("no memory");
        return CLI_REFUSED;
    }
    memset(im, 0, sizeof *im);
    im->o = &o;
    im->body = body;
    im->tally = (struct import_tally){
        .file = o.file, .report_path = o.report, .json = o.common.json, .dry_run = o.dry_run};
    import_tally_open(&im->tally);
    int rc = api_open(&o.common, &im->api);
    if (rc == CLI_DONE && import_seen_open(&im->seen) != E_OK) {
        cli_error("there is no randomness, or no memory");
        rc = CLI_REFUSED;
    }
    if (rc == CLI_DONE) {
        rc = run_with_api(im);
    }
    import_seen_close(&im->seen);
    api_close(&im->api);
    close_input(im);
    import_tally_close(&im->tally);
    wiped_free(body);
    wiped_free(im);
    return rc;
}
