#include "nf/common/overload.h"

/* On beyond the bound, off at half of it. */
static bool above(bool was, uint32_t ms, uint32_t bound_ms)
{
    return bound_ms > 0 && ms > (was ? bound_ms / 2 : bound_ms);
}

static void look(struct overload *o, struct overload_conn *c, const struct overload_load *load)
{
    o->total = above(o->total, load->pass_ms, o->limits.total_ms);
    bool beyond = above(c->shedding, load->waited_ms, o->limits.peer_ms) ||
                  (o->total && above(c->shedding, load->waited_ms, o->limits.total_ms));
    bool shedding = load->more && beyond;
    if (shedding && !c->shedding) {
        c->shed = 0;
        c->since_served = 0;
    }
    c->shedding = shedding;
}

bool overload_serves(struct overload *o, struct overload_conn *c, const struct overload_load *load)
{
    look(o, c, load);
    if (!c->shedding || load->in_progress) {
        return true;
    }
    if (++c->since_served >= OVERLOAD_SHARE) {
        c->since_served = 0;
        return true;
    }
    c->shed += c->shed < UINT32_MAX;
    return false;
}
