/* cli/top_text.h - the text of /metrics as samples that can be looked up: what `bindery top`
 * computes with.
 *
 * It takes what nf/common/metrics.h writes, and what else keeps to the exposition format 0.0.4. A
 * line that does not is an error, for then the numbers beside it are not to be trusted either.
 */
#ifndef BINDERY_CLI_TOP_TEXT_H
#define BINDERY_CLI_TOP_TEXT_H

#include "base/err.h"
#include <stdbool.h>
#include <stddef.h>

#define TOP_LABELS_MAX 6u
struct top_sample {
    const char *name;
    size_t n_labels;
    struct {
        const char *name, *value;
    } labels[TOP_LABELS_MAX];
    double value;
};
struct top_text {
    struct top_sample *samples; /* in the order of the text */
    size_t n, room;
    char *memory;
};
/* The text is copied. Errors: E_BAD_VALUE, E_MEMORY; *out is empty then. */
MUST_USE enum err top_text_read(const char *text, size_t n, struct top_text *out);
void top_text_free(struct top_text *t); /* harmless on zeros */

const char *top_label(const struct top_sample *s, const char *name); /* "" without one */
/* The sum of all samples of a name, of those with a label of that value; label NULL: of all. 0
 * without any. */
double top_sum(const struct top_text *t, const char *name, const char *label, const char *value);
/* A sample with the same name and labels, or NULL. */
const struct top_sample *top_same(const struct top_text *t, const struct top_sample *s);

/* The q-quantile (0 to 1) of what came between two readings, in seconds, of a histogram with this
 * label (NULL: without labels): between two bounds as if evenly spread. Below 0: nothing came. */
double top_quantile(const struct top_text *before, const struct top_text *now, const char *name,
                    const char *label, const char *value, double q);
/* The same of the histogram that `count`, a sample NAME_count of `now`, belongs to. */
double top_quantile_like(const struct top_text *before, const struct top_text *now,
                         const struct top_sample *count, double q);

#endif
