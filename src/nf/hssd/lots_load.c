/* nf/hssd/lots_load.c - the table of lots out of the store; what the store cannot have written is
 * refused, so that no lot is found that is not the one. */
#include "nf/hssd/lots_parts.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define PAGE_LOTS   256u
#define PAGE_RANGES 4096u

static enum err damaged(struct store_why *why, const char *id)
{
    snprintf(why->text, sizeof why->text,
             "the store's lot %s and its ranges are not as they were written: something else "
             "changed them; restore a backup",
             id);
    return E_BAD_VALUE;
}

/* With room for its ranges, which follow. The store gives them by their ids. */
static enum err take_lot(const struct store_lot *row, struct lots_table *t, struct store_why *why)
{
    struct kme_lot lot;
    bool good = row->ranges > 0 && row->ranges <= STORE_LOT_RANGES_MAX &&
                kme_lot_make(bytes_of_str(row->id), bytes_of_str(row->manufacturer),
                             (struct bytes){row->modulus, row->modulus_n}, &lot) == E_OK &&
                (t->n == 0 || strcmp(t->entries[t->n - 1]->lot.id.text, lot.id.text) < 0);
    if (!good) {
        return damaged(why, row->id);
    }
    struct lots_entry *e =
        lots_table_room(t, t->n + 1, 0) ? lots_entry_room(&lot, row->ranges, row->imported) : NULL;
    if (e == NULL) {
        return E_MEMORY;
    }
    e->n = row->ranges;
    t->entries[t->n++] = e;
    return E_OK;
}

static enum err read_lots(struct store_reader *r, struct lots_table *t, struct store_why *why)
{
    struct store_lot *page = calloc(PAGE_LOTS, sizeof *page);
    size_t got = PAGE_LOTS;
    char after[STORE_LOT_ID_MAX + 1] = "";
    enum err err = page == NULL ? E_MEMORY : E_OK;
    while (err == E_OK && got == PAGE_LOTS) {
        err = store_list_lots(r, after, page, PAGE_LOTS, &got);
        for (size_t i = 0; err == E_OK && i < got; i++) {
            err = take_lot(&page[i], t, why);
            memcpy(after, page[i].id, sizeof after);
        }
    }
    free(page);
    return err;
}

/* have: how many ranges of each lot came so far. */
static enum err take_range(const struct store_lot_range *row, struct lots_table *t, uint32_t *have,
                           struct store_why *why)
{
    struct kme_lot_id id;
    const struct imei_range range = {row->first, row->last};
    bool is_id = kme_lot_id_parse(bytes_of_str(row->lot), &id) == E_OK;
    struct lots_entry *e = is_id ? lots_table_entry(t, &id) : NULL;
    size_t at = e != NULL ? lots_table_place(t, &id) : 0;
    if (e == NULL || have[at] == e->n) {
        return damaged(why, row->lot);
    }
    if (!lots_table_room(t, 0, t->n_ranges + 1)) {
        return E_MEMORY;
    }
    e->ranges[have[at]++] = range;
    t->ranges[t->n_ranges++] = (struct kme_lot_range){.range = range, .lot = (uint32_t)at};
    return E_OK;
}

static enum err read_ranges(struct store_reader *r, struct lots_table *t, struct store_why *why)
{
    struct store_lot_range *page = calloc(PAGE_RANGES, sizeof *page);
    uint32_t *have = calloc(t->n + 1, sizeof *have);
    size_t got = PAGE_RANGES;
    uint64_t after = 0;
    enum err err = page == NULL || have == NULL ? E_MEMORY : E_OK;
    while (err == E_OK && got == PAGE_RANGES) {
        err = store_list_lot_ranges(r, t->n_ranges > 0 ? &after : NULL, page, PAGE_RANGES, &got);
        for (size_t i = 0; err == E_OK && i < got; i++) {
            err = take_range(&page[i], t, have, why);
            after = page[i].first;
        }
    }
    for (size_t i = 0; err == E_OK && i < t->n; i++) {
        err = have[i] == t->entries[i]->n ? E_OK : damaged(why, t->entries[i]->lot.id.text);
    }
    free(have);
    free(page);
    return err;
}

static enum err check_ranges(const struct lots_table *t, struct store_why *why)
{
    struct kme_lots lots;
    struct kme_lot_overlap both = {0, 0, {0, 0}};
    enum err err = kme_lots_of(t->ranges, t->n_ranges, &both, &lots);
    return err == E_OK ? E_OK : damaged(why, t->entries[both.a]->lot.id.text);
}

enum err lots_load(struct store_reader *r, struct lots_table *t, struct store_why *why)
{
    enum err err = store_reader_begin(r);
    if (err != E_OK) {
        return err;
    }
    err = read_lots(r, t, why);
    if (err == E_OK) {
        err = read_ranges(r, t, why);
    }
    store_reader_end(r);
    return err == E_OK && t->n > 0 ? check_ranges(t, why) : err;
}
