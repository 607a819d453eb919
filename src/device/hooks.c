#include "device/hooks.h"

#include "codec/nas_codes.h"
#include "device/platform.h"
#include <string.h>

_Static_assert(sizeof(struct binding_me) <= BINDERY_UE_BINDING_SIZE, "the public size is enough");
_Static_assert((int)BINDERY_UE_ANSWERED == (int)BINDING_ME_ANSWERED &&
                   (int)BINDERY_UE_REPEATED == (int)BINDING_ME_REPEATED &&
                   (int)BINDERY_UE_MAC_FAILURE == (int)BINDING_ME_MAC_FAILURE &&
                   (int)BINDERY_UE_SYNC_FAILURE == (int)BINDING_ME_SYNC_FAILURE &&
                   (int)BINDERY_UE_NO_SEPARATION_BIT == (int)BINDING_ME_NO_SEPARATION_BIT &&
                   (int)BINDERY_UE_NO_KME == (int)BINDING_ME_NO_KME &&
                   (int)BINDERY_UE_BROKEN == (int)BINDING_ME_BROKEN,
               "the two lists of outcomes are one");

/* ---- the USIM's function as a port ---- */

static bool res_length_is_right(const struct bindery_ue_usim_answer *a)
{
    return a->res_n >= 4 && a->res_n <= sizeof a->res;
}

static void take_answer(const struct bindery_ue_usim_answer *from, uint16_t amf,
                        struct usim_answer *to)
{
    *to = (struct usim_answer){.amf = amf, .res = {.n = from->res_n}};
    memcpy(to->res.b, from->res, sizeof to->res.b);
    memcpy(to->ck.b, from->ck, sizeof to->ck.b);
    memcpy(to->ik.b, from->ik, sizeof to->ik.b);
}

MUST_USE static enum err authenticate(void *ctx, const struct rand128 *rand,
                                      const struct autn *autn, struct usim_answer *out)
{
    const struct hooks_usim *usim = ctx;
    struct bindery_ue_usim_answer a = {.res_n = 0};
    enum err err = E_IO;
    switch (usim->authenticate(usim->ctx, rand->b, autn->b, &a)) {
    case BINDERY_UE_USIM_OK:
        if (res_length_is_right(&a)) {
            take_answer(&a, autn_amf(autn), out);
            err = E_OK;
        }
        break;
    case BINDERY_UE_USIM_MAC_FAILURE:
        err = E_BAD_MAC;
        break;
    case BINDERY_UE_USIM_SYNC_FAILURE:
        *out = (struct usim_answer){.amf = autn_amf(autn)};
        memcpy(out->auts.b, a.auts, sizeof out->auts.b);
        err = E_SYNC;
        break;
    case BINDERY_UE_USIM_FAILED:
        break;
    }
    wipe(&a, sizeof a);
    return err;
}

enum binding_me_outcome hooks_challenge(const struct crypto *c, struct kme_me *keys,
                                        struct binding_me *me, const struct hooks_usim *usim,
                                        const uint8_t rand[static 16],
                                        const uint8_t autn[static 16], struct usim_answer *out)
{
    struct hooks_usim copy = *usim;
    const struct usim_port port = {.ctx = &copy, .authenticate = authenticate};
    struct autn a;
    memcpy(a.b, autn, sizeof a.b);
    return keys != NULL ? kme_me_ask(c, keys, me, &port, rand, &a, out)
                        : binding_me_ask(c, me, &port, rand, &a, out);
}

void hooks_forget(struct binding_me *me)
{
    me->answered = false;
    wipe(me->last_rand, sizeof me->last_rand);
    wipe(&me->last_answer, sizeof me->last_answer);
}

/*= binding-3b */
uint8_t hooks_cause(enum binding_me_outcome o)
{
    switch (o) {
    case BINDING_ME_MAC_FAILURE:
    case BINDING_ME_NO_KME:
        return EMM_CAUSE_MAC_FAILURE;
    case BINDING_ME_SYNC_FAILURE:
        return EMM_CAUSE_SYNCH_FAILURE;
    case BINDING_ME_NO_SEPARATION_BIT:
        return EMM_CAUSE_NON_EPS_AUTHENTICATION_UNACCEPTABLE;
    case BINDING_ME_ANSWERED:
    case BINDING_ME_REPEATED:
    case BINDING_ME_BROKEN:
        break;
    }
    return 0;
}

bool hooks_processed(const uint8_t autn[static 16])
{
    struct autn a;
    memcpy(a.b, autn, sizeof a.b);
    return (autn_amf(&a) & BINDING_AMF_PROCESSED) == BINDING_AMF_PROCESSED;
}

/* ---- layer 1 ---- */

const char *bindery_ue_outcome_name(enum bindery_ue_outcome o)
{
    return binding_me_outcome_name((enum binding_me_outcome)o);
}

static struct binding_me *me_of(struct bindery_ue_binding *b)
{
    return (struct binding_me *)(void *)b->space;
}

void bindery_ue_binding_init(struct bindery_ue_binding *b, const uint8_t *kme)
{
    struct binding_me *me = me_of(b);
    memset(b, 0, sizeof *b);
    if (kme != NULL) {
        me->has_kme = true;
        memcpy(me->kme.b, kme, sizeof me->kme.b);
    }
}

enum bindery_ue_outcome hooks_call(const struct hooks_call *call, const uint8_t rand[static 16],
                                   const uint8_t autn[static 16],
                                   struct bindery_ue_usim_answer *out, uint8_t *emm_cause)
{
    const struct crypto c = platform_crypto(call->crypto);
    struct usim_answer a = {.sqn = 0};
    enum binding_me_outcome o = BINDING_ME_BROKEN;
    if (platform_complete(call->crypto) && call->usim.authenticate != NULL) {
        o = hooks_challenge(&c, call->keys, me_of(call->binding), &call->usim, rand, autn, &a);
    }
    memset(out, 0, sizeof *out);
    *emm_cause = hooks_cause(o);
    if (o == BINDING_ME_ANSWERED || o == BINDING_ME_REPEATED) {
        out->res_n = a.res.n;
        memcpy(out->res, a.res.b, sizeof out->res);
        memcpy(out->ck, a.ck.b, sizeof out->ck);
        memcpy(out->ik, a.ik.b, sizeof out->ik);
    } else if (o == BINDING_ME_SYNC_FAILURE) {
        memcpy(out->auts, a.auts.b, sizeof out->auts);
    }
    wipe(&a, sizeof a);
    return (enum bindery_ue_outcome)o;
}

enum bindery_ue_outcome bindery_ue_binding_challenge(struct bindery_ue_binding *b,
                                                     const struct bindery_ue_crypto *crypto,
                                                     bindery_ue_usim_fn usim, void *usim_ctx,
                                                     const uint8_t rand[16], const uint8_t autn[16],
                                                     struct bindery_ue_usim_answer *out,
                                                     uint8_t *emm_cause)
{
    const struct hooks_call call = {.binding = b, .crypto = crypto, .usim = {usim, usim_ctx}};
    return hooks_call(&call, rand, autn, out, emm_cause);
}

void bindery_ue_binding_forget(struct bindery_ue_binding *b)
{
    hooks_forget(me_of(b));
}

void bindery_ue_binding_wipe(struct bindery_ue_binding *b)
{
    wipe(b, sizeof *b);
}
