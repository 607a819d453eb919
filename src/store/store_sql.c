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
#define DIMSI_COLUMNS                                                                              \
    "dimsi, phase, todo, next_try, tries, cause, detail, sp, arpf, token, se, has_se_before,"      \
    " se_before, number, release, imsi, operator_imsi, delivered, confirmed, used, first,"         \
    " changed, expires"
#define DIMSI_SELECT "SELECT " DIMSI_COLUMNS " FROM dimsi"
#define IMPORT_SELECT                                                                              \
    "SELECT id, state, kind, name, has_file, sha256, octets, rows, who, origin, begun, touched,"   \
    " ended, added, changed, unchanged, refused, not_sent FROM import"
#define PUSH_SELECT                                                                                \
    "SELECT imsi, host, realm, what, serial, tries, since, tried, next_try, cause FROM push"
#define NODE_SELECT                                                                                \
    "SELECT host, realm, named, told, asked, asked_at, next_try, tries FROM serving_node"
#define PUSH_PROFILE_SELECT "SELECT profile, digest, timer, what, after FROM push_profile"
#define EVENT_SELECT        "SELECT id, at_ms, name, imsi, imei, peer, cause, detail FROM event"

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
    [ST_LIST_EVENTS_BACK] = EVENT_SELECT " WHERE id < ?1 ORDER BY id DESC LIMIT ?2",
    [ST_LIST_EVENTS_BACK_NAMED] =
        EVENT_SELECT " WHERE name = ?3 AND id < ?1 ORDER BY id DESC LIMIT ?2",
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
    [ST_DIMSI] = DIMSI_SELECT " WHERE dimsi = ?1",
    [ST_DIMSI_OF] =
        DIMSI_SELECT " WHERE imsi = ?1 UNION ALL " DIMSI_SELECT " WHERE operator_imsi = ?1",
    [ST_DIMSI_OF_SE] = DIMSI_SELECT " WHERE se = ?1 AND phase <= 4 AND dimsi <> ?2 LIMIT 1",
    [ST_DIMSI_PAPERS] = "SELECT offer, endorsement, challenge FROM dimsi_paper WHERE dimsi = ?1",
    [ST_LIST_DIMSI] = DIMSI_SELECT " WHERE dimsi > ?1 ORDER BY dimsi LIMIT ?2",
    [ST_LIST_DIMSI_OF_SP] = DIMSI_SELECT " WHERE sp = ?3 AND dimsi > ?1 AND (?4 = 0 OR phase = ?4)"
                                         " ORDER BY dimsi LIMIT ?2",
    [ST_LIST_DIMSI_IN] = DIMSI_SELECT " WHERE phase = ?3 AND dimsi > ?1 ORDER BY dimsi LIMIT ?2",
    [ST_COUNT_DIMSI] = "SELECT phase, rows FROM dimsi_count WHERE sp = ?1",
    [ST_DUE_DIMSI] = "SELECT dimsi FROM dimsi WHERE todo <> 0 AND next_try <= ?1"
                     " ORDER BY next_try LIMIT ?2",
    [ST_FAR_DIMSI] = "SELECT dimsi FROM dimsi WHERE todo <> 0 AND next_try > ?1"
                     " ORDER BY next_try LIMIT ?2",
    [ST_EXPIRED_DIMSI] = "SELECT dimsi FROM dimsi WHERE expires <> 0 AND expires <= ?1"
                         " ORDER BY expires LIMIT ?2",

    [ST_LIST_AUDIT] = "SELECT id, at_ms, who, origin, action, target, before, after, outcome, hash"
                      " FROM audit WHERE id > ?1 ORDER BY id LIMIT ?2",
    [ST_AUDIT_HEAD] = "SELECT id, hash FROM audit WHERE id > 0 ORDER BY id DESC LIMIT 1",
    [ST_IMPORT] = IMPORT_SELECT " WHERE id = ?1",
    [ST_LIST_IMPORTS] = IMPORT_SELECT " WHERE id > ?1 ORDER BY id LIMIT ?2",
    [ST_STALE_IMPORT] = IMPORT_SELECT " WHERE state = 1 AND touched <= ?1 ORDER BY touched LIMIT 1",
    [ST_DUE_PUSH] = PUSH_SELECT " WHERE host = ?1 AND next_try <= ?2 ORDER BY next_try LIMIT ?3",
    [ST_FAR_PUSH] = PUSH_SELECT " WHERE host = ?1 AND next_try > ?2 ORDER BY next_try LIMIT ?3",
    [ST_PUSH_TRIED] = PUSH_SELECT " WHERE host = ?1 AND tried < ?2 ORDER BY tried LIMIT ?3",
    [ST_NEXT_PUSH_HOST] = "SELECT host FROM push WHERE host > ?1 ORDER BY host LIMIT 1",
    [ST_LIST_PUSH] = PUSH_SELECT " WHERE imsi = ?1 ORDER BY host LIMIT ?2",
    [ST_PUSH_PROFILE_LEFT] =
        PUSH_PROFILE_SELECT " WHERE what <> 0 AND what > 0 ORDER BY what LIMIT 1",
    [ST_NEXT_PUSH_PROFILE] =
        "SELECT profile FROM push_profile WHERE profile > ?1 ORDER BY profile LIMIT 1",
    /* One of two that may read all of a table: only for a profile that is gone. */
    [ST_COUNT_PROFILE] =
        "SELECT count(*) FROM (SELECT 1 FROM subscriber WHERE profile = ?1 LIMIT ?2)",
    [ST_RESET] = "SELECT open, epoch, since FROM reset WHERE id = 1",
    [ST_NODE] = NODE_SELECT " WHERE host = ?1",
    [ST_UNTOLD_NODES] = NODE_SELECT " WHERE (next_try, host) > (?1, ?2) AND told < ?3"
                                    " ORDER BY next_try, host LIMIT ?4",
    [ST_WEBHOOK] = "SELECT name, cursor, down FROM webhook WHERE name = ?1",
    [ST_LIST_WEBHOOKS] =
        "SELECT name, cursor, down FROM webhook WHERE name > '' ORDER BY name LIMIT ?1",
    [ST_NEWEST_EVENT] = "SELECT coalesce(max(id), 0) FROM event",

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
                      " ORDER BY ready, imsi LIMIT 1 OFFSET ?3",
    [ST_POOL_OF] = "SELECT id FROM imsi_pool WHERE first <= ?1 AND last >= ?1"
                   " ORDER BY first DESC LIMIT 1",
    [ST_POOL_PASSED] = "UPDATE imsi_pool SET passed = ?2 WHERE id = ?1",
    [ST_INSERT_POOL] = "INSERT INTO imsi_pool (first, last, passed) VALUES (?1, ?2, 0)",
    [ST_DELETE_POOLS] = "DELETE FROM imsi_pool WHERE first <= ?2 AND last >= ?1",
    [ST_ADOPT_RESTERS] = "UPDATE imsi_resting SET pool = ?3 WHERE imsi >= ?1 AND imsi <= ?2",
    [ST_REST] = "INSERT INTO imsi_resting (imsi, pool, ready) VALUES (?1, ?2, ?3)"
                " ON CONFLICT (imsi) DO UPDATE SET pool = ?2, ready = ?3",
    [ST_REST_NO_MORE] = "DELETE FROM imsi_resting WHERE imsi = ?1",
    [ST_PUT_DIMSI] =
        "INSERT INTO dimsi (" DIMSI_COLUMNS ") VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10,"
        " ?11, ?12, ?13, ?14, ?15, ?16, ?17, ?18, ?19, ?20, ?21, ?22, ?23)"
        " ON CONFLICT (dimsi) DO UPDATE SET phase = ?2, todo = ?3, next_try = ?4, tries = ?5,"
        " cause = ?6, detail = ?7, sp = ?8, arpf = ?9, token = ?10, se = ?11, has_se_before = ?12,"
        " se_before = ?13, number = ?14, release = ?15, imsi = ?16, operator_imsi = ?17,"
        " delivered = ?18, confirmed = ?19, used = ?20, first = ?21, changed = ?22, expires = ?23",
    [ST_DELETE_DIMSI] = "DELETE FROM dimsi WHERE dimsi = ?1",
    [ST_DIMSI_MOVED] = "INSERT INTO dimsi_count (sp, phase, rows) VALUES (?1, ?2, ?3)"
                       " ON CONFLICT (sp, phase) DO UPDATE SET rows = rows + ?3",
    [ST_PUT_DIMSI_OFFER] = "INSERT INTO dimsi_paper (dimsi, offer) VALUES (?1, ?2)"
                           " ON CONFLICT (dimsi) DO UPDATE SET offer = ?2",
    [ST_PUT_DIMSI_ENDORSEMENT] = "INSERT INTO dimsi_paper (dimsi, endorsement) VALUES (?1, ?2)"
                                 " ON CONFLICT (dimsi) DO UPDATE SET endorsement = ?2",
    [ST_PUT_DIMSI_CHALLENGE] = "INSERT INTO dimsi_paper (dimsi, challenge) VALUES (?1, ?2)"
                               " ON CONFLICT (dimsi) DO UPDATE SET challenge = ?2",
    [ST_DROP_DIMSI_PAPERS] = "DELETE FROM dimsi_paper WHERE dimsi = ?1",
    [ST_ADD_AUDIT] =
        "INSERT INTO audit (id, at_ms, who, origin, action, target, before, after, outcome, hash)"
        " VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10)",
    [ST_ADD_IMPORT] =
        "INSERT INTO import (state, kind, name, has_file, sha256, octets, rows, who, origin, begun,"
        " touched, ended, added, changed, unchanged, refused, not_sent)"
        " VALUES (?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?15, ?16, ?17, ?18)",
    [ST_PUT_IMPORT] =
        "UPDATE import SET state = ?2, name = ?4, has_file = ?5, sha256 = ?6, octets = ?7,"
        " rows = ?8, touched = ?12, ended = ?13, added = ?14, changed = ?15, unchanged = ?16,"
        " refused = ?17, not_sent = ?18 WHERE id = ?1",
    [ST_OPEN_IMPORTS] = "SELECT count(*), count(nullif(origin, ?2)),"
                        " count(CASE WHEN who = ?1 THEN 1 END)"
                        " FROM import WHERE state = 1 AND touched >= 0",
    [ST_COUNT_IMPORT] =
        "UPDATE import SET added = added + ?2, changed = changed + ?3, unchanged = unchanged + ?4,"
        " refused = refused + ?5, touched = ?6"
        " WHERE id = ?1 AND who = ?7 AND kind = ?8 AND state = 1",
    [ST_KEEP_DIMSI_OFFER] = "UPDATE dimsi_paper SET endorsement = NULL, challenge = NULL"
                            " WHERE dimsi = ?1",
    /* A serial that nobody has: an answer to what was there before is an answer to nothing. */
    [ST_PUT_PUSH] = "INSERT INTO push (imsi, host, realm, what, serial, tries, since, tried,"
                    " next_try, cause) VALUES (?1, ?2, ?3, ?4, random() & 9223372036854775807, 0,"
                    " ?5, 0, ?6, '')"
                    " ON CONFLICT (imsi, host) DO UPDATE SET realm = excluded.realm,"
                    " what = (what & ~?7) | excluded.what, serial = excluded.serial, tries = 0,"
                    " tried = 0, next_try = excluded.next_try, cause = ''",
    [ST_PUSH_DONE] = "UPDATE push SET what = what & ~?4, tries = 0, next_try = 0, cause = ''"
                     " WHERE imsi = ?1 AND host = ?2 AND serial = ?3",
    [ST_PUSH_OVER] = "DELETE FROM push WHERE imsi = ?1 AND host = ?2 AND serial = ?3"
                     " AND what = 0",
    [ST_PUSH_LATER] = "UPDATE push SET tries = ?4, tried = ?5, next_try = ?6, cause = ?7"
                      " WHERE imsi = ?1 AND host = ?2 AND serial = ?3",
    [ST_PUSH_REGISTERED] = "DELETE FROM push WHERE imsi = ?1 AND (host = ?2 OR what & 8 = 0)",
    [ST_PUSH_KNOWN] = "UPDATE push SET serial = random() & 9223372036854775807,"
                      " what = CASE WHEN what & 8 THEN 1 ELSE what END"
                      " WHERE imsi = ?1 AND host = ?2",
    [ST_DROP_PUSH] = "DELETE FROM push WHERE imsi = ?1 AND host = ?2",
    [ST_PUSH_PROFILE] = PUSH_PROFILE_SELECT " WHERE profile = ?1",
    [ST_PUT_PUSH_PROFILE] = "INSERT OR REPLACE INTO push_profile"
                            " (profile, digest, timer, what, after) VALUES (?1, ?2, ?3, ?4, ?5)",
    [ST_DROP_PUSH_PROFILE] = "DELETE FROM push_profile WHERE profile = ?1",
    [ST_SERVED_BY_PROFILE] = "SELECT imsi, host, realm FROM subscriber WHERE profile = ?1"
                             " AND imsi > ?2 AND host <> '' AND purged = 0"
                             " ORDER BY imsi LIMIT ?3",
    [ST_PUT_RESET] = "UPDATE reset SET open = ?1, epoch = ?2, since = ?3 WHERE id = 1",
    [ST_NODE_KNOWN] = "SELECT realm, named, seen FROM serving_node WHERE host = ?1",
    [ST_COUNT_NODES] = "SELECT count(*) FROM serving_node WHERE realm = ?1 AND named = 0",
    [ST_DROP_OLDEST_NODE] = "DELETE FROM serving_node WHERE host IN (SELECT host FROM serving_node"
                            " WHERE realm = ?1 AND named = 0 ORDER BY seen LIMIT 1)",
    [ST_PUT_NODE] = "INSERT INTO serving_node"
                    " (host, realm, seen, named, told, asked, asked_at, next_try, tries)"
                    " VALUES (?1, ?2, ?3, ?4, 0, 0, 0, 0, 0)"
                    " ON CONFLICT (host) DO UPDATE SET"
                    " realm = excluded.realm, seen = excluded.seen, named = excluded.named",
    [ST_NODE_ASKED] = "UPDATE serving_node SET asked = ?2, asked_at = ?3, next_try = ?4,"
                      " tries = ?5 WHERE host = ?1",
    [ST_NODE_TOLD] = "UPDATE serving_node SET told = ?2, tries = 0 WHERE host = ?1",
    [ST_BEGIN_WEBHOOK] = "INSERT OR IGNORE INTO webhook (name, cursor, down)"
                         " SELECT ?1, coalesce(max(id), 0), 0 FROM event",
    [ST_PUT_WEBHOOK] = "UPDATE webhook SET cursor = ?2, down = ?3 WHERE name = ?1",
    [ST_DROP_WEBHOOK] = "DELETE FROM webhook WHERE name = ?1",
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
