/* The verbs `backup` and `restore`: backups of the HSS's store are made by the HSS, through the
 * administration interface; those of other daemons' stores here. They are verified and restored
 * here, from files. */
#include "cli/api_client.h"
#include "cli/api_list.h"
#include "cli/secret_input.h"
#include "cli/table.h"
#include "nf/common/config_peek.h"
#include "proc/sqn.h"
#include "store/store_sealed.h"

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#define POLL_NS     200000000L
#define AHEAD_TICKS (3600u * SQN_TICKS_PER_SECOND)

struct options {
    struct cli_common common;
    const char *word, *config, *store, *key_file, *out;
    bool accept_loss;
};
enum { OPT_CONFIG = 0x100, OPT_STORE, OPT_KEY_FILE, OPT_OUT, OPT_ACCEPT_LOSS };

static error_t take(int key, char *arg, struct argp_state *state)
{
    struct options *o = state->input;
    switch (key) {
    case ARGP_KEY_INIT:
        state->child_inputs[0] = &o->common;
        return 0;
    case OPT_CONFIG:
        o->config = arg;
        return 0;
    case OPT_STORE:
        o->store = arg;
        return 0;
    case OPT_KEY_FILE:
        if (secret_is_key(arg) && access(arg, F_OK) != 0) {
            argp_error(state, "a key is not an argument: --key-file takes the file that it is in");
        }
        o->key_file = arg;
        return 0;
    case OPT_OUT:
        o->out = arg;
        return 0;
    case OPT_ACCEPT_LOSS:
        o->accept_loss = true;
        return 0;
    case ARGP_KEY_ARG:
        if (o->word) {
            argp_error(state, "too many arguments: '%s'", arg);
        }
        o->word = arg;
        return 0;
    default:
        return ARGP_ERR_UNKNOWN;
    }
}

static const struct argp_child children[] = {{&cli_common_argp, 0, NULL, 0}, {0}};
static const struct argp_option create_options[] = {
    {"store", OPT_STORE, "FILE", 0,
     "copy this store of any Bindery daemon, in use or not, instead of asking the HSS", 10},
    {"out", OPT_OUT, "FILE", 0, "with --store: the backup to make", 10},
    {0},
};
#define FILE_OPTIONS                                                                               \
    {"config", OPT_CONFIG, "FILE", 0, "the daemon's configuration (hssd.yaml in --dir)", 10},      \
        {"store", OPT_STORE, "FILE", 0, "its store, instead of the configuration's", 10},          \
    {                                                                                              \
        "key-file", OPT_KEY_FILE, "FILE", 0,                                                       \
            "its key file, instead of the configuration's; stores of bindery-arpfd and "           \
            "bindery-repod have none",                                                             \
            10                                                                                     \
    }
static const struct argp_option file_options[] = {FILE_OPTIONS, {0}};
static const struct argp_option restore_options[] = {
    FILE_OPTIONS,
    {"accept-loss", OPT_ACCEPT_LOSS, NULL, 0,
     "go on although what came after the backup is lost (not of the HSS: docs/backup.md)", 10},
    {0},
};
static const struct argp create_argp = {
    create_options,
    take,
    "NAME",
    "Has the HSS make a backup of its store in store.backup_folder, while it serves, and waits for "
    "it.\vThe backup holds sealed secrets only. The key file is not in it: back that up by itself, "
    "somewhere else.",
    children,
    NULL,
    NULL};
static const struct argp list_argp = {
    NULL, take, NULL, "Lists the backups in store.backup_folder.", children, NULL, NULL};
static const struct argp verify_argp = {
    file_options,
    take,
    "FILE",
    "Verifies a backup: size and SHA-256 are its manifest's, the database is sound, the rows are "
    "all there, and the key file opens it and each sealed value in it; one that does not open is "
    "named. Needs no daemon.",
    children,
    NULL,
    NULL};
static const struct argp restore_argp = {
    restore_options,
    take,
    "FILE",
    "Puts a backup in the place of a daemon's store; the daemon must not be running.\v"
    "The backup is verified first. The store that is there is moved aside, with its log, and never "
    "removed. Ended at any moment, run it again: it finishes what it began. Of every daemon but "
    "the "
    "HSS, what the store that is there recorded after the backup is taken over.",
    children,
    NULL,
    NULL};

static bool parse(const struct argp *argp, int argc, char **argv, struct options *o)
{
    return argp_parse(argp, argc, argv, 0, NULL, o) == 0;
}

/* ---- create ---- */

static void print_manifest(FILE *to, const char *name, const struct store_manifest *m)
{
    char when[32] = "?";
    struct tm tm;
    time_t made = (time_t)m->made;
    uint64_t rows = 0;
    for (size_t i = 0; i < m->n; i++) {
        rows += m->tables[i].rows;
    }
    if (gmtime_r(&made, &tm) != NULL) {
        (void)strftime(when, sizeof when, "%Y-%m-%dT%H:%M:%SZ", &tm);
    }
    fprintf(to, "%s: made %s, schema %" PRIu32 ", %" PRIu64 " octets, rows: %" PRIu64 "\n", name,
            when, m->schema, m->octets, rows);
    fprintf(to, "SHA-256 %s\n", m->sha256);
    if (m->key[0] != '\0') {
        fprintf(to, "opens with the key file whose fingerprint is %s\n", m->key);
    }
}

static int create_offline(const struct options *o)
{
    struct store_why why;
    struct store_manifest *m = calloc(1, sizeof *m);
    const struct store_backup_options b = {.store = o->store, .out = o->out};
    if (!o->out || o->word) {
        cli_error("--store goes with --out FILE, and without a name");
        free(m);
        return CLI_USAGE;
    }
    int code = CLI_REFUSED;
    if (m != NULL && store_backup_make(&b, m, &why) == E_OK) {
        print_manifest(stdout, o->out, m);
        code = CLI_DONE;
    } else {
        cli_error("%s", m == NULL ? "no memory" : why.text);
    }
    free(m);
    return code;
}

/* Until the one that was begun has ended. */
static int await(struct api *a, const char *name, struct api_answer *answer)
{
    const struct timespec pause = {0, POLL_NS};
    const struct api_request look = {.method = "GET", .path = "/v1/backups"};
    for (;;) {
        int code = api_do(a, "the backup", &look, answer);
        if (code != CLI_DONE) {
            return code;
        }
        const json_t *last = json_object_get(answer->body, "last");
        if (strcmp(api_text(last, "name"), name) != 0) {
            cli_error("the HSS was started anew before the backup %s was made", name);
            return CLI_REFUSED;
        }
        if (strcmp(api_text(last, "state"), "running") != 0) {
            return CLI_DONE;
        }
        api_answer_free(answer);
        (void)nanosleep(&pause, NULL);
    }
}

static int tell_made(const struct options *o, const struct api_answer *answer)
{
    const json_t *last = json_object_get(answer->body, "last"), *one = NULL;
    size_t i = 0;
    if (strcmp(api_text(last, "state"), "made") != 0) {
        cli_error("the backup %s was not made: %s (%s)", o->word, api_text(last, "detail"),
                  api_text(last, "cause"));
        return CLI_REFUSED;
    }
    json_array_foreach(json_object_get(answer->body, "backups"), i, one)
    {
        if (strcmp(api_text(one, "name"), o->word) != 0) {
            continue;
        }
        if (o->common.json) {
            api_print_json(one);
        } else {
            printf("%s/%s.backup: SHA-256 %s\n", api_text(answer->body, "folder"), o->word,
                   api_text(one, "sha256"));
        }
    }
    return CLI_DONE;
}

static int create(int argc, char **argv)
{
    struct options o = {.word = NULL};
    struct api a;
    struct api_answer answer = {0};
    if (!parse(&create_argp, argc, argv, &o)) {
        return CLI_USAGE;
    }
    if (o.store) {
        return create_offline(&o);
    }
    if (!o.word) {
        cli_error("a name for the backup is needed");
        return CLI_USAGE;
    }
    int code = api_open(&o.common, &a);
    if (code != CLI_DONE) {
        return code;
    }
    json_t *body = json_pack("{s:s}", "name", o.word);
    const struct api_request request = {.method = "POST", .path = "/v1/backups", .json = body};
    code = api_do(&a, o.word, &request, &answer);
    api_answer_free(&answer);
    if (code == CLI_DONE) {
        code = await(&a, o.word, &answer);
    }
    if (code == CLI_DONE) {
        code = tell_made(&o, &answer);
    }
    api_answer_free(&answer);
    api_close(&a);
    json_decref(body);
    return code;
}

/* ---- list ---- */

/* KEY is the fingerprint of the key file that opens it, as `bindery key show` has it. */
static void print_list(const json_t *backups)
{
    struct table *t = table_new((const char *const[]){"NAME", "MADE", ">OCTETS", "KEY", NULL});
    const json_t *one = NULL;
    size_t i = 0;
    json_array_foreach(backups, i, one)
    {
        char octets[24] = "";
        const json_t *n = json_object_get(one, "octets");
        const char *fault = api_text(one, "fault");
        if (json_is_integer(n)) {
            snprintf(octets, sizeof octets, "%" JSON_INTEGER_FORMAT, json_integer_value(n));
        }
        table_add(t, (const char *const[]){api_text(one, "name"), api_text(one, "made"), octets,
                                           *fault ? fault : api_text(one, "key")});
    }
    table_print(t);
}

static int list(int argc, char **argv)
{
    struct options o = {.word = NULL};
    struct api_answer answer = {0};
    const struct api_request request = {.method = "GET", .path = "/v1/backups"};
    if (!parse(&list_argp, argc, argv, &o)) {
        return CLI_USAGE;
    }
    if (o.word) {
        cli_error("backup list takes no argument '%s': it shows all; `bindery backup verify FILE` "
                  "looks at one",
                  o.word);
        return CLI_USAGE;
    }
    int code = api_once(&o.common, "the backups", &request, &answer);
    if (code == CLI_DONE && o.common.json) {
        api_print_json(answer.body);
    } else if (code == CLI_DONE) {
        print_list(json_object_get(answer.body, "backups"));
    }
    api_answer_free(&answer);
    return code;
}

/* ---- which store ---- */

struct place {
    char config[CLI_PATH_MAX], store[CLI_PATH_MAX], key[CLI_PATH_MAX];
    bool has_key;
};

/* As the HSS names it in its section, or as the other daemons do at the top. */
static enum err look(const char *config, const char *in_store, const char *at_top,
                     const char *given, char *out)
{
    if (given) {
        return snprintf(out, CLI_PATH_MAX, "%s", given) < CLI_PATH_MAX ? E_OK : E_NO_ROOM;
    }
    enum err err = config_peek_path(config, "store", in_store, out, CLI_PATH_MAX);
    return err == E_NOT_FOUND ? config_peek_path(config, NULL, at_top, out, CLI_PATH_MAX) : err;
}

static bool peek(const char *config, const char *in_store, const char *at_top, const char *given,
                 char *out)
{
    enum err err = look(config, in_store, at_top, given, out);
    if (err == E_IO && access(config, R_OK) != 0) {
        cli_error("%s: %s; --config FILE names the daemon's configuration", config,
                  strerror(errno));
    } else if (err != E_OK) {
        cli_error("%s: neither store.%s nor %s can be read: %s; name the configuration with "
                  "--config FILE",
                  config, in_store, at_top, err_sentence(err));
    }
    return err == E_OK;
}

static bool find_config(const struct options *o, struct place *out)
{
    return o->config ? snprintf(out->config, sizeof out->config, "%s", o->config) < CLI_PATH_MAX
                     : cli_path(cli_dir(&o->common), "hssd.yaml", out->config, sizeof out->config);
}

/* The backup says whether it needs a key file; where it cannot say so, that is told later, unless a
 * restore is only to be finished. */
static bool find_key(const struct options *o, struct place *out)
{
    struct store_why why;
    struct store_manifest *m = calloc(1, sizeof *m);
    if (m == NULL) {
        return false;
    }
    const bool read = store_manifest_read(o->word, m, &why) == E_OK;
    const bool needs = read && m->store_id[0] != '\0';
    free(m);
    if (needs) {
        out->has_key = true;
        return peek(out->config, "key_file", "kek", o->key_file, out->key);
    }
    out->has_key = !read && look(out->config, "key_file", "kek", o->key_file, out->key) == E_OK;
    return true;
}

static const char *key_of(const struct place *p)
{
    return p->has_key ? p->key : NULL;
}

/* ---- verify ---- */

/* A store of millions takes some seconds, and somebody may watch. */
static void tell_looked(void *ctx, uint64_t looked)
{
    (void)ctx;
    fprintf(stderr, "\r%" PRIu64 " sealed values opened", looked);
}

static void tell_damaged(const struct options *o, const struct store_opened *opened)
{
    char text[STORE_SEALED_TEXT_MAX];
    for (size_t i = 0; i < opened->damaged.n; i++) {
        store_sealed_text(&opened->damaged.v[i], text);
        cli_error("%s does not open", text);
    }
    cli_error("%s: %" PRIu64 " of %" PRIu64 " sealed values do not open%s; all else is as it "
              "should be",
              o->word, opened->failed, opened->looked,
              opened->failed > opened->damaged.n ? " (the first ones are named above)" : "");
}

/* The key file opens the data keys; does all that lies under them open too? */
static int open_all(const struct options *o, const struct place *place)
{
    struct store_why why;
    const bool watched = isatty(STDERR_FILENO) == 1;
    struct store_opened *opened = calloc(1, sizeof *opened);
    int code = CLI_REFUSED;
    enum err err = opened == NULL
                       ? E_MEMORY
                       : store_backup_open_all(o->word, key_of(place), watched ? tell_looked : NULL,
                                               NULL, opened, &why);
    fputs(watched ? "\r\033[K" : "", stderr);
    if (err != E_OK) {
        cli_error("%s", opened == NULL ? "no memory" : why.text);
    } else if (opened->failed > 0) {
        tell_damaged(o, opened);
    } else {
        printf("%sit is whole, %s opens it, and each of its %" PRIu64 " sealed values%s\n",
               cli_paint(stdout, CLI_GREEN), place->key, opened->looked,
               cli_paint(stdout, CLI_PLAIN));
        code = CLI_DONE;
    }
    free(opened);
    return code;
}

static int verify_at(const struct options *o, const struct place *place, struct store_manifest *m)
{
    struct store_why why;
    if (store_backup_verify(o->word, key_of(place), m, &why) != E_OK) {
        cli_error("%s", why.text);
        return CLI_REFUSED;
    }
    print_manifest(stdout, o->word, m);
    if (place->has_key) {
        return open_all(o, place);
    }
    printf("%sit is whole, and needs no key file%s\n", cli_paint(stdout, CLI_GREEN),
           cli_paint(stdout, CLI_PLAIN));
    return CLI_DONE;
}

static int verify(int argc, char **argv)
{
    struct options o = {.word = NULL};
    struct place *place = calloc(1, sizeof *place);
    struct store_manifest *m = calloc(1, sizeof *m);
    int code = CLI_USAGE;
    if (parse(&verify_argp, argc, argv, &o) && !o.word) {
        cli_error("a backup's file is needed");
    } else if (place && m && find_config(&o, place) && find_key(&o, place)) {
        code = verify_at(&o, place, m);
    }
    free(place);
    free(m);
    return code;
}

/* ---- restore ---- */

static void tell_what_to_do(const struct store_restored *done)
{
    static const struct {
        const char *program, *what;
    } all[] = {
        {"bindery-hssd",
         "  start the HSS: it tells every MME by Reset-Request that it may have forgotten;\n"
         "  put in again what was changed since the backup: subscribers, EIR rules, lots;\n"
         "  devices that agreed on another KME since then, or whose sequence numbers were moved\n"
         "  by a resynchronisation, are named in docs/backup.md with what becomes of them.\n"},
        {"bindery-arpfd",
         "  before you start the ARPF, have every service provider revoke again what it revoked "
         "since\n"
         "  the backup, and name the operators that it delegated to: none of those dIMSIs may go "
         "to\n"
         "  another operator before that is done.\n"},
        {"bindery-dausfd",
         "  start the D-AUSF, and have the operators push again what they pushed since the "
         "backup.\n"},
        {"bindery-rsmfd",
         "  start the RSMF, and have the operators withdraw what was delivered since the backup, "
         "and\n"
         "  leave again what they left.\n"},
        {"bindery-repod",
         "  before you start the repository, read in its audit log what was published and revoked\n"
         "  since the backup; revoke that again first of all.\n"},
    };
    for (size_t i = 0; i < sizeof all / sizeof all[0]; i++) {
        if (strcmp(all[i].program, done->program) == 0 && (i == 0 || done->loss)) {
            printf("What to do now (docs/backup.md has more):\n%s", all[i].what);
            return;
        }
    }
    printf("What to do now: start %s.\n", done->program);
}

static void tell_restored(const struct options *o, const struct place *p,
                          const struct store_restored *done)
{
    const bool hss = strcmp(done->program, "bindery-hssd") == 0;
    if (done->finished_earlier) {
        printf("A restore that was begun before was finished; %s was not looked at.\n", o->word);
    } else {
        print_manifest(stdout, o->word, &done->manifest);
    }
    printf("%s is the store now.\n", p->store);
    if (done->aside[0] != '\0') {
        printf("The store that was there is %s; remove it when you are sure.\n", done->aside);
    }
    if (!done->finished_earlier && hss && !done->old_mark_read) {
        printf("No old store told its mark of sequence numbers: see that the clock is right before "
               "you start the HSS.\n");
    }
    if (done->taken_over) {
        printf("What it recorded after the backup was taken over%s.\n",
               done->loss ? ", as far as it has it" : "");
    }
    tell_what_to_do(done);
}

/* No sequence number that the clock may have led to, nor one that the HSS may have reached if it
 * led its clock when the backup was made (it goes on leading, also over its restarts), and an hour
 * more for what came since. */
static uint64_t mark_least(int64_t now, const char *backup)
{
    struct store_why why;
    struct store_manifest *m = calloc(1, sizeof *m);
    const struct sqn_clock clock = sqn_clock_start((uint64_t)now * 1000, 0, 0);
    uint64_t least = sqn_glc(&clock, 0);
    if (m != NULL && store_manifest_read(backup, m, &why) == E_OK && now >= m->made) {
        const uint64_t led = m->mark + (uint64_t)(now - m->made) * SQN_TICKS_PER_SECOND;
        least = led > least ? led : least;
    }
    free(m);
    return least + AHEAD_TICKS;
}

static int restore_at(const struct options *o, const struct place *place,
                      struct store_restored *done)
{
    struct store_why why;
    const int64_t now = (int64_t)time(NULL);
    const struct store_restore_options options = {.backup = o->word,
                                                  .store = place->store,
                                                  .kek_path = key_of(place),
                                                  .now = now,
                                                  .mark_least = mark_least(now, o->word),
                                                  .accept_loss = o->accept_loss};
    if (store_restore(&options, done, &why) != E_OK) {
        cli_error("%s", why.text);
        return CLI_REFUSED;
    }
    tell_restored(o, place, done);
    return CLI_DONE;
}

int cli_restore(int argc, char **argv)
{
    struct options o = {.word = NULL};
    struct place *place = calloc(1, sizeof *place);
    struct store_restored *done = calloc(1, sizeof *done);
    int code = CLI_USAGE;
    if (parse(&restore_argp, argc, argv, &o) && !o.word) {
        cli_error("a backup's file is needed");
    } else if (place && done && find_config(&o, place) &&
               peek(place->config, "path", "store", o.store, place->store) && find_key(&o, place)) {
        code = restore_at(&o, place, done);
    }
    free(place);
    free(done);
    return code;
}

int cli_backup(int argc, char **argv)
{
    static const struct cli_verb verbs[] = {
        {"create", "have the HSS make a backup of its store, while it serves", create},
        {"list", "the backups that the HSS has", list},
        {"verify", "is a backup whole, and does the key file open it?", verify},
        {0},
    };
    return cli_dispatch("bindery backup",
                        "Backups of stores; `bindery restore` puts one in its place.", verbs, argc,
                        argv);
}
