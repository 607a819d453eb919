#include "nf/common/devid_port.h"
#include "nf/mmed/config_raw.h"

#include <stdio.h>
#include <string.h>

#define KEPT_DEFAULT 65536

static void signers(struct checker *k, const struct raw_mme_devid *raw, struct mmed_devid *d)
{
    char key[48];
    size_t n = raw->signers_count;
    if (n == 0) {
        check_wrong(k, "signers",
                    "is missing or empty: list the public key of each repository that is believed");
    } else if (n > DEVID_PORT_SIGNERS_MAX) {
        check_wrong(k, "signers", "has more than %d keys", DEVID_PORT_SIGNERS_MAX);
    }
    d->signers = check_alloc(k, n, sizeof *d->signers);
    for (size_t i = 0; d->signers != NULL && i < n && k->err == E_OK; i++) {
        snprintf(key, sizeof key, "signers[%zu]", i);
        d->signers[i] = check_path(k, key, raw->signers[i]);
        d->n_signers = i + 1;
        for (size_t j = 0; j < i && k->err == E_OK; j++) {
            if (strcmp(d->signers[i], d->signers[j]) == 0) {
                check_wrong(k, key, "is the same file as signers[%zu]: keep one", j);
            }
        }
    }
}

static void authorities(struct checker *k, const struct raw_mme_devid *raw, struct mmed_devid *d)
{
    d->ca = raw->ca != NULL ? check_path(k, "ca", raw->ca) : NULL;
    d->crl = raw->crl != NULL ? check_path(k, "crl", raw->crl) : NULL;
    d->ca_with_binding = check_bool(k, "ca_with_binding", raw->ca_with_binding, false);
    if (raw->crl != NULL && raw->ca == NULL) {
        check_wrong(k, "crl", "has no meaning without `ca`, whose revocation list it is");
    }
}

static uint8_t algorithm(struct checker *k, const char *key, const char *text)
{
    uint8_t v = 0;
    if (devid_algorithm_parse(bytes_of_str(text), &v) != E_OK) {
        check_wrong(k, key, "`%.40s` is none: write ecdsa-p256, ecdsa-p384, ed25519 or rsa-pss",
                    text);
    }
    return v;
}

static void algorithms(struct checker *k, const struct raw_mme_devid *raw, struct mmed_devid *d)
{
    static const uint8_t all[] = {DEVID_ECDSA_P256, DEVID_ED25519, DEVID_ECDSA_P384, DEVID_RSA_PSS};
    char key[48];
    if (raw->algorithms_count == 0) {
        memcpy(d->algorithms, all, sizeof all);
        d->n_algorithms = sizeof all;
    }
    for (size_t i = 0; i < raw->algorithms_count && k->err == E_OK; i++) {
        snprintf(key, sizeof key, "algorithms[%zu]", i);
        uint8_t v = algorithm(k, key, raw->algorithms[i]);
        if (k->err == E_OK && memchr(d->algorithms, v, i) != NULL) {
            check_wrong(k, key, "`%.20s` is in the list already: keep one", raw->algorithms[i]);
        } else if (k->err == E_OK) { /* each once, so there is room for all there are */
            d->algorithms[i] = v;
            d->n_algorithms = (uint8_t)(i + 1);
        }
    }
}

/* Neither an IMEI nor a signature, nor a KME, is ever sent in clear, so who does not cipher cannot
 * prove anything, nor be provisioned; an attacker who picked the algorithm would have it that way.
 */
static void ciphering(struct checker *k, const struct nassec_preference *p, const char *with,
                      const char *does)
{
    check_section(k, "security.");
    if (k->err == E_OK && memchr(p->eea, 0, p->eea_n) != NULL) {
        check_wrong(k, "ciphering",
                    "may not have eea0 together with `%s`: no device %s in clear; take eea0 out, "
                    "or %s",
                    with, does, with);
    }
}

void mmed_check_devid(struct checker *k, const struct raw_mme *raw, struct mmed_config *config)
{
    struct check_range kept = {0, DEVID_PORT_KEPT_MAX, KEPT_DEFAULT};
    struct mmed_devid *d = &config->devid;
    if (raw->devid == NULL) {
        return;
    }
    d->on = true;
    check_section(k, "devid.");
    signers(k, raw->devid, d);
    authorities(k, raw->devid, d);
    algorithms(k, raw->devid, d);
    d->verified_kept = check_number(k, "verified_kept", raw->devid->verified_kept, kept);
    ciphering(k, &config->algorithms, "devid", "proves its IMEI");
}

static void onboarding(struct checker *k, const char *text, struct mmed_config *config)
{
    struct mmed_provisioning *p = &config->provisioning;
    if (text == NULL || k->err != E_OK) {
        return;
    }
    p->onboarding = check_identity(k, "onboarding", text);
    if (strlen(text) >= REALM_TEXT_MAX) {
        check_wrong(k, "onboarding", "is longer than %d characters", REALM_TEXT_MAX - 1);
    }
    const struct mmed_home *home = mmed_config_home_of_realm(config, text);
    if (home == NULL) {
        check_wrong(k, "onboarding",
                    "`%.80s` is the realm of none of the homes: name one, or add the home whose "
                    "peers lead there",
                    text);
    } else {
        p->onboarding_home = (size_t)(home - config->homes);
    }
}

void mmed_check_provisioning(struct checker *k, const struct raw_mme *raw,
                             struct mmed_config *config)
{
    check_section(k, "provisioning.");
    config->provisioning.kme = check_bool(k, "kme", raw->provisioning.kme, false);
    if (config->provisioning.kme) {
        ciphering(k, &config->algorithms, "provisioning.kme", "answers with a KME");
    }
    check_section(k, "provisioning.");
    onboarding(k, raw->provisioning.onboarding, config);
}
