#include "proc/certattach.h"

#include "proc/certattach_parts.h"

#include <string.h>

#define VERSION 1u

/* ---- what both ends hold a profile to ---- */

static enum err apn_check(struct bytes apn)
{
    return apn.n > CERTATTACH_APN_MAX ? E_BAD_LENGTH : diameter_identity_check(apn);
}

static enum err check(const struct certattach_profile *p)
{
    const enum err err = aka_keys_check(&p->keys);
    if (err != E_OK) {
        return err;
    }
    return p->policy <= BINDING_BOUND && imsi_in_plmn(&p->imsi, &p->home) ? E_OK : E_BAD_VALUE;
}

/* ---- writing ---- */

static enum err writable(const struct certattach_profile *p)
{
    enum err err = check(p);
    if (err == E_OK && p->n_apns > CERTATTACH_APNS_MAX) {
        err = E_BAD_VALUE;
    }
    for (size_t i = 0; err == E_OK && i < p->n_apns; i++) {
        err = apn_check(bytes_of_str(p->apns[i]));
    }
    return err;
}

static void put_octet(struct wr *w, uint8_t v)
{
    certattach_put(w, (struct bytes){&v, 1});
}

/*= certattach-3b */
enum err certattach_profile_write(const struct certattach_profile *in,
                                  uint8_t out[static CERTATTACH_PROFILE_MAX], size_t *n)
{
    uint8_t imsi[IMSI_BCD_LEN], home[PLMN_LEN];
    const enum err err = writable(in);
    if (err != E_OK) {
        return err;
    }
    struct wr w = wr_of((struct mbytes){out, CERTATTACH_PROFILE_MAX});
    imsi_to_bcd(&in->imsi, imsi);
    plmn_to_octets(&in->home, home);
    wr_u8(&w, VERSION);
    certattach_put(&w, BYTES_OF(imsi));
    put_octet(&w, (uint8_t)in->keys.algorithm);
    certattach_put(&w, (struct bytes){in->keys.k.b, in->keys.k.n});
    certattach_put(&w, (struct bytes){in->keys.opc.b, in->keys.opc.n});
    put_octet(&w, in->keys.res_len);
    put_octet(&w, in->keys.keccak_iterations);
    certattach_put(&w, BYTES_OF(home));
    put_octet(&w, in->policy);
    put_octet(&w, in->n_apns);
    for (size_t i = 0; i < in->n_apns; i++) {
        certattach_put(&w, bytes_of_str(in->apns[i]));
    }
    *n = w.n;
    return w.err;
}

/* ---- reading ---- */

static void fault(struct rd *r, enum err err)
{
    if (r->err == E_OK) {
        r->err = err;
    }
}

static struct bytes item(struct rd *r, size_t least, size_t most)
{
    const size_t n = rd_be16(r);
    if (n < least || n > most) {
        fault(r, E_BAD_LENGTH);
    }
    return rd_take(r, n);
}

static uint8_t octet(struct rd *r)
{
    const struct bytes b = item(r, 1, 1);
    return b.n == 1 ? b.p[0] : 0;
}

static uint8_t get_key(struct rd *r, uint8_t out[static 32])
{
    const struct bytes key = item(r, 1, 32);
    if (key.n > 0) {
        memcpy(out, key.p, key.n);
    }
    return (uint8_t)key.n;
}

static void get_algorithm(struct rd *r, struct aka_keys *keys)
{
    const uint8_t number = octet(r);
    if (number < AKA_MILENAGE || number > AKA_TUAK) {
        fault(r, E_BAD_VALUE);
        return;
    }
    keys->algorithm = (enum aka_algorithm)number;
}

static void get_subscription(struct rd *r, struct certattach_profile *p)
{
    const struct bytes imsi = item(r, IMSI_BCD_LEN, IMSI_BCD_LEN);
    if (r->err == E_OK) {
        fault(r, imsi_from_bcd(imsi.p, &p->imsi));
    }
    get_algorithm(r, &p->keys);
    p->keys.k.n = get_key(r, p->keys.k.b);
    p->keys.opc.n = get_key(r, p->keys.opc.b);
    p->keys.res_len = octet(r);
    p->keys.keccak_iterations = octet(r);
    const struct bytes home = item(r, PLMN_LEN, PLMN_LEN);
    if (r->err == E_OK) {
        fault(r, plmn_from_octets(home.p, &p->home));
    }
    p->policy = octet(r);
}

static void get_apns(struct rd *r, struct certattach_profile *p)
{
    p->n_apns = octet(r);
    if (p->n_apns > CERTATTACH_APNS_MAX) {
        fault(r, E_BAD_VALUE);
    }
    for (size_t i = 0; r->err == E_OK && i < p->n_apns; i++) {
        const struct bytes apn = item(r, 1, CERTATTACH_APN_MAX);
        if (r->err == E_OK) {
            fault(r, apn_check(apn));
        }
        if (r->err == E_OK) {
            memcpy(p->apns[i], apn.p, apn.n);
        }
    }
}

enum err certattach_profile_read(struct bytes in, struct certattach_profile *out)
{
    struct rd r = rd_of(in);
    memset(out, 0, sizeof *out);
    const uint8_t version = rd_u8(&r);
    if (r.err == E_OK && version != VERSION) {
        return E_UNSUPPORTED;
    }
    get_subscription(&r, out);
    get_apns(&r, out);
    enum err err = rd_end(&r);
    if (err == E_OK) {
        err = check(out);
    }
    if (err != E_OK) {
        wipe(out, sizeof *out);
    }
    return err;
}
