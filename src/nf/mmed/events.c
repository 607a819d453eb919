#include "nf/mmed/events.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define KINDS     96 /* more share the last one */
#define SHARE     16 /* of the places: what one kind may have */
#define SHARE_MIN 8

/* A place holds one event, in two queues: of all, and of its kind. NONE: there is none. */
#define NONE UINT32_MAX
struct place {
    uint32_t older, newer; /* of all */
    uint32_t kind_newer;
    unsigned kind;
    struct mmed_event_row row;
};
struct kind {
    char name[32], cause[32];
    uint32_t oldest, newest;
    size_t n;
};
struct mmed_events {
    size_t kept, n, share;
    uint64_t last; /* the id of the newest */
    uint64_t base; /* those of this process are behind it */
    void (*wake)(void *ctx);
    void *wake_ctx;
    uint32_t oldest, newest;
    uint32_t free; /* through kind_newer */
    uint32_t read; /* the place that was read last */
    unsigned n_kinds;
    struct kind kinds[KINDS];
    struct place places[];
};

enum err events_open(uint64_t kept, struct mmed_events **out)
{
    if (kept == 0 || kept > 10 * 1000 * 1000) {
        return E_BAD_VALUE;
    }
    struct mmed_events *e = calloc(1, sizeof *e + kept * sizeof e->places[0]);
    if (e == NULL) {
        return E_MEMORY;
    }
    e->kept = kept;
    e->share = kept / SHARE > SHARE_MIN ? kept / SHARE : SHARE_MIN;
    e->oldest = e->newest = NONE;
    for (size_t i = 0; i < kept; i++) {
        e->places[i].kind_newer = i + 1 < kept ? (uint32_t)(i + 1) : NONE;
    }
    *out = e;
    return E_OK;
}

void events_close(struct mmed_events *e)
{
    free(e);
}

void events_number_from(struct mmed_events *e, uint64_t id)
{
    e->last = e->base = id;
}

void events_watch(struct mmed_events *e, void (*wake)(void *ctx), void *ctx)
{
    e->wake = wake;
    e->wake_ctx = ctx;
}

static int64_t wall_ms(void)
{
    struct timespec t;
    (void)clock_gettime(CLOCK_REALTIME, &t);
    return (int64_t)t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

/* ---- kinds ----------------------------------------------------------------------------------- */

/* As much of them as a kind keeps. */
static bool is_kind(const struct kind *k, const char *name, const char *cause)
{
    return strncmp(k->name, name, sizeof k->name - 1) == 0 &&
           strncmp(k->cause, cause, sizeof k->cause - 1) == 0;
}

static unsigned kind_of(struct mmed_events *e, const char *name, const char *cause)
{
    for (unsigned i = 0; i < e->n_kinds; i++) {
        if (is_kind(&e->kinds[i], name, cause)) {
            return i;
        }
    }
    if (e->n_kinds == KINDS) {
        return KINDS - 1;
    }
    struct kind *k = &e->kinds[e->n_kinds];
    snprintf(k->name, sizeof k->name, "%s", name);
    snprintf(k->cause, sizeof k->cause, "%s", cause);
    k->oldest = k->newest = NONE;
    return e->n_kinds++;
}

/* ---- places ---------------------------------------------------------------------------------- */

/* The oldest of all is the oldest of its kind, so whatever goes is at the head of its kind. */
static void drop_oldest(struct mmed_events *e, unsigned kind)
{
    struct kind *k = &e->kinds[kind];
    uint32_t i = k->oldest;
    struct place *p = &e->places[i];
    k->oldest = p->kind_newer;
    k->n--;
    *(p->older != NONE ? &e->places[p->older].newer : &e->oldest) = p->newer;
    *(p->newer != NONE ? &e->places[p->newer].older : &e->newest) = p->older;
    p->kind_newer = e->free;
    p->row.id = 0;
    e->free = i;
    e->n--;
}

static struct place *append(struct mmed_events *e, unsigned kind)
{
    struct kind *k = &e->kinds[kind];
    uint32_t i = e->free;
    struct place *p = &e->places[i];
    e->free = p->kind_newer;
    *p = (struct place){.older = e->newest, .newer = NONE, .kind_newer = NONE, .kind = kind};
    *(e->newest != NONE ? &e->places[e->newest].newer : &e->oldest) = i;
    *(k->n > 0 ? &e->places[k->newest].kind_newer : &k->oldest) = i;
    e->newest = k->newest = i;
    k->n++;
    e->n++;
    return p;
}

bool events_add(struct mmed_events *e, const char *name, const struct imsi *imsi,
                const struct imei *imei, const char *cause, const char *detail)
{
    unsigned kind = kind_of(e, name, cause != NULL ? cause : "");
    bool share_used = e->kinds[kind].n >= e->share;
    if (share_used) {
        drop_oldest(e, kind);
    } else if (e->n == e->kept) {
        drop_oldest(e, e->places[e->oldest].kind);
    }
    struct mmed_event_row *row = &append(e, kind)->row;
    *row = (struct mmed_event_row){
        .id = ++e->last, .unix_ms = wall_ms(), .has_imsi = imsi != NULL, .has_imei = imei != NULL};
    snprintf(row->name, sizeof row->name, "%s", name);
    snprintf(row->cause, sizeof row->cause, "%s", cause != NULL ? cause : "");
    snprintf(row->detail, sizeof row->detail, "%s", detail != NULL ? detail : "");
    if (imsi != NULL) {
        row->imsi = *imsi;
    }
    if (imei != NULL) {
        row->imei = *imei;
    }
    if (e->wake != NULL) {
        e->wake(e->wake_ctx);
    }
    return share_used;
}

/* From the newest back: who asks has seen most of them. */
static uint32_t find_after(const struct mmed_events *e, uint64_t after)
{
    uint32_t found = NONE;
    for (uint32_t i = e->newest; i != NONE && e->places[i].row.id > after; i = e->places[i].older) {
        found = i;
    }
    return found;
}

bool events_next(struct mmed_events *e, uint64_t after, struct mmed_event_row *out)
{
    const struct place *p = &e->places[e->read];
    bool goes_on = after != 0 && p->row.id == after;
    uint32_t found = goes_on ? p->newer : find_after(e, after);
    if (found == NONE) {
        return false;
    }
    e->read = found;
    *out = e->places[found].row;
    return true;
}

static uint32_t find_before(const struct mmed_events *e, uint64_t before)
{
    uint32_t i = e->newest;
    while (i != NONE && e->places[i].row.id >= before) {
        i = e->places[i].older;
    }
    return i;
}

bool events_previous(struct mmed_events *e, uint64_t before, struct mmed_event_row *out)
{
    const struct place *p = &e->places[e->read];
    const bool goes_on = p->row.id == before && before != 0;
    const uint32_t found = goes_on ? p->older : find_before(e, before);
    if (found == NONE) {
        return false;
    }
    e->read = found;
    *out = e->places[found].row;
    return true;
}

uint64_t events_last(const struct mmed_events *e)
{
    return e->last > e->base ? e->last : 0;
}
