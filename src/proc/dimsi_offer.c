#include "proc/dimsi.h"

#include "proc/dimsi_parts.h"

enum dimsi_cause dimsi_offer_form(const struct crypto *c, const struct dimsi_offer *offer,
                                  struct dimsi_offered *out, struct bytes *content)
{
    if (dimsi_atk_read(offer->atk, &out->atk, content) != E_OK) {
        return DIMSI_TOKEN;
    }
    if (offer->signature.n != DIMSI_SIGNATURE_LEN ||
        dimsi_delegation_read(offer->delegation, &out->delegation) != E_OK) {
        return DIMSI_DELEGATION;
    }
    if (dimsi_sha256(c, offer->atk, out->token) != E_OK) {
        return DIMSI_CRYPTO;
    }
    if (!dimsi_same_digest(out->delegation.token, out->token)) {
        return DIMSI_DELEGATION_OTHER_TOKEN;
    }
    return dimsi_name_eq(&out->delegation.arpf, &out->atk.arpf) ? DIMSI_NONE
                                                                : DIMSI_DELEGATION_OTHER_ARPF;
}

/*= dimsi-delegation */
enum dimsi_cause dimsi_offer_delegated(const struct dimsi_verify_port *port,
                                       const struct dimsi_offer *offer, const struct plmn *to,
                                       int64_t at, struct dimsi_offered *out)
{
    uint8_t digest[DIMSI_DIGEST_LEN];
    if (!plmn_eq(&out->delegation.target, to)) {
        return DIMSI_DELEGATION_OTHER_MNO;
    }
    if (at > out->delegation.expiry) {
        return DIMSI_DELEGATION_EXPIRED;
    }
    if (offer->n_sp_chain == 0 || offer->n_sp_chain > DIMSI_CHAIN_MAX) {
        return DIMSI_CHAIN_BAD;
    }
    const enum dimsi_cause cause =
        port->signed_by(port->ctx, DIMSI_SP, offer->sp_chain, offer->n_sp_chain, offer->delegation,
                        offer->signature, at, digest, &out->sp);
    if (cause != DIMSI_NONE) {
        return cause;
    }
    return dimsi_name_eq(&out->sp, &out->atk.sp) ? DIMSI_NONE : DIMSI_DELEGATION_OTHER_SP;
}

/*= dimsi-0e-verify */
enum dimsi_cause dimsi_offer_by_se(const struct dimsi_verify_port *port,
                                   const struct dimsi_offer *offer, struct bytes content,
                                   int64_t at, const struct dimsi_atk *atk)
{
    uint8_t digest[DIMSI_DIGEST_LEN];
    struct dimsi_name none;
    if (offer->n_se_chain == 0 || offer->n_se_chain > DIMSI_CHAIN_MAX) {
        return DIMSI_CHAIN_BAD;
    }
    const enum dimsi_cause cause =
        port->signed_by(port->ctx, DIMSI_SE, offer->se_chain, offer->n_se_chain, content,
                        BYTES_OF(atk->signature), at, digest, &none);
    if (cause != DIMSI_NONE) {
        return cause;
    }
    return dimsi_same_digest(digest, atk->se_digest) ? DIMSI_NONE : DIMSI_TOKEN_OTHER_SE;
}

/*= dimsi-0d */
enum dimsi_cause dimsi_ausf_take_offer(const struct crypto *c, const struct dimsi_verify_port *port,
                                       const struct dimsi_offer *offer, const struct plmn *own,
                                       int64_t at, struct dimsi_offered *out)
{
    struct dimsi_offered made = {.token = {0}};
    struct bytes content;
    enum dimsi_cause cause = dimsi_offer_form(c, offer, &made, &content);
    if (cause == DIMSI_NONE) {
        cause = dimsi_offer_delegated(port, offer, own, at, &made);
    }
    if (cause == DIMSI_NONE) {
        cause = dimsi_offer_by_se(port, offer, content, at, &made.atk);
    }
    if (cause == DIMSI_NONE) {
        *out = made;
    }
    return cause;
}
