#include "device/linux/se_files.h"

#include "device/linux/base64.h"
#include "device/linux/durable_file.h"
#include "device/linux/soft_se.h"
#include "device/linux/state_parts.h"
#include <errno.h>
#include <string.h>

#define FILE_MAX         16384
#define CREDENTIALS_MODE 0600
#define ORDER_WHAT       "an order for a secure element"
#define CREDENTIALS_WHAT "SE CREDENTIALS"

static struct strict reading(const char *path, struct device_why *why)
{
    return (struct strict){.name = path, .why = why->text, .why_cap = sizeof why->text};
}

static json_t *load(struct strict *r, const char *path, const char *what)
{
    uint8_t text[FILE_MAX];
    size_t n = 0;
    return strict_load(r, path, false, MBYTES_OF(text), &n) == E_OK
               ? strict_object(r, (struct bytes){text, n}, what)
               : NULL;
}

static void read_chain(struct strict *r, json_t *o, const char *key,
                       struct device_certificates *out)
{
    uint8_t der[DEVICE_CERTIFICATES_LEN];
    json_t *list = json_object_get(o, key), *v;
    size_t i, n = 0;
    memset(out, 0, sizeof *out);
    if (json_array_size(list) == 0 || json_array_size(list) > DEVICE_CERTIFICATES_MAX) {
        strict_refuse(r, E_BAD_VALUE, "%s is not an array of 1 to %d certificates", key,
                      DEVICE_CERTIFICATES_MAX);
    }
    json_array_foreach(list, i, v)
    {
        const char *text = json_string_value(v);
        if (r->err == E_OK &&
            (text == NULL || base64_read(bytes_of_str(text), MBYTES_OF(der), &n) != E_OK ||
             device_add_certificate(out, (struct bytes){der, n}) != E_OK)) {
            strict_refuse(r, E_BAD_VALUE, "%s[%zu] is no certificate (DER in base64), or too long",
                          key, i);
        }
    }
}

static void read_dimsi(struct strict *r, json_t *o, struct imsi *out)
{
    if (imsi_parse(bytes_of_str(strict_text(r, o, "", "dimsi")), out) != E_OK) {
        strict_refuse(r, E_BAD_VALUE, "dimsi is not 6 to 15 digits");
    }
}

enum err se_order_load(const char *path, struct se_order *out, struct device_why *why)
{
    static const char *const known[] = {"dimsi", "sp", "arpf", NULL};
    struct strict r = reading(path, why);
    memset(out, 0, sizeof *out);
    json_t *o = load(&r, path, ORDER_WHAT);
    if (o != NULL) {
        strict_only(&r, o, "", known, ORDER_WHAT);
        read_dimsi(&r, o, &out->dimsi);
        if (dimsi_name_parse(bytes_of_str(strict_text(&r, o, "", "sp")), &out->sp) != E_OK) {
            strict_refuse(&r, E_BAD_VALUE, "sp is not a DNS name in lower case");
        }
        read_chain(&r, o, "arpf", &out->arpf);
    }
    json_decref(o);
    return r.err;
}

enum err se_credentials_load(const char *path, struct se_credentials *out, struct device_why *why)
{
    static const char *const known[] = {"dimsi", "token", "certificates", NULL};
    struct strict r = reading(path, why);
    memset(out, 0, sizeof *out);
    json_t *o = load(&r, path, CREDENTIALS_WHAT);
    if (o != NULL) {
        strict_only(&r, o, "", known, CREDENTIALS_WHAT);
        read_dimsi(&r, o, &out->dimsi);
        if (base64_read(bytes_of_str(strict_text(&r, o, "", "token")), MBYTES_OF(out->token),
                        &out->token_n) != E_OK) {
            strict_refuse(&r, E_BAD_VALUE, "token is no token (in base64)");
        }
        read_chain(&r, o, "certificates", &out->chain);
    }
    json_decref(o);
    return r.err;
}

enum err se_credentials_save(const char *path, const struct se_credentials *c,
                             struct device_why *why)
{
    struct strict r = reading(path, why);
    char text[FILE_MAX];
    json_t *list = json_array();
    for (size_t i = 0; i < c->chain.count; i++) {
        list = device_json_append(list, device_base64_json(device_certificate(&c->chain, i)));
    }
    json_t *o =
        json_pack("{s:s, s:o, s:o}", "dimsi", c->dimsi.digits, "token",
                  device_base64_json((struct bytes){c->token, c->token_n}), "certificates", list);
    size_t n = o != NULL ? json_dumpb(o, text, sizeof text - 1, JSON_INDENT(2)) : 0;
    json_decref(o);
    if (n == 0 || n >= sizeof text) {
        strict_refuse(&r, E_MEMORY, "no memory");
        return r.err;
    }
    text[n++] = '\n';
    const enum err err = durable_write(path, CREDENTIALS_MODE, DURABLE_REPLACE,
                                       (struct bytes){(uint8_t *)text, n}, NULL);
    if (err != E_OK) {
        strict_refuse(&r, err, "%s", strerror(errno));
    }
    return err;
}

/* ---- step 0-c ---- */

static bool is_digest_of(const struct crypto *c, struct bytes in, const uint8_t *digest)
{
    uint8_t made[DIMSI_DIGEST_LEN];
    return c->sha256(c->ctx, &in, 1, made) == E_OK &&
           bytes_eq(BYTES_OF(made), (struct bytes){digest, sizeof made});
}

/* Are the credentials for this order, and of the key that the SE has now? */
static bool is_accepted(const struct crypto *c, const struct device_state *s,
                        const struct se_order *order, const char *path)
{
    struct se_credentials there;
    struct device_why ignored;
    struct dimsi_atk atk;
    struct bytes content;
    const size_t i = device_slot_of(s, &order->dimsi);
    return i < DEVICE_SLOTS_MAX && !s->se.slot[i].erased &&
           se_credentials_load(path, &there, &ignored) == E_OK &&
           is_digest_of(c, (struct bytes){there.token, there.token_n}, s->se.slot[i].token) &&
           dimsi_atk_read((struct bytes){there.token, there.token_n}, &atk, &content) == E_OK &&
           imsi_eq(&atk.dimsi, &order->dimsi) && dimsi_name_eq(&atk.sp, &order->sp) &&
           is_digest_of(c, device_certificate(&order->arpf, 0), atk.arpf_digest);
}

static void say(struct device_why *why, const char *path, const char *name, const char *sentence)
{
    struct strict r = reading(path, why);
    strict_refuse(&r, E_BAD_VALUE, "%s%s%s", name, name[0] != '\0' ? ": " : "", sentence);
}

static bool agree(const struct crypto *c, const struct device_state *s,
                  const struct se_order *order, int64_t at, struct dimsi_slot *slot,
                  struct se_credentials *out, const char *path, struct device_why *why)
{
    struct bytes chain[DEVICE_CERTIFICATES_MAX];
    const struct dimsi_order asked = {.dimsi = order->dimsi,
                                      .sp = order->sp,
                                      .arpf_chain = chain,
                                      .n_arpf_chain = order->arpf.count};
    struct soft_se *se = NULL;
    for (size_t i = 0; i < order->arpf.count; i++) {
        chain[i] = device_certificate(&order->arpf, i);
    }
    const enum err err = soft_se_open(&s->se, at, &se);
    if (err != E_OK) {
        say(why, path, "",
            err == E_MISSING ? "the device has no secure element" : "CERT.CI is no root");
        return false;
    }
    const struct dimsi_se_port port = soft_se_port(se);
    const enum dimsi_cause cause =
        dimsi_se_agree(c, &port, &asked, slot, out->token, &out->token_n);
    soft_se_close(se);
    if (cause != DIMSI_NONE) {
        say(why, path, dimsi_cause_name(cause), dimsi_cause_sentence(cause));
    }
    out->dimsi = order->dimsi;
    out->chain = s->se.chain;
    return cause == DIMSI_NONE;
}

static bool keep(struct device_state *s, const struct dimsi_slot *slot, const char *path,
                 struct device_hold *hold, struct imsi *gone, struct device_why *why)
{
    const struct imsi had = s->imsi;
    const enum err err = device_state_agreed(s, slot);
    if (err != E_OK) {
        say(why, path, "",
            err == E_NO_ROOM ? "its secure element has as many dIMSIs as it can keep"
                             : "its operator's own subscription is on trial, and this key is kept "
                               "until it is known to work: attach with --rsmf first");
        return false;
    }
    *gone = s->imsi.n == 0 ? had : (struct imsi){.n = 0};
    return device_state_save_held(path, hold, s, why) == E_OK;
}

/*= dimsi-0b dimsi-0c-store */
enum se_accepted se_accept(const struct crypto *c, const char *device, const char *order,
                           const char *credentials, bool again, int64_t at, struct imsi *gone,
                           struct device_why *why)
{
    struct se_order asked;
    struct se_credentials made;
    struct device_state s;
    struct dimsi_slot slot;
    struct device_hold hold = {.fd = -1};
    enum se_accepted result = SE_NOT_ACCEPTED;
    memset(gone, 0, sizeof *gone);
    memset(&made, 0, sizeof made);
    if (se_order_load(order, &asked, why) != E_OK ||
        device_state_hold(device, &hold, why) != E_OK) {
        return SE_NOT_ACCEPTED;
    }
    if (device_state_load(device, &s, why) != E_OK) {
        device_state_release(&hold);
        return SE_NOT_ACCEPTED;
    }
    if (!again && is_accepted(c, &s, &asked, credentials)) {
        result = SE_ACCEPTED_BEFORE;
    } else if (agree(c, &s, &asked, at, &slot, &made, order, why) &&
               keep(&s, &slot, device, &hold, gone, why) &&
               se_credentials_save(credentials, &made, why) == E_OK) {
        result = SE_ACCEPTED_NOW;
    }
    device_state_release(&hold);
    wipe(&slot, sizeof slot);
    device_state_wipe(&s);
    return result;
}
