#include "proc/dimsi.h"

#include "proc/dimsi_parts.h"
#include "proc/ecies_box.h"

#include <string.h>

/* ---- the endorsement ---- */

/*= dimsi-0e-endorse */
struct bytes dimsi_endorsement_write(const struct dimsi_endorsement *e,
                                     uint8_t out[static DIMSI_ENDORSEMENT_MAX])
{
    struct wr w = wr_of((struct mbytes){out, DIMSI_ENDORSEMENT_MAX});
    dimsi_put_head(&w, DIMSI_ENDORSEMENT_LABEL, DIMSI_ENDORSEMENT_VERSION);
    dimsi_put(&w, BYTES_OF(e->token));
    dimsi_put_imsi(&w, &e->dimsi);
    dimsi_put_plmn(&w, &e->target);
    dimsi_put(&w, BYTES_OF(e->se_digest));
    dimsi_put_u64(&w, e->number);
    dimsi_put_u64(&w, (uint64_t)e->expiry);
    return wr_done(&w);
}

enum err dimsi_endorsement_read(struct bytes in, struct dimsi_endorsement *out)
{
    struct dimsi_endorsement e = {.expiry = 0};
    struct rd r = rd_of(in);
    dimsi_get_head(&r, DIMSI_ENDORSEMENT_LABEL, DIMSI_ENDORSEMENT_VERSION);
    dimsi_get(&r, e.token, sizeof e.token);
    dimsi_get_imsi(&r, &e.dimsi);
    dimsi_get_plmn(&r, &e.target);
    dimsi_get(&r, e.se_digest, sizeof e.se_digest);
    e.number = (uint64_t)dimsi_get_i64(&r, 1);
    e.expiry = dimsi_get_i64(&r, 0);
    const enum err err = rd_end(&r);
    if (err == E_OK) {
        *out = e;
    }
    return err;
}

static bool of_offer(const struct dimsi_endorsement *e, const struct dimsi_offered *offered)
{
    return dimsi_same_digest(e->token, offered->token) &&
           dimsi_same_digest(e->se_digest, offered->atk.se_digest);
}

/*= dimsi-0e-endorse dimsi-endorsement dimsi-two-keys */
enum dimsi_cause dimsi_endorsed(const struct dimsi_verify_port *port, const struct bytes *chain,
                                size_t n_chain, struct bytes endorsement, struct bytes signature,
                                const struct dimsi_offered *offered, const struct imsi *dimsi,
                                const struct plmn *target, int64_t at,
                                struct dimsi_endorsement *out, struct dimsi_name *arpf)
{
    struct dimsi_endorsement e;
    struct dimsi_name name;
    uint8_t digest[DIMSI_DIGEST_LEN];
    if (signature.n != DIMSI_SIGNATURE_LEN || dimsi_endorsement_read(endorsement, &e) != E_OK) {
        return DIMSI_ENDORSEMENT;
    }
    if (!imsi_eq(&e.dimsi, dimsi) || !plmn_eq(&e.target, target) ||
        (offered != NULL && !of_offer(&e, offered))) {
        return DIMSI_ENDORSEMENT_OTHER;
    }
    if (at > e.expiry) {
        return DIMSI_ENDORSEMENT_EXPIRED;
    }
    if (n_chain == 0 || n_chain > DIMSI_CHAIN_MAX) {
        return DIMSI_CHAIN_BAD;
    }
    const enum dimsi_cause cause = port->signed_by(port->ctx, DIMSI_ARPF, chain, n_chain,
                                                   endorsement, signature, at, digest, &name);
    if (cause != DIMSI_NONE) {
        return cause;
    }
    if (offered != NULL && !dimsi_name_eq(&name, &offered->atk.arpf)) {
        return DIMSI_ENDORSEMENT_SIGNATURE;
    }
    *out = e;
    *arpf = name;
    return DIMSI_NONE;
}

/* ---- eK in its box ---- */

#define SENT_LEN 33u
#define INFO_LEN (sizeof DIMSI_BOX_LABEL - 1 + DIMSI_DIGEST_LEN + IMSI_BCD_LEN + 3 * 2)

static enum err box_info(const struct crypto *c, struct bytes endorsement, const struct imsi *dimsi,
                         uint8_t out[static INFO_LEN])
{
    uint8_t digest[DIMSI_DIGEST_LEN];
    struct wr w = wr_of((struct mbytes){out, INFO_LEN});
    const enum err err = dimsi_sha256(c, endorsement, digest);
    if (err == E_OK) {
        dimsi_put(&w, BYTES_LIT(DIMSI_BOX_LABEL));
        dimsi_put(&w, BYTES_OF(digest));
        dimsi_put_imsi(&w, dimsi);
    }
    return err;
}

/*= dimsi-box dimsi-0e-secret */
enum err dimsi_box_seal(const struct crypto *c, const uint8_t sent[static 33],
                        const uint8_t secret[static 32], struct bytes endorsement,
                        const struct imsi *dimsi, const struct key_ek *ek,
                        uint8_t out[static DIMSI_BOX_LEN])
{
    uint8_t info[INFO_LEN], made[DIMSI_BOX_LEN];
    enum err err = box_info(c, endorsement, dimsi, info);
    memcpy(made, sent, SENT_LEN);
    if (err == E_OK) {
        err = ecies_seal(c, secret, (struct bytes){made, SENT_LEN}, BYTES_OF(info), BYTES_OF(ek->b),
                         made + SENT_LEN, made + SENT_LEN + DIMSI_EK_LEN);
    }
    if (err == E_OK) {
        memcpy(out, made, sizeof made);
    }
    return err;
}

/*= dimsi-box */
enum err dimsi_box_open(const struct crypto *c, const uint8_t box[static DIMSI_BOX_LEN],
                        const uint8_t secret[static 32], struct bytes endorsement,
                        const struct imsi *dimsi, struct key_ek *ek)
{
    uint8_t info[INFO_LEN];
    struct key_ek made = {.b = {0}};
    enum err err = box_info(c, endorsement, dimsi, info);
    if (err == E_OK) {
        err = ecies_open(c, secret, (struct bytes){box, SENT_LEN}, BYTES_OF(info),
                         (struct bytes){box + SENT_LEN, DIMSI_EK_LEN},
                         box + SENT_LEN + DIMSI_EK_LEN, made.b);
    }
    if (err == E_OK) {
        *ek = made;
    }
    wipe(&made, sizeof made);
    return err;
}
