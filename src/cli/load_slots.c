#include "cli/load_slots.h"
#include <stdlib.h>

enum err load_slots_open(struct load_slots *s, unsigned bits)
{
    uint32_t n = UINT32_C(1) << bits;
    *s = (struct load_slots){.bits = bits, .oldest = LOAD_NO_SLOT, .newest = LOAD_NO_SLOT};
    s->slot = calloc(n, sizeof *s->slot);
    if (!s->slot) {
        return E_MEMORY;
    }
    for (uint32_t i = 0; i < n; i++) {
        s->slot[i].newer = i + 1 < n ? i + 1 : LOAD_NO_SLOT;
        s->slot[i].id = i;
    }
    return E_OK;
}

void load_slots_close(struct load_slots *s)
{
    free(s->slot);
    s->slot = NULL;
}

uint32_t load_slots_number(const struct load_slots *s, const struct load_slot *slot)
{
    return (uint32_t)(slot - s->slot);
}

struct load_slot *load_slots_take(struct load_slots *s)
{
    uint32_t i = s->free;
    if (i == LOAD_NO_SLOT) {
        return NULL;
    }
    struct load_slot *slot = &s->slot[i];
    s->free = slot->newer;
    slot->id += UINT32_C(1) << s->bits;
    slot->state = LOAD_WAITING;
    slot->older = s->newest;
    slot->newer = slot->behind = LOAD_NO_SLOT;
    if (s->newest != LOAD_NO_SLOT) {
        s->slot[s->newest].newer = i;
    } else {
        s->oldest = i;
    }
    s->newest = i;
    s->used++;
    return slot;
}

void load_slots_give(struct load_slots *s, struct load_slot *slot)
{
    if (slot->older != LOAD_NO_SLOT) {
        s->slot[slot->older].newer = slot->newer;
    } else {
        s->oldest = slot->newer;
    }
    if (slot->newer != LOAD_NO_SLOT) {
        s->slot[slot->newer].older = slot->older;
    } else {
        s->newest = slot->older;
    }
    slot->state = LOAD_FREE;
    slot->newer = s->free;
    s->free = load_slots_number(s, slot);
    s->used--;
}

struct load_slot *load_slots_find(struct load_slots *s, uint32_t id)
{
    struct load_slot *slot = &s->slot[id & ((UINT32_C(1) << s->bits) - 1)];
    return slot->state != LOAD_FREE && slot->id == id ? slot : NULL;
}

struct load_slot *load_slots_oldest(struct load_slots *s)
{
    return s->oldest != LOAD_NO_SLOT ? &s->slot[s->oldest] : NULL;
}

struct load_queue load_queue_empty(void)
{
    return (struct load_queue){.first = LOAD_NO_SLOT, .last = LOAD_NO_SLOT, .n = 0};
}

void load_queue_put(struct load_slots *s, struct load_queue *q, struct load_slot *slot)
{
    uint32_t i = load_slots_number(s, slot);
    slot->behind = LOAD_NO_SLOT;
    if (q->n > 0) {
        s->slot[q->last].behind = i;
    } else {
        q->first = i;
    }
    q->last = i;
    q->n++;
}

struct load_slot *load_queue_take(struct load_slots *s, struct load_queue *q)
{
    if (q->n == 0) {
        return NULL;
    }
    struct load_slot *slot = &s->slot[q->first];
    q->first = slot->behind;
    q->n--;
    return slot;
}
