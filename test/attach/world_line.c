#include "attach/world_parts.h"
#include "codec/nas_codes.h"

#include <stdio.h>
#include <string.h>

#define DEAD_MS 500 /* until who was killed is there again */

/* ---- names ----------------------------------------------------------------------------------- */

/* ESM has an identity and a transaction before it (TS 24.301 9.1). */
uint8_t world_nas_type(struct bytes plain)
{
    size_t at = plain.n > 0 && (plain.p[0] & 0x0f) == 2 ? 2 : 1;
    return plain.n > at ? plain.p[at] : 0;
}

const char *world_nas_name(struct bytes pdu)
{
    uint8_t sht = pdu.n > 0 ? pdu.p[0] >> 4 : 0;
    size_t at = sht == 0 ? 0 : 6;
    bool readable = sht == 0 || sht == 1 || sht == 3; /* 1 and 3: integrity protected only */
    uint8_t type =
        readable && pdu.n > at ? world_nas_type((struct bytes){pdu.p + at, pdu.n - at}) : 0;
    return nas_message_type_name(type);
}

void world_name(struct world *w, unsigned point, const char *what)
{
    if (point < WORLD_POINTS && w->log[point].name[0] == '\0') {
        snprintf(w->log[point].name, sizeof w->log[point].name, "%s", what);
    }
}

/* What the MME protected first is what leaves it first. */
static const char *downlink_name(struct world *w, const struct mail *m)
{
    if (m->kind != MAIL_DOWN || m->n == 0 || m->pdu[0] >> 4 == 0 ||
        w->downlinks.at >= w->downlinks.n) {
        return NULL;
    }
    return nas_message_type_name(w->downlinks.types[w->downlinks.at++ % sizeof w->downlinks.types]);
}

/* ---- points ---------------------------------------------------------------------------------- */

static void over(struct world *w)
{
    w->strike.over = true;
    w->strike.attach = w->attaches;
}

static void strike_down(struct world *w)
{
    struct mail rise = {.kind = MAIL_RISE, .ue = w->strike.who};
    w->strike.done = true;
    over(w);
    w->dead[w->strike.who] = true;
    world_post(w, rise, DEAD_MS);
}

static bool struck(const struct world *w, unsigned point, enum strike_kind kind)
{
    return w->strike.kind == kind && w->strike.at == point && !w->strike.done;
}

static unsigned point_of(struct world *w, enum party who, bool message, const char *what)
{
    unsigned n = w->points++;
    if (n < WORLD_POINTS) {
        w->log[n] = (struct point){.doer = who, .message = message, .attach = w->attaches};
        world_name(w, n, what);
    }
    if (struck(w, n, STRIKE_KILL_BEFORE)) {
        strike_down(w);
    }
    return n;
}

static void point_passed(struct world *w, unsigned n)
{
    if (struck(w, n, STRIKE_KILL_AFTER)) {
        strike_down(w);
    }
}

bool world_stores(struct world *w, enum party who, const char *what)
{
    if (!w->dead[who]) {
        (void)point_of(w, who, false, what);
    }
    return !w->dead[who];
}

void world_stored(struct world *w)
{
    point_passed(w, w->points - 1);
}

/* ---- messages -------------------------------------------------------------------------------- */

/* From whom to whom. */
static int way(const struct mail *m)
{
    return m->kind == MAIL_INITIAL ? MAIL_UP : (int)m->kind;
}

static void strike_message(struct world *w, struct mail m, uint64_t after)
{
    struct strike *s = &w->strike;
    s->done = true;
    if (s->kind == STRIKE_LOSE) {
        over(w);
        return;
    }
    if (s->kind == STRIKE_REPEAT) {
        world_post(w, m, after);
        m.kind = m.kind == MAIL_INITIAL ? MAIL_UP : m.kind;
    }
    if (s->kind == STRIKE_MISLEAD) {
        over(w);
        m.ue = (m.ue + 1) % WORLD_UES;
        m.connection = w->devices[m.ue].connection;
        if ((m.kind == MAIL_UP || m.kind == MAIL_DOWN) && m.connection != 0) {
            world_post(w, m, after);
        }
        return;
    }
    m.late = true;
    if (s->kind == STRIKE_REORDER) {
        w->held = m;
        w->holds = true;
    } else {
        world_post(w, m, after + s->ms);
    }
}

static bool is_of_messages(enum strike_kind kind)
{
    return kind < STRIKE_KILL_BEFORE || kind == STRIKE_MISLEAD;
}

bool world_send(struct world *w, enum party from, const char *what, struct mail m, uint64_t after)
{
    const char *name = downlink_name(w, &m);
    if (w->dead[from]) {
        return false;
    }
    m.point = point_of(w, from, true, name != NULL ? name : what);
    if (w->dead[from]) {
        return false;
    }
    bool goes_first = w->holds && way(&m) == way(&w->held);
    if (is_of_messages(w->strike.kind) && struck(w, m.point, w->strike.kind)) {
        strike_message(w, m, after);
    } else {
        world_post(w, m, after);
    }
    if (goes_first) {
        w->holds = false;
        world_post(w, w->held, after + 1);
    }
    point_passed(w, m.point);
    return !w->dead[from];
}

void world_arrived(struct world *w, const struct mail *m)
{
    w->carrying = m->point;
    if (m->late && !w->strike.over) {
        over(w);
    }
}

void world_rise(struct world *w, enum party who)
{
    w->dead[who] = false;
    world_kill(w, who);
}

void world_release_held(struct world *w)
{
    if (w->holds) {
        w->holds = false;
        world_post(w, w->held, 1);
    }
}
