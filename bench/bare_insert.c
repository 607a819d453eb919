/* bench/bare_insert - the same rows as `bindery import` of bench/rows.pl stores, inserted by
 * nothing but SQLite: the store's own schema and statements' columns, as many rows between two
 * commits, as durable (write-ahead log, synchronous FULL).
 *
 *   bench_bare_insert DATABASE ROWS [ROWS-PER-COMMIT]
 *
 * There is no reading of a file, no check, no HTTP, and the sealed secrets are octets of the right
 * length that a fixed sequence made. Prints "rows.per.second TAB value".
 */
#include "lib/measure.h"
#include "store/store_internal.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define KEYS_N 67 /* K and OPc of 16 octets, their lengths, and the seal's overhead */
#define KME_N  49

static const char *const pragmas =
    "PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; PRAGMA secure_delete = ON;"
    "PRAGMA cache_size = -65536; PRAGMA wal_autocheckpoint = 1000;";
static const char *const subscriber_sql =
    "INSERT INTO subscriber (imsi, algorithm, res_len, keccak_iterations, dif, policy, suspended,"
    " msisdn, profile, keys) VALUES (?1, 0, 8, 1, 0, ?2, 0, '', 'default', ?3)";
static const char *const device_sql =
    "INSERT INTO device (imsi, imei, kme, previous) VALUES (?1, ?2, ?3, NULL)";

struct bare {
    sqlite3 *db;
    sqlite3_stmt *subscriber, *device;
    uint64_t random;
};

static _Noreturn void die(const struct bare *b, const char *what)
{
    fprintf(stderr, "bench_bare_insert: %s: %s\n", what, sqlite3_errmsg(b->db));
    exit(1);
}

static void run(struct bare *b, const char *sql)
{
    if (sqlite3_exec(b->db, sql, NULL, NULL, NULL) != SQLITE_OK) {
        die(b, sql);
    }
}

static void schema(struct bare *b)
{
    for (size_t i = 0; i < schema_steps_n; i++) {
        run(b, schema_steps[i].sql);
    }
}

/* Octets that do not repeat, so that pages fill as they do with sealed values. */
static void fill(struct bare *b, uint8_t *out, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        b->random = b->random * UINT64_C(6364136223846793005) + 1442695040888963407;
        out[i] = (uint8_t)(b->random >> 56);
    }
}

static void step(struct bare *b, sqlite3_stmt *st)
{
    if (sqlite3_step(st) != SQLITE_DONE) {
        die(b, "insert");
    }
    sqlite3_reset(st);
}

static void insert(struct bare *b, uint64_t i)
{
    struct imsi imsi = {.n = 15};
    char digits[32];
    uint8_t keys[KEYS_N], kme[KME_N];
    snprintf(digits, sizeof digits, "00101%010llu", (unsigned long long)i);
    memcpy(imsi.digits, digits, 15);
    fill(b, keys, sizeof keys);
    sqlite3_bind_int64(b->subscriber, 1, imsi_key(&imsi));
    sqlite3_bind_int64(b->subscriber, 2, (int64_t)(i % 2));
    sqlite3_bind_blob(b->subscriber, 3, keys, sizeof keys, SQLITE_STATIC);
    step(b, b->subscriber);
    if (i % 2 == 1) {
        fill(b, kme, sizeof kme);
        sqlite3_bind_int64(b->device, 1, imsi_key(&imsi));
        sqlite3_bind_int64(b->device, 2, 35693803000000 + (int64_t)(i % 1000000));
        sqlite3_bind_blob(b->device, 3, kme, sizeof kme, SQLITE_STATIC);
        step(b, b->device);
    }
}

static void prepare(struct bare *b, const char *path)
{
    if (sqlite3_open(path, &b->db) != SQLITE_OK) {
        die(b, path);
    }
    run(b, pragmas);
    schema(b);
    if (sqlite3_prepare_v2(b->db, subscriber_sql, -1, &b->subscriber, NULL) != SQLITE_OK ||
        sqlite3_prepare_v2(b->db, device_sql, -1, &b->device, NULL) != SQLITE_OK) {
        die(b, "prepare");
    }
}

int main(int argc, char **argv)
{
    struct bare b = {.random = 1};
    if (argc < 3) {
        fprintf(stderr, "usage: bench_bare_insert DATABASE ROWS [ROWS-PER-COMMIT]\n");
        return 2;
    }
    uint64_t rows = number_or_die(argv[2], "rows", 1, 1000000000);
    uint64_t each = argc > 3 ? number_or_die(argv[3], "rows per commit", 1, 1000000) : 500;
    prepare(&b, argv[1]);
    uint64_t from = now_ns();
    for (uint64_t i = 1; i <= rows; i++) {
        if (i % each == 1 || each == 1) {
            run(&b, "BEGIN IMMEDIATE");
        }
        insert(&b, i);
        if (i % each == 0 || i == rows) {
            run(&b, "COMMIT");
        }
    }
    printf("rows.per.second\t%.0f\n", (double)rows * 1e9 / (double)(now_ns() - from));
    sqlite3_finalize(b.subscriber);
    sqlite3_finalize(b.device);
    sqlite3_close(b.db);
    return 0;
}
