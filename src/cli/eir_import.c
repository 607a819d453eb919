/* `eir import` and `eir export`: the lists from a file and into one. */
#include "cli/eir.h"
#include "cli/eir_rows.h"
#include "cli/import_session.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define BATCH_ROWS       1000 /* as many as the HSS takes at once */
#define ROW_MAX          512 /* octets of one row in JSON: the note has 63 at most, else it is refused */
#define SHOWN_MAX        20 /* refused rows said on standard error */
#define LISTED_MAX       10000
#define STATUS_UNKNOWN   401 /* who asks is not known, */
#define STATUS_FORBIDDEN 403 /* or may not do this */
#define EXPORT_LIMIT     1000

struct options {
    struct cli_common common;
    const char *file, *report, *format_name, *list_name;
    enum eir_format format;
    enum eir_list list;
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
        o->format_name = arg;
        return 0;
    case 'l':
        o->list_name = arg;
        return 0;
    case ARGP_KEY_ARG:
        if (o->file) {
            argp_error(state, "one file at a time: '%s' is the second", arg);
        }
        o->file = arg;
        return 0;
    default:
        return ARGP_ERR_UNKNOWN;
    }
}

static const struct argp_child children[] = {{&cli_common_argp, 0, NULL, 0}, {0}};

#define FORMATS "csv, ndjson, list (one rule a line) or tac (a header that names columns)"
static const struct argp_option import_options[] = {
    {"dry-run", 'n', NULL, 0, "check every row against the HSS and change nothing", 10},
    {"report", 'r', "FILE", 0, "write every refused row's line and reason to a new file", 10},
    {"format", 'f', "NAME", 0, FORMATS ", when the file's name doesn't tell", 10},
    {"list", 'l', "LIST", 0, "white, grey or black: which one the rules of list and tac are for",
     10},
    {0},
};
static const struct argp_option export_options[] = {
    {"format", 'f', "NAME", 0, FORMATS "; else by the file's name, or csv", 10},
    {"list", 'l', "LIST", 0, "only this one; list and tac need it", 10},
    {0},
};

/* Format and list, as the options and the file's name have them; false and said. */
static bool take_format(struct options *o)
{
    o->format = o->file != NULL ? eir_format_of(o->file) : EIR_CSV;
    if (o->format_name != NULL && eir_format_parse(o->format_name, &o->format) != E_OK) {
        cli_error("--format %s: it is one of csv, ndjson, list and tac", o->format_name);
        return false;
    }
    if (o->list_name != NULL && eir_list_parse(bytes_of_str(o->list_name), &o->list) != E_OK) {
        cli_error("--list %s: it is one of white, grey and black", o->list_name);
        return false;
    }
    if (o->list == EIR_NO_LIST && eir_format_wants_list(o->format)) {
        cli_error("the format %s has no lists in it: say --list white, grey or black",
                  eir_format_name(o->format));
        return false;
    }
    return true;
}

/* ---- import ---- */

struct slot {
    unsigned long line;
    char rule[40];
};
struct import {
    const struct options *o;
    struct api api;
    struct import_session session;
    struct hashed_file hashed;
    FILE *file; /* what `in` reads */
    FILE *in, *report;
    struct eir_rows rows;
    char *body;
    size_t n;
    unsigned n_rows;
    struct slot slot[BATCH_ROWS];
    unsigned long added, changed, unchanged, refused;
    unsigned long not_sent; /* of the refused ones */
    bool denied;            /* whoever asks may not import: nothing else is to be said */
    json_t *listed;
};

static void refused(struct import *im, unsigned long line, const char *rule, const char *reason)
{
    im->refused++;
    if (im->report) {
        fprintf(im->report, "%lu,", line);
        cli_put_quoted(im->report, rule);
        fputc(',', im->report);
        cli_put_quoted(im->report, reason);
        fputc('\n', im->report);
    }
    if (im->o->common.json && json_array_size(im->listed) < LISTED_MAX) {
        (void)json_array_append_new(im->listed, json_pack("{s:I,s:s,s:s}", "line", (json_int_t)line,
                                                          "rule", rule, "reason", reason));
    }
    if (!im->o->common.json && im->refused <= SHOWN_MAX) {
        fprintf(stderr, "%s:%lu: ", im->o->file, line);
        cli_put_clean(stderr, rule);
        fprintf(stderr, "%s%s\n", *rule ? ": " : "", reason);
    }
}

/* False when the HSS could not take the row, for a reason that is not the row's. */
static bool take_result(struct import *im, const struct slot *slot, const json_t *result)
{
    char words[256];
    const json_t *problem = json_object_get(result, "problem");
    const char *did = api_text(result, "did");
    if (problem) {
        api_problem_words(problem, words, sizeof words);
        if (json_integer_value(json_object_get(problem, "status")) >= 500) {
            cli_error("%s: stopped at line %lu: the HSS cannot take it: %s", im->o->file,
                      slot->line, words);
            return false;
        }
        refused(im, slot->line, slot->rule, words);
        return true;
    }
    *(!strcmp(did, "added")     ? &im->added
      : !strcmp(did, "changed") ? &im->changed
                                : &im->unchanged) += 1;
    return true;
}

static int take_results(struct import *im, const json_t *results)
{
    if (json_array_size(results) != im->n_rows) {
        cli_error("%s: the HSS answered for %zu of %u rows from line %lu on; run it again",
                  im->o->file, json_array_size(results), im->n_rows, im->slot[0].line);
        return CLI_REFUSED;
    }
    for (unsigned i = 0; i < im->n_rows; i++) {
        if (!take_result(im, &im->slot[i], json_array_get(results, i))) {
            return CLI_REFUSED;
        }
    }
    return CLI_DONE;
}

static int send_batch(struct import *im)
{
    struct api_answer answer;
    char path[64];
    import_session_path(&im->session,
                        im->o->dry_run ? "/v1/eir/import?dry_run=1" : "/v1/eir/import", path,
                        sizeof path);
    struct api_request request = {
        .method = "POST", .path = path, .body = {(uint8_t *)im->body, im->n}};
    if (!im->n_rows) {
        return CLI_DONE;
    }
    int rc = api_do(&im->api, im->o->file, &request, &answer);
    if (rc != CLI_DONE) {
        im->denied = im->added + im->changed + im->unchanged == 0 &&
                     (answer.status == STATUS_UNKNOWN || answer.status == STATUS_FORBIDDEN);
        if (!im->denied) {
            cli_error("%s: stopped before line %lu", im->o->file, im->slot[0].line);
        }
        return rc;
    }
    rc = take_results(im, json_object_get(answer.body, "results"));
    api_answer_free(&answer);
    im->n = 0;
    im->n_rows = 0;
    return rc;
}

static int add_row(struct import *im, const struct eir_row *row)
{
    size_t n = json_dumpb(row->json, NULL, 0, JSON_COMPACT);
    if (n == 0 || n > ROW_MAX) {
        refused(im, row->line, row->rule, "the note is too long");
        return CLI_DONE;
    }
    struct slot *slot = &im->slot[im->n_rows++];
    slot->line = row->line;
    memcpy(slot->rule, row->rule, sizeof slot->rule);
    if (json_dumpb(row->json, im->body + im->n, n, JSON_COMPACT) != n) {
        cli_error("no memory");
        return CLI_REFUSED;
    }
    im->n += n;
    im->body[im->n++] = '\n';
    return im->n_rows == BATCH_ROWS ? send_batch(im) : CLI_DONE;
}

static int run(struct import *im)
{
    int rc = CLI_DONE;
    while (rc == CLI_DONE) {
        struct eir_row row;
        enum err err = eir_rows_next(&im->rows, &row);
        if (err == E_CLOSED) {
            return send_batch(im);
        }
        if (err == E_BAD_VALUE) {
            im->not_sent++;
            refused(im, row.line, row.rule, row.fault);
        } else if (err != E_OK) {
            cli_error("%s: line %lu: %s", im->o->file, row.line,
                      err == E_IO        ? strerror(errno)
                      : err == E_MISSING ? row.fault
                                         : err_sentence(err));
            rc = CLI_REFUSED;
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

static void say_summary(const struct import *im)
{
    if (im->o->common.json) {
        json_t *o = json_pack("{s:b,s:I,s:I,s:I,s:I,s:O}", "dry_run", (int)im->o->dry_run, "added",
                              (json_int_t)im->added, "changed", (json_int_t)im->changed,
                              "unchanged", (json_int_t)im->unchanged, "refused",
                              (json_int_t)im->refused, "refusals", im->listed);
        api_print_json(o);
        json_decref(o);
        return;
    }
    if (im->refused > SHOWN_MAX) {
        fprintf(stderr, "and %lu more; --report FILE writes them all\n", im->refused - SHOWN_MAX);
    }
    printf("%s%lu added, %lu changed, %lu unchanged, %lu refused\n",
           im->o->dry_run ? "dry run, nothing was changed; would be: " : "", im->added, im->changed,
           im->unchanged, im->refused);
}

static bool files_open(struct import *im)
{
    const struct options *o = im->o;
    im->file = strcmp(o->file, "-") ? fopen(o->file, "re") : stdin;
    im->in = im->file ? hashed_file_open(&im->hashed, fileno(im->file)) : NULL;
    if (!im->in) {
        cli_error("%s: %s", o->file, strerror(errno));
        return false;
    }
    eir_rows_open(&im->rows, im->in, o->format, o->list);
    if (o->report) {
        im->report = fopen(o->report, "wxe"); /* a new file: never the one that is read */
        if (!im->report) {
            cli_error("--report %s: %s", o->report, strerror(errno));
            return false;
        }
        fputs("line,rule,reason\n", im->report);
    }
    return true;
}

static bool report_close(struct import *im)
{
    bool bad = im->report && ferror(im->report) != 0;
    if (im->report && (fclose(im->report) != 0 || bad)) {
        cli_error("%s: %s", im->o->report, strerror(errno));
        return false;
    }
    return true;
}

/* What the audit log will say; of an HSS that is gone, it says so itself. */
static int end_session(struct import *im, int rc)
{
    const unsigned long rows = im->added + im->changed + im->unchanged + im->refused;
    if (rc == CLI_UNREACHABLE) {
        return rc;
    }
    int ended = import_session_end(&im->session, rc == CLI_DONE, &im->hashed, rows, im->not_sent);
    return rc == CLI_DONE ? ended : rc;
}

static int import_into(struct import *im)
{
    if (!files_open(im)) {
        return CLI_REFUSED;
    }
    int rc = im->o->dry_run ? CLI_DONE
                            : import_session_begin(&im->session, &im->api, "eir", im->o->file);
    if (rc != CLI_DONE) {
        return rc;
    }
    rc = end_session(im, run(im));
    if (!im->o->dry_run && im->added && !eir_await_in_force(&im->api) && rc == CLI_DONE) {
        rc = CLI_REFUSED;
    }
    if (!im->denied) {
        say_summary(im);
    }
    if (!report_close(im) && rc == CLI_DONE) {
        rc = CLI_REFUSED;
    }
    return rc == CLI_DONE && im->refused ? CLI_REFUSED : rc;
}

int cli_eir_import(int argc, char **argv)
{
    static const struct argp argp = {
        import_options,
        take,
        "FILE|-",
        "Puts rules on the lists, line by line: a refused line costs no other one. Safe to run "
        "again.\v"
        "A line is RULE,LIST or RULE,LIST,NOTE: RULE an IMEI, a TAC of 8 digits or two IMEIs with "
        "a hyphen between, LIST white, grey or black. Lines that begin with # are remarks. The "
        "other formats are in the man page; list and tac say no list, so --list does.\n"
        "Exit status 1 when a row was refused.",
        children,
        NULL,
        NULL};
    struct options o = {.file = NULL};
    if (argp_parse(&argp, argc, argv, 0, NULL, &o) != 0 || !o.file) {
        if (!o.file) {
            cli_error("%s needs a file, or - for standard input", argv[0]);
        }
        return CLI_USAGE;
    }
    if (!take_format(&o)) {
        return CLI_USAGE;
    }
    struct import *im = calloc(1, sizeof *im);
    char *body = malloc((size_t)BATCH_ROWS * (ROW_MAX + 1));
    int rc = CLI_REFUSED;
    if (!im || !body) {
        cli_error("no memory");
    } else {
        im->o = &o;
        im->body = body;
        im->listed = json_array();
        rc = api_open(&o.common, &im->api);
        rc = rc == CLI_DONE ? import_into(im) : rc;
        api_close(&im->api);
        json_decref(im->listed);
        if (im->in) {
            (void)fclose(im->in);
        }
        if (im->file && im->file != stdin) {
            (void)fclose(im->file);
        }
        hashed_file_free(&im->hashed);
    }
    free(body);
    free(im);
    return rc;
}

/* ---- export ---- */

static int export_page(const struct options *o, struct api *api, FILE *to, char after[static 64])
{
    struct api_answer answer;
    char path[160];
    size_t i;
    json_t *rule;
    snprintf(path, sizeof path, "/v1/eir/rules?limit=%d%s%s", EXPORT_LIMIT, *after ? "&after=" : "",
             after);
    struct api_request request = {.method = "GET", .path = path};
    int rc = api_do(api, "eir export", &request, &answer);
    if (rc != CLI_DONE) {
        return rc;
    }
    json_array_foreach(json_object_get(answer.body, "rules"), i, rule)
    {
        if (o->list == EIR_NO_LIST || !strcmp(api_text(rule, "list"), eir_list_name(o->list))) {
            eir_row_put(to, o->format, rule);
        }
    }
    snprintf(after, 64, "%s", api_text(answer.body, "next"));
    api_answer_free(&answer);
    return CLI_DONE;
}

static int export_to(const struct options *o, FILE *to)
{
    struct api api;
    char after[64] = "";
    int rc = api_open(&o->common, &api);
    if (rc != CLI_DONE) {
        return rc;
    }
    eir_rows_put_header(to, o->format);
    do {
        rc = export_page(o, &api, to, after);
    } while (rc == CLI_DONE && *after && !ferror(to));
    api_close(&api);
    return rc;
}

int cli_eir_export(int argc, char **argv)
{
    static const struct argp argp = {
        export_options,
        take,
        "[FILE]",
        "Writes all rules to a new file, or to standard output, as `eir import` reads them.",
        children,
        NULL,
        NULL};
    struct options o = {.file = NULL};
    if (argp_parse(&argp, argc, argv, 0, NULL, &o) != 0 || !take_format(&o)) {
        return CLI_USAGE;
    }
    bool to_file = o.file && strcmp(o.file, "-") != 0;
    FILE *to = to_file ? fopen(o.file, "wxe") : stdout;
    if (!to) {
        cli_error("%s: %s", o.file, strerror(errno));
        return CLI_REFUSED;
    }
    int rc = export_to(&o, to);
    bool bad = ferror(to) != 0;
    if (to_file && (fclose(to) != 0 || bad)) {
        cli_error("%s: %s", o.file, strerror(errno));
        rc = CLI_REFUSED;
    }
    return rc;
}
