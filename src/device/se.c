/* Steps 0-b and 0-c by a soft secure element: eK, and the token, over the few operations that the
 * place has in which the keys really are. Layer 1. */
#include "device/platform.h"
#include "device/slot.h"
#include <string.h>

_Static_assert(DIMSI_ATK_MAX <= BINDERY_UE_TOKEN_MAX, "the public size is enough");

/* Longest that is hashed in parts: the shared secret, a counter and SharedInfo. */
#define ROOM (32 + 4 + DIMSI_SHARED_INFO_LEN)

/* ---- what the host brings ---- */

static enum dimsi_cause arpf(void *ctx, const struct bytes *chain, size_t n,
                             struct dimsi_name *name, uint8_t point[static DIMSI_POINT_LEN])
{
    const struct bindery_ue_se *se = ctx;
    char text[DIMSI_NAME_MAX + 1] = "";
    uint8_t key[DIMSI_POINT_LEN] = {0};
    const uint8_t *end = chain[n - 1].p + chain[n - 1].n; /* they stand one behind the other */
    if (!se->arpf(se->ctx, chain[0].p, (size_t)(end - chain[0].p), text, key)) {
        return DIMSI_CHAIN_UNTRUSTED;
    }
    text[DIMSI_NAME_MAX] = '\0';
    if (dimsi_name_parse(bytes_of_str(text), name) != E_OK) {
        return DIMSI_CHAIN_PURPOSE;
    }
    memcpy(point, key, sizeof key);
    return DIMSI_NONE;
}

MUST_USE static enum err agree(void *ctx, const uint8_t arpf_point[static DIMSI_POINT_LEN],
                               uint8_t se_point[static DIMSI_POINT_LEN], uint8_t z[static 32])
{
    const struct bindery_ue_se *se = ctx;
    return se->agree(se->ctx, arpf_point, se_point, z) ? E_OK : E_CRYPTO;
}

MUST_USE static enum err sign(void *ctx, struct bytes content,
                              uint8_t signature[static DIMSI_SIGNATURE_LEN])
{
    const struct bindery_ue_se *se = ctx;
    return se->sign(se->ctx, content.p, content.n, signature) ? E_OK : E_CRYPTO;
}

static struct dimsi_se_port port_of(const struct bindery_ue_se *se)
{
    union { /* the functions above only read it */
        const struct bindery_ue_se *in;
        void *out;
    } ctx = {.in = se};
    return (struct dimsi_se_port){.ctx = ctx.out,
                                  .arpf = arpf,
                                  .agree = agree,
                                  .sign = sign,
                                  .certificate = {se->certificate, se->certificate_n},
                                  .at = se->at,
                                  .counter = se->counter};
}

/* ---- the order ---- */

/* One certificate at the beginning of `in`, in DER: a SEQUENCE, its length in as few octets as it
 * takes. 0: there is none. */
static size_t certificate_n(struct bytes in)
{
    struct rd r = rd_of(in);
    const uint8_t tag = rd_u8(&r);
    const uint8_t first = rd_u8(&r);
    size_t n = first;
    size_t least = 0;
    if (first == 0x81) {
        n = rd_u8(&r);
        least = 0x80;
    } else if (first == 0x82) {
        n = rd_be16(&r);
        least = 0x100;
    } else if (first >= 0x80) {
        return 0;
    }
    (void)rd_take(&r, n);
    return r.err == E_OK && tag == 0x30 && n >= least ? r.at : 0;
}

/* False: it is no chain, or has more than DIMSI_CHAIN_MAX. */
static bool take_chain(struct bytes all, struct bytes chain[static DIMSI_CHAIN_MAX], size_t *n)
{
    *n = 0;
    while (all.n > 0) {
        const size_t one = certificate_n(all);
        if (one == 0 || *n == DIMSI_CHAIN_MAX) {
            return false;
        }
        chain[(*n)++] = (struct bytes){all.p, one};
        all = (struct bytes){all.p + one, all.n - one};
    }
    return *n > 0;
}

static bool take_order(const struct bindery_ue_order *in, struct bytes chain[],
                       struct dimsi_order *out)
{
    const struct bytes digits = {(const uint8_t *)in->dimsi, in->dimsi_n};
    return in->dimsi_n <= sizeof in->dimsi && imsi_parse(digits, &out->dimsi) == E_OK &&
           in->sp != NULL && dimsi_name_parse(bytes_of_str(in->sp), &out->sp) == E_OK &&
           in->chain != NULL &&
           take_chain((struct bytes){in->chain, in->chain_n}, chain, &out->n_arpf_chain);
}

static bool se_is_right(const struct bindery_ue_se *se)
{
    return se != NULL && se->arpf != NULL && se->agree != NULL && se->sign != NULL &&
           se->certificate != NULL && se->certificate_n > 0;
}

/* Of the causes that come of the port above, the order, and the crypto table. */
static enum bindery_ue_result result_of(enum dimsi_cause cause)
{
    return cause == DIMSI_NONE         ? BINDERY_UE_OK
           : cause == DIMSI_UNREADABLE ? BINDERY_UE_ERR_ARGUMENT
           : cause == DIMSI_CHAIN_UNTRUSTED || cause == DIMSI_CHAIN_PURPOSE
               ? BINDERY_UE_ERR_UNTRUSTED
               : BINDERY_UE_ERR_CRYPTO;
}

/*= dimsi-0c-verify dimsi-0c-agree dimsi-0c-token dimsi-several */
enum bindery_ue_result bindery_ue_se_agree(struct bindery_ue_slot *slot,
                                           const struct bindery_ue_crypto *crypto,
                                           const struct bindery_ue_se *se,
                                           const struct bindery_ue_order *order, uint8_t *token,
                                           size_t *token_n)
{
    uint8_t room[ROOM];
    struct bytes chain[DIMSI_CHAIN_MAX];
    struct dimsi_order o = {.arpf_chain = chain};
    struct platform_wide wide = {.table = crypto, .room = MBYTES_OF(room)};
    *token_n = 0;
    if (!platform_complete(crypto) || !se_is_right(se) || !take_order(order, chain, &o)) {
        return BINDERY_UE_ERR_ARGUMENT;
    }
    const struct crypto c = platform_crypto_wide(&wide);
    const struct dimsi_se_port port = port_of(se);
    return result_of(dimsi_se_agree(&c, &port, &o, slot_of(slot), token, token_n));
}
