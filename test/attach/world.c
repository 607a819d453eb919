#include "attach/world_parts.h"

#include <stdlib.h>
#include <string.h>

static const char *const imsis[WORLD_UES] = {"001010123456789", "001010123456780"};
static const char *const imeisvs[WORLD_UES] = {"3569380356438099", "3569380356439099"};

/* ---- mail ------------------------------------------------------------------------------------ */

struct mail *world_post(struct world *w, struct mail m, uint64_t after)
{
    for (unsigned i = 0; i < WORLD_MAIL; i++) {
        if (!w->mail[i].used) {
            w->mail[i] = m;
            w->mail[i].used = true;
            w->mail[i].at = w->now + after;
            w->mail[i].order = w->order++;
            return &w->mail[i];
        }
    }
    fail_msg("too much mail");
    return NULL;
}

struct mail world_mail(struct mail m, struct bytes pdu)
{
    assert_true(pdu.n <= sizeof m.pdu);
    m.n = pdu.n;
    if (pdu.n > 0) {
        memcpy(m.pdu, pdu.p, pdu.n);
    }
    return m;
}

static void crash_if_due(struct world *w)
{
    if (w->crash != PARTY_NONE && w->messages == w->crash_at + 1) {
        enum party who = w->crash;
        w->crash = PARTY_NONE;
        world_kill(w, who);
    }
}

/* Over the air: the place where faults are. */
void world_on_air(struct world *w, struct mail m, bool uplink)
{
    unsigned number = w->messages++;
    enum fault_kind fault = number == w->fault_at ? w->fault : FAULT_NONE;
    if (w->radio != NULL && !w->radio(w->radio_ctx, uplink, m.pdu, &m.n)) {
        return;
    }
    switch (fault) {
    case FAULT_LOSE:
        break;
    case FAULT_REPEAT:
        world_post(w, m, 10);
        m.kind = m.kind == MAIL_INITIAL ? MAIL_UP : m.kind;
        world_post(w, m, 11);
        break;
    case FAULT_DELAY:
        world_post(w, m, 7000);
        break;
    case FAULT_SWAP:
        world_post(w, m, 6500); /* the next one, a retransmission at least, is faster */
        break;
    case FAULT_MISDELIVER:
        m.ue = (m.ue + 1) % WORLD_UES;
        m.connection = w->devices[m.ue].connection;
        if (m.connection != 0 && m.kind != MAIL_INITIAL) {
            world_post(w, m, 10);
        }
        break;
    case FAULT_NONE: {
        const char *name = world_nas_name((struct bytes){m.pdu, m.n});
        world_send(w, uplink ? PARTY_UE : PARTY_MME, name != NULL ? name : "", m, 10);
        break;
    }
    }
    crash_if_due(w);
}

/* ---- the post is carried out ----------------------------------------------------------------- */

static void set_up(struct world *w, const struct mail *m)
{
    struct mail answer = {.kind = MAIL_SET, .ue = m->ue, .connection = m->connection};
    struct device *d = &w->devices[m->ue];
    world_post(w, answer, 5);
    if (d->connection == m->connection && d->connection != 0 && !w->dead[PARTY_UE]) {
        world_lower(w, m->ue, BINDERY_UE_LOWER_BEARERS);
    }
}

static void answered(struct world *w, const struct mail *m)
{
    struct context *x = &w->contexts[m->connection];
    if (x->used && x->serial == m->serial && !w->dead[PARTY_MME]) {
        x->serial = 0; /* a second answer to it is nobody's */
        world_mme_step(w, x, &m->event);
    }
}

static void carry(struct world *w, const struct mail *m)
{
    struct context *x;
    struct emm_event set = {.kind = EMM_CONTEXT_SET};
    world_arrived(w, m);
    switch (m->kind) {
    case MAIL_UP:
    case MAIL_INITIAL:
        if (w->dead[PARTY_MME]) {
            return;
        }
        if (m->kind == MAIL_UP) {
            world_mme_uplink(w, m);
        } else {
            world_mme_initial(w, m);
        }
        return;
    case MAIL_DOWN:
        world_downlink(w, m);
        return;
    case MAIL_RELEASE:
        world_released(w, m);
        return;
    case MAIL_SETUP:
        set_up(w, m);
        return;
    case MAIL_SET:
        x = world_mme_context(w, m->connection);
        if (x != NULL && !w->dead[PARTY_MME]) {
            world_mme_step(w, x, &set);
        }
        return;
    case MAIL_HSS:
        answered(w, m);
        return;
    case MAIL_REQUEST:
    case MAIL_INQUIRY:
    case MAIL_CREDENTIAL:
    case MAIL_WORK:
        if (w->serves != NULL) {
            w->serves(w, m);
        } else {
            world_home(w, m);
        }
        return;
    case MAIL_RISE:
        world_rise(w, (enum party)m->ue);
        return;
    }
}

/* ---- time ------------------------------------------------------------------------------------ */

static uint64_t next_due(const struct world *w)
{
    uint64_t due = UINT64_MAX;
    for (unsigned i = 0; i < WORLD_MAIL; i++) {
        if (w->mail[i].used && w->mail[i].at < due) {
            due = w->mail[i].at;
        }
    }
    for (unsigned i = 0; i < WORLD_CONTEXTS && !w->dead[PARTY_MME]; i++) {
        for (unsigned t = 0; w->contexts[i].used && t < EMM_TIMER_COUNT; t++) {
            uint64_t at = w->contexts[i].deadlines[t];
            due = at != 0 && at < due ? at : due;
        }
    }
    for (unsigned i = 0; i < WORLD_UES && !w->dead[PARTY_UE]; i++) {
        uint64_t at = bindery_ue_deadline(&w->devices[i].ue);
        due = at < due ? at : due;
    }
    return due;
}

static bool carry_first(struct world *w)
{
    struct mail *first = NULL;
    for (unsigned i = 0; i < WORLD_MAIL; i++) {
        struct mail *m = &w->mail[i];
        if (m->used && m->at <= w->now &&
            (first == NULL || m->at < first->at ||
             (m->at == first->at && m->order < first->order))) {
            first = m;
        }
    }
    if (first != NULL) {
        struct mail m = *first;
        first->used = false;
        carry(w, &m);
    }
    return first != NULL;
}

static void run_timers(struct world *w)
{
    for (unsigned i = 0; i < WORLD_CONTEXTS && !w->dead[PARTY_MME]; i++) {
        for (unsigned t = 0; t < EMM_TIMER_COUNT; t++) {
            struct context *x = &w->contexts[i];
            if (x->used && x->deadlines[t] != 0 && x->deadlines[t] <= w->now) {
                struct emm_event event = {.kind = EMM_TIMER, .timer = (enum emm_timer)t};
                x->deadlines[t] = 0;
                world_mme_step(w, x, &event);
            }
        }
    }
    for (unsigned i = 0; i < WORLD_UES; i++) {
        if (!w->dead[PARTY_UE] && bindery_ue_deadline(&w->devices[i].ue) <= w->now) {
            assert_int_equal(bindery_ue_tick(&w->devices[i].ue, w->now), BINDERY_UE_OK);
            world_drain(w, i);
        }
    }
}

static bool turn(struct world *w, uint64_t until)
{
    uint64_t due = next_due(w);
    if (due > until) {
        return false;
    }
    w->now = due > w->now ? due : w->now;
    while (carry_first(w)) {
    }
    run_timers(w);
    return true;
}

void world_run(struct world *w, uint64_t until)
{
    while (turn(w, until)) {
    }
    w->now = until;
}

bool world_registered(const struct world *w, unsigned ue)
{
    const struct device *d = &w->devices[ue];
    struct bindery_ue_guti guti;
    if (bindery_ue_state(&d->ue) != BINDERY_UE_STATE_REGISTERED ||
        !bindery_ue_guti(&d->ue, &guti)) {
        return false;
    }
    for (unsigned i = 0; i < WORLD_CONTEXTS; i++) {
        const struct context *x = &w->contexts[i];
        enum emm_state s = x->used ? emm_ue_state(x->emm) : EMM_DEREGISTERED;
        if ((s == EMM_REGISTERED || s == EMM_IDLE) && x->m_tmsi[0] == guti.m_tmsi) {
            return true;
        }
        if ((s == EMM_REGISTERED || s == EMM_IDLE) && x->m_tmsi[1] == guti.m_tmsi) {
            return true;
        }
    }
    return false;
}

bool world_run_registered(struct world *w, unsigned ue, uint64_t until)
{
    while (!world_registered(w, ue) && turn(w, until)) {
    }
    return world_registered(w, ue);
}

unsigned world_contexts(const struct world *w)
{
    unsigned n = 0;
    for (unsigned i = 0; i < WORLD_CONTEXTS; i++) {
        n += w->contexts[i].used;
    }
    return n;
}

bool world_was_told(const struct world *w, enum refusal why)
{
    for (unsigned i = 0; i < w->n_told; i++) {
        if (w->told[i] == why) {
            return true;
        }
    }
    return false;
}

/* ---- crashes and attackers ------------------------------------------------------------------- */

static void kill_mme(struct world *w)
{
    for (unsigned i = 0; i < WORLD_CONTEXTS; i++) {
        w->contexts[i].used = false;
        emm_ue_wipe(w->contexts[i].emm);
    }
    for (unsigned i = 0; i < WORLD_MAIL; i++) {
        w->mail[i].used = w->mail[i].used && w->mail[i].kind >= MAIL_REQUEST;
        /* the eNB's association is gone, and what was on it, and the HSS's answers */
    }
    for (unsigned i = 0; i < WORLD_UES; i++) {
        if (w->devices[i].connection != 0) {
            struct mail m = {.kind = MAIL_RELEASE, .ue = i, .connection = w->devices[i].connection};
            world_post(w, m, 1000);
        }
    }
}

static void kill_ue(struct world *w)
{
    struct device *d = &w->devices[0];
    struct mail gone = {.kind = MAIL_UP, .ue = 0, .connection = d->connection};
    if (d->connection != 0) {
        world_post(w, gone, 2000); /* the eNB notices and asks for release */
    }
    world_boot(w, 0);
    if (d->wants) {
        world_attach(w, 0);
    }
}

/* Answers under way are lost; what it gave out before stays given out: SEQ goes on above. */
static void kill_hss(struct world *w)
{
    if (w->serves != NULL) {
        w->seq += 1000;
        return;
    }
    if (w->home != NULL) {
        world_home_killed(w);
        return;
    }
    for (unsigned i = 0; i < WORLD_MAIL; i++) {
        if (w->mail[i].used && w->mail[i].kind == MAIL_HSS) {
            struct mail *m = &w->mail[i];
            static const struct emm_aia no_aia;
            static const struct emm_ula no_ula;
            static const struct emm_eca no_eca;
            m->event.aia = &no_aia;
            m->event.ula = &no_ula;
            m->event.eca = &no_eca;
            m->at = w->now + 4000;
        }
    }
    w->seq += 1000;
}

void world_kill(struct world *w, enum party who)
{
    if (who == PARTY_UE) {
        kill_ue(w);
    } else if (who == PARTY_MME) {
        kill_mme(w);
    } else if (who == PARTY_HSS) {
        kill_hss(w);
    }
}

void world_inject(struct world *w, unsigned ue, bool up, struct bytes pdu)
{
    struct mail m = {
        .kind = up ? MAIL_UP : MAIL_DOWN, .ue = ue, .connection = w->devices[ue].connection};
    world_post(w, world_mail(m, pdu), 1);
}

/* ---- opening --------------------------------------------------------------------------------- */

static struct emm_config config(void)
{
    struct emm_config c = {.mme_group_id = 2,
                           .mme_code = 1,
                           .algorithms = {{2, 1, 3}, 3, {2, 1, 3}, 3},
                           .vectors = 1,
                           .serve = true,
                           .resyncs = 2,
                           .t3412_s = 3240,
                           .t3402_s = 720,
                           .t3450_ms = 6000,
                           .t3460_ms = 6000,
                           .t3470_ms = 6000,
                           .t3422_ms = 6000,
                           .t3489_ms = 4000,
                           .retransmissions = 4,
                           .attach_ms = 60000,
                           .implicit_detach_ms = 240000,
                           .network_name = BYTES_LIT("Bindery")};
    assert_ok(plmn_parse(BYTES_LIT("001-01"), &c.plmn));
    return c;
}

void world_open(struct world *w)
{
    memset(w, 0, sizeof *w);
    w->now = 1000000;
    w->seq = 1;
    w->bound = true;
    w->ula_code = 2001;
    w->config = config();
    w->other = w->config;
    assert_ok(plmn_parse(BYTES_LIT("002-02"), &w->other.plmn));
    assert_ok(crypto_openssl_open(&w->c));
    assert_ok(platform_openssl_open(&w->table));
    w->keys = (struct aka_keys){
        .algorithm = AKA_MILENAGE, .k = {.n = 16}, .opc = {.n = 16}, .res_len = 8};
    memset(w->keys.k.b, 0x11, 16);
    memset(w->keys.opc.b, 0x22, 16);
    memset(w->kme.b, 0x5c, sizeof w->kme.b);
    for (unsigned i = 0; i < WORLD_CONTEXTS; i++) {
        w->contexts[i].emm = malloc(emm_ue_size);
    }
    for (unsigned i = 0; i < WORLD_UES; i++) {
        struct device *d = &w->devices[i];
        d->world = w;
        d->settings = (struct bindery_ue_settings){
            .eea = 0xf0, .eia = 0x70, .pdn_type = 1, .apn = "internet", .unprotected_limit = 3};
        memcpy(d->identity.imsi, imsis[i], 15);
        d->identity.imsi_n = 15;
        memcpy(d->identity.imeisv, imeisvs[i], 16);
        d->identity.kme = w->kme.b;
        d->host = (struct bindery_ue_host){.ctx = d,
                                           .usim = bindery_ue_usim_authenticate,
                                           .usim_ctx = &d->usim,
                                           .store = world_store,
                                           .store_keys = world_store_keys};
        world_boot(w, i);
    }
}

void world_close(struct world *w)
{
    for (unsigned i = 0; i < WORLD_CONTEXTS; i++) {
        emm_ue_wipe(w->contexts[i].emm);
        free(w->contexts[i].emm);
    }
    for (unsigned i = 0; i < WORLD_UES; i++) {
        bindery_ue_wipe(&w->devices[i].ue);
    }
    crypto_openssl_close(&w->c);
    platform_openssl_close(&w->table);
}
