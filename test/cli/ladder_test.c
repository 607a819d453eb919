#include "cli/ladder.h"
#include "lib/check.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const struct ladder_arrow arrows[] = {
    {0, 0, 1, "AIR", NULL, "user-name=001010000000001 visited-plmn-id=001-01", false, false},
    {1250000, 1, 0, "AIA", NULL, "DIAMETER_SUCCESS vectors=1 amf=processed (1.25 ms)", false,
     false},
    {2000000000, 2, 0, "CLR", NULL, "cancellation-type=mme-update", true, false},
    {2000000001, 1, 1, "note", NULL, "to itself\x1b[31m", false, false},
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

/* Labels between neighbours widen their column; what was inside has no shaft. */
static void wide_columns(void **state)
{
    static const struct ladder_arrow nas[] = {
        {0, 0, 1, "InitialUEMessage / ATTACH REQUEST", "ATTACH REQUEST", "enb-ue=1", false, false},
        {1000, 1, 2, "AIR", NULL, "", false, false},
        {2000, 1, 0, "inside: ATTACH REJECT", NULL, "emm-cause=17", true, true},
    };
    static const char wanted[] =
        "        enb                                     mme                       hss\n"
        "              |                                       |                         |\n"
        "    0.000000  |- InitialUEMessage / ATTACH REQUEST -->|                         | "
        "enb-ue=1\n"
        "    0.000001  |                                       |--------- AIR ---------->|\n"
        "    0.000002  |         inside: ATTACH REJECT         |                         | "
        "emm-cause=17\n"
        "              |                                       |                         |\n";
    static const char narrow[] = "    0.000000  |---- ATTACH REQUEST ---->|";
    char *text = NULL;
    size_t n;
    struct ladder l = {.party = {"enb", "mme", "hss"}, .n = 3, .ascii = true};
    (void)state;
    for (int pass = 0; pass < 2; pass++) {
        l.to = open_memstream(&text, &n);
        l.width = pass == 0 ? 0 : 110;
        for (size_t i = 0; i < 3; i++) {
            ladder_fit(&l, &nas[i]);
        }
        ladder_settle(&l);
        ladder_head(&l);
        for (size_t i = 0; i < 3; i++) {
            ladder_draw(&l, &nas[i]);
        }
        ladder_foot(&l);
        fclose(l.to);
        if (pass == 0) {
            assert_string_equal(text, wanted);
        } else if (!strstr(text, narrow)) {
            fail_msg("'%s' is not in\n%s", narrow, text);
        }
        free(text);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(golden),
        cmocka_unit_test(wide_columns),
        cmocka_unit_test(folds),
        cmocka_unit_test(colours_only_when_asked),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
