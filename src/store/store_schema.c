#include "store/store_file.h"
#include "store/store_schema_7.h"
#include "store/store_sealed_parts.h"

/* A step that was released is never edited: a change of the schema is a new step. The server
 * engine's rules are kept already (dependencies.md): keys begin with the subscriber, one statement
 * touches one subscriber, no triggers and no foreign keys across tables. */
const struct schema_step schema_steps[] = {
    {1, "CREATE TABLE identity ("
        " id INTEGER PRIMARY KEY CHECK (id = 1),"
        " store_id BLOB NOT NULL,"
        " created_at INTEGER NOT NULL) STRICT;"
        "CREATE TABLE data_key ("
        " id INTEGER PRIMARY KEY,"
        " wrapped BLOB NOT NULL,"
        " created_at INTEGER NOT NULL) STRICT;"
        "CREATE TABLE subscriber ("
        " imsi INTEGER PRIMARY KEY," /* imsi_key */
        " algorithm INTEGER NOT NULL,"
        " res_len INTEGER NOT NULL,"
        " keccak_iterations INTEGER NOT NULL,"
        " dif INTEGER NOT NULL,"
        " policy INTEGER NOT NULL,"
        " suspended INTEGER NOT NULL,"
        " msisdn TEXT NOT NULL,"
        " profile TEXT NOT NULL,"
        " keys BLOB NOT NULL," /* sealed */
        " last_imei INTEGER,"
        " host TEXT NOT NULL DEFAULT '',"
        " realm TEXT NOT NULL DEFAULT '',"
        " plmn BLOB NOT NULL DEFAULT x'000000',"
        " purged INTEGER NOT NULL DEFAULT 0,"
        " since INTEGER NOT NULL DEFAULT 0,"
        " binding_failures INTEGER NOT NULL DEFAULT 0,"
        " version INTEGER NOT NULL DEFAULT 1) STRICT;"
        "CREATE UNIQUE INDEX subscriber_by_msisdn ON subscriber (msisdn) WHERE msisdn <> '';"
        "CREATE TABLE device ("
        " imsi INTEGER NOT NULL,"
        " imei INTEGER NOT NULL," /* imei_key */
        " kme BLOB,"              /* sealed */
        " previous BLOB,"         /* sealed */
        " PRIMARY KEY (imsi, imei)) STRICT, WITHOUT ROWID;"
        "CREATE INDEX device_by_imei ON device (imei);"
        "CREATE TABLE event ("
        " id INTEGER PRIMARY KEY,"
        " at_ms INTEGER NOT NULL,"
        " name TEXT NOT NULL,"
        " imsi TEXT NOT NULL,"
        " imei TEXT NOT NULL,"
        " peer TEXT NOT NULL,"
        " cause TEXT NOT NULL,"
        " detail TEXT NOT NULL) STRICT;"
        "CREATE INDEX event_by_name ON event (name);"
        "CREATE TABLE mark ("
        " id INTEGER PRIMARY KEY CHECK (id = 1),"
        " mark INTEGER NOT NULL) STRICT;"
        "PRAGMA application_id = 0x42494e44;"
        "PRAGMA user_version = 1;"},
    {2, "CREATE TABLE eir_rule ("
        " first INTEGER NOT NULL," /* an IMEI's 14 digits as a number */
        " last INTEGER NOT NULL,"
        " list INTEGER NOT NULL,"
        " note TEXT NOT NULL,"
        " PRIMARY KEY (first, last, list)) STRICT, WITHOUT ROWID;"
        "CREATE TABLE eir ("
        " id INTEGER PRIMARY KEY CHECK (id = 1),"
        " rules INTEGER NOT NULL," /* in eir_rule: counting two million takes too long */
        " version INTEGER NOT NULL) STRICT;"
        "INSERT INTO eir (id, rules, version) VALUES (1, 0, 0);"
        "PRAGMA user_version = 2;"},
    {3, "ALTER TABLE subscriber ADD COLUMN proof INTEGER NOT NULL DEFAULT 0;"
        "CREATE TABLE device_proof ("
        " imsi INTEGER PRIMARY KEY," /* imsi_key */
        " imei INTEGER,"             /* imei_key: remembered as proven until `until`; or NULL */
        " form INTEGER NOT NULL,"
        " serial INTEGER NOT NULL,"
        " at INTEGER NOT NULL,"
        " until INTEGER NOT NULL,"
        " last_imei INTEGER," /* of the last outcome; or NULL */
        " last_result INTEGER NOT NULL,"
        " last_cause TEXT NOT NULL,"
        " last_form INTEGER NOT NULL,"
        " last_serial INTEGER NOT NULL,"
        " last_at INTEGER NOT NULL) STRICT;"
        "CREATE UNIQUE INDEX device_proof_by_imei ON device_proof (imei) WHERE imei IS NOT NULL;"
        "CREATE INDEX device_proof_by_last_imei ON device_proof (last_imei);"
        "CREATE TABLE repository ("
        " name TEXT PRIMARY KEY,"
        " cursor INTEGER NOT NULL) STRICT, WITHOUT ROWID;"
        "PRAGMA user_version = 3;"},
    {4, "ALTER TABLE subscriber ADD COLUMN kme_request INTEGER NOT NULL DEFAULT 0;"
        "ALTER TABLE device ADD COLUMN kme_since INTEGER NOT NULL DEFAULT 0;"
        "ALTER TABLE device ADD COLUMN kme_lot TEXT NOT NULL DEFAULT '';"
        "ALTER TABLE device ADD COLUMN kme_used INTEGER NOT NULL DEFAULT 0;"
        "CREATE TABLE provisioning ("
        " imsi INTEGER PRIMARY KEY," /* imsi_key */
        " request INTEGER NOT NULL,"
        " request_imei INTEGER," /* imei_key; or NULL */
        " phase INTEGER NOT NULL,"
        " due INTEGER NOT NULL,"
        " nonce BLOB NOT NULL,"
        " expires INTEGER NOT NULL,"
        " has_taken INTEGER NOT NULL,"
        " digest BLOB NOT NULL,"
        " nw_sig BLOB) STRICT;" /* sealed; NULL where nothing was taken */
        "CREATE TABLE lot ("
        " id TEXT PRIMARY KEY,"
        " manufacturer TEXT NOT NULL,"
        " imported INTEGER NOT NULL,"
        " ranges INTEGER NOT NULL,"
        " modulus BLOB NOT NULL,"
        " key BLOB NOT NULL) STRICT;" /* sealed */
        "CREATE TABLE lot_range ("
        " first INTEGER PRIMARY KEY," /* an IMEI's 14 digits as a number: ranges are disjoint */
        " last INTEGER NOT NULL,"
        " lot TEXT NOT NULL) STRICT;"
        "CREATE INDEX lot_range_by_lot ON lot_range (lot);"
        "PRAGMA user_version = 4;"},
    /* 3 and 4 are ONBOARDING_PENDING and ONBOARDING_ACTIVE. */
    {5, "ALTER TABLE subscriber ADD COLUMN pending INTEGER NOT NULL DEFAULT 0;"
        "CREATE TABLE onboarding ("
        " authority TEXT NOT NULL,"
        " id TEXT NOT NULL,"
        " phase INTEGER NOT NULL,"
        " again INTEGER NOT NULL,"
        " imei INTEGER NOT NULL," /* imei_key */
        " manufacturer TEXT NOT NULL,"
        " model TEXT NOT NULL,"
        " serial_number TEXT NOT NULL,"
        " imsi INTEGER," /* imsi_key; or NULL */
        " nonce_1 BLOB NOT NULL,"
        " digest BLOB NOT NULL,"
        " first INTEGER NOT NULL,"
        " changed INTEGER NOT NULL,"
        " expires INTEGER NOT NULL,"
        " PRIMARY KEY (authority, id)) STRICT, WITHOUT ROWID;"
        "CREATE UNIQUE INDEX onboarding_by_imsi ON onboarding (imsi) WHERE imsi IS NOT NULL;"
        "CREATE UNIQUE INDEX onboarding_by_imei ON onboarding (imei) WHERE phase IN (3, 4);"
        "CREATE INDEX onboarding_by_expires ON onboarding (phase, expires);"
        "CREATE INDEX onboarding_by_phase ON onboarding (phase);"
        "CREATE TABLE onboarding_count (" /* counting the rows takes too long */
        " authority TEXT NOT NULL,"
        " phase INTEGER NOT NULL,"
        " rows INTEGER NOT NULL,"
        " PRIMARY KEY (authority, phase)) STRICT, WITHOUT ROWID;"
        "CREATE TABLE imsi_pool ("
        " id INTEGER PRIMARY KEY AUTOINCREMENT," /* of a pool that was: never again */
        " first INTEGER NOT NULL,"               /* pool_number */
        " last INTEGER NOT NULL,"
        " passed INTEGER NOT NULL," /* so many, from the first on, somebody has or had */
        " UNIQUE (first, last)) STRICT;"
        "CREATE TABLE imsi_resting ("
        " imsi INTEGER PRIMARY KEY," /* pool_number */
        " pool INTEGER NOT NULL,"
        " ready INTEGER NOT NULL) STRICT;"
        "CREATE INDEX imsi_resting_by_pool ON imsi_resting (pool, ready);"
        "PRAGMA user_version = 5;"},
    {6, "CREATE TABLE dimsi ("
        " dimsi INTEGER PRIMARY KEY," /* imsi_key */
        " phase INTEGER NOT NULL,"
        " todo INTEGER NOT NULL,"
        " next_try INTEGER NOT NULL,"
        " tries INTEGER NOT NULL,"
        " cause TEXT NOT NULL,"
        " detail TEXT NOT NULL,"
        " sp TEXT NOT NULL,"
        " arpf TEXT NOT NULL,"
        " token BLOB NOT NULL,"
        " se BLOB NOT NULL,"
        " has_se_before INTEGER NOT NULL,"
        " se_before BLOB NOT NULL,"
        " number INTEGER NOT NULL,"
        " release INTEGER NOT NULL,"
        " imsi INTEGER,"          /* imsi_key; or NULL */
        " operator_imsi INTEGER," /* the same */
        " delivered INTEGER NOT NULL,"
        " confirmed INTEGER NOT NULL,"
        " used INTEGER NOT NULL,"
        " first INTEGER NOT NULL,"
        " changed INTEGER NOT NULL,"
        " expires INTEGER NOT NULL) STRICT;"
        "CREATE UNIQUE INDEX dimsi_by_imsi ON dimsi (imsi) WHERE imsi IS NOT NULL;"
        "CREATE UNIQUE INDEX dimsi_by_operator_imsi ON dimsi (operator_imsi)"
        " WHERE operator_imsi IS NOT NULL;"
        "CREATE INDEX dimsi_by_sp ON dimsi (sp, dimsi);"
        "CREATE INDEX dimsi_by_se ON dimsi (se) WHERE phase <= 4;" /* it is under way, or in use */
        "CREATE INDEX dimsi_by_phase ON dimsi (phase, dimsi);"
        "CREATE INDEX dimsi_by_next_try ON dimsi (next_try) WHERE todo <> 0;"
        "CREATE INDEX dimsi_by_expires ON dimsi (expires) WHERE expires <> 0;"
        "CREATE TABLE dimsi_paper ("
        " dimsi INTEGER PRIMARY KEY," /* imsi_key */
        " offer BLOB,"
        " endorsement BLOB,"
        " challenge BLOB) STRICT;" /* sealed */
        "CREATE TABLE dimsi_count ("
        " sp TEXT NOT NULL,"
        " phase INTEGER NOT NULL,"
        " rows INTEGER NOT NULL,"
        " PRIMARY KEY (sp, phase)) STRICT, WITHOUT ROWID;"
        "PRAGMA user_version = 6;"},
    {7, STORE_PUSH_TABLES STORE_AUDIT_TABLES STORE_IMPORT_TABLES STORE_WEBHOOK_TABLES
            STORE_KEY_JOB_TABLES STORE_ORIGIN_TABLES "PRAGMA user_version = 7;"},
    /* Every node that serves somebody, or that was told of a reset; of a spelling of its name the
     * one that registered last. */
    {8, "CREATE TABLE serving_node ("
        " host TEXT PRIMARY KEY COLLATE NOCASE,"
        " realm TEXT NOT NULL COLLATE NOCASE,"
        " seen INTEGER NOT NULL,"
        " named INTEGER NOT NULL,"
        " told INTEGER NOT NULL,"
        " asked INTEGER NOT NULL,"
        " asked_at INTEGER NOT NULL,"
        " next_try INTEGER NOT NULL,"
        " tries INTEGER NOT NULL) STRICT, WITHOUT ROWID;"
        "CREATE INDEX serving_node_by_next_try ON serving_node (next_try, host);"
        "CREATE INDEX serving_node_by_seen ON serving_node (realm, named, seen);"
        "INSERT INTO serving_node SELECT host, realm, max(since), 0, 0, 0, 0, 0, 0"
        " FROM subscriber WHERE host <> '' AND purged = 0 GROUP BY lower(host);"
        "INSERT INTO serving_node SELECT host, '', 0, 0, epoch, epoch, 0, 0, 0"
        " FROM reset_told WHERE true"
        " ON CONFLICT (host) DO UPDATE SET told = excluded.told, asked = excluded.asked;"
        "DROP TABLE reset_told;"
        "PRAGMA user_version = 8;"},
    {9, "ALTER TABLE origin ADD COLUMN sha256 TEXT NOT NULL DEFAULT '';" /* of the backup */
        "ALTER TABLE origin ADD COLUMN loss INTEGER NOT NULL DEFAULT 0;" /* both: store_file.h */
        "ALTER TABLE origin ADD COLUMN floor INTEGER NOT NULL DEFAULT 0;"
        "PRAGMA user_version = 9;"},
};
const size_t schema_steps_n = sizeof schema_steps / sizeof schema_steps[0];
const struct store_file_kind hss_store_kind = {.application = STORE_APPLICATION_ID,
                                               .steps = schema_steps,
                                               .n_steps =
                                                   sizeof schema_steps / sizeof schema_steps[0],
                                               .program = "bindery-hssd",
                                               .open_all = sealed_open_hss};

enum err schema_version(sqlite3 *db, int *out)
{
    sqlite3_stmt *st = NULL;
    enum err err = sqlite_err(sqlite3_prepare_v2(db, "PRAGMA user_version", -1, &st, NULL));
    if (err == E_OK) {
        err = stmt_row(st);
    }
    if (err == E_OK) {
        *out = sqlite3_column_int(st, 0);
    }
    sqlite3_finalize(st);
    return err;
}

static enum err run_step(sqlite3 *db, const struct schema_step *step)
{
    int reached = 0;
    enum err err = sqlite_err(sqlite3_exec(db, "BEGIN IMMEDIATE", NULL, NULL, NULL));
    if (err == E_OK) {
        err = sqlite_err(sqlite3_exec(db, step->sql, NULL, NULL, NULL));
    }
    if (err == E_OK) {
        err = schema_version(db, &reached);
    }
    if (err == E_OK && reached != step->version) {
        err = E_BAD_STATE; /* a step that forgot to set its version would run twice */
    }
    if (err == E_OK) {
        err = sqlite_err(sqlite3_exec(db, "COMMIT", NULL, NULL, NULL));
    }
    return err;
}

enum err schema_migrate(sqlite3 *db, const char *path, const struct schema_step *steps, size_t n,
                        struct store_why *why)
{
    int version = 0;
    if (schema_version(db, &version) != E_OK) {
        return why_set(why, E_IO, "%s: the schema version cannot be read: %s", path,
                       sqlite3_errmsg(db));
    }
    if (version > steps[n - 1].version) {
        return why_set(why, E_TOO_NEW,
                       "%s: the store has schema version %d and this program knows up to %d; "
                       "install the version of Bindery that wrote it, or a newer one. The store "
                       "was not changed",
                       path, version, steps[n - 1].version);
    }
    for (size_t i = 0; i < n; i++) {
        if (steps[i].version > version && run_step(db, &steps[i]) != E_OK) {
            enum err err =
                why_set(why, (sqlite3_errcode(db) & 0xff) == SQLITE_FULL ? E_NO_ROOM : E_IO,
                        "%s: the step to schema version %d failed: %s. It was undone; "
                        "make room on the disk or repair it, and start again",
                        path, steps[i].version, sqlite3_errmsg(db));
            (void)sqlite3_exec(db, "ROLLBACK", NULL, NULL, NULL); /* may have happened already */
            return err;
        }
    }
    return E_OK;
}
