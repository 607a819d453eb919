/* bench/bindings - what `bulk` publishes, and the least that publishing it could cost.
 *
 *   bench_bindings rows COUNT     rows of NDJSON for POST /v1/bulk, each with a P-256 key of its
 * own bench_bindings bare DATABASE KEY ROWS one thread signs a record for each of so many devices
 * and inserts it: the store's own table and index, as many rows between two commits as fit 64 KiB
 * of NDJSON, as durable. No HTTP, no JSON, no look at what is there, and the device's key is not
 * even a key. Prints "rows.per.second TAB value".
 */
#include "lib/measure.h"
#include "net/verify_sign.h"
#include "proc/binding_record.h"
#include "store/repo_store.h"
#include <openssl/ec.h>
#include <openssl/evp.h>
#include <openssl/x509.h>
#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define SPKI_N     91
#define POINT_N    65
#define TAC_FIRST  35693800u
#define PER_COMMIT 345
#define NO_END     253402300799

static _Noreturn void die(const char *what, const char *why)
{
    fprintf(stderr, "bench_bindings: %s: %s\n", what, why);
    exit(1);
}

static void imei_of(uint64_t i, struct imei *out)
{
    (void)snprintf(out->digits, sizeof out->digits, "%08u%06u",
                   (unsigned)(TAC_FIRST + i / 1000000 % 100), (unsigned)(i % 1000000));
}

/* Each key is the one before it plus the generator: good keys, without the price of a million
 * random ones. */
static void print_rows(uint64_t n)
{
    uint8_t spki[SPKI_N], text[(SPKI_N + 2) / 3 * 4 + 1], *p = spki;
    struct imei imei;
    EVP_PKEY *key = EVP_EC_gen("P-256");
    EC_GROUP *group = EC_GROUP_new_by_curve_name(NID_X9_62_prime256v1);
    EC_POINT *point = group != NULL ? EC_POINT_new(group) : NULL;
    uint8_t *at = spki + SPKI_N - POINT_N;
    if (key == NULL || point == NULL || i2d_PUBKEY(key, &p) != SPKI_N ||
        EC_POINT_oct2point(group, point, at, POINT_N, NULL) != 1) {
        die("rows", "no key could be made");
    }
    for (uint64_t i = 0; i < n; i++) {
        if (EC_POINT_add(group, point, point, EC_GROUP_get0_generator(group), NULL) != 1 ||
            EC_POINT_point2oct(group, point, POINT_CONVERSION_UNCOMPRESSED, at, POINT_N, NULL) !=
                POINT_N) {
            die("rows", "no key could be made");
        }
        (void)EVP_EncodeBlock(text, spki, SPKI_N);
        imei_of(i, &imei);
        printf("{\"imei\":\"%s\",\"use\":\"identity\",\"public_key\":\"%s\"}\n", imei.digits,
               (const char *)text);
    }
    EC_POINT_free(point);
    EC_GROUP_free(group);
    EVP_PKEY_free(key);
}

/* ---- bare ---- */

struct bare {
    sqlite3 *db;
    sqlite3_stmt *add;
    struct signer *signer;
    uint64_t random;
};

static void run(struct bare *b, const char *sql)
{
    if (sqlite3_exec(b->db, sql, NULL, NULL, NULL) != SQLITE_OK) {
        die(sql, sqlite3_errmsg(b->db));
    }
}

/* Octets that do not repeat, so that pages fill as they do with keys. */
static void fill(struct bare *b, uint8_t *out, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        b->random = b->random * UINT64_C(6364136223846793005) + 1442695040888963407;
        out[i] = (uint8_t)(b->random >> 56);
    }
}

static void add(struct bare *b, uint64_t serial)
{
    uint8_t spki[SPKI_N], content[BINDING_RECORD_LEN], signature[SIGNATURE_LEN];
    struct binding_record r = {.use = BINDING_IDENTITY,
                               .form = BINDING_PUBLIC_KEY,
                               .status = BINDING_ACTIVE,
                               .not_before = 1,
                               .not_after = NO_END,
                               .serial = serial,
                               .issued = 1};
    imei_of(serial, &r.imei);
    fill(b, spki, sizeof spki);
    fill(b, r.digest, sizeof r.digest);
    binding_record_write(&r, content);
    if (signer_sign(b->signer, BYTES_OF(content), signature) != E_OK) {
        die("bare", "no signature");
    }
    sqlite3_bind_int64(b->add, 1, (int64_t)serial);
    sqlite3_bind_int64(b->add, 2, strtoll(r.imei.digits, NULL, 10));
    sqlite3_bind_blob(b->add, 3, r.digest, sizeof r.digest, SQLITE_STATIC);
    sqlite3_bind_blob(b->add, 4, signer_id(b->signer).p, 32, SQLITE_STATIC);
    sqlite3_bind_blob(b->add, 5, signature, sizeof signature, SQLITE_STATIC);
    sqlite3_bind_blob(b->add, 6, spki, sizeof spki, SQLITE_STATIC);
    if (sqlite3_step(b->add) != SQLITE_DONE) {
        die("insert", sqlite3_errmsg(b->db));
    }
    sqlite3_reset(b->add);
}

/* The repository's own schema: it makes the file. */
static void open_all(struct bare *b, const char *path, const char *key)
{
    struct repo_store *made = NULL;
    struct store_why why = {.text = ""};
    struct verify_why no_key = {.text = ""};
    if (repo_store_open(path, &made, &why) != E_OK) {
        die(path, why.text);
    }
    repo_store_close(made);
    if (signer_open(key, &b->signer, &no_key) != E_OK) {
        die(key, no_key.text);
    }
    if (sqlite3_open(path, &b->db) != SQLITE_OK) {
        die(path, sqlite3_errmsg(b->db));
    }
    run(b, "PRAGMA synchronous = FULL; PRAGMA cache_size = -65536;");
    if (sqlite3_prepare_v2(b->db,
                           "INSERT INTO record VALUES (?1, ?2, 1, 2, 1, 1, 253402300799, 1, ?3,"
                           " 'maker.example', ?4, ?5, ?6)",
                           -1, &b->add, NULL) != SQLITE_OK) {
        die("prepare", sqlite3_errmsg(b->db));
    }
}

static void bare(const char *path, const char *key, uint64_t rows)
{
    struct bare b = {.random = 1};
    open_all(&b, path, key);
    uint64_t from = now_ns();
    for (uint64_t i = 1; i <= rows; i++) {
        if (i % PER_COMMIT == 1) {
            run(&b, "BEGIN IMMEDIATE");
        }
        add(&b, i);
        if (i % PER_COMMIT == 0 || i == rows) {
            run(&b, "COMMIT");
        }
    }
    printf("rows.per.second\t%.0f\n", (double)rows * 1e9 / (double)(now_ns() - from));
    sqlite3_finalize(b.add);
    sqlite3_close(b.db);
    signer_close(b.signer);
}

int main(int argc, char **argv)
{
    if (argc == 3 && strcmp(argv[1], "rows") == 0) {
        print_rows(number_or_die(argv[2], "rows", 1, 100000000));
    } else if (argc == 5 && strcmp(argv[1], "bare") == 0) {
        bare(argv[2], argv[3], number_or_die(argv[4], "rows", 1, 100000000));
    } else {
        fprintf(stderr, "usage: bench_bindings rows COUNT | bare DATABASE KEY ROWS\n");
        return 2;
    }
    return 0;
}
