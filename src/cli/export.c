/* The verb `export`: subscribers as `import` reads them; with keys only under a transport key that
 * the HSS was given for that. Nothing is decrypted here. */
#include "cli/api_client.h"
#include "device/linux/import_rows.h"
#include <ctype.h>
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#define PAGE_ROWS 500

struct options {
    struct cli_common common;
    const char *file, *transport_key;
    bool csv, format_said, keys;
};

static error_t take(int key, char *arg, struct argp_state *state)
{
    struct options *o = state->input;
    switch (key) {
    case ARGP_KEY_INIT:
        state->child_inputs[0] = &o->common;
        return 0;
    case 'f':
        o->format_said = true;
        o->csv = strcmp(arg, "csv") == 0;
        if (!o->csv && strcmp(arg, "ndjson") != 0) {
            argp_error(state, "--format is csv or ndjson, not '%s'", arg);
        }
        return 0;
    case 'k':
        o->keys = true;
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
        if (o->keys != (o->transport_key != NULL)) {
            argp_error(state, "--keys and --transport-key NAME go together: keys leave the HSS "
                              "under a transport key only");
        }
        return 0;
    default:
        return ARGP_ERR_UNKNOWN;
    }
}

static const struct argp_option argp_options[] = {
    {"keys", 'k', NULL, 0, "the keys too, encrypted; for administrators", 10},
    {"transport-key", 't', "NAME", 0, "under which of the HSS's transport keys", 10},
    {"format", 'f', "csv|ndjson", 0, "when the file's name doesn't tell; else NDJSON", 10},
    {0},
};
static const struct argp_child children[] = {{&cli_common_argp, 0, NULL, 0}, {0}};
static const struct argp argp = {
    argp_options,
    take,
    "[FILE]",
    "Writes all subscribers to a new file, or to standard output, as `import` reads them. Without "
    "--keys no key is in them, and each row says so.",
    children,
    NULL,
    NULL};

/* ---- CSV ---- */

static const enum import_column columns[] = {
    COLUMN_IMSI,         COLUMN_ALGORITHM,     COLUMN_K_ENCRYPTED, COLUMN_OPC_ENCRYPTED,
    COLUMN_K_KCV,        COLUMN_TRANSPORT_KEY, COLUMN_RES_LENGTH,  COLUMN_KECCAK,
    COLUMN_SQN,          COLUMN_MSISDN,        COLUMN_POLICY,      COLUMN_PROOF,
    COLUMN_PROFILE,      COLUMN_SUSPENDED,     COLUMN_KEYS,        COLUMN_IMEI,
    COLUMN_KME_ENCRYPTED};
#define N_COLUMNS (sizeof columns / sizeof columns[0])

static void put_field(FILE *to, const char *text)
{
    const bool quoted = text[strcspn(text, ",\"")] != '\0';
    if (quoted) {
        fputc('"', to);
    }
    for (; *text; text++) {
        if (*text == '"') {
            fputc('"', to);
        }
        fputc(*text, to);
    }
    if (quoted) {
        fputc('"', to);
    }
}

static void put_value(FILE *to, const json_t *value)
{
    if (json_is_string(value)) {
        put_field(to, json_string_value(value));
    } else if (json_is_integer(value)) {
        fprintf(to, "%" JSON_INTEGER_FORMAT, json_integer_value(value));
    } else if (json_is_boolean(value)) {
        fputs(json_is_true(value) ? "true" : "false", to);
    }
}

/* One device each: behind the first, a line has what names the subscriber and opens the KME. */
static void put_line(FILE *to, const json_t *row, const json_t *device, bool first)
{
    for (size_t i = 0; i < N_COLUMNS; i++) {
        const enum import_column c = columns[i];
        const bool of_device = c == COLUMN_IMEI || c == COLUMN_KME_ENCRYPTED;
        const bool wanted = first || c == COLUMN_IMSI ||
                            (c == COLUMN_TRANSPORT_KEY &&
                             json_object_get(device, import_columns[COLUMN_KME_ENCRYPTED]));
        fputs(i > 0 ? "," : "", to);
        if (of_device || wanted) {
            put_value(to, json_object_get(of_device ? device : row, import_columns[c]));
        }
    }
    fputc('\n', to);
}

static void put_csv(FILE *to, const json_t *row)
{
    const json_t *devices = json_object_get(row, "devices");
    put_line(to, row, json_array_get(devices, 0), true);
    for (size_t i = 1; i < json_array_size(devices); i++) {
        put_line(to, row, json_array_get(devices, i), false);
    }
}

static void put_header(FILE *to)
{
    for (size_t i = 0; i < N_COLUMNS; i++) {
        fprintf(to, "%s%s", i > 0 ? "," : "", import_columns[columns[i]]);
    }
    fputc('\n', to);
}

/* ---- pages ---- */

struct export
{
    const struct options *o;
    FILE *to;
    char after[IMSI_DIGITS_MAX + 1];
    bool more;
    unsigned long rows;
};

static int take_line(struct export *e, const char *line, size_t n)
{
    json_error_t why;
    json_t *row = json_loadb(line, n, JSON_REJECT_DUPLICATES, &why);
    const char *next = api_text(row, "next");
    if (!json_is_object(row)) {
        json_decref(row);
        cli_error("the HSS's answer has a line that is no JSON object");
        return CLI_REFUSED;
    }
    if (*next) {
        snprintf(e->after, sizeof e->after, "%.15s", next);
        e->more = strspn(e->after, "0123456789") == strlen(e->after);
    } else {
        e->rows++;
        if (e->o->csv) {
            put_csv(e->to, row);
        } else {
            (void)fwrite(line, 1, n, e->to);
            fputc('\n', e->to);
        }
    }
    json_decref(row);
    return CLI_DONE;
}

/* The answer has one JSON object on each line; a single one is JSON by itself. */
static int take_page(struct export *e, const struct api_answer *answer)
{
    int rc = CLI_DONE;
    if (answer->body) {
        char *text = json_dumps(answer->body, JSON_COMPACT);
        rc = text ? take_line(e, text, strlen(text)) : CLI_REFUSED;
        free(text);
        return rc;
    }
    const char *at = answer->text;
    while (rc == CLI_DONE && at && *at) {
        const size_t n = strcspn(at, "\n");
        rc = n ? take_line(e, at, n) : CLI_DONE;
        at += n + (at[n] == '\n');
    }
    return rc;
}

static int pages(struct export *e, struct api *api)
{
    int rc = CLI_DONE;
    do {
        struct api_answer answer;
        char path[200];
        snprintf(path, sizeof path, "/v1/export/subscribers?limit=%d%s%s%s%.64s", PAGE_ROWS,
                 *e->after ? "&after=" : "", e->after, e->o->keys ? "&transport_key=" : "",
                 e->o->keys ? e->o->transport_key : "");
        struct api_request request = {
            .method = "GET", .path = path, .accept = "application/x-ndjson"};
        e->more = false;
        rc = api_do(api, "export", &request, &answer);
        if (rc == CLI_DONE) {
            rc = take_page(e, &answer);
            api_answer_free(&answer);
        }
    } while (rc == CLI_DONE && e->more && !ferror(e->to));
    return rc;
}

/* ---- the file ---- */

static bool open_output(struct export *e, bool to_file)
{
    int fd = to_file ? open(e->o->file, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600) : -1;
    e->to = !to_file ? stdout : fd >= 0 ? fdopen(fd, "w") : NULL;
    if (!e->to) {
        cli_error("%s: %s", e->o->file, strerror(errno));
    }
    return e->to != NULL;
}

/* What is not whole goes away again: a file that is there is one that can be relied on. */
static int close_output(const struct export *e, bool to_file, int rc)
{
    bool bad = fflush(e->to) != 0 || ferror(e->to) != 0;
    bad = (to_file && fsync(fileno(e->to)) != 0) || bad;
    const int reason = errno;
    bad = (to_file && fclose(e->to) != 0) || bad;
    if (bad) {
        cli_error("%s: %s", to_file ? e->o->file : "standard output", strerror(reason));
        rc = CLI_REFUSED;
    }
    if (to_file && rc != CLI_DONE) {
        (void)unlink(e->o->file);
    } else if (to_file) {
        fprintf(stderr, "%lu subscribers in %s, %s\n", e->rows, e->o->file,
                e->o->keys ? "their keys under a transport key" : "without keys");
    }
    return rc;
}

static bool is_key_name(const char *name)
{
    const size_t n = strlen(name);
    size_t good = 0;
    while (good < n && (isalnum((unsigned char)name[good]) || strchr("._-", name[good]))) {
        good++;
    }
    return n > 0 && n < SIM_MAKER_NAME_MAX && good == n;
}

int cli_export(int argc, char **argv)
{
    struct options o = {.file = NULL};
    struct api api;
    if (argp_parse(&argp, argc, argv, 0, NULL, &o) != 0) {
        return CLI_USAGE;
    }
    if (o.keys && !is_key_name(o.transport_key)) {
        cli_error("--transport-key: 1 to 32 letters, digits, dots, hyphens and underscores");
        return CLI_USAGE;
    }
    const bool to_file = o.file && strcmp(o.file, "-") != 0;
    const size_t n = to_file ? strlen(o.file) : 0;
    o.csv = o.format_said ? o.csv : n > 4 && !strcmp(o.file + n - 4, ".csv");
    struct export e = {.o = &o};
    int rc = api_open(&o.common, &api);
    if (rc != CLI_DONE) {
        return rc;
    }
    rc = open_output(&e, to_file) ? CLI_DONE : CLI_REFUSED;
    if (rc == CLI_DONE) {
        if (o.csv) {
            put_header(e.to);
        }
        rc = close_output(&e, to_file, pages(&e, &api));
    }
    api_close(&api);
    return rc;
}
