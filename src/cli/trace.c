/* The verb `trace`: the ladder of a trace file. */
#include "cli/cli.h"
#include "cli/ladder.h"
#include "cli/trace_read.h"
#include "codec/private.h"
#include <errno.h>
#include <jansson.h>
#include <langinfo.h>
#include <locale.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

struct options {
    const char *file, *imsi, *vendor;
    bool json, mask, ascii, all;
};

static error_t take(int key, char *arg, struct argp_state *state)
{
    struct options *o = state->input;
    switch (key) {
    case 'i':
        o->imsi = arg;
        return 0;
    case 'J':
        o->json = true;
        return 0;
    case 'm':
        o->mask = true;
        return 0;
    case 'A':
        o->ascii = true;
        return 0;
    case 'a':
        o->all = true;
        return 0;
    case 'v':
        o->vendor = arg;
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
    {"imsi", 'i', "IMSI", 0, "only what is about this subscriber", 0},
    {"all", 'a', NULL, 0, "watchdogs too", 0},
    {"mask", 'm', NULL, 0, "mask IMSIs and IMEIs", 0},
    {"ascii", 'A', NULL, 0, "draw without box characters", 0},
    {"vendor", 'v', "ID", 0, "the vendor id of Bindery's own AVPs (32473)", 0},
    {"json", 'J', NULL, 0, "one JSON object a line, for scripts", 0},
    {0},
};
static const struct argp argp = {
    argp_options,
    take,
    "FILE.pcapng|-",
    "Draws the ladder of a trace: who sent what to whom, when, with which result.\v"
    "Times are seconds since the first message. `wireshark FILE.pcapng` shows every octet. A "
    "damaged file is drawn up to the damage, and the exit status is 1.",
    NULL,
    NULL,
    NULL};

static bool wanted(const struct options *o, const struct trace_message *m)
{
    bool watchdog = !strcmp(m->name, "DWR") || !strcmp(m->name, "DWA");
    if (o->imsi) {
        return !strcmp(o->imsi, m->imsi);
    }
    return o->all || !watchdog;
}

/* ---- JSON ---- */

static void print_json(const struct trace_message *m)
{
    json_t *fields = json_object();
    for (size_t i = 0; i < m->n_fields; i++) {
        (void)json_object_set_new(fields, m->field[i].key, json_string(m->field[i].value));
    }
    json_t *o = json_pack("{s:I, s:s, s:s, s:s, s:o}", "time_ns", (json_int_t)m->time_ns, "from",
                          m->from, "to", m->to, "message", m->name, "fields", fields);
    if (o && m->matched) {
        (void)json_object_set_new(o, "answered_after_ns", json_integer((json_int_t)m->answered_ns));
    }
    if (o) {
        (void)json_dumpf(o, stdout, JSON_COMPACT);
        putchar('\n');
    }
    json_decref(o);
}

/* ---- the ladder ---- */

static size_t party_of(struct ladder *l, const char *name)
{
    for (size_t i = 0; i < l->n; i++) {
        if (!strcmp(l->party[i], name)) {
            return i;
        }
    }
    if (l->n == LADDER_PARTIES_MAX) {
        l->party[LADDER_PARTIES_MAX - 1] = "others";
        return LADDER_PARTIES_MAX - 1;
    }
    l->party[l->n] = name;
    return l->n++;
}

static void find_parties(struct ladder *l, const struct options *o, const struct trace_list *t)
{
    for (size_t i = 0; i < t->n; i++) {
        if (wanted(o, &t->message[i])) {
            (void)party_of(l, t->message[i].from);
            (void)party_of(l, t->message[i].to);
        }
    }
}

/* One field into the words; the result needs no name. Returns the new length. */
static size_t add_field(char *out, size_t cap, size_t n, const struct trace_field *f)
{
    bool result = !strcmp(f->key, "result");
    if (n >= cap || !strcmp(f->key, "origin-host")) { /* the columns say who it is */
        return n;
    }
    return n + (size_t)snprintf(out + n, cap - n, "%s%s%s%s", n ? " " : "", result ? "" : f->key,
                                result ? "" : "=", f->value);
}

/* "RESULT key=value key=value (0.41 ms)" */
static void words_of(const struct trace_message *m, char *out, size_t cap)
{
    size_t n = 0;
    out[0] = '\0';
    for (unsigned pass = 0; pass < 2; pass++) {
        for (size_t i = 0; i < m->n_fields; i++) {
            if (!strcmp(m->field[i].key, "result") == (pass == 0)) {
                n = add_field(out, cap, n, &m->field[i]);
            }
        }
    }
    if (m->matched && n < cap) {
        snprintf(out + n, cap - n, "%s(%.2f ms)", n ? " " : "", (double)m->answered_ns / 1e6);
    }
}

static unsigned terminal_width(void)
{
    struct winsize w;
    return isatty(STDOUT_FILENO) && ioctl(STDOUT_FILENO, TIOCGWINSZ, &w) == 0 ? w.ws_col : 0;
}

static void draw(const struct options *o, const struct trace_list *t)
{
    struct ladder l = {.to = stdout,
                       .width = terminal_width(),
                       .colour = *cli_paint(stdout, CLI_BOLD) != '\0',
                       .ascii = o->ascii || strcmp(nl_langinfo(CODESET), "UTF-8") != 0};
    char words[1024];
    find_parties(&l, o, t);
    if (!l.n) {
        puts(o->imsi ? "no message is about this subscriber" : "no message to draw");
        return;
    }
    ladder_head(&l);
    for (size_t i = 0; i < t->n; i++) {
        const struct trace_message *m = &t->message[i];
        if (wanted(o, m)) {
            words_of(m, words, sizeof words);
            struct ladder_arrow a = {.time_ns = m->time_ns - t->message[0].time_ns,
                                     .from = party_of(&l, m->from),
                                     .to = party_of(&l, m->to),
                                     .label = m->name,
                                     .words = words,
                                     .bad = m->bad};
            ladder_draw(&l, &a);
        }
    }
    ladder_foot(&l);
}

static int show(const struct options *o, FILE *in, uint32_t own_vendor)
{
    struct trace_options how = {.own_vendor = own_vendor, .mask = o->mask};
    struct trace_list t;
    enum err e = trace_read(in, &how, &t);
    if (o->json) {
        for (size_t i = 0; i < t.n; i++) {
            if (wanted(o, &t.message[i])) {
                print_json(&t.message[i]);
            }
        }
    } else if (t.n || e == E_OK) {
        draw(o, &t);
    }
    (void)fflush(stdout);
    if (e != E_OK) {
        cli_error("%s: %s%s", o->file, t.why, t.n ? "; what is before it could be read" : "");
    }
    trace_list_free(&t);
    return e == E_OK ? CLI_DONE : CLI_REFUSED;
}

int cli_trace(int argc, char **argv)
{
    struct options o = {0};
    struct imsi imsi;
    char masked[IMSI_DIGITS_MAX + 1];
    long vendor = DIAMETER_VENDOR_OWN_DEFAULT;
    (void)setlocale(LC_CTYPE, "");
    if (argp_parse(&argp, argc, argv, 0, NULL, &o) != 0 || (o.imsi && !cli_imsi(o.imsi, &imsi)) ||
        (o.vendor && !cli_number("--vendor", o.vendor, 1, UINT32_MAX, &vendor))) {
        return CLI_USAGE;
    }
    if (o.imsi && o.mask) {
        imsi_mask(&imsi, masked); /* as it stands in the messages then */
        o.imsi = masked;
    }
    FILE *in = !strcmp(o.file, "-") ? stdin : fopen(o.file, "re");
    if (!in) {
        cli_error("%s: %s", o.file, strerror(errno));
        return CLI_REFUSED;
    }
    int rc = show(&o, in, (uint32_t)vendor);
    if (in != stdin) {
        (void)fclose(in);
    }
    return rc;
}
