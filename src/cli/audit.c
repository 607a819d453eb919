/* The verb `audit`: who changed what, and whether the log of it holds. */
#include "cli/api_client.h"
#include "cli/audit_chain.h"
#include "cli/log_file.h"
#include "cli/table.h"
#include "cli/verb_options.h"
#include "crypto/openssl.h"

#include <ctype.h>
#include <errno.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define PAGE       500L
#define SHOWN_LAST 50L
#define LINE_MAX_N 65536

enum { OPT_AFTER = 0x100, OPT_LIMIT, OPT_LAST, OPT_WHO, OPT_TARGET, OPT_HEAD, OPT_FILE };

struct options {
    struct verb_said said;
    const char *after, *limit, *last, *who, *target, *head, *file;
};

static const struct verb_slot slots[] = {
    {offsetof(struct options, after), OPT_AFTER, false},
    {offsetof(struct options, limit), OPT_LIMIT, false},
    {offsetof(struct options, last), OPT_LAST, false},
    {offsetof(struct options, who), OPT_WHO, false},
    {offsetof(struct options, target), OPT_TARGET, false},
    {offsetof(struct options, head), OPT_HEAD, false},
    {offsetof(struct options, file), OPT_FILE, false},
    {0},
};

#define FILTERS                                                                                    \
    {"after", OPT_AFTER, "ID", 0, "begin behind this entry", 10},                                  \
        {"who", OPT_WHO, "NAME", 0, "only what this one did", 10},                                 \
    {                                                                                              \
        "target", OPT_TARGET, "TARGET", 0,                                                         \
            "only changes of this, and of what lies below: subscribers/IMSI, eir, lots/ID", 10     \
    }

/* ---- pages ----------------------------------------------------------------------------------- */

struct pages {
    struct api api;
    const struct options *o;
    long long after;
    bool at_end;
    struct audit_head head; /* the log's, as of the last page */
};

static void put_encoded(char *to, size_t cap, const char *text)
{
    size_t n = 0;
    for (; *text && n + 4 < cap; text++) {
        if (isalnum((unsigned char)*text) || strchr("-._~/", *text)) {
            to[n++] = *text;
        } else {
            n += (size_t)snprintf(to + n, cap - n, "%%%02X", (unsigned char)*text);
        }
    }
    to[n] = '\0';
}

static int pages_open(struct pages *p, const struct options *o)
{
    long after = 0;
    *p = (struct pages){.o = o};
    if (o->after && !cli_number("--after", o->after, 0, LONG_MAX / 10, &after)) {
        return CLI_USAGE;
    }
    p->after = after;
    return api_open(&o->said.common, &p->api);
}

static bool take_head(struct pages *p, const json_t *answer)
{
    const json_t *head = json_object_get(answer, "head");
    const char *hash = api_text(head, "hash");
    p->head.id = (uint64_t)json_integer_value(json_object_get(head, "id"));
    return strlen(hash) == 64 &&
           hex_decode(hash, (struct mbytes){p->head.hash, sizeof p->head.hash}) == E_OK;
}

/* The next page; the caller frees it. */
static int next_page(struct pages *p, long limit, struct api_answer *out)
{
    char path[900], who[300] = "", target[400] = "";
    put_encoded(who, sizeof who, p->o->who ? p->o->who : "");
    put_encoded(target, sizeof target, p->o->target ? p->o->target : "");
    snprintf(path, sizeof path, "/v1/audit?after=%lld&limit=%ld%s%s%s%s", p->after,
             limit < PAGE ? limit : PAGE, *who ? "&who=" : "", who, *target ? "&target=" : "",
             target);
    struct api_request request = {.method = "GET", .path = path};
    int rc = api_do(&p->api, "audit", &request, out);
    if (rc != CLI_DONE) {
        return rc;
    }
    if (!take_head(p, out->body)) {
        api_answer_free(out);
        cli_error("audit: the HSS does not say where its log ends");
        return CLI_REFUSED;
    }
    const json_t *next = json_object_get(out->body, "next");
    p->at_end = !json_is_integer(next) || json_integer_value(next) <= p->after;
    p->after = p->at_end ? p->after : json_integer_value(next);
    return CLI_DONE;
}

/* ---- list and show --------------------------------------------------------------------------- */

static void list_row(struct table *t, const json_t *e)
{
    char id[24];
    snprintf(id, sizeof id, "%lld", json_integer_value(json_object_get(e, "id")));
    const char *cells[] = {id,
                           api_text(e, "time"),
                           api_text(e, "who"),
                           api_text(e, "from"),
                           api_text(e, "action"),
                           api_text(e, "target"),
                           api_text(e, "outcome")};
    table_add(t, cells);
}

/* Without a place and a filter: the last ones. */
static int begin_of_list(struct pages *p)
{
    struct api_answer answer;
    const struct options *o = p->o;
    long last = SHOWN_LAST;
    if (o->last && !cli_number("--last", o->last, 1, LONG_MAX / 10, &last)) {
        return CLI_USAGE;
    }
    if (!o->last && (o->after || o->who || o->target || o->limit)) {
        return CLI_DONE;
    }
    int rc = next_page(p, 1, &answer);
    if (rc == CLI_DONE) {
        api_answer_free(&answer);
        p->after = p->head.id > (uint64_t)last ? (long long)p->head.id - last : 0;
        p->at_end = false;
    }
    return rc;
}

static int list_into(struct pages *p, long left, json_t *all)
{
    int rc = begin_of_list(p);
    while (rc == CLI_DONE && !p->at_end && left > 0) {
        struct api_answer answer;
        rc = next_page(p, left, &answer);
        if (rc == CLI_DONE) {
            const json_t *entries = json_object_get(answer.body, "entries");
            left -= (long)json_array_size(entries);
            (void)json_array_extend(all, json_object_get(answer.body, "entries"));
            api_answer_free(&answer);
        }
    }
    return rc;
}

static void print_list(const struct options *o, json_t *all)
{
    static const char *const columns[] = {">ID",    "TIME",    "WHO",     "FROM",
                                          "ACTION", "~TARGET", "OUTCOME", NULL};
    size_t i;
    json_t *e;
    if (o->said.common.json) {
        json_t *document = json_pack("{s:O}", "entries", all);
        api_print_json(document);
        json_decref(document);
        return;
    }
    struct table *t = table_new(columns);
    json_array_foreach(all, i, e)
    {
        list_row(t, e);
    }
    table_print(t);
}

static int list(int argc, char **argv)
{
    static const struct argp_option options[] = {
        FILTERS,
        {"last", OPT_LAST, "N", 0, "the last N (default: the last 50, when nothing else is asked)",
         10},
        {"limit", OPT_LIMIT, "N", 0, "at most this many", 10},
        {0},
    };
    static const struct argp argp = {
        options,       verb_take,
        NULL,          "Lists who changed what, when, from where, and what came of it.",
        verb_children, NULL,
        NULL};
    struct options o = {.said = VERB_SAID(slots, 1)};
    struct pages p;
    long left = LONG_MAX;
    if (!verb_parse(&argp, argc, argv, &o.said)) {
        return CLI_USAGE;
    }
    if (o.said.words[0]) {
        cli_error("audit list takes no argument: '%.60s'", o.said.words[0]);
        return CLI_USAGE;
    }
    if (o.limit && !cli_number("--limit", o.limit, 1, LONG_MAX, &left)) {
        return CLI_USAGE;
    }
    int rc = pages_open(&p, &o);
    if (rc != CLI_DONE) {
        return rc;
    }
    json_t *all = json_array();
    rc = list_into(&p, left, all);
    if (rc == CLI_DONE) {
        print_list(&o, all);
    }
    json_decref(all);
    api_close(&p.api);
    return rc;
}

/* What `before` and `after` hold, as JSON instead of as text. */
static void open_texts(json_t *entry)
{
    static const char *const keys[] = {"before", "after"};
    for (size_t i = 0; i < 2; i++) {
        json_t *value = json_loads(api_text(entry, keys[i]), JSON_DECODE_ANY, NULL);
        if (value) {
            (void)json_object_set_new(entry, keys[i], value);
        }
    }
}

static void show_human(const json_t *e)
{
    static const char *const keys[] = {"time",   "who",   "from",    "action", "target",
                                       "before", "after", "outcome", "hash"};
    printf("%-9s %lld\n", "entry", json_integer_value(json_object_get(e, "id")));
    for (size_t i = 0; i < sizeof keys / sizeof *keys; i++) {
        const char *text = api_text(e, keys[i]);
        printf("%-9s ", keys[i]);
        cli_put_clean(stdout, *text ? text : "-");
        putchar('\n');
    }
}

static int show(int argc, char **argv)
{
    static const struct argp argp = {
        NULL, verb_take, "ID", "Shows one entry, with what was before.", verb_children, NULL, NULL};
    struct options o = {.said = VERB_SAID(slots, 1)};
    struct api_answer answer;
    char path[80];
    long id;
    if (!verb_parse(&argp, argc, argv, &o.said) || !o.said.words[0]) {
        if (!o.said.words[0]) {
            cli_error("audit show needs the id of an entry");
        }
        return CLI_USAGE;
    }
    if (!cli_number("ID", o.said.words[0], 1, LONG_MAX / 10, &id)) {
        return CLI_USAGE;
    }
    snprintf(path, sizeof path, "/v1/audit?after=%ld&limit=1", id - 1);
    struct api_request request = {.method = "GET", .path = path};
    int rc = api_once(&o.said.common, "audit", &request, &answer);
    if (rc != CLI_DONE) {
        return rc;
    }
    json_t *e = json_array_get(json_object_get(answer.body, "entries"), 0);
    if (json_integer_value(json_object_get(e, "id")) != id) {
        cli_error("the audit log has no entry %ld", id);
        rc = CLI_REFUSED;
    } else if (o.said.common.json) {
        open_texts(e);
        api_print_json(e);
    } else {
        show_human(e);
    }
    api_answer_free(&answer);
    return rc;
}

/* ---- export ---------------------------------------------------------------------------------- */

static int export_to(const struct options *o, FILE *to)
{
    struct pages p;
    int rc = pages_open(&p, o);
    while (rc == CLI_DONE && !p.at_end && !ferror(to)) {
        struct api_answer answer;
        size_t i;
        json_t *e;
        rc = next_page(&p, PAGE, &answer);
        if (rc != CLI_DONE) {
            break;
        }
        json_array_foreach(json_object_get(answer.body, "entries"), i, e)
        {
            (void)json_dumpf(e, to, JSON_COMPACT);
            fputc('\n', to);
        }
        api_answer_free(&answer);
    }
    api_close(&p.api);
    return rc;
}

static int export(int argc, char **argv)
{
    static const struct argp_option options[] = {FILTERS, {0}};
    static const struct argp argp = {
        options,
        verb_take,
        "[FILE]",
        "Writes the entries to a new file, or to standard output, one JSON object on each line. "
        "All of them, unless it is told otherwise: only the whole log can be verified.",
        verb_children,
        NULL,
        NULL};
    struct options o = {.said = VERB_SAID(slots, 1)};
    if (!verb_parse(&argp, argc, argv, &o.said)) {
        return CLI_USAGE;
    }
    bool to_file = o.said.words[0] && strcmp(o.said.words[0], "-") != 0;
    FILE *to = to_file ? fopen(o.said.words[0], "wxe") : stdout;
    if (!to) {
        cli_error("%s: %s", o.said.words[0], strerror(errno));
        return CLI_REFUSED;
    }
    int rc = export_to(&o, to);
    bool bad = fflush(to) != 0 || ferror(to) != 0;
    bad = (to_file && fclose(to) != 0) || bad;
    if (bad && rc == CLI_DONE) {
        cli_error("%s: %s", to_file ? o.said.words[0] : "standard output", strerror(errno));
        rc = CLI_REFUSED;
    }
    return rc;
}

/* ---- verify ---------------------------------------------------------------------------------- */

/* A file that is not there holds no head yet. */
static bool read_head(const char *path, struct audit_head *out)
{
    char text[AUDIT_HEAD_TEXT + 1] = "";
    FILE *f = fopen(path, "re");
    if (!f) {
        bool none = errno == ENOENT;
        if (!none) {
            cli_error("--head %s: %s", path, strerror(errno));
        }
        return none;
    }
    size_t n = fread(text, 1, sizeof text - 1, f);
    (void)fclose(f);
    text[n] = '\0';
    if (audit_head_parse(text, out) != E_OK) {
        cli_error("--head %s: this is no head of an audit log: an id and a hash on one line", path);
        return false;
    }
    return true;
}

/* In the place of the one before, or not at all. */
static bool write_head(const char *path, const struct audit_head *head)
{
    char fresh[CLI_PATH_MAX], text[AUDIT_HEAD_TEXT];
    const bool is_new = access(path, F_OK) != 0;
    if (snprintf(fresh, sizeof fresh, "%s.new", path) >= (int)sizeof fresh) {
        cli_error("--head %s: the name is too long", path);
        return false;
    }
    audit_head_print(head, text);
    FILE *f = fopen(fresh, "we");
    bool good = f && fputs(text, f) >= 0 && fflush(f) == 0 && fsync(fileno(f)) == 0;
    good = f && fclose(f) == 0 && good && rename(fresh, path) == 0;
    if (!good) {
        cli_error("--head %s: %s", path, strerror(errno));
    } else if (is_new) { /* a name that was written wrong, or a head where a file was wanted */
        fprintf(stderr, "the head is kept in the new file %s\n", path);
    }
    return good;
}

/* CLI_DONE when all that there is was looked at, or the chain broke. */
static int add_all(struct audit_chain *c, const struct options *o)
{
    struct pages p;
    int rc = pages_open(&p, o);
    while (rc == CLI_DONE && !p.at_end && !c->broken) {
        struct api_answer answer;
        size_t i;
        json_t *e;
        rc = next_page(&p, PAGE, &answer);
        if (rc != CLI_DONE) {
            break;
        }
        json_array_foreach(json_object_get(answer.body, "entries"), i, e)
        {
            if (!audit_chain_add(c, e)) {
                break;
            }
        }
        api_answer_free(&answer);
    }
    api_close(&p.api);
    return rc;
}

static int add_file(struct audit_chain *c, const char *path)
{
    static char line[LINE_MAX_N];
    int rc = CLI_DONE;
    FILE *f = strcmp(path, "-") ? fopen(path, "re") : stdin;
    if (!f) {
        cli_error("%s: %s", path, strerror(errno));
        return CLI_REFUSED;
    }
    while (!c->broken && fgets(line, sizeof line, f)) {
        json_t *e = json_loads(line, JSON_REJECT_DUPLICATES, NULL);
        (void)!audit_chain_add(c, e); /* no JSON is no entry: it breaks there */
        json_decref(e);
    }
    if (ferror(f)) {
        cli_error("%s: %s", path, strerror(errno));
        rc = CLI_REFUSED;
    }
    if (f != stdin) {
        (void)fclose(f);
    }
    return rc;
}

static void say_result(const struct options *o, const struct audit_chain *c)
{
    char text[AUDIT_HEAD_TEXT];
    audit_head_print(&c->last, text);
    text[strcspn(text, "\n")] = '\0';
    if (o->said.common.json) {
        json_t *v = json_pack("{s:b, s:I, s:o, s:o, s:s}", "holds", c->broken == 0, "entries",
                              (json_int_t)c->last.id, "breaks_at",
                              c->broken ? json_integer((json_int_t)c->broken) : json_null(), "why",
                              c->broken ? json_string(c->why) : json_null(), "head", text);
        api_print_json(v);
        json_decref(v);
    } else if (c->broken) {
        cli_error("the audit log does not hold: %s", c->why);
    } else {
        printf("the audit log holds: %lld %s; its head is %s\n", (long long)c->last.id,
               c->last.id == 1 ? "entry" : "entries", text);
    }
}

static int verify_with(const struct options *o, struct audit_chain *c)
{
    int rc = o->head && !read_head(o->head, &c->kept) ? CLI_REFUSED : CLI_DONE;
    if (rc == CLI_DONE) {
        rc = o->file ? add_file(c, o->file) : add_all(c, o);
    }
    if (rc != CLI_DONE) {
        return rc;
    }
    bool holds = !c->broken && audit_chain_end(c);
    say_result(o, c);
    if (!holds) {
        return CLI_REFUSED;
    }
    return o->head && c->last.id > 0 && !write_head(o->head, &c->last) ? CLI_REFUSED : CLI_DONE;
}

static int verify(int argc, char **argv)
{
    static const struct argp_option options[] = {
        {"head", OPT_HEAD, "FILE", 0,
         "the log must go on from the head that is kept in FILE; then the new one is kept there",
         10},
        {"file", OPT_FILE, "FILE", 0, "a file that `audit export` wrote, instead of the HSS", 10},
        {0},
    };
    static const struct argp argp = {
        options,
        verb_take,
        NULL,
        "Computes the whole log's hashes from its text, and says at which entry it breaks, and "
        "how.\v"
        "An entry that was changed, removed, inserted or moved is found. Whoever can write to the "
        "database could write the whole log anew: keep a head on another machine, and give it "
        "with --head. Exit status 1 when the log does not hold.",
        verb_children,
        NULL,
        NULL};
    struct options o = {.said = VERB_SAID(slots, 1)};
    struct crypto crypto;
    if (!verb_parse(&argp, argc, argv, &o.said)) {
        return CLI_USAGE;
    }
    if (o.said.words[0]) {
        cli_error("audit verify takes no argument: '%.60s'; --file FILE verifies a file",
                  o.said.words[0]);
        return CLI_USAGE;
    }
    if (crypto_openssl_open(&crypto) != E_OK) {
        cli_error("no memory");
        return CLI_REFUSED;
    }
    struct audit_chain chain = {.crypto = &crypto};
    int rc = verify_with(&o, &chain);
    crypto_openssl_close(&crypto);
    return rc;
}

int cli_audit(int argc, char **argv)
{
    static const struct cli_verb table[] = {
        {"list", "who changed what", list},
        {"show", "one entry, with what was before", show},
        {"verify", "does the log hold, entry by entry?", verify},
        {"export", "all of it as NDJSON", export},
        {0},
    };
    return cli_dispatch("bindery audit", "The audit log of the HSS.", table, argc, argv);
}
