#include "nf/hssd/admin_row.h"

#include <malloc.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define RES_LENGTH_DEFAULT 8
#define KECCAK_MAX         255
#define SHOWN_MAX          23 /* of a value, in a fault */
#define HEX_SHOWN_MAX      15 /* of one in hex digits with letters: it may be a part of a key */

/* Where a value stands, and what to put the fault into. */
struct place {
    const char *pointer; /* of the object around it */
    const char *name;
    struct admin_fault *fault;
};

static bool bad(const struct place *at, const char *what)
{
    char pointer[80];
    snprintf(pointer, sizeof pointer, "%s/%s", at->pointer, at->name);
    return admin_fault_set(at->fault, PROBLEM_BAD_MEMBER, pointer, "%s %s", at->name, what);
}

static struct bytes text_of(const json_t *v)
{
    return (struct bytes){(const uint8_t *)json_string_value(v),
                          json_is_string(v) ? json_string_length(v) : 0};
}

/* May it be said again? A key may stand in any place, where columns have moved. */
static bool showable(struct bytes s)
{
    size_t digits = 0, letters = 0;
    for (size_t i = 0; i < s.n; i++) {
        const uint8_t low = s.p[i] | 0x20;
        if (s.p[i] < ' ' || s.p[i] > '~') {
            return false;
        }
        digits += s.p[i] >= '0' && s.p[i] <= '9';
        letters += low >= 'a' && low <= 'f';
    }
    const bool hex = letters > 0 && digits + letters == s.n;
    return s.n > 0 && s.n <= (hex ? HEX_SHOWN_MAX : SHOWN_MAX);
}

/* The same of a member that is no secret: what was written there finds the row's fault faster. */
static bool bad_value(const json_t *v, const struct place *at, const char *what)
{
    const struct bytes s = text_of(v);
    char pointer[80];
    if (!showable(s)) {
        return bad(at, what);
    }
    snprintf(pointer, sizeof pointer, "%s/%s", at->pointer, at->name);
    return admin_fault_set(at->fault, PROBLEM_BAD_MEMBER, pointer, "%s '%.*s' %s", at->name,
                           (int)s.n, (const char *)s.p, what);
}

/* ---- one member each ---- */

static bool take_imsi(const json_t *v, struct admin_row *row, const struct place *at)
{
    return imsi_parse(text_of(v), &row->imsi) == E_OK ||
           bad_value(v, at, "must be a string of 6 to 15 digits");
}

static bool take_algorithm(const json_t *v, struct admin_row *row, const struct place *at)
{
    return aka_algorithm_parse(text_of(v), &row->keys.algorithm) == E_OK ||
           bad(at, "must be \"milenage\" or \"tuak\"");
}

/* 16 or 32 octets in hex; which one the algorithm wants is checked when all members are known. */
static bool take_hex(const json_t *v, uint8_t b[static 32], uint8_t *n, const struct place *at)
{
    size_t digits = json_is_string(v) ? json_string_length(v) : 0;
    *n = (uint8_t)(digits / 2);
    if ((digits != 32 && digits != 64) ||
        hex_decode(json_string_value(v), (struct mbytes){b, *n}) != E_OK) {
        return bad(at, "must be a string of 32 hex digits, or for TUAK of 64");
    }
    return true;
}

static bool take_k(const json_t *v, struct admin_row *row, const struct place *at)
{
    return take_hex(v, row->keys.k.b, &row->keys.k.n, at);
}

static bool take_opc(const json_t *v, struct admin_row *row, const struct place *at)
{
    return take_hex(v, row->keys.opc.b, &row->keys.opc.n, at);
}

static bool take_op(const json_t *v, struct admin_row *row, const struct place *at)
{
    return take_hex(v, row->op.b, &row->op.n, at);
}

static bool take_res_length(const json_t *v, struct admin_row *row, const struct place *at)
{
    json_int_t n = json_integer_value(v);
    row->keys.res_len = (uint8_t)n;
    return (json_is_integer(v) && (n == 4 || n == 8 || n == 16)) ||
           bad(at, "must be 8, or for TUAK 4, 8 or 16");
}

static bool take_keccak(const json_t *v, struct admin_row *row, const struct place *at)
{
    json_int_t n = json_integer_value(v);
    row->keys.keccak_iterations = (uint8_t)n;
    return (json_is_integer(v) && n >= 1 && n <= KECCAK_MAX) ||
           bad(at, "must be a whole number from 1 to 255");
}

static bool take_sqn(const json_t *v, struct admin_row *row, const struct place *at)
{
    uint8_t b[6];
    struct rd r = rd_of(BYTES_OF(b));
    if (!json_is_string(v) || json_string_length(v) != 12 ||
        hex_decode(json_string_value(v), MBYTES_OF(b)) != E_OK) {
        return bad(at, "must be a string of 12 hex digits");
    }
    row->sqn = (uint64_t)rd_be16(&r) << 32;
    row->sqn |= rd_be32(&r);
    return true;
}

static bool take_policy(const json_t *v, struct admin_row *row, const struct place *at)
{
    return binding_policy_parse(text_of(v), &row->policy) == E_OK ||
           bad_value(v, at, "must be \"open\", \"learn\" or \"bound\"");
}

static bool take_proof(const json_t *v, struct admin_row *row, const struct place *at)
{
    return devid_policy_parse(text_of(v), &row->proof) == E_OK ||
           bad(at, "must be \"off\", \"observe\", \"want\", \"require\", or all three of "
                   "\"unproven=admit,failed=refuse,undetermined=admit\"");
}

static bool take_profile(const json_t *v, struct admin_row *row, const struct place *at)
{
    struct bytes s = text_of(v);
    if (s.n == 0 || s.n >= sizeof row->profile || memchr(s.p, 0, s.n) != NULL) {
        return bad_value(v, at, "must be the name of a profile of the configuration");
    }
    memset(row->profile, 0, sizeof row->profile);
    memcpy(row->profile, s.p, s.n);
    return true;
}

static bool take_msisdn(const json_t *v, struct admin_row *row, const struct place *at)
{
    struct bytes s = text_of(v);
    memset(row->msisdn, 0, sizeof row->msisdn);
    if (json_is_null(v)) {
        return true;
    }
    if (s.n < 5 || s.n >= sizeof row->msisdn || strspn(json_string_value(v), "0123456789") != s.n) {
        return bad_value(v, at,
                         "must be a string of 5 to 15 digits with the country code, or null");
    }
    memcpy(row->msisdn, s.p, s.n);
    return true;
}

static bool take_suspended(const json_t *v, struct admin_row *row, const struct place *at)
{
    row->suspended = json_is_true(v);
    return json_is_boolean(v) || bad(at, "must be true or false");
}

/* ---- what came encrypted (admin_row_transport.c) ---- */

/* 16 or 32 octets of a key, and what aes-kw adds; which of them it is, the transport key says. */
static bool take_encrypted(const json_t *v, struct admin_encrypted *out, const struct place *at)
{
    const size_t digits = json_is_string(v) ? json_string_length(v) : 0;
    out->n = (uint8_t)(digits / 2);
    return ((digits == 32 || digits == 48 || digits == 64 || digits == 80) &&
            hex_decode(json_string_value(v), (struct mbytes){out->b, out->n}) == E_OK) ||
           bad(at, "must be a string of 32 or 64 hex digits, or for aes-kw of 48 or 80");
}

static bool take_k_encrypted(const json_t *v, struct admin_row *row, const struct place *at)
{
    return take_encrypted(v, &row->encrypted[ADMIN_SECRET_K], at);
}

static bool take_opc_encrypted(const json_t *v, struct admin_row *row, const struct place *at)
{
    return take_encrypted(v, &row->encrypted[ADMIN_SECRET_OPC], at);
}

static bool take_op_encrypted(const json_t *v, struct admin_row *row, const struct place *at)
{
    return take_encrypted(v, &row->encrypted[ADMIN_SECRET_OP], at);
}

static bool take_transport_key(const json_t *v, struct admin_row *row, const struct place *at)
{
    struct bytes s = text_of(v);
    if (s.n == 0 || s.n >= sizeof row->transport_key || memchr(s.p, 0, s.n) != NULL) {
        return bad(at, "must be the name of one of transport_keys of the configuration");
    }
    memset(row->transport_key, 0, sizeof row->transport_key);
    memcpy(row->transport_key, s.p, s.n);
    return true;
}

static bool take_kcv(const json_t *v, struct admin_row *row, const struct place *at)
{
    return (json_is_string(v) && json_string_length(v) == 2 * sizeof row->kcv &&
            hex_decode(json_string_value(v), MBYTES_OF(row->kcv)) == E_OK) ||
           bad(at, "must be a string of 6 hex digits");
}

/* What an export says that has no keys: it has no effect but on what is said of a missing k. */
static bool take_keys(const json_t *v, struct admin_row *row, const struct place *at)
{
    (void)row;
    return bytes_eq(text_of(v), BYTES_LIT("left-out")) || bad(at, "can only be \"left-out\"");
}

/* ---- devices ---- */

static bool take_kme(const json_t *v, struct admin_device *d, const struct place *at)
{
    d->has_kme = json_is_string(v) && json_string_length(v) == 32 &&
                 hex_decode(json_string_value(v), MBYTES_OF(d->kme.b)) == E_OK;
    return d->has_kme || bad(at, "must be a string of 32 hex digits");
}

static bool take_imei(const json_t *v, struct admin_device *d, const struct place *at)
{
    enum err err = imei_parse(text_of(v), &d->imei);
    return err == E_OK ||
           bad_value(v, at,
                     err == E_BAD_CHECK_DIGIT
                         ? "has a check digit that does not match: is a digit mistyped?"
                         : "must be a string of 14 digits, or of 15 with the check digit");
}

static bool unknown(const char *pointer, const char *name, struct admin_fault *fault,
                    const char *known)
{
    char full[80];
    snprintf(full, sizeof full, "%s/%.40s", pointer, name);
    return admin_fault_set(fault, PROBLEM_UNKNOWN_MEMBER, full, "the members known here are: %s",
                           known);
}

static bool missing(const char *pointer, struct admin_fault *fault, const char *what)
{
    return admin_fault_set(fault, PROBLEM_MISSING_MEMBER, pointer, "%s", what);
}

static bool not_object(const char *pointer, struct admin_fault *fault)
{
    return admin_fault_set(fault, PROBLEM_BAD_MEMBER, pointer, "must be a JSON object");
}

static json_t *members_of(const json_t *json)
{
    return (json_t *)(uintptr_t)json; /* jansson's iterators take no const */
}

/* Of a device in a row, which can name a transport key; a device alone cannot. */
static bool take_device_kme_encrypted(const json_t *v, struct admin_device *d,
                                      const struct place *at)
{
    return take_encrypted(v, &d->kme_encrypted, at);
}

static bool device_members(const json_t *json, const char *pointer, struct admin_device *d,
                           unsigned *has, struct admin_fault *fault)
{
    const bool in_row = *pointer != '\0';
    if (!json_is_object(json)) {
        return not_object(pointer, fault);
    }
    for (void *i = json_object_iter(members_of(json)); i != NULL;
         i = json_object_iter_next(members_of(json), i)) {
        const char *name = json_object_iter_key(i);
        const struct place at = {pointer, name, fault};
        bool imei = strcmp(name, "imei") == 0;
        bool encrypted = in_row && strcmp(name, "kme_encrypted") == 0;
        if (!imei && !encrypted && strcmp(name, "kme") != 0) {
            return unknown(pointer, name, fault, in_row ? "imei, kme, kme_encrypted" : "imei, kme");
        }
        if (!(imei        ? take_imei
              : encrypted ? take_device_kme_encrypted
                          : take_kme)(json_object_iter_value(i), d, &at)) {
            return false;
        }
        *has |= imei ? ROW_IMEI : ROW_KME;
    }
    return true;
}

static bool take_device(const json_t *v, struct admin_row *row, const struct place *at)
{
    char pointer[80];
    unsigned has = 0;
    struct admin_device *d = &row->devices[row->n_devices];
    snprintf(pointer, sizeof pointer, "%s/%s/%zu", at->pointer, at->name, row->n_devices);
    if (!device_members(v, pointer, d, &has, at->fault)) {
        return false;
    }
    if ((has & ROW_IMEI) == 0) {
        return missing(pointer, at->fault, "a device needs its imei");
    }
    for (size_t i = 0; i < row->n_devices; i++) {
        if (imei_eq(&row->devices[i].imei, &d->imei)) {
            return admin_fault_set(at->fault, PROBLEM_BAD_MEMBER, pointer,
                                   "this imei is in the list already: keep one");
        }
    }
    row->n_devices++;
    return true;
}

static bool take_devices(const json_t *v, struct admin_row *row, const struct place *at)
{
    if (!json_is_array(v) || json_array_size(v) > STORE_DEVICES_MAX) {
        return bad(at, "must be a list of at most 16 devices");
    }
    for (size_t i = 0; i < json_array_size(v); i++) {
        if (!take_device(json_array_get(v, i), row, at)) {
            return false;
        }
    }
    return true;
}

/* ---- the row ---- */

static const struct member {
    const char *name;
    enum admin_member bit;
    bool (*take)(const json_t *v, struct admin_row *row, const struct place *at);
} members[] = {
    {"imsi", ROW_IMSI, take_imsi},
    {"algorithm", ROW_ALGORITHM, take_algorithm},
    {"k", ROW_K, take_k},
    {"opc", ROW_OPC, take_opc},
    {"op", ROW_OP, take_op},
    {"res_length", ROW_RES_LENGTH, take_res_length},
    {"keccak_iterations", ROW_KECCAK, take_keccak},
    {"sqn", ROW_SQN, take_sqn},
    {"policy", ROW_POLICY, take_policy},
    {"proof", ROW_PROOF, take_proof},
    {"profile", ROW_PROFILE, take_profile},
    {"msisdn", ROW_MSISDN, take_msisdn},
    {"suspended", ROW_SUSPENDED, take_suspended},
    {"devices", ROW_DEVICES, take_devices},
    {"k_encrypted", ROW_K_ENCRYPTED, take_k_encrypted},
    {"opc_encrypted", ROW_OPC_ENCRYPTED, take_opc_encrypted},
    {"op_encrypted", ROW_OP_ENCRYPTED, take_op_encrypted},
    {"transport_key", ROW_TRANSPORT_KEY, take_transport_key},
    {"k_kcv", ROW_KCV, take_kcv},
    {"keys", ROW_KEYS, take_keys},
};

static const struct member *member_of(const char *name)
{
    for (size_t i = 0; i < sizeof members / sizeof members[0]; i++) {
        if (strcmp(members[i].name, name) == 0) {
            return &members[i];
        }
    }
    return NULL;
}

static bool row_members(const json_t *json, struct admin_row *row, struct admin_fault *fault)
{
    if (!json_is_object(json)) {
        return not_object(NULL, fault);
    }
    for (void *i = json_object_iter(members_of(json)); i != NULL;
         i = json_object_iter_next(members_of(json), i)) {
        const char *name = json_object_iter_key(i);
        const struct member *m = member_of(name);
        const struct place at = {"", name, fault};
        if (m == NULL) {
            return unknown("", name, fault,
                           "imsi, algorithm, k, opc, op, res_length, keccak_iterations, sqn, "
                           "policy, proof, profile, msisdn, suspended, devices, k_encrypted, "
                           "opc_encrypted, op_encrypted, transport_key, k_kcv, keys");
        }
        if (!m->take(json_object_iter_value(i), row, &at)) {
            return false;
        }
        row->has |= m->bit;
    }
    return true;
}

static bool row_identity(struct admin_row *row, enum admin_shape shape, const struct imsi *imsi,
                         struct admin_fault *fault)
{
    if ((row->has & ROW_IMSI) == 0 && imsi == NULL) {
        return missing("/imsi", fault, "imsi is missing: it says which subscriber this is");
    }
    if ((row->has & ROW_IMSI) != 0 && imsi != NULL && !imsi_eq(&row->imsi, imsi)) {
        return admin_fault_set(fault, PROBLEM_BAD_MEMBER, "/imsi",
                               "imsi is not the one in the path");
    }
    if (imsi != NULL) {
        row->imsi = *imsi;
    }
    if (shape == ADMIN_WHOLE && (row->has & ROW_K) == 0) {
        return missing("/k", fault,
                       "k is missing, and so is k_encrypted: a subscriber cannot be without");
    }
    return true;
}

/* With k comes a whole set of keys; without, nothing that only makes sense beside it. */
static bool row_key_members(const struct admin_row *row, struct admin_fault *fault)
{
    const unsigned beside = ROW_OP | ROW_OPC | ROW_ALGORITHM | ROW_RES_LENGTH | ROW_KECCAK;
    if ((row->has & ROW_OP) != 0 && (row->has & ROW_OPC) != 0) {
        return admin_fault_set(fault, PROBLEM_BAD_MEMBER, "/op", "op and opc exclude each other");
    }
    if ((row->has & ROW_K) == 0 && (row->has & beside) != 0) {
        return missing("/k", fault,
                       "k is missing: algorithm, op, opc, res_length and keccak_iterations are "
                       "changed only together with it");
    }
    if ((row->has & ROW_K) != 0 && (row->has & (ROW_OP | ROW_OPC)) == 0) {
        return missing("/opc", fault, "opc is missing: with k there must be opc or op");
    }
    return true;
}

static bool row_keys(struct admin_row *row, const struct crypto *c, struct admin_fault *fault)
{
    struct aka_keys *keys = &row->keys;
    const char *name = (row->has & ROW_OP) != 0 ? "/op" : "/k";
    enum err err = E_OK;
    if (!row_key_members(row, fault) || (row->has & ROW_K) == 0) {
        return fault->problem == PROBLEM_NONE;
    }
    if ((row->has & ROW_OP) != 0) {
        err = aka_opc(c, keys->algorithm, keys->keccak_iterations, &keys->k, &row->op, &keys->opc);
    }
    if (err == E_OK) {
        err = aka_keys_check(keys);
    }
    if (err == E_CRYPTO) {
        return admin_fault_store(fault, err);
    }
    return err == E_OK ||
           admin_fault_set(fault, PROBLEM_BAD_MEMBER, name,
                           "the keys do not fit the algorithm: milenage has k and op or opc of 32 "
                           "hex digits and res_length 8; tuak has k of 32 or 64 and op or opc of "
                           "64");
}

bool admin_row_parse(const json_t *json, enum admin_shape shape, const struct imsi *imsi,
                     const struct crypto *c, struct transport_ring *ring, struct admin_row *out,
                     struct admin_fault *fault)
{
    *fault = (struct admin_fault){.problem = PROBLEM_NONE};
    *out = (struct admin_row){
        .keys = {.algorithm = AKA_MILENAGE, .res_len = RES_LENGTH_DEFAULT, .keccak_iterations = 1},
        .policy = BINDING_OPEN,
        .profile = "default"};
    bool ok = row_members(json, out, fault) && admin_row_open(out, ring, fault) &&
              row_identity(out, shape, imsi, fault) && row_keys(out, c, fault);
    out->whole = shape == ADMIN_WHOLE || (shape == ADMIN_EITHER && (out->has & ROW_K) != 0);
    if (!ok) {
        wipe(out, sizeof *out);
    }
    return ok;
}

bool admin_device_parse(const json_t *json, const struct imei *imei, bool kme_needed,
                        struct admin_device *out, struct admin_fault *fault)
{
    unsigned has = 0;
    *fault = (struct admin_fault){.problem = PROBLEM_NONE};
    *out = (struct admin_device){.imei = *imei};
    bool ok = device_members(json, "", out, &has, fault);
    if (ok && !imei_eq(&out->imei, imei)) {
        ok = admin_fault_set(fault, PROBLEM_BAD_MEMBER, "/imei", "imei is not the one in the path");
    }
    if (ok && kme_needed && !out->has_kme) {
        ok = missing("/kme", fault, "kme is missing: there is nothing to change");
    }
    if (!ok) {
        wipe(out, sizeof *out);
    }
    return ok;
}

/* ---- what is wanted of a KME ---- */

static bool take_request(const json_t *v, struct admin_kme *out, const struct place *at)
{
    return kme_request_parse(text_of(v), &out->request) == E_OK ||
           bad(at, "must be \"rebind\", \"renew\" or \"none\"");
}

static bool kme_members(const json_t *json, struct admin_kme *out, bool *has,
                        struct admin_fault *fault)
{
    for (void *i = json_object_iter(members_of(json)); i != NULL;
         i = json_object_iter_next(members_of(json), i)) {
        const char *name = json_object_iter_key(i);
        const json_t *v = json_object_iter_value(i);
        const struct place at = {"", name, fault};
        struct admin_device device = {.has_kme = false};
        bool imei = strcmp(name, "imei") == 0;
        if (!imei && strcmp(name, "request") != 0) {
            return unknown("", name, fault, "request, imei");
        }
        if (!(imei ? take_imei(v, &device, &at) : take_request(v, out, &at))) {
            return false;
        }
        *has |= !imei;
        out->has_imei |= imei;
        out->imei = imei ? device.imei : out->imei;
    }
    return true;
}

bool admin_kme_parse(const json_t *json, struct admin_kme *out, struct admin_fault *fault)
{
    bool has = false;
    *fault = (struct admin_fault){.problem = PROBLEM_NONE};
    *out = (struct admin_kme){.request = KME_REQUEST_NONE};
    if (!json_is_object(json)) {
        return not_object(NULL, fault);
    }
    if (!kme_members(json, out, &has, fault)) {
        return false;
    }
    if (!has) {
        return missing("/request", fault, "request is missing: rebind, renew or none");
    }
    return !out->has_imei || out->request == KME_REQUEST_REBIND ||
           admin_fault_set(fault, PROBLEM_BAD_MEMBER, "/imei",
                           "imei goes only with rebind: it says which device may be bound");
}

/* ---- jansson ---- */

static void wiping_free(void *p)
{
    if (p != NULL) {
        wipe(p, malloc_usable_size(p));
        free(p);
    }
}

void admin_json_wipes(void)
{
    json_set_alloc_funcs(malloc, wiping_free);
}
