/* Attaches of a device that has no subscription (TR 33.899 5.12.4.Z, steps 1 and 5): as any attach
 * of TS 24.301 5.5.1.2, but of type 5, and with one good end, an ATTACH REJECT that brings a
 * subscription. Everything else is an attempt that failed, and none is the last. */
#include "device/onboard.h"
#include "device/ue.h"

static struct onboard_device device_of(const struct ue *ue)
{
    return (struct onboard_device){.crypto = ue->table,
                                   .onboarding = ue->host.onboarding,
                                   .signer = ue->host.signer,
                                   .imei = ue->imeisv.imei};
}

/* That part of the buffer in which nothing waits to leave. */
static struct mbytes room_of(const struct ue *ue)
{
    return (struct mbytes){ue->buffer.p, BINDERY_UE_ONBOARDING_ROOM};
}

/* ---- where it asks ---- */

void onboarding_attach(struct step *s)
{
    if (s->ue->at_end) {
        s->result = BINDERY_UE_ERR_STATE;
    } else {
        attach_ask(s);
    }
}

/* An initial PDU needs a connection of the new cell: the old one goes first, and the attach follows
 * at once. */
static void move(struct step *s)
{
    struct ue *ue = s->ue;
    ue->again = ue->connected;
    if (!ue->connected) {
        attach_try(s);
        return;
    }
    connection_release(s);
    ue->state = BINDERY_UE_STATE_WAITING;
    ue_start(s, UE_FOLLOW, 0);
}

/*= certattach-1a */
/* Attempts are counted on: when all networks were tried it waits as long as it would have waited on
 * one (5.5.1.2.6), and does not go round for ever. */
void onboarding_camp(struct step *s)
{
    struct ue *ue = s->ue;
    const struct plmn before = ue->cell.plmn;
    if (!attach_take_cell(s)) {
        return;
    }
    if (!plmn_eq(&before, &ue->cell.plmn)) {
        ue_stop(s, UE_T3346); /* which was of that PLMN (5.3.9) */
    }
    if (ue->wanted) {
        ue->asked.asked = false;
        ue_stop(s, UE_PROCEDURE);
        ue_stop(s, UE_T3402);
        ue_stop(s, UE_T3411);
        if (ue->found.n == 0) {
            move(s);
        } else { /* nothing is sought any more */
            connection_release(s);
            (void)discovery_over(s);
        }
    }
}

bool onboarding_request(struct step *s, struct bytes *container)
{
    struct ue *ue = s->ue;
    const struct onboard_device d = device_of(ue);
    if (onboard_ask(&d, &ue->cell.plmn, room_of(ue), &ue->asked, container) != E_OK) {
        (void)ue_event(s, BINDERY_UE_EVENT_CRYPTO_FAILED);
        return false;
    }
    return true;
}

/* ---- what comes of it ---- */

/*= certattach-elsewhere */
void onboarding_elsewhere(struct step *s)
{
    s->ue->asked.asked = false;
    (void)ue_event(s, BINDERY_UE_EVENT_ELSEWHERE);
}

/* Why it was not taken. */
static void tell(struct step *s, enum bindery_ue_onboarding_outcome o)
{
    static const uint8_t refusals[] = {
        [BINDERY_UE_ONBOARDING_UNREADABLE] = BINDERY_UE_REFUSED_RESULT_UNREADABLE,
        [BINDERY_UE_ONBOARDING_UNTRUSTED] = BINDERY_UE_REFUSED_OPERATOR_UNTRUSTED,
        [BINDERY_UE_ONBOARDING_CERTIFICATE_EXPIRED] =
            BINDERY_UE_REFUSED_OPERATOR_CERTIFICATE_EXPIRED,
        [BINDERY_UE_ONBOARDING_PURPOSE] = BINDERY_UE_REFUSED_OPERATOR_PURPOSE,
        [BINDERY_UE_ONBOARDING_OTHER_PLMN] = BINDERY_UE_REFUSED_OPERATOR_PLMN,
        [BINDERY_UE_ONBOARDING_SIGNATURE] = BINDERY_UE_REFUSED_OPERATOR_SIGNATURE,
        [BINDERY_UE_ONBOARDING_EXPIRED] = BINDERY_UE_REFUSED_RESULT_EXPIRED,
        [BINDERY_UE_ONBOARDING_NOT_OPENED] = BINDERY_UE_REFUSED_RESULT_NOT_OPENED,
        [BINDERY_UE_ONBOARDING_PROFILE] = BINDERY_UE_REFUSED_RESULT_PROFILE,
    };
    if ((size_t)o < sizeof refusals && refusals[o] != BINDERY_UE_REFUSED_NONE) {
        ue_refuse(s, (enum bindery_ue_refusal)refusals[o]);
    } else if (o == BINDERY_UE_ONBOARDING_NOT_STORED) {
        (void)ue_event(s, BINDERY_UE_EVENT_STORE_FAILED);
    } else if (o == BINDERY_UE_ONBOARDING_BROKEN) {
        (void)ue_event(s, BINDERY_UE_EVENT_CRYPTO_FAILED);
    }
}

bool onboarding_result(struct step *s, struct bytes element)
{
    struct ue *ue = s->ue;
    const struct onboard_device d = device_of(ue);
    const enum bindery_ue_onboarding_outcome o = onboard_take(&d, element, room_of(ue), &ue->asked);
    ue->at_end = o == BINDERY_UE_ONBOARDING_TAKEN;
    tell(s, o);
    return ue->at_end;
}
