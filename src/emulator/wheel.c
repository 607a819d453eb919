#include "emulator/wheel.h"

#include <stdlib.h>
#include <string.h>

#define NOBODY UINT32_MAX
#define MASK   (WHEEL_SLOTS - 1)

enum err wheel_open(struct wheel *w, uint32_t n, uint64_t now)
{
    memset(w->used, 0, sizeof w->used);
    memset(w->slot, 0xff, sizeof w->slot);
    w->n = n;
    w->now = now;
    w->cursor = NOBODY;
    w->entry = calloc(n > 0 ? n : 1, sizeof *w->entry);
    for (uint32_t i = 0; w->entry != NULL && i < n; i++) {
        w->entry[i].at = WHEEL_NEVER;
    }
    return w->entry != NULL ? E_OK : E_MEMORY;
}

void wheel_close(struct wheel *w)
{
    free(w->entry);
    w->entry = NULL;
    w->n = 0;
}

static void unlink_entry(struct wheel *w, uint32_t i)
{
    const struct wheel_entry *e = &w->entry[i];
    const uint32_t slot = (uint32_t)e->at & MASK;
    if (w->cursor == i) {
        w->cursor = e->next;
    }
    if (e->next != NOBODY) {
        w->entry[e->next].previous = e->previous;
    }
    if (e->previous != NOBODY) {
        w->entry[e->previous].next = e->next;
        return;
    }
    w->slot[slot] = e->next;
    if (e->next == NOBODY) {
        w->used[slot / 64] &= ~(UINT64_C(1) << slot % 64);
    }
}

void wheel_set(struct wheel *w, uint32_t timer, uint64_t at)
{
    struct wheel_entry *e = &w->entry[timer];
    if (at != WHEEL_NEVER && at <= w->now) {
        at = w->now + 1; /* the slot of `now` is being looked through */
    }
    if (e->at == at) {
        return;
    }
    if (e->at != WHEEL_NEVER) {
        unlink_entry(w, timer);
    }
    e->at = at;
    if (at == WHEEL_NEVER) {
        return;
    }
    const uint32_t slot = (uint32_t)at & MASK;
    e->next = w->slot[slot];
    e->previous = NOBODY;
    if (e->next != NOBODY) {
        w->entry[e->next].previous = timer;
    }
    w->slot[slot] = timer;
    w->used[slot / 64] |= UINT64_C(1) << slot % 64;
}

/* From `slot` on, how far to the next one in use: 0 to WHEEL_SLOTS, which is none. */
static uint32_t distance(const struct wheel *w, uint32_t slot)
{
    uint32_t gone = 0;
    while (gone < WHEEL_SLOTS) {
        const uint32_t at = (slot + gone) & MASK;
        const uint64_t word = w->used[at / 64] >> at % 64;
        if (word != 0) {
            gone += (uint32_t)__builtin_ctzll(word);
            return gone < WHEEL_SLOTS ? gone : WHEEL_SLOTS;
        }
        gone += 64 - at % 64;
    }
    return WHEEL_SLOTS;
}

/* To the next slot in use, or to `now`. */
static void advance(struct wheel *w, uint64_t now)
{
    if (now - w->now > WHEEL_SLOTS) {
        w->now = now - WHEEL_SLOTS; /* one turn sees every slot */
    }
    const uint64_t to = w->now + 1 + distance(w, (uint32_t)(w->now + 1) & MASK);
    w->now = to < now ? to : now;
    w->cursor = w->slot[w->now & MASK];
}

bool wheel_next(struct wheel *w, uint64_t now, uint32_t *timer)
{
    for (;;) {
        while (w->cursor != NOBODY) {
            const uint32_t i = w->cursor;
            w->cursor = w->entry[i].next;
            if (w->entry[i].at <= now) {
                unlink_entry(w, i);
                w->entry[i].at = WHEEL_NEVER;
                *timer = i;
                return true;
            }
        }
        if (w->now >= now) {
            return false;
        }
        advance(w, now);
    }
}

uint64_t wheel_deadline(const struct wheel *w)
{
    const uint32_t gone = distance(w, (uint32_t)(w->now + 1) & MASK);
    return gone == WHEEL_SLOTS ? WHEEL_NEVER : w->now + 1 + gone;
}
