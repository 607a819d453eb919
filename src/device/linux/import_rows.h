/* device/linux/import_rows.h - subscribers out of CSV, NDJSON or SIM makers' files, one at a time,
 * as the JSON rows that POST /v1/import takes.
 *
 * CSV has a header row; its columns are those of import_columns, in any order, and an unknown or
 * repeated one is refused before any row is read. NDJSON has one object a line. A SIM maker's file
 * is that of device/linux/sim_maker.h. A bad row is told
 * with its line and costs no other row.
 */
#ifndef BINDERY_DEVICE_LINUX_IMPORT_ROWS_H
#define BINDERY_DEVICE_LINUX_IMPORT_ROWS_H

#include "device/linux/csv.h"
#include "device/linux/sim_maker.h"
#include <jansson.h>

#define IMPORT_LINE_MAX 65536

enum import_column {
    COLUMN_IMSI,
    COLUMN_ALGORITHM,
    COLUMN_K,
    COLUMN_OP,
    COLUMN_OPC,
    COLUMN_MSISDN,
    COLUMN_POLICY,
    COLUMN_PROOF,
    COLUMN_PROFILE,
    COLUMN_SUSPENDED,
    COLUMN_SQN,
    COLUMN_IMEI,
    COLUMN_KME,
    COLUMN_K_ENCRYPTED,
    COLUMN_OPC_ENCRYPTED,
    COLUMN_OP_ENCRYPTED,
    COLUMN_TRANSPORT_KEY,
    COLUMN_K_KCV,
    COLUMN_KME_ENCRYPTED,
    COLUMN_RES_LENGTH,
    COLUMN_KECCAK,
    COLUMN_KEYS,
    IMPORT_COLUMNS
};
extern const char *const import_columns[IMPORT_COLUMNS];

enum import_format { IMPORT_CSV, IMPORT_NDJSON, IMPORT_SIM_MAKER };
struct import_rows {
    enum import_format format;
    struct sim_maker sim;
    bool ended; /* a SIM maker's file: its end was told */
    FILE *in;
    struct csv csv;
    unsigned long line; /* NDJSON: of the row read last */
    uint64_t octets;    /* read so far */
    size_t n_columns;
    enum import_column column[CSV_FIELDS_MAX];
    char text[IMPORT_LINE_MAX]; /* NDJSON, SIM maker: the line */
};
struct import_row {
    unsigned long line;
    char imsi[24]; /* as it stands there, IMSI or not; empty when there is none, or a key may be */
    json_t *json;  /* with E_OK; the caller's */
    char fault[256]; /* with E_BAD_VALUE; never holds a value of the row */
};

/* Reads the header of a CSV. False and why (with place) when the file cannot be imported. */
MUST_USE bool import_rows_open(struct import_rows *r, FILE *in, bool ndjson, char *why, size_t cap);
/* Reads the header of a SIM maker's file; transport_key: instead of the file's, or NULL. The same.
 */
MUST_USE bool import_rows_open_sim(struct import_rows *r, FILE *in, const char *transport_key,
                                   char *why, size_t cap);
/* E_OK, E_BAD_VALUE (this row is refused; go on), E_CLOSED at the end, E_IO. */
MUST_USE enum err import_rows_next(struct import_rows *r, struct import_row *out);
void import_rows_wipe(struct import_rows *r);

#endif
