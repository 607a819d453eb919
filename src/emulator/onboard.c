#include "emulator/onboard.h"

#include "codec/nas.h"
#include "device/linux/durable_file.h"
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define RECORD_MODE 0644

/* ---- what a NAS client asks ---- */

static enum bindery_ue_operator_verdict verdict_of(enum certattach_refusal r)
{
    switch (r) {
    case CERTATTACH_REFUSED_NONE:
        return BINDERY_UE_OPERATOR_GOOD;
    case CERTATTACH_REFUSED_UNTRUSTED:
        return BINDERY_UE_OPERATOR_UNTRUSTED;
    case CERTATTACH_REFUSED_CERTIFICATE_EXPIRED:
        return BINDERY_UE_OPERATOR_CERTIFICATE_EXPIRED;
    case CERTATTACH_REFUSED_PURPOSE:
        return BINDERY_UE_OPERATOR_PURPOSE;
    case CERTATTACH_REFUSED_OTHER_PLMN:
        return BINDERY_UE_OPERATOR_OTHER_PLMN;
    case CERTATTACH_REFUSED_SIGNATURE:
        return BINDERY_UE_OPERATOR_SIGNATURE;
    case CERTATTACH_REFUSED_EXPIRED:
        return BINDERY_UE_OPERATOR_RESULT_EXPIRED;
    case CERTATTACH_REFUSED_NOT_ASKED:
    case CERTATTACH_REFUSED_UNREADABLE:
    case CERTATTACH_REFUSED_BOX:
    case CERTATTACH_REFUSED_PROFILE:
    case CERTATTACH_REFUSED_CRYPTO:
    case CERTATTACH_REFUSALS:
        break;
    }
    return BINDERY_UE_OPERATOR_FAILED;
}

static enum bindery_ue_operator_verdict verify(void *ctx,
                                               const struct bindery_ue_operator_message *m)
{
    const struct onboard *o = ctx;
    struct plmn plmn;
    if (plmn_from_octets(m->plmn, &plmn) != E_OK || m->expiry > INT64_MAX) {
        return BINDERY_UE_OPERATOR_FAILED;
    }
    return verdict_of(onboard_openssl_verify(
        o->roots, (struct bytes){m->certificates, m->certificates_n}, &plmn, (int64_t)m->expiry,
        (int64_t)time(NULL), (struct bytes){m->content, m->content_n},
        (struct bytes){m->signature, CERTATTACH_SIGNATURE_LEN}));
}

static bool secret(void *ctx, uint8_t form, const uint8_t *sent, size_t sent_n, uint8_t out[32])
{
    const struct onboard *o = ctx;
    return (form == CERTATTACH_EC || form == CERTATTACH_RSA) &&
           onboard_openssl_secret((struct bytes){o->key, o->key_n}, (enum certattach_form)form,
                                  (struct bytes){sent, sent_n}, out) == E_OK;
}

static bool install(void *ctx, const struct bindery_ue_profile *profile)
{
    struct onboard *o = ctx;
    if (o->store != NULL && !o->store(o->ctx, profile)) {
        return false;
    }
    o->profile = *profile;
    o->trial = (struct bindery_ue_trial){.confirmed = false};
    o->installed = true;
    return true;
}

/* ---- one ---- */

enum err onboard_make(const char *url, struct bytes key, struct onboard_roots *roots,
                      struct onboard **out)
{
    enum certattach_form form;
    uint16_t sent_n = 0;
    enum err err = onboard_openssl_form(key, &form, &sent_n);
    struct onboard *o = err == E_OK ? calloc(1, sizeof *o) : NULL;
    if (o == NULL) {
        return err != E_OK ? err : E_MEMORY;
    }
    o->key = malloc(key.n);
    o->url = strdup(url);
    if (o->key == NULL || o->url == NULL) {
        onboard_free(o);
        return E_MEMORY;
    }
    memcpy(o->key, key.p, key.n);
    o->key_n = (uint16_t)key.n;
    o->roots = roots;
    o->port = (struct bindery_ue_onboarding){.url = o->url,
                                             .sent_n = sent_n,
                                             .ctx = o,
                                             .verify = verify,
                                             .secret = secret,
                                             .install = install};
    *out = o;
    return E_OK;
}

void onboard_free(struct onboard *o)
{
    if (o == NULL) {
        return;
    }
    if (o->key != NULL) {
        wipe(o->key, o->key_n);
    }
    free(o->key);
    free(o->url);
    wipe(o, sizeof *o);
    free(o);
}

size_t onboard_size(const struct onboard *o)
{
    return sizeof *o + o->key_n + strlen(o->url) + 1;
}

void onboard_drop(struct onboard *o)
{
    wipe(&o->profile, sizeof o->profile);
    o->trial = (struct bindery_ue_trial){.confirmed = false};
    o->installed = false;
}

/* ---- in an attacker's hands ---- */

bool onboard_tap_wants(const struct onboard_tap *t)
{
    return t->record != NULL || t->replay_n > 0;
}

enum err onboard_tap_load(const char *path, struct onboard_tap *t)
{
    char text[2 * WIRE_CERTATTACH_RESULT_MAX + 2];
    struct certattach_result result;
    FILE *in = fopen(path, "re");
    if (in == NULL) {
        return errno == ENOENT ? E_NOT_FOUND : errno == EACCES ? E_DENIED : E_IO;
    }
    const size_t n = fread(text, 1, sizeof text - 1, in);
    const bool failed = ferror(in) != 0;
    (void)fclose(in);
    text[n] = '\0';
    text[strcspn(text, "\n")] = '\0';
    const size_t octets = strlen(text) / 2;
    if (failed) {
        return E_IO;
    }
    if (octets > sizeof t->replay || hex_decode(text, (struct mbytes){t->replay, octets}) != E_OK ||
        wire_certattach_result_read((struct bytes){t->replay, octets}, &result) != E_OK) {
        return E_BAD_VALUE;
    }
    t->replay_n = (uint16_t)octets;
    return E_OK;
}

static enum err record(const char *path, struct bytes value)
{
    char text[2 * WIRE_CERTATTACH_RESULT_MAX + 2];
    if (value.n > WIRE_CERTATTACH_RESULT_MAX) {
        return E_OK; /* nobody carries one like that */
    }
    hex_encode(value, text);
    text[2 * value.n] = '\n';
    return durable_write(path, RECORD_MODE, DURABLE_REPLACE,
                         (struct bytes){(uint8_t *)text, 2 * value.n + 1}, NULL);
}

static bool is_result(struct bytes value)
{
    struct certattach_result result;
    return value.p != NULL && wire_certattach_result_read(value, &result) == E_OK;
}

enum err onboard_tap_downlink(const struct onboard_tap *t, struct bytes pdu, struct mbytes room,
                              struct bytes *out)
{
    struct nas_attach_reject reject;
    struct nas_pdu head;
    size_t n = 0;
    enum err err = E_OK;
    *out = pdu;
    if (nas_peek(pdu, &head) != E_OK || head.kind != NAS_PLAIN_EMM ||
        head.type != NAS_ATTACH_REJECT ||
        nas_parse(&nas_attach_reject_message, pdu, &reject, NULL) != E_OK) {
        return E_OK;
    }
    if (t->record != NULL && is_result(reject.bindery_container)) {
        err = record(t->record, reject.bindery_container);
    }
    if (err == E_OK && t->replay_n > 0) {
        reject.bindery_container = (struct bytes){t->replay, t->replay_n};
        err = nas_write(&nas_attach_reject_message, &reject, room, &n);
        *out = (struct bytes){room.p, n};
    }
    return err;
}
