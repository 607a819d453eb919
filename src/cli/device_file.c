/* The subverb `device file`: the state file of an emulated device with a USIM in it. */
#include "cli/key_options.h"
#include "crypto/openssl.h"
#include "device/linux/identity_lot.h"
#include "device/linux/lot_file.h"
#include "device/linux/state_file.h"
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

struct options {
    struct cli_common common;
    struct key_options keys;
    const char *imsi, *imei, *output, *identity, *lot, *mnc_length, *networks;
};

enum { OPT_IDENTITY = 0x300, OPT_LOT, OPT_MNC_LENGTH, OPT_NETWORKS };

/* Without an IMSI it is a device that gets its subscription by attaching. */
static void check(const struct options *o, struct argp_state *state)
{
    const bool has_keys = o->keys.k_file || o->keys.opc_file || o->keys.op_file ||
                          o->keys.kme_file || o->keys.algorithm || o->keys.sqn ||
                          o->keys.res_length || o->keys.keccak_iterations;
    if (!o->imei) {
        argp_error(state, "--imei is needed");
    } else if (o->imsi && (!o->keys.k_file || (!o->keys.opc_file && !o->keys.op_file))) {
        argp_error(state, "with --imsi, --k-file and --opc-file or --op-file are needed");
    } else if (!o->imsi && (has_keys || o->mnc_length)) {
        argp_error(state,
                   "keys, what goes with them, and --mnc-length are a subscription's: --imsi "
                   "is needed");
    } else if (!o->imsi && !o->identity) {
        argp_error(state, "--imsi is needed; or --identity with a lot of `bindery device make "
                          "--onboarding`, whose devices get their subscription by attaching");
    } else if (o->imsi && o->networks) {
        argp_error(state, "--networks is for devices without a subscription");
    } else if (o->lot && !o->identity) {
        argp_error(state, "--lot needs --identity: a device signs the KME that it makes");
    }
}

static error_t take(int key, char *arg, struct argp_state *state)
{
    struct options *o = state->input;
    switch (key) {
    case ARGP_KEY_INIT:
        state->child_inputs[0] = &o->keys;
        state->child_inputs[1] = &o->common;
        return 0;
    case 'i':
        o->imsi = arg;
        return 0;
    case 'e':
        o->imei = arg;
        return 0;
    case 'o':
        o->output = arg;
        return 0;
    case OPT_IDENTITY:
        o->identity = arg;
        return 0;
    case OPT_LOT:
        o->lot = arg;
        return 0;
    case OPT_MNC_LENGTH:
        o->mnc_length = arg;
        return 0;
    case OPT_NETWORKS:
        o->networks = arg;
        return 0;
    case ARGP_KEY_END:
        check(o, state);
        return 0;
    default:
        return ARGP_ERR_UNKNOWN;
    }
}
static const struct argp_option options[] = {
    {"imsi", 'i', "IMSI", 0,
     "the USIM's subscription; without it the device gets one by attaching (--identity)", 10},
    {"imei", 'e', "IMEI", 0, "the device", 10},
    {"output", 'o', "FILE", 0,
     "the file to make (devices/IMSI-IMEI.json, or devices/IMEI.json, in the directory); what is "
     "there is not touched",
     10},
    {"identity", OPT_IDENTITY, "LOT", 0,
     "a production lot of `bindery device make`: gives the device the key of its IMEI", 10},
    {"lot", OPT_LOT, "FILE", 0,
     "a lot of `bindery lot make` (ID.lot.json): the device can make a KME, which it signs with "
     "the "
     "key of --identity",
     10},
    {"mnc-length", OPT_MNC_LENGTH, "N", 0,
     "digits of the MNC in the IMSI: 2 or 3; a device that knows it can make a KME abroad too", 10},
    {"networks", OPT_NETWORKS, "LIST", 0,
     "without an IMSI: the networks that it tries, the best one first: 001-01,999-70 (all)", 10},
    {0},
};
static const struct argp_child children[] = {
    {&key_options_argp, 0, NULL, 0}, {&cli_common_argp, 0, "", 20}, {0}};
static const struct argp argp = {
    options,
    take,
    NULL,
    "Makes the state file of an emulated device, for `bindery attach` and `bindery "
    "authenticate`.",
    children,
    NULL,
    NULL};

static uint8_t octets_of(const struct secret_text *t, uint8_t out[static 32])
{
    size_t n = strlen(t->hex) / 2;
    return hex_decode(t->hex, (struct mbytes){out, n}) == E_OK ? (uint8_t)n : 0;
}

static enum err make_opc(struct aka_keys *keys, const struct key_texts *t)
{
    struct crypto c;
    struct key_op op = {.n = octets_of(&t->op, op.b)};
    enum err e = crypto_openssl_open(&c);
    if (e == E_OK) {
        e = aka_opc(&c, keys->algorithm, keys->keccak_iterations, &keys->k, &op, &keys->opc);
        crypto_openssl_close(&c);
    }
    wipe(&op, sizeof op);
    return e;
}

static bool numbers(const struct options *o, struct aka_keys *keys, uint64_t *seq)
{
    long res = 8, iterations = keys->algorithm == AKA_TUAK ? 1 : 0;
    uint8_t sqn[6] = {0};
    if (o->keys.res_length && !cli_number("--res-length", o->keys.res_length, 4, 16, &res)) {
        return false;
    }
    if (o->keys.keccak_iterations &&
        !cli_number("--keccak-iterations", o->keys.keccak_iterations, 1, 255, &iterations)) {
        return false;
    }
    if (o->keys.sqn && hex_decode(o->keys.sqn, MBYTES_OF(sqn)) != E_OK) {
        cli_error("--sqn takes 12 hex digits, not '%s'", o->keys.sqn);
        return false;
    }
    keys->res_len = (uint8_t)res;
    keys->keccak_iterations = (uint8_t)iterations;
    struct rd r = rd_of(BYTES_OF(sqn));
    *seq = ((uint64_t)rd_be16(&r) << 32 | rd_be32(&r)) >> SQN_IND_BITS;
    return true;
}

static bool fill_keys(const struct options *o, const struct key_texts *t, struct device_state *s)
{
    struct aka_keys *keys = &s->usim.keys;
    const char *algorithm = o->keys.algorithm ? o->keys.algorithm : "milenage";
    uint64_t seq;
    if (aka_algorithm_parse(bytes_of_str(algorithm), &keys->algorithm) != E_OK) {
        cli_error("--algorithm is milenage or tuak, not '%s'", algorithm);
        return false;
    }
    if (!numbers(o, keys, &seq)) {
        return false;
    }
    for (size_t i = 0; i < SQN_IND_COUNT; i++) {
        s->usim.seq[i] = seq;
    }
    keys->k.n = octets_of(&t->k, keys->k.b);
    keys->opc.n = octets_of(&t->opc, keys->opc.b);
    enum err e = keys->opc.n ? E_OK : make_opc(keys, t);
    e = e == E_OK ? aka_keys_check(keys) : e;
    if (e != E_OK) {
        cli_error("these keys do not go with %s: %s", algorithm, err_sentence(e));
        return false;
    }
    s->me.has_kme = t->kme.hex[0] != '\0';
    return !s->me.has_kme || hex_decode(t->kme.hex, MBYTES_OF(s->me.kme.b)) == E_OK;
}

/* Where it goes: as told, or into the directory, which is made. */
static bool choose_output(struct options *o, const struct device_state *s,
                          char path[static CLI_PATH_MAX])
{
    char folder[CLI_PATH_MAX];
    if (o->output != NULL) {
        return true;
    }
    if (!cli_device_path(&o->common, s->imsi.n > 0 ? &s->imsi : NULL, &s->imei, path) ||
        !cli_path(cli_dir(&o->common), "devices", folder, sizeof folder)) {
        return false;
    }
    if ((mkdir(cli_dir(&o->common), 0700) != 0 && errno != EEXIST) ||
        (mkdir(folder, 0700) != 0 && errno != EEXIST)) {
        cli_error("%s: %s", folder, strerror(errno));
        return false;
    }
    o->output = path;
    return true;
}

/* One PLMN, behind the others; not twice. */
static bool add_network(struct bytes text, struct device_onboarding *out)
{
    struct plmn plmn;
    if (out->n_networks == DEVICE_NETWORKS_MAX || plmn_parse(text, &plmn) != E_OK) {
        return false;
    }
    for (size_t i = 0; i < out->n_networks; i++) {
        if (plmn_eq(&out->network[i], &plmn)) {
            return false;
        }
    }
    out->network[out->n_networks++] = plmn;
    return true;
}

static bool take_networks(const char *list, struct device_onboarding *out)
{
    for (const char *at = list; at;) {
        const size_t n = strcspn(at, ",");
        if (!add_network((struct bytes){(const uint8_t *)at, n}, out)) {
            cli_error("--networks takes up to %d different PLMNs like 001-01,999-70, not '%.40s'",
                      DEVICE_NETWORKS_MAX, at);
            return false;
        }
        at = at[n] == ',' ? at + n + 1 : NULL;
    }
    return true;
}

/* What it gets a subscription with. */
static bool take_onboarding(const struct options *o, const struct identity_row *row,
                            struct device_onboarding *out)
{
    const struct identity_onboarding *from = &row->onboarding;
    if (from->form == 0) {
        cli_error("the devices of %s have nothing to get a subscription with: --imsi is needed, or "
                  "a lot of `bindery device make --onboarding`",
                  o->identity);
        return false;
    }
    out->form = from->form;
    out->key_n = from->key_n;
    snprintf(out->url, sizeof out->url, "%s", from->url);
    memcpy(out->key, from->key, from->key_n);
    bool good = true;
    for (size_t i = 0; good && i < from->n_roots; i++) {
        good = device_add_root(out, identity_onboarding_root(from, i)) == E_OK;
    }
    if (!good) {
        cli_error("--identity: the roots of this device do not fit");
    }
    return good;
}

/* The key by which the device proves its IMEI, out of the lot. */
static bool take_identity(const struct options *o, struct device_state *s)
{
    struct identity_source *lot = NULL;
    struct identity_row row = {.algorithm = 0};
    struct identity_why why = {""};
    if (!o->identity) {
        return true;
    }
    enum err e = identity_source_open(o->identity, &lot, &why);
    e = e == E_OK ? identity_source_find(lot, &s->imei, &row, &why) : e;
    identity_source_close(lot);
    if (e != E_OK) {
        cli_error("--identity: %s", why.text);
        return false;
    }
    s->identity.algorithm = row.algorithm;
    s->identity.n = row.key.n;
    memcpy(s->identity.der, row.key.der, row.key.n);
    const bool good = o->imsi || take_onboarding(o, &row, &s->onboarding);
    identity_row_wipe(&row);
    return good;
}

/* What it encrypts a KME to. */
static bool take_lot(const struct options *o, struct device_state *s)
{
    struct lot_file file = {.n = 0};
    struct lot_file_why why = {""};
    if (!o->lot) {
        return true;
    }
    if (s->identity.algorithm != DEVID_ECDSA_P256) {
        cli_error("--lot: a KME is signed with ECDSA on P-256, and the key of --identity is of "
                  "another kind");
        return false;
    }
    enum err e = lot_file_load(o->lot, &file, &why);
    if (e != E_OK) {
        cli_error("--lot: %s", why.text);
        return false;
    }
    bool good = lot_file_covers(&file, &s->imei);
    if (!good) {
        cli_error("--lot: lot %s does not cover the IMEI %s; the HSS would not find it by that",
                  file.lot.id.text, s->imei.digits);
    } else {
        e = device_lot_make(bytes_of_str(file.lot.id.text),
                            (struct bytes){file.lot.modulus, file.lot.modulus_n}, &s->lot);
        good = e == E_OK;
        if (!good) {
            cli_error("--lot: %s", err_sentence(e));
        }
    }
    lot_file_free(&file);
    return good;
}

/* What EF AD of its USIM says. */
static bool take_mnc_length(const struct options *o, struct device_state *s)
{
    long n = 0;
    if (o->mnc_length && !cli_number("--mnc-length", o->mnc_length, 2, 3, &n)) {
        return false;
    }
    s->mnc_n = (uint8_t)n;
    return true;
}

static int take_keys(const struct options *o, struct device_state *s)
{
    struct key_texts t;
    int rc = key_options_read(&o->keys, &t);
    if (rc == CLI_DONE) {
        rc = fill_keys(o, &t, s) ? CLI_DONE : CLI_USAGE;
        key_texts_wipe(&t);
    }
    return rc;
}

static void say(const struct options *o, const struct device_state *s)
{
    if (o->imsi) {
        printf("%s holds device %s with the USIM of %s and %s KME%s", o->output, o->imei, o->imsi,
               o->keys.kme_file ? "its" : "no",
               o->identity ? ", and the key that proves its IMEI" : "");
    } else {
        printf("%s holds device %s, which has no subscription; its certificate is %s", o->output,
               o->imei, s->onboarding.url);
    }
    puts(o->lot ? "; it can make a KME for its lot" : "");
    if (!o->imsi) {
        printf("Next: `bindery attach --device %s`; it asks for one, and attaches with it.\n",
               o->output);
    }
}

int cli_device_file(int argc, char **argv)
{
    struct options o = {0};
    struct device_state state = {0};
    struct device_why why;
    char path[CLI_PATH_MAX];
    if (argp_parse(&argp, argc, argv, 0, NULL, &o) != 0) {
        return CLI_USAGE;
    }
    if ((o.imsi && !cli_imsi(o.imsi, &state.imsi)) || !cli_imei(o.imei, &state.imei) ||
        !take_mnc_length(&o, &state) || !take_networks(o.networks, &state.onboarding) ||
        !choose_output(&o, &state, path)) {
        return CLI_USAGE;
    }
    int rc = o.imsi ? take_keys(&o, &state) : CLI_DONE;
    if (rc == CLI_DONE && !(take_identity(&o, &state) && take_lot(&o, &state))) {
        rc = CLI_REFUSED;
    }
    if (rc == CLI_DONE && device_state_save(o.output, true, &state, &why) != E_OK) {
        cli_error("%s%s", why.text, errno == EEXIST ? "; choose another name or remove it" : "");
        rc = CLI_REFUSED;
    }
    if (rc == CLI_DONE) {
        say(&o, &state);
    }
    device_state_wipe(&state);
    return rc;
}
