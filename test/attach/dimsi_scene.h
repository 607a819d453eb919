/* test/attach/dimsi_scene.h - devices that left their factory with a dIMSI, MMEs that know nothing
 * of that, a target AUSF and a discovery AUSF: the world of test/attach/world.h with the parties of
 * proc/dimsi.h. What the two AUSFs store, and each of their messages, is a point. Header only.
 *
 * Steps 0-b to 0-e are done when it is opened, with the keys of test/proc/dimsi_rig.h. The target
 * AUSF does the rest as nf/hssd does: each thing is stored before a message that relies on it
 * leaves, and what is owed to the D-AUSF is sent again until it is answered.
 */
#ifndef BINDERY_TEST_ATTACH_DIMSI_SCENE_H
#define BINDERY_TEST_ATTACH_DIMSI_SCENE_H

#include "attach/world_parts.h"
#include "codec/nas_codes.h"
#include "proc/dimsi_rig.h"

#define SECOND            1000u
#define MINUTE            (60 * SECOND)
#define POLL_MS           (5 * SECOND)
#define DISCOVERY_PLMN    "901-70"
#define DISCOVERY_ANSWERS 64
#define UNABLE_TO_COMPLY  5012
#define DATA_UNAVAILABLE  4181

enum scene_phase { OFFERED, ALLOCATED, PUSHED, ATTACHED, SPENT };
struct scene_row { /* stored by the target AUSF */
    enum scene_phase phase;
    struct imsi dimsi, imsi;
    struct key_ek ek;
    struct aka_keys keys;
    struct dimsi_challenge challenge;
    struct drig_grant grant;
    struct dimsi_endorsement endorsed;
    enum dimsi_cause refused; /* by the D-AUSF */
};
struct scene {
    struct world w;
    struct drig drig;
    struct scene_row rows[WORLD_UES];
    struct dimsi_entry entries[WORLD_UES]; /* stored by the D-AUSF */
    unsigned given;                        /* IMSIs, each once */
    unsigned airs, refused_airs, ulrs_on_dimsi, pushes;
    bool serves_dimsi; /* a D-AUSF that is not what it should be */
    /* It changes a vector on its way to the MME. */
    void (*meddle)(struct scene *s, struct binding_vector *v);
};
enum scene_job { JOB_PUSH = 1, JOB_SPENT };

static inline struct scene *scene_of(struct world *w)
{
    return (struct scene *)(void *)w; /* its first member */
}

/* ---- answers to MMEs ---- */

static inline void answer_vectors(struct scene *s, enum party from, const struct mail *m,
                                  const struct emm_aia *with)
{
    static struct emm_aia answers[DISCOVERY_ANSWERS];
    struct emm_aia *a = &answers[m->serial % DISCOVERY_ANSWERS];
    struct mail answer = {.kind = MAIL_HSS, .connection = m->connection, .serial = m->serial};
    *a = *with;
    answer.event.kind = EMM_AIA;
    answer.event.aia = a;
    (void)world_send(&s->w, from, "AIA", answer, 10);
}

static inline void answer_location(struct scene *s, enum party from, const struct mail *m,
                                   uint32_t code)
{
    static struct emm_ula answers[DISCOVERY_ANSWERS];
    struct emm_ula *a = &answers[m->serial % DISCOVERY_ANSWERS];
    struct mail answer = {.kind = MAIL_HSS, .connection = m->connection, .serial = m->serial};
    *a = (struct emm_ula){.code = code};
    if (code == 2001) {
        a->subscription.n_apns = 1;
        memcpy(a->subscription.apns[0].encoded, "\x08internet", 9);
        a->subscription.apns[0].n = 9;
        a->subscription.apns[0].qci = 9;
        a->subscription.apns[0].pdn_type = EMM_SUBSCRIBED_BOTH;
        a->subscription.ambr_dl = a->subscription.ambr_ul = 1000000;
    }
    answer.event.kind = EMM_ULA;
    answer.event.ula = a;
    (void)world_send(&s->w, from, "ULA", answer, 10);
}

/* ---- D-AUSF ---- */

/* Steps 3 to 5. */
static inline void discovery_air(struct scene *s, const struct mail *m)
{
    struct emm_aia a = {.code = DATA_UNAVAILABLE, .experimental = true};
    uint8_t serving[3];
    plmn_to_octets(&world_network(&s->w, m->connection)->plmn, serving);
    s->airs++;
    for (unsigned i = 0; i < WORLD_UES; i++) {
        const struct dimsi_entry *e = &s->entries[i];
        if (e->phase == DIMSI_ENTRY_LIVE && imsi_eq(&s->rows[i].dimsi, &m->effect.who.imsi)) {
            struct binding_vector *v = &a.vectors[0];
            memcpy(v->rand, e->challenge.rand.b, sizeof v->rand);
            v->autn = e->challenge.autn;
            v->xres = e->challenge.xres;
            assert_ok(dimsi_dausf_kasme(&s->w.c, &e->challenge, serving, &v->kasme));
            a.code = 2001;
            a.experimental = false;
            a.n = 1;
            if (s->meddle != NULL) {
                s->meddle(s, v);
            }
        }
    }
    s->refused_airs += a.n == 0;
    answer_vectors(s, PARTY_DISCOVERY, m, &a);
}

/* Who pushes is known by his certificate; here that is what the endorsement names. */
static inline enum dimsi_cause discovery_push(struct scene *s, unsigned ue)
{
    const struct scene_row *r = &s->rows[ue];
    const struct bytes chain = s->drig.parties[ARPF_1_SIGNS].certificate;
    struct dimsi_entry pushed = {.phase = DIMSI_ENTRY_LIVE,
                                 .imsi = r->imsi,
                                 .challenge = r->challenge,
                                 .target = s->w.config.plmn,
                                 .expires = INT64_MAX};
    struct dimsi_endorsement e;
    struct dimsi_name arpf;
    enum dimsi_cause why =
        dimsi_endorsed(&s->drig.verify, &chain, 1, r->grant.content, BYTES_OF(r->grant.signature),
                       NULL, &r->dimsi, &s->w.config.plmn, RIG_AT, &e, &arpf);
    if (why != DIMSI_NONE) {
        return why;
    }
    pushed.number = e.number;
    memcpy(pushed.token, e.token, sizeof pushed.token);
    const enum dimsi_decision d = dimsi_dausf_decide(&s->entries[ue], &e, &pushed, &why);
    if (d == DIMSI_NEW && world_stores(&s->w, PARTY_DISCOVERY, "D-AUSF stores the entry")) {
        s->entries[ue] = pushed;
        world_stored(&s->w);
    }
    return d == DIMSI_REFUSE ? why : DIMSI_NONE;
}

static inline void discovery_spent(struct scene *s, unsigned ue)
{
    struct dimsi_entry *e = &s->entries[ue];
    if (e->phase == DIMSI_ENTRY_LIVE && e->number <= s->rows[ue].endorsed.number &&
        world_stores(&s->w, PARTY_DISCOVERY, "D-AUSF stores that it is spent")) {
        e->phase = DIMSI_ENTRY_SPENT;
        wipe(&e->challenge, sizeof e->challenge);
        world_stored(&s->w);
    }
}

static inline void discovery_told(struct scene *s, const struct mail *m)
{
    struct mail answer = {.kind = MAIL_CREDENTIAL, .ue = m->ue, .serial = m->serial};
    if (m->serial == JOB_PUSH) {
        s->pushes++;
        answer.connection = discovery_push(s, m->ue);
    } else {
        discovery_spent(s, m->ue);
    }
    (void)world_send(&s->w, PARTY_DISCOVERY, m->serial == JOB_PUSH ? "pushed" : "noted", answer, 5);
}

/* ---- target AUSF ---- */

/* Step 1, in one transaction. */
static inline void ausf_allocate(struct scene *s, unsigned ue)
{
    struct scene_row now = s->rows[ue];
    char digits[16];
    (void)snprintf(digits, sizeof digits, "0010100007%05u", s->given);
    now.imsi = drig_imsi(digits);
    now.phase = ALLOCATED;
    assert_ok(dimsi_ausf_challenge(&s->w.c, &now.ek, &now.dimsi, &now.imsi, &now.challenge));
    assert_ok(dimsi_aka_keys(&s->w.c, &now.ek, &now.dimsi, &now.imsi, &now.keys));
    if (world_stores(&s->w, PARTY_HSS, "AUSF stores IMSI and challenge")) {
        s->rows[ue] = now;
        s->given++;
        world_stored(&s->w);
    }
}

/* Step 2, and its end. */
static inline void ausf_work(struct scene *s)
{
    for (unsigned i = 0; i < WORLD_UES; i++) {
        const struct mail m = {.kind = MAIL_INQUIRY, .ue = i};
        struct mail job = m;
        if (s->rows[i].phase == OFFERED && s->rows[i].dimsi.n > 0) {
            ausf_allocate(s, i);
        }
        if (s->rows[i].phase == ALLOCATED || s->rows[i].phase == ATTACHED) {
            const bool push = s->rows[i].phase == ALLOCATED;
            job.serial = push ? JOB_PUSH : JOB_SPENT;
            (void)world_send(&s->w, PARTY_HSS, push ? "push" : "spent", job, 5);
        }
    }
}

static inline void ausf_answered(struct scene *s, const struct mail *m)
{
    struct scene_row *r = &s->rows[m->ue];
    const enum scene_phase from = m->serial == JOB_PUSH ? ALLOCATED : ATTACHED;
    if (m->connection != DIMSI_NONE) {
        r->refused = (enum dimsi_cause)m->connection;
    } else if (r->phase == from && world_stores(&s->w, PARTY_HSS, "AUSF stores that it is done")) {
        r->phase = (enum scene_phase)(from + 1);
        world_stored(&s->w);
    }
}

static inline struct scene_row *scene_row(struct scene *s, const struct imsi *imsi)
{
    for (unsigned i = 0; i < WORLD_UES; i++) {
        if (s->rows[i].phase >= ALLOCATED && imsi_eq(&s->rows[i].imsi, imsi)) {
            return &s->rows[i];
        }
    }
    return NULL;
}

/* Steps 9 and 10: as for any subscriber. */
static inline void ausf_air(struct scene *s, const struct mail *m)
{
    const struct emm_effect *e = &m->effect;
    const struct scene_row *r = scene_row(s, &e->who.imsi);
    const struct binding_view open = {.policy = BINDING_OPEN};
    struct emm_aia a = {.code = S6A_USER_UNKNOWN, .experimental = true};
    uint8_t serving[3];
    enum binding_auts_under under;
    uint64_t sqn;
    plmn_to_octets(&world_network(&s->w, m->connection)->plmn, serving);
    s->w.airs++;
    if (r != NULL && e->has_resync &&
        binding_hss_resync(&s->w.c, &r->keys, &open, e->resync_rand, &e->auts, &sqn, &under) ==
            E_OK) {
        s->w.seq = (sqn >> SQN_IND_BITS) + 1;
    }
    if (r != NULL) {
        a = (struct emm_aia){.code = 2001, .n = 1};
        assert_ok(binding_hss_vector(&s->w.c, &r->keys, NULL, s->w.seq++ << SQN_IND_BITS, serving,
                                     &a.vectors[0]));
    }
    answer_vectors(s, PARTY_HSS, m, &a);
}

static inline void ausf_ulr(struct scene *s, const struct mail *m)
{
    struct scene_row *r = scene_row(s, &m->effect.who.imsi);
    s->w.ulrs++;
    if (r == NULL) {
        answer_location(s, PARTY_HSS, m, UNABLE_TO_COMPLY);
        return;
    }
    if (r->phase < ATTACHED) {
        if (!world_stores(&s->w, PARTY_HSS, "AUSF stores the registration")) {
            return;
        }
        r->phase = ATTACHED;
        world_stored(&s->w);
    }
    answer_location(s, PARTY_HSS, m, 2001);
}

/* ---- what comes to either ---- */

static inline void scene_request(struct scene *s, const struct mail *m)
{
    const struct plmn discovery = drig_plmn(DISCOVERY_PLMN);
    const bool of_discovery = imsi_in_plmn(&m->effect.who.imsi, &discovery); /* step 4 */
    if (s->w.dead[of_discovery ? PARTY_DISCOVERY : PARTY_HSS]) {
        return;
    }
    assert_true(m->effect.kind == EMM_ASK_VECTORS || m->effect.kind == EMM_ASK_LOCATION);
    assert_int_equal(m->n, 0); /* nothing but what any MME says */
    if (m->effect.kind == EMM_ASK_VECTORS) {
        of_discovery ? discovery_air(s, m) : ausf_air(s, m);
    } else if (of_discovery) {
        s->ulrs_on_dimsi++;
        answer_location(s, PARTY_DISCOVERY, m, s->serves_dimsi ? 2001 : UNABLE_TO_COMPLY);
    } else {
        ausf_ulr(s, m);
    }
}

static inline void scene_serves(struct world *w, const struct mail *m)
{
    struct scene *s = scene_of(w);
    if (m->kind == MAIL_WORK) {
        const struct mail again = {.kind = MAIL_WORK};
        world_post(w, again, POLL_MS);
    }
    if (m->kind == MAIL_REQUEST) {
        scene_request(s, m);
    } else if (m->kind == MAIL_INQUIRY && !w->dead[PARTY_DISCOVERY]) {
        discovery_told(s, m);
    } else if (m->kind == MAIL_CREDENTIAL && !w->dead[PARTY_HSS]) {
        ausf_answered(s, m);
    } else if (m->kind == MAIL_WORK && !w->dead[PARTY_HSS]) {
        ausf_work(s);
    }
}

/* ---- steps 0-b to 0-e ---- */

static inline void scene_deploy(struct scene *s, unsigned ue)
{
    struct device *d = &s->w.devices[ue];
    struct scene_row *r = &s->rows[ue];
    struct drig_offer o;
    struct dimsi_offered offered;
    struct dimsi_name arpf;
    const struct bytes chain = s->drig.parties[ARPF_1_SIGNS].certificate;
    const struct plmn own = drig_plmn(DRIG_TARGET);
    char dimsi[16];
    (void)snprintf(dimsi, sizeof dimsi, "9017000000000%02u", ue + 1);
    memset(&d->slot, 0, sizeof d->slot);
    drig_agree(&s->drig, ue == 0 ? SE_1 : SE_2, ARPF_1_AGREES, SP_1, dimsi,
               (struct dimsi_slot *)(void *)d->slot.space, &o);
    drig_delegate(&s->drig, SP_1, DRIG_TARGET, 1, &o);
    world_store_slot(d);
    assert_int_equal(
        dimsi_ausf_take_offer(&s->w.c, &s->drig.verify, &o.offer, &own, RIG_AT, &offered),
        DIMSI_NONE);
    assert_int_equal(dimsi_arpf_verify(&s->w.c, &s->drig.arpf[0], &o.offer, &own, RIG_AT, &offered),
                     DIMSI_NONE);
    r->dimsi = drig_imsi(dimsi);
    drig_grant(&s->drig, 0, AUSF_1, &offered, 1, &r->grant);
    assert_int_equal(dimsi_endorsed(&s->drig.verify, &chain, 1, r->grant.content,
                                    BYTES_OF(r->grant.signature), &offered, &r->dimsi, &own, RIG_AT,
                                    &r->endorsed, &arpf),
                     DIMSI_NONE);
    assert_ok(drig_unbox(&s->drig, AUSF_1, &r->grant, &r->dimsi, &r->ek));
    d->settings.unprotected_limit = 0;
    world_boot(&s->w, ue);
}

static inline void scene_open(struct scene *s)
{
    const struct mail first = {.kind = MAIL_WORK};
    memset(s, 0, sizeof *s);
    world_open(&s->w);
    drig_open(&s->drig);
    s->w.serves = scene_serves;
    for (unsigned i = 0; i < WORLD_UES; i++) {
        scene_deploy(s, i);
    }
    world_post(&s->w, first, 1);
}

static inline void scene_close(struct scene *s)
{
    world_close(&s->w);
    drig_close(&s->drig);
}

/* ---- what there is to see ---- */

/* The device is registered with the one IMSI that was ever given for its dIMSI, and everybody
 * knows: target AUSF and D-AUSF are done with the dIMSI, whose keys are gone. */
static inline bool scene_one_identity(struct scene *s, unsigned ue)
{
    static const struct dimsi_challenge none;
    struct device *d = &s->w.devices[ue];
    const struct scene_row *r = &s->rows[ue];
    struct bindery_ue_slot_view v;
    bindery_ue_slot_view(&d->slot, &v);
    return world_registered(&s->w, ue) && d->confirmed && !d->on_dimsi && s->given == WORLD_UES &&
           v.imsi_n == r->imsi.n && memcmp(v.imsi, r->imsi.digits, v.imsi_n) == 0 &&
           d->identity.imsi_n == r->imsi.n &&
           memcmp(d->identity.imsi, r->imsi.digits, d->identity.imsi_n) == 0 && r->phase == SPENT &&
           s->entries[ue].phase == DIMSI_ENTRY_SPENT &&
           memcmp(&s->entries[ue].challenge, &none, sizeof none) == 0;
}

/* What is owed to the D-AUSF is delivered, too. */
static inline bool scene_attach_for(struct scene *s, unsigned ue, uint64_t ms)
{
    world_attach(&s->w, ue);
    const bool registered = world_run_registered(&s->w, ue, s->w.now + ms);
    world_run(&s->w, s->w.now + 2 * POLL_MS);
    return registered;
}

#endif
