#include "cli/api_list.h"
#include <ctype.h>
#include <limits.h>
#include <string.h>

#define PAGE 1000L

struct listing {
    struct api api;
    const struct api_list *what;
    char after[160];
    long left;
    json_t *all;         /* with --json */
    struct table *table; /* without */
    bool at_end;
};

static bool start_behind(struct listing *l, const char *after)
{
    bool good = !after || strlen(after) < sizeof l->after;
    for (const char *p = after; good && p && *p; p++) {
        good = isalnum((unsigned char)*p) || strchr("-._~/", *p);
    }
    if (!good) {
        cli_error("--after '%.160s' is not a place in this list", after);
        return false;
    }
    snprintf(l->after, sizeof l->after, "%s", after ? after : "");
    return true;
}

static void take_page(struct listing *l, const json_t *answer)
{
    size_t i;
    json_t *element;
    json_array_foreach(json_object_get(answer, l->what->name), i, element)
    {
        if (l->all) {
            (void)json_array_append(l->all, element);
        } else {
            l->what->row(l->table, element);
        }
        l->left--;
    }
    const char *next = api_text(answer, "next");
    l->at_end = !*next || !strcmp(next, l->after);
    snprintf(l->after, sizeof l->after, "%s", next);
}

static int next_page(struct listing *l)
{
    struct api_answer answer;
    char path[400];
    snprintf(path, sizeof path, "%s?limit=%ld%s%s%s%s", l->what->path,
             l->left < PAGE ? l->left : PAGE, *l->after ? "&after=" : "", l->after,
             l->what->query ? "&" : "", l->what->query ? l->what->query : "");
    struct api_request request = {.method = "GET", .path = path};
    int rc = api_do(&l->api, l->what->name, &request, &answer);
    if (rc == CLI_DONE) {
        take_page(l, answer.body);
        api_answer_free(&answer);
    }
    return rc;
}

static void print(struct listing *l, bool good)
{
    if (l->all) {
        if (good) {
            json_t *document = json_pack("{s:O}", l->what->name, l->all);
            api_print_json(document);
            json_decref(document);
        }
        json_decref(l->all);
    } else {
        table_print(l->table);
    }
}

int api_list(const struct cli_common *common, const struct api_list *what, const char *limit)
{
    struct listing l = {.what = what, .left = LONG_MAX};
    if (limit && !cli_number("--limit", limit, 1, LONG_MAX, &l.left)) {
        return CLI_USAGE;
    }
    if (!start_behind(&l, what->after)) {
        return CLI_USAGE;
    }
    int rc = (what->mme ? api_open_mme : api_open)(common, &l.api);
    if (rc != CLI_DONE) {
        return rc;
    }
    if (common->json) {
        l.all = json_array();
    } else {
        l.table = table_new(what->columns);
    }
    while (rc == CLI_DONE && !l.at_end && l.left > 0) {
        rc = next_page(&l);
    }
    print(&l, rc == CLI_DONE);
    api_close(&l.api);
    return rc;
}
