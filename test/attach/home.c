#include "attach/home.h"

#include "attach/ausf.h"
#include "attach/world_parts.h"
#include "wire/kme.h"

#include <string.h>

#define NOBODY     WORLD_CONTEXTS /* asked: no context of the MME */
#define INQUIRY_MS 2000           /* until a repository's answer is no longer waited for */
#define ANSWERS    64

int64_t home_time(const struct home *h)
{
    return h->w->unix_s + (int64_t)(h->w->now / 1000);
}

struct home_subscriber *home_find(struct home *h, const struct imsi *imsi)
{
    for (unsigned i = 0; i < HOME_SUBSCRIBERS; i++) {
        if (h->subscribers[i].imsi.n > 0 && imsi_eq(&h->subscribers[i].imsi, imsi)) {
            return &h->subscribers[i];
        }
    }
    return NULL;
}

static struct home_subscriber *subscriber_of(struct home *h, const struct imsi *imsi)
{
    struct home_subscriber *s = home_find(h, imsi);
    assert_non_null(s); /* somebody was authenticated as it */
    return s;
}

/* What the AUSF says of whom it made, whatever else the home network thinks. */
static enum refusal admits(struct home *h, const struct imsi *imsi, const struct imei *imei)
{
    return h->ausf != NULL ? ausf_admits(h->ausf, imsi, imei) : REFUSAL_NONE;
}

static void used(struct home *h, const struct imsi *imsi)
{
    if (h->ausf != NULL) {
        ausf_used(h->ausf, imsi);
    }
}

/* ---- answers --------------------------------------------------------------------------------- */

static void answer_to(struct home *h, const char *what, struct mail m)
{
    if (m.connection < NOBODY) {
        (void)world_send(h->w, PARTY_HSS, what, m, 10);
    }
}

static void answer_location(struct home *h, uint32_t context, uint64_t serial, struct emm_ula with)
{
    static struct emm_ula answers[ANSWERS];
    struct emm_ula *a = &answers[serial % ANSWERS];
    struct mail m = {.kind = MAIL_HSS, .connection = context, .serial = serial};
    h->answer = with;
    *a = with;
    m.event.kind = EMM_ULA;
    m.event.ula = a;
    answer_to(h, "ULA", m);
}

static struct emm_ula refusing(enum refusal why)
{
    return (struct emm_ula){.code = refusal_row(why)->code,
                            .experimental = refusal_row(why)->carrier == REFUSAL_3GPP};
}

static struct emm_ula accepting(void)
{
    struct emm_ula a = {.code = 2001,
                        .subscription = {.ambr_ul = 1000000, .ambr_dl = 1000000, .n_apns = 1}};
    memcpy(a.subscription.apns[0].encoded, "\x08internet", 9);
    a.subscription.apns[0].n = 9;
    a.subscription.apns[0].qci = 9;
    a.subscription.apns[0].pdn_type = EMM_SUBSCRIBED_BOTH;
    return a;
}

/* ---- steps 3 and 4: AIR ---------------------------------------------------------------------- */

/* False: it was killed, and nothing is answered. */
static bool offer(struct home *h, struct home_subscriber *s, enum kme_due due, struct emm_aia *out)
{
    struct kme_home now = s->kme;
    if (kme_home_stands(&now, due, home_time(h), h->lifetime)) {
        h->stood++;
    } else {
        assert_ok(kme_home_offer(&h->w->c, due, home_time(h), h->lifetime, &now));
        if (!world_stores(h->w, PARTY_HSS, "HSS stores the nonce")) {
            return false;
        }
        s->kme = now;
        h->offers++;
        world_stored(h->w);
    }
    out->control = S6A_BINDING_PROVISIONING_ONLY;
    out->has_nonce = true;
    memcpy(out->nonce, s->kme.nonce, sizeof out->nonce);
    return !h->w->dead[PARTY_HSS];
}

/* As always: regular, or under a KME. NULL: regular. */
static enum refusal choose(const struct home_subscriber *s, struct emm_aia *out,
                           const struct key_kme **kme)
{
    struct binding_choice choice;
    enum refusal why = binding_hss_choose(&s->view, NULL, &choice);
    *kme = NULL;
    if (why == REFUSAL_NONE && choice.processed) {
        *kme = &s->view.devices[choice.device].kme;
        out->control = S6A_BINDING_PROCESSED;
    }
    return why;
}

static bool resynchronise(struct home *h, const struct home_subscriber *s,
                          const struct emm_effect *e)
{
    uint64_t sqn_ms;
    enum binding_auts_under under;
    if (!e->has_resync) {
        return true;
    }
    if (binding_hss_resync(&h->w->c, &s->keys, &s->view, e->resync_rand, &e->auts, &sqn_ms,
                           &under) != E_OK) {
        return false;
    }
    h->seq = (sqn_ms >> SQN_IND_BITS) + 1;
    return true;
}

/* False: it was killed. */
static bool vectors(struct home *h, uint32_t context, const struct emm_effect *e,
                    struct emm_aia *out)
{
    struct home_subscriber *s = home_find(h, &e->who.imsi);
    const struct key_kme *kme = NULL;
    uint8_t sn[3];
    if (s == NULL) {
        *out = (struct emm_aia){.code = S6A_USER_UNKNOWN, .experimental = true};
        return true;
    }
    enum kme_due due = h->w->config.kme ? kme_home_due(&s->view, &s->kme, NULL) : KME_DUE_NOT;
    *out = (struct emm_aia){.code = 2001, .has_control = true};
    out->proof_control = S6A_PROOF_NOT_WANTED;
    if (!resynchronise(h, s, e)) {
        *out = (struct emm_aia){.code = 4181, .experimental = true};
        return true;
    }
    if (h->rogue) {
        out->control = S6A_BINDING_PROVISIONING_ONLY;
        out->has_nonce = true;
        assert_ok(h->w->c.random(h->w->c.ctx, MBYTES_OF(out->nonce)));
    } else if (due != KME_DUE_NOT && !offer(h, s, due, out)) {
        return false;
    }
    bool regular = h->rogue || due != KME_DUE_NOT;
    enum refusal why = regular ? REFUSAL_NONE : choose(s, out, &kme);
    if (why != REFUSAL_NONE) {
        *out = (struct emm_aia){.code = refusal_row(why)->code,
                                .experimental = refusal_row(why)->carrier == REFUSAL_3GPP};
        return true;
    }
    plmn_to_octets(&world_network(h->w, context)->plmn, sn);
    out->n = 1;
    assert_ok(binding_hss_vector(&h->w->c, &s->keys, kme, h->seq++ << SQN_IND_BITS, sn,
                                 &out->vectors[0]));
    return true;
}

static void on_air(struct home *h, const struct mail *m)
{
    static struct emm_aia answers[ANSWERS];
    struct emm_aia *a = &answers[m->serial % ANSWERS];
    struct mail answer = {.kind = MAIL_HSS, .connection = m->connection, .serial = m->serial};
    h->w->airs++;
    if (vectors(h, m->connection, &m->effect, a)) {
        answer.event.kind = EMM_AIA;
        answer.event.aia = a;
        answer_to(h, "AIA", answer);
    }
}

/* ---- a ULR without a payload ----------------------------------------------------------------- */

static bool listed(const struct home_subscriber *s, const struct imei *imei)
{
    bool found = s->view.policy == BINDING_OPEN;
    for (unsigned i = 0; i < s->view.n_devices; i++) {
        found = found || imei_eq(&s->view.devices[i].imei, imei);
    }
    return found;
}

static enum refusal registers(struct home *h, const struct home_subscriber *s,
                              const struct imei *imei)
{
    enum kme_due due = kme_home_due(&s->view, &s->kme, imei);
    bool stands = s->kme.phase == KME_OFFERED && home_time(h) <= s->kme.expires;
    if (due == KME_DUE_FIRST || (due != KME_DUE_NOT && stands && h->w->config.kme)) {
        return REFUSAL_PROVISIONING_OWED;
    }
    return listed(s, imei) ? REFUSAL_NONE : REFUSAL_IMEI_NOT_AUTHORISED;
}

static void on_registration(struct home *h, const struct mail *m)
{
    struct home_subscriber *s = subscriber_of(h, &m->effect.who.imsi);
    const struct imei *imei = &m->effect.who.imei.imei;
    enum refusal why = admits(h, &s->imsi, imei);
    why = why == REFUSAL_NONE ? registers(h, s, imei) : why;
    if (why == REFUSAL_NONE) {
        if (!world_stores(h->w, PARTY_HSS, "HSS stores the registration")) {
            return;
        }
        (void)kme_home_used(&s->view, imei);
        s->registered = true;
        s->imei = *imei;
        s->view.has_last_imei = true;
        s->view.last_imei = *imei;
        h->registrations++;
        used(h, &s->imsi);
        world_stored(h->w);
    }
    h->owed += why == REFUSAL_PROVISIONING_OWED;
    answer_location(h, m->connection, m->serial, why == REFUSAL_NONE ? accepting() : refusing(why));
}

/* ---- steps 8 to 10: one with a payload ------------------------------------------------------- */

static struct home_job *job_of(struct home *h, uint32_t number)
{
    for (unsigned i = 0; i < HOME_JOBS; i++) {
        if (h->jobs[i].number == number) {
            return &h->jobs[i];
        }
    }
    return NULL;
}

static void refuse(struct home *h, struct home_job *j, struct kme_verdict why)
{
    h->refused++;
    h->last = why;
    answer_location(h, j->context, j->serial, refusing(REFUSAL_KME_REFUSED));
    wipe(j, sizeof *j);
}

static void prove(struct home *h, struct home_job *j)
{
    struct emm_ula a = accepting();
    a.barred = true;
    a.has_nw_sig = true;
    memcpy(a.nw_sig, h->forges ? h->forged : j->taken.nw_sig, sizeof a.nw_sig);
    h->last = (struct kme_verdict){KME_CAUSE_NONE, DEVID_CAUSE_NONE};
    answer_location(h, j->context, j->serial, a);
    wipe(j, sizeof *j);
}

static struct kme_verdict judge(struct home *h, struct home_job *j)
{
    static const struct devid_credential none = {.status = DEVID_NONE,
                                                 .source = DEVID_FROM_REPOSITORY};
    struct kme_payload payload;
    uint32_t lot = 0;
    bool read = wire_kme_payload_read((struct bytes){j->container, j->n}, &payload) == E_OK;
    bool covered = read && kme_lots_find(&h->table, &payload.imei, &lot) == E_OK;
    const struct devid_credential *found =
        read && h->w->binding != NULL ? h->w->binding(h->w->binding_ctx, &payload.imei) : NULL;
    const struct kme_arrived in = {.payload = read ? &payload : NULL,
                                   .imsi = j->of->imsi,
                                   .imei = j->has_imei ? &j->imei : NULL,
                                   .home = j->of->plmn,
                                   .served_known = h->served_known,
                                   .lot = covered ? &h->lots[lot] : NULL,
                                   .opener = &h->openers[lot],
                                   .port = h->w->devid,
                                   .credential = found != NULL ? found : &none,
                                   .at = home_time(h)};
    return kme_home_take(&h->w->c, &j->of->view, &j->of->kme, &in, &j->taken);
}

static void work_later(struct home *h, const struct home_job *j, uint64_t after)
{
    struct mail m = {.kind = MAIL_WORK, .connection = j->number};
    world_post(h->w, m, after);
}

/* The credential is there. */
static void job_open(struct home *h, struct home_job *j)
{
    struct kme_verdict v = judge(h, j);
    h->openings += !j->taken.again;
    if (v.cause != KME_CAUSE_NONE) {
        refuse(h, j, v);
    } else if (j->taken.again) {
        h->again++;
        prove(h, j);
    } else {
        j->opened = true;
        work_later(h, j, h->work_ms);
    }
}

/* Onto the state that is stored by now; of two at once the second is judged anew. */
static void job_keep(struct home *h, struct home_job *j)
{
    struct binding_view view = j->of->view;
    struct kme_home kme = j->of->kme;
    if (kme_home_keep(&j->taken, h->served_known, &view, &kme) != E_OK) {
        refuse(h, j, judge(h, j));
        return;
    }
    if (!world_stores(h->w, PARTY_HSS, "HSS stores the KME")) {
        return;
    }
    j->of->view = view;
    j->of->kme = kme;
    h->taken++;
    used(h, &j->of->imsi);
    world_stored(h->w);
    if (!h->w->dead[PARTY_HSS]) {
        prove(h, j);
    }
}

static void on_work(struct home *h, struct home_job *j)
{
    if (j->opened) {
        job_keep(h, j);
    } else { /* the repository is silent */
        refuse(h, j, (struct kme_verdict){KME_CAUSE_KEY, DEVID_CAUSE_REPOSITORY_SILENT});
    }
}

static void on_payload(struct home *h, uint32_t context, uint64_t serial, const struct imsi *imsi,
                       const struct imei *imei, struct bytes container)
{
    struct home_job *j = job_of(h, 0);
    assert_non_null(j);
    assert_true(container.n <= sizeof j->container);
    *j = (struct home_job){.number = ++h->next_job,
                           .context = context,
                           .serial = serial,
                           .of = subscriber_of(h, imsi),
                           .has_imei = imei != NULL,
                           .n = container.n};
    memcpy(j->container, container.p, container.n);
    if (imei != NULL) {
        j->imei = *imei;
    }
    struct mail m = {.kind = MAIL_INQUIRY, .connection = j->number};
    uint32_t number = j->number;
    if (world_send(h->w, PARTY_HSS, "inquiry", m, 5)) {
        work_later(h, job_of(h, number), INQUIRY_MS);
    }
}

void home_update(struct home *h, const struct imsi *imsi, const struct imei *imei,
                 struct bytes container)
{
    on_payload(h, NOBODY, 0, imsi, imei, container);
}

void home_ask(struct home *h, const struct emm_effect *e)
{
    struct mail m = {.kind = MAIL_REQUEST, .connection = NOBODY, .effect = *e};
    m.effect.pdu = (struct bytes){NULL, 0};
    world_post(h->w, world_mail(m, e->payload), 10);
}

/* ---- what comes ------------------------------------------------------------------------------ */

static void on_request(struct home *h, const struct mail *m)
{
    static struct emm_eca white[ANSWERS];
    struct mail answer = {.kind = MAIL_HSS, .connection = m->connection, .serial = m->serial};
    if (m->effect.kind == EMM_ASK_VECTORS) {
        on_air(h, m);
    } else if (m->effect.kind == EMM_ASK_ONBOARDING && h->ausf != NULL) {
        ausf_asked(h->ausf, m);
    } else if (m->effect.kind == EMM_ASK_EQUIPMENT || m->effect.kind == EMM_ASK_ONBOARDING) {
        white[m->serial % ANSWERS] = (struct emm_eca){.code = 2001};
        answer.event.kind = EMM_ECA;
        answer.event.eca = &white[m->serial % ANSWERS];
        answer_to(h, "ECA", answer);
    } else if (m->n > 0) {
        enum refusal why = admits(h, &m->effect.who.imsi, &m->effect.who.imei.imei);
        h->w->ulrs++;
        if (why != REFUSAL_NONE) {
            answer_location(h, m->connection, m->serial, refusing(why));
            return;
        }
        h->seen_n = m->n;
        assert_true(m->n <= sizeof h->seen);
        memcpy(h->seen, m->pdu, m->n);
        on_payload(h, m->connection, m->serial, &m->effect.who.imsi, &m->effect.who.imei.imei,
                   (struct bytes){m->pdu, m->n});
    } else {
        h->w->ulrs++;
        on_registration(h, m);
    }
}

void world_home(struct world *w, const struct mail *m)
{
    struct home *h = w->home;
    struct mail credential = {.kind = MAIL_CREDENTIAL, .connection = m->connection};
    const bool of_ausf = h->ausf != NULL && m->kind != MAIL_REQUEST && ausf_owns(m->connection);
    if (m->kind == MAIL_INQUIRY) {
        (void)world_send(w, PARTY_REPOSITORY, of_ausf ? "site's answer" : "credential", credential,
                         5);
        return;
    }
    if (w->dead[PARTY_HSS]) {
        return;
    }
    if (of_ausf) {
        ausf_goes_on(h->ausf, m);
        return;
    }
    struct home_job *j = m->kind == MAIL_REQUEST ? NULL : job_of(h, m->connection);
    if (m->kind == MAIL_REQUEST) {
        on_request(h, m);
    } else if (j != NULL && m->kind == MAIL_CREDENTIAL && !j->opened) {
        job_open(h, j);
    } else if (j != NULL && m->kind == MAIL_WORK) {
        on_work(h, j);
    }
}

void world_home_killed(struct world *w)
{
    struct home *h = w->home;
    wipe(h->jobs, sizeof h->jobs);
    if (h->ausf != NULL) {
        ausf_killed(h->ausf);
    }
    h->seq += 1000;
}

/* ---- opening --------------------------------------------------------------------------------- */

static enum err opens(void *ctx, struct bytes encrypted, struct bytes label, struct mbytes out)
{
    return lot_key_open(ctx, encrypted, label, out);
}

static struct lot_key *key_of(unsigned i)
{
    static struct lot_key *keys[HOME_LOTS];
    if (keys[i] == NULL) {
        assert_ok(lot_key_make(2048, &keys[i]));
    }
    return keys[i];
}

void home_open(struct home *h, struct world *w)
{
    static const char *const ids[HOME_LOTS] = {"lot-2026.1", "lot-2026.2"};
    static const char *const ranges[HOME_LOTS] = {"35693803", "49015420"};
    struct kme_lot_overlap overlap;
    *h = (struct home){.w = w, .seq = 1, .lifetime = 120, .work_ms = 5};
    for (unsigned i = 0; i < HOME_LOTS; i++) {
        h->keys[i] = key_of(i);
        assert_ok(kme_lot_make(bytes_of_str(ids[i]), BYTES_LIT("Maker"),
                               lot_key_modulus(h->keys[i]), &h->lots[i]));
        h->openers[i] = (struct kme_opener){h->keys[i], opens};
        assert_ok(imei_range_parse(bytes_of_str(ranges[i]), &h->ranges[i].range));
        h->ranges[i].lot = i;
    }
    assert_ok(kme_lots_of(h->ranges, HOME_LOTS, &overlap, &h->table));
    for (unsigned i = 0; i < WORLD_UES; i++) {
        const struct bindery_ue_identity *id = &w->devices[i].identity;
        struct home_subscriber *s = &h->subscribers[i];
        if (id->imsi_n == 0) {
            continue;
        }
        s->keys = w->keys;
        assert_ok(imsi_parse((struct bytes){(const uint8_t *)id->imsi, id->imsi_n}, &s->imsi));
        s->plmn = w->config.plmn;
        s->view.policy = BINDING_LEARN;
    }
    w->home = h;
}

void home_close(struct home *h)
{
    wipe(h, sizeof *h); /* the lots' keys stay for the next one */
}
