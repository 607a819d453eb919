#include "proc/dimsi.h"

#include "proc/dimsi_parts.h"

#include <string.h>

_Static_assert(sizeof DIMSI_CTV - 1 == DIMSI_CTV_LEN, "CTV fills the block");

/* output_1 */
static enum err hide(const struct crypto *c, const struct key_ek *ek, const struct imsi *dimsi,
                     const uint8_t plain[static DIMSI_PLAIN_LEN], struct rand128 *rand)
{
    uint8_t ekc[16];
    enum err err = dimsi_ekc(c, ek, dimsi, ekc);
    if (err == E_OK) {
        err = c->aes128_key(c->ctx, ekc);
    }
    if (err == E_OK) {
        err = c->aes128_encrypt(c->ctx, plain, rand->b, 1);
    }
    wipe(ekc, sizeof ekc);
    return err;
}

/*= dimsi-1-outputs dimsi-first-keys */
enum err dimsi_ausf_challenge(const struct crypto *c, const struct key_ek *ek,
                              const struct imsi *dimsi, const struct imsi *imsi,
                              struct dimsi_challenge *out)
{
    const struct bytes ctv = BYTES_LIT(DIMSI_CTV);
    uint8_t plain[DIMSI_PLAIN_LEN];
    struct dimsi_challenge made;
    imsi_to_bcd(imsi, plain);
    memcpy(plain + IMSI_BCD_LEN, ctv.p, ctv.n);
    enum err err = hide(c, ek, dimsi, plain, &made.rand);
    if (err == E_OK) {
        err = dimsi_autn_of(c, ek, dimsi, plain, &made.autn);
    }
    if (err == E_OK) {
        err = dimsi_first_keys(c, ek, &made.rand, &made.xres, &made.ck, &made.ik);
    }
    if (err == E_OK) {
        *out = made;
    }
    wipe(&made, sizeof made);
    return err;
}
