#include "nf/mmed/events.h"

#include <stdio.h>
#include <stdlib.h>
#include <time.h>

struct mmed_events {
    uint64_t kept;
    uint64_t last; /* the id of the newest */
    struct mmed_event_row rows[];
};

enum err events_open(uint64_t kept, struct mmed_events **out)
{
    if (kept == 0 || kept > 10 * 1000 * 1000) {
        return E_BAD_VALUE;
    }
    struct mmed_events *e = calloc(1, sizeof *e + kept * sizeof e->rows[0]);
    if (e == NULL) {
        return E_MEMORY;
    }
    e->kept = kept;
    *out = e;
    return E_OK;
}

void events_close(struct mmed_events *e)
{
    free(e);
}

static int64_t wall_ms(void)
{
    struct timespec t;
    (void)clock_gettime(CLOCK_REALTIME, &t);
    return (int64_t)t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

void events_add(struct mmed_events *e, const char *name, const struct imsi *imsi,
                const struct imei *imei, const char *cause, const char *detail)
{
    struct mmed_event_row *row = &e->rows[e->last % e->kept];
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
}

bool events_next(const struct mmed_events *e, uint64_t after, struct mmed_event_row *out)
{
    uint64_t first = e->last > e->kept ? e->last - e->kept + 1 : 1;
    uint64_t id = after + 1 > first ? after + 1 : first;
    if (id > e->last) {
        return false;
    }
    *out = e->rows[(id - 1) % e->kept];
    return true;
}

uint64_t events_last(const struct mmed_events *e)
{
    return e->last;
}
