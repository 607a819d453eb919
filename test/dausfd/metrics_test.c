/* Each counter of the discovery AUSF has a sentence at /metrics. What it shows,
 * src/nf/dausfd/metrics.c, is
 * read by promtool in test/live/metrics.sh. */
#include "nf/dausfd/dausfd.h"

#include "lib/check.h"

#include <string.h>

static void every_counter_has_a_sentence(void **state)
{
    (void)state;
#define X(name)                                                                                    \
    if (metrics_counter_help(METRICS_OF_DAUSF, #name) == NULL) {                                   \
        fail_msg("METRICS_DAUSF_COUNTERS of nf/common/metrics_table.h has no sentence for %s",     \
                 #name);                                                                           \
    }
    DAUSFD_COUNTERS(X)
#undef X
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(every_counter_has_a_sentence)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
