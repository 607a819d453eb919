/* src/emulator/tally.c and src/emulator/latency.c */
#include "emulator/tally.h"

#include "codec/nas_codes.h"
#include "emulator/latency.h"
#include "lib/check.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void causes(void **state)
{
    static struct tally t;
    char text[32];
    (void)state;
    for (unsigned i = 0; i < 3 * TALLY_CAUSES; i++) {
        (void)snprintf(text, sizeof text, "cause %u", i % (2 * TALLY_CAUSES));
        tally_fail(&t, text);
    }
    assert_int_equal(t.failed, 3 * TALLY_CAUSES);
    assert_string_equal(t.cause[0].text, "cause 0");
    assert_int_equal(t.cause[0].n, 2);
    assert_string_equal(t.cause[TALLY_CAUSES - 1].text, "for other reasons");
    uint64_t sum = 0;
    for (unsigned i = 0; i < TALLY_CAUSES; i++) {
        sum += t.cause[i].n;
    }
    assert_int_equal(sum, t.failed); /* none is lost */
}

static void texts(void **state)
{
    char text[TALLY_TEXT];
    struct bindery_ue_event e = {.message = NAS_ATTACH_REJECT, .cause = 17, .secured = true};
    (void)state;
    tally_reject_text(&e, text);
    assert_string_equal(text, "ATTACH REJECT #17 (Network failure)");
    e.cause = EMM_CAUSE_ESM_FAILURE;
    e.esm_cause = 27;
    tally_reject_text(&e, text);
    assert_string_equal(text, "ATTACH REJECT ESM #27 (Missing or unknown APN)");
    e = (struct bindery_ue_event){.message = NAS_AUTHENTICATION_REJECT};
    tally_reject_text(&e, text);
    assert_string_equal(text, "AUTHENTICATION REJECT, not protected");
    e = (struct bindery_ue_event){.message = 0xff, .cause = 200};
    tally_reject_text(&e, text);
    assert_string_equal(text, "reject #200 (no name), not protected");
}

static void latencies(void **state)
{
    static struct load_histogram h;
    char *text = NULL;
    size_t n = 0;
    (void)state;
    assert_true(json_is_null(latency_json(&h, "count")));
    FILE *to = open_memstream(&text, &n);
    latency_head(to, "A sentence", "times");
    latency_row(to, "none", &h);
    for (unsigned i = 1; i <= 100; i++) {
        load_histogram_add(&h, i * 1000000);
    }
    latency_row(to, "some", &h);
    (void)fclose(to);
    assert_non_null(strstr(text, "A sentence"));
    assert_non_null(strstr(text, "p99.9"));
    assert_non_null(strstr(text, "100.000")); /* the maximum is exact */
    free(text);
    json_t *o = latency_json(&h, "count");
    assert_int_equal(json_integer_value(json_object_get(o, "count")), 100);
    const double p50 = json_real_value(json_object_get(o, "p50"));
    assert_true(p50 > 49.7 && p50 < 50.3);
    json_decref(o);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        {"tally: causes are counted, and those that do not fit together", causes, NULL, NULL, NULL},
        {"tally: a reject is told by message, cause and protection", texts, NULL, NULL, NULL},
        {"latency: quantiles as a table and as JSON", latencies, NULL, NULL, NULL},
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
