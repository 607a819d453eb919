/* test/emulator/place.h - an emulation and small MMEs (emulator/mme.h) on one virtual clock. */
#ifndef BINDERY_TEST_EMULATOR_PLACE_H
#define BINDERY_TEST_EMULATOR_PLACE_H

#include "emulator/emulation.h"
#include "emulator/manage.h"
#include "emulator/mme.h"

#define MS     UINT64_C(1000000)
#define SECOND (1000 * MS)

struct place {
    struct mme mme[2];
    struct population p;
    struct emulation *e;
    struct emulation_config config;
    uint64_t now;
    unsigned events[32]; /* by kind */
    unsigned faults[ENB_FAULT_COUNT];
    unsigned turns[16]; /* by enum emulation_turn */
    unsigned nas;
    bool deaf;                   /* the association takes nothing */
    int budget;                  /* messages of MMEs that arrive, then no more; -1: all do */
    const struct manage *manage; /* what a device that came with a dIMSI does then; or NULL */
};

static inline uint64_t clock_of(void *ctx)
{
    return ((const struct place *)ctx)->now;
}

static inline bool send(void *ctx, unsigned enb, unsigned mme, uint16_t stream,
                        struct bytes message)
{
    struct place *w = ctx;
    (void)stream;
    if (!w->deaf) { /* a further network's only MME is the second one */
        mme_receive(&w->mme[enb < w->config.enbs ? mme : 1], enb, message);
    }
    return !w->deaf;
}

static inline void on_nas(void *ctx, const struct device *d, bool uplink, struct bytes pdu)
{
    struct place *w = ctx;
    (void)d;
    (void)uplink;
    w->nas += pdu.n > 0;
}

static inline void on_event(void *ctx, const struct device *d, const struct bindery_ue_event *event)
{
    struct place *w = ctx;
    (void)d;
    w->events[event->kind]++;
}

static inline void on_told(void *ctx, unsigned enb, const struct enb_told *told)
{
    struct place *w = ctx;
    (void)enb;
    if (told->kind == ENB_TOLD_FAULT) {
        w->faults[told->fault]++;
    }
}

static inline void deliver(struct place *w)
{
    struct mme_out out;
    bool more = true;
    while (more) {
        more = false;
        for (unsigned i = 0; i < w->config.enb.mmes + w->config.further; i++) {
            while (w->budget != 0 && mme_next(&w->mme[i], &out)) {
                w->budget -= w->budget > 0;
                emulation_receive(w->e, out.enb, out.enb < w->config.enbs ? i : 0,
                                  (struct bytes){out.b, out.n});
                more = true;
            }
        }
    }
}

/* Runs the clock on, by the deadlines. */
static inline void run_for(struct place *w, uint64_t ns)
{
    const uint64_t end = w->now + ns;
    deliver(w);
    for (;;) {
        const uint64_t next = emulation_deadline_ns(w->e);
        if (next > end) {
            break;
        }
        w->now = next > w->now ? next : w->now;
        emulation_tick(w->e);
        deliver(w);
    }
    w->now = end;
}

static inline void configure(struct place *w)
{
    memset(w, 0, sizeof *w);
    w->now = 5 * SECOND;
    w->budget = -1;
    w->config =
        (struct emulation_config){.enbs = 1, .timeout_ms = 60000, .hold_ms = EMULATION_FOR_EVER};
    w->config.enb = (struct enb_config){.plmns = {{"001", "01"}},
                                        .n_plmns = 1,
                                        .id = 77,
                                        .name = "cell",
                                        .tac = 1,
                                        .transport = {127, 0, 0, 1},
                                        .mmes = 1,
                                        .ues = 1000};
    mme_open(&w->mme[0]);
    mme_open(&w->mme[1]);
}

static inline void on_turned(void *ctx, const struct device *d, enum emulation_turn turn)
{
    struct place *w = ctx;
    (void)d;
    w->turns[turn]++;
}

static inline enum emulation_turn on_registered(void *ctx, struct device *d,
                                                char why[static EMULATION_WHY_MAX])
{
    struct place *w = ctx;
    const struct plmn serving = emulation_plmn(&w->config, d->network);
    return manage_registered(w->manage, &w->p, d, &serving, NULL, why);
}

/* With the devices that the population has. */
static inline void start_population(struct place *w)
{
    const struct emulation_host host = {.ctx = w,
                                        .now_ns = clock_of,
                                        .send = send,
                                        .nas = on_nas,
                                        .event = on_event,
                                        .told = on_told,
                                        .turned = on_turned,
                                        .registered = w->manage != NULL ? on_registered : NULL};
    assert_ok(emulation_open(&w->config, &host, &w->p, &w->e));
    for (unsigned i = 0; i < emulation_enbs(&w->config); i++) {
        for (unsigned m = 0; m < emulation_mmes(&w->config, i); m++) {
            emulation_up(w->e, i, m, 8);
        }
    }
    deliver(w);
}

static inline void start(struct place *w, uint32_t devices, const struct population_guise *guise)
{
    const struct bindery_ue_settings settings = population_settings();
    assert_ok(population_open(&w->p, &settings, guise));
    assert_ok(population_add_derived(&w->p, &w->mme[0].origin, devices));
    start_population(w);
}

static inline struct place *open_place(uint32_t devices)
{
    struct place *w = malloc(sizeof *w);
    assert_non_null(w);
    configure(w);
    start(w, devices, NULL);
    return w;
}

static inline void close_place(struct place *w)
{
    emulation_close(w->e);
    population_close(&w->p);
    mme_close(&w->mme[0]);
    mme_close(&w->mme[1]);
    free(w);
}

static const struct tally *counts(struct place *w)
{
    return emulation_tally(w->e);
}

static inline enum bindery_ue_state state_of(const struct place *w, uint32_t i)
{
    return bindery_ue_state(&population_at(&w->p, i)->ue);
}

static inline void failed_by(struct place *w, const char *text)
{
    const struct tally *t = counts(w);
    assert_int_equal(t->failed, 1);
    assert_string_equal(t->cause[0].text, text);
    assert_int_equal(t->cause[0].n, 1);
    assert_int_equal(emulation_active(w->e), 0);
}

#endif
