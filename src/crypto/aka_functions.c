#include "crypto/aka_functions.h"

#include "crypto/milenage.h"
#include "crypto/tuak.h"
#include <string.h>

const char *aka_algorithm_name(enum aka_algorithm a)
{
    switch (a) {
    case AKA_MILENAGE:
        return "milenage";
    case AKA_TUAK:
        return "tuak";
    }
    return "unknown";
}

enum err aka_algorithm_parse(struct bytes ascii, enum aka_algorithm *out)
{
    static const enum aka_algorithm all[] = {AKA_MILENAGE, AKA_TUAK};
    for (size_t i = 0; i < sizeof all / sizeof all[0]; i++) {
        if (bytes_eq(ascii, bytes_of_str(aka_algorithm_name(all[i])))) {
            *out = all[i];
            return E_OK;
        }
    }
    return E_BAD_VALUE;
}

static bool milenage_lengths_fit(const struct aka_keys *keys)
{
    return keys->k.n == 16 && keys->opc.n == 16 && keys->res_len == 8;
}

static bool tuak_lengths_fit(const struct aka_keys *keys)
{
    return (keys->k.n == 16 || keys->k.n == 32) && keys->opc.n == 32 &&
           (keys->res_len == 4 || keys->res_len == 8 || keys->res_len == 16);
}

enum err aka_keys_check(const struct aka_keys *keys)
{
    switch (keys->algorithm) {
    case AKA_MILENAGE:
        return milenage_lengths_fit(keys) ? E_OK : E_BAD_LENGTH;
    case AKA_TUAK:
        return tuak_lengths_fit(keys) ? E_OK : E_BAD_LENGTH;
    }
    return E_BAD_VALUE;
}

/* ---- TUAK with the lengths of an AUTN: MAC, CK and IK of 64, 128 and 128 bits ---- */

static struct tuak tuak_of(const struct aka_keys *keys)
{
    return (struct tuak){.k = {keys->k.b, keys->k.n},
                         .topc = {keys->opc.b, keys->opc.n},
                         .iterations = keys->keccak_iterations};
}

MUST_USE static enum err opc_tuak(uint8_t iterations, const struct key_k *k,
                                  const struct key_op *op, struct key_opc *out)
{
    if (k->n > sizeof k->b || op->n > sizeof op->b) {
        return E_BAD_LENGTH;
    }
    struct tuak t = {.k = {k->b, k->n}, .topc = {op->b, op->n}, .iterations = iterations};
    enum err err = tuak_topc(&t, out->b);
    if (err == E_OK) {
        out->n = sizeof out->b;
    }
    return err;
}

MUST_USE static enum err f2345_tuak(const struct aka_keys *keys, const struct rand128 *rand,
                                    struct aka_f12345 *out)
{
    struct tuak t = tuak_of(keys);
    struct aka_f12345 f = {.res = {.n = keys->res_len}};
    enum err err = tuak_f2345(&t, rand, (struct mbytes){f.res.b, f.res.n}, MBYTES_OF(f.ck.b),
                              MBYTES_OF(f.ik.b), &f.ak);
    if (err == E_OK) {
        *out = f;
    }
    wipe(&f, sizeof f);
    return err;
}

MUST_USE static enum err f12345_tuak(const struct aka_keys *keys, const struct rand128 *rand,
                                     uint64_t sqn, uint16_t amf, struct aka_f12345 *out)
{
    struct tuak t = tuak_of(keys);
    uint8_t mac_a[8];
    enum err err = tuak_f1(&t, rand, sqn, amf, MBYTES_OF(mac_a));
    if (err == E_OK) {
        err = f2345_tuak(keys, rand, out);
    }
    if (err == E_OK) {
        memcpy(out->mac_a, mac_a, sizeof mac_a);
    }
    wipe(mac_a, sizeof mac_a);
    return err;
}

/* ---- dispatch ---- */

enum err aka_opc(const struct crypto *c, enum aka_algorithm a, uint8_t keccak_iterations,
                 const struct key_k *k, const struct key_op *op, struct key_opc *out)
{
    switch (a) {
    case AKA_MILENAGE:
        return milenage_opc(c, k, op, out);
    case AKA_TUAK:
        return opc_tuak(keccak_iterations, k, op, out);
    }
    return E_BAD_VALUE;
}

enum err aka_f12345(const struct crypto *c, const struct aka_keys *keys, const struct rand128 *rand,
                    uint64_t sqn, uint16_t amf, struct aka_f12345 *out)
{
    enum err err = aka_keys_check(keys);
    if (err != E_OK) {
        return err;
    }
    return keys->algorithm == AKA_MILENAGE ? milenage_f12345(c, keys, rand, sqn, amf, out)
                                           : f12345_tuak(keys, rand, sqn, amf, out);
}

enum err aka_f2345(const struct crypto *c, const struct aka_keys *keys, const struct rand128 *rand,
                   struct aka_f12345 *out)
{
    enum err err = aka_keys_check(keys);
    if (err != E_OK) {
        return err;
    }
    return keys->algorithm == AKA_MILENAGE ? milenage_f2345(c, keys, rand, out)
                                           : f2345_tuak(keys, rand, out);
}

enum err aka_f1(const struct crypto *c, const struct aka_keys *keys, const struct rand128 *rand,
                uint64_t sqn, uint16_t amf, uint8_t mac_a[static 8])
{
    enum err err = aka_keys_check(keys);
    if (err != E_OK) {
        return err;
    }
    struct tuak t = tuak_of(keys);
    return keys->algorithm == AKA_MILENAGE ? milenage_f1(c, keys, rand, sqn, amf, mac_a)
                                           : tuak_f1(&t, rand, sqn, amf, (struct mbytes){mac_a, 8});
}

enum err aka_f1star(const struct crypto *c, const struct aka_keys *keys, const struct rand128 *rand,
                    uint64_t sqn, uint16_t amf, uint8_t mac_s[static 8])
{
    enum err err = aka_keys_check(keys);
    if (err != E_OK) {
        return err;
    }
    struct tuak t = tuak_of(keys);
    return keys->algorithm == AKA_MILENAGE
               ? milenage_f1star(c, keys, rand, sqn, amf, mac_s)
               : tuak_f1star(&t, rand, sqn, amf, (struct mbytes){mac_s, 8});
}

enum err aka_f5star(const struct crypto *c, const struct aka_keys *keys, const struct rand128 *rand,
                    struct key_ak *ak)
{
    enum err err = aka_keys_check(keys);
    if (err != E_OK) {
        return err;
    }
    struct tuak t = tuak_of(keys);
    return keys->algorithm == AKA_MILENAGE ? milenage_f5star(c, keys, rand, ak)
                                           : tuak_f5star(&t, rand, ak);
}
