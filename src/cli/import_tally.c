#include "cli/import_tally.h"

#include "cli/api_client.h"
#include <string.h>
#include <unistd.h>

#define SHOWN_MAX  20    /* refused rows said on standard error */
#define LISTED_MAX 10000 /* of each kind of rows in the answer to a script */

void import_tally_open(struct import_tally *t)
{
    t->listed = json_array();
    t->lost = json_array();
}

void import_tally_close(struct import_tally *t)
{
    json_decref(t->listed);
    json_decref(t->lost);
}

unsigned long import_tally_rows(const struct import_tally *t)
{
    return t->added + t->changed + t->unchanged + t->refused;
}

void import_tally_clear(void)
{
    if (isatty(STDERR_FILENO)) {
        fputs("\r\033[K", stderr);
    }
}

void import_tally_refuse(struct import_tally *t, unsigned long line, const char *imsi,
                         const char *problem, const char *reason)
{
    t->refused++;
    if (t->report) {
        fprintf(t->report, "%lu,", line);
        cli_put_quoted(t->report, imsi);
        fprintf(t->report, ",%s,", problem);
        cli_put_quoted(t->report, reason);
        fputc('\n', t->report);
    }
    if (t->json && json_array_size(t->listed) < LISTED_MAX) {
        (void)json_array_append_new(t->listed,
                                    json_pack("{s:I, s:s, s:s, s:s}", "line", (json_int_t)line,
                                              "imsi", imsi, "problem", problem, "reason", reason));
    }
    if (!t->json && t->refused <= SHOWN_MAX) {
        import_tally_clear();
        fprintf(stderr, "%s:%lu: %s%s%s\n", t->file, line, imsi, *imsi ? ": " : "", reason);
    }
}

static bool has_word(const json_t *list, const char *word)
{
    bool has = false;
    for (size_t i = 0; i < json_array_size(list); i++) {
        const char *s = json_string_value(json_array_get(list, i));
        has |= s && !strcmp(s, word);
    }
    return has;
}

void import_tally_lose(struct import_tally *t, unsigned long line, const char *imsi, json_t *lost)
{
    if (!lost) {
        return;
    }
    t->unbound += has_word(lost, "binding");
    t->unsuspended += has_word(lost, "suspension");
    if (t->json && json_array_size(t->lost) < LISTED_MAX) {
        (void)json_array_append_new(t->lost, json_pack("{s:I, s:s, s:O}", "line", (json_int_t)line,
                                                       "imsi", imsi, "lost", lost));
    }
}

void import_tally_say(const struct import_tally *t, double seconds)
{
    import_tally_clear();
    if (t->json) {
        json_t *o =
            json_pack("{s:b, s:I, s:I, s:I, s:I, s:O, s:I, s:I, s:O}", "dry_run", t->dry_run,
                      "added", (json_int_t)t->added, "changed", (json_int_t)t->changed, "unchanged",
                      (json_int_t)t->unchanged, "refused", (json_int_t)t->refused, "refusals",
                      t->listed, "lost_binding", (json_int_t)t->unbound, "lost_suspension",
                      (json_int_t)t->unsuspended, "losses", t->lost);
        api_print_json(o);
        json_decref(o);
        return;
    }
    if (t->refused > SHOWN_MAX) {
        fprintf(stderr, "and %lu more refused row%s%s%s\n", t->refused - SHOWN_MAX,
                t->refused == SHOWN_MAX + 1 ? "" : "s",
                t->report ? ", all in " : "; --report FILE writes them all",
                t->report ? t->report_path : "");
    }
    printf("%s%lu added, %lu changed, %lu unchanged, %lu refused, in %.1f s\n",
           t->dry_run ? "dry run, nothing was changed; would be: " : "", t->added, t->changed,
           t->unchanged, t->refused, seconds);
    if (t->unbound || t->unsuspended) {
        printf("%sof the changed ones %lu lost their binding, %lu are suspended no longer\n",
               t->dry_run ? "would be: " : "", t->unbound, t->unsuspended);
    }
}
