#include "proc/dimsi.h"

#include "proc/dimsi_parts.h"
#include "proc/ecies_box.h"

#include <string.h>

_Static_assert(DIMSI_EK_LEN == ECIES_SECRET_LEN, "one round of the KDF");

/* ---- eK ---- */

static void put_short(struct wr *w, struct bytes item)
{
    wr_u8(w, (uint8_t)item.n);
    wr_put(w, item);
}

/*= dimsi-shared-info */
void dimsi_shared_info(const struct imsi *dimsi, const uint8_t se[static DIMSI_POINT_LEN],
                       const uint8_t arpf[static DIMSI_POINT_LEN],
                       uint8_t out[static DIMSI_SHARED_INFO_LEN])
{
    enum { KEY_USAGE = 0x3c, KEY_TYPE_AES = 0x88 };
    uint8_t bcd[IMSI_BCD_LEN];
    struct wr w = wr_of((struct mbytes){out, DIMSI_SHARED_INFO_LEN});
    imsi_to_bcd(dimsi, bcd);
    wr_u8(&w, KEY_USAGE);
    wr_u8(&w, KEY_TYPE_AES);
    wr_u8(&w, DIMSI_EK_LEN);
    put_short(&w, BYTES_OF(bcd));
    put_short(&w, (struct bytes){se, DIMSI_POINT_LEN});
    put_short(&w, (struct bytes){arpf, DIMSI_POINT_LEN});
}

/*= dimsi-0c-ek */
enum err dimsi_ek(const struct crypto *c, const uint8_t z[static 32], const struct imsi *dimsi,
                  const uint8_t se[static DIMSI_POINT_LEN],
                  const uint8_t arpf[static DIMSI_POINT_LEN], struct key_ek *out)
{
    uint8_t info[DIMSI_SHARED_INFO_LEN];
    struct key_ek made = {.b = {0}};
    dimsi_shared_info(dimsi, se, arpf, info);
    const enum err err =
        x963_kdf(c, (struct bytes){z, 32}, BYTES_OF(info), (struct mbytes){made.b, sizeof made.b});
    if (err == E_OK) {
        *out = made;
    }
    wipe(&made, sizeof made);
    return err == E_OK ? E_OK : E_CRYPTO;
}

/* ---- steps 0-b and 0-c ---- */

/* The ephemeral key, and eK from it. */
static enum dimsi_cause agree(const struct crypto *c, const struct dimsi_se_port *port,
                              const uint8_t arpf[static DIMSI_POINT_LEN], const struct imsi *dimsi,
                              struct dimsi_atk *atk, struct key_ek *ek)
{
    uint8_t z[32];
    enum err err = port->agree(port->ctx, arpf, atk->point, z);
    if (err == E_OK) {
        err = dimsi_ek(c, z, dimsi, atk->point, arpf, ek);
    }
    wipe(z, sizeof z);
    return err == E_OK ? DIMSI_NONE : err == E_BAD_VALUE ? DIMSI_POINT : DIMSI_CRYPTO;
}

/* The token, and its digest. */
static enum err sign(const struct crypto *c, const struct dimsi_se_port *port,
                     struct dimsi_atk *atk, uint8_t room[static DIMSI_ATK_MAX], size_t *n,
                     uint8_t digest[static DIMSI_DIGEST_LEN])
{
    const struct bytes content = dimsi_atk_content(atk, room);
    enum err err = port->sign(port->ctx, content, atk->signature);
    if (err == E_OK) {
        const struct bytes whole = dimsi_atk_write(atk, room);
        *n = whole.n;
        err = dimsi_sha256(c, whole, digest);
    }
    return err;
}

static enum dimsi_cause make(const struct crypto *c, const struct dimsi_se_port *port,
                             const struct dimsi_order *order, struct dimsi_slot *slot,
                             uint8_t token[static DIMSI_ATK_MAX], size_t *n)
{
    uint8_t arpf[DIMSI_POINT_LEN];
    struct dimsi_atk atk = {
        .dimsi = order->dimsi, .sp = order->sp, .at = port->at, .counter = port->counter};
    enum dimsi_cause cause =
        port->arpf(port->ctx, order->arpf_chain, order->n_arpf_chain, &atk.arpf, arpf);
    if (cause != DIMSI_NONE) {
        return cause;
    }
    if (dimsi_sha256(c, order->arpf_chain[0], atk.arpf_digest) != E_OK ||
        dimsi_sha256(c, port->certificate, atk.se_digest) != E_OK) {
        return DIMSI_CRYPTO;
    }
    slot->dimsi = order->dimsi;
    slot->arpf = atk.arpf;
    cause = agree(c, port, arpf, &order->dimsi, &atk, &slot->ek);
    if (cause == DIMSI_NONE && sign(c, port, &atk, token, n, slot->token) != E_OK) {
        cause = DIMSI_CRYPTO;
    }
    return cause;
}

/*= dimsi-0b dimsi-0c-verify dimsi-0c-agree dimsi-0c-token dimsi-several */
enum dimsi_cause dimsi_se_agree(const struct crypto *c, const struct dimsi_se_port *port,
                                const struct dimsi_order *order, struct dimsi_slot *slot,
                                uint8_t token[static DIMSI_ATK_MAX], size_t *token_n)
{
    struct dimsi_slot made = {.installed = false};
    uint8_t room[DIMSI_ATK_MAX];
    size_t n = 0;
    if (order->n_arpf_chain == 0 || order->sp.n == 0 || order->dimsi.n == 0 || port->at < 0) {
        return DIMSI_UNREADABLE;
    }
    const enum dimsi_cause cause = make(c, port, order, &made, room, &n);
    if (cause == DIMSI_NONE) {
        *slot = made;
        memcpy(token, room, n);
        *token_n = n;
    }
    wipe(&made, sizeof made);
    return cause;
}

/* ---- steps 6 and 7 ---- */

static enum dimsi_outcome verify(const struct crypto *c, const struct dimsi_slot *slot,
                                 const uint8_t plain[static DIMSI_PLAIN_LEN],
                                 const struct autn *autn)
{
    struct autn expected;
    if (autn != NULL) {
        if (dimsi_autn_of(c, &slot->ek, &slot->dimsi, plain, &expected) != E_OK) {
            return DIMSI_OUTCOME_BROKEN;
        }
        const bool same = crypto_ct_eq(BYTES_OF(expected.b), BYTES_OF(autn->b));
        wipe(&expected, sizeof expected);
        if (!same) {
            return DIMSI_OUTCOME_BAD_MAC;
        }
    }
    return crypto_ct_eq((struct bytes){plain + IMSI_BCD_LEN, DIMSI_CTV_LEN}, BYTES_LIT(DIMSI_CTV))
               ? DIMSI_OUTCOME_INSTALL
               : DIMSI_OUTCOME_BAD_CTV;
}

/*= dimsi-7-integrity dimsi-7-ctv */
static enum dimsi_outcome open_rand(const struct crypto *c, const struct dimsi_slot *slot,
                                    const struct rand128 *rand, const struct autn *autn,
                                    struct imsi *imsi)
{
    uint8_t ekc[16], plain[DIMSI_PLAIN_LEN];
    enum dimsi_outcome o = DIMSI_OUTCOME_BROKEN;
    enum err err = dimsi_ekc(c, &slot->ek, &slot->dimsi, ekc);
    if (err == E_OK) {
        err = c->aes128_decrypt(c->ctx, ekc, rand->b, plain);
    }
    if (err == E_OK) {
        o = verify(c, slot, plain, autn);
    }
    if (o == DIMSI_OUTCOME_INSTALL && imsi_from_bcd(plain, imsi) != E_OK) {
        o = DIMSI_OUTCOME_BAD_IMSI;
    }
    wipe(ekc, sizeof ekc);
    wipe(plain, sizeof plain);
    return o;
}

/*= dimsi-repeat dimsi-other-imsi */
static enum dimsi_outcome judge(const struct dimsi_slot *slot, const struct imsi *imsi)
{
    return !slot->installed             ? DIMSI_OUTCOME_INSTALL
           : imsi_eq(&slot->imsi, imsi) ? DIMSI_OUTCOME_REPEATED
                                        : DIMSI_OUTCOME_OTHER_IMSI;
}

/*= dimsi-7-replace dimsi-first-keys */
enum dimsi_outcome dimsi_se_challenge(const struct crypto *c, const struct dimsi_slot *slot,
                                      const struct rand128 *rand, const struct autn *autn,
                                      struct dimsi_answer *out)
{
    memset(out, 0, sizeof *out);
    if (slot->erased) {
        return DIMSI_OUTCOME_ERASED;
    }
    struct dimsi_answer made = {.imsi.n = 0};
    enum dimsi_outcome o = open_rand(c, slot, rand, autn, &made.imsi);
    if (o == DIMSI_OUTCOME_INSTALL) {
        o = judge(slot, &made.imsi);
    }
    if (o <= DIMSI_OUTCOME_REPEATED &&
        dimsi_first_keys(c, &slot->ek, rand, &made.res, &made.ck, &made.ik) != E_OK) {
        o = DIMSI_OUTCOME_BROKEN;
    }
    if (o <= DIMSI_OUTCOME_REPEATED) {
        *out = made;
    }
    wipe(&made, sizeof made);
    return o;
}
