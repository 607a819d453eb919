#include "proc/dimsi.h"

#include "crypto/kdf.h"
#include "proc/aka.h"
#include "proc/dimsi_parts.h"

static enum dimsi_decision refuse(enum dimsi_cause cause, enum dimsi_cause *why)
{
    *why = cause;
    return DIMSI_REFUSE;
}

static bool same_challenge(const struct dimsi_challenge *a, const struct dimsi_challenge *b)
{
    const bool open = bytes_eq(BYTES_OF(a->rand.b), BYTES_OF(b->rand.b)) &&
                      bytes_eq(BYTES_OF(a->autn.b), BYTES_OF(b->autn.b));
    return open && a->xres.n == b->xres.n &&
           crypto_ct_eq((struct bytes){a->xres.b, a->xres.n},
                        (struct bytes){b->xres.b, b->xres.n}) &&
           crypto_ct_eq(BYTES_OF(a->ck.b), BYTES_OF(b->ck.b)) &&
           crypto_ct_eq(BYTES_OF(a->ik.b), BYTES_OF(b->ik.b));
}

/* Of a push under the endorsement that the entry stands on. */
static enum dimsi_decision renew(const struct dimsi_entry *held, const struct dimsi_entry *pushed,
                                 enum dimsi_cause *why)
{
    switch (held->phase) {
    case DIMSI_ENTRY_LIVE:
        return imsi_eq(&held->imsi, &pushed->imsi) && held->expires == pushed->expires &&
                       same_challenge(&held->challenge, &pushed->challenge)
                   ? DIMSI_AGAIN
                   : DIMSI_NEW;
    case DIMSI_ENTRY_EXPIRED:
        return pushed->expires > held->expires ? DIMSI_NEW : refuse(DIMSI_SPENT, why);
    case DIMSI_ENTRY_SPENT:
        break;
    }
    return refuse(DIMSI_SPENT, why);
}

/*= dimsi-2 dimsi-one-target dimsi-spent */
enum dimsi_decision dimsi_dausf_decide(const struct dimsi_entry *held,
                                       const struct dimsi_endorsement *endorsed,
                                       const struct dimsi_entry *pushed, enum dimsi_cause *why)
{
    *why = DIMSI_NONE;
    if (!imsi_in_plmn(&pushed->imsi, &endorsed->target)) {
        return refuse(DIMSI_OTHER_IMSI, why);
    }
    if (autn_amf(&pushed->challenge.autn) != AMF_SEPARATION_BIT ||
        pushed->challenge.xres.n != DIMSI_RES_LEN) {
        return refuse(DIMSI_CHALLENGE, why);
    }
    if (endorsed->number > held->number) {
        return DIMSI_NEW;
    }
    if (endorsed->number == held->number && plmn_eq(&held->target, &endorsed->target) &&
        dimsi_same_digest(held->token, endorsed->token)) {
        return renew(held, pushed, why);
    }
    return refuse(held->phase == DIMSI_ENTRY_LIVE ? DIMSI_TAKEN : DIMSI_SPENT, why);
}

/*= dimsi-first-keys dimsi-5 */
enum err dimsi_dausf_kasme(const struct crypto *c, const struct dimsi_challenge *challenge,
                           const uint8_t serving[static 3], struct key_kasme *out)
{
    return kdf_kasme(c, &challenge->ck, &challenge->ik, serving, challenge->autn.b, out);
}
