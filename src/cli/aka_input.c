#include "cli/aka_input.h"
#include "cli/named_values.h"
#include "crypto/kdf.h"
#include <stdlib.h>
#include <string.h>

/* ---- reading ---- */

static bool set_hex(const char *value, struct mbytes out)
{
    return strlen(value) == out.n * 2 && hex_decode(value, out) == E_OK;
}

static bool set_key(const char *value, uint8_t *n, uint8_t b[static 32])
{
    size_t octets = strlen(value) / 2;
    if ((octets != 16 && octets != 32) || !set_hex(value, (struct mbytes){b, octets})) {
        return false;
    }
    *n = (uint8_t)octets;
    return true;
}

static bool set_sqn(const char *value, uint64_t *out)
{
    uint8_t b[6];
    if (!set_hex(value, MBYTES_OF(b))) {
        return false;
    }
    struct rd r = rd_of(BYTES_OF(b));
    *out = (uint64_t)rd_be16(&r) << 32;
    *out |= rd_be32(&r);
    return true;
}

static bool set_amf(const char *value, uint16_t *out)
{
    uint8_t b[2];
    bool good = set_hex(value, MBYTES_OF(b));
    if (good) {
        *out = (uint16_t)(b[0] << 8 | b[1]);
    }
    return good;
}

static bool set_small(const char *value, uint8_t *out)
{
    char *end;
    unsigned long v = strtoul(value, &end, 10);
    if (end == value || *end || v < 1 || v > 255) {
        return false;
    }
    *out = (uint8_t)v;
    return true;
}

static bool set_key_member(struct aka_input *in, const char *name, const char *value, bool *known)
{
    if (!strcmp(name, "k")) {
        return set_key(value, &in->keys.k.n, in->keys.k.b);
    }
    if (!strcmp(name, "opc") || !strcmp(name, "topc")) {
        return set_key(value, &in->keys.opc.n, in->keys.opc.b);
    }
    if (!strcmp(name, "op") || !strcmp(name, "top")) {
        return set_key(value, &in->op.n, in->op.b);
    }
    if (!strcmp(name, "kme")) {
        return in->has_kme = set_hex(value, MBYTES_OF(in->kme.b));
    }
    if (!strcmp(name, "algorithm")) {
        return aka_algorithm_parse(bytes_of_str(value), &in->keys.algorithm) == E_OK;
    }
    if (!strcmp(name, "res_length")) {
        return set_small(value, &in->keys.res_len);
    }
    if (!strcmp(name, "keccak_iterations")) {
        return set_small(value, &in->keys.keccak_iterations);
    }
    *known = false;
    return false;
}

static bool set_open_member(struct aka_input *in, const char *name, const char *value, bool *known)
{
    *known = true;
    if (!strcmp(name, "rand")) {
        return in->has_rand = set_hex(value, MBYTES_OF(in->rand.b));
    }
    if (!strcmp(name, "sqn")) {
        return in->has_sqn = set_sqn(value, &in->sqn);
    }
    if (!strcmp(name, "sqn_ms")) {
        return in->has_sqn_ms = set_sqn(value, &in->sqn_ms);
    }
    if (!strcmp(name, "amf")) {
        return in->has_amf = set_amf(value, &in->amf);
    }
    if (!strcmp(name, "auts")) {
        return in->has_auts = set_hex(value, MBYTES_OF(in->auts.b));
    }
    if (!strcmp(name, "plmn")) {
        return in->has_plmn = plmn_parse(bytes_of_str(value), &in->plmn) == E_OK;
    }
    *known = false;
    return false;
}

bool aka_input_set(struct aka_input *in, const char *name, const char *value, char *why, size_t cap)
{
    bool known = true;
    bool good = set_key_member(in, name, value, &known);
    if (!known) {
        good = set_open_member(in, name, value, &known);
    }
    if (!known) {
        snprintf(why, cap, "'%.24s' is nothing this calculator knows", name);
    } else if (!good) {
        snprintf(why, cap, "%s has not the form it must have", name);
    }
    return good;
}

static bool set_named(void *ctx, const char *name, const char *value, char *why, size_t cap)
{
    return aka_input_set(ctx, name, value, why, cap);
}

bool aka_input_parse(struct aka_input *in, char *text, size_t n, char *why, size_t cap)
{
    return named_values_parse(text, n, set_named, in, why, cap);
}

/* ---- computing ---- */

static struct aka_result *add(struct aka_results *r, const char *name, const char *what)
{
    struct aka_result *row = &r->row[r->n++];
    row->name = name;
    row->what = what;
    return row;
}

static void add_hex(struct aka_results *r, const char *name, const char *what, struct bytes v)
{
    hex_encode(v, add(r, name, what)->value);
}

static void add_sqn(struct aka_results *r, const char *name, const char *what, uint64_t sqn)
{
    snprintf(add(r, name, what)->value, AKA_RESULT_HEX_MAX, "%012llx", (unsigned long long)sqn);
}

static enum err complete(const struct crypto *c, const struct aka_input *in, struct aka_input *out)
{
    *out = *in;
    if (!out->keys.algorithm) {
        out->keys.algorithm = AKA_MILENAGE;
    }
    if (!out->keys.res_len) {
        out->keys.res_len = 8;
    }
    if (out->keys.algorithm == AKA_TUAK && !out->keys.keccak_iterations) {
        out->keys.keccak_iterations = 1;
    }
    if (!out->has_amf) {
        out->amf = out->has_kme ? BINDING_AMF_PROCESSED : BINDING_AMF_REGULAR;
    }
    if (!out->keys.k.n || (!out->keys.opc.n && !out->op.n) || (in->has_auts && !in->has_rand)) {
        return E_MISSING;
    }
    enum err e = E_OK;
    if (!out->keys.opc.n) {
        e = aka_opc(c, out->keys.algorithm, out->keys.keccak_iterations, &out->keys.k, &out->op,
                    &out->keys.opc);
    }
    if (e == E_OK && !in->has_rand) {
        e = c->random(c->ctx, MBYTES_OF(out->rand.b));
    }
    return e == E_OK ? aka_keys_check(&out->keys) : e;
}

static void add_vector(struct aka_results *r, const struct aka_input *in,
                       const struct aka_f12345 *f, const struct aka_vector *v)
{
    bool tuak = in->keys.algorithm == AKA_TUAK;
    const uint8_t amf[] = {(uint8_t)(in->amf >> 8), (uint8_t)in->amf};
    snprintf(add(r, "algorithm", "")->value, AKA_RESULT_HEX_MAX, "%s",
             aka_algorithm_name(in->keys.algorithm));
    add_hex(r, tuak ? "TOPc" : "OPc", "the operator's value, combined with K",
            (struct bytes){in->keys.opc.b, in->keys.opc.n});
    add_hex(r, "RAND", in->has_rand ? "the challenge" : "the challenge, drawn at random",
            BYTES_OF(in->rand.b));
    add_sqn(r, "SQN", "sequence number", in->sqn);
    add_hex(r, "AMF", "authentication management field", BYTES_OF(amf));
    add_hex(r, "MAC-A", "f1: the network's proof", BYTES_OF(f->mac_a));
    add_hex(r, "XRES", "f2: what the USIM must answer", (struct bytes){f->res.b, f->res.n});
    add_hex(r, "CK", "f3: cipher key", BYTES_OF(f->ck.b));
    add_hex(r, "IK", "f4: integrity key", BYTES_OF(f->ik.b));
    add_hex(r, "AK", "f5: hides SQN", BYTES_OF(f->ak.b));
    add_hex(r, "AUTN", "SQN xor AK, AMF, MAC-A", BYTES_OF(v->autn.b));
}

static enum err add_star(const struct crypto *c, const struct aka_input *in, struct aka_results *r)
{
    struct key_ak ak;
    struct auts auts;
    uint64_t sqn = in->has_sqn_ms ? in->sqn_ms : in->sqn;
    enum err e = aka_f5star(c, &in->keys, &in->rand, &ak);
    if (e == E_OK) {
        e = aka_f1star(c, &in->keys, &in->rand, sqn, 0, auts.b + 6);
    }
    if (e != E_OK) {
        return e;
    }
    for (unsigned i = 0; i < 6; i++) {
        auts.b[i] = (uint8_t)(ak.b[i] ^ (uint8_t)(sqn >> (8 * (5 - i))));
    }
    add_hex(r, "MAC-S", "f1*: the USIM's proof at resynchronisation",
            (struct bytes){auts.b + 6, 8});
    add_hex(r, "AK*", "f5*", BYTES_OF(ak.b));
    add_hex(r, "AUTS", in->has_sqn_ms ? "of a USIM at SQN_MS" : "of a USIM at SQN",
            BYTES_OF(auts.b));
    wipe(&ak, sizeof ak);
    return E_OK;
}

static enum err add_binding(const struct crypto *c, const struct aka_input *in,
                            const struct aka_vector *v, struct aka_results *r)
{
    enum err e = E_OK;
    if (in->has_plmn) {
        struct key_kasme kasme;
        uint8_t sn[PLMN_LEN];
        plmn_to_octets(&in->plmn, sn);
        e = kdf_kasme(c, &v->ck, &v->ik, sn, v->autn.b, &kasme);
        if (e == E_OK) {
            add_hex(r, "KASME", "for the serving network", BYTES_OF(kasme.b));
        }
        wipe(&kasme, sizeof kasme);
    }
    if (e == E_OK && in->has_kme) {
        struct encrand encrand;
        e = binding_hss_encrypt(c, &in->kme, &in->rand, &encrand);
        if (e == E_OK) {
            add_hex(r, "encRAND", "RAND under KME: what travels", BYTES_OF(encrand.b));
        }
    }
    return e;
}

/* The RAND that was given is the one that travelled: plain, or encrypted under the KME. */
static enum err check_auts(const struct crypto *c, const struct aka_input *in,
                           struct aka_results *r)
{
    static const char *const under_words[] = {
        [BINDING_AUTS_PLAIN] = "verifies: the RAND as it is",
        [BINDING_AUTS_ACTIVE] = "verifies: the RAND is an encRAND under this KME",
        [BINDING_AUTS_PREVIOUS] = "verifies: the RAND is an encRAND under this KME",
    };
    struct binding_view view = {.policy = BINDING_BOUND, .n_devices = in->has_kme};
    enum binding_auts_under under;
    uint64_t sqn_ms;
    view.devices[0].has_kme = in->has_kme;
    view.devices[0].kme = in->kme;
    enum err e = binding_hss_resync(c, &in->keys, &view, in->rand.b, &in->auts, &sqn_ms, &under);
    wipe(&view, sizeof view);
    if (e == E_OK) {
        add_sqn(r, "SQN_MS", under_words[under], sqn_ms);
    } else if (e == E_BAD_MAC) {
        r->auts_refused = true;
        snprintf(add(r, "SQN_MS", "the AUTS does not verify: MAC-S is wrong")->value,
                 AKA_RESULT_HEX_MAX, "-");
        e = E_OK;
    }
    return e;
}

enum err aka_compute(const struct crypto *c, const struct aka_input *given, struct aka_results *out)
{
    struct aka_input in;
    struct aka_f12345 f = {0};
    struct aka_vector v = {0};
    *out = (struct aka_results){0};
    enum err e = complete(c, given, &in);
    if (e == E_OK) {
        e = aka_f12345(c, &in.keys, &in.rand, in.sqn, in.amf, &f);
    }
    if (e == E_OK) {
        e = aka_auc_vector(c, &in.keys, &in.rand, in.sqn, in.amf, &v);
    }
    if (e == E_OK) {
        add_vector(out, &in, &f, &v);
        e = add_star(c, &in, out);
    }
    if (e == E_OK) {
        e = add_binding(c, &in, &v, out);
    }
    if (e == E_OK && in.has_auts) {
        e = check_auts(c, &in, out);
    }
    wipe(&in, sizeof in);
    wipe(&f, sizeof f);
    wipe(&v, sizeof v);
    return e;
}
