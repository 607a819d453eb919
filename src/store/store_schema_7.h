/* store/store_schema_7.h - the tables of schema 7, what an operator needs around the signalling:
 * changes that an MME is still to be told, the audit log, imports, webhooks, the job that seals
 * again, and where a store came from. Text for store_schema.c alone.
 */
#ifndef BINDERY_STORE_STORE_SCHEMA_7_H
#define BINDERY_STORE_STORE_SCHEMA_7_H

/* store_push.c */
#define STORE_PUSH_TABLES                                                                          \
    "CREATE TABLE push ("                                                                          \
    " imsi INTEGER NOT NULL," /* imsi_key */                                                       \
    " host TEXT NOT NULL COLLATE NOCASE,"                                                          \
    " realm TEXT NOT NULL,"                                                                        \
    " what INTEGER NOT NULL,"                                                                      \
    " serial INTEGER NOT NULL,"                                                                    \
    " tries INTEGER NOT NULL,"                                                                     \
    " since INTEGER NOT NULL,"                                                                     \
    " tried INTEGER NOT NULL,"                                                                     \
    " next_try INTEGER NOT NULL,"                                                                  \
    " cause TEXT NOT NULL,"                                                                        \
    " PRIMARY KEY (imsi, host)) STRICT, WITHOUT ROWID;"                                            \
    "CREATE INDEX push_by_next_try ON push (host, next_try);"                                      \
    "CREATE INDEX push_by_tried ON push (host, tried);"                                            \
    "CREATE TABLE push_profile ("                                                                  \
    " profile TEXT PRIMARY KEY,"                                                                   \
    " digest BLOB NOT NULL,"                                                                       \
    " timer INTEGER NOT NULL,"                                                                     \
    " what INTEGER NOT NULL,"                                                                      \
    " after INTEGER NOT NULL) STRICT, WITHOUT ROWID;"                                              \
    "CREATE INDEX push_profile_left ON push_profile (what) WHERE what <> 0;"                       \
    "CREATE INDEX subscriber_served ON subscriber (profile, imsi)"                                 \
    " WHERE host <> '' AND purged = 0;"                                                            \
    "CREATE TABLE reset ("                                                                         \
    " id INTEGER PRIMARY KEY CHECK (id = 1),"                                                      \
    " open INTEGER NOT NULL,"                                                                      \
    " epoch INTEGER NOT NULL,"                                                                     \
    " since INTEGER NOT NULL) STRICT;"                                                             \
    "INSERT INTO reset (id, open, epoch, since) VALUES (1, 0, 0, 0);"                              \
    "CREATE TABLE reset_told ("                                                                    \
    " host TEXT PRIMARY KEY COLLATE NOCASE,"                                                       \
    " epoch INTEGER NOT NULL) STRICT, WITHOUT ROWID;"
/* store_audit.c */
#define STORE_AUDIT_TABLES                                                                         \
    "CREATE TABLE audit ("                                                                         \
    " id INTEGER PRIMARY KEY,"                                                                     \
    " at_ms INTEGER NOT NULL,"                                                                     \
    " who TEXT NOT NULL,"                                                                          \
    " origin TEXT NOT NULL,"                                                                       \
    " action TEXT NOT NULL,"                                                                       \
    " target TEXT NOT NULL,"                                                                       \
    " before TEXT NOT NULL,"                                                                       \
    " after TEXT NOT NULL,"                                                                        \
    " outcome TEXT NOT NULL,"                                                                      \
    " hash BLOB NOT NULL) STRICT;"
#define STORE_IMPORT_TABLES                                                                        \
    "CREATE TABLE import ("                                                                        \
    " id INTEGER PRIMARY KEY AUTOINCREMENT,"                                                       \
    " state INTEGER NOT NULL,"                                                                     \
    " kind TEXT NOT NULL,"                                                                         \
    " name TEXT NOT NULL,"                                                                         \
    " has_file INTEGER NOT NULL,"                                                                  \
    " sha256 BLOB NOT NULL,"                                                                       \
    " octets INTEGER NOT NULL,"                                                                    \
    " rows INTEGER NOT NULL,"                                                                      \
    " who TEXT NOT NULL,"                                                                          \
    " origin TEXT NOT NULL,"                                                                       \
    " begun INTEGER NOT NULL,"                                                                     \
    " touched INTEGER NOT NULL,"                                                                   \
    " ended INTEGER NOT NULL,"                                                                     \
    " added INTEGER NOT NULL,"                                                                     \
    " changed INTEGER NOT NULL,"                                                                   \
    " unchanged INTEGER NOT NULL,"                                                                 \
    " refused INTEGER NOT NULL,"                                                                   \
    " not_sent INTEGER NOT NULL) STRICT;"                                                          \
    "CREATE INDEX import_open ON import (touched) WHERE state = 1;" /* STORE_IMPORT_OPEN */
/* store_webhook.c */
#define STORE_WEBHOOK_TABLES                                                                       \
    "CREATE TABLE webhook ("                                                                       \
    " name TEXT PRIMARY KEY,"                                                                      \
    " cursor INTEGER NOT NULL,"                                                                    \
    " down INTEGER NOT NULL) STRICT, WITHOUT ROWID;"
/* store_keys.c, store_reseal.c */
#define STORE_KEY_JOB_TABLES                                                                       \
    "CREATE TABLE kek ("                                                                           \
    " id INTEGER PRIMARY KEY CHECK (id = 1),"                                                      \
    " fingerprint BLOB NOT NULL,"                                                                  \
    " since INTEGER NOT NULL) STRICT;"                                                             \
    "CREATE TABLE reseal ("                                                                        \
    " id INTEGER PRIMARY KEY CHECK (id = 1),"                                                      \
    " state INTEGER NOT NULL,"                                                                     \
    " data_key INTEGER NOT NULL,"                                                                  \
    " place INTEGER NOT NULL," /* which column, and behind which row of it */                      \
    " after_1 INTEGER NOT NULL,"                                                                   \
    " after_2 INTEGER NOT NULL,"                                                                   \
    " after_text TEXT NOT NULL,"                                                                   \
    " sealed INTEGER NOT NULL,"                                                                    \
    " looked INTEGER NOT NULL,"                                                                    \
    " resealed INTEGER NOT NULL,"                                                                  \
    " failed INTEGER NOT NULL,"                                                                    \
    " started INTEGER NOT NULL,"                                                                   \
    " changed INTEGER NOT NULL) STRICT;"
/* store_origin.c */
#define STORE_ORIGIN_TABLES                                                                        \
    "CREATE TABLE origin ("                                                                        \
    " id INTEGER PRIMARY KEY CHECK (id = 1),"                                                      \
    " closed INTEGER NOT NULL,"   /* in order, by the last process that had it */                  \
    " restored INTEGER NOT NULL," /* and not opened since */                                       \
    " restored_at INTEGER NOT NULL,"                                                               \
    " backup_at INTEGER NOT NULL,"                                                                 \
    " backup TEXT NOT NULL) STRICT;"                                                               \
    "INSERT INTO origin (id, closed, restored, restored_at, backup_at, backup)"                    \
    " VALUES (1, 1, 0, 0, 0, '');"

#endif
