#include "emulator/run.h"

#include "emulator/shadow.h"
#include "net/assoc.h"
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define SECOND_NS    UINT64_C(1000000000)
#define MS_NS        UINT64_C(1000000)
#define RECONNECT_MS 1000
#define LINE_NS      (SECOND_NS / 2)
#define LOOK_MS      200 /* how late Ctrl-C is seen at most */
#define END_NS       (2 * SECOND_NS)

struct link {
    struct run *r;
    unsigned enb, mme;
    assoc_handle handle;
    bool up;
    uint64_t retry_ns; /* UINT64_MAX: it stands, or is being made */
    enum assoc_cause why;
    bool refused; /* S1 SETUP */
    struct s1ap_cause cause;
};
struct run {
    const struct run_plan *plan;
    struct population *p;
    const volatile sig_atomic_t *stop;
    struct run_result *out;
    struct assoc_set *set;
    struct emulation *e;
    struct link *link;
    unsigned links;
    struct load_schedule schedule;
    bool more;       /* arrivals */
    uint64_t due_ns; /* of the next one, since the start */
    uint64_t next;   /* its number */
    uint64_t start_ns, line_ns, line_registered;
    bool ending;
    struct shadow *shadow; /* of each device, for a trace with secrets; of the first, for words */
    uint32_t shadows;
    struct say say;
};

static uint64_t now_ns(void *ctx)
{
    struct timespec t;
    (void)ctx;
    (void)clock_gettime(CLOCK_MONOTONIC, &t);
    return (uint64_t)t.tv_sec * SECOND_NS + (uint64_t)t.tv_nsec;
}

static uint64_t now(void)
{
    return now_ns(NULL);
}

static uint64_t reconnect_ns(const struct run *r)
{
    return (r->plan->reconnect_ms > 0 ? r->plan->reconnect_ms : RECONNECT_MS) * MS_NS;
}

/* The eNBs of the first network have some each, those of the others one. */
static struct link *link_of(struct run *r, unsigned enb, unsigned mme)
{
    const struct emulation_config *c = &r->plan->emulation;
    const unsigned first = enb < c->enbs ? enb : c->enbs;
    return &r->link[first * c->enb.mmes + (enb - first) + mme];
}

static const struct address *address_of(const struct run *r, const struct link *l)
{
    const struct emulation_config *c = &r->plan->emulation;
    return &r->plan->mme[l->enb < c->enbs ? l->mme : c->enb.mmes + l->enb / c->enbs - 1];
}

static struct say *words(struct run *r)
{
    r->say.now_ns = now();
    return r->plan->words != NULL ? &r->say : NULL;
}

/* ---- the trace ---- */

static bool ends_of(struct run *r, const struct link *l, struct trace_ends *out)
{
    const struct assoc *a = assoc_find(r->set, l->handle);
    if (a == NULL) {
        return false;
    }
    *out = (struct trace_ends){.enb = assoc_local(a), .mme = assoc_peer(a)};
    return true;
}

static void trace_message(struct run *r, const struct link *l, bool to_mme, struct bytes message)
{
    struct trace_ends ends;
    if (r->plan->trace != NULL && ends_of(r, l, &ends)) {
        trace_s1ap(r->plan->trace, &ends, to_mme, message);
    }
}

/* ---- what the emulation wants ---- */

static bool send_message(void *ctx, unsigned enb, unsigned mme, uint16_t stream,
                         struct bytes message)
{
    struct run *r = ctx;
    const struct link *l = link_of(r, enb, mme);
    struct assoc *a = assoc_find(r->set, l->handle);
    const struct assoc_message m = {.octets = message, .stream = stream, .ppid = ASSOC_PPID_S1AP};
    if (a == NULL || assoc_send(a, &m) != E_OK) {
        return false;
    }
    trace_message(r, l, true, message);
    return true;
}

static void record_challenge(struct run *r, struct bytes pdu)
{
    const char *path = r->plan->record;
    if (path != NULL && radio_challenge_save(path, pdu) != E_OK && words(r) != NULL) {
        say_line(&r->say, "%s could not be written", path);
    }
}

/* The shadow sees each PDU once, in order: for the trace, or else for the words. */
static void on_nas(void *ctx, const struct device *d, bool uplink, struct bytes pdu)
{
    struct run *r = ctx;
    const struct link *l = link_of(r, emulation_enb_of(&r->plan->emulation, d), 0);
    struct trace_ends ends;
    uint8_t room[RADIO_PDU_MAX];
    struct bytes plain = {0};
    if (!uplink) {
        record_challenge(r, pdu);
    }
    if (d->number >= r->shadows) {
        return;
    }
    if (pdu.n > sizeof room || shadow_open(&r->shadow[d->number], &r->p->crypto, uplink, pdu,
                                           MBYTES_OF(room), &plain) != E_OK) {
        plain = (struct bytes){0};
    }
    if (d->number == 0 && words(r) != NULL) {
        say_nas(&r->say, uplink, pdu, plain);
    }
    if (r->plan->trace != NULL && plain.n > 0 && ends_of(r, l, &ends)) {
        trace_nas(r->plan->trace, &ends, uplink, &d->imsi, pdu, plain);
    }
    wipe(room, sizeof room);
}

static void on_event(void *ctx, const struct device *d, const struct bindery_ue_event *event)
{
    struct run *r = ctx;
    if (d->number == 0 && words(r) != NULL) {
        say_event(&r->say, d, event);
    }
}

static void on_told(void *ctx, unsigned enb, const struct enb_told *told)
{
    struct run *r = ctx;
    struct link *l = link_of(r, enb, told->mme);
    if (told->kind == ENB_TOLD_FAULT && told->fault == ENB_FAULT_SETUP_REFUSED) {
        l->refused = true;
        l->cause = told->cause;
    }
    if (words(r) != NULL) {
        say_told(&r->say, told);
    }
}

static void on_turned(void *ctx, const struct device *d, enum emulation_turn turn)
{
    struct run *r = ctx;
    if (d->number == 0 && words(r) != NULL) {
        say_turned(&r->say, d, emulation_plmn(&r->plan->emulation, d->network), turn);
    }
}

static enum emulation_turn on_registered(void *ctx, struct device *d,
                                         char why[static EMULATION_WHY_MAX])
{
    struct run *r = ctx;
    const struct plmn serving = emulation_plmn(&r->plan->emulation, d->network);
    return manage_registered(r->plan->manage, r->p, d, &serving, words(r), why);
}

static void on_stored(void *ctx, const struct device *d, struct bytes image)
{
    struct run *r = ctx;
    if (d->number < r->shadows) {
        shadow_follow(&r->shadow[d->number], &r->p->crypto, image, false);
    }
}

/* ---- associations ---- */

static void on_up(void *ctx, struct assoc *a)
{
    struct link *l = assoc_ctx(a);
    uint16_t in, out;
    (void)ctx;
    assoc_streams(a, &in, &out);
    l->up = true;
    if (words(l->r) != NULL) {
        const struct address_text at = address_print(assoc_peer(a));
        say_line(&l->r->say, "connected to %s", at.s);
    }
    emulation_up(l->r->e, l->enb, l->mme, out);
}

static void on_down(void *ctx, struct assoc *a, enum assoc_cause why)
{
    struct link *l = assoc_ctx(a);
    (void)ctx;
    l->why = why;
    l->handle = 0;
    l->retry_ns = now() + reconnect_ns(l->r);
    if (words(l->r) != NULL && !l->r->ending) {
        say_line(&l->r->say, "the association ended: %s", assoc_cause_sentence(why));
    }
    if (l->up) {
        l->up = false;
        l->r->out->associations_lost += !l->r->ending;
        emulation_down(l->r->e, l->enb, l->mme);
    }
}

static void on_message(void *ctx, struct assoc *a, const struct assoc_message *m)
{
    struct link *l = assoc_ctx(a);
    (void)ctx;
    if (m->ppid == ASSOC_PPID_S1AP) {
        trace_message(l->r, l, false, m->octets);
        emulation_receive(l->r->e, l->enb, l->mme, m->octets);
    }
}

static bool connect_link(struct run *r, struct link *l)
{
    l->retry_ns = UINT64_MAX;
    enum err err = assoc_connect(r->set, address_of(r, l), NULL, l, &l->handle);
    if (err == E_OK) {
        return true;
    }
    const struct address_text at = address_print(address_of(r, l));
    (void)snprintf(r->out->why, sizeof r->out->why, "%s: %s", at.s,
                   err == E_UNSUPPORTED ? "this machine has no such transport; sctp-udp:// and "
                                          "s1-tcp:// need nothing of the kernel"
                                        : err_sentence(err));
    l->retry_ns = now() + reconnect_ns(l->r);
    return false;
}

static enum err open_links(struct run *r)
{
    static const struct assoc_callbacks callbacks = {
        .up = on_up, .down = on_down, .message = on_message};
    const struct emulation_config *c = &r->plan->emulation;
    struct assoc_config config = assoc_config_default();
    config.callbacks = &callbacks;
    config.ctx = r;
    config.out_size = 4U << 20; /* an arrival of many devices at once must not be lost here */
    config.in_size = 1U << 20;
    r->links = c->enbs * (c->enb.mmes + c->further);
    config.associations_max = r->links + 1;
    r->link = calloc(r->links, sizeof *r->link);
    if (r->link == NULL) {
        return E_MEMORY;
    }
    enum err err = assoc_set_open(&config, &r->set);
    for (unsigned enb = 0; err == E_OK && enb < emulation_enbs(c); enb++) {
        for (unsigned m = 0; m < emulation_mmes(c, enb); m++) {
            struct link *l = link_of(r, enb, m);
            *l = (struct link){.r = r, .enb = enb, .mme = m};
            if (!connect_link(r, l)) {
                return E_CLOSED;
            }
        }
    }
    return err;
}

static void reconnect(struct run *r, uint64_t at)
{
    for (unsigned i = 0; i < r->links; i++) {
        if (r->link[i].retry_ns <= at) {
            (void)connect_link(r, &r->link[i]);
        }
    }
}

/* ---- one turn ---- */

static int wait_ms(const struct run *r, uint64_t at)
{
    uint64_t until = emulation_deadline_ns(r->e);
    if (r->start_ns != 0 && r->more && r->start_ns + r->due_ns < until) {
        until = r->start_ns + r->due_ns;
    }
    if (until <= at) {
        return 0;
    }
    const uint64_t ms = (until - at + MS_NS - 1) / MS_NS;
    return ms < LOOK_MS ? (int)ms : LOOK_MS;
}

static bool turn(struct run *r)
{
    if (assoc_poll(r->set, wait_ms(r, now())) != E_OK) {
        (void)snprintf(r->out->why, sizeof r->out->why, "the sockets failed");
        r->out->end = RUN_FAILED;
        return false;
    }
    emulation_tick(r->e);
    reconnect(r, now());
    return true;
}

/* ---- before the first arrival ---- */

#define PATIENCE_MS 2000u /* with MMEs that are slower than others */

static bool all_set_up(const struct run *r)
{
    const struct emulation_config *c = &r->plan->emulation;
    for (unsigned i = 0; i < emulation_enbs(c); i++) {
        bool one = false;
        for (unsigned m = 0; m < emulation_mmes(c, i); m++) {
            one = one || enb_is_set_up(emulation_enb(r->e, i), m);
        }
        if (!one) {
            return false;
        }
    }
    return true;
}

/* Has every MME that was named said yes or no? Otherwise the quickest would get everybody. */
static bool all_have_answered(const struct run *r)
{
    for (unsigned i = 0; i < r->links; i++) {
        const struct link *l = &r->link[i];
        if (!l->refused && !enb_is_set_up(emulation_enb(r->e, l->enb), l->mme)) {
            return false;
        }
    }
    return true;
}

static void say_unreachable(struct run *r)
{
    for (unsigned i = 0; i < r->links; i++) {
        const struct link *l = &r->link[i];
        const struct address_text at = address_print(address_of(r, l));
        if (enb_is_set_up(emulation_enb(r->e, l->enb), l->mme)) {
            continue;
        }
        const char *cause = l->refused ? s1ap_cause_name(l->cause) : NULL;
        (void)snprintf(r->out->why, sizeof r->out->why, "%s: %s%s%s", at.s,
                       l->refused ? "the MME refused S1 SETUP"
                       : l->up    ? "the MME did not answer S1 SETUP REQUEST in time"
                       : l->why   ? assoc_cause_sentence(l->why)
                                  : "no association in time",
                       cause != NULL ? ": " : "", cause != NULL ? cause : "");
        return;
    }
}

static bool await_setup(struct run *r)
{
    const uint64_t until = now() + r->plan->connect_ms * MS_NS;
    const uint64_t patience =
        now() + (r->plan->connect_ms < PATIENCE_MS ? r->plan->connect_ms : PATIENCE_MS) * MS_NS;
    while (!all_set_up(r) || (!all_have_answered(r) && now() < patience)) {
        if (*r->stop) {
            r->out->end = RUN_INTERRUPTED;
            return false;
        }
        if (now() >= until) {
            r->out->end = RUN_UNREACHABLE;
            say_unreachable(r);
            return false;
        }
        if (!turn(r)) {
            return false;
        }
    }
    return true;
}

/* ---- arrivals ---- */

static void next_arrival(struct run *r)
{
    if (r->plan->over_ns == 0) {
        r->due_ns = 0;
        r->more = r->next < r->plan->attaches;
    } else {
        r->more = load_schedule_next(&r->schedule, &r->due_ns);
    }
}

static void begin_arrivals(struct run *r)
{
    const struct load_arrivals a = {.pattern = r->plan->pattern,
                                    .devices = r->plan->attaches,
                                    .over_ns = r->plan->over_ns,
                                    .seed = r->plan->seed,
                                    .shares = 1};
    r->more = r->plan->attaches > 0;
    if (r->more && r->plan->over_ns > 0) {
        load_schedule_begin(&r->schedule, &a);
    }
    r->start_ns = r->line_ns = now();
    if (r->more) {
        next_arrival(r);
    }
    if (words(r) != NULL) {
        say_begin(&r->say, population_at(r->p, 0));
    }
}

/* At most so many before the sockets have their turn again. */
static void arrive(struct run *r)
{
    for (unsigned i = 0; i < 256 && r->more && r->start_ns + r->due_ns <= now(); i++) {
        emulation_attach(r->e, (uint32_t)(r->next % r->p->n), r->start_ns + r->due_ns);
        r->next++;
        next_arrival(r);
    }
}

static void line(struct run *r, uint64_t at)
{
    const struct tally *t = emulation_tally(r->e);
    char onboarded[40] = "";
    if (r->plan->progress == NULL || at < r->line_ns + LINE_NS) {
        return;
    }
    if (t->onboarded > 0) {
        (void)snprintf(onboarded, sizeof onboarded, "  onboarded %" PRIu64, t->onboarded);
    }
    fprintf(r->plan->progress,
            "\r\033[K%6.1f s  %8.0f/s  offered %" PRIu64 "%s  registered %" PRIu64
            "  failed %" PRIu64 "  under way %" PRIu32,
            (double)(at - r->start_ns) / 1e9,
            (double)(t->registered - r->line_registered) * 1e9 / (double)(at - r->line_ns),
            t->offered, onboarded, t->registered, t->failed, emulation_active(r->e));
    (void)fflush(r->plan->progress);
    r->line_ns = at;
    r->line_registered = t->registered;
}

static void loop(struct run *r)
{
    begin_arrivals(r);
    while (r->more || emulation_active(r->e) > 0 || r->plan->stay) {
        if (*r->stop) {
            r->out->end = RUN_INTERRUPTED;
            return;
        }
        arrive(r);
        if (!turn(r)) {
            return;
        }
        line(r, now());
    }
    r->out->end = RUN_DONE;
}

/* What was handed over leaves, then the associations end in good order. */
static void end_links(struct run *r)
{
    const uint64_t until = now() + END_NS;
    bool open = r->set != NULL;
    r->ending = true;
    for (unsigned i = 0; open && i < r->links; i++) {
        struct assoc *a = assoc_find(r->set, r->link[i].handle);
        if (a != NULL) {
            assoc_shutdown(a);
        }
    }
    while (open && now() < until && assoc_poll(r->set, 10) == E_OK) {
        open = false;
        for (unsigned i = 0; i < r->links; i++) {
            open = open || assoc_find(r->set, r->link[i].handle) != NULL;
        }
    }
}

/* ---- the whole ---- */

static bool open_shadows(struct run *r)
{
    const bool all = r->plan->trace != NULL && trace_shows_secrets(r->plan->trace);
    r->shadows = all ? r->p->n : r->plan->words != NULL ? 1 : 0;
    r->shadow = calloc(r->shadows > 0 ? r->shadows : 1, sizeof *r->shadow);
    if (r->shadow == NULL) {
        return false;
    }
    r->p->stored = on_stored;
    r->p->ctx = r;
    if (r->shadows > 0 && r->p->image_n > 0) {
        shadow_follow(&r->shadow[0], &r->p->crypto, (struct bytes){r->p->image, r->p->image_n},
                      true);
    }
    return true;
}

static enum err open_all(struct run *r)
{
    const struct emulation_host host = {.ctx = r,
                                        .now_ns = now_ns,
                                        .send = send_message,
                                        .nas = on_nas,
                                        .event = on_event,
                                        .told = on_told,
                                        .turned = on_turned,
                                        .registered =
                                            r->plan->manage != NULL ? on_registered : NULL};
    r->say = (struct say){.to = r->plan->words, .start_ns = now()};
    if (!open_shadows(r)) {
        return E_MEMORY;
    }
    enum err err = emulation_open(&r->plan->emulation, &host, r->p, &r->e);
    return err == E_OK ? open_links(r) : err;
}

static void close_all(struct run *r)
{
    if (r->set != NULL) {
        assoc_set_close(r->set);
    }
    emulation_close(r->e);
    if (r->shadow != NULL) {
        wipe(r->shadow, (r->shadows > 0 ? r->shadows : 1) * sizeof *r->shadow);
    }
    free(r->shadow);
    free(r->link);
    r->p->stored = NULL;
}

static void take_result(struct run *r)
{
    struct run_result *out = r->out;
    out->tally = *emulation_tally(r->e);
    out->radio = *emulation_radio(r->e);
    emulation_enb_counters(r->e, &out->enb);
    if (r->start_ns != 0 && out->tally.last_ns > r->start_ns) {
        out->elapsed_ns = out->tally.last_ns - r->start_ns;
    }
}

void run(const struct run_plan *plan, struct population *population,
         const volatile sig_atomic_t *stop, struct run_result *out)
{
    struct run r = {.plan = plan, .p = population, .stop = stop, .out = out};
    memset(out, 0, sizeof *out);
    out->end = RUN_FAILED;
    out->devices = population->n;
    out->device_octets =
        emulation_device_size() + population->key_octets / (population->n > 0 ? population->n : 1);
    enum err err = open_all(&r);
    if (err == E_OK && await_setup(&r)) {
        loop(&r);
    } else if (err == E_CLOSED) {
        out->end = RUN_UNREACHABLE;
    } else if (err != E_OK) {
        (void)snprintf(out->why, sizeof out->why, "%s", err_sentence(err));
    }
    if (plan->words != NULL) {
        say_rest(&r.say);
    }
    if (plan->progress != NULL) {
        fputs("\r\033[K", plan->progress);
    }
    if (r.e != NULL) {
        take_result(&r);
        end_links(&r);
    }
    close_all(&r);
}
