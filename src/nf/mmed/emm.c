#include "nf/mmed/emm.h"
#include "nf/mmed/emm_parts.h"

#include <string.h>

const size_t emm_ue_size = sizeof(struct emm_ue);

const char *emm_state_name(enum emm_state s)
{
    static const char *const names[] = {
#define X(name) #name,
        EMM_STATES(X)
#undef X
    };
    return (unsigned)s < EMM_STATE_COUNT ? names[s] : "?";
}

void emm_ue_init(struct emm_ue *ue)
{
    memset(ue, 0, sizeof *ue);
    ue->ksi = NAS_KSI_NONE;
}

void emm_ue_wipe(struct emm_ue *ue)
{
    wipe(ue, sizeof *ue);
    ue->ksi = NAS_KSI_NONE;
}

enum emm_state emm_ue_state(const struct emm_ue *ue)
{
    return ue->state;
}

void emm_ue_who(const struct emm_ue *ue, struct emm_who *out)
{
    *out = ue->who;
}

void emm_ue_proof(const struct emm_ue *ue, struct devid_outcome *out)
{
    *out = ue->outcome;
}

void emm_effects_wipe(struct emm_effects *fx)
{
    wipe(fx, sizeof *fx);
}

/* ---- effects --------------------------------------------------------------------------------- */

struct emm_effect *emm_add(struct emm_run *r, enum emm_effect_kind kind)
{
    struct emm_effect *e = &r->out->e[r->out->n];
    *e = (struct emm_effect){
        .kind = kind,
        .who = r->ue->who,
        .provisioning = r->ue->provisioning && r->ue->secured,
        .onboarding = r->ue->onboarding,
    };
    r->out->n += !r->ended && r->out->n < EMM_EFFECTS_MAX; /* the longest step has room */
    return e;
}

static struct emm_effect *tell(struct emm_run *r, enum refusal why)
{
    struct emm_effect *e = emm_add(r, EMM_TOLD);
    e->refusal = why;
    e->emm_cause = refusal_row(why)->emm_cause;
    return e;
}

void emm_tell(struct emm_run *r, enum refusal why)
{
    (void)tell(r, why);
}

void emm_tell_end(struct emm_run *r, enum refusal why)
{
    tell(r, why)->ends_attach = true;
}

void emm_guard(struct emm_run *r, uint32_t ms)
{
    struct emm_effect *e = emm_add(r, EMM_TIMER_START);
    e->timer = EMM_TIMER_PROCEDURE;
    e->ms = ms;
}

void emm_stop(struct emm_run *r, enum emm_timer t)
{
    emm_add(r, EMM_TIMER_STOP)->timer = t;
}

void emm_show(struct emm_run *r, bool uplink, struct bytes message)
{
    if (r->env->plain != NULL) {
        r->env->plain(r->env->plain_ctx, uplink, message);
    }
}

/* Writes the plain message behind room for a security header, and protects it where it lies. */
static enum err put(struct emm_run *r, uint8_t sht, const struct nas_message *m, const void *in,
                    struct bytes *pdu)
{
    struct mbytes room = {r->env->scratch.p + r->used, r->env->scratch.n - r->used};
    size_t n = 0;
    if (room.n > EMM_PDU_MAX) {
        room.n = EMM_PDU_MAX;
    }
    if (room.n < NASSEC_OVERHEAD) {
        return E_NO_ROOM;
    }
    struct mbytes inner = {room.p + NASSEC_OVERHEAD, room.n - NASSEC_OVERHEAD};
    enum err err = nas_write(m, in, inner, &n);
    *pdu = (struct bytes){inner.p, n};
    if (err == E_OK && sht != NAS_SHT_PLAIN) {
        emm_show(r, false, *pdu);
        err = nassec_protect(r->env->crypto, &r->ue->security, sht, *pdu, room, &n);
        *pdu = (struct bytes){room.p, n};
    }
    r->used += err == E_OK ? NASSEC_OVERHEAD + pdu->n : 0;
    return err;
}

struct bytes emm_put(struct emm_run *r, uint8_t sht, const struct nas_message *m, const void *in)
{
    struct bytes pdu = {NULL, 0};
    enum err err = put(r, sht, m, in, &pdu);
    if (err != E_OK) {
        emm_tell(r, err == E_EXHAUSTED ? REFUSAL_NAS_COUNT_SPENT : REFUSAL_CRYPTO_FAILED);
        emm_leave(r);
        return (struct bytes){NULL, 0};
    }
    return pdu;
}

bool emm_send_down_as(struct emm_run *r, uint8_t sht, const struct nas_message *m, const void *in)
{
    struct bytes pdu = emm_put(r, sht, m, in);
    if (pdu.p == NULL) {
        return false;
    }
    emm_add(r, EMM_SEND)->pdu = pdu;
    return true;
}

bool emm_send_down(struct emm_run *r, const struct nas_message *m, const void *in)
{
    return emm_send_down_as(r, r->ue->secured ? NAS_SHT_CIPHERED : NAS_SHT_PLAIN, m, in);
}

void emm_release(struct emm_run *r, uint8_t s1ap_nas_cause)
{
    struct emm_ue *ue = r->ue;
    if (ue->connected) {
        emm_add(r, EMM_RELEASE)->release_cause = s1ap_nas_cause;
    }
    ue->connected = false;
    ue->secured = false;
    ue->set_up = false;
}

void emm_forget(struct emm_run *r)
{
    emm_release(r, EMM_RELEASE_NORMAL);
    emm_add(r, EMM_FORGET);
    r->ended = true;
    emm_ue_wipe(r->ue);
}

/* ---- a step ---------------------------------------------------------------------------------- */

static enum emm_row_event row_event(const struct emm_event *e)
{
    static const enum emm_row_event timers[EMM_TIMER_COUNT] = {
        [EMM_TIMER_PROCEDURE] = EMM_ON_T_PROCEDURE,
        [EMM_TIMER_ATTACH] = EMM_ON_T_ATTACH,
        [EMM_TIMER_REACHABLE] = EMM_ON_T_REACHABLE,
    };
    static const enum emm_row_event others[] = {
        [EMM_UNDELIVERED] = EMM_ON_UNDELIVERED,
        [EMM_AIA] = EMM_ON_AIA,
        [EMM_ULA] = EMM_ON_ULA,
        [EMM_ECA] = EMM_ON_ECA,
        [EMM_CANCEL] = EMM_ON_CANCEL,
        [EMM_CHANGED] = EMM_ON_CHANGED,
        [EMM_CONTEXT_SET] = EMM_ON_CONTEXT_SET,
        [EMM_CONTEXT_FAILED] = EMM_ON_CONTEXT_FAILED,
        [EMM_CONNECTION_LOST] = EMM_ON_CONNECTION_LOST,
        [EMM_SUPERSEDED] = EMM_ON_SUPERSEDED,
    };
    if (e->kind == EMM_TIMER) {
        return e->timer < EMM_TIMER_COUNT ? timers[e->timer] : EMM_ON_COUNT;
    }
    return (size_t)e->kind < sizeof others / sizeof others[0] ? others[e->kind] : EMM_ON_COUNT;
}

static bool is_nas(enum emm_event_kind kind)
{
    return kind == EMM_INITIAL || kind == EMM_UPLINK;
}

static void begin_connection(struct emm_run *r)
{
    r->ue->connected = true;
    r->ue->secured = false;
    r->ue->set_up = false;
    if (r->event->where != NULL) {
        r->ue->where = *r->event->where;
    }
}

void emm_fits_nowhere(struct emm_run *r)
{
    emm_tell(r, REFUSAL_NAS_STATE);
    emm_send_status(r, EMM_CAUSE_MESSAGE_TYPE_NOT_COMPATIBLE);
}

/* What a UE begins a connection with (TS 24.301 5.3.1.1). An answer on a connection that never
 * heard the question goes on with nothing: nothing is secured there. */
static bool may_begin(enum emm_row_event e)
{
    return e == EMM_ON_ATTACH_REQUEST || e == EMM_ON_DETACH_REQUEST ||
           e == EMM_ON_TRACKING_AREA_UPDATE_REQUEST || e == EMM_ON_SERVICE_REQUEST ||
           e == EMM_ON_EXTENDED_SERVICE_REQUEST;
}

static void run(struct emm_run *r)
{
    enum emm_row_event e = row_event(r->event);
    if (is_nas(r->event->kind) && !emm_receive(r, &e)) {
        return;
    }
    bool stray = r->event->kind == EMM_INITIAL && !may_begin(e);
    emm_handler handler = stray ? NULL : emm_table_row(r->ue->state, e);
    if (handler != NULL) {
        handler(r);
    } else if (is_nas(r->event->kind)) {
        emm_fits_nowhere(r);
    }
}

/* A first PDU that led nowhere ends its connection: with the context, unless a registered UE's it
 * is. One that came into the middle of an attach or a detach has ended that, too: its own
 * connection is gone. */
static void end_if_nowhere(struct emm_run *r, enum emm_state before)
{
    enum emm_state now = r->ue->state;
    bool first = r->event->kind == EMM_INITIAL;
    if (r->ended) {
        return;
    }
    if (now == EMM_DEREGISTERED ||
        (first && now == before && now != EMM_REGISTERED && now != EMM_IDLE)) {
        emm_leave(r);
    } else if (first && now == EMM_IDLE && r->ue->connected) {
        emm_release(r, EMM_RELEASE_NORMAL); /* T3412 and what follows it run on */
    } else if (first && now == EMM_REGISTERED && !r->ue->secured) {
        emm_release(r, EMM_RELEASE_NORMAL);
        emm_go_idle(r);
    }
}

void emm_step(struct emm_ue *ue, const struct emm_env *env, const struct emm_event *event,
              struct emm_effects *out)
{
    struct emm_run r = {.ue = ue, .env = env, .event = event, .out = out};
    enum emm_state before = ue->state;
    out->n = 0;
    if (event->kind == EMM_INITIAL) {
        begin_connection(&r);
    }
    run(&r);
    end_if_nowhere(&r, before);
}
