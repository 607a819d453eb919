#include "nf/hssd/snapshots.h"

#include "nf/hssd/snapshots_parts.h"

struct snapshot *snapshot_hold(struct hssd *h)
{
    struct snapshots *all = h->snapshots;
    if (all == NULL) {
        return NULL;
    }
    struct snapshot *s = atomic_load(&all->in_force);
    atomic_fetch_add(&s->holds, 1);
    while (s != atomic_load(&all->in_force)) { /* it may have been freed in between */
        atomic_fetch_sub(&s->holds, 1);
        s = atomic_load(&all->in_force);
        atomic_fetch_add(&s->holds, 1);
    }
    return s;
}

void snapshot_release(struct snapshot *s)
{
    if (s != NULL) {
        atomic_fetch_sub(&s->holds, 1);
    }
}
