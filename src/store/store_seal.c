#include "store/store_internal.h"

#include <string.h>

/*= binding-sealed kme-sealed */
/* The associated data of a row's secret is where it stands: "table.column", a zero octet, the IMSI
 * and the IMEI as keys. A blob that was moved to another row or column does not open. */
#define PLACE_MAX 48

static struct bytes place_of_keys(const char *column, int64_t imsi, int64_t imei,
                                  uint8_t out[static PLACE_MAX])
{
    struct wr w = wr_of((struct mbytes){out, PLACE_MAX});
    wr_put(&w, bytes_of_str(column));
    wr_u8(&w, 0);
    wr_be64(&w, (uint64_t)imsi);
    wr_be64(&w, (uint64_t)imei);
    return wr_done(&w);
}

static struct bytes place(const char *column, const struct imsi *imsi, const struct imei *imei,
                          uint8_t out[static PLACE_MAX])
{
    return place_of_keys(column, imsi_key(imsi), imei_key(imei), out);
}

/* K and OPc in one value: they are always wanted together, and one opening costs half of two. */
#define KEYS_PLAIN_MAX (2 + 32 + 32)

enum err seal_keys(struct sealer *s, const struct imsi *imsi, const struct aka_keys *keys,
                   struct sealed *out)
{
    uint8_t where[PLACE_MAX], plain[KEYS_PLAIN_MAX];
    struct wr w = wr_of(MBYTES_OF(plain));
    wr_u8(&w, keys->k.n);
    wr_put(&w, (struct bytes){keys->k.b, keys->k.n});
    wr_u8(&w, keys->opc.n);
    wr_put(&w, (struct bytes){keys->opc.b, keys->opc.n});
    enum err err = w.err;
    if (err == E_OK) {
        err = seal(s, place("subscriber.keys", imsi, NULL, where), wr_done(&w), MBYTES_OF(out->b),
                   &out->n);
    }
    wipe(plain, sizeof plain);
    return err;
}

/* n and at most 32 octets. */
static void take_key(struct rd *r, uint8_t *n, uint8_t b[static 32])
{
    struct bytes v = rd_take(r, rd_u8(r));
    if (v.n > 32) {
        r->err = E_BAD_LENGTH;
        return;
    }
    *n = (uint8_t)v.n;
    for (size_t i = 0; i < v.n; i++) {
        b[i] = v.p[i];
    }
}

enum err open_keys(struct sealer *s, const struct imsi *imsi, struct bytes sealed,
                   struct aka_keys *keys)
{
    uint8_t where[PLACE_MAX], plain[KEYS_PLAIN_MAX];
    size_t n = 0;
    enum err err = E_WRONG_KEY;
    if (seal_open(s, place("subscriber.keys", imsi, NULL, where), sealed, MBYTES_OF(plain), &n) ==
        E_OK) {
        struct rd r = rd_of((struct bytes){plain, n});
        take_key(&r, &keys->k.n, keys->k.b);
        take_key(&r, &keys->opc.n, keys->opc.b);
        err = rd_end(&r) == E_OK ? E_OK : E_WRONG_KEY;
    }
    wipe(plain, sizeof plain);
    return err;
}

enum err seal_nw_sig(struct sealer *s, const struct imsi *imsi,
                     const uint8_t nw_sig[static STORE_NW_SIG_LEN], struct sealed *out)
{
    uint8_t where[PLACE_MAX];
    return seal(s, place("provisioning.nw_sig", imsi, NULL, where),
                (struct bytes){nw_sig, STORE_NW_SIG_LEN}, MBYTES_OF(out->b), &out->n);
}

enum err open_nw_sig(struct sealer *s, const struct imsi *imsi, struct bytes sealed,
                     uint8_t nw_sig[static STORE_NW_SIG_LEN])
{
    uint8_t where[PLACE_MAX];
    size_t n = 0;
    enum err err = seal_open(s, place("provisioning.nw_sig", imsi, NULL, where), sealed,
                             (struct mbytes){nw_sig, STORE_NW_SIG_LEN}, &n);
    return err == E_OK && n == STORE_NW_SIG_LEN ? E_OK : E_WRONG_KEY;
}

/* A lot's row is its id's. */
static struct bytes lot_place(const char *id, uint8_t out[static PLACE_MAX])
{
    struct wr w = wr_of((struct mbytes){out, PLACE_MAX});
    wr_put(&w, bytes_of_str("lot.key"));
    wr_u8(&w, 0);
    wr_put(&w, bytes_of_str(id));
    return wr_done(&w);
}

/* P, then Q, of the same length. */
enum err seal_lot_key(struct sealer *s, const char *id, const struct store_lot_key *key,
                      struct sealed_lot_key *out)
{
    uint8_t where[PLACE_MAX], plain[STORE_LOT_MODULUS_MAX];
    struct wr w = wr_of(MBYTES_OF(plain));
    wr_put(&w, (struct bytes){key->p, key->n});
    wr_put(&w, (struct bytes){key->q, key->n});
    enum err err = w.err;
    if (err == E_OK) {
        err = seal(s, lot_place(id, where), wr_done(&w), MBYTES_OF(out->b), &out->n);
    }
    wipe(plain, sizeof plain);
    return err;
}

enum err open_lot_key(struct sealer *s, const char *id, struct bytes sealed,
                      struct store_lot_key *key)
{
    uint8_t where[PLACE_MAX], plain[STORE_LOT_MODULUS_MAX];
    size_t n = 0;
    enum err err = seal_open(s, lot_place(id, where), sealed, MBYTES_OF(plain), &n);
    if (err == E_OK && n > 0 && n % 2 == 0) {
        *key = (struct store_lot_key){.n = (uint16_t)(n / 2)};
        memcpy(key->p, plain, n / 2);
        memcpy(key->q, plain + n / 2, n / 2);
    } else {
        err = E_WRONG_KEY;
    }
    wipe(plain, sizeof plain);
    return err;
}

/* RAND, AUTN, XRES, CK, IK. */
#define CHALLENGE_LEN (16 + 16 + 8 + 16 + 16)

/*= dimsi-durable */
enum err seal_challenge(struct sealer *s, const struct imsi *dimsi,
                        const struct store_dimsi_challenge *challenge, struct sealed *out)
{
    uint8_t where[PLACE_MAX], plain[CHALLENGE_LEN];
    struct wr w = wr_of(MBYTES_OF(plain));
    wr_put(&w, BYTES_OF(challenge->rand.b));
    wr_put(&w, BYTES_OF(challenge->autn.b));
    wr_put(&w, (struct bytes){challenge->xres.b, challenge->xres.n});
    wr_put(&w, BYTES_OF(challenge->ck.b));
    wr_put(&w, BYTES_OF(challenge->ik.b));
    enum err err = w.err == E_OK && wr_done(&w).n != sizeof plain ? E_BAD_LENGTH : w.err;
    if (err == E_OK) {
        err = seal(s, place("dimsi.challenge", dimsi, NULL, where), BYTES_OF(plain),
                   MBYTES_OF(out->b), &out->n);
    }
    wipe(plain, sizeof plain);
    return err;
}

static void take_into(struct rd *r, uint8_t *to, size_t n)
{
    struct bytes v = rd_take(r, n);
    for (size_t i = 0; i < v.n; i++) {
        to[i] = v.p[i];
    }
}

enum err open_challenge(struct sealer *s, const struct imsi *dimsi, struct bytes sealed,
                        struct store_dimsi_challenge *challenge)
{
    uint8_t where[PLACE_MAX], plain[CHALLENGE_LEN];
    size_t n = 0;
    enum err err = E_WRONG_KEY;
    if (seal_open(s, place("dimsi.challenge", dimsi, NULL, where), sealed, MBYTES_OF(plain), &n) ==
        E_OK) {
        struct rd r = rd_of((struct bytes){plain, n});
        take_into(&r, challenge->rand.b, sizeof challenge->rand.b);
        take_into(&r, challenge->autn.b, sizeof challenge->autn.b);
        challenge->xres.n = 8;
        take_into(&r, challenge->xres.b, 8);
        take_into(&r, challenge->ck.b, sizeof challenge->ck.b);
        take_into(&r, challenge->ik.b, sizeof challenge->ik.b);
        err = rd_end(&r) == E_OK ? E_OK : E_WRONG_KEY;
    }
    wipe(plain, sizeof plain);
    return err;
}

static const char *kme_column_name(enum kme_column which)
{
    return which == KME_ACTIVE ? "device.kme" : "device.previous";
}

enum err seal_kme(struct sealer *s, const struct store_device *row, enum kme_column which,
                  struct sealed *out)
{
    uint8_t where[PLACE_MAX];
    const struct key_kme *kme = which == KME_ACTIVE ? &row->kme : &row->previous;
    return seal(s, place(kme_column_name(which), &row->imsi, &row->imei, where), BYTES_OF(kme->b),
                MBYTES_OF(out->b), &out->n);
}

enum err open_kme(struct sealer *s, struct store_device *row, enum kme_column which,
                  struct bytes sealed)
{
    uint8_t where[PLACE_MAX];
    struct key_kme *kme = which == KME_ACTIVE ? &row->kme : &row->previous;
    size_t n = 0;
    enum err err = seal_open(s, place(kme_column_name(which), &row->imsi, &row->imei, where),
                             sealed, MBYTES_OF(kme->b), &n);
    return err == E_OK && n == sizeof kme->b ? E_OK : E_WRONG_KEY;
}

#define PLAIN_MAX STORE_LOT_MODULUS_MAX /* the longest secret there is: P and Q */

static struct bytes row_place(const struct seal_row *row, uint8_t out[static PLACE_MAX])
{
    return row->text != NULL ? lot_place(row->text, out)
                             : place_of_keys(row->place, row->first, row->second, out);
}

enum err seal_opens(struct sealer *s, const struct seal_row *row, struct bytes sealed)
{
    uint8_t where[PLACE_MAX], plain[PLAIN_MAX];
    size_t n = 0;
    enum err err = seal_open(s, row_place(row, where), sealed, MBYTES_OF(plain), &n);
    wipe(plain, sizeof plain);
    return err == E_OK || err == E_CRYPTO || err == E_MEMORY ? err : E_WRONG_KEY;
}

enum err seal_again(struct sealer *s, const struct seal_row *row, struct bytes sealed, uint8_t *out)
{
    uint8_t where[PLACE_MAX], plain[PLAIN_MAX];
    size_t n = 0, sealed_n = 0;
    const struct bytes aad = row_place(row, where);
    enum err err = seal_open(s, aad, sealed, MBYTES_OF(plain), &n);
    if (err == E_OK) {
        err = seal(s, aad, (struct bytes){plain, n}, (struct mbytes){out, sealed.n}, &sealed_n);
    } else if (err != E_CRYPTO && err != E_MEMORY) {
        err = E_WRONG_KEY;
    }
    wipe(plain, sizeof plain);
    return err;
}
