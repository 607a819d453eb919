/* A secure element, and what came of its dIMSIs, in a device state file:
 * src/device/linux/state_file.h. */
#include "device/linux/state_parts.h"

#include "device/linux/base64.h"
#include <string.h>

/* ---- reading ---- */

static void read_certificates(struct strict *r, json_t *o, const char *key,
                              struct device_certificates *out)
{
    json_t *list = json_object_get(o, key), *v;
    uint8_t der[DEVICE_CERTIFICATES_LEN];
    size_t i, n = 0;
    if (json_array_size(list) == 0 || json_array_size(list) > DEVICE_CERTIFICATES_MAX) {
        strict_refuse(r, E_BAD_VALUE, "secure_element.%s is not an array of 1 to %d certificates",
                      key, DEVICE_CERTIFICATES_MAX);
        return;
    }
    json_array_foreach(list, i, v)
    {
        const char *text = json_string_value(v);
        if (text == NULL || base64_read(bytes_of_str(text), MBYTES_OF(der), &n) != E_OK ||
            device_add_certificate(out, (struct bytes){der, n}) != E_OK) {
            strict_refuse(r, E_BAD_VALUE,
                          "secure_element.%s[%zu] is no certificate (DER in base64), or too long",
                          key, i);
            return;
        }
    }
}

static void read_key(struct strict *r, json_t *o, struct device_key *out)
{
    const struct bytes text = bytes_of_str(strict_text(r, o, "secure_element.", "key"));
    uint8_t algorithm = 0;
    size_t n = 0;
    if (base64_read(text, MBYTES_OF(out->der), &n) != E_OK ||
        signer_openssl_algorithm((struct bytes){out->der, n}, &algorithm) != E_OK ||
        algorithm != DEVID_ECDSA_P256) {
        strict_refuse(r, E_BAD_VALUE,
                      "secure_element.key is not a private key of P-256 (PKCS#8 in base64)");
        return;
    }
    out->algorithm = algorithm;
    out->n = (uint16_t)n;
}

static void imsi_at(struct strict *r, json_t *o, const char *at, const char *key, struct imsi *out)
{
    if (imsi_parse(bytes_of_str(strict_text(r, o, at, key)), out) != E_OK) {
        strict_refuse(r, E_BAD_VALUE, "%s%s is not 6 to 15 digits", at, key);
    }
}

#define SLOT_AT "secure_element.slots[]."

static void read_slot(struct strict *r, json_t *o, struct dimsi_slot *out)
{
    static const char *const known[] = {"dimsi", "arpf", "token", "ek", "imsi", NULL};
    strict_only(r, o, SLOT_AT, known, DEVICE_STATE_WHAT);
    imsi_at(r, o, SLOT_AT, "dimsi", &out->dimsi);
    if (dimsi_name_parse(bytes_of_str(strict_text(r, o, SLOT_AT, "arpf")), &out->arpf) != E_OK) {
        strict_refuse(r, E_BAD_VALUE, SLOT_AT "arpf is not a DNS name in lower case");
    }
    strict_hex(r, o, SLOT_AT, "token", MBYTES_OF(out->token));
    out->erased = !strict_has(o, "ek");
    if (!out->erased) {
        strict_hex(r, o, SLOT_AT, "ek", MBYTES_OF(out->ek.b));
    }
    out->installed = strict_has(o, "imsi");
    if (out->installed) {
        imsi_at(r, o, SLOT_AT, "imsi", &out->imsi);
    }
    if (out->erased && !out->installed) {
        strict_refuse(r, E_BAD_VALUE, SLOT_AT "ek is not there, and no imsi that it was used for");
    }
}

static void read_slots(struct strict *r, json_t *o, struct device_se *out)
{
    json_t *list = json_object_get(o, "slots"), *v;
    size_t i;
    if (!json_is_array(list) || json_array_size(list) > DEVICE_SLOTS_MAX) {
        strict_refuse(r, E_BAD_VALUE, "secure_element.slots is not an array of at most %d",
                      DEVICE_SLOTS_MAX);
        return;
    }
    json_array_foreach(list, i, v)
    {
        read_slot(r, v, &out->slot[i]);
        for (size_t j = 0; j < i; j++) {
            if (r->err == E_OK && imsi_eq(&out->slot[i].dimsi, &out->slot[j].dimsi)) {
                strict_refuse(r, E_BAD_VALUE, "secure_element.slots has a dIMSI twice");
            }
        }
    }
    out->n_slots = (uint8_t)json_array_size(list);
}

void device_se_read(struct strict *r, json_t *o, struct device_se *out)
{
    static const char *const known[] = {"key", "certificates", "ci", "tokens", "slots", NULL};
    strict_only(r, o, "secure_element.", known, DEVICE_STATE_WHAT);
    read_key(r, o, &out->key);
    read_certificates(r, o, "certificates", &out->chain);
    read_certificates(r, o, "ci", &out->ci);
    out->tokens = (uint32_t)strict_number(r, o, "secure_element.", "tokens", UINT32_MAX);
    read_slots(r, o, out);
}

static void read_previous(struct strict *r, json_t *o, struct device_state *out)
{
    struct device_discovery *d = &out->discovery;
    const struct device_usim usim = {&d->previous.imsi, &d->previous.usim, &d->previous.mnc_n};
    device_usim_read(r, o, "discovery.previous.", &usim);
    if (!d->asked || !out->profile.present) {
        strict_refuse(r, E_BAD_VALUE,
                      "discovery.previous is there, and no request and profile to be tried first");
    }
}

/* The subscription is that of a slot whose eK is there. */
static void check_slot(struct strict *r, const struct device_state *s, const struct imsi *dimsi)
{
    const struct device_discovery *d = &s->discovery;
    const bool tries = d->previous.imsi.n > 0;
    const struct imsi *imsi = tries ? &d->previous.imsi : &s->imsi;
    const size_t i = device_slot_of(s, dimsi);
    if (r->err == E_OK && (i == DEVICE_SLOTS_MAX || s->se.slot[i].erased ||
                           !s->se.slot[i].installed || !imsi_eq(&s->se.slot[i].imsi, imsi))) {
        strict_refuse(r, E_BAD_VALUE, "discovery.dimsi has no slot that %s could be of",
                      tries ? "discovery.previous" : "usim");
    }
    if (r->err == E_OK && !tries && s->profile.present) {
        strict_refuse(r, E_BAD_VALUE, "profile is there, and the subscription is that of a slot");
    }
}

void device_discovery_read(struct strict *r, json_t *o, struct device_state *out)
{
    static const char *const known[] = {"dimsi",   "confirmed", "challenged", "failures",
                                        "request", "previous",  NULL};
    struct device_discovery *d = &out->discovery;
    struct imsi dimsi;
    memset(&dimsi, 0, sizeof dimsi);
    strict_only(r, o, "discovery.", known, DEVICE_STATE_WHAT);
    imsi_at(r, o, "discovery.", "dimsi", &dimsi);
    device_trial_read(r, o, "discovery.", &d->trial);
    d->asked = strict_has(o, "request");
    if (d->asked) {
        strict_hex(r, o, "discovery.", "request", MBYTES_OF(d->request));
    }
    if (strict_has(o, "previous")) {
        read_previous(r, json_object_get(o, "previous"), out);
    }
    check_slot(r, out, &dimsi);
    d->slot = (uint8_t)(1 + device_slot_of(out, &dimsi));
}

/* ---- writing ---- */

static json_t *certificates_json(const struct device_certificates *c)
{
    json_t *list = json_array();
    for (size_t i = 0; i < c->count; i++) {
        list = device_json_append(list, device_base64_json(device_certificate(c, i)));
    }
    return list;
}

static json_t *slot_json(const struct dimsi_slot *s)
{
    return json_pack("{s:s, s:s, s:o, s:o, s:s?}", "dimsi", s->dimsi.digits, "arpf", s->arpf.text,
                     "token", device_hex_json(BYTES_OF(s->token)), "ek",
                     s->erased ? json_null() : device_hex_json(BYTES_OF(s->ek.b)), "imsi",
                     s->installed ? s->imsi.digits : NULL);
}

json_t *device_se_json(const struct device_se *se)
{
    json_t *slots = json_array();
    for (size_t i = 0; i < se->n_slots; i++) {
        slots = device_json_append(slots, slot_json(&se->slot[i]));
    }
    return json_pack("{s:o, s:o, s:o, s:I, s:o}", "key",
                     device_base64_json((struct bytes){se->key.der, se->key.n}), "certificates",
                     certificates_json(&se->chain), "ci", certificates_json(&se->ci), "tokens",
                     (json_int_t)se->tokens, "slots", slots);
}

json_t *device_discovery_json(const struct device_state *s)
{
    const struct device_discovery *d = &s->discovery;
    return json_pack("{s:s, s:b, s:b, s:i, s:o, s:o}", "dimsi",
                     s->se.slot[d->slot - 1].dimsi.digits, "confirmed", (int)d->trial.confirmed,
                     "challenged", (int)d->trial.challenged, "failures", (int)d->trial.failures,
                     "request", d->asked ? device_hex_json(BYTES_OF(d->request)) : json_null(),
                     "previous",
                     d->previous.imsi.n > 0
                         ? device_usim_json(&d->previous.imsi, &d->previous.usim, d->previous.mnc_n)
                         : json_null());
}
