#include "cli/trace_join.h"
#include <stdlib.h>
#include <string.h>

/* ---- from two numbers to one: what an id means now ---- */

struct entry {
    bool used;
    uint64_t a, b;
    size_t value;
};
struct map {
    struct entry *entry;
    size_t n; /* a power of two, at least twice what is put in */
};

static bool map_make(struct map *m, size_t most)
{
    m->n = 16;
    while (m->n < 2 * most) {
        m->n *= 2;
    }
    m->entry = calloc(m->n, sizeof *m->entry);
    return m->entry != NULL;
}

/* The entry of the two, or the empty one where it belongs. */
static struct entry *map_at(const struct map *m, uint64_t a, uint64_t b)
{
    uint64_t h = (a * UINT64_C(0x9e3779b97f4a7c15)) ^ (b * UINT64_C(0xc2b2ae3d27d4eb4f));
    size_t i = (size_t)(h ^ h >> 29) & (m->n - 1);
    while (m->entry[i].used && (m->entry[i].a != a || m->entry[i].b != b)) {
        i = (i + 1) & (m->n - 1);
    }
    return &m->entry[i];
}

static void map_put(struct map *m, uint64_t a, uint64_t b, size_t value)
{
    *map_at(m, a, b) = (struct entry){true, a, b, value};
}

/* ---- connections ---- */

struct connection {
    bool has_enb_id;
    uint32_t enb_id;
    size_t shown; /* message that showed the IMSI, plus one; 0: none did */
};
struct following {
    struct trace_list *list;
    struct map of_enb, of_mme; /* (end, UE S1AP id) to a connection */
    struct map of_tmsi;        /* (TMSI, 0) to a message with the IMSI */
    struct connection *connection;
    size_t n;
    size_t *of; /* a message's connection, plus one */
};

static size_t enb_end(const struct following *f, const struct trace_message *m)
{
    return f->list->end[m->from_end].role == TRACE_ENB ? m->from_end : m->to_end;
}

static size_t mme_end(const struct following *f, const struct trace_message *m)
{
    return f->list->end[m->from_end].role == TRACE_ENB ? m->to_end : m->from_end;
}

/* The connection that the ids of a message name now, or NULL. */
static struct entry *find(const struct following *f, const struct trace_message *m)
{
    const struct trace_s1 *s = &m->s1;
    if (s->initial) {
        return NULL;
    }
    struct entry *e = s->has_mme_id ? map_at(&f->of_mme, mme_end(f, m), s->mme_id) : NULL;
    if (e && e->used) {
        const struct connection *c = &f->connection[e->value];
        if (!s->has_enb_id || !c->has_enb_id || c->enb_id == s->enb_id) {
            return e;
        }
    }
    e = s->has_enb_id ? map_at(&f->of_enb, enb_end(f, m), s->enb_id) : NULL;
    return e && e->used ? e : NULL;
}

static void connect(struct following *f, size_t at)
{
    const struct trace_message *m = &f->list->message[at];
    if (!m->s1.of_ue || m->from_end == TRACE_NO_END) {
        return;
    }
    const struct entry *known = find(f, m);
    size_t c = known ? known->value : f->n++;
    f->of[at] = c + 1;
    if (m->s1.has_enb_id) {
        f->connection[c].has_enb_id = true;
        f->connection[c].enb_id = m->s1.enb_id;
        map_put(&f->of_enb, enb_end(f, m), m->s1.enb_id, c);
    }
    if (m->s1.has_mme_id) {
        map_put(&f->of_mme, mme_end(f, m), m->s1.mme_id, c);
    }
    if (m->imsi[0]) {
        f->connection[c].shown = at + 1;
    }
}

/* ---- IMSIs ---- */

static void learn_tmsi(struct following *f, size_t at)
{
    const struct trace_message *m = &f->list->message[at];
    size_t shown = f->of[at] ? f->connection[f->of[at] - 1].shown : 0;
    if (m->tmsi_given && shown) {
        map_put(&f->of_tmsi, m->tmsi, 0, shown - 1);
    }
}

/* A UE that came with a GUTI is the one whom it was given. */
static void use_tmsi(struct following *f, size_t at)
{
    const struct trace_message *m = &f->list->message[at];
    struct connection *c = f->of[at] ? &f->connection[f->of[at] - 1] : NULL;
    const struct entry *e = map_at(&f->of_tmsi, m->tmsi, 0);
    if (c && !c->shown && m->tmsi && e->used) {
        c->shown = e->value + 1;
    }
}

static void name_message(struct following *f, size_t at)
{
    struct trace_message *m = &f->list->message[at];
    size_t shown = f->of[at] ? f->connection[f->of[at] - 1].shown : 0;
    if (shown && !m->imsi[0]) {
        memcpy(m->imsi, f->list->message[shown - 1].imsi, sizeof m->imsi);
    }
}

static void follow(struct following *f)
{
    size_t n = f->list->n;
    for (size_t i = 0; i < n; i++) {
        connect(f, i);
    }
    for (size_t i = 0; i < n; i++) {
        learn_tmsi(f, i);
    }
    for (size_t i = 0; i < n; i++) {
        use_tmsi(f, i);
    }
    for (size_t i = 0; i < n; i++) {
        name_message(f, i);
    }
}

enum err trace_follow(struct trace_list *list)
{
    struct following f = {.list = list};
    size_t most = list->n + 1;
    f.connection = calloc(most, sizeof *f.connection);
    f.of = calloc(most, sizeof *f.of);
    bool good = f.connection && f.of && map_make(&f.of_enb, most) && map_make(&f.of_mme, most) &&
                map_make(&f.of_tmsi, most);
    if (good) {
        follow(&f);
    }
    free(f.connection);
    free(f.of);
    free(f.of_enb.entry);
    free(f.of_mme.entry);
    free(f.of_tmsi.entry);
    return good ? E_OK : E_MEMORY;
}
