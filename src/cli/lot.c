/* The verb `lot`: manufacturers' lots at the HSS. */
#include "cli/lot.h"

#include "cli/api_list.h"
#include "cli/kme_view.h"
#include "cli/verb_options.h"
#include <string.h>
#include <sys/stat.h>

struct options {
    struct verb_said said;
    const char *after, *limit;
};

enum { OPT_AFTER = 0x100, OPT_LIMIT };

static const struct verb_slot slots[] = {
    {offsetof(struct options, after), OPT_AFTER, false},
    {offsetof(struct options, limit), OPT_LIMIT, false},
    {0},
};

static const struct argp_option list_options[] = {
    {"after", OPT_AFTER, "ID", 0, "begin behind this lot", 10},
    {"limit", OPT_LIMIT, "N", 0, "at most this many (default: all)", 10},
    {0},
};
static const struct argp list_argp = {
    list_options,  verb_take, NULL, "Lists the lots that the HSS knows, by their ids.",
    verb_children, NULL,      NULL};
static const struct argp show_argp = {NULL,
                                      verb_take,
                                      "ID",
                                      "Shows a lot: its manufacturer, its IMEIs, the SHA-256 of "
                                      "N. P and Q are never shown.",
                                      verb_children,
                                      NULL,
                                      NULL};
static const struct argp remove_argp = {
    NULL,
    verb_take,
    "ID",
    "Removes a lot with its P and Q: its devices cannot be provisioned any more. Keys that they "
    "agreed before stay good.",
    verb_children,
    NULL,
    NULL};

/* ---- what the subverbs share ---- */

bool lot_id_check(const char *text)
{
    struct kme_lot_id id;
    bool good = kme_lot_id_parse(bytes_of_str(text), &id) == E_OK &&
                strspn(text, ".") != strlen(text); /* a path has a meaning for dots alone */
    if (!good) {
        cli_error("'%.60s' is no id of a lot: that is 1 to 32 letters, digits, '.', '-' and '_'",
                  text);
    }
    return good;
}

bool lot_is_new(const char *dir, const char *name)
{
    char path[CLI_PATH_MAX];
    struct stat st;
    if (!cli_path(dir, name, path, sizeof path)) {
        return false;
    }
    if (lstat(path, &st) == 0) {
        cli_error("%s: it is there already; choose another directory, or remove it if nobody needs "
                  "it any more",
                  path);
        return false;
    }
    return true;
}

unsigned lot_bits(const struct kme_lot *lot)
{
    return 8u * lot->modulus_n;
}

static void say_text(const char *key, const char *value)
{
    printf("%-18s ", key);
    cli_put_clean(stdout, *value ? value : "-");
    putchar('\n');
}

void lot_say(const struct lot_file *file, const char *fingerprint)
{
    char range[IMEI_RANGE_TEXT_MAX];
    say_text("lot", file->lot.id.text);
    say_text("manufacturer", file->lot.manufacturer);
    for (size_t i = 0; i < file->n; i++) {
        imei_range_print(&file->ranges[i], range);
        say_text(i == 0 ? "IMEIs" : "", range);
    }
    printf("%-18s %u bits, exponent %u\n", "N", lot_bits(&file->lot), KME_RSA_EXPONENT);
    say_text("SHA-256 of N", fingerprint);
}

/* ---- list, show, remove ---- */

static void list_row(struct table *t, const json_t *lot)
{
    char bits[24], ranges[24], imported[32];
    const json_t *of = json_object_get(lot, "ranges");
    snprintf(bits, sizeof bits, "%" JSON_INTEGER_FORMAT,
             json_integer_value(json_object_get(lot, "bits")));
    snprintf(ranges, sizeof ranges, "%zu",
             json_is_array(of) ? json_array_size(of) : (size_t)json_integer_value(of));
    kme_view_time(json_object_get(lot, "imported"), imported);
    const char *cells[] = {
        api_text(lot, "id"),         api_text(lot, "manufacturer"), bits, ranges, imported,
        api_text(lot, "fingerprint")};
    table_add(t, cells);
}

static int list(int argc, char **argv)
{
    static const char *const columns[] = {"LOT",      "MANUFACTURER",  ">BITS", ">RANGES",
                                          "IMPORTED", "~SHA-256 OF N", NULL};
    struct options o = {.said = VERB_SAID(slots, 1)};
    if (!verb_parse(&list_argp, argc, argv, &o.said)) {
        return CLI_USAGE;
    }
    if (o.said.words[0]) {
        cli_error("%s takes no lot; `bindery lot show %s`", argv[0], o.said.words[0]);
        return CLI_USAGE;
    }
    const struct api_list what = {
        .name = "lots", .path = "/v1/lots", .columns = columns, .row = list_row, .after = o.after};
    return api_list(&o.said.common, &what, o.limit);
}

static int ask(const struct argp *argp, const char *method, int argc, char **argv,
               struct options *o, struct api_answer *answer)
{
    char path[64];
    *o = (struct options){.said = VERB_SAID(slots, 1)};
    if (!verb_parse(argp, argc, argv, &o->said)) {
        return CLI_USAGE;
    }
    if (!o->said.words[0]) {
        cli_error("%s needs the id of a lot; `bindery lot list` shows them", argv[0]);
        return CLI_USAGE;
    }
    if (!lot_id_check(o->said.words[0])) {
        return CLI_USAGE;
    }
    snprintf(path, sizeof path, "/v1/lots/%s", o->said.words[0]);
    const struct api_request request = {.method = method, .path = path};
    return api_once(&o->said.common, o->said.words[0], &request, answer);
}

static void show_human(const json_t *lot)
{
    char imported[32];
    size_t i;
    const json_t *range;
    say_text("lot", api_text(lot, "id"));
    say_text("manufacturer", api_text(lot, "manufacturer"));
    json_array_foreach(json_object_get(lot, "ranges"), i, range)
    {
        const char *text = json_string_value(range);
        say_text(i == 0 ? "IMEIs" : "", text ? text : "");
    }
    printf("%-18s %" JSON_INTEGER_FORMAT " bits, exponent %u\n", "N",
           json_integer_value(json_object_get(lot, "bits")), KME_RSA_EXPONENT);
    say_text("SHA-256 of N", api_text(lot, "fingerprint"));
    kme_view_time(json_object_get(lot, "imported"), imported);
    say_text("imported", imported);
}

static int show(int argc, char **argv)
{
    struct options o;
    struct api_answer answer;
    int rc = ask(&show_argp, "GET", argc, argv, &o, &answer);
    if (rc == CLI_DONE) {
        if (o.said.common.json) {
            api_print_json(answer.body);
        } else {
            show_human(answer.body);
        }
        api_answer_free(&answer);
    }
    return rc;
}

static int remove_one(int argc, char **argv)
{
    struct options o;
    struct api_answer answer;
    int rc = ask(&remove_argp, "DELETE", argc, argv, &o, &answer);
    if (rc == CLI_DONE) {
        if (!o.said.common.json) {
            printf("lot %s is removed, with its P and Q\n", o.said.words[0]);
        }
        api_answer_free(&answer);
    }
    return rc;
}

int cli_lot(int argc, char **argv)
{
    static const struct cli_verb table[] = {
        {"recipient", "make the key to which manufacturers encrypt for this operator",
         lot_recipient},
        {"make", "make P and Q of a lot for operators, and N for its devices", lot_primes},
        {"import", "give the HSS P and Q of a lot", lot_import},
        {"list", "the lots that the HSS knows", list},
        {"show", "one of them", show},
        {"remove", "remove a lot with its P and Q", remove_one},
        {0},
    };
    return cli_dispatch("bindery lot",
                        "Manufacturers' lots: the moduli N = PQ to which devices encrypt the keys "
                        "that they make.",
                        table, argc, argv);
}
