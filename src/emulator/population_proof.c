/* How emulated devices prove their IMEIs, and how they pretend to. */
#include "device/linux/signer_openssl.h"
#include "emulator/population_parts.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define OF_ANOTHER_NONCE   3 /* the items of what is signed (proc/devid.h), from 0 */
#define OF_ANOTHER_CHANNEL 5

/* What the same device signed in another session, for another challenge. */
static bool make_older(struct bytes content, uint8_t out[static DEVID_CONTENT_LEN])
{
    if (content.n != DEVID_CONTENT_LEN) {
        return false;
    }
    memcpy(out, content.p, content.n);
    struct rd r = rd_of(content);
    for (unsigned i = 0; rd_left(&r) > 0 && r.err == E_OK; i++) {
        const size_t n = rd_be16(&r);
        if (i == OF_ANOTHER_NONCE || i == OF_ANOTHER_CHANNEL) {
            memset(out + r.at, 0, n <= rd_left(&r) ? n : 0);
        }
        (void)rd_take(&r, n);
    }
    return r.err == E_OK;
}

static bool sign(void *ctx, const uint8_t *content, size_t n, uint8_t *signature,
                 size_t *signature_n)
{
    const struct device *d = ctx;
    const struct population_guise *g = &d->population->guise;
    const struct bytes key = g->other.n > 0 ? (struct bytes){g->other.der, g->other.n}
                                            : (struct bytes){d->key, d->key_n};
    uint8_t older[DEVID_CONTENT_LEN];
    struct bytes what = {content, n};
    if (g->silent || (g->replay && !make_older(what, older))) {
        return false;
    }
    what = g->replay ? BYTES_OF(older) : what;
    return signer_openssl_sign(key, what, signature, signature_n) == E_OK;
}

enum err population_give_key(struct population *p, struct device *d, struct bytes key,
                             uint8_t algorithm)
{
    d->key = malloc(key.n);
    if (d->key == NULL) {
        return E_MEMORY;
    }
    memcpy(d->key, key.p, key.n);
    d->key_n = (uint16_t)key.n;
    d->signer.algorithm = algorithm;
    p->key_octets += key.n;
    return E_OK;
}

enum err population_find_key(struct population *p, struct device *d, const struct lot_device *from)
{
    struct identity_row row;
    if (p->identities == NULL || !from->has_imei) {
        return E_OK;
    }
    enum err err = identity_source_find(p->identities, &from->imei, &row, &p->identities_why);
    if (err == E_OK) {
        err = population_give_key(p, d, (struct bytes){row.key.der, row.key.n}, row.algorithm);
    }
    identity_row_wipe(&row);
    return err == E_NOT_FOUND ? E_OK : err;
}

const struct bindery_ue_signer *population_signer(const struct population *p, struct device *d)
{
    const struct population_guise *g = &p->guise;
    d->signer.ctx = d;
    d->signer.sign = sign;
    if (g->other.n > 0) {
        d->signer.algorithm = g->other.algorithm;
    } else if (g->silent && d->key == NULL) {
        d->signer.algorithm = DEVID_ECDSA_P256;
    }
    const bool own = d->key != NULL && !g->without_kme;
    return !g->without_proof && (own || g->other.n > 0 || g->silent) ? &d->signer : NULL;
}

enum err population_identities(struct population *p, const char *dir, struct population_why *why)
{
    enum err err = identity_source_open(dir, &p->identities, &p->identities_why);
    if (err != E_OK) {
        (void)snprintf(why->text, sizeof why->text, "%s", p->identities_why.text);
    }
    return err;
}
