/* cli/import_tally.h - what became of the rows of an import: counted, said while it goes on,
 * written into the report, and summed up at the end.
 */
#ifndef BINDERY_CLI_IMPORT_TALLY_H
#define BINDERY_CLI_IMPORT_TALLY_H

#include <jansson.h>
#include <stdbool.h>
#include <stdio.h>

struct import_tally {
    const char *file;        /* as the person named it */
    const char *report_path; /* NULL: no report */
    FILE *report;            /* NULL until the importer opened it */
    bool json, dry_run;
    unsigned long added, changed, unchanged, refused;
    unsigned long not_sent;             /* of the refused ones */
    unsigned long unbound, unsuspended; /* of the changed ones */
    json_t *listed, *lost;              /* refused rows, and those that lost protection */
};
void import_tally_open(struct import_tally *t);
void import_tally_close(struct import_tally *t);
unsigned long import_tally_rows(const struct import_tally *t);
/* problem: the name of what is wrong, reason: the same for a person. */
void import_tally_refuse(struct import_tally *t, unsigned long line, const char *imsi,
                         const char *problem, const char *reason);
/* lost: what the HSS says that protected the subscriber until this row; NULL: nothing. */
void import_tally_lose(struct import_tally *t, unsigned long line, const char *imsi, json_t *lost);
/* The sum of it, on standard output. */
void import_tally_say(const struct import_tally *t, double seconds);
/* Takes the line of progress off the terminal, before anything else is said there. */
void import_tally_clear(void);

#endif
