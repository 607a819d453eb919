#include "cli/onboarding_view.h"

#include "cli/api_client.h"
#include "cli/table.h"

static const char *number(const json_t *object, const char *key, char out[static 24])
{
    snprintf(out, 24, "%" JSON_INTEGER_FORMAT, json_integer_value(json_object_get(object, key)));
    return out;
}

static void pools(const json_t *all)
{
    static const char *const columns[] = {"IMSIS",    ">TOTAL", ">NEVER USED",
                                          ">RESTING", ">READY", NULL};
    struct table *t = table_new(columns);
    size_t i;
    const json_t *p;
    json_array_foreach(all, i, p)
    {
        char range[40], n[4][24];
        snprintf(range, sizeof range, "%s-%s", api_text(p, "first"), api_text(p, "last"));
        const char *cells[] = {range, number(p, "total", n[0]), number(p, "never_used", n[1]),
                               number(p, "resting", n[2]), number(p, "ready", n[3])};
        table_add(t, cells);
    }
    table_print(t);
}

static void authorities(const json_t *all)
{
    static const char *const columns[] = {"AUTHORITY", "HOST",     "SITE",    ">WAITING",
                                          ">APPROVED", ">PENDING", ">ACTIVE", ">DENIED",
                                          ">EXPIRED",  NULL};
    struct table *t = table_new(columns);
    size_t i;
    const json_t *a;
    json_array_foreach(all, i, a)
    {
        char n[6][24];
        const char *cells[] = {api_text(a, "name"),
                               api_text(a, "host"),
                               api_text(json_object_get(a, "site"), "state"),
                               number(a, "waiting", n[0]),
                               number(a, "approved", n[1]),
                               number(a, "pending", n[2]),
                               number(a, "active", n[3]),
                               number(a, "denied", n[4]),
                               number(a, "expired", n[5])};
        table_add(t, cells);
    }
    table_print(t);
}

void onboarding_view(const json_t *summary)
{
    const json_int_t asking = json_integer_value(json_object_get(summary, "asking"));
    pools(json_object_get(summary, "pools"));
    putchar('\n');
    authorities(json_object_get(summary, "authorities"));
    if (asking > 0) {
        printf("\n%" JSON_INTEGER_FORMAT " request%s for a thread\n", asking,
               asking == 1 ? " waits" : "s wait");
    }
}

void onboarding_view_words(const json_t *subscriber, char *out, size_t cap)
{
    const bool pending = json_is_true(json_object_get(subscriber, "pending"));
    snprintf(out, cap, "%s%s", api_text(subscriber, "onboarding"),
             pending ? ", pending: not used yet" : "");
}

void onboarding_view_subscriber(const json_t *subscriber)
{
    char words[192];
    onboarding_view_words(subscriber, words, sizeof words);
    if (*words) {
        printf("%-18s ", "onboarded as");
        cli_put_clean(stdout, words);
        putchar('\n');
    }
}
