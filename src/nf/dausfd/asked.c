#include "nf/dausfd/asked.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#define SLOTS (2 * ASKED_ROOM) /* at most half full: a place is found in a few steps */

struct asked {
    pthread_mutex_t lock;
    size_t n;
    struct discovery_asked rows[ASKED_ROOM];
    uint16_t slots[SLOTS]; /* 0: free; else a row's number from 1 */
};

enum err asked_open(struct asked **out)
{
    struct asked *a = calloc(1, sizeof *a);
    if (a == NULL || pthread_mutex_init(&a->lock, NULL) != 0) {
        free(a);
        return E_MEMORY;
    }
    *out = a;
    return E_OK;
}

void asked_close(struct asked *a)
{
    if (a != NULL) {
        (void)pthread_mutex_destroy(&a->lock);
        free(a);
    }
}

/* FNV-1a. Who could choose digits that meet has to have pushed entries for them. */
static uint32_t hash(const struct imsi *imsi)
{
    uint32_t h = 2166136261U;
    for (size_t i = 0; i < imsi->n; i++) {
        h = (h ^ (uint8_t)imsi->digits[i]) * 16777619U;
    }
    return h;
}

/* The dIMSI's slot, or the free one where it belongs. */
static uint16_t *slot_of(struct asked *a, const struct imsi *dimsi)
{
    uint32_t at = hash(dimsi) % SLOTS;
    while (a->slots[at] != 0 && !imsi_eq(&a->rows[a->slots[at] - 1].dimsi, dimsi)) {
        at = (at + 1) % SLOTS;
    }
    return &a->slots[at];
}

bool asked_note(struct asked *a, const struct imsi *dimsi, int64_t now)
{
    (void)pthread_mutex_lock(&a->lock);
    uint16_t *slot = slot_of(a, dimsi);
    bool fits = *slot != 0 || a->n < ASKED_ROOM;
    if (fits && *slot == 0) {
        a->rows[a->n] = (struct discovery_asked){.dimsi = *dimsi};
        a->n++;
        *slot = (uint16_t)a->n;
    }
    if (fits) {
        struct discovery_asked *row = &a->rows[*slot - 1];
        row->times++;
        row->last = now;
    }
    (void)pthread_mutex_unlock(&a->lock);
    return fits;
}

void asked_take(struct asked *a, struct discovery_asked rows[static ASKED_ROOM], size_t *n)
{
    (void)pthread_mutex_lock(&a->lock);
    *n = a->n;
    memcpy(rows, a->rows, a->n * sizeof *rows);
    if (a->n > 0) {
        memset(a->slots, 0, sizeof a->slots);
    }
    a->n = 0;
    (void)pthread_mutex_unlock(&a->lock);
}
