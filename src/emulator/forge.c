#include "emulator/forge.h"

#include "codec/nas.h"
#include "codec/nas_container.h"
#include "device/linux/durable_file.h"
#include <errno.h>
#include <stdio.h>
#include <string.h>

#define PTI_OF_ITS_OWN 2 /* the NAS client's has 1 */
#define RECORD_MODE    0644

static const char *const texts[] = {
#define X(name, text) [FORGE_##name] = text,
    FORGE_DEEDS(X)
#undef X
};

const char *forge_deed_text(enum forge_deed d)
{
    return (size_t)d < sizeof texts / sizeof texts[0] ? texts[d] : "";
}

bool forge_wants(const struct forge_plan *plan)
{
    return plan->deed != FORGE_NOTHING || plan->record != NULL;
}

/* ---- what was recorded ---- */

static enum err record(const char *path, struct bytes value)
{
    char text[2 * WIRE_KME_PAYLOAD_MAX + 2];
    if (value.n > WIRE_KME_PAYLOAD_MAX) {
        return E_BAD_LENGTH;
    }
    hex_encode(value, text);
    text[2 * value.n] = '\n';
    return durable_write(path, RECORD_MODE, DURABLE_REPLACE,
                         (struct bytes){(uint8_t *)text, 2 * value.n + 1}, NULL);
}

enum err forge_load(const char *path, struct forge_plan *plan)
{
    char text[2 * WIRE_KME_PAYLOAD_MAX + 2];
    struct kme_payload payload;
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
    if (octets > sizeof plan->replay ||
        hex_decode(text, (struct mbytes){plan->replay, octets}) != E_OK ||
        wire_kme_payload_read((struct bytes){plan->replay, octets}, &payload) != E_OK) {
        return E_BAD_VALUE;
    }
    plan->replay_n = (uint16_t)octets;
    return E_OK;
}

/* ---- what leaves instead ---- */

static enum err other_payload(const struct forge_plan *plan, struct bytes value, struct mbytes out,
                              struct bytes *changed)
{
    uint8_t encrypted[KME_MODULUS_MAX];
    struct kme_payload p;
    if (plan->deed == FORGE_REPLAYED) {
        *changed = (struct bytes){plan->replay, plan->replay_n};
        return E_OK;
    }
    enum err err = wire_kme_payload_read(value, &p);
    if (err != E_OK) {
        return err;
    }
    if (plan->deed == FORGE_OTHER) {
        p.imsi = plan->imsi;
        p.imei = plan->imei;
    } else {
        memcpy(encrypted, p.encrypted.p, p.encrypted.n);
        encrypted[p.encrypted.n - 1] ^= 1;
        p.encrypted.p = encrypted;
    }
    return wire_kme_payload_write(&p, out, changed);
}

static enum err write_response(const struct forge_plan *plan,
                               const struct nas_identity_response *made, struct mbytes out,
                               size_t *n)
{
    uint8_t container[WIRE_KME_PAYLOAD_MAX];
    struct nas_identity_response r = *made;
    enum err err =
        other_payload(plan, made->bindery_container, MBYTES_OF(container), &r.bindery_container);
    return err == E_OK ? nas_write(&nas_identity_response_message, &r, out, n) : err;
}

static enum err write_bearer(struct mbytes out, size_t *n)
{
    struct nas_pdn_connectivity_request r;
    memset(&r, 0, sizeof r);
    r.header.pti = PTI_OF_ITS_OWN;
    r.request_type = NAS_REQUEST_INITIAL;
    r.pdn_type = 1;
    return nas_write(&nas_pdn_connectivity_request_message, &r, out, n);
}

/* ---- one PDU ---- */

static bool has_payload(struct bytes plain, struct nas_identity_response *out)
{
    uint8_t type = 0;
    struct nas_pdu head;
    return nas_peek(plain, &head) == E_OK && head.kind == NAS_PLAIN_EMM &&
           head.type == NAS_IDENTITY_RESPONSE &&
           nas_parse(&nas_identity_response_message, plain, out, NULL) == E_OK &&
           out->bindery_container.p != NULL &&
           nas_container_type(out->bindery_container, &type) == E_OK &&
           type == NAS_CONTAINER_KME_PAYLOAD;
}

static enum err change(struct forge *f, const struct forge_plan *plan,
                       const struct nas_identity_response *made, struct mbytes out, size_t *n)
{
    enum err err = plan->record != NULL ? record(plan->record, made->bindery_container) : E_OK;
    f->deed = plan->deed == FORGE_BEARER && f->asked ? FORGE_NOTHING : plan->deed;
    if (err != E_OK || f->deed == FORGE_NOTHING) {
        return err != E_OK ? err : E_NOT_FOUND;
    }
    f->asked = true;
    return f->deed == FORGE_BEARER ? write_bearer(out, n) : write_response(plan, made, out, n);
}

enum err forge_uplink(struct forge *f, const struct forge_plan *plan, const struct crypto *c,
                      struct bytes pdu, struct mbytes out, struct bytes *forged)
{
    uint8_t room[WIRE_KME_PAYLOAD_MAX + 512], plain[sizeof room];
    struct nas_identity_response made;
    struct bytes opened = {0};
    size_t n = 0, sealed = 0;
    if (pdu.n > sizeof room ||
        shadow_open(&f->shadow, c, true, pdu, MBYTES_OF(room), &opened) != E_OK ||
        !has_payload(opened, &made)) {
        return E_NOT_FOUND;
    }
    enum err err = change(f, plan, &made, MBYTES_OF(plain), &n);
    if (err == E_OK) {
        err = shadow_reseal(&f->shadow, c, (struct bytes){plain, n}, out, &sealed);
    }
    if (err == E_OK) {
        *forged = (struct bytes){out.p, sealed};
    }
    return err;
}
