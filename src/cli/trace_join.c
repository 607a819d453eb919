#include "cli/trace_join.h"
#include "cli/trace_steps.h"
#include <stdlib.h>
#include <string.h>

#define LOOK_AROUND 256 /* messages between a protected one and what was inside it */

/* ---- what was inside: beside the message of the same file that it was in ---- */

/* Is this S1AP message the one that an inside one came out of? */
static bool is_around(const struct trace_message *inside, const struct trace_message *m)
{
    return m->file == inside->file && m->protocol == TRACE_S1AP && m->up == inside->up &&
           m->covered == inside->covered;
}

static void take_place(struct trace_message *inside, const struct trace_message *around)
{
    inside->from_end = around->from_end;
    inside->to_end = around->to_end;
    inside->s1 = around->s1;
    inside->s1.initial = false;
    inside->told = strcmp(around->nas, "ciphered") != 0;
}

/* The nearest message on one side that the one at `at` can have been in; list->n: none. */
static size_t find_around(const struct trace_list *list, size_t at, bool before, const bool *taken)
{
    const struct trace_message *inside = &list->message[at];
    for (size_t step = 1; step <= LOOK_AROUND; step++) {
        bool there = before ? step <= at : at + step < list->n;
        size_t i = before ? at - step : at + step;
        if (!there || list->message[i].file != inside->file) {
            break;
        }
        if (!taken[i] && is_around(inside, &list->message[i])) {
            return i;
        }
    }
    return list->n;
}

/* An MME writes what comes up before it opens it, and what goes down after it closed it; a device,
 * which is told by its ends, writes what was inside last. */
static void place_inside(struct trace_list *list, size_t at, bool *taken)
{
    struct trace_message *inside = &list->message[at];
    bool before = inside->up || inside->from_end != TRACE_NO_END;
    size_t i = find_around(list, at, before, taken);
    if (i == list->n) {
        i = find_around(list, at, !before, taken);
    }
    if (i < list->n) {
        taken[i] = true;
        take_place(inside, &list->message[i]);
    }
}

static enum err place_all(struct trace_list *list)
{
    bool *taken = calloc(list->n + 1, sizeof *taken);
    if (!taken) {
        return E_MEMORY;
    }
    for (size_t i = 0; i < list->n; i++) {
        if (list->message[i].inside) {
            place_inside(list, i, taken);
        }
    }
    free(taken);
    return E_OK;
}

/* ---- one order ---- */

struct rank {
    uint64_t time; /* of the message, or of a later one that stands before it in its file */
    uint64_t digest;
    unsigned file;
    size_t nth; /* of its digest in its file */
    size_t at;
};

#define COMPARE(a, b) ((a) < (b) ? -1 : (a) > (b))

static int by_time(const void *a, const void *b)
{
    const struct rank *x = a, *y = b;
    int by = COMPARE(x->time, y->time);
    return by ? by : COMPARE(x->at, y->at);
}

static int by_digest_and_file(const void *a, const void *b)
{
    const struct rank *x = a, *y = b;
    int by = COMPARE(x->digest, y->digest);
    by = by ? by : COMPARE(x->file, y->file);
    return by ? by : COMPARE(x->at, y->at);
}

static int by_digest_and_nth(const void *a, const void *b)
{
    const struct rank *x = a, *y = b;
    int by = COMPARE(x->digest, y->digest);
    by = by ? by : COMPARE(x->nth, y->nth);
    return by ? by : by_time(a, b);
}

static bool is_known(const struct trace_end *e)
{
    static const uint8_t nowhere[sizeof e->end.ip];
    return e->end.family != 0 && e->end.port != 0 &&
           memcmp(e->end.ip, nowhere, sizeof nowhere) != 0;
}

/* A Diameter message has identifiers of its own. One of S1AP is told from another eNB's by its
 * ends, as far as both are known. */
static uint64_t full_digest(const struct trace_list *list, const struct trace_message *m)
{
    uint64_t d = m->digest;
    if (m->protocol != TRACE_DIAMETER && m->from_end != TRACE_NO_END &&
        is_known(&list->end[m->from_end]) && is_known(&list->end[m->to_end])) {
        d ^= (m->from_end * UINT64_C(0x9e3779b97f4a7c15)) ^ (m->to_end << 17);
    }
    return d;
}

static void fill_ranks(const struct trace_list *list, struct rank *rank)
{
    for (size_t i = 0; i < list->n; i++) {
        const struct trace_message *m = &list->message[i];
        bool follows = i > 0 && list->message[i - 1].file == m->file;
        uint64_t before = follows ? rank[i - 1].time : 0;
        rank[i] = (struct rank){.time = m->time_ns > before ? m->time_ns : before,
                                .digest = full_digest(list, m),
                                .file = m->file,
                                .at = i};
    }
}

/* Whoever asked waited longest. A request may be in one of the files only. */
static void take_answer(struct trace_message *kept, const struct trace_message *gone)
{
    if (gone->matched && (!kept->matched || gone->answered_ns > kept->answered_ns)) {
        kept->matched = true;
        kept->answered_ns = gone->answered_ns;
        memcpy(kept->imsi, gone->imsi, sizeof kept->imsi);
    }
}

/* Leaves the first of each that several files have, and gives how many are left. */
static size_t drop_twins(struct trace_list *list, struct rank *rank)
{
    size_t left = 0;
    qsort(rank, list->n, sizeof *rank, by_digest_and_file);
    for (size_t i = 1; i < list->n; i++) {
        bool again = rank[i].digest == rank[i - 1].digest && rank[i].file == rank[i - 1].file;
        rank[i].nth = again ? rank[i - 1].nth + 1 : 0;
    }
    qsort(rank, list->n, sizeof *rank, by_digest_and_nth);
    for (size_t i = 0; i < list->n; i++) {
        struct rank r = rank[i];
        bool twin = left > 0 && rank[left - 1].digest == r.digest && rank[left - 1].nth == r.nth;
        if (!twin) {
            rank[left++] = r;
            continue;
        }
        struct trace_message *kept = &list->message[rank[left - 1].at];
        const struct trace_message *gone = &list->message[r.at];
        take_answer(kept, gone);
    }
    return left;
}

static enum err put_in_order(struct trace_list *list)
{
    struct rank *rank = calloc(list->n + 1, sizeof *rank);
    struct trace_message *sorted = calloc(list->n + 1, sizeof *sorted);
    if (!rank || !sorted) {
        free(rank);
        free(sorted);
        return E_MEMORY;
    }
    fill_ranks(list, rank);
    size_t n = drop_twins(list, rank);
    qsort(rank, n, sizeof *rank, by_time);
    for (size_t i = 0; i < n; i++) {
        sorted[i] = list->message[rank[i].at];
    }
    free(list->message);
    free(rank);
    list->message = sorted;
    list->room = list->n + 1;
    list->n = n;
    return E_OK;
}

/* ---- names ---- */

static const struct trace_end *mme_end(const struct trace_list *list, const struct trace_message *m)
{
    const struct trace_end *from = &list->end[m->from_end], *to = &list->end[m->to_end];
    return from->role == TRACE_MME ? from : to->role == TRACE_MME ? to : NULL;
}

/* The name by which the one MME of a file speaks Diameter there; NULL: none, or several do. */
static const char *mme_name(const struct trace_list *list, unsigned file)
{
    const char *name = NULL;
    for (size_t i = 0; i < list->n; i++) {
        const struct trace_message *m = &list->message[i];
        const struct trace_end *e =
            m->file == file && m->protocol == TRACE_DIAMETER ? mme_end(list, m) : NULL;
        if (e && name && strcmp(name, e->name) != 0) {
            return NULL;
        }
        name = e ? e->name : name;
    }
    return name;
}

/* An MME that traces itself has one name, its Diameter one: then it stands in one column. */
static void name_mmes(struct trace_list *list)
{
    for (unsigned file = 0; file < list->files; file++) {
        char name[TRACE_NAME_MAX] = "";
        const char *known = mme_name(list, file);
        snprintf(name, sizeof name, "%s", known ? known : "");
        for (size_t i = 0; *name && i < list->n; i++) {
            const struct trace_message *m = &list->message[i];
            const struct trace_end *e =
                m->file == file && m->protocol == TRACE_S1AP ? mme_end(list, m) : NULL;
            if (e) {
                memcpy(list->end[e - list->end].name, name, sizeof name);
            }
        }
    }
}

static void name_side(const struct trace_list *list, size_t end, const char *other,
                      enum trace_role other_role, char *name, enum trace_role *role)
{
    const struct trace_end *e = end == TRACE_NO_END ? NULL : &list->end[end];
    snprintf(name, TRACE_NAME_MAX, "%s", e ? e->name : other);
    *role = e ? e->role : other_role;
}

/* The name that an end had at last holds for its earlier messages too: the receiver of the CER was
 * nameless then. */
static void name_all(struct trace_list *list)
{
    for (size_t i = 0; i < list->n; i++) {
        struct trace_message *m = &list->message[i];
        const char *ue = m->up ? "UE" : "MME", *mme = m->up ? "MME" : "UE";
        name_side(list, m->from_end, ue, m->up ? TRACE_ENB : TRACE_MME, m->from, &m->from_role);
        name_side(list, m->to_end, mme, m->up ? TRACE_MME : TRACE_ENB, m->to, &m->to_role);
    }
}

enum err trace_join(struct trace_list *list)
{
    enum err e = place_all(list);
    if (e == E_OK) {
        name_mmes(list);
        e = put_in_order(list);
    }
    if (e == E_OK) {
        e = trace_follow(list);
    }
    if (e == E_OK) {
        trace_steps_follow(list);
    }
    name_all(list);
    return e;
}
