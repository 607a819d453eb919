#include "store/store_internal.h"

#include <stdio.h>
#include <string.h>

/* ---- keys ---- */

int64_t imsi_key(const struct imsi *imsi)
{
    if (imsi == NULL || imsi->n == 0) {
        return 0;
    }
    int64_t key = 0;
    for (unsigned i = 0; i < IMSI_DIGITS_MAX; i++) {
        key = key * 11 + (i < imsi->n ? imsi->digits[i] - '0' + 1 : 0);
    }
    return key;
}

enum err imsi_of_key(int64_t key, struct imsi *out)
{
    char digits[IMSI_DIGITS_MAX];
    size_t n = 0;
    if (key < 0) {
        return E_BAD_VALUE;
    }
    for (unsigned i = IMSI_DIGITS_MAX; i-- > 0; key /= 11) {
        int digit = (int)(key % 11);
        if (digit == 0 && n > 0) {
            return E_BAD_VALUE; /* a hole before the last digit */
        }
        if (digit > 0) {
            digits[i] = (char)('0' + digit - 1);
            n++;
        }
    }
    if (key != 0 || imsi_parse((struct bytes){(const uint8_t *)digits, n}, out) != E_OK) {
        return E_BAD_VALUE;
    }
    return E_OK;
}

int64_t imei_key(const struct imei *imei)
{
    if (imei == NULL || imei->digits[0] == '\0') {
        return -1;
    }
    int64_t key = 0;
    for (unsigned i = 0; i < IMEI_DIGITS; i++) {
        key = key * 10 + (imei->digits[i] - '0');
    }
    return key;
}

enum err imei_of_key(int64_t key, struct imei *out)
{
    if (key < 0 || key >= INT64_C(100000000000000)) {
        return E_BAD_VALUE;
    }
    *out = (struct imei){0};
    for (unsigned i = IMEI_DIGITS; i-- > 0; key /= 10) {
        out->digits[i] = (char)('0' + key % 10);
    }
    return E_OK;
}

/* ---- columns ---- */

#define FIELD(kind, type, member)                                                                  \
    {                                                                                              \
        COL_##kind, offsetof(type, member), sizeof(((type *)NULL)->member), 0                      \
    }
#define OPTIONAL_IMEI(type, member, has)                                                           \
    {                                                                                              \
        COL_OPTIONAL_IMEI, offsetof(type, member), sizeof(struct imei), offsetof(type, has)        \
    }
#define COLUMNS(table)                                                                             \
    {                                                                                              \
        table, sizeof table / sizeof table[0]                                                      \
    }

/* What administration writes, which a list reads first, then what the network wrote. */
#define ADMIN_FIELDS                                                                               \
    FIELD(IMSI, struct store_subscriber, imsi),                                                    \
        FIELD(INT, struct store_subscriber, keys.algorithm),                                       \
        FIELD(INT, struct store_subscriber, keys.res_len),                                         \
        FIELD(INT, struct store_subscriber, keys.keccak_iterations),                               \
        FIELD(INT, struct store_subscriber, dif), FIELD(INT, struct store_subscriber, policy),     \
        FIELD(BOOL, struct store_subscriber, suspended),                                           \
        FIELD(TEXT, struct store_subscriber, msisdn),                                              \
        FIELD(TEXT, struct store_subscriber, profile), FIELD(INT, struct store_subscriber, proof)

static const struct column admin[] = {ADMIN_FIELDS};
static const struct column subscriber[] = {
    ADMIN_FIELDS,
    OPTIONAL_IMEI(struct store_subscriber, last_imei, has_last_imei),
    FIELD(TEXT, struct store_subscriber, serving.host),
    FIELD(TEXT, struct store_subscriber, serving.realm),
    FIELD(BLOB, struct store_subscriber, serving.plmn),
    FIELD(BOOL, struct store_subscriber, serving.purged),
    FIELD(INT, struct store_subscriber, serving.since),
    FIELD(INT, struct store_subscriber, binding_failures),
    FIELD(INT, struct store_subscriber, kme_request),
    FIELD(BOOL, struct store_subscriber, pending),
    FIELD(INT, struct store_subscriber, version),
};
static const struct column serving[] = {
    FIELD(TEXT, struct store_serving, host), FIELD(TEXT, struct store_serving, realm),
    FIELD(BLOB, struct store_serving, plmn), FIELD(BOOL, struct store_serving, purged),
    FIELD(INT, struct store_serving, since),
};
static const struct column device[] = {
    FIELD(IMSI, struct store_device, imsi),         FIELD(IMEI, struct store_device, imei),
    FIELD(INT, struct store_device, kme_since),     FIELD(TEXT, struct store_device, kme_lot),
    FIELD(INT, struct store_device, kme_used),      FIELD(BOOL, struct store_device, has_kme),
    FIELD(BOOL, struct store_device, has_previous),
};
static const struct column vector[] = {
    FIELD(INT, struct store_subscriber, keys.algorithm),
    FIELD(INT, struct store_subscriber, keys.res_len),
    FIELD(INT, struct store_subscriber, keys.keccak_iterations),
    FIELD(INT, struct store_subscriber, dif),
    FIELD(INT, struct store_subscriber, policy),
    FIELD(INT, struct store_subscriber, proof),
    FIELD(BOOL, struct store_subscriber, suspended),
    OPTIONAL_IMEI(struct store_subscriber, last_imei, has_last_imei),
    FIELD(TEXT, struct store_subscriber, serving.host),
    FIELD(INT, struct store_subscriber, kme_request),
    FIELD(BOOL, struct store_subscriber, pending),
    FIELD(INT, struct store_subscriber, version),
};
static const struct column event[] = {
    FIELD(INT, struct store_event, id),     FIELD(INT, struct store_event, at_ms),
    FIELD(TEXT, struct store_event, name),  FIELD(TEXT, struct store_event, imsi),
    FIELD(TEXT, struct store_event, imei),  FIELD(TEXT, struct store_event, peer),
    FIELD(TEXT, struct store_event, cause), FIELD(TEXT, struct store_event, detail),
};
const struct columns subscriber_columns = COLUMNS(subscriber);
const struct columns subscriber_admin_columns = COLUMNS(admin);
const struct columns serving_columns = COLUMNS(serving);
const struct columns device_columns = COLUMNS(device);
const struct columns device_written_columns = {device, 5};
const struct columns vector_columns = COLUMNS(vector);
const struct columns event_columns = COLUMNS(event);

/* Unsigned fields of 8 octets travel as the signed number with the same bits. */
static enum err put_int(void *field, size_t size, int64_t v)
{
    const uint8_t u8 = (uint8_t)v;
    const uint32_t u32 = (uint32_t)v;
    if (size == 1 && v == u8) {
        memcpy(field, &u8, sizeof u8);
    } else if (size == 4 && v == u32) {
        memcpy(field, &u32, sizeof u32);
    } else if (size == 8) {
        memcpy(field, &v, sizeof v);
    } else {
        return E_IO;
    }
    return E_OK;
}

static int64_t take_int(const void *field, size_t size)
{
    uint8_t u8;
    uint32_t u32;
    int64_t v;
    switch (size) {
    case 1:
        memcpy(&u8, field, sizeof u8);
        return u8;
    case 4:
        memcpy(&u32, field, sizeof u32);
        return u32;
    default:
        memcpy(&v, field, sizeof v);
        return v;
    }
}

static enum err get_bool(sqlite3_stmt *st, int i, void *field)
{
    const bool v = sqlite3_column_int64(st, i) != 0;
    memcpy(field, &v, sizeof v);
    return E_OK;
}

static enum err get_text(sqlite3_stmt *st, int i, char *field, size_t size)
{
    /* As a blob: as a text SQLite would copy it to put a NUL behind it. An empty one is NULL. */
    const void *text = sqlite3_column_blob(st, i);
    size_t n = (size_t)sqlite3_column_bytes(st, i);
    if (n >= size || (text == NULL && sqlite3_column_type(st, i) == SQLITE_NULL)) {
        return E_IO;
    }
    memcpy(field, text != NULL ? text : "", n);
    memset(field + n, 0, size - n);
    return E_OK;
}

static enum err get_blob(sqlite3_stmt *st, int i, void *field, size_t size)
{
    const void *blob = sqlite3_column_blob(st, i);
    if (blob == NULL || (size_t)sqlite3_column_bytes(st, i) != size) {
        return E_IO;
    }
    memcpy(field, blob, size);
    return E_OK;
}

static enum err get_key(sqlite3_stmt *st, int i, const struct column *c, char *row)
{
    int64_t key = sqlite3_column_int64(st, i);
    bool there = sqlite3_column_type(st, i) != SQLITE_NULL;
    enum err err;
    if (c->kind == COL_IMSI || c->kind == COL_OPTIONAL_IMSI) {
        struct imsi imsi = {0};
        err = there ? imsi_of_key(key, &imsi) : E_OK;
        memcpy(row + c->at, &imsi, err == E_OK ? sizeof imsi : 0);
    } else {
        struct imei imei = {0};
        err = there ? imei_of_key(key, &imei) : E_OK;
        memcpy(row + c->at, &imei, sizeof imei);
    }
    if (c->kind == COL_OPTIONAL_IMEI || c->kind == COL_OPTIONAL_IMSI) {
        memcpy(row + c->flag, &there, sizeof there);
    } else if (!there) {
        err = E_IO;
    }
    return err == E_OK ? E_OK : E_IO;
}

static enum err get(sqlite3_stmt *st, int i, const struct column *c, char *row)
{
    switch (c->kind) {
    case COL_IMSI:
    case COL_OPTIONAL_IMSI:
    case COL_IMEI:
    case COL_OPTIONAL_IMEI:
        return get_key(st, i, c, row);
    case COL_INT:
        return put_int(row + c->at, c->size, sqlite3_column_int64(st, i));
    case COL_BOOL:
        return get_bool(st, i, row + c->at);
    case COL_TEXT:
        return get_text(st, i, row + c->at, c->size);
    case COL_BLOB:
        return get_blob(st, i, row + c->at, c->size);
    }
    return E_IO;
}

enum err columns_get(struct columns c, sqlite3_stmt *st, void *row)
{
    enum err err = E_OK;
    for (int i = 0; i < c.n && err == E_OK; i++) {
        err = get(st, i, &c.p[i], row);
    }
    return err;
}

static int64_t take_bool(const void *field)
{
    bool v;
    memcpy(&v, field, sizeof v);
    return v;
}

static int bind_imsi(sqlite3_stmt *st, int i, const struct column *c, const char *row)
{
    struct imsi imsi;
    memcpy(&imsi, row + c->at, sizeof imsi);
    if (c->kind == COL_OPTIONAL_IMSI && !take_bool(row + c->flag)) {
        return sqlite3_bind_null(st, i);
    }
    return sqlite3_bind_int64(st, i, imsi_key(&imsi));
}

static int bind_imei(sqlite3_stmt *st, int i, const struct column *c, const char *row)
{
    struct imei imei;
    memcpy(&imei, row + c->at, sizeof imei);
    if (c->kind == COL_OPTIONAL_IMEI && !take_bool(row + c->flag)) {
        return sqlite3_bind_null(st, i);
    }
    return sqlite3_bind_int64(st, i, imei_key(&imei));
}

static int bind(sqlite3_stmt *st, int i, const struct column *c, const char *row)
{
    const char *field = row + c->at;
    switch (c->kind) {
    case COL_IMSI:
    case COL_OPTIONAL_IMSI:
        return bind_imsi(st, i, c, row);
    case COL_IMEI:
    case COL_OPTIONAL_IMEI:
        return bind_imei(st, i, c, row);
    case COL_INT:
        return sqlite3_bind_int64(st, i, take_int(field, c->size));
    case COL_BOOL:
        return sqlite3_bind_int64(st, i, take_bool(field));
    case COL_TEXT:
        return sqlite3_bind_text(st, i, field, (int)strnlen(field, c->size - 1u), SQLITE_STATIC);
    case COL_BLOB:
        return sqlite3_bind_blob(st, i, field, c->size, SQLITE_STATIC);
    }
    return SQLITE_MISUSE;
}

enum err columns_bind(struct columns c, sqlite3_stmt *st, const void *row)
{
    int rc = SQLITE_OK;
    for (int i = 0; i < c.n && rc == SQLITE_OK; i++) {
        rc = bind(st, i + 1, &c.p[i], row);
    }
    return sqlite_err(rc);
}
