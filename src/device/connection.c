/* The NAS signalling connection: what begins and ends with it. */
#include "device/ue.h"

#define T3440_MS 10000

void connection_over(struct step *s)
{
    struct ue *ue = s->ue;
    ue->connected = false;
    ue->secured = false;
    ue->kenb_known = false;
    ue->auth_failures = 0;
    ue->procedure_held = false;
    /* 5.4.2.3: RAND and RES are deleted when EMM-IDLE is entered. */
    ue_forget_challenge(ue);
    ue_stop(s, UE_T3440);
    ue_stop(s, UE_T3416);
    ue_stop(s, UE_T3418);
}

void connection_release(struct step *s)
{
    const bool was = s->ue->connected;
    connection_over(s);
    if (was) {
        (void)ue_event(s, BINDERY_UE_EVENT_RELEASE);
    }
}

void connection_expect_end(struct step *s)
{
    if (s->ue->connected) {
        ue_start(s, UE_T3440, ue_ms(s->ue->settings->timers.t3440, T3440_MS));
    }
}

void connection_up(struct step *s)
{
    s->ue->connected = true;
    ue_stop(s, UE_T3412);
}

/* What was put off until the connection had ended. */
static void go_on(struct step *s)
{
    struct ue *ue = s->ue;
    if (ue->again) {
        ue->again = false;
        attach_try(s);
    }
}

void connection_ended(struct step *s)
{
    connection_over(s);
    go_on(s);
}

void connection_idle(struct step *s)
{
    connection_over(s);
    if (s->ue->t3412_ms != 0) {
        ue_start(s, UE_T3412, s->ue->t3412_ms);
    }
}

void connection_t3440(struct step *s)
{
    connection_release(s);
    if (s->ue->state == BINDERY_UE_STATE_REGISTERED && s->ue->t3412_ms != 0) {
        ue_start(s, UE_T3412, s->ue->t3412_ms);
    }
    if (s->ue->again) { /* the release goes out first: the attach follows at once */
        ue_start(s, UE_FOLLOW, 0);
    }
}

void connection_follow(struct step *s)
{
    go_on(s);
}

/* 6.4.4: nothing is left to be attached for. */
void connection_follow_attached(struct step *s)
{
    if (s->ue->bearer == 0) {
        detach_begin(s);
    }
}
