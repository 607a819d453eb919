/* emulator/report.h - the result of a run as a table for people and as JSON for programs.
 */
#ifndef BINDERY_EMULATOR_REPORT_H
#define BINDERY_EMULATOR_REPORT_H

#include "emulator/run.h"
#include <jansson.h>

void report_print(const struct run_plan *plan, const struct run_result *r, FILE *to);
/* NULL: no memory. */
json_t *report_json(const struct run_plan *plan, const struct run_result *r);

#endif
