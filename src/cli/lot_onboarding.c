#include "cli/lot_onboarding.h"

#include "cli/home.h"
#include <errno.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/x509v3.h>
#include <string.h>

enum { OPT_ONBOARDING = 0x400, OPT_HOST, OPT_MANUFACTURER, OPT_RSA, OPT_ROOTS, OPT_SERIAL_IDS };

static error_t take(int key, char *arg, struct argp_state *state)
{
    struct lot_onboarding_options *o = state->input;
    switch (key) {
    case OPT_ONBOARDING:
        o->wanted = true;
        return 0;
    case OPT_HOST:
        o->host = arg;
        return 0;
    case OPT_MANUFACTURER:
        o->manufacturer = arg;
        return 0;
    case OPT_RSA:
        o->rsa = arg;
        return 0;
    case OPT_ROOTS:
        o->roots = arg;
        return 0;
    case OPT_SERIAL_IDS:
        o->serial_ids = true;
        return 0;
    case ARGP_KEY_END:
        if (!o->wanted && (o->host || o->manufacturer || o->rsa || o->roots || o->serial_ids)) {
            argp_error(state, "--url-host, --manufacturer, --rsa, --roots and --serial-ids are for "
                              "--onboarding");
        }
        return 0;
    default:
        return ARGP_ERR_UNKNOWN;
    }
}

static const struct argp_option options[] = {
    {"onboarding", OPT_ONBOARDING, NULL, 0,
     "each device also gets a key that a subscription can be encrypted to, and the URL of its "
     "certificate: it needs no SIM",
     15},
    {"url-host", OPT_HOST, "HOST", 0, "the host of these URLs (" HOME_CA_HOST ")", 15},
    {"manufacturer", OPT_MANUFACTURER, "NAME", 0, "of these devices (demo maker)", 15},
    {"rsa", OPT_RSA, "BITS", 0, "an RSA key of 2048 to 4096 bits (default: P-256)", 15},
    {"roots", OPT_ROOTS, "FILE", 0,
     "the roots of provisioning operators that they trust, PEM (pki/provisioning-ca.crt in --dir)",
     15},
    {"serial-ids", OPT_SERIAL_IDS, NULL, 0,
     "their URLs end with the IMEI (default: with a random id, which tells nobody anything)", 15},
    {0},
};
const struct argp lot_onboarding_argp = {options, take, NULL, NULL, NULL, NULL, NULL};

/* ---- the lot ---- */

static bool take_host(const char *host, struct identity_lot_onboarding *out)
{
    struct certattach_url url;
    char text[CERTATTACH_URL_MAX + 1];
    int n = snprintf(text, sizeof text, "https://%s/DeviceID=x", host);
    if (n < 0 || (size_t)n >= sizeof text ||
        certattach_url_parse(bytes_of_str(text), &url) != E_OK) {
        cli_error("--url-host takes a host name like " HOME_CA_HOST ", not '%.80s'", host);
        return false;
    }
    snprintf(out->host, sizeof out->host, "%s", url.host);
    return true;
}

bool lot_onboarding_take(const struct lot_onboarding_options *o,
                         struct identity_lot_onboarding *out)
{
    const char *maker = o->manufacturer ? o->manufacturer : "demo maker";
    long bits = 0;
    *out = (struct identity_lot_onboarding){.form = 0};
    if (!o->wanted) {
        return true;
    }
    if (o->rsa && (!cli_number("--rsa", o->rsa, 2048, 4096, &bits) || bits % 256 != 0)) {
        cli_error("--rsa takes 2048 to 4096 bits in steps of 256");
        return false;
    }
    if (!identity_model_check(maker)) {
        cli_error("--manufacturer takes 1 to 40 letters, digits, spaces, dots, hyphens and "
                  "underscores");
        return false;
    }
    out->form = o->rsa ? CERTATTACH_RSA : CERTATTACH_EC;
    out->bits = (uint16_t)bits;
    out->random = !o->serial_ids;
    snprintf(out->manufacturer, sizeof out->manufacturer, "%s", maker);
    return take_host(o->host ? o->host : HOME_CA_HOST, out);
}

/* ---- the roots ---- */

static bool add(struct lot_roots *out, X509 *x)
{
    if (out->n == IDENTITY_ROOTS_MAX || X509_check_ca(x) != 1 || X509_self_signed(x, 1) != 1) {
        return false;
    }
    int n = i2d_X509(x, &out->all[out->n].der);
    out->all[out->n].n = n > 0 ? (size_t)n : 0;
    out->n += n > 0;
    return n > 0;
}

/* All that the file holds, and that goes into a device. */
static bool add_all(struct lot_roots *out, FILE *f)
{
    X509 *x;
    bool good = true;
    size_t octets = 0;
    ERR_clear_error();
    while (good && (x = PEM_read_X509(f, NULL, NULL, NULL)) != NULL) {
        good = add(out, x);
        octets += good ? out->all[out->n - 1].n : 0;
        X509_free(x);
    }
    /* the end is where no other begins, and not where one is damaged */
    good = good && ERR_GET_REASON(ERR_peek_last_error()) == PEM_R_NO_START_LINE;
    ERR_clear_error();
    return good && out->n > 0 && octets <= IDENTITY_ROOTS_LEN;
}

bool lot_roots_read(const struct lot_onboarding_options *o, const char *dir, struct lot_roots *out)
{
    char path[CLI_PATH_MAX];
    *out = (struct lot_roots){.n = 0};
    if (!o->roots && !cli_path(dir, "pki/" PKI_PROVISIONING_CA ".crt", path, sizeof path)) {
        return false;
    }
    const char *name = o->roots ? o->roots : path;
    FILE *f = fopen(name, "re");
    if (!f) {
        cli_error("%s: %s; `bindery pki DIR --provisioning-operator PLMN` makes a root", name,
                  strerror(errno));
        return false;
    }
    const bool good = add_all(out, f);
    (void)fclose(f);
    if (!good) {
        cli_error("%s: it has to hold 1 to %u roots in PEM, CAs that sign themselves, of %u octets "
                  "in all at most",
                  name, IDENTITY_ROOTS_MAX, IDENTITY_ROOTS_LEN);
        lot_roots_free(out);
    }
    return good;
}

bool lot_roots_give(const struct lot_roots *roots, struct lot_given *given,
                    struct identity_lot_onboarding *lot)
{
    EVP_MD_CTX *md = EVP_MD_CTX_new();
    bool good = md && EVP_DigestInit_ex(md, EVP_sha256(), NULL) == 1;
    given->n_roots = (uint8_t)roots->n;
    for (size_t i = 0; i < roots->n; i++) {
        given->roots[i] = (struct bytes){roots->all[i].der, roots->all[i].n};
        good = good && EVP_DigestUpdate(md, roots->all[i].der, roots->all[i].n) == 1;
    }
    good = good && EVP_DigestFinal_ex(md, lot->roots, NULL) == 1;
    EVP_MD_CTX_free(md);
    if (!good) {
        cli_error("the roots' digest cannot be made");
    }
    return good;
}

void lot_roots_free(struct lot_roots *roots)
{
    for (size_t i = 0; i < roots->n; i++) {
        OPENSSL_free(roots->all[i].der);
    }
    roots->n = 0;
}
