/* The verb `binding`: asking a repository and revoking. Publishing is in binding_publish.c. */
#include "cli/binding.h"

#include "cli/api_client.h"
#include "cli/table.h"
#include <string.h>
#include <time.h>

#define PAGE 1000

struct options {
    struct binding_options binding;
    const char *word, *use, *after, *limit;
    bool wants_imei;
    uint8_t use_number;
};

static error_t take(int key, char *arg, struct argp_state *state)
{
    struct options *o = state->input;
    switch (key) {
    case ARGP_KEY_INIT:
        state->child_inputs[0] = &o->binding;
        return 0;
    case 'u':
        o->use = arg;
        return 0;
    case 'a':
        o->after = arg;
        return 0;
    case 'l':
        o->limit = arg;
        return 0;
    case ARGP_KEY_ARG:
        if (o->word || !o->wants_imei) {
            argp_error(state, "too many arguments: '%s'", arg);
        }
        o->word = arg;
        return 0;
    case ARGP_KEY_END:
        if (o->wants_imei && !o->word) {
            argp_error(state, "an IMEI is needed");
        }
        return 0;
    default:
        return ARGP_ERR_UNKNOWN;
    }
}

static const struct argp_option use_options[] = {
    {"use", 'u', "USE", 0, "identity (default) or provisioning", 10},
    {0},
};
static const struct argp_option changes_options[] = {
    {"after", 'a', "SERIAL", 0, "those behind this record (0: all)", 10},
    {"limit", 'l', "N", 0, "at most this many (default: all)", 10},
    {0},
};
static const struct argp_child children[] = {{&binding_argp, 0, NULL, 0}, {0}};
static const struct argp get_argp = {
    NULL,     take, "IMEI", "Shows what the repository says of a device, and who signed it.",
    children, NULL, NULL};
static const struct argp revoke_argp = {
    use_options, take, "IMEI", "Revokes the binding of a device; its key never comes back.",
    children,    NULL, NULL};
static const struct argp history_argp = {
    use_options, take, "IMEI", "Shows all records of a device's use, oldest first.",
    children,    NULL, NULL};
static const struct argp changes_argp = {
    changes_options,
    take,
    NULL,
    "Shows the records of all devices, oldest first, behind a serial: what an operator pulls.",
    children,
    NULL,
    NULL};

static int parsed(const struct argp *argp, bool wants_imei, int argc, char **argv,
                  struct options *o, struct imei *imei)
{
    *o = (struct options){.wants_imei = wants_imei, .use_number = BINDING_IDENTITY};
    if (argp_parse(argp, argc, argv, 0, NULL, o) != 0) {
        return CLI_USAGE;
    }
    if (o->use && binding_use_parse(bytes_of_str(o->use), &o->use_number) != E_OK) {
        cli_error("--use is identity or provisioning, not '%.40s'", o->use);
        return CLI_USAGE;
    }
    return !wants_imei || cli_imei(o->word, imei) ? CLI_DONE : CLI_USAGE;
}

/* ---- showing ---- */

static void time_text(int64_t at, char out[static 32])
{
    const time_t t = (time_t)at;
    struct tm tm;
    if (at >= 253402300799 || !gmtime_r(&t, &tm) ||
        strftime(out, 32, "%Y-%m-%d %H:%M:%SZ", &tm) == 0) {
        snprintf(out, 32, "no end");
    }
}

/* What the certificate site says of it; the record's signature is not over that. */
static void show_device(const json_t *device)
{
    static const char *const keys[] = {"id", "manufacturer", "model", "serial_number"};
    if (!json_is_object(device)) {
        return;
    }
    printf("%-12s ", "  device");
    for (size_t i = 0; i < sizeof keys / sizeof keys[0]; i++) {
        fputs(i > 0 ? ", " : "", stdout);
        cli_put_clean(stdout, api_text(device, keys[i]));
    }
    putchar('\n');
}

static void show_one(const struct binding_client *c, const json_t *b,
                     const struct binding_record *r, const char *fault)
{
    char from[32], to[32], issued[32], digest[2 * sizeof r->digest + 1];
    time_text(r->not_before, from);
    time_text(r->not_after, to);
    time_text(r->issued, issued);
    hex_encode(BYTES_OF(r->digest), digest);
    printf("%-12s %s, %s, record %llu of %s\n", binding_use_name(r->use),
           binding_status_name(r->status), binding_form_name(r->form),
           (unsigned long long)r->serial, issued);
    printf("%-12s from %s to %s\n", "  valid", from, to);
    printf("%-12s ", "  publisher");
    cli_put_clean(stdout, api_text(b, "publisher"));
    printf("\n%-12s SHA-256 %s\n", "  key", digest);
    show_device(json_object_get(b, "device"));
    if (fault) {
        printf("%-12s BAD: %s\n", "  signature", fault);
    } else if (c->n_signers) {
        printf("%-12s verified with %s\n", "  signature", c->signer);
    } else {
        printf("%-12s not verified: no --signer\n", "  signature");
    }
}

/* Each record's "verified" becomes a member, and what is wrong with it. Are all in order? */
static bool judge(const struct binding_client *c, json_t *list)
{
    struct binding_record record;
    size_t i;
    json_t *b;
    bool good = true;
    json_array_foreach(list, i, b)
    {
        const char *fault = binding_record_fault(c, b, &record);
        (void)json_object_set_new(b, "verified",
                                  fault || c->n_signers ? json_boolean(!fault) : json_null());
        (void)json_object_del(b, "fault");
        if (fault) {
            (void)json_object_set_new(b, "fault", json_string(fault));
        }
        good = good && !fault;
    }
    return good;
}

static int say_bad(const struct binding_client *c)
{
    cli_error("%s: a record is not to be relied on", c->url);
    return CLI_REFUSED;
}

static int say_none(const struct binding_client *c, const char *what)
{
    cli_error("%s: %s: an answer without records; is this a repository?", c->url, what);
    return CLI_REFUSED;
}

static int show_bindings(const struct binding_client *c, const struct options *o, json_t *answer)
{
    json_t *list = json_object_get(answer, "bindings"), *b;
    struct binding_record record;
    size_t i;
    if (json_array_size(list) == 0) {
        return say_none(c, o->word);
    }
    bool good = true;
    if (o->binding.common.json) {
        good = judge(c, list);
        api_print_json(answer);
        return good ? CLI_DONE : say_bad(c);
    }
    json_array_foreach(list, i, b)
    {
        const char *fault = binding_record_fault(c, b, &record);
        if (i > 0) {
            putchar('\n');
        }
        show_one(c, b, &record, fault);
        good = good && !fault;
    }
    return good ? CLI_DONE : say_bad(c);
}

int binding_show(int argc, char **argv)
{
    struct options o;
    struct imei imei;
    struct binding_client c;
    struct binding_answer answer = {.status = 0};
    char path[64];
    int rc = parsed(&get_argp, true, argc, argv, &o, &imei);
    rc = rc == CLI_DONE ? binding_open(&o.binding, BINDING_AS_OPERATOR, &c) : rc;
    if (rc != CLI_DONE) {
        return rc;
    }
    c.imei = &imei;
    snprintf(path, sizeof path, "/v1/bindings/%s", imei.digits);
    rc = binding_get(&c, imei.digits, path, &answer);
    if (rc == CLI_DONE) {
        rc = show_bindings(&c, &o, answer.json);
        binding_answer_free(&answer);
    }
    binding_close(&c);
    return rc;
}

/* ---- lists of records ---- */

/* Is it in order? */
static bool add_row(struct table *t, const struct binding_client *c, const json_t *b)
{
    char serial[24], issued[32];
    struct binding_record r;
    const char *fault = binding_record_fault(c, b, &r);
    snprintf(serial, sizeof serial, "%llu", (unsigned long long)r.serial);
    time_text(r.issued, issued);
    const char *cells[] = {serial,
                           r.imei.digits,
                           binding_use_name(r.use),
                           binding_form_name(r.form),
                           binding_status_name(r.status),
                           issued,
                           api_text(b, "publisher"),
                           fault          ? "BAD"
                           : c->n_signers ? "verified"
                                          : NULL};
    table_add(t, cells);
    return !fault;
}

static int show_records(const struct binding_client *c, const struct options *o, json_t *records,
                        json_int_t next)
{
    static const char *const columns[] = {">RECORD", "IMEI",       "USE",       "FORM", "STATUS",
                                          "ISSUED",  "~PUBLISHER", "SIGNATURE", NULL};
    bool good = true;
    size_t i;
    json_t *b;
    if (o->binding.common.json) {
        good = judge(c, records);
        json_t *all = json_pack("{s:O,s:I}", "records", records, "next", next);
        api_print_json(all);
        json_decref(all);
    } else {
        struct table *t = table_new(columns);
        json_array_foreach(records, i, b)
        {
            good = add_row(t, c, b) && good;
        }
        table_print(t);
    }
    return good ? CLI_DONE : say_bad(c);
}

/* Page by page up to `most` records; `next` is where the next page begins. */
static int fetch(struct binding_client *c, const char *what, const char *base, long most,
                 json_t *records, json_int_t *next)
{
    bool more = true;
    int rc = CLI_DONE;
    while (rc == CLI_DONE && more && json_array_size(records) < (size_t)most) {
        struct binding_answer answer;
        char path[160];
        const size_t left = (size_t)most - json_array_size(records);
        snprintf(path, sizeof path, "%s?after=%" JSON_INTEGER_FORMAT "&limit=%zu", base, *next,
                 left < PAGE ? left : PAGE);
        rc = binding_get(c, what, path, &answer);
        if (rc == CLI_DONE) {
            const json_t *further = json_object_get(answer.json, "more");
            const json_t *place = json_object_get(answer.json, "next");
            const json_int_t before = *next;
            json_t *page = json_object_get(answer.json, "records");
            rc = json_is_array(page) ? CLI_DONE : say_none(c, what);
            (void)json_array_extend(records, page);
            *next = json_is_integer(place) ? json_integer_value(place) : *next;
            more = further ? json_is_true(further) : json_is_integer(place);
            more = more && *next > before; /* a page that leads nowhere is the last */
            binding_answer_free(&answer);
        }
    }
    return rc;
}

/* Of one device's use, or with imei NULL of all. */
static int list(const struct options *o, enum binding_as as, const struct imei *imei,
                const char *base, json_int_t after, long most)
{
    struct binding_client c;
    const char *what = imei ? imei->digits : "changes";
    int rc = binding_open(&o->binding, as, &c);
    if (rc != CLI_DONE) {
        return rc;
    }
    c.imei = imei;
    c.use = imei ? o->use_number : 0;
    json_t *records = json_array();
    rc = fetch(&c, what, base, most, records, &after);
    if (rc == CLI_DONE) {
        rc = show_records(&c, o, records, after);
    }
    json_decref(records);
    binding_close(&c);
    return rc;
}

int binding_history(int argc, char **argv)
{
    struct options o;
    struct imei imei;
    char base[96];
    int rc = parsed(&history_argp, true, argc, argv, &o, &imei);
    if (rc != CLI_DONE) {
        return rc;
    }
    snprintf(base, sizeof base, "/v1/bindings/%s/%s/history", imei.digits,
             binding_use_name(o.use_number));
    return list(&o, BINDING_AS_MAKER, &imei, base, 0, 1000000);
}

int binding_changes(int argc, char **argv)
{
    struct options o;
    long after = 0, most = 1000000000;
    int rc = parsed(&changes_argp, false, argc, argv, &o, NULL);
    if (rc != CLI_DONE) {
        return rc;
    }
    if ((o.after && !cli_number("--after", o.after, 0, 999999999999999999, &after)) ||
        (o.limit && !cli_number("--limit", o.limit, 1, 1000000000, &most))) {
        return CLI_USAGE;
    }
    return list(&o, BINDING_AS_OPERATOR, NULL, "/v1/changes", after, most);
}

/* ---- revoking ---- */

static int say_revoked(struct binding_client *c, const struct options *o,
                       const struct binding_answer *answer)
{
    json_int_t serial;
    const char *did = binding_did(c, c->imei->digits, answer, &serial);
    const int rc = did ? binding_check(c, c->imei->digits, BINDING_REVOKED, NULL) : CLI_REFUSED;
    if (rc == CLI_DONE && o->binding.common.json) {
        api_print_json(answer->json);
    } else if (rc == CLI_DONE) {
        printf("%s %s (record %" JSON_INTEGER_FORMAT "); operators learn it with their next "
               "changes\n",
               c->imei->digits, strcmp(did, "revoked") ? "was revoked before" : "is revoked",
               serial);
    }
    return rc;
}

int binding_revoke(int argc, char **argv)
{
    struct options o;
    struct imei imei;
    struct binding_client c;
    struct binding_answer answer = {.status = 0};
    char path[96];
    int rc = parsed(&revoke_argp, true, argc, argv, &o, &imei);
    rc = rc == CLI_DONE ? binding_open(&o.binding, BINDING_AS_MAKER, &c) : rc;
    if (rc != CLI_DONE) {
        return rc;
    }
    c.imei = &imei;
    c.use = o.use_number;
    snprintf(path, sizeof path, "/v1/bindings/%s/%s", imei.digits, binding_use_name(c.use));
    rc = binding_call(&c, "DELETE", path, false, (struct bytes){NULL, 0}, &answer);
    if (rc == CLI_DONE) {
        rc = answer.status < 200 || answer.status > 299 ? binding_say_problem(imei.digits, &answer)
                                                        : say_revoked(&c, &o, &answer);
    }
    binding_answer_free(&answer);
    binding_close(&c);
    return rc;
}

int cli_binding(int argc, char **argv)
{
    static const struct cli_verb table[] = {
        {"publish", "publish keys of devices, one or a file of them", binding_publish},
        {"get", "what the repository says of a device", binding_show},
        {"revoke", "revoke the binding of a device", binding_revoke},
        {"history", "all records of a device", binding_history},
        {"changes", "records of all devices since one", binding_changes},
        {0},
    };
    return cli_dispatch("bindery binding",
                        "Which key belongs to which IMEI: a repository's client.", table, argc,
                        argv);
}
