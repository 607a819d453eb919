#include "cli/ladder.h"
#include "lib/check.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const struct ladder_arrow arrows[] = {
    {0, 0, 1, "AIR", "user-name=001010000000001 visited-plmn-id=001-01", false},
    {1250000, 1, 0, "AIA", "DIAMETER_SUCCESS vectors=1 amf=processed (1.25 ms)", false},
    {2000000000, 2, 0, "CLR", "cancellation-type=mme-update", true},
    {2000000001, 1, 1, "note", "to itself\x1b[31m", false},
};

static char *drawn(struct ladder *l)
{
    char *text = NULL;
    size_t n;
    l->to = open_memstream(&text, &n);
    assert_non_null(l->to);
    ladder_head(l);
    for (size_t i = 0; i < sizeof arrows / sizeof arrows[0]; i++) {
        ladder_draw(l, &arrows[i]);
    }
    ladder_foot(l);
    fclose(l->to);
    return text;
}

static void golden(void **state)
{
    static const char wanted[] =
        "        mme.example               hss.epc.mnc001.mcc001.3~  hss2\n"
        "              |                         |                         |\n"
        "    0.000000  |--------- AIR ---------->|                         | "
        "user-name=001010000000001 "
        "visited-plmn-id=001-01\n"
        "    0.001250  |<--------- AIA ----------|                         | DIAMETER_SUCCESS "
        "vectors=1 "
        "amf=processed (1.25 ms)\n"
        "    2.000000  |<---------------------- CLR -----------------------| "
        "cancellation-type=mme-update\n"
        "    2.000000  |                         |                         | to itself.[31m\n"
        "              |                         |                         |\n";
    struct ladder l = {.party = {"mme.example", "hss.epc.mnc001.mcc001.3gppnetwork.org", "hss2"},
                       .n = 3,
                       .ascii = true};
    (void)state;
    char *text = drawn(&l);
    assert_string_equal(text, wanted);
    free(text);
}

/* Folded into a terminal, no line is wider than it (characters, not octets). */
static void folds(void **state)
{
    struct ladder l = {.party = {"mme", "hss", "hss2"}, .n = 3, .width = 100, .ascii = true};
    (void)state;
    char *text = drawn(&l);
    for (char *line = strtok(text, "\n"); line; line = strtok(NULL, "\n")) {
        assert_true(strlen(line) <= 100);
    }
    free(text);
}

static void colours_only_when_asked(void **state)
{
    struct ladder l = {.party = {"mme", "hss", "hss2"}, .n = 3};
    (void)state;
    char *text = drawn(&l);
    assert_null(strchr(text, '\033'));
    free(text);
    l.colour = true;
    text = drawn(&l);
    assert_non_null(strstr(text, "\033[31mCLR"));
    free(text);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(golden),
        cmocka_unit_test(folds),
        cmocka_unit_test(colours_only_when_asked),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
