/* test/lib/exposition.h - a strict reader of the text exposition format 0.0.4, written from its
 * description and not from what writes it: names, labels, escapes, values, HELP and TYPE before the
 * samples and once, samples of a metric together and each once, histograms whose buckets only grow
 * and end with +Inf, and a line's end at the end.
 */
#ifndef BINDERY_TEST_LIB_EXPOSITION_H
#define BINDERY_TEST_LIB_EXPOSITION_H

#include <stdbool.h>
#include <stddef.h>

/* NULL: it is good; else what is wrong, good until the next call. */
const char *exposition_wrong(const char *text, size_t n);
/* The value of the sample whose beginning of a line, up to the space before the value, is this:
 * "bindery_ready" or "x_total{peer=\"a\"}". Below 0: there is none. */
double exposition_value(const char *text, const char *sample);

#endif
