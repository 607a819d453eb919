#include "nf/mmed/metrics.h"

#include "nf/mmed/hss.h"
#include "nf/mmed/s1.h"

#include <stdlib.h>

/* ---- home networks ---- */

struct peers {
    struct metrics_peer *list;
    size_t n, room;
};

static void add_peer(void *arg, const char *origin_host, const char *realm, bool open,
                     uint64_t requests, uint64_t answers)
{
    struct peers *p = arg;
    (void)realm;
    if (p->n < p->room) {
        p->list[p->n++] = (struct metrics_peer){origin_host, open, requests, answers};
    }
}

static bool read_peer(void *ctx, size_t i, struct metrics_peer *out)
{
    const struct peers *p = ctx;
    if (i < p->n) {
        *out = p->list[i];
    }
    return i < p->n;
}

static void write_peers(struct metrics_text *t, const struct mmed *m)
{
    struct peers p = {.room = m->config->n_peers};
    p.list = calloc(p.room + 1, sizeof *p.list);
    if (p.list == NULL) {
        t->failed = true;
        return;
    }
    hss_each_peer(m->hss, add_peer, &p);
    metrics_peers(t, read_peer, &p);
    free(p.list);
}

static void count_open(void *arg, const char *origin_host, const char *realm, bool open,
                       uint64_t requests, uint64_t answers)
{
    size_t *n = arg;
    (void)origin_host;
    (void)realm;
    (void)requests;
    (void)answers;
    *n += open;
}

static void on_health(void *ctx, struct metrics_health *h)
{
    const struct mmed *m = ctx;
    size_t open = 0;
    hss_each_peer(m->hss, count_open, &open);
    if (open == 0) {
        metrics_unready(h, METRICS_NO_HOME_NETWORK, NULL);
    }
}

/* ---- all ---- */

static void count_enb(void *arg, const struct enb *e)
{
    size_t *n = arg;
    *n += e->set_up;
}

static void write_counters(struct metrics_text *t, const struct mmed *m)
{
    const struct metric *refusals = metrics_of(METRICS_MME_REFUSALS);
#define X(name) metrics_counter(t, METRICS_OF_MME, #name, m->counters.name);
    MMED_COUNTERS(X)
#undef X
    metrics_begin(t, refusals);
    for (unsigned i = REFUSAL_NONE + 1; i < REFUSAL_COUNT; i++) {
        const struct metrics_label label = {"cause", refusal_row((enum refusal)i)->name};
        if (m->counters.refusals[i] > 0) {
            metrics_sample(t, refusals, &label, 1, m->counters.refusals[i]);
        }
    }
}

static void write_times(struct metrics_text *t, enum metrics_id id, const char *label,
                        const char *const *names, const struct metrics_histogram *all, size_t n)
{
    metrics_begin(t, metrics_of(id));
    for (size_t i = 0; i < n; i++) {
        const struct metrics_label as = {label, names[i]};
        struct metrics_times sum = {.sum_ns = 0};
        metrics_times_add(&all[i], &sum);
        metrics_sample_times(t, metrics_of(id), &as, 1, &sum);
    }
}

static void write_all_times(struct metrics_text *t, const struct mmed *m)
{
#define X(id, name) name,
    static const char *const ends[] = {MMED_ATTACH_ENDS(X)}, *const asked[] = {MMED_ASKED(X)};
#undef X
    write_times(t, METRICS_MME_ATTACH_TIME, "result", ends, m->times.attaches,
                MMED_ATTACH_END_COUNT);
    write_times(t, METRICS_MME_HSS_TIME, "command", asked, m->times.asked, MMED_ASKED_COUNT);
}

static void on_write(void *ctx, struct metrics_text *t)
{
    const struct mmed *m = ctx;
    size_t enbs = 0;
    s1_each_enb(m->s1, count_enb, &enbs);
    metrics_one(t, metrics_of(METRICS_MME_UES), ue_table_count(m->ues));
    metrics_one(t, metrics_of(METRICS_MME_UES_ROOM), m->config->limits.ues);
    metrics_one(t, metrics_of(METRICS_MME_ATTACHING), m->attaching);
    metrics_one(t, metrics_of(METRICS_MME_ATTACHING_ROOM), m->config->limits.attaching);
    metrics_one(t, metrics_of(METRICS_MME_ENBS), enbs);
    write_counters(t, m);
    write_all_times(t, m);
    write_peers(t, m);
}

static void list_files(const void *config, struct metrics_files *f)
{
    const struct mmed_config *c = config;
    for (size_t i = 0; i < c->n_peers; i++) {
        metrics_files_add(f, FILE_WATCH_CERTIFICATES, c->peers[i].certificate,
                          "peers[%zu].certificate", i);
        metrics_files_add(f, FILE_WATCH_CERTIFICATES, c->peers[i].ca, "peers[%zu].ca", i);
    }
    metrics_files_add(f, FILE_WATCH_CERTIFICATES, c->devid.ca, "devid.ca");
    metrics_files_add(f, FILE_WATCH_CERTIFICATES, c->devid.crl, "devid.crl");
    metrics_files_add(f, FILE_WATCH_CERTIFICATES, c->admin_https.certificate,
                      "admin.https.certificate");
    metrics_files_add(f, FILE_WATCH_CERTIFICATES, c->admin_https.ca, "admin.https.ca");
    metrics_files_add(f, FILE_WATCH_CERTIFICATES, c->admin_https.crl, "admin.https.crl");
}

enum err mmed_metrics_open(struct mmed *m, struct uv_loop_s *loop, struct metrics_port_why *why)
{
    const struct metrics_desk_options options = {.program = "bindery-mmed",
                                                 .started_unix = m->started_unix,
                                                 .ctx = m,
                                                 .write = on_write,
                                                 .health = on_health,
                                                 .files = list_files,
                                                 .log = m->log};
    return metrics_desk_open(&options, &m->config->metrics, m->config, loop, &m->metrics, why);
}

void mmed_metrics_close(struct mmed *m)
{
    struct metrics_desk *d = m->metrics;
    m->metrics = NULL;
    metrics_desk_close(d);
}
