#include "nf/repod/publish.h"

#include "nf/common/base64.h"

#include <stdio.h>
#include <string.h>

static bool wrong(struct publish_why *why, enum cause cause, const char *detail)
{
    why->cause = cause;
    (void)snprintf(why->detail, sizeof why->detail, "%s", detail);
    return false;
}

/* What a client sent may stand in it, cut off inside a character. */
static void only_printable(struct publish_why *why)
{
    for (char *p = why->detail; *p != '\0'; p++) {
        *p = *p >= ' ' && *p <= '~' ? *p : '?';
    }
}

static bool wrong_member(struct publish_why *why, enum cause cause, const char *name,
                         const char *what)
{
    why->cause = cause;
    (void)snprintf(why->detail, sizeof why->detail, "`%.40s` %.100s", name, what);
    only_printable(why);
    return false;
}

json_t *publish_json(struct bytes text, struct publish_why *why)
{
    json_error_t error;
    json_t *json = json_loadb((const char *)text.p, text.n, JSON_REJECT_DUPLICATES, &error);
    if (json == NULL) {
        why->cause = CAUSE_NOT_JSON;
        (void)snprintf(why->detail, sizeof why->detail, "at octet %d: %.120s", error.position,
                       error.text);
        only_printable(why);
    } else if (!json_is_object(json)) {
        (void)wrong(why, CAUSE_NOT_JSON, "it is no object");
        json_decref(json);
        json = NULL;
    }
    return json;
}

static struct bytes text_of(const json_t *v)
{
    return (struct bytes){(const uint8_t *)json_string_value(v), json_string_length(v)};
}

bool publish_identity(const json_t *json, struct publish_row *row, struct publish_why *why)
{
    const json_t *imei = json_object_get(json, "imei"), *use = json_object_get(json, "use");
    if (imei == NULL || use == NULL) {
        return wrong_member(why, CAUSE_MISSING_MEMBER, imei == NULL ? "imei" : "use", "is missing");
    }
    if (!json_is_string(imei) || imei_parse(text_of(imei), &row->imei) != E_OK) {
        return wrong_member(why, CAUSE_BAD_MEMBER, "imei",
                            "is not 14 digits, or 15 with the right check digit");
    }
    if (!json_is_string(use) || binding_use_parse(text_of(use), &row->use) != E_OK) {
        return wrong_member(why, CAUSE_BAD_MEMBER, "use", "is not identity or provisioning");
    }
    return true;
}

/* ---- members ---- */

static bool members_known(const json_t *json, bool in_bulk, struct publish_why *why)
{
    static const char *const known[] = {"public_key", "certificates", "not_before",
                                        "not_after",  "replaces",     "device",
                                        "imei",       "use",          "revoke"};
    const size_t n = in_bulk ? 9 : 6;
    const char *key = NULL;
    json_t *value = NULL;
    json_object_foreach((json_t *)(uintptr_t)json, key, value)
    {
        bool found = false;
        for (size_t i = 0; i < n && !found; i++) {
            found = strcmp(key, known[i]) == 0;
        }
        if (!found) {
            return wrong_member(why, CAUSE_UNKNOWN_MEMBER, key, "is not known here");
        }
    }
    return true;
}

static bool number(const json_t *json, const char *name, int64_t least, int64_t *out,
                   struct publish_why *why)
{
    const json_t *v = json_object_get(json, name);
    if (v == NULL) {
        return true;
    }
    if (!json_is_integer(v) || json_integer_value(v) < least ||
        json_integer_value(v) > PUBLISH_NO_END) {
        return wrong_member(why, CAUSE_BAD_MEMBER, name, "is not a whole number in its range");
    }
    *out = json_integer_value(v);
    return true;
}

static bool key_wrong(struct publish_why *why, enum err err, const char *name)
{
    enum cause cause = err == E_UNSUPPORTED ? CAUSE_KEY_UNSUPPORTED
                       : err == E_MEMORY    ? CAUSE_NO_MEMORY
                                            : CAUSE_KEY_MALFORMED;
    return wrong_member(why, cause, name,
                        cause == CAUSE_KEY_UNSUPPORTED
                            ? "is not on P-256 or P-384, Ed25519, or RSA of 2048 to 4096 bits"
                            : "is no public key in its one encoding");
}

/* A key that is encrypted to: P-256 for ECIES, or RSA for OAEP. */
static bool kind_serves(enum verify_key_kind kind, uint8_t use, struct publish_why *why)
{
    return use == BINDING_IDENTITY || kind == VERIFY_KEY_P256 || kind == VERIFY_KEY_RSA ||
           wrong(why, CAUSE_KEY_UNSUPPORTED, "a provisioning key is on P-256, or RSA");
}

static bool read_key(const json_t *v, struct publish_row *row, struct publish_why *why)
{
    enum verify_key_kind kind = VERIFY_KEY_RSA;
    if (!json_is_string(v) ||
        base64_decode(text_of(v), MBYTES_OF(row->spki), &row->spki_n) != E_OK) {
        return wrong_member(why, CAUSE_KEY_MALFORMED, "public_key",
                            "is not base64 of a SubjectPublicKeyInfo");
    }
    const struct bytes spki = {row->spki, row->spki_n};
    enum err err = verify_key(spki, &kind);
    if (err != E_OK) {
        return key_wrong(why, err, "public_key");
    }
    row->form = BINDING_PUBLIC_KEY;
    memcpy(row->credential, row->spki, row->spki_n);
    row->credential_n = row->spki_n;
    return kind_serves(kind, row->use, why) && (verify_digest(spki, row->digest) == E_OK ||
                                                wrong(why, CAUSE_SIGNING_FAILED, "no digest"));
}

/* ---- chains ---- */

struct bytes publish_certificate(struct bytes credential, size_t i)
{
    struct rd r = rd_of(credential);
    struct bytes found = {NULL, 0};
    for (size_t k = 0; k <= i; k++) {
        found = rd_left(&r) > 0 ? rd_take(&r, rd_be16(&r)) : (struct bytes){NULL, 0};
    }
    return r.err == E_OK ? found : (struct bytes){NULL, 0};
}

/* Decodes into row->credential, each behind its length. */
static bool decode_chain(const json_t *list, struct publish_row *row,
                         struct bytes chain[static VERIFY_CHAIN_MAX], struct publish_why *why)
{
    size_t n = json_array_size(list);
    row->credential_n = 0;
    if (n == 0 || n > VERIFY_CHAIN_MAX) {
        return wrong(why, n == 0 ? CAUSE_CHAIN_MALFORMED : CAUSE_CHAIN_TOO_LARGE,
                     "a chain is 1 to 6 certificates");
    }
    for (size_t i = 0; i < n; i++) {
        const json_t *v = json_array_get(list, i);
        size_t at = row->credential_n + 2, got = 0;
        size_t room = at < sizeof row->credential ? sizeof row->credential - at : 0;
        struct mbytes out = {row->credential + at, room < 0xffff ? room : 0xffff};
        enum err err = json_is_string(v) ? base64_decode(text_of(v), out, &got) : E_BAD_VALUE;
        if (err != E_OK) {
            return wrong(why, err == E_NO_ROOM ? CAUSE_CHAIN_TOO_LARGE : CAUSE_CHAIN_MALFORMED,
                         "a certificate is base64 of DER; all of them have 16384 octets at most");
        }
        row->credential[at - 2] = (uint8_t)(got >> 8);
        row->credential[at - 1] = (uint8_t)got;
        chain[i] = (struct bytes){row->credential + at, got};
        row->credential_n = at + got;
    }
    return row->credential_n - 2 * n <= VERIFY_DER_MAX ||
           wrong(why, CAUSE_CHAIN_TOO_LARGE, "all certificates have 16384 octets at most");
}

void publish_roots_free(struct publish_roots *roots)
{
    for (size_t i = 0; i < PUBLISH_ROOTS; i++) {
        verifier_close(roots->all[i].verifier);
    }
    *roots = (struct publish_roots){.next = 0};
}

/* NULL: it is no CA that signs itself. */
static const struct verifier *root_of(struct publish_roots *roots, struct bytes der)
{
    uint8_t digest[32];
    struct verifier *made = NULL;
    if (verify_digest(der, digest) != E_OK) {
        return NULL;
    }
    for (size_t i = 0; i < PUBLISH_ROOTS; i++) {
        if (roots->all[i].verifier != NULL &&
            memcmp(roots->all[i].digest, digest, sizeof digest) == 0) {
            return roots->all[i].verifier;
        }
    }
    if (verifier_of_root(der, &made) != E_OK) {
        return NULL;
    }
    const unsigned at = roots->next++ % PUBLISH_ROOTS;
    verifier_close(roots->all[at].verifier);
    roots->all[at].verifier = made;
    memcpy(roots->all[at].digest, digest, sizeof digest);
    return made;
}

static enum verify_verdict verify_row(const struct bytes *chain, size_t n,
                                      const struct publish_rules *rules, uint8_t use,
                                      struct verify_peer *leaf)
{
    enum verify_purpose purpose =
        use == BINDING_IDENTITY ? VERIFY_DEVICE_IDENTITY : VERIFY_DEVICE_PROVISIONING;
    const bool with_root = rules->device_ca == NULL;
    const struct verifier *by = with_root ? root_of(rules->roots, chain[n - 1]) : rules->device_ca;
    if (by == NULL) {
        return VERIFY_UNTRUSTED;
    }
    /* The root is what the verifier was made of: it is not read again. Alone it is a device's. */
    verify_chain(by, chain, with_root && n > 1 ? n - 1 : n, purpose, rules->now, leaf);
    return leaf->verdict;
}

/* Whoever encrypts to it will not take a certificate of another purpose. */
static bool is_for_device(const struct verify_peer *leaf, enum verify_key_kind kind,
                          struct publish_why *why)
{
    if (!verify_has_role(leaf, VERIFY_ROLE_DEVICE)) {
        return wrong_member(why, CAUSE_CHAIN_USAGE, "certificates",
                            "has no extended key usage 1.3.6.1.4.1.32473.1.1.5, a device's");
    }
    return verify_may_encrypt(leaf, kind) ||
           wrong_member(why, CAUSE_CHAIN_USAGE, "certificates",
                        "has another key usage than keyAgreement (P-256) or keyEncipherment (RSA)");
}

static bool read_chain(const json_t *list, const struct publish_rules *rules,
                       struct publish_row *row, struct publish_why *why)
{
    struct bytes chain[VERIFY_CHAIN_MAX];
    struct verify_peer leaf = {.verdict = VERIFY_FAILED};
    enum verify_key_kind kind = VERIFY_KEY_RSA;
    if (!json_is_array(list)) {
        return wrong_member(why, CAUSE_CHAIN_MALFORMED, "certificates", "is no list");
    }
    if (!decode_chain(list, row, chain, why)) {
        return false;
    }
    enum err err = verify_key_of_certificate(chain[0], row->spki, &row->spki_n, &kind);
    if (err != E_OK) {
        return key_wrong(why, err, "certificates");
    }
    enum verify_verdict verdict = verify_row(chain, json_array_size(list), rules, row->use, &leaf);
    if (verdict != VERIFY_GOOD) {
        return wrong_member(why, cause_of_chain(verdict), "certificates",
                            verify_verdict_sentence(verdict));
    }
    if (row->device.id[0] != '\0' && !is_for_device(&leaf, kind, why)) {
        return false;
    }
    row->form = BINDING_CERTIFICATE;
    row->not_before = leaf.not_before;
    row->not_after = leaf.not_after;
    memcpy(row->digest, leaf.digest, sizeof row->digest);
    return kind_serves(kind, row->use, why);
}

static bool read_validity(const json_t *json, const struct publish_rules *rules,
                          struct publish_row *row, struct publish_why *why)
{
    const int64_t least = row->not_before, most = row->not_after;
    bool certified = row->form == BINDING_CERTIFICATE;
    if (!number(json, "not_before", 0, &row->not_before, why) ||
        !number(json, "not_after", 0, &row->not_after, why)) {
        return false;
    }
    if (row->not_before >= row->not_after || row->not_after <= rules->now) {
        return wrong(why, CAUSE_VALIDITY, "it begins after its end, or is over");
    }
    if (certified && (row->not_before < least || row->not_after > most)) {
        return wrong(why, CAUSE_VALIDITY, "it is longer than the certificate's");
    }
    /* A device record has none of its own: what nobody would heed is not taken. */
    return row->device.id[0] == '\0' || (row->not_before == least && row->not_after == most) ||
           wrong(why, CAUSE_VALIDITY, "with `device` it is the certificate's: revoke it to end it");
}

static bool read_revocation(const json_t *json, struct publish_row *row, struct publish_why *why)
{
    row->revoke = json_is_true(json_object_get(json, "revoke"));
    if (!row->revoke) {
        return wrong_member(why, CAUSE_BAD_MEMBER, "revoke", "is not true");
    }
    return json_object_size(json) == 3 ||
           wrong(why, CAUSE_UNKNOWN_MEMBER, "a revocation has imei, use and revoke only");
}

bool publish_read(const json_t *json, bool in_bulk, const struct publish_rules *rules,
                  struct publish_row *row, struct publish_why *why)
{
    int64_t replaces = 0;
    const json_t *key = json_object_get(json, "public_key");
    const json_t *chain = json_object_get(json, "certificates");
    row->revoke = false;
    row->device = (struct repo_device){.id = ""};
    row->no_device = false;
    row->not_before = rules->now;
    row->not_after = PUBLISH_NO_END;
    if (!members_known(json, in_bulk, why)) {
        return false;
    }
    if (in_bulk && json_object_get(json, "revoke") != NULL) {
        return read_revocation(json, row, why);
    }
    if ((key == NULL) == (chain == NULL)) {
        return wrong(why, key == NULL ? CAUSE_MISSING_MEMBER : CAUSE_BAD_MEMBER,
                     "one of public_key and certificates is given");
    }
    if (!number(json, "replaces", 1, &replaces, why) || !publish_device_read(json, row, why) ||
        !(key != NULL ? read_key(key, row, why) : read_chain(chain, rules, row, why))) {
        return false;
    }
    row->replaces = (uint64_t)replaces;
    return read_validity(json, rules, row, why);
}
