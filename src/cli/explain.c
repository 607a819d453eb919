/* The verb `explain`: what a name in an event, a log line, a problem, an alert or a metric means,
 * and what to do. It asks nobody: the words are in the program. */
#include "cli/api_client.h"
#include "nf/common/names.h"

#include <stdlib.h>
#include <string.h>

struct options {
    struct cli_common common;
    char **names;
    int n;
};

static error_t take(int key, char *arg, struct argp_state *state)
{
    struct options *o = state->input;
    (void)arg;
    switch (key) {
    case ARGP_KEY_INIT:
        state->child_inputs[0] = &o->common;
        return 0;
    case ARGP_KEY_ARGS:
        o->names = state->argv + state->next;
        o->n = state->argc - state->next;
        return 0;
    default:
        return ARGP_ERR_UNKNOWN;
    }
}

#define SUGGESTIONS 8u

struct search {
    const char *name;
    bool json;
    json_t *list; /* with json */
    size_t found;
    char shown[SUGGESTIONS][96];
};

static void print(const struct name_word *w)
{
    printf("%s%s%s: %s\n", cli_paint(stdout, CLI_BOLD), w->name, cli_paint(stdout, CLI_PLAIN),
           w->kind);
    printf("  means       %s\n", w->meaning);
    if (w->todo != NULL) {
        printf("  what to do  %s\n", w->todo);
    }
    if (w->facts[0] != '\0') {
        printf("  besides     %s\n", w->facts);
    }
}

static void look(void *ctx, const struct name_word *w)
{
    struct search *s = ctx;
    if (strcmp(w->name, s->name) != 0) {
        return;
    }
    s->found++;
    if (s->json) {
        (void)json_array_append_new(s->list, json_pack("{s:s,s:s,s:s,s:s*,s:s}", "name", w->name,
                                                       "kind", w->kind, "meaning", w->meaning,
                                                       "todo", w->todo, "facts", w->facts));
    } else {
        print(w);
    }
}

/* Those that have what was asked for in their name, each once. */
static void suggest(void *ctx, const struct name_word *w)
{
    struct search *s = ctx;
    if (s->found == SUGGESTIONS || strstr(w->name, s->name) == NULL) {
        return;
    }
    for (size_t i = 0; i < s->found; i++) {
        if (strcmp(s->shown[i], w->name) == 0) {
            return;
        }
    }
    fprintf(stderr, "%s%s", s->found == 0 ? "There is: " : ", ", w->name);
    (void)snprintf(s->shown[s->found++], sizeof s->shown[0], "%s", w->name);
}

/* ---- kinds, and the names of one ---- */

#define KINDS_MAX 32u

struct kinds {
    size_t n;
    struct {
        const char *kind;
        char first[96];
        size_t names;
    } list[KINDS_MAX];
};

static void count(void *ctx, const struct name_word *w)
{
    struct kinds *k = ctx;
    size_t i = 0;
    while (i < k->n && strcmp(k->list[i].kind, w->kind) != 0) {
        i++;
    }
    if (i == KINDS_MAX) {
        return;
    }
    if (i == k->n) {
        k->list[k->n++].kind = w->kind;
        (void)snprintf(k->list[i].first, sizeof k->list[i].first, "%s", w->name);
    }
    k->list[i].names++;
}

static void print_kinds(bool json)
{
    struct kinds k = {.n = 0};
    json_t *list = json_array();
    names_each(count, &k);
    for (size_t i = 0; i < k.n; i++) {
        if (json) {
            (void)json_array_append_new(list, json_pack("{s:s,s:I}", "kind", k.list[i].kind,
                                                        "names", (json_int_t)k.list[i].names));
        } else {
            printf("%5zu  %-42s such as %s\n", k.list[i].names, k.list[i].kind, k.list[i].first);
        }
    }
    if (json) {
        api_print_json(list);
    } else {
        printf(
            "`bindery explain NAME` explains one, `bindery explain KIND` lists those of a kind.\n");
    }
    json_decref(list);
}

/* Names of a kind, each on a line with what it means. */
static void list_kind(void *ctx, const struct name_word *w)
{
    struct search *s = ctx;
    if (strcmp(w->kind, s->name) != 0) {
        return;
    }
    s->found++;
    if (s->json) {
        (void)json_array_append_new(s->list, json_pack("{s:s,s:s,s:s}", "name", w->name, "kind",
                                                       w->kind, "meaning", w->meaning));
    } else {
        printf("%s%s%s: %s\n", cli_paint(stdout, CLI_BOLD), w->name, cli_paint(stdout, CLI_PLAIN),
               w->meaning);
    }
}

static int explain(const struct options *o)
{
    int rc = CLI_DONE;
    json_t *list = json_array();
    for (int i = 0; i < o->n; i++) {
        struct search s = {.name = o->names[i], .json = o->common.json, .list = list};
        names_each(look, &s);
        if (s.found == 0) {
            names_each(list_kind, &s);
        }
        if (s.found == 0) {
            cli_error("no event, cause, problem, line of the log, alert or metric is called '%s'",
                      o->names[i]);
            names_each(suggest, &s);
            fputs(s.found > 0 ? "\n" : "", stderr);
            rc = CLI_REFUSED;
        }
    }
    if (o->common.json) {
        api_print_json(list);
    }
    json_decref(list);
    return rc;
}

int cli_explain(int argc, char **argv)
{
    const struct cli_common none = {0};
    static const struct argp_child children[] = {{&cli_common_argp, 0, NULL, 0}, {0}};
    static const struct argp argp = {NULL,
                                     take,
                                     "[NAME|KIND...]",
                                     "Says what a name means that stands in an event, a line of "
                                     "the log, a refusal, a problem, an alert or /metrics, and "
                                     "what to do about it. Without one it tells which kinds of "
                                     "names there are; with a kind, its names.",
                                     children,
                                     NULL,
                                     NULL};
    struct options o = {.common = none};
    if (argp_parse(&argp, argc, argv, 0, NULL, &o) != 0) {
        return CLI_USAGE;
    }
    if (o.n == 0) {
        print_kinds(o.common.json);
        return CLI_DONE;
    }
    return explain(&o);
}
