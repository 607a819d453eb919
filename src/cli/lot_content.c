#include "cli/lot_content.h"

#include <openssl/evp.h>
#include <string.h>

#define VERSION   1
#define PRIME_HEX (2 * LOT_KEY_PRIME_MAX + 1)

static enum err say(struct lot_content_why *why, enum err e, const char *what, const char *sentence)
{
    snprintf(why->text, sizeof why->text, "%.100s: %.380s", what, sentence);
    return e;
}

void lot_content_wipe(struct lot_content *c)
{
    lot_file_free(&c->file);
    wipe(c, sizeof *c);
}

enum err lot_fingerprint(struct bytes modulus, char out[static LOT_FINGERPRINT_TEXT])
{
    uint8_t digest[32];
    if (EVP_Q_digest(NULL, "SHA256", NULL, modulus.p, modulus.n, digest, NULL) != 1) {
        return E_CRYPTO;
    }
    hex_encode(BYTES_OF(digest), out);
    return E_OK;
}

/* ---- P and Q ---- */

enum err lot_content_make(const char *id, const char *manufacturer, const struct lot_key *key,
                          struct lot_content *out, struct lot_content_why *why)
{
    struct lot_content c = {.n = 0};
    enum lot_key_fault fault = LOT_KEY_FAULT_NONE;
    enum err e = kme_lot_make(bytes_of_str(id), bytes_of_str(manufacturer), lot_key_modulus(key),
                              &c.file.lot);
    if (e != E_OK) {
        return say(why, e, "the lot",
                   "it needs an id of 1 to 32 letters, digits, '.', '-' and "
                   "'_', and a manufacturer of 1 to 64 printable characters");
    }
    e = lot_key_primes(key, c.p, c.q, &c.n);
    if (e == E_OK) {
        e = lot_key_check((struct bytes){c.p, c.n}, (struct bytes){c.q, c.n}, &fault);
    }
    if (e == E_OK) {
        *out = c;
    } else {
        (void)say(why, e, "P and Q",
                  e == E_BAD_VALUE ? lot_key_fault_sentence(fault) : err_sentence(e));
    }
    wipe(&c, sizeof c);
    return e;
}

/* ---- writing ---- */

json_t *lot_content_ranges(const struct lot_file *file)
{
    json_t *list = json_array();
    char text[IMEI_RANGE_TEXT_MAX];
    for (size_t i = 0; i < file->n; i++) {
        imei_range_print(&file->ranges[i], text);
        if (json_array_append_new(list, json_string(text)) != 0) {
            json_decref(list); /* a lot of fewer devices is another lot */
            return NULL;
        }
    }
    return list;
}

static bool add_primes(const struct lot_content *c, json_t *to)
{
    char p[PRIME_HEX], q[PRIME_HEX];
    hex_encode((struct bytes){c->p, c->n}, p);
    hex_encode((struct bytes){c->q, c->n}, q);
    bool good = json_object_set_new(to, "p", json_string(p)) == 0 &&
                json_object_set_new(to, "q", json_string(q)) == 0;
    wipe(p, sizeof p);
    wipe(q, sizeof q);
    return good;
}

json_t *lot_content_body(const struct lot_content *c)
{
    json_t *o = json_pack("{s:s,s:o}", "manufacturer", c->file.lot.manufacturer, "ranges",
                          lot_content_ranges(&c->file));
    if (o != NULL && !add_primes(c, o)) {
        json_decref(o);
        o = NULL;
    }
    return o;
}

enum err lot_content_write(const struct lot_content *c, struct mbytes out, size_t *n)
{
    json_t *o =
        json_pack("{s:i,s:s,s:s,s:o}", "bindery_lot_key", VERSION, "id", c->file.lot.id.text,
                  "manufacturer", c->file.lot.manufacturer, "ranges", lot_content_ranges(&c->file));
    if (o == NULL || !add_primes(c, o)) {
        json_decref(o);
        return E_MEMORY;
    }
    const size_t need = json_dumpb(o, (char *)out.p, out.n, JSON_COMPACT);
    json_decref(o);
    if (need == 0 || need > out.n) {
        wipe(out.p, out.n);
        return need == 0 ? E_MEMORY : E_NO_ROOM;
    }
    *n = need;
    return E_OK;
}

/* ---- reading ---- */

static enum err check_members(const json_t *o, struct lot_content_why *why)
{
    static const char *const known[] = {"bindery_lot_key", "id", "manufacturer",
                                        "ranges",          "p",  "q"};
    const size_t n = sizeof known / sizeof known[0];
    const char *key;
    json_t *v;
    json_object_foreach((json_t *)(uintptr_t)o, key, v)
    {
        size_t i = 0;
        while (i < n && strcmp(known[i], key) != 0) {
            i++;
        }
        if (i == n) {
            return say(why, E_UNKNOWN, key, "this member is not known");
        }
    }
    for (size_t i = 0; i < n; i++) {
        if (json_object_get(o, known[i]) == NULL) {
            return say(why, E_MISSING, known[i], "this member is missing");
        }
    }
    return E_OK;
}

static enum err check_version(const json_t *o, struct lot_content_why *why)
{
    const json_t *v = json_object_get(o, "bindery_lot_key");
    if (!json_is_integer(v) || json_integer_value(v) < VERSION) {
        return say(why, E_BAD_VALUE, "bindery_lot_key", "not the number of a version");
    }
    return json_integer_value(v) == VERSION
               ? E_OK
               : say(why, E_TOO_NEW, "bindery_lot_key", "made by a newer version of Bindery");
}

/* Octets of a number in hex, highest first and not zero. */
static enum err take_prime(const json_t *o, const char *key, struct mbytes out, size_t *n,
                           struct lot_content_why *why)
{
    const char *hex = json_string_value(json_object_get(o, key));
    *n = hex != NULL ? strlen(hex) / 2 : 0;
    if (*n == 0 || *n > out.n || strlen(hex) % 2 != 0 ||
        hex_decode(hex, (struct mbytes){out.p, *n}) != E_OK || out.p[0] == 0) {
        return say(why, E_BAD_VALUE, key, "not a number in hex digits, of 2048 bits at most");
    }
    return E_OK;
}

static enum err take_ranges(const json_t *list, struct lot_file *file, struct lot_content_why *why)
{
    size_t i;
    const json_t *v;
    if (!json_is_array(list) || json_array_size(list) == 0) {
        return say(why, E_BAD_VALUE, "ranges", "not a list with at least one range of IMEIs");
    }
    json_array_foreach(list, i, v)
    {
        struct imei_range range, with;
        const char *text = json_string_value(v);
        if (text == NULL || imei_range_parse(bytes_of_str(text), &range) != E_OK) {
            return say(why, E_BAD_VALUE, "ranges", "one of them is no range of IMEIs");
        }
        enum err e = lot_file_add(file, &range, &with);
        if (e != E_OK) {
            return say(why, e, "ranges",
                       e == E_CONFLICT ? "two of them cover the same IMEI" : err_sentence(e));
        }
    }
    return E_OK;
}

static enum err take_key(const json_t *o, struct lot_content *c, struct lot_content_why *why)
{
    struct lot_key *key = NULL;
    enum lot_key_fault fault = LOT_KEY_FAULT_NONE;
    size_t p_n = 0, q_n = 0;
    enum err e = take_prime(o, "p", MBYTES_OF(c->p), &p_n, why);
    if (e == E_OK) {
        e = take_prime(o, "q", MBYTES_OF(c->q), &q_n, why);
    }
    if (e != E_OK) {
        return e;
    }
    e = lot_key_of_primes((struct bytes){c->p, p_n}, (struct bytes){c->q, q_n}, &fault, &key);
    if (e != E_OK) {
        return say(why, e, "P and Q",
                   e == E_BAD_VALUE ? lot_key_fault_sentence(fault) : err_sentence(e));
    }
    const char *id = json_string_value(json_object_get(o, "id"));
    const char *manufacturer = json_string_value(json_object_get(o, "manufacturer"));
    c->n = p_n;
    e = kme_lot_make(bytes_of_str(id != NULL ? id : ""),
                     bytes_of_str(manufacturer != NULL ? manufacturer : ""), lot_key_modulus(key),
                     &c->file.lot);
    lot_key_close(key);
    return e == E_OK ? E_OK : say(why, E_BAD_VALUE, "id, manufacturer", "not those of a lot");
}

enum err lot_content_read(struct bytes text, struct lot_content *out, struct lot_content_why *why)
{
    struct lot_content c = {.n = 0};
    json_t *o = json_loadb((const char *)text.p, text.n, JSON_REJECT_DUPLICATES, NULL);
    enum err e = json_is_object(o) ? check_members(o, why)
                                   : say(why, E_BAD_VALUE, "what is inside", "not a JSON object");
    if (e == E_OK) {
        e = check_version(o, why);
    }
    if (e == E_OK) {
        e = take_ranges(json_object_get(o, "ranges"), &c.file, why);
    }
    if (e == E_OK) {
        e = take_key(o, &c, why);
    }
    json_decref(o);
    if (e == E_OK) {
        *out = c;
        wipe(&c, sizeof c);
    } else {
        lot_content_wipe(&c);
    }
    return e;
}
