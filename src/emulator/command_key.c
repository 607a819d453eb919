/* `bindery-ue key`: the key that proves a device's IMEI, made where it stays. */
#include "emulator/commands.h"
#include "emulator/options.h"
#include <jansson.h>
#include <string.h>

static bool algorithm_of(const struct ue_options *o, uint8_t *out)
{
    const char *name = options_text(o, OPT_ALGORITHM);
    *out = DEVID_ECDSA_P256;
    if (name == NULL ||
        (devid_algorithm_parse(bytes_of_str(name), out) == E_OK && *out != DEVID_RSA_PSS)) {
        return true;
    }
    options_error("--algorithm '%s' is none of ecdsa-p256, ecdsa-p384, ed25519", name);
    return false;
}

/* PEM without its first and last line and without line ends is base64. */
static void to_base64(char *pem)
{
    char *to = pem;
    for (const char *line = pem; *line != '\0';) {
        const size_t n = strcspn(line, "\n");
        if (line[0] != '-') {
            memmove(to, line, n);
            to += n;
        }
        line += n + (line[n] == '\n');
    }
    *to = '\0';
}

/* What POST /v1/bulk of a repository takes. */
static bool say_row(const struct imei *imei, char *pem)
{
    char digits[IMEI_DIGITS + 2];
    imei_print(imei, digits);
    to_base64(pem);
    json_t *o = json_pack("{s:s, s:s, s:s}", "imei", digits, "use", "identity", "public_key", pem);
    const bool said = o != NULL && json_dumpf(o, stdout, JSON_COMPACT) == 0 && putchar('\n') != EOF;
    json_decref(o);
    return said;
}

static int say_public(const struct ue_options *o, const struct device_state *state)
{
    const struct device_key *key = &state->identity;
    uint8_t spki[SIGNER_PUBLIC_MAX];
    char pem[SIGNER_PEM_MAX];
    size_t n = 0;
    bool said = false;
    if (signer_openssl_public((struct bytes){key->der, key->n}, spki, &n) == E_OK &&
        signer_openssl_public_pem((struct bytes){spki, n}, pem) == E_OK) {
        said = options_flag(o, FLAG_JSON) ? say_row(&state->imei, pem) : fputs(pem, stdout) != EOF;
    }
    if (!said || fflush(stdout) != 0) {
        options_error("the public key could not be written");
        return UE_REFUSED;
    }
    return UE_DONE;
}

/*= devid-key */
static bool make(const struct ue_options *o, const char *path, struct device_hold *hold,
                 struct device_state *state)
{
    struct device_key *key = &state->identity;
    struct device_why why;
    size_t n = 0;
    if (key->n > 0 && !options_flag(o, FLAG_REPLACE)) {
        options_error("%s: the device has a key (%s), and bindings may rely on it; --show says its "
                      "public half, --replace makes another",
                      path, devid_algorithm_name(key->algorithm));
        return false;
    }
    if (!algorithm_of(o, &key->algorithm)) {
        return false;
    }
    if (signer_openssl_make(key->algorithm, key->der, &n) != E_OK) {
        options_error("a key could not be made");
        return false;
    }
    key->n = (uint16_t)n;
    if (device_state_save_held(path, hold, state, &why) != E_OK) {
        options_error("%s", why.text);
        return false;
    }
    return true;
}

/* From before it is read until the new one is there nobody else changes the file. */
static int make_held(const struct ue_options *o, const char *path, struct device_state *state)
{
    struct device_hold hold;
    struct device_why why;
    if (device_state_hold(path, &hold, &why) != E_OK ||
        device_state_load(path, state, &why) != E_OK) {
        options_error("%s", why.text);
        device_state_release(&hold);
        return UE_REFUSED;
    }
    const bool made = make(o, path, &hold, state);
    device_state_release(&hold);
    return made ? say_public(o, state) : UE_REFUSED;
}

static int act(const struct ue_options *o, const char *path, struct device_state *state)
{
    struct device_why why;
    if (!options_flag(o, FLAG_SHOW)) {
        return make_held(o, path, state);
    }
    if (device_state_load(path, state, &why) != E_OK) {
        options_error("%s", why.text);
        return UE_REFUSED;
    }
    if (state->identity.n == 0) {
        options_error("%s: the device has no key; without --show one is made", path);
        return UE_REFUSED;
    }
    return say_public(o, state);
}

int command_key(int argc, char **argv)
{
    struct ue_options o;
    struct device_state state;
    uint8_t algorithm;
    memset(&o, 0, sizeof o);
    if (argp_parse(&options_key, argc, argv, 0, NULL, &o) != 0) {
        return UE_USAGE;
    }
    const char *path = options_text(&o, OPT_DEVICE);
    if (path == NULL) {
        options_error("which device? Give --device FILE");
        return UE_USAGE;
    }
    if (!algorithm_of(&o, &algorithm)) {
        return UE_USAGE;
    }
    if (options_flag(&o, FLAG_SHOW) &&
        (options_flag(&o, FLAG_REPLACE) || options_text(&o, OPT_ALGORITHM) != NULL)) {
        options_error("--show makes no key: neither --replace nor --algorithm goes with it");
        return UE_USAGE;
    }
    int rc = act(&o, path, &state);
    device_state_wipe(&state);
    return rc;
}
