#include "attach/world_parts.h"

#include <stdlib.h>
#include <string.h>

/* ---- the HSS --------------------------------------------------------------------------------- */

static void hss_vectors(struct world *w, const struct emm_effect *e, struct emm_aia *out)
{
    uint8_t sn[3];
    uint64_t sqn_ms;
    const struct key_kme *kme = w->bound ? &w->kme : NULL;
    plmn_to_octets(&w->config.plmn, sn);
    w->airs++;
    *out = (struct emm_aia){.code = 2001, .has_control = true};
    out->control = w->bound ? S6A_BINDING_PROCESSED : S6A_BINDING_REGULAR;
    out->proof_control = !w->policy.wanted ? S6A_PROOF_NOT_WANTED
                         : w->remembered   ? S6A_PROOF_REMEMBERED
                                           : S6A_PROOF_WANTED;
    if (e->has_resync) {
        struct binding_view view = {.policy = BINDING_BOUND, .n_devices = 1};
        enum binding_auts_under under;
        view.devices[0].has_kme = true;
        view.devices[0].kme = w->kme;
        if (binding_hss_resync(&w->c, &w->keys, &view, e->resync_rand, &e->auts, &sqn_ms, &under) !=
            E_OK) {
            *out = (struct emm_aia){.code = 4181, .experimental = true};
            return;
        }
        w->seq = (sqn_ms >> SQN_IND_BITS) + 1;
    }
    for (; out->n < e->vectors; out->n++) {
        assert_ok(binding_hss_vector(&w->c, &w->keys, kme, w->seq++ << SQN_IND_BITS, sn,
                                     &out->vectors[out->n]));
    }
}

static void hss_location(struct world *w, const struct emm_effect *e, struct emm_ula *out)
{
    const struct devid_outcome *told = e->proof.result == DEVID_NOT_ASKED ? NULL : &e->proof;
    enum refusal why = devid_hss_admit(&w->policy, told, w->remembered);
    *out =
        (struct emm_ula){.code = w->hss_down ? 0 : w->ula_code,
                         .experimental = w->ula_experimental && !w->hss_down,
                         .subscription = {.ambr_ul = 50000000, .ambr_dl = 150000000, .n_apns = 1}};
    memcpy(out->subscription.apns[0].encoded, "\x08internet", 9);
    out->subscription.apns[0].n = 9;
    out->subscription.apns[0].qci = 9;
    out->subscription.apns[0].pdn_type = EMM_SUBSCRIBED_BOTH;
    if (why != REFUSAL_NONE && !w->hss_down) {
        out->code = refusal_row(why)->code;
        out->experimental = refusal_row(why)->carrier == REFUSAL_3GPP;
    }
    w->ulrs++;
    w->reported = e->proof;
    w->registered = e->who.imei.imei;
}

static void hss_equipment(struct world *w, const struct emm_effect *e, struct emm_eca *out)
{
    static const struct devid_credential none = {.status = DEVID_NONE,
                                                 .source = DEVID_FROM_REPOSITORY};
    const struct devid_credential *found = NULL;
    *out = (struct emm_eca){.code = w->hss_down ? 0 : 2001, .status = w->equipment};
    w->ecrs++;
    if (!e->wants_credential || w->hss_down) {
        return;
    }
    w->inquiries++;
    found = w->binding != NULL ? w->binding(w->binding_ctx, &e->who.imei.imei) : NULL;
    out->has_credential = true;
    out->credential = found != NULL ? *found : none;
}

/* The answer goes on its way, or is never heard of. */
static void hss_answer(struct world *w, struct mail m)
{
    static const struct emm_aia no_aia;
    static const struct emm_ula no_ula;
    static const struct emm_eca no_eca;
    uint64_t after = w->hss_down ? 4000 : 10;
    bool here = w->answers++ == w->answer_fault_at;
    if (here && w->answer_fault == FAULT_LOSE) {
        m.event.aia = &no_aia;
        m.event.ula = &no_ula;
        m.event.eca = &no_eca;
        after = 4000;
    } else if (here && w->answer_fault == FAULT_DELAY) {
        after = 3500;
    }
    world_post(w, m, after);
}

/* To a home network of its own, which may not answer. */
static void home_ask(struct world *w, struct context *x, const struct emm_effect *e)
{
    static const char *const names[] = {[EMM_ASK_VECTORS] = "AIR",
                                        [EMM_ASK_LOCATION] = "ULR",
                                        [EMM_ASK_EQUIPMENT] = "ECR",
                                        [EMM_ASK_ONBOARDING] = "ECR"};
    static const struct emm_aia no_aia;
    static const struct emm_ula no_ula;
    static const struct emm_eca no_eca;
    struct mail m = {.kind = MAIL_REQUEST, .connection = (uint32_t)(x - w->contexts)};
    struct mail silence = {.kind = MAIL_HSS, .connection = m.connection};
    m.effect = *e;
    m.effect.pdu = (struct bytes){NULL, 0};
    m.serial = silence.serial = x->serial = ++w->serial;
    silence.event.kind = e->kind == EMM_ASK_VECTORS    ? EMM_AIA
                         : e->kind == EMM_ASK_LOCATION ? EMM_ULA
                                                       : EMM_ECA;
    silence.event.aia = &no_aia;
    silence.event.ula = &no_ula;
    silence.event.eca = &no_eca;
    m.effect.request = (struct bytes){NULL, 0};
    struct bytes octets = e->kind == EMM_ASK_ONBOARDING ? e->request : e->payload;
    if (world_send(w, PARTY_MME, names[e->kind], world_mail(m, octets), 10)) {
        world_post(w, silence, 4000);
    }
}

static void hss_ask(struct world *w, struct context *x, const struct emm_effect *e)
{
    if (w->home != NULL || w->serves != NULL) {
        home_ask(w, x, e);
        return;
    }
    static struct emm_aia aia[64];
    static struct emm_ula ula[64];
    static struct emm_eca eca[64];
    struct mail m = {.kind = MAIL_HSS, .connection = (uint32_t)(x - w->contexts)};
    x->serial = ++w->serial;
    m.event.cancellation_type = 0;
    m.serial = x->serial;
    if (e->kind == EMM_ASK_VECTORS) {
        struct emm_aia *a = &aia[w->serial % 64];
        m.event.kind = EMM_AIA;
        m.event.aia = a;
        if (w->hss_down) {
            *a = (struct emm_aia){.code = 0};
        } else {
            hss_vectors(w, e, a);
        }
    } else if (e->kind == EMM_ASK_LOCATION) {
        m.event.kind = EMM_ULA;
        m.event.ula = &ula[w->serial % 64];
        hss_location(w, e, &ula[w->serial % 64]);
    } else {
        m.event.kind = EMM_ECA;
        m.event.eca = &eca[w->serial % 64];
        hss_equipment(w, e, &eca[w->serial % 64]);
    }
    hss_answer(w, m);
}

const struct emm_config *world_network(const struct world *w, uint32_t context)
{
    return context < WORLD_CONTEXTS && w->contexts[context].other ? &w->other : &w->config;
}

/* ---- the MME's shell ------------------------------------------------------------------------- */

struct context *world_mme_context(struct world *w, uint32_t connection)
{
    for (unsigned i = 0; i < WORLD_CONTEXTS; i++) {
        if (w->contexts[i].used && w->contexts[i].connection == connection && connection != 0) {
            return &w->contexts[i];
        }
    }
    return NULL;
}

static struct context *context_new(struct world *w)
{
    for (unsigned i = 0; i < WORLD_CONTEXTS; i++) {
        struct context *x = &w->contexts[i];
        if (!x->used) {
            struct emm_ue *emm = x->emm;
            *x = (struct context){.used = true, .emm = emm};
            emm_ue_init(emm);
            return x;
        }
    }
    fail_msg("too many contexts");
    return NULL;
}

static struct context *context_named(struct world *w, uint32_t m_tmsi)
{
    for (unsigned i = 0; i < WORLD_CONTEXTS; i++) {
        struct context *x = &w->contexts[i];
        if (x->used && m_tmsi != 0 && (x->m_tmsi[0] == m_tmsi || x->m_tmsi[1] == m_tmsi)) {
            return x;
        }
    }
    return NULL;
}

static void assign(struct context *x, uint32_t m_tmsi)
{
    x->m_tmsi[x->m_tmsi[0] != 0] = m_tmsi;
}

static void drop(struct context *x, uint32_t m_tmsi)
{
    for (unsigned i = 0; i < 2; i++) {
        if (x->m_tmsi[i] == m_tmsi) {
            x->m_tmsi[i] = 0;
        }
    }
}

static void supersede(struct world *w, struct context *by, const struct imsi *imsi)
{
    for (unsigned i = 0; i < WORLD_CONTEXTS; i++) {
        struct context *x = &w->contexts[i];
        struct emm_who who;
        if (!x->used || x == by) {
            continue;
        }
        emm_ue_who(x->emm, &who);
        if (x->has_imsi && imsi_eq(&who.imsi, imsi)) {
            struct emm_event event = {.kind = EMM_SUPERSEDED};
            world_mme_step(w, x, &event);
        }
    }
}

static void send_down(struct world *w, struct context *x, const struct emm_effect *e)
{
    struct mail m = {.kind = MAIL_DOWN, .ue = x->ue, .connection = x->connection};
    if (e->kind == EMM_SETUP) {
        struct mail set = {.kind = MAIL_SETUP, .ue = x->ue, .connection = x->connection};
        world_post(w, set, 11);
    }
    if (e->pdu.p != NULL && x->connection != 0) {
        world_on_air(w, world_mail(m, e->pdu), false);
    }
}

/* False: the context is gone. */
static bool effect(struct world *w, struct context *x, const struct emm_effect *e)
{
    switch (e->kind) {
    case EMM_SEND:
    case EMM_SETUP:
        send_down(w, x, e);
        return true;
    case EMM_RELEASE:
    case EMM_REROUTE: {
        struct mail m = {.kind = MAIL_RELEASE, .ue = x->ue, .connection = x->connection};
        world_post(w, m, 12);
        x->connection = 0;
        return true;
    }
    case EMM_ASK_VECTORS:
    case EMM_ASK_LOCATION:
    case EMM_ASK_EQUIPMENT:
    case EMM_ASK_ONBOARDING:
        hss_ask(w, x, e);
        return true;
    case EMM_REPORT_FAILURE:
        w->reports++;
        return true;
    case EMM_PURGE:
        w->purges++;
        return true;
    case EMM_TIMER_START:
        x->deadlines[e->timer] = w->now + e->ms;
        return true;
    case EMM_TIMER_STOP:
        x->deadlines[e->timer] = 0;
        return true;
    case EMM_ASSIGN_GUTI:
        assign(x, e->m_tmsi);
        return true;
    case EMM_DROP_GUTI:
        drop(x, e->m_tmsi);
        return true;
    case EMM_AUTHENTICATED:
        x->has_imsi = true;
        supersede(w, x, &e->who.imsi);
        return true;
    case EMM_REGISTERED_NOW:
        return true;
    case EMM_DEVICE:
        w->outcome = e->proof;
        return true;
    case EMM_TOLD:
        assert_true(w->n_told < WORLD_TOLD);
        w->told[w->n_told++] = e->refusal;
        return true;
    case EMM_FORGET:
        return false;
    }
    return true;
}

/* What a protected message was is known here only. */
static void plain(void *ctx, bool uplink, struct bytes message)
{
    struct world *w = ctx;
    unsigned n = sizeof w->downlinks.types;
    if (uplink) {
        const char *name = world_nas_name(message);
        world_name(w, w->carrying, name != NULL ? name : "");
    } else {
        w->downlinks.types[w->downlinks.n++ % n] = world_nas_type(message);
    }
}

void world_mme_step(struct world *w, struct context *x, const struct emm_event *event)
{
    struct emm_effects fx;
    size_t room = (size_t)EMM_EFFECTS_MAX * EMM_PDU_MAX;
    uint8_t *scratch = malloc(room); /* a step may be inside another */
    struct emm_env env = {.config = x->other ? &w->other : &w->config,
                          .crypto = &w->c,
                          .m_tmsi = ++w->next_m_tmsi,
                          .pdn_address = {10, 45, 0, 2},
                          .devid = w->devid,
                          .unix_s = w->unix_s,
                          .plain = plain,
                          .plain_ctx = w,
                          .scratch = {scratch, room}};
    bool stays = true;
    emm_step(x->emm, &env, event, &fx);
    for (unsigned i = 0; i < fx.n && stays && x->used && !w->dead[PARTY_MME]; i++) {
        stays = effect(w, x, &fx.e[i]);
    }
    if (!stays) {
        x->used = false;
    }
    emm_effects_wipe(&fx);
    free(scratch);
}

void world_mme_initial(struct world *w, const struct mail *m)
{
    struct emm_claim claim;
    const bool other = w->devices[m->ue].roams;
    struct emm_where where = {.plmn = other ? w->other.plmn : w->config.plmn, .tac = 1};
    struct emm_event event = {.kind = EMM_INITIAL, .pdu = {m->pdu, m->n}, .where = &where};
    struct bindery_ue_guti guti;
    uint8_t room[EMM_PDU_MAX];
    emm_claim(event.pdu, &claim);
    uint32_t m_tmsi = claim.kind == EMM_CLAIM_GUTI ? claim.guti.m_tmsi : 0;
    if (m_tmsi == 0 && !claim.attach && bindery_ue_guti(&w->devices[m->ue].ue, &guti)) {
        m_tmsi = guti.m_tmsi; /* the S-TMSI that the eNB was told */
    }
    struct context *known = context_named(w, m_tmsi);
    known = known != NULL && known->other == other ? known : NULL;
    bool genuine = known != NULL && !claim.attach &&
                   emm_vouches(known->emm, &w->c, event.pdu, (struct mbytes){room, sizeof room});
    struct context *x = genuine ? known : context_new(w);
    event.old = known != NULL && x != known ? known->emm : NULL;
    x->connection = m->connection;
    x->ue = m->ue;
    x->other = other;
    world_mme_step(w, x, &event);
}

void world_mme_uplink(struct world *w, const struct mail *m)
{
    struct context *x = world_mme_context(w, m->connection);
    struct emm_event event = {.kind = EMM_UPLINK, .pdu = {m->pdu, m->n}};
    if (x == NULL) {
        return; /* ERROR INDICATION, in life */
    }
    if (m->n == 0) {
        event.kind = EMM_CONNECTION_LOST;
        x->connection = 0;
    }
    world_mme_step(w, x, &event);
}
