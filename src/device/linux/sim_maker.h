/* device/linux/sim_maker.h - SIM makers' output files, line by line, as the JSON rows that POST
 * /v1/import takes (docs/keys.md has the format).
 *
 * Lines `KEY: value` come first; the last of them, Var_Out, names the columns of the rows behind
 * it. Encrypted keys stay as they are: nothing here opens them, and no fault repeats a value.
 */
#ifndef BINDERY_DEVICE_LINUX_SIM_MAKER_H
#define BINDERY_DEVICE_LINUX_SIM_MAKER_H

#include "base/err.h"
#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>

#define SIM_MAKER_COLUMNS_MAX 64
#define SIM_MAKER_NAME_MAX    33 /* of a transport key, with its NUL */

enum sim_maker_column {
    SIM_IMSI,
    SIM_KI,
    SIM_OPC,
    SIM_OP,
    SIM_MSISDN,
    SIM_KCV,
    SIM_COLUMNS, /* as many are known; */
    SIM_SKIPPED  /* the others are not looked at */
};
struct sim_maker {
    char transport_key[SIM_MAKER_NAME_MAX]; /* empty: keys are in clear */
    bool key_is_given;     /* by whoever imports: what the file says of it does not count */
    const char *algorithm; /* as rows have it, or NULL */
    char separator;        /* 0: blanks */
    bool clear[SIM_COLUMNS];
    bool chose_encrypted; /* a header says which columns are encrypted */
    bool must_be_encrypted;
    long quantity; /* rows that there should be; -1: not said */
    unsigned long rows;
    size_t n; /* columns */
    enum sim_maker_column column[SIM_MAKER_COLUMNS_MAX];
    bool more;       /* columns go on in the next line */
    bool at_rows;    /* the header has ended */
    unsigned seen;   /* headers and columns that must not come twice */
    unsigned header; /* likewise */
};

/* transport_key: of whoever imports, or NULL: what the file says. False if it cannot be a name. */
bool sim_maker_open(struct sim_maker *s, const char *transport_key);
/* A line before at_rows, which it changes. False and why when the file cannot be read. */
bool sim_maker_header(struct sim_maker *s, char *line, char *why, size_t cap);
/* Is it a line without content: empty, or a remark? */
bool sim_maker_is_remark(const char *line);
/* A line behind that. E_OK: *out is the caller's, imsi what stands there; E_BAD_VALUE and why. */
MUST_USE enum err sim_maker_row(struct sim_maker *s, char *line, json_t **out, const char **imsi,
                                char *why, size_t cap);
/* At the end: false and why when there are not as many rows as the header says. */
bool sim_maker_end(const struct sim_maker *s, char *why, size_t cap);
/* Does the beginning of a file have a line Var_Out? */
bool sim_maker_is(const char *text, size_t n);

#endif
