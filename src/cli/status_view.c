#include "cli/status_view.h"
#include "cli/api_client.h"
#include "cli/home.h"
#include "cli/table.h"
#include <string.h>

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

void status_view_addresses(const struct cli_common *common, const json_t *status)
{
    static const char *const columns[] = {"DAEMON", "SERVES", "AT", NULL};
    struct table *t = table_new(columns);
    char socket[CLI_SOCKET_MAX] = "";
    size_t i;
    json_t *listener;
    json_array_foreach(json_object_get(status, "listeners"), i, listener)
    {
        const char *cells[] = {"bindery-hssd", "S6a for MMEs", address_of(listener)};
        table_add(t, cells);
    }
    if (cli_socket_path(common, socket)) {
        const char *cells[] = {"bindery-hssd", "administration", socket};
        table_add(t, cells);
    }
    table_print(t);
}

static void show_peers(const json_t *peers)
{
    static const char *const columns[] = {"PEER", ">CONNECTIONS", ">REQUESTS", ">ANSWERS", NULL};
    static const char *const keys[] = {"connections", "requests", "answers"};
    struct table *t = table_new(columns);
    size_t i;
    json_t *peer;
    json_array_foreach(peers, i, peer)
    {
        char numbers[3][24];
        const char *cells[4] = {api_text(peer, "origin_host")};
        for (size_t k = 0; k < 3; k++) {
            cells[k + 1] = text_of(json_object_get(peer, keys[k]), numbers[k], sizeof numbers[k]);
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

void status_view(const struct cli_common *common, const json_t *status)
{
    status_view_addresses(common, status);
    show_peers(json_object_get(status, "peers"));
    show_pairs("HSS", "", status);
    show_pairs("COUNTED SINCE THE START", ">", json_object_get(status, "counters"));
}
