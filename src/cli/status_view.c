#include "cli/status_view.h"
#include "cli/api_client.h"
#include "cli/home.h"
#include "cli/onboarding_view.h"
#include "cli/table.h"
#include <string.h>

#define COLUMNS_MAX 7

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

static bool is_of(const json_t *status, const char *program)
{
    return !strcmp(api_text(status, "program"), program);
}

/* Its i-th listener; a program that has several of one kind has the last kind here for the rest. */
static const char *what_it_serves(const char *program, size_t i)
{
    static const struct {
        const char *program, *what[2];
    } known[] = {
        {"bindery-mmed", {"S1 for eNBs", "S1 for eNBs"}},
        {"bindery-repod", {"keys of devices", "keys of devices"}},
        {"bindery-arpfd", {"keys of elements", "keys of elements"}},
        {"bindery-dausfd", {"target AUSFs", "S6a for MMEs"}},
        {"bindery-rsmfd", {"operators", "devices"}},
    };
    for (size_t k = 0; k < sizeof known / sizeof known[0]; k++) {
        if (!strcmp(program, known[k].program)) {
            return known[k].what[i > 0];
        }
    }
    return "S6a for MMEs";
}

static size_t add_listener(struct table *t, const char *program, size_t i, const char *address)
{
    const char *cells[] = {program, what_it_serves(program, i), address};
    if (*address) {
        table_add(t, cells);
    }
    return i + (*address != '\0');
}

static void add_addresses(struct table *t, const json_t *status, const char *socket)
{
    static const char *const of[] = {"push", "operators", "devices"}; /* each with one */
    const char *program = api_text(status, "program");
    size_t n = 0, i;
    json_t *listener;
    for (i = 0; i < sizeof of / sizeof of[0]; i++) {
        n = add_listener(t, program, n, api_text(json_object_get(status, of[i]), "listen"));
    }
    n = add_listener(t, program, n, api_text(status, "listener"));
    json_array_foreach(json_object_get(status, "listeners"), i, listener)
    {
        n = add_listener(t, program, n, address_of(listener));
    }
    const char *https = api_text(json_object_get(status, "admin"), "listen");
    if (*socket) {
        const char *cells[] = {program, "administration", socket};
        table_add(t, cells);
    }
    if (*https && strcmp(https, socket) != 0) {
        const char *cells[] = {program, "administration", https};
        table_add(t, cells);
    }
}

void status_view_addresses(const struct cli_common *common, const json_t *status)
{
    static const char *const columns[] = {"DAEMON", "SERVES", "AT", NULL};
    struct table *t = table_new(columns);
    const json_t *mme = json_object_get(status, "mme");
    const json_t *repo = json_object_get(status, "repository");
    const char *server = cli_server(common), *mme_server = cli_mme_server(common);
    char socket[CLI_SOCKET_MAX] = "", mme_socket[CLI_SOCKET_MAX] = "";
    size_t i;
    json_t *party;
    add_addresses(t, status, server ? server : cli_socket_path(common, socket) ? socket : "");
    if (mme) {
        add_addresses(t, mme,
                      mme_server                           ? mme_server
                      : cli_mme_socket(common, mme_socket) ? mme_socket
                                                           : "");
    }
    if (repo) {
        add_addresses(t, repo,
                      json_is_true(json_object_get(repo, "running")) ? api_text(repo, "socket")
                                                                     : "not running");
    }
    json_array_foreach(json_object_get(status, "parties"), i, party)
    {
        add_addresses(t, party,
                      json_is_true(json_object_get(party, "running")) ? api_text(party, "socket")
                                                                      : "not running");
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

/* Counters: who looks at night wants to see what occurred. */
static void show_counts(const char *heading, const json_t *counts, bool all)
{
    json_t *some = json_object();
    const char *key;
    json_t *v;
    json_object_foreach((json_t *)(uintptr_t)counts, key, v)
    {
        if (all || !json_is_integer(v) || json_integer_value(v) != 0) {
            (void)json_object_set(some, key, v);
        }
    }
    if (json_object_size(some) > 0) {
        show_pairs(heading, ">", some);
    } else {
        printf("\n%s: nothing\n", heading);
    }
    json_decref(some);
}

static void show_peers(const json_t *status)
{
    static const char *const columns[] = {"PEER", ">CONNECTIONS", ">REQUESTS", ">ANSWERS", NULL};
    static const char *const keys[] = {"origin_host", "connections", "requests", "answers"};
    show_rows(json_object_get(status, "peers"), columns, keys, 4);
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

static void show_webhooks(const json_t *webhooks)
{
    static const char *const columns[] = {"WEBHOOK",    "AT",    "STATE", ">BEHIND",
                                          ">DELIVERED", ">LOST", "CAUSE", NULL};
    static const char *const keys[] = {"name",      "server", "state", "behind",
                                       "delivered", "lost",   "cause"};
    if (json_array_size(webhooks) > 0) {
        show_rows(webhooks, columns, keys, 7);
    }
}

static void show_onboarding(const json_t *summary)
{
    if (json_is_object(summary)) {
        putchar('\n');
        onboarding_view(summary);
    }
}

static void show_hss(const json_t *status, bool all)
{
    show_peers(status);
    show_webhooks(json_object_get(status, "webhooks"));
    show_repositories(json_object_get(json_object_get(status, "devid"), "repositories"));
    show_onboarding(json_object_get(status, "onboarding"));
    show_pairs("HSS", "", status);
    show_counts("COUNTED SINCE THE START", json_object_get(status, "counters"), all);
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

static void show_mme(const json_t *status, bool all)
{
    static const char *const columns[] = {"HOME", "CONNECTED", ">REQUESTS", ">ANSWERS", NULL};
    static const char *const keys[] = {"origin_host", "connected", "requests", "answers"};
    const json_t *refusals = json_object_get(status, "refusals");
    show_rows(json_object_get(status, "peers"), columns, keys, 4);
    show_enbs(json_object_get(status, "enbs"));
    show_pairs("MME", "", status);
    show_pairs("PROVISIONS", "", json_object_get(status, "provisioning"));
    show_counts("DEVICES NOW", json_object_get(status, "ues"), all);
    show_counts("COUNTED SINCE THE START", json_object_get(status, "counters"), all);
    if (json_object_size(refusals)) {
        show_pairs("REFUSED", ">", refusals);
    }
}

static void show_files(const json_t *files)
{
    static const char *const columns[] = {"FILE", "AT", "READABLE", ">DAYS LEFT", NULL};
    static const char *const keys[] = {"use", "path", "readable", "days"};
    if (json_array_size(files) > 0) {
        show_rows(files, columns, keys, 4);
    }
}

/* Of a repository, an ARPF, a discovery AUSF, an RSMF: what it counts, as it calls it. */
static void show_party(const json_t *status)
{
    const char *key, *program = api_text(status, "program"), *inner_key;
    json_t *v, *inner;
    if (json_array_size(json_object_get(status, "peers")) > 0) {
        show_peers(status);
    }
    show_pairs(program, "", status);
    show_files(json_object_get(status, "files"));
    json_object_foreach((json_t *)(uintptr_t)status, key, v)
    {
        if (json_is_object(v) && json_object_size(v) > 0) {
            show_pairs(key, ">", v);
        }
        json_object_foreach(v, inner_key, inner)
        {
            if (json_is_object(inner) && json_object_size(inner) > 0) {
                char heading[80];
                (void)snprintf(heading, sizeof heading, "%.35s, %.35s", key, inner_key);
                show_pairs(heading, ">", inner);
            }
        }
    }
}

void status_view(const struct cli_common *common, const json_t *status, bool all)
{
    const json_t *mme = json_object_get(status, "mme");
    const json_t *repo = json_object_get(status, "repository");
    status_view_addresses(common, status);
    if (is_of(status, "bindery-mmed")) {
        show_mme(status, all);
    } else if (is_of(status, "bindery-hssd")) {
        show_hss(status, all);
    } else {
        show_party(status);
    }
    if (mme) {
        show_mme(mme, all);
    }
    if (json_object_get(repo, "records")) {
        show_party(repo);
    }
}
