#include "proc/dimsi.h"

#include "proc/dimsi_parts.h"

/* ---- is it a good offer? ---- */

/* Was ATK made for this ARPF, and for a key that it has? */
static enum dimsi_cause own_judge(const struct dimsi_arpf_port *port,
                                  const struct dimsi_offered *offered)
{
    struct dimsi_arpf_key key;
    return dimsi_name_eq(&offered->atk.arpf, &port->name) &&
                   port->key(port->ctx, offered->atk.arpf_digest, &key)
               ? DIMSI_NONE
               : DIMSI_TOKEN_OTHER_ARPF;
}

/*= dimsi-0e-verify */
enum dimsi_cause dimsi_arpf_verify(const struct crypto *c, const struct dimsi_arpf_port *port,
                                   const struct dimsi_offer *offer, const struct plmn *asks,
                                   int64_t at, struct dimsi_offered *out)
{
    struct dimsi_offered made = {.token = {0}};
    struct bytes content;
    enum dimsi_cause cause = dimsi_offer_form(c, offer, &made, &content);
    if (cause == DIMSI_NONE) {
        cause = own_judge(port, &made);
    }
    if (cause == DIMSI_NONE) {
        cause = dimsi_offer_delegated(port->verify, offer, asks, at, &made);
    }
    if (cause == DIMSI_NONE) {
        cause = dimsi_offer_by_se(port->verify, offer, content, at, &made.atk);
    }
    if (cause == DIMSI_NONE) {
        *out = made;
    }
    return cause;
}

/* ---- may it be released? ---- */

static enum dimsi_decision refuse(enum dimsi_cause cause, enum dimsi_cause *why)
{
    *why = cause;
    return DIMSI_REFUSE;
}

/*= dimsi-release-once dimsi-release-again */
enum dimsi_decision dimsi_arpf_decide(const struct dimsi_release *held, uint64_t revoked_to,
                                      const struct dimsi_offered *offered, enum dimsi_cause *why)
{
    const uint64_t number = offered->delegation.number;
    *why = DIMSI_NONE;
    if (number <= revoked_to) {
        return refuse(DIMSI_DELEGATION_REVOKED, why);
    }
    if (held->number == 0) {
        return DIMSI_NEW;
    }
    if (!dimsi_same_digest(held->se_digest, offered->atk.se_digest)) {
        return refuse(DIMSI_OTHER_SE, why);
    }
    const bool same_token = dimsi_same_digest(held->token, offered->token);
    if (held->revoked) {
        return same_token && number <= held->delegation ? refuse(DIMSI_DELEGATION_REVOKED, why)
                                                        : DIMSI_NEW;
    }
    return same_token && plmn_eq(&held->target, &offered->delegation.target)
               ? DIMSI_AGAIN
               : refuse(DIMSI_RELEASED, why);
}

/*= dimsi-0e-ek dimsi-point */
enum err dimsi_arpf_ek(const struct crypto *c, const struct dimsi_arpf_port *port,
                       const struct dimsi_offered *offered, struct key_ek *ek)
{
    struct dimsi_arpf_key key;
    uint8_t z[32];
    if (!port->key(port->ctx, offered->atk.arpf_digest, &key)) {
        return E_NOT_FOUND;
    }
    enum err err = port->agree(port->ctx, &key, offered->atk.point, z);
    if (err == E_OK) {
        err = dimsi_ek(c, z, &offered->atk.dimsi, offered->atk.point, key.point, ek);
    }
    wipe(z, sizeof z);
    return err;
}
