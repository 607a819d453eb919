/* nf/common/alerts.h - the words of every alert of docs/alerts/bindery.rules.yaml: what it means,
 * what to look at, and what an operator does about it. `bindery explain` and docs/reference are
 * made of them.
 *
 * When an alert fires stands in the rules alone; the words stand here, and a test holds rules,
 * tests of the rules and docs/monitoring.md against this table. Nothing that serves looks here.
 */
#ifndef BINDERY_NF_COMMON_ALERTS_H
#define BINDERY_NF_COMMON_ALERTS_H

#include <stddef.h>

struct alert_word {
    const char *name;     /* "BinderyDown" */
    const char *severity; /* "page", "ticket" */
    const char *meaning;  /* like the next two without the last full stop */
    const char *look;     /* at what, to know more */
    const char *todo;
};
/* In the order of the rules. */
const struct alert_word *alert_words(size_t *n);

#endif
