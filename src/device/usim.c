#include "device/bindery_ue.h"

#include "device/platform.h"
#include "proc/aka.h"
#include <string.h>

struct soft {
    const struct bindery_ue_crypto *crypto;
    struct usim usim;
};
_Static_assert(sizeof(struct soft) <= BINDERY_UE_USIM_SIZE, "the public size is enough");
_Static_assert(SQN_IND_COUNT == BINDERY_UE_USIM_SEQUENCES, "one SEQ for each IND");
_Static_assert((int)BINDERY_UE_MILENAGE == (int)AKA_MILENAGE &&
                   (int)BINDERY_UE_TUAK == (int)AKA_TUAK,
               "the two lists of algorithms are one");

static struct soft *soft_of(struct bindery_ue_usim *usim)
{
    return (struct soft *)(void *)usim->space;
}

static bool sequences_are_right(const uint64_t *seq)
{
    for (size_t i = 0; seq != NULL && i < SQN_IND_COUNT; i++) {
        if (seq[i] > SEQ_MAX) {
            return false;
        }
    }
    return true;
}

enum bindery_ue_result bindery_ue_usim_init(struct bindery_ue_usim *usim,
                                            const struct bindery_ue_crypto *crypto,
                                            const struct bindery_ue_usim_keys *keys,
                                            const uint64_t *seq)
{
    struct soft *s = soft_of(usim);
    struct aka_keys *k = &s->usim.keys;
    memset(usim, 0, sizeof *usim);
    if (!platform_complete(crypto) || keys->k_n > sizeof keys->k ||
        keys->opc_n > sizeof keys->opc || !sequences_are_right(seq)) {
        return BINDERY_UE_ERR_ARGUMENT;
    }
    s->crypto = crypto;
    k->algorithm = (enum aka_algorithm)keys->algorithm;
    k->k.n = keys->k_n;
    memcpy(k->k.b, keys->k, keys->k_n);
    k->opc.n = keys->opc_n;
    memcpy(k->opc.b, keys->opc, keys->opc_n);
    k->res_len = keys->res_n;
    k->keccak_iterations = keys->keccak_iterations;
    if (aka_keys_check(k) != E_OK) {
        bindery_ue_usim_wipe(usim);
        return BINDERY_UE_ERR_ARGUMENT;
    }
    if (seq != NULL) {
        memcpy(s->usim.seq, seq, sizeof s->usim.seq);
    }
    return BINDERY_UE_OK;
}

static enum bindery_ue_usim_status status_of(enum err err)
{
    if (err == E_OK) {
        return BINDERY_UE_USIM_OK;
    }
    return err == E_BAD_MAC ? BINDERY_UE_USIM_MAC_FAILURE
           : err == E_SYNC  ? BINDERY_UE_USIM_SYNC_FAILURE
                            : BINDERY_UE_USIM_FAILED;
}

enum bindery_ue_usim_status bindery_ue_usim_authenticate(void *usim, const uint8_t rand[16],
                                                         const uint8_t autn[16],
                                                         struct bindery_ue_usim_answer *out)
{
    struct soft *s = soft_of(usim);
    const struct crypto c = platform_crypto(s->crypto);
    struct usim_answer a = {.sqn = 0};
    struct rand128 r;
    struct autn n;
    memcpy(r.b, rand, sizeof r.b);
    memcpy(n.b, autn, sizeof n.b);
    enum err err = usim_authenticate(&c, &s->usim, &r, &n, &a);
    memset(out, 0, sizeof *out);
    if (err == E_OK) {
        out->res_n = a.res.n;
        memcpy(out->res, a.res.b, sizeof out->res);
        memcpy(out->ck, a.ck.b, sizeof out->ck);
        memcpy(out->ik, a.ik.b, sizeof out->ik);
    } else if (err == E_SYNC) {
        memcpy(out->auts, a.auts.b, sizeof out->auts);
    }
    wipe(&a, sizeof a);
    wipe(&r, sizeof r);
    return status_of(err);
}

void bindery_ue_usim_sequences(const struct bindery_ue_usim *usim,
                               uint64_t seq[BINDERY_UE_USIM_SEQUENCES])
{
    const struct soft *s = (const struct soft *)(const void *)usim->space;
    memcpy(seq, s->usim.seq, sizeof s->usim.seq);
}

void bindery_ue_usim_wipe(struct bindery_ue_usim *usim)
{
    wipe(usim, sizeof *usim);
}
