/* tools/reference/facts.c - what the code itself says, for docs/reference: a line for each name and
 * each configuration key, fields with a tab between. `./dev reference` runs it, and
 * tools/reference/write makes the pages.
 *
 *     name KIND NAME FACTS MEANING ADVICE
 *     key DAEMON KEY WHEN                     every key of the schema; WHEN: at-once, at-start, -
 *     rule DAEMON KEY KIND LEAST MOST DEFAULT CHOICES
 *     wrong DAEMON PLACE: SENTENCE            the sample is not accepted
 *
 * Rules are what a checker was heard to ask while it read a sample of the configuration with every
 * section in it: `reference_facts hssd FILE mmed FILE ...`.
 */
#include "nf/arpfd/config.h"
#include "nf/common/config_read.h"
#include "nf/common/config_values.h"
#include "nf/common/names.h"
#include "nf/dausfd/config.h"
#include "nf/hssd/config.h"
#include "nf/mmed/config.h"
#include "nf/repod/config.h"
#include "nf/rsmfd/config.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

struct daemon {
    const char *name;
    const struct config_kind *kind;
};

static void print_name(void *ctx, const struct name_word *w)
{
    (void)ctx;
    printf("name\t%s\t%s\t%s\t%s\t%s\n", w->kind, w->name, w->facts, w->meaning,
           w->todo != NULL ? w->todo : "");
}

static void print_key(void *ctx, const char *key)
{
    const struct daemon *d = ctx;
    const struct config_rule *rule =
        d->kind->rules != NULL ? config_rule_of(d->kind->rules, key) : NULL;
    const char *when = d->kind->rules == NULL                         ? "-"
                       : rule != NULL && rule->when == CONFIG_AT_ONCE ? "at-once"
                                                                      : "at-start";
    printf("key\t%s\t%s\t%s\n", d->name, key, when);
}

static void print_rule(void *ctx, const struct check_rule *rule)
{
    const struct daemon *d = ctx;
    printf("rule\t%s\t%s\t%s\t%" PRIu64 "\t%" PRIu64 "\t%s\t%s\n", d->name, rule->key, rule->kind,
           rule->least, rule->most, rule->otherwise != NULL ? rule->otherwise : "",
           rule->choices != NULL ? rule->choices : "");
}

static void hear(const struct daemon *d, const char *path)
{
    const struct check_record record = {print_rule, (void *)(uintptr_t)d};
    struct config_file file;
    struct config_why why;
    void *config = NULL;
    enum err err = config_file_open(path, d->kind->shape, &file, &why);
    if (err == E_OK) {
        file.record = &record;
        err = d->kind->check(&file, path, &config, &why);
        config_file_close(&file);
    }
    if (err == E_OK) {
        d->kind->free(config);
    } else {
        printf("wrong\t%s\t%s: %s\n", d->name, why.place, why.sentence);
    }
}

static int daemon_facts(const char *name, const char *path)
{
    const struct daemon daemons[] = {
        {"hssd", &hssd_config_kind},     {"mmed", &mmed_config_kind},
        {"repod", &repod_config_kind},   {"arpfd", &arpfd_config_kind},
        {"dausfd", &dausfd_config_kind}, {"rsmfd", &rsmfd_config_kind},
    };
    for (size_t i = 0; i < sizeof daemons / sizeof *daemons; i++) {
        if (strcmp(daemons[i].name, name) == 0) {
            config_each_key(daemons[i].kind->shape, print_key, (void *)(uintptr_t)&daemons[i]);
            hear(&daemons[i], path);
            return 0;
        }
    }
    fprintf(stderr, "reference_facts: no daemon is called %s\n", name);
    return 2;
}

int main(int argc, char **argv)
{
    int rc = 0;
    names_each(print_name, NULL);
    for (int i = 1; rc == 0 && i + 1 < argc; i += 2) {
        rc = daemon_facts(argv[i], argv[i + 1]);
    }
    return rc == 0 && fflush(stdout) != 0 ? 1 : rc;
}
