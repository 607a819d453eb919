/* test/cli/said.h - what is said on standard output and error while something runs, and a folder
 * that goes again.
 */
#ifndef BINDERY_TEST_CLI_SAID_H
#define BINDERY_TEST_CLI_SAID_H

#include "lib/check.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

struct said {
    int kept[2];
    FILE *to;
    char text[16384];
};

static inline void said_begin(struct said *s)
{
    (void)fflush(stdout);
    (void)fflush(stderr);
    s->to = tmpfile();
    assert_non_null(s->to);
    for (int i = 0; i < 2; i++) {
        s->kept[i] = dup(i + 1);
        assert_int_equal(dup2(fileno(s->to), i + 1), i + 1);
    }
}

static inline void said_end(struct said *s)
{
    (void)fflush(stdout);
    (void)fflush(stderr);
    for (int i = 0; i < 2; i++) {
        (void)dup2(s->kept[i], i + 1);
        (void)close(s->kept[i]);
    }
    rewind(s->to);
    s->text[fread(s->text, 1, sizeof s->text - 1, s->to)] = '\0';
    (void)fclose(s->to);
}

static inline void said_holds(const struct said *s, const char *part)
{
    if (!strstr(s->text, part)) {
        fail_msg("'%s' is not in: %s", part, s->text);
    }
}

static inline void folder_make(char out[static 64])
{
    const char *base = getenv("TMPDIR");
    snprintf(out, 64, "%.40s/cli-test.XXXXXX", base && *base ? base : "/tmp");
    assert_non_null(mkdtemp(out));
}

static inline void folder_remove(const char *dir)
{
    char command[128];
    snprintf(command, sizeof command, "rm -rf '%.64s'", dir);
    assert_int_equal(system(command), 0);
}

static inline void file_make(const char *dir, const char *name, const char *text,
                             char out[static 160])
{
    snprintf(out, 160, "%.80s/%.60s", dir, name);
    FILE *f = fopen(out, "w");
    assert_non_null(f);
    fputs(text, f);
    fclose(f);
}

#endif
