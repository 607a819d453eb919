#include "cli/status_view.h"
#include "cli/api_client.h"
#include "cli/home.h"
#include "cli/onboarding_view.h"
#include "cli/table.h"
#include <string.h>

#define COLUMNS_MAX 6

/* Any scalar as text. */
static const char *text_of(const json_t *v, char *out, size_t cap)
{
    if (json_is_string(v)) {
        return json_string_value(v);
    }
    if (json_is_integer(v)) {
        snprintf(out, cap, "%" JSON_INTEGER_FORMAT, json_integer_value(v));
        return out;
    }
    return json_is_true(v) ? "yes" : json_is_false(v) ? "no" : "";
}

/* An address that stands as text or as the member of an object. */
static const char *address_of(const json_t *listener)
{
    const char *s = json_string_value(listener);
    return s ? s : api_text(listener, "address");
}

static bool is_mme(const json_t *status)
{
    return !strcmp(api_text(status, "program"), "bindery-mmed");
}

static const char *what_it_serves(const char *program)
{
    return !strcmp(program, "bindery-mmed")    ? "S1 for eNBs"
           : !strcmp(program, "bindery-repod") ? "keys of devices"
                                               : "S6a for MMEs";
}

static void add_addresses(struct table *t, const json_t *status, const char *socket)
{
    const char *program = api_text(status, "program");
    size_t i;
    json_t *listener;
    json_array_foreach(json_object_get(status, "listeners"), i, listener)
    {
        const char *cells[] = {program, what_it_serves(program), address_of(listener)};
        table_add(t, cells);
    }
    if (*socket) {
        const char *cells[] = {program, "administration", socket};
        table_add(t, cells);
    }
}

void status_view_addresses(const struct cli_common *common, const json_t *status)
{
    static const char *const columns[] = {"DAEMON", "SERVES", "AT", NULL};
    struct table *t = table_new(columns);
    const json_t *mme = json_object_get(status, "mme");
    const json_t *repo = json_object_get(status, "repository");
    char socket[CLI_SOCKET_MAX] = "", mme_socket[CLI_SOCKET_MAX] = "";
    add_addresses(t, status, cli_socket_path(common, socket) ? socket : "");
    if (mme) {
        add_addresses(t, mme, cli_mme_socket(common, mme_socket) ? mme_socket : "");
    }
    if (repo) {
        add_addresses(t, repo, json_is_true(json_object_get(repo, "running")) ? "" : "not running");
    }
    table_print(t);
}

/* A row for each object: the members of these keys, the first of which is text. */
static void show_rows(const json_t *rows, const char *const *columns, const char *const *keys,
                      size_t n)
{
    struct table *t = table_new(columns);
    size_t i;
    json_t *row;
    json_array_foreach(rows, i, row)
    {
        char numbers[COLUMNS_MAX][24];
        const char *cells[COLUMNS_MAX] = {api_text(row, keys[0])};
        for (size_t k = 1; k < n && k < COLUMNS_MAX; k++) {
            cells[k] = text_of(json_object_get(row, keys[k]), numbers[k], sizeof numbers[k]);
        }
        table_add(t, cells);
    }
    putchar('\n');
    table_print(t);
}

/* The scalars of an object, in a table of their own. */
static void show_pairs(const char *heading, const char *value_heading, const json_t *object)
{
    const char *columns[] = {heading, value_heading, NULL};
    struct table *t = table_new(columns);
    const char *key;
    json_t *v;
    json_object_foreach((json_t *)(uintptr_t)object, key, v)
    {
        char number[24];
        if (!json_is_object(v) && !json_is_array(v)) {
            const char *cells[] = {key, text_of(v, number, sizeof number)};
            table_add(t, cells);
        }
    }
    putchar('\n');
    table_print(t);
}

static void show_repositories(const json_t *repositories)
{
    static const char *const columns[] = {"REPOSITORY", "AT",       "STATE", "CAUSE",
                                          ">ASKED",     ">WAITING", NULL};
    static const char *const keys[] = {"name", "url", "state", "cause", "asked", "waiting"};
    if (json_array_size(repositories) > 0) {
        show_rows(repositories, columns, keys, 6);
    }
}

static void show_onboarding(const json_t *summary)
{
    if (json_is_object(summary)) {
        putchar('\n');
        onboarding_view(summary);
    }
}

static void show_hss(const json_t *status)
{
    static const char *const columns[] = {"PEER", ">CONNECTIONS", ">REQUESTS", ">ANSWERS", NULL};
    static const char *const keys[] = {"origin_host", "connections", "requests", "answers"};
    show_rows(json_object_get(status, "peers"), columns, keys, 4);
    show_repositories(json_object_get(json_object_get(status, "devid"), "repositories"));
    show_onboarding(json_object_get(status, "onboarding"));
    show_pairs("HSS", "", status);
    show_pairs("COUNTED SINCE THE START", ">", json_object_get(status, "counters"));
}

static void show_enbs(const json_t *enbs)
{
    static const char *const columns[] = {"ENB", "AT", "SET UP", ">DEVICES", NULL};
    struct table *t = table_new(columns);
    size_t i;
    json_t *enb;
    if (json_array_size(enbs) == 0) {
        puts("\nno eNB is connected");
    }
    json_array_foreach(enbs, i, enb)
    {
        char up[24], ues[24];
        const char *cells[] = {api_text(enb, "name"), api_text(enb, "address"),
                               text_of(json_object_get(enb, "set_up"), up, sizeof up),
                               text_of(json_object_get(enb, "ues"), ues, sizeof ues)};
        if (i == 0) {
            putchar('\n');
        }
        table_add(t, cells);
    }
    table_print(t);
}

static void show_mme(const json_t *status)
{
    static const char *const columns[] = {"HOME", "CONNECTED", ">REQUESTS", ">ANSWERS", NULL};
    static const char *const keys[] = {"origin_host", "connected", "requests", "answers"};
    const json_t *refusals = json_object_get(status, "refusals");
    show_rows(json_object_get(status, "peers"), columns, keys, 4);
    show_enbs(json_object_get(status, "enbs"));
    show_pairs("MME", "", status);
    show_pairs("PROVISIONS", "", json_object_get(status, "provisioning"));
    show_pairs("DEVICES NOW", ">", json_object_get(status, "ues"));
    show_pairs("COUNTED SINCE THE START", ">", json_object_get(status, "counters"));
    if (json_object_size(refusals)) {
        show_pairs("REFUSED", ">", refusals);
    }
}

void status_view(const struct cli_common *common, const json_t *status)
{
    const json_t *mme = json_object_get(status, "mme");
    status_view_addresses(common, status);
    if (is_mme(status)) {
        show_mme(status);
        return;
    }
    show_hss(status);
    if (mme) {
        show_mme(mme);
    }
}
