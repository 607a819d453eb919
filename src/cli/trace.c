/* The verb `trace`: the ladder of trace files. */
#include "cli/cli.h"
#include "cli/ladder.h"
#include "cli/trace_join.h"
#include "cli/trace_steps.h"
#include "codec/private.h"
#include <errno.h>
#include <jansson.h>
#include <langinfo.h>
#include <locale.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

struct options {
    char **files;
    int n_files;
    const char *imsi, *vendor;
    bool json, mask, ascii, all, null_cipher;
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
    case 'z':
        o->null_cipher = true;
        return 0;
    case ARGP_KEY_ARGS:
        o->files = state->argv + state->next;
        o->n_files = state->argc - state->next;
        state->next = state->argc;
        return 0;
    case ARGP_KEY_NO_ARGS:
        argp_error(state, "a file is needed, or - for standard input");
        return 0;
    default:
        return ARGP_ERR_UNKNOWN;
    }
}

static const struct argp_option argp_options[] = {
    {"imsi", 'i', "IMSI", 0, "only what is about this subscriber", 0},
    {"all", 'a', NULL, 0, "watchdogs too", 0},
    {"mask", 'm', NULL, 0, "mask IMSIs and IMEIs", 0},
    {"null-cipher", 'z', NULL, 0, "EEA0 is in use: look into what claims to be ciphered", 0},
    {"ascii", 'A', NULL, 0, "draw without box characters", 0},
    {"vendor", 'v', "ID", 0, "the vendor id of Bindery's own AVPs (32473)", 0},
    {"json", 'J', NULL, 0, "one JSON object a line, for scripts", 0},
    {0},
};
static const struct argp argp = {
    argp_options,
    take,
    "FILE.pcapng|-...",
    "Draws the ladder of a trace: who sent what to whom, when, with which result. Several files "
    "are one trace: what two ends both wrote down is drawn once.\v"
    "Times are seconds since the first message. (2) to (9) are the steps of the proof of an "
    "IMEI (TR 33.899 5.2.4), (kme 1) to (kme 12) those of a device that makes its own key (TR "
    "33.868 5.4.4.2.3.3.3), (certattach 1) to (certattach 5) those of a device that gets its "
    "subscription by attaching (TR 33.899 5.12.4.Z), with what each carries. `wireshark "
    "FILE.pcapng` shows every octet. A "
    "damaged file is drawn up to the damage, and the exit status is 1.",
    NULL,
    NULL,
    NULL};

static bool wanted(const struct options *o, const struct trace_message *m)
{
    if (o->imsi) {
        return !strcmp(o->imsi, m->imsi);
    }
    return o->all || !m->housekeeping;
}

/* ---- JSON ---- */

static const char *protocol_name(enum trace_protocol p)
{
    static const char *const names[] = {[TRACE_OTHER] = "other",
                                        [TRACE_DIAMETER] = "diameter",
                                        [TRACE_S1AP] = "s1ap",
                                        [TRACE_NAS] = "nas-eps",
                                        [TRACE_HTTP] = "http"};
    return names[p];
}

/* Two fields of one name, as an ESM cause beside another, make a list. */
static void add_json(json_t *fields, const char *key, const char *value)
{
    json_t *before = json_object_get(fields, key);
    if (!before) {
        (void)json_object_set_new(fields, key, json_string(value));
    } else if (json_is_array(before)) {
        (void)json_array_append_new(before, json_string(value));
    } else {
        (void)json_object_set_new(fields, key,
                                  json_pack("[s, s]", json_string_value(before), value));
    }
}

static void print_json(const struct trace_message *m)
{
    json_t *fields = json_object();
    for (size_t i = 0; i < m->n_fields; i++) {
        add_json(fields, m->field[i].key, m->field[i].value);
    }
    json_t *o = json_pack("{s:I, s:s, s:s, s:s, s:s, s:o}", "time_ns", (json_int_t)m->time_ns,
                          "from", m->from, "to", m->to, "protocol", protocol_name(m->protocol),
                          "message", m->name, "fields", fields);
    if (o && m->nas[0]) {
        (void)json_object_set_new(o, "nas", json_string(m->nas));
    }
    if (o && m->step[0]) {
        (void)json_object_set_new(o, "step", json_string(m->step));
    }
    if (o && m->carries[0]) {
        (void)json_object_set_new(o, "carries", json_string(m->carries));
    }
    if (o && m->inside) {
        (void)json_object_set_new(o, "inside", json_true());
    }
    if (o && m->imsi[0]) {
        (void)json_object_set_new(o, "imsi", json_string(m->imsi));
    }
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

/* In the ladder what is inside is drawn where the message around it does not say it. */
static bool drawn(const struct options *o, const struct trace_message *m)
{
    return wanted(o, m) && !(m->inside && m->told);
}

/* eNBs first, then MMEs, HSSs, and whoever has no role; each in the order they come. */
static void find_parties(struct ladder *l, const struct options *o, const struct trace_list *t)
{
    for (unsigned role = TRACE_ENB; role <= TRACE_NO_ROLE; role++) {
        for (size_t i = 0; i < t->n; i++) {
            const struct trace_message *m = &t->message[i];
            if (drawn(o, m) && m->from_role == role) {
                (void)party_of(l, m->from);
            }
            if (drawn(o, m) && m->to_role == role) {
                (void)party_of(l, m->to);
            }
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

/* An outcome stands before the rest. */
static bool is_outcome(const char *key)
{
    static const char *const keys[] = {"result", "refused", "cause", "emm-cause", "esm-cause"};
    size_t i = 0;
    while (i < sizeof keys / sizeof keys[0] && strcmp(keys[i], key) != 0) {
        i++;
    }
    return i < sizeof keys / sizeof keys[0];
}

/* "RESULT key=value key=value; what it carries (0.41 ms)" */
static void words_of(const struct trace_message *m, char *out, size_t cap)
{
    size_t n = 0;
    out[0] = '\0';
    for (unsigned pass = 0; pass < 2; pass++) {
        for (size_t i = 0; i < m->n_fields; i++) {
            if (is_outcome(m->field[i].key) == (pass == 0)) {
                n = add_field(out, cap, n, &m->field[i]);
            }
        }
    }
    if (m->carries[0] && n < cap) {
        n += (size_t)snprintf(out + n, cap - n, "%s%s", n ? "; " : "", m->carries);
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

struct drawing {
    struct ladder ladder;
    uint64_t begin_ns;
    bool steps; /* a proof of an IMEI is in it */
    char label[128], brief[96], words[1280];
};

/* Where a proof follows, the authentication before it is its second step. */
static const char *step_of(const struct drawing *d, const struct trace_message *m)
{
    const char *nas = m->nas[0] ? m->nas : m->name;
    bool authentication =
        !strcmp(nas, "AUTHENTICATION REQUEST") || !strcmp(nas, "AUTHENTICATION RESPONSE");
    return m->step[0] ? m->step : d->steps && authentication ? "2" : "";
}

static struct ladder_arrow arrow_of(struct drawing *d, const struct trace_message *m)
{
    const char *step = step_of(d, m);
    snprintf(d->label, sizeof d->label, "%s%s%s%s%s%s%s", *step ? "(" : "", step, *step ? ") " : "",
             m->inside ? "inside: " : "", m->name, m->nas[0] ? " / " : "", m->nas);
    snprintf(d->brief, sizeof d->brief, "%s%s%s%s", *step ? "(" : "", step, *step ? ") " : "",
             m->nas);
    words_of(m, d->words, sizeof d->words);
    return (struct ladder_arrow){.time_ns = m->time_ns - d->begin_ns,
                                 .from = party_of(&d->ladder, m->from),
                                 .to = party_of(&d->ladder, m->to),
                                 .label = d->label,
                                 .brief = m->nas[0] ? d->brief : NULL,
                                 .words = d->words,
                                 .bad = m->bad,
                                 .inside = m->inside};
}

static void draw_all(struct drawing *d, const struct options *o, const struct trace_list *t)
{
    for (size_t i = 0; i < t->n; i++) {
        if (drawn(o, &t->message[i])) {
            struct ladder_arrow a = arrow_of(d, &t->message[i]);
            ladder_fit(&d->ladder, &a);
        }
    }
    ladder_settle(&d->ladder);
    ladder_head(&d->ladder);
    for (size_t i = 0; i < t->n; i++) {
        if (drawn(o, &t->message[i])) {
            struct ladder_arrow a = arrow_of(d, &t->message[i]);
            ladder_draw(&d->ladder, &a);
        }
    }
    ladder_foot(&d->ladder);
}

static void draw(const struct options *o, const struct trace_list *t)
{
    struct drawing d = {.ladder = {.to = stdout,
                                   .width = terminal_width(),
                                   .colour = *cli_paint(stdout, CLI_BOLD) != '\0',
                                   .ascii = o->ascii || strcmp(nl_langinfo(CODESET), "UTF-8") != 0},
                        .begin_ns = t->n ? t->message[0].time_ns : 0};
    for (size_t i = 0; i < t->n; i++) { /* clocks step back */
        d.begin_ns = t->message[i].time_ns < d.begin_ns ? t->message[i].time_ns : d.begin_ns;
    }
    find_parties(&d.ladder, o, t);
    for (size_t i = 0; i < t->n; i++) {
        d.steps = d.steps || (drawn(o, &t->message[i]) && trace_step_is_proof(&t->message[i]));
    }
    if (d.ladder.n) {
        draw_all(&d, o, t);
    } else {
        puts(o->imsi ? "no message is about this subscriber" : "no message to draw");
    }
}

/* ---- the files ---- */

/* One of them; what is wrong with it is kept for later, when what could be read was drawn. */
static bool read_file(const char *path, const struct trace_options *how, struct trace_list *t,
                      char *why, size_t cap)
{
    size_t before = t->n;
    FILE *in = !strcmp(path, "-") ? stdin : fopen(path, "re");
    if (!in) {
        snprintf(why, cap, "%s: %s", path, strerror(errno));
        return false;
    }
    enum err e = trace_read(in, how, t);
    if (e != E_OK) {
        snprintf(why, cap, "%s: %s%s", path, t->why,
                 t->n > before ? "; what is before it could be read" : "");
    }
    if (in != stdin) {
        (void)fclose(in);
    }
    return e == E_OK;
}

static void show(const struct options *o, const struct trace_list *t)
{
    if (!o->json) {
        draw(o, t);
        return;
    }
    for (size_t i = 0; i < t->n; i++) {
        if (wanted(o, &t->message[i])) {
            print_json(&t->message[i]);
        }
    }
}

static int run(const struct options *o, uint32_t own_vendor)
{
    struct trace_options how = {own_vendor, o->mask, o->null_cipher};
    struct trace_list t = {0};
    char why[512];
    int bad = 0;
    for (int i = 0; i < o->n_files; i++) {
        if (!read_file(o->files[i], &how, &t, why, sizeof why)) {
            bad++;
            if (o->n_files > 1) {
                cli_error("%s", why);
            }
        }
    }
    enum err e = trace_join(&t);
    if (e != E_OK) {
        cli_error("%s", err_sentence(e));
    } else if (t.n || !bad) {
        show(o, &t);
    }
    (void)fflush(stdout);
    if (bad && o->n_files == 1) {
        cli_error("%s", why);
    }
    trace_list_free(&t);
    return e == E_OK && !bad ? CLI_DONE : CLI_REFUSED;
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
    return run(&o, (uint32_t)vendor);
}
