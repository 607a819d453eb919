/* nf/hssd/backups.h - backups of the store that the HSS makes while it serves: one at a time, on a
 * thread of low priority, in steps with a rest between them, into the folder of the configuration.
 *
 * The thread has a connection of its own to the database and shares nothing with the writer and the
 * readers. It never removes a backup.
 */
#ifndef BINDERY_NF_HSSD_BACKUPS_H
#define BINDERY_NF_HSSD_BACKUPS_H

#include "nf/common/admin_access.h"
#include "nf/hssd/hssd.h"
#include "store/store_backup.h"

#define BACKUP_SUFFIX ".backup"

enum backup_state { BACKUP_NONE, BACKUP_RUNS, BACKUP_MADE, BACKUP_FAILED };
struct backups_view { /* of the last one that was begun */
    enum backup_state state;
    char name[STORE_BACKUP_NAME_MAX + 1];
    int64_t started, ended; /* Unix seconds; 0: not yet */
    uint64_t pages, of;     /* copied */
    enum err err;
    char why[512]; /* FAILED */
};
struct backups;
/* Errors: E_MEMORY. */
MUST_USE enum err backups_open(struct hssd *h, struct backups **out);
/* Where the store was put there from a backup: event store-restored, and an entry in the audit log,
 * once. One that could not be written is told again with the next start. */
void backups_tell_restored(struct hssd *h);
/* 1 to STORE_BACKUP_NAME_MAX letters, digits, dots, hyphens and underscores; the first a letter or
 * a digit. */
bool backup_name_ok(const char *name);
/* The file of a backup in the folder; false: too long. */
MUST_USE bool backup_path(const struct hssd_config *config, const char *name,
                          char out[static PATH_MAX]);
/* Could one of this name be begun now? Errors: those of backups_begin but E_IO. Control thread. */
MUST_USE enum err backups_may(struct backups *b, const char *name);
/* Begins one that is `begun` in the audit log; `done` or `failed` follows there in any case, as
 * soon as the store takes it. Events backup-made and backup-failed tell what became of it. Control
 * thread. Errors: E_BUSY (one runs), E_BAD_STATE (no folder is configured), E_BAD_VALUE (the path
 * is too long), E_EXISTS, E_IO (no thread). */
MUST_USE enum err backups_begin(struct backups *b, const char *name, const struct admin_who *who);
/* Each second: what the store could not take is tried again. Harmless on NULL. */
void backups_tick(struct backups *b);
void backups_look(struct backups *b, struct backups_view *out);
/* One that runs is ended, and leaves nothing. Before the writer is drained. Harmless on NULL. */
void backups_close(struct backups *b);

#endif
