#include "store/store_internal.h"

#define BUSY_TIMEOUT_MS 5000 /* only a person's tool on the same file can make us wait */

#define SUBSCRIBER_SELECT                                                                          \
    "SELECT imsi, algorithm, res_len, keccak_iterations, dif, policy, suspended, msisdn, profile," \
    " proof, last_imei, host, realm, plmn, purged, since, binding_failures, kme_request, "         \
    "pending, version"
#define DEVICE_SELECT                                                                              \
    "SELECT imsi, imei, kme_since, kme_lot, kme_used, kme IS NOT NULL, previous IS NOT NULL"
#define LOT_SELECT "SELECT id, manufacturer, imported, ranges, modulus FROM lot"
#define PROOF_SELECT                                                                               \
    "SELECT imsi, imei, form, serial, at, until, last_imei, last_result, last_cause, last_form,"   \
    " last_serial, last_at FROM device_proof"
#define ONBOARDING_SELECT                                                                          \
    "SELECT authority, id, phase, again, imei, manufacturer, model, serial_number, imsi, nonce_1," \
    " digest, first, changed, expires FROM onboarding"
#define EVENT_SELECT "SELECT id, at_ms, name, imsi, imei, peer, cause, detail FROM event"

static const char *const statements[ST_COUNT_ALL] = {
    [ST_READ_BEGIN] = "BEGIN",
    [ST_COMMIT] = "COMMIT",
    [ST_ROLLBACK] = "ROLLBACK",
    [ST_SUBSCRIBER] = SUBSCRIBER_SELECT ", keys FROM subscriber WHERE imsi = ?1",
    [ST_DEVICES] = DEVICE_SELECT ", kme, previous FROM device WHERE imsi = ?1 ORDER BY imei",
    [ST_FOR_VECTORS] =
        "SELECT s.algorithm, s.res_len, s.keccak_iterations, s.dif, s.policy, s.proof,"
        " s.suspended, s.last_imei, s.host, s.kme_request, s.pending, s.version, s.keys, d.imei,"
        " d.kme, d.previous"
        " FROM subscriber s LEFT JOIN device d ON d.imsi = s.imsi WHERE s.imsi = ?1"
        " ORDER BY d.imei",
    [ST_IMSIS_OF] = "SELECT imsi FROM device WHERE imei = ?1"
                    " UNION SELECT imsi FROM device_proof WHERE imei = ?1"
                    " UNION SELECT imsi FROM device_proof WHERE last_imei = ?1"
                    " ORDER BY imsi LIMIT ?2",
    [ST_LIST_SUBSCRIBERS] =
        SUBSCRIBER_SELECT " FROM subscriber WHERE imsi > ?1 ORDER BY imsi LIMIT ?2",
    [ST_LIST_DEVICES] = DEVICE_SELECT " FROM device WHERE (imsi, imei) > (?1, ?2)"
                                      " ORDER BY imsi, imei LIMIT ?3",
    [ST_COUNT] = "SELECT (SELECT count(*) FROM subscriber), (SELECT count(*) FROM device)",
    [ST_MARK] = "SELECT mark FROM mark WHERE id = 1",
    [ST_LIST_EVENTS] = EVENT_SELECT " WHERE id > ?1 ORDER BY id LIMIT ?2",
    [ST_LIST_EVENTS_NAMED] = EVENT_SELECT " WHERE name = ?3 AND id > ?1 ORDER BY id LIMIT ?2",
    [ST_EIR] = "SELECT rules, version FROM eir WHERE id = 1",
    [ST_LIST_EIR_RULES] = "SELECT first, last, list, note FROM eir_rule"
                          " WHERE (first, last, list) > (?1, ?2, ?3)"
                          " ORDER BY first, last, list LIMIT ?4",
    [ST_EIR_NOTE] = "SELECT note FROM eir_rule WHERE first = ?1 AND last = ?2 AND list = ?3",
    [ST_PAIRING] = "SELECT policy, last_imei,"
                   " EXISTS (SELECT 1 FROM device WHERE imsi = ?1 AND imei = ?2)"
                   " FROM subscriber WHERE imsi = ?1",
    [ST_PROOF] = PROOF_SELECT " WHERE imsi = ?1",
    [ST_PROOF_OF] = PROOF_SELECT " WHERE imei = ?1",
    [ST_CURSOR] = "SELECT cursor FROM repository WHERE name = ?1",
    [ST_KME] = "SELECT imsi, request, request_imei, phase, due, nonce, expires, has_taken, digest,"
               " nw_sig FROM provisioning WHERE imsi = ?1",
    [ST_LOT] = LOT_SELECT " WHERE id = ?1",
    [ST_LOT_KEY] = "SELECT key FROM lot WHERE id = ?1",
    [ST_LIST_LOTS] = LOT_SELECT " WHERE id > ?1 ORDER BY id LIMIT ?2",
    [ST_LIST_LOT_RANGES] =
        "SELECT first, last, lot FROM lot_range WHERE first > ?1 ORDER BY first LIMIT ?2",
    [ST_ONBOARDING] = ONBOARDING_SELECT " WHERE authority = ?1 AND id = ?2",
    [ST_ONBOARDING_OF] = ONBOARDING_SELECT " WHERE imsi = ?1",
    [ST_LIST_ONBOARDING] = ONBOARDING_SELECT " WHERE (authority, id) > (?1, ?2)"
                                             " ORDER BY authority, id LIMIT ?3",
    [ST_LIST_ONBOARDING_IN] = ONBOARDING_SELECT " WHERE phase = ?4 AND (authority, id) > (?1, ?2)"
                                                " ORDER BY authority, id LIMIT ?3",
    [ST_COUNT_ONBOARDING] = "SELECT phase, rows FROM onboarding_count WHERE authority = ?1",
    [ST_DUE_ONBOARDING] = "SELECT authority, id FROM onboarding WHERE phase = 3 AND expires <= ?1"
                          " ORDER BY expires, authority, id LIMIT ?2",
    [ST_POOL] = "SELECT id, passed FROM imsi_pool WHERE first = ?1 AND last = ?2",
    [ST_POOL_HELD] = "SELECT count(*) FROM subscriber WHERE imsi >= ?1 AND imsi <= ?2"
                     " AND imsi % ?3 = 0 AND imsi % ?4 <> 0",
    [ST_POOL_RESTING] = "SELECT count(*), coalesce(sum(ready <= ?3), 0), coalesce(sum(imsi >= ?4),"
                        " 0) FROM imsi_resting WHERE imsi >= ?1 AND imsi <= ?2",

    [ST_WRITE_BEGIN] = "BEGIN IMMEDIATE",
    [ST_STEP_BEGIN] = "SAVEPOINT step",
    [ST_STEP_KEEP] = "RELEASE step",
    [ST_STEP_UNDO] = "ROLLBACK TO step",
    [ST_INSERT_SUBSCRIBER] =
        "INSERT INTO subscriber (imsi, algorithm, res_len, keccak_iterations, dif, policy,"
        " suspended, msisdn, profile, proof, keys)"
        " VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11)",
    [ST_UPDATE_SUBSCRIBER] =
        "UPDATE subscriber SET algorithm = ?2, res_len = ?3, keccak_iterations = ?4, dif = ?5,"
        " policy = ?6, suspended = ?7, msisdn = ?8, profile = ?9, proof = ?10, keys = ?11,"
        " version = version + 1 WHERE imsi = ?1",
    [ST_DELETE_SUBSCRIBER] = "DELETE FROM subscriber WHERE imsi = ?1",
    [ST_DELETE_DEVICES_OF] = "DELETE FROM device WHERE imsi = ?1",
    [ST_INSERT_DEVICE] = "INSERT INTO device (imsi, imei, kme_since, kme_lot, kme_used, kme,"
                         " previous) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)",
    [ST_UPDATE_DEVICE] = "UPDATE device SET kme_since = ?3, kme_lot = ?4, kme_used = ?5, kme = ?6,"
                         " previous = ?7 WHERE imsi = ?1 AND imei = ?2",
    [ST_DELETE_DEVICE] = "DELETE FROM device WHERE imsi = ?1 AND imei = ?2",
    [ST_SET_DIF] = "UPDATE subscriber SET dif = ?2 WHERE imsi = ?1",
    [ST_SET_SERVING] = "UPDATE subscriber SET host = ?1, realm = ?2, plmn = ?3, purged = ?4,"
                       " since = ?5, last_imei = coalesce(?7, last_imei), binding_failures = 0"
                       " WHERE imsi = ?6",
    [ST_SET_PURGED] = "UPDATE subscriber SET purged = 1 WHERE imsi = ?1",
    [ST_SET_FAILURES] = "UPDATE subscriber SET binding_failures = ?2 WHERE imsi = ?1",
    [ST_ADD_EVENT] = "INSERT INTO event (at_ms, name, imsi, imei, peer, cause, detail)"
                     " VALUES (?2, ?3, ?4, ?5, ?6, ?7, ?8)",
    [ST_TRIM_EVENTS] = "DELETE FROM event WHERE id <= ?1",
    [ST_SET_MARK] = "INSERT INTO mark (id, mark) VALUES (1, ?1)"
                    " ON CONFLICT (id) DO UPDATE SET mark = excluded.mark",
    [ST_PUT_EIR_RULE] = "INSERT INTO eir_rule (first, last, list, note) VALUES (?1, ?2, ?3, ?4)"
                        " ON CONFLICT (first, last, list) DO UPDATE SET note = excluded.note",
    [ST_DELETE_EIR_RULE] = "DELETE FROM eir_rule WHERE first = ?1 AND last = ?2 AND list = ?3",
    [ST_EIR_MOVED] = "UPDATE eir SET rules = rules + ?1, version = version + 1 WHERE id = 1",
    [ST_PUT_PROOF] =
        "INSERT INTO device_proof (imsi, imei, form, serial, at, until, last_imei, last_result,"
        " last_cause, last_form, last_serial, last_at)"
        " VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12)"
        " ON CONFLICT (imsi) DO UPDATE SET imei = ?2, form = ?3, serial = ?4, at = ?5, until = ?6,"
        " last_imei = ?7, last_result = ?8, last_cause = ?9, last_form = ?10, last_serial = ?11,"
        " last_at = ?12",
    [ST_DELETE_PROOF] = "DELETE FROM device_proof WHERE imsi = ?1",
    [ST_FORGET_ELSEWHERE] = "UPDATE device_proof SET imei = NULL WHERE imei = ?1 AND imsi <> ?2",
    [ST_FORGET_PROOF_OF] = "UPDATE device_proof SET imei = NULL WHERE imei = ?1",
    [ST_SET_CURSOR] = "INSERT INTO repository (name, cursor) VALUES (?1, ?2)"
                      " ON CONFLICT (name) DO UPDATE SET cursor = excluded.cursor",
    [ST_PUT_KME] =
        "INSERT INTO provisioning (imsi, request, request_imei, phase, due, nonce, expires,"
        " has_taken, digest, nw_sig) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10)"
        " ON CONFLICT (imsi) DO UPDATE SET request = ?2, request_imei = ?3, phase = ?4, due = ?5,"
        " nonce = ?6, expires = ?7, has_taken = ?8, digest = ?9, nw_sig = ?10",
    [ST_DELETE_KME] = "DELETE FROM provisioning WHERE imsi = ?1",
    [ST_SET_KME_REQUEST] = "UPDATE subscriber SET kme_request = ?2 WHERE imsi = ?1",
    [ST_KME_WAS_USED] = "UPDATE device SET kme_used = ?3, previous = NULL"
                        " WHERE imsi = ?1 AND imei = ?2 AND kme IS NOT NULL",
    [ST_INSERT_LOT] = "INSERT INTO lot (id, manufacturer, imported, ranges, modulus, key)"
                      " VALUES (?1, ?2, ?3, ?4, ?5, ?6)",
    [ST_INSERT_LOT_RANGE] = "INSERT INTO lot_range (first, last, lot) VALUES (?1, ?2, ?3)",
    [ST_DELETE_LOT] = "DELETE FROM lot WHERE id = ?1",
    [ST_DELETE_LOT_RANGES] = "DELETE FROM lot_range WHERE lot = ?1",
    [ST_ONBOARDING_OF_IMEI] = ONBOARDING_SELECT " WHERE imei = ?1 AND phase IN (3, 4)",
    [ST_PUT_ONBOARDING] =
        "INSERT INTO onboarding (authority, id, phase, again, imei, manufacturer, model,"
        " serial_number, imsi, nonce_1, digest, first, changed, expires)"
        " VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14)"
        " ON CONFLICT (authority, id) DO UPDATE SET phase = ?3, again = ?4, imei = ?5,"
        " manufacturer = ?6, model = ?7, serial_number = ?8, imsi = ?9, nonce_1 = ?10,"
        " digest = ?11, first = ?12, changed = ?13, expires = ?14",
    [ST_DELETE_ONBOARDING] = "DELETE FROM onboarding WHERE authority = ?1 AND id = ?2",
    [ST_ONBOARDING_MOVED] = "INSERT INTO onboarding_count (authority, phase, rows)"
                            " VALUES (?1, ?2, ?3) ON CONFLICT (authority, phase)"
                            " DO UPDATE SET rows = rows + ?3",
    [ST_SET_PENDING] = "UPDATE subscriber SET pending = ?2 WHERE imsi = ?1",
    [ST_POOL_SUBSCRIBERS] =
        "SELECT imsi FROM subscriber WHERE imsi >= ?1 AND imsi <= ?2 ORDER BY imsi",
    [ST_POOL_RESTERS] =
        "SELECT imsi FROM imsi_resting WHERE imsi >= ?1 AND imsi <= ?2 ORDER BY imsi",
    [ST_POOL_READY] = "SELECT imsi FROM imsi_resting WHERE pool = ?1 AND ready <= ?2"
                      " ORDER BY ready, imsi LIMIT 1",
    [ST_POOL_OF] = "SELECT id FROM imsi_pool WHERE first <= ?1 AND last >= ?1"
                   " ORDER BY first DESC LIMIT 1",
    [ST_POOL_PASSED] = "UPDATE imsi_pool SET passed = ?2 WHERE id = ?1",
    [ST_INSERT_POOL] = "INSERT INTO imsi_pool (first, last, passed) VALUES (?1, ?2, 0)",
    [ST_DELETE_POOLS] = "DELETE FROM imsi_pool WHERE first <= ?2 AND last >= ?1",
    [ST_ADOPT_RESTERS] = "UPDATE imsi_resting SET pool = ?3 WHERE imsi >= ?1 AND imsi <= ?2",
    [ST_REST] = "INSERT INTO imsi_resting (imsi, pool, ready) VALUES (?1, ?2, ?3)"
                " ON CONFLICT (imsi) DO UPDATE SET pool = ?2, ready = ?3",
    [ST_REST_NO_MORE] = "DELETE FROM imsi_resting WHERE imsi = ?1",
};

/* The writer checkpoints after 1000 pages and gives a log that a long reader made big back to the
 * disk. It maps nothing, so that a read error is an error code. A reader maps the file: at a
 * million subscribers that halves the cost of a point read. */
static const char *const pragmas[] = {
    [CONNECTION_READER] = "PRAGMA query_only = ON;"
                          "PRAGMA mmap_size = 1073741824;"
                          "PRAGMA cache_size = -16384;"
                          "PRAGMA temp_store = MEMORY;"
                          "PRAGMA trusted_schema = OFF;",
    [CONNECTION_WRITER] = "PRAGMA synchronous = FULL;"
                          "PRAGMA secure_delete = ON;"
                          "PRAGMA cache_size = -65536;"
                          "PRAGMA journal_size_limit = 67108864;"
                          "PRAGMA wal_autocheckpoint = 1000;"
                          "PRAGMA cell_size_check = ON;"
                          "PRAGMA temp_store = MEMORY;"
                          "PRAGMA trusted_schema = OFF;",
};

enum err sqlite_err(int rc)
{
    switch (rc & 0xff) {
    case SQLITE_OK:
    case SQLITE_ROW:
    case SQLITE_DONE:
        return E_OK;
    case SQLITE_NOMEM:
        return E_MEMORY;
    case SQLITE_BUSY:
    case SQLITE_LOCKED:
        return E_BUSY;
    case SQLITE_CONSTRAINT:
        return rc == SQLITE_CONSTRAINT_UNIQUE ? E_CONFLICT : E_IO;
    default:
        return E_IO;
    }
}

enum err stmt_row(sqlite3_stmt *st)
{
    int rc = sqlite3_step(st);
    return rc == SQLITE_DONE ? E_NOT_FOUND : sqlite_err(rc);
}

void stmt_end(sqlite3_stmt *st)
{
    (void)sqlite3_reset(st); /* repeats the step's result, which was looked at */
}

void stmt_try(sqlite3_stmt *st)
{
    (void)sqlite3_step(st);
    stmt_end(st);
}

enum err stmt_run(sqlite3_stmt *st)
{
    enum err err = sqlite_err(sqlite3_step(st));
    stmt_end(st);
    return err;
}

struct bytes stmt_blob(sqlite3_stmt *st, int column)
{
    const void *p = sqlite3_column_blob(st, column);
    return (struct bytes){p, p == NULL ? 0 : (size_t)sqlite3_column_bytes(st, column)};
}

enum err connection_open(struct connection *c, const char *path, enum connection_kind kind)
{
    /* Each connection belongs to one thread, so SQLite need not lock it. */
    int flags = SQLITE_OPEN_NOMUTEX |
                (kind == CONNECTION_READER ? SQLITE_OPEN_READONLY : SQLITE_OPEN_READWRITE);
    *c = (struct connection){0};
    int rc = sqlite3_open_v2(path, &c->db, flags, NULL);
    if (rc == SQLITE_OK) {
        (void)sqlite3_extended_result_codes(c->db, 1); /* fails on NULL only */
        (void)sqlite3_db_config(c->db, SQLITE_DBCONFIG_DEFENSIVE, 1, (int *)NULL);
        rc = sqlite3_busy_timeout(c->db, BUSY_TIMEOUT_MS);
    }
    if (rc == SQLITE_OK) {
        rc = sqlite3_exec(c->db, pragmas[kind], NULL, NULL, NULL);
    }
    return sqlite_err(rc);
}

enum err connection_ready(struct connection *c, enum connection_kind kind,
                          const struct store_keys *keys)
{
    int n = kind == CONNECTION_READER ? ST_READER_COUNT : ST_COUNT_ALL;
    int rc = SQLITE_OK;
    for (int i = 0; i < n && rc == SQLITE_OK; i++) {
        rc = sqlite3_prepare_v3(c->db, statements[i], -1, SQLITE_PREPARE_PERSISTENT, &c->st[i],
                                NULL);
    }
    return rc == SQLITE_OK ? store_keys_sealer(keys, &c->sealer) : sqlite_err(rc);
}

void connection_close(struct connection *c)
{
    for (int i = 0; i < ST_COUNT_ALL; i++) {
        (void)sqlite3_finalize(c->st[i]); /* repeats an earlier result */
    }
    (void)sqlite3_close(c->db); /* nothing is left that could keep it open */
    sealer_free(c->sealer);
    *c = (struct connection){0};
}
