/* Reading a device state file: src/device/linux/state_file.h. */
#include "device/linux/state_parts.h"

#include "device/linux/base64.h"
#include "device/linux/onboard_openssl.h"
#include <stdio.h>
#include <string.h>

#define WHAT DEVICE_STATE_WHAT

static void only_known(struct strict *r, json_t *o, const char *at, const char *const *known)
{
    strict_only(r, o, at, known, WHAT);
}

/* ---- the USIM and its last answer ---- */

static uint8_t long_hex_at(struct strict *r, json_t *o, const char *at, const char *key,
                           uint8_t out[static 32])
{
    size_t n = strlen(strict_text(r, o, at, key)) / 2;
    if (r->err == E_OK && n != 16 && n != 32) {
        strict_refuse(r, E_BAD_VALUE, "%s%s is not 32 or 64 hex digits", at, key);
        return 0;
    }
    strict_hex(r, o, at, key, (struct mbytes){out, n});
    return (uint8_t)n;
}

static void read_seq(struct strict *r, json_t *usim, const char *at, struct usim *out)
{
    json_t *seq = json_object_get(usim, "seq");
    if (json_array_size(seq) != SQN_IND_COUNT) {
        strict_refuse(r, E_BAD_VALUE, "%sseq is not an array of %u numbers", at, SQN_IND_COUNT);
        return;
    }
    for (size_t i = 0; i < SQN_IND_COUNT; i++) {
        json_t *v = json_array_get(seq, i);
        int64_t n = json_integer_value(v);
        if (!json_is_integer(v) || n < 0 || (uint64_t)n > SEQ_MAX) {
            strict_refuse(r, E_BAD_VALUE, "%sseq[%zu] is not a number of 43 bits", at, i);
            return;
        }
        out->seq[i] = (uint64_t)n;
    }
}

static uint8_t read_mnc_length(struct strict *r, json_t *usim, const char *at)
{
    if (!strict_has(usim, "mnc_length")) {
        return 0;
    }
    const int64_t n = strict_number(r, usim, at, "mnc_length", 3);
    if (r->err == E_OK && n < 2) {
        strict_refuse(r, E_BAD_VALUE, "%smnc_length is neither 2 nor 3", at);
    }
    return (uint8_t)n;
}

void device_usim_read(struct strict *r, json_t *o, const char *at, const struct device_usim *out)
{
    static const char *const known[] = {"imsi", "algorithm",  "k",
                                        "opc",  "res_length", "keccak_iterations",
                                        "seq",  "mnc_length", NULL};
    struct aka_keys *keys = &out->usim->keys;
    only_known(r, o, at, known);
    if (imsi_parse(bytes_of_str(strict_text(r, o, at, "imsi")), out->imsi) != E_OK) {
        strict_refuse(r, E_BAD_VALUE, "%simsi is not 6 to 15 digits", at);
    }
    if (aka_algorithm_parse(bytes_of_str(strict_text(r, o, at, "algorithm")), &keys->algorithm) !=
        E_OK) {
        strict_refuse(r, E_BAD_VALUE, "%salgorithm is neither milenage nor tuak", at);
    }
    keys->k.n = long_hex_at(r, o, at, "k", keys->k.b);
    keys->opc.n = long_hex_at(r, o, at, "opc", keys->opc.b);
    keys->res_len = (uint8_t)strict_number(r, o, at, "res_length", 16);
    keys->keccak_iterations = (uint8_t)strict_number(r, o, at, "keccak_iterations", 255);
    read_seq(r, o, at, out->usim);
    *out->mnc_n = read_mnc_length(r, o, at);
    enum err e = r->err == E_OK ? aka_keys_check(keys) : E_OK;
    if (e != E_OK) {
        strict_refuse(r, e, "%.*s: the lengths of k, opc and res_length do not fit the algorithm",
                      (int)strlen(at) - 1, at);
    }
}

static void read_last(struct strict *r, json_t *o, struct binding_me *me)
{
    static const char *const known[] = {"rand", "res", "ck", "ik", "amf", "sqn", NULL};
    struct usim_answer *a = &me->last_answer;
    only_known(r, o, "last.", known);
    strict_hex(r, o, "last.", "rand", MBYTES_OF(me->last_rand));
    strict_hex(r, o, "last.", "ck", MBYTES_OF(a->ck.b));
    strict_hex(r, o, "last.", "ik", MBYTES_OF(a->ik.b));
    size_t n = strlen(strict_text(r, o, "last.", "res")) / 2;
    if (n != 4 && n != 8 && n != 16) {
        strict_refuse(r, E_BAD_VALUE, "last.res is not 8, 16 or 32 hex digits");
        return;
    }
    a->res.n = (uint8_t)n;
    strict_hex(r, o, "last.", "res", (struct mbytes){a->res.b, n});
    a->amf = (uint16_t)strict_number(r, o, "last.", "amf", 0xffff);
    a->sqn = (uint64_t)strict_number(r, o, "last.", "sqn", (int64_t)SQN_MAX);
    me->answered = r->err == E_OK;
}

/* ---- what the NAS client keeps ---- */

static void plmn_at(struct strict *r, json_t *o, const char *at, struct plmn *out)
{
    if (plmn_parse(bytes_of_str(strict_text(r, o, at, "plmn")), out) != E_OK) {
        strict_refuse(r, E_BAD_VALUE, "%splmn is not MCC-MNC", at);
    }
}

static void read_guti(struct strict *r, json_t *o, struct nas_guti *out)
{
    static const char *const known[] = {"plmn", "mme_group", "mme_code", "m_tmsi", NULL};
    only_known(r, o, "nas.guti.", known);
    plmn_at(r, o, "nas.guti.", &out->plmn);
    out->mme_group_id = (uint16_t)strict_number(r, o, "nas.guti.", "mme_group", UINT16_MAX);
    out->mme_code = (uint8_t)strict_number(r, o, "nas.guti.", "mme_code", UINT8_MAX);
    out->m_tmsi = (uint32_t)strict_number(r, o, "nas.guti.", "m_tmsi", UINT32_MAX);
}

static void read_tai(struct strict *r, json_t *o, struct nas_tai *out)
{
    static const char *const known[] = {"plmn", "tac", NULL};
    only_known(r, o, "nas.last_tai.", known);
    plmn_at(r, o, "nas.last_tai.", &out->plmn);
    out->tac = (uint16_t)strict_number(r, o, "nas.last_tai.", "tac", UINT16_MAX);
}

static void read_tai_list(struct strict *r, json_t *o, struct device_nas *out)
{
    struct nas_tai_list list;
    size_t n = strlen(strict_text(r, o, "nas.", "tai_list")) / 2;
    if (n > sizeof out->tai_list) {
        strict_refuse(r, E_BAD_VALUE, "nas.tai_list is longer than a TAI list ever is");
        return;
    }
    strict_hex(r, o, "nas.", "tai_list", (struct mbytes){out->tai_list, n});
    out->tai_list_n = (uint8_t)n;
    if (r->err == E_OK && n > 0 &&
        nas_tai_list_parse((struct bytes){out->tai_list, n}, &list) != E_OK) {
        strict_refuse(r, E_BAD_VALUE, "nas.tai_list is not a TAI list");
    }
}

static void read_nas(struct strict *r, json_t *o, struct device_state *out)
{
    static const char *const known[] = {"guti",     "last_tai", "tai_list",
                                        "t3346_ms", "security", NULL};
    struct device_nas *nas = &out->nas;
    only_known(r, o, "nas.", known);
    nas->has_guti = strict_has(o, "guti");
    if (nas->has_guti) {
        read_guti(r, json_object_get(o, "guti"), &nas->guti);
    }
    nas->has_last_tai = strict_has(o, "last_tai");
    if (nas->has_last_tai) {
        read_tai(r, json_object_get(o, "last_tai"), &nas->last_tai);
    }
    read_tai_list(r, o, nas);
    nas->t3346_ms = (uint32_t)strict_number(r, o, "nas.", "t3346_ms", UINT32_MAX);
    nas->has_security = strict_has(o, "security");
    if (nas->has_security) {
        strict_hex(r, o, "nas.", "security", MBYTES_OF(nas->security));
    }
    out->has_nas = r->err == E_OK;
}

static void read_identity(struct strict *r, json_t *o, struct device_key *out)
{
    static const char *const known[] = {"algorithm", "key", NULL};
    uint8_t algorithm = 0;
    size_t n = 0;
    only_known(r, o, "identity.", known);
    const struct bytes pem = bytes_of_str(strict_text(r, o, "identity.", "key"));
    if (devid_algorithm_parse(bytes_of_str(strict_text(r, o, "identity.", "algorithm")),
                              &out->algorithm) != E_OK) {
        strict_refuse(r, E_BAD_VALUE, "identity.algorithm is none of those that devices sign with");
    }
    if (signer_openssl_from_pem(pem, out->der, &n) != E_OK ||
        signer_openssl_algorithm((struct bytes){out->der, n}, &algorithm) != E_OK ||
        algorithm != out->algorithm) {
        strict_refuse(r, E_BAD_VALUE,
                      "identity.key is not a private key (PKCS#8 in PEM) of its algorithm");
    }
    out->n = (uint16_t)n;
}

/* ---- the making of a KME ---- */

static void read_pending(struct strict *r, json_t *o, struct kme_pending *out)
{
    static const char *const known[] = {"kme", "nonce", "nw_sig", "encrypted", NULL};
    only_known(r, o, "kme_pending.", known);
    strict_hex(r, o, "kme_pending.", "kme", MBYTES_OF(out->kme.b));
    strict_hex(r, o, "kme_pending.", "nonce", MBYTES_OF(out->nonce));
    strict_hex(r, o, "kme_pending.", "nw_sig", MBYTES_OF(out->xnw_sig));
    out->n = (uint16_t)strict_long_hex(r, o, "kme_pending.", "encrypted", KME_MODULUS_MIN,
                                       MBYTES_OF(out->encrypted));
    out->present = r->err == E_OK;
}

static void read_lot(struct strict *r, json_t *o, struct kme_lot *out)
{
    static const char *const known[] = {"id", "modulus", NULL};
    uint8_t modulus[KME_MODULUS_MAX];
    only_known(r, o, "lot.", known);
    const char *id = strict_text(r, o, "lot.", "id");
    const size_t n = strict_long_hex(r, o, "lot.", "modulus", KME_MODULUS_MIN, MBYTES_OF(modulus));
    if (r->err == E_OK &&
        device_lot_make(bytes_of_str(id), (struct bytes){modulus, n}, out) != E_OK) {
        strict_refuse(r, E_BAD_VALUE, "lot.%s",
                      kme_lot_id_parse(bytes_of_str(id), &out->id) != E_OK
                          ? "id is not 1 to 32 letters, digits, dots, hyphens and underscores"
                          : "modulus is not one that a lot may have");
    }
}

/* ---- what it gets a subscription with, and what came with it ---- */

static void read_key(struct strict *r, json_t *o, struct device_onboarding *out)
{
    static const char *const names[] = {[CERTATTACH_EC] = "p256", [CERTATTACH_RSA] = "rsa"};
    const char *algorithm = strict_text(r, o, "onboarding.", "algorithm");
    const struct bytes pem = bytes_of_str(strict_text(r, o, "onboarding.", "key"));
    enum certattach_form form = CERTATTACH_EC;
    uint16_t sent_n = 0;
    size_t n = 0;
    if (signer_openssl_from_pem(pem, out->key, &n) != E_OK ||
        onboard_openssl_form((struct bytes){out->key, n}, &form, &sent_n) != E_OK ||
        strcmp(algorithm, names[form]) != 0) {
        strict_refuse(r, E_BAD_VALUE,
                      "onboarding.key is not a private key (PKCS#8 in PEM) of its algorithm, "
                      "p256 or rsa");
        return;
    }
    out->form = (uint8_t)form;
    out->key_n = (uint16_t)n;
}

/* Certificates, each in base64. */
static void read_roots(struct strict *r, json_t *o, struct device_onboarding *out)
{
    json_t *list = json_object_get(o, "roots"), *v;
    uint8_t der[DEVICE_ROOTS_LEN];
    size_t i, n = 0;
    if (json_array_size(list) == 0 || json_array_size(list) > DEVICE_ROOTS_MAX) {
        strict_refuse(r, E_BAD_VALUE, "onboarding.roots is not an array of 1 to %d certificates",
                      DEVICE_ROOTS_MAX);
        return;
    }
    json_array_foreach(list, i, v)
    {
        const char *text = json_string_value(v);
        if (text == NULL || base64_read(bytes_of_str(text), MBYTES_OF(der), &n) != E_OK ||
            device_add_root(out, (struct bytes){der, n}) != E_OK) {
            strict_refuse(r, E_BAD_VALUE,
                          "onboarding.roots[%zu] is no certificate (DER in base64), or too long",
                          i);
            return;
        }
    }
}

static void read_networks(struct strict *r, json_t *o, struct device_onboarding *out)
{
    json_t *list = json_object_get(o, "networks"), *v;
    size_t i;
    if (list != NULL &&
        (json_array_size(list) == 0 || json_array_size(list) > DEVICE_NETWORKS_MAX)) {
        strict_refuse(r, E_BAD_VALUE, "onboarding.networks is not an array of 1 to %d PLMNs",
                      DEVICE_NETWORKS_MAX);
        return;
    }
    json_array_foreach(list, i, v)
    {
        const char *text = json_string_value(v);
        if (text == NULL || plmn_parse(bytes_of_str(text), &out->network[i]) != E_OK) {
            strict_refuse(r, E_BAD_VALUE, "onboarding.networks[%zu] is not MCC-MNC", i);
        }
    }
    out->n_networks = (uint8_t)json_array_size(list);
}

static void read_onboarding(struct strict *r, json_t *o, struct device_onboarding *out)
{
    static const char *const known[] = {"url", "algorithm", "key", "roots", "networks", NULL};
    struct certattach_url url;
    only_known(r, o, "onboarding.", known);
    const char *text = strict_text(r, o, "onboarding.", "url");
    if (certattach_url_parse(bytes_of_str(text), &url) != E_OK) {
        strict_refuse(r, E_BAD_VALUE, "onboarding.url is not https://HOST/DeviceID=ID");
        return;
    }
    (void)snprintf(out->url, sizeof out->url, "%s", text);
    read_key(r, o, out);
    read_roots(r, o, out);
    read_networks(r, o, out);
}

static void read_apns(struct strict *r, json_t *o, struct device_profile *out)
{
    json_t *list = json_object_get(o, "apns"), *v;
    size_t i;
    if (!json_is_array(list) || json_array_size(list) > CERTATTACH_APNS_MAX) {
        strict_refuse(r, E_BAD_VALUE, "profile.apns is not an array of at most %d names",
                      CERTATTACH_APNS_MAX);
        return;
    }
    json_array_foreach(list, i, v)
    {
        const char *text = json_string_value(v);
        if (text == NULL || text[0] == '\0' || strlen(text) > CERTATTACH_APN_MAX) {
            strict_refuse(r, E_BAD_VALUE, "profile.apns[%zu] is not 1 to %d characters", i,
                          CERTATTACH_APN_MAX);
            return;
        }
        (void)snprintf(out->apns[i], sizeof out->apns[i], "%s", text);
    }
    out->n_apns = (uint8_t)json_array_size(list);
}

static bool read_flag(struct strict *r, json_t *o, const char *at, const char *key)
{
    const json_t *v = json_object_get(o, key);
    if (!json_is_boolean(v)) {
        strict_refuse(r, v != NULL ? E_BAD_VALUE : E_MISSING, "%s%s is neither true nor false", at,
                      key);
    }
    return json_is_true(v);
}

void device_trial_read(struct strict *r, json_t *o, const char *at, struct bindery_ue_trial *out)
{
    out->confirmed = read_flag(r, o, at, "confirmed");
    out->challenged = read_flag(r, o, at, "challenged");
    out->failures = (uint8_t)strict_number(r, o, at, "failures", UINT8_MAX);
}

static void read_profile(struct strict *r, json_t *o, struct device_profile *out)
{
    static const char *const known[] = {"confirmed", "challenged", "failures", "home",
                                        "policy",    "apns",       NULL};
    enum binding_policy policy = BINDING_OPEN;
    only_known(r, o, "profile.", known);
    device_trial_read(r, o, "profile.", &out->trial);
    if (plmn_parse(bytes_of_str(strict_text(r, o, "profile.", "home")), &out->home) != E_OK) {
        strict_refuse(r, E_BAD_VALUE, "profile.home is not MCC-MNC");
    }
    if (binding_policy_parse(bytes_of_str(strict_text(r, o, "profile.", "policy")), &policy) !=
        E_OK) {
        strict_refuse(r, E_BAD_VALUE, "profile.policy is no policy of a binding");
    }
    out->policy = (uint8_t)policy;
    read_apns(r, o, out);
    out->present = r->err == E_OK;
}

/* What needs a subscription is not there without one. */
static void read_without_usim(struct strict *r, json_t *o)
{
    static const char *const belong[] = {"kme", "kme_pending", "last",
                                         "nas", "profile",     "discovery"};
    if (!strict_has(o, "onboarding") && !strict_has(o, "secure_element")) {
        strict_refuse(r, E_MISSING,
                      "usim is missing, and without onboarding or a secure element the device "
                      "never gets one");
    }
    for (size_t i = 0; i < sizeof belong / sizeof belong[0]; i++) {
        if (strict_has(o, belong[i])) {
            strict_refuse(r, E_BAD_VALUE, "%s is there, and no usim that it could belong to",
                          belong[i]);
        }
    }
}

/* ---- the whole ---- */

static void read_me(struct strict *r, json_t *o, struct device_state *out)
{
    if (strict_has(o, "kme")) {
        strict_hex(r, o, "", "kme", MBYTES_OF(out->me.kme.b));
        out->me.has_kme = r->err == E_OK;
    }
    if (strict_has(o, "kme_pending")) {
        read_pending(r, json_object_get(o, "kme_pending"), &out->pending);
    }
    if (strict_has(o, "lot")) {
        read_lot(r, json_object_get(o, "lot"), &out->lot);
    }
    if (strict_has(o, "identity")) {
        read_identity(r, json_object_get(o, "identity"), &out->identity);
    }
}

static void read_device(struct strict *r, json_t *o, struct device_state *out)
{
    static const char *const known[] = {
        "bindery_device", "imei",           "kme",       "kme_pending", "lot",
        "identity",       "usim",           "last",      "nas",         "onboarding",
        "profile",        "secure_element", "discovery", NULL};
    only_known(r, o, "", known);
    if (strict_number(r, o, "", "bindery_device", INT32_MAX) > DEVICE_STATE_FORMAT) {
        strict_refuse(r, E_TOO_NEW, "it was written by a newer version of this program");
    }
    if (imei_parse(bytes_of_str(strict_text(r, o, "", "imei")), &out->imei) != E_OK) {
        strict_refuse(r, E_BAD_VALUE, "imei is not 14 digits, or 15 with a right check digit");
    }
    if (!strict_has(o, "usim")) {
        read_without_usim(r, o);
    }
    read_me(r, o, out);
    if (strict_has(o, "onboarding")) {
        read_onboarding(r, json_object_get(o, "onboarding"), &out->onboarding);
    }
    if (strict_has(o, "secure_element")) {
        device_se_read(r, json_object_get(o, "secure_element"), &out->se);
    }
    if (strict_has(o, "usim")) {
        const struct device_usim usim = {&out->imsi, &out->usim, &out->mnc_n};
        device_usim_read(r, json_object_get(o, "usim"), "usim.", &usim);
    }
    if (strict_has(o, "profile")) {
        read_profile(r, json_object_get(o, "profile"), &out->profile);
    }
    if (strict_has(o, "discovery")) {
        device_discovery_read(r, json_object_get(o, "discovery"), out);
    }
    if (strict_has(o, "last")) {
        read_last(r, json_object_get(o, "last"), &out->me);
    }
    if (strict_has(o, "nas")) {
        read_nas(r, json_object_get(o, "nas"), out);
    }
}

enum err device_state_parse(const char *name, struct bytes json, struct device_state *out,
                            struct device_why *why)
{
    struct strict r = {.name = name, .why = why->text, .why_cap = sizeof why->text};
    memset(out, 0, sizeof *out);
    json_t *o = strict_object(&r, json, WHAT);
    if (o != NULL) {
        read_device(&r, o, out);
    }
    json_decref(o);
    if (r.err != E_OK) {
        device_state_wipe(out);
    }
    return r.err;
}
