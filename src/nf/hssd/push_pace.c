/* nf/hssd/push_pace.c - how many requests a node may have under way: one that does not answer, or
 * refuses all, keeps no place that another could have. */
#include "nf/hssd/push_parts.h"

#include <ctype.h>

#define REFUSALS_MOST 8u /* in a row: before that it is a few subscribers, and not the node */

static struct push_pace *pace_of(struct push *p, const char *host)
{
    uint32_t h = 2166136261u;
    for (; *host != '\0'; host++) {
        h = (h ^ (uint32_t)tolower((unsigned char)*host)) * 16777619u;
    }
    return &p->paces[h % PUSH_PACES]; /* two in one place: both are asked slowly */
}

void push_paced(struct push *p, const struct push_ask *ask)
{
    struct push_pace *pace = pace_of(p, ask->row.host);
    const int64_t now = (int64_t)hssd_monotonic_ms();
    if (ask->reset || ask->n == 0) {
        return; /* RSR has a time of its own; nothing was sent */
    }
    if (ask->outcome == PUSH_DONE || ask->outcome == PUSH_UNKNOWN) {
        *pace = (struct push_pace){.tries = 0};
        return;
    }
    pace->tried = ask->row.tried;
    pace->refusals += ask->outcome == PUSH_REFUSED;
    if (now >= pace->until && (ask->outcome == PUSH_SILENT || pace->refusals >= REFUSALS_MOST)) {
        pace->tries++; /* those that were under way together count once */
        pace->until = now + push_wait_ms(pace->tries);
    }
}

size_t push_window(struct push *p, const char *host, const struct route *route)
{
    const struct push_pace *pace = pace_of(p, host);
    size_t used = 0;
    if (pace->tries > 0 && pace->tried >= route->opened_ms) {
        return (int64_t)hssd_monotonic_ms() < pace->until ? 0 : 1;
    }
    pthread_mutex_lock(&p->lock);
    for (size_t i = 0; i < PUSH_ASKS; i++) {
        const struct push_ask *a = &p->asks[i];
        used += a->state != PUSH_FREE && a->thread == route->thread && a->conn == route->conn &&
                !same_push_host(a->row.host, host);
    }
    pthread_mutex_unlock(&p->lock);
    const size_t left = used < PUSH_CONNECTION ? PUSH_CONNECTION - used : 0;
    return left < PUSH_WINDOW ? left : PUSH_WINDOW;
}
