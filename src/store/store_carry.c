/* What a store that a backup takes the place of has, and the backup does not. */
#include "store/store_backup_parts.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

const struct store_file_kind *store_kind_of(uint32_t application)
{
    static const struct store_file_kind *const kinds[] = {&hss_store_kind, &arpf_store_kind,
                                                          &discovery_store_kind,
                                                          &delivery_store_kind, &repo_store_kind};
    for (size_t i = 0; i < sizeof kinds / sizeof kinds[0]; i++) {
        if (kinds[i]->application == application) {
            return kinds[i];
        }
    }
    return NULL;
}

void carry_clean(const struct carry *c)
{
    static const char *const suffixes[] = {"",
                                           "-journal",
                                           BACKUP_MANIFEST,
                                           BACKUP_PARTIAL,
                                           BACKUP_PARTIAL "-journal",
                                           BACKUP_MANIFEST BACKUP_PARTIAL};
    char path[sizeof c->scratch + 64];
    for (size_t i = 0; i < sizeof suffixes / sizeof suffixes[0]; i++) {
        (void)snprintf(path, sizeof path, "%s%s", c->scratch, suffixes[i]);
        (void)unlink(path); /* most often not there */
    }
}

static bool is_ours_to_say(enum err err)
{
    return err == E_NO_ROOM || err == E_DENIED || err == E_MEMORY;
}

/* What is wrong with the old store is why it is not taken over; what is wrong with the disk or
 * with us is an error. */
static enum err not_read(struct carry *c, enum err err, struct store_why *why)
{
    if (is_ours_to_say(err)) {
        return err;
    }
    (void)snprintf(c->why_not, sizeof c->why_not, "%.*s", (int)sizeof c->why_not - 1, why->text);
    *why = (struct store_why){E_OK, ""};
    return E_OK;
}

/* The copy becomes one of this program's schema, and is looked at: what SQLite finds damaged tells
 * nothing that can be relied on. */
static enum err bring_up(struct carry *c, struct store_why *why)
{
    sqlite3 *db = NULL;
    enum err err = backup_connect(c->scratch, SQLITE_OPEN_READWRITE, &db);
    if (err != E_OK) {
        err = why_set(why, err, "%s: %s", c->scratch, sqlite3_errmsg(db));
    }
    if (err == E_OK) {
        err = backup_check_sound(db, c->scratch, why);
    }
    if (err == E_OK) {
        err = schema_migrate(db, c->scratch, c->kind->steps, c->kind->n_steps, why);
    }
    (void)sqlite3_close(db); /* committed, or not to be */
    return err;
}

static enum err attach(struct carry *c, sqlite3 *db, struct store_why *why)
{
    sqlite3_stmt *st = NULL;
    int rc = sqlite3_prepare_v2(db, "ATTACH ?1 AS old", -1, &st, NULL);
    if (rc == SQLITE_OK) {
        rc = sqlite3_bind_text(st, 1, c->scratch, -1, SQLITE_STATIC);
    }
    enum err err = rc == SQLITE_OK ? stmt_run(st) : backup_err(rc);
    (void)sqlite3_finalize(st); /* repeats the step's result */
    c->attached = err == E_OK;
    return err == E_OK
               ? E_OK
               : why_set(why, err, "%s cannot be looked at: %s", c->scratch, sqlite3_errmsg(db));
}

enum err carry_attach(struct carry *c, sqlite3 *db, struct store_why *why)
{
    const struct store_backup_options copy = {.store = c->old, .out = c->scratch};
    struct store_manifest *m = calloc(1, sizeof *m);
    carry_clean(c);
    if (m == NULL) {
        return why_set(why, E_MEMORY, "no memory");
    }
    if (access(c->old, F_OK) != 0) {
        (void)snprintf(c->why_not, sizeof c->why_not, "there is no store at %.200s", c->old);
        free(m);
        return E_OK;
    }
    enum err err = store_check_file(c->old, c->kind->application, why);
    if (err == E_OK) {
        err = store_backup_make(&copy, m, why);
    }
    if (err == E_OK && strcmp(m->store_id, c->store_id) != 0) {
        err = why_set(why, E_BAD_VALUE, "%s was made anew since, and is not the one of the backup",
                      c->old);
    }
    free(m);
    if (err == E_OK) {
        err = bring_up(c, why);
    }
    return err == E_OK ? attach(c, db, why) : not_read(c, err, why);
}

enum err carry_rows(struct carry *c, sqlite3 *db)
{
    int64_t missing = 1;
    if (!c->attached) {
        return E_OK;
    }
    enum err err = backup_number(db, c->kind->missing, &missing);
    if (err == E_OK) {
        err = backup_err(sqlite3_exec(db, c->kind->carry, NULL, NULL, NULL));
    }
    c->whole = err == E_OK && missing == 0;
    if (err == E_OK && missing != 0) {
        (void)snprintf(c->why_not, sizeof c->why_not,
                       "%.180s does not go on from the backup: it was made anew since", c->old);
    }
    return err;
}
