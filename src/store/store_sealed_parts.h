/* store/store_sealed_parts.h - what the files share that go through sealed values. Nobody else
 * includes it.
 */
#ifndef BINDERY_STORE_STORE_SEALED_PARTS_H
#define BINDERY_STORE_STORE_SEALED_PARTS_H

#include "store/store_internal.h"
#include "store/store_sealed.h"

/* Where sealed values of an HSS's store are. The first row's key is above 0, as no IMSI's is below
 * (imsi_key). */
struct sealed_column {
    const char *place; /* of its values: store_seal.c */
    const char *table, *column;
    const char *next; /* keys and value of the rows behind ?1, ?2, or behind the text ?3 */
    const char *put;  /* ?4 in the row ?1, ?2, or ?3 */
    bool by_text;
    bool by_two;
};
#define SEALED_COLUMNS 6u
extern const struct sealed_column sealed_columns[SEALED_COLUMNS];

/* Whose value it is. */
struct store_sealed_value sealed_value_of(const struct seal_row *row);
/* One more that does not open. */
void damaged_add(struct store_damaged *d, const struct store_sealed_value *v);

/* For store_file.h: each kind of store goes through its own rows with these. */
struct sealed_look {
    struct store_opened *out;
    void (*told)(void *ctx, uint64_t looked);
    void *ctx;
};
/* A value was tried. Errors: what has nothing to do with the value (memory, crypto). */
MUST_USE enum err sealed_looked(struct sealed_look *l, const struct store_sealed_value *v,
                                enum err err);
/* The HSS's. Errors: as SQLite's, E_MEMORY, E_CRYPTO. */
MUST_USE enum err sealed_open_hss(sqlite3 *db, struct sealer *s, struct sealed_look *l);

#endif
